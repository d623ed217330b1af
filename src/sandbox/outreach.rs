//! What the stand-ins for Smartlead and Instantly share: how many requests an account may make, and how a request is made to fail.

use super::fault::Reply;
use hyper::Method;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
const LOG_MAX: usize = 100_000;

/// May make a request fail; asked by method, path and body.
pub type Hook = Box<dyn FnMut(&Method, &str, &[u8]) -> Option<OutreachFault> + Send>;

/// How the next request is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutreachFault {
    /// Answer this status, do nothing.
    Status(u16),
    /// The same, as a page.
    Page(u16),
    /// 503 with a `Retry-After` of so many seconds.
    Unavailable(u64),
    /// 429, with a wait in seconds or without.
    RateLimited(Option<u64>),
    /// 401, though the key is good.
    Unauthorised,
    /// 403.
    Forbidden,
    /// A redirect to another path of this host.
    Moved,
    /// Cut the connection before anything is done.
    DropBefore,
    /// Do it, then cut the connection: the caller can't know.
    DropAfter,
    /// Do nothing and never answer.
    HangBefore,
    /// Do it and never answer.
    HangAfter,
    /// Do it, then answer something that is no JSON.
    Garbage,
    /// Do it, then answer JSON of another shape.
    OtherShape,
    /// Do it, then cut the answer in its middle.
    HalfBody,
    /// Do it, and give half of the page: the rest is on the next one.
    HalfPage,
    /// Do it, and answer after so many milliseconds.
    Slow(u64),
}

impl OutreachFault {
    /// What is answered without looking at the request; none where it is worked on.
    pub(super) fn instead(self, error: fn(u16, &str) -> Value) -> Option<Reply> {
        let of_status = |status: u16, message: &str| Reply::Json(status, error(status, message));
        Some(match self {
            Self::Status(status) => of_status(status, "failed on purpose"),
            Self::Page(status) => Reply::Page(status, "<html><body>Something went wrong</body></html>"),
            Self::Unavailable(seconds) => Reply::RetryAfter(503, seconds, error(503, "failed on purpose")),
            Self::RateLimited(None) => of_status(429, "Too many requests"),
            Self::RateLimited(Some(seconds)) => Reply::RetryAfter(429, seconds, error(429, "Too many requests")),
            Self::Unauthorised => of_status(401, "Invalid API Key"),
            Self::Forbidden => of_status(403, "Forbidden"),
            Self::Moved => Reply::Moved("/sandbox/elsewhere"),
            Self::DropBefore => Reply::Cut,
            Self::HangBefore => Reply::Hang,
            Self::DropAfter
            | Self::HangAfter
            | Self::Garbage
            | Self::OtherShape
            | Self::HalfBody
            | Self::HalfPage
            | Self::Slow(_) => {
                return None;
            }
        })
    }

    /// What becomes of the answer of a request that was worked on.
    pub(super) fn after(self, reply: Reply) -> Reply {
        match (self, reply) {
            (Self::DropAfter, _) => Reply::Cut,
            (Self::HangAfter, _) => Reply::Hang,
            (Self::Garbage, _) => Reply::Page(200, "<html>"),
            (Self::OtherShape, _) => Reply::Json(200, json!([1, 2, 3])),
            (Self::HalfBody, Reply::Json(_, value)) => Reply::Half(value),
            (Self::HalfPage, Reply::Json(status, value)) => Reply::Json(status, half_page(value)),
            (Self::Slow(ms), reply) => Reply::Slow(ms, Box::new(reply)),
            (_, reply) => reply,
        }
    }
}

/// A request that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub at_ms: i64,
}

/// How many requests an account may make within a second, a minute and an hour; none is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    pub per_second: usize,
    pub per_minute: usize,
    pub per_hour: Option<usize>,
}

/// The requests of one account.
#[derive(Debug)]
pub(super) struct Usage {
    pub(super) allowed: Allowed,
    sent: VecDeque<i64>,
    /// Until then everything is refused.
    locked_until_ms: i64,
    /// Requests above a limit, or while it was locked.
    pub(super) over: u64,
    /// All of them, the oldest first.
    pub(super) received: VecDeque<Received>,
}

impl Usage {
    pub(super) fn new(allowed: Allowed) -> Self {
        Self { allowed, sent: VecDeque::new(), locked_until_ms: 0, over: 0, received: VecDeque::new() }
    }

    /// Counts a request; false where it is one too many.
    pub(super) fn admit(&mut self, method: &Method, path: &str, now_ms: i64) -> bool {
        if self.received.len() >= LOG_MAX {
            self.received.pop_front();
        }
        self.received.push_back(Received { method: method.to_string(), path: path.to_owned(), at_ms: now_ms });
        while self.sent.front().is_some_and(|at_ms| now_ms - at_ms >= HOUR_MS) {
            self.sent.pop_front();
        }
        self.sent.push_back(now_ms);
        let within = |span_ms: i64| self.sent.iter().rev().take_while(|at_ms| now_ms - **at_ms < span_ms).count();
        let is_over = now_ms < self.locked_until_ms
            || within(SECOND_MS) > self.allowed.per_second
            || within(MINUTE_MS) > self.allowed.per_minute
            || self.allowed.per_hour.is_some_and(|limit| within(HOUR_MS) > limit);
        self.over += u64::from(is_over);
        !is_over
    }

    /// Whoever was told to wait and comes all the same is one too many.
    pub(super) fn suffer(&mut self, fault: OutreachFault, now_ms: i64) {
        if let OutreachFault::RateLimited(Some(seconds)) = fault {
            let wait_ms = i64::try_from(seconds).unwrap_or(0).saturating_mul(SECOND_MS);
            self.locked_until_ms = now_ms.saturating_add(wait_ms);
        }
    }
}

/// The faults that wait, and the one who may make others.
#[derive(Default)]
pub(super) struct Faults {
    queue: VecDeque<OutreachFault>,
    hook: Option<Hook>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("queue", &self.queue).field("has_hook", &self.hook.is_some()).finish()
    }
}

impl Faults {
    pub(super) fn fail_next(&mut self, fault: OutreachFault) {
        self.queue.push_back(fault);
    }

    pub(super) fn fail_when(&mut self, hook: Hook) {
        self.hook = Some(hook);
    }

    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    pub(super) fn next(&mut self, method: &Method, path: &str, body: &[u8]) -> Option<OutreachFault> {
        let by_hook = self.hook.as_mut().and_then(|hook| hook(method, path, body));
        by_hook.or_else(|| self.queue.pop_front())
    }
}

/// One that holds a single item stays as it is.
fn half_page(mut value: Value) -> Value {
    for name in ["leads", "data", "items"] {
        let Some(items) = value.get_mut(name).and_then(Value::as_array_mut).filter(|items| items.len() > 1) else {
            continue;
        };
        items.truncate(items.len() / 2);
        let last = items.last().and_then(|item| item.get("id")).cloned();
        // Where pages follow each other by the id of the last item.
        if let (Some(last), Some(object)) = (last.filter(|_| name == "items"), value.as_object_mut()) {
            object.insert("next_starting_after".to_owned(), last);
        }
    }
    value
}

/// The body as a JSON object; an empty one is empty.
pub(super) fn object(body: &[u8]) -> Option<Value> {
    if body.is_empty() {
        return Some(json!({}));
    }
    serde_json::from_slice::<Value>(body).ok().filter(Value::is_object)
}
