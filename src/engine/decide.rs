//! The decision: begin with what is known, end with all that is to be written and answered.

use super::notify;
use super::rows::{
    ChatWrite, ContactRow, DeliveryRow, EventRow, History, Known, KnownContact, MarksWrite, Outcome, Seen, StoredEvent,
    TaskRow, TriggerType, Verdict, Writes, once_each,
};
use super::{follow, gate};
use crate::domain::contact::{ChatRow, Contact};
use crate::domain::erasure::Person;
use crate::domain::event::{Alert, CampaignChange, Event, EventData, Facts, Orphan, OutsideChange, Profile, Source};
use crate::domain::fold::{self, Step};
use crate::domain::identity::platform_key;
use crate::domain::ids::{ClientId, ContactKey};
use crate::domain::merge;
use crate::domain::rules::Rules;
use crate::domain::stage::Stage;
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// One delivery of a batch, understood.
#[derive(Debug, Clone)]
pub struct Incoming {
    pub delivery_id: Uuid,
    pub client_id: ClientId,
    pub source: Source,
    pub received_at: DateTime<Utc>,
    pub events: Vec<Event>,
    /// Taken by [`super::lineage::settle`]; a batch that is decided has none.
    pub orphans: Vec<Orphan>,
    pub campaign_changes: Vec<CampaignChange>,
    pub alerts: Vec<Alert>,
    pub unrecognised: Vec<String>,
    pub ignored: Vec<String>,
    pub body: String,
    pub body_sha256: [u8; 32],
    /// Events that the engine found itself (scheduler, spread campaign changes) come without a delivery to keep.
    pub is_webhook: bool,
    /// Whose payload it is, where n8n only forwarded it; without it the body could not be read again.
    pub forwarded_as: Option<Source>,
    /// Of its request, where traces are kept: what follows from it goes on there.
    pub traceparent: Option<String>,
}

impl Incoming {
    /// Events that no webhook brought: the engine found them itself, or fetched them.
    pub fn of_events(
        delivery_id: Uuid,
        client_id: ClientId,
        source: Source,
        received_at: DateTime<Utc>,
        events: Vec<Event>,
    ) -> Self {
        Self {
            delivery_id,
            client_id,
            source,
            received_at,
            events,
            orphans: Vec::new(),
            campaign_changes: Vec::new(),
            alerts: Vec::new(),
            unrecognised: Vec::new(),
            ignored: Vec::new(),
            body: String::new(),
            body_sha256: [0; 32],
            is_webhook: false,
            forwarded_as: None,
            traceparent: None,
        }
    }
}

/// What happened to one event of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EventAnswer {
    /// None where the event was not kept.
    pub event_id: Option<Uuid>,
    pub kind: &'static str,
    /// None where there is no contact.
    pub contact_id: Option<Uuid>,
    pub email: String,
    pub stage_before: Option<Stage>,
    pub stage_after: Option<Stage>,
    pub outcome: Outcome,
    pub reason: String,
}

/// What happened to a delivery: the hook's answer (SPEC 10).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeliveryAnswer {
    pub delivery_id: Uuid,
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub events: Vec<EventAnswer>,
}

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

/// What other writers changed in the database, as events like all others: they take their place in the order of time and have
/// their reason in the contact's history.
pub fn outside_changes(known: &Known, now: DateTime<Utc>) -> Vec<Incoming> {
    let mut changed: Vec<(&ContactKey, &KnownContact)> =
        known.contacts.iter().filter(|(_, known)| !known.outside.is_empty()).collect();
    changed.sort_by_key(|(key, _)| *key);
    changed
        .into_iter()
        .map(|(key, known)| {
            let event =
                |(at, change): &(DateTime<Utc>, OutsideChange)| outside_event(key, known.contact_id, *at, change);
            let events = known.outside.iter().map(event).collect();
            Incoming::of_events(known.contact_id, key.client_id.clone(), Source::Operator, now, events)
        })
        .collect()
}

fn outside_event(key: &ContactKey, contact_id: Uuid, at: DateTime<Utc>, change: &OutsideChange) -> Event {
    let data = EventData::ChangedOutside { changes: change.clone() };
    Event {
        client_id: key.client_id.clone(),
        email: key.email.clone(),
        source: Source::Operator,
        dedupe_key: platform_key(data.kind(), "database", &[&contact_id.to_string(), &at.to_rfc3339()]),
        facts: Facts { occurred_at: at, time_known: true, profile: Profile::default(), data },
        lineage: Vec::new(),
    }
}

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

/// One contact's part of the batch.
struct Turn {
    contact_id: Uuid,
    version: Option<i64>,
    airtable_lead_id: Option<String>,
    key: ContactKey,
    baseline: Option<Contact>,
    before: Contact,
    contact: Contact,
    verdicts: Vec<(EventId, Verdict)>,
}

impl Turn {
    fn new(key: &ContactKey, known: &Known, rim: &mut Rim<'_>) -> Self {
        let (contact_id, version, airtable_lead_id, contact, is_adopted) = match known.contacts.get(key) {
            Some(KnownContact { contact_id, contact, airtable_lead_id, is_adopted, outside: _, version }) => {
                (*contact_id, Some(*version), airtable_lead_id.clone(), contact.clone(), *is_adopted)
            }
            None => ((rim.new_id)(), None, None, Contact::default(), false),
        };
        Self {
            contact_id,
            version,
            airtable_lead_id,
            key: key.clone(),
            baseline: is_adopted.then(|| contact.clone()),
            before: contact.clone(),
            contact,
            verdicts: Vec::new(),
        }
    }

    fn run(&mut self, news: &[&Told], known: &Known, rim: &mut Rim<'_>, writes: &mut Writes) {
        let history = known.histories.get(&self.key);
        let from = (writes.chat_rows.len(), writes.chat_marks.len());
        let withdrawn = known.again.as_ref().map_or(&[][..], |again| &again.withdrawn);
        let steps = match history {
            Some(history) => self.fold_again(news, history, withdrawn, rim, writes),
            None => self.apply_on_top(news, rim, writes),
        };
        if news.is_empty() && self.contact == self.before {
            return;
        }
        writes.contacts.push(ContactRow {
            contact_id: self.contact_id,
            key: self.key.clone(),
            contact: self.contact.clone(),
            baseline: self.baseline.take(),
            now: rim.now,
            is_new: self.version.is_none(),
            version: self.version,
        });
        let subject = follow::Subject {
            contact_id: self.contact_id,
            key: &self.key,
            airtable_lead_id: self.airtable_lead_id.as_deref(),
            before: &self.before,
            after: &self.contact,
            suppressed: gate::suppressed(known, &self.key.client_id, &self.key.email),
        };
        let tasks = writes.tasks.len();
        follow::write(&subject, &steps, history.is_some(), rim, writes);
        if let Some(told) = news.iter().rev().find(|told| told.is_webhook) {
            writes
                .tasks
                .iter_mut()
                .skip(tasks)
                .for_each(|task| task.wanted_by(told.delivery_id, told.traceparent.as_deref()));
        }
        notify::write(&subject, &steps, history.is_some(), from, rim, writes);
    }

    fn apply_on_top<'a>(
        &mut self,
        news: &[&'a Told],
        rim: &mut Rim<'_>,
        writes: &mut Writes,
    ) -> Vec<(&'a Event, Step)> {
        let ordered = fold::in_order(news.iter().copied(), |told| &told.event);
        let mut steps = Vec::with_capacity(ordered.len());
        let mut new_rows: Vec<ChatWrite> = Vec::new();
        let mut marks: Vec<MarksWrite> = Vec::new();
        for (position, told) in ordered {
            let mut step = fold::apply_at(&mut self.contact, &told.event, position, &rim.rules.spans);
            if let Some(row) = step.row.take() {
                new_rows.push(self.chat_write(row, rim));
            }
            for patch in &step.patches {
                if let Some(write) = new_rows.iter_mut().find(|write| write.row.key == patch.key) {
                    write.row.marks.apply(&patch.change);
                } else {
                    let index = marks.iter().position(|mark| mark.message_key == patch.key).unwrap_or_else(|| {
                        marks.push(MarksWrite::new(self.contact_id, patch.key.clone()));
                        marks.len() - 1
                    });
                    if let Some(mark) = marks.get_mut(index) {
                        mark.add(&patch.change);
                    }
                }
            }
            self.write_event(told, &step, writes);
            steps.push((&told.event, step));
        }
        writes.chat_rows.append(&mut new_rows);
        writes.chat_marks.append(&mut marks);
        steps
    }

    fn fold_again<'a>(
        &mut self,
        news: &[&'a Told],
        history: &History,
        withdrawn: &[StoredEvent],
        rim: &mut Rim<'_>,
        writes: &mut Writes,
    ) -> Vec<(&'a Event, Step)> {
        let told: HashMap<&str, &'a Told> = news.iter().map(|told| (told.event.dedupe_key.as_str(), *told)).collect();
        let stored: HashMap<&str, &StoredEvent> =
            history.events.iter().map(|stored| (stored.dedupe_key.as_str(), stored)).collect();
        let known: Vec<Event> = history.events.iter().filter_map(event_of_stored).collect();
        let before: HashMap<String, ChatRow> = fold::fold(&history.baseline, &known, &rim.rules.spans)
            .rows
            .into_iter()
            .map(|row| (row.key.clone(), row))
            .collect();
        let mut events: Vec<Event> = news.iter().map(|told| told.event.clone()).collect();
        let is_withdrawn = |event: &Event| {
            withdrawn.iter().any(|stored| stored.key == self.key && stored.dedupe_key == event.dedupe_key)
        };
        events.extend(
            known.into_iter().filter(|event| !told.contains_key(event.dedupe_key.as_str()) && !is_withdrawn(event)),
        );
        let folded = fold::fold(&history.baseline, &events, &rim.rules.spans);
        self.contact = folded.contact;
        // A late event hardly ever changes what came after it, and a conversation is long.
        for row in folded.rows.into_iter().filter(|row| before.get(&row.key) != Some(row)) {
            let write = self.chat_write(row, rim);
            writes.chat_rows.push(write);
        }
        let mut steps = Vec::new();
        for (dedupe_key, step) in folded.steps {
            match (told.get(dedupe_key.as_str()), stored.get(dedupe_key.as_str())) {
                (Some(told), _) => {
                    self.write_event(told, &step, writes);
                    steps.push((&told.event, step));
                }
                (None, Some(stored)) if verdict_of(&step) != stored.verdict => {
                    writes.events.extend(updated_row(stored, &step));
                }
                (None, Some(_) | None) => {}
            }
        }
        steps
    }

    fn chat_write(&self, row: ChatRow, rim: &mut Rim<'_>) -> ChatWrite {
        ChatWrite {
            chat_id: (rim.new_id)(),
            contact_id: self.contact_id,
            key: self.key.clone(),
            airtable_lead_id: self.airtable_lead_id.clone(),
            converted_client_id: self.contact.converted_client_id.clone(),
            row,
            now: rim.now,
        }
    }

    fn write_event(&mut self, told: &Told, step: &Step, writes: &mut Writes) {
        let verdict = verdict_of(step);
        writes.events.push(EventRow {
            event_id: told.event_id,
            contact_id: self.contact_id,
            key: self.key.clone(),
            dedupe_key: told.event.dedupe_key.clone(),
            kind: told.event.facts.data.kind(),
            source: first_source(&told.seen).unwrap_or(told.event.source),
            occurred_at: told.event.facts.occurred_at,
            seen: told.seen.clone(),
            verdict: verdict.clone(),
            delivery_id: (told.stored.is_none() && told.is_webhook).then_some(told.delivery_id),
            received_at: told.received_at,
            is_new: told.stored.is_none(),
            seen_before: told.stored.as_ref().map(|stored| stored.seen.clone()),
        });
        self.verdicts.push(((self.key.client_id.clone(), told.event.dedupe_key.clone()), verdict));
    }
}

fn updated_row(stored: &StoredEvent, step: &Step) -> Option<EventRow> {
    let event = event_of_stored(stored)?;
    Some(EventRow {
        event_id: stored.event_id,
        contact_id: stored.contact_id,
        key: stored.key.clone(),
        dedupe_key: stored.dedupe_key.clone(),
        kind: event.facts.data.kind(),
        source: event.source,
        occurred_at: event.facts.occurred_at,
        seen: stored.seen.clone(),
        verdict: verdict_of(step),
        delivery_id: None,
        received_at: event.facts.occurred_at,
        is_new: false,
        seen_before: None,
    })
}

/// The event that stored reports tell together.
pub fn event_of_stored(stored: &StoredEvent) -> Option<Event> {
    Some(Event {
        client_id: stored.key.client_id.clone(),
        email: stored.key.email.clone(),
        source: first_source(&stored.seen)?,
        dedupe_key: stored.dedupe_key.clone(),
        facts: merge::merged(&stored.seen)?,
        lineage: Vec::new(),
    })
}

fn first_source(seen: &Seen) -> Option<Source> {
    seen.keys().next().copied()
}

fn verdict_of(step: &Step) -> Verdict {
    Verdict { stage_before: step.before, stage_after: step.after, refused: step.refused, rule: step.rule.clone() }
}

fn answer(
    incoming: &Incoming,
    told: &HashMap<EventId, Told>,
    verdicts: &HashMap<EventId, Verdict>,
    contact_ids: &HashMap<ContactKey, (Uuid, Stage)>,
    known: &Known,
    rim: &mut Rim<'_>,
    writes: &mut Writes,
) -> DeliveryAnswer {
    let events: Vec<EventAnswer> = incoming
        .events
        .iter()
        .filter_map(|event| {
            if let Some(stopped) = gate::stopped(event, known) {
                let contact = known.contacts.get(&event.contact_key());
                // What is read again was told when it came.
                if stopped.outcome == Outcome::Refused && known.again.is_none() {
                    follow::log_refusal(event, contact, &stopped.reason, rim, writes);
                }
                return Some(stopped_answer(event, contact, stopped));
            }
            let id = (event.client_id.clone(), event.dedupe_key.clone());
            let told = told.get(&id)?;
            let (contact_id, stage) = *contact_ids.get(&told.key)?;
            // Of several reports in one batch the first is the event, the others repeat it.
            let verdict = verdicts.get(&id).filter(|_| told.delivery_id == incoming.delivery_id);
            let (stage_before, stage_after, outcome, reason) = match verdict {
                Some(verdict) => {
                    let outcome = if verdict.refused { Outcome::Refused } else { Outcome::Applied };
                    let reason = if known.events.contains_key(&id) {
                        format!("known already, this report adds to it: {}", verdict.rule)
                    } else {
                        verdict.rule.clone()
                    };
                    (verdict.stage_before, verdict.stage_after, outcome, reason)
                }
                None => (stage, stage, Outcome::Duplicate, "this event is known already".to_owned()),
            };
            Some(EventAnswer {
                event_id: Some(told.event_id),
                kind: event.facts.data.kind(),
                contact_id: Some(contact_id),
                email: told.key.email.as_str().to_owned(),
                stage_before: Some(stage_before),
                stage_after: Some(stage_after),
                outcome,
                reason,
            })
        })
        .collect();
    let erased = gate::erased(incoming, known);
    follow::write_changes_and_alerts(incoming, erased.as_ref(), rim, writes);
    let (outcome, reason) = outcome_of(incoming, &events);
    if incoming.is_webhook {
        writes.deliveries.push(delivery_row(incoming, erased.as_ref(), outcome, reason.clone(), &events));
    }
    DeliveryAnswer { delivery_id: incoming.delivery_id, outcome, reason, events }
}

/// Of an event that was not let in. Of an erased person there is no contact, whoever has a row with that address meanwhile.
fn stopped_answer(event: &Event, contact: Option<&KnownContact>, stopped: gate::Stopped) -> EventAnswer {
    let contact = contact.filter(|_| stopped.outcome != Outcome::Ignored);
    let stage = contact.map(|known| known.contact.stage);
    EventAnswer {
        event_id: None,
        kind: event.facts.data.kind(),
        contact_id: contact.map(|known| known.contact_id),
        email: event.email.as_str().to_owned(),
        stage_before: stage,
        stage_after: stage,
        outcome: stopped.outcome,
        reason: stopped.reason,
    }
}

/// What is kept of a request: of erased persons neither text nor hash, only that it came.
fn delivery_row(
    incoming: &Incoming,
    erased: Option<&Person>,
    outcome: Outcome,
    reason: Option<String>,
    events: &[EventAnswer],
) -> DeliveryRow {
    let (body, body_sha256, reason) = match erased {
        None => (incoming.body.clone(), incoming.body_sha256, reason),
        Some(person) => {
            let body = person.taken_out_of_body(&incoming.body);
            let hash = Sha256::digest(body.as_bytes()).into();
            (body, hash, reason.map(|reason| person.taken_out_of(&reason)))
        }
    };
    let kept = events.iter().filter(|event| event.event_id.is_some()).count();
    DeliveryRow {
        delivery_id: incoming.delivery_id,
        client_id: incoming.client_id.clone(),
        source: incoming.source,
        received_at: incoming.received_at,
        outcome,
        reason,
        body,
        body_sha256,
        events_count: u32::try_from(kept).unwrap_or(u32::MAX),
        forwarded_as: incoming.forwarded_as,
    }
}

/// A delivery with any part that was not understood is shown as unrecognised, so that no part is lost unseen.
fn outcome_of(incoming: &Incoming, events: &[EventAnswer]) -> (Outcome, Option<String>) {
    let did_something = events.iter().any(|event| matches!(event.outcome, Outcome::Applied | Outcome::Refused))
        || !incoming.campaign_changes.is_empty()
        || !incoming.alerts.is_empty();
    if !incoming.unrecognised.is_empty() {
        let mut reason = incoming.unrecognised.join("; ");
        if !events.is_empty() {
            reason = format!("{reason} (the other {} events were taken)", events.len());
        }
        return (Outcome::Unrecognised, Some(reason));
    }
    if did_something {
        return (Outcome::Applied, None);
    }
    if events.iter().any(|event| event.outcome == Outcome::Duplicate) {
        return (Outcome::Duplicate, Some("every event in it is known already".to_owned()));
    }
    if let Some(stopped) = events.first() {
        return (Outcome::Ignored, Some(stopped.reason.clone()));
    }
    let reason = if incoming.ignored.is_empty() { "nothing in it".to_owned() } else { incoming.ignored.join("; ") };
    (Outcome::Ignored, Some(reason))
}

#[cfg(test)]
mod tests;
