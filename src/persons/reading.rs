//! `erasure.read`: the part of an erasure that reads through all places with free text, page by page. Each page is one transaction
//! with its numbers in the receipt and its place in the task: whoever is cut off goes on there, and counts nothing twice.

use super::erase::{Erasure, PLATFORMS, add, new_part, part_of_other, take_apart};
use crate::domain::erasure::Person;
use crate::domain::ids::{ClientId, Email};
use crate::domain::outreach::Outreach;
use crate::domain::rules::Rules;
use crate::engine::rows::{ClaimedTask, ErasurePartOf, TaskEnd, TaskKind, TaskRow, TaskSettled, Writes};
use crate::intake::Now;
use crate::store::erasure::{Cure, Mention, PLACES, Place};
use crate::store::views::Receipt;
use crate::store::{Store, StoreError, Tx};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Rows read at once.
const PAGE_MAX: u32 = 200;
/// Held on with every page.
const LEASE_MS: i64 = 120_000;
const RETRY_MS: i64 = 5_000;
/// What was under way when the contacts were taken apart has landed by the second time; whoever brings the contact back more often
/// is at fault.
const ROUNDS_MIN: u32 = 2;
const ROUNDS_MAX: u32 = 5;
const COMES_BACK_MS: i64 = 60_000;
const TRIES_MAX: u32 = 12;
/// Of work that becomes a part of an erasure.
const PRIORITY_KEPT: u8 = 2;

#[derive(Serialize, Deserialize)]
struct Payload {
    #[serde(flatten)]
    of: ErasurePartOf,
    #[serde(default)]
    client_id: Option<ClientId>,
    /// None where it is done and only not settled.
    #[serde(default)]
    address: Option<Email>,
    #[serde(default)]
    keeps_suppression: bool,
    #[serde(default)]
    at: Progress,
}

/// How far it is, so that whoever comes next goes on there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Progress {
    round: u32,
    /// The contacts of this round are taken apart.
    is_apart: bool,
    was_there: bool,
    /// Number of the place, and the last row of it that was looked at.
    place: usize,
    after: Option<Uuid>,
    /// Rows of this round that named the person.
    found: u64,
}

#[derive(Debug, thiserror::Error)]
enum Halt {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another instance goes on with it.
    #[error("the lease was lost")]
    Lost,
    #[error("the contact comes back as fast as it is erased: stop what posts it")]
    ComesBack,
    #[error("the task's payload can't be read or written: {0}")]
    Unreadable(serde_json::Error),
}

/// Reads through for one erasure, whosever. False where none is due.
pub async fn read_on(store: &Store, rules: &Rules, now: &Now) -> Result<bool, StoreError> {
    let kinds = [TaskKind::ErasureRead];
    let started = now();
    // Looked for without a write.
    if !store.has_due_task(&kinds, started).await? {
        return Ok(false);
    }
    let claimed = store.claim_tasks(&kinds, 1, started, lease_until(started), Uuid::new_v4()).await?;
    let Some(task) = claimed.into_iter().next() else { return Ok(false) };
    work(store, rules, now, &task).await?;
    Ok(true)
}

/// Reads through for this erasure, whoever was at it: somebody waits for it.
pub async fn read_now(store: &Store, rules: &Rules, now: &Now, receipt_id: Uuid) -> Result<(), StoreError> {
    let started = now();
    let lease = Uuid::new_v4();
    let task = store.take_over_task(&task_key(receipt_id), started, lease_until(started), lease).await?;
    match task {
        Some(task) => work(store, rules, now, &task).await,
        None => Ok(()),
    }
}

pub(super) fn task_key(receipt_id: Uuid) -> String {
    format!("{}:{receipt_id}", TaskKind::ErasureRead)
}

async fn work(store: &Store, rules: &Rules, now: &Now, task: &ClaimedTask) -> Result<(), StoreError> {
    let end = match Box::pin(read(store, rules, now, task)).await {
        Ok(()) => TaskEnd::Done,
        Err(Halt::Lost) => return Ok(()),
        Err(halt) => end_of(&halt, task, now()),
    };
    let settled = TaskSettled { task_id: task.task_id, lease: task.lease, wanted: task.wanted, end, now: now() };
    store.settle_tasks(&[settled], &[], &[]).await?;
    Ok(())
}

fn lease_until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::milliseconds(LEASE_MS)
}

fn end_of(halt: &Halt, task: &ClaimedTask, now: DateTime<Utc>) -> TaskEnd {
    let error = halt.to_string();
    let again = |ms, counts, error| TaskEnd::Retry { due_at: now + TimeDelta::milliseconds(ms), error, counts };
    match halt {
        Halt::Store(fault) if fault.is_unavailable() || fault.is_conflict() => again(RETRY_MS, false, error),
        Halt::ComesBack if task.attempts < TRIES_MAX => again(COMES_BACK_MS, true, error),
        Halt::Store(_) | Halt::Lost | Halt::ComesBack | Halt::Unreadable(_) => TaskEnd::Dead { error },
    }
}

/// A task that is worked on, with how far it is.
struct Reading<'a> {
    store: &'a Store,
    now: &'a Now,
    task: &'a ClaimedTask,
    payload: Payload,
    erasure: Erasure,
    person: Person,
}

async fn read(store: &Store, rules: &Rules, now: &Now, task: &ClaimedTask) -> Result<(), Halt> {
    let payload: Payload = serde_json::from_value(task.payload.clone()).map_err(Halt::Unreadable)?;
    let Some(email) = payload.address.clone() else { return Ok(()) };
    let person = Person::of([&email]);
    let erasure = Erasure { email, client_id: payload.client_id.clone(), keeps_suppression: payload.keeps_suppression };
    let mut reading = Reading { store, now, task, payload, erasure, person };
    while reading.payload.at.round < ROUNDS_MAX {
        if !reading.payload.at.is_apart {
            reading.take_apart(rules).await?;
        }
        reading.read_through().await?;
        let Progress { round, was_there, found, .. } = reading.payload.at;
        let is_quiet = found == 0 && round + 1 >= ROUNDS_MIN;
        if !was_there && (is_quiet || round + 1 == ROUNDS_MAX) {
            return reading.finish().await;
        }
        reading.payload.at = Progress { round: round + 1, ..Progress::default() };
    }
    reading.payload.at = Progress::default();
    let mut tx = store.begin().await?;
    reading.keep(&mut tx).await?;
    tx.commit().await?;
    Err(Halt::ComesBack)
}

impl Reading<'_> {
    /// Holds the task on and notes how far it is, with whatever else the transaction does.
    async fn keep(&self, tx: &mut Tx) -> Result<(), Halt> {
        let payload = serde_json::to_value(&self.payload).map_err(Halt::Unreadable)?;
        let (task_id, lease) = (self.task.task_id, self.task.lease);
        if tx.keep_lease(task_id, lease, lease_until((self.now)()), &payload).await? {
            return Ok(());
        }
        Err(Halt::Lost)
    }

    async fn take_apart(&mut self, rules: &Rules) -> Result<(), Halt> {
        let mut tx = self.store.begin().await?;
        if let Some(mut receipt) = tx.hold_receipt(self.payload.of.receipt_id).await? {
            self.payload.at.was_there = take_apart(&mut tx, rules, &self.erasure, &mut receipt, (self.now)()).await?;
        }
        self.payload.at.is_apart = true;
        self.keep(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// All places, from where it was left.
    async fn read_through(&mut self) -> Result<(), Halt> {
        let patterns = self.person.patterns();
        while let Some(place) = PLACES.get(self.payload.at.place) {
            let (client_id, after) = (self.erasure.client_id.as_ref(), self.payload.at.after);
            let page = self.store.mentions(place, client_id, &patterns, after, PAGE_MAX).await?;
            let mut tx = self.store.begin().await?;
            let cured = self.cure_all(&mut tx, place, &page).await?;
            let at = &mut self.payload.at;
            at.found += cured;
            at.after = page.last().map(|last| last.id);
            if at.after.is_none() {
                at.place += 1;
            }
            self.keep(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Gives how many rows named the person.
    async fn cure_all(&self, tx: &mut Tx, place: &Place, page: &[Mention]) -> Result<u64, Halt> {
        if page.is_empty() {
            return Ok(0);
        }
        let Some(mut receipt) = tx.hold_receipt(self.payload.of.receipt_id).await? else { return Ok(0) };
        let mut cured = Vec::new();
        for found in page {
            // As it stands now, and held: what was read before may have changed since.
            let Some(mention) = tx.hold_mention(place, found.id).await? else { continue };
            if cure(tx, place, &mention, &self.person, &self.erasure, &mut receipt, (self.now)()).await? {
                cured.push(mention.id);
            }
        }
        if cured.is_empty() {
            return Ok(0);
        }
        if place.cure == Cure::Message {
            mend_index(tx, &cured, &mut receipt, (self.now)()).await?;
        }
        let rows = u64::try_from(cured.len()).unwrap_or(u64::MAX);
        add(&mut receipt.removed, place.name, rows);
        tx.save_receipt(&receipt).await?;
        Ok(rows)
    }

    async fn finish(&self) -> Result<(), Halt> {
        let of = &self.payload.of;
        let left = json!({ "receipt_id": of.receipt_id, "part": of.part });
        let done = (self.task.task_id, self.task.task_key.as_str());
        self.store.finish_erasure_task(done, of, &left, (self.now)()).await?;
        Ok(())
    }
}

/// What was said to others of the person may be indexed as it was said.
async fn mend_index(tx: &mut Tx, cured: &[Uuid], receipt: &mut Receipt, now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut tasks = Vec::new();
    for (contact_id, client_id) in tx.indexed_contacts(cured).await? {
        let of = part_of_other(receipt, &client_id, contact_id);
        tasks.push(TaskRow::mend_vectors(Uuid::new_v4(), client_id, contact_id, &of, now));
    }
    tx.write(&Writes { tasks, ..Writes::default() }).await
}

/// Takes the person out of one row. False where it names somebody else, or a mailbox of ours, or is needed to make the person
/// forgotten elsewhere.
async fn cure(
    tx: &mut Tx,
    place: &Place,
    mention: &Mention,
    person: &Person,
    erasure: &Erasure,
    receipt: &mut Receipt,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let is_mentioned = |text: &Option<String>| text.as_deref().is_some_and(|text| names(person, text));
    let is_named = mention.texts.iter().any(is_mentioned);
    match place.cure {
        Cure::Body => {
            empty(tx, place, mention, person).await?;
            Ok(true)
        }
        Cure::Text | Cure::Message if is_named => {
            let texts = without(place, mention, person);
            tx.rewrite(place, mention.id, Some(&texts), None).await?;
            Ok(true)
        }
        Cure::Drop if is_named && !keep(tx, mention, erasure, receipt, now).await? => {
            tx.rewrite(place, mention.id, None, None).await?;
            Ok(true)
        }
        Cure::Text | Cure::Message | Cure::Drop => Ok(false),
    }
}

/// A request's body and the reason of what became of it, without the person.
pub(super) async fn empty(tx: &mut Tx, place: &Place, mention: &Mention, person: &Person) -> Result<(), StoreError> {
    let body = mention.texts.first().and_then(Option::as_deref).unwrap_or_default();
    let body = person.taken_out_of_body(body);
    let sha256 = Sha256::digest(body.as_bytes()).into();
    let reason = mention.texts.get(1).cloned().flatten().map(|reason| person.taken_out_of(&reason));
    tx.rewrite(place, mention.id, Some(&[Some(body), reason]), Some(sha256)).await
}

/// Work that names the person and is still to be done: an erasure's own, and what tells a platform to write no more. The latter
/// becomes a part of this erasure, because it holds the address.
async fn keep(
    tx: &mut Tx,
    mention: &Mention,
    erasure: &Erasure,
    receipt: &mut Receipt,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let [Some(payload), _, Some(task_key)] = mention.texts.as_slice() else { return Ok(false) };
    let mut payload: Value = serde_json::from_str(payload).unwrap_or(Value::Null);
    let is_of = |kind: TaskKind| task_key.strip_prefix(kind.as_str()).is_some_and(|rest| rest.starts_with(':'));
    if is_of(TaskKind::ErasureRead) || is_of(TaskKind::PlatformBlock) && payload.get("receipt_id").is_some() {
        return Ok(true);
    }
    let platform = payload.get("platform").and_then(Value::as_str).and_then(Outreach::parse);
    let tenant = task_key.split(':').nth(1).and_then(|tenant| ClientId::parse(tenant).ok());
    let (Some(platform), Some(tenant)) = (platform, tenant) else { return Ok(false) };
    if !erasure.keeps_suppression || !is_of(TaskKind::PlatformBlock) {
        return Ok(false);
    }
    let ErasurePartOf { receipt_id, part } = new_part(receipt, &format!("{PLATFORMS}: {tenant}/{platform}"));
    if let Value::Object(fields) = &mut payload {
        fields.insert("receipt_id".to_owned(), json!(receipt_id));
        fields.insert("part".to_owned(), json!(part));
    }
    // Wanted again: whoever is at it now does not know of the receipt.
    let row = TaskRow {
        tenant,
        task_key: task_key.clone(),
        payload,
        ..TaskRow::round(Uuid::new_v4(), TaskKind::PlatformBlock, PRIORITY_KEPT, now)
    };
    tx.write(&Writes { tasks: vec![row], ..Writes::default() }).await?;
    tx.save_receipt(receipt).await?;
    Ok(true)
}

/// In a text, or in any text of what is JSON.
fn names(person: &Person, text: &str) -> bool {
    person.is_mentioned(text) || serde_json::from_str::<Value>(text).is_ok_and(|value| person.is_mentioned_in(&value))
}

fn without(place: &Place, mention: &Mention, person: &Person) -> Vec<Option<String>> {
    let identifier = mention.texts.first().and_then(Option::as_deref);
    let is_theirs = place.cure == Cure::Message && identifier.is_some_and(|text| person.is_mentioned(text));
    let columns = place.columns.iter().zip(&mention.texts);
    columns
        .map(|((name, _), text)| match *name {
            "message_content" if is_theirs => Some(String::new()),
            "contact_identifier" | "contact_name" | "subject" if is_theirs => None,
            "message_key" | "dedupe_key" => text.clone().map(|key| kept_key(person, key)),
            _ => text.as_deref().map(|text| taken_out(person, text)),
        })
        .collect()
}

/// A key must stay unique, and tell nothing.
fn kept_key(person: &Person, key: String) -> String {
    if person.is_mentioned(&key) { format!("erased:{}", Uuid::new_v4()) } else { key }
}

fn taken_out(person: &Person, text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => person.taken_out_of_json(&value).to_string(),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | Err(_) => person.taken_out_of(text),
    }
}
