//! What the operator has decided and every decision of the engine depends on; handed down from the configuration.

use super::follow_up::Spans;
use super::ids::ClientId;
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
    /// Where opt-outs of a client's contacts are told: the platforms that can be called for it.
    pub blocks: BTreeMap<ClientId, Vec<Outreach>>,
}
