//! `users.messages.list` and `users.messages.get`.

use super::Call;
use super::headers::body;
use super::mailbox::{Mailbox, Message};
use super::pages::{self, Page};
use super::refusal::Refusal;
use super::search::Search;
use crate::sandbox::query::Query;
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

const SNIPPET_CHARS_MAX: usize = 100;

/// The newest first. A message has only its ids here.
pub(super) fn list(mailbox: &Mailbox, query: &Query, page_max: usize, now: DateTime<Utc>) -> Result<Value, Refusal> {
    let page = Page::of(query, page_max)?;
    let search = Search::parse(query.get("q").unwrap_or_default(), query.get("includeSpamTrash") == Some("true"), now);
    let labels: Vec<&str> = query.pairs().filter(|(name, _)| *name == "labelIds").map(|(_, label)| label).collect();
    let is_found =
        |message: &Message| search.finds(message) && labels.iter().all(|label| message.label_ids.contains(*label));
    let number = |id: &str| u64::from_str_radix(id, 16).unwrap_or(0);
    let older = mailbox.messages.iter().rev().filter(|(id, _)| page.after.is_none_or(|after| number(id) < after));
    let mut found: Vec<(&String, &Message)> =
        older.filter(|(_, message)| is_found(message)).take(page.size + 1).collect();
    let has_more = found.len() > page.size;
    found.truncate(page.size);
    let mut answer = json!({});
    let named: Vec<Value> =
        found.iter().map(|(id, message)| json!({ "id": id, "threadId": message.thread_id })).collect();
    pages::put(&mut answer, "messages", &named);
    if let (true, Some((id, _))) = (has_more, found.last()) {
        pages::put_next(&mut answer, query, number(id));
    }
    if let Some(object) = answer.as_object_mut() {
        object.insert("resultSizeEstimate".to_owned(), json!(found.len()));
    }
    Ok(answer)
}

/// `call` says in which format.
pub(super) fn get(mailbox: &Mailbox, id: &str, call: Call, query: &Query) -> Result<Value, Refusal> {
    if u64::from_str_radix(id, 16).is_err() {
        return Err(Refusal::invalid("Invalid id value"));
    }
    let message = mailbox.messages.get(id).ok_or_else(Refusal::not_found)?;
    let snippet: String = String::from_utf8_lossy(body(&message.raw))
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(SNIPPET_CHARS_MAX)
        .collect();
    let mut told = json!({ "id": id, "threadId": message.thread_id, "labelIds": message.label_ids, "snippet": snippet,
        "historyId": message.history_id.to_string(), "internalDate": message.internal_date.timestamp_millis().to_string(),
        "sizeEstimate": message.raw.len() });
    let more = match call {
        Call::Metadata => Some(("payload", payload(message, query))),
        Call::Raw => Some(("raw", json!(encoded(id, &message.raw)))),
        Call::Minimal
        | Call::Token
        | Call::Certs
        | Call::Profile
        | Call::History
        | Call::List
        | Call::Watch
        | Call::Stop => None,
    };
    if let (Some((name, value)), Some(object)) = (more, told.as_object_mut()) {
        object.insert(name.to_owned(), value);
    }
    Ok(told)
}

/// All headers, or those that are asked for, in their order and as they were written.
fn payload(message: &Message, query: &Query) -> Value {
    let wanted: Vec<&str> =
        query.pairs().filter(|(name, _)| *name == "metadataHeaders").map(|(_, name)| name).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
    let headers = message.headers.iter().filter(|(name, _)| is_wanted(name));
    let headers: Vec<Value> = headers.map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let kind = super::headers::first(&message.headers, "Content-Type").unwrap_or("text/plain");
    let mime_type = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
    json!({ "partId": "", "mimeType": mime_type, "filename": "", "headers": headers })
}

/// Both forms are met: with padding and without.
fn encoded(id: &str, raw: &[u8]) -> String {
    if id.ends_with(['0', '2', '4', '6', '8', 'a', 'c', 'e']) {
        URL_SAFE.encode(raw)
    } else {
        URL_SAFE_NO_PAD.encode(raw)
    }
}
