//! `replay --stored`: deliveries that are kept, read again with what is configured now.

use super::super::out::{Out, clip, table};
use super::super::{Rim, open, parse_outcome, parse_source};
use crate::config::Config;
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::engine::rows::{Outcome, TriggerType};
use crate::replay::{ContactDifference, Desk, Plan, Report, replay};
use crate::store::views::DeliverySelection;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use std::process::ExitCode;
use uuid::Uuid;

#[derive(Debug, clap::Args)]
pub(super) struct StoredArgs {
    /// Replay deliveries that are kept in the database, oldest first, by what is configured now.
    #[arg(long)]
    pub(super) stored: bool,
    /// Only these deliveries.
    #[arg(long = "id", value_name = "DELIVERY_ID", requires = "stored")]
    ids: Vec<Uuid>,
    /// Only those with this outcome.
    #[arg(long, value_parser = parse_outcome, requires = "stored")]
    outcome: Option<Outcome>,
    /// Only those of this source.
    #[arg(long = "source", id = "of_source", value_parser = parse_source, requires = "stored")]
    source: Option<Source>,
    /// Received at this time or later: a date, or a time as in 2026-11-20T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "stored")]
    since: Option<DateTime<Utc>>,
    /// Received before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "stored")]
    until: Option<DateTime<Utc>>,
}

pub(super) async fn run(
    args: &StoredArgs,
    client: Option<ClientId>,
    dry_run: bool,
    config: &Config,
    out: Out,
    rim: &Rim,
) -> anyhow::Result<ExitCode> {
    let store = open(config).await?;
    let selection = DeliverySelection {
        ids: args.ids.clone(),
        outcome: args.outcome,
        source: args.source,
        client,
        since: args.since,
        until: args.until,
    };
    let plan = Plan { selection, after: None, until: None, deliveries_max: None, dry_run };
    let desk = Desk { store: &store, config, now: &rim.now, trigger: TriggerType::Manual, tasks_wake: None };
    let progress = out.busy("reading deliveries again");
    let report = replay(desk, &plan).await?;
    drop(progress);
    out.print(&report, shown)?;
    Ok(if report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn shown(report: &Report) -> String {
    let mut text = format!("{} deliveries read again", report.deliveries);
    if report.not_readable > 0 {
        text.push_str(&format!(", {} of them can't be: their bodies are kept no longer", report.not_readable));
    }
    if report.failed > 0 {
        text.push_str(&format!(", {} of them failed", report.failed));
    }
    text.push('\n');
    for (change, number) in &report.outcomes {
        text.push_str(&format!("  {number} × {change}\n"));
    }
    let difference = &report.difference;
    if report.is_empty() {
        text.push_str("no difference\n");
        return text;
    }
    let rows = [
        ("contacts changed", difference.contacts_changed),
        ("new leads", difference.promotions),
        ("events added", difference.events_added),
        ("events changed", difference.events_changed),
        ("events withdrawn", difference.events_withdrawn),
        ("chat rows added", difference.chat_rows_added),
        ("chat rows changed", difference.chat_rows_changed),
        ("chat rows withdrawn", difference.chat_rows_withdrawn),
        ("alerts", difference.alerts),
    ];
    for (name, number) in rows.iter().filter(|(_, number)| *number > 0) {
        text.push_str(&format!("{name:<20}{number}\n"));
    }
    for (kind, number) in &difference.tasks {
        text.push_str(&format!("task {kind:<15}{number}\n"));
    }
    if !difference.contacts.is_empty() {
        let rows: Vec<Vec<String>> = difference.contacts.iter().map(row).collect();
        text.push('\n');
        text.push_str(&table(&["client", "contact", "stage", "fields", "chat rows"], &rows));
        text.push('\n');
    }
    if let Some(next) = report.next {
        text.push_str(&format!(
            "\nIt would change too many contacts to be told at once; it stopped at {}: go on with --since.\n",
            next.received_at.to_rfc3339()
        ));
    } else if report.dry_run {
        text.push_str("\nNothing was changed: run it without --dry-run to apply it.\n");
    }
    text
}

fn row(contact: &ContactDifference) -> Vec<String> {
    let stage = if contact.is_new {
        format!("new → {}", contact.stage_after)
    } else if contact.stage_before == contact.stage_after {
        format!("{} =", contact.stage_before)
    } else {
        format!("{} → {}", contact.stage_before, contact.stage_after)
    };
    let value = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields: Vec<String> = contact
        .fields
        .iter()
        .filter(|(name, _)| *name != "stage")
        .map(|(name, (before, after))| format!("{name}: {} → {}", value(before), value(after)))
        .collect();
    let chats = [
        ("+", contact.chat_rows_added.len().to_string()),
        ("~", contact.chat_rows_changed.to_string()),
        ("-", contact.chat_rows_withdrawn.to_string()),
    ];
    let chats: Vec<String> =
        chats.iter().filter(|(_, number)| number != "0").map(|(sign, number)| format!("{sign}{number}")).collect();
    vec![
        contact.client_id.to_string(),
        contact.email.to_string(),
        stage,
        clip(&fields.join(", "), 120),
        chats.join(" "),
    ]
}

fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.with_timezone(&Utc));
    }
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) => Ok(day.and_time(NaiveTime::MIN).and_utc()),
        Err(_) => Err("expected a date like 2026-11-20, or a time like 2026-11-20T12:00:00Z".to_owned()),
    }
}
