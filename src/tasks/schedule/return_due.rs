//! `return_due`: absent contacts whose return date has come. The engine has their sequence resumed.

use super::sweep::{Halt, JobReport, Run};
use super::{Job, pages};
use crate::domain::due::Due;
use crate::store::schedule::Coming;

pub(super) async fn work(run: &Run<'_>) -> Result<JobReport, Halt> {
    let report = JobReport::of(Job::ReturnDue, "absent contacts are back");
    pages::coming(run, report, Due::ReturnDue, Coming::Returns).await
}
