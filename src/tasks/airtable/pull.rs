//! `airtable.pull`: what people changed in the base becomes events: by the payloads of the webhooks, or where there is none by looking
//! at all leads. Lead lists that were set to Active are found the same way.

use super::gate::Stopped;
use super::schema::Schema;
use super::{Base, Done, LISTS, agency, alert, event, lists, once, webhook};
use crate::domain::alert::AlertKind;
use crate::domain::event::Event;
use crate::domain::identity::platform_key;
use crate::domain::lead::{self, Cells};
use crate::domain::lead_change::{self, WATCHED};
use crate::engine::rows::{LeadSubject, LogRow, TaskKind, TaskRow, TriggerType};
use crate::services::airtable::AirtableError;
use crate::services::airtable::records::Record;
use crate::services::airtable::webhooks::{ChangedTable, Payload, plain_cell};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Pages of fifty payloads read in one go; what is left is read right after.
const PAGES_MAX: u32 = 20;
pub(super) const ROUND: (TaskKind, u8) = (TaskKind::AirtablePull, 2);
/// Where no webhook can be had, all leads are looked at; less often, because each hundred leads cost a request.
const RECONCILE_MS: i64 = 600_000;

pub(super) async fn work(base: &Base, schema: &mut Schema) -> Result<Done, Stopped> {
    let started = base.now();
    let hooks = webhook::known(base).await?;
    let mut done = Done::default();
    if hooks.is_empty() {
        reconcile(base).await?;
        lists::want_active(base).await?;
        done.again_at = Some(started + TimeDelta::milliseconds(RECONCILE_MS.max(base.round_ms)));
        return Ok(done);
    }
    done.again_at = Some(started + TimeDelta::milliseconds(base.round_ms));
    for (webhook_id, cursor) in hooks {
        match drain(base, schema, &webhook_id, cursor).await? {
            Drained::All => {}
            Drained::MoreIsThere => done.again_at = Some(base.now()),
            // What happened since the last look is found out by looking at everything.
            Drained::Gone => {
                webhook::forget(base, &webhook_id).await?;
                base.want_rounds(&[webhook::ROUND]).await?;
                reconcile(base).await?;
                lists::want_active(base).await?;
            }
        }
    }
    Ok(done)
}

pub(super) enum Drained {
    All,
    MoreIsThere,
    Gone,
}

/// Reads a webhook's payloads from its cursor on. The cursor moves when a page is applied: what is read twice is one event.
pub(super) async fn drain(
    base: &Base,
    schema: &mut Schema,
    webhook_id: &str,
    mut cursor: u64,
) -> Result<Drained, Stopped> {
    for _ in 0..PAGES_MAX {
        let airtable = base.gate.enter().await?;
        let page = match base.gate.leave_gently(airtable.payloads(webhook_id, cursor).await).await? {
            Ok(page) => page,
            Err(AirtableError::NotFound { .. } | AirtableError::Denied { .. }) => return Ok(Drained::Gone),
            Err(error) => return Err(Stopped::Airtable(error)),
        };
        let mut were_lists_changed = false;
        for payload in &page.payloads {
            if payload.error {
                return broken(base, webhook_id, payload.code.as_deref().unwrap_or("?")).await;
            }
            were_lists_changed |= take(base, schema, payload).await?;
        }
        if were_lists_changed {
            lists::want_active(base).await?;
        }
        if page.cursor != cursor {
            cursor = page.cursor;
            webhook::remember(base, webhook_id, cursor).await?;
        }
        if !page.might_have_more {
            return Ok(Drained::All);
        }
    }
    Ok(Drained::MoreIsThere)
}

/// A webhook that failed tells nothing any more (Airtable, "List webhook payloads"): it makes room for another one.
async fn broken(base: &Base, webhook_id: &str, code: &str) -> Result<Drained, Stopped> {
    let text = format!("the webhook {webhook_id} failed at Airtable ({code}) and was deleted");
    let now = base.now();
    let row = alert(&agency(), AlertKind::WebhookLost, webhook_id, &text, now);
    let row = LogRow { log_id: once(&["broken", webhook_id]), ..row };
    base.store.want(Vec::new(), vec![row]).await?;
    let airtable = base.gate.enter().await?;
    match base.gate.leave_gently(airtable.delete_webhook(webhook_id).await).await? {
        Ok(()) | Err(AirtableError::NotFound { .. }) => Ok(Drained::Gone),
        Err(error) => Err(Stopped::Airtable(error)),
    }
}

/// One transaction of a person: its changes are decided on together, upon the contacts as they are now. True where lead lists were
/// changed, which are looked at as they are then.
async fn take(base: &Base, schema: &mut Schema, payload: &Payload) -> Result<bool, Stopped> {
    let mut were_lists_changed = false;
    for (table_id, table) in &payload.changed_tables_by_id {
        match schema.table_name(base, table_id).await? {
            Some(name) if name == base.leads => take_leads(base, schema, table_id, table, payload).await?,
            Some(name) => were_lists_changed |= name == LISTS,
            None => {}
        }
    }
    Ok(were_lists_changed)
}

async fn take_leads(
    base: &Base,
    schema: &mut Schema,
    table_id: &str,
    table: &ChangedTable,
    payload: &Payload,
) -> Result<(), Stopped> {
    let mut changed: BTreeMap<&str, (Cells, Cells)> = BTreeMap::new();
    for (record_id, record) in &table.changed_records_by_id {
        let cells = schema.named(base, table_id, &record.current.cell_values_by_field_id).await?;
        let unchanged = schema.named(base, table_id, &record.unchanged.cell_values_by_field_id).await?;
        changed.insert(record_id, (watched(&cells), unchanged));
    }
    changed.retain(|_, (cells, _)| !cells.is_empty());
    let destroyed = &table.destroyed_record_ids;
    if changed.is_empty() && destroyed.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = changed.keys().map(|id| (*id).to_owned()).chain(destroyed.iter().cloned()).collect();
    let mut subjects: HashMap<String, LeadSubject> = by_lead(base.store.contacts_of_leads(&ids).await?);
    // A lead of this moment may not be noted at its contact yet; it carries the contact's id.
    let carried: Vec<(&str, Uuid)> = changed
        .iter()
        .filter(|(id, _)| !subjects.contains_key(**id))
        .filter_map(|(id, (_, unchanged))| Some((*id, unchanged.get(lead::MERGE_ON)?.as_str()?.parse().ok()?)))
        .collect();
    if !carried.is_empty() {
        let contact_ids: Vec<Uuid> = carried.iter().map(|(_, contact_id)| *contact_id).collect();
        for subject in base.store.lead_subjects(&contact_ids).await? {
            if let Some((id, _)) = carried.iter().find(|(_, contact_id)| *contact_id == subject.contact_id) {
                subjects.insert((*id).to_owned(), subject);
            }
        }
    }
    let at = payload.timestamp.unwrap_or_else(|| base.now()).min(base.now());
    let transaction = payload.base_transaction_number.to_string();
    let mut events = Vec::new();
    for (record_id, (cells, unchanged)) in &changed {
        let Some(subject) = subjects.get(*record_id) else { continue };
        let identity = |kind: &str| platform_key(kind, "airtable", &[base.gate.base_id(), &transaction, record_id]);
        events.extend(events_of(subject, cells, unchanged, at, identity));
    }
    apply(base, events, at).await?;
    tell_of_deleted(base, destroyed, &subjects, at).await
}

/// All together, else each alone: one that can't be applied is told and holds up none of those that come after it.
async fn apply(base: &Base, events: Vec<Event>, at: DateTime<Utc>) -> Result<(), Stopped> {
    match base.apply(events.clone(), TriggerType::Webhook).await {
        Err(Stopped::Refused(_)) => {}
        result => return result,
    }
    for event in events {
        let (tenant, key) = (event.client_id.clone(), event.dedupe_key.clone());
        match base.apply(vec![event], TriggerType::Webhook).await {
            Err(Stopped::Refused(why)) => {
                let text = format!("a change of a person in Airtable could not be taken ({key}): {why}");
                let row = alert(&tenant, AlertKind::ItemNotTaken, &key, &text, at);
                let row = LogRow { log_id: once(&["poisoned", &key]), ..row };
                base.store.want(Vec::new(), vec![row]).await?;
            }
            result => result?,
        }
    }
    Ok(())
}

/// A lead that a person deleted: the contact lives on, and a person should know what follows.
async fn tell_of_deleted(
    base: &Base,
    destroyed: &[String],
    subjects: &HashMap<String, LeadSubject>,
    at: DateTime<Utc>,
) -> Result<(), Stopped> {
    let rows = destroyed.iter().filter_map(|record_id| {
        let subject = subjects.get(record_id)?;
        let text = format!("the lead {record_id} was deleted in Airtable; it is made again when its contact changes");
        let row = alert(&subject.key.client_id, AlertKind::LeadChanged, record_id, &text, at);
        let row = LogRow { contact_id: Some(subject.contact_id), ..row };
        Some(LogRow { log_id: once(&["deleted", record_id]), ..row })
    });
    let rows: Vec<LogRow> = rows.collect();
    if !rows.is_empty() {
        base.store.want(Vec::new(), rows).await?;
    }
    Ok(())
}

fn events_of(
    subject: &LeadSubject,
    changed: &Cells,
    all: &Cells,
    at: DateTime<Utc>,
    identity: impl Fn(&str) -> String,
) -> Vec<Event> {
    lead_change::events(&subject.contact, changed, all)
        .into_iter()
        .map(|data| event(&subject.key, identity(data.kind()), at, data))
        .collect()
}

fn watched(cells: &Cells) -> Cells {
    cells
        .iter()
        .filter(|(name, _)| WATCHED.contains(&name.as_str()))
        .map(|(name, cell)| (name.clone(), plain_cell(cell)))
        .collect()
}

fn by_lead(subjects: Vec<LeadSubject>) -> HashMap<String, LeadSubject> {
    subjects.into_iter().filter_map(|subject| Some((subject.airtable_lead_id.clone()?, subject))).collect()
}

/// Looks at all leads: a cell that differs from what the engine last wrote was changed by a person.
pub(super) async fn reconcile(base: &Base) -> Result<(), Stopped> {
    let mut fields = vec![lead::MERGE_ON];
    fields.extend(WATCHED);
    let records = base.list(&base.leads, None, &fields).await?;
    for page in records.chunks(100) {
        let ids: Vec<String> = page.iter().map(|record| record.id.clone()).collect();
        let subjects = by_lead(base.store.contacts_of_leads(&ids).await?);
        for record in page {
            if let Some(subject) = subjects.get(&record.id)
                && !differences(subject, record).is_empty()
            {
                reconcile_one(base, subject, &record.id).await?;
            }
        }
    }
    Ok(())
}

/// The record is read again, and the contact once more after it: a write of the engine's own that was under way in between shows
/// there, and is no change of a person.
async fn reconcile_one(base: &Base, before: &LeadSubject, record_id: &str) -> Result<(), Stopped> {
    let Some(record) = base.record(&base.leads, record_id).await? else { return Ok(()) };
    let Some(after) = base.store.lead_subjects(&[before.contact_id]).await?.pop() else { return Ok(()) };
    let writers = [TaskKind::AirtableSyncLead, TaskKind::AirtableWriteBack]
        .map(|kind| TaskRow::contact_key(kind, after.contact_id));
    if after.lead_written != before.lead_written || base.store.is_any_running(&writers).await? {
        return Ok(());
    }
    let changed = differences(&after, &record);
    let now = base.now();
    // A look is no report that could come twice: what is found again at another time was done again.
    let at = now.timestamp_millis().to_string();
    let identity = |kind: &str| platform_key(kind, "airtable", &[base.gate.base_id(), "look", &at, record_id]);
    base.apply(events_of(&after, &changed, &record.fields, now, identity), TriggerType::ConditionMet).await
}

/// The watched cells that are not as the engine wrote them; null where emptied.
fn differences(subject: &LeadSubject, record: &Record) -> Cells {
    WATCHED
        .iter()
        .filter(|name| !lead::are_equal(subject.lead_written.get(**name), record.fields.get(**name)))
        .map(|name| ((*name).to_owned(), record.fields.get(*name).cloned().unwrap_or(Value::Null)))
        .collect()
}
