//! A contact as the fold knows it, and the rows of its conversation.

use super::event::{ContactSource, FollowUpReason, Platform, Profile};
use super::ids::CampaignId;
use super::intent::{Intent, Sentiment};
use super::stage::{Stage, options};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

options!(
    /// `Engagement Source` of a lead, in the owner's words.
    Engagement {
        EmailReply => "Email Reply",
        MeetingBooked => "Meeting Booked",
        Inbound => "Inbound",
        Referral => "Referral",
        Manual => "Manual",
    }
);

options!(MessageType {
    Campaign => "campaign",
    Reply => "reply",
    Manual => "manual",
    Meeting => "meeting",
    FollowUp => "follow_up",
});

options!(MessageStatus {
    Sent => "sent",
    Received => "received",
    Bounced => "bounced",
    Failed => "failed",
});

options!(
    /// `chat_history.action_taken` as the fold sets it.
    ActionTaken {
        Replied => "replied",
        Unsubscribed => "unsubscribed",
    }
);

/// Where an event stands in the order of the fold: time, kind rank, dedupe key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position(pub DateTime<Utc>, pub u8, pub String);

/// The newest message they sent, which a classification is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// The dedupe key of its event, and so the key of its chat row.
    pub key: String,
    pub thread: Option<String>,
    /// We answered it already; a later classification does not ask for an answer again.
    pub answered: bool,
    /// It came by mail; messages of other channels are never counted in `reply_count`.
    pub is_mail: bool,
    /// It was counted in `reply_count`.
    pub counted: bool,
    /// The report itself said that a machine wrote it.
    pub is_auto_reply: bool,
}

/// A chat row that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAction {
    pub key: String,
    pub thread: Option<String>,
}

/// A booked meeting that carries an id and is not known to be cancelled or held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenMeeting {
    /// As in [`super::event::Meeting::external_id`].
    pub id: String,
    pub starts_at: Option<DateTime<Utc>>,
    /// Marked as missed; kept, because the mark may be taken back.
    #[serde(default)]
    pub missed: bool,
}

/// What an unclear reply moved away from; a later classification as out-of-office takes it up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeUnclear {
    /// The unclear reply.
    pub key: String,
    pub stage: Stage,
    pub campaign: Option<CampaignId>,
}

/// Everything that the fold needs to go on from where it stands; stored with the contact and projected to its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contact {
    pub stage: Stage,
    /// When it came to this stage from another one; none in the first, and where that was before this was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_since: Option<DateTime<Utc>>,
    pub profile: Profile,
    pub contact_source: Option<ContactSource>,
    pub list_id: Option<uuid::Uuid>,
    pub enrichment_date: Option<DateTime<Utc>>,
    pub current_campaign: Option<CampaignId>,
    /// Oldest first, without duplicates.
    pub past_campaigns: Vec<CampaignId>,
    pub last_contact_at: Option<DateTime<Utc>>,
    pub last_reply_at: Option<DateTime<Utc>>,
    pub last_touch_at: Option<DateTime<Utc>>,
    pub last_campaign_mail_at: Option<DateTime<Utc>>,
    pub emails_sent_count: u32,
    pub reply_count: u32,
    pub follow_up_date: Option<NaiveDate>,
    pub follow_up_reason: Option<FollowUpReason>,
    /// The newest follow-up date of which it was told that it has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up_told: Option<NaiveDate>,
    pub has_engaged: bool,
    pub engagement: Option<Engagement>,
    pub first_reply_at: Option<DateTime<Utc>>,
    pub converted_to_client: bool,
    pub converted_client_id: Option<String>,
    /// Set while the stage is Interested only because of a reply that nobody understood yet.
    pub unclear: Option<BeforeUnclear>,
    pub had_meeting: bool,
    pub meeting_at: Option<DateTime<Utc>>,
    /// In the order in which they were booked or missed, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open_meetings: Vec<OpenMeeting>,
    pub newest_received: Option<Received>,
    pub newest_intent: Option<Intent>,
    pub open_actions: Vec<OpenAction>,
    /// Threads in which they wrote to us.
    pub answered_threads: Vec<String>,
    /// The newest event that is folded in; none before the first.
    pub applied_until: Option<Position>,
}

impl Contact {
    /// The current campaign, else the last one it was in.
    pub fn newest_campaign(&self) -> Option<&CampaignId> {
        self.current_campaign.as_ref().or_else(|| self.past_campaigns.last())
    }
}

impl Default for Contact {
    fn default() -> Self {
        Self {
            stage: Stage::New,
            stage_since: None,
            profile: Profile::default(),
            contact_source: None,
            list_id: None,
            enrichment_date: None,
            current_campaign: None,
            past_campaigns: Vec::new(),
            last_contact_at: None,
            last_reply_at: None,
            last_touch_at: None,
            last_campaign_mail_at: None,
            emails_sent_count: 0,
            reply_count: 0,
            follow_up_date: None,
            follow_up_reason: None,
            follow_up_told: None,
            has_engaged: false,
            engagement: None,
            first_reply_at: None,
            converted_to_client: false,
            converted_client_id: None,
            unclear: None,
            had_meeting: false,
            meeting_at: None,
            open_meetings: Vec::new(),
            newest_received: None,
            newest_intent: None,
            open_actions: Vec::new(),
            answered_threads: Vec::new(),
            applied_until: None,
        }
    }
}

/// One message of the conversation, as `chat_history` holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatRow {
    /// The dedupe key of the event that it comes from; unique per contact.
    pub key: String,
    pub at: DateTime<Utc>,
    pub platform: Platform,
    pub contact_identifier: Option<String>,
    pub contact_name: Option<String>,
    pub account_identifier: Option<String>,
    pub subject: Option<String>,
    pub content: String,
    pub message_type: MessageType,
    pub message_status: MessageStatus,
    pub sequence_step: Option<u32>,
    pub campaign: Option<CampaignId>,
    pub external_id: Option<String>,
    pub thread_id: Option<String>,
    pub marks: Marks,
}

/// The part of a chat row that later events change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    pub intent: Option<Intent>,
    pub sentiment: Option<Sentiment>,
    pub is_auto_reply: bool,
    pub requires_action: bool,
    pub action_taken: Option<ActionTaken>,
}

/// A change to an earlier row of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatPatch {
    pub key: String,
    pub change: PatchChange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchChange {
    /// Somebody said what the message means.
    Classified {
        intent: Intent,
        sentiment: Sentiment,
        is_auto_reply: bool,
        requires_action: bool,
        action_taken: Option<ActionTaken>,
    },
    /// We answered.
    Answered,
}

impl Marks {
    pub fn apply(&mut self, change: &PatchChange) {
        match *change {
            PatchChange::Classified { intent, sentiment, is_auto_reply, requires_action, action_taken } => {
                self.intent = Some(intent);
                self.sentiment = Some(sentiment);
                self.is_auto_reply = is_auto_reply;
                self.requires_action = requires_action;
                self.action_taken = action_taken.or(self.action_taken);
            }
            PatchChange::Answered => {
                self.requires_action = false;
                self.action_taken = Some(ActionTaken::Replied);
            }
        }
    }
}
