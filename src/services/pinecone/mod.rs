//! Pinecone: one index, by its control and its data plane (API version 2026-04). One call at a time; pace and repetition are the
//! caller's. Writes are idempotent by their ids.

pub mod data;

use super::percent_encoded;
use super::vector_error::{PINECONE, VectorError, call, read};
use crate::sources::settings::Secret;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub const API_URL: &str = "https://api.pinecone.io";
/// Required with every request since 2025-10.
pub const API_VERSION: &str = "2026-04";
const SERVICE: &str = PINECONE;
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one index.
#[derive(Debug, Clone)]
pub struct Pinecone {
    client: reqwest::Client,
    api_key: Secret,
    api_url: String,
    index: String,
    /// What was told of it; asked for once, and again after the index was not found there.
    told: Arc<Mutex<Option<Arc<Index>>>>,
}

/// An index as Pinecone describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Where its data is, without a slash at the end.
    pub url: String,
    /// Of dense vectors.
    pub dimension: Option<usize>,
    /// Where a model of Pinecone's makes the vectors: the field that it reads the text from.
    pub text_field: Option<String>,
}

impl Pinecone {
    pub fn new(api_key: Secret, api_url: &str, index: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self {
            client,
            api_key,
            api_url: api_url.trim_end_matches('/').to_owned(),
            index: index.to_owned(),
            told: Arc::default(),
        })
    }

    pub fn index_name(&self) -> &str {
        &self.index
    }

    /// The index, asked for where it is not known yet.
    pub async fn describe(&self) -> Result<Arc<Index>, VectorError> {
        if let Some(index) = self.told().clone() {
            return Ok(index);
        }
        let name: String = self.index.bytes().map(percent_encoded).collect();
        let url = format!("{}/indexes/{name}", self.api_url);
        let wire: WireIndex = read(SERVICE, call(SERVICE, self.request(Method::GET, &url)).await?)?;
        if !wire.status.ready {
            return Err(VectorError::unreadable(SERVICE, "the index is not ready yet"));
        }
        let index = Arc::new(wire.into_index());
        *self.told() = Some(Arc::clone(&index));
        Ok(index)
    }

    /// It may have been made anew elsewhere.
    fn forget(&self) {
        *self.told() = None;
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Option<Arc<Index>>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let request = self.client.request(method, url);
        request.header("Api-Key", self.api_key.expose()).header("X-Pinecone-Api-Version", API_VERSION)
    }

    /// A call of the data plane.
    async fn data(
        &self,
        method: Method,
        path: &str,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<serde_json::Value, VectorError> {
        let index = self.describe().await?;
        let request = fill(self.request(method, &format!("{}{path}", index.url)));
        let result = call(SERVICE, request).await;
        if let Err(VectorError::Denied { .. } | VectorError::Unavailable { .. }) = result {
            self.forget();
        }
        result
    }
}

#[derive(Deserialize)]
struct WireIndex {
    host: String,
    #[serde(default)]
    dimension: Option<usize>,
    status: WireStatus,
    #[serde(default)]
    embed: Option<WireEmbed>,
}

#[derive(Deserialize)]
struct WireStatus {
    ready: bool,
}

#[derive(Deserialize)]
struct WireEmbed {
    #[serde(default)]
    field_map: Option<WireFieldMap>,
}

#[derive(Deserialize)]
struct WireFieldMap {
    #[serde(default)]
    text: Option<String>,
}

impl WireIndex {
    fn into_index(self) -> Index {
        let host = self.host.trim_end_matches('/');
        let has_scheme = host.starts_with("http://") || host.starts_with("https://");
        let url = if has_scheme { host.to_owned() } else { format!("https://{host}") };
        let text_field = self.embed.and_then(|embed| embed.field_map?.text);
        Index { url, dimension: self.dimension, text_field }
    }
}
