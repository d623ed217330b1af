//! Taking a person out of every table, and the receipts of it.

use super::load::contact_columns;
use super::{SqliteStore, SqliteTx, StoreError, fault, json_text, time_text};
use crate::domain::erasure::Patterns;
use crate::domain::ids::{ClientId, Email};
use crate::store::cells::Cells as _;
use crate::store::erasure::{Form, Mention, PLACES, Place, TakenApart};
use crate::store::views::{Receipt, Subject};
use crate::store::views_of;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Column as _, Row as _, TypeInfo as _, ValueRef as _};
use std::collections::BTreeMap;
use uuid::Uuid;

const SUBJECTS: &str = concat!(
    contact_columns!(),
    "FROM contacts AS c WHERE c.email = ?1 AND (?2 IS NULL OR c.client_id = ?2) ORDER BY c.contact_id"
);

/// A random UUID (RFC 9562 5.4).
macro_rules! new_id {
    () => {
        "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' ||
               substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
    };
}

/// The day of a stored time, as a stored time.
macro_rules! day {
    ($column:literal) => {
        concat!("substr(", $column, ", 1, 10) || 'T00:00:00.000000Z'")
    };
}

const CHATS: &str = concat!(
    "UPDATE chat_history SET
        chat_id = ",
    new_id!(),
    ", contact_id = ?2, session_id = 'erased', message_key = 'erased:' || lower(hex(randomblob(16))),
        lead_id = NULL, client_id = NULL, contact_identifier = NULL, contact_name = NULL, subject = NULL,
        message_content = '', external_message_id = NULL, thread_id = NULL, action_taken = NULL, requires_action = 0,
        is_vectorized = 0, vector_id = NULL, message_timestamp = ",
    day!("message_timestamp"),
    ", created_at = ",
    day!("created_at"),
    " WHERE contact_id = ?1 OR session_id = ?3"
);

const EVENTS: &str = concat!(
    "UPDATE events SET event_id = ",
    new_id!(),
    ", contact_id = ?2, dedupe_key = 'erased:' || lower(hex(randomblob(16))), delivery_id = NULL, seen = '{}',
        rule = 'erased', occurred_at = ",
    day!("occurred_at"),
    ", received_at = ",
    day!("received_at"),
    " WHERE contact_id = ?1"
);

const LOGS: &str = concat!(
    "UPDATE automation_logs SET log_id = ",
    new_id!(),
    ", contact_id = ?2, lead_id = NULL, client_id = NULL, action_taken = 'erased', action_details = NULL,
        error_message = NULL, timestamp = ",
    day!("timestamp"),
    ", created_at = ",
    day!("created_at"),
    " WHERE contact_id = ?1"
);

const BORN: &str = concat!(
    "UPDATE contacts SET created_at = (SELECT ",
    day!("created_at"),
    " FROM contacts WHERE contact_id = ?1) WHERE contact_id = ?2"
);

const RECEIPT_COLUMNS: &str =
    "SELECT receipt_id, client_id, subject_hmac, key_id, requested_at, keeps_suppression, removed, parts,
    completed_at FROM erasures ";

const OF_SUBJECT: &str =
    "WHERE subject_hmac IN (SELECT value FROM json_each(?1)) ORDER BY requested_at DESC, receipt_id";

/// The columns of a place.
fn listed(place: &Place) -> String {
    let names: Vec<&str> = place.columns.iter().map(|(column, _)| *column).collect();
    names.join(", ")
}

impl SqliteTx {
    pub(in crate::store) async fn hold_person(
        &mut self,
        client_id: Option<&ClientId>,
        email: &Email,
    ) -> Result<Vec<Subject>, StoreError> {
        let query = bind!(SUBJECTS, email.as_str(), client_id.map(ClientId::as_str));
        query.fetch_all(&mut *self.tx).await.map_err(fault)?.iter().map(views_of::subject).collect()
    }

    pub(in crate::store) async fn deliveries_of(&mut self, contact_id: Uuid) -> Result<Vec<Mention>, StoreError> {
        let rows = bind!(
            "SELECT d.delivery_id AS id, d.body, d.reason FROM deliveries AS d
             WHERE d.delivery_id IN (SELECT e.delivery_id FROM events AS e WHERE e.contact_id = ?1)",
            contact_id.to_string()
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(fault)?;
        let Some(place) = PLACES.first() else { return Ok(Vec::new()) };
        rows.iter().map(|row| views_of::mention(row, place)).collect()
    }

    pub(in crate::store) async fn take_apart(
        &mut self,
        contact_id: Uuid,
        successor: Uuid,
        session_id: &str,
    ) -> Result<TakenApart, StoreError> {
        let (old, new) = (contact_id.to_string(), successor.to_string());
        let busy = bind!("SELECT max(lease_until) AS x FROM tasks WHERE contact_id = ?1 AND status = 'running'", &old)
            .fetch_one(&mut *self.tx)
            .await
            .map_err(fault)?;
        let indexed = bind!("SELECT 1 FROM vector_passages WHERE contact_id = ?1 LIMIT 1", &old)
            .fetch_optional(&mut *self.tx)
            .await
            .map_err(fault)?;
        let mut taken = TakenApart {
            busy_until: busy.maybe("x")?.and_then(|time| time.parse().ok()),
            is_indexed: indexed.is_some(),
            ..TakenApart::default()
        };
        for (name, statement) in [
            ("chat_history", CHATS),
            ("events", EVENTS),
            ("automation_logs", LOGS),
            ("tasks", "DELETE FROM tasks WHERE contact_id = ?1"),
            ("alerts", "DELETE FROM alerts WHERE contact_id = ?1"),
            ("notifications", "DELETE FROM notifications WHERE contact_id = ?1"),
            ("platform_leads", "DELETE FROM platform_leads WHERE contact_id = ?1"),
            ("-", BORN),
            ("contacts", "DELETE FROM contacts WHERE contact_id = ?1"),
        ] {
            let query = bind!(statement, &old, &new, session_id);
            let done = query.execute(&mut *self.tx).await.map_err(fault)?;
            taken.rows.insert(name, done.rows_affected());
        }
        taken.rows.remove("-");
        Ok(taken)
    }

    pub(in crate::store) async fn forget_aside(&mut self, client_id: &ClientId, key: &str) -> Result<u64, StoreError> {
        let done = bind!(
            "DELETE FROM gmail_aside WHERE (client_id, mailbox, message_id) IN (
                SELECT client_id, mailbox, message_id FROM gmail_aside WHERE client_id = ?1 AND key = ?2)",
            client_id.as_str(),
            key
        )
        .execute(&mut *self.tx)
        .await
        .map_err(fault)?;
        Ok(done.rows_affected())
    }

    pub(in crate::store) async fn hold_mention(
        &mut self,
        place: &Place,
        id: Uuid,
    ) -> Result<Option<Mention>, StoreError> {
        let Place { name, id: key, .. } = place;
        // All names are constants of this program; nobody else writes while this transaction is open.
        let statement = format!("SELECT t.{key} AS id, {} FROM {name} AS t WHERE t.{key} = ?1", listed(place));
        let query = bind!(AssertSqlSafe(statement), id.to_string());
        let row = query.fetch_optional(&mut *self.tx).await.map_err(fault)?;
        row.as_ref().map(|row| views_of::mention(row, place)).transpose()
    }

    pub(in crate::store) async fn rewrite(
        &mut self,
        place: &Place,
        id: Uuid,
        texts: Option<&[Option<String>]>,
        sha256: Option<[u8; 32]>,
    ) -> Result<(), StoreError> {
        let Place { name, id: key, columns, .. } = place;
        // All names are constants of this program.
        let statement = if texts.is_none() {
            format!("DELETE FROM {name} WHERE {key} = ?1")
        } else {
            let mut sets: Vec<String> =
                columns.iter().enumerate().map(|(nth, (column, _))| format!("{column} = ?{}", nth + 2)).collect();
            if sha256.is_some() {
                sets.push(format!("body_sha256 = ?{}", columns.len() + 2));
            }
            format!("UPDATE {name} SET {} WHERE {key} = ?1", sets.join(", "))
        };
        let mut query = bind!(AssertSqlSafe(statement), id.to_string());
        for text in texts.into_iter().flatten() {
            query = query.bind(text);
        }
        if let Some(sha256) = sha256 {
            query = query.bind(hex::encode(sha256));
        }
        query.execute(&mut *self.tx).await.map_err(fault)?;
        Ok(())
    }

    pub(in crate::store) async fn save_receipt(&mut self, receipt: &Receipt) -> Result<(), StoreError> {
        bind!("INSERT INTO erasures (
                receipt_id, client_id, subject_hmac, key_id, requested_at, keeps_suppression, removed, parts, completed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (receipt_id) DO UPDATE SET
                removed = excluded.removed, parts = excluded.parts, completed_at = excluded.completed_at", receipt.receipt_id.to_string(), receipt.client_id.as_ref().map(ClientId::as_str), &receipt.subject_hmac, &receipt.key_id, time_text(receipt.requested_at), receipt.keeps_suppression, json_text(&receipt.removed)?, json_text(&receipt.parts)?, receipt.completed_at.map(time_text))
        .execute(&mut *self.tx)
        .await
        .map_err(fault)?;
        Ok(())
    }

    pub(in crate::store) async fn indexed_contacts(
        &mut self,
        chat_ids: &[Uuid],
    ) -> Result<Vec<(Uuid, ClientId)>, StoreError> {
        let rows = bind!(
            "SELECT DISTINCT c.contact_id, c.client_id
             FROM json_each(?1) AS k
                CROSS JOIN chat_history AS h ON h.chat_id = k.value
                JOIN vector_passages AS v ON v.subject = 'message:' || h.chat_id
                JOIN contacts AS c ON c.contact_id = h.contact_id",
            json_text(chat_ids)?
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(fault)?;
        rows.iter().map(views_of::id_and_client).collect()
    }

    pub(in crate::store) async fn keep_lease(
        &mut self,
        task_id: Uuid,
        lease: Uuid,
        lease_until: DateTime<Utc>,
        payload: &Value,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(
            "UPDATE tasks SET lease_until = ?3, payload = ?4 WHERE task_id = ?1 AND lease = ?2 AND status = 'running'",
        );
        let query = query.bind(task_id.to_string()).bind(lease.to_string()).bind(time_text(lease_until));
        let done = query.bind(payload.to_string()).execute(&mut *self.tx).await.map_err(fault)?;
        Ok(done.rows_affected() == 1)
    }

    pub(in crate::store) async fn receipts_of(&mut self, hashes: &[String]) -> Result<Vec<Receipt>, StoreError> {
        let query = bind!(AssertSqlSafe([RECEIPT_COLUMNS, OF_SUBJECT].concat()), json_text(hashes)?);
        query.fetch_all(&mut *self.tx).await.map_err(fault)?.iter().map(views_of::receipt).collect()
    }

    pub(in crate::store) async fn hold_receipt(&mut self, receipt_id: Uuid) -> Result<Option<Receipt>, StoreError> {
        let statement = [RECEIPT_COLUMNS, "WHERE receipt_id = ?1"].concat();
        let query = bind!(AssertSqlSafe(statement), receipt_id.to_string());
        query.fetch_optional(&mut *self.tx).await.map_err(fault)?.as_ref().map(views_of::receipt).transpose()
    }
}

impl SqliteStore {
    pub(in crate::store) async fn mentions(
        &self,
        place: &Place,
        client_id: Option<&ClientId>,
        patterns: &Patterns,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Mention>, StoreError> {
        let Place { name, id, client, columns, .. } = place;
        let whole: Vec<String> = columns.iter().map(|(column, _)| format!("coalesce({column}, '')")).collect();
        let (listed, whole, client) = (listed(place), whole.join(" || char(10) || "), client.replace('$', "?1"));
        // All names are constants of this program; SQLite lowers ASCII letters alone, and so are the patterns.
        let statement = format!(
            "SELECT t.{id} AS id, {listed} FROM {name} AS t
             WHERE t.{id} > ?2 AND (?1 IS NULL OR {client})
               AND (EXISTS (SELECT 1 FROM json_each(?3) AS p WHERE instr(lower({whole}), p.value) > 0)
                    OR EXISTS (SELECT 1 FROM json_each(?4) AS p WHERE instr({whole}, p.value) > 0))
             ORDER BY t.{id} LIMIT ?5"
        );
        let bound = bind!(
            AssertSqlSafe(statement),
            client_id.map(ClientId::as_str),
            after.unwrap_or_default().to_string(),
            json_text(&patterns.folded)?,
            json_text(&patterns.exact)?,
            limit
        );
        self.all(bound, |row| views_of::mention(row, place)).await
    }

    pub(in crate::store) async fn receipt(&self, receipt_id: Uuid) -> Result<Option<Receipt>, StoreError> {
        let statement = [RECEIPT_COLUMNS, "WHERE receipt_id = ?1"].concat();
        let query = bind!(AssertSqlSafe(statement), receipt_id.to_string());
        query.fetch_optional(&self.readers).await.map_err(fault)?.as_ref().map(views_of::receipt).transpose()
    }

    pub(in crate::store) async fn receipts_of(&self, hashes: &[String]) -> Result<Vec<Receipt>, StoreError> {
        let query = bind!(AssertSqlSafe([RECEIPT_COLUMNS, OF_SUBJECT].concat()), json_text(hashes)?);
        query.fetch_all(&self.readers).await.map_err(fault)?.iter().map(views_of::receipt).collect()
    }

    pub(in crate::store) async fn rows_of_contact(
        &self,
        contact_id: Uuid,
        session_id: &str,
    ) -> Result<BTreeMap<String, Vec<Value>>, StoreError> {
        let mut tables = BTreeMap::new();
        for (name, statement) in [
            ("contacts", "SELECT * FROM contacts WHERE contact_id = ?1"),
            (
                "chat_history",
                "SELECT * FROM chat_history WHERE contact_id = ?1 OR session_id = ?2 ORDER BY message_timestamp, chat_id",
            ),
            ("events", "SELECT * FROM events WHERE contact_id = ?1 ORDER BY occurred_at, event_id"),
            ("automation_logs", "SELECT * FROM automation_logs WHERE contact_id = ?1 ORDER BY timestamp, log_id"),
            ("alerts", "SELECT * FROM alerts WHERE contact_id = ?1 ORDER BY first_at, alert_id"),
            ("notifications", "SELECT * FROM notifications WHERE contact_id = ?1 ORDER BY seq"),
            ("platform_leads", "SELECT * FROM platform_leads WHERE contact_id = ?1 ORDER BY platform, campaign_id"),
            ("tasks", "SELECT * FROM tasks WHERE contact_id = ?1 ORDER BY created_at, task_id"),
            (
                "lead_lists",
                "SELECT * FROM lead_lists WHERE list_id = (SELECT list_id FROM contacts WHERE contact_id = ?1)",
            ),
            (
                "deliveries",
                "SELECT * FROM deliveries WHERE delivery_id IN (SELECT delivery_id FROM events WHERE contact_id = ?1)
                 ORDER BY received_at, delivery_id",
            ),
        ] {
            let query = bind!(statement, contact_id.to_string(), session_id);
            let rows = query.fetch_all(&self.readers).await.map_err(fault)?;
            tables.insert(name.to_owned(), rows.iter().map(row_json).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(tables)
    }
}

/// A row as JSON: columns that hold JSON as what they hold.
fn row_json(row: &SqliteRow) -> Result<Value, StoreError> {
    let is_json = |name: &str| {
        let json = |place: &Place| place.columns.iter().any(|(column, form)| *column == name && *form == Form::Json);
        PLACES.iter().any(json) || matches!(name, "past_campaign_ids" | "metadata" | "lead_written")
    };
    let mut fields = Map::new();
    for column in row.columns() {
        let raw = row.try_get_raw(column.ordinal()).map_err(fault)?;
        let value = match (raw.is_null(), raw.type_info().name()) {
            (true, _) => Value::Null,
            (false, "INTEGER" | "BOOLEAN") => Value::from(row.try_get::<i64, _>(column.ordinal()).map_err(fault)?),
            (false, _) => {
                let text: String = row.try_get(column.ordinal()).map_err(fault)?;
                let parsed = if is_json(column.name()) { serde_json::from_str(&text).ok() } else { None };
                parsed.unwrap_or(Value::String(text))
            }
        };
        fields.insert(column.name().to_owned(), value);
    }
    Ok(Value::Object(fields))
}
