//! Airtable's Web API: one call at a time, its errors by what is to be done about them. Pace and repetition are the caller's.

pub mod meta;
pub mod records;
pub mod webhooks;

use super::{percent_encoded, sent, what_broke};
use crate::sources::settings::Secret;
use crate::telemetry::Destination;
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(30);
/// After a 429 the whole base refuses for 30 seconds (Airtable, "Rate limits").
const LOCK_OUT_MS: u64 = 30_000;
const DETAIL_CHARS_MAX: usize = 300;

/// A client of one base.
#[derive(Debug, Clone)]
pub struct Airtable {
    client: reqwest::Client,
    token: Secret,
    base_id: String,
    api_url: String,
}

/// Why a call did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AirtableError {
    /// The whole base is to be left alone for this long.
    #[error("Airtable's rate limit was reached")]
    RateLimited { retry_after_ms: u64 },
    /// The plan's calls of this month are used up; only a person (or the next month) can cure it.
    #[error("the monthly calls of Airtable's plan are used up ({kind}): upgrade the plan or wait for the next month")]
    QuotaReached { kind: String },
    /// Permanent for what was asked, and nothing of the request was written.
    #[error("Airtable refused it ({status} {kind}): {message}")]
    Rejected { status: u16, kind: String, message: String },
    /// A record, table or webhook is not there (any more).
    #[error("Airtable does not know it (404 {kind}): was it deleted or renamed?")]
    NotFound { kind: String },
    /// Only a person can cure it.
    #[error("Airtable denies access ({status} {kind}): check token, its scopes and base_id")]
    Denied { status: u16, kind: String },
    /// It may or may not have been done; coming again does no harm where the call is idempotent.
    #[error("Airtable is not available: {detail}")]
    Unavailable { detail: String, retry_after_ms: Option<u64> },
}

impl Airtable {
    pub fn new(token: Secret, base_id: &str, api_url: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client, token, base_id: base_id.to_owned(), api_url: api_url.trim_end_matches('/').to_owned() })
    }

    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    pub fn base_id(&self) -> &str {
        &self.base_id
    }

    /// One request. `segments` are percent-encoded and joined to a path; an answer without a body is null.
    pub(super) async fn call(
        &self,
        method: Method,
        segments: &[&str],
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Value, AirtableError> {
        let path: Vec<String> =
            segments.iter().map(|segment| segment.bytes().map(percent_encoded).collect::<String>()).collect();
        let url = format!("{}/v0/{}", self.api_url, path.join("/"));
        let mut request = self.client.request(method, url).bearer_auth(self.token.expose()).query(query);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = sent(Destination::Airtable, request).await.map_err(|error| unavailable(&error))?;
        let status = response.status().as_u16();
        let retry_after_ms = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|seconds| seconds.parse::<u64>().ok())
            .map(|seconds| seconds.saturating_mul(1_000));
        let bytes = response.bytes().await.map_err(|error| unavailable(&error))?;
        if !(200..300).contains(&status) {
            return Err(refusal(status, retry_after_ms, &bytes));
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|error| unreadable(&format!("its answer can't be read: {error}")))
    }
}

fn unavailable(error: &reqwest::Error) -> AirtableError {
    unreadable(what_broke(error))
}

fn unreadable(detail: &str) -> AirtableError {
    AirtableError::Unavailable { detail: detail.to_owned(), retry_after_ms: None }
}

fn refusal(status: u16, retry_after_ms: Option<u64>, body: &[u8]) -> AirtableError {
    let (kind, message) = error_of(body);
    match status {
        429 if kind.contains("BILLING_LIMIT") => AirtableError::QuotaReached { kind },
        429 => AirtableError::RateLimited { retry_after_ms: retry_after_ms.unwrap_or(0).max(LOCK_OUT_MS) },
        401 | 403 => AirtableError::Denied { status, kind },
        404 => AirtableError::NotFound { kind },
        400 | 413 | 422 => AirtableError::Rejected { status, kind, message },
        _ => AirtableError::Unavailable { detail: format!("status {status} {kind}"), retry_after_ms },
    }
}

/// The error stands as a bare text, as an object with a type, with a message too, or in a list; all are seen.
fn error_of(body: &[u8]) -> (String, String) {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let clip = |text: &str| text.chars().take(DETAIL_CHARS_MAX).collect::<String>();
    let field = |error: &Value, name: &str| clip(error.get(name).and_then(Value::as_str).unwrap_or_default());
    match (value.get("error"), value.pointer("/errors/0")) {
        (Some(Value::String(kind)), _) => (clip(kind), String::new()),
        (Some(error @ Value::Object(_)), _) => (field(error, "type"), field(error, "message")),
        (_, Some(error)) => (field(error, "error"), field(error, "message")),
        (Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None, None) => Default::default(),
    }
}
