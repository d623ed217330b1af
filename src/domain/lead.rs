//! The lead: how a contact shows in Airtable (SPEC 6). Pure.

use super::contact::Engagement;
use super::event::{FollowUpReason, Profile};
use super::ids::{CampaignId, Email};
use super::intent::{Intent, Reading, reading_of};
use super::stage::{Stage, options};
use chrono::NaiveDate;
use serde_json::{Map, Value, json};
use uuid::Uuid;

options!(
    /// `Lead Status` as the engine sets it; people have more options.
    LeadStatusOption {
        New => "New",
        Interested => "Interested",
        NotInterested => "Not Interested",
        OutOfOffice => "Out of Office",
        Ghosted => "Ghosted",
        NoShow => "No Show",
        Won => "Won",
        Lost => "Lost",
    }
);

options!(
    /// `Pipeline Stage` as the engine sets it; people have more options.
    PipelineStageOption {
        Engaged => "Engaged",
        MeetingScheduled => "Meeting Scheduled",
        MeetingComplete => "Meeting Complete",
        ClosedWon => "Closed Won",
        ClosedLost => "Closed Lost",
    }
);

/// The part of a contact that its lead shows.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadView {
    pub contact_id: Uuid,
    pub email: Email,
    pub profile: Profile,
    pub stage: Stage,
    /// Interested only because of a reply that nobody understood yet.
    pub unclear: bool,
    pub had_meeting: bool,
    pub engagement: Engagement,
    /// The client's day of it.
    pub first_reply_date: Option<NaiveDate>,
    pub follow_up_date: Option<NaiveDate>,
    pub follow_up_reason: Option<FollowUpReason>,
    pub reply_count: u32,
    pub newest_intent: Option<Intent>,
    pub campaign: Option<CampaignId>,
    /// The records that the lead is linked to, where they are known.
    pub campaign_record: Option<String>,
    pub client_record: Option<String>,
    /// The conversation in short.
    pub summary: Option<String>,
}

/// The two statuses of a lead; none leaves a field as it is.
pub fn statuses(view: &LeadView) -> (Option<LeadStatusOption>, Option<PipelineStageOption>) {
    use {LeadStatusOption as L, PipelineStageOption as P};
    match view.stage {
        Stage::Interested if view.unclear => (Some(L::New), Some(P::Engaged)),
        Stage::Interested => {
            (Some(L::Interested), Some(if view.had_meeting { P::MeetingComplete } else { P::Engaged }))
        }
        Stage::MeetingBooked => (Some(L::Interested), Some(P::MeetingScheduled)),
        Stage::NotInterested => (Some(L::NotInterested), Some(P::ClosedLost)),
        Stage::OutOfOffice => (Some(L::OutOfOffice), None),
        Stage::Ghosted => (Some(L::Ghosted), None),
        Stage::NoShow => (Some(L::NoShow), None),
        Stage::Won => (Some(L::Won), Some(P::ClosedWon)),
        Stage::Declined | Stage::DoNotContact => (Some(L::Lost), Some(P::ClosedLost)),
        Stage::New | Stage::InSequence | Stage::SequencePaused | Stage::NoReply | Stage::Bounced => (None, None),
    }
}

/// `Lead Score`, 1 to 10: the stage gives 1 to 8, a positive newest reply adds 1 and a negative one takes 1, two replies or more
/// add 1, a meeting held adds 1.
pub fn score(view: &LeadView) -> u8 {
    let stage: i8 = match view.stage {
        Stage::Won | Stage::MeetingBooked => 8,
        Stage::Interested if view.unclear => 5,
        Stage::Interested => 7,
        Stage::NoShow => 5,
        Stage::Ghosted | Stage::OutOfOffice => 4,
        Stage::InSequence | Stage::SequencePaused | Stage::NoReply | Stage::New => 3,
        Stage::NotInterested | Stage::Bounced => 2,
        Stage::Declined | Stage::DoNotContact => 1,
    };
    let intent: i8 = match reading_of(view.newest_intent) {
        Reading::Positive => 1,
        Reading::Negative | Reading::Unsubscribe => -1,
        Reading::OutOfOffice | Reading::Unclear => 0,
    };
    let score = stage + intent + i8::from(view.reply_count >= 2) + i8::from(view.had_meeting);
    u8::try_from(score.clamp(1, 10)).unwrap_or(1)
}

/// What a person does next; none where nothing is to be done.
pub const fn next_action(stage: Stage, unclear: bool) -> Option<&'static str> {
    match stage {
        Stage::Interested if unclear => Some("Read the reply and classify it"),
        Stage::Interested => Some("Answer the reply"),
        Stage::MeetingBooked => Some("Prepare the meeting"),
        Stage::NoShow => Some("Offer a new time"),
        Stage::Ghosted => Some("Follow up"),
        Stage::OutOfOffice => Some("Wait for the return date"),
        Stage::NotInterested => Some("Re-engage on the follow-up date"),
        Stage::Bounced => Some("Find a new address"),
        Stage::Won => Some("Onboard the client"),
        any!(Stage: New InSequence SequencePaused NoReply DoNotContact Declined) => None,
    }
}

/// The field by which a contact finds its one lead.
pub const MERGE_ON: &str = "Supabase Contact ID";
/// The fields that people move cards with.
pub const LEAD_STATUS: &str = "Lead Status";
pub const PIPELINE_STAGE: &str = "Pipeline Stage";
pub const FOLLOW_UP_DATE: &str = "Follow-up Date";
pub const FOLLOW_UP_REASON: &str = "Follow-up Reason";
pub const NEXT_ACTION: &str = "Next Action";
pub const CLIENT: &str = "Client";
pub const CAMPAIGN: &str = "Campaign";
pub const SUMMARY: &str = "Last Conversation Summary";

/// Cells of a record, by the names of their fields.
pub type Cells = Map<String, Value>;

/// All that the engine has to say of a lead, by the owner's names; null empties a cell, what is absent is left as it is.
pub fn cells(view: &LeadView) -> Cells {
    let profile = &view.profile;
    let (status, pipeline) = statuses(view);
    let links = |record: &Option<String>| record.as_ref().map(|record| json!([record]));
    let told = [
        (MERGE_ON, json!(view.contact_id)),
        ("Email", json!(view.email)),
        ("First Name", json!(profile.first_name)),
        ("Last Name", json!(profile.last_name)),
        ("Phone", json!(profile.phone)),
        ("Company Name", json!(profile.company_name)),
        ("Job Title", json!(profile.job_title)),
        ("Company Website", json!(profile.company_website)),
        ("LinkedIn URL", json!(profile.linkedin_url)),
        ("Engagement Source", json!(view.engagement)),
        ("First Reply Date", json!(view.first_reply_date)),
        ("Lead Score", json!(score(view))),
        (LEAD_STATUS, json!(status)),
        (PIPELINE_STAGE, json!(pipeline)),
        (CAMPAIGN, json!(links(&view.campaign_record))),
        (CLIENT, json!(links(&view.client_record))),
        (SUMMARY, json!(view.summary)),
    ];
    let mut cells: Cells =
        told.into_iter().filter(|(_, cell)| !cell.is_null()).map(|(name, cell)| (name.to_owned(), cell)).collect();
    // A follow-up that is over is cleared there too.
    cells.insert(FOLLOW_UP_DATE.to_owned(), json!(view.follow_up_date));
    cells.insert(FOLLOW_UP_REASON.to_owned(), json!(view.follow_up_reason));
    cells.insert(NEXT_ACTION.to_owned(), json!(next_action(view.stage, view.unclear)));
    cells
}

/// What is to be done about a lead that is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Again {
    /// To be written.
    pub write: Cells,
    /// Stands there already as wanted.
    pub agreed: Cells,
}

/// Lays what is wanted over what was `found` in Airtable, so that no person's work is overwritten: a cell is written where it still
/// is as the engine `written` it (or is empty and never was written), and a status also where the contact's stage has moved since.
pub fn cells_again(view: &LeadView, stage_written: Option<Stage>, written: &Cells, found: &Cells) -> Again {
    let mut again = Again::default();
    for (name, wanted) in cells(view) {
        let (before, now) = (written.get(&name), found.get(&name));
        let is_status = name == LEAD_STATUS || name == PIPELINE_STAGE;
        if are_equal(Some(&wanted), now) {
            again.agreed.insert(name, wanted);
        } else if are_equal(before, now) || is_status && stage_written != Some(view.stage) {
            again.write.insert(name, wanted);
        }
    }
    again
}

/// Airtable leaves empty cells out, and tells numbers and lists in its own way.
pub fn are_equal(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a.filter(|cell| !is_empty(cell)), b.filter(|cell| !is_empty(cell))) {
        (None, None) => true,
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64() == b.as_f64(),
        (Some(a), Some(b)) => a == b,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

pub(super) fn is_empty(cell: &Value) -> bool {
    match cell {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(stage: Stage) -> LeadView {
        LeadView {
            contact_id: Uuid::from_u128(1),
            email: Email::parse("ada@example.com").unwrap(),
            profile: Profile { first_name: Some("Ada".into()), ..Profile::default() },
            stage,
            unclear: false,
            had_meeting: false,
            engagement: Engagement::EmailReply,
            first_reply_date: None,
            follow_up_date: None,
            follow_up_reason: None,
            reply_count: 1,
            newest_intent: None,
            campaign: None,
            campaign_record: None,
            client_record: None,
            summary: None,
        }
    }

    /// The table of SPEC 6, copied by hand.
    #[test]
    fn statuses_as_the_spec_says() {
        let unclear = LeadView { unclear: true, ..view(Stage::Interested) };
        let after_meeting = LeadView { had_meeting: true, ..view(Stage::Interested) };
        let rows = [
            ("Interested, unclear", unclear, Some("New"), Some("Engaged")),
            ("Interested", view(Stage::Interested), Some("Interested"), Some("Engaged")),
            ("Interested after a meeting", after_meeting, Some("Interested"), Some("Meeting Complete")),
            ("MeetingBooked", view(Stage::MeetingBooked), Some("Interested"), Some("Meeting Scheduled")),
            ("NotInterested", view(Stage::NotInterested), Some("Not Interested"), Some("Closed Lost")),
            ("OutOfOffice", view(Stage::OutOfOffice), Some("Out of Office"), None),
            ("Ghosted", view(Stage::Ghosted), Some("Ghosted"), None),
            ("NoShow", view(Stage::NoShow), Some("No Show"), None),
            ("Won", view(Stage::Won), Some("Won"), Some("Closed Won")),
            ("Declined", view(Stage::Declined), Some("Lost"), Some("Closed Lost")),
            ("DoNotContact", view(Stage::DoNotContact), Some("Lost"), Some("Closed Lost")),
            ("InSequence", view(Stage::InSequence), None, None),
        ];
        for (what, view, status, pipeline) in rows {
            let (got_status, got_pipeline) = statuses(&view);
            let got = (got_status.map(LeadStatusOption::as_str), got_pipeline.map(PipelineStageOption::as_str));
            assert_eq!(got, (status, pipeline), "{what}");
        }
    }

    type Row<'a> = (&'a str, &'a LeadView, Option<Stage>, Cells, Cells, Value);

    #[test]
    fn a_persons_work_is_not_overwritten() {
        use Stage::{Interested, NoShow};
        let unclear = LeadView { unclear: true, ..view(Interested) };
        let dated = LeadView { follow_up_date: "2026-12-01".parse().ok(), ..view(Interested) };
        let mut phone = view(Interested);
        phone.profile.phone = Some("+1 555 0100".to_owned());
        let ours = cells(&view(Interested));
        let with = |name: &str, cell: Value| {
            let mut cells = ours.clone();
            cells.insert(name.to_owned(), cell);
            cells
        };
        let rows: &[Row<'_>] = &[
            ("nothing has changed", &view(Interested), Some(Interested), ours.clone(), ours.clone(), json!({})),
            (
                "a status set by a person stays",
                &view(Interested),
                Some(Interested),
                ours.clone(),
                with(LEAD_STATUS, json!("Working")),
                json!({}),
            ),
            (
                "and gives way where the stage moves",
                &view(NoShow),
                Some(Interested),
                ours.clone(),
                with(LEAD_STATUS, json!("Working")),
                json!({ "Lead Score": 5, "Lead Status": "No Show", "Next Action": "Offer a new time" }),
            ),
            (
                "a status nobody touched follows what became clear",
                &view(Interested),
                Some(Interested),
                cells(&unclear),
                cells(&unclear),
                json!({ "Lead Score": 7, "Lead Status": "Interested", "Next Action": "Answer the reply" }),
            ),
            (
                "a date set by a person stays",
                &dated,
                Some(Interested),
                ours.clone(),
                with(FOLLOW_UP_DATE, json!("2027-01-01")),
                json!({}),
            ),
            (
                "a cell that a person emptied stays empty",
                &view(Interested),
                Some(Interested),
                ours.clone(),
                with("First Name", Value::Null),
                json!({}),
            ),
            (
                "a fact learned later fills an empty cell",
                &phone,
                Some(Interested),
                ours.clone(),
                ours.clone(),
                json!({ "Phone": "+1 555 0100" }),
            ),
            ("and no full one", &phone, Some(Interested), ours.clone(), with("Phone", json!("+1 555 0199")), json!({})),
            (
                "numbers are told in several ways",
                &view(Interested),
                Some(Interested),
                ours.clone(),
                with("Lead Score", json!(7.0)),
                json!({}),
            ),
        ];
        for (what, view, stage, written, found, expected) in rows {
            assert_eq!(Value::Object(cells_again(view, *stage, written, found).write), *expected, "{what}");
        }
    }

    #[test]
    fn scores_stay_between_one_and_ten() {
        for &stage in Stage::ALL {
            for intent in [None, Some(Intent::PricingQuestion), Some(Intent::NotInterested)] {
                let view = LeadView { newest_intent: intent, had_meeting: true, reply_count: 9, ..view(stage) };
                assert!((1..=10).contains(&score(&view)), "{stage}");
            }
        }
        assert!(score(&view(Stage::MeetingBooked)) > score(&view(Stage::Ghosted)));
    }
}
