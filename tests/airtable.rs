//! The Airtable client and the tasks against the stand-in, over real sockets, with faults as the real one has them.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::clock::Clock;
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::rules::Rules;
use sales_engine::engine::rows::{TaskStatus, TriggerType};
use sales_engine::intake::{self, Delivery};
use sales_engine::sandbox::{Fault, Sandbox};
use sales_engine::services::airtable::{Airtable, AirtableError};
use sales_engine::services::fetch::Fetcher;
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::{self, Request};
use sales_engine::store::Store;
use sales_engine::store::views::TaskFilter;
use sales_engine::tasks::{AirtableSettings, Dispatcher, Turn};
use serde_json::{Map, Value, json};
use sqlx::Row as _;
use std::str::FromStr as _;

const TOKEN: &str = "pat-test-token";

async fn sandbox(clock: &Clock) -> Sandbox {
    Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, clock.now()).await.unwrap()
}

fn client(sandbox: &Sandbox) -> Airtable {
    Airtable::new(Secret::new(TOKEN), "appTest", &sandbox.url()).unwrap()
}

fn settings(sandbox: &Sandbox) -> AirtableSettings {
    AirtableSettings::new(client(sandbox), Fetcher::new().unwrap())
}

fn lead(id: u32, status: &str) -> Map<String, Value> {
    json!({ "Supabase Contact ID": format!("c-{id}"), "Email": format!("p{id}@example.com"), "Lead Status": status })
        .as_object()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn upserts_create_once_and_update_after() {
    let clock = Clock::new();
    let sandbox = sandbox(&clock).await;
    let airtable = client(&sandbox);
    let first = airtable.upsert("Leads", "Supabase Contact ID", &[lead(1, "New"), lead(2, "New")]).await.unwrap();
    assert!(first.iter().all(|record| record.created));
    let again = airtable.upsert("Leads", "Supabase Contact ID", &[lead(2, "Won"), lead(3, "New")]).await.unwrap();
    assert_eq!(again[0].record.id, first[1].record.id);
    assert_eq!([again[0].created, again[1].created], [false, true]);
    assert_eq!(sandbox.with(|base| base.by_status()), [("New".to_owned(), 2), ("Won".to_owned(), 1)].into());
}

#[tokio::test]
async fn the_stand_in_is_as_strict_as_the_real_one() {
    let clock = Clock::new();
    let sandbox = sandbox(&clock).await;
    let airtable = client(&sandbox);
    let with = |name: &str, value: Value| {
        let mut lead = lead(9, "New");
        lead.insert(name.to_owned(), value);
        vec![lead]
    };
    let eleven: Vec<_> = (0..11).map(|id| lead(id, "New")).collect();
    let rows = [
        ("an unknown field", with("Shoe Size", json!(43)), "UNKNOWN_FIELD_NAME"),
        ("an unknown option", with("Lead Status", json!("Hot")), "INVALID_MULTIPLE_CHOICE_OPTIONS"),
        ("a computed field", with("Lead ID", json!(1)), "INVALID_VALUE_FOR_COLUMN"),
        ("a wrong type", with("Lead Score", json!("nine")), "INVALID_VALUE_FOR_COLUMN"),
        ("no date", with("Follow-up Date", json!("soon")), "INVALID_VALUE_FOR_COLUMN"),
        ("eleven records", eleven, "INVALID_REQUEST_UNKNOWN"),
        ("one bad of two", vec![lead(1, "New"), lead(2, "Bad")], "INVALID_MULTIPLE_CHOICE_OPTIONS"),
    ];
    for (what, leads, expected) in rows {
        clock.forward_ms(1_000);
        match airtable.upsert("Leads", "Supabase Contact ID", &leads).await {
            Err(AirtableError::Rejected { status: 422, kind, .. }) => assert_eq!(kind, expected, "{what}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    assert_eq!(sandbox.with(|base| base.leads().len()), 0, "a refused request writes nothing");
    sandbox.with(|base| {
        base.add("Leads", &lead(5, "New")).unwrap();
        base.add("Leads", &lead(5, "New")).unwrap();
    });
    clock.forward_ms(1_000);
    assert!(
        matches!(
            airtable.upsert("Leads", "Supabase Contact ID", &[lead(5, "Won")]).await,
            Err(AirtableError::Rejected { .. })
        ),
        "two match"
    );
    let stranger = Airtable::new(Secret::new("pat-of-another"), "appTest", &sandbox.url()).unwrap();
    let denied = stranger.upsert("Leads", "Supabase Contact ID", &[lead(1, "New")]).await.unwrap_err();
    assert!(matches!(denied, AirtableError::Denied { status: 401, .. }));
    assert!(!format!("{denied} {stranger:?}").contains("pat-of-another"), "the token shows nowhere");
}

#[tokio::test]
async fn more_than_five_a_second_lock_the_base_for_thirty() {
    let clock = Clock::new();
    let sandbox = sandbox(&clock).await;
    let airtable = client(&sandbox);
    for id in 0..5 {
        airtable.upsert("Leads", "Supabase Contact ID", &[lead(id, "New")]).await.unwrap();
    }
    let sixth = airtable.upsert("Leads", "Supabase Contact ID", &[lead(6, "New")]).await;
    assert_eq!(sixth, Err(AirtableError::RateLimited { retry_after_ms: 30_000 }));
    clock.forward_ms(29_000);
    assert!(airtable.upsert("Leads", "Supabase Contact ID", &[lead(6, "New")]).await.is_err(), "still locked");
    clock.forward_ms(1_000);
    airtable.upsert("Leads", "Supabase Contact ID", &[lead(6, "New")]).await.unwrap();
}

/// A database with engaged contacts whose leads are wanted, and what works them off.
struct World {
    clock: Clock,
    sandbox: Sandbox,
    store: Store,
    address: String,
    dispatcher: Dispatcher,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let clock = Clock::new();
        let sandbox = sandbox(&clock).await;
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite://{}", folder.path().join("t.db").display());
        let store = Store::open(&address).await.unwrap();
        store.migrate(false).await.unwrap();
        let dispatcher =
            Dispatcher::new(store.clone(), Rules::default(), clock.now(), clock.pause(), Some(settings(&sandbox)));
        Self { clock, sandbox, store, address, dispatcher, _folder: folder }
    }

    async fn events(&self, body: Value) {
        let (handle, running) =
            intake::start(&self.store, &Rules::default(), &self.clock.now(), TriggerType::Webhook, 10, 10, None);
        let client_id = ClientId::parse("acme").unwrap();
        let body = body.to_string();
        let request = Request {
            client_id: &client_id,
            query: "",
            headers: &[],
            body: body.as_bytes(),
            received_at: self.clock.read(),
        };
        let source = sales_engine::domain::event::Source::N8n;
        let understood = sources::read(source, &ClientSources::default(), &request).unwrap();
        assert_eq!(understood.unrecognised, Vec::<String>::new());
        let delivery = Delivery {
            client_id: client_id.clone(),
            source,
            received_at: self.clock.read(),
            understood,
            body_sha256: [0; 32],
        };
        handle.submit(delivery).await.unwrap();
        drop(handle);
        running.finished().await;
    }

    async fn replies(&self, count: u32) {
        let events: Vec<Value> = (0..count)
            .map(|n| {
                json!({ "kind": "reply_received", "email": format!("p{n}@example.com"), "id": format!("r{n}"),
                "occurred_at": "2026-11-01T09:00:00Z", "intent": "pricing_question", "text": "how much?" })
            })
            .collect();
        self.events(Value::Array(events)).await;
    }

    /// Turns until nothing is due before `until_ms` from now; gives the number of turns that worked.
    async fn work(&mut self, until_ms: i64) -> usize {
        let end = self.clock.read() + TimeDelta::milliseconds(until_ms);
        let mut worked = 0;
        loop {
            match self.dispatcher.turn().await.unwrap() {
                Turn::Worked(_) => worked += 1,
                Turn::Wait(until) if until <= end => self.clock.to(until),
                Turn::Wait(_) => return worked,
                Turn::Idle => {
                    if self.clock.read() >= end {
                        return worked;
                    }
                    self.clock.forward_ms(1_000);
                }
            }
        }
    }

    fn leads(&self) -> usize {
        self.sandbox.with(|base| base.leads().len())
    }

    /// What was said so, oldest first.
    async fn alerts(&self, like: &str) -> Vec<String> {
        let options = sqlx::sqlite::SqliteConnectOptions::from_str(&self.address).unwrap();
        let pool = sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap();
        let rows =
            sqlx::query("SELECT action_taken FROM automation_logs WHERE action_taken LIKE ?1 ORDER BY timestamp");
        let rows = rows.bind(format!("%{like}%")).fetch_all(&pool).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn tasks(&self, status: TaskStatus) -> usize {
        self.store.tasks(&TaskFilter { status: Some(status), kind: None, limit: 1_000 }).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_flood_of_promotions_stays_within_the_limit_and_uses_it() {
    let mut world = World::new().await;
    world.replies(1_000).await;
    let turns = world.work(0).await;
    assert_eq!((world.leads(), turns), (1_000, 100));
    assert_eq!(world.sandbox.with(|base| base.rate_limited), 0, "no 429 caused by us");
    let key =
        ContactKey { client_id: ClientId::parse("acme").unwrap(), email: Email::parse("p7@example.com").unwrap() };
    let contact = world.store.contact(&key).await.unwrap().unwrap();
    assert!(contact.airtable_lead_id.is_some() && contact.promoted_at.is_some() && contact.has_engaged);
    let timeline = world.store.timeline(contact.contact_id, 10).await.unwrap();
    assert_eq!(timeline.messages[0].lead_id, contact.airtable_lead_id, "earlier rows are filled in");
    assert!(timeline.logs.iter().any(|log| log.action_taken == "promoted to an Airtable lead"));
    let times: Vec<DateTime<Utc>> = world.sandbox.with(|base| base.log().map(|logged| logged.at).collect());
    let span = *times.last().unwrap() - times[0];
    // Ten leads a request; the first of them is there at once.
    let leads_per_second = 990.0 / (span.as_seconds_f64());
    assert!(leads_per_second >= 0.95 * 50.0, "{leads_per_second} leads a second");
}

#[tokio::test]
async fn whatever_fails_there_is_one_lead_in_the_end() {
    for fault in [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Garbage,
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(429),
    ] {
        let mut world = World::new().await;
        world.replies(3).await;
        world.sandbox.fail_next(fault);
        world.work(120_000).await;
        assert_eq!(world.leads(), 3, "{fault:?}");
        assert_eq!(world.tasks(TaskStatus::Done).await, 3, "{fault:?}");
    }
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let mut world = World::new().await;
    world.replies(1).await;
    world.sandbox.fail_next(Fault::Status(503));
    world.work(89_000).await;
    assert_eq!(world.leads(), 0, "asked to wait 90 seconds");
    world.work(10_000).await;
    assert_eq!(world.leads(), 1);
}

#[tokio::test]
async fn a_poisoned_record_holds_no_other() {
    let mut world = World::new().await;
    world.replies(10).await;
    let key =
        ContactKey { client_id: ClientId::parse("acme").unwrap(), email: Email::parse("p4@example.com").unwrap() };
    let id = world.store.contact(&key).await.unwrap().unwrap().contact_id;
    // A person copied the record: two carry the key now, and Airtable refuses whatever would match both.
    world.sandbox.with(|base| {
        for _ in 0..2 {
            base.add("Leads", json!({ "Supabase Contact ID": id }).as_object().unwrap()).unwrap();
        }
    });
    world.work(60_000).await;
    assert_eq!(world.leads(), 11, "nine new ones beside the two copies");
    assert_eq!((world.tasks(TaskStatus::Done).await, world.tasks(TaskStatus::Dead).await), (9, 1));
    let dead = world.store.tasks(&TaskFilter { status: Some(TaskStatus::Dead), kind: None, limit: 10 }).await.unwrap();
    let why = dead[0].last_error.as_ref().unwrap();
    assert!(why.contains("2 leads carry this contact's id") && why.contains("--retry"), "{why}");
    world
        .sandbox
        .with(|base| base.edit("Leads", "rec00000000000001", "Supabase Contact ID", json!("no longer")).unwrap());
    assert!(world.store.retry_task(dead[0].task_id.parse().unwrap(), world.clock.read()).await.unwrap());
    world.work(60_000).await;
    assert_eq!(world.tasks(TaskStatus::Done).await, 10, "run again by hand after the cure");
}

#[tokio::test]
async fn a_persons_edit_stays_until_the_stage_moves() {
    let mut world = World::new().await;
    world.replies(1).await;
    world.work(2_000).await;
    let record = world.sandbox.with(|base| base.leads().keys().next().unwrap().clone());
    world.sandbox.with(|base| base.edit("Leads", &record, "Lead Status", json!("Working")).unwrap());
    let second = json!({ "kind": "reply_received", "email": "p0@example.com", "id": "second", "intent": "pricing_question",
        "occurred_at": "2026-11-02T09:00:00Z", "text": "and per year?" });
    world.events(second).await;
    world.work(2_000).await;
    let status = |world: &World| world.sandbox.with(|base| base.leads()[&record]["Lead Status"].clone());
    assert_eq!(status(&world), "Working", "the stage did not move");
    world.events(json!({ "kind": "deal_won", "email": "p0@example.com", "occurred_at": "2026-11-03T09:00:00Z" })).await;
    world.work(2_000).await;
    assert_eq!(status(&world), "Won");
}

#[tokio::test]
async fn without_airtable_promotions_wait_and_say_so() {
    let mut world = World::new().await;
    world.dispatcher =
        Dispatcher::new(world.store.clone(), Rules::default(), world.clock.now(), world.clock.pause(), None);
    world.replies(2).await;
    assert_eq!(world.work(5_000).await, 0);
    assert_eq!(world.tasks(TaskStatus::Pending).await, 2);
    let why = sales_engine::tasks::waits_for(
        sales_engine::engine::rows::TaskKind::AirtableSyncLead,
        sales_engine::tasks::Configured {
            airtable: false,
            gmail: false,
            schedule: false,
            platforms: false,
            ai: false,
            vectors: false,
        },
    );
    assert!(why.unwrap().contains("Airtable is not configured"));
}

#[tokio::test]
async fn a_lost_lease_is_taken_over_and_its_late_settle_changes_nothing() {
    let world = World::new().await;
    world.replies(1).await;
    let kinds = [sales_engine::engine::rows::TaskKind::AirtableSyncLead];
    let now = world.clock.read();
    let claim = |now: DateTime<Utc>| {
        world.store.claim_tasks(&kinds, 10, now, now + TimeDelta::seconds(60), uuid::Uuid::new_v4())
    };
    let first = claim(now).await.unwrap();
    assert_eq!((first.len(), claim(now).await.unwrap().len()), (1, 0), "claimed once");
    let second = claim(now + TimeDelta::seconds(60)).await.unwrap();
    assert_eq!((second.len(), second[0].attempts), (1, 2), "taken over when the lease ended");
    let settle = |task: &sales_engine::engine::rows::ClaimedTask| sales_engine::engine::rows::TaskSettled {
        task_id: task.task_id,
        lease: task.lease,
        wanted: task.wanted,
        end: sales_engine::engine::rows::TaskEnd::Done,
        now,
    };
    assert_eq!(world.store.settle_tasks(&[settle(&first[0])], &[], &[]).await.unwrap(), 0, "fenced");
    world.events(json!({ "kind": "deal_won", "email": "p0@example.com", "occurred_at": "2026-11-03T09:00:00Z" })).await;
    assert_eq!(world.store.settle_tasks(&[settle(&second[0])], &[], &[]).await.unwrap(), 1);
    let leads = TaskFilter { status: Some(TaskStatus::Pending), kind: Some(kinds[0]), limit: 10 };
    assert_eq!(world.store.tasks(&leads).await.unwrap().len(), 1, "wanted again while it ran");
}

#[tokio::test]
async fn a_hot_reply_overtakes_what_waits_in_bulk() {
    let mut world = World::new().await;
    world.replies(60).await;
    world.work(0).await;
    let follow_ups: Vec<Value> = (0..60)
        .map(|n| {
            json!({ "kind": "follow_up_set", "email": format!("p{n}@example.com"), "id": format!("f{n}"),
            "occurred_at": "2026-11-19T09:00:00Z", "date": "2026-12-24" })
        })
        .collect();
    world.events(Value::Array(follow_ups)).await;
    assert!(matches!(world.dispatcher.turn().await.unwrap(), Turn::Worked(10)), "bulk is on its way");
    let hot = json!({ "kind": "reply_received", "email": "hot@example.com", "id": "hot", "intent": "pricing_question",
        "occurred_at": "2026-11-20T09:00:00Z", "text": "now?" });
    world.events(hot).await;
    world.dispatcher.turn().await.unwrap();
    let is_there = |lead: &Map<String, Value>| lead["Email"] == "hot@example.com";
    assert!(world.sandbox.with(|base| base.leads().values().any(is_there)), "in the very next request");
    assert_eq!(world.work(60_000).await, 5, "the bulk after it");
    assert_eq!(world.sandbox.with(|base| base.rate_limited), 0);
}

/// What people do to records that the engine counts on, and what a person should hear of it.
#[tokio::test]
async fn records_that_people_took_apart_are_noticed_and_never_doubled() {
    type Deed = fn(&mut sales_engine::sandbox::airtable::Base, &str);
    let rows: [(&str, Deed, usize, &str); 4] = [
        ("deleted", |base, id| base.remove("Leads", id).unwrap(), 1, "deleted in Airtable; it is made again"),
        (
            "merged into another record",
            |base, id| {
                let key = base.leads()[id]["Supabase Contact ID"].clone();
                base.remove("Leads", id).unwrap();
                let merged = json!({ "Supabase Contact ID": key, "Internal Notes": "of two" });
                base.add("Leads", merged.as_object().unwrap()).unwrap();
            },
            1,
            "was merged into",
        ),
        (
            "its key taken out",
            |base, id| base.edit("Leads", id, "Supabase Contact ID", Value::Null).unwrap(),
            1,
            "took the contact's id out",
        ),
        (
            "copied",
            |base, id| {
                let key = base.leads()[id]["Supabase Contact ID"].clone();
                base.add("Leads", json!({ "Supabase Contact ID": key }).as_object().unwrap()).unwrap();
            },
            2,
            "2 leads carry this contact's id",
        ),
    ];
    for (what, deed, leads, told) in rows {
        let mut world = World::new().await;
        world.replies(1).await;
        world.work(2_000).await;
        let id = world.sandbox.with(|base| base.leads().keys().next().unwrap().clone());
        world.sandbox.with(|base| deed(base, &id));
        let won = json!({ "kind": "meeting_booked", "email": "p0@example.com", "occurred_at": "2026-11-03T09:00:00Z" });
        world.events(won).await;
        world.work(5_000).await;
        assert_eq!(world.leads(), leads, "{what}");
        let key =
            ContactKey { client_id: ClientId::parse("acme").unwrap(), email: Email::parse("p0@example.com").unwrap() };
        let contact = world.store.contact(&key).await.unwrap().unwrap();
        let logs = world.store.timeline(contact.contact_id, 50).await.unwrap().logs;
        assert!(logs.iter().any(|log| log.action_taken.contains(told)), "{what}: {logs:#?}");
        let current = contact.airtable_lead_id.unwrap();
        let booked = world.sandbox.with(|base| base.leads()[&current].get("Pipeline Stage").cloned());
        let expected = if leads == 1 { Some(json!("Meeting Scheduled")) } else { Some(json!("Engaged")) };
        assert_eq!(booked, expected, "{what}");
    }
}

#[tokio::test]
async fn a_link_to_a_record_that_is_not_there_holds_up_no_lead() {
    let mut world = World::new().await;
    world.replies(12).await;
    let won = json!({ "kind": "deal_won", "email": "p3@example.com", "occurred_at": "2026-11-03T09:00:00Z",
        "client_record": "recOfAnotherBase0" });
    world.events(won).await;
    world.work(5_000).await;
    assert_eq!((world.leads(), world.tasks(TaskStatus::Dead).await), (12, 0));
    let won: Vec<_> =
        world.sandbox.with(|base| base.leads().into_values().filter(|lead| lead["Lead Status"] == "Won").collect());
    assert!(won.len() == 1 && !won[0].contains_key("Client"), "{won:#?}");
}

#[tokio::test]
async fn the_months_calls_are_told_and_used_up_they_pause_the_base() {
    let mut world = World::new().await;
    let plan = AirtableSettings { monthly_calls_max: Some(10), ..settings(&world.sandbox) };
    world.dispatcher =
        Dispatcher::new(world.store.clone(), Rules::default(), world.clock.now(), world.clock.pause(), Some(plan));
    world.replies(85).await;
    world.work(2_000).await;
    let alerts = world.alerts("calls a month").await;
    assert!(alerts.len() == 1 && alerts[0].contains("8 of the 10"), "told once at four fifths: {alerts:?}");
    world.replies(400).await;
    world.sandbox.fail_next(Fault::QuotaReached);
    let before = world.clock.read();
    world.work(60_000).await;
    assert!(world.leads() < 400, "left alone: {}", world.leads());
    world.clock.to(before + TimeDelta::hours(1));
    world.work(60_000).await;
    assert_eq!((world.leads(), world.tasks(TaskStatus::Dead).await), (400, 0), "and none was given up");
}
