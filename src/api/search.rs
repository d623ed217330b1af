//! Search by meaning in what was indexed: for agents that answer, and people who look something up.

use super::answer::{Answer, Problem};
use super::query::Params;
use super::{Api, Caller};
use crate::domain::documents::Namespace;
use crate::domain::ids::ClientId;
use crate::services::vector_error::VectorError;
use crate::services::vectors::{LIMIT_MAX, QUERY_CHARS_MAX, Query, VectorIndex};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Whoever asks waits this long at most.
const WAIT_MS_MAX: u64 = 10_000;
/// Each holds a connection to the index, and costs money there.
const AT_ONCE_MAX: usize = 8;
const LIMIT_USUAL: u64 = 10;

/// The index that is searched, and how much of it at once.
#[derive(Debug, Clone)]
pub struct Search {
    index: VectorIndex,
    wait: Duration,
    places: Arc<Semaphore>,
}

impl Search {
    pub fn new(index: VectorIndex) -> Self {
        Self { index, wait: Duration::from_millis(WAIT_MS_MAX), places: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }

    /// The index has so long for its answer.
    #[must_use]
    pub fn within_ms(self, wait_ms_max: u64) -> Self {
        Self { wait: Duration::from_millis(wait_ms_max), ..self }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    query: String,
    #[serde(default)]
    namespaces: Vec<Namespace>,
    #[serde(default = "limit_usual", deserialize_with = "super::query::whole")]
    limit: u64,
}

fn limit_usual() -> u64 {
    LIMIT_USUAL
}

/// `POST /search`: a client finds what is its own, and what the company knows for all of its clients.
pub(super) async fn run(api: &Api, caller: &Caller, mut params: Params, body: &[u8]) -> Result<Answer, Problem> {
    let client = params.text("client");
    params.finish()?;
    let client = api.client(caller, client.as_deref())?;
    let question: Question = super::events::json(body)?;
    let query = wanted(question, client)?;
    let off = || Problem::new(404, "the search is off: configure [pinecone] api_key and index");
    let search = api.search.as_ref().ok_or_else(off)?;
    let _place = search
        .places
        .try_acquire()
        .map_err(|_| Problem::new(503, format!("{AT_ONCE_MAX} searches are under way, try again shortly")))?;
    match tokio::time::timeout(search.wait, search.index.search(&query)).await {
        Ok(Ok(hits)) => Answer::json(&json!({ "hits": hits })),
        Ok(Err(error)) => Err(problem(&error)),
        Err(_too_slow) => {
            tracing::warn!("the vector index did not answer the API in time");
            Err(not_now())
        }
    }
}

fn wanted(question: Question, client: Option<ClientId>) -> Result<Query, Problem> {
    let Question { query: text, mut namespaces, limit } = question;
    if text.is_empty() || text.chars().count() > QUERY_CHARS_MAX {
        return Err(Problem::new(400, format!("`query` must have 1 to {QUERY_CHARS_MAX} characters")));
    }
    if namespaces.len() > Namespace::ALL.len() {
        return Err(Problem::new(400, format!("`namespaces` must hold {} at most", Namespace::ALL.len())));
    }
    // Named twice, its pieces would be found twice.
    namespaces.sort();
    namespaces.dedup();
    let limit = usize::try_from(limit).ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    let limit = limit.ok_or_else(|| Problem::new(400, format!("`limit` must be a number from 1 to {LIMIT_MAX}")))?;
    Ok(Query { text, namespaces, client, limit })
}

/// What the index says of its key and its plan is for operators: they find it in the log.
fn problem(error: &VectorError) -> Problem {
    tracing::warn!(%error, "the vector index did not answer the API");
    match error {
        VectorError::RateLimited { .. } | VectorError::Unavailable { .. } => not_now(),
        VectorError::QuotaReached { .. } | VectorError::Rejected { .. } | VectorError::Denied { .. } => {
            Problem::new(502, "the vector index refuses to be searched; the program's log says why")
        }
    }
}

fn not_now() -> Problem {
    Problem::new(503, "the vector index can't be asked now, try again shortly")
}
