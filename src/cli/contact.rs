//! `contact`: one person, seen, asked for, changed.

use super::out::{Out, clip, table};
use super::sign::client;
use super::{Rim, persons};
use crate::config::Config;
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::store::Store;
use crate::store::views::{ChatView, ContactView, EventView, LogView};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::process::ExitCode;

const ROWS_MAX: u32 = 500;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// The contact's facts and its conversation.
    Show(Who),
    /// Why the contact is where it is: every event with what it did and by which rule.
    Why(Who),
    /// Ask of addresses whether they are known, where they stand, and whether a campaign may write to them.
    Check {
        #[arg(required = true)]
        addresses: Vec<String>,
        /// Who asks; the default client unless given.
        #[arg(long, value_parser = super::parse_client)]
        client: Option<ClientId>,
    },
    /// What a person decides of a contact, as an event; refused with the reason.
    Set(persons::Set),
    /// Everything that is held on a person, as one JSON document.
    Export(persons::Export),
    /// Take a person out of everything, with a receipt. It can't be undone.
    Erase(persons::Erase),
}

#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// The contact's address.
    #[arg(value_parser = super::parse_email)]
    email: Email,
    /// Whose contact; the default client unless given.
    #[arg(long, value_parser = super::parse_client)]
    client: Option<ClientId>,
}

#[derive(Serialize)]
struct Shown {
    contact: ContactView,
    messages: Vec<ChatView>,
}

#[derive(Serialize)]
struct Why {
    contact_id: uuid::Uuid,
    stage: crate::domain::stage::Stage,
    events: Vec<EventView>,
    decisions: Vec<LogView>,
}

/// Somebody may not be contacted.
const NOT_ALL: u8 = 3;

pub(super) async fn run(command: Command, config: &Config, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let store = super::open(config).await?;
    match command {
        Command::Show(who) => look(&store, config, &who, out, Look::Show).await,
        Command::Why(who) => look(&store, config, &who, out, Look::Why).await,
        Command::Check { addresses, client: asked } => {
            let (client_id, _) = client(config, asked.as_ref())?;
            check(&store, config, client_id, &addresses, (rim.now)(), out, NOT_ALL).await
        }
        Command::Set(args) => persons::set(&store, config, args, &rim.now, out).await,
        Command::Export(args) => persons::export(&store, config, args, (rim.now)(), out).await,
        Command::Erase(args) => persons::erase(&store, config, args, &rim.now, out).await,
    }
}

#[derive(Clone, Copy)]
enum Look {
    Show,
    Why,
}

/// Prints the answers; `code` where somebody may not be contacted.
pub(super) async fn check(
    store: &Store,
    config: &Config,
    client_id: &ClientId,
    addresses: &[String],
    now: DateTime<Utc>,
    out: Out,
    code: u8,
) -> anyhow::Result<ExitCode> {
    let today = config.rules.spans.zones.of(client_id).day(now);
    let checks = crate::persons::check(store, &config.rules.suppression, client_id, addresses, today).await?;
    out.print(&checks, |checks| {
        let rows: Vec<Vec<String>> = checks
            .iter()
            .map(|check| {
                let stage = check.stage.map_or_else(|| "-".to_owned(), |stage| stage.to_string());
                let may = if check.may_be_contacted { "yes" } else { "no" };
                let reason = check.reason.clone().unwrap_or_else(|| "-".to_owned());
                vec![check.email.clone(), stage, may.to_owned(), reason]
            })
            .collect();
        table(&["address", "stage", "may be contacted", "why not"], &rows)
    })?;
    let is_all = checks.iter().all(|check| check.may_be_contacted);
    Ok(if is_all { ExitCode::SUCCESS } else { ExitCode::from(code) })
}

async fn look(store: &Store, config: &Config, who: &Who, out: Out, look: Look) -> anyhow::Result<ExitCode> {
    let (client_id, _) = client(config, who.client.as_ref())?;
    let key = ContactKey { client_id: client_id.clone(), email: who.email.clone() };
    let Some(contact) = store.contact(&key).await? else {
        anyhow::bail!("client {client_id} has no contact {}", who.email);
    };
    let timeline = store.timeline(contact.contact_id, ROWS_MAX).await?;
    match look {
        Look::Show => out.print(&Shown { contact, messages: timeline.messages }, shown)?,
        Look::Why => {
            let why = Why {
                contact_id: contact.contact_id,
                stage: contact.stage,
                events: timeline.events,
                decisions: timeline.logs,
            };
            out.print(&why, reasons)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(shown: &Shown) -> String {
    let contact = &shown.contact;
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let name: Vec<&str> = [&contact.first_name, &contact.last_name].into_iter().flatten().map(String::as_str).collect();
    let follow_up = [&contact.follow_up_date, &contact.follow_up_reason];
    let follow_up: Vec<&str> = follow_up.into_iter().flatten().map(String::as_str).collect();
    let facts = [
        ("contact", format!("{} <{}> of client {}", name.join(" "), contact.email, contact.client_id)),
        ("id", contact.contact_id.to_string()),
        ("company", or_none(&contact.company_name)),
        ("stage", contact.stage.to_string()),
        ("campaign", format!("{} (past: {})", or_none(&contact.current_campaign_id), contact.past_campaign_ids)),
        ("mails sent", contact.emails_sent_count.to_string()),
        ("replies", contact.reply_count.to_string()),
        ("last contact", or_none(&contact.last_contact_date)),
        ("last reply", or_none(&contact.last_reply_date)),
        ("follow-up", if follow_up.is_empty() { "-".to_owned() } else { follow_up.join(", ") }),
        ("engaged", if contact.has_engaged { "yes" } else { "no" }.to_owned()),
        ("lead", or_none(&contact.airtable_lead_id)),
    ];
    let mut text: String = facts.iter().map(|(name, value)| format!("{name:<13}{value}\n")).collect();
    let rows: Vec<Vec<String>> = shown
        .messages
        .iter()
        .map(|row| {
            vec![
                minute(&row.message_timestamp),
                row.platform.clone(),
                [&row.message_type, &row.message_status].into_iter().flatten().cloned().collect::<Vec<_>>().join(" "),
                or_none(&row.ai_intent),
                if row.requires_action { "to do".to_owned() } else { or_none(&row.action_taken) },
                clip(&row.message_content, 60),
            ]
        })
        .collect();
    text.push('\n');
    text.push_str(&table(&["time (UTC)", "platform", "message", "intent", "action", "text"], &rows));
    text
}

fn reasons(why: &Why) -> String {
    let mut text = format!("stage {} of contact {}\n\n", why.stage, why.contact_id);
    let rows: Vec<Vec<String>> = why
        .events
        .iter()
        .map(|event| {
            let change = match (event.refused, event.stage_before == event.stage_after) {
                (true, true | false) => format!("{} (refused)", event.stage_before),
                (false, true) => format!("{} =", event.stage_before),
                (false, false) => format!("{} → {}", event.stage_before, event.stage_after),
            };
            vec![minute(&event.occurred_at), event.kind.clone(), event.source.clone(), change, event.rule.clone()]
        })
        .collect();
    text.push_str(&table(&["time (UTC)", "event", "told by", "stage", "rule"], &rows));
    if !why.decisions.is_empty() {
        let rows: Vec<Vec<String>> = why
            .decisions
            .iter()
            .map(|log| {
                vec![
                    minute(&log.timestamp),
                    log.automation_type.clone(),
                    log.status.clone(),
                    clip(&log.action_taken, 100),
                ]
            })
            .collect();
        text.push_str("\n\n");
        text.push_str(&table(&["time (UTC)", "decision", "status", "what was done"], &rows));
    }
    text
}

/// A stored time, to the minute.
fn minute(time: &str) -> String {
    time.chars().take(16).collect::<String>().replace('T', " ")
}
