//! `/metrics`: requests by source and status and how long acknowledgements took, what the process counts of itself, and what waits in the
//! database.

use crate::console::Acknowledgements;
use crate::store::destinations::{DestinationView, Halt, Target};
use crate::store::{Store, StoreError};
use crate::telemetry::{self, Destination, Family, Histogram};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Upper bounds in microseconds.
static BOUNDS_MICROS: [u64; 14] = [
    500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000,
    10_000_000,
];
/// Anybody may ask; the database is asked once in so long.
const LOOK_MS: i64 = 5_000;

#[derive(Default)]
pub(super) struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    acknowledged: Mutex<BTreeMap<&'static str, Arc<Histogram>>>,
    looked: tokio::sync::Mutex<Option<(DateTime<Utc>, String)>>,
}

impl Metrics {
    pub(super) fn count(&self, source: &'static str, status: u16) {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner).entry((source, status)).or_insert(0) += 1;
    }

    /// A webhook was taken, after this time.
    pub(super) fn acknowledge(&self, source: &'static str, took: TimeDelta) {
        let micros = u64::try_from(took.num_microseconds().unwrap_or(i64::MAX)).unwrap_or(0);
        let mut all = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(source).or_insert_with(|| Arc::new(Histogram::new(&BOUNDS_MICROS))).observe(micros);
    }

    /// Of all sources together.
    pub(super) fn acknowledgements(&self) -> Acknowledgements {
        let mut sums: BTreeMap<u64, u64> =
            BOUNDS_MICROS.into_iter().chain([u64::MAX]).map(|bound| (bound, 0)).collect();
        for times in self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).values() {
            for (bound, count) in times.buckets() {
                *sums.entry(bound.unwrap_or(u64::MAX)).or_default() += count;
            }
        }
        Acknowledgements { buckets: sums.into_iter().collect() }
    }

    pub(super) async fn render(&self, store: &Store, targets: &[Target<'_>], now: DateTime<Utc>) -> String {
        let mut text = self.requests();
        text.push_str(&telemetry::render());
        text.push_str(&self.look(store, targets, now).await);
        text.push_str("# EOF\n");
        text
    }

    fn requests(&self) -> String {
        let mut family = Family::gauge("sales_engine_build_info", "The version that runs.");
        family.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
        let mut text = family.text();
        let mut family = Family::counter("sales_engine_hook_requests", "Webhook requests by answer.");
        for ((source, status), count) in self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            family.sample(&[("source", source), ("status", &status.to_string())], *count);
        }
        text.push_str(&family.text());
        let help = "From the request of a webhook that was taken to its answer.";
        let mut family = Family::seconds("sales_engine_hook_seconds", help);
        for (source, times) in self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            family.histogram(&[("source", source)], times);
        }
        text.push_str(&family.text());
        text
    }

    /// What waits in the database, as it was a few seconds ago at most.
    async fn look(&self, store: &Store, targets: &[Target<'_>], now: DateTime<Utc>) -> String {
        let mut looked = self.looked.lock().await;
        if let Some((_, text)) = looked.as_ref().filter(|(at, _)| now - *at < TimeDelta::milliseconds(LOOK_MS)) {
            return text.clone();
        }
        let text = waiting(store, targets, now).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the database told nothing for the metrics");
            up(0)
        });
        *looked = Some((now, text.clone()));
        text
    }
}

fn up(value: u8) -> String {
    let mut family = Family::gauge("sales_engine_database_up", "Whether the database answered.");
    family.sample(&[], value);
    family.text()
}

async fn waiting(store: &Store, targets: &[Target<'_>], now: DateTime<Utc>) -> Result<String, StoreError> {
    let mut contacts: BTreeMap<&'static str, i64> = BTreeMap::new();
    for stages in store.stage_counts().await?.values() {
        for (stage, count) in stages {
            *contacts.entry(stage.as_str()).or_default() += count;
        }
    }
    let queues = store.task_queues().await?;
    let mut text = up(1);
    let mut family = Family::gauge("sales_engine_contacts", "Contacts by stage, of all clients.");
    for (stage, count) in contacts {
        family.sample(&[("stage", stage)], count);
    }
    text.push_str(&family.text());
    let mut family = Family::gauge("sales_engine_tasks", "Open tasks; counting ends at 1001.");
    for queue in &queues {
        family.sample(&[("kind", queue.kind.as_str()), ("status", queue.status.as_str())], queue.count);
    }
    text.push_str(&family.text());
    let help = "For how long the oldest open task of a kind and status is due; below zero where it is not due yet.";
    let mut family = Family::gauge("sales_engine_task_age_seconds", help);
    for queue in &queues {
        let due = queue.oldest_due_at.as_deref().and_then(|due| DateTime::parse_from_rfc3339(due).ok());
        if let Some(due) = due {
            let labels = [("kind", queue.kind.as_str()), ("status", queue.status.as_str())];
            family.sample(&labels, (now - due.to_utc()).num_seconds());
        }
    }
    text.push_str(&family.text());
    text.push_str(&halted(&store.destinations(targets, now).await?));
    Ok(text)
}

/// Files are called without a budget, and texts are put into vectors on the index's.
const HALTED: [Destination; 7] = [
    Destination::Airtable,
    Destination::Smartlead,
    Destination::Instantly,
    Destination::Google,
    Destination::Pinecone,
    Destination::Ai,
    Destination::Notify,
];

fn halted(destinations: &[DestinationView]) -> String {
    let help = "Bases, accounts, mailboxes, indexes, models and targets to which nothing goes now, by why.";
    let mut family = Family::gauge("sales_engine_destinations_halted", help);
    for service in HALTED {
        for halt in Halt::ALL {
            let is_it = |view: &&DestinationView| view.halted == Some(*halt) && view.service() == Some(service);
            let labels = [("destination", service.as_str()), ("reason", halt.as_str())];
            family.sample(&labels, destinations.iter().filter(is_it).count());
        }
    }
    family.text()
}
