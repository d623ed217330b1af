//! `airtable.webhook`: the webhooks that tell of people's changes are there, and live on.

use super::gate::Stopped;
use super::schema::Schema;
use super::{Base, Done, LISTS, agency, alert, once, pull};
use crate::domain::airtable_base::ActualTable;
use crate::domain::alert::AlertKind;
use crate::domain::lead;
use crate::domain::lead_change::WATCHED;
use crate::engine::rows::{LogRow, TaskKind};
use crate::services::airtable::AirtableError;
use crate::services::airtable::webhooks::Webhook;
use chrono::TimeDelta;

/// How often it is looked after: a webhook lives seven days.
const ROUND_MS: i64 = 86_400_000;
const CURSOR: &str = "airtable.webhook:";
/// The first payload (Airtable, "List webhook payloads").
const FIRST: u64 = 1;
pub(super) const ROUND: (TaskKind, u8) = (TaskKind::AirtableWebhook, 3);

/// The webhooks that are read, each with its cursor.
pub(super) async fn known(base: &Base) -> Result<Vec<(String, u64)>, Stopped> {
    let cursors = base.store.cursors(&prefix(base)).await?;
    let known = cursors
        .iter()
        .filter_map(|(name, cursor)| Some((name.strip_prefix(&prefix(base))?.to_owned(), cursor.parse().ok()?)));
    Ok(known.collect())
}

pub(super) async fn remember(base: &Base, webhook_id: &str, cursor: u64) -> Result<(), Stopped> {
    let name = format!("{}{webhook_id}", prefix(base));
    Ok(base.store.set_cursor(&name, Some(&cursor.to_string()), base.now()).await?)
}

pub(super) async fn forget(base: &Base, webhook_id: &str) -> Result<(), Stopped> {
    Ok(base.store.set_cursor(&format!("{}{webhook_id}", prefix(base)), None, base.now()).await?)
}

fn prefix(base: &Base) -> String {
    format!("{CURSOR}{}:", base.gate.base_id())
}

pub(super) async fn work(base: &Base, schema: &mut Schema) -> Result<Done, Stopped> {
    let started = base.now();
    let again_at = Some(started + TimeDelta::milliseconds(ROUND_MS));
    let airtable = base.gate.enter().await?;
    let there = match base.gate.leave_gently(airtable.webhooks().await).await? {
        Ok(there) => there,
        Err(AirtableError::Denied { .. }) => {
            let text = "Airtable's token may not manage webhooks (scope webhook:manage, creator of the base): people's changes are found \
                        by looking at all leads, every ten minutes";
            return Ok(Done { again_at, logs: vec![say_once(base, "denied", text)], ..Done::default() });
        }
        Err(error) => return Err(Stopped::Airtable(error)),
    };
    let known: Vec<(String, u64)> = known(base).await?;
    let fields = schema.tables(base).await?.and_then(|tables| watched(tables, &base.leads));
    let url = base.webhook_url.as_deref();
    // One that was made just before a crash is told by what it watches.
    let is_ours = |hook: &&Webhook| match hook.notification_url.as_deref() {
        Some(posts_to) => url == Some(posts_to),
        None => {
            known.iter().any(|(id, _)| *id == hook.id)
                || fields.as_ref().is_some_and(|(watched, _)| hook.watched_field_ids() == *watched)
        }
    };
    let ours: Vec<&Webhook> = there.iter().filter(is_ours).collect();
    let mut new: Vec<String> = Vec::new();
    for hook in &ours {
        keep(base, hook).await?;
        if !known.iter().any(|(id, _)| *id == hook.id) {
            new.push(hook.id.clone());
        }
    }
    for (id, _) in known.iter().filter(|(id, _)| !ours.iter().any(|hook| hook.id == *id)) {
        forget(base, id).await?;
    }
    let pinged = url.and_then(|url| ours.iter().find(|hook| hook.notification_url.as_deref() == Some(url)));
    let mut logs = Vec::new();
    if url.is_some() && pinged.is_none() {
        let text = "no webhook of the base posts to webhook_url: run `sales-engine airtable webhook` and put its secret into \
                    webhook_secrets; until then changes are fetched once a minute";
        logs.push(say_once(base, "no-pings", text));
    }
    match (pinged, ours.as_slice()) {
        (None, []) => new.extend(make(base, fields).await?),
        // One that nobody is pinged by is no longer needed when all that it tells is read.
        (Some(_), several) => {
            for hook in several.iter().filter(|hook| hook.notification_url.is_none()) {
                let cursor = known.iter().find(|(id, _)| *id == hook.id).map_or(FIRST, |(_, cursor)| *cursor);
                if let pull::Drained::All = pull::drain(base, schema, &hook.id, cursor).await? {
                    let airtable = base.gate.enter().await?;
                    base.gate.leave(airtable.delete_webhook(&hook.id).await).await?;
                    forget(base, &hook.id).await?;
                }
            }
        }
        (None, _) => {}
    }
    if !new.is_empty() {
        // What happened before it was made is found by looking at everything once; from then on it is read. It is known only when that
        // is done, so that a crash in between begins here again.
        pull::reconcile(base).await?;
        base.want_rounds(&[pull::ROUND]).await?;
        for webhook_id in &new {
            remember(base, webhook_id, FIRST).await?;
        }
    }
    Ok(Done { again_at, logs, ..Done::default() })
}

async fn keep(base: &Base, hook: &Webhook) -> Result<(), Stopped> {
    let airtable = base.gate.enter().await?;
    base.gate.leave(airtable.refresh_webhook(&hook.id).await).await?;
    if hook.notification_url.is_some() && !hook.are_notifications_enabled {
        let airtable = base.gate.enter().await?;
        base.gate.leave(airtable.enable_notifications(&hook.id).await).await?;
    }
    Ok(())
}

/// Without a URL: its secret would have nowhere to go but the database. The payloads are all that is needed. None where it can't
/// be made.
async fn make(base: &Base, fields: Option<Watched>) -> Result<Option<String>, Stopped> {
    let Some((watched, told)) = fields else { return Ok(None) };
    let airtable = base.gate.enter().await?;
    match base.gate.leave_gently(airtable.create_webhook(None, &watched, &told).await).await? {
        Ok(made) => Ok(Some(made.id)),
        Err(AirtableError::Denied { .. }) => Ok(None),
        Err(error) => Err(Stopped::Airtable(error)),
    }
}

/// The ids of the fields to watch, and of those to tell with every change.
type Watched = (Vec<String>, Vec<String>);

/// None where the base has no leads.
pub fn watched(tables: &[ActualTable], leads_table: &str) -> Option<Watched> {
    let leads = tables.iter().find(|table| table.name == leads_table)?;
    let id_of = |name: &str| leads.fields.iter().find(|field| field.name == name).map(|field| field.id.clone());
    let mut watched: Vec<String> = WATCHED.iter().filter_map(|name| id_of(name)).collect();
    let told: Vec<String> = id_of(lead::MERGE_ON).into_iter().chain(watched.iter().cloned()).collect();
    let lists = tables.iter().find(|table| table.name == LISTS);
    let status = lists.and_then(|lists| lists.fields.iter().find(|field| field.name == "Status"));
    watched.extend(status.map(|field| field.id.clone()));
    Some((watched, told))
}

fn say_once(base: &Base, what: &str, text: &str) -> LogRow {
    let now = base.now();
    LogRow {
        log_id: once(&[what, base.gate.base_id(), &now.format("%Y-%m").to_string()]),
        ..alert(&agency(), AlertKind::WebhookLost, what, text, now)
    }
}
