//! Lead lists, and who of a list's addresses is known.

use super::{PostgresStore, fault};
use crate::domain::ids::{ClientId, Email};
use crate::domain::stage::Stage;
use crate::store::cells::Cells as _;
use crate::store::views::{ListTotals, ListWrite};
use crate::store::{StoreError, views_of};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use std::collections::HashMap;
use uuid::Uuid;

// Of the same name there is one for each client, whoever made it.
const ENSURE: &str = "
    INSERT INTO lead_lists (list_id, list_name, client_id, description, source, status, metadata, created_at, updated_at, created_by)
    VALUES ($1, $2, $3, $4, $5, 'processing', $6, $7, $7, $8)
    ON CONFLICT DO NOTHING";

const FIND: &str = "
    SELECT list_id FROM lead_lists WHERE client_id = $2 AND (list_id = $1 OR list_name = $3) ORDER BY list_id = $1 DESC LIMIT 1";

const TOTALS: &str = "
    UPDATE lead_lists AS l SET
        total_contacts = n.total, contacts_in_campaigns = n.in_campaigns, status = $2, metadata = coalesce(l.metadata, '{}') || $3,
        updated_at = $4
    FROM (SELECT count(*)::INT AS total, count(c.current_campaign_id)::INT AS in_campaigns FROM contacts AS c
          WHERE c.list_id = $1 AND c.client_id = (SELECT w.client_id FROM lead_lists AS w WHERE w.list_id = $1)) AS n
    WHERE l.list_id = $1
    RETURNING l.total_contacts, l.contacts_in_campaigns";

const KNOWN: &str = "
    SELECT lower(c.email) AS email, c.lead_status, c.pipeline_status, c.campaign_status, c.lead_email_status, c.list_id
    FROM unnest($2::TEXT[]) AS k(email) JOIN contacts AS c ON c.client_id = $1 AND lower(c.email) = k.email";

impl PostgresStore {
    pub(in crate::store) async fn ensure_list(&self, list: &ListWrite) -> Result<Uuid, StoreError> {
        let bound = bind!(
            ENSURE,
            list.list_id,
            &list.list_name,
            list.client_id.as_str(),
            &list.description,
            list.source,
            Json(&list.metadata),
            list.now,
            &list.created_by
        );
        self.run(bound).await?;
        let row = bind!(FIND, list.list_id, list.client_id.as_str(), &list.list_name)
            .fetch_one(&self.writers)
            .await
            .map_err(fault)?;
        row.id("list_id")
    }

    pub(in crate::store) async fn list_client(&self, list_id: Uuid) -> Result<Option<String>, StoreError> {
        let bound = bind!("SELECT client_id FROM lead_lists WHERE list_id = $1", list_id);
        self.one(bound, |row| row.text("client_id")).await
    }

    pub(in crate::store) async fn close_list(
        &self,
        list_id: Uuid,
        status: &str,
        metadata: &serde_json::Value,
        now: DateTime<Utc>,
    ) -> Result<ListTotals, StoreError> {
        let row = bind!(TOTALS, list_id, status, Json(metadata), now).fetch_one(&self.writers).await.map_err(fault)?;
        Ok(ListTotals {
            total_contacts: row.number("total_contacts")?,
            contacts_in_campaigns: row.number("contacts_in_campaigns")?,
        })
    }

    pub(in crate::store) async fn known_stages(
        &self,
        client_id: &ClientId,
        emails: &[Email],
    ) -> Result<HashMap<Email, (Stage, Option<Uuid>)>, StoreError> {
        let emails: Vec<&str> = emails.iter().map(Email::as_str).collect();
        let rows = bind!(KNOWN, client_id.as_str(), emails).fetch_all(&self.writers).await.map_err(fault)?;
        rows.iter().map(views_of::known_stage).collect()
    }
}
