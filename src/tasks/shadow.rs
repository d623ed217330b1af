//! Shadow mode: the engine takes the same webhooks as another flow, in tables of its own, and calls nobody. It begins as the other
//! flow stands, so that what differs later was done differently and is no older than the shadow.

use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::engine::rows::{ContactRow, Writes};
use crate::intake::Now;
use crate::store::shadow::{OtherFlow, Theirs};
use crate::store::{Store, StoreError};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use uuid::Uuid;

/// When the shadow began: what was before is not compared.
const BEGAN: &str = "shadow.began";
/// How far a client's contacts are copied.
const COPIED: &str = "shadow.copied";
/// Contacts copied in one transaction.
const COPY_PAGE: u32 = 1_000;

/// The flow that the engine runs beside.
#[derive(Debug, Clone)]
pub struct Shadow {
    pub other: OtherFlow,
    /// Of the configuration: nobody else's contacts are copied.
    pub clients: Vec<ClientId>,
    /// Platforms of chat rows that nobody forwards, so that they are not missed here.
    pub skip_platforms: Vec<String>,
    /// Of each kind of disagreement, how many are named.
    pub examples_max: u64,
}

impl Shadow {
    /// Copies how the other flow's contacts stand, once; gives the number of those that were not there.
    pub async fn begin(&self, store: &Store, now: &Now) -> Result<u64, StoreError> {
        if began(store).await?.is_some() {
            return Ok(0);
        }
        let mut copied = 0;
        for client_id in &self.clients {
            let cursor = format!("{COPIED}:{client_id}");
            let mut after = store.cursor(&cursor).await?.and_then(|(id, _)| id.parse::<Uuid>().ok());
            loop {
                let page = self.other.contacts(client_id, after, COPY_PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.contact_id);
                copied += copy(store, client_id, page, now()).await?;
                store.set_cursor(&cursor, after.map(|id| id.to_string()).as_deref(), now()).await?;
            }
            store.set_cursor(&cursor, None, now()).await?;
        }
        store.set_cursor(BEGAN, Some(&now().to_rfc3339()), now()).await?;
        Ok(copied)
    }
}

/// None before the shadow began.
pub async fn began(store: &Store) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(store.cursor(BEGAN).await?.and_then(|(time, _)| time.parse().ok()))
}

/// Each becomes the start of a fold of the engine's own, under the other flow's id.
async fn copy(store: &Store, client_id: &ClientId, page: Vec<Theirs>, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let key = |email: &Email| ContactKey { client_id: client_id.clone(), email: email.clone() };
    let keys: BTreeSet<ContactKey> = page.iter().filter_map(|theirs| theirs.email.as_ref().map(key)).collect();
    let keys: Vec<ContactKey> = keys.into_iter().collect();
    let mut tx = store.begin().await?;
    let known = tx.load(&keys, &[], true).await?;
    let mut taken: BTreeSet<ContactKey> = known.contacts.into_keys().collect();
    let mut contacts = Vec::with_capacity(page.len());
    for theirs in page {
        let Some(key) = theirs.email.as_ref().map(key) else { continue };
        if !taken.insert(key.clone()) {
            continue;
        }
        contacts.push(ContactRow {
            contact_id: theirs.contact_id,
            key,
            baseline: Some(theirs.contact.clone()),
            contact: theirs.contact,
            now,
            is_new: true,
            version: None,
        });
    }
    let copied = u64::try_from(contacts.len()).unwrap_or(u64::MAX);
    tx.write_and_commit(&Writes { contacts, ..Writes::default() }).await?;
    Ok(copied)
}
