//! Lead lists, and who of a list's addresses is known.

use super::{SqliteStore, StoreError, fault, json_text, time_text};
use crate::domain::ids::{ClientId, Email};
use crate::domain::stage::Stage;
use crate::store::cells::Cells as _;
use crate::store::views::{ListTotals, ListWrite};
use crate::store::views_of;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use uuid::Uuid;

// Of the same name there is one for each client, whoever made it.
const ENSURE: &str = "
    INSERT INTO lead_lists (list_id, list_name, client_id, description, source, status, metadata, created_at, updated_at, created_by)
    VALUES (?1, ?2, ?3, ?4, ?5, 'processing', ?6, ?7, ?7, ?8)
    ON CONFLICT DO NOTHING";

const FIND: &str = "
    SELECT list_id FROM lead_lists WHERE client_id = ?2 AND (list_id = ?1 OR list_name = ?3) ORDER BY list_id = ?1 DESC LIMIT 1";

const TOTALS: &str = "
    UPDATE lead_lists SET
        total_contacts = (SELECT count(*) FROM contacts AS c
                          WHERE c.client_id = lead_lists.client_id AND c.list_id = lead_lists.list_id),
        contacts_in_campaigns = (SELECT count(c.current_campaign_id) FROM contacts AS c
                                 WHERE c.client_id = lead_lists.client_id AND c.list_id = lead_lists.list_id),
        status = ?2, metadata = json_patch(coalesce(metadata, '{}'), ?3), updated_at = ?4
    WHERE list_id = ?1
    RETURNING total_contacts, contacts_in_campaigns";

const KNOWN: &str = "
    SELECT c.email, c.lead_status, c.pipeline_status, c.campaign_status, c.lead_email_status, c.list_id
    FROM json_each(?2) AS k CROSS JOIN contacts AS c ON c.client_id = ?1 AND c.email = k.value";

impl SqliteStore {
    pub(in crate::store) async fn ensure_list(&self, list: &ListWrite) -> Result<Uuid, StoreError> {
        let bound = bind!(
            ENSURE,
            list.list_id.to_string(),
            &list.list_name,
            list.client_id.as_str(),
            &list.description,
            list.source,
            json_text(&list.metadata)?,
            time_text(list.now),
            &list.created_by
        );
        self.run(bound).await?;
        let row = bind!(FIND, list.list_id.to_string(), list.client_id.as_str(), &list.list_name)
            .fetch_one(&self.writer)
            .await
            .map_err(fault)?;
        row.id("list_id")
    }

    pub(in crate::store) async fn list_client(&self, list_id: Uuid) -> Result<Option<String>, StoreError> {
        let bound = bind!("SELECT client_id FROM lead_lists WHERE list_id = ?1", list_id.to_string());
        self.one(bound, |row| row.text("client_id")).await
    }

    pub(in crate::store) async fn close_list(
        &self,
        list_id: Uuid,
        status: &str,
        metadata: &serde_json::Value,
        now: DateTime<Utc>,
    ) -> Result<ListTotals, StoreError> {
        let row = bind!(TOTALS, list_id.to_string(), status, json_text(metadata)?, time_text(now))
            .fetch_one(&self.writer)
            .await
            .map_err(fault)?;
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
        let known = self.all(bind!(KNOWN, client_id.as_str(), json_text(emails)?), views_of::known_stage).await?;
        Ok(known.into_iter().collect())
    }
}
