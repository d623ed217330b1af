//! `follow_up_due`: contacts whose follow-up date has come, each told once a date.

use super::sweep::{Halt, JobReport, Run};
use super::{Job, pages};
use crate::domain::due::Due;
use crate::store::schedule::Coming;

pub(super) async fn work(run: &Run<'_>) -> Result<JobReport, Halt> {
    let report = JobReport::of(Job::FollowUpDue, "follow-ups have come due");
    pages::coming(run, report, Due::FollowUpDue, Coming::FollowUps).await
}
