//! Vectors of texts by an OpenAI-compatible endpoint (`POST /v1/embeddings`). Costs money with every call: nothing is asked twice
//! that is known.

use super::vector_error::{VectorError, call, read};
use crate::sources::settings::Secret;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

const SERVICE: &str = "the embeddings endpoint";
const TIMEOUT: Duration = Duration::from_mins(1);
/// Inputs of a request (2,048 are allowed) and their characters: 300,000 tokens are allowed, and no script needs three a character.
pub const INPUTS_MAX: usize = 256;
const CHARS_MAX: usize = 100_000;

#[derive(Debug, Clone)]
pub struct Embeddings {
    client: reqwest::Client,
    url: String,
    api_key: Option<Secret>,
    model: String,
    /// Asked for where it is set; what comes must have them all the same.
    dimensions: Option<u32>,
}

#[derive(Deserialize)]
struct Wire {
    data: Vec<WireEmbedding>,
}

#[derive(Deserialize)]
struct WireEmbedding {
    index: usize,
    embedding: Vec<f32>,
}

impl Embeddings {
    /// `url` up to and with `/v1`.
    pub fn new(
        url: &str,
        api_key: Option<Secret>,
        model: &str,
        dimensions: Option<u32>,
    ) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        let url = format!("{}/embeddings", url.trim_end_matches('/'));
        Ok(Self { client, url, api_key, model: model.to_owned(), dimensions })
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    /// The vectors of at most [`batch`] texts, in their order.
    pub async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, VectorError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let mut body = json!({ "model": self.model, "input": texts, "encoding_format": "float" });
        if let (Some(dimensions), Some(body)) = (self.dimensions, body.as_object_mut()) {
            body.insert("dimensions".to_owned(), json!(dimensions));
        }
        let mut request = self.client.post(&self.url).json(&body);
        if let Some(key) = &self.api_key {
            request = request.bearer_auth(key.expose());
        }
        let Wire { mut data } = read(SERVICE, call(SERVICE, request).await?)?;
        // Their place in the list says nothing.
        data.sort_by_key(|embedding| embedding.index);
        let is_whole = data.len() == texts.len() && data.iter().enumerate().all(|(nth, one)| one.index == nth);
        if !is_whole {
            return Err(VectorError::unreadable(SERVICE, "its answer lacks embeddings"));
        }
        if data.iter().any(|one| one.embedding.is_empty() || !one.embedding.iter().all(|value| value.is_finite())) {
            return Err(VectorError::unreadable(SERVICE, "its answer holds what is no vector"));
        }
        Ok(data.into_iter().map(|one| one.embedding).collect())
    }
}

/// How many of these fit into one request.
pub fn batch(texts: &[&str]) -> usize {
    let mut chars = 0_usize;
    let fits = |text: &&&str| {
        chars = chars.saturating_add(text.chars().count());
        chars <= CHARS_MAX
    };
    texts.iter().take(INPUTS_MAX).take_while(fits).count().max(1)
}
