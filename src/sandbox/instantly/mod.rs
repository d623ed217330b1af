//! The stand-in for Instantly's API v2: workspaces by their keys, with leads, block list and webhooks, by the documented rules, limits
//! and errors.

mod workspace;

use super::airtable::Asked;
use super::fault::Reply;
use super::outreach::{Allowed, Faults, Hook, OutreachFault, Received, Usage, object};
use super::query::{Query, decoded};
use crate::intake::Now;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
pub use workspace::Workspace;

const ALLOWED: Allowed = Allowed { per_second: 100, per_minute: 6_000, per_hour: None };

/// Instantly in memory.
pub struct Instantly {
    now: Now,
    workspaces: BTreeMap<String, Workspace>,
    faults: Faults,
}

/// True for the paths that are Instantly's.
pub(super) fn is_path(path: &str) -> bool {
    path.starts_with("/api/v2/") || path == "/sandbox/instantly"
}

/// Status and body, or status and text of an error.
type Answered = Result<(u16, Value), (u16, &'static str)>;

impl fmt::Debug for Instantly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instantly").field("faults", &self.faults).finish_non_exhaustive()
    }
}

impl Instantly {
    pub(super) fn new(now: Now) -> Self {
        Self { now, workspaces: BTreeMap::new(), faults: Faults::default() }
    }

    /// A workspace; its key opens it from now on.
    pub fn open(&mut self, key: &str) -> &mut Workspace {
        self.workspaces.entry(key.to_owned()).or_insert_with(|| Workspace::new(ALLOWED))
    }

    pub fn workspace(&self, key: &str) -> Option<&Workspace> {
        self.workspaces.get(key)
    }

    pub fn workspaces(&self) -> impl Iterator<Item = &Workspace> {
        self.workspaces.values()
    }

    /// Queues a fault for the next request.
    pub fn fail_next(&mut self, fault: OutreachFault) {
        self.faults.fail_next(fault);
    }

    /// Asks for each request within limits and with a good key, before the queued faults, whether it is to fail.
    pub fn fail_when(&mut self, hook: Hook) {
        self.faults.fail_when(hook);
    }

    pub fn fail_no_more(&mut self) {
        self.faults.stop();
    }

    pub(super) fn answer(&mut self, asked: &Asked<'_>) -> Reply {
        let now = (self.now)();
        if asked.path == "/sandbox/instantly" {
            let states = self.workspaces.values().map(Workspace::state).collect::<Vec<_>>();
            return Reply::Json(200, json!({ "workspaces": states }));
        }
        let path = decoded(asked.path.strip_prefix("/api/v2/").unwrap_or_default());
        let Some(workspace) = self.workspaces.get_mut(asked.token) else {
            return Reply::Json(401, error(401, "Invalid API key"));
        };
        if !workspace.usage.admit(asked.method, &path, now.timestamp_millis()) {
            return Reply::Json(429, error(429, "Rate limit exceeded"));
        }
        let fault = self.faults.next(asked.method, &path, asked.body);
        if let Some(fault) = fault {
            workspace.usage.suffer(fault, now.timestamp_millis());
        }
        if let Some(reply) = fault.and_then(|fault| fault.instead(error)) {
            return reply;
        }
        let answered = match object(asked.body) {
            Some(body) => {
                let segments: Vec<&str> = path.split('/').collect();
                work(workspace, asked.method.as_str(), &segments, &Query::parse(asked.query), &body)
            }
            None => Err((400, "Body is not valid JSON")),
        };
        let reply = match answered {
            Ok((status, value)) => Reply::Json(status, value),
            Err((status, message)) => Reply::Json(status, error(status, message)),
        };
        fault.map_or(reply.clone(), |fault| fault.after(reply))
    }
}

fn work(workspace: &mut Workspace, method: &str, segments: &[&str], query: &Query, body: &Value) -> Answered {
    match (method, segments) {
        ("POST", ["leads"]) => workspace.create(body),
        ("POST", ["leads", "list"]) => workspace.list(body),
        ("POST", ["leads", "update-interest-status"]) => workspace.set_interest(body),
        ("GET", ["leads", id]) => workspace.get(id),
        ("DELETE", ["leads", id]) => workspace.delete(id),
        ("GET", ["block-lists-entries"]) => Ok(workspace.blocked(query)),
        ("POST", ["block-lists-entries"]) => workspace.block(body),
        ("GET", ["webhooks"]) => Ok(workspace.webhooks(query)),
        ("GET", ["webhook-events"]) => workspace.webhook_events(query),
        _ => Err((404, "Route not found")),
    }
}

fn error(status: u16, message: &str) -> Value {
    let name = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        _ => "Internal Server Error",
    };
    json!({ "statusCode": status, "error": name, "message": message })
}

impl Workspace {
    /// Requests above a limit.
    pub fn requests_over(&self) -> u64 {
        self.usage.over
    }

    /// All requests, the oldest first.
    pub fn received(&self) -> impl Iterator<Item = &Received> {
        self.usage.received.iter()
    }

    fn usage(allowed: Allowed) -> Usage {
        Usage::new(allowed)
    }
}
