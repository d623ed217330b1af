//! An engine on a database, a clock that stands still until it is set, and whatever is posted to it.

use crate::common::{Database, Kind, Person, kill};
use chrono::TimeDelta;
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::rules::Rules;
use sales_engine::engine::rows::TriggerType;
use sales_engine::intake::{self, Delivery, Now};
use sales_engine::sources::settings::ClientSources;
use sales_engine::sources::{Request, read};
use sales_engine::store::Store;
use sales_engine::store::views::ContactView;
use sales_engine::tasks::{Job, JobReport, ScheduleSettings, Sweep};
use serde_json::Value;

/// Stands still until it is set, or until all that work wait.
#[derive(Clone)]
pub(crate) struct Clock(pub(crate) kill::Clock);

impl Clock {
    pub(crate) fn at(time: &str) -> Self {
        let clock = Self(kill::Clock::new());
        clock.set(time);
        clock
    }

    pub(crate) fn set(&self, time: &str) {
        self.0.set(time.parse().unwrap());
    }

    pub(crate) fn go_on(&self, by: TimeDelta) {
        self.0.forward_ms(by.num_milliseconds());
    }

    pub(crate) fn now(&self) -> Now {
        self.0.now()
    }
}

/// The engine's side.
pub(crate) struct Engine {
    pub(crate) address: String,
    pub(crate) store: Store,
    pub(crate) person: Person,
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
    pub(crate) settings: ScheduleSettings,
}

pub(crate) fn acme() -> ClientId {
    ClientId::parse("acme").unwrap()
}

impl Engine {
    pub(crate) async fn at(address: &str, store: Store, time: &str) -> Self {
        let settings = ScheduleSettings { clients: vec![acme()], ..ScheduleSettings::default() };
        let person = Person::at(address).await;
        Self { address: address.to_owned(), store, person, clock: Clock::at(time), rules: Rules::default(), settings }
    }

    /// Posts a body for acme, received now; gives the answer's outcome.
    pub(crate) async fn post(&self, source: Source, body: &Value) -> String {
        let client_id = acme();
        let received_at = self.clock.now()();
        let body = body.to_string();
        let request = Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
        let understood = read(source, &ClientSources::default(), &request).unwrap();
        let (handle, running) =
            intake::start(&self.store, &self.rules, &self.clock.now(), TriggerType::Webhook, 10, 10, None);
        let delivery = Delivery { client_id: client_id.clone(), source, received_at, understood, body_sha256: [0; 32] };
        let answer = handle.submit(delivery).await.unwrap();
        drop(handle);
        running.finished().await;
        answer.outcome.to_string()
    }

    pub(crate) fn sweeper(&self) -> Sweep {
        Sweep::new(self.store.clone(), self.rules.clone(), self.clock.now(), self.settings.clone())
    }

    pub(crate) async fn sweep(&self, job: Job) -> JobReport {
        let reports = self.sweeper().by_hand(&[job], &[], false).await.unwrap();
        let [report] = <[JobReport; 1]>::try_from(reports).unwrap();
        assert!(report.is_complete(), "{report:?}");
        report
    }

    pub(crate) async fn contact(&self, email: &str) -> Option<ContactView> {
        let key = ContactKey { client_id: acme(), email: Email::parse(email).unwrap() };
        self.store.contact(&key).await.unwrap()
    }

    pub(crate) async fn number(&self, statement: &str) -> u64 {
        self.person.texts(statement).await[0].parse().unwrap()
    }
}

/// The engine in a place of its own, and an empty place for another flow beside it: a schema on PostgreSQL, a file on SQLite.
pub(crate) async fn beside(database: &Database, time: &str) -> (Engine, String, Option<&'static str>) {
    match database.kind {
        Kind::Sqlite => {
            let other = format!("sqlite://{}?mode=rwc", database.folder().join("other.db").display());
            (Engine::at(&database.address, database.store.clone(), time).await, other, None)
        }
        Kind::Postgres => {
            database.person().await.run("CREATE SCHEMA n8n_flow").await.unwrap();
            let other = format!("{}?options=-c%20search_path%3Dn8n_flow", database.address);
            (Engine::at(&database.address, database.store.clone(), time).await, other, Some("n8n_flow"))
        }
    }
}
