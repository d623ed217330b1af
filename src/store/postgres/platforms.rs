//! What the work with Smartlead and Instantly asks of the database.

use super::{PostgresStore, fault};
use crate::domain::ids::{CampaignId, ClientId, Email};
use crate::domain::outreach::Outreach;
use crate::engine::rows::ClaimedTask;
use crate::store::cells::Cells as _;
use crate::store::platforms::AccountTasks;
use crate::store::views::InSequence;
use crate::store::{StoreError, views_of};
use chrono::{DateTime, Utc};
use std::collections::HashSet;
use uuid::Uuid;

// A row that another instance is claiming is passed over, not waited for.
const CLAIM: &str = "
    UPDATE tasks SET
        status = 'running', lease = $5, lease_until = $6, attempts = attempts + 1, updated_at = $4
    WHERE task_id IN (
        SELECT task_id FROM tasks
        WHERE kind = ANY($1) AND client_id = ANY($2) AND payload ->> 'platform' = $3
          AND ((status = 'pending' AND due_at <= $4) OR (status = 'running' AND lease_until <= $4))
        ORDER BY priority, due_at, task_id
        LIMIT 1
        FOR UPDATE SKIP LOCKED)
    RETURNING task_id, kind, client_id, task_key, contact_id, payload, attempts, wanted, priority";

const HAS_DUE: &str = "
    SELECT 1 FROM tasks
    WHERE kind = ANY($1) AND client_id = ANY($2) AND payload ->> 'platform' = $3
      AND ((status = 'pending' AND due_at <= $4) OR (status = 'running' AND lease_until <= $4))
    LIMIT 1";

const REMEMBER: &str = "
    INSERT INTO platform_leads (client_id, contact_id, platform, campaign_id, lead_id, updated_at)
    SELECT client_id, contact_id, $2, $3, $4, $5 FROM contacts WHERE contact_id = $1
    ON CONFLICT (contact_id, platform, campaign_id) DO UPDATE SET lead_id = excluded.lead_id, updated_at = excluded.updated_at";

pub(super) const IN_SEQUENCE: &str = "
    SELECT contact_id, lower(email) AS email, current_campaign_id AS campaign_id, last_contact_date FROM contacts
    WHERE lead_status = 'active' AND campaign_status = 'active' AND client_id = $1 AND last_contact_date < $2 AND current_campaign_id IS NOT NULL
      AND contact_id > $3
    ORDER BY contact_id LIMIT $4";

const IN_SEQUENCE_OF: &str = "
    SELECT c.contact_id, lower(c.email) AS email, c.current_campaign_id AS campaign_id, c.last_contact_date
    FROM unnest($4::TEXT[]) AS k(email) JOIN contacts AS c ON c.client_id = $1 AND lower(c.email) = k.email
    WHERE c.lead_status = 'active' AND c.campaign_status = 'active' AND c.current_campaign_id = $2 AND c.last_contact_date < $3";

impl PostgresStore {
    pub(in crate::store) async fn claim_account_task(
        &self,
        tasks: AccountTasks<'_>,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        lease: Uuid,
    ) -> Result<Option<ClaimedTask>, StoreError> {
        let (kinds, clients) = names(tasks);
        let rows = bind!(CLAIM, kinds, clients, tasks.platform.as_str(), now, lease, lease_until)
            .fetch_all(&self.writers)
            .await
            .map_err(fault)?;
        Ok(views_of::claimed(&rows, lease)?.pop())
    }

    pub(in crate::store) async fn has_due_account_task(
        &self,
        tasks: AccountTasks<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let (kinds, clients) = names(tasks);
        Ok(self.row(bind!(HAS_DUE, kinds, clients, tasks.platform.as_str(), now)).await?.is_some())
    }

    pub(in crate::store) async fn known_events(
        &self,
        client_id: &ClientId,
        keys: &[String],
    ) -> Result<HashSet<String>, StoreError> {
        let query = sqlx::query("SELECT dedupe_key FROM events WHERE client_id = $1 AND dedupe_key = ANY($2)");
        let query = query.bind(client_id.as_str()).bind(keys);
        let rows = query.fetch_all(&self.readers).await.map_err(fault)?;
        rows.iter().map(|row| row.text("dedupe_key")).collect()
    }

    pub(in crate::store) async fn platform_lead(
        &self,
        contact_id: Uuid,
        platform: Outreach,
        campaign: &str,
    ) -> Result<Option<String>, StoreError> {
        let bound = bind!(
            "SELECT lead_id FROM platform_leads WHERE contact_id = $1 AND platform = $2 AND campaign_id = $3",
            contact_id,
            platform.as_str(),
            campaign
        );
        let row = self.row(bound).await?;
        row.map(|row| row.text("lead_id")).transpose()
    }

    pub(in crate::store) async fn set_platform_lead(
        &self,
        contact_id: Uuid,
        platform: Outreach,
        campaign: &str,
        lead_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let query = match lead_id {
            Some(_) => sqlx::query(REMEMBER),
            None => {
                sqlx::query("DELETE FROM platform_leads WHERE contact_id = $1 AND platform = $2 AND campaign_id = $3")
            }
        };
        let mut query = query.bind(contact_id).bind(platform.as_str()).bind(campaign);
        if let Some(lead_id) = lead_id {
            query = query.bind(lead_id).bind(now);
        }
        query.execute(&self.writers).await.map_err(fault)?;
        Ok(())
    }

    pub(in crate::store) async fn contacts_in_sequence(
        &self,
        client_id: &ClientId,
        sent_before: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<InSequence>, StoreError> {
        let bound = bind!(IN_SEQUENCE, client_id.as_str(), sent_before, after.unwrap_or(Uuid::nil()), i64::from(limit));
        let rows = self.rows(bound).await?;
        views_of::readable(&rows, views_of::in_sequence)
    }

    pub(in crate::store) async fn in_sequence_of(
        &self,
        client_id: &ClientId,
        campaign: &CampaignId,
        sent_before: DateTime<Utc>,
        emails: &[Email],
    ) -> Result<Vec<InSequence>, StoreError> {
        // By index always, as for batches.
        let rows = sqlx::query(IN_SEQUENCE_OF)
            .bind(client_id.as_str())
            .bind(campaign.as_str())
            .bind(sent_before)
            .bind(emails.iter().map(Email::as_str).collect::<Vec<_>>())
            .fetch_all(&self.writers)
            .await
            .map_err(fault)?;
        views_of::readable(&rows, views_of::in_sequence)
    }
}

fn names(tasks: AccountTasks<'_>) -> (Vec<&str>, Vec<&str>) {
    (tasks.kinds.iter().map(|kind| kind.as_str()).collect(), tasks.clients.iter().map(ClientId::as_str).collect())
}
