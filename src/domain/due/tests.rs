//! When each thing falls due, to the microsecond, and as whose event.

use super::*;
use crate::domain::event::FollowUpReason;
use crate::domain::fold::apply;
use crate::domain::ids::{CampaignId, ClientId, Email};
use crate::domain::zone::Zones;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn key() -> ContactKey {
    ContactKey { client_id: ClientId::parse("acme").unwrap(), email: Email::parse("ada@example.com").unwrap() }
}

fn spans(zone: &str) -> Spans {
    let zones = Zones::new([(key().client_id, Zone::parse(zone).unwrap())].into());
    Spans { zones, ..Spans::default() }
}

fn found(due: Due, contact: &Contact, zone: &str, now: &str) -> Option<Event> {
    event(due, &key(), Uuid::from_u128(7), contact, &spans(zone), at(now))
}

/// Asserts that it is due at exactly this time, and that the event then does what it is for.
fn falls_due(due: Due, contact: &Contact, zone: &str, when: &str, after: Stage) -> Event {
    let now = at(when);
    let before = now - TimeDelta::microseconds(1);
    assert_eq!(event(due, &key(), Uuid::from_u128(7), contact, &spans(zone), before), None, "not before {when}");
    let event = event(due, &key(), Uuid::from_u128(7), contact, &spans(zone), now).expect(when);
    assert_eq!(event.facts.occurred_at, now);
    let late = found(due, contact, zone, "2027-06-01T00:00:00Z").unwrap();
    assert_eq!(late, event, "who looks later finds the same event");
    let mut contact = contact.clone();
    let step = apply(&mut contact, &event, &spans(zone));
    assert_eq!(step.after, after, "{}", step.rule);
    assert_eq!(found(due, &contact, zone, "2027-06-01T00:00:00Z"), None, "it is over then");
    event
}

fn interested() -> Contact {
    Contact {
        stage: Stage::Interested,
        last_reply_at: Some(at("2026-11-01T09:00:00Z")),
        last_contact_at: Some(at("2026-11-02T10:30:00Z")),
        last_touch_at: Some(at("2026-11-02T10:30:00Z")),
        ..Contact::default()
    }
}

fn absent(date: &str) -> Contact {
    Contact {
        stage: Stage::OutOfOffice,
        current_campaign: CampaignId::parse("1").ok(),
        follow_up_date: date.parse().ok(),
        follow_up_reason: Some(FollowUpReason::OutOfOfficeReturn),
        stage_since: Some(at("2026-10-20T08:00:00Z")),
        applied_until: Some(Position(at("2026-10-20T08:00:00Z"), 5, "k".into())),
        ..Contact::default()
    }
}

#[test]
fn silence_is_over_five_days_of_hours_and_not_five() {
    let silent = falls_due(Due::WentSilent, &interested(), "UTC", "2026-11-07T10:30:00.000001Z", Stage::Ghosted);
    assert!(silent.dedupe_key.starts_with("went_silent:scheduler:00000000-0000-0000-0000-000000000007:"));
    let met = Contact { last_touch_at: Some(at("2026-11-04T08:00:00Z")), ..interested() };
    falls_due(Due::WentSilent, &met, "UTC", "2026-11-09T08:00:00.000001Z", Stage::Ghosted);
    let since = Contact { stage_since: Some(at("2026-11-05T08:00:00Z")), ..interested() };
    falls_due(Due::WentSilent, &since, "UTC", "2026-11-10T08:00:00.000001Z", Stage::Ghosted);
    let answered = Contact { last_reply_at: interested().last_contact_at, ..interested() };
    assert_eq!(found(Due::WentSilent, &answered, "UTC", "2027-01-01T00:00:00Z"), None, "they wrote at the same moment");
    let never = Contact { last_reply_at: None, ..interested() };
    assert_eq!(found(Due::WentSilent, &never, "UTC", "2027-01-01T00:00:00Z"), None, "nobody who never wrote is silent");
    // The clocks of Berlin went back in between: five days are 120 hours all the same.
    let october = Contact {
        last_reply_at: Some(at("2026-10-22T09:00:00Z")),
        last_contact_at: Some(at("2026-10-23T09:00:00Z")),
        last_touch_at: None,
        ..interested()
    };
    falls_due(Due::WentSilent, &october, "Europe/Berlin", "2026-10-28T09:00:00.000001Z", Stage::Ghosted);
}

#[test]
fn a_return_is_due_when_its_day_begins_for_the_client() {
    let rows = [
        ("UTC", "2026-11-03", "2026-11-03T00:00:00Z"),
        ("Europe/Berlin", "2026-11-03", "2026-11-02T23:00:00Z"),
        ("America/New_York", "2026-11-03", "2026-11-03T05:00:00Z"),
        ("Pacific/Kiritimati", "2026-11-03", "2026-11-02T10:00:00Z"),
        // The days on which the clocks change.
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z"),
        ("Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00Z"),
        ("America/New_York", "2026-11-01", "2026-11-01T04:00:00Z"),
        ("America/New_York", "2027-03-15", "2027-03-15T04:00:00Z"),
        ("America/Havana", "2027-03-14", "2027-03-14T05:00:00Z"),
    ];
    for (zone, date, when) in rows {
        falls_due(Due::ReturnDue, &absent(date), zone, when, Stage::InSequence);
    }
    let without = Contact { current_campaign: None, ..absent("2026-11-03") };
    falls_due(Due::ReturnDue, &without, "UTC", "2026-11-03T00:00:00Z", Stage::NoReply);
    let told_today =
        Contact { applied_until: Some(Position(at("2026-11-03T09:00:00Z"), 5, "k".into())), ..absent("2026-11-03") };
    falls_due(Due::ReturnDue, &told_today, "UTC", "2026-11-03T09:00:00.000001Z", Stage::InSequence);
}

#[test]
fn two_absences_until_one_day_are_two_returns() {
    let first = found(Due::ReturnDue, &absent("2026-11-03"), "UTC", "2026-11-05T00:00:00Z").unwrap();
    let again = Contact { stage_since: Some(at("2026-11-03T09:00:00Z")), ..absent("2026-11-03") };
    assert_ne!(found(Due::ReturnDue, &again, "UTC", "2026-11-05T00:00:00Z").unwrap().dedupe_key, first.dedupe_key);
}

#[test]
fn a_follow_up_is_told_once_a_date() {
    let ghosted = Contact {
        stage: Stage::Ghosted,
        follow_up_date: "2026-11-03".parse().ok(),
        follow_up_reason: Some(FollowUpReason::GhostedFollowUp),
        ..Contact::default()
    };
    let first = falls_due(Due::FollowUpDue, &ghosted, "Europe/Berlin", "2026-11-02T23:00:00Z", Stage::Ghosted);
    let told = Contact { follow_up_told: ghosted.follow_up_date, ..ghosted.clone() };
    assert_eq!(found(Due::FollowUpDue, &told, "UTC", "2027-01-01T00:00:00Z"), None);
    let moved = Contact { follow_up_date: "2026-11-10".parse().ok(), ..told };
    let second = falls_due(Due::FollowUpDue, &moved, "UTC", "2026-11-10T00:00:00Z", Stage::Ghosted);
    assert_ne!(first.dedupe_key, second.dedupe_key);
    let meeting = Contact { stage: Stage::MeetingBooked, follow_up_reason: None, ..ghosted.clone() };
    assert_eq!(found(Due::FollowUpDue, &meeting, "UTC", "2027-01-01T00:00:00Z"), None, "a meeting's day is none");
    let by_hand = Contact { follow_up_reason: Some(FollowUpReason::Custom), ..meeting };
    assert!(found(Due::FollowUpDue, &by_hand, "UTC", "2027-01-01T00:00:00Z").is_some());
    assert_eq!(found(Due::FollowUpDue, &absent("2026-11-03"), "UTC", "2027-01-01T00:00:00Z"), None, "a return");
    let mut later = ghosted;
    later.follow_up_date = "2026-11-20".parse().ok();
    let step = apply(&mut later, &first, &spans("Europe/Berlin"));
    assert_eq!(
        (later.follow_up_told, step.rule.contains("its date was moved")),
        (None, true),
        "refuted by a late move"
    );
}

#[test]
fn a_sequence_is_over_after_fourteen_days_without_mail_unless_it_is_paused() {
    let running = Contact {
        stage: Stage::InSequence,
        current_campaign: CampaignId::parse("7").ok(),
        last_campaign_mail_at: Some(at("2026-11-01T09:00:00Z")),
        last_contact_at: Some(at("2026-11-01T09:00:00Z")),
        stage_since: Some(at("2026-10-20T09:00:00Z")),
        ..Contact::default()
    };
    let when = "2026-11-15T09:00:00.000001Z";
    let over = falls_due(Due::SequenceFinished, &running, "UTC", when, Stage::NoReply);
    assert!(over.dedupe_key.contains(":7:"), "{}", over.dedupe_key);
    let resumed = Contact { stage_since: Some(at("2026-11-10T00:00:00Z")), ..running.clone() };
    falls_due(Due::SequenceFinished, &resumed, "UTC", "2026-11-24T00:00:00.000001Z", Stage::NoReply);
    let paused = Contact { stage: Stage::SequencePaused, ..running.clone() };
    assert_eq!(found(Due::SequenceFinished, &paused, "UTC", "2027-01-01T00:00:00Z"), None);
    let mut written = Contact { last_campaign_mail_at: Some(at("2026-11-05T09:00:00Z")), ..running };
    let step = apply(&mut written, &over, &spans("UTC"));
    assert_eq!(step.after, Stage::InSequence, "a mail that is told late refutes it: {}", step.rule);
}

#[test]
fn what_was_told_by_an_old_zone_is_told_again_where_it_does_not_hold_by_the_new_one() {
    let told = found(Due::ReturnDue, &absent("2026-11-03"), "UTC", "2026-11-05T00:00:00Z").unwrap();
    let mut contact = absent("2026-11-03");
    let step = apply(&mut contact, &told, &spans("America/New_York"));
    assert_eq!(step.after, Stage::OutOfOffice, "in New York that day had not begun: {}", step.rule);
    let again = found(Due::ReturnDue, &contact, "America/New_York", "2026-11-05T00:00:00Z").unwrap();
    assert_ne!(again.dedupe_key, told.dedupe_key, "the same event would be known already");
    assert_eq!(apply(&mut contact, &again, &spans("America/New_York")).after, Stage::InSequence);
}
