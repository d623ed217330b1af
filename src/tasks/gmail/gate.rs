//! The way to one mailbox: its quota, which all instances share, its pauses, and a circuit breaker of its own, so that a bad mailbox
//! holds up no other.

use crate::domain::alert::AlertKind;
use crate::engine::rows::{ClaimedTask, TaskEnd};
use crate::intake::Now;
use crate::services::google::GoogleError;
use crate::store::{Store, StoreError};
use crate::tasks::Pause;
use crate::tasks::gate::{PAUSE_MS_MAX, STORE_RETRY_MS, Shut, Terms, Way, backoff_ms};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, PoisonError};

/// How long a request waits for its place; what would take longer is done later.
const WAIT_MS_MAX: i64 = 5_000;
/// How long to leave a mailbox alone that only a person can connect again.
const REVOKED_PAUSE_MS: i64 = 3_600_000;
/// Google's quota is of a minute: what was too much longer ago is over.
const LIMITED_MS: i64 = 180_000;
/// The seventh wait is of a minute.
const LIMITED_MAX: u32 = 7;
const MINUTE_MS: u64 = 60_000;
/// So many tries in vain are told.
pub(super) const TRIES_TOLD: u32 = 8;

/// Why work on a mailbox did not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody's fault: the mailbox is to be left alone until then.
    #[error("{why}")]
    Wait { until: DateTime<Utc>, why: String },
    #[error(transparent)]
    Google(GoogleError),
}

impl From<Shut> for Stopped {
    fn from(shut: Shut) -> Self {
        match shut {
            Shut::Store(error) => Self::Store(error),
            Shut::Wait { until, why, .. } => Self::Wait { until, why },
        }
    }
}

impl Stopped {
    /// The database can't take it now.
    pub(super) fn busy(now: DateTime<Utc>, error: &impl std::fmt::Display) -> Self {
        Self::Wait { until: now + TimeDelta::milliseconds(STORE_RETRY_MS), why: error.to_string() }
    }

    /// What becomes of a task that was stopped so. Work on a mailbox comes round, so it is never given up.
    pub(super) fn end(&self, task: &ClaimedTask, now: DateTime<Utc>) -> TaskEnd {
        let later = |ms: i64, counts: bool| TaskEnd::Retry {
            due_at: now + TimeDelta::milliseconds(ms),
            error: self.to_string(),
            counts,
        };
        match self {
            Self::Store(error) => later(STORE_RETRY_MS, !error.is_unavailable() && !error.is_conflict()),
            Self::Wait { until, why } => TaskEnd::Retry { due_at: *until, error: why.clone(), counts: false },
            // A counted try is not cut short by the next push.
            Self::Google(error) => match error {
                GoogleError::Revoked { .. } | GoogleError::Denied { .. } => later(REVOKED_PAUSE_MS, true),
                GoogleError::Unreachable { retry_after_ms, .. } | GoogleError::RateLimited { retry_after_ms } => {
                    later(wait_ms(task.attempts, *retry_after_ms), true)
                }
                GoogleError::HistoryGone | GoogleError::TooLarge { .. } | GoogleError::Unexpected { .. } => {
                    later(wait_ms(task.attempts, None), true)
                }
            },
        }
    }

    /// What is at fault, in one word: whatever else an answer says may change from one to the next.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Store(_) => "store",
            Self::Wait { .. } => "wait",
            Self::Google(error) => match error {
                GoogleError::Revoked { .. } => "revoked",
                GoogleError::Denied { .. } => "denied",
                GoogleError::Unreachable { .. } => "unreachable",
                GoogleError::RateLimited { .. } => "limited",
                GoogleError::HistoryGone => "gone",
                GoogleError::TooLarge { .. } => "large",
                GoogleError::Unexpected { .. } => "unexpected",
            },
        }
    }

    /// What an operator looks at.
    pub(super) fn alert(&self) -> AlertKind {
        match self {
            Self::Store(_) | Self::Wait { .. } => AlertKind::ServiceFails,
            Self::Google(error) => match error {
                GoogleError::Revoked { .. } | GoogleError::Denied { .. } => AlertKind::ServiceDenied,
                GoogleError::Unreachable { .. }
                | GoogleError::RateLimited { .. }
                | GoogleError::HistoryGone
                | GoogleError::TooLarge { .. }
                | GoogleError::Unexpected { .. } => AlertKind::ServiceFails,
            },
        }
    }

    /// What a person must do something about, by the number of tries so far.
    pub(super) fn is_to_be_told(&self, attempts: u32) -> bool {
        match self {
            Self::Store(_) | Self::Wait { .. } => false,
            Self::Google(error) => match error {
                GoogleError::Revoked { .. } | GoogleError::Denied { .. } => true,
                GoogleError::Unreachable { .. }
                | GoogleError::RateLimited { .. }
                | GoogleError::HistoryGone
                | GoogleError::TooLarge { .. }
                | GoogleError::Unexpected { .. } => attempts >= TRIES_TOLD,
            },
        }
    }
}

/// Gmail may ask for a quarter of an hour, which is longer than a backoff grows by itself.
fn wait_ms(attempts: u32, asked_ms: Option<u64>) -> i64 {
    let asked_ms = i64::try_from(asked_ms.unwrap_or(0)).unwrap_or(PAUSE_MS_MAX);
    backoff_ms(attempts, None).max(asked_ms).min(PAUSE_MS_MAX)
}

/// How often it was too much lately, and when it was last.
#[derive(Default)]
struct Limited {
    times: u32,
    at: Option<DateTime<Utc>>,
}

impl Limited {
    /// Each time that it is too much, soon after the last, is waited for twice as long.
    fn again(&mut self, now: DateTime<Utc>) -> u32 {
        let is_soon = self.at.is_some_and(|at| now - at < TimeDelta::milliseconds(LIMITED_MS));
        self.times = if is_soon { (self.times + 1).min(LIMITED_MAX) } else { 1 };
        self.at = Some(now);
        self.times
    }
}

pub(super) struct Gate {
    way: Way,
    units_per_minute: u64,
    limited: Mutex<Limited>,
}

impl Gate {
    pub(super) fn new(store: Store, now: Now, pause: Pause, name: &str, units_per_minute: u32) -> Self {
        let terms = Terms { budget: format!("gmail:{name}"), name: "the mailbox", wait_ms_max: WAIT_MS_MAX };
        let units_per_minute = u64::from(units_per_minute.max(1));
        Self { way: Way::new(store, now, pause, terms), units_per_minute, limited: Mutex::default() }
    }

    /// Waits for the place of a request that costs so many units. Places follow each other by what they cost, so no minute holds more
    /// than is allowed, whoever takes them.
    pub(super) async fn enter(&self, units: u32) -> Result<(), Stopped> {
        let spacing_ms = (u64::from(units) * MINUTE_MS).div_ceil(self.units_per_minute);
        Ok(self.way.enter(i64::try_from(spacing_ms).unwrap_or(i64::MAX)).await?)
    }

    /// What a request came to; a limit pauses the mailbox for all instances.
    pub(super) async fn leave<T>(&self, result: Result<T, GoogleError>) -> Result<T, Stopped> {
        let error = match result {
            Ok(value) => {
                self.way.succeeded();
                return Ok(value);
            }
            Err(error) => error,
        };
        match &error {
            GoogleError::RateLimited { retry_after_ms } => {
                let limited = self.limited.lock().unwrap_or_else(PoisonError::into_inner).again(self.way.now());
                let until = self.way.pause(wait_ms(limited, *retry_after_ms)).await?;
                return Err(Stopped::Wait { until, why: error.to_string() });
            }
            GoogleError::Unreachable { .. } => self.way.failed().await?,
            // Google is there and answers.
            GoogleError::HistoryGone
            | GoogleError::Revoked { .. }
            | GoogleError::Denied { .. }
            | GoogleError::TooLarge { .. }
            | GoogleError::Unexpected { .. } => self.way.succeeded(),
        }
        Err(Stopped::Google(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ClientId;
    use crate::engine::rows::TaskKind;
    use uuid::Uuid;

    fn task(attempts: u32) -> ClaimedTask {
        ClaimedTask {
            task_id: Uuid::nil(),
            kind: TaskKind::GmailMailbox,
            tenant: ClientId::agency(),
            task_key: String::new(),
            contact_id: None,
            payload: serde_json::Value::Null,
            attempts,
            wanted: 1,
            lease: Uuid::nil(),
        }
    }

    #[test]
    fn a_mailbox_is_never_given_up_and_only_what_a_person_can_cure_is_told() {
        let now = DateTime::UNIX_EPOCH;
        let unreachable = |retry_after_ms| GoogleError::Unreachable { detail: String::new(), retry_after_ms };
        let hour = 3_600_000..=3_600_000;
        let rows = [
            ("revoked", Stopped::Google(GoogleError::Revoked { reason: String::new() }), 1, hour.clone(), true, true),
            ("denied", Stopped::Google(GoogleError::Denied { reason: String::new() }), 50, hour, true, true),
            ("a passing fault", Stopped::Google(unreachable(None)), 1, 500..=1_000, true, false),
            ("the third in a row", Stopped::Google(unreachable(None)), 3, 2_000..=4_000, true, false),
            ("many in a row", Stopped::Google(unreachable(None)), 100, 300_000..=600_000, true, true),
            ("asked to wait", Stopped::Google(unreachable(Some(900_000))), 1, 900_000..=900_000, true, false),
            (
                "an answer that is not foreseen",
                Stopped::Google(GoogleError::Unexpected { status: 400, reason: String::new() }),
                9,
                100_000..=600_000,
                true,
                true,
            ),
            ("the database", Stopped::busy(now, &"busy"), 3, 5_000..=5_000, false, false),
        ];
        for (what, stopped, attempts, delay_ms, counts, is_told) in rows {
            let TaskEnd::Retry { due_at, counts: counted, .. } = stopped.end(&task(attempts), now) else {
                panic!("{what}")
            };
            assert!(delay_ms.contains(&(due_at - now).num_milliseconds()), "{what}: {due_at}");
            assert_eq!((counted, stopped.is_to_be_told(attempts)), (counts, is_told), "{what}");
        }
    }

    #[test]
    fn limits_soon_after_each_other_are_waited_for_longer_and_longer() {
        let mut limited = Limited::default();
        let mut at = |seconds: i64| limited.again(DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds));
        let waits: Vec<u32> = [0, 1, 3, 7, 15, 31, 63, 127, 200].map(&mut at).to_vec();
        assert_eq!(waits, [1, 2, 3, 4, 5, 6, 7, 7, 7]);
        assert_eq!(at(400), 1, "the last one is long ago");
    }
}
