//! The pace of whoever speaks to Airtable beside the tasks: a share of the base's budget, which running instances use too.

use crate::intake::Now;
use crate::store::Store;
use crate::tasks::{REQUEST_SPACING_MS, budget_of};
use chrono::{DateTime, TimeDelta};
use std::time::Duration;

pub struct Pace {
    /// None where the database can't be had: then no instance runs on it either.
    store: Option<Store>,
    budget: String,
    now: Now,
}

impl Pace {
    pub fn new(store: Option<Store>, base_id: &str, now: &Now) -> Self {
        Self { store, budget: budget_of(base_id), now: now.clone() }
    }

    /// Until a request may be made.
    pub async fn wait(&self) {
        let now = (self.now)();
        let slot = match &self.store {
            Some(store) => store.take_slot(&self.budget, now, REQUEST_SPACING_MS).await.ok(),
            None => None,
        };
        let at = slot.and_then(|slot| DateTime::from_timestamp_millis(slot.at_ms));
        let at = at.unwrap_or(now + TimeDelta::milliseconds(REQUEST_SPACING_MS));
        tokio::time::sleep((at - now).to_std().unwrap_or_default()).await;
    }

    /// The base is to be left alone, by all instances.
    pub async fn pause(&self, wait_ms: u64) {
        let until = (self.now)() + TimeDelta::milliseconds(i64::try_from(wait_ms).unwrap_or(i64::MAX));
        if let Some(store) = &self.store
            && let Err(error) = store.pause_budget(&self.budget, until).await
        {
            tracing::warn!(%error, "the other instances were not told to leave Airtable alone");
        }
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
}
