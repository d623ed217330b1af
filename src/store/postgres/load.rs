//! What is known of a batch's contacts and events.

use super::{PostgresTx, fault};
use crate::domain::ids::{ClientId, ContactKey};
use crate::engine::rows::{Asked, History, Known};
use crate::store::StoreError;
use crate::store::cells::{Cells as _, add_listed, key, known_contact, stored_event};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use uuid::Uuid;

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

/// The ids of all clients' contacts that have the address $1. The only index of addresses without regard to case begins with the
/// client, so it is asked once for each client there is.
macro_rules! contacts_of_address {
    () => {
        "WITH RECURSIVE clients AS (
            (SELECT client_id FROM contacts ORDER BY client_id LIMIT 1)
            UNION ALL
            SELECT (SELECT n.client_id FROM contacts AS n WHERE n.client_id > k.client_id ORDER BY n.client_id LIMIT 1)
            FROM clients AS k WHERE k.client_id IS NOT NULL)
         SELECT a.contact_id FROM clients AS k JOIN contacts AS a ON a.client_id = k.client_id AND lower(a.email) = $1"
    };
}
pub(super) use contacts_of_address;

// Of adopted doubles the last wins: the one in lower case, else the oldest.
macro_rules! contacts_by_key {
    () => {
        "FROM contacts AS c
    JOIN unnest($1::TEXT[], $2::TEXT[]) AS k(client_id, email) ON c.client_id = k.client_id AND lower(c.email) = k.email
    ORDER BY c.client_id, lower(c.email), c.email = lower(c.email), c.created_at DESC NULLS FIRST, c.contact_id DESC"
    };
}

/// The contacts of a batch, those of its events that are known already, and what suppresses its addresses, in one answer.
macro_rules! batch {
    ($lock:literal) => {
        concat!(
            "WITH known AS (",
            contact_columns!(),
            ", c.created_at ",
            contacts_by_key!(),
            $lock,
            ")
    SELECT contact_id, client_id, email, fold, airtable_lead_id, changed_outside, version, adopted, NULL::UUID AS event_id,
           NULL::TEXT AS dedupe_key, NULL::JSONB AS seen, NULL::TEXT AS stage_before, NULL::TEXT AS stage_after,
           NULL::BOOL AS refused, NULL::TEXT AS rule, NULL::TEXT AS value_hmac, NULL::TEXT AS scope,
           NULL::TEXT AS campaign_id, NULL::TEXT AS kind, NULL::TEXT AS reason
    FROM known
    UNION ALL
    SELECT e.contact_id, e.client_id, lower(c.email), NULL, NULL, NULL, NULL, NULL, e.event_id, e.dedupe_key, e.seen,
           e.stage_before, e.stage_after, e.refused, e.rule, NULL, NULL, NULL, NULL, NULL
    FROM unnest($3::TEXT[], $4::TEXT[]) AS k(client_id, dedupe_key)
    JOIN events AS e ON e.client_id = k.client_id AND e.dedupe_key = k.dedupe_key
    JOIN contacts AS c ON c.contact_id = e.contact_id
    UNION ALL
    SELECT NULL, s.client_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, s.value_hmac,
           s.scope, s.campaign_id, s.kind, s.reason
    FROM unnest($5::TEXT[]) AS k(value_hmac)
    JOIN suppressions AS s ON s.value_hmac = k.value_hmac"
        )
    };
}

const BATCH: &str = batch!("");

/// Locked in the order of the keys, so that of two instances one waits.
const BATCH_LOCKED: &str = batch!(" FOR UPDATE OF c");

// A contact without events has one row of its own.
const HISTORIES: &str = concat!(
    contact_columns!(),
    ", e.event_id, e.dedupe_key, e.seen, e.stage_before, e.stage_after, e.refused, e.rule ",
    "FROM unnest($1::TEXT[], $2::TEXT[]) AS k(client_id, email)
    JOIN contacts AS c ON c.client_id = k.client_id AND lower(c.email) = k.email
    LEFT JOIN events AS e ON e.contact_id = c.contact_id
    ORDER BY c.client_id, lower(c.email), c.email = lower(c.email), c.created_at DESC NULLS FIRST, c.contact_id DESC"
);

impl PostgresTx {
    pub(in crate::store) async fn load(
        &mut self,
        contacts: &[ContactKey],
        events: &[(ClientId, String)],
        asked: &Asked,
        lock: bool,
    ) -> Result<Known, StoreError> {
        let mut known = Known::default();
        let statement = if lock { BATCH_LOCKED } else { BATCH };
        let (clients, emails) = columns(contacts);
        let event_clients: Vec<&str> = events.iter().map(|(client, _)| client.as_str()).collect();
        let event_keys: Vec<&str> = events.iter().map(|(_, key)| key.as_str()).collect();
        let hashes: Vec<&str> = asked.keys().map(String::as_str).collect();
        let query = || bind!(statement, &clients, &emails, &event_clients, &event_keys, &hashes);
        for row in &self.read(query).await? {
            if row.maybe("value_hmac")?.is_some() {
                add_listed(row, asked, &mut known.suppressed)?;
            } else if is_event(row)? {
                let event = stored_event(row)?;
                known.events.insert((event.key.client_id.clone(), event.dedupe_key.clone()), event);
            } else {
                known.contacts.insert(key(row)?, known_contact(row)?);
            }
        }
        Ok(known)
    }

    pub(in crate::store) async fn load_histories(
        &mut self,
        contacts: &[ContactKey],
    ) -> Result<HashMap<ContactKey, History>, StoreError> {
        let mut histories: HashMap<Uuid, History> = HashMap::new();
        let mut ids: HashMap<ContactKey, Uuid> = HashMap::new();
        let (clients, emails) = columns(contacts);
        for row in &self.read(|| bind!(HISTORIES, &clients, &emails)).await? {
            let contact_id = row.id("contact_id")?;
            let history = match histories.entry(contact_id) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let known = known_contact(row)?;
                    let baseline = if known.is_adopted { known.contact } else { row.json("baseline")? };
                    // Of doubles the last wins, as when they are loaded.
                    ids.insert(key(row)?, contact_id);
                    entry.insert(History { baseline, events: Vec::new() })
                }
            };
            if is_event(row)? {
                history.events.push(stored_event(row)?);
            }
        }
        Ok(ids.into_iter().filter_map(|(key, id)| Some((key, histories.remove(&id)?))).collect())
    }
}

fn columns(contacts: &[ContactKey]) -> (Vec<&str>, Vec<&str>) {
    contacts.iter().map(|key| (key.client_id.as_str(), key.email.as_str())).unzip()
}

fn is_event(row: &PgRow) -> Result<bool, StoreError> {
    Ok(row.try_get::<Option<Uuid>, _>("event_id").map_err(fault)?.is_some())
}
