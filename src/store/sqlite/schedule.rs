//! What the scheduler asks. `INDEXED BY` refuses a statement that its index can't answer.

use super::{SqliteStore, StoreError, fault, json_text, time_text};
use crate::domain::ids::ClientId;
use crate::engine::rows::TaskKind;
use crate::store::cells::{Cells as _, unreadable};
use crate::store::schedule::{Coming, Lasting};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

const NEXT_CLIENT: &str =
    "SELECT min(client_id) AS client_id FROM contacts INDEXED BY idx_contacts_client WHERE client_id > ?1";

const RETURNS: &str = "
    SELECT follow_up_date, contact_id FROM contacts INDEXED BY idx_contacts_absent
    WHERE client_id = ?1 AND lead_status = 'out_of_office'
      AND follow_up_date <= ?2 AND (follow_up_date, contact_id) > (?3, ?4)
    ORDER BY follow_up_date, contact_id LIMIT ?5";

const FOLLOW_UPS: &str = "
    SELECT follow_up_date, contact_id FROM contacts INDEXED BY idx_contacts_due
    WHERE client_id = ?1 AND follow_up_date IS NOT NULL AND follow_up_told IS NOT follow_up_date
      AND lead_status <> 'out_of_office' AND (follow_up_reason IS NOT NULL OR pipeline_status <> 'meeting_booked')
      AND follow_up_date <= ?2 AND (follow_up_date, contact_id) > (?3, ?4)
    ORDER BY follow_up_date, contact_id LIMIT ?5";

const SILENCES: &str = "
    SELECT contact_id, coalesce(last_contact_date < ?2 AND last_contact_date > last_reply_date, 0) AS is_due
    FROM contacts INDEXED BY idx_contacts_interested
    WHERE client_id = ?1 AND lead_status = 'interested' AND pipeline_status = 'follow_up' AND contact_id > ?3
    ORDER BY contact_id LIMIT ?4";

const SEQUENCES: &str = "
    SELECT contact_id, coalesce(last_contact_date < ?2, 0) AS is_due
    FROM contacts INDEXED BY idx_contacts_in_sequence
    WHERE client_id = ?1 AND lead_status = 'active' AND campaign_status = 'active' AND contact_id > ?3
    ORDER BY contact_id LIMIT ?4";

const COUNT_LIST: &str = "
    UPDATE lead_lists SET total_contacts = n.total, contacts_in_campaigns = n.in_campaigns, updated_at = ?2
    FROM (SELECT
              (SELECT count(*) FROM contacts AS c INDEXED BY idx_contacts_client_list
               WHERE c.client_id = l.client_id AND c.list_id = l.list_id) AS total,
              (SELECT count(*) FROM contacts AS c INDEXED BY idx_contacts_list_in_campaign
               WHERE c.client_id = l.client_id AND c.list_id = l.list_id AND c.current_campaign_id IS NOT NULL) AS in_campaigns
          FROM lead_lists AS l WHERE l.list_id = ?1) AS n
    WHERE list_id = ?1 AND (total_contacts IS NOT n.total OR contacts_in_campaigns IS NOT n.in_campaigns)";

const EMPTY_BODIES: &str = "
    UPDATE deliveries SET body = ''
    WHERE delivery_id IN (
        SELECT delivery_id FROM deliveries INDEXED BY idx_deliveries_received
        WHERE received_at >= ?1 AND received_at < ?2 AND body <> ''
        ORDER BY received_at LIMIT ?3)
    RETURNING received_at";

const DELETE_TASKS: &str = "
    DELETE FROM tasks
    WHERE task_id IN (
        SELECT task_id FROM tasks INDEXED BY idx_tasks_claim
        WHERE status = 'done' AND kind IN (SELECT value FROM json_each(?1)) AND priority IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
          AND due_at < ?2
        LIMIT ?3)";

impl SqliteStore {
    pub(in crate::store) async fn next_client(&self, after: &str) -> Result<Option<String>, StoreError> {
        let row = bind!(NEXT_CLIENT, after).fetch_one(&self.readers).await.map_err(fault)?;
        row.maybe("client_id")
    }

    pub(in crate::store) async fn coming(
        &self,
        what: Coming,
        client_id: &ClientId,
        until: NaiveDate,
        after: Option<(NaiveDate, Uuid)>,
        limit: u32,
    ) -> Result<Vec<(NaiveDate, Uuid)>, StoreError> {
        let statement = match what {
            Coming::Returns => RETURNS,
            Coming::FollowUps => FOLLOW_UPS,
        };
        let (date, id) = after.map(|(date, id)| (date.to_string(), id.to_string())).unwrap_or_default();
        let bound = bind!(statement, client_id.as_str(), until.to_string(), date, id, limit);
        self.all(bound, |row| {
            let date = row.text("follow_up_date")?;
            Ok((date.parse().map_err(|error| unreadable("follow-up date", error))?, row.id("contact_id")?))
        })
        .await
    }

    pub(in crate::store) async fn lasting(
        &self,
        what: Lasting,
        client_id: &ClientId,
        before: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, bool)>, StoreError> {
        let statement = match what {
            Lasting::Silence => SILENCES,
            Lasting::Sequence => SEQUENCES,
        };
        let bound = bind!(
            statement,
            client_id.as_str(),
            time_text(before),
            after.map(|id| id.to_string()).unwrap_or_default(),
            limit
        );
        self.all(bound, |row| Ok((row.id("contact_id")?, row.flag("is_due")?))).await
    }

    pub(in crate::store) async fn tasks_alive(&self, task_keys: &[String]) -> Result<Vec<String>, StoreError> {
        let bound = bind!(
            "SELECT task_key FROM tasks
             WHERE task_key IN (SELECT value FROM json_each(?1)) AND status IN ('pending', 'running')",
            json_text(task_keys)?
        );
        self.all(bound, |row| row.text("task_key")).await
    }

    pub(in crate::store) async fn lists(
        &self,
        client_id: &ClientId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Uuid>, StoreError> {
        let bound = bind!(
            "SELECT list_id FROM lead_lists WHERE client_id = ?1 AND list_id > ?2 ORDER BY list_id LIMIT ?3",
            client_id.as_str(),
            after.map(|id| id.to_string()).unwrap_or_default(),
            limit
        );
        self.all(bound, |row| row.id("list_id")).await
    }

    pub(in crate::store) async fn count_list(&self, list_id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let query = bind!(COUNT_LIST, list_id.to_string(), time_text(now));
        Ok(query.execute(&self.writer).await.map_err(fault)?.rows_affected() > 0)
    }

    pub(in crate::store) async fn empty_bodies(
        &self,
        since: DateTime<Utc>,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<DateTime<Utc>>, StoreError> {
        let query = bind!(EMPTY_BODIES, time_text(since), time_text(before), limit);
        let rows = query.fetch_all(&self.writer).await.map_err(fault)?;
        let received =
            rows.iter().map(|row| row.text("received_at")?.parse().map_err(|error| unreadable("time", error)));
        received.collect()
    }

    pub(in crate::store) async fn delete_done_tasks(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let query = bind!(DELETE_TASKS, json_text(TaskKind::ALL)?, time_text(before), limit);
        Ok(query.execute(&self.writer).await.map_err(fault)?.rows_affected())
    }

    pub(in crate::store) async fn schedule_plans(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        let statements = [
            ("clients", NEXT_CLIENT),
            ("return_due", RETURNS),
            ("follow_up_due", FOLLOW_UPS),
            ("went_silent", SILENCES),
            ("sequence_finished", SEQUENCES),
            ("list_totals", COUNT_LIST),
            ("retention of bodies", EMPTY_BODIES),
            ("retention of tasks", DELETE_TASKS),
            ("in sequence at a platform", super::platforms::IN_SEQUENCE),
            ("claim of tasks", super::tasks::CLAIM),
            ("claim for an account", super::platforms::CLAIM),
            ("due for an account", super::platforms::HAS_DUE),
        ];
        let mut plans = Vec::with_capacity(statements.len());
        for (name, statement) in statements {
            // What is put together is constant.
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let rows = self.rows(sqlx::query(explain)).await?;
            let lines = rows.iter().map(|row| row.text("detail")).collect::<Result<Vec<_>, _>>()?;
            plans.push((name, lines.join("\n")));
        }
        Ok(plans)
    }
}
