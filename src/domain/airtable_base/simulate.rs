//! What a base is like after steps: so that a rehearsal tells what is left for a person.

use super::plan::field_of;
use super::{ActualField, ActualTable, Field, Step, table_named};

/// The base after these steps, as far as they can be done.
pub fn after(actual: &[ActualTable], steps: &[Step]) -> Vec<ActualTable> {
    let mut tables = actual.to_vec();
    for &step in steps {
        match step {
            Step::CreateTable { table } => {
                let mut made = ActualTable {
                    id: format!("table {}", table.name),
                    name: table.name.to_owned(),
                    primary_field_id: String::new(),
                    fields: Vec::new(),
                    views: Vec::new(),
                };
                made.fields.extend(table.first_fields().map(|field| made_of(table.name, field)));
                made.primary_field_id = made.fields.first().map(|field| field.id.clone()).unwrap_or_default();
                tables.push(made);
            }
            Step::CreateField { table, field } => create(&mut tables, table, field),
            Step::RenameInverse { name, .. } => {
                let ids = step.to_rename(&tables).map(|(table, field)| (table.to_owned(), field.to_owned()));
                let field = ids.and_then(|(table, field)| {
                    let table = tables.iter_mut().find(|known| known.id == table)?;
                    table.fields.iter_mut().find(|known| known.id == field)
                });
                if let Some(field) = field {
                    name.clone_into(&mut field.name);
                }
            }
        }
    }
    tables
}

/// A link gets an inverse, as Airtable makes it: named after the table that it comes from, with a number where that is taken.
fn create(tables: &mut [ActualTable], table: &'static str, field: &'static Field) {
    let Some(home) = table_named(tables, table) else { return };
    let (home_id, home_name) = (home.id.clone(), home.name.clone());
    let mut made = made_of(table, field);
    if let Some(link) = field.kind.link() {
        let Some(target) = table_named(tables, link.table) else { return };
        let target_id = target.id.clone();
        let taken = |name: &str| field_of(tables, link.table, name).is_some();
        let numbered = (2..).map(|number| format!("{home_name} {number}"));
        let name = std::iter::once(home_name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or_default();
        let inverse = ActualField {
            id: format!("inverse of {}", made.id),
            name,
            field_type: made.field_type.clone(),
            linked_table_id: Some(home_id.clone()),
            inverse_field_id: Some(made.id.clone()),
            ..ActualField::default()
        };
        made.linked_table_id = Some(target_id.clone());
        made.inverse_field_id = Some(inverse.id.clone());
        push(tables, &target_id, inverse);
    }
    push(tables, &home_id, made);
}

fn push(tables: &mut [ActualTable], table_id: &str, field: ActualField) {
    if let Some(table) = tables.iter_mut().find(|table| table.id == table_id) {
        table.fields.push(field);
    }
}

fn made_of(table: &str, field: &Field) -> ActualField {
    ActualField {
        id: format!("field {table}.{}", field.name),
        name: field.name.to_owned(),
        field_type: field.kind.made_as().field_type().to_owned(),
        choices: field.kind.options().iter().map(|&option| option.to_owned()).collect(),
        ..ActualField::default()
    }
}
