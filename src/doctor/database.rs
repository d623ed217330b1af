//! The database: its schema, who may do what, how it is reached, its clock.

use super::{Code, Finding};
use crate::store::health::{DatabaseFacts, PostgresFacts, TableFacts};

/// Our own from the database's: claims by lease and signatures bear this much.
const SKEW_MS_MAX: i64 = 30_000;
const DRIFT_MS_MAX: i64 = 2_000;
const VERSION_MIN: i32 = 150_000;
/// What an instance takes at most.
const CONNECTIONS: i64 = 8;
/// Beside it others want in too: a person, n8n, a second instance while the first is replaced.
const CONNECTIONS_USUAL: i64 = 20;
const AT: &str = "database_url";

pub fn findings(facts: &DatabaseFacts) -> Vec<Finding> {
    if facts.postgres.as_ref().is_some_and(|postgres| postgres.is_pooled_by_transaction) {
        return vec![pooled()];
    }
    let mut findings = Vec::new();
    if let Some(postgres) = &facts.postgres {
        findings.extend(server(postgres));
        findings.extend(roads(postgres));
    }
    let has_schema_faults = !schema(facts, &mut findings);
    if let Some(postgres) = facts.postgres.as_ref().filter(|_| !has_schema_faults) {
        for table in &postgres.tables {
            findings.extend(of_table(table, postgres));
        }
        findings.extend(postgres.rules_not_valid.iter().map(|rule| {
            let what = "some rows break this rule, so the database does not hold it for them";
            let to_do = "`sales-engine migrate` names the rows; mend them and run it again";
            Finding::new(Code::DatabaseRowsOff, rule, what, to_do)
        }));
    }
    findings.extend(facts.ahead_ms.map(clock));
    if findings.iter().all(|finding| finding.severity != super::Severity::Fault) {
        let what = match &facts.postgres {
            Some(postgres) => format!("PostgreSQL {}, schema {}", postgres.version / 10_000, facts.newest_migration()),
            None => format!("SQLite, schema {}", facts.newest_migration()),
        };
        findings.push(Finding::well(Code::DatabaseWell, AT, what));
    }
    findings
}

/// False where there is no use in looking at the tables.
fn schema(facts: &DatabaseFacts, findings: &mut Vec<Finding>) -> bool {
    if facts.postgres.as_ref().is_some_and(|postgres| postgres.schema.is_none()) {
        return false;
    }
    if let Some(newer) = facts.unknown_migrations.first() {
        let what = format!("the schema has migration {newer}, which this version does not know");
        findings.push(Finding::new(
            Code::DatabaseSchemaNewer,
            AT,
            what,
            "use the version that made it, or a newer one",
        ));
        return false;
    }
    if !facts.missing_migrations.is_empty() {
        let missing: Vec<String> = facts.missing_migrations.iter().map(i64::to_string).collect();
        let what = format!("migrations are missing: {}", missing.join(", "));
        findings.push(Finding::new(
            Code::DatabaseSchemaOld,
            AT,
            what,
            "run `sales-engine migrate` (`serve` does it too)",
        ));
        return false;
    }
    true
}

fn server(postgres: &PostgresFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |code, what: String, to_do: &str| findings.push(Finding::new(code, AT, what, to_do));
    if postgres.version < VERSION_MIN {
        let what = format!("the server is PostgreSQL {}", postgres.version / 10_000);
        find(Code::DatabaseVersion, what, "Sales Engine needs 15 or newer");
    }
    if postgres.schema.is_none() {
        let what = "none of the schemas in its search_path exists, or this role may not use it".to_owned();
        find(Code::DatabaseSearchPath, what, "CREATE SCHEMA it, or take the search_path out");
    }
    if postgres.encoding != "UTF8" {
        let what = format!("the database is encoded as {}", postgres.encoding);
        find(Code::DatabaseEncoding, what, "make a database with ENCODING 'UTF8'");
    }
    if postgres.is_read_only {
        let what = "it takes no writes: a replica, or default_transaction_read_only is on".to_owned();
        find(Code::DatabaseReadOnly, what, "name the primary server; on Supabase look at the project's disk");
    }
    if postgres.is_superuser {
        let what = format!("`{}` is a superuser, whom no right and no row security binds", postgres.role);
        find(Code::DatabaseSuperuser, what, "serve as a role that owns nothing: docs/postgres-role.sql");
    }
    let allowed = if postgres.role_connections_max < 0 { i64::MAX } else { postgres.role_connections_max };
    if allowed < CONNECTIONS || postgres.connections_max < CONNECTIONS_USUAL {
        let what = format!(
            "an instance takes up to {CONNECTIONS} connections; the server has {}, the role {}",
            postgres.connections_max,
            if allowed == i64::MAX { "no limit of its own".to_owned() } else { allowed.to_string() }
        );
        find(Code::DatabaseConnections, what, "raise max_connections, or ALTER ROLE … CONNECTION LIMIT");
    }
    findings
}

fn pooled() -> Finding {
    Finding::new(
        Code::DatabasePooler,
        AT,
        "a pooler gives each transaction another connection: statements of several clients can get each other's rows",
        "use the session pooler or the direct connection, port 5432",
    )
}

/// How the server is reached.
fn roads(postgres: &PostgresFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if postgres.is_local {
        return findings;
    }
    if !postgres.has_tls {
        let what = "personal data and the password go over the network in plain text";
        let to_do = "take sslmode=disable (or prefer, allow) out; TLS is required then";
        findings.push(Finding::new(Code::DatabasePlainText, AT, what, to_do));
    } else if !postgres.is_verified {
        let what = "TLS, but nobody looks whose certificate it is: whoever is between may read along";
        let to_do = "?sslmode=verify-full&sslrootcert=FILE with the server's authority (Supabase: prod-ca.crt)";
        findings.push(Finding::new(Code::DatabaseUnverified, AT, what, to_do));
    }
    findings
}

fn of_table(table: &TableFacts, postgres: &PostgresFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let at = |table: &TableFacts| format!("table {}", table.name);
    if !table.lacks.is_empty() {
        let what = format!("`{}` lacks {}", postgres.role, table.lacks.join(", "));
        findings.push(Finding::new(
            Code::DatabasePrivileges,
            at(table),
            what,
            "run docs/postgres-role.sql as the owner",
        ));
    }
    if !table.has_row_security {
        let what = "row level security is off: Supabase's public API may show it";
        findings.push(Finding::new(
            Code::DatabaseNoRowSecurity,
            at(table),
            what,
            "run `sales-engine migrate` as the owner",
        ));
    } else if !(table.is_owned || table.has_policy || postgres.is_superuser || postgres.bypasses_row_security) {
        let what = format!("row level security hides all rows from `{}`", postgres.role);
        findings.push(Finding::new(
            Code::DatabaseHidesRows,
            at(table),
            what,
            "run docs/postgres-role.sql as the owner",
        ));
    }
    if !table.granted_to.is_empty() {
        let what = format!("{} may use it, and with it whoever has the public key", table.granted_to.join(", "));
        findings.push(Finding::new(
            Code::DatabaseExposed,
            at(table),
            what,
            "run `sales-engine migrate` as the owner, or REVOKE",
        ));
    }
    findings
}

fn clock(ahead_ms: i64) -> Finding {
    let what = format!(
        "the database's clock is {} ms {} ours",
        ahead_ms.abs(),
        if ahead_ms < 0 { "behind" } else { "ahead of" }
    );
    let code = match ahead_ms.abs() {
        ms if ms > SKEW_MS_MAX => Code::ClockDatabase,
        ms if ms > DRIFT_MS_MAX => Code::ClockDrift,
        _ => return Finding::well(Code::ClockWell, AT, what),
    };
    Finding::new(code, AT, what, "let both machines set their clocks by NTP (chrony, systemd-timesyncd)")
}
