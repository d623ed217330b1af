//! One webhook of twenty is lost on its way: what the platforms keep brings all of it back, once, within their limits.

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
use sales_engine::tasks::{Dispatcher, Job, Pace, Pause, PlatformAccount, PlatformService, Turn};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const KEY: &str = "smartlead-key";
const INSTANTLY_KEY: &str = "instantly-key";
const CAMPAIGN: u64 = 4_028_770;
const OTHER_CAMPAIGN: u64 = 3_623_750;
const INSTANTLY_CAMPAIGN: &str = "0d3a1f7e-4a52-4c1b-9a39-4fd3cf1f2a77";
const HOOK: &str = "https://sales.example.com/hooks/instantly/acme?token=x";
const BEGAN: &str = "2026-10-19T08:00:00Z";
const LEADS: u64 = 90;
const TURNS_MAX: usize = 20_000;

/// Chance, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
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
fn two_days(sandbox: &Sandbox, dice: &mut Dice) -> Vec<Posted> {
    let began: DateTime<Utc> = BEGAN.parse().unwrap();
    let mut posted = Vec::new();
    let instantly_id = |nth: u64| uuid::Uuid::from_u128(0xa000 + u128::from(nth)).to_string();
    for step in 0..2_u64 {
        for nth in 0..LEADS {
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

fn dispatcher(engine: &Engine, sandbox: &Sandbox) -> Dispatcher {
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
    // Time goes on by what is waited for.
    let clock = engine.clock.clone();
    let pause: Pause = Arc::new(move |until| {
        clock.set(&until.to_rfc3339());
        Box::pin(async {})
    });
    Dispatcher::new(engine.store.clone(), engine.rules.clone(), engine.clock.now(), pause, None).with_platforms(vec![
        account(PlatformService::Smartlead(smartlead), Pace::SMARTLEAD),
        account(PlatformService::Instantly { client, stop_interest: None }, Pace::INSTANTLY),
    ])
}

/// Asks for the rounds and works until nothing is left to do.
async fn reconcile(engine: &Engine, dispatcher: &mut Dispatcher) {
    while !engine.store.fold_counters(engine.clock.now()()).await.unwrap() {}
    engine.sweep(Job::Reconcile).await;
    for _ in 0..TURNS_MAX {
        match dispatcher.turn().await.unwrap() {
            Turn::Worked(_) => {}
            Turn::Wait(until) => engine.clock.set(&until.to_rfc3339()),
            Turn::Idle => {
                let open = "SELECT min(due_at) AS x FROM tasks WHERE kind = 'platform.reconcile' AND status <> 'done'";
                let due = engine.person.texts(open).await.remove(0);
                if due == "-" {
                    return;
                }
                engine.clock.go_on(TimeDelta::minutes(5));
            }
        }
    }
    panic!("there is always more to do");
}

async fn rows(engine: &Engine) -> Vec<Value> {
    let rows = "SELECT action_details AS x FROM automation_logs WHERE action_taken LIKE 'reconciled with%'";
    let rows = engine.person.texts(rows).await;
    assert!(rows.iter().all(|row| !row.contains('@')), "{rows:?}");
    rows.iter().flat_map(|row| serde_json::from_str::<Vec<Value>>(row).unwrap()).collect()
}

async fn all_come_back(database: &Database, seed: u64, is_stormy: bool) {
    let mut engine = Engine::at(&database.address, database.store.clone(), BEGAN).await;
    engine.settings.accounts = vec![(acme(), Outreach::Smartlead), (acme(), Outreach::Instantly)];
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "unused", engine.clock.now()).await.unwrap();
    let mut dice = Dice(seed);
    let posted = two_days(&sandbox, &mut dice);
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
    assert!(lost >= 5, "{lost} of {} were lost", posted.len());
    assert_ne!(state(&engine).await, state(&whole).await);

    if is_stormy {
        let mut dice = Dice(seed + 1);
        let faults = [
            OutreachFault::Status(500),
            OutreachFault::RateLimited(Some(20)),
            OutreachFault::DropBefore,
            OutreachFault::Garbage,
            OutreachFault::OtherShape,
            OutreachFault::HalfBody,
        ];
        let hook: Hook = Box::new(move |_, _, _| {
            let fault = faults[usize::try_from(dice.below(6)).unwrap()];
            (dice.below(4) == 0).then_some(fault)
        });
        sandbox.smartlead(|smartlead| smartlead.fail_when(hook));
    }
    engine.clock.set("2026-10-20T20:00:00Z");
    let mut dispatcher = dispatcher(&engine, &sandbox);
    reconcile(&engine, &mut dispatcher).await;
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
    reconcile(&engine, &mut dispatcher).await;
    assert_eq!((rows(&engine).await.len(), state(&engine).await), (lost, state(&whole).await));
    for posted in &posted {
        assert_eq!(engine.post(posted.source, &posted.body).await, "duplicate");
    }
    assert_eq!(state(&engine).await, state(&whole).await);
    let over = (
        sandbox.smartlead(|smartlead| smartlead.open(KEY).requests_over()),
        sandbox.instantly(|instantly| instantly.open(INSTANTLY_KEY).requests_over()),
    );
    assert_eq!(over, (0, 0), "no limit was exceeded");
    let is_look = |path: &str| path.ends_with("/statistics") || path.ends_with("/message-history");
    let asked =
        sandbox.smartlead(|smartlead| smartlead.open(KEY).received().filter(|asked| is_look(&asked.path)).count());
    assert!(is_stormy || asked < posted.len() / 3, "{asked} requests for {} events", posted.len());
}

on_both! {
    async fn what_never_arrived_comes_back_once(database: Database) {
        Box::pin(all_come_back(&database, 7, false)).await;
    }
}

on_both! {
    async fn and_in_a_storm_too(database: Database) {
        Box::pin(all_come_back(&database, 11, true)).await;
    }
}
