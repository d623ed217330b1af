//! The meta API: bases, tables, fields, who asks. Fields whose values are computed can be read here and never made.
#![expect(clippy::wildcard_enum_match_arm, reason = "the types that take no options are the rest")]

use super::refusal::Refusal;
use super::schema::{Field, Table, Type, color};
use super::webhooks::SchemaChange;
use super::{BASE_ID, Base};
use serde_json::{Value, json};

const NAME_CHARS_MAX: usize = 255;
const ICONS: &[&str] = &["check", "xCheckbox", "star", "heart", "thumbsUp", "flag", "dot"];
const COLORS: &[&str] = &["yellow", "orange", "red", "pink", "purple", "blue", "cyan", "teal", "green", "gray"];

impl Base {
    pub(super) fn bases() -> Value {
        json!({ "bases": [{ "id": BASE_ID, "name": "Sales CRM", "permissionLevel": "create" }] })
    }

    pub(super) fn whoami(&self) -> Value {
        json!({ "id": "usr00000000000001", "scopes": self.scopes })
    }

    pub(super) fn schema(&self) -> Value {
        json!({ "tables": self.tables.list.iter().map(Table::to_json).collect::<Vec<_>>() })
    }

    pub(super) fn create_table(&mut self, body: &Value) -> Result<Value, Refusal> {
        let name = name(body)?;
        if self.tables.list.iter().any(|table| table.name == name) {
            let message = format!("Cannot create table with duplicate name: \"{name}\"");
            return Err(Refusal::unprocessable("DUPLICATE_TABLE_NAME", message));
        }
        let fields = body.get("fields").and_then(Value::as_array).filter(|fields| !fields.is_empty());
        let fields = fields.ok_or_else(|| Refusal::invalid("a table needs at least one field"))?;
        let ids_before = self.tables.ids.clone();
        let mut table = Table::new(self.tables.ids.schema("tbl"), &name, description(body)?);
        for field in fields {
            match self.new_field(&table, field) {
                Ok(field) => table.fields.push(field),
                Err(refusal) => {
                    self.tables.ids = ids_before;
                    return Err(refusal);
                }
            }
        }
        if !table.fields.first().is_some_and(|field| may_be_primary(field.kind)) {
            self.tables.ids = ids_before;
            let message = "The first field is the primary one, and its type can't be that of a primary field";
            return Err(Refusal::unprocessable("INVALID_PRIMARY_FIELD_TYPE", message));
        }
        let (id, links) = (table.id.clone(), links_of(&table));
        self.tables.list.push(table);
        for field_id in links {
            self.tables.add_inverse(&id, &field_id);
        }
        self.note_schema(&SchemaChange::TableCreated(id.clone()));
        self.tables.get(&id).map(Table::to_json).ok_or_else(Refusal::model_not_found)
    }

    pub(super) fn create_field(&mut self, table_id: &str, body: &Value) -> Result<Value, Refusal> {
        let table = self.tables.get(table_id).ok_or_else(Refusal::model_not_found)?.clone();
        let field = self.new_field(&table, body)?;
        let (id, is_link) = (field.id.clone(), field.kind == Type::MultipleRecordLinks);
        if let Some(table) = self.tables.get_mut(table_id) {
            table.fields.push(field);
        }
        if is_link {
            self.tables.add_inverse(&table.id, &id);
        }
        self.note_schema(&SchemaChange::FieldCreated(table.id.clone(), id.clone()));
        let field = self.tables.get(table_id).and_then(|table| table.field(&id));
        field.map(Field::to_json).ok_or_else(Refusal::model_not_found)
    }

    /// Name and description only.
    pub(super) fn patch_table(&mut self, table_id: &str, body: &Value) -> Result<Value, Refusal> {
        let (new_name, text) = patched(body)?;
        if self.tables.list.iter().any(|table| table.id != table_id && Some(&table.name) == new_name.as_ref()) {
            return Err(Refusal::unprocessable("DUPLICATE_TABLE_NAME", "The name is taken"));
        }
        let table = self.tables.get_mut(table_id).ok_or_else(Refusal::model_not_found)?;
        let before = table.name.clone();
        table.name = new_name.unwrap_or_else(|| before.clone());
        table.description = text.or(table.description.take());
        let shown = table.to_json();
        self.note_schema(&SchemaChange::TableChanged(table_id.to_owned(), before));
        Ok(shown)
    }

    pub(super) fn patch_field(&mut self, table_id: &str, field_id: &str, body: &Value) -> Result<Value, Refusal> {
        let (new_name, text) = patched(body)?;
        let table = self.tables.get_mut(table_id).ok_or_else(Refusal::model_not_found)?;
        if table.fields.iter().any(|field| field.id != field_id && Some(&field.name) == new_name.as_ref()) {
            return Err(duplicate_field());
        }
        let field = table.fields.iter_mut().find(|field| field.id == field_id).ok_or_else(Refusal::model_not_found)?;
        let before = field.name.clone();
        field.name = new_name.unwrap_or_else(|| before.clone());
        field.description = text.or(field.description.take());
        let shown = field.to_json();
        self.note_schema(&SchemaChange::FieldChanged(table_id.to_owned(), field_id.to_owned(), before));
        Ok(shown)
    }

    fn new_field(&mut self, table: &Table, asked: &Value) -> Result<Field, Refusal> {
        let name = name(asked)?;
        if table.fields.iter().any(|field| field.name == name) {
            return Err(duplicate_field());
        }
        let type_name = asked.get("type").and_then(Value::as_str).unwrap_or_default();
        let kind =
            Type::parse(type_name).ok_or_else(|| Refusal::invalid(format!("there is no field type `{type_name}`")))?;
        if kind.is_computed() {
            let message = format!("Creating {type_name} fields is not supported at this time");
            return Err(Refusal::unprocessable("UNSUPPORTED_FIELD_TYPE_FOR_CREATE", message));
        }
        let given = asked.get("options").unwrap_or(&Value::Null);
        let options = self.options(kind, given).map_err(|why| {
            let message = format!("Invalid options for {name}: {why}");
            Refusal::unprocessable("INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", message)
        })?;
        let id = self.tables.ids.schema("fld");
        Ok(Field { id, name, description: description(asked)?, ..Field::new(kind, options) })
    }

    /// The options as they are kept, or what is wrong with them.
    fn options(&mut self, kind: Type, given: &Value) -> Result<Value, String> {
        let is_in = |name: &str, known: &[&str]| match given.get(name).and_then(Value::as_str) {
            Some(text) if known.contains(&text) => Ok(()),
            _ => Err(format!("{name} must be one of {}", known.join(", "))),
        };
        let precision = |most: u64| match given.get("precision").and_then(Value::as_u64) {
            Some(precision) if precision <= most => Ok(()),
            _ => Err(format!("precision must be from 0 to {most}")),
        };
        let color = || match given.get("color").and_then(Value::as_str) {
            Some(text) if COLORS.iter().any(|color| text.strip_suffix("Bright") == Some(color)) => Ok(()),
            _ => Err("color must be a bright one".to_owned()),
        };
        let format = |name: &str, known: &[&str]| match given.pointer(&format!("/{name}/name")).and_then(Value::as_str)
        {
            Some(text) if known.contains(&text) => Ok(()),
            _ => Err(format!("{name} must be one of {}", known.join(", "))),
        };
        let date_formats = ["local", "friendly", "us", "european", "iso"];
        match kind {
            Type::Number | Type::Percent => precision(8)?,
            Type::Currency => {
                precision(7)?;
                given.get("symbol").filter(|symbol| symbol.is_string()).ok_or("symbol is missing")?;
            }
            Type::Checkbox => {
                is_in("icon", ICONS)?;
                color()?;
            }
            Type::Rating => {
                is_in("icon", &["star", "heart", "thumbsUp", "flag", "dot"])?;
                color()?;
                let max = given.get("max").and_then(Value::as_u64);
                max.filter(|max| (1..=10).contains(max)).ok_or("max must be from 1 to 10")?;
            }
            Type::Duration => is_in("durationFormat", &["h:mm", "h:mm:ss", "h:mm:ss.S", "h:mm:ss.SS", "h:mm:ss.SSS"])?,
            Type::Date => format("dateFormat", &date_formats)?,
            Type::DateTime => {
                format("dateFormat", &date_formats)?;
                format("timeFormat", &["12hour", "24hour"])?;
                given.get("timeZone").filter(|zone| zone.is_string()).ok_or("timeZone is missing")?;
            }
            Type::SingleSelect | Type::MultipleSelects => return self.choices(given),
            Type::MultipleRecordLinks => return self.new_link(given),
            Type::MultipleAttachments => return Ok(json!({ "isReversed": false })),
            _ if given.is_null() => {}
            _ => return Err("the type takes none".to_owned()),
        }
        Ok(given.clone())
    }

    fn choices(&mut self, given: &Value) -> Result<Value, String> {
        let choices = given.get("choices").and_then(Value::as_array).ok_or("choices are missing")?;
        let mut kept: Vec<Value> = Vec::new();
        for choice in choices {
            let name = choice.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
            let name = name.ok_or("an option needs a name")?;
            if kept.iter().any(|known| known.get("name").and_then(Value::as_str) == Some(name)) {
                return Err(format!("the option {name} stands twice"));
            }
            let shade = choice.get("color").and_then(Value::as_str).unwrap_or(color(kept.len())).to_owned();
            kept.push(json!({ "id": self.tables.ids.schema("sel"), "name": name, "color": shade }));
        }
        Ok(json!({ "choices": kept }))
    }

    /// Only the linked table may be named; the other side is Airtable's to make.
    fn new_link(&self, given: &Value) -> Result<Value, String> {
        let linked = given.get("linkedTableId").and_then(Value::as_str).ok_or("linkedTableId is missing")?;
        let known = ["linkedTableId", "viewIdForRecordSelection"];
        if let Some(name) =
            given.as_object().into_iter().flatten().map(|(name, _)| name).find(|n| !known.contains(&n.as_str()))
        {
            return Err(format!("{name} can't be given"));
        }
        if !self.tables.list.iter().any(|table| table.id == linked) {
            return Err("the linked table is not there".to_owned());
        }
        Ok(json!({ "linkedTableId": linked, "isReversed": false, "prefersSingleRecordLink": false }))
    }
}

fn links_of(table: &Table) -> Vec<String> {
    let links = table.fields.iter().filter(|field| field.kind == Type::MultipleRecordLinks);
    links.map(|field| field.id.clone()).collect()
}

fn may_be_primary(kind: Type) -> bool {
    kind.is_text() && kind != Type::RichText
        || matches!(
            kind,
            Type::Number
                | Type::Currency
                | Type::Percent
                | Type::Duration
                | Type::Date
                | Type::DateTime
                | Type::Barcode
        )
}

fn name(body: &Value) -> Result<String, Refusal> {
    let name = body.get("name").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(Refusal::invalid("a name of 1 to 255 characters is needed"));
    }
    Ok(name.to_owned())
}

fn description(body: &Value) -> Result<Option<String>, Refusal> {
    match body.get("description") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= 20_000 => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::invalid("a description is a text of up to 20,000 characters")),
    }
}

fn patched(body: &Value) -> Result<(Option<String>, Option<String>), Refusal> {
    let object = body.as_object().filter(|object| !object.is_empty());
    let object = object.ok_or_else(|| Refusal::invalid("there is nothing to change"))?;
    if let Some(other) = object.keys().find(|key| !matches!(key.as_str(), "name" | "description")) {
        return Err(Refusal::invalid(format!("`{other}` can't be changed by the API")));
    }
    let new_name = if object.contains_key("name") { Some(name(body)?) } else { None };
    Ok((new_name, description(body)?))
}

fn duplicate_field() -> Refusal {
    Refusal::unprocessable("DUPLICATE_OR_EMPTY_FIELD_NAME", "The name of the field is taken")
}
