//! By the clock: when each task comes round, after a downtime, and with several instances.

use crate::common::{Database, Kind};
use crate::on_both;
use crate::world::{World, client};
use sales_engine::store::Store;
use sales_engine::tasks::{Job, Turn};
use std::collections::BTreeSet;

on_both! {
    async fn the_day_of_each_client_begins_at_its_own_time(database: Database) {
        let world = World::new(database, &[("acme", "Europe/Berlin"), ("beta", "Asia/Kolkata"), ("gamma", "UTC")]).await;
        let mut dispatcher = world.dispatcher(world.database.store.clone());
        let due = || async {
            let rows = world.person.texts("SELECT client_id || ' ' || due_at AS x FROM tasks WHERE kind LIKE 'schedule.%' ORDER BY client_id").await;
            // PostgreSQL and SQLite write a time differently from the minutes on; a full hour ends before them.
            let hour = |row: String| row.replace('T', " ").split(":00").next().unwrap().to_owned();
            rows.into_iter().map(hour).collect::<Vec<_>>()
        };
        assert_eq!(world.run("2026-10-24T12:10:00Z", &mut dispatcher).await, 4, "at the first start everything once");
        assert_eq!(due().await, ["- 2026-10-24 13", "acme 2026-10-24 22", "beta 2026-10-24 18:30", "gamma 2026-10-25 00"]);
        let mut again = world.dispatcher(world.database.store.clone());
        assert_eq!(world.run("2026-10-24T12:59:59Z", &mut again).await, 0, "a restart is no reason to run");
        assert_eq!(world.run("2026-10-24T13:00:00Z", &mut dispatcher).await, 1);
        assert_eq!(world.run("2026-10-24T22:00:00Z", &mut dispatcher).await, 3, "an hour, Kolkata's and Berlin's day");
        // The clocks of Berlin go back on the 25th: that day has 25 hours.
        assert_eq!(due().await[1..], ["acme 2026-10-25 23", "beta 2026-10-25 18:30", "gamma 2026-10-25 00"]);
        assert_eq!(world.run("2026-10-25T22:00:00Z", &mut dispatcher).await, 3, "an hour, Kolkata, UTC; Berlin not yet");
        assert_eq!(world.run("2026-10-25T23:00:00Z", &mut dispatcher).await, 2, "Berlin");
        assert_eq!(world.runs("Daily Cron", Job::SequenceFinished).await, 8);
        assert_eq!(world.runs("Hourly Cron", Job::WentSilent).await, 5);
    }
}

on_both! {
    async fn ten_days_without_the_service_are_made_up_for_at_once(database: Database) {
        let world = World::new(database, &[("acme", "UTC")]).await;
        let mut dispatcher = world.dispatcher(world.database.store.clone());
        world.clock.set("2026-11-02T09:00:00Z");
        world.interested("ada@example.com", "2026-11-01T09:00:00Z", "2026-11-02T09:00:00Z").await;
        for day in 3..12 {
            world.ghosts(day * 10, 7, &format!("2026-11-{day:02}")).await;
        }
        assert_eq!(world.run("2026-11-02T09:00:00Z", &mut dispatcher).await, 2);
        drop(dispatcher);
        let mut dispatcher = world.dispatcher(world.database.store.clone());
        assert_eq!(world.run("2026-11-12T15:20:00Z", &mut dispatcher).await, 2, "one hour, one day");
        assert_eq!((world.runs("Hourly Cron", Job::WentSilent).await, world.runs("Daily Cron", Job::FollowUpDue).await), (2, 2));
        assert_eq!((world.events("follow_up_due").await, world.events("went_silent").await), (64, 1), "Ghosted has a date of its own");
        let times = "SELECT DISTINCT substr(CAST(occurred_at AS TEXT), 1, 10) AS x FROM events WHERE kind = 'follow_up_due' ORDER BY 1";
        assert_eq!(world.person.texts(times).await.len(), 9, "each at the time at which it was due");
        assert_eq!(world.run("2026-11-12T15:59:59Z", &mut dispatcher).await, 0);
        assert_eq!(world.run("2026-11-12T16:00:00Z", &mut dispatcher).await, 1);
        assert_eq!(world.run("2026-11-13T00:00:00Z", &mut dispatcher).await, 2);
        assert_eq!((world.events("follow_up_due").await, world.events("went_silent").await), (64, 1));
    }
}

on_both! {
    async fn of_four_instances_and_a_person_each_event_comes_once(database: Database) {
        let world = World::new(database, &[("acme", "UTC")]).await;
        world.ghosts(1, 3_000, "2026-11-03").await;
        world.clock.set("2026-11-03T00:00:00Z");
        let mut instances = Vec::new();
        for _ in 0..4 {
            let mut dispatcher = world.dispatcher(Store::open(&world.database.address).await.unwrap());
            instances.push(tokio::spawn(async move {
                for _ in 0..50 {
                    if dispatcher.turn().await.unwrap() == Turn::Idle {
                        return;
                    }
                }
            }));
        }
        let by_hand = world.sweep_on(Store::open(&world.database.address).await.unwrap());
        let reports = by_hand.by_hand(&[Job::FollowUpDue], &[client("acme")], false).await.unwrap();
        assert!(reports[0].is_complete(), "{reports:?}");
        for instance in instances {
            instance.await.unwrap();
        }
        // Whoever came too early to find something found the others at work; what was under way is done by now.
        let mut last = world.dispatcher(world.database.store.clone());
        world.run("2026-11-03T00:00:00Z", &mut last).await;
        assert_eq!(world.events("follow_up_due").await, 3_000);
        assert_eq!(world.number("SELECT count(*) AS x FROM contacts WHERE follow_up_told IS NULL").await, 0);
        let logs = "SELECT trigger_type || ' ' || action_taken AS x FROM automation_logs WHERE action_taken LIKE 'follow_up_due: %'";
        let logs = world.person.texts(logs).await;
        let done: u64 = logs.iter().map(|log| log.split("due: ").nth(1).unwrap().split(' ').next().unwrap().parse::<u64>().unwrap()).sum();
        assert_eq!((done, logs.len()), (3_000, 3), "{logs:?}");
        let triggers: BTreeSet<&str> = logs.iter().map(|log| log.split(" follow").next().unwrap()).collect();
        assert_eq!(triggers, BTreeSet::from(["Daily Cron", "Hourly Cron", "Manual"]));
    }
}

on_both! {
    async fn nothing_that_the_scheduler_asks_reads_a_whole_table(database: Database) {
        let world = World::new(database, &[("acme", "UTC")]).await;
        world.ghosts(1, 20_000, "2030-01-01").await;
        // Some of each kind that is looked for, among many that are not.
        for (stage, rest) in [
            ("lead_status = 'out_of_office', campaign_status = 'paused'", 1),
            ("lead_status = 'interested', last_contact_date = '2029-12-20T00:00:00.000000Z'", 2),
            ("lead_status = 'active', pipeline_status = 'open', campaign_status = 'active', lead_email_status = NULL", 3),
        ] {
            let some = match world.database.kind {
                Kind::Sqlite => format!("UPDATE contacts SET {stage} WHERE length(email) = 17 AND rowid % 8 = {rest}"),
                Kind::Postgres => format!("UPDATE contacts SET {stage} WHERE length(email) = 17 AND abs(hashtext(email)) % 8 = {rest}"),
            };
            assert!(world.person.run(&some).await.unwrap() > 500);
        }
        world.person.run("ANALYZE").await.unwrap();
        let plans = world.database.store.schedule_plans("2030-01-02T00:00:00Z".parse().unwrap()).await.unwrap();
        assert_eq!(plans.len(), match world.database.kind { Kind::Sqlite => 12, Kind::Postgres => 9 });
        for (name, plan) in plans {
            match world.database.kind {
                Kind::Sqlite => {
                    let scans = plan.lines().find(|line| line.contains("SCAN") && !line.contains("json_each") && !line.contains("SCAN n"));
                    assert_eq!(scans, None, "{name}: {plan}");
                    assert!(plan.contains("USING"), "{name}: {plan}");
                }
                Kind::Postgres => {
                    assert!(!plan.contains("Seq Scan"), "{name}: {plan}");
                    assert!(plan.contains("Index"), "{name}: {plan}");
                }
            }
            for (job, index) in [
                ("return_due", "idx_contacts_absent"),
                ("follow_up_due", "idx_contacts_due"),
                ("went_silent", "idx_contacts_interested"),
                ("sequence_finished", "idx_contacts_in_sequence"),
                ("list_totals", "idx_contacts_list_in_campaign"),
                ("in sequence at a platform", "idx_contacts_in_sequence"),
            ] {
                assert!(job != name || plan.contains(index) && !plan.contains("Sort"), "{name}: {plan}");
            }
            if ["claim of tasks", "claim for an account", "due for an account"].contains(&name) {
                assert!(plan.contains("(status=? AND kind=?"), "the tasks of other kinds are not looked at, {name}: {plan}");
            }
        }
    }
}
