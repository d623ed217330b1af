//! What the process counts of itself: deliveries, batches, outside requests, the database's time. One set of counters a process, as its
//! metrics are; every label comes out of a closed list, so nobody can make them grow.

mod histogram;
mod text;
pub mod trace;

pub use histogram::Histogram;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
pub use text::Family;

macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($variant),+
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }
    };
}

labels!(
    /// Who is asked.
    Destination {
        Airtable => "airtable",
        Smartlead => "smartlead",
        Instantly => "instantly",
        Google => "google",
        Pinecone => "pinecone",
        Embeddings => "embeddings",
        Ai => "ai",
        Notify => "notify",
        Files => "files",
    }
);

labels!(
    /// What an outside request came to.
    Class {
        Success => "2xx",
        Moved => "3xx",
        Refused => "4xx",
        RateLimited => "429",
        Failed => "5xx",
        Unanswered => "unanswered",
    }
);

labels!(
    /// What the database was asked to do.
    Operation {
        Load => "load",
        Write => "write",
        Claim => "claim",
        Settle => "settle",
    }
);

impl Class {
    /// None is no answer.
    pub const fn of(status: Option<u16>) -> Self {
        match status {
            None => Self::Unanswered,
            Some(429) => Self::RateLimited,
            Some(200..300) => Self::Success,
            Some(300..400) => Self::Moved,
            Some(400..500) => Self::Refused,
            Some(_) => Self::Failed,
        }
    }
}

const DESTINATIONS: usize = Destination::ALL.len();
const CLASSES: usize = Class::ALL.len();
const OPERATIONS: usize = Operation::ALL.len();
/// In microseconds: an outside service takes milliseconds to half a minute.
static OUTSIDE_MICROS: [u64; 10] =
    [10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000];
static DATABASE_MICROS: [u64; 10] = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 500_000, 5_000_000];
static DELIVERIES_A_BATCH: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1_024];

static REQUESTS: [[AtomicU64; CLASSES]; DESTINATIONS] =
    [const { [const { AtomicU64::new(0) }; CLASSES] }; DESTINATIONS];
static REQUEST_TIMES: [Histogram; DESTINATIONS] = [const { Histogram::new(&OUTSIDE_MICROS) }; DESTINATIONS];
static DATABASE_TIMES: [Histogram; OPERATIONS] = [const { Histogram::new(&DATABASE_MICROS) }; OPERATIONS];
static BATCHES: Histogram = Histogram::new(&DELIVERIES_A_BATCH);
/// By source and outcome.
static DELIVERIES: Mutex<BTreeMap<(&'static str, &'static str), u64>> = Mutex::new(BTreeMap::new());
/// By the stage before and after.
static STAGES: Mutex<BTreeMap<(&'static str, &'static str), u64>> = Mutex::new(BTreeMap::new());

/// An outside service was asked, and answered with this status (or not at all) after this time.
pub fn asked(destination: Destination, status: Option<u16>, took: Duration) {
    let class = Class::of(status);
    // An index is the variant's own place in the list.
    if let Some(count) = REQUESTS.get(destination as usize).and_then(|classes| classes.get(class as usize)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
    if let Some(times) = REQUEST_TIMES.get(destination as usize) {
        times.observe(micros(took));
    }
}

/// The database did it, or refused it, in this time.
pub fn worked(operation: Operation, took: Duration) {
    if let Some(times) = DATABASE_TIMES.get(operation as usize) {
        times.observe(micros(took));
    }
    trace::worked(operation.as_str(), took);
}

/// So many deliveries were taken into one transaction.
pub fn batched(deliveries: usize) {
    BATCHES.observe(u64::try_from(deliveries).unwrap_or(u64::MAX));
}

/// What became of a delivery. Both names are of closed lists.
pub fn delivered(source: &'static str, outcome: &'static str) {
    count(&DELIVERIES, (source, outcome));
}

/// An event moved a contact; the stages' names are of the matrix.
pub fn moved(before: &'static str, after: &'static str) {
    count(&STAGES, (before, after));
}

fn count(counts: &Mutex<BTreeMap<(&'static str, &'static str), u64>>, key: (&'static str, &'static str)) {
    *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(0) += 1;
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// All of it in `OpenMetrics` text, without an end.
pub fn render() -> String {
    let mut text = String::new();
    let mut family = Family::counter("sales_engine_deliveries", "Proven deliveries by source and what became of them.");
    for ((source, outcome), count) in DELIVERIES.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        family.sample(&[("source", source), ("outcome", outcome)], *count);
    }
    text.push_str(&family.text());
    let mut family = Family::counter("sales_engine_stage_changes", "Contacts that an event moved from stage to stage.");
    for ((before, after), count) in STAGES.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        family.sample(&[("from", before), ("to", after)], *count);
    }
    text.push_str(&family.text());
    let help = "Requests to outside services by what they came to.";
    let mut family = Family::counter("sales_engine_outside_requests", help);
    for (destination, classes) in Destination::ALL.iter().zip(&REQUESTS) {
        for (class, count) in Class::ALL.iter().zip(classes) {
            let labels = [("destination", destination.as_str()), ("outcome", class.as_str())];
            family.sample(&labels, count.load(Ordering::Relaxed));
        }
    }
    text.push_str(&family.text());
    let mut family =
        Family::seconds("sales_engine_outside_seconds", "From an outside request to the head of its answer.");
    for (destination, times) in Destination::ALL.iter().zip(&REQUEST_TIMES) {
        family.histogram(&[("destination", destination.as_str())], times);
    }
    text.push_str(&family.text());
    let mut family = Family::sizes("sales_engine_batch_deliveries", "Deliveries that were taken into one transaction.");
    family.histogram(&[], &BATCHES);
    text.push_str(&family.text());
    let mut family =
        Family::counter("sales_engine_trace_spans", "Spans of traces that the collector took, or that were dropped.");
    let (taken, dropped) = trace::counts();
    for (outcome, count) in [("taken", taken), ("dropped", dropped)] {
        family.sample(&[("outcome", outcome)], count);
    }
    text.push_str(&family.text());
    let mut family = Family::seconds("sales_engine_database_seconds", "What the database took for batches and tasks.");
    for (operation, times) in Operation::ALL.iter().zip(&DATABASE_TIMES) {
        family.histogram(&[("operation", operation.as_str())], times);
    }
    text.push_str(&family.text());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_their_classes() {
        for (status, class) in [
            (Some(204), Class::Success),
            (Some(302), Class::Moved),
            (Some(404), Class::Refused),
            (Some(429), Class::RateLimited),
            (Some(503), Class::Failed),
            (None, Class::Unanswered),
        ] {
            assert_eq!(Class::of(status), class, "{status:?}");
        }
    }

    #[test]
    fn a_family_is_written_as_the_standard_wants_it() {
        static BOUNDS: [u64; 2] = [1_000, 2_500_000];
        let times = Histogram::new(&BOUNDS);
        for micros in [900, 1_000, 1_001, 9_000_000] {
            times.observe(micros);
        }
        let mut family = Family::seconds("x_seconds", "How long.");
        family.histogram(&[("to", "a\"b\\c\nd")], &times);
        let expected = "# TYPE x_seconds histogram\n# UNIT x_seconds seconds\n# HELP x_seconds How long.\n\
            x_seconds_bucket{to=\"a\\\"b\\\\c\\nd\",le=\"0.001\"} 2\n\
            x_seconds_bucket{to=\"a\\\"b\\\\c\\nd\",le=\"2.5\"} 3\n\
            x_seconds_bucket{to=\"a\\\"b\\\\c\\nd\",le=\"+Inf\"} 4\n\
            x_seconds_count{to=\"a\\\"b\\\\c\\nd\"} 4\n\
            x_seconds_sum{to=\"a\\\"b\\\\c\\nd\"} 9.002901\n";
        assert_eq!(family.text(), expected);
    }
}
