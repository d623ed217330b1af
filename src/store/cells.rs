//! Rows of both databases, read by one code: the column's own type becomes the plain value.

use super::StoreError;
use super::foreign::stage_of;
use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::domain::stage::Stage;
use crate::domain::suppression::{Listed, Reason, Scope, Target};
use crate::engine::rows::{Asked, KnownContact, StoredEvent, Verdict};
use chrono::{DateTime, Utc};
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
    Ok(ContactKey { client_id: client_id(row)?, email: email(row)? })
}

pub(super) fn client_id(row: &impl Cells) -> Result<ClientId, StoreError> {
    maybe_client_id(row)?.ok_or_else(|| unreadable("client id", "it is null"))
}

pub(super) fn maybe_client_id(row: &impl Cells) -> Result<Option<ClientId>, StoreError> {
    let id = row.maybe("client_id")?.map(|id| ClientId::parse(&id));
    id.transpose().map_err(|error| unreadable("client id", error))
}

pub(super) fn email(row: &impl Cells) -> Result<Email, StoreError> {
    Email::parse(&row.text("email")?).map_err(|_unsaid| unreadable("address", NO_ADDRESS))
}

pub(super) fn campaign_id(row: &impl Cells) -> Result<CampaignId, StoreError> {
    CampaignId::parse(&row.text("campaign_id")?).map_err(|error| unreadable("campaign id", error))
}

pub(super) fn maybe_id(row: &impl Cells, column: &str) -> Result<Option<Uuid>, StoreError> {
    row.maybe(column)?.map(|id| Uuid::parse_str(&id)).transpose().map_err(|error| unreadable(column, error))
}

pub(super) fn maybe_time(row: &impl Cells, column: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
    let Some(text) = row.maybe(column)? else { return Ok(None) };
    let time = DateTime::parse_from_rfc3339(&text).map_err(|error| unreadable(column, error))?;
    Ok(Some(time.with_timezone(&Utc)))
}

pub(super) fn time(row: &impl Cells, column: &str) -> Result<DateTime<Utc>, StoreError> {
    maybe_time(row, column)?.ok_or_else(|| unreadable(column, "it is null"))
}

/// The stage that the row's four columns hold.
pub(super) fn current_stage(row: &impl Cells) -> Result<Stage, StoreError> {
    let columns = ["lead_status", "pipeline_status", "campaign_status", "lead_email_status"];
    let [lead, pipeline, campaign, email] = columns.map(|column| row.maybe(column));
    Ok(stage_of(lead?.as_deref(), pipeline?.as_deref(), campaign?.as_deref(), email?.as_deref()))
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
        client_id: maybe_client_id(row)?,
        campaign: row
            .maybe("campaign_id")?
            .map(|id| CampaignId::parse(&id).map_err(|error| unreadable("campaign id", error)))
            .transpose()?,
        target: Target::parse(&target).ok_or_else(|| unreadable("kind of suppression", &target))?,
        reason: Reason::parse(&reason).ok_or_else(|| unreadable("reason", &reason))?,
    })
}
