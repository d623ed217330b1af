//! `suppressions`: the list of those who must not be contacted. It holds hashes; an address is only ever asked for, never listed.

use super::out::{Out, Progress, table};
use super::sign::client;
use super::{Rim, keys};
use crate::config::Config;
use crate::domain::ids::{CampaignId, ClientId, Email};
use crate::domain::suppression::{Hashed, Reason, Scope, Target, domain_of};
use crate::engine::rows::SuppressionRow;
use crate::persons::{self, Wish};
use crate::store::Store;
use crate::store::views::{SuppressionFilter, SuppressionView};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use uuid::Uuid;

/// Of a file taken in one transaction.
const BATCH_MAX: usize = 1_000;
const PAGE_MAX: u32 = 1_000;
/// Somebody is on the list.
const SUPPRESSED: u8 = 3;
/// The columns of an export; none of them names anybody.
const COLUMNS: [&str; 8] =
    ["scope", "client_id", "campaign_id", "target", "reason", "value_hmac", "key_id", "created_at"];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// A page of the list, as hashes.
    List {
        #[arg(long, value_parser = parse_scope)]
        scope: Option<Scope>,
        #[arg(long, value_parser = super::parse_client)]
        client: Option<ClientId>,
        #[arg(long, value_parser = parse_reason)]
        reason: Option<Reason>,
        /// The last id of the page before.
        #[arg(long, value_name = "ID")]
        after: Option<Uuid>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Put addresses (or domains) on the list, and stop what is running to them.
    Add {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        place: Place,
    },
    /// Take addresses (or domains) off the list. Whoever opted out stays opted out.
    Remove {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        place: Place,
    },
    /// Ask whether a client may write to these addresses. Exit code 3: somebody is suppressed.
    Check {
        #[arg(required = true)]
        addresses: Vec<String>,
        /// Who asks; the default client unless given.
        #[arg(long, value_parser = super::parse_client)]
        client: Option<ClientId>,
    },
    /// Put all addresses (or domains) of a CSV file on the list, or bring an export back.
    Import {
        /// With a header line; the column `email` (or `domain`), or the columns of `suppressions export`.
        file: PathBuf,
        /// The column, where it has another name.
        #[arg(long)]
        column: Option<String>,
        /// They are domains.
        #[arg(long)]
        domain: bool,
        #[command(flatten)]
        place: Place,
    },
    /// The whole list as CSV on standard output: hashes only.
    Export,
    /// Put all contacts that opted out on the list, under the newest key: once after the key was set or changed.
    Fill,
}

#[derive(Debug, clap::Args)]
pub(super) struct Who {
    #[arg(required = true, value_name = "ADDRESS")]
    values: Vec<String>,
    /// They are domains; one stands for all below it.
    #[arg(long)]
    domain: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// How far it reaches: campaign, client or agency.
    #[arg(long, value_parser = parse_scope, default_value = "client")]
    scope: Scope,
    /// Whose list; the default client unless given. For the agency none is named.
    #[arg(long, value_parser = super::parse_client)]
    client: Option<ClientId>,
    /// With `--scope campaign`.
    #[arg(long, value_parser = parse_campaign)]
    campaign: Option<CampaignId>,
    /// erased is left to `contact erase`.
    #[arg(long, value_parser = parse_reason, default_value = "operator")]
    reason: Reason,
}

#[derive(Serialize)]
struct Done {
    /// Added or removed.
    suppressions: u64,
    /// Contacts whose sequence and lead are looked at again.
    contacts: usize,
    /// Values that are no address or no domain.
    left_out: Vec<String>,
}

pub(super) async fn run(command: Command, config: &Config, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let store = super::open(config).await?;
    let now = (rim.now)();
    match command {
        Command::List { scope, client, reason, after, limit } => {
            let rows = store.suppressions(&SuppressionFilter { scope, client, reason, after, limit }).await?;
            out.print(&rows, |rows| shown(rows))?;
        }
        Command::Add { who, place } => {
            let (wishes, left_out) = some(wishes(&who.values, who.domain, &place, config)?, who.domain)?;
            let done = add(&store, config, &wishes, left_out, now).await?;
            out.print(&done, told)?;
        }
        Command::Remove { who, place } => {
            let (wishes, left_out) = some(wishes(&who.values, who.domain, &place, config)?, who.domain)?;
            let mut done = Done { suppressions: 0, contacts: 0, left_out };
            for wish in &wishes {
                done.suppressions += persons::lift(&store, &config.rules.suppression, wish, now).await?;
            }
            out.print(&done, |done| format!("{} taken off the list", done.suppressions))?;
        }
        Command::Check { addresses, client: asked } => {
            let (client_id, _) = client(config, asked.as_ref())?;
            return super::contact::check(&store, config, client_id, &addresses, now, out, SUPPRESSED).await;
        }
        Command::Import { file, column, domain, place } => {
            let progress = out.busy("rows read");
            let done = import(&store, config, &file, column.as_deref(), domain, &place, now, &progress).await?;
            drop(progress);
            out.print(&done, told)?;
        }
        Command::Export => export(&store).await?,
        Command::Fill => {
            let progress = out.busy("opt-outs listed");
            let done = fill(&store, config, now, &progress).await?;
            drop(progress);
            out.print(&done, told)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is asked for, and what of it is no address or domain.
fn wishes(
    values: &[String],
    is_domain: bool,
    place: &Place,
    config: &Config,
) -> anyhow::Result<(Vec<Wish>, Vec<String>)> {
    anyhow::ensure!(!config.rules.suppression.keys.is_empty(), keys::MISSING);
    anyhow::ensure!(place.reason != Reason::Erased, "--reason erased is left by `sales-engine contact erase` alone");
    let (client_id, campaign) = match place.scope {
        Scope::Agency => {
            anyhow::ensure!(place.client.is_none(), "--scope agency is for every client: leave --client out");
            (None, None)
        }
        Scope::Client => (Some(client(config, place.client.as_ref())?.0.clone()), None),
        Scope::Campaign => {
            let campaign = place.campaign.clone().context("--scope campaign needs --campaign")?;
            (Some(client(config, place.client.as_ref())?.0.clone()), Some(campaign))
        }
    };
    let (mut wishes, mut left_out) = (Vec::new(), Vec::new());
    for text in values {
        let value =
            if is_domain { domain_of(text) } else { Email::parse(text).ok().map(|email| email.as_str().to_owned()) };
        let Some(value) = value else {
            left_out.push(text.clone());
            continue;
        };
        wishes.push(Wish {
            target: if is_domain { Target::Domain } else { Target::Address },
            value,
            scope: place.scope,
            client_id: client_id.clone(),
            campaign: campaign.clone(),
            reason: place.reason,
        });
    }
    Ok((wishes, left_out))
}

/// At least one was meant.
fn some((wishes, left_out): (Vec<Wish>, Vec<String>), is_domain: bool) -> anyhow::Result<(Vec<Wish>, Vec<String>)> {
    anyhow::ensure!(!wishes.is_empty(), "none of these is {}", if is_domain { "a domain" } else { "an address" });
    Ok((wishes, left_out))
}

async fn add(
    store: &Store,
    config: &Config,
    wishes: &[Wish],
    left_out: Vec<String>,
    now: DateTime<Utc>,
) -> anyhow::Result<Done> {
    let contacts = persons::suppress(store, &config.rules, wishes, now).await?;
    Ok(Done { suppressions: u64::try_from(wishes.len())?, contacts, left_out })
}

#[expect(clippy::too_many_arguments, reason = "each is one choice of the command line")]
async fn import(
    store: &Store,
    config: &Config,
    file: &PathBuf,
    column: Option<&str>,
    is_domain: bool,
    place: &Place,
    now: DateTime<Utc>,
    progress: &Progress,
) -> anyhow::Result<Done> {
    let mut reader = csv::Reader::from_path(file).with_context(|| format!("open {}", file.display()))?;
    let headers = reader.headers()?.clone();
    let nth = |name: &str| headers.iter().position(|header| header.trim().eq_ignore_ascii_case(name));
    if column.is_none() && nth("value_hmac").is_some() {
        return bring_back(store, reader, now).await;
    }
    let name = column.unwrap_or(if is_domain { "domain" } else { "email" });
    let nth = nth(name).with_context(|| format!("{} has no column `{name}`; name it with --column", file.display()))?;
    let mut done = Done { suppressions: 0, contacts: 0, left_out: Vec::new() };
    let mut values = Vec::new();
    for record in reader.records() {
        values.extend(record?.get(nth).map(str::to_owned).filter(|value| !value.trim().is_empty()));
        progress.add(1);
        if values.len() == BATCH_MAX {
            take(store, config, &values, is_domain, place, &mut done, now).await?;
            values.clear();
        }
    }
    take(store, config, &values, is_domain, place, &mut done, now).await?;
    let is_any = done.suppressions > 0 || done.left_out.is_empty();
    anyhow::ensure!(is_any, "nothing in `{name}` is {}", if is_domain { "a domain" } else { "an address" });
    Ok(done)
}

/// A batch in which nothing is an address is left out like a single line that is none.
async fn take(
    store: &Store,
    config: &Config,
    values: &[String],
    is_domain: bool,
    place: &Place,
    done: &mut Done,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    let (wishes, left_out) = wishes(values, is_domain, place, config)?;
    let part = add(store, config, &wishes, left_out, now).await?;
    done.suppressions += part.suppressions;
    done.contacts += part.contacts;
    done.left_out.extend(part.left_out);
    Ok(())
}

/// An export of this list, of another database or an older day. Whom it concerns can't be told from hashes: nothing is stopped by
/// it, what comes next is.
async fn bring_back(store: &Store, mut reader: csv::Reader<std::fs::File>, now: DateTime<Utc>) -> anyhow::Result<Done> {
    let headers = reader.headers()?.clone();
    let mut done = Done { suppressions: 0, contacts: 0, left_out: Vec::new() };
    let mut rows = Vec::new();
    for (line, record) in reader.records().enumerate() {
        let record = record?;
        let cell = |name: &str| {
            let nth = headers.iter().position(|header| header == name);
            nth.and_then(|nth| record.get(nth)).filter(|text| !text.is_empty())
        };
        match row_of(&cell, now) {
            Some(row) => rows.push(row),
            None => done.left_out.push(format!("line {}", line + 2)),
        }
        if rows.len() == BATCH_MAX {
            done.suppressions += u64::try_from(rows.len())?;
            store.suppress(std::mem::take(&mut rows), Vec::new(), Vec::new()).await?;
        }
    }
    done.suppressions += u64::try_from(rows.len())?;
    store.suppress(rows, Vec::new(), Vec::new()).await?;
    Ok(done)
}

fn row_of<'a>(cell: &impl Fn(&str) -> Option<&'a str>, now: DateTime<Utc>) -> Option<SuppressionRow> {
    let scope = cell("scope").and_then(Scope::parse)?;
    let client_id = cell("client_id").and_then(|id| ClientId::parse(id).ok());
    let campaign = cell("campaign_id").and_then(|id| CampaignId::parse(id).ok());
    let is_sound = match scope {
        Scope::Agency => client_id.is_none() && campaign.is_none(),
        Scope::Client => client_id.is_some() && campaign.is_none(),
        Scope::Campaign => client_id.is_some() && campaign.is_some(),
    };
    let value_hmac =
        cell("value_hmac").filter(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let hashed = Hashed {
        target: cell("target").and_then(Target::parse)?,
        value_hmac: value_hmac.to_ascii_lowercase(),
        key_id: cell("key_id").unwrap_or_default().to_owned(),
    };
    let reason = cell("reason").and_then(Reason::parse)?;
    let now = cell("created_at").and_then(|text| text.parse().ok()).unwrap_or(now);
    is_sound.then_some(SuppressionRow {
        suppression_id: Uuid::new_v4(),
        scope,
        client_id,
        campaign,
        hashed,
        reason,
        now,
    })
}

async fn export(store: &Store) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(std::io::stdout().lock());
    writer.write_record(COLUMNS)?;
    let mut after = None;
    loop {
        let filter = SuppressionFilter { after, limit: PAGE_MAX, ..SuppressionFilter::default() };
        let page = store.suppressions(&filter).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.suppression_id.parse()?);
        for row in &page {
            writer.write_record(cells(row))?;
        }
    }
    writer.flush()?;
    Ok(())
}

fn cells(row: &SuppressionView) -> [&str; 8] {
    [
        row.scope.as_str(),
        row.client_id.as_deref().unwrap_or_default(),
        row.campaign_id.as_deref().unwrap_or_default(),
        row.target.as_str(),
        row.reason.as_str(),
        &row.value_hmac,
        &row.key_id,
        &row.created_at,
    ]
}

async fn fill(store: &Store, config: &Config, now: DateTime<Utc>, progress: &Progress) -> anyhow::Result<Done> {
    let suppression = &config.rules.suppression;
    anyhow::ensure!(!suppression.keys.is_empty(), keys::MISSING);
    let (mut after, mut done) = (None, Done { suppressions: 0, contacts: 0, left_out: Vec::new() });
    loop {
        let page = store.opted_out(after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(done) };
        after = Some(last.contact_id);
        let wishes: Vec<Wish> = page
            .iter()
            .map(|contact| Wish {
                target: Target::Address,
                value: contact.key.email.as_str().to_owned(),
                scope: suppression.scope_of_opt_outs,
                client_id: match suppression.scope_of_opt_outs {
                    Scope::Agency => None,
                    Scope::Client | Scope::Campaign => Some(contact.key.client_id.clone()),
                },
                campaign: None,
                reason: Reason::OptOut,
            })
            .collect();
        done.suppressions += u64::try_from(wishes.len())?;
        done.contacts += persons::suppress(store, &config.rules, &wishes, now).await?;
        progress.add(wishes.len());
    }
}

fn shown(rows: &[SuppressionView]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.suppression_id.clone(),
                row.scope.to_string(),
                row.client_id.clone().unwrap_or_else(|| "-".to_owned()),
                row.campaign_id.clone().unwrap_or_else(|| "-".to_owned()),
                row.target.to_string(),
                row.reason.to_string(),
                row.value_hmac.chars().take(12).collect(),
                row.created_at.chars().take(10).collect(),
            ]
        })
        .collect();
    table(&["id", "scope", "client", "campaign", "target", "reason", "hash", "since"], &rows)
}

fn told(done: &Done) -> String {
    let mut text = format!(
        "{} on the list; {} contacts are looked at again (sequence and lead)\n",
        done.suppressions, done.contacts
    );
    for value in &done.left_out {
        text.push_str(&format!("left out: {value}\n"));
    }
    text
}

fn parse_scope(text: &str) -> Result<Scope, String> {
    Scope::parse(text).ok_or_else(|| super::one_of(Scope::ALL.iter().map(|scope| scope.as_str())))
}

fn parse_reason(text: &str) -> Result<Reason, String> {
    Reason::parse(text).ok_or_else(|| super::one_of(Reason::ALL.iter().map(|reason| reason.as_str())))
}

fn parse_campaign(text: &str) -> Result<CampaignId, String> {
    CampaignId::parse(text).map_err(|error| error.to_string())
}
