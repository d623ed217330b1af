//! Suppressions and erasures.

use crate::domain::contact::Contact;
use crate::domain::ids::{ClientId, ContactKey};
use crate::domain::stage::options;
use crate::domain::suppression::{Reason, Scope, Target};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

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
