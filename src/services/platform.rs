//! What the clients of Smartlead and Instantly share: one request at a time, and its errors by what is to be done about them. Pace and
//! repetition are the caller's.

use super::{sent, what_broke};
use crate::sources::settings::Secret;
use crate::telemetry::Destination;
use serde_json::Value;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: usize = 4_194_304;
const DETAIL_CHARS_MAX: usize = 200;
const SECOND_MS: u64 = 1_000;

/// Why a call did not do it. The texts hold neither key nor address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// The whole account is to be left alone; for how long, where it was told.
    #[error("its rate limit was reached")]
    RateLimited { retry_after_ms: Option<u64> },
    /// The key opens nothing; only a person can cure it.
    #[error("it denies access (status {status}): check api_key and the plan")]
    Unauthorised { status: u16 },
    /// The key does not open this; what else it opens is not known.
    #[error(
        "it denies access to this (status 403): check what the api_key may do, and whether the campaign is of its account"
    )]
    Forbidden,
    /// What the path names is not there (any more).
    #[error("it does not know it (404)")]
    NotFound,
    /// Coming again with the same does not help, and nothing was done.
    #[error("it refused it (status {status}): {message}")]
    Permanent { status: u16, message: String },
    /// It may or may not have been done; coming again does no harm where the call is idempotent.
    #[error("it is not available: {detail}")]
    Transient { detail: String, retry_after_ms: Option<u64> },
}

impl PlatformError {
    pub(super) fn unreadable() -> Self {
        Self::Transient { detail: "its answer can't be read".to_owned(), retry_after_ms: None }
    }
}

/// A client that follows no redirect, so that a key never goes where an answer points to.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()
}

/// Sends one request. The answer is JSON, or null where it has no body; `key` is kept out of whatever an answer says.
pub(super) async fn send(
    destination: Destination,
    request: reqwest::RequestBuilder,
    key: &Secret,
) -> Result<Value, PlatformError> {
    let broke = |error: reqwest::Error| PlatformError::Transient {
        detail: what_broke(&error).to_owned(),
        retry_after_ms: None,
    };
    let mut response = sent(destination, request).await.map_err(broke)?;
    let status = response.status().as_u16();
    let retry_after_ms = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok())
        .and_then(|seconds| seconds.trim().parse::<f64>().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .and_then(|wait| u64::try_from(wait.as_millis()).ok());
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(broke)? {
        if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(PlatformError::unreadable());
        }
        bytes.extend_from_slice(&piece);
    }
    let body = serde_json::from_slice::<Value>(&bytes);
    match (status, body) {
        (200..300, Ok(value)) => Ok(value),
        (200..300, Err(_)) if bytes.is_empty() => Ok(Value::Null),
        (200..300, Err(_)) => Err(PlatformError::unreadable()),
        (_, body) => Err(refusal(status, retry_after_ms, &body.unwrap_or(Value::Null), key)),
    }
}

fn refusal(status: u16, retry_after_ms: Option<u64>, body: &Value, key: &Secret) -> PlatformError {
    match status {
        429 => PlatformError::RateLimited { retry_after_ms: retry_after_ms.or_else(|| told_wait_ms(body)) },
        401 | 402 => PlatformError::Unauthorised { status },
        403 => PlatformError::Forbidden,
        404 | 410 => PlatformError::NotFound,
        400 | 405..=407 | 409..=424 | 426..=428 => PlatformError::Permanent { status, message: message_of(body, key) },
        // Smartlead answers so where a lead stands at the last step of its sequence.
        500 if says_last_step(body) => PlatformError::Permanent { status, message: message_of(body, key) },
        _ => PlatformError::Transient { detail: format!("status {status}"), retry_after_ms },
    }
}

/// Smartlead also tells the wait in the body, in seconds.
fn told_wait_ms(body: &Value) -> Option<u64> {
    body.pointer("/error/retry_after").and_then(Value::as_u64).map(|seconds| seconds.saturating_mul(SECOND_MS))
}

fn says_last_step(body: &Value) -> bool {
    text_of(body).is_some_and(|text| text.to_ascii_lowercase().contains("last sequence"))
}

/// The error stands as a text, as an object with a message, or beside a message.
fn text_of(body: &Value) -> Option<&str> {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    text("/error/message").or_else(|| text("/message")).or_else(|| text("/error"))
}

/// What was sent may be echoed: whatever looks like an address goes out, and so does the key.
fn message_of(body: &Value, key: &Secret) -> String {
    let text = text_of(body).unwrap_or("no reason given").replace(key.expose(), "…");
    let words: Vec<&str> = text.split_whitespace().map(|word| if word.contains('@') { "…" } else { word }).collect();
    words.join(" ").chars().take(DETAIL_CHARS_MAX).collect()
}

/// An id as text, whether it came as a number or as a text.
pub(super) fn id_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_is_told_by_what_is_to_be_done_about_it() {
        let key = Secret::new("key-of-the-account");
        let rows = [
            (
                "a wait in the header",
                429,
                Some(30_000),
                json!({}),
                PlatformError::RateLimited { retry_after_ms: Some(30_000) },
            ),
            (
                "a wait in the body",
                429,
                None,
                json!({ "error": { "code": "RATE_LIMIT_EXCEEDED", "retry_after": 30 } }),
                PlatformError::RateLimited { retry_after_ms: Some(30_000) },
            ),
            ("no wait", 429, None, json!(null), PlatformError::RateLimited { retry_after_ms: None }),
            ("key", 401, None, json!({ "message": "Invalid API Key" }), PlatformError::Unauthorised { status: 401 }),
            ("plan", 402, None, json!(null), PlatformError::Unauthorised { status: 402 }),
            ("gone", 404, None, json!({ "error": "Resource not found" }), PlatformError::NotFound),
            (
                "refused, with what was sent in it",
                422,
                None,
                json!({ "error": "bad ada@example.com for key-of-the-account" }),
                PlatformError::Permanent { status: 422, message: "bad … for …".to_owned() },
            ),
            (
                "the last step",
                500,
                None,
                json!({ "message": "Lead is at the last sequence" }),
                PlatformError::Permanent { status: 500, message: "Lead is at the last sequence".to_owned() },
            ),
            (
                "down",
                503,
                Some(5_000),
                json!(null),
                PlatformError::Transient { detail: "status 503".to_owned(), retry_after_ms: Some(5_000) },
            ),
            (
                "a redirect is not followed",
                302,
                None,
                json!(null),
                PlatformError::Transient { detail: "status 302".to_owned(), retry_after_ms: None },
            ),
        ];
        for (what, status, wait, body, expected) in rows {
            assert_eq!(refusal(status, wait, &body, &key), expected, "{what}");
        }
    }
}
