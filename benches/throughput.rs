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

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use common::place::{Place, Served};
use common::postgres::Cluster;
use common::{Kind, Person};
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::ClientId;
use sales_engine::domain::rules::Rules;
use sales_engine::engine::decide::{Incoming, Rim, decide};
use sales_engine::engine::rows::{Known, KnownContact, TriggerType, Writes};
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::signature::sign_standard;
use sales_engine::sources::{Request, read};
use sales_engine::store::Store;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
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

/// One webhook: 80 % sent, 10 % opens and clicks, 6 % replies of 1 to 20 kB, 4 % the rest; half of Smartlead, the rest of Instantly
/// and n8n.
fn payload(nth: usize, contacts: usize, late: usize) -> (Source, String) {
    let scattered = nth.wrapping_mul(0x9e37_79b9).wrapping_add(nth >> 3);
    let contact = scattered % contacts;
    let email = format!("p{contact}@example.com");
    let start: DateTime<Utc> = "2025-03-01T09:00:00Z".parse().unwrap();
    let is_late = late > 0 && nth % 100 < late;
    let at = start + TimeDelta::milliseconds(nth as i64 * 1_000) - TimeDelta::days(if is_late { 30 } else { 0 });
    let time = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let kind = ["email_sent", "email_opened", "link_clicked", "reply_received", "email_bounced", "unsubscribed"]
        [match nth % 97 {
            0..78 => 0,
            78..83 => 1,
            83..88 => 2,
            88..94 => 3,
            94..96 => 4,
            _ => 5,
        }];
    let id = format!("{nth:08x}-{contact}@acme.example");
    let mail = "Hello, may I ask a question about how you do it today? ".repeat(4);
    let answer = "Thank you, this is interesting. Tell me more about it, please. ".repeat(16 * (1 + nth % 19));
    // Each contact is in a campaign of one platform.
    let body = match contact % 10 {
        0..5 => {
            let (event, message) = match kind {
                "email_sent" => (
                    "EMAIL_SENT",
                    format!(r#""sent_message":{{"message_id":"<{id}>","text":"{mail}","html":"<p>{mail}</p>"}}"#),
                ),
                "email_opened" => ("EMAIL_OPEN", r#""open_count":1"#.to_owned()),
                "link_clicked" => ("EMAIL_LINK_CLICK", r#""link_details":["https://example.com/x"]"#.to_owned()),
                "reply_received" => {
                    ("EMAIL_REPLY", format!(r#""reply_message":{{"message_id":"<{id}>","text":"{answer}"}}"#))
                }
                // The only place where Smartlead tells when it bounced.
                "email_bounced" => {
                    ("EMAIL_BOUNCE", format!(r#""bounce_message":{{"message_id":"<b-{id}>","time":"{time}"}}"#))
                }
                _ => ("LEAD_UNSUBSCRIBED", r#""reason":"link""#.to_owned()),
            };
            let body = format!(
                r#"{{"event_type":"{event}","event_timestamp":"{time}","campaign_id":3623750,"campaign_name":"Autumn outreach",
                "campaign_status":"ACTIVE","sequence_number":1,"stats_id":"{nth:08x}-0b1b-4e5c-9c8b-5b9b6f5f0001",
                "sl_email_lead_id":"{contact}","sl_lead_email":"{email}","from_email":"sales@acme.example","to_email":"{email}",
                "to_name":"Ada Berg","subject":"A question about Example Ltd",{message},
                "app_url":"https://app.example.com/inbox?leadMap={nth}","secret_key":"smartlead-key-of-acme","webhook_id":512345}}"#
            );
            return (Source::Smartlead, body);
        }
        5..8 => {
            let (event, rest) = match kind {
                "email_sent" => {
                    ("email_sent", format!(r#""email_subject":"Quick question","email_html":"<p>{mail}</p>""#))
                }
                "email_opened" => ("email_opened", r#""step":1"#.to_owned()),
                "link_clicked" => ("link_clicked", r#""step":1"#.to_owned()),
                "reply_received" => ("reply_received", format!(r#""reply_subject":"Re","reply_text":"{answer}""#)),
                "email_bounced" => ("email_bounced", r#""step":1"#.to_owned()),
                _ => ("lead_unsubscribed", r#""step":1"#.to_owned()),
            };
            let body = format!(
                r#"{{"timestamp":"{time}","event_type":"{event}","workspace":"1b9d6bcd","campaign_id":"7c9e6679-7425-40de-944b-e07fc1f90ae7",
                "campaign_name":"Instantly autumn","lead_email":"{email}","email":"{email}","email_account":"sales@acme.example",
                "firstName":"Zoe","lastName":"Abel","companyName":"Sample Inc","email_id":"0192f3a0-{nth:012x}",{rest}}}"#
            );
            return (Source::Instantly, body);
        }
        _ => {
            let text = if kind == "reply_received" { &answer } else { &mail };
            format!(
                r#"{{"kind":"{kind}","email":"{email}","id":"{id}","message_id":"<{id}>","occurred_at":"{time}","campaign_id":"77",
                "subject":"A question","text":"{text}"}}"#
            )
        }
    };
    (Source::N8n, body)
}

/// The bytes of the request, proven as its source proves itself.
fn request((source, body): &(Source, String)) -> Vec<u8> {
    let (path, header) = match source {
        Source::Smartlead => ("/hooks/smartlead/acme?token=smartlead-token-of-acme", String::new()),
        Source::Instantly => ("/hooks/instantly/acme", "x-webhook-token: instantly-secret-of-acme\r\n".to_owned()),
        _ => {
            let now = Utc::now().timestamp();
            let id = format!("msg_{}", Uuid::new_v4().simple());
            let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
            let signature = sign_standard(&secret, &id, now, body.as_bytes()).unwrap();
            let headers = format!("webhook-id: {id}\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signature}\r\n");
            ("/hooks/n8n/acme", headers)
        }
    };
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{header}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
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

fn quantile(values: &mut [f64], at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * at) as usize]
}

/// One request on a kept connection; gives the milliseconds until its answer was whole, none where it was told to come again.
async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> Option<f64> {
    let started = Instant::now();
    stream.write_all(request).await.unwrap();
    buffer.clear();
    loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the service closed the connection");
        if let Some(head) = buffer.windows(4).position(|part| part == b"\r\n\r\n") {
            let text = std::str::from_utf8(&buffer[..head]).unwrap();
            let length = text.split("content-length: ").nth(1).expect("a length").lines().next().unwrap();
            let whole = head + 4 + length.parse::<usize>().unwrap();
            if buffer.len() >= whole {
                let answer = std::str::from_utf8(&buffer[head..]).unwrap();
                if text.starts_with("HTTP/1.1 503") && text.contains("retry-after: ") {
                    return None;
                }
                assert!(
                    text.starts_with("HTTP/1.1 200") && answer.contains(r#""outcome":"applied""#),
                    "{text}{answer}"
                );
                return Some(started.elapsed().as_secs_f64() * 1_000.0);
            }
        }
    }
}

struct Measured {
    per_second: f64,
    times_ms: Vec<f64>,
    /// Answers 503; each of them was posted again until it was taken.
    refused: usize,
}

/// Whoever is told to come again does so after this time. Real platforms wait longer.
const AGAIN_MS: u64 = 1_000;

/// Closed loop: each connection posts as soon as it was answered. With a rate: open loop, each post at its own time, and waiting counts.
async fn drive(url: &str, requests: Arc<Vec<Vec<u8>>>, connections: usize, per_second: Option<f64>) -> Measured {
    let next = Arc::new(AtomicUsize::new(0));
    let address = url.trim_start_matches("http://").to_owned();
    let started = Instant::now();
    let posters: Vec<_> = (0..connections)
        .map(|_| {
            let (requests, next, address) = (Arc::clone(&requests), Arc::clone(&next), address.clone());
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(&address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (mut buffer, mut times, mut refused) = (Vec::new(), Vec::new(), 0);
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(nth) else { return (times, refused) };
                    let mut waited = 0.0;
                    if let Some(rate) = per_second {
                        let due = started + Duration::from_secs_f64(nth as f64 / rate);
                        tokio::time::sleep_until(due.into()).await;
                        waited = due.elapsed().as_secs_f64() * 1_000.0;
                    }
                    loop {
                        if let Some(time) = exchange(&mut stream, request, &mut buffer).await {
                            times.push(waited + time);
                            break;
                        }
                        refused += 1;
                        tokio::time::sleep(Duration::from_millis(AGAIN_MS)).await;
                    }
                }
            })
        })
        .collect();
    let (mut times_ms, mut refused) = (Vec::new(), 0);
    for poster in posters {
        let (times, again) = poster.await.unwrap();
        times_ms.extend(times);
        refused += again;
    }
    Measured { per_second: requests.len() as f64 / started.elapsed().as_secs_f64(), times_ms, refused }
}

/// Seconds of processor time of a process; with `children`, of those it started that live.
fn cpu_seconds(pid: u32, children: bool) -> f64 {
    let of = |pid: u32| -> Option<(u32, f64)> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let ticks: f64 = fields[11].parse::<f64>().ok()? + fields[12].parse::<f64>().ok()?;
        Some((fields[1].parse().ok()?, ticks / 100.0))
    };
    if !children {
        return of(pid).map_or(0.0, |(_, seconds)| seconds);
    }
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(of)
        .filter(|(parent, _)| *parent == pid)
        .map(|(_, seconds)| seconds)
        .sum()
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
    let mut measured = drive(&served.url, requests, 1_000, None).await;
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
    drive(&served.url, requests_of(1), 1, None).await;
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
        let mut measured = drive(&served.url, requests, connections, None).await;
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
        drive(&served.url, Arc::clone(&requests), best_connections.max(32), Some(best / 2.0)),
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
