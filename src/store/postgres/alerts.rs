//! Alerts: raised once however often, and ended.

use super::{PostgresStore, fault};
use crate::domain::alert::{AlertKind, AlertStatus};
use crate::domain::ids::ClientId;
use crate::store::alerts::{AlertRow, of_dead_task};
use crate::store::api::alert_conditions;
use crate::store::console::FAR_FUTURE;
use crate::store::views::{AlertCount, AlertFilter, AlertView, ROWS_MAX};
use crate::store::{StoreError, views_of};
use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

// The columns are those of the newest occurrence. What was told before, which the log knows, raises nothing: the rows that raise
// them are written by the same statement, so none of them is seen here.
pub(super) const RAISE: &str = "
    INSERT INTO alerts (
        alert_id, client_id, kind, key, contact_id, task_key, text, what_to_do, status, times, first_at, last_at)
    SELECT
        v.alert_id, (array_agg(v.client_id))[1], (array_agg(v.kind))[1], (array_agg(v.key))[1],
        (array_agg(v.contact_id ORDER BY v.at DESC))[1], (array_agg(v.task_key ORDER BY v.at DESC))[1],
        (array_agg(v.text ORDER BY v.at DESC))[1], (array_agg(v.what_to_do))[1], 'open', count(DISTINCT v.occurrence),
        max(v.at), max(v.at)
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::UUID[], $6::TEXT[], $7::TEXT[], $8::TEXT[], $9::UUID[],
        $10::TIMESTAMPTZ[]
    ) AS v(alert_id, client_id, kind, key, contact_id, task_key, text, what_to_do, occurrence, at)
    WHERE NOT EXISTS (SELECT FROM automation_logs AS l WHERE l.log_id = v.occurrence)
    GROUP BY v.alert_id
    ORDER BY v.alert_id
    ON CONFLICT (alert_id) DO UPDATE SET
        text = excluded.text, what_to_do = excluded.what_to_do, task_key = excluded.task_key,
        contact_id = coalesce(excluded.contact_id, alerts.contact_id),
        times = alerts.times + excluded.times, last_at = greatest(alerts.last_at, excluded.last_at),
        is_told = alerts.is_told AND alerts.status <> 'resolved',
        acknowledged_at = CASE WHEN alerts.status <> 'resolved' THEN alerts.acknowledged_at END,
        resolved_at = NULL,
        status = CASE WHEN alerts.status = 'resolved' THEN 'open' ELSE alerts.status END";

const SUCCEEDED: &str = "
    UPDATE alerts SET status = 'resolved', resolved_at = $2
    WHERE status <> 'resolved' AND task_key IN (SELECT t.task_key FROM tasks AS t WHERE t.task_id = ANY($1))";

const DEAD: &str = "
    SELECT t.task_id, t.kind, t.client_id, t.task_key, t.contact_id, t.last_error
    FROM tasks AS t WHERE t.task_id = ANY($1) AND t.status = 'dead' ORDER BY t.task_key";

/// The alerts about tasks that have succeeded now are over.
pub(super) async fn succeeded(
    connection: &mut PgConnection,
    tasks: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    bind!(SUCCEEDED, tasks, now).execute(connection).await.map_err(fault)?;
    Ok(())
}

/// A task that was given up raises an alert, whoever gave it up.
pub(super) async fn given_up(
    connection: &mut PgConnection,
    tasks: &[Uuid],
    by: (Uuid, DateTime<Utc>),
) -> Result<Vec<AlertRow>, StoreError> {
    let rows = bind!(DEAD, tasks).fetch_all(connection).await.map_err(fault)?;
    rows.iter().map(|row| of_dead_task(row, by)).collect()
}

impl PostgresStore {
    pub(in crate::store) async fn alerts(&self, filter: &AlertFilter) -> Result<Vec<AlertView>, StoreError> {
        let (at, id) = filter.after.unwrap_or((FAR_FUTURE, Uuid::max()));
        let statement = [
            "SELECT * FROM alerts WHERE last_at <= $5 AND (last_at, alert_id) < ($5, $6)",
            &alert_conditions(filter),
            " ORDER BY last_at DESC, alert_id DESC LIMIT $7",
        ];
        let bound = bind!(
            sqlx::AssertSqlSafe(statement.concat()),
            filter.status.map(AlertStatus::as_str),
            filter.client.as_ref().map(ClientId::as_str),
            filter.kind.map(AlertKind::as_str),
            filter.contact_id,
            at,
            id,
            i64::from(filter.limit.min(ROWS_MAX))
        );
        self.all(bound, views_of::alert).await
    }

    pub(in crate::store) async fn alert_counts(
        &self,
        client: Option<&ClientId>,
    ) -> Result<Vec<AlertCount>, StoreError> {
        let bound = bind!(
            "SELECT kind, status, count(*) AS n FROM alerts WHERE ($1::TEXT IS NULL OR client_id = $1)
             GROUP BY kind, status ORDER BY kind, status",
            client.map(ClientId::as_str)
        );
        self.all(bound, views_of::alert_count).await
    }

    pub(in crate::store) async fn end_alert(
        &self,
        id: Uuid,
        status: AlertStatus,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let bound = bind!(
            "UPDATE alerts SET status = $2,
                acknowledged_at = CASE WHEN $2 = 'acknowledged' THEN $3 ELSE acknowledged_at END,
                resolved_at = CASE WHEN $2 = 'resolved' THEN $3 END
             WHERE alert_id = $1 AND (status = 'open' OR (status = 'acknowledged' AND $2 = 'resolved'))",
            id,
            status.as_str(),
            now
        );
        Ok(self.run(bound).await? == 1)
    }
}
