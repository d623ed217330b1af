//! Suppressions and erasures.

use crate::domain::suppression::Listed;
use crate::engine::rows::KnownContact;
use crate::store::StoreError;
use crate::store::cells::{Cells, key, known_contact, listed, maybe_client_id, maybe_time, time};
use crate::store::erasure::{Mention, Place};
use crate::store::views::{Receipt, Subject, SuppressionView};

pub(in crate::store) fn suppression(row: &impl Cells) -> Result<SuppressionView, StoreError> {
    let Listed { scope, client_id, campaign, target, reason } = listed(row)?;
    Ok(SuppressionView {
        suppression_id: row.text("suppression_id")?,
        scope,
        client_id: client_id.map(|id| id.as_str().to_owned()),
        campaign_id: campaign.map(|id| id.as_str().to_owned()),
        target,
        reason,
        value_hmac: row.text("value_hmac")?,
        key_id: row.text("key_id")?,
        created_at: row.text("created_at")?,
    })
}

/// A row as `known_contact` reads it.
pub(in crate::store) fn subject(row: &impl Cells) -> Result<Subject, StoreError> {
    let KnownContact { contact_id, contact, airtable_lead_id, .. } = known_contact(row)?;
    let has_engaged = contact.has_engaged;
    Ok(Subject { contact_id, key: key(row)?, contact, airtable_lead_id, has_engaged })
}

pub(in crate::store) fn receipt(row: &impl Cells) -> Result<Receipt, StoreError> {
    Ok(Receipt {
        receipt_id: row.id("receipt_id")?,
        client_id: maybe_client_id(row)?,
        subject_hmac: row.text("subject_hmac")?,
        key_id: row.text("key_id")?,
        requested_at: time(row, "requested_at")?,
        keeps_suppression: row.flag("keeps_suppression")?,
        removed: row.json("removed")?,
        parts: row.json("parts")?,
        completed_at: maybe_time(row, "completed_at")?,
    })
}

/// A row of a place: its id as `id`, its texts by their columns.
pub(in crate::store) fn mention(row: &impl Cells, place: &Place) -> Result<Mention, StoreError> {
    let texts = place.columns.iter().map(|(name, _)| row.maybe(name)).collect::<Result<_, _>>()?;
    Ok(Mention { id: row.id("id")?, texts })
}
