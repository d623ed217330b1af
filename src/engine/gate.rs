//! Who is suppressed: what is told of erased persons is not kept, and nobody on the list becomes a contact.

use super::decide::Incoming;
use super::rows::{Known, Outcome};
use crate::domain::any;
use crate::domain::erasure::Person;
use crate::domain::event::{Event, EventData};
use crate::domain::ids::{ClientId, Email};
use crate::domain::stage::Stage;
use crate::domain::suppression::{Reason, Refusal, is_erased, reason_for};

/// In the answer to whoever posts about an erased person.
const ERASED: &str = "the person was erased: nothing of it is kept";

/// What is not let in, and the reason to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stopped {
    pub(super) outcome: Outcome,
    pub(super) reason: String,
}

/// None where the event may pass.
pub(super) fn stopped(event: &Event, known: &Known) -> Option<Stopped> {
    if known.suppressed.is_empty() {
        return None;
    }
    if addresses(event).iter().any(|email| is_of_erased(known, &event.client_id, email)) {
        return Some(Stopped { outcome: Outcome::Ignored, reason: ERASED.to_owned() });
    }
    let EventData::ContactAdded { .. } = event.facts.data else { return None };
    // Whoever opted out with this client is refused by the table, which tells it in the contact's own history.
    let is_out =
        known.contacts.get(&event.contact_key()).is_some_and(|known| known.contact.stage == Stage::DoNotContact);
    let reason = suppressed(known, &event.client_id, &event.email).filter(|_| !is_out)?;
    Some(Stopped { outcome: Outcome::Refused, reason: Refusal(reason).to_string() })
}

/// Why this client must not write to an address, whatever the contact's stage.
pub(super) fn suppressed(known: &Known, client_id: &ClientId, email: &Email) -> Option<Reason> {
    known.suppressed.get(email).and_then(|listed| reason_for(listed, client_id, None))
}

fn is_of_erased(known: &Known, client_id: &ClientId, email: &Email) -> bool {
    known.suppressed.get(email).is_some_and(|listed| is_erased(listed, client_id))
}

/// The erased persons of a delivery, to be taken out of what is kept of it.
pub(super) fn erased(incoming: &Incoming, known: &Known) -> Option<Person> {
    if known.suppressed.is_empty() {
        return None;
    }
    let mut erased: Vec<Email> =
        asked(incoming).into_iter().filter(|email| is_of_erased(known, &incoming.client_id, email)).collect();
    erased.dedup();
    (!erased.is_empty()).then(|| Person::of(&erased))
}

/// The addresses of a delivery of which it must be known whether they are suppressed: its events' own, the ones that were really
/// used, and where something in the body is no event all that stand in it.
pub fn asked(incoming: &Incoming) -> Vec<Email> {
    let mut emails: Vec<Email> = incoming.events.iter().flat_map(addresses).collect();
    let orphans = incoming.orphans.iter().filter_map(|orphan| used(&orphan.facts.data));
    emails.extend(orphans);
    if incoming.is_webhook && !is_all_events(incoming) {
        emails.extend(crate::domain::erasure::addresses_in(&incoming.body));
    }
    emails.sort();
    emails.dedup();
    emails
}

/// Whether its events are all that it tells of anybody.
fn is_all_events(incoming: &Incoming) -> bool {
    !incoming.events.is_empty()
        && incoming.unrecognised.is_empty()
        && incoming.orphans.is_empty()
        && incoming.ignored.is_empty()
        && incoming.alerts.is_empty()
}

fn addresses(event: &Event) -> Vec<Email> {
    let own = event.email.clone();
    match used(&event.facts.data).filter(|used| *used != own) {
        Some(used) => vec![own, used],
        None => vec![own],
    }
}

/// The address of theirs that was really used.
fn used(data: &EventData) -> Option<Email> {
    let identifier = match data {
        EventData::EmailSent { message, .. }
        | EventData::ReplyReceived { message, .. }
        | EventData::EmailBounced { message, .. }
        | EventData::MessageLogged { message, .. } => message.contact_identifier.as_deref(),
        EventData::MeetingBooked { meeting }
        | EventData::MeetingRescheduled { meeting }
        | EventData::MeetingCancelled { meeting }
        | EventData::MeetingCompleted { meeting }
        | EventData::MeetingNoShow { meeting }
        | EventData::MeetingNoShowWithdrawn { meeting } => meeting.contact_identifier.as_deref(),
        any!(EventData: ContactAdded SequenceFinished SequencePaused SequenceResumed ReplyClassified Unsubscribed
            EmailOpened LinkClicked DealWon DealDeclined FollowUpSet WentSilent ReturnDue FollowUpDue ChangedOutside
            Erased) => None,
    };
    identifier.and_then(|identifier| Email::parse(identifier).ok())
}
