//! Alerts: raised once however often, and ended.

use super::write::bulk;
use super::{SqliteStore, StoreError, fault, json_text, time_text};
use crate::domain::alert::AlertStatus;
use crate::domain::ids::ClientId;
use crate::store::alerts::{AlertRow, of_dead_task};
use crate::store::api::alert_conditions;
use crate::store::console::FAR_FUTURE;
use crate::store::views::{AlertCount, AlertFilter, AlertView, ROWS_MAX};
use crate::store::views_of;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

// The columns are those of the newest occurrence. What was told before, which the log knows, raises nothing.
const RAISE: &str = "
    INSERT INTO alerts (
        alert_id, client_id, kind, key, contact_id, task_key, text, what_to_do, status, times, first_at, last_at)
    SELECT
        v.value ->> 'alert_id', v.value ->> 'client_id', v.value ->> 'kind', v.value ->> 'key', v.value ->> 'contact_id',
        v.value ->> 'task_key', v.value ->> 'text', v.value ->> 'what_to_do', 'open', count(DISTINCT v.value ->> 'occurrence'),
        v.value ->> 'at', max(v.value ->> 'at')
    FROM json_each(?1) AS v
    WHERE NOT EXISTS (SELECT 1 FROM automation_logs AS l WHERE l.log_id = v.value ->> 'occurrence')
    GROUP BY v.value ->> 'alert_id'
    ON CONFLICT (alert_id) DO UPDATE SET
        text = excluded.text, what_to_do = excluded.what_to_do, task_key = excluded.task_key,
        contact_id = coalesce(excluded.contact_id, alerts.contact_id),
        times = alerts.times + excluded.times, last_at = max(alerts.last_at, excluded.last_at),
        is_told = CASE WHEN alerts.status = 'resolved' THEN 0 ELSE alerts.is_told END,
        acknowledged_at = CASE WHEN alerts.status = 'resolved' THEN NULL ELSE alerts.acknowledged_at END,
        resolved_at = NULL,
        status = CASE WHEN alerts.status = 'resolved' THEN 'open' ELSE alerts.status END";

const SUCCEEDED: &str = "
    UPDATE alerts SET status = 'resolved', resolved_at = ?2
    WHERE status <> 'resolved'
      AND task_key IN (SELECT t.task_key FROM json_each(?1) AS k CROSS JOIN tasks AS t ON t.task_id = k.value)";

const DEAD: &str = "
    SELECT t.task_id, t.kind, t.client_id, t.task_key, t.contact_id, t.last_error
    FROM json_each(?1) AS k CROSS JOIN tasks AS t ON t.task_id = k.value WHERE t.status = 'dead'";

/// Before the log rows that raise them.
pub(super) async fn raise(connection: &mut SqliteConnection, rows: &[AlertRow]) -> Result<(), StoreError> {
    bulk(connection, RAISE, rows, |row| {
        Ok(json!({
            "alert_id": row.alert_id,
            "client_id": row.tenant,
            "kind": row.raised.kind,
            "key": row.raised.key,
            "contact_id": row.contact_id,
            "task_key": row.raised.task_key,
            "text": row.raised.text,
            "what_to_do": row.raised.kind.what_to_do(),
            "occurrence": row.occurrence,
            "at": time_text(row.at),
        }))
    })
    .await
}

/// The alerts about tasks that have succeeded now are over.
pub(super) async fn succeeded(
    connection: &mut SqliteConnection,
    tasks: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    bind!(SUCCEEDED, json_text(tasks)?, time_text(now)).execute(connection).await.map_err(fault)?;
    Ok(())
}

/// A task that was given up raises an alert, whoever gave it up.
pub(super) async fn given_up(
    connection: &mut SqliteConnection,
    tasks: &[Uuid],
    by: (Uuid, DateTime<Utc>),
) -> Result<(), StoreError> {
    let rows = bind!(DEAD, json_text(tasks)?).fetch_all(&mut *connection).await.map_err(fault)?;
    let alerts: Vec<AlertRow> = rows.iter().map(|row| of_dead_task(row, by)).collect::<Result<_, _>>()?;
    raise(connection, &alerts).await
}

impl SqliteStore {
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
            filter.kind.map(crate::domain::alert::AlertKind::as_str),
            filter.contact_id.map(|id| id.to_string()),
            time_text(at),
            id.to_string(),
            filter.limit.min(ROWS_MAX)
        );
        self.all(bound, views_of::alert).await
    }

    pub(in crate::store) async fn alert_counts(
        &self,
        client: Option<&ClientId>,
    ) -> Result<Vec<AlertCount>, StoreError> {
        let bound = bind!(
            "SELECT kind, status, count(*) AS n FROM alerts WHERE (?1 IS NULL OR client_id = ?1)
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
            "UPDATE alerts SET status = ?2,
                acknowledged_at = CASE WHEN ?2 = 'acknowledged' THEN ?3 ELSE acknowledged_at END,
                resolved_at = CASE WHEN ?2 = 'resolved' THEN ?3 END
             WHERE alert_id = ?1 AND (status = 'open' OR (status = 'acknowledged' AND ?2 = 'resolved'))",
            id.to_string(),
            status.as_str(),
            time_text(now)
        );
        Ok(self.run(bound).await? == 1)
    }
}
