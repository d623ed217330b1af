//! What follows from a batch: tasks, notifications, the log with its alerts, suppressions.

use super::super::fault;
use crate::domain::ids::{CampaignId, ClientId};
use crate::engine::rows::{LogRow, NotificationRow, SuppressionRow, TaskRow};
use crate::store::StoreError;
use crate::store::alerts::AlertRow;
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use sqlx::types::Json;

// Wanted again: a finished task starts anew, one that failed keeps its time, so that a backoff is not cut short.
pub(super) const TASKS: &str = "
    INSERT INTO tasks (
        task_id, kind, client_id, task_key, contact_id, payload, priority, status, due_at, created_at, updated_at)
    SELECT
        v.task_id, v.kind, v.client_id, v.task_key, v.contact_id, v.payload, v.priority, 'pending', v.due_at, v.now,
        v.now
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::UUID[], $6::JSONB[], $7::SMALLINT[], $8::TIMESTAMPTZ[],
        $9::TIMESTAMPTZ[]
    ) AS v(
        task_id, kind, client_id, task_key, contact_id, payload, priority, due_at, now)
    ORDER BY v.task_key
    ON CONFLICT (task_key) DO UPDATE SET
        wanted = tasks.wanted + 1,
        payload = excluded.payload,
        priority = CASE WHEN tasks.status IN ('done', 'dead') THEN excluded.priority
                        ELSE least(tasks.priority, excluded.priority) END,
        due_at = CASE WHEN tasks.status IN ('done', 'dead') THEN excluded.due_at
                      WHEN tasks.status = 'pending' AND tasks.attempts = 0 THEN least(tasks.due_at, excluded.due_at)
                      ELSE tasks.due_at END,
        attempts = CASE WHEN tasks.status IN ('done', 'dead') THEN 0 ELSE tasks.attempts END,
        status = CASE WHEN tasks.status IN ('done', 'dead') THEN 'pending' ELSE tasks.status END,
        updated_at = excluded.updated_at";

// Numbered in their order.
pub(super) const NOTIFICATIONS: &str = "
    INSERT INTO notifications (
        notification_id, client_id, target, kind, contact_id, lane, body, status, due_at, created_at, updated_at)
    SELECT
        v.notification_id, v.client_id, v.target, v.kind, v.contact_id, v.lane, v.body, 'pending', v.now, v.now, v.now
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::UUID[], $6::TEXT[], $7::TEXT[], $8::TIMESTAMPTZ[]
    ) WITH ORDINALITY AS v(notification_id, client_id, target, kind, contact_id, lane, body, now, nth)
    ORDER BY v.nth
    ON CONFLICT (notification_id) DO NOTHING";

// An alert that is told twice has one id and one row.
pub(super) const LOGS: &str = "
    INSERT INTO automation_logs (
        log_id, automation_type, trigger_type, lead_id, client_id, campaign_id, action_taken, action_details, status,
        error_message, timestamp, processing_time, created_at, contact_id, tenant, ai_model_used, tokens_used)
    SELECT
        v.log_id, v.automation_type, v.trigger_type, v.lead_id, v.client_id, v.campaign_id, v.action_taken,
        v.action_details, v.status, v.error_message, v.timestamp, v.processing_time, v.created_at, v.contact_id,
        v.tenant, v.ai_model_used, v.tokens_used
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::TEXT[], $9::TEXT[],
        $10::TEXT[], $11::TIMESTAMPTZ[], $12::INT[], $13::TIMESTAMPTZ[], $14::UUID[], $15::TEXT[], $16::TEXT[],
        $17::INT[]
    ) AS v(
        log_id, automation_type, trigger_type, lead_id, client_id, campaign_id, action_taken, action_details, status,
        error_message, timestamp, processing_time, created_at, contact_id, tenant, ai_model_used, tokens_used)
    ORDER BY v.log_id
    ON CONFLICT (log_id) DO NOTHING";

// Somebody who opted out may ask to be erased later; never the other way.
pub(super) const SUPPRESSIONS: &str = "
    INSERT INTO suppressions (
        suppression_id, scope, client_id, campaign_id, kind, value_hmac, key_id, reason, created_at)
    SELECT
        v.suppression_id, v.scope, v.client_id, v.campaign_id, v.kind, v.value_hmac, v.key_id, v.reason, v.now
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::TEXT[],
        $9::TIMESTAMPTZ[]
    ) AS v(
        suppression_id, scope, client_id, campaign_id, kind, value_hmac, key_id, reason, now)
    ORDER BY v.value_hmac, v.scope, v.client_id
    ON CONFLICT ON CONSTRAINT suppressions_once
    DO UPDATE SET reason = excluded.reason WHERE excluded.reason = 'erased' AND suppressions.reason <> 'erased'";

pub(super) fn tasks(arguments: &mut PgArguments, rows: &[TaskRow]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &TaskRow| [
        row.task_id,
        row.kind.as_str(),
        row.tenant.as_str(),
        row.task_key.as_str(),
        row.contact_id,
        Json(&row.payload),
        i16::from(row.priority),
        row.due_at,
        row.now,
    ]);
    Ok(())
}

pub(super) fn notifications(arguments: &mut PgArguments, rows: &[NotificationRow]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &NotificationRow| [
        row.notification_id,
        row.tenant.as_str(),
        row.target.as_str(),
        row.kind.as_str(),
        row.contact_id,
        row.lane.as_str(),
        row.body.as_str(),
        row.now,
    ]);
    Ok(())
}

pub(super) fn logs(arguments: &mut PgArguments, rows: &[LogRow]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &LogRow| [
        row.log_id,
        row.automation_type.as_str(),
        row.trigger_type.as_str(),
        row.lead_id.as_deref(),
        row.converted_client_id.as_deref(),
        row.campaign_id.as_deref(),
        row.action_taken.as_str(),
        row.action_details.as_deref(),
        row.status.as_str(),
        row.error_message.as_deref(),
        row.timestamp,
        row.processing_time_ms.map(|ms| i32::try_from(ms).unwrap_or(i32::MAX)),
        row.timestamp,
        row.contact_id,
        row.tenant.as_str(),
        row.ai.as_ref().map(|ai| ai.model.as_str()),
        row.ai.as_ref().map(|ai| i32::try_from(ai.tokens).unwrap_or(i32::MAX)),
    ]);
    Ok(())
}

pub(super) fn alert_rows(arguments: &mut PgArguments, rows: &[AlertRow]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &AlertRow| [
        row.alert_id,
        row.tenant.as_str(),
        row.raised.kind.as_str(),
        row.raised.key.as_str(),
        row.contact_id,
        row.raised.task_key.as_deref(),
        row.raised.text.as_str(),
        row.raised.kind.what_to_do(),
        row.occurrence,
        row.at,
    ]);
    Ok(())
}

pub(super) fn suppressions(arguments: &mut PgArguments, rows: &[SuppressionRow]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &SuppressionRow| [
        row.suppression_id,
        row.scope.as_str(),
        row.client_id.as_ref().map(ClientId::as_str),
        row.campaign.as_ref().map(CampaignId::as_str),
        row.hashed.target.as_str(),
        row.hashed.value_hmac.as_str(),
        row.hashed.key_id.as_str(),
        row.reason.as_str(),
        row.now,
    ]);
    Ok(())
}
