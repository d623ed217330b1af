//! The running program: killed again and again while it indexes, then asked.

use crate::common::kill::Dice;
use crate::common::place::Place;
use crate::common::{Database, Kind, Person};
use crate::index::SALES;
use crate::on_both;
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::pinecone::{API_KEY, VectorFault};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const TOKEN: &str = "pat-test-token";

#[expect(clippy::disallowed_methods, reason = "the program beside it lives in real time")]
fn clock() -> Now {
    Arc::new(chrono::Utc::now)
}

/// Bounded: what does not come is a failure, not a hang.
async fn until(what: &str, mut look: impl FnMut() -> bool) {
    let came = async {
        while !look() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_mins(1), came).await.is_ok(), "waited a minute for {what}");
}

on_both! {
    async fn killed_again_and_again_it_indexes_each_document_and_finds_it(database: Database) {
        Box::pin(killed_again_and_again(database.kind)).await;
    }
}

async fn killed_again_and_again(kind: Kind) {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, clock()).await.unwrap();
    sandbox.pinecone(|pinecone| pinecone.add_index_with_model(SALES, "chunk_text"));
    let url = sandbox.url();
    let place = Place::on(
        kind,
        &format!(
        "[airtable]\ntoken = \"{TOKEN}\"\nbase_id = \"appTest\"\napi_url = \"{url}\"\npoll_seconds = 86400\n\
         [pinecone]\napi_key = \"{API_KEY}\"\nindex = \"{SALES}\"\napi_url = \"{url}\"\npoll_seconds = 5\nchunk_chars = 200\n"
    )).await;
    let texts: Vec<String> = (0..3).map(|n| format!("Document{n} tells of topic{n}. ").repeat(20)).collect();
    for text in &texts {
        let cells = json!({ "title": "T", "namespace": "company_knowledge", "context": "FAQ", "content_text": text });
        sandbox.with(|base| base.add("Documents", cells.as_object().unwrap())).unwrap();
    }
    // Each write takes a while, so that a kill finds one under way.
    sandbox.pinecone(|pinecone| {
        pinecone.fail_when(|_, path, _| path.ends_with("/upsert").then_some(VectorFault::Slow(200)));
    });
    place.json(&["migrate", "--json"]);
    let person = Person::at(&place.address).await;
    let mut dice = Dice(7);
    for _ in 0..3 {
        let mut served = place.serve();
        let before = sandbox.pinecone(|pinecone| pinecone.requests);
        let after = 1 + dice.below(3);
        until("requests", || sandbox.pinecone(|pinecone| pinecone.requests) >= before + after || is_done(&sandbox))
            .await;
        served.kill();
        // Two minutes later, for whoever waits for a lease to end.
        person.run("UPDATE tasks SET lease_until = created_at WHERE status = 'running'").await.unwrap();
    }
    let _served = place.serve();
    until("all documents", || is_done(&sandbox)).await;
    let there = sandbox.pinecone(|pinecone| pinecone.records(SALES, "company_knowledge"));
    let totals: u64 = there
        .values()
        .filter(|record| record["chunk_index"] == 0)
        .map(|record| record["total_chunks"].as_u64().unwrap())
        .sum();
    assert_eq!((there.values().filter(|record| record["chunk_index"] == 0).count(), there.len() as u64), (3, totals));
    let found = place.json(&["search", "topic1", "--limit", "2", "--json"]);
    assert!(found[0]["text"].as_str().unwrap().contains("topic1"), "{found:#}");
    let none = place.json(&["search", "topic1", "--namespace", "client_documents", "--json"]);
    assert_eq!(none, json!([]));
    let shown = String::from_utf8(place.run(&["search", "topic2", "--client", "acme"]).stdout).unwrap();
    assert!(shown.contains("company_knowledge") && shown.contains("topic2"), "{shown}");
    let wrong = place.run(&["search", "x", "--namespace", "nowhere"]);
    assert_eq!(wrong.status.code(), Some(2));
    let without = Place::new("");
    let said = without.run(&["search", "x"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("set [pinecone] api_key and index"));
    assert_eq!(said.status.code(), Some(1));
}

fn is_done(sandbox: &Sandbox) -> bool {
    sandbox.with(|base| base.records("Documents").values().all(|cells| cells.get("indexed") == Some(&json!(true))))
}
