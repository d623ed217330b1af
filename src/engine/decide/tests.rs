//! The law of the house: any order, any repetition and any cutting into batches of the same deliveries leave the same contacts
//! and the same conversation. Checked against the fold of the sorted events, with a table in memory that takes the writes.

use super::*;
use crate::domain::contact::ChatRow;
use crate::domain::due::{self, Due};
use crate::domain::event::{
    AutoReply, Direction, EventData, Facts, FinishedBy, FollowUpReason, Meeting, Message, Platform, Profile,
};
use crate::domain::follow_up::Spans;
use crate::domain::ids::{CampaignId, Email};
use crate::domain::intent::Intent;
use crate::domain::zone::{Zone, Zones};
use crate::engine::lineage;
use crate::engine::rows::{History, KnownContact, Outcome};
use chrono::{NaiveDate, TimeZone};
use proptest::prelude::*;

#[derive(Default)]
struct Tables {
    contacts: HashMap<ContactKey, KnownContact>,
    events: HashMap<EventId, StoredEvent>,
    rows: BTreeMap<(Uuid, String), ChatRow>,
}

impl Tables {
    fn apply(&mut self, batch: &[Incoming], ids: &mut u128) -> Vec<DeliveryAnswer> {
        let mut known = Known::default();
        let mut keys: Vec<ContactKey> =
            batch.iter().flat_map(|incoming| &incoming.events).map(Event::contact_key).collect();
        for (client_id, dedupe_key) in batch.iter().flat_map(lineage::keys) {
            let id = (client_id.clone(), dedupe_key.to_owned());
            if let Some(stored) = self.events.get(&id) {
                keys.push(stored.key.clone());
                known.events.insert(id, stored.clone());
            }
        }
        for key in keys {
            if let Some(contact) = self.contacts.get(&key) {
                known.contacts.insert(key, contact.clone());
            }
        }
        let batch = &lineage::settle(batch, &known);
        for key in needs_history(batch, &known) {
            let events = self.events.values().filter(|stored| stored.key == key).cloned().collect();
            known.histories.insert(key, History { baseline: Contact::default(), events });
        }
        let mut new_id = || {
            *ids += 1;
            Uuid::from_u128(*ids)
        };
        let rules = Rules { spans: spans(), ..Rules::default() };
        let now = Utc.with_ymd_and_hms(2026, 11, 24, 12, 0, 0).unwrap();
        let mut rim = Rim { now, trigger: TriggerType::Webhook, rules: &rules, new_id: &mut new_id };
        let (writes, answers) = decide(batch, &known, &mut rim);
        self.write(writes);
        answers
    }

    fn write(&mut self, writes: Writes) {
        for row in writes.contacts {
            let known = KnownContact {
                contact_id: row.contact_id,
                contact: row.contact,
                airtable_lead_id: None,
                is_adopted: false,
                outside: Vec::new(),
                version: 0,
            };
            self.contacts.insert(row.key, known);
        }
        for row in writes.events {
            let id = (row.key.client_id.clone(), row.dedupe_key.clone());
            let stored = StoredEvent {
                event_id: row.event_id,
                contact_id: row.contact_id,
                key: row.key,
                dedupe_key: row.dedupe_key,
                seen: row.seen,
                verdict: row.verdict,
            };
            self.events.insert(id, stored);
        }
        for write in writes.chat_rows {
            self.rows.insert((write.contact_id, write.row.key.clone()), write.row);
        }
        for mark in writes.chat_marks {
            let row =
                self.rows.get_mut(&(mark.contact_id, mark.message_key.clone())).expect("marks are for known rows");
            let marks = &mut row.marks;
            marks.intent = mark.intent.or(marks.intent);
            marks.sentiment = mark.sentiment.or(marks.sentiment);
            marks.is_auto_reply = mark.is_auto_reply.unwrap_or(marks.is_auto_reply);
            marks.requires_action = mark.requires_action.unwrap_or(marks.requires_action);
            marks.action_taken = mark.action_taken.or(marks.action_taken);
        }
    }

    /// What the scheduler finds at a time, again and again until nothing is left; gives the events.
    fn sweep(&mut self, now: DateTime<Utc>, ids: &mut u128) -> Vec<Event> {
        let spans = spans();
        let mut found = Vec::new();
        for due in Due::ALL.repeat(3) {
            let events: Vec<Event> = self
                .contacts
                .iter()
                .filter_map(|(key, known)| due::event(due, key, known.contact_id, &known.contact, &spans, now))
                .filter(|event| !self.events.contains_key(&(event.client_id.clone(), event.dedupe_key.clone())))
                .collect();
            for event in events {
                let id = (event.client_id.clone(), event.dedupe_key.clone());
                self.apply(&[incoming(&event, found.len())], ids);
                let Verdict { stage_after, rule, .. } = &self.events[&id].verdict;
                let did_it = match due {
                    Due::WentSilent => *stage_after == Stage::Ghosted,
                    Due::ReturnDue => matches!(stage_after, Stage::InSequence | Stage::NoReply),
                    Due::FollowUpDue => rule == "a due follow-up moves no stage",
                    Due::SequenceFinished => *stage_after == Stage::NoReply,
                };
                assert!(did_it, "{due} of {event:?}: {rule}");
                found.push(event);
            }
        }
        let left = self.contacts.iter().find_map(|(key, known)| {
            let mut all = Due::ALL.iter();
            all.find_map(|due| due::event(*due, key, known.contact_id, &known.contact, &spans, now))
                .filter(|event| !self.events.contains_key(&(event.client_id.clone(), event.dedupe_key.clone())))
        });
        assert_eq!(left, None, "nothing is left to be found");
        found
    }

    /// Contacts and conversations without the ids that differ from run to run.
    fn state(&self) -> BTreeMap<ContactKey, (Contact, Vec<ChatRow>)> {
        self.contacts
            .iter()
            .map(|(key, known)| {
                let rows = self.rows.iter().filter(|((id, _), _)| *id == known.contact_id).map(|(_, row)| row.clone());
                let mut rows: Vec<ChatRow> = rows.collect();
                rows.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
                (key.clone(), (known.contact.clone(), rows))
            })
            .collect()
    }
}

/// The days of one of the two clients begin half a day before those of the other.
fn spans() -> Spans {
    let auckland = Zone::parse("Pacific/Auckland").unwrap();
    Spans { zones: Zones::new([(ClientId::parse("beta").unwrap(), auckland)].into()), ..Spans::default() }
}

fn message(thread: u8) -> Message {
    Message {
        platform: Platform::Smartlead,
        external_id: None,
        thread_id: (thread > 0).then(|| format!("t{thread}")),
        contact_identifier: None,
        contact_name: None,
        account_identifier: None,
        subject: None,
        content: "text".into(),
    }
}

fn meeting(hours: u32) -> Meeting {
    let starts_at = Utc.with_ymd_and_hms(2026, 10, 1, 0, 0, 0).unwrap() + chrono::Duration::hours(hours.into());
    Meeting { starts_at: Some(starts_at), ..Meeting::on(Platform::CalCom) }
}

/// Of a few bookings, so that several are on at once and moves meet what they replace.
fn any_meeting() -> impl Strategy<Value = Meeting> {
    let id = || prop::option::weighted(0.8, "[x-z]");
    (prop::option::weighted(0.8, 0..2000u32), id(), id()).prop_map(|(hours, external_id, replaces)| Meeting {
        starts_at: hours.and_then(|hours| meeting(hours).starts_at),
        external_id,
        replaces,
        ..Meeting::on(Platform::CalCom)
    })
}

fn any_campaign() -> impl Strategy<Value = Option<CampaignId>> {
    prop_oneof![Just(None), (1..4u8).prop_map(|n| CampaignId::parse(&n.to_string()).ok())]
}

fn any_intent() -> impl Strategy<Value = Intent> {
    prop::sample::select(Intent::ALL)
}

fn any_data() -> impl Strategy<Value = EventData> {
    let date = (0..90i64).prop_map(|days| NaiveDate::from_ymd_opt(2026, 9, 15).unwrap() + chrono::Duration::days(days));
    prop_oneof![
        4 => (0..3u8, any_campaign(), any::<bool>(), prop::bool::weighted(0.2)).prop_map(|(thread, campaign, last, manual)| EventData::EmailSent {
            message: message(thread), campaign, step: Some(1), last_in_sequence: last, manual,
        }),
        4 => (0..3u8, prop::option::of(any_intent()), prop::option::weighted(0.2, prop::sample::select(AutoReply::ALL)), prop::option::of(date.clone()))
            .prop_map(|(thread, intent, auto_reply, return_date)| EventData::ReplyReceived {
                message: message(thread), campaign: None, intent, sentiment: None, auto_reply, return_date,
            }),
        3 => (any_intent(), any::<bool>()).prop_map(|(intent, requires_action)| EventData::ReplyClassified {
            intent, sentiment: None, decided_by: "x".into(), requires_action, return_date: None, about: None,
        }),
        1 => any::<bool>().prop_map(|permanent| EventData::EmailBounced {
            message: message(0), campaign: None, step: None, permanent, status_code: None,
        }),
        1 => (any_campaign(), prop::sample::select(FinishedBy::ALL)).prop_map(|(campaign, finished_by)| EventData::SequenceFinished { campaign, finished_by }),
        1 => any_campaign().prop_map(|campaign| EventData::SequencePaused { campaign }),
        1 => any_campaign().prop_map(|campaign| EventData::SequenceResumed { campaign }),
        1 => prop::sample::select(Direction::ALL).prop_map(|direction| EventData::MessageLogged { message: message(1), direction }),
        2 => any_meeting().prop_map(|meeting| EventData::MeetingBooked { meeting }),
        1 => any_meeting().prop_map(|meeting| EventData::MeetingRescheduled { meeting }),
        1 => any_meeting().prop_map(|meeting| EventData::MeetingCompleted { meeting }),
        1 => any_meeting().prop_map(|meeting| EventData::MeetingNoShow { meeting }),
        1 => any_meeting().prop_map(|meeting| EventData::MeetingNoShowWithdrawn { meeting }),
        1 => any_meeting().prop_map(|meeting| EventData::MeetingCancelled { meeting }),
        1 => Just(EventData::DealWon { client_record: Some("rec".into()) }),
        1 => Just(EventData::DealDeclined { reason: None }),
        1 => date.prop_map(|date| EventData::FollowUpSet { date, reason: FollowUpReason::LeadRequested }),
        1 => Just(EventData::WentSilent {}),
        1 => Just(EventData::ReturnDue {}),
        1 => Just(EventData::FollowUpDue {}),
        1 => Just(EventData::EmailOpened { campaign: None }),
        1 => Just(EventData::ContactAdded { list_id: None, contact_source: None, enrichment_date: None }),
        1 => Just(EventData::Unsubscribed { campaign: None }).prop_filter("seldom", |_| true),
    ]
}

/// Reports of a few events about two contacts of two clients; some events are told by two sources in different words.
fn any_reports() -> impl Strategy<Value = Vec<Event>> {
    let report = (any_data(), 0..1500u32, 0..3u8, 0..24u32, prop::bool::weighted(0.3), prop::option::of("[a-c]{1,3}"));
    prop::collection::vec(report, 1..14).prop_map(|reports| {
        let mut events: Vec<Event> = Vec::new();
        for (index, (data, hours, who, minute, is_told_twice, name)) in reports.into_iter().enumerate() {
            let occurred_at = Utc.with_ymd_and_hms(2026, 9, 15, 0, 0, 0).unwrap()
                + chrono::Duration::hours(hours.into())
                + chrono::Duration::minutes(minute.into());
            // A booking goes back to others of the same person, of which some come later or never.
            let of_person = events.iter().filter(|event| event.email.as_str().starts_with("bea") == (who == 1));
            let lineage = of_person.rev().take(2).map(|event| event.dedupe_key.clone()).collect();
            let event = Event {
                client_id: ClientId::parse(if who == 2 { "beta" } else { "acme" }).unwrap(),
                email: Email::parse(if who == 1 { "bea@example.com" } else { "ada@example.com" }).unwrap(),
                source: Source::Smartlead,
                dedupe_key: format!("{}:{index}", data.kind()),
                facts: Facts { occurred_at, time_known: true, profile: Profile::default(), data },
                lineage,
            };
            if is_told_twice {
                let mut other = event.clone();
                other.source = Source::N8n;
                other.facts.profile.first_name = name;
                other.facts.occurred_at += chrono::Duration::minutes(7);
                events.push(other);
            }
            events.push(event);
        }
        events
    })
}

fn incoming(event: &Event, number: usize) -> Incoming {
    Incoming {
        delivery_id: Uuid::from_u128(u128::MAX - number as u128),
        client_id: event.client_id.clone(),
        source: event.source,
        received_at: event.facts.occurred_at,
        events: vec![event.clone()],
        orphans: Vec::new(),
        campaign_changes: Vec::new(),
        alerts: Vec::new(),
        unrecognised: Vec::new(),
        ignored: Vec::new(),
        body: "{}".into(),
        body_sha256: [0; 32],
        is_webhook: true,
        forwarded_as: None,
        traceparent: None,
    }
}

/// What the fold of all reports, sorted and merged, says.
fn reference(reports: &[Event]) -> BTreeMap<ContactKey, (Contact, Vec<ChatRow>)> {
    let mut seen: BTreeMap<EventId, (Event, Seen)> = BTreeMap::new();
    for event in reports {
        let entry = seen
            .entry((event.client_id.clone(), event.dedupe_key.clone()))
            .or_insert_with(|| (event.clone(), Seen::new()));
        merge::add_report(&mut entry.1, event.source, &event.facts);
    }
    let mut by_contact: BTreeMap<ContactKey, Vec<Event>> = BTreeMap::new();
    for (_, (mut event, seen)) in seen {
        event.facts = merge::merged(&seen).unwrap();
        by_contact.entry(event.contact_key()).or_default().push(event);
    }
    by_contact
        .into_iter()
        .map(|(key, events)| {
            let folded = fold::fold(&Contact::default(), &events, &spans());
            let mut rows = folded.rows;
            rows.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
            (key, (folded.contact, rows))
        })
        .collect()
}

/// The reports, and a model's reading of each reply. Some were asked for twice, and answered differently.
fn read_by_a_model(mut reports: Vec<Event>, answers: &[(Intent, bool)]) -> Vec<Event> {
    let replies: Vec<Event> =
        reports.iter().filter(|event| matches!(event.facts.data, EventData::ReplyReceived { .. })).cloned().collect();
    for (reply, &(intent, is_answered_twice)) in replies.iter().zip(answers) {
        let reading = |intent: Intent| Event {
            source: Source::Ai,
            dedupe_key: format!("reply_classified:ai:{}", reply.dedupe_key),
            facts: Facts {
                data: EventData::ReplyClassified {
                    intent,
                    sentiment: None,
                    decided_by: "ai x".into(),
                    requires_action: false,
                    return_date: None,
                    about: Some(reply.dedupe_key.clone()),
                },
                ..reply.facts.clone()
            },
            lineage: vec![reply.dedupe_key.clone()],
            ..reply.clone()
        };
        reports.push(reading(intent));
        if is_answered_twice {
            reports.push(reading(Intent::NotInterested));
        }
    }
    reports
}

/// The order, but that nobody is asked about a reply that was not told yet.
fn asked_first(reports: &[Event], order: &[usize]) -> Vec<usize> {
    let mut told: BTreeSet<EventId> = BTreeSet::new();
    let mut asked = Vec::with_capacity(order.len());
    let mut waiting: Vec<usize> = Vec::new();
    for &index in order {
        let event = &reports[index];
        let is_early =
            fold::about(event).is_some_and(|message| !told.contains(&(event.client_id.clone(), message.to_owned())));
        if is_early {
            waiting.push(index);
            continue;
        }
        told.insert((event.client_id.clone(), event.dedupe_key.clone()));
        asked.push(index);
        let (ready, rest): (Vec<usize>, Vec<usize>) = waiting.into_iter().partition(|&i| {
            fold::about(&reports[i]) == Some(event.dedupe_key.as_str()) && reports[i].client_id == event.client_id
        });
        asked.extend(ready);
        waiting = rest;
    }
    asked
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_any_repetition_any_batches_end_the_same(
        (reports, order, cuts) in any_reports().prop_flat_map(|reports| {
            let indexes: Vec<usize> = (0..reports.len()).chain(0..reports.len() / 2).collect();
            let cuts = prop::collection::vec(1..5usize, indexes.len());
            (Just(reports), Just(indexes).prop_shuffle(), cuts)
        })
    ) {
        let expected = reference(&reports);
        let mut tables = Tables::default();
        let mut ids = 0;
        let deliveries: Vec<Incoming> = order.iter().enumerate().map(|(n, &i)| incoming(&reports[i], n)).collect();
        let mut rest = deliveries.as_slice();
        for cut in cuts {
            let (batch, later) = rest.split_at(cut.min(rest.len()));
            rest = later;
            if !batch.is_empty() {
                tables.apply(batch, &mut ids);
            }
        }
        let state = tables.state();
        for (key, (contact, rows)) in &expected {
            let (got, got_rows) = &state[key];
            prop_assert_eq!(got, contact);
            prop_assert_eq!(got_rows, rows);
        }
        prop_assert_eq!(state.len(), expected.len());
    }

    /// A model is asked about a reply that is there, and answers whenever it likes; the reply may be told anew meanwhile, also with
    /// another time, and people and platforms say what it means before and after.
    #[test]
    fn whenever_a_model_answers_it_ends_the_same(
        (reports, order, cuts) in (any_reports(), prop::collection::vec((any_intent(), any::<bool>()), 14))
            .prop_map(|(reports, answers)| read_by_a_model(reports, &answers))
            .prop_flat_map(|reports| {
                let indexes: Vec<usize> = (0..reports.len()).chain(0..reports.len() / 2).collect();
                let cuts = prop::collection::vec(1..5usize, indexes.len());
                (Just(reports), Just(indexes).prop_shuffle(), cuts)
            })
    ) {
        let expected = reference(&reports);
        let mut tables = Tables::default();
        let mut ids = 0;
        let mut rest = asked_first(&reports, &order);
        for cut in cuts {
            let later = rest.split_off(cut.min(rest.len()));
            let batch: Vec<Incoming> = rest.iter().map(|&i| incoming(&reports[i], i)).collect();
            tables.apply(&batch, &mut ids);
            rest = later;
        }
        let state = tables.state();
        for (key, (contact, rows)) in &expected {
            let (got, got_rows) = &state[key];
            prop_assert_eq!(got, contact);
            prop_assert_eq!(got_rows, rows);
        }
    }

    #[test]
    fn whenever_the_scheduler_looks_the_order_does_not_matter(
        (reports, order, cuts) in any_reports().prop_flat_map(|reports| {
            let cuts = prop::collection::vec((1..4usize, 0..2_400u32), reports.len());
            (Just(reports.clone()), Just((0..reports.len()).collect::<Vec<usize>>()).prop_shuffle(), cuts)
        })
    ) {
        let mut tables = Tables::default();
        let mut ids = 0;
        let mut all = reports.clone();
        let deliveries: Vec<Incoming> = order.iter().enumerate().map(|(n, &i)| incoming(&reports[i], n)).collect();
        let mut rest = deliveries.as_slice();
        for (cut, hours) in cuts {
            let (batch, later) = rest.split_at(cut.min(rest.len()));
            rest = later;
            if !batch.is_empty() {
                tables.apply(batch, &mut ids);
            }
            let now = Utc.with_ymd_and_hms(2026, 9, 15, 0, 0, 0).unwrap() + chrono::Duration::hours(hours.into());
            all.extend(tables.sweep(now, &mut ids));
        }
        let state = tables.state();
        for (key, (contact, rows)) in &reference(&all) {
            let (got, got_rows) = &state[key];
            prop_assert_eq!(got, contact);
            prop_assert_eq!(got_rows, rows);
        }
    }

    #[test]
    fn do_not_contact_is_never_left_and_nothing_else_than_the_matrix_is_reached(reports in any_reports()) {
        for (_, (contact, _)) in reference(&reports) {
            prop_assert!(Stage::from_columns(contact.stage.columns()).is_some());
        }
        let folded = fold::fold(&Contact::default(), &reports, &Spans::default());
        let mut opted_out = false;
        for (_, step) in folded.steps {
            opted_out |= step.before == Stage::DoNotContact;
            prop_assert!(!opted_out || step.after == Stage::DoNotContact);
        }
    }
}

#[test]
fn the_same_delivery_again_is_a_duplicate_and_writes_nothing_but_its_row() {
    let event = Event {
        client_id: ClientId::parse("acme").unwrap(),
        email: Email::parse("ada@example.com").unwrap(),
        source: Source::Smartlead,
        dedupe_key: "reply_received:m:1".into(),
        facts: Facts {
            occurred_at: Utc.with_ymd_and_hms(2026, 10, 1, 9, 0, 0).unwrap(),
            time_known: true,
            profile: Profile::default(),
            data: EventData::ReplyReceived {
                message: message(1),
                campaign: None,
                intent: None,
                sentiment: None,
                auto_reply: None,
                return_date: None,
            },
        },
        lineage: Vec::new(),
    };
    let mut tables = Tables::default();
    let mut ids = 0;
    let first = tables.apply(&[incoming(&event, 1)], &mut ids);
    assert_eq!((first[0].outcome, first[0].events[0].stage_after), (Outcome::Applied, Some(Stage::Interested)));
    let before = tables.state();
    let again = tables.apply(&[incoming(&event, 2)], &mut ids);
    assert_eq!((again[0].outcome, again[0].events[0].outcome), (Outcome::Duplicate, Outcome::Duplicate));
    assert_eq!(again[0].events[0].event_id, first[0].events[0].event_id);
    assert_eq!(tables.state(), before);
}

#[test]
fn what_airtable_asks_for_and_can_not_be_is_written_back_and_a_win_wants_a_client() {
    let event = |source, key: &str, data: EventData| Event {
        client_id: ClientId::parse("acme").unwrap(),
        email: Email::parse("ada@example.com").unwrap(),
        source,
        dedupe_key: key.to_owned(),
        facts: Facts {
            occurred_at: Utc.with_ymd_and_hms(2026, 10, 1, 9, key.len().try_into().unwrap(), 0).unwrap(),
            time_known: true,
            profile: Profile::default(),
            data,
        },
        lineage: Vec::new(),
    };
    let won = || EventData::DealWon { client_record: None };
    let no_show = || EventData::MeetingNoShow { meeting: meeting(1) };
    let cases: [(&str, Vec<Event>, &[&str]); 6] = [
        ("won by a person", vec![event(Source::Airtable, "a", won())], &["airtable.sync_client"]),
        (
            "won with its client named",
            vec![event(Source::N8n, "a", EventData::DealWon { client_record: Some("rec1".to_owned()) })],
            &[],
        ),
        (
            "won after an opt-out",
            vec![
                event(Source::N8n, "a", EventData::Unsubscribed { campaign: None }),
                event(Source::Airtable, "ab", won()),
            ],
            &["airtable.write_back"],
        ),
        (
            "won before an opt-out that is known already",
            vec![
                event(Source::N8n, "later", EventData::Unsubscribed { campaign: None }),
                event(Source::Airtable, "a", won()),
            ],
            &["airtable.write_back"],
        ),
        ("a no-show without a meeting", vec![event(Source::Airtable, "a", no_show())], &["airtable.write_back"]),
        ("the same told by n8n has no card to move back", vec![event(Source::N8n, "a", no_show())], &[]),
    ];
    for (what, events, expected) in cases {
        let batch: Vec<Incoming> = events.iter().enumerate().map(|(n, event)| incoming(event, n)).collect();
        let mut ids = 0;
        let mut new_id = || {
            ids += 1;
            Uuid::from_u128(ids)
        };
        let rules = Rules::default();
        let now = Utc.with_ymd_and_hms(2026, 11, 24, 12, 0, 0).unwrap();
        let mut rim = Rim { now, trigger: TriggerType::Webhook, rules: &rules, new_id: &mut new_id };
        let (writes, _) = decide(&batch, &Known::default(), &mut rim);
        let kinds: Vec<&str> = writes.tasks.iter().map(|task| task.kind.as_str()).collect();
        assert_eq!(kinds, expected, "{what}");
        let note = writes.tasks.iter().find_map(|task| task.payload.get("note")?.as_str());
        let is_overtaken = what == "won before an opt-out that is known already";
        let overtaken = "the deal was won, but what came later made the contact DoNotContact";
        assert_eq!(note == Some(overtaken), is_overtaken, "{what}: {note:?}");
    }
}
