//! What other writers changed in the database is taken at once, not with the next webhook: a person who sets
//! `do_not_contact` wants the sequence stopped now.

use super::Turn;
use crate::domain::rules::Rules;
use crate::engine::rows::TriggerType;
use crate::intake::{Context, Now, apply_outside_changes};
use crate::store::{Store, StoreError};

/// Contacts taken in one transaction.
const PAGE_MAX: u32 = 200;

pub(super) async fn turn(store: &Store, rules: &Rules, now: &Now) -> Result<Turn, StoreError> {
    let changed = store.contacts_changed_outside(PAGE_MAX).await?;
    if changed.is_empty() {
        return Ok(Turn::Idle);
    }
    let context = Context { store, rules, now, trigger: TriggerType::ConditionMet };
    if apply_outside_changes(&changed, &context).await.is_ok() {
        return Ok(Turn::Worked(changed.len()));
    }
    // One by one, so that a poisoned one holds no other.
    let mut taken = 0;
    for contact in changed {
        match apply_outside_changes(std::slice::from_ref(&contact), &context).await {
            Ok(()) => taken += 1,
            Err(error) => tracing::error!(error = %error, "a change of another writer could not be taken"),
        }
    }
    Ok(if taken > 0 { Turn::Worked(taken) } else { Turn::Idle })
}
