//! A day of an agency, scripted: a list is activated, its contacts are imported, mailed, and reply; leads are promoted, a person moves
//! cards, a deal is won, figures arrive in Campaigns. On both databases; calm, with four instances, through storms, and killed between
//! every two steps. Whatever happens, at the end each contact has one lead, each list and client one record.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::large_futures,
    reason = "what is not there is a failed test; a day is one future"
)]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::Database;
use sales_engine::domain::event::Source;
use sales_engine::domain::follow_up::Spans;
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::stage::Stage;
use sales_engine::engine::rows::{TaskStatus, TriggerType};
use sales_engine::intake::{self, Delivery, Now};
use sales_engine::sandbox::{Fault, Sandbox};
use sales_engine::services::airtable::Airtable;
use sales_engine::services::fetch::Fetcher;
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::{self, Request};
use sales_engine::store::Store;
use sales_engine::store::views::{ContactView, TaskFilter, TaskView};
use sales_engine::tasks::{AirtableSettings, Dispatcher, Pause, Tenant, Turn};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

const TOKEN: &str = "pat-test-token";
const SHEET: &str = "1AbCdEfGhIjK";
/// Turns that one step of the day may take; a day that needs more goes in a circle.
const TURNS_MAX: usize = 5_000;
/// Longer than any lease holds.
const LEASE_MS: i64 = 121_000;

/// A clock that stands still while anybody works: it goes on when all who are at work wait, to the time of the first of them.
#[derive(Clone)]
struct Clock {
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
    fn new() -> Self {
        let start = "2026-11-20T09:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp_millis();
        Self { ms: Arc::new(AtomicI64::new(start)), at_work: Arc::new(AtomicUsize::new(1)), waiting: Arc::default() }
    }

    fn read(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.ms.load(Ordering::SeqCst)).unwrap()
    }

    fn now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || clock.read())
    }

    fn to(&self, time: DateTime<Utc>) {
        self.ms.fetch_max(time.timestamp_millis(), Ordering::SeqCst);
    }

    fn forward_ms(&self, ms: i64) {
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
#[derive(Clone)]
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

#[derive(Clone, Copy)]
enum Weather {
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

struct Day {
    weather: Weather,
    dice: Dice,
    clock: Clock,
    sandbox: Sandbox,
    store: Store,
    address: String,
    settings: AirtableSettings,
    /// The process that lives on from step to step, where none is killed.
    living: Option<Dispatcher>,
    /// A request hangs, and so the process is to die now.
    is_hanging: Arc<AtomicBool>,
    kills: usize,
}

impl Day {
    async fn new(database: &Database, weather: Weather) -> Self {
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
            is_hanging: Arc::new(AtomicBool::new(false)),
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
                let (seen, is_hanging) = (Mutex::new(HashMap::new()), Arc::clone(&self.is_hanging));
                self.sandbox.fail_when(move |method, path, body| {
                    let mut seen = seen.lock().unwrap();
                    let tries: &mut u32 = seen.entry(format!("{method} {path} {}", without_times(body))).or_default();
                    *tries += 1;
                    let fault = match tries {
                        1 => Fault::HangBefore,
                        2 => Fault::HangAfter,
                        _ => return None,
                    };
                    is_hanging.store(true, Ordering::SeqCst);
                    Some(fault)
                });
            }
        }
    }

    fn dispatcher(&self, store: Store) -> Dispatcher {
        Dispatcher::new(store, Spans::default(), self.clock.now(), self.clock.pause(), Some(self.settings.clone()))
    }

    /// All that is to be done is done, whatever it takes.
    async fn work(&mut self) {
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
                Weather::KilledAtEachRequest => {
                    let is_hanging = Arc::clone(&self.is_hanging);
                    let turn = dispatcher.turn();
                    until_killed(turn, |_| is_hanging.swap(false, Ordering::SeqCst)).await
                }
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
    async fn told(&self, events: Value) {
        let (handle, running) =
            intake::start(&self.store, &Spans::default(), &self.clock.now(), TriggerType::Webhook, 10, 10, None);
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

    async fn contact(&self, n: u32) -> ContactView {
        let email = Email::parse(&format!("p{n}@example.com")).unwrap();
        let key = ContactKey { client_id: ClientId::parse("acme").unwrap(), email };
        self.store.contact(&key).await.unwrap().unwrap()
    }

    async fn lead(&self, n: u32) -> (String, Map<String, Value>) {
        let id = self.contact(n).await.airtable_lead_id.unwrap();
        let cells = self.sandbox.with(|base| base.leads()[&id].clone());
        (id, cells)
    }

    async fn moves(&self, n: u32, field: &str, value: Value) {
        let (id, _) = self.lead(n).await;
        self.sandbox.with(|base| base.edit("Leads", &id, field, value)).unwrap();
    }

    fn adds(&self, table: &str, cells: &Value) -> String {
        self.sandbox.with(|base| base.add(table, cells.as_object().unwrap())).unwrap()
    }

    fn record(&self, table: &str, id: &str) -> Map<String, Value> {
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

const ROWS: &str = "Email,First Name,Last Name,Company\n\
    p0@example.com,Ada,Berg,Berg Ltd\n\
    p1@example.com,Cy,Dahl,Dahl AG\n\
    p2@example.com,Eve,Falk,Falk Oy\n\
    p3@example.com,Gil,Holm,Holm SA\n\
    P1@example.com,Cy,Again,Dahl AG\n\
    nobody at all,No,One,None\n";

#[expect(clippy::too_many_lines, reason = "a day is told from morning to evening")]
async fn a_day(database: Database, weather: Weather) {
    let mut day = Day::new(&database, weather).await;
    let person = database.person().await;

    // Morning: the list is planned, then activated.
    let acme = day.adds("Clients", &json!({ "client_name": "Acme", "primary_contact_email": "boss@acme.example" }));
    let campaign = day.adds(
        "Campaigns",
        &json!({ "campaign_name": "Autumn", "platform": "Smart Lead", "platform_campaign_id": "7", "status": "Active" }),
    );
    day.sandbox.serve_sheet(SHEET, "3", ROWS);
    let list = day.adds(
        "Lead Lists",
        &json!({ "List Name": "Autumn", "Client": [acme], "Status": "Planning", "Source Type": "Google Sheet",
            "Source URL": format!("https://docs.google.com/spreadsheets/d/{SHEET}/edit#gid=3"),
            "Source Description": "Bought in May.", "Auto Create Supabase List": true }),
    );
    Box::pin(day.work()).await;
    assert_eq!(day.record("Lead Lists", &list)["Status"], "Planning", "nothing happens before it is Active");
    day.sandbox.with(|base| base.edit("Lead Lists", &list, "Status", json!("Active"))).unwrap();
    Box::pin(day.work()).await;
    let cells = day.record("Lead Lists", &list);
    assert_eq!((&cells["Status"], &cells["Total Contacts"]), (&json!("Completed"), &json!(4)), "{cells:#?}");
    let said = cells["Source Description"].as_str().unwrap();
    assert!(said.starts_with("Bought in May.\n[Sales Engine] 6 rows: ") && said.contains("1 not usable"), "{said}");
    let lists = person.texts("SELECT list_id || list_name || status || total_contacts AS x FROM lead_lists").await;
    assert_eq!(lists, [format!("{}Autumnactive4", cells["Supabase List ID"].as_str().unwrap())], "one row of the list");

    // They are mailed, and three of them answer.
    let mail = |n: u32| {
        json!({ "kind": "email_sent", "email": format!("p{n}@example.com"), "campaign_id": "7", "step": 1,
            "message_id": format!("<m{n}@mail.example.com>"), "platform": "smartlead", "occurred_at": "2026-11-20T08:00:00Z" })
    };
    day.told(json!([mail(0), mail(1), mail(2), mail(3)])).await;
    let reply = |n: u32, intent: &str| {
        json!({ "kind": "reply_received", "email": format!("p{n}@example.com"), "campaign_id": "7", "id": format!("r{n}"),
            "intent": intent, "occurred_at": "2026-11-20T08:30:00Z", "text": "hello" })
    };
    day.told(json!([reply(0, "pricing_question"), reply(1, "other"), reply(2, "not_interested")])).await;
    Box::pin(day.work()).await;
    assert_eq!(day.sandbox.with(|base| base.leads().len()), 3, "whoever engaged is a lead");
    let (_, cells) = day.lead(0).await;
    assert_eq!((&cells["Lead Status"], &cells["Campaign"]), (&json!("Interested"), &json!([campaign])), "{cells:#?}");
    assert_eq!(day.lead(1).await.1["Lead Status"], "New", "nobody knows yet what that one means");

    // Noon: a person works the board.
    day.moves(0, "Pipeline Stage", json!("Meeting Scheduled")).await;
    day.moves(0, "Internal Notes", json!("keen")).await;
    day.moves(1, "Lead Status", json!("Interested")).await;
    day.moves(2, "Follow-up Date", json!("2027-01-15")).await;
    day.moves(2, "Lead Status", json!("Working")).await;
    Box::pin(day.work()).await;
    assert_eq!(day.contact(0).await.stage, Stage::MeetingBooked);
    assert_eq!(day.contact(1).await.stage, Stage::Interested);
    let third = day.contact(2).await;
    assert_eq!((third.stage, third.follow_up_date.as_deref()), (Stage::NotInterested, Some("2027-01-15")));
    assert_eq!(
        (&day.lead(0).await.1["Internal Notes"], &day.lead(2).await.1["Lead Status"]),
        (&json!("keen"), &json!("Working"))
    );

    // One opts out, and a person tries to win that one all the same; a follow-up is set into the past.
    day.told(
        json!({ "kind": "unsubscribed", "email": "p1@example.com", "id": "u1", "occurred_at": "2026-11-20T09:10:00Z" }),
    )
    .await;
    Box::pin(day.work()).await;
    assert_eq!(day.lead(1).await.1["Lead Status"], "Lost");
    day.moves(1, "Lead Status", json!("Won")).await;
    day.moves(2, "Follow-up Date", json!("2020-01-01")).await;
    Box::pin(day.work()).await;
    assert_eq!(day.contact(1).await.stage, Stage::DoNotContact);
    let (_, cells) = day.lead(1).await;
    let note = cells["Next Action"].as_str().unwrap();
    assert!(
        cells["Lead Status"] == "Lost" && note.starts_with("Not possible: ") && note.contains("opted out"),
        "{cells:#?}"
    );
    let (_, cells) = day.lead(2).await;
    assert_eq!(
        (&cells["Follow-up Date"], &cells["Lead Status"]),
        (&json!("2027-01-15"), &json!("Not Interested")),
        "{cells:#?}"
    );

    // A person links a client before the deal is won, then wins it.
    day.moves(2, "Client", json!([acme])).await;
    day.moves(0, "Lead Status", json!("Won")).await;
    Box::pin(day.work()).await;
    assert!(!day.lead(2).await.1.contains_key("Client"), "rule 5");
    let won = day.contact(0).await;
    assert_eq!((won.stage, won.converted_to_client), (Stage::Won, true));
    let clients = day.sandbox.with(|base| base.records("Clients"));
    let of_lead: Vec<&String> = clients
        .iter()
        .filter(|(_, cells)| cells.get("primary_contact_email") == Some(&json!("p0@example.com")))
        .map(|(id, _)| id)
        .collect();
    assert_eq!((of_lead.len(), clients.len()), (1, 2), "one record of the new client: {clients:#?}");
    let client = &clients[of_lead[0]];
    assert_eq!((&client["client_name"], &client["client_status"]), (&json!("Berg Ltd"), &json!("Active")));
    let (lead_id, cells) = day.lead(0).await;
    assert_eq!((&client["converted_from_lead"], &cells["Client"]), (&json!([lead_id]), &json!([of_lead[0]])));
    assert_eq!(won.converted_client_id.as_ref(), Some(of_lead[0]));
    day.told(json!({ "kind": "message_logged", "email": "p0@example.com", "id": "s1", "direction": "inbound", "platform": "slack",
        "occurred_at": "2026-11-20T09:30:00Z", "text": "welcome" })).await;
    let rows = "SELECT client_id AS x FROM chat_history WHERE message_content = 'welcome'";
    assert_eq!(person.texts(rows).await, [of_lead[0].clone()], "what is said from then on belongs to the client");

    // Evening: the figures.
    day.clock.forward_ms(3_600_000);
    Box::pin(day.work()).await;
    let cells = day.record("Campaigns", &campaign);
    let figures = ["emails_sent", "replies", "meetings_booked"].map(|name| cells[name].as_i64());
    assert_eq!(figures, [Some(4), Some(3), Some(1)], "{cells:#?}");

    // And the count of it all.
    let leads = day.sandbox.with(|base| base.leads());
    let subjects: std::collections::BTreeSet<String> =
        leads.values().map(|lead| lead["Supabase Contact ID"].as_str().unwrap().to_owned()).collect();
    assert_eq!((leads.len(), subjects.len()), (3, 3), "each contact has one lead");
    let dead = day.store.tasks(&TaskFilter { status: Some(TaskStatus::Dead), kind: None, limit: 10 }).await.unwrap();
    assert!(dead.is_empty(), "{dead:#?}");
    let ids = "SELECT count(*) AS x FROM contacts WHERE airtable_lead_id IS NOT NULL";
    assert_eq!(person.texts(ids).await, ["3"]);
    // What a process that is killed at any moment had sent already may arrive when the clock has been moved on for the next one.
    if !matches!(weather, Weather::KilledAnywhere(_)) {
        let above = day.sandbox.with(|base| base.rate_limited);
        assert_eq!(above, 0, "no request above the limit, none in a lock-out");
    }
    match weather {
        Weather::KilledAtEachRequest => assert!(day.kills > 60, "killed {} times", day.kills),
        Weather::KilledAnywhere(_) => assert!(day.kills > 5, "killed {} times", day.kills),
        Weather::Calm | Weather::FourInstances | Weather::WithoutWebhooks | Weather::Storm(_) => {
            assert_eq!(day.kills, 0);
        }
    }
}

on_both! {
    async fn calm(database: Database) {
        Box::pin(a_day(database, Weather::Calm)).await;
    }
}

on_both! {
    async fn with_four_instances(database: Database) {
        Box::pin(a_day(database, Weather::FourInstances)).await;
    }
}

on_both! {
    async fn through_storms(database: Database) {
        Box::pin(a_day(database, Weather::Storm(11))).await;
    }
}

on_both! {
    async fn killed_before_and_after_each_request(database: Database) {
        Box::pin(a_day(database, Weather::KilledAtEachRequest)).await;
    }
}

on_both! {
    async fn killed_anywhere(database: Database) {
        Box::pin(a_day(database, Weather::KilledAnywhere(5))).await;
    }
}

on_both! {
    async fn without_webhooks(database: Database) {
        Box::pin(a_day(database, Weather::WithoutWebhooks)).await;
    }
}

on_both! {
    async fn nothing_is_lost_while_the_service_is_down_for_weeks(database: Database) {
        let mut day = Day::new(&database, Weather::Calm).await;
        let reply = json!({ "kind": "reply_received", "email": "p0@example.com", "id": "r", "intent": "pricing_question",
            "occurred_at": "2026-11-20T08:30:00Z", "text": "hello" });
        day.told(reply).await;
        Box::pin(day.work()).await;
        let hooks = |day: &Day| day.sandbox.with(|base| base.log().filter(|logged| logged.path.ends_with("/webhooks") && logged.method == "POST").count());
        assert_eq!(hooks(&day), 1, "a webhook to tell of changes");
        // Three days: the webhook lives on and still tells.
        day.clock.forward_ms(3 * 86_400_000);
        day.moves(0, "Lead Status", json!("Ghosted")).await;
        Box::pin(day.work()).await;
        assert_eq!((day.contact(0).await.stage, hooks(&day)), (Stage::Ghosted, 1));
        // Three weeks: it is gone with all that it had to tell.
        day.moves(0, "Lead Status", json!("Won")).await;
        day.clock.forward_ms(21 * 86_400_000);
        Box::pin(day.work()).await;
        assert_eq!((day.contact(0).await.stage, hooks(&day)), (Stage::Won, 2), "found by looking, and another one is made");
        day.moves(0, "Follow-up Date", json!("2027-03-01")).await;
        Box::pin(day.work()).await;
        assert_eq!(day.contact(0).await.follow_up_date.as_deref(), Some("2027-03-01"), "and the new one tells");
    }
}

/// Lists that can't be imported, and what their records say then.
#[tokio::test]
async fn a_list_that_fails_says_why_in_its_record_and_can_be_run_again() {
    let database = Database::new(common::Kind::Sqlite).await;
    let mut day = Day::new(&database, Weather::Calm).await;
    let acme = day.adds("Clients", &json!({ "client_name": "acme", "primary_contact_email": "boss@acme.example" }));
    let stranger = day.adds("Clients", &json!({ "client_name": "Nobody", "primary_contact_email": "x@example.com" }));
    let sheet = |id: &str| format!("https://docs.google.com/spreadsheets/d/{id}/edit");
    day.sandbox.serve_sheet("privateSheet", "0", "");
    day.sandbox.make_sheet_private("privateSheet", "0", sales_engine::sandbox::Private::SignInPage);
    day.sandbox.serve_sheet("noAddresses", "0", "name,company\nAda,Berg\n");
    // Description, cells, whether the list is made all the same, and what is said.
    let rows: [(&str, Value, bool, &str); 12] = [
        ("nothing filled", json!({}), false, "Source Type is empty"),
        ("no name", json!({ "List Name": null, "Source Type": "Manual" }), false, "List Name is empty"),
        (
            "another's client",
            json!({ "Client": [stranger], "Source Type": "Manual" }),
            false,
            "no client named `Nobody`",
        ),
        ("no client", json!({ "Client": [], "Source Type": "Manual" }), false, "Client is empty"),
        ("Clay", json!({ "Source Type": "Clay Table", "Source URL": "https://app.clay.com/x" }), true, "/hooks/n8n"),
        ("other", json!({ "Source Type": "Other", "Source URL": "https://example.com/x" }), true, "choose CSV Import"),
        ("no address", json!({ "Source Type": "CSV Import" }), false, "sales-engine import"),
        (
            "inside our network",
            json!({ "Source Type": "CSV Import", "Source URL": "https://127.0.0.1/x.csv" }),
            true,
            "public",
        ),
        ("no such sheet", json!({ "Source Type": "Google Sheet", "Source URL": sheet("nothingThere") }), true, "404"),
        (
            "a private sheet",
            json!({ "Source Type": "Google Sheet", "Source URL": sheet("privateSheet") }),
            true,
            "share it",
        ),
        (
            "no column",
            json!({ "Source Type": "Google Sheet", "Source URL": sheet("noAddresses") }),
            true,
            "looks like an e-mail",
        ),
        ("by hand", json!({ "Source Type": "Manual" }), true, "added by hand"),
    ];
    for (n, (what, cells, is_made, part)) in rows.into_iter().enumerate() {
        let mut record = json!({ "List Name": format!("List {n}"), "Client": [acme], "Status": "Active", "Auto Create Supabase List": true })
            .as_object()
            .unwrap()
            .clone();
        record.extend(cells.as_object().unwrap().clone());
        let id = day.adds("Lead Lists", &Value::Object(record));
        Box::pin(day.work()).await;
        let cells = day.record("Lead Lists", &id);
        let said = cells["Source Description"].as_str().unwrap();
        let status = if what == "by hand" { "Completed" } else { "Planning" };
        assert!(cells["Status"] == status && said.contains(part), "{what}: {cells:#?}");
        assert_eq!(cells.contains_key("Supabase List ID"), is_made, "{what}");
        if what == "a private sheet" {
            day.sandbox.serve_sheet("privateSheet", "0", ROWS);
            day.sandbox.with(|base| base.edit("Lead Lists", &id, "Status", json!("Active"))).unwrap();
            Box::pin(day.work()).await;
            let cells = day.record("Lead Lists", &id);
            let said = cells["Source Description"].as_str().unwrap();
            assert!(
                cells["Status"] == "Completed" && said.lines().count() == 1 && said.contains("4 new"),
                "{cells:#?}"
            );
        }
    }
    let dead = day.store.tasks(&TaskFilter { status: Some(TaskStatus::Dead), kind: None, limit: 10 }).await.unwrap();
    assert!(dead.is_empty(), "{dead:#?}");
}

/// A client that is there already is found, not made again.
#[tokio::test]
async fn a_won_deal_finds_its_client() {
    let rows: [(&str, &[Value], usize, Option<&str>); 3] = [
        ("by its address", &[json!({ "client_name": "By hand", "primary_contact_email": "P0@example.com" })], 1, None),
        ("nobody's", &[json!({ "client_name": "Else", "primary_contact_email": "else@example.com" })], 2, None),
        (
            "two of one address",
            &[
                json!({ "client_name": "One", "primary_contact_email": "p0@example.com" }),
                json!({ "client_name": "Two", "primary_contact_email": "p0@example.com" }),
            ],
            2,
            Some("2 clients have this contact's address"),
        ),
    ];
    for (what, there, clients, refused) in rows {
        let database = Database::new(common::Kind::Sqlite).await;
        let mut day = Day::new(&database, Weather::Calm).await;
        let made: Vec<String> = there.iter().map(|cells| day.adds("Clients", cells)).collect();
        day.told(json!([
            { "kind": "reply_received", "email": "p0@example.com", "id": "r", "intent": "pricing_question",
              "occurred_at": "2026-11-20T08:30:00Z", "text": "hello" },
            { "kind": "deal_won", "email": "p0@example.com", "id": "w", "occurred_at": "2026-11-20T08:40:00Z" },
        ]))
        .await;
        Box::pin(day.work()).await;
        assert_eq!(day.sandbox.with(|base| base.records("Clients").len()), clients, "{what}");
        let linked = day.contact(0).await.converted_client_id;
        let dead =
            day.store.tasks(&TaskFilter { status: Some(TaskStatus::Dead), kind: None, limit: 10 }).await.unwrap();
        if let Some(part) = refused {
            assert!(linked.is_none() && dead[0].last_error.as_ref().unwrap().contains(part), "{what}: {dead:#?}");
            continue;
        }
        assert_eq!((dead.len(), linked == Some(made[0].clone())), (0, clients == 1), "{what}");
        let client = day.record("Clients", &linked.unwrap());
        let (lead, cells) = day.lead(0).await;
        assert_eq!(client["converted_from_lead"], json!([lead]), "{what}");
        assert!(client.contains_key("conversion_date") && cells.contains_key("Client"), "{what}: {client:#?}");
        if clients == 1 {
            assert_eq!(day.record("Clients", &made[0])["client_name"], "By hand", "a person's name for it stays");
        }
    }
}

#[tokio::test]
async fn a_file_of_google_drive_is_imported_and_what_is_not_done_yet_is_said() {
    let database = Database::new(common::Kind::Sqlite).await;
    let mut day = Day::new(&database, Weather::Calm).await;
    let acme = day.adds("Clients", &json!({ "client_name": "Acme", "primary_contact_email": "boss@acme.example" }));
    day.sandbox.serve_drive_file("1DriveFile", ROWS);
    let list = day.adds(
        "Lead Lists",
        &json!({ "List Name": "Drive", "Client": [acme], "Status": "Active", "Source Type": "Google Drive CSV",
            "Source URL": "https://drive.google.com/file/d/1DriveFile/view?usp=sharing", "Description": "of a fair",
            "Auto Create Supabase List": true, "Auto Enrich": true }),
    );
    Box::pin(day.work()).await;
    let cells = day.record("Lead Lists", &list);
    let said = cells["Source Description"].as_str().unwrap();
    assert!(
        cells["Status"] == "Completed" && said.contains("4 new") && said.contains("Auto Enrich is not done"),
        "{cells:#?}"
    );
    for name in ["Import Started At", "Import Completed At", "Last Sync"] {
        assert!(cells[name].as_str().unwrap().starts_with("2026-11-20T09:0"), "{name}");
    }
    let lists = database.person().await.texts("SELECT description || source || created_by AS x FROM lead_lists").await;
    assert_eq!(lists, ["of a faircsv_importairtable"]);
}
