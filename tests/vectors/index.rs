//! The index itself: both ways of making vectors, the search and its separation of clients, and what goes wrong.

pub(crate) use crate::common::clock::Clock;
use sales_engine::domain::documents::Namespace;
use sales_engine::domain::documents::chunk::Limits;
use sales_engine::domain::documents::entry::{Entry, Passage};
use sales_engine::domain::ids::ClientId;
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::pinecone::{API_KEY, DIMENSION, VectorFault};
use sales_engine::sandbox::{embeddings, pinecone};
use sales_engine::services::embeddings::Embeddings;
use sales_engine::services::pinecone::Pinecone;
use sales_engine::services::vector_error::VectorError;
use sales_engine::services::vectors::{Hit, Query, VectorIndex, Written};
use sales_engine::sources::settings::Secret;
use serde_json::json;

pub(crate) const SALES: &str = "sales";
pub(crate) const PLAIN: &str = "plain";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The index makes the vectors.
    OwnModel,
    /// An endpoint of embeddings does.
    Embeddings,
}

pub(crate) const WAYS: [Way; 2] = [Way::OwnModel, Way::Embeddings];

impl Way {
    pub(crate) fn index(self) -> &'static str {
        match self {
            Self::OwnModel => SALES,
            Self::Embeddings => PLAIN,
        }
    }

    pub(crate) fn client(self, sandbox: &Sandbox) -> VectorIndex {
        let pinecone = Pinecone::new(Secret::new(API_KEY), &sandbox.url(), self.index()).unwrap();
        let embeddings = match self {
            Self::OwnModel => None,
            Self::Embeddings => Some(endpoint(sandbox, None)),
        };
        VectorIndex::new(pinecone, embeddings)
    }
}

pub(crate) fn endpoint(sandbox: &Sandbox, dimensions: Option<u32>) -> Embeddings {
    let url = format!("{}/v1", sandbox.url());
    Embeddings::new(&url, Some(Secret::new(embeddings::API_KEY)), "words", dimensions).unwrap()
}

pub(crate) async fn sandbox(clock: &Clock) -> Sandbox {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "pat-test-token", clock.now()).await.unwrap();
    sandbox.pinecone(|pinecone| {
        pinecone.add_index_with_model(SALES, "chunk_text");
        pinecone.add_index(PLAIN, DIMENSION);
    });
    sandbox
}

fn passage(namespace: Namespace, id: &str, tenant: Option<&str>, text: &str) -> Passage {
    Passage {
        namespace,
        id: id.to_owned(),
        context: "faq".to_owned(),
        title: format!("About {id}"),
        lead_ids: Vec::new(),
        lead_names: Vec::new(),
        client_ids: Vec::new(),
        campaign_ids: Vec::new(),
        product_ids: Vec::new(),
        tenants: tenant.map(str::to_owned).into_iter().collect(),
        source: None,
        at: "2026-01-05T00:00:00Z".parse().unwrap(),
        tags: Vec::new(),
        text: text.to_owned(),
    }
}

async fn write(index: &VectorIndex, passage: &Passage) -> Vec<Entry> {
    let entries = passage.entries(Limits::of(200));
    let mut rest = entries.as_slice();
    while !rest.is_empty() {
        let Written(count) = index.upsert_some(passage.namespace, rest).await.unwrap();
        rest = &rest[count..];
    }
    entries
}

fn asks(text: &str, client: Option<&str>, namespaces: &[Namespace]) -> Query {
    Query {
        text: text.to_owned(),
        namespaces: namespaces.to_vec(),
        client: client.map(|client| ClientId::parse(client).unwrap()),
        limit: 10,
    }
}

fn ids(hits: &[Hit]) -> Vec<&str> {
    hits.iter().filter(|hit| hit.score > 0.0).map(|hit| hit.id.as_str()).collect()
}

#[tokio::test]
async fn the_right_piece_is_found_in_each_namespace_both_ways() {
    use Namespace::{ClientDocuments, CompanyKnowledge, Documents};
    for way in WAYS {
        let clock = Clock::new();
        let sandbox = sandbox(&clock).await;
        let index = way.client(&sandbox);
        assert_eq!(index.search(&asks("anything", None, &[])).await.unwrap(), [], "nothing is there yet");
        let company = format!(
            "{}\n\n{}",
            "Our pricing begins at ninety euros a month. ".repeat(4),
            "Refunds take ten days, and come by bank transfer."
        );
        write(&index, &passage(CompanyKnowledge, "doc_1", None, &company)).await;
        write(&index, &passage(CompanyKnowledge, "doc_2", Some("beta"), "Pricing of beta alone is secret.")).await;
        write(&index, &passage(ClientDocuments, "doc_3", Some("acme"), "Acme wants dentists in Berlin.")).await;
        write(&index, &passage(ClientDocuments, "doc_4", Some("beta"), "Beta wants dentists in Paris.")).await;
        write(&index, &passage(Documents, "call_5", Some("acme"), "Lee asked whether the refund covers shipping."))
            .await;
        write(&index, &passage(Documents, "doc_6", None, "Nobody's note about dentists.")).await;

        let hits = index.search(&asks("how long do refunds take", None, &[CompanyKnowledge])).await.unwrap();
        assert_eq!(hits[0].id, "doc_1_1", "{way:?}: the second piece, not the first");
        assert_eq!(hits[0].text, "Refunds take ten days, and come by bank transfer.");
        assert_eq!(hits[0].metadata["document_id"], "doc_1");
        assert_eq!(hits[0].metadata["id"], "doc_1_1");
        assert!(!hits[0].metadata.contains_key("chunk_text") && !hits[0].metadata.contains_key("text"));
        let all = index.search(&asks("dentists", None, &[])).await.unwrap();
        let mut found = ids(&all);
        found.sort_unstable();
        assert_eq!(found, ["doc_3_0", "doc_4_0", "doc_6_0"], "{way:?}");
        assert!(all.is_sorted_by(|a, b| a.score >= b.score));

        let acme = index.search(&asks("dentists pricing refund secret", Some("acme"), &[])).await.unwrap();
        let mut found = ids(&acme);
        found.sort_unstable();
        assert_eq!(found, ["call_5_0", "doc_1_0", "doc_1_1", "doc_3_0"], "{way:?}: its own, and what is for all");
        let beta = index.search(&asks("secret", Some("beta"), &[])).await.unwrap();
        assert_eq!(ids(&beta), ["doc_2_0"]);
        let few = index.search(&Query { limit: 1, ..asks("dentists", None, &[]) }).await.unwrap();
        assert_eq!(few.len(), 1);
        assert_eq!(index.search(&asks("  ", None, &[])).await.unwrap(), []);
    }
}

#[tokio::test]
async fn large_passages_go_in_parts_and_out_again() {
    for way in WAYS {
        let clock = Clock::new();
        let sandbox = sandbox(&clock).await;
        let index = way.client(&sandbox);
        let text: String = (0..600).map(|n| format!("Sentence number {n} tells about thing{n}.\n\n")).collect();
        let passage = passage(Namespace::Documents, "doc_9", None, &text);
        let entries = write(&index, &passage).await;
        assert!(entries.len() > 100, "more than one request: {}", entries.len());
        let there = |sandbox: &Sandbox| sandbox.pinecone(|p| p.records(way.index(), "documents").len());
        assert_eq!(there(&sandbox), entries.len());
        let ids: Vec<String> = entries.into_iter().map(|entry| entry.id).collect();
        assert_eq!(index.delete_some(Namespace::Documents, &ids).await.unwrap(), Written(ids.len()));
        assert_eq!(there(&sandbox), 0);
        assert_eq!(
            index.delete_some(Namespace::ClientDocuments, &ids).await,
            Ok(Written(ids.len())),
            "no such namespace yet"
        );
    }
}

#[tokio::test]
async fn what_was_written_is_seen_a_little_later() {
    let clock = Clock::new();
    let sandbox = sandbox(&clock).await;
    sandbox.pinecone(|pinecone| pinecone.lag_ms = 5_000);
    let index = Way::OwnModel.client(&sandbox);
    write(&index, &passage(Namespace::Documents, "doc_1", None, "Some words.")).await;
    assert_eq!(index.search(&asks("words", None, &[])).await.unwrap(), []);
    clock.forward_ms(5_000);
    assert_eq!(ids(&index.search(&asks("words", None, &[])).await.unwrap()), ["doc_1_0"]);
}

#[tokio::test]
async fn each_fault_says_what_is_to_be_done() {
    let clock = Clock::new();
    let sandbox = sandbox(&clock).await;
    let entries = passage(Namespace::Documents, "doc_1", None, "Some words.").entries(Limits::of(200));
    for way in WAYS {
        let index = way.client(&sandbox);
        index.upsert_some(Namespace::Documents, &entries).await.unwrap();
        for fault in [
            VectorFault::RateLimited(None),
            VectorFault::RateLimited(Some(7)),
            VectorFault::MonthlyCap,
            VectorFault::Status(500),
            VectorFault::Status(503),
            VectorFault::Status(400),
            VectorFault::Status(403),
            VectorFault::BadGateway,
            VectorFault::DropBefore,
            VectorFault::DropAfter,
            VectorFault::Garbage,
            VectorFault::HalfBody,
        ] {
            // The answer to a record upsert has no body that could be cut.
            let is_harmless = fault == VectorFault::HalfBody && way == Way::OwnModel;
            sandbox.pinecone(|pinecone| {
                pinecone.fail_when(move |_, path, _| path.ends_with("/upsert").then_some(fault));
            });
            let result = index.upsert_some(Namespace::Documents, &entries).await;
            sandbox.pinecone(pinecone::Pinecone::fail_no_more);
            let expected = match (&result, fault) {
                (Ok(_), _) => is_harmless,
                (Err(VectorError::RateLimited { retry_after_ms, .. }), VectorFault::RateLimited(seconds)) => {
                    *retry_after_ms == seconds.map(|seconds| seconds * 1_000)
                }
                (Err(VectorError::QuotaReached { .. }), VectorFault::MonthlyCap)
                | (Err(VectorError::Rejected { .. }), VectorFault::Status(400))
                | (Err(VectorError::Denied { .. }), VectorFault::Status(403)) => true,
                (Err(VectorError::Unavailable { .. }), fault) => !matches!(
                    fault,
                    VectorFault::Status(400 | 403) | VectorFault::MonthlyCap | VectorFault::RateLimited(_)
                ),
                (Err(_), _) => false,
            };
            assert!(expected, "{way:?} {fault:?}: {result:?}");
        }
    }
    let index = Way::Embeddings.client(&sandbox);
    for (fault, is_transient) in [
        (VectorFault::RateLimited(None), true),
        (VectorFault::MonthlyCap, false),
        (VectorFault::Status(500), true),
        (VectorFault::Garbage, true),
        (VectorFault::HalfBody, true),
        (VectorFault::DropAfter, true),
    ] {
        sandbox.embeddings(|embeddings| embeddings.fail_next(fault));
        let error = index.upsert_some(Namespace::Documents, &entries).await.unwrap_err();
        assert_eq!(error.is_transient(), is_transient, "{fault:?}: {error}");
        assert!(error.to_string().contains("embeddings"), "{error}");
    }
}

#[tokio::test]
async fn a_wrong_set_up_is_told_in_words() {
    let clock = Clock::new();
    let sandbox = sandbox(&clock).await;
    let url = sandbox.url();
    let pinecone = |key: &str, index: &str| Pinecone::new(Secret::new(key), &url, index).unwrap();
    let query = asks("words", None, &[]);
    for (what, index, expected) in [
        ("a wrong key", VectorIndex::new(pinecone("pc-wrong-key", SALES), None), "the key is refused (401)"),
        ("no such index", VectorIndex::new(pinecone(API_KEY, "nowhere"), None), "Resource nowhere not found (404)"),
        ("no model", VectorIndex::new(pinecone(API_KEY, PLAIN), None), "no model of its own"),
        (
            "two models",
            VectorIndex::new(pinecone(API_KEY, SALES), Some(endpoint(&sandbox, None))),
            "take [embeddings] out",
        ),
        (
            "another dimension",
            VectorIndex::new(pinecone(API_KEY, PLAIN), Some(endpoint(&sandbox, Some(8)))),
            "it gives 8 dimensions, and the index has 512",
        ),
    ] {
        let error = index.search(&query).await.unwrap_err();
        assert!(matches!(error, VectorError::Denied { .. }), "{what}: {error:?}");
        assert!(error.to_string().contains(expected), "{what}: {error}");
        assert!(!error.to_string().contains(API_KEY));
    }
    // An index that is made anew elsewhere is found again.
    let index = Way::OwnModel.client(&sandbox);
    index.search(&query).await.unwrap();
    sandbox.pinecone(|pinecone| pinecone.remove_index(SALES));
    assert!(index.search(&query).await.is_err());
    sandbox.pinecone(|pinecone| pinecone.add_index_with_model(SALES, "body"));
    write(&index, &passage(Namespace::Documents, "doc_1", None, "Some words.")).await;
    let there = sandbox.pinecone(|pinecone| pinecone.records(SALES, "documents"));
    assert_eq!(there["doc_1_0"]["body"], json!("Some words."), "under the field that the new index reads");
}
