//! The work with a language model: replies whose meaning is unclear are read, conversations and documents summed up. Optional: without
//! settings nobody is asked and no task is written.

mod classify;
mod desk;
mod documents;
mod gate;
mod summarise;

use super::airtable::{AirtableSettings, Base};
use super::gate::STORE_RETRY_MS;
use super::logs::{delivery_of, failure, settle, span_of, traced};
use super::{Pause, Turn, lease_until};
use crate::domain::rules::Rules;
use crate::engine::rows::{ClaimedTask, LogRow, TaskEnd, TaskKind, TaskRow};
use crate::intake::Now;
use crate::services::ai::Ai;
use crate::store::{Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use desk::Desk;
use documents::Shelf;
use gate::Stopped;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What the work with a model needs to know.
#[derive(Debug, Clone)]
pub struct AiSettings {
    pub client: Ai,
    /// Over all instances.
    pub tokens_per_day_max: i64,
    pub requests_per_minute: u32,
    /// In percent; what the model is less sure of stays with a person.
    pub confidence_min: i64,
    /// Documents of Airtable are summed up too.
    pub documents: bool,
}

/// What contacts ask for.
const KINDS: [TaskKind; 2] = [TaskKind::AiClassify, TaskKind::AiSummarise];
const KINDS_WITH_DOCUMENTS: [TaskKind; 4] =
    [TaskKind::AiClassify, TaskKind::AiSummarise, TaskKind::AiFindDocuments, TaskKind::AiDocument];
/// Questions that are under way side by side.
const AT_ONCE_MAX: usize = 4;
const IDLE_MS: u64 = 1_000;
/// When a round that failed for good is tried again.
const FAILED_ROUND_MS: i64 = 900_000;

/// What a task did, to be settled with it.
#[derive(Default)]
struct Done {
    /// When it comes round again; none where it is over.
    again_at: Option<DateTime<Utc>>,
    logs: Vec<LogRow>,
}

pub(super) struct Lane {
    desk: Desk,
    shelf: Option<Shelf>,
    is_begun: AtomicBool,
}

impl Lane {
    pub(super) fn new(
        store: &Store,
        rules: &Rules,
        now: &Now,
        pause: &Pause,
        settings: AiSettings,
        airtable: Option<&AirtableSettings>,
    ) -> Self {
        let shelf = airtable
            .filter(|_| settings.documents)
            .map(|airtable| Shelf::new(Base::of(store, rules, now, pause, airtable)));
        Self { desk: Desk::new(store, rules, now, pause, settings), shelf, is_begun: AtomicBool::new(false) }
    }

    /// One task.
    pub(super) async fn turn(&self) -> Result<Turn, StoreError> {
        match self.claim().await? {
            Ok(Some(task)) => {
                traced(span_of(std::slice::from_ref(&task)), self.work(&task)).await?;
                Ok(Turn::Worked(1))
            }
            Ok(None) => Ok(Turn::Idle),
            Err(until) => Ok(Turn::Wait(until)),
        }
    }

    /// Several questions side by side, because answers take long, until told to stop.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut working: JoinSet<()> = JoinSet::new();
        while !stop.is_cancelled() {
            let claimed = if working.len() < AT_ONCE_MAX {
                // It waits for a place among the questions. What it claimed when it is told to stop comes again after its lease.
                tokio::select! {
                    () = stop.cancelled() => break,
                    claimed = self.claim() => claimed,
                }
            } else {
                Ok(Ok(None))
            };
            match claimed {
                Ok(Ok(Some(task))) => {
                    let lane = Arc::clone(&self);
                    working.spawn(async move {
                        if let Err(error) = traced(span_of(std::slice::from_ref(&task)), lane.work(&task)).await {
                            tracing::error!(%error, "work with the model could not be settled");
                        }
                    });
                    continue;
                }
                Ok(Ok(None) | Err(_)) => {}
                Err(error) => tracing::error!(%error, "the model's tasks could not be worked on"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                ended = working.join_next(), if !working.is_empty() => {
                    if let Some(Err(error)) = ended {
                        tracing::error!(%error, "work with the model ended badly");
                    }
                }
                () = tokio::time::sleep(Duration::from_millis(IDLE_MS)) => {}
            }
        }
        while working.join_next().await.is_some() {}
    }

    /// A task, once its request may be made; or the time until which none may.
    async fn claim(&self) -> Result<Result<Option<ClaimedTask>, DateTime<Utc>>, StoreError> {
        let desk = &self.desk;
        let kinds: &[TaskKind] = if self.shelf.is_some() { &KINDS_WITH_DOCUMENTS } else { &KINDS };
        if self.shelf.is_some() && !self.is_begun.load(Ordering::SeqCst) {
            let kind = TaskKind::AiFindDocuments;
            let round = TaskRow::round(Uuid::new_v4(), kind, documents::PRIORITY_ROUND, desk.now());
            desk.store.want(vec![round], Vec::new()).await?;
            self.is_begun.store(true, Ordering::SeqCst);
        }
        // Looked for without a write: this lane looks every second.
        if !desk.store.has_due_task(kinds, desk.now()).await? {
            return Ok(Ok(None));
        }
        match desk.gate.enter().await {
            Ok(()) => {}
            Err(Stopped::Wait { until, .. }) => return Ok(Err(until)),
            Err(Stopped::Store(error)) => return Err(error),
            Err(Stopped::Ai(_) | Stopped::Airtable(_) | Stopped::Refused(_)) => return Ok(Ok(None)),
        }
        let now = desk.now();
        Ok(Ok(desk.store.claim_tasks(kinds, 1, now, lease_until(now), Uuid::new_v4()).await?.pop()))
    }

    #[tracing::instrument(name = "task", level = "info", skip_all,
        fields(delivery_id = delivery_of(task), task_id = %task.task_id, kind = %task.kind))]
    async fn work(&self, task: &ClaimedTask) -> Result<(), StoreError> {
        // Only kinds of this lane are claimed.
        let done = match (task.kind, &self.shelf) {
            (TaskKind::AiClassify, _) => classify::work(&self.desk, task).await,
            (TaskKind::AiSummarise, _) => summarise::work(&self.desk, task).await,
            (TaskKind::AiFindDocuments, Some(shelf)) => shelf.find(&self.desk).await,
            (TaskKind::AiDocument, Some(shelf)) => shelf.work(&self.desk, task).await,
            (kind, Some(_) | None) => Err(Stopped::Refused(format!("{kind} is not for this lane"))),
        };
        let now = self.desk.now();
        let (end, logs) = match done {
            Ok(Done { again_at: Some(due_at), logs }) => (TaskEnd::Again { due_at }, logs),
            Ok(Done { again_at: None, logs }) => (TaskEnd::Done, logs),
            Err(stopped) => match stopped.end(task, now) {
                // Work that comes round is never given up.
                TaskEnd::Dead { error } if task.kind == TaskKind::AiFindDocuments => {
                    let due_at = now + TimeDelta::milliseconds(FAILED_ROUND_MS);
                    (TaskEnd::Retry { due_at, error, counts: false }, Vec::new())
                }
                TaskEnd::Dead { error } => {
                    let row = LogRow { contact_id: task.contact_id, ..failure(task, &error, now) };
                    (TaskEnd::Dead { error }, vec![row])
                }
                end @ (TaskEnd::Done | TaskEnd::Again { .. } | TaskEnd::Retry { .. }) => (end, Vec::new()),
            },
        };
        settle(&self.desk.store, task, end, &logs, now).await
    }
}

/// Soon, when the database takes something again.
fn soon(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::milliseconds(STORE_RETRY_MS)
}
