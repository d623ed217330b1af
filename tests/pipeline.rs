//! What the pipeline promises, from one body of code for both databases: failures, other writers, adoption.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what is not there is a failed test")]

mod common;

use common::{Database, Kind};
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::rules::Rules;
use sales_engine::domain::stage::Stage;
use sales_engine::engine::rows::{Outcome, TriggerType};
use sales_engine::intake::{self, Answer, Delivery, Intake, IntakeHandle, Now, Refusal};
use sales_engine::sources::settings::ClientSources;
use sales_engine::sources::{Request, read};
use sales_engine::store::views::{ContactView, DeliveryFilter, EventFilter, EventView, TaskFilter};
use sales_engine::tasks::{Dispatcher, Turn};
use std::sync::Arc;

fn now() -> Now {
    Arc::new(|| "2026-11-20T12:00:00Z".parse().unwrap())
}

fn event(body: &str) -> Delivery {
    let client_id = ClientId::parse("acme").unwrap();
    let received_at = now()();
    let request = Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
    let understood = read(Source::N8n, &ClientSources::default(), &request).unwrap();
    Delivery { client_id: client_id.clone(), source: Source::N8n, received_at, understood, body_sha256: [0; 32] }
}

/// A reply of `p1@example.com`, …
fn reply(person: u32, id: &str, time: &str, text: &str) -> Delivery {
    event(&format!(
        r#"{{"kind":"reply_received","email":"p{person}@example.com","id":"{id}","occurred_at":"{time}","text":"{text}"}}"#
    ))
}

fn delivery(person: u32, text: &str) -> Delivery {
    reply(person, &format!("r{person}{text}"), "2026-11-01T09:00:00Z", text)
}

fn start(database: &Database, queue_max: usize) -> (IntakeHandle, Intake) {
    intake::start(&database.store, &Rules::default(), &now(), TriggerType::Webhook, queue_max, 10, None)
}

async fn submit(database: &Database, delivery: Delivery) -> Answer {
    let (handle, running) = start(database, 10);
    let answer = handle.submit(delivery).await.unwrap();
    drop(handle);
    running.finished().await;
    answer
}

fn key(person: u32) -> ContactKey {
    ContactKey {
        client_id: ClientId::parse("acme").unwrap(),
        email: Email::parse(&format!("p{person}@example.com")).unwrap(),
    }
}

async fn contact(database: &Database, person: u32) -> ContactView {
    database.store.contact(&key(person)).await.unwrap().unwrap()
}

async fn events(database: &Database) -> Vec<EventView> {
    database.store.events(&EventFilter { limit: 100, ..EventFilter::default() }).await.unwrap()
}

on_both! {
    async fn a_poisoned_delivery_ends_dead_and_harms_no_other(database: Database) {
        let person = database.person().await;
        let (poison, cure) = match database.kind {
            Kind::Sqlite => (
                "CREATE TRIGGER poison BEFORE INSERT ON chat_history WHEN NEW.message_content = 'poison'
                 BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
                "DROP TRIGGER poison",
            ),
            Kind::Postgres => (
                "ALTER TABLE chat_history ADD CONSTRAINT poisoned CHECK (message_content <> 'poison')",
                "ALTER TABLE chat_history DROP CONSTRAINT poisoned",
            ),
        };
        person.run(poison).await.unwrap();
        let (handle, running) = start(&database, 10);
        // All three are queued before the writer runs, so they share batches.
        let (one, two, three) = tokio::join!(
            handle.submit(delivery(1, "hello")),
            handle.submit(delivery(2, "poison")),
            handle.submit(delivery(3, "hello"))
        );
        let outcomes = [one, two, three].map(|answer| answer.unwrap().outcome);
        assert_eq!(outcomes, [Outcome::Applied, Outcome::Dead, Outcome::Applied]);
        let dead = DeliveryFilter { outcome: Some(Outcome::Dead), limit: 10, ..DeliveryFilter::default() };
        let dead = database.store.deliveries(&dead).await.unwrap();
        assert!(dead[0].reason.as_ref().unwrap().contains("poisoned"), "{dead:?}");
        assert_eq!(events(&database).await.len(), 2, "nothing of it is half-written");
        person.run(cure).await.unwrap();
        let answer = handle.submit(delivery(2, "poison")).await.unwrap();
        assert_eq!(answer.outcome, Outcome::Applied, "it can come again after the cure");
        drop(handle);
        running.finished().await;
    }
}

on_both! {
    async fn a_full_queue_refuses_and_a_broken_schema_is_told(database: Database) {
        let (handle, running) = start(&database, 1);
        let (first, second, third) = tokio::join!(
            handle.submit(delivery(1, "a")),
            handle.submit(delivery(1, "b")),
            handle.submit(delivery(1, "c"))
        );
        assert_eq!(first.unwrap().outcome, Outcome::Applied);
        assert!([second, third].contains(&Err(Refusal::Full)));
        let person = database.person().await;
        person.run("ALTER TABLE chat_history RENAME TO elsewhere").await.unwrap();
        let answer = handle.submit(delivery(3, "c")).await;
        assert_eq!(answer.unwrap().outcome, Outcome::Dead, "a broken schema is told, not hidden");
        drop(handle);
        running.finished().await;
    }
}

on_both! {
    async fn bodies_that_wait_are_bounded_in_bytes_too(database: Database) {
        let (handle, running) = start(&database, 100);
        let large = |person, mebibytes: usize| {
            let mut delivery = delivery(person, "a");
            delivery.understood.body_to_store = " ".repeat(mebibytes << 20);
            handle.submit(delivery)
        };
        let (first, second) = tokio::join!(large(1, 60), large(2, 5));
        assert_eq!((first.unwrap().outcome, second), (Outcome::Applied, Err(Refusal::Full)));
        assert_eq!(large(2, 5).await.unwrap().outcome, Outcome::Applied, "there is room again");
        drop(handle);
        running.finished().await;
    }
}

on_both! {
    async fn a_rehearsal_writes_nothing_waits_for_no_writer_and_sees_itself(database: Database) {
        let rules = Rules::default();
        let clock = now();
        let context = intake::Context { store: &database.store, rules: &rules, now: &clock, trigger: TriggerType::Manual };
        let held = database.store.begin().await.unwrap();
        let answers = intake::rehearse(vec![delivery(1, "a"), delivery(1, "a")], &context).await.unwrap();
        // One that is dropped leaves the writer usable.
        drop(held);
        let outcomes: Vec<Outcome> = answers.iter().map(|answer| answer.outcome).collect();
        assert_eq!(outcomes, [Outcome::Applied, Outcome::Duplicate], "the second sees the first");
        assert!(events(&database).await.is_empty());
        assert_eq!(submit(&database, delivery(1, "a")).await.outcome, Outcome::Applied);
    }
}

const OPT_OUT: &str = "lead_status = 'do_not_contact', pipeline_status = 'closed', campaign_status = 'completed',
    lead_email_status = 'unsubscribed'";
const WON: &str =
    "lead_status = 'won', pipeline_status = 'closed', campaign_status = 'completed', lead_email_status = 'replied'";

on_both! {
    async fn a_stage_set_by_another_writer_is_the_new_baseline(database: Database) {
        let person = database.person().await;
        submit(&database, reply(1, "r1", "2026-11-01T09:00:00Z", "hello")).await;
        person.run(&format!("UPDATE contacts SET {OPT_OUT}")).await.unwrap();
        let answer = submit(&database, reply(1, "r2", "2026-11-02T09:00:00Z", "hello again")).await;
        assert_eq!((answer.outcome, answer.events.len()), (Outcome::Applied, 1), "{answer:?}");
        let view = contact(&database, 1).await;
        assert_eq!((view.stage, view.reply_count), (Stage::DoNotContact, 2), "the message is still logged");
        let change = events(&database).await.into_iter().find(|event| event.kind == "changed_outside").unwrap();
        assert_eq!((change.stage_before.as_str(), change.stage_after.as_str()), ("Interested", "DoNotContact"));
        assert!(change.rule.contains("another writer"), "{}", change.rule);

        submit(&database, reply(2, "r3", "2026-11-05T09:00:00Z", "hello")).await;
        person.run(&format!("UPDATE contacts SET {WON}, first_name = 'Ada', phone = '1' WHERE email = 'p2@example.com'")).await.unwrap();
        person.run("UPDATE contacts SET phone = NULL, converted_to_client = TRUE WHERE email = 'p2@example.com'").await.unwrap();
        let late = event(r#"{"kind":"email_bounced","email":"p2@example.com","id":"b1","occurred_at":"2026-11-01T09:00:00Z",
            "permanent":true,"profile":{"first_name":"Bo"}}"#);
        submit(&database, late).await;
        let view = contact(&database, 2).await;
        assert_eq!(view.stage, Stage::Won, "a late event does not undo what a person set");
        assert_eq!((view.first_name.as_deref(), view.phone), (Some("Ada"), None), "nor what a person wrote");
        assert!(view.converted_to_client);
    }
}

on_both! {
    async fn what_another_writer_changed_is_taken_without_a_webhook(database: Database) {
        let person = database.person().await;
        submit(&database, reply(1, "r1", "2026-11-01T09:00:00Z", "hello")).await;
        let no_pause: sales_engine::tasks::Pause = Arc::new(|_| Box::pin(async {}));
        let mut dispatcher = Dispatcher::new(database.store.clone(), Rules::default(), now(), no_pause, None);
        assert_eq!(dispatcher.turn().await.unwrap(), Turn::Idle);
        person.run("UPDATE contacts SET company_name = company_name, source = source").await.unwrap();
        assert_eq!(dispatcher.turn().await.unwrap(), Turn::Idle, "nothing was changed");
        person.run(&format!("UPDATE contacts SET {OPT_OUT}")).await.unwrap();
        person.run("UPDATE contacts SET company_name = 'Analytical Engines', follow_up_date = '2099-05-01'").await.unwrap();
        assert_eq!(dispatcher.turn().await.unwrap(), Turn::Worked(1));
        assert_eq!(dispatcher.turn().await.unwrap(), Turn::Idle, "taken once");
        let view = contact(&database, 1).await;
        assert_eq!(view.company_name.as_deref(), Some("Analytical Engines"));
        assert_eq!(view.follow_up_date.as_deref(), Some("2099-05-01"));
        assert_eq!(events(&database).await.iter().filter(|event| event.kind == "changed_outside").count(), 2);
        submit(&database, event(r#"{"kind":"email_opened","email":"p2@example.com","id":"o1","occurred_at":"2026-11-01T09:00:00Z"}"#)).await;
        person.run("UPDATE contacts SET has_engaged = TRUE WHERE email = 'p2@example.com'").await.unwrap();
        assert_eq!(dispatcher.turn().await.unwrap(), Turn::Worked(1));
        let wanted = database.store.tasks(&TaskFilter { limit: 10, ..TaskFilter::default() }).await.unwrap();
        let second = contact(&database, 2).await.contact_id.to_string();
        assert!(wanted.iter().any(|task| task.contact_id.as_ref() == Some(&second)), "it is promoted: {wanted:?}");
        let refused = person.run("UPDATE contacts SET lead_status = 'triage', pipeline_status = 'open', campaign_status = NULL,
            lead_email_status = NULL").await.unwrap_err();
        assert!(refused.contains("rule 3"), "{refused}");
    }
}

on_both! {
    async fn a_contact_that_a_person_entered_is_adopted_with_all_its_columns(database: Database) {
        let person = database.person().await;
        person.run(
            "INSERT INTO contacts (contact_id, client_id, email, first_name, lead_status, pipeline_status, campaign_status,
                lead_email_status, reply_count, emails_sent_count, last_contact_date, past_campaign_ids, has_engaged)
             VALUES ('00000000-0000-0000-0000-000000000001', 'acme', 'p1@example.com', 'Ada', 'interested', 'follow_up', 'completed',
                'replied', 3, 7, '2026-10-01T09:00:00Z', '[\"41\",\"42\"]', TRUE)",
        )
        .await
        .unwrap();
        let answer = submit(&database, reply(1, "r1", "2026-11-01T09:00:00Z", "hello")).await;
        assert_eq!((answer.events[0].stage_before, answer.events[0].stage_after), (Some(Stage::Interested), Some(Stage::Interested)));
        let view = contact(&database, 1).await;
        assert_eq!((view.reply_count, view.emails_sent_count), (4, 7));
        assert_eq!(view.past_campaign_ids, serde_json::json!(["41", "42"]));
        assert_eq!(view.last_contact_date.as_deref(), Some("2026-10-01T09:00:00.000000Z"));
        // A late event folds again, from the adopted columns and not from nothing.
        submit(&database, reply(1, "r0", "2026-10-20T09:00:00Z", "first")).await;
        let view = contact(&database, 1).await;
        assert_eq!((view.reply_count, view.emails_sent_count, view.first_name.as_deref()), (5, 7, Some("Ada")));
    }
}

on_both! {
    async fn a_nul_in_a_message_neither_cuts_it_nor_kills_its_repetition(database: Database) {
        let with_nul = || reply(1, "r\\u0000x", "2026-11-01T09:00:00Z", "before\\u0000after");
        let outcomes = [
            submit(&database, with_nul()).await.outcome,
            submit(&database, with_nul()).await.outcome,
            submit(&database, reply(1, "r\\u0000y", "2026-11-01T09:00:01Z", "another")).await.outcome,
        ];
        assert_eq!(outcomes, [Outcome::Applied, Outcome::Duplicate, Outcome::Applied]);
        let contents = database.person().await.texts("SELECT message_content AS x FROM chat_history ORDER BY message_timestamp").await;
        assert_eq!(contents, ["before\u{fffd}after", "another"]);
    }
}
