//! The running program: killed in the midst of a request it goes on where it was; a slow account holds up no other; the key is in no log.

use crate::common::place::Place;
use crate::common::{Database, Kind};
use crate::on_both;
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::outreach::OutreachFault;
use sales_engine::sandbox::smartlead::{Account, LeadStatus};
use sales_engine::services::post::Poster;
use serde_json::json;
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ACME: &str = "key-of-acme-at-smartlead";
const BETA: &str = "key-of-beta-at-smartlead";

#[expect(clippy::disallowed_methods, reason = "the program beside it lives in real time")]
fn clock() -> Now {
    Arc::new(chrono::Utc::now)
}

/// Bounded: what does not come is a failure, not a hang.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let came = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_mins(1), came).await.is_ok(), "waited a minute for {what}");
}

/// The program, saying all that it can into a file.
fn serve(place: &Place, nth: u32) -> Child {
    let said = std::fs::File::create(place.folder().join(format!("said{nth}.txt"))).unwrap();
    let mut command = place.command(&["serve"]);
    command.env("SALES_ENGINE_LOG", "trace").stdout(Stdio::null()).stderr(said);
    command.spawn().unwrap()
}

fn configure(place: &Place, port: u16, url: &str) {
    let file = place.folder().join("sales-engine.toml");
    let mut config = std::fs::read_to_string(&file).unwrap().replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    for (client, key) in [("acme", ACME), ("beta", BETA)] {
        let section = format!("[clients.{client}.smartlead]\n");
        let keys = format!("api_key = \"{key}\"\napi_url = \"{url}/api/v1\"\nrequests_per_minute = 600\n");
        config = config.replace(&section, &format!("{section}{keys}"));
    }
    std::fs::write(&file, config).unwrap();
}

/// A contact of each client is mailed and opts out.
async fn told(poster: &Poster) {
    for (client, campaign, who, n) in [("acme", 7, "ada@example.com", 1), ("beta", 9, "bob@example.com", 2)] {
        let hook = format!("/hooks/smartlead/{client}?token=smartlead-token-of-{client}");
        let secret = if client == "acme" { "smartlead-key-of-acme" } else { "" };
        let stats = format!("6f0c2e0a-0b1b-4e5c-9c8b-5b9b6f5f000{n}");
        let sent = json!({ "event_type": "EMAIL_SENT", "time_sent": "2026-11-18T09:00:00.000+00:00", "campaign_id": campaign,
            "sl_lead_email": who, "to_email": who, "stats_id": stats, "secret_key": secret, "sequence_number": 1 });
        let gone = json!({ "event_type": "LEAD_UNSUBSCRIBED", "event_timestamp": "2026-11-18T10:00:00.000Z",
            "campaign_id": campaign, "lead_email": who, "to_email": who, "secret_key": secret });
        for body in [sent, gone] {
            assert_eq!(poster.post(&hook, &[], body.to_string()).await.unwrap().0, 200);
        }
    }
}

on_both! {
    async fn killed_in_the_midst_and_beside_a_slow_account(database: Database) {
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "unused", clock()).await.unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = sandbox.url();
        for (key, campaign, who) in [(ACME, 7, "ada@example.com"), (BETA, 9, "bob@example.com")] {
            sandbox.smartlead(|smartlead| smartlead.open(key).add_lead(campaign, who).unwrap());
        }
        let is_slow = Arc::new(AtomicBool::new(true));
        let slow = Arc::clone(&is_slow);
        sandbox.smartlead(|smartlead| {
            smartlead.fail_when(Box::new(move |_, path, _| {
                (slow.load(Ordering::SeqCst) && path.starts_with("campaigns/7/")).then_some(OutreachFault::HangAfter)
            }));
        });
        let place = Place::with(database.address.clone(), "");
        configure(&place, port, &url);
        let mut child = serve(&place, 1);
        let poster = Poster::new(&format!("http://127.0.0.1:{port}")).unwrap();
        let up = async {
            while poster.post("/hooks/n8n/beta", &[], String::new()).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), up).await.unwrap();
        told(&poster).await;
        // One account hangs; the other one's work is done all the same.
        let status = |key: &str, campaign: u64, who: &str| {
            sandbox.smartlead(|smartlead| smartlead.account(key).unwrap().status(campaign, who))
        };
        until("beta's lead to be stopped", || status(BETA, 9, "bob@example.com") == Some(LeadStatus::Stopped)).await;
        until("beta's opt-out", || sandbox.smartlead(|smartlead| smartlead.account(BETA).unwrap().is_unsubscribed("bob@example.com"))).await;
        let hangs = || {
            let is_it = |path: &str| path.starts_with("campaigns/7/");
            sandbox.smartlead(|smartlead| smartlead.account(ACME).unwrap().received().filter(|one| is_it(&one.path)).count())
        };
        until("acme's request to hang", || hangs() > 0).await;
        child.kill().unwrap();
        child.wait().unwrap();

        // Started again it goes on, as soon as the lease of the dead one is over, which here a person ends.
        is_slow.store(false, Ordering::SeqCst);
        let person = database.person().await;
        let past = match database.kind {
            Kind::Sqlite => "'2020-01-01T00:00:00.000000Z'",
            Kind::Postgres => "TIMESTAMPTZ '2020-01-01 00:00:00+00'",
        };
        let running = format!("UPDATE tasks SET lease_until = {past} WHERE status = 'running'");
        assert!(person.run(&running).await.unwrap() >= 1, "the task that the dead one held");
        let mut child = serve(&place, 2);
        until("acme's opt-out", || {
            sandbox.smartlead(|smartlead| {
                let account = smartlead.account(ACME).unwrap();
                account.is_unsubscribed("ada@example.com") && account.block_list().contains("ada@example.com")
            })
        })
        .await;
        let left = "SELECT count(*) AS x FROM tasks WHERE kind IN ('platform.sync_sequence', 'platform.block') AND status <> 'done'";
        let settled = async {
            while person.texts(left).await != ["0"] {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), settled).await.unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(status(ACME, 7, "ada@example.com"), Some(LeadStatus::Stopped));
        let over: u64 = sandbox.smartlead(|smartlead| smartlead.accounts().map(Account::requests_over).sum());
        assert_eq!(over, 0);
        for nth in [1, 2] {
            let said = std::fs::read_to_string(place.folder().join(format!("said{nth}.txt"))).unwrap();
            assert!(said.contains("a place was taken"), "it said all that it can");
            for secret in [ACME, BETA, "api_key=", "ada@example.com", "bob@example.com"] {
                assert!(!said.contains(secret), "{secret} is in the log");
            }
        }
        let dump = "SELECT CAST(payload AS TEXT) || coalesce(last_error, '') AS x FROM tasks";
        assert!(person.texts(dump).await.iter().all(|row| !row.contains(ACME) && !row.contains(BETA)));
    }
}
