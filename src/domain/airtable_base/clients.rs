//! Clients: the leads that were won.

use super::{Field, Kind, Recipe, Table, inverse_of, link};

const TOTAL_REVENUE: Recipe =
    Recipe::Rollup { link: "converted_from_lead", field: "Deal Value", formula: "SUM(values)", only_where: None };

pub(super) const TABLE: Table =
    Table { name: "Clients", description: "Leads that became paying clients.", fields: FIELDS, views: &[] };

const FIELDS: &[Field] = &[
    Field::new(
        "client_id",
        Kind::Identity { written_by_engine: true },
        "The client's identity, a UUID; Sales Engine finds the client by it.",
    )
    .required(),
    Field::new("client_name", Kind::Text, "The client's or its company's name.").required(),
    Field::new("converted_from_lead", inverse_of("Leads", "Client"), "The lead that it was."),
    Field::new("conversion_date", Kind::Date, "When it became a client.").required(),
    Field::new("primary_contact_name", Kind::Text, "Whom to talk to."),
    Field::new("primary_contact_email", Kind::Email, "That person's address.").required(),
    Field::new("company_website", Kind::Url, "The client's address on the web."),
    Field::new("client_status", Kind::Select(&["Active", "On Hold", "Churned"]), "Whether it is still a client.")
        .required(),
    Field::new("products_using", inverse_of("Products", "clients_using"), "What it has bought."),
    Field::new("monthly_recurring_revenue", Kind::Currency, "What it pays every month."),
    Field::new("total_revenue", Kind::Computed(TOTAL_REVENUE), "What it has brought in all."),
    Field::new("goals_document", link("Documents"), "What it wants to reach."),
    Field::new("expectations_document", link("Documents"), "What it expects of us."),
    Field::new("icp_document", link("Documents"), "Whom it sells to."),
    Field::new("offer_document", link("Documents"), "What we offered it."),
    Field::new("deliverables_document", link("Documents"), "What we owe it."),
    Field::new("all_documents", inverse_of("Documents", "linked_clients"), "Everything about it."),
    Field::new("slack_channel", Kind::Text, "The channel that is shared with it."),
    Field::new("slack_workspace", Kind::Text, "The workspace of that channel."),
    Field::new(
        "communication_history",
        Kind::Impossible(
            "the chat history is in the database, and Airtable links only to tables of its own base; see `sales-engine contact show`",
        ),
        "What was written to and fro.",
    ),
    Field::new("account_manager", Kind::Collaborator, "Who looks after it."),
    Field::new("client_health_score", Kind::Number { precision: 0 }, "How content it is, 1 to 10."),
    Field::new("last_interaction_date", Kind::DateTime, "When we last heard of each other."),
    Field::new("next_review_date", Kind::Date, "When to look at it again."),
    Field::new("notes", Kind::LongText, "Notes about it."),
    Field::new("created_date", Kind::CreatedTime, "When it was put here.").required(),
    Field::new("modified_date", Kind::LastModifiedTime, "When it last changed.").required(),
    Field::new("ai_context_summary", Kind::LongText, "The client in short, by AI."),
];
