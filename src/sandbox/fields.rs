//! The Leads table of the owner's document: fields, types and options.

use serde_json::Value;

/// What a cell takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    Text,
    Number,
    Checkbox,
    Date,
    Select(&'static [&'static str]),
    Links,
    /// Formula, auto-number, created and modified: never written.
    Computed,
}

const YES_NO: &[&str] = &["Yes", "No", "Maybe"];
const YES_UNSURE: &[&str] = &["Yes", "No", "Unsure"];
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
const ENGAGEMENT: &[&str] = &["Email Reply", "Meeting Booked", "Inbound", "Referral", "Manual"];

pub(super) const LEADS: &[(&str, Type)] = &[
    ("Lead ID", Type::Computed),
    ("Email", Type::Text),
    ("First Name", Type::Text),
    ("Last Name", Type::Text),
    ("Full Name", Type::Computed),
    ("Phone", Type::Text),
    ("Company Name", Type::Text),
    ("Job Title", Type::Text),
    ("Company Website", Type::Text),
    ("LinkedIn URL", Type::Text),
    ("Lead Status", Type::Select(LEAD_STATUS)),
    ("Pipeline Stage", Type::Select(PIPELINE_STAGE)),
    ("Lead Score", Type::Number),
    ("Assigned To", Type::Text),
    ("Follow-up Date", Type::Date),
    ("Follow-up Reason", Type::Text),
    ("Next Action", Type::Text),
    ("Interested In", Type::Links),
    ("Budget", Type::Number),
    ("Timeline", Type::Text),
    ("Deal Value", Type::Number),
    ("Decision Maker?", Type::Checkbox),
    ("MRR Potential", Type::Number),
    ("Ready to Take Action?", Type::Select(YES_NO)),
    ("Willing to Invest?", Type::Select(YES_UNSURE)),
    ("Biggest Challenge", Type::Text),
    ("Dreams", Type::Text),
    ("Goals", Type::Text),
    ("Objections", Type::Text),
    ("Questions", Type::Text),
    ("Blockers", Type::Text),
    ("Pain Points", Type::Text),
    ("Last Conversation Summary", Type::Text),
    ("Engagement Source", Type::Select(ENGAGEMENT)),
    ("First Reply Date", Type::Date),
    ("Supabase Contact ID", Type::Text),
    ("Campaign", Type::Links),
    ("Client", Type::Links),
    ("Internal Notes", Type::Text),
    ("Call Notes", Type::Text),
    ("Meeting Notes", Type::Text),
    ("Created Date", Type::Computed),
    ("Modified Date", Type::Computed),
    ("Created By", Type::Computed),
];

/// Airtable's error type for a cell that can't be written, with its message; none where it can.
pub(super) fn fault(name: &str, value: &Value) -> Option<(&'static str, String)> {
    let Some((_, kind)) = LEADS.iter().find(|(field, _)| *field == name) else {
        return Some(("UNKNOWN_FIELD_NAME", format!("Unknown field name: \"{name}\"")));
    };
    let fits = match kind {
        Type::Computed => {
            let message = format!("Field \"{name}\" cannot accept a value because the field is computed");
            return Some(("INVALID_VALUE_FOR_COLUMN", message));
        }
        _ if value.is_null() => true,
        Type::Text => value.is_string(),
        Type::Number => value.is_number(),
        Type::Checkbox => value.is_boolean(),
        Type::Date => value.as_str().is_some_and(|text| chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()),
        Type::Links => value.as_array().is_some_and(|links| links.iter().all(Value::is_string)),
        Type::Select(options) => match value.as_str() {
            Some(option) if options.contains(&option) => true,
            Some(option) => {
                let message = format!("Insufficient permissions to create new select option \"{option}\"");
                return Some(("INVALID_MULTIPLE_CHOICE_OPTIONS", message));
            }
            None => false,
        },
    };
    (!fits).then(|| ("INVALID_VALUE_FOR_COLUMN", format!("Field \"{name}\" cannot accept the provided value")))
}
