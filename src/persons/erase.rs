//! The right to erasure: a person is taken out of everything that is kept, and a receipt says what was removed where.
//!
//! One transaction takes the contacts apart; places that can only be read through (bodies of requests, other people's rows) follow
//! in pages, and outside services by tasks. The receipt is complete when all parts are. Asking again takes up what was left.

use crate::domain::erasure::{Person, anonymous, anonymous_key};
use crate::domain::identity::aside_key;
use crate::domain::ids::{ClientId, Email};
use crate::domain::outreach::Outreach;
use crate::domain::rules::Rules;
use crate::domain::suppression::{Reason, Scope};
use crate::engine::rows::{ContactRow, SuppressionRow, TaskKind, TaskRow, Writes};
use crate::store::erasure::{Cure, Mention, PLACES, Place};
use crate::store::views::{ErasurePart, PartState, Receipt, Subject};
use crate::store::{Store, StoreError, Tx};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The part that reads through all places.
pub const READING: &str = "reading";
/// The part at Airtable.
pub const AIRTABLE: &str = "airtable";
/// How the keys of an erasure's own tasks at the platforms begin.
const BLOCK: &str = "platform.block:erased:";
/// Rows read at once.
const PAGE_MAX: u32 = 200;
/// Somebody waits for a legal duty.
const PRIORITY: u8 = 2;
/// Whoever still held work of the contact is through with it this long after its lease.
const SLACK_MS: i64 = 60_000;
/// A request that was under way may bring the contact back; whoever does that this often is at fault.
const ROUNDS_MAX: u32 = 5;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Erasure {
    pub email: Email,
    /// None erases the person for every client.
    pub client_id: Option<ClientId>,
    /// Whether what comes later about this address is refused and not kept.
    pub keeps_suppression: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// Without a key nobody could tell a later message of an erased person from others, nor whose a receipt is.
    #[error("no key for suppression is configured: set [suppression] key")]
    NoKey,
    #[error("the contact comes back as fast as it is erased: stop what posts it, then erase again")]
    ComesBack,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Erases, or goes on with what was not finished.
pub async fn erase(store: &Store, rules: &Rules, erasure: &Erasure, now: DateTime<Utc>) -> Result<Receipt, EraseError> {
    let subject = rules.suppression.address(&erasure.email).ok_or(EraseError::NoKey)?;
    let person = Person::of([&erasure.email]);
    let hashes: Vec<String> =
        rules.suppression.all_of_address(&erasure.email).into_iter().map(|hash| hash.value_hmac).collect();
    let open = store
        .receipts_of(&hashes)
        .await?
        .into_iter()
        .find(|receipt| receipt.client_id == erasure.client_id && receipt.is_open(READING));
    let mut receipt = open.unwrap_or_else(|| Receipt {
        receipt_id: Uuid::new_v4(),
        client_id: erasure.client_id.clone(),
        subject_hmac: subject.value_hmac.clone(),
        key_id: subject.key_id.clone(),
        requested_at: now,
        keeps_suppression: erasure.keeps_suppression,
        removed: BTreeMap::new(),
        parts: [(READING.to_owned(), pending())].into(),
        completed_at: None,
    });
    for _ in 0..ROUNDS_MAX {
        let was_there = take_apart(store, rules, erasure, &person, &mut receipt, now).await?;
        let found = read_through(store, erasure, &person).await?;
        note(store, &mut receipt, found).await?;
        if !was_there {
            store.finish_part(receipt.receipt_id, READING, 0, now).await?;
            return Ok(store.receipt(receipt.receipt_id).await?.unwrap_or(receipt));
        }
    }
    Err(EraseError::ComesBack)
}

fn pending() -> ErasurePart {
    ErasurePart { state: PartState::Pending, removed: 0, done_at: None }
}

/// The transaction. True where there was a contact.
async fn take_apart(
    store: &Store,
    rules: &Rules,
    erasure: &Erasure,
    person: &Person,
    receipt: &mut Receipt,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let subjects = tx.hold_person(erasure.client_id.as_ref(), &erasure.email).await?;
    let mut writes = Writes { suppressions: suppressions(rules, erasure, now), ..Writes::default() };
    for subject in &subjects {
        take_one_apart(&mut tx, rules, subject, person, receipt, &mut writes, now).await?;
        writes.tasks.extend(blocks(rules, erasure, subject, receipt.receipt_id, now));
    }
    if let Some(client_id) = &erasure.client_id {
        let aside = tx.forget_aside(client_id, &aside_key(client_id, &erasure.email)).await?;
        add(&mut receipt.removed, "gmail_aside", aside);
    }
    tx.write(&writes).await?;
    tx.save_receipt(receipt).await?;
    tx.commit().await?;
    Ok(!subjects.is_empty())
}

async fn take_one_apart(
    tx: &mut Tx,
    rules: &Rules,
    subject: &Subject,
    person: &Person,
    receipt: &mut Receipt,
    writes: &mut Writes,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let successor = Uuid::new_v4();
    let Some(key) = anonymous_key(&subject.key, successor) else {
        return Err(StoreError::Rejected("an anonymous contact could not be named".to_owned()));
    };
    if let Some(deliveries) = PLACES.first() {
        for mention in tx.deliveries_of(subject.contact_id).await? {
            cure(tx, deliveries, &mention, person).await?;
            add(&mut receipt.removed, deliveries.name, 1);
        }
    }
    let contact = anonymous(&subject.contact);
    // The successor is there before its rows are.
    let row = ContactRow {
        contact_id: successor,
        key,
        baseline: Some(contact.clone()),
        contact,
        now,
        is_new: true,
        version: None,
    };
    tx.write(&Writes { contacts: vec![row], ..Writes::default() }).await?;
    let aside = tx.forget_aside(&subject.key.client_id, &aside_key(&subject.key.client_id, &subject.key.email)).await?;
    add(&mut receipt.removed, "gmail_aside", aside);
    let taken = tx.take_apart(subject.contact_id, successor, &subject.key.session_id()).await?;
    for (name, rows) in taken.rows {
        add(&mut receipt.removed, name, rows);
    }
    // Somebody may write what is erased at this moment: it is looked for again when that one is through.
    let again_at = taken.busy_until.map(|until| until + TimeDelta::milliseconds(SLACK_MS));
    if rules.wants.vectors && subject.has_engaged {
        writes.tasks.push(TaskRow::erase_vectors(Uuid::new_v4(), subject.contact_id, again_at, now));
    }
    if subject.airtable_lead_id.is_some() || subject.has_engaged {
        let part = format!("{AIRTABLE}: {}", subject.key.client_id);
        receipt.parts.entry(part.clone()).or_insert_with(pending);
        writes.tasks.push(TaskRow {
            tenant: subject.key.client_id.clone(),
            task_key: format!("{}:{}:{}", TaskKind::AirtableEraseLead, receipt.receipt_id, successor),
            payload: json!({
                "receipt_id": receipt.receipt_id,
                "part": part,
                "contact_id": subject.contact_id,
                "lead_id": subject.airtable_lead_id,
                "again_at": again_at,
            }),
            ..TaskRow::round(Uuid::new_v4(), TaskKind::AirtableEraseLead, PRIORITY, now)
        });
    }
    Ok(())
}

/// The platforms that wrote to the person are told to write no more. Only there the address still stands, until it is done.
fn blocks(rules: &Rules, erasure: &Erasure, subject: &Subject, receipt_id: Uuid, now: DateTime<Utc>) -> Vec<TaskRow> {
    let client_id = &subject.key.client_id;
    let platforms = rules.wants.blocks.get(client_id).filter(|_| erasure.keeps_suppression);
    let platforms = platforms.filter(|_| subject.contact.newest_campaign().is_some());
    let block = |platform: &Outreach| TaskRow {
        // Not the usual key, which is a hash of the address.
        task_key: format!("{BLOCK}{receipt_id}:{client_id}:{platform}"),
        ..TaskRow::block_address(Uuid::new_v4(), client_id.clone(), &erasure.email, *platform, PRIORITY, now)
    };
    platforms.into_iter().flatten().map(block).collect()
}

fn suppressions(rules: &Rules, erasure: &Erasure, now: DateTime<Utc>) -> Vec<SuppressionRow> {
    let hashed = rules.suppression.address(&erasure.email).filter(|_| erasure.keeps_suppression);
    let (scope, client_id) = match &erasure.client_id {
        Some(client_id) => (Scope::Client, Some(client_id.clone())),
        None => (Scope::Agency, None),
    };
    let row = |hashed| SuppressionRow {
        suppression_id: Uuid::new_v4(),
        scope,
        client_id,
        campaign: None,
        hashed,
        reason: Reason::Erased,
        now,
    };
    hashed.map(row).into_iter().collect()
}

/// All places, page by page, each page in one transaction.
async fn read_through(
    store: &Store,
    erasure: &Erasure,
    person: &Person,
) -> Result<BTreeMap<&'static str, u64>, StoreError> {
    let patterns = person.patterns();
    let mut found = BTreeMap::new();
    for place in PLACES {
        let mut after = None;
        loop {
            let page = store.mentions(place, erasure.client_id.as_ref(), &patterns, after, PAGE_MAX).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let mut tx = store.begin().await?;
            for found_there in &page {
                // As it stands now, and held: what was read before may have changed since.
                let Some(mention) = tx.hold_mention(place, found_there.id).await? else { continue };
                if cure(&mut tx, place, &mention, person).await? {
                    *found.entry(place.name).or_default() += 1;
                }
            }
            tx.commit().await?;
        }
    }
    Ok(found)
}

/// Takes the person out of one row. False where it names somebody else, or a mailbox of ours.
async fn cure(tx: &mut Tx, place: &Place, mention: &Mention, person: &Person) -> Result<bool, StoreError> {
    let is_mentioned = |text: &Option<String>| text.as_deref().is_some_and(|text| names(person, text));
    let is_named = mention.texts.iter().any(is_mentioned);
    match place.cure {
        Cure::Body => {
            let body = mention.texts.first().and_then(Option::as_deref).unwrap_or_default();
            let body = person.taken_out_of_body(body);
            let sha256 = Sha256::digest(body.as_bytes()).into();
            let reason = mention.texts.get(1).cloned().flatten().map(|reason| person.taken_out_of(&reason));
            tx.rewrite(place, mention.id, Some(&[Some(body), reason]), Some(sha256)).await?;
            Ok(true)
        }
        Cure::Text | Cure::Message if is_named => {
            let texts = without(place, mention, person);
            tx.rewrite(place, mention.id, Some(&texts), None).await?;
            Ok(true)
        }
        Cure::Drop if is_named && !mention.texts.iter().flatten().any(|text| text.starts_with(BLOCK)) => {
            tx.rewrite(place, mention.id, None, None).await?;
            Ok(true)
        }
        Cure::Text | Cure::Message | Cure::Drop => Ok(false),
    }
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

async fn note(store: &Store, receipt: &mut Receipt, found: BTreeMap<&'static str, u64>) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    if let Some(held) = tx.hold_receipt(receipt.receipt_id).await? {
        *receipt = held;
    }
    for (name, rows) in found {
        add(&mut receipt.removed, name, rows);
    }
    tx.save_receipt(receipt).await?;
    tx.commit().await
}

fn add(removed: &mut BTreeMap<String, u64>, place: &str, rows: u64) {
    if rows > 0 {
        *removed.entry(place.to_owned()).or_default() += rows;
    }
}
