//! Ten thousand notifications drained to one receiver, the order of each contact checked, side by side with the same requests posted
//! bare to the same receiver. `cargo bench --bench notify -- --people N --turns N --database postgres|sqlite`.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a measuring program: what is not there ends it, the clock is what it reads; the tests' world has more than is used here"
)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/notify/world.rs"]
mod world;

use common::{Database, Kind};
use sales_engine::domain::event::{Event, EventData, Facts, OutsideChange, Profile, Source};
use sales_engine::domain::ids::Email;
use sales_engine::domain::notification::{NotificationKind, Subscriptions};
use sales_engine::domain::rules::{Rules, Wants};
use sales_engine::domain::stage::Stage;
use sales_engine::engine::rows::{Outcome, TriggerType};
use sales_engine::intake::{self, Delivery, IntakeHandle, Now};
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::notify::{Received, Receivers};
use sales_engine::services::post::Poster;
use sales_engine::sources::Understood;
use sales_engine::store::views::NotificationFilter;
use sales_engine::tasks::{Dispatcher, Pause};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use world::{SECRET, acme, check_order, subscription, target};

/// As the target of the tests has it.
const AT_ONCE: usize = 16;

fn clock() -> Now {
    Arc::new(chrono::Utc::now)
}

fn pause() -> Pause {
    let now = clock();
    Arc::new(move |until| Box::pin(tokio::time::sleep((until - now()).to_std().unwrap_or_default())))
}

/// A change of stage: won, taken back by a person, won again, so that each event is one notification.
async fn change(handle: IntakeHandle, person: usize, turn: usize) {
    let day = chrono::DateTime::from_timestamp(1_790_000_000 + i64::try_from(turn).unwrap() * 86_400, 0).unwrap();
    let data = if turn.is_multiple_of(2) {
        EventData::DealWon { client_record: None }
    } else {
        let changes = OutsideChange { stage: Some(Stage::Interested), ..OutsideChange::default() };
        EventData::ChangedOutside { changes }
    };
    let event = Event {
        client_id: acme(),
        email: Email::parse(&format!("p{person}@example.com")).unwrap(),
        source: Source::Operator,
        dedupe_key: format!("{}:{person}:{turn}", data.kind()),
        facts: Facts { occurred_at: day, time_known: true, profile: Profile::default(), data },
        lineage: Vec::new(),
    };
    let understood = Understood { events: vec![event], ..Understood::default() };
    let received_at = clock()();
    let delivery =
        Delivery { client_id: acme(), source: Source::Operator, received_at, understood, body_sha256: [0; 32] };
    assert_eq!(handle.submit(delivery).await.unwrap().outcome, Outcome::Applied);
}

/// Posts requests as they were received, bare: so many at once, each connection one after another.
async fn bare(url: &str, requests: &[Received], at_once: usize) -> Duration {
    let begun = Instant::now();
    let mut posting = JoinSet::new();
    for share in requests.chunks(requests.len().div_ceil(at_once)) {
        let (share, poster) = (share.to_vec(), Poster::new(url).unwrap());
        posting.spawn(async move {
            for request in share {
                let headers = [
                    ("webhook-id", request.id),
                    ("webhook-timestamp", request.timestamp),
                    ("webhook-signature", request.signature),
                ]
                .map(|(name, value)| (name.to_owned(), value));
                let (status, _) = poster.post(&request.path, &headers, request.body).await.unwrap();
                assert_eq!(status, 204);
            }
        });
    }
    while let Some(done) = posting.join_next().await {
        done.unwrap();
    }
    begun.elapsed()
}

async fn measure(kind: Kind, people: usize, turns: usize) {
    let database = Database::new(kind).await;
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "unused", clock()).await.unwrap();
    sandbox.notify(|receivers| receivers.know(&[SECRET]));
    let notifications = Subscriptions::new(vec![subscription("hook", &[NotificationKind::StageChanged])]);
    let rules = Rules { wants: Wants { notifications, ..Wants::default() }, ..Rules::default() };
    let (handle, running) =
        intake::start(&database.store, &rules, &clock(), TriggerType::Webhook, people.max(1_000), 256, None);
    for turn in 0..turns {
        let mut changing = JoinSet::new();
        for person in 0..people {
            changing.spawn(change(handle.clone(), person, turn));
        }
        while let Some(done) = changing.join_next().await {
            done.unwrap();
        }
    }
    drop(handle);
    running.finished().await;
    let all = people * turns;
    let filter = NotificationFilter { limit: u32::try_from(all).unwrap(), ..NotificationFilter::default() };
    assert_eq!(database.store.notifications(&filter).await.unwrap().len(), all, "one a change");
    let targets = vec![target(&sandbox, "hook", &[SECRET])];
    let dispatcher = Dispatcher::new(database.store.clone(), rules, clock(), pause(), None).with_notifications(targets);
    let (wake, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    let begun = Instant::now();
    let dispatching = tokio::spawn(dispatcher.run(wake, stop.clone()));
    while sandbox.notify(|receivers| receivers.taken().count()) < all {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = begun.elapsed();
    stop.cancel();
    dispatching.await.unwrap();
    let mut rows = database.store.notifications(&filter).await.unwrap();
    let order = "SELECT notification_id AS x FROM notifications ORDER BY seq";
    let place: HashMap<String, usize> =
        database.person().await.texts(order).await.into_iter().enumerate().map(|(place, id)| (id, place)).collect();
    rows.sort_by_key(|row| place[&row.notification_id]);
    sandbox.notify(|receivers| check_order(receivers, &rows));
    let requests = sandbox.notify(|receivers| receivers.received().to_vec());
    assert_eq!(requests.len(), all, "none was sent twice");
    sandbox.notify(Receivers::forget);
    let one = bare(&sandbox.url(), &requests, 1).await;
    sandbox.notify(Receivers::forget);
    let many = bare(&sandbox.url(), &requests, AT_ONCE).await;
    let rate = |took: Duration| all as f64 / took.as_secs_f64();
    println!(
        "{kind:?}: {all} notifications about {people} contacts drained in {:.1} s, {:.0}/s, in order; posted bare one after another \
         {:.0}/s (ratio {:.2}), over {AT_ONCE} connections {:.0}/s (ratio {:.2})",
        took.as_secs_f64(),
        rate(took),
        rate(one),
        rate(took) / rate(one),
        rate(many),
        rate(took) / rate(many),
    );
}

fn main() {
    let (mut people, mut turns, mut databases) = (1_000, 10, vec![Kind::Postgres, Kind::Sqlite]);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} wants a value"));
        match word.as_str() {
            "--people" => people = value().parse().unwrap(),
            "--turns" => turns = value().parse().unwrap(),
            "--database" => {
                databases = match value().as_str() {
                    "postgres" => vec![Kind::Postgres],
                    "sqlite" => vec![Kind::Sqlite],
                    other => panic!("--database: `{other}`; expected postgres or sqlite"),
                }
            }
            // Cargo's own.
            "--bench" => {}
            other => panic!("`{other}`; expected --people N, --turns N, --database postgres|sqlite"),
        }
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for kind in databases {
        runtime.block_on(measure(kind, people, turns));
    }
}
