//! How a contact goes from one stage to another, and what it takes along.

use super::Step;
use crate::domain::contact::{BeforeUnclear, Contact};
use crate::domain::event::{Event, EventData, FollowUpReason, Source};
use crate::domain::follow_up::{self, Spans, Today};
use crate::domain::ids::CampaignId;
use crate::domain::intent::Reading;
use crate::domain::stage::Stage;
use crate::domain::transition::Trigger;
use chrono::{DateTime, Utc};

pub(super) fn move_to(
    contact: &mut Contact,
    to: Stage,
    event: &Event,
    trigger: Trigger,
    today: Today,
    spans: &Spans,
    step: &mut Step,
) {
    let from = contact.stage;
    contact.unclear = match (trigger, &contact.newest_received) {
        (Trigger::Reply(Reading::Unclear), Some(newest)) => {
            Some(BeforeUnclear { key: newest.key.clone(), stage: from, campaign: contact.current_campaign.clone() })
        }
        _ => None,
    };
    enter(contact, to, event.facts.occurred_at);
    if let (Trigger::CampaignMail { .. }, EventData::EmailSent { campaign: Some(campaign), .. }) =
        (trigger, &event.facts.data)
    {
        enter_campaign(contact, campaign, step);
    }
    if !to.keeps_campaign() {
        let left = leave_campaign(contact);
        // A sequence that ran out needs no stopping.
        if !matches!(trigger, Trigger::SequenceFinished { .. }) {
            touch(step, left);
        }
    }
    // A platform that tells of its own pause has paused already; whoever else pauses wants the platform to.
    let is_by_hand = matches!(trigger, Trigger::SequencePaused | Trigger::SequenceResumed)
        && !matches!(event.source, Source::Smartlead | Source::Instantly);
    if (from == Stage::OutOfOffice) != (to == Stage::OutOfOffice) || is_by_hand {
        touch(step, contact.current_campaign.clone());
    }
    follow_up::follow_move(contact, from, &event.facts.data, today, spans);
}

fn enter(contact: &mut Contact, to: Stage, at: DateTime<Utc>) {
    if contact.stage != to {
        contact.stage_since = Some(at);
    }
    contact.stage = to;
}

/// What another writer set stands as it is: no follow-up date is derived from it.
pub(super) fn set_stage(contact: &mut Contact, to: Stage, at: DateTime<Utc>, step: &mut Step) {
    enter(contact, to, at);
    contact.unclear = None;
    if !to.keeps_campaign() {
        touch(step, leave_campaign(contact));
    }
}

pub(super) fn stay(contact: &mut Contact, trigger: Trigger, data: &EventData, today: Today, spans: &Spans) {
    match (trigger, data) {
        (Trigger::Reply(Reading::OutOfOffice) | Trigger::Classification(Reading::OutOfOffice), _)
            if contact.stage.is_follow_up() =>
        {
            contact.follow_up_date = follow_up::return_date(data, today.day, spans);
            contact.follow_up_reason = Some(FollowUpReason::OutOfOfficeReturn);
        }
        // The day of the meeting that is still on.
        (
            Trigger::MeetingCancelled { another_is_on: true }
            | Trigger::MeetingCompleted { another_is_on: true }
            | Trigger::MeetingNoShow { another_is_on: true },
            _,
        ) if contact.stage == Stage::MeetingBooked && contact.follow_up_reason.is_none() => {
            contact.follow_up_date = follow_up::meeting_date(contact, today);
        }
        (Trigger::FollowUpDue { holds: true }, _) => contact.follow_up_told = contact.follow_up_date,
        // They had mail of this campaign, so it is not new to them a second time.
        (Trigger::CampaignMail { is_new: true }, EventData::EmailSent { campaign: Some(campaign), .. })
            if contact.stage != Stage::DoNotContact =>
        {
            contact.past_campaigns.push(campaign.clone());
        }
        _ => {}
    }
}

fn enter_campaign(contact: &mut Contact, campaign: &CampaignId, step: &mut Step) {
    if contact.current_campaign.as_ref() != Some(campaign) {
        touch(step, leave_campaign(contact));
        contact.past_campaigns.retain(|past| past != campaign);
        contact.current_campaign = Some(campaign.clone());
    }
}

/// The current campaign becomes a past one; gives it, where there was one.
fn leave_campaign(contact: &mut Contact) -> Option<CampaignId> {
    let campaign = contact.current_campaign.take()?;
    if !contact.past_campaigns.contains(&campaign) {
        contact.past_campaigns.push(campaign.clone());
    }
    Some(campaign)
}

pub(super) fn touch(step: &mut Step, campaign: Option<CampaignId>) {
    if let Some(campaign) = campaign.filter(|campaign| !step.campaigns_touched.contains(campaign)) {
        step.campaigns_touched.push(campaign);
    }
}
