//! Limits of the plan, wrong keys, poisoned documents, another index: nothing is lost, nothing goes in a circle, and people are told.

use crate::common::Database;
use crate::index::{PLAIN, SALES, WAYS, Way};
use crate::on_both;
use crate::world::{Weather, World};
use sales_engine::engine::rows::TaskKind;
use sales_engine::sandbox::pinecone::VectorFault;
use sales_engine::sandbox::{embeddings, pinecone};
use sales_engine::tasks::{Configured, waits_for};
use serde_json::json;

const LEE: &str = "lee@customer.example";

/// Turns until the clock has gone on by so much.
async fn for_hours(world: &mut World, hours: i64) -> Vec<String> {
    let until = world.clock.read() + chrono::TimeDelta::hours(hours);
    let mut dispatcher = world.fresh();
    while world.clock.read() < until {
        match dispatcher.turn().await.unwrap() {
            sales_engine::tasks::Turn::Worked(_) => {}
            sales_engine::tasks::Turn::Wait(at) => world.clock.to(at),
            sales_engine::tasks::Turn::Idle => world.clock.forward_ms(60_000),
        }
    }
    world.logged("Task Creation").await
}

on_both! {
    async fn what_the_plan_allows_is_used_up(database: Database) {
        for way in WAYS {
            for fault in [VectorFault::MonthlyCap, VectorFault::RateLimited(None)] {
                let database = Database::new(database.kind).await;
                let mut world = World::new(&database, way, Weather::Calm).await;
                world.replies(LEE, "r1", "What does it cost?").await;
                world.sandbox.pinecone(|pinecone| {
                    pinecone.fail_when(move |_, path, _| path.ends_with("/upsert").then_some(fault));
                });
                let told = for_hours(&mut world, 6).await;
                assert_eq!(told.len(), 1, "{fault:?}, once: {told:#?}");
                assert!(told[0].contains("month") && told[0].contains("every hour"), "{told:?}");
                let tries = world.sandbox.pinecone(|pinecone| {
                    pinecone.log().filter(|exchange| exchange.path.ends_with("/upsert")).count()
                });
                assert!((5..=14).contains(&tries), "{fault:?}: about once an hour, not again and again: {tries}");
                assert!(world.there().is_empty());
                world.sandbox.pinecone(pinecone::Pinecone::fail_no_more);
                for_hours(&mut world, 2).await;
                assert_eq!(world.there()["documents"].len(), 1, "and then it goes on by itself");
            }
        }
    }
}

on_both! {
    async fn a_wrong_key_is_told_once_a_day_and_kills_no_task(database: Database) {
        let mut world = World::new(&database, Way::OwnModel, Weather::Calm).await;
        world.replies(LEE, "r1", "What does it cost?").await;
        world.sandbox.pinecone(|pinecone| pinecone.fail_when(|_, _, _| Some(VectorFault::Status(401))));
        let told = for_hours(&mut world, 10).await;
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].contains("the key is refused (401)"), "{told:?}");
        world.sandbox.pinecone(pinecone::Pinecone::fail_no_more);
        for_hours(&mut world, 1).await;
        assert_eq!(world.there()["documents"].len(), 1);
    }
}

on_both! {
    async fn an_outage_ends_in_a_dead_task_that_is_found_again(database: Database) {
        let mut world = World::new(&database, Way::Embeddings, Weather::Calm).await;
        world.replies(LEE, "r1", "What does it cost?").await;
        world.sandbox.embeddings(|embeddings| embeddings.fail_when(|_| Some(VectorFault::Status(500))));
        for_hours(&mut world, 3).await;
        let failed = world.logged("Vectorization").await;
        assert!(failed.iter().any(|row| row == "Failed: vectors.contact was given up"), "{failed:#?}");
        world.sandbox.embeddings(embeddings::Embeddings::fail_no_more);
        for_hours(&mut world, 1).await;
        assert_eq!(world.there()["documents"].len(), 1, "the next look at whoever engaged finds it");
    }
}

on_both! {
    async fn a_poisoned_document_is_told_to_its_person_and_harms_no_other(database: Database) {
        let mut world = World::new(&database, Way::OwnModel, Weather::Calm).await;
        let document = |world: &World, text: &str| {
            world.adds("Documents", &json!({ "title": "T", "namespace": "company_knowledge", "context": "FAQ", "content_text": text }))
        };
        let poisoned = document(&world, "A poisoned text.");
        let sound = document(&world, "A sound text.");
        world.sandbox.pinecone(|pinecone| {
            pinecone.fail_when(|_, path, body| {
                let is_it = path.ends_with("/upsert") && String::from_utf8_lossy(body).contains("poisoned");
                is_it.then_some(VectorFault::Status(400))
            });
        });
        world.work().await;
        assert_eq!(world.document(&sound)["indexed"], true);
        let cells = world.document(&poisoned);
        assert_eq!(cells["processing_status"], "Failed");
        assert!(cells["description"].as_str().unwrap().contains("Pinecone refused it (400): failed on purpose"), "{cells:?}");
        assert_eq!(world.there()["company_knowledge"].len(), 1);
    }
}

on_both! {
    async fn a_poisoned_message_is_told_once_and_the_conversation_goes_on(database: Database) {
        let mut world = World::new(&database, Way::OwnModel, Weather::Calm).await;
        for (id, text) in [("r1", "A first question."), ("r2", "A poisoned question."), ("r3", "A third question.")] {
            world.replies(LEE, id, text).await;
        }
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let counts = std::sync::Arc::clone(&asked);
        world.sandbox.pinecone(|pinecone| {
            pinecone.fail_when(move |_, path, body| {
                let is_it = path.ends_with("/upsert") && String::from_utf8_lossy(body).contains("poisoned");
                is_it.then(|| counts.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
                is_it.then_some(VectorFault::Status(400))
            });
        });
        world.work().await;
        assert_eq!(world.there()["documents"].len(), 2, "the others are there");
        let tries = asked.load(std::sync::atomic::Ordering::SeqCst);
        for_hours(&mut world, 3).await;
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), tries, "it goes in no circle");
        let told = world.logged("Vectorization").await;
        assert_eq!(told.iter().filter(|row| row.starts_with("Failed")).count(), 1, "{told:#?}");
        let marked = world.person.texts("SELECT message_content AS x FROM chat_history WHERE vector_id IS NULL").await;
        assert_eq!(marked, ["A poisoned question."]);

        // What was there under an older text is not left there.
        let edited = "UPDATE chat_history SET message_content = 'A poisoned end.' WHERE message_content = 'A third question.'";
        world.person.run(edited).await.unwrap();
        world.replies(LEE, "r4", "A last question.").await;
        world.clock.forward_ms(86_400_000);
        world.work().await;
        world.work().await;
        let mut there: Vec<String> = world.there()["documents"].values().cloned().collect();
        there.sort();
        assert_eq!(there, ["A first question.", "A last question."]);
    }
}

on_both! {
    async fn what_was_said_before_pinecone_came_is_indexed_and_another_index_is_filled_anew(database: Database) {
        let mut world = World::new(&database, Way::OwnModel, Weather::Calm).await;
        let with = std::mem::take(&mut world.rules);
        for n in 0..3 {
            world.replies(&format!("p{n}@customer.example"), &format!("r{n}"), &format!("Question number{n}.")).await;
        }
        world.told(json!({ "kind": "email_sent", "email": "cold@customer.example", "campaign_id": "7", "step": 1, "id": "s9",
            "occurred_at": "2026-11-19T08:00:00Z", "text": "Hello" })).await;
        let wanted = world.person.texts("SELECT count(*) AS x FROM tasks WHERE kind LIKE 'vectors%'").await;
        assert_eq!(wanted, ["0"], "nobody asked for it");
        world.rules = with;
        let faq = world.adds("Documents", &json!({ "title": "T", "namespace": "company_knowledge", "context": "FAQ", "content_text": "Words." }));
        world.work().await;
        assert_eq!(world.there()["documents"].len(), 3, "of those that engaged, not of the cold one");
        assert_eq!(world.there()["company_knowledge"].len(), 1);

        let old = world.there();
        world.way = Way::Embeddings;
        world.forget();
        world.clock.forward_ms(86_400_000);
        world.work().await;
        world.work().await;
        assert_eq!(world.there(), old, "all of it is in the new index");
        assert_eq!(world.document(&faq)["indexed"], true);
        assert_eq!(world.sandbox.pinecone(|pinecone| pinecone.records(SALES, "documents").len()), 3, "the old one is left as it is");
        assert_eq!(world.sandbox.pinecone(|pinecone| pinecone.records(PLAIN, "documents").len()), 3);
    }
}

on_both! {
    async fn a_database_that_forgot_finds_what_is_left_of_an_earlier_life(database: Database) {
        let mut world = World::new(&database, Way::OwnModel, Weather::Calm).await;
        let text = (0..8).map(|n| format!("Paragraph {n}. {}", "With words. ".repeat(12))).collect::<Vec<_>>().join("\n\n");
        let faq = world.adds("Documents", &json!({ "title": "T", "namespace": "company_knowledge", "context": "FAQ", "content_text": text }));
        world.work().await;
        assert!(world.there()["company_knowledge"].len() > 5);
        world.person.run("DELETE FROM vector_passages").await.unwrap();
        world.edits(&faq, &json!({ "content_text": "Short now.", "indexed": false }));
        world.work().await;
        assert_eq!(world.there()["company_knowledge"].len(), 1);
    }
}

#[test]
fn tasks_that_wait_say_what_for() {
    let none =
        Configured { airtable: false, gmail: false, schedule: false, platforms: false, ai: false, vectors: false };
    let all = Configured { airtable: true, gmail: true, schedule: true, platforms: true, ai: true, vectors: true };
    for kind in TaskKind::ALL.iter().filter(|kind| kind.as_str().starts_with("vectors.")) {
        assert!(waits_for(*kind, none).unwrap().contains("Pinecone"), "{kind}");
        assert_eq!(waits_for(*kind, all), None, "{kind}");
    }
    assert!(waits_for(TaskKind::VectorsDocument, Configured { vectors: true, ..none }).unwrap().contains("Airtable"));
}
