//! A clock of its own, the stand-ins in all weathers, and the process that works, or is killed.

use crate::common::Database;
use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::domain::event::{Event, EventData, Facts, Profile, Source};
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::outreach::Outreach;
use sales_engine::domain::rules::{Rules, Wants};
use sales_engine::domain::suppression::{Key, Suppression};
use sales_engine::engine::rows::{TaskStatus, TriggerType};
use sales_engine::intake::{self, Delivery, Now};
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::outreach::{Hook, OutreachFault};
use sales_engine::services::instantly::Instantly;
use sales_engine::services::smartlead::Smartlead;
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::{self, Request};
use sales_engine::store::Store;
use sales_engine::store::views::{ContactView, TaskFilter, TaskView};
use sales_engine::tasks::{Dispatcher, Pace, Pause, PlatformAccount, PlatformService, Turn};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

pub(crate) const KEY: &str = "smartlead-api-key-of-acme";
pub(crate) const INSTANTLY_KEY: &str = "instantly-api-key-of-acme";
/// Turns that one step may take; what needs more goes in a circle.
const TURNS_MAX: usize = 5_000;
/// Longer than any lease holds.
const LEASE_MS: i64 = 121_000;

/// A clock that stands still while anybody works: it goes on when all who are at work wait, to the time of the first of them.
#[derive(Clone)]
pub(crate) struct Clock {
    ms: Arc<AtomicI64>,
    /// How many are at work or wait.
    at_work: Arc<AtomicUsize>,
    /// The times that are waited for.
    waiting: Arc<Mutex<Vec<i64>>>,
}

/// One who waits; whoever is killed waits no more.
struct Waiting {
    clock: Clock,
    until_ms: i64,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waiting = self.clock.waiting.lock().unwrap();
        let index = waiting.iter().position(|until_ms| *until_ms == self.until_ms).unwrap();
        waiting.swap_remove(index);
    }
}

impl Clock {
    pub(crate) fn new() -> Self {
        let start = "2026-11-20T09:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp_millis();
        Self { ms: Arc::new(AtomicI64::new(start)), at_work: Arc::new(AtomicUsize::new(1)), waiting: Arc::default() }
    }

    pub(crate) fn read(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.ms.load(Ordering::SeqCst)).unwrap()
    }

    pub(crate) fn now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || clock.read())
    }

    pub(crate) fn to(&self, time: DateTime<Utc>) {
        self.ms.fetch_max(time.timestamp_millis(), Ordering::SeqCst);
    }

    pub(crate) fn forward_ms(&self, ms: i64) {
        self.to(self.read() + TimeDelta::milliseconds(ms));
    }

    async fn wait(self, until: DateTime<Utc>) {
        let until_ms = until.timestamp_millis();
        self.waiting.lock().unwrap().push(until_ms);
        let waiting = Waiting { clock: self.clone(), until_ms };
        loop {
            {
                let all = self.waiting.lock().unwrap();
                if all.len() >= self.at_work.load(Ordering::SeqCst) {
                    self.ms.fetch_max(*all.iter().min().unwrap(), Ordering::SeqCst);
                }
            }
            if self.read() >= until {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(waiting);
    }

    fn pause(&self) -> Pause {
        let clock = self.clone();
        Arc::new(move |until| Box::pin(clock.clone().wait(until)))
    }
}

/// Deterministic: the same seed, the same storm (the `SplitMix64` generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

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
    /// A request hangs, and so the process is to die now.
    is_hanging: Arc<AtomicBool>,
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
            is_hanging: Arc::new(AtomicBool::new(false)),
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
                let (mut seen, is_hanging) = (HashMap::<String, u32>::new(), Arc::clone(&self.is_hanging));
                Some(Box::new(move |method, path, body| {
                    let name = format!("{method} {path} {}", String::from_utf8_lossy(body));
                    let tries = seen.entry(name).or_default();
                    *tries += 1;
                    let fault = match tries {
                        1 => OutreachFault::HangBefore,
                        2 => OutreachFault::HangAfter,
                        _ => return None,
                    };
                    is_hanging.store(true, Ordering::SeqCst);
                    Some(fault)
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
                    let is_hanging = Arc::clone(&self.is_hanging);
                    Box::pin(until_killed(dispatcher.turn(), |_| is_hanging.swap(false, Ordering::SeqCst))).await
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
        self.clock.at_work.store(4, Ordering::SeqCst);
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
            self.clock.at_work.fetch_sub(1, Ordering::SeqCst);
            last
        };
        let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
        self.clock.at_work.store(1, Ordering::SeqCst);
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

/// Runs a turn until it ends or is to die: a process that is killed finishes nothing that it was waiting for.
async fn until_killed<T, E: std::fmt::Debug>(
    turn: impl Future<Output = Result<T, E>>,
    mut is_to_die: impl FnMut(u64) -> bool,
) -> Option<T> {
    let mut turn = pin!(turn);
    let mut polls = 0;
    let mut look = tokio::time::interval(std::time::Duration::from_millis(1));
    std::future::poll_fn(|context| {
        if let Poll::Ready(done) = turn.as_mut().poll(context) {
            return Poll::Ready(Some(done.unwrap()));
        }
        polls += 1;
        if is_to_die(polls) {
            return Poll::Ready(None);
        }
        // The sandbox hangs without a word, so it is looked at again and again.
        while look.poll_tick(context).is_ready() {
            if is_to_die(0) {
                return Poll::Ready(None);
            }
        }
        Poll::Pending
    })
    .await
}
