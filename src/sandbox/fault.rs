//! How a request is made to fail, and what is answered.

use serde_json::{Value, json};

/// How the next request is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answer this status, write nothing; with a 503 goes a wait of 90 seconds.
    Status(u16),
    /// Cut the connection before anything is written.
    DropBefore,
    /// Write, then cut the connection: the caller can't know.
    DropAfter,
    /// Write, then answer something that is no JSON.
    Garbage,
    /// Write, then cut the answer in its middle.
    HalfBody,
    /// Write nothing and never answer.
    HangBefore,
    /// Write and never answer.
    HangAfter,
    /// Write, and answer after this many milliseconds.
    Slow(u64),
    /// 401.
    Unauthorised,
    /// 403, as for a wrong base, table or right.
    Denied,
    /// 404 whose error is a text alone.
    NotFoundBare,
    /// 404 whose error has a type alone.
    NotFoundTyped,
    /// 404 whose error has a type and a message.
    NotFoundExplained,
    /// 413.
    TooLarge,
    /// 422.
    Rejected,
    /// 500 with a page instead of JSON.
    ServerError,
    /// 502 with a page instead of JSON.
    BadGateway,
    /// 503 with a `Retry-After` of so many seconds.
    Unavailable(u64),
    /// 429, and the base is locked for 30 seconds.
    RateLimited,
    /// 429 because the month's calls are used up.
    QuotaReached,
    /// 422: every listing must begin again.
    LostIterator,
}

/// What is answered, or that nothing is.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    Json(u16, Value),
    RetryAfter(u16, u64, Value),
    /// May be kept for so many seconds, and is so old already.
    Cached(u64, u64, Value),
    /// A redirect to another path.
    Moved(&'static str),
    NoContent,
    /// 201 without a body.
    Created,
    Page(u16, &'static str),
    Half(Value),
    Slow(u64, Box<Reply>),
    Hang,
    Cut,
}

impl Fault {
    /// What is answered without looking at the request; none where the request is worked on.
    pub(super) fn instead(self) -> Option<Reply> {
        Some(match self {
            Self::Status(503) => Reply::RetryAfter(503, 90, body("RETRIABLE_ERROR", "failed on purpose")),
            Self::Status(status) => error(status, "SANDBOX_FAULT", "failed on purpose"),
            Self::DropBefore => Reply::Cut,
            Self::HangBefore => Reply::Hang,
            Self::Unauthorised => error(401, "AUTHENTICATION_REQUIRED", "Authentication required"),
            Self::Denied => error(
                403,
                "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
                "Invalid permissions, or the requested model was not found.",
            ),
            Self::NotFoundBare => Reply::Json(404, json!({ "error": "NOT_FOUND" })),
            Self::NotFoundTyped => Reply::Json(404, json!({ "error": { "type": "NOT_FOUND" } })),
            Self::NotFoundExplained => error(404, "MODEL_ID_NOT_FOUND", "Record not found"),
            Self::TooLarge => error(413, "REQUEST_TOO_LARGE", "Request entity is too large"),
            Self::Rejected => error(422, "INVALID_REQUEST_UNKNOWN", "Invalid request: parameter validation failed."),
            Self::ServerError => Reply::Page(500, "<html><body>Internal Server Error</body></html>"),
            Self::BadGateway => Reply::Page(502, "<html><body>Bad Gateway</body></html>"),
            Self::Unavailable(seconds) => {
                Reply::RetryAfter(503, seconds, body("RETRIABLE_ERROR", "The server is busy; try again later"))
            }
            Self::RateLimited => Reply::rate_limited(),
            Self::QuotaReached => {
                let message = "The monthly API calls of the workspace's plan are used up";
                Reply::Json(
                    429,
                    json!({ "errors": [{ "error": "PUBLIC_API_BILLING_LIMIT_EXCEEDED", "message": message }] }),
                )
            }
            Self::LostIterator => error(
                422,
                "LIST_RECORDS_ITERATOR_NOT_AVAILABLE",
                "The iterator is not available any more: list from the first page again",
            ),
            Self::DropAfter | Self::Garbage | Self::HalfBody | Self::HangAfter | Self::Slow(_) => return None,
        })
    }

    /// What becomes of the answer of a request that was worked on.
    pub(super) fn after(self, reply: Reply) -> Reply {
        match (self, reply) {
            (Self::DropAfter, _) => Reply::Cut,
            (Self::Garbage, _) => Reply::Page(200, "<html>"),
            (Self::HalfBody, Reply::Json(_, value)) => Reply::Half(value),
            (Self::HangAfter, _) => Reply::Hang,
            (Self::Slow(ms), reply) => Reply::Slow(ms, Box::new(reply)),
            (_, reply) => reply,
        }
    }
}

impl Reply {
    pub(super) fn rate_limited() -> Self {
        error(429, "RATE_LIMIT_REACHED", "Rate limit exceeded. Please try again later")
    }
}

fn body(kind: &str, message: &str) -> Value {
    json!({ "error": { "type": kind, "message": message } })
}

fn error(status: u16, kind: &str, message: &str) -> Reply {
    Reply::Json(status, body(kind, message))
}
