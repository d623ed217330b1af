//! `sweep`: the scheduler's jobs by hand, now. It may run beside the service: what both find counts once.

use super::out::{Out, table};
use super::{Rim, one_of, service};
use crate::config::Config;
use crate::domain::ids::ClientId;
use crate::tasks::{Job, JobReport, Sweep};
use serde::Serialize;
use std::process::ExitCode;

/// Something was left out: a contact that could not be applied, a job that came to no end.
const INCOMPLETE: u8 = 3;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only what is done each hour.
    #[arg(long, conflicts_with = "jobs")]
    hourly: bool,
    /// Only what is done each day.
    #[arg(long, conflicts_with = "jobs")]
    daily: bool,
    /// Only this job; may be given several times.
    #[arg(long = "job", value_name = "NAME", value_parser = parse_job)]
    jobs: Vec<Job>,
    /// Only this client's contacts and lists; all unless given.
    #[arg(long, value_parser = super::parse_client)]
    client: Option<ClientId>,
    /// Tell what would be done, change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Tell how the database finds what the jobs look for, and do nothing else.
    #[arg(long)]
    explain: bool,
}

#[derive(Serialize)]
struct Swept {
    dry_run: bool,
    jobs: Vec<JobReport>,
}

#[derive(Serialize)]
struct Plan {
    statement: &'static str,
    plan: String,
}

pub(super) async fn run(args: Args, config: &Config, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let store = super::open(config).await?;
    if args.explain {
        let plans: Vec<Plan> = store
            .schedule_plans((rim.now)())
            .await?
            .into_iter()
            .map(|(statement, plan)| Plan { statement, plan })
            .collect();
        out.print(&plans, |plans| {
            plans.iter().map(|plan| format!("{}\n  {}\n", plan.statement, plan.plan.replace('\n', "\n  "))).collect()
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let settings = service::schedule(config)?;
    let mut jobs = args.jobs.clone();
    if jobs.is_empty() {
        let is_wanted = |job: &Job| match (args.hourly, args.daily) {
            (true, false) => Job::HOURLY.contains(job),
            (false, true) => Job::DAILY.contains(job),
            (true, true) | (false, false) => true,
        };
        let all = Job::ALL.iter().copied().filter(is_wanted);
        jobs = all.filter(|job| settings.has_work_for(*job)).collect();
    }
    let clients: Vec<ClientId> = args.client.into_iter().collect();
    let sweep = Sweep::new(store, config.rules.clone(), rim.now.clone(), settings);
    let progress = out.busy("sweeping");
    let reports = sweep.by_hand(&jobs, &clients, args.dry_run).await?;
    drop(progress);
    let swept = Swept { dry_run: args.dry_run, jobs: reports };
    let is_complete = swept.jobs.iter().all(JobReport::is_complete);
    out.print(&swept, shown)?;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::from(INCOMPLETE) })
}

fn shown(swept: &Swept) -> String {
    let rows: Vec<Vec<String>> = swept
        .jobs
        .iter()
        .map(|report| {
            let error = report.error.as_deref().map(|error| format!(" ({error})")).unwrap_or_default();
            vec![
                report.job.to_string(),
                report.found.to_string(),
                report.done.to_string(),
                report.failed.to_string(),
                format!("{} ms", report.took_ms),
                format!("{}{error}", report.what),
            ]
        })
        .collect();
    let mut text = table(&["job", "found", "done", "failed", "took", "what"], &rows);
    let first: Vec<Vec<String>> = swept
        .jobs
        .iter()
        .flat_map(|report| report.first.iter().map(|example| (report.job, example)))
        .map(|(job, example)| {
            let stage = if example.stage_before == example.stage_after {
                format!("{} =", example.stage_before)
            } else {
                format!("{} → {}", example.stage_before, example.stage_after)
            };
            vec![job.to_string(), example.client_id.to_string(), example.email.clone(), stage]
        })
        .collect();
    if !first.is_empty() {
        text.push_str("\n\n");
        text.push_str(&table(&["such as", "client", "contact", "stage"], &first));
    }
    if swept.dry_run {
        text.push_str("\n\nnothing was changed");
    }
    text
}

fn parse_job(text: &str) -> Result<Job, String> {
    Job::parse(text).ok_or_else(|| one_of(Job::ALL.iter().map(|job| job.as_str())))
}
