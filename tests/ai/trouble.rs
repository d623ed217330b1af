//! Whatever fails: the effect comes once, or a person is told.

use crate::common::Database;
use crate::common::kill::until_killed;
use crate::on_both;
use crate::world::{LEASE_MS, World};
use chrono::TimeDelta;
use sales_engine::engine::rows::TaskStatus;
use sales_engine::sandbox::ai::{Ai, AiFault};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const PRICE: &str = "What is the price?";

on_both! {
    async fn each_failure_is_made_good(database: Database) {
        // With how many requests, of which how many are paid.
        let rows: &[(AiFault, usize, usize)] = &[
            (AiFault::Status(500), 2, 1),
            (AiFault::Status(529), 2, 1),
            (AiFault::Status(409), 2, 1),
            (AiFault::Page(502), 2, 1),
            (AiFault::Unavailable(7), 2, 1),
            (AiFault::RateLimited(Some(9)), 2, 1),
            (AiFault::RateLimited(None), 2, 1),
            (AiFault::Drop, 2, 2),
            (AiFault::Garbage, 2, 2),
            (AiFault::OtherShape, 2, 2),
            (AiFault::HalfBody, 2, 2),
            (AiFault::Slow(50), 1, 1),
            (AiFault::CutShort, 2, 2),
            (AiFault::Empty, 2, 2),
            (AiFault::Fenced, 1, 1),
            (AiFault::Prose, 2, 2),
            (AiFault::UnknownOption, 2, 2),
            (AiFault::ExtraKey, 2, 2),
            (AiFault::FalseQuote, 2, 2),
            (AiFault::NoUsage, 1, 1),
        ];
        let world = World::new(&database).await;
        for (n, (fault, requests, answered)) in (0..).zip(rows) {
            let before = (world.requests(), world.answered());
            world.replies(n, PRICE).await;
            world.sandbox.ai(|ai| ai.fail_next(*fault));
            world.work().await;
            assert_eq!(world.stands(n).await, ("Interested".to_owned(), "pricing_question".to_owned(), true), "{fault:?}");
            assert_eq!(world.readings(n).await, 1, "{fault:?}");
            let after = (world.requests() - before.0, world.answered() - before.1);
            assert_eq!(after, (*requests, *answered), "{fault:?}");
        }
        assert_eq!(world.ai_tasks(TaskStatus::Dead).await, []);
        // Of what was cut off the cost is not known, and so counted rather too high than too low.
        let person = database.person().await;
        let spent: i64 = person.texts("SELECT SUM(tokens) AS x FROM ai_days").await[0].parse().unwrap();
        assert!(spent >= world.sandbox.ai(|ai| ai.tokens), "{spent}");
    }
}

on_both! {
    async fn what_can_not_be_answered_goes_to_a_person(database: Database) {
        let rows: &[(AiFault, usize, &str)] = &[
            (AiFault::Refusal, 1, "AI was asked: the model refused to answer"),
            (AiFault::Filtered, 1, "AI was asked: a filter of the endpoint kept the answer back"),
            (AiFault::Prose, 2, "AI was asked: the model's answer was not usable twice (no JSON)"),
            (AiFault::ExtraKey, 2, "AI was asked: the model's answer was not usable twice (not the schema's shape)"),
            (AiFault::CutShort, 2, "AI was asked: the model's answer was not usable twice (cut off at the allowed length)"),
        ];
        let world = World::new(&database).await;
        for (n, (fault, requests, why)) in (0..).zip(rows) {
            let (before, fault) = (world.requests(), *fault);
            world.sandbox.ai(|ai| ai.fail_when(move |_| Some(fault)));
            world.replies(n, PRICE).await;
            world.work().await;
            assert_eq!(world.stands(n).await, ("Interested".to_owned(), String::new(), true), "{fault:?}");
            assert_eq!(world.requests() - before, *requests, "{fault:?}");
            let logs = world.timeline(n).await.logs;
            let told = logs.iter().filter(|log| log.action_details.as_deref() == Some(*why)).count();
            assert_eq!(told, 1, "{fault:?}: {logs:#?}");
            assert!(logs.iter().any(|log| log.status == "Failed" && log.error_message.is_some()), "{fault:?}");
        }
        assert_eq!(world.ai_tasks(TaskStatus::Dead).await, []);
    }
}

on_both! {
    async fn what_only_a_person_can_cure_is_told_once_and_asked_seldom(database: Database) {
        let world = World::new(&database).await;
        for (n, fault, word) in
            [(0, AiFault::NoQuota, "quota"), (10, AiFault::Unauthorised, "denies access"), (20, AiFault::NoModel, "check [ai] url and model")]
        {
            world.sandbox.ai(|ai| ai.fail_when(move |_| Some(fault)));
            let before = world.requests();
            for n in n..n + 5 {
                world.replies(n, PRICE).await;
            }
            world.work_until(world.clock.read() + TimeDelta::hours(3)).await;
            let asked = world.requests() - before;
            assert!((1..=14).contains(&asked), "{fault:?}: {asked} in three hours");
            let waiting = world.ai_tasks(TaskStatus::Pending).await;
            assert!(waiting.iter().any(|task| task.last_error.as_deref().is_some_and(|error| error.contains(word))), "{waiting:#?}");
            let person = database.person().await;
            let alerts = person.texts("SELECT action_taken AS x FROM automation_logs WHERE action_taken LIKE 'alert: AI%'").await;
            assert_eq!(alerts.iter().filter(|alert| alert.contains(word)).count(), 1, "{alerts:?}");
            // It is cured, and what waited is done.
            world.sandbox.ai(Ai::fail_no_more);
            world.work().await;
            for n in n..n + 5 {
                assert_eq!(world.stands(n).await.1, "pricing_question");
            }
        }
        assert_eq!(world.ai_tasks(TaskStatus::Dead).await, []);
    }
}

on_both! {
    async fn a_question_that_is_refused_ends_visibly_without_the_mail_in_any_table(database: Database) {
        let world = World::new(&database).await;
        world.sandbox.ai(|ai| ai.fail_when(|_| Some(AiFault::Rejected)));
        world.replies(1, "My number is 555-0100-secret, what is the price?").await;
        world.work().await;
        assert_eq!(world.requests(), 1);
        let dead = world.ai_tasks(TaskStatus::Dead).await;
        let error = dead[0].last_error.as_deref().unwrap();
        assert_eq!(error, "the endpoint refused the question (400 invalid_request_error invalid_value)");
        let said = format!("{:?}{dead:?}", world.timeline(1).await.logs);
        assert!(!said.contains("555-0100"), "{said}");
        // Run again by hand after the cure.
        world.sandbox.ai(Ai::fail_no_more);
        world.store.retry_task(dead[0].task_id.parse().unwrap(), world.clock.read()).await.unwrap();
        world.work().await;
        assert_eq!(world.stands(1).await.1, "pricing_question");
    }
}

on_both! {
    async fn what_fails_again_and_again_is_given_up_after_few_tries(database: Database) {
        let world = World::new(&database).await;
        world.sandbox.ai(|ai| ai.fail_when(|_| Some(AiFault::Status(500))));
        world.replies(1, PRICE).await;
        world.work().await;
        assert_eq!(world.requests(), 5);
        assert_eq!(world.ai_tasks(TaskStatus::Dead).await.len(), 1);
        assert_eq!(world.stands(1).await, ("Interested".to_owned(), String::new(), true), "a person has it");
    }
}

on_both! {
    async fn no_answer_in_time_is_no_answer(database: Database) {
        let mut world = World::new(&database).await;
        world.impatient(200);
        for (n, fault) in (0..).zip([AiFault::HangBefore, AiFault::Hang]) {
            world.sandbox.ai(|ai| ai.fail_next(fault));
            world.replies(n, PRICE).await;
            world.work().await;
            assert_eq!(world.stands(n).await.1, "pricing_question");
            assert_eq!(world.readings(n).await, 1);
        }
        assert_eq!(world.requests(), 4);
    }
}

on_both! {
    async fn killed_at_each_request_the_effect_counts_once(database: Database) {
        let world = World::with_airtable(&database).await;
        let is_hanging = Arc::new(AtomicBool::new(false));
        let hangs = Arc::clone(&is_hanging);
        world.sandbox.ai(|ai| {
            ai.fail_when(move |asked| {
                let fault = match asked % 3 {
                    0 => AiFault::HangBefore,
                    1 => AiFault::Hang,
                    _ => return None,
                };
                hangs.store(true, Ordering::SeqCst);
                Some(fault)
            });
        });
        for n in 0..4 {
            world.replies(n, PRICE).await;
        }
        world.clock.forward_ms(301_000);
        let kills = Box::pin(killed_and_begun_again(&world, |_| is_hanging.swap(false, Ordering::SeqCst))).await;
        world.sandbox.ai(Ai::fail_no_more);
        world.work().await;
        assert!(kills >= 8, "{kills}");
        for n in 0..4 {
            assert_eq!((world.readings(n).await, world.stands(n).await.1), (1, "pricing_question".to_owned()));
            assert!(world.contact(n).await.ai_context_summary.is_some());
        }
        assert_eq!(world.sandbox.with(|base| base.leads().len()), 4);
    }
}

on_both! {
    async fn killed_anywhere_the_effect_counts_once(database: Database) {
        let world = World::with_airtable(&database).await;
        for n in 0..4 {
            world.replies(n, PRICE).await;
        }
        world.clock.forward_ms(301_000);
        let mut seed = 7_u64;
        let mut polls_max = 3;
        let kills = Box::pin(killed_and_begun_again(&world, |polls| {
            let is_to_die = polls > polls_max;
            if is_to_die {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                polls_max = 3 + (seed >> 33) % 60;
            }
            is_to_die
        }))
        .await;
        world.work().await;
        assert!(kills >= 3, "{kills}");
        for n in 0..4 {
            assert_eq!((world.readings(n).await, world.stands(n).await.1), (1, "pricing_question".to_owned()));
            assert!(world.contact(n).await.ai_context_summary.is_some());
        }
    }
}

on_both! {
    async fn four_instances_ask_once_about_each(database: Database) {
        let world = World::new(&database).await;
        for n in 0..24 {
            world.replies(n, PRICE).await;
        }
        world.clock.forward_ms(61_000);
        let one = || async {
            let mut dispatcher = world.instance().await;
            for _ in 0..1_000 {
                if world.answered() == 24 {
                    return;
                }
                dispatcher.turn().await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(one(), one(), one(), one());
        world.work().await;
        assert_eq!((world.requests(), world.answered()), (24, 24));
        for n in 0..24 {
            assert_eq!((world.readings(n).await, world.stands(n).await.1), (1, "pricing_question".to_owned()));
        }
    }
}

/// Works until nothing is left, with a process that dies whenever it is told to.
async fn killed_and_begun_again(world: &World, mut is_to_die: impl FnMut(u64) -> bool) -> usize {
    let mut kills = 0;
    let mut dispatcher = world.dispatcher();
    for _ in 0..400 {
        match until_killed(Box::pin(dispatcher.turn()), &mut is_to_die).await {
            None => {
                kills += 1;
                world.clock.forward_ms(LEASE_MS);
                dispatcher = world.dispatcher();
            }
            Some(sales_engine::tasks::Turn::Worked(_)) => {}
            Some(sales_engine::tasks::Turn::Wait(until)) => world.clock.to(until),
            Some(sales_engine::tasks::Turn::Idle) => {
                let mut open = world.ai_tasks(TaskStatus::Pending).await;
                open.retain(|task| task.kind != "ai.find_documents");
                open.extend(world.ai_tasks(TaskStatus::Running).await);
                if open.is_empty() {
                    return kills;
                }
                world.clock.forward_ms(LEASE_MS);
            }
        }
    }
    kills
}
