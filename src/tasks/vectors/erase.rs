//! `vectors.erase`: nothing of an erased contact's conversation stays in the index, and the receipt says so.

use super::{Done, Halt, Hold, Lane, messages, told};
use crate::engine::rows::{ErasurePartOf, LogRow, TaskKind, TaskRow};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

/// Looked for again so long after somebody was still at it.
const WAIT_MS: i64 = 5_000;

#[derive(Deserialize)]
struct Payload {
    /// None of what an older version wanted.
    #[serde(flatten)]
    of: Option<ErasurePartOf>,
    /// None where it is done and only not settled.
    contact_id: Option<Uuid>,
    /// Somebody could still write of it until then.
    again_at: Option<DateTime<Utc>>,
    /// Of whoever was only mentioned: the contact in whose conversation.
    mentioned_to: Option<Uuid>,
}

pub(super) async fn work(lane: &Lane, hold: &Hold<'_>) -> Result<Done, Halt> {
    let Ok(payload) = serde_json::from_value::<Payload>(hold.task.payload.clone()) else { return Ok(Done::default()) };
    match payload {
        Payload { mentioned_to: Some(contact_id), of: Some(of), .. } => mend(lane, hold, contact_id, &of).await,
        Payload { contact_id: Some(contact_id), of, again_at, .. } => {
            Box::pin(take_out(lane, hold, contact_id, of, again_at)).await
        }
        Payload { .. } => Ok(Done::default()),
    }
}

/// Another one's conversation loses what the messages have lost.
async fn mend(lane: &Lane, hold: &Hold<'_>, contact_id: Uuid, of: &ErasurePartOf) -> Result<Done, Halt> {
    wait_for_others(lane, contact_id).await?;
    let logs = Box::pin(messages::bring_in_line(lane, hold, contact_id)).await?;
    // Wanted again meanwhile, it is to be done again: so the payload stays.
    let task = (hold.task.task_id, hold.task.task_key.as_str());
    lane.store.finish_erasure_task(task, of, &hold.task.payload, lane.now()).await?;
    Ok(Done { again_at: None, logs })
}

/// Whoever is at the conversation may still write what it was.
async fn wait_for_others(lane: &Lane, contact_id: Uuid) -> Result<(), Halt> {
    if !lane.store.is_any_running(&[TaskRow::contact_key(TaskKind::VectorsContact, contact_id)]).await? {
        return Ok(());
    }
    let until = lane.now() + TimeDelta::milliseconds(WAIT_MS);
    Err(Halt::Wait { until, why: "waits until nobody writes of this conversation".to_owned() })
}

async fn take_out(
    lane: &Lane,
    hold: &Hold<'_>,
    contact_id: Uuid,
    of: Option<ErasurePartOf>,
    again_at: Option<DateTime<Utc>>,
) -> Result<Done, Halt> {
    let started = lane.now();
    wait_for_others(lane, contact_id).await?;
    let again_at = again_at.filter(|at| *at > started);
    let known = lane.store.vector_passages_of(contact_id).await?;
    let mut logs = Vec::new();
    if !known.is_empty() {
        if let Some(of) = &of {
            // A try that is cut off has forgotten what it took out.
            lane.store.expect_of_part(of, u64::try_from(known.len()).unwrap_or(u64::MAX)).await?;
        }
        let removed = messages::remove(lane, hold, known).await?;
        logs.push(LogRow {
            action_taken: "conversation taken out of the vector index".to_owned(),
            action_details: Some(format!("{removed} message(s), after an erasure")),
            ..told(hold.task, started, lane.now())
        });
    }
    if let Some(of) = of.filter(|_| again_at.is_none()) {
        let left = json!({ "receipt_id": of.receipt_id, "part": of.part });
        lane.store.finish_erasure_task((hold.task.task_id, &hold.task.task_key), &of, &left, lane.now()).await?;
    }
    Ok(Done { again_at, logs })
}
