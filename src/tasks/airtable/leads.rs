//! `airtable.sync_lead`: makes the lead in Airtable equal to what the contact is now, and leaves people's work as it is.

use super::campaigns::Links;
use super::gate::Stopped;
use super::{Base, alert, denied, settled};
use crate::domain::alert::AlertKind;
use crate::domain::contact::Engagement;
use crate::domain::ids::ContactKey;
use crate::domain::lead::{self, Cells, LeadView};
use crate::domain::stage::Stage;
use crate::domain::suppression::{Reason, Refusal};
use crate::engine::notify;
use crate::engine::rows::{
    AutomationType, ClaimedTask, LeadSubject, LeadWritten, LogRow, LogStatus, NotificationRow, TaskEnd, TaskSettled,
};
use crate::persons;
use crate::services::airtable::AirtableError;
use crate::services::airtable::records::{RECORDS_MAX, Record, quoted};
use crate::store::StoreError;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

/// Airtable takes ten records a request.
pub(super) const TASKS_MAX: u32 = 10;

/// One lead to write.
struct Work {
    task: ClaimedTask,
    subject: LeadSubject,
    view: LeadView,
    /// The record to change by its id; none finds or makes it by the contact's id.
    record_id: Option<String>,
    write: Cells,
    /// Found in Airtable as wanted.
    agreed: Cells,
}

/// How a batch of work ended, to be settled in one transaction.
#[derive(Default)]
struct Settlement {
    tasks: Vec<TaskSettled>,
    leads: Vec<LeadWritten>,
    logs: Vec<LogRow>,
}

/// Works off up to ten claimed tasks.
pub(super) async fn work(base: &Base, links: &mut Links, tasks: Vec<ClaimedTask>) -> Result<(), StoreError> {
    let mut settlement = Settlement::default();
    let works = load(base, tasks, &mut settlement).await?;
    let waiting: Vec<ClaimedTask> = works.iter().map(|work| work.task.clone()).collect();
    match prepare(base, links, works, &mut settlement).await {
        Ok(works) => write(base, works, &mut settlement).await,
        Err(stopped) => {
            let settled = |task: &ClaimedTask| settled(task, stopped.end(task, base.now()), base.now());
            settlement.tasks.extend(waiting.iter().map(settled));
        }
    }
    base.store.settle_tasks(&settlement.tasks, &settlement.leads, &settlement.logs).await?;
    Ok(())
}

async fn load(base: &Base, tasks: Vec<ClaimedTask>, settlement: &mut Settlement) -> Result<Vec<Work>, StoreError> {
    let ids: Vec<Uuid> = tasks.iter().filter_map(|task| task.contact_id).collect();
    let subjects: Vec<LeadSubject> = base.store.lead_subjects(&ids).await?;
    let withheld = withheld(base, &subjects).await?;
    let mut subjects: HashMap<Uuid, LeadSubject> =
        subjects.into_iter().map(|subject| (subject.contact_id, subject)).collect();
    let mut works = Vec::with_capacity(tasks.len());
    for task in tasks {
        match task.contact_id.and_then(|id| subjects.remove(&id)) {
            Some(subject) if withheld.contains_key(&subject.key) => {
                let reason = withheld.get(&subject.key).map(|reason| Refusal(*reason).to_string()).unwrap_or_default();
                let mut row = log(&subject, base.now());
                "not promoted to an Airtable lead".clone_into(&mut row.action_taken);
                row.action_details = Some(format!("the address is {reason}"));
                settlement.logs.push(row);
                settlement.tasks.push(settled(&task, TaskEnd::Done, base.now()));
            }
            Some(subject) => {
                let view = view(base, &subject);
                works.push(Work { task, subject, view, record_id: None, write: Cells::new(), agreed: Cells::new() });
            }
            // The contact was erased meanwhile: nothing is left to write.
            None => settlement.tasks.push(settled(&task, TaskEnd::Done, base.now())),
        }
    }
    Ok(works)
}

/// Contacts that are no leads yet and must not become one: somebody else's list, or a person, has their address. (Whoever opted out
/// with this very client is told to its sales people as lost.)
async fn withheld(base: &Base, subjects: &[LeadSubject]) -> Result<HashMap<ContactKey, Reason>, StoreError> {
    let new: Vec<ContactKey> = subjects
        .iter()
        .filter(|subject| subject.airtable_lead_id.is_none() && subject.contact.stage != Stage::DoNotContact)
        .map(|subject| subject.key.clone())
        .collect();
    persons::suppressed_contacts(&base.store, &base.rules.suppression, &new).await
}

/// Finds out what is to be written: all of a lead that is new, of one that is there what differs and is the engine's to write.
async fn prepare(
    base: &Base,
    links: &mut Links,
    mut works: Vec<Work>,
    settlement: &mut Settlement,
) -> Result<Vec<Work>, Stopped> {
    for work in &mut works {
        work.view.campaign_record = match work.view.campaign.clone() {
            Some(campaign) => links.record_of(base, &campaign).await?,
            None => None,
        };
    }
    let known: Vec<Uuid> = works
        .iter()
        .filter(|work| work.subject.airtable_lead_id.is_some())
        .map(|work| work.subject.contact_id)
        .collect();
    let mut found = find(base, &known).await?;
    let mut prepared = Vec::with_capacity(works.len());
    for mut work in works {
        let Some(lead_id) = work.subject.airtable_lead_id.clone() else {
            work.write = lead::cells(&work.view);
            prepared.push(work);
            continue;
        };
        let records = found.remove(&work.subject.contact_id).unwrap_or_default();
        match records.as_slice() {
            [] => {
                let text = if let Some(record) = base.record(&base.leads, &lead_id).await? {
                    work.record_id = Some(lead_id);
                    lay_over(&mut work, &record);
                    work.write.insert(lead::MERGE_ON.to_owned(), json!(work.subject.contact_id));
                    "a person took the contact's id out of its lead; it is put back, or the lead would be made twice"
                } else {
                    work.write = lead::cells(&work.view);
                    "the lead was deleted in Airtable; it is made again, because its contact has changed"
                };
                settlement.logs.push(notice(&work, AlertKind::LeadChanged, text, base.now()));
                prepared.push(work);
            }
            [record] => {
                if record.id != lead_id {
                    let text = format!(
                        "the lead {lead_id} was merged into {}, or replaced by it; that one counts now",
                        record.id
                    );
                    settlement.logs.push(notice(&work, AlertKind::LeadChanged, &text, base.now()));
                }
                work.record_id = Some(record.id.clone());
                lay_over(&mut work, record);
                prepared.push(work);
            }
            several => settlement.quarantined(&work, several, base.now()),
        }
    }
    Ok(prepared)
}

/// The records that carry these contacts' ids, by contact.
async fn find(base: &Base, contacts: &[Uuid]) -> Result<HashMap<Uuid, Vec<Record>>, Stopped> {
    let mut found: HashMap<Uuid, Vec<Record>> = HashMap::new();
    if contacts.is_empty() {
        return Ok(found);
    }
    let wanted: Vec<String> =
        contacts.iter().map(|id| format!("{{{}}}={}", lead::MERGE_ON, quoted(&id.to_string()))).collect();
    for record in base.list(&base.leads, Some(&format!("OR({})", wanted.join(","))), &[]).await? {
        let carried = record.fields.get(lead::MERGE_ON).and_then(|cell| cell.as_str());
        if let Some(id) = carried.and_then(|text| text.parse().ok()) {
            found.entry(id).or_default().push(record);
        }
    }
    Ok(found)
}

fn lay_over(work: &mut Work, record: &Record) {
    let subject = &work.subject;
    let again = lead::cells_again(&work.view, subject.lead_stage_written, &subject.lead_written, &record.fields);
    work.write = again.write;
    work.agreed = again.agreed;
}

/// One request where all goes well. A refused one writes nothing: each record then goes alone, so that one that is poisoned holds
/// no other.
async fn write(base: &Base, works: Vec<Work>, settlement: &mut Settlement) {
    let (idle, works): (Vec<Work>, Vec<Work>) = works.into_iter().partition(|work| work.write.is_empty());
    for work in &idle {
        let lead_id = work.record_id.as_ref().or(work.subject.airtable_lead_id.as_ref()).cloned();
        settlement.written(work, lead_id.unwrap_or_default(), None, base.now(), Vec::new());
    }
    let (by_id, by_key): (Vec<Work>, Vec<Work>) = works.into_iter().partition(|work| work.record_id.is_some());
    for works in [by_key, by_id] {
        if works.is_empty() {
            continue;
        }
        let stopped = match send(base, &works, settlement).await {
            Ok(()) => continue,
            Err(stopped) => stopped,
        };
        match <[Work; 1]>::try_from(works) {
            Ok([work]) => unlinked(base, work, stopped, settlement).await,
            Err(works) if is_refused(&stopped) => {
                for work in works {
                    if let Err(stopped) = send(base, std::slice::from_ref(&work), settlement).await {
                        unlinked(base, work, stopped, settlement).await;
                    }
                }
            }
            Err(works) => explain(base, &works, stopped, settlement).await,
        }
    }
}

fn is_refused(stopped: &Stopped) -> bool {
    matches!(stopped, Stopped::Airtable(AirtableError::Rejected { .. }))
}

/// A lead that Airtable refused may link to a record that is not there (any more): it is written without its links, and that is told.
async fn unlinked(base: &Base, mut work: Work, stopped: Stopped, settlement: &mut Settlement) {
    let links: Vec<String> = [lead::CLIENT, lead::CAMPAIGN]
        .iter()
        .filter_map(|name| work.write.remove(*name).map(|cell| format!("{name} {cell}")))
        .collect();
    if !is_refused(&stopped) || links.is_empty() || work.write.is_empty() {
        return explain(base, &[work], stopped, settlement).await;
    }
    match send(base, std::slice::from_ref(&work), settlement).await {
        Ok(()) => {
            let text = format!("the lead is not linked to {}: Airtable has no such record", links.join(" and "));
            settlement.logs.push(notice(&work, AlertKind::LeadNotLinked, &text, base.now()));
        }
        Err(stopped) => explain(base, &[work], stopped, settlement).await,
    }
}

async fn send(base: &Base, works: &[Work], settlement: &mut Settlement) -> Result<(), Stopped> {
    debug_assert!(works.len() <= RECORDS_MAX);
    let started = base.now();
    let table = &base.leads;
    let airtable = base.gate.enter().await?;
    let known: Option<Vec<String>> = works.iter().map(|work| work.record_id.clone()).collect();
    let ids: Vec<String> = if let Some(ids) = known {
        let records: Vec<(String, Cells)> =
            ids.into_iter().zip(works).map(|(id, work)| (id, work.write.clone())).collect();
        let records = base.gate.leave(airtable.update(table, &records).await).await?;
        records.into_iter().map(|record| record.id).collect()
    } else {
        let records: Vec<Cells> = works.iter().map(|work| work.write.clone()).collect();
        let upserted = base.gate.leave(airtable.upsert(table, lead::MERGE_ON, &records).await).await?;
        upserted.into_iter().map(|upserted| upserted.record.id).collect()
    };
    for (work, id) in works.iter().zip(ids) {
        let now = base.now();
        let told = match work.subject.airtable_lead_id {
            None => notify::promoted(&base.rules, &work.subject, &id, now),
            Some(_) => Vec::new(),
        };
        settlement.written(work, id, Some(started), now, told);
    }
    Ok(())
}

/// Says why a lead was not written; of a single one that Airtable refused, whether several records carry its contact's id.
async fn explain(base: &Base, works: &[Work], stopped: Stopped, settlement: &mut Settlement) {
    let now = base.now();
    settlement.logs.extend(works.first().and_then(|work| denied(base.gate.base_id(), &work.task, &stopped, now)));
    for work in works {
        let doubled = if is_refused(&stopped) && works.len() == 1 {
            let found = find(base, &[work.subject.contact_id]).await.ok();
            found.and_then(|mut found| found.remove(&work.subject.contact_id))
        } else {
            None
        };
        match doubled {
            Some(records) if records.len() > 1 => settlement.quarantined(work, &records, now),
            Some(_) | None => settlement.failed(work, stopped.end(&work.task, now), now),
        }
    }
}

impl Settlement {
    fn written(
        &mut self,
        work: &Work,
        lead_id: String,
        started: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        notifications: Vec<NotificationRow>,
    ) {
        if let Some(started) = started {
            let mut row = log(&work.subject, now);
            let what =
                if work.subject.airtable_lead_id.is_none() { "promoted to an Airtable lead" } else { "lead updated" };
            what.clone_into(&mut row.action_taken);
            row.lead_id = Some(lead_id.clone());
            let names: Vec<&str> = work.write.keys().map(String::as_str).collect();
            row.action_details = Some(format!("stage {}; {}", work.view.stage, names.join(", ")));
            row.processing_time_ms = Some((now - started).num_milliseconds());
            self.logs.push(row);
        }
        let mut cells = work.agreed.clone();
        cells.extend(work.write.clone());
        self.leads.push(LeadWritten {
            contact_id: work.subject.contact_id,
            airtable_lead_id: lead_id,
            stage: work.view.stage,
            cells,
            notifications,
            now,
        });
        self.tasks.push(settled(&work.task, TaskEnd::Done, now));
    }

    fn failed(&mut self, work: &Work, end: TaskEnd, now: DateTime<Utc>) {
        if let TaskEnd::Dead { error } = &end {
            let mut row = log(&work.subject, now);
            "lead not written to Airtable".clone_into(&mut row.action_taken);
            row.status = LogStatus::Failed;
            row.error_message = Some(error.clone());
            self.logs.push(row);
        }
        self.tasks.push(settled(&work.task, end, now));
    }

    /// Several records carry one contact's id: no write could tell which is meant, so a person decides.
    fn quarantined(&mut self, work: &Work, records: &[Record], now: DateTime<Utc>) {
        let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
        let error = format!(
            "{} leads carry this contact's id ({}): merge them or delete all but one in Airtable, then run the task again \
             (tasks --retry {})",
            ids.len(),
            ids.join(", "),
            work.task.task_id
        );
        // The task that is given up raises the alert.
        self.logs.push(LogRow { raises: None, ..notice(work, AlertKind::TaskDead, &error, now) });
        self.failed(work, TaskEnd::Dead { error }, now);
    }
}

fn notice(work: &Work, kind: AlertKind, text: &str, now: DateTime<Utc>) -> LogRow {
    let key = work.subject.contact_id.to_string();
    LogRow { contact_id: Some(work.subject.contact_id), ..alert(&work.task.tenant, kind, &key, text, now) }
}

pub(super) fn view(base: &Base, subject: &LeadSubject) -> LeadView {
    let contact = &subject.contact;
    let zone = base.rules.spans.zones.of(&subject.key.client_id);
    LeadView {
        contact_id: subject.contact_id,
        email: subject.key.email.clone(),
        profile: contact.profile.clone(),
        stage: contact.stage,
        unclear: contact.unclear.is_some(),
        had_meeting: contact.had_meeting,
        engagement: contact.engagement.unwrap_or(Engagement::EmailReply),
        first_reply_date: contact.first_reply_at.map(|at| zone.day(at)),
        follow_up_date: contact.follow_up_date,
        follow_up_reason: contact.follow_up_reason,
        reply_count: contact.reply_count,
        newest_intent: contact.newest_intent,
        campaign: contact.newest_campaign().cloned(),
        campaign_record: None,
        // Ids of clients that other systems made are no Airtable records.
        client_record: contact.converted_client_id.clone().filter(|id| id.starts_with("rec")),
        summary: subject.summary.clone(),
    }
}

pub(super) fn log(subject: &LeadSubject, now: DateTime<Utc>) -> LogRow {
    LogRow {
        automation_type: AutomationType::StatusUpdate,
        contact_id: Some(subject.contact_id),
        lead_id: subject.airtable_lead_id.clone(),
        converted_client_id: subject.contact.converted_client_id.clone(),
        ..super::log(&subject.key.client_id, now)
    }
}
