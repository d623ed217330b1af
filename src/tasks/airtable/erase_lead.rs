//! `airtable.erase_lead`: the lead of an erased person is deleted, however often it is there, and the receipt says so.

use super::Base;
use super::base::Done;
use super::gate::Stopped;
use crate::domain::lead;
use crate::engine::rows::{ClaimedTask, ErasurePartOf};
use crate::services::airtable::records::{RECORDS_MAX, quoted};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

#[derive(Deserialize)]
struct Payload {
    #[serde(flatten)]
    of: ErasurePartOf,
    /// None where it is done and only not settled.
    contact_id: Option<Uuid>,
    lead_id: Option<String>,
    /// Somebody could still write the lead until then.
    again_at: Option<DateTime<Utc>>,
}

pub(super) async fn work(base: &Base, task: &ClaimedTask) -> Result<Done, Stopped> {
    let payload: Payload = serde_json::from_value(task.payload.clone())
        .map_err(|error| Stopped::Refused(format!("the task's payload can't be read: {error}")))?;
    let Some(contact_id) = payload.contact_id else { return Ok(Done::default()) };
    let records = records(base, contact_id, payload.lead_id.as_ref()).await?;
    // A try whose answer is lost has deleted them too.
    base.store.expect_of_part(&payload.of, u64::try_from(records.len()).unwrap_or(u64::MAX)).await?;
    for ids in records.chunks(RECORDS_MAX) {
        let airtable = base.gate.enter().await?;
        base.gate.leave(airtable.delete(&base.leads, ids).await).await?;
    }
    let now = base.now();
    let is_over = payload.again_at.is_none_or(|again_at| again_at <= now);
    if is_over {
        let left = json!({ "receipt_id": payload.of.receipt_id, "part": payload.of.part });
        base.store.finish_erasure_task((task.task_id, task.task_key.as_str()), &payload.of, &left, now).await?;
    }
    Ok(Done { again_at: payload.again_at.filter(|_| !is_over), ..Done::default() })
}

/// All records that carry the contact's id, and the one that was last known.
async fn records(base: &Base, contact_id: Uuid, lead_id: Option<&String>) -> Result<Vec<String>, Stopped> {
    let formula = format!("{{{}}}={}", lead::MERGE_ON, quoted(&contact_id.to_string()));
    let found = base.list(&base.leads, Some(&formula), &[lead::MERGE_ON]).await?;
    let mut ids: Vec<String> = found.into_iter().map(|record| record.id).collect();
    if let Some(known) = lead_id.filter(|known| !ids.contains(known))
        && base.record(&base.leads, known).await?.is_some()
    {
        ids.push(known.clone());
    }
    Ok(ids)
}
