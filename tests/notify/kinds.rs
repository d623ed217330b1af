//! Each kind from what happens to what is received and proven, and nothing where nobody wants to hear of it.

use super::common::Database;
use super::world::{OLD_SECRET, SECRET, World, post, subscription, target};
use crate::on_both;
use sales_engine::domain::event::{EventData, Source};
use sales_engine::domain::notification::NotificationKind;
use sales_engine::domain::rules::Rules;
use sales_engine::sandbox::notify::Receivers;
use sales_engine::tasks::Dispatcher;
use serde_json::{Value, json};

const EMAIL: &str = "ada@example.com";

fn reply(id: &str, day: u32, intent: &str) -> Value {
    json!({ "kind": "reply_received", "email": EMAIL, "id": id, "occurred_at": format!("2026-11-{day:02}T09:00:00Z"),
        "intent": intent, "text": "how much is it?", "first_name": "Ada" })
}

on_both! {
    async fn every_kind_arrives_and_is_proven(database: Database) {
        let mut world = World::new(database).await;
        world.post(reply("r1", 1, "pricing_question")).await;
        world.work().await;
        assert_eq!(world.kinds(), ["contact.stage_changed", "reply.needs_action", "lead.promoted"]);
        let bodies: Vec<Value> = world.sandbox.notify(|receivers| {
            receivers.received().iter().map(|received| serde_json::from_str(&received.body).unwrap()).collect()
        });
        let changed = &bodies[0];
        assert_eq!((&changed["client_id"], &changed["type"]), (&json!("acme"), &json!("contact.stage_changed")));
        let data = &changed["data"];
        assert_eq!((&data["before"]["stage"], &data["after"]["stage"]), (&json!("New"), &json!("Interested")));
        assert_eq!((&data["after"]["lead_status"], &data["event"]["kind"]), (&json!("interested"), &json!("reply_received")));
        assert_eq!((&data["contact"]["email"], &data["contact"]["session_id"]), (&json!(EMAIL), &json!(format!("acme:{EMAIL}"))));
        assert!(data["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{data}");
        assert_eq!(bodies[1]["data"]["message"]["ai_intent"], "pricing_question");
        assert!(bodies[2]["data"]["lead"]["airtable_lead_id"].as_str().unwrap().starts_with("rec"), "{}", bodies[2]);
        for body in &bodies {
            assert!(!body.to_string().contains("how much"), "what people wrote stays in the database: {body}");
        }
        world.happens(EMAIL, EventData::FollowUpDue {}).await;
        world.post(json!({ "kind": "deal_won", "email": EMAIL, "occurred_at": "2026-11-20T11:00:00Z" })).await;
        world.post(json!({ "kind": "unsubscribed", "email": EMAIL, "occurred_at": "2026-11-20T11:30:00Z" })).await;
        world.post(json!({ "kind": "email_sent", "email": EMAIL, "id": "m9", "occurred_at": "2026-11-20T11:40:00Z",
            "campaign_id": "c9", "text": "hello" })).await;
        world.sandbox.notify(Receivers::forget);
        world.work().await;
        let kinds = world.kinds();
        let expected = ["follow_up.due", "contact.stage_changed", "deal.won", "contact.stage_changed", "alert.raised"];
        assert_eq!(kinds, expected);
        let alert: Value = world.sandbox.notify(|receivers| serde_json::from_str(&receivers.received()[4].body).unwrap());
        assert_eq!(alert["data"]["alert"]["kind"], "wrote_to_opted_out");
        assert!(alert["data"]["alert"]["what_to_do"].as_str().unwrap().contains("every campaign"), "{alert}");
        let again = reply("r1", 1, "pricing_question");
        post(&world.database, &world.rules, &world.clock, Source::N8n, &again).await;
        world.work().await;
        assert_eq!(world.kinds().len(), 5, "what is known already is told no more");
        assert!(world.sandbox.notify(|receivers| receivers.received().iter().all(|received| received.proven_by == [0])));
        let kept = "SELECT body AS x FROM notifications WHERE body <> ''";
        assert_eq!(world.database.person().await.texts(kept).await, Vec::<String>::new(), "no body is kept that was told");
    }
}

on_both! {
    async fn only_what_is_subscribed_to_is_written(database: Database) {
        let only = [subscription("won", &[NotificationKind::DealWon])];
        let mut world = World::with(database, &only).await;
        world.post(reply("r1", 1, "pricing_question")).await;
        assert_eq!(world.rows().await.len(), 0);
        world.post(json!({ "kind": "deal_won", "email": EMAIL, "occurred_at": "2026-11-20T11:00:00Z" })).await;
        world.work().await;
        assert_eq!(world.kinds(), ["deal.won"]);
        let silent = Rules::default();
        post(&world.database, &silent, &world.clock, Source::N8n,
            &json!({ "kind": "reply_received", "email": "bob@example.com", "id": "r2", "occurred_at": "2026-11-02T09:00:00Z", "text": "hi" })).await;
        assert_eq!(world.rows().await.len(), 1, "nobody wants to hear of it, so nothing is written");
    }
}

on_both! {
    async fn while_secrets_are_rotated_each_signs(database: Database) {
        let mut world = World::new(database).await;
        let both = target(&world.sandbox, "hook", &[SECRET, OLD_SECRET]);
        let (store, rules) = (world.database.store.clone(), world.rules.clone());
        let pause: sales_engine::tasks::Pause = std::sync::Arc::new(|_| Box::pin(async {}));
        world.dispatcher = Dispatcher::new(store, rules, world.clock.now(), pause, None).with_notifications(vec![both]);
        world.sandbox.notify(|receivers| receivers.know(&[OLD_SECRET, SECRET]));
        world.post(reply("r1", 1, "pricing_question")).await;
        world.work().await;
        let proven = world.sandbox.notify(|receivers| receivers.received().iter().map(|one| one.proven_by.clone()).collect::<Vec<_>>());
        assert_eq!(proven, [[0, 1], [0, 1]]);
    }
}
