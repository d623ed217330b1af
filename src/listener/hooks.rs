//! `POST /hooks/{source}/{client}`: limits → body → proof → reading → intake → answer. Nothing of an unproven request is kept.

use super::App;
use super::answer::Answered;
use super::push::push;
use super::slots::Slot;
use crate::config::ClientConfig;
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::engine::rows::{TaskKind, TaskRow};
use crate::intake::{Delivery, Refusal};
use crate::sources::{self, Malformed, Request as SourceRequest, Understood, airtable as airtable_source};
use crate::telemetry::trace;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::{HeaderMap, Method, Request};
use sha2::{Digest as _, Sha256};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

/// People wait for what they changed; only hot replies go before.
const PRIORITY_PULL: u8 = 2;

pub(super) async fn receive(
    app: &App,
    slot: &Slot,
    source: &str,
    client: Option<&str>,
    request: Request<Incoming>,
) -> Answered {
    let begun = (app.now)();
    let known = Source::parse(source);
    // Only known names become labels: a caller must not be able to grow the metrics.
    let name = known.map_or("unknown", Source::as_str);
    let mut traced = trace::Request::begin(name, request.method().as_str());
    let received = match known {
        // Apart: they write by themselves, and a webhook's connection should not carry the room for it.
        Some(Source::Airtable) => Box::pin(ping(app, slot, client, request, &mut traced)).await,
        Some(Source::Gmail) => Box::pin(push(app, slot, client, request, &mut traced)).await,
        _ => receive_from(app, slot, known, client, request, &mut traced).await,
    };
    let (Ok(answered) | Err(answered)) = received;
    traced.end(answered.status);
    app.metrics.count(name, answered.status);
    if (200..300).contains(&answered.status) {
        app.metrics.acknowledge(name, (app.now)() - begun);
    }
    answered
}

/// An early answer is an `Err`, so that each check is one line.
async fn receive_from(
    app: &App,
    slot: &Slot,
    source: Option<Source>,
    client: Option<&str>,
    request: Request<Incoming>,
    traced: &mut trace::Request,
) -> Result<Answered, Answered> {
    let source = source.filter(|source| is_posting(*source)).ok_or_else(|| unknown("source"))?;
    let (client_id, client) = find_client(app, client)?;
    if request.method() != Method::POST {
        return Err(Answered::method_not_allowed("POST"));
    }
    check_content_type(&request)?;
    if !app.rates.allows(client_id, app.config.limits.requests_per_second_max, (app.now)()) {
        return Err(Answered::error(429, "over the client's rate").retry_after());
    }
    let (parts, body) = request.into_parts();
    let (body, share) = read_body(app, body, app.config.limits.body_bytes_max).await?;
    slot.has_all();
    traced.received();
    if app.intake.is_full() {
        return Err(Answered::error(503, &Refusal::Full.to_string()).retry_after());
    }
    let headers = headers(&parts.headers);
    let received_at = (app.now)();
    let request = SourceRequest {
        client_id,
        query: parts.uri.query().unwrap_or_default(),
        headers: &headers,
        body: &body,
        received_at,
    };
    if let Err(reason) = sources::prove(source, &client.sources, &request) {
        tracing::warn!(%source, client = %client_id, %reason, "a request was not proven");
        return Err(Answered::error(401, &format!("not proven: {reason}")));
    }
    traced.proven(client_id.as_str(), origin(source), &headers);
    let understood = read(source, client, &request)?;
    traced.read();
    let delivery = Delivery {
        client_id: client_id.clone(),
        source,
        received_at,
        understood,
        body_sha256: Sha256::digest(&body).into(),
    };
    // It waits for the commit as it is to be stored, counted by the intake.
    drop((body, share));
    match app.intake.submit_of(delivery, traced.span()).await {
        Ok(answer) => {
            traced.delivered(answer.delivery_id, answer.outcome.as_str());
            Ok(Answered::json(200, &answer))
        }
        Err(refusal) => Err(Answered::error(503, &refusal.to_string()).retry_after()),
    }
}

/// Airtable's ping says only that something changed: that it is to be fetched is durable before it is answered. A base is no
/// client's alone, so none need be named.
async fn ping(
    app: &App,
    slot: &Slot,
    client: Option<&str>,
    request: Request<Incoming>,
    traced: &mut trace::Request,
) -> Result<Answered, Answered> {
    let Some(airtable) = &app.config.airtable else { return Err(unknown("source")) };
    if client.is_some() {
        find_client(app, client)?;
    }
    if request.method() != Method::POST {
        return Err(Answered::method_not_allowed("POST"));
    }
    check_content_type(&request)?;
    let agency = ClientId::agency();
    if !app.rates.allows(&agency, app.config.limits.requests_per_second_max, (app.now)()) {
        return Err(Answered::error(429, "over the rate").retry_after());
    }
    let (parts, body) = request.into_parts();
    let (body, _share) = read_body(app, body, app.config.limits.body_bytes_max).await?;
    slot.has_all();
    traced.received();
    let headers = headers(&parts.headers);
    let now = (app.now)();
    let request = SourceRequest { client_id: &agency, query: "", headers: &headers, body: &body, received_at: now };
    if let Err(reason) = airtable_source::prove(&airtable.webhook_secrets, &request) {
        tracing::warn!(source = %Source::Airtable, %reason, "a request was not proven");
        return Err(Answered::error(401, &format!("not proven: {reason}")));
    }
    traced.proven(agency.as_str(), origin(Source::Airtable), &headers);
    let ping = airtable_source::read(&request).map_err(|Malformed(reason)| Answered::error(400, &reason))?;
    traced.read();
    if ping.base.id == airtable.base_id {
        let task = TaskRow::round(Uuid::new_v4(), TaskKind::AirtablePull, PRIORITY_PULL, now);
        if let Err(error) = app.store.want(vec![task], Vec::new()).await {
            tracing::error!(%error, "a ping of Airtable's could not be kept");
            return Err(Answered::error(503, &Refusal::Unavailable.to_string()).retry_after());
        }
    }
    Ok(Answered::empty())
}

/// n8n is the operator's own; a platform's trace nobody here can look at.
pub(super) fn origin(source: Source) -> trace::Origin {
    match source {
        Source::N8n | Source::Operator | Source::Scheduler | Source::Ai => trace::Origin::Own,
        Source::Smartlead
        | Source::Instantly
        | Source::Calcom
        | Source::Calendly
        | Source::Gmail
        | Source::Airtable => trace::Origin::Foreign,
    }
}

/// The sources that post webhooks; the engine's own are none.
fn is_posting(source: Source) -> bool {
    match source {
        Source::Smartlead
        | Source::Instantly
        | Source::Calcom
        | Source::Calendly
        | Source::Gmail
        | Source::Airtable
        | Source::N8n => true,
        Source::Operator | Source::Scheduler | Source::Ai => false,
    }
}

fn unknown(what: &str) -> Answered {
    Answered::error(404, &format!("unknown {what}; webhooks go to POST /hooks/{{source}}/{{client}}"))
}

pub(super) fn find_client<'a>(app: &'a App, named: Option<&str>) -> Result<(&'a ClientId, &'a ClientConfig), Answered> {
    let id = match named {
        Some(name) => ClientId::parse(name).ok(),
        None => app.config.default_client.clone(),
    };
    id.and_then(|id| app.config.clients.get_key_value(&id)).ok_or_else(|| unknown("client"))
}

pub(super) fn headers(map: &HeaderMap) -> Vec<(String, String)> {
    map.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect()
}

/// JSON, or nothing said: some senders leave the header out.
fn check_content_type(request: &Request<Incoming>) -> Result<(), Answered> {
    let Some(value) = request.headers().get(hyper::header::CONTENT_TYPE) else { return Ok(()) };
    let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let media_type = value.split(';').next().unwrap_or_default().trim().to_owned();
    if media_type == "application/json" || media_type.ends_with("+json") {
        Ok(())
    } else {
        Err(Answered::error(415, "the content type must be application/json"))
    }
}

/// The body, and its share of the bytes that may be received at once.
pub(super) async fn read_body(
    app: &App,
    body: Incoming,
    bytes_max: usize,
) -> Result<(Bytes, OwnedSemaphorePermit), Answered> {
    read_body_within(app, body, bytes_max.min(app.config.limits.body_bytes_max)).await
}

/// The same with a limit of its own.
pub(super) async fn read_body_within(
    app: &App,
    body: Incoming,
    limit: usize,
) -> Result<(Bytes, OwnedSemaphorePermit), Answered> {
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(too_large(limit));
    }
    let time = Duration::from_millis(app.config.limits.body_ms_max);
    match tokio::time::timeout(time, read_all(app, body, limit)).await {
        Ok(read) => read,
        Err(_elapsed) => Err(Answered::error(408, "the body took too long")),
    }
}

async fn read_all(app: &App, mut body: Incoming, limit: usize) -> Result<(Bytes, OwnedSemaphorePermit), Answered> {
    let mut share = claim(app, 0)?;
    // Most bodies come in one piece, which is taken as it is.
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(Answered::error(400, "the body broke off")) };
        let Ok(piece) = frame.into_data() else { continue };
        if piece.len() > limit.saturating_sub(whole.len() + pieces.len()) {
            return Err(too_large(limit));
        }
        share.merge(claim(app, piece.len())?);
        if whole.is_empty() && pieces.is_empty() {
            whole = piece;
        } else {
            pieces.extend_from_slice(&std::mem::take(&mut whole));
            pieces.extend_from_slice(&piece);
        }
    }
    Ok((if pieces.is_empty() { whole } else { pieces.freeze() }, share))
}

/// Whoever holds many bytes for long makes room; who found none is asked to come again.
fn claim(app: &App, bytes: usize) -> Result<OwnedSemaphorePermit, Answered> {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    Arc::clone(&app.receiving).try_acquire_many_owned(bytes).map_err(|_no_room| {
        app.slots.cut_slowest();
        Answered::error(503, "too much is being received at once, try again shortly").retry_after()
    })
}

fn too_large(limit: usize) -> Answered {
    Answered::error(413, &format!("the body is larger than {limit} bytes"))
}

/// A body on which the reading itself fails is still a proven delivery: it is kept, to be replayed after a fix.
fn read(source: Source, client: &ClientConfig, request: &SourceRequest<'_>) -> Result<Understood, Answered> {
    match catch_unwind(AssertUnwindSafe(|| sources::read(source, &client.sources, request))) {
        Ok(Ok(understood)) => Ok(understood),
        Ok(Err(Malformed(reason))) => Err(Answered::error(400, &reason)),
        Err(_panic) => {
            tracing::error!(%source, client = %request.client_id, "reading a delivery failed; it is kept");
            Ok(Understood {
                unrecognised: vec![
                    "the program failed to read it; please report it and replay it after a fix".to_owned(),
                ],
                body_to_store: sources::redacted(request.body),
                ..Understood::default()
            })
        }
    }
}
