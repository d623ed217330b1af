//! Whoever used to tell of events and no longer does: told once, with the likely cause, and over when something comes again.

use crate::common::Database;
use crate::on_both;
use crate::world::{Engine, acme};
use chrono::{DateTime, Datelike as _, TimeDelta, Timelike as _, Utc, Weekday};
use sales_engine::domain::alert::AlertKind;
use sales_engine::domain::event::Source;
use sales_engine::store::views::{AlertFilter, AlertView};
use sales_engine::tasks::Job;
use serde_json::json;

const CAMPAIGN: u64 = 4_028_770;
const OTHER: u64 = 3_623_750;

/// A mail of a campaign as Smartlead reports it.
async fn sent(engine: &Engine, nth: i64, campaign: u64, mailbox: &str, at: DateTime<Utc>) {
    let body = json!({ "event_type": "EMAIL_SENT", "event_timestamp": at.to_rfc3339(), "campaign_id": campaign,
        "campaign_status": "ACTIVE", "sequence_number": 1, "stats_id": format!("s-{campaign}-{nth}"),
        "from_email": mailbox, "to_email": format!("p{nth}@example.com"), "message_id": format!("<m-{campaign}-{nth}@acme.example>") });
    assert_eq!(engine.post(Source::Smartlead, &body).await, "applied");
}

async fn alerts(engine: &Engine) -> Vec<AlertView> {
    let kind = Some(AlertKind::SourceSilent);
    let filter = AlertFilter { client: Some(acme()), kind, limit: 100, ..AlertFilter::default() };
    let mut alerts = engine.store.alerts(&filter).await.unwrap();
    alerts.sort_by(|a, b| a.key.cmp(&b.key));
    alerts
}

fn is_office_hour(time: DateTime<Utc>) -> bool {
    !matches!(time.weekday(), Weekday::Sat | Weekday::Sun) && (9..17).contains(&time.hour())
}

on_both! {
    async fn a_source_that_falls_silent_is_told_once_and_over_when_it_posts_again(database: Database) {
        let engine = Engine::at(&database.address, database.store.clone(), "2026-09-28T00:00:00Z").await;
        let monday: DateTime<Utc> = "2026-10-19T00:00:00Z".parse().unwrap();
        let mut nth = 0;
        let hour = TimeDelta::hours(1);
        let mut time = engine.clock.now()();
        // Three weeks of office hours; the scheduler looks at nights and weekends too, and finds nothing odd in them.
        while time < monday {
            if is_office_hour(time) {
                for minute in [10, 40] {
                    engine.clock.set(&(time + TimeDelta::minutes(minute)).to_rfc3339());
                    nth += 1;
                    // The other campaign and its mailbox post in the first two weeks only.
                    sent(&engine, nth, CAMPAIGN, "ada@acme.example", time).await;
                    if time < monday - TimeDelta::days(4) {
                        sent(&engine, 10_000 + nth, OTHER, "bo@acme.example", time).await;
                    }
                }
            }
            time += hour;
            engine.clock.set(&time.to_rfc3339());
            if time.hour() % 6 == 0 && time < monday - TimeDelta::days(4) {
                engine.sweep(Job::SourceSilent).await;
                assert!(alerts(&engine).await.is_empty(), "{time}");
            }
        }
        // Thursday and Friday passed without a word of the one campaign. Its source goes on.
        engine.sweep(Job::SourceSilent).await;
        let found: Vec<String> = alerts(&engine).await.iter().map(|alert| format!("{} {}", alert.key, alert.status)).collect();
        assert_eq!(found, ["campaign/smartlead/3623750 open", "mailbox/smartlead/bo@acme.example open"]);

        // On Monday nothing comes at all.
        for (time, is_told) in [("09:00", false), ("10:00", false), ("11:00", true), ("13:00", true), ("23:00", true)] {
            engine.clock.set(&format!("2026-10-19T{time}:00Z"));
            engine.sweep(Job::SourceSilent).await;
            let alerts = alerts(&engine).await;
            let source = alerts.iter().find(|alert| alert.key == "source/smartlead");
            assert_eq!(source.is_some(), is_told, "{time}");
            if let Some(source) = source {
                assert_eq!((source.times, source.status.as_str()), (1, "open"), "{time}");
                for part in ["2026-10-16 17:00 UTC", "user level", "brought 8 or more"] {
                    assert!(source.text.contains(part), "{part} is not in {}", source.text);
                }
            }
            assert!(!alerts.iter().any(|alert| alert.key == "campaign/smartlead/4028770"), "its source speaks for it");
        }
        let rows = "SELECT count(*) AS x FROM automation_logs WHERE automation_type = 'Task Creation' AND action_taken LIKE 'alert: nothing came of smartlead since%'";
        assert_eq!(engine.number(rows).await, 1);

        // It posts again, from the other campaign's mailbox: now the one that went on before is missed.
        engine.clock.set("2026-10-20T09:30:00Z");
        sent(&engine, 9_001, CAMPAIGN, "bo@acme.example", engine.clock.now()()).await;
        engine.clock.set("2026-10-20T10:00:00Z");
        engine.sweep(Job::SourceSilent).await;
        let found: Vec<String> = alerts(&engine).await.iter().map(|alert| format!("{} {}", alert.key, alert.status)).collect();
        assert_eq!(found, [
            "campaign/smartlead/3623750 open",
            "mailbox/smartlead/ada@acme.example open",
            "mailbox/smartlead/bo@acme.example resolved",
            "source/smartlead resolved",
        ]);

        // And falls silent once more: the same alert opens again.
        engine.clock.set("2026-10-20T14:00:00Z");
        engine.sweep(Job::SourceSilent).await;
        let alerts = alerts(&engine).await;
        let source = alerts.iter().find(|alert| alert.key == "source/smartlead").unwrap();
        assert_eq!((source.times, source.status.as_str()), (2, "open"));
    }
}
