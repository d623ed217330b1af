//! The way to the model: one pace that all instances share, its pauses, and a circuit breaker.

use crate::engine::rows::{ClaimedTask, TaskEnd};
use crate::intake::Now;
use crate::services::ai::AiError;
use crate::store::{Store, StoreError};
use crate::tasks::Pause;
use crate::tasks::airtable::Stopped as AirtableStopped;
use crate::tasks::retry::{Breaker, delay_ms, end_of_store};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Each try may be paid, so there are few.
const ATTEMPTS_MAX: u32 = 5;
/// How long to leave the endpoint alone when it denies us or does not know the model: only a person can cure that.
const DENIED_PAUSE_MS: i64 = 900_000;
/// How long when there is no money: one question an hour finds out whether there is again.
const QUOTA_PAUSE_MS: i64 = 3_600_000;
const PAUSE_MS_MAX: i64 = 3_600_000;
/// How long a question waits for its place; what would take longer is asked later.
const WAIT_MS_MAX: i64 = 5_000;
const MINUTE_MS: i64 = 60_000;

/// Why work was stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody's fault: it goes on then.
    #[error("{why}")]
    Wait { until: DateTime<Utc>, why: String },
    #[error(transparent)]
    Ai(AiError),
    #[error(transparent)]
    Airtable(AirtableStopped),
    /// It can't be done; the text says why.
    #[error("{0}")]
    Refused(String),
}

impl Stopped {
    /// What becomes of a task that was stopped so.
    pub(super) fn end(&self, task: &ClaimedTask, now: DateTime<Utc>) -> TaskEnd {
        match self {
            Self::Store(error) => end_of_store(error, task.attempts, now),
            Self::Wait { until, why } => TaskEnd::Retry { due_at: *until, error: why.clone(), counts: false },
            Self::Refused(error) => TaskEnd::Dead { error: error.clone() },
            Self::Airtable(stopped) => stopped.end(task, now),
            Self::Ai(error) => end_of(error, task.attempts, now),
        }
    }
}

fn end_of(error: &AiError, attempts: u32, now: DateTime<Utc>) -> TaskEnd {
    let asked_ms = match error {
        AiError::Unavailable { retry_after_ms, .. } if attempts < ATTEMPTS_MAX => *retry_after_ms,
        AiError::RateLimited { .. }
        | AiError::QuotaReached { .. }
        | AiError::Denied { .. }
        | AiError::NotFound { .. } => Some(u64::try_from(DENIED_PAUSE_MS).unwrap_or_default()),
        AiError::Unavailable { .. } | AiError::Rejected { .. } => {
            return TaskEnd::Dead { error: error.to_string() };
        }
    };
    let random = Uuid::new_v4().as_u64_pair().0;
    let delay = TimeDelta::milliseconds(i64::try_from(delay_ms(attempts, random, asked_ms)).unwrap_or(PAUSE_MS_MAX));
    TaskEnd::Retry { due_at: now + delay, error: error.to_string(), counts: true }
}

pub(super) struct Gate {
    store: Store,
    now: Now,
    pause: Pause,
    budget: String,
    spacing_ms: i64,
    breaker: Mutex<Breaker>,
}

impl Gate {
    pub(super) fn new(store: Store, now: Now, pause: Pause, endpoint: &str, requests_per_minute: u32) -> Self {
        let budget = format!("ai:{}", Uuid::new_v5(&Uuid::NAMESPACE_URL, endpoint.as_bytes()));
        let spacing_ms = MINUTE_MS / i64::from(requests_per_minute.max(1));
        Self { store, now, pause, budget, spacing_ms, breaker: Mutex::default() }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next place and waits for it.
    pub(super) async fn enter(&self) -> Result<(), Stopped> {
        self.closed().await?;
        let now = (self.now)();
        let slot = self.store.take_slot(&self.budget, now, self.spacing_ms).await?;
        let at = DateTime::from_timestamp_millis(slot.at_ms).unwrap_or(now);
        // Never less than one place, so that somebody always gets it.
        if at - now > TimeDelta::milliseconds(WAIT_MS_MAX.max(self.spacing_ms)) {
            return Err(Stopped::Wait {
                until: at,
                why: "waits for its place among the questions of a minute".to_owned(),
            });
        }
        (self.pause)(at).await;
        // Meanwhile another question may have been refused.
        self.closed().await
    }

    async fn closed(&self) -> Result<(), Stopped> {
        let now = (self.now)();
        let paused_until = self.store.budget_paused_until(&self.budget).await?;
        let open_until = self.breaker().open_until(now);
        match [paused_until.filter(|until| *until > now), open_until].into_iter().flatten().max() {
            Some(until) => {
                Err(Stopped::Wait { until, why: "waits: the model did not take the last questions".to_owned() })
            }
            None => Ok(()),
        }
    }

    pub(super) fn succeeded(&self) {
        self.breaker().succeeded();
    }

    /// What concerns all questions is remembered, for all instances where it concerns all.
    pub(super) async fn failed(&self, error: AiError) -> Stopped {
        let now = (self.now)();
        tracing::warn!(error = %error, "a question to the model was not answered");
        let pause_ms = match &error {
            AiError::RateLimited { retry_after_ms } => i64::try_from(*retry_after_ms).unwrap_or(PAUSE_MS_MAX),
            AiError::QuotaReached { .. } => QUOTA_PAUSE_MS,
            AiError::Denied { .. } | AiError::NotFound { .. } => DENIED_PAUSE_MS,
            AiError::Unavailable { .. } => {
                let open_until = self.breaker().failed(now);
                return match self.store.note_breaker(&self.budget, open_until, now).await {
                    Ok(()) => Stopped::Ai(error),
                    Err(error) => Stopped::Store(error),
                };
            }
            AiError::Rejected { .. } => return Stopped::Ai(error),
        };
        let until = now + TimeDelta::milliseconds(pause_ms.clamp(self.spacing_ms, PAUSE_MS_MAX));
        match self.store.pause_budget(&self.budget, until).await {
            Ok(()) => Stopped::Wait { until, why: error.to_string() },
            Err(error) => Stopped::Store(error),
        }
    }
}
