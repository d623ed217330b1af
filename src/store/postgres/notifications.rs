//! The outbox of notifications.

use super::write::{write_logs, write_notifications};
use super::{PostgresStore, fault};
use crate::domain::ids::ClientId;
use crate::domain::notification::NotificationKind;
use crate::engine::notify::AlertTold;
use crate::engine::rows::{LogRow, NotificationRow, NotificationStatus};
use crate::store::cells::Cells as _;
use crate::store::notifications::{ClaimedNotification, NotificationEnd, NotificationSettled, TargetState};
use crate::store::views::{NotificationCount, NotificationFilter, NotificationView, ROWS_MAX};
use crate::store::{StoreError, views_of};
use chrono::{DateTime, Utc};
use uuid::Uuid;

const DUE_TARGETS: &str = "
    SELECT t.target FROM unnest($1::TEXT[]) AS t(target)
    WHERE EXISTS (SELECT FROM notifications AS n
                  WHERE n.target = t.target AND n.status IN ('pending', 'running') AND n.due_at <= $2)";

// What runs keeps its due time, so one index tells of both. The first of its lane is the only one that may go: an earlier one can't
// come up behind a later one, because a lane's rows are made under its contact's lock.
const CLAIM: &str = "
    UPDATE notifications SET
        status = 'running', lease = $4, lease_until = $5, attempts = attempts + 1, updated_at = $3,
        first_tried_at = coalesce(first_tried_at, $3)
    WHERE notification_id IN (
        SELECT n.notification_id FROM notifications AS n
        WHERE n.target = $1 AND n.status IN ('pending', 'running') AND n.due_at <= $3 AND n.kind = ANY($6)
          AND (n.status = 'pending' OR n.lease_until <= $3)
          AND NOT EXISTS (SELECT FROM notifications AS e
                          WHERE e.lane = n.lane AND e.seq < n.seq AND e.status IN ('pending', 'running'))
        ORDER BY n.due_at, n.seq
        LIMIT $2
        FOR UPDATE SKIP LOCKED)
    RETURNING *";

// What was told needs no body any more.
const SETTLE: &str = "
    UPDATE notifications AS n SET
        status = v.status, due_at = coalesce(v.due_at, n.due_at), attempts = n.attempts - v.uncounted,
        last_error = v.error, body = CASE WHEN v.status = 'delivered' THEN '' ELSE n.body END,
        lease = NULL, lease_until = NULL, updated_at = v.now
    FROM unnest($1::UUID[], $2::UUID[], $3::TEXT[], $4::TIMESTAMPTZ[], $5::TEXT[], $6::INT[], $7::TIMESTAMPTZ[])
        AS v(id, lease, status, due_at, error, uncounted, now)
    WHERE n.notification_id = v.id AND n.lease = v.lease AND n.status = 'running'";

// Those behind one that waits wait too, so that nobody looks at them again and again.
const WAIT: &str = "
    UPDATE notifications AS n SET due_at = v.due_at
    FROM unnest($1::TEXT[], $2::TIMESTAMPTZ[]) AS v(lane, due_at)
    WHERE n.lane = v.lane AND n.status IN ('pending', 'running') AND n.status = 'pending' AND n.due_at < v.due_at";

// The newest of each status, out of the index of the statuses.
macro_rules! of_status {
    ($status:literal) => {
        concat!(
            "SELECT * FROM (SELECT * FROM notifications WHERE status = ",
            $status,
            " AND ($2::TEXT IS NULL OR target = $2) AND ($3::TEXT IS NULL OR client_id = $3)
              ORDER BY updated_at DESC, seq DESC LIMIT $4) AS n"
        )
    };
}
const NEWEST_OF_STATUS: &str = of_status!("$1::TEXT");
const NEWEST: &str = concat!(
    "SELECT * FROM (",
    of_status!("'pending'"),
    " UNION ALL ",
    of_status!("'running'"),
    " UNION ALL ",
    of_status!("'delivered'"),
    " UNION ALL ",
    of_status!("'dead'"),
    ") AS a WHERE $1::TEXT IS NULL ORDER BY updated_at DESC, seq DESC LIMIT $4"
);

// Places are drawn in the old order; an update by itself has none.
const RETRY_DEAD: &str = "
    WITH dead AS MATERIALIZED (
        SELECT notification_id FROM notifications
        WHERE status = 'dead' AND ($1::TEXT IS NULL OR target = $1) AND ($2::TEXT IS NULL OR client_id = $2)
        ORDER BY seq FOR UPDATE
    ), placed AS MATERIALIZED (
        SELECT notification_id, nextval(pg_get_serial_sequence('notifications', 'seq')) AS seq FROM dead
    )
    UPDATE notifications AS n SET
        status = 'pending', attempts = 0, first_tried_at = NULL, due_at = $3, updated_at = $3, seq = placed.seq
    FROM placed WHERE n.notification_id = placed.notification_id";

impl PostgresStore {
    pub(in crate::store) async fn due_targets(
        &self,
        targets: &[String],
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError> {
        self.all(bind!(DUE_TARGETS, targets, now), |row| row.text("target")).await
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
            i64::from(limit),
            now,
            lease,
            lease_until,
            NotificationKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>()
        )
        .fetch_all(&self.writers)
        .await
        .map_err(fault)?;
        views_of::claimed_notifications(&rows, lease)
    }

    pub(in crate::store) async fn settle_notifications(
        &self,
        settled: &[NotificationSettled],
        log_rows: &[LogRow],
    ) -> Result<u64, StoreError> {
        let mut tx = self.transaction().await?;
        let ends: Vec<Ended<'_>> = settled.iter().map(Ended::of).collect();
        let done = bind!(
            SETTLE,
            settled.iter().map(|settled| settled.notification_id).collect::<Vec<_>>(),
            settled.iter().map(|settled| settled.lease).collect::<Vec<_>>(),
            ends.iter().map(|end| end.status).collect::<Vec<_>>(),
            ends.iter().map(|end| end.due_at).collect::<Vec<_>>(),
            ends.iter().map(|end| end.error).collect::<Vec<_>>(),
            ends.iter().map(|end| end.uncounted).collect::<Vec<_>>(),
            settled.iter().map(|settled| settled.now).collect::<Vec<_>>()
        )
        .execute(&mut *tx)
        .await
        .map_err(fault)?;
        let (lanes, times): (Vec<&str>, Vec<DateTime<Utc>>) = settled
            .iter()
            .zip(&ends)
            .filter_map(|(settled, end)| end.due_at.map(|due_at| (settled.lane.as_str(), due_at)))
            .unzip();
        if !lanes.is_empty() {
            bind!(WAIT, lanes, times).execute(&mut *tx).await.map_err(fault)?;
        }
        write_logs(&mut tx, log_rows, Vec::new()).await?;
        tx.commit().await.map_err(fault)?;
        Ok(done.rows_affected())
    }

    pub(in crate::store) async fn target_states(&self) -> Result<Vec<TargetState>, StoreError> {
        self.all(sqlx::query("SELECT * FROM notification_targets"), views_of::target_state).await
    }

    pub(in crate::store) async fn pause_target(&self, target: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
        let bound = bind!(
            "INSERT INTO notification_targets AS t (target, paused_until) VALUES ($1, $2)
             ON CONFLICT (target) DO UPDATE SET paused_until = greatest(t.paused_until, excluded.paused_until)",
            target,
            until
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
            "INSERT INTO notification_targets (target, disabled_at, disabled_url_sha256) VALUES ($1, $3, $2)
             ON CONFLICT (target) DO UPDATE SET
                disabled_at = excluded.disabled_at, disabled_url_sha256 = excluded.disabled_url_sha256",
            target,
            url_sha256,
            now
        );
        self.run(bound).await?;
        Ok(())
    }

    pub(in crate::store) async fn enable_target(&self, target: &str) -> Result<bool, StoreError> {
        let bound = bind!(
            "UPDATE notification_targets SET disabled_at = NULL, disabled_url_sha256 = NULL
             WHERE target = $1 AND disabled_at IS NOT NULL",
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
            i64::from(filter.limit.min(ROWS_MAX))
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
            "UPDATE notifications SET status = 'pending', attempts = 0, first_tried_at = NULL, due_at = $2, updated_at = $2,
                seq = nextval(pg_get_serial_sequence('notifications', 'seq'))
             WHERE notification_id = $1 AND status = 'dead'",
            id,
            now
        );
        Ok(self.run(bound).await? == 1)
    }

    pub(in crate::store) async fn retry_dead_notifications(
        &self,
        target: Option<&str>,
        client: Option<&ClientId>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.run(bind!(RETRY_DEAD, target, client.map(ClientId::as_str), now)).await
    }

    pub(in crate::store) async fn prune_notifications(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let bound = bind!(
            "DELETE FROM notifications WHERE notification_id IN (
                SELECT notification_id FROM notifications
                WHERE status = 'delivered' AND updated_at < $1 ORDER BY updated_at LIMIT $2
                FOR UPDATE SKIP LOCKED)",
            before,
            i64::from(limit)
        );
        self.run(bound).await
    }

    pub(in crate::store) async fn untold_alerts(&self, limit: u32) -> Result<Vec<AlertTold>, StoreError> {
        let bound = bind!(
            "SELECT * FROM alerts WHERE NOT is_told AND status = 'open' ORDER BY first_at, alert_id LIMIT $1",
            i64::from(limit)
        );
        self.all(bound, views_of::alert_told).await
    }

    pub(in crate::store) async fn tell_alert(
        &self,
        alert: &AlertTold,
        rows: &[NotificationRow],
    ) -> Result<bool, StoreError> {
        let mut tx = self.transaction().await?;
        // A lane's rows are made under its contact's lock, so that their order is that of their commits.
        if let Some(contact_id) = alert.contact_id {
            bind!("SELECT 1 FROM contacts WHERE contact_id = $1 FOR UPDATE", contact_id)
                .execute(&mut *tx)
                .await
                .map_err(fault)?;
        }
        let done = bind!(
            "UPDATE alerts SET is_told = TRUE WHERE alert_id = $1 AND times = $2 AND NOT is_told",
            alert.alert_id,
            alert.times
        )
        .execute(&mut *tx)
        .await
        .map_err(fault)?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        write_notifications(&mut tx, rows).await?;
        tx.commit().await.map_err(fault)?;
        Ok(true)
    }
}

/// How a try ended, as its columns.
struct Ended<'a> {
    status: &'static str,
    due_at: Option<DateTime<Utc>>,
    error: Option<&'a str>,
    uncounted: i32,
}

impl<'a> Ended<'a> {
    fn of(settled: &'a NotificationSettled) -> Self {
        match &settled.end {
            NotificationEnd::Delivered => Self { status: "delivered", due_at: None, error: None, uncounted: 0 },
            NotificationEnd::Retry { due_at, error, counts } => {
                Self { status: "pending", due_at: Some(*due_at), error: Some(error), uncounted: i32::from(!counts) }
            }
            NotificationEnd::Dead { error } => Self { status: "dead", due_at: None, error: Some(error), uncounted: 0 },
        }
    }
}
