//! `users.history.list`: what changed after an id, page by page.

use super::mailbox::{Happened, Mailbox, Record};
use super::pages::{self, Page};
use super::refusal::Refusal;
use crate::sandbox::query::Query;
use serde_json::{Value, json};

const TYPES: [&str; 4] = ["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"];

impl Happened {
    fn name(&self) -> &'static str {
        match self {
            Self::Added => "messageAdded",
            Self::Deleted => "messageDeleted",
            Self::LabelsAdded(_) => "labelAdded",
            Self::LabelsRemoved(_) => "labelRemoved",
        }
    }
}

pub(super) fn list(mailbox: &mut Mailbox, query: &Query, page_max: usize) -> Result<Value, Refusal> {
    let start =
        query.get("startHistoryId").ok_or_else(|| Refusal::invalid("Missing required parameter: startHistoryId"))?;
    let start: u64 = start.parse().map_err(|_| Refusal::invalid("Invalid value at 'start_history_id'"))?;
    let types: Vec<&str> = query.pairs().filter(|(name, _)| *name == "historyTypes").map(|(_, kind)| kind).collect();
    if types.iter().any(|kind| !TYPES.contains(kind)) {
        return Err(Refusal::invalid("Invalid value at 'history_types'"));
    }
    let page = Page::of(query, page_max)?;
    if start < mailbox.oldest_history_id || start > mailbox.history_id {
        return Err(Refusal::not_found());
    }
    let until = seen_until(mailbox);
    let label = query.get("labelId");
    let is_wanted = |record: &&Record| {
        let is_labelled = |label: &str| {
            mailbox.messages.get(&record.message_id).is_some_and(|message| message.label_ids.contains(label))
        };
        (types.is_empty() || types.contains(&record.happened.name())) && label.is_none_or(is_labelled)
    };
    let from = page.after.unwrap_or(start).max(start);
    let newer = mailbox.records.iter().filter(|record| record.id > from && record.id <= until).filter(is_wanted);
    let mut found: Vec<&Record> = newer.take(page.size + 1).collect();
    let has_more = found.len() > page.size;
    found.truncate(page.size);
    let mut answer = json!({});
    let history: Vec<Value> = found.iter().map(|record| told(mailbox, record)).collect();
    pages::put(&mut answer, "history", &history);
    if let (true, Some(last)) = (has_more, found.last()) {
        pages::put_next(&mut answer, query, last.id);
    }
    if let Some(object) = answer.as_object_mut() {
        object.insert("historyId".to_owned(), json!(until.to_string()));
    }
    Ok(answer)
}

/// A listing may not see the newest yet.
fn seen_until(mailbox: &mut Mailbox) -> u64 {
    match &mut mailbox.lag {
        Some(lag) if lag.listings > 0 => {
            lag.listings -= 1;
            lag.seen_until.max(mailbox.oldest_history_id)
        }
        Some(_) | None => {
            mailbox.lag = None;
            mailbox.history_id
        }
    }
}

/// The message with its labels as they are now, however old the record is; one that is gone has none.
fn told(mailbox: &Mailbox, record: &Record) -> Value {
    let bare = json!({ "id": record.message_id, "threadId": record.thread_id });
    let mut message = bare.clone();
    if let (Some(known), Some(object)) = (mailbox.messages.get(&record.message_id), message.as_object_mut()) {
        object.insert("labelIds".to_owned(), json!(known.label_ids));
    }
    let (key, change) = match &record.happened {
        Happened::Added => ("messagesAdded", json!({ "message": message })),
        Happened::Deleted => ("messagesDeleted", json!({ "message": message })),
        Happened::LabelsAdded(labels) => ("labelsAdded", json!({ "message": message, "labelIds": labels })),
        Happened::LabelsRemoved(labels) => ("labelsRemoved", json!({ "message": message, "labelIds": labels })),
    };
    json!({ "id": record.id.to_string(), "messages": [bare], key: [change] })
}
