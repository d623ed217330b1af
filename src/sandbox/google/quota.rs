//! What one user may use of the project within a minute, and at once (Gmail API, "Usage limits", projects from May 2026 on).

use super::Call;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub const UNITS_A_MINUTE_MAX: u32 = 6_000;

/// What was used of one mailbox.
#[derive(Debug, Default)]
pub(super) struct Usage {
    recent: VecDeque<(DateTime<Utc>, u32)>,
    pub(super) units: u64,
    /// Calls that were refused because the minute's units were used up.
    pub(super) over_quota: u64,
    /// Calls that were refused because too many were under way.
    pub(super) over_concurrent: u64,
    pub(super) calls: BTreeMap<Call, u64>,
    in_flight: Arc<AtomicUsize>,
}

/// A request under way.
#[derive(Debug)]
pub(in crate::sandbox) struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(super) fn units(call: Call) -> u32 {
    match call {
        Call::Token | Call::Certs => 0,
        Call::Profile => 1,
        Call::History => 2,
        Call::List => 5,
        Call::Minimal | Call::Metadata | Call::Raw => 20,
        Call::Stop => 50,
        Call::Watch => 100,
    }
}

impl Usage {
    /// False where this call is one too many within sixty seconds; it costs nothing then.
    pub(super) fn pay(&mut self, call: Call, now: DateTime<Utc>) -> bool {
        while self.recent.front().is_some_and(|(at, _)| now - *at >= TimeDelta::minutes(1)) {
            self.recent.pop_front();
        }
        let used: u32 = self.recent.iter().map(|(_, units)| units).sum();
        if used + units(call) > UNITS_A_MINUTE_MAX {
            self.over_quota += 1;
            return false;
        }
        self.recent.push_back((now, units(call)));
        self.units += u64::from(units(call));
        *self.calls.entry(call).or_default() += 1;
        true
    }

    /// None where as many as may be are under way.
    pub(super) fn enter(&mut self, at_once_max: usize) -> Option<InFlight> {
        if self.in_flight.fetch_add(1, Ordering::SeqCst) < at_once_max {
            return Some(InFlight(Arc::clone(&self.in_flight)));
        }
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.over_concurrent += 1;
        None
    }
}
