//! A receiver that fails: order, repetition, waiting, dead ends.

use super::common::Database;
use super::world::{World, alerts};
use crate::on_both;
use chrono::TimeDelta;
use sales_engine::domain::ids::ClientId;
use sales_engine::engine::rows::NotificationStatus;
use sales_engine::sandbox::Fault;
use sales_engine::sandbox::notify::Receivers;
use sales_engine::store::views::NotificationFilter;
use serde_json::{Value, json};

/// Wanted, then not, then wanted, ...: each moves the stage.
fn reply(person: u32, nth: u32) -> Value {
    let intent = if nth.is_multiple_of(2) { "pricing_question" } else { "not_interested" };
    json!({ "kind": "reply_received", "email": format!("p{person}@example.com"), "id": format!("r{person}-{nth}"),
        "occurred_at": format!("2026-11-{:02}T09:{:02}:00Z", 1 + nth, person), "intent": intent, "text": "well" })
}

on_both! {
    async fn order_of_each_contact_holds_whatever_the_receiver_does(database: Database) {
        let mut world = World::new(database).await;
        let faults = [
            Fault::Status(500), Fault::Status(429), Fault::Unavailable(3), Fault::BadGateway, Fault::DropBefore, Fault::DropAfter,
            Fault::Garbage, Fault::HalfBody, Fault::HangBefore, Fault::HangAfter, Fault::Slow(20), Fault::Status(302), Fault::Rejected,
        ];
        let (mut nth, mut seen) = (0_usize, 0_u32);
        world.sandbox.notify(|receivers| receivers.fail_when(move |_| {
            seen += 1;
            let fails = seen % 3 == 0 && seen < 200;
            nth += usize::from(fails);
            fails.then(|| faults[nth % faults.len()])
        }));
        for nth in 0..4 {
            for person in 0..6 {
                world.post(reply(person, nth)).await;
            }
            world.work().await;
        }
        world.work_until_done(3).await;
        world.check().await;
        let (received, taken) = world.sandbox.notify(|receivers| (receivers.received().len(), receivers.taken().count()));
        let rows = world.rows().await.len();
        assert!(rows >= 48 && received > taken && taken > rows, "it failed, and some were told twice: {rows} {taken} {received}");
    }
}

on_both! {
    async fn one_that_fails_holds_only_its_contacts_later_ones(database: Database) {
        let mut world = World::new(database).await;
        let answer = world.post(reply(1, 0)).await;
        let poor = answer.events[0].contact_id.unwrap().to_string();
        let sick = poor.clone();
        world.sandbox.notify(|receivers| receivers.fail_when(move |received| (received.subject == sick).then_some(Fault::Rejected)));
        world.post(reply(2, 0)).await;
        world.work().await;
        world.clock.forward_ms(3_600_000);
        world.post(reply(1, 1)).await;
        world.post(reply(2, 1)).await;
        world.work().await;
        let subjects: Vec<String> = world.sandbox.notify(|receivers| receivers.taken().map(|taken| taken.subject.clone()).collect());
        assert!(subjects.len() >= 4 && !subjects.contains(&poor), "{subjects:?}");
        let tried = world.sandbox.notify(|receivers| {
            let ids = receivers.received().iter().filter(|received| received.subject == poor).map(|received| received.id.clone());
            ids.collect::<std::collections::BTreeSet<_>>()
        });
        assert_eq!(tried.len(), 1, "only the first of the contact was tried");
        // Three days later it is given up, and the next one has its turn; the receiver is well again by then.
        let mut end = world.clock.read() + TimeDelta::days(4);
        while world.count("dead").await == 0 {
            assert!(world.clock.read() < end, "it is tried for three days");
            world.work().await;
            world.clock.forward_ms(600_000);
        }
        world.sandbox.notify(Receivers::fail_no_more);
        end = world.clock.read() + TimeDelta::days(1);
        while world.count("pending").await > 0 && world.clock.read() < end {
            world.work().await;
            world.clock.forward_ms(600_000);
        }
        let dead = NotificationFilter { status: Some(NotificationStatus::Dead), limit: 10, ..NotificationFilter::default() };
        let dead = world.database.store.notifications(&dead).await.unwrap();
        assert_eq!(dead.len(), 1, "{dead:?}");
        assert!((15..60).contains(&dead[0].attempts), "{dead:?}");
        let told = alerts(&world.database).await;
        assert!(told.iter().any(|alert| alert.kind == "notification_dead" && alert.text.contains("`hook`")), "{told:#?}");
        // Run again by hand: the same id, after what went on meanwhile.
        let id = dead[0].notification_id.parse().unwrap();
        assert!(world.database.store.retry_notification(id, world.clock.read()).await.unwrap());
        assert!(!world.database.store.retry_notification(id, world.clock.read()).await.unwrap(), "it is not dead any more");
        world.work().await;
        let last = world.sandbox.notify(|receivers| receivers.received().last().unwrap().id.clone());
        assert_eq!(last, format!("msg_{}", dead[0].notification_id.replace('-', "")));
        assert_eq!((world.count("dead").await, world.count("pending").await), (0, 0));
    }
}

on_both! {
    async fn a_target_that_wants_no_more_is_left_alone_until_it_is_enabled(database: Database) {
        let mut world = World::new(database).await;
        world.sandbox.notify(|receivers| receivers.fail_when(|_| Some(Fault::Status(410))));
        world.post(reply(1, 0)).await;
        world.work().await;
        world.clock.forward_ms(86_400_000);
        world.post(reply(2, 0)).await;
        world.work().await;
        assert_eq!(world.sandbox.notify(|receivers| receivers.received().len()), 1, "after one 410 nothing is sent");
        let told = alerts(&world.database).await;
        assert_eq!((told.len(), told[0].kind.as_str(), told[0].status.as_str()), (1, "target_disabled", "open"));
        world.sandbox.notify(Receivers::fail_no_more);
        assert!(world.database.store.enable_target("hook").await.unwrap());
        assert!(!world.database.store.enable_target("hook").await.unwrap());
        world.clock.forward_ms(86_400_000);
        world.work().await;
        world.check().await;
        assert_eq!(alerts(&world.database).await[0].status, "resolved");
    }
}

on_both! {
    async fn an_overloaded_target_is_slowed_down_as_a_whole(database: Database) {
        let mut world = World::new(database).await;
        world.sandbox.notify(|receivers| {
            let mut first = true;
            receivers.fail_when(move |_| std::mem::take(&mut first).then_some(Fault::Unavailable(90)));
        });
        world.post(reply(1, 0)).await;
        world.work().await;
        world.post(reply(2, 0)).await;
        world.clock.forward_ms(80_000);
        world.work().await;
        assert_eq!(world.sandbox.notify(|receivers| receivers.received().len()), 1, "nothing goes there before its Retry-After is over");
        world.work_until_done(1).await;
        world.check().await;
    }
}

async fn a_target_that_answers(database: Database, fault: Fault) {
    let mut world = World::new(database).await;
    world.sandbox.notify(|receivers| receivers.fail_when(move |_| Some(fault)));
    for person in 0..20 {
        world.post(reply(person, 0)).await;
    }
    world.work().await;
    let begun = world.sandbox.notify(|receivers| receivers.received().len());
    assert!((5..=16).contains(&begun), "the breaker opens: {begun}");
    let told = alerts(&world.database).await;
    assert_eq!((told.len(), told[0].kind.as_str()), (1, "service_fails"), "{told:#?}");
    assert!(told[0].text.contains("[notifications.hook]"), "{told:?}");
    world.clock.forward_ms(61_000);
    world.work().await;
    assert_eq!(
        world.sandbox.notify(|receivers| receivers.received().len()),
        begun + 1,
        "one try tells whether it is well"
    );
    world.sandbox.notify(Receivers::fail_no_more);
    world.work_until_done(1).await;
    world.check().await;
    assert_eq!(alerts(&world.database).await[0].status, "resolved");
}

on_both! {
    async fn a_target_that_answers_nobody_is_tried_once_a_minute_and_told(database: Database) {
        a_target_that_answers(database, Fault::ServerError).await;
    }
}

on_both! {
    async fn so_is_one_with_a_proxy_in_front_that_finds_nobody_behind_it(database: Database) {
        a_target_that_answers(database, Fault::Status(502)).await;
    }
}

on_both! {
    async fn all_dead_ones_go_out_again_in_their_old_order(database: Database) {
        let person = database.person().await;
        // Their ids, and the times at which they were told, say nothing of their order.
        let row = |nth: usize, target: &str, status: &str| format!(
            "('00000000-0000-4000-8000-{:012}', 'acme', '{target}', 'deal.won', 'lane {}', 'body {nth}', '{status}',
              '2026-11-20T00:00:00.000000Z', '2026-11-{:02}T00:00:00.000000Z', '2026-11-20T00:00:00.000000Z')",
            999 - nth, nth % 3, 1 + nth % 25
        );
        let mut rows: Vec<String> = (0..120).map(|nth| row(nth, "hook", "dead")).collect();
        rows.push(row(120, "other", "dead"));
        rows.push(row(121, "hook", "pending"));
        person.run(&format!(
            "INSERT INTO notifications (notification_id, client_id, target, kind, lane, body, status, due_at, created_at, updated_at)
             VALUES {}", rows.join(", ")
        )).await.unwrap();
        let now = "2026-11-27T12:00:00Z".parse().unwrap();
        let acme = ClientId::parse("acme").unwrap();
        assert_eq!(database.store.retry_dead_notifications(Some("nobody"), None, now).await.unwrap(), 0);
        assert_eq!(database.store.retry_dead_notifications(Some("hook"), Some(&acme), now).await.unwrap(), 120);
        let order = person.texts("SELECT body AS x FROM notifications WHERE status = 'pending' ORDER BY seq").await;
        let expected: Vec<String> = [121].into_iter().chain(0..120).map(|nth| format!("body {nth}")).collect();
        assert_eq!(order, expected, "behind what waits, in the order in which they were told");
        let dead = NotificationFilter { status: Some(NotificationStatus::Dead), limit: 10, ..NotificationFilter::default() };
        let left = database.store.notifications(&dead).await.unwrap();
        assert_eq!(left.iter().map(|row| row.target.as_str()).collect::<Vec<_>>(), ["other"]);
        let all = database.store.notifications(&NotificationFilter { limit: 500, ..NotificationFilter::default() }).await.unwrap();
        assert_eq!((all.len(), all[0].status.as_str()), (122, "pending"), "the newest first");
        assert_eq!(database.store.retry_dead_notifications(None, None, now).await.unwrap(), 1);
    }
}
