//! Log rows of the work with outside services.

use crate::domain::alert::AlertKind;
use crate::domain::ids::ClientId;
use crate::engine::alerts::{Raised, alert_log};
use crate::engine::rows::{ClaimedTask, LogRow, LogStatus, TriggerType};
use chrono::{DateTime, Utc};
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
