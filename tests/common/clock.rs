//! A clock that stands still until it is moved, or until somebody waits.

use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::intake::Now;
use sales_engine::tasks::Pause;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// In microseconds.
#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn new() -> Self {
        Self::at("2026-11-20T12:00:00Z")
    }

    pub fn at(time: &str) -> Self {
        let clock = Self(Arc::default());
        clock.set(time);
        clock
    }

    /// To this time, which may lie before.
    pub fn set(&self, time: &str) {
        self.0.store(time.parse::<DateTime<Utc>>().unwrap().timestamp_micros(), Ordering::SeqCst);
    }

    pub fn read(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || clock.read())
    }

    /// On to this time; never back.
    pub fn to(&self, time: DateTime<Utc>) {
        self.0.fetch_max(time.timestamp_micros(), Ordering::SeqCst);
    }

    pub fn forward(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_microseconds().unwrap(), Ordering::SeqCst);
    }

    pub fn forward_ms(&self, ms: i64) {
        self.forward(TimeDelta::milliseconds(ms));
    }

    /// Nobody waits here: the clock goes on to the time that is waited for.
    pub fn pause(&self) -> Pause {
        let clock = self.clone();
        Arc::new(move |until| {
            clock.to(until);
            Box::pin(std::future::ready(()))
        })
    }
}
