//! Throughput, measured side by side in one run: the same rows written straight to the same database in batches (the ceiling), and
//! Sales Engine end to end over HTTP. `cargo bench --bench throughput -- --help` tells the options; docs/contributing.md, "Benchmarks".
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::wildcard_enum_match_arm,
    clippy::too_many_lines,
    clippy::string_slice,
    reason = "a measuring program: what is not there ends it, the clock is what it reads"
)]

#[path = "../tests/common/mod.rs"]
mod common;
mod load;

use chrono::Utc;
use common::place::{Place, Served};
use common::postgres::Cluster;
use common::{Kind, Person};
use load::{APPLIED, cpu_seconds, drive, payload, quantile, request};
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::ClientId;
use sales_engine::domain::rules::Rules;
use sales_engine::engine::decide::{Incoming, Rim, decide};
use sales_engine::engine::rows::{Known, KnownContact, TriggerType, Writes};
use sales_engine::sources::settings::ClientSources;
use sales_engine::sources::{Request, read};
use sales_engine::store::Store;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

struct Options {
    events: usize,
    contacts: usize,
    /// Percent of events that are older than what is applied.
    late: usize,
    databases: Vec<Kind>,
    connections: Vec<usize>,
    /// Measure the ceiling too; a table of ten million contacts takes minutes to fill, each time.
    ceiling: bool,
    /// Deliveries a batch of the ceiling's client.
    batch: usize,
    /// Tell what each statement cost PostgreSQL, by its extension `pg_stat_statements` (which itself costs a little).
    statements: bool,
}

fn options() -> Options {
    let mut options = Options {
        events: 30_000,
        contacts: 10_000,
        late: 0,
        databases: vec![Kind::Postgres, Kind::Sqlite],
        connections: vec![1, 8, 32, 256],
        ceiling: true,
        batch: 500,
        statements: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} wants a value"));
        match word.as_str() {
            "--events" => options.events = value().parse().unwrap(),
            "--contacts" => options.contacts = value().parse().unwrap(),
            "--late" => options.late = value().parse().unwrap(),
            "--connections" => options.connections = value().split(',').map(|n| n.parse().unwrap()).collect(),
            "--database" => {
                options.databases = match value().as_str() {
                    "postgres" => vec![Kind::Postgres],
                    "sqlite" => vec![Kind::Sqlite],
                    other => panic!("--database: `{other}`; expected postgres or sqlite"),
                }
            }
            "--no-ceiling" => options.ceiling = false,
            "--batch" => options.batch = value().parse().unwrap(),
            "--statements" => options.statements = true,
            // Cargo's own.
            "--bench" => {}
            other => panic!(
                "`{other}`; expected --events N, --contacts N, --late PERCENT, --connections N,N, --no-ceiling, --batch N, --statements, --database \
                 postgres|sqlite"
            ),
        }
    }
    options
}

async fn person(address: &str) -> Person {
    if address.starts_with("sqlite") {
        let options: sqlx::sqlite::SqliteConnectOptions = address.parse().unwrap();
        Person::Sqlite(sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap())
    } else {
        Person::Postgres(sqlx::postgres::PgPool::connect(address).await.unwrap())
    }
}

/// Contacts as the engine leaves them when they are imported.
async fn fill(person: &Person, contacts: usize) {
    let statement = match person {
        Person::Postgres(_) => format!(
            "SET sales_engine.writer = 'engine'; SET synchronous_commit = off;
             INSERT INTO contacts (contact_id, client_id, email, fold) SELECT
                ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::UUID, 'acme', 'p' || n || '@example.com', '{{\"stage\":\"New\"}}'
             FROM generate_series(0, {contacts} - 1) AS n; ANALYZE contacts; CHECKPOINT"
        ),
        Person::Sqlite(_) => format!(
            "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < {contacts})
             INSERT INTO contacts (contact_id, client_id, email, fold) SELECT
                printf('00000000-0000-7000-8000-%012x', n), 'acme', 'p' || n || '@example.com', '{{\"stage\":\"New\"}}' FROM c"
        ),
    };
    person.run(&statement).await.unwrap();
}

/// All that follows from these payloads, batch by batch, decided before the clock starts.
fn decided(payloads: &[(Source, String)], batch: usize, shard: usize, shards: usize) -> Vec<Writes> {
    let client_id = ClientId::parse("acme").unwrap();
    let now = Utc::now();
    let mut contacts: HashMap<_, KnownContact> = HashMap::new();
    let rules = Rules::default();
    let mut new_id = || Uuid::now_v7();
    let mut batches = Vec::new();
    let mut mine: Vec<Incoming> = Vec::new();
    for (source, body) in payloads {
        let request =
            Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at: now };
        let understood = read(*source, &ClientSources::default(), &request).unwrap();
        let event = understood.events.first().unwrap_or_else(|| panic!("{body}: {understood:?}"));
        let contact: usize = event.email.as_str()[1..].split('@').next().unwrap().parse().unwrap();
        if contact % shards != shard {
            continue;
        }
        let known = KnownContact {
            contact_id: Uuid::parse_str(&format!("00000000-0000-7000-8000-{contact:012x}")).unwrap(),
            contact: sales_engine::domain::contact::Contact::default(),
            airtable_lead_id: None,
            is_adopted: false,
            outside: Vec::new(),
            version: 0,
        };
        contacts.entry(event.contact_key()).or_insert(known);
        mine.push(Incoming {
            delivery_id: Uuid::now_v7(),
            client_id: client_id.clone(),
            source: *source,
            received_at: now,
            events: understood.events,
            orphans: Vec::new(),
            campaign_changes: Vec::new(),
            alerts: Vec::new(),
            unrecognised: Vec::new(),
            ignored: Vec::new(),
            body: understood.body_to_store,
            body_sha256: [0; 32],
            is_webhook: true,
            forwarded_as: None,
            traceparent: None,
        });
    }
    for batch in mine.chunks(batch) {
        let mut known = Known::default();
        for event in batch.iter().flat_map(|incoming| &incoming.events) {
            let key = event.contact_key();
            known.contacts.insert(key.clone(), contacts[&key].clone());
        }
        let mut rim = Rim { now, trigger: TriggerType::Webhook, rules: &rules, new_id: &mut new_id };
        let (mut writes, _) = decide(batch, &known, &mut rim);
        for row in &mut writes.contacts {
            // The ceiling's client writes over whatever is there.
            row.version = None;
            contacts.get_mut(&row.key).unwrap().contact = row.contact.clone();
        }
        batches.push(writes);
    }
    batches
}

/// Deliveries a second of the fastest client: the same rows, already decided, in batches over so many connections.
async fn ceiling(address: &str, payloads: &[(Source, String)], options: &Options, connections: usize) -> f64 {
    let store = Store::open(address).await.unwrap();
    store.migrate(false).await.unwrap();
    fill(&person(address).await, options.contacts).await;
    let shards: Vec<Vec<Writes>> =
        (0..connections).map(|shard| decided(payloads, options.batch, shard, connections)).collect();
    let started = Instant::now();
    let writers: Vec<_> = shards
        .into_iter()
        .map(|batches| {
            let store = store.clone();
            tokio::spawn(async move {
                for writes in batches {
                    store.attempt().await.unwrap().write_and_commit(&writes).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    payloads.len() as f64 / started.elapsed().as_secs_f64()
}

/// Milliseconds of one bare commit, the middle of many.
async fn bare_commit_ms(person: &Person) -> f64 {
    person.run("CREATE TABLE bare (x TEXT)").await.unwrap();
    let mut times = Vec::new();
    for _ in 0..200 {
        let started = Instant::now();
        person.run("INSERT INTO bare VALUES ('x')").await.unwrap();
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
    }
    quantile(&mut times, 0.5)
}

/// Milliseconds of bare commits, twenty a second, while something else loads the same database.
async fn commits_beside(person: &Person, duration: Duration) -> Vec<f64> {
    let until = Instant::now() + duration;
    let mut times = Vec::new();
    while Instant::now() < until {
        let started = Instant::now();
        person.run("INSERT INTO bare VALUES ('x')").await.unwrap();
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    times
}

fn peak_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1_024.0
}

async fn rows(person: &Person) -> i64 {
    let tables = ["deliveries", "events", "chat_history", "automation_logs", "tasks"];
    let mut total = 0;
    for table in tables {
        total += person.texts(&format!("SELECT count(*) AS x FROM {table}")).await[0].parse::<i64>().unwrap();
    }
    total
}

/// Four times as many connections as saturate it, and a queue that holds a fraction of what they post.
async fn overload(address: &str, requests: Arc<Vec<Vec<u8>>>, best: f64) {
    let place = Place::with(address.to_owned(), "");
    let mut command = place.command(&["serve"]);
    command.env("SALES_ENGINE_QUEUE_MAX", "256");
    let served = Place::serve_by(command);
    let mut measured = drive(&served.url, requests, 1_000, None, APPLIED).await;
    println!(
        "  overload, 1000 connections onto queues of 256: {:.0} events/s acknowledged = {:.2} of the best, {} answers 503; p99 of the \
         acknowledged {:.1} ms; peak {:.0} MiB",
        measured.per_second,
        measured.per_second / best,
        measured.refused,
        quantile(&mut measured.times_ms, 0.99),
        peak_mib(served.child.id())
    );
}

/// What the statements cost the database since it was last asked.
async fn statements(cluster: &Cluster, of: &str) {
    cluster.run("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await;
    let person = person(&cluster.address_of("postgres", "postgres")).await;
    println!("  statements of {of}:");
    let rows = person
        .texts(
            "SELECT format('%s ms in %s calls, %s rows, %s ms planning: %s', total_exec_time::INT, calls, rows, total_plan_time::INT,
                left(regexp_replace(query, '\\s+', ' ', 'g'), 60)) AS x
             FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 16",
        )
        .await;
    for row in rows {
        println!("    {row}");
    }
    cluster.run("SELECT pg_stat_statements_reset()").await;
}

async fn measure(kind: Kind, options: &Options) {
    let settings = if options.statements { "shared_preload_libraries = 'pg_stat_statements'" } else { "" };
    let cluster = (kind == Kind::Postgres).then(|| Cluster::start(settings));
    let folder = tempfile::tempdir().unwrap();
    let new_database = async |name: &str| match &cluster {
        Some(cluster) => cluster.database().await,
        None => format!("sqlite://{}", folder.path().join(name).display()),
    };
    println!("\n{kind:?}, {} contacts, {} events a step, {} % late", options.contacts, options.events, options.late);
    let payloads = |from: usize, count: usize| -> Vec<(Source, String)> {
        (from..from + count).map(|nth| payload(nth, options.contacts, options.late)).collect()
    };
    let mut best_ceiling = f64::NAN;
    let connections_of_ceiling = match kind {
        _ if !options.ceiling => vec![],
        Kind::Postgres => vec![1, 2],
        Kind::Sqlite => vec![1],
    };
    for connections in connections_of_ceiling {
        let address = new_database(&format!("ceiling{connections}.db")).await;
        let payloads = payloads(0, options.events);
        let before = cluster.as_ref().map_or(0.0, |c| cpu_seconds(c.server_pid(), true));
        let rate = ceiling(&address, &payloads, options, connections).await;
        let database = cluster.as_ref().map_or(0.0, |c| cpu_seconds(c.server_pid(), true)) - before;
        best_ceiling = best_ceiling.max(rate);
        println!(
            "  ceiling, {connections} connection(s), batches of {}: {rate:.0} events/s; processor per event: database {:.0} µs",
            options.batch,
            database * 1e6 / options.events as f64
        );
    }

    if options.statements
        && let Some(cluster) = &cluster
    {
        statements(cluster, "the ceiling").await;
    }
    let place = Place::with(new_database("end.db").await, "");
    place.json(&["migrate", "--json"]);
    let person = person(&place.address).await;
    fill(&person, options.contacts).await;
    let commit_ms = bare_commit_ms(&person).await;
    let launched = Instant::now();
    let served: Served = place.serve();
    let mut posted = 0;
    let mut requests_of = |count: usize| {
        posted += count;
        Arc::new(payloads(posted - count, count).iter().map(request).collect::<Vec<_>>())
    };
    drive(&served.url, requests_of(1), 1, None, APPLIED).await;
    println!("  start to first acknowledgement: {:.0} ms", launched.elapsed().as_secs_f64() * 1_000.0);
    let mut best: f64 = 0.0;
    let mut best_connections = 1;
    for &connections in &options.connections {
        let events = if connections == 1 { options.events / 10 } else { options.events };
        let requests = requests_of(events);
        let before = (
            cpu_seconds(served.child.id(), false),
            cluster.as_ref().map_or(0.0, |c| cpu_seconds(c.server_pid(), true)),
        );
        let rows_before = rows(&person).await;
        let mut measured = drive(&served.url, requests, connections, None, APPLIED).await;
        let program = cpu_seconds(served.child.id(), false) - before.0;
        let database = cluster.as_ref().map_or(0.0, |c| cpu_seconds(c.server_pid(), true)) - before.1;
        let applied = rows(&person).await - rows_before;
        if measured.per_second > best {
            (best, best_connections) = (measured.per_second, connections);
        }
        println!(
            "  {connections:>4} connections: {:>6.0} events/s = {:.2} of the ceiling; p50 {:.1} p99 {:.1} p999 {:.1} ms; processor per \
             event: program {:.0} µs, database {:.0} µs; {:.1} rows/event; peak {:.0} MiB",
            measured.per_second,
            measured.per_second / best_ceiling,
            quantile(&mut measured.times_ms, 0.5),
            quantile(&mut measured.times_ms, 0.99),
            quantile(&mut measured.times_ms, 0.999),
            program * 1e6 / events as f64,
            database * 1e6 / events as f64,
            applied as f64 / events as f64,
            peak_mib(served.child.id()),
        );
    }
    if options.statements
        && let Some(cluster) = &cluster
    {
        statements(cluster, "end to end").await;
    }
    let requests = requests_of(options.events);
    let (mut half, mut beside) = tokio::join!(
        drive(&served.url, Arc::clone(&requests), best_connections.max(32), Some(best / 2.0), APPLIED),
        commits_beside(&person, Duration::from_secs_f64(requests.len() as f64 / best * 2.0)),
    );
    let p99 = quantile(&mut half.times_ms, 0.99);
    println!(
        "  half load ({:.0}/s, open loop): p50 {:.1} p99 {p99:.1} p999 {:.1} ms; a bare commit at rest {commit_ms:.2} ms, p99 = {:.1} of it; \
         bare commits beside the load p50 {:.1} p99 {:.1} ms",
        best / 2.0,
        quantile(&mut half.times_ms, 0.5),
        quantile(&mut half.times_ms, 0.999),
        p99 / commit_ms,
        quantile(&mut beside, 0.5),
        quantile(&mut beside, 0.99),
    );
    drop(served);
    overload(&place.address, requests_of(options.events), best).await;
    println!(
        "  saturation: {best:.0} events/s at {best_connections} connections = {:.2} of the ceiling",
        best / best_ceiling
    );
}

fn main() {
    let options = options();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        for &kind in &options.databases {
            measure(kind, &options).await;
        }
    });
}
