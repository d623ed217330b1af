//! Products: what is sold.

use super::{Field, IDENTITY, Kind, Table, inverse_of, link, link_with};

pub(super) const TABLE: Table =
    Table { name: "Products", description: "Products and services that are sold.", fields: FIELDS, views: &[] };

const FIELDS: &[Field] = &[
    Field::new("product_id", Kind::Identity { written_by_engine: false }, "The product's identity, a UUID.")
        .required()
        .remind(IDENTITY),
    Field::new("product_name", Kind::Text, "What it is called.").required(),
    Field::new("slug", Kind::Text, "Its name for web addresses."),
    Field::new("description", Kind::LongText, "All about it."),
    Field::new("short_description", Kind::LongText, "It in at most 200 characters."),
    Field::new("price", Kind::Currency, "What it costs, in US dollars."),
    Field::new(
        "payment_schedule",
        Kind::Select(&["One-time", "Monthly", "Quarterly", "Yearly"]),
        "How often it is paid.",
    ),
    Field::new("ideal_client", Kind::LongText, "Whom it suits."),
    Field::new("bad_client", Kind::LongText, "Whom it does not suit."),
    Field::new("features", Kind::LongText, "What it has."),
    Field::new("benefits", Kind::LongText, "What it is good for."),
    Field::new("product_pages", inverse_of("Documents", "linked_products"), "Pages and documents about it."),
    Field::new("lead_magnet", link("Documents"), "What is given away to win leads for it."),
    Field::new("interested_leads", inverse_of("Leads", "Interested In"), "Leads that ask for it."),
    Field::new("clients_using", link_with("Clients", "products_using"), "Clients that have it."),
    Field::new("is_active", Kind::Checkbox, "Whether it is on offer.")
        .required()
        .remind("switch its default on: menu of the field, Edit field, Default: checked"),
    Field::new("created_date", Kind::CreatedTime, "When it was put here.").required(),
    Field::new("modified_date", Kind::LastModifiedTime, "When it last changed.").required(),
];
