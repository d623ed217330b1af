//! The search over HTTP: who finds what, and what is told where the index is absent, down, slow or refuses.

use crate::common::{Database, Kind};
use crate::served::{ACME, ADMIN, BETA, Served, serve, serve_with, with_tokens};
use crate::world::now;
use sales_engine::api::Search;
use sales_engine::domain::documents::Namespace;
use sales_engine::domain::documents::chunk::Limits;
use sales_engine::domain::documents::entry::Passage;
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::pinecone::{API_KEY, VectorFault};
use sales_engine::services::pinecone::Pinecone;
use sales_engine::services::vectors::{VectorIndex, Written};
use sales_engine::sources::settings::Secret;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const INDEX: &str = "sales";

/// The stand-in counts requests by the second: each look at its clock is a second later.
fn clock() -> Now {
    let seconds = AtomicI64::new(0);
    let start = now()();
    Arc::new(move || start + chrono::TimeDelta::seconds(seconds.fetch_add(1, Ordering::SeqCst)))
}

pub(crate) fn index(sandbox: &Sandbox) -> VectorIndex {
    VectorIndex::new(Pinecone::new(Secret::new(API_KEY), &sandbox.url(), INDEX).unwrap(), None)
}

/// A stand-in with something of everybody's in its index.
pub(crate) async fn searched() -> Sandbox {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "pat-test-token", clock()).await.unwrap();
    sandbox.pinecone(|pinecone| pinecone.add_index_with_model(INDEX, "chunk_text"));
    let index = index(&sandbox);
    for (namespace, id, tenant, text) in [
        (Namespace::CompanyKnowledge, "doc_1", None, "Refunds take ten days, and come by bank transfer."),
        (Namespace::ClientDocuments, "doc_2", Some("acme"), "Acme wants dentists, and gives refunds."),
        (Namespace::ClientDocuments, "doc_3", Some("beta"), "Beta wants plumbers, and gives refunds."),
        (Namespace::Documents, "email_4", Some("acme"), "Can I have a refund?"),
    ] {
        let passage = Passage {
            id: id.to_owned(),
            title: "A title".to_owned(),
            namespace,
            context: "faq".to_owned(),
            lead_ids: Vec::new(),
            lead_names: Vec::new(),
            client_ids: Vec::new(),
            campaign_ids: Vec::new(),
            product_ids: Vec::new(),
            tenants: tenant.map(str::to_owned).into_iter().collect(),
            source: None,
            at: now()(),
            tags: Vec::new(),
            text: text.to_owned(),
        };
        assert_eq!(index.upsert_some(namespace, &passage.entries(Limits::of(200))).await.unwrap(), Written(1));
    }
    sandbox
}

async fn ids(served: &Served, token: &str, path: &str, body: &Value) -> Vec<String> {
    let reply = served.post(token, path, body).await;
    assert_eq!(reply.status, 200, "{path} {body}: {}", reply.body);
    let mut ids: Vec<String> =
        reply.body["hits"].as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect();
    ids.sort_unstable();
    ids
}

// What is searched is not in the database: one of them is enough.
#[tokio::test]
async fn a_caller_finds_its_own_and_what_is_for_all() {
    let database = Database::new(Kind::Sqlite).await;
    let sandbox = searched().await;
    let served = serve_with(&database, with_tokens(), Some(Search::new(index(&sandbox)))).await;
    let refunds = json!({"query": "refunds"});
    assert_eq!(ids(&served, ADMIN, "/search", &refunds).await, ["doc_1_0", "doc_2_0", "doc_3_0", "email_4_0"]);
    assert_eq!(ids(&served, ADMIN, "/search?client=beta", &refunds).await, ["doc_1_0", "doc_3_0"]);
    assert_eq!(ids(&served, ACME, "/search", &refunds).await, ["doc_1_0", "doc_2_0", "email_4_0"]);
    assert_eq!(ids(&served, BETA, "/search?client=beta", &refunds).await, ["doc_1_0", "doc_3_0"]);
    assert_eq!(
        served.post(BETA, "/search?client=acme", &refunds).await.status,
        404,
        "no more than of a client that is not"
    );
    let both = json!({"query": "refunds", "namespaces": ["documents", "client_documents", "documents"], "limit": 100});
    assert_eq!(ids(&served, ACME, "/search", &both).await, ["doc_2_0", "email_4_0"], "each once");
    let nearest = served.post(ACME, "/search", &json!({"query": "refunds by bank transfer", "limit": 1.0})).await.body;
    assert_eq!(nearest["hits"].as_array().unwrap().len(), 1);
    let hit = &nearest["hits"][0];
    assert_eq!((&hit["id"], &hit["namespace"]), (&json!("doc_1_0"), &json!("company_knowledge")), "{nearest}");
    assert_eq!(hit["text"], "Refunds take ten days, and come by bank transfer.");
    assert_eq!((&hit["metadata"]["title"], hit["score"].as_f64().unwrap() > 0.0), (&json!("A title"), true));
    assert_eq!(served.post(ACME, "/search", &json!({"query": "  "})).await.body["hits"], json!([]), "nothing is asked");
}

#[tokio::test]
async fn what_can_not_be_searched_is_told_as_a_problem() {
    let database = Database::new(Kind::Sqlite).await;
    let sandbox = searched().await;
    let served = serve_with(&database, with_tokens(), Some(Search::new(index(&sandbox)).within_ms(500))).await;
    let before = sandbox.pinecone(|pinecone| pinecone.requests);
    let long = "x".repeat(2_001);
    for body in [
        json!({}),
        json!({"query": ""}),
        json!({"query": long}),
        json!({"query": 1}),
        json!({"query": "x", "limit": 0}),
        json!({"query": "x", "limit": 101}),
        json!({"query": "x", "limit": 1.5}),
        json!({"query": "x", "namespaces": ["nowhere"]}),
        json!({"query": "x", "namespaces": ["documents", "documents", "documents", "documents"]}),
        json!({"query": "x", "colour": "red"}),
    ] {
        let reply = served.post(ACME, "/search", &body).await;
        assert_eq!((reply.status, reply.has("application/problem+json")), (400, true), "{body}: {}", reply.body);
    }
    assert_eq!(served.post(ACME, "/search?query=x", &json!({"query": "x"})).await.status, 400);
    assert_eq!(served.send("POST", "/search", &[], b"{}").await.status, 401);
    assert_eq!(served.get(ACME, "/search").await.status, 405);
    assert_eq!(sandbox.pinecone(|pinecone| pinecone.requests), before, "nothing of it reached the index");

    let question = json!({"query": "refunds", "namespaces": ["documents"]});
    // What the index does, and what the caller is told.
    for (fault, status) in [
        (VectorFault::RateLimited(Some(7)), 503),
        (VectorFault::Status(500), 503),
        (VectorFault::BadGateway, 503),
        (VectorFault::DropBefore, 503),
        (VectorFault::DropAfter, 503),
        (VectorFault::Garbage, 503),
        (VectorFault::HalfBody, 503),
        (VectorFault::HangBefore, 503),
        (VectorFault::HangAfter, 503),
        (VectorFault::MonthlyCap, 502),
        (VectorFault::Status(400), 502),
        (VectorFault::Status(401), 502),
        (VectorFault::Status(404), 502),
    ] {
        sandbox.pinecone(|pinecone| pinecone.fail_next(fault));
        let reply = served.post(ACME, "/search", &question).await;
        assert_eq!(reply.status, status, "{fault:?}: {}", reply.body);
        assert_eq!((reply.body["status"].as_u64(), reply.has("application/problem+json")), (Some(status.into()), true));
        assert_eq!(reply.has("retry-after: 5"), status == 503, "{fault:?}");
        let told = reply.body.to_string();
        assert!(!told.contains(API_KEY) && !told.contains("on purpose") && !told.contains("month"), "{told}");
        assert_eq!(ids(&served, ACME, "/search", &question).await, ["email_4_0"], "the next one is answered again");
    }
    sandbox.pinecone(|pinecone| pinecone.remove_index(INDEX));
    assert_eq!(served.post(ACME, "/search", &question).await.status, 502);

    let without = serve(&database, with_tokens()).await;
    let reply = without.post(ACME, "/search", &question).await;
    assert_eq!(reply.status, 404);
    assert!(reply.body["detail"].as_str().unwrap().contains("[pinecone]"), "{}", reply.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_than_eight_ask_the_index_at_once() {
    let database = Database::new(Kind::Sqlite).await;
    let sandbox = searched().await;
    let served = serve_with(&database, with_tokens(), Some(Search::new(index(&sandbox)).within_ms(60_000))).await;
    let question = json!({"query": "refunds"});
    assert_eq!(served.post(ACME, "/search", &question).await.status, 200, "the index is known now");
    sandbox.pinecone(|pinecone| {
        pinecone.fail_when(|_, path, _| path.ends_with("/search").then_some(VectorFault::HangBefore));
    });
    let before = sandbox.pinecone(|pinecone| pinecone.requests);
    let mut waiting = Vec::new();
    for _ in 0..8 {
        waiting.push(Box::pin(served.post(ACME, "/search", &question)));
    }
    let all = futures_of(waiting);
    tokio::pin!(all);
    let full = async {
        while sandbox.pinecone(|pinecone| pinecone.requests) < before + 8 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = &mut all => panic!("none is answered"),
        full = tokio::time::timeout(std::time::Duration::from_mins(1), full) => full.unwrap(),
    }
    let ninth = served.post(BETA, "/search", &question).await;
    assert_eq!((ninth.status, ninth.has("retry-after: 5")), (503, true), "{}", ninth.body);
}

/// Polls them all until each has ended.
async fn futures_of<F: Future + Unpin>(mut futures: Vec<F>) {
    std::future::poll_fn(|context| {
        futures.retain_mut(|future| std::pin::Pin::new(future).poll(context).is_pending());
        if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
