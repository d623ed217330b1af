//! `vectors.pull`: documents that wait to be indexed are looked for in Airtable; and now and then those that were deleted there.

use super::{Airtable, Done, Halt, Lane, PRIORITY_DOCUMENT};
use crate::engine::rows::{TaskKind, TaskRow};
use crate::services::airtable::AirtableError;
use crate::store::vectors::VectorPassage;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub(super) const DOCUMENTS: &str = "Documents";
pub(super) const INDEXED: &str = "indexed";
pub(super) const STATUS: &str = "processing_status";
/// A refused document waits until a person changes this.
pub(super) const FAILED: &str = "Failed";
const CHECKED: &str = "vectors.documents.checked";
/// How often all documents are compared with what is known of them.
const CHECK_MS: i64 = 86_400_000;

/// Those with text, and those of which somebody says that they are processed; the others still wait for their text.
const WAITING: &str = "AND(NOT({indexed}),{processing_status}!='Failed',OR({content_text}!='',{content}!='',\
                       {processing_status}='Complete'))";

pub(super) async fn work(lane: &Lane, airtable: &Airtable) -> Result<Done, Halt> {
    let started = lane.now();
    let done = Done { again_at: Some(started + TimeDelta::milliseconds(lane.poll_ms)), ..Done::default() };
    let waiting = match airtable.base.list_gently(DOCUMENTS, Some(WAITING), &[INDEXED]).await? {
        Ok(waiting) => waiting,
        Err(error @ (AirtableError::Unavailable { .. } | AirtableError::RateLimited { .. })) => {
            return Err(Halt::Airtable(super::Stopped::Airtable(error)));
        }
        // Not every base has the table.
        Err(error) => {
            tracing::warn!(%error, "the table Documents can't be read: no document is indexed; see `airtable check`");
            return Ok(done);
        }
    };
    let mut wanted: BTreeSet<String> = waiting.into_iter().map(|record| record.id).collect();
    let checked_at = lane.store.cursor(CHECKED).await?.map(|(_, at)| at);
    let is_time = checked_at.is_none_or(|at| started - at >= TimeDelta::milliseconds(CHECK_MS));
    if is_time {
        wanted.extend(lost(lane, airtable).await?);
    }
    let tasks = wanted.into_iter().map(|record_id| task(&record_id, started));
    lane.store.want(tasks.collect(), Vec::new()).await?;
    if is_time {
        lane.store.set_cursor(CHECKED, Some("done"), started).await?;
    }
    Ok(done)
}

pub(super) fn task(record_id: &str, now: DateTime<Utc>) -> TaskRow {
    let kind = TaskKind::VectorsDocument;
    TaskRow {
        task_key: format!("{kind}:{record_id}"),
        payload: json!({ "record_id": record_id }),
        ..TaskRow::round(Uuid::new_v4(), kind, PRIORITY_DOCUMENT, now)
    }
}

/// Documents that are known to be in the index and that are to be looked at: deleted, no longer marked, or of another index. Each is
/// looked at by itself before anything follows.
async fn lost(lane: &Lane, airtable: &Airtable) -> Result<Vec<String>, Halt> {
    let known: Vec<VectorPassage> = lane.store.vector_documents().await?;
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let there: BTreeMap<String, bool> = airtable
        .base
        .list(DOCUMENTS, None, &[INDEXED])
        .await?
        .into_iter()
        .map(|record| (record.id, record.fields.get(INDEXED) == Some(&Value::Bool(true))))
        .collect();
    let home = lane.gate.home();
    let is_lost = |passage: &VectorPassage, record_id: &str| match there.get(record_id) {
        Some(true) => passage.home != home || passage.hash.is_none(),
        Some(false) | None => true,
    };
    Ok(known
        .iter()
        .filter_map(|passage| Some((passage, passage.subject.strip_prefix("document:")?)))
        .filter(|(passage, record_id)| is_lost(passage, record_id))
        .map(|(_, record_id)| record_id.to_owned())
        .collect())
}
