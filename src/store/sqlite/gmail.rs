//! What the work with Gmail asks of the database.

use super::{SqliteStore, StoreError, fault, json_text, time_text};
use crate::domain::ids::{ClientId, Email};
use crate::store::cells::{self, Cells as _};
use crate::store::views::{Clues, News, Owners};
use crate::store::views_of;
use chrono::{DateTime, Utc};
use uuid::Uuid;

const OWNERS: &str = "
    SELECT 'address' AS clue, c.email AS term, c.email, NULL AS used, '' AS at
    FROM json_each(?2) AS k CROSS JOIN contacts AS c ON c.client_id = ?1 AND c.email = k.value
    UNION ALL
    SELECT 'event', e.dedupe_key, c.email, h.contact_identifier, ''
    FROM json_each(?3) AS k CROSS JOIN events AS e ON e.client_id = ?1 AND e.dedupe_key = k.value
    JOIN contacts AS c ON c.contact_id = e.contact_id
    LEFT JOIN chat_history AS h ON h.contact_id = e.contact_id AND h.message_key = e.dedupe_key
    UNION ALL
    SELECT 'thread', h.thread_id, c.email, h.contact_identifier, min(h.message_timestamp)
    FROM json_each(?4) AS k CROSS JOIN chat_history AS h ON h.thread_id = k.value AND h.platform = 'gmail'
    JOIN contacts AS c ON c.contact_id = h.contact_id AND c.client_id = ?1
    GROUP BY h.thread_id, c.email, h.contact_identifier
    ORDER BY at, email, used";

// Decimals without leading zeros: the longer is the greater. SQLite's own integers end at half of Google's.
const ADVANCE: &str = "
    INSERT INTO cursors (name, value, updated_at) VALUES (?1, ?2, ?3)
    ON CONFLICT (name) DO UPDATE SET
        value = CASE WHEN (length(value), value) < (length(?2), ?2) THEN ?2 ELSE value END,
        updated_at = max(updated_at, ?3)";

const SET_ASIDE: &str = "
    INSERT INTO gmail_aside (client_id, mailbox, message_id, key, is_due, seen_at)
    SELECT ?1, ?2, v.value ->> 0, v.value ->> 1, 0, ?4 FROM json_each(?3) AS v WHERE true
    ON CONFLICT (client_id, mailbox, message_id, key) DO NOTHING";

const IS_NOT_DUE: &str = "
    UPDATE gmail_aside SET is_due = 0
    WHERE client_id = ?1 AND mailbox = ?2 AND is_due = 1
      AND message_id IN (SELECT v.value ->> 0 FROM json_each(?3) AS v)";

const CALL_BACK: &str = "
    UPDATE gmail_aside SET is_due = 1
    WHERE is_due = 0 AND (client_id, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))
    RETURNING client_id, mailbox AS email";

const CALLED_BACK: &str = "
    SELECT message_id FROM gmail_aside WHERE client_id = ?1 AND mailbox = ?2
    GROUP BY message_id HAVING max(is_due) = 1 ORDER BY min(seen_at), message_id LIMIT ?3";

const BOUND: &str = "
    DELETE FROM gmail_aside WHERE client_id = ?1 AND mailbox = ?2 AND message_id IN (
        SELECT message_id FROM gmail_aside WHERE client_id = ?1 AND mailbox = ?2
        GROUP BY message_id ORDER BY min(seen_at) DESC, message_id DESC LIMIT -1 OFFSET ?3)";

const NEWS: &str = "
    SELECT e.received_at, e.event_id, e.client_id, c.email, e.dedupe_key, h.thread_id
    FROM events AS e JOIN contacts AS c ON c.contact_id = e.contact_id
    LEFT JOIN chat_history AS h
        ON h.contact_id = e.contact_id AND h.message_key = e.dedupe_key AND h.platform = 'gmail'
    WHERE e.received_at >= ?1 AND (e.received_at, e.event_id) > (?1, ?2)
      AND e.client_id IN (SELECT value FROM json_each(?3))
    ORDER BY e.received_at, e.event_id LIMIT ?4";

impl SqliteStore {
    pub(in crate::store) async fn owners(&self, client_id: &ClientId, clues: &Clues) -> Result<Owners, StoreError> {
        let bound = bind!(
            OWNERS,
            client_id.as_str(),
            json_text(&clues.addresses)?,
            json_text(&clues.event_keys)?,
            json_text(&clues.threads)?
        );
        let rows = self.rows(bound).await?;
        views_of::owners(&rows)
    }

    pub(in crate::store) async fn cursor(&self, name: &str) -> Result<Option<(String, DateTime<Utc>)>, StoreError> {
        let row = self.row(bind!("SELECT value, updated_at FROM cursors WHERE name = ?1", name)).await?;
        row.map(|row| Ok((row.text("value")?, cells::time(&row, "updated_at")?))).transpose()
    }

    pub(in crate::store) async fn advance_cursor(
        &self,
        name: &str,
        value: u64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.run(bind!(ADVANCE, name, value.to_string(), time_text(now))).await?;
        Ok(())
    }

    pub(in crate::store) async fn set_aside(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        rows: &[(&str, &str)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let rows = json_text(rows)?;
        self.run(bind!(IS_NOT_DUE, client_id.as_str(), mailbox.as_str(), &rows)).await?;
        self.run(bind!(SET_ASIDE, client_id.as_str(), mailbox.as_str(), &rows, time_text(now))).await?;
        Ok(())
    }

    pub(in crate::store) async fn call_back(
        &self,
        keys: &[(ClientId, String)],
    ) -> Result<Vec<(ClientId, Email)>, StoreError> {
        let rows = bind!(CALL_BACK, json_text(keys)?).fetch_all(&self.writer).await.map_err(fault)?;
        views_of::mailboxes(&rows)
    }

    pub(in crate::store) async fn called_back(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        self.all(bind!(CALLED_BACK, client_id.as_str(), mailbox.as_str(), limit), |row| row.text("message_id")).await
    }

    pub(in crate::store) async fn take_from_aside(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        message_ids: &[String],
    ) -> Result<(), StoreError> {
        let bound = bind!(
            "DELETE FROM gmail_aside
             WHERE client_id = ?1 AND mailbox = ?2 AND message_id IN (SELECT value FROM json_each(?3))",
            client_id.as_str(),
            mailbox.as_str(),
            json_text(message_ids)?
        );
        self.run(bound).await?;
        Ok(())
    }

    pub(in crate::store) async fn expire_aside(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        self.run(bind!("DELETE FROM gmail_aside WHERE seen_at < ?1", time_text(before))).await?;
        Ok(())
    }

    pub(in crate::store) async fn bound_aside(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        mails_max: u32,
    ) -> Result<(), StoreError> {
        self.run(bind!(BOUND, client_id.as_str(), mailbox.as_str(), mails_max)).await?;
        Ok(())
    }

    pub(in crate::store) async fn news(
        &self,
        clients: &[ClientId],
        since: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<News>, StoreError> {
        let bound = bind!(
            NEWS,
            time_text(since),
            after.map(|id| id.to_string()).unwrap_or_default(),
            json_text(clients)?,
            limit
        );
        self.all(bound, views_of::news).await
    }
}
