//! The running program and a person in Airtable: the webhook is made, pings, is proven, and what the person changed arrives.
#![expect(clippy::panic, reason = "what does not come is a failed test")]

mod common;

use common::place::Place;
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use sales_engine::services::post::Poster;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

const TOKEN: &str = "pat-test-token";

#[expect(clippy::disallowed_methods, reason = "the program beside it lives in real time")]
fn clock() -> Now {
    Arc::new(chrono::Utc::now)
}

/// Bounded: what does not come is a failure, not a hang.
async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let found = tokio::time::timeout(Duration::from_mins(1), async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::task::yield_now().await;
        }
    });
    found.await.unwrap_or_else(|_late| panic!("waited a minute for {what}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_change_arrives_by_a_proven_ping() {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, clock()).await.unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let airtable = format!(
        "[airtable]\ntoken = \"{TOKEN}\"\nbase_id = \"appTest\"\napi_url = \"{}\"\nwebhook_url = \
         \"http://127.0.0.1:{port}/hooks/airtable\"\npoll_seconds = 86400\n",
        sandbox.url()
    );
    let place = Place::new(&airtable);
    place.json(&["migrate", "--json"]);
    let made = place.json(&["airtable", "webhook", "--json"]);
    let config = std::fs::read_to_string(place.folder().join("sales-engine.toml")).unwrap();
    let config = config.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    let secret = made["webhook_secret"].as_str().unwrap();
    std::fs::write(place.folder().join("sales-engine.toml"), format!("{config}webhook_secrets = [\"{secret}\"]\n"))
        .unwrap();

    let served = place.serve();
    let reply = json!({ "kind": "reply_received", "email": "ada@example.com", "id": "r1", "intent": "pricing_question",
        "occurred_at": "2026-11-01T09:00:00Z", "text": "how much?" });
    let poster = Poster::new(&served.url).unwrap();
    let headers = [("x-n8n-secret".to_owned(), "n8n-secret-of-beta".to_owned())];
    assert_eq!(poster.post("/hooks/n8n/beta", &headers, reply.to_string()).await.unwrap().0, 200);
    let lead = until("the lead", || sandbox.with(|base| base.leads().keys().next().cloned())).await;
    let shown = || place.json(&["contact", "show", "ada@example.com", "--client", "beta", "--json"])["contact"].clone();
    until("the lead's id", || shown()["airtable_lead_id"].as_str().map(str::to_owned)).await;
    sandbox.with(|base| base.edit("Leads", &lead, "Lead Status", json!("Won"))).unwrap();
    until("the deal to be won", || (shown()["stage"] == "Won").then_some(())).await;
    let client = until("the client", || shown()["converted_client_id"].as_str().map(str::to_owned)).await;
    let pings = sandbox.with(|base| (base.pings_succeeded, base.pings_failed));
    assert!(pings.0 > 0 && pings.1 == 0, "{pings:?}");
    until("the lead's link", || {
        sandbox.with(|base| base.leads()[&lead].get("Client").filter(|link| **link == json!([client])).cloned())
    })
    .await;
    let why = place.json(&["contact", "why", "ada@example.com", "--client", "beta", "--json"]);
    let told: Vec<&Value> =
        why["events"].as_array().unwrap().iter().filter(|event| event["kind"] == "deal_won").collect();
    assert_eq!((told.len(), told[0]["source"].as_str()), (1, Some("airtable")), "once, and who told it");
    drop(served);

    // Made anew, the old one is replaced; what is left to do is done by hand.
    let again = place.json(&["airtable", "webhook", "--json"]);
    assert_eq!(again["replaced"], json!([made["webhook_id"]]));
    assert_ne!(again["webhook_secret"], made["webhook_secret"]);
    sandbox.with(|base| base.edit("Leads", &lead, "Follow-up Date", json!("2099-01-01"))).unwrap();
    let synced = place.json(&["airtable", "sync", "--json"]);
    assert_eq!(synced["left"], json!([]), "{synced:#}");
    assert_eq!(shown()["follow_up_date"], "2099-01-01");
    for output in [place.run(&["tasks", "--json"]), place.run(&["events", "--json"])] {
        assert!(!String::from_utf8_lossy(&output.stdout).contains(secret), "the secret is in no table");
    }
}
