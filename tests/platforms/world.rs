//! A clock of its own, the stand-ins in all weathers, and the process that works, or is killed.

use crate::common::Database;
use crate::common::kill::{Clock, Cut, Cuts, Dice, LEASE_MS, until_killed};
use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::domain::event::{Event, EventData, Facts, Profile, Source};
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::outreach::Outreach;
use sales_engine::domain::rules::{Rules, Wants};
use sales_engine::domain::suppression::{Key, Suppression};
use sales_engine::engine::rows::{TaskStatus, TriggerType};
use sales_engine::intake::{self, Delivery};
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::outreach::{Hook, OutreachFault};
use sales_engine::services::instantly::Instantly;
use sales_engine::services::smartlead::Smartlead;
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::{self, Request};
use sales_engine::store::Store;
use sales_engine::store::views::{ContactView, TaskFilter, TaskView};
use sales_engine::tasks::{Dispatcher, Pace, PlatformAccount, PlatformService, Turn};
use serde_json::{Value, json};

pub(crate) const KEY: &str = "smartlead-api-key-of-acme";
pub(crate) const INSTANTLY_KEY: &str = "instantly-api-key-of-acme";
/// Turns that one step may take; what needs more goes in a circle.
const TURNS_MAX: usize = 5_000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Calm,
    FourInstances,
    /// Every third request or so fails, in all the ways there are.
    Storm(u64),
    /// Each request is cut off by a kill before it has its effect, then after it, then let through.
    KilledAtEachRequest,
    /// Killed wherever it happens to wait, for the network or the database.
    KilledAnywhere(u64),
}

pub(crate) struct World {
    weather: Weather,
    dice: Dice,
    pub(crate) clock: Clock,
    pub(crate) sandbox: Sandbox,
    pub(crate) store: Store,
    address: String,
    pub(crate) accounts: Vec<PlatformAccount>,
    pub(crate) rules: Rules,
    living: Option<Dispatcher>,
    cuts: Cuts,
    pub(crate) kills: usize,
    told: usize,
}

impl World {
    pub(crate) async fn new(database: &Database, weather: Weather, stop_interest: Option<i64>) -> Self {
        let clock = Clock::new();
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "unused", clock.now()).await.unwrap();
        sandbox.smartlead(|smartlead| {
            smartlead.open(KEY);
        });
        sandbox.instantly(|instantly| {
            instantly.open(INSTANTLY_KEY);
        });
        let url = sandbox.url();
        let acme = ClientId::parse("acme").unwrap();
        let smartlead = Smartlead::new(Secret::new(KEY), &format!("{url}/api/v1")).unwrap();
        let client = Instantly::new(Secret::new(INSTANTLY_KEY), &format!("{url}/api/v2")).unwrap();
        let account = |service: PlatformService, pace: Pace| PlatformAccount {
            service,
            clients: vec![acme.clone()],
            sources: std::collections::BTreeMap::new(),
            pace,
            comes_round: true,
        };
        let accounts = vec![
            account(PlatformService::Smartlead(smartlead), Pace::SMARTLEAD),
            account(PlatformService::Instantly { client, stop_interest }, Pace::INSTANTLY),
        ];
        let seed = match weather {
            Weather::Calm | Weather::FourInstances | Weather::KilledAtEachRequest => 0,
            Weather::Storm(seed) | Weather::KilledAnywhere(seed) => seed,
        };
        let wants =
            Wants { blocks: [(acme, vec![Outreach::Smartlead, Outreach::Instantly])].into(), ..Wants::default() };
        let suppression =
            Suppression { keys: vec![Key::new("a-key-of-the-agency-for-its-list")], ..Suppression::default() };
        let world = Self {
            weather,
            dice: Dice(seed),
            clock,
            sandbox,
            store: database.store.clone(),
            address: database.address.clone(),
            accounts,
            rules: Rules { wants, suppression, ..Rules::default() },
            living: None,
            cuts: Cuts::default(),
            kills: 0,
            told: 0,
        };
        if let Some(hook) = world.hook(seed) {
            world.sandbox.smartlead(|smartlead| smartlead.fail_when(hook));
        }
        if let Some(hook) = world.hook(seed + 1) {
            world.sandbox.instantly(|instantly| instantly.fail_when(hook));
        }
        world
    }

    fn hook(&self, seed: u64) -> Option<Hook> {
        match self.weather {
            Weather::Calm | Weather::FourInstances | Weather::KilledAnywhere(_) => None,
            Weather::Storm(_) => {
                let mut dice = Dice(seed);
                Some(Box::new(move |_, _, _| {
                    let faults = [
                        OutreachFault::Status(500),
                        OutreachFault::Page(502),
                        OutreachFault::Unavailable(7),
                        OutreachFault::RateLimited(Some(20)),
                        OutreachFault::RateLimited(None),
                        OutreachFault::Unauthorised,
                        OutreachFault::Forbidden,
                        OutreachFault::Moved,
                        OutreachFault::DropBefore,
                        OutreachFault::DropAfter,
                        OutreachFault::Garbage,
                        OutreachFault::OtherShape,
                        OutreachFault::HalfBody,
                    ];
                    let fault = faults[usize::try_from(dice.below(13)).unwrap()];
                    (dice.below(3) == 0).then_some(fault)
                }))
            }
            Weather::KilledAtEachRequest => {
                let cuts = self.cuts.clone();
                Some(Box::new(move |method, path, body| {
                    match cuts.of(format!("{method} {path} {}", String::from_utf8_lossy(body))) {
                        Cut::Before => Some(OutreachFault::HangBefore),
                        Cut::After => Some(OutreachFault::HangAfter),
                        Cut::Through => None,
                    }
                }))
            }
        }
    }

    fn dispatcher(&self, store: Store) -> Dispatcher {
        Dispatcher::new(store, self.rules.clone(), self.clock.now(), self.clock.pause(), None)
            .with_platforms(self.accounts.clone())
    }

    /// All that is to be done is done, whatever it takes.
    pub(crate) async fn work(&mut self) {
        let mut dispatcher = self.living.take().unwrap_or_else(|| self.dispatcher(self.store.clone()));
        for _ in 0..TURNS_MAX {
            let turn = match self.weather {
                Weather::FourInstances => Box::pin(self.four_turns()).await,
                Weather::Calm | Weather::Storm(_) => Some(dispatcher.turn().await.unwrap()),
                Weather::KilledAtEachRequest => {
                    Box::pin(until_killed(dispatcher.turn(), |_| self.cuts.is_hanging())).await
                }
                Weather::KilledAnywhere(_) => {
                    let polls_max = 2 + self.dice.below(120);
                    Box::pin(until_killed(dispatcher.turn(), |polls| polls > polls_max)).await
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
            open.extend(self.tasks(status).await);
        }
        let is_round = |task: &TaskView| {
            task.kind == "platform.lead_status" && task.status == "pending" && task.last_error.is_none()
        };
        open.retain(|task| task.kind.starts_with("platform.") && !is_round(task));
        for task in &mut open {
            if task.status == "running" {
                task.due_at = (self.clock.read() + TimeDelta::milliseconds(LEASE_MS)).to_rfc3339();
            }
        }
        open.sort_by_key(|task| task.due_at.parse::<DateTime<Utc>>().unwrap());
        open
    }

    pub(crate) async fn tasks(&self, status: TaskStatus) -> Vec<TaskView> {
        self.store.tasks(&TaskFilter { status: Some(status), kind: None, limit: 1_000 }).await.unwrap()
    }

    /// What a platform tells, by n8n; each a minute after the last.
    pub(crate) async fn told(&mut self, mut event: Value) {
        self.clock.forward_ms(60_000);
        self.told += 1;
        event["id"] = json!(format!("e{}", self.told));
        event["occurred_at"] = json!(self.clock.read());
        let client_id = ClientId::parse("acme").unwrap();
        let (body, received_at) = (event.to_string(), self.clock.read());
        let request = Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
        let understood = sources::read(Source::N8n, &ClientSources::default(), &request).unwrap();
        assert_eq!(understood.unrecognised, Vec::<String>::new());
        self.submit(Source::N8n, understood).await;
    }

    /// The scheduler finds that a contact is due to be back.
    pub(crate) async fn is_back(&mut self, who: &str) {
        let client_id = ClientId::parse("acme").unwrap();
        let at = self.clock.read();
        let event = Event {
            client_id: client_id.clone(),
            email: Email::parse(who).unwrap(),
            source: Source::Scheduler,
            dedupe_key: format!("return_due:{who}:{at}"),
            facts: Facts {
                occurred_at: at,
                time_known: true,
                profile: Profile::default(),
                data: EventData::ReturnDue {},
            },
            lineage: Vec::new(),
        };
        let body = json!({ "kind": "email_opened", "email": who, "id": "x", "occurred_at": at }).to_string();
        let request =
            Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at: at };
        let mut understood = sources::read(Source::N8n, &ClientSources::default(), &request).unwrap();
        understood.events = vec![event];
        self.submit(Source::Scheduler, understood).await;
    }

    async fn submit(&self, source: Source, understood: sources::Understood) {
        let (handle, running) =
            intake::start(&self.store, &self.rules, &self.clock.now(), TriggerType::Webhook, 10, 10, None);
        let delivery = Delivery {
            client_id: ClientId::parse("acme").unwrap(),
            source,
            received_at: self.clock.read(),
            understood,
            body_sha256: [0; 32],
        };
        handle.submit(delivery).await.unwrap();
        drop(handle);
        running.finished().await;
    }

    pub(crate) async fn contact(&self, who: &str) -> ContactView {
        let key = ContactKey { client_id: ClientId::parse("acme").unwrap(), email: Email::parse(who).unwrap() };
        self.store.contact(&key).await.unwrap().unwrap()
    }
}
