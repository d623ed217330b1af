//! What happens when the database does not take it: 503 with Retry-After, recovery by itself, nothing half-written, nothing that was
//! acknowledged lost. The faults are real where they can be (a stopped, killed or locked server, cut connections, a file that may
//! grow no further), raised by the database where not (PostgreSQL's disk full).
#![expect(clippy::unwrap_used, clippy::panic, reason = "what is not there is a failed test")]

mod common;

use common::place::{Place, Served};
use common::postgres::Cluster;
use common::{Kind, Person};
use sqlx::{AssertSqlSafe, Executor as _};
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

struct Answer {
    status: u16,
    retry_after: Option<String>,
}

fn body(number: usize) -> String {
    format!(
        r#"{{"kind":"reply_received","email":"p{}@example.com","id":"r{number}","occurred_at":"2025-03-01T09:00:00Z","text":"{}"}}"#,
        number % 20,
        "word ".repeat(200)
    )
}

async fn post(client: &reqwest::Client, url: &str, number: usize) -> Result<Answer, reqwest::Error> {
    let request = client.post(format!("{url}/hooks/n8n/beta")).header("x-n8n-secret", "n8n-secret-of-beta");
    let response = request.body(body(number)).send().await?;
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    Ok(Answer { status: response.status().as_u16(), retry_after })
}

/// Posts until it is taken; whatever else comes must be a 503 that says when to come again. Gives the number of refusals.
async fn post_until_taken(url: &str, number: usize) -> usize {
    let client = reqwest::Client::new();
    for refusals in 0..10_000 {
        let answer = post(&client, url, number).await.unwrap();
        if answer.status == 200 {
            return refusals;
        }
        assert_eq!(answer.status, 503);
        assert!(
            answer.retry_after.is_some_and(|seconds| seconds.parse::<u32>().unwrap() > 0),
            "a 503 says when to come again"
        );
    }
    panic!("it never recovered");
}

/// Posts over eight connections until told to stop; gives what was acknowledged and counts refusals.
struct Load {
    stop: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    posters: Vec<tokio::task::JoinHandle<Vec<usize>>>,
}

impl Load {
    fn start(url: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let taken = Arc::new(AtomicUsize::new(0));
        let refused = Arc::new(AtomicUsize::new(0));
        let posters = (0..8)
            .map(|first| {
                let (url, stop) = (url.to_owned(), Arc::clone(&stop));
                let (taken, refused) = (Arc::clone(&taken), Arc::clone(&refused));
                tokio::spawn(async move {
                    let client = reqwest::Client::new();
                    let mut mine = Vec::new();
                    for number in (first..).step_by(8) {
                        if stop.load(Ordering::SeqCst) {
                            break;
                        }
                        let answer = post(&client, &url, number).await.unwrap();
                        match answer.status {
                            200 => {
                                mine.push(number);
                                taken.fetch_add(1, Ordering::SeqCst);
                            }
                            503 => {
                                assert!(answer.retry_after.is_some());
                                refused.fetch_add(1, Ordering::SeqCst);
                            }
                            status => panic!("{status}"),
                        }
                    }
                    mine
                })
            })
            .collect();
        Self { stop, taken, refused, posters }
    }

    /// Waits for so many more of them.
    async fn more(counter: &AtomicUsize, more: usize) {
        let until = counter.load(Ordering::SeqCst) + more;
        while counter.load(Ordering::SeqCst) < until {
            tokio::task::yield_now().await;
        }
    }

    async fn end(self) -> BTreeSet<usize> {
        self.stop.store(true, Ordering::SeqCst);
        let mut acknowledged = BTreeSet::new();
        for poster in self.posters {
            acknowledged.extend(poster.await.unwrap());
        }
        acknowledged
    }
}

/// All that was acknowledged is there, each event has its row, and every contact counts its rows.
async fn whole(person: &Person, acknowledged: &BTreeSet<usize>) {
    let keys = person.texts("SELECT dedupe_key AS x FROM events").await;
    let stored: BTreeSet<usize> = keys.iter().map(|key| key.rsplit_once('r').unwrap().1.parse().unwrap()).collect();
    assert!(acknowledged.is_subset(&stored), "lost: {:?}", acknowledged.difference(&stored).collect::<Vec<_>>());
    assert_eq!(stored.len(), keys.len(), "no event twice");
    assert_eq!(person.texts("SELECT count(*) AS x FROM chat_history").await, [keys.len().to_string()]);
    let deliveries = person.texts("SELECT count(*) AS x FROM deliveries WHERE outcome = 'applied'").await;
    assert_eq!(deliveries, [keys.len().to_string()], "one delivery an event");
    let wrong = "SELECT c.email AS x FROM contacts AS c
        WHERE c.reply_count <> (SELECT count(*) FROM chat_history AS h WHERE h.contact_id = c.contact_id)";
    assert_eq!(person.texts(wrong).await, Vec::<String>::new());
}

async fn postgres(cluster: &Cluster) -> (Place, Served, Person) {
    let place = Place::with(cluster.database().await, "");
    let served = place.serve();
    let person = Person::Postgres(sqlx::postgres::PgPool::connect(&place.address).await.unwrap());
    (place, served, person)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_stopped_restarted_and_crashed_under_load() {
    let cluster = Cluster::start("");
    let (place, served, person) = postgres(&cluster).await;
    let load = Load::start(&served.url);
    Load::more(&load.taken, 100).await;
    cluster.tell("restart");
    Load::more(&load.taken, 100).await;
    cluster.tell("stop");
    Load::more(&load.refused, 20).await;
    let ready = reqwest::get(format!("{}/readyz", served.url)).await.unwrap().status().as_u16();
    assert_eq!(ready, 503, "not ready while the database is away");
    cluster.tell("start");
    Load::more(&load.taken, 100).await;
    cluster.tell("crash");
    cluster.tell("start");
    Load::more(&load.taken, 100).await;
    let acknowledged = load.end().await;
    drop(person);
    let person = Person::Postgres(sqlx::postgres::PgPool::connect(&place.address).await.unwrap());
    whole(&person, &acknowledged).await;
    assert_eq!(reqwest::get(format!("{}/readyz", served.url)).await.unwrap().status().as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_again_and_again_under_load() {
    let (_place, served, person) = postgres(Cluster::shared()).await;
    let load = Load::start(&served.url);
    for _ in 0..10 {
        Load::more(&load.taken, 40).await;
        let cut = "SELECT count(pg_terminate_backend(pid)) AS x FROM pg_stat_activity
            WHERE application_name = 'sales-engine' AND datname = current_database()";
        person.texts(cut).await;
    }
    Load::more(&load.taken, 40).await;
    let acknowledged = load.end().await;
    whole(&person, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_table_and_a_full_disk_are_503_until_they_end() {
    let (_place, served, person) = postgres(Cluster::shared()).await;
    let Person::Postgres(pool) = &person else { panic!("PostgreSQL") };
    assert_eq!(post_until_taken(&served.url, 1).await, 0);
    let mut other = pool.begin().await.unwrap();
    other.execute("LOCK TABLE chat_history IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let answer = post(&reqwest::Client::new(), &served.url, 2).await.unwrap();
    assert_eq!((answer.status, answer.retry_after.is_some()), (503, true), "the lock timeout ended the wait");
    other.rollback().await.unwrap();
    assert_eq!(post_until_taken(&served.url, 2).await, 0);

    let full = "CREATE FUNCTION full_disk() RETURNS TRIGGER AS $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device'
        USING ERRCODE = 'disk_full'; END $$ LANGUAGE plpgsql;
        CREATE TRIGGER full_disk BEFORE INSERT ON deliveries EXECUTE FUNCTION full_disk();";
    person.run(full).await.unwrap();
    let answer = post(&reqwest::Client::new(), &served.url, 3).await.unwrap();
    assert_eq!((answer.status, answer.retry_after.is_some()), (503, true));
    person.run("DROP TRIGGER full_disk ON deliveries").await.unwrap();
    assert_eq!(post_until_taken(&served.url, 3).await, 0);
    whole(&person, &BTreeSet::from([1, 2, 3])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_file_and_a_full_disk_are_503_until_they_end_on_sqlite() {
    let place = Place::on(Kind::Sqlite, "").await;
    // A file may not grow beyond the limit, as on a full disk; the signal that comes with it is ignored.
    let mut limited = Command::new("sh");
    limited.args(["-c", r#"trap "" XFSZ; ulimit -S -f 3000; exec "$0" serve"#]);
    limited.arg(place.command(&[]).get_program()).current_dir(place.folder()).env_clear().env("PATH", "/usr/bin:/bin");
    let served = Place::serve_by(limited);
    let options: sqlx::sqlite::SqliteConnectOptions = place.address.parse().unwrap();
    let pool = sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap();
    let person = Person::Sqlite(pool.clone());
    let mut acknowledged = BTreeSet::new();

    let mut other = pool.acquire().await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let answer = post(&reqwest::Client::new(), &served.url, 0).await.unwrap();
    assert_eq!((answer.status, answer.retry_after.is_some()), (503, true), "the busy timeout ended the wait");
    other.execute("ROLLBACK").await.unwrap();
    drop(other);

    let client = reqwest::Client::new();
    let mut number = 1;
    let refused = loop {
        let answer = post(&client, &served.url, number).await.unwrap();
        if answer.status != 200 {
            break answer;
        }
        acknowledged.insert(number);
        number += 1;
        assert!(number < 20_000, "the limit never came");
    };
    assert_eq!((refused.status, refused.retry_after.is_some()), (503, true), "after {} replies", acknowledged.len());
    whole(&person, &acknowledged).await;
    let room = Command::new("prlimit").args(["--fsize=unlimited", "--pid", &served.child.id().to_string()]).status();
    assert!(room.unwrap().success());
    post_until_taken(&served.url, number).await;
    acknowledged.insert(number);
    whole(&person, &acknowledged).await;
    let check = sqlx::query(AssertSqlSafe("PRAGMA integrity_check".to_owned())).fetch_one(&pool).await.unwrap();
    assert_eq!(sqlx::Row::get::<String, _>(&check, 0), "ok");
}
