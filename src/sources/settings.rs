//! What the configuration says of one client's sources. The configuration file is read into these types as they stand.

use crate::domain::ids::Email;
use crate::domain::stage::options;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// A secret value; never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for comparing and signing only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

options!(
    /// What a platform's category or label means: an intent, or an event of its own.
    Meaning {
        InterestedReadyToTalk => "interested_ready_to_talk",
        InterestedWantsInfo => "interested_wants_info",
        PricingQuestion => "pricing_question",
        QuestionAboutProduct => "question_about_product",
        ObjectionPrice => "objection_price",
        ObjectionTiming => "objection_timing",
        ObjectionHasSolution => "objection_has_solution",
        NotInterested => "not_interested",
        NotInterestedTiming => "not_interested_timing",
        WrongPerson => "wrong_person",
        OutOfOffice => "out_of_office",
        Unsubscribe => "unsubscribe",
        Other => "other",
        MeetingBooked => "meeting_booked",
        MeetingCancelled => "meeting_cancelled",
        MeetingCompleted => "meeting_completed",
        MeetingNoShow => "meeting_no_show",
        DealWon => "deal_won",
        DealDeclined => "deal_declined",
        SenderProblem => "sender_problem",
        Ignore => "ignore",
    }
);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmartleadSettings {
    /// Compared with the body's `secret_key`; any one may match (rotation).
    pub secrets: Vec<Secret>,
    /// Compared with `?token=`; any one may match.
    pub url_tokens: Vec<Secret>,
    /// Keys of `X-Smartlead-Signature`, checked where configured and the header is present.
    pub signature_secrets: Vec<Secret>,
    /// For stopping sequences; without it they wait as tasks.
    pub api_key: Option<Secret>,
    /// A sandbox or a proxy.
    pub api_url: Option<String>,
    /// What the plan allows; Smartlead's standard plan unless set.
    pub requests_per_second: Option<u32>,
    pub requests_per_minute: Option<u32>,
    pub requests_per_hour: Option<u32>,
    /// The owner's category names → meanings; they come before the built-in ones. Compared without case.
    pub categories: BTreeMap<String, Meaning>,
    /// Campaign id → number of steps, so that the last mail of a sequence is known as such.
    pub sequence_steps: BTreeMap<String, u32>,
    /// Accept posts that prove nothing. Told loudly at every start.
    pub insecure: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstantlySettings {
    /// Name of the header that was set on the webhook at Instantly.
    pub header: Option<String>,
    /// Values of that header; any one may match.
    pub secrets: Vec<Secret>,
    pub url_tokens: Vec<Secret>,
    /// For stopping sequences; without it they wait as tasks.
    pub api_key: Option<Secret>,
    /// A sandbox or a proxy.
    pub api_url: Option<String>,
    pub requests_per_second: Option<u32>,
    pub requests_per_minute: Option<u32>,
    /// The value of a label of the owner's that stops a lead; without one it is taken out of its campaign.
    pub stop_interest_value: Option<i64>,
    /// Custom label texts → meanings. Compared without case.
    pub labels: BTreeMap<String, Meaning>,
    pub sequence_steps: BTreeMap<String, u32>,
    pub insecure: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct N8nSettings {
    /// `whsec_…` for Standard Webhooks; any text as key of the hex HMAC or as value of the header secret.
    pub secrets: Vec<Secret>,
    /// Header with the hex HMAC-SHA256 of the raw body; `x-signature` unless set.
    pub signature_header: Option<String>,
    /// Header whose value is one of the secrets; none unless set.
    pub header: Option<String>,
    pub insecure: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CalcomSettings {
    /// The secret entered with the webhook at Cal.com; any one may hold.
    pub secrets: Vec<Secret>,
    pub insecure: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CalendlySettings {
    /// Signing keys of the webhook subscriptions; any one may hold.
    pub secrets: Vec<Secret>,
    /// How far the signed time may lie from ours, both ways.
    pub tolerance_seconds: u32,
    pub insecure: bool,
}

impl CalendlySettings {
    /// As in Calendly's own sample.
    pub const TOLERANCE_SECONDS: u32 = 180;
}

impl Default for CalendlySettings {
    fn default() -> Self {
        Self { secrets: Vec::new(), tolerance_seconds: Self::TOLERANCE_SECONDS, insecure: false }
    }
}

/// Gmail: who may push, which mailboxes are read, and with which right.
#[derive(Debug, Clone, Default)]
pub struct GmailSettings {
    /// The `aud` of Google's token; any one may match. Unless set on the subscription, it is the push endpoint's URL.
    pub audiences: Vec<String>,
    /// The `email` of Google's token: the account that was set on the subscription.
    pub service_account: Option<String>,
    pub mailboxes: Vec<Email>,
    /// `projects/…/topics/…`, to which the mailboxes tell of changes; without it they are only polled.
    pub topic: Option<String>,
    /// None: pushes are kept as tasks, and nothing is read.
    pub credentials: Option<GmailCredentials>,
    /// How often a mailbox that tells of nothing is looked at.
    pub poll_ms: i64,
    /// Google's quota of one mailbox.
    pub units_per_minute: u32,
    /// How far back a mailbox is read whose history is gone and of which it is not known when it was last read.
    pub full_sync_days: u32,
    pub insecure: bool,
}

/// The right to read mailboxes.
#[derive(Debug, Clone)]
pub enum GmailCredentials {
    /// OAuth: each mailbox's owner agreed.
    RefreshTokens { client_id: String, client_secret: Secret, by_mailbox: BTreeMap<Email, Secret> },
    /// A service account to which the domain's administrator delegated the right; the path of its JSON key.
    ServiceAccount { key_file: String },
}

/// The sources of one client; an absent one is refused.
#[derive(Debug, Clone, Default)]
pub struct ClientSources {
    pub smartlead: Option<SmartleadSettings>,
    pub instantly: Option<InstantlySettings>,
    pub n8n: Option<N8nSettings>,
    pub calcom: Option<CalcomSettings>,
    pub calendly: Option<CalendlySettings>,
    pub gmail: Option<GmailSettings>,
}
