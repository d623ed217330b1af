//! Tasks: durable follow-on work. A claim marks the row and commits; nothing is held across a network call; a lost lease lets
//! another process take over, which does no harm because every effect reads the present state when it runs.

mod leads;
mod outside;
mod retry;
mod spread;

use crate::domain::follow_up::Spans;
use crate::engine::rows::TaskKind;
use crate::intake::Now;
use crate::services::airtable::Airtable;
use crate::store::{Store, StoreError};
use chrono::{DateTime, Duration, Utc};
use leads::Leads;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long a claim holds; longer than any one try can take.
const LEASE_MS: i64 = 120_000;
/// How long an idle dispatcher waits at most before it looks again, in case a wake-up was lost.
const IDLE_MS_MAX: u64 = 1_000;

/// What one turn did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Worked on so many tasks; there may be more.
    Worked(usize),
    /// Nothing to do before this time: a limit, a lock-out or an open breaker.
    Wait(DateTime<Utc>),
    /// Nothing is due.
    Idle,
}

/// Works off the tasks whose destination is configured. The others wait, visibly.
pub struct Dispatcher {
    store: Store,
    spans: Spans,
    now: Now,
    leads: Option<Leads>,
}

impl Dispatcher {
    pub fn new(store: Store, spans: Spans, now: Now, airtable: Option<(Airtable, String)>) -> Self {
        Self { store, spans, now, leads: airtable.map(|(airtable, table)| Leads::new(airtable, table)) }
    }

    /// One step: claims what is due, does it, settles it.
    pub async fn turn(&mut self) -> Result<Turn, StoreError> {
        for turn in [
            outside::turn(&self.store, &self.spans, &self.now).await?,
            spread::turn(&self.store, &self.spans, &self.now).await?,
        ] {
            match turn {
                Turn::Worked(count) => return Ok(Turn::Worked(count)),
                Turn::Wait(_) | Turn::Idle => {}
            }
        }
        match self.leads.as_mut() {
            Some(leads) => leads.turn(&self.store, &self.now).await,
            None => Ok(Turn::Idle),
        }
    }

    /// Runs until told to stop. `wake` is notified when new work may be there.
    pub async fn run(mut self, wake: Arc<Notify>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let woken = wake.notified();
            let wait_ms = match self.turn().await {
                Ok(Turn::Worked(_)) => continue,
                Ok(Turn::Wait(until)) => {
                    u64::try_from((until - (self.now)()).num_milliseconds().max(1)).unwrap_or(IDLE_MS_MAX)
                }
                Ok(Turn::Idle) => IDLE_MS_MAX,
                Err(error) => {
                    tracing::error!(error = %error, "tasks could not be worked on");
                    IDLE_MS_MAX
                }
            };
            let is_waiting = wait_ms < IDLE_MS_MAX;
            tokio::select! {
                () = stop.cancelled() => {}
                () = woken, if !is_waiting => {}
                () = tokio::time::sleep(std::time::Duration::from_millis(wait_ms.min(IDLE_MS_MAX))) => {}
            }
        }
    }
}

/// Why a task of this kind is not worked on, in words for an operator; none where it is.
pub fn waits_for(kind: TaskKind, has_airtable: bool) -> Option<&'static str> {
    match kind {
        TaskKind::AirtableSyncLead if !has_airtable => {
            Some("waits: Airtable is not configured; set [airtable] token and base_id")
        }
        TaskKind::AirtableSyncLead | TaskKind::CampaignSpread => None,
        TaskKind::PlatformSyncSequence => Some("waits: this version does not call Smartlead and Instantly yet"),
    }
}

fn lease_until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + Duration::milliseconds(LEASE_MS)
}
