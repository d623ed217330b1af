//! The way to the index: one pace for all instances, its pauses, and a circuit breaker. What the month's plan allows may be used up
//! without Pinecone saying so: after some refusals in a row it is taken for that, and told.

use super::{Halt, PAUSE_MS_MAX, once};
use crate::domain::alert::AlertKind;
use crate::domain::ids::ClientId;
use crate::engine::rows::LogRow;
use crate::intake::Now;
use crate::services::vector_error::VectorError;
use crate::services::vectors::VectorIndex;
use crate::store::{Store, StoreError};
use crate::tasks::Pause;
use crate::tasks::logs::alert;
use crate::tasks::retry::{Breaker, delay_ms};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Fifty requests a second: half of what one namespace allows, the other half is for searches.
const REQUEST_SPACING_MS: i64 = 20;
/// How long a request waits for its place; what would take longer is done later.
const WAIT_MS_MAX: i64 = 5_000;
/// So many refusals in a row are no passing rush.
const LIMITED_MAX: u32 = 6;
/// How long the index is left alone when the month's plan is used up.
const QUOTA_PAUSE_MS: i64 = 3_600_000;
/// How long when it denies us: only a person can cure that.
const DENIED_PAUSE_MS: i64 = 300_000;

#[derive(Default)]
struct State {
    breaker: Breaker,
    denied_until: Option<DateTime<Utc>>,
    limited: u32,
}

pub(super) struct Gate {
    store: Store,
    now: Now,
    pause: Pause,
    index: VectorIndex,
    budget: String,
    state: Mutex<State>,
}

impl Gate {
    pub(super) fn new(store: Store, now: Now, pause: Pause, index: VectorIndex) -> Self {
        let budget = format!("pinecone:{}", index.name());
        Self { store, now, pause, index, budget, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index and the model that its pieces are in: those of another one are written anew.
    pub(super) fn home(&self) -> String {
        match self.index.model() {
            Some(model) => format!("{}/{model}", self.index.name()),
            None => self.index.name().to_owned(),
        }
    }

    /// Until when no request can be made.
    pub(super) async fn closed_until(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let now = (self.now)();
        let own = {
            let state = self.state();
            state.denied_until.filter(|until| *until > now).max(state.breaker.open_until(now))
        };
        let paused = self.store.budget_paused_until(&self.budget).await?.filter(|until| *until > now);
        Ok(own.max(paused))
    }

    /// The index, as soon as a request may be made; for one request.
    pub(super) async fn enter(&self) -> Result<&VectorIndex, Halt> {
        let wait = |until| Halt::Wait {
            until,
            why: "waits for the vector index, which did not take the last requests".to_owned(),
        };
        if let Some(until) = self.closed_until().await? {
            return Err(wait(until));
        }
        let now = (self.now)();
        let slot = self.store.take_slot(&self.budget, now, REQUEST_SPACING_MS).await?;
        let at = DateTime::from_timestamp_millis(slot.at_ms).unwrap_or(now);
        if at - now > TimeDelta::milliseconds(WAIT_MS_MAX) {
            return Err(wait(at));
        }
        if at > now {
            (self.pause)(at).await;
        }
        match self.closed_until().await? {
            Some(until) => Err(wait(until)),
            None => Ok(&self.index),
        }
    }

    /// What a request came to: whatever concerns the whole index is remembered, and told.
    pub(super) async fn leave<T>(&self, result: Result<T, VectorError>) -> Result<T, Halt> {
        let now = (self.now)();
        let error = match result {
            Ok(value) => {
                let mut state = self.state();
                state.breaker.succeeded();
                state.limited = 0;
                return Ok(value);
            }
            Err(error) => error,
        };
        tracing::warn!(%error, "a request to the vector index did not succeed");
        match &error {
            VectorError::RateLimited { retry_after_ms, .. } => {
                let limited = {
                    let mut state = self.state();
                    state.limited = state.limited.saturating_add(1);
                    state.limited
                };
                if limited >= LIMITED_MAX {
                    let text = format!(
                        "{error} {LIMITED_MAX} times in a row, which may be what the plan allows in a month: see the usage at the service; it is \
                         tried again every hour"
                    );
                    return self.used_up(&error, &text).await;
                }
                let random = Uuid::new_v4().as_u64_pair().0;
                let pause_ms = i64::try_from(delay_ms(limited, random, *retry_after_ms)).unwrap_or(PAUSE_MS_MAX);
                let until = now + TimeDelta::milliseconds(pause_ms);
                self.store.pause_budget(&self.budget, until).await?;
                Err(Halt::Wait { until, why: error.to_string() })
            }
            VectorError::QuotaReached { .. } => {
                let text =
                    format!("{error}: upgrade the plan or wait for the next month; it is tried again every hour");
                self.used_up(&error, &text).await
            }
            VectorError::Denied { .. } => {
                let until = now + TimeDelta::milliseconds(DENIED_PAUSE_MS);
                self.state().denied_until = Some(until);
                self.tell(
                    AlertKind::ServiceDenied,
                    &format!("{error}; nothing is indexed until that is mended"),
                    "%Y-%m-%d",
                )
                .await?;
                Err(Halt::Wait { until, why: error.to_string() })
            }
            VectorError::Unavailable { .. } => {
                let open_until = self.state().breaker.failed(now);
                self.store.note_breaker(&self.budget, open_until, now).await?;
                Err(Halt::Vector(error))
            }
            VectorError::Rejected { .. } => Err(Halt::Vector(error)),
        }
    }

    async fn used_up<T>(&self, error: &VectorError, text: &str) -> Result<T, Halt> {
        let until = (self.now)() + TimeDelta::milliseconds(QUOTA_PAUSE_MS);
        self.store.pause_budget(&self.budget, until).await?;
        self.tell(AlertKind::BudgetUsed, text, "%Y-%m").await?;
        Err(Halt::Wait { until, why: error.to_string() })
    }

    /// Once for each reason in its time.
    async fn tell(&self, kind: AlertKind, text: &str, time: &str) -> Result<(), StoreError> {
        let now = (self.now)();
        let row = alert(&ClientId::agency(), kind, &format!("{}:{kind}", self.budget), text, now);
        let log_id = once(&["alert", &self.budget, text, &now.format(time).to_string()]);
        self.store.want(Vec::new(), vec![LogRow { log_id, ..row }]).await
    }
}
