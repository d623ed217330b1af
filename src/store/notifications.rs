//! The outbox of notifications: claimed by lease in the order of each lane, settled by what the target answered.

use super::views::{NotificationCount, NotificationFilter, NotificationView};
use super::{Store, StoreError};
use crate::domain::ids::ClientId;
use crate::domain::notification::NotificationKind;
use crate::engine::notify::AlertTold;
use crate::engine::rows::{LogRow, NotificationRow};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A notification that this process holds until its lease ends.
#[derive(Debug, Clone)]
pub struct ClaimedNotification {
    pub notification_id: Uuid,
    pub tenant: ClientId,
    pub target: String,
    pub kind: NotificationKind,
    pub contact_id: Option<Uuid>,
    pub lane: String,
    pub body: String,
    /// Tries so far, this one included.
    pub attempts: u32,
    pub first_tried_at: DateTime<Utc>,
    /// Fences a settle that comes after the lease was lost.
    pub lease: Uuid,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationEnd {
    Delivered,
    /// Try again at this time, the later ones of the lane not before; `counts` is false where no try was made.
    Retry {
        due_at: DateTime<Utc>,
        error: String,
        counts: bool,
    },
    /// Given up; visible and re-runnable. The later ones of the lane go on.
    Dead {
        error: String,
    },
}

#[derive(Debug, Clone)]
pub struct NotificationSettled {
    pub notification_id: Uuid,
    pub lease: Uuid,
    pub lane: String,
    pub end: NotificationEnd,
    pub now: DateTime<Utc>,
}

/// What is known of a target beside its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetState {
    pub target: String,
    pub paused_until: Option<DateTime<Utc>>,
    /// The hash of the address that said that it wants no more.
    pub disabled_url_sha256: Option<String>,
}

impl Store {
    /// Those of the targets for which something is due, blocked or not.
    pub async fn due_targets(&self, targets: &[String], now: DateTime<Utc>) -> Result<Vec<String>, StoreError> {
        both!(self, due_targets(targets, now))
    }

    /// Claims what is due at a target and first in its lane.
    /// Those of kinds that a newer version told are left to it.
    pub async fn claim_notifications(
        &self,
        target: &str,
        limit: u32,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        lease: Uuid,
    ) -> Result<Vec<ClaimedNotification>, StoreError> {
        both!(self, claim_notifications(target, limit, now, lease_until, lease))
    }

    /// Settles tries with the log rows that follow. A settle after a lost lease changes nothing. Gives the number settled.
    pub async fn settle_notifications(
        &self,
        settled: &[NotificationSettled],
        logs: &[LogRow],
    ) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(store) => store.settle_notifications(settled, logs).await,
            Self::Postgres(store) => match store.settle_notifications(settled, logs).await {
                Err(StoreError::Conflict(_)) => store.settle_notifications(settled, logs).await,
                result => result,
            },
        }
    }

    pub async fn target_states(&self) -> Result<Vec<TargetState>, StoreError> {
        both!(self, target_states())
    }

    /// Nothing goes to the target before this time.
    pub async fn pause_target(&self, target: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
        both!(self, pause_target(target, until))
    }

    /// Nothing goes to the target at this address any more.
    pub async fn disable_target(&self, target: &str, url_sha256: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        both!(self, disable_target(target, url_sha256, now))
    }

    /// What waits for the target goes out again. False where it was not disabled.
    pub async fn enable_target(&self, target: &str) -> Result<bool, StoreError> {
        both!(self, enable_target(target))
    }

    /// Newest first.
    pub async fn notifications(&self, filter: &NotificationFilter) -> Result<Vec<NotificationView>, StoreError> {
        both!(self, notifications(filter))
    }

    /// How many there are of each target and status.
    pub async fn notification_counts(&self) -> Result<Vec<NotificationCount>, StoreError> {
        both!(self, notification_counts())
    }

    /// A dead one goes out again, as the last of its lane, under the id that it had. False where it is not dead.
    pub async fn retry_notification(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        both!(self, retry_notification(id, now))
    }

    /// All dead ones (of a target, of a client) go out again, each as the last of its lane, in their old order. Gives how many.
    pub async fn retry_dead_notifications(
        &self,
        target: Option<&str>,
        client: Option<&ClientId>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        both!(self, retry_dead_notifications(target, client, now))
    }

    /// Forgets delivered ones that are older. Gives how many.
    pub async fn prune_notifications(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        both!(self, prune_notifications(before, limit))
    }

    /// Open alerts that nobody was told of yet, oldest first.
    pub async fn untold_alerts(&self, limit: u32) -> Result<Vec<AlertTold>, StoreError> {
        both!(self, untold_alerts(limit))
    }

    /// Puts what is told of an alert into the outbox and marks it as told, in one transaction. False where another instance did, or
    /// it has changed meanwhile.
    pub async fn tell_alert(&self, alert: &AlertTold, rows: &[NotificationRow]) -> Result<bool, StoreError> {
        both!(self, tell_alert(alert, rows))
    }
}
