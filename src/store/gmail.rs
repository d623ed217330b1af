//! What the work with Gmail asks of the database: whom a mail concerns, how far a mailbox is read, and mail that was set aside.

use super::views::{Clues, News, Owners};
use super::{Store, StoreError};
use crate::domain::ids::{ClientId, Email};
use chrono::{DateTime, Utc};
use uuid::Uuid;

impl Store {
    /// Whom these clues of a client's mails lead to.
    pub async fn owners(&self, client_id: &ClientId, clues: &Clues) -> Result<Owners, StoreError> {
        if clues.is_empty() {
            return Ok(Owners::default());
        }
        match self {
            Self::Sqlite(store) => store.owners(client_id, clues).await,
            Self::Postgres(store) => store.owners(client_id, clues).await,
        }
    }

    /// A cursor and when it was last written.
    pub async fn cursor(&self, name: &str) -> Result<Option<(String, DateTime<Utc>)>, StoreError> {
        match self {
            Self::Sqlite(store) => store.cursor(name).await,
            Self::Postgres(store) => store.cursor(name).await,
        }
    }

    /// Moves a cursor that is a number forward, never back, whoever moved it before.
    pub async fn advance_cursor(&self, name: &str, value: u64, now: DateTime<Utc>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.advance_cursor(name, value, now).await,
            Self::Postgres(store) => store.advance_cursor(name, value, now).await,
        }
    }

    /// Keeps mails by what could tell later whom they concern: Gmail's id with its keys. None of them is due any more.
    pub async fn set_aside(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        mails: &[(String, Vec<String>)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let rows: Vec<(&str, &str)> =
            mails.iter().flat_map(|(id, keys)| keys.iter().map(|key| (id.as_str(), key.as_str()))).collect();
        if rows.is_empty() {
            return Ok(());
        }
        match self {
            Self::Sqlite(store) => store.set_aside(client_id, mailbox, &rows, now).await,
            Self::Postgres(store) => store.set_aside(client_id, mailbox, &rows, now).await,
        }
    }

    /// Makes all mails due that were set aside under one of these keys; gives their mailboxes.
    pub async fn call_back(&self, keys: &[(ClientId, String)]) -> Result<Vec<(ClientId, Email)>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Self::Sqlite(store) => store.call_back(keys).await,
            Self::Postgres(store) => store.call_back(keys).await,
        }
    }

    /// Mails of a mailbox that were set aside and are due, by Gmail's ids, the oldest first.
    pub async fn called_back(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(store) => store.called_back(client_id, mailbox, limit).await,
            Self::Postgres(store) => store.called_back(client_id, mailbox, limit).await,
        }
    }

    /// These mails are no longer set aside.
    pub async fn take_from_aside(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        message_ids: &[String],
    ) -> Result<(), StoreError> {
        if message_ids.is_empty() {
            return Ok(());
        }
        match self {
            Self::Sqlite(store) => store.take_from_aside(client_id, mailbox, message_ids).await,
            Self::Postgres(store) => store.take_from_aside(client_id, mailbox, message_ids).await,
        }
    }

    /// Forgets what was set aside before this time, whoever's it is.
    pub async fn expire_aside(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.expire_aside(before).await,
            Self::Postgres(store) => store.expire_aside(before).await,
        }
    }

    /// Forgets the oldest of a mailbox above so many mails.
    pub async fn bound_aside(&self, client_id: &ClientId, mailbox: &Email, mails_max: u32) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.bound_aside(client_id, mailbox, mails_max).await,
            Self::Postgres(store) => store.bound_aside(client_id, mailbox, mails_max).await,
        }
    }

    /// A page of what became known of these clients' contacts since a time, in the order of receipt.
    pub async fn news(
        &self,
        clients: &[ClientId],
        since: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<News>, StoreError> {
        match self {
            Self::Sqlite(store) => store.news(clients, since, after, limit).await,
            Self::Postgres(store) => store.news(clients, since, after, limit).await,
        }
    }
}
