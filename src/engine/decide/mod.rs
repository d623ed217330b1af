//! The decision: begin with what is known, end with all that is to be written and answered.

mod answers;
mod incoming;
mod turn;

use super::gate;
use super::rows::{Known, Seen, StoredEvent, TaskRow, TriggerType, Verdict, Writes, once_each};
use crate::domain::contact::Contact;
use crate::domain::event::{Event, Facts, Source};
use crate::domain::ids::{ClientId, ContactKey};
use crate::domain::rules::Rules;
use crate::domain::stage::Stage;
use crate::domain::{fold, merge};
use answers::answer;
pub use answers::{DeliveryAnswer, EventAnswer};
use chrono::{DateTime, Utc};
pub use incoming::{Incoming, outside_changes};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use turn::Turn;
pub use turn::event_of_stored;
use uuid::Uuid;

/// Everything that the decision depends on beside the batch and what is known.
pub struct Rim<'a> {
    pub now: DateTime<Utc>,
    pub trigger: TriggerType,
    pub rules: &'a Rules,
    pub new_id: &'a mut dyn FnMut() -> Uuid,
}

/// An event of the batch, told by one or several of its deliveries.
struct Told {
    stored: Option<StoredEvent>,
    event_id: Uuid,
    key: ContactKey,
    seen: Seen,
    /// A report told something that was not known.
    is_news: bool,
    /// By one report, which then tells all there is.
    is_told_once: bool,
    delivery_id: Uuid,
    traceparent: Option<String>,
    is_webhook: bool,
    received_at: DateTime<Utc>,
    event: Event,
}

type EventId = (ClientId, String);

/// The contacts that must be folded again from their baseline: an event is older than what is applied, or a report changes one.
pub fn needs_history(batch: &[Incoming], known: &Known) -> Vec<ContactKey> {
    let mut keys = BTreeSet::new();
    if let Some(again) = &known.again {
        keys.extend(again.refold.iter().filter(|key| known.contacts.contains_key(key)).cloned());
    }
    for event in batch.iter().flat_map(|incoming| &incoming.events) {
        if let Some(stored) = known.events.get(&(event.client_id.clone(), event.dedupe_key.clone())) {
            if report(known)(&mut stored.seen.clone(), event.source, &event.facts) {
                keys.insert(stored.key.clone());
            }
        } else {
            let key = event.contact_key();
            if known.contacts.get(&key).is_some_and(|known| is_late(&known.contact, event)) {
                keys.insert(key);
            }
        }
    }
    keys.into_iter().collect()
}

/// How a report is added to what is known of its event.
fn report(known: &Known) -> fn(&mut Seen, Source, &Facts) -> bool {
    if known.again.is_some() { merge::read_again } else { merge::add_report }
}

fn is_late(contact: &Contact, event: &Event) -> bool {
    let Some(until) = &contact.applied_until else { return false };
    match fold::about(event) {
        // On top only where its message is the last that was applied, and stands where it stood when this was said of it.
        Some(message) => until.2 != message || until.0 != event.facts.occurred_at,
        None => fold::position(event) <= *until,
    }
}

/// Decides a batch. `known` must hold the histories that [`needs_history`] asked for.
pub fn decide(batch: &[Incoming], known: &Known, rim: &mut Rim<'_>) -> (Writes, Vec<DeliveryAnswer>) {
    let mut writes = Writes::default();
    let (told, order) = gather(batch, known, rim);
    let mut verdicts: HashMap<EventId, Verdict> = HashMap::new();
    let mut contact_ids: HashMap<ContactKey, (Uuid, Stage)> = HashMap::new();
    let mut by_contact: BTreeMap<ContactKey, Vec<&Told>> = BTreeMap::new();
    for id in &order {
        if let Some(told) = told.get(id) {
            by_contact.entry(told.key.clone()).or_default().push(told);
        }
    }
    let refold = known.again.as_ref().map(|again| &again.refold);
    for key in refold.into_iter().flatten() {
        by_contact.entry(key.clone()).or_default();
    }
    for (key, events) in by_contact {
        let mut turn = Turn::new(&key, known, rim);
        contact_ids.insert(key.clone(), (turn.contact_id, turn.before.stage));
        let news: Vec<&Told> = events.into_iter().filter(|told| told.is_news).collect();
        let is_refolded = refold.is_some_and(|refold| refold.contains(&key)) && known.histories.contains_key(&key);
        if !news.is_empty() || is_refolded {
            turn.run(&news, known, rim, &mut writes);
            contact_ids.insert(key.clone(), (turn.contact_id, turn.contact.stage));
            verdicts.extend(turn.verdicts);
        }
    }
    let answers = batch
        .iter()
        .map(|incoming| answer(incoming, &told, &verdicts, &contact_ids, known, rim, &mut writes))
        .collect();
    coalesce(&mut writes.tasks);
    writes.suppressions = once_each(std::mem::take(&mut writes.suppressions));
    (writes, answers)
}

/// One wish a key: the last says what is wanted, the most urgent says when.
fn coalesce(tasks: &mut Vec<TaskRow>) {
    let mut by_key: BTreeMap<String, TaskRow> = BTreeMap::new();
    for mut task in tasks.drain(..) {
        if let Some(earlier) = by_key.get(&task.task_key) {
            task.priority = task.priority.min(earlier.priority);
            task.due_at = task.due_at.min(earlier.due_at);
        }
        by_key.insert(task.task_key.clone(), task);
    }
    tasks.extend(by_key.into_values());
}

/// Brings the reports of the batch together, event by event, with what is stored of them.
fn gather(batch: &[Incoming], known: &Known, rim: &mut Rim<'_>) -> (HashMap<EventId, Told>, Vec<EventId>) {
    let mut told: HashMap<EventId, Told> = HashMap::new();
    let mut order = Vec::new();
    for incoming in batch {
        for event in &incoming.events {
            if gate::stopped(event, known).is_some() {
                continue;
            }
            let id = (event.client_id.clone(), event.dedupe_key.clone());
            let mut is_first = false;
            let entry = told.entry(id.clone()).or_insert_with(|| {
                is_first = true;
                order.push(id.clone());
                let stored = known.events.get(&id).cloned();
                Told {
                    event_id: stored.as_ref().map_or_else(|| (rim.new_id)(), |stored| stored.event_id),
                    key: stored.as_ref().map_or_else(|| event.contact_key(), |stored| stored.key.clone()),
                    seen: stored.as_ref().map(|stored| stored.seen.clone()).unwrap_or_default(),
                    stored,
                    is_news: false,
                    is_told_once: false,
                    delivery_id: incoming.delivery_id,
                    traceparent: incoming.traceparent.clone(),
                    is_webhook: incoming.is_webhook,
                    received_at: incoming.received_at,
                    event: event.clone(),
                }
            });
            entry.is_news |= report(known)(&mut entry.seen, event.source, &event.facts);
            entry.is_told_once = is_first && entry.stored.is_none();
        }
    }
    for told in told.values_mut() {
        if !told.is_told_once
            && let Some(facts) = merge::merged(&told.seen)
        {
            told.event.facts = facts;
        }
        told.event.email = told.key.email.clone();
    }
    (told, order)
}

#[cfg(test)]
mod tests;
