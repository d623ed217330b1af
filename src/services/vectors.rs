//! The vector index, whichever way the vectors are made: by Pinecone's own model, or by an embeddings endpoint. And the search in it,
//! for the command line and the API.

use super::embeddings::{self, Embeddings};
use super::pinecone::data::{self, Found, IDS_MAX, RECORDS_MAX};
use super::pinecone::{Index, Pinecone};
use super::vector_error::VectorError;
use crate::domain::documents::Namespace;
use crate::domain::documents::entry::{Entry, TENANT, TEXT};
use crate::domain::ids::ClientId;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Longest text that is searched for, in characters.
pub const QUERY_CHARS_MAX: usize = 2_000;
pub const LIMIT_MAX: usize = 100;

#[derive(Debug, Clone)]
pub struct VectorIndex {
    pinecone: Pinecone,
    /// None where the index has a model of its own.
    embeddings: Option<Embeddings>,
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub text: String,
    /// Empty is all three.
    pub namespaces: Vec<Namespace>,
    /// Only what is this client's, and what the company knows for all of them.
    pub client: Option<ClientId>,
    pub limit: usize,
}

/// A piece that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    pub namespace: Namespace,
    pub id: String,
    pub score: f64,
    pub text: String,
    pub metadata: Map<String, Value>,
}

/// How many were written; the rest is for the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written(pub usize);

impl VectorIndex {
    pub fn new(pinecone: Pinecone, embeddings: Option<Embeddings>) -> Self {
        Self { pinecone, embeddings }
    }

    pub fn name(&self) -> &str {
        self.pinecone.index_name()
    }

    /// The model that makes the vectors, where it is not the index's own.
    pub fn model(&self) -> Option<&str> {
        self.embeddings.as_ref().map(Embeddings::model)
    }

    /// Writes as many of the entries as one request takes, from the first on; gives how many.
    pub async fn upsert_some(&self, namespace: Namespace, entries: &[Entry]) -> Result<Written, VectorError> {
        let index = self.pinecone.describe().await?;
        let Some(embeddings) = &self.embeddings else {
            let some = entries.get(..entries.len().min(RECORDS_MAX)).unwrap_or(entries);
            self.pinecone.upsert_records(namespace, &own_model(&index)?, some).await?;
            return Ok(Written(some.len()));
        };
        no_model(&index)?;
        let texts: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
        let texts = texts.get(..embeddings::batch(&texts)).unwrap_or(&texts);
        let values = embeddings.embed(texts).await?;
        let vectors = values.iter().map(|values| fits(&index, values));
        vectors.collect::<Result<(), VectorError>>()?;
        let vectors: Vec<Value> =
            entries.iter().zip(&values).map(|(entry, values)| data::vector(entry, values)).collect();
        let mut rest = vectors.as_slice();
        while !rest.is_empty() {
            let (some, more) = rest.split_at(data::vector_batch(rest).min(rest.len()));
            self.pinecone.upsert_vectors(namespace, some).await?;
            rest = more;
        }
        Ok(Written(vectors.len()))
    }

    /// Takes out as many pieces as one request does, from the first on; gives how many.
    pub async fn delete_some(&self, namespace: Namespace, ids: &[String]) -> Result<Written, VectorError> {
        let some = ids.get(..ids.len().min(IDS_MAX)).unwrap_or(ids);
        if !some.is_empty() {
            self.pinecone.delete(namespace, some).await?;
        }
        Ok(Written(some.len()))
    }

    /// The pieces of a passage that may be there: the number after the highest. Serverless indexes only.
    pub async fn pieces_of(&self, namespace: Namespace, passage_id: &str) -> Result<u32, VectorError> {
        let prefix = format!("{passage_id}_");
        let ids = self.pinecone.ids(namespace, &prefix).await?;
        let number = |id: &String| id.strip_prefix(&prefix)?.parse::<u32>().ok();
        Ok(ids.iter().filter_map(number).max().map_or(0, |highest| highest.saturating_add(1)))
    }

    /// The pieces nearest in meaning, the nearest first.
    pub async fn search(&self, query: &Query) -> Result<Vec<Hit>, VectorError> {
        let text: String = query.text.trim().chars().take(QUERY_CHARS_MAX).collect();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let limit = query.limit.clamp(1, LIMIT_MAX);
        let namespaces = if query.namespaces.is_empty() { Namespace::ALL } else { &query.namespaces };
        let index = self.pinecone.describe().await?;
        let vector = match &self.embeddings {
            Some(embeddings) => {
                no_model(&index)?;
                let vector = embeddings.embed(&[&text]).await?.pop().unwrap_or_default();
                fits(&index, &vector)?;
                Some(vector)
            }
            None => None,
        };
        let text_field = if vector.is_some() { TEXT.to_owned() } else { own_model(&index)? };
        let mut hits = Vec::new();
        for namespace in namespaces {
            let filter = query.client.as_ref().map(|client| filter(*namespace, client));
            let found = match &vector {
                Some(vector) => self.pinecone.query(*namespace, vector, limit, filter.as_ref()).await?,
                None => self.pinecone.search_records(*namespace, &text, limit, filter.as_ref()).await?,
            };
            hits.extend(found.into_iter().map(|found| hit(*namespace, found, &text_field)));
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        hits.truncate(limit);
        Ok(hits)
    }
}

/// What the company knows is for all of its clients, but for what is one's own. Of all else a client finds only its own.
fn filter(namespace: Namespace, client: &ClientId) -> Value {
    let own = json!({ TENANT: { "$eq": client } });
    match namespace {
        Namespace::CompanyKnowledge => json!({ "$or": [{ TENANT: { "$exists": false } }, own] }),
        Namespace::ClientDocuments | Namespace::Documents => own,
    }
}

fn hit(namespace: Namespace, found: Found, text_field: &str) -> Hit {
    let Found { id, score, mut metadata } = found;
    let text = match metadata.remove(text_field) {
        Some(Value::String(text)) => text,
        // Written by another program, without its text.
        Some(_) | None => metadata.get("content_preview").and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    // Left out where the index takes it for another spelling of its own `_id`.
    metadata.entry("id").or_insert_with(|| json!(id));
    Hit { namespace, id, score, text, metadata }
}

fn own_model(index: &Index) -> Result<String, VectorError> {
    index.text_field.clone().ok_or_else(|| VectorError::Denied {
        service: "Pinecone",
        detail: "the index has no model of its own that reads texts: make one that has, or set [embeddings]".to_owned(),
    })
}

fn no_model(index: &Index) -> Result<(), VectorError> {
    if index.text_field.is_none() {
        return Ok(());
    }
    let detail =
        "the index has a model of its own, whose vectors are no others': take [embeddings] out, or name another index";
    Err(VectorError::Denied { service: "Pinecone", detail: detail.to_owned() })
}

fn fits(index: &Index, values: &[f32]) -> Result<(), VectorError> {
    match index.dimension {
        Some(dimension) if dimension != values.len() => Err(VectorError::Denied {
            service: "the embeddings endpoint",
            detail: format!(
                "it gives {} dimensions, and the index has {dimension}: set [embeddings] dimensions, or make another index",
                values.len()
            ),
        }),
        Some(_) | None => Ok(()),
    }
}
