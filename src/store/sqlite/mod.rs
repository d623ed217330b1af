//! SQLite, the embedded default: one writer, several readers, constant statements over JSON arrays.

mod load;
mod queries;
mod tasks;
mod write;

use super::{MigrationStep, StoreError};
use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row as _, Sqlite, Transaction};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::str::FromStr as _;
use std::time::Duration;

const READERS: u32 = 4;
/// How long a writer waits for another process before the database counts as unavailable.
const BUSY_MS: u64 = 5_000;

const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "tables", include_str!("../../../migrations/sqlite/0001_tables.sql"))];

#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

#[derive(Debug)]
pub struct SqliteTx {
    tx: Transaction<'static, Sqlite>,
}

impl SqliteStore {
    pub(super) async fn open(address: &str) -> Result<Self, StoreError> {
        if address.contains(":memory:") || address.contains("mode=memory") {
            return Err(StoreError::Address(
                "database_url: a database in memory loses what was acknowledged; expected sqlite://PATH".to_owned(),
            ));
        }
        let options = SqliteConnectOptions::from_str(address)
            .map_err(|error| StoreError::Address(format!("database_url: {error}; expected sqlite://PATH")))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A 200 means durable, power cut included; it is paid once a batch.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_millis(BUSY_MS))
            .foreign_keys(true)
            .pragma("cache_size", "-65536")
            .pragma("temp_store", "memory");
        let pool = || SqlitePoolOptions::new().max_lifetime(None).idle_timeout(None).test_before_acquire(false);
        let writer = pool().max_connections(1).connect_with(options.clone()).await.map_err(fault)?;
        let readers =
            pool().max_connections(READERS).connect_lazy_with(options.read_only(true).create_if_missing(false));
        Ok(Self { writer, readers })
    }

    pub(super) async fn migrate(&self, dry_run: bool) -> Result<Vec<MigrationStep>, StoreError> {
        let applied = self.applied().await?;
        let known: BTreeSet<i64> = MIGRATIONS.iter().map(|(version, ..)| *version).collect();
        if let Some(newer) = applied.difference(&known).next() {
            return Err(StoreError::Schema(format!(
                "the database has migration {newer}, which this version does not know: it was made by a newer \
                 sales-engine; use that version or newer"
            )));
        }
        if !dry_run {
            migrator().run(&self.writer).await.map_err(migration_fault)?;
        }
        let steps = MIGRATIONS.iter().map(|(version, name, _)| MigrationStep {
            version: *version,
            name: (*name).to_owned(),
            applied_now: !applied.contains(version),
        });
        Ok(steps.collect())
    }

    async fn applied(&self) -> Result<BTreeSet<i64>, StoreError> {
        let table = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'");
        if table.fetch_optional(&self.writer).await.map_err(fault)?.is_none() {
            return Ok(BTreeSet::new());
        }
        let rows = sqlx::query("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(&self.writer)
            .await
            .map_err(fault)?;
        rows.iter().map(|row| row.try_get(0).map_err(fault)).collect()
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1 FROM contacts LIMIT 1").fetch_optional(&self.readers).await.map_err(fault)?;
        Ok(())
    }

    pub(super) async fn begin(&self) -> Result<SqliteTx, StoreError> {
        // A deferred transaction that reads and then writes fails where another process wrote in between.
        Ok(SqliteTx { tx: self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(fault)? })
    }
}

impl SqliteTx {
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await.map_err(fault)
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, name, sql)| {
            let sql = sqlx::SqlSafeStr::into_sql_str(*sql);
            Migration::new(*version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
        })
        .collect();
    Migrator::with_migrations(migrations)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all that is no error of execution is one of the schema")]
fn migration_fault(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) => fault(error),
        other => StoreError::Schema(format!("the schema can't be brought up to date: {other}")),
    }
}

/// Result codes that say that the database can't take it now (sqlite.org/rescode.html), as primary codes:
/// busy, locked, readonly, interrupt, ioerr, corrupt, full, cantopen, protocol, nomem.
const UNAVAILABLE: [i32; 10] = [5, 6, 8, 9, 10, 11, 13, 14, 15, 7];

/// The one place where a database error becomes one of ours.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is open: what is not known to be the data's fault is an outage"
)]
fn fault(error: sqlx::Error) -> StoreError {
    let code = match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse::<i32>().ok()).map_or(0, |code| code & 0xff);
            if !UNAVAILABLE.contains(&code) {
                return StoreError::Rejected(database.message().to_owned());
            }
            code
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => {
            return StoreError::Rejected(error.to_string());
        }
        _ => 0,
    };
    tracing::debug!(code, "database error");
    StoreError::Unavailable(error)
}

/// A value in the database that the program can't read back.
fn unreadable(what: &str, detail: impl std::fmt::Display) -> StoreError {
    StoreError::Rejected(format!("a stored {what} can't be read: {detail}"))
}

/// The one form in which times are stored: their text order is their order.
fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn json_text<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Rejected(format!("write as JSON: {error}")))
}
