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
        both!(self, owners(client_id, clues))
    }

    /// A cursor and when it was last written.
    pub async fn cursor(&self, name: &str) -> Result<Option<(String, DateTime<Utc>)>, StoreError> {
        both!(self, cursor(name))
    }

    /// Moves a cursor that is a number forward, never back, whoever moved it before.
    pub async fn advance_cursor(&self, name: &str, value: u64, now: DateTime<Utc>) -> Result<(), StoreError> {
        both!(self, advance_cursor(name, value, now))
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
        both!(self, set_aside(client_id, mailbox, &rows, now))
    }

    /// Makes all mails due that were set aside under one of these keys; gives their mailboxes.
    pub async fn call_back(&self, keys: &[(ClientId, String)]) -> Result<Vec<(ClientId, Email)>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        both!(self, call_back(keys))
    }

    /// Mails of a mailbox that were set aside and are due, by Gmail's ids, the oldest first.
    pub async fn called_back(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        both!(self, called_back(client_id, mailbox, limit))
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
        both!(self, take_from_aside(client_id, mailbox, message_ids))
    }

    /// Forgets what was set aside before this time, whoever's it is.
    pub async fn expire_aside(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        both!(self, expire_aside(before))
    }

    /// Forgets the oldest of a mailbox above so many mails.
    pub async fn bound_aside(&self, client_id: &ClientId, mailbox: &Email, mails_max: u32) -> Result<(), StoreError> {
        both!(self, bound_aside(client_id, mailbox, mails_max))
    }

    /// A page of what became known of these clients' contacts since a time, in the order of receipt.
    pub async fn news(
        &self,
        clients: &[ClientId],
        since: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<News>, StoreError> {
        both!(self, news(clients, since, after, limit))
    }
}
