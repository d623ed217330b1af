//! A reply whose meaning is unclear, from its arrival to what follows.

use crate::common::Database;
use crate::on_both;
use crate::world::{World, email, reply};
use chrono::TimeDelta;
use sales_engine::domain::rules::Rules;
use sales_engine::engine::rows::TaskStatus;
use sales_engine::sandbox::ai::MODEL;
use serde_json::json;

on_both! {
    async fn an_unclear_reply_is_read_and_what_is_doubtful_stays_with_a_person(database: Database) {
        let world = World::new(&database).await;
        let rows: &[(&str, &str, (&str, &str, bool))] = &[
            ("a question", "Hello, what is the price of it?", ("Interested", "pricing_question", true)),
            ("a refusal", "That is nothing for us, I am afraid.", ("NotInterested", "not_interested", true)),
            ("an absence", "I am away, and will look at it on 2026-12-07", ("OutOfOffice", "out_of_office", false)),
            ("a wish", "Let us meet some day.", ("Interested", "interested_ready_to_talk", true)),
            ("not sure", "Hm, maybe, maybe not.", ("Interested", "", true)),
            ("it can't tell", "Hm.", ("Interested", "", true)),
            ("an opt-out that no words show", "I have had it with these letters", ("Interested", "", true)),
        ];
        for (n, (_, text, _)) in (0..).zip(rows) {
            world.replies(n, text).await;
            let (stage, intent, requires_action) = world.stands(n).await;
            assert_eq!((stage.as_str(), intent.as_str(), requires_action), ("Interested", "", true), "{text}");
        }
        // What a platform says within a minute comes first.
        world.dispatcher().turn().await.unwrap();
        assert_eq!(world.requests(), 0);
        world.work().await;
        for (n, (what, text, (stage, intent, requires_action))) in (0..).zip(rows) {
            assert_eq!(world.stands(n).await, ((*stage).to_owned(), (*intent).to_owned(), *requires_action), "{what}");
            assert_eq!(world.readings(n).await, 1, "{what}");
            let logs = world.timeline(n).await.logs;
            let said = format!("{logs:?}");
            let beginning: String = text.chars().take(12).collect();
            assert!(beginning.len() < 12 || !said.contains(&beginning), "{what}: no mail in the log: {said}");
        }
        assert_eq!((world.requests(), world.answered()), (rows.len(), rows.len()), "one question each");
        assert_eq!(world.contact(2).await.follow_up_date.as_deref(), Some("2026-12-07"));
        assert_eq!(world.contact(2).await.current_campaign_id.as_deref(), Some("77"), "an absence ends no sequence");
        assert_eq!(world.contact(2).await.reply_count, 0);
        let person = database.person().await;
        let used = person.texts("SELECT SUM(tokens_used) AS x FROM automation_logs").await;
        let tokens = world.sandbox.ai(|ai| ai.tokens).to_string();
        assert_eq!(used, std::slice::from_ref(&tokens));
        assert_eq!(person.texts("SELECT SUM(tokens) AS x FROM ai_days").await, [tokens]);
        let rows_of = "SELECT automation_type || ':' || ai_model_used || ':' || status AS x FROM automation_logs
                       WHERE ai_model_used IS NOT NULL GROUP BY 1";
        assert_eq!(person.texts(rows_of).await, [format!("Email Reply:{MODEL}-2026-08-21:Success")]);
        let why = "SELECT action_details AS x FROM automation_logs WHERE action_taken = 'a reply stays with a person' ORDER BY 1";
        let expected = [
            "AI was asked: it can't tell either",
            "AI was asked: it takes it for an opt-out, but no words of the mail say so",
            "AI was asked: its confidence of 40 is below 70",
        ];
        assert_eq!(person.texts(why).await, expected);
        let shown = world.sandbox.ai(|ai| ai.questions.join("\n"));
        assert!(!shown.contains("@example.com"), "no address leaves the house: {shown}");
    }
}

on_both! {
    async fn an_opt_out_in_words_is_one_whoever_reads_it(database: Database) {
        let world = World::new(&database).await;
        world.sandbox.ai(|ai| ai.gullible = true);
        world.replies(1, "Please unsubscribe me from all of this.").await;
        world.work().await;
        assert_eq!(world.stands(1).await, ("DoNotContact".to_owned(), "unsubscribe".to_owned(), false));
        // And nothing of whoever opted out is shown to the model any more.
        world.told(json!([reply(1, "r1b", "What is the price?", world.clock.read())])).await;
        world.work().await;
        assert_eq!((world.requests(), world.contact(1).await.stage.to_string()), (1, "DoNotContact".to_owned()));
    }
}

on_both! {
    async fn nobody_is_asked_about_what_was_said_meanwhile(database: Database) {
        let world = World::new(&database).await;
        world.replies(1, "What is the price?").await;
        let said = json!({ "kind": "reply_classified", "email": email(1), "intent": "not_interested",
            "occurred_at": world.clock.read() + TimeDelta::seconds(5), "id": "c1" });
        world.clock.forward_ms(10_000);
        world.told(json!([said])).await;
        world.replies(2, "What is the price?").await;
        // Old mail that is told only now was dealt with long ago.
        let old = world.clock.read() - TimeDelta::days(31);
        world.told(json!([reply(3, "r3", "What is the price?", old)])).await;
        world.work().await;
        assert_eq!(world.requests(), 1, "about the second one alone");
        assert_eq!(world.stands(1).await, ("NotInterested".to_owned(), "not_interested".to_owned(), true));
        assert_eq!(world.stands(2).await.1, "pricing_question");
        // A task that is run again by hand asks nothing that is known.
        let done = world.ai_tasks(TaskStatus::Done).await;
        for task in done {
            world.store.retry_task(task.task_id.parse().unwrap(), world.clock.read()).await.unwrap();
        }
        world.work().await;
        assert_eq!((world.requests(), world.readings(2).await), (1, 1));
    }
}

on_both! {
    async fn switched_off_there_is_no_task_and_no_call(database: Database) {
        let mut world = World::new(&database).await;
        world.rules = Rules::default();
        world.replies(1, "What is the price?").await;
        assert!(world.tasks().await.iter().all(|task| !task.kind.starts_with("ai.")));
        world.work().await;
        assert_eq!(world.requests(), 0);
        assert_eq!(world.stands(1).await, ("Interested".to_owned(), String::new(), true), "a person looks");
    }
}
