//! Plans: the statements that a test's requests run are caught on their way to the database and planned there; none may read a
//! growing table from end to end.

use crate::common::{Database, Kind, Person};
use sales_engine::store::Store;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// A database whose server tells what it is asked, from what connects to it now.
pub(crate) async fn told(mut database: Database) -> Database {
    if database.kind == Kind::Postgres {
        let name = database.address.rsplit('/').next().unwrap().to_owned();
        database.person().await.run(&format!("ALTER DATABASE {name} SET log_statement = 'all'")).await.unwrap();
        database.store = Store::open(&database.address).await.unwrap();
    }
    database
}

/// Listens while `ask` runs, then plans each statement that read.
pub(crate) async fn none_reads_a_table_whole(database: &Database, statements_min: usize, ask: impl AsyncFnOnce()) {
    let person = database.person().await;
    let marker = uuid::Uuid::new_v4().to_string();
    person.texts(&format!("SELECT '{marker}' AS x")).await;
    let catcher = Catcher::default();
    Fan::add(&catcher);
    ask().await;
    Fan::remove(&catcher);
    let statements: BTreeSet<String> = match database.kind {
        Kind::Sqlite => catcher.0.lock().unwrap().clone(),
        Kind::Postgres => logged(&person, &marker).await,
    };
    let reads: Vec<&String> = statements
        .iter()
        .filter(|text| ["SELECT", "WITH looked", "WITH known"].iter().any(|begin| text.starts_with(begin)))
        .filter(|text| text.contains("?1") || text.contains("$1"))
        .collect();
    assert!(reads.len() >= statements_min, "too few statements were caught: {reads:#?}");
    for statement in reads {
        for line in plan(&person, statement).await {
            let is_read_whole = GROWING.iter().any(|table| match database.kind {
                Kind::Sqlite => is_scan(&line, table),
                Kind::Postgres => line.contains(&format!("Seq Scan on {table} ")),
            });
            assert!(!is_read_whole, "{line}\nof\n{statement}");
        }
    }
}

/// Tables that grow; what is small by its nature may be read whole.
const GROWING: [&str; 10] = [
    "contacts",
    "deliveries",
    "events",
    "tasks",
    "chat_history",
    "automation_logs",
    "counters",
    "lead_lists",
    "alerts",
    "notifications",
];

/// Catches the texts of statements: sqlx tells each of them.
#[derive(Clone, Default)]
struct Catcher(Arc<Mutex<BTreeSet<String>>>);

#[derive(Default)]
struct Told {
    summary: String,
    statement: String,
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl Catcher {
    fn take(&self, event: &Event<'_>) {
        let mut told = Told::default();
        event.record(&mut told);
        let text = if told.statement.is_empty() { told.summary } else { told.statement };
        self.0.lock().unwrap().insert(text.trim().to_owned());
    }
}

async fn plan(person: &Person, statement: &str) -> Vec<String> {
    let mark = if statement.contains("?1") { '?' } else { '$' };
    let highest = statement
        .split(mark)
        .skip(1)
        .filter_map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<usize>().ok())
        .max()
        .unwrap_or(0);
    match person {
        Person::Sqlite(pool) => {
            let text = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let rows = sqlx::query(text).fetch_all(pool).await.unwrap();
            rows.iter().map(|row| sqlx::Row::get::<String, _>(row, "detail")).collect()
        }
        Person::Postgres(pool) => {
            let mut connection = pool.acquire().await.unwrap();
            let nulls = vec!["NULL"; highest].join(", ");
            let execute = if highest == 0 { "x".to_owned() } else { format!("x({nulls})") };
            // One that this form of a statement leaves out has a type that nobody can find out.
            let is_named = |nth: usize| {
                let name = format!("${nth}");
                let mut after = statement.split(name.as_str()).skip(1);
                after.any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            let types: Vec<&str> = (1..=highest).map(|nth| if is_named(nth) { "unknown" } else { "text" }).collect();
            let types = if highest == 0 { String::new() } else { format!("({})", types.join(", ")) };
            let prepare =
                format!("DEALLOCATE ALL; SET plan_cache_mode = 'force_generic_plan'; PREPARE x{types} AS {statement}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(prepare)).execute(&mut *connection).await.unwrap();
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN EXECUTE {execute}"));
            let rows = sqlx::raw_sql(explain).fetch_all(&mut *connection).await.unwrap();
            rows.iter().map(|row| sqlx::Row::get::<String, _>(row, 0)).collect()
        }
    }
}

/// Enough rows that a plan without an index would be the better one nowhere.
pub(crate) async fn fill(database: &Database) {
    let person = database.person().await;
    let series = |rows: u32| match database.kind {
        Kind::Sqlite => {
            format!("WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < {rows}) SELECT")
        }
        Kind::Postgres => format!("WITH g AS (SELECT generate_series(1, {rows}) AS i) SELECT"),
    };
    let (uuid, time, blob, no) = match database.kind {
        Kind::Sqlite => (
            "printf('00000000-0000-4000-8000-%012d', i)",
            "strftime('%Y-%m-%dT%H:%M:%S.000000Z', 1790000000 + i * 60, 'unixepoch')",
            "''",
            "0",
        ),
        Kind::Postgres => (
            "('00000000-0000-4000-8000-' || lpad(i::TEXT, 12, '0'))::UUID",
            "to_timestamp(1790000000 + i * 60)",
            "''::BYTEA",
            "FALSE",
        ),
    };
    for statement in [
        format!(
            "INSERT INTO contacts (contact_id, client_id, email) {} {uuid}, 'acme', 'f' || i || '@example.com' FROM g",
            series(20_000)
        ),
        format!(
            "INSERT INTO deliveries (delivery_id, client_id, source, received_at, outcome, body, body_sha256, events_count) {} {uuid}, 'acme', 'n8n', {time}, 'applied', '{{}}', {blob}, 0 FROM g",
            series(20_000)
        ),
        format!(
            "INSERT INTO automation_logs (log_id, automation_type, trigger_type, action_taken, status, timestamp, tenant) {} {uuid}, 'Other', 'Manual', 'x', 'Success', {time}, 'acme' FROM g",
            series(20_000)
        ),
        format!(
            "INSERT INTO tasks (task_id, kind, client_id, task_key, payload, priority, status, due_at, created_at, updated_at) {} {uuid}, 'airtable.sync_lead', 'acme', 'k' || i, '{{}}', 5, CASE WHEN i % 10 = 0 THEN 'pending' ELSE 'done' END, {time}, {time}, {time} FROM g",
            series(20_000)
        ),
        format!(
            "INSERT INTO counters (scope, period, client_id, name, count) {} CASE i % 8 WHEN 0 THEN 'move' ELSE 's' || (i % 8) END, i * 86400, 'acme', 'New/Won', 1 FROM g",
            series(20_000)
        ),
        format!(
            "INSERT INTO lead_lists (list_id, client_id, list_name) {} {uuid}, 'c' || (i % 50), 'l' || i FROM g",
            series(5_000)
        ),
        format!(
            "INSERT INTO chat_history (chat_id, session_id, platform, message_content, message_timestamp, contact_id, message_key) {} {uuid}, 's' || i, 'gmail', 'x', {time}, {uuid}, 'k' || i FROM g",
            series(20_000)
        ),
        format!(
            "INSERT INTO events (event_id, client_id, contact_id, dedupe_key, kind, source, occurred_at, received_at, seen, stage_before, stage_after, refused, rule) {} {uuid}, 'acme', {uuid}, 'k' || i, 'email_opened', 'n8n', {time}, {time}, '{{}}', 'New', 'New', {no}, 'x' FROM g",
            series(20_000)
        ),
        format!(
            "INSERT INTO alerts (alert_id, client_id, kind, key, text, what_to_do, status, times, first_at, last_at) {} {uuid}, 'c' || (i % 50), 'task_dead', 'k' || i, 'x', 'x', CASE WHEN i % 100 = 0 THEN 'open' ELSE 'resolved' END, 1, {time}, {time} FROM g",
            series(20_000)
        ),
        format!(
            "INSERT INTO notifications (notification_id, client_id, target, kind, lane, body, status, due_at, created_at, updated_at) {} {uuid}, 'acme', 't', 'deal.won', 'l' || i, '', CASE WHEN i % 100 = 0 THEN 'dead' ELSE 'delivered' END, {time}, {time}, {time} FROM g",
            series(20_000)
        ),
        "ANALYZE".to_owned(),
    ] {
        person.run(&statement).await.unwrap();
    }
}

/// The statements that the server logged since the marker.
async fn logged(person: &Person, marker: &str) -> BTreeSet<String> {
    let folder = person.texts("SELECT current_setting('data_directory') AS x").await.remove(0);
    let log = folder.trim_end_matches("/data").to_owned() + "/postgres.log";
    let text = person.texts(&format!("SELECT pg_read_file('{log}') AS x")).await.remove(0);
    let (_, since) = text.split_once(marker).unwrap();
    let statements = since.split("LOG:  execute ").skip(1).filter_map(|part| {
        let statement = part.split_once(": ")?.1;
        // Every line of the log itself begins with the year.
        Some(statement.split("\n20").next()?.trim().to_owned())
    });
    statements.collect()
}

/// `SCAN contacts`, whatever it is called in the statement; with `USING INDEX` it is in the index's order, up to a limit.
fn is_scan(line: &str, table: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    words.first() == Some(&"SCAN") && words.get(1) == Some(&table) && !line.contains("USING")
}

/// Those that listen now. There is one subscriber for the program, and its tests run side by side: what another test asks meanwhile is
/// caught too, and must keep the rule as well.
static LISTENERS: Mutex<Vec<Catcher>> = Mutex::new(Vec::new());

struct Fan;

impl Fan {
    fn add(catcher: &Catcher) {
        // The second of the two tests finds the first one's.
        drop(tracing::subscriber::set_global_default(Self));
        LISTENERS.lock().unwrap().push(catcher.clone());
    }

    fn remove(catcher: &Catcher) {
        LISTENERS.lock().unwrap().retain(|other| !Arc::ptr_eq(&other.0, &catcher.0));
    }
}

impl Subscriber for Fan {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        for catcher in LISTENERS.lock().unwrap().iter() {
            catcher.take(event);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
