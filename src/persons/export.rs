//! The right of access: everything that is held on a person, as one document.

use crate::domain::erasure::Person;
use crate::domain::ids::{ClientId, Email};
use crate::domain::suppression::{Listed, Suppression};
use crate::engine::rows::Asked;
use crate::store::erasure::PLACES;
use crate::store::{Store, StoreError};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Rows read at once.
const PAGE_MAX: u32 = 200;

/// What is held on a person.
#[derive(Debug, Serialize)]
pub struct Export {
    pub email: String,
    pub exported_at: DateTime<Utc>,
    pub contacts: Vec<ExportedContact>,
    /// Other rows that mention the person, by table.
    pub mentions: BTreeMap<String, Vec<BTreeMap<String, Value>>>,
    /// That the address is on the list of those who must not be contacted, and how far.
    pub suppressions: Vec<ExportedSuppression>,
    /// Where more of it lies.
    pub elsewhere: Vec<String>,
}

/// As the contact of one client.
#[derive(Debug, Serialize)]
pub struct ExportedContact {
    pub client_id: ClientId,
    pub contact_id: Uuid,
    /// Rows by table, with all their columns.
    pub rows: BTreeMap<String, Vec<Value>>,
}

#[derive(Debug, Serialize)]
pub struct ExportedSuppression {
    pub scope: String,
    pub client_id: Option<ClientId>,
    pub target: String,
    pub reason: String,
}

/// Of one client or of all.
pub async fn export(
    store: &Store,
    suppression: &Suppression,
    email: &Email,
    client_id: Option<&ClientId>,
    now: DateTime<Utc>,
) -> Result<Export, StoreError> {
    let mut tx = store.begin().await?;
    let subjects = tx.hold_person(client_id, email).await?;
    drop(tx);
    let (mut contacts, mut elsewhere) = (Vec::new(), Vec::new());
    for subject in &subjects {
        let rows = store.rows_of_contact(subject.contact_id, &subject.key.session_id()).await?;
        elsewhere.extend(subject.airtable_lead_id.as_ref().map(|lead| format!("Airtable, Leads, record {lead}")));
        elsewhere
            .extend(subject.contact.converted_client_id.as_ref().map(|id| format!("Airtable, Clients, record {id}")));
        contacts.push(ExportedContact {
            client_id: subject.key.client_id.clone(),
            contact_id: subject.contact_id,
            rows,
        });
    }
    let mentions = mentions(store, email, client_id, &contacts).await?;
    let suppressions = listed(store, suppression, email, client_id).await?;
    Ok(Export { email: email.as_str().to_owned(), exported_at: now, contacts, mentions, suppressions, elsewhere })
}

/// Rows that are not the contact's own, told whole.
async fn mentions(
    store: &Store,
    email: &Email,
    client_id: Option<&ClientId>,
    contacts: &[ExportedContact],
) -> Result<BTreeMap<String, Vec<BTreeMap<String, Value>>>, StoreError> {
    let person = Person::of([email]);
    let patterns = person.patterns();
    let mut found = BTreeMap::new();
    for place in PLACES {
        let own = |id: &str| {
            let mut rows = contacts.iter().filter_map(|contact| contact.rows.get(place.name)).flatten();
            rows.any(|row| row.as_object().is_some_and(|row| row.values().any(|value| value.as_str() == Some(id))))
        };
        let mut after = None;
        loop {
            let page = store.mentions(place, client_id, &patterns, after, PAGE_MAX).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for mention in page {
                let id = mention.id.to_string();
                let is_named = mention.texts.iter().flatten().any(|text| person.is_mentioned(text));
                if is_named && !own(&id) {
                    let names = place.columns.iter().map(|(name, _)| (*name).to_owned());
                    let texts = mention.texts.into_iter().map(|text| text.map_or(Value::Null, Value::String));
                    let mut row: BTreeMap<String, Value> = names.zip(texts).collect();
                    row.insert("id".to_owned(), Value::String(id));
                    found.entry(place.name.to_owned()).or_insert_with(Vec::new).push(row);
                }
            }
        }
    }
    Ok(found)
}

async fn listed(
    store: &Store,
    suppression: &Suppression,
    email: &Email,
    client_id: Option<&ClientId>,
) -> Result<Vec<ExportedSuppression>, StoreError> {
    let asked: Asked = suppression.asked(email).into_iter().map(|hash| (hash, vec![email.clone()])).collect();
    let listed = store.suppressed(&asked).await?.remove(email).unwrap_or_default();
    let told = |listed: Listed| ExportedSuppression {
        scope: listed.scope.to_string(),
        client_id: listed.client_id,
        target: listed.target.to_string(),
        reason: listed.reason.to_string(),
    };
    let is_meant =
        |listed: &Listed| client_id.is_none() || listed.client_id.is_none() || listed.client_id.as_ref() == client_id;
    Ok(listed.into_iter().filter(is_meant).map(told).collect())
}
