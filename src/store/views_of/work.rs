//! Tasks, budgets, alerts and notifications.

use crate::domain::documents::Namespace;
use crate::domain::notification::NotificationKind;
use crate::engine::notify::AlertTold;
use crate::engine::rows::{ClaimedTask, TaskKind, TaskStatus};
use crate::store::StoreError;
use crate::store::ai::AiDay;
use crate::store::cells::{Cells, client_id, maybe_id, maybe_time, time, unreadable};
use crate::store::console::{Budget, ListLine, Queue};
use crate::store::notifications::{ClaimedNotification, TargetState};
use crate::store::vectors::VectorPassage;
use crate::store::views::{AlertCount, AlertView, NotificationCount, NotificationView, TaskView};
use chrono::DateTime;
use uuid::Uuid;

pub(in crate::store) fn task(row: &impl Cells) -> Result<TaskView, StoreError> {
    Ok(TaskView {
        task_id: row.text("task_id")?,
        kind: row.text("kind")?,
        client_id: row.text("client_id")?,
        task_key: row.text("task_key")?,
        contact_id: row.maybe("contact_id")?,
        priority: row.number("priority")?,
        status: row.text("status")?,
        attempts: row.number("attempts")?,
        due_at: row.text("due_at")?,
        last_error: row.maybe("last_error")?,
    })
}

/// The claimed tasks, the most urgent first (RETURNING promises no order).
pub(in crate::store) fn claimed(rows: &[impl Cells], lease: Uuid) -> Result<Vec<ClaimedTask>, StoreError> {
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let kind = row.text("kind")?;
        let whole = |column: &str| u32::try_from(row.number(column)?).map_err(|error| unreadable(column, error));
        let task = ClaimedTask {
            task_id: row.id("task_id")?,
            kind: TaskKind::parse(&kind).ok_or_else(|| unreadable("task kind", &kind))?,
            tenant: client_id(row)?,
            task_key: row.text("task_key")?,
            contact_id: maybe_id(row, "contact_id")?,
            payload: row.json("payload")?,
            attempts: whole("attempts")?,
            wanted: row.number("wanted")?,
            lease,
        };
        claimed.push((row.number("priority")?, task));
    }
    claimed.sort_by_key(|(priority, task)| (*priority, task.task_id));
    Ok(claimed.into_iter().map(|(_, task)| task).collect())
}

pub(in crate::store) fn queues(rows: &[impl Cells]) -> Result<Vec<Queue>, StoreError> {
    let mut queues = Vec::new();
    for row in rows {
        let (kind, status) = (row.text("kind")?, row.text("status")?);
        let (Some(kind), Some(status)) = (TaskKind::parse(&kind), TaskStatus::parse(&status)) else { continue };
        let count = row.number("n")?;
        if count > 0 {
            queues.push(Queue { kind, status, count, oldest_due_at: row.maybe("oldest_due_at")? });
        }
    }
    queues.sort_by_key(|queue| (queue.kind, queue.status));
    Ok(queues)
}

pub(in crate::store) fn budget(row: &impl Cells) -> Result<Budget, StoreError> {
    let until_ms = row.number("paused_until_ms")?;
    Ok(Budget {
        name: row.text("name")?,
        paused_until: DateTime::from_timestamp_millis(until_ms).filter(|_| until_ms > 0),
        month: row.text("month")?,
        calls: row.number("calls")?,
    })
}

pub(in crate::store) fn ai_day(row: Option<&impl Cells>) -> Result<AiDay, StoreError> {
    let Some(row) = row else { return Ok(AiDay::default()) };
    Ok(AiDay { tokens: row.number("tokens")?, calls: row.number("calls")? })
}

pub(in crate::store) fn alert(row: &impl Cells) -> Result<AlertView, StoreError> {
    Ok(AlertView {
        alert_id: row.text("alert_id")?,
        client_id: row.text("client_id")?,
        kind: row.text("kind")?,
        key: row.text("key")?,
        contact_id: row.maybe("contact_id")?,
        task_key: row.maybe("task_key")?,
        text: row.text("text")?,
        what_to_do: row.text("what_to_do")?,
        status: row.text("status")?,
        times: row.number("times")?,
        first_at: row.text("first_at")?,
        last_at: row.text("last_at")?,
        acknowledged_at: row.maybe("acknowledged_at")?,
        resolved_at: row.maybe("resolved_at")?,
    })
}

pub(in crate::store) fn alert_count(row: &impl Cells) -> Result<AlertCount, StoreError> {
    Ok(AlertCount { kind: row.text("kind")?, status: row.text("status")?, count: row.number("n")? })
}

pub(in crate::store) fn alert_told(row: &impl Cells) -> Result<AlertTold, StoreError> {
    Ok(AlertTold {
        alert_id: row.id("alert_id")?,
        client_id: client_id(row)?,
        kind: row.text("kind")?,
        text: row.text("text")?,
        what_to_do: row.text("what_to_do")?,
        contact_id: maybe_id(row, "contact_id")?,
        first_at: row.text("first_at")?,
        last_at: row.text("last_at")?,
        times: row.number("times")?,
    })
}

pub(in crate::store) fn notification(row: &impl Cells) -> Result<NotificationView, StoreError> {
    Ok(NotificationView {
        notification_id: row.text("notification_id")?,
        client_id: row.text("client_id")?,
        target: row.text("target")?,
        kind: row.text("kind")?,
        contact_id: row.maybe("contact_id")?,
        status: row.text("status")?,
        attempts: row.number("attempts")?,
        due_at: row.text("due_at")?,
        first_tried_at: row.maybe("first_tried_at")?,
        last_error: row.maybe("last_error")?,
        created_at: row.text("created_at")?,
        updated_at: row.text("updated_at")?,
    })
}

pub(in crate::store) fn notification_count(row: &impl Cells) -> Result<NotificationCount, StoreError> {
    Ok(NotificationCount {
        target: row.text("target")?,
        status: row.text("status")?,
        count: row.number("n")?,
        oldest_at: row.text("oldest_at")?,
    })
}

/// The claimed notifications, those due first first.
pub(in crate::store) fn claimed_notifications(
    rows: &[impl Cells],
    lease: Uuid,
) -> Result<Vec<ClaimedNotification>, StoreError> {
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let kind = row.text("kind")?;
        let claim = ClaimedNotification {
            notification_id: row.id("notification_id")?,
            tenant: client_id(row)?,
            target: row.text("target")?,
            kind: NotificationKind::parse(&kind).ok_or_else(|| unreadable("kind of notification", &kind))?,
            contact_id: maybe_id(row, "contact_id")?,
            lane: row.text("lane")?,
            body: row.text("body")?,
            attempts: u32::try_from(row.number("attempts")?).map_err(|error| unreadable("attempts", error))?,
            first_tried_at: time(row, "first_tried_at")?,
            lease,
        };
        claimed.push((row.number("seq")?, claim));
    }
    claimed.sort_by_key(|(seq, _)| *seq);
    Ok(claimed.into_iter().map(|(_, claim)| claim).collect())
}

pub(in crate::store) fn target_state(row: &impl Cells) -> Result<TargetState, StoreError> {
    Ok(TargetState {
        target: row.text("target")?,
        paused_until: maybe_time(row, "paused_until")?,
        disabled_url_sha256: row.maybe("disabled_url_sha256")?,
    })
}

pub(in crate::store) fn vector_passage(row: &impl Cells) -> Result<VectorPassage, StoreError> {
    let namespace = row.text("namespace")?;
    Ok(VectorPassage {
        subject: row.text("subject")?,
        home: row.text("home")?,
        namespace: Namespace::parse(&namespace).ok_or_else(|| unreadable("namespace", namespace))?,
        passage_id: row.text("passage_id")?,
        chunks: u32::try_from(row.number("chunks")?).map_err(|error| unreadable("number of pieces", error))?,
        hash: row.maybe("hash")?,
        contact_id: maybe_id(row, "contact_id")?,
        lead_id: row.maybe("lead_id")?,
    })
}

pub(in crate::store) fn list_line(row: &impl Cells) -> Result<ListLine, StoreError> {
    Ok(ListLine {
        client: row.maybe("client_id")?.unwrap_or_default(),
        name: row.maybe("list_name")?.unwrap_or_default(),
        source: row.maybe("source")?,
        status: row.maybe("status")?.unwrap_or_default(),
        total_contacts: row.number("total_contacts")?,
        contacts_in_campaigns: row.number("contacts_in_campaigns")?,
        updated_at: row.maybe("updated_at")?,
    })
}
