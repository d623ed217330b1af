//! What the engine is given and what it gives back: plain rows, without SQL.

mod tasks;

use super::alerts::Raised;
use crate::domain::contact::{ActionTaken, ChatRow, Contact, PatchChange};
use crate::domain::event::{Facts, OutsideChange, Source};
use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::domain::intent::{Intent, Sentiment};
use crate::domain::lead::Cells;
use crate::domain::notification::NotificationKind;
use crate::domain::stage::{Stage, options};
use crate::domain::suppression::{Hashed, Listed, Reason, Scope};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};
pub use tasks::*;
use uuid::Uuid;

options!(
    /// What became of a delivery, or of one event in it.
    Outcome {
        Applied => "applied",
        Duplicate => "duplicate",
        Ignored => "ignored",
        Unrecognised => "unrecognised",
        Refused => "refused",
        Dead => "dead",
    }
);

options!(
    /// The owner's `automation_type` list.
    AutomationType {
        EmailReply => "Email Reply",
        FollowUpEmail => "Follow-up Email",
        StatusUpdate => "Status Update",
        CampaignRemoval => "Campaign Removal",
        AnalyticsUpdate => "Analytics Update",
        Vectorization => "Vectorization",
        Transcription => "Transcription",
        LeadScoring => "Lead Scoring",
        TaskCreation => "Task Creation",
        Other => "Other",
    }
);

options!(
    /// The owner's `trigger_type` list.
    TriggerType {
        Webhook => "Webhook",
        DailyCron => "Daily Cron",
        HourlyCron => "Hourly Cron",
        Manual => "Manual",
        ApiCall => "API Call",
        ConditionMet => "Condition Met",
        Other => "Other",
    }
);

options!(LogStatus {
    Success => "Success",
    Failed => "Failed",
    Pending => "Pending",
});

/// A contact as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownContact {
    pub contact_id: Uuid,
    pub contact: Contact,
    pub airtable_lead_id: Option<String>,
    /// Another writer made the row and the engine never folded it: `contact` was read from the columns and becomes the baseline.
    pub is_adopted: bool,
    /// What other writers changed since the engine's last write, oldest first.
    pub outside: Vec<(DateTime<Utc>, OutsideChange)>,
    /// Tells this state of the row from every other; a write that finds another one is a conflict.
    pub version: i64,
}

/// What each source said of one event, kept so that a merge does not depend on who came first.
pub type Seen = BTreeMap<Source, Facts>;

/// An event as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    pub event_id: Uuid,
    pub contact_id: Uuid,
    pub key: ContactKey,
    pub dedupe_key: String,
    pub seen: Seen,
    pub verdict: Verdict,
}

/// What an event did when it was folded; rewritten when the contact is folded again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub stage_before: Stage,
    pub stage_after: Stage,
    pub refused: bool,
    pub rule: String,
}

/// All that is known of a contact's past.
#[derive(Debug, Clone)]
pub struct History {
    pub baseline: Contact,
    pub events: Vec<StoredEvent>,
}

/// What the store knows of a batch's contacts and events.
#[derive(Debug, Default)]
pub struct Known {
    pub contacts: HashMap<ContactKey, KnownContact>,
    /// By client and dedupe key.
    pub events: HashMap<(ClientId, String), StoredEvent>,
    /// Only of contacts that must be folded again.
    pub histories: HashMap<ContactKey, History>,
    /// Under what the batch's addresses are suppressed, for whomever; most are not there.
    pub suppressed: HashMap<Email, Vec<Listed>>,
    /// Set where the batch is deliveries that are read again.
    pub again: Option<Again>,
}

/// What a batch of deliveries that are read again does beside what any batch does.
#[derive(Debug, Default)]
pub struct Again {
    /// Contacts that are folded again whether or not something new is told of them: the rules may have changed.
    pub refold: BTreeSet<ContactKey>,
    /// Events that one of these deliveries told before and does not tell any more.
    pub withdrawn: Vec<StoredEvent>,
}

/// What is asked of the suppressions: hashes, and the addresses that each stands for.
pub type Asked = HashMap<String, Vec<Email>>;

/// Everything that follows from a batch; the store writes it in one transaction.
#[derive(Debug, Default)]
pub struct Writes {
    pub deliveries: Vec<DeliveryRow>,
    pub contacts: Vec<ContactRow>,
    pub events: Vec<EventRow>,
    pub chat_rows: Vec<ChatWrite>,
    /// On rows of earlier batches; those of this one have theirs already.
    pub chat_marks: Vec<MarksWrite>,
    pub logs: Vec<LogRow>,
    pub tasks: Vec<TaskRow>,
    pub notifications: Vec<NotificationRow>,
    pub suppressions: Vec<SuppressionRow>,
}

/// A suppression to keep; there once however often it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionRow {
    pub suppression_id: Uuid,
    pub scope: Scope,
    /// None for the agency: nobody can tell which client it comes from.
    pub client_id: Option<ClientId>,
    pub campaign: Option<CampaignId>,
    pub hashed: Hashed,
    pub reason: Reason,
    pub now: DateTime<Utc>,
}

impl SuppressionRow {
    /// For one client or the whole agency.
    pub fn of(
        suppression_id: Uuid,
        scope: Scope,
        client_id: &ClientId,
        hashed: Hashed,
        reason: Reason,
        now: DateTime<Utc>,
    ) -> Self {
        let client_id = match scope {
            Scope::Agency => None,
            Scope::Client | Scope::Campaign => Some(client_id.clone()),
        };
        Self { suppression_id, scope, client_id, campaign: None, hashed, reason, now }
    }
}

/// One row an entry of the list, with the strongest of the reasons: two clients' contacts may leave one wish for the whole agency, and
/// a file may hold an address twice. PostgreSQL takes no statement that writes a row twice.
pub fn once_each(suppressions: Vec<SuppressionRow>) -> Vec<SuppressionRow> {
    let mut kept = BTreeMap::new();
    for row in suppressions {
        let entry =
            (row.hashed.value_hmac.clone(), row.hashed.target, row.scope, row.client_id.clone(), row.campaign.clone());
        let reason = row.reason;
        let first = kept.entry(entry).or_insert(row);
        first.reason = first.reason.min(reason);
    }
    kept.into_values().collect()
}

#[derive(Debug, Clone)]
pub struct DeliveryRow {
    pub delivery_id: Uuid,
    pub client_id: ClientId,
    pub source: Source,
    pub received_at: DateTime<Utc>,
    pub outcome: Outcome,
    pub reason: Option<String>,
    /// The body without secrets.
    pub body: String,
    /// Of the body as it was received.
    pub body_sha256: [u8; 32],
    pub events_count: u32,
    /// Whose payload it is, where n8n only forwarded it.
    pub forwarded_as: Option<Source>,
}

/// A contact to insert or to update, whole.
#[derive(Debug, Clone)]
pub struct ContactRow {
    pub contact_id: Uuid,
    pub key: ContactKey,
    pub contact: Contact,
    /// Set where the contact is adopted now: where its fold starts.
    pub baseline: Option<Contact>,
    /// The time of the write; `created_at` too where the contact is new.
    pub now: DateTime<Utc>,
    pub is_new: bool,
    /// Of the row that it was loaded from: another one there is a conflict. None writes over whatever is there.
    pub version: Option<i64>,
}

/// An event to insert, or to update where it is known.
#[derive(Debug, Clone)]
pub struct EventRow {
    pub event_id: Uuid,
    pub contact_id: Uuid,
    pub key: ContactKey,
    pub dedupe_key: String,
    pub kind: &'static str,
    /// The source with the highest precedence among those that reported it.
    pub source: Source,
    pub occurred_at: DateTime<Utc>,
    pub seen: Seen,
    pub verdict: Verdict,
    /// The delivery that brought it first; none on an update.
    pub delivery_id: Option<Uuid>,
    pub received_at: DateTime<Utc>,
    pub is_new: bool,
    /// What was told of it until now, where more or something else is told; none where it is new, or only folded again.
    pub seen_before: Option<Seen>,
}

/// A row of the conversation to insert, or to overwrite (but for ids, lead and vector columns) where contact and key exist.
#[derive(Debug, Clone)]
pub struct ChatWrite {
    pub chat_id: Uuid,
    pub contact_id: Uuid,
    pub key: ContactKey,
    pub airtable_lead_id: Option<String>,
    pub converted_client_id: Option<String>,
    pub row: ChatRow,
    pub now: DateTime<Utc>,
}

/// Marks to set on a row that is stored already; none leaves a column as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarksWrite {
    pub contact_id: Uuid,
    pub message_key: String,
    pub intent: Option<Intent>,
    pub sentiment: Option<Sentiment>,
    pub is_auto_reply: Option<bool>,
    pub requires_action: Option<bool>,
    pub action_taken: Option<ActionTaken>,
}

impl MarksWrite {
    pub fn new(contact_id: Uuid, message_key: String) -> Self {
        Self {
            contact_id,
            message_key,
            intent: None,
            sentiment: None,
            is_auto_reply: None,
            requires_action: None,
            action_taken: None,
        }
    }

    /// Adds a later change to what is set already.
    pub fn add(&mut self, change: &PatchChange) {
        match *change {
            PatchChange::Classified { intent, sentiment, is_auto_reply, requires_action, action_taken } => {
                self.intent = Some(intent);
                self.sentiment = Some(sentiment);
                self.is_auto_reply = Some(is_auto_reply);
                self.requires_action = Some(requires_action);
                self.action_taken = action_taken.or(self.action_taken);
            }
            PatchChange::Answered => {
                self.requires_action = Some(false);
                self.action_taken = Some(ActionTaken::Replied);
            }
        }
    }
}

/// One automated decision.
#[derive(Debug, Clone)]
pub struct LogRow {
    pub log_id: Uuid,
    pub automation_type: AutomationType,
    pub trigger_type: TriggerType,
    pub tenant: ClientId,
    pub contact_id: Option<Uuid>,
    pub lead_id: Option<String>,
    /// The converted client, as in the owner's document; not the tenant.
    pub converted_client_id: Option<String>,
    pub campaign_id: Option<String>,
    pub action_taken: String,
    pub action_details: Option<String>,
    pub status: LogStatus,
    pub error_message: Option<String>,
    pub timestamp: DateTime<Utc>,
    pub processing_time_ms: Option<i64>,
    /// What an operator must look at.
    pub raises: Option<Box<Raised>>,
    /// Set where a language model was asked.
    pub ai: Option<AiUse>,
}

/// What a call of a language model took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AiUse {
    pub model: String,
    pub tokens: i64,
}

impl LogRow {
    /// A row that says nothing yet.
    pub fn new(log_id: Uuid, tenant: ClientId, trigger_type: TriggerType, timestamp: DateTime<Utc>) -> Self {
        Self {
            log_id,
            automation_type: AutomationType::Other,
            trigger_type,
            tenant,
            contact_id: None,
            lead_id: None,
            converted_client_id: None,
            campaign_id: None,
            action_taken: String::new(),
            action_details: None,
            status: LogStatus::Success,
            error_message: None,
            timestamp,
            processing_time_ms: None,
            raises: None,
            ai: None,
        }
    }
}

/// A contact whose lead is to be written.
#[derive(Debug, Clone)]
pub struct LeadSubject {
    pub contact_id: Uuid,
    pub key: ContactKey,
    pub contact: Contact,
    pub airtable_lead_id: Option<String>,
    /// The stage at the engine's last write to the lead; none before the first.
    pub lead_stage_written: Option<Stage>,
    /// The cells as the engine last wrote them or found them as wanted, by the names of their fields.
    pub lead_written: Cells,
    /// The conversation in short, whoever wrote it.
    pub summary: Option<String>,
}

/// A lead that was written.
#[derive(Debug, Clone)]
pub struct LeadWritten {
    pub contact_id: Uuid,
    pub airtable_lead_id: String,
    pub stage: Stage,
    /// Added to what is known of earlier writes.
    pub cells: Cells,
    /// What is told of it.
    pub notifications: Vec<NotificationRow>,
    pub now: DateTime<Utc>,
}

options!(NotificationStatus {
    Pending => "pending",
    Running => "running",
    Delivered => "delivered",
    Dead => "dead",
});

/// Something to be told to a target. The same id twice is one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRow {
    pub notification_id: Uuid,
    pub tenant: ClientId,
    pub target: String,
    pub kind: NotificationKind,
    pub contact_id: Option<Uuid>,
    /// What goes strictly one after the other.
    pub lane: String,
    pub body: String,
    pub now: DateTime<Utc>,
}
