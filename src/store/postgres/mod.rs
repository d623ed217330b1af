//! PostgreSQL 15 or newer, the home in production: constant statements over arrays, one transaction a batch, rows locked in the
//! order of their keys so that several instances never wait for each other in a circle.

mod address;
mod ai;
mod airtable;
mod alerts;
mod api;
mod console;
mod erasure;
mod gmail;
mod health;
mod lists;
mod load;
mod notifications;
mod platforms;
mod queries;
mod replay;
mod schedule;
mod schema;
mod shadow;
mod silence;
mod suppression;
mod tasks;
mod vectors;
mod write;

use super::StoreError;
use super::cells::Cells;
use crate::engine::rows::Writes;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
pub(super) use shadow::PostgresOther;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::types::Json;
use sqlx::{Column as _, Executor as _, Postgres, Row as _, Transaction, TypeInfo as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Batches written side by side; each has a connection of its own.
const WRITERS: u32 = 2;
/// Connections beside the writers' own: claims and settles of tasks.
const TASK_CONNECTIONS: u32 = 2;
const READERS: u32 = 4;
/// How long to wait for a connection before the database counts as unavailable.
const ACQUIRE_MS: u64 = 5_000;
/// Oldest server whose features are used (NULLS NOT DISTINCT).
const VERSION_MIN: i32 = 150_000;

/// Said once a connection. The lock and statement timeouts make a stuck database an answer instead of a wait; the idle one frees
/// the locks of an instance whose machine is gone.
const SESSION: &str = "
    SET sales_engine.writer = 'engine';
    SET lock_timeout = '5s';
    SET statement_timeout = '60s';
    SET idle_in_transaction_session_timeout = '60s';
    SET client_min_messages = 'warning';
    SET timezone = 'UTC'";

/// Said by writers. Their statements find rows by keys, and always by index: a plan that is made while a table is small and kept
/// would read all of it, and so would those of the foreign keys.
const WRITER_SESSION: &str = "
    SET plan_cache_mode = 'force_generic_plan';
    SET enable_seqscan = 'off';
    SET enable_hashjoin = 'off';
    SET enable_mergejoin = 'off';
    SET jit = 'off'";

#[derive(Debug, Clone)]
pub struct PostgresStore {
    writers: PgPool,
    readers: PgPool,
    /// Connections of batches between two of them: the pool asks the server something with each return.
    rested: Arc<Mutex<Vec<PoolConnection<Postgres>>>>,
}

#[derive(Debug)]
pub struct PostgresTx {
    held: Held,
}

#[derive(Debug)]
enum Held {
    Begun(Transaction<'static, Postgres>),
    /// Each statement is a transaction of its own.
    Loose {
        connection: PoolConnection<Postgres>,
        store: PostgresStore,
        is_fresh: bool,
    },
}

impl PostgresStore {
    pub(super) async fn open(address: &str) -> Result<Self, StoreError> {
        let options = address::parse(address)?;
        let writers = pool(WRITERS + TASK_CONNECTIONS, &options, &[SESSION, WRITER_SESSION]);
        let row = sqlx::query("SELECT current_setting('server_version_num')::INT, current_schema()::TEXT")
            .fetch_one(&writers)
            .await
            .map_err(|error| address::opening_fault(error, &options))?;
        let version: i32 = row.try_get(0).map_err(fault)?;
        if version < VERSION_MIN {
            return Err(StoreError::Address(format!(
                "database_url: the server is PostgreSQL {}, Sales Engine needs 15 or newer",
                version / 10_000
            )));
        }
        if row.try_get::<Option<String>, _>(1).map_err(fault)?.is_none() {
            return Err(StoreError::Address(
                "database_url: none of the schemas in its search_path exists (or this role may not use it); CREATE SCHEMA it, or \
                 take the search_path out"
                    .to_owned(),
            ));
        }
        Ok(Self { writers, readers: pool(READERS, &options, &[SESSION]), rested: Arc::default() })
    }

    pub(super) fn writers() -> usize {
        usize::try_from(WRITERS).unwrap_or(1)
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        self.row(sqlx::query("SELECT 1 FROM contacts LIMIT 1")).await?;
        Ok(())
    }

    pub(super) async fn begin(&self) -> Result<PostgresTx, StoreError> {
        Ok(PostgresTx { held: Held::Begun(self.transaction().await?) })
    }

    pub(super) async fn look(&self) -> Result<PostgresTx, StoreError> {
        let begun = self.readers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await;
        Ok(PostgresTx { held: Held::Begun(begun.map_err(fault)?) })
    }

    async fn transaction(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        // After a restart of the server every pooled connection is dead: each is found out once and replaced.
        let mut tries = WRITERS + TASK_CONNECTIONS;
        loop {
            match self.writers.begin().await {
                Ok(tx) => return Ok(tx),
                Err(error) if tries > 0 && is_disconnected(&error) => tries -= 1,
                Err(error) => return Err(fault(error)),
            }
        }
    }

    /// For one batch without a transaction around it: what is loaded may be written by another instance before this one's
    /// [`PostgresTx::write_and_commit`], which is one statement and then a conflict.
    pub(super) async fn attempt(&self) -> Result<PostgresTx, StoreError> {
        let rested = self.rested.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match rested {
            Some(connection) => connection,
            None => self.writers.acquire().await.map_err(fault)?,
        };
        Ok(PostgresTx { held: Held::Loose { connection, store: self.clone(), is_fresh: true } })
    }

    fn rest(&self, connection: PoolConnection<Postgres>) {
        let mut rested = self.rested.lock().unwrap_or_else(PoisonError::into_inner);
        if rested.len() < Self::writers() {
            rested.push(connection);
        }
    }
}

/// A statement with its values.
type Bound<'q> = Query<'q, Postgres, PgArguments>;

impl PostgresStore {
    async fn rows(&self, bound: Bound<'_>) -> Result<Vec<PgRow>, StoreError> {
        bound.fetch_all(&self.readers).await.map_err(fault)
    }

    async fn row(&self, bound: Bound<'_>) -> Result<Option<PgRow>, StoreError> {
        bound.fetch_optional(&self.readers).await.map_err(fault)
    }

    /// All that is found, each row as `read` reads it.
    async fn all<T>(
        &self,
        bound: Bound<'_>,
        read: impl Fn(&PgRow) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.rows(bound).await?.iter().map(read).collect()
    }

    async fn one<T>(
        &self,
        bound: Bound<'_>,
        read: impl Fn(&PgRow) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.row(bound).await?.as_ref().map(read).transpose()
    }

    /// Writes, in a transaction of its own; gives how many rows.
    async fn run(&self, bound: Bound<'_>) -> Result<u64, StoreError> {
        Ok(bound.execute(&self.writers).await.map_err(fault)?.rows_affected())
    }
}

impl PostgresTx {
    fn connection(&mut self) -> &mut PgConnection {
        match &mut self.held {
            Held::Begun(tx) => tx,
            Held::Loose { connection, .. } => connection,
        }
    }

    /// The rows of a statement. The first one of a batch finds out whether the connection still lives, and takes another where not.
    async fn read<'q>(&mut self, query: impl Fn() -> Bound<'q>) -> Result<Vec<PgRow>, StoreError> {
        let mut tries = WRITERS + TASK_CONNECTIONS;
        loop {
            let error = match query().fetch_all(self.connection()).await {
                Ok(rows) => {
                    if let Held::Loose { is_fresh, .. } = &mut self.held {
                        *is_fresh = false;
                    }
                    return Ok(rows);
                }
                Err(error) => error,
            };
            match &mut self.held {
                Held::Loose { connection, store, is_fresh: true } if tries > 0 && is_disconnected(&error) => {
                    *connection = store.writers.acquire().await.map_err(fault)?;
                    tries -= 1;
                }
                Held::Loose { .. } | Held::Begun(_) => return Err(fault(error)),
            }
        }
    }

    pub(super) async fn write_and_commit(mut self, writes: &Writes) -> Result<(), StoreError> {
        if matches!(self.held, Held::Loose { is_fresh: true, .. }) {
            // Nothing was loaded (a batch without events), so nobody knows whether the connection lives.
            self.read(|| sqlx::query("SELECT 1")).await?;
        }
        self.write(writes).await?;
        self.commit().await
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self.held {
            Held::Begun(tx) => tx.commit().await.map_err(fault),
            Held::Loose { connection, store, .. } => {
                store.rest(connection);
                Ok(())
            }
        }
    }
}

fn pool(connections: u32, options: &PgConnectOptions, session: &'static [&'static str]) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_millis(ACQUIRE_MS))
        // A ping before each batch would be a round trip a batch; a dead connection is found out by its use.
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for statements in session {
                    connection.execute(*statements).await?;
                }
                Ok(())
            })
        })
        .connect_lazy_with(options.clone())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is open; only these two say that the connection is gone")]
fn is_disconnected(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(database) => database.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

/// The one place where a database error becomes one of ours, by SQLSTATE (PostgreSQL manual, appendix A).
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is open: what is not known to be the data's fault is an outage"
)]
fn fault(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            match code.as_ref() {
                // Serialisation failure, deadlock; a row that another instance made meanwhile.
                // Division by zero: how a batch says that a contact was written meanwhile.
                "40001" | "40P01" | "23505" | "22012" => StoreError::Conflict(error),
                // Lock not available, object in use, a replica that takes no writes.
                "55P03" | "55006" | "25006" | "25P03" => StoreError::Unavailable(error),
                // Connection, resources (disk full, memory), operator intervention, system errors, authorisation, database gone.
                code if ["08", "53", "57", "58", "28", "3D"].iter().any(|class| code.starts_with(class)) => {
                    StoreError::Unavailable(error)
                }
                code => StoreError::Rejected(format!("{} (SQLSTATE {code})", database.message())),
            }
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => {
            StoreError::Rejected(error.to_string())
        }
        _ => StoreError::Unavailable(error),
    }
}

fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

impl Cells for PgRow {
    fn maybe(&self, column: &str) -> Result<Option<String>, StoreError> {
        match type_name(self, column)? {
            "TIMESTAMPTZ" => {
                let time: Option<DateTime<Utc>> = self.try_get(column).map_err(fault)?;
                Ok(time.map(time_text))
            }
            "UUID" => Ok(self.try_get::<Option<Uuid>, _>(column).map_err(fault)?.map(|id| id.to_string())),
            "DATE" => Ok(self.try_get::<Option<NaiveDate>, _>(column).map_err(fault)?.map(|date| date.to_string())),
            _ => self.try_get(column).map_err(fault),
        }
    }

    fn maybe_number(&self, column: &str) -> Result<Option<i64>, StoreError> {
        match type_name(self, column)? {
            "INT8" => self.try_get(column).map_err(fault),
            "INT2" => Ok(self.try_get::<Option<i16>, _>(column).map_err(fault)?.map(i64::from)),
            _ => Ok(self.try_get::<Option<i32>, _>(column).map_err(fault)?.map(i64::from)),
        }
    }

    fn flag(&self, column: &str) -> Result<bool, StoreError> {
        self.try_get::<Option<bool>, _>(column).map_err(fault).map(Option::unwrap_or_default)
    }

    fn id(&self, column: &str) -> Result<Uuid, StoreError> {
        self.try_get(column).map_err(fault)
    }

    fn maybe_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let value: Option<Json<T>> = self.try_get(column).map_err(fault)?;
        Ok(value.map(|value| value.0))
    }
}

fn type_name<'a>(row: &'a PgRow, column: &str) -> Result<&'a str, StoreError> {
    Ok(row.try_column(column).map_err(fault)?.type_info().name())
}
