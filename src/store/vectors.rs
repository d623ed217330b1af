//! What the work with the vector index asks of the database: what may be there already, and what of the conversations is to be there.

use super::{Store, StoreError};
use crate::domain::documents::Namespace;
use crate::domain::ids::ClientId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What of a document or message may be in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorPassage {
    /// `document:{record}` or `message:{chat_id}`.
    pub subject: String,
    /// The index and the model that its pieces are in.
    pub home: String,
    pub namespace: Namespace,
    /// The first part of the pieces' ids.
    pub passage_id: String,
    /// Pieces with a number below this one may be there.
    pub chunks: u32,
    /// Of what was written; none while it is being written.
    pub hash: Option<String>,
    pub contact_id: Option<Uuid>,
    pub lead_id: Option<String>,
}

/// A message of somebody who engaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageView {
    pub chat_id: Uuid,
    pub client_id: ClientId,
    pub email: String,
    pub name: Option<String>,
    pub subject: Option<String>,
    pub content: String,
    pub platform: String,
    pub lead_id: Option<String>,
    pub converted_client_id: Option<String>,
    pub campaign_id: Option<String>,
    pub at: DateTime<Utc>,
    pub sentiment: Option<String>,
    pub intent: Option<String>,
    pub is_auto_reply: bool,
    /// As the row says that it is indexed.
    pub vector_id: Option<String>,
}

/// Somebody who engaged, and whether the index lacks something of the conversation or has too much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngagedContact {
    pub contact_id: Uuid,
    pub client_id: ClientId,
    pub is_stale: bool,
}

impl Store {
    /// What may be there of these subjects.
    pub async fn vector_passages(&self, subjects: &[String]) -> Result<Vec<VectorPassage>, StoreError> {
        both!(self, vector_passages(subjects))
    }

    /// What may be there of a contact's conversation.
    pub async fn vector_passages_of(&self, contact_id: Uuid) -> Result<Vec<VectorPassage>, StoreError> {
        both!(self, vector_passages_of(contact_id))
    }

    /// All documents that may be there, by their subjects.
    pub async fn vector_documents(&self) -> Result<Vec<VectorPassage>, StoreError> {
        both!(self, vector_documents())
    }

    /// Notes what may be there now, in the place of what was noted before.
    pub async fn note_vector_passages(&self, passages: &[VectorPassage], now: DateTime<Utc>) -> Result<(), StoreError> {
        if passages.is_empty() {
            return Ok(());
        }
        both!(self, note_vector_passages(passages, now))
    }

    /// Nothing of these is there any more.
    pub async fn forget_vector_passages(&self, subjects: &[String]) -> Result<(), StoreError> {
        if subjects.is_empty() {
            return Ok(());
        }
        both!(self, forget_vector_passages(subjects))
    }

    /// A page of the messages that are to be there of somebody who engaged, in the order of their ids; none of anybody else.
    pub async fn messages_to_index(
        &self,
        contact_id: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<MessageView>, StoreError> {
        both!(self, messages_to_index(contact_id, after, limit))
    }

    /// Says of messages under which id their first piece is there; none where it is not.
    pub async fn mark_vectorized(&self, marks: &[(Uuid, Option<String>)]) -> Result<(), StoreError> {
        if marks.is_empty() {
            return Ok(());
        }
        both!(self, mark_vectorized(marks))
    }

    /// A page of those who engaged, in the order of their ids.
    pub async fn engaged_contacts(
        &self,
        after: Option<Uuid>,
        home: &str,
        limit: u32,
    ) -> Result<Vec<EngagedContact>, StoreError> {
        both!(self, engaged_contacts(after, home, limit))
    }
}
