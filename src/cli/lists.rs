//! `deliveries`, `events`, `tasks`: what is in the database, for operators.

use super::out::{Out, clip, table};
use crate::domain::event::Source;
use crate::domain::ids::{ClientId, Email};
use crate::engine::rows::{Outcome, TaskKind, TaskStatus};
use crate::store::Store;
use crate::store::views::{DeliveryFilter, EventFilter, TaskFilter, TaskView};
use crate::tasks::{Configured, waits_for};
use serde::Serialize;
use std::process::ExitCode;

pub(super) async fn deliveries(
    store: &Store,
    outcome: Option<Outcome>,
    source: Option<Source>,
    client: Option<ClientId>,
    limit: u32,
    out: Out,
) -> anyhow::Result<ExitCode> {
    let rows =
        store.deliveries(&DeliveryFilter { outcome, source, client, limit, ..DeliveryFilter::default() }).await?;
    out.print(&rows, |rows| {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                vec![
                    second(&row.received_at),
                    row.delivery_id.clone(),
                    row.client_id.clone(),
                    row.source.clone(),
                    row.outcome.clone(),
                    row.events_count.to_string(),
                    clip(row.reason.as_deref().unwrap_or("-"), 100),
                ]
            })
            .collect();
        table(&["received (UTC)", "delivery", "client", "source", "outcome", "events", "reason"], &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn events(
    store: &Store,
    client: Option<ClientId>,
    email: Option<Email>,
    kind: Option<String>,
    limit: u32,
    out: Out,
) -> anyhow::Result<ExitCode> {
    let rows = store.events(&EventFilter { client, email, kind, limit }).await?;
    out.print(&rows, |rows| {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                let change = if row.stage_before == row.stage_after {
                    format!("{} =", row.stage_before)
                } else {
                    format!("{} → {}", row.stage_before, row.stage_after)
                };
                vec![
                    second(&row.occurred_at),
                    row.client_id.clone(),
                    row.email.clone(),
                    row.kind.clone(),
                    row.source.clone(),
                    change,
                    clip(&row.rule, 80),
                ]
            })
            .collect();
        table(&["occurred (UTC)", "client", "contact", "event", "told by", "stage", "rule"], &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    task: TaskView,
    /// Why nobody works on it, where that is so.
    waits: Option<&'static str>,
}

pub(super) async fn tasks(
    store: &Store,
    status: Option<TaskStatus>,
    limit: u32,
    retry: Option<(uuid::Uuid, chrono::DateTime<chrono::Utc>)>,
    configured: Configured,
    out: Out,
) -> anyhow::Result<ExitCode> {
    if let Some((task_id, now)) = retry {
        anyhow::ensure!(store.retry_task(task_id, now).await?, "there is no task {task_id}, or it is running");
    }
    let rows: Vec<Shown> = store
        .tasks(&TaskFilter { status, kind: None, limit })
        .await?
        .into_iter()
        .map(|task| {
            let is_waiting = task.status == TaskStatus::Pending.as_str();
            let kind = TaskKind::parse(&task.kind).filter(|_| is_waiting);
            Shown { waits: kind.and_then(|kind| waits_for(kind, configured)), task }
        })
        .collect();
    out.print(&rows, |rows| {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|Shown { task, waits }| {
                vec![
                    second(&task.due_at),
                    task.task_id.clone(),
                    task.client_id.clone(),
                    task.kind.clone(),
                    task.status.clone(),
                    task.attempts.to_string(),
                    clip(waits.or(task.last_error.as_deref()).unwrap_or("-"), 100),
                ]
            })
            .collect();
        table(&["due (UTC)", "task", "client", "kind", "status", "tries", "note"], &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A stored time, to the second.
pub(super) fn second(time: &str) -> String {
    time.chars().take(19).collect::<String>().replace('T', " ")
}
