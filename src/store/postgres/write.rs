//! All that follows from a batch, written with one statement a table over arrays.

use super::{PostgresTx, alerts, fault};
use crate::domain::contact::ActionTaken;
use crate::domain::event::{ContactSource, FollowUpReason, Source};
use crate::domain::ids::{CampaignId, ClientId};
use crate::domain::intent::{Intent, Sentiment};
use crate::domain::stage::{CampaignStatus, LeadEmailStatus};
use crate::engine::rows::{
    ChatWrite, ContactRow, DeliveryRow, EventRow, LogRow, MarksWrite, NotificationRow, SuppressionRow, TaskRow, Writes,
};
use crate::store::StoreError;
use crate::store::alerts::{AlertRow, raised_by};
use crate::store::counting::{Count, counts_of};
use sqlx::Arguments as _;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::types::Json;
use std::sync::OnceLock;

// In the order of the keys, like the locks.
const CONTACTS: &str = "
    INSERT INTO contacts (
        contact_id, client_id, email, first_name, last_name, phone, company_name, job_title, linkedin_url,
        company_linkedin_url, company_website, company_size, company_industry, source, list_id, enrichment_date,
        lead_status, pipeline_status, campaign_status, lead_email_status, current_campaign_id, past_campaign_ids,
        last_contact_date, last_reply_date, last_touch_date, reply_count, emails_sent_count, follow_up_date,
        follow_up_reason, has_engaged, converted_to_client, converted_client_id, first_reply_date, fold, baseline,
        created_at, updated_at, follow_up_told)
    SELECT
        v.contact_id, v.client_id, v.email, v.first_name, v.last_name, v.phone, v.company_name, v.job_title,
        v.linkedin_url, v.company_linkedin_url, v.company_website, v.company_size, v.company_industry, v.source,
        (SELECT l.list_id FROM lead_lists AS l WHERE l.list_id = v.list_id AND l.client_id = v.client_id),
        v.enrichment_date, v.lead_status, v.pipeline_status, v.campaign_status, v.lead_email_status,
        v.current_campaign_id, v.past_campaign_ids, v.last_contact_date, v.last_reply_date, v.last_touch_date,
        v.reply_count, v.emails_sent_count, v.follow_up_date, v.follow_up_reason, v.has_engaged,
        v.converted_to_client, v.converted_client_id, v.first_reply_date, v.fold, coalesce(v.baseline, '{}'), v.now,
        v.now, v.follow_up_told
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::TEXT[], $9::TEXT[],
        $10::TEXT[], $11::TEXT[], $12::TEXT[], $13::TEXT[], $14::TEXT[], $15::UUID[], $16::TIMESTAMPTZ[],
        $17::TEXT[], $18::TEXT[], $19::TEXT[], $20::TEXT[], $21::TEXT[], $22::JSONB[], $23::TIMESTAMPTZ[],
        $24::TIMESTAMPTZ[], $25::TIMESTAMPTZ[], $26::INT[], $27::INT[], $28::DATE[], $29::TEXT[], $30::BOOL[],
        $31::BOOL[], $32::TEXT[], $33::TIMESTAMPTZ[], $34::JSONB[], $35::JSONB[], $36::TIMESTAMPTZ[],
        $37::DATE[]
    ) AS v(
        contact_id, client_id, email, first_name, last_name, phone, company_name, job_title, linkedin_url,
        company_linkedin_url, company_website, company_size, company_industry, source, list_id, enrichment_date,
        lead_status, pipeline_status, campaign_status, lead_email_status, current_campaign_id, past_campaign_ids,
        last_contact_date, last_reply_date, last_touch_date, reply_count, emails_sent_count, follow_up_date,
        follow_up_reason, has_engaged, converted_to_client, converted_client_id, first_reply_date, fold, baseline,
        now, follow_up_told)
    ORDER BY v.client_id, v.email";

// Only where nobody wrote the contact since it was loaded. Its address comes into its lower-cased form here, where it was adopted.
const CONTACTS_AGAIN: &str = "
    UPDATE contacts AS c SET
        email = v.email, first_name = v.first_name, last_name = v.last_name, phone = v.phone,
        company_name = v.company_name, job_title = v.job_title, linkedin_url = v.linkedin_url,
        company_linkedin_url = v.company_linkedin_url, company_website = v.company_website,
        company_size = v.company_size, company_industry = v.company_industry, source = v.source,
        list_id = (SELECT l.list_id FROM lead_lists AS l WHERE l.list_id = v.list_id AND l.client_id = v.client_id), enrichment_date = v.enrichment_date, lead_status = v.lead_status,
        pipeline_status = v.pipeline_status, campaign_status = v.campaign_status,
        lead_email_status = v.lead_email_status, current_campaign_id = v.current_campaign_id,
        past_campaign_ids = v.past_campaign_ids, last_contact_date = v.last_contact_date,
        last_reply_date = v.last_reply_date, last_touch_date = v.last_touch_date,
        reply_count = v.reply_count, emails_sent_count = v.emails_sent_count,
        follow_up_date = v.follow_up_date, follow_up_reason = v.follow_up_reason, follow_up_told = v.follow_up_told,
        converted_to_client = v.converted_to_client, converted_client_id = v.converted_client_id,
        first_reply_date = v.first_reply_date, fold = v.fold, updated_at = v.now,
        has_engaged = v.has_engaged OR c.airtable_lead_id IS NOT NULL,
        baseline = CASE WHEN v.baseline IS NULL THEN c.baseline ELSE v.baseline END,
        changed_outside = NULL
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::TEXT[], $9::TEXT[],
        $10::TEXT[], $11::TEXT[], $12::TEXT[], $13::TEXT[], $14::TEXT[], $15::UUID[], $16::TIMESTAMPTZ[],
        $17::TEXT[], $18::TEXT[], $19::TEXT[], $20::TEXT[], $21::TEXT[], $22::JSONB[], $23::TIMESTAMPTZ[],
        $24::TIMESTAMPTZ[], $25::TIMESTAMPTZ[], $26::INT[], $27::INT[], $28::DATE[], $29::TEXT[], $30::BOOL[],
        $31::BOOL[], $32::TEXT[], $33::TIMESTAMPTZ[], $34::JSONB[], $35::JSONB[], $36::TIMESTAMPTZ[],
        $37::DATE[], $38::BIGINT[]
    ) AS v(
        contact_id, client_id, email, first_name, last_name, phone, company_name, job_title, linkedin_url,
        company_linkedin_url, company_website, company_size, company_industry, source, list_id, enrichment_date,
        lead_status, pipeline_status, campaign_status, lead_email_status, current_campaign_id, past_campaign_ids,
        last_contact_date, last_reply_date, last_touch_date, reply_count, emails_sent_count, follow_up_date,
        follow_up_reason, has_engaged, converted_to_client, converted_client_id, first_reply_date, fold, baseline,
        now, follow_up_told, version)
    WHERE c.contact_id = v.contact_id AND (v.version IS NULL OR c.xmin::TEXT::BIGINT = v.version)";

const EVENTS: &str = "
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
const EVENTS_AGAIN: &str = "
    UPDATE events AS e SET
        kind = v.kind, source = v.source, occurred_at = v.occurred_at, seen = v.seen, stage_before = v.stage_before,
        stage_after = v.stage_after, refused = v.refused, rule = v.rule
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TIMESTAMPTZ[], $5::JSONB[], $6::TEXT[], $7::TEXT[], $8::BOOL[],
        $9::TEXT[]
    ) AS v(event_id, kind, source, occurred_at, seen, stage_before, stage_after, refused, rule)
    WHERE e.event_id = v.event_id";

const CHAT_ROWS: &str = "
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

const CHAT_MARKS: &str = "
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

// An alert that is told twice has one id and one row.
const LOGS: &str = "
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

// Wanted again: a finished task starts anew, one that failed keeps its time, so that a backoff is not cut short.
const TASKS: &str = "
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
const NOTIFICATIONS: &str = "
    INSERT INTO notifications (
        notification_id, client_id, target, kind, contact_id, lane, body, status, due_at, created_at, updated_at)
    SELECT
        v.notification_id, v.client_id, v.target, v.kind, v.contact_id, v.lane, v.body, 'pending', v.now, v.now, v.now
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::UUID[], $6::TEXT[], $7::TEXT[], $8::TIMESTAMPTZ[]
    ) WITH ORDINALITY AS v(notification_id, client_id, target, kind, contact_id, lane, body, now, nth)
    ORDER BY v.nth
    ON CONFLICT (notification_id) DO NOTHING";

const DELIVERIES: &str = "
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

// Somebody who opted out may ask to be erased later; never the other way.
const SUPPRESSIONS: &str = "
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
// Only ever added, so that no writer waits for another; a task folds them.
const COUNTS: &str = "
    INSERT INTO counter_deltas (scope, period, client_id, name, count)
    SELECT v.scope, v.period, v.client_id, v.name, v.count
    FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::BIGINT[]) AS v(scope, period, client_id, name, count)";

/// One array a column, in the order of the statement's placeholders.
macro_rules! arrays {
    ($arguments:expr, $rows:expr, |$row:ident: &$Row:ty| [$($value:expr),+ $(,)?]) => {{
        let rows = $rows;
        let arguments: &mut PgArguments = $arguments;
        $(arguments
            .add(rows.iter().map(|row| { let $row: &$Row = row; $value }).collect::<Vec<_>>())
            .map_err(|error| fault(sqlx::Error::Encode(error)))?;)+
    }};
}

/// What a batch writes, as one statement: a statement of its own for each table would cost a round trip each.
///
/// Its parts all see the tables as they were before it. It is run from the first part (told by the main query) and then from the
/// last to the second: contacts that are known, contacts that are new, then what belongs to them. That is the order in which every
/// try of every instance takes its locks, so none waits in a circle.
const PARTS: [&str; 13] = [
    CONTACTS_AGAIN,
    SUPPRESSIONS,
    DELIVERIES,
    NOTIFICATIONS,
    alerts::RAISE,
    TASKS,
    LOGS,
    CHAT_ROWS,
    CHAT_MARKS,
    EVENTS_AGAIN,
    EVENTS,
    CONTACTS,
    COUNTS,
];
/// Places in [`PARTS`].
const ALERTS_PART: usize = 4;
const LOGS_PART: usize = 6;

/// The statement of each set of parts, made once.
static STATEMENTS: [OnceLock<String>; 1 << PARTS.len()] = [const { OnceLock::new() }; 1 << PARTS.len()];

/// Where the known contacts are not all as they were loaded, the division fails and with it the whole statement.
fn compose(parts: usize) -> String {
    let mut bound = 0;
    let mut named = Vec::new();
    for (index, part) in PARTS.iter().enumerate().filter(|(index, _)| parts & (1 << index) != 0) {
        let (text, count) = renumbered(part, bound);
        bound += count;
        let returning = if index == 0 { " RETURNING 1" } else { "" };
        named.push(format!("part_{index} AS ({text}{returning})"));
    }
    let main = if parts & 1 == 0 {
        "SELECT 1".to_owned()
    } else {
        format!("SELECT 1 / (CASE WHEN (SELECT count(*) FROM part_0) = ${} THEN 1 ELSE 0 END)", bound + 1)
    };
    format!("WITH {} {main}", named.join(", "))
}

/// The statement with its placeholders counted from `offset` on, and how many there are.
fn renumbered(statement: &str, offset: usize) -> (String, usize) {
    let mut pieces = statement.split('$');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    let mut highest = 0;
    for piece in pieces {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit());
        let number: usize = piece.strip_suffix(rest).and_then(|digits| digits.parse().ok()).unwrap_or_default();
        highest = highest.max(number);
        text.push_str(&format!("${}{rest}", number + offset));
    }
    (text, highest)
}

struct Statement {
    parts: usize,
    arguments: PgArguments,
}

impl PostgresTx {
    pub(in crate::store) async fn write(&mut self, writes: &Writes) -> Result<(), StoreError> {
        let Some(statement) = statement(writes)? else { return Ok(()) };
        run(self.connection(), statement).await
    }
}

async fn run(connection: &mut PgConnection, Statement { parts, arguments }: Statement) -> Result<(), StoreError> {
    let text =
        STATEMENTS.get(parts).ok_or_else(|| StoreError::Rejected(format!("no statement for parts {parts:b}")))?;
    let text: &'static str = text.get_or_init(|| compose(parts));
    sqlx::query_with(text, arguments).execute(connection).await.map_err(fault)?;
    Ok(())
}

fn statement(writes: &Writes) -> Result<Option<Statement>, StoreError> {
    let (new, known): (Vec<&ContactRow>, Vec<&ContactRow>) = writes.contacts.iter().partition(|row| row.is_new);
    let (new_events, known_events): (Vec<&EventRow>, Vec<&EventRow>) = writes.events.iter().partition(|row| row.is_new);
    let mut arguments = PgArguments::default();
    let mut parts = 0;
    let mut nth = 0;
    let mut wants = |is_empty: bool| {
        parts |= usize::from(!is_empty) << nth;
        nth += 1;
        !is_empty
    };
    if wants(known.is_empty()) {
        contacts(&mut arguments, &known)?;
        arrays!(&mut arguments, &known, |row: &ContactRow| [row.version]);
    }
    if wants(writes.suppressions.is_empty()) {
        suppressions(&mut arguments, &writes.suppressions)?;
    }
    if wants(writes.deliveries.is_empty()) {
        deliveries(&mut arguments, &writes.deliveries)?;
    }
    if wants(writes.notifications.is_empty()) {
        notifications(&mut arguments, &writes.notifications)?;
    }
    let raised = raised_by(&writes.logs);
    if wants(raised.is_empty()) {
        alert_rows(&mut arguments, &raised)?;
    }
    if wants(writes.tasks.is_empty()) {
        tasks(&mut arguments, &writes.tasks)?;
    }
    if wants(writes.logs.is_empty()) {
        logs(&mut arguments, &writes.logs)?;
    }
    if wants(writes.chat_rows.is_empty()) {
        chat_rows(&mut arguments, &writes.chat_rows)?;
    }
    if wants(writes.chat_marks.is_empty()) {
        chat_marks(&mut arguments, &writes.chat_marks)?;
    }
    if wants(known_events.is_empty()) {
        events_again(&mut arguments, &known_events)?;
    }
    if wants(new_events.is_empty()) {
        events(&mut arguments, &new_events)?;
    }
    if wants(new.is_empty()) {
        contacts(&mut arguments, &new)?;
    }
    let counted = counts_of(writes);
    if wants(counted.is_empty()) {
        counts(&mut arguments, &counted)?;
    }
    if !known.is_empty() {
        let count = i64::try_from(known.len()).unwrap_or(i64::MAX);
        arguments.add(count).map_err(|error| fault(sqlx::Error::Encode(error)))?;
    }
    Ok((parts != 0).then_some(Statement { parts, arguments }))
}

/// Adds to the counters, or takes away, in a transaction that writes other things too.
pub(super) async fn write_counts(connection: &mut PgConnection, rows: &[Count]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut arguments = PgArguments::default();
    counts(&mut arguments, rows)?;
    sqlx::query_with(COUNTS, arguments).execute(connection).await.map_err(fault)?;
    Ok(())
}

/// Log rows with the alerts that they raise, and further ones, in a transaction that writes other things too.
pub(super) async fn write_logs(
    connection: &mut PgConnection,
    rows: &[LogRow],
    further: Vec<AlertRow>,
) -> Result<(), StoreError> {
    let mut raised = raised_by(rows);
    raised.extend(further);
    let mut arguments = PgArguments::default();
    let mut parts = 0;
    if !raised.is_empty() {
        parts |= 1 << ALERTS_PART;
        alert_rows(&mut arguments, &raised)?;
    }
    if !rows.is_empty() {
        parts |= 1 << LOGS_PART;
        logs(&mut arguments, rows)?;
    }
    if parts == 0 { Ok(()) } else { run(connection, Statement { parts, arguments }).await }
}

/// Notifications alone, in a transaction that writes other things too.
pub(super) async fn write_notifications(
    connection: &mut PgConnection,
    rows: &[NotificationRow],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut arguments = PgArguments::default();
    notifications(&mut arguments, rows)?;
    sqlx::query_with(NOTIFICATIONS, arguments).execute(connection).await.map_err(fault)?;
    Ok(())
}

fn notifications(arguments: &mut PgArguments, rows: &[NotificationRow]) -> Result<(), StoreError> {
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

fn alert_rows(arguments: &mut PgArguments, rows: &[AlertRow]) -> Result<(), StoreError> {
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

/// The owner's columns are INTEGER; two thousand million mails to one person do not happen.
fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn contacts(arguments: &mut PgArguments, rows: &[&ContactRow]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &ContactRow| [
        row.contact_id,
        row.key.client_id.as_str(),
        row.key.email.as_str(),
        row.contact.profile.first_name.as_deref(),
        row.contact.profile.last_name.as_deref(),
        row.contact.profile.phone.as_deref(),
        row.contact.profile.company_name.as_deref(),
        row.contact.profile.job_title.as_deref(),
        row.contact.profile.linkedin_url.as_deref(),
        row.contact.profile.company_linkedin_url.as_deref(),
        row.contact.profile.company_website.as_deref(),
        row.contact.profile.company_size.as_deref(),
        row.contact.profile.company_industry.as_deref(),
        row.contact.contact_source.map(ContactSource::as_str),
        row.contact.list_id,
        row.contact.enrichment_date,
        row.contact.stage.columns().lead_status.as_str(),
        row.contact.stage.columns().pipeline_status.as_str(),
        row.contact.stage.columns().campaign_status.map(CampaignStatus::as_str),
        row.contact.stage.columns().lead_email_status.map(LeadEmailStatus::as_str),
        row.contact.current_campaign.as_ref().map(CampaignId::as_str),
        Json(&row.contact.past_campaigns),
        row.contact.last_contact_at,
        row.contact.last_reply_at,
        row.contact.last_touch_at,
        count(row.contact.reply_count),
        count(row.contact.emails_sent_count),
        row.contact.follow_up_date,
        row.contact.follow_up_reason.map(FollowUpReason::as_str),
        row.contact.has_engaged,
        row.contact.converted_to_client,
        row.contact.converted_client_id.as_deref(),
        row.contact.first_reply_at,
        Json(&row.contact),
        row.baseline.as_ref().map(Json),
        row.now,
        row.contact.follow_up_told,
    ]);
    Ok(())
}

fn events(arguments: &mut PgArguments, rows: &[&EventRow]) -> Result<(), StoreError> {
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

fn events_again(arguments: &mut PgArguments, rows: &[&EventRow]) -> Result<(), StoreError> {
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

fn chat_rows(arguments: &mut PgArguments, rows: &[ChatWrite]) -> Result<(), StoreError> {
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

fn chat_marks(arguments: &mut PgArguments, rows: &[MarksWrite]) -> Result<(), StoreError> {
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

fn counts(arguments: &mut PgArguments, rows: &[Count]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &Count| [
        row.scope,
        row.period,
        row.client_id.as_str(),
        row.name.as_str(),
        row.number,
    ]);
    Ok(())
}

fn logs(arguments: &mut PgArguments, rows: &[LogRow]) -> Result<(), StoreError> {
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

fn tasks(arguments: &mut PgArguments, rows: &[TaskRow]) -> Result<(), StoreError> {
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

fn suppressions(arguments: &mut PgArguments, rows: &[SuppressionRow]) -> Result<(), StoreError> {
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

fn deliveries(arguments: &mut PgArguments, rows: &[DeliveryRow]) -> Result<(), StoreError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn placeholders_are_counted_on_from_part_to_part() {
        assert_eq!(renumbered("a $1::TEXT[], $2 b $1", 3), ("a $4::TEXT[], $5 b $4".to_owned(), 2));
        assert_eq!(renumbered("none", 3), ("none".to_owned(), 0));
        let whole = compose((1 << PARTS.len()) - 1);
        let numbers: BTreeSet<usize> = whole
            .split('$')
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
            .collect();
        let last = numbers.len();
        assert_eq!(numbers, (1..=last).collect(), "none is left out: {whole}");
        assert!(whole.ends_with(&format!("= ${last} THEN 1 ELSE 0 END)")), "{whole}");
        assert!(compose(2).ends_with(") SELECT 1"), "nothing to count without known contacts");
    }
}
