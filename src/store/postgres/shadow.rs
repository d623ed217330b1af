//! The tables of another flow in a schema or a server of theirs, read by connections that can't write; and what the engine holds
//! beside them.

use super::{PostgresStore, address, fault};
use crate::domain::ids::ClientId;
use crate::domain::shadow::Line;
use crate::store::StoreError;
use crate::store::cells::Cells as _;
use crate::store::shadow::{self, OtherTable, Ours, Theirs};
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgPool, PgPoolOptions, PgRow};
use sqlx::{Executor as _, Row as _};
use std::time::Duration;
use uuid::Uuid;

/// The other flow's database is at its own work: one statement at a time is asked of it.
const CONNECTIONS: u32 = 1;
const ACQUIRE_MS: u64 = 5_000;

const SESSION: &str = "
    SET default_transaction_read_only = 'on';
    SET lock_timeout = '5s';
    SET statement_timeout = '300s';
    SET client_min_messages = 'warning';
    SET timezone = 'UTC'";

// A server, a database in it, a schema in that: the same place, whatever the addresses look like.
const PLACE: &str = "
    SELECT pg_postmaster_start_time()::TEXT || ' ' || (SELECT oid FROM pg_database WHERE datname = current_database())::TEXT
        || ' ' || coalesce(current_schema()::TEXT, '') AS place";

const CONTACTS: &str = "
    SELECT c.contact_id, to_jsonb(c) AS columns FROM contacts AS c
    WHERE c.client_id = $1 AND c.contact_id > $2 ORDER BY c.contact_id LIMIT $3";

const CONTACTS_OF: &str = "
    SELECT c.contact_id, to_jsonb(c) AS columns FROM contacts AS c
    WHERE c.client_id = $1 AND lower(c.email) = ANY($2) ORDER BY c.created_at, c.contact_id";

const LINES: &str = "
    SELECT m.chat_id::TEXT AS chat_id, m.session_id::TEXT AS session_id, m.message_status::TEXT AS message_status,
           m.external_message_id::TEXT AS external_message_id, left(m.message_content, 400) AS message_content,
           m.message_timestamp::TIMESTAMPTZ AS message_timestamp, m.lead_id::TEXT AS lead_id, m.platform::TEXT AS platform
    FROM chat_history AS m
    WHERE m.session_id = ANY($1) AND m.message_timestamp >= $2 ORDER BY m.message_timestamp, m.chat_id LIMIT $3";

// What the role can't see through its search_path is not there. A policy for all is for it too; of others it must be a member.
const EXAMINED: &str = "
    SELECT w.name, coalesce(string_agg(a.attname::TEXT, E'\\n' ORDER BY a.attnum), '') AS columns,
           coalesce(has_table_privilege(c.oid, 'SELECT'), TRUE) AS is_readable,
           coalesce(row_security_active(c.oid), FALSE) AND NOT EXISTS (SELECT FROM pg_policy AS p
               WHERE p.polrelid = c.oid AND p.polcmd IN ('r', '*') AND EXISTS (SELECT FROM unnest(p.polroles) AS role
                   WHERE CASE WHEN role = 0 THEN TRUE ELSE pg_has_role(role, 'USAGE') END)) AS hides_rows
    FROM unnest($1::TEXT[]) AS w(name) LEFT JOIN pg_class AS c ON c.oid = to_regclass(quote_ident(w.name))
    LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    GROUP BY w.name, c.oid ORDER BY w.name";

const OURS: &str = "
    SELECT contact_id, lower(email) AS email, lead_status, pipeline_status, campaign_status, lead_email_status, has_engaged,
           created_at, updated_at
    FROM contacts WHERE client_id = $1 AND contact_id > $2 ORDER BY contact_id LIMIT $3";

const OUR_LINES: &str = "
    SELECT m.chat_id::TEXT AS chat_id, m.contact_id, m.message_status, m.external_message_id,
           left(m.message_content, 400) AS message_content, m.message_timestamp, m.lead_id, m.platform
    FROM chat_history AS m
    WHERE m.contact_id = ANY($1) AND m.message_timestamp >= $2 ORDER BY m.message_timestamp, m.chat_id LIMIT $3";

#[derive(Debug, Clone)]
pub struct PostgresOther {
    pool: PgPool,
}

impl PostgresOther {
    pub(in crate::store) fn at(address: &str, schema: Option<&str>) -> Result<Self, StoreError> {
        let options = address::parse(address)?;
        let schema = schema.map(str::to_owned);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_millis(ACQUIRE_MS))
            .after_connect(move |connection, _| {
                let schema = schema.clone();
                Box::pin(async move {
                    connection.execute(SESSION).await?;
                    if let Some(schema) = schema {
                        let path = bind!("SELECT set_config('search_path', quote_ident($1), FALSE)", schema);
                        path.execute(connection).await?;
                    }
                    Ok(())
                })
            })
            .connect_lazy_with(options);
        Ok(Self { pool })
    }

    pub(in crate::store) async fn place(&self) -> Result<String, StoreError> {
        sqlx::query(PLACE).fetch_one(&self.pool).await.map_err(fault)?.try_get(0).map_err(fault)
    }

    pub(in crate::store) async fn examine(&self) -> Result<Vec<OtherTable>, StoreError> {
        let query = sqlx::query(EXAMINED).bind([shadow::CONTACTS, shadow::CHAT_HISTORY]);
        let rows = query.fetch_all(&self.pool).await.map_err(fault)?;
        let table = |row: &PgRow| {
            let columns = row.text("columns")?;
            Ok(OtherTable {
                name: row.text("name")?,
                columns: columns.split_terminator('\n').map(str::to_owned).collect(),
                is_forbidden: !row.flag("is_readable")?,
                hides_rows: row.flag("hides_rows")?,
                refused: None,
            })
        };
        rows.iter().map(table).collect()
    }

    pub(in crate::store) async fn contacts(
        &self,
        client_id: &ClientId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Theirs>, StoreError> {
        let query = bind!(CONTACTS, client_id.as_str(), after.unwrap_or_default());
        let rows = query.bind(i64::from(limit)).fetch_all(&self.pool).await.map_err(fault)?;
        rows.iter().map(shadow::theirs).collect()
    }

    pub(in crate::store) async fn contacts_of(
        &self,
        client_id: &ClientId,
        emails: &[&str],
    ) -> Result<Vec<Theirs>, StoreError> {
        let query = bind!(CONTACTS_OF, client_id.as_str(), emails);
        let rows = query.fetch_all(&self.pool).await.map_err(fault)?;
        rows.iter().map(shadow::theirs).collect()
    }

    pub(in crate::store) async fn lines(
        &self,
        sessions: &[String],
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(String, Line)>, StoreError> {
        let query = bind!(LINES, sessions, since, i64::from(limit));
        let rows = query.fetch_all(&self.pool).await.map_err(fault)?;
        rows.iter().map(|row| Ok((row.text("session_id")?, shadow::line(row)?))).collect()
    }
}

impl PostgresStore {
    pub(in crate::store) async fn place(&self) -> Result<String, StoreError> {
        sqlx::query(PLACE).fetch_one(&self.readers).await.map_err(fault)?.try_get(0).map_err(fault)
    }

    pub(in crate::store) async fn shadow_contacts(
        &self,
        client_id: &ClientId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Ours>, StoreError> {
        let query = bind!(OURS, client_id.as_str(), after.unwrap_or_default());
        let rows = query.bind(i64::from(limit)).fetch_all(&self.readers).await.map_err(fault)?;
        rows.iter().map(shadow::ours).collect()
    }

    pub(in crate::store) async fn shadow_lines(
        &self,
        contacts: &[Uuid],
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(Uuid, Line)>, StoreError> {
        let query = bind!(OUR_LINES, contacts, since, i64::from(limit));
        let rows = query.fetch_all(&self.readers).await.map_err(fault)?;
        rows.iter().map(|row| Ok((row.id("contact_id")?, shadow::line(row)?))).collect()
    }
}
