//! The commands of docs/backup.md, run as they stand there while the service goes on taking webhooks.

use super::common::Kind;
use super::common::place::{Place, Served};
use sales_engine::services::post::Poster;
use sales_engine::sources::settings::Secret;
use sales_engine::sources::signature::sign_standard;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const GUIDE: &str = include_str!("../../docs/backup.md");
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PEOPLE: u32 = 40;

/// The commands under a heading.
fn commands(heading: &str) -> String {
    let (_, section) = GUIDE.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let section = section.split("\n## ").next().unwrap();
    let commands: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(!commands.is_empty(), "{heading}");
    commands.join("\n")
}

fn run(place: &Place, commands: &str, variables: &[(&str, &str)]) -> String {
    let beside = |program: &str| Path::new(program).parent().unwrap().display().to_string();
    let newest =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map(|entry| entry.unwrap().path().join("bin"));
    let newest = newest.max().map_or_else(String::new, |path| path.display().to_string());
    let path = [beside(env!("CARGO_BIN_EXE_sales-engine")), newest, std::env::var("PATH").unwrap()].join(":");
    let output = Command::new("sh")
        .args(["-ec", commands])
        .current_dir(place.folder())
        .env("PATH", path)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    assert!(output.status.success(), "{commands}\n{said}");
    said
}

/// A reply of a person by n8n; gives what became of it.
async fn post(served: &Served, person: u32) -> String {
    let body = json!({ "kind": "reply_received", "email": format!("p{person}@example.com"), "id": format!("r{person}"),
        "occurred_at": "2026-11-20T09:00:00Z", "intent": "pricing_question", "text": format!("What does it cost, times {person}?") })
    .to_string();
    let (id, now) = (format!("msg_{person}"), chrono::Utc::now().timestamp());
    let signature = sign_standard(&Secret::new(SECRET), &id, now, body.as_bytes()).unwrap();
    let headers = [("webhook-id", id), ("webhook-timestamp", now.to_string()), ("webhook-signature", signature)]
        .map(|(name, value)| (name.to_owned(), value));
    let (status, answer) = Poster::new(&served.url).unwrap().post("/hooks/n8n/acme", &headers, body).await.unwrap();
    assert_eq!(status, 200, "{answer:?}");
    serde_json::from_slice::<Value>(&answer).unwrap()["outcome"].as_str().unwrap().to_owned()
}

/// All that the database holds of the first people, as the commands tell it.
fn held(place: &Place, database: &str) -> Vec<Value> {
    let json = |args: &[&str]| -> Value {
        let output = place.command(args).env("DATABASE_URL", database).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let people =
        (0..PEOPLE).step_by(13).map(|person| json(&["contact", "show", &format!("p{person}@example.com"), "--json"]));
    let mut held: Vec<Value> = people.collect();
    let mut deliveries = json(&["deliveries", "--limit", "500", "--json"]).as_array().unwrap().clone();
    // Those that came while it was backed up may be in it or not.
    deliveries.reverse();
    deliveries.truncate(usize::try_from(PEOPLE).unwrap());
    held.extend(deliveries);
    held
}

/// Backs up while more comes in; what was acknowledged before is what counts.
async fn back_up_under_load(place: &Place, heading: &str, variables: &[(&str, &str)]) -> (Served, Vec<Value>) {
    let served = place.serve();
    for person in 0..PEOPLE {
        assert_eq!(post(&served, person).await, "applied");
    }
    let before = held(place, &place.address);
    let more = async {
        for person in PEOPLE..2 * PEOPLE {
            assert_eq!(post(&served, person).await, "applied");
        }
    };
    let backing_up = async {
        tokio::task::block_in_place(|| run(place, &commands(heading).replace("sales-engine.db", "t.db"), variables))
    };
    tokio::join!(backing_up, more);
    (served, before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_comes_back_as_it_was() {
    let place = Place::on(Kind::Postgres, "[suppression]\nkey = \"for this test alone, long enough\"\n").await;
    let (server, _) = place.address.rsplit_once('/').unwrap();
    let restored = format!("{server}/sales_engine_restored");
    let variables = [("DATABASE_URL", place.address.as_str()), ("RESTORED_URL", restored.as_str())];
    let (served, before) = back_up_under_load(&place, "PostgreSQL: back up", &variables).await;
    drop(served);
    run(&place, &commands("PostgreSQL: restore"), &variables);
    assert_eq!(held(&place, &restored), before);
    let mut serve = place.command(&["serve"]);
    serve.env("DATABASE_URL", &restored);
    assert_goes_on(&Place::serve_by(serve)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_comes_back_as_it_was() {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        for arguments in [&["update", "-q"][..], &["install", "-y", "-q", "--no-install-recommends", "sqlite3"]] {
            assert!(Command::new("apt-get").args(arguments).output().unwrap().status.success(), "install sqlite3");
        }
    }
    let place = Place::new("");
    let (mut served, before) = back_up_under_load(&place, "SQLite: back up", &[]).await;
    served.kill();
    run(&place, &commands("SQLite: restore").replace("sales-engine.db", "t.db"), &[]);
    assert_eq!(held(&place, &place.address), before);
    assert_goes_on(&place.serve()).await;
}

/// What it knew is known, what is new is taken.
async fn assert_goes_on(served: &Served) {
    assert_eq!(post(served, 0).await, "duplicate");
    assert_eq!(post(served, 1_000).await, "applied");
}
