//! Tables and fields with their types and options, as the meta API shows them, and the records in them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The field types of Airtable's field model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Type {
    SingleLineText,
    MultilineText,
    RichText,
    Email,
    Url,
    PhoneNumber,
    Number,
    Currency,
    Percent,
    Duration,
    Rating,
    Checkbox,
    Date,
    DateTime,
    SingleSelect,
    MultipleSelects,
    MultipleRecordLinks,
    MultipleAttachments,
    SingleCollaborator,
    MultipleCollaborators,
    Barcode,
    Formula,
    Rollup,
    Count,
    MultipleLookupValues,
    AutoNumber,
    CreatedTime,
    LastModifiedTime,
    CreatedBy,
    LastModifiedBy,
    Button,
    AiText,
    ExternalSyncSource,
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) description: Option<String>,
    /// As the meta API shows them; null where the type has none.
    pub(super) options: Value,
    pub(super) rollup: Option<Rollup>,
}

/// What a rollup adds up; the meta API shows neither the aggregation nor the condition.
#[derive(Debug, Clone)]
pub(super) struct Rollup {
    pub(super) link_field_id: String,
    pub(super) field_id: String,
    pub(super) is_count: bool,
    /// Only linked records whose cell in this field is this text.
    pub(super) condition: Option<(String, String)>,
}

/// A record's cells by field id, in the form in which the API reads them; computed cells are not kept, empty ones are absent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) created: DateTime<Utc>,
    pub(super) modified: DateTime<Utc>,
    pub(super) auto_number: u64,
    pub(super) cells: Map<String, Value>,
}

#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    /// The first is the primary field.
    pub(super) fields: Vec<Field>,
    /// By record id, in the order of creation.
    pub(super) records: BTreeMap<String, Record>,
    pub(super) next_auto_number: u64,
}

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) list: Vec<Table>,
    pub(super) ids: Ids,
}

/// The numbers of the ids that were given; ids look like Airtable's and are the same in every run.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids {
    schema: u64,
    record: u64,
}

impl Ids {
    pub(super) fn schema(&mut self, prefix: &str) -> String {
        self.schema += 1;
        format!("{prefix}{:014}", self.schema)
    }

    pub(super) fn record(&mut self) -> String {
        self.record += 1;
        format!("rec{:014}", self.record)
    }
}

impl Tables {
    /// By id or name.
    pub(super) fn get(&self, key: &str) -> Option<&Table> {
        self.list.iter().find(|table| table.id == key || table.name == key)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Table> {
        self.list.iter_mut().find(|table| table.id == key || table.name == key)
    }

    pub(super) fn record(&self, table: &str, record_id: &str) -> Option<&Record> {
        self.get(table)?.records.get(record_id)
    }

    /// Makes the other side of a link field in the linked table, named after the linking table.
    pub(super) fn add_inverse(&mut self, table_id: &str, field_id: &str) {
        let Some(table) = self.get(table_id) else { return };
        let Some(target) = table.field(field_id).and_then(Field::linked_table_id).map(str::to_owned) else { return };
        if target == table.id {
            return;
        }
        let table_name = table.name.clone();
        let inverse_id = self.ids.schema("fld");
        let Some(linked) = self.get_mut(&target) else { return };
        let name = linked.free_name(&table_name);
        let options = link_options(table_id, field_id);
        linked.fields.push(Field { id: inverse_id.clone(), name, ..Field::new(Type::MultipleRecordLinks, options) });
        if let Some(field) = self.get_mut(table_id).and_then(|table| table.field_mut(field_id)) {
            field.options = link_options(&target, &inverse_id);
        }
    }
}

pub(super) fn link_options(linked_table_id: &str, inverse_field_id: &str) -> Value {
    json!({ "linkedTableId": linked_table_id, "isReversed": false, "prefersSingleRecordLink": false,
        "inverseLinkFieldId": inverse_field_id })
}

impl Table {
    pub(super) fn new(id: String, name: &str, description: Option<String>) -> Self {
        Self {
            id,
            name: name.to_owned(),
            description,
            fields: Vec::new(),
            records: BTreeMap::new(),
            next_auto_number: 1,
        }
    }

    /// By id or name.
    pub(super) fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == key || field.name == key)
    }

    pub(super) fn field_mut(&mut self, key: &str) -> Option<&mut Field> {
        self.fields.iter_mut().find(|field| field.id == key || field.name == key)
    }

    /// The name, with a number behind it where it is taken.
    fn free_name(&self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 2;
        while self.fields.iter().any(|field| field.name == name) {
            name = format!("{wanted} {number}");
            number += 1;
        }
        name
    }

    pub(super) fn to_json(&self) -> Value {
        let fields: Vec<Value> = self.fields.iter().map(Field::to_json).collect();
        let mut shown = json!({ "id": self.id, "name": self.name,
            "primaryFieldId": self.fields.first().map(|field| field.id.as_str()), "fields": fields,
            "views": [{ "id": self.view_id(), "name": VIEW, "type": "grid" }] });
        if let (Some(text), Some(object)) = (&self.description, shown.as_object_mut()) {
            object.insert("description".to_owned(), json!(text));
        }
        shown
    }

    pub(super) fn view_id(&self) -> String {
        self.id.replacen("tbl", "viw", 1)
    }
}

/// The view that every new table has.
pub(super) const VIEW: &str = "Grid view";

impl Field {
    pub(super) fn new(kind: Type, options: Value) -> Self {
        Self { id: String::new(), name: String::new(), kind, description: None, options, rollup: None }
    }

    pub(super) fn linked_table_id(&self) -> Option<&str> {
        self.options.get("linkedTableId").and_then(Value::as_str)
    }

    pub(super) fn inverse_id(&self) -> Option<&str> {
        self.options.get("inverseLinkFieldId").and_then(Value::as_str)
    }

    /// The option of that name, with its id and colour.
    pub(super) fn choice(&self, name: &str) -> Option<&Value> {
        let choices = self.options.get("choices").and_then(Value::as_array)?;
        choices.iter().find(|choice| choice.get("name").and_then(Value::as_str) == Some(name))
    }

    pub(super) fn add_choice(&mut self, id: &str, name: &str) {
        if let Some(choices) = self.options.get_mut("choices").and_then(Value::as_array_mut) {
            let color = color(choices.len());
            choices.push(json!({ "id": id, "name": name, "color": color }));
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let mut shown = Map::new();
        shown.insert("type".to_owned(), json!(self.kind));
        if !self.options.is_null() {
            shown.insert("options".to_owned(), self.options.clone());
        }
        shown.insert("id".to_owned(), json!(self.id));
        shown.insert("name".to_owned(), json!(self.name));
        if let Some(text) = &self.description {
            shown.insert("description".to_owned(), json!(text));
        }
        Value::Object(shown)
    }
}

/// Airtable gives new options its colours in turn.
pub(super) fn color(position: usize) -> &'static str {
    const COLORS: &[&str] = &["blueLight2", "cyanLight2", "tealLight2", "greenLight2", "yellowLight2", "orangeLight2"];
    COLORS.iter().cycle().nth(position % COLORS.len()).copied().unwrap_or("blueLight2")
}

impl Type {
    pub(super) fn parse(name: &str) -> Option<Self> {
        serde_json::from_value(json!(name)).ok()
    }

    /// Never written by anybody: made from the rest of the base.
    pub(super) fn is_computed(self) -> bool {
        matches!(
            self,
            Self::Formula
                | Self::Rollup
                | Self::Count
                | Self::MultipleLookupValues
                | Self::AutoNumber
                | Self::CreatedTime
                | Self::LastModifiedTime
                | Self::CreatedBy
                | Self::LastModifiedBy
                | Self::Button
                | Self::AiText
                | Self::ExternalSyncSource
        )
    }

    /// What an upsert may merge on, by the published list.
    pub(super) fn is_mergeable(self) -> bool {
        matches!(
            self,
            Self::Number
                | Self::SingleLineText
                | Self::MultilineText
                | Self::SingleSelect
                | Self::MultipleSelects
                | Self::Date
        )
    }

    pub(super) fn is_text(self) -> bool {
        matches!(
            self,
            Self::SingleLineText | Self::MultilineText | Self::RichText | Self::Email | Self::Url | Self::PhoneNumber
        )
    }
}
