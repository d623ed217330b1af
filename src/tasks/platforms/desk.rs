//! One account at work: its contacts, the ids of its leads, its events, and how a task ends and is told.

use super::gate::{Gate, Stopped};
use crate::domain::alert::AlertKind;
use crate::domain::event::{Event, Source};
use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::domain::outreach::{Outreach, Wanted, Why, wanted};
use crate::domain::rules::Rules;
use crate::domain::suppression::reason_for;
use crate::engine::alerts::{Raised, alert_log};
use crate::engine::decide::{DeliveryAnswer, Incoming};
use crate::engine::rows::{
    Asked, AutomationType, ClaimedTask, LeadSubject, LogRow, LogStatus, TaskEnd, TaskKind, TaskRow, TriggerType,
};
use crate::intake::{Context, Now, apply_telling};
use crate::persons;
use crate::store::{Store, StoreError};
use crate::tasks::gate;
use crate::tasks::logs::{log, settle};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

/// When a round that failed for good is tried again: a person may have mended it.
const FAILED_ROUND_MS: i64 = 600_000;

pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) gate: Gate,
    pub(super) platform: Outreach,
    rules: Rules,
    clock: Now,
}

/// Work that comes round, and is never given up.
fn is_round(kind: TaskKind) -> bool {
    matches!(kind, TaskKind::PlatformLeadStatus | TaskKind::PlatformReconcile)
}

/// What a task did, to be settled with it.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// When it comes round again; none where it is over.
    pub(super) again_at: Option<DateTime<Utc>>,
    /// None where there was nothing to do, and so nothing to tell.
    pub(super) told: Option<Told>,
}

/// What is told of it in `automation_logs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) action: String,
    pub(super) details: String,
    /// What could not be reached, and why.
    pub(super) failed: Option<String>,
}

impl Done {
    pub(super) fn told(action: impl Into<String>, details: impl Into<String>) -> Self {
        let told = Told { action: action.into(), details: details.into(), failed: None };
        Self { told: Some(told), again_at: None }
    }

    /// Nothing more can be done, and it is not as it should be.
    pub(super) fn failed(action: impl Into<String>, details: impl Into<String>, why: impl Into<String>) -> Self {
        let told = Told { action: action.into(), details: details.into(), failed: Some(why.into()) };
        Self { told: Some(told), again_at: None }
    }
}

impl Desk {
    pub(super) fn new(store: &Store, rules: &Rules, clock: &Now, gate: Gate, platform: Outreach) -> Self {
        Self { store: store.clone(), gate, platform, rules: rules.clone(), clock: clock.clone() }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    pub(super) fn name(&self) -> &'static str {
        self.platform.name()
    }

    /// The contact as it is now; none where it is gone.
    pub(super) async fn subject(&self, contact_id: Option<Uuid>) -> Result<Option<LeadSubject>, Stopped> {
        let ids: Vec<Uuid> = contact_id.into_iter().collect();
        Ok(self.store.lead_subjects(&ids).await?.pop())
    }

    /// Whose sequence a task is about.
    pub(super) async fn sequence_of(&self, task: &ClaimedTask) -> Result<Option<(LeadSubject, CampaignId)>, Stopped> {
        let id = task.payload.get("campaign_id").and_then(Value::as_str).unwrap_or_default();
        let campaign = CampaignId::parse(id)
            .map_err(|error| Stopped::Refused(format!("the task's campaign can't be read: {error}")))?;
        Ok(self.subject(task.contact_id).await?.map(|subject| (subject, campaign)))
    }

    /// What the campaign should do for the contact, by its stage and by the list of those that must not be written to.
    pub(super) async fn wanted(&self, subject: &LeadSubject, campaign: &CampaignId) -> Result<Wanted, Stopped> {
        let wanted = wanted(&subject.contact, campaign);
        match wanted {
            Wanted::Running | Wanted::PausedUntil(_) => {
                let ContactKey { client_id, email } = &subject.key;
                let hashes = self.rules.suppression.asked(email).into_iter();
                let asked: Asked = hashes.map(|hash| (hash, vec![email.clone()])).collect();
                let listed = self.store.suppressed(&asked).await?;
                let is_listed =
                    listed.get(email).is_some_and(|listed| reason_for(listed, client_id, Some(campaign)).is_some());
                Ok(if is_listed { Wanted::Stopped(Why::Suppressed) } else { wanted })
            }
            Wanted::Stopped(_) | Wanted::Nothing => Ok(wanted),
        }
    }

    /// Whether the list says now that this client must not write to an address.
    pub(super) async fn is_suppressed(&self, client_id: &ClientId, email: &Email) -> Result<bool, Stopped> {
        let emails = [email.clone()];
        Ok(!persons::suppressed(&self.store, &self.rules.suppression, client_id, &emails).await?.is_empty())
    }

    pub(super) async fn known_lead(
        &self,
        subject: &LeadSubject,
        campaign: Option<&CampaignId>,
    ) -> Result<Option<String>, Stopped> {
        Ok(self.store.platform_lead(subject.contact_id, self.platform, campaign).await?)
    }

    pub(super) async fn remember_lead(
        &self,
        subject: &LeadSubject,
        campaign: Option<&CampaignId>,
        lead_id: Option<&str>,
    ) -> Result<(), Stopped> {
        let now = self.now();
        Ok(self.store.set_platform_lead(subject.contact_id, self.platform, campaign, lead_id, now).await?)
    }

    /// Holds the task on; whoever lost it leaves the rest to its new holder.
    pub(super) async fn hold_on(&self, task: &ClaimedTask) -> Result<(), Stopped> {
        Ok(gate::hold_on(&self.store, task, self.now()).await?)
    }

    /// Feeds events of a client through the engine, as if a webhook had brought them.
    pub(super) async fn apply(&self, client_id: &ClientId, events: Vec<Event>) -> Result<(), Stopped> {
        if events.is_empty() {
            return Ok(());
        }
        let source = match self.platform {
            Outreach::Smartlead => Source::Smartlead,
            Outreach::Instantly => Source::Instantly,
        };
        let incoming = Incoming::of_events(Uuid::new_v4(), client_id.clone(), source, self.now(), events);
        self.apply_all(&[incoming], &|_| None).await
    }

    /// The same for what was read already, with a row of the log about what became of it.
    pub(super) async fn apply_all(
        &self,
        batch: &[Incoming],
        tell: &(dyn Fn(&[DeliveryAnswer]) -> Option<LogRow> + Sync),
    ) -> Result<(), Stopped> {
        let trigger = TriggerType::HourlyCron;
        let context = Context { store: &self.store, rules: &self.rules, now: &self.clock, trigger };
        match apply_telling(batch, &context, tell).await {
            Ok(_applied) => Ok(()),
            Err(error) if error.is_unavailable() => Err(Stopped::busy(self.now(), &error)),
            Err(error) => Err(Stopped::Refused(error.to_string())),
        }
    }

    pub(super) async fn settle(
        &self,
        task: &ClaimedTask,
        started: DateTime<Utc>,
        done: Result<Done, Stopped>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let (end, logs) = match done {
            Ok(Done { again_at, told }) => {
                let row = told.map(|told| self.row(task, told, Some((now - started).num_milliseconds())));
                (again_at.map_or(TaskEnd::Done, |due_at| TaskEnd::Again { due_at }), row.into_iter().collect())
            }
            Err(stopped) => self.failed(task, &stopped),
        };
        settle(&self.store, task, end, &logs, now).await
    }

    fn failed(&self, task: &ClaimedTask, stopped: &Stopped) -> (TaskEnd, Vec<LogRow>) {
        let now = self.now();
        let mut logs = Vec::new();
        if let Stopped::Denied { why, .. } = stopped {
            logs.push(self.denied(&task.tenant, why));
        }
        let end = match stopped.end(task, now) {
            // Work that comes round is never given up.
            TaskEnd::Dead { error } if is_round(task.kind) => {
                let due_at = now + TimeDelta::milliseconds(FAILED_ROUND_MS);
                TaskEnd::Retry { due_at, error, counts: false }
            }
            end @ (TaskEnd::Dead { .. } | TaskEnd::Done | TaskEnd::Again { .. } | TaskEnd::Retry { .. }) => end,
        };
        let open = |error: &str, status: LogStatus| LogRow {
            status,
            error_message: Some(error.to_owned()),
            ..self.row(task, self.attempted(task), None)
        };
        match &end {
            TaskEnd::Dead { error } => logs.push(open(error, LogStatus::Failed)),
            // Told as open, once; whatever it comes to takes the place of it.
            TaskEnd::Retry { error, .. } if !is_round(task.kind) => {
                logs.push(open(error, LogStatus::Pending));
            }
            TaskEnd::Retry { .. } | TaskEnd::Done | TaskEnd::Again { .. } => {}
        }
        (end, logs)
    }

    fn attempted(&self, task: &ClaimedTask) -> Told {
        let action = if task.kind == TaskKind::PlatformBlock {
            format!("tell the opt-out to {}", self.name())
        } else {
            format!("bring the sequence at {} in line", self.name())
        };
        Told { action, details: String::new(), failed: None }
    }

    /// One row for each time that it was wanted, however often it is tried.
    fn row(&self, task: &ClaimedTask, told: Told, took_ms: Option<i64>) -> LogRow {
        let identity = format!("platform:{}:{}", task.task_id, task.wanted);
        let campaign = task.payload.get("campaign_id").and_then(Value::as_str);
        LogRow {
            log_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, identity.as_bytes()),
            automation_type: AutomationType::CampaignRemoval,
            trigger_type: TriggerType::ConditionMet,
            contact_id: task.contact_id,
            campaign_id: campaign.map(str::to_owned),
            action_taken: told.action,
            action_details: Some(told.details).filter(|details| !details.is_empty()),
            status: if told.failed.is_some() { LogStatus::Failed } else { LogStatus::Success },
            error_message: told.failed,
            processing_time_ms: took_ms,
            ..log(&task.tenant, self.now())
        }
    }

    /// Told once an hour and client; over when a round of questions succeeds.
    fn denied(&self, client_id: &ClientId, why: &str) -> LogRow {
        let now = self.now();
        let identity = format!("platform:denied:{}:{client_id}:{}", self.platform, now.format("%Y-%m-%dT%H"));
        let text = format!("sequences are not stopped at {}: {why}", self.name());
        let mut raised = Raised::new(AlertKind::ServiceDenied, self.platform.as_str(), text);
        raised.task_key = Some(TaskRow::platform_key(TaskKind::PlatformLeadStatus, client_id, self.platform));
        alert_log(client_id, Uuid::new_v5(&Uuid::NAMESPACE_OID, identity.as_bytes()), raised, now)
    }
}
