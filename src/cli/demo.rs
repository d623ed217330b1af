//! `demo`: everything at work in a temporary folder, over real HTTP, with a report of what happened.

use super::fixtures::{Payload, embedded};
use super::out::{Out, table};
use super::replay::{Replayed, Target, post};
use super::sign::{Signed, client};
use super::{Rim, out, sandbox, service};
use crate::config::{self, Config};
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::domain::stage::Stage;
use crate::engine::rows::{TaskKind, TaskStatus};
use crate::sandbox::Sandbox;
use crate::sandbox::instantly::Workspace;
use crate::sandbox::outreach::Allowed;
use crate::sandbox::smartlead::{Account, LeadStatus};
use crate::services::post::Poster;
use crate::store::Store;
use crate::store::views::{CountsView, TaskFilter, TaskView};
use crate::tasks::Configured;
use anyhow::Context as _;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long the tasks may take at the sandbox's five requests a second.
const SETTLE_MS_MAX: u64 = 60_000;
const POLL_MS: u64 = 50;

/// What the demo did; the shape of `--json`.
#[derive(Debug, Serialize)]
struct Report {
    /// Requests by status, the forged and the broken one among them.
    requests_by_status: BTreeMap<String, usize>,
    deliveries_by_outcome: BTreeMap<String, i64>,
    contacts_by_stage: BTreeMap<String, i64>,
    contacts_by_client: BTreeMap<String, BTreeMap<String, i64>>,
    /// All stages that a contact was ever in.
    stages_visited: Vec<String>,
    events: i64,
    chat_rows: BTreeMap<String, i64>,
    chat_rows_total: i64,
    leads: usize,
    leads_by_status: BTreeMap<String, usize>,
    airtable_requests: u64,
    airtable_rate_limited: u64,
    /// What became of sequences and opt-outs in the sandbox's Smartlead and Instantly.
    sequences: BTreeMap<String, usize>,
    platform_requests: usize,
    platform_rate_limited: u64,
    tasks: BTreeMap<String, i64>,
    unrecognised: Vec<String>,
}

pub(super) async fn run(once: bool, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir().context("make a temporary folder")?;
    let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let sandbox = Sandbox::start(any_port, sandbox::TOKEN, rim.now.clone()).await.context("start the sandbox")?;
    let text = configuration(&format!("sqlite://{}", folder.path().join("demo.db").display()), &sandbox.url());
    let config = Arc::new(config::load(Some(("demo", &text)), &|_| None)?);
    enrol(&sandbox, &config);
    let service = service::start(Arc::clone(&config), None, rim).await?;
    let poster = Poster::new(&format!("http://{}", service.addr))?;
    let posted = post_all(&poster, &config, rim).await?;
    wait_for_tasks(&service.store).await?;
    let report = report(&posted, &service.store, &sandbox).await?;
    out.print(&report, shown)?;
    if !once {
        let base = format!("http://{}", service.addr);
        out::complain(&format!(
            "still listening on {base} (try {base}/metrics); the database is in {}",
            folder.path().display()
        ));
        if let Some(token) = &config.admin_token {
            out::complain(&format!("the console: {base}/console, admin token {}", token.expose()));
        }
        out::complain(&format!("the sandbox's leads: {}/sandbox/state; end with Ctrl-C", sandbox.url()));
        service::told_to_stop().await?;
    }
    service.finish().await?;
    Ok(ExitCode::SUCCESS)
}

/// Two clients with secrets made for this run.
fn configuration(database_url: &str, airtable_url: &str) -> String {
    let secret = || Uuid::new_v4().simple().to_string();
    let mut text = format!(
        "listen = \"127.0.0.1:0\"\ndatabase_url = \"{database_url}\"\ndefault_client = \"acme\"\n\
         admin_token = \"{}\"\n[schedule]\nmode = \"off\"\n[suppression]\nkey = \"{}\"\n\
         [airtable]\ntoken = \"{}\"\nbase_id = \"appSandbox\"\napi_url = \"{airtable_url}\"\n",
        secret(),
        secret(),
        sandbox::TOKEN
    );
    for client in ["acme", "globex"] {
        let (url_token, key, header, n8n) = (secret(), secret(), secret(), secret());
        let (calcom, calendly) = (secret(), secret());
        let (smartlead_key, instantly_key) = (secret(), secret());
        text.push_str(&format!(
            "[clients.{client}]\nname = \"{client}\"\n\
             [clients.{client}.smartlead]\nurl_tokens = [\"{url_token}\"]\nsecrets = [\"{key}\"]\n\
             api_key = \"{smartlead_key}\"\napi_url = \"{airtable_url}/api/v1\"\n\
             requests_per_second = 20\nrequests_per_minute = 1200\nrequests_per_hour = 20000\n\
             [clients.{client}.smartlead.categories]\n\"Meeting Booked\" = \"meeting_booked\"\n\
             [clients.{client}.smartlead.sequence_steps]\n3623750 = 3\n\
             [clients.{client}.instantly]\nheader = \"x-webhook-token\"\nsecrets = [\"{header}\"]\n\
             api_key = \"{instantly_key}\"\napi_url = \"{airtable_url}/api/v2\"\n\
             [clients.{client}.instantly.labels]\n\"Hot Lead\" = \"interested_ready_to_talk\"\n\
             [clients.{client}.n8n]\nsecrets = [\"{n8n}\"]\n\
             [clients.{client}.calcom]\nsecrets = [\"{calcom}\"]\n\
             [clients.{client}.calendly]\nsecrets = [\"{calendly}\"]\n"
        ));
    }
    text
}

/// The leads of the fixtures, in progress at the platforms; the accounts have a plan that a demo does not wait for.
fn enrol(sandbox: &Sandbox, config: &Config) {
    let payloads: Vec<serde_json::Value> =
        embedded().iter().filter_map(|payload| serde_json::from_slice(&payload.body).ok()).collect();
    for client in config.clients.values() {
        let keys = (
            client.sources.smartlead.as_ref().and_then(|settings| settings.api_key.as_ref()),
            client.sources.instantly.as_ref().and_then(|settings| settings.api_key.as_ref()),
        );
        let (Some(smartlead_key), Some(instantly_key)) = keys else { continue };
        sandbox.smartlead(|smartlead| {
            smartlead.open(smartlead_key.expose()).allow(Allowed { per_second: 20, per_minute: 1_200, per_hour: None });
        });
        sandbox.instantly(|instantly| {
            instantly.open(instantly_key.expose());
        });
        for payload in &payloads {
            let text = |name: &str| payload.get(name).and_then(serde_json::Value::as_str);
            let number = payload.get("campaign_id").and_then(serde_json::Value::as_u64);
            if let (Some(campaign), Some(email)) = (number, text("sl_lead_email").or_else(|| text("to_email"))) {
                sandbox.smartlead(|smartlead| smartlead.open(smartlead_key.expose()).add_lead(campaign, email));
            }
            if let (Some(campaign), Some(email)) = (text("campaign_id"), text("lead_email")) {
                sandbox.instantly(|instantly| instantly.open(instantly_key.expose()).add_lead(campaign, email));
            }
        }
    }
}

/// All fixtures for the first client, all of them a second time (platforms repeat), those of Smartlead for the second client
/// (the same people, other contacts), a forged request and a broken one.
async fn post_all(poster: &Poster, config: &Config, rim: &Rim) -> anyhow::Result<Vec<Replayed>> {
    let payloads = embedded();
    let mut posted = Vec::new();
    for _ in 0..2 {
        post_for(poster, config, "acme", &payloads, rim, &mut posted).await?;
    }
    let smartlead: Vec<Payload> =
        payloads.iter().filter(|payload| payload.source == Some(Source::Smartlead)).cloned().collect();
    post_for(poster, config, "globex", &smartlead, rim, &mut posted).await?;
    let json = ("content-type".to_owned(), "application/json".to_owned());
    let forged = Signed {
        target: "/hooks/smartlead/acme?token=guessed-by-somebody".to_owned(),
        headers: vec![json],
        body: r#"{"event_type":"LEAD_UNSUBSCRIBED","lead_email":"victim@example.com"}"#.to_owned(),
    };
    posted.push(post(poster, &forged, "a forged request").await?);
    let broken = Payload {
        name: "a broken body".to_owned(),
        body: b"{\"kind\": ".to_vec(),
        source: Some(Source::N8n),
        forwarded_as: None,
    };
    post_for(poster, config, "acme", &[broken], rim, &mut posted).await?;
    Ok(posted)
}

async fn post_for(
    poster: &Poster,
    config: &Config,
    name: &str,
    payloads: &[Payload],
    rim: &Rim,
    posted: &mut Vec<Replayed>,
) -> anyhow::Result<()> {
    let id = ClientId::parse(name)?;
    let (id, client) = client(config, Some(&id))?;
    let target = Target { id, client, source: None };
    for payload in payloads {
        posted.push(post(poster, &target.sign(payload, rim)?, &payload.name).await?);
    }
    Ok(())
}

/// Until nothing that is worked on is pending or running.
async fn wait_for_tasks(store: &Store) -> anyhow::Result<()> {
    let settled = async {
        loop {
            let mut open = 0;
            for status in [TaskStatus::Pending, TaskStatus::Running] {
                let tasks = store.tasks(&TaskFilter { status: Some(status), kind: None, limit: 1_000 }).await?;
                let is_worked_on = |kind: &str| {
                    TaskKind::parse(kind).is_some_and(|kind| {
                        crate::tasks::waits_for(
                            kind,
                            Configured {
                                airtable: true,
                                gmail: false,
                                schedule: false,
                                platforms: true,
                                ai: false,
                                vectors: false,
                            },
                        )
                        .is_none()
                    })
                };
                // Work that comes round is always there, waiting for its time.
                let is_round = |task: &TaskView| {
                    let comes_round = task.task_key == task.kind || task.kind == TaskKind::PlatformLeadStatus.as_str();
                    comes_round && task.last_error.is_none()
                };
                open += tasks.iter().filter(|task| is_worked_on(&task.kind) && !is_round(task)).count();
            }
            if open == 0 {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(POLL_MS)).await;
        }
    };
    tokio::time::timeout(Duration::from_millis(SETTLE_MS_MAX), settled)
        .await
        .context("the tasks were not done within a minute")?
}

async fn report(posted: &[Replayed], store: &Store, sandbox: &Sandbox) -> anyhow::Result<Report> {
    let CountsView { contacts, deliveries, chat_rows, tasks, events } = store.counts().await?;
    let mut requests_by_status = BTreeMap::new();
    let mut visited = BTreeSet::new();
    let mut unrecognised = BTreeSet::new();
    for one in posted {
        *requests_by_status.entry(one.status.unwrap_or(0).to_string()).or_insert(0) += 1;
        if one.outcome == "unrecognised" {
            unrecognised.insert(format!("{}: {}", one.payload, one.reason.as_deref().unwrap_or("")));
        }
        for event in one.events.as_array().into_iter().flatten() {
            for field in ["stage_before", "stage_after"] {
                visited.extend(event.get(field).and_then(serde_json::Value::as_str).and_then(Stage::parse));
            }
        }
    }
    let mut contacts_by_stage = BTreeMap::new();
    for stages in contacts.values() {
        for (stage, count) in stages {
            *contacts_by_stage.entry(stage.clone()).or_insert(0) += count;
        }
    }
    Ok(Report {
        requests_by_status,
        deliveries_by_outcome: deliveries,
        contacts_by_stage,
        contacts_by_client: contacts,
        stages_visited: visited.into_iter().map(|stage| stage.to_string()).collect(),
        events,
        chat_rows_total: chat_rows.values().sum(),
        chat_rows,
        leads: sandbox.with(|base| base.leads().len()),
        leads_by_status: sandbox.with(|base| base.by_status()),
        airtable_requests: sandbox.with(|base| base.requests),
        airtable_rate_limited: sandbox.with(|base| base.rate_limited),
        sequences: sequences(sandbox),
        platform_requests: sandbox
            .smartlead(|smartlead| smartlead.accounts().map(|a| a.received().count()).sum::<usize>())
            + sandbox.instantly(|instantly| instantly.workspaces().map(|w| w.received().count()).sum::<usize>()),
        platform_rate_limited: sandbox
            .smartlead(|smartlead| smartlead.accounts().map(Account::requests_over).sum::<u64>())
            + sandbox.instantly(|instantly| instantly.workspaces().map(Workspace::requests_over).sum::<u64>()),
        tasks,
        unrecognised: unrecognised.into_iter().collect(),
    })
}

fn sequences(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let at_smartlead = |count: &dyn Fn(&Account) -> usize| {
        sandbox.smartlead(|smartlead| smartlead.accounts().map(count).sum::<usize>())
    };
    let at_instantly = |count: &dyn Fn(&Workspace) -> usize| {
        sandbox.instantly(|instantly| instantly.workspaces().map(count).sum::<usize>())
    };
    let counts = [
        ("running at Smartlead", at_smartlead(&|account| account.count(LeadStatus::InProgress))),
        ("paused or stopped at Smartlead", at_smartlead(&|account| account.count(LeadStatus::Paused))),
        ("unsubscribed from a campaign at Smartlead", at_smartlead(&|account| account.count(LeadStatus::Stopped))),
        ("unsubscribed everywhere at Smartlead", at_smartlead(&Account::unsubscribed_count)),
        ("taken out of a campaign at Instantly", at_instantly(&Workspace::removed)),
        ("on Instantly's block list", at_instantly(&|workspace| workspace.block_list().len())),
    ];
    counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

fn shown(report: &Report) -> String {
    let counts = |title: &str, map: &BTreeMap<String, i64>| {
        let rows: Vec<Vec<String>> = map.iter().map(|(name, count)| vec![name.clone(), count.to_string()]).collect();
        format!("{}\n", table(&[title, "count"], &rows))
    };
    let sizes = |map: &BTreeMap<String, usize>| {
        map.iter().map(|(name, count)| (name.clone(), i64::try_from(*count).unwrap_or(i64::MAX))).collect()
    };
    [
        counts("HTTP requests by status", &sizes(&report.requests_by_status)),
        counts("deliveries by outcome", &report.deliveries_by_outcome),
        counts("contacts by stage", &report.contacts_by_stage),
        format!("stages visited: {} ({})\n", report.stages_visited.len(), report.stages_visited.join(", ")),
        counts(&format!("chat rows: {} of {} events", report.chat_rows_total, report.events), &report.chat_rows),
        counts(&format!("leads in the sandbox's Airtable: {}", report.leads), &sizes(&report.leads_by_status)),
        format!(
            "written in {} requests, {} of them over Airtable's limit\n",
            report.airtable_requests, report.airtable_rate_limited
        ),
        counts("sequences at the platforms", &sizes(&report.sequences)),
        format!(
            "brought in line in {} requests, {} of them over the platforms' limits\n",
            report.platform_requests, report.platform_rate_limited
        ),
        counts("tasks", &report.tasks),
        format!("kept as unrecognised, to be replayed after a fix:\n  {}", report.unrecognised.join("\n  ")),
    ]
    .join("\n")
}
