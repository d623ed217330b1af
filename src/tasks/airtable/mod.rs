//! The work with Airtable: what is most urgent goes first, at the pace of the base.

mod campaigns;
mod clients;
mod gate;
mod leads;
pub(super) mod lists;
mod pull;
mod schema;
mod webhook;
mod write_back;

use super::{Pause, Turn, lease_until};
use crate::domain::event::{Event, EventData, Facts, Profile, Source};
use crate::domain::follow_up::Spans;
use crate::domain::ids::{ClientId, ContactKey};
use crate::engine::decide::Incoming;
use crate::engine::rows::{
    AutomationType, ClaimedTask, LeadWritten, LogRow, LogStatus, TaskEnd, TaskKind, TaskRow, TaskSettled, TriggerType,
};
use crate::intake::{Context, Now, apply_through_conflicts};
use crate::services::airtable::records::{Fields, Page, Record};
use crate::services::airtable::{Airtable, AirtableError};
use crate::services::fetch::Fetcher;
use crate::store::{Store, StoreError};
use campaigns::Links;
use chrono::{DateTime, TimeDelta, Utc};
use gate::{Gate, Stopped};
pub use gate::{REQUEST_SPACING_MS, budget_of};
use schema::Schema;
use std::collections::BTreeMap;
use uuid::Uuid;
pub use webhook::watched;

/// What the work with Airtable needs to know.
#[derive(Debug, Clone)]
pub struct AirtableSettings {
    pub client: Airtable,
    pub leads_table: String,
    /// Work that comes round (people's changes, campaign figures, webhooks) is done too, not only what contacts ask for.
    pub comes_round: bool,
    /// Calls of a month that the plan allows; nearing it is told.
    pub monthly_calls_max: Option<u64>,
    /// How often people's changes are fetched where no ping tells of them.
    pub poll_ms: i64,
    /// Where the base's webhook posts.
    pub webhook_url: Option<String>,
    /// What lead lists need: whose they are, and where they are fetched from.
    pub tenants: Vec<Tenant>,
    pub default_client: Option<ClientId>,
    pub fetcher: Fetcher,
    pub sheets_url: String,
    pub drive_url: String,
}

/// A client of the configuration, as Airtable's Clients may know it.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub client_id: ClientId,
    pub name: Option<String>,
    pub record_id: Option<String>,
}

impl AirtableSettings {
    /// Only what contacts ask for, with the usual names and addresses.
    pub fn new(client: Airtable, fetcher: Fetcher) -> Self {
        Self {
            client,
            leads_table: "Leads".to_owned(),
            comes_round: false,
            monthly_calls_max: None,
            poll_ms: 60_000,
            webhook_url: None,
            tenants: Vec::new(),
            default_client: None,
            fetcher,
            sheets_url: "https://docs.google.com".to_owned(),
            drive_url: "https://drive.google.com".to_owned(),
        }
    }
}

/// The kinds of this lane; imports, which take long, have a lane of their own.
const KINDS: [TaskKind; 6] = [
    TaskKind::AirtableSyncLead,
    TaskKind::AirtableWriteBack,
    TaskKind::AirtableSyncClient,
    TaskKind::AirtablePull,
    TaskKind::AirtableWebhook,
    TaskKind::AirtablePushCampaigns,
];
/// Work that comes round, with its priority: what people wait for goes before figures.
const ROUNDS: [(TaskKind, u8); 3] = [pull::ROUND, webhook::ROUND, (TaskKind::AirtablePushCampaigns, 7)];
/// When a round that failed for good is tried again: a person may have mended it.
const FAILED_ROUND_MS: i64 = 600_000;
/// The tables beside that of the leads, by the owner's names.
const CAMPAIGNS: &str = "Campaigns";
const CLIENTS: &str = "Clients";
const LISTS: &str = "Lead Lists";
/// A listing whose position was lost begins again; this often.
const LISTINGS_MAX: u32 = 3;

/// The base, for all that works with it.
struct Base {
    store: Store,
    spans: Spans,
    clock: Now,
    gate: Gate,
    /// The leads' table, by its configured name.
    leads: String,
    round_ms: i64,
    webhook_url: Option<String>,
}

pub(super) struct Lane {
    base: Base,
    links: Links,
    schema: Schema,
    monthly_calls_max: Option<i64>,
    told_of_calls: Option<(String, i64)>,
    rounds: Option<&'static [(TaskKind, u8)]>,
}

impl Lane {
    pub(super) fn new(store: Store, spans: Spans, now: Now, pause: Pause, settings: &AirtableSettings) -> Self {
        let gate = Gate::new(store.clone(), now.clone(), pause, settings.client.clone());
        Self {
            base: Base::new(store, spans, now, gate, settings),
            links: Links::default(),
            schema: Schema::default(),
            monthly_calls_max: settings.monthly_calls_max.and_then(|calls| i64::try_from(calls).ok()),
            told_of_calls: None,
            rounds: settings.comes_round.then_some(&ROUNDS),
        }
    }

    /// One task, or ten leads.
    pub(super) async fn turn(&mut self) -> Result<Turn, StoreError> {
        if let Some(rounds) = self.rounds.take() {
            self.base.want_rounds(rounds).await?;
        }
        if !self.base.store.has_due_task(&KINDS, self.base.now()).await? {
            return Ok(Turn::Idle);
        }
        match self.base.gate.hold().await {
            Ok(()) => {}
            Err(Stopped::Wait { until, .. }) => return Ok(Turn::Wait(until)),
            Err(Stopped::Store(error)) => return Err(error),
            Err(Stopped::Airtable(_) | Stopped::Later { .. } | Stopped::Refused(_)) => return Ok(Turn::Idle),
        }
        self.tell_of_calls().await?;
        // Chosen when the place has come, so that a reply of this moment goes before what waited for long.
        let Some(task) = self.base.claim(&KINDS, 1).await?.pop() else { return Ok(Turn::Idle) };
        self.work(task).await
    }

    async fn work(&mut self, task: ClaimedTask) -> Result<Turn, StoreError> {
        let base = &self.base;
        let done = match task.kind {
            TaskKind::AirtableSyncLead => {
                let mut tasks = vec![task];
                tasks.extend(base.claim(&[TaskKind::AirtableSyncLead], leads::TASKS_MAX - 1).await?);
                let count = tasks.len();
                leads::work(base, &mut self.links, tasks).await?;
                return Ok(Turn::Worked(count));
            }
            TaskKind::AirtableWriteBack => write_back::work(base, &task).await,
            TaskKind::AirtableSyncClient => clients::work(base, &task).await,
            TaskKind::AirtablePushCampaigns => campaigns::push(base, &mut self.links).await,
            TaskKind::AirtablePull => pull::work(base, &mut self.schema).await,
            TaskKind::AirtableWebhook => webhook::work(base, &mut self.schema).await,
            TaskKind::AirtableImportList | TaskKind::CampaignSpread | TaskKind::PlatformSyncSequence => {
                Err(Stopped::Refused(format!("{} is not for this lane", task.kind)))
            }
        };
        base.settle(&task, done).await?;
        Ok(Turn::Worked(1))
    }

    /// Says once a month each that four fifths, and that all of the plan's calls are used.
    async fn tell_of_calls(&mut self) -> Result<(), StoreError> {
        let Some(calls_max) = self.monthly_calls_max else { return Ok(()) };
        let (now, calls) = (self.base.now(), self.base.gate.calls_this_month());
        let Some(level) = [100, 80].into_iter().find(|level| calls * 100 >= calls_max * level) else { return Ok(()) };
        let told = (now.format("%Y-%m").to_string(), level);
        if self.told_of_calls.as_ref() == Some(&told) {
            return Ok(());
        }
        let text = format!(
            "{calls} of the {calls_max} calls a month that Airtable's plan allows are used (monthly_calls_max): beyond them leads \
             wait for the next month"
        );
        let row = LogRow { log_id: once(&["calls", &told.0, &level.to_string()]), ..alert(&agency(), &text, now) };
        self.base.store.want(Vec::new(), vec![row]).await?;
        self.told_of_calls = Some(told);
        Ok(())
    }
}

/// What a task did, to be settled with it.
#[derive(Default)]
struct Done {
    /// When it comes round again; none where it is over.
    again_at: Option<DateTime<Utc>>,
    leads: Vec<LeadWritten>,
    logs: Vec<LogRow>,
}

impl Base {
    fn new(store: Store, spans: Spans, clock: Now, gate: Gate, settings: &AirtableSettings) -> Self {
        Self {
            store,
            spans,
            clock,
            gate,
            leads: settings.leads_table.clone(),
            round_ms: settings.poll_ms,
            webhook_url: settings.webhook_url.clone(),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    async fn claim(&self, kinds: &[TaskKind], limit: u32) -> Result<Vec<ClaimedTask>, StoreError> {
        let now = self.now();
        self.store.claim_tasks(kinds, limit, now, lease_until(now), Uuid::new_v4()).await
    }

    async fn settle(&self, task: &ClaimedTask, done: Result<Done, Stopped>) -> Result<(), StoreError> {
        let now = self.now();
        let (end, leads, logs) = match done {
            Ok(Done { again_at: Some(due_at), leads, logs }) => (TaskEnd::Again { due_at }, leads, logs),
            Ok(Done { again_at: None, leads, logs }) => (TaskEnd::Done, leads, logs),
            Err(stopped) => {
                let end = match stopped.end(task, now) {
                    // Work that comes round is never given up: it is told, and comes round all the same.
                    TaskEnd::Dead { error } if ROUNDS.iter().any(|(kind, _)| *kind == task.kind) => {
                        let row = LogRow { log_id: once(&[task.kind.as_str(), &error]), ..failure(task, &error, now) };
                        let due_at = now + TimeDelta::milliseconds(FAILED_ROUND_MS);
                        let end = TaskEnd::Retry { due_at, error, counts: false };
                        self.store.settle_tasks(&[settled(task, end, now)], &[], &[row]).await?;
                        return Ok(());
                    }
                    end @ (TaskEnd::Dead { .. } | TaskEnd::Done | TaskEnd::Again { .. } | TaskEnd::Retry { .. }) => end,
                };
                let logs = match &end {
                    TaskEnd::Dead { error } => {
                        vec![LogRow { contact_id: task.contact_id, ..failure(task, error, now) }]
                    }
                    TaskEnd::Done | TaskEnd::Again { .. } | TaskEnd::Retry { .. } => Vec::new(),
                };
                (end, Vec::new(), logs)
            }
        };
        self.store.settle_tasks(&[settled(task, end, now)], &leads, &logs).await?;
        Ok(())
    }

    /// All records that a formula selects, with the named cells.
    async fn list(&self, table: &str, formula: Option<&str>, fields: &[&str]) -> Result<Vec<Record>, Stopped> {
        let listed = self.list_gently(table, formula, fields).await?;
        self.gate.leave(listed).await
    }

    /// The same of a table that not every base has, or lets be read.
    async fn list_gently(
        &self,
        table: &str,
        formula: Option<&str>,
        fields: &[&str],
    ) -> Result<Result<Vec<Record>, AirtableError>, Stopped> {
        let mut records = Vec::new();
        let mut offset: Option<String> = None;
        let mut lost = 0;
        for _ in 0..Page::MAX {
            let airtable = self.gate.enter().await?;
            let page = airtable.page(table, formula, fields, offset.as_deref()).await;
            match self.gate.leave_gently(page).await? {
                Ok(page) => {
                    records.extend(page.records);
                    offset = page.offset;
                    if offset.is_none() {
                        break;
                    }
                }
                Err(error) if error.is_lost_iterator() && lost < LISTINGS_MAX => {
                    lost += 1;
                    records.clear();
                    offset = None;
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(records))
    }

    async fn record(&self, table: &str, record_id: &str) -> Result<Option<Record>, Stopped> {
        let airtable = self.gate.enter().await?;
        self.gate.leave(airtable.record(table, record_id).await).await
    }

    async fn update(&self, table: &str, record_id: &str, cells: Fields) -> Result<(), Stopped> {
        let airtable = self.gate.enter().await?;
        self.gate.leave(airtable.update(table, &[(record_id.to_owned(), cells)]).await).await?;
        Ok(())
    }

    fn context(&self, trigger: TriggerType) -> Context<'_> {
        Context { store: &self.store, spans: &self.spans, now: &self.clock, trigger }
    }

    /// Feeds events through the engine, as if a webhook had brought them.
    async fn apply(&self, events: Vec<Event>, trigger: TriggerType) -> Result<(), Stopped> {
        let mut by_client: BTreeMap<ClientId, Vec<Event>> = BTreeMap::new();
        for event in events {
            by_client.entry(event.client_id.clone()).or_default().push(event);
        }
        let batch: Vec<Incoming> = by_client
            .into_iter()
            .map(|(client_id, events)| Incoming {
                delivery_id: Uuid::new_v4(),
                client_id,
                source: Source::Airtable,
                received_at: self.now(),
                events,
                campaign_changes: Vec::new(),
                alerts: Vec::new(),
                unrecognised: Vec::new(),
                ignored: Vec::new(),
                body: String::new(),
                body_sha256: [0; 32],
                is_webhook: false,
            })
            .collect();
        if batch.is_empty() {
            return Ok(());
        }
        match apply_through_conflicts(&batch, &self.context(trigger)).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_unavailable() => Err(Stopped::Wait {
                until: self.now() + TimeDelta::milliseconds(gate::STORE_RETRY_MS),
                why: error.to_string(),
            }),
            Err(error) => Err(Stopped::Refused(error.to_string())),
        }
    }

    async fn want_rounds(&self, rounds: &[(TaskKind, u8)]) -> Result<(), StoreError> {
        let now = self.now();
        let tasks =
            rounds.iter().map(|(kind, priority)| TaskRow::round(Uuid::new_v4(), *kind, *priority, now)).collect();
        self.store.want(tasks, Vec::new()).await
    }
}

/// An event that Airtable tells of.
fn event(key: &ContactKey, dedupe_key: String, occurred_at: DateTime<Utc>, data: EventData) -> Event {
    Event {
        client_id: key.client_id.clone(),
        email: key.email.clone(),
        source: Source::Airtable,
        dedupe_key,
        facts: Facts { occurred_at, time_known: true, profile: Profile::default(), data },
    }
}

/// Whose work it is where it is no single client's.
fn agency() -> ClientId {
    ClientId::agency()
}

/// The id of a row that is to be there once, however often it is said.
fn once(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("airtable:{}", parts.join(":")).as_bytes())
}

/// Something that a person must know.
fn alert(tenant: &ClientId, text: &str, now: DateTime<Utc>) -> LogRow {
    LogRow { automation_type: AutomationType::TaskCreation, action_taken: format!("alert: {text}"), ..log(tenant, now) }
}

fn failure(task: &ClaimedTask, error: &str, now: DateTime<Utc>) -> LogRow {
    LogRow {
        action_taken: format!("{} was given up", task.kind),
        status: LogStatus::Failed,
        error_message: Some(error.to_owned()),
        ..log(&task.tenant, now)
    }
}

fn log(tenant: &ClientId, now: DateTime<Utc>) -> LogRow {
    LogRow {
        log_id: Uuid::new_v4(),
        automation_type: AutomationType::Other,
        trigger_type: TriggerType::ConditionMet,
        tenant: tenant.clone(),
        contact_id: None,
        lead_id: None,
        converted_client_id: None,
        campaign_id: None,
        action_taken: String::new(),
        action_details: None,
        status: LogStatus::Success,
        error_message: None,
        timestamp: now,
        processing_time_ms: None,
    }
}

fn settled(task: &ClaimedTask, end: TaskEnd, now: DateTime<Utc>) -> TaskSettled {
    TaskSettled { task_id: task.task_id, lease: task.lease, wanted: task.wanted, end, now }
}
