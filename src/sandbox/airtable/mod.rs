//! The stand-in for Airtable: one base with its records, schema and webhooks, by the documented rules.

mod cells;
mod formula;
mod limits;
mod listing;
mod meta;
mod owners_base;
mod payloads;
mod persons;
mod ping;
mod reading;
mod records;
mod refusal;
mod schema;
mod webhooks;
mod writing;

pub(super) use ping::Ping;

use super::fault::{Fault, Reply};
use super::query::Query;
use crate::intake::Now;
use chrono::{DateTime, Utc};
use hyper::Method;
use limits::Limits;
use refusal::Refusal;
use schema::Tables;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt;
use tokio::sync::mpsc::Sender;
use webhooks::{Origin, Webhook};
use writing::Writing;

/// What the base calls itself; every id that begins with `app` is taken for it.
pub const BASE_ID: &str = "appSandbox0000000";
const LOG_MAX: usize = 10_000;
const SCOPES: &[&str] =
    &["data.records:read", "data.records:write", "schema.bases:read", "schema.bases:write", "webhook:manage"];

/// Looks at method, path and body of a request, and may make it fail.
pub type FaultHook = Box<dyn Fn(&Method, &str, &[u8]) -> Option<Fault> + Send>;

/// One base in memory.
pub struct Base {
    token: String,
    now: Now,
    tables: Tables,
    webhooks: Vec<Webhook>,
    webhooks_made: u64,
    /// Changes so far, whoever made them.
    transactions: u64,
    iterators: Vec<listing::Iterator>,
    iterators_begun: u64,
    limits: Limits,
    pub(super) faults: VecDeque<Fault>,
    pub(super) hook: Option<FaultHook>,
    pings: Sender<Ping>,
    /// What the token may do; a call beyond it is refused.
    pub scopes: Vec<String>,
    /// Pings are not sent, though payloads gather.
    pub drops_pings: bool,
    /// Pings carry a wrong signature.
    pub forges_pings: bool,
    pub pings_dropped: u64,
    pub pings_succeeded: u64,
    /// Answered otherwise than 200 or 204 without a body, or not at all.
    pub pings_failed: u64,
    /// Requests that came over the limit or during a lock-out.
    pub rate_limited: u64,
    pub requests: u64,
    log: VecDeque<Logged>,
}

/// A request as it came, before it was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    pub method: String,
    /// Decoded, without the query.
    pub path: String,
    pub at: DateTime<Utc>,
}

/// A request's parts.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    /// As it came, percent-encoded.
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) token: &'a str,
    pub(super) body: &'a [u8],
}

impl Base {
    pub(super) fn new(token: &str, now: Now, pings: Sender<Ping>) -> Result<Self, serde_json::Error> {
        Ok(Self {
            token: token.to_owned(),
            now,
            tables: owners_base::tables()?,
            webhooks: Vec::new(),
            webhooks_made: 0,
            transactions: 0,
            iterators: Vec::new(),
            iterators_begun: 0,
            limits: Limits::default(),
            faults: VecDeque::new(),
            hook: None,
            pings,
            scopes: SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
            drops_pings: false,
            forges_pings: false,
            pings_dropped: 0,
            pings_succeeded: 0,
            pings_failed: 0,
            rate_limited: 0,
            requests: 0,
            log: VecDeque::new(),
        })
    }

    pub(super) fn answer(&mut self, asked: &Asked<'_>) -> Reply {
        let now = (self.now)();
        let path = super::query::decoded(asked.path);
        if path == "/sandbox/state" {
            return Reply::Json(200, self.state());
        }
        self.requests += 1;
        if self.log.len() >= LOG_MAX {
            self.log.pop_front();
        }
        self.log.push_back(Logged { method: asked.method.to_string(), path: path.clone(), at: now });
        if self.limits.is_over(now) {
            self.rate_limited += 1;
            return Reply::rate_limited();
        }
        if asked.token != self.token {
            return Fault::Unauthorised.instead().unwrap_or(Reply::Cut);
        }
        let fault = self.hook.as_ref().and_then(|hook| hook(asked.method, &path, asked.body));
        let fault = fault.or_else(|| self.faults.pop_front());
        match fault {
            Some(Fault::RateLimited) => self.limits.lock(now),
            Some(Fault::LostIterator) => self.lose_iterators(),
            _ => {}
        }
        if let Some(reply) = fault.and_then(Fault::instead) {
            return reply;
        }
        self.forget_old_webhooks(now);
        let reply = match self.route(asked, now) {
            Ok(Value::Null) => Reply::Json(200, json!({})),
            Ok(value) => Reply::Json(200, value),
            Err(refusal) => Reply::Json(refusal.status, refusal.to_json()),
        };
        fault.map_or(reply.clone(), |fault| fault.after(reply))
    }

    fn route(&mut self, asked: &Asked<'_>, now: DateTime<Utc>) -> Result<Value, Refusal> {
        let segments: Vec<String> = asked.path.trim_matches('/').split('/').map(super::query::decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let query = Query::parse(asked.query);
        let is_read = asked.method == Method::GET;
        match segments.as_slice() {
            ["v0", "meta", "whoami"] if is_read => Ok(self.whoami()),
            ["v0", "meta", "bases"] if is_read => self.permit("schema.bases:read").map(|()| Self::bases()),
            ["v0", "meta", "bases", base, "tables", rest @ ..] => {
                is_base(base)?;
                self.permit(if is_read { "schema.bases:read" } else { "schema.bases:write" })?;
                self.route_schema(asked, rest)
            }
            ["v0", "bases", base, "webhooks", rest @ ..] => {
                is_base(base)?;
                self.permit("webhook:manage")?;
                self.route_webhooks(asked, base, rest, &query, now)
            }
            ["v0", base, table, rest @ ..] => {
                is_base(base)?;
                let is_read = is_read || *rest == ["listRecords"];
                self.permit(if is_read { "data.records:read" } else { "data.records:write" })?;
                let table_id = self.tables.get(table).ok_or_else(Refusal::model_not_found)?.id.clone();
                self.route_records(asked, &table_id, rest, &query, now)
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn route_schema(&mut self, asked: &Asked<'_>, rest: &[&str]) -> Result<Value, Refusal> {
        let table_id =
            |key: &str| self.tables.get(key).map(|table| table.id.clone()).ok_or_else(Refusal::model_not_found);
        match (asked.method.as_str(), rest) {
            ("GET", []) => Ok(self.schema()),
            ("POST", []) => self.create_table(&json_body(asked)?),
            ("PATCH", [table]) => {
                let id = table_id(table)?;
                self.patch_table(&id, &json_body(asked)?)
            }
            ("POST", [table, "fields"]) => {
                let id = table_id(table)?;
                self.create_field(&id, &json_body(asked)?)
            }
            ("PATCH", [table, "fields", field]) => {
                let id = table_id(table)?;
                let field_id = self.tables.get(&id).and_then(|table| table.field(field)).map(|field| field.id.clone());
                self.patch_field(&id, &field_id.ok_or_else(Refusal::model_not_found)?, &json_body(asked)?)
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn route_webhooks(
        &mut self,
        asked: &Asked<'_>,
        base: &str,
        rest: &[&str],
        query: &Query,
        now: DateTime<Utc>,
    ) -> Result<Value, Refusal> {
        match (asked.method.as_str(), rest) {
            ("GET", []) => Ok(self.list_webhooks(now)),
            ("POST", []) => self.create_webhook(base, &json_body(asked)?, now),
            ("DELETE", [id]) => self.delete_webhook(id),
            ("POST", [id, "refresh"]) => self.refresh_webhook(id, now),
            ("POST", [id, "enableNotifications"]) => self.enable_notifications(id, &json_body(asked)?),
            ("GET", [id, "payloads"]) => self.list_payloads(id, query, now),
            _ => Err(Refusal::not_found()),
        }
    }

    fn route_records(
        &mut self,
        asked: &Asked<'_>,
        table_id: &str,
        rest: &[&str],
        query: &Query,
        now: DateTime<Utc>,
    ) -> Result<Value, Refusal> {
        match (asked.method.as_str(), rest) {
            ("GET", []) => self.list(table_id, &listing::parameters(query), now),
            ("POST", ["listRecords"]) => self.list(table_id, &json_body(asked)?, now),
            ("GET", [record]) => self.one_record(table_id, record, query),
            ("POST", []) => self.create(table_id, &json_body(asked)?),
            ("PATCH" | "PUT", []) => self.update(asked.method, table_id, None, &json_body(asked)?),
            ("PATCH" | "PUT", [record]) => self.update(asked.method, table_id, Some(record), &json_body(asked)?),
            ("DELETE", []) => self.delete(table_id, None, query),
            ("DELETE", [record]) => self.delete(table_id, Some(record), query),
            _ => Err(Refusal::not_found()),
        }
    }

    fn permit(&self, scope: &str) -> Result<(), Refusal> {
        if self.scopes.iter().any(|known| known == scope) {
            return Ok(());
        }
        Err(Refusal::new(403, "INVALID_PERMISSIONS", format!("You are not permitted to do it: {scope} is missing")))
    }

    /// All or nothing, and what changed is told to the webhooks.
    fn write<T>(
        &mut self,
        origin: Origin,
        change: impl FnOnce(&mut Writing<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let now = (self.now)();
        let mut writing = Writing::begin(&mut self.tables, now);
        match change(&mut writing) {
            Ok(done) => {
                let changes = writing.commit();
                if !changes.is_empty() {
                    self.note_records(&changes, origin, now);
                }
                Ok(done)
            }
            Err(refusal) => {
                writing.roll_back();
                Err(refusal)
            }
        }
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("requests", &self.requests).field("tables", &self.tables).finish_non_exhaustive()
    }
}

/// A wrong base looks like one that the token may not see.
fn is_base(id: &str) -> Result<(), Refusal> {
    if id.starts_with("app") { Ok(()) } else { Err(Refusal::model_not_found()) }
}

fn json_body(asked: &Asked<'_>) -> Result<Value, Refusal> {
    serde_json::from_slice(asked.body).map_err(|_| Refusal::invalid("Invalid request: parameter validation failed."))
}
