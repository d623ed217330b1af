//! What a rehearsal would have written so far, laid over what the database says: nothing is written, nothing is locked, and each
//! later part of the rehearsal still sees the earlier ones.

use super::rows::{Asked, EventRow, History, Known, KnownContact, StoredEvent, SuppressionRow, Writes};
use crate::domain::contact::Contact;
use crate::domain::ids::{ClientId, ContactKey};
use crate::domain::suppression::Listed;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The contacts and events that a rehearsal changed, and whom it put on the list of those that must not be contacted.
#[derive(Debug, Default)]
pub struct Overlay {
    contacts: HashMap<ContactKey, KnownContact>,
    /// Where the folds of contacts start that were adopted in the rehearsal.
    baselines: HashMap<ContactKey, Contact>,
    events: HashMap<(ClientId, String), StoredEvent>,
    keys_of: HashMap<ContactKey, BTreeSet<String>>,
    withdrawn: HashSet<(ClientId, String)>,
    /// By their hashes.
    listed: HashMap<String, Vec<Listed>>,
}

impl Overlay {
    /// How many contacts it changed.
    pub fn contacts(&self) -> usize {
        self.contacts.len()
    }

    /// Takes what a part of the rehearsal would have written.
    pub fn take(&mut self, known: &Known, writes: &Writes, withdrawn: &[StoredEvent]) {
        for row in &writes.contacts {
            let before = known.contacts.get(&row.key);
            if let Some(baseline) = &row.baseline {
                self.baselines.insert(row.key.clone(), baseline.clone());
            }
            self.contacts.insert(
                row.key.clone(),
                KnownContact {
                    contact_id: row.contact_id,
                    contact: row.contact.clone(),
                    airtable_lead_id: before.and_then(|known| known.airtable_lead_id.clone()),
                    is_adopted: false,
                    outside: Vec::new(),
                    version: row.version.unwrap_or_default(),
                },
            );
        }
        for row in &writes.events {
            self.keys_of.entry(row.key.clone()).or_default().insert(row.dedupe_key.clone());
            let id = (row.key.client_id.clone(), row.dedupe_key.clone());
            self.withdrawn.remove(&id);
            self.events.insert(id, stored(row));
        }
        for row in &writes.suppressions {
            self.listed.entry(row.hashed.value_hmac.clone()).or_default().push(listed(row));
        }
        for event in withdrawn {
            let id = (event.key.client_id.clone(), event.dedupe_key.clone());
            self.events.remove(&id);
            self.withdrawn.insert(id);
        }
    }

    /// The contacts and events that were asked for, as the rehearsal left them. Where an event moved a contact in, that one is asked
    /// for too.
    pub fn lay_over(&self, known: &mut Known, contacts: &[ContactKey], events: &[(ClientId, String)]) {
        // Outside of rehearsals there is nothing to lay over.
        if self.contacts.is_empty() && self.events.is_empty() && self.withdrawn.is_empty() {
            return;
        }
        known.events.retain(|id, _| !self.withdrawn.contains(id));
        for id in events {
            if let Some(event) = self.events.get(id) {
                known.events.insert(id.clone(), event.clone());
            }
        }
        let owners: Vec<ContactKey> = known.events.values().map(|event| event.key.clone()).collect();
        for key in contacts.iter().chain(&owners) {
            if let Some(contact) = self.contacts.get(key) {
                known.contacts.insert(key.clone(), contact.clone());
            }
        }
    }

    /// Who was put on the list, among the addresses that were asked for.
    pub fn lay_over_suppressed(&self, known: &mut Known, asked: &Asked) {
        for (hash, listed) in &self.listed {
            for email in asked.get(hash).into_iter().flatten() {
                known.suppressed.entry(email.clone()).or_default().extend(listed.iter().cloned());
            }
        }
    }

    /// Whether it knows this event no more.
    pub fn is_withdrawn(&self, event: &StoredEvent) -> bool {
        self.withdrawn.contains(&(event.key.client_id.clone(), event.dedupe_key.clone()))
    }

    /// The histories that were asked for, as the rehearsal left them.
    pub fn lay_over_histories(&self, histories: &mut HashMap<ContactKey, History>, contacts: &[ContactKey]) {
        for key in contacts {
            if !histories.contains_key(key) && !self.contacts.contains_key(key) {
                continue;
            }
            let history = histories
                .entry(key.clone())
                .or_insert_with(|| History { baseline: Contact::default(), events: Vec::new() });
            if let Some(baseline) = self.baselines.get(key) {
                history.baseline = baseline.clone();
            }
            let own = self.keys_of.get(key);
            history
                .events
                .retain(|event| !own.is_some_and(|keys| keys.contains(&event.dedupe_key)) && !self.is_withdrawn(event));
            for dedupe_key in own.into_iter().flatten() {
                let id = (key.client_id.clone(), dedupe_key.clone());
                history.events.extend(self.events.get(&id).cloned());
            }
        }
    }
}

fn listed(row: &SuppressionRow) -> Listed {
    Listed {
        scope: row.scope,
        client_id: row.client_id.clone(),
        campaign: row.campaign.clone(),
        target: row.hashed.target,
        reason: row.reason,
    }
}

fn stored(row: &EventRow) -> StoredEvent {
    StoredEvent {
        event_id: row.event_id,
        contact_id: row.contact_id,
        key: row.key.clone(),
        dedupe_key: row.dedupe_key.clone(),
        seen: row.seen.clone(),
        verdict: row.verdict.clone(),
    }
}
