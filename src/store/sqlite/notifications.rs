//! The outbox of notifications.

use super::write::{logs, notifications};
use super::{SqliteStore, StoreError, fault, json_text, time_text};
use crate::domain::ids::ClientId;
use crate::domain::notification::NotificationKind;
use crate::engine::notify::AlertTold;
use crate::engine::rows::{LogRow, NotificationRow, NotificationStatus};
use crate::store::cells::Cells as _;
use crate::store::notifications::{ClaimedNotification, NotificationEnd, NotificationSettled, TargetState};
use crate::store::views::{NotificationCount, NotificationFilter, NotificationView, ROWS_MAX};
use crate::store::views_of;
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

const DUE_TARGETS: &str = "
    SELECT t.value AS target FROM json_each(?1) AS t
    WHERE EXISTS (SELECT 1 FROM notifications AS n
                  WHERE n.target = t.value AND n.status IN ('pending', 'running') AND n.due_at <= ?2)";

// What runs keeps its due time, so one index tells of both. The first of its lane is the only one that may go.
const CLAIM: &str = "
    UPDATE notifications SET
        status = 'running', lease = ?4, lease_until = ?5, attempts = attempts + 1, updated_at = ?3,
        first_tried_at = coalesce(first_tried_at, ?3)
    WHERE seq IN (
        SELECT n.seq FROM notifications AS n
        WHERE n.target = ?1 AND n.status IN ('pending', 'running') AND n.due_at <= ?3
          AND n.kind IN (SELECT value FROM json_each(?6))
          AND (n.status = 'pending' OR n.lease_until <= ?3)
          AND NOT EXISTS (SELECT 1 FROM notifications AS e
                          WHERE e.lane = n.lane AND e.seq < n.seq AND e.status IN ('pending', 'running'))
        ORDER BY n.due_at, n.seq
        LIMIT ?2)
    RETURNING *";

// What was told needs no body any more.
const SETTLE: &str = "
    UPDATE notifications SET
        status = v.value ->> 'status', due_at = coalesce(v.value ->> 'due_at', due_at),
        attempts = attempts - (v.value ->> 'uncounted'), last_error = v.value ->> 'error',
        body = CASE WHEN v.value ->> 'status' = 'delivered' THEN '' ELSE body END,
        lease = NULL, lease_until = NULL, updated_at = v.value ->> 'now'
    FROM json_each(?1) AS v
    WHERE notifications.notification_id = v.value ->> 'id' AND notifications.lease = v.value ->> 'lease'
      AND notifications.status = 'running'";

// Those behind one that waits wait too, so that nobody looks at them again and again.
const WAIT: &str = "
    UPDATE notifications SET due_at = v.value ->> 'due_at'
    FROM json_each(?1) AS v
    WHERE notifications.lane = v.value ->> 'lane' AND notifications.status = 'pending'
      AND notifications.due_at < v.value ->> 'due_at'";

// The newest of each status, out of the index of the statuses.
macro_rules! of_status {
    ($status:literal) => {
        concat!(
            "SELECT * FROM (SELECT * FROM notifications WHERE status = ",
            $status,
            " AND (?2 IS NULL OR target = ?2) AND (?3 IS NULL OR client_id = ?3)
              ORDER BY updated_at DESC, seq DESC LIMIT ?4)"
        )
    };
}
const NEWEST_OF_STATUS: &str = of_status!("?1");
const NEWEST: &str = concat!(
    "SELECT * FROM (",
    of_status!("'pending'"),
    " UNION ALL ",
    of_status!("'running'"),
    " UNION ALL ",
    of_status!("'delivered'"),
    " UNION ALL ",
    of_status!("'dead'"),
    ") WHERE ?1 IS NULL ORDER BY updated_at DESC, seq DESC LIMIT ?4"
);

const RETRY_DEAD: &str = "
    UPDATE notifications SET
        status = 'pending', attempts = 0, first_tried_at = NULL, due_at = ?3, updated_at = ?3, seq = placed.seq
    FROM (SELECT notification_id, (SELECT max(seq) FROM notifications) + row_number() OVER (ORDER BY seq) AS seq
          FROM notifications
          WHERE status = 'dead' AND (?1 IS NULL OR target = ?1) AND (?2 IS NULL OR client_id = ?2)) AS placed
    WHERE notifications.notification_id = placed.notification_id";

impl SqliteStore {
    pub(in crate::store) async fn due_targets(
        &self,
        targets: &[String],
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError> {
        self.all(bind!(DUE_TARGETS, json_text(targets)?, time_text(now)), |row| row.text("target")).await
    }

    pub(in crate::store) async fn claim_notifications(
        &self,
        target: &str,
        limit: u32,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        lease: Uuid,
    ) -> Result<Vec<ClaimedNotification>, StoreError> {
        let rows = bind!(
            CLAIM,
            target,
            limit,
            time_text(now),
            lease.to_string(),
            time_text(lease_until),
            json_text(NotificationKind::ALL)?
        )
        .fetch_all(&self.writer)
        .await
        .map_err(fault)?;
        views_of::claimed_notifications(&rows, lease)
    }

    pub(in crate::store) async fn settle_notifications(
        &self,
        settled: &[NotificationSettled],
        log_rows: &[LogRow],
    ) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?.tx;
        let values: Vec<serde_json::Value> = settled
            .iter()
            .map(|settled| {
                let (status, due_at, error, uncounted) = match &settled.end {
                    NotificationEnd::Delivered => ("delivered", None, None, 0),
                    NotificationEnd::Retry { due_at, error, counts } => {
                        ("pending", Some(time_text(*due_at)), Some(error.as_str()), i32::from(!counts))
                    }
                    NotificationEnd::Dead { error } => ("dead", None, Some(error.as_str()), 0),
                };
                json!({
                    "id": settled.notification_id, "lease": settled.lease, "lane": settled.lane, "status": status,
                    "due_at": due_at, "error": error, "uncounted": uncounted, "now": time_text(settled.now),
                })
            })
            .collect();
        let done = bind!(SETTLE, json_text(&values)?).execute(&mut *tx).await.map_err(fault)?;
        let waiting: Vec<&serde_json::Value> =
            values.iter().filter(|value| value.get("due_at").is_some_and(|due_at| !due_at.is_null())).collect();
        if !waiting.is_empty() {
            bind!(WAIT, json_text(&waiting)?).execute(&mut *tx).await.map_err(fault)?;
        }
        logs(&mut tx, log_rows).await?;
        tx.commit().await.map_err(fault)?;
        Ok(done.rows_affected())
    }

    pub(in crate::store) async fn target_states(&self) -> Result<Vec<TargetState>, StoreError> {
        self.all(sqlx::query("SELECT * FROM notification_targets"), views_of::target_state).await
    }

    pub(in crate::store) async fn pause_target(&self, target: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
        let bound = bind!(
            "INSERT INTO notification_targets (target, paused_until) VALUES (?1, ?2)
             ON CONFLICT (target) DO UPDATE SET
                paused_until = max(coalesce(notification_targets.paused_until, excluded.paused_until), excluded.paused_until)",
            target,
            time_text(until)
        );
        self.run(bound).await?;
        Ok(())
    }

    pub(in crate::store) async fn disable_target(
        &self,
        target: &str,
        url_sha256: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let bound = bind!(
            "INSERT INTO notification_targets (target, disabled_at, disabled_url_sha256) VALUES (?1, ?3, ?2)
             ON CONFLICT (target) DO UPDATE SET
                disabled_at = excluded.disabled_at, disabled_url_sha256 = excluded.disabled_url_sha256",
            target,
            url_sha256,
            time_text(now)
        );
        self.run(bound).await?;
        Ok(())
    }

    pub(in crate::store) async fn enable_target(&self, target: &str) -> Result<bool, StoreError> {
        let bound = bind!(
            "UPDATE notification_targets SET disabled_at = NULL, disabled_url_sha256 = NULL
             WHERE target = ?1 AND disabled_at IS NOT NULL",
            target
        );
        Ok(self.run(bound).await? == 1)
    }

    pub(in crate::store) async fn notifications(
        &self,
        filter: &NotificationFilter,
    ) -> Result<Vec<NotificationView>, StoreError> {
        let bound = bind!(
            if filter.status.is_some() { NEWEST_OF_STATUS } else { NEWEST },
            filter.status.map(NotificationStatus::as_str),
            filter.target.as_deref(),
            filter.client.as_ref().map(ClientId::as_str),
            filter.limit.min(ROWS_MAX)
        );
        self.all(bound, views_of::notification).await
    }

    pub(in crate::store) async fn notification_counts(&self) -> Result<Vec<NotificationCount>, StoreError> {
        self.all(
            sqlx::query(
                "SELECT target, status, count(*) AS n, min(created_at) AS oldest_at FROM notifications
             GROUP BY target, status ORDER BY target, status",
            ),
            views_of::notification_count,
        )
        .await
    }

    pub(in crate::store) async fn retry_notification(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let bound = bind!(
            "UPDATE notifications SET status = 'pending', attempts = 0, first_tried_at = NULL, due_at = ?2, updated_at = ?2,
                seq = (SELECT max(seq) + 1 FROM notifications)
             WHERE notification_id = ?1 AND status = 'dead'",
            id.to_string(),
            time_text(now)
        );
        Ok(self.run(bound).await? == 1)
    }

    pub(in crate::store) async fn retry_dead_notifications(
        &self,
        target: Option<&str>,
        client: Option<&ClientId>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.run(bind!(RETRY_DEAD, target, client.map(ClientId::as_str), time_text(now))).await
    }

    pub(in crate::store) async fn prune_notifications(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let bound = bind!(
            "DELETE FROM notifications WHERE seq IN (
                SELECT seq FROM notifications WHERE status = 'delivered' AND updated_at < ?1 ORDER BY updated_at LIMIT ?2)",
            time_text(before),
            limit
        );
        self.run(bound).await
    }

    pub(in crate::store) async fn untold_alerts(&self, limit: u32) -> Result<Vec<AlertTold>, StoreError> {
        let bound = bind!(
            "SELECT * FROM alerts WHERE is_told = 0 AND status = 'open' ORDER BY first_at, alert_id LIMIT ?1",
            limit
        );
        self.all(bound, views_of::alert_told).await
    }

    pub(in crate::store) async fn tell_alert(
        &self,
        alert: &AlertTold,
        rows: &[NotificationRow],
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?.tx;
        let done = bind!(
            "UPDATE alerts SET is_told = 1 WHERE alert_id = ?1 AND times = ?2 AND is_told = 0",
            alert.alert_id.to_string(),
            alert.times
        )
        .execute(&mut *tx)
        .await
        .map_err(fault)?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        notifications(&mut tx, rows).await?;
        tx.commit().await.map_err(fault)?;
        Ok(true)
    }
}
