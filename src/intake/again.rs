//! Deliveries that are kept are read again: applied like new ones where they can be understood now, or only rehearsed.
//!
//! An event that is known stays one; the contacts are folded again under the present rules. A rehearsal reads, decides and writes
//! nothing: a part of it is a transaction that only reads and locks nothing, and it sees its own earlier parts through an [`Overlay`].

use super::{ApplyError, CONFLICTS_MAX, Context, asked, new_id};
use crate::domain::alert::AlertKind;
use crate::domain::contact::Contact;
use crate::domain::event::Event;
use crate::domain::ids::{ClientId, ContactKey};
use crate::engine::decide::{DeliveryAnswer, Incoming, Rim, decide, needs_history, outside_changes};
use crate::engine::follow::{spread_key, told_id};
use crate::engine::lineage;
use crate::engine::overlay::Overlay;
use crate::engine::rows::{Again, Known, Outcome, StoredEvent, Writes};
use crate::sources::Understood;
use crate::store::Tx;
use crate::store::views::{DeliveryAgain, EarlierOutcome, StoredDelivery};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Earlier outcomes that are kept of one delivery; the oldest go first.
const EARLIER_MAX: usize = 20;

/// A delivery, and what its body says by what is configured now.
#[derive(Debug)]
pub struct Reading {
    pub stored: StoredDelivery,
    pub understood: Understood,
}

/// What reading a batch again did, or in a rehearsal would do.
#[derive(Debug)]
pub struct Done {
    /// The contacts that are known, as they were before.
    pub before: HashMap<ContactKey, Contact>,
    pub writes: Writes,
    pub withdrawn: Vec<StoredEvent>,
    /// Only of deliveries of which something else became now.
    pub deliveries: Vec<DeliveryAgain>,
    pub answers: Vec<DeliveryAnswer>,
}

/// Applies them in one transaction; nothing is written where nothing is new. What another writer changed of these contacts comes with
/// it, as what it is.
pub async fn apply(readings: &[Reading], context: &Context<'_>) -> Result<Done, ApplyError> {
    let mut tries = 0;
    loop {
        match attempt(readings, context).await {
            Err(error) if error.is_conflict() && tries < CONFLICTS_MAX => tries += 1,
            result => return result,
        }
    }
}

async fn attempt(readings: &[Reading], context: &Context<'_>) -> Result<Done, ApplyError> {
    let mut tx = context.store.begin().await?;
    let (mut batch, mut known) = look_up(&mut tx, readings, &Overlay::default(), context, true).await?;
    let changed = outside_changes(&known, (context.now)());
    if !changed.is_empty() {
        batch.extend(changed);
        known.histories = tx.load_histories(&needs_history(&batch, &known)).await?;
    }
    let done = decided(readings, &batch, known, context)?;
    if !is_empty(&done) {
        tx.write(&done.writes).await?;
        tx.write_again(&done.deliveries, &done.withdrawn).await?;
        tx.commit().await?;
    }
    Ok(done)
}

/// What applying them would do, after what the overlay holds already.
pub async fn rehearse(readings: &[Reading], overlay: &mut Overlay, context: &Context<'_>) -> Result<Done, ApplyError> {
    let mut tx = context.store.look().await?;
    let (mut batch, mut known) = look_up(&mut tx, readings, overlay, context, false).await?;
    // What another writer changed meanwhile is no part of the difference.
    let changed = outside_changes(&known, (context.now)());
    if !changed.is_empty() {
        let keys: Vec<ContactKey> = changed.iter().flat_map(|one| &one.events).map(Event::contact_key).collect();
        let mut outside = tx.load(&keys, &[], false).await?;
        outside.histories = tx.load_histories(&needs_history(&changed, &outside)).await?;
        let (writes, _) = decide_caught(&changed, &outside, context)?;
        overlay.take(&outside, &writes, &[]);
        (batch, known) = look_up(&mut tx, readings, overlay, context, false).await?;
    }
    drop(tx);
    let taken = known.contacts.clone();
    let done = decided(readings, &batch, known, context)?;
    overlay.take(&Known { contacts: taken, ..Known::default() }, &done.writes, &done.withdrawn);
    Ok(done)
}

/// Keeps that applying it failed; what was applied before stays so.
pub async fn keep_dead(stored: &StoredDelivery, reason: &str, context: &Context<'_>) -> Result<Outcome, ApplyError> {
    let is_known = stored.outcome == Outcome::Dead && stored.reason.as_deref() == Some(reason);
    if is_settled(stored.outcome) || is_known {
        return Ok(stored.outcome);
    }
    let row = DeliveryAgain {
        delivery_id: stored.delivery_id,
        outcome: Outcome::Dead,
        reason: Some(reason.to_owned()),
        events_count: stored.events_count,
        earlier: earlier(stored, (context.now)()),
    };
    let mut tx = context.store.begin().await?;
    tx.write_again(&[row], &[]).await?;
    tx.commit().await?;
    Ok(Outcome::Dead)
}

fn is_empty(done: &Done) -> bool {
    let writes = &done.writes;
    let rows = [
        writes.contacts.len(),
        writes.events.len(),
        writes.chat_rows.len(),
        writes.chat_marks.len(),
        writes.logs.len(),
        writes.tasks.len(),
        writes.notifications.len(),
        writes.suppressions.len(),
        done.withdrawn.len(),
        done.deliveries.len(),
    ];
    rows.iter().all(|rows| *rows == 0)
}

/// The batch with every event at its contact, and all that the decision needs to know.
async fn look_up(
    tx: &mut Tx,
    readings: &[Reading],
    overlay: &Overlay,
    context: &Context<'_>,
    lock: bool,
) -> Result<(Vec<Incoming>, Known), ApplyError> {
    let mut batch: Vec<Incoming> = readings.iter().map(incoming).collect();
    let contacts: BTreeSet<ContactKey> =
        batch.iter().flat_map(|incoming| &incoming.events).map(Event::contact_key).collect();
    let contacts: Vec<ContactKey> = contacts.into_iter().collect();
    let events: BTreeSet<(ClientId, String)> =
        batch.iter().flat_map(lineage::keys).map(|(client_id, key)| (client_id.clone(), key.to_owned())).collect();
    let events: Vec<(ClientId, String)> = events.into_iter().collect();
    let asked = asked(&batch, context.rules);
    let mut known = tx.load_asking(&contacts, &events, &asked, lock).await?;
    overlay.lay_over(&mut known, &contacts, &events);
    overlay.lay_over_suppressed(&mut known, &asked);
    let withdrawn = withdrawn(tx, readings, overlay).await?;
    let owners: BTreeSet<ContactKey> = known
        .events
        .values()
        .chain(&withdrawn)
        .map(|stored| stored.key.clone())
        .filter(|key| !known.contacts.contains_key(key))
        .collect();
    if !owners.is_empty() {
        let owners: Vec<ContactKey> = owners.into_iter().collect();
        let mut more = tx.load(&owners, &[], lock).await?;
        overlay.lay_over(&mut more, &owners, &[]);
        known.contacts.extend(more.contacts);
    }
    leave_out_what_was_done(tx, &mut batch).await?;
    let batch = lineage::settle(&batch, &known).into_owned();
    let told = batch.iter().flat_map(|incoming| &incoming.events).map(|event| {
        let stored = known.events.get(&(event.client_id.clone(), event.dedupe_key.clone()));
        stored.map_or_else(|| event.contact_key(), |stored| stored.key.clone())
    });
    let refold = told.chain(withdrawn.iter().map(|stored| stored.key.clone())).collect();
    known.again = Some(Again { refold, withdrawn });
    let again = needs_history(&batch, &known);
    if !again.is_empty() {
        known.histories = tx.load_histories(&again).await?;
        overlay.lay_over_histories(&mut known.histories, &again);
    }
    Ok((batch, known))
}

/// The events that these deliveries brought and do not tell any more. Where a part of a body is not understood nothing is said of
/// the rest, and what another source told too stays.
async fn withdrawn(tx: &mut Tx, readings: &[Reading], overlay: &Overlay) -> Result<Vec<StoredEvent>, ApplyError> {
    let whole: Vec<&Reading> = readings.iter().filter(|reading| reading.understood.unrecognised.is_empty()).collect();
    let ids: Vec<_> = whole.iter().map(|reading| (reading.stored.delivery_id, reading.stored.received_at)).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let batch: Vec<Incoming> = readings.iter().map(incoming).collect();
    let still_told: BTreeSet<&str> = batch.iter().flat_map(lineage::keys).map(|(_, key)| key).collect();
    let brought = tx.events_of_deliveries(&ids).await?;
    Ok(brought
        .into_iter()
        .map(|(_, event)| event)
        .filter(|event| {
            event.seen.len() == 1 && !still_told.contains(event.dedupe_key.as_str()) && !overlay.is_withdrawn(event)
        })
        .collect())
}

/// Changes of whole campaigns and alerts that were taken before are not taken again: contacts that came into the campaign since
/// then were not meant, and an alert was told.
async fn leave_out_what_was_done(tx: &mut Tx, batch: &mut [Incoming]) -> Result<(), ApplyError> {
    let task_keys: Vec<String> = batch.iter().flat_map(|incoming| &incoming.campaign_changes).map(spread_key).collect();
    let log_ids: Vec<_> = batch
        .iter()
        .flat_map(|incoming| &incoming.alerts)
        .map(|alert| told_id(&alert.client_id, &alert.dedupe_key))
        .collect();
    if task_keys.is_empty() && log_ids.is_empty() {
        return Ok(());
    }
    let done = tx.effects(&task_keys, &log_ids).await?;
    for incoming in batch {
        incoming.campaign_changes.retain(|change| !done.task_keys.contains(&spread_key(change)));
        incoming.alerts.retain(|alert| !done.log_ids.contains(&told_id(&alert.client_id, &alert.dedupe_key)));
    }
    Ok(())
}

fn incoming(reading: &Reading) -> Incoming {
    let Reading { stored, understood } = reading;
    Incoming {
        delivery_id: stored.delivery_id,
        client_id: stored.client_id.clone(),
        source: stored.source,
        received_at: stored.received_at,
        events: understood.events.clone(),
        orphans: understood.orphans.clone(),
        // Of a delivery that was applied they were taken then, under whatever key.
        campaign_changes: if is_settled(stored.outcome) { Vec::new() } else { understood.campaign_changes.clone() },
        alerts: understood.alerts.clone(),
        unrecognised: understood.unrecognised.clone(),
        ignored: understood.ignored.clone(),
        body: String::new(),
        body_sha256: [0; 32],
        is_webhook: true,
        forwarded_as: stored.forwarded_as,
        traceparent: None,
    }
}

fn decided(readings: &[Reading], batch: &[Incoming], known: Known, context: &Context<'_>) -> Result<Done, ApplyError> {
    let (mut writes, answers) = decide_caught(batch, &known, context)?;
    let now = (context.now)();
    let rows = std::mem::take(&mut writes.deliveries);
    // That a delivery is not understood was told when it came.
    writes.logs.retain(|log| log.raises.as_ref().is_none_or(|raised| raised.kind != AlertKind::DeliveryUnrecognised));
    let deliveries = readings
        .iter()
        .zip(rows)
        .filter_map(|(reading, row)| {
            let (outcome, reason) = became(&reading.stored, row.outcome, row.reason)?;
            Some(DeliveryAgain {
                delivery_id: row.delivery_id,
                outcome,
                reason,
                events_count: i64::from(row.events_count),
                earlier: earlier(&reading.stored, now),
            })
        })
        .collect();
    let before = known.contacts.into_iter().map(|(key, known)| (key, known.contact)).collect();
    let withdrawn = known.again.map(|again| again.withdrawn).unwrap_or_default();
    Ok(Done { before, writes, withdrawn, deliveries, answers })
}

fn decide_caught(
    batch: &[Incoming],
    known: &Known,
    context: &Context<'_>,
) -> Result<(Writes, Vec<DeliveryAnswer>), ApplyError> {
    let now = (context.now)();
    catch_unwind(AssertUnwindSafe(|| {
        let mut new_id = new_id(now);
        let mut rim = Rim { now, trigger: context.trigger, rules: context.rules, new_id: &mut new_id };
        decide(batch, known, &mut rim)
    }))
    .map_err(|_panic| ApplyError::Panicked)
}

/// It did what it says: reading it again takes nothing of that back.
fn is_settled(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Applied | Outcome::Duplicate => true,
        Outcome::Ignored | Outcome::Unrecognised | Outcome::Refused | Outcome::Dead => false,
    }
}

/// What is to stand in the row of a delivery from now on; none where that stands there.
fn became(stored: &StoredDelivery, now: Outcome, reason: Option<String>) -> Option<(Outcome, Option<String>)> {
    let is_other = match (is_settled(stored.outcome), now) {
        (true, Outcome::Applied) => stored.outcome != Outcome::Applied,
        (true, Outcome::Duplicate | Outcome::Ignored | Outcome::Unrecognised | Outcome::Refused | Outcome::Dead) => {
            false
        }
        (false, _) => stored.outcome != now || (now != Outcome::Ignored && stored.reason != reason),
    };
    is_other.then_some((now, reason))
}

fn earlier(stored: &StoredDelivery, now: DateTime<Utc>) -> Vec<EarlierOutcome> {
    let mut earlier = stored.earlier.clone();
    earlier.push(EarlierOutcome { outcome: stored.outcome, reason: stored.reason.clone(), until: now });
    let surplus = earlier.len().saturating_sub(EARLIER_MAX);
    earlier.drain(..surplus);
    earlier
}
