//! `contact erase`, `export` and `set`: what is done with one person.

use super::keys;
use super::out::Out;
use super::sign::client;
use crate::config::Config;
use crate::domain::event::FollowUpReason;
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::engine::rows::TriggerType;
use crate::intake::{Context, Now};
use crate::persons::{self, Change, Erasure, Move};
use crate::store::Store;
use crate::store::views::{PartState, Receipt};
use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use uuid::Uuid;

/// A part at an outside service is still to be done.
const PENDING: u8 = 3;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code 0: all of it is done. 3: a part at an outside service is still to be done (ask with --status). 1: failed; run it again."
)]
pub(super) struct Erase {
    /// The person's address.
    #[arg(value_parser = super::parse_email, required_unless_present = "status")]
    email: Option<Email>,
    /// For whom; the default client unless given.
    #[arg(long, value_parser = super::parse_client)]
    client: Option<ClientId>,
    /// For every client.
    #[arg(long, conflicts_with = "client")]
    all_clients: bool,
    /// `no` keeps nothing that refuses what comes later: the next webhook makes the contact again.
    #[arg(long, value_name = "yes|no", default_value = "yes", value_parser = ["yes", "no"])]
    keep_suppression: String,
    /// Don't ask.
    #[arg(long)]
    yes: bool,
    /// How far an erasure is, by its receipt.
    #[arg(long, value_name = "RECEIPT_ID", conflicts_with_all = ["email", "client", "all_clients"])]
    status: Option<Uuid>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// The person's address.
    #[arg(value_parser = super::parse_email)]
    email: Email,
    /// Only what this client holds; all clients unless given.
    #[arg(long, value_parser = super::parse_client)]
    client: Option<ClientId>,
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("change").required(true).args(["to", "follow_up"]))]
pub(super) struct Set {
    /// The contact's address.
    #[arg(value_parser = super::parse_email)]
    email: Email,
    /// Whose contact; the default client unless given.
    #[arg(long, value_parser = super::parse_client)]
    client: Option<ClientId>,
    /// What happened (`interested`, `won`, …). The stage follows the table like after any event.
    #[arg(long, value_parser = parse_move)]
    to: Option<Move>,
    /// The meeting's time, like 2026-12-01T09:00:00Z.
    #[arg(long, requires = "to")]
    at: Option<DateTime<Utc>>,
    /// The day of the next follow-up.
    #[arg(long, value_name = "YYYY-MM-DD")]
    follow_up: Option<NaiveDate>,
    /// Why: `lead_requested` or `custom`.
    #[arg(long, requires = "follow_up", value_parser = parse_reason, default_value = "custom")]
    reason: FollowUpReason,
}

pub(super) async fn erase(
    store: &Store,
    config: &Config,
    args: Erase,
    now: &Now,
    out: Out,
) -> anyhow::Result<ExitCode> {
    let receipt = match (args.status, args.email) {
        (Some(receipt_id), _) => store.receipt(receipt_id).await?.context("there is no such receipt")?,
        (None, Some(email)) => {
            anyhow::ensure!(!config.rules.suppression.keys.is_empty(), keys::MISSING);
            let client_id = if args.all_clients { None } else { Some(client(config, args.client.as_ref())?.0.clone()) };
            let erasure = Erasure { email, client_id, keeps_suppression: args.keep_suppression == "yes" };
            if !args.yes {
                confirm(&erasure)?;
            }
            let erased = persons::erase(store, &config.rules, &erasure, now).await;
            erased
                .context("not all of it is erased: a running service goes on with it, and so does the same command")?
        }
        (None, None) => anyhow::bail!("name an address"),
    };
    let is_done = receipt.completed_at.is_some();
    out.print(&receipt, shown)?;
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::from(PENDING) })
}

/// It can't be undone, so the address is typed once more.
fn confirm(erasure: &Erasure) -> anyhow::Result<()> {
    anyhow::ensure!(io::stdin().is_terminal(), "this can't be undone: say --yes");
    let of = erasure.client_id.as_ref().map_or_else(|| "every client".to_owned(), |id| format!("client {id}"));
    let mut stderr = io::stderr().lock();
    write!(stderr, "Erase {} for {of}? It can't be undone. Type the address again: ", erasure.email)?;
    stderr.flush()?;
    let mut typed = String::new();
    io::stdin().read_line(&mut typed)?;
    anyhow::ensure!(Email::parse(&typed).is_ok_and(|typed| typed == erasure.email), "nothing was erased");
    Ok(())
}

fn shown(receipt: &Receipt) -> String {
    let of = receipt.client_id.as_ref().map_or("every client", ClientId::as_str);
    let mut text =
        format!("receipt {}\nrequested {} for {of}\n", receipt.receipt_id, receipt.requested_at.to_rfc3339());
    for (place, rows) in &receipt.removed {
        text.push_str(&format!("  {place:<28}{rows}\n"));
    }
    for (part, state) in &receipt.parts {
        let state = match state.state {
            PartState::Pending => "still to be done".to_owned(),
            PartState::Done if state.removed == 0 => "done".to_owned(),
            PartState::Done => format!("done, {} removed", state.removed),
        };
        text.push_str(&format!("  {part:<28}{state}\n"));
    }
    text.push_str(match receipt.completed_at {
        Some(_) => "complete\n",
        None => "not complete yet: the service does the rest; ask with `contact erase --status`\n",
    });
    text
}

pub(super) async fn export(
    store: &Store,
    config: &Config,
    args: Export,
    now: DateTime<Utc>,
    out: Out,
) -> anyhow::Result<ExitCode> {
    if let Some(asked) = &args.client {
        client(config, Some(asked))?;
    }
    let export = persons::export(store, &config.rules.suppression, &args.email, args.client.as_ref(), now).await?;
    let rendered = serde_json::to_string_pretty(&export)?;
    out.print(&export, |_| rendered)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn set(store: &Store, config: &Config, args: Set, clock: &Now, out: Out) -> anyhow::Result<ExitCode> {
    let (client_id, _) = client(config, args.client.as_ref())?;
    let key = ContactKey { client_id: client_id.clone(), email: args.email };
    let change = match (args.to, args.follow_up) {
        (Some(to), _) => Change::Move { to, starts_at: args.at },
        (None, Some(date)) => Change::FollowUp { date, reason: args.reason },
        (None, None) => anyhow::bail!("say --to or --follow-up"),
    };
    let context = Context { store, rules: &config.rules, now: clock, trigger: TriggerType::Manual };
    let answer = persons::change(&context, &key, &change, &Uuid::new_v4().to_string(), clock()).await?;
    out.print(&answer, |answer| {
        let stage = |stage: Option<crate::domain::stage::Stage>| stage.map_or("-", crate::domain::stage::Stage::as_str);
        format!("{} → {}: {}", stage(answer.stage_before), stage(answer.stage_after), answer.reason)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn parse_move(text: &str) -> Result<Move, String> {
    Move::parse(text).ok_or_else(|| super::one_of(Move::ALL.iter().map(|to| to.as_str())))
}

fn parse_reason(text: &str) -> Result<FollowUpReason, String> {
    FollowUpReason::parse(text)
        .filter(|reason| persons::FOLLOW_UP_REASONS.contains(reason))
        .ok_or_else(|| super::one_of(persons::FOLLOW_UP_REASONS.iter().map(|reason| reason.as_str())))
}
