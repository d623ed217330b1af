//! Shadow mode: begun by `serve`, told by `shadow report`.

use super::out::{Out, table};
use super::{Rim, service};
use crate::config::Config;
use crate::domain::ids::ClientId;
use crate::domain::shadow::Comparison;
use crate::store::Store;
use crate::store::shadow::OtherFlow;
use crate::tasks::{Job, JobReport, Shadow, Sweep};
use anyhow::Context as _;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Hold both sides against each other, now.
    Report {
        /// Only this client; all unless given.
        #[arg(long, value_parser = super::parse_client)]
        client: Option<ClientId>,
    },
}

pub(super) async fn run(command: Command, config: &Config, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let Command::Report { client } = command;
    anyhow::ensure!(config.shadow.is_some(), "there is no [shadow] in the configuration (docs/shadow.md)");
    let store = super::open(config).await?;
    let sweep = Sweep::new(store, config.rules.clone(), rim.now.clone(), service::schedule(config)?);
    let clients: Vec<ClientId> = client.into_iter().collect();
    let mut reports = sweep.by_hand(&[Job::ShadowReport], &clients, false).await?;
    let report = reports.pop().context("the comparison came to no end; the program's log tells why")?;
    if let Some(error) = report.error {
        anyhow::bail!("the comparison came to no end: {error}");
    }
    let JobReport { comparison: Some(comparison), .. } = report else { anyhow::bail!("nothing was compared") };
    anyhow::ensure!(comparison.since.is_some(), "the shadow has not begun: `serve` begins it");
    out.print(&comparison, shown)?;
    Ok(ExitCode::SUCCESS)
}

fn shown(comparison: &Comparison) -> String {
    let since = comparison.since.map(|since| since.format("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
    let (contacts, messages) = (comparison.contacts, comparison.messages);
    let mut text = format!("{contacts} contacts and {messages} messages were compared, since {since}\n");
    if comparison.not_compared > 0 {
        text.push_str(&format!("{} contacts have too long a conversation, or no address\n", comparison.not_compared));
    }
    if comparison.disagreements.is_empty() {
        text.push_str("\nboth sides agree");
        return text;
    }
    let counts = comparison.disagreements.iter();
    let counts: Vec<Vec<String>> = counts.map(|(what, count)| vec![what.to_string(), count.to_string()]).collect();
    text.push_str(&format!("\n{}", table(&["disagreement", "count"], &counts)));
    let first = comparison.first.iter();
    let first: Vec<Vec<String>> = first
        .map(|finding| vec![finding.disagreement.to_string(), finding.contact_id.clone(), finding.what.clone()])
        .collect();
    text.push_str(&format!("\n\n{}", table(&["such as", "contact", "what"], &first)));
    text
}

/// None where the engine is no shadow.
pub(super) fn shadow(config: &Config) -> anyhow::Result<Option<Shadow>> {
    let Some(shadow) = &config.shadow else { return Ok(None) };
    let other = OtherFlow::at(shadow.database_url.expose(), shadow.schema.as_deref());
    Ok(Some(Shadow {
        other: other.context("open the other flow's tables ([shadow])")?,
        clients: config.clients.keys().cloned().collect(),
        skip_platforms: shadow.skip_platforms.clone(),
        examples_max: shadow.examples_max,
    }))
}

/// A shadow in the other flow's own tables would adopt them.
pub(super) async fn refuse_same_place(config: &Config, store: &Store) -> anyhow::Result<()> {
    let Some(shadow) = shadow(config)? else { return Ok(()) };
    let is_same = shadow.other.is_of(store).await.context("look at the other flow's tables ([shadow])")?;
    anyhow::ensure!(
        !is_same,
        "[shadow] names the tables of `database_url` itself: a shadow has tables of its own. On PostgreSQL make a schema for it and \
         name it in the address (postgres://…?options=-c%20search_path%3Dshadow), on SQLite name another file (docs/shadow.md)"
    );
    Ok(())
}

/// The first start copies how the other flow's contacts stand.
pub(super) async fn begin(config: &Config, store: &Store, rim: &Rim) -> anyhow::Result<()> {
    let (Some(shadow), Some(settings)) = (shadow(config)?, &config.shadow) else { return Ok(()) };
    let left_alone = settings.left_alone.join(", ");
    tracing::warn!(left_alone, "SHADOW: looks on beside another flow and calls nobody");
    let copied = shadow.begin(store, &rim.now).await.context("copy how the other flow's contacts stand ([shadow])")?;
    if copied > 0 {
        tracing::info!(copied, "the shadow begins with the other flow's contacts");
    }
    Ok(())
}
