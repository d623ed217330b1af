//! One webhook of twenty is lost on its way: what the platforms keep brings all of it back, once, within their limits: in a calm, in
//! storms, by four instances, and by processes that are killed before and after each request or wherever they wait.

use crate::common::kill::{Cut, Cuts, Dice, LEASE_MS, until_killed};
use crate::common::{Database, Kind};
use crate::on_both;
use crate::world::{Engine, acme};
use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::domain::event::Source;
use sales_engine::domain::outreach::Outreach;
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::outreach::{Hook, OutreachFault};
use sales_engine::services::instantly::Instantly;
use sales_engine::services::smartlead::Smartlead;
use sales_engine::sources::settings::Secret;
use sales_engine::store::Store;
use sales_engine::tasks::{Dispatcher, Job, Pace, PlatformAccount, PlatformService, Turn};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const KEY: &str = "smartlead-key";
const INSTANTLY_KEY: &str = "instantly-key";
const CAMPAIGN: u64 = 4_028_770;
const OTHER_CAMPAIGN: u64 = 3_623_750;
const INSTANTLY_CAMPAIGN: &str = "0d3a1f7e-4a52-4c1b-9a39-4fd3cf1f2a77";
const HOOK: &str = "https://sales.example.com/hooks/instantly/acme?token=x";
const BEGAN: &str = "2026-10-19T08:00:00Z";
const TURNS_MAX: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Calm,
    /// Every fourth request fails at both platforms, in all the ways there are.
    Storm(u64),
    FourInstances,
    KilledAtEachRequest,
    KilledAnywhere(u64),
    /// At first the database does not take what is told of it.
    Untold,
}

/// What the platforms post, in their order.
struct Posted {
    source: Source,
    at: DateTime<Utc>,
    body: Value,
}

fn email(nth: u64) -> String {
    format!("p{nth}@example.com")
}

/// Two days at both platforms: mails, replies, an opt-out in words here and there.
fn two_days(sandbox: &Sandbox, leads: u64, dice: &mut Dice) -> Vec<Posted> {
    let began: DateTime<Utc> = BEGAN.parse().unwrap();
    let mut posted = Vec::new();
    let instantly_id = |nth: u64| uuid::Uuid::from_u128(0xa000 + u128::from(nth)).to_string();
    for step in 0..2_u64 {
        for nth in 0..leads {
            let at =
                began + TimeDelta::days(i64::try_from(step).unwrap()) + TimeDelta::minutes(i64::try_from(nth).unwrap());
            let later = at + TimeDelta::hours(3);
            let text = ["Sounds good, tell me more", "No thanks", "Please remove me from your list"]
                [usize::try_from(nth % 3).unwrap()];
            let answers = step == 1 && dice.below(5) == 0;
            if nth % 3 == 2 {
                let body = |event_type: &str, id: u64, at: DateTime<Utc>, more: Value| {
                    let mut body = json!({ "event_type": event_type, "timestamp": at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
                        "workspace": INSTANTLY_CAMPAIGN, "campaign_id": INSTANTLY_CAMPAIGN, "lead_email": email(nth),
                        "email_account": "us@acme.example", "email_id": instantly_id(id), "step": step + 1 });
                    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                    body
                };
                let sent = body(
                    "email_sent",
                    step * 1_000 + nth,
                    at,
                    json!({ "email_subject": "Hi", "email_html": "<p>Hi</p>" }),
                );
                posted.push(Posted { source: Source::Instantly, at, body: sent });
                if answers {
                    let reply = body(
                        "reply_received",
                        10_000 + nth,
                        later,
                        json!({ "reply_subject": "Re", "reply_text": text }),
                    );
                    posted.push(Posted { source: Source::Instantly, at: later, body: reply });
                }
                continue;
            }
            let campaign = if nth % 3 == 0 { CAMPAIGN } else { OTHER_CAMPAIGN };
            let told = sandbox.smartlead(|smartlead| {
                let account = smartlead.open(KEY);
                account.add_lead(campaign, &email(nth));
                let sent = account.send(campaign, &email(nth), at).unwrap();
                let reply = answers.then(|| account.receive(campaign, &email(nth), text, later).unwrap());
                [Some((at, sent)), reply.map(|reply| (later, reply))]
            });
            for (at, body) in told.into_iter().flatten() {
                posted.push(Posted { source: Source::Smartlead, at, body });
            }
        }
    }
    posted.sort_by_key(|posted| posted.at);
    for posted in posted.iter().filter(|posted| posted.source == Source::Instantly) {
        sandbox.instantly(|instantly| instantly.open(INSTANTLY_KEY).log_post(HOOK, &posted.body, posted.at, true));
    }
    // Another tool's webhook tells of the same; it is none of ours.
    let alien = json!({ "event_type": "email_sent", "timestamp": BEGAN, "campaign_id": INSTANTLY_CAMPAIGN, "lead_email": "alien@example.com" });
    sandbox.instantly(|instantly| {
        instantly.open(INSTANTLY_KEY).log_post("https://crm.example/in", &alien, began + TimeDelta::hours(1), true);
    });
    posted
}

/// Contacts and conversations, without what tells one database from another.
async fn state(engine: &Engine) -> Vec<String> {
    let mut state = Vec::new();
    for statement in [
        "SELECT email || ' ' || lead_status || ' ' || coalesce(lead_email_status, '-') || ' ' || emails_sent_count || ' ' || reply_count
             || ' ' || coalesce(current_campaign_id, '-') AS x FROM contacts",
        "SELECT c.email || ' ' || h.message_status || ' ' || h.message_type || ' ' || coalesce(h.external_message_id, '-') || ' '
             || coalesce(h.thread_id, '-') || ' ' || coalesce(h.account_identifier, '-') || ' ' || coalesce(h.subject, '-') || ' '
             || h.message_content || ' ' || coalesce(CAST(h.sequence_step AS TEXT), '-') AS x
         FROM chat_history AS h JOIN contacts AS c ON c.contact_id = h.contact_id",
        "SELECT dedupe_key AS x FROM events",
    ] {
        state.extend(engine.person.texts(&format!("{statement} ORDER BY 1")).await);
    }
    state
}

fn accounts(sandbox: &Sandbox) -> Vec<PlatformAccount> {
    let url = sandbox.url();
    let account = |service: PlatformService, pace: Pace| PlatformAccount {
        service,
        clients: vec![acme()],
        sources: BTreeMap::new(),
        pace,
        comes_round: false,
    };
    let smartlead = Smartlead::new(Secret::new(KEY), &format!("{url}/api/v1")).unwrap();
    let client = Instantly::new(Secret::new(INSTANTLY_KEY), &format!("{url}/api/v2")).unwrap();
    vec![
        account(PlatformService::Smartlead(smartlead), Pace::SMARTLEAD),
        account(PlatformService::Instantly { client, stop_interest: None }, Pace::INSTANTLY),
    ]
}

fn dispatcher(engine: &Engine, accounts: &[PlatformAccount], store: Store) -> Dispatcher {
    let clock = &engine.clock.0;
    Dispatcher::new(store, engine.rules.clone(), clock.now(), clock.pause(), None).with_platforms(accounts.to_vec())
}

/// What becomes of a request to a platform in this weather.
fn hook(weather: Weather, cuts: &Cuts, salt: u64) -> Option<Hook> {
    match weather {
        Weather::Calm | Weather::FourInstances | Weather::KilledAnywhere(_) | Weather::Untold => None,
        Weather::Storm(seed) => {
            let mut dice = Dice(seed + salt);
            let faults = [
                OutreachFault::Status(500),
                OutreachFault::RateLimited(Some(20)),
                OutreachFault::RateLimited(None),
                OutreachFault::Unavailable(7),
                OutreachFault::DropBefore,
                OutreachFault::DropAfter,
                OutreachFault::Garbage,
                OutreachFault::OtherShape,
                OutreachFault::HalfBody,
                OutreachFault::HalfPage,
                OutreachFault::HalfPage,
            ];
            Some(Box::new(move |_, _, _| {
                let fault = faults[usize::try_from(dice.below(11)).unwrap()];
                (dice.below(4) == 0).then_some(fault)
            }))
        }
        Weather::KilledAtEachRequest => {
            let cuts = cuts.clone();
            Some(Box::new(move |method, path, _| match cuts.of_each(format!("{method} {path}")) {
                Cut::Before => Some(OutreachFault::HangBefore),
                Cut::After => Some(OutreachFault::HangAfter),
                Cut::Through => None,
            }))
        }
    }
}

/// Who reconciles, and how often a process of theirs was killed.
struct Workers {
    weather: Weather,
    accounts: Vec<PlatformAccount>,
    cuts: Cuts,
    dice: Dice,
    kills: usize,
}

impl Workers {
    fn at_work(weather: Weather, sandbox: &Sandbox) -> Self {
        let cuts = Cuts::default();
        if let Some(hook) = hook(weather, &cuts, 0) {
            sandbox.smartlead(|smartlead| smartlead.fail_when(hook));
        }
        if let Some(hook) = hook(weather, &cuts, 1) {
            sandbox.instantly(|instantly| instantly.fail_when(hook));
        }
        let seed = match weather {
            Weather::Calm | Weather::FourInstances | Weather::KilledAtEachRequest | Weather::Untold => 0,
            Weather::Storm(seed) | Weather::KilledAnywhere(seed) => seed,
        };
        Self { weather, accounts: accounts(sandbox), cuts, dice: Dice(seed), kills: 0 }
    }

    /// Asks for the rounds and works until nothing is left to do.
    async fn reconcile(&mut self, engine: &Engine) {
        while !engine.store.fold_counters(engine.clock.now()()).await.unwrap() {}
        engine.sweep(Job::Reconcile).await;
        let mut worker = dispatcher(engine, &self.accounts, engine.store.clone());
        for _ in 0..TURNS_MAX {
            let turn = match self.weather {
                Weather::Calm | Weather::Storm(_) | Weather::Untold => Some(Box::pin(worker.turn()).await.unwrap()),
                Weather::FourInstances => Some(Box::pin(four_turns(engine, &self.accounts)).await),
                Weather::KilledAtEachRequest => until_killed(Box::pin(worker.turn()), |_| self.cuts.is_hanging()).await,
                Weather::KilledAnywhere(_) => {
                    let polls_max = 2 + self.dice.below(80);
                    until_killed(Box::pin(worker.turn()), |polls| polls > polls_max).await
                }
            };
            match turn {
                None => {
                    self.kills += 1;
                    engine.clock.go_on(TimeDelta::milliseconds(LEASE_MS));
                    worker = dispatcher(engine, &self.accounts, engine.store.clone());
                }
                Some(Turn::Worked(_)) => {}
                Some(Turn::Wait(until)) => engine.clock.0.to(until),
                Some(Turn::Idle) => {
                    let open = "SELECT 1 AS x FROM tasks WHERE kind = 'platform.reconcile' AND status <> 'done'";
                    if engine.person.texts(open).await.is_empty() {
                        return;
                    }
                    engine.clock.go_on(TimeDelta::minutes(5));
                }
            }
        }
        panic!("there is always more to do");
    }
}

/// Four instances at once, each with connections of its own, until none of them finds work.
async fn four_turns(engine: &Engine, accounts: &[PlatformAccount]) -> Turn {
    let clock = &engine.clock.0;
    clock.at_work(4);
    let one = || async {
        let mut dispatcher = dispatcher(engine, accounts, Store::open(&engine.address).await.unwrap());
        let mut last = Turn::Idle;
        for _ in 0..20 {
            last = Box::pin(dispatcher.turn()).await.unwrap();
            match last {
                Turn::Worked(_) => {}
                Turn::Wait(until) => clock.clone().wait(until).await,
                Turn::Idle => break,
            }
        }
        clock.is_through();
        last
    };
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    clock.at_work(1);
    [a, b, c, d].into_iter().find(|turn| *turn != Turn::Idle).unwrap_or(Turn::Idle)
}

/// Whoever is cut off between what is done and that it is told must not exist: what can't be told is not done.
async fn nothing_is_done_untold(engine: &Engine, accounts: &[PlatformAccount], kind: Kind) {
    let (refuse, cure) = match kind {
        Kind::Sqlite => (
            "CREATE TRIGGER untold BEFORE INSERT ON automation_logs WHEN NEW.action_taken LIKE 'reconciled with%'
             BEGIN SELECT RAISE(ABORT, 'untold'); END",
            "DROP TRIGGER untold",
        ),
        Kind::Postgres => (
            "ALTER TABLE automation_logs ADD CONSTRAINT untold CHECK (action_taken NOT LIKE 'reconciled with%')",
            "ALTER TABLE automation_logs DROP CONSTRAINT untold",
        ),
    };
    let before = state(engine).await;
    engine.person.run(refuse).await.unwrap();
    while !engine.store.fold_counters(engine.clock.now()()).await.unwrap() {}
    engine.sweep(Job::Reconcile).await;
    let mut worker = dispatcher(engine, accounts, engine.store.clone());
    for _ in 0..40 {
        if let Turn::Wait(until) = Box::pin(worker.turn()).await.unwrap() {
            engine.clock.0.to(until);
        }
    }
    let failed = "SELECT count(*) AS x FROM tasks WHERE kind = 'platform.reconcile' AND last_error LIKE '%untold%'";
    assert!(engine.number(failed).await > 0, "something was found, and could not be told");
    assert_eq!(state(engine).await, before, "so it was not done");
    engine.person.run(cure).await.unwrap();
}

async fn rows(engine: &Engine) -> Vec<Value> {
    let rows = "SELECT action_details AS x FROM automation_logs WHERE action_taken LIKE 'reconciled with%'";
    let rows = engine.person.texts(rows).await;
    assert!(rows.iter().all(|row| !row.contains('@')), "{rows:?}");
    rows.iter().flat_map(|row| serde_json::from_str::<Vec<Value>>(row).unwrap()).collect()
}

async fn all_come_back(database: &Database, seed: u64, weather: Weather) {
    let mut engine = Engine::at(&database.address, database.store.clone(), BEGAN).await;
    engine.settings.accounts = vec![(acme(), Outreach::Smartlead), (acme(), Outreach::Instantly)];
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "unused", engine.clock.now()).await.unwrap();
    let mut dice = Dice(seed);
    // What is tried again and again is tried on fewer.
    let leads = match weather {
        Weather::Calm | Weather::Storm(_) => 90,
        Weather::FourInstances | Weather::KilledAtEachRequest | Weather::KilledAnywhere(_) | Weather::Untold => 48,
    };
    let posted = two_days(&sandbox, leads, &mut dice);
    // The first of each source always arrives: whoever was never heard is not listened to.
    let mut lost = 0;
    let complete = Database::new(Kind::Sqlite).await;
    let whole = Engine::at(&complete.address, complete.store.clone(), BEGAN).await;
    let mut heard: Vec<Source> = Vec::new();
    for posted in &posted {
        engine.clock.set(&(posted.at + TimeDelta::seconds(5)).to_rfc3339());
        whole.clock.set(&(posted.at + TimeDelta::seconds(5)).to_rfc3339());
        assert_eq!(whole.post(posted.source, &posted.body).await, "applied");
        if heard.contains(&posted.source) && dice.below(20) == 0 {
            lost += 1;
            continue;
        }
        heard.push(posted.source);
        engine.post(posted.source, &posted.body).await;
    }
    assert!(lost >= 3, "{lost} of {} were lost", posted.len());
    assert_ne!(state(&engine).await, state(&whole).await);

    engine.clock.set("2026-10-20T20:00:00Z");
    let mut workers = Workers::at_work(weather, &sandbox);
    if weather == Weather::Untold {
        Box::pin(nothing_is_done_untold(&engine, &workers.accounts, database.kind)).await;
    }
    workers.reconcile(&engine).await;
    assert_eq!(state(&engine).await, state(&whole).await, "all of it is there, and nothing twice");
    let named = rows(&engine).await;
    assert_eq!(named.len(), lost, "each event that never arrived is named once");
    for event in &named {
        let id = event["event_id"].as_str().unwrap();
        let known =
            engine.number(&format!("SELECT count(*) AS x FROM events WHERE CAST(event_id AS TEXT) = '{id}'")).await;
        assert_eq!(known, 1, "{event}");
    }

    // Again: nothing new. What comes late after all is known.
    engine.clock.go_on(TimeDelta::hours(7));
    workers.reconcile(&engine).await;
    assert_eq!((rows(&engine).await.len(), state(&engine).await), (lost, state(&whole).await));
    for posted in &posted {
        assert_eq!(engine.post(posted.source, &posted.body).await, "duplicate");
    }
    assert_eq!(state(&engine).await, state(&whole).await);
    let over = (
        sandbox.smartlead(|smartlead| smartlead.open(KEY).requests_over()),
        sandbox.instantly(|instantly| instantly.open(INSTANTLY_KEY).requests_over()),
    );
    // What a process that is killed at any moment had sent already may arrive when the clock has been moved on for the next one.
    if !matches!(weather, Weather::KilledAnywhere(_)) {
        assert_eq!(over, (0, 0), "no limit was exceeded, and nothing was asked in a lock-out");
    }
    match weather {
        Weather::Calm | Weather::Storm(_) | Weather::FourInstances | Weather::Untold => assert_eq!(workers.kills, 0),
        Weather::KilledAtEachRequest => assert!(workers.kills > 30, "killed {} times", workers.kills),
        // How often depends on how often it waits, which a machine at rest does less.
        Weather::KilledAnywhere(_) => assert!(workers.kills > 0),
    }
    let is_look = |path: &str| path.ends_with("/statistics") || path.ends_with("/message-history");
    let asked =
        sandbox.smartlead(|smartlead| smartlead.open(KEY).received().filter(|asked| is_look(&asked.path)).count());
    assert!(weather != Weather::Calm || asked < posted.len() / 3, "{asked} requests for {} events", posted.len());
}

on_both! {
    async fn what_never_arrived_comes_back_once(database: Database) {
        Box::pin(all_come_back(&database, 7, Weather::Calm)).await;
    }
}

on_both! {
    async fn and_in_a_storm_too(database: Database) {
        Box::pin(all_come_back(&database, 11, Weather::Storm(12))).await;
    }
}

on_both! {
    async fn and_by_four_instances_at_once(database: Database) {
        Box::pin(all_come_back(&database, 13, Weather::FourInstances)).await;
    }
}

on_both! {
    async fn and_by_processes_that_are_killed_before_and_after_each_request(database: Database) {
        Box::pin(all_come_back(&database, 17, Weather::KilledAtEachRequest)).await;
    }
}

on_both! {
    async fn and_by_processes_that_are_killed_anywhere(database: Database) {
        Box::pin(all_come_back(&database, 19, Weather::KilledAnywhere(5))).await;
    }
}

on_both! {
    async fn and_nothing_comes_back_untold(database: Database) {
        Box::pin(all_come_back(&database, 23, Weather::Untold)).await;
    }
}
