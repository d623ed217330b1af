//! A clock of its own, the stand-ins, and the process that works, or is killed.

pub use crate::common::clock::Clock;
use crate::common::{Database, Person};
use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::domain::ai::{AnswerFormat, TokensKey};
use sales_engine::domain::event::{Event, Source};
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::rules::{AiWants, Rules};
use sales_engine::engine::rows::{TaskStatus, TriggerType};
use sales_engine::intake::{self, Delivery};
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::ai::MODEL;
use sales_engine::services::ai::{Ai, AiEndpoint};
use sales_engine::services::airtable::Airtable;
use sales_engine::services::fetch::Fetcher;
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::{self, Request, Understood};
use sales_engine::store::Store;
use sales_engine::store::views::{ChatView, ContactView, TaskFilter, TaskView, TimelineView};
use sales_engine::tasks::{AiSettings, AirtableSettings, Dispatcher, Turn};
use serde_json::{Value, json};
use std::time::Duration;

pub const KEY: &str = "sk-sandbox-0123456789";
/// Longer than any lease holds.
pub const LEASE_MS: i64 = 121_000;
const TURNS_MAX: usize = 3_000;

pub struct World {
    pub clock: Clock,
    pub sandbox: Sandbox,
    pub store: Store,
    address: String,
    pub settings: AiSettings,
    pub rules: Rules,
    pub airtable: Option<AirtableSettings>,
}

pub fn rules() -> Rules {
    let ai = AiWants { classify_after_ms: Some(60_000), summarise_after_ms: None };
    let mut rules = Rules::default();
    rules.wants.ai = ai;
    rules
}

impl World {
    pub async fn new(database: &Database) -> Self {
        let clock = Clock::at("2026-11-20T09:00:00Z");
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), KEY, clock.now()).await.unwrap();
        let settings = AiSettings {
            client: client(&sandbox.url(), Duration::from_secs(20)),
            tokens_per_day_max: 1_000_000,
            requests_per_minute: 6_000,
            confidence_min: 70,
            documents: true,
        };
        let (store, address) = (database.store.clone(), database.address.clone());
        Self { clock, sandbox, store, address, settings, rules: rules(), airtable: None }
    }

    /// With Airtable beside it, and conversations summed up.
    pub async fn with_airtable(database: &Database) -> Self {
        let mut world = Self::new(database).await;
        let client = Airtable::new(Secret::new(KEY), "appTest", &world.sandbox.url()).unwrap();
        world.airtable = Some(AirtableSettings::new(client, Fetcher::new().unwrap()));
        world.rules.wants.ai.summarise_after_ms = Some(300_000);
        world
    }

    pub fn impatient(&mut self, timeout_ms: u64) {
        self.settings.client = client(&self.sandbox.url(), Duration::from_millis(timeout_ms));
    }

    pub fn dispatcher(&self) -> Dispatcher {
        self.dispatcher_on(self.store.clone())
    }

    fn dispatcher_on(&self, store: Store) -> Dispatcher {
        Dispatcher::new(store, self.rules.clone(), self.clock.now(), self.clock.pause(), self.airtable.clone())
            .with_ai(self.settings.clone(), self.airtable.as_ref())
    }

    /// Another process with connections of its own.
    pub async fn instance(&self) -> Dispatcher {
        self.dispatcher_on(Store::open(&self.address).await.unwrap())
    }

    /// What a platform tells, by n8n.
    pub async fn told(&self, events: Value) {
        let (handle, running) =
            intake::start(&self.store, &self.rules, &self.clock.now(), TriggerType::Webhook, 10, 10, None);
        let client_id = acme();
        let (body, received_at) = (events.to_string(), self.clock.read());
        let request = Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
        let understood = sources::read(Source::N8n, &ClientSources::default(), &request).unwrap();
        assert_eq!(understood.unrecognised, Vec::<String>::new());
        let delivery = Delivery {
            client_id: client_id.clone(),
            source: Source::N8n,
            received_at,
            understood,
            body_sha256: [0; 32],
        };
        handle.submit(delivery).await.unwrap();
        drop(handle);
        running.finished().await;
    }

    /// What the engine found itself.
    pub async fn found(&self, event: Event) {
        let (handle, running) =
            intake::start(&self.store, &self.rules, &self.clock.now(), TriggerType::ConditionMet, 10, 10, None);
        let understood = Understood { events: vec![event], ..Understood::default() };
        let received_at = self.clock.read();
        let delivery =
            Delivery { client_id: acme(), source: Source::Ai, received_at, understood, body_sha256: [0; 32] };
        handle.submit(delivery).await.unwrap();
        drop(handle);
        running.finished().await;
    }

    /// The lease of a task is over, as after two minutes.
    pub async fn outlives_the_lease(address: &str, task_id: &str) {
        let person = Person::at(address).await;
        let statement =
            format!("UPDATE tasks SET lease_until = '2020-01-01T00:00:00.000000Z' WHERE task_id = '{task_id}'");
        assert_eq!(person.run(&statement).await.unwrap(), 1);
    }

    /// Somebody who is in a sequence answers.
    pub async fn replies(&self, n: u32, text: &str) {
        let (sent, replied) = (self.clock.read() - TimeDelta::hours(2), self.clock.read());
        self.told(json!([
            { "kind": "email_sent", "email": email(n), "campaign_id": "77", "occurred_at": sent, "id": format!("s{n}") },
            reply(n, &format!("r{n}"), text, replied),
        ]))
        .await;
    }

    /// All that is to be done is done, up to this time.
    pub async fn work_until(&self, end: DateTime<Utc>) {
        let mut dispatcher = self.dispatcher();
        for _ in 0..TURNS_MAX {
            let next = match dispatcher.turn().await.unwrap() {
                Turn::Worked(_) => continue,
                Turn::Wait(until) => Some(until),
                Turn::Idle => self.next_due().await,
            };
            match next.filter(|next| *next <= end) {
                Some(next) => self.clock.to(next.max(self.clock.read() + TimeDelta::milliseconds(1))),
                None => return,
            }
        }
        panic!("it does not end: {:#?}", self.tasks().await);
    }

    /// The same for half a day, which is enough for all but a used-up budget.
    pub async fn work(&self) {
        self.work_until(self.clock.read() + TimeDelta::hours(12)).await;
    }

    async fn next_due(&self) -> Option<DateTime<Utc>> {
        let due = |task: &TaskView| {
            if task.status == "running" {
                self.clock.read() + TimeDelta::milliseconds(LEASE_MS)
            } else {
                task.due_at.parse().unwrap()
            }
        };
        let is_mine = |task: &&TaskView| {
            let is_round = task.task_key == task.kind && task.last_error.is_none();
            let is_mine = task.kind.starts_with("ai.") || self.airtable.is_some() && task.kind == "airtable.sync_lead";
            is_mine && !is_round && (task.status == "pending" || task.status == "running")
        };
        self.tasks().await.iter().filter(is_mine).map(due).min()
    }

    pub async fn tasks(&self) -> Vec<TaskView> {
        self.store.tasks(&TaskFilter { limit: 10_000, ..TaskFilter::default() }).await.unwrap()
    }

    pub async fn ai_tasks(&self, status: TaskStatus) -> Vec<TaskView> {
        let mut tasks = self.tasks().await;
        tasks.retain(|task| task.kind.starts_with("ai.") && task.status == status.as_str());
        tasks
    }

    pub async fn contact(&self, n: u32) -> ContactView {
        let key = ContactKey { client_id: acme(), email: Email::parse(&email(n)).unwrap() };
        self.store.contact(&key).await.unwrap().unwrap()
    }

    pub async fn timeline(&self, n: u32) -> TimelineView {
        self.store.timeline(self.contact(n).await.contact_id, 1_000).await.unwrap()
    }

    /// The newest message of theirs.
    pub async fn message(&self, n: u32) -> ChatView {
        let messages = self.timeline(n).await.messages;
        messages.into_iter().rfind(|message| message.message_status.as_deref() == Some("received")).unwrap()
    }

    /// How the contact stands: stage, what its newest reply means, and whether a person must act.
    pub async fn stands(&self, n: u32) -> (String, String, bool) {
        let (contact, message) = (self.contact(n).await, self.message(n).await);
        (contact.stage.to_string(), message.ai_intent.unwrap_or_default(), message.requires_action)
    }

    pub async fn readings(&self, n: u32) -> usize {
        let events = self.timeline(n).await.events;
        events.iter().filter(|event| event.kind == "reply_classified" && event.source == "ai").count()
    }

    pub fn requests(&self) -> usize {
        self.sandbox.ai(|ai| ai.requests)
    }

    pub fn answered(&self) -> usize {
        self.sandbox.ai(|ai| ai.answered)
    }
}

pub fn client(url: &str, timeout: Duration) -> Ai {
    Ai::new(AiEndpoint {
        url: format!("{url}/v1"),
        api_key: Some(Secret::new(KEY)),
        model: MODEL.to_owned(),
        timeout,
        tokens_key: TokensKey::MaxCompletionTokens,
        format: AnswerFormat::JsonSchema,
        answer_tokens_max: 512,
    })
    .unwrap()
}

pub fn acme() -> ClientId {
    ClientId::parse("acme").unwrap()
}

pub fn email(n: u32) -> String {
    format!("p{n}@example.com")
}

pub fn reply(n: u32, id: &str, text: &str, at: DateTime<Utc>) -> Value {
    json!({ "kind": "reply_received", "email": email(n), "id": id, "subject": "Re: Your offer", "text": text, "occurred_at": at })
}
