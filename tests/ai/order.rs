//! A reply, the model's answer, what a person says, and mail that comes late: in any order the same.

use crate::common::Database;
use crate::on_both;
use crate::world::{World, acme, email, reply};
use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::domain::ai::reply::{Answer, Verdict, event, reading_key};
use sales_engine::domain::identity::platform_key;
use sales_engine::domain::ids::{ContactKey, Email};
use sales_engine::domain::intent::{Intent, Sentiment};
use sales_engine::sandbox::ai::AiFault;
use serde_json::{Value, json};

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for n in 0..count {
        all = all
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |at| {
                    let mut order = order.clone();
                    order.insert(at, n);
                    order
                })
            })
            .collect();
    }
    all
}

on_both! {
    async fn in_any_order_a_person_outranks_the_model(database: Database) {
        let world = World::new(&database).await;
        let at = world.clock.read() - TimeDelta::days(1);
        let minutes = |n: i64| at + TimeDelta::minutes(n);
        let told = |n: u32| -> Vec<Value> {
            vec![
                reply(n, &format!("a{n}"), "Hm, what is the price?", minutes(0)),
                json!({ "kind": "reply_classified", "email": email(n), "id": format!("c{n}"), "intent": "not_interested",
                    "decided_by": "Ann", "occurred_at": minutes(30) }),
                reply(n, &format!("b{n}"), "Hello again.", minutes(60)),
                json!({ "kind": "email_sent", "email": email(n), "id": format!("s{n}"), "campaign_id": "77",
                    "occurred_at": minutes(-60) }),
            ]
        };
        let mut ends: Vec<(String, Vec<Value>)> = Vec::new();
        for (n, order) in (0..).zip(orders(4)) {
            // The model answers after each of the things that were told from the reply on.
            let asked_from = order.iter().position(|&thing| thing == 0).unwrap();
            let answers_after = asked_from + usize::try_from(n).unwrap() % (order.len() - asked_from);
            for (index, &thing) in order.iter().enumerate() {
                world.told(json!([told(n)[thing]])).await;
                if index == answers_after {
                    answer(&world, n, at).await;
                    answer(&world, n, at).await;
                }
            }
            assert_eq!(world.readings(n).await, 1);
            let contact = world.contact(n).await;
            let messages = world.timeline(n).await.messages;
            let rows = messages.into_iter().map(|row| json!([row.message_timestamp, row.ai_intent, row.ai_sentiment, row.requires_action]));
            let end = format!("{} {:?} {} {:?}", contact.stage, contact.current_campaign_id, contact.reply_count, contact.follow_up_date);
            ends.push((end, rows.collect()));
        }
        assert_eq!(ends.len(), 24);
        assert!(ends.iter().all(|end| *end == ends[0]), "{ends:#?}");
        // Ann said no about the first reply; the second one is unclear and leaves her word as it is.
        assert!(ends[0].0.starts_with("NotInterested"), "{}", ends[0].0);
        assert_eq!(ends[0].1[1][1], "not_interested", "her word stands on the row, not the model's");
    }
}

/// The event that the model's answer becomes, through the front door of the engine.
async fn answer(world: &World, n: u32, at: DateTime<Utc>) {
    let key = ContactKey { client_id: acme(), email: Email::parse(&email(n)).unwrap() };
    let message_key = platform_key("reply_received", "n8n", &[&format!("a{n}")]);
    let answer = Answer {
        intent: Intent::PricingQuestion,
        sentiment: Sentiment::Interested,
        confidence: 95,
        quote: "what is the price".to_owned(),
        return_date: None,
    };
    let read = event(&key, &message_key, at, &answer, &Verdict::Decided(answer.intent), "m");
    assert_eq!(read.dedupe_key, reading_key(&message_key));
    world.found(read).await;
}

on_both! {
    async fn a_person_who_decides_while_the_model_thinks_counts_more(database: Database) {
        let world = World::new(&database).await;
        world.replies(1, "What is the price?").await;
        world.clock.forward_ms(61_000);
        world.sandbox.ai(|ai| ai.fail_next(AiFault::Slow(300)));
        let decides = async {
            while world.answered() == 0 {
                tokio::task::yield_now().await;
            }
            let said = json!({ "kind": "reply_classified", "email": email(1), "id": "c1", "intent": "not_interested",
                "occurred_at": world.clock.read() });
            world.told(json!([said])).await;
        };
        let works = async {
            let mut dispatcher = world.dispatcher();
            while world.answered() == 0 {
                dispatcher.turn().await.unwrap();
            }
        };
        tokio::join!(works, decides);
        world.work().await;
        assert_eq!(world.stands(1).await, ("NotInterested".to_owned(), "not_interested".to_owned(), true));
        assert_eq!(world.readings(1).await, 1, "the answer is kept, and counts less");
    }
}
