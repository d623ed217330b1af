//! What a cell takes: each value checked by its field's type, brought into the form in which it is kept, or refused as Airtable refuses it.
#![expect(clippy::wildcard_enum_match_arm, reason = "most types take a text; those that don't are named")]

use super::reading::{primary, time};
use super::refusal::Refusal;
use super::schema::{Field, Type};
use super::writing::Writing;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::{Value, json};

const TEXT_CHARS_MAX: usize = 100_000;

/// The cell as it is kept; none where it is emptied.
pub(super) fn checked(
    writing: &mut Writing<'_>,
    table_id: &str,
    field: &Field,
    value: &Value,
    typecast: bool,
) -> Result<Option<Value>, Refusal> {
    if field.kind.is_computed() {
        let message = format!("Field \"{}\" cannot accept a value because the field is computed", field.name);
        return Err(Refusal::unprocessable("INVALID_VALUE_FOR_COLUMN", message));
    }
    if value.is_null() {
        return Ok(None);
    }
    let kept = match field.kind {
        Type::SingleSelect => select(writing, table_id, field, value, typecast)?,
        Type::MultipleSelects => {
            let mut names = Vec::new();
            for name in list(value, typecast).ok_or_else(|| unfit(field))? {
                names.push(select(writing, table_id, field, &name, typecast)?);
            }
            json!(names)
        }
        Type::MultipleRecordLinks => links(writing, field, value, typecast)?,
        _ => simple(field, value, typecast).ok_or_else(|| unfit(field))?,
    };
    let is_empty = match &kept {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => false,
    };
    Ok((!is_empty).then_some(kept))
}

fn unfit(field: &Field) -> Refusal {
    let message = format!("Field \"{}\" cannot accept the provided value", field.name);
    Refusal::unprocessable("INVALID_VALUE_FOR_COLUMN", message)
}

/// What needs nothing but the value; none where it does not fit.
fn simple(field: &Field, value: &Value, typecast: bool) -> Option<Value> {
    let text = value.as_str();
    match field.kind {
        Type::Number | Type::Currency | Type::Percent | Type::Duration => {
            let typed =
                || text.filter(|_| typecast)?.trim().trim_start_matches('$').parse::<f64>().ok().map(|n| json!(n));
            value.is_number().then(|| value.clone()).or_else(typed)
        }
        Type::Rating => {
            let most = field.options.get("max").and_then(Value::as_u64).unwrap_or(5);
            value.as_u64().filter(|stars| (1..=most).contains(stars)).map(|stars| json!(stars))
        }
        Type::Checkbox => {
            let typed = || text.filter(|_| typecast).map(|text| matches!(text, "true" | "1" | "yes" | "checked"));
            value.as_bool().or_else(typed).map(Value::Bool)
        }
        Type::Date => {
            let date = text?.get(..10).filter(|date| text.is_some_and(|text| typecast || text.len() == date.len()))?;
            NaiveDate::parse_from_str(date, "%Y-%m-%d").ok().map(|date| json!(date.to_string()))
        }
        Type::DateTime => date_time(text?).map(|at| json!(time(at))),
        Type::MultipleAttachments => attachments(value),
        Type::SingleCollaborator => {
            let is_named =
                value.get("id").is_some_and(Value::is_string) || value.get("email").is_some_and(Value::is_string);
            is_named.then(|| value.clone())
        }
        Type::MultipleCollaborators => value.as_array().map(|_| value.clone()),
        Type::Barcode => value.get("text").filter(|text| text.is_string()).map(|_| value.clone()),
        _ => {
            let typed = || typecast.then(|| value.to_string());
            let text = text.map(str::to_owned).or_else(typed)?;
            (text.chars().count() <= TEXT_CHARS_MAX).then(|| json!(text))
        }
    }
}

/// ISO, with an offset or without; without one it is read in the field's time zone, here UTC.
fn date_time(text: &str) -> Option<DateTime<Utc>> {
    let zoned = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc));
    let local = || {
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    };
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    zoned().or_else(|| local().or_else(day).map(|at| at.and_utc()))
}

/// New ones by their address, known ones by their id; the file itself is fetched later, and here never.
fn attachments(value: &Value) -> Option<Value> {
    let items = value.as_array()?;
    let kept: Option<Vec<Value>> = items
        .iter()
        .enumerate()
        .map(|(place, item)| {
            if let Some(url) = item.get("url").and_then(Value::as_str) {
                let last = url.rsplit('/').next().unwrap_or_default();
                let name = item.get("filename").and_then(Value::as_str).unwrap_or(last);
                let id = format!("att{place:014}");
                return Some(json!({ "id": id, "url": url, "filename": name, "type": "application/octet-stream" }));
            }
            item.get("id").filter(|id| id.is_string()).map(|_| item.clone())
        })
        .collect();
    kept.map(Value::Array)
}

/// A list; with typecast a text with commas too.
fn list(value: &Value, typecast: bool) -> Option<Vec<Value>> {
    let split = |text: &str| text.split(',').map(|part| json!(part.trim())).filter(|part| part != "").collect();
    value.as_array().cloned().or_else(|| value.as_str().filter(|_| typecast).map(split))
}

fn select(
    writing: &mut Writing<'_>,
    table_id: &str,
    field: &Field,
    value: &Value,
    typecast: bool,
) -> Result<Value, Refusal> {
    let name = value.as_str().ok_or_else(|| unfit(field))?;
    // Read anew: an option may have been added by an earlier record of the same request.
    let is_known = writing
        .tables
        .get(table_id)
        .and_then(|table| table.field(&field.id))
        .is_some_and(|field| field.choice(name).is_some());
    if !(is_known || typecast && name.is_empty()) {
        if !typecast {
            let message = format!("Insufficient permissions to create new select option \"\"{name}\"\"");
            return Err(Refusal::unprocessable("INVALID_MULTIPLE_CHOICE_OPTIONS", message));
        }
        writing.add_choice(table_id, &field.id, name);
    }
    Ok(json!(name))
}

/// Record ids of the linked table; with typecast also names, for which missing records are made.
fn links(writing: &mut Writing<'_>, field: &Field, value: &Value, typecast: bool) -> Result<Value, Refusal> {
    let linked_id = field.linked_table_id().unwrap_or_default().to_owned();
    let mut ids: Vec<String> = Vec::new();
    for item in list(value, typecast).ok_or_else(|| unfit(field))? {
        let name = item.as_str().ok_or_else(|| unfit(field))?;
        let id = if writing.tables.record(&linked_id, name).is_some() {
            name.to_owned()
        } else if typecast && !name.starts_with("rec") {
            named(writing, &linked_id, name).ok_or_else(|| unfit(field))?
        } else {
            let message = format!("Record ID {name} does not exist");
            return Err(Refusal::unprocessable("ROW_DOES_NOT_EXIST", message));
        };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(json!(ids))
}

fn named(writing: &mut Writing<'_>, table_id: &str, name: &str) -> Option<String> {
    let table = writing.tables.get(table_id)?;
    let known = table.records.keys().find(|id| primary(writing.tables, table, id, 0) == name).cloned();
    if known.is_some() {
        return known;
    }
    let field = table.fields.first().filter(|field| field.kind.is_text())?.clone();
    let id = writing.insert(table_id);
    writing.set(table_id, &id, &field, Some(&json!(name)));
    Some(id)
}
