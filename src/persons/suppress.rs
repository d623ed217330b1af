//! The list itself: who is on it, who is put on it and taken off it by a person, and whom that reaches.

use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::domain::outreach::Outreach;
use crate::domain::rules::Rules;
use crate::domain::stage::Stage;
use crate::domain::suppression::{Hashed, Reason, Scope, Suppression, Target, reason_for};
use crate::engine::rows::{Asked, AutomationType, LogRow, SuppressionRow, TaskKind, TaskRow, TriggerType};
use crate::store::suppression::Place;
use crate::store::views::Reached;
use crate::store::{Store, StoreError};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// Contacts looked after in one transaction.
const PAGE_MAX: u32 = 500;
/// Somebody is to be left alone now.
const PRIORITY_STOP: u8 = 1;
/// Nobody writes to them there today.
const PRIORITY_BLOCK: u8 = 6;

/// Of these addresses those that a client must not write to, each with the closed reason. One query.
pub async fn suppressed(
    store: &Store,
    suppression: &Suppression,
    client_id: &ClientId,
    emails: &[Email],
) -> Result<HashMap<Email, Reason>, StoreError> {
    let mut asked = Asked::new();
    for email in emails {
        for hash in suppression.asked(email) {
            asked.entry(hash).or_default().push(email.clone());
        }
    }
    let listed = store.suppressed(&asked).await?;
    let told = |(email, listed): (Email, Vec<_>)| Some((email, reason_for(&listed, client_id, None)?));
    Ok(listed.into_iter().filter_map(told).collect())
}

/// The same for contacts of several clients.
pub async fn suppressed_contacts(
    store: &Store,
    suppression: &Suppression,
    contacts: &[ContactKey],
) -> Result<HashMap<ContactKey, Reason>, StoreError> {
    let mut asked = Asked::new();
    for key in contacts {
        for hash in suppression.asked(&key.email) {
            asked.entry(hash).or_default().push(key.email.clone());
        }
    }
    let listed = store.suppressed(&asked).await?;
    let told = |key: &ContactKey| Some((key.clone(), reason_for(listed.get(&key.email)?, &key.client_id, None)?));
    Ok(contacts.iter().filter_map(told).collect())
}

/// Somebody to be put on the list, or taken off it.
#[derive(Debug, Clone)]
pub struct Wish {
    /// An address, or a domain with all below it.
    pub target: Target,
    pub value: String,
    pub scope: Scope,
    /// For the agency none.
    pub client_id: Option<ClientId>,
    pub campaign: Option<CampaignId>,
    pub reason: Reason,
}

impl Wish {
    fn row(&self, suppression: &Suppression, now: DateTime<Utc>) -> Option<SuppressionRow> {
        let hashed = match self.target {
            Target::Address => suppression.address(&Email::parse(&self.value).ok()?)?,
            Target::Domain => suppression.domain(&self.value)?,
        };
        Some(SuppressionRow {
            suppression_id: Uuid::new_v4(),
            scope: self.scope,
            client_id: self.client_id.clone(),
            campaign: self.campaign.clone(),
            hashed,
            reason: self.reason,
            now,
        })
    }

    fn hashes(&self, suppression: &Suppression) -> Vec<String> {
        let hashes = match (self.target, Email::parse(&self.value)) {
            (Target::Address, Ok(email)) => suppression.all_of_address(&email),
            (Target::Address, Err(_)) => Vec::new(),
            (Target::Domain, _) => suppression.all_of_domain(&self.value),
        };
        hashes.into_iter().map(|Hashed { value_hmac, .. }| value_hmac).collect()
    }

    /// A person's own wish towards the whole agency. What an operator puts on the list may be taken off it, and then a platform that had
    /// blocked it would go on blocking.
    fn is_for_good(&self) -> bool {
        let is_their_own = match self.reason {
            Reason::OptOut | Reason::Complaint => true,
            Reason::Bounce | Reason::Erased | Reason::Operator | Reason::Client => false,
        };
        is_their_own && self.scope == Scope::Agency && self.target == Target::Address
    }

    /// Whether it is about this client's contacts.
    fn is_about(&self, client_id: &ClientId) -> bool {
        match self.scope {
            Scope::Agency => true,
            Scope::Client | Scope::Campaign => self.client_id.as_ref() == Some(client_id),
        }
    }
}

/// Puts them on the list, with the work that stops what runs. Gives how many contacts it reaches. Wishes without a key are none.
pub async fn suppress(store: &Store, rules: &Rules, wishes: &[Wish], now: DateTime<Utc>) -> Result<usize, StoreError> {
    let rows = wishes.iter().filter_map(|wish| wish.row(&rules.suppression, now)).collect();
    // First the list, so that nobody comes in behind the search for whom it concerns, and so that whoever tells a platform finds it.
    store.suppress(rows, Vec::new(), Vec::new()).await?;
    let mut reached = 0;
    for wish in wishes {
        reached += stop(store, wish, now).await?;
    }
    let tasks: Vec<TaskRow> = wishes
        .iter()
        .filter(|wish| wish.is_for_good())
        .filter_map(|wish| Email::parse(&wish.value).ok())
        .flat_map(|email| blocks(rules, &email, None, now))
        .collect();
    if !tasks.is_empty() {
        store.suppress(Vec::new(), tasks, Vec::new()).await?;
    }
    Ok(reached)
}

/// The platforms of all clients but one are told to write to an address no more. Each asks the list when it is told.
fn blocks(rules: &Rules, email: &Email, except: Option<&ClientId>, now: DateTime<Utc>) -> Vec<TaskRow> {
    // Without a key there is no list, and a row that stays names nobody.
    let Some(Hashed { value_hmac, .. }) = rules.suppression.address(email) else { return Vec::new() };
    let others = rules.wants.blocks.iter().filter(|(client_id, _)| Some(*client_id) != except);
    let block = |client_id: &ClientId, platform: Outreach| {
        let whom = (email, value_hmac.as_str());
        TaskRow::block_address(Uuid::new_v4(), client_id.clone(), whom, platform, PRIORITY_BLOCK, now)
    };
    others.flat_map(|(client_id, platforms)| platforms.iter().map(|platform| block(client_id, *platform))).collect()
}

/// Takes somebody off the list; what was withheld is wanted again. Gives how many rows it was.
pub async fn lift(
    store: &Store,
    suppression: &Suppression,
    wish: &Wish,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let place = Place { scope: wish.scope, client_id: wish.client_id.as_ref(), campaign: wish.campaign.as_ref() };
    let removed = store.unsuppress(place, &wish.hashes(suppression)).await?;
    if removed > 0 {
        stop(store, wish, now).await?;
    }
    Ok(removed)
}

/// Asks for all that depends on the list to be looked at again, for the contacts that a wish is about.
async fn stop(store: &Store, wish: &Wish, now: DateTime<Utc>) -> Result<usize, StoreError> {
    match wish.target {
        Target::Address => {
            let Ok(email) = Email::parse(&wish.value) else { return Ok(0) };
            let contacts = store.contacts_of_address(&email).await?;
            look_again(store, contacts.iter().filter(|contact| wish.is_about(&contact.key.client_id)), now).await
        }
        Target::Domain => {
            let (mut after, mut reached) = (None, 0);
            loop {
                let page = store.contacts_of_domain(&wish.value, after, PAGE_MAX).await?;
                let Some(last) = page.last() else { return Ok(reached) };
                after = Some(last.contact_id);
                let concerned = page.iter().filter(|contact| wish.is_about(&contact.key.client_id));
                reached += look_again(store, concerned, now).await?;
            }
        }
    }
}

/// Of one contact's opt-out for the whole agency: the contacts of other clients with this address, and their platforms.
pub async fn reach(store: &Store, rules: &Rules, from: &Reached, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let contacts = store.contacts_of_address(&from.key.email).await?;
    // The own ones were told with the opt-out itself.
    let blocks = blocks(rules, &from.key.email, Some(&from.key.client_id), now);
    store.suppress(Vec::new(), blocks, Vec::new()).await?;
    look_again(store, contacts.iter().filter(|contact| contact.contact_id != from.contact_id), now).await
}

async fn look_again(
    store: &Store,
    contacts: impl Iterator<Item = &Reached>,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let (mut tasks, mut logs, mut count) = (Vec::new(), Vec::new(), 0);
    for contact in contacts {
        count += 1;
        tasks.extend(wanted(contact, now));
        logs.extend(told(contact, now));
    }
    store.suppress(Vec::new(), tasks, logs).await?;
    Ok(count)
}

/// Every effect that asks the list when it runs.
fn wanted(contact: &Reached, now: DateTime<Utc>) -> Vec<TaskRow> {
    let of = |kind| {
        let tenant = contact.key.client_id.clone();
        TaskRow::of_contact(Uuid::new_v4(), kind, tenant, contact.contact_id, PRIORITY_STOP, now)
    };
    let mut tasks = Vec::new();
    if contact.has_engaged {
        tasks.push(of(TaskKind::AirtableSyncLead));
    }
    if let Some(campaign) = &contact.campaign {
        let (client, contact_id) = (contact.key.client_id.clone(), contact.contact_id);
        tasks.extend(TaskRow::of_campaign(Uuid::new_v4(), client, contact_id, campaign, PRIORITY_STOP, now));
    }
    tasks
}

/// In the contact's own history, without a word of whom it comes from.
fn told(contact: &Reached, now: DateTime<Utc>) -> Option<LogRow> {
    let campaign = contact.campaign.as_ref().filter(|_| contact.stage != Stage::DoNotContact)?;
    Some(LogRow {
        automation_type: AutomationType::CampaignRemoval,
        contact_id: Some(contact.contact_id),
        campaign_id: Some(campaign.as_str().to_owned()),
        action_taken: "the list of suppressed addresses changed for this contact".to_owned(),
        action_details: Some("its sequence is compared with the list again".to_owned()),
        ..LogRow::new(Uuid::new_v4(), contact.key.client_id.clone(), TriggerType::ConditionMet, now)
    })
}
