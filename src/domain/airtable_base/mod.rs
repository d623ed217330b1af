//! The base of the owner's document: its six Airtable tables as data, what an actual base lacks of them, and the steps that
//! make it. Airtable's API can't make every type of field; what is left has an instruction for a person.

mod campaigns;
mod clients;
mod compare;
mod documents;
mod fit;
mod lead_lists;
mod leads;
mod plan;
mod products;
mod simulate;
#[cfg(test)]
mod tests;

pub use compare::{Difference, DifferenceKind, Reminder, Severity, differences, reminders};
pub use plan::{Step, steps};
pub use simulate::after;

/// The tables in the order in which they are made.
pub const TABLES: &[Table] =
    &[leads::TABLE, lead_lists::TABLE, campaigns::TABLE, documents::TABLE, products::TABLE, clients::TABLE];

/// A table as the document has it; its first field is the primary one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    pub name: &'static str,
    pub description: &'static str,
    pub fields: &'static [Field],
    pub views: &'static [View],
}

/// A view that people make; the API can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    pub name: &'static str,
    /// The filter or the grouping, as a person sets it.
    pub setting: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    /// The document's mark; Airtable holds nobody to it.
    pub required: bool,
    /// Shown in Airtable beside the field.
    pub description: &'static str,
    /// What a person sets on the field that the API neither sets nor tells.
    pub reminder: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Text that holds a UUID as the record's identity. An auto-number does where nobody writes it.
    Identity {
        written_by_engine: bool,
    },
    LongText,
    Email,
    Phone,
    Url,
    /// Without options where the document names none: people add theirs.
    Select(&'static [&'static str]),
    MultiSelect(&'static [&'static str]),
    Number {
        precision: u8,
    },
    /// In US dollars, with cents.
    Currency,
    Checkbox,
    Date,
    DateTime,
    Attachments,
    Collaborator,
    Link(Link),
    /// Made as a text where it is the primary field, so that the table can be made at all.
    AutoNumber,
    CreatedTime,
    LastModifiedTime,
    CreatedBy,
    /// A formula, rollup or count, with what is to be set on it.
    Computed(Recipe),
    /// What it would link to is not in the base.
    Impossible(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    pub table: &'static str,
    pub side: Side,
}

/// Airtable makes every link with an inverse in the other table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The document has no name for the inverse: it keeps the one that Airtable gives it.
    Alone,
    /// This link is made, and its inverse gets this name.
    Made { inverse: &'static str },
    /// This link is the inverse of that one.
    Inverse { of: &'static str },
}

/// How a person makes a computed field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    Formula { formula: &'static str, format: &'static str },
    Count { link: &'static str, only_where: Option<&'static str> },
    Rollup { link: &'static str, field: &'static str, formula: &'static str, only_where: Option<&'static str> },
}

/// A table as Airtable tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActualTable {
    pub id: String,
    pub name: String,
    pub primary_field_id: String,
    pub fields: Vec<ActualField>,
    pub views: Vec<String>,
}

/// A field as Airtable tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActualField {
    pub id: String,
    pub name: String,
    /// Airtable's own word, such as `singleSelect`.
    pub field_type: String,
    /// The options of a select.
    pub choices: Vec<String>,
    /// What a link goes to, and the field there that is its inverse.
    pub linked_table_id: Option<String>,
    pub inverse_field_id: Option<String>,
}

impl Kind {
    /// Airtable's word for the type.
    pub const fn field_type(self) -> &'static str {
        match self {
            Self::Text | Self::Identity { .. } => "singleLineText",
            Self::LongText => "multilineText",
            Self::Email => "email",
            Self::Phone => "phoneNumber",
            Self::Url => "url",
            Self::Select(_) => "singleSelect",
            Self::MultiSelect(_) => "multipleSelects",
            Self::Number { .. } => "number",
            Self::Currency => "currency",
            Self::Checkbox => "checkbox",
            Self::Date => "date",
            Self::DateTime => "dateTime",
            Self::Attachments => "multipleAttachments",
            Self::Collaborator => "singleCollaborator",
            Self::Link(_) | Self::Impossible(_) => "multipleRecordLinks",
            Self::AutoNumber => "autoNumber",
            Self::CreatedTime => "createdTime",
            Self::LastModifiedTime => "lastModifiedTime",
            Self::CreatedBy => "createdBy",
            Self::Computed(Recipe::Formula { .. }) => "formula",
            Self::Computed(Recipe::Count { .. }) => "count",
            Self::Computed(Recipe::Rollup { .. }) => "rollup",
        }
    }

    /// Whether the API makes a field of this kind.
    pub const fn can_be_made(self) -> bool {
        match self {
            Self::Text
            | Self::Identity { .. }
            | Self::LongText
            | Self::Email
            | Self::Phone
            | Self::Url
            | Self::Select(_)
            | Self::MultiSelect(_)
            | Self::Number { .. }
            | Self::Currency
            | Self::Checkbox
            | Self::Date
            | Self::DateTime
            | Self::Attachments
            | Self::Collaborator
            | Self::Link(_) => true,
            Self::AutoNumber
            | Self::CreatedTime
            | Self::LastModifiedTime
            | Self::CreatedBy
            | Self::Computed(_)
            | Self::Impossible(_) => false,
        }
    }

    /// What the API makes for it: a text stands for a primary auto-number.
    #[must_use]
    pub const fn made_as(self) -> Self {
        if let Self::AutoNumber = self { Self::Text } else { self }
    }

    pub const fn link(self) -> Option<Link> {
        if let Self::Link(link) = self { Some(link) } else { None }
    }

    /// The options of a select; none for other kinds.
    pub const fn options(self) -> &'static [&'static str] {
        if let Self::Select(options) | Self::MultiSelect(options) = self { options } else { &[] }
    }
}

impl Field {
    const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, kind, required: false, description, reminder: None }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn remind(self, reminder: &'static str) -> Self {
        Self { reminder: Some(reminder), ..self }
    }
}

const IDENTITY: &str = "Sales Engine doesn't fill it: put a UUID in for each record, or change its type to Autonumber";

/// A link whose inverse the document does not name.
const fn link(table: &'static str) -> Kind {
    Kind::Link(Link { table, side: Side::Alone })
}

/// A link that is made, and whose inverse the document names.
const fn link_with(table: &'static str, inverse: &'static str) -> Kind {
    Kind::Link(Link { table, side: Side::Made { inverse } })
}

/// The other side of such a link.
const fn inverse_of(table: &'static str, of: &'static str) -> Kind {
    Kind::Link(Link { table, side: Side::Inverse { of } })
}

/// What has this name: exactly, else in other letters. Airtable takes no two names that differ in letters only.
fn named<'a, T>(things: &'a [T], name: &str, name_of: impl Fn(&T) -> &str) -> Option<&'a T> {
    let folded = name.to_lowercase();
    things
        .iter()
        .find(|thing| name_of(thing) == name)
        .or_else(|| things.iter().find(|thing| name_of(thing).to_lowercase() == folded))
}

/// The actual table of this name.
pub fn table_named<'a>(tables: &'a [ActualTable], name: &str) -> Option<&'a ActualTable> {
    named(tables, name, |table| &table.name)
}

impl ActualTable {
    /// The field of this name.
    pub fn field_named(&self, name: &str) -> Option<&ActualField> {
        named(&self.fields, name, |field| &field.name)
    }

    /// The field of this id.
    pub fn field(&self, id: &str) -> Option<&ActualField> {
        self.fields.iter().find(|field| field.id == id)
    }
}
