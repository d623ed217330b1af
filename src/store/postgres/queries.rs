//! What operators read. Every list has a limit and an index.

use super::{PostgresStore, fault};
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::engine::rows::{TaskKind, TaskStatus};
use crate::store::cells::Cells as _;
use crate::store::views::{
    ContactView, CountsView, EventFilter, EventView, ROWS_MAX, TaskFilter, TaskView, TimelineView,
};
use crate::store::{StoreError, views_of};
use sqlx::postgres::PgRow;
use uuid::Uuid;

macro_rules! event_columns {
    () => {
        "
    SELECT e.event_id, e.client_id, e.contact_id, c.email, e.kind, e.source, e.occurred_at, e.received_at, e.delivery_id,
           e.dedupe_key, e.stage_before, e.stage_after, e.refused, e.rule
    FROM events AS e JOIN contacts AS c ON c.contact_id = e.contact_id"
    };
}

impl PostgresStore {
    pub(in crate::store) async fn contact(&self, key: &ContactKey) -> Result<Option<ContactView>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM contacts WHERE client_id = $1 AND lower(email) = $2
             ORDER BY email = lower(email) DESC, created_at NULLS LAST, contact_id LIMIT 1",
        )
        .bind(key.client_id.as_str())
        .bind(key.email.as_str())
        .fetch_optional(&self.readers)
        .await
        .map_err(fault)?;
        row.as_ref().map(views_of::contact).transpose()
    }

    pub(in crate::store) async fn timeline(&self, contact_id: Uuid, limit: u32) -> Result<TimelineView, StoreError> {
        let events = concat!(
            event_columns!(),
            " WHERE e.contact_id = $1 ORDER BY e.occurred_at DESC, e.dedupe_key DESC LIMIT $2"
        );
        let messages = "SELECT * FROM chat_history WHERE contact_id = $1 ORDER BY message_timestamp DESC, message_key DESC LIMIT $2";
        let logs = "SELECT * FROM automation_logs WHERE contact_id = $1 ORDER BY timestamp DESC, log_id DESC LIMIT $2";
        let mut events =
            self.rows(events, contact_id, limit).await?.iter().map(views_of::event).collect::<Result<Vec<_>, _>>()?;
        let mut messages =
            self.rows(messages, contact_id, limit).await?.iter().map(views_of::chat).collect::<Result<Vec<_>, _>>()?;
        let mut logs =
            self.rows(logs, contact_id, limit).await?.iter().map(views_of::log).collect::<Result<Vec<_>, _>>()?;
        events.reverse();
        messages.reverse();
        logs.reverse();
        Ok(TimelineView { events, messages, logs })
    }

    async fn rows(&self, statement: &'static str, contact_id: Uuid, limit: u32) -> Result<Vec<PgRow>, StoreError> {
        sqlx::query(statement)
            .bind(contact_id)
            .bind(i64::from(limit.min(ROWS_MAX)))
            .fetch_all(&self.readers)
            .await
            .map_err(fault)
    }

    pub(in crate::store) async fn events(&self, filter: &EventFilter) -> Result<Vec<EventView>, StoreError> {
        let rows = sqlx::query(concat!(
            event_columns!(),
            " WHERE ($1::TEXT IS NULL OR e.client_id = $1) AND ($2::TEXT IS NULL OR lower(c.email) = $2)
                AND ($3::TEXT IS NULL OR e.kind = $3)
             ORDER BY e.received_at DESC, e.event_id DESC LIMIT $4"
        ))
        .bind(filter.client.as_ref().map(ClientId::as_str))
        .bind(filter.email.as_ref().map(Email::as_str))
        .bind(filter.kind.as_deref())
        .bind(i64::from(filter.limit.min(ROWS_MAX)))
        .fetch_all(&self.readers)
        .await
        .map_err(fault)?;
        rows.iter().map(views_of::event).collect()
    }

    pub(in crate::store) async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskView>, StoreError> {
        let rows = sqlx::query(
            "SELECT task_id, kind, client_id, task_key, contact_id, priority, status, attempts, due_at, last_error
             FROM tasks
             WHERE ($1::TEXT IS NULL OR status = $1) AND ($2::TEXT IS NULL OR kind = $2)
             ORDER BY due_at, task_id LIMIT $3",
        )
        .bind(filter.status.map(TaskStatus::as_str))
        .bind(filter.kind.map(TaskKind::as_str))
        .bind(i64::from(filter.limit.min(ROWS_MAX)))
        .fetch_all(&self.readers)
        .await
        .map_err(fault)?;
        rows.iter().map(views_of::task).collect()
    }

    pub(in crate::store) async fn counts(&self) -> Result<CountsView, StoreError> {
        let mut counts = CountsView::default();
        let contacts =
            "SELECT client_id, lead_status, pipeline_status, campaign_status, lead_email_status, count(*) AS n
            FROM contacts GROUP BY 1, 2, 3, 4, 5";
        for row in sqlx::query(contacts).fetch_all(&self.readers).await.map_err(fault)? {
            views_of::count_contacts(&row, &mut counts)?;
        }
        let maps = [
            ("SELECT outcome AS name, count(*) AS n FROM deliveries GROUP BY 1", &mut counts.deliveries),
            (
                "SELECT coalesce(message_type, '-') || ' ' || coalesce(message_status, '-') AS name, count(*) AS n
                 FROM chat_history GROUP BY 1",
                &mut counts.chat_rows,
            ),
            ("SELECT kind || ' ' || status AS name, count(*) AS n FROM tasks GROUP BY 1", &mut counts.tasks),
        ];
        for (statement, map) in maps {
            for row in sqlx::query(statement).fetch_all(&self.readers).await.map_err(fault)? {
                map.insert(row.text("name")?, row.number("n")?);
            }
        }
        let row = sqlx::query("SELECT count(*) AS n FROM events").fetch_one(&self.readers).await.map_err(fault)?;
        counts.events = row.number("n")?;
        Ok(counts)
    }
}
