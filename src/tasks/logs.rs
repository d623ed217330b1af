//! Log rows of the work with outside services.

use crate::domain::alert::AlertKind;
use crate::domain::ids::ClientId;
use crate::engine::alerts::{Raised, alert_log};
use crate::engine::rows::{ClaimedTask, LogRow, LogStatus, TaskEnd, TaskSettled, TriggerType};
use crate::store::{Store, StoreError};
use crate::telemetry::trace::{self, Cause, Span};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::pin::Pin;
use uuid::Uuid;

/// Something that a person must know: its row in the log, which raises the alert of this kind and key. A row with an id of its own
/// for each occurrence is there once, however often the occurrence is told.
pub(in crate::tasks) fn alert(tenant: &ClientId, kind: AlertKind, key: &str, text: &str, now: DateTime<Utc>) -> LogRow {
    alert_log(tenant, Uuid::new_v4(), Raised::new(kind, key, text), now)
}

/// An alert about a task that does not succeed; it ends when the task does.
pub(in crate::tasks) fn alert_of_task(task: &ClaimedTask, kind: AlertKind, text: &str, now: DateTime<Utc>) -> LogRow {
    let mut raised = Raised::new(kind, task.task_key.clone(), text);
    raised.task_key = Some(task.task_key.clone());
    LogRow { contact_id: task.contact_id, ..alert_log(&task.tenant, Uuid::new_v4(), raised, now) }
}

/// The newest delivery that wanted a task; none where none did.
pub(in crate::tasks) fn delivery_of(task: &ClaimedTask) -> Option<&str> {
    task.payload.get("delivery_id").and_then(Value::as_str)
}

/// The span of work for these tasks: in the trace of the delivery that wanted it, where it is one.
pub(in crate::tasks) fn span_of(tasks: &[ClaimedTask]) -> Span {
    let (Some(first), true) = (tasks.first(), trace::is_on()) else { return Span::NONE };
    let cause = |task| {
        let ClaimedTask { task_id, tenant, payload, attempts, .. }: &ClaimedTask = task;
        Cause {
            task_id: task_id.to_string(),
            client: tenant.as_str(),
            delivery_id: delivery_of(task),
            traceparent: payload.get("traceparent").and_then(Value::as_str),
            attempts: *attempts,
        }
    };
    let causes: Vec<Cause<'_>> = tasks.iter().map(cause).collect();
    trace::task(first.kind.as_str(), &causes)
}

/// Does the work as that span tells of it. On the heap, because most of this work is large.
pub(in crate::tasks) fn traced<F: Future>(span: Span, work: F) -> Pin<Box<impl Future<Output = F::Output>>> {
    Box::pin(async move {
        let done = span.around(work).await;
        span.end();
        done
    })
}

/// How a task ended: as the store settles it, and as a line for whoever follows a delivery through the log.
pub(in crate::tasks) fn settled(task: &ClaimedTask, end: TaskEnd, now: DateTime<Utc>) -> TaskSettled {
    let (task_id, kind, client, attempts) = (&task.task_id, &task.kind, &task.tenant, task.attempts);
    let delivery_id = delivery_of(task);
    trace::current().settled(task_id, outcome(&end));
    match &end {
        TaskEnd::Done => tracing::debug!(delivery_id, %task_id, %kind, %client, attempts, "a task is done"),
        TaskEnd::Again { due_at } => {
            tracing::debug!(delivery_id, %task_id, %kind, %client, attempts, %due_at, "a task is done, and comes again");
        }
        TaskEnd::Retry { due_at, error, counts: _ } => {
            tracing::info!(delivery_id, %task_id, %kind, %client, attempts, %due_at, error, "a task is tried again later");
        }
        TaskEnd::Dead { error } => {
            tracing::warn!(delivery_id, %task_id, %kind, %client, attempts, error, "a task was given up");
        }
    }
    TaskSettled { task_id: task.task_id, lease: task.lease, wanted: task.wanted, end, now }
}

const fn outcome(end: &TaskEnd) -> &'static str {
    match end {
        TaskEnd::Done => "done",
        TaskEnd::Again { .. } => "again",
        TaskEnd::Retry { counts: true, .. } => "retry",
        // A limit or a lock-out: nothing went wrong.
        TaskEnd::Retry { counts: false, .. } => "wait",
        TaskEnd::Dead { .. } => "dead",
    }
}

/// Settles a task with what is told of it.
pub(in crate::tasks) async fn settle(
    store: &Store,
    task: &ClaimedTask,
    end: TaskEnd,
    logs: &[LogRow],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    store.settle_tasks(&[settled(task, end, now)], &[], logs).await?;
    Ok(())
}

pub(in crate::tasks) fn failure(task: &ClaimedTask, error: &str, now: DateTime<Utc>) -> LogRow {
    LogRow {
        action_taken: format!("{} was given up", task.kind),
        status: LogStatus::Failed,
        error_message: Some(error.to_owned()),
        ..log(&task.tenant, now)
    }
}

pub(in crate::tasks) fn log(tenant: &ClientId, now: DateTime<Utc>) -> LogRow {
    LogRow::new(Uuid::new_v4(), tenant.clone(), TriggerType::ConditionMet, now)
}
