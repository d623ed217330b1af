//! A target: how many tries it takes side by side, and what becomes of a try.

use super::backoff::next_try;
use crate::domain::alert::AlertKind;
use crate::domain::ids::ClientId;
use crate::engine::alerts::{Raised, alert_log};
use crate::engine::rows::LogRow;
use crate::services::notify::{Notifier, NotifyError};
use crate::store::notifications::{ClaimedNotification, NotificationEnd};
use crate::tasks::retry::Breaker;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// How long a target is left alone that says that it is overloaded, and not for how long.
const TOO_MANY_REQUESTS: u16 = 429;
const SLOW_MS: u64 = 10_000;
/// What was claimed for a target that wants no more waits, without a try counted.
const GONE_MS: i64 = 60_000;

/// A target that is told.
#[derive(Debug, Clone)]
pub struct Target {
    /// `NAME`, or `CLIENT/NAME`.
    pub name: String,
    pub client: Option<ClientId>,
    pub notifier: Notifier,
    /// Tries side by side; of one contact there is one at most.
    pub at_once_max: usize,
    /// Where it stands in the configuration.
    pub key: String,
}

/// A target with what this process knows of it.
pub(super) struct Seat {
    pub(super) target: Target,
    pub(super) url_sha256: String,
    breaker: Mutex<Breaker>,
    /// An alert was raised that it takes nothing.
    is_told: AtomicBool,
    /// A success of this process was seen: an alert of an earlier one is over.
    is_well: AtomicBool,
}

/// What follows from a try beside the end of the notification.
#[derive(Default)]
pub(super) struct Aftermath {
    pub(super) paused_until: Option<DateTime<Utc>>,
    /// The breaker is open now.
    pub(super) open_until: Option<DateTime<Utc>>,
    pub(super) is_gone: bool,
    pub(super) is_well_again: bool,
    pub(super) logs: Vec<LogRow>,
}

impl Seat {
    pub(super) fn new(target: Target) -> Self {
        let url_sha256 = hex::encode(Sha256::digest(target.notifier.url().as_bytes()));
        Self {
            target,
            url_sha256,
            breaker: Mutex::default(),
            is_told: AtomicBool::new(false),
            is_well: AtomicBool::new(false),
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many further tries may begin now, and until when none may.
    pub(super) fn room(&self, in_flight: usize, now: DateTime<Utc>) -> Result<usize, DateTime<Utc>> {
        let breaker = self.breaker();
        match breaker.open_until(now) {
            Some(until) => Err(until),
            // One try tells whether it is well again.
            None if breaker.is_half_open(now) => Ok(usize::from(in_flight == 0)),
            None => Ok(self.target.at_once_max.saturating_sub(in_flight)),
        }
    }

    /// Whose alerts they are.
    pub(super) fn tenant(&self) -> ClientId {
        self.target.client.clone().unwrap_or_else(ClientId::agency)
    }

    /// What an alert about it is about.
    pub(super) fn alert_key(&self) -> String {
        format!("notifications:{}", self.target.name)
    }

    pub(super) fn ended(
        &self,
        claim: &ClaimedNotification,
        result: Result<(), NotifyError>,
        now: DateTime<Utc>,
    ) -> (NotificationEnd, Aftermath) {
        let mut after = Aftermath::default();
        let Err(error) = result else {
            self.breaker().succeeded();
            after.is_well_again =
                self.is_told.swap(false, Ordering::SeqCst) | !self.is_well.swap(true, Ordering::SeqCst);
            return (NotificationEnd::Delivered, after);
        };
        let asked_ms = match &error {
            NotifyError::Gone => {
                after.is_gone = true;
                after.logs.push(self.alert(AlertKind::TargetDisabled, &error, None, now));
                let due_at = now + TimeDelta::milliseconds(GONE_MS);
                return (NotificationEnd::Retry { due_at, error: error.to_string(), counts: false }, after);
            }
            NotifyError::SlowDown { status, retry_after_ms } => {
                let wait_ms = retry_after_ms.unwrap_or(SLOW_MS);
                after.paused_until = Some(now + TimeDelta::milliseconds(i64::try_from(wait_ms).unwrap_or(GONE_MS)));
                // A proxy's 502 says nothing but that there is nobody behind it.
                (retry_after_ms.is_some() || *status == TOO_MANY_REQUESTS).then_some(wait_ms)
            }
            NotifyError::Refused { .. } | NotifyError::NotAllowed | NotifyError::Unreachable(_) => None,
        };
        // An overloaded target is left alone for as long as it asks; the breaker is for one that does not say anything.
        if asked_ms.is_none() {
            let open_until = self.breaker().failed(now);
            after.open_until = open_until;
            if open_until.is_some() && !self.is_told.swap(true, Ordering::SeqCst) {
                after.logs.push(self.alert(AlertKind::ServiceFails, &error, None, now));
            }
        }
        let random = Uuid::new_v4().as_u64_pair().0;
        let text = error.to_string();
        if let Some(due_at) = next_try(claim.attempts, claim.first_tried_at, now, random, asked_ms) {
            return (NotificationEnd::Retry { due_at, error: text, counts: true }, after);
        }
        after.logs.push(self.alert(AlertKind::NotificationDead, &error, Some(claim), now));
        (NotificationEnd::Dead { error: text }, after)
    }

    fn alert(
        &self,
        kind: AlertKind,
        error: &NotifyError,
        claim: Option<&ClaimedNotification>,
        now: DateTime<Utc>,
    ) -> LogRow {
        let Target { name, key, .. } = &self.target;
        let text = match claim {
            Some(claim) => format!(
                "`{name}` did not take the notification {} ({}) in {} tries: {error}",
                claim.notification_id, claim.kind, claim.attempts
            ),
            None => format!("`{name}` ([{key}]) takes no notifications: {error}"),
        };
        alert_log(&self.tenant(), Uuid::new_v4(), Raised::new(kind, self.alert_key(), text), now)
    }
}
