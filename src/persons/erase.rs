//! The right to erasure: a person is taken out of everything that is kept, and a receipt says what was removed where.
//!
//! One transaction takes the contacts apart and leaves the rest as tasks: places that can only be read through (bodies of requests,
//! other people's rows), and one for each outside service. Whoever is cut off after it loses nothing of it. The receipt is complete
//! when all parts are; asking again takes up what was left.

use super::reading::{empty, read_now, task_key};
use crate::domain::erasure::{Person, anonymous, anonymous_key};
use crate::domain::identity::aside_key;
use crate::domain::ids::{ClientId, Email};
use crate::domain::rules::Rules;
use crate::domain::suppression::{Reason, Scope};
use crate::engine::rows::{ContactRow, ErasurePartOf, SuppressionRow, TaskKind, TaskRow, Writes};
use crate::intake::Now;
use crate::store::erasure::PLACES;
use crate::store::views::{ErasurePart, PartState, Receipt, Subject};
use crate::store::{Store, StoreError, Tx};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The part that reads through all places.
pub const READING: &str = "reading";
/// How the parts outside begin: at Airtable, at Pinecone, at the platforms.
pub const AIRTABLE: &str = "airtable";
pub const VECTORS: &str = "vectors";
pub const PLATFORMS: &str = "platforms";
/// Somebody waits for a legal duty.
const PRIORITY: u8 = 2;
/// Whoever still held work of the contact is through with it this long after its lease.
const SLACK_MS: i64 = 60_000;

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
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Erases as far as this database goes; what lies outside is work of the tasks.
pub async fn erase(store: &Store, rules: &Rules, erasure: &Erasure, now: &Now) -> Result<Receipt, EraseError> {
    let receipt = begin_erasure(store, rules, erasure, now()).await?;
    read_now(store, rules, now, receipt.receipt_id).await?;
    Ok(store.receipt(receipt.receipt_id).await?.unwrap_or(receipt))
}

/// Takes the contacts apart, and leaves the rest as tasks; one transaction. An erasure that is not through is taken up.
pub async fn begin_erasure(
    store: &Store,
    rules: &Rules,
    erasure: &Erasure,
    now: DateTime<Utc>,
) -> Result<Receipt, EraseError> {
    let subject = rules.suppression.address(&erasure.email).ok_or(EraseError::NoKey)?;
    let hashes: Vec<String> =
        rules.suppression.all_of_address(&erasure.email).into_iter().map(|hash| hash.value_hmac).collect();
    let is_open = |receipt: &Receipt| receipt.client_id == erasure.client_id && receipt.is_open(READING);
    let mut tx = store.begin().await?;
    // Whoever asks at the same time waits here, and finds the receipt of the first.
    tx.hold_person(erasure.client_id.as_ref(), &erasure.email).await?;
    let open = tx.receipts_of(&hashes).await?.into_iter().find(is_open);
    let held = match open {
        // Somebody may have got through with it meanwhile.
        Some(open) => tx.hold_receipt(open.receipt_id).await?.filter(is_open),
        None => None,
    };
    let mut receipt = held.unwrap_or_else(|| Receipt {
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
    take_apart(&mut tx, rules, erasure, &mut receipt, now).await?;
    let reading = TaskRow {
        tenant: erasure.client_id.clone().unwrap_or_else(ClientId::agency),
        task_key: task_key(receipt.receipt_id),
        // The address is needed until it is read; the task forgets it when it is done.
        payload: json!({
            "receipt_id": receipt.receipt_id,
            "part": READING,
            "client_id": erasure.client_id,
            "address": erasure.email,
            "keeps_suppression": erasure.keeps_suppression,
        }),
        ..TaskRow::round(Uuid::new_v4(), TaskKind::ErasureRead, PRIORITY, now)
    };
    tx.write(&Writes { tasks: vec![reading], ..Writes::default() }).await?;
    tx.commit().await?;
    Ok(receipt)
}

fn pending() -> ErasurePart {
    ErasurePart { state: PartState::Pending, removed: 0, done_at: None }
}

/// A part of its own for each task, so that none is taken for done by another's end.
pub(super) fn new_part(receipt: &mut Receipt, name: &str) -> ErasurePartOf {
    let (mut part, mut nth) = (name.to_owned(), 1);
    while receipt.parts.contains_key(&part) {
        nth += 1;
        part = format!("{name} ({nth})");
    }
    receipt.parts.insert(part.clone(), pending());
    ErasurePartOf { receipt_id: receipt.receipt_id, part }
}

/// The part that brings another person's conversation in the index in line with what is left of it here; the same for each time.
pub(super) fn part_of_other(receipt: &mut Receipt, client_id: &ClientId, contact_id: Uuid) -> ErasurePartOf {
    let tag = Uuid::new_v5(&receipt.receipt_id, contact_id.as_bytes()).simple().to_string();
    let part = format!("{VECTORS}: {client_id}/{}", tag.get(..8).unwrap_or_default());
    receipt.parts.insert(part.clone(), pending());
    ErasurePartOf { receipt_id: receipt.receipt_id, part }
}

/// The contacts that are there now. True where there was one.
pub(super) async fn take_apart(
    tx: &mut Tx,
    rules: &Rules,
    erasure: &Erasure,
    receipt: &mut Receipt,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let person = Person::of([&erasure.email]);
    let subjects = tx.hold_person(erasure.client_id.as_ref(), &erasure.email).await?;
    let mut writes = Writes { suppressions: suppressions(rules, erasure, now), ..Writes::default() };
    for subject in &subjects {
        take_one_apart(tx, rules, subject, &person, receipt, &mut writes, now).await?;
        if erasure.keeps_suppression {
            block(rules, &erasure.email, subject, receipt, &mut writes, now);
        }
    }
    if let Some(client_id) = &erasure.client_id {
        let aside = tx.forget_aside(client_id, &aside_key(client_id, &erasure.email)).await?;
        add(&mut receipt.removed, "gmail_aside", aside);
    }
    tx.write(&writes).await?;
    tx.save_receipt(receipt).await?;
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
            empty(tx, deliveries, &mention, person).await?;
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
    let client_id = &subject.key.client_id;
    let aside = tx.forget_aside(client_id, &aside_key(client_id, &subject.key.email)).await?;
    add(&mut receipt.removed, "gmail_aside", aside);
    let taken = tx.take_apart(subject.contact_id, successor, &subject.key.session_id()).await?;
    for (name, rows) in taken.rows {
        add(&mut receipt.removed, name, rows);
    }
    // Somebody may write what is erased at this moment: it is looked for again when that one is through.
    let again_at = taken.busy_until.map(|until| until + TimeDelta::milliseconds(SLACK_MS));
    // What was indexed is there, whether or not anything is indexed today.
    if rules.wants.vectors && subject.has_engaged || taken.is_indexed {
        let of = new_part(receipt, &format!("{VECTORS}: {client_id}"));
        writes.tasks.push(TaskRow {
            tenant: client_id.clone(),
            ..TaskRow::erase_vectors(Uuid::new_v4(), subject.contact_id, &of, again_at, now)
        });
    }
    if subject.airtable_lead_id.is_some() || subject.has_engaged {
        let ErasurePartOf { receipt_id, part } = new_part(receipt, &format!("{AIRTABLE}: {client_id}"));
        writes.tasks.push(TaskRow {
            tenant: client_id.clone(),
            task_key: format!("{}:{receipt_id}:{successor}", TaskKind::AirtableEraseLead),
            payload: json!({
                "receipt_id": receipt_id,
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
fn block(
    rules: &Rules,
    email: &Email,
    subject: &Subject,
    receipt: &mut Receipt,
    writes: &mut Writes,
    now: DateTime<Utc>,
) {
    let client_id = &subject.key.client_id;
    let platforms = rules.wants.blocks.get(client_id).filter(|_| subject.contact.newest_campaign().is_some());
    for platform in platforms.into_iter().flatten() {
        let ErasurePartOf { receipt_id, part } = new_part(receipt, &format!("{PLATFORMS}: {client_id}/{platform}"));
        // A task of its own, whatever the address is told to this platform for besides.
        let whose = format!("erased:{}", Uuid::new_v4());
        writes.tasks.push(TaskRow {
            payload: json!({ "receipt_id": receipt_id, "part": part, "platform": platform, "address": email }),
            ..TaskRow::block_address(Uuid::new_v4(), client_id.clone(), (email, &whose), *platform, PRIORITY, now)
        });
    }
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

pub(super) fn add(removed: &mut BTreeMap<String, u64>, place: &str, rows: u64) {
    if rows > 0 {
        *removed.entry(place.to_owned()).or_default() += rows;
    }
}
