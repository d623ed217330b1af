//! What other systems can be told, and who wants to hear of it.

use super::ids::ClientId;
use super::stage::options;
use std::sync::Arc;

options!(
    /// What a notification tells.
    NotificationKind {
        StageChanged => "contact.stage_changed",
        NeedsAction => "reply.needs_action",
        Promoted => "lead.promoted",
        FollowUpDue => "follow_up.due",
        AlertRaised => "alert.raised",
        DealWon => "deal.won",
    }
);

/// A target and what it wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The target's name in the configuration.
    pub target: String,
    /// Whose contacts it hears of; none hears of all clients'.
    pub client: Option<ClientId>,
    pub kinds: Vec<NotificationKind>,
}

/// All subscriptions; handed down in many copies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscriptions(Arc<[Subscription]>);

impl Subscriptions {
    pub fn new(subscriptions: Vec<Subscription>) -> Self {
        Self(subscriptions.into())
    }

    /// Who wants to hear this of a client.
    pub fn targets<'a>(
        &'a self,
        client: &'a ClientId,
        kind: NotificationKind,
    ) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0
            .iter()
            .filter(move |subscription| {
                subscription.kinds.contains(&kind) && subscription.client.as_ref().is_none_or(|own| own == client)
            })
            .map(|subscription| subscription.target.as_str())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether anybody wants to hear of this kind at all.
    pub fn has(&self, kind: NotificationKind) -> bool {
        self.0.iter().any(|subscription| subscription.kinds.contains(&kind))
    }
}
