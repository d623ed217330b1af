//! Documents: whatever is worth finding again by its meaning.

use super::{Field, Kind, Table, View, link, link_with};

const NAMESPACE: &[&str] = &["company_knowledge", "client_documents", "documents"];
const CONTEXT: &[&str] = &[
    // of the company
    "Company Info",
    "Product Page",
    "Sales Process",
    "Objection Handling",
    "Best Practice",
    "Training",
    "FAQ",
    "Template",
    "Pricing",
    // of a client
    "ICP Document",
    "Goals Document",
    "Offer Document",
    "Deliverables",
    "Client Call",
    "Client Meeting Notes",
    "Contract",
    "Onboarding Form",
    "Client Feedback",
    // of leads and campaigns
    "Sales Call",
    "Discovery Call",
    "Demo Call",
    "Lead Meeting Notes",
    "Testimonial",
    "Case Study",
    "Email Sequence",
    "Cold Email Copy",
    "Lead Research",
    "Proposal",
];
const SOURCE: &[&str] = &[
    "Google Drive",
    "Google Doc",
    "Notion",
    "Zoom",
    "Fathom",
    "Google Meet",
    "Loom",
    "YouTube",
    "Skool",
    "Website",
    "Typeform",
    "Slack",
    "Email",
    "Other",
];
const PROGRESS: &[&str] = &["Pending", "In Progress", "Complete", "Failed"];

pub(super) const TABLE: Table = Table {
    name: "Documents",
    description: "Texts, recordings and files of the company, its clients, leads and campaigns.",
    fields: FIELDS,
    views: VIEWS,
};

const VIEWS: &[View] = &[
    View { name: "Knowledge > All", setting: "no filter" },
    View { name: "Knowledge > Sales", setting: "filter: namespace is documents" },
    View { name: "Knowledge > Indexed", setting: "filter: indexed is checked" },
    View {
        name: "Automation > Transcribe",
        setting: "filter: source_media is not empty and transcription_status is none of Complete, Failed",
    },
    View { name: "Automation > Summarize", setting: "filter: content_text is not empty and ai_summary is empty" },
    View { name: "Automation > Index Row", setting: "filter: indexed is not checked and content_text is not empty" },
];

const FIELDS: &[Field] = &[
    Field::new("document_id", Kind::AutoNumber, "The document's number.").required(),
    Field::new("title", Kind::Text, "What it is called.").required(),
    Field::new("description", Kind::LongText, "What is in it."),
    Field::new("namespace", Kind::Select(NAMESPACE), "The part of the vector index that it belongs to.").required(),
    Field::new("context", Kind::Select(CONTEXT), "What kind of content it is.").required(),
    Field::new("source", Kind::Select(SOURCE), "Where it comes from."),
    Field::new("tags", Kind::MultiSelect(&[]), "Words to sort it by.")
        .remind("add your own options (the document names none): menu of the field, Edit field, Add option"),
    Field::new("source_url", Kind::Url, "Where the original lies."),
    Field::new("source_media", Kind::Attachments, "The original as a file."),
    Field::new("mime_type", Kind::Text, "The type of the file."),
    Field::new("content_text", Kind::LongText, "Its text, as it is indexed."),
    Field::new("content", Kind::Attachments, "Its text as a file."),
    Field::new("transcription_url", Kind::Url, "Where its transcript lies."),
    Field::new("linked_leads", link("Leads"), "The leads that it is about."),
    Field::new("linked_clients", link_with("Clients", "all_documents"), "The clients that it is about."),
    Field::new("linked_campaigns", link("Campaigns"), "The campaigns that it belongs to."),
    Field::new("linked_products", link_with("Products", "product_pages"), "The products that it is about."),
    Field::new("indexed", Kind::Checkbox, "Whether it is in the vector index; written by Sales Engine."),
    Field::new("ai_summary", Kind::LongText, "Its content in short, by AI."),
    Field::new("key_points", Kind::LongText, "What to keep of it, by AI."),
    Field::new("duration", Kind::Number { precision: 0 }, "How long a recording lasts, in minutes."),
    Field::new("file_size", Kind::Number { precision: 2 }, "How large the file is, in megabytes."),
    Field::new("transcription_status", Kind::Select(PROGRESS), "How far its transcript is."),
    Field::new("processing_status", Kind::Select(PROGRESS), "How far its processing is."),
    Field::new("created_date", Kind::CreatedTime, "When it was put here.").required(),
    Field::new("modified_date", Kind::LastModifiedTime, "When it last changed.").required(),
    Field::new("created_by", Kind::CreatedBy, "Who put it here.").required(),
];
