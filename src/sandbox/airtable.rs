//! The stand-in for Airtable's records API: one base with the Leads table, by the documented rules.

use super::{Fault, fields};
use chrono::{DateTime, TimeDelta, Utc};
use hyper::Method;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};

const RECORDS_MAX: usize = 10;
const REQUESTS_PER_SECOND_MAX: usize = 5;
const LOCK_OUT_SECONDS: i64 = 30;

/// What is answered, or that nothing is.
#[derive(Debug)]
pub(super) enum Reply {
    Json(u16, Value),
    Garbage,
    Cut,
}

/// One base in memory.
#[derive(Debug)]
pub struct Base {
    token: String,
    /// By record id, in the order of creation.
    leads: BTreeMap<String, Map<String, Value>>,
    pub(super) faults: VecDeque<Fault>,
    recent: VecDeque<DateTime<Utc>>,
    locked_until: Option<DateTime<Utc>>,
    /// Requests that came over the limit or during a lock-out.
    pub rate_limited: u64,
    pub requests: u64,
}

type Refusal = (u16, &'static str, String);
/// A record of a request: its id, where one is given, and its fields.
type Asked = (Option<String>, Map<String, Value>);

impl Base {
    pub(super) fn new(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            leads: BTreeMap::new(),
            faults: VecDeque::new(),
            recent: VecDeque::new(),
            locked_until: None,
            rate_limited: 0,
            requests: 0,
        }
    }

    /// The leads, by record id.
    pub fn leads(&self) -> &BTreeMap<String, Map<String, Value>> {
        &self.leads
    }

    /// Changes a cell as a person would.
    pub fn edit(&mut self, record_id: &str, field: &str, value: Value) {
        if let Some(record) = self.leads.get_mut(record_id) {
            record.insert(field.to_owned(), value);
        }
    }

    /// Adds a record as a person would, past the API's rules.
    pub fn add(&mut self, fields: Map<String, Value>) -> String {
        let id = format!("rec{:014}", self.leads.len() + 1);
        self.leads.insert(id.clone(), fields);
        id
    }

    /// How many leads have which `Lead Status`.
    pub fn by_status(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for lead in self.leads.values() {
            let status = lead.get("Lead Status").and_then(Value::as_str).unwrap_or("(none)");
            *counts.entry(status.to_owned()).or_insert(0) += 1;
        }
        counts
    }

    pub(super) fn answer(
        &mut self,
        method: &Method,
        path: &str,
        token: &str,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Reply {
        if path == "/sandbox/state" {
            let state = json!({ "leads": self.leads, "by_status": self.by_status(), "requests": self.requests,
                "rate_limited": self.rate_limited });
            return Reply::Json(200, state);
        }
        self.requests += 1;
        if self.is_over_limit(now) {
            self.rate_limited += 1;
            return error(429, "RATE_LIMIT_REACHED", "Rate limit exceeded. Please try again later");
        }
        if token != self.token {
            return error(401, "AUTHENTICATION_REQUIRED", "Authentication required");
        }
        let fault = self.faults.pop_front();
        match fault {
            Some(Fault::Status(status)) => return error(status, "SANDBOX_FAULT", "failed on purpose"),
            Some(Fault::DropBefore) => return Reply::Cut,
            Some(Fault::DropAfter | Fault::Garbage) | None => {}
        }
        let reply = self.route(method, path, body);
        match fault {
            Some(Fault::DropAfter) => Reply::Cut,
            Some(Fault::Garbage) => Reply::Garbage,
            Some(Fault::Status(_) | Fault::DropBefore) | None => reply,
        }
    }

    /// More than five in any second lock the base for 30 seconds; requests meanwhile fail too.
    fn is_over_limit(&mut self, now: DateTime<Utc>) -> bool {
        if self.locked_until.is_some_and(|until| now < until) {
            return true;
        }
        while self.recent.front().is_some_and(|then| now - *then >= TimeDelta::seconds(1)) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        if self.recent.len() > REQUESTS_PER_SECOND_MAX {
            self.locked_until = Some(now + TimeDelta::seconds(LOCK_OUT_SECONDS));
            return true;
        }
        false
    }

    fn route(&mut self, method: &Method, path: &str, body: &[u8]) -> Reply {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let ["v0", base, table] = segments.as_slice() else {
            return Reply::Json(404, json!({ "error": "NOT_FOUND" }));
        };
        if !base.starts_with("app") || *table != "Leads" {
            let message = "Invalid permissions, or the requested model was not found.";
            return error(403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", message);
        }
        let result = match *method {
            Method::GET => Ok(self.list()),
            Method::POST | Method::PATCH => match serde_json::from_slice::<Value>(body) {
                Ok(body) if *method == Method::POST => self.create(&body),
                Ok(body) => self.update(&body),
                Err(_) => Err((422, "INVALID_REQUEST_UNKNOWN", "Invalid request: parameter validation failed.".into())),
            },
            _ => Err((404, "NOT_FOUND", String::new())),
        };
        match result {
            Ok(value) => Reply::Json(200, value),
            Err((status, kind, message)) => error(status, kind, &message),
        }
    }

    fn list(&self) -> Value {
        let records: Vec<Value> = self.leads.iter().take(100).map(|(id, fields)| record(id, fields)).collect();
        json!({ "records": records })
    }

    fn create(&mut self, body: &Value) -> Result<Value, Refusal> {
        let records = checked(body)?;
        let ids: Vec<String> = records.into_iter().map(|(_, fields)| self.insert(fields)).collect();
        Ok(json!({ "records": self.show(&ids) }))
    }

    /// All or nothing: every record is checked and matched before the first is written.
    fn update(&mut self, body: &Value) -> Result<Value, Refusal> {
        let records = checked(body)?;
        let merge_on = body.pointer("/performUpsert/fieldsToMergeOn").and_then(Value::as_array);
        let mut targets = Vec::with_capacity(records.len());
        for (id, fields) in records {
            let target = match (id, merge_on) {
                (Some(id), _) if self.leads.contains_key(&id) => Some(id),
                (Some(_), _) => return Err((404, "MODEL_ID_NOT_FOUND", "Record not found".to_owned())),
                (None, Some(names)) if (1..=3).contains(&names.len()) => self.matching(names, &fields)?,
                (None, Some(_)) => return Err(invalid("fieldsToMergeOn takes one to three fields")),
                (None, None) => return Err(invalid("a record to update needs an id")),
            };
            targets.push((target, fields));
        }
        let (mut ids, mut created, mut updated) = (Vec::new(), Vec::new(), Vec::new());
        for (target, fields) in targets {
            // Two records of one request with the same key: the second finds what the first made.
            let target = match (target, merge_on) {
                (None, Some(names)) => self.matching(names, &fields)?,
                (target, _) => target,
            };
            let id = if let Some(id) = target {
                let known = self.leads.entry(id.clone()).or_default();
                for (name, value) in fields {
                    if is_empty(&value) {
                        known.remove(&name);
                    } else {
                        known.insert(name, value);
                    }
                }
                updated.push(id.clone());
                id
            } else {
                let id = self.insert(fields);
                created.push(id.clone());
                id
            };
            ids.push(id);
        }
        let mut answer = json!({ "records": self.show(&ids) });
        if merge_on.is_some()
            && let Some(object) = answer.as_object_mut()
        {
            object.insert("createdRecords".to_owned(), json!(created));
            object.insert("updatedRecords".to_owned(), json!(updated));
        }
        Ok(answer)
    }

    fn matching(&self, names: &[Value], fields: &Map<String, Value>) -> Result<Option<String>, Refusal> {
        let same = |lead: &Map<String, Value>| {
            names.iter().filter_map(Value::as_str).all(|name| lead.get(name) == fields.get(name))
        };
        let mut found = self.leads.iter().filter(|(_, lead)| same(lead)).map(|(id, _)| id);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(id), None) => Ok(Some(id.clone())),
            (Some(_), Some(_)) => Err(invalid("Cannot update more than one record with the same merge key")),
        }
    }

    fn insert(&mut self, fields: Map<String, Value>) -> String {
        self.add(fields.into_iter().filter(|(_, value)| !is_empty(value)).collect())
    }

    fn show(&self, ids: &[String]) -> Vec<Value> {
        ids.iter().filter_map(|id| self.leads.get(id).map(|fields| record(id, fields))).collect()
    }
}

/// The records of a request, each checked field by field; one bad cell fails the whole request.
fn checked(body: &Value) -> Result<Vec<Asked>, Refusal> {
    let records = body.get("records").and_then(Value::as_array).ok_or_else(|| invalid("`records` is missing"))?;
    if records.is_empty() || records.len() > RECORDS_MAX {
        return Err(invalid("a request takes one to ten records"));
    }
    records
        .iter()
        .map(|record| {
            let fields =
                record.get("fields").and_then(Value::as_object).ok_or_else(|| invalid("`fields` is missing"))?;
            match fields.iter().find_map(|(name, value)| fields::fault(name, value)) {
                Some((kind, message)) => Err((422, kind, message)),
                None => Ok((record.get("id").and_then(Value::as_str).map(str::to_owned), fields.clone())),
            }
        })
        .collect()
}

/// Empty cells are left out of records altogether.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => false,
    }
}

fn record(id: &str, fields: &Map<String, Value>) -> Value {
    json!({ "id": id, "createdTime": "2026-01-01T00:00:00.000Z", "fields": fields })
}

fn invalid(message: &str) -> Refusal {
    (422, "INVALID_REQUEST_UNKNOWN", message.to_owned())
}

fn error(status: u16, kind: &str, message: &str) -> Reply {
    Reply::Json(status, json!({ "error": { "type": kind, "message": message } }))
}
