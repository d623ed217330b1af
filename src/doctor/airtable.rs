//! Airtable: the base against the owner's document, what the token may read, and the webhook that tells of people's changes.

use super::outside::{Codes, Trouble, trouble};
use super::{Code, Finding};
use crate::config::AirtableConfig;
use crate::domain::airtable_base::{ActualTable, Severity as Gravity, differences, table_named};
use chrono::{DateTime, Utc};

const CODES: Codes = Codes { denied: Code::AirtableDenied, unknown: Code::AirtableUnknown };
const DENIED: &str = "is [airtable] token right, has it the scope schema.bases:read, is this base in its list?";
const UNKNOWN: &str = "check [airtable] base_id, and that the token's list has this base";
const LEADS: &str = "Leads";
/// Named of many.
const EXAMPLES_MAX: usize = 3;

/// What was asked, one after the other; none where an earlier answer made it useless.
#[derive(Debug, Clone, Default)]
pub struct AirtableFacts {
    pub schema: Option<Result<Vec<ActualTable>, Trouble>>,
    /// Reading one page of the table of leads.
    pub records: Option<Result<(), Trouble>>,
    /// Asked for where pings are wanted.
    pub webhooks: Option<Result<Vec<WebhookFacts>, Trouble>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookFacts {
    pub url: Option<String>,
    pub is_on: bool,
    pub expires_at: Option<DateTime<Utc>>,
}

pub fn findings(config: &AirtableConfig, facts: &AirtableFacts, now: DateTime<Utc>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &facts.schema {
        Some(Ok(tables)) => findings.extend(base(config, tables)),
        Some(Err(why)) => {
            let to_do = if matches!(why, Trouble::Unknown(_)) { UNKNOWN } else { DENIED };
            findings.push(trouble(why, CODES, "airtable.token", to_do));
        }
        None => {}
    }
    let scopes = Codes { denied: Code::AirtableScope, unknown: Code::AirtableLeadsTable };
    if let Some(Err(why)) = &facts.records {
        let to_do =
            "give the token data.records:read and data.records:write (whether it may write shows only by writing)";
        findings.push(trouble(why, scopes, "airtable.token", to_do));
    }
    match &facts.webhooks {
        Some(Ok(webhooks)) => findings.extend(webhook(config, webhooks, now)),
        Some(Err(why)) => {
            findings.push(trouble(why, scopes, "airtable.token", "give the token the scope webhook:manage"));
        }
        None => {}
    }
    if findings.iter().all(|finding| finding.severity != super::Severity::Fault) {
        findings.push(Finding::well(Code::AirtableWell, "airtable", "the base is there, and the token may read it"));
    }
    findings
}

fn base(config: &AirtableConfig, tables: &[ActualTable]) -> Vec<Finding> {
    let differences = differences(tables);
    let of = |gravity: Gravity, code: Code, to_do: &str| {
        let found: Vec<String> = differences
            .iter()
            .filter(|difference| difference.severity == gravity)
            .map(|difference| {
                let field = difference.field.as_deref().map(|field| format!(".{field}")).unwrap_or_default();
                format!("{}{field} {}", difference.table, difference.what)
            })
            .collect();
        let some: Vec<&str> = found.iter().take(EXAMPLES_MAX).map(String::as_str).collect();
        let what = format!("{} differences from the document: {}", found.len(), some.join("; "));
        (!found.is_empty()).then(|| Finding::new(code, "airtable.base_id", what, to_do))
    };
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(of(
        Gravity::MustFix,
        Code::AirtableDiffers,
        "`sales-engine airtable check` tells all; `airtable provision` makes them",
    ));
    findings.extend(of(
        Gravity::ByHand,
        Code::AirtableByHand,
        "`sales-engine airtable check` tells what to make by hand",
    ));
    // That of the document was told already.
    if config.leads_table != LEADS && table_named(tables, &config.leads_table).is_none() {
        let what = format!("the base has no table `{}`", config.leads_table);
        findings.push(Finding::new(
            Code::AirtableLeadsTable,
            "airtable.leads_table",
            what,
            "name the table of leads, or make it",
        ));
    }
    findings
}

fn webhook(config: &AirtableConfig, webhooks: &[WebhookFacts], now: DateTime<Utc>) -> Option<Finding> {
    let url = config.webhook_url.as_deref()?;
    let at = "airtable.webhook_url";
    let Some(ours) = webhooks.iter().find(|webhook| webhook.url.as_deref() == Some(url)) else {
        let what = "the base has no webhook with this address: people's changes come only by polling";
        return Some(Finding::new(Code::AirtableWebhookMissing, at, what, "run `sales-engine airtable webhook`"));
    };
    if ours.expires_at.is_some_and(|expires_at| expires_at <= now) {
        let what = "the webhook lapsed, as each does after seven days without a renewal";
        let to_do = "is `serve` running with the schedule on? Then run `sales-engine airtable webhook`";
        return Some(Finding::new(Code::AirtableWebhookExpired, at, what, to_do));
    }
    (!ours.is_on).then(|| {
        let what = "Airtable gave up on its pings, because they were not answered";
        let to_do = "can the address be reached from outside? `serve` switches the pings on again";
        Finding::new(Code::AirtableWebhookOff, at, what, to_do)
    })
}
