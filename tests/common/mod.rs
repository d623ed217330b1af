//! What several test programs share: real databases of both kinds.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    unreachable_pub,
    reason = "each test program uses its part; what is not there is a failed test; a server outside is waited for, bounded"
)]

pub mod clock;
pub mod kill;
pub mod place;
pub mod postgres;

use postgres::Cluster;
use sales_engine::store::Store;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Row as _};
use std::str::FromStr as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A new database with the schema of this version, and a person's own connection to it.
pub struct Database {
    pub kind: Kind,
    pub address: String,
    pub store: Store,
    folder: tempfile::TempDir,
}

/// Runs one body of test code on both databases, as `{name}::sqlite` and `{name}::postgres`.
#[macro_export]
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($database:ident: Database) $body:block) => {
        mod $name {
            use super::*;
            async fn body($database: Database) $body

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(Database::new($crate::common::Kind::Sqlite).await).await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body(Database::new($crate::common::Kind::Postgres).await).await;
            }
        }
    };
}

impl Database {
    pub async fn new(kind: Kind) -> Self {
        let database = Self::empty(kind).await;
        database.store.migrate(false).await.unwrap();
        database
    }

    pub async fn empty(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = match kind {
            Kind::Sqlite => format!("sqlite://{}", folder.path().join("t.db").display()),
            Kind::Postgres => Cluster::shared().database().await,
        };
        let store = Store::open(&address).await.unwrap();
        Self { kind, address, store, folder }
    }

    /// A database that is there.
    pub async fn at(kind: Kind, address: &str) -> Self {
        let store = Store::open(address).await.unwrap();
        Self { kind, address: address.to_owned(), store, folder: tempfile::tempdir().unwrap() }
    }

    /// Another writer: a person with a database tool.
    pub async fn person(&self) -> Person {
        Person::at(&self.address).await
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// Plain SQL that both databases understand.
#[derive(Clone)]
pub enum Person {
    Sqlite(sqlx::sqlite::SqlitePool),
    Postgres(sqlx::postgres::PgPool),
}

impl Person {
    pub async fn at(address: &str) -> Self {
        if address.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(address).unwrap();
            return Self::Sqlite(sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap());
        }
        Self::Postgres(sqlx::postgres::PgPool::connect(address).await.unwrap())
    }

    pub async fn run(&self, statement: &str) -> Result<u64, String> {
        let statement = AssertSqlSafe(statement.to_owned());
        let done = match self {
            Self::Sqlite(pool) => sqlx::raw_sql(statement).execute(pool).await.map(|done| done.rows_affected()),
            Self::Postgres(pool) => sqlx::raw_sql(statement).execute(pool).await.map(|done| done.rows_affected()),
        };
        done.map_err(|error| error.to_string())
    }

    /// The column `x` as text, row by row; null is `-`.
    pub async fn texts(&self, statement: &str) -> Vec<String> {
        let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        match self {
            Self::Sqlite(pool) => {
                let statement = format!("SELECT CAST(t.x AS TEXT) FROM ({statement}) AS t");
                let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(pool).await.unwrap();
                rows.iter().map(|row| text(row.get(0))).collect()
            }
            Self::Postgres(pool) => {
                let statement = format!("SELECT t.x::TEXT FROM ({statement}) AS t");
                let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(pool).await.unwrap();
                rows.iter().map(|row| text(row.get(0))).collect()
            }
        }
    }
}

/// The long form of the stress programs, by one command of docs/contributing.md; the short form runs with all tests.
pub fn is_long() -> bool {
    std::env::var("SALES_ENGINE_LONG").is_ok_and(|value| value == "1")
}
