//! `campaign_analytics`: the figures of campaigns go to Airtable now; the work itself is a task of its own, within the base's budget.

use super::Job;
use super::sweep::{Halt, JobReport, Run};
use crate::engine::rows::{TaskKind, TaskRow};
use uuid::Uuid;

const PRIORITY_FIGURES: u8 = 7;

pub(super) async fn work(run: &Run<'_>) -> Result<JobReport, Halt> {
    let mut report = JobReport::of(Job::CampaignAnalytics, "pushes of campaign figures asked for");
    if !run.sweep.settings.airtable {
        "pushes of campaign figures asked for: Airtable is not configured".clone_into(&mut report.what);
        return Ok(report);
    }
    report.found = 1;
    if !run.is_rehearsal() {
        let kind = TaskKind::AirtablePushCampaigns;
        let task = TaskRow::round(Uuid::new_v4(), kind, PRIORITY_FIGURES, run.now());
        run.store().want(vec![task], Vec::new()).await?;
        report.done = 1;
    }
    Ok(report)
}
