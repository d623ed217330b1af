//! What operators read. Every list has a limit and an index.

use super::load::{id, text};
use super::{SqliteStore, StoreError, fault, unreadable};
use crate::domain::ids::ContactKey;
use crate::domain::stage::Stage;
use crate::store::views::{
    ChatView, ContactView, CountsView, DeliveryFilter, DeliveryView, EventFilter, EventView, LogView, TaskFilter,
    TaskView, TimelineView,
};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

const ROWS_MAX: u32 = 10_000;

const EVENT_COLUMNS: &str = "
    SELECT e.event_id, e.client_id, e.contact_id, c.email, e.kind, e.source, e.occurred_at, e.received_at, e.delivery_id,
           e.dedupe_key, e.stage_before, e.stage_after, e.refused, e.rule
    FROM events AS e JOIN contacts AS c ON c.contact_id = e.contact_id";

impl SqliteStore {
    pub(in crate::store) async fn contact(&self, key: &ContactKey) -> Result<Option<ContactView>, StoreError> {
        let row = sqlx::query("SELECT * FROM contacts WHERE client_id = ?1 AND email = ?2")
            .bind(key.client_id.as_str())
            .bind(key.email.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault)?;
        row.as_ref().map(contact_view).transpose()
    }

    pub(in crate::store) async fn timeline(&self, contact_id: Uuid, limit: u32) -> Result<TimelineView, StoreError> {
        let id = contact_id.to_string();
        let statement = const_format(
            EVENT_COLUMNS,
            " WHERE e.contact_id = ?1 ORDER BY e.occurred_at DESC, e.dedupe_key DESC LIMIT ?2",
        );
        let mut events =
            self.rows(statement, &id, limit).await?.iter().map(event_view).collect::<Result<Vec<_>, _>>()?;
        let mut messages = self
            .rows(
                "SELECT * FROM chat_history WHERE contact_id = ?1 ORDER BY message_timestamp DESC, message_key DESC LIMIT ?2"
                    .to_owned(),
                &id,
                limit,
            )
            .await?
            .iter()
            .map(chat_view)
            .collect::<Result<Vec<_>, _>>()?;
        let mut logs = self
            .rows(
                "SELECT * FROM automation_logs WHERE contact_id = ?1 ORDER BY timestamp DESC, log_id DESC LIMIT ?2"
                    .to_owned(),
                &id,
                limit,
            )
            .await?
            .iter()
            .map(log_view)
            .collect::<Result<Vec<_>, _>>()?;
        events.reverse();
        messages.reverse();
        logs.reverse();
        Ok(TimelineView { events, messages, logs })
    }

    async fn rows(&self, statement: String, id: &str, limit: u32) -> Result<Vec<SqliteRow>, StoreError> {
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(id)
            .bind(limit.min(ROWS_MAX))
            .fetch_all(&self.readers)
            .await
            .map_err(fault)
    }

    pub(in crate::store) async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryView>, StoreError> {
        let rows = sqlx::query(
            "SELECT delivery_id, client_id, source, received_at, outcome, reason, events_count FROM deliveries
             WHERE (?1 IS NULL OR outcome = ?1) AND (?2 IS NULL OR source = ?2) AND (?3 IS NULL OR client_id = ?3)
             ORDER BY received_at DESC, delivery_id DESC LIMIT ?4",
        )
        .bind(filter.outcome.map(crate::engine::rows::Outcome::as_str))
        .bind(filter.source.map(crate::domain::event::Source::as_str))
        .bind(filter.client.as_ref().map(|client| client.as_str().to_owned()))
        .bind(filter.limit.min(ROWS_MAX))
        .fetch_all(&self.readers)
        .await
        .map_err(fault)?;
        rows.iter()
            .map(|row| {
                Ok(DeliveryView {
                    delivery_id: text(row, "delivery_id")?,
                    client_id: text(row, "client_id")?,
                    source: text(row, "source")?,
                    received_at: text(row, "received_at")?,
                    outcome: text(row, "outcome")?,
                    reason: maybe(row, "reason")?,
                    events_count: number(row, "events_count")?,
                })
            })
            .collect()
    }

    pub(in crate::store) async fn events(&self, filter: &EventFilter) -> Result<Vec<EventView>, StoreError> {
        let statement = const_format(
            EVENT_COLUMNS,
            " WHERE (?1 IS NULL OR e.client_id = ?1) AND (?2 IS NULL OR c.email = ?2) AND (?3 IS NULL OR e.kind = ?3)
             ORDER BY e.received_at DESC, e.event_id DESC LIMIT ?4",
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(filter.client.as_ref().map(|client| client.as_str().to_owned()))
            .bind(filter.email.as_ref().map(|email| email.as_str().to_owned()))
            .bind(filter.kind.clone())
            .bind(filter.limit.min(ROWS_MAX))
            .fetch_all(&self.readers)
            .await
            .map_err(fault)?;
        rows.iter().map(event_view).collect()
    }

    pub(in crate::store) async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskView>, StoreError> {
        let rows = sqlx::query(
            "SELECT task_id, kind, client_id, task_key, contact_id, priority, status, attempts, due_at, last_error
             FROM tasks
             WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR kind = ?2)
             ORDER BY due_at, task_id LIMIT ?3",
        )
        .bind(filter.status.map(crate::engine::rows::TaskStatus::as_str))
        .bind(filter.kind.map(crate::engine::rows::TaskKind::as_str))
        .bind(filter.limit.min(ROWS_MAX))
        .fetch_all(&self.readers)
        .await
        .map_err(fault)?;
        rows.iter()
            .map(|row| {
                Ok(TaskView {
                    task_id: text(row, "task_id")?,
                    kind: text(row, "kind")?,
                    client_id: text(row, "client_id")?,
                    task_key: text(row, "task_key")?,
                    contact_id: maybe(row, "contact_id")?,
                    priority: number(row, "priority")?,
                    status: text(row, "status")?,
                    attempts: number(row, "attempts")?,
                    due_at: text(row, "due_at")?,
                    last_error: maybe(row, "last_error")?,
                })
            })
            .collect()
    }

    pub(in crate::store) async fn counts(&self) -> Result<CountsView, StoreError> {
        let mut counts = CountsView::default();
        let contacts =
            "SELECT client_id, json_extract(fold, '$.stage') AS stage, count(*) AS n FROM contacts GROUP BY 1, 2";
        for row in sqlx::query(contacts).fetch_all(&self.readers).await.map_err(fault)? {
            let stages = counts.contacts.entry(text(&row, "client_id")?).or_default();
            stages.insert(text(&row, "stage")?, number(&row, "n")?);
        }
        let two = [
            ("SELECT outcome AS name, count(*) AS n FROM deliveries GROUP BY 1", &mut counts.deliveries),
            (
                "SELECT message_type || ' ' || message_status AS name, count(*) AS n FROM chat_history GROUP BY 1",
                &mut counts.chat_rows,
            ),
            ("SELECT kind || ' ' || status AS name, count(*) AS n FROM tasks GROUP BY 1", &mut counts.tasks),
        ];
        for (statement, map) in two {
            for row in sqlx::query(statement).fetch_all(&self.readers).await.map_err(fault)? {
                map.insert(text(&row, "name")?, number(&row, "n")?);
            }
        }
        let row = sqlx::query("SELECT count(*) AS n FROM events").fetch_one(&self.readers).await.map_err(fault)?;
        counts.events = number(&row, "n")?;
        Ok(counts)
    }
}

/// A statement in two constant parts; nothing from outside goes in.
fn const_format(head: &'static str, tail: &'static str) -> String {
    [head, tail].concat()
}

fn maybe(row: &SqliteRow, column: &str) -> Result<Option<String>, StoreError> {
    row.try_get(column).map_err(fault)
}

fn number(row: &SqliteRow, column: &str) -> Result<i64, StoreError> {
    row.try_get(column).map_err(fault)
}

fn flag(row: &SqliteRow, column: &str) -> Result<bool, StoreError> {
    row.try_get::<Option<bool>, _>(column).map_err(fault).map(Option::unwrap_or_default)
}

fn contact_view(row: &SqliteRow) -> Result<ContactView, StoreError> {
    let past: Option<String> = maybe(row, "past_campaign_ids")?;
    let fold: serde_json::Value =
        serde_json::from_str(&text(row, "fold")?).map_err(|error| unreadable("contact", error))?;
    let stage = fold.get("stage").and_then(serde_json::Value::as_str).unwrap_or_default();
    Ok(ContactView {
        contact_id: id(row, "contact_id")?,
        client_id: text(row, "client_id")?,
        email: text(row, "email")?,
        stage: Stage::parse(stage).ok_or_else(|| unreadable("stage", stage))?,
        first_name: maybe(row, "first_name")?,
        last_name: maybe(row, "last_name")?,
        phone: maybe(row, "phone")?,
        company_name: maybe(row, "company_name")?,
        job_title: maybe(row, "job_title")?,
        source: maybe(row, "source")?,
        list_id: maybe(row, "list_id")?,
        lead_status: text(row, "lead_status")?,
        pipeline_status: text(row, "pipeline_status")?,
        campaign_status: maybe(row, "campaign_status")?,
        lead_email_status: maybe(row, "lead_email_status")?,
        current_campaign_id: maybe(row, "current_campaign_id")?,
        past_campaign_ids: past.and_then(|past| serde_json::from_str(&past).ok()).unwrap_or_default(),
        last_contact_date: maybe(row, "last_contact_date")?,
        last_reply_date: maybe(row, "last_reply_date")?,
        last_touch_date: maybe(row, "last_touch_date")?,
        reply_count: number(row, "reply_count")?,
        emails_sent_count: number(row, "emails_sent_count")?,
        follow_up_date: maybe(row, "follow_up_date")?,
        follow_up_reason: maybe(row, "follow_up_reason")?,
        has_engaged: flag(row, "has_engaged")?,
        airtable_lead_id: maybe(row, "airtable_lead_id")?,
        promoted_at: maybe(row, "promoted_at")?,
        converted_to_client: flag(row, "converted_to_client")?,
        converted_client_id: maybe(row, "converted_client_id")?,
        first_reply_date: maybe(row, "first_reply_date")?,
        created_at: text(row, "created_at")?,
        updated_at: text(row, "updated_at")?,
    })
}

fn event_view(row: &SqliteRow) -> Result<EventView, StoreError> {
    Ok(EventView {
        event_id: text(row, "event_id")?,
        client_id: text(row, "client_id")?,
        contact_id: text(row, "contact_id")?,
        email: text(row, "email")?,
        kind: text(row, "kind")?,
        source: text(row, "source")?,
        occurred_at: text(row, "occurred_at")?,
        received_at: text(row, "received_at")?,
        delivery_id: maybe(row, "delivery_id")?,
        dedupe_key: text(row, "dedupe_key")?,
        stage_before: text(row, "stage_before")?,
        stage_after: text(row, "stage_after")?,
        refused: flag(row, "refused")?,
        rule: text(row, "rule")?,
    })
}

fn chat_view(row: &SqliteRow) -> Result<ChatView, StoreError> {
    Ok(ChatView {
        chat_id: text(row, "chat_id")?,
        session_id: text(row, "session_id")?,
        message_timestamp: text(row, "message_timestamp")?,
        platform: text(row, "platform")?,
        message_type: maybe(row, "message_type")?,
        message_status: maybe(row, "message_status")?,
        subject: maybe(row, "subject")?,
        message_content: text(row, "message_content")?,
        contact_identifier: maybe(row, "contact_identifier")?,
        account_identifier: maybe(row, "account_identifier")?,
        campaign_id: maybe(row, "campaign_id")?,
        sequence_step: row.try_get("sequence_step").map_err(fault)?,
        external_message_id: maybe(row, "external_message_id")?,
        thread_id: maybe(row, "thread_id")?,
        ai_intent: maybe(row, "ai_intent")?,
        ai_sentiment: maybe(row, "ai_sentiment")?,
        is_auto_reply: flag(row, "is_auto_reply")?,
        requires_action: flag(row, "requires_action")?,
        action_taken: maybe(row, "action_taken")?,
        lead_id: maybe(row, "lead_id")?,
    })
}

fn log_view(row: &SqliteRow) -> Result<LogView, StoreError> {
    Ok(LogView {
        timestamp: text(row, "timestamp")?,
        automation_type: text(row, "automation_type")?,
        trigger_type: text(row, "trigger_type")?,
        action_taken: text(row, "action_taken")?,
        action_details: maybe(row, "action_details")?,
        status: text(row, "status")?,
        error_message: maybe(row, "error_message")?,
    })
}
