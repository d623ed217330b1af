//! `renewals`: Gmail's watches and Airtable's webhooks live seven days. Each is renewed by a task that comes round by itself; here those
//! that should be there and are not (deleted, given up, of a client that came later) are asked for again. Likewise each client's day.

use super::sweep::{Halt, JobReport, Run};
use super::{Job, Mailbox, pages::count};
use crate::engine::rows::{TaskKind, TaskRow};
use crate::tasks::{airtable, gmail};
use uuid::Uuid;

pub(super) async fn work(run: &Run<'_>) -> Result<JobReport, Halt> {
    let mut report = JobReport::of(Job::Renewals, "rounds were missing and are asked for again");
    let settings = &run.sweep.settings;
    let now = run.now();
    let mut wanted = run.sweep.daily_tasks().await?;
    if settings.airtable {
        let round = |(kind, priority): &(TaskKind, u8)| TaskRow::round(Uuid::new_v4(), *kind, *priority, now);
        wanted.extend(airtable::ROUNDS.iter().map(round));
    }
    for mailbox in &settings.mailboxes {
        let Mailbox { client_id, address, is_watched } = mailbox;
        let mut add = |kind, priority| {
            wanted.push(TaskRow::of_mailbox(Uuid::new_v4(), kind, client_id.clone(), address, priority, now));
        };
        add(TaskKind::GmailMailbox, gmail::PRIORITY_MAILBOX);
        if *is_watched {
            add(TaskKind::GmailWatch, gmail::PRIORITY_WATCH);
        }
    }
    report.found = count(wanted.len());
    if !run.is_rehearsal() {
        report.done = run.sweep.want_missing(wanted).await?;
    }
    Ok(report)
}
