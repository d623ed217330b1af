//! Every payload under fixtures/ is read and compared with its snapshot: adding a payload is adding a test.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed unwrap or index is a failed test")]

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use sales_engine::config;
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::ClientId;
use sales_engine::sources::settings::ClientSources;
use sales_engine::sources::{Request, gmail, read, read_stored};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const CONFIG: &str = r#"
[clients.acme.smartlead]
url_tokens = ["token-of-the-url"]
[clients.acme.smartlead.categories]
"meeting booked" = "meeting_booked"
[clients.acme.smartlead.sequence_steps]
3623750 = 3
[clients.acme.instantly]
url_tokens = ["token-of-the-url"]
[clients.acme.instantly.labels]
"Hot Lead" = "interested_ready_to_talk"
[clients.acme.n8n]
secrets = ["secret-of-n8n"]
[clients.acme.calcom]
secrets = ["secret-of-calcom"]
[clients.acme.calendly]
secrets = ["secret-of-calendly"]
"#;

const SOURCES: [Source; 5] = [Source::Smartlead, Source::Instantly, Source::N8n, Source::Calcom, Source::Calendly];

fn sources() -> ClientSources {
    let config = config::load(Some(("test", CONFIG)), &|_| None).unwrap();
    config.clients.into_values().next().unwrap().sources
}

fn received_at() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn understand(source: Source, query: &str, body: &[u8]) -> Value {
    let client_id = ClientId::parse("acme").unwrap();
    let request = Request { client_id: &client_id, query, headers: &[], body, received_at: received_at() };
    match read(source, &sources(), &request) {
        Ok(understood) => {
            let mut value = serde_json::to_value(&understood).unwrap();
            // Shown as JSON, not as a text of JSON; kept out where it is only large.
            let stored = understood.body_to_store;
            for secret in ["secret_key", "webhook_url", "subscriberUrl", "not-to-be-stored"] {
                assert!(!stored.contains(secret), "secrets are not stored");
            }
            value["body_to_store"] = if stored.len() > 4_000 {
                json!(format!("{} bytes", stored.len()))
            } else {
                serde_json::from_str(&stored).unwrap()
            };
            value
        }
        Err(malformed) => json!({ "malformed": malformed.to_string() }),
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn snapshot(folder: &str, file: &Path, value: &Value) {
    let name = file.file_name().unwrap().to_string_lossy().replace(".json", "");
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => format!("snapshots/{folder}") }, {
        insta::assert_json_snapshot!(name, value);
    });
}

/// What is kept of a body holds no secret and is enough to read it again.
fn says_the_same_when_it_is_read_again(source: Source, query: &str, body: &[u8]) {
    let client_id = ClientId::parse("acme").unwrap();
    let request = Request { client_id: &client_id, query, headers: &[], body, received_at: received_at() };
    let Ok(first) = read(source, &sources(), &request) else { return };
    let stored = &first.body_to_store;
    let again = read_stored(source, first.forwarded_as, &sources(), &client_id, stored, received_at()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(&first).unwrap());
}

fn check(source: Source) {
    for file in files(source.as_str()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let forwarded = name.split('.').find_map(|part| part.strip_prefix("as-")).map(|name| format!("as={name}"));
        let (query, body) = (forwarded.unwrap_or_default(), std::fs::read(&file).unwrap());
        snapshot(source.as_str(), &file, &understand(source, &query, &body));
        says_the_same_when_it_is_read_again(source, &query, &body);
    }
}

#[test]
fn smartlead_payloads() {
    check(Source::Smartlead);
}

#[test]
fn instantly_payloads() {
    check(Source::Instantly);
}

#[test]
fn calcom_payloads() {
    check(Source::Calcom);
}

#[test]
fn calendly_payloads() {
    check(Source::Calendly);
}

#[test]
fn n8n_payloads() {
    check(Source::N8n);
}

/// A push holds no event: which mailbox it names, or why it names none.
#[test]
fn gmail_pushes() {
    let client_id = ClientId::parse("acme").unwrap();
    for file in files("gmail") {
        let body = std::fs::read(&file).unwrap();
        let request =
            Request { client_id: &client_id, query: "", headers: &[], body: &body, received_at: received_at() };
        let value = match gmail::read(&request) {
            Ok(push) => serde_json::to_value(&push).unwrap(),
            Err(malformed) => json!({ "malformed": malformed.to_string() }),
        };
        snapshot("gmail", &file, &value);
    }
}

#[test]
fn hostile_payloads_are_told_off_by_every_source() {
    for file in files("hostile") {
        let body = std::fs::read(&file).unwrap();
        let all: serde_json::Map<String, Value> =
            SOURCES.iter().map(|source| (source.to_string(), understand(*source, "", &body))).collect();
        snapshot("hostile", &file, &Value::Object(all));
    }
}

/// A JSON value with the field names that the sources look at, so that chance goes deep.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "event_type",
        "kind",
        "email",
        "lead_email",
        "to_email",
        "timestamp",
        "event_timestamp",
        "campaign_id",
        "stats_id",
        "reply_message",
        "bounce_message",
        "message_id",
        "text",
        "time",
        "lead_category",
        "new_id",
        "body",
        "headers",
        "webhookUrl",
        "occurred_at",
        "intent",
        "starts_at",
        "link_details",
        "leadCorrespondence",
        "sent_message",
        "step",
        "triggerEvent",
        "createdAt",
        "payload",
        "uid",
        "bookingUid",
        "rescheduleUid",
        "attendees",
        "organizer",
        "responses",
        "value",
        "noShow",
        "seatsPerTimeSlot",
        "event",
        "uri",
        "invitee",
        "old_invitee",
        "no_show",
        "scheduled_event",
        "event_memberships",
        "questions_and_answers",
        "created_at",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        prop::sample::select(vec![
            "EMAIL_SENT",
            "EMAIL_REPLY",
            "EMAIL_BOUNCE",
            "LEAD_CATEGORY_UPDATED",
            "UNTRACKED_REPLIES",
            "email_sent",
            "reply_received",
            "meeting_booked",
            "follow_up_set",
            "BOOKING_CREATED",
            "BOOKING_RESCHEDULED",
            "BOOKING_CANCELLED",
            "BOOKING_NO_SHOW_UPDATED",
            "AFTER_GUESTS_CAL_VIDEO_NO_SHOW",
            "invitee.created",
            "invitee.canceled",
            "invitee_no_show.created",
            "invitee_no_show.deleted",
            "a@example.com",
            "2026-10-01T09:00:00Z",
            "1",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..8)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_body_makes_a_source_panic(value in any_json(), bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        for source in SOURCES {
            for query in ["", "as=smartlead", "as=instantly", "as=calcom", "as=calendly", "as=%00"] {
                understand(source, query, value.to_string().as_bytes());
                understand(source, query, &bytes);
            }
        }
    }

    #[test]
    fn a_payload_through_n8n_is_the_same_event(index in 0..10_usize) {
        let files = files("smartlead");
        let body = std::fs::read(&files[index % files.len()]).unwrap();
        let direct = understand(Source::Smartlead, "", &body);
        // n8n writes JSON anew: compact, fields in another order.
        let value: Value = serde_json::from_slice(&body).unwrap();
        let reversed: serde_json::Map<String, Value> = value.as_object().unwrap().clone().into_iter().rev().collect();
        let forwarded = understand(Source::N8n, "as=smartlead", Value::Object(reversed).to_string().as_bytes());
        prop_assert_eq!(&direct["events"], &forwarded["events"]);
    }
}
