//! Looks at the database, and at what waits in it.

use super::Subject;
use crate::config::Config;
use crate::doctor::state::{QueueFacts, StateFacts, WatchFacts};
use crate::doctor::{Code, Finding, database, state};
use crate::domain::alert::AlertStatus;
use crate::engine::rows::TaskStatus;
use crate::store::{Store, StoreError, health};
use crate::tasks::{budget_of, waits_for};
use crate::wiring;
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tokio::time::timeout;

const AT: &str = "database_url";

/// The store too, where its schema is the one of this version.
pub(super) async fn look(subject: &Subject, most: Duration) -> (Vec<Finding>, Option<Store>) {
    // Firewalls that swallow what they forbid let everybody wait who does not give up.
    timeout(most, looked(subject)).await.unwrap_or_else(|_too_slow| {
        let what = format!("it was not looked at within {} seconds", most.as_secs());
        let to_do = "is a firewall in between, a lock held, the server overloaded? See docs/postgres.md";
        (vec![Finding::new(Code::DatabaseUnreachable, AT, what, to_do)], None)
    })
}

async fn looked(subject: &Subject) -> (Vec<Finding>, Option<Store>) {
    let Subject { config, now, .. } = subject;
    let address = config.database_url.expose();
    if health::is_transaction_pooler(address) {
        let what =
            "the address is that of a transaction pooler: statements of several clients can get each other's rows";
        let to_do = "use the session pooler or the direct connection, port 5432, and take `pgbouncer=true` out";
        return (vec![Finding::new(Code::DatabasePooler, AT, what, to_do)], None);
    }
    let clock = || now();
    let facts = match health::look(address, &clock).await {
        Ok(facts) => facts,
        Err(error) => return (vec![unreachable(&error)], None),
    };
    let mut findings = database::findings(&facts);
    // Nothing of it was looked at then.
    if findings.iter().any(|finding| finding.code == Code::DatabasePooler) {
        return (findings, None);
    }
    if !facts.missing_migrations.is_empty() || !facts.unknown_migrations.is_empty() {
        return (findings, None);
    }
    let opened = match &subject.store {
        Some(store) => Ok(store.clone()),
        None => Store::open(address).await,
    };
    let store = match opened {
        Ok(store) => store,
        // What is wrong with the server was told already.
        Err(_) if findings.iter().any(|finding| finding.code == Code::DatabaseVersion) => return (findings, None),
        Err(error) => {
            findings.push(unreachable(&error));
            return (findings, None);
        }
    };
    match waiting(config, &store).await {
        Ok(facts) => findings.extend(state::findings(config, &facts, now())),
        Err(error) => findings.push(unreachable(&error)),
    }
    (findings, Some(store))
}

fn unreachable(error: &StoreError) -> Finding {
    let what = error.to_string();
    let what = what.strip_prefix("database_url: ").unwrap_or(&what);
    Finding::new(Code::DatabaseUnreachable, AT, what, "see docs/postgres.md; nothing in the database was looked at")
}

async fn waiting(config: &Config, store: &Store) -> Result<StateFacts, StoreError> {
    let mut facts = StateFacts { suppression_keys: store.suppression_keys().await?, ..StateFacts::default() };
    let has = wiring::configured(config);
    facts.queues = store
        .task_queues()
        .await?
        .into_iter()
        .map(|queue| QueueFacts {
            kind: queue.kind.to_string(),
            is_dead: queue.status == TaskStatus::Dead,
            is_worked: waits_for(queue.kind, has).is_none(),
            count: queue.count,
            oldest_due_at: queue.oldest_due_at.as_deref().and_then(time),
        })
        .collect();
    let open = store.alert_counts(None).await?.into_iter().filter(|alert| alert.status == AlertStatus::Open.as_str());
    facts.alerts = open.map(|alert| (alert.kind, alert.count)).collect();
    facts.watches = watches(config, store).await?;
    let states = store.target_states().await?;
    let disabled = config.notifications.iter().filter(|target| {
        let url_sha256 = hex::encode(Sha256::digest(target.url.as_bytes()));
        let is_it = |hash: &String| *hash == url_sha256;
        states.iter().any(|state| state.target == target.name && state.disabled_url_sha256.as_ref().is_some_and(is_it))
    });
    facts.targets_disabled = disabled.map(|target| target.key.clone()).collect();
    if let Some(airtable) = &config.airtable {
        let budget = budget_of(&airtable.base_id);
        let found = store.budgets().await?.into_iter().find(|known| known.name == budget);
        facts.airtable_calls = found.and_then(|budget| u64::try_from(budget.calls).ok());
    }
    Ok(facts)
}

/// Of the mailboxes that should tell of changes: how long they do.
async fn watches(config: &Config, store: &Store) -> Result<Vec<WatchFacts>, StoreError> {
    let mut watches = Vec::new();
    for (client_id, client) in &config.clients {
        let Some(gmail) =
            client.sources.gmail.as_ref().filter(|gmail| gmail.topic.is_some() && gmail.credentials.is_some())
        else {
            continue;
        };
        for mailbox in &gmail.mailboxes {
            let cursor = store.cursor(&format!("gmail.watch:{client_id}:{mailbox}")).await?;
            watches.push(WatchFacts {
                client: client_id.to_string(),
                mailbox: mailbox.to_string(),
                expires_at: cursor.and_then(|(value, _)| time(&value)),
            });
        }
    }
    Ok(watches)
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}
