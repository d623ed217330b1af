//! The base of the owner's document as a person finished it: six tables, links with both their sides, computed fields.
#![expect(clippy::wildcard_enum_match_arm, reason = "only links, options and computed fields name others")]

use super::schema::{Field, Rollup, Table, Tables, Type, color, link_options};
use serde::Deserialize;
use serde_json::{Value, json};

/// Written from the owner's document; names stand where Airtable has ids.
const BASE: &str = include_str!("base.json");

#[derive(Deserialize)]
struct NamedTable {
    name: String,
    description: String,
    fields: Vec<NamedField>,
}

#[derive(Deserialize)]
struct NamedField {
    name: String,
    #[serde(rename = "type")]
    kind: Type,
    #[serde(default)]
    options: Value,
}

/// Ids are given in a first round, so that links and computed fields find theirs in the second.
pub(super) fn tables() -> Result<Tables, serde_json::Error> {
    let named: Vec<NamedTable> = serde_json::from_str(BASE)?;
    let mut tables = Tables::default();
    for NamedTable { name, description, fields } in named {
        let id = tables.ids.schema("tbl");
        let mut table = Table::new(id, &name, Some(description));
        for NamedField { name, kind, options } in fields {
            let options = match kind {
                Type::SingleSelect | Type::MultipleSelects => choices(&options, &mut tables),
                _ => options,
            };
            table.fields.push(Field { id: tables.ids.schema("fld"), name, ..Field::new(kind, options) });
        }
        tables.list.push(table);
    }
    resolve(&mut tables);
    Ok(tables)
}

fn choices(options: &Value, tables: &mut Tables) -> Value {
    let names = options.get("choices").and_then(Value::as_array).into_iter().flatten();
    let choices: Vec<Value> = names
        .enumerate()
        .map(|(place, name)| json!({ "id": tables.ids.schema("sel"), "name": name, "color": color(place) }))
        .collect();
    json!({ "choices": choices })
}

fn resolve(tables: &mut Tables) {
    let all: Vec<(String, Field)> = tables
        .list
        .iter()
        .flat_map(|table| table.fields.iter().map(|field| (table.id.clone(), field.clone())))
        .collect();
    let mut lonely = Vec::new();
    for (table_id, field) in all {
        let Some((options, rollup)) = resolved(tables, &table_id, &field) else { continue };
        if field.kind == Type::MultipleRecordLinks && options.get("inverseLinkFieldId").is_none() {
            lonely.push((table_id.clone(), field.id.clone()));
        }
        if let Some(known) = tables.get_mut(&table_id).and_then(|table| table.field_mut(&field.id)) {
            (known.options, known.rollup) = (options, rollup);
        }
    }
    for (table_id, field_id) in lonely {
        tables.add_inverse(&table_id, &field_id);
    }
}

/// The options with ids instead of names; none where nothing is to be done.
fn resolved(tables: &Tables, table_id: &str, field: &Field) -> Option<(Value, Option<Rollup>)> {
    let table = tables.get(table_id)?;
    let text = |name: &str| field.options.get(name).and_then(Value::as_str);
    let id_here = |name: &str| table.field(name).map(|field| field.id.clone());
    let result = field.options.get("result").cloned().unwrap_or_default();
    match field.kind {
        Type::MultipleRecordLinks => {
            let linked = tables.get(text("linkedTable")?)?;
            let inverse = text("inverse").and_then(|name| linked.field(name));
            let options = match inverse {
                Some(inverse) => link_options(&linked.id, &inverse.id),
                None => json!({ "linkedTableId": linked.id }),
            };
            Some((options, None))
        }
        Type::Count => Some((json!({ "isValid": true, "recordLinkFieldId": id_here(text("link")?)? }), None)),
        Type::Rollup => {
            let link = table.field(text("link")?)?;
            // The link itself may be resolved already or not yet.
            let linked_key = link.linked_table_id().or_else(|| link.options.get("linkedTable").and_then(Value::as_str));
            let linked = tables.get(linked_key?)?;
            let id_there = |name: &str| linked.field(name).map(|field| field.id.clone());
            let field_id = id_there(text("field")?)?;
            let condition = field.options.get("where").and_then(|condition| {
                let part = |name: &str| condition.get(name).and_then(Value::as_str);
                Some((id_there(part("field")?)?, part("is")?.to_owned()))
            });
            let options = json!({ "isValid": true, "recordLinkFieldId": link.id, "fieldIdInLinkedTable": field_id,
                "referencedFieldIds": [], "result": result });
            let is_count = text("aggregate") == Some("count");
            Some((options, Some(Rollup { link_field_id: link.id.clone(), field_id, is_count, condition })))
        }
        Type::Formula => {
            let mut formula = text("formula")?.to_owned();
            let mut referenced = Vec::new();
            for other in &table.fields {
                let by_name = format!("{{{}}}", other.name);
                if formula.contains(&by_name) {
                    formula = formula.replace(&by_name, &format!("{{{}}}", other.id));
                    referenced.push(other.id.clone());
                }
            }
            let options =
                json!({ "isValid": true, "formula": formula, "referencedFieldIds": referenced, "result": result });
            Some((options, None))
        }
        _ => None,
    }
}
