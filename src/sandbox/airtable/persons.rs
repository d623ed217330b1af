//! What persons and tests do with the base, beside the API.

use super::refusal::Refusal;
use super::webhooks::Origin;
use super::writing::Writing;
use super::{Base, Logged, records, schema};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl Base {
    /// The leads by record id, their cells by name, as the API reads them.
    pub fn leads(&self) -> BTreeMap<String, Map<String, Value>> {
        self.records("Leads")
    }

    /// A table's records by record id, their cells by name; none where there is no such table.
    pub fn records(&self, table: &str) -> BTreeMap<String, Map<String, Value>> {
        self.tables.get(table).map(|table| records::by_name(&self.tables, table)).unwrap_or_default()
    }

    /// Adds a record as a person does; select options and linked records are made where they are missing.
    pub fn add(&mut self, table: &str, fields: &Map<String, Value>) -> Result<String, String> {
        let table_id = self.table_id(table)?;
        self.as_person(|writing| {
            let id = writing.insert(&table_id);
            records::fill(writing, &table_id, &id, fields, true, false).map(|()| id)
        })
    }

    /// Changes a cell as a person does; null empties it.
    pub fn edit(&mut self, table: &str, record_id: &str, field: &str, value: Value) -> Result<(), String> {
        let table_id = self.table_id(table)?;
        self.has_record(&table_id, record_id)?;
        let fields = std::iter::once((field.to_owned(), value)).collect();
        self.as_person(|writing| records::fill(writing, &table_id, record_id, &fields, true, false))
    }

    pub fn remove(&mut self, table: &str, record_id: &str) -> Result<(), String> {
        let table_id = self.table_id(table)?;
        self.has_record(&table_id, record_id)?;
        self.as_person(|writing| {
            writing.remove(&table_id, record_id);
            Ok(())
        })
    }

    fn as_person<T>(&mut self, change: impl FnOnce(&mut Writing<'_>) -> Result<T, Refusal>) -> Result<T, String> {
        self.write(Origin::Client, change).map_err(|refusal| refusal.message.unwrap_or_default())
    }

    fn has_record(&self, table_id: &str, record_id: &str) -> Result<(), String> {
        self.tables.record(table_id, record_id).map(|_| ()).ok_or_else(|| format!("there is no record {record_id}"))
    }

    /// An empty base, in which all is still to be built.
    pub fn clear_schema(&mut self) {
        self.tables.list.clear();
        self.lose_iterators();
    }

    pub fn table_id(&self, table: &str) -> Result<String, String> {
        self.tables.get(table).map(|table| table.id.clone()).ok_or_else(|| format!("there is no table {table}"))
    }

    pub fn field_id(&self, table: &str, field: &str) -> Result<String, String> {
        let field_of = |table: &schema::Table| table.field(field).map(|field| field.id.clone());
        self.tables.get(table).and_then(field_of).ok_or_else(|| format!("there is no field {field} in {table}"))
    }

    /// How many leads have which `Lead Status`.
    pub fn by_status(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let Some(table) = self.tables.get("Leads") else { return counts };
        let status_id = table.field("Lead Status").map(|field| field.id.as_str()).unwrap_or_default();
        for lead in table.records.values() {
            let status = lead.cells.get(status_id).and_then(Value::as_str).unwrap_or("(none)");
            *counts.entry(status.to_owned()).or_insert(0) += 1;
        }
        counts
    }

    /// The latest requests, oldest first.
    pub fn log(&self) -> impl Iterator<Item = &Logged> {
        self.log.iter()
    }

    pub(super) fn state(&self) -> Value {
        let tables: BTreeMap<&str, _> =
            self.tables.list.iter().map(|table| (table.name.as_str(), self.records(&table.id))).collect();
        json!({ "leads": self.leads(), "by_status": self.by_status(), "requests": self.requests,
            "rate_limited": self.rate_limited, "tables": tables,
            "pings": { "succeeded": self.pings_succeeded, "failed": self.pings_failed, "dropped": self.pings_dropped } })
    }
}
