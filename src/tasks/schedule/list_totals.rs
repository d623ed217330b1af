//! `list_totals`: how many contacts a lead list has, and how many of them are in a campaign now.

use super::Job;
use super::pages::count;
use super::sweep::{Halt, JobReport, Run};
use uuid::Uuid;

const LISTS_PAGE: u32 = 200;

pub(super) async fn work(run: &Run<'_>) -> Result<JobReport, Halt> {
    let mut report = JobReport::of(Job::ListTotals, "lists had other totals");
    for client_id in run.clients {
        let mut after: Option<Uuid> = None;
        loop {
            let page = run.store().lists(client_id, after, LISTS_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            report.found += count(page.len());
            for list_id in page {
                run.hold_on().await?;
                if !run.is_rehearsal() && run.store().count_list(list_id, run.now()).await? {
                    report.done += 1;
                }
            }
        }
    }
    Ok(report)
}
