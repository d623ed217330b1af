//! The running program: killed at any moment, and several of it on one database.

use super::common::Kind;
use super::common::place::{Place, Served};
use super::world::{SECRET, check_order};
use sales_engine::intake::Now;
use sales_engine::sandbox::{Fault, Sandbox};
use sales_engine::services::post::Poster;
use sales_engine::store::views::{NotificationFilter, NotificationView};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const PEOPLE: u32 = 20;
const TURNS: u32 = 6;

#[expect(clippy::disallowed_methods, reason = "the program beside it lives in real time")]
fn clock() -> Now {
    Arc::new(chrono::Utc::now)
}

async fn rows(place: &Place) -> Vec<NotificationView> {
    let store = place.store().await;
    store.notifications(&NotificationFilter { limit: 10_000, ..NotificationFilter::default() }).await.unwrap()
}

/// Posts replies to one instance after another, kills with -9 meanwhile, and waits until all is told.
async fn survive(kind: Kind, instances: usize) {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "unused", clock()).await.unwrap();
    let mut seen = 0_u32;
    sandbox.notify(|receivers| {
        receivers.know(&[SECRET]);
        receivers.fail_when(move |_| {
            seen += 1;
            match seen % 37 {
                0 => Some(Fault::DropAfter),
                11 => Some(Fault::Status(500)),
                _ if seen.is_multiple_of(3) => Some(Fault::Slow(15)),
                _ => None,
            }
        });
    });
    let place = Place::on(
        kind,
        &format!(
            "[notifications.hook]\nurl = \"{}/notify/hook\"\nsecrets = [\"{SECRET}\"]\nallow_private = true\nat_once_max = 4\n",
            sandbox.url()
        ),
    )
    .await;
    let mut served: Vec<Served> = Vec::new();
    for _ in 0..instances {
        served.push(place.serve());
    }
    for turn in 0..TURNS {
        for person in 0..PEOPLE {
            let intent = if turn % 2 == 0 { "pricing_question" } else { "not_interested" };
            let body = json!({ "kind": "reply_received", "email": format!("p{person}@example.com"), "id": format!("r{person}-{turn}"),
                "occurred_at": format!("2026-11-{:02}T09:{person:02}:00Z", 1 + turn), "intent": intent, "text": "well" });
            let body = body.to_string();
            let id = format!("msg_{person}_{turn}");
            let now = clock()().timestamp();
            let secret = sales_engine::sources::settings::Secret::new(SECRET);
            let signature =
                sales_engine::sources::signature::sign_standard(&secret, &id, now, body.as_bytes()).unwrap();
            let headers =
                [("webhook-id", id), ("webhook-timestamp", now.to_string()), ("webhook-signature", signature)]
                    .map(|(name, value)| (name.to_owned(), value));
            let nth = usize::try_from(person + turn).unwrap() % instances;
            let poster = Poster::new(&served[nth].url).unwrap();
            assert_eq!(poster.post("/hooks/n8n/acme", &headers, body).await.unwrap().0, 200);
        }
        // One instance dies with its tries in flight and is started again.
        let nth = usize::try_from(turn).unwrap() % instances;
        if turn % 2 == 1 {
            served[nth].kill();
            served[nth] = place.serve();
        }
    }
    let all_told = async {
        loop {
            let rows = rows(&place).await;
            if rows.len() >= usize::try_from(PEOPLE * TURNS).unwrap()
                && rows.iter().all(|row| row.status == "delivered")
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let came = tokio::time::timeout(Duration::from_mins(4), all_told).await;
    let mut rows = rows(&place).await;
    assert!(came.is_ok(), "{:#?}", rows.iter().filter(|row| row.status != "delivered").collect::<Vec<_>>());
    let database = match kind {
        Kind::Sqlite => {
            let options: sqlx::sqlite::SqliteConnectOptions = place.address.parse().unwrap();
            super::common::Person::Sqlite(sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap())
        }
        Kind::Postgres => {
            super::common::Person::Postgres(sqlx::postgres::PgPool::connect(&place.address).await.unwrap())
        }
    };
    let order = database.texts("SELECT notification_id AS x FROM notifications ORDER BY seq").await;
    rows.sort_by_key(|row| order.iter().position(|id| *id == row.notification_id));
    // The alert of a target that failed meanwhile is no contact's; its own order is none.
    sandbox.notify(|receivers| check_order(receivers, &rows));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_program_loses_no_notification_and_no_order() {
    survive(Kind::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_instances_of_which_some_are_killed_hold_the_order_of_each_contact() {
    survive(Kind::Postgres, 4).await;
}

#[test]
fn a_fault_of_a_target_names_its_key() {
    for (extra, part) in [
        (
            "[notifications.hook]\nurl = \"http://hooks.example.com\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n",
            "`notifications.hook.url` must begin with https://",
        ),
        (
            "[clients.gamma.notifications.hook]\nurl = \"https://hooks.example.com\"\nsecrets = [\"too-short-to-sign\"]\n",
            "`clients.gamma.notifications.hook.secrets` must begin with whsec_",
        ),
        ("[notifications.hook]\nurl = \"https://hooks.example.com\"\n", "`notifications.hook.secrets` are missing"),
        (
            "[notifications.hook]\nurl = \"https://hooks.example.com\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\nkinds = [\"deal.lost\"]\n",
            "`notifications.hook.kinds` must be among",
        ),
        (
            "[notifications.hook]\nurl = \"https://169.254.169.254/x\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n",
            "[notifications.hook]: url names an address of this machine or its networks",
        ),
    ] {
        let output = Place::new(extra).run(&["serve"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(part), "{extra}: {said}");
    }
}
