//! The world of an agency's day: a clock of its own, the stand-in in all weathers, and the process that works, or is killed.

use crate::common::Database;
use crate::common::kill::{Clock, Cut, Cuts, Dice, LEASE_MS, until_killed};
use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::rules::Rules;
use sales_engine::engine::rows::{TaskStatus, TriggerType};
use sales_engine::intake::{self, Delivery};
use sales_engine::sandbox::{Fault, Sandbox};
use sales_engine::services::airtable::Airtable;
use sales_engine::services::fetch::Fetcher;
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::{self, Request};
use sales_engine::store::Store;
use sales_engine::store::views::{ContactView, TaskFilter, TaskView};
use sales_engine::tasks::{AirtableSettings, Dispatcher, Tenant, Turn};
use serde_json::{Map, Value};
use std::sync::Mutex;

const TOKEN: &str = "pat-test-token";
pub const SHEET: &str = "1AbCdEfGhIjK";
/// Turns that one step of the day may take; a day that needs more goes in a circle.
const TURNS_MAX: usize = 5_000;

#[derive(Clone, Copy)]
pub enum Weather {
    Calm,
    FourInstances,
    /// The token may not manage webhooks: changes are found by looking.
    WithoutWebhooks,
    /// Every sixth request or so fails, in all the ways there are.
    Storm(u64),
    /// Each request is cut off by a kill before it has its effect, then after it, then let through.
    KilledAtEachRequest,
    /// Killed wherever it happens to wait, for the network or the database.
    KilledAnywhere(u64),
}

pub struct Day {
    weather: Weather,
    dice: Dice,
    pub clock: Clock,
    pub sandbox: Sandbox,
    pub store: Store,
    address: String,
    settings: AirtableSettings,
    /// The process that lives on from step to step, where none is killed.
    living: Option<Dispatcher>,
    cuts: Cuts,
    pub kills: usize,
}

impl Day {
    pub async fn new(database: &Database, weather: Weather) -> Self {
        let clock = Clock::new();
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, clock.now()).await.unwrap();
        let client = Airtable::new(Secret::new(TOKEN), "appTest", &sandbox.url()).unwrap();
        let acme = ClientId::parse("acme").unwrap();
        let settings = AirtableSettings {
            comes_round: true,
            tenants: vec![
                Tenant { client_id: ClientId::parse("beta").unwrap(), name: Some("Beta".to_owned()), record_id: None },
                Tenant { client_id: acme, name: Some("Acme".to_owned()), record_id: None },
            ],
            sheets_url: sandbox.url(),
            drive_url: sandbox.url(),
            ..AirtableSettings::new(client, Fetcher::new().unwrap())
        };
        let seed = match weather {
            Weather::Calm | Weather::FourInstances | Weather::WithoutWebhooks | Weather::KilledAtEachRequest => 0,
            Weather::Storm(seed) | Weather::KilledAnywhere(seed) => seed,
        };
        let day = Self {
            weather,
            dice: Dice(seed),
            clock,
            sandbox,
            store: database.store.clone(),
            address: database.address.clone(),
            settings,
            living: None,
            cuts: Cuts::default(),
            kills: 0,
        };
        day.brew(seed);
        day
    }

    fn brew(&self, seed: u64) {
        match self.weather {
            Weather::Calm | Weather::FourInstances | Weather::KilledAnywhere(_) => {}
            Weather::WithoutWebhooks => {
                self.sandbox.with(|base| base.scopes.retain(|scope| scope != "webhook:manage"));
            }
            Weather::Storm(_) => {
                let dice = Mutex::new(Dice(seed));
                self.sandbox.fail_when(move |_, path, _| {
                    let faults = [
                        Fault::DropBefore,
                        Fault::DropAfter,
                        Fault::Garbage,
                        Fault::HalfBody,
                        Fault::ServerError,
                        Fault::BadGateway,
                        Fault::Unavailable(7),
                        Fault::RateLimited,
                        Fault::LostIterator,
                    ];
                    let mut dice = dice.lock().unwrap();
                    let fault = faults[usize::try_from(dice.below(9)).unwrap()];
                    // Only a listing has a place to lose.
                    let is_sound = fault != Fault::LostIterator || path.ends_with("listRecords");
                    (dice.below(6) == 0 && is_sound).then_some(fault)
                });
            }
            Weather::KilledAtEachRequest => {
                let cuts = self.cuts.clone();
                self.sandbox.fail_when(move |method, path, body| {
                    match cuts.of(format!("{method} {path} {}", without_times(body))) {
                        Cut::Before => Some(Fault::HangBefore),
                        Cut::After => Some(Fault::HangAfter),
                        Cut::Through => None,
                    }
                });
            }
        }
    }

    fn dispatcher(&self, store: Store) -> Dispatcher {
        Dispatcher::new(store, Rules::default(), self.clock.now(), self.clock.pause(), Some(self.settings.clone()))
    }

    /// All that is to be done is done, whatever it takes.
    pub async fn work(&mut self) {
        // The next round; no ping is needed.
        self.clock.forward_ms(match self.weather {
            Weather::WithoutWebhooks => 601_000,
            Weather::Calm
            | Weather::FourInstances
            | Weather::Storm(_)
            | Weather::KilledAtEachRequest
            | Weather::KilledAnywhere(_) => 61_000,
        });
        let mut dispatcher = self.living.take().unwrap_or_else(|| self.dispatcher(self.store.clone()));
        for _ in 0..TURNS_MAX {
            let turn = match self.weather {
                Weather::FourInstances => self.four_turns().await,
                Weather::Calm | Weather::WithoutWebhooks | Weather::Storm(_) => Some(dispatcher.turn().await.unwrap()),
                Weather::KilledAtEachRequest => until_killed(dispatcher.turn(), |_| self.cuts.is_hanging()).await,
                Weather::KilledAnywhere(_) => {
                    let polls_max = 2 + self.dice.below(60);
                    until_killed(dispatcher.turn(), |polls| polls > polls_max).await
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
        panic!("the day does not end: {:#?}", self.open_tasks().await);
    }

    /// Four instances at once, each with connections of its own, until none of them finds work.
    async fn four_turns(&self) -> Option<Turn> {
        self.clock.at_work(4);
        let one = || async {
            let mut dispatcher = self.dispatcher(Store::open(&self.address).await.unwrap());
            let mut last = Turn::Idle;
            for _ in 0..20 {
                last = dispatcher.turn().await.unwrap();
                match last {
                    Turn::Worked(_) => {}
                    Turn::Wait(until) => self.clock.clone().wait(until).await,
                    Turn::Idle => break,
                }
            }
            self.clock.is_through();
            last
        };
        let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
        self.clock.at_work(1);
        Some([a, b, c, d].into_iter().find(|turn| *turn != Turn::Idle).unwrap_or(Turn::Idle))
    }

    /// Work that waits for a better time, or whose holder died; rounds come anyway.
    async fn open_tasks(&self) -> Vec<TaskView> {
        let mut open = Vec::new();
        for status in [TaskStatus::Running, TaskStatus::Pending] {
            open.extend(
                self.store.tasks(&TaskFilter { status: Some(status), kind: None, limit: 1_000 }).await.unwrap(),
            );
        }
        let is_round =
            |task: &TaskView| task.task_key == task.kind && task.status == "pending" && task.last_error.is_none();
        open.retain(|task| task.kind.starts_with("airtable.") && !is_round(task));
        for task in &mut open {
            if task.status == "running" {
                task.due_at = (self.clock.read() + TimeDelta::milliseconds(LEASE_MS)).to_rfc3339();
            }
        }
        open.sort_by_key(|task| task.due_at.parse::<DateTime<Utc>>().unwrap());
        open
    }

    /// What a platform tells, by n8n.
    pub async fn told(&self, events: Value) {
        let (handle, running) =
            intake::start(&self.store, &Rules::default(), &self.clock.now(), TriggerType::Webhook, 10, 10, None);
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

    pub async fn contact(&self, n: u32) -> ContactView {
        let email = Email::parse(&format!("p{n}@example.com")).unwrap();
        let key = ContactKey { client_id: ClientId::parse("acme").unwrap(), email };
        self.store.contact(&key).await.unwrap().unwrap()
    }

    pub async fn lead(&self, n: u32) -> (String, Map<String, Value>) {
        let id = self.contact(n).await.airtable_lead_id.unwrap();
        let cells = self.sandbox.with(|base| base.leads()[&id].clone());
        (id, cells)
    }

    pub async fn moves(&self, n: u32, field: &str, value: Value) {
        let (id, _) = self.lead(n).await;
        self.sandbox.with(|base| base.edit("Leads", &id, field, value)).unwrap();
    }

    pub fn adds(&self, table: &str, cells: &Value) -> String {
        self.sandbox.with(|base| base.add(table, cells.as_object().unwrap())).unwrap()
    }

    pub fn record(&self, table: &str, id: &str) -> Map<String, Value> {
        self.sandbox.with(|base| base.records(table)[id].clone())
    }
}

/// A request's body without what differs from try to try.
fn without_times(body: &[u8]) -> String {
    let mut value: Value = serde_json::from_slice(body).unwrap_or_default();
    for record in value.get_mut("records").and_then(Value::as_array_mut).into_iter().flatten() {
        for name in
            ["Import Started At", "Import Completed At", "Last Sync", "last_analytics_update", "Source Description"]
        {
            if let Some(fields) = record.get_mut("fields").and_then(Value::as_object_mut) {
                fields.remove(name);
            }
        }
    }
    if let Some(object) = value.as_object_mut() {
        object.remove("offset");
    }
    value.to_string()
}
