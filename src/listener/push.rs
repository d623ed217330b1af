//! `POST /hooks/gmail/{client}`: a push of Pub/Sub is a proof and a hint. That the mailbox is to be read is durable before it is
//! acknowledged; the reading itself is a task's.

use super::App;
use super::answer::Answered;
use super::hooks::{find_client, headers, origin, read_body};
use super::slots::Slot;
use crate::domain::alert::AlertKind;
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::engine::alerts::{Raised, alert_log};
use crate::engine::rows::{LogRow, TaskKind, TaskRow, TriggerType};
use crate::intake::Refusal;
use crate::sources::gmail::{self, Push};
use crate::sources::google_keys::KeySet;
use crate::sources::settings::GmailSettings;
use crate::sources::{Malformed, Request as SourceRequest, Unproven};
use crate::telemetry::trace;
use chrono::{DateTime, Utc};
use hyper::body::Incoming;
use hyper::{Method, Request};
use serde_json::json;
use std::pin::Pin;
use std::sync::Arc;
use uuid::Uuid;

/// Gmail's notices have under two hundred bytes.
const BODY_BYTES_MAX: usize = 262_144;
const PRIORITY_MAILBOX: u8 = 2;

/// Google's keys for a token that names this key, handed down from the rim; none while they can't be had.
pub type GoogleKeys = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Option<Arc<KeySet>>> + Send>> + Send + Sync>;

pub(super) async fn push(
    app: &App,
    slot: &Slot,
    client: Option<&str>,
    request: Request<Incoming>,
    traced: &mut trace::Request,
) -> Result<Answered, Answered> {
    let (client_id, client) = find_client(app, client)?;
    let Some(settings) = &client.sources.gmail else {
        return Err(Answered::error(401, &format!("not proven: gmail is not configured for the client {client_id}")));
    };
    if request.method() != Method::POST {
        return Err(Answered::method_not_allowed("POST"));
    }
    // Without its wrapping a push has whatever type its publisher gave it.
    let now = (app.now)();
    if !app.rates.allows(client_id, app.config.limits.requests_per_second_max, now) {
        return Err(Answered::error(429, "over the client's rate").retry_after());
    }
    let (parts, body) = request.into_parts();
    let (body, _share) = read_body(app, body, BODY_BYTES_MAX).await?;
    slot.has_all();
    traced.received();
    let headers = headers(&parts.headers);
    let request = SourceRequest { client_id, query: "", headers: &headers, body: &body, received_at: now };
    prove(app, settings, &request).await?;
    traced.proven(client_id.as_str(), origin(Source::Gmail), &headers);
    let push = gmail::read(&request).map_err(|Malformed(reason)| {
        // Pub/Sub sends it again until it is too old, so somebody should know.
        tracing::warn!(client = %client_id, reason, "a push can't be read");
        Answered::error(400, &reason)
    })?;
    traced.read();
    let (tasks, logs) = if settings.mailboxes.contains(&push.mailbox) {
        (vec![read_mailbox(client_id, &push, now)], Vec::new())
    } else {
        (Vec::new(), vec![not_ours(client_id, &push, now)])
    };
    if let Err(error) = app.store.want(tasks, logs).await {
        tracing::error!(%error, "a push of Gmail's could not be kept");
        return Err(Answered::error(503, &Refusal::Unavailable.to_string()).retry_after());
    }
    Ok(Answered::no_content())
}

async fn prove(app: &App, settings: &GmailSettings, request: &SourceRequest<'_>) -> Result<(), Answered> {
    let not_proven = |reason: Unproven| {
        tracing::warn!(source = %Source::Gmail, client = %request.client_id, %reason, "a request was not proven");
        Answered::error(401, &format!("not proven: {reason}"))
    };
    let keys = match (gmail::key_id(settings, request).map_err(not_proven)?, &app.google_keys) {
        (None, _) => Arc::default(),
        (Some(key_id), Some(google_keys)) => google_keys(key_id).await.ok_or_else(no_keys)?,
        (Some(_), None) => return Err(no_keys()),
    };
    gmail::prove(settings, &keys, request).map_err(not_proven)
}

/// Nobody can be told apart from Google without them, so Google is asked to come again.
fn no_keys() -> Answered {
    Answered::error(503, "Google's keys can't be had now, try again shortly").retry_after()
}

fn read_mailbox(client_id: &ClientId, push: &Push, now: DateTime<Utc>) -> TaskRow {
    let kind = TaskKind::GmailMailbox;
    let payload = json!({ "mailbox": push.mailbox, "history_id": push.history_id });
    let task = TaskRow::of_mailbox(Uuid::new_v4(), kind, client_id.clone(), &push.mailbox, PRIORITY_MAILBOX, now);
    TaskRow { payload, ..task }
}

/// Told once for each mailbox.
fn not_ours(client_id: &ClientId, push: &Push, now: DateTime<Utc>) -> LogRow {
    let name = format!("gmail:{client_id}:not ours:{}", push.mailbox);
    let text = format!(
        "pushes come of {}, which is none of the mailboxes of [clients.{client_id}.gmail]: add it there, or end its watch",
        push.mailbox
    );
    let raised = Raised::new(AlertKind::MailboxUnknown, push.mailbox.as_str(), text);
    let log_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
    LogRow { trigger_type: TriggerType::Webhook, ..alert_log(client_id, log_id, raised, now) }
}
