//! Records: list, get, update, upsert, create (Airtable Web API, "Records").

use super::{Airtable, AirtableError, unreadable};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A record's cells by the names of its fields; empty cells are absent.
pub type Fields = Map<String, Value>;

/// Records a request takes.
pub const RECORDS_MAX: usize = 10;
/// A listing that is longer than this many pages of a hundred is cut: nothing here lists more.
const PAGES_MAX: usize = 1_000;
const PAGE_SIZE: usize = 100;

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Record {
    pub id: String,
    #[serde(default)]
    pub fields: Fields,
}

/// A record as it stands after an upsert.
#[derive(Debug, Clone, PartialEq)]
pub struct Upserted {
    pub record: Record,
    pub created: bool,
}

#[derive(Deserialize)]
struct Answer {
    records: Vec<Record>,
    #[serde(default, rename = "createdRecords")]
    created: Vec<String>,
    #[serde(default)]
    offset: Option<String>,
}

/// A page of a listing, and where the next one begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub records: Vec<Record>,
    pub offset: Option<String>,
}

impl Airtable {
    /// Writes up to ten records merged on one field; gives them in the order of the request.
    pub async fn upsert(
        &self,
        table: &str,
        merge_on: &str,
        records: &[Fields],
    ) -> Result<Vec<Upserted>, AirtableError> {
        let wanted: Vec<Value> = records.iter().map(|fields| json!({ "fields": fields })).collect();
        let body = json!({
            "performUpsert": { "fieldsToMergeOn": [merge_on] },
            "typecast": false,
            "records": wanted,
        });
        let answer = read(self.call(Method::PATCH, &[self.base_id(), table], &[], Some(&body)).await?)?;
        complete(&answer, records.len())?;
        let Answer { records, created, .. } = answer;
        let upserted = |record: Record| Upserted { created: created.contains(&record.id), record };
        Ok(records.into_iter().map(upserted).collect())
    }

    /// Changes the named cells of up to ten records; the others stay.
    pub async fn update(&self, table: &str, records: &[(String, Fields)]) -> Result<Vec<Record>, AirtableError> {
        let wanted: Vec<Value> = records.iter().map(|(id, fields)| json!({ "id": id, "fields": fields })).collect();
        let body = json!({ "typecast": false, "records": wanted });
        let answer = read(self.call(Method::PATCH, &[self.base_id(), table], &[], Some(&body)).await?)?;
        complete(&answer, records.len())?;
        Ok(answer.records)
    }

    /// Deletes up to ten records; all of them or none.
    pub async fn delete(&self, table: &str, ids: &[String]) -> Result<(), AirtableError> {
        let query: Vec<(&str, String)> = ids.iter().map(|id| ("records[]", id.clone())).collect();
        self.call(Method::DELETE, &[self.base_id(), table], &query, None).await?;
        Ok(())
    }

    /// One page of the records that a formula selects (all where it is none), with the named cells (all where none is named).
    /// The order is the base's own. A 422 `LIST_RECORDS_ITERATOR_NOT_AVAILABLE` asks to begin again.
    pub async fn page(
        &self,
        table: &str,
        formula: Option<&str>,
        fields: &[&str],
        offset: Option<&str>,
    ) -> Result<Page, AirtableError> {
        // As a body, because an address is limited to 16,000 characters.
        let mut body = json!({ "pageSize": PAGE_SIZE });
        if let Some(object) = body.as_object_mut() {
            if let Some(formula) = formula {
                object.insert("filterByFormula".to_owned(), json!(formula));
            }
            if !fields.is_empty() {
                object.insert("fields".to_owned(), json!(fields));
            }
            if let Some(offset) = offset {
                object.insert("offset".to_owned(), json!(offset));
            }
        }
        let answer = read(self.call(Method::POST, &[self.base_id(), table, "listRecords"], &[], Some(&body)).await?)?;
        Ok(Page { records: answer.records, offset: answer.offset })
    }

    /// One record; none where it is not there (any more).
    pub async fn record(&self, table: &str, record_id: &str) -> Result<Option<Record>, AirtableError> {
        match self.call(Method::GET, &[self.base_id(), table, record_id], &[], None).await {
            Ok(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| unreadable(&format!("a record of its answer can't be read: {error}"))),
            Err(AirtableError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Page {
    /// How many pages a caller follows at most.
    pub const MAX: usize = PAGES_MAX;
}

impl AirtableError {
    /// The listing's position is gone: it begins again at the first page.
    pub fn is_lost_iterator(&self) -> bool {
        match self {
            Self::Rejected { kind, .. } => kind == "LIST_RECORDS_ITERATOR_NOT_AVAILABLE",
            Self::RateLimited { .. }
            | Self::QuotaReached { .. }
            | Self::NotFound { .. }
            | Self::Denied { .. }
            | Self::Unavailable { .. } => false,
        }
    }
}

/// A text as a formula writes it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r"))
}

fn read(value: Value) -> Result<Answer, AirtableError> {
    serde_json::from_value(value).map_err(|error| unreadable(&format!("its answer can't be read: {error}")))
}

fn complete(answer: &Answer, asked: usize) -> Result<(), AirtableError> {
    if answer.records.len() == asked { Ok(()) } else { Err(unreadable("its answer lacks records")) }
}
