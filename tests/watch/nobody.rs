//! A shadow calls nobody, whatever is configured.

use crate::common::place::Place;
use crate::common::{Kind, Person};
use crate::shadow::TABLES;
use sales_engine::services::post::Poster;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const WAIT_SECONDS_MAX: u64 = 60;
const SERVICES: [&str; 8] = ["airtable", "pinecone", "embeddings", "ai", "google", "smartlead", "instantly", "notify"];

/// Services that count whoever connects, and say nothing.
struct Services {
    urls: BTreeMap<&'static str, String>,
    counts: BTreeMap<&'static str, Arc<AtomicUsize>>,
}

impl Services {
    fn start() -> Self {
        let (mut urls, mut counts) = (BTreeMap::new(), BTreeMap::new());
        for service in SERVICES {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            urls.insert(service, format!("http://{}", listener.local_addr().unwrap()));
            let count = Arc::new(AtomicUsize::new(0));
            counts.insert(service, Arc::clone(&count));
            std::thread::spawn(move || {
                for _caller in listener.incoming() {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { urls, counts }
    }

    fn called(&self) -> Vec<&'static str> {
        let called = self.counts.iter().filter(|(_, count)| count.load(Ordering::SeqCst) > 0);
        called.map(|(service, _)| *service).collect()
    }
}

/// All that can be configured to be called, with the section of the shadow or without it.
fn config(address: &str, services: &Services, shadow: &str) -> String {
    let url = |service: &str| services.urls[service].as_str();
    format!(
        r#"
listen = "127.0.0.1:0"
database_url = "{address}"
default_client = "acme"
{shadow}
[airtable]
token = "airtable-token-1"
base_id = "appAAAAAAAAAAAAAA"
api_url = "{airtable}"
[ai]
url = "{ai}"
api_key = "ai-key-of-test"
model = "some-model"
classify_after_seconds = 0
summarise_after_seconds = 0
[pinecone]
api_key = "pinecone-key-1"
index = "sales"
api_url = "{pinecone}"
[embeddings]
url = "{embeddings}"
model = "some-model"
dimensions = 8
[google]
api_url = "{google}"
token_url = "{google}/token"
certs_url = "{google}/certs"
[notifications.ops]
url = "{notify}"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
allow_private = true
[clients.acme.n8n]
secrets = ["n8n-secret-of-acme"]
header = "x-n8n-secret"
[clients.acme.smartlead]
url_tokens = ["smartlead-token-of-acme"]
api_key = "smartlead-api-key"
api_url = "{smartlead}"
[clients.acme.instantly]
url_tokens = ["instantly-token-of-acme"]
api_key = "instantly-api-key"
api_url = "{instantly}"
[clients.acme.gmail]
mailboxes = ["sales@acme.example"]
audience = "https://sales.example.com/hooks/gmail/acme"
service_account = "push@project.iam.gserviceaccount.com"
client_id = "oauth-client"
client_secret = "oauth-secret-1"
[clients.acme.gmail.refresh_tokens]
"sales@acme.example" = "refresh-token-1"
"#,
        airtable = url("airtable"),
        ai = url("ai"),
        pinecone = url("pinecone"),
        embeddings = url("embeddings"),
        google = url("google"),
        notify = url("notify"),
        smartlead = url("smartlead"),
        instantly = url("instantly"),
    )
}

/// What makes an engine that is alone call everybody: leads, sequences to stop at both platforms, an opt-out, an unclear reply.
fn events() -> String {
    let reply = |nth: u32, campaign: &str, more: &str| {
        format!(
            r#"{{"kind":"reply_received","email":"p{nth}@example.com","message_id":"r{nth}@mail.example",
                "occurred_at":"2026-10-20T09:00:00Z","campaign_id":"{campaign}","text":"hm"{more}}}"#
        )
    };
    let instantly = "0d3a1f7e-4a52-4c1b-9a39-4fd3cf1f2a77";
    let events = [
        reply(1, "4028770", r#","intent":"interested_wants_info""#),
        reply(2, instantly, r#","intent":"interested_wants_info""#),
        reply(3, "4028770", ""),
        r#"{"kind":"unsubscribed","email":"p4@example.com","campaign_id":"4028770","occurred_at":"2026-10-20T09:00:00Z"}"#
            .to_owned(),
    ];
    format!("[{}]", events.join(","))
}

async fn post(url: &str) {
    let poster = Poster::new(url).unwrap();
    let headers = vec![("x-n8n-secret".to_owned(), "n8n-secret-of-acme".to_owned())];
    let (status, answer) = poster.post("/hooks/n8n/acme", &headers, events()).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(status == 200 && answer.contains(r#""outcome":"applied""#), "{answer}");
}

async fn wait_until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < Duration::from_secs(WAIT_SECONDS_MAX), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn place(kind: Kind, services: &Services, is_shadow: bool) -> Place {
    let place = Place::on(kind, "").await;
    let shadow = match kind {
        Kind::Sqlite => {
            let other = format!("sqlite://{}", place.folder().join("other.db").display());
            Person::at(&format!("{other}?mode=rwc")).await.run(TABLES).await.unwrap();
            format!("[shadow]\ndatabase_url = \"{other}\"\n")
        }
        Kind::Postgres => {
            let person = Person::at(&place.address).await;
            // In one statement, because the next one may be another connection's.
            let tables =
                format!("CREATE SCHEMA n8n_flow; SET search_path = n8n_flow; {TABLES} SET search_path = public;");
            person.run(&tables).await.unwrap();
            "[shadow]\nschema = \"n8n_flow\"\n".to_owned()
        }
    };
    let shadow = if is_shadow { shadow.as_str() } else { "" };
    let text = config(&place.address, services, shadow);
    std::fs::write(place.folder().join("sales-engine.toml"), text).unwrap();
    place
}

async fn round(kind: Kind, is_shadow: bool) -> (Place, Services) {
    let services = Services::start();
    let place = place(kind, &services, is_shadow).await;
    let served = {
        let mut command = place.command(&["serve"]);
        command.env("SALES_ENGINE_SCHEDULE_MODE", "on");
        Place::serve_by(command)
    };
    post(&served.url).await;
    let person = Person::at(&place.address).await;
    // The scheduler's first round and the day of the client are through.
    wait_until("the first rounds", async || {
        let rows = "SELECT count(*) AS x FROM automation_logs WHERE trigger_type IN ('Hourly Cron', 'Daily Cron')";
        person.texts(rows).await[0].parse::<u32>().unwrap() >= 10
    })
    .await;
    if !is_shadow {
        let all = SERVICES.iter().filter(|service| **service != "embeddings").count();
        wait_until("everybody to be called", async || services.called().len() >= all).await;
    }
    drop(served);
    (place, services)
}

async fn nobody_is_called(kind: Kind) {
    // The same configuration and the same events without the shadow: it is no accident that nobody is called with it.
    let (_place, services) = round(kind, false).await;
    assert!(services.called().len() >= SERVICES.len() - 1, "{:?}", services.called());

    let (place, services) = round(kind, true).await;
    for args in [&["sweep"] as &[&str], &["airtable", "sync"], &["airtable", "check"], &["search", "anything"]] {
        place.run(args);
    }
    assert_eq!(services.called(), Vec::<&str>::new());
    let report = place.json(&["shadow", "report", "--json"]);
    assert_eq!(report["disagreements"]["contact_missing_there"], serde_json::Value::Null, "they came a moment ago");
    assert_eq!(report["contacts"], 4, "{report}");
    let contact = place.json(&["contact", "show", "p1@example.com", "--json"]);
    assert_eq!(contact["contact"]["stage"], "Interested", "its own tables are written");
    assert_eq!(services.called(), Vec::<&str>::new());
}

#[tokio::test]
async fn nobody_is_called_on_sqlite() {
    nobody_is_called(Kind::Sqlite).await;
}

#[tokio::test]
async fn nobody_is_called_on_postgres() {
    nobody_is_called(Kind::Postgres).await;
}

#[tokio::test]
async fn a_shadow_in_the_other_flows_own_tables_is_refused() {
    let place = Place::new("");
    let own = place.address.clone();
    let file = place.folder().join("sales-engine.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}[shadow]\ndatabase_url = \"{own}\"\n")).unwrap();
    for args in [&["migrate"] as &[&str], &["serve"], &["shadow", "report"]] {
        let output = place.run(args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains("tables of its own"), "{args:?}: {error}");
    }
    let postgres = Place::on(Kind::Postgres, "[shadow]\nschema = \"public\"\n").await;
    let output = postgres.run(&["migrate"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("tables of its own"), "{output:?}");
    let tables = "SELECT count(*) AS x FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(Person::at(&postgres.address).await.texts(tables).await, ["0"], "nothing is made there");
}
