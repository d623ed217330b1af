//! What happened: deliveries, events, the conversation, decisions.

use crate::domain::event::Source;
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::engine::rows::Outcome;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// An event and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventView {
    pub event_id: String,
    pub client_id: String,
    pub contact_id: String,
    pub email: String,
    pub kind: String,
    pub source: String,
    pub occurred_at: String,
    pub received_at: String,
    pub delivery_id: Option<String>,
    pub dedupe_key: String,
    pub stage_before: String,
    pub stage_after: String,
    pub refused: bool,
    pub rule: String,
}

/// A row of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChatView {
    pub chat_id: String,
    pub session_id: String,
    pub message_timestamp: String,
    pub platform: String,
    pub message_type: Option<String>,
    pub message_status: Option<String>,
    pub subject: Option<String>,
    pub message_content: String,
    pub contact_identifier: Option<String>,
    pub contact_name: Option<String>,
    pub account_identifier: Option<String>,
    pub campaign_id: Option<String>,
    pub sequence_step: Option<i64>,
    pub external_message_id: Option<String>,
    pub thread_id: Option<String>,
    pub ai_intent: Option<String>,
    pub ai_sentiment: Option<String>,
    pub is_auto_reply: bool,
    pub requires_action: bool,
    pub action_taken: Option<String>,
    pub lead_id: Option<String>,
}

/// One automated decision about a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogView {
    pub log_id: Uuid,
    pub timestamp: String,
    pub automation_type: String,
    pub trigger_type: String,
    pub action_taken: String,
    pub action_details: Option<String>,
    pub status: String,
    pub error_message: Option<String>,
}

/// All that is known of a contact's past, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimelineView {
    pub events: Vec<EventView>,
    pub messages: Vec<ChatView>,
    pub logs: Vec<LogView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryView {
    pub delivery_id: String,
    pub client_id: String,
    pub source: String,
    pub received_at: String,
    pub outcome: String,
    pub reason: Option<String>,
    pub events_count: i64,
}

/// What may tell whom a client's mails concern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clues {
    /// Identities of events.
    pub event_keys: Vec<String>,
    /// Gmail's ids of threads.
    pub threads: Vec<String>,
    pub addresses: Vec<Email>,
}

impl Clues {
    pub fn is_empty(&self) -> bool {
        self.event_keys.is_empty() && self.threads.is_empty() && self.addresses.is_empty()
    }
}

/// The contacts that clues lead to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners {
    pub by_event_key: HashMap<String, Owner>,
    /// The one whose message came first is the first.
    pub by_thread: HashMap<String, Vec<Owner>>,
    pub contacts: HashSet<Email>,
}

/// Whose a message is, and the address of theirs that was really used: a colleague's, where one answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub contact: Email,
    pub used: Option<Email>,
}

/// Something that became known: an event, whose it is, and its thread at Gmail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub received_at: DateTime<Utc>,
    pub event_id: Uuid,
    pub key: ContactKey,
    pub dedupe_key: String,
    pub thread_id: Option<String>,
}

/// Which deliveries, newest first.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    pub outcome: Option<Outcome>,
    pub source: Option<Source>,
    pub client: Option<ClientId>,
    /// Received at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Received before this time.
    pub until: Option<DateTime<Utc>>,
    /// The last one of the page before.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    pub limit: u32,
}

/// Which deliveries are read again, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliverySelection {
    /// Only these; none of them named is all.
    pub ids: Vec<Uuid>,
    pub outcome: Option<Outcome>,
    pub source: Option<Source>,
    pub client: Option<ClientId>,
    /// Received at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Received before this time.
    pub until: Option<DateTime<Utc>>,
}

/// A delivery as it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredDelivery {
    pub delivery_id: Uuid,
    pub client_id: ClientId,
    pub source: Source,
    pub received_at: DateTime<Utc>,
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub events_count: i64,
    /// Without its secrets; empty where it was kept no longer.
    pub body: String,
    /// Whose payload it is, where n8n only forwarded it.
    pub forwarded_as: Option<Source>,
    /// What became of it before it was read again, oldest first.
    pub earlier: Vec<EarlierOutcome>,
}

/// What became of a delivery until it was read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierOutcome {
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub until: DateTime<Utc>,
}

/// What became of a delivery that was read again.
#[derive(Debug, Clone)]
pub struct DeliveryAgain {
    pub delivery_id: Uuid,
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub events_count: i64,
    /// As it is from now on.
    pub earlier: Vec<EarlierOutcome>,
}

#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub client: Option<ClientId>,
    pub email: Option<Email>,
    pub kind: Option<String>,
    pub limit: u32,
}
