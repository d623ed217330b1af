//! Deliveries: pages of them, and what reading them again asks of the database and leaves there.

use super::{PostgresStore, PostgresTx, fault};
use crate::engine::rows::{Outcome, StoredEvent};
use crate::store::cells::{Cells as _, stored_event};
use crate::store::counting::counts_of_withdrawn;
use crate::store::pages::{BRIEF, Page, WHOLE};
use crate::store::views::{
    DeliveryAgain, DeliveryFilter, DeliverySelection, DeliveryView, Effects, ROWS_MAX, StoredDelivery,
};
use crate::store::{StoreError, views_of};
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use uuid::Uuid;

const NEWEST_FIRST: &str = " AND received_at >= $4 AND received_at < $5 AND received_at <= $6
    AND (received_at, delivery_id) < ($6, $7) AND $8::UUID[] IS NOT NULL
    ORDER BY received_at DESC, delivery_id DESC LIMIT $9";
const OLDEST_FIRST: &str = " AND received_at >= $4 AND received_at < $5 AND received_at >= $6
    AND (received_at, delivery_id) > ($6, $7) AND $8::UUID[] IS NOT NULL ORDER BY received_at, delivery_id LIMIT $9";
const OF_THESE: &str = " AND received_at >= $4 AND received_at < $5 AND (received_at, delivery_id) > ($6, $7)
    AND delivery_id = ANY($8::UUID[]) ORDER BY received_at, delivery_id LIMIT $9";

const EVENTS_OF_DELIVERIES: &str = "
    SELECT e.event_id, e.contact_id, e.client_id, lower(c.email) AS email, e.dedupe_key, e.seen, e.stage_before, e.stage_after,
           e.refused, e.rule, e.delivery_id
    FROM unnest($1::UUID[], $2::TIMESTAMPTZ[]) AS k(delivery_id, received_at)
    JOIN events AS e ON e.received_at = k.received_at AND e.delivery_id = k.delivery_id
    JOIN contacts AS c ON c.contact_id = e.contact_id";

const EFFECTS: &str = "
    SELECT task_key, NULL::UUID AS log_id FROM tasks WHERE task_key = ANY($1)
    UNION ALL
    SELECT NULL, log_id FROM automation_logs WHERE log_id = ANY($2)";

const DELIVERIES_AGAIN: &str = "
    UPDATE deliveries AS d SET outcome = v.outcome, reason = v.reason, events_count = v.events_count, earlier = v.earlier
    FROM unnest($1::UUID[], $2::TEXT[], $3::TEXT[], $4::INT[], $5::JSONB[])
        AS v(delivery_id, outcome, reason, events_count, earlier)
    WHERE d.delivery_id = v.delivery_id";

const CHAT_ROWS_WITHDRAWN: &str = "
    DELETE FROM chat_history AS h USING unnest($1::UUID[], $2::TEXT[]) AS v(contact_id, message_key)
    WHERE h.contact_id = v.contact_id AND h.message_key = v.message_key";

const EVENTS_WITHDRAWN: &str = "DELETE FROM events WHERE event_id = ANY($1)";

impl PostgresStore {
    pub(in crate::store) async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryView>, StoreError> {
        let rows = self.page(BRIEF, &Page::newest_first(filter, ROWS_MAX), NEWEST_FIRST).await?;
        rows.iter().map(views_of::delivery).collect()
    }

    pub(in crate::store) async fn stored_deliveries(
        &self,
        selection: &DeliverySelection,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: u32,
    ) -> Result<Vec<StoredDelivery>, StoreError> {
        let order = if selection.ids.is_empty() { OLDEST_FIRST } else { OF_THESE };
        let rows = self.page(WHOLE, &Page::oldest_first(selection, after, limit), order).await?;
        rows.iter().map(views_of::stored_delivery).collect()
    }

    async fn page(
        &self,
        columns: &'static str,
        page: &Page<'_>,
        order: &'static str,
    ) -> Result<Vec<PgRow>, StoreError> {
        let conditions = page.conditions([
            ("outcome = $1", "$1::TEXT IS NULL"),
            ("source = $2", "$2::TEXT IS NULL"),
            ("client_id = $3", "$3::TEXT IS NULL"),
        ]);
        let statement = ["SELECT ", columns, " FROM deliveries WHERE ", &conditions, order].concat();
        let bound = bind!(
            sqlx::AssertSqlSafe(statement),
            page.outcome,
            page.source,
            page.client,
            page.since,
            page.until,
            page.after.0,
            page.after.1,
            page.ids,
            i64::from(page.limit)
        );
        self.rows(bound).await
    }
}

impl PostgresTx {
    pub(in crate::store) async fn events_of_deliveries(
        &mut self,
        deliveries: &[(Uuid, DateTime<Utc>)],
    ) -> Result<Vec<(Uuid, StoredEvent)>, StoreError> {
        let (ids, times): (Vec<Uuid>, Vec<DateTime<Utc>>) = deliveries.iter().copied().unzip();
        let rows = self.read(|| bind!(EVENTS_OF_DELIVERIES, &ids, &times)).await?;
        rows.iter().map(|row| Ok((row.id("delivery_id")?, stored_event(row)?))).collect()
    }

    pub(in crate::store) async fn effects(
        &mut self,
        task_keys: &[String],
        log_ids: &[Uuid],
    ) -> Result<Effects, StoreError> {
        let mut effects = Effects::default();
        for row in &self.read(|| bind!(EFFECTS, task_keys, log_ids)).await? {
            match row.maybe("task_key")? {
                Some(key) => drop(effects.task_keys.insert(key)),
                None => drop(effects.log_ids.insert(row.id("log_id")?)),
            }
        }
        Ok(effects)
    }

    pub(in crate::store) async fn write_again(
        &mut self,
        deliveries: &[DeliveryAgain],
        withdrawn: &[StoredEvent],
    ) -> Result<(), StoreError> {
        if !deliveries.is_empty() {
            let count = |row: &DeliveryAgain| i32::try_from(row.events_count).unwrap_or(i32::MAX);
            bind!(
                DELIVERIES_AGAIN,
                deliveries.iter().map(|row| row.delivery_id).collect::<Vec<_>>(),
                deliveries.iter().map(|row| Outcome::as_str(row.outcome)).collect::<Vec<_>>(),
                deliveries.iter().map(|row| row.reason.as_deref()).collect::<Vec<_>>(),
                deliveries.iter().map(count).collect::<Vec<_>>(),
                deliveries.iter().map(|row| Json(&row.earlier)).collect::<Vec<_>>()
            )
            .execute(self.connection())
            .await
            .map_err(fault)?;
        }
        if !withdrawn.is_empty() {
            bind!(
                CHAT_ROWS_WITHDRAWN,
                withdrawn.iter().map(|event| event.contact_id).collect::<Vec<_>>(),
                withdrawn.iter().map(|event| event.dedupe_key.as_str()).collect::<Vec<_>>()
            )
            .execute(self.connection())
            .await
            .map_err(fault)?;
            bind!(EVENTS_WITHDRAWN, withdrawn.iter().map(|event| event.event_id).collect::<Vec<_>>())
                .execute(self.connection())
                .await
                .map_err(fault)?;
        }
        super::write::write_counts(self.connection(), &counts_of_withdrawn(withdrawn)).await
    }
}
