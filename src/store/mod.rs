//! The store: load, write, claim, query. The only place where sqlx is named.
//!
//! Each database is a dialect of the same few operations; [`Store`] and [`Tx`] choose between them in one exhaustive match.

/// A statement with its values, in their order.
macro_rules! bind {
    ($statement:expr, $($value:expr),+ $(,)?) => { sqlx::query($statement)$(.bind($value))+ };
}

/// The same method of whichever dialect it is, awaited.
macro_rules! both {
    ($store:expr, $method:ident($($argument:expr),* $(,)?)) => {
        match $store {
            Self::Sqlite(store) => store.$method($($argument),*).await,
            Self::Postgres(store) => store.$method($($argument),*).await,
        }
    };
}

pub mod ai;
mod alerts;
pub mod api;
mod cells;
pub mod console;
mod counting;
pub mod destinations;
pub mod erasure;
mod foreign;
mod gmail;
pub mod health;
mod migrations;
pub mod notifications;
mod pages;
mod platforms;
mod postgres;
pub mod schedule;
pub mod shadow;
pub mod silence;
mod sqlite;
pub mod suppression;
pub mod vectors;
pub mod views;
mod views_of;

use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::domain::stage::Stage;
use crate::engine::rows::{
    Asked, ClaimedTask, History, Known, LeadSubject, LeadWritten, LogRow, StoredEvent, TaskKind, TaskRow, TaskSettled,
    Writes,
};
use crate::telemetry::{self, Operation};
use chrono::{DateTime, Utc};
pub use platforms::AccountTasks;
use postgres::{PostgresStore, PostgresTx};
use sqlite::{SqliteStore, SqliteTx};
use std::collections::HashMap;
use tokio::time::Instant;
use uuid::Uuid;
use views::{
    CampaignCounts, ContactView, CountsView, DeliveryAgain, DeliveryFilter, DeliverySelection, DeliveryView, Effects,
    EventFilter, EventView, ListTotals, ListWrite, Slot, StoredDelivery, TaskFilter, TaskView, TimelineView,
};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't take it now: busy, unreachable, out of space. Coming again helps.
    #[error("the database can't take it now ({0})")]
    Unavailable(#[source] sqlx::Error),
    /// Another instance was at the same rows: the same again at once may go well.
    #[error("another instance was at the same rows ({0})")]
    Conflict(#[source] sqlx::Error),
    /// The data is at fault: coming again with the same does not help.
    #[error("the database refused it: {0}")]
    Rejected(String),
    /// The schema is not the one of this program. The text says what to do.
    #[error("{0}")]
    Schema(String),
    /// The address of the database can't be used. The text says what would be right.
    #[error("{0}")]
    Address(String),
}

impl StoreError {
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Conflict(_) | Self::Rejected(_) | Self::Schema(_) | Self::Address(_) => false,
        }
    }

    pub fn is_conflict(&self) -> bool {
        match self {
            Self::Conflict(_) => true,
            Self::Unavailable(_) | Self::Rejected(_) | Self::Schema(_) | Self::Address(_) => false,
        }
    }
}

/// One step of the schema.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MigrationStep {
    pub version: i64,
    pub name: String,
    /// Applied by this call; on a dry run: would be.
    pub applied_now: bool,
}

/// Rows that don't keep a rule and that only a person can mend.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    pub table: String,
    /// The constraint's name, which says the rule.
    pub rule: String,
    pub rows: i64,
    /// Ids of a few of them.
    pub examples: Vec<String>,
    pub what_to_do: String,
}

/// What `migrate` did, or on a dry run would do.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MigrationReport {
    pub steps: Vec<MigrationStep>,
    /// What the first migration makes, and what it adopts of what was there.
    pub plan: Vec<String>,
    pub findings: Vec<Finding>,
}

/// The database.
#[derive(Debug, Clone)]
pub enum Store {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// One transaction of the intake. Dropping it rolls everything back.
#[derive(Debug)]
pub enum Tx {
    Sqlite(SqliteTx),
    Postgres(PostgresTx),
}

impl Store {
    /// Opens (and with SQLite makes) the database at an address like `sqlite://sales-engine.db`.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        match address.split_once(':') {
            Some(("sqlite", _)) => Ok(Self::Sqlite(SqliteStore::open(address).await?)),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(PostgresStore::open(address).await?)),
            Some(_) | None => Err(StoreError::Address(
                "database_url must look like sqlite://sales-engine.db or postgres://USER:PASSWORD@HOST:5432/DATABASE"
                    .to_owned(),
            )),
        }
    }

    /// How many writers work side by side without waiting for each other.
    pub fn writers(&self) -> usize {
        match self {
            Self::Sqlite(_) => 1,
            Self::Postgres(_) => PostgresStore::writers(),
        }
    }

    pub async fn migrate(&self, dry_run: bool) -> Result<MigrationReport, StoreError> {
        both!(self, migrate(dry_run))
    }

    pub async fn schema_is_current(&self) -> Result<bool, StoreError> {
        both!(self, schema_is_current())
    }

    pub async fn ping(&self) -> Result<(), StoreError> {
        both!(self, ping())
    }

    pub async fn begin(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite(store) => Ok(Tx::Sqlite(store.begin().await?)),
            Self::Postgres(store) => Ok(Tx::Postgres(store.begin().await?)),
        }
    }

    /// A transaction that only reads, on a connection of the readers: it waits for no writer and no writer for it. What it sees is of
    /// one moment.
    pub async fn look(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite(store) => Ok(Tx::Sqlite(store.look().await?)),
            Self::Postgres(store) => Ok(Tx::Postgres(store.look().await?)),
        }
    }

    /// What begins a batch that is tried without locks and ends with [`Tx::write_and_commit`]: on PostgreSQL two round trips in all.
    pub async fn attempt(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite(store) => Ok(Tx::Sqlite(store.begin().await?)),
            Self::Postgres(store) => Ok(Tx::Postgres(store.attempt().await?)),
        }
    }

    /// Claims tasks that are due, or whose holder lost its lease, the most urgent first.
    pub async fn claim_tasks(
        &self,
        kinds: &[TaskKind],
        limit: u32,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        lease: Uuid,
    ) -> Result<Vec<ClaimedTask>, StoreError> {
        let begun = Instant::now();
        let done = both!(self, claim_tasks(kinds, limit, now, lease_until, lease));
        telemetry::worked(Operation::Claim, begun.elapsed());
        done
    }

    /// Takes a task that is not done from whoever holds it: it finds its lease lost.
    pub async fn take_over_task(
        &self,
        task_key: &str,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        lease: Uuid,
    ) -> Result<Option<ClaimedTask>, StoreError> {
        both!(self, take_over_task(task_key, now, lease_until, lease))
    }

    /// Settles claimed tasks together with what they did, in one transaction. A settle after a lost lease changes no task.
    /// Gives the number of tasks settled.
    pub async fn settle_tasks(
        &self,
        settled: &[TaskSettled],
        leads: &[LeadWritten],
        logs: &[LogRow],
    ) -> Result<u64, StoreError> {
        let begun = Instant::now();
        let done = match self {
            Self::Sqlite(store) => store.settle_tasks(settled, leads, logs).await,
            Self::Postgres(store) => match store.settle_tasks(settled, leads, logs).await {
                Err(StoreError::Conflict(_)) => store.settle_tasks(settled, leads, logs).await,
                result => result,
            },
        };
        telemetry::worked(Operation::Settle, begun.elapsed());
        done
    }

    /// Makes a list, or finds the one of this client that has the id or the name; gives its id.
    pub async fn ensure_list(&self, list: &ListWrite) -> Result<Uuid, StoreError> {
        both!(self, ensure_list(list))
    }

    /// Whose list it is; none where there is no such list.
    pub async fn list_client(&self, list_id: Uuid) -> Result<Option<String>, StoreError> {
        both!(self, list_client(list_id))
    }

    /// Counts a list's contacts anew, sets its status, and adds to its metadata.
    pub async fn close_list(
        &self,
        list_id: Uuid,
        status: &str,
        metadata: &serde_json::Value,
        now: DateTime<Utc>,
    ) -> Result<ListTotals, StoreError> {
        both!(self, close_list(list_id, status, metadata, now))
    }

    /// Who of these is a contact of the client already: stage and list.
    pub async fn known_stages(
        &self,
        client_id: &ClientId,
        emails: &[Email],
    ) -> Result<HashMap<Email, (Stage, Option<Uuid>)>, StoreError> {
        both!(self, known_stages(client_id, emails))
    }

    /// Whether a task of these kinds is due, or lost its holder.
    pub async fn has_due_task(&self, kinds: &[TaskKind], now: DateTime<Utc>) -> Result<bool, StoreError> {
        both!(self, has_due_task(kinds, now))
    }

    /// Whether somebody works on one of these tasks now.
    pub async fn is_any_running(&self, task_keys: &[String]) -> Result<bool, StoreError> {
        both!(self, is_any_running(task_keys))
    }

    /// Holds a claimed task longer. False where the lease was lost.
    pub async fn extend_lease(
        &self,
        task_id: Uuid,
        lease: Uuid,
        lease_until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        both!(self, extend_lease(task_id, lease, lease_until))
    }

    /// Asks for work and writes log rows, in one transaction, beside any batch.
    pub async fn want(&self, tasks: Vec<TaskRow>, logs: Vec<LogRow>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.write(&Writes { logs, tasks, ..Writes::default() }).await?;
        tx.commit().await
    }

    /// Takes the next place in a budget that all instances share: places are `spacing_ms` apart, and none lies in a pause.
    pub async fn take_slot(&self, name: &str, now: DateTime<Utc>, spacing_ms: i64) -> Result<Slot, StoreError> {
        let (now_ms, month) = (now.timestamp_millis(), now.format("%Y-%m").to_string());
        both!(self, take_slot(name, now_ms, spacing_ms, &month))
    }

    /// All places that are not taken yet come later by so much.
    pub async fn delay_budget(&self, name: &str, by_ms: i64) -> Result<(), StoreError> {
        both!(self, delay_budget(name, by_ms))
    }

    /// Nobody takes a place before this time.
    pub async fn pause_budget(&self, name: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
        both!(self, pause_budget(name, until.timestamp_millis()))
    }

    /// The end of the budget's newest pause; none where there was none.
    pub async fn budget_paused_until(&self, name: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let until_ms = both!(self, budget_paused_until(name))?;
        Ok(DateTime::from_timestamp_millis(until_ms).filter(|_| until_ms > 0))
    }

    /// The cursors whose names begin so.
    pub async fn cursors(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        both!(self, cursors(prefix))
    }

    /// Remembers how far something was read; none forgets it.
    pub async fn set_cursor(&self, name: &str, value: Option<&str>, now: DateTime<Utc>) -> Result<(), StoreError> {
        both!(self, set_cursor(name, value, now))
    }

    /// The contacts of these Airtable records.
    pub async fn contacts_of_leads(&self, leads: &[String]) -> Result<Vec<LeadSubject>, StoreError> {
        both!(self, contacts_of_leads(leads))
    }

    /// Campaigns of the contacts that had an event since.
    pub async fn campaigns_changed_since(&self, since: DateTime<Utc>) -> Result<Vec<CampaignId>, StoreError> {
        both!(self, campaigns_changed_since(since))
    }

    pub async fn campaign_counts(&self, campaigns: &[CampaignId]) -> Result<Vec<CampaignCounts>, StoreError> {
        both!(self, campaign_counts(campaigns))
    }

    /// Contacts whose lead was written before the record of its campaign was there.
    pub async fn leads_without_campaign(&self, campaigns: &[CampaignId], limit: u32) -> Result<Vec<Uuid>, StoreError> {
        both!(self, leads_without_campaign(campaigns, limit))
    }

    /// Makes a task pending again, whatever became of it. False where there is no such task or it is running.
    pub async fn retry_task(&self, task_id: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
        both!(self, retry_task(task_id, now))
    }

    pub async fn lead_subjects(&self, contact_ids: &[Uuid]) -> Result<Vec<LeadSubject>, StoreError> {
        both!(self, lead_subjects(contact_ids))
    }

    /// A page of the contacts whose current campaign this is, in the order of their ids.
    pub async fn contacts_in_campaign(
        &self,
        client_id: &ClientId,
        campaign: &CampaignId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, Email)>, StoreError> {
        both!(self, contacts_in_campaign(client_id, campaign, after, limit))
    }

    /// The contacts that another writer changed since the engine last wrote them.
    pub async fn contacts_changed_outside(&self, limit: u32) -> Result<Vec<ContactKey>, StoreError> {
        both!(self, contacts_changed_outside(limit))
    }

    pub async fn contact(&self, key: &ContactKey) -> Result<Option<ContactView>, StoreError> {
        both!(self, contact(key))
    }

    pub async fn timeline(&self, contact_id: Uuid, limit: u32) -> Result<TimelineView, StoreError> {
        Ok(self.timeline_page(contact_id, api::TimelinePlace::default(), limit).await?.timeline)
    }

    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryView>, StoreError> {
        both!(self, deliveries(filter))
    }

    /// A page of deliveries with their bodies, oldest first.
    pub async fn stored_deliveries(
        &self,
        selection: &DeliverySelection,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: u32,
    ) -> Result<Vec<StoredDelivery>, StoreError> {
        both!(self, stored_deliveries(selection, after, limit))
    }

    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<EventView>, StoreError> {
        both!(self, events(filter))
    }

    pub async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskView>, StoreError> {
        both!(self, tasks(filter))
    }

    pub async fn counts(&self) -> Result<CountsView, StoreError> {
        both!(self, counts())
    }
}

impl Tx {
    /// What is known of these contacts and events; the histories stay empty. Without `lock`, a contact that another instance writes
    /// before this transaction does makes the write a conflict; with it, the other waits. (On SQLite there is one writer at a time.)
    pub async fn load(
        &mut self,
        contacts: &[ContactKey],
        events: &[(ClientId, String)],
        lock: bool,
    ) -> Result<Known, StoreError> {
        self.load_asking(contacts, events, &Asked::new(), lock).await
    }

    /// [`Self::load`], and under what these addresses are suppressed: on PostgreSQL in the same round trip.
    pub async fn load_asking(
        &mut self,
        contacts: &[ContactKey],
        events: &[(ClientId, String)],
        asked: &Asked,
        lock: bool,
    ) -> Result<Known, StoreError> {
        let begun = Instant::now();
        let done = match self {
            Self::Sqlite(tx) => tx.load(contacts, events, asked).await,
            Self::Postgres(tx) => tx.load(contacts, events, asked, lock).await,
        };
        telemetry::worked(Operation::Load, begun.elapsed());
        done
    }

    pub async fn load_histories(
        &mut self,
        contacts: &[ContactKey],
    ) -> Result<HashMap<ContactKey, History>, StoreError> {
        both!(self, load_histories(contacts))
    }

    /// The events that these deliveries brought, with the delivery of each.
    pub async fn events_of_deliveries(
        &mut self,
        deliveries: &[(Uuid, DateTime<Utc>)],
    ) -> Result<Vec<(Uuid, StoredEvent)>, StoreError> {
        both!(self, events_of_deliveries(deliveries))
    }

    /// Which of these tasks and log rows are there.
    pub async fn effects(&mut self, task_keys: &[String], log_ids: &[Uuid]) -> Result<Effects, StoreError> {
        both!(self, effects(task_keys, log_ids))
    }

    /// What became of deliveries that were read again; events that none of them tells any more go, and their chat rows with them.
    pub async fn write_again(
        &mut self,
        deliveries: &[DeliveryAgain],
        withdrawn: &[StoredEvent],
    ) -> Result<(), StoreError> {
        both!(self, write_again(deliveries, withdrawn))
    }

    pub async fn write(&mut self, writes: &Writes) -> Result<(), StoreError> {
        both!(self, write(writes))
    }

    /// All of it or nothing.
    pub async fn write_and_commit(self, writes: &Writes) -> Result<(), StoreError> {
        let begun = Instant::now();
        let done = match self {
            Self::Sqlite(mut tx) => {
                tx.write(writes).await?;
                tx.commit().await
            }
            Self::Postgres(tx) => tx.write_and_commit(writes).await,
        };
        telemetry::worked(Operation::Write, begun.elapsed());
        done
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        both!(self, commit())
    }
}
