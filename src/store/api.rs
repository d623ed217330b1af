//! What the API asks of the database beside what operators read: pages of contacts and of tasks, each along an index.

use super::cells::unreadable;
use super::console::{FAR_FUTURE, Place};
use super::views::{AlertFilter, ContactView, TaskView, TimelineView};
use super::{Store, StoreError};
use crate::domain::ids::ClientId;
use crate::domain::stage::Stage;
use crate::engine::rows::TaskStatus;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Contacts of one client in the order of their ids.
#[derive(Debug, Clone)]
pub struct ContactFilter {
    pub client: ClientId,
    pub stage: Option<Stage>,
    pub list: Option<Uuid>,
    /// The last one of the page before.
    pub after: Option<Uuid>,
    pub limit: u32,
}

/// Tasks of one status, in the order of their ids.
#[derive(Debug, Clone)]
pub struct TaskPage {
    pub client: Option<ClientId>,
    pub status: TaskStatus,
    /// The last one of the page before.
    pub after: Option<Uuid>,
    pub limit: u32,
}

/// Where a page of a contact's past ended: in each of its lists the oldest row that was told. What comes after is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelinePlace {
    pub events: Place,
    pub messages: Place,
    pub decisions: Place,
}

impl Default for TimelinePlace {
    /// Before the newest.
    fn default() -> Self {
        let newest = Place { at: FAR_FUTURE, id: Uuid::max() };
        Self { events: newest, messages: newest, decisions: newest }
    }
}

/// The newest `limit` of each list before a place, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelinePage {
    pub timeline: TimelineView,
    /// None where nothing is older.
    pub next: Option<TimelinePlace>,
}

impl Store {
    pub async fn timeline_page(
        &self,
        contact_id: Uuid,
        before: TimelinePlace,
        limit: u32,
    ) -> Result<TimelinePage, StoreError> {
        // One more than asked for tells whether something is older.
        let found = both!(self, timeline_before(contact_id, &before, limit + 1))?;
        timeline_page(found, before, limit)
    }

    pub async fn contacts_page(&self, filter: &ContactFilter) -> Result<Vec<ContactView>, StoreError> {
        both!(self, contacts_page(filter))
    }

    pub async fn tasks_page(&self, page: &TaskPage) -> Result<Vec<TaskView>, StoreError> {
        both!(self, tasks_page(page))
    }
}

/// `found` is newest first.
fn timeline_page(found: TimelineView, before: TimelinePlace, limit: u32) -> Result<TimelinePage, StoreError> {
    let TimelineView { mut events, mut messages, mut logs } = found;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = [events.len(), messages.len(), logs.len()].into_iter().any(|rows| rows > most);
    events.truncate(most);
    messages.truncate(most);
    logs.truncate(most);
    let mut next = before;
    if let Some(last) = events.last() {
        next.events = Place { at: time(&last.occurred_at)?, id: id(&last.event_id)? };
    }
    if let Some(last) = messages.last() {
        next.messages = Place { at: time(&last.message_timestamp)?, id: id(&last.chat_id)? };
    }
    if let Some(last) = logs.last() {
        next.decisions = Place { at: time(&last.timestamp)?, id: last.log_id };
    }
    events.reverse();
    messages.reverse();
    logs.reverse();
    Ok(TimelinePage { timeline: TimelineView { events, messages, logs }, next: is_more.then_some(next) })
}

fn time(text: &str) -> Result<DateTime<Utc>, StoreError> {
    DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).map_err(|error| unreadable("time", error))
}

fn id(text: &str) -> Result<Uuid, StoreError> {
    Uuid::parse_str(text).map_err(|error| unreadable("id", error))
}

/// The conditions of a list of alerts, out of constant parts, so that an index answers each of them.
pub(super) fn alert_conditions(filter: &AlertFilter) -> String {
    let parts = [
        (filter.status.is_some(), " AND status = $1"),
        (filter.client.is_some(), " AND client_id = $2"),
        (filter.kind.is_some(), " AND kind = $3"),
        (filter.contact_id.is_some(), " AND contact_id = $4"),
    ];
    parts.iter().filter(|(is_asked, _)| *is_asked).map(|(_, part)| *part).collect()
}

/// The condition of a stage on its four columns, out of constant parts; an index answers it, which it would not for `IS NOT DISTINCT`.
pub(super) fn stage_condition(stage: Option<Stage>) -> &'static str {
    let Some(columns) = stage.map(Stage::columns) else { return "" };
    match (columns.campaign_status.is_some(), columns.lead_email_status.is_some()) {
        (true, true) => STAGE_OF_FOUR,
        (true, false) => STAGE_OF_THREE,
        (false, true | false) => STAGE_OF_TWO,
    }
}

const STAGE_OF_FOUR: &str =
    " AND lead_status = $4 AND pipeline_status = $5 AND campaign_status = $6 AND lead_email_status = $7";
const STAGE_OF_THREE: &str =
    " AND lead_status = $4 AND pipeline_status = $5 AND campaign_status = $6 AND lead_email_status IS NULL";
const STAGE_OF_TWO: &str =
    " AND lead_status = $4 AND pipeline_status = $5 AND campaign_status IS NULL AND lead_email_status IS NULL";

/// The texts of a stage's columns, for those places.
pub(super) fn stage_texts(stage: Option<Stage>) -> [Option<&'static str>; 4] {
    let Some(columns) = stage.map(Stage::columns) else { return [None; 4] };
    [
        Some(columns.lead_status.as_str()),
        Some(columns.pipeline_status.as_str()),
        columns.campaign_status.map(crate::domain::stage::CampaignStatus::as_str),
        columns.lead_email_status.map(crate::domain::stage::LeadEmailStatus::as_str),
    ]
}

/// What goes before the order of a page of tasks; done ones are in no index of their own, and most tasks are done.
pub(super) fn task_conditions(page: &TaskPage) -> &'static str {
    match (page.status, page.client.is_some()) {
        (TaskStatus::Done, false) => "status = 'done' AND status = $1 AND $2 = ''",
        (TaskStatus::Done, true) => "status = 'done' AND status = $1 AND client_id = $2",
        (TaskStatus::Pending | TaskStatus::Running | TaskStatus::Dead, false) => {
            "status <> 'done' AND status = $1 AND $2 = ''"
        }
        (TaskStatus::Pending | TaskStatus::Running | TaskStatus::Dead, true) => {
            "status <> 'done' AND status = $1 AND client_id = $2"
        }
    }
}
