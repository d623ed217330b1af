//! When a notification is tried again. Pure: the random part and the time come as arguments.

use chrono::{DateTime, TimeDelta, Utc};

/// How long a notification is tried, from its first try on. The last try is at the end of it.
pub(super) const SPAN_MS: i64 = 3 * 24 * 3_600_000;
const DELAY_MS_FIRST: i64 = 5_000;
const DELAY_MS_MAX: i64 = 6 * 3_600_000;

/// The time of try `attempts + 1`: the delay is doubled each time, capped, and a random half of it is taken away so that many waiting
/// ones don't come back in one moment. What the target asks for only lengthens it. None where the span is over.
pub(super) fn next_try(
    attempts: u32,
    first_tried_at: DateTime<Utc>,
    now: DateTime<Utc>,
    random: u64,
    asked_ms: Option<u64>,
) -> Option<DateTime<Utc>> {
    let end = first_tried_at + TimeDelta::milliseconds(SPAN_MS);
    if now >= end {
        return None;
    }
    let doubled =
        DELAY_MS_FIRST.saturating_mul(1_i64.checked_shl(attempts.saturating_sub(1).min(40)).unwrap_or(i64::MAX));
    let half = doubled.min(DELAY_MS_MAX) / 2;
    let part = u64::try_from(half).unwrap_or_default().saturating_add(1);
    let jitter = i64::try_from(random.checked_rem(part).unwrap_or_default()).unwrap_or_default();
    let asked = i64::try_from(asked_ms.unwrap_or_default()).unwrap_or(DELAY_MS_MAX).min(DELAY_MS_MAX);
    Some((now + TimeDelta::milliseconds(half.saturating_add(jitter).max(asked))).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tries_go_on_for_three_days_and_end_then() {
        let start: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        for random in [0, u64::MAX, 7_919] {
            let (mut now, mut tries) = (start, 1);
            while let Some(next) = next_try(tries, start, now, random, None) {
                assert!(next > now);
                (now, tries) = (next, tries + 1);
            }
            assert_eq!(now, start + TimeDelta::days(3), "the last try is at the end of the span");
            assert!((20..=45).contains(&tries), "{tries} tries");
        }
    }

    proptest! {
        #[test]
        fn delays_are_bounded(attempts in 1..100_u32, random: u64, asked in prop::option::of(0..90_000_000_u64)) {
            let start: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
            let delay = (next_try(attempts, start, start, random, asked).unwrap() - start).num_milliseconds();
            prop_assert!((DELAY_MS_FIRST / 2..=DELAY_MS_MAX).contains(&delay));
            prop_assert!(delay >= i64::try_from(asked.unwrap_or(0)).unwrap().min(DELAY_MS_MAX));
        }
    }
}
