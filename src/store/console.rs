//! What the console asks of the database. Each query reads an index or the counters, never a table from end to end; what could be
//! many is capped and says so.

use super::counting;
use super::views::{ContactView, DeliveryView, EventView, TaskView};
use super::{Store, StoreError};
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::domain::stage::Stage;
use crate::engine::rows::{LogRow, Outcome, TaskKind, TaskStatus};
use chrono::{DateTime, SecondsFormat, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Counting of open tasks ends here: more is "more".
pub const TASKS_COUNTED_MAX: u32 = 1_000;
/// Rows of an index that one page looks through at most for those that match.
pub const ROWS_SCANNED_MAX: u32 = 5_000;

/// How the names of cursors begin that tell of open breakers.
const BREAKER: &str = "breaker:";

/// How far back a chart goes, and in which steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Hour,
    Day,
    Week,
}

impl Span {
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 604_800,
        }
    }

    pub const fn step_seconds(self) -> i64 {
        match self {
            Self::Hour => 60,
            Self::Day => 600,
            Self::Week => 3_600,
        }
    }
}

/// What is counted over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// By source and outcome.
    Deliveries,
    /// New ones, by source and whether they were applied or refused.
    Events,
}

impl Rate {
    /// The scope of minutes, and that of the span's steps.
    pub(super) const fn scopes(self, span: Span) -> (&'static str, &'static str) {
        match (self, span) {
            (Self::Deliveries, Span::Hour) => (counting::DELIVERIES, counting::DELIVERIES),
            (Self::Deliveries, Span::Day) => (counting::DELIVERIES, "delivery 600"),
            (Self::Deliveries, Span::Week) => (counting::DELIVERIES, "delivery 3600"),
            (Self::Events, Span::Hour) => (counting::EVENTS, counting::EVENTS),
            (Self::Events, Span::Day) => (counting::EVENTS, "event 600"),
            (Self::Events, Span::Week) => (counting::EVENTS, "event 3600"),
        }
    }
}

/// So many in the step that begins then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatePoint {
    pub from_seconds: i64,
    pub source: String,
    pub outcome: String,
    pub count: i64,
}

/// So many contacts went from one stage to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moves {
    pub client: String,
    pub before: String,
    pub after: String,
    pub count: i64,
}

/// What was reported of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignActivity {
    pub client: String,
    pub campaign: String,
    /// `sent`, `replies`, `automatic`, `bounced`, `opt-outs`.
    pub what: String,
    pub count: i64,
}

/// The open tasks of one kind and status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub kind: TaskKind,
    pub status: TaskStatus,
    /// At most one over [`TASKS_COUNTED_MAX`].
    pub count: i64,
    pub oldest_due_at: Option<String>,
}

/// A budget that all instances share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    pub name: String,
    pub paused_until: Option<DateTime<Utc>>,
    pub month: String,
    pub calls: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListLine {
    pub client: String,
    pub name: String,
    pub source: Option<String>,
    pub status: String,
    pub total_contacts: i64,
    pub contacts_in_campaigns: i64,
    pub updated_at: Option<String>,
}

/// A contact in a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactLine {
    pub contact_id: Uuid,
    pub client: String,
    pub email: String,
    pub name: String,
    pub company: Option<String>,
    pub stage: Stage,
}

/// A place in a list that is ordered by time: what comes after it is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub at: DateTime<Utc>,
    pub id: Uuid,
}

#[derive(Debug, Clone, Default)]
pub struct DeliveryQuery {
    pub outcome: Option<Outcome>,
    pub source: Option<Source>,
    pub client: Option<ClientId>,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    pub before: Option<Place>,
    pub limit: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPage {
    pub rows: Vec<DeliveryView>,
    /// Where to go on: behind the last row, or behind the last one looked at where too many did not match.
    pub next: Option<Place>,
}

/// A delivery with its body, from which the secrets were taken before it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryBody {
    pub delivery: DeliveryView,
    pub body: String,
}

/// A page of open tasks, by destination and time.
#[derive(Debug, Clone)]
pub struct TaskQuery {
    pub status: TaskStatus,
    pub kind: Option<TaskKind>,
    pub after: Option<TaskPlace>,
    pub limit: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskPlace {
    pub kind: String,
    pub due_at: DateTime<Utc>,
    pub task_id: Uuid,
}

/// The statuses of tasks that are in the index of open ones.
pub(super) const OPEN: [TaskStatus; 3] = [TaskStatus::Pending, TaskStatus::Running, TaskStatus::Dead];

/// By client, then stage.
pub type StageCounts = BTreeMap<String, BTreeMap<Stage, i64>>;

impl Store {
    /// How many contacts are in each stage, out of the counters.
    pub async fn stage_counts(&self) -> Result<StageCounts, StoreError> {
        both!(self, stage_counts())
    }

    /// The changes of stages on the day of this time.
    pub async fn moves(&self, day: DateTime<Utc>) -> Result<Vec<Moves>, StoreError> {
        let day = counting::start(day, 86_400);
        both!(self, moves(day))
    }

    pub async fn rates(&self, rate: Rate, span: Span, now: DateTime<Utc>) -> Result<Vec<RatePoint>, StoreError> {
        let from = counting::start(now, span.step_seconds()) + span.step_seconds() - span.seconds();
        let (minutes, steps) = rate.scopes(span);
        both!(self, rates(minutes, steps, span.step_seconds(), from))
    }

    pub async fn campaign_activity(&self, limit: u32) -> Result<Vec<CampaignActivity>, StoreError> {
        both!(self, campaign_activity(limit))
    }

    /// Adds what was counted since the last time to the counters, and forgets what is too old. False where more may be left.
    pub async fn fold_counters(&self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        both!(self, fold_counters(now.timestamp()))
    }

    pub async fn task_queues(&self) -> Result<Vec<Queue>, StoreError> {
        both!(self, task_queues())
    }

    pub async fn open_tasks(&self, query: &TaskQuery) -> Result<Vec<TaskView>, StoreError> {
        both!(self, open_tasks(query))
    }

    /// Gives a task up for good, with a log row that says why. False where there is no such task, or it is running or done.
    pub async fn drop_task(
        &self,
        task_id: Uuid,
        reason: &str,
        log: &LogRow,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        both!(self, drop_task(task_id, reason, log, now))
    }

    /// The task of this id, whatever became of it.
    pub async fn task(&self, task_id: Uuid) -> Result<Option<TaskView>, StoreError> {
        both!(self, task(task_id))
    }

    pub async fn budgets(&self) -> Result<Vec<Budget>, StoreError> {
        both!(self, budgets())
    }

    /// Remembers until when an instance leaves a destination alone because its tries failed one after the other; none is nothing to
    /// remember. Breakers are each instance's own; this is what operators see of them.
    pub async fn note_breaker(
        &self,
        destination: &str,
        open_until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Some(until) = open_until else { return Ok(()) };
        let name = [BREAKER, destination].concat();
        self.set_cursor(&name, Some(&until.to_rfc3339_opts(SecondsFormat::Millis, true)), now).await
    }

    /// The destinations whose breaker opened at any time, and until when it was open the last time.
    pub async fn breakers(&self) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        let noted = self.cursors(BREAKER).await?;
        let breaker = |(name, until): (String, String)| {
            let until = DateTime::parse_from_rfc3339(&until).ok()?.to_utc();
            Some((name.strip_prefix(BREAKER)?.to_owned(), until))
        };
        Ok(noted.into_iter().filter_map(breaker).collect())
    }

    pub async fn list_lines(&self, limit: u32) -> Result<Vec<ListLine>, StoreError> {
        both!(self, list_lines(limit))
    }

    /// Contacts of all clients whose address begins so.
    pub async fn contacts_by_address(&self, prefix: &str, limit: usize) -> Result<Vec<ContactLine>, StoreError> {
        let mut found = both!(self, contacts_from_address(prefix))?;
        // What an order of letters puts between two addresses is the database's; what begins so is ours.
        found.retain(|line| line.email.starts_with(prefix));
        found.sort_by(|one, other| (&one.email, one.contact_id).cmp(&(&other.email, other.contact_id)));
        found.truncate(limit);
        Ok(found)
    }

    pub async fn contact_by_id(&self, contact_id: Uuid) -> Result<Option<ContactView>, StoreError> {
        both!(self, contact_by_id(contact_id))
    }

    pub async fn delivery_page(&self, query: &DeliveryQuery) -> Result<DeliveryPage, StoreError> {
        let scanned = both!(self, scan_deliveries(query))?;
        Ok(page_of(scanned, query))
    }

    pub async fn delivery_body(&self, delivery_id: Uuid) -> Result<Option<DeliveryBody>, StoreError> {
        both!(self, delivery_body(delivery_id))
    }

    /// The events that a delivery brought first.
    pub async fn events_of_delivery(
        &self,
        delivery_id: Uuid,
        received_at: DateTime<Utc>,
    ) -> Result<Vec<EventView>, StoreError> {
        both!(self, events_of_delivery(delivery_id, received_at))
    }
}

/// What a scan gave: the rows that match, and the last row of the index that was looked at where the scan ended before the index.
pub(super) struct Scanned {
    pub(super) rows: Vec<DeliveryView>,
    pub(super) stopped_at: Option<Place>,
}

fn page_of(scanned: Scanned, query: &DeliveryQuery) -> DeliveryPage {
    let Scanned { mut rows, stopped_at } = scanned;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    if rows.len() > limit {
        rows.truncate(limit);
        let next = rows.last().and_then(place);
        return DeliveryPage { rows, next };
    }
    DeliveryPage { rows, next: stopped_at }
}

fn place(row: &DeliveryView) -> Option<Place> {
    let at = DateTime::parse_from_rfc3339(&row.received_at).ok()?.with_timezone(&Utc);
    Some(Place { at, id: row.delivery_id.parse().ok()? })
}

impl DeliveryQuery {
    /// Nothing as new as this, or newer, is on the page.
    pub(super) fn upper_bound(&self) -> (DateTime<Utc>, Uuid) {
        let newest = self.until.unwrap_or(FAR_FUTURE);
        match self.before {
            Some(place) if place.at <= newest => (place.at, place.id),
            Some(_) | None => (newest, Uuid::nil()),
        }
    }

    /// Where all rows of the index match, only those of the page are looked at.
    pub(super) fn rows_looked_at_max(&self) -> u32 {
        let is_left_over = self.source.is_some() || (self.outcome.is_some() && self.client.is_some());
        if is_left_over { ROWS_SCANNED_MAX.max(self.limit + 1) } else { self.limit + 1 }
    }
}

/// 9999-12-31T23:59:59Z, after all that is stored.
pub(super) const FAR_FUTURE: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(time) => time,
    None => DateTime::UNIX_EPOCH,
};
