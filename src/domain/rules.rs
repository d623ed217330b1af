//! What the operator has decided and every decision of the engine depends on; handed down from the configuration.

use super::follow_up::Spans;
use super::ids::ClientId;
use super::notification::Subscriptions;
use super::outreach::Outreach;
use super::suppression::Suppression;
use std::collections::BTreeMap;

/// Spans, and which follow-on work is wanted at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    pub spans: Spans,
    pub wants: Wants,
    pub suppression: Suppression,
}

/// Follow-on work that is optional. What is not wanted leaves no tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    pub ai: AiWants,
    /// Where opt-outs of a client's contacts are told: the platforms that can be called for it.
    pub blocks: BTreeMap<ClientId, Vec<Outreach>>,
    pub notifications: Subscriptions,
    /// The conversation of whoever engaged is indexed by its meaning.
    pub vectors: bool,
}

/// What a language model is asked. Absent where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AiWants {
    /// To read replies whose meaning is unclear, so long after they came: a platform's own category may come first.
    pub classify_after_ms: Option<i64>,
    /// To sum up conversations, so long after they changed: what comes meanwhile is summed up with it.
    pub summarise_after_ms: Option<i64>,
}
