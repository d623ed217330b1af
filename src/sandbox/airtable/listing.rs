//! Listing records page by page: filter, order, chosen fields; the position is opaque, and gone after a while.

use super::formula::{Formula, Outcome};
use super::reading::{in_formula, show};
use super::records::unknown;
use super::refusal::Refusal;
use super::schema::{Table, VIEW};
use super::{Base, Query};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::BTreeMap;

const PAGE_SIZE_MAX: usize = 100;
const FORMULA_CHARS_MAX: usize = 16_000;
const ITERATORS_MAX: usize = 100;
const ITERATOR_MINUTES: i64 = 10;

/// A listing that was begun: the ids that were there then.
#[derive(Debug)]
pub(super) struct Iterator {
    id: String,
    table_id: String,
    record_ids: Vec<String>,
    expires: DateTime<Utc>,
}

/// What is asked for, from the address or a body.
struct Asked {
    page_size: usize,
    records_max: usize,
    offset: Option<String>,
    formula: Option<Formula>,
    field_ids: Vec<String>,
    sort: Vec<(String, bool)>,
    by_id: bool,
}

impl Base {
    pub(super) fn list(&mut self, table_id: &str, parameters: &Value, now: DateTime<Utc>) -> Result<Value, Refusal> {
        let table = self.tables.get(table_id).ok_or_else(Refusal::model_not_found)?;
        let asked = Asked::read(table, parameters)?;
        let table_id = table.id.clone();
        self.iterators.retain(|iterator| iterator.expires > now);
        let (iterator_id, ids) = match &asked.offset {
            None => (None, self.selected(&table_id, &asked)),
            Some(offset) => {
                let iterator = offset.split_once('/').and_then(|(id, record_id)| {
                    let known = self.iterators.iter().find(|known| known.id == id && known.table_id == table_id)?;
                    let from = known.record_ids.iter().position(|id| id == record_id)?;
                    Some((known.id.clone(), known.record_ids.iter().skip(from).cloned().collect::<Vec<_>>()))
                });
                let (id, ids) = iterator.ok_or_else(lost)?;
                (Some(id), ids)
            }
        };
        let rest: Vec<String> = ids.iter().skip(asked.page_size).cloned().collect();
        let table = self.tables.get(&table_id).ok_or_else(Refusal::model_not_found)?;
        let page = ids.iter().take(asked.page_size);
        let records: Vec<Value> =
            page.filter_map(|id| show(&self.tables, table, id, asked.by_id, &asked.field_ids)).collect();
        let mut answer = json!({ "records": records });
        if let (Some(next), Some(object)) = (rest.first().cloned(), answer.as_object_mut()) {
            let id = iterator_id.unwrap_or_else(|| self.begin(table_id, rest, now));
            object.insert("offset".to_owned(), json!(format!("{id}/{next}")));
        }
        Ok(answer)
    }

    /// Every listing that was begun must begin again.
    pub fn lose_iterators(&mut self) {
        self.iterators.clear();
    }

    fn begin(&mut self, table_id: String, record_ids: Vec<String>, now: DateTime<Utc>) -> String {
        self.iterators_begun += 1;
        let id = format!("itr{:014}", self.iterators_begun);
        if self.iterators.len() >= ITERATORS_MAX {
            self.iterators.remove(0);
        }
        let expires = now + TimeDelta::minutes(ITERATOR_MINUTES);
        self.iterators.push(Iterator { id: id.clone(), table_id, record_ids, expires });
        id
    }

    fn selected(&self, table_id: &str, asked: &Asked) -> Vec<String> {
        let Some(table) = self.tables.get(table_id) else { return Vec::new() };
        let cell = |id: &str, key: &str| in_formula(&self.tables, table, id, key, 0);
        let fits = |id: &&String| {
            asked.formula.as_ref().is_none_or(|formula| formula.evaluate(id, &|key| cell(id, key)).is_true())
        };
        let mut ids: Vec<&String> = table.records.keys().filter(fits).collect();
        for (field_id, is_descending) in asked.sort.iter().rev() {
            ids.sort_by(|a, b| {
                let order = compare(&cell(a, field_id), &cell(b, field_id));
                if *is_descending { order.reverse() } else { order }
            });
        }
        ids.into_iter().take(asked.records_max).cloned().collect()
    }
}

fn compare(a: &Outcome, b: &Outcome) -> Ordering {
    match (a, b) {
        (Outcome::Number(a), Outcome::Number(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
        (a, b) => a.text().cmp(&b.text()),
    }
}

pub(super) fn lost() -> Refusal {
    let message = "The iterator is not available any more: list from the first page again";
    Refusal::unprocessable("LIST_RECORDS_ITERATOR_NOT_AVAILABLE", message)
}

impl Asked {
    fn read(table: &Table, parameters: &Value) -> Result<Self, Refusal> {
        const KNOWN: &[&str] = &[
            "pageSize",
            "maxRecords",
            "offset",
            "view",
            "fields",
            "filterByFormula",
            "sort",
            "cellFormat",
            "timeZone",
            "userLocale",
            "returnFieldsByFieldId",
            "recordMetadata",
        ];
        let object = parameters.as_object().ok_or_else(|| Refusal::invalid("the body is no object"))?;
        if let Some(name) = object.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(Refusal::invalid(format!("Unknown parameter: {name}")));
        }
        let text = |name: &str| parameters.get(name).and_then(Value::as_str);
        if text("view").is_some_and(|view| view != VIEW && view != table.view_id()) {
            return Err(Refusal::unprocessable("VIEW_NAME_NOT_FOUND", "View not found"));
        }
        let field_id = |name: &str| table.field(name).map(|field| field.id.clone()).ok_or_else(|| unknown(name));
        let fields = parameters.get("fields").and_then(Value::as_array).into_iter().flatten();
        let formula = match text("filterByFormula").filter(|text| !text.is_empty()) {
            Some(text) if text.chars().count() > FORMULA_CHARS_MAX => return Err(Refusal::invalid("it is too long")),
            Some(text) => Some(Formula::parse(text, &|name| table.field(name).is_some()).map_err(|why| {
                let message = format!("The formula for filtering records is invalid: {why}");
                Refusal::unprocessable("INVALID_FILTER_BY_FORMULA", message)
            })?),
            None => None,
        };
        let mut sort = Vec::new();
        for one in parameters.get("sort").and_then(Value::as_array).into_iter().flatten() {
            let name = one.get("field").and_then(Value::as_str).unwrap_or_default();
            sort.push((field_id(name)?, one.get("direction").and_then(Value::as_str) == Some("desc")));
        }
        Ok(Self {
            page_size: number(parameters, "pageSize", PAGE_SIZE_MAX)?.unwrap_or(PAGE_SIZE_MAX),
            records_max: number(parameters, "maxRecords", usize::MAX)?.unwrap_or(usize::MAX),
            offset: text("offset").map(str::to_owned),
            formula,
            field_ids: fields.filter_map(Value::as_str).map(field_id).collect::<Result<_, _>>()?,
            sort,
            by_id: matches!(parameters.get("returnFieldsByFieldId"), Some(value) if *value == true || *value == "true" || *value == "1"),
        })
    }
}

/// Numbers stand as numbers in a body and as texts in an address.
fn number(parameters: &Value, name: &str, most: usize) -> Result<Option<usize>, Refusal> {
    let Some(value) = parameters.get(name) else { return Ok(None) };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.parse::<usize>() {
        Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
        _ => Err(Refusal::invalid(format!("{name} must be from 1 to {most}"))),
    }
}

/// The parameters of an address in the form that a body has.
pub(super) fn parameters(query: &Query) -> Value {
    let mut parameters = serde_json::Map::new();
    let fields: Vec<&str> = query.all("fields").collect();
    if !fields.is_empty() {
        parameters.insert("fields".to_owned(), json!(fields));
    }
    // Field and direction of one place come in any order.
    let mut sort: BTreeMap<&str, Value> = BTreeMap::new();
    for (name, value) in query.pairs() {
        let Some((name, rest)) = name.split_once('[') else {
            parameters.insert(name.to_owned(), json!(value));
            continue;
        };
        match (name, rest.trim_end_matches(']').split_once("][")) {
            ("sort", Some((place, part))) => {
                if let Some(object) = sort.entry(place).or_insert_with(|| json!({})).as_object_mut() {
                    object.insert(part.to_owned(), json!(value));
                }
            }
            ("fields", _) => {}
            (other, _) => {
                parameters.insert(other.to_owned(), json!(value));
            }
        }
    }
    if !sort.is_empty() {
        parameters.insert("sort".to_owned(), sort.into_values().collect());
    }
    Value::Object(parameters)
}
