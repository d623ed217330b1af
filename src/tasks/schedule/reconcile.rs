//! `reconcile`: the platforms are asked for what never arrived; the work itself is a task of its own, within each account's limits.

use super::Job;
use super::pages::count;
use super::sweep::{Halt, JobReport, Run};
use crate::domain::ids::ClientId;
use crate::domain::outreach::Outreach;
use crate::engine::rows::{TaskKind, TaskRow};
use uuid::Uuid;

/// After everything else that an account is asked for.
const PRIORITY_RECONCILE: u8 = 9;

pub(super) async fn work(run: &Run<'_>) -> Result<JobReport, Halt> {
    let mut report = JobReport::of(Job::Reconcile, "accounts are asked for what never arrived");
    let accounts = run.sweep.settings.accounts.iter().filter(|(client_id, _)| run.clients.contains(client_id));
    let (kind, now) = (TaskKind::PlatformReconcile, run.now());
    let task = |(client_id, platform): &(ClientId, Outreach)| {
        TaskRow::of_platform(Uuid::new_v4(), kind, client_id.clone(), *platform, PRIORITY_RECONCILE, now)
    };
    let wanted: Vec<TaskRow> = accounts.map(task).collect();
    report.found = count(wanted.len());
    if !run.is_rehearsal() {
        report.done = run.sweep.want_missing(wanted).await?;
    }
    Ok(report)
}
