//! The steps from an actual base to the document's. Level-triggered: they follow from what is there, so an interrupted
//! provision continues, and a finished one has none left. Nothing that is there is changed but the names of inverse links.

use super::{ActualField, ActualTable, Field, Link, Side, TABLES, Table, table_named};

/// One call to Airtable. Tables and fields go by the document's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// With all of its fields that link nowhere: a link needs the other table to be there.
    CreateTable {
        table: &'static Table,
    },
    CreateField {
        table: &'static str,
        field: &'static Field,
    },
    /// Airtable made the inverse of a link and named it itself.
    RenameInverse {
        link_table: &'static str,
        link: &'static str,
        table: &'static str,
        name: &'static str,
    },
}

/// What is still to be made, in an order that works: tables, then fields, then links, each with its inverse.
pub fn steps(actual: &[ActualTable]) -> Vec<Step> {
    let mut steps = Vec::new();
    for table in TABLES {
        match table_named(actual, table.name) {
            None => steps.push(Step::CreateTable { table }),
            Some(found) => steps.extend(
                table
                    .first_fields()
                    .filter(|field| field.kind.can_be_made() && found.field_named(field.name).is_none())
                    .map(|field| Step::CreateField { table: table.name, field }),
            ),
        }
    }
    for table in TABLES {
        for field in table.fields {
            if let Some(link) = field.kind.link() {
                steps.extend(link_steps(actual, table, field, link));
            }
        }
    }
    steps
}

fn link_steps(actual: &[ActualTable], table: &'static Table, field: &'static Field, link: Link) -> Vec<Step> {
    let create = Step::CreateField { table: table.name, field };
    let here = field_of(actual, table.name, field.name);
    let Side::Made { inverse } = link.side else {
        // The inverse side of a pair is made with its other side.
        let is_missing = link.side == Side::Alone && here.is_none();
        return if is_missing { vec![create] } else { Vec::new() };
    };
    let there = field_of(actual, link.table, inverse);
    let name_there = Step::RenameInverse { link_table: table.name, link: field.name, table: link.table, name: inverse };
    let name_here = Step::RenameInverse { link_table: link.table, link: inverse, table: table.name, name: field.name };
    match (here, there) {
        (None, None) => vec![create, name_there],
        (None, Some(there)) if can_be_renamed(actual, there, table) => vec![name_here],
        (None, Some(_)) => vec![create],
        (Some(here), None) => match table_of(link.table) {
            Some(other) if can_be_renamed(actual, here, other) => vec![name_there],
            Some(_) | None => Vec::new(),
        },
        // Campaigns' inverse of a link from Leads is born as "Leads", and is to be "leads".
        (Some(here), Some(there)) if here.inverse_field_id.as_ref() == Some(&there.id) && there.name != inverse => {
            vec![name_there]
        }
        (Some(_), Some(_)) => Vec::new(),
    }
}

/// Whether a link's inverse stands in that table under a name that the document has no other use for.
fn can_be_renamed(actual: &[ActualTable], link: &ActualField, table: &Table) -> bool {
    inverse_in(actual, link, table.name)
        .is_some_and(|inverse| table.fields.iter().all(|field| field.name != inverse.name))
}

/// The inverse of a link, where it stands in that table.
pub(super) fn inverse_in<'a>(actual: &'a [ActualTable], link: &ActualField, table: &str) -> Option<&'a ActualField> {
    table_named(actual, table)?.field(link.inverse_field_id.as_deref()?)
}

pub(super) fn field_of<'a>(actual: &'a [ActualTable], table: &str, field: &str) -> Option<&'a ActualField> {
    table_named(actual, table)?.field_named(field)
}

fn table_of(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

impl Table {
    /// The fields that a table is made with: a primary one, and whatever the API makes without another table.
    pub fn first_fields(&self) -> impl Iterator<Item = &'static Field> {
        let fields = self.fields.iter().enumerate();
        fields
            .filter(move |(position, field)| {
                *position == 0 || (field.kind.can_be_made() && field.kind.link().is_none())
            })
            .map(|(_, field)| field)
    }
}

impl Step {
    /// The field that is there afterwards; none for a whole table.
    pub fn field(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::CreateTable { .. } => None,
            Self::CreateField { table, field } => Some((table, field.name)),
            Self::RenameInverse { table, name, .. } => Some((table, name)),
        }
    }

    /// The ids of table and field that a rename is about; the link names its inverse, even where that was not read yet.
    pub fn to_rename(self, actual: &[ActualTable]) -> Option<(&str, &str)> {
        let Self::RenameInverse { link_table, link, table, .. } = self else { return None };
        let link = field_of(actual, link_table, link)?;
        Some((&table_named(actual, table)?.id, link.inverse_field_id.as_deref()?))
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CreateTable { table } => {
                write!(f, "create table {} with {} fields", table.name, table.first_fields().count())
            }
            Self::CreateField { table, field } => match field.kind.link() {
                Some(link) => write!(f, "create field {table}.{} (link to {})", field.name, link.table),
                None => write!(f, "create field {table}.{} ({})", field.name, field.kind.field_type()),
            },
            Self::RenameInverse { link_table, link, table, name } => {
                write!(f, "name the inverse of {link_table}.{link} {table}.{name}")
            }
        }
    }
}
