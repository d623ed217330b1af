//! `suppression.spread`: somebody opted out for the whole agency, and other clients' contacts of that address are to be left alone,
//! and all clients' platforms are to write to it no more.

use super::logs::{settle, span_of, traced};
use super::retry::end_of_store;
use super::{Turn, lease_until};
use crate::domain::rules::Rules;
use crate::engine::rows::{ClaimedTask, TaskEnd, TaskKind};
use crate::intake::Now;
use crate::persons;
use crate::store::{Store, StoreError};
use uuid::Uuid;

pub(super) async fn turn(store: &Store, rules: &Rules, now: &Now) -> Result<Turn, StoreError> {
    let started = now();
    if !store.has_due_task(&[TaskKind::SuppressionSpread], started).await? {
        return Ok(Turn::Idle);
    }
    let (kinds, lease) = ([TaskKind::SuppressionSpread], Uuid::new_v4());
    let claimed = store.claim_tasks(&kinds, 1, started, lease_until(started), lease).await?;
    let Some(task) = claimed.into_iter().next() else { return Ok(Turn::Idle) };
    traced(span_of(std::slice::from_ref(&task)), work(store, rules, now, &task)).await?;
    Ok(Turn::Worked(1))
}

async fn work(store: &Store, rules: &Rules, now: &Now, task: &ClaimedTask) -> Result<(), StoreError> {
    let end = match spread(store, rules, now, task).await {
        Ok(()) => TaskEnd::Done,
        Err(error) => end_of_store(&error, task.attempts, now()),
    };
    settle(store, task, end, &[], now()).await
}

async fn spread(store: &Store, rules: &Rules, now: &Now, task: &ClaimedTask) -> Result<(), StoreError> {
    let Some(contact_id) = task.contact_id else { return Ok(()) };
    // Erased meanwhile: the erasure itself has looked after the others.
    let Some(contact) = store.reached(contact_id).await? else { return Ok(()) };
    persons::reach(store, rules, &contact, now()).await?;
    Ok(())
}
