//! Replay: deliveries that are kept are read again with what is configured now, applied where something follows, or only rehearsed.
//!
//! With nothing changed in program and configuration nothing follows: the [`Difference`] is empty and nothing is written. One that was
//! not understood or failed is applied once it can be; one that is understood otherwise now moves its contacts accordingly. Outside
//! calls are none of a replay's own: what follows is left to tasks, as always.

mod difference;

use crate::config::Config;
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::engine::overlay::Overlay;
use crate::engine::rows::{Outcome, TriggerType};
use crate::intake::again::{self, Done, Reading};
use crate::intake::{ApplyError, Context, Now};
use crate::sources::{self, Malformed, Understood};
use crate::store::Store;
use crate::store::views::{DeliverySelection, StoredDelivery};
use chrono::{DateTime, Utc};
pub use difference::{ChatAdded, ContactDifference, Difference};
use serde::Serialize;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::Notify;
use uuid::Uuid;

/// Deliveries in memory at once, with their bodies; they are one transaction.
const PAGE: u32 = 32;
/// Deliveries that a report names one by one.
const DELIVERIES_SHOWN_MAX: usize = 1_000;
/// Contacts that a rehearsal keeps in memory. Beyond it the rehearsal stops and says where.
const CONTACTS_MAX: usize = 20_000;

/// What is replayed, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    pub selection: DeliverySelection,
    /// Where an earlier call stopped.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// The last delivery that is read, so that no more is applied than was rehearsed.
    pub until: Option<(DateTime<Utc>, Uuid)>,
    /// Stop after so many; none is all.
    pub deliveries_max: Option<u64>,
    /// Tells the difference and changes nothing.
    pub dry_run: bool,
}

/// What a replay works with.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    pub store: &'a Store,
    pub config: &'a Config,
    pub now: &'a Now,
    pub trigger: TriggerType,
    /// Told after each part that left work for the tasks.
    pub tasks_wake: Option<&'a Notify>,
}

/// What a replay did, or in a rehearsal would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub dry_run: bool,
    /// Deliveries that were looked at.
    pub deliveries: u64,
    /// Of these, how many became something else: `unrecognised → applied`, and so on.
    pub outcomes: BTreeMap<String, u64>,
    /// Those of which something else became, the first thousand.
    pub changed: Vec<Changed>,
    /// How many could not be read again: their body is no longer there, or their source's are not kept.
    pub not_readable: u64,
    /// How many could not be applied; those of which nothing was applied before are `dead`, with the reason.
    pub failed: u64,
    pub difference: Difference,
    /// Where it stopped, for the next call; none where all that was selected was looked at.
    pub next: Option<Cursor>,
    /// The last delivery that was looked at; none where there was none.
    #[serde(skip)]
    pub last: Option<Cursor>,
}

/// A place in the order of deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cursor {
    pub received_at: DateTime<Utc>,
    pub delivery_id: Uuid,
}

impl Cursor {
    fn of((received_at, delivery_id): (DateTime<Utc>, Uuid)) -> Self {
        Self { received_at, delivery_id }
    }
}

/// A delivery of which something else became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    pub delivery_id: Uuid,
    pub client_id: ClientId,
    pub source: Source,
    pub received_at: DateTime<Utc>,
    pub outcome_before: Outcome,
    pub outcome: Outcome,
    pub reason: Option<String>,
}

impl Report {
    /// Nothing follows.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty() && self.difference.is_empty()
    }

    fn note(&mut self, stored: &StoredDelivery, outcome: Outcome, reason: Option<&str>) {
        *self.outcomes.entry(format!("{} → {outcome}", stored.outcome)).or_default() += 1;
        if self.changed.len() < DELIVERIES_SHOWN_MAX {
            self.changed.push(Changed {
                delivery_id: stored.delivery_id,
                client_id: stored.client_id.clone(),
                source: stored.source,
                received_at: stored.received_at,
                outcome_before: stored.outcome,
                outcome,
                reason: reason.map(str::to_owned),
            });
        }
    }

    fn take(&mut self, readings: &[Reading], done: &Done) {
        for row in &done.deliveries {
            if let Some(reading) = readings.iter().find(|reading| reading.stored.delivery_id == row.delivery_id) {
                self.note(&reading.stored, row.outcome, row.reason.as_deref());
            }
        }
        self.difference.add(done);
    }
}

/// Replays page after page, oldest first; memory holds one page, and what a rehearsal changes.
pub async fn replay(desk: Desk<'_>, plan: &Plan) -> Result<Report, ApplyError> {
    let mut report = Report { dry_run: plan.dry_run, ..Report::default() };
    let mut overlay = Overlay::default();
    let mut after = plan.after;
    loop {
        let left = plan.deliveries_max.map_or(u64::MAX, |most| most.saturating_sub(report.deliveries));
        let is_full = left == 0 || overlay.contacts() >= CONTACTS_MAX;
        let limit = if is_full { 1 } else { PAGE.min(u32::try_from(left).unwrap_or(u32::MAX)) };
        let mut page = desk.store.stored_deliveries(&plan.selection, after, limit).await?;
        let found = page.len();
        page.retain(|stored| plan.until.is_none_or(|until| (stored.received_at, stored.delivery_id) <= until));
        let Some(last) = page.last() else {
            report.next = plan.until.filter(|_| found > 0).map(Cursor::of);
            break;
        };
        if is_full {
            report.next = after.map(Cursor::of);
            break;
        }
        after = Some((last.received_at, last.delivery_id));
        report.last = after.map(Cursor::of);
        report.deliveries += u64::try_from(page.len()).unwrap_or(u64::MAX);
        let readings = read(page, desk.config, &mut report);
        run(desk, plan.dry_run, readings, &mut overlay, &mut report).await?;
    }
    report.difference.settle();
    Ok(report)
}

/// A page whole, or one by one where something in it is poisoned.
async fn run(
    desk: Desk<'_>,
    dry_run: bool,
    readings: Vec<Reading>,
    overlay: &mut Overlay,
    report: &mut Report,
) -> Result<(), ApplyError> {
    if readings.is_empty() {
        return Ok(());
    }
    match step(desk, dry_run, &readings, overlay, report).await {
        Err(error) if error.is_unavailable() => return Err(error),
        Err(_poisoned) if readings.len() > 1 => {}
        Err(error) => return fail(desk, dry_run, &readings, &error, report).await,
        Ok(()) => return Ok(()),
    }
    for reading in readings {
        let alone = [reading];
        match step(desk, dry_run, &alone, overlay, report).await {
            Err(error) if error.is_unavailable() => return Err(error),
            Err(error) => fail(desk, dry_run, &alone, &error, report).await?,
            Ok(()) => {}
        }
    }
    Ok(())
}

async fn step(
    desk: Desk<'_>,
    dry_run: bool,
    readings: &[Reading],
    overlay: &mut Overlay,
    report: &mut Report,
) -> Result<(), ApplyError> {
    let context = Context { store: desk.store, rules: &desk.config.rules, now: desk.now, trigger: desk.trigger };
    let done = if dry_run {
        again::rehearse(readings, overlay, &context).await?
    } else {
        again::apply(readings, &context).await?
    };
    report.take(readings, &done);
    if let Some(wake) = desk.tasks_wake.filter(|_| !dry_run && !done.writes.tasks.is_empty()) {
        wake.notify_one();
    }
    Ok(())
}

async fn fail(
    desk: Desk<'_>,
    dry_run: bool,
    readings: &[Reading],
    error: &ApplyError,
    report: &mut Report,
) -> Result<(), ApplyError> {
    let context = Context { store: desk.store, rules: &desk.config.rules, now: desk.now, trigger: desk.trigger };
    let reason = error.to_string();
    for reading in readings {
        tracing::error!(delivery_id = %reading.stored.delivery_id, %error, "a delivery could not be applied again");
        report.failed += 1;
        let stored = &reading.stored;
        let outcome = if dry_run { stored.outcome } else { again::keep_dead(stored, &reason, &context).await? };
        if outcome != stored.outcome {
            report.note(stored, outcome, Some(&reason));
        }
    }
    Ok(())
}

fn read(page: Vec<StoredDelivery>, config: &Config, report: &mut Report) -> Vec<Reading> {
    let mut readings = Vec::with_capacity(page.len());
    for stored in page {
        match understood(&stored, config) {
            Some(understood) => readings.push(Reading { stored, understood }),
            None => report.not_readable += 1,
        }
    }
    readings
}

/// None where the body is no longer there, or where reading it fails as it did the first time.
fn understood(stored: &StoredDelivery, config: &Config) -> Option<Understood> {
    let sources = config.clients.get(&stored.client_id).map(|client| &client.sources)?;
    let StoredDelivery { client_id, source, received_at, body, forwarded_as, .. } = stored;
    let read = || sources::read_stored(*source, *forwarded_as, sources, client_id, body, *received_at);
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(understood)) => Some(understood),
        Ok(Err(Malformed(reason))) => {
            tracing::debug!(delivery_id = %stored.delivery_id, reason, "a delivery can't be read again");
            None
        }
        Err(_panic) => {
            tracing::error!(delivery_id = %stored.delivery_id, "reading a delivery again failed");
            None
        }
    }
}
