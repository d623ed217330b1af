//! Answers: a status, a body, and the few headers that matter.

use crate::api::Answer;
use crate::console::Page;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde::Serialize;

/// How long a platform is asked to wait before it comes again, in seconds.
const RETRY_AFTER_SECONDS: &str = "5";

pub(super) struct Answered {
    pub(super) status: u16,
    body: Bytes,
    content_type: &'static str,
    retry_after: bool,
    allow: Option<&'static str>,
    /// Further ones, as the API and the console's pages say them.
    headers: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a str,
}

impl Answered {
    fn new(status: u16, body: impl Into<Bytes>, content_type: &'static str) -> Self {
        Self { status, body: body.into(), content_type, retry_after: false, allow: None, headers: Vec::new() }
    }

    pub(super) fn api(answer: Answer) -> Self {
        Self { headers: answer.headers, ..Self::new(answer.status, answer.body, answer.content_type) }
    }

    /// What Airtable wants of a ping: no body at all.
    pub(super) fn empty() -> Self {
        Self::new(200, Bytes::new(), "application/json")
    }

    /// Taken, and nothing to say.
    pub(super) fn no_content() -> Self {
        Self::new(204, Bytes::new(), "application/json")
    }

    pub(super) fn json<T: Serialize>(status: u16, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::new(status, body, "application/json"),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                Self::text(500, "the answer could not be written\n")
            }
        }
    }

    /// `{"error": "…"}`: what was wrong and what would be right.
    pub(super) fn error(status: u16, error: &str) -> Self {
        Self::json(status, &ErrorBody { error })
    }

    pub(super) fn text(status: u16, text: &'static str) -> Self {
        Self::new(status, Bytes::from_static(text.as_bytes()), "text/plain; charset=utf-8")
    }

    pub(super) fn metrics(text: String) -> Self {
        Self::new(200, text, "application/openmetrics-text; version=1.0.0; charset=utf-8")
    }

    pub(super) fn page(page: Page) -> Self {
        Self { headers: page.headers, ..Self::new(page.status, page.body, page.content_type) }
    }

    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::error(405, "the method is not allowed here") }
    }

    pub(super) fn retry_after(self) -> Self {
        Self { retry_after: true, ..self }
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() =
            hyper::StatusCode::from_u16(self.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
