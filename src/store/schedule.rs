//! What the scheduler asks of the database. Each question is answered by an index, a page at a time.

use super::{Store, StoreError};
use crate::domain::ids::ClientId;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// What comes on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coming {
    /// Absent contacts, by their return date.
    Returns,
    /// Follow-ups of which it was not told yet that they have come.
    FollowUps,
}

/// What lasts too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// An interested contact that did not answer our last message.
    Silence,
    /// A sequence that sends nothing.
    Sequence,
}

/// How far bodies were emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emptied {
    pub bodies: u64,
    /// All that was received before this is done.
    pub until: DateTime<Utc>,
}

impl Store {
    /// Whose contacts there are.
    pub async fn clients(&self) -> Result<Vec<ClientId>, StoreError> {
        let mut clients = Vec::new();
        let mut after = String::new();
        loop {
            let next = both!(self, next_client(&after))?;
            let Some(name) = next else { return Ok(clients) };
            // Another writer's client whose name is none of ours has no events.
            clients.extend(ClientId::parse(&name));
            after = name;
        }
    }

    /// A page of what has come by a day, in the order of dates and ids.
    pub async fn coming(
        &self,
        what: Coming,
        client_id: &ClientId,
        until: NaiveDate,
        after: Option<(NaiveDate, Uuid)>,
        limit: u32,
    ) -> Result<Vec<(NaiveDate, Uuid)>, StoreError> {
        both!(self, coming(what, client_id, until, after, limit))
    }

    /// A page of what lasts, in the order of ids, each with whether our last message to it is older than a time.
    pub async fn lasting(
        &self,
        what: Lasting,
        client_id: &ClientId,
        before: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, bool)>, StoreError> {
        both!(self, lasting(what, client_id, before, after, limit))
    }

    /// Which of these tasks wait or run.
    pub async fn tasks_alive(&self, task_keys: &[String]) -> Result<Vec<String>, StoreError> {
        if task_keys.is_empty() {
            return Ok(Vec::new());
        }
        both!(self, tasks_alive(task_keys))
    }

    /// A page of a client's lists, in the order of ids.
    pub async fn lists(&self, client_id: &ClientId, after: Option<Uuid>, limit: u32) -> Result<Vec<Uuid>, StoreError> {
        both!(self, lists(client_id, after, limit))
    }

    /// Counts a list's contacts anew. True where other numbers stood there.
    pub async fn count_list(&self, list_id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        both!(self, count_list(list_id, now))
    }

    /// Empties the bodies of some deliveries that were received in a span, the oldest first.
    pub async fn empty_bodies(
        &self,
        since: DateTime<Utc>,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<Emptied, StoreError> {
        let received = both!(self, empty_bodies(since, before, limit))?;
        let is_all = received.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        let until = if is_all { before } else { received.iter().max().copied().unwrap_or(before) };
        Ok(Emptied { bodies: u64::try_from(received.len()).unwrap_or(u64::MAX), until })
    }

    /// Deletes some tasks that were done before a time; gives their number.
    pub async fn delete_done_tasks(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        both!(self, delete_done_tasks(before, limit))
    }

    /// How the database finds what the scheduler asks for, in its own words.
    pub async fn schedule_plans(&self, now: DateTime<Utc>) -> Result<Vec<(&'static str, String)>, StoreError> {
        match self {
            Self::Sqlite(store) => store.schedule_plans().await,
            Self::Postgres(store) => store.schedule_plans(now).await,
        }
    }
}
