//! The way to Airtable: one budget a base that all instances share, its pauses, and a circuit breaker.

use crate::engine::rows::{ClaimedTask, TaskEnd};
use crate::intake::Now;
use crate::services::airtable::{Airtable, AirtableError};
use crate::store::{Store, StoreError};
use crate::tasks::Pause;
use crate::tasks::gate::{PAUSE_MS_MAX, Shut, Terms, Way, try_again};
use crate::tasks::retry::{ATTEMPTS_MAX, end_of_store};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Five requests a second, with room for one that is held up on its way, so that never six arrive within one second.
pub const REQUEST_SPACING_MS: i64 = 208;
/// A place that was reached this late may stand too near to the next ones: it is given up for another.
const LATE_MS_MAX: i64 = 35;
/// What five places leave of a second: a request may be held up on its way by so much.
const SLACK_MS: i64 = 5 * REQUEST_SPACING_MS - 1_000;
/// Longer than this, one that was held up meets others than those that follow it.
const HELD_UP_MS_MAX: i64 = 1_000;
/// How long a request waits for its place; what would take longer is done later.
const WAIT_MS_MAX: i64 = 5_000;
const LATE_TRIES_MAX: u32 = 8;
/// How long to leave Airtable alone when it denies us: only a person can cure that.
const DENIED_PAUSE_MS: i64 = 300_000;
/// How long when the plan's calls of the month are used up.
const QUOTA_PAUSE_MS: i64 = 3_600_000;

/// Why a request was not made, or did not succeed.
#[derive(Debug, thiserror::Error)]
pub(in crate::tasks) enum Stopped {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody's fault: the base is to be left alone until then.
    #[error("{why}")]
    Wait { until: DateTime<Utc>, why: String },
    #[error(transparent)]
    Airtable(AirtableError),
    /// Not possible now, and it counts as a try.
    #[error("{why}")]
    Later { until: DateTime<Utc>, why: String },
    /// What the record asks for can't be done; the text says why and what would do.
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
    pub(in crate::tasks) fn end(&self, task: &ClaimedTask, now: DateTime<Utc>) -> TaskEnd {
        match self {
            Self::Store(error) => end_of_store(error, task.attempts, now),
            Self::Wait { until, why } => TaskEnd::Retry { due_at: *until, error: why.clone(), counts: false },
            Self::Later { until, why } => TaskEnd::Retry { due_at: *until, error: why.clone(), counts: true },
            Self::Refused(error) => TaskEnd::Dead { error: error.clone() },
            Self::Airtable(error) => end_of(error, task.attempts, now),
        }
    }
}

fn end_of(error: &AirtableError, attempts: u32, now: DateTime<Utc>) -> TaskEnd {
    let asked_ms = match error {
        AirtableError::Unavailable { retry_after_ms, .. } if attempts < ATTEMPTS_MAX => *retry_after_ms,
        // A record that was deleted this moment is seen so at the next look; a table that was renamed may get its name back.
        AirtableError::NotFound { .. } if attempts < ATTEMPTS_MAX => None,
        AirtableError::Unavailable { .. } | AirtableError::Rejected { .. } | AirtableError::NotFound { .. } => {
            return TaskEnd::Dead { error: error.to_string() };
        }
        AirtableError::RateLimited { .. } | AirtableError::QuotaReached { .. } | AirtableError::Denied { .. } => {
            Some(u64::try_from(DENIED_PAUSE_MS).unwrap_or_default())
        }
    };
    try_again(error, attempts, asked_ms, now)
}

/// The name of a base's budget.
pub fn budget_of(base_id: &str) -> String {
    format!("airtable:{base_id}")
}

#[derive(Default)]
struct State {
    /// A place that was taken before the work for it was chosen, so that what is most urgent then goes first.
    held: Option<DateTime<Utc>>,
    calls_this_month: i64,
    /// The place of the request under way.
    sent_for: Option<DateTime<Utc>>,
    /// How long a request takes at best; rises slowly, in case the way has become longer.
    usual_ms: Option<i64>,
}

impl State {
    /// How much later than for its place a request may have arrived: as much as it took longer than usual. Of the first one, which
    /// makes the connection, nothing is usual.
    fn held_up_ms(&mut self, now: DateTime<Utc>) -> i64 {
        let Some(place) = self.sent_for.take() else { return 0 };
        let took_ms = (now - place).num_milliseconds().max(0);
        let usual_ms = self.usual_ms.unwrap_or(0);
        self.usual_ms = Some(self.usual_ms.map_or(took_ms, |usual_ms| took_ms.min(usual_ms + 1)));
        (took_ms - usual_ms).clamp(0, HELD_UP_MS_MAX)
    }
}

pub(in crate::tasks) struct Gate {
    way: Way,
    airtable: Airtable,
    state: Mutex<State>,
}

impl Gate {
    pub(in crate::tasks) fn new(store: Store, now: Now, pause: Pause, airtable: Airtable) -> Self {
        let terms = Terms { budget: budget_of(airtable.base_id()), name: "Airtable", wait_ms_max: WAIT_MS_MAX };
        Self { way: Way::new(store, now, pause, terms), airtable, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::tasks) fn base_id(&self) -> &str {
        self.airtable.base_id()
    }

    /// Calls of this month by all instances, as far as this one has heard.
    pub(in crate::tasks) fn calls_this_month(&self) -> i64 {
        self.state().calls_this_month
    }

    /// Takes a place and waits for it, before it is known who goes.
    pub(in crate::tasks) async fn hold(&self) -> Result<(), Stopped> {
        let at = self.place().await?;
        self.state().held = Some(at);
        Ok(())
    }

    /// The client, as soon as a request may be made; for one request.
    pub(in crate::tasks) async fn enter(&self) -> Result<&Airtable, Stopped> {
        let held = self.state().held.take();
        let place = match held.filter(|at| !self.way.is_late(*at, LATE_MS_MAX)) {
            Some(at) => at,
            None => self.place().await?,
        };
        self.state().sent_for = Some(place);
        Ok(&self.airtable)
    }

    async fn place(&self) -> Result<DateTime<Utc>, Stopped> {
        for _ in 0..LATE_TRIES_MAX {
            self.way.check_own()?;
            let slot = self.way.take(REQUEST_SPACING_MS).await?;
            self.state().calls_this_month = slot.calls_this_month;
            let at = self.way.reach(slot.at_ms).await?;
            if !self.way.is_late(at, LATE_MS_MAX) {
                return Ok(at);
            }
        }
        let until = self.way.now() + TimeDelta::milliseconds(REQUEST_SPACING_MS);
        Err(Stopped::Wait { until, why: "this machine is too slow to keep its place at Airtable".to_owned() })
    }

    /// What a request came to: whatever concerns the whole base is remembered, for all instances where it concerns all.
    pub(in crate::tasks) async fn leave<T>(&self, result: Result<T, AirtableError>) -> Result<T, Stopped> {
        let error = match self.leave_gently(result).await? {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if let AirtableError::Denied { .. } = error {
            let until = self.way.denied(DENIED_PAUSE_MS).await?;
            return Err(Stopped::Wait { until, why: error.to_string() });
        }
        Err(Stopped::Airtable(error))
    }

    /// The same for a request that may be denied without anything being wrong: a table or a right that not every base has.
    pub(in crate::tasks) async fn leave_gently<T>(
        &self,
        result: Result<T, AirtableError>,
    ) -> Result<Result<T, AirtableError>, Stopped> {
        let held_up_ms = self.state().held_up_ms(self.way.now());
        if held_up_ms > SLACK_MS {
            // It may arrive together with those that follow, so all of them go later by as much.
            self.way.store.delay_budget(&self.way.terms.budget, held_up_ms - SLACK_MS).await?;
        }
        let error = match result {
            Ok(value) => {
                self.way.succeeded();
                return Ok(Ok(value));
            }
            Err(error) => error,
        };
        tracing::warn!(error = %error, "a request to Airtable did not succeed");
        let pause_ms = match &error {
            AirtableError::RateLimited { retry_after_ms } => i64::try_from(*retry_after_ms).unwrap_or(PAUSE_MS_MAX),
            AirtableError::QuotaReached { .. } => QUOTA_PAUSE_MS,
            AirtableError::Unavailable { .. } => {
                self.way.failed().await?;
                return Ok(Err(error));
            }
            AirtableError::Denied { .. } | AirtableError::Rejected { .. } | AirtableError::NotFound { .. } => {
                return Ok(Err(error));
            }
        };
        // A lock-out pauses the whole base, not the one request.
        let until = self.way.pause(pause_ms).await?;
        Err(Stopped::Wait { until, why: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_takes_longer_than_usual_was_held_up() {
        let start = DateTime::UNIX_EPOCH;
        let mut state = State::default();
        let mut took = |ms: i64| {
            state.sent_for = Some(start);
            state.held_up_ms(start + TimeDelta::milliseconds(ms))
        };
        for (what, ms, expected) in [
            ("the first one makes the connection", 180, 180),
            ("the next ones are quick", 50, 0),
            ("as usual", 60, 10),
            ("held up", 300, 249),
            ("no answer in time", 30_000, HELD_UP_MS_MAX),
        ] {
            assert_eq!(took(ms), expected, "{what}");
        }
        for _ in 0..500 {
            took(200);
        }
        assert_eq!(took(200), 0, "what is always so is usual");
        assert_eq!(State::default().held_up_ms(start), 0, "nothing was sent");
    }
}
