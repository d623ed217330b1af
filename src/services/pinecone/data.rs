//! Records and vectors: write, search, list, delete. Record calls are spelt in snake case, vector calls in camel case.

use super::{Pinecone, SERVICE, VectorError, read};
use crate::domain::documents::Namespace;
use crate::domain::documents::entry::{Entry, TEXT};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Records of a text upsert: the batch of the hosted models (Pinecone, "Operation limits").
pub const RECORDS_MAX: usize = 96;
/// Vectors of an upsert, and bytes of its request with room for what is around them.
pub const VECTORS_MAX: usize = 1_000;
pub const REQUEST_BYTES_MAX: usize = 1_900_000;
/// Ids of a deletion.
pub const IDS_MAX: usize = 1_000;
pub const TOP_K_MAX: usize = 10_000;
/// A listing that is longer is cut: no passage has so many pieces.
const PAGES_MAX: usize = 100;

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub id: String,
    pub score: f64,
    pub metadata: Map<String, Value>,
}

#[derive(Deserialize)]
struct WireHits {
    result: WireResult,
}

#[derive(Deserialize)]
struct WireResult {
    hits: Vec<WireHit>,
}

#[derive(Deserialize)]
struct WireHit {
    #[serde(rename = "_id", alias = "id")]
    id: String,
    #[serde(rename = "_score", alias = "score")]
    score: f64,
    #[serde(default)]
    fields: Map<String, Value>,
}

#[derive(Deserialize)]
struct WireMatches {
    #[serde(default)]
    matches: Vec<WireMatch>,
}

#[derive(Deserialize)]
struct WireMatch {
    id: String,
    #[serde(default)]
    score: f64,
    #[serde(default)]
    metadata: Map<String, Value>,
}

#[derive(Deserialize)]
struct WireList {
    #[serde(default)]
    vectors: Vec<WireId>,
    #[serde(default)]
    pagination: Option<WirePagination>,
}

#[derive(Deserialize)]
struct WireId {
    id: String,
}

#[derive(Deserialize)]
struct WirePagination {
    #[serde(default)]
    next: Option<String>,
}

impl Pinecone {
    /// Writes pieces whose vectors the index makes itself: at most 96, as one JSON object a line. Whole records are replaced.
    pub async fn upsert_records(
        &self,
        namespace: Namespace,
        text_field: &str,
        entries: &[Entry],
    ) -> Result<(), VectorError> {
        let mut lines = String::new();
        for entry in entries {
            let mut record = Map::new();
            record.insert("_id".to_owned(), json!(entry.id));
            // The owner's metadata has a key of the name that Pinecone takes for another spelling of `_id`; it is the same.
            record.extend(entry.metadata.iter().filter(|(name, _)| *name != "id").map(|(k, v)| (k.clone(), v.clone())));
            record.insert(text_field.to_owned(), json!(entry.text));
            lines.push_str(&Value::Object(record).to_string());
            lines.push('\n');
        }
        let path = format!("/records/namespaces/{namespace}/upsert");
        self.data(Method::POST, &path, |request| request.header("content-type", "application/x-ndjson").body(lines))
            .await
            .map(drop)
    }

    /// What is nearest in meaning, by the index's own model.
    pub async fn search_records(
        &self,
        namespace: Namespace,
        text: &str,
        top_k: usize,
        filter: Option<&Value>,
    ) -> Result<Vec<Found>, VectorError> {
        let mut query = json!({ "inputs": { "text": text }, "top_k": top_k.clamp(1, TOP_K_MAX) });
        if let (Some(filter), Some(query)) = (filter, query.as_object_mut()) {
            query.insert("filter".to_owned(), filter.clone());
        }
        let path = format!("/records/namespaces/{namespace}/search");
        let body = json!({ "query": query });
        let answer = self.data(Method::POST, &path, |request| request.json(&body)).await?;
        let WireHits { result } = read(SERVICE, answer)?;
        Ok(result.hits.into_iter().map(|hit| Found { id: hit.id, score: hit.score, metadata: hit.fields }).collect())
    }

    /// Writes pieces with vectors of ours: at most as many as [`vector_batch`] says. Whole records are replaced.
    pub async fn upsert_vectors(&self, namespace: Namespace, vectors: &[Value]) -> Result<(), VectorError> {
        let body = json!({ "vectors": vectors, "namespace": namespace });
        self.data(Method::POST, "/vectors/upsert", |request| request.json(&body)).await.map(drop)
    }

    /// What is nearest to a vector.
    pub async fn query(
        &self,
        namespace: Namespace,
        vector: &[f32],
        top_k: usize,
        filter: Option<&Value>,
    ) -> Result<Vec<Found>, VectorError> {
        let mut body = json!({ "namespace": namespace, "vector": vector, "topK": top_k.clamp(1, TOP_K_MAX),
            "includeMetadata": true, "includeValues": false });
        if let (Some(filter), Some(body)) = (filter, body.as_object_mut()) {
            body.insert("filter".to_owned(), filter.clone());
        }
        let answer = self.data(Method::POST, "/query", |request| request.json(&body)).await?;
        let WireMatches { matches } = read(SERVICE, answer)?;
        let found = |found: WireMatch| Found { id: found.id, score: found.score, metadata: found.metadata };
        Ok(matches.into_iter().map(found).collect())
    }

    /// Takes up to a thousand pieces out; those that are not there do no harm, nor does a namespace that is not.
    pub async fn delete(&self, namespace: Namespace, ids: &[String]) -> Result<(), VectorError> {
        let body = json!({ "ids": ids, "namespace": namespace });
        match self.data(Method::POST, "/vectors/delete", |request| request.json(&body)).await {
            Err(VectorError::Denied { detail, .. })
                if detail.ends_with("(404)") && detail.to_lowercase().contains("namespace") =>
            {
                Ok(())
            }
            result => result.map(drop),
        }
    }

    /// The ids that begin so, all of them; serverless indexes only.
    pub async fn ids(&self, namespace: Namespace, prefix: &str) -> Result<Vec<String>, VectorError> {
        let mut ids = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut query = vec![("namespace", namespace.as_str().to_owned()), ("prefix", prefix.to_owned())];
            query.extend(token.take().map(|token| ("paginationToken", token)));
            let answer = self.data(Method::GET, "/vectors/list", |request| request.query(&query)).await?;
            let WireList { vectors, pagination } = read(SERVICE, answer)?;
            ids.extend(vectors.into_iter().map(|vector| vector.id));
            token = pagination.and_then(|pagination| pagination.next).filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        Ok(ids)
    }
}

/// A piece as a vector upsert takes it; the text goes with it, so that what is found can be read.
pub fn vector(entry: &Entry, values: &[f32]) -> Value {
    let mut metadata = entry.metadata.clone();
    metadata.insert(TEXT.to_owned(), json!(entry.text));
    json!({ "id": entry.id, "values": values, "metadata": metadata })
}

/// How many of these fit into one request.
pub fn vector_batch(vectors: &[Value]) -> usize {
    let mut bytes = 0_usize;
    let fits = |vector: &&Value| {
        bytes = bytes.saturating_add(vector.to_string().len() + 1);
        bytes <= REQUEST_BYTES_MAX
    };
    vectors.iter().take(VECTORS_MAX).take_while(fits).count().max(1)
}
