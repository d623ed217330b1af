//! What the doctor asks of PostgreSQL: the catalogue and the settings, no table of ours.

use super::address::{self, is_local, is_verified};
use super::schema::{MIGRATIONS, TABLES};
use super::{PostgresStore, fault};
use crate::store::StoreError;
use crate::store::cells::Cells as _;
use crate::store::health::{DatabaseFacts, PostgresFacts, TableFacts};
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, Row as _};
use std::time::Duration;
use tokio::time::timeout;

/// How long a pooler may let us wait before it counts as one.
const POOLER_MS: u64 = 5_000;

const SERVER: &str = "
    SELECT current_setting('server_version_num')::INT AS version, current_user::TEXT AS role,
           coalesce(r.rolsuper, FALSE) AS is_superuser, coalesce(r.rolbypassrls, FALSE) AS bypasses,
           current_schema()::TEXT AS schema, current_setting('server_encoding') AS encoding,
           pg_is_in_recovery() OR current_setting('transaction_read_only')::BOOLEAN AS is_read_only,
           current_setting('max_connections')::BIGINT AS connections_max,
           coalesce(r.rolconnlimit, -1)::BIGINT AS role_connections_max,
           coalesce((SELECT s.ssl FROM pg_stat_ssl AS s WHERE s.pid = pg_backend_pid()), FALSE) AS has_tls
    FROM (SELECT 1) AS one LEFT JOIN pg_roles AS r ON r.rolname = current_user";

// A policy for all is for us too; of others the role must be a member.
const RELATIONS: &str = "
    SELECT c.relname::TEXT AS name, pg_has_role(c.relowner, 'USAGE') AS is_owned, c.relrowsecurity AS has_row_security,
           EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid
               AND EXISTS (SELECT FROM unnest(p.polroles) AS role
                   WHERE CASE WHEN role = 0 THEN TRUE ELSE pg_has_role(role, 'USAGE') END)) AS has_policy,
           concat_ws(' ',
               CASE WHEN NOT has_table_privilege(c.oid, 'SELECT') THEN 'SELECT' END,
               CASE WHEN w.is_written AND NOT has_table_privilege(c.oid, 'INSERT') THEN 'INSERT' END,
               CASE WHEN w.is_written AND NOT has_table_privilege(c.oid, 'UPDATE') THEN 'UPDATE' END,
               CASE WHEN w.is_written AND NOT has_table_privilege(c.oid, 'DELETE') THEN 'DELETE' END) AS lacks,
           coalesce((SELECT string_agg(DISTINCT coalesce(r.rolname::TEXT, 'PUBLIC'), ' ')
               FROM aclexplode(c.relacl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
               WHERE a.grantee = 0 OR r.rolname IN ('anon', 'authenticated')), '') AS granted_to
    FROM (SELECT unnest(string_to_array($1, ' ')) AS name, TRUE AS is_written UNION ALL SELECT '_sqlx_migrations', FALSE) AS w
    JOIN pg_class AS c ON c.relname = w.name AND c.relkind IN ('r', 'p')
    WHERE c.relnamespace = current_schema()::regnamespace
    ORDER BY 1";

const NOT_VALID: &str = "
    SELECT c.relname || '.' || k.conname AS rule
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT k.convalidated
      AND c.relname = ANY(string_to_array($1, ' '))
    ORDER BY 1";

impl PostgresStore {
    pub(in crate::store) async fn examine(
        address: &str,
        clock: &(dyn Fn() -> DateTime<Utc> + Sync),
    ) -> Result<DatabaseFacts, StoreError> {
        let options = address::parse(address)?;
        let mut connection = options.connect().await.map_err(|error| address::opening_fault(error, &options))?;
        // First of all: nothing else that is asked through such a pooler can be relied on.
        if is_pooled(&mut connection, &options).await? {
            let postgres = PostgresFacts { is_pooled_by_transaction: true, ..PostgresFacts::default() };
            return Ok(DatabaseFacts { postgres: Some(postgres), ..DatabaseFacts::default() });
        }
        connection.execute("SET statement_timeout = '30s'; SET timezone = 'UTC'").await.map_err(fault)?;
        let applied = super::schema::applied(&mut connection).await?;
        let ahead_ms = ahead_ms(&mut connection, clock).await?;
        let postgres = facts(&mut connection, &options).await?;
        connection.close().await.map_err(fault)?;
        Ok(DatabaseFacts {
            ahead_ms: Some(ahead_ms),
            postgres: Some(postgres),
            ..DatabaseFacts::of_migrations(MIGRATIONS, applied.into_iter().collect())
        })
    }

    pub(in crate::store) fn is_transaction_pooler(address: &str) -> bool {
        address::is_transaction_pooler(address)
    }
}

/// The server's clock against the middle of the time that asking took.
async fn ahead_ms(
    connection: &mut PgConnection,
    clock: &(dyn Fn() -> DateTime<Utc> + Sync),
) -> Result<i64, StoreError> {
    let asked_at = clock();
    let row = sqlx::query("SELECT clock_timestamp()").fetch_one(connection).await.map_err(fault)?;
    let answered_at = clock();
    let theirs: DateTime<Utc> = row.try_get(0).map_err(fault)?;
    let ours = asked_at + (answered_at - asked_at) / 2;
    Ok((theirs - ours).num_milliseconds())
}

async fn facts(connection: &mut PgConnection, options: &PgConnectOptions) -> Result<PostgresFacts, StoreError> {
    let row = sqlx::query(SERVER).fetch_one(&mut *connection).await.map_err(fault)?;
    let schema = row.maybe("schema")?;
    let mut facts = PostgresFacts {
        version: row.try_get("version").map_err(fault)?,
        role: row.text("role")?,
        is_superuser: row.flag("is_superuser")?,
        bypasses_row_security: row.flag("bypasses")?,
        encoding: row.text("encoding")?,
        is_read_only: row.flag("is_read_only")?,
        connections_max: row.number("connections_max")?,
        role_connections_max: row.number("role_connections_max")?,
        has_tls: row.flag("has_tls")?,
        is_local: is_local(options),
        is_verified: is_verified(options),
        ..PostgresFacts::default()
    };
    if schema.is_none() {
        return Ok(facts);
    }
    facts.schema = schema;
    let rows = bind!(RELATIONS, TABLES).fetch_all(&mut *connection).await.map_err(fault)?;
    let words = |text: String| text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    for row in &rows {
        facts.tables.push(TableFacts {
            name: row.text("name")?,
            is_owned: row.flag("is_owned")?,
            has_row_security: row.flag("has_row_security")?,
            has_policy: row.flag("has_policy")?,
            lacks: words(row.text("lacks")?),
            granted_to: words(row.text("granted_to")?),
        });
    }
    let rows = bind!(NOT_VALID, TABLES).fetch_all(&mut *connection).await.map_err(fault)?;
    facts.rules_not_valid = rows.iter().map(|row| row.text("rule")).collect::<Result<_, _>>()?;
    Ok(facts)
}

/// While another connection of ours is in a transaction, a pooler that gives connections to transactions has none left of those that
/// served us before: it gives us another one, or lets us wait. One that gives them to statements begins no transaction at all.
async fn is_pooled(connection: &mut PgConnection, options: &PgConnectOptions) -> Result<bool, StoreError> {
    let before = backend(connection).await?;
    let Ok(mut other) = options.connect().await else { return Ok(false) };
    let most = Duration::from_millis(POOLER_MS);
    let mut held = match timeout(most, other.begin()).await {
        Ok(Ok(held)) => held,
        Ok(Err(sqlx::Error::Database(_))) => return Ok(true),
        Ok(Err(error)) => return Err(fault(error)),
        // A pooler that has no second connection for us: that is found when it is needed.
        Err(_waited) => return Ok(false),
    };
    let theirs = backend(&mut held).await?;
    if theirs == before {
        return Ok(true);
    }
    let after = timeout(most, backend(connection)).await;
    held.rollback().await.map_err(fault)?;
    other.close().await.map_err(fault)?;
    after.map_or(Ok(true), |after| Ok(after? != before))
}

/// In one message, because the next one may come to another server.
async fn backend(connection: &mut PgConnection) -> Result<i32, StoreError> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await.map_err(fault)?;
    row.try_get(0).map_err(fault)
}
