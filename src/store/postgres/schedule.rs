//! What the scheduler asks, over the connections that plan by index.

use super::{PostgresStore, fault};
use crate::domain::ids::ClientId;
use crate::store::StoreError;
use crate::store::cells::Cells as _;
use crate::store::schedule::{Coming, Lasting};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Executor as _, Postgres, Row as _};
use uuid::Uuid;

const NEXT_CLIENT: &str = "SELECT min(client_id) AS client_id FROM contacts WHERE client_id > $1";

const RETURNS: &str = "
    SELECT follow_up_date, contact_id FROM contacts
    WHERE client_id = $1 AND lead_status = 'out_of_office'
      AND follow_up_date <= $2 AND (follow_up_date, contact_id) > ($3, $4)
    ORDER BY follow_up_date, contact_id LIMIT $5";

const FOLLOW_UPS: &str = "
    SELECT follow_up_date, contact_id FROM contacts
    WHERE client_id = $1 AND follow_up_date IS NOT NULL AND follow_up_told IS DISTINCT FROM follow_up_date
      AND lead_status <> 'out_of_office' AND (follow_up_reason IS NOT NULL OR pipeline_status <> 'meeting_booked')
      AND follow_up_date <= $2 AND (follow_up_date, contact_id) > ($3, $4)
    ORDER BY follow_up_date, contact_id LIMIT $5";

const SILENCES: &str = "
    SELECT contact_id, coalesce(last_contact_date < $2 AND last_contact_date > last_reply_date, FALSE) AS is_due FROM contacts
    WHERE client_id = $1 AND lead_status = 'interested' AND pipeline_status = 'follow_up' AND contact_id > $3
    ORDER BY contact_id LIMIT $4";

const SEQUENCES: &str = "
    SELECT contact_id, coalesce(last_contact_date < $2, FALSE) AS is_due FROM contacts
    WHERE client_id = $1 AND lead_status = 'active' AND campaign_status = 'active' AND contact_id > $3
    ORDER BY contact_id LIMIT $4";

const COUNT_LIST: &str = "
    UPDATE lead_lists AS l SET total_contacts = n.total, contacts_in_campaigns = n.in_campaigns, updated_at = $2
    FROM (SELECT
              (SELECT count(*)::INT FROM contacts AS c
               WHERE c.client_id = w.client_id AND c.list_id = w.list_id) AS total,
              (SELECT count(*)::INT FROM contacts AS c
               WHERE c.client_id = w.client_id AND c.list_id = w.list_id AND c.current_campaign_id IS NOT NULL) AS in_campaigns
          FROM lead_lists AS w WHERE w.list_id = $1) AS n
    WHERE l.list_id = $1
      AND (l.total_contacts, l.contacts_in_campaigns) IS DISTINCT FROM (n.total, n.in_campaigns)";

const EMPTY_BODIES: &str = "
    UPDATE deliveries SET body = ''
    WHERE delivery_id IN (
        SELECT delivery_id FROM deliveries
        WHERE received_at >= $1 AND received_at < $2 AND body <> ''
        ORDER BY received_at LIMIT $3)
    RETURNING received_at";

// A task that is wanted again at this moment stays.
const DELETE_TASKS: &str = "
    DELETE FROM tasks
    WHERE task_id IN (
        SELECT task_id FROM tasks
        WHERE status = 'done' AND due_at < $1
        ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// A page, for a plan that is only shown.
const PLANNED_LIMIT: i64 = 1_000;

/// Nothing falls due before it.
fn first_day() -> NaiveDate {
    DateTime::UNIX_EPOCH.date_naive()
}

fn coming(
    statement: &'static str,
    client_id: &str,
    until: NaiveDate,
    after: Option<(NaiveDate, Uuid)>,
    limit: u32,
) -> Query<'static, Postgres, PgArguments> {
    let (date, id) = after.unwrap_or((first_day(), Uuid::nil()));
    bind!(statement, client_id.to_owned(), until, date, id, i64::from(limit))
}

fn lasting(
    statement: &'static str,
    client_id: &str,
    before: DateTime<Utc>,
    after: Option<Uuid>,
    limit: u32,
) -> Query<'static, Postgres, PgArguments> {
    let after = after.unwrap_or(Uuid::nil());
    bind!(statement, client_id.to_owned(), before, after, i64::from(limit))
}

const fn of_coming(what: Coming) -> &'static str {
    match what {
        Coming::Returns => RETURNS,
        Coming::FollowUps => FOLLOW_UPS,
    }
}

const fn of_lasting(what: Lasting) -> &'static str {
    match what {
        Lasting::Silence => SILENCES,
        Lasting::Sequence => SEQUENCES,
    }
}

/// A page is read in the order of its index. Where the server thinks that few rows are due, it would rather gather and sort all of them,
/// and do that again for each page.
const IN_ORDER: &str = "SET LOCAL enable_bitmapscan = 'off'; SET LOCAL enable_sort = 'off'";

impl PostgresStore {
    async fn in_order(&self, query: Query<'_, Postgres, PgArguments>) -> Result<Vec<PgRow>, StoreError> {
        let mut tx = self.transaction().await?;
        tx.execute(IN_ORDER).await.map_err(fault)?;
        let rows = query.fetch_all(&mut *tx).await.map_err(fault)?;
        tx.commit().await.map_err(fault)?;
        Ok(rows)
    }

    pub(in crate::store) async fn next_client(&self, after: &str) -> Result<Option<String>, StoreError> {
        let rows = self.in_order(bind!(NEXT_CLIENT, after)).await?;
        rows.first().map_or(Ok(None), |row| row.maybe("client_id"))
    }

    pub(in crate::store) async fn coming(
        &self,
        what: Coming,
        client_id: &ClientId,
        until: NaiveDate,
        after: Option<(NaiveDate, Uuid)>,
        limit: u32,
    ) -> Result<Vec<(NaiveDate, Uuid)>, StoreError> {
        let rows = self.in_order(coming(of_coming(what), client_id.as_str(), until, after, limit)).await?;
        rows.iter().map(|row| Ok((row.try_get("follow_up_date").map_err(fault)?, row.id("contact_id")?))).collect()
    }

    pub(in crate::store) async fn lasting(
        &self,
        what: Lasting,
        client_id: &ClientId,
        before: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, bool)>, StoreError> {
        let rows = self.in_order(lasting(of_lasting(what), client_id.as_str(), before, after, limit)).await?;
        rows.iter().map(|row| Ok((row.id("contact_id")?, row.flag("is_due")?))).collect()
    }

    pub(in crate::store) async fn tasks_alive(&self, task_keys: &[String]) -> Result<Vec<String>, StoreError> {
        let rows = bind!(
            "SELECT task_key FROM tasks WHERE task_key = ANY($1) AND status IN ('pending', 'running')",
            task_keys
        )
        .fetch_all(&self.writers)
        .await
        .map_err(fault)?;
        rows.iter().map(|row| row.text("task_key")).collect()
    }

    pub(in crate::store) async fn lists(
        &self,
        client_id: &ClientId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Uuid>, StoreError> {
        let rows = bind!(
            "SELECT list_id FROM lead_lists WHERE client_id = $1 AND list_id > $2 ORDER BY list_id LIMIT $3",
            client_id.as_str(),
            after.unwrap_or(Uuid::nil()),
            i64::from(limit)
        )
        .fetch_all(&self.writers)
        .await
        .map_err(fault)?;
        rows.iter().map(|row| row.id("list_id")).collect()
    }

    pub(in crate::store) async fn count_list(&self, list_id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let query = bind!(COUNT_LIST, list_id, now);
        Ok(query.execute(&self.writers).await.map_err(fault)?.rows_affected() > 0)
    }

    pub(in crate::store) async fn empty_bodies(
        &self,
        since: DateTime<Utc>,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<DateTime<Utc>>, StoreError> {
        let rows = self.in_order(bind!(EMPTY_BODIES, since, before, i64::from(limit))).await?;
        rows.iter().map(|row| row.try_get("received_at").map_err(fault)).collect()
    }

    pub(in crate::store) async fn delete_done_tasks(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let query = bind!(DELETE_TASKS, before, i64::from(limit));
        Ok(query.execute(&self.writers).await.map_err(fault)?.rows_affected())
    }

    pub(in crate::store) async fn schedule_plans(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<(&'static str, String)>, StoreError> {
        let client = self.next_client("").await?.unwrap_or_default();
        let statements: [(&str, &'static str); 9] = [
            ("clients", NEXT_CLIENT),
            ("return_due", RETURNS),
            ("follow_up_due", FOLLOW_UPS),
            ("went_silent", SILENCES),
            ("sequence_finished", SEQUENCES),
            ("list_totals", COUNT_LIST),
            ("retention of bodies", EMPTY_BODIES),
            ("retention of tasks", DELETE_TASKS),
            ("in sequence at a platform", super::platforms::IN_SEQUENCE),
        ];
        let mut plans = Vec::with_capacity(statements.len());
        for (name, statement) in statements {
            // What is put together is constant.
            let query = sqlx::query(AssertSqlSafe(format!("EXPLAIN {statement}")));
            let query = match name {
                "clients" => query.bind(&client),
                "return_due" | "follow_up_due" => {
                    query.bind(&client).bind(now.date_naive()).bind(first_day()).bind(Uuid::nil()).bind(PLANNED_LIMIT)
                }
                "went_silent" | "sequence_finished" | "in sequence at a platform" => {
                    query.bind(&client).bind(now).bind(Uuid::nil()).bind(PLANNED_LIMIT)
                }
                "list_totals" => query.bind(Uuid::nil()).bind(now),
                "retention of bodies" => query.bind(DateTime::UNIX_EPOCH).bind(now).bind(PLANNED_LIMIT),
                _ => query.bind(now).bind(PLANNED_LIMIT),
            };
            let rows = self.in_order(query).await?;
            let lines: Vec<String> = rows.iter().map(|row| row.try_get(0).map_err(fault)).collect::<Result<_, _>>()?;
            plans.push((name, lines.join("\n")));
        }
        Ok(plans)
    }
}
