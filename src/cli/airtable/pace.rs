//! The pace of commands that speak to Airtable: their share of the base's budget, which running instances use too.

use crate::cli::Rim;
use crate::config::Config;
use crate::store::Store;
use crate::tasks::{REQUEST_SPACING_MS, budget_of};
use chrono::{DateTime, TimeDelta};
use std::time::Duration;

pub(in crate::cli) struct Pace {
    /// None where the database can't be had: then no instance runs on it either.
    store: Option<Store>,
    budget: String,
    rim: Rim,
}

impl Pace {
    pub(in crate::cli) async fn new(config: &Config, base_id: &str, rim: &Rim) -> Self {
        let store = crate::cli::open(config).await.ok();
        Self { store, budget: budget_of(base_id), rim: rim.clone() }
    }

    /// Until a request may be made.
    pub(in crate::cli) async fn wait(&self) {
        let now = (self.rim.now)();
        let slot = match &self.store {
            Some(store) => store.take_slot(&self.budget, now, REQUEST_SPACING_MS).await.ok(),
            None => None,
        };
        let at = slot.and_then(|slot| DateTime::from_timestamp_millis(slot.at_ms));
        let at = at.unwrap_or(now + TimeDelta::milliseconds(REQUEST_SPACING_MS));
        tokio::time::sleep((at - now).to_std().unwrap_or_default()).await;
    }

    /// The base is to be left alone, by all instances.
    pub(in crate::cli) async fn pause(&self, wait_ms: u64) {
        let until = (self.rim.now)() + TimeDelta::milliseconds(i64::try_from(wait_ms).unwrap_or(i64::MAX));
        if let Some(store) = &self.store
            && let Err(error) = store.pause_budget(&self.budget, until).await
        {
            tracing::warn!(%error, "the other instances were not told to leave Airtable alone");
        }
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
}
