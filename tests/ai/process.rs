//! The running program, killed while the model thinks; and a client that is not ours against the stand-in.

use crate::common::place::Place;
use crate::common::{Database, Kind};
use crate::python;
use crate::world::{KEY, World};
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::ai::{AiFault, MODEL};
use sales_engine::services::post::Poster;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const LEAD: &str = "ada.berg@example.com";

#[expect(clippy::disallowed_methods, reason = "the program beside it lives in real time")]
fn clock() -> Now {
    Arc::new(chrono::Utc::now)
}

fn config(sandbox: &Sandbox) -> String {
    format!(
        "[ai]\nurl = \"{}/v1\"\nmodel = \"{MODEL}\"\napi_key = \"{KEY}\"\nclassify_after_seconds = 0\nsummarise = false\n",
        sandbox.url()
    )
}

async fn wait_for(what: &str, mut look: impl FnMut() -> bool) {
    let came = async {
        while !look() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_mins(2), came).await.is_ok(), "waited two minutes for {what}");
}

async fn posts_a_reply(url: &str, text: &str) {
    let poster = Poster::new(url).unwrap();
    let now = clock()().to_rfc3339();
    let reply = json!({ "event_type": "EMAIL_REPLY", "secret_key": "smartlead-key-of-acme", "campaign_id": 77, "sl_lead_email": LEAD,
        "to_email": LEAD, "from_email": "ann@sales.example", "event_timestamp": now, "time_replied": now, "subject": "Re: Your offer",
        "reply_message": { "message_id": "<r1@example.com>", "text": text, "time": now } });
    let (status, answer) =
        poster.post("/hooks/smartlead/acme?token=smartlead-token-of-acme", &[], reply.to_string()).await.unwrap();
    assert_eq!(status, 200, "{answer:?}");
}

async fn a_reply_is_read(kind: Kind) {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), KEY, clock()).await.unwrap();
    let place = Place::on(kind, &config(&sandbox)).await;
    sandbox.ai(|ai| ai.fail_next(AiFault::Hang));
    let mut served = place.serve();
    posts_a_reply(&served.url, "Hm. Send it to my colleague, will you.\n\nWe would rather meet some day").await;
    wait_for("the question", || sandbox.ai(|ai| ai.answered == 1)).await;
    served.kill();
    let shown = || place.json(&["contact", "show", LEAD, "--json"]);
    let before = shown();
    assert_eq!(before["contact"]["stage"], "Interested");
    // Another process takes over when the lease is over: two minutes, which this test does not wait.
    let store = place.store().await;
    let tasks = place.json(&["tasks", "--json"]);
    let task = tasks.as_array().unwrap().iter().find(|task| task["kind"] == "ai.classify").unwrap().clone();
    assert_eq!(task["status"], "running");
    drop(store);
    World::outlives_the_lease(&place.address, task["task_id"].as_str().unwrap()).await;
    let served = place.serve();
    wait_for("the reading", || {
        let events = place.json(&["events", "--json"]);
        events.as_array().unwrap().iter().any(|event| event["kind"] == "reply_classified")
    })
    .await;
    drop(served);
    let events = place.json(&["events", "--json"]);
    let readings = events.as_array().unwrap().iter().filter(|event| event["source"] == "ai").count();
    assert_eq!((readings, sandbox.ai(|ai| ai.answered)), (1, 2), "paid twice, counted once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_is_read_by_the_program_that_was_killed_before_on_sqlite() {
    a_reply_is_read(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_is_read_by_the_program_that_was_killed_before_on_postgres() {
    a_reply_is_read(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openais_own_client_finds_what_it_expects() {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), KEY, clock()).await.unwrap();
    sandbox.ai(|ai| ai.requests_per_minute_max = Some(12));
    let folder = tempfile::tempdir().unwrap();
    let url = sandbox.url();
    let driven = tokio::task::spawn_blocking(move || {
        let python = python::environment(folder.path(), &["openai==2.9.0"]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ai/drive.py");
        python::succeeded(&python, &[script, &url, KEY, MODEL]);
    });
    driven.await.unwrap();
    assert!(sandbox.ai(|ai| ai.answered) >= 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_the_environment_alone_switches_nothing_on() {
    let database = Database::new(Kind::Sqlite).await;
    let place = Place::with(database.address.clone(), "");
    let output = place.command(&["tasks", "--json"]).env("OPENAI_API_KEY", "sk-0123456789abcdef").output().unwrap();
    assert!(output.status.success());
    let broken = Place::new("[ai]\napi_key = \"sk-0123456789abcdef\"\nconfidence_min = 200\nclasify = true\n");
    let said = String::from_utf8(broken.run(&["tasks"]).stderr).unwrap();
    for expected in [
        "`ai.model` is missing",
        "`ai.confidence_min` must be a whole number from 0 to 100",
        "did you mean `classify`?",
    ] {
        assert!(said.contains(expected), "{expected} in {said}");
    }
}
