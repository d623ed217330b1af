//! One contact's turn: what is known of it is folded with what is told of it.

use super::{EventId, Rim, Told};
use crate::domain::contact::{ChatRow, Contact};
use crate::domain::event::{Event, Source};
use crate::domain::fold::{self, Step};
use crate::domain::ids::ContactKey;
use crate::domain::merge;
use crate::engine::rows::{
    ChatWrite, ContactRow, EventRow, History, Known, KnownContact, MarksWrite, Seen, StoredEvent, Verdict, Writes,
};
use crate::engine::{follow, gate, notify};
use std::collections::HashMap;
use uuid::Uuid;

/// One contact's part of the batch.
pub(super) struct Turn {
    pub(super) contact_id: Uuid,
    version: Option<i64>,
    airtable_lead_id: Option<String>,
    key: ContactKey,
    baseline: Option<Contact>,
    pub(super) before: Contact,
    pub(super) contact: Contact,
    pub(super) verdicts: Vec<(EventId, Verdict)>,
}

impl Turn {
    pub(super) fn new(key: &ContactKey, known: &Known, rim: &mut Rim<'_>) -> Self {
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

    pub(super) fn run(&mut self, news: &[&Told], known: &Known, rim: &mut Rim<'_>, writes: &mut Writes) {
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
