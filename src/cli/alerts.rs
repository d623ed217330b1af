//! `alerts`: what an operator must look at, with what to do about it.

use super::lists::second;
use super::out::{Out, clip, table};
use super::{Rim, one_of, parse_client};
use crate::domain::alert::{AlertKind, AlertStatus};
use crate::domain::ids::ClientId;
use crate::store::Store;
use crate::store::views::AlertFilter;
use std::process::ExitCode;
use uuid::Uuid;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long, value_parser = parse_status)]
    status: Option<AlertStatus>,
    #[arg(long, value_parser = parse_kind)]
    kind: Option<AlertKind>,
    #[arg(long, value_parser = parse_client)]
    client: Option<ClientId>,
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Say that a person has seen this one.
    #[arg(long, value_name = "ALERT_ID")]
    acknowledge: Option<Uuid>,
}

pub(super) async fn run(args: Args, store: &Store, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    if let Some(id) = args.acknowledge {
        let done = store.acknowledge_alert(id, (rim.now)()).await?;
        anyhow::ensure!(done, "there is no alert {id}, or it is not open");
    }
    let Args { status, kind, client, limit, acknowledge: _ } = args;
    let rows = store.alerts(&AlertFilter { status, client, kind, contact_id: None, after: None, limit }).await?;
    out.print(&rows, |rows| {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                vec![
                    second(&row.last_at),
                    row.alert_id.clone(),
                    row.client_id.clone(),
                    row.kind.clone(),
                    row.status.clone(),
                    row.times.to_string(),
                    clip(&row.text, 120),
                    clip(&row.what_to_do, 120),
                ]
            })
            .collect();
        table(&["last (UTC)", "alert", "client", "kind", "status", "times", "what", "what to do"], &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn parse_status(text: &str) -> Result<AlertStatus, String> {
    AlertStatus::parse(text).ok_or_else(|| one_of(AlertStatus::ALL.iter().map(|status| status.as_str())))
}

fn parse_kind(text: &str) -> Result<AlertKind, String> {
    AlertKind::parse(text).ok_or_else(|| one_of(AlertKind::ALL.iter().map(|kind| kind.as_str())))
}
