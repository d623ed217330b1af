//! What a person changed of a lead in Airtable, as events about its contact. Pure.
//!
//! Only what asks for something else than what stands already becomes an event; what the state matrix does not allow is refused by
//! the fold like any other event, and written back.

use super::contact::Contact;
use super::event::{EventData, FollowUpReason, Meeting, OutsideChange, Platform};
use super::intent::Intent;
use super::lead::{self, Cells, LeadStatusOption};
use super::stage::Stage;
use chrono::NaiveDate;
use serde_json::Value;

/// The fields of a lead whose changes mean something to the engine.
pub const WATCHED: [&str; 5] =
    [lead::LEAD_STATUS, lead::PIPELINE_STAGE, lead::FOLLOW_UP_DATE, lead::FOLLOW_UP_REASON, lead::CLIENT];

/// The events that a person's change asks for. `changed` holds the cells that the person changed, as they are now (null where
/// emptied); `all` all that is known of the record.
pub fn events(contact: &Contact, changed: &Cells, all: &Cells) -> Vec<EventData> {
    [of_stage(contact, changed), of_follow_up(contact, changed, all), of_client(contact, changed)]
        .into_iter()
        .flatten()
        .collect()
}

/// Whether the contact stands, after the event, where the person wanted it; otherwise the record is set right again.
pub fn is_granted(data: &EventData, after: Stage) -> bool {
    match data {
        EventData::DealWon { .. } => after == Stage::Won,
        EventData::DealDeclined { .. } => after == Stage::Declined,
        EventData::MeetingNoShow { .. } => after == Stage::NoShow,
        EventData::MeetingBooked { .. } => after == Stage::MeetingBooked,
        EventData::ReplyClassified { intent: Intent::NotInterested, .. } => after == Stage::NotInterested,
        EventData::ReplyClassified { .. } => matches!(after, Stage::Interested | Stage::MeetingBooked),
        EventData::ChangedOutside { changes } => changes.stage.is_none_or(|stage| stage == after),
        any!(EventData: ContactAdded EmailSent SequenceFinished SequencePaused SequenceResumed ReplyReceived
            EmailBounced Unsubscribed EmailOpened LinkClicked MessageLogged MeetingRescheduled MeetingCancelled
            MeetingCompleted MeetingNoShowWithdrawn FollowUpSet WentSilent ReturnDue FollowUpDue Erased) => true,
    }
}

/// Where the card was moved: one event, the one that says most where status and pipeline were both changed.
fn of_stage(contact: &Contact, changed: &Cells) -> Option<EventData> {
    let text = |name: &str| changed.get(name).and_then(Value::as_str);
    let (status, pipeline) = (text(lead::LEAD_STATUS), text(lead::PIPELINE_STAGE));
    if contact.stage == Stage::DoNotContact {
        return leaving_do_not_contact(status, pipeline);
    }
    let wishes =
        [status.and_then(|status| of_status(contact, status)), pipeline.and_then(|stage| of_pipeline(contact, stage))];
    wishes.into_iter().flatten().max_by_key(weight)
}

/// Of `do_not_contact` only what the engine itself wrote may stand; all else is an event that the fold refuses with its reason.
fn leaving_do_not_contact(status: Option<&str>, pipeline: Option<&str>) -> Option<EventData> {
    let closed = lead::PipelineStageOption::ClosedLost.as_str();
    if status == Some(LeadStatusOption::Won.as_str()) || pipeline == Some(lead::PipelineStageOption::ClosedWon.as_str())
    {
        return Some(EventData::DealWon { client_record: None });
    }
    let leaves = status.is_some_and(|status| status != LeadStatusOption::Lost.as_str())
        || pipeline.is_some_and(|pipeline| pipeline != closed);
    leaves.then(|| set_stage(Stage::Interested))
}

/// The statuses that are people's own (Working, Qualified, New) ask for nothing.
fn of_status(contact: &Contact, status: &str) -> Option<EventData> {
    let stage = contact.stage;
    match LeadStatusOption::parse(status)? {
        LeadStatusOption::Won => (stage != Stage::Won).then_some(EventData::DealWon { client_record: None }),
        LeadStatusOption::Lost => (stage != Stage::Declined).then_some(EventData::DealDeclined { reason: None }),
        LeadStatusOption::NoShow => (stage != Stage::NoShow).then(|| EventData::MeetingNoShow { meeting: meeting() }),
        LeadStatusOption::Ghosted => (stage != Stage::Ghosted).then(|| set_stage(Stage::Ghosted)),
        LeadStatusOption::NotInterested => (stage != Stage::NotInterested).then(|| classified(Intent::NotInterested)),
        LeadStatusOption::Interested => {
            let stands = stage == Stage::MeetingBooked || stage == Stage::Interested && contact.unclear.is_none();
            (!stands).then(|| classified(Intent::InterestedReadyToTalk))
        }
        LeadStatusOption::New | LeadStatusOption::OutOfOffice => None,
    }
}

fn of_pipeline(contact: &Contact, pipeline: &str) -> Option<EventData> {
    use lead::PipelineStageOption as P;
    let stage = contact.stage;
    match P::parse(pipeline)? {
        P::MeetingScheduled => (stage != Stage::MeetingBooked).then(|| EventData::MeetingBooked { meeting: meeting() }),
        P::MeetingComplete => (stage == Stage::MeetingBooked || !contact.had_meeting)
            .then(|| EventData::MeetingCompleted { meeting: meeting() }),
        P::ClosedWon => (stage != Stage::Won).then_some(EventData::DealWon { client_record: None }),
        P::ClosedLost => (!matches!(stage, Stage::Declined | Stage::NotInterested))
            .then_some(EventData::DealDeclined { reason: None }),
        P::Engaged => None,
    }
}

fn weight(wish: &EventData) -> u8 {
    if matches!(wish, EventData::DealWon { .. }) {
        6
    } else if matches!(wish, EventData::ReplyClassified { intent: Intent::NotInterested, .. }) {
        5
    } else if matches!(wish, EventData::DealDeclined { .. }) {
        4
    } else if matches!(wish, EventData::MeetingNoShow { .. }) {
        3
    } else if matches!(wish, EventData::MeetingBooked { .. } | EventData::MeetingCompleted { .. }) {
        2
    } else {
        1
    }
}

fn of_follow_up(contact: &Contact, changed: &Cells, all: &Cells) -> Option<EventData> {
    if !changed.contains_key(lead::FOLLOW_UP_DATE) && !changed.contains_key(lead::FOLLOW_UP_REASON) {
        return None;
    }
    let text = |name: &str| {
        changed.get(name).or_else(|| all.get(name)).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    };
    let date: Option<NaiveDate> = match text(lead::FOLLOW_UP_DATE) {
        Some(text) => Some(text.get(..10).unwrap_or(text).parse().ok()?),
        None => None,
    };
    match date {
        None if contact.follow_up_date.is_none() => None,
        // A reason alone, without a date that is known here, asks for nothing.
        None if !changed.contains_key(lead::FOLLOW_UP_DATE) => None,
        None => Some(EventData::ChangedOutside {
            changes: OutsideChange {
                follow_up_date: Some(None),
                follow_up_reason: Some(None),
                ..OutsideChange::default()
            },
        }),
        Some(date) => {
            let told = text(lead::FOLLOW_UP_REASON);
            let is_ours = told == contact.follow_up_reason.map(FollowUpReason::as_str);
            if contact.follow_up_date == Some(date) && is_ours {
                return None;
            }
            // The engine's own reasons belong to the engine's own dates.
            let reason = match told {
                Some("lead_requested") => FollowUpReason::LeadRequested,
                Some(_) | None => FollowUpReason::Custom,
            };
            Some(EventData::FollowUpSet { date, reason })
        }
    }
}

/// A link to a client's record: rule 5 is the fold's.
fn of_client(contact: &Contact, changed: &Cells) -> Option<EventData> {
    let record = changed.get(lead::CLIENT)?.as_array()?.first()?.as_str()?;
    if contact.converted_client_id.as_deref() == Some(record) {
        return None;
    }
    Some(EventData::ChangedOutside {
        changes: OutsideChange { converted_client_id: Some(Some(record.to_owned())), ..OutsideChange::default() },
    })
}

fn set_stage(stage: Stage) -> EventData {
    EventData::ChangedOutside { changes: OutsideChange { stage: Some(stage), ..OutsideChange::default() } }
}

fn classified(intent: Intent) -> EventData {
    EventData::ReplyClassified {
        intent,
        sentiment: None,
        decided_by: "a person in Airtable".to_owned(),
        requires_action: false,
        return_date: None,
        about: None,
    }
}

/// A meeting of which Airtable tells nothing but that it is there.
fn meeting() -> Meeting {
    Meeting::on(Platform::N8nChat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contact::BeforeUnclear;
    use serde_json::json;

    fn at(stage: Stage) -> Contact {
        Contact { stage, ..Contact::default() }
    }

    /// Kind and detail of each event, for reading.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others have no detail")]
    fn asked(contact: &Contact, changed: &Value) -> Vec<String> {
        events(contact, changed.as_object().unwrap(), &Cells::new())
            .iter()
            .map(|data| match data {
                EventData::ReplyClassified { intent, .. } => format!("{} {intent}", data.kind()),
                EventData::FollowUpSet { date, reason } => format!("{} {date} {reason}", data.kind()),
                EventData::ChangedOutside { changes } => {
                    format!("{} {}", data.kind(), serde_json::to_string(changes).unwrap())
                }
                _ => data.kind().to_owned(),
            })
            .collect()
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table")]
    fn a_moved_card_is_one_event_or_none() {
        use Stage::{DoNotContact, Ghosted, Interested, MeetingBooked, NoShow, NotInterested, Won};
        let before = BeforeUnclear { key: "k".into(), stage: Stage::New, campaign: None };
        let unclear = Contact { unclear: Some(before), ..at(Interested) };
        let dated = Contact {
            follow_up_date: "2026-12-01".parse().ok(),
            follow_up_reason: Some(FollowUpReason::MeetingNoShow),
            ..at(NoShow)
        };
        let rows: &[(&str, &Contact, Value, &[&str])] = &[
            ("won", &at(Interested), json!({ "Lead Status": "Won" }), &["deal_won"]),
            (
                "won by both",
                &at(Interested),
                json!({ "Lead Status": "Won", "Pipeline Stage": "Closed Won" }),
                &["deal_won"],
            ),
            ("won already", &at(Won), json!({ "Lead Status": "Won", "Pipeline Stage": "Closed Won" }), &[]),
            ("lost", &at(Interested), json!({ "Lead Status": "Lost" }), &["deal_declined"]),
            ("closed lost", &at(Interested), json!({ "Pipeline Stage": "Closed Lost" }), &["deal_declined"]),
            (
                "not interested and closed",
                &at(Interested),
                json!({ "Lead Status": "Not Interested", "Pipeline Stage": "Closed Lost" }),
                &["reply_classified not_interested"],
            ),
            ("no show", &at(MeetingBooked), json!({ "Lead Status": "No Show" }), &["meeting_no_show"]),
            (
                "meeting scheduled",
                &at(Interested),
                json!({ "Pipeline Stage": "Meeting Scheduled" }),
                &["meeting_booked"],
            ),
            (
                "interested and scheduled",
                &at(Ghosted),
                json!({ "Lead Status": "Interested", "Pipeline Stage": "Meeting Scheduled" }),
                &["meeting_booked"],
            ),
            (
                "meeting held",
                &at(MeetingBooked),
                json!({ "Pipeline Stage": "Meeting Complete" }),
                &["meeting_completed"],
            ),
            (
                "ghosted",
                &at(Interested),
                json!({ "Lead Status": "Ghosted" }),
                &[r#"changed_outside {"stage":"Ghosted"}"#],
            ),
            (
                "interested after all",
                &at(NotInterested),
                json!({ "Lead Status": "Interested" }),
                &["reply_classified interested_ready_to_talk"],
            ),
            ("interested, and so it is", &at(Interested), json!({ "Lead Status": "Interested" }), &[]),
            (
                "a person read the unclear reply",
                &unclear,
                json!({ "Lead Status": "Interested" }),
                &["reply_classified interested_ready_to_talk"],
            ),
            (
                "people's own statuses",
                &at(Interested),
                json!({ "Lead Status": "Working", "Pipeline Stage": "Discovery" }),
                &[],
            ),
            (
                "leaving do_not_contact",
                &at(DoNotContact),
                json!({ "Lead Status": "Working" }),
                &[r#"changed_outside {"stage":"Interested"}"#],
            ),
            ("winning who opted out", &at(DoNotContact), json!({ "Pipeline Stage": "Closed Won" }), &["deal_won"]),
            (
                "what the engine wrote",
                &at(DoNotContact),
                json!({ "Lead Status": "Lost", "Pipeline Stage": "Closed Lost" }),
                &[],
            ),
            (
                "a follow-up date",
                &at(Interested),
                json!({ "Follow-up Date": "2026-12-24" }),
                &["follow_up_set 2026-12-24 custom"],
            ),
            (
                "asked for by the lead",
                &at(Interested),
                json!({ "Follow-up Date": "2026-12-24", "Follow-up Reason": "lead_requested" }),
                &["follow_up_set 2026-12-24 lead_requested"],
            ),
            (
                "the date that stands",
                &dated,
                json!({ "Follow-up Date": "2026-12-01", "Follow-up Reason": "meeting_no_show" }),
                &[],
            ),
            (
                "a cleared date",
                &dated,
                json!({ "Follow-up Date": null }),
                &[r#"changed_outside {"follow_up_date":null,"follow_up_reason":null}"#],
            ),
            ("no date", &at(Interested), json!({ "Follow-up Date": "soon" }), &[]),
            ("an emptied status", &at(Interested), json!({ "Lead Status": null }), &[]),
            (
                "a client's record",
                &at(Interested),
                json!({ "Client": ["rec1"] }),
                &[r#"changed_outside {"converted_client_id":"rec1"}"#],
            ),
        ];
        for (what, contact, changed, expected) in rows {
            assert_eq!(asked(contact, changed), *expected, "{what}");
        }
    }
}
