//! `ai.find_documents` and `ai.document`: documents in Airtable that have a text and no summary get one, and what to keep of them.

use super::Done;
use super::desk::{Asked, Desk, Purpose};
use super::gate::Stopped;
use crate::domain::ai::document::{self, Document, fingerprint};
use crate::domain::lead;
use crate::engine::rows::{AutomationType, ClaimedTask, LogRow, LogStatus, TaskKind, TaskRow};
use crate::services::airtable::records::{Fields, Record};
use crate::tasks::airtable::Base;
use crate::tasks::logs::log;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

const PURPOSE: Purpose = Purpose { automation_type: AutomationType::Other, done: "AI summed up a document" };
const PRIORITY_DOCUMENT: u8 = 8;
pub(super) const PRIORITY_ROUND: u8 = 8;
const ROUND_MS: i64 = 900_000;
const TABLE: &str = "Documents";
const TEXT: &str = "content_text";
const SUMMARY: &str = "ai_summary";
const KEY_POINTS: &str = "key_points";

/// The documents of the base. One request at a time, as its pace wants it.
pub(super) struct Shelf {
    base: Mutex<Base>,
}

impl Shelf {
    pub(super) fn new(base: Base) -> Self {
        Self { base: Mutex::new(base) }
    }

    /// Asks for the work on each document that needs it, and comes round.
    pub(super) async fn find(&self, desk: &Desk) -> Result<Done, Stopped> {
        let formula = format!("AND({{{TEXT}}}!='',{{{SUMMARY}}}='')");
        let listed = self.base.lock().await.list_gently(TABLE, Some(&formula), &["title"]).await;
        let listed = listed.map_err(Stopped::Airtable)?;
        let now = desk.now();
        let again_at = Some(now + TimeDelta::milliseconds(ROUND_MS));
        let records = match listed {
            Ok(records) => records,
            Err(error) => {
                tracing::warn!(%error, "the table Documents can't be read: no document is summed up");
                return Ok(Done { again_at, logs: Vec::new() });
            }
        };
        let kind = TaskKind::AiDocument;
        let tasks = records.into_iter().map(|record| TaskRow {
            task_key: format!("{kind}:{}", record.id),
            payload: json!({ "record_id": record.id }),
            ..TaskRow::round(Uuid::new_v4(), kind, PRIORITY_DOCUMENT, now)
        });
        desk.store.want(tasks.collect(), Vec::new()).await?;
        Ok(Done { again_at, logs: Vec::new() })
    }

    pub(super) async fn work(&self, desk: &Desk, task: &ClaimedTask) -> Result<Done, Stopped> {
        let record_id = task.payload.get("record_id").and_then(Value::as_str).unwrap_or_default();
        let Some(record) = self.record(record_id).await? else { return Ok(Done::default()) };
        let content = text(&record, TEXT);
        if content.trim().is_empty() || !text(&record, SUMMARY).is_empty() {
            return Ok(Done::default());
        }
        // What no answer could be had of is asked about again when it has changed.
        let (cursor, made_of) = (format!("ai.document:{record_id}"), fingerprint(content));
        if desk.store.cursor(&cursor).await?.is_some_and(|(given_up, _)| given_up == made_of) {
            return Ok(Done::default());
        }
        let asked = Document { title: text(&record, "title"), context: text(&record, "context"), text: content };
        let question = asked.question();
        let short = match desk.ask(task, PURPOSE, &question, |answer| document::read(&question, answer)).await? {
            Asked::Answered { answer, .. } => answer,
            Asked::Nothing(why) => {
                desk.store.set_cursor(&cursor, Some(&made_of), desk.now()).await?;
                return Ok(left_alone(desk, task, record_id, &why));
            }
        };
        // It took a while: a person may have written one, or another text.
        let Some(record) = self.record(record_id).await? else { return Ok(Done::default()) };
        let mut cells = Fields::new();
        for (name, cell) in [(SUMMARY, short.summary), (KEY_POINTS, short.key_points)] {
            if text(&record, name).is_empty() {
                cells.insert(name.to_owned(), json!(cell));
            }
        }
        if cells.contains_key(SUMMARY) && lead::are_equal(Some(&json!(content)), record.fields.get(TEXT)) {
            let updated = self.base.lock().await.update(TABLE, record_id, cells).await;
            updated.map_err(Stopped::Airtable)?;
        }
        Ok(Done::default())
    }

    async fn record(&self, record_id: &str) -> Result<Option<Record>, Stopped> {
        self.base.lock().await.record(TABLE, record_id).await.map_err(Stopped::Airtable)
    }
}

fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    record.fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn left_alone(desk: &Desk, task: &ClaimedTask, record_id: &str, why: &str) -> Done {
    let row = LogRow {
        action_taken: "a document has no summary".to_owned(),
        action_details: Some(format!("{record_id}: write one, or change its text to have it tried again")),
        status: LogStatus::Failed,
        error_message: Some(why.to_owned()),
        ..log(&task.tenant, desk.now())
    };
    Done { logs: vec![row], again_at: None }
}
