//! The work with the vector index: documents of Airtable and the conversations of whoever engaged are brought there, and taken out
//! again where they are no longer wanted.

mod documents;
mod erase;
mod gate;
mod messages;
mod passages;
mod pull;
mod refuse;
mod sweep;

use super::airtable::base::Base;
use super::airtable::gate::{Gate as AirtableGate, Stopped};
use super::airtable::schema::Schema;
use super::gate::{Shut, hold_on, try_again};
use super::logs::{delivery_of, failure, log, settle, span_of, traced};
use super::retry::{ATTEMPTS_MAX, end_of_store};
use super::{AirtableSettings, Pause, Turn, lease_until};
use crate::domain::any;
use crate::domain::documents::chunk::Limits;
use crate::domain::rules::Rules;
use crate::engine::rows::{AutomationType, ClaimedTask, LogRow, LogStatus, TaskEnd, TaskKind, TaskRow};
use crate::intake::Now;
use crate::services::fetch::Fetcher;
use crate::services::vector_error::VectorError;
use crate::services::vectors::VectorIndex;
use crate::store::{Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use gate::Gate;
use std::sync::Mutex;
use uuid::Uuid;

/// What the work with the vector index needs to know.
#[derive(Debug, Clone)]
pub struct VectorSettings {
    pub index: VectorIndex,
    pub chunk_limits: Limits,
    /// How often documents are looked for.
    pub poll_ms: i64,
    /// Where documents are; without it there are conversations only.
    pub airtable: Option<AirtableSettings>,
}

const PRIORITY_DOCUMENT: u8 = 5;
/// When a round that failed for good is tried again: a person may have mended it.
const FAILED_ROUND_MS: i64 = 600_000;

/// Why work was not done.
#[derive(Debug, thiserror::Error)]
enum Halt {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody's fault, or not this task's: it is to come again then.
    #[error("{why}")]
    Wait { until: DateTime<Utc>, why: String },
    /// Not possible now, and it counts as a try.
    #[error("{why}")]
    Later { until: DateTime<Utc>, why: String },
    #[error(transparent)]
    Airtable(#[from] Stopped),
    #[error(transparent)]
    Vector(VectorError),
}

impl From<Shut> for Halt {
    fn from(shut: Shut) -> Self {
        match shut {
            Shut::Store(error) => Self::Store(error),
            Shut::Wait { until, why, .. } => Self::Wait { until, why },
        }
    }
}

/// What a task did, to be settled with it.
#[derive(Default)]
struct Done {
    /// When it comes round again; none where it is over.
    again_at: Option<DateTime<Utc>>,
    logs: Vec<LogRow>,
}

pub(super) struct Lane {
    store: Store,
    now: Now,
    gate: Gate,
    limits: Limits,
    poll_ms: i64,
    airtable: Option<Airtable>,
    kinds: Vec<TaskKind>,
    is_begun: bool,
}

/// Where documents are.
struct Airtable {
    base: Base,
    schema: tokio::sync::Mutex<Schema>,
    settings: AirtableSettings,
    fetcher: Fetcher,
}

/// A task that is worked on: its lease is held on while it takes long.
struct Hold<'a> {
    store: &'a Store,
    now: &'a Now,
    task: &'a ClaimedTask,
    held_at: Mutex<DateTime<Utc>>,
}

/// Held on again after so long.
const HOLD_MS: i64 = 20_000;

impl Hold<'_> {
    /// Whoever lost the lease stops: another one does it.
    async fn keep(&self) -> Result<(), Halt> {
        let now = (self.now)();
        let held_at = *self.held_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if now - held_at < TimeDelta::milliseconds(HOLD_MS) {
            return Ok(());
        }
        hold_on(self.store, self.task, now).await?;
        *self.held_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
        Ok(())
    }
}

impl Lane {
    pub(super) fn new(store: Store, rules: Rules, now: Now, pause: Pause, settings: VectorSettings) -> Self {
        let gate = Gate::new(store.clone(), now.clone(), pause.clone(), settings.index);
        let mut kinds = vec![TaskKind::VectorsErase, TaskKind::VectorsContact, TaskKind::VectorsSweep];
        let airtable = settings.airtable.map(|airtable| {
            let gate = AirtableGate::new(store.clone(), now.clone(), pause, airtable.client.clone());
            let base = Base::new(store.clone(), rules, now.clone(), gate, &airtable);
            let fetcher = airtable.fetcher.clone();
            kinds.extend([TaskKind::VectorsDocument, TaskKind::VectorsPull]);
            Airtable { base, schema: tokio::sync::Mutex::default(), settings: airtable, fetcher }
        });
        let (limits, poll_ms) = (settings.chunk_limits, settings.poll_ms);
        Self { store, now, gate, limits, poll_ms, airtable, kinds, is_begun: false }
    }

    fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// One task.
    pub(super) async fn turn(&mut self) -> Result<Turn, StoreError> {
        if !self.is_begun {
            self.begin().await?;
            self.is_begun = true;
        }
        let now = self.now();
        // Looked for without a write: this lane looks every second.
        if !self.store.has_due_task(&self.kinds, now).await? {
            return Ok(Turn::Idle);
        }
        if let Some(until) = self.gate.way.closed_until().await? {
            return Ok(Turn::Wait(until));
        }
        let claimed = self.store.claim_tasks(&self.kinds, 1, now, lease_until(now), Uuid::new_v4()).await?;
        let Some(task) = claimed.into_iter().next() else { return Ok(Turn::Idle) };
        let hold = Hold { store: &self.store, now: &self.now, task: &task, held_at: Mutex::new(now) };
        let work = async { self.settle(&task, self.work(&hold).await).await };
        traced(span_of(std::slice::from_ref(&task)), work).await?;
        Ok(Turn::Worked(1))
    }

    /// Work that comes round.
    async fn begin(&self) -> Result<(), StoreError> {
        let now = self.now();
        let rounds = [(TaskKind::VectorsSweep, 8), (TaskKind::VectorsPull, 4)];
        let tasks = rounds
            .into_iter()
            .filter(|(kind, _)| self.kinds.contains(kind))
            .map(|(kind, priority)| TaskRow::round(Uuid::new_v4(), kind, priority, now));
        self.store.want(tasks.collect(), Vec::new()).await
    }

    #[tracing::instrument(name = "task", level = "info", skip_all,
        fields(delivery_id = delivery_of(hold.task), task_id = %hold.task.task_id, kind = %hold.task.kind))]
    async fn work(&self, hold: &Hold<'_>) -> Result<Done, Halt> {
        match hold.task.kind {
            TaskKind::VectorsContact => Box::pin(messages::work(self, hold)).await,
            TaskKind::VectorsErase => erase::work(self, hold).await,
            TaskKind::VectorsSweep => sweep::work(self).await,
            TaskKind::VectorsDocument => match &self.airtable {
                Some(airtable) => Box::pin(documents::work(self, airtable, hold)).await,
                None => Ok(Done::default()),
            },
            TaskKind::VectorsPull => match &self.airtable {
                Some(airtable) => pull::work(self, airtable).await,
                None => Ok(Done::default()),
            },
            any!(TaskKind: AirtableSyncLead AirtableWriteBack AirtableSyncClient AirtablePull AirtableWebhook
                AirtablePushCampaigns AirtableImportList GmailMailbox GmailWatch CampaignSpread SuppressionSpread
                ErasureRead ScheduleHourly ScheduleDaily PlatformBlock PlatformLeadStatus PlatformReconcile
                AirtableEraseLead AiClassify AiSummarise AiFindDocuments AiDocument PlatformSyncSequence) => {
                Ok(Done::default())
            }
        }
    }

    async fn settle(&self, task: &ClaimedTask, done: Result<Done, Halt>) -> Result<(), StoreError> {
        let now = self.now();
        let (end, logs) = match done {
            Ok(Done { again_at: Some(due_at), logs }) => (TaskEnd::Again { due_at }, logs),
            Ok(Done { again_at: None, logs }) => (TaskEnd::Done, logs),
            Err(halt) => self.failed(task, &halt),
        };
        settle(&self.store, task, end, &logs, now).await
    }

    /// What becomes of a task that did not succeed, and what is told where it is given up.
    fn failed(&self, task: &ClaimedTask, halt: &Halt) -> (TaskEnd, Vec<LogRow>) {
        let now = self.now();
        let is_round = matches!(task.kind, TaskKind::VectorsPull | TaskKind::VectorsSweep);
        match end_of(halt, task, now) {
            TaskEnd::Dead { error } if is_round => {
                let row = LogRow { log_id: once(&[task.kind.as_str(), &error]), ..failure(task, &error, now) };
                let due_at = now + TimeDelta::milliseconds(FAILED_ROUND_MS);
                (TaskEnd::Retry { due_at, error, counts: false }, vec![vectorization(row)])
            }
            TaskEnd::Dead { error } => {
                let row = LogRow { contact_id: task.contact_id, ..failure(task, &error, now) };
                (TaskEnd::Dead { error }, vec![vectorization(row)])
            }
            end @ (TaskEnd::Done | TaskEnd::Again { .. } | TaskEnd::Retry { .. }) => (end, Vec::new()),
        }
    }
}

fn end_of(halt: &Halt, task: &ClaimedTask, now: DateTime<Utc>) -> TaskEnd {
    match halt {
        Halt::Store(error) => end_of_store(error, task.attempts, now),
        Halt::Wait { until, why } => TaskEnd::Retry { due_at: *until, error: why.clone(), counts: false },
        Halt::Later { why, .. } if task.attempts >= ATTEMPTS_MAX => TaskEnd::Dead { error: why.clone() },
        Halt::Later { until, why } => TaskEnd::Retry { due_at: *until, error: why.clone(), counts: true },
        Halt::Airtable(stopped) => stopped.end(task, now),
        Halt::Vector(error) => match error {
            VectorError::Unavailable { retry_after_ms, .. } if task.attempts < ATTEMPTS_MAX => {
                try_again(error, task.attempts, *retry_after_ms, now)
            }
            VectorError::Unavailable { .. }
            | VectorError::Rejected { .. }
            | VectorError::RateLimited { .. }
            | VectorError::QuotaReached { .. }
            | VectorError::Denied { .. } => TaskEnd::Dead { error: error.to_string() },
        },
    }
}

fn vectorization(row: LogRow) -> LogRow {
    LogRow { automation_type: AutomationType::Vectorization, ..row }
}

/// A row of a task's own: the same task, tried again, tells nothing twice.
fn told(task: &ClaimedTask, started: DateTime<Utc>, now: DateTime<Utc>) -> LogRow {
    LogRow {
        log_id: once(&[&task.task_id.to_string(), &task.wanted.to_string()]),
        contact_id: task.contact_id,
        status: LogStatus::Success,
        processing_time_ms: Some((now - started).num_milliseconds()),
        ..vectorization(log(&task.tenant, now))
    }
}

/// The id of a row that is to be there once, however often it is said.
fn once(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("vectors:{}", parts.join(":")).as_bytes())
}
