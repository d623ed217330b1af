//! What the console asks: counters and indexes, nothing that grows with the tables.

use super::write::logs;
use super::{SqliteStore, fault, json_text, time_text};
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::engine::rows::{LogRow, Outcome, TaskKind};
use crate::store::console::{
    Budget, CampaignActivity, ContactLine, DeliveryBody, DeliveryQuery, ListLine, Moves, OPEN, Queue, ROWS_SCANNED_MAX,
    RatePoint, Scanned, StageCounts, TASKS_COUNTED_MAX, TaskQuery,
};
use crate::store::counting::{CAMPAIGNS, KEPT_SECONDS, MOVES, STAGES};
use crate::store::views::{ContactView, EventView, TaskView};
use crate::store::{StoreError, views_of};
use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

const ALL_TIME: &str = "
    SELECT client_id, name, count AS n FROM counters WHERE scope = ?1 AND period = ?2 AND count <> 0
    ORDER BY client_id, name LIMIT ?3";

const RATES: &str = "
    SELECT period, name, count AS n FROM counters WHERE scope = ?1 AND period >= ?2 ORDER BY period, name";

const FORGET: &str = "DELETE FROM counters WHERE scope = ?1 AND period < ?2";

const QUEUES: &str = "
    SELECT k.kind, s.status,
        (SELECT count(*) FROM (
            SELECT 1 FROM tasks AS t WHERE t.status = s.status AND t.kind = k.kind AND t.status <> 'done' LIMIT ?3) AS c) AS n,
        (SELECT t.due_at FROM tasks AS t WHERE t.status = s.status AND t.kind = k.kind AND t.status <> 'done'
         ORDER BY t.due_at LIMIT 1) AS oldest_due_at
    FROM (SELECT value AS kind FROM json_each(?1)) AS k CROSS JOIN (SELECT value AS status FROM json_each(?2)) AS s";

macro_rules! task_columns {
    () => {
        "SELECT task_id, kind, client_id, task_key, contact_id, priority, status, attempts, due_at, last_error FROM tasks"
    };
}

const OPEN_TASKS: &str = concat!(
    task_columns!(),
    " WHERE status = ?1 AND status <> 'done' AND (kind, due_at, task_id) > (?2, ?3, ?4) ORDER BY kind, due_at, task_id LIMIT ?5"
);
const OPEN_TASKS_OF_KIND: &str = concat!(
    task_columns!(),
    " WHERE status = ?1 AND status <> 'done' AND kind = ?6 AND (kind, due_at, task_id) > (?2, ?3, ?4)
      ORDER BY kind, due_at, task_id LIMIT ?5"
);

const DROP_TASK: &str = "
    UPDATE tasks SET status = 'dead', last_error = ?2, updated_at = ?3
    WHERE task_id = ?1 AND status IN ('pending', 'dead')";

const LISTS: &str = "
    SELECT client_id, list_name, source, status, total_contacts, contacts_in_campaigns, updated_at FROM lead_lists
    ORDER BY client_id, list_name LIMIT ?1";

const CONTACTS: &str = "
    SELECT contact_id, client_id, email, first_name, last_name, company_name, lead_status, pipeline_status, campaign_status,
           lead_email_status
    FROM contacts WHERE email >= ?1 ORDER BY email LIMIT ?2";

/// So many rows of an index are looked through, of which those that fit are given, and the last one looked at. The index is the one
/// of what tells most apart; a page never looks further, however rare what it looks for.
macro_rules! scan {
    ($condition:literal) => {
        concat!(
            "WITH looked AS MATERIALIZED (
                SELECT delivery_id, client_id, source, received_at, outcome, reason, events_count FROM deliveries
                WHERE ",
            $condition,
            " AND received_at >= ?4 AND received_at <= ?5 AND (received_at, delivery_id) < (?5, ?6)
                ORDER BY received_at DESC, delivery_id DESC LIMIT ?7)
            SELECT * FROM (SELECT *, 0 AS is_last, 0 AS looked_at FROM looked
             WHERE (?1 IS NULL OR outcome = ?1) AND (?2 IS NULL OR source = ?2)
               AND (?3 IS NULL OR client_id = ?3)
             ORDER BY received_at DESC, delivery_id DESC LIMIT ?8)
            UNION ALL
            SELECT * FROM (SELECT *, 1, (SELECT count(*) FROM looked) FROM looked ORDER BY received_at, delivery_id LIMIT 1)"
        )
    };
}
const SCAN: &str = scan!("TRUE");
const SCAN_OUTCOME: &str = scan!("outcome = ?1");
const SCAN_CLIENT: &str = scan!("client_id = ?3");

const EVENTS_OF_DELIVERY: &str = "
    SELECT e.event_id, e.client_id, e.contact_id, c.email, e.kind, e.source, e.occurred_at, e.received_at, e.delivery_id,
           e.dedupe_key, e.stage_before, e.stage_after, e.refused, e.rule
    FROM events AS e JOIN contacts AS c ON c.contact_id = e.contact_id
    WHERE e.received_at = ?2 AND e.delivery_id = ?1 ORDER BY e.occurred_at, e.dedupe_key LIMIT 100";

impl SqliteStore {
    async fn all_time(&self, scope: &str, period: i64, limit: u32) -> Result<Vec<SqliteRow>, StoreError> {
        self.rows(bind!(ALL_TIME, scope, period, i64::from(limit))).await
    }

    pub(in crate::store) async fn stage_counts(&self) -> Result<StageCounts, StoreError> {
        views_of::stage_counts(&self.all_time(STAGES, 0, u32::MAX).await?)
    }

    pub(in crate::store) async fn moves(&self, day: i64) -> Result<Vec<Moves>, StoreError> {
        self.all_time(MOVES, day, u32::MAX).await?.iter().map(views_of::moves).collect()
    }

    pub(in crate::store) async fn campaign_activity(&self, limit: u32) -> Result<Vec<CampaignActivity>, StoreError> {
        self.all_time(CAMPAIGNS, 0, limit).await?.iter().map(views_of::campaign_activity).collect()
    }

    pub(in crate::store) async fn rates(
        &self,
        _minutes: &str,
        steps: &str,
        _step_seconds: i64,
        from: i64,
    ) -> Result<Vec<RatePoint>, StoreError> {
        self.all(bind!(RATES, steps, from), views_of::rate_point).await
    }

    pub(in crate::store) async fn fold_counters(&self, now: i64) -> Result<bool, StoreError> {
        // Counted straight into the counters: there is one writer, so nothing is to be folded.
        for (scope, kept) in KEPT_SECONDS {
            self.run(bind!(FORGET, scope, now - kept)).await?;
        }
        Ok(true)
    }

    pub(in crate::store) async fn task_queues(&self) -> Result<Vec<Queue>, StoreError> {
        let kinds: Vec<&str> = TaskKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let bound = bind!(
            QUEUES,
            json_text(&kinds)?,
            json_text(&OPEN.map(crate::engine::rows::TaskStatus::as_str))?,
            i64::from(TASKS_COUNTED_MAX + 1)
        );
        let rows = self.rows(bound).await?;
        views_of::queues(&rows)
    }

    pub(in crate::store) async fn open_tasks(&self, query: &TaskQuery) -> Result<Vec<TaskView>, StoreError> {
        let statement = if query.kind.is_some() { OPEN_TASKS_OF_KIND } else { OPEN_TASKS };
        let (kind, due_at, task_id) = match &query.after {
            Some(place) => (place.kind.as_str(), place.due_at, place.task_id),
            None => ("", DateTime::UNIX_EPOCH, Uuid::nil()),
        };
        let kind = if kind.is_empty() { query.kind.map_or("", TaskKind::as_str) } else { kind };
        let mut statement = bind!(
            statement,
            query.status.as_str(),
            kind,
            time_text(due_at),
            task_id.to_string(),
            i64::from(query.limit)
        );
        if let Some(kind) = query.kind {
            statement = statement.bind(kind.as_str());
        }
        let rows = statement.fetch_all(&self.readers).await.map_err(fault)?;
        rows.iter().map(views_of::task).collect()
    }

    pub(in crate::store) async fn task(&self, task_id: Uuid) -> Result<Option<TaskView>, StoreError> {
        self.one(bind!(concat!(task_columns!(), " WHERE task_id = ?1"), task_id.to_string()), views_of::task).await
    }

    pub(in crate::store) async fn drop_task(
        &self,
        task_id: Uuid,
        reason: &str,
        log: &LogRow,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?.tx;
        let dropped =
            bind!(DROP_TASK, task_id.to_string(), reason, time_text(now)).execute(&mut *tx).await.map_err(fault)?;
        if dropped.rows_affected() == 0 {
            return Ok(false);
        }
        logs(&mut tx, std::slice::from_ref(log)).await?;
        tx.commit().await.map_err(fault)?;
        Ok(true)
    }

    pub(in crate::store) async fn budgets(&self) -> Result<Vec<Budget>, StoreError> {
        self.all(
            sqlx::query("SELECT name, paused_until_ms, month, calls FROM budgets ORDER BY name LIMIT 200"),
            views_of::budget,
        )
        .await
    }

    pub(in crate::store) async fn list_lines(&self, limit: u32) -> Result<Vec<ListLine>, StoreError> {
        self.all(bind!(LISTS, i64::from(limit)), views_of::list_line).await
    }

    pub(in crate::store) async fn contacts_from_address(&self, prefix: &str) -> Result<Vec<ContactLine>, StoreError> {
        self.all(bind!(CONTACTS, prefix, i64::from(ROWS_SCANNED_MAX / 10)), views_of::contact_line).await
    }

    pub(in crate::store) async fn contact_by_id(&self, contact_id: Uuid) -> Result<Option<ContactView>, StoreError> {
        let bound = bind!("SELECT * FROM contacts WHERE contact_id = ?1", contact_id.to_string());
        self.one(bound, views_of::contact).await
    }

    pub(in crate::store) async fn scan_deliveries(&self, query: &DeliveryQuery) -> Result<Scanned, StoreError> {
        let statement = match (query.outcome, &query.client) {
            (Some(_), Some(_) | None) => SCAN_OUTCOME,
            (None, Some(_)) => SCAN_CLIENT,
            (None, None) => SCAN,
        };
        let (until, id) = query.upper_bound();
        let looks = query.rows_looked_at_max();
        let bound = bind!(
            statement,
            query.outcome.map(Outcome::as_str),
            query.source.map(Source::as_str),
            query.client.as_ref().map(ClientId::as_str),
            time_text(query.from.unwrap_or(DateTime::UNIX_EPOCH)),
            time_text(until),
            id.to_string(),
            i64::from(looks),
            i64::from(query.limit + 1)
        );
        let rows = self.rows(bound).await?;
        views_of::scanned(&rows, looks)
    }

    pub(in crate::store) async fn delivery_body(&self, delivery_id: Uuid) -> Result<Option<DeliveryBody>, StoreError> {
        let bound = bind!(
            "SELECT delivery_id, client_id, source, received_at, outcome, reason, events_count, body FROM deliveries
             WHERE delivery_id = ?1",
            delivery_id.to_string()
        );
        self.one(bound, views_of::delivery_body).await
    }

    pub(in crate::store) async fn events_of_delivery(
        &self,
        delivery_id: Uuid,
        received_at: DateTime<Utc>,
    ) -> Result<Vec<EventView>, StoreError> {
        self.all(bind!(EVENTS_OF_DELIVERY, delivery_id.to_string(), time_text(received_at)), views_of::event).await
    }
}
