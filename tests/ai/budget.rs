//! The day's budget, shared by all instances, and the pace.

use crate::common::Database;
use crate::on_both;
use crate::world::World;
use chrono::{NaiveTime, TimeDelta};
use sales_engine::engine::rows::TaskStatus;
use sales_engine::tasks::Turn;
use std::sync::atomic::{AtomicUsize, Ordering};

const PRICE: &str = "What is the price?";

on_both! {
    async fn four_instances_stay_within_one_budget_and_go_on_tomorrow(database: Database) {
        let mut world = World::new(&database).await;
        world.settings.tokens_per_day_max = 6_000;
        for n in 0..24 {
            world.replies(n, PRICE).await;
        }
        world.clock.forward_ms(61_000);
        let today = world.clock.read().date_naive();
        let one = || async {
            let mut dispatcher = world.instance().await;
            for _ in 0..400 {
                if dispatcher.turn().await.unwrap() == Turn::Idle && world.ai_tasks(TaskStatus::Running).await.is_empty() {
                    return;
                }
            }
        };
        tokio::join!(one(), one(), one(), one());
        let spent = world.sandbox.ai(|ai| ai.tokens);
        let day = world.store.ai_day(today).await.unwrap();
        assert_eq!(day.tokens, spent, "what was set aside is corrected by what was used");
        assert!(spent <= 6_000, "{spent}");
        assert!(world.answered() >= 3, "and it was used: {} answers", world.answered());
        let waiting = world.ai_tasks(TaskStatus::Pending).await;
        // 24 answers take more than ten thousand tokens.
        assert!(!waiting.is_empty());
        assert_eq!(waiting.len(), 24 - world.answered());
        let tomorrow = today.succ_opt().unwrap().and_time(NaiveTime::MIN).and_utc();
        for task in &waiting {
            assert!(task.due_at.starts_with(&tomorrow.date_naive().to_string()), "{task:?}");
            assert!(task.last_error.as_deref().unwrap().starts_with("the day's budget of AI is used up"), "{task:?}");
            assert_eq!(task.attempts, 0, "it is nobody's fault");
        }
        let person = database.person().await;
        let alerts = person.texts("SELECT action_taken AS x FROM automation_logs WHERE action_taken LIKE 'alert:%'").await;
        assert_eq!(alerts.len(), 1, "{alerts:#?}");
        assert!(alerts[0].starts_with("alert: the day's budget of AI is used up"), "{alerts:#?}");
        assert_eq!(person.texts("SELECT kind || ':' || status AS x FROM alerts").await, ["budget_used:open"]);
        // Day by day all of it is done, and no day costs more.
        world.work_until(tomorrow + TimeDelta::days(20)).await;
        for n in 0..24 {
            assert_eq!((world.readings(n).await, world.stands(n).await.1), (1, "pricing_question".to_owned()));
        }
        assert_eq!(world.answered(), 24);
        let over = "SELECT COUNT(*) AS x FROM ai_days WHERE tokens > 6000";
        assert_eq!(person.texts(over).await, ["0"]);
        assert_eq!(person.texts("SELECT SUM(tokens) AS x FROM ai_days").await, [world.sandbox.ai(|ai| ai.tokens).to_string()]);
    }
}

on_both! {
    async fn the_pace_is_one_for_all_instances(database: Database) {
        let mut world = World::new(&database).await;
        world.settings.requests_per_minute = 6;
        world.sandbox.ai(|ai| ai.requests_per_minute_max = Some(6));
        for n in 0..12 {
            world.replies(n, PRICE).await;
        }
        world.clock.forward_ms(61_000);
        let began = world.clock.read();
        let at_work = AtomicUsize::new(0);
        let one = || async {
            let mut dispatcher = world.instance().await;
            while world.answered() < 12 {
                at_work.fetch_add(1, Ordering::SeqCst);
                let turn = dispatcher.turn().await.unwrap();
                at_work.fetch_sub(1, Ordering::SeqCst);
                let until = match turn {
                    Turn::Worked(_) => continue,
                    Turn::Wait(until) => until,
                    Turn::Idle => world.clock.read() + TimeDelta::seconds(1),
                };
                // The clock stands still while somebody asks: a lease is longer than any question takes.
                while at_work.load(Ordering::SeqCst) > 0 {
                    tokio::task::yield_now().await;
                }
                world.clock.to(until);
            }
        };
        tokio::join!(one(), one(), one(), one());
        assert!(world.clock.read() - began >= TimeDelta::seconds(110), "twelve take two minutes");
        world.work().await;
        assert_eq!(world.answered(), 12);
    }
}

on_both! {
    async fn a_question_that_no_day_can_pay_goes_to_a_person(database: Database) {
        let mut world = World::new(&database).await;
        world.settings.tokens_per_day_max = 600;
        world.replies(1, PRICE).await;
        world.work().await;
        assert_eq!((world.requests(), world.ai_tasks(TaskStatus::Done).await.len()), (0, 1));
        let logs = world.timeline(1).await.logs;
        let why = "AI was asked: it is longer than what a whole day's budget allows";
        assert!(logs.iter().any(|log| log.action_details.as_deref() == Some(why)), "{logs:#?}");
    }
}
