//! Wrong tokens at a door. They are counted, so that guessing shows; the right token is taken however many there were, or anybody
//! could lock everybody out. The time is an argument.

use chrono::{DateTime, Utc};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How long one counts.
const SPAN_SECONDS: i64 = 600;
/// More are not remembered; so many say enough.
const KEPT_MAX: usize = 1_000;

/// Those of the last ten minutes.
#[derive(Debug, Default)]
pub struct Failures(Mutex<VecDeque<i64>>);

/// One more wrong token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// How many there were within the span, this one included.
    pub count: usize,
    /// When the oldest of them counts no more.
    pub seconds_left: i64,
}

impl Failures {
    pub fn note(&self, now: DateTime<Utc>) -> Failure {
        let now = now.timestamp();
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.push_back(now);
        while times.len() > KEPT_MAX || times.front().is_some_and(|at| *at <= now - SPAN_SECONDS) {
            times.pop_front();
        }
        let seconds_left = times.front().map_or(0, |oldest| oldest + SPAN_SECONDS - now);
        Failure { count: times.len(), seconds_left }
    }
}

impl Failure {
    /// Each of the first ten is told, then every hundredth: whoever guesses must not fill the log.
    pub fn is_told(self) -> bool {
        self.count <= 10 || self.count.is_multiple_of(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn they_are_counted_for_ten_minutes_and_told_now_and_then() {
        let failures = Failures::default();
        let at = |seconds: i64| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let noted: Vec<Failure> = (0..200).map(|_| failures.note(at(0))).collect();
        assert_eq!(noted[0], Failure { count: 1, seconds_left: 600 });
        assert_eq!(noted.iter().filter(|failure| failure.is_told()).count(), 12, "ten, the hundredth, the 200th");
        assert_eq!(failures.note(at(599)), Failure { count: 201, seconds_left: 1 });
        assert_eq!(failures.note(at(600)), Failure { count: 2, seconds_left: 599 });
        for _ in 0..2_000 {
            failures.note(at(700));
        }
        assert_eq!(failures.note(at(700)).count, KEPT_MAX, "the memory is bounded");
    }
}
