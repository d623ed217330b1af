//! What operators read. Every list has a limit and an index.

use super::{PostgresStore, fault};
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::engine::rows::{TaskKind, TaskStatus};
use crate::store::api::TimelinePlace;
use crate::store::cells::Cells as _;
use crate::store::console::Place;
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

// At equal times rows are in the order of their keys; a place names its row by the id, which tells nothing of anybody.
const EVENTS_BEFORE: &str = concat!(
    event_columns!(),
    " WHERE e.contact_id = $1 AND e.occurred_at <= $2
        AND (e.occurred_at, e.dedupe_key) < ($2, coalesce((SELECT k.dedupe_key FROM events AS k WHERE k.event_id = $3), ''))
      ORDER BY e.occurred_at DESC, e.dedupe_key DESC LIMIT $4"
);
const MESSAGES_BEFORE: &str = "
    SELECT * FROM chat_history AS h WHERE h.contact_id = $1 AND h.message_timestamp <= $2
        AND (h.message_timestamp, coalesce(h.message_key, ''))
            < ($2, coalesce((SELECT k.message_key FROM chat_history AS k WHERE k.chat_id = $3), ''))
    ORDER BY h.message_timestamp DESC, coalesce(h.message_key, '') DESC LIMIT $4";
const LOGS_BEFORE: &str = "
    SELECT * FROM automation_logs WHERE contact_id = $1 AND timestamp <= $2 AND (timestamp, log_id) < ($2, $3)
    ORDER BY timestamp DESC, log_id DESC LIMIT $4";

impl PostgresStore {
    pub(in crate::store) async fn contact(&self, key: &ContactKey) -> Result<Option<ContactView>, StoreError> {
        let bound = bind!(
            "SELECT * FROM contacts WHERE client_id = $1 AND lower(email) = $2
             ORDER BY email = lower(email) DESC, created_at NULLS LAST, contact_id LIMIT 1",
            key.client_id.as_str(),
            key.email.as_str()
        );
        self.one(bound, views_of::contact).await
    }

    /// The newest rows of each list before a place, newest first.
    pub(in crate::store) async fn timeline_before(
        &self,
        contact_id: Uuid,
        before: &TimelinePlace,
        limit: u32,
    ) -> Result<TimelineView, StoreError> {
        let events = self.rows_before(EVENTS_BEFORE, contact_id, before.events, limit).await?;
        let messages = self.rows_before(MESSAGES_BEFORE, contact_id, before.messages, limit).await?;
        let logs = self.rows_before(LOGS_BEFORE, contact_id, before.decisions, limit).await?;
        Ok(TimelineView {
            events: events.iter().map(views_of::event).collect::<Result<_, _>>()?,
            messages: messages.iter().map(views_of::chat).collect::<Result<_, _>>()?,
            logs: logs.iter().map(views_of::log).collect::<Result<_, _>>()?,
        })
    }

    async fn rows_before(
        &self,
        statement: &'static str,
        contact_id: Uuid,
        before: Place,
        limit: u32,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.rows(bind!(statement, contact_id, before.at, before.id, i64::from(limit.min(ROWS_MAX)))).await
    }

    pub(in crate::store) async fn events(&self, filter: &EventFilter) -> Result<Vec<EventView>, StoreError> {
        let bound = bind!(
            concat!(
                event_columns!(),
                " WHERE ($1::TEXT IS NULL OR e.client_id = $1) AND ($2::TEXT IS NULL OR lower(c.email) = $2)
                AND ($3::TEXT IS NULL OR e.kind = $3)
             ORDER BY e.received_at DESC, e.event_id DESC LIMIT $4"
            ),
            filter.client.as_ref().map(ClientId::as_str),
            filter.email.as_ref().map(Email::as_str),
            filter.kind.as_deref(),
            i64::from(filter.limit.min(ROWS_MAX))
        );
        self.all(bound, views_of::event).await
    }

    pub(in crate::store) async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskView>, StoreError> {
        let bound = bind!(
            "SELECT task_id, kind, client_id, task_key, contact_id, priority, status, attempts, due_at, last_error
             FROM tasks
             WHERE ($1::TEXT IS NULL OR status = $1) AND ($2::TEXT IS NULL OR kind = $2)
             ORDER BY due_at, task_id LIMIT $3",
            filter.status.map(TaskStatus::as_str),
            filter.kind.map(TaskKind::as_str),
            i64::from(filter.limit.min(ROWS_MAX))
        );
        self.all(bound, views_of::task).await
    }

    pub(in crate::store) async fn counts(&self) -> Result<CountsView, StoreError> {
        let mut counts = CountsView::default();
        let contacts =
            "SELECT client_id, lead_status, pipeline_status, campaign_status, lead_email_status, count(*) AS n
            FROM contacts GROUP BY 1, 2, 3, 4, 5";
        for row in self.rows(sqlx::query(contacts)).await? {
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
            for row in self.rows(sqlx::query(statement)).await? {
                map.insert(row.text("name")?, row.number("n")?);
            }
        }
        let row = sqlx::query("SELECT count(*) AS n FROM events").fetch_one(&self.readers).await.map_err(fault)?;
        counts.events = row.number("n")?;
        Ok(counts)
    }
}
