//! How a request to Google is made to fail.

use super::refusal::Refusal;
use crate::sandbox::fault::Reply;
use serde_json::json;

/// The requests that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Token,
    Certs,
    Profile,
    History,
    List,
    /// A message without content.
    Minimal,
    /// The headers of a message.
    Metadata,
    /// A whole message.
    Raw,
    Watch,
    Stop,
}

/// How the next request is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoogleFault {
    /// An error of the server, as JSON.
    Status(u16),
    /// 503 with a `Retry-After` of so many seconds.
    Unavailable(u64),
    /// An error of the server, as a page.
    Page(u16),
    /// 403 or 429 for too much within a minute, of the user or of the project, with a wait in seconds or without.
    RateLimited { status: u16, is_of_user: bool, retry_after_seconds: Option<u64> },
    /// 403: the calls of the day are used up.
    DailyLimit,
    /// The same, told by the unit of the quota alone.
    DailyQuota,
    /// 403: the administrators of the domain switched it off.
    DomainPolicy,
    /// 403: the token lacks a scope.
    ScopeMissing,
    /// 400: there is no mailbox behind the account.
    MailDisabled,
    /// 401, though the token is good.
    Unauthorised,
    /// An error of the token endpoint by its code, with this status.
    Token(u16, &'static str),
    /// Work on it, then cut the connection.
    Drop,
    /// Work on it, then answer something that is no JSON.
    Garbage,
    /// Work on it, then answer JSON of another shape.
    OtherShape,
    /// Work on it, then cut the answer in its middle.
    HalfBody,
    /// Work on it and never answer.
    Hang,
    /// Work on it, and answer after so many milliseconds.
    Slow(u64),
}

impl GoogleFault {
    /// What is answered without looking at the request; none where it is worked on.
    pub(super) fn instead(self) -> Option<Reply> {
        let refusal = match self {
            Self::Status(status) => Refusal::of_server(status, None),
            Self::Unavailable(seconds) => Refusal::of_server(503, Some(seconds)),
            Self::Page(status) => return Some(Reply::Page(status, "<html><body>That's an error.</body></html>")),
            Self::RateLimited { status, is_of_user, retry_after_seconds } => {
                Refusal::rate_limited(status, is_of_user, retry_after_seconds)
            }
            Self::DailyLimit => Refusal::daily_limit(),
            Self::DailyQuota => Refusal::daily_quota(),
            Self::DomainPolicy => Refusal::domain_policy(),
            Self::ScopeMissing => Refusal::scope(),
            Self::MailDisabled => Refusal::failed_precondition(),
            Self::Unauthorised => Refusal::unauthenticated(),
            Self::Token(status, error) => {
                return Some(Reply::Json(status, json!({ "error": error, "error_description": "failed on purpose" })));
            }
            Self::Drop | Self::Garbage | Self::OtherShape | Self::HalfBody | Self::Hang | Self::Slow(_) => return None,
        };
        Some(refusal.to_reply())
    }

    /// What becomes of the answer of a request that was worked on.
    pub(super) fn after(self, reply: Reply) -> Reply {
        match (self, reply) {
            (Self::Drop, _) => Reply::Cut,
            (Self::Garbage, _) => Reply::Page(200, "<html>"),
            (Self::OtherShape, _) => Reply::Json(200, json!({ "history": 1, "messages": 1, "keys": 1 })),
            (Self::HalfBody, Reply::Json(_, value) | Reply::Cached(_, _, value)) => Reply::Half(value),
            (Self::Hang, _) => Reply::Hang,
            (Self::Slow(ms), reply) => Reply::Slow(ms, Box::new(reply)),
            (_, reply) => reply,
        }
    }
}
