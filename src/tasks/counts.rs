//! Adds what was counted since the last time to the counters that the console shows. What is not folded yet is shown too; folding
//! only keeps it little.

use crate::intake::Now;
use crate::store::Store;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const PAUSE_MS: u64 = 5_000;

pub(super) async fn fold(store: &Store, now: &Now, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let is_done = store.fold_counters(now()).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the counters could not be folded");
            true
        });
        if is_done {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(Duration::from_millis(PAUSE_MS)) => {}
            }
        }
    }
}
