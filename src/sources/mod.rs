//! Sources: who posts webhooks. Each proves where a request came from and turns its body into events.
//!
//! Pure: bytes and settings in, values out. What is read is what is needed; wire structs are private to each file.

pub mod settings;

use crate::domain::event::{Alert, CampaignChange, Event};
use crate::domain::ids::ClientId;
use chrono::{DateTime, Utc};

/// One HTTP request as a source sees it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub client_id: &'a ClientId,
    /// The raw query string, without `?`; empty where there is none.
    pub query: &'a str,
    /// Header names in lower case, with their values as text.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
    pub received_at: DateTime<Utc>,
}

/// What a body says.
#[derive(Debug, Default)]
pub struct Understood {
    pub events: Vec<Event>,
    pub campaign_changes: Vec<CampaignChange>,
    pub alerts: Vec<Alert>,
    /// Why parts of it (or all) could not be understood: an unknown event type, a missing address. Kept, shown, replayable.
    pub unrecognised: Vec<String>,
    /// Why parts of it are understood and deliberately without effect: a test post, an enrichment notice.
    pub ignored: Vec<String>,
    /// The body as it may be stored: secrets and our own webhook address taken out.
    pub body_to_store: String,
}

/// The request does not prove where it comes from. The text names the missing proof, never the expected value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unproven(pub String);

/// The body can't be read at all: not JSON, or no usable field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);
