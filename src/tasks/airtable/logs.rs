//! Log rows of the work with Airtable.

use super::gate::Stopped;
use crate::domain::alert::AlertKind;
use crate::domain::ids::ClientId;
use crate::engine::alerts::{Raised, alert_log};
use crate::engine::rows::{ClaimedTask, LogRow};
use crate::services::airtable::AirtableError;
pub(super) use crate::tasks::logs::{alert, alert_of_task, failure, log};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Whose work it is where it is no single client's.
pub(super) fn agency() -> ClientId {
    ClientId::agency()
}

/// The id of a row that is to be there once, however often it is said.
pub(super) fn once(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("airtable:{}", parts.join(":")).as_bytes())
}

/// Airtable lets nobody in, or takes no more this month: told once a day, because the base is only asked now and then.
pub(super) fn denied(base_id: &str, task: &ClaimedTask, stopped: &Stopped, now: DateTime<Utc>) -> Option<LogRow> {
    let (kind, what) = match stopped {
        Stopped::Airtable(AirtableError::Denied { .. }) => (AlertKind::ServiceDenied, "denied"),
        Stopped::Airtable(AirtableError::QuotaReached { .. }) => (AlertKind::BudgetUsed, "quota"),
        Stopped::Airtable(
            AirtableError::RateLimited { .. }
            | AirtableError::Unavailable { .. }
            | AirtableError::Rejected { .. }
            | AirtableError::NotFound { .. },
        )
        | Stopped::Store(_)
        | Stopped::Wait { .. }
        | Stopped::Later { .. }
        | Stopped::Refused(_) => return None,
    };
    let text = format!("Airtable does not let us go on: {stopped}");
    let mut raised = Raised::new(kind, format!("airtable:{what}"), text);
    raised.task_key = Some(task.task_key.clone());
    Some(alert_log(&agency(), once(&[what, base_id, &now.date_naive().to_string()]), raised, now))
}
