//! What the work with a language model asks of the database: the day's budget, replies to be read, conversations to be summed up.

use super::{Store, StoreError};
use crate::domain::ids::ContactKey;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// A reply that may have to be read, and whether that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyToRead {
    pub key: ContactKey,
    pub opted_out: bool,
    pub at: DateTime<Utc>,
    pub subject: Option<String>,
    pub content: String,
    /// Somebody said what it means, or that nobody can tell.
    pub is_decided: bool,
}

/// A contact's conversation, and what was written of it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    pub key: ContactKey,
    pub has_engaged: bool,
    pub summary: Option<String>,
    /// As the engine last wrote it.
    pub summary_written: Option<String>,
    /// What that was made of.
    pub summary_of: Option<String>,
    /// The newest messages, oldest first.
    pub messages: Vec<Spoken>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    pub at: DateTime<Utc>,
    /// `campaign`, `reply`, `manual`, `meeting` or `follow_up`.
    pub message_type: Option<String>,
    /// `sent`, `received`, `bounced` or `failed`.
    pub message_status: Option<String>,
    pub platform: String,
    pub subject: Option<String>,
    pub content: String,
}

/// A summary to be written over the one that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryWrite {
    pub contact_id: Uuid,
    pub summary: String,
    pub made_of: String,
    pub seen: Option<String>,
    pub now: DateTime<Utc>,
}

/// What a day has cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct AiDay {
    pub tokens: i64,
    pub calls: i64,
}

impl Store {
    /// Sets tokens of a day aside for a call; false where so many are not left.
    pub async fn reserve_tokens(&self, day: NaiveDate, tokens: i64, tokens_max: i64) -> Result<bool, StoreError> {
        let day = day.to_string();
        both!(self, reserve_tokens(&day, tokens, tokens_max))
    }

    /// What a call took more (or, negative, less) than was set aside for it.
    pub async fn correct_tokens(&self, day: NaiveDate, by: i64) -> Result<(), StoreError> {
        let day = day.to_string();
        both!(self, correct_tokens(&day, by))
    }

    pub async fn ai_day(&self, day: NaiveDate) -> Result<AiDay, StoreError> {
        let day = day.to_string();
        both!(self, ai_day(&day))
    }

    /// A reply by the key of its event; `reading_key` is that of the event which a reading of it would be.
    pub async fn reply_to_read(
        &self,
        contact_id: Uuid,
        message_key: &str,
        reading_key: &str,
    ) -> Result<Option<ReplyToRead>, StoreError> {
        both!(self, reply_to_read(contact_id, message_key, reading_key))
    }

    pub async fn conversation(&self, contact_id: Uuid, limit: u32) -> Result<Option<Conversation>, StoreError> {
        both!(self, conversation(contact_id, limit))
    }

    /// False where the summary is not the one that was seen any more: somebody else wrote it.
    pub async fn write_summary(&self, write: &SummaryWrite) -> Result<bool, StoreError> {
        both!(self, write_summary(write))
    }
}
