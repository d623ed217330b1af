//! Tasks: claimed by lease, settled in one transaction with what they did.

use super::load::contact_columns;
use super::write::{bulk, logs, notifications};
use super::{SqliteStore, StoreError, alerts, fault, json_text, time_text};
use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::engine::rows::{
    ClaimedTask, LeadSubject, LeadWritten, LogRow, NotificationRow, TaskEnd, TaskKind, TaskSettled,
};
use crate::store::alerts::TaskEnds;
use crate::store::cells::key;
use crate::store::views_of;
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

// That it is one of two states is said twice, so that the index of what is open leads to the kind at once.
pub(super) const CLAIM: &str = "
    UPDATE tasks SET
        status = 'running', lease = ?4, lease_until = ?5, attempts = attempts + 1, updated_at = ?3
    WHERE task_id IN (
        SELECT task_id FROM tasks
        WHERE status IN ('pending', 'running') AND kind IN (SELECT value FROM json_each(?1))
          AND ((status = 'pending' AND due_at <= ?3) OR (status = 'running' AND lease_until <= ?3))
        ORDER BY priority, due_at, task_id
        LIMIT ?2)
    RETURNING task_id, kind, client_id, task_key, contact_id, payload, attempts, wanted, priority";

const TAKE_OVER: &str = "
    UPDATE tasks SET status = 'running', lease = ?3, lease_until = ?4, attempts = attempts + 1, updated_at = ?2
    WHERE task_key = ?1 AND status <> 'done'
    RETURNING task_id, kind, client_id, task_key, contact_id, payload, attempts, wanted, priority";

// Fenced by the lease. Wanted again meanwhile: pending again at once. An address is kept only as long as it is needed.
const SETTLE: &str = "
    UPDATE tasks SET
        status = CASE WHEN v.value ->> 'status' <> 'pending' AND wanted > v.value ->> 'wanted' THEN 'pending'
                      ELSE v.value ->> 'status' END,
        due_at = CASE WHEN v.value ->> 'again' AND wanted > v.value ->> 'wanted' THEN v.value ->> 'now'
                      ELSE coalesce(v.value ->> 'due_at', v.value ->> 'now') END,
        attempts = CASE WHEN v.value ->> 'again' OR v.value ->> 'status' = 'done' OR v.value ->> 'status' = 'dead' AND wanted > v.value ->> 'wanted'
                        THEN 0 ELSE attempts - (v.value ->> 'uncounted') END,
        payload = CASE WHEN v.value ->> 'status' = 'done' AND wanted = v.value ->> 'wanted' THEN json_remove(payload, '$.address')
                       ELSE payload END,
        last_error = v.value ->> 'error', lease = NULL, lease_until = NULL, updated_at = v.value ->> 'now'
    FROM json_each(?1) AS v
    WHERE tasks.task_id = v.value ->> 'task_id' AND tasks.lease = v.value ->> 'lease' AND tasks.status = 'running'";

// What was told as open is told anew.
const FORGET_PENDING: &str =
    "DELETE FROM automation_logs WHERE status = 'Pending' AND log_id IN (SELECT value FROM json_each(?1))";

const LEADS: &str = "
    UPDATE contacts SET
        airtable_lead_id = v.value ->> 'lead_id', promoted_at = coalesce(promoted_at, v.value ->> 'now'),
        has_engaged = 1, lead_stage_written = v.value ->> 'stage',
        lead_written = json_patch(coalesce(lead_written, '{}'), v.value ->> 'cells'),
        updated_at = v.value ->> 'now'
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
        let rows = bind!(CLAIM, json_text(kinds)?, limit, time_text(now), lease.to_string(), time_text(lease_until))
            .fetch_all(&self.writer)
            .await
            .map_err(fault)?;
        views_of::claimed(&rows, lease)
    }

    pub(in crate::store) async fn take_over_task(
        &self,
        task_key: &str,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        lease: Uuid,
    ) -> Result<Option<ClaimedTask>, StoreError> {
        let rows = bind!(TAKE_OVER, task_key, time_text(now), lease.to_string(), time_text(lease_until))
            .fetch_all(&self.writer)
            .await
            .map_err(fault)?;
        Ok(views_of::claimed(&rows, lease)?.pop())
    }

    pub(in crate::store) async fn has_due_task(
        &self,
        kinds: &[TaskKind],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let bound = bind!(
            "SELECT 1 FROM tasks WHERE status IN ('pending', 'running') AND kind IN (SELECT value FROM json_each(?1))
               AND ((status = 'pending' AND due_at <= ?2) OR (status = 'running' AND lease_until <= ?2)) LIMIT 1",
            json_text(kinds)?,
            time_text(now)
        );
        Ok(self.row(bound).await?.is_some())
    }

    pub(in crate::store) async fn is_any_running(&self, task_keys: &[String]) -> Result<bool, StoreError> {
        let bound = bind!(
            "SELECT 1 FROM tasks WHERE task_key IN (SELECT value FROM json_each(?1)) AND status = 'running' LIMIT 1",
            json_text(task_keys)?
        );
        Ok(self.row(bound).await?.is_some())
    }

    pub(in crate::store) async fn extend_lease(
        &self,
        task_id: Uuid,
        lease: Uuid,
        lease_until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let bound = bind!(
            "UPDATE tasks SET lease_until = ?3 WHERE task_id = ?1 AND lease = ?2 AND status = 'running'",
            task_id.to_string(),
            lease.to_string(),
            time_text(lease_until)
        );
        Ok(self.run(bound).await? == 1)
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
                    TaskEnd::Again { due_at } => ("pending", Some(time_text(*due_at)), None, 0),
                    TaskEnd::Dead { error } => ("dead", None, Some(error.as_str()), 0),
                };
                json!({
                    "task_id": settled.task_id, "lease": settled.lease, "wanted": settled.wanted, "status": status,
                    "due_at": due_at, "error": error, "uncounted": uncounted, "now": time_text(settled.now),
                    "again": i32::from(matches!(settled.end, TaskEnd::Again { .. })),
                })
            })
            .collect();
        let done = bind!(SETTLE, json_text(&values)?).execute(&mut *tx).await.map_err(fault)?;
        let lead = |lead: &LeadWritten| {
            Ok(json!({
                "contact_id": lead.contact_id, "lead_id": lead.airtable_lead_id, "stage": lead.stage,
                "now": time_text(lead.now), "cells": json_text(&lead.cells)?,
            }))
        };
        bulk(&mut tx, LEADS, leads, lead).await?;
        bulk(&mut tx, CHAT_LEADS, leads, lead).await?;
        let told: Vec<NotificationRow> = leads.iter().flat_map(|lead| lead.notifications.iter().cloned()).collect();
        notifications(&mut tx, &told).await?;
        let ends = TaskEnds::of(settled);
        if let Some((_, now)) = ends.at.filter(|_| !ends.well.is_empty()) {
            alerts::succeeded(&mut tx, &ends.well, now).await?;
        }
        if let Some(at) = ends.at.filter(|_| !ends.dead.is_empty()) {
            alerts::given_up(&mut tx, &ends.dead, at).await?;
        }
        if !log_rows.is_empty() {
            let ids: Vec<Uuid> = log_rows.iter().map(|row| row.log_id).collect();
            bind!(FORGET_PENDING, json_text(&ids)?).execute(&mut *tx).await.map_err(fault)?;
        }
        logs(&mut tx, log_rows).await?;
        tx.commit().await.map_err(fault)?;
        Ok(done.rows_affected())
    }

    pub(in crate::store) async fn retry_task(&self, task_id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let bound = bind!(
            "UPDATE tasks SET status = 'pending', attempts = 0, due_at = ?2, updated_at = ?2
             WHERE task_id = ?1 AND status <> 'running'",
            task_id.to_string(),
            time_text(now)
        );
        Ok(self.run(bound).await? == 1)
    }

    pub(in crate::store) async fn lead_subjects(&self, contact_ids: &[Uuid]) -> Result<Vec<LeadSubject>, StoreError> {
        let bound = bind!(
            concat!(
                contact_columns!(),
                ", c.lead_written, c.ai_context_summary FROM json_each(?1) AS k CROSS JOIN contacts AS c ON c.contact_id = k.value"
            ),
            json_text(contact_ids)?
        );
        let rows = self.rows(bound).await?;
        views_of::readable(&rows, views_of::lead_subject)
    }

    pub(in crate::store) async fn contacts_in_campaign(
        &self,
        client_id: &ClientId,
        campaign: &CampaignId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, Email)>, StoreError> {
        let bound = bind!(
            "SELECT contact_id, email FROM contacts
             WHERE current_campaign_id = ?1 AND client_id = ?2 AND contact_id > ?3
             ORDER BY contact_id LIMIT ?4",
            campaign.as_str(),
            client_id.as_str(),
            after.map(|id| id.to_string()).unwrap_or_default(),
            limit
        );
        let rows = self.rows(bound).await?;
        views_of::readable(&rows, views_of::id_and_email)
    }

    pub(in crate::store) async fn contacts_changed_outside(&self, limit: u32) -> Result<Vec<ContactKey>, StoreError> {
        let bound = bind!(
            "SELECT client_id, email FROM contacts WHERE changed_outside IS NOT NULL ORDER BY contact_id LIMIT ?1",
            limit
        );
        self.all(bound, key).await
    }
}
