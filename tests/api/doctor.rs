//! The doctor over HTTP: for the administrator alone, one look at a time, at the outside services once a minute, and never for longer
//! than is said.

use crate::common::{Database, Kind, Person};
use crate::on_both;
use crate::served::{ACME, ADMIN, Served, serve, with_tokens};
use crate::world::{CONFIG, now};
use chrono::TimeDelta;
use sales_engine::checkup::{Bounds, Checkup, NotNow, Subject, examine};
use sales_engine::config;
use sales_engine::doctor::Finding;
use sales_engine::intake::Now;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::net::TcpListener;

const WAIT_MS: u64 = 250;

async fn look(served: &Served, query: &str) -> crate::served::Reply {
    served.post(ADMIN, &format!("/doctor{query}"), &json!({})).await
}

fn codes(report: &Value) -> BTreeSet<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

on_both! {
    async fn the_doctor_looks_when_the_administrator_asks(database: Database) {
        let served = serve(&database, with_tokens()).await;
        let none_yet = served.get(ADMIN, "/doctor").await;
        assert_eq!(none_yet.status, 404, "{}", none_yet.body);
        let offline = look(&served, "?offline=true").await;
        assert_eq!(offline.status, 200, "{}", offline.body);
        assert_eq!((&offline.body["outside"], &offline.body["checked_at"]), (&json!(false), &json!("2026-11-24T12:00:00.250Z")));
        let found = codes(&offline.body);
        assert!(found.contains("tasks.well") && found.contains("source.none"), "{}", offline.body);
        assert!(!found.contains("service.absent"), "nobody outside was thought of");
        let of = |severity: &str| {
            let findings = offline.body["findings"].as_array().unwrap();
            findings.iter().filter(|finding| finding["severity"] == severity).count()
        };
        assert_eq!((offline.body["faults"].as_u64(), offline.body["warnings"].as_u64()), (Some(of("fault") as u64), Some(of("warning") as u64)));
        assert_eq!(served.get(ADMIN, "/doctor").await.body, offline.body, "it is kept");
        for secret in [ADMIN, ACME, "token-of-the-url", "secret-of-n8n"] {
            assert!(!offline.body.to_string().contains(secret), "{}", offline.body);
        }
        let outside = look(&served, "").await;
        assert_eq!((outside.status, &outside.body["outside"]), (200, &json!(true)), "{}", outside.body);
        assert!(codes(&outside.body).contains("service.absent"), "{}", outside.body);
        // This clock stands still, so the minute does not pass.
        let again = look(&served, "?offline=false").await;
        assert_eq!(again.status, 429, "{}", again.body);
        assert!(again.has("retry-after: 60") && again.has("application/problem+json"), "{}", again.head);
        assert_eq!(served.get(ADMIN, "/doctor").await.body, outside.body, "what was found stays");
        assert_eq!(look(&served, "?offline=true").await.status, 200, "at home it looks as often as it is asked");
        for path in ["/doctor?offline=perhaps", "/doctor?offline", "/doctor?client=acme"] {
            assert_eq!(served.post(ADMIN, path, &json!({})).await.status, 400, "{path}");
        }
        for (method, reply) in [("GET", served.get(ACME, "/doctor").await), ("POST", served.post(ACME, "/doctor", &json!({})).await)] {
            assert_eq!((reply.status, reply.body["title"].as_str()), (403, Some("Forbidden")), "{method}");
            assert!(reply.body.get("findings").is_none(), "{method}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_look_at_a_time_and_the_other_is_asked_to_come_again() {
    let database = Database::new(Kind::Postgres).await;
    let served = serve(&database, with_tokens()).await;
    let Person::Postgres(pool) = database.person().await else { panic!("PostgreSQL") };
    // The one that has its turn waits for the table meanwhile.
    let mut held = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE suppressions IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    let ask = || Box::pin(look(&served, "?offline=true"));
    let (mut first, mut second) = (ask(), ask());
    let (refused, other) = tokio::select! {
        reply = &mut first => (reply, second),
        reply = &mut second => (reply, first),
    };
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.has("retry-after: 5") && refused.body["detail"].as_str().unwrap().contains("under way"));
    assert_eq!(served.get(ADMIN, "/doctor").await.status, 503, "there will be something to tell in a moment");
    held.rollback().await.unwrap();
    assert_eq!(other.await.status, 200);
    assert_eq!(served.get(ADMIN, "/doctor").await.status, 200);
}

/// Takes connections, and says nothing.
async fn silent() -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let taking = tokio::spawn(async move {
        let mut taken = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            taken.push(stream);
        }
    });
    (address, taking)
}

async fn examined(database_url: &str, section: &str) -> Vec<Finding> {
    let text = format!("database_url = \"{database_url}\"\n{CONFIG}\n{section}");
    let config = Arc::new(config::load(Some(("test", &text)), &|_| None).unwrap());
    let subject = Subject { config, file: None, store: None, now: now() };
    let bounds = Bounds { database_ms_max: WAIT_MS, outside_ms_max: WAIT_MS };
    examine(&subject, true, bounds).await
}

#[tokio::test]
async fn whoever_does_not_answer_holds_nobody_up() {
    let (address, taking) = silent().await;
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("none.db").display());
    let service = format!("[ai]\nurl = \"http://{address}/v1\"\nmodel = \"m\"\napi_key = \"key-of-the-model\"\n");
    let found = examined(&database, &service).await;
    let (unfinished, others): (Vec<&Finding>, Vec<&Finding>) =
        found.iter().partition(|finding| finding.code.as_str() == "service.unfinished");
    assert_eq!(unfinished.iter().map(|finding| finding.at.as_str()).collect::<Vec<_>>(), ["ai"]);
    assert!(others.iter().any(|finding| finding.at == "pinecone"), "all others were looked at: {others:?}");
    let found = examined(&format!("postgres://u:p@{address}/d"), "").await;
    let database = found.iter().find(|finding| finding.at == "database_url" && !finding.to_do.is_empty()).unwrap();
    assert_eq!(database.code.as_str(), "database.unreachable");
    assert!(database.what.contains("not looked at within"), "{database:?}");
    taking.abort();
}

#[tokio::test]
async fn the_outside_services_are_asked_once_a_minute_by_whatever_clock() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("database_url = \"sqlite://{}\"\n", folder.path().join("none.db").display());
    let config = Arc::new(config::load(Some(("test", &text)), &|_| None).unwrap());
    let seconds = Arc::new(AtomicI64::new(0));
    let hand = Arc::clone(&seconds);
    let clock: Now = Arc::new(move || now()() + TimeDelta::seconds(hand.load(Ordering::SeqCst)));
    let checkup = Arc::new(Checkup::new(Subject { config, file: None, store: None, now: clock }));
    let mut told = Vec::new();
    // The last one: somebody set the clock back by an hour.
    for at in [0, 1, 59, 60, 61, 120, -3_600] {
        seconds.store(at, Ordering::SeqCst);
        told.push(checkup.look(true).await.map(|examined| examined.outside));
        assert!(!checkup.look(false).await.unwrap().outside, "{at}");
    }
    let too_soon = |seconds| Err(NotNow::TooSoon { seconds });
    assert_eq!(told, [Ok(true), too_soon(59), too_soon(1), Ok(true), too_soon(59), Ok(true), Ok(true)]);
}
