//! `migrate`: the database to the schema of this version.

use super::out::{Out, table};
use super::shadow;
use crate::config::Config;
use crate::store::Store;
use anyhow::Context as _;
use std::process::ExitCode;

pub(super) async fn run(config: &Config, dry_run: bool, out: Out) -> anyhow::Result<ExitCode> {
    let store = Store::open(config.database_url.expose()).await.context("open the database (database_url)")?;
    shadow::refuse_same_place(config, &store).await?;
    let report = store.migrate(dry_run).await?;
    out.print(&report, |report| {
        let word = |applied_now: bool| match (applied_now, dry_run) {
            (true, false) => "applied now",
            (true, true) => "would be applied",
            (false, true | false) => "was applied",
        };
        let rows: Vec<Vec<String>> = report
            .steps
            .iter()
            .map(|step| vec![step.version.to_string(), step.name.clone(), word(step.applied_now).to_owned()])
            .collect();
        let mut text = table(&["version", "name", "state"], &rows);
        if !report.plan.is_empty() {
            let done = if dry_run { "would be done" } else { "was done" };
            text.push_str(&format!("\nfor that, this {done}:\n  {}\n", report.plan.join("\n  ")));
        }
        for finding in &report.findings {
            text.push_str(&format!(
                "\n{} rows of {} break {} (such as {}): {}\n",
                finding.rows,
                finding.table,
                finding.rule,
                finding.examples.join(", "),
                finding.what_to_do
            ));
        }
        text
    })?;
    Ok(ExitCode::SUCCESS)
}
