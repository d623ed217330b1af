//! What an actual base has otherwise than the document, each with who can mend it and how.

use super::fit::{Fit, fit, instruction, people_say};
use super::plan::{field_of, inverse_in, steps};
use super::{ActualField, ActualTable, Field, Kind, Side, TABLES, Table, table_named};
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The engine's writes fail or miss, or `provision` has not been finished.
    MustFix,
    /// Only a person can make it; the engine works without.
    ByHand,
    /// Good to know.
    Note,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    MissingTable,
    MissingField,
    MissingOption,
    WrongType,
    WrongTarget,
    OtherLetters,
    /// Of a type that the API doesn't make.
    MissingByHand,
    WrongTypeByHand,
    /// A text that is to become an auto-number.
    Placeholder,
    /// Two links that should be each other's inverse are not.
    NotPaired,
    MissingView,
    OtherType,
    OtherPrimary,
    ExtraField,
    ExtraOption,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub severity: Severity,
    pub kind: DifferenceKind,
    pub table: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_do: Option<String>,
}

/// What the API neither makes nor tells, so that only a person can look after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reminder {
    pub table: &'static str,
    pub field: &'static str,
    /// Otherwise there is something to set.
    pub impossible: bool,
    pub what: &'static str,
}

const PROVISION: &str = "run `sales-engine airtable provision`";

/// Everything that is otherwise, by table, in the document's order.
pub fn differences(actual: &[ActualTable]) -> Vec<Difference> {
    let will_be_made: BTreeSet<_> = steps(actual).into_iter().filter_map(super::Step::field).collect();
    let mut found = Vec::new();
    for table in TABLES {
        let Some(there) = table_named(actual, table.name) else {
            let what = "the table is missing".to_owned();
            found.push(difference(DifferenceKind::MissingTable, table, None, what, Some(PROVISION.to_owned())));
            continue;
        };
        if there.name != table.name {
            let what = format!("the table is called `{}`", there.name);
            let to_do = format!("rename it to `{}`: names are told apart by their letters", table.name);
            found.push(difference(DifferenceKind::OtherLetters, table, None, what, Some(to_do)));
        }
        for field in table.fields {
            let is_coming = will_be_made.contains(&(table.name, field.name));
            field_differences(&mut found, actual, table, there, field, is_coming);
        }
        people_s_own(&mut found, actual, table, there);
    }
    found
}

/// What is to be looked after by hand in any base.
pub fn reminders() -> Vec<Reminder> {
    let mut found = Vec::new();
    for table in TABLES {
        for field in table.fields {
            if let Kind::Impossible(reason) = field.kind {
                found.push(Reminder { table: table.name, field: field.name, impossible: true, what: reason });
            }
            if let Some(what) = field.reminder {
                found.push(Reminder { table: table.name, field: field.name, impossible: false, what });
            }
        }
    }
    found
}

fn field_differences(
    found: &mut Vec<Difference>,
    actual: &[ActualTable],
    table: &'static Table,
    there: &ActualTable,
    field: &'static Field,
    is_coming: bool,
) {
    if matches!(field.kind, Kind::Impossible(_)) {
        return;
    }
    let mut tell = |kind: DifferenceKind, what: String, to_do: Option<String>| {
        found.push(difference(kind, table, Some(field.name), what, to_do));
    };
    let type_name = people_say(field.kind);
    let Some(actual_field) = there.field_named(field.name) else {
        let what = format!("the field is missing ({type_name})");
        let (kind, to_do) = match field.kind.link().map(|link| (link.table, link.side)) {
            _ if !field.kind.can_be_made() => (DifferenceKind::MissingByHand, instruction(table.name, field, false)),
            Some((other, Side::Made { inverse: of } | Side::Inverse { of })) if !is_coming => {
                let to_do = format!(
                    "{other}.{of} is not a link whose inverse could be it: delete or rename that field (a link's cells \
                     are lost with it), then {PROVISION}"
                );
                (DifferenceKind::MissingField, to_do)
            }
            Some(_) | None => (DifferenceKind::MissingField, PROVISION.to_owned()),
        };
        return tell(kind, what, Some(to_do));
    };
    if actual_field.name != field.name {
        let to_do = if is_coming { PROVISION.to_owned() } else { format!("rename it to `{}`", field.name) };
        tell(DifferenceKind::OtherLetters, format!("the field is called `{}`", actual_field.name), Some(to_do));
    }
    let is = format!("the type is `{}`, not {type_name}", actual_field.field_type);
    let is_primary = there.primary_field_id == actual_field.id;
    match fit(field.kind, &actual_field.field_type, is_primary) {
        Fit::Right => contents(&mut tell, actual, field, actual_field),
        Fit::Close => tell(DifferenceKind::OtherType, is, None),
        Fit::Placeholder => {
            let what = format!("a text stands for what is to be {type_name}");
            tell(DifferenceKind::Placeholder, what, Some(instruction(table.name, field, true)));
        }
        Fit::Wrong if field.kind.can_be_made() => {
            let to_do = "change the type in Airtable (menu of the field, Edit field), or rename the field and provision again; \
                         nothing here changes a type, since cells could be lost";
            tell(DifferenceKind::WrongType, is, Some(to_do.to_owned()));
        }
        Fit::Wrong => tell(DifferenceKind::WrongTypeByHand, is, Some(instruction(table.name, field, true))),
    }
}

/// Options, target and inverse of a field that has the right type.
fn contents(
    tell: &mut impl FnMut(DifferenceKind, String, Option<String>),
    actual: &[ActualTable],
    field: &Field,
    there: &ActualField,
) {
    let options = field.kind.options();
    for &option in options.iter().filter(|&&option| there.choices.iter().all(|choice| choice != option)) {
        let near = there.choices.iter().find(|choice| choice.to_lowercase() == option.to_lowercase());
        let to_do = match near {
            Some(near) => format!("rename the option `{near}`: menu of the field, Edit field"),
            None => "add the option: menu of the field, Edit field, Add option".to_owned(),
        };
        tell(DifferenceKind::MissingOption, format!("the option `{option}` is missing"), Some(to_do));
    }
    let is_known = |choice: &String| options.iter().any(|option| option.to_lowercase() == choice.to_lowercase());
    for choice in there.choices.iter().filter(|choice| !options.is_empty() && !is_known(choice)) {
        tell(DifferenceKind::ExtraOption, format!("the option `{choice}` is not in the document"), None);
    }
    let Some(link) = field.kind.link() else { return };
    let target = table_named(actual, link.table).map(|table| table.id.as_str());
    if target.is_none() || there.linked_table_id.as_deref() != target {
        let goes_to = actual.iter().find(|table| Some(&table.id) == there.linked_table_id.as_ref());
        let goes_to = goes_to.map_or("an unknown table", |table| &table.name);
        let to_do = format!("rename or delete it, then {PROVISION}: a link's table can't be changed");
        let what = format!("it links to {goes_to}, not to {}", link.table);
        return tell(DifferenceKind::WrongTarget, what, Some(to_do));
    }
    if let Side::Inverse { of } = link.side
        && field_of(actual, link.table, of).is_some()
        && inverse_in(actual, there, link.table).is_none_or(|inverse| inverse.name.to_lowercase() != of.to_lowercase())
    {
        let what = format!("it is not the inverse of {}.{of}", link.table);
        let to_do = format!("rename or delete it, rename the inverse of {}.{of} to `{}`", link.table, field.name);
        tell(DifferenceKind::NotPaired, what, Some(to_do));
    }
}

/// Views that are missing, another primary field, fields that people added.
fn people_s_own(found: &mut Vec<Difference>, actual: &[ActualTable], table: &'static Table, there: &ActualTable) {
    for view in table.views {
        if there.views.iter().all(|name| name.to_lowercase() != view.name.to_lowercase()) {
            let what = format!("the view `{}` is missing", view.name);
            let to_do = format!(
                "in the table {}: Create new, Grid view, name it `{}`; {}",
                table.name, view.name, view.setting
            );
            found.push(difference(DifferenceKind::MissingView, table, None, what, Some(to_do)));
        }
    }
    if let (Some(primary), Some(wanted)) = (there.field(&there.primary_field_id), table.fields.first())
        && primary.name.to_lowercase() != wanted.name.to_lowercase()
    {
        let what = format!("the primary field is `{}`, in the document it is `{}`", primary.name, wanted.name);
        found.push(difference(DifferenceKind::OtherPrimary, table, None, what, None));
    }
    let is_of_the_document = |extra: &ActualField| {
        let mut fields = table.fields.iter().filter_map(|field| there.field_named(field.name));
        fields.any(|field| field.id == extra.id)
    };
    for extra in there.fields.iter().filter(|extra| !is_of_the_document(extra) && !is_automatic(actual, extra)) {
        let what = format!("the field is not in the document ({})", extra.field_type);
        found.push(difference(DifferenceKind::ExtraField, table, Some(&extra.name), what, None));
    }
}

/// Whether a field is what Airtable made as the inverse of one of the document's links.
fn is_automatic(actual: &[ActualTable], extra: &ActualField) -> bool {
    TABLES.iter().any(|table| {
        let links = table.fields.iter().filter(|field| field.kind.link().is_some());
        let mut there = links.filter_map(|field| field_of(actual, table.name, field.name));
        there.any(|link| link.inverse_field_id.as_ref() == Some(&extra.id))
    })
}

fn difference(
    kind: DifferenceKind,
    table: &Table,
    field: Option<&str>,
    what: String,
    to_do: Option<String>,
) -> Difference {
    Difference { severity: kind.severity(), kind, table: table.name, field: field.map(str::to_owned), what, to_do }
}

impl DifferenceKind {
    pub const fn severity(self) -> Severity {
        match self {
            Self::MissingTable
            | Self::MissingField
            | Self::MissingOption
            | Self::WrongType
            | Self::WrongTarget
            | Self::OtherLetters => Severity::MustFix,
            Self::MissingByHand | Self::WrongTypeByHand | Self::Placeholder | Self::NotPaired | Self::MissingView => {
                Severity::ByHand
            }
            Self::OtherType | Self::OtherPrimary | Self::ExtraField | Self::ExtraOption => Severity::Note,
        }
    }
}
