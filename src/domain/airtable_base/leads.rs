//! Leads: the contacts that engaged, and a person's work with them.

use super::{Field, Kind, Recipe, Table, link_with};

const LEAD_STATUS: &[&str] = &[
    "New",
    "Working",
    "Interested",
    "Not Interested",
    "Out of Office",
    "Ghosted",
    "No Show",
    "Qualified",
    "Won",
    "Lost",
];
const PIPELINE_STAGE: &[&str] = &[
    "Engaged",
    "Discovery",
    "Meeting Scheduled",
    "Meeting Complete",
    "Proposal Sent",
    "Negotiation",
    "Closed Won",
    "Closed Lost",
];
const ENGAGEMENT_SOURCE: &[&str] = &["Email Reply", "Meeting Booked", "Inbound", "Referral", "Manual"];
const FULL_NAME: Recipe = Recipe::Formula { formula: "TRIM({First Name} & ' ' & {Last Name})", format: "text" };

pub(super) const TABLE: Table = Table {
    name: "Leads",
    description: "Contacts that engaged; made by Sales Engine, worked on by people.",
    fields: FIELDS,
    views: &[],
};

const FIELDS: &[Field] = &[
    Field::new("Lead ID", Kind::AutoNumber, "The lead's number.").required(),
    Field::new("Email", Kind::Email, "The contact's address.").required(),
    Field::new("First Name", Kind::Text, "The contact's first name."),
    Field::new("Last Name", Kind::Text, "The contact's last name."),
    Field::new("Full Name", Kind::Computed(FULL_NAME), "Both names together."),
    Field::new("Phone", Kind::Phone, "The contact's number."),
    Field::new("Company Name", Kind::Text, "Where the contact works."),
    Field::new("Job Title", Kind::Text, "What the contact does there."),
    Field::new("Company Website", Kind::Url, "The company's address on the web."),
    Field::new("LinkedIn URL", Kind::Url, "The contact's profile."),
    Field::new("Lead Status", Kind::Select(LEAD_STATUS), "How things stand between us.").required(),
    Field::new("Pipeline Stage", Kind::Select(PIPELINE_STAGE), "How far the sale is.").required(),
    Field::new("Lead Score", Kind::Number { precision: 0 }, "How urgent it is, 1 to 10."),
    Field::new("Assigned To", Kind::Collaborator, "Whose lead it is."),
    Field::new("Follow-up Date", Kind::Date, "When to come back to it."),
    Field::new("Follow-up Reason", Kind::Text, "What to come back for."),
    Field::new("Next Action", Kind::Text, "The next thing to do."),
    Field::new("Interested In", link_with("Products", "interested_leads"), "The product that is asked for."),
    Field::new("Budget", Kind::Currency, "What they can probably spend."),
    Field::new("Timeline", Kind::Select(&[]), "When they mean to start.")
        .remind("add your own options (the document names none): menu of the field, Edit field, Add option"),
    Field::new("Deal Value", Kind::Currency, "What the deal may bring."),
    Field::new("Decision Maker?", Kind::Checkbox, "Whether this person decides."),
    Field::new("MRR Potential", Kind::Currency, "What it may bring every month."),
    Field::new("Ready to Take Action?", Kind::Select(&["Yes", "No", "Maybe"]), "Whether they would start now."),
    Field::new("Willing to Invest?", Kind::Select(&["Yes", "No", "Unsure"]), "Whether they would pay for it."),
    Field::new("Biggest Challenge", Kind::LongText, "What troubles them most."),
    Field::new("Dreams", Kind::LongText, "Where they want to be."),
    Field::new("Goals", Kind::LongText, "What they want to reach in particular."),
    Field::new("Objections", Kind::LongText, "What speaks against it in their eyes."),
    Field::new("Questions", Kind::LongText, "What they asked and still want to know."),
    Field::new("Blockers", Kind::LongText, "What stands in the way of the deal."),
    Field::new("Pain Points", Kind::LongText, "What hurts them today."),
    Field::new("Last Conversation Summary", Kind::LongText, "The conversation in short, by AI."),
    Field::new("Engagement Source", Kind::Select(ENGAGEMENT_SOURCE), "What made them a lead."),
    Field::new("First Reply Date", Kind::Date, "When they first wrote back."),
    Field::new("Supabase Contact ID", Kind::Text, "The contact in the database; Sales Engine finds the lead by it."),
    Field::new("Campaign", link_with("Campaigns", "leads"), "The campaign that reached them."),
    Field::new("Client", link_with("Clients", "converted_from_lead"), "The client that the lead became."),
    Field::new("Internal Notes", Kind::LongText, "Notes among the team."),
    Field::new("Call Notes", Kind::LongText, "Notes taken on calls."),
    Field::new("Meeting Notes", Kind::LongText, "Notes taken in meetings."),
    Field::new("Created Date", Kind::CreatedTime, "When it became a lead.").required(),
    Field::new("Modified Date", Kind::LastModifiedTime, "When it last changed.").required(),
    Field::new("Created By", Kind::CreatedBy, "Who made it.").required(),
];
