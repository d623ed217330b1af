//! `sequence_finished`: running sequences that sent nothing for so long that they must be over, whatever the platform did not tell.

use super::sweep::{Halt, JobReport, Run};
use super::{Job, pages};
use crate::domain::due::Due;
use crate::store::schedule::Lasting;

pub(super) async fn work(run: &Run<'_>) -> Result<JobReport, Halt> {
    let report = JobReport::of(Job::SequenceFinished, "sequences are over without a further mail");
    let days = run.sweep.rules.spans.sequence_silence_days;
    pages::lasting(run, report, Due::SequenceFinished, Lasting::Sequence, days).await
}
