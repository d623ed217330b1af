//! What is due, page by page: found by index, made an event, applied like every event. The memory that it takes is that of a page.

use super::sweep::{Example, Halt, JobReport, Run};
use crate::domain::due::{self, Due};
use crate::domain::event::{Event, Source};
use crate::domain::fold;
use crate::domain::ids::ClientId;
use crate::domain::stage::Stage;
use crate::engine::decide::{DeliveryAnswer, Incoming};
use crate::engine::rows::{LeadSubject, Outcome};
use crate::intake::{ApplyError, apply_through_conflicts};
use crate::store::schedule::{Coming, Lasting};
use chrono::{Days, NaiveDate};
use uuid::Uuid;

/// Rows looked at in one statement.
const PAGE_MAX: u32 = 2_000;
/// Events applied in one transaction: webhooks wait behind it no longer than behind a batch of their own.
const BATCH_MAX: usize = 250;

/// What has come by a date of the client's.
pub(super) async fn coming(run: &Run<'_>, mut report: JobReport, due: Due, what: Coming) -> Result<JobReport, Halt> {
    for client_id in run.clients {
        let today = run.sweep.zone_of(client_id).day(run.now());
        let mut after: Option<(NaiveDate, Uuid)> = None;
        loop {
            run.hold_on().await?;
            let page = run.store().coming(what, client_id, today, after, PAGE_MAX).await?;
            let is_last = is_last(page.len());
            after = page.last().copied();
            let ids: Vec<Uuid> = page.into_iter().map(|(_, id)| id).collect();
            apply(run, &mut report, due, client_id, &ids).await?;
            if is_last {
                break;
            }
        }
    }
    Ok(report)
}

/// What has lasted for more than so many days.
pub(super) async fn lasting(
    run: &Run<'_>,
    mut report: JobReport,
    due: Due,
    what: Lasting,
    days: u32,
) -> Result<JobReport, Halt> {
    for client_id in run.clients {
        let Some(before) = run.now().checked_sub_days(Days::new(u64::from(days))) else { continue };
        let mut after: Option<Uuid> = None;
        loop {
            run.hold_on().await?;
            let page = run.store().lasting(what, client_id, before, after, PAGE_MAX).await?;
            let is_last = is_last(page.len());
            after = page.last().map(|(id, _)| *id);
            let ids: Vec<Uuid> = page.into_iter().filter_map(|(id, is_due)| is_due.then_some(id)).collect();
            apply(run, &mut report, due, client_id, &ids).await?;
            if is_last {
                break;
            }
        }
    }
    Ok(report)
}

fn is_last(rows: usize) -> bool {
    rows < usize::try_from(PAGE_MAX).unwrap_or(usize::MAX)
}

async fn apply(
    run: &Run<'_>,
    report: &mut JobReport,
    due: Due,
    client_id: &ClientId,
    ids: &[Uuid],
) -> Result<(), Halt> {
    for ids in ids.chunks(BATCH_MAX) {
        run.hold_on().await?;
        let mut subjects = run.store().lead_subjects(ids).await?;
        subjects.sort_by(|a, b| a.key.cmp(&b.key));
        let now = run.now();
        let spans = &run.sweep.rules.spans;
        let found =
            |subject: &LeadSubject| due::event(due, &subject.key, subject.contact_id, &subject.contact, spans, now);
        let events: Vec<Event> = subjects.iter().filter_map(found).collect();
        report.found += count(events.len());
        if events.is_empty() {
            continue;
        }
        if run.is_rehearsal() {
            rehearse(run, report, &subjects, &events);
        } else {
            feed(run, report, client_id, events).await?;
        }
    }
    Ok(())
}

async fn feed(run: &Run<'_>, report: &mut JobReport, client_id: &ClientId, events: Vec<Event>) -> Result<(), Halt> {
    match batch(run, client_id, events.clone()).await {
        Ok(answers) => note(report, client_id, &answers),
        Err(error) if error.is_unavailable() => return Err(halt(error)),
        // One by one, so that a poisoned one holds up no other.
        Err(_) => {
            for event in events {
                match batch(run, client_id, vec![event.clone()]).await {
                    Ok(answers) => note(report, client_id, &answers),
                    Err(error) if error.is_unavailable() => return Err(halt(error)),
                    Err(error) => {
                        report.failed += 1;
                        tracing::error!(job = %report.job, event = event.dedupe_key, %error, "what is due could not be applied");
                    }
                }
            }
        }
    }
    Ok(())
}

async fn batch(run: &Run<'_>, client_id: &ClientId, events: Vec<Event>) -> Result<Vec<DeliveryAnswer>, ApplyError> {
    let incoming = Incoming::of_events(Uuid::new_v4(), client_id.clone(), Source::Scheduler, run.now(), events);
    Ok(apply_through_conflicts(&[incoming], &run.context()).await?.answers)
}

fn halt(error: ApplyError) -> Halt {
    match error {
        ApplyError::Store(error) => Halt::Store(error),
        ApplyError::Panicked => Halt::Store(crate::store::StoreError::Rejected(ApplyError::Panicked.to_string())),
    }
}

fn note(report: &mut JobReport, client_id: &ClientId, answers: &[DeliveryAnswer]) {
    for answer in answers.iter().flat_map(|answer| &answer.events).filter(|event| event.outcome == Outcome::Applied) {
        report.done += 1;
        report.show(|| Example {
            client_id: client_id.clone(),
            email: answer.email.clone(),
            stage_before: answer.stage_before.map_or("-", Stage::as_str),
            stage_after: answer.stage_after.map_or("-", Stage::as_str),
        });
    }
}

/// What the events would do, each to its contact as it stands.
fn rehearse(run: &Run<'_>, report: &mut JobReport, subjects: &[LeadSubject], events: &[Event]) {
    for event in events {
        let Some(subject) = subjects.iter().find(|subject| subject.key.email == event.email) else { continue };
        report.show(|| {
            let step = fold::apply(&mut subject.contact.clone(), event, &run.sweep.rules.spans);
            Example {
                client_id: subject.key.client_id.clone(),
                email: subject.key.email.as_str().to_owned(),
                stage_before: step.before.as_str(),
                stage_after: step.after.as_str(),
            }
        });
    }
}

pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
