//! All that follows from a batch, written with one statement a table.

use super::{SqliteTx, StoreError, alerts, fault, json_text, time_text};
use crate::engine::rows::{
    ChatWrite, ContactRow, DeliveryRow, EventRow, LogRow, MarksWrite, NotificationRow, SuppressionRow, TaskRow, Writes,
};
use crate::store::alerts::raised_by;
use crate::store::counting::{Count, counts_of, spread};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

const CONTACTS: &str = "
    INSERT INTO contacts (
        contact_id, client_id, email, first_name, last_name, phone, company_name, job_title, linkedin_url,
        company_linkedin_url, company_website, company_size, company_industry, source, list_id, enrichment_date,
        lead_status, pipeline_status, campaign_status, lead_email_status, current_campaign_id, past_campaign_ids,
        last_contact_date, last_reply_date, last_touch_date, reply_count, emails_sent_count, follow_up_date,
        follow_up_reason, has_engaged, converted_to_client, converted_client_id, first_reply_date, fold, baseline,
        created_at, updated_at, follow_up_told)
    SELECT
        v.value ->> 'contact_id', v.value ->> 'client_id', v.value ->> 'email', v.value ->> 'first_name',
        v.value ->> 'last_name', v.value ->> 'phone', v.value ->> 'company_name', v.value ->> 'job_title',
        v.value ->> 'linkedin_url', v.value ->> 'company_linkedin_url', v.value ->> 'company_website',
        v.value ->> 'company_size', v.value ->> 'company_industry', v.value ->> 'source',
        (SELECT l.list_id FROM lead_lists AS l
         WHERE l.list_id = v.value ->> 'list_id' AND l.client_id = v.value ->> 'client_id'),
        v.value ->> 'enrichment_date', v.value ->> 'lead_status', v.value ->> 'pipeline_status',
        v.value ->> 'campaign_status', v.value ->> 'lead_email_status', v.value ->> 'current_campaign_id',
        v.value ->> 'past_campaign_ids', v.value ->> 'last_contact_date', v.value ->> 'last_reply_date',
        v.value ->> 'last_touch_date', v.value ->> 'reply_count', v.value ->> 'emails_sent_count',
        v.value ->> 'follow_up_date', v.value ->> 'follow_up_reason', v.value ->> 'has_engaged',
        v.value ->> 'converted_to_client', v.value ->> 'converted_client_id', v.value ->> 'first_reply_date',
        v.value ->> 'fold', coalesce(v.value ->> 'baseline', '{}'), v.value ->> 'now', v.value ->> 'now',
        v.value ->> 'follow_up_told'
    FROM json_each(?1) AS v
    WHERE true
    ON CONFLICT (contact_id) DO UPDATE SET
        first_name = excluded.first_name, last_name = excluded.last_name, phone = excluded.phone,
        company_name = excluded.company_name, job_title = excluded.job_title, linkedin_url = excluded.linkedin_url,
        company_linkedin_url = excluded.company_linkedin_url, company_website = excluded.company_website,
        company_size = excluded.company_size, company_industry = excluded.company_industry, source = excluded.source,
        list_id = excluded.list_id, enrichment_date = excluded.enrichment_date, lead_status = excluded.lead_status,
        pipeline_status = excluded.pipeline_status, campaign_status = excluded.campaign_status,
        lead_email_status = excluded.lead_email_status, current_campaign_id = excluded.current_campaign_id,
        past_campaign_ids = excluded.past_campaign_ids, last_contact_date = excluded.last_contact_date,
        last_reply_date = excluded.last_reply_date, last_touch_date = excluded.last_touch_date,
        reply_count = excluded.reply_count, emails_sent_count = excluded.emails_sent_count,
        follow_up_date = excluded.follow_up_date, follow_up_reason = excluded.follow_up_reason,
        follow_up_told = excluded.follow_up_told,
        has_engaged = max(excluded.has_engaged, contacts.airtable_lead_id IS NOT NULL),
        converted_to_client = excluded.converted_to_client, converted_client_id = excluded.converted_client_id,
        first_reply_date = excluded.first_reply_date, fold = excluded.fold, updated_at = excluded.updated_at,
        baseline = CASE WHEN excluded.baseline = '{}' THEN contacts.baseline ELSE excluded.baseline END,
        changed_outside = NULL";

const EVENTS: &str = "
    INSERT INTO events (
        event_id, client_id, contact_id, dedupe_key, kind, source, occurred_at, received_at, delivery_id, seen,
        stage_before, stage_after, refused, rule)
    SELECT
        v.value ->> 'event_id', v.value ->> 'client_id', v.value ->> 'contact_id', v.value ->> 'dedupe_key',
        v.value ->> 'kind', v.value ->> 'source', v.value ->> 'occurred_at', v.value ->> 'received_at',
        v.value ->> 'delivery_id', v.value ->> 'seen', v.value ->> 'stage_before', v.value ->> 'stage_after',
        v.value ->> 'refused', v.value ->> 'rule'
    FROM json_each(?1) AS v
    WHERE true
    ON CONFLICT (event_id) DO UPDATE SET
        kind = excluded.kind, source = excluded.source, occurred_at = excluded.occurred_at, seen = excluded.seen,
        stage_before = excluded.stage_before, stage_after = excluded.stage_after, refused = excluded.refused,
        rule = excluded.rule";

const CHAT_ROWS: &str = "
    INSERT INTO chat_history (
        chat_id, session_id, lead_id, client_id, campaign_id, platform, contact_identifier, contact_name,
        account_identifier, subject, message_content, message_type, message_status, sequence_step,
        external_message_id, thread_id, ai_sentiment, ai_intent, is_auto_reply, requires_action, action_taken,
        message_timestamp, created_at, contact_id, message_key)
    SELECT
        v.value ->> 'chat_id', v.value ->> 'session_id', v.value ->> 'lead_id', v.value ->> 'client_id',
        v.value ->> 'campaign_id', v.value ->> 'platform', v.value ->> 'contact_identifier',
        v.value ->> 'contact_name', v.value ->> 'account_identifier', v.value ->> 'subject',
        v.value ->> 'message_content', v.value ->> 'message_type', v.value ->> 'message_status',
        v.value ->> 'sequence_step', v.value ->> 'external_message_id', v.value ->> 'thread_id',
        v.value ->> 'ai_sentiment', v.value ->> 'ai_intent', v.value ->> 'is_auto_reply',
        v.value ->> 'requires_action', v.value ->> 'action_taken', v.value ->> 'message_timestamp',
        v.value ->> 'now', v.value ->> 'contact_id', v.value ->> 'message_key'
    FROM json_each(?1) AS v
    WHERE true
    ON CONFLICT (contact_id, message_key) DO UPDATE SET
        client_id = excluded.client_id, campaign_id = excluded.campaign_id, platform = excluded.platform,
        contact_identifier = excluded.contact_identifier, contact_name = excluded.contact_name,
        account_identifier = excluded.account_identifier, subject = excluded.subject,
        message_content = excluded.message_content, message_type = excluded.message_type,
        message_status = excluded.message_status, sequence_step = excluded.sequence_step,
        external_message_id = excluded.external_message_id, thread_id = excluded.thread_id,
        ai_sentiment = excluded.ai_sentiment, ai_intent = excluded.ai_intent,
        is_auto_reply = excluded.is_auto_reply, requires_action = excluded.requires_action,
        action_taken = excluded.action_taken, message_timestamp = excluded.message_timestamp";

const CHAT_MARKS: &str = "
    UPDATE chat_history SET
        ai_intent = coalesce(v.value ->> 'ai_intent', ai_intent),
        ai_sentiment = coalesce(v.value ->> 'ai_sentiment', ai_sentiment),
        is_auto_reply = coalesce(v.value ->> 'is_auto_reply', is_auto_reply),
        requires_action = coalesce(v.value ->> 'requires_action', requires_action),
        action_taken = coalesce(v.value ->> 'action_taken', action_taken)
    FROM json_each(?1) AS v
    WHERE chat_history.contact_id = v.value ->> 'contact_id' AND chat_history.message_key = v.value ->> 'message_key'";

// An alert that is told twice has one id and one row.
const LOGS: &str = "
    INSERT INTO automation_logs (
        log_id, automation_type, trigger_type, lead_id, client_id, campaign_id, action_taken, action_details, status,
        error_message, timestamp, processing_time, created_at, contact_id, tenant, ai_model_used, tokens_used)
    SELECT
        v.value ->> 'log_id', v.value ->> 'automation_type', v.value ->> 'trigger_type', v.value ->> 'lead_id',
        v.value ->> 'client_id', v.value ->> 'campaign_id', v.value ->> 'action_taken', v.value ->> 'action_details',
        v.value ->> 'status', v.value ->> 'error_message', v.value ->> 'timestamp', v.value ->> 'processing_time',
        v.value ->> 'timestamp', v.value ->> 'contact_id', v.value ->> 'tenant', v.value ->> 'ai_model',
        v.value ->> 'ai_tokens'
    FROM json_each(?1) AS v
    WHERE true
    ON CONFLICT (log_id) DO NOTHING";

// Wanted again: a finished task starts anew, a waiting one keeps its time, so that a backoff is not cut short.
const TASKS: &str = "
    INSERT INTO tasks (
        task_id, kind, client_id, task_key, contact_id, payload, priority, status, due_at, created_at, updated_at)
    SELECT
        v.value ->> 'task_id', v.value ->> 'kind', v.value ->> 'client_id', v.value ->> 'task_key',
        v.value ->> 'contact_id', v.value ->> 'payload', v.value ->> 'priority', 'pending', v.value ->> 'due_at',
        v.value ->> 'now', v.value ->> 'now'
    FROM json_each(?1) AS v
    WHERE true
    ON CONFLICT (task_key) DO UPDATE SET
        wanted = tasks.wanted + 1,
        payload = excluded.payload,
        priority = CASE WHEN tasks.status IN ('done', 'dead') THEN excluded.priority
                        ELSE min(tasks.priority, excluded.priority) END,
        due_at = CASE WHEN tasks.status IN ('done', 'dead') THEN excluded.due_at
                      WHEN tasks.status = 'pending' AND tasks.attempts = 0 THEN min(tasks.due_at, excluded.due_at)
                      ELSE tasks.due_at END,
        attempts = CASE WHEN tasks.status IN ('done', 'dead') THEN 0 ELSE tasks.attempts END,
        status = CASE WHEN tasks.status IN ('done', 'dead') THEN 'pending' ELSE tasks.status END,
        updated_at = excluded.updated_at";

const NOTIFICATIONS: &str = "
    INSERT INTO notifications (
        notification_id, client_id, target, kind, contact_id, lane, body, status, due_at, created_at, updated_at)
    SELECT
        v.value ->> 'notification_id', v.value ->> 'client_id', v.value ->> 'target', v.value ->> 'kind',
        v.value ->> 'contact_id', v.value ->> 'lane', v.value ->> 'body', 'pending', v.value ->> 'now',
        v.value ->> 'now', v.value ->> 'now'
    FROM json_each(?1) AS v
    WHERE true
    ON CONFLICT (notification_id) DO NOTHING";

const DELIVERIES: &str = "
    INSERT INTO deliveries (
        delivery_id, client_id, source, received_at, outcome, reason, body, body_sha256, events_count, read_as)
    SELECT
        v.value ->> 'delivery_id', v.value ->> 'client_id', v.value ->> 'source', v.value ->> 'received_at',
        v.value ->> 'outcome', v.value ->> 'reason', v.value ->> 'body', v.value ->> 'body_sha256',
        v.value ->> 'events_count', v.value ->> 'read_as'
    FROM json_each(?1) AS v";

// Somebody who opted out may ask to be erased later; never the other way.
const SUPPRESSIONS: &str = "
    INSERT INTO suppressions (
        suppression_id, scope, client_id, campaign_id, kind, value_hmac, key_id, reason, created_at)
    SELECT
        v.value ->> 'suppression_id', v.value ->> 'scope', v.value ->> 'client_id', v.value ->> 'campaign_id',
        v.value ->> 'kind', v.value ->> 'value_hmac', v.value ->> 'key_id', v.value ->> 'reason', v.value ->> 'now'
    FROM json_each(?1) AS v
    WHERE true
    ON CONFLICT (scope, coalesce(client_id, ''), coalesce(campaign_id, ''), kind, value_hmac)
    DO UPDATE SET reason = excluded.reason WHERE excluded.reason = 'erased' AND reason <> 'erased'";
const COUNTS: &str = "
    INSERT INTO counters (scope, period, client_id, name, count)
    SELECT v.value ->> 'scope', v.value ->> 'period', v.value ->> 'client_id', v.value ->> 'name', v.value ->> 'count'
    FROM json_each(?1) AS v
    WHERE true
    ON CONFLICT (scope, period, client_id, name) DO UPDATE SET count = count + excluded.count";

impl SqliteTx {
    pub(in crate::store) async fn write(&mut self, writes: &Writes) -> Result<(), StoreError> {
        let connection = &mut *self.tx;
        bulk(connection, CONTACTS, &writes.contacts, contact).await?;
        bulk(connection, EVENTS, &writes.events, event).await?;
        bulk(connection, CHAT_ROWS, &writes.chat_rows, chat_row).await?;
        bulk(connection, CHAT_MARKS, &writes.chat_marks, marks).await?;
        logs(connection, &writes.logs).await?;
        bulk(connection, TASKS, &writes.tasks, task).await?;
        notifications(connection, &writes.notifications).await?;
        bulk(connection, DELIVERIES, &writes.deliveries, delivery).await?;
        suppressions(connection, &writes.suppressions).await?;
        counts(connection, counts_of(writes)).await
    }
}

/// Adds to the counters, or takes away.
pub(super) async fn counts(connection: &mut SqliteConnection, counts: Vec<Count>) -> Result<(), StoreError> {
    bulk(connection, COUNTS, &spread(counts), count).await
}

/// One statement for all rows of a table; none where there are no rows.
pub(super) async fn bulk<T>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    rows: &[T],
    to_json: impl Fn(&T) -> Result<Value, StoreError>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let values = rows.iter().map(to_json).collect::<Result<Vec<Value>, StoreError>>()?;
    bind!(statement, json_text(&values)?).execute(connection).await.map_err(fault)?;
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for the rows of all tables")]
fn count(count: &Count) -> Result<Value, StoreError> {
    Ok(json!({
        "scope": count.scope,
        "period": count.period,
        "client_id": count.client_id,
        "name": count.name,
        "count": count.number,
    }))
}

fn contact(row: &ContactRow) -> Result<Value, StoreError> {
    let contact = &row.contact;
    let profile = &contact.profile;
    let columns = contact.stage.columns();
    Ok(json!({
        "contact_id": row.contact_id,
        "client_id": row.key.client_id,
        "email": row.key.email,
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "phone": profile.phone,
        "company_name": profile.company_name,
        "job_title": profile.job_title,
        "linkedin_url": profile.linkedin_url,
        "company_linkedin_url": profile.company_linkedin_url,
        "company_website": profile.company_website,
        "company_size": profile.company_size,
        "company_industry": profile.company_industry,
        "source": contact.contact_source,
        "list_id": contact.list_id,
        "enrichment_date": contact.enrichment_date.map(time_text),
        "lead_status": columns.lead_status,
        "pipeline_status": columns.pipeline_status,
        "campaign_status": columns.campaign_status,
        "lead_email_status": columns.lead_email_status,
        "current_campaign_id": contact.current_campaign,
        "past_campaign_ids": json_text(&contact.past_campaigns)?,
        "last_contact_date": contact.last_contact_at.map(time_text),
        "last_reply_date": contact.last_reply_at.map(time_text),
        "last_touch_date": contact.last_touch_at.map(time_text),
        "reply_count": contact.reply_count,
        "emails_sent_count": contact.emails_sent_count,
        "follow_up_date": contact.follow_up_date,
        "follow_up_reason": contact.follow_up_reason,
        "follow_up_told": contact.follow_up_told,
        "has_engaged": i32::from(contact.has_engaged),
        "converted_to_client": i32::from(contact.converted_to_client),
        "converted_client_id": contact.converted_client_id,
        "first_reply_date": contact.first_reply_at.map(time_text),
        "fold": json_text(contact)?,
        "baseline": row.baseline.as_ref().map(json_text).transpose()?,
        "now": time_text(row.now),
    }))
}

fn event(row: &EventRow) -> Result<Value, StoreError> {
    Ok(json!({
        "event_id": row.event_id,
        "client_id": row.key.client_id,
        "contact_id": row.contact_id,
        "dedupe_key": row.dedupe_key,
        "kind": row.kind,
        "source": row.source,
        "occurred_at": time_text(row.occurred_at),
        "received_at": time_text(row.received_at),
        "delivery_id": row.delivery_id,
        "seen": json_text(&row.seen)?,
        "stage_before": row.verdict.stage_before,
        "stage_after": row.verdict.stage_after,
        "refused": i32::from(row.verdict.refused),
        "rule": row.verdict.rule,
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for the rows of all tables")]
fn chat_row(write: &ChatWrite) -> Result<Value, StoreError> {
    let row = &write.row;
    Ok(json!({
        "chat_id": write.chat_id,
        "session_id": write.key.session_id(),
        "lead_id": write.airtable_lead_id,
        "client_id": write.converted_client_id,
        "campaign_id": row.campaign,
        "platform": row.platform,
        "contact_identifier": row.contact_identifier,
        "contact_name": row.contact_name,
        "account_identifier": row.account_identifier,
        "subject": row.subject,
        "message_content": row.content,
        "message_type": row.message_type,
        "message_status": row.message_status,
        "sequence_step": row.sequence_step,
        "external_message_id": row.external_id,
        "thread_id": row.thread_id,
        "ai_sentiment": row.marks.sentiment,
        "ai_intent": row.marks.intent,
        "is_auto_reply": i32::from(row.marks.is_auto_reply),
        "requires_action": i32::from(row.marks.requires_action),
        "action_taken": row.marks.action_taken,
        "message_timestamp": time_text(row.at),
        "now": time_text(write.now),
        "contact_id": write.contact_id,
        "message_key": row.key,
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for the rows of all tables")]
fn marks(write: &MarksWrite) -> Result<Value, StoreError> {
    Ok(json!({
        "contact_id": write.contact_id,
        "message_key": write.message_key,
        "ai_intent": write.intent,
        "ai_sentiment": write.sentiment,
        "is_auto_reply": write.is_auto_reply.map(i32::from),
        "requires_action": write.requires_action.map(i32::from),
        "action_taken": write.action_taken,
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for the rows of all tables")]
fn log(row: &LogRow) -> Result<Value, StoreError> {
    Ok(json!({
        "log_id": row.log_id,
        "automation_type": row.automation_type,
        "trigger_type": row.trigger_type,
        "lead_id": row.lead_id,
        "client_id": row.converted_client_id,
        "campaign_id": row.campaign_id,
        "action_taken": row.action_taken,
        "action_details": row.action_details,
        "status": row.status,
        "error_message": row.error_message,
        "timestamp": time_text(row.timestamp),
        "processing_time": row.processing_time_ms,
        "contact_id": row.contact_id,
        "tenant": row.tenant,
        "ai_model": row.ai.as_ref().map(|ai| &ai.model),
        "ai_tokens": row.ai.as_ref().map(|ai| ai.tokens),
    }))
}

/// With the alerts that they raise.
pub(super) async fn logs(connection: &mut SqliteConnection, rows: &[LogRow]) -> Result<(), StoreError> {
    alerts::raise(connection, &raised_by(rows)).await?;
    bulk(connection, LOGS, rows, log).await
}

pub(super) async fn notifications(
    connection: &mut SqliteConnection,
    rows: &[NotificationRow],
) -> Result<(), StoreError> {
    bulk(connection, NOTIFICATIONS, rows, |row| {
        Ok(json!({
            "notification_id": row.notification_id,
            "client_id": row.tenant,
            "target": row.target,
            "kind": row.kind,
            "contact_id": row.contact_id,
            "lane": row.lane,
            "body": row.body,
            "now": time_text(row.now),
        }))
    })
    .await
}

fn task(row: &TaskRow) -> Result<Value, StoreError> {
    Ok(json!({
        "task_id": row.task_id,
        "kind": row.kind,
        "client_id": row.tenant,
        "task_key": row.task_key,
        "contact_id": row.contact_id,
        "payload": json_text(&row.payload)?,
        "priority": row.priority,
        "due_at": time_text(row.due_at),
        "now": time_text(row.now),
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for the rows of all tables")]
fn delivery(row: &DeliveryRow) -> Result<Value, StoreError> {
    Ok(json!({
        "delivery_id": row.delivery_id,
        "client_id": row.client_id,
        "source": row.source,
        "received_at": time_text(row.received_at),
        "outcome": row.outcome,
        "reason": row.reason,
        "body": row.body,
        "body_sha256": hex::encode(row.body_sha256),
        "events_count": row.events_count,
        "read_as": row.forwarded_as,
    }))
}

pub(super) async fn suppressions(connection: &mut SqliteConnection, rows: &[SuppressionRow]) -> Result<(), StoreError> {
    bulk(connection, SUPPRESSIONS, rows, suppression).await
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for the rows of all tables")]
fn suppression(row: &SuppressionRow) -> Result<Value, StoreError> {
    Ok(json!({
        "suppression_id": row.suppression_id,
        "scope": row.scope,
        "client_id": row.client_id,
        "campaign_id": row.campaign,
        "kind": row.hashed.target,
        "value_hmac": row.hashed.value_hmac,
        "key_id": row.hashed.key_id,
        "reason": row.reason,
        "now": time_text(row.now),
    }))
}
