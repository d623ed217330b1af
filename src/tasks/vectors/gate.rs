//! The way to the index: one pace for all instances, its pauses, and a circuit breaker. What the month's plan allows may be used up
//! without Pinecone saying so: after some refusals in a row it is taken for that, and told.

use super::{Halt, once};
use crate::domain::alert::AlertKind;
use crate::domain::ids::ClientId;
use crate::engine::rows::LogRow;
use crate::intake::Now;
use crate::services::vector_error::VectorError;
use crate::services::vectors::VectorIndex;
use crate::store::{Store, StoreError};
use crate::tasks::Pause;
use crate::tasks::gate::{Terms, Way, backoff_ms};
use crate::tasks::logs::alert;
use std::sync::atomic::{AtomicU32, Ordering};

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

pub(super) struct Gate {
    pub(super) way: Way,
    index: VectorIndex,
    /// How often in a row it was too much.
    limited: AtomicU32,
}

impl Gate {
    pub(super) fn new(store: Store, now: Now, pause: Pause, index: VectorIndex) -> Self {
        let budget = format!("pinecone:{}", index.name());
        let terms = Terms { budget, name: "the vector index", wait_ms_max: WAIT_MS_MAX };
        Self { way: Way::new(store, now, pause, terms), index, limited: AtomicU32::new(0) }
    }

    /// The index and the model that its pieces are in: those of another one are written anew.
    pub(super) fn home(&self) -> String {
        match self.index.model() {
            Some(model) => format!("{}/{model}", self.index.name()),
            None => self.index.name().to_owned(),
        }
    }

    /// The index, as soon as a request may be made; for one request.
    pub(super) async fn enter(&self) -> Result<&VectorIndex, Halt> {
        self.way.enter(REQUEST_SPACING_MS).await?;
        Ok(&self.index)
    }

    /// What a request came to: whatever concerns the whole index is remembered, and told.
    pub(super) async fn leave<T>(&self, result: Result<T, VectorError>) -> Result<T, Halt> {
        let error = match result {
            Ok(value) => {
                self.way.succeeded();
                self.limited.store(0, Ordering::SeqCst);
                return Ok(value);
            }
            Err(error) => error,
        };
        tracing::warn!(%error, "a request to the vector index did not succeed");
        match &error {
            VectorError::RateLimited { retry_after_ms, .. } => {
                let limited = self.limited.fetch_add(1, Ordering::SeqCst).saturating_add(1);
                if limited >= LIMITED_MAX {
                    let text = format!(
                        "{error} {LIMITED_MAX} times in a row, which may be what the plan allows in a month: see the usage at the service; it is \
                         tried again every hour"
                    );
                    return self.used_up(&error, &text).await;
                }
                let until = self.way.pause(backoff_ms(limited, *retry_after_ms)).await?;
                Err(Halt::Wait { until, why: error.to_string() })
            }
            VectorError::QuotaReached { .. } => {
                let text =
                    format!("{error}: upgrade the plan or wait for the next month; it is tried again every hour");
                self.used_up(&error, &text).await
            }
            VectorError::Denied { .. } => {
                let until = self.way.denied(DENIED_PAUSE_MS).await?;
                self.tell(
                    AlertKind::ServiceDenied,
                    &format!("{error}; nothing is indexed until that is mended"),
                    "%Y-%m-%d",
                )
                .await?;
                Err(Halt::Wait { until, why: error.to_string() })
            }
            VectorError::Unavailable { .. } => {
                self.way.failed().await?;
                Err(Halt::Vector(error))
            }
            VectorError::Rejected { .. } => Err(Halt::Vector(error)),
        }
    }

    async fn used_up<T>(&self, error: &VectorError, text: &str) -> Result<T, Halt> {
        let until = self.way.pause(QUOTA_PAUSE_MS).await?;
        self.tell(AlertKind::BudgetUsed, text, "%Y-%m").await?;
        Err(Halt::Wait { until, why: error.to_string() })
    }

    /// Once for each reason in its time.
    async fn tell(&self, kind: AlertKind, text: &str, time: &str) -> Result<(), StoreError> {
        let (now, budget) = (self.way.now(), &self.way.terms.budget);
        let row = alert(&ClientId::agency(), kind, &format!("{budget}:{kind}"), text, now);
        let log_id = once(&["alert", budget, text, &now.format(time).to_string()]);
        self.way.store.want(Vec::new(), vec![LogRow { log_id, ..row }]).await
    }
}
