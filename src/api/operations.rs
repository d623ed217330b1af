//! Tasks: what is to be done outside, and what went wrong there; alerts: what a person must know.

use super::answer::{Answer, Problem};
use super::contacts::page;
use super::query::{Cursor, LIMIT_MAX, Params, time};
use super::{Api, Caller};
use crate::domain::alert::{AlertKind, AlertStatus};
use crate::engine::rows::TaskStatus;
use crate::store::api::TaskPage;
use crate::store::views::{AlertFilter, AlertView, TaskView};
use serde::Serialize;
use uuid::Uuid;

const TASKS: &str = "tasks";
const ALERTS: &str = "alerts";

#[derive(Serialize)]
struct Tasks {
    tasks: Vec<TaskView>,
    next: Option<String>,
}

/// `GET /tasks`
pub(super) async fn tasks(api: &Api, caller: &Caller, mut params: Params) -> Result<Answer, Problem> {
    let client = params.text("client");
    let status = params.parsed("status", "pending, running, done or dead", TaskStatus::parse)?;
    let after = params.cursor(TASKS)?.map(|cursor| cursor.id);
    let limit = params.limit(LIMIT_MAX)?;
    params.finish()?;
    let client = api.client(caller, client.as_deref())?;
    let wanted = TaskPage { client, status: status.unwrap_or(TaskStatus::Pending), after, limit: limit + 1 };
    let cursor =
        |last: &TaskView| Uuid::try_parse(&last.task_id).map(|id| Cursor::of_id(id).text(TASKS)).unwrap_or_default();
    let (tasks, next) = page(api.store.tasks_page(&wanted).await?, limit, cursor);
    Answer::json(&Tasks { tasks, next })
}

/// `POST /tasks/{task_id}/retry`
pub(super) async fn retry(api: &Api, caller: &Caller, params: Params, subject: &str) -> Result<Answer, Problem> {
    params.finish()?;
    let missing = || Problem::new(404, "there is no such task");
    let client = api.client(caller, None)?;
    let task_id = super::id(subject).ok_or_else(missing)?;
    let find = async || -> Result<TaskView, Problem> {
        let task = api.store.task(task_id).await?;
        let is_theirs = |task: &TaskView| client.as_ref().is_none_or(|client| task.client_id == client.as_str());
        task.filter(is_theirs).ok_or_else(missing)
    };
    find().await?;
    if !api.store.retry_task(task_id, (api.now)()).await? {
        return Err(Problem::new(409, "the task is running now"));
    }
    api.wake_tasks();
    Answer::json(&find().await?)
}

#[derive(Serialize)]
struct Alerts {
    alerts: Vec<AlertView>,
    next: Option<String>,
}

/// `GET /alerts`: those of one status, newest first.
pub(super) async fn alerts(api: &Api, caller: &Caller, mut params: Params) -> Result<Answer, Problem> {
    let client = params.text("client");
    let status = params.parsed("status", "open, acknowledged or resolved", AlertStatus::parse)?;
    let kind = params.parsed("kind", "a kind of alert, as in `task_dead`", AlertKind::parse)?;
    let after = params.cursor(ALERTS)?;
    let limit = params.limit(LIMIT_MAX)?;
    params.finish()?;
    let filter = AlertFilter {
        status: Some(status.unwrap_or(AlertStatus::Open)),
        client: api.client(caller, client.as_deref())?,
        kind,
        contact_id: None,
        after: after.map(|cursor| (cursor.at, cursor.id)),
        limit: limit + 1,
    };
    let cursor = |last: &AlertView| {
        let place = time(&last.last_at).zip(Uuid::try_parse(&last.alert_id).ok());
        place.map(|(at, id)| Cursor { at, id }.text(ALERTS)).unwrap_or_default()
    };
    let (alerts, next) = page(api.store.alerts(&filter).await?, limit, cursor);
    Answer::json(&Alerts { alerts, next })
}
