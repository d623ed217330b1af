//! Counters in `OpenMetrics` text: requests by source and status.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

#[derive(Default)]
pub(super) struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
}

impl Metrics {
    pub(super) fn count(&self, source: &'static str, status: u16) {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner).entry((source, status)).or_insert(0) += 1;
    }

    pub(super) fn render(&self) -> String {
        let mut text = String::from(
            "# TYPE sales_engine_hook_requests counter\n# HELP sales_engine_hook_requests Webhook requests by answer.\n",
        );
        for ((source, status), count) in self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let line = format!("sales_engine_hook_requests_total{{source=\"{source}\",status=\"{status}\"}} {count}\n");
            text.push_str(&line);
        }
        text.push_str("# EOF\n");
        text
    }
}
