//! Why the vector index, or the service of embeddings, did not do it; and the one way both are called.

use super::{sent, what_broke};
use crate::telemetry::Destination;
use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The largest answer that is read: Pinecone gives at most 4 MB of results, a full request of embeddings is larger.
const ANSWER_BYTES_MAX: usize = 67_108_864;
/// The name of the one service; the other one is the endpoint of embeddings.
pub(super) const PINECONE: &str = "Pinecone";
const DETAIL_CHARS_MAX: usize = 300;
const RETRY_AFTER_MS_MAX: u64 = 3_600_000;

/// By what is to be done about it. No text holds a key, or what was to be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// Too much at once; it may also be a cap of the month that does not say so.
    #[error("the rate limit of {service} was reached")]
    RateLimited { service: &'static str, retry_after_ms: Option<u64> },
    /// What the plan allows is used up: only a person, or the next month, can cure it.
    #[error("what the plan of {service} allows is used up: {detail}")]
    QuotaReached { service: &'static str, detail: String },
    /// The same again gives the same.
    #[error("{service} refused it ({status}): {detail}")]
    Rejected { service: &'static str, status: u16, detail: String },
    /// Key, right, index or model: only a person can cure it.
    #[error("{service} does not let us: {detail}")]
    Denied { service: &'static str, detail: String },
    /// It may or may not have been done; coming again does no harm.
    #[error("{service} is not available: {detail}")]
    Unavailable { service: &'static str, detail: String, retry_after_ms: Option<u64> },
}

impl VectorError {
    /// True where the same call may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unavailable { .. } => true,
            Self::QuotaReached { .. } | Self::Rejected { .. } | Self::Denied { .. } => false,
        }
    }

    pub(super) fn unreadable(service: &'static str, detail: &str) -> Self {
        Self::Unavailable { service, detail: detail.to_owned(), retry_after_ms: None }
    }

    pub(super) fn denied(service: &'static str, detail: &str) -> Self {
        Self::Denied { service, detail: detail.to_owned() }
    }
}

/// Sends and reads the whole answer; one without a body is null.
pub(super) async fn call(service: &'static str, request: RequestBuilder) -> Result<Value, VectorError> {
    let broken = |error: reqwest::Error| VectorError::unreadable(service, what_broke(&error));
    let destination = if service == PINECONE { Destination::Pinecone } else { Destination::Embeddings };
    let mut response = sent(destination, request).await.map_err(broken)?;
    let status = response.status().as_u16();
    let retry_after_ms = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok())
        .and_then(|seconds| seconds.trim().parse::<u64>().ok())
        .map(|seconds| seconds.saturating_mul(1_000).min(RETRY_AFTER_MS_MAX));
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(broken)? {
        if body.len().saturating_add(piece.len()) > ANSWER_BYTES_MAX {
            return Err(VectorError::unreadable(service, "its answer is too large"));
        }
        body.extend_from_slice(&piece);
    }
    if !(200..300).contains(&status) {
        return Err(refusal(service, status, retry_after_ms, &body));
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&body).map_err(|_no_json| VectorError::unreadable(service, "its answer can't be read"))
}

pub(super) fn read<T: DeserializeOwned>(service: &'static str, value: Value) -> Result<T, VectorError> {
    serde_json::from_value(value).map_err(|_other_shape| VectorError::unreadable(service, "its answer can't be read"))
}

fn refusal(service: &'static str, status: u16, retry_after_ms: Option<u64>, body: &[u8]) -> VectorError {
    let said = Said::read(body);
    let detail = if said.text.is_empty() { format!("status {status}") } else { said.text.clone() };
    match status {
        429 if said.is_of_the_plan => VectorError::QuotaReached { service, detail },
        429 => VectorError::RateLimited { service, retry_after_ms },
        401 => VectorError::denied(service, "the key is refused (401): check it"),
        402..=404 => VectorError::Denied { service, detail: format!("{detail} ({status})") },
        400 | 405..=407 | 409..=428 => VectorError::Rejected { service, status, detail },
        _ => VectorError::Unavailable { service, detail: format!("status {status}"), retry_after_ms },
    }
}

/// What a refusal says, in all the shapes that are seen: `message`, `error.message`, `error` as a text.
struct Said {
    text: String,
    is_of_the_plan: bool,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let at = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let text = ["/message", "/error/message", "/error"].into_iter().map(at).find(|text| !text.is_empty());
        let text: String = text.unwrap_or_default().chars().take(DETAIL_CHARS_MAX).collect();
        let lower = text.to_lowercase();
        let codes = [at("/error/code"), at("/error/type")];
        let is_of_the_plan = codes.contains(&"insufficient_quota")
            || ["current month", "per month", "monthly", "upgrade"].iter().any(|word| lower.contains(word));
        Self { text, is_of_the_plan }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_by_what_is_to_be_done() {
        let kind = |status: u16, body: &str| match refusal("S", status, Some(7), body.as_bytes()) {
            VectorError::RateLimited { retry_after_ms, .. } => format!("rate {retry_after_ms:?}"),
            VectorError::QuotaReached { .. } => "quota".to_owned(),
            VectorError::Rejected { detail, .. } => format!("rejected {detail}"),
            VectorError::Denied { detail, .. } => format!("denied {detail}"),
            VectorError::Unavailable { .. } => "unavailable".to_owned(),
        };
        for (status, body, expected) in [
            (429, r#"{"code":8,"message":"Too many requests"}"#, "rate Some(7)"),
            (429, r#"{"message":"You've reached your write unit limit for the current month (2000000)."}"#, "quota"),
            (429, r#"{"error":{"code":"insufficient_quota","message":"no"}}"#, "quota"),
            (
                400,
                r#"{"code":3,"message":"Metadata value must be a string"}"#,
                "rejected Metadata value must be a string",
            ),
            (413, "<html>", "rejected status 413"),
            (401, "Invalid API Key", "denied the key is refused (401): check it"),
            (
                404,
                r#"{"error":{"code":"NOT_FOUND","message":"Resource sales not found"},"status":404}"#,
                "denied Resource sales not found (404)",
            ),
            (403, "{}", "denied status 403 (403)"),
            (408, "", "unavailable"),
            (500, "<html>", "unavailable"),
            (503, "", "unavailable"),
        ] {
            assert_eq!(kind(status, body), expected, "{status} {body}");
        }
    }
}
