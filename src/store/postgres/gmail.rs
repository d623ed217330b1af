//! What the work with Gmail asks of the database.

use super::{PostgresStore, fault};
use crate::domain::ids::{ClientId, Email};
use crate::store::cells::{self, Cells as _};
use crate::store::views::{Clues, News, Owners};
use crate::store::{StoreError, views_of};
use chrono::{DateTime, Utc};
use uuid::Uuid;

const OWNERS: &str = "
    SELECT 'address' AS clue, lower(c.email) AS term, lower(c.email) AS email, NULL::TEXT AS used, NULL::TIMESTAMPTZ AS at
    FROM contacts AS c WHERE c.client_id = $1 AND lower(c.email) = ANY($2)
    UNION ALL
    SELECT 'event', e.dedupe_key, lower(c.email), h.contact_identifier, NULL
    FROM events AS e JOIN contacts AS c ON c.contact_id = e.contact_id
    LEFT JOIN chat_history AS h ON h.contact_id = e.contact_id AND h.message_key = e.dedupe_key
    WHERE e.client_id = $1 AND e.dedupe_key = ANY($3)
    UNION ALL
    SELECT 'thread', h.thread_id, lower(c.email), h.contact_identifier, min(h.message_timestamp)
    FROM chat_history AS h JOIN contacts AS c ON c.contact_id = h.contact_id AND c.client_id = $1
    WHERE h.thread_id = ANY($4) AND h.platform = 'gmail'
    GROUP BY h.thread_id, lower(c.email), h.contact_identifier
    ORDER BY at, email, used";

const ADVANCE: &str = "
    INSERT INTO cursors AS c (name, value, updated_at) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET
        value = greatest(c.value::NUMERIC, excluded.value::NUMERIC)::TEXT,
        updated_at = greatest(c.updated_at, excluded.updated_at)";

// In the order of the keys, so that two instances never wait for each other in a circle.
const SET_ASIDE: &str = "
    INSERT INTO gmail_aside (client_id, mailbox, message_id, key, is_due, seen_at)
    SELECT DISTINCT $1, $2, v.message_id, v.key, FALSE, $5::TIMESTAMPTZ FROM unnest($3::TEXT[], $4::TEXT[]) AS v(message_id, key)
    ORDER BY 3, 4
    ON CONFLICT (client_id, mailbox, message_id, key) DO NOTHING";

const IS_NOT_DUE: &str = "
    UPDATE gmail_aside SET is_due = FALSE
    WHERE client_id = $1 AND mailbox = $2 AND is_due AND message_id = ANY($3)";

const CALL_BACK: &str = "
    WITH due AS (
        SELECT a.client_id, a.mailbox, a.message_id, a.key FROM gmail_aside AS a
        JOIN unnest($1::TEXT[], $2::TEXT[]) AS k(client_id, key) ON a.client_id = k.client_id AND a.key = k.key
        WHERE NOT a.is_due
        ORDER BY a.client_id, a.mailbox, a.message_id, a.key
        FOR UPDATE OF a
    )
    UPDATE gmail_aside AS a SET is_due = TRUE FROM due
    WHERE a.client_id = due.client_id AND a.mailbox = due.mailbox AND a.message_id = due.message_id AND a.key = due.key
    RETURNING a.client_id, a.mailbox AS email";

const CALLED_BACK: &str = "
    SELECT message_id FROM gmail_aside WHERE client_id = $1 AND mailbox = $2
    GROUP BY message_id HAVING bool_or(is_due) ORDER BY min(seen_at), message_id LIMIT $3";

const BOUND: &str = "
    DELETE FROM gmail_aside WHERE client_id = $1 AND mailbox = $2 AND message_id IN (
        SELECT message_id FROM gmail_aside WHERE client_id = $1 AND mailbox = $2
        GROUP BY message_id ORDER BY min(seen_at) DESC, message_id DESC OFFSET $3)";

const NEWS: &str = "
    SELECT e.received_at, e.event_id, e.client_id, lower(c.email) AS email, e.dedupe_key, h.thread_id
    FROM events AS e JOIN contacts AS c ON c.contact_id = e.contact_id
    LEFT JOIN chat_history AS h
        ON h.contact_id = e.contact_id AND h.message_key = e.dedupe_key AND h.platform = 'gmail'
    WHERE e.received_at >= $1 AND (e.received_at, e.event_id) > ($1, $2) AND e.client_id = ANY($3)
    ORDER BY e.received_at, e.event_id LIMIT $4";

impl PostgresStore {
    pub(in crate::store) async fn owners(&self, client_id: &ClientId, clues: &Clues) -> Result<Owners, StoreError> {
        let addresses: Vec<&str> = clues.addresses.iter().map(Email::as_str).collect();
        let rows = self.rows(bind!(OWNERS, client_id.as_str(), addresses, &clues.event_keys, &clues.threads)).await?;
        views_of::owners(&rows)
    }

    pub(in crate::store) async fn cursor(&self, name: &str) -> Result<Option<(String, DateTime<Utc>)>, StoreError> {
        let row = self.row(bind!("SELECT value, updated_at FROM cursors WHERE name = $1", name)).await?;
        row.map(|row| Ok((row.text("value")?, cells::time(&row, "updated_at")?))).transpose()
    }

    pub(in crate::store) async fn advance_cursor(
        &self,
        name: &str,
        value: u64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.run(bind!(ADVANCE, name, value.to_string(), now)).await?;
        Ok(())
    }

    pub(in crate::store) async fn set_aside(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        rows: &[(&str, &str)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (ids, keys): (Vec<&str>, Vec<&str>) = rows.iter().copied().unzip();
        self.run(bind!(IS_NOT_DUE, client_id.as_str(), mailbox.as_str(), &ids)).await?;
        self.run(bind!(SET_ASIDE, client_id.as_str(), mailbox.as_str(), ids, keys, now)).await?;
        Ok(())
    }

    pub(in crate::store) async fn call_back(
        &self,
        keys: &[(ClientId, String)],
    ) -> Result<Vec<(ClientId, Email)>, StoreError> {
        let (clients, keys): (Vec<&str>, Vec<&str>) =
            keys.iter().map(|(client, key)| (client.as_str(), key.as_str())).unzip();
        let rows = bind!(CALL_BACK, clients, keys).fetch_all(&self.writers).await.map_err(fault)?;
        views_of::mailboxes(&rows)
    }

    pub(in crate::store) async fn called_back(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let bound = bind!(CALLED_BACK, client_id.as_str(), mailbox.as_str(), i64::from(limit));
        self.all(bound, |row| row.text("message_id")).await
    }

    pub(in crate::store) async fn take_from_aside(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        message_ids: &[String],
    ) -> Result<(), StoreError> {
        let bound = bind!(
            "DELETE FROM gmail_aside WHERE client_id = $1 AND mailbox = $2 AND message_id = ANY($3)",
            client_id.as_str(),
            mailbox.as_str(),
            message_ids
        );
        self.run(bound).await?;
        Ok(())
    }

    pub(in crate::store) async fn expire_aside(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        self.run(bind!("DELETE FROM gmail_aside WHERE seen_at < $1", before)).await?;
        Ok(())
    }

    pub(in crate::store) async fn bound_aside(
        &self,
        client_id: &ClientId,
        mailbox: &Email,
        mails_max: u32,
    ) -> Result<(), StoreError> {
        self.run(bind!(BOUND, client_id.as_str(), mailbox.as_str(), i64::from(mails_max))).await?;
        Ok(())
    }

    pub(in crate::store) async fn news(
        &self,
        clients: &[ClientId],
        since: DateTime<Utc>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<News>, StoreError> {
        let clients: Vec<&str> = clients.iter().map(ClientId::as_str).collect();
        self.all(bind!(NEWS, since, after.unwrap_or(Uuid::nil()), clients, i64::from(limit)), views_of::news).await
    }
}
