//! What is known of a batch's contacts and events.

use super::{SqliteTx, StoreError, fault, json_text, unreadable};
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::domain::stage::Stage;
use crate::engine::rows::{History, Known, KnownContact, StoredEvent, Verdict};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;
use uuid::Uuid;

const CONTACTS: &str = "
    SELECT c.contact_id, c.client_id, c.email, c.fold, c.airtable_lead_id
    FROM json_each(?1) AS k
    CROSS JOIN contacts AS c ON c.client_id = k.value ->> 0 AND c.email = k.value ->> 1";

const EVENTS: &str = "
    SELECT e.event_id, e.contact_id, e.client_id, c.email, e.dedupe_key, e.seen, e.stage_before, e.stage_after, e.refused,
           e.rule
    FROM json_each(?1) AS k
    CROSS JOIN events AS e ON e.client_id = k.value ->> 0 AND e.dedupe_key = k.value ->> 1
    JOIN contacts AS c ON c.contact_id = e.contact_id";

const BASELINES: &str = "
    SELECT c.client_id, c.email, c.baseline
    FROM json_each(?1) AS k
    CROSS JOIN contacts AS c ON c.client_id = k.value ->> 0 AND c.email = k.value ->> 1";

const HISTORIES: &str = "
    SELECT e.event_id, e.contact_id, e.client_id, c.email, e.dedupe_key, e.seen, e.stage_before, e.stage_after, e.refused,
           e.rule
    FROM json_each(?1) AS k
    CROSS JOIN contacts AS c ON c.client_id = k.value ->> 0 AND c.email = k.value ->> 1
    CROSS JOIN events AS e ON e.contact_id = c.contact_id";

impl SqliteTx {
    pub(in crate::store) async fn load(
        &mut self,
        contacts: &[ContactKey],
        events: &[(ClientId, String)],
    ) -> Result<Known, StoreError> {
        let mut known = Known::default();
        let rows = sqlx::query(CONTACTS).bind(keys_json(contacts)?).fetch_all(&mut *self.tx).await.map_err(fault)?;
        for row in &rows {
            let contact = KnownContact {
                contact_id: id(row, "contact_id")?,
                contact: serde_json::from_str(&text(row, "fold")?).map_err(|e| unreadable("contact", e))?,
                airtable_lead_id: row.try_get("airtable_lead_id").map_err(fault)?,
            };
            known.contacts.insert(key(row)?, contact);
        }
        if !events.is_empty() {
            let rows = sqlx::query(EVENTS).bind(json_text(events)?).fetch_all(&mut *self.tx).await.map_err(fault)?;
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
        let keys = keys_json(contacts)?;
        let mut histories = HashMap::new();
        let rows = sqlx::query(BASELINES).bind(&keys).fetch_all(&mut *self.tx).await.map_err(fault)?;
        for row in &rows {
            let baseline =
                serde_json::from_str(&text(row, "baseline")?).map_err(|error| unreadable("baseline", error))?;
            histories.insert(key(row)?, History { baseline, events: Vec::new() });
        }
        let rows = sqlx::query(HISTORIES).bind(&keys).fetch_all(&mut *self.tx).await.map_err(fault)?;
        for row in &rows {
            let event = stored_event(row)?;
            if let Some(history) = histories.get_mut(&event.key) {
                history.events.push(event);
            }
        }
        Ok(histories)
    }
}

fn keys_json(contacts: &[ContactKey]) -> Result<String, StoreError> {
    let pairs: Vec<(&ClientId, &Email)> = contacts.iter().map(|key| (&key.client_id, &key.email)).collect();
    json_text(&pairs)
}

pub(super) fn text(row: &SqliteRow, column: &str) -> Result<String, StoreError> {
    row.try_get(column).map_err(fault)
}

pub(super) fn id(row: &SqliteRow, column: &str) -> Result<Uuid, StoreError> {
    Uuid::parse_str(&text(row, column)?).map_err(|error| unreadable("id", error))
}

pub(super) fn key(row: &SqliteRow) -> Result<ContactKey, StoreError> {
    Ok(ContactKey {
        client_id: ClientId::parse(&text(row, "client_id")?).map_err(|error| unreadable("client id", error))?,
        email: Email::parse(&text(row, "email")?).map_err(|error| unreadable("address", error))?,
    })
}

fn stage(row: &SqliteRow, column: &str) -> Result<Stage, StoreError> {
    let name = text(row, column)?;
    Stage::parse(&name).ok_or_else(|| unreadable("stage", name))
}

fn stored_event(row: &SqliteRow) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        event_id: id(row, "event_id")?,
        contact_id: id(row, "contact_id")?,
        key: key(row)?,
        dedupe_key: text(row, "dedupe_key")?,
        seen: serde_json::from_str(&text(row, "seen")?).map_err(|error| unreadable("event", error))?,
        verdict: Verdict {
            stage_before: stage(row, "stage_before")?,
            stage_after: stage(row, "stage_after")?,
            refused: row.try_get("refused").map_err(fault)?,
            rule: text(row, "rule")?,
        },
    })
}
