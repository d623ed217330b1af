//! `airtable.sync_client`: a won deal has its client record, once, and lead and contact are linked to it.

use super::gate::Stopped;
use super::{Base, CLIENTS, Done, event, leads};
use crate::domain::event::{EventData, OutsideChange};
use crate::domain::identity::platform_key;
use crate::domain::stage::Stage;
use crate::engine::rows::{AutomationType, ClaimedTask, LeadSubject, LogRow, LogStatus, TriggerType};
use crate::services::airtable::records::{Fields, Record, quoted};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// The field by which a contact finds its one client: text that holds the contact's id (a UUID, as the owner's document allows).
const MERGE_ON: &str = "client_id";
const EMAIL: &str = "primary_contact_email";
const FROM_LEAD: &str = "converted_from_lead";
/// How soon it is looked again whether the lead is there that the client is linked to. Leads go first, so one that is not there failed;
/// each look costs a place of the budget.
const LEAD_WAIT_MS: i64 = 30_000;

pub(super) async fn work(base: &Base, task: &ClaimedTask) -> Result<Done, Stopped> {
    let ids: Vec<_> = task.contact_id.into_iter().collect();
    let Some(subject) = base.store.lead_subjects(&ids).await?.pop() else { return Ok(Done::default()) };
    let contact = &subject.contact;
    if !contact.converted_to_client {
        // A late event undid the win.
        let row = LogRow {
            automation_type: AutomationType::Other,
            action_taken: "no client was made of the contact".to_owned(),
            status: LogStatus::Failed,
            error_message: Some("a contact is converted to a client only when it is won (rule 5)".to_owned()),
            ..leads::log(&subject, base.now())
        };
        return Ok(Done { logs: vec![row], ..Done::default() });
    }
    if contact.converted_client_id.is_some() {
        return Ok(Done::default());
    }
    if contact.has_engaged && subject.airtable_lead_id.is_none() && contact.stage != Stage::DoNotContact {
        let until = base.now() + TimeDelta::milliseconds(LEAD_WAIT_MS);
        return Err(Stopped::Wait { until, why: "waits for its lead".to_owned() });
    }
    let started = base.now();
    let found = find(base, &subject).await?;
    let was_there = found.is_some();
    let record_id = match found {
        Some(record) => complete(base, &subject, record).await?,
        None => make(base, &subject).await?,
    };
    let now = base.now();
    // The identity is the contact's: a second try after a crash tells nothing new.
    let key = platform_key("changed_outside", "client", &[&subject.contact_id.to_string()]);
    let changes = OutsideChange { converted_client_id: Some(Some(record_id.clone())), ..OutsideChange::default() };
    base.apply(vec![event(&subject.key, key, now, EventData::ChangedOutside { changes })], TriggerType::ConditionMet)
        .await?;
    let row = LogRow {
        automation_type: AutomationType::Other,
        action_taken: if was_there { "linked to a client that was there" } else { "client record made" }.to_owned(),
        converted_client_id: Some(record_id),
        processing_time_ms: Some((now - started).num_milliseconds()),
        ..leads::log(&subject, now)
    };
    Ok(Done { logs: vec![row], ..Done::default() })
}

/// The client that a person or an earlier try made: by the contact's id, else by the lead, else by the address.
async fn find(base: &Base, subject: &LeadSubject) -> Result<Option<Record>, Stopped> {
    let (id, address) = (subject.contact_id.to_string(), subject.key.email.as_str());
    let formula = format!("OR({{{MERGE_ON}}}={},LOWER({{{EMAIL}}})={})", quoted(&id), quoted(address));
    let mut records = base.list(CLIENTS, Some(&formula), &[]).await?;
    records.sort_by(|a, b| a.id.cmp(&b.id));
    let carries = |record: &Record| record.fields.get(MERGE_ON).and_then(Value::as_str) == Some(id.as_str());
    let links = |record: &Record| {
        let leads = record.fields.get(FROM_LEAD).and_then(Value::as_array);
        leads.into_iter().flatten().any(|lead| lead.as_str() == subject.airtable_lead_id.as_deref())
    };
    let best = records.iter().position(carries).or_else(|| records.iter().position(links));
    match (best, records.len()) {
        (Some(best), _) => Ok(records.into_iter().nth(best)),
        (None, 0 | 1) => Ok(records.pop()),
        (None, several) => Err(Stopped::Refused(format!(
            "{several} clients have this contact's address as {EMAIL}: link the right one to the lead (Client), or merge them, and \
             run the task again"
        ))),
    }
}

async fn make(base: &Base, subject: &LeadSubject) -> Result<String, Stopped> {
    let mut cells = wanted(base, subject);
    cells.insert(MERGE_ON.to_owned(), json!(subject.contact_id));
    let airtable = base.gate.enter().await?;
    let upserted = base.gate.leave(airtable.upsert(CLIENTS, MERGE_ON, &[cells]).await).await?;
    let record = upserted.into_iter().next().map(|upserted| upserted.record.id);
    record.ok_or_else(|| Stopped::Refused("Airtable's answer names no record".to_owned()))
}

/// Fills what a client needs and links the lead; what a person filled stays.
async fn complete(base: &Base, subject: &LeadSubject, record: Record) -> Result<String, Stopped> {
    let mut cells = Fields::new();
    for (name, cell) in wanted(base, subject) {
        match record.fields.get(&name) {
            None => {
                cells.insert(name, cell);
            }
            Some(Value::Array(there)) if name == FROM_LEAD => {
                let missing = cell.as_array().into_iter().flatten().find(|lead| !there.contains(lead));
                if let Some(lead) = missing {
                    let all: Vec<&Value> = there.iter().chain([lead]).collect();
                    cells.insert(name, json!(all));
                }
            }
            Some(_) => {}
        }
    }
    if !cells.is_empty() {
        base.update(CLIENTS, &record.id, cells).await?;
    }
    Ok(record.id)
}

fn wanted(base: &Base, subject: &LeadSubject) -> Fields {
    let profile = &subject.contact.profile;
    let names: Vec<&str> =
        [&profile.first_name, &profile.last_name].into_iter().flatten().map(String::as_str).collect();
    let person = (!names.is_empty()).then(|| names.join(" "));
    let address = subject.key.email.as_str();
    let name = profile.company_name.clone().or_else(|| person.clone()).unwrap_or_else(|| address.to_owned());
    let cells = [
        ("client_name", json!(name)),
        ("conversion_date", json!(base.rules.spans.zones.of(&subject.key.client_id).day(base.now()))),
        ("primary_contact_name", json!(person)),
        (EMAIL, json!(address)),
        ("company_website", json!(profile.company_website)),
        ("client_status", json!("Active")),
        (FROM_LEAD, json!(subject.airtable_lead_id.as_ref().map(|lead| [lead]))),
    ];
    cells.into_iter().filter(|(_, cell)| !cell.is_null()).map(|(name, cell)| (name.to_owned(), cell)).collect()
}
