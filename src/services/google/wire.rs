//! Gmail's answers as they come, read tolerantly: numbers stand as numbers or as texts.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    pub(super) email_address: String,
    #[serde(deserialize_with = "number")]
    pub(super) history_id: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct History {
    /// Absent where nothing is new.
    #[serde(default, rename = "history")]
    pub(super) records: Vec<HistoryRecord>,
    pub(super) next_page_token: Option<String>,
    #[serde(deserialize_with = "number", rename = "historyId")]
    pub(super) now: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HistoryRecord {
    #[serde(default, deserialize_with = "number")]
    pub(super) id: u64,
    #[serde(default)]
    pub(super) messages_added: Vec<Change>,
    #[serde(default)]
    pub(super) labels_added: Vec<Change>,
}

/// A message in a history record; for labels with those that were added.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Change {
    pub(super) message: Reference,
    #[serde(default)]
    pub(super) label_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) id: String,
    #[serde(default)]
    pub(super) thread_id: String,
    #[serde(default)]
    pub(super) label_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing {
    #[serde(default)]
    pub(super) messages: Vec<Reference>,
    pub(super) next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    pub(super) id: String,
    #[serde(default)]
    pub(super) thread_id: String,
    #[serde(default)]
    pub(super) label_ids: Vec<String>,
    #[serde(deserialize_with = "number")]
    pub(super) internal_date: u64,
    #[serde(default)]
    pub(super) size_estimate: u64,
    pub(super) payload: Option<Payload>,
    pub(super) raw: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Payload {
    #[serde(default)]
    pub(super) headers: Vec<HeaderLine>,
}

#[derive(Deserialize)]
pub(super) struct HeaderLine {
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Watch {
    #[serde(deserialize_with = "number")]
    pub(super) history_id: u64,
    #[serde(deserialize_with = "number")]
    pub(super) expiration: u64,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    number.ok_or_else(|| serde::de::Error::custom("a number is expected"))
}
