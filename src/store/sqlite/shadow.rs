//! The tables of another flow in a file of theirs, opened for reading only; and what the engine holds beside them.

use super::{SqliteStore, StoreError, fault, json_text, time_text};
use crate::domain::ids::ClientId;
use crate::domain::shadow::Line;
use crate::store::cells::Cells as _;
use crate::store::shadow::{self, OtherTable, Ours, Theirs};
use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use std::str::FromStr as _;
use std::time::Duration;
use uuid::Uuid;

const BUSY_MS: u64 = 5_000;

const PLACE: &str = "SELECT file AS place FROM pragma_database_list WHERE name = 'main'";

macro_rules! theirs {
    ($rest:literal) => {
        concat!(
            "
    SELECT CAST(c.contact_id AS TEXT) AS contact_id, json_object(
        'email', c.email, 'lead_status', c.lead_status, 'pipeline_status', c.pipeline_status, 'campaign_status', c.campaign_status,
        'lead_email_status', c.lead_email_status, 'first_name', c.first_name, 'last_name', c.last_name, 'phone', c.phone,
        'company_name', c.company_name, 'job_title', c.job_title, 'linkedin_url', c.linkedin_url,
        'company_linkedin_url', c.company_linkedin_url, 'company_website', c.company_website, 'company_size', c.company_size,
        'company_industry', c.company_industry, 'source', c.source, 'enrichment_date', c.enrichment_date,
        'current_campaign_id', c.current_campaign_id,
        'past_campaign_ids', CASE WHEN json_valid(c.past_campaign_ids) THEN json(c.past_campaign_ids) END,
        'last_contact_date', c.last_contact_date, 'last_reply_date', c.last_reply_date, 'last_touch_date', c.last_touch_date,
        'reply_count', c.reply_count, 'emails_sent_count', c.emails_sent_count, 'follow_up_date', c.follow_up_date,
        'follow_up_reason', c.follow_up_reason, 'has_engaged', c.has_engaged, 'airtable_lead_id', c.airtable_lead_id,
        'converted_to_client', c.converted_to_client, 'converted_client_id', c.converted_client_id,
        'created_at', c.created_at, 'updated_at', c.updated_at) AS columns
    FROM contacts AS c ",
            $rest
        )
    };
}

const CONTACTS: &str = theirs!("WHERE c.client_id = ?1 AND c.contact_id > ?2 ORDER BY c.contact_id LIMIT ?3");

const CONTACTS_OF: &str = theirs!(
    "WHERE c.client_id = ?1 AND lower(c.email) IN (SELECT value FROM json_each(?2)) ORDER BY c.created_at, c.contact_id"
);

// Whatever types they gave their columns.
const LINES: &str = "
    SELECT CAST(m.chat_id AS TEXT) AS chat_id, CAST(m.session_id AS TEXT) AS session_id,
           CAST(m.message_status AS TEXT) AS message_status, CAST(m.external_message_id AS TEXT) AS external_message_id,
           substr(m.message_content, 1, 400) AS message_content, CAST(m.message_timestamp AS TEXT) AS message_timestamp,
           CAST(m.lead_id AS TEXT) AS lead_id, CAST(m.platform AS TEXT) AS platform
    FROM chat_history AS m
    WHERE m.session_id IN (SELECT value FROM json_each(?1)) AND m.message_timestamp >= ?2
    ORDER BY m.message_timestamp, m.chat_id LIMIT ?3";

const COLUMNS: &str = "SELECT name FROM pragma_table_info(?1)";

const OURS: &str = "
    SELECT contact_id, email, lead_status, pipeline_status, campaign_status, lead_email_status, has_engaged, created_at, updated_at
    FROM contacts WHERE client_id = ?1 AND contact_id > ?2 ORDER BY contact_id LIMIT ?3";

const OUR_LINES: &str = "
    SELECT m.chat_id, m.contact_id, m.message_status, m.external_message_id, substr(m.message_content, 1, 400) AS message_content,
           m.message_timestamp, m.lead_id, m.platform
    FROM chat_history AS m
    WHERE m.contact_id IN (SELECT value FROM json_each(?1)) AND m.message_timestamp >= ?2
    ORDER BY m.message_timestamp, m.chat_id LIMIT ?3";

#[derive(Debug, Clone)]
pub struct SqliteOther {
    pool: SqlitePool,
}

impl SqliteOther {
    pub(in crate::store) fn at(address: &str) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(address)
            .map_err(|error| StoreError::Address(format!("database_url: {error}; expected sqlite://PATH")))?
            .read_only(true)
            .busy_timeout(Duration::from_millis(BUSY_MS));
        Ok(Self { pool: SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options) })
    }

    pub(in crate::store) async fn place(&self) -> Result<String, StoreError> {
        sqlx::query(PLACE).fetch_one(&self.pool).await.map_err(fault)?.text("place")
    }

    pub(in crate::store) async fn examine(&self) -> Result<Vec<OtherTable>, StoreError> {
        let mut tables = Vec::new();
        for name in [shadow::CONTACTS, shadow::CHAT_HISTORY] {
            let rows = sqlx::query(COLUMNS).bind(name).fetch_all(&self.pool).await.map_err(fault)?;
            let columns = rows.iter().map(|row| row.text("name")).collect::<Result<_, _>>()?;
            tables.push(OtherTable { name: name.to_owned(), columns, ..OtherTable::default() });
        }
        Ok(tables)
    }

    pub(in crate::store) async fn contacts(
        &self,
        client_id: &ClientId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Theirs>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = bind!(CONTACTS, client_id.as_str(), after, limit);
        let rows = query.fetch_all(&self.pool).await.map_err(fault)?;
        rows.iter().map(shadow::theirs).collect()
    }

    pub(in crate::store) async fn contacts_of(
        &self,
        client_id: &ClientId,
        emails: &[&str],
    ) -> Result<Vec<Theirs>, StoreError> {
        let query = bind!(CONTACTS_OF, client_id.as_str(), json_text(emails)?);
        let rows = query.fetch_all(&self.pool).await.map_err(fault)?;
        rows.iter().map(shadow::theirs).collect()
    }

    pub(in crate::store) async fn lines(
        &self,
        sessions: &[String],
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(String, Line)>, StoreError> {
        // Another writer's times may have a space in the middle, which comes before every letter: the day decides.
        let since = since.format("%Y-%m-%d").to_string();
        let query = bind!(LINES, json_text(sessions)?, since, limit);
        let rows = query.fetch_all(&self.pool).await.map_err(fault)?;
        rows.iter().map(|row| Ok((row.text("session_id")?, shadow::line(row)?))).collect()
    }
}

impl SqliteStore {
    pub(in crate::store) async fn place(&self) -> Result<String, StoreError> {
        sqlx::query(PLACE).fetch_one(&self.readers).await.map_err(fault)?.text("place")
    }

    pub(in crate::store) async fn shadow_contacts(
        &self,
        client_id: &ClientId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Ours>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = bind!(OURS, client_id.as_str(), after, limit);
        let rows = query.fetch_all(&self.readers).await.map_err(fault)?;
        rows.iter().map(shadow::ours).collect()
    }

    pub(in crate::store) async fn shadow_lines(
        &self,
        contacts: &[Uuid],
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(Uuid, Line)>, StoreError> {
        let query = bind!(OUR_LINES, json_text(contacts)?, time_text(since), limit);
        let rows = query.fetch_all(&self.readers).await.map_err(fault)?;
        rows.iter().map(|row| Ok((row.id("contact_id")?, shadow::line(row)?))).collect()
    }
}
