//! Five requests a second, and half a minute of silence after more.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::VecDeque;

const REQUESTS_PER_SECOND_MAX: usize = 5;
const LOCK_OUT_SECONDS: i64 = 30;

#[derive(Debug, Default)]
pub(super) struct Limits {
    recent: VecDeque<DateTime<Utc>>,
    locked_until: Option<DateTime<Utc>>,
}

impl Limits {
    /// More than five in any second lock the base for 30 seconds; requests meanwhile fail too.
    pub(super) fn is_over(&mut self, now: DateTime<Utc>) -> bool {
        if self.locked_until.is_some_and(|until| now < until) {
            return true;
        }
        while self.recent.front().is_some_and(|then| now - *then >= TimeDelta::seconds(1)) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        if self.recent.len() > REQUESTS_PER_SECOND_MAX {
            self.lock(now);
            return true;
        }
        false
    }

    pub(super) fn lock(&mut self, now: DateTime<Utc>) {
        self.locked_until = Some(now + TimeDelta::seconds(LOCK_OUT_SECONDS));
    }
}
