//! `retention`: bodies of deliveries are emptied when they are old (outcome and hash stay), tasks that were done are deleted. So much in one
//! run at most; the rest in the next.

use super::Job;
use super::sweep::{Halt, JobReport, Run};
use chrono::{DateTime, TimeDelta, Utc};

const PAGE: u32 = 1_000;
/// In one run, of each: more than a day's worth of the fastest instance in a day's runs.
const PAGES_MAX: u32 = 200;
/// Up to when bodies are emptied.
const CURSOR: &str = "schedule.bodies_emptied";

pub(super) async fn work(run: &Run<'_>) -> Result<JobReport, Halt> {
    let settings = &run.sweep.settings;
    let before = |days: Option<u32>| days.map(|days| run.now() - TimeDelta::days(i64::from(days)));
    let mut report = JobReport::of(Job::Retention, "");
    if run.is_rehearsal() {
        "rows: a rehearsal does not count them".clone_into(&mut report.what);
        return Ok(report);
    }
    let bodies = match before(settings.bodies_days) {
        Some(before) => bodies(run, before).await?,
        None => 0,
    };
    let tasks = match before(settings.tasks_days) {
        Some(before) => tasks(run, before).await?,
        None => 0,
    };
    report.found = bodies + tasks;
    report.done = report.found;
    report.what = format!("rows: {bodies} bodies emptied, {tasks} done tasks deleted");
    Ok(report)
}

async fn bodies(run: &Run<'_>, before: DateTime<Utc>) -> Result<u64, Halt> {
    let known = run.store().cursor(CURSOR).await?.and_then(|(until, _)| until.parse().ok());
    let mut since: DateTime<Utc> = known.unwrap_or(DateTime::UNIX_EPOCH);
    let mut emptied = 0;
    for _ in 0..PAGES_MAX {
        if since >= before {
            break;
        }
        run.hold_on().await?;
        let page = run.store().empty_bodies(since, before, PAGE).await?;
        emptied += page.bodies;
        since = page.until;
        run.store().set_cursor(CURSOR, Some(&since.to_rfc3339()), run.now()).await?;
    }
    Ok(emptied)
}

async fn tasks(run: &Run<'_>, before: DateTime<Utc>) -> Result<u64, Halt> {
    let mut deleted = 0;
    for _ in 0..PAGES_MAX {
        run.hold_on().await?;
        let page = run.store().delete_done_tasks(before, PAGE).await?;
        deleted += page;
        if page < u64::from(PAGE) {
            break;
        }
    }
    Ok(deleted)
}
