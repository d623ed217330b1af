//! The schema: migrations in one transaction, adoption of tables that are there already, and what every `migrate` looks after.

use super::{PostgresStore, fault};
use crate::store::cells::Cells as _;
use crate::store::{Finding, MigrationReport, StoreError, migrations};
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};
use std::collections::BTreeSet;

pub(super) const MIGRATIONS: migrations::Migrations = &[
    (1, "tables", include_str!("../../../migrations/postgres/0001_tables.sql")),
    (2, "other writers", include_str!("../../../migrations/postgres/0002_other_writers.sql")),
    (3, "cheaper checks", include_str!("../../../migrations/postgres/0003_cheaper_checks.sql")),
    (4, "airtable", include_str!("../../../migrations/postgres/0004_airtable.sql")),
    (5, "gmail", include_str!("../../../migrations/postgres/0005_gmail.sql")),
    (6, "schedule", include_str!("../../../migrations/postgres/0006_schedule.sql")),
    (7, "platforms", include_str!("../../../migrations/postgres/0007_platforms.sql")),
    (8, "alerts and notifications", include_str!("../../../migrations/postgres/0008_alerts_and_notifications.sql")),
    (9, "suppression", include_str!("../../../migrations/postgres/0009_suppression.sql")),
    (10, "vectors", include_str!("../../../migrations/postgres/0010_vectors.sql")),
    (11, "ai", include_str!("../../../migrations/postgres/0011_ai.sql")),
    (12, "console", include_str!("../../../migrations/postgres/0012_console.sql")),
    (13, "operators", include_str!("../../../migrations/postgres/0013_operators.sql")),
    (15, "silence", include_str!("../../../migrations/postgres/0015_silence.sql")),
    (20, "pages", include_str!("../../../migrations/postgres/0020_pages.sql")),
];
const CHAT_MEMORY: &str = include_str!("../../../migrations/postgres/chat_memory.sql");
/// One number for all of Sales Engine's migrations in a database; others wait for it.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('sales-engine migrations'), hashtext(current_schema()))";
pub(super) const TABLES: &str = "lead_lists contacts chat_history automation_logs deliveries events tasks cursors suppressions budgets gmail_aside platform_leads \
     alerts notifications notification_targets erasures ai_days vector_passages counters counter_deltas";
const OWNERS_TABLES: &str = "lead_lists contacts chat_history automation_logs";
/// Rows named as examples in a finding.
const EXAMPLES_MAX: i64 = 5;

impl PostgresStore {
    pub(in crate::store) async fn migrate(&self, dry_run: bool) -> Result<MigrationReport, StoreError> {
        let mut tx = self.transaction().await?;
        // A migration may take long on a large table; waiting for its locks may not.
        tx.execute("SET LOCAL statement_timeout = 0").await.map_err(fault)?;
        if !dry_run {
            // Whoever waits for another instance's migration waits as long as that takes.
            tx.execute("SET LOCAL lock_timeout = 0").await.map_err(fault)?;
            sqlx::query(LOCK).execute(&mut *tx).await.map_err(fault)?;
            tx.execute("SET LOCAL lock_timeout = '5s'").await.map_err(fault)?;
        }
        let applied = applied(&mut tx).await?;
        let steps = migrations::steps(MIGRATIONS, &applied)?;
        let pending = steps.iter().any(|step| step.applied_now);
        let plan = if applied.is_empty() { plan(&mut tx).await? } else { Vec::new() };
        if dry_run {
            let findings = findings(&mut tx).await?;
            return Ok(MigrationReport { steps, plan, findings });
        }
        if pending {
            migrations::migrator(MIGRATIONS).run_direct(None, &mut *tx, false).await.map_err(migration_fault)?;
        }
        // Whoever only serves, with a role that owns nothing, has nothing to look after.
        if owns_tables(&mut tx).await? {
            protect(&mut tx).await?;
            mend(&mut tx).await?;
            chat_memory(&mut tx).await?;
        }
        let findings = findings(&mut tx).await?;
        tx.commit().await.map_err(fault)?;
        Ok(MigrationReport { steps, plan, findings })
    }

    /// Whether nothing is left to apply; takes no lock.
    pub(in crate::store) async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let mut tx = self.transaction().await?;
        let applied = applied(&mut tx).await?;
        Ok(migrations::steps(MIGRATIONS, &applied)?.iter().all(|step| !step.applied_now))
    }
}

pub(super) async fn applied(connection: &mut PgConnection) -> Result<BTreeSet<i64>, StoreError> {
    let table = sqlx::query("SELECT to_regclass('_sqlx_migrations')::TEXT").fetch_one(&mut *connection);
    if table.await.map_err(fault)?.try_get::<Option<String>, _>(0).map_err(fault)?.is_none() {
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
            StoreError::Rejected(text) => StoreError::Schema(format!(
                "the schema can't be brought up to date: {text}. Nothing was changed. (This role must own the tables; a foreign \
                 table of the same name wants Sales Engine in a schema of its own, see docs/postgres.md)"
            )),
            other => other,
        },
        other => StoreError::Schema(format!("the schema can't be brought up to date: {other}")),
    }
}

/// What the first migration will do to what is there. The tables are made, empty, among this session's temporary ones, and compared
/// with the real ones by the catalogue: no table is locked, nothing stays. Columns of another type are refused here.
async fn plan(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let schema: String = sqlx::query("SELECT current_schema()::TEXT")
        .fetch_one(&mut *connection)
        .await
        .and_then(|row| row.try_get(0))
        .map_err(fault)?;
    let mut wanted = connection.begin().await.map_err(fault)?;
    wanted.execute("SET LOCAL search_path = pg_temp").await.map_err(fault)?;
    for (_, _, statements) in MIGRATIONS.iter().take(1) {
        wanted.execute(*statements).await.map_err(fault)?;
    }
    let rows = bind!(COMPARE, &schema).fetch_all(&mut *wanted).await.map_err(fault)?;
    wanted.rollback().await.map_err(fault)?;
    let mut plan = Vec::with_capacity(rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let text = row.text("what")?;
        if row.flag("wrong")? { wrong.push(text) } else { plan.push(text) }
    }
    if wrong.is_empty() {
        return Ok(plan);
    }
    Err(StoreError::Schema(format!(
        "the tables in the schema {schema} can't be adopted: {}. Nothing was changed. Change these columns (ALTER TABLE … ALTER \
         COLUMN … TYPE), or give Sales Engine a schema of its own",
        wrong.join("; ")
    )))
}

// pg_temp holds what is wanted, $1 names the schema of what is there. varchar, text and json, jsonb differ in nothing that counts.
const COMPARE: &str = "
    WITH wanted AS (
        SELECT c.relname, a.attname, a.attnum, format_type(a.atttypid, NULL) AS type
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relnamespace = pg_my_temp_schema() AND c.relkind = 'r'
    ), actual AS (
        SELECT c.relname, a.attname, format_type(a.atttypid, NULL) AS type
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p')
    )
    SELECT 1 AS nth, 'create table ' || relname AS what, FALSE AS wrong
    FROM wanted WHERE relname NOT IN (SELECT relname FROM actual) GROUP BY relname
    UNION ALL
    SELECT 2, 'adopt table ' || relname || ' with its rows', FALSE
    FROM wanted WHERE relname IN (SELECT relname FROM actual) GROUP BY relname
    UNION ALL
    SELECT 3, 'add column ' || w.relname || '.' || w.attname || ' ' || w.type, FALSE
    FROM wanted AS w
    WHERE w.relname IN (SELECT relname FROM actual)
      AND NOT EXISTS (SELECT FROM actual AS a WHERE a.relname = w.relname AND a.attname = w.attname)
    UNION ALL
    SELECT 4, 'add constraint ' || k.conname || ' to ' || c.relname || ' (not valid until all rows keep it)', FALSE
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
    WHERE c.relnamespace = pg_my_temp_schema() AND k.contype IN ('c', 'f') AND c.relname IN (SELECT relname FROM actual)
      AND NOT EXISTS (
          SELECT FROM pg_constraint AS known JOIN pg_class AS there ON there.oid = known.conrelid
          WHERE there.relnamespace = $1::regnamespace AND there.relname = c.relname AND known.conname = k.conname)
    UNION ALL
    SELECT 5, 'create index ' || i.relname || ' on ' || c.relname, FALSE
    FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS c ON c.oid = x.indrelid
    WHERE c.relnamespace = pg_my_temp_schema() AND NOT x.indisprimary AND c.relname IN (SELECT relname FROM actual)
      AND NOT EXISTS (SELECT FROM pg_class AS known WHERE known.relnamespace = $1::regnamespace AND known.relname = i.relname)
    UNION ALL
    SELECT 6, w.relname || '.' || w.attname || ' is ' || a.type || ', needed is ' || w.type, TRUE
    FROM wanted AS w JOIN actual AS a ON a.relname = w.relname AND a.attname = w.attname
    WHERE a.type <> w.type
      AND NOT (w.type IN ('character varying', 'text') AND a.type IN ('character varying', 'text'))
    ORDER BY 1, 2";

async fn owns_tables(connection: &mut PgConnection) -> Result<bool, StoreError> {
    bind!(
        "SELECT coalesce(bool_and(pg_has_role(c.relowner, 'USAGE')), FALSE) FROM pg_class AS c
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(string_to_array($1, ' '))",
        TABLES
    )
    .fetch_one(connection)
    .await
    .and_then(|row| row.try_get(0))
    .map_err(fault)
}

/// Nothing of it shows through Supabase's public API: no grants to its roles, row level security everywhere, sqlx's own table
/// included. Run each time, because those roles may have come later.
async fn protect(connection: &mut PgConnection) -> Result<(), StoreError> {
    connection.execute(PROTECT).await.map_err(fault)?;
    Ok(())
}

const PROTECT: &str = "
DO $$
DECLARE
    relation TEXT;
    role TEXT;
BEGIN
    FOREACH relation IN ARRAY string_to_array('lead_lists contacts chat_history automation_logs deliveries events tasks cursors suppressions budgets gmail_aside platform_leads alerts notifications notification_targets erasures ai_days vector_passages counters counter_deltas _sqlx_migrations', ' ') LOOP
        IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = relation::regclass) THEN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
        END IF;
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', relation);
        FOREACH role IN ARRAY ARRAY['anon', 'authenticated'] LOOP
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
                EXECUTE format('REVOKE ALL ON %s FROM %I', relation, role);
                EXECUTE format('REVOKE ALL ON FUNCTION sales_engine_guard_contact(), sales_engine_guard_deletion(), sales_engine_count_stages() FROM %I', role);
                EXECUTE format('REVOKE ALL ON SEQUENCE notifications_seq_seq FROM %I', role);
            END IF;
        END LOOP;
    END LOOP;
END
$$";

/// Validates the constraints that by now hold for all rows, and makes the unique indexes that doubles kept out.
async fn mend(connection: &mut PgConnection) -> Result<(), StoreError> {
    connection.execute(MEND).await.map_err(fault)?;
    Ok(())
}

const MEND: &str = "
DO $$
DECLARE
    wanted RECORD;
BEGIN
    FOR wanted IN
        SELECT c.oid::regclass AS relation, k.conname AS name
        FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
        WHERE c.relnamespace = current_schema()::regnamespace AND NOT k.convalidated
          AND c.relname = ANY(string_to_array('lead_lists contacts chat_history automation_logs', ' '))
    LOOP
        BEGIN
            EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', wanted.relation, wanted.name);
        EXCEPTION WHEN check_violation OR foreign_key_violation THEN
            NULL;
        END;
    END LOOP;
    BEGIN
        CREATE UNIQUE INDEX IF NOT EXISTS contacts_email_once_per_client ON contacts(client_id, lower(email));
        DROP INDEX IF EXISTS contacts_email_by_client;
    EXCEPTION WHEN unique_violation THEN
        NULL;
    END;
    BEGIN
        CREATE UNIQUE INDEX IF NOT EXISTS lead_lists_name_once_per_client ON lead_lists(client_id, list_name);
    EXCEPTION WHEN unique_violation THEN
        NULL;
    END;
END
$$";

/// Makes or replaces `n8n.chat_memory`, where this role may.
async fn chat_memory(connection: &mut PgConnection) -> Result<(), StoreError> {
    let schema: String = sqlx::query("SELECT quote_ident(current_schema())")
        .fetch_one(&mut *connection)
        .await
        .and_then(|row| row.try_get(0))
        .map_err(fault)?;
    let may: bool = sqlx::query(
        "SELECT coalesce(
            (SELECT pg_has_role(n.nspowner, 'USAGE') FROM pg_namespace AS n WHERE n.nspname = 'n8n'),
            has_database_privilege(current_database(), 'CREATE'))",
    )
    .fetch_one(&mut *connection)
    .await
    .and_then(|row| row.try_get(0))
    .map_err(fault)?;
    if may {
        // The only part that is put in is the schema's name, quoted by the server.
        let statements = CHAT_MEMORY.replace("{schema}", &schema);
        connection.execute(AssertSqlSafe(statements)).await.map_err(fault)?;
    }
    Ok(())
}

/// What is not as it should be and only a person can mend.
async fn findings(connection: &mut PgConnection) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let rows = bind!(
        "SELECT c.oid::regclass::TEXT AS relation, k.conname::TEXT AS name, pg_get_constraintdef(k.oid) AS definition,
                (SELECT a.attname::TEXT FROM pg_index AS x JOIN pg_attribute AS a
                     ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
                 WHERE x.indrelid = c.oid AND x.indisprimary) AS id
         FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
         WHERE c.relnamespace = current_schema()::regnamespace AND NOT k.convalidated AND k.contype = 'c'
           AND c.relname = ANY(string_to_array($1, ' '))
         ORDER BY 1, 2",
        OWNERS_TABLES
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(fault)?;
    for row in &rows {
        let (relation, name, definition) = (row.text("relation")?, row.text("name")?, row.text("definition")?);
        let check = definition.trim_start_matches("CHECK ").trim_end_matches(" NOT VALID");
        let id = row.maybe("id")?.unwrap_or_else(|| "ctid".to_owned());
        // Names and expression come out of the catalogue, from our own migration.
        let statement = format!(
            "SELECT count(*) AS n, coalesce((array_agg({id}::TEXT ORDER BY {id}))[1:{EXAMPLES_MAX}], '{{}}') AS examples
             FROM {relation} WHERE NOT {check}"
        );
        let odd = sqlx::query(AssertSqlSafe(statement)).fetch_one(&mut *connection).await.map_err(fault)?;
        findings.push(Finding {
            table: relation,
            rule: name,
            rows: odd.number("n")?,
            examples: odd.try_get("examples").map_err(fault)?,
            what_to_do: "mend these rows, then run `migrate` again; until then new rows must keep the rule, these are left as they \
                         are (an event about a contact off the matrix puts it on the nearest stage)"
                .to_owned(),
        });
    }
    findings.extend(doubles(connection).await?);
    Ok(findings)
}

async fn doubles(connection: &mut PgConnection) -> Result<Option<Finding>, StoreError> {
    let waiting = sqlx::query("SELECT to_regclass('contacts_email_by_client')::TEXT").fetch_one(&mut *connection);
    if waiting.await.map_err(fault)?.try_get::<Option<String>, _>(0).map_err(fault)?.is_none() {
        return Ok(None);
    }
    let row = bind!(
        "SELECT count(*) AS n, coalesce((array_agg(ids ORDER BY ids))[1:$1], '{}') AS examples
         FROM (SELECT string_agg(contact_id::TEXT, ' = ' ORDER BY created_at, contact_id) AS ids FROM contacts
               GROUP BY client_id, lower(email) HAVING count(*) > 1) AS double",
        i32::try_from(EXAMPLES_MAX).unwrap_or(1)
    )
    .fetch_one(connection)
    .await
    .map_err(fault)?;
    Ok(Some(Finding {
        table: "contacts".to_owned(),
        rule: "contacts_email_once_per_client".to_owned(),
        rows: row.number("n")?,
        examples: row.try_get("examples").map_err(fault)?,
        what_to_do: "merge these contacts, then run `migrate` again; until then events go to the oldest of them, and the database \
                     does not keep rule 1"
            .to_owned(),
    }))
}
