//! Tasks that are open: by destination, with retry and giving up.

use super::overview::{QueueRow, queue_rows};
use super::{Choice, Frame, choices, id, page};
use crate::console::form::query;
use crate::console::shown::{When, age, clip, moment, number, when, words};
use crate::console::{Fault, Page, Visit};
use crate::domain::ids::ClientId;
use crate::engine::rows::{AutomationType, LogRow, LogStatus, TaskKind, TaskStatus, TriggerType};
use crate::store::console::{TaskPlace, TaskQuery};
use crate::store::destinations::{DestinationView, Halt, NOTIFY};
use crate::store::views::TaskView;
use askama::Template;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

const ROWS_SHOWN: u32 = 50;
const REASON_CHARS_MAX: usize = 300;
const NO_TASK: &str = "There is no such task.";

#[derive(Template)]
#[template(path = "console/tasks.html")]
struct Tasks<'a> {
    frame: Frame<'a>,
    statuses: Vec<Choice>,
    kinds: Vec<Choice>,
    queues: Vec<QueueRow>,
    destinations: Vec<Destination>,
    rows: Vec<Row>,
    next: Option<String>,
    is_dead: bool,
}

/// An outside service, and whether it is called now.
struct Destination {
    name: String,
    state: &'static str,
    /// Nothing goes there now.
    is_halted: bool,
    until: Option<When>,
    /// When it was left alone the last time.
    last_open: Option<When>,
    calls: String,
}

struct Row {
    task_id: String,
    kind: String,
    client: String,
    subject: String,
    contact_id: Option<String>,
    status: String,
    attempts: i64,
    due: When,
    due_in: String,
    error: String,
    note: Option<&'static str>,
    is_running: bool,
}

pub(in crate::console) async fn list(visit: &Visit<'_>) -> Result<Page, Fault> {
    let now = (visit.console.now)();
    let store = &visit.console.store;
    let status = match visit.form.text("status").as_deref() {
        Some("running") => TaskStatus::Running,
        Some("dead") => TaskStatus::Dead,
        Some(_) | None => TaskStatus::Pending,
    };
    let kind = visit.form.text("kind").and_then(|name| TaskKind::parse(&name));
    let after = visit.form.text("after").and_then(|text| place(&text));
    let wanted = TaskQuery { status, kind, after, limit: ROWS_SHOWN + 1 };
    let targets = visit.console.config.notification_targets();
    let (mut found, queues, destinations) =
        tokio::try_join!(store.open_tasks(&wanted), store.task_queues(), store.destinations(&targets, now))?;
    let shown = usize::try_from(ROWS_SHOWN).unwrap_or(usize::MAX);
    let has_more = found.len() > shown;
    found.truncate(shown);
    let next = found.last().filter(|_| has_more).map(|last| {
        let after = format!("{}_{}_{}", last.due_at, last.task_id, last.kind);
        let fields =
            [("status", Some(status.as_str())), ("kind", kind.map(TaskKind::as_str)), ("after", Some(after.as_str()))];
        format!("/console/tasks?{}", query(&fields))
    });
    let statuses = [("pending", "Waiting"), ("running", "Running"), ("dead", "Given up")];
    Ok(page(
        200,
        &Tasks {
            frame: Frame::new(visit, "tasks", "Tasks"),
            statuses: choices(
                statuses.into_iter().map(|(value, label)| (value, label.to_owned())),
                Some(status.as_str()),
            ),
            kinds: choices(
                TaskKind::ALL.iter().map(|kind| (kind.as_str(), words(kind.as_str()))),
                kind.map(TaskKind::as_str),
            ),
            queues: queue_rows(&queues, visit, now),
            destinations: destinations.into_iter().map(|view| destination(view, now)).collect(),
            rows: found.into_iter().map(|task| row(task, &visit.console.waits, now)).collect(),
            next,
            is_dead: status == TaskStatus::Dead,
        },
    ))
}

fn destination(view: DestinationView, now: DateTime<Utc>) -> Destination {
    let state = match view.halted {
        Some(Halt::Breaker) => "Breaker open: five tries in a row failed, or nobody is let in",
        Some(Halt::Paused) => "Paused: it asked for it, or its plan is used up",
        Some(Halt::Disabled) => "Disabled: it said that it wants no more",
        None => "Called as work comes",
    };
    let name = match view.name.strip_prefix(NOTIFY) {
        Some(target) => format!("notifications {target}"),
        None => view.name,
    };
    Destination {
        name,
        state,
        is_halted: view.halted.is_some(),
        until: view.until.map(moment),
        last_open: view.breaker_open_until.filter(|until| *until <= now).map(moment),
        calls: view.calls.map(|calls| format!("{} in {}", number(calls.count), calls.month)).unwrap_or_default(),
    }
}

pub(in crate::console) async fn retry(visit: &Visit<'_>, task_id: &str) -> Result<Page, Fault> {
    let task_id = id(task_id, NO_TASK)?;
    if !visit.console.store.retry_task(task_id, (visit.console.now)()).await? {
        return Err(Fault::Wrong("This task is running now, or is not there any more.".to_owned()));
    }
    if let Some(wake) = &visit.console.tasks_wake {
        wake.notify_one();
    }
    Ok(Page::see_other("/console/tasks"))
}

pub(in crate::console) async fn drop(visit: &Visit<'_>, task_id: &str) -> Result<Page, Fault> {
    let task_id = id(task_id, NO_TASK)?;
    let reason = visit.form.text("reason");
    let reason =
        reason.ok_or_else(|| Fault::Wrong("Say why the task is given up; it stands in the log.".to_owned()))?;
    let now = (visit.console.now)();
    let task = visit.console.store.task(task_id).await?.ok_or(Fault::NotFound(NO_TASK))?;
    let reason = format!("given up by the operator: {}", clip(&reason, REASON_CHARS_MAX));
    if !visit.console.store.drop_task(task_id, &reason, &log(&task, &reason, now), now).await? {
        return Err(Fault::Wrong("This task is running now, or is done already.".to_owned()));
    }
    Ok(Page::see_other("/console/tasks?status=dead"))
}

fn log(task: &TaskView, reason: &str, now: DateTime<Utc>) -> LogRow {
    LogRow {
        log_id: Uuid::new_v4(),
        automation_type: AutomationType::Other,
        trigger_type: TriggerType::Manual,
        tenant: ClientId::parse(&task.client_id).unwrap_or_else(|_| ClientId::agency()),
        contact_id: task.contact_id.as_deref().and_then(|id| Uuid::parse_str(id).ok()),
        lead_id: None,
        converted_client_id: None,
        campaign_id: None,
        action_taken: format!("{} was given up", task.kind),
        action_details: Some(reason.to_owned()),
        status: LogStatus::Success,
        error_message: None,
        timestamp: now,
        processing_time_ms: None,
        raises: None,
        ai: None,
    }
}

fn place(text: &str) -> Option<TaskPlace> {
    let mut parts = text.splitn(3, '_');
    let due_at = DateTime::parse_from_rfc3339(parts.next()?).ok()?.with_timezone(&Utc);
    let task_id = Uuid::parse_str(parts.next()?).ok()?;
    Some(TaskPlace { kind: TaskKind::parse(parts.next()?)?.as_str().to_owned(), due_at, task_id })
}

fn row(task: TaskView, waits: &BTreeMap<TaskKind, &'static str>, now: DateTime<Utc>) -> Row {
    let subject = task.task_key.strip_prefix(&task.kind).unwrap_or(&task.task_key).trim_start_matches(':');
    Row {
        subject: clip(subject, 60),
        kind: words(&task.kind),
        note: TaskKind::parse(&task.kind).and_then(|kind| waits.get(&kind).copied()),
        due_in: age(&task.due_at, now),
        due: when(&task.due_at),
        is_running: task.status == TaskStatus::Running.as_str(),
        task_id: task.task_id,
        client: task.client_id,
        contact_id: task.contact_id,
        status: task.status,
        attempts: task.attempts,
        error: task.last_error.unwrap_or_default(),
    }
}
