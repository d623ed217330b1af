//! The stand-in for Pinecone (API version 2026-04): a control plane with indexes, a data plane for each, by the documented limits. What
//! is written is found again by its words: the vectors are real, though simple.

mod data;
mod filter;
mod index;
mod metadata;
mod refusal;
mod words;

pub use words::{DIMENSION, embed};

use super::airtable::Asked;
use super::fault::{Fault, Reply};
use super::query::{Query, decoded};
use crate::intake::Now;
use chrono::TimeDelta;
use hyper::HeaderMap;
use index::Index;
use refusal::Refusal;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// The only key that is taken.
pub const API_KEY: &str = "pc-sandbox-key";
/// Those that differ in nothing that is done here.
const VERSIONS: [&str; 3] = ["2025-10", "2026-01", "2026-04"];
const LOG_MAX: usize = 10_000;
/// Of one namespace.
const REQUESTS_PER_SECOND_MAX: usize = 100;

/// How a request to Pinecone or to the embeddings endpoint is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorFault {
    /// 429, with a wait where one is given.
    RateLimited(Option<u64>),
    /// 429 because the month's units are used up, and it says so.
    MonthlyCap,
    /// Answer this status in the service's own form, do nothing.
    Status(u16),
    /// 502 with a page instead of JSON, nothing done.
    BadGateway,
    DropBefore,
    /// Do it, then cut the connection: the caller can't know.
    DropAfter,
    /// Do it, then answer something that is no JSON.
    Garbage,
    /// Do it, then cut the answer in its middle.
    HalfBody,
    HangBefore,
    HangAfter,
    /// Do it, and answer after this many milliseconds.
    Slow(u64),
}

/// Looks at method, path and body of a request, and may make it fail.
pub(super) type Hook = Box<dyn Fn(&str, &str, &[u8]) -> Option<VectorFault> + Send>;

/// A request with its answer, as they went over the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    pub method: String,
    /// Without the prefix of the index.
    pub path: String,
    pub query: String,
    /// Of those that count: whether they were there.
    pub has_key: bool,
    pub version: Option<String>,
    pub content_type: Option<String>,
    pub body: String,
    pub status: u16,
    /// Null where there is no body.
    pub answer: Value,
}

/// Pinecone in memory.
pub struct Pinecone {
    url: String,
    now: Now,
    indexes: BTreeMap<String, Index>,
    pub(super) faults: VecDeque<VectorFault>,
    pub(super) hook: Option<Hook>,
    /// What is written is seen by reads only after so many milliseconds.
    pub lag_ms: i64,
    log: VecDeque<Exchange>,
    pub requests: u64,
}

/// True for the paths that are Pinecone's.
pub(super) fn is_path(path: &str) -> bool {
    path == "/indexes" || path.starts_with("/indexes/") || path.starts_with("/index/") || path == "/sandbox/pinecone"
}

impl Pinecone {
    pub(super) fn new(url: &str, now: Now) -> Self {
        Self {
            url: url.to_owned(),
            now,
            indexes: BTreeMap::new(),
            faults: VecDeque::new(),
            hook: None,
            lag_ms: 0,
            log: VecDeque::new(),
            requests: 0,
        }
    }

    /// An index whose vectors a model of its own makes, out of the text in this field.
    pub fn add_index_with_model(&mut self, name: &str, text_field: &str) {
        self.indexes.insert(name.to_owned(), Index::new(DIMENSION, Some(text_field.to_owned())));
    }

    /// An index for vectors of one's own.
    pub fn add_index(&mut self, name: &str, dimension: usize) {
        self.indexes.insert(name.to_owned(), Index::new(dimension, None));
    }

    pub fn remove_index(&mut self, name: &str) {
        self.indexes.remove(name);
    }

    /// All that is in a namespace, whether reads see it yet or not: metadata by id, the text in it.
    pub fn records(&self, index: &str, namespace: &str) -> BTreeMap<String, Map<String, Value>> {
        self.indexes.get(index).map(|index| index.records(namespace)).unwrap_or_default()
    }

    /// How often a record was written.
    pub fn writes(&self, index: &str) -> u64 {
        self.indexes.get(index).map_or(0, |index| index.writes)
    }

    /// The latest requests with their answers, oldest first.
    pub fn log(&self) -> impl Iterator<Item = &Exchange> {
        self.log.iter()
    }

    pub fn fail_next(&mut self, fault: VectorFault) {
        self.faults.push_back(fault);
    }

    pub fn fail_when(&mut self, hook: impl Fn(&str, &str, &[u8]) -> Option<VectorFault> + Send + 'static) {
        self.hook = Some(Box::new(hook));
    }

    pub fn fail_no_more(&mut self) {
        self.hook = None;
        self.faults.clear();
    }

    pub(super) fn answer(&mut self, asked: &Asked<'_>, headers: &HeaderMap) -> Reply {
        if asked.path == "/sandbox/pinecone" {
            return Reply::Json(200, self.state());
        }
        self.requests += 1;
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let segments: Vec<String> = asked.path.trim_matches('/').split('/').map(decoded).collect();
        let (index, rest) = match segments.as_slice() {
            [first, name, rest @ ..] if first == "index" => (Some(name.as_str()), rest),
            all => (None, all),
        };
        let mut exchange = Exchange {
            method: asked.method.to_string(),
            path: format!("/{}", rest.join("/")),
            query: asked.query.to_owned(),
            has_key: header("api-key").as_deref() == Some(API_KEY),
            version: header("x-pinecone-api-version"),
            content_type: header("content-type"),
            body: String::from_utf8_lossy(asked.body).into_owned(),
            status: 0,
            answer: Value::Null,
        };
        let reply = self.judged(asked, index, &exchange);
        if let Reply::Json(status, value) = &reply {
            (exchange.status, exchange.answer) = (*status, value.clone());
        }
        if let Reply::RetryAfter(status, _, value) = &reply {
            (exchange.status, exchange.answer) = (*status, value.clone());
        }
        if let Reply::Created = reply {
            exchange.status = 201;
        }
        if self.log.len() >= LOG_MAX {
            self.log.pop_front();
        }
        self.log.push_back(exchange);
        reply
    }

    fn judged(&mut self, asked: &Asked<'_>, index: Option<&str>, exchange: &Exchange) -> Reply {
        let is_control = index.is_none();
        let fault = self.hook.as_ref().and_then(|hook| hook(&exchange.method, &exchange.path, asked.body));
        let fault = fault.or_else(|| self.faults.pop_front());
        if let Some(reply) = fault.and_then(|fault| instead(fault, is_control)) {
            return reply;
        }
        let done = match (exchange.has_key, exchange.version.as_deref()) {
            (false, _) => Err(Refusal::new(401, 16, "Invalid API key")),
            (true, Some(version)) if VERSIONS.contains(&version) => match index {
                Some(name) => self.data(asked, name, exchange),
                None => self.control(asked, exchange),
            },
            (true, Some(_)) => Err(Refusal::invalid("this stand-in knows the API versions 2025-10 to 2026-04")),
            (true, None) => Err(Refusal::invalid("the header X-Pinecone-Api-Version is missing")),
        };
        let reply = match done {
            Ok(Some(value)) => Reply::Json(200, value),
            Ok(None) => Reply::Created,
            Err(refusal) => refusal.to_reply(is_control),
        };
        fault.map_or(reply.clone(), |fault| after(fault, reply))
    }

    fn control(&mut self, asked: &Asked<'_>, exchange: &Exchange) -> Result<Option<Value>, Refusal> {
        let path: Vec<&str> = exchange.path.trim_matches('/').split('/').collect();
        match (asked.method.as_str(), path.as_slice()) {
            ("GET", ["indexes"]) => {
                let all: Vec<Value> =
                    self.indexes.iter().map(|(name, index)| index.description(name, &self.url)).collect();
                Ok(Some(json!({ "indexes": all })))
            }
            ("GET", ["indexes", name]) => {
                let index = self.indexes.get(*name).ok_or_else(|| Refusal::no_index(name))?;
                Ok(Some(index.description(name, &self.url)))
            }
            _ => Err(Refusal::new(404, 5, "there is no such call here")),
        }
    }

    fn data(&mut self, asked: &Asked<'_>, name: &str, exchange: &Exchange) -> Result<Option<Value>, Refusal> {
        let now = (self.now)();
        let seen_until = now - TimeDelta::milliseconds(self.lag_ms);
        let index = self.indexes.get_mut(name).ok_or_else(|| Refusal::no_index(name))?;
        let path: Vec<&str> = exchange.path.trim_matches('/').split('/').collect();
        let query = Query::parse(asked.query);
        let mut call = data::Call { index, now, seen_until, body: asked.body };
        match (asked.method.as_str(), path.as_slice()) {
            ("POST", ["records", "namespaces", namespace, "upsert"]) => {
                call.upsert_records(namespace, exchange.content_type.as_deref()).map(|()| None)
            }
            ("POST", ["records", "namespaces", namespace, "search"]) => call.search_records(namespace).map(Some),
            ("POST", ["vectors", "upsert"]) => call.upsert_vectors().map(Some),
            ("POST", ["query"]) => call.query().map(Some),
            ("GET", ["vectors", "fetch"]) => call.fetch(&query).map(Some),
            ("GET", ["vectors", "list"]) => call.list(&query).map(Some),
            ("POST", ["vectors", "delete"]) => call.delete().map(Some),
            ("POST", ["describe_index_stats"]) => Ok(Some(call.stats())),
            _ => Err(Refusal::new(404, 5, "there is no such call here")),
        }
    }

    fn state(&self) -> Value {
        let indexes: BTreeMap<&String, Value> =
            self.indexes.iter().map(|(name, index)| (name, index.state())).collect();
        json!({ "requests": self.requests, "indexes": indexes })
    }
}

impl fmt::Debug for Pinecone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinecone").field("requests", &self.requests).finish_non_exhaustive()
    }
}

/// What is answered without looking at the request.
fn instead(fault: VectorFault, is_control: bool) -> Option<Reply> {
    let refused = |status, code, text| Refusal::new(status, code, text).to_reply(is_control);
    Some(match fault {
        VectorFault::RateLimited(seconds) => match (refused(429, 8, "Too many requests"), seconds) {
            (Reply::Json(status, value), Some(seconds)) => Reply::RetryAfter(status, seconds, value),
            (reply, _) => reply,
        },
        VectorFault::MonthlyCap => refused(
            429,
            8,
            "Request failed. You've reached your write unit limit for the current month (2000000). To continue writing data, upgrade \
             your plan.",
        ),
        VectorFault::Status(status) => refused(status, 13, "failed on purpose"),
        VectorFault::BadGateway => Fault::BadGateway.instead()?,
        VectorFault::DropBefore => Reply::Cut,
        VectorFault::HangBefore => Reply::Hang,
        VectorFault::DropAfter
        | VectorFault::Garbage
        | VectorFault::HalfBody
        | VectorFault::HangAfter
        | VectorFault::Slow(_) => return None,
    })
}

/// What becomes of the answer of a request that was worked on.
pub(super) fn after(fault: VectorFault, reply: Reply) -> Reply {
    match fault {
        VectorFault::DropAfter => Fault::DropAfter.after(reply),
        VectorFault::Garbage => Fault::Garbage.after(reply),
        VectorFault::HalfBody => Fault::HalfBody.after(reply),
        VectorFault::HangAfter => Fault::HangAfter.after(reply),
        VectorFault::Slow(ms) => Fault::Slow(ms).after(reply),
        VectorFault::RateLimited(_)
        | VectorFault::MonthlyCap
        | VectorFault::Status(_)
        | VectorFault::BadGateway
        | VectorFault::DropBefore
        | VectorFault::HangBefore => reply,
    }
}

pub(super) fn embeddings_instead(fault: VectorFault) -> Option<Reply> {
    let error = |status: u16, kind: &str, text: &str| {
        Reply::Json(status, json!({ "error": { "message": text, "type": kind, "param": null, "code": kind } }))
    };
    Some(match fault {
        VectorFault::RateLimited(None) => error(429, "rate_limit_exceeded", "Rate limit reached"),
        VectorFault::RateLimited(Some(seconds)) => Reply::RetryAfter(
            429,
            seconds,
            json!({ "error": { "message": "slow down", "type": "rate_limit_exceeded" } }),
        ),
        VectorFault::MonthlyCap => error(429, "insufficient_quota", "You exceeded your current quota"),
        VectorFault::Status(status) => error(status, "server_error", "failed on purpose"),
        VectorFault::BadGateway => Fault::BadGateway.instead()?,
        VectorFault::DropBefore => Reply::Cut,
        VectorFault::HangBefore => Reply::Hang,
        VectorFault::DropAfter
        | VectorFault::Garbage
        | VectorFault::HalfBody
        | VectorFault::HangAfter
        | VectorFault::Slow(_) => return None,
    })
}
