//! How an actual field's type fits the document's, and how a person makes what the API can't.

use super::{Field, Kind, Recipe};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Right,
    /// Another type that takes the same values.
    Close,
    /// A text that was made because the API makes no auto-number.
    Placeholder,
    Wrong,
}

pub(super) fn fit(kind: Kind, actual: &str, is_primary: bool) -> Fit {
    let close: &[&str] = match kind {
        _ if kind.field_type() == actual => return Fit::Right,
        // The document leaves the choice between a select and a user, and between formula, rollup and count.
        Kind::Collaborator if actual == "singleSelect" => return Fit::Right,
        Kind::Computed(_) if matches!(actual, "formula" | "rollup" | "count") => return Fit::Right,
        Kind::AutoNumber if is_primary && actual == "singleLineText" => return Fit::Placeholder,
        Kind::Identity { written_by_engine: false } => &["autoNumber", "formula"],
        Kind::Text | Kind::Identity { written_by_engine: true } => &["multilineText"],
        Kind::LongText => &["richText"],
        Kind::Email | Kind::Phone | Kind::Url => &["singleLineText", "multilineText"],
        Kind::Currency => &["number"],
        Kind::Collaborator => &["multipleCollaborators"],
        Kind::Select(_)
        | Kind::MultiSelect(_)
        | Kind::Number { .. }
        | Kind::Checkbox
        | Kind::Date
        | Kind::DateTime
        | Kind::Attachments
        | Kind::Link(_)
        | Kind::AutoNumber
        | Kind::CreatedTime
        | Kind::LastModifiedTime
        | Kind::CreatedBy
        | Kind::Computed(_)
        | Kind::Impossible(_) => &[],
    };
    if close.contains(&actual) { Fit::Close } else { Fit::Wrong }
}

/// What to click and to type for a field that the API doesn't make.
pub(super) fn instruction(table: &str, field: &Field, is_there: bool) -> String {
    let name = field.name;
    let begin = if is_there {
        format!("in the table {table}: menu of the field `{name}`, Edit field, choose the type")
    } else {
        format!("in the table {table}: + at the right end of the header, name the field `{name}`, choose the type")
    };
    let where_it_is = |filter: Option<&str>| match filter {
        Some(filter) => format!(", Only include linked records that meet conditions: {filter}"),
        None => String::new(),
    };
    let recipe = if let Kind::Computed(recipe) = field.kind { Some(recipe) } else { None };
    let rest = match recipe {
        Some(Recipe::Formula { formula, format }) => format!("; formula: {formula} ; formatting: {format}"),
        Some(Recipe::Count { link, only_where }) => {
            format!("; linked records to count: {link}{}", where_it_is(only_where))
        }
        Some(Recipe::Rollup { link, field, formula, only_where }) => format!(
            "; linked records to summarize: {link}, field: {field}{}, formula: {formula}, formatting: currency",
            where_it_is(only_where)
        ),
        None => String::new(),
    };
    format!("{begin} {}{rest}", people_say(field.kind))
}

/// The type as Airtable's menus call it.
pub(super) const fn people_say(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Identity { .. } => "Single line text",
        Kind::LongText => "Long text",
        Kind::Email => "Email",
        Kind::Phone => "Phone number",
        Kind::Url => "URL",
        Kind::Select(_) => "Single select",
        Kind::MultiSelect(_) => "Multiple select",
        Kind::Number { .. } => "Number",
        Kind::Currency => "Currency",
        Kind::Checkbox => "Checkbox",
        Kind::Date => "Date",
        Kind::DateTime => "Date with a time",
        Kind::Attachments => "Attachment",
        Kind::Collaborator => "User",
        Kind::Link(_) | Kind::Impossible(_) => "Link to another record",
        Kind::AutoNumber => "Autonumber",
        Kind::CreatedTime => "Created time",
        Kind::LastModifiedTime => "Last modified time",
        Kind::CreatedBy => "Created by",
        Kind::Computed(Recipe::Formula { .. }) => "Formula",
        Kind::Computed(Recipe::Count { .. }) => "Count",
        Kind::Computed(Recipe::Rollup { .. }) => "Rollup",
    }
}
