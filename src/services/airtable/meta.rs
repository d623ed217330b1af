//! The schema of the base: read it, make tables and fields, rename fields (Airtable Web API, "Bases", "Tables", "Fields").

use super::{Airtable, AirtableError, unreadable};
use crate::domain::airtable_base::{ActualField, ActualTable, Field, Kind, Table};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

impl Airtable {
    /// All tables with their fields, and the names of their views. Needs the scope `schema.bases:read`.
    pub async fn schema(&self) -> Result<Vec<ActualTable>, AirtableError> {
        let answer = self.call(Method::GET, &["meta", "bases", self.base_id(), "tables"], &[], None).await?;
        let WireSchema { tables } = read(answer)?;
        Ok(tables.into_iter().map(ActualTable::from).collect())
    }

    /// Makes a table with the fields that need no other table. Needs `schema.bases:write` and the role Creator.
    pub async fn create_table(&self, table: &Table) -> Result<ActualTable, AirtableError> {
        let fields: Vec<Value> = table.first_fields().map(|field| wire_field(field, None)).collect();
        let body = json!({ "name": table.name, "description": table.description, "fields": fields });
        let answer = self.call(Method::POST, &["meta", "bases", self.base_id(), "tables"], &[], Some(&body)).await?;
        read::<WireTable>(answer).map(ActualTable::from)
    }

    /// Makes a field; a link names the table that it goes to. Needs the same.
    pub async fn create_field(
        &self,
        table_id: &str,
        field: &Field,
        linked_table_id: Option<&str>,
    ) -> Result<ActualField, AirtableError> {
        let path = ["meta", "bases", self.base_id(), "tables", table_id, "fields"];
        let answer = self.call(Method::POST, &path, &[], Some(&wire_field(field, linked_table_id))).await?;
        read::<WireField>(answer).map(ActualField::from)
    }

    /// Gives a field another name. Needs the same.
    pub async fn rename_field(&self, table_id: &str, field_id: &str, name: &str) -> Result<(), AirtableError> {
        let path = ["meta", "bases", self.base_id(), "tables", table_id, "fields", field_id];
        self.call(Method::PATCH, &path, &[], Some(&json!({ "name": name }))).await.map(drop)
    }
}

/// A field as the API takes it.
fn wire_field(field: &Field, linked_table_id: Option<&str>) -> Value {
    let kind = field.kind.made_as();
    let mut wire = json!({ "name": field.name, "type": kind.field_type(), "description": field.description });
    let options = match kind {
        Kind::Select(options) | Kind::MultiSelect(options) => {
            let choices: Vec<Value> = options.iter().map(|option| json!({ "name": option })).collect();
            json!({ "choices": choices })
        }
        Kind::Number { precision } => json!({ "precision": precision }),
        Kind::Currency => json!({ "precision": 2, "symbol": "$" }),
        Kind::Checkbox => json!({ "icon": "check", "color": "greenBright" }),
        Kind::Date => json!({ "dateFormat": { "name": "iso" } }),
        Kind::DateTime => {
            json!({ "timeZone": "utc", "dateFormat": { "name": "iso" }, "timeFormat": { "name": "24hour" } })
        }
        Kind::Link(_) => json!({ "linkedTableId": linked_table_id }),
        Kind::Text
        | Kind::Identity { .. }
        | Kind::LongText
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Attachments
        | Kind::Collaborator
        | Kind::AutoNumber
        | Kind::CreatedTime
        | Kind::LastModifiedTime
        | Kind::CreatedBy
        | Kind::Computed(_)
        | Kind::Impossible(_) => return wire,
    };
    if let Some(object) = wire.as_object_mut() {
        object.insert("options".to_owned(), options);
    }
    wire
}

#[derive(Deserialize)]
struct WireSchema {
    tables: Vec<WireTable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTable {
    id: String,
    name: String,
    primary_field_id: String,
    fields: Vec<WireField>,
    #[serde(default)]
    views: Vec<WireName>,
}

#[derive(Deserialize)]
struct WireField {
    id: String,
    name: String,
    #[serde(rename = "type")]
    field_type: String,
    #[serde(default)]
    options: Option<WireOptions>,
}

/// What is read of a field's options, whatever its type.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireOptions {
    choices: Vec<WireName>,
    linked_table_id: Option<String>,
    inverse_link_field_id: Option<String>,
}

#[derive(Deserialize)]
struct WireName {
    name: String,
}

impl From<WireTable> for ActualTable {
    fn from(table: WireTable) -> Self {
        Self {
            id: table.id,
            name: table.name,
            primary_field_id: table.primary_field_id,
            fields: table.fields.into_iter().map(ActualField::from).collect(),
            views: table.views.into_iter().map(|view| view.name).collect(),
        }
    }
}

impl From<WireField> for ActualField {
    fn from(field: WireField) -> Self {
        let options = field.options.unwrap_or_default();
        Self {
            id: field.id,
            name: field.name,
            field_type: field.field_type,
            choices: options.choices.into_iter().map(|choice| choice.name).collect(),
            linked_table_id: options.linked_table_id,
            inverse_field_id: options.inverse_link_field_id,
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: Value) -> Result<T, AirtableError> {
    serde_json::from_value(answer).map_err(|error| unreadable(&format!("its schema can't be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::airtable_base::TABLES;

    #[test]
    fn fields_are_sent_in_the_form_that_the_api_documents() {
        let wire = |table: &str, field: &str| {
            let table = TABLES.iter().find(|known| known.name == table).unwrap();
            let field = table.fields.iter().find(|known| known.name == field).unwrap();
            let mut wire = wire_field(field, Some("tblOther"));
            wire.as_object_mut().unwrap().remove("description").unwrap();
            wire
        };
        for (table, field, expected) in [
            ("Leads", "Lead ID", json!({ "name": "Lead ID", "type": "singleLineText" })),
            ("Leads", "Phone", json!({ "name": "Phone", "type": "phoneNumber" })),
            (
                "Leads",
                "Willing to Invest?",
                json!({ "name": "Willing to Invest?", "type": "singleSelect",
                    "options": { "choices": [{ "name": "Yes" }, { "name": "No" }, { "name": "Unsure" }] } }),
            ),
            (
                "Leads",
                "Budget",
                json!({ "name": "Budget", "type": "currency", "options": { "precision": 2, "symbol": "$" } }),
            ),
            (
                "Leads",
                "Decision Maker?",
                json!({ "name": "Decision Maker?", "type": "checkbox",
                    "options": { "icon": "check", "color": "greenBright" } }),
            ),
            (
                "Lead Lists",
                "Last Sync",
                json!({ "name": "Last Sync", "type": "dateTime", "options": {
                    "timeZone": "utc", "dateFormat": { "name": "iso" }, "timeFormat": { "name": "24hour" } } }),
            ),
            (
                "Leads",
                "Campaign",
                json!({ "name": "Campaign", "type": "multipleRecordLinks",
                    "options": { "linkedTableId": "tblOther" } }),
            ),
        ] {
            assert_eq!(wire(table, field), expected, "{table}.{field}");
        }
    }

    #[test]
    fn a_schema_is_read_with_what_the_types_have_in_their_options() {
        let answer = json!({ "tables": [{
            "id": "tbl1", "name": "Leads", "primaryFieldId": "fld1", "description": "x",
            "fields": [
                { "id": "fld1", "name": "Lead ID", "type": "autoNumber" },
                { "id": "fld2", "name": "Lead Status", "type": "singleSelect",
                  "options": { "choices": [{ "id": "sel1", "name": "New", "color": "blueLight2" }] } },
                { "id": "fld3", "name": "Campaign", "type": "multipleRecordLinks", "options": {
                    "linkedTableId": "tbl2", "inverseLinkFieldId": "fld9", "isReversed": false } },
                { "id": "fld4", "name": "Created", "type": "createdTime", "options": null },
            ],
            "views": [{ "id": "viw1", "name": "Grid view", "type": "grid" }],
        }] });
        let tables: Vec<ActualTable> =
            read::<WireSchema>(answer).unwrap().tables.into_iter().map(ActualTable::from).collect();
        let [table] = tables.as_slice() else { panic!("one table") };
        assert_eq!((table.primary_field_id.as_str(), table.views.as_slice()), ("fld1", &["Grid view".to_owned()][..]));
        assert_eq!(table.field_named("Lead Status").unwrap().choices, ["New"]);
        let link = table.field_named("campaign").unwrap();
        assert_eq!((link.linked_table_id.as_deref(), link.inverse_field_id.as_deref()), (Some("tbl2"), Some("fld9")));
    }
}
