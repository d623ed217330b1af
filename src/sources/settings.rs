//! What the configuration says of one client's sources. The configuration file is read into these types as they stand.

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
    pub api_key: Option<Secret>,
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
    pub api_key: Option<Secret>,
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

/// The sources of one client; an absent one is refused.
#[derive(Debug, Clone, Default)]
pub struct ClientSources {
    pub smartlead: Option<SmartleadSettings>,
    pub instantly: Option<InstantlySettings>,
    pub n8n: Option<N8nSettings>,
}
