//! Airtable's webhooks: the ping is a hint, the truth is the list of payloads and its cursor (Airtable Web API, "Webhooks").

use super::{Airtable, AirtableError, unreadable};
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Whose changes are told: everybody's but those made through the API, which are mostly our own. (Other programs tell us by n8n.)
const FROM_SOURCES: [&str; 6] =
    ["client", "anonymousUser", "formSubmission", "formPageSubmission", "automation", "sync"];

/// A webhook as the base lists it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    pub id: String,
    #[serde(default)]
    pub notification_url: Option<String>,
    #[serde(default)]
    pub are_notifications_enabled: bool,
    #[serde(default)]
    pub expiration_time: Option<DateTime<Utc>>,
    #[serde(default)]
    specification: Value,
}

impl Webhook {
    /// The fields whose changes it tells of.
    pub fn watched_field_ids(&self) -> Vec<String> {
        let ids = self.specification.pointer("/options/filters/watchDataInFieldIds").and_then(Value::as_array);
        ids.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

/// A webhook that was made; its secret is never told again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewWebhook {
    pub id: String,
    pub mac_secret_base64: String,
}

/// A page of what happened.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payloads {
    #[serde(default)]
    pub payloads: Vec<Payload>,
    pub cursor: u64,
    #[serde(default)]
    pub might_have_more: bool,
}

/// One transaction of somebody in the base. What is not known here may stand in it at any time.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Payload {
    pub timestamp: Option<DateTime<Utc>>,
    pub base_transaction_number: u64,
    pub changed_tables_by_id: BTreeMap<String, ChangedTable>,
    /// The webhook itself failed; `code` says how.
    pub error: bool,
    pub code: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChangedTable {
    pub changed_records_by_id: BTreeMap<String, ChangedRecord>,
    pub created_records_by_id: BTreeMap<String, RecordCells>,
    pub destroyed_record_ids: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ChangedRecord {
    /// Only the cells that were changed; null where emptied.
    pub current: RecordCells,
    /// Cells that the webhook was asked to tell beside them.
    pub unchanged: RecordCells,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecordCells {
    pub cell_values_by_field_id: Map<String, Value>,
}

#[derive(Deserialize)]
struct List {
    webhooks: Vec<Webhook>,
}

impl Airtable {
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, AirtableError> {
        let list: List = read(self.call(Method::GET, &["bases", self.base_id(), "webhooks"], &[], None).await?)?;
        Ok(list.webhooks)
    }

    /// Makes a webhook for changes of these fields; without a URL nobody is pinged and the payloads are there all the same.
    pub async fn create_webhook(
        &self,
        notification_url: Option<&str>,
        watched_field_ids: &[String],
        told_field_ids: &[String],
    ) -> Result<NewWebhook, AirtableError> {
        let mut body = json!({ "specification": { "options": {
            "filters": {
                "dataTypes": ["tableData"],
                "changeTypes": ["add", "update", "remove"],
                "fromSources": FROM_SOURCES,
                "watchDataInFieldIds": watched_field_ids,
            },
            "includes": { "includeCellValuesInFieldIds": told_field_ids },
        } } });
        if let (Some(url), Some(object)) = (notification_url, body.as_object_mut()) {
            object.insert("notificationUrl".to_owned(), json!(url));
        }
        read(self.call(Method::POST, &["bases", self.base_id(), "webhooks"], &[], Some(&body)).await?)
    }

    /// Gives it another seven days.
    pub async fn refresh_webhook(&self, webhook_id: &str) -> Result<(), AirtableError> {
        let path = ["bases", self.base_id(), "webhooks", webhook_id, "refresh"];
        self.call(Method::POST, &path, &[], None).await.map(drop)
    }

    /// Switches pings on again, after Airtable gave up on them.
    pub async fn enable_notifications(&self, webhook_id: &str) -> Result<(), AirtableError> {
        let path = ["bases", self.base_id(), "webhooks", webhook_id, "enableNotifications"];
        self.call(Method::POST, &path, &[], Some(&json!({ "enable": true }))).await.map(drop)
    }

    pub async fn delete_webhook(&self, webhook_id: &str) -> Result<(), AirtableError> {
        self.call(Method::DELETE, &["bases", self.base_id(), "webhooks", webhook_id], &[], None).await.map(drop)
    }

    /// What happened from a cursor on (the first is 1); at most fifty payloads. Reading them gives the webhook another seven days.
    pub async fn payloads(&self, webhook_id: &str, cursor: u64) -> Result<Payloads, AirtableError> {
        let path = ["bases", self.base_id(), "webhooks", webhook_id, "payloads"];
        read(self.call(Method::GET, &path, &[("cursor", cursor.to_string())], None).await?)
    }
}

/// A cell as REST would tell it: webhooks tell options and links as objects.
pub fn plain_cell(cell: &Value) -> Value {
    match cell {
        Value::Object(object) => object.get("name").cloned().unwrap_or_else(|| cell.clone()),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| match item.get("id") {
                    Some(id) => id.clone(),
                    None => item.clone(),
                })
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => cell.clone(),
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, AirtableError> {
    serde_json::from_value(value).map_err(|error| unreadable(&format!("its answer can't be read: {error}")))
}
