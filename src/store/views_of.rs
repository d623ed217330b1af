//! Rows of either database as the views that operators read.

use super::StoreError;
use super::ai::{AiDay, Conversation, ReplyToRead, Spoken};
use super::cells::{Cells, NO_ADDRESS, key, known_contact, listed, unreadable};
use super::console::{
    self, Budget, CampaignActivity, ContactLine, DeliveryBody, ListLine, Moves, Queue, RatePoint, Scanned, StageCounts,
};
use super::erasure::{Mention, Place};
use super::foreign::stage_of;
use super::notifications::{ClaimedNotification, TargetState};
use super::vectors::{EngagedContact, MessageView, VectorPassage};
use super::views::{
    AlertCount, AlertView, CampaignCounts, ChatView, ContactView, CountsView, DeliveryView, EventView, InSequence,
    LogView, News, NotificationCount, NotificationView, Owner, Owners, Reached, Receipt, Standing, StoredDelivery,
    Subject, SuppressionView, TaskView,
};
use crate::domain::documents::Namespace;
use crate::domain::event::Source;
use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::domain::notification::NotificationKind;
use crate::domain::stage::Stage;
use crate::domain::suppression::Listed;
use crate::engine::notify::AlertTold;
use crate::engine::rows::{ClaimedTask, KnownContact, LeadSubject, Outcome, TaskKind, TaskStatus};
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub(super) fn contact(row: &impl Cells) -> Result<ContactView, StoreError> {
    let lead_status = row.maybe("lead_status")?;
    let pipeline_status = row.maybe("pipeline_status")?;
    let campaign_status = row.maybe("campaign_status")?;
    let lead_email_status = row.maybe("lead_email_status")?;
    Ok(ContactView {
        contact_id: row.id("contact_id")?,
        client_id: row.text("client_id")?,
        email: row.text("email")?,
        stage: stage_of(
            lead_status.as_deref(),
            pipeline_status.as_deref(),
            campaign_status.as_deref(),
            lead_email_status.as_deref(),
        ),
        first_name: row.maybe("first_name")?,
        last_name: row.maybe("last_name")?,
        phone: row.maybe("phone")?,
        company_name: row.maybe("company_name")?,
        job_title: row.maybe("job_title")?,
        linkedin_url: row.maybe("linkedin_url")?,
        company_linkedin_url: row.maybe("company_linkedin_url")?,
        company_website: row.maybe("company_website")?,
        company_size: row.maybe("company_size")?,
        company_industry: row.maybe("company_industry")?,
        source: row.maybe("source")?,
        list_id: row.maybe("list_id")?,
        enrichment_date: row.maybe("enrichment_date")?,
        lead_status: lead_status.unwrap_or_default(),
        pipeline_status: pipeline_status.unwrap_or_default(),
        campaign_status,
        lead_email_status,
        current_campaign_id: row.maybe("current_campaign_id")?,
        past_campaign_ids: row.maybe_json("past_campaign_ids")?.unwrap_or_default(),
        last_contact_date: row.maybe("last_contact_date")?,
        last_reply_date: row.maybe("last_reply_date")?,
        last_touch_date: row.maybe("last_touch_date")?,
        reply_count: row.number("reply_count")?,
        emails_sent_count: row.number("emails_sent_count")?,
        follow_up_date: row.maybe("follow_up_date")?,
        follow_up_reason: row.maybe("follow_up_reason")?,
        has_engaged: row.flag("has_engaged")?,
        airtable_lead_id: row.maybe("airtable_lead_id")?,
        promoted_at: row.maybe("promoted_at")?,
        converted_to_client: row.flag("converted_to_client")?,
        converted_client_id: row.maybe("converted_client_id")?,
        ai_context_summary: row.maybe("ai_context_summary")?,
        first_reply_date: row.maybe("first_reply_date")?,
        created_at: row.maybe("created_at")?,
        updated_at: row.maybe("updated_at")?,
    })
}

pub(super) fn alert(row: &impl Cells) -> Result<AlertView, StoreError> {
    Ok(AlertView {
        alert_id: row.text("alert_id")?,
        client_id: row.text("client_id")?,
        kind: row.text("kind")?,
        key: row.text("key")?,
        contact_id: row.maybe("contact_id")?,
        task_key: row.maybe("task_key")?,
        text: row.text("text")?,
        what_to_do: row.text("what_to_do")?,
        status: row.text("status")?,
        times: row.number("times")?,
        first_at: row.text("first_at")?,
        last_at: row.text("last_at")?,
        acknowledged_at: row.maybe("acknowledged_at")?,
        resolved_at: row.maybe("resolved_at")?,
    })
}

pub(super) fn alert_count(row: &impl Cells) -> Result<AlertCount, StoreError> {
    Ok(AlertCount { kind: row.text("kind")?, status: row.text("status")?, count: row.number("n")? })
}

pub(super) fn alert_told(row: &impl Cells) -> Result<AlertTold, StoreError> {
    Ok(AlertTold {
        alert_id: row.id("alert_id")?,
        client_id: client_id(row)?,
        kind: row.text("kind")?,
        text: row.text("text")?,
        what_to_do: row.text("what_to_do")?,
        contact_id: maybe_id(row, "contact_id")?,
        first_at: row.text("first_at")?,
        last_at: row.text("last_at")?,
        times: row.number("times")?,
    })
}

pub(super) fn notification(row: &impl Cells) -> Result<NotificationView, StoreError> {
    Ok(NotificationView {
        notification_id: row.text("notification_id")?,
        client_id: row.text("client_id")?,
        target: row.text("target")?,
        kind: row.text("kind")?,
        contact_id: row.maybe("contact_id")?,
        status: row.text("status")?,
        attempts: row.number("attempts")?,
        due_at: row.text("due_at")?,
        first_tried_at: row.maybe("first_tried_at")?,
        last_error: row.maybe("last_error")?,
        created_at: row.text("created_at")?,
        updated_at: row.text("updated_at")?,
    })
}

pub(super) fn notification_count(row: &impl Cells) -> Result<NotificationCount, StoreError> {
    Ok(NotificationCount {
        target: row.text("target")?,
        status: row.text("status")?,
        count: row.number("n")?,
        oldest_at: row.text("oldest_at")?,
    })
}

/// The claimed notifications, those due first first.
pub(super) fn claimed_notifications(rows: &[impl Cells], lease: Uuid) -> Result<Vec<ClaimedNotification>, StoreError> {
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let kind = row.text("kind")?;
        let claim = ClaimedNotification {
            notification_id: row.id("notification_id")?,
            tenant: client_id(row)?,
            target: row.text("target")?,
            kind: NotificationKind::parse(&kind).ok_or_else(|| unreadable("kind of notification", &kind))?,
            contact_id: maybe_id(row, "contact_id")?,
            lane: row.text("lane")?,
            body: row.text("body")?,
            attempts: u32::try_from(row.number("attempts")?).map_err(|error| unreadable("attempts", error))?,
            first_tried_at: time(row, "first_tried_at")?,
            lease,
        };
        claimed.push((row.number("seq")?, claim));
    }
    claimed.sort_by_key(|(seq, _)| *seq);
    Ok(claimed.into_iter().map(|(_, claim)| claim).collect())
}

pub(super) fn target_state(row: &impl Cells) -> Result<TargetState, StoreError> {
    let paused_until = row.maybe("paused_until")?.map(|text| DateTime::parse_from_rfc3339(&text));
    Ok(TargetState {
        target: row.text("target")?,
        paused_until: paused_until
            .transpose()
            .map_err(|error| unreadable("time", error))?
            .map(|time| time.with_timezone(&Utc)),
        disabled_url_sha256: row.maybe("disabled_url_sha256")?,
    })
}

fn client_id(row: &impl Cells) -> Result<ClientId, StoreError> {
    ClientId::parse(&row.text("client_id")?).map_err(|error| unreadable("client id", error))
}

fn maybe_id(row: &impl Cells, column: &str) -> Result<Option<Uuid>, StoreError> {
    row.maybe(column)?.map(|id| Uuid::parse_str(&id)).transpose().map_err(|error| unreadable(column, error))
}

pub(super) fn event(row: &impl Cells) -> Result<EventView, StoreError> {
    Ok(EventView {
        event_id: row.text("event_id")?,
        client_id: row.text("client_id")?,
        contact_id: row.text("contact_id")?,
        email: row.text("email")?,
        kind: row.text("kind")?,
        source: row.text("source")?,
        occurred_at: row.text("occurred_at")?,
        received_at: row.text("received_at")?,
        delivery_id: row.maybe("delivery_id")?,
        dedupe_key: row.text("dedupe_key")?,
        stage_before: row.text("stage_before")?,
        stage_after: row.text("stage_after")?,
        refused: row.flag("refused")?,
        rule: row.text("rule")?,
    })
}

pub(super) fn chat(row: &impl Cells) -> Result<ChatView, StoreError> {
    Ok(ChatView {
        chat_id: row.text("chat_id")?,
        session_id: row.text("session_id")?,
        message_timestamp: row.text("message_timestamp")?,
        platform: row.text("platform")?,
        message_type: row.maybe("message_type")?,
        message_status: row.maybe("message_status")?,
        subject: row.maybe("subject")?,
        message_content: row.text("message_content")?,
        contact_identifier: row.maybe("contact_identifier")?,
        contact_name: row.maybe("contact_name")?,
        account_identifier: row.maybe("account_identifier")?,
        campaign_id: row.maybe("campaign_id")?,
        sequence_step: row.maybe_number("sequence_step")?,
        external_message_id: row.maybe("external_message_id")?,
        thread_id: row.maybe("thread_id")?,
        ai_intent: row.maybe("ai_intent")?,
        ai_sentiment: row.maybe("ai_sentiment")?,
        is_auto_reply: row.flag("is_auto_reply")?,
        requires_action: row.flag("requires_action")?,
        action_taken: row.maybe("action_taken")?,
        lead_id: row.maybe("lead_id")?,
    })
}

pub(super) fn log(row: &impl Cells) -> Result<LogView, StoreError> {
    Ok(LogView {
        log_id: row.id("log_id")?,
        timestamp: row.text("timestamp")?,
        automation_type: row.text("automation_type")?,
        trigger_type: row.text("trigger_type")?,
        action_taken: row.text("action_taken")?,
        action_details: row.maybe("action_details")?,
        status: row.text("status")?,
        error_message: row.maybe("error_message")?,
    })
}

pub(super) fn delivery(row: &impl Cells) -> Result<DeliveryView, StoreError> {
    Ok(DeliveryView {
        delivery_id: row.text("delivery_id")?,
        client_id: row.text("client_id")?,
        source: row.text("source")?,
        received_at: row.text("received_at")?,
        outcome: row.text("outcome")?,
        reason: row.maybe("reason")?,
        events_count: row.number("events_count")?,
    })
}

pub(super) fn stored_delivery(row: &impl Cells) -> Result<StoredDelivery, StoreError> {
    let source = |column: &str| -> Result<Option<Source>, StoreError> {
        let name = row.maybe(column)?;
        name.map(|name| Source::parse(&name).ok_or_else(|| unreadable("source", name))).transpose()
    };
    let outcome = row.text("outcome")?;
    Ok(StoredDelivery {
        delivery_id: row.id("delivery_id")?,
        client_id: ClientId::parse(&row.text("client_id")?).map_err(|error| unreadable("client id", error))?,
        source: source("source")?.ok_or_else(|| unreadable("source", "it is null"))?,
        received_at: time(row, "received_at")?,
        outcome: Outcome::parse(&outcome).ok_or_else(|| unreadable("outcome", outcome))?,
        reason: row.maybe("reason")?,
        events_count: row.number("events_count")?,
        body: row.maybe("body")?.unwrap_or_default(),
        forwarded_as: source("read_as")?,
        earlier: row.json("earlier")?,
    })
}

pub(super) fn task(row: &impl Cells) -> Result<TaskView, StoreError> {
    Ok(TaskView {
        task_id: row.text("task_id")?,
        kind: row.text("kind")?,
        client_id: row.text("client_id")?,
        task_key: row.text("task_key")?,
        contact_id: row.maybe("contact_id")?,
        priority: row.number("priority")?,
        status: row.text("status")?,
        attempts: row.number("attempts")?,
        due_at: row.text("due_at")?,
        last_error: row.maybe("last_error")?,
    })
}

/// The claimed tasks, the most urgent first (RETURNING promises no order).
pub(super) fn claimed(rows: &[impl Cells], lease: Uuid) -> Result<Vec<ClaimedTask>, StoreError> {
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let kind = row.text("kind")?;
        let whole = |column: &str| u32::try_from(row.number(column)?).map_err(|error| unreadable(column, error));
        let task = ClaimedTask {
            task_id: row.id("task_id")?,
            kind: TaskKind::parse(&kind).ok_or_else(|| unreadable("task kind", &kind))?,
            tenant: ClientId::parse(&row.text("client_id")?).map_err(|error| unreadable("client id", error))?,
            task_key: row.text("task_key")?,
            contact_id: match row.maybe("contact_id")? {
                Some(_) => Some(row.id("contact_id")?),
                None => None,
            },
            payload: row.json("payload")?,
            attempts: whole("attempts")?,
            wanted: row.number("wanted")?,
            lease,
        };
        claimed.push((row.number("priority")?, task));
    }
    claimed.sort_by_key(|(priority, task)| (*priority, task.task_id));
    Ok(claimed.into_iter().map(|(_, task)| task).collect())
}

pub(super) fn lead_subject(row: &impl Cells) -> Result<LeadSubject, StoreError> {
    let known = known_contact(row)?;
    Ok(LeadSubject {
        contact_id: known.contact_id,
        key: key(row)?,
        contact: known.contact,
        airtable_lead_id: known.airtable_lead_id,
        lead_stage_written: row.maybe("lead_stage_written")?.as_deref().and_then(Stage::parse),
        lead_written: row.maybe_json("lead_written")?.unwrap_or_default(),
        summary: row.maybe("ai_context_summary")?,
    })
}

pub(super) fn campaign_id(row: &impl Cells) -> Result<CampaignId, StoreError> {
    CampaignId::parse(&row.text("campaign_id")?).map_err(|error| unreadable("campaign id", error))
}

pub(super) fn campaign_counts(row: &impl Cells) -> Result<CampaignCounts, StoreError> {
    Ok(CampaignCounts {
        campaign: campaign_id(row)?,
        platform: row.maybe("platform")?,
        emails_sent: row.number("emails_sent")?,
        replies: row.number("replies")?,
        meetings_booked: row.number("meetings_booked")?,
    })
}

pub(super) fn known_stage(row: &impl Cells) -> Result<(Email, (Stage, Option<Uuid>)), StoreError> {
    let email = Email::parse(&row.text("email")?).map_err(|_unsaid| unreadable("address", NO_ADDRESS))?;
    let columns = ["lead_status", "pipeline_status", "campaign_status", "lead_email_status"];
    let [lead, pipeline, campaign, status] = columns.map(|column| row.maybe(column));
    let stage = stage_of(lead?.as_deref(), pipeline?.as_deref(), campaign?.as_deref(), status?.as_deref());
    let list_id = match row.maybe("list_id")? {
        Some(_) => Some(row.id("list_id")?),
        None => None,
    };
    Ok((email, (stage, list_id)))
}

pub(super) fn standing(row: &impl Cells) -> Result<(Email, Standing), StoreError> {
    let (email, (stage, _)) = known_stage(row)?;
    let date = row.maybe("follow_up_date")?;
    let follow_up_date =
        date.map(|date| date.parse().map_err(|error| unreadable("follow-up date", error))).transpose()?;
    Ok((email, Standing { contact_id: row.id("contact_id")?, stage, follow_up_date }))
}

pub(super) fn reached(row: &impl Cells) -> Result<Reached, StoreError> {
    let (email, (stage, _)) = known_stage(row)?;
    let campaign = row.maybe("current_campaign_id")?.and_then(|id| CampaignId::parse(&id).ok());
    let client_id = ClientId::parse(&row.text("client_id")?).map_err(|error| unreadable("client id", error))?;
    Ok(Reached {
        contact_id: row.id("contact_id")?,
        key: ContactKey { client_id, email },
        stage,
        campaign,
        has_engaged: row.flag("has_engaged")?,
    })
}

pub(super) fn suppression(row: &impl Cells) -> Result<SuppressionView, StoreError> {
    let Listed { scope, client_id, campaign, target, reason } = listed(row)?;
    Ok(SuppressionView {
        suppression_id: row.text("suppression_id")?,
        scope,
        client_id: client_id.map(|id| id.as_str().to_owned()),
        campaign_id: campaign.map(|id| id.as_str().to_owned()),
        target,
        reason,
        value_hmac: row.text("value_hmac")?,
        key_id: row.text("key_id")?,
        created_at: row.text("created_at")?,
    })
}

/// A row as `known_contact` reads it.
pub(super) fn subject(row: &impl Cells) -> Result<Subject, StoreError> {
    let KnownContact { contact_id, contact, airtable_lead_id, .. } = known_contact(row)?;
    let has_engaged = contact.has_engaged;
    Ok(Subject { contact_id, key: key(row)?, contact, airtable_lead_id, has_engaged })
}

pub(super) fn receipt(row: &impl Cells) -> Result<Receipt, StoreError> {
    let time = |text: String| text.parse().map_err(|error| unreadable("time", error));
    Ok(Receipt {
        receipt_id: row.id("receipt_id")?,
        client_id: row
            .maybe("client_id")?
            .map(|id| ClientId::parse(&id).map_err(|error| unreadable("client id", error)))
            .transpose()?,
        subject_hmac: row.text("subject_hmac")?,
        key_id: row.text("key_id")?,
        requested_at: time(row.text("requested_at")?)?,
        keeps_suppression: row.flag("keeps_suppression")?,
        removed: row.json("removed")?,
        parts: row.json("parts")?,
        completed_at: row.maybe("completed_at")?.map(time).transpose()?,
    })
}

/// A row of a place: its id as `id`, its texts by their columns.
pub(super) fn mention(row: &impl Cells, place: &Place) -> Result<Mention, StoreError> {
    let texts = place.columns.iter().map(|(name, _)| row.maybe(name)).collect::<Result<_, _>>()?;
    Ok(Mention { id: row.id("id")?, texts })
}

/// Of many contacts those that can be read: of an adopted table one row may hold what is no address, and holds up no other.
pub(super) fn readable<R: Cells, T>(
    rows: &[R],
    read: impl Fn(&R) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        match read(row) {
            Ok(value) => found.push(value),
            Err(error @ StoreError::Rejected(_)) => {
                let contact_id = row.text("contact_id")?;
                tracing::warn!(contact_id, %error, "a contact is left out");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

pub(super) fn id_and_email(row: &impl Cells) -> Result<(Uuid, Email), StoreError> {
    let email = Email::parse(&row.text("email")?).map_err(|_unsaid| unreadable("address", NO_ADDRESS))?;
    Ok((row.id("contact_id")?, email))
}

pub(super) fn id_and_client(row: &impl Cells) -> Result<(Uuid, ClientId), StoreError> {
    Ok((row.id("contact_id")?, client_id(row)?))
}

pub(super) fn in_sequence(row: &impl Cells) -> Result<InSequence, StoreError> {
    let (contact_id, email) = id_and_email(row)?;
    Ok(InSequence { contact_id, email, campaign: campaign_id(row)?, last_contact_at: time(row, "last_contact_date")? })
}

/// A row of contacts counted by client and the four columns.
pub(super) fn count_contacts(row: &impl Cells, counts: &mut CountsView) -> Result<(), StoreError> {
    let columns = ["lead_status", "pipeline_status", "campaign_status", "lead_email_status"];
    let [lead, pipeline, campaign, email] = columns.map(|column| row.maybe(column));
    let stage = stage_of(lead?.as_deref(), pipeline?.as_deref(), campaign?.as_deref(), email?.as_deref());
    let client = row.maybe("client_id")?.unwrap_or_default();
    *counts.contacts.entry(client).or_default().entry(stage.to_string()).or_default() += row.number("n")?;
    Ok(())
}

pub(super) fn maybe_time(row: &impl Cells, column: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
    let Some(text) = row.maybe(column)? else { return Ok(None) };
    let time = DateTime::parse_from_rfc3339(&text).map_err(|error| unreadable(column, error))?;
    Ok(Some(time.with_timezone(&Utc)))
}

pub(super) fn time(row: &impl Cells, column: &str) -> Result<DateTime<Utc>, StoreError> {
    maybe_time(row, column)?.ok_or_else(|| unreadable(column, "it is null"))
}

/// The first row of a clue tells the most.
pub(super) fn owners(rows: &[impl Cells]) -> Result<Owners, StoreError> {
    let mut owners = Owners::default();
    for row in rows {
        let (term, email) = (row.text("term")?, row.text("email")?);
        let contact = Email::parse(&email).map_err(|_unsaid| unreadable("address", NO_ADDRESS))?;
        let used = row.maybe("used")?.and_then(|used| Email::parse(&used).ok());
        match row.text("clue")?.as_str() {
            "address" => {
                owners.contacts.insert(contact);
            }
            "event" => {
                owners.by_event_key.entry(term).or_insert(Owner { contact, used });
            }
            _ => owners.by_thread.entry(term).or_default().push(Owner { contact, used }),
        }
    }
    Ok(owners)
}

pub(super) fn mailboxes(rows: &[impl Cells]) -> Result<Vec<(ClientId, Email)>, StoreError> {
    let mut mailboxes = Vec::new();
    for row in rows {
        let key = key(row)?;
        mailboxes.push((key.client_id, key.email));
    }
    mailboxes.sort();
    mailboxes.dedup();
    Ok(mailboxes)
}

pub(super) fn news(row: &impl Cells) -> Result<News, StoreError> {
    Ok(News {
        received_at: time(row, "received_at")?,
        event_id: row.id("event_id")?,
        key: key(row)?,
        dedupe_key: row.text("dedupe_key")?,
        thread_id: row.maybe("thread_id")?,
    })
}

pub(super) fn ai_day(row: Option<&impl Cells>) -> Result<AiDay, StoreError> {
    let Some(row) = row else { return Ok(AiDay::default()) };
    Ok(AiDay { tokens: row.number("tokens")?, calls: row.number("calls")? })
}

pub(super) fn reply_to_read(row: &impl Cells) -> Result<ReplyToRead, StoreError> {
    Ok(ReplyToRead {
        key: key(row)?,
        opted_out: row.text("lead_status")? == "do_not_contact",
        at: time(row, "message_timestamp")?,
        subject: row.maybe("subject")?,
        content: row.text("message_content")?,
        is_decided: row.flag("is_decided")?,
    })
}

pub(super) fn conversation<R: Cells>(contact: &R, messages: &[R]) -> Result<Conversation, StoreError> {
    let mut messages = messages.iter().map(spoken).collect::<Result<Vec<_>, _>>()?;
    messages.reverse();
    Ok(Conversation {
        key: key(contact)?,
        has_engaged: contact.flag("has_engaged")?,
        summary: contact.maybe("ai_context_summary")?,
        summary_written: contact.maybe("ai_summary_written")?,
        summary_of: contact.maybe("ai_summary_of")?,
        messages,
    })
}

fn spoken(row: &impl Cells) -> Result<Spoken, StoreError> {
    Ok(Spoken {
        at: time(row, "message_timestamp")?,
        message_type: row.maybe("message_type")?,
        message_status: row.maybe("message_status")?,
        platform: row.text("platform")?,
        subject: row.maybe("subject")?,
        content: row.text("message_content")?,
    })
}

pub(super) fn vector_passage(row: &impl Cells) -> Result<VectorPassage, StoreError> {
    let namespace = row.text("namespace")?;
    Ok(VectorPassage {
        subject: row.text("subject")?,
        home: row.text("home")?,
        namespace: Namespace::parse(&namespace).ok_or_else(|| unreadable("namespace", namespace))?,
        passage_id: row.text("passage_id")?,
        chunks: u32::try_from(row.number("chunks")?).map_err(|error| unreadable("number of pieces", error))?,
        hash: row.maybe("hash")?,
        contact_id: match row.maybe("contact_id")? {
            Some(id) => Some(Uuid::parse_str(&id).map_err(|error| unreadable("id", error))?),
            None => None,
        },
        lead_id: row.maybe("lead_id")?,
    })
}

pub(super) fn message(row: &impl Cells) -> Result<MessageView, StoreError> {
    Ok(MessageView {
        chat_id: row.id("chat_id")?,
        client_id: tenant(row)?,
        email: row.text("email")?,
        name: row.maybe("name")?,
        subject: row.maybe("subject")?,
        content: row.text("message_content")?,
        platform: row.text("platform")?,
        lead_id: row.maybe("lead_id")?,
        converted_client_id: row.maybe("converted_client_id")?,
        campaign_id: row.maybe("campaign_id")?,
        at: time(row, "message_timestamp")?,
        sentiment: row.maybe("ai_sentiment")?,
        intent: row.maybe("ai_intent")?,
        is_auto_reply: row.flag("is_auto_reply")?,
        vector_id: row.maybe("vector_id")?,
    })
}

pub(super) fn engaged_contact(row: &impl Cells) -> Result<EngagedContact, StoreError> {
    Ok(EngagedContact { contact_id: row.id("contact_id")?, client_id: tenant(row)?, is_stale: row.flag("is_stale")? })
}

fn tenant(row: &impl Cells) -> Result<ClientId, StoreError> {
    ClientId::parse(&row.text("client_id")?).map_err(|error| unreadable("client id", error))
}

/// Counters of contacts by their four columns, named `lead/pipeline/campaign/email`; several combinations may be one stage.
pub(super) fn stage_counts(rows: &[impl Cells]) -> Result<StageCounts, StoreError> {
    let mut counts = StageCounts::new();
    for row in rows {
        let name = row.text("name")?;
        let mut columns = name.split('/').map(|column| Some(column).filter(|column| !column.is_empty()));
        let mut next = || columns.next().flatten();
        let stage = stage_of(next(), next(), next(), next());
        *counts.entry(row.text("client_id")?).or_default().entry(stage).or_default() += row.number("n")?;
    }
    Ok(counts)
}

/// A counter's name in two parts.
fn two_parts(row: &impl Cells) -> Result<(String, String), StoreError> {
    let name = row.text("name")?;
    let (first, second) = name.split_once('/').ok_or_else(|| unreadable("counter", &name))?;
    Ok((first.to_owned(), second.to_owned()))
}

pub(super) fn moves(row: &impl Cells) -> Result<Moves, StoreError> {
    let (before, after) = two_parts(row)?;
    Ok(Moves { client: row.text("client_id")?, before, after, count: row.number("n")? })
}

pub(super) fn campaign_activity(row: &impl Cells) -> Result<CampaignActivity, StoreError> {
    let (what, campaign) = two_parts(row)?;
    Ok(CampaignActivity { client: row.text("client_id")?, campaign, what, count: row.number("n")? })
}

pub(super) fn rate_point(row: &impl Cells) -> Result<RatePoint, StoreError> {
    let (source, outcome) = two_parts(row)?;
    Ok(RatePoint { from_seconds: row.number("period")?, source, outcome, count: row.number("n")? })
}

pub(super) fn queues(rows: &[impl Cells]) -> Result<Vec<Queue>, StoreError> {
    let mut queues = Vec::new();
    for row in rows {
        let (kind, status) = (row.text("kind")?, row.text("status")?);
        let (Some(kind), Some(status)) = (TaskKind::parse(&kind), TaskStatus::parse(&status)) else { continue };
        let count = row.number("n")?;
        if count > 0 {
            queues.push(Queue { kind, status, count, oldest_due_at: row.maybe("oldest_due_at")? });
        }
    }
    queues.sort_by_key(|queue| (queue.kind, queue.status));
    Ok(queues)
}

pub(super) fn budget(row: &impl Cells) -> Result<Budget, StoreError> {
    let until_ms = row.number("paused_until_ms")?;
    Ok(Budget {
        name: row.text("name")?,
        paused_until: DateTime::from_timestamp_millis(until_ms).filter(|_| until_ms > 0),
        month: row.text("month")?,
        calls: row.number("calls")?,
    })
}

pub(super) fn list_line(row: &impl Cells) -> Result<ListLine, StoreError> {
    Ok(ListLine {
        client: row.maybe("client_id")?.unwrap_or_default(),
        name: row.maybe("list_name")?.unwrap_or_default(),
        source: row.maybe("source")?,
        status: row.maybe("status")?.unwrap_or_default(),
        total_contacts: row.number("total_contacts")?,
        contacts_in_campaigns: row.number("contacts_in_campaigns")?,
        updated_at: row.maybe("updated_at")?,
    })
}

pub(super) fn contact_line(row: &impl Cells) -> Result<ContactLine, StoreError> {
    let names = [row.maybe("first_name")?, row.maybe("last_name")?];
    let columns = ["lead_status", "pipeline_status", "campaign_status", "lead_email_status"];
    let [lead, pipeline, campaign, email] = columns.map(|column| row.maybe(column));
    Ok(ContactLine {
        contact_id: row.id("contact_id")?,
        client: row.text("client_id")?,
        email: row.text("email")?,
        name: names.into_iter().flatten().collect::<Vec<_>>().join(" "),
        company: row.maybe("company_name")?,
        stage: stage_of(lead?.as_deref(), pipeline?.as_deref(), campaign?.as_deref(), email?.as_deref()),
    })
}

/// The rows that fit, then the last one looked at with how many were.
pub(super) fn scanned(rows: &[impl Cells], looks: u32) -> Result<Scanned, StoreError> {
    let mut scanned = Scanned { rows: Vec::with_capacity(rows.len()), stopped_at: None };
    for row in rows {
        if !row.flag("is_last")? {
            scanned.rows.push(delivery(row)?);
        } else if row.number("looked_at")? >= i64::from(looks) {
            scanned.stopped_at = Some(console::Place { at: time(row, "received_at")?, id: row.id("delivery_id")? });
        }
    }
    Ok(scanned)
}

pub(super) fn delivery_body(row: &impl Cells) -> Result<DeliveryBody, StoreError> {
    Ok(DeliveryBody { delivery: delivery(row)?, body: row.text("body")? })
}
