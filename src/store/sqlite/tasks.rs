//! Tasks: claimed by lease, settled in one transaction with what they did.

use super::load::{id, key, text};
use super::write::{bulk, logs};
use super::{SqliteStore, StoreError, fault, json_text, time_text, unreadable};
use crate::domain::ids::{CampaignId, ClientId, Email};
use crate::domain::stage::Stage;
use crate::engine::rows::{ClaimedTask, LeadSubject, LeadWritten, LogRow, TaskEnd, TaskKind, TaskSettled};
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::Row as _;
use uuid::Uuid;

const CLAIM: &str = "
    UPDATE tasks SET
        status = 'running', lease = ?4, lease_until = ?5, attempts = attempts + 1, updated_at = ?3
    WHERE task_id IN (
        SELECT task_id FROM tasks
        WHERE kind IN (SELECT value FROM json_each(?1))
          AND ((status = 'pending' AND due_at <= ?3) OR (status = 'running' AND lease_until <= ?3))
        ORDER BY priority, due_at, task_id
        LIMIT ?2)
    RETURNING task_id, kind, client_id, task_key, contact_id, payload, attempts, wanted, priority";

// Fenced by the lease. Wanted again meanwhile: pending again at once.
const SETTLE: &str = "
    UPDATE tasks SET
        status = CASE WHEN v.value ->> 'status' = 'done' AND wanted > v.value ->> 'wanted' THEN 'pending'
                      ELSE v.value ->> 'status' END,
        due_at = coalesce(v.value ->> 'due_at', v.value ->> 'now'),
        attempts = CASE WHEN v.value ->> 'status' = 'done' THEN 0 ELSE attempts - (v.value ->> 'uncounted') END,
        last_error = v.value ->> 'error', lease = NULL, lease_until = NULL, updated_at = v.value ->> 'now'
    FROM json_each(?1) AS v
    WHERE tasks.task_id = v.value ->> 'task_id' AND tasks.lease = v.value ->> 'lease' AND tasks.status = 'running'";

const LEADS: &str = "
    UPDATE contacts SET
        airtable_lead_id = v.value ->> 'lead_id', promoted_at = coalesce(promoted_at, v.value ->> 'now'),
        has_engaged = 1, lead_stage_written = v.value ->> 'stage', updated_at = v.value ->> 'now'
    FROM json_each(?1) AS v
    WHERE contacts.contact_id = v.value ->> 'contact_id'";

const CHAT_LEADS: &str = "
    UPDATE chat_history SET lead_id = v.value ->> 'lead_id'
    FROM json_each(?1) AS v
    WHERE chat_history.contact_id = v.value ->> 'contact_id' AND chat_history.lead_id IS NOT v.value ->> 'lead_id'";

impl SqliteStore {
    pub(in crate::store) async fn claim_tasks(
        &self,
        kinds: &[TaskKind],
        limit: u32,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        lease: Uuid,
    ) -> Result<Vec<ClaimedTask>, StoreError> {
        let rows = sqlx::query(CLAIM)
            .bind(json_text(kinds)?)
            .bind(limit)
            .bind(time_text(now))
            .bind(lease.to_string())
            .bind(time_text(lease_until))
            .fetch_all(&self.writer)
            .await
            .map_err(fault)?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in &rows {
            let kind = text(row, "kind")?;
            let contact_id: Option<String> = row.try_get("contact_id").map_err(fault)?;
            let priority: i64 = row.try_get("priority").map_err(fault)?;
            let task = ClaimedTask {
                task_id: id(row, "task_id")?,
                kind: TaskKind::parse(&kind).ok_or_else(|| unreadable("task kind", &kind))?,
                tenant: ClientId::parse(&text(row, "client_id")?).map_err(|error| unreadable("client id", error))?,
                task_key: text(row, "task_key")?,
                contact_id: contact_id
                    .map(|id| Uuid::parse_str(&id))
                    .transpose()
                    .map_err(|error| unreadable("id", error))?,
                payload: serde_json::from_str(&text(row, "payload")?).map_err(|error| unreadable("payload", error))?,
                attempts: row.try_get("attempts").map_err(fault)?,
                wanted: row.try_get("wanted").map_err(fault)?,
                lease,
            };
            claimed.push((priority, task));
        }
        // RETURNING promises no order.
        claimed.sort_by_key(|a| (a.0, a.1.task_id));
        Ok(claimed.into_iter().map(|(_, task)| task).collect())
    }

    pub(in crate::store) async fn settle_tasks(
        &self,
        settled: &[TaskSettled],
        leads: &[LeadWritten],
        log_rows: &[LogRow],
    ) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?.tx;
        let values: Vec<serde_json::Value> = settled
            .iter()
            .map(|settled| {
                let (status, due_at, error, uncounted) = match &settled.end {
                    TaskEnd::Done => ("done", None, None, 0),
                    TaskEnd::Retry { due_at, error, counts } => {
                        ("pending", Some(time_text(*due_at)), Some(error.as_str()), i32::from(!counts))
                    }
                    TaskEnd::Dead { error } => ("dead", None, Some(error.as_str()), 0),
                };
                json!({
                    "task_id": settled.task_id, "lease": settled.lease, "wanted": settled.wanted, "status": status,
                    "due_at": due_at, "error": error, "uncounted": uncounted, "now": time_text(settled.now),
                })
            })
            .collect();
        let done = sqlx::query(SETTLE).bind(json_text(&values)?).execute(&mut *tx).await.map_err(fault)?;
        let lead = |lead: &LeadWritten| {
            Ok(json!({
                "contact_id": lead.contact_id, "lead_id": lead.airtable_lead_id, "stage": lead.stage,
                "now": time_text(lead.now),
            }))
        };
        bulk(&mut tx, LEADS, leads, lead).await?;
        bulk(&mut tx, CHAT_LEADS, leads, lead).await?;
        logs(&mut tx, log_rows).await?;
        tx.commit().await.map_err(fault)?;
        Ok(done.rows_affected())
    }

    pub(in crate::store) async fn retry_task(&self, task_id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE tasks SET status = 'pending', attempts = 0, due_at = ?2, updated_at = ?2
             WHERE task_id = ?1 AND status <> 'running'",
        )
        .bind(task_id.to_string())
        .bind(time_text(now))
        .execute(&self.writer)
        .await
        .map_err(fault)?;
        Ok(done.rows_affected() == 1)
    }

    pub(in crate::store) async fn lead_subjects(&self, contact_ids: &[Uuid]) -> Result<Vec<LeadSubject>, StoreError> {
        let rows = sqlx::query(
            "SELECT c.contact_id, c.client_id, c.email, c.fold, c.airtable_lead_id, c.lead_stage_written
             FROM json_each(?1) AS k CROSS JOIN contacts AS c ON c.contact_id = k.value",
        )
        .bind(json_text(contact_ids)?)
        .fetch_all(&self.readers)
        .await
        .map_err(fault)?;
        rows.iter()
            .map(|row| {
                let written: Option<String> = row.try_get("lead_stage_written").map_err(fault)?;
                Ok(LeadSubject {
                    contact_id: id(row, "contact_id")?,
                    key: key(row)?,
                    contact: serde_json::from_str(&text(row, "fold")?).map_err(|error| unreadable("contact", error))?,
                    airtable_lead_id: row.try_get("airtable_lead_id").map_err(fault)?,
                    lead_stage_written: written.as_deref().and_then(Stage::parse),
                })
            })
            .collect()
    }

    pub(in crate::store) async fn contacts_in_campaign(
        &self,
        client_id: &ClientId,
        campaign: &CampaignId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, Email)>, StoreError> {
        let rows = sqlx::query(
            "SELECT contact_id, email FROM contacts
             WHERE current_campaign_id = ?1 AND client_id = ?2 AND contact_id > ?3
             ORDER BY contact_id LIMIT ?4",
        )
        .bind(campaign.as_str())
        .bind(client_id.as_str())
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(fault)?;
        rows.iter()
            .map(|row| {
                let email = Email::parse(&text(row, "email")?).map_err(|error| unreadable("address", error))?;
                Ok((id(row, "contact_id")?, email))
            })
            .collect()
    }
}
