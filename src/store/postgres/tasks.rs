//! Tasks: claimed by lease, settled in one transaction with what they did.

use super::load::contact_columns;
use super::write::{write_logs, write_notifications};
use super::{PostgresStore, alerts, fault};
use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::engine::rows::{
    ClaimedTask, LeadSubject, LeadWritten, LogRow, NotificationRow, TaskEnd, TaskKind, TaskSettled,
};
use crate::store::alerts::TaskEnds;
use crate::store::cells::key;
use crate::store::{StoreError, views_of};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

// A row that another instance is claiming is passed over, not waited for.
const CLAIM: &str = "
    UPDATE tasks SET
        status = 'running', lease = $4, lease_until = $5, attempts = attempts + 1, updated_at = $3
    WHERE task_id IN (
        SELECT task_id FROM tasks
        WHERE kind = ANY($1)
          AND ((status = 'pending' AND due_at <= $3) OR (status = 'running' AND lease_until <= $3))
        ORDER BY priority, due_at, task_id
        LIMIT $2
        FOR UPDATE SKIP LOCKED)
    RETURNING task_id, kind, client_id, task_key, contact_id, payload, attempts, wanted, priority";

const TAKE_OVER: &str = "
    UPDATE tasks SET status = 'running', lease = $3, lease_until = $4, attempts = attempts + 1, updated_at = $2
    WHERE task_key = $1 AND status <> 'done'
    RETURNING task_id, kind, client_id, task_key, contact_id, payload, attempts, wanted, priority";

// The order in which the intake locks: contacts by their keys, then tasks by theirs.
const LOCK_CONTACTS: &str = "
    SELECT 1 FROM contacts AS c
    WHERE c.contact_id IN (SELECT t.contact_id FROM tasks AS t WHERE t.task_id = ANY($1)) OR c.contact_id = ANY($2)
    ORDER BY c.client_id, lower(c.email), c.email = lower(c.email), c.created_at DESC NULLS FIRST, c.contact_id DESC
    FOR UPDATE OF c";

const LOCK_TASKS: &str = "SELECT 1 FROM tasks WHERE task_id = ANY($1) ORDER BY task_key FOR UPDATE";

// Fenced by the lease. Wanted again meanwhile: pending again at once. An address is kept only as long as it is needed.
const SETTLE: &str = "
    UPDATE tasks AS t SET
        status = CASE WHEN v.status <> 'pending' AND t.wanted > v.wanted THEN 'pending' ELSE v.status END,
        due_at = CASE WHEN v.again AND t.wanted > v.wanted THEN v.now ELSE coalesce(v.due_at, v.now) END,
        attempts = CASE WHEN v.again OR v.status = 'done' OR v.status = 'dead' AND t.wanted > v.wanted THEN 0
                        ELSE t.attempts - v.uncounted END,
        payload = CASE WHEN v.status = 'done' AND t.wanted = v.wanted THEN t.payload - 'address' ELSE t.payload END,
        last_error = v.error, lease = NULL, lease_until = NULL, updated_at = v.now
    FROM unnest($1::UUID[], $2::UUID[], $3::BIGINT[], $4::TEXT[], $5::TIMESTAMPTZ[], $6::TEXT[], $7::INT[], $8::TIMESTAMPTZ[],
        $9::BOOL[]) AS v(task_id, lease, wanted, status, due_at, error, uncounted, now, again)
    WHERE t.task_id = v.task_id AND t.lease = v.lease AND t.status = 'running'";

// What was told as open is told anew.
const FORGET_PENDING: &str = "DELETE FROM automation_logs WHERE status = 'Pending' AND log_id = ANY($1)";

const LEADS: &str = "
    UPDATE contacts AS c SET
        airtable_lead_id = v.lead_id, promoted_at = coalesce(c.promoted_at, v.now), has_engaged = TRUE,
        lead_stage_written = v.stage, lead_written = coalesce(c.lead_written, '{}') || v.cells, updated_at = v.now
    FROM unnest($1::UUID[], $2::TEXT[], $3::TEXT[], $4::TIMESTAMPTZ[], $5::JSONB[])
        AS v(contact_id, lead_id, stage, now, cells)
    WHERE c.contact_id = v.contact_id";

const CHAT_LEADS: &str = "
    UPDATE chat_history AS h SET lead_id = v.lead_id
    FROM unnest($1::UUID[], $2::TEXT[]) AS v(contact_id, lead_id)
    WHERE h.contact_id = v.contact_id AND h.lead_id IS DISTINCT FROM v.lead_id";

impl PostgresStore {
    pub(in crate::store) async fn claim_tasks(
        &self,
        kinds: &[TaskKind],
        limit: u32,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        lease: Uuid,
    ) -> Result<Vec<ClaimedTask>, StoreError> {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let rows = bind!(CLAIM, kinds, i64::from(limit), now, lease, lease_until)
            .fetch_all(&self.writers)
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
        let rows = bind!(TAKE_OVER, task_key, now, lease, lease_until).fetch_all(&self.writers).await.map_err(fault)?;
        Ok(views_of::claimed(&rows, lease)?.pop())
    }

    pub(in crate::store) async fn has_due_task(
        &self,
        kinds: &[TaskKind],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let bound = bind!(
            "SELECT 1 FROM tasks WHERE kind = ANY($1)
               AND ((status = 'pending' AND due_at <= $2) OR (status = 'running' AND lease_until <= $2)) LIMIT 1",
            kinds,
            now
        );
        Ok(self.row(bound).await?.is_some())
    }

    pub(in crate::store) async fn is_any_running(&self, task_keys: &[String]) -> Result<bool, StoreError> {
        let bound = bind!("SELECT 1 FROM tasks WHERE task_key = ANY($1) AND status = 'running' LIMIT 1", task_keys);
        Ok(self.row(bound).await?.is_some())
    }

    pub(in crate::store) async fn extend_lease(
        &self,
        task_id: Uuid,
        lease: Uuid,
        lease_until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let bound = bind!(
            "UPDATE tasks SET lease_until = $3 WHERE task_id = $1 AND lease = $2 AND status = 'running'",
            task_id,
            lease,
            lease_until
        );
        Ok(self.run(bound).await? == 1)
    }

    pub(in crate::store) async fn settle_tasks(
        &self,
        settled: &[TaskSettled],
        leads: &[LeadWritten],
        log_rows: &[LogRow],
    ) -> Result<u64, StoreError> {
        let mut tx = self.transaction().await?;
        let tasks: Vec<Uuid> = settled.iter().map(|settled| settled.task_id).collect();
        let contacts: Vec<Uuid> = leads.iter().map(|lead| lead.contact_id).collect();
        bind!(LOCK_CONTACTS, &tasks, contacts).execute(&mut *tx).await.map_err(fault)?;
        bind!(LOCK_TASKS, &tasks).execute(&mut *tx).await.map_err(fault)?;
        let done = bind!(
            SETTLE,
            tasks,
            settled.iter().map(|settled| settled.lease).collect::<Vec<_>>(),
            settled.iter().map(|settled| settled.wanted).collect::<Vec<_>>(),
            settled.iter().map(|settled| Ended::of(settled).status).collect::<Vec<_>>(),
            settled.iter().map(|settled| Ended::of(settled).due_at).collect::<Vec<_>>(),
            settled.iter().map(|settled| Ended::of(settled).error).collect::<Vec<_>>(),
            settled.iter().map(|settled| Ended::of(settled).uncounted).collect::<Vec<_>>(),
            settled.iter().map(|settled| settled.now).collect::<Vec<_>>(),
            settled.iter().map(|settled| matches!(settled.end, TaskEnd::Again { .. })).collect::<Vec<_>>()
        )
        .execute(&mut *tx)
        .await
        .map_err(fault)?;
        if !leads.is_empty() {
            let ids: Vec<Uuid> = leads.iter().map(|lead| lead.contact_id).collect();
            let records: Vec<&str> = leads.iter().map(|lead| lead.airtable_lead_id.as_str()).collect();
            bind!(
                LEADS,
                &ids,
                &records,
                leads.iter().map(|lead| lead.stage.as_str()).collect::<Vec<_>>(),
                leads.iter().map(|lead| lead.now).collect::<Vec<_>>(),
                leads.iter().map(|lead| Json(&lead.cells)).collect::<Vec<_>>()
            )
            .execute(&mut *tx)
            .await
            .map_err(fault)?;
            bind!(CHAT_LEADS, ids, records).execute(&mut *tx).await.map_err(fault)?;
            let told: Vec<NotificationRow> = leads.iter().flat_map(|lead| lead.notifications.iter().cloned()).collect();
            write_notifications(&mut tx, &told).await?;
        }
        let ends = TaskEnds::of(settled);
        if let Some((_, now)) = ends.at.filter(|_| !ends.well.is_empty()) {
            alerts::succeeded(&mut tx, &ends.well, now).await?;
        }
        let dead = match ends.at.filter(|_| !ends.dead.is_empty()) {
            Some(at) => alerts::given_up(&mut tx, &ends.dead, at).await?,
            None => Vec::new(),
        };
        if !log_rows.is_empty() {
            let ids: Vec<Uuid> = log_rows.iter().map(|row| row.log_id).collect();
            bind!(FORGET_PENDING, ids).execute(&mut *tx).await.map_err(fault)?;
        }
        write_logs(&mut tx, log_rows, dead).await?;
        tx.commit().await.map_err(fault)?;
        Ok(done.rows_affected())
    }

    pub(in crate::store) async fn retry_task(&self, task_id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let bound = bind!(
            "UPDATE tasks SET status = 'pending', attempts = 0, due_at = $2, updated_at = $2
             WHERE task_id = $1 AND status <> 'running'",
            task_id,
            now
        );
        Ok(self.run(bound).await? == 1)
    }

    pub(in crate::store) async fn lead_subjects(&self, contact_ids: &[Uuid]) -> Result<Vec<LeadSubject>, StoreError> {
        let bound = bind!(
            concat!(
                contact_columns!(),
                ", c.lead_written, c.ai_context_summary FROM contacts AS c WHERE c.contact_id = ANY($1)"
            ),
            contact_ids
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
            "SELECT contact_id, lower(email) AS email FROM contacts
             WHERE current_campaign_id = $1 AND client_id = $2 AND contact_id > $3
             ORDER BY contact_id LIMIT $4",
            campaign.as_str(),
            client_id.as_str(),
            after.unwrap_or(Uuid::nil()),
            i64::from(limit)
        );
        let rows = self.rows(bound).await?;
        views_of::readable(&rows, views_of::id_and_email)
    }

    pub(in crate::store) async fn contacts_changed_outside(&self, limit: u32) -> Result<Vec<ContactKey>, StoreError> {
        let bound = bind!(
            "SELECT client_id, lower(email) AS email FROM contacts WHERE changed_outside IS NOT NULL
             ORDER BY contact_id LIMIT $1",
            i64::from(limit)
        );
        self.all(bound, key).await
    }
}

/// How a task ended, as its columns.
struct Ended<'a> {
    status: &'static str,
    due_at: Option<DateTime<Utc>>,
    error: Option<&'a str>,
    uncounted: i32,
}

impl<'a> Ended<'a> {
    fn of(settled: &'a TaskSettled) -> Self {
        match &settled.end {
            TaskEnd::Done => Self { status: "done", due_at: None, error: None, uncounted: 0 },
            TaskEnd::Retry { due_at, error, counts } => {
                Self { status: "pending", due_at: Some(*due_at), error: Some(error), uncounted: i32::from(!counts) }
            }
            TaskEnd::Again { due_at } => Self { status: "pending", due_at: Some(*due_at), error: None, uncounted: 0 },
            TaskEnd::Dead { error } => Self { status: "dead", due_at: None, error: Some(error), uncounted: 0 },
        }
    }
}
