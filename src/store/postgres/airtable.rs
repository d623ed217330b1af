//! What the work with Airtable asks of the database: the budget of requests, cursors, contacts by their leads, campaign counts.

use super::load::contact_columns;
use super::{PostgresStore, fault};
use crate::domain::ids::CampaignId;
use crate::engine::rows::LeadSubject;
use crate::store::cells::{self, Cells as _};
use crate::store::views::{CampaignCounts, Slot};
use crate::store::{StoreError, views_of};
use chrono::{DateTime, Utc};
use uuid::Uuid;

const SLOT: &str = "
    INSERT INTO budgets AS b (name, next_at_ms, paused_until_ms, month, calls) VALUES ($1, $2 + $3, 0, $4, 1)
    ON CONFLICT (name) DO UPDATE SET
        next_at_ms = greatest(b.next_at_ms, b.paused_until_ms, $2) + $3,
        calls = CASE WHEN b.month = $4 THEN b.calls + 1 ELSE 1 END,
        month = $4
    RETURNING next_at_ms - $3 AS at_ms, calls";

const PAUSE: &str = "
    INSERT INTO budgets AS b (name, next_at_ms, paused_until_ms, month, calls) VALUES ($1, 0, $2, '', 0)
    ON CONFLICT (name) DO UPDATE SET paused_until_ms = greatest(b.paused_until_ms, $2)";

const CAMPAIGNS_CHANGED: &str = "
    SELECT DISTINCT h.campaign_id FROM events AS e JOIN chat_history AS h ON h.contact_id = e.contact_id
    WHERE e.received_at >= $1 AND h.campaign_id IS NOT NULL";

const CAMPAIGN_COUNTS: &str = "
    SELECT h.campaign_id,
        (array_agg(h.platform) FILTER (WHERE h.platform IN ('smartlead', 'instantly')))[1] AS platform,
        count(*) FILTER (WHERE h.message_type = 'campaign' AND h.message_status = 'sent') AS emails_sent,
        count(*) FILTER (WHERE h.message_type = 'reply' AND h.message_status = 'received' AND h.is_auto_reply IS NOT TRUE) AS replies,
        count(DISTINCT h.contact_id) FILTER (WHERE h.message_type = 'meeting') AS meetings_booked
    FROM chat_history AS h WHERE h.campaign_id = ANY($1) GROUP BY h.campaign_id";

// Of a lead whose campaign's record was not there when it was written.
const LEADS_WITHOUT_CAMPAIGN: &str = "
    SELECT contact_id FROM contacts
    WHERE airtable_lead_id IS NOT NULL AND lead_written IS NOT NULL AND NOT lead_written ? 'Campaign'
      AND coalesce(current_campaign_id, past_campaign_ids ->> -1) = ANY($1)
    ORDER BY contact_id LIMIT $2";

impl PostgresStore {
    pub(in crate::store) async fn take_slot(
        &self,
        name: &str,
        now_ms: i64,
        spacing_ms: i64,
        month: &str,
    ) -> Result<Slot, StoreError> {
        let row = bind!(SLOT, name, now_ms, spacing_ms, month).fetch_one(&self.writers).await.map_err(fault)?;
        Ok(Slot { at_ms: row.number("at_ms")?, calls_this_month: row.number("calls")? })
    }

    pub(in crate::store) async fn delay_budget(&self, name: &str, by_ms: i64) -> Result<(), StoreError> {
        self.run(bind!("UPDATE budgets SET next_at_ms = next_at_ms + $2 WHERE name = $1", name, by_ms)).await?;
        Ok(())
    }

    pub(in crate::store) async fn pause_budget(&self, name: &str, until_ms: i64) -> Result<(), StoreError> {
        self.run(bind!(PAUSE, name, until_ms)).await?;
        Ok(())
    }

    pub(in crate::store) async fn budget_paused_until(&self, name: &str) -> Result<i64, StoreError> {
        let row = self.row(bind!("SELECT paused_until_ms FROM budgets WHERE name = $1", name)).await?;
        row.as_ref().map_or(Ok(0), |row| row.number("paused_until_ms"))
    }

    pub(in crate::store) async fn cursors(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        let bound = bind!("SELECT name, value FROM cursors WHERE starts_with(name, $1) ORDER BY name", prefix);
        self.all(bound, |row| Ok((row.text("name")?, row.text("value")?))).await
    }

    pub(in crate::store) async fn set_cursor(
        &self,
        name: &str,
        value: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let query = match value {
            Some(value) => bind!(
                "INSERT INTO cursors (name, value, updated_at) VALUES ($1, $2, $3)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
                name,
                value,
                now
            ),
            None => bind!("DELETE FROM cursors WHERE name = $1", name),
        };
        query.execute(&self.writers).await.map_err(fault)?;
        Ok(())
    }

    pub(in crate::store) async fn contacts_of_leads(&self, leads: &[String]) -> Result<Vec<LeadSubject>, StoreError> {
        let bound = bind!(
            concat!(
                contact_columns!(),
                ", c.lead_written, c.ai_context_summary FROM contacts AS c WHERE c.airtable_lead_id = ANY($1) ORDER BY c.contact_id"
            ),
            leads
        );
        let rows = self.rows(bound).await?;
        views_of::readable(&rows, views_of::lead_subject)
    }

    pub(in crate::store) async fn campaigns_changed_since(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<CampaignId>, StoreError> {
        self.all(bind!(CAMPAIGNS_CHANGED, since), cells::campaign_id).await
    }

    pub(in crate::store) async fn campaign_counts(
        &self,
        campaigns: &[CampaignId],
    ) -> Result<Vec<CampaignCounts>, StoreError> {
        let ids: Vec<&str> = campaigns.iter().map(CampaignId::as_str).collect();
        self.all(bind!(CAMPAIGN_COUNTS, ids), views_of::campaign_counts).await
    }

    pub(in crate::store) async fn leads_without_campaign(
        &self,
        campaigns: &[CampaignId],
        limit: u32,
    ) -> Result<Vec<Uuid>, StoreError> {
        let ids: Vec<&str> = campaigns.iter().map(CampaignId::as_str).collect();
        self.all(bind!(LEADS_WITHOUT_CAMPAIGN, ids, i64::from(limit)), |row| row.id("contact_id")).await
    }
}
