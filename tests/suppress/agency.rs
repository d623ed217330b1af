//! An agency of three clients with stand-ins for all that is outside, in all weathers.

use crate::common::Database;
use crate::common::kill::{Cut, Cuts, Dice, LEASE_MS, until_killed};
use crate::world::{TOKEN, World, client};
use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::domain::documents::chunk::Limits;
use sales_engine::domain::outreach::Outreach;
use sales_engine::domain::suppression::Scope;
use sales_engine::engine::rows::TaskStatus;
use sales_engine::sandbox::outreach::{Hook, OutreachFault};
use sales_engine::sandbox::pinecone::{API_KEY, VectorFault};
use sales_engine::sandbox::{Fault, Sandbox};
use sales_engine::services::airtable::Airtable;
use sales_engine::services::fetch::Fetcher;
use sales_engine::services::instantly::Instantly;
use sales_engine::services::pinecone::Pinecone;
use sales_engine::services::smartlead::Smartlead;
use sales_engine::services::vectors::VectorIndex;
use sales_engine::sources::settings::Secret;
use sales_engine::store::Store;
use sales_engine::store::views::{TaskFilter, TaskView};
use sales_engine::tasks::{AirtableSettings, Dispatcher, Pace, PlatformAccount, PlatformService, Turn, VectorSettings};
use std::sync::Mutex;

pub const INDEX: &str = "sales";
const CLIENTS: [&str; 3] = ["a", "b", "c"];
const TURNS_MAX: usize = 3_000;

pub fn smartlead_key(id: &str) -> String {
    format!("smartlead-key-of-{id}")
}

pub fn instantly_key(id: &str) -> String {
    format!("instantly-key-of-{id}")
}

#[derive(Clone, Copy, Debug)]
pub enum Weather {
    Calm,
    FourInstances,
    Storm(u64),
    KilledAtEachRequest,
    KilledAnywhere(u64),
}

pub struct Agency {
    pub weather: Weather,
    pub world: World,
    pub sandbox: Sandbox,
    cuts: Cuts,
    pub dice: Dice,
    pub kills: usize,
}

impl Agency {
    /// The clients `a`, `b` and `c`, each with an account at both platforms.
    pub async fn new(database: Database, scope: Scope) -> Self {
        let mut world = World::new(database, scope);
        world.rules.wants.vectors = true;
        let both = vec![Outreach::Smartlead, Outreach::Instantly];
        world.rules.wants.blocks = CLIENTS.iter().map(|id| (client(id), both.clone())).collect();
        let sandbox = world.sandbox().await;
        sandbox.pinecone(|pinecone| pinecone.add_index_with_model(INDEX, "chunk_text"));
        for id in CLIENTS {
            sandbox.smartlead(|smartlead| {
                smartlead.open(&smartlead_key(id));
            });
            sandbox.instantly(|instantly| {
                instantly.open(&instantly_key(id));
            });
        }
        Self { weather: Weather::Calm, world, sandbox, cuts: Cuts::default(), dice: Dice(0), kills: 0 }
    }

    fn dispatcher(&self, store: Store) -> Dispatcher {
        let url = self.sandbox.url();
        let airtable = Airtable::new(Secret::new(TOKEN), "appTest", &url).unwrap();
        let airtable = AirtableSettings::new(airtable, Fetcher::new().unwrap());
        let index = VectorIndex::new(Pinecone::new(Secret::new(API_KEY), &url, INDEX).unwrap(), None);
        let vectors = VectorSettings { index, chunk_limits: Limits::of(200), poll_ms: 300_000, airtable: None };
        let mut accounts = Vec::new();
        for id in CLIENTS {
            let account = |service, pace| PlatformAccount {
                service,
                clients: vec![client(id)],
                sources: std::collections::BTreeMap::new(),
                pace,
                comes_round: false,
            };
            let smartlead = Smartlead::new(Secret::new(smartlead_key(id)), &format!("{url}/api/v1")).unwrap();
            accounts.push(account(PlatformService::Smartlead(smartlead), Pace::SMARTLEAD));
            let instantly = Instantly::new(Secret::new(instantly_key(id)), &format!("{url}/api/v2")).unwrap();
            let instantly = PlatformService::Instantly { client: instantly, stop_interest: None };
            accounts.push(account(instantly, Pace::INSTANTLY));
        }
        let clock = &self.world.clock;
        Dispatcher::new(store, self.world.rules.clone(), clock.now(), clock.pause(), Some(airtable))
            .with_vectors(vectors)
            .with_platforms(accounts)
    }

    pub fn store(&self) -> &Store {
        self.world.store()
    }

    pub fn brew(&mut self, weather: Weather) {
        self.weather = weather;
        match weather {
            Weather::Calm | Weather::FourInstances => {}
            Weather::KilledAnywhere(seed) => self.dice = Dice(seed),
            Weather::Storm(seed) => self.storm(seed),
            Weather::KilledAtEachRequest => self.cut_all(),
        }
    }

    fn storm(&self, seed: u64) {
        let dice = Mutex::new(Dice(seed));
        self.sandbox.fail_when(move |_, _, _| {
            let faults = [
                Fault::DropBefore,
                Fault::DropAfter,
                Fault::Garbage,
                Fault::ServerError,
                Fault::RateLimited,
                Fault::Slow(5),
            ];
            let mut dice = dice.lock().unwrap();
            let fault = faults[usize::try_from(dice.below(6)).unwrap()];
            (dice.below(3) == 0).then_some(fault)
        });
        let dice = Mutex::new(Dice(seed + 1));
        self.sandbox.pinecone(|pinecone| {
            pinecone.fail_when(move |_, _, _| {
                let faults = [
                    VectorFault::DropBefore,
                    VectorFault::DropAfter,
                    VectorFault::Garbage,
                    VectorFault::Status(503),
                    VectorFault::RateLimited(Some(7)),
                    VectorFault::Slow(5),
                ];
                let mut dice = dice.lock().unwrap();
                let fault = faults[usize::try_from(dice.below(6)).unwrap()];
                (dice.below(3) == 0).then_some(fault)
            });
        });
        let hook = |seed: u64| -> Hook {
            let mut dice = Dice(seed);
            Box::new(move |_, _, _| {
                let faults = [
                    OutreachFault::DropBefore,
                    OutreachFault::DropAfter,
                    OutreachFault::Garbage,
                    OutreachFault::Status(500),
                    OutreachFault::RateLimited(Some(20)),
                ];
                let fault = faults[usize::try_from(dice.below(5)).unwrap()];
                (dice.below(3) == 0).then_some(fault)
            })
        };
        self.sandbox.smartlead(|smartlead| smartlead.fail_when(hook(seed + 2)));
        self.sandbox.instantly(|instantly| instantly.fail_when(hook(seed + 3)));
    }

    fn cut_all(&self) {
        let cuts = self.cuts.clone();
        self.sandbox.fail_when(move |method, path, body| match cuts.of(what(method, path, body)) {
            Cut::Before => Some(Fault::HangBefore),
            Cut::After => Some(Fault::HangAfter),
            Cut::Through => None,
        });
        let cuts = self.cuts.clone();
        self.sandbox.pinecone(|pinecone| {
            pinecone.fail_when(move |method, path, body| match cuts.of(what(method, path, body)) {
                Cut::Before => Some(VectorFault::HangBefore),
                Cut::After => Some(VectorFault::HangAfter),
                Cut::Through => None,
            });
        });
        let hook = || -> Hook {
            let cuts = self.cuts.clone();
            Box::new(move |method, path, body| match cuts.of(what(method, path, body)) {
                Cut::Before => Some(OutreachFault::HangBefore),
                Cut::After => Some(OutreachFault::HangAfter),
                Cut::Through => None,
            })
        };
        self.sandbox.smartlead(|smartlead| smartlead.fail_when(hook()));
        self.sandbox.instantly(|instantly| instantly.fail_when(hook()));
    }

    /// All that is to be done is done, whatever it takes.
    pub async fn work(&mut self) {
        Box::pin(self.work_and(async |_| {})).await;
    }

    /// The same, with a look after every turn, and so after every kill.
    pub async fn work_and(&mut self, mut look: impl AsyncFnMut(&Self)) {
        let mut dispatcher = self.dispatcher(self.store().clone());
        for _ in 0..TURNS_MAX {
            let turn = match self.weather {
                Weather::Calm | Weather::Storm(_) => Some(Box::pin(dispatcher.turn()).await.unwrap()),
                Weather::FourInstances => Some(Box::pin(self.four_turns()).await),
                Weather::KilledAtEachRequest => {
                    until_killed(Box::pin(dispatcher.turn()), |_| self.cuts.is_hanging()).await
                }
                Weather::KilledAnywhere(_) => {
                    let polls_max = 2 + self.dice.below(80);
                    until_killed(Box::pin(dispatcher.turn()), |polls| polls > polls_max).await
                }
            };
            look(self).await;
            match turn {
                None => {
                    self.kills += 1;
                    self.world.clock.forward(TimeDelta::milliseconds(LEASE_MS));
                    dispatcher = self.dispatcher(self.store().clone());
                }
                Some(Turn::Worked(_)) => {}
                Some(Turn::Wait(until)) => self.forward_to(until),
                Some(Turn::Idle) => {
                    let Some(task) = self.open_tasks().await.into_iter().next() else { return };
                    self.forward_to(task.due_at.parse().unwrap());
                }
            }
        }
        panic!("it does not end: {:#?}", self.open_tasks().await);
    }

    async fn four_turns(&self) -> Turn {
        let one = || async {
            let mut dispatcher = self.dispatcher(Store::open(&self.world.database.address).await.unwrap());
            let mut last = Turn::Idle;
            for _ in 0..40 {
                last = Box::pin(dispatcher.turn()).await.unwrap();
                match last {
                    Turn::Worked(_) => {}
                    Turn::Wait(until) => self.forward_to(until),
                    Turn::Idle => break,
                }
            }
            last
        };
        let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
        [a, b, c, d].into_iter().find(|turn| *turn != Turn::Idle).unwrap_or(Turn::Idle)
    }

    fn forward_to(&self, time: DateTime<Utc>) {
        let wait = time - self.world.clock.read();
        if wait > TimeDelta::zero() {
            self.world.clock.forward(wait);
        }
    }

    /// Work that waits for a better time, or whose holder died; rounds come anyway.
    async fn open_tasks(&self) -> Vec<TaskView> {
        let mut open = Vec::new();
        for status in [TaskStatus::Running, TaskStatus::Pending] {
            let filter = TaskFilter { status: Some(status), kind: None, limit: 1_000 };
            open.extend(self.store().tasks(&filter).await.unwrap());
        }
        let is_round =
            |task: &TaskView| task.task_key == task.kind && task.status == "pending" && task.last_error.is_none();
        open.retain(|task| !is_round(task));
        for task in &mut open {
            if task.status == "running" {
                task.due_at = (self.world.clock.read() + TimeDelta::milliseconds(LEASE_MS)).to_rfc3339();
            }
        }
        open.sort_by_key(|task| task.due_at.parse::<DateTime<Utc>>().unwrap());
        open
    }
}

/// The same for each try of the same request.
fn what(method: impl std::fmt::Display, path: &str, body: &[u8]) -> String {
    format!("{method} {path} {}", String::from_utf8_lossy(body))
}
