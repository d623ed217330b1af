//! What the work with Smartlead and Instantly asks of the database: its tasks account by account, the ids of leads, and contacts
//! whose sequence may be over.

use super::views::InSequence;
use super::{Store, StoreError};
use crate::domain::ids::{CampaignId, ClientId, Email};
use crate::domain::outreach::Outreach;
use crate::engine::rows::{ClaimedTask, TaskKind};
use chrono::{DateTime, Utc};
use std::collections::HashSet;
use uuid::Uuid;

/// The tasks of one account: these kinds, for these clients, at this platform.
#[derive(Debug, Clone, Copy)]
pub struct AccountTasks<'a> {
    pub kinds: &'a [TaskKind],
    pub clients: &'a [ClientId],
    pub platform: Outreach,
}

impl Store {
    /// Claims the most urgent task of an account that is due, or whose holder lost its lease.
    pub async fn claim_account_task(
        &self,
        tasks: AccountTasks<'_>,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        lease: Uuid,
    ) -> Result<Option<ClaimedTask>, StoreError> {
        both!(self, claim_account_task(tasks, now, lease_until, lease))
    }

    /// Whether a task of the account is due, or lost its holder.
    pub async fn has_due_account_task(&self, tasks: AccountTasks<'_>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        both!(self, has_due_account_task(tasks, now))
    }

    /// Which of these events of a client are known.
    pub async fn known_events(&self, client_id: &ClientId, keys: &[String]) -> Result<HashSet<String>, StoreError> {
        both!(self, known_events(client_id, keys))
    }

    /// Under which id a platform knows a contact, as far as it was seen. Without a campaign: in all of them.
    pub async fn platform_lead(
        &self,
        contact_id: Uuid,
        platform: Outreach,
        campaign: Option<&CampaignId>,
    ) -> Result<Option<String>, StoreError> {
        let campaign = campaign.map_or("", CampaignId::as_str);
        both!(self, platform_lead(contact_id, platform, campaign))
    }

    /// Remembers such an id; none forgets it. A contact that is gone meanwhile leaves nothing behind.
    pub async fn set_platform_lead(
        &self,
        contact_id: Uuid,
        platform: Outreach,
        campaign: Option<&CampaignId>,
        lead_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let campaign = campaign.map_or("", CampaignId::as_str);
        both!(self, set_platform_lead(contact_id, platform, campaign, lead_id, now))
    }

    /// A page of a client's contacts in sequence whose last mail is older than this, in the order of their ids.
    pub async fn contacts_in_sequence(
        &self,
        client_id: &ClientId,
        sent_before: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<InSequence>, StoreError> {
        both!(self, contacts_in_sequence(client_id, sent_before, after, limit))
    }

    /// Those of these addresses to which a campaign writes, and whose last mail is older than this.
    pub async fn in_sequence_of(
        &self,
        client_id: &ClientId,
        campaign: &CampaignId,
        sent_before: DateTime<Utc>,
        emails: &[Email],
    ) -> Result<Vec<InSequence>, StoreError> {
        both!(self, in_sequence_of(client_id, campaign, sent_before, emails))
    }
}
