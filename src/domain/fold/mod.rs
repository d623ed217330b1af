//! The fold: a contact is its baseline and its events, applied in the order of (time, kind rank, dedupe key).
//!
//! [`apply`] takes one event on top; [`fold`] folds a whole history. Both are pure, so any order of arrival ends the same.

mod facts;
mod moves;
mod trigger;

use super::alert::AlertKind;
use super::chat;
use super::contact::{ChatPatch, ChatRow, Contact, Position};
use super::event::{Direction, Event, EventData, RANK_OF_MESSAGES};
use super::follow_up::{Spans, Today};
use super::ids::CampaignId;
use super::stage::Stage;
use super::transition::{Ruling, Trigger, decide};
use chrono::{DateTime, Utc};
use facts::{count, fill_profile};
use moves::{move_to, set_stage, stay, touch};
use std::collections::HashMap;
use trigger::{refusal, trigger_of, was_absence_after_all};

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

#[cfg(test)]
mod tests;
