//! The way to an outside service, as far as it is the same for all: places out of a budget that all instances share, the budget's
//! pauses, and a circuit breaker of this instance's own. What only one service asks for is in the gate of its room.

use crate::engine::rows::{ClaimedTask, TaskEnd};
use crate::intake::Now;
use crate::store::views::Slot;
use crate::store::{Store, StoreError};
use crate::tasks::retry::{Breaker, delay_ms};
use crate::tasks::{Pause, lease_until};
use chrono::{DateTime, TimeDelta, Utc};
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Whatever a service asks for, it is not left alone longer than this.
pub(super) const PAUSE_MS_MAX: i64 = 3_600_000;
/// When to come again after the database did not take something.
pub(super) const STORE_RETRY_MS: i64 = 5_000;

/// What is to be known of a service, or of one account of it.
pub(super) struct Terms {
    /// The name of its budget.
    pub(super) budget: String,
    /// As an operator knows it.
    pub(super) name: &'static str,
    /// How long a request waits for its place; what would take longer is done later.
    pub(super) wait_ms_max: i64,
}

/// Why work does not go on now; nobody's fault.
pub(super) enum Shut {
    Store(StoreError),
    Wait {
        until: DateTime<Utc>,
        why: String,
        /// The place that was taken is too far off to be waited for.
        is_far: bool,
    },
}

impl From<StoreError> for Shut {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(super) struct Way {
    pub(super) store: Store,
    pub(super) terms: Terms,
    now: Now,
    pause: Pause,
    state: Mutex<State>,
}

/// What this instance knows by itself.
#[derive(Default)]
struct State {
    breaker: Breaker,
    denied_until: Option<DateTime<Utc>>,
}

impl Way {
    pub(super) fn new(store: Store, now: Now, pause: Pause, terms: Terms) -> Self {
        Self { store, terms, now, pause, state: Mutex::default() }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next place and waits for it.
    pub(super) async fn enter(&self, spacing_ms: i64) -> Result<(), Shut> {
        self.check().await?;
        let slot = self.take(spacing_ms).await?;
        self.reach(slot.at_ms).await?;
        Ok(())
    }

    /// The next place, which is not waited for yet.
    pub(super) async fn take(&self, spacing_ms: i64) -> Result<Slot, StoreError> {
        self.store.take_slot(&self.terms.budget, self.now(), spacing_ms).await
    }

    /// Waits for a place that was taken.
    pub(super) async fn reach(&self, at_ms: i64) -> Result<DateTime<Utc>, Shut> {
        let now = self.now();
        let at = DateTime::from_timestamp_millis(at_ms).unwrap_or(now);
        if at - now > TimeDelta::milliseconds(self.terms.wait_ms_max) {
            let why = format!("waits for {}'s limit of requests", self.terms.name);
            return Err(Shut::Wait { until: at, why, is_far: true });
        }
        if at > now {
            (self.pause)(at).await;
            // Somebody may have run into a limit meanwhile.
            self.check().await?;
        }
        Ok(at)
    }

    /// Whether a place was reached so late that the requests which follow it would stand too near.
    pub(super) fn is_late(&self, at: DateTime<Utc>, late_ms_max: i64) -> bool {
        self.now() - at > TimeDelta::milliseconds(late_ms_max)
    }

    /// Until when no request can be made.
    pub(super) async fn closed_until(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(self.failing_until().max(self.paused_until().await?))
    }

    pub(super) async fn check(&self) -> Result<(), Shut> {
        self.check_own()?;
        match self.paused_until().await? {
            Some(until) => {
                let why = format!("waits for the end of {}'s pause", self.terms.name);
                Err(Shut::Wait { until, why, is_far: false })
            }
            None => Ok(()),
        }
    }

    /// The same, as far as this instance knows by itself.
    pub(super) fn check_own(&self) -> Result<(), Shut> {
        match self.failing_until() {
            Some(until) => {
                let why = format!("{} did not take the last requests", self.terms.name);
                Err(Shut::Wait { until, why, is_far: false })
            }
            None => Ok(()),
        }
    }

    async fn paused_until(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let until = self.store.budget_paused_until(&self.terms.budget).await?;
        Ok(until.filter(|until| *until > self.now()))
    }

    fn failing_until(&self) -> Option<DateTime<Utc>> {
        let (now, state) = (self.now(), self.state());
        state.denied_until.filter(|until| *until > now).max(state.breaker.open_until(now))
    }

    pub(super) fn succeeded(&self) {
        self.state().breaker.succeeded();
    }

    /// Enough failures in a row open the breaker, which is told.
    pub(super) async fn failed(&self) -> Result<(), StoreError> {
        let now = self.now();
        let open_until = self.state().breaker.failed(now);
        self.store.note_breaker(&self.terms.budget, open_until, now).await
    }

    /// No instance makes a request for so long; gives until when.
    pub(super) async fn pause(&self, for_ms: i64) -> Result<DateTime<Utc>, StoreError> {
        let until = self.now() + TimeDelta::milliseconds(for_ms.min(PAUSE_MS_MAX));
        self.store.pause_budget(&self.terms.budget, until).await?;
        Ok(until)
    }

    /// This instance makes no request for so long, because it is denied, which is told like an open breaker; gives until when.
    pub(super) async fn denied(&self, for_ms: i64) -> Result<DateTime<Utc>, StoreError> {
        let now = self.now();
        let until = now + TimeDelta::milliseconds(for_ms);
        self.state().denied_until = Some(until);
        self.store.note_breaker(&self.terms.budget, Some(until), now).await?;
        Ok(until)
    }
}

/// Holds a task on; whoever lost it leaves the rest to its new holder.
pub(super) async fn hold_on(store: &Store, task: &ClaimedTask, now: DateTime<Utc>) -> Result<(), Shut> {
    if store.extend_lease(task.task_id, task.lease, lease_until(now)).await? {
        return Ok(());
    }
    Err(Shut::Wait { until: now, why: "another instance took over".to_owned(), is_far: false })
}

/// How long to wait before the next try, with some chance in it.
pub(super) fn backoff_ms(attempts: u32, asked_ms: Option<u64>) -> i64 {
    let random = Uuid::new_v4().as_u64_pair().0;
    i64::try_from(delay_ms(attempts, random, asked_ms)).unwrap_or(PAUSE_MS_MAX)
}

/// A try that counts: the task comes again after a backoff, or when it was asked to.
pub(super) fn try_again(error: &impl Display, attempts: u32, asked_ms: Option<u64>, now: DateTime<Utc>) -> TaskEnd {
    let due_at = now + TimeDelta::milliseconds(backoff_ms(attempts, asked_ms));
    TaskEnd::Retry { due_at, error: error.to_string(), counts: true }
}
