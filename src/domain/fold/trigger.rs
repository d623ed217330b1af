//! What an event is to the table of transitions, by what is known of the contact; and what is refused beside the table.

use super::about;
use crate::domain::contact::Contact;
use crate::domain::event::{AutoReply, Event, EventData, FinishedBy, Source};
use crate::domain::follow_up::Spans;
use crate::domain::ids::CampaignId;
use crate::domain::intent::{Reading, reading_of};
use crate::domain::stage::Stage;
use crate::domain::transition::{Ruling, Trigger, decide};
use crate::domain::{due, meetings};
use chrono::{DateTime, Days, NaiveDate, Utc};

/// The refusals that depend on more than stage and kind. Nothing of a refused event is applied.
pub(super) fn refusal(contact: &Contact, event: &Event, day: NaiveDate) -> Option<String> {
    if let EventData::FollowUpSet { date, .. } = &event.facts.data
        && *date < day
    {
        return Some(format!("a follow-up on {date} would lie before the day of the event, {day} (rule 6)"));
    }
    if let (EventData::FollowUpSet { .. }, Stage::DoNotContact) = (&event.facts.data, contact.stage) {
        return Some("a contact that opted out (do_not_contact) gets no follow-up".to_owned());
    }
    if let Some(message) = about(event)
        && contact.newest_received.as_ref().is_none_or(|newest| newest.key != message)
    {
        return Some("the message that it is about is not known".to_owned());
    }
    if let EventData::ChangedOutside { changes } = &event.facts.data
        && event.source == Source::Airtable
        && matches!(changes.converted_client_id, Some(Some(_)))
        && contact.stage != Stage::Won
        && !contact.converted_to_client
    {
        return Some("a contact is converted to a client only when it is won (rule 5)".to_owned());
    }
    let trigger = if matches!(event.facts.data, EventData::DealWon { .. }) {
        Trigger::DealWon
    } else if matches!(event.facts.data, EventData::ContactAdded { .. }) {
        Trigger::ContactAdded
    } else {
        return None;
    };
    let decision = decide(contact.stage, trigger);
    (decision.ruling == Ruling::Refused).then(|| decision.rule.to_owned())
}

pub(super) fn trigger_of(
    contact: &Contact,
    data: &EventData,
    at: DateTime<Utc>,
    day: NaiveDate,
    spans: &Spans,
) -> Trigger {
    let is_current = |campaign: &Option<CampaignId>| {
        campaign.is_none() || contact.current_campaign.is_none() || *campaign == contact.current_campaign
    };
    match data {
        EventData::ContactAdded { .. } => Trigger::ContactAdded,
        EventData::EmailSent { campaign: Some(campaign), manual: false, .. } => Trigger::CampaignMail {
            is_new: contact.current_campaign.as_ref() != Some(campaign) && !contact.past_campaigns.contains(campaign),
        },
        EventData::EmailSent { .. } => Trigger::ManualMail,
        EventData::SequenceFinished { campaign, finished_by } if is_current(campaign) => Trigger::SequenceFinished {
            holds: match finished_by {
                FinishedBy::NoFurtherMail => over(contact.last_campaign_mail_at, at, spans.sequence_silence_days),
                FinishedBy::CampaignCompleted
                | FinishedBy::StepsReached
                | FinishedBy::PlatformEvent
                | FinishedBy::PlatformStatus => true,
            },
        },
        EventData::SequencePaused { campaign } if is_current(campaign) => Trigger::SequencePaused,
        EventData::SequenceResumed { campaign } if is_current(campaign) => Trigger::SequenceResumed,
        EventData::SequenceFinished { .. } | EventData::SequencePaused { .. } | EventData::SequenceResumed { .. } => {
            Trigger::OtherSequence
        }
        EventData::ReplyReceived { auto_reply: Some(AutoReply::OutOfOffice), .. } => {
            Trigger::Reply(Reading::OutOfOffice)
        }
        EventData::ReplyReceived { auto_reply: Some(AutoReply::Other), .. } => Trigger::AutomaticReply,
        EventData::ReplyReceived { auto_reply: None, intent, .. } => Trigger::Reply(reading_of(*intent)),
        EventData::ReplyClassified { intent, .. } => Trigger::Classification(intent.reading()),
        EventData::EmailBounced { permanent: true, .. } => Trigger::PermanentBounce,
        EventData::EmailBounced { permanent: false, .. } => Trigger::TransientBounce,
        EventData::Unsubscribed { .. } => Trigger::Unsubscribed,
        EventData::EmailOpened { .. } => Trigger::EmailOpened,
        EventData::LinkClicked { .. } => Trigger::LinkClicked,
        EventData::MessageLogged { .. } => Trigger::MessageLogged,
        EventData::MeetingBooked { .. } => Trigger::MeetingBooked,
        EventData::MeetingRescheduled { .. } => Trigger::MeetingRescheduled,
        EventData::MeetingCancelled { meeting } => {
            Trigger::MeetingCancelled { another_is_on: meetings::is_another_on(contact, meeting, at) }
        }
        EventData::MeetingCompleted { meeting } => {
            Trigger::MeetingCompleted { another_is_on: meetings::is_another_on(contact, meeting, at) }
        }
        EventData::MeetingNoShow { meeting } => {
            Trigger::MeetingNoShow { another_is_on: meetings::is_another_on(contact, meeting, at) }
        }
        EventData::MeetingNoShowWithdrawn { meeting } => {
            Trigger::MeetingNoShowWithdrawn { holds: !meetings::was_another_missed(contact, meeting) }
        }
        EventData::DealWon { .. } => Trigger::DealWon,
        EventData::DealDeclined { .. } => Trigger::DealDeclined,
        EventData::FollowUpSet { .. } => Trigger::FollowUpSet,
        EventData::ChangedOutside { changes } => Trigger::ChangedOutside { to: changes.stage },
        EventData::WentSilent {} => Trigger::WentSilent {
            holds: contact.last_reply_at.is_some()
                && contact.last_contact_at > contact.last_reply_at
                && over(contact.last_contact_at, at, spans.silence_days),
        },
        EventData::ReturnDue {} => Trigger::ReturnDue {
            holds: contact.follow_up_date.is_some_and(|date| date <= day),
            has_campaign: contact.current_campaign.is_some(),
        },
        EventData::FollowUpDue {} => {
            Trigger::FollowUpDue { holds: due::follow_up(contact).is_some_and(|date| date <= day) }
        }
        EventData::Erased {} => Trigger::Erased,
    }
}

/// `then` lies more than `days` before `now`.
fn over(then: Option<DateTime<Utc>>, now: DateTime<Utc>, days: u32) -> bool {
    then.and_then(|then| then.checked_add_days(Days::new(u64::from(days)))).is_some_and(|limit| limit < now)
}

/// Smartlead tells an absence only by a category after the reply: where that reply alone, being unclear, moved the contact,
/// the classification decides from where the contact stood before it.
pub(super) fn was_absence_after_all(contact: &Contact, data: &EventData) -> bool {
    let about_the_unclear_reply = match (&contact.unclear, &contact.newest_received) {
        (Some(before), Some(newest)) => before.key == newest.key,
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    about_the_unclear_reply
        && contact.stage == Stage::Interested
        && matches!(data, EventData::ReplyClassified { intent, .. } if intent.reading() == Reading::OutOfOffice)
}
