//! Telling other systems: what is in the outbox goes to its target, one contact's strictly in order, several contacts' side by side.

mod backoff;
mod target;

use super::{Turn, is_time};
use crate::domain::alert::AlertKind;
use crate::domain::notification::NotificationKind;
use crate::domain::rules::Rules;
use crate::engine::notify::{self, message_id};
use crate::engine::rows::LogRow;
use crate::intake::Now;
use crate::services::notify::NotifyError;
use crate::store::destinations::NOTIFY;
use crate::store::notifications::{ClaimedNotification, NotificationEnd, NotificationSettled, TargetState};
use crate::store::{Store, StoreError};
use crate::telemetry::trace::{self, Cause};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
pub use target::Target;
use target::{Aftermath, Seat};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a claim holds; a try takes fifteen seconds at most.
const LEASE_MS: i64 = 45_000;
const IDLE_MS: u64 = 500;
/// How often it is looked for what other instances know of the targets, and for alerts.
const LOOK_MS: i64 = 1_000;
const ALERTS_AT_ONCE: u32 = 100;
/// Few rows, often: no webhook waits for a large deletion.
const PRUNE_MS: i64 = 10_000;
const PRUNE_ROWS_MAX: u32 = 1_000;
/// What was delivered is kept so long, without its body.
const KEEP_DAYS: i64 = 7;

pub(super) struct Lane {
    store: Store,
    rules: Rules,
    now: Now,
    seats: Vec<Arc<Seat>>,
    states: Mutex<HashMap<String, TargetState>>,
    looked_at_ms: AtomicI64,
    told_at_ms: AtomicI64,
    pruned_at_ms: AtomicI64,
    /// The service is to stop: what is in flight is ended, the rest waits for the next start.
    stop: CancellationToken,
}

/// A try that ended.
struct Tried {
    seat: Arc<Seat>,
    claim: ClaimedNotification,
    result: Result<(), NotifyError>,
}

/// How many tries each target has in flight.
type InFlight = HashMap<String, usize>;

impl Lane {
    pub(super) fn new(store: &Store, rules: &Rules, now: &Now, targets: Vec<Target>, stop: CancellationToken) -> Self {
        Self {
            store: store.clone(),
            rules: rules.clone(),
            now: now.clone(),
            seats: targets.into_iter().map(|target| Arc::new(Seat::new(target))).collect(),
            states: Mutex::default(),
            looked_at_ms: AtomicI64::new(i64::MIN),
            told_at_ms: AtomicI64::new(i64::MIN),
            pruned_at_ms: AtomicI64::new(i64::MIN),
            stop,
        }
    }

    /// One round: claims what may go now, tries it, settles it.
    pub(super) async fn turn(&self) -> Result<Turn, StoreError> {
        if self.seats.is_empty() {
            return Ok(Turn::Idle);
        }
        self.look(true).await?;
        let mut trying = JoinSet::new();
        for (seat, claim) in self.claim(&InFlight::new()).await? {
            trying.spawn(attempt(seat, claim, (self.now)()));
        }
        let mut ended = Vec::new();
        while let Some(tried) = trying.join_next().await {
            ended.extend(tried);
        }
        let count = ended.len();
        self.settle(&ended).await?;
        Ok(if count > 0 { Turn::Worked(count) } else { Turn::Idle })
    }

    /// Until told to stop. What ends while the last ends are written is settled together, and what then may go is claimed together.
    pub(super) async fn run(self: Arc<Self>) {
        if self.seats.is_empty() {
            return;
        }
        let mut trying: JoinSet<Tried> = JoinSet::new();
        let mut in_flight = InFlight::new();
        let mut ended: Vec<Tried> = Vec::new();
        while !self.stop.is_cancelled() {
            let begun = self.step(&mut trying, &mut in_flight, &mut ended).await;
            let is_idle = match begun {
                Ok(begun) => begun == 0,
                Err(error) => {
                    tracing::error!(%error, "notifications could not be worked on");
                    true
                }
            };
            if is_idle {
                tokio::select! {
                    () = self.stop.cancelled() => {}
                    Some(tried) = trying.join_next(), if !trying.is_empty() => take(tried, &mut in_flight, &mut ended),
                    () = tokio::time::sleep(Duration::from_millis(IDLE_MS)) => {}
                }
            }
        }
        while let Some(tried) = trying.join_next().await {
            take(tried, &mut in_flight, &mut ended);
        }
        if let Err(error) = self.settle(&ended).await {
            tracing::error!(%error, "tries of notifications could not be settled; they are made again");
        }
    }

    /// Settles what has ended, claims what may go, and begins it. Gives how many were begun.
    async fn step(
        &self,
        trying: &mut JoinSet<Tried>,
        in_flight: &mut InFlight,
        ended: &mut Vec<Tried>,
    ) -> Result<usize, StoreError> {
        while let Some(tried) = trying.try_join_next() {
            take(tried, in_flight, ended);
        }
        self.settle(ended).await?;
        ended.clear();
        self.look(false).await?;
        let claimed = self.claim(in_flight).await?;
        let count = claimed.len();
        for (seat, claim) in claimed {
            *in_flight.entry(claim.target.clone()).or_default() += 1;
            trying.spawn(attempt(seat, claim, (self.now)()));
        }
        Ok(count)
    }

    /// Looks at what the other instances know, and at what is to be told of alerts.
    async fn look(&self, is_forced: bool) -> Result<(), StoreError> {
        let now = (self.now)();
        if is_time(&self.looked_at_ms, now, LOOK_MS) || is_forced {
            self.learn().await?;
        }
        if self.rules.wants.notifications.has(NotificationKind::AlertRaised)
            && (is_time(&self.told_at_ms, now, LOOK_MS) || is_forced)
        {
            for alert in self.store.untold_alerts(ALERTS_AT_ONCE).await? {
                self.store.tell_alert(&alert, &notify::alert(&self.rules, &alert, now)).await?;
            }
        }
        if is_time(&self.pruned_at_ms, now, PRUNE_MS) {
            self.store.prune_notifications(now - TimeDelta::days(KEEP_DAYS), PRUNE_ROWS_MAX).await?;
        }
        Ok(())
    }

    async fn learn(&self) -> Result<(), StoreError> {
        let states = self.store.target_states().await?;
        let states = states.into_iter().map(|state| (state.target.clone(), state)).collect();
        *self.states.lock().unwrap_or_else(PoisonError::into_inner) = states;
        Ok(())
    }

    /// The targets that take something now, with how much.
    fn open(&self, in_flight: &InFlight, now: DateTime<Utc>) -> Vec<(Arc<Seat>, usize)> {
        let states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let may_go = |seat: &Seat| match states.get(&seat.target.name) {
            Some(state) => {
                state.paused_until.is_none_or(|until| until <= now)
                    && state.disabled_url_sha256.as_deref() != Some(&seat.url_sha256)
            }
            None => true,
        };
        let room = |seat: &Seat| seat.room(in_flight.get(&seat.target.name).copied().unwrap_or_default(), now);
        self.seats
            .iter()
            .filter(|seat| may_go(seat))
            .filter_map(|seat| room(seat).ok().filter(|room| *room > 0).map(|room| (Arc::clone(seat), room)))
            .collect()
    }

    async fn claim(&self, in_flight: &InFlight) -> Result<Vec<(Arc<Seat>, ClaimedNotification)>, StoreError> {
        let now = (self.now)();
        let mut open = self.open(in_flight, now);
        // Looked for without a write, where nothing is under way.
        if in_flight.values().all(|count| *count == 0) {
            let names: Vec<String> = open.iter().map(|(seat, _)| seat.target.name.clone()).collect();
            let due = if names.is_empty() { Vec::new() } else { self.store.due_targets(&names, now).await? };
            open.retain(|(seat, _)| due.contains(&seat.target.name));
        }
        let mut claimed = Vec::new();
        for (seat, room) in open {
            let (limit, until) = (u32::try_from(room).unwrap_or(u32::MAX), now + TimeDelta::milliseconds(LEASE_MS));
            let name = &seat.target.name;
            let claims = self.store.claim_notifications(name, limit, now, until, Uuid::new_v4()).await?;
            claimed.extend(claims.into_iter().map(|claim| (Arc::clone(&seat), claim)));
        }
        Ok(claimed)
    }

    async fn settle(&self, ended: &[Tried]) -> Result<(), StoreError> {
        if ended.is_empty() {
            return Ok(());
        }
        let now = (self.now)();
        let mut settled = Vec::with_capacity(ended.len());
        let mut logs: Vec<LogRow> = Vec::new();
        for Tried { seat, claim, result } in ended {
            let (end, after) = seat.ended(claim, result.clone(), now);
            log_failure(claim, &end);
            logs.extend(self.aftermath(seat, after, now).await?);
            settled.push(NotificationSettled {
                notification_id: claim.notification_id,
                lease: claim.lease,
                lane: claim.lane.clone(),
                end,
                now,
            });
        }
        self.store.settle_notifications(&settled, &logs).await?;
        Ok(())
    }

    async fn aftermath(&self, seat: &Seat, after: Aftermath, now: DateTime<Utc>) -> Result<Vec<LogRow>, StoreError> {
        let name = &seat.target.name;
        if let Some(until) = after.paused_until {
            self.store.pause_target(name, until).await?;
            self.learn().await?;
        }
        self.store.note_breaker(&[NOTIFY, name.as_str()].concat(), after.open_until, now).await?;
        if after.is_gone {
            self.store.disable_target(name, &seat.url_sha256, now).await?;
            self.learn().await?;
        }
        if after.is_well_again {
            for kind in [AlertKind::ServiceFails, AlertKind::TargetDisabled] {
                self.store.resolve_alert(&seat.tenant(), kind, &seat.alert_key(), now).await?;
            }
        }
        Ok(after.logs)
    }
}

async fn attempt(seat: Arc<Seat>, claim: ClaimedNotification, at: DateTime<Utc>) -> Tried {
    let message = message_id(claim.notification_id);
    let (client, attempts) = (claim.tenant.as_str(), claim.attempts);
    let cause = Cause { task_id: message.clone(), client, delivery_id: None, traceparent: None, attempts };
    let span = trace::notification(claim.kind.as_str(), &cause);
    let result = span.around(seat.target.notifier.send(&message, &claim.body, at)).await;
    span.settled(&message, if result.is_ok() { "done" } else { "retry" });
    span.end();
    Tried { seat, claim, result }
}

fn take(tried: Result<Tried, tokio::task::JoinError>, in_flight: &mut InFlight, ended: &mut Vec<Tried>) {
    match tried {
        Ok(tried) => {
            if let Some(count) = in_flight.get_mut(&tried.claim.target) {
                *count = count.saturating_sub(1);
            }
            ended.push(tried);
        }
        Err(error) => tracing::error!(%error, "a try of a notification ended badly"),
    }
}

/// Without the address, which may hold a secret, and without the body.
fn log_failure(claim: &ClaimedNotification, end: &NotificationEnd) {
    let (error, is_dead) = match end {
        NotificationEnd::Delivered => return,
        NotificationEnd::Retry { error, .. } => (error, false),
        NotificationEnd::Dead { error } => (error, true),
    };
    tracing::warn!(to = claim.target, kind = %claim.kind, id = %claim.notification_id, attempts = claim.attempts, is_dead, error, "a notification was not taken");
}
