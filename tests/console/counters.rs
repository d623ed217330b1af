//! The counters tell what counting tells, whoever wrote, in whatever order, folded or not.

use crate::common::{Database, Person};
use crate::on_both;
use crate::world::{World, now};
use sales_engine::store::Store;
use sales_engine::store::console::{Rate, Span};
use serde_json::json;
use std::collections::BTreeMap;

/// A row of random numbers that is the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

async fn counted(person: &Person) -> BTreeMap<String, i64> {
    let rows = person
        .texts("SELECT client_id || ' ' || lead_status || '/' || pipeline_status || '/' || coalesce(campaign_status, '') || '/' || coalesce(lead_email_status, '') || ' ' || count(*) AS x FROM contacts GROUP BY client_id, lead_status, pipeline_status, campaign_status, lead_email_status")
        .await;
    let mut counts = BTreeMap::new();
    for row in rows {
        let (name, count) = row.rsplit_once(' ').unwrap();
        counts.insert(name.to_owned(), count.parse().unwrap());
    }
    counts
}

async fn told(store: &Store) -> BTreeMap<String, i64> {
    let mut told = BTreeMap::new();
    for (client, stages) in store.stage_counts().await.unwrap() {
        for (stage, count) in stages {
            let c = stage.columns();
            let name = format!(
                "{client} {}/{}/{}/{}",
                c.lead_status,
                c.pipeline_status,
                c.campaign_status.map(|status| status.to_string()).unwrap_or_default(),
                c.lead_email_status.map(|status| status.to_string()).unwrap_or_default(),
            );
            told.insert(name, count);
        }
    }
    told.retain(|_, count| *count != 0);
    told
}

const KINDS: [&str; 9] = [
    "contact_added",
    "email_sent",
    "reply_received",
    "reply_received",
    "email_bounced",
    "unsubscribed",
    "meeting_booked",
    "deal_won",
    "sequence_finished",
];

on_both! {
    async fn counters_equal_true_counts_after_random_work(database: Database) {
        let world = World::with(database, "").await;
        let person = world.database.person().await;
        let store = &world.database.store;
        let mut dice = Dice(7);
        for round in 0..6 {
            let mut deliveries = Vec::new();
            for index in 0..60 {
                let kind = KINDS[usize::try_from(dice.below(9)).unwrap()];
                let intent = ["interested_ready_to_talk", "not_interested", "out_of_office"][usize::try_from(dice.below(3)).unwrap()];
                let event = json!({
                    "kind": kind, "email": format!("p{}@example.com", dice.below(40)), "id": format!("{round}-{index}"),
                    "occurred_at": format!("2026-11-{:02}T{:02}:00:00Z", 1 + dice.below(26), dice.below(24)), "message_id": format!("m{round}-{index}@example.com"),
                    "campaign_id": format!("c{}", dice.below(3)), "platform": "gmail", "text": "x", "intent": intent,
                });
                let client = if dice.below(4) == 0 { "beta" } else { "acme" };
                deliveries.push((format!("/hooks/n8n/{client}"), event.to_string()));
            }
            // At once, so that batches form and writers work side by side.
            let posts = deliveries.iter().map(|(target, body)| world.hook(target, body));
            futures_all(posts.collect()).await;
            others_write(&person, &mut dice, round).await;
            assert_eq!(told(store).await, counted(&person).await, "round {round}");
            if round % 2 == 1 {
                while !store.fold_counters(now()).await.unwrap() {}
                assert_eq!(told(store).await, counted(&person).await, "round {round}, folded");
            }
        }
        rates_tell_the_rows(store, &person).await;
        while !store.fold_counters(now()).await.unwrap() {}
        rates_tell_the_rows(store, &person).await;
        world.finish().await;
    }
}

/// People and other programs write contacts too: one, many at once, none after all, and take some away.
async fn others_write(person: &Person, dice: &mut Dice, round: usize) {
    let id = |index: u64| format!("00000000-0000-4000-8000-{round:06}{index:06}");
    for index in 0..dice.below(5) + 2 {
        let insert = format!(
            "INSERT INTO contacts (contact_id, client_id, email) VALUES ('{}', 'acme', 'x{round}-{index}@example.com')",
            id(index)
        );
        person.run(&insert).await.unwrap();
    }
    let many = "UPDATE contacts SET lead_status = 'active', campaign_status = 'active' WHERE lead_status = 'triage' AND email LIKE 'x%'";
    person.run(many).await.unwrap();
    person.run(&format!("DELETE FROM contacts WHERE contact_id = '{}'", id(0))).await.unwrap();
    person.run(&format!("UPDATE contacts SET client_id = 'beta' WHERE contact_id = '{}'", id(1))).await.unwrap();
    let undone = "BEGIN; UPDATE contacts SET lead_status = 'won', pipeline_status = 'closed', campaign_status = 'completed', lead_email_status = 'replied' WHERE email LIKE 'x%'; ROLLBACK";
    person.run(undone).await.unwrap();
    assert!(person.run("UPDATE contacts SET lead_status = 'nonsense' WHERE email LIKE 'x%'").await.is_err(), "refused");
}

async fn rates_tell_the_rows(store: &Store, person: &Person) {
    let number = |rows: Vec<String>| rows[0].parse::<i64>().unwrap();
    let deliveries = number(person.texts("SELECT count(*) AS x FROM deliveries").await);
    let events = number(person.texts("SELECT count(*) AS x FROM events WHERE source = 'n8n'").await);
    let moved = number(
        person.texts("SELECT count(*) AS x FROM events WHERE source = 'n8n' AND stage_before <> stage_after").await,
    );
    assert!(deliveries > 300 && events > 200 && moved > 50, "{deliveries} {events} {moved}");
    for span in [Span::Hour, Span::Day, Span::Week] {
        let points = store.rates(Rate::Deliveries, span, now()).await.unwrap();
        assert_eq!(points.iter().map(|point| point.count).sum::<i64>(), deliveries, "{span:?}");
        assert!(points.iter().all(|point| point.from_seconds % span.step_seconds() == 0), "{span:?}");
        let points = store.rates(Rate::Events, span, now()).await.unwrap();
        let of_n8n = points.iter().filter(|point| point.source == "n8n").map(|point| point.count).sum::<i64>();
        assert_eq!(of_n8n, events, "{span:?}");
    }
    assert!(!store.moves(now()).await.unwrap().is_empty());
    let sent =
        number(person.texts("SELECT count(*) AS x FROM events WHERE kind = 'email_sent' AND source = 'n8n'").await);
    let activity = store.campaign_activity(1_000).await.unwrap();
    assert_eq!(activity.iter().filter(|row| row.what == "sent").map(|row| row.count).sum::<i64>(), sent);
}

async fn futures_all<T>(futures: Vec<impl Future<Output = T>>) {
    let mut waiting: Vec<_> = futures.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

on_both! {
    async fn what_was_there_before_is_counted_by_the_migration_and_minutes_are_forgotten(database: Database) {
        let person = database.person().await;
        person.run("INSERT INTO contacts (contact_id, client_id, email) VALUES ('00000000-0000-4000-8000-000000000001', 'acme', 'a@example.com')").await.unwrap();
        let store = &database.store;
        assert_eq!(told(store).await, counted(&person).await);
        person.run("INSERT INTO counters (scope, period, client_id, name, count) VALUES ('delivery', 60, '', 'n8n/applied', 5)").await.unwrap();
        while !store.fold_counters(now()).await.unwrap() {}
        assert_eq!(person.texts("SELECT count(*) AS x FROM counters WHERE scope = 'delivery'").await, ["0"]);
        assert_eq!(told(store).await, counted(&person).await, "stages are never forgotten");
    }
}
