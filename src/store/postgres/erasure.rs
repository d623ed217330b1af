//! Taking a person out of every table, and the receipts of it.

use super::load::{contact_columns, contacts_of_address};
use super::{PostgresStore, PostgresTx, fault};
use crate::domain::erasure::Patterns;
use crate::domain::ids::{ClientId, Email};
use crate::store::StoreError;
use crate::store::cells::Cells as _;
use crate::store::erasure::{Form, Mention, PLACES, Place, TakenApart};
use crate::store::views::{Receipt, Subject};
use crate::store::views_of;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Executor as _};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Reading a whole table may take long.
const PATIENT: &str = "SET LOCAL statement_timeout = 0";

const SUBJECTS: &str = concat!(
    contact_columns!(),
    "FROM contacts AS c WHERE c.contact_id IN (",
    contacts_of_address!(),
    ") AND ($2::TEXT IS NULL OR c.client_id = $2) ORDER BY c.contact_id FOR UPDATE"
);

/// The day of a time, as a time.
macro_rules! day {
    ($column:literal) => {
        concat!("date_trunc('day', ", $column, ")")
    };
}

const CHATS: &str = concat!(
    "UPDATE chat_history SET
        chat_id = gen_random_uuid(), contact_id = $2, session_id = 'erased', message_key = 'erased:' || gen_random_uuid(),
        lead_id = NULL, client_id = NULL, contact_identifier = NULL, contact_name = NULL, subject = NULL,
        message_content = '', external_message_id = NULL, thread_id = NULL, action_taken = NULL, requires_action = FALSE,
        is_vectorized = FALSE, vector_id = NULL, message_timestamp = ",
    day!("message_timestamp"),
    ", created_at = ",
    day!("created_at"),
    " WHERE contact_id = $1 OR session_id = $3"
);

const EVENTS: &str = concat!(
    "UPDATE events SET event_id = gen_random_uuid(), contact_id = $2, dedupe_key = 'erased:' || gen_random_uuid(),
        delivery_id = NULL, seen = '{}', rule = 'erased', occurred_at = ",
    day!("occurred_at"),
    ", received_at = ",
    day!("received_at"),
    " WHERE contact_id = $1"
);

const LOGS: &str = concat!(
    "UPDATE automation_logs SET log_id = gen_random_uuid(), contact_id = $2, lead_id = NULL, client_id = NULL,
        action_taken = 'erased', action_details = NULL, error_message = NULL, timestamp = ",
    day!("timestamp"),
    ", created_at = ",
    day!("created_at"),
    " WHERE contact_id = $1"
);

const BORN: &str = concat!(
    "UPDATE contacts SET created_at = (SELECT ",
    day!("created_at"),
    " FROM contacts WHERE contact_id = $1) WHERE contact_id = $2"
);

const RECEIPT_COLUMNS: &str =
    "SELECT receipt_id, client_id, subject_hmac, key_id, requested_at, keeps_suppression, removed, parts,
    completed_at FROM erasures ";

const OF_SUBJECT: &str = "WHERE subject_hmac = ANY($1) ORDER BY requested_at DESC, receipt_id";

/// The columns of a place, as texts.
fn listed(place: &Place) -> String {
    let listed: Vec<String> = place.columns.iter().map(|(column, _)| format!("{column}::TEXT AS {column}")).collect();
    listed.join(", ")
}

impl PostgresTx {
    pub(in crate::store) async fn hold_person(
        &mut self,
        client_id: Option<&ClientId>,
        email: &Email,
    ) -> Result<Vec<Subject>, StoreError> {
        // Whoever works on one of them is waited for.
        self.connection().execute(PATIENT).await.map_err(fault)?;
        let query = bind!(SUBJECTS, email.as_str(), client_id.map(ClientId::as_str));
        query.fetch_all(self.connection()).await.map_err(fault)?.iter().map(views_of::subject).collect()
    }

    pub(in crate::store) async fn deliveries_of(&mut self, contact_id: Uuid) -> Result<Vec<Mention>, StoreError> {
        let query = bind!(
            "SELECT d.delivery_id AS id, d.body, d.reason FROM deliveries AS d
             WHERE d.delivery_id IN (SELECT e.delivery_id FROM events AS e WHERE e.contact_id = $1)",
            contact_id
        );
        let rows = query.fetch_all(self.connection()).await.map_err(fault)?;
        let Some(place) = PLACES.first() else { return Ok(Vec::new()) };
        rows.iter().map(|row| views_of::mention(row, place)).collect()
    }

    pub(in crate::store) async fn take_apart(
        &mut self,
        contact_id: Uuid,
        successor: Uuid,
        session_id: &str,
    ) -> Result<TakenApart, StoreError> {
        let query =
            bind!("SELECT max(lease_until) AS x FROM tasks WHERE contact_id = $1 AND status = 'running'", contact_id);
        let busy = query.fetch_one(self.connection()).await.map_err(fault)?;
        let query = bind!("SELECT 1 FROM vector_passages WHERE contact_id = $1 LIMIT 1", contact_id);
        let indexed = query.fetch_optional(self.connection()).await.map_err(fault)?;
        let mut taken = TakenApart {
            busy_until: busy.maybe("x")?.and_then(|time| time.parse().ok()),
            is_indexed: indexed.is_some(),
            ..TakenApart::default()
        };
        let chats = bind!(CHATS, contact_id, successor, session_id);
        let both = |statement| bind!(statement, contact_id, successor);
        let one = |statement| bind!(statement, contact_id);
        for (name, query) in [
            ("chat_history", chats),
            ("events", both(EVENTS)),
            ("automation_logs", both(LOGS)),
            ("tasks", one("DELETE FROM tasks WHERE contact_id = $1")),
            ("alerts", one("DELETE FROM alerts WHERE contact_id = $1")),
            ("notifications", one("DELETE FROM notifications WHERE contact_id = $1")),
            ("platform_leads", one("DELETE FROM platform_leads WHERE contact_id = $1")),
            ("-", both(BORN)),
            ("contacts", one("DELETE FROM contacts WHERE contact_id = $1")),
        ] {
            let done = query.execute(self.connection()).await.map_err(fault)?;
            taken.rows.insert(name, done.rows_affected());
        }
        taken.rows.remove("-");
        Ok(taken)
    }

    pub(in crate::store) async fn forget_aside(&mut self, client_id: &ClientId, key: &str) -> Result<u64, StoreError> {
        let query = bind!(
            "DELETE FROM gmail_aside WHERE (client_id, mailbox, message_id) IN (
                SELECT client_id, mailbox, message_id FROM gmail_aside WHERE client_id = $1 AND key = $2)",
            client_id.as_str(),
            key
        );
        Ok(query.execute(self.connection()).await.map_err(fault)?.rows_affected())
    }

    pub(in crate::store) async fn hold_mention(
        &mut self,
        place: &Place,
        id: Uuid,
    ) -> Result<Option<Mention>, StoreError> {
        let Place { name, id: key, .. } = place;
        // All names are constants of this program.
        let statement =
            format!("SELECT t.{key} AS id, {} FROM {name} AS t WHERE t.{key} = $1 FOR UPDATE", listed(place));
        let query = bind!(AssertSqlSafe(statement), id);
        let row = query.fetch_optional(self.connection()).await.map_err(fault)?;
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
            format!("DELETE FROM {name} WHERE {key} = $1")
        } else {
            let set = |(nth, (column, form)): (usize, &(&str, Form))| match form {
                Form::Text => format!("{column} = ${}", nth + 2),
                Form::Json => format!("{column} = ${}::JSONB", nth + 2),
            };
            let mut sets: Vec<String> = columns.iter().enumerate().map(set).collect();
            if sha256.is_some() {
                sets.push(format!("body_sha256 = ${}", columns.len() + 2));
            }
            format!("UPDATE {name} SET {} WHERE {key} = $1", sets.join(", "))
        };
        let mut query = bind!(AssertSqlSafe(statement), id);
        for text in texts.into_iter().flatten() {
            query = query.bind(text);
        }
        if let Some(sha256) = sha256 {
            query = query.bind(sha256.to_vec());
        }
        query.execute(self.connection()).await.map_err(fault)?;
        Ok(())
    }

    pub(in crate::store) async fn save_receipt(&mut self, receipt: &Receipt) -> Result<(), StoreError> {
        let query = bind!("INSERT INTO erasures (
                receipt_id, client_id, subject_hmac, key_id, requested_at, keeps_suppression, removed, parts, completed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (receipt_id) DO UPDATE SET
                removed = excluded.removed, parts = excluded.parts, completed_at = excluded.completed_at", receipt.receipt_id, receipt.client_id.as_ref().map(ClientId::as_str), &receipt.subject_hmac, &receipt.key_id, receipt.requested_at, receipt.keeps_suppression, Json(&receipt.removed), Json(&receipt.parts), receipt.completed_at);
        query.execute(self.connection()).await.map_err(fault)?;
        Ok(())
    }

    pub(in crate::store) async fn indexed_contacts(
        &mut self,
        chat_ids: &[Uuid],
    ) -> Result<Vec<(Uuid, ClientId)>, StoreError> {
        let query = bind!(
            "SELECT DISTINCT c.contact_id, c.client_id
             FROM chat_history AS h
                JOIN vector_passages AS v ON v.subject = 'message:' || h.chat_id
                JOIN contacts AS c ON c.contact_id = h.contact_id
             WHERE h.chat_id = ANY($1)",
            chat_ids
        );
        query.fetch_all(self.connection()).await.map_err(fault)?.iter().map(views_of::id_and_client).collect()
    }

    pub(in crate::store) async fn keep_lease(
        &mut self,
        task_id: Uuid,
        lease: Uuid,
        lease_until: DateTime<Utc>,
        payload: &Value,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(
            "UPDATE tasks SET lease_until = $3, payload = $4 WHERE task_id = $1 AND lease = $2 AND status = 'running'",
        );
        let query = query.bind(task_id).bind(lease).bind(lease_until).bind(Json(payload));
        Ok(query.execute(self.connection()).await.map_err(fault)?.rows_affected() == 1)
    }

    pub(in crate::store) async fn receipts_of(&mut self, hashes: &[String]) -> Result<Vec<Receipt>, StoreError> {
        let query = bind!(AssertSqlSafe([RECEIPT_COLUMNS, OF_SUBJECT].concat()), hashes);
        query.fetch_all(self.connection()).await.map_err(fault)?.iter().map(views_of::receipt).collect()
    }

    pub(in crate::store) async fn hold_receipt(&mut self, receipt_id: Uuid) -> Result<Option<Receipt>, StoreError> {
        let statement = [RECEIPT_COLUMNS, "WHERE receipt_id = $1 FOR UPDATE"].concat();
        let query = bind!(AssertSqlSafe(statement), receipt_id);
        query.fetch_optional(self.connection()).await.map_err(fault)?.as_ref().map(views_of::receipt).transpose()
    }
}

impl PostgresStore {
    pub(in crate::store) async fn mentions(
        &self,
        place: &Place,
        client_id: Option<&ClientId>,
        patterns: &Patterns,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Mention>, StoreError> {
        let Place { name, id, client, columns, .. } = place;
        let whole: Vec<String> = columns.iter().map(|(column, _)| format!("coalesce({column}::TEXT, '')")).collect();
        let (listed, whole, client) = (listed(place), whole.join(" || chr(10) || "), client.replace('$', "$1"));
        // All names are constants of this program.
        let statement = format!(
            "SELECT t.{id} AS id, {listed} FROM {name} AS t
             WHERE t.{id} > $2 AND ($1::TEXT IS NULL OR {client})
               AND (EXISTS (SELECT FROM unnest($3::TEXT[]) AS p(text) WHERE position(p.text IN lower({whole})) > 0)
                    OR EXISTS (SELECT FROM unnest($4::TEXT[]) AS p(text) WHERE position(p.text IN {whole}) > 0))
             ORDER BY t.{id} LIMIT $5"
        );
        let mut tx = self.readers.begin().await.map_err(fault)?;
        tx.execute(PATIENT).await.map_err(fault)?;
        let rows = bind!(
            AssertSqlSafe(statement),
            client_id.map(ClientId::as_str),
            after.unwrap_or_default(),
            &patterns.folded,
            &patterns.exact,
            i64::from(limit)
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(fault)?;
        tx.commit().await.map_err(fault)?;
        rows.iter().map(|row| views_of::mention(row, place)).collect()
    }

    pub(in crate::store) async fn receipt(&self, receipt_id: Uuid) -> Result<Option<Receipt>, StoreError> {
        let statement = [RECEIPT_COLUMNS, "WHERE receipt_id = $1"].concat();
        let query = bind!(AssertSqlSafe(statement), receipt_id);
        query.fetch_optional(&self.readers).await.map_err(fault)?.as_ref().map(views_of::receipt).transpose()
    }

    pub(in crate::store) async fn receipts_of(&self, hashes: &[String]) -> Result<Vec<Receipt>, StoreError> {
        let query = bind!(AssertSqlSafe([RECEIPT_COLUMNS, OF_SUBJECT].concat()), hashes);
        query.fetch_all(&self.readers).await.map_err(fault)?.iter().map(views_of::receipt).collect()
    }

    pub(in crate::store) async fn rows_of_contact(
        &self,
        contact_id: Uuid,
        session_id: &str,
    ) -> Result<BTreeMap<String, Vec<Value>>, StoreError> {
        let mut tables = BTreeMap::new();
        for (name, statement) in [
            ("contacts", "SELECT to_jsonb(t) AS row FROM contacts AS t WHERE contact_id = $1 AND $2 <> ''"),
            (
                "chat_history",
                "SELECT to_jsonb(t) AS row FROM chat_history AS t WHERE contact_id = $1 OR session_id = $2
                 ORDER BY message_timestamp, chat_id",
            ),
            (
                "events",
                "SELECT to_jsonb(t) AS row FROM events AS t WHERE contact_id = $1 AND $2 <> ''
                 ORDER BY occurred_at, event_id",
            ),
            (
                "automation_logs",
                "SELECT to_jsonb(t) AS row FROM automation_logs AS t WHERE contact_id = $1 AND $2 <> ''
                 ORDER BY timestamp, log_id",
            ),
            (
                "alerts",
                "SELECT to_jsonb(t) AS row FROM alerts AS t WHERE contact_id = $1 AND $2 <> ''
                 ORDER BY first_at, alert_id",
            ),
            (
                "notifications",
                "SELECT to_jsonb(t) AS row FROM notifications AS t WHERE contact_id = $1 AND $2 <> '' ORDER BY seq",
            ),
            (
                "platform_leads",
                "SELECT to_jsonb(t) AS row FROM platform_leads AS t WHERE contact_id = $1 AND $2 <> ''
                 ORDER BY platform, campaign_id",
            ),
            (
                "tasks",
                "SELECT to_jsonb(t) AS row FROM tasks AS t WHERE contact_id = $1 AND $2 <> ''
                 ORDER BY created_at, task_id",
            ),
            (
                "lead_lists",
                "SELECT to_jsonb(t) AS row FROM lead_lists AS t
                 WHERE list_id = (SELECT list_id FROM contacts WHERE contact_id = $1) AND $2 <> ''",
            ),
            (
                "deliveries",
                "SELECT to_jsonb(t) AS row FROM deliveries AS t
                 WHERE delivery_id IN (SELECT delivery_id FROM events WHERE contact_id = $1) AND $2 <> ''
                 ORDER BY received_at, delivery_id",
            ),
        ] {
            let query = bind!(statement, contact_id, session_id);
            let rows = query.fetch_all(&self.readers).await.map_err(fault)?;
            tables.insert(name.to_owned(), rows.iter().map(|row| row.json("row")).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(tables)
    }
}
