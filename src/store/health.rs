//! What the doctor asks of the database: by a connection of its own, without making or changing anything.

use super::postgres::PostgresStore;
use super::sqlite::SqliteStore;
use super::{StoreError, migrations};
use chrono::{DateTime, Utc};
use std::path::PathBuf;

/// A database as it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Of this version, not applied yet.
    pub missing_migrations: Vec<i64>,
    /// Applied by a version that this one does not know.
    pub unknown_migrations: Vec<i64>,
    pub applied_migrations: Vec<i64>,
    /// The database's clock before ours; none where it has none of its own.
    pub ahead_ms: Option<i64>,
    /// None is SQLite.
    pub postgres: Option<PostgresFacts>,
}

impl DatabaseFacts {
    pub fn newest_migration(&self) -> i64 {
        self.applied_migrations.iter().copied().max().unwrap_or(0)
    }

    pub(super) fn of_migrations(known: migrations::Migrations, applied: Vec<i64>) -> Self {
        let is_known = |version: &i64| known.iter().any(|(known, ..)| known == version);
        let unknown_migrations = applied.iter().copied().filter(|version| !is_known(version)).collect();
        let missing = known.iter().map(|(version, ..)| *version).filter(|version| !applied.contains(version));
        Self {
            missing_migrations: missing.collect(),
            unknown_migrations,
            applied_migrations: applied,
            ..Self::default()
        }
    }
}

/// What a PostgreSQL server tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostgresFacts {
    /// As `server_version_num`.
    pub version: i32,
    pub role: String,
    pub is_superuser: bool,
    pub bypasses_row_security: bool,
    /// Where the tables are; none where the `search_path` leads nowhere.
    pub schema: Option<String>,
    pub encoding: String,
    pub is_read_only: bool,
    pub connections_max: i64,
    /// Below zero is no limit.
    pub role_connections_max: i64,
    /// The same connection is served by several of the server's; then nothing else was asked.
    pub is_pooled_by_transaction: bool,
    /// On this machine.
    pub is_local: bool,
    pub has_tls: bool,
    /// The server's certificate is looked at.
    pub is_verified: bool,
    /// Those of ours that are there.
    pub tables: Vec<TableFacts>,
    /// `table.constraint`, not valid for all rows.
    pub rules_not_valid: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableFacts {
    pub name: String,
    pub is_owned: bool,
    pub has_row_security: bool,
    /// One that concerns the role.
    pub has_policy: bool,
    /// Rights that the role needs and does not have.
    pub lacks: Vec<String>,
    /// PUBLIC, and the roles of Supabase's public API.
    pub granted_to: Vec<String>,
}

/// Looks at the database at this address. `clock` is ours.
pub async fn look(address: &str, clock: &(dyn Fn() -> DateTime<Utc> + Sync)) -> Result<DatabaseFacts, StoreError> {
    match address.split_once(':') {
        Some(("postgres" | "postgresql", _)) => PostgresStore::examine(address, clock).await,
        Some(_) | None => SqliteStore::examine(address).await,
    }
}

/// Where a database is a file; it may not be there yet.
pub fn file_of(address: &str) -> Option<PathBuf> {
    address.starts_with("sqlite:").then(|| SqliteStore::file_of(address)).flatten()
}

/// Through such an address no connection can be kept.
pub fn is_transaction_pooler(address: &str) -> bool {
    PostgresStore::is_transaction_pooler(address)
}
