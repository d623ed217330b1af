//! The scheduler: what comes round by the clock, and what falls due. Hourly and daily work are tasks like all others, claimed by lease, so
//! of several instances one runs each; after a downtime the one task that waits makes up for all of it at once. What a job finds goes the
//! way of every webhook, under an identity that follows from the contact: whoever dies in the middle, and whoever runs it twice, nothing
//! happens twice and nothing is left out.

mod campaign_analytics;
mod follow_up_due;
mod list_totals;
mod pages;
mod reconcile;
mod renewals;
mod retention;
mod return_due;
mod sequence_finished;
mod shadow_report;
mod source_silent;
mod sweep;
mod went_silent;

use super::logs::{settle, span_of, traced};
use super::shadow::Shadow;
use super::{Turn, lease_until};
use crate::domain::ids::{ClientId, Email};
use crate::domain::outreach::Outreach;
use crate::domain::stage::options;
use crate::domain::zone::Zone;
use crate::engine::rows::{ClaimedTask, TaskEnd, TaskKind, TaskRow, TriggerType};
use crate::store::StoreError;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
pub use sweep::{Example, JobReport, Sweep};
use sweep::{Halt, Hold};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

options!(
    /// What the scheduler does, each under the name by which it is run by hand. A return is looked for before a follow-up: it clears one.
    Job {
        WentSilent => "went_silent",
        ReturnDue => "return_due",
        FollowUpDue => "follow_up_due",
        SequenceFinished => "sequence_finished",
        ListTotals => "list_totals",
        CampaignAnalytics => "campaign_analytics",
        Renewals => "renewals",
        Reconcile => "reconcile",
        SourceSilent => "source_silent",
        Retention => "retention",
        ShadowReport => "shadow_report",
    }
);

impl Job {
    /// Once an hour, for all clients. What has come today and was set only today is found by it too.
    pub const HOURLY: &'static [Self] = &[
        Self::WentSilent,
        Self::ReturnDue,
        Self::FollowUpDue,
        Self::CampaignAnalytics,
        Self::Renewals,
        Self::Reconcile,
        Self::SourceSilent,
        Self::Retention,
    ];
    /// When a client's day begins, for that client.
    pub const DAILY: &'static [Self] =
        &[Self::ReturnDue, Self::FollowUpDue, Self::SequenceFinished, Self::ListTotals, Self::ShadowReport];
}

/// What the scheduler needs to know.
#[derive(Debug, Clone, Default)]
pub struct ScheduleSettings {
    /// Of the configuration; others that have contacts are looked after too.
    pub clients: Vec<ClientId>,
    /// How long bodies of deliveries are kept; none is for ever.
    pub bodies_days: Option<u32>,
    /// How long tasks that were done are kept; none is for ever.
    pub tasks_days: Option<u32>,
    /// Airtable is configured, so its rounds are to be there.
    pub airtable: bool,
    pub mailboxes: Vec<Mailbox>,
    /// The platforms that can be asked for a client.
    pub accounts: Vec<(ClientId, Outreach)>,
    /// Set where the engine only looks on beside another flow.
    pub shadow: Option<Shadow>,
}

impl ScheduleSettings {
    /// Whether there is anything for a job to do; what is not there leaves no rows in the log.
    pub fn has_work_for(&self, job: Job) -> bool {
        match job {
            Job::ShadowReport => self.shadow.is_some(),
            Job::Reconcile => !self.accounts.is_empty(),
            Job::WentSilent
            | Job::ReturnDue
            | Job::FollowUpDue
            | Job::SequenceFinished
            | Job::ListTotals
            | Job::CampaignAnalytics
            | Job::Renewals
            | Job::SourceSilent
            | Job::Retention => true,
        }
    }
}

/// A mailbox whose rounds are to be there.
#[derive(Debug, Clone)]
pub struct Mailbox {
    pub client_id: ClientId,
    pub address: Email,
    /// It tells of changes, so its watch must be renewed.
    pub is_watched: bool,
}

const KINDS: [TaskKind; 2] = [TaskKind::ScheduleHourly, TaskKind::ScheduleDaily];
const PRIORITY: u8 = 4;
/// After the database could not take it, or another instance took over.
const RETRY_MS: i64 = 30_000;

pub(super) struct Lane {
    sweep: Sweep,
    is_begun: bool,
    /// The service is to stop: what is left is for the next start.
    stop: CancellationToken,
}

impl Lane {
    pub(super) fn new(sweep: Sweep) -> Self {
        Self { sweep, is_begun: false, stop: CancellationToken::new() }
    }

    pub(super) fn stops_with(&mut self, stop: &CancellationToken) {
        self.stop = stop.clone();
    }

    /// One hourly or daily run.
    pub(super) async fn turn(&mut self) -> Result<Turn, StoreError> {
        if !self.is_begun {
            let mut tasks = vec![TaskRow::round(Uuid::new_v4(), TaskKind::ScheduleHourly, PRIORITY, self.sweep.now())];
            tasks.extend(self.sweep.daily_tasks().await?);
            self.sweep.want_missing(tasks).await?;
            self.is_begun = true;
        }
        let now = self.sweep.now();
        if !self.sweep.store.has_due_task(&KINDS, now).await? {
            return Ok(Turn::Idle);
        }
        let claimed = self.sweep.store.claim_tasks(&KINDS, 1, now, lease_until(now), Uuid::new_v4()).await?.pop();
        let Some(task) = claimed else { return Ok(Turn::Idle) };
        traced(span_of(std::slice::from_ref(&task)), self.work(&task, now)).await?;
        Ok(Turn::Worked(1))
    }

    async fn work(&self, task: &ClaimedTask, started: DateTime<Utc>) -> Result<(), StoreError> {
        let sweep = &self.sweep;
        let zone = sweep.zone_of(&task.tenant);
        let is_daily = task.kind == TaskKind::ScheduleDaily;
        let (jobs, trigger) =
            if is_daily { (Job::DAILY, TriggerType::DailyCron) } else { (Job::HOURLY, TriggerType::HourlyCron) };
        let clients = if is_daily { vec![task.tenant.clone()] } else { sweep.clients().await? };
        let hold = Hold::Task { task, stop: &self.stop };
        let jobs: Vec<Job> = jobs.iter().copied().filter(|job| sweep.settings.has_work_for(*job)).collect();
        let (reports, halt) = sweep.run(&jobs, &clients, trigger, hold).await;
        let period = period(is_daily, zone, started);
        let logs = reports.iter().map(|report| report.log(&task.tenant, trigger, Some(&period), sweep.now()));
        let logs: Vec<_> = logs.collect();
        for report in &reports {
            tracing::info!(job = %report.job, tenant = %task.tenant, found = report.found, done = report.done, "scheduled job");
        }
        let now = sweep.now();
        let end = match halt {
            None => TaskEnd::Again { due_at: if is_daily { zone.next_day(now) } else { next_hour(now) } },
            Some(Halt::Stopped) => TaskEnd::Retry { due_at: now, error: Halt::Stopped.to_string(), counts: false },
            Some(halt @ (Halt::Lost | Halt::Store(_))) => {
                let due_at = now + TimeDelta::milliseconds(RETRY_MS);
                TaskEnd::Retry { due_at, error: halt.to_string(), counts: false }
            }
        };
        settle(&sweep.store, task, end, &logs, now).await
    }
}

/// Which hour or day a run is for: a run that is made again in it leaves one row in the log.
fn period(is_daily: bool, zone: Zone, started: DateTime<Utc>) -> String {
    if is_daily { zone.day(started).to_string() } else { started.format("%Y-%m-%dT%H").to_string() }
}

fn next_hour(now: DateTime<Utc>) -> DateTime<Utc> {
    let hour = TimeDelta::hours(1);
    now.duration_trunc(hour).unwrap_or(now) + hour
}
