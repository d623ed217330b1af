//! What is known of a batch's contacts and events.

use super::{PostgresTx, fault};
use crate::domain::ids::{ClientId, ContactKey};
use crate::engine::rows::{History, Known};
use crate::store::StoreError;
use crate::store::cells::{Cells as _, key, known_contact, stored_event};
use std::collections::HashMap;

/// What `known_contact` reads; the row's columns only where the engine never folded it.
macro_rules! contact_columns {
    () => {
        "
    SELECT c.contact_id, c.client_id, lower(c.email) AS email, c.fold, c.baseline, c.airtable_lead_id, c.lead_stage_written,
           c.changed_outside, c.xmin::TEXT::BIGINT AS version, CASE WHEN c.fold = '{}' THEN to_jsonb(c) END AS adopted
    "
    };
}
pub(super) use contact_columns;

// Of adopted doubles the last wins: the one in lower case, else the oldest.
macro_rules! contacts_by_key {
    () => {
        "FROM contacts AS c
    JOIN unnest($1::TEXT[], $2::TEXT[]) AS k(client_id, email) ON c.client_id = k.client_id AND lower(c.email) = k.email
    ORDER BY c.client_id, lower(c.email), c.email = lower(c.email), c.created_at DESC NULLS FIRST, c.contact_id DESC"
    };
}

const CONTACTS: &str = concat!(contact_columns!(), contacts_by_key!());

/// Locked in the order of the keys, so that of two instances one waits.
const CONTACTS_LOCKED: &str = concat!(contact_columns!(), contacts_by_key!(), " FOR UPDATE OF c");

macro_rules! event_columns {
    () => {
        "
    SELECT e.event_id, e.contact_id, e.client_id, lower(c.email) AS email, e.dedupe_key, e.seen, e.stage_before, e.stage_after,
           e.refused, e.rule
    "
    };
}

const EVENTS: &str = concat!(
    event_columns!(),
    "FROM unnest($1::TEXT[], $2::TEXT[]) AS k(client_id, dedupe_key)
    JOIN events AS e ON e.client_id = k.client_id AND e.dedupe_key = k.dedupe_key
    JOIN contacts AS c ON c.contact_id = e.contact_id"
);

const HISTORIES: &str = concat!(
    event_columns!(),
    "FROM unnest($1::UUID[]) AS k(contact_id)
    JOIN contacts AS c ON c.contact_id = k.contact_id
    JOIN events AS e ON e.contact_id = c.contact_id"
);

impl PostgresTx {
    pub(in crate::store) async fn load(
        &mut self,
        contacts: &[ContactKey],
        events: &[(ClientId, String)],
        lock: bool,
    ) -> Result<Known, StoreError> {
        let mut known = Known::default();
        for row in &self.contacts(contacts, lock).await? {
            known.contacts.insert(key(row)?, known_contact(row)?);
        }
        if !events.is_empty() {
            let clients: Vec<&str> = events.iter().map(|(client, _)| client.as_str()).collect();
            let keys: Vec<&str> = events.iter().map(|(_, key)| key.as_str()).collect();
            let rows = sqlx::query(EVENTS).bind(clients).bind(keys).fetch_all(&mut *self.tx).await.map_err(fault)?;
            for row in &rows {
                let event = stored_event(row)?;
                known.events.insert((event.key.client_id.clone(), event.dedupe_key.clone()), event);
            }
        }
        Ok(known)
    }

    pub(in crate::store) async fn load_histories(
        &mut self,
        contacts: &[ContactKey],
    ) -> Result<HashMap<ContactKey, History>, StoreError> {
        let mut histories = HashMap::new();
        let mut ids = HashMap::new();
        for row in &self.contacts(contacts, false).await? {
            let known = known_contact(row)?;
            let baseline = if known.is_adopted { known.contact } else { row.json("baseline")? };
            let key = key(row)?;
            ids.insert(key.clone(), known.contact_id);
            histories.insert(key, History { baseline, events: Vec::new() });
        }
        let ids: Vec<uuid::Uuid> = ids.into_values().collect();
        let rows = sqlx::query(HISTORIES).bind(ids).fetch_all(&mut *self.tx).await.map_err(fault)?;
        for row in &rows {
            let event = stored_event(row)?;
            if let Some(history) = histories.get_mut(&event.key) {
                history.events.push(event);
            }
        }
        Ok(histories)
    }

    async fn contacts(
        &mut self,
        contacts: &[ContactKey],
        lock: bool,
    ) -> Result<Vec<sqlx::postgres::PgRow>, StoreError> {
        let clients: Vec<&str> = contacts.iter().map(|key| key.client_id.as_str()).collect();
        let emails: Vec<&str> = contacts.iter().map(|key| key.email.as_str()).collect();
        let statement = if lock { CONTACTS_LOCKED } else { CONTACTS };
        sqlx::query(statement).bind(clients).bind(emails).fetch_all(&mut *self.tx).await.map_err(fault)
    }
}
