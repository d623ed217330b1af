//! Jobs, one after the other: by the clock, or by hand with `sweep`.

use super::{
    Job, PRIORITY, ScheduleSettings, campaign_analytics, follow_up_due, list_totals, reconcile, renewals, retention,
    return_due, sequence_finished, shadow_report, source_silent, went_silent,
};
use crate::domain::ids::ClientId;
use crate::domain::rules::Rules;
use crate::domain::shadow::Comparison;
use crate::domain::zone::Zone;
use crate::engine::rows::{AutomationType, ClaimedTask, LogRow, LogStatus, TaskKind, TaskRow, TriggerType};
use crate::intake::{Context, Now};
use crate::store::{Store, StoreError};
use crate::tasks::lease_until;
use crate::tasks::logs::log;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Contacts that are named where something is said of many.
const EXAMPLES_MAX: usize = 5;

/// What a job did; on a dry run: would do.
#[derive(Debug, Clone, Serialize)]
pub struct JobReport {
    pub job: Job,
    /// What was due: contacts, lists, tasks, rows.
    pub found: u64,
    /// What was done of it; the rest was done already, by another run or another instance.
    pub done: u64,
    /// What could not be done; the program's log tells why.
    pub failed: u64,
    /// In words.
    pub what: String,
    /// The first few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<Example>,
    pub took_ms: i64,
    /// Where another flow came to something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// Why the job came to no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A contact that a job concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    pub client_id: ClientId,
    pub email: String,
    pub stage_before: &'static str,
    pub stage_after: &'static str,
}

impl JobReport {
    pub(super) fn of(job: Job, what: &str) -> Self {
        let what = what.to_owned();
        Self { job, found: 0, done: 0, failed: 0, what, first: Vec::new(), took_ms: 0, comparison: None, error: None }
    }

    pub(super) fn show(&mut self, example: impl FnOnce() -> Example) {
        if self.first.len() < EXAMPLES_MAX {
            self.first.push(example());
        }
    }

    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.error.is_none()
    }

    /// The run's row in the log: counts, and no addresses. One a job, outcome and period, where there is one.
    pub fn log(&self, tenant: &ClientId, trigger: TriggerType, period: Option<&str>, now: DateTime<Utc>) -> LogRow {
        let (status, error_message) = match (&self.error, self.failed) {
            (Some(error), _) => (LogStatus::Failed, Some(error.clone())),
            (None, 0) => (LogStatus::Success, None),
            (None, failed) => (LogStatus::Failed, Some(format!("{failed} could not be done; see the program's log"))),
        };
        let once = |period: &str| {
            let name = format!("schedule:{trigger}:{tenant}:{}:{period}:{status}", self.job);
            Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
        };
        let Self { job, found, done, failed, what, .. } = self;
        let counts = || format!("found {found}, done {done}, failed {failed}");
        let details = self.comparison.as_ref().and_then(|comparison| serde_json::to_string(comparison).ok());
        LogRow {
            log_id: period.map_or_else(Uuid::new_v4, once),
            automation_type: automation_type(*job),
            trigger_type: trigger,
            action_taken: format!("{job}: {done} of {found} {what}"),
            action_details: Some(details.unwrap_or_else(counts)),
            status,
            error_message,
            processing_time_ms: Some(self.took_ms),
            ..log(tenant, now)
        }
    }
}

const fn automation_type(job: Job) -> AutomationType {
    match job {
        Job::WentSilent | Job::ReturnDue | Job::SequenceFinished => AutomationType::StatusUpdate,
        Job::FollowUpDue | Job::SourceSilent => AutomationType::TaskCreation,
        Job::ListTotals | Job::CampaignAnalytics => AutomationType::AnalyticsUpdate,
        Job::Renewals | Job::Reconcile | Job::Retention | Job::ShadowReport => AutomationType::Other,
    }
}

/// Why a run ended before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Halt {
    #[error("the service was stopped; the rest is done at the next start")]
    Stopped,
    #[error("another instance took over")]
    Lost,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether to go on.
#[derive(Clone, Copy)]
pub(super) enum Hold<'a> {
    Task {
        task: &'a ClaimedTask,
        stop: &'a CancellationToken,
    },
    ByHand,
    /// Nothing is written.
    Rehearsal,
}

/// One run, as its jobs see it.
pub(super) struct Run<'a> {
    pub(super) sweep: &'a Sweep,
    pub(super) clients: &'a [ClientId],
    trigger: TriggerType,
    hold: Hold<'a>,
}

impl Run<'_> {
    pub(super) fn store(&self) -> &Store {
        &self.sweep.store
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.sweep.now()
    }

    pub(super) fn is_rehearsal(&self) -> bool {
        matches!(self.hold, Hold::Rehearsal)
    }

    pub(super) fn context(&self) -> Context<'_> {
        let Sweep { store, rules, now, settings: _ } = self.sweep;
        Context { store, rules, now, trigger: self.trigger }
    }

    /// Between two pages: holds the task on. Whoever lost it leaves the rest to its new holder.
    pub(super) async fn hold_on(&self) -> Result<(), Halt> {
        let Hold::Task { task, stop } = self.hold else { return Ok(()) };
        if stop.is_cancelled() {
            return Err(Halt::Stopped);
        }
        let held = self.store().extend_lease(task.task_id, task.lease, lease_until(self.now())).await?;
        if held { Ok(()) } else { Err(Halt::Lost) }
    }
}

/// Runs jobs.
#[derive(Clone)]
pub struct Sweep {
    pub(super) store: Store,
    pub(super) rules: Rules,
    now: Now,
    pub(super) settings: ScheduleSettings,
}

impl Sweep {
    pub fn new(store: Store, rules: Rules, now: Now, settings: ScheduleSettings) -> Self {
        Self { store, rules, now, settings }
    }

    /// Runs jobs now, for some clients or all, and logs them as run by hand. A rehearsal writes nothing.
    pub async fn by_hand(
        &self,
        jobs: &[Job],
        clients: &[ClientId],
        is_rehearsal: bool,
    ) -> Result<Vec<JobReport>, StoreError> {
        let all = if clients.is_empty() { self.clients().await? } else { Vec::new() };
        let chosen = if clients.is_empty() { &all } else { clients };
        let hold = if is_rehearsal { Hold::Rehearsal } else { Hold::ByHand };
        let (reports, halt) = self.run(jobs, chosen, TriggerType::Manual, hold).await;
        if !is_rehearsal {
            let tenant = match clients {
                [one] => one.clone(),
                _ => ClientId::agency(),
            };
            let logs = reports.iter().map(|report| report.log(&tenant, TriggerType::Manual, None, self.now()));
            self.store.want(Vec::new(), logs.collect()).await?;
        }
        match halt {
            Some(Halt::Store(error)) => Err(error),
            Some(Halt::Stopped | Halt::Lost) | None => Ok(reports),
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    pub(super) fn zone_of(&self, client_id: &ClientId) -> Zone {
        self.rules.spans.zones.of(client_id)
    }

    /// Those of the configuration, and those that have contacts.
    pub(super) async fn clients(&self) -> Result<Vec<ClientId>, StoreError> {
        let there = self.store.clients().await?;
        let all: BTreeSet<ClientId> = self.settings.clients.iter().cloned().chain(there).collect();
        Ok(all.into_iter().collect())
    }

    pub(super) async fn daily_tasks(&self) -> Result<Vec<TaskRow>, StoreError> {
        let now = self.now();
        let task = |client_id| TaskRow::of_client(Uuid::new_v4(), TaskKind::ScheduleDaily, client_id, PRIORITY, now);
        Ok(self.clients().await?.into_iter().map(task).collect())
    }

    /// Asks for those that neither wait nor run; gives their number.
    pub(super) async fn want_missing(&self, mut tasks: Vec<TaskRow>) -> Result<u64, StoreError> {
        let keys: Vec<String> = tasks.iter().map(|task| task.task_key.clone()).collect();
        let alive = self.store.tasks_alive(&keys).await?;
        tasks.retain(|task| !alive.contains(&task.task_key));
        let count = u64::try_from(tasks.len()).unwrap_or(u64::MAX);
        if !tasks.is_empty() {
            self.store.want(tasks, Vec::new()).await?;
        }
        Ok(count)
    }

    /// The jobs' reports, and why it did not come to the end of them. A job at fault holds up no other.
    pub(super) async fn run(
        &self,
        jobs: &[Job],
        clients: &[ClientId],
        trigger: TriggerType,
        hold: Hold<'_>,
    ) -> (Vec<JobReport>, Option<Halt>) {
        let run = Run { sweep: self, clients, trigger, hold };
        let mut reports = Vec::with_capacity(jobs.len());
        for job in jobs {
            let started = self.now();
            // On the heap, or whoever awaits a dispatcher's turn holds the largest of the jobs.
            let mut report = match Box::pin(work(*job, &run)).await {
                Ok(report) => report,
                Err(Halt::Store(error)) if !error.is_unavailable() => {
                    tracing::error!(%job, %error, "a scheduled job could not be done");
                    JobReport { error: Some(error.to_string()), ..JobReport::of(*job, "done") }
                }
                Err(halt) => return (reports, Some(halt)),
            };
            report.took_ms = (self.now() - started).num_milliseconds();
            reports.push(report);
        }
        (reports, None)
    }
}

async fn work(job: Job, run: &Run<'_>) -> Result<JobReport, Halt> {
    run.hold_on().await?;
    match job {
        Job::WentSilent => went_silent::work(run).await,
        Job::ReturnDue => return_due::work(run).await,
        Job::FollowUpDue => follow_up_due::work(run).await,
        Job::SequenceFinished => sequence_finished::work(run).await,
        Job::ListTotals => list_totals::work(run).await,
        Job::CampaignAnalytics => campaign_analytics::work(run).await,
        Job::Renewals => renewals::work(run).await,
        Job::Reconcile => reconcile::work(run).await,
        Job::SourceSilent => source_silent::work(run).await,
        Job::Retention => retention::work(run).await,
        Job::ShadowReport => shadow_report::work(run).await,
    }
}
