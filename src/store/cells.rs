//! Rows of both databases, read by one code: the column's own type becomes the plain value.

use super::StoreError;
use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::domain::stage::Stage;
use crate::domain::suppression::{Listed, Reason, Scope, Target};
use crate::engine::rows::{Asked, KnownContact, StoredEvent, Verdict};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::HashMap;
use uuid::Uuid;

/// A row of either database.
pub(super) trait Cells {
    /// Times as RFC 3339 in UTC with six fraction digits, dates as YYYY-MM-DD, UUIDs in their canonical form.
    fn maybe(&self, column: &str) -> Result<Option<String>, StoreError>;
    fn maybe_number(&self, column: &str) -> Result<Option<i64>, StoreError>;
    /// Null is false.
    fn flag(&self, column: &str) -> Result<bool, StoreError>;
    fn id(&self, column: &str) -> Result<Uuid, StoreError>;
    fn maybe_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError>;

    fn text(&self, column: &str) -> Result<String, StoreError> {
        self.maybe(column)?.ok_or_else(|| unreadable(column, "it is null"))
    }

    fn number(&self, column: &str) -> Result<i64, StoreError> {
        Ok(self.maybe_number(column)?.unwrap_or_default())
    }

    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        self.maybe_json(column)?.ok_or_else(|| unreadable(column, "it is null"))
    }
}

/// What stands there may be a person's, and errors are kept where no address belongs.
pub(super) const NO_ADDRESS: &str = "it is no e-mail address; see the contact's row";

/// A value in the database that the program can't read back.
pub(super) fn unreadable(what: &str, detail: impl std::fmt::Display) -> StoreError {
    StoreError::Rejected(format!("a stored {what} can't be read: {detail}"))
}

pub(super) fn key(row: &impl Cells) -> Result<ContactKey, StoreError> {
    Ok(ContactKey {
        client_id: ClientId::parse(&row.text("client_id")?).map_err(|error| unreadable("client id", error))?,
        email: Email::parse(&row.text("email")?).map_err(|_unsaid| unreadable("address", NO_ADDRESS))?,
    })
}

/// `adopted` holds the row's columns where the engine never folded the contact.
pub(super) fn known_contact(row: &impl Cells) -> Result<KnownContact, StoreError> {
    let adopted: Option<Map<String, Value>> = row.maybe_json("adopted")?;
    let is_adopted = adopted.is_some();
    let contact = match adopted {
        Some(columns) => super::foreign::contact_of_columns(&columns),
        None => row.json("fold")?,
    };
    let outside = match row.maybe_json::<Value>("changed_outside")? {
        Some(recorded) => super::foreign::outside_changes(&recorded.to_string())?,
        None => Vec::new(),
    };
    Ok(KnownContact {
        contact_id: row.id("contact_id")?,
        contact,
        airtable_lead_id: row.maybe("airtable_lead_id")?,
        is_adopted,
        outside,
        version: row.number("version")?,
    })
}

pub(super) fn stored_event(row: &impl Cells) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        event_id: row.id("event_id")?,
        contact_id: row.id("contact_id")?,
        key: key(row)?,
        dedupe_key: row.text("dedupe_key")?,
        seen: row.json("seen")?,
        verdict: Verdict {
            stage_before: stage(row, "stage_before")?,
            stage_after: stage(row, "stage_after")?,
            refused: row.flag("refused")?,
            rule: row.text("rule")?,
        },
    })
}

fn stage(row: &impl Cells, column: &str) -> Result<Stage, StoreError> {
    let name = row.text(column)?;
    Stage::parse(&name).ok_or_else(|| unreadable("stage", name))
}

/// A row of suppressions, kept under each address that its hash stands for.
pub(super) fn add_listed(
    row: &impl Cells,
    asked: &Asked,
    suppressed: &mut HashMap<Email, Vec<Listed>>,
) -> Result<(), StoreError> {
    let hash = row.text("value_hmac")?;
    let listed = listed(row)?;
    for email in asked.get(&hash).into_iter().flatten() {
        suppressed.entry(email.clone()).or_default().push(listed.clone());
    }
    Ok(())
}

pub(super) fn listed(row: &impl Cells) -> Result<Listed, StoreError> {
    let (scope, target, reason) = (row.text("scope")?, row.text("kind")?, row.text("reason")?);
    Ok(Listed {
        scope: Scope::parse(&scope).ok_or_else(|| unreadable("scope", &scope))?,
        client_id: row
            .maybe("client_id")?
            .map(|id| ClientId::parse(&id).map_err(|error| unreadable("client id", error)))
            .transpose()?,
        campaign: row
            .maybe("campaign_id")?
            .map(|id| CampaignId::parse(&id).map_err(|error| unreadable("campaign id", error)))
            .transpose()?,
        target: Target::parse(&target).ok_or_else(|| unreadable("kind of suppression", &target))?,
        reason: Reason::parse(&reason).ok_or_else(|| unreadable("reason", &reason))?,
    })
}
