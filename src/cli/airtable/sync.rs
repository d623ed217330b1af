//! `airtable sync`: both ways, now, until nothing is left to do. `airtable webhook`: makes the webhook that pings this service.

use crate::cli::out::{self, Out, clip, table};
use crate::cli::{Rim, service};
use crate::config::Config;
use crate::engine::rows::TaskStatus;
use crate::services::airtable::AirtableError;
use crate::store::views::{TaskFilter, TaskView};
use crate::tasks::{AirtableSettings, Dispatcher, Turn, watched};
use crate::wiring::Pace;
use anyhow::Context as _;
use serde::Serialize;
use std::process::ExitCode;

/// How long a pause of the base is waited for; beyond it what is left is told.
const WAIT_SECONDS_MAX: i64 = 120;
const TASKS_MAX: u32 = 1_000;
#[derive(Serialize)]
struct Synced {
    /// Leads, rounds and all else, tries that failed among them.
    tasks_worked_on: usize,
    /// What is left, and why.
    left: Vec<TaskView>,
}

pub(super) async fn sync(settings: AirtableSettings, config: &Config, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let store = crate::cli::open(config).await?;
    let mut dispatcher =
        Dispatcher::new(store.clone(), config.rules.clone(), rim.now.clone(), service::pause(rim), Some(settings));
    let mut tasks_worked_on = 0;
    let progress = out.busy("tasks worked on");
    loop {
        match dispatcher.turn().await? {
            Turn::Worked(count) => {
                tasks_worked_on += count;
                progress.add(count);
            }
            Turn::Idle => break,
            Turn::Wait(until) => {
                let wait = until - (rim.now)();
                if wait.num_seconds() > WAIT_SECONDS_MAX {
                    break;
                }
                if wait.num_seconds() > 1 {
                    out::complain(&format!("Airtable is to be left alone for {} s", wait.num_seconds()));
                }
                tokio::time::sleep(wait.to_std().unwrap_or_default()).await;
            }
        }
    }
    drop(progress);
    let mut left = Vec::new();
    for status in [TaskStatus::Pending, TaskStatus::Running, TaskStatus::Dead] {
        left.extend(store.tasks(&TaskFilter { status: Some(status), kind: None, limit: TASKS_MAX }).await?);
    }
    // Work that comes round is there at any time; only what went wrong with it is worth telling.
    left.retain(|task| task.kind.starts_with("airtable.") && (task.contact_id.is_some() || task.last_error.is_some()));
    let is_complete = left.is_empty();
    out.print(&Synced { tasks_worked_on, left }, |synced| {
        let mut text = format!("{} tasks worked on\n", synced.tasks_worked_on);
        let rows: Vec<Vec<String>> = synced
            .left
            .iter()
            .map(|task| {
                let why = clip(task.last_error.as_deref().unwrap_or("-"), 100);
                vec![task.task_id.clone(), task.kind.clone(), task.status.clone(), task.attempts.to_string(), why]
            })
            .collect();
        if !rows.is_empty() {
            text.push_str(&table(&["left", "kind", "status", "tries", "why"], &rows));
        }
        text
    })?;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Serialize)]
struct Made {
    webhook_id: String,
    notification_url: String,
    /// Told once, by Airtable and by us: it goes into the configuration.
    webhook_secret: String,
    /// Earlier webhooks with the same URL, which were deleted.
    replaced: Vec<String>,
}

pub(super) async fn webhook(settings: &AirtableSettings, pace: &Pace, out: Out) -> anyhow::Result<ExitCode> {
    let url = settings.webhook_url.as_deref().context(
        "webhook_url is not set: put the address of this service's /hooks/airtable there, as it is seen from outside",
    )?;
    let client = &settings.client;
    let rights =
        "the token needs the scopes webhook:manage and schema.bases:read, and its owner must be a creator of the base";
    let explained = |error: AirtableError| match error {
        AirtableError::Denied { .. } => anyhow::Error::new(error).context(rights),
        AirtableError::RateLimited { .. }
        | AirtableError::QuotaReached { .. }
        | AirtableError::Rejected { .. }
        | AirtableError::NotFound { .. }
        | AirtableError::Unavailable { .. } => anyhow::Error::new(error),
    };
    pace.wait().await;
    let tables = client.schema().await.map_err(explained)?;
    let (watched, told) = watched(&tables, &settings.leads_table).with_context(|| {
        format!("the base has no table `{}`: run `sales-engine airtable provision`", settings.leads_table)
    })?;
    pace.wait().await;
    let earlier = client.webhooks().await.map_err(explained)?;
    pace.wait().await;
    // The new one first: two tell everything twice, which counts once; none would tell nothing.
    let made = client.create_webhook(Some(url), &watched, &told).await.map_err(explained)?;
    let mut replaced = Vec::new();
    for hook in earlier.iter().filter(|hook| hook.notification_url.as_deref() == Some(url)) {
        pace.wait().await;
        client.delete_webhook(&hook.id).await.map_err(explained)?;
        replaced.push(hook.id.clone());
    }
    let made = Made {
        webhook_id: made.id,
        notification_url: url.to_owned(),
        webhook_secret: made.mac_secret_base64,
        replaced,
    };
    out.print(&made, |made| {
        format!(
            "webhook {} posts to {}\nput its secret into the configuration, it is never told again:\n\n[airtable]\nwebhook_secrets = \
             [\"{}\"]\n\nthen restart the service",
            made.webhook_id, made.notification_url, made.webhook_secret
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
