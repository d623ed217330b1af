//! Two clients of one agency, their webhooks, and a clock that stands still until it is moved.

use crate::common::Database;
pub use crate::common::clock::Clock;
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::rules::Rules;
use sales_engine::domain::stage::Stage;
use sales_engine::domain::suppression::{Key, Scope, Suppression};
use sales_engine::engine::rows::TriggerType;
use sales_engine::intake::{self, Answer, Context, Delivery, Now};
use sales_engine::persons;
use sales_engine::sandbox::Sandbox;
use sales_engine::services::airtable::Airtable;
use sales_engine::services::fetch::Fetcher;
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::{Request, read};
use sales_engine::store::Store;
use sales_engine::store::views::ContactCheck;
use sales_engine::tasks::{AirtableSettings, Dispatcher, Turn};

pub const KEY: &str = "the key of all tests of suppression";
pub const TOKEN: &str = "pat-test-token";

pub struct World {
    pub database: Database,
    pub rules: Rules,
    pub clock: Clock,
}

pub fn client(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}

pub fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub fn rules(keys: &[&str], scope_of_opt_outs: Scope) -> Rules {
    let keys = keys.iter().map(|key| Key::new(key)).collect();
    Rules { suppression: Suppression { keys, scope_of_opt_outs }, ..Rules::default() }
}

impl World {
    pub fn new(database: Database, scope_of_opt_outs: Scope) -> Self {
        Self { database, rules: rules(&[KEY], scope_of_opt_outs), clock: Clock::new() }
    }

    pub fn store(&self) -> &Store {
        &self.database.store
    }

    /// What n8n posts for a client, as the service takes it.
    pub async fn post(&self, client_id: &str, body: &str) -> Answer {
        self.post_as(Source::N8n, client_id, body).await
    }

    pub fn delivery(&self, source: Source, client_id: &str, body: &str) -> Delivery {
        let client_id = client(client_id);
        let received_at = self.clock.read();
        let request = Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
        let understood = read(source, &ClientSources::default(), &request).unwrap();
        Delivery { client_id, source, received_at, understood, body_sha256: [7; 32] }
    }

    pub async fn post_as(&self, source: Source, client_id: &str, body: &str) -> Answer {
        let delivery = self.delivery(source, client_id, body);
        let (handle, running) =
            intake::start(self.store(), &self.rules, &self.clock.now(), TriggerType::Webhook, 10, 10, None);
        let answer = handle.submit(delivery).await.unwrap();
        drop(handle);
        running.finished().await;
        answer
    }

    pub async fn stage(&self, client_id: &str, address: &str) -> Option<Stage> {
        let key = ContactKey { client_id: client(client_id), email: email(address) };
        self.store().contact(&key).await.unwrap().map(|contact| contact.stage)
    }

    pub async fn check(&self, client_id: &str, addresses: &[&str]) -> Vec<ContactCheck> {
        let addresses: Vec<String> = addresses.iter().map(|text| (*text).to_owned()).collect();
        let today = self.clock.read().date_naive();
        persons::check(self.store(), &self.rules.suppression, &client(client_id), &addresses, today).await.unwrap()
    }

    pub fn context<'a>(&'a self, now: &'a Now) -> Context<'a> {
        Context { store: self.store(), rules: &self.rules, now, trigger: TriggerType::Manual }
    }

    pub async fn sandbox(&self) -> Sandbox {
        Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, self.clock.now()).await.unwrap()
    }

    /// Works off all that is due, with or without Airtable.
    pub async fn work(&self, sandbox: Option<&Sandbox>) {
        let settings = sandbox.map(|sandbox| {
            let client = Airtable::new(Secret::new(TOKEN), "appTest", &sandbox.url()).unwrap();
            AirtableSettings::new(client, Fetcher::new().unwrap())
        });
        let (now, pause) = (self.clock.now(), self.clock.pause());
        let mut dispatcher = Dispatcher::new(self.store().clone(), self.rules.clone(), now, pause, settings);
        loop {
            match dispatcher.turn().await.unwrap() {
                Turn::Worked(_) => {}
                Turn::Wait(until) => self.clock.forward(until - self.clock.read()),
                Turn::Idle => return,
            }
        }
    }

    /// The column `x` of a query, row by row.
    pub async fn texts(&self, statement: &str) -> Vec<String> {
        self.database.person().await.texts(statement).await
    }

    pub async fn count(&self, what: &str) -> usize {
        self.texts(&format!("SELECT 1 AS x FROM {what}")).await.len()
    }
}
