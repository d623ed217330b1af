//! When to try again. Pure: the random part and the time come as arguments.

use crate::engine::rows::TaskEnd;
use crate::store::StoreError;
use chrono::{DateTime, Duration, Utc};

/// After so many tries a task is given up: visible as `dead`, to be run again by hand.
pub(super) const ATTEMPTS_MAX: u32 = 12;
const STORE_RETRY_MS: u64 = 5_000;
const DELAY_MS_FIRST: u64 = 1_000;
const DELAY_MS_MAX: u64 = 600_000;
/// So many failures in a row open the breaker.
const FAILURES_MAX: u32 = 5;
const OPEN_MS: i64 = 60_000;

/// The delay before try `attempts + 1`: doubled each time, capped, of which a random half is taken away so that many waiting
/// tasks do not come back in one moment. What the destination asks for only lengthens it.
pub(super) fn delay_ms(attempts: u32, random: u64, asked_ms: Option<u64>) -> u64 {
    let doubled = DELAY_MS_FIRST.saturating_mul(1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX));
    let capped = doubled.min(DELAY_MS_MAX);
    let half = capped / 2;
    let jittered = half.saturating_add(random.checked_rem(half.saturating_add(1)).unwrap_or(0));
    jittered.max(asked_ms.unwrap_or(0).min(DELAY_MS_MAX))
}

/// What becomes of a task that the database stopped: that it can't take anything now is nobody's fault; whatever else counts as a
/// try, so that what never succeeds is seen in the end.
pub(super) fn end_of_store(error: &StoreError, attempts: u32, now: DateTime<Utc>) -> TaskEnd {
    let is_passing = error.is_unavailable() || error.is_conflict();
    if !is_passing && attempts >= ATTEMPTS_MAX {
        return TaskEnd::Dead { error: error.to_string() };
    }
    let wait_ms = if is_passing { STORE_RETRY_MS } else { delay_ms(attempts, 0, None).max(STORE_RETRY_MS) };
    let due_at = now + Duration::milliseconds(i64::try_from(wait_ms).unwrap_or_default());
    TaskEnd::Retry { due_at, error: error.to_string(), counts: !is_passing }
}

/// A circuit breaker: after several failures in a row the destination is left alone for a while, then tried once.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    open_until: Option<DateTime<Utc>>,
}

impl Breaker {
    pub(super) fn open_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.open_until.filter(|until| *until > now)
    }

    /// It was open, and one try is to tell whether it may be closed.
    pub(super) fn is_half_open(&self, now: DateTime<Utc>) -> bool {
        self.failures >= FAILURES_MAX && self.open_until(now).is_none()
    }

    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Gives until when it is open now, where it is.
    pub(super) fn failed(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES_MAX {
            self.open_until = Some(now + Duration::milliseconds(OPEN_MS));
        }
        self.open_until(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn delays_are_bounded_and_grow(attempts in 1..200_u32, random: u64, asked in prop::option::of(0..2_000_000_u64)) {
            let delay = delay_ms(attempts, random, asked);
            prop_assert!((DELAY_MS_FIRST / 2..=DELAY_MS_MAX).contains(&delay));
            prop_assert!(delay >= asked.unwrap_or(0).min(DELAY_MS_MAX));
            prop_assert!(delay_ms(attempts + 1, 0, None) >= delay_ms(attempts, 0, None));
        }
    }

    #[test]
    fn the_breaker_opens_after_failures_in_a_row_and_lets_one_try_through() {
        let now = Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).unwrap();
        let mut breaker = Breaker::default();
        for _ in 1..FAILURES_MAX {
            assert_eq!(breaker.failed(now), None);
            assert_eq!(breaker.open_until(now), None);
        }
        let told = breaker.failed(now);
        let until = breaker.open_until(now).expect("open now");
        assert_eq!(told, Some(until));
        assert_eq!(breaker.open_until(until), None, "half open: one try");
        breaker.failed(until);
        assert!(breaker.open_until(until).is_some(), "and open again at once when it fails");
        breaker.succeeded();
        assert_eq!(breaker.open_until(until), None);
    }
}
