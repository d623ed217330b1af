//! Deliveries into a database, at a clock that stands still until it is moved.

use super::common::Database;
pub(crate) use crate::common::clock::Clock;
use chrono::TimeDelta;
use sales_engine::domain::event::{Event, EventData, Facts, Profile, Source};
use sales_engine::domain::ids::{ClientId, Email};
use sales_engine::domain::notification::{NotificationKind, Subscription, Subscriptions};
use sales_engine::domain::rules::{Rules, Wants};
use sales_engine::engine::rows::{Outcome, TriggerType};
use sales_engine::intake::{self, Answer, Delivery};
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::notify::Receivers;
use sales_engine::services::airtable::Airtable;
use sales_engine::services::fetch::Fetcher;
use sales_engine::services::notify::Notifier;
use sales_engine::sources::settings::{ClientSources, Secret, SmartleadSettings};
use sales_engine::sources::{Request, Understood, read};
use sales_engine::store::views::{AlertFilter, AlertView, NotificationFilter, NotificationView};
use sales_engine::tasks::{AirtableSettings, Dispatcher, NotificationTarget, Turn};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

pub(crate) fn acme() -> ClientId {
    ClientId::parse("acme").unwrap()
}

pub(crate) fn sources() -> ClientSources {
    let secrets = vec![Secret::new("smartlead-key-of-acme")];
    let smartlead = SmartleadSettings { secrets, ..SmartleadSettings::default() };
    ClientSources { smartlead: Some(smartlead), ..ClientSources::default() }
}

/// Posts a payload of a source; gives what became of it.
pub(crate) async fn post(database: &Database, rules: &Rules, clock: &Clock, source: Source, body: &Value) -> Answer {
    let (handle, running) = intake::start(&database.store, rules, &clock.now(), TriggerType::Webhook, 10, 10, None);
    let (client_id, body) = (acme(), body.to_string());
    let received_at = clock.read();
    let request = Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
    let understood = read(source, &sources(), &request).unwrap();
    let delivery = Delivery { client_id, source, received_at, understood, body_sha256: [0; 32] };
    let answer = handle.submit(delivery).await.unwrap();
    drop(handle);
    running.finished().await;
    answer
}

pub(crate) async fn alerts(database: &Database) -> Vec<AlertView> {
    database.store.alerts(&AlertFilter { limit: 100, ..AlertFilter::default() }).await.unwrap()
}

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const OLD_SECRET: &str = "whsec_b2xkLXNlY3JldC1vZi1hY21lLW9uLWl0cy13YXktb3V0";

/// A database whose changes are told to a receiver.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) sandbox: Sandbox,
    pub(crate) rules: Rules,
    pub(crate) dispatcher: Dispatcher,
}

pub(crate) fn target(sandbox: &Sandbox, name: &str, secrets: &[&str]) -> NotificationTarget {
    let url = format!("{}/notify/{name}", sandbox.url());
    let secrets = secrets.iter().map(|secret| Secret::new(*secret)).collect();
    let notifier = Notifier::with_timeout(&url, secrets, true, Duration::from_millis(400)).unwrap();
    let key = format!("notifications.{name}");
    NotificationTarget { name: name.to_owned(), client: None, notifier, at_once_max: 16, key }
}

pub(crate) fn subscription(target: &str, kinds: &[NotificationKind]) -> Subscription {
    Subscription { target: target.to_owned(), client: None, kinds: kinds.to_vec() }
}

impl World {
    pub(crate) async fn new(database: Database) -> Self {
        Self::with(database, &[subscription("hook", NotificationKind::ALL)]).await
    }

    pub(crate) async fn with(database: Database, subscriptions: &[Subscription]) -> Self {
        let clock = Clock::new();
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "pat-test", clock.now()).await.unwrap();
        sandbox.notify(|receivers| receivers.know(&[SECRET]));
        let notifications = Subscriptions::new(subscriptions.to_vec());
        let rules = Rules { wants: Wants { notifications, ..Wants::default() }, ..Rules::default() };
        let targets = subscriptions.iter().map(|one| target(&sandbox, &one.target, &[SECRET])).collect();
        let airtable = Airtable::new(Secret::new("pat-test"), "appTest", &sandbox.url()).unwrap();
        let settings = AirtableSettings::new(airtable, Fetcher::new().unwrap());
        let dispatcher =
            Dispatcher::new(database.store.clone(), rules.clone(), clock.now(), clock.pause(), Some(settings))
                .with_notifications(targets);
        Self { database, clock, sandbox, rules, dispatcher }
    }

    pub(crate) async fn post(&self, body: Value) -> Answer {
        let answer = post(&self.database, &self.rules, &self.clock, Source::N8n, &body).await;
        assert_eq!(answer.outcome, Outcome::Applied, "{answer:?}");
        answer
    }

    /// Applies an event that the engine finds itself.
    pub(crate) async fn happens(&self, email: &str, data: EventData) {
        let (handle, running) =
            intake::start(&self.database.store, &self.rules, &self.clock.now(), TriggerType::DailyCron, 10, 10, None);
        let now = self.clock.read();
        let event = Event {
            client_id: acme(),
            email: Email::parse(email).unwrap(),
            source: Source::Operator,
            dedupe_key: format!("{}:{email}:{now}", data.kind()),
            facts: Facts { occurred_at: now, time_known: true, profile: Profile::default(), data },
            lineage: Vec::new(),
        };
        let understood = Understood { events: vec![event], ..Understood::default() };
        let delivery = Delivery {
            client_id: acme(),
            source: Source::Operator,
            received_at: now,
            understood,
            body_sha256: [0; 32],
        };
        assert_eq!(handle.submit(delivery).await.unwrap().outcome, Outcome::Applied);
        drop(handle);
        running.finished().await;
    }

    /// Turns until nothing is due at this moment.
    pub(crate) async fn work(&mut self) {
        while let Turn::Worked(_) = self.dispatcher.turn().await.unwrap() {}
    }

    /// Turns and lets the time go on until nothing waits, for so many days at most.
    pub(crate) async fn work_until_done(&mut self, days: i64) {
        let end = self.clock.read() + TimeDelta::days(days);
        while self.count("pending").await > 0 && self.clock.read() < end {
            self.work().await;
            self.clock.forward_ms(1_500);
        }
    }

    pub(crate) async fn count(&self, status: &str) -> i64 {
        let counts = self.database.store.notification_counts().await.unwrap();
        counts.iter().filter(|count| count.status == status).map(|count| count.count).sum()
    }

    pub(crate) async fn rows(&self) -> Vec<NotificationView> {
        let mut rows = self
            .database
            .store
            .notifications(&NotificationFilter { limit: 10_000, ..NotificationFilter::default() })
            .await
            .unwrap();
        let order = "SELECT notification_id AS x FROM notifications ORDER BY seq";
        let order = self.database.person().await.texts(order).await;
        rows.sort_by_key(|row| order.iter().position(|id| *id == row.notification_id));
        rows
    }

    /// The kinds that were taken, in their order.
    pub(crate) fn kinds(&self) -> Vec<String> {
        self.sandbox.notify(|receivers| receivers.taken().map(|taken| taken.kind.clone()).collect())
    }

    /// Each was taken, by its one id; of a contact none before an earlier one; no two at once; all proven.
    pub(crate) async fn check(&self) {
        let rows = self.rows().await;
        assert_eq!(self.count("delivered").await, i64::try_from(rows.len()).unwrap(), "{rows:#?}");
        self.sandbox.notify(|receivers| check_order(receivers, &rows));
    }
}

pub(crate) fn check_order(receivers: &Receivers, rows: &[NotificationView]) {
    let place: HashMap<String, usize> = rows
        .iter()
        .enumerate()
        .map(|(place, row)| (format!("msg_{}", row.notification_id.replace('-', "")), place))
        .collect();
    let taken: HashSet<&str> = receivers.taken().map(|taken| taken.id.as_str()).collect();
    for id in place.keys() {
        assert!(taken.contains(id.as_str()), "{id} was never taken");
    }
    let mut newest: HashMap<(&str, &str), usize> = HashMap::new();
    for received in receivers.received() {
        assert!(!received.proven_by.is_empty(), "{received:?}");
        let place = place[&received.id];
        let last = newest.insert((&received.path, &received.subject), place);
        assert!(last.is_none_or(|last| last <= place), "{} came after a later one of its contact", received.id);
    }
    assert_eq!(receivers.overlaps(), 0, "two tries of one contact at once");
}
