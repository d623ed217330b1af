//! Airtable's records API: batched upserts of leads (Airtable Web API, "Update multiple records").

use crate::sources::settings::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(30);
/// After a 429 the whole base refuses for 30 seconds (Airtable, "Rate limits").
const LOCK_OUT_MS: u64 = 30_000;
/// The field by which a contact finds its one lead.
const MERGE_ON: &str = "Supabase Contact ID";
const DETAIL_CHARS_MAX: usize = 300;

#[derive(Debug, Clone)]
pub struct Airtable {
    client: reqwest::Client,
    token: Secret,
    table_url: String,
}

/// A record as it stands after an upsert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpsertedRecord {
    pub record_id: String,
    pub created: bool,
}

/// Why leads were not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AirtableError {
    /// The whole base is to be left alone for this long.
    #[error("Airtable's rate limit was reached")]
    RateLimited { retry_after_ms: u64 },
    /// Permanent for one of the records, and nothing of the request was written.
    #[error("Airtable refused the record ({status} {kind}): {message}")]
    Rejected { status: u16, kind: String, message: String },
    /// Only a person can cure it.
    #[error("Airtable denies access ({status} {kind}): check token, its scopes and base_id")]
    Denied { status: u16, kind: String },
    /// It may or may not have been written; coming again does no harm.
    #[error("Airtable is not available: {detail}")]
    Unavailable { detail: String, retry_after_ms: Option<u64> },
}

#[derive(Deserialize)]
struct Answer {
    records: Vec<AnswerRecord>,
    #[serde(default, rename = "createdRecords")]
    created: Vec<String>,
}

#[derive(Deserialize)]
struct AnswerRecord {
    id: String,
}

impl Airtable {
    pub fn new(token: Secret, base_id: &str, api_url: &str, table: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        let table: String = table.bytes().map(percent_encoded).collect();
        let table_url = format!("{}/v0/{base_id}/{table}", api_url.trim_end_matches('/'));
        Ok(Self { client, token, table_url })
    }

    /// Writes up to ten leads, merged on the contact's id; gives the records in the order of the request.
    pub async fn upsert_leads(&self, leads: &[Map<String, Value>]) -> Result<Vec<UpsertedRecord>, AirtableError> {
        let records: Vec<Value> = leads.iter().map(|fields| json!({ "fields": fields })).collect();
        let body = json!({
            "performUpsert": { "fieldsToMergeOn": [MERGE_ON] },
            "typecast": false,
            "records": records,
        });
        let response = self
            .client
            .patch(&self.table_url)
            .bearer_auth(self.token.expose())
            .json(&body)
            .send()
            .await
            .map_err(|error| unavailable(&error.without_url()))?;
        let status = response.status().as_u16();
        let retry_after_ms = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|seconds| seconds.parse::<u64>().ok())
            .map(|seconds| seconds.saturating_mul(1_000));
        let bytes = response.bytes().await.map_err(|error| unavailable(&error.without_url()))?;
        if status != 200 {
            return Err(refusal(status, retry_after_ms, &bytes));
        }
        let answer: Answer = serde_json::from_slice(&bytes)
            .map_err(|error| unreadable(&format!("its answer can't be read: {error}")))?;
        if answer.records.len() != leads.len() {
            return Err(unreadable("its answer lacks records"));
        }
        let record = |record: AnswerRecord| UpsertedRecord {
            created: answer.created.contains(&record.id),
            record_id: record.id,
        };
        Ok(answer.records.into_iter().map(record).collect())
    }
}

fn unavailable(error: &reqwest::Error) -> AirtableError {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    unreadable(what)
}

fn unreadable(detail: &str) -> AirtableError {
    AirtableError::Unavailable { detail: detail.to_owned(), retry_after_ms: None }
}

fn refusal(status: u16, retry_after_ms: Option<u64>, body: &[u8]) -> AirtableError {
    let (kind, message) = error_of(body);
    match status {
        429 => AirtableError::RateLimited { retry_after_ms: retry_after_ms.unwrap_or(0).max(LOCK_OUT_MS) },
        401 | 403 | 404 => AirtableError::Denied { status, kind },
        400 | 413 | 422 => AirtableError::Rejected { status, kind, message },
        _ => AirtableError::Unavailable { detail: format!("status {status} {kind}"), retry_after_ms },
    }
}

/// The error stands as a bare text, as an object with a type, or with a message too; all three are seen.
fn error_of(body: &[u8]) -> (String, String) {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let clip = |text: &str| text.chars().take(DETAIL_CHARS_MAX).collect::<String>();
    match value.get("error") {
        Some(Value::String(kind)) => (clip(kind), String::new()),
        Some(error @ Value::Object(_)) => {
            let text = |name: &str| clip(error.get(name).and_then(Value::as_str).unwrap_or_default());
            (text("type"), text("message"))
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => Default::default(),
    }
}

fn percent_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
