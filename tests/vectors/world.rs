//! A service that indexes what a stand-in for Airtable and a database hold, in all weathers, and what the index must hold in the end.

use crate::common::kill::{Cut, Cuts, Dice, LEASE_MS, until_killed};
use crate::common::{Database, Person};
use crate::index::{Clock, Way, sandbox};
use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::domain::documents::chunk::{Limits, chunks};
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::rules::Rules;
use sales_engine::domain::suppression::Key;
use sales_engine::engine::rows::{TaskStatus, TriggerType};
use sales_engine::intake::{self, Delivery};
use sales_engine::sandbox::pinecone::VectorFault;
use sales_engine::sandbox::{Fault, Sandbox};
use sales_engine::services::airtable::Airtable;
use sales_engine::services::fetch::Fetcher;
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::{self, Request};
use sales_engine::store::Store;
use sales_engine::store::views::{ContactView, TaskFilter, TaskView};
use sales_engine::tasks::{AirtableSettings, Dispatcher, Pause, Tenant, Turn, VectorSettings};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub(crate) const CHUNK: usize = 200;
const TURNS_MAX: usize = 5_000;
/// Longer than documents and conversations are left unlooked at.
const ROUND_MS: i64 = 601_000;
const NAMESPACES: [&str; 3] = ["company_knowledge", "client_documents", "documents"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Calm,
    /// What is written is seen by reads only a minute later.
    Late,
    FourInstances,
    /// Every fifth request or so fails, in all the ways there are.
    Storm(u64),
    /// Each request is cut off by a kill before it has its effect, then after it, then let through.
    KilledAtEachRequest,
    /// Killed wherever it happens to wait, for the network or the database.
    KilledAnywhere(u64),
}

pub(crate) struct World {
    pub(crate) weather: Weather,
    pub(crate) way: Way,
    pub(crate) clock: Clock,
    pub(crate) sandbox: Sandbox,
    pub(crate) store: Store,
    pub(crate) person: Person,
    pub(crate) rules: Rules,
    address: String,
    dice: Dice,
    living: Option<Dispatcher>,
    cuts: Cuts,
    pub(crate) kills: usize,
}

impl World {
    pub(crate) async fn new(database: &Database, way: Way, weather: Weather) -> Self {
        let clock = Clock::new();
        let sandbox = sandbox(&clock).await;
        let seed = match weather {
            Weather::Calm | Weather::Late | Weather::FourInstances | Weather::KilledAtEachRequest => 0,
            Weather::Storm(seed) | Weather::KilledAnywhere(seed) => seed,
        };
        let mut rules = Rules::default();
        rules.wants.vectors = true;
        rules.suppression.keys = vec![Key::new("the key of all tests of suppression")];
        let world = Self {
            weather,
            way,
            clock,
            sandbox,
            store: database.store.clone(),
            person: database.person().await,
            rules,
            address: database.address.clone(),
            dice: Dice(seed),
            living: None,
            cuts: Cuts::default(),
            kills: 0,
        };
        world.brew(seed);
        world
    }

    fn brew(&self, seed: u64) {
        match self.weather {
            Weather::Calm | Weather::FourInstances | Weather::KilledAnywhere(_) => {}
            Weather::Late => self.sandbox.pinecone(|pinecone| pinecone.lag_ms = 60_000),
            Weather::Storm(_) => {
                let storm = |seed: u64| {
                    let dice = Mutex::new(Dice(seed));
                    move || {
                        let faults = [
                            VectorFault::RateLimited(None),
                            VectorFault::RateLimited(Some(7)),
                            VectorFault::Status(500),
                            VectorFault::Status(503),
                            VectorFault::BadGateway,
                            VectorFault::DropBefore,
                            VectorFault::DropAfter,
                            VectorFault::Garbage,
                            VectorFault::HalfBody,
                            VectorFault::Slow(3),
                        ];
                        let mut dice = dice.lock().unwrap();
                        let fault = faults[usize::try_from(dice.below(10)).unwrap()];
                        (dice.below(5) == 0).then_some(fault)
                    }
                };
                let (of_pinecone, of_embeddings) = (storm(seed), storm(seed + 1));
                self.sandbox.pinecone(|pinecone| pinecone.fail_when(move |_, _, _| of_pinecone()));
                self.sandbox.embeddings(|embeddings| embeddings.fail_when(move |_| of_embeddings()));
                let dice = Mutex::new(Dice(seed + 2));
                self.sandbox.fail_when(move |_, _, _| {
                    let faults =
                        [Fault::DropBefore, Fault::DropAfter, Fault::Garbage, Fault::ServerError, Fault::RateLimited];
                    let mut dice = dice.lock().unwrap();
                    let fault = faults[usize::try_from(dice.below(5)).unwrap()];
                    (dice.below(6) == 0).then_some(fault)
                });
            }
            Weather::KilledAtEachRequest => {
                let vector_fault = |cut: Cut| match cut {
                    Cut::Before => Some(VectorFault::HangBefore),
                    Cut::After => Some(VectorFault::HangAfter),
                    Cut::Through => None,
                };
                let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
                let cuts = self.cuts.clone();
                self.sandbox.pinecone(|pinecone| {
                    pinecone.fail_when(move |method, path, body| {
                        vector_fault(cuts.of(format!("{method} {path} {}", text(body))))
                    });
                });
                let cuts = self.cuts.clone();
                self.sandbox.embeddings(|embeddings| {
                    embeddings.fail_when(move |body| vector_fault(cuts.of(format!("embeddings {}", text(body)))));
                });
                let cuts = self.cuts.clone();
                self.sandbox.fail_when(move |method, path, body| {
                    match cuts.of(format!("{method} {path} {}", text(body))) {
                        Cut::Before => Some(Fault::HangBefore),
                        Cut::After => Some(Fault::HangAfter),
                        Cut::Through => None,
                    }
                });
            }
        }
    }

    fn pause(&self) -> Pause {
        let clock = self.clock.clone();
        Arc::new(move |until| {
            clock.to(until);
            Box::pin(async {})
        })
    }

    fn dispatcher(&self, store: Store) -> Dispatcher {
        let client = Airtable::new(Secret::new("pat-test-token"), "appTest", &self.sandbox.url()).unwrap();
        let tenant = |id: &str, name: &str| Tenant {
            client_id: ClientId::parse(id).unwrap(),
            name: Some(name.to_owned()),
            record_id: None,
        };
        let airtable = AirtableSettings {
            tenants: vec![tenant("acme", "Acme"), tenant("beta", "Beta")],
            ..AirtableSettings::new(client, Fetcher::new().unwrap())
        };
        let vectors = VectorSettings {
            index: self.way.client(&self.sandbox),
            chunk_limits: Limits::of(CHUNK),
            poll_ms: 300_000,
            airtable: Some(airtable.clone()),
        };
        Dispatcher::new(store, self.rules.clone(), self.clock.now(), self.pause(), Some(airtable)).with_vectors(vectors)
    }

    /// A process of its own.
    pub(crate) fn fresh(&self) -> Dispatcher {
        self.dispatcher(self.store.clone())
    }

    /// The process that lived on ends.
    pub(crate) fn forget(&mut self) {
        self.living = None;
    }

    /// All that is to be done is done, whatever it takes.
    pub(crate) async fn work(&mut self) {
        self.clock.forward_ms(ROUND_MS);
        let mut dispatcher = self.living.take().unwrap_or_else(|| self.dispatcher(self.store.clone()));
        for _ in 0..TURNS_MAX {
            let turn = match self.weather {
                Weather::FourInstances => Some(Box::pin(self.four_turns()).await),
                Weather::Calm | Weather::Late | Weather::Storm(_) => Some(Box::pin(dispatcher.turn()).await.unwrap()),
                Weather::KilledAtEachRequest => {
                    until_killed(Box::pin(dispatcher.turn()), |_| self.cuts.is_hanging()).await
                }
                Weather::KilledAnywhere(_) => {
                    let polls_max = 2 + self.dice.below(60);
                    until_killed(Box::pin(dispatcher.turn()), |polls| polls > polls_max).await
                }
            };
            match turn {
                None => {
                    self.kills += 1;
                    self.clock.forward_ms(LEASE_MS);
                    dispatcher = self.dispatcher(self.store.clone());
                }
                Some(Turn::Worked(_)) => {}
                Some(Turn::Wait(until)) => self.clock.to(until),
                Some(Turn::Idle) => {
                    let Some(task) = self.open_tasks().await.into_iter().next() else {
                        self.living = Some(dispatcher);
                        return;
                    };
                    self.clock.to(task.due_at.parse().unwrap());
                }
            }
        }
        panic!("it does not end: {:#?}", self.open_tasks().await);
    }

    /// Four instances at once, each with connections of its own, until none of them finds work.
    async fn four_turns(&self) -> Turn {
        let one = || async {
            let mut dispatcher = self.dispatcher(Store::open(&self.address).await.unwrap());
            let mut last = Turn::Idle;
            for _ in 0..40 {
                last = Box::pin(dispatcher.turn()).await.unwrap();
                match last {
                    Turn::Worked(_) => {}
                    Turn::Wait(until) => self.clock.to(until),
                    Turn::Idle => break,
                }
            }
            last
        };
        let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
        [a, b, c, d].into_iter().find(|turn| *turn != Turn::Idle).unwrap_or(Turn::Idle)
    }

    /// Work that waits for a better time, or whose holder died; rounds come anyway.
    pub(crate) async fn open_tasks(&self) -> Vec<TaskView> {
        let mut open = Vec::new();
        for status in [TaskStatus::Running, TaskStatus::Pending] {
            let filter = TaskFilter { status: Some(status), kind: None, limit: 1_000 };
            open.extend(self.store.tasks(&filter).await.unwrap());
        }
        let is_round =
            |task: &TaskView| task.task_key == task.kind && task.status == "pending" && task.last_error.is_none();
        let is_ours = |task: &TaskView| task.kind.starts_with("vectors.") || task.kind == "airtable.sync_lead";
        open.retain(|task| is_ours(task) && !is_round(task));
        for task in &mut open {
            if task.status == "running" {
                task.due_at = (self.clock.read() + TimeDelta::milliseconds(LEASE_MS)).to_rfc3339();
            }
        }
        open.sort_by_key(|task| task.due_at.parse::<DateTime<Utc>>().unwrap());
        open
    }

    /// What a platform tells, by n8n.
    pub(crate) async fn told(&self, events: Value) {
        let (handle, running) =
            intake::start(&self.store, &self.rules, &self.clock.now(), TriggerType::Webhook, 10, 10, None);
        let client_id = ClientId::parse("acme").unwrap();
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

    pub(crate) async fn replies(&self, email: &str, id: &str, text: &str) {
        self.told(json!({ "kind": "reply_received", "email": email, "id": id, "intent": "pricing_question", "first_name": "Lee",
            "platform": "gmail", "subject": "Re: dentists", "occurred_at": self.clock.read().to_rfc3339(), "text": text }))
            .await;
    }

    pub(crate) async fn contact(&self, email: &str) -> ContactView {
        let key = ContactKey { client_id: ClientId::parse("acme").unwrap(), email: Email::parse(email).unwrap() };
        self.store.contact(&key).await.unwrap().unwrap()
    }

    pub(crate) fn adds(&self, table: &str, cells: &Value) -> String {
        self.sandbox.with(|base| base.add(table, cells.as_object().unwrap())).unwrap()
    }

    pub(crate) fn edits(&self, record_id: &str, cells: &Value) {
        for (name, value) in cells.as_object().unwrap() {
            self.sandbox.with(|base| base.edit("Documents", record_id, name, value.clone())).unwrap();
        }
    }

    pub(crate) fn document(&self, record_id: &str) -> Map<String, Value> {
        self.sandbox.with(|base| base.records("Documents")[record_id].clone())
    }

    /// Ids with their texts, by namespace.
    pub(crate) fn there(&self) -> BTreeMap<&'static str, BTreeMap<String, String>> {
        let field = match self.way {
            Way::OwnModel => "chunk_text",
            Way::Embeddings => "text",
        };
        let of = |namespace: &'static str| {
            let records = self.sandbox.pinecone(|pinecone| pinecone.records(self.way.index(), namespace));
            let texts = records.into_iter().map(|(id, record)| (id, record[field].as_str().unwrap().to_owned()));
            (namespace, texts.collect::<BTreeMap<String, String>>())
        };
        NAMESPACES.into_iter().map(of).filter(|(_, records)| !records.is_empty()).collect()
    }

    pub(crate) fn metadata(&self, namespace: &str, id: &str) -> Map<String, Value> {
        self.sandbox.pinecone(|pinecone| pinecone.records(self.way.index(), namespace)[id].clone())
    }

    /// The rows of the log with this type, oldest first.
    pub(crate) async fn logged(&self, kind: &str) -> Vec<String> {
        self.person
            .texts(&format!(
                "SELECT status || ': ' || action_taken AS x, timestamp FROM automation_logs WHERE automation_type = '{kind}' \
                 ORDER BY timestamp, action_taken"
            ))
            .await
    }

    /// What the index must hold: by namespace, the passages with their whole texts.
    pub(crate) fn holds(&self, expected: &[(&'static str, String, &str)]) {
        let mut wanted: BTreeMap<&'static str, BTreeMap<String, String>> = BTreeMap::new();
        for (namespace, id, text) in expected {
            let pieces = chunks(text, Limits::of(CHUNK));
            assert!(!pieces.is_empty());
            for (n, range) in pieces.into_iter().enumerate() {
                wanted.entry(namespace).or_default().insert(format!("{id}_{n}"), text.get(range).unwrap().to_owned());
            }
        }
        assert_eq!(self.there(), wanted, "{:?} {:?}", self.way, self.weather);
    }
}
