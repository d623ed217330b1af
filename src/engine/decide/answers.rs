//! What is answered to a delivery, and kept of it.

use super::incoming::Incoming;
use super::{EventId, Rim, Told};
use crate::domain::erasure::Person;
use crate::domain::event::Event;
use crate::domain::ids::ContactKey;
use crate::domain::stage::Stage;
use crate::engine::rows::{DeliveryRow, Known, KnownContact, Outcome, Verdict, Writes};
use crate::engine::{follow, gate};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use uuid::Uuid;

/// What happened to one event of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EventAnswer {
    /// None where the event was not kept.
    pub event_id: Option<Uuid>,
    pub kind: &'static str,
    /// None where there is no contact.
    pub contact_id: Option<Uuid>,
    pub email: String,
    pub stage_before: Option<Stage>,
    pub stage_after: Option<Stage>,
    pub outcome: Outcome,
    pub reason: String,
}

/// What happened to a delivery: the hook's answer (SPEC 10).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeliveryAnswer {
    pub delivery_id: Uuid,
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub events: Vec<EventAnswer>,
}

pub(super) fn answer(
    incoming: &Incoming,
    told: &HashMap<EventId, Told>,
    verdicts: &HashMap<EventId, Verdict>,
    contact_ids: &HashMap<ContactKey, (Uuid, Stage)>,
    known: &Known,
    rim: &mut Rim<'_>,
    writes: &mut Writes,
) -> DeliveryAnswer {
    let events: Vec<EventAnswer> = incoming
        .events
        .iter()
        .filter_map(|event| {
            if let Some(stopped) = gate::stopped(event, known) {
                let contact = known.contacts.get(&event.contact_key());
                // What is read again was told when it came.
                if stopped.outcome == Outcome::Refused && known.again.is_none() {
                    follow::log_refusal(event, contact, &stopped.reason, rim, writes);
                }
                return Some(stopped_answer(event, contact, stopped));
            }
            let id = (event.client_id.clone(), event.dedupe_key.clone());
            let told = told.get(&id)?;
            let (contact_id, stage) = *contact_ids.get(&told.key)?;
            // Of several reports in one batch the first is the event, the others repeat it.
            let verdict = verdicts.get(&id).filter(|_| told.delivery_id == incoming.delivery_id);
            let (stage_before, stage_after, outcome, reason) = match verdict {
                Some(verdict) => {
                    let outcome = if verdict.refused { Outcome::Refused } else { Outcome::Applied };
                    let reason = if known.events.contains_key(&id) {
                        format!("known already, this report adds to it: {}", verdict.rule)
                    } else {
                        verdict.rule.clone()
                    };
                    (verdict.stage_before, verdict.stage_after, outcome, reason)
                }
                None => (stage, stage, Outcome::Duplicate, "this event is known already".to_owned()),
            };
            Some(EventAnswer {
                event_id: Some(told.event_id),
                kind: event.facts.data.kind(),
                contact_id: Some(contact_id),
                email: told.key.email.as_str().to_owned(),
                stage_before: Some(stage_before),
                stage_after: Some(stage_after),
                outcome,
                reason,
            })
        })
        .collect();
    let erased = gate::erased(incoming, known);
    follow::write_changes_and_alerts(incoming, erased.as_ref(), rim, writes);
    let (outcome, reason) = outcome_of(incoming, &events);
    if incoming.is_webhook {
        writes.deliveries.push(delivery_row(incoming, erased.as_ref(), outcome, reason.clone(), &events));
    }
    DeliveryAnswer { delivery_id: incoming.delivery_id, outcome, reason, events }
}

/// Of an event that was not let in. Of an erased person there is no contact, whoever has a row with that address meanwhile.
fn stopped_answer(event: &Event, contact: Option<&KnownContact>, stopped: gate::Stopped) -> EventAnswer {
    let contact = contact.filter(|_| stopped.outcome != Outcome::Ignored);
    let stage = contact.map(|known| known.contact.stage);
    EventAnswer {
        event_id: None,
        kind: event.facts.data.kind(),
        contact_id: contact.map(|known| known.contact_id),
        email: event.email.as_str().to_owned(),
        stage_before: stage,
        stage_after: stage,
        outcome: stopped.outcome,
        reason: stopped.reason,
    }
}

/// What is kept of a request: of erased persons neither text nor hash, only that it came.
fn delivery_row(
    incoming: &Incoming,
    erased: Option<&Person>,
    outcome: Outcome,
    reason: Option<String>,
    events: &[EventAnswer],
) -> DeliveryRow {
    let (body, body_sha256, reason) = match erased {
        None => (incoming.body.clone(), incoming.body_sha256, reason),
        Some(person) => {
            let body = person.taken_out_of_body(&incoming.body);
            let hash = Sha256::digest(body.as_bytes()).into();
            (body, hash, reason.map(|reason| person.taken_out_of(&reason)))
        }
    };
    let kept = events.iter().filter(|event| event.event_id.is_some()).count();
    DeliveryRow {
        delivery_id: incoming.delivery_id,
        client_id: incoming.client_id.clone(),
        source: incoming.source,
        received_at: incoming.received_at,
        outcome,
        reason,
        body,
        body_sha256,
        events_count: u32::try_from(kept).unwrap_or(u32::MAX),
        forwarded_as: incoming.forwarded_as,
    }
}

/// A delivery with any part that was not understood is shown as unrecognised, so that no part is lost unseen.
fn outcome_of(incoming: &Incoming, events: &[EventAnswer]) -> (Outcome, Option<String>) {
    let did_something = events.iter().any(|event| matches!(event.outcome, Outcome::Applied | Outcome::Refused))
        || !incoming.campaign_changes.is_empty()
        || !incoming.alerts.is_empty();
    if !incoming.unrecognised.is_empty() {
        let mut reason = incoming.unrecognised.join("; ");
        if !events.is_empty() {
            reason = format!("{reason} (the other {} events were taken)", events.len());
        }
        return (Outcome::Unrecognised, Some(reason));
    }
    if did_something {
        return (Outcome::Applied, None);
    }
    if events.iter().any(|event| event.outcome == Outcome::Duplicate) {
        return (Outcome::Duplicate, Some("every event in it is known already".to_owned()));
    }
    if let Some(stopped) = events.first() {
        return (Outcome::Ignored, Some(stopped.reason.clone()));
    }
    let reason = if incoming.ignored.is_empty() { "nothing in it".to_owned() } else { incoming.ignored.join("; ") };
    (Outcome::Ignored, Some(reason))
}
