//! A document that can't be indexed: the person who sees it in Airtable is told why, once, and nothing of it stays in the index.

use super::passages::{Change, bring};
use super::pull::{DOCUMENTS, FAILED, STATUS};
use super::{Airtable, Done, Halt, Hold, Lane, once, told};
use crate::domain::lead::Cells;
use crate::domain::list_source::with_notice;
use crate::engine::rows::{LogRow, LogStatus};
use crate::services::airtable::records::Record;
use crate::store::vectors::VectorPassage;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub(super) const DESCRIPTION: &str = "description";

pub(super) async fn work(
    lane: &Lane,
    airtable: &Airtable,
    hold: &Hold<'_>,
    record: &Record,
    before: Option<VectorPassage>,
    why: &str,
    started: DateTime<Utc>,
) -> Result<Done, Halt> {
    bring(lane, hold, &[Change { before, after: None }]).await?;
    // Told in the log first: once the record says it, nobody comes here again.
    let modified = record.fields.get("modified_date").and_then(Value::as_str).unwrap_or_default();
    let row = LogRow {
        log_id: once(&["refused", &record.id, modified, why]),
        action_taken: format!("document {} was not indexed", record.id),
        status: LogStatus::Failed,
        error_message: Some(why.to_owned()),
        ..told(hold.task, started, lane.now())
    };
    lane.store.want(Vec::new(), vec![row]).await?;
    let description = record.fields.get(DESCRIPTION).and_then(Value::as_str);
    let said = with_notice(description, &format!("Not indexed: {why}. Then set {STATUS} to Pending."));
    let mut cells = Cells::new();
    cells.insert(STATUS.to_owned(), json!(FAILED));
    cells.insert(DESCRIPTION.to_owned(), json!(said));
    let cells = airtable.schema.lock().await.writable(&airtable.base, DOCUMENTS, cells).await?;
    airtable.base.update(DOCUMENTS, &record.id, cells).await?;
    Ok(Done::default())
}
