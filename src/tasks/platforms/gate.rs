//! The way to one account: its limits, which all instances share, its pauses, and a circuit breaker of its own, so that a bad account
//! holds up no other.

use crate::domain::outreach::Outreach;
use crate::engine::rows::{ClaimedTask, TaskEnd};
use crate::intake::Now;
use crate::services::platform::PlatformError;
use crate::store::{Store, StoreError};
use crate::tasks::Pause;
use crate::tasks::gate::{PAUSE_MS_MAX, STORE_RETRY_MS, Shut, Terms, Way, try_again};
use crate::tasks::retry::{ATTEMPTS_MAX, end_of_store};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, MutexGuard, PoisonError};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
/// How long a request waits for its place; what would take longer is done later.
const WAIT_MS_MAX: i64 = 10_000;
/// A place that was reached this late is given up for another: the requests that follow it would stand too near.
const LATE_MS_MAX: i64 = 500;
const LATE_TRIES_MAX: u32 = 8;
/// How long to leave an account alone when it denies us: only a person can cure that.
const DENIED_PAUSE_MS: i64 = 600_000;
/// When it is too much and it is not told for how long; doubled each time in a row.
const LIMITED_PAUSE_MS: i64 = 15_000;
const LIMITED_MAX: u32 = 6;

/// How many requests an account allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    pub per_second_max: u32,
    pub per_minute_max: u32,
    /// None is no limit.
    pub per_hour_max: Option<u32>,
}

impl Pace {
    /// Smartlead's standard plan.
    pub const SMARTLEAD: Self = Self { per_second_max: 10, per_minute_max: 60, per_hour_max: Some(1_000) };
    /// Of a workspace.
    pub const INSTANTLY: Self = Self { per_second_max: 100, per_minute_max: 6_000, per_hour_max: None };

    /// The distance of two requests. Five sixths of what is allowed are used, so that some may be held up on their way and still no
    /// second or minute holds too many.
    fn spacing_ms(self) -> i64 {
        let share = |span_ms: i64, count: u32| {
            let used = (i64::from(count) * 5 / 6).max(1);
            span_ms.saturating_add(used - 1).checked_div(used).unwrap_or(span_ms)
        };
        share(MINUTE_MS, self.per_minute_max).max(share(SECOND_MS, self.per_second_max))
    }

    /// The limit of an hour lets a quarter of its requests go one after the other; those that follow are spread over the hour, so that
    /// no hour, wherever it begins, holds too many: the distance, and how far ahead of it a request may go.
    fn hour(self) -> Option<(i64, i64)> {
        let used = (i64::from(self.per_hour_max?) * 9 / 10).max(2);
        let burst = used / 4;
        let spacing_ms = HOUR_MS.checked_div(used - burst)?;
        Some((spacing_ms + 1, (spacing_ms + 1) * burst))
    }
}

/// Why work at a platform did not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody's fault: the account is to be left alone until then.
    #[error("{why}")]
    Wait { until: DateTime<Utc>, why: String },
    /// A person must know: the key or its rights are at fault.
    #[error("{why}")]
    Denied {
        until: DateTime<Utc>,
        why: String,
        /// Everything is denied, not only what was asked for.
        is_account: bool,
    },
    #[error("{platform}: {error}", platform = .platform.name())]
    Platform { platform: Outreach, error: PlatformError },
    /// What the task asks for can't be done.
    #[error("{0}")]
    Refused(String),
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
    /// What becomes of a task that was stopped so.
    pub(super) fn end(&self, task: &ClaimedTask, now: DateTime<Utc>) -> TaskEnd {
        match self {
            Self::Store(error) => end_of_store(error, task.attempts, now),
            Self::Wait { until, why } | Self::Denied { until, why, .. } => {
                TaskEnd::Retry { due_at: *until, error: why.clone(), counts: false }
            }
            Self::Refused(error) => TaskEnd::Dead { error: error.clone() },
            Self::Platform { error, .. } => match error {
                PlatformError::Transient { retry_after_ms, .. } if task.attempts < ATTEMPTS_MAX => {
                    try_again(self, task.attempts, *retry_after_ms, now)
                }
                PlatformError::Transient { .. }
                | PlatformError::NotFound
                | PlatformError::Permanent { .. }
                | PlatformError::RateLimited { .. }
                | PlatformError::Unauthorised { .. }
                | PlatformError::Forbidden => TaskEnd::Dead { error: self.to_string() },
            },
        }
    }

    /// What a platform says of one campaign only: that it is no business of ours, or that the question makes no sense.
    pub(super) fn is_of_one_campaign(&self) -> bool {
        match self {
            Self::Denied { is_account, .. } => !is_account,
            Self::Platform { error: PlatformError::Permanent { .. }, .. } => true,
            Self::Store(_) | Self::Wait { .. } | Self::Refused(_) | Self::Platform { .. } => false,
        }
    }

    /// The database can't take it now.
    pub(super) fn busy(now: DateTime<Utc>, error: &impl std::fmt::Display) -> Self {
        Self::Wait { until: now + TimeDelta::milliseconds(STORE_RETRY_MS), why: error.to_string() }
    }
}

#[derive(Default)]
struct State {
    /// A place that was taken and not used yet.
    held: Option<DateTime<Utc>>,
    /// How often in a row it was too much.
    limited: u32,
}

pub(super) struct Gate {
    way: Way,
    platform: Outreach,
    hour_budget: String,
    pace: Pace,
    state: Mutex<State>,
}

impl Gate {
    /// `account` tells this account from all others, and is no secret.
    pub(super) fn new(store: Store, now: Now, pause: Pause, platform: Outreach, account: &str, pace: Pace) -> Self {
        let budget = format!("{platform}:{account}");
        let hour_budget = format!("{budget}:hour");
        let terms = Terms { budget, name: platform.name(), wait_ms_max: WAIT_MS_MAX };
        Self { way: Way::new(store, now, pause, terms), platform, hour_budget, pace, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place and waits for it, before it is known for what; the next [`Self::enter`] uses it.
    pub(super) async fn hold(&self) -> Result<(), Stopped> {
        let at = self.place().await?;
        self.state().held = Some(at);
        Ok(())
    }

    /// Waits until one request may be made.
    pub(super) async fn enter(&self) -> Result<(), Stopped> {
        let at = self.place().await?;
        tracing::trace!(platform = %self.platform, %at, "a place was taken");
        Ok(())
    }

    async fn place(&self) -> Result<DateTime<Utc>, Stopped> {
        for _ in 0..LATE_TRIES_MAX {
            self.way.check().await?;
            let held = self.state().held.take().filter(|at| !self.way.is_late(*at, LATE_MS_MAX));
            let at_ms = match held {
                Some(at) => at.timestamp_millis(),
                None => self.take_ms().await?,
            };
            match self.way.reach(at_ms).await {
                Ok(at) if !self.way.is_late(at, LATE_MS_MAX) => return Ok(at),
                Ok(_late) => {}
                Err(shut) => {
                    if let Shut::Wait { until, is_far: true, .. } = shut {
                        self.state().held = Some(until);
                    }
                    return Err(shut.into());
                }
            }
        }
        let until = self.way.now() + TimeDelta::milliseconds(SECOND_MS);
        Err(Stopped::Wait { until, why: "this machine is too slow to keep its places".to_owned() })
    }

    async fn take_ms(&self) -> Result<i64, Stopped> {
        let at_ms = self.way.take(self.pace.spacing_ms()).await?.at_ms;
        let Some((spacing_ms, ahead_ms)) = self.pace.hour() else { return Ok(at_ms) };
        let of_hour = self.way.store.take_slot(&self.hour_budget, self.way.now(), spacing_ms).await?;
        Ok(at_ms.max(of_hour.at_ms - ahead_ms))
    }

    /// What a request came to: whatever concerns the whole account pauses it for all instances. A 404 is an answer like others.
    pub(super) async fn leave<T>(&self, result: Result<T, PlatformError>) -> Result<Option<T>, Stopped> {
        let error = match result {
            Ok(value) => {
                self.way.succeeded();
                self.state().limited = 0;
                return Ok(Some(value));
            }
            Err(PlatformError::NotFound) => {
                self.way.succeeded();
                return Ok(None);
            }
            Err(error) => error,
        };
        let platform = self.platform;
        tracing::warn!(%platform, %error, "a request to a platform did not succeed");
        let why = format!("{}: {error}", platform.name());
        match &error {
            PlatformError::RateLimited { retry_after_ms } => {
                let until = self.way.pause(self.limited_ms(*retry_after_ms)).await?;
                Err(Stopped::Wait { until, why })
            }
            PlatformError::Unauthorised { .. } => {
                let until = self.way.pause(DENIED_PAUSE_MS).await?;
                Err(Stopped::Denied { until, why, is_account: true })
            }
            // It is there and answers; another campaign may well be ours.
            PlatformError::Forbidden => {
                self.way.succeeded();
                let until = self.way.now() + TimeDelta::milliseconds(DENIED_PAUSE_MS);
                Err(Stopped::Denied { until, why, is_account: false })
            }
            PlatformError::Transient { .. } => {
                self.way.failed().await?;
                Err(Stopped::Platform { platform, error })
            }
            // It is there and answers.
            PlatformError::Permanent { .. } | PlatformError::NotFound => {
                self.way.succeeded();
                Err(Stopped::Platform { platform, error })
            }
        }
    }

    fn limited_ms(&self, told_ms: Option<u64>) -> i64 {
        let mut state = self.state();
        state.limited = (state.limited + 1).min(LIMITED_MAX);
        let own_ms = LIMITED_PAUSE_MS << (state.limited - 1);
        told_ms.map_or(own_ms, |ms| i64::try_from(ms).unwrap_or(PAUSE_MS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Requests that go as soon as the places allow it, by the arithmetic of the store's budgets.
        #[test]
        fn no_second_minute_or_hour_holds_too_many(second in 1..200_u32, minute in 2..10_000_u32, hour in 10..20_000_u32) {
            let pace = Pace { per_second_max: second, per_minute_max: minute, per_hour_max: Some(hour) };
            let (spacing_ms, (hour_ms, ahead_ms)) = (pace.spacing_ms(), pace.hour().unwrap());
            let (mut next_ms, mut next_hour_ms, mut now_ms) = (0_i64, 0_i64, 0_i64);
            let mut sent: Vec<i64> = Vec::new();
            while now_ms < 2 * HOUR_MS && sent.len() < 5_000 {
                let (at_ms, hour_at_ms) = (next_ms.max(now_ms), next_hour_ms.max(now_ms));
                (next_ms, next_hour_ms) = (at_ms + spacing_ms, hour_at_ms + hour_ms);
                now_ms = at_ms.max(hour_at_ms - ahead_ms);
                sent.push(now_ms);
            }
            for (span_ms, limit) in [(SECOND_MS, second), (MINUTE_MS, minute), (HOUR_MS, hour)] {
                let mut first = 0;
                for (nth, at_ms) in sent.iter().enumerate() {
                    while at_ms - sent[first] >= span_ms {
                        first += 1;
                    }
                    prop_assert!(nth - first < limit as usize, "{} within {span_ms} ms of {pace:?}", nth - first + 1);
                }
            }
        }
    }

    #[test]
    fn the_documented_limits_are_used_to_five_sixths_and_nine_tenths() {
        assert_eq!((Pace::SMARTLEAD.spacing_ms(), Pace::SMARTLEAD.hour()), (1_200, Some((5_334, 1_200_150))));
        assert_eq!((Pace::INSTANTLY.spacing_ms(), Pace::INSTANTLY.hour()), (13, None));
    }
}
