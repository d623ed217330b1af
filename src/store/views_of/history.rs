//! What happened to a contact: deliveries, events, the conversation, decisions.

use crate::domain::event::Source;
use crate::domain::ids::{ClientId, Email};
use crate::engine::rows::Outcome;
use crate::store::StoreError;
use crate::store::ai::{Conversation, ReplyToRead, Spoken};
use crate::store::cells::{Cells, NO_ADDRESS, client_id, key, time, unreadable};
use crate::store::console::{self, DeliveryBody, Scanned};
use crate::store::vectors::MessageView;
use crate::store::views::{ChatView, DeliveryView, EventView, LogView, News, Owner, Owners, StoredDelivery};

pub(in crate::store) fn delivery(row: &impl Cells) -> Result<DeliveryView, StoreError> {
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

pub(in crate::store) fn stored_delivery(row: &impl Cells) -> Result<StoredDelivery, StoreError> {
    let source = |column: &str| -> Result<Option<Source>, StoreError> {
        let name = row.maybe(column)?;
        name.map(|name| Source::parse(&name).ok_or_else(|| unreadable("source", name))).transpose()
    };
    let outcome = row.text("outcome")?;
    Ok(StoredDelivery {
        delivery_id: row.id("delivery_id")?,
        client_id: client_id(row)?,
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

pub(in crate::store) fn delivery_body(row: &impl Cells) -> Result<DeliveryBody, StoreError> {
    Ok(DeliveryBody { delivery: delivery(row)?, body: row.text("body")? })
}

/// The rows that fit, then the last one looked at with how many were.
pub(in crate::store) fn scanned(rows: &[impl Cells], looks: u32) -> Result<Scanned, StoreError> {
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

pub(in crate::store) fn event(row: &impl Cells) -> Result<EventView, StoreError> {
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

pub(in crate::store) fn chat(row: &impl Cells) -> Result<ChatView, StoreError> {
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

pub(in crate::store) fn log(row: &impl Cells) -> Result<LogView, StoreError> {
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

pub(in crate::store) fn message(row: &impl Cells) -> Result<MessageView, StoreError> {
    Ok(MessageView {
        chat_id: row.id("chat_id")?,
        client_id: client_id(row)?,
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

pub(in crate::store) fn conversation<R: Cells>(contact: &R, messages: &[R]) -> Result<Conversation, StoreError> {
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

pub(in crate::store) fn reply_to_read(row: &impl Cells) -> Result<ReplyToRead, StoreError> {
    Ok(ReplyToRead {
        key: key(row)?,
        opted_out: row.text("lead_status")? == "do_not_contact",
        at: time(row, "message_timestamp")?,
        subject: row.maybe("subject")?,
        content: row.text("message_content")?,
        is_decided: row.flag("is_decided")?,
    })
}

/// The first row of a clue tells the most.
pub(in crate::store) fn owners(rows: &[impl Cells]) -> Result<Owners, StoreError> {
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

pub(in crate::store) fn mailboxes(rows: &[impl Cells]) -> Result<Vec<(ClientId, Email)>, StoreError> {
    let mut mailboxes = Vec::new();
    for row in rows {
        let key = key(row)?;
        mailboxes.push((key.client_id, key.email));
    }
    mailboxes.sort();
    mailboxes.dedup();
    Ok(mailboxes)
}

pub(in crate::store) fn news(row: &impl Cells) -> Result<News, StoreError> {
    Ok(News {
        received_at: time(row, "received_at")?,
        event_id: row.id("event_id")?,
        key: key(row)?,
        dedupe_key: row.text("dedupe_key")?,
        thread_id: row.maybe("thread_id")?,
    })
}
