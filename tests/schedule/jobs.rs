//! Each job, what follows from what it finds, and the boundaries.

use crate::common::{Database, Kind};
use crate::on_both;
use crate::world::World;
use sales_engine::domain::ids::Email;
use sales_engine::tasks::{Job, ScheduledMailbox};
use serde_json::json;

on_both! {
    async fn silence_is_noticed_after_five_days_and_undone_by_what_is_told_late(database: Database) {
        let world = World::new(database, &[("acme", "UTC")]).await;
        world.clock.set("2026-11-02T09:00:00Z");
        world.interested("ada@example.com", "2026-11-01T09:00:00Z", "2026-11-02T09:00:00Z").await;
        let wanted = "SELECT wanted AS x FROM tasks WHERE kind = 'airtable.sync_lead'";
        let wanted_before = world.number(wanted).await;
        let exactly = world.sweep("2026-11-07T09:00:00Z", Job::WentSilent).await;
        assert_eq!((exactly.found, world.stage("acme", "ada@example.com").await), (0, "Interested"), "five days are not over");
        let over = world.sweep("2026-11-07T09:00:00.000001Z", Job::WentSilent).await;
        assert_eq!((over.found, over.done, over.first.len()), (1, 1, 1));
        let contact = world.contact("acme", "ada@example.com").await;
        assert_eq!((contact.stage.as_str(), contact.follow_up_date.as_deref()), ("Ghosted", Some("2026-11-07")));
        assert_eq!(contact.follow_up_reason.as_deref(), Some("ghosted_follow_up"));
        assert!(world.number(wanted).await > wanted_before, "the lead is written again");
        let moved = "SELECT trigger_type AS x FROM automation_logs WHERE action_taken = 'stage Interested → Ghosted'";
        assert_eq!(world.person.texts(moved).await, ["Manual"]);
        assert_eq!(world.runs("Manual", Job::WentSilent).await, 2, "each run has its row");
        let addresses = "SELECT count(*) AS x FROM automation_logs WHERE action_taken LIKE '%@%' OR action_details LIKE '%@%'";
        assert_eq!(world.number(addresses).await, 0);
        world.post("acme", json!([{ "kind": "email_sent", "email": "ada@example.com", "id": "late", "text": "And one thing more",
            "occurred_at": "2026-11-04T10:00:00Z", "thread_id": "t" }])).await;
        assert_eq!(world.stage("acme", "ada@example.com").await, "Interested", "a mail of ours that was told late");
        assert_eq!(world.sweep("2026-11-09T10:00:00Z", Job::WentSilent).await.found, 0);
        assert_eq!(world.sweep("2026-11-30T00:00:00Z", Job::WentSilent).await.done, 1);
        let times = "SELECT occurred_at AS x FROM events WHERE kind = 'went_silent' ORDER BY occurred_at";
        let times = world.person.texts(times).await;
        assert!(times[0].contains("09:00:00.000001") && times[1].contains("2026-11-09") && times[1].contains("10:00:00.000001"), "{times:?}");
    }
}

on_both! {
    async fn an_absent_contact_is_back_when_its_day_begins_for_the_client(database: Database) {
        let world = World::new(database, &[("acme", "America/New_York")]).await;
        world.post("acme", json!([
            { "kind": "email_sent", "email": "bo@example.com", "id": "1", "campaign_id": "7", "step": 1, "text": "Hello",
              "occurred_at": "2026-10-20T12:00:00Z" },
            { "kind": "reply_received", "email": "bo@example.com", "id": "2", "auto_reply": "out_of_office",
              "return_date": "2026-11-02", "text": "I am away", "occurred_at": "2026-10-20T12:01:00Z" },
        ])).await;
        assert_eq!(world.stage("acme", "bo@example.com").await, "OutOfOffice");
        let wanted = "SELECT wanted AS x FROM tasks WHERE kind = 'platform.sync_sequence'";
        assert_eq!(world.number(wanted).await, 1, "to be paused");
        // The clocks of New York go back on November 1: the day after it begins at five and not at four.
        assert_eq!(world.sweep("2026-11-02T04:59:59.999999Z", Job::ReturnDue).await.found, 0);
        assert_eq!(world.sweep("2026-11-02T05:00:00Z", Job::ReturnDue).await.done, 1);
        let contact = world.contact("acme", "bo@example.com").await;
        assert_eq!((contact.stage.as_str(), contact.current_campaign_id.as_deref()), ("InSequence", Some("7")));
        assert_eq!((contact.follow_up_date, world.number(wanted).await), (None, 2), "and to be resumed");
        assert_eq!(world.sweep("2026-11-15T04:59:00Z", Job::SequenceFinished).await.found, 0, "it was resumed meanwhile");
        assert_eq!(world.sweep("2026-11-16T05:00:00Z", Job::SequenceFinished).await.found, 0, "fourteen days to the microsecond");
        assert_eq!(world.sweep("2026-11-16T05:00:00.000001Z", Job::SequenceFinished).await.done, 1);
        assert_eq!(world.stage("acme", "bo@example.com").await, "NoReply");
        let how = "SELECT CAST(seen AS TEXT) AS x FROM events WHERE kind = 'sequence_finished'";
        assert!(world.person.texts(how).await[0].contains("no_further_mail"));
    }
}

on_both! {
    async fn a_follow_up_is_told_once_a_date_and_again_when_it_is_moved(database: Database) {
        let world = World::new(database, &[("acme", "Pacific/Auckland"), ("beta", "UTC")]).await;
        let set = |date: &str, at: &str| json!([{ "kind": "follow_up_set", "email": "cy@example.com", "date": date, "occurred_at": at }]);
        for client in ["acme", "beta"] {
            world.post(client, set("2026-11-10", "2026-10-20T12:00:00Z")).await;
        }
        assert_eq!(world.sweep("2026-11-09T10:59:59Z", Job::FollowUpDue).await.found, 0);
        assert_eq!(world.sweep("2026-11-09T11:00:00Z", Job::FollowUpDue).await.done, 1, "the tenth in Auckland");
        assert_eq!(world.sweep("2026-11-10T00:00:00Z", Job::FollowUpDue).await.done, 1, "and in UTC");
        for time in ["2026-11-10T01:00:00Z", "2026-11-14T00:00:00Z"] {
            assert_eq!(world.sweep(time, Job::FollowUpDue).await.found, 0, "told is told");
        }
        world.post("beta", set("2026-11-20", "2026-11-14T00:00:00Z")).await;
        assert_eq!(world.sweep("2026-11-20T00:00:00Z", Job::FollowUpDue).await.done, 1);
        assert_eq!(world.events("follow_up_due").await, 3);
        // A meeting's day is no follow-up; a date that another writer set is one, of a contact the engine never saw too.
        world.post("acme", json!([{ "kind": "meeting_booked", "email": "dee@example.com", "id": "m", "starts_at": "2026-11-22T09:00:00Z",
            "occurred_at": "2026-11-14T00:00:00Z" }])).await;
        let id = "00000000-0000-7000-8000-00000000abcd";
        let row = format!("INSERT INTO contacts (contact_id, client_id, email, follow_up_date) VALUES ('{id}', 'gamma', 'eve@example.com', '2090-05-01')");
        world.person.run(&row).await.unwrap();
        assert_eq!(world.sweep("2026-11-25T00:00:00Z", Job::FollowUpDue).await.found, 0);
        assert_eq!(world.sweep("2090-05-01T00:00:00Z", Job::FollowUpDue).await.done, 1, "of a client that is not configured");
    }
}

on_both! {
    async fn what_the_client_says_today_is_not_past_for_it(database: Database) {
        let world = World::new(database, &[("acme", "America/Los_Angeles"), ("beta", "Pacific/Kiritimati")]).await;
        world.clock.set("2026-11-20T11:00:00Z");
        let set = |date: &str| json!([{ "kind": "follow_up_set", "email": "cy@example.com", "date": date, "occurred_at": "2026-11-20T07:00:00Z" }]);
        world.post("acme", set("2026-11-19")).await;
        assert_eq!(world.contact("acme", "cy@example.com").await.follow_up_date.as_deref(), Some("2026-11-19"), "still the 19th there");
        world.post("beta", set("2026-11-19")).await;
        assert_eq!(world.contact("beta", "cy@example.com").await.follow_up_date, None, "the 20th there: refused");
        assert_eq!(world.sweep("2026-11-20T11:00:00Z", Job::FollowUpDue).await.done, 1);
    }
}

on_both! {
    async fn lists_are_counted_and_what_is_old_goes(database: Database) {
        let world = World::new(database, &[("acme", "UTC")]).await;
        let list = "00000000-0000-7000-8000-0000000000aa";
        let row = format!("INSERT INTO lead_lists (list_id, list_name, client_id, status, total_contacts) VALUES ('{list}', 'Autumn', 'acme', 'active', 99)");
        world.person.run(&row).await.unwrap();
        for (n, campaign) in [(1, "7"), (2, "7"), (3, "")] {
            let email = format!("p{n}@example.com");
            let mut events = vec![json!({ "kind": "contact_added", "email": email, "list_id": list, "id": n, "occurred_at": "2026-10-20T12:00:00Z" })];
            if !campaign.is_empty() {
                events.push(json!({ "kind": "email_sent", "email": email, "id": format!("m{n}"), "campaign_id": campaign, "text": "Hello",
                    "occurred_at": "2026-10-20T12:00:00Z" }));
            }
            world.post("acme", json!(events)).await;
        }
        let totals = "SELECT total_contacts || ' ' || contacts_in_campaigns || ' ' || status AS x FROM lead_lists";
        assert_eq!(world.sweep("2026-10-21T00:00:00Z", Job::ListTotals).await.done, 1);
        assert_eq!(world.person.texts(totals).await, ["3 2 active"]);
        assert_eq!(world.sweep("2026-10-21T01:00:00Z", Job::ListTotals).await.done, 0, "nothing to correct");

        world.clock.set("2026-12-20T12:00:00Z");
        world.post("acme", json!([{ "kind": "email_opened", "email": "p1@example.com", "id": "o", "occurred_at": "2026-12-20T12:00:00Z" }])).await;
        let before = world.person.texts("SELECT outcome || ' ' || events_count || ' ' || body_sha256 AS x FROM deliveries ORDER BY delivery_id").await;
        world.person.run("UPDATE tasks SET status = 'done', due_at = '2026-10-21T00:00:00.000000Z' WHERE kind = 'campaign.spread'").await.unwrap();
        world.post("acme", json!([{ "kind": "reply_received", "email": "p3@example.com", "id": "r", "intent": "pricing_question", "text": "Price?",
            "occurred_at": "2026-12-20T12:00:00Z" }])).await;
        world.person.run("UPDATE tasks SET status = 'done', due_at = '2026-10-21T00:00:00.000000Z'").await.unwrap();
        let bodies = "SELECT count(*) AS x FROM deliveries WHERE body <> ''";
        assert_eq!(world.number(bodies).await, 5);
        let kept = world.sweep("2026-11-19T00:00:00Z", Job::Retention).await;
        assert_eq!((kept.done, world.number(bodies).await), (0, 5), "nothing is old yet");
        let gone = world.sweep("2027-01-18T12:00:00.000001Z", Job::Retention).await;
        assert_eq!((gone.done, world.number(bodies).await, world.number("SELECT count(*) AS x FROM tasks").await), (4, 2, 0), "{}", gone.what);
        let after = world.person.texts("SELECT outcome || ' ' || events_count || ' ' || body_sha256 AS x FROM deliveries ORDER BY delivery_id").await;
        assert_eq!(after[..before.len()], before[..], "outcome and hash stay");
        assert_eq!(world.sweep("2027-01-18T13:00:00Z", Job::Retention).await.done, 0);
        let rest = world.sweep("2027-03-21T00:00:00Z", Job::Retention).await;
        assert_eq!((rest.done, world.number(bodies).await), (2, 0), "{}", rest.what);
    }
}

on_both! {
    async fn rounds_that_are_missing_are_wanted_again(database: Database) {
        let mut world = World::new(database, &[("acme", "UTC")]).await;
        world.settings.airtable = true;
        let address = Email::parse("sales@acme.example").unwrap();
        world.settings.mailboxes = vec![ScheduledMailbox { client_id: crate::world::client("acme"), address, is_watched: true }];
        let first = world.sweep("2026-10-20T12:00:00Z", Job::Renewals).await;
        assert_eq!((first.found, first.done), (6, 6), "three rounds of Airtable, two of the mailbox, the client's day");
        assert_eq!(world.sweep("2026-10-20T13:00:00Z", Job::Renewals).await.done, 0);
        world.person.run("DELETE FROM tasks WHERE kind = 'gmail.watch'").await.unwrap();
        world.person.run("UPDATE tasks SET status = 'dead' WHERE kind = 'airtable.webhook'").await.unwrap();
        assert_eq!(world.sweep("2026-10-20T14:00:00Z", Job::Renewals).await.done, 2);
        world.person.run("UPDATE tasks SET due_at = '2027-01-01T00:00:00.000000Z' WHERE kind = 'airtable.push_campaigns'").await.unwrap();
        world.sweep("2026-10-20T15:00:00Z", Job::CampaignAnalytics).await;
        let due = world.person.texts("SELECT due_at AS x FROM tasks WHERE kind = 'airtable.push_campaigns'").await;
        assert!(due[0].contains("2026-10-20") && due[0].contains("15:00:00"), "{due:?}");
    }
}

on_both! {
    async fn a_poisoned_contact_holds_up_no_other_and_is_told(database: Database) {
        let world = World::new(database, &[("acme", "UTC")]).await;
        world.ghosts(1, 600, "2026-11-03").await;
        let poison = match world.database.kind {
            Kind::Sqlite => "CREATE TRIGGER poison BEFORE UPDATE ON contacts WHEN NEW.email = 'g300@example.com' AND NEW.follow_up_told IS NOT NULL
                BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
            Kind::Postgres => "ALTER TABLE contacts ADD CONSTRAINT poisoned CHECK (email <> 'g300@example.com' OR follow_up_told IS NULL)",
        };
        world.person.run(poison).await.unwrap();
        world.clock.set("2026-11-03T00:00:00Z");
        let reports = world.sweep_on(world.database.store.clone()).by_hand(&[Job::FollowUpDue], &[], false).await.unwrap();
        assert_eq!((reports[0].found, reports[0].done, reports[0].failed), (600, 599, 1));
        assert_eq!(world.events("follow_up_due").await, 599);
        let told = "SELECT status AS x FROM automation_logs WHERE action_taken LIKE 'follow_up_due: 599 of 600 %'";
        assert_eq!(world.person.texts(told).await, ["Failed"]);
    }
}
