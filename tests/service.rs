//! The program itself, as an operator runs it: a process, a configuration file, a socket, and kill -9.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed unwrap is a failed test")]

use sales_engine::services::post::Poster;
use sales_engine::store::Store;
use sales_engine::store::views::EventFilter;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sales-engine");

const CONFIG: &str = r#"
listen = "127.0.0.1:0"
default_client = "acme"
[clients.acme.smartlead]
url_tokens = ["smartlead-token-of-acme"]
secrets = ["smartlead-key-of-acme"]
[clients.acme.instantly]
header = "x-webhook-token"
secrets = ["instantly-secret-of-acme"]
[clients.acme.n8n]
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
[clients.beta.smartlead]
url_tokens = ["smartlead-token-of-beta"]
[clients.beta.n8n]
secrets = ["n8n-secret-of-beta"]
header = "x-n8n-secret"
"#;

/// A folder with a configuration and a database of its own.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(extra: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("database_url = \"sqlite://{}\"\n", folder.path().join("t.db").display());
        std::fs::write(folder.path().join("sales-engine.toml"), database + CONFIG + extra).unwrap();
        Self { folder }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args).current_dir(self.folder.path()).env_clear();
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    async fn store(&self) -> Store {
        Store::open(&format!("sqlite://{}", self.folder.path().join("t.db").display())).await.unwrap()
    }

    fn serve(&self) -> Served {
        let mut child = self.command(&["serve"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("serve ended before it listened").unwrap();
            if let Some((_, rest)) = line.split_once("serving addr=") {
                break format!("http://{}", rest.split(' ').next().unwrap());
            }
        };
        // Somebody must read on, or the program stops at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Served { child, url }
    }
}

/// A running service; it ends with the test whatever happens.
struct Served {
    child: Child,
    url: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn fixtures(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

fn outcomes(replayed: &Value) -> BTreeSet<String> {
    replayed.as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_demo_visits_the_matrix_and_promotes() {
    let place = Place::new("");
    let report = place.json(&["demo", "--once", "--json"]);
    let stages = report["stages_visited"].as_array().unwrap();
    assert!(stages.len() >= 10, "{stages:?}");
    for outcome in ["applied", "duplicate", "ignored", "unrecognised"] {
        assert!(report["deliveries_by_outcome"][outcome].as_i64() > Some(0), "{outcome}");
    }
    assert_eq!(report["deliveries_by_outcome"]["dead"], Value::Null);
    assert_eq!(report["requests_by_status"]["401"], 1, "the forged one");
    assert_eq!(report["requests_by_status"]["400"], 1, "the broken one");
    assert!(report["chat_rows_total"].as_i64() > Some(0));
    assert!(report["leads"].as_i64() > Some(0));
    assert_eq!(report["airtable_rate_limited"], 0);
    let text = String::from_utf8(place.run(&["demo", "--once"]).stdout).unwrap();
    for part in ["deliveries by outcome", "contacts by stage", "chat rows", "leads in the sandbox's Airtable"] {
        assert!(text.contains(part), "{part}");
    }
}

#[tokio::test]
async fn two_clients_are_served_side_by_side() {
    let place = Place::new("");
    let served = place.serve();
    let replay = |client: &str, path: &str| {
        let path = fixtures(path);
        place.json(&["replay", path.to_str().unwrap(), "--to", &served.url, "--client", client, "--json"])
    };
    for folder in ["smartlead", "instantly", "n8n"] {
        let first = replay("acme", folder);
        assert!(first.as_array().unwrap().iter().all(|one| one["status"] == 200), "{folder}: {first}");
        assert!(outcomes(&first).contains("applied"), "{folder}");
    }
    let before = place.json(&["contact", "show", "ada.berg@example.com", "--json"]);
    for folder in ["smartlead", "instantly", "n8n"] {
        let again = outcomes(&replay("acme", folder));
        assert!(again.contains("duplicate"), "{folder}: {again:?}");
        let news = replay("acme", folder);
        for one in news.as_array().unwrap() {
            let changed = one["events"].as_array().unwrap().iter().any(|event| event["outcome"] != "duplicate");
            assert!(!changed, "repeated, yet not a duplicate: {one}");
        }
    }
    assert_eq!(place.json(&["contact", "show", "ada.berg@example.com", "--json"]), before, "nothing changed");

    let contact = |email: &str| place.json(&["contact", "show", email, "--json"])["contact"].clone();
    let ada = contact("ada.berg@example.com");
    assert_eq!(
        (&ada["emails_sent_count"], &ada["reply_count"]),
        (&1.into(), &1.into()),
        "two posts for one mail count once"
    );
    let zoe = contact("zoe.abel@example.org");
    assert_eq!((&zoe["reply_count"], &zoe["stage"]), (&1.into(), &"Interested".into()), "a label is no second reply");
    assert_eq!(contact("fay.gunn@example.com")["stage"], "OutOfOffice", "an absence that a category tells afterwards");
    assert_eq!(contact("emil.falk@example.com")["stage"], "DoNotContact", "mail after an opt-out changes nothing");
    let cara = place.run(&["contact", "show", "cara.diaz@example.net"]);
    assert_eq!(cara.status.code(), Some(1), "a bounce of our own mailbox touches no contact");

    replay("beta", "smartlead/06_email_reply.json");
    let beta = place.json(&["contact", "show", "ada.berg@example.com", "--client", "beta", "--json"]);
    assert_ne!(beta["contact"]["contact_id"], before["contact"]["contact_id"], "two contacts");
    let session = |shown: &Value| shown["messages"][0]["session_id"].as_str().unwrap().to_owned();
    assert_eq!(session(&before), "acme:ada.berg@example.com");
    assert_eq!(session(&beta), "beta:ada.berg@example.com");
    let why = place.json(&["contact", "why", "ada.berg@example.com", "--json"]);
    assert!(why["events"].as_array().unwrap().iter().all(|event| !event["rule"].as_str().unwrap().is_empty()));
    let kept = place.json(&["deliveries", "--outcome", "unrecognised", "--json"]);
    let reasons: Vec<&str> = kept.as_array().unwrap().iter().filter_map(|row| row["reason"].as_str()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("LEAD_TELEPORTED")), "{reasons:?}");
    let waiting = place.json(&["tasks", "--json"]);
    let is_waiting =
        |task: &Value| task["waits"].as_str().is_some_and(|waits| waits.contains("Airtable is not configured"));
    assert!(waiting.as_array().unwrap().iter().any(is_waiting), "promotions wait and say so");
}

#[tokio::test]
async fn the_same_person_of_two_clients_is_two_leads() {
    let now: sales_engine::intake::Now = Arc::new(|| "2026-11-20T12:00:00Z".parse().unwrap());
    let sandbox =
        sales_engine::sandbox::Sandbox::start("127.0.0.1:0".parse().unwrap(), "pat-sandbox", now).await.unwrap();
    let extra =
        format!("[airtable]\ntoken = \"pat-sandbox\"\nbase_id = \"appTest\"\napi_url = \"{}\"\n", sandbox.url());
    let place = Place::new(&extra);
    let served = place.serve();
    let path = fixtures("smartlead/06_email_reply.json");
    for client in ["acme", "beta"] {
        place.json(&["replay", path.to_str().unwrap(), "--to", &served.url, "--client", client, "--json"]);
    }
    let lead = |client: &str| {
        let shown = place.json(&["contact", "show", "ada.berg@example.com", "--client", client, "--json"]);
        shown["contact"]["airtable_lead_id"].as_str().map(str::to_owned)
    };
    let leads = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        loop {
            if let (Some(a), Some(b)) = (lead("acme"), lead("beta")) {
                return (a, b);
            }
            tokio::task::yield_now().await;
        }
    });
    let (acme, beta) = leads.await.expect("both are promoted");
    assert_ne!(acme, beta);
    assert_eq!(sandbox.with(|base| base.leads().len()), 2);
}

#[test]
fn a_wrong_configuration_tells_all_its_faults() {
    let place = Place::new("[clients.gamma]\nnmae = \"G\"\n[airtable]\nbase_id = \"x\"\n");
    let output = place.run(&["serve"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    for part in [
        "3 fault(s)",
        "`clients.gamma.nmae` is unknown; did you mean `name`?",
        "`airtable.base_id`",
        "`airtable.token`",
    ] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
    let output = Place::new("").command(&["migrate"]).env("DATABASE_URL", "mysql://x").output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("database_url"));
}

#[test]
fn a_rehearsal_shows_the_stages_and_changes_nothing() {
    let place = Place::new("");
    place.json(&["migrate", "--json"]);
    let path = fixtures("n8n");
    let rehearse = || place.json(&["replay", path.to_str().unwrap(), "--dry-run", "--json"]);
    let shown = rehearse();
    let won = shown.as_array().unwrap().iter().find(|one| one["payload"].as_str().unwrap().contains("12_won")).unwrap();
    assert_eq!(won["events"][3]["stage_after"], "Won");
    assert_eq!(place.json(&["events", "--json"]), Value::Array(Vec::new()), "nothing stays");
    assert_eq!(outcomes(&rehearse()), outcomes(&shown));
    let done = place.json(&["replay", path.to_str().unwrap(), "--json"]);
    assert_eq!(outcomes(&done), outcomes(&shown), "applying does what the rehearsal showed");
    let won = place.json(&["contact", "show", "deal.person@example.net", "--json"]);
    assert_eq!(
        (won["contact"]["lead_status"].as_str(), won["contact"]["pipeline_status"].as_str()),
        (Some("won"), Some("closed"))
    );
}

/// Posts numbered replies until it is told that the service is gone; gives the numbers that were acknowledged.
async fn post_until_dead(url: &str, first: usize, acknowledged: Arc<AtomicUsize>) -> Vec<usize> {
    let poster = Poster::new(url).unwrap();
    let mut mine = Vec::new();
    for number in (first..).step_by(8).take(2_000) {
        match poster.post("/hooks/n8n/beta", &headers(), reply(number)).await {
            Ok((200, _)) => {
                mine.push(number);
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            Ok((503, _)) => {}
            Ok((status, body)) => panic!("{status} {}", String::from_utf8_lossy(&body)),
            Err(_gone) => break,
        }
    }
    mine
}

fn headers() -> Vec<(String, String)> {
    vec![("x-n8n-secret".to_owned(), "n8n-secret-of-beta".to_owned())]
}

/// Ten people answer in turn, each message once.
fn reply(number: usize) -> String {
    format!(
        r#"{{"kind":"reply_received","email":"p{}@example.com","id":"r{number}","occurred_at":"2026-11-01T09:{:02}:{:02}Z","text":"n {number}"}}"#,
        number % 10,
        number / 60 % 60,
        number % 60
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_under_load_loses_nothing_that_was_acknowledged_and_doubles_nothing() {
    let place = Place::new("");
    let mut acknowledged = BTreeSet::new();
    for round in 0..3 {
        let mut served = place.serve();
        let count = Arc::new(AtomicUsize::new(0));
        let posters: Vec<_> = (0..8)
            .map(|first| {
                let (url, count) = (served.url.clone(), Arc::clone(&count));
                tokio::spawn(async move { post_until_dead(&url, first + round * 16_000, count).await })
            })
            .collect();
        // The moment is a count of answers, so that it always falls into the middle of the load.
        while count.load(Ordering::SeqCst) < 150 + round * 70 {
            tokio::task::yield_now().await;
        }
        served.child.kill().unwrap();
        served.child.wait().unwrap();
        for poster in posters {
            acknowledged.extend(poster.await.unwrap());
        }
    }
    assert!(acknowledged.len() >= 500);
    let served = place.serve();
    let store = place.store().await;
    let filter = EventFilter { limit: 10_000, ..EventFilter::default() };
    let numbers = |events: Vec<sales_engine::store::views::EventView>| -> BTreeSet<usize> {
        events.iter().map(|event| event.dedupe_key.rsplit_once('r').unwrap().1.parse().unwrap()).collect()
    };
    let events = store.events(&filter).await.unwrap();
    let (rows, stored) = (events.len(), numbers(events));
    assert_eq!(rows, stored.len(), "no event twice");
    let lost: Vec<&usize> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.chat_rows.values().sum::<i64>(), i64::try_from(rows).unwrap(), "one chat row an event");
    // Everything again, as a platform would: nothing is added.
    let poster = Poster::new(&served.url).unwrap();
    for number in stored.iter().take(300) {
        let (status, body) = poster.post("/hooks/n8n/beta", &headers(), reply(*number)).await.unwrap();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, answer["outcome"].as_str()), (200, Some("duplicate")));
    }
    for person in 0..10 {
        let email = format!("p{person}@example.com");
        let shown = place.json(&["contact", "show", &email, "--client", "beta", "--json"]);
        let expected = stored.iter().filter(|number| *number % 10 == person).count();
        assert_eq!(shown["contact"]["reply_count"], expected, "{email}");
        assert_eq!(shown["contact"]["stage"], "Interested");
    }
}
