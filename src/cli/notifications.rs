//! `notifications`: what is told to other systems, what could not be told, and its targets.

use super::lists::second;
use super::out::{Out, clip, table};
use super::{Rim, one_of, parse_client};
use crate::domain::alert::AlertKind;
use crate::domain::ids::ClientId;
use crate::engine::rows::NotificationStatus;
use crate::store::Store;
use crate::store::views::NotificationFilter;
use std::process::ExitCode;
use uuid::Uuid;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long, value_parser = parse_status)]
    status: Option<NotificationStatus>,
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    #[arg(long, value_parser = parse_client)]
    client: Option<ClientId>,
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Send this dead one again, as the last of its contact's.
    #[arg(long, value_name = "ID")]
    retry: Option<Uuid>,
    /// Send all dead ones again, or those of --target and --client, in the order in which they were told.
    #[arg(long)]
    retry_dead: bool,
    /// Switch a target on again that said that it wants no more.
    #[arg(long, value_name = "TARGET")]
    enable: Option<String>,
    /// Count by target and status instead of listing.
    #[arg(long)]
    counts: bool,
}

pub(super) async fn run(args: Args, store: &Store, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let now = (rim.now)();
    if let Some(target) = &args.enable {
        anyhow::ensure!(store.enable_target(target).await?, "the target `{target}` is not disabled");
        let tenant = target.split_once('/').and_then(|(client, _)| ClientId::parse(client).ok());
        let tenant = tenant.unwrap_or_else(ClientId::agency);
        store.resolve_alert(&tenant, AlertKind::TargetDisabled, &format!("notifications:{target}"), now).await?;
    }
    if let Some(id) = args.retry {
        anyhow::ensure!(store.retry_notification(id, now).await?, "there is no notification {id}, or it is not dead");
    }
    let Args { status, target, client, limit, retry: _, retry_dead, enable: _, counts } = args;
    if retry_dead {
        store.retry_dead_notifications(target.as_deref(), client.as_ref(), now).await?;
    }
    if counts {
        return show_counts(store, out).await;
    }
    let rows = store.notifications(&NotificationFilter { status, target, client, limit }).await?;
    out.print(&rows, |rows| {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                vec![
                    second(&row.created_at),
                    row.notification_id.clone(),
                    row.target.clone(),
                    row.kind.clone(),
                    row.status.clone(),
                    row.attempts.to_string(),
                    second(&row.due_at),
                    clip(row.last_error.as_deref().unwrap_or("-"), 100),
                ]
            })
            .collect();
        table(&["told (UTC)", "notification", "target", "kind", "status", "tries", "due (UTC)", "note"], &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn show_counts(store: &Store, out: Out) -> anyhow::Result<ExitCode> {
    let counts = store.notification_counts().await?;
    out.print(&counts, |counts| {
        let rows: Vec<Vec<String>> = counts
            .iter()
            .map(|row| vec![row.target.clone(), row.status.clone(), row.count.to_string(), second(&row.oldest_at)])
            .collect();
        table(&["target", "status", "notifications", "oldest (UTC)"], &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn parse_status(text: &str) -> Result<NotificationStatus, String> {
    NotificationStatus::parse(text).ok_or_else(|| one_of(NotificationStatus::ALL.iter().map(|status| status.as_str())))
}
