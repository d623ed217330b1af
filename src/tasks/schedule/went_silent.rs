//! `went_silent`: interested contacts that leave our last message unanswered for too long.

use super::sweep::{Halt, JobReport, Run};
use super::{Job, pages};
use crate::domain::due::Due;
use crate::store::schedule::Lasting;

pub(super) async fn work(run: &Run<'_>) -> Result<JobReport, Halt> {
    let report = JobReport::of(Job::WentSilent, "interested contacts fell silent");
    pages::lasting(run, report, Due::WentSilent, Lasting::Silence, run.sweep.rules.spans.silence_days).await
}
