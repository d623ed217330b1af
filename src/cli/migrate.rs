//! `migrate`: the database to the schema of this version.

use super::out::{Out, table};
use crate::config::Config;
use crate::store::Store;
use anyhow::Context as _;
use std::process::ExitCode;

pub(super) async fn run(config: &Config, dry_run: bool, out: Out) -> anyhow::Result<ExitCode> {
    let store = Store::open(config.database_url.expose()).await.context("open the database (database_url)")?;
    let steps = store.migrate(dry_run).await?;
    out.print(&steps, |steps| {
        let word = |applied_now: bool| match (applied_now, dry_run) {
            (true, false) => "applied now",
            (true, true) => "would be applied",
            (false, true | false) => "was applied",
        };
        let rows: Vec<Vec<String>> = steps
            .iter()
            .map(|step| vec![step.version.to_string(), step.name.clone(), word(step.applied_now).to_owned()])
            .collect();
        table(&["version", "name", "state"], &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}
