//! The running program: a pushed reply arrives, with the key of a service account in a file.

use crate::common::place::Place;
use crate::world::{ANN, LEAD, Letter};
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::google::{PUSH_ACCOUNT, Subscription, TOPIC};
use sales_engine::services::post::Poster;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const AUDIENCE: &str = "https://sales.example.com/hooks/gmail";

#[expect(clippy::disallowed_methods, reason = "the program beside it lives in real time")]
fn clock() -> Now {
    Arc::new(chrono::Utc::now)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pushed_reply_arrives_in_the_running_program() {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "unused", clock()).await.unwrap();
    let account = sandbox.google(|google| {
        google.add_mailbox(ANN);
        google.delegate(&["https://www.googleapis.com/auth/gmail.readonly"]);
        google.service_account().unwrap()
    });
    let url = sandbox.url();
    let place = Place::new(&format!(
        "[google]\napi_url = \"{url}\"\ntoken_url = \"{url}/token\"\ncerts_url = \"{url}/oauth2/v3/certs\"\n\
         [clients.acme.gmail]\nmailboxes = [\"{ANN}\"]\ntopic = \"{TOPIC}\"\naudience = \"{AUDIENCE}\"\n\
         service_account = \"{PUSH_ACCOUNT}\"\nservice_account_key_file = \"google.json\"\npoll_seconds = 86400\n"
    ));
    let broken = place.run(&["serve"]);
    let said = String::from_utf8(broken.stderr).unwrap();
    assert!(said.contains("`service_account_key_file` of [clients.acme.gmail] (google.json)"), "{said}");
    let key = json!({ "type": "service_account", "client_email": account.client_email, "private_key": account.private_key_pem,
        "private_key_id": account.key_id });
    std::fs::write(place.folder().join("google.json"), key.to_string()).unwrap();
    let served = place.serve();
    sandbox.google(|google| {
        google.subscribe(Subscription {
            audience: Some(AUDIENCE.to_owned()),
            ..Subscription::new(&format!("{}/hooks/gmail", served.url))
        });
    });
    let poster = Poster::new(&served.url).unwrap();
    let at = "2026-11-18T09:00:00.000+00:00";
    let sent = json!({ "event_type": "EMAIL_SENT", "time_sent": at, "campaign_id": 1, "sl_lead_email": LEAD, "to_email": LEAD,
        "stats_id": "6f0c2e0a-0b1b-4e5c-9c8b-5b9b6f5f0001", "secret_key": "smartlead-key-of-acme", "sequence_number": 1 });
    let target = "/hooks/smartlead/acme?token=smartlead-token-of-acme";
    assert_eq!(poster.post(target, &[], sent.to_string()).await.unwrap().0, 200);
    let until = async |what: &str, mut look: Box<dyn FnMut() -> bool>| {
        let came = async {
            while !look() {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_mins(1), came).await.is_ok(), "waited a minute for {what}");
    };
    let tasks = |kind: &str| {
        let shown = place.json(&["tasks", "--json"]);
        shown.as_array().unwrap().iter().find(|task| task["kind"] == kind).cloned().unwrap_or_default()
    };
    // It was read once and watches; what comes now is only told by a push.
    while tasks("gmail.mailbox")["status"] != "pending" || !sandbox.google(|google| google.is_watched(ANN)) {
        tokio::task::yield_now().await;
    }
    let id = sandbox.google(|google| google.deliver(ANN, Letter::default().raw().as_bytes()));
    let replies = || {
        // Google drops a notice within a second after another; so somebody reads the mail, again and again.
        sandbox.google(|google| google.relabel(ANN, &id, &[], &["UNREAD"]));
        sandbox.google(|google| google.relabel(ANN, &id, &["UNREAD"], &[]));
        place.json(&["contact", "show", LEAD, "--json"])["contact"]["reply_count"].clone()
    };
    until("the reply", Box::new(|| replies() == 1)).await;
    assert!(sandbox.google(|google| google.pushed().iter().any(|push| push.status == Some(204))));
}
