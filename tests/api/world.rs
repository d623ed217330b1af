//! A database with deliveries in it, a configuration, and a clock that stands still.

use crate::common::Database;
use sales_engine::config::{self, Config};
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::ClientId;
use sales_engine::engine::rows::TriggerType;
use sales_engine::intake::{self, Answer, Delivery, Now};
use sales_engine::sources::{Request, read};
use std::path::Path;
use std::sync::Arc;

pub(crate) const CONFIG: &str = r#"
default_client = "acme"
[clients.acme.smartlead]
url_tokens = ["token-of-the-url"]
[clients.acme.smartlead.sequence_steps]
3623750 = 3
[clients.acme.instantly]
url_tokens = ["token-of-the-url"]
[clients.acme.n8n]
secrets = ["secret-of-n8n"]
[clients.acme.calcom]
secrets = ["secret-of-calcom"]
[clients.acme.calendly]
secrets = ["secret-of-calendly"]
[clients.beta.smartlead]
url_tokens = ["another-token"]
[clients.beta.n8n]
secrets = ["another-secret"]
"#;

pub(crate) fn configured(extra: &str) -> Config {
    config::load(Some(("test", &format!("{CONFIG}{extra}"))), &|_| None).unwrap()
}

pub(crate) fn now() -> Now {
    Arc::new(|| "2026-11-24T12:00:00.250Z".parse().unwrap())
}

pub(crate) struct Payload {
    pub(crate) source: Source,
    pub(crate) client: &'static str,
    pub(crate) query: String,
    pub(crate) body: Vec<u8>,
}

/// The fixture with this path below fixtures/, without `.json`.
pub(crate) fn fixture(name: &str) -> Payload {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(format!("{name}.json"));
    payload_of(&path)
}

fn payload_of(path: &Path) -> Payload {
    let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let forwarded = name.split('.').find_map(|part| part.strip_prefix("as-")).map(|name| format!("as={name}"));
    Payload {
        source: Source::parse(folder).unwrap(),
        client: "acme",
        query: forwarded.unwrap_or_default(),
        body: std::fs::read(path).unwrap(),
    }
}

/// All fixtures of the sources that post bodies which are kept.
pub(crate) fn fixtures() -> Vec<Payload> {
    let mut payloads = Vec::new();
    for folder in ["smartlead", "instantly", "n8n", "calcom", "calendly"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        payloads.extend(files.iter().map(|path| payload_of(path)));
    }
    payloads
}

/// An event in the form of n8n's.
pub(crate) fn event(client: &'static str, body: &str) -> Payload {
    Payload { source: Source::N8n, client, query: String::new(), body: body.as_bytes().to_vec() }
}

/// Posts them one after the other, each a second after the one before.
pub(crate) async fn post(database: &Database, config: &Config, payloads: &[Payload]) -> Vec<Answer> {
    let (handle, running) = intake::start(&database.store, &config.rules, &now(), TriggerType::Webhook, 16, 8, None);
    let mut answers = Vec::new();
    for (number, payload) in payloads.iter().enumerate() {
        let client_id = ClientId::parse(payload.client).unwrap();
        let received_at = now()() + chrono::TimeDelta::seconds(i64::try_from(number).unwrap());
        let request =
            Request { client_id: &client_id, query: &payload.query, headers: &[], body: &payload.body, received_at };
        let Ok(understood) = read(payload.source, &config.clients[&client_id].sources, &request) else { continue };
        let delivery = Delivery { client_id, source: payload.source, received_at, understood, body_sha256: [0; 32] };
        answers.push(handle.submit(delivery).await.unwrap());
    }
    drop(handle);
    running.finished().await;
    answers
}

/// All that the program keeps, but for its own times.
pub(crate) async fn all_rows(database: &Database) -> Vec<String> {
    let person = database.person().await;
    let mut rows = Vec::new();
    for statement in [
        "SELECT delivery_id || ' ' || outcome || ' ' || coalesce(reason, '-') || CAST(earlier AS TEXT) AS x FROM deliveries ORDER BY delivery_id",
        "SELECT email || ' ' || CAST(fold AS TEXT) || CAST(updated_at AS TEXT) AS x FROM contacts ORDER BY client_id, email",
        "SELECT client_id || ' ' || dedupe_key || ' ' || CAST(seen AS TEXT) || rule AS x FROM events ORDER BY client_id, dedupe_key",
        "SELECT CAST(contact_id AS TEXT) || message_key || message_content || coalesce(ai_intent, '-') || CAST(requires_action AS TEXT) AS x
         FROM chat_history ORDER BY contact_id, message_key",
        "SELECT task_key || status || CAST(wanted AS TEXT) AS x FROM tasks ORDER BY task_key",
        "SELECT CAST(log_id AS TEXT) AS x FROM automation_logs ORDER BY log_id",
    ] {
        rows.extend(person.texts(statement).await);
    }
    rows
}
