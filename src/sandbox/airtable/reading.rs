//! How cells are shown: as the records API reads them, as webhook payloads carry them, as formulas see them; computed cells are made here.
#![expect(clippy::wildcard_enum_match_arm, reason = "most cells are shown as they are kept")]

use super::formula::{Formula, Outcome};
use super::schema::{Field, Record, Rollup, Table, Tables, Type};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

/// Formulas over links over formulas are followed this far.
const DEPTH_MAX: usize = 4;

/// UTC with milliseconds and Z, as Airtable writes all times.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The only user there is.
pub(super) fn user() -> Value {
    json!({ "id": "usr00000000000001", "email": "owner@example.com", "name": "Owner" })
}

/// A record as the API gives it, with the named fields (all where none are named).
pub(super) fn show(tables: &Tables, table: &Table, id: &str, by_id: bool, only: &[String]) -> Option<Value> {
    let record = table.records.get(id)?;
    let cells = cells(tables, table, id, record);
    let fields: Map<String, Value> = table
        .fields
        .iter()
        .filter(|field| only.is_empty() || only.contains(&field.id))
        .filter_map(|field| {
            let name = if by_id { &field.id } else { &field.name };
            Some((name.clone(), cells.get(&field.id)?.clone()))
        })
        .collect();
    Some(json!({ "id": id, "createdTime": time(record.created), "fields": fields }))
}

/// All cells of a record that aren't empty, by field id.
pub(super) fn cells(tables: &Tables, table: &Table, id: &str, record: &Record) -> Map<String, Value> {
    let shown = |field: &Field| Some((field.id.clone(), cell(tables, table, id, record, field, 0)?));
    table.fields.iter().filter_map(shown).collect()
}

/// As a webhook payload carries it: options and linked records are objects there; an empty cell is null.
pub(super) fn in_payload(tables: &Tables, field: &Field, cell: Option<&Value>) -> Value {
    let Some(cell) = cell else { return Value::Null };
    let option = |name: &Value| name.as_str().and_then(|name| field.choice(name)).cloned().unwrap_or(Value::Null);
    let list = |form: &dyn Fn(&Value) -> Value| Value::Array(cell.as_array().into_iter().flatten().map(form).collect());
    match field.kind {
        Type::SingleSelect => option(cell),
        Type::MultipleSelects => list(&option),
        Type::MultipleRecordLinks => {
            let linked = field.linked_table_id().and_then(|id| tables.get(id));
            list(&|id| {
                let name = id.as_str().zip(linked).map(|(id, linked)| primary(tables, linked, id, 0));
                json!({ "id": id, "name": name.unwrap_or_default() })
            })
        }
        Type::CreatedBy | Type::LastModifiedBy | Type::SingleCollaborator => {
            let mut cell = cell.clone();
            if let Some(object) = cell.as_object_mut() {
                object.insert("permissionLevel".to_owned(), json!("create"));
            }
            cell
        }
        _ => cell.clone(),
    }
}

/// As a formula sees it: links and lists as texts joined by commas.
pub(super) fn in_formula(tables: &Tables, table: &Table, id: &str, key: &str, depth: usize) -> Outcome {
    let Some((field, record)) = table.field(key).zip(table.records.get(id)) else { return Outcome::Blank };
    let Some(cell) = cell(tables, table, id, record, field, depth) else { return Outcome::Blank };
    let joined = |name: &dyn Fn(&Value) -> String| {
        let names: Vec<String> = cell.as_array().into_iter().flatten().map(name).collect();
        Outcome::Text(names.join(", "))
    };
    match &cell {
        Value::Null => Outcome::Blank,
        Value::Bool(truth) => Outcome::Truth(*truth),
        Value::Number(number) => Outcome::Number(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Outcome::Text(text.clone()),
        Value::Array(_) if field.kind == Type::MultipleRecordLinks => {
            let linked = field.linked_table_id().and_then(|id| tables.get(id));
            joined(&|id| {
                id.as_str().zip(linked).map(|(id, linked)| primary(tables, linked, id, depth + 1)).unwrap_or_default()
            })
        }
        Value::Array(_) => joined(&|item| name_of(item)),
        Value::Object(_) if cell.get("specialValue").is_some() => Outcome::Number(f64::NAN),
        Value::Object(_) => Outcome::Text(name_of(&cell)),
    }
}

fn name_of(item: &Value) -> String {
    let named = ["name", "filename", "text", "email"].iter().find_map(|key| item.get(key).and_then(Value::as_str));
    item.as_str().or(named).unwrap_or_default().to_owned()
}

/// The text of a record's primary field, its name wherever it is linked.
pub(super) fn primary(tables: &Tables, table: &Table, id: &str, depth: usize) -> String {
    table.fields.first().map(|field| in_formula(tables, table, id, &field.id, depth).text()).unwrap_or_default()
}

fn cell(tables: &Tables, table: &Table, id: &str, record: &Record, field: &Field, depth: usize) -> Option<Value> {
    match field.kind {
        Type::AutoNumber => Some(json!(record.auto_number)),
        Type::CreatedTime => Some(json!(time(record.created))),
        Type::LastModifiedTime => Some(json!(time(record.modified))),
        Type::CreatedBy | Type::LastModifiedBy => Some(user()),
        Type::Count => {
            let link = field.options.get("recordLinkFieldId").and_then(Value::as_str)?;
            Some(json!(record.cells.get(link).and_then(Value::as_array).map_or(0, Vec::len)))
        }
        Type::Rollup => field.rollup.as_ref().map(|rollup| rolled_up(tables, table, record, rollup)),
        Type::Formula if depth < DEPTH_MAX => {
            let text = field.options.get("formula").and_then(Value::as_str)?;
            let formula = Formula::parse(text, &|name| table.field(name).is_some()).ok()?;
            match formula.evaluate(id, &|name| in_formula(tables, table, id, name, depth + 1)) {
                Outcome::Blank => None,
                Outcome::Text(text) => (!text.is_empty()).then(|| json!(text)),
                Outcome::Number(number) => Some(number_json(number)),
                Outcome::Truth(truth) => Some(json!(u8::from(truth))),
            }
        }
        _ => record.cells.get(&field.id).cloned(),
    }
}

fn rolled_up(tables: &Tables, table: &Table, record: &Record, rollup: &Rollup) -> Value {
    let linked = table.field(&rollup.link_field_id).and_then(Field::linked_table_id).and_then(|id| tables.get(id));
    let ids = record.cells.get(&rollup.link_field_id).and_then(Value::as_array).into_iter().flatten();
    let counted: Vec<&Value> = ids
        .filter_map(|id| linked?.records.get(id.as_str()?))
        .filter(|other| {
            let is =
                |(field_id, text): &(String, String)| other.cells.get(field_id).and_then(Value::as_str) == Some(text);
            rollup.condition.as_ref().is_none_or(is)
        })
        .filter_map(|other| other.cells.get(&rollup.field_id))
        .collect();
    if rollup.is_count {
        return json!(counted.len());
    }
    number_json(counted.into_iter().filter_map(Value::as_f64).sum())
}

/// Whole numbers without a point; what is no number is an object that says so, as after a division by zero.
fn number_json(number: f64) -> Value {
    if number.is_nan() {
        return json!({ "specialValue": "NaN" });
    }
    if number.is_infinite() {
        return json!({ "specialValue": if number > 0.0 { "Infinity" } else { "-Infinity" } });
    }
    number.to_string().parse::<i64>().map_or_else(|_| json!(number), |whole| json!(whole))
}
