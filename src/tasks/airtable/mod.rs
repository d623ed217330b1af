//! The work with Airtable: what is most urgent goes first, at the pace of the base.

pub(super) mod base;
mod campaigns;
mod clients;
mod erase_lead;
pub(super) mod gate;
mod leads;
pub(super) mod lists;
mod logs;
mod pull;
pub(super) mod schema;
mod webhook;
mod write_back;

use super::logs::{settled, span_of, traced};
use super::{Pause, Turn};
use crate::domain::alert::AlertKind;
use crate::domain::any;
use crate::domain::ids::ClientId;
use crate::domain::rules::Rules;
use crate::engine::rows::{ClaimedTask, LogRow, TaskKind};
use crate::intake::Now;
use crate::services::airtable::Airtable;
use crate::services::fetch::Fetcher;
use crate::store::{Store, StoreError};
pub(in crate::tasks) use base::Base;
use base::{Done, event};
use campaigns::Links;
use gate::Gate;
pub(in crate::tasks) use gate::Stopped;
pub use gate::{REQUEST_SPACING_MS, budget_of};
use logs::{agency, alert, denied, log, once};
use schema::Schema;
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
const KINDS: [TaskKind; 7] = [
    TaskKind::AirtableEraseLead,
    TaskKind::AirtableSyncLead,
    TaskKind::AirtableWriteBack,
    TaskKind::AirtableSyncClient,
    TaskKind::AirtablePull,
    TaskKind::AirtableWebhook,
    TaskKind::AirtablePushCampaigns,
];
/// Work that comes round, with its priority: what people wait for goes before figures.
pub(super) const ROUNDS: [(TaskKind, u8); 3] = [pull::ROUND, webhook::ROUND, (TaskKind::AirtablePushCampaigns, 7)];
/// When a round that failed for good is tried again: a person may have mended it.
const FAILED_ROUND_MS: i64 = 600_000;
/// The tables beside that of the leads, by the owner's names.
const CAMPAIGNS: &str = "Campaigns";
const CLIENTS: &str = "Clients";
const LISTS: &str = "Lead Lists";
/// A listing whose position was lost begins again; this often.
const LISTINGS_MAX: u32 = 3;

pub(super) struct Lane {
    base: Base,
    links: Links,
    schema: Schema,
    monthly_calls_max: Option<i64>,
    told_of_calls: Option<(String, i64)>,
    rounds: Option<&'static [(TaskKind, u8)]>,
}

impl Lane {
    pub(super) fn new(store: Store, rules: Rules, now: Now, pause: Pause, settings: &AirtableSettings) -> Self {
        let gate = Gate::new(store.clone(), now.clone(), pause, settings.client.clone());
        Self {
            base: Base::new(store, rules, now, gate, settings),
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
        if task.kind == TaskKind::AirtableSyncLead {
            return self.leads(task).await;
        }
        traced(span_of(std::slice::from_ref(&task)), self.work(&task)).await?;
        Ok(Turn::Worked(1))
    }

    /// Up to ten in one request.
    async fn leads(&mut self, first: ClaimedTask) -> Result<Turn, StoreError> {
        let mut tasks = vec![first];
        tasks.extend(self.base.claim(&[TaskKind::AirtableSyncLead], leads::TASKS_MAX - 1).await?);
        let (count, span) = (tasks.len(), span_of(&tasks));
        traced(span, leads::work(&self.base, &mut self.links, tasks)).await?;
        Ok(Turn::Worked(count))
    }

    async fn work(&mut self, task: &ClaimedTask) -> Result<(), StoreError> {
        let base = &self.base;
        let done = match task.kind {
            TaskKind::AirtableWriteBack => write_back::work(base, task).await,
            TaskKind::AirtableSyncClient => clients::work(base, task).await,
            TaskKind::AirtablePushCampaigns => campaigns::push(base, &mut self.links).await,
            TaskKind::AirtableEraseLead => erase_lead::work(base, task).await,
            TaskKind::AirtablePull => pull::work(base, &mut self.schema).await,
            TaskKind::AirtableWebhook => webhook::work(base, &mut self.schema).await,
            any!(TaskKind: AirtableSyncLead AirtableImportList GmailMailbox GmailWatch CampaignSpread
                SuppressionSpread ErasureRead AiClassify AiSummarise AiFindDocuments AiDocument
                VectorsDocument VectorsContact VectorsErase VectorsPull VectorsSweep
                PlatformSyncSequence ScheduleHourly ScheduleDaily PlatformBlock PlatformLeadStatus
                PlatformReconcile) => Err(Stopped::Refused(format!("{} is not for this lane", task.kind))),
        };
        base.settle(task, done).await
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
        let log_id = once(&["calls", &told.0, &level.to_string()]);
        let row = LogRow { log_id, ..alert(&agency(), AlertKind::BudgetUsed, "airtable", &text, now) };
        self.base.store.want(Vec::new(), vec![row]).await?;
        self.told_of_calls = Some(told);
        Ok(())
    }
}
