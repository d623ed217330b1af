//! Lead Lists: batches of contacts, planned here and imported into the database.

use super::{Field, Kind, Table, View, link};

const STATUS: &[&str] = &["Planning", "Active", "Processing", "Completed", "Archived"];
const SOURCE_TYPE: &[&str] = &["CSV Import", "Clay Table", "Google Sheet", "Google Drive CSV", "Manual", "Other"];

pub(super) const TABLE: Table = Table {
    name: "Lead Lists",
    description: "Batches of contacts; setting Status to Active starts the import.",
    fields: FIELDS,
    views: VIEWS,
};

const VIEWS: &[View] = &[
    View { name: "Planning", setting: "filter: Status is Planning" },
    View { name: "Active", setting: "filter: Status is Active" },
    View { name: "Completed", setting: "filter: Status is Completed" },
    View { name: "All Lists", setting: "no filter" },
    View { name: "By Client", setting: "group by Client" },
];

const FIELDS: &[Field] = &[
    Field::new("Lead List ID", Kind::AutoNumber, "The list's number.").required(),
    Field::new("List Name", Kind::Text, "What people call the list.").required(),
    Field::new("Client", link("Clients"), "Whose list it is.").required(),
    Field::new("Status", Kind::Select(STATUS), "How far the list is; Active starts the import.").required(),
    Field::new("Supabase List ID", Kind::Text, "The list in the database; written by Sales Engine."),
    Field::new("Source Type", Kind::Select(SOURCE_TYPE), "What kind of source it comes from.").required(),
    Field::new("Source URL", Kind::Url, "Where the source lies."),
    Field::new("Source Description", Kind::LongText, "More about the source."),
    Field::new("Description", Kind::LongText, "What the list is for."),
    Field::new("Target Audience", Kind::LongText, "Whom the list is to reach."),
    Field::new("Filters Applied", Kind::LongText, "By what the contacts were chosen."),
    Field::new("Expected Count", Kind::Number { precision: 0 }, "How many contacts there should be."),
    Field::new("Total Contacts", Kind::Number { precision: 0 }, "How many were imported; written by Sales Engine."),
    Field::new(
        "Contacts in Campaigns",
        Kind::Number { precision: 0 },
        "How many are in a campaign; written by Sales Engine.",
    ),
    Field::new("Import Started At", Kind::DateTime, "When the import began."),
    Field::new("Import Completed At", Kind::DateTime, "When the import was done."),
    Field::new("Last Sync", Kind::DateTime, "When it was last compared with the database."),
    Field::new("Auto Create Supabase List", Kind::Checkbox, "Make the list in the database once it is Active.")
        .required()
        .remind("switch its default on: menu of the field, Edit field, Default: checked"),
    Field::new("Auto Enrich", Kind::Checkbox, "Enrich the contacts after the import."),
    Field::new("Auto Add to Campaign", Kind::Checkbox, "Put the contacts into the target campaign after the import."),
    Field::new("Target Campaign", link("Campaigns"), "The campaign that they are put into."),
    Field::new("Created Date", Kind::CreatedTime, "When the list was made.").required(),
    Field::new("Modified Date", Kind::LastModifiedTime, "When it last changed.").required(),
    Field::new("Created By", Kind::CreatedBy, "Who made it.").required(),
];
