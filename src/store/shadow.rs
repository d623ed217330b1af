//! The tables of another flow, which is only looked at; and what the engine holds beside them.

use super::postgres::PostgresOther;
use super::sqlite::SqliteOther;
use super::{Store, StoreError, cells::Cells, cells::unreadable, foreign};
use crate::domain::contact::Contact;
use crate::domain::ids::{ClientId, Email};
use crate::domain::shadow::{Line, Row, Way};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

pub(super) const CONTACTS: &str = "contacts";
pub(super) const CHAT_HISTORY: &str = "chat_history";

/// Another flow's `contacts` and `chat_history`, in the owner's form. Nothing is ever written to them.
#[derive(Debug, Clone)]
pub enum OtherFlow {
    Sqlite(SqliteOther),
    Postgres(PostgresOther),
}

/// A contact of the other flow.
#[derive(Debug, Clone)]
pub struct Theirs {
    pub contact_id: Uuid,
    /// None where what stands there is no address.
    pub email: Option<Email>,
    /// The address as it is spelled there.
    pub spelled: String,
    pub row: Row,
    /// As the engine reads such a row; off the matrix it is on the nearest stage.
    pub contact: Contact,
}

/// A table of the other flow's, as it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherTable {
    pub name: String,
    /// Empty where there is no such table.
    pub columns: Vec<String>,
    /// The role may not read it.
    pub is_forbidden: bool,
    /// Row level security lets the role see none of its rows.
    pub hides_rows: bool,
    /// What the database says to the statement by which it is read.
    pub refused: Option<String>,
}

impl OtherTable {
    /// Rows can be read.
    pub fn is_sound(&self) -> bool {
        !self.columns.is_empty() && !self.is_forbidden && !self.hides_rows && self.refused.is_none()
    }
}

/// A contact of the engine's.
#[derive(Debug, Clone)]
pub struct Ours {
    pub contact_id: Uuid,
    pub email: Email,
    pub row: Row,
}

impl OtherFlow {
    /// Where its tables are: a database, and on PostgreSQL a schema in it. Nothing is opened before it is asked.
    pub fn at(address: &str, schema: Option<&str>) -> Result<Self, StoreError> {
        match address.split_once(':') {
            Some(("sqlite", _)) => Ok(Self::Sqlite(SqliteOther::at(address)?)),
            Some(_) | None => Ok(Self::Postgres(PostgresOther::at(address, schema)?)),
        }
    }

    /// Whether these are the tables of this store itself.
    pub async fn is_of(&self, store: &Store) -> Result<bool, StoreError> {
        match (self, store) {
            (Self::Sqlite(other), Store::Sqlite(store)) => Ok(other.place().await? == store.place().await?),
            (Self::Postgres(other), Store::Postgres(store)) => Ok(other.place().await? == store.place().await?),
            (Self::Sqlite(_), Store::Postgres(_)) | (Self::Postgres(_), Store::Sqlite(_)) => Ok(false),
        }
    }

    /// Both tables as they are, without reading a row. `at` is any time.
    pub async fn examine(&self, at: DateTime<Utc>) -> Result<Vec<OtherTable>, StoreError> {
        let mut tables = match self {
            Self::Sqlite(other) => other.examine().await?,
            Self::Postgres(other) => other.examine().await?,
        };
        for table in tables.iter_mut().filter(|table| table.is_sound()) {
            let tried = match table.name.as_str() {
                CHAT_HISTORY => self.lines(&[], at, 0).await.map(drop),
                _ => self.contacts(&ClientId::agency(), None, 0).await.map(drop),
            };
            match tried {
                Ok(()) => {}
                Err(StoreError::Rejected(why)) => table.refused = Some(why),
                Err(error) => return Err(error),
            }
        }
        Ok(tables)
    }

    /// A page of a client's contacts, in the order of their ids.
    pub async fn contacts(
        &self,
        client_id: &ClientId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Theirs>, StoreError> {
        both!(self, contacts(client_id, after, limit))
    }

    /// A client's contacts with these addresses, however they are spelled, the oldest first.
    pub async fn contacts_of(&self, client_id: &ClientId, emails: &[&str]) -> Result<Vec<Theirs>, StoreError> {
        both!(self, contacts_of(client_id, emails))
    }

    /// The messages of these sessions since a time, each with its session; no more than so many, the oldest first.
    pub async fn lines(
        &self,
        sessions: &[String],
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(String, Line)>, StoreError> {
        both!(self, lines(sessions, since, limit))
    }
}

impl Store {
    /// A page of a client's contacts, in the order of their ids.
    pub async fn shadow_contacts(
        &self,
        client_id: &ClientId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Ours>, StoreError> {
        both!(self, shadow_contacts(client_id, after, limit))
    }

    /// The messages of these contacts since a time; no more than so many, the oldest first.
    pub async fn shadow_lines(
        &self,
        contacts: &[Uuid],
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(Uuid, Line)>, StoreError> {
        both!(self, shadow_lines(contacts, since, limit))
    }
}

pub(super) fn ours(row: &impl Cells) -> Result<Ours, StoreError> {
    let contact_id = row.id("contact_id")?;
    let columns = [
        row.maybe("lead_status")?,
        row.maybe("pipeline_status")?,
        row.maybe("campaign_status")?,
        row.maybe("lead_email_status")?,
    ];
    Ok(Ours {
        contact_id,
        email: Email::parse(&row.text("email")?).map_err(|error| unreadable("address", error))?,
        row: Row {
            contact_id: contact_id.to_string(),
            stage: columns,
            has_engaged: row.flag("has_engaged")?,
            lead_id: None,
            created_at: row.maybe("created_at")?.as_deref().and_then(foreign::instant),
            updated_at: row.maybe("updated_at")?.as_deref().and_then(foreign::instant),
        },
    })
}

/// A row that holds all its columns as JSON.
pub(super) fn theirs(row: &impl Cells) -> Result<Theirs, StoreError> {
    let columns: Map<String, Value> = row.json("columns")?;
    let text = |column: &str| columns.get(column).and_then(Value::as_str).map(str::to_owned);
    let contact_id = row.id("contact_id")?;
    let spelled = text("email").unwrap_or_default();
    let contact = foreign::contact_of_columns(&columns);
    Ok(Theirs {
        contact_id,
        email: Email::parse(&spelled).ok(),
        spelled,
        row: Row {
            contact_id: contact_id.to_string(),
            stage: [text("lead_status"), text("pipeline_status"), text("campaign_status"), text("lead_email_status")],
            has_engaged: contact.has_engaged,
            lead_id: text("airtable_lead_id"),
            created_at: text("created_at").as_deref().and_then(foreign::instant),
            updated_at: text("updated_at").as_deref().and_then(foreign::instant),
        },
        contact,
    })
}

pub(super) fn line(row: &impl Cells) -> Result<Line, StoreError> {
    let at = row.text("message_timestamp")?;
    let at = foreign::instant(&at).ok_or_else(|| unreadable("time of a message", at))?;
    let way = Way::of_status(row.maybe("message_status")?.as_deref());
    let (id, text) = (row.maybe("external_message_id")?, row.maybe("message_content")?.unwrap_or_default());
    let mut line = Line::new(row.text("chat_id")?, way, id.as_deref(), &text, at);
    line.lead_id = row.maybe("lead_id")?;
    line.platform = row.maybe("platform")?.unwrap_or_default();
    Ok(line)
}
