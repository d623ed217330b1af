//! The program itself: `sweep` as an operator runs it, and `serve` killed in the middle of a sweep.

use crate::common::place::Place;
use crate::common::{Kind, Person};
use crate::world::ghosts;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const WAIT_SECONDS_MAX: u64 = 60;

async fn person(place: &Place) -> Person {
    match place.address.split_once(':') {
        Some(("sqlite", _)) => {
            let options: sqlx::sqlite::SqliteConnectOptions = place.address.parse().unwrap();
            Person::Sqlite(sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap())
        }
        _ => Person::Postgres(sqlx::postgres::PgPool::connect(&place.address).await.unwrap()),
    }
}

async fn number(person: &Person, statement: &str) -> usize {
    person.texts(statement).await[0].parse().unwrap()
}

async fn place_with_ghosts(kind: Kind, count: usize) -> (Place, Person) {
    let place = Place::on(kind, "").await;
    assert!(place.run(&["migrate"]).status.success());
    let person = person(&place).await;
    let fold = json!({ "stage": "Ghosted", "follow_up_date": "2026-11-03", "follow_up_reason": "ghosted_follow_up" });
    for statement in ghosts(kind, &fold, 1, count, "2026-11-03") {
        person.run(&statement).await.unwrap();
    }
    (place, person)
}

#[tokio::test]
async fn sweep_tells_what_it_would_do_and_what_it_did() {
    let (place, person) = place_with_ghosts(Kind::Sqlite, 12).await;
    let told = place.json(&["sweep", "--dry-run", "--json"]);
    assert_eq!(told["jobs"].as_array().unwrap().len(), 9);
    let of = |told: &Value, job: &str| {
        told["jobs"].as_array().unwrap().iter().find(|report| report["job"] == job).cloned().unwrap()
    };
    let follow_ups = of(&told, "follow_up_due");
    assert_eq!((&follow_ups["found"], &follow_ups["done"]), (&json!(12), &json!(0)));
    assert_eq!(follow_ups["first"].as_array().unwrap().len(), 5, "the first few");
    assert_eq!(
        (
            number(&person, "SELECT count(*) AS x FROM events").await,
            number(&person, "SELECT count(*) AS x FROM automation_logs").await
        ),
        (0, 0)
    );
    let hourly = place.json(&["sweep", "--hourly", "--json"]);
    assert_eq!((hourly["jobs"].as_array().unwrap().len(), &of(&hourly, "follow_up_due")["done"]), (7, &json!(12)));
    assert_eq!(place.json(&["sweep", "--daily", "--json"])["jobs"].as_array().unwrap().len(), 4);
    let text =
        String::from_utf8(place.run(&["sweep", "--job", "follow_up_due", "--job", "went_silent"]).stdout).unwrap();
    assert!(text.contains("follow_up_due") && text.contains("went_silent") && !text.contains("retention"), "{text}");
    assert_eq!(place.run(&["sweep", "--job", "nonsense"]).status.code(), Some(2));
    assert!(String::from_utf8(place.run(&["sweep", "--explain"]).stdout).unwrap().contains("idx_contacts_due"));
    let poison = "CREATE TRIGGER poison BEFORE UPDATE ON contacts WHEN NEW.email = 'g3@example.com' BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    person.run("UPDATE contacts SET follow_up_told = NULL, fold = json_remove(fold, '$.follow_up_told', '$.applied_until')").await.unwrap();
    person.run("DELETE FROM events").await.unwrap();
    person.run(poison).await.unwrap();
    assert_eq!(place.run(&["sweep", "--job", "follow_up_due"]).status.code(), Some(3), "something was left out");
    assert_eq!(number(&person, "SELECT count(*) AS x FROM events").await, 11);
    let waits = place.json(&["tasks", "--json"]);
    let hint = waits.as_array().unwrap().iter().find(|task| task["kind"] == "schedule.daily").unwrap()["waits"].clone();
    assert!(hint.as_str().unwrap().contains("the schedule is off"), "{hint}");
}

/// kill -9 in the middle of a sweep, again and again; a new process goes on where the old one was, when its lease is over.
async fn killed_in_the_middle(kind: Kind) {
    let count = 6_000;
    let (place, person) = place_with_ghosts(kind, count).await;
    let told = "SELECT count(*) AS x FROM events WHERE kind = 'follow_up_due'";
    let mut kills = 0;
    let begun = Instant::now();
    while number(&person, told).await < count {
        assert!(begun.elapsed() < Duration::from_secs(WAIT_SECONDS_MAX), "{} of {count}", number(&person, told).await);
        let before = number(&person, told).await;
        let mut command = place.command(&["serve"]);
        command.env("SALES_ENGINE_SCHEDULE_MODE", "on");
        let mut served = Place::serve_by(command);
        let is_last = kills >= 5;
        loop {
            let now = number(&person, told).await;
            if now >= count || !is_last && now > before || begun.elapsed() > Duration::from_secs(WAIT_SECONDS_MAX) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        served.kill();
        kills += 1;
        // Its lease runs out.
        let over = "UPDATE tasks SET lease_until = '2026-01-01T00:00:00.000000Z' WHERE status = 'running'";
        person.run(over).await.unwrap();
    }
    assert!(kills > 2, "it was killed in the middle: {kills}");
    assert_eq!(number(&person, told).await, count, "nothing twice, nothing missing");
    assert_eq!(
        number(&person, "SELECT count(DISTINCT contact_id) AS x FROM events WHERE kind = 'follow_up_due'").await,
        count
    );
    assert_eq!(number(&person, "SELECT count(*) AS x FROM contacts WHERE follow_up_told IS NULL").await, 0);
    assert_eq!(
        number(&person, "SELECT count(*) AS x FROM events WHERE rule <> 'a due follow-up moves no stage'").await,
        0
    );
    let swept = place.json(&["sweep", "--job", "follow_up_due", "--json"]);
    assert_eq!(swept["jobs"][0]["found"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_that_is_killed_goes_on_where_it_was_on_sqlite() {
    killed_in_the_middle(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_that_is_killed_goes_on_where_it_was_on_postgres() {
    killed_in_the_middle(Kind::Postgres).await;
}
