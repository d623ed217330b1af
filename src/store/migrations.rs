//! What both databases share of their migrations.

use super::{MigrationStep, StoreError};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Version, name, statements.
pub(super) type Migrations = &'static [(i64, &'static str, &'static str)];

/// The caller holds a lock over the whole migration; sqlx's own is none on SQLite and one of a session on PostgreSQL.
pub(super) fn migrator(migrations: Migrations) -> Migrator {
    let migrations = migrations
        .iter()
        .map(|(version, name, sql)| {
            let sql = sqlx::SqlSafeStr::into_sql_str(*sql);
            Migration::new(*version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
        })
        .collect();
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.set_locking(false);
    migrator
}

/// What is to be done, given what was; a schema that this program does not know is refused.
pub(super) fn steps(migrations: Migrations, applied: &BTreeSet<i64>) -> Result<Vec<MigrationStep>, StoreError> {
    let known: BTreeSet<i64> = migrations.iter().map(|(version, ..)| *version).collect();
    if let Some(newer) = applied.difference(&known).next() {
        return Err(StoreError::Schema(format!(
            "the database has migration {newer}, which this version does not know: it was made by a newer sales-engine; use \
             that version or newer"
        )));
    }
    let steps = migrations.iter().map(|(version, name, _)| MigrationStep {
        version: *version,
        name: (*name).to_owned(),
        applied_now: !applied.contains(version),
    });
    Ok(steps.collect())
}
