//! Answers: JSON, or a problem (RFC 9457).

use crate::intake::Refusal;
use crate::store::StoreError;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// How long a caller is asked to wait before it comes again, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// What goes back, as plain values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// What went wrong, and what would be right. Never with a secret, and of others' things never more than that there is no such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    pub detail: String,
    /// The methods that are allowed.
    pub allow: Option<String>,
    /// Where it is known when it makes sense to come again.
    pub retry_after_seconds: Option<u64>,
}

impl Problem {
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), allow: None, retry_after_seconds: None }
    }

    pub(super) fn allow(self, methods: &str) -> Self {
        Self { allow: Some(methods.to_owned()), ..self }
    }

    pub(super) fn retry_after_seconds(self, seconds: u64) -> Self {
        Self { retry_after_seconds: Some(seconds), ..self }
    }

    fn title(&self) -> &'static str {
        match self.status {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            409 => "Conflict",
            413 => "Content Too Large",
            415 => "Unsupported Media Type",
            429 => "Too Many Requests",
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() || error.is_conflict() {
            tracing::warn!(%error, "the database did not answer the API");
            return Self::new(503, "the database can't take it now, try again shortly");
        }
        tracing::error!(%error, "the database refused what the API asked");
        Self::new(500, "the database refused it; this is a fault of the program, please report it")
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(503, refusal.to_string())
    }
}

impl Answer {
    pub(super) fn json<T: Serialize>(value: &T) -> Result<Self, Problem> {
        let body = serde_json::to_vec(value).map_err(|error| {
            tracing::error!(%error, "an answer could not be written as JSON");
            Problem::new(500, "the answer could not be written")
        })?;
        Ok(Self { status: 200, content_type: "application/json", headers: no_store(), body })
    }

    /// A text that is the same until the next version.
    pub(super) fn document(text: &'static str) -> Self {
        let tag = format!("\"{}\"", hex::encode(Sha256::digest(text.as_bytes())).split_at(32).0);
        let headers = vec![("etag", tag), ("cache-control", "no-cache".to_owned())];
        Self { status: 200, content_type: "application/json", headers, body: text.as_bytes().to_vec() }
    }

    /// Nothing was changed since the caller asked the last time.
    #[must_use]
    pub fn unless_known(self, if_none_match: Option<&str>) -> Self {
        let tag = self.headers.iter().find(|(name, _)| *name == "etag").map(|(_, value)| value.clone());
        let is_known = tag.is_some_and(|tag| {
            if_none_match.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
        });
        if is_known { Self { status: 304, body: Vec::new(), ..self } } else { self }
    }

    pub fn problem(problem: &Problem) -> Self {
        let mut headers = no_store();
        match problem.status {
            401 => headers.push(("www-authenticate", "Bearer realm=\"sales-engine\"".to_owned())),
            429 | 503 => {
                let seconds = problem.retry_after_seconds.unwrap_or(RETRY_AFTER_SECONDS);
                headers.push(("retry-after", seconds.to_string()));
            }
            _ => {}
        }
        if let Some(allow) = &problem.allow {
            headers.push(("allow", allow.clone()));
        }
        let body = json!({
            "type": "about:blank",
            "title": problem.title(),
            "status": problem.status,
            "detail": problem.detail,
        });
        let body = body.to_string().into_bytes();
        Self { status: problem.status, content_type: "application/problem+json", headers, body }
    }
}

fn no_store() -> Vec<(&'static str, String)> {
    vec![("cache-control", "no-store".to_owned()), ("x-content-type-options", "nosniff".to_owned())]
}
