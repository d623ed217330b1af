//! Events: one normalised fact about one contact, with the time at which it happened.

use super::alert::AlertKind;
use super::ids::{CampaignId, ClientId, ContactKey, Email};
use super::intent::{Intent, Sentiment};
use super::stage::{Stage, options};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

options!(
    /// Who told us. The order is the precedence with which two reports of one event are merged.
    Source {
        Smartlead => "smartlead",
        Instantly => "instantly",
        Calcom => "calcom",
        Calendly => "calendly",
        Gmail => "gmail",
        Airtable => "airtable",
        N8n => "n8n",
        Operator => "operator",
        Scheduler => "scheduler",
        Ai => "ai",
    }
);

options!(
    /// `chat_history.platform`: the owner's list and the two booking pages.
    Platform {
        Gmail => "gmail",
        Smartlead => "smartlead",
        Instantly => "instantly",
        Slack => "slack",
        Whatsapp => "whatsapp",
        Sms => "sms",
        PhoneCall => "phone_call",
        Zoom => "zoom",
        N8nChat => "n8n_chat",
        CalCom => "cal_com",
        Calendly => "calendly",
    }
);

options!(Direction {
    Inbound => "inbound",
    Outbound => "outbound",
});

options!(
    /// What an automatic reply is; a reply that a person wrote has none.
    AutoReply {
        OutOfOffice => "out_of_office",
        Other => "other",
    }
);

options!(
    /// How it is known that a sequence is over.
    FinishedBy {
        CampaignCompleted => "campaign_completed",
        StepsReached => "steps_reached",
        PlatformEvent => "platform_event",
        PlatformStatus => "platform_status",
        NoFurtherMail => "no_further_mail",
    }
);

options!(
    /// The owner's follow-up reasons.
    FollowUpReason {
        GhostedFollowUp => "ghosted_follow_up",
        OutOfOfficeReturn => "out_of_office_return",
        LeadRequested => "lead_requested",
        NotInterestedReEngagement => "not_interested_re_engagement",
        MeetingNoShow => "meeting_no_show",
        Custom => "custom",
    }
);

options!(
    /// The owner's contact sources: where a contact was bought or enriched, never who reported it.
    ContactSource {
        Clay => "clay",
        Apollo => "apollo",
        SalesNav => "sales_nav",
        Zoominfo => "zoominfo",
        GoogleMaps => "google_maps",
        Manual => "manual",
        Import => "import",
    }
);

/// One message as its platform reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub platform: Platform,
    /// The RFC 5322 Message-ID without angle brackets, else the platform's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<String>,
    /// The address (or number) of theirs that was really used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_identifier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_name: Option<String>,
    /// Our mailbox (or number).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_identifier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The visible text; may be empty where the platform gives none.
    #[serde(default)]
    pub content: String,
}

/// A meeting as its booking page or a person reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    pub platform: Platform,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    /// The booking's own id, stable over its events where the platform keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The booking that this one takes the place of, where a move gives a new id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The address with which they booked; it need not be the contact's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_identifier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_name: Option<String>,
    /// The address of our host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_identifier: Option<String>,
}

impl Meeting {
    /// A meeting of which nothing else is known.
    pub const fn on(platform: Platform) -> Self {
        Self {
            platform,
            starts_at: None,
            external_id: None,
            replaces: None,
            title: None,
            url: None,
            contact_identifier: None,
            contact_name: None,
            account_identifier: None,
        }
    }
}

/// What a payload says of the person; fills empty contact fields, never overwrites one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linkedin_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_linkedin_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_industry: Option<String>,
}

/// What happened, with the data that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventData {
    ContactAdded {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        list_id: Option<uuid::Uuid>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact_source: Option<ContactSource>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrichment_date: Option<DateTime<Utc>>,
    },
    EmailSent {
        message: Message,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<CampaignId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<u32>,
        #[serde(default)]
        last_in_sequence: bool,
        /// Written by a person, in the conversation, not by a sequence.
        #[serde(default)]
        manual: bool,
    },
    SequenceFinished {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<CampaignId>,
        finished_by: FinishedBy,
    },
    SequencePaused {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<CampaignId>,
    },
    SequenceResumed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<CampaignId>,
    },
    ReplyReceived {
        message: Message,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<CampaignId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        intent: Option<Intent>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sentiment: Option<Sentiment>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        auto_reply: Option<AutoReply>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        return_date: Option<NaiveDate>,
    },
    ReplyClassified {
        intent: Intent,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sentiment: Option<Sentiment>,
        /// Who decided: a category name, a label, a model, a person.
        decided_by: String,
        /// Set for "wrong person": the reading is clear, yet a person has to act.
        #[serde(default)]
        requires_action: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        return_date: Option<NaiveDate>,
        /// The key of the one message that it is about, which it then stands right behind, whatever its own time; none where it
        /// is about the newest one before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
    },
    EmailBounced {
        message: Message,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<CampaignId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<u32>,
        permanent: bool,
        /// RFC 3463 status where one is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status_code: Option<String>,
    },
    Unsubscribed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<CampaignId>,
    },
    EmailOpened {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<CampaignId>,
    },
    LinkClicked {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<CampaignId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    MessageLogged {
        message: Message,
        direction: Direction,
    },
    MeetingBooked {
        meeting: Meeting,
    },
    MeetingRescheduled {
        meeting: Meeting,
    },
    MeetingCancelled {
        meeting: Meeting,
    },
    MeetingCompleted {
        meeting: Meeting,
    },
    MeetingNoShow {
        meeting: Meeting,
    },
    /// The mark of a missed meeting was taken back.
    MeetingNoShowWithdrawn {
        meeting: Meeting,
    },
    DealWon {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_record: Option<String>,
    },
    DealDeclined {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    FollowUpSet {
        date: NaiveDate,
        reason: FollowUpReason,
    },
    WentSilent {},
    ReturnDue {},
    FollowUpDue {},
    /// Another writer changed the contact in the database: a person in an editor, an n8n node.
    ChangedOutside {
        changes: OutsideChange,
    },
    Erased {},
}

/// The columns that another writer changed, with their new values; absent ones it left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OutsideChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "told")]
    pub follow_up_date: Option<Option<NaiveDate>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "told")]
    pub follow_up_reason: Option<Option<FollowUpReason>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "told")]
    pub source: Option<Option<ContactSource>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "told")]
    pub list_id: Option<Option<uuid::Uuid>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "told")]
    pub converted_client_id: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converted_to_client: Option<bool>,
    /// Only ever true: it never goes back, so no one can take it away.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_engaged: bool,
    /// Profile columns by name; null empties one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub profile: BTreeMap<String, Option<String>>,
}

/// Tells a field that is null from one that is absent.
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
fn told<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(value).map(Some)
}

impl Profile {
    /// The field of a column of `contacts`.
    pub fn field_mut(&mut self, column: &str) -> Option<&mut Option<String>> {
        match column {
            "first_name" => Some(&mut self.first_name),
            "last_name" => Some(&mut self.last_name),
            "phone" => Some(&mut self.phone),
            "company_name" => Some(&mut self.company_name),
            "job_title" => Some(&mut self.job_title),
            "linkedin_url" => Some(&mut self.linkedin_url),
            "company_linkedin_url" => Some(&mut self.company_linkedin_url),
            "company_website" => Some(&mut self.company_website),
            "company_size" => Some(&mut self.company_size),
            "company_industry" => Some(&mut self.company_industry),
            _ => None,
        }
    }
}

/// The rank of what they wrote.
pub const RANK_OF_MESSAGES: u8 = 5;

impl EventData {
    /// The kind's name as the SPEC, the database and the JSON answers write it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ContactAdded { .. } => "contact_added",
            Self::EmailSent { .. } => "email_sent",
            Self::SequenceFinished { .. } => "sequence_finished",
            Self::SequencePaused { .. } => "sequence_paused",
            Self::SequenceResumed { .. } => "sequence_resumed",
            Self::ReplyReceived { .. } => "reply_received",
            Self::ReplyClassified { .. } => "reply_classified",
            Self::EmailBounced { .. } => "email_bounced",
            Self::Unsubscribed { .. } => "unsubscribed",
            Self::EmailOpened { .. } => "email_opened",
            Self::LinkClicked { .. } => "link_clicked",
            Self::MessageLogged { .. } => "message_logged",
            Self::MeetingBooked { .. } => "meeting_booked",
            Self::MeetingRescheduled { .. } => "meeting_rescheduled",
            Self::MeetingCancelled { .. } => "meeting_cancelled",
            Self::MeetingCompleted { .. } => "meeting_completed",
            Self::MeetingNoShow { .. } => "meeting_no_show",
            Self::MeetingNoShowWithdrawn { .. } => "meeting_no_show_withdrawn",
            Self::DealWon { .. } => "deal_won",
            Self::DealDeclined { .. } => "deal_declined",
            Self::FollowUpSet { .. } => "follow_up_set",
            Self::WentSilent {} => "went_silent",
            Self::ReturnDue {} => "return_due",
            Self::FollowUpDue {} => "follow_up_due",
            Self::ChangedOutside { .. } => "changed_outside",
            Self::Erased {} => "erased",
        }
    }

    /// The order of kinds at equal times (SPEC 3, rulings on the edges).
    pub const fn rank(&self) -> u8 {
        match self {
            Self::ContactAdded { .. } => 0,
            Self::EmailSent { .. } => 1,
            Self::SequenceFinished { .. } | Self::SequencePaused { .. } | Self::SequenceResumed { .. } => 2,
            Self::EmailOpened { .. } | Self::LinkClicked { .. } => 3,
            Self::EmailBounced { .. } => 4,
            Self::ReplyReceived { .. } | Self::MessageLogged { .. } => RANK_OF_MESSAGES,
            Self::ReplyClassified { .. } => 6,
            any!(Self: MeetingBooked MeetingRescheduled MeetingCancelled MeetingCompleted MeetingNoShow
                MeetingNoShowWithdrawn) => 7,
            Self::DealWon { .. } | Self::DealDeclined { .. } => 8,
            Self::FollowUpSet { .. } => 9,
            Self::WentSilent {} | Self::ReturnDue {} | Self::FollowUpDue {} => 10,
            Self::ChangedOutside { .. } => 11,
            Self::Unsubscribed { .. } => 12,
            Self::Erased {} => 13,
        }
    }
}

/// One normalised fact about one contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    pub client_id: ClientId,
    /// The contact's address: the lead's, not necessarily the one that wrote.
    pub email: Email,
    pub source: Source,
    /// Identity of the event, unique per client; see [`super::identity`].
    pub dedupe_key: String,
    pub facts: Facts,
    /// Keys of earlier events of this client that tell whose it is, the surest first: the event belongs to whom the first known one
    /// belongs to, whatever address it carries itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lineage: Vec<String>,
}

/// An event that carries no address: only its lineage tells whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Orphan {
    pub client_id: ClientId,
    pub source: Source,
    pub dedupe_key: String,
    pub facts: Facts,
    /// As in [`Event::lineage`].
    pub lineage: Vec<String>,
    /// Why it can't be taken where nothing of its lineage is known.
    pub reason: String,
}

impl Orphan {
    /// The event, once it is known whose it is.
    pub fn of(self, email: Email) -> Event {
        let Self { client_id, source, dedupe_key, facts, lineage, reason: _ } = self;
        Event { client_id, email, source, dedupe_key, facts, lineage }
    }
}

/// What is known of an event; the part that is stored and merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub occurred_at: DateTime<Utc>,
    /// False where the report carried no usable time and that of receipt stands in.
    pub time_known: bool,
    #[serde(default, skip_serializing_if = "is_empty")]
    pub profile: Profile,
    #[serde(flatten)]
    pub data: EventData,
}

fn is_empty(profile: &Profile) -> bool {
    *profile == Profile::default()
}

impl Event {
    pub fn contact_key(&self) -> ContactKey {
        ContactKey { client_id: self.client_id.clone(), email: self.email.clone() }
    }
}

/// A change of a whole campaign at its platform; it is spread over the contacts in that campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CampaignChange {
    pub client_id: ClientId,
    pub campaign: CampaignId,
    pub source: Source,
    pub occurred_at: DateTime<Utc>,
    pub change: CampaignMove,
    pub dedupe_key: String,
}

options!(CampaignMove {
    Paused => "paused",
    Resumed => "resumed",
    Completed => "completed",
});

/// Something a person must know that is about no contact: our mailbox is at fault, a platform complains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    pub client_id: ClientId,
    pub source: Source,
    pub kind: AlertKind,
    /// What it is about, where several occurrences are one alert: a mailbox. Without it each occurrence is its own.
    pub about: Option<String>,
    /// What happened and what to do, without secrets.
    pub text: String,
    pub campaign: Option<CampaignId>,
    pub occurred_at: DateTime<Utc>,
    pub dedupe_key: String,
}
