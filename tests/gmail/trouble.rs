//! That nothing is lost and nothing counts twice, whatever goes wrong: late and repeated pushes, lost histories, limits, faults, deaths.

use crate::common::{Database, Kind};
use crate::on_both;
use crate::world::{ANN, BEN, LEAD, Letter, Setting, World};
use sales_engine::engine::rows::TaskStatus;
use sales_engine::sandbox::google::{Call, Google, GoogleFault, TOPIC};
use sales_engine::store::views::TaskFilter;
use sales_engine::tasks::{Dispatcher, Turn};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

fn reply(n: usize) -> String {
    Letter { id: &format!("r{n}@customer.example"), text: &format!("Answer {n}."), ..Letter::default() }.raw()
}

impl World {
    async fn replies(&self) -> i64 {
        self.contact(LEAD).await.map_or(0, |lead| lead.reply_count)
    }
}

on_both! {
    async fn pushes_may_come_late_twice_and_in_no_order(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        world.google(|google| (google.pushes_newest_first, google.pushes_repeat_every) = (true, Some(1)));
        for n in 0..6 {
            world.deliver(&reply(n));
            world.clock.forward_ms(1_500);
        }
        let pushed = world.push().await;
        assert!(pushed >= 6, "{pushed}");
        world.work().await;
        world.push_and_work().await;
        assert_eq!((world.replies().await, world.chat().await.len()), (6, 7));
        world.end().await;
    }
}

on_both! {
    async fn a_history_that_lags_behind_its_push_is_looked_at_again(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        world.google(|google| google.lag(ANN, 2));
        world.deliver(&reply(1));
        world.push_and_work().await;
        assert_eq!(world.replies().await, 0);
        world.forward(20).await;
        assert_eq!(world.replies().await, 1, "found within seconds, without another push");
        // A lag that lasts longer than that does not lose it either.
        world.google(|google| google.lag(ANN, 8));
        world.deliver(&reply(2));
        world.push_and_work().await;
        world.forward(3_000).await;
        assert_eq!(world.replies().await, 2);
        world.end().await;
    }
}

on_both! {
    async fn a_silent_mailbox_is_polled(database: Database) {
        let mut world = World::with(database, &Setting { topic: None, ..Setting::default() }).await;
        world.work().await;
        world.report_sent().await;
        world.deliver(&reply(1));
        world.forward(299).await;
        assert_eq!((world.google(|google| google.calls(Call::Watch)), world.replies().await), (0, 0));
        world.forward(2).await;
        assert_eq!(world.replies().await, 1);
        world.end().await;
    }
}

on_both! {
    async fn the_first_look_reaches_back_a_day(database: Database) {
        let mut world = World::with(database, &Setting { is_delegated: true, ..Setting::default() }).await;
        world.report_sent().await;
        world.deliver(&reply(1));
        world.clock.forward_ms(90_000_000);
        world.deliver(&reply(2));
        world.clock.forward_ms(3_600_000);
        world.work().await;
        assert_eq!(world.chat().await[1..], [format!("{LEAD} reply received: Answer 2.")]);
        assert_eq!(world.cursor("history", ANN).await, Some(world.google(|google| google.history_id(ANN)).to_string()));
        assert_eq!(world.cursor("full", ANN).await, None);
        world.end().await;
    }
}

on_both! {
    async fn a_lost_history_is_made_good_by_a_full_look(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        world.deliver(&reply(1));
        world.push_and_work().await;
        // The service is away; meanwhile history is forgotten.
        world.clock.forward_ms(3 * 86_400_000);
        for n in 2..7 {
            world.deliver(&reply(n));
        }
        world.google(|google| google.expire_history(ANN));
        world.clock.forward_ms(4 * 86_400_000);
        world.google(|google| google.page_size_max = 2);
        world.work().await;
        assert_eq!((world.replies().await, world.chat().await.len()), (6, 7), "{:?}", world.chat().await);
        assert_eq!(world.cursor("full", ANN).await, None);
        world.deliver(&reply(7));
        world.push_and_work().await;
        assert_eq!(world.replies().await, 7, "and the history is followed from there on");
        world.end().await;
    }
}

on_both! {
    async fn a_quiet_mailboxs_place_keeps_up_with_it(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let id = world.deliver(&reply(1));
        world.push_and_work().await;
        let before: u64 = world.cursor("history", ANN).await.unwrap().parse().unwrap();
        for _ in 0..5 {
            world.google(|google| google.relabel(ANN, &id, &["STARRED"], &[]));
            world.google(|google| google.relabel(ANN, &id, &[], &["STARRED"]));
            world.forward(400).await;
        }
        let after: u64 = world.cursor("history", ANN).await.unwrap().parse().unwrap();
        assert!(after > before, "what is older than a week is forgotten by Google");
        assert!(after <= world.google(|google| google.history_id(ANN)));
        world.end().await;
    }
}

on_both! {
    async fn a_mailbox_that_was_made_anew_is_read_anew(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        // Its old place lies ahead of it.
        let far = "UPDATE cursors SET value = '18446744073709551615' WHERE name = 'gmail.history:acme:ann@acme.example'";
        world.person.run(far).await.unwrap();
        world.deliver(&reply(1));
        world.push_and_work().await;
        assert_eq!(world.replies().await, 1);
        world.clock.forward_ms(2_000);
        world.deliver(&reply(2));
        world.push_and_work().await;
        assert_eq!(world.replies().await, 2);
        world.end().await;
    }
}

on_both! {
    async fn a_flood_keeps_within_the_quota(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        for n in 0..120 {
            world.deliver(&reply(n));
        }
        let started = world.clock.read();
        let before = world.google(|google| google.units_used(ANN));
        world.push_and_work().await;
        assert_eq!(world.replies().await, 120);
        assert_eq!(world.google(|google| google.over_quota(ANN)), 0, "no refusal caused by us");
        let units = world.google(|google| google.units_used(ANN)) - before;
        let seconds = (world.clock.read() - started).as_seconds_f64();
        let per_minute = 60.0 * f64::from(u32::try_from(units).unwrap()) / seconds;
        assert!(per_minute > 0.95 * 6_000.0, "{per_minute} units a minute: the quota is used");
        world.end().await;
    }
}

on_both! {
    async fn a_quota_that_is_smaller_than_ours_is_backed_off_from(database: Database) {
        let setting = Setting { units_per_minute: 60_000, ..Setting::default() };
        let mut world = World::with(database, &setting).await;
        world.work().await;
        world.report_sent().await;
        world.clock.forward_ms(60_000);
        for n in 0..400 {
            world.deliver(&reply(n));
        }
        world.push_and_work().await;
        assert!(world.google(|google| google.over_quota(ANN)) > 0);
        world.deliver(&reply(400));
        world.google(|google| google.deliver(BEN, Letter { id: "b@customer.example", to: BEN, ..Letter::default() }.raw().as_bytes()));
        let before = world.replies().await;
        assert!(before < 400);
        world.push_and_work().await;
        assert_eq!(world.replies().await, before + 1, "another mailbox is not held up");
        let calls = world.google(|google| google.over_quota(ANN));
        // Gmail asks for a quarter of an hour at times.
        world.forward(2_700).await;
        assert_eq!(world.replies().await, 402);
        let refused = world.google(|google| google.over_quota(ANN)) - calls;
        assert!(refused < 20, "{refused} refused requests: it is waited for");
        world.end().await;
    }
}

on_both! {
    async fn a_revoked_mailbox_is_told_once_and_rests(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        world.google(|google| google.revoke(ANN, None));
        world.google(Google::end_access_tokens);
        world.deliver(&reply(1));
        for _ in 0..20 {
            world.push_and_work().await;
            world.google(|google| google.relabel(ANN, "none", &["X"], &[]));
            world.forward(30).await;
        }
        let asked = world.google(|google| google.calls(Call::Token));
        let alerts = world.alerts().await;
        assert!(alerts.len() == 1 && alerts[0].contains(ANN) && alerts[0].contains("connect it again"), "{alerts:?}");
        world.google(|google| google.deliver(BEN, Letter { id: "b@customer.example", to: BEN, ..Letter::default() }.raw().as_bytes()));
        world.push_and_work().await;
        assert_eq!(world.replies().await, 1, "another mailbox goes on");
        world.forward(7_200).await;
        let hourly = world.google(|google| google.calls(Call::Token)) - asked;
        assert!((1..=8).contains(&hourly), "{hourly} looks within two hours");
        assert_eq!(world.alerts().await.len(), 1, "told once");
        world.google(|google| google.restore(ANN));
        world.forward(3_700).await;
        assert_eq!(world.replies().await, 2, "nothing was lost");
        world.clock.forward_ms(3_600_000);
        world.google(|google| google.revoke(ANN, Some("invalid_rapt")));
        world.google(Google::end_access_tokens);
        world.forward(400).await;
        assert_eq!(world.alerts().await.len(), 2, "another time is told again");
        world.end().await;
    }
}

on_both! {
    async fn whatever_fails_the_reply_is_there_once_in_the_end(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let faults = [
            GoogleFault::Status(500),
            GoogleFault::Unavailable(3),
            GoogleFault::Page(502),
            GoogleFault::RateLimited { status: 403, is_of_user: true, retry_after_seconds: None },
            GoogleFault::RateLimited { status: 429, is_of_user: false, retry_after_seconds: Some(5) },
            GoogleFault::Drop,
            GoogleFault::Garbage,
            GoogleFault::HalfBody,
            GoogleFault::Unauthorised,
        ];
        let mut count = 0;
        for call in [Call::History, Call::Metadata, Call::Raw] {
            for fault in faults {
                world.google(|google| google.fail_next(call, fault));
                // In a thread of its own, so that its headers are asked for.
                let n = usize::try_from(count).unwrap();
                let letter = Letter { id: &format!("r{n}@customer.example"), subject: &format!("Question {n}"), ..Letter::default() };
                world.deliver(&letter.raw());
                world.push_and_work().await;
                count += 1;
                // A limit soon after another is waited for longer.
                for _ in 0..90 {
                    if world.replies().await < count {
                        world.forward(1).await;
                    }
                }
                world.clock.forward_ms(2_000);
                assert_eq!(world.replies().await, count, "{call:?} {fault:?}");
            }
        }
        assert_eq!(world.alerts().await, Vec::<String>::new(), "nothing that a person must know");
        world.end().await;
    }
}

on_both! {
    async fn a_message_that_google_never_hands_out_holds_up_no_other(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        world.google(|google| google.fail_when(|call| (call == Call::Raw).then_some(GoogleFault::OtherShape)));
        world.deliver(&reply(1));
        world.push_and_work().await;
        world.forward(60).await;
        let alerts = world.alerts().await;
        assert!(alerts.len() == 1 && alerts[0].contains("could not be taken"), "{alerts:?}");
        world.google(Google::fail_no_more);
        world.deliver(&reply(2));
        world.push_and_work().await;
        assert_eq!(world.replies().await, 1);
        world.restart(&Setting::default());
        world.work().await;
        assert_eq!(world.replies().await, 2, "the next start tries it again");
        world.end().await;
    }
}

on_both! {
    async fn a_poisoned_mail_holds_up_no_other(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let (poison, cure) = match world.database.kind {
            Kind::Sqlite => (
                "CREATE TRIGGER poison BEFORE INSERT ON chat_history WHEN NEW.message_content LIKE '%poison%'
                 BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
                "DROP TRIGGER poison",
            ),
            Kind::Postgres => (
                "ALTER TABLE chat_history ADD CONSTRAINT poisoned CHECK (message_content NOT LIKE '%poison%')",
                "ALTER TABLE chat_history DROP CONSTRAINT poisoned",
            ),
        };
        world.person.run(poison).await.unwrap();
        world.deliver(&reply(1));
        world.deliver(&Letter { id: "p@customer.example", text: "poison", ..Letter::default() }.raw());
        world.deliver(&reply(2));
        world.push_and_work().await;
        world.forward(400).await;
        assert_eq!(world.replies().await, 2);
        let alerts = world.alerts().await;
        assert!(alerts.len() == 1 && alerts[0].contains("poisoned"), "{alerts:?}");
        world.restart(&Setting::default());
        world.work().await;
        assert_eq!((world.replies().await, world.alerts().await.len()), (2, 1), "still poisoned, and not told again");
        world.person.run(cure).await.unwrap();
        world.restart(&Setting::default());
        world.work().await;
        assert_eq!((world.replies().await, world.count("gmail_aside").await), (3, 0));
        world.end().await;
    }
}

on_both! {
    async fn watches_are_renewed_and_a_lapse_is_told(database: Database) {
        let mut world = World::new(database).await;
        assert!(world.google(|google| google.is_watched(ANN) && google.is_watched(BEN)));
        let before = world.google(|google| google.calls(Call::Watch));
        world.clock.forward_ms(86_400_000);
        world.forward(2).await;
        assert_eq!(world.google(|google| google.calls(Call::Watch)), before + 2, "daily");
        world.google(|google| google.close_topic(TOPIC));
        world.clock.forward_ms(86_400_000);
        world.forward(2).await;
        assert_eq!(world.alerts().await.len(), 2, "each mailbox once: {:?}", world.alerts().await);
        world.clock.forward_ms(8 * 86_400_000);
        world.forward(2).await;
        let alerts = world.alerts().await;
        let lapsed = alerts.iter().filter(|alert| alert.contains("has lapsed")).count();
        assert_eq!(lapsed, 2, "{alerts:?}");
        world.report_sent().await;
        world.deliver(&reply(1));
        world.forward(301).await;
        assert_eq!(world.replies().await, 1, "and the mailbox is polled");
        world.end().await;
    }
}

/// Ends a turn in the middle of its n-th request. True where there was one.
async fn die_at(world: &World, dispatcher: &mut Dispatcher, n: u64) -> bool {
    let (reached, seen) = (Arc::new(Notify::new()), Arc::new(Mutex::new(0)));
    let (notify, counted) = (Arc::clone(&reached), Arc::clone(&seen));
    world.google(|google| {
        google.fail_when(move |_| {
            let mut seen = counted.lock().unwrap();
            *seen += 1;
            (*seen == n).then(|| {
                notify.notify_one();
                GoogleFault::Hang
            })
        });
    });
    let works = async { while let Turn::Worked(_) = dispatcher.turn().await.unwrap() {} };
    let was_killed = tokio::select! {
        () = reached.notified() => true,
        () = works => false,
    };
    world.google(Google::fail_no_more);
    was_killed
}

on_both! {
    async fn killed_at_any_request_nothing_is_lost_and_nothing_is_double(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let mut expected = 0;
        // So many requests has one turn with three mails of new threads, and no more.
        for n in 1..40 {
            for part in 0..3 {
                let id = format!("r{n}-{part}@customer.example");
                let subject = format!("Question {n} {part}");
                world.deliver(&Letter { id: &id, subject: &subject, ..Letter::default() }.raw());
            }
            expected += 3;
            world.push().await;
            let mut dispatcher = world.another_instance(&Setting::default()).await;
            // What begins anew looks at every mailbox once.
            let was_killed = die_at(&world, &mut dispatcher, n).await;
            drop(dispatcher);
            // Its lease ends, and another one takes over.
            world.clock.forward_ms(121_000);
            world.work().await;
            assert_eq!(world.replies().await, expected, "killed at request {n}");
            if !was_killed {
                assert!(n > 8, "there are more requests than {n}");
                break;
            }
        }
        let rows = i64::try_from(world.chat().await.len()).unwrap();
        assert_eq!(rows, expected + 1);
        world.end().await;
    }
}

on_both! {
    async fn killed_in_a_full_look_it_goes_on_where_it_was(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        for n in 0..50 {
            world.deliver(&reply(n));
        }
        world.google(|google| google.expire_history(ANN));
        world.google(|google| google.page_size_max = 30);
        let mut deaths = 0;
        for _ in 0..200 {
            let mut dispatcher = world.another_instance(&Setting::default()).await;
            let was_killed = die_at(&world, &mut dispatcher, 45).await;
            deaths += u32::from(was_killed);
            world.clock.forward_ms(121_000);
            if !was_killed {
                break;
            }
        }
        assert!((1..20).contains(&deaths), "each life gets further: {deaths} deaths");
        world.work().await;
        assert_eq!((world.replies().await, world.chat().await.len()), (50, 51));
        world.end().await;
    }
}

on_both! {
    async fn two_instances_at_once_make_one_of_everything(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let mut first = world.another_instance(&Setting::default()).await;
        let mut second = world.another_instance(&Setting::default()).await;
        for n in 0..10 {
            world.deliver(&reply(2 * n));
            world.google(|google| google.deliver(BEN, Letter { id: &format!("r{}@customer.example", 2 * n + 1), to: BEN, ..Letter::default() }.raw().as_bytes()));
            world.push().await;
            let work = async |dispatcher: &mut Dispatcher| while let Turn::Worked(_) = dispatcher.turn().await.unwrap() {};
            tokio::join!(work(&mut first), work(&mut second));
            world.clock.forward_ms(2_000);
        }
        world.work().await;
        assert_eq!((world.replies().await, world.chat().await.len()), (20, 21));
        assert_eq!(world.google(|google| google.over_quota(ANN) + google.over_concurrent(ANN)), 0);
        world.end().await;
    }
}

on_both! {
    async fn two_that_hold_one_mailbox_do_no_harm(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        for n in 0..5 {
            world.deliver(&reply(n));
        }
        world.push().await;
        // The first is so slow that its lease ends while it waits; the second takes over; the first goes on.
        let mut slow = world.another_instance(&Setting::default()).await;
        let (reached, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let notify = Arc::clone(&reached);
        let mut once = true;
        world.google(|google| {
            google.fail_when(move |call| {
                let is_first = call == Call::Raw && std::mem::take(&mut once);
                is_first.then(|| {
                    notify.notify_one();
                    GoogleFault::Slow(300)
                })
            });
        });
        let turns = async {
            while let Turn::Worked(_) = slow.turn().await.unwrap() {}
            go.notify_one();
        };
        let takes_over = async {
            reached.notified().await;
            world.clock.forward_ms(121_000);
            world.work().await;
            go.notified().await;
        };
        tokio::join!(turns, takes_over);
        world.work().await;
        assert_eq!((world.replies().await, world.chat().await.len()), (5, 6));
        let pending = TaskFilter { status: Some(TaskStatus::Running), kind: None, limit: 10 };
        assert_eq!(world.database.store.tasks(&pending).await.unwrap().len(), 0);
        world.end().await;
    }
}
