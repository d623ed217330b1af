//! Smartlead and Instantly: the key, and the webhooks that are registered there, with their scope.

use super::outside::{Codes, Trouble, trouble};
use super::{Code, Finding, Severity};
use crate::domain::ids::ClientId;
use std::collections::BTreeSet;

const CODES: Codes = Codes { denied: Code::PlatformDenied, unknown: Code::PlatformDenied };
const DENIED: &str = "check api_key and the plan: API and webhooks take a paid one";
/// What must be told, by Smartlead's names. (`FIRST_EMAIL_SENT` only repeats `EMAIL_SENT`.)
const SMARTLEAD_EVENTS: [&str; 5] =
    ["EMAIL_SENT", "EMAIL_REPLY", "EMAIL_BOUNCE", "LEAD_UNSUBSCRIBED", "LEAD_CATEGORY_UPDATED"];
const INSTANTLY_EVENTS: [&str; 4] = ["email_sent", "reply_received", "email_bounced", "lead_unsubscribed"];
const ALL_EVENTS: &str = "all_events";

/// A webhook as it is registered at Smartlead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmartleadHook {
    pub id: String,
    pub url: String,
    pub scope: HookScope,
    pub event_types: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookScope {
    User,
    Client,
    Campaign(String),
}

/// What was asked of Smartlead for one client.
#[derive(Debug, Clone, Default)]
pub struct SmartleadFacts {
    /// Whether the key opens anything.
    pub key: Option<Result<(), Trouble>>,
    /// The webhook that the newest delivery names, none where it is not there any more. Smartlead lists no user-level webhooks: this
    /// is the only way to see one.
    pub last: Option<(String, Option<SmartleadHook>)>,
    /// Those of the campaigns that were heard of, by campaign.
    pub of_campaigns: Vec<(String, Vec<SmartleadHook>)>,
}

pub fn smartlead(client: &ClientId, is_default: bool, facts: &SmartleadFacts) -> Vec<Finding> {
    let at = format!("clients.{client}.smartlead");
    if let Some(Err(why)) = &facts.key {
        return vec![trouble(why, CODES, &format!("{at}.api_key"), DENIED)];
    }
    let is_ours = |hook: &SmartleadHook| leads_here(&hook.url, "smartlead", client, is_default);
    let mut findings = Vec::new();
    let mut seen: Vec<&SmartleadHook> = Vec::new();
    if let Some((id, found)) = &facts.last {
        match found {
            None => {
                let what = format!("the webhook {id}, which delivered last, is not there any more");
                findings.push(Finding::new(
                    Code::SmartleadWebhookGone,
                    &at,
                    what,
                    "register it again; see docs/platforms.md",
                ));
            }
            Some(hook) => seen.push(hook),
        }
    }
    seen.extend(facts.of_campaigns.iter().flat_map(|(_, hooks)| hooks));
    findings.extend(hidden(&at, &seen, &is_ours));
    let ours: Vec<&SmartleadHook> = seen.iter().copied().filter(|hook| is_ours(hook)).collect();
    let is_wide = ours.iter().any(|hook| !matches!(hook.scope, HookScope::Campaign(_)));
    let bare: Vec<&str> = facts
        .of_campaigns
        .iter()
        .filter(|(_, hooks)| !is_wide && !hooks.iter().any(is_ours))
        .map(|(campaign, _)| campaign.as_str())
        .collect();
    if !bare.is_empty() {
        let what = format!("no webhook that can be seen posts here for the campaigns {}", bare.join(", "));
        let to_do =
            "register one for the user, or one for each campaign (one of a client can't be seen before it delivered)";
        findings.push(Finding::new(Code::SmartleadWebhookUnseen, &at, what, to_do));
    }
    let told: BTreeSet<&str> = ours.iter().flat_map(|hook| &hook.event_types).map(String::as_str).collect();
    findings.extend(lacking(&at, Code::SmartleadWebhookEvents, &ours, &SMARTLEAD_EVENTS, &told));
    with_well(findings, Code::SmartleadWell, &at, ours.len())
}

/// One of a user keeps those of clients and campaigns from being called for the same events.
fn hidden(at: &str, seen: &[&SmartleadHook], is_ours: &dyn Fn(&SmartleadHook) -> bool) -> Option<Finding> {
    let user = seen.iter().find(|hook| hook.scope == HookScope::User)?;
    let is_hidden = |hook: &&&SmartleadHook| {
        hook.scope != HookScope::User
            && is_ours(hook)
            && hook.event_types.iter().any(|event| user.event_types.contains(event))
    };
    let below = seen.iter().find(is_hidden);
    if !is_ours(user) {
        let what =
            format!("the user-level webhook {} posts elsewhere, and hides those of clients and campaigns", user.id);
        let to_do = "let it post here, or delete it";
        return Some(Finding::new(Code::SmartleadWebhookHidden, at, what, to_do));
    }
    below.map(|hook| {
        let what = format!("the webhook {} is never called: the user-level one ({}) comes before it", hook.id, user.id);
        Finding::new(Code::SmartleadWebhookDouble, at, what, "delete one of the two")
    })
}

/// A webhook as it is registered at Instantly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstantlyHook {
    pub id: String,
    pub url: String,
    /// None is for all campaigns.
    pub campaign: Option<String>,
    pub event_type: Option<String>,
    pub is_disabled: bool,
}

pub fn instantly(client: &ClientId, is_default: bool, hooks: &Result<Vec<InstantlyHook>, Trouble>) -> Vec<Finding> {
    let at = format!("clients.{client}.instantly");
    let hooks = match hooks {
        Ok(hooks) => hooks,
        Err(why) => return vec![trouble(why, CODES, &format!("{at}.api_key"), DENIED)],
    };
    let ours: Vec<&InstantlyHook> =
        hooks.iter().filter(|hook| leads_here(&hook.url, "instantly", client, is_default)).collect();
    if ours.is_empty() {
        let what = "no webhook of the workspace posts here";
        let to_do = "register one with the event all_events; see docs/platforms.md";
        return vec![Finding::new(Code::InstantlyWebhookMissing, at, what, to_do)];
    }
    let mut findings = Vec::new();
    let off: Vec<&str> = ours.iter().filter(|hook| hook.is_disabled).map(|hook| hook.id.as_str()).collect();
    if !off.is_empty() {
        let what = format!("Instantly switched the webhook {} off after failures", off.join(", "));
        let to_do = "resume it at Instantly (POST /webhooks/{id}/resume), and look why posts failed";
        findings.push(Finding::new(Code::InstantlyWebhookDisabled, &at, what, to_do));
    }
    if ours.iter().all(|hook| hook.campaign.is_some()) {
        let what = "the webhooks are for single campaigns: a new one is not heard of";
        findings.push(Finding::new(Code::InstantlyWebhookScope, &at, what, "register one for all campaigns"));
    }
    let told: BTreeSet<&str> = ours.iter().filter_map(|hook| hook.event_type.as_deref()).collect();
    if !told.contains(ALL_EVENTS) {
        findings.extend(lacking(&at, Code::InstantlyWebhookEvents, &ours, &INSTANTLY_EVENTS, &told));
    }
    with_well(findings, Code::InstantlyWell, &at, ours.len())
}

fn lacking<T>(at: &str, code: Code, ours: &[T], wanted: &[&str], told: &BTreeSet<&str>) -> Option<Finding> {
    let lacking: Vec<&str> = wanted.iter().copied().filter(|event| !told.contains(event)).collect();
    (!ours.is_empty() && !lacking.is_empty()).then(|| {
        let what = format!("the webhooks that post here don't tell of {}", lacking.join(", "));
        Finding::new(code, at, what, "add these events to the webhook")
    })
}

fn with_well(mut findings: Vec<Finding>, code: Code, at: &str, hooks: usize) -> Vec<Finding> {
    if findings.iter().all(|finding| finding.severity != Severity::Fault) {
        findings.push(Finding::well(code, at, format!("the key is taken; webhooks that post here: {hooks}")));
    }
    findings
}

/// By its path: what stands before it is the proxy's.
fn leads_here(url: &str, source: &str, client: &ClientId, is_default: bool) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    path.ends_with(&format!("/hooks/{source}/{client}")) || is_default && path.ends_with(&format!("/hooks/{source}"))
}
