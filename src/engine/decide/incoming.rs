//! What comes in: deliveries, understood; and what other writers changed, as events of the engine's own.

use crate::domain::event::{Alert, CampaignChange, Event, EventData, Facts, Orphan, OutsideChange, Profile, Source};
use crate::domain::identity::platform_key;
use crate::domain::ids::{ClientId, ContactKey};
use crate::engine::rows::{Known, KnownContact};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// One delivery of a batch, understood.
#[derive(Debug, Clone)]
pub struct Incoming {
    pub delivery_id: Uuid,
    pub client_id: ClientId,
    pub source: Source,
    pub received_at: DateTime<Utc>,
    pub events: Vec<Event>,
    /// Taken by [`crate::engine::lineage::settle`]; a batch that is decided has none.
    pub orphans: Vec<Orphan>,
    pub campaign_changes: Vec<CampaignChange>,
    pub alerts: Vec<Alert>,
    pub unrecognised: Vec<String>,
    pub ignored: Vec<String>,
    pub body: String,
    pub body_sha256: [u8; 32],
    /// Events that the engine found itself (scheduler, spread campaign changes) come without a delivery to keep.
    pub is_webhook: bool,
    /// Whose payload it is, where n8n only forwarded it; without it the body could not be read again.
    pub forwarded_as: Option<Source>,
    /// Of its request, where traces are kept: what follows from it goes on there.
    pub traceparent: Option<String>,
}

impl Incoming {
    /// Events that no webhook brought: the engine found them itself, or fetched them.
    pub fn of_events(
        delivery_id: Uuid,
        client_id: ClientId,
        source: Source,
        received_at: DateTime<Utc>,
        events: Vec<Event>,
    ) -> Self {
        Self {
            delivery_id,
            client_id,
            source,
            received_at,
            events,
            orphans: Vec::new(),
            campaign_changes: Vec::new(),
            alerts: Vec::new(),
            unrecognised: Vec::new(),
            ignored: Vec::new(),
            body: String::new(),
            body_sha256: [0; 32],
            is_webhook: false,
            forwarded_as: None,
            traceparent: None,
        }
    }
}

/// What other writers changed in the database, as events like all others: they take their place in the order of time and have
/// their reason in the contact's history.
pub fn outside_changes(known: &Known, now: DateTime<Utc>) -> Vec<Incoming> {
    let mut changed: Vec<(&ContactKey, &KnownContact)> =
        known.contacts.iter().filter(|(_, known)| !known.outside.is_empty()).collect();
    changed.sort_by_key(|(key, _)| *key);
    changed
        .into_iter()
        .map(|(key, known)| {
            let event =
                |(at, change): &(DateTime<Utc>, OutsideChange)| outside_event(key, known.contact_id, *at, change);
            let events = known.outside.iter().map(event).collect();
            Incoming::of_events(known.contact_id, key.client_id.clone(), Source::Operator, now, events)
        })
        .collect()
}

fn outside_event(key: &ContactKey, contact_id: Uuid, at: DateTime<Utc>, change: &OutsideChange) -> Event {
    let data = EventData::ChangedOutside { changes: change.clone() };
    Event {
        client_id: key.client_id.clone(),
        email: key.email.clone(),
        source: Source::Operator,
        dedupe_key: platform_key(data.kind(), "database", &[&contact_id.to_string(), &at.to_rfc3339()]),
        facts: Facts { occurred_at: at, time_known: true, profile: Profile::default(), data },
        lineage: Vec::new(),
    }
}
