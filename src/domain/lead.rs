//! The lead: how a contact shows in Airtable (SPEC 6). Pure.

use super::contact::Engagement;
use super::event::{FollowUpReason, Profile};
use super::ids::{CampaignId, Email};
use super::intent::{Intent, Reading, reading_of};
use super::stage::{Stage, options};
use chrono::{DateTime, NaiveDate, Utc};
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
    pub first_reply_at: Option<DateTime<Utc>>,
    pub last_reply_at: Option<DateTime<Utc>>,
    pub follow_up_date: Option<NaiveDate>,
    pub follow_up_reason: Option<FollowUpReason>,
    pub reply_count: u32,
    pub newest_intent: Option<Intent>,
    pub meeting_at: Option<DateTime<Utc>>,
    pub campaign: Option<CampaignId>,
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
        Stage::New
        | Stage::InSequence
        | Stage::SequencePaused
        | Stage::NoReply
        | Stage::DoNotContact
        | Stage::Declined => None,
    }
}

/// The fields to write, by the owner's names. `last_written` is the stage at the engine's last write: on the first write (none)
/// all is sent; later a status is sent only when the stage has moved, and who the person is never again, so that a person's
/// work is not overwritten.
pub fn fields(view: &LeadView, last_written: Option<Stage>) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| {
        if !value.is_null() {
            fields.insert(name.to_owned(), value);
        }
    };
    set("Supabase Contact ID", json!(view.contact_id));
    if last_written.is_none() {
        set("Email", json!(view.email));
        set("First Name", json!(view.profile.first_name));
        set("Last Name", json!(view.profile.last_name));
        set("Phone", json!(view.profile.phone));
        set("Company Name", json!(view.profile.company_name));
        set("Job Title", json!(view.profile.job_title));
        set("Company Website", json!(view.profile.company_website));
        set("LinkedIn URL", json!(view.profile.linkedin_url));
        set("Engagement Source", json!(view.engagement));
    }
    set("First Reply Date", json!(view.first_reply_at.map(|at| at.date_naive())));
    set("Lead Score", json!(score(view)));
    if last_written != Some(view.stage) {
        let (status, pipeline) = statuses(view);
        set("Lead Status", json!(status));
        set("Pipeline Stage", json!(pipeline));
        // A cleared follow-up is cleared there too.
        fields.insert("Follow-up Date".to_owned(), json!(view.follow_up_date));
        fields.insert("Follow-up Reason".to_owned(), json!(view.follow_up_reason));
        fields.insert("Next Action".to_owned(), json!(next_action(view.stage, view.unclear)));
    }
    fields
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
            first_reply_at: None,
            last_reply_at: None,
            follow_up_date: None,
            follow_up_reason: None,
            reply_count: 1,
            newest_intent: None,
            meeting_at: None,
            campaign: None,
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

    #[test]
    fn a_persons_work_is_not_overwritten() {
        let first = fields(&view(Stage::Interested), None);
        assert_eq!((&first["Lead Status"], &first["Email"]), (&json!("Interested"), &json!("ada@example.com")));
        let again = fields(&view(Stage::Interested), Some(Stage::Interested));
        let names: Vec<&str> = again.keys().map(String::as_str).collect();
        assert_eq!(names, ["Supabase Contact ID", "Lead Score"], "the stage did not move");
        let moved = fields(&view(Stage::NoShow), Some(Stage::Interested));
        assert_eq!((moved.get("Lead Status"), moved.get("Email")), (Some(&json!("No Show")), None));
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
