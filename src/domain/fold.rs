//! The fold: a contact is its baseline and its events, applied in the order of (time, kind rank, dedupe key).
//!
//! [`apply`] takes one event on top; [`fold`] folds a whole history. Both are pure, so any order of arrival ends the same.

use super::alert::AlertKind;
use super::chat;
use super::contact::{BeforeUnclear, ChatPatch, ChatRow, Contact, Engagement, Position};
use super::due;
use super::event::{
    AutoReply, Direction, Event, EventData, FinishedBy, OutsideChange, Profile, RANK_OF_MESSAGES, Source,
};
use super::follow_up::{self, Spans, Today};
use super::ids::CampaignId;
use super::intent::{Reading, reading_of};
use super::meetings;
use super::stage::Stage;
use super::transition::{Ruling, Trigger, decide};
use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::HashMap;

/// What one event did, with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub before: Stage,
    pub after: Stage,
    pub refused: bool,
    /// The rule that was followed, in words.
    pub rule: String,
    pub row: Option<ChatRow>,
    pub patches: Vec<ChatPatch>,
    /// What a person must know, without addresses.
    pub alerts: Vec<(AlertKind, &'static str)>,
    /// Campaigns whose platform may have to stop, pause or resume this contact.
    pub campaigns_touched: Vec<CampaignId>,
}

/// A history folded from its baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    pub contact: Contact,
    /// The conversation, in the order of its events.
    pub rows: Vec<ChatRow>,
    /// One step an event, in order, with the event's dedupe key.
    pub steps: Vec<(String, Step)>,
}

/// Where an event stands in the order of the fold, as far as it tells itself; see [`in_order`].
pub fn position(event: &Event) -> Position {
    let at = event.facts.occurred_at;
    match about(event) {
        // Nothing stands between a message and what is said of it.
        Some(message) => Position(at, RANK_OF_MESSAGES, format!("{message}\u{1}{}", event.dedupe_key)),
        None => Position(at, event.facts.data.rank(), event.dedupe_key.clone()),
    }
}

/// The key of the one message that an event is about.
pub fn about(event: &Event) -> Option<&str> {
    if let EventData::ReplyClassified { about, .. } = &event.facts.data { about.as_deref() } else { None }
}

/// Events in the order of the fold. What is about one message stands right behind it, also where another report has moved the
/// message in time since.
pub fn in_order<T>(items: impl Iterator<Item = T>, event_of: impl Fn(&T) -> &Event) -> Vec<(Position, T)> {
    let mut ordered: Vec<(Position, T)> = items.map(|item| (position(event_of(&item)), item)).collect();
    if ordered.iter().any(|(_, item)| about(event_of(item)).is_some()) {
        let times: HashMap<String, DateTime<Utc>> =
            ordered.iter().map(|(position, item)| (event_of(item).dedupe_key.clone(), position.0)).collect();
        for (position, item) in &mut ordered {
            if let Some(at) = about(event_of(item)).and_then(|message| times.get(message)) {
                position.0 = *at;
            }
        }
    }
    ordered.sort_by(|a, b| a.0.cmp(&b.0));
    ordered
}

/// Folds a history. The events may come in any order and repeated; one key counts once.
pub fn fold(baseline: &Contact, events: &[Event], spans: &Spans) -> Folded {
    let mut ordered = in_order(events.iter(), |event| event);
    ordered.dedup_by(|a, b| a.0 == b.0);
    let mut folded = Folded { contact: baseline.clone(), rows: Vec::new(), steps: Vec::with_capacity(ordered.len()) };
    let mut row_of_key = HashMap::new();
    for (position, event) in ordered {
        let mut step = apply_at(&mut folded.contact, event, position, spans);
        if let Some(row) = step.row.take() {
            row_of_key.insert(row.key.clone(), folded.rows.len());
            folded.rows.push(row);
        }
        for patch in &step.patches {
            if let Some(row) = row_of_key.get(&patch.key).and_then(|&index| folded.rows.get_mut(index)) {
                row.marks.apply(&patch.change);
            }
        }
        folded.steps.push((event.dedupe_key.clone(), step));
    }
    folded
}

/// Applies one event that is newer than all applied ones.
pub fn apply(contact: &mut Contact, event: &Event, spans: &Spans) -> Step {
    apply_at(contact, event, position(event), spans)
}

/// The same for an event whose place [`in_order`] gives.
pub fn apply_at(contact: &mut Contact, event: &Event, position: Position, spans: &Spans) -> Step {
    let data = &event.facts.data;
    let at = event.facts.occurred_at;
    let zone = spans.zones.of(&event.client_id);
    let today = Today { day: zone.day(at), zone };
    let mut step = Step {
        before: contact.stage,
        after: contact.stage,
        refused: false,
        rule: String::new(),
        row: None,
        patches: Vec::new(),
        alerts: Vec::new(),
        campaigns_touched: Vec::new(),
    };
    contact.applied_until = Some(position);
    if let Some(refusal) = refusal(contact, event, today.day) {
        step.refused = true;
        step.rule = refusal;
        return step;
    }
    fill_profile(&mut contact.profile, &event.facts.profile);
    if was_absence_after_all(contact, data) {
        take_back_unclear(contact);
    }
    let trigger = trigger_of(contact, data, at, today.day, spans);
    let decision = decide(contact.stage, trigger);
    decision.rule.clone_into(&mut step.rule);
    alert(contact.stage, trigger, data, decision.ruling, &mut step);
    chat::record(contact, event, zone, &mut step);
    count(contact, data, at);
    if let (Stage::DoNotContact, EventData::EmailSent { campaign, .. }) = (contact.stage, data) {
        touch(&mut step, campaign.clone());
    }
    match decision.ruling {
        Ruling::Moves(to) if matches!(trigger, Trigger::ChangedOutside { .. }) => set_stage(contact, to, at, &mut step),
        Ruling::Moves(to) => move_to(contact, to, event, trigger, today, spans, &mut step),
        Ruling::Stays => stay(contact, trigger, data, today, spans),
        Ruling::Refused => step.refused = true,
    }
    if let (EventData::EmailSent { last_in_sequence: true, .. }, Stage::InSequence, Trigger::CampaignMail { .. }) =
        (data, contact.stage, trigger)
    {
        let finished = decide(contact.stage, Trigger::SequenceFinished { holds: true });
        if let Ruling::Moves(to) = finished.ruling {
            step.rule = format!("{}; it was the last of the sequence: {}", step.rule, finished.rule);
            move_to(contact, to, event, Trigger::SequenceFinished { holds: true }, today, spans, &mut step);
        }
    }
    step.after = contact.stage;
    step
}

/// The refusals that depend on more than stage and kind. Nothing of a refused event is applied.
fn refusal(contact: &Contact, event: &Event, day: NaiveDate) -> Option<String> {
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

fn trigger_of(contact: &Contact, data: &EventData, at: DateTime<Utc>, day: NaiveDate, spans: &Spans) -> Trigger {
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
fn was_absence_after_all(contact: &Contact, data: &EventData) -> bool {
    let about_the_unclear_reply = match (&contact.unclear, &contact.newest_received) {
        (Some(before), Some(newest)) => before.key == newest.key,
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    about_the_unclear_reply
        && contact.stage == Stage::Interested
        && matches!(data, EventData::ReplyClassified { intent, .. } if intent.reading() == Reading::OutOfOffice)
}

fn take_back_unclear(contact: &mut Contact) {
    if let Some(before) = contact.unclear.take() {
        contact.stage = before.stage;
        if let Some(campaign) = before.campaign {
            contact.past_campaigns.retain(|past| *past != campaign);
            contact.current_campaign = Some(campaign);
        }
    }
}

fn alert(stage: Stage, trigger: Trigger, data: &EventData, ruling: Ruling, step: &mut Step) {
    let we_wrote =
        matches!(data, EventData::EmailSent { .. } | EventData::MessageLogged { direction: Direction::Outbound, .. });
    if we_wrote && stage == Stage::DoNotContact {
        let text = "we wrote to a contact that opted out (do_not_contact): stop it at the platform";
        step.alerts.push((AlertKind::WroteToOptedOut, text));
    }
    match (trigger, ruling) {
        (Trigger::CampaignMail { is_new: true }, Ruling::Stays) if stage != Stage::DoNotContact => {
            let text =
                "a new campaign writes to a contact that is in conversation with us: take it out of the campaign";
            step.alerts.push((AlertKind::CampaignInConversation, text));
        }
        (Trigger::PermanentBounce, Ruling::Stays) => {
            let text = "the address of a contact that was in conversation with us bounces: find a new one";
            step.alerts.push((AlertKind::AddressBounces, text));
        }
        _ => {}
    }
}

/// Counters, dates and engagement: what an event does whether or not the stage moves.
fn count(contact: &mut Contact, data: &EventData, at: DateTime<Utc>) {
    let may_engage = contact.stage != Stage::DoNotContact;
    match data {
        EventData::EmailSent { campaign, manual, .. } => {
            contact.emails_sent_count = contact.emails_sent_count.saturating_add(1);
            newest(&mut contact.last_contact_at, at);
            if campaign.is_some() && !manual {
                newest(&mut contact.last_campaign_mail_at, at);
            }
        }
        EventData::ReplyReceived { auto_reply, intent, .. } => match (auto_reply, reading_of(*intent)) {
            (Some(AutoReply::Other), _) => {}
            (Some(AutoReply::OutOfOffice), _) | (None, Reading::OutOfOffice) => newest(&mut contact.last_reply_at, at),
            (None, reading @ (Reading::Positive | Reading::Negative | Reading::Unclear | Reading::Unsubscribe)) => {
                contact.reply_count = contact.reply_count.saturating_add(1);
                newest(&mut contact.last_reply_at, at);
                contact.first_reply_at.get_or_insert(at);
                if may_engage && reading != Reading::Unsubscribe {
                    engage(contact, Engagement::EmailReply);
                }
            }
        },
        EventData::ReplyClassified { intent, .. } => {
            if may_engage && matches!(intent.reading(), Reading::Positive | Reading::Negative) {
                engage(contact, Engagement::EmailReply);
            }
        }
        EventData::MessageLogged { direction: Direction::Inbound, .. } => {
            newest(&mut contact.last_reply_at, at);
            contact.first_reply_at.get_or_insert(at);
            if may_engage {
                engage(contact, Engagement::Inbound);
            }
        }
        EventData::MessageLogged { direction: Direction::Outbound, .. } => newest(&mut contact.last_contact_at, at),
        EventData::MeetingBooked { meeting } | EventData::MeetingRescheduled { meeting } => {
            newest(&mut contact.last_touch_at, at);
            if may_engage {
                meetings::book(contact, meeting);
                engage(contact, Engagement::MeetingBooked);
            }
        }
        EventData::MeetingCompleted { meeting } => {
            newest(&mut contact.last_touch_at, at);
            contact.had_meeting = true;
            meetings::end(contact, meeting, at);
        }
        EventData::MeetingCancelled { meeting } => {
            newest(&mut contact.last_touch_at, at);
            meetings::end(contact, meeting, at);
        }
        EventData::MeetingNoShow { meeting } => {
            newest(&mut contact.last_touch_at, at);
            meetings::miss(contact, meeting, at);
        }
        EventData::MeetingNoShowWithdrawn { meeting } => {
            newest(&mut contact.last_touch_at, at);
            meetings::unmiss(contact, meeting);
        }
        EventData::ContactAdded { list_id, contact_source, enrichment_date } => {
            contact.list_id = contact.list_id.or(*list_id);
            contact.contact_source = contact.contact_source.or(*contact_source);
            contact.enrichment_date = contact.enrichment_date.or(*enrichment_date);
        }
        EventData::FollowUpSet { date, reason } => {
            contact.follow_up_date = Some(*date);
            contact.follow_up_reason = Some(*reason);
        }
        EventData::ChangedOutside { changes } => take_change(contact, changes),
        EventData::DealWon { client_record } => {
            contact.converted_to_client = true;
            if client_record.is_some() {
                contact.converted_client_id.clone_from(client_record);
            }
        }
        any!(EventData: SequenceFinished SequencePaused SequenceResumed EmailBounced Unsubscribed EmailOpened
            LinkClicked DealDeclined WentSilent ReturnDue FollowUpDue Erased) => {}
    }
    let messages = contact.last_contact_at.max(contact.last_reply_at);
    contact.last_touch_at = contact.last_touch_at.max(messages);
}

fn newest(field: &mut Option<DateTime<Utc>>, at: DateTime<Utc>) {
    *field = (*field).max(Some(at));
}

fn engage(contact: &mut Contact, source: Engagement) {
    contact.has_engaged = true;
    contact.engagement.get_or_insert(source);
}

fn move_to(
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
fn set_stage(contact: &mut Contact, to: Stage, at: DateTime<Utc>, step: &mut Step) {
    enter(contact, to, at);
    contact.unclear = None;
    if !to.keeps_campaign() {
        touch(step, leave_campaign(contact));
    }
}

fn take_change(contact: &mut Contact, change: &OutsideChange) {
    let OutsideChange {
        stage: _,
        follow_up_date,
        follow_up_reason,
        source,
        list_id,
        converted_client_id,
        converted_to_client,
        has_engaged,
        profile,
    } = change;
    if *has_engaged && contact.stage != Stage::DoNotContact {
        engage(contact, Engagement::Manual);
    }
    set(&mut contact.follow_up_date, follow_up_date.as_ref());
    set(&mut contact.follow_up_reason, follow_up_reason.as_ref());
    set(&mut contact.contact_source, source.as_ref());
    set(&mut contact.list_id, list_id.as_ref());
    set(&mut contact.converted_client_id, converted_client_id.as_ref());
    if let Some(converted) = converted_to_client {
        contact.converted_to_client = *converted;
    }
    for (column, value) in profile {
        if let Some(field) = contact.profile.field_mut(column) {
            field.clone_from(value);
        }
    }
}

fn set<T: Clone>(field: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}

fn stay(contact: &mut Contact, trigger: Trigger, data: &EventData, today: Today, spans: &Spans) {
    match (trigger, data) {
        (Trigger::Reply(Reading::OutOfOffice) | Trigger::Classification(Reading::OutOfOffice), _)
            if contact.stage.is_follow_up() =>
        {
            contact.follow_up_date = follow_up::return_date(data, today.day, spans);
            contact.follow_up_reason = Some(super::event::FollowUpReason::OutOfOfficeReturn);
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

fn touch(step: &mut Step, campaign: Option<CampaignId>) {
    if let Some(campaign) = campaign.filter(|campaign| !step.campaigns_touched.contains(campaign)) {
        step.campaigns_touched.push(campaign);
    }
}

fn fill_profile(known: &mut Profile, told: &Profile) {
    let fill = |field: &mut Option<String>, value: &Option<String>| {
        if field.is_none() {
            field.clone_from(value);
        }
    };
    fill(&mut known.first_name, &told.first_name);
    fill(&mut known.last_name, &told.last_name);
    fill(&mut known.phone, &told.phone);
    fill(&mut known.company_name, &told.company_name);
    fill(&mut known.job_title, &told.job_title);
    fill(&mut known.linkedin_url, &told.linkedin_url);
    fill(&mut known.company_linkedin_url, &told.company_linkedin_url);
    fill(&mut known.company_website, &told.company_website);
    fill(&mut known.company_size, &told.company_size);
    fill(&mut known.company_industry, &told.company_industry);
}

#[cfg(test)]
mod tests;
