//! The rate of each caller: a bucket that holds one second's worth and refills steadily. The time is an argument.

use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// One bucket a configured client (or kind of caller), so it never grows beyond the configuration.
pub(super) struct Rates<Caller> {
    buckets: Mutex<HashMap<Caller, Bucket>>,
}

impl<Caller> Default for Rates<Caller> {
    fn default() -> Self {
        Self { buckets: Mutex::default() }
    }
}

struct Bucket {
    /// Thousandths of a request.
    millis_left: i64,
    filled_at: DateTime<Utc>,
}

impl<Caller: Clone + Eq + Hash> Rates<Caller> {
    pub(super) fn allows(&self, caller: &Caller, per_second_max: Option<u32>, now: DateTime<Utc>) -> bool {
        let Some(limit) = per_second_max.map(i64::from) else { return true };
        let full = limit.saturating_mul(1_000);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(caller.clone()).or_insert(Bucket { millis_left: full, filled_at: now });
        let passed_ms = (now - bucket.filled_at).num_milliseconds().max(0);
        bucket.millis_left = bucket.millis_left.saturating_add(passed_ms.saturating_mul(limit)).min(full);
        bucket.filled_at = bucket.filled_at.max(now);
        let is_allowed = bucket.millis_left >= 1_000;
        if is_allowed {
            bucket.millis_left -= 1_000;
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ClientId;
    use chrono::{TimeDelta, TimeZone};

    #[test]
    fn a_bucket_holds_a_second_and_refills() {
        let rates = Rates::default();
        let client = ClientId::parse("acme").unwrap();
        let now = Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).unwrap();
        let allowed = |ms: i64| rates.allows(&client, Some(2), now + TimeDelta::milliseconds(ms));
        assert_eq!([allowed(0), allowed(0), allowed(0)], [true, true, false]);
        assert_eq!([allowed(499), allowed(500), allowed(500)], [false, true, false]);
        assert_eq!([allowed(9_000), allowed(9_000), allowed(9_000)], [true, true, false], "never more than a second");
        assert!(rates.allows(&client, None, now), "no limit");
    }
}
