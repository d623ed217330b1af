//! Campaigns and their figures.

use super::{Field, IDENTITY, Kind, Recipe, Table, inverse_of, link};

const COUNT: Kind = Kind::Number { precision: 0 };
const TOTAL_LEADS: Recipe = Recipe::Count { link: "leads", only_where: None };
const INTERESTED: Recipe = Recipe::Count { link: "leads", only_where: Some("Lead Status is Interested") };
const NOT_INTERESTED: Recipe = Recipe::Count { link: "leads", only_where: Some("Lead Status is Not Interested") };
const CLOSED_DEALS: Recipe = Recipe::Count { link: "leads", only_where: Some("Lead Status is Won") };
const REPLY_RATE: Recipe = Recipe::Formula {
    formula: "IF({emails_sent}, {replies} / {emails_sent}, 0)",
    format: "percent, one decimal place",
};
const REVENUE: Recipe = Recipe::Rollup {
    link: "leads",
    field: "Deal Value",
    formula: "SUM(values)",
    only_where: Some("Lead Status is Won"),
};

pub(super) const TABLE: Table =
    Table { name: "Campaigns", description: "Cold e-mail campaigns and how they do.", fields: FIELDS, views: &[] };

const FIELDS: &[Field] = &[
    Field::new("campaign_id", Kind::Identity { written_by_engine: false }, "The campaign's identity, a UUID.")
        .required()
        .remind(IDENTITY),
    Field::new("campaign_name", Kind::Text, "What people call the campaign.").required(),
    Field::new("campaign_description", Kind::LongText, "What it is for."),
    Field::new("status", Kind::Select(&["Active", "Paused", "Completed"]), "Whether it runs.").required(),
    Field::new("platform", Kind::Select(&["Smart Lead", "Instantly", "Other"]), "What sends its mails.").required(),
    Field::new("platform_campaign_id", Kind::Text, "Its id there; Sales Engine finds the campaign by it."),
    Field::new("email_sequence", link("Documents"), "The mails of its sequence."),
    Field::new("target_audience", Kind::LongText, "Whom it is to reach."),
    Field::new("created_date", Kind::CreatedTime, "When it was made.").required(),
    Field::new("start_date", Kind::Date, "When it began to send."),
    Field::new("end_date", Kind::Date, "When it stopped."),
    Field::new("leads", inverse_of("Leads", "Campaign"), "The leads that it made."),
    Field::new("total_leads", Kind::Computed(TOTAL_LEADS), "How many leads it made."),
    Field::new("emails_sent", COUNT, "How many mails it sent; written by Sales Engine."),
    Field::new("replies", COUNT, "How many replies it got; written by Sales Engine."),
    Field::new("reply_rate", Kind::Computed(REPLY_RATE), "Replies for each mail."),
    Field::new("interested", Kind::Computed(INTERESTED), "How many leads are interested."),
    Field::new("not_interested", Kind::Computed(NOT_INTERESTED), "How many leads said no."),
    Field::new("meetings_booked", COUNT, "How many meetings came of it; written by Sales Engine."),
    Field::new("closed_deals", Kind::Computed(CLOSED_DEALS), "How many deals were won."),
    Field::new("revenue_generated", Kind::Computed(REVENUE), "What the won deals bring."),
    Field::new("last_analytics_update", Kind::DateTime, "When its figures were last written."),
    Field::new("webhook_url", Kind::Url, "Where its platform posts to."),
    Field::new("created_by", Kind::CreatedBy, "Who made it.").required(),
    Field::new("notes", Kind::LongText, "Notes about it."),
];
