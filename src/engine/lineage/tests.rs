//! Whose an event is, case by case.

use super::*;
use crate::domain::event::{Meeting, Platform, Source};
use crate::domain::stage::Stage;
use crate::engine::rows::{KnownContact, Seen, StoredEvent, Verdict};
use chrono::{DateTime, TimeZone, Utc};
use uuid::Uuid;

const GUEST: &str = "meeting_no_show: it is about a guest of the booking, not about its contact";

fn at(minute: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 10, 1, 9, minute, 0).unwrap()
}

fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.com")).unwrap()
}

fn meeting(attendee: Option<&str>) -> Meeting {
    let contact_identifier = attendee.map(|name| email(name).as_str().to_owned());
    Meeting { contact_identifier, ..Meeting::on(Platform::CalCom) }
}

fn facts(minute: u32, data: EventData) -> Facts {
    let profile = Profile { first_name: Some("Ada".to_owned()), ..Profile::default() };
    Facts { occurred_at: at(minute), time_known: true, profile, data }
}

fn event(key: &str, of: &str, minute: u32, lineage: &[&str], data: EventData) -> Event {
    Event {
        client_id: ClientId::parse("acme").unwrap(),
        email: email(of),
        source: Source::Calcom,
        dedupe_key: key.to_owned(),
        facts: facts(minute, data),
        lineage: lineage.iter().map(|key| (*key).to_owned()).collect(),
    }
}

fn booked(key: &str, of: &str, minute: u32) -> Event {
    event(key, of, minute, &[], EventData::MeetingBooked { meeting: meeting(Some(of)) })
}

fn moved(key: &str, of: &str, minute: u32, from: &str) -> Event {
    event(key, of, minute, &[from], EventData::MeetingRescheduled { meeting: meeting(Some(of)) })
}

fn missed(key: &str, of: &str, minute: u32, from: &[&str]) -> Event {
    event(key, of, minute, from, EventData::MeetingNoShow { meeting: meeting(Some(of)) })
}

fn orphan(key: &str, minute: u32, lineage: &[&str]) -> Orphan {
    Orphan {
        client_id: ClientId::parse("acme").unwrap(),
        source: Source::Calendly,
        dedupe_key: key.to_owned(),
        facts: facts(minute, EventData::MeetingNoShow { meeting: meeting(None) }),
        lineage: lineage.iter().map(|key| (*key).to_owned()).collect(),
        reason: "nobody knows whose it is".to_owned(),
    }
}

fn incoming(events: Vec<Event>, orphans: Vec<Orphan>) -> Incoming {
    let client_id = ClientId::parse("acme").unwrap();
    let of_events = Incoming::of_events(Uuid::nil(), client_id, Source::Calcom, at(59), events);
    Incoming { orphans, is_webhook: true, ..of_events }
}

/// The database: events with their contacts, and contacts alone.
fn known(client: &str, events: &[(Event, &str)], contacts: &[&str]) -> Known {
    let client_id = ClientId::parse(client).unwrap();
    let mut known = Known::default();
    for (event, of) in events {
        let key = ContactKey { client_id: client_id.clone(), email: email(of) };
        let stored = StoredEvent {
            event_id: Uuid::nil(),
            contact_id: Uuid::nil(),
            key,
            dedupe_key: event.dedupe_key.clone(),
            seen: Seen::from([(event.source, event.facts.clone())]),
            verdict: Verdict {
                stage_before: Stage::New,
                stage_after: Stage::MeetingBooked,
                refused: false,
                rule: String::new(),
            },
        };
        known.events.insert((client_id.clone(), event.dedupe_key.clone()), stored);
    }
    for name in contacts {
        let contact = KnownContact {
            contact_id: Uuid::nil(),
            contact: crate::domain::contact::Contact::default(),
            airtable_lead_id: None,
            is_adopted: false,
            outside: Vec::new(),
            version: 0,
        };
        known.contacts.insert(ContactKey { client_id: client_id.clone(), email: email(name) }, contact);
    }
    known
}

/// `key of whom`, and what was left out.
fn settled_texts(batch: &[Incoming], known: &Known) -> Vec<String> {
    let batch = settle(batch, known);
    let mut texts = Vec::new();
    for incoming in batch.iter() {
        assert!(incoming.orphans.is_empty(), "a settled batch has no orphans");
        for event in &incoming.events {
            let name = event.email.as_str().split('@').next().unwrap();
            let has_profile = if event.facts.profile == Profile::default() { "" } else { " with a profile" };
            texts.push(format!("{} of {name}{has_profile}", event.dedupe_key));
        }
        texts.extend(incoming.unrecognised.iter().chain(&incoming.ignored).cloned());
    }
    texts
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn an_event_belongs_to_whom_its_lineage_belongs_to() {
    let nothing = Known::default();
    let a_booking = || known("acme", &[(booked("b1", "ada", 1), "ada")], &["ada"]);
    let rows: Vec<(&str, Known, Vec<Incoming>, &[&str])> = vec![
        (
            "nothing of the lineage is known: by its own address",
            known("acme", &[], &[]),
            vec![incoming(vec![moved("r2", "bea", 2, "b1")], vec![])],
            &["r2 of bea with a profile"],
        ),
        (
            "a booking of the database, another address now; what is told of that person stays out",
            a_booking(),
            vec![incoming(vec![moved("r2", "bea", 2, "b1")], vec![])],
            &["r2 of ada"],
        ),
        (
            "the same address keeps what it tells",
            a_booking(),
            vec![incoming(vec![moved("r2", "ada", 2, "b1")], vec![])],
            &["r2 of ada with a profile"],
        ),
        (
            "a booking of the same batch, and a chain of moves, posted backwards",
            known("acme", &[], &[]),
            vec![
                incoming(vec![moved("r3", "cleo", 3, "r2")], vec![]),
                incoming(vec![moved("r2", "bea", 2, "b1")], vec![]),
                incoming(vec![booked("b1", "ada", 1)], vec![]),
            ],
            &["r3 of ada", "r2 of ada", "b1 of ada with a profile"],
        ),
        (
            "an event that is known under its own key keeps its contact",
            known("acme", &[(booked("b1", "ada", 1), "ada"), (moved("r2", "bea", 2, "b1"), "bea")], &[]),
            vec![incoming(vec![moved("r2", "bea", 2, "b1")], vec![])],
            &["r2 of bea with a profile"],
        ),
        (
            "repeated after it was taken to its contact, it tells nothing new",
            known("acme", &[(booked("b1", "ada", 1), "ada"), (moved("r2", "bea", 2, "b1"), "ada")], &[]),
            vec![incoming(vec![moved("r2", "bea", 2, "b1")], vec![])],
            &["r2 of ada"],
        ),
        (
            "another client's booking of the same id tells nothing",
            known("beta", &[(booked("b1", "ada", 1), "ada")], &["ada"]),
            vec![incoming(vec![moved("r2", "bea", 2, "b1")], vec![])],
            &["r2 of bea with a profile"],
        ),
        (
            "the first known key of several counts",
            known("acme", &[(booked("b1", "ada", 1), "ada"), (booked("b0", "cleo", 0), "cleo")], &[]),
            vec![incoming(vec![missed("n", "ada", 3, &["r9", "b1", "b0"])], vec![])],
            &["n of ada with a profile"],
        ),
        (
            "the attendee who booked missed it: the contact, under whatever address",
            known("acme", &[(booked("b1", "bea", 1), "ada")], &["ada"]),
            vec![incoming(vec![missed("n", "bea", 3, &["b1"])], vec![])],
            &["n of ada"],
        ),
        (
            "a guest missed it who is nobody's contact",
            a_booking(),
            vec![incoming(vec![missed("n", "gus", 3, &["b1"])], vec![])],
            &[GUEST],
        ),
        (
            "a guest missed it who is a contact too",
            known("acme", &[(booked("b1", "ada", 1), "ada")], &["ada", "gus"]),
            vec![incoming(vec![missed("n", "gus", 3, &["b1"])], vec![])],
            &["n of gus with a profile"],
        ),
        (
            "all who booked and a guest, told at once in one batch with the booking",
            known("acme", &[], &[]),
            vec![
                incoming(vec![missed("n1", "ada", 3, &["b1"]), missed("n2", "gus", 3, &["b1"])], vec![]),
                incoming(vec![booked("b1", "ada", 1)], vec![]),
            ],
            &["n1 of ada with a profile", GUEST, "b1 of ada with a profile"],
        ),
        (
            "an orphan finds its contact",
            a_booking(),
            vec![incoming(vec![], vec![orphan("n", 3, &["r1", "b1"])])],
            &["n of ada with a profile"],
        ),
        (
            "an orphan of a booking in the same batch",
            known("acme", &[], &[]),
            vec![incoming(vec![], vec![orphan("n", 3, &["b1"])]), incoming(vec![booked("b1", "ada", 1)], vec![])],
            &["n of ada with a profile", "b1 of ada with a profile"],
        ),
        (
            "an orphan that somebody else told with an address",
            known("acme", &[(missed("n", "ada", 3, &[]), "ada")], &[]),
            vec![incoming(vec![], vec![orphan("n", 3, &["b1"])])],
            &["n of ada with a profile"],
        ),
        (
            "an orphan of nothing that is known",
            known("acme", &[], &[]),
            vec![incoming(vec![], vec![orphan("n", 3, &["b1"])])],
            &["nobody knows whose it is"],
        ),
        (
            "a lineage that leads back to itself",
            nothing,
            vec![incoming(vec![moved("r1", "ada", 1, "r2"), moved("r2", "bea", 2, "r1")], vec![])],
            &["r1 of ada with a profile", "r2 of ada"],
        ),
    ];
    for (what, known, batch, expected) in rows {
        assert_eq!(settled_texts(&batch, &known), expected, "{what}");
    }
}

#[test]
fn a_batch_without_lineages_is_taken_as_it_is() {
    let batch = [incoming(vec![booked("b1", "ada", 1)], vec![])];
    assert!(matches!(settle(&batch, &Known::default()), Cow::Borrowed(_)));
}

#[test]
fn all_keys_that_must_be_known_are_asked_for() {
    let incoming = incoming(vec![moved("r2", "ada", 2, "b1")], vec![orphan("n", 3, &["r2", "b1"])]);
    let asked: Vec<&str> = keys(&incoming).map(|(_, key)| key).collect();
    assert_eq!(asked, ["r2", "b1", "n", "r2", "b1"]);
}
