//! Counters in `OpenMetrics` text: requests by source and status, and how long acknowledgements took.

use crate::console::Acknowledgements;
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Upper bounds in microseconds; what takes longer than the last counts there.
const BOUNDS_MICROS: [u64; 15] = [
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    u64::MAX,
];

#[derive(Default)]
pub(super) struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    acknowledged: [AtomicU64; BOUNDS_MICROS.len()],
    acknowledged_micros: AtomicU64,
}

impl Metrics {
    pub(super) fn count(&self, source: &'static str, status: u16) {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner).entry((source, status)).or_insert(0) += 1;
    }

    /// A webhook was taken, after this time.
    pub(super) fn acknowledge(&self, took: TimeDelta) {
        let micros = u64::try_from(took.num_microseconds().unwrap_or(i64::MAX)).unwrap_or(0);
        self.acknowledged_micros.fetch_add(micros, Ordering::Relaxed);
        let bucket = BOUNDS_MICROS.iter().position(|bound| micros <= *bound);
        if let Some(count) = bucket.and_then(|bucket| self.acknowledged.get(bucket)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn acknowledgements(&self) -> Acknowledgements {
        let counts = self.acknowledged.iter().map(|count| count.load(Ordering::Relaxed));
        Acknowledgements { buckets: BOUNDS_MICROS.into_iter().zip(counts).collect() }
    }

    pub(super) fn render(&self) -> String {
        let mut text = String::from(
            "# TYPE sales_engine_hook_requests counter\n# HELP sales_engine_hook_requests Webhook requests by answer.\n",
        );
        for ((source, status), count) in self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let line = format!("sales_engine_hook_requests_total{{source=\"{source}\",status=\"{status}\"}} {count}\n");
            text.push_str(&line);
        }
        text.push_str(
            "# TYPE sales_engine_hook_seconds histogram\n# UNIT sales_engine_hook_seconds seconds\n\
             # HELP sales_engine_hook_seconds From the request of a webhook that was taken to its answer.\n",
        );
        let mut sum = 0;
        for (bound, count) in self.acknowledgements().buckets {
            sum += count;
            let bound = if bound == u64::MAX { "+Inf".to_owned() } else { seconds(bound) };
            text.push_str(&format!("sales_engine_hook_seconds_bucket{{le=\"{bound}\"}} {sum}\n"));
        }
        let total = seconds(self.acknowledged_micros.load(Ordering::Relaxed));
        text.push_str(&format!("sales_engine_hook_seconds_count {sum}\nsales_engine_hook_seconds_sum {total}\n"));
        text.push_str("# EOF\n");
        text
    }
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
