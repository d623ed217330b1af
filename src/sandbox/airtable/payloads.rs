//! What a webhook's specification lets through of a change, in the form of payload v0.

use super::reading::{cells, in_payload, time};
use super::refusal::Refusal;
use super::schema::{Field, Table, Tables, VIEW};
use super::webhooks::{Origin, SchemaChange};
use super::writing::Change;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const DATA_TYPES: &[&str] = &["tableData", "tableFields", "tableMetadata"];
const CHANGE_TYPES: &[&str] = &["add", "remove", "update"];
const SOURCES: &[&str] = &[
    "client",
    "publicApi",
    "formSubmission",
    "formPageSubmission",
    "automation",
    "system",
    "sync",
    "anonymousUser",
    "unknown",
];
const FILTERS: &[&str] = &[
    "dataTypes",
    "changeTypes",
    "fromSources",
    "recordChangeScope",
    "watchDataInFieldIds",
    "watchSchemasOfFieldIds",
    "sourceOptions",
];

pub(super) fn check(tables: &Tables, specification: &Value) -> Result<(), Refusal> {
    let wrong = |what: &str| Refusal::invalid(format!("Invalid webhook specification: {what}"));
    let filters = specification.pointer("/options/filters").and_then(Value::as_object);
    let filters = filters.ok_or_else(|| wrong("options.filters is missing"))?;
    if let Some(name) = filters.keys().find(|name| !FILTERS.contains(&name.as_str())) {
        return Err(wrong(name));
    }
    let is_list_of = |name: &str, fits: &dyn Fn(&str) -> bool| match filters.get(name) {
        None => Ok(()),
        Some(Value::Array(items)) if items.iter().all(|item| item.as_str().is_some_and(fits)) => Ok(()),
        Some(_) => Err(wrong(name)),
    };
    if filters.get("dataTypes").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(wrong("filters.dataTypes is missing"));
    }
    is_list_of("dataTypes", &|name| DATA_TYPES.contains(&name))?;
    is_list_of("changeTypes", &|name| CHANGE_TYPES.contains(&name))?;
    is_list_of("fromSources", &|name| SOURCES.contains(&name))?;
    let is_field = |id: &str| tables.list.iter().any(|table| table.fields.iter().any(|field| field.id == id));
    is_list_of("watchDataInFieldIds", &is_field)?;
    is_list_of("watchSchemasOfFieldIds", &is_field)?;
    let in_scope = |id: &str| tables.list.iter().any(|table| table.id == id || table.view_id() == id);
    if filters.get("recordChangeScope").is_some_and(|scope| !scope.as_str().is_some_and(in_scope)) {
        return Err(wrong("recordChangeScope is neither a table nor a view"));
    }
    match specification.pointer("/options/includes/includeCellValuesInFieldIds") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(all)) if all == "all" => Ok(()),
        Some(Value::Array(ids)) if ids.iter().all(|id| id.as_str().is_some_and(is_field)) => Ok(()),
        Some(_) => Err(wrong("includeCellValuesInFieldIds")),
    }
}

/// A specification that was checked.
struct Wish<'a>(&'a Value);

impl Wish<'_> {
    fn list(&self, name: &str) -> Option<&Vec<Value>> {
        self.0.pointer(&format!("/options/filters/{name}")).and_then(Value::as_array)
    }

    /// Where nothing is named, everything is wanted.
    fn wants(&self, name: &str, value: &str) -> bool {
        self.list(name).is_none_or(|list| list.is_empty() || list.iter().any(|item| item == value))
    }

    fn watches(&self, field: &Field) -> bool {
        self.wants("watchDataInFieldIds", &field.id)
    }

    fn is_in_scope(&self, table: &Table) -> bool {
        let scope = self.0.pointer("/options/filters/recordChangeScope").and_then(Value::as_str);
        scope.is_none_or(|scope| scope == table.id || scope == table.view_id())
    }

    fn includes(&self, field: &Field) -> bool {
        match self.0.pointer("/options/includes/includeCellValuesInFieldIds") {
            Some(Value::String(_)) => true,
            Some(Value::Array(ids)) => ids.iter().any(|id| *id == field.id),
            _ => false,
        }
    }

    fn has_previous(&self) -> bool {
        self.0.pointer("/options/includes/includePreviousCellValues") == Some(&Value::Bool(true))
    }

    fn hears(&self, origin: Origin, data_type: &str) -> bool {
        self.wants("fromSources", origin.name()) && self.wants("dataTypes", data_type)
    }
}

/// The changed tables; none where nothing of it is wanted.
pub(super) fn of_records(tables: &Tables, specification: &Value, changes: &[Change], origin: Origin) -> Option<Value> {
    let wish = Wish(specification);
    if !wish.hears(origin, "tableData") {
        return None;
    }
    let mut by_table: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for change in changes {
        let Some(table) = tables.get(&change.table_id).filter(|table| wish.is_in_scope(table)) else { continue };
        let (kind, content) = match (&change.before, &change.after) {
            (None, Some(_)) if wish.wants("changeTypes", "add") => {
                ("createdRecordsById", created(tables, table, change))
            }
            (Some(_), Some(_)) if wish.wants("changeTypes", "update") => {
                ("changedRecordsById", changed(tables, table, change, &wish))
            }
            (Some(_), None) if wish.wants("changeTypes", "remove") => {
                ("destroyedRecordIds", Some(json!(change.record_id)))
            }
            _ => continue,
        };
        let Some(content) = content else { continue };
        let empty = if kind == "destroyedRecordIds" { json!([]) } else { json!({}) };
        match by_table.entry(&change.table_id).or_default().entry(kind).or_insert(empty) {
            Value::Object(records) => {
                records.insert(change.record_id.clone(), content);
            }
            Value::Array(ids) => ids.push(content),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    (!by_table.is_empty()).then(|| json!(by_table))
}

/// All cells, without a `current` around them.
fn created(tables: &Tables, table: &Table, change: &Change) -> Option<Value> {
    let record = change.after.as_ref()?;
    let mut shown = Map::new();
    let cells = cells(tables, table, &change.record_id, record);
    for field in &table.fields {
        if let Some(cell) = cells.get(&field.id) {
            shown.insert(field.id.clone(), in_payload(tables, field, Some(cell)));
        }
    }
    Some(json!({ "createdTime": time(record.created), "cellValuesByFieldId": shown }))
}

/// The cells that changed and are watched, what they were, and what is to stand beside them.
fn changed(tables: &Tables, table: &Table, change: &Change, wish: &Wish<'_>) -> Option<Value> {
    let (before, after) = change.before.as_ref().zip(change.after.as_ref())?;
    let old = cells(tables, table, &change.record_id, before);
    let new = cells(tables, table, &change.record_id, after);
    let (mut current, mut previous, mut unchanged) = (Map::new(), Map::new(), Map::new());
    let mut is_watched = false;
    for field in &table.fields {
        let (was, is) = (old.get(&field.id), new.get(&field.id));
        if was == is {
            if wish.includes(field) {
                unchanged.insert(field.id.clone(), in_payload(tables, field, is));
            }
        } else if wish.watches(field) || wish.includes(field) {
            is_watched |= wish.watches(field);
            current.insert(field.id.clone(), in_payload(tables, field, is));
            previous.insert(field.id.clone(), in_payload(tables, field, was));
        }
    }
    if !is_watched {
        return None;
    }
    let mut shown = json!({ "current": { "cellValuesByFieldId": current } });
    if let Some(object) = shown.as_object_mut() {
        if wish.has_previous() {
            object.insert("previous".to_owned(), json!({ "cellValuesByFieldId": previous }));
        }
        if !unchanged.is_empty() {
            object.insert("unchanged".to_owned(), json!({ "cellValuesByFieldId": unchanged }));
        }
    }
    Some(shown)
}

pub(super) fn of_schema(
    tables: &Tables,
    specification: &Value,
    change: &SchemaChange,
    origin: Origin,
) -> Option<(&'static str, Value)> {
    let wish = Wish(specification);
    let (table_id, data_type, change_type) = match change {
        SchemaChange::TableCreated(id) => (id, "tableMetadata", "add"),
        SchemaChange::FieldCreated(id, _) => (id, "tableFields", "add"),
        SchemaChange::TableChanged(id, _) => (id, "tableMetadata", "update"),
        SchemaChange::FieldChanged(id, _, _) => (id, "tableFields", "update"),
    };
    let table = tables.get(table_id).filter(|table| wish.is_in_scope(table))?;
    if !wish.hears(origin, data_type) || !wish.wants("changeTypes", change_type) {
        return None;
    }
    let shown = |field: &Field| (field.id.clone(), json!({ "name": field.name, "type": field.kind }));
    let content = match change {
        SchemaChange::TableCreated(id) => {
            let fields: Map<String, Value> = table.fields.iter().map(shown).collect();
            let table = json!({ "metadata": { "name": table.name, "description": table.description },
                "fieldsById": fields, "recordsById": {}, "views": [VIEW] });
            return Some(("createdTablesById", json!({ id: table })));
        }
        SchemaChange::FieldCreated(_, field_id) => {
            let (id, field) = shown(table.field(field_id)?);
            json!({ "createdFieldsById": { id: field } })
        }
        SchemaChange::TableChanged(_, before) => {
            json!({ "changedMetadata": { "current": { "name": table.name }, "previous": { "name": before } } })
        }
        SchemaChange::FieldChanged(_, field_id, before) => {
            let (id, field) = shown(table.field(field_id)?);
            json!({ "changedFieldsById": { id: { "current": field, "previous": { "name": before } } } })
        }
    };
    Some(("changedTablesById", json!({ table_id: content })))
}

pub(super) fn user() -> Value {
    json!({ "id": "usr00000000000001", "email": "owner@example.com", "permissionLevel": "create" })
}
