//! `vectors.erase`: nothing of an erased contact's conversation stays in the index.

use super::{Done, Halt, Hold, Lane, messages, told};
use crate::engine::rows::{LogRow, TaskKind, TaskRow};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

/// Who is at the conversation at this moment may still write some of it.
const WAIT_MS: i64 = 5_000;

pub(super) async fn work(lane: &Lane, hold: &Hold<'_>) -> Result<Done, Halt> {
    let named = hold.task.payload.get("contact_id").and_then(Value::as_str);
    let Some(contact_id) = named.and_then(|id| id.parse::<Uuid>().ok()) else { return Ok(Done::default()) };
    let started = lane.now();
    if lane.store.is_any_running(&[TaskRow::contact_key(TaskKind::VectorsContact, contact_id)]).await? {
        let until = started + TimeDelta::milliseconds(WAIT_MS);
        return Err(Halt::Wait { until, why: "waits until nobody writes of this conversation".to_owned() });
    }
    let again_at = hold.task.payload.get("again_at").and_then(Value::as_str);
    let again_at = again_at.and_then(|at| at.parse::<DateTime<Utc>>().ok()).filter(|at| *at > started);
    let known = lane.store.vector_passages_of(contact_id).await?;
    if known.is_empty() {
        return Ok(Done { again_at, ..Done::default() });
    }
    let removed = messages::remove(lane, hold, known).await?;
    let row = LogRow {
        action_taken: "conversation taken out of the vector index".to_owned(),
        action_details: Some(format!("{removed} message(s), after an erasure")),
        ..told(hold.task, started, lane.now())
    };
    Ok(Done { logs: vec![row], again_at })
}
