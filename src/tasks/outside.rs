//! What other writers changed in the database is taken at once, not with the next webhook: a person who sets
//! `do_not_contact` wants the sequence stopped now.

use super::Turn;
use crate::domain::follow_up::Spans;
use crate::engine::rows::TriggerType;
use crate::intake::{Context, Now, apply_outside_changes};
use crate::store::{Store, StoreError};

/// Contacts taken in one transaction.
const PAGE_MAX: u32 = 200;

pub(super) async fn turn(store: &Store, spans: &Spans, now: &Now) -> Result<Turn, StoreError> {
    let changed = store.contacts_changed_outside(PAGE_MAX).await?;
    if changed.is_empty() {
        return Ok(Turn::Idle);
    }
    let context = Context { store, spans, now, trigger: TriggerType::ConditionMet };
    match apply_outside_changes(&changed, &context).await {
        Ok(()) => Ok(Turn::Worked(changed.len())),
        Err(error) => {
            tracing::error!(contacts = changed.len(), error = %error, "changes of another writer could not be taken");
            Ok(Turn::Idle)
        }
    }
}
