//! Shadow mode: can the other flow's tables be read, are they what they should be, and not this engine's own?

use super::{Code, Finding};
use crate::config::ShadowConfig;
use crate::domain::ids::ClientId;
use crate::store::shadow::OtherTable;
use chrono::{DateTime, Utc};

const AT: &str = "shadow";
const ADDRESS: &str = "shadow.database_url";
/// Without these the two sides can't be held against each other.
const NEEDED: [(&str, &[&str]); 2] = [
    (
        "contacts",
        &[
            "contact_id",
            "client_id",
            "email",
            "lead_status",
            "pipeline_status",
            "campaign_status",
            "lead_email_status",
            "has_engaged",
            "airtable_lead_id",
            "created_at",
        ],
    ),
    (
        "chat_history",
        &[
            "chat_id",
            "session_id",
            "message_status",
            "external_message_id",
            "message_content",
            "message_timestamp",
            "lead_id",
            "platform",
        ],
    ),
];

/// What was found of the other flow.
#[derive(Debug, Clone, Default)]
pub struct ShadowFacts {
    /// These are the tables of `database_url` itself.
    pub is_same_place: bool,
    pub tables: Vec<OtherTable>,
    /// Clients of the configuration whom the other flow has no contact of.
    pub clients_unknown: Vec<ClientId>,
    /// None before `serve` copied how the other flow's contacts stand.
    pub began_at: Option<DateTime<Utc>>,
}

/// Its tables could not be asked for at all.
pub fn unreadable(why: &str) -> Finding {
    let why = why.strip_prefix("database_url: ").unwrap_or(why);
    let to_do = "check the address, the role and its password, and that the server or file is there (docs/shadow.md)";
    Finding::new(Code::ShadowUnreadable, ADDRESS, why, to_do)
}

/// Through such an address what a session was told is another client's.
pub fn pooled() -> Finding {
    let what = "the address is that of a transaction pooler: `read only` and the schema are another client's there";
    Finding::new(Code::DatabasePooler, ADDRESS, what, "use the session pooler or the direct connection, port 5432")
}

/// Nobody else is called; that is how it is meant.
pub fn left_alone(config: &ShadowConfig) -> Finding {
    let what = match config.left_alone.as_slice() {
        [] => "no outside service is called".to_owned(),
        some => format!("no outside service is called; left alone: {}", some.join(", ")),
    };
    Finding::well(Code::ShadowLeftAlone, AT, what)
}

pub fn findings(facts: &ShadowFacts) -> Vec<Finding> {
    if facts.is_same_place {
        let what = "it names the tables of `database_url` itself: `serve` does not start, so that nothing is adopted";
        let to_do = "give the shadow tables of its own: a schema on PostgreSQL, a file on SQLite (docs/shadow.md)";
        return vec![Finding::new(Code::ShadowSamePlace, AT, what, to_do)];
    }
    let mut findings: Vec<Finding> = facts.tables.iter().filter_map(table).collect();
    if !findings.is_empty() {
        return findings;
    }
    findings.extend(facts.clients_unknown.iter().map(|client| {
        let what = "the other flow has no contact of this client: everything of it will be missing there";
        let to_do =
            "is it written otherwise in its `client_id`? Name the section as it stands there, or leave the client out";
        Finding::new(Code::ShadowClientUnknown, format!("clients.{client}"), what, to_do)
    }));
    let what = match facts.began_at {
        Some(began_at) => {
            format!("the other flow's tables can be read; compared since {}", began_at.format("%F %R UTC"))
        }
        None => "the other flow's tables can be read; `serve` begins the comparison".to_owned(),
    };
    findings.push(Finding::well(Code::ShadowWell, AT, what));
    findings
}

/// The first thing that is wrong with a table: the others follow from it.
fn table(table: &OtherTable) -> Option<Finding> {
    let at = format!("shadow table {}", table.name);
    if table.columns.is_empty() {
        let what = "the other flow has no such table there, or this role may not use its schema";
        let to_do = "check [shadow] schema and database_url; GRANT USAGE on the schema and SELECT on both tables";
        return Some(Finding::new(Code::ShadowTableMissing, at, what, to_do));
    }
    if table.is_forbidden {
        let to_do = "GRANT SELECT on it to the role of [shadow] database_url";
        return Some(Finding::new(Code::ShadowForbidden, at, "the role may not read it", to_do));
    }
    let needed = NEEDED.iter().filter(|(name, _)| *name == table.name).flat_map(|(_, columns)| columns.iter());
    let lacking: Vec<&str> =
        needed.filter(|column| !table.columns.iter().any(|there| there == *column)).copied().collect();
    let other_form = match (lacking.as_slice(), &table.refused) {
        ([], None) => None,
        ([], Some(refused)) => Some(format!("it can't be read as the owner's table: {refused}")),
        (some, _) => Some(format!("it lacks columns of the owner's table: {}", some.join(", "))),
    };
    if let Some(what) = other_form {
        let to_do = "name the schema or database with the owner's tables, or give the shadow views in their form";
        return Some(Finding::new(Code::ShadowOtherForm, at, what, to_do));
    }
    table.hides_rows.then(|| {
        let what = "row level security hides its rows from the role: everything will be missing there";
        let to_do = "CREATE POLICY … FOR SELECT TO the role of [shadow] database_url USING (TRUE)";
        Finding::new(Code::ShadowHidesRows, at, what, to_do)
    })
}
