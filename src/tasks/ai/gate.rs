//! The way to the model: one pace that all instances share, its pauses, and a circuit breaker.

use crate::engine::rows::{ClaimedTask, TaskEnd};
use crate::intake::Now;
use crate::services::ai::AiError;
use crate::store::{Store, StoreError};
use crate::tasks::Pause;
use crate::tasks::airtable::Stopped as AirtableStopped;
use crate::tasks::gate::{PAUSE_MS_MAX, Shut, Terms, Way, try_again};
use crate::tasks::retry::end_of_store;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Each try may be paid, so there are few.
const ATTEMPTS_MAX: u32 = 5;
/// How long to leave the endpoint alone when it denies us or does not know the model: only a person can cure that.
const DENIED_PAUSE_MS: i64 = 900_000;
/// How long when there is no money: one question an hour finds out whether there is again.
const QUOTA_PAUSE_MS: i64 = 3_600_000;
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
    try_again(error, attempts, asked_ms, now)
}

pub(super) struct Gate {
    way: Way,
    spacing_ms: i64,
}

impl Gate {
    pub(super) fn new(store: Store, now: Now, pause: Pause, endpoint: &str, requests_per_minute: u32) -> Self {
        let spacing_ms = MINUTE_MS / i64::from(requests_per_minute.max(1));
        let terms = Terms {
            budget: format!("ai:{}", Uuid::new_v5(&Uuid::NAMESPACE_URL, endpoint.as_bytes())),
            name: "the model",
            // Never less than one place, so that somebody always gets it.
            wait_ms_max: WAIT_MS_MAX.max(spacing_ms),
        };
        Self { way: Way::new(store, now, pause, terms), spacing_ms }
    }

    /// Takes the next place and waits for it.
    pub(super) async fn enter(&self) -> Result<(), Stopped> {
        Ok(self.way.enter(self.spacing_ms).await?)
    }

    pub(super) fn succeeded(&self) {
        self.way.succeeded();
    }

    /// What concerns all questions is remembered, for all instances where it concerns all.
    pub(super) async fn failed(&self, error: AiError) -> Stopped {
        tracing::warn!(error = %error, "a question to the model was not answered");
        let pause_ms = match &error {
            AiError::RateLimited { retry_after_ms } => i64::try_from(*retry_after_ms).unwrap_or(PAUSE_MS_MAX),
            AiError::QuotaReached { .. } => QUOTA_PAUSE_MS,
            AiError::Denied { .. } | AiError::NotFound { .. } => DENIED_PAUSE_MS,
            AiError::Unavailable { .. } => {
                return match self.way.failed().await {
                    Ok(()) => Stopped::Ai(error),
                    Err(error) => Stopped::Store(error),
                };
            }
            AiError::Rejected { .. } => return Stopped::Ai(error),
        };
        match self.way.pause(pause_ms.max(self.spacing_ms)).await {
            Ok(until) => Stopped::Wait { until, why: error.to_string() },
            Err(error) => Stopped::Store(error),
        }
    }
}
