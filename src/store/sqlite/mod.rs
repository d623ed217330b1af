//! SQLite, the embedded default: one writer, several readers, constant statements over JSON arrays.

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
mod shadow;
mod silence;
mod suppression;
mod tasks;
mod vectors;
mod write;

use super::cells::{Cells, unreadable};
use super::{MigrationReport, StoreError, migrations};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
pub(super) use shadow::SqliteOther;
use sqlx::migrate::MigrateError;
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{Row as _, Sqlite, Transaction};
use std::collections::BTreeSet;
use std::str::FromStr as _;
use std::time::Duration;
use uuid::Uuid;

const READERS: u32 = 4;
/// How long a writer waits for another process before the database counts as unavailable.
const BUSY_MS: u64 = 5_000;

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "tables", include_str!("../../../migrations/sqlite/0001_tables.sql")),
    (2, "other writers", include_str!("../../../migrations/sqlite/0002_other_writers.sql")),
    (4, "airtable", include_str!("../../../migrations/sqlite/0004_airtable.sql")),
    (5, "gmail", include_str!("../../../migrations/sqlite/0005_gmail.sql")),
    (6, "schedule", include_str!("../../../migrations/sqlite/0006_schedule.sql")),
    (7, "platforms", include_str!("../../../migrations/sqlite/0007_platforms.sql")),
    (8, "alerts and notifications", include_str!("../../../migrations/sqlite/0008_alerts_and_notifications.sql")),
    (9, "suppression", include_str!("../../../migrations/sqlite/0009_suppression.sql")),
    (10, "vectors", include_str!("../../../migrations/sqlite/0010_vectors.sql")),
    (11, "ai", include_str!("../../../migrations/sqlite/0011_ai.sql")),
    (12, "console", include_str!("../../../migrations/sqlite/0012_console.sql")),
    (13, "operators", include_str!("../../../migrations/sqlite/0013_operators.sql")),
    (15, "silence", include_str!("../../../migrations/sqlite/0015_silence.sql")),
    (20, "pages", include_str!("../../../migrations/sqlite/0020_pages.sql")),
];

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
            // 16 MiB a connection: the service stays under 64 in all.
            .pragma("cache_size", "-16384")
            .pragma("temp_store", "memory");
        let pool = || SqlitePoolOptions::new().max_lifetime(None).idle_timeout(None).test_before_acquire(false);
        let writer = pool().max_connections(1).connect_with(options.clone()).await.map_err(fault)?;
        let readers =
            pool().max_connections(READERS).connect_lazy_with(options.read_only(true).create_if_missing(false));
        Ok(Self { writer, readers })
    }

    pub(super) async fn migrate(&self, dry_run: bool) -> Result<MigrationReport, StoreError> {
        // One transaction from looking to leaving: of two processes the second waits, and finds nothing to do.
        let mut tx = self.begin().await?.tx;
        let applied = applied(&mut tx).await?;
        let steps = migrations::steps(MIGRATIONS, &applied)?;
        if !dry_run && steps.iter().any(|step| step.applied_now) {
            migrations::migrator(MIGRATIONS).run_direct(None, &mut *tx, false).await.map_err(migration_fault)?;
            tx.commit().await.map_err(fault)?;
        }
        Ok(MigrationReport { steps, plan: Vec::new(), findings: Vec::new() })
    }

    /// Whether nothing is left to apply; takes no lock.
    pub(super) async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let mut connection = self.writer.acquire().await.map_err(fault)?;
        let applied = applied(&mut connection).await?;
        Ok(migrations::steps(MIGRATIONS, &applied)?.iter().all(|step| !step.applied_now))
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        self.row(sqlx::query("SELECT 1 FROM contacts LIMIT 1")).await?;
        Ok(())
    }

    pub(super) async fn look(&self) -> Result<SqliteTx, StoreError> {
        Ok(SqliteTx { tx: self.readers.begin().await.map_err(fault)? })
    }

    pub(super) async fn begin(&self) -> Result<SqliteTx, StoreError> {
        // A deferred transaction that reads and then writes fails where another process wrote in between.
        match self.writer.begin_with("BEGIN IMMEDIATE").await {
            Ok(tx) => Ok(SqliteTx { tx }),
            // After an I/O error SQLite has rolled back by itself and the driver still counts a transaction: start afresh.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.writer.acquire().await.map_err(fault)?.close().await.map_err(fault)?;
                Ok(SqliteTx { tx: self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(fault)? })
            }
            Err(error) => Err(fault(error)),
        }
    }
}

/// A statement with its values.
type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

impl SqliteStore {
    async fn rows(&self, bound: Bound<'_>) -> Result<Vec<SqliteRow>, StoreError> {
        bound.fetch_all(&self.readers).await.map_err(fault)
    }

    async fn row(&self, bound: Bound<'_>) -> Result<Option<SqliteRow>, StoreError> {
        bound.fetch_optional(&self.readers).await.map_err(fault)
    }

    /// All that is found, each row as `read` reads it.
    async fn all<T>(
        &self,
        bound: Bound<'_>,
        read: impl Fn(&SqliteRow) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.rows(bound).await?.iter().map(read).collect()
    }

    async fn one<T>(
        &self,
        bound: Bound<'_>,
        read: impl Fn(&SqliteRow) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.row(bound).await?.as_ref().map(read).transpose()
    }

    /// Writes, in a transaction of its own; gives how many rows.
    async fn run(&self, bound: Bound<'_>) -> Result<u64, StoreError> {
        Ok(bound.execute(&self.writer).await.map_err(fault)?.rows_affected())
    }
}

impl SqliteTx {
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await.map_err(fault)
    }
}

async fn applied(connection: &mut SqliteConnection) -> Result<BTreeSet<i64>, StoreError> {
    let table = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'");
    if table.fetch_optional(&mut *connection).await.map_err(fault)?.is_none() {
        return Ok(BTreeSet::new());
    }
    let rows =
        sqlx::query("SELECT version FROM _sqlx_migrations WHERE success").fetch_all(connection).await.map_err(fault)?;
    rows.iter().map(|row| row.try_get(0).map_err(fault)).collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all that is no error of execution is one of the schema")]
fn migration_fault(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => match fault(error) {
            StoreError::Rejected(text) => StoreError::Schema(format!("the schema can't be brought up to date: {text}")),
            other => other,
        },
        other => StoreError::Schema(format!("the schema can't be brought up to date: {other}")),
    }
}

/// Result codes that say that the database can't take it now (sqlite.org/rescode.html), as primary codes:
/// busy, locked, readonly, interrupt, ioerr, corrupt, full, cantopen, protocol, nomem.
const UNAVAILABLE: [i32; 10] = [5, 6, 8, 9, 10, 11, 13, 14, 15, 7];

const NOT_A_DATABASE: i32 = 26;

/// The one place where a database error becomes one of ours.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is open: what is not known to be the data's fault is an outage"
)]
fn fault(error: sqlx::Error) -> StoreError {
    let code = match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse::<i32>().ok()).map_or(0, |code| code & 0xff);
            if code == NOT_A_DATABASE {
                return StoreError::Address(
                    "database_url: the file is there but is no SQLite database; name another one".to_owned(),
                );
            }
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

/// The one form in which times are stored: their text order is their order.
fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn json_text<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Rejected(format!("write as JSON: {error}")))
}

impl Cells for SqliteRow {
    fn maybe(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.try_get(column).map_err(fault)
    }

    fn maybe_number(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.try_get(column).map_err(fault)
    }

    fn flag(&self, column: &str) -> Result<bool, StoreError> {
        self.try_get::<Option<bool>, _>(column).map_err(fault).map(Option::unwrap_or_default)
    }

    fn id(&self, column: &str) -> Result<Uuid, StoreError> {
        Uuid::parse_str(&self.text(column)?).map_err(|error| unreadable("id", error))
    }

    fn maybe_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let text: Option<&str> = self.try_get(column).map_err(fault)?;
        text.map(serde_json::from_str).transpose().map_err(|error| unreadable(column, error))
    }
}
