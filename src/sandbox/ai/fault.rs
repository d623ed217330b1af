//! How a question is made to fail.

use crate::sandbox::fault::Reply;
use serde_json::{Value, json};

/// How the next question is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AiFault {
    /// An error of the server, as JSON.
    Status(u16),
    /// An error of the server, as a page.
    Page(u16),
    /// 503 with a `Retry-After` of so many seconds.
    Unavailable(u64),
    /// 429 for too much at once, with a wait in seconds or without.
    RateLimited(Option<u64>),
    /// 429 because the account has no money.
    NoQuota,
    /// 401, though the key is good.
    Unauthorised,
    /// 404: no such model.
    NoModel,
    /// 400 that repeats the question in its message, as some servers do.
    Rejected,
    /// Never answer, nothing is worked on.
    HangBefore,
    /// Answer it, then cut the connection.
    Drop,
    /// Answer it with something that is no JSON.
    Garbage,
    /// Answer it with JSON of another shape.
    OtherShape,
    /// Answer it, then cut the answer in its middle.
    HalfBody,
    /// Work on it and never answer.
    Hang,
    /// Answer after so many milliseconds.
    Slow(u64),
    /// The model does not want to.
    Refusal,
    /// A filter keeps the answer back.
    Filtered,
    /// The answer ends at the allowed length, in the middle of its JSON.
    CutShort,
    /// No content at all.
    Empty,
    /// The answer stands in fences and words, as of a server that ignores `response_format`.
    Fenced,
    /// Words instead of JSON.
    Prose,
    /// An option that nobody offered.
    UnknownOption,
    /// A key that nobody asked for.
    ExtraKey,
    /// A quote that stands nowhere.
    FalseQuote,
    /// The tokens are not told.
    NoUsage,
}

impl AiFault {
    /// What is answered without working on the question.
    pub(super) fn instead(self, question: &Value) -> Option<Reply> {
        Some(match self {
            Self::Status(status) => Reply::Json(status, error("failed on purpose", "server_error", None)),
            Self::Page(status) => Reply::Page(status, "<html><body>Bad Gateway</body></html>"),
            Self::Unavailable(seconds) => {
                Reply::RetryAfter(503, seconds, error("The server is overloaded", "server_error", None))
            }
            Self::RateLimited(seconds) => {
                let body = error("Rate limit reached for requests", "requests", Some("rate_limit_exceeded"));
                match seconds {
                    Some(seconds) => Reply::RetryAfter(429, seconds, body),
                    None => Reply::Json(429, body),
                }
            }
            Self::NoQuota => no_quota(),
            Self::Unauthorised => unauthorised(),
            Self::NoModel => no_model("this model"),
            Self::Rejected => {
                let message = format!("Invalid value: {question}");
                Reply::Json(400, error(&message, "invalid_request_error", Some("invalid_value")))
            }
            Self::HangBefore => Reply::Hang,
            Self::Drop
            | Self::Garbage
            | Self::OtherShape
            | Self::HalfBody
            | Self::Hang
            | Self::Slow(_)
            | Self::Refusal
            | Self::Filtered
            | Self::CutShort
            | Self::Empty
            | Self::Fenced
            | Self::Prose
            | Self::UnknownOption
            | Self::ExtraKey
            | Self::FalseQuote
            | Self::NoUsage => return None,
        })
    }

    /// What becomes of the answer that the model would give.
    pub(super) fn spoil(self, content: &str) -> String {
        let with = |name: &str, value: Value| {
            let mut answer: Value = serde_json::from_str(content).unwrap_or_default();
            if let Some(answer) = answer.as_object_mut() {
                answer.insert(name.to_owned(), value);
            }
            answer.to_string()
        };
        match self {
            Self::CutShort => content.chars().take(content.chars().count() / 2).collect(),
            Self::Fenced => format!("Here is the JSON:\n```json\n{content}\n```\n"),
            Self::Prose => "I think that they would like to hear more.".to_owned(),
            Self::UnknownOption => with("intent", json!("do_not_contact")),
            Self::ExtraKey => with("stage", json!("Won")),
            Self::FalseQuote => with("quote", json!("yes, sign me up at once")),
            Self::Status(_)
            | Self::Page(_)
            | Self::Unavailable(_)
            | Self::RateLimited(_)
            | Self::NoQuota
            | Self::Unauthorised
            | Self::NoModel
            | Self::Rejected
            | Self::HangBefore
            | Self::Drop
            | Self::Garbage
            | Self::OtherShape
            | Self::HalfBody
            | Self::Hang
            | Self::Slow(_)
            | Self::Refusal
            | Self::Filtered
            | Self::Empty
            | Self::NoUsage => content.to_owned(),
        }
    }

    /// What becomes of the whole reply.
    pub(super) fn after(self, reply: Reply) -> Reply {
        match (self, reply) {
            (Self::Drop, _) => Reply::Cut,
            (Self::Garbage, _) => Reply::Page(200, "<html>"),
            (Self::OtherShape, _) => Reply::Json(200, json!({ "object": "list", "data": [] })),
            (Self::HalfBody, Reply::Json(_, value)) => Reply::Half(value),
            (Self::Hang, _) => Reply::Hang,
            (Self::Slow(ms), reply) => Reply::Slow(ms, Box::new(reply)),
            (_, reply) => reply,
        }
    }
}

pub(super) fn error(message: &str, kind: &str, code: Option<&str>) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": code } })
}

pub(super) fn unauthorised() -> Reply {
    Reply::Json(401, error("Incorrect API key provided", "invalid_request_error", Some("invalid_api_key")))
}

pub(super) fn no_model(model: &str) -> Reply {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    Reply::Json(404, error(&message, "invalid_request_error", Some("model_not_found")))
}

pub(super) fn no_quota() -> Reply {
    let message = "You exceeded your current quota, please check your plan and billing details.";
    Reply::Json(429, error(message, "insufficient_quota", Some("insufficient_quota")))
}
