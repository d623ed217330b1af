//! `replay`: payloads through the engine again, straight into the database or signed over HTTP; or as a rehearsal.

mod stored;

use super::fixtures::{Payload, read};
use super::out::{Out, Progress, clip, table};
use super::sign::{Signed, client, sign};
use super::{Rim, open};
use crate::config::{ClientConfig, Config};
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::engine::rows::{Outcome, TriggerType};
use crate::intake::{self, Answer, Context, Delivery};
use crate::services::post::Poster;
use crate::sources::{self, Request};
use anyhow::Context as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;
use std::process::ExitCode;

const QUEUE_MAX: usize = 16;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Payload files, or folders with `.json` files.
    #[arg(required_unless_present = "stored", conflicts_with = "stored")]
    paths: Vec<PathBuf>,
    /// Post them, signed, to the service at this address instead of writing to the database.
    #[arg(long, value_name = "URL", conflicts_with_all = ["dry_run", "stored"])]
    to: Option<String>,
    /// Show what they would do, change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Who posts them; else the name of the folder they lie in.
    #[arg(long = "as", value_name = "SOURCE", value_parser = super::parse_source, conflicts_with = "stored")]
    source: Option<Source>,
    /// For which client; the default client unless given. With --stored: only this client's, all unless given.
    #[arg(long, value_parser = super::parse_client)]
    client: Option<ClientId>,
    #[command(flatten)]
    stored: stored::StoredArgs,
}

/// What became of one payload.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Replayed {
    pub(super) payload: String,
    /// The HTTP status; none where it went straight in.
    pub(super) status: Option<u16>,
    pub(super) outcome: String,
    pub(super) reason: Option<String>,
    /// What happened to each event, as the hook answers it.
    pub(super) events: serde_json::Value,
}

pub(super) async fn run(args: Args, config: &Config, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    if args.stored.stored {
        return stored::run(&args.stored, args.client, args.dry_run, config, out, rim).await;
    }
    let payloads = read(&args.paths).context("read the payloads")?;
    anyhow::ensure!(!payloads.is_empty(), "there is no .json file at these paths");
    let (id, client) = client(config, args.client.as_ref())?;
    let target = Target { id, client, source: args.source };
    let progress = out.busy("payloads replayed");
    let replayed = match &args.to {
        Some(url) => {
            let poster = Poster::new(url)?;
            let mut replayed = Vec::with_capacity(payloads.len());
            for payload in &payloads {
                replayed.push(post(&poster, &target.sign(payload, rim)?, &payload.name).await?);
                progress.add(1);
            }
            replayed
        }
        None => straight_in(&payloads, &target, config, args.dry_run, rim, &progress).await?,
    };
    drop(progress);
    out.print(&replayed, |replayed| shown(replayed))?;
    let is_clean = replayed.iter().all(|one| one.status.unwrap_or(200) == 200 && one.outcome != Outcome::Dead.as_str());
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// For whom the payloads are.
pub(super) struct Target<'a> {
    pub(super) id: &'a ClientId,
    pub(super) client: &'a ClientConfig,
    /// Overrides what the payload's folder says.
    pub(super) source: Option<Source>,
}

impl Target<'_> {
    fn source_of(&self, payload: &Payload) -> anyhow::Result<Source> {
        self.source.or(payload.source).with_context(|| {
            format!("who posts {}? give --as, or put it into a folder named after its source", payload.name)
        })
    }

    pub(super) fn sign(&self, payload: &Payload, rim: &Rim) -> anyhow::Result<Signed> {
        let body = String::from_utf8_lossy(&payload.body).into_owned();
        let source = self.source_of(payload)?;
        sign(source, self.id, self.client, body, payload.forwarded_as.as_deref(), (rim.now)().timestamp())
    }

    /// The operator vouches for the payload; only its reading can fail.
    fn delivery(&self, payload: &Payload, rim: &Rim) -> anyhow::Result<Result<Delivery, String>> {
        let source = self.source_of(payload)?;
        let query = payload.forwarded_as.as_ref().map(|name| format!("as={name}")).unwrap_or_default();
        let received_at = (rim.now)();
        let request = Request { client_id: self.id, query: &query, headers: &[], body: &payload.body, received_at };
        Ok(match sources::read(source, &self.client.sources, &request) {
            Ok(understood) => Ok(Delivery {
                client_id: self.id.clone(),
                source,
                received_at,
                understood,
                body_sha256: Sha256::digest(&payload.body).into(),
            }),
            Err(malformed) => Err(malformed.to_string()),
        })
    }
}

pub(super) async fn post(poster: &Poster, signed: &Signed, name: &str) -> anyhow::Result<Replayed> {
    let (status, body) = poster.post(&signed.target, &signed.headers, signed.body.clone()).await?;
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |field: &str| answer.get(field).and_then(serde_json::Value::as_str).map(str::to_owned);
    Ok(Replayed {
        payload: name.to_owned(),
        status: Some(status),
        outcome: text("outcome").unwrap_or_else(|| "refused".to_owned()),
        reason: text("reason").or_else(|| text("error")),
        events: answer.get("events").cloned().unwrap_or_default(),
    })
}

async fn straight_in(
    payloads: &[Payload],
    target: &Target<'_>,
    config: &Config,
    dry_run: bool,
    rim: &Rim,
    progress: &Progress,
) -> anyhow::Result<Vec<Replayed>> {
    let store = open(config).await?;
    let mut names = Vec::new();
    let mut deliveries = Vec::new();
    let mut replayed = Vec::with_capacity(payloads.len());
    for payload in payloads {
        match target.delivery(payload, rim)? {
            Ok(delivery) => {
                names.push(payload.name.clone());
                deliveries.push(delivery);
            }
            Err(reason) => replayed.push(Replayed {
                payload: payload.name.clone(),
                status: None,
                outcome: "malformed".to_owned(),
                reason: Some(reason),
                events: serde_json::Value::Null,
            }),
        }
    }
    let answers: Vec<Answer> = if dry_run {
        let context = Context { store: &store, rules: &config.rules, now: &rim.now, trigger: TriggerType::Manual };
        intake::rehearse(deliveries, &context).await?
    } else {
        let (handle, running) = intake::start(&store, &config.rules, &rim.now, TriggerType::Manual, QUEUE_MAX, 1, None);
        let mut answers = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            answers.push(handle.submit(delivery).await?);
            progress.add(1);
        }
        drop(handle);
        running.finished().await;
        answers
    };
    for (payload, answer) in names.into_iter().zip(answers) {
        replayed.push(Replayed {
            payload,
            status: None,
            outcome: answer.outcome.to_string(),
            reason: answer.reason,
            events: serde_json::to_value(answer.events)?,
        });
    }
    replayed.sort_by(|a, b| a.payload.cmp(&b.payload));
    Ok(replayed)
}

fn shown(replayed: &[Replayed]) -> String {
    let rows: Vec<Vec<String>> = replayed
        .iter()
        .map(|one| {
            vec![
                one.payload.clone(),
                one.status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
                one.outcome.clone(),
                changes(&one.events),
                clip(one.reason.as_deref().unwrap_or(""), 90),
            ]
        })
        .collect();
    table(&["payload", "status", "outcome", "stages", "reason"], &rows)
}

fn changes(events: &serde_json::Value) -> String {
    let text = |event: &serde_json::Value, field: &str| {
        event.get(field).and_then(serde_json::Value::as_str).unwrap_or("?").to_owned()
    };
    let changes: Vec<String> = events
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| {
            let (before, after) = (text(event, "stage_before"), text(event, "stage_after"));
            if before == after { format!("{before} =") } else { format!("{before} → {after}") }
        })
        .collect();
    clip(&changes.join(", "), 60)
}
