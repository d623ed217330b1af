//! `airtable.sync_lead`: makes the lead in Airtable equal to what the contact is now. Ten a request, five requests a second.

use super::retry::{ATTEMPTS_MAX, Breaker, delay_ms};
use super::{Turn, lease_until};
use crate::domain::contact::Engagement;
use crate::domain::lead::{self, LeadView};
use crate::engine::rows::{
    AutomationType, ClaimedTask, LeadSubject, LeadWritten, LogRow, LogStatus, TaskEnd, TaskKind, TaskSettled,
    TriggerType,
};
use crate::intake::Now;
use crate::services::airtable::records::Upserted;
use crate::services::airtable::{Airtable, AirtableError};
use crate::store::{Store, StoreError};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value};
use std::collections::{HashMap, VecDeque};
use uuid::Uuid;

/// Airtable takes ten records a request.
const RECORDS_MAX: u32 = 10;
/// Five requests a second and a little room for the network, so that never six arrive within one second.
const REQUEST_SPACING_MS: i64 = 205;
/// The field by which a contact finds its one lead.
const MERGE_ON: &str = "Supabase Contact ID";
/// How long to leave Airtable alone when it denies us: only a person can cure that.
const DENIED_PAUSE_MS: i64 = 300_000;

/// One lead to write.
struct Work {
    task: ClaimedTask,
    subject: LeadSubject,
    fields: Map<String, Value>,
}

pub(super) struct Leads {
    airtable: Airtable,
    table: String,
    /// No request before this time: pace, lock-out, denial.
    not_before: Option<DateTime<Utc>>,
    breaker: Breaker,
    /// Leads of a refused batch, to be written one by one so that one poisoned record holds no other.
    alone: VecDeque<Work>,
}

impl Leads {
    pub(super) fn new(airtable: Airtable, table: String) -> Self {
        Self { airtable, table, not_before: None, breaker: Breaker::default(), alone: VecDeque::new() }
    }

    pub(super) async fn turn(&mut self, store: &Store, now: &Now) -> Result<Turn, StoreError> {
        let started = now();
        let blocked = [self.not_before, self.breaker.open_until(started)].into_iter().flatten().max();
        if let Some(until) = blocked.filter(|until| *until > started) {
            return Ok(Turn::Wait(until));
        }
        let works = match self.alone.pop_front() {
            Some(work) => vec![work],
            None => claim(store, started).await?,
        };
        if works.is_empty() {
            return Ok(Turn::Idle);
        }
        let count = works.len();
        self.not_before = Some(started + Duration::milliseconds(REQUEST_SPACING_MS));
        let records: Vec<Map<String, Value>> = works.iter().map(|work| work.fields.clone()).collect();
        let result = self.airtable.upsert(&self.table, MERGE_ON, &records).await;
        let now = now();
        match result {
            Ok(written) => {
                self.breaker.succeeded();
                settle_written(store, works, &written, started, now).await?;
            }
            Err(AirtableError::Rejected { .. }) if count > 1 => self.alone.extend(works),
            Err(error) => self.settle_failed(store, works, &error, now).await?,
        }
        Ok(Turn::Worked(count))
    }

    async fn settle_failed(
        &mut self,
        store: &Store,
        works: Vec<Work>,
        error: &AirtableError,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        tracing::warn!(leads = works.len(), error = %error, "leads were not written to Airtable");
        let pause_ms = match error {
            AirtableError::RateLimited { retry_after_ms } => Some(i64::try_from(*retry_after_ms).unwrap_or(i64::MAX)),
            AirtableError::QuotaReached { .. } | AirtableError::NotFound { .. } | AirtableError::Denied { .. } => {
                Some(DENIED_PAUSE_MS)
            }
            AirtableError::Rejected { .. } => None,
            AirtableError::Unavailable { .. } => {
                self.breaker.failed(now);
                None
            }
        };
        // A lock-out and a denial pause the whole base, not the one request.
        let paused_until = pause_ms.map(|pause_ms| now + Duration::milliseconds(pause_ms.min(3_600_000)));
        self.not_before = self.not_before.max(paused_until);
        let asked_ms = match error {
            AirtableError::Unavailable { retry_after_ms, .. } => *retry_after_ms,
            AirtableError::RateLimited { .. }
            | AirtableError::QuotaReached { .. }
            | AirtableError::NotFound { .. }
            | AirtableError::Denied { .. }
            | AirtableError::Rejected { .. } => None,
        };
        let mut settled = Vec::with_capacity(works.len());
        let mut logs = Vec::new();
        for work in works {
            let end = match (paused_until, error) {
                (Some(due_at), _) => TaskEnd::Retry { due_at, error: error.to_string(), counts: false },
                (None, AirtableError::Rejected { .. }) => TaskEnd::Dead { error: error.to_string() },
                (None, _) if work.task.attempts >= ATTEMPTS_MAX => TaskEnd::Dead { error: error.to_string() },
                (None, _) => {
                    let random = Uuid::new_v4().as_u64_pair().0;
                    let delay_ms = i64::try_from(delay_ms(work.task.attempts, random, asked_ms)).unwrap_or(i64::MAX);
                    let due_at = now + Duration::milliseconds(delay_ms);
                    TaskEnd::Retry { due_at, error: error.to_string(), counts: true }
                }
            };
            if let TaskEnd::Dead { error } = &end {
                let mut row = log(&work.subject, now, None);
                "lead not written to Airtable".clone_into(&mut row.action_taken);
                row.status = LogStatus::Failed;
                row.error_message = Some(error.clone());
                logs.push(row);
            }
            settled.push(settle(&work.task, end, now));
        }
        store.settle_tasks(&settled, &[], &logs).await?;
        Ok(())
    }
}

async fn claim(store: &Store, now: DateTime<Utc>) -> Result<Vec<Work>, StoreError> {
    let kinds = [TaskKind::AirtableSyncLead];
    let tasks = store.claim_tasks(&kinds, RECORDS_MAX, now, lease_until(now), Uuid::new_v4()).await?;
    let ids: Vec<Uuid> = tasks.iter().filter_map(|task| task.contact_id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let subjects: Vec<LeadSubject> = store.lead_subjects(&ids).await?;
    let mut subjects: HashMap<Uuid, LeadSubject> =
        subjects.into_iter().map(|subject| (subject.contact_id, subject)).collect();
    let mut works = Vec::with_capacity(tasks.len());
    let mut gone = Vec::new();
    for task in tasks {
        match task.contact_id.and_then(|id| subjects.remove(&id)) {
            Some(subject) => {
                let fields = lead::fields(&view(&subject), subject.lead_stage_written);
                works.push(Work { task, subject, fields });
            }
            // The contact was erased meanwhile: nothing is left to write.
            None => gone.push(settle(&task, TaskEnd::Done, now)),
        }
    }
    if !gone.is_empty() {
        store.settle_tasks(&gone, &[], &[]).await?;
    }
    Ok(works)
}

async fn settle_written(
    store: &Store,
    works: Vec<Work>,
    written: &[Upserted],
    started: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut settled = Vec::with_capacity(works.len());
    let mut leads = Vec::with_capacity(works.len());
    let mut logs = Vec::with_capacity(works.len());
    for (work, record) in works.iter().zip(written) {
        let mut row = log(&work.subject, now, Some((now - started).num_milliseconds()));
        let what =
            if work.subject.airtable_lead_id.is_none() { "promoted to an Airtable lead" } else { "lead updated" };
        what.clone_into(&mut row.action_taken);
        row.lead_id = Some(record.record.id.clone());
        row.action_details = Some(format!("stage {}", work.subject.contact.stage));
        logs.push(row);
        leads.push(LeadWritten {
            contact_id: work.subject.contact_id,
            airtable_lead_id: record.record.id.clone(),
            stage: work.subject.contact.stage,
            now,
        });
        settled.push(settle(&work.task, TaskEnd::Done, now));
    }
    store.settle_tasks(&settled, &leads, &logs).await?;
    Ok(())
}

fn settle(task: &ClaimedTask, end: TaskEnd, now: DateTime<Utc>) -> TaskSettled {
    TaskSettled { task_id: task.task_id, lease: task.lease, wanted: task.wanted, end, now }
}

fn view(subject: &LeadSubject) -> LeadView {
    let contact = &subject.contact;
    LeadView {
        contact_id: subject.contact_id,
        email: subject.key.email.clone(),
        profile: contact.profile.clone(),
        stage: contact.stage,
        unclear: contact.unclear.is_some(),
        had_meeting: contact.had_meeting,
        engagement: contact.engagement.unwrap_or(Engagement::EmailReply),
        first_reply_at: contact.first_reply_at,
        last_reply_at: contact.last_reply_at,
        follow_up_date: contact.follow_up_date,
        follow_up_reason: contact.follow_up_reason,
        reply_count: contact.reply_count,
        newest_intent: contact.newest_intent,
        meeting_at: contact.meeting_at,
        campaign: contact.current_campaign.clone().or_else(|| contact.past_campaigns.last().cloned()),
    }
}

fn log(subject: &LeadSubject, now: DateTime<Utc>, processing_time_ms: Option<i64>) -> LogRow {
    LogRow {
        log_id: Uuid::new_v4(),
        automation_type: AutomationType::StatusUpdate,
        trigger_type: TriggerType::ConditionMet,
        tenant: subject.key.client_id.clone(),
        contact_id: Some(subject.contact_id),
        lead_id: subject.airtable_lead_id.clone(),
        converted_client_id: subject.contact.converted_client_id.clone(),
        campaign_id: None,
        action_taken: String::new(),
        action_details: None,
        status: LogStatus::Success,
        error_message: None,
        timestamp: now,
        processing_time_ms,
    }
}
