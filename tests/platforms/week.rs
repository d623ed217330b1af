//! A week of two campaigns: replies, a bounce, opt-outs, a contact that another campaign takes over, absences and returns, pauses by
//! hand. Calm, with four instances, through storms, and killed between every two steps. Whatever happens, in the end the platforms have
//! what the contacts' stages demand, and no limit was exceeded.

use crate::common::Database;
use crate::on_both;
use crate::world::{INSTANTLY_KEY, KEY, Weather, World};
use sales_engine::domain::ids::{CampaignId, ClientId};
use sales_engine::domain::stage::Stage;
use sales_engine::domain::suppression::{Reason, Scope, Target};
use sales_engine::engine::rows::TaskStatus;
use sales_engine::persons::{self, Wish};
use sales_engine::sandbox::smartlead::LeadStatus::{self, InProgress, Paused, Stopped};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CAMPAIGN: u64 = 7;
const OTHER: u64 = 8;
const AT_INSTANTLY: &str = "019db117-9cc0-7982-98a3-9214ab22ab34";

fn p(n: u32) -> String {
    format!("p{n}@example.com")
}

fn i(n: u32) -> String {
    format!("i{n}@example.net")
}

fn event(kind: &str, who: &str, more: &Value) -> Value {
    let mut event = json!({ "kind": kind, "email": who });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn mail(who: &str, campaign: &str) -> Value {
    event("email_sent", who, &json!({ "campaign_id": campaign, "step": 1 }))
}

fn reply(who: &str, intent: &str) -> Value {
    event("reply_received", who, &json!({ "intent": intent, "text": "hello" }))
}

fn absence(who: &str) -> Value {
    event("reply_received", who, &json!({ "auto_reply": "out_of_office", "return_date": "2026-11-25", "text": "away" }))
}

fn at_smartlead(world: &World, who: &str, campaign: u64) -> Option<LeadStatus> {
    world.sandbox.smartlead(|smartlead| smartlead.account(KEY).unwrap().status(campaign, who))
}

fn at_instantly(world: &World, who: &str) -> Option<(i64, Option<i64>)> {
    world.sandbox.instantly(|instantly| instantly.workspace(INSTANTLY_KEY).unwrap().lead(AT_INSTANTLY, who))
}

async fn begun(database: &Database, weather: Weather, stop_interest: Option<i64>) -> World {
    let mut world = World::new(database, weather, stop_interest).await;
    for n in 0..8 {
        world.sandbox.smartlead(|smartlead| smartlead.open(KEY).add_lead(CAMPAIGN, &p(n)));
    }
    world.sandbox.smartlead(|smartlead| smartlead.open(KEY).add_lead(OTHER, &p(3)));
    for n in 0..5 {
        world.sandbox.instantly(|instantly| instantly.open(INSTANTLY_KEY).add_lead(AT_INSTANTLY, &i(n)));
    }
    // p8 is at Smartlead no more.
    for n in 0..9 {
        world.told(mail(&p(n), "7")).await;
    }
    for n in 0..5 {
        world.told(mail(&i(n), AT_INSTANTLY)).await;
    }
    world
}

#[expect(clippy::too_many_lines, reason = "a week is told from its beginning to its end")]
async fn a_week(database: Database, weather: Weather) {
    let mut world = begun(&database, weather, None).await;
    Box::pin(world.work()).await;
    let asked = world.sandbox.smartlead(|smartlead| smartlead.account(KEY).unwrap().received().count());
    assert_eq!(asked, 0, "a sequence that runs needs nothing");

    // What ends a sequence, and what only halts it.
    world.told(reply(&p(0), "pricing_question")).await;
    world.told(event("email_bounced", &p(1), &json!({ "permanent": true, "campaign_id": "7" }))).await;
    world.told(event("unsubscribed", &p(2), &json!({}))).await;
    world.told(mail(&p(3), "8")).await;
    world.told(absence(&p(4))).await;
    world.told(event("sequence_paused", &p(5), &json!({ "campaign_id": "7" }))).await;
    world.told(reply(&p(8), "not_interested")).await;
    world.told(reply(&i(0), "interested_wants_info")).await;
    world.told(event("unsubscribed", &i(1), &json!({}))).await;
    world.told(absence(&i(2))).await;
    world.sandbox.instantly(|instantly| instantly.open(INSTANTLY_KEY).set_status(AT_INSTANTLY, &i(4), 3));
    world.told(reply(&i(4), "not_interested")).await;
    Box::pin(world.work()).await;
    let statuses: Vec<_> = (0..8).map(|n| at_smartlead(&world, &p(n), CAMPAIGN).unwrap()).collect();
    assert_eq!(statuses, [Paused, Paused, Stopped, Paused, Paused, Paused, InProgress, InProgress]);
    assert_eq!(at_smartlead(&world, &p(3), OTHER), Some(InProgress), "the one that took over writes on");
    assert_eq!(at_smartlead(&world, &p(8), CAMPAIGN), None);
    world.sandbox.smartlead(|smartlead| {
        let account = smartlead.account(KEY).unwrap();
        assert!(account.is_unsubscribed(&p(2)) && account.unsubscribed_count() == 1, "everywhere, and nobody else");
        let blocked: Vec<&String> = account.block_list().iter().collect();
        assert_eq!(blocked, [&i(1), &p(2)], "whoever opted out anywhere can't be imported again");
    });
    world.sandbox.instantly(|instantly| {
        let workspace = instantly.workspace(INSTANTLY_KEY).unwrap();
        assert_eq!(workspace.block_list().iter().collect::<Vec<_>>(), [&i(1), &p(2)]);
        assert_eq!(workspace.removed(), 2, "those whose sequence was over already are left as they are");
    });
    let leads: Vec<_> = (0..5).map(|n| at_instantly(&world, &i(n)).map(|(status, _)| status)).collect();
    assert_eq!(leads, [None, None, Some(1), Some(1), Some(3)]);

    // They come back, or are resumed by hand; a lead was deleted there and imported anew, another has another address.
    world.clock.to("2026-11-25T08:00:00Z".parse().unwrap());
    world.is_back(&p(4)).await;
    world.is_back(&i(2)).await;
    world.told(event("sequence_resumed", &p(5), &json!({ "campaign_id": "7" }))).await;
    Box::pin(world.work()).await;
    assert_eq!(world.contact(&p(4)).await.stage, Stage::InSequence);
    assert_eq!(
        (at_smartlead(&world, &p(4), CAMPAIGN), at_smartlead(&world, &p(5), CAMPAIGN)),
        (Some(InProgress), Some(InProgress))
    );
    world.sandbox.smartlead(|smartlead| {
        let account = smartlead.open(KEY);
        account.delete_lead(&p(4));
        account.add_lead(CAMPAIGN, &p(4)).unwrap();
    });
    let other = "somebody.else@example.com";
    world.sandbox.instantly(|instantly| {
        let workspace = instantly.open(INSTANTLY_KEY);
        workspace.readdress(AT_INSTANTLY, &i(2), other);
        workspace.add_lead(AT_INSTANTLY, &i(2)).unwrap();
    });
    world.told(reply(&p(4), "interested_ready_to_talk")).await;
    world.told(reply(&i(2), "not_interested")).await;
    Box::pin(world.work()).await;
    assert_eq!(
        at_smartlead(&world, &p(4), CAMPAIGN),
        Some(Paused),
        "what was remembered was stale and was looked up again"
    );
    assert_eq!(at_instantly(&world, &i(2)), None);
    assert_eq!(at_instantly(&world, other), Some((1, None)), "the remembered id is another person's now");

    // A campaign writes to one who opted out: it is stopped there, and told.
    world.sandbox.smartlead(|smartlead| smartlead.open(KEY).add_lead(OTHER, &p(7)));
    world.told(event("unsubscribed", &p(7), &json!({}))).await;
    world.told(mail(&p(7), "8")).await;
    Box::pin(world.work()).await;
    assert_eq!(
        (at_smartlead(&world, &p(7), CAMPAIGN), at_smartlead(&world, &p(7), OTHER)),
        (Some(Stopped), Some(Stopped))
    );

    // Nobody tells that a sequence is through; so it is asked.
    let last_mail = "2026-11-20T09:30:00Z".parse().unwrap();
    world.sandbox.smartlead(|smartlead| smartlead.open(KEY).complete(CAMPAIGN, &p(6), last_mail));
    world.sandbox.instantly(|instantly| instantly.open(INSTANTLY_KEY).complete(AT_INSTANTLY, &i(3)));
    world.clock.forward_ms(3_700_000);
    Box::pin(world.work()).await;
    for who in [p(6), i(3)] {
        assert_eq!(world.contact(&who).await.stage, Stage::NoReply, "{who}");
    }
    assert_eq!(world.contact(&p(5)).await.stage, Stage::InSequence, "the others go on");

    // And the count of it all.
    let dead = world.tasks(TaskStatus::Dead).await;
    assert!(dead.is_empty(), "{dead:#?}");
    let person = database.person().await;
    let rows =
        "SELECT status || ' ' || action_taken AS x FROM automation_logs WHERE automation_type = 'Campaign Removal'";
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for row in person.texts(rows).await {
        *told.entry(row).or_default() += 1;
    }
    let count = |row: &str| told.get(row).copied().unwrap_or(0);
    assert!(told.keys().all(|row| !row.starts_with("Pending")), "what was open is settled: {told:#?}");
    assert_eq!(count("Success sequence paused at Smartlead"), 2, "{told:#?}");
    assert_eq!(count("Success sequence resumed at Smartlead"), 2, "{told:#?}");
    assert_eq!(count("Success opt-out told to Smartlead"), 3, "{told:#?}");
    assert_eq!(count("Success opt-out told to Instantly"), 3, "{told:#?}");
    assert_eq!(count("Failed sequence not paused at Instantly"), 1, "{told:#?}");
    let stored = person.texts("SELECT count(*) AS x FROM platform_leads WHERE platform = 'smartlead'").await;
    assert!(stored[0].parse::<u32>().unwrap() >= 6, "{stored:?}");
    let over = world.sandbox.smartlead(|smartlead| smartlead.account(KEY).unwrap().requests_over())
        + world.sandbox.instantly(|instantly| instantly.workspace(INSTANTLY_KEY).unwrap().requests_over());
    // What a process that is killed at any moment had sent already may arrive when the clock has been moved on for the next one.
    if !matches!(weather, Weather::KilledAnywhere(_)) {
        assert_eq!(over, 0, "no request above a limit");
    }
    match weather {
        Weather::KilledAtEachRequest => assert!(world.kills > 50, "killed {} times", world.kills),
        Weather::KilledAnywhere(_) => assert!(world.kills > 5, "killed {} times", world.kills),
        Weather::Calm | Weather::FourInstances | Weather::Storm(_) => assert_eq!(world.kills, 0),
    }
}

on_both! {
    async fn calm(database: Database) {
        Box::pin(a_week(database, Weather::Calm)).await;
    }
}

on_both! {
    async fn with_four_instances(database: Database) {
        Box::pin(a_week(database, Weather::FourInstances)).await;
    }
}

on_both! {
    async fn through_storms(database: Database) {
        Box::pin(a_week(database, Weather::Storm(11))).await;
    }
}

on_both! {
    async fn killed_before_and_after_each_request(database: Database) {
        Box::pin(a_week(database, Weather::KilledAtEachRequest)).await;
    }
}

on_both! {
    async fn killed_anywhere(database: Database) {
        Box::pin(a_week(database, Weather::KilledAnywhere(5))).await;
    }
}

on_both! {
    async fn a_label_of_the_owners_stops_and_pauses_at_instantly(database: Database) {
        let mut world = begun(&database, Weather::Calm, Some(-100)).await;
        world.told(reply(&i(0), "interested_wants_info")).await;
        world.told(absence(&i(1))).await;
        Box::pin(world.work()).await;
        for who in [i(0), i(1)] {
            assert_eq!(at_instantly(&world, &who), Some((1, Some(-100))), "{who}");
        }
        world.clock.to("2026-11-25T08:00:00Z".parse().unwrap());
        world.is_back(&i(1)).await;
        Box::pin(world.work()).await;
        assert_eq!((at_instantly(&world, &i(0)), at_instantly(&world, &i(1))), (Some((1, Some(-100))), Some((1, None))));
        assert_eq!(world.sandbox.instantly(|instantly| instantly.workspace(INSTANTLY_KEY).unwrap().removed()), 0);
    }
}

on_both! {
    async fn a_thousand_stops_exceed_no_limit_of_an_hour(database: Database) {
        let mut world = World::new(&database, Weather::Calm, None).await;
        // Two requests each: the lookup, the pause.
        for n in 0..600 {
            world.sandbox.smartlead(|smartlead| smartlead.open(KEY).add_lead(CAMPAIGN, &p(n)));
            world.told(mail(&p(n), "7")).await;
            world.told(reply(&p(n), "other")).await;
        }
        let began = world.clock.read();
        Box::pin(world.work()).await;
        let took = world.clock.read() - began;
        world.sandbox.smartlead(|smartlead| {
            let account = smartlead.account(KEY).unwrap();
            assert_eq!((account.count(Paused), account.received().count()), (600, 1_200));
            assert_eq!(account.requests_over(), 0);
        });
        assert!(took.num_minutes() > 60 && took.num_minutes() < 100, "took {took}");
    }
}

on_both! {
    async fn a_key_that_opens_nothing_pauses_the_account_and_is_told_once(database: Database) {
        let mut world = begun(&database, Weather::Calm, None).await;
        world.sandbox.smartlead(|smartlead| {
            let mut left = 3;
            smartlead.fail_when(Box::new(move |_, _, _| {
                left -= 1;
                (left >= 0).then_some(sales_engine::sandbox::outreach::OutreachFault::Unauthorised)
            }));
        });
        let began = world.clock.read();
        for n in 0..5 {
            world.told(reply(&p(n), "pricing_question")).await;
        }
        Box::pin(world.work()).await;
        assert!((world.clock.read() - began).num_minutes() >= 30, "three pauses of the whole account");
        let refused = world.sandbox.smartlead(|smartlead| smartlead.account(KEY).unwrap().received().count());
        assert_eq!(refused, 3 + 10, "each task is tried as often as it takes, no more");
        let person = database.person().await;
        let alerts = "SELECT action_taken AS x FROM automation_logs WHERE action_taken LIKE 'alert: sequences are not stopped%'";
        let alerts = person.texts(alerts).await;
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        assert!(alerts[0].contains("check api_key") && !alerts[0].contains(KEY), "{alerts:?}");
    }
}

on_both! {
    async fn what_is_refused_for_good_is_a_dead_end_that_can_be_run_again(database: Database) {
        let mut world = begun(&database, Weather::Calm, None).await;
        let fault = sales_engine::sandbox::outreach::OutreachFault::Status(422);
        world.sandbox.smartlead(|smartlead| smartlead.fail_next(fault));
        world.told(reply(&p(0), "pricing_question")).await;
        Box::pin(world.work()).await;
        let dead = world.tasks(TaskStatus::Dead).await;
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].last_error.as_deref(), Some("Smartlead: it refused it (status 422): failed on purpose"));
        let person = database.person().await;
        let rows = "SELECT status || ' ' || coalesce(error_message, '') AS x FROM automation_logs WHERE automation_type = 'Campaign Removal'";
        assert_eq!(person.texts(rows).await, ["Failed Smartlead: it refused it (status 422): failed on purpose"]);
        assert!(world.store.retry_task(dead[0].task_id.parse().unwrap(), world.clock.read()).await.unwrap());
        Box::pin(world.work()).await;
        assert_eq!(at_smartlead(&world, &p(0), CAMPAIGN), Some(Paused));
    }
}

on_both! {
    async fn whoever_is_put_on_the_list_is_stopped_and_goes_on_when_taken_off_it(database: Database) {
        let mut world = begun(&database, Weather::Calm, Some(-100)).await;
        let wish = |value: &str, scope: Scope, campaign: Option<&str>| Wish {
            target: Target::Address,
            value: value.to_owned(),
            scope,
            client_id: campaign.map(|_| ClientId::parse("acme").unwrap()),
            campaign: campaign.map(|id| CampaignId::parse(id).unwrap()),
            reason: Reason::Operator,
        };
        let wishes = [
            wish(&p(0), Scope::Agency, None),
            wish(&i(0), Scope::Agency, None),
            wish(&p(1), Scope::Campaign, Some("7")),
            wish(&p(2), Scope::Campaign, Some("8")),
        ];
        let (store, rules, now) = (world.store.clone(), world.rules.clone(), world.clock.read());
        assert_eq!(persons::suppress(&store, &rules, &wishes, now).await.unwrap(), 4);
        Box::pin(world.work()).await;
        let at = |world: &World| [0, 1, 2].map(|n| at_smartlead(world, &p(n), CAMPAIGN).unwrap());
        assert_eq!(at(&world), [Paused, Paused, InProgress], "the last one only from another campaign");
        assert_eq!(at_instantly(&world, &i(0)), Some((1, Some(-100))));
        assert_eq!(world.contact(&p(0)).await.stage, Stage::InSequence, "the list is no stage");
        for wish in &wishes {
            persons::lift(&store, &rules.suppression, wish, world.clock.read()).await.unwrap();
        }
        Box::pin(world.work()).await;
        assert_eq!((at(&world), at_instantly(&world, &i(0))), ([InProgress; 3], Some((1, None))));
        let blocked = world.sandbox.smartlead(|smartlead| smartlead.account(KEY).unwrap().block_list().len());
        assert_eq!(blocked, 0, "what can be taken back is on no block list");
    }
}

on_both! {
    async fn a_campaign_that_is_not_ours_holds_up_no_other(database: Database) {
        let mut world = begun(&database, Weather::Calm, None).await;
        world.sandbox.smartlead(|smartlead| smartlead.open(KEY).add_lead(OTHER, &p(9)));
        world.told(mail(&p(9), "8")).await;
        Box::pin(world.work()).await;
        world.clock.forward_ms(3 * 86_400_000);
        let last_mail = world.clock.read() - chrono::TimeDelta::days(3);
        world.sandbox.smartlead(|smartlead| {
            smartlead.open(KEY).complete(OTHER, &p(9), last_mail);
            smartlead.fail_when(Box::new(|_, path, _| {
                path.starts_with("campaigns/7/").then_some(sales_engine::sandbox::outreach::OutreachFault::Forbidden)
            }));
        });
        Box::pin(world.work()).await;
        world.clock.forward_ms(3_700_000);
        Box::pin(world.work()).await;
        assert_eq!(world.contact(&p(9)).await.stage, Stage::NoReply);
        assert_eq!(world.contact(&p(5)).await.stage, Stage::InSequence, "nothing is known of these");
        let person = database.person().await;
        let told = "SELECT error_message AS x FROM automation_logs WHERE status = 'Failed' AND action_taken LIKE 'asked how far%'";
        assert!(person.texts(told).await.iter().any(|text| text.starts_with("7: Smartlead")), "it is told which");
    }
}

on_both! {
    async fn whoever_is_through_is_found_however_many_are_before_them(database: Database) {
        let mut world = World::new(&database, Weather::Calm, None).await;
        // Twelve hundred leads went through the campaign; ours are the first, the last and some between.
        let ours: Vec<u32> = (0..1_200).filter(|n| n % 100 == 0 || *n == 1_199).collect();
        for n in &ours {
            world.told(mail(&p(*n), "7")).await;
        }
        let last_mail = world.clock.read();
        world.clock.forward_ms(3 * 86_400_000);
        world.sandbox.smartlead(|smartlead| {
            let account = smartlead.open(KEY);
            for n in 0..1_200 {
                account.add_lead(CAMPAIGN, &p(n)).unwrap();
                account.complete(CAMPAIGN, &p(n), last_mail);
            }
            // Now and then a page is short though more follows.
            let mut nth = 0;
            smartlead.fail_when(Box::new(move |_, _, _| {
                nth += 1;
                (nth % 5 == 2).then_some(sales_engine::sandbox::outreach::OutreachFault::HalfPage)
            }));
        });
        Box::pin(world.work()).await;
        // A round that goes on in several turns is over within the hour.
        for _ in 0..11 {
            world.clock.forward_ms(300_000);
            Box::pin(world.work()).await;
        }
        for n in &ours {
            assert_eq!(world.contact(&p(*n)).await.stage, Stage::NoReply, "{n}");
        }
        let asked = |world: &World| world.sandbox.smartlead(|smartlead| smartlead.account(KEY).unwrap().received().count());
        let (first, over) = (asked(&world), world.sandbox.smartlead(|smartlead| smartlead.account(KEY).unwrap().requests_over()));
        assert!((12..20).contains(&first) && over == 0, "{first} requests for 1,200 leads");
        world.clock.forward_ms(3_600_000);
        Box::pin(world.work()).await;
        assert_eq!(asked(&world), first, "nobody waits any more, so nothing is asked");
    }
}
