//! What an operator must look at: raised by log rows in whatever transaction writes them, looked at and dealt with here.

use super::cells::{Cells, client_id};
use super::views::{AlertCount, AlertFilter, AlertView};
use super::{Store, StoreError};
use crate::domain::alert::{AlertKind, AlertStatus};
use crate::domain::ids::ClientId;
use crate::engine::alerts::{Raised, alert_id};
use crate::engine::rows::{LogRow, TaskEnd, TaskSettled};
use chrono::{DateTime, Utc};
use uuid::Uuid;

impl Store {
    /// Newest first.
    pub async fn alerts(&self, filter: &AlertFilter) -> Result<Vec<AlertView>, StoreError> {
        both!(self, alerts(filter))
    }

    /// How many there are of each kind and status, of one client or of all.
    pub async fn alert_counts(&self, client: Option<&ClientId>) -> Result<Vec<AlertCount>, StoreError> {
        both!(self, alert_counts(client))
    }

    /// A person has seen it. False where there is no such alert, or it is no longer open.
    pub async fn acknowledge_alert(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        both!(self, end_alert(id, AlertStatus::Acknowledged, now))
    }

    /// What it was about is over. False where there is no such alert, or it is resolved already.
    pub async fn resolve_alert(
        &self,
        tenant: &ClientId,
        kind: AlertKind,
        key: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let id = alert_id(tenant, kind, key);
        both!(self, end_alert(id, AlertStatus::Resolved, now))
    }
}

/// How tasks ended, for the alerts about them.
#[derive(Default)]
pub(super) struct TaskEnds {
    pub(super) well: Vec<Uuid>,
    pub(super) dead: Vec<Uuid>,
    /// The lease that tells this end of the first of them from every other, and its time.
    pub(super) at: Option<(Uuid, DateTime<Utc>)>,
}

impl TaskEnds {
    pub(super) fn of(settled: &[TaskSettled]) -> Self {
        let mut ends = Self { at: settled.first().map(|settled| (settled.lease, settled.now)), ..Self::default() };
        for settled in settled {
            match settled.end {
                TaskEnd::Done | TaskEnd::Again { .. } => ends.well.push(settled.task_id),
                TaskEnd::Dead { .. } => ends.dead.push(settled.task_id),
                TaskEnd::Retry { .. } => {}
            }
        }
        ends
    }
}

/// An alert to be raised.
pub(super) struct AlertRow {
    pub(super) alert_id: Uuid,
    pub(super) tenant: String,
    pub(super) contact_id: Option<Uuid>,
    pub(super) raised: Raised,
    /// Told before where a log row has this id.
    pub(super) occurrence: Uuid,
    pub(super) at: DateTime<Utc>,
}

/// The alerts that log rows raise.
pub(super) fn raised_by(logs: &[LogRow]) -> Vec<AlertRow> {
    let row = |log: &LogRow| {
        let raised = log.raises.as_deref()?;
        Some(AlertRow {
            alert_id: alert_id(&log.tenant, raised.kind, &raised.key),
            tenant: log.tenant.to_string(),
            contact_id: log.contact_id,
            raised: raised.clone(),
            occurrence: raised.occurrence.unwrap_or(log.log_id),
            at: log.timestamp,
        })
    };
    logs.iter().filter_map(row).collect()
}

/// The alert of a task that was given up, whoever gave it up; it ends when the task succeeds after all.
pub(super) fn of_dead_task(row: &impl Cells, (lease, at): (Uuid, DateTime<Utc>)) -> Result<AlertRow, StoreError> {
    let (tenant, kind, task_key) = (client_id(row)?, row.text("kind")?, row.text("task_key")?);
    let error = row.maybe("last_error")?.unwrap_or_default();
    let mut raised = Raised::new(AlertKind::TaskDead, task_key.clone(), format!("{kind} was given up: {error}"));
    raised.task_key = Some(task_key.clone());
    Ok(AlertRow {
        alert_id: alert_id(&tenant, AlertKind::TaskDead, &task_key),
        tenant: tenant.to_string(),
        contact_id: row.maybe("contact_id")?.and_then(|id| id.parse().ok()),
        raised: *raised,
        occurrence: lease,
        at,
    })
}
