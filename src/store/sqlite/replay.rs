//! Deliveries: pages of them, and what reading them again asks of the database and leaves there.

use super::{SqliteStore, SqliteTx, StoreError, fault, json_text, time_text};
use crate::engine::rows::StoredEvent;
use crate::store::cells::{Cells as _, stored_event};
use crate::store::counting::counts_of_withdrawn;
use crate::store::pages::{BRIEF, Page, WHOLE};
use crate::store::views::{
    DeliveryAgain, DeliveryFilter, DeliverySelection, DeliveryView, Effects, ROWS_MAX, StoredDelivery,
};
use crate::store::views_of;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

const NEWEST_FIRST: &str = " AND received_at >= ?4 AND received_at < ?5 AND received_at <= ?6
    AND (received_at, delivery_id) < (?6, ?7) AND ?8 IS NOT NULL ORDER BY received_at DESC, delivery_id DESC LIMIT ?9";
const OLDEST_FIRST: &str = " AND received_at >= ?4 AND received_at < ?5 AND received_at >= ?6
    AND (received_at, delivery_id) > (?6, ?7) AND ?8 IS NOT NULL ORDER BY received_at, delivery_id LIMIT ?9";
const OF_THESE: &str = " AND received_at >= ?4 AND received_at < ?5 AND (received_at, delivery_id) > (?6, ?7)
    AND delivery_id IN (SELECT value FROM json_each(?8)) ORDER BY received_at, delivery_id LIMIT ?9";

const EVENTS_OF_DELIVERIES: &str = "
    SELECT e.event_id, e.contact_id, e.client_id, c.email, e.dedupe_key, e.seen, e.stage_before, e.stage_after, e.refused,
           e.rule, e.delivery_id
    FROM json_each(?1) AS k
    CROSS JOIN events AS e ON e.received_at = k.value ->> 1 AND e.delivery_id = k.value ->> 0
    CROSS JOIN contacts AS c ON c.contact_id = e.contact_id";

const EFFECTS: &str = "
    SELECT t.task_key AS task_key, NULL AS log_id FROM json_each(?1) AS k CROSS JOIN tasks AS t ON t.task_key = k.value
    UNION ALL
    SELECT NULL, l.log_id FROM json_each(?2) AS k CROSS JOIN automation_logs AS l ON l.log_id = k.value";

const DELIVERIES_AGAIN: &str = "
    UPDATE deliveries SET outcome = v.value ->> 'outcome', reason = v.value ->> 'reason',
        events_count = v.value ->> 'events_count', earlier = v.value ->> 'earlier'
    FROM json_each(?1) AS v
    WHERE deliveries.delivery_id = v.value ->> 'delivery_id'";

const CHAT_ROWS_WITHDRAWN: &str = "
    DELETE FROM chat_history WHERE (contact_id, message_key) IN
        (SELECT v.value ->> 0, v.value ->> 1 FROM json_each(?1) AS v)";

const EVENTS_WITHDRAWN: &str = "DELETE FROM events WHERE event_id IN (SELECT v.value ->> 2 FROM json_each(?1) AS v)";

impl SqliteStore {
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
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let conditions = page.conditions([
            ("outcome = ?1", "?1 IS NULL"),
            ("source = ?2", "?2 IS NULL"),
            ("client_id = ?3", "?3 IS NULL"),
        ]);
        let statement = ["SELECT ", columns, " FROM deliveries WHERE ", &conditions, order].concat();
        let bound = bind!(
            sqlx::AssertSqlSafe(statement),
            page.outcome,
            page.source,
            page.client,
            time_text(page.since),
            time_text(page.until),
            time_text(page.after.0),
            page.after.1.to_string(),
            json_text(page.ids)?,
            page.limit
        );
        self.rows(bound).await
    }
}

impl SqliteTx {
    pub(in crate::store) async fn events_of_deliveries(
        &mut self,
        deliveries: &[(Uuid, DateTime<Utc>)],
    ) -> Result<Vec<(Uuid, StoredEvent)>, StoreError> {
        let pairs: Vec<(Uuid, String)> = deliveries.iter().map(|(id, at)| (*id, time_text(*at))).collect();
        let rows = bind!(EVENTS_OF_DELIVERIES, json_text(&pairs)?).fetch_all(&mut *self.tx).await.map_err(fault)?;
        rows.iter().map(|row| Ok((row.id("delivery_id")?, stored_event(row)?))).collect()
    }

    pub(in crate::store) async fn effects(
        &mut self,
        task_keys: &[String],
        log_ids: &[Uuid],
    ) -> Result<Effects, StoreError> {
        let rows =
            bind!(EFFECTS, json_text(task_keys)?, json_text(log_ids)?).fetch_all(&mut *self.tx).await.map_err(fault)?;
        let mut effects = Effects::default();
        for row in &rows {
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
        let connection = &mut *self.tx;
        super::write::bulk(connection, DELIVERIES_AGAIN, deliveries, |row| {
            Ok(json!({
                "delivery_id": row.delivery_id,
                "outcome": row.outcome,
                "reason": row.reason,
                "events_count": row.events_count,
                "earlier": json_text(&row.earlier)?,
            }))
        })
        .await?;
        for statement in [CHAT_ROWS_WITHDRAWN, EVENTS_WITHDRAWN] {
            super::write::bulk(connection, statement, withdrawn, |event| {
                Ok(json!([event.contact_id, event.dedupe_key, event.event_id]))
            })
            .await?;
        }
        super::write::counts(connection, counts_of_withdrawn(withdrawn)).await
    }
}
