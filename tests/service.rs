//! The program itself, as an operator runs it: a process, a configuration file, a socket.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what is not there is a failed test")]

mod common;

use common::place::Place;
use common::{Kind, Person};
use sales_engine::engine::rows::{TaskKind, TaskStatus};
use sales_engine::services::post::Poster;
use sales_engine::store::views::TaskFilter;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// Everything that the database holds of a client, as text.
async fn all_of(place: &Place, client: &str) -> Vec<String> {
    let person = match place.address.split_once(':') {
        Some(("sqlite", _)) => {
            let options: sqlx::sqlite::SqliteConnectOptions = place.address.parse().unwrap();
            Person::Sqlite(sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap())
        }
        _ => Person::Postgres(sqlx::postgres::PgPool::connect(&place.address).await.unwrap()),
    };
    let mut all = Vec::new();
    for statement in [
        format!(
            "SELECT CAST(fold AS TEXT) || lead_status || updated_at AS x FROM contacts WHERE client_id = '{client}'"
        ),
        format!(
            "SELECT session_id || message_content || coalesce(action_taken, '') AS x FROM chat_history WHERE session_id LIKE '{client}:%'"
        ),
        format!("SELECT dedupe_key || rule || CAST(seen AS TEXT) AS x FROM events WHERE client_id = '{client}'"),
        format!("SELECT task_key || status || wanted AS x FROM tasks WHERE client_id = '{client}'"),
        format!("SELECT outcome || body AS x FROM deliveries WHERE client_id = '{client}'"),
        format!(
            "SELECT action_taken || coalesce(action_details, '') AS x FROM automation_logs WHERE tenant = '{client}'"
        ),
        format!("SELECT list_name || total_contacts AS x FROM lead_lists WHERE client_id = '{client}'"),
    ] {
        let mut rows = person.texts(&statement).await;
        rows.sort();
        all.push(format!("{}", rows.len()));
        all.extend(rows);
    }
    all
}

async fn a_hostile_tenant(kind: Kind) {
    let place = Place::on(kind, "").await;
    let served = place.serve();
    let path = fixtures("smartlead");
    place.json(&["replay", path.to_str().unwrap(), "--to", &served.url, "--client", "beta", "--json"]);
    let store = place.store().await;
    let spread = TaskFilter { kind: Some(TaskKind::CampaignSpread), status: Some(TaskStatus::Pending), limit: 10 };
    while !store.tasks(&spread).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let before = all_of(&place, "beta").await;
    assert!(before.len() > 50, "there is something to lose: {}", before.len());

    let poster = Poster::new(&served.url).unwrap();
    let attack = |path: &str, body: &str| {
        let (path, body) = (path.to_owned(), body.to_owned());
        let poster = poster.clone();
        async move { poster.post(&path, &[], body).await.unwrap().0 }
    };
    let reply = std::fs::read_to_string(fixtures("smartlead/06_email_reply.json")).unwrap();
    let mine = "token=smartlead-token-of-acme";
    for (description, path) in [
        ("its own token at another's door", format!("/hooks/smartlead/beta?{mine}")),
        ("and the other's name in the query", format!("/hooks/smartlead/beta?{mine}&client=acme&client_id=acme")),
        ("dots in the path", format!("/hooks/smartlead/acme/../beta?{mine}")),
        ("encoded dots", format!("/hooks/smartlead/acme/%2e%2e/beta?{mine}")),
        ("an encoded slash", format!("/hooks/smartlead/acme%2f..%2fbeta?{mine}")),
        ("capitals", format!("/hooks/smartlead/BETA?{mine}")),
        ("two slashes", format!("/hooks//smartlead/beta?{mine}")),
    ] {
        let status = attack(&path, &reply).await;
        assert!([400, 401, 404].contains(&status), "{description}: {status}");
    }
    // Everything of beta once more, in acme's own name, with beta's name inside; and opt-outs of beta's people.
    place.json(&["replay", path.to_str().unwrap(), "--to", &served.url, "--client", "acme", "--json"]);
    for email in ["ada.berg@example.com", "zoe.abel@example.org"] {
        let body = format!(
            r#"{{"event_type":"LEAD_UNSUBSCRIBED","to_email":"{email}","client_id":"beta","tenant":"beta","campaign_id":"7",
                "secret_key":"smartlead-key-of-acme","event_timestamp":"2026-09-09T09:09:09Z"}}"#
        );
        assert_eq!(attack(&format!("/hooks/smartlead/acme?{mine}&client_id=beta"), &body).await, 200);
    }
    while !store.tasks(&spread).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(all_of(&place, "beta").await, before, "nothing of beta was changed");
    let shown = place.json(&["contact", "show", "ada.berg@example.com", "--client", "acme", "--json"]);
    assert_eq!(shown["contact"]["stage"], "DoNotContact", "the attacker reached only its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_tenant_changes_nothing_of_another_on_sqlite() {
    a_hostile_tenant(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_tenant_changes_nothing_of_another_on_postgres() {
    a_hostile_tenant(Kind::Postgres).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_can_not_serve_is_one_clear_message_and_an_exit_code() {
    let newer = Place::on(Kind::Postgres, "").await;
    newer.json(&["migrate", "--json"]);
    let person = Person::Postgres(sqlx::postgres::PgPool::connect(&newer.address).await.unwrap());
    let insert = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'x', TRUE, '', 0)";
    person.run(insert).await.unwrap();
    let nobody = newer.address.replace("postgres://postgres@", "postgres://nobody:s3cret@");
    for (description, address, part) in [
        ("a schema of a newer version", newer.address.as_str(), "newer sales-engine"),
        ("a missing role", nobody.as_str(), "the role `nobody`"),
        ("a wrong address", "postgres://u:s3cret@127.0.0.1:1/x", "127.0.0.1:1"),
        ("a transaction pooler", "postgres://u:s3cret@pooler.example.com:6543/postgres", "port 5432"),
    ] {
        for command in [["serve", "--json"], ["migrate", "--json"], ["events", "--json"]] {
            let output = newer.command(&command).env("DATABASE_URL", address).output().unwrap();
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{description}: {error}");
            assert!(error.contains(part) && !error.contains("s3cret"), "{description}: {error}");
            assert_eq!(error.lines().filter(|line| line.contains(part)).count(), 1, "told once: {error}");
        }
    }
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

/// Runs a command whose standard error is a terminal of its own (util-linux' `script`), and its standard output a file; gives both.
fn at_a_terminal(place: &Place, arguments: &str) -> (String, String) {
    let program = env!("CARGO_BIN_EXE_sales-engine");
    let output = std::process::Command::new("script")
        .args(["--quiet", "--return", "--command", &format!("{program} {arguments} >out.txt"), "/dev/null"])
        .current_dir(place.folder())
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("TERM", "xterm"), ("SALES_ENGINE_SCHEDULE_MODE", "off")])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments}: {seen}");
    (seen, std::fs::read_to_string(place.folder().join("out.txt")).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_commands_show_at_a_terminal_that_they_go_on_and_nowhere_else() {
    #[expect(clippy::disallowed_methods, reason = "the program beside it lives in real time")]
    let now: sales_engine::intake::Now = Arc::new(chrono::Utc::now);
    let sandbox = sales_engine::sandbox::Sandbox::start("127.0.0.1:0".parse().unwrap(), "pat-test", now).await.unwrap();
    let place = Place::new(&format!(
        "[airtable]\ntoken = \"pat-test\"\nbase_id = \"appTest\"\napi_url = \"{}\"\n[suppression]\nkey = \"a-key-of-these-tests-alone\"\n",
        sandbox.url()
    ));
    place.json(&["migrate", "--json"]);
    std::fs::write(place.folder().join("gone.csv"), "email\nada@example.com\nbob@example.com\n").unwrap();
    let reply = r#"{"kind":"reply_received","email":"eve@example.com","id":"r1","intent":"pricing_question","occurred_at":"2026-11-01T09:00:00Z"}"#;
    std::fs::write(place.folder().join("reply.json"), reply).unwrap();
    let work = tokio::task::spawn_blocking(move || {
        for (command, told) in [
            ("replay reply.json --as n8n", "payloads replayed"),
            ("replay --stored --dry-run", "reading deliveries again"),
            ("sweep --job went_silent", "sweeping"),
            ("airtable sync", "tasks worked on"),
            ("suppressions import gone.csv", "rows read"),
            ("suppressions fill", "opt-outs listed"),
        ] {
            let (seen, written) = at_a_terminal(&place, command);
            assert!(seen.contains(told), "{command}: {seen:?}");
            assert!(!seen.contains(&format!("{told}: 0")), "what is not counted has no number: {seen:?}");
            assert!(
                !written.contains('\u{1b}') && !written.contains('\r') && !written.is_empty(),
                "{command}: {written:?}"
            );
            // A script reads JSON, whatever its standard error is; and no pipe is filled with pictures.
            let (seen, written) = at_a_terminal(&place, &format!("{command} --json"));
            assert!(!seen.contains(told) && !seen.contains('\u{1b}'), "{command} --json: {seen:?}");
            assert!(serde_json::from_str::<Value>(&written).is_ok(), "{command} --json: {written}");
            let words: Vec<&str> = command.split(' ').collect();
            let piped = place.run(&words);
            let error = String::from_utf8_lossy(&piped.stderr).into_owned();
            assert!(
                piped.status.success() && !error.contains(told) && !error.contains('\u{1b}'),
                "{command}: {error:?}"
            );
        }
    });
    work.await.unwrap();
}
