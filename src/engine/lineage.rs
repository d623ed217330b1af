//! Whose an event is where its own address does not tell: it goes back to earlier events, and belongs to whom they belong to.

use super::decide::Incoming;
use super::rows::Known;
use crate::domain::contact::Position;
use crate::domain::event::{Event, EventData, Facts, Orphan, Profile};
use crate::domain::fold;
use crate::domain::follow_up::meeting_of;
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::domain::merge;
use std::borrow::Cow;
use std::collections::HashMap;

/// What is told of an event that is about one of several attendees, none of them the contact.
const OF_A_GUEST: &str = "it is about a guest of the booking, not about its contact";

/// The batch with every event at its contact: events whose lineage names a known one, of the database or of this batch, are taken
/// to that one's contact, and those without an address become events there or are not understood. An event that is known under
/// its own key stays where it is. `known` must hold the events of all lineages.
pub fn settle<'a>(batch: &'a [Incoming], known: &Known) -> Cow<'a, [Incoming]> {
    if batch.iter().all(|incoming| incoming.orphans.is_empty() && incoming.events.iter().all(|e| e.lineage.is_empty()))
    {
        return Cow::Borrowed(batch);
    }
    let homes = Homes::of(batch, known);
    Cow::Owned(batch.iter().map(|incoming| settled(incoming, &homes)).collect())
}

/// The keys that must be known before a batch can be settled: its own and those of its lineages.
pub fn keys(incoming: &Incoming) -> impl Iterator<Item = (&ClientId, &str)> {
    let of_events = incoming.events.iter().map(|event| (&event.client_id, &event.dedupe_key, &event.lineage));
    let of_orphans = incoming.orphans.iter().map(|orphan| (&orphan.client_id, &orphan.dedupe_key, &orphan.lineage));
    of_events.chain(of_orphans).flat_map(|(client_id, dedupe_key, lineage)| {
        std::iter::once(dedupe_key).chain(lineage).map(move |key| (client_id, key.as_str()))
    })
}

fn settled(incoming: &Incoming, homes: &Homes<'_>) -> Incoming {
    let mut settled =
        Incoming { events: Vec::with_capacity(incoming.events.len()), orphans: Vec::new(), ..incoming.clone() };
    for event in &incoming.events {
        match homes.by_key.get(&(&event.client_id, event.dedupe_key.as_str())) {
            Some(Home::Contact(email)) if *email != event.email && !event.lineage.is_empty() => {
                settled.events.push(at_home(event.clone(), email.clone()));
            }
            Some(Home::Guest) => {
                settled.ignored.push(format!("{}: {OF_A_GUEST}", event.facts.data.kind()));
            }
            Some(Home::Contact(_)) | None => settled.events.push(event.clone()),
        }
    }
    for orphan in &incoming.orphans {
        match homes.by_key.get(&(&orphan.client_id, orphan.dedupe_key.as_str())) {
            Some(Home::Contact(email)) => settled.events.push(orphan.clone().of(email.clone())),
            Some(Home::Guest) | None => settled.unrecognised.push(orphan.reason.clone()),
        }
    }
    settled
}

/// What a booking tells of the person is told of whoever booked with that address, not of the contact.
fn at_home(mut event: Event, email: Email) -> Event {
    event.email = email;
    event.facts.profile = Profile::default();
    event
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Home {
    Contact(Email),
    /// About a person of whom nothing is to be kept.
    Guest,
}

/// An event of the batch, with or without an address.
struct Claim<'a> {
    position: Position,
    client_id: &'a ClientId,
    dedupe_key: &'a str,
    facts: &'a Facts,
    lineage: &'a [String],
    email: Option<&'a Email>,
}

impl<'a> Claim<'a> {
    fn of_event(event: &'a Event) -> Self {
        Self {
            position: fold::position(event),
            client_id: &event.client_id,
            dedupe_key: &event.dedupe_key,
            facts: &event.facts,
            lineage: &event.lineage,
            email: Some(&event.email),
        }
    }

    fn of_orphan(orphan: &'a Orphan) -> Self {
        let Orphan { client_id, source: _, dedupe_key, facts, lineage, reason: _ } = orphan;
        let position = Position(facts.occurred_at, facts.data.rank(), dedupe_key.clone());
        Self { position, client_id, dedupe_key, facts, lineage, email: None }
    }
}

struct Homes<'a> {
    known: &'a Known,
    by_key: HashMap<(&'a ClientId, &'a str), Home>,
    /// The addresses with which the batch's own bookings were made.
    attendees: HashMap<(&'a ClientId, &'a str), &'a str>,
}

impl<'a> Homes<'a> {
    /// In the order in which things happened, because what came first is what the later goes back to.
    fn of(batch: &'a [Incoming], known: &'a Known) -> Self {
        let mut claims: Vec<Claim<'a>> = batch
            .iter()
            .flat_map(|incoming| {
                let orphans = incoming.orphans.iter().map(Claim::of_orphan);
                incoming.events.iter().map(Claim::of_event).chain(orphans)
            })
            .collect();
        claims.sort_by(|a, b| a.position.cmp(&b.position));
        let mut homes = Self { known, by_key: HashMap::new(), attendees: HashMap::new() };
        for claim in claims {
            let key = (claim.client_id, claim.dedupe_key);
            if !homes.by_key.contains_key(&key)
                && let Some(home) = homes.home(&claim)
            {
                homes.by_key.insert(key, home);
                homes.attendees.extend(attendee(&claim.facts.data).map(|attendee| (key, attendee)));
            }
        }
        homes
    }

    fn home(&self, claim: &Claim<'a>) -> Option<Home> {
        if let Some(stored) = self.known.events.get(&(claim.client_id.clone(), claim.dedupe_key.to_owned())) {
            return Some(Home::Contact(stored.key.email.clone()));
        }
        let Some((email, booked_by)) = claim.lineage.iter().find_map(|key| self.ancestor(claim.client_id, key)) else {
            return claim.email.cloned().map(Home::Contact);
        };
        match claim.email {
            Some(own) if is_about_another(&claim.facts.data, booked_by.as_deref()) => {
                let key = ContactKey { client_id: claim.client_id.clone(), email: own.clone() };
                let is_contact = self.known.contacts.contains_key(&key);
                Some(if is_contact { Home::Contact(own.clone()) } else { Home::Guest })
            }
            Some(_) | None => Some(Home::Contact(email)),
        }
    }

    /// Whose a known event is, and the address with which it was booked.
    fn ancestor(&self, client_id: &ClientId, key: &str) -> Option<(Email, Option<String>)> {
        if let Some(Home::Contact(email)) = self.by_key.get(&(client_id, key)) {
            let attendee = self.attendees.get(&(client_id, key)).map(|attendee| (*attendee).to_owned());
            return Some((email.clone(), attendee));
        }
        let stored = self.known.events.get(&(client_id.clone(), key.to_owned()))?;
        let facts = merge::merged(&stored.seen)?;
        Some((stored.key.email.clone(), attendee(&facts.data).map(str::to_owned)))
    }
}

fn attendee(data: &EventData) -> Option<&str> {
    meeting_of(data)?.contact_identifier.as_deref()
}

/// Whether somebody came is told of each attendee; a booking has several, and one of them is its contact.
fn is_about_another(data: &EventData, booked_by: Option<&str>) -> bool {
    matches!(data, EventData::MeetingNoShow { .. } | EventData::MeetingNoShowWithdrawn { .. })
        && booked_by.zip(attendee(data)).is_some_and(|(booked_by, attendee)| booked_by != attendee)
}

#[cfg(test)]
mod tests;
