//! `suppression.spread`: somebody opted out for the whole agency, and other clients' contacts of that address are to be left alone.

use super::{Turn, lease_until};
use crate::engine::rows::{ClaimedTask, TaskEnd, TaskKind, TaskSettled};
use crate::intake::Now;
use crate::persons;
use crate::store::{Store, StoreError};
use chrono::Duration;
use uuid::Uuid;

const RETRY_MS: i64 = 5_000;

pub(super) async fn turn(store: &Store, now: &Now) -> Result<Turn, StoreError> {
    let started = now();
    let (kinds, lease) = ([TaskKind::SuppressionSpread], Uuid::new_v4());
    let claimed = store.claim_tasks(&kinds, 1, started, lease_until(started), lease).await?;
    let Some(task) = claimed.into_iter().next() else { return Ok(Turn::Idle) };
    let end = match spread(store, now, &task).await {
        Ok(()) => TaskEnd::Done,
        Err(error) if error.is_unavailable() || error.is_conflict() => {
            let due_at = now() + Duration::milliseconds(RETRY_MS);
            TaskEnd::Retry { due_at, error: error.to_string(), counts: false }
        }
        Err(error) => TaskEnd::Dead { error: error.to_string() },
    };
    let settled = TaskSettled { task_id: task.task_id, lease: task.lease, wanted: task.wanted, end, now: now() };
    store.settle_tasks(&[settled], &[], &[]).await?;
    Ok(Turn::Worked(1))
}

async fn spread(store: &Store, now: &Now, task: &ClaimedTask) -> Result<(), StoreError> {
    let Some(contact_id) = task.contact_id else { return Ok(()) };
    // Erased meanwhile: the erasure itself has looked after the others.
    let Some(contact) = store.reached(contact_id).await? else { return Ok(()) };
    persons::reach(store, &contact, now()).await?;
    Ok(())
}
