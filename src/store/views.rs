//! What operators read: plain views of rows, ready to be printed as JSON.

use crate::domain::alert::{AlertKind, AlertStatus};
use crate::domain::contact::Contact;
use crate::domain::event::Source;
use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::domain::stage::{Stage, options};
use crate::domain::suppression::{Reason, Scope, Target, WhyNot};
use crate::engine::rows::{NotificationStatus, Outcome, TaskKind, TaskStatus};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// Rows that one listing gives at most.
pub(super) const ROWS_MAX: u32 = 10_000;

/// A contact as the owner's columns hold it, with its stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactView {
    pub contact_id: Uuid,
    pub client_id: String,
    pub email: String,
    pub stage: Stage,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<String>,
    pub company_name: Option<String>,
    pub job_title: Option<String>,
    pub linkedin_url: Option<String>,
    pub company_linkedin_url: Option<String>,
    pub company_website: Option<String>,
    pub company_size: Option<String>,
    pub company_industry: Option<String>,
    pub source: Option<String>,
    pub list_id: Option<String>,
    pub enrichment_date: Option<String>,
    pub lead_status: String,
    pub pipeline_status: String,
    pub campaign_status: Option<String>,
    pub lead_email_status: Option<String>,
    pub current_campaign_id: Option<String>,
    pub past_campaign_ids: Value,
    pub last_contact_date: Option<String>,
    pub last_reply_date: Option<String>,
    pub last_touch_date: Option<String>,
    pub reply_count: i64,
    pub emails_sent_count: i64,
    pub follow_up_date: Option<String>,
    pub follow_up_reason: Option<String>,
    pub has_engaged: bool,
    pub airtable_lead_id: Option<String>,
    pub promoted_at: Option<String>,
    pub converted_to_client: bool,
    pub converted_client_id: Option<String>,
    pub ai_context_summary: Option<String>,
    pub first_reply_date: Option<String>,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
}

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

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskView {
    pub task_id: String,
    pub kind: String,
    pub client_id: String,
    pub task_key: String,
    pub contact_id: Option<String>,
    pub priority: i64,
    pub status: String,
    pub attempts: i64,
    pub due_at: String,
    pub last_error: Option<String>,
}

/// Something that an operator must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertView {
    pub alert_id: String,
    /// `-` where it is about all clients.
    pub client_id: String,
    pub kind: String,
    pub key: String,
    pub contact_id: Option<String>,
    pub task_key: Option<String>,
    pub text: String,
    pub what_to_do: String,
    pub status: String,
    pub times: i64,
    pub first_at: String,
    pub last_at: String,
    pub acknowledged_at: Option<String>,
    pub resolved_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertCount {
    pub kind: String,
    pub status: String,
    pub count: i64,
}

/// A row of the outbox, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationView {
    pub notification_id: String,
    pub client_id: String,
    pub target: String,
    pub kind: String,
    pub contact_id: Option<String>,
    pub status: String,
    pub attempts: i64,
    pub due_at: String,
    pub first_tried_at: Option<String>,
    pub last_error: Option<String>,
    pub created_at: String,
    pub updated_at: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationCount {
    pub target: String,
    pub status: String,
    pub count: i64,
    pub oldest_at: String,
}

/// When the next request may be sent, and how many were taken this month with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub at_ms: i64,
    pub calls_this_month: i64,
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

/// A contact to which a campaign writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InSequence {
    pub contact_id: Uuid,
    pub email: Email,
    pub campaign: CampaignId,
    pub last_contact_at: DateTime<Utc>,
}

/// What is known of a campaign, counted over all its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignCounts {
    pub campaign: CampaignId,
    /// `smartlead` or `instantly`, where a message tells.
    pub platform: Option<String>,
    pub emails_sent: i64,
    /// Of people; automatic ones don't count.
    pub replies: i64,
    /// Contacts with a meeting.
    pub meetings_booked: i64,
}

/// A lead list to be there.
#[derive(Debug, Clone, PartialEq)]
pub struct ListWrite {
    /// The id it gets where it is not there yet.
    pub list_id: Uuid,
    pub client_id: ClientId,
    pub list_name: String,
    pub description: Option<String>,
    /// One of the owner's options.
    pub source: Option<&'static str>,
    pub metadata: Value,
    pub created_by: String,
    pub now: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ListTotals {
    pub total_contacts: i64,
    /// Those that are in a campaign now.
    pub contacts_in_campaigns: i64,
}

/// What is in the database, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CountsView {
    /// By client, then stage.
    pub contacts: BTreeMap<String, BTreeMap<String, i64>>,
    /// By outcome.
    pub deliveries: BTreeMap<String, i64>,
    /// By message type and status.
    pub chat_rows: BTreeMap<String, i64>,
    /// By kind and status.
    pub tasks: BTreeMap<String, i64>,
    pub events: i64,
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

/// Work and alerts that are about no single contact, by their identities, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    pub task_keys: HashSet<String>,
    pub log_ids: HashSet<Uuid>,
}

#[derive(Debug, Clone, Default)]
pub struct AlertFilter {
    pub status: Option<AlertStatus>,
    pub client: Option<ClientId>,
    pub kind: Option<AlertKind>,
    pub contact_id: Option<Uuid>,
    /// The last one of the page before.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    pub limit: u32,
}

#[derive(Debug, Clone, Default)]
pub struct NotificationFilter {
    pub status: Option<NotificationStatus>,
    pub target: Option<String>,
    pub client: Option<ClientId>,
    pub limit: u32,
}

#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub client: Option<ClientId>,
    pub email: Option<Email>,
    pub kind: Option<String>,
    pub limit: u32,
}

#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    pub status: Option<TaskStatus>,
    pub kind: Option<TaskKind>,
    pub limit: u32,
}

/// What is known of an address before it is bought, enriched or written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactCheck {
    /// As it was asked for.
    pub email: String,
    pub is_known: bool,
    pub contact_id: Option<Uuid>,
    pub stage: Option<Stage>,
    /// By a campaign, today.
    pub may_be_contacted: bool,
    pub why_not: Option<WhyNot>,
    /// The closed reason where the address is suppressed; never by whom.
    pub suppressed: Option<Reason>,
    /// The same in words.
    pub reason: Option<String>,
    /// When it may be written to again, where only the time is against it.
    pub not_before: Option<NaiveDate>,
}

/// Where a contact stands, as far as a check needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub contact_id: Uuid,
    pub stage: Stage,
    pub follow_up_date: Option<NaiveDate>,
}

/// A contact that a suppression concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub contact_id: Uuid,
    pub key: ContactKey,
    pub stage: Stage,
    pub campaign: Option<CampaignId>,
    pub has_engaged: bool,
}

/// A suppression as it is stored: a hash, no address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuppressionView {
    pub suppression_id: String,
    pub scope: Scope,
    pub client_id: Option<String>,
    pub campaign_id: Option<String>,
    pub target: Target,
    pub reason: Reason,
    pub value_hmac: String,
    pub key_id: String,
    pub created_at: String,
}

#[derive(Debug, Clone, Default)]
pub struct SuppressionFilter {
    pub scope: Option<Scope>,
    pub client: Option<ClientId>,
    pub reason: Option<Reason>,
    /// The last one of the page before.
    pub after: Option<Uuid>,
    pub limit: u32,
}

/// A contact that is to be erased.
#[derive(Debug, Clone)]
pub struct Subject {
    pub contact_id: Uuid,
    pub key: ContactKey,
    /// As the engine last folded it; of one that it never folded only what the counts need.
    pub contact: Contact,
    pub airtable_lead_id: Option<String>,
    pub has_engaged: bool,
}

options!(PartState {
    Pending => "pending",
    Done => "done",
});

/// A part of an erasure that is done after its transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasurePart {
    pub state: PartState,
    /// Things that were removed by it.
    pub removed: u64,
    pub done_at: Option<DateTime<Utc>>,
}

/// What was removed where, in numbers, without anything of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    pub receipt_id: Uuid,
    /// None where the person was erased for every client.
    pub client_id: Option<ClientId>,
    /// A keyed hash: with the key and the address it can be shown whose receipt it is.
    pub subject_hmac: String,
    pub key_id: String,
    pub requested_at: DateTime<Utc>,
    pub keeps_suppression: bool,
    /// Rows by place.
    pub removed: BTreeMap<String, u64>,
    pub parts: BTreeMap<String, ErasurePart>,
    pub completed_at: Option<DateTime<Utc>>,
}

impl Receipt {
    pub fn is_open(&self, part: &str) -> bool {
        self.parts.get(part).is_some_and(|part| part.state == PartState::Pending)
    }

    /// So many things are about to be removed. What was noted before stays: a later look finds fewer.
    pub fn expect(&mut self, part: &str, removing: u64) {
        if let Some(part) = self.parts.get_mut(part).filter(|part| part.state == PartState::Pending) {
            part.removed = part.removed.max(removing);
        }
    }

    pub fn finish(&mut self, part: &str, now: DateTime<Utc>) {
        if let Some(part) = self.parts.get_mut(part) {
            part.state = PartState::Done;
            part.done_at.get_or_insert(now);
        }
        if self.parts.values().all(|part| part.state == PartState::Done) {
            self.completed_at.get_or_insert(now);
        }
    }
}
