//! What the doctor asks of SQLite.

use super::{MIGRATIONS, SqliteStore, applied, fault};
use crate::store::StoreError;
use crate::store::health::DatabaseFacts;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use std::path::PathBuf;
use std::str::FromStr as _;

impl SqliteStore {
    pub(in crate::store) async fn examine(address: &str) -> Result<DatabaseFacts, StoreError> {
        let options = SqliteConnectOptions::from_str(address)
            .map_err(|error| StoreError::Address(format!("database_url: {error}; expected sqlite://PATH")))?;
        if !options.get_filename().exists() {
            return Ok(DatabaseFacts::of_migrations(MIGRATIONS, Vec::new()));
        }
        // A file that a service has open keeps its journal beside it, which only one who may write can read with.
        let mut connection = options.create_if_missing(false).connect().await.map_err(fault)?;
        let applied = applied(&mut connection).await?;
        Ok(DatabaseFacts::of_migrations(MIGRATIONS, applied.into_iter().collect()))
    }

    pub(in crate::store) fn file_of(address: &str) -> Option<PathBuf> {
        SqliteConnectOptions::from_str(address).ok().map(|options| options.get_filename().to_owned())
    }
}
