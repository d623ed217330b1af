//! What the console asks: counters and indexes, nothing that grows with the tables.

use super::load::contacts_of_address;
use super::write::write_logs;
use super::{PostgresStore, fault};
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::engine::rows::{LogRow, Outcome, TaskKind};
use crate::store::cells::Cells as _;
use crate::store::console::{
    Budget, CampaignActivity, ContactLine, DeliveryBody, DeliveryQuery, ListLine, Moves, OPEN, Queue, ROWS_SCANNED_MAX,
    RatePoint, Scanned, StageCounts, TASKS_COUNTED_MAX, TaskQuery,
};
use crate::store::counting::{CAMPAIGNS, KEPT_SECONDS, MOVES, STAGES};
use crate::store::views::{ContactView, EventView, TaskView};
use crate::store::{StoreError, views_of};
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use uuid::Uuid;

// Both in one statement, so that a fold between them hides nothing and doubles nothing.
const ALL_TIME: &str = "
    SELECT client_id, name, sum(count)::BIGINT AS n
    FROM (SELECT client_id, name, count FROM counters WHERE scope = $1 AND period = $2
          UNION ALL
          SELECT client_id, name, count FROM counter_deltas WHERE scope = $1 AND period = $2) AS c
    GROUP BY 1, 2 HAVING sum(count) <> 0 ORDER BY 1, 2 LIMIT $3";

const RATES: &str = "
    SELECT period, name, sum(count)::BIGINT AS n
    FROM (SELECT period, name, count FROM counters WHERE scope = $2 AND period >= $4
          UNION ALL
          SELECT period - period % $3, name, count FROM counter_deltas WHERE scope = $1 AND period >= $4) AS c
    GROUP BY 1, 2 ORDER BY 1, 2";

const FOLD: &str = "
    WITH gone AS (
        DELETE FROM counter_deltas
        WHERE ctid = ANY(ARRAY(SELECT ctid FROM counter_deltas LIMIT $1))
        RETURNING scope, period, client_id, name, count
    ), spread AS (
        SELECT scope, period, client_id, name, count FROM gone
        UNION ALL
        SELECT scope || ' ' || step, period - period % step, client_id, name, count
        FROM gone CROSS JOIN (VALUES (600), (3600)) AS s(step) WHERE scope IN ('delivery', 'event')
    ), folded AS (
        INSERT INTO counters (scope, period, client_id, name, count)
        SELECT scope, period, client_id, name, sum(count) FROM spread
        GROUP BY 1, 2, 3, 4 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4
        ON CONFLICT (scope, period, client_id, name) DO UPDATE SET count = counters.count + excluded.count
    )
    SELECT count(*) AS n FROM gone";

const FORGET: &str = "
    DELETE FROM counters AS c USING unnest($1::TEXT[], $2::BIGINT[]) AS old(scope, period)
    WHERE c.scope = old.scope AND c.period < old.period";

/// Deltas of one fold.
const FOLD_ROWS_MAX: i64 = 20_000;

const QUEUES: &str = "
    SELECT k.kind, s.status,
        (SELECT count(*) FROM (
            SELECT 1 FROM tasks AS t WHERE t.status = s.status AND t.kind = k.kind AND t.status <> 'done' LIMIT $3) AS c) AS n,
        (SELECT t.due_at FROM tasks AS t WHERE t.status = s.status AND t.kind = k.kind AND t.status <> 'done'
         ORDER BY t.due_at LIMIT 1) AS oldest_due_at
    FROM unnest($1::TEXT[]) AS k(kind) CROSS JOIN unnest($2::TEXT[]) AS s(status)";

macro_rules! task_columns {
    () => {
        "SELECT task_id, kind, client_id, task_key, contact_id, priority, status, attempts, due_at, last_error FROM tasks"
    };
}

const OPEN_TASKS: &str = concat!(
    task_columns!(),
    " WHERE status = $1 AND status <> 'done' AND (kind, due_at, task_id) > ($2, $3, $4) ORDER BY kind, due_at, task_id LIMIT $5"
);
const OPEN_TASKS_OF_KIND: &str = concat!(
    task_columns!(),
    " WHERE status = $1 AND status <> 'done' AND kind = $6 AND (kind, due_at, task_id) > ($2, $3, $4)
      ORDER BY kind, due_at, task_id LIMIT $5"
);

const DROP_TASK: &str = "
    UPDATE tasks SET status = 'dead', last_error = $2, updated_at = $3
    WHERE task_id = $1 AND status IN ('pending', 'dead')";

const LISTS: &str = "
    SELECT client_id, list_name, source, status, total_contacts, contacts_in_campaigns, updated_at FROM lead_lists
    ORDER BY client_id, list_name LIMIT $1";

macro_rules! contact_lines {
    () => {
        "SELECT contact_id, client_id, lower(email) AS email, first_name, last_name, company_name, lead_status, pipeline_status,
            campaign_status, lead_email_status
         FROM contacts "
    };
}

// In the order of a language signs hardly count, so that many may stand between a beginning and what begins so; whose address is
// given whole is found by it.
const CONTACTS: &str = concat!(
    "(",
    contact_lines!(),
    "WHERE contact_id IN (",
    contacts_of_address!(),
    ")) UNION (",
    contact_lines!(),
    "WHERE email >= $1 ORDER BY contacts.email LIMIT $2)"
);

/// So many rows of an index are looked through, of which those that fit are given, and the last one looked at. The index is the one
/// of what tells most apart; a page never looks further, however rare what it looks for.
macro_rules! scan {
    ($condition:literal) => {
        concat!(
            "WITH looked AS MATERIALIZED (
                SELECT delivery_id, client_id, source, received_at, outcome, reason, events_count FROM deliveries
                WHERE ",
            $condition,
            " AND received_at >= $4 AND received_at <= $5 AND (received_at, delivery_id) < ($5, $6)
                ORDER BY received_at DESC, delivery_id DESC LIMIT $7)
            (SELECT *, FALSE AS is_last, 0::BIGINT AS looked_at FROM looked
             WHERE ($1::TEXT IS NULL OR outcome = $1) AND ($2::TEXT IS NULL OR source = $2)
               AND ($3::TEXT IS NULL OR client_id = $3)
             ORDER BY received_at DESC, delivery_id DESC LIMIT $8)
            UNION ALL
            (SELECT *, TRUE, (SELECT count(*) FROM looked) FROM looked ORDER BY received_at, delivery_id LIMIT 1)"
        )
    };
}
const SCAN: &str = scan!("TRUE");
const SCAN_OUTCOME: &str = scan!("outcome = $1::TEXT");
const SCAN_CLIENT: &str = scan!("client_id = $3::TEXT");

const EVENTS_OF_DELIVERY: &str = "
    SELECT e.event_id, e.client_id, e.contact_id, c.email, e.kind, e.source, e.occurred_at, e.received_at, e.delivery_id,
           e.dedupe_key, e.stage_before, e.stage_after, e.refused, e.rule
    FROM events AS e JOIN contacts AS c ON c.contact_id = e.contact_id
    WHERE e.received_at = $2 AND e.delivery_id = $1 ORDER BY e.occurred_at, e.dedupe_key LIMIT 100";

impl PostgresStore {
    async fn all_time(&self, scope: &str, period: i64, limit: u32) -> Result<Vec<PgRow>, StoreError> {
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
        minutes: &str,
        steps: &str,
        step_seconds: i64,
        from: i64,
    ) -> Result<Vec<RatePoint>, StoreError> {
        self.all(bind!(RATES, minutes, steps, step_seconds, from), views_of::rate_point).await
    }

    pub(in crate::store) async fn fold_counters(&self, now: i64) -> Result<bool, StoreError> {
        let row = bind!(FOLD, FOLD_ROWS_MAX).fetch_one(&self.writers).await.map_err(fault)?;
        let (scopes, until): (Vec<&str>, Vec<i64>) =
            KEPT_SECONDS.iter().map(|(scope, kept)| (*scope, now - kept)).unzip();
        self.run(bind!(FORGET, scopes, until)).await?;
        Ok(row.number("n")? < FOLD_ROWS_MAX)
    }

    pub(in crate::store) async fn task_queues(&self) -> Result<Vec<Queue>, StoreError> {
        let kinds: Vec<&str> = TaskKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let bound = bind!(
            QUEUES,
            kinds,
            OPEN.map(crate::engine::rows::TaskStatus::as_str).to_vec(),
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
        let mut statement = bind!(statement, query.status.as_str(), kind, due_at, task_id, i64::from(query.limit));
        if let Some(kind) = query.kind {
            statement = statement.bind(kind.as_str());
        }
        let rows = statement.fetch_all(&self.readers).await.map_err(fault)?;
        rows.iter().map(views_of::task).collect()
    }

    pub(in crate::store) async fn task(&self, task_id: Uuid) -> Result<Option<TaskView>, StoreError> {
        self.one(bind!(concat!(task_columns!(), " WHERE task_id = $1"), task_id), views_of::task).await
    }

    pub(in crate::store) async fn drop_task(
        &self,
        task_id: Uuid,
        reason: &str,
        log: &LogRow,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.transaction().await?;
        let dropped = bind!(DROP_TASK, task_id, reason, now).execute(&mut *tx).await.map_err(fault)?;
        if dropped.rows_affected() == 0 {
            return Ok(false);
        }
        write_logs(&mut tx, std::slice::from_ref(log), Vec::new()).await?;
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
        self.one(bind!("SELECT * FROM contacts WHERE contact_id = $1", contact_id), views_of::contact).await
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
            query.from.unwrap_or(DateTime::UNIX_EPOCH),
            until,
            id,
            i64::from(looks),
            i64::from(query.limit + 1)
        );
        let rows = self.rows(bound).await?;
        views_of::scanned(&rows, looks)
    }

    pub(in crate::store) async fn delivery_body(&self, delivery_id: Uuid) -> Result<Option<DeliveryBody>, StoreError> {
        let bound = bind!(
            "SELECT delivery_id, client_id, source, received_at, outcome, reason, events_count, body FROM deliveries
             WHERE delivery_id = $1",
            delivery_id
        );
        self.one(bound, views_of::delivery_body).await
    }

    pub(in crate::store) async fn events_of_delivery(
        &self,
        delivery_id: Uuid,
        received_at: DateTime<Utc>,
    ) -> Result<Vec<EventView>, StoreError> {
        self.all(bind!(EVENTS_OF_DELIVERY, delivery_id, received_at), views_of::event).await
    }
}
