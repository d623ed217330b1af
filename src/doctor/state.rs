//! What is in the database and waits for somebody: tasks, alerts, hashes under a lost key, lapsed watches, targets that want no more.

use super::{Code, Finding};
use crate::config::Config;
use crate::domain::suppression::Key;
use chrono::{DateTime, TimeDelta, Utc};

/// A task that is due this long is not worked on by anybody.
const LATE_MINUTES: i64 = 15;
/// Part of the month's calls from which on it is told, in percent.
const QUOTA_PERCENT: u64 = 90;

/// What the database tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateFacts {
    /// The keys that hashes are kept under, with how many.
    pub suppression_keys: Vec<(String, i64)>,
    pub queues: Vec<QueueFacts>,
    /// Open ones, by kind.
    pub alerts: Vec<(String, i64)>,
    /// Mailboxes that should be watched.
    pub watches: Vec<WatchFacts>,
    /// Keys of the configuration whose targets said that they want no more.
    pub targets_disabled: Vec<String>,
    /// Of Airtable, this month.
    pub airtable_calls: Option<u64>,
}

/// The open tasks of a kind and state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueFacts {
    pub kind: String,
    pub is_dead: bool,
    /// Somebody could work on them.
    pub is_worked: bool,
    pub count: i64,
    pub oldest_due_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchFacts {
    pub client: String,
    pub mailbox: String,
    /// None where it was never asked for.
    pub expires_at: Option<DateTime<Utc>>,
}

pub fn findings(config: &Config, facts: &StateFacts, now: DateTime<Utc>) -> Vec<Finding> {
    let mut findings = suppression(config, facts);
    findings.extend(tasks(facts, now));
    let alerts: i64 = facts.alerts.iter().map(|(_, count)| count).sum();
    if alerts > 0 {
        let kinds: Vec<String> = facts.alerts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let what = format!("{alerts} alerts are open: {}", kinds.join(", "));
        findings.push(Finding::new(
            Code::AlertsOpen,
            "alerts",
            what,
            "`sales-engine alerts` tells what to do about each",
        ));
    }
    findings.extend(facts.watches.iter().filter_map(|watch| watched(watch, now)));
    findings.extend(facts.targets_disabled.iter().map(|key| {
        let what = "the target answered 410 (Gone): nothing is told there any more";
        Finding::new(Code::NotificationDisabled, format!("{key}.url"), what, "give it another address, or take it out")
    }));
    findings.extend(quota(config, facts));
    findings
}

fn suppression(config: &Config, facts: &StateFacts) -> Vec<Finding> {
    let known: Vec<&str> = config.rules.suppression.keys.iter().map(Key::id).collect();
    let lost = facts.suppression_keys.iter().filter(|(key, _)| !known.contains(&key.as_str()));
    let finding = |(key, rows): &(String, i64)| {
        let what =
            format!("{rows} suppressions are kept under the key {key}, which is not configured: they do not hold");
        let to_do = "put the key back: [suppression] old_keys";
        Finding::new(Code::SuppressionKeyUnknown, "suppression.old_keys", what, to_do)
    };
    lost.map(finding).collect()
}

fn tasks(facts: &StateFacts, now: DateTime<Utc>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for queue in facts.queues.iter().filter(|queue| queue.count > 0) {
        let at = format!("tasks {}", queue.kind);
        if queue.is_dead {
            let what = format!("{} were given up", queue.count);
            let to_do = "`sales-engine tasks --status dead` tells why; `--retry ID` runs one again";
            findings.push(Finding::new(Code::TasksDead, at, what, to_do));
            continue;
        }
        let late = queue.oldest_due_at.map(|due| now - due).filter(|late| *late > TimeDelta::minutes(LATE_MINUTES));
        if let Some(late) = late.filter(|_| queue.is_worked) {
            let what = format!("the oldest of {} is due for {} minutes", queue.count, late.num_minutes());
            let to_do = "is `sales-engine serve` running? Its log and `sales-engine tasks` tell what holds them up";
            findings.push(Finding::new(Code::TasksLate, at, what, to_do));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::well(Code::TasksWell, "tasks", "none was given up, none is late"));
    }
    findings
}

fn watched(watch: &WatchFacts, now: DateTime<Utc>) -> Option<Finding> {
    let at = format!("clients.{}.gmail.topic", watch.client);
    match watch.expires_at {
        Some(expires_at) if expires_at > now => None,
        Some(expires_at) => {
            let what = format!("Gmail's watch of {} lapsed at {expires_at}: the mailbox is only polled", watch.mailbox);
            let to_do = "is `serve` running with the schedule on? Does the topic let gmail-api-push@system.gserviceaccount.com publish?";
            Some(Finding::new(Code::GmailWatchLapsed, at, what, to_do))
        }
        None => {
            let what = format!("Gmail was never asked to tell of changes of {}", watch.mailbox);
            Some(Finding::new(Code::GmailWatchMissing, at, what, "`serve` asks for it when it runs; see docs/gmail.md"))
        }
    }
}

fn quota(config: &Config, facts: &StateFacts) -> Option<Finding> {
    let most = config.airtable.as_ref()?.monthly_calls_max?;
    let calls = facts.airtable_calls?;
    (calls.saturating_mul(100) >= most.saturating_mul(QUOTA_PERCENT)).then(|| {
        let what = format!("{calls} of the {most} calls of this month are used");
        let to_do = "upgrade Airtable's plan, or poll less (poll_seconds)";
        Finding::new(Code::AirtableQuota, "airtable.monthly_calls_max", what, to_do)
    })
}
