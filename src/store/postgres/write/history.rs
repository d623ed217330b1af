//! Deliveries, events and the conversation.

use super::super::fault;
use super::count;
use crate::domain::contact::ActionTaken;
use crate::domain::event::Source;
use crate::domain::ids::CampaignId;
use crate::domain::intent::{Intent, Sentiment};
use crate::engine::rows::{ChatWrite, DeliveryRow, EventRow, MarksWrite};
use crate::store::StoreError;
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use sqlx::types::Json;

pub(super) const DELIVERIES: &str = "
    INSERT INTO deliveries (
        delivery_id, client_id, source, received_at, outcome, reason, body, body_sha256, events_count, read_as)
    SELECT
        v.delivery_id, v.client_id, v.source, v.received_at, v.outcome, v.reason, v.body, v.body_sha256,
        v.events_count, v.read_as
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TIMESTAMPTZ[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::BYTEA[],
        $9::INT[], $10::TEXT[]
    ) AS v(
        delivery_id, client_id, source, received_at, outcome, reason, body, body_sha256, events_count, read_as)";

pub(super) const EVENTS: &str = "
    INSERT INTO events (
        event_id, client_id, contact_id, dedupe_key, kind, source, occurred_at, received_at, delivery_id, seen,
        stage_before, stage_after, refused, rule)
    SELECT
        v.event_id, v.client_id, v.contact_id, v.dedupe_key, v.kind, v.source, v.occurred_at, v.received_at,
        v.delivery_id, v.seen, v.stage_before, v.stage_after, v.refused, v.rule
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::UUID[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TIMESTAMPTZ[], $8::TIMESTAMPTZ[],
        $9::UUID[], $10::JSONB[], $11::TEXT[], $12::TEXT[], $13::BOOL[], $14::TEXT[]
    ) AS v(
        event_id, client_id, contact_id, dedupe_key, kind, source, occurred_at, received_at, delivery_id, seen,
        stage_before, stage_after, refused, rule)
    ORDER BY v.client_id, v.dedupe_key";

// Told again with more in it, or decided otherwise after all.
pub(super) const EVENTS_AGAIN: &str = "
    UPDATE events AS e SET
        kind = v.kind, source = v.source, occurred_at = v.occurred_at, seen = v.seen, stage_before = v.stage_before,
        stage_after = v.stage_after, refused = v.refused, rule = v.rule
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TIMESTAMPTZ[], $5::JSONB[], $6::TEXT[], $7::TEXT[], $8::BOOL[],
        $9::TEXT[]
    ) AS v(event_id, kind, source, occurred_at, seen, stage_before, stage_after, refused, rule)
    WHERE e.event_id = v.event_id";

pub(super) const CHAT_ROWS: &str = "
    INSERT INTO chat_history (
        chat_id, session_id, lead_id, client_id, campaign_id, platform, contact_identifier, contact_name,
        account_identifier, subject, message_content, message_type, message_status, sequence_step,
        external_message_id, thread_id, ai_sentiment, ai_intent, is_auto_reply, requires_action, action_taken,
        message_timestamp, created_at, contact_id, message_key)
    SELECT
        v.chat_id, v.session_id, v.lead_id, v.client_id, v.campaign_id, v.platform, v.contact_identifier,
        v.contact_name, v.account_identifier, v.subject, v.message_content, v.message_type, v.message_status,
        v.sequence_step, v.external_message_id, v.thread_id, v.ai_sentiment, v.ai_intent, v.is_auto_reply,
        v.requires_action, v.action_taken, v.message_timestamp, v.created_at, v.contact_id, v.message_key
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::TEXT[], $9::TEXT[],
        $10::TEXT[], $11::TEXT[], $12::TEXT[], $13::TEXT[], $14::INT[], $15::TEXT[], $16::TEXT[], $17::TEXT[],
        $18::TEXT[], $19::BOOL[], $20::BOOL[], $21::TEXT[], $22::TIMESTAMPTZ[], $23::TIMESTAMPTZ[], $24::UUID[],
        $25::TEXT[]
    ) AS v(
        chat_id, session_id, lead_id, client_id, campaign_id, platform, contact_identifier, contact_name,
        account_identifier, subject, message_content, message_type, message_status, sequence_step,
        external_message_id, thread_id, ai_sentiment, ai_intent, is_auto_reply, requires_action, action_taken,
        message_timestamp, created_at, contact_id, message_key)
    ON CONFLICT (contact_id, message_key) DO UPDATE SET
        client_id = excluded.client_id, campaign_id = excluded.campaign_id, platform = excluded.platform,
        contact_identifier = excluded.contact_identifier, contact_name = excluded.contact_name,
        account_identifier = excluded.account_identifier, subject = excluded.subject,
        message_content = excluded.message_content, message_type = excluded.message_type,
        message_status = excluded.message_status, sequence_step = excluded.sequence_step,
        external_message_id = excluded.external_message_id, thread_id = excluded.thread_id,
        ai_sentiment = excluded.ai_sentiment, ai_intent = excluded.ai_intent, is_auto_reply = excluded.is_auto_reply,
        requires_action = excluded.requires_action, action_taken = excluded.action_taken,
        message_timestamp = excluded.message_timestamp";

pub(super) const CHAT_MARKS: &str = "
    UPDATE chat_history AS h SET
        ai_intent = coalesce(v.ai_intent, h.ai_intent), ai_sentiment = coalesce(v.ai_sentiment, h.ai_sentiment),
        is_auto_reply = coalesce(v.is_auto_reply, h.is_auto_reply),
        requires_action = coalesce(v.requires_action, h.requires_action),
        action_taken = coalesce(v.action_taken, h.action_taken)
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::BOOL[], $6::BOOL[], $7::TEXT[]
    ) AS v(
        contact_id, message_key, ai_intent, ai_sentiment, is_auto_reply, requires_action, action_taken)
    WHERE h.contact_id = v.contact_id AND h.message_key = v.message_key";

pub(super) fn deliveries(arguments: &mut PgArguments, rows: &[DeliveryRow]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &DeliveryRow| [
        row.delivery_id,
        row.client_id.as_str(),
        row.source.as_str(),
        row.received_at,
        row.outcome.as_str(),
        row.reason.as_deref(),
        row.body.as_str(),
        row.body_sha256.as_slice(),
        count(row.events_count),
        row.forwarded_as.map(Source::as_str),
    ]);
    Ok(())
}

pub(super) fn events(arguments: &mut PgArguments, rows: &[&EventRow]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &EventRow| [
        row.event_id,
        row.key.client_id.as_str(),
        row.contact_id,
        row.dedupe_key.as_str(),
        row.kind,
        row.source.as_str(),
        row.occurred_at,
        row.received_at,
        row.delivery_id,
        Json(&row.seen),
        row.verdict.stage_before.as_str(),
        row.verdict.stage_after.as_str(),
        row.verdict.refused,
        row.verdict.rule.as_str(),
    ]);
    Ok(())
}

pub(super) fn events_again(arguments: &mut PgArguments, rows: &[&EventRow]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &EventRow| [
        row.event_id,
        row.kind,
        row.source.as_str(),
        row.occurred_at,
        Json(&row.seen),
        row.verdict.stage_before.as_str(),
        row.verdict.stage_after.as_str(),
        row.verdict.refused,
        row.verdict.rule.as_str(),
    ]);
    Ok(())
}

pub(super) fn chat_rows(arguments: &mut PgArguments, rows: &[ChatWrite]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &ChatWrite| [
        row.chat_id,
        row.key.session_id(),
        row.airtable_lead_id.as_deref(),
        row.converted_client_id.as_deref(),
        row.row.campaign.as_ref().map(CampaignId::as_str),
        row.row.platform.as_str(),
        row.row.contact_identifier.as_deref(),
        row.row.contact_name.as_deref(),
        row.row.account_identifier.as_deref(),
        row.row.subject.as_deref(),
        row.row.content.as_str(),
        row.row.message_type.as_str(),
        row.row.message_status.as_str(),
        row.row.sequence_step.map(count),
        row.row.external_id.as_deref(),
        row.row.thread_id.as_deref(),
        row.row.marks.sentiment.map(Sentiment::as_str),
        row.row.marks.intent.map(Intent::as_str),
        row.row.marks.is_auto_reply,
        row.row.marks.requires_action,
        row.row.marks.action_taken.map(ActionTaken::as_str),
        row.row.at,
        row.now,
        row.contact_id,
        row.row.key.as_str(),
    ]);
    Ok(())
}

pub(super) fn chat_marks(arguments: &mut PgArguments, rows: &[MarksWrite]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &MarksWrite| [
        row.contact_id,
        row.message_key.as_str(),
        row.intent.map(Intent::as_str),
        row.sentiment.map(Sentiment::as_str),
        row.is_auto_reply,
        row.requires_action,
        row.action_taken.map(ActionTaken::as_str),
    ]);
    Ok(())
}
