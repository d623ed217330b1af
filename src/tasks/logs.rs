//! Log rows of the work with outside services.

use crate::domain::alert::AlertKind;
use crate::domain::ids::ClientId;
use crate::engine::alerts::{Raised, alert_log};
use crate::engine::rows::{ClaimedTask, LogRow, LogStatus, TaskEnd, TaskSettled, TriggerType};
use chrono::{DateTime, Utc};
use serde_json::Value;
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

/// How a task ended: as the store settles it, and as a line for whoever follows a delivery through the log.
pub(in crate::tasks) fn settled(task: &ClaimedTask, end: TaskEnd, now: DateTime<Utc>) -> TaskSettled {
    let (task_id, kind, client, attempts) = (&task.task_id, &task.kind, &task.tenant, task.attempts);
    let delivery_id = delivery_of(task);
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
