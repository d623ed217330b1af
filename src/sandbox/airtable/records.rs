//! The records API: get, create, update, upsert, delete; all or nothing. Listing is in `listing`.

use super::cells;
use super::reading::{cells as all_cells, show};
use super::refusal::Refusal;
use super::schema::{Field, Record, Table, Tables};
use super::webhooks::Origin;
use super::writing::Writing;
use super::{Base, Query};
use hyper::Method;
use serde_json::{Map, Value, json};

const RECORDS_MAX: usize = 10;
const MERGE_FIELDS_MAX: usize = 3;

/// A record of a request: its id, where one is given, and its cells.
struct Asked {
    id: Option<String>,
    fields: Map<String, Value>,
}

struct Request {
    records: Vec<Asked>,
    /// One record stood alone; the answer does too.
    is_single: bool,
    typecast: bool,
    by_id: bool,
    merge_on: Option<Vec<String>>,
}

impl Base {
    pub(super) fn one_record(&self, table_id: &str, record_id: &str, query: &Query) -> Result<Value, Refusal> {
        let by_id = matches!(query.get("returnFieldsByFieldId"), Some("true" | "1"));
        let table = self.tables.get(table_id).ok_or_else(Refusal::model_not_found)?;
        show(&self.tables, table, record_id, by_id, &[]).ok_or_else(Refusal::not_found)
    }

    pub(super) fn create(&mut self, table_id: &str, body: &Value) -> Result<Value, Refusal> {
        let request = Request::read(body, None)?;
        if request.merge_on.is_some() {
            return Err(Refusal::invalid("performUpsert belongs to an update"));
        }
        let ids = self.write(Origin::PublicApi, |writing| {
            request
                .records
                .iter()
                .map(|asked| {
                    let id = writing.insert(table_id);
                    fill(writing, table_id, &id, &asked.fields, request.typecast, false).map(|()| id)
                })
                .collect::<Result<Vec<String>, Refusal>>()
        })?;
        Ok(self.shown(table_id, &ids, &request))
    }

    /// PATCH changes the named cells, PUT empties the others. `record_id` stands in the address of the form for one record.
    pub(super) fn update(
        &mut self,
        method: &Method,
        table_id: &str,
        record_id: Option<&str>,
        body: &Value,
    ) -> Result<Value, Refusal> {
        let request = Request::read(body, record_id)?;
        let merge_on = match &request.merge_on {
            Some(names) => Some(merge_fields(self.tables.get(table_id), names)?),
            None => None,
        };
        let clears = method == Method::PUT;
        let (mut created, mut updated) = (Vec::new(), Vec::new());
        let ids = self.write(Origin::PublicApi, |writing| {
            let mut ids = Vec::new();
            for asked in &request.records {
                let target = match (&asked.id, &merge_on) {
                    (Some(id), _) if writing.tables.record(table_id, id).is_some() => Some(id.clone()),
                    (Some(_), _) => return Err(Refusal::new(404, "MODEL_ID_NOT_FOUND", "Record not found")),
                    (None, Some(fields)) => matching(writing, table_id, fields, asked, request.typecast)?,
                    (None, None) => return Err(Refusal::invalid("a record to update needs an id")),
                };
                let id = if let Some(id) = target {
                    fill(writing, table_id, &id, &asked.fields, request.typecast, clears)?;
                    updated.push(id.clone());
                    id
                } else {
                    let id = writing.insert(table_id);
                    fill(writing, table_id, &id, &asked.fields, request.typecast, false)?;
                    created.push(id.clone());
                    id
                };
                ids.push(id);
            }
            Ok(ids)
        })?;
        let mut answer = self.shown(table_id, &ids, &request);
        if let (Some(_), Some(object)) = (merge_on, answer.as_object_mut()) {
            object.insert("createdRecords".to_owned(), json!(created));
            object.insert("updatedRecords".to_owned(), json!(updated));
        }
        Ok(answer)
    }

    pub(super) fn delete(&mut self, table_id: &str, record_id: Option<&str>, query: &Query) -> Result<Value, Refusal> {
        let ids: Vec<String> = match record_id {
            Some(id) => vec![id.to_owned()],
            None => query.all("records").map(str::to_owned).collect(),
        };
        if ids.is_empty() || ids.len() > RECORDS_MAX {
            return Err(Refusal::invalid("a request takes one to ten records"));
        }
        self.write(Origin::PublicApi, |writing| {
            for id in &ids {
                if writing.tables.record(table_id, id).is_none() {
                    return Err(Refusal::new(404, "MODEL_ID_NOT_FOUND", "Record not found"));
                }
                writing.remove(table_id, id);
            }
            Ok(())
        })?;
        let mut deleted: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "deleted": true })).collect();
        match (record_id, deleted.pop()) {
            (Some(_), Some(one)) => Ok(one),
            (_, last) => {
                deleted.extend(last);
                Ok(json!({ "records": deleted }))
            }
        }
    }

    fn shown(&self, table_id: &str, ids: &[String], request: &Request) -> Value {
        let Some(table) = self.tables.get(table_id) else { return Value::Null };
        let mut records: Vec<Value> =
            ids.iter().filter_map(|id| show(&self.tables, table, id, request.by_id, &[])).collect();
        if request.is_single { records.pop().unwrap_or_default() } else { json!({ "records": records }) }
    }
}

impl Request {
    fn read(body: &Value, record_id: Option<&str>) -> Result<Self, Refusal> {
        const KNOWN: &[&str] = &["records", "fields", "typecast", "returnFieldsByFieldId", "performUpsert"];
        let object = body.as_object().ok_or_else(|| Refusal::invalid("the body is no object"))?;
        if let Some(name) = object.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(Refusal::invalid(format!("Unknown parameter: {name}")));
        }
        let list = body.get("records").and_then(Value::as_array);
        let is_single = list.is_none() || record_id.is_some();
        let records: Vec<Asked> = match list {
            Some(list) if record_id.is_none() => {
                list.iter().map(|record| asked(record, None)).collect::<Result<_, _>>()?
            }
            _ => vec![asked(body, record_id)?],
        };
        if records.is_empty() || records.len() > RECORDS_MAX {
            return Err(Refusal::invalid("a request takes one to ten records"));
        }
        let is = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or_default();
        let merge_on = match body.pointer("/performUpsert") {
            None => None,
            Some(upsert) => {
                let names = upsert.get("fieldsToMergeOn").and_then(Value::as_array).into_iter().flatten();
                let names: Vec<String> = names.filter_map(Value::as_str).map(str::to_owned).collect();
                if names.is_empty() || names.len() > MERGE_FIELDS_MAX || is_single {
                    return Err(Refusal::invalid("fieldsToMergeOn takes one to three fields"));
                }
                Some(names)
            }
        };
        let (typecast, by_id) = (is("typecast"), is("returnFieldsByFieldId"));
        Ok(Self { records, is_single, typecast, by_id, merge_on })
    }
}

fn asked(record: &Value, id: Option<&str>) -> Result<Asked, Refusal> {
    let fields = record.get("fields").and_then(Value::as_object).cloned();
    let fields = fields.ok_or_else(|| Refusal::invalid("`fields` is missing or no object"))?;
    let id = id.or_else(|| record.get("id").and_then(Value::as_str)).map(str::to_owned);
    Ok(Asked { id, fields })
}

/// Writes the cells, named by field name or id. With `clears` all others that can be written are emptied.
pub(super) fn fill(
    writing: &mut Writing<'_>,
    table_id: &str,
    record_id: &str,
    fields: &Map<String, Value>,
    typecast: bool,
    clears: bool,
) -> Result<(), Refusal> {
    let known: Vec<Field> = writing.tables.get(table_id).map(|table| table.fields.clone()).unwrap_or_default();
    let mut written = Vec::new();
    for (name, value) in fields {
        let field = known.iter().find(|field| field.name == *name || field.id == *name).ok_or_else(|| unknown(name))?;
        let value = cells::checked(writing, table_id, field, value, typecast)?;
        writing.set(table_id, record_id, field, value.as_ref());
        written.push(&field.id);
    }
    if clears {
        for field in known.iter().filter(|field| !field.kind.is_computed() && !written.contains(&&field.id)) {
            writing.set(table_id, record_id, field, None);
        }
    }
    Ok(())
}

pub(super) fn unknown(name: &str) -> Refusal {
    Refusal::unprocessable("UNKNOWN_FIELD_NAME", format!("Unknown field name: \"{name}\""))
}

fn merge_fields(table: Option<&Table>, names: &[String]) -> Result<Vec<Field>, Refusal> {
    let field = |name: &String| {
        let field = table.and_then(|table| table.field(name)).ok_or_else(|| unknown(name))?;
        if field.kind.is_mergeable() {
            return Ok(field.clone());
        }
        Err(Refusal::invalid(format!("Field \"{name}\" is of a type that can't be merged on")))
    };
    names.iter().map(field).collect()
}

/// The record whose merge fields are the asked ones; several fail the request.
fn matching(
    writing: &mut Writing<'_>,
    table_id: &str,
    fields: &[Field],
    asked: &Asked,
    typecast: bool,
) -> Result<Option<String>, Refusal> {
    let mut wanted = Vec::new();
    for field in fields {
        let value = asked.fields.get(&field.name).or_else(|| asked.fields.get(&field.id)).unwrap_or(&Value::Null);
        wanted.push((&field.id, cells::checked(writing, table_id, field, value, typecast)?));
    }
    let records = writing.tables.get(table_id).into_iter().flat_map(|table| &table.records);
    let mut found = records
        .filter(|(_, record)| wanted.iter().all(|(id, value)| record.cells.get(*id) == value.as_ref()))
        .map(|(id, _)| id.clone());
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(id), None) => Ok(Some(id)),
        (Some(_), Some(_)) => Err(Refusal::invalid("Cannot update more than one record with the same merge key")),
    }
}

/// All cells of a table by record id and field name.
pub(super) fn by_name(tables: &Tables, table: &Table) -> std::collections::BTreeMap<String, Map<String, Value>> {
    let named = |id: &str, record: &Record| {
        let mut cells = all_cells(tables, table, id, record);
        table.fields.iter().filter_map(|field| Some((field.name.clone(), cells.remove(&field.id)?))).collect()
    };
    table.records.iter().map(|(id, record)| (id.clone(), named(id, record))).collect()
}
