//! The stand-in for Smartlead: accounts by their keys, with leads, campaigns, block list and webhooks, by the documented rules, limits
//! and errors.

mod account;

use super::airtable::Asked;
use super::fault::Reply;
use super::outreach::{Allowed, Faults, Hook, OutreachFault, Received, Usage, object};
use super::query::{Query, decoded};
use crate::intake::Now;
pub use account::{Account, LeadStatus};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// The standard plan.
const ALLOWED: Allowed = Allowed { per_second: 10, per_minute: 60, per_hour: Some(1_000) };
const WAIT_SECONDS: u64 = 30;

/// Smartlead in memory.
pub struct Smartlead {
    now: Now,
    accounts: BTreeMap<String, Account>,
    faults: Faults,
}

/// True for the paths that are Smartlead's.
pub(super) fn is_path(path: &str) -> bool {
    path.starts_with("/api/v1/") || path == "/sandbox/smartlead"
}

/// What is answered, or the status and text of an error.
type Answered = Result<Value, (u16, &'static str)>;

impl fmt::Debug for Smartlead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smartlead").field("faults", &self.faults).finish_non_exhaustive()
    }
}

impl Smartlead {
    pub(super) fn new(now: Now) -> Self {
        Self { now, accounts: BTreeMap::new(), faults: Faults::default() }
    }

    /// An account of the standard plan; its key opens it from now on.
    pub fn open(&mut self, key: &str) -> &mut Account {
        self.accounts.entry(key.to_owned()).or_insert_with(|| Account::new(ALLOWED))
    }

    pub fn account(&self, key: &str) -> Option<&Account> {
        self.accounts.get(key)
    }

    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
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
        if asked.path == "/sandbox/smartlead" {
            let states = self.accounts.values().map(Account::state).collect::<Vec<_>>();
            return Reply::Json(200, json!({ "accounts": states }));
        }
        let query = Query::parse(asked.query);
        // A slash at the end is a segment of its own.
        let path = decoded(asked.path.strip_prefix("/api/v1/").unwrap_or_default());
        let key = query.get("api_key").unwrap_or_default();
        let Some(account) = self.accounts.get_mut(key) else {
            return Reply::Json(401, json!({ "message": "Invalid API Key" }));
        };
        if !account.usage.admit(asked.method, &path, now.timestamp_millis()) {
            return Reply::RetryAfter(429, WAIT_SECONDS, limited());
        }
        let fault = self.faults.next(asked.method, &path, asked.body);
        if let Some(fault) = fault {
            account.usage.suffer(fault, now.timestamp_millis());
        }
        if let Some(reply) = fault.and_then(|fault| fault.instead(error)) {
            return reply;
        }
        let answered = match object(asked.body) {
            Some(body) => {
                let segments: Vec<&str> = path.split('/').collect();
                work(account, asked.method.as_str(), &segments, &query, &body, now)
            }
            None => Err((400, "Invalid JSON")),
        };
        let reply = match answered {
            Ok(value) => Reply::Json(200, value),
            Err((status, message)) => Reply::Json(status, error(status, message)),
        };
        fault.map_or(reply.clone(), |fault| fault.after(reply))
    }
}

fn work(
    account: &mut Account,
    method: &str,
    segments: &[&str],
    query: &Query,
    body: &Value,
    now: chrono::DateTime<chrono::Utc>,
) -> Answered {
    let number = |text: &str| text.parse::<u64>().map_err(|_error| (422, "Invalid parameters provided"));
    match (method, segments) {
        ("GET", ["leads", ""]) => {
            let email = query.get("email").filter(|email| !email.is_empty()).ok_or((422, "email is required"))?;
            Ok(account.lead_by_email(email))
        }
        ("POST", ["leads", "add-domain-block-list"]) => account.block(body),
        ("POST", ["leads", lead, "unsubscribe"]) => account.unsubscribe_everywhere(number(lead)?),
        ("GET", ["campaigns", campaign, "leads"]) => account.list(number(campaign)?, query),
        ("POST", ["campaigns", campaign, "leads"]) => account.import(number(campaign)?, body),
        ("GET", ["campaigns", campaign, "statistics"]) => account.statistics(number(campaign)?, query),
        ("GET", ["campaigns", campaign, "leads", lead, "message-history"]) => {
            account.message_history(number(campaign)?, number(lead)?)
        }
        ("POST", ["campaigns", campaign, "leads", lead, what]) => {
            let (campaign, lead) = (number(campaign)?, number(lead)?);
            match *what {
                "pause" => account.pause(campaign, lead),
                "resume" => account.resume(campaign, lead, body, now),
                "unsubscribe" => account.unsubscribe(campaign, lead),
                _ => Err((404, "Resource not found")),
            }
        }
        ("GET", ["campaigns", campaign, "webhooks"]) => account.webhooks_of(number(campaign)?),
        ("GET", ["webhook", id]) => account.webhook(number(id)?),
        _ => Err((404, "Resource not found")),
    }
}

/// Errors stand in several shapes, by who tells them.
fn error(status: u16, message: &str) -> Value {
    match status {
        401 | 500.. => json!({ "message": message }),
        429 => limited(),
        400 => json!({ "error": { "code": "VALIDATION_ERROR", "message": message } }),
        _ => json!({ "error": message }),
    }
}

fn limited() -> Value {
    json!({ "error": { "code": "RATE_LIMIT_EXCEEDED", "message": "Too many requests." } })
}

impl Account {
    /// Requests above a limit.
    pub fn requests_over(&self) -> u64 {
        self.usage.over
    }

    /// All requests, the oldest first.
    pub fn received(&self) -> impl Iterator<Item = &Received> {
        self.usage.received.iter()
    }

    pub fn allow(&mut self, allowed: Allowed) {
        self.usage.allowed = allowed;
    }

    fn usage(allowed: Allowed) -> Usage {
        Usage::new(allowed)
    }
}
