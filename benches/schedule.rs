//! A hundred thousand due follow-ups, swept in one run of the program: rate, peak resident memory, and the ratio to the database writing
//! the same rows by itself in one statement a table. `cargo bench --bench schedule -- --due N --database postgres|sqlite`.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a measuring program: what is not there ends it, the clock is what it reads"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::place::Place;
use common::{Kind, Person};
use std::process::Stdio;
use std::time::{Duration, Instant};

const FOLD: &str = r#"{"stage":"Ghosted","follow_up_date":"2026-11-03","follow_up_reason":"ghosted_follow_up"}"#;

/// Contacts as the engine leaves them: a tenth due, the others later. Bulk is written as the engine, whose triggers it does not wake.
async fn fill(person: &Person, due: usize) {
    let columns = "contact_id, client_id, email, lead_status, pipeline_status, campaign_status, lead_email_status, follow_up_date,
        follow_up_reason, fold";
    let stage = "'ghosted', 'follow_up', 'completed', 'replied'";
    let date = "CASE WHEN i % 10 = 0 THEN '2026-11-03' ELSE '2090-01-01' END";
    let all = due * 10;
    let statement = match person {
        Person::Sqlite(_) => format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {all})
             INSERT INTO contacts ({columns})
             SELECT printf('00000000-0000-7000-8000-%012x', i), 'acme', 'g' || i || '@example.com', {stage}, {date},
                    'ghosted_follow_up', '{FOLD}' FROM n; ANALYZE"
        ),
        Person::Postgres(_) => format!(
            "SET sales_engine.writer = 'engine';
             INSERT INTO contacts ({columns})
             SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::UUID, 'acme', 'g' || i || '@example.com', {stage},
                    ({date})::DATE, 'ghosted_follow_up', '{FOLD}'::JSONB FROM generate_series(1, {all}) AS i;
             ANALYZE contacts; CHECKPOINT"
        ),
    };
    person.run(&statement).await.unwrap();
}

/// The rows that the sweep writes, by the database itself.
async fn bulk(person: &Person) -> Duration {
    let (id, json, begin, now) = match person {
        Person::Sqlite(_) => {
            ("lower(hex(randomblob(16)))", "json", "BEGIN", "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')")
        }
        Person::Postgres(_) => {
            ("gen_random_uuid()", "CAST", "BEGIN; SET LOCAL sales_engine.writer = 'engine'", "now()")
        }
    };
    let cast = |text: &str| if json == "CAST" { format!("CAST({text} AS JSONB)") } else { text.to_owned() };
    let time = if json == "CAST" { "'2026-11-03T00:00:00Z'::TIMESTAMPTZ" } else { "'2026-11-03T00:00:00.000000Z'" };
    let refused = if json == "CAST" { "FALSE" } else { "0" };
    let seen =
        cast(r#"'{"scheduler":{"occurred_at":"2026-11-03T00:00:00Z","time_known":true,"kind":"follow_up_due"}}'"#);
    let fold = cast(&format!(
        "'{}'",
        r#"{"stage":"Ghosted","follow_up_date":"2026-11-03","follow_up_reason":"ghosted_follow_up","follow_up_told":"2026-11-03",
        "applied_until":["2026-11-03T00:00:00Z",10,"follow_up_due:scheduler:00000000-0000-7000-8000-000000000000:2026-11-03"]}"#
    ));
    let due = "follow_up_date < '2027-01-01'";
    let statement = format!(
        "{begin};
         INSERT INTO events (event_id, client_id, contact_id, dedupe_key, kind, source, occurred_at, received_at, seen, stage_before,
             stage_after, refused, rule)
         SELECT {id}, client_id, contact_id, 'follow_up_due:scheduler:' || contact_id || ':2026-11-03', 'follow_up_due', 'scheduler', {time},
             {time}, {seen}, 'Ghosted', 'Ghosted', {refused}, 'a due follow-up moves no stage' FROM contacts WHERE {due};
         UPDATE contacts SET follow_up_told = follow_up_date, fold = {fold}, updated_at = {now} WHERE {due};
         COMMIT"
    );
    let begun = Instant::now();
    person.run(&statement).await.unwrap();
    begun.elapsed()
}

async fn person(address: &str) -> Person {
    match address.split_once(':') {
        Some(("sqlite", _)) => {
            let options: sqlx::sqlite::SqliteConnectOptions = address.parse().unwrap();
            Person::Sqlite(sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap())
        }
        _ => Person::Postgres(sqlx::postgres::PgPool::connect(address).await.unwrap()),
    }
}

/// The highest resident size that a process had, in MiB.
fn peak_mib(id: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1024.0)
}

async fn measure(kind: Kind, due: usize) {
    let filled = async |place: &Place| {
        assert!(place.run(&["migrate"]).status.success());
        let person = person(&place.address).await;
        fill(&person, due).await;
        person
    };
    let twin = Place::on(kind, "").await;
    let by_itself = bulk(&filled(&twin).await).await;
    let place = Place::on(kind, "").await;
    let person = filled(&place).await;
    let begun = Instant::now();
    let mut command = place.command(&["sweep", "--job", "follow_up_due", "--json"]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut peak = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        peak = peak_mib(child.id()).unwrap_or(peak).max(peak);
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = begun.elapsed();
    let told = person.texts("SELECT count(*) AS x FROM events WHERE kind = 'follow_up_due'").await;
    assert_eq!(told, [due.to_string()], "each once");
    let again = Instant::now();
    assert!(place.run(&["sweep", "--job", "follow_up_due"]).status.success());
    println!(
        "{kind:?}: {due} follow-ups due among {} contacts swept in {:.1} s, {:.0}/s; the database by itself {:.1} s (ratio {:.2}); \
         peak resident {peak:.0} MiB; a sweep that finds nothing {} ms",
        due * 10,
        took.as_secs_f64(),
        due as f64 / took.as_secs_f64(),
        by_itself.as_secs_f64(),
        by_itself.as_secs_f64() / took.as_secs_f64(),
        again.elapsed().as_millis(),
    );
}

fn main() {
    let (mut due, mut databases) = (100_000, vec![Kind::Postgres, Kind::Sqlite]);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} wants a value"));
        match word.as_str() {
            "--due" => due = value().parse().unwrap(),
            "--database" => {
                databases = match value().as_str() {
                    "postgres" => vec![Kind::Postgres],
                    "sqlite" => vec![Kind::Sqlite],
                    other => panic!("--database: `{other}`; expected postgres or sqlite"),
                }
            }
            // Cargo's own.
            "--bench" => {}
            other => panic!("`{other}`; expected --due N, --database postgres|sqlite"),
        }
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for kind in databases {
        runtime.block_on(measure(kind, due));
    }
}
