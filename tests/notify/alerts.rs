//! Alerts: each thing once, with what to do, however often it is told; over when it is over.

use super::common::{Database, Kind};
use super::world::{Clock, acme, alerts, post};
use crate::on_both;
use sales_engine::domain::alert::{AlertKind, AlertStatus};
use sales_engine::domain::event::Source;
use sales_engine::domain::rules::Rules;
use sales_engine::engine::alerts::{Raised, alert_id, alert_log};
use sales_engine::engine::rows::{Outcome, TaskEnd, TaskKind, TaskRow, TaskSettled};
use sales_engine::store::views::{AlertFilter, AlertView};
use serde_json::{Value, json};
use uuid::Uuid;

async fn n8n(database: &Database, clock: &Clock, body: Value) {
    let answer = post(database, &Rules::default(), clock, Source::N8n, &body).await;
    assert_ne!(answer.outcome, Outcome::Dead, "{answer:?}");
}

fn sent(email: &str, id: &str, day: u32) -> Value {
    json!({ "kind": "email_sent", "email": email, "id": id, "occurred_at": format!("2026-11-{day:02}T09:00:00Z"),
        "campaign_id": "c1", "text": "hello" })
}

fn disconnected(created_at: &str) -> Value {
    json!({ "event_type": "EMAIL_ACCOUNT_DISCONNECTED", "secret_key": "smartlead-key-of-acme", "email": "sales@acme.example",
        "created_at": created_at })
}

fn of(alerts: &[AlertView], kind: AlertKind) -> Vec<&AlertView> {
    alerts.iter().filter(|alert| alert.kind == kind.as_str()).collect()
}

on_both! {
    async fn mail_to_an_opted_out_contact_and_a_refused_deal_are_told_once_each(database: Database) {
        let clock = Clock::new();
        let email = "ada@example.com";
        n8n(&database, &clock, sent(email, "m1", 1)).await;
        n8n(&database, &clock, json!({ "kind": "unsubscribed", "email": email, "occurred_at": "2026-11-02T09:00:00Z" })).await;
        n8n(&database, &clock, sent(email, "m2", 3)).await;
        n8n(&database, &clock, sent(email, "m2", 3)).await;
        n8n(&database, &clock, json!({ "kind": "deal_won", "email": email, "occurred_at": "2026-11-04T09:00:00Z" })).await;
        let found = alerts(&database).await;
        assert_eq!(found.len(), 2, "{found:#?}");
        let wrote = of(&found, AlertKind::WroteToOptedOut)[0];
        assert_eq!((wrote.times, wrote.status.as_str(), wrote.contact_id.is_some()), (1, "open", true));
        assert!(wrote.what_to_do.contains("every campaign") && !wrote.text.contains('@'), "{wrote:?}");
        assert!(of(&found, AlertKind::EventRefused)[0].text.starts_with("deal_won was refused: "), "{found:?}");
        n8n(&database, &clock, sent(email, "m3", 5)).await;
        let again = alerts(&database).await;
        assert_eq!(of(&again, AlertKind::WroteToOptedOut)[0].times, 2, "another mail raises the number, not another alert");
        let logged = "SELECT action_taken AS x FROM automation_logs WHERE action_taken LIKE 'alert: we wrote%' AND automation_type = 'Task Creation'";
        assert_eq!(database.person().await.texts(logged).await.len(), 2, "the log has a row for each mail, as before");
    }
}

on_both! {
    async fn the_same_webhook_told_again_raises_nothing(database: Database) {
        let clock = Clock::new();
        let rules = Rules::default();
        let first = disconnected("2026-11-19T09:00:00Z");
        for body in [&first, &first, &disconnected("2026-11-20T09:00:00Z"), &first] {
            post(&database, &rules, &clock, Source::Smartlead, body).await;
        }
        let found = alerts(&database).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!((found[0].kind.as_str(), found[0].times), ("mailbox_disconnected", 2), "two losses of one mailbox");
        assert_eq!(found[0].key, "smartlead:sales@acme.example");
    }
}

/// A payload as the platform sends it.
fn fixture(name: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

on_both! {
    async fn what_is_wrong_with_our_own_mailboxes_is_told_once_each_and_is_never_the_contact_s(database: Database) {
        let clock = Clock::new();
        // The payload, and the same said of a later time.
        let rows = [
            (Source::Smartlead, "smartlead/12_email_bounce_sender_originated.json", "/bounce_message/time", AlertKind::SenderBounce),
            (Source::Smartlead, "smartlead/65_email_account_disconnected.json", "/message", AlertKind::MailboxDisconnected),
            (Source::Instantly, "instantly/12_account_error.json", "/timestamp", AlertKind::MailboxDisconnected),
        ];
        for (source, name, at, kind) in rows {
            let body = fixture(name);
            let mut later = body.clone();
            *later.pointer_mut(at).unwrap() = json!("2026-11-19T09:00:00.000Z");
            for body in [&body, &body, &later, &body] {
                post(&database, &Rules::default(), &clock, source, body).await;
            }
            let found = alerts(&database).await;
            let of_source = |alert: &&&AlertView| alert.key.starts_with(&format!("{source}:"));
            let told: Vec<&AlertView> = of(&found, kind).iter().filter(of_source).copied().collect();
            assert_eq!(told.len(), 1, "{name}: {found:#?}");
            assert_eq!((told[0].times, &told[0].contact_id, told[0].status.as_str()), (2, &None, "open"), "{name}: {told:?}");
            assert!(!told[0].what_to_do.is_empty() && !told[0].text.contains("cara.diaz"), "{told:?}");
        }
        let contacts = database.person().await.texts("SELECT email AS x FROM contacts").await;
        assert!(contacts.is_empty(), "nobody was made or moved by it: {contacts:?}");
    }
}

on_both! {
    async fn what_is_not_understood_is_one_alert_a_reason(database: Database) {
        let clock = Clock::new();
        for n in 0..3 {
            let body = json!({ "event_type": "LEAD_CATEGORY_UPDATED", "secret_key": "smartlead-key-of-acme",
                "lead_email": format!("p{n}@example.com"), "lead_category": { "new_name": "Maybe next year" } });
            let answer = post(&database, &Rules::default(), &clock, Source::Smartlead, &body).await;
            assert_eq!(answer.outcome, Outcome::Unrecognised, "{answer:?}");
        }
        let found = alerts(&database).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!((found[0].kind.as_str(), found[0].times), ("delivery_unrecognised", 3));
        assert!(found[0].text.contains("Maybe next year"), "{found:?}");
    }
}

on_both! {
    async fn an_alert_is_acknowledged_resolved_and_opened_again(database: Database) {
        let clock = Clock::new();
        let store = &database.store;
        let raise = |n: u8, text: &str| {
            let raised = Raised::new(AlertKind::BudgetUsed, "airtable", text);
            alert_log(&acme(), Uuid::new_v5(&Uuid::NAMESPACE_OID, &[n]), raised, clock.read())
        };
        // Two occurrences in one transaction, one of them told twice.
        store.want(Vec::new(), vec![raise(1, "80"), raise(2, "100"), raise(2, "100")]).await.unwrap();
        let id = alert_id(&acme(), AlertKind::BudgetUsed, "airtable");
        assert!(store.acknowledge_alert(id, clock.read()).await.unwrap());
        assert!(!store.acknowledge_alert(id, clock.read()).await.unwrap(), "it is not open any more");
        clock.forward_ms(1_000);
        store.want(Vec::new(), vec![raise(3, "101")]).await.unwrap();
        let found = alerts(&database).await;
        assert_eq!((found.len(), found[0].times, found[0].status.as_str(), found[0].text.as_str()), (1, 3, "acknowledged", "101"));
        assert!(found[0].first_at < found[0].last_at);
        assert!(store.resolve_alert(&acme(), AlertKind::BudgetUsed, "airtable", clock.read()).await.unwrap());
        assert!(!store.resolve_alert(&acme(), AlertKind::BudgetUsed, "airtable", clock.read()).await.unwrap());
        let open = AlertFilter { status: Some(AlertStatus::Open), limit: 10, ..AlertFilter::default() };
        assert_eq!(store.alerts(&open).await.unwrap(), Vec::new());
        store.want(Vec::new(), vec![raise(4, "80")]).await.unwrap();
        let open = store.alerts(&open).await.unwrap();
        assert_eq!((open.len(), open[0].times), (1, 4), "the same again opens it again");
        assert_eq!((&open[0].acknowledged_at, &open[0].resolved_at), (&None, &None));
        let counts = store.alert_counts(Some(&acme())).await.unwrap();
        assert_eq!(counts.iter().map(|count| (count.status.as_str(), count.count)).collect::<Vec<_>>(), [("open", 1)]);
    }
}

on_both! {
    async fn a_task_that_is_given_up_raises_one_that_ends_with_its_success(database: Database) {
        let clock = Clock::new();
        let store = &database.store;
        let (now, later) = (clock.read(), clock.read() + chrono::TimeDelta::minutes(1));
        let task = TaskRow::round(Uuid::new_v4(), TaskKind::AirtablePull, 5, now);
        store.want(vec![task], Vec::new()).await.unwrap();
        let kinds = [TaskKind::AirtablePull];
        let settle = async |end: TaskEnd| {
            let claimed = store.claim_tasks(&kinds, 1, now, later, Uuid::new_v4()).await.unwrap().pop().unwrap();
            let settled = TaskSettled { task_id: claimed.task_id, lease: claimed.lease, wanted: claimed.wanted, end, now };
            assert_eq!(store.settle_tasks(&[settled], &[], &[]).await.unwrap(), 1);
            claimed.task_id
        };
        let dead = || TaskEnd::Dead { error: "no such table".to_owned() };
        let id = settle(dead()).await;
        let found = alerts(&database).await;
        assert_eq!((found.len(), found[0].kind.as_str(), found[0].status.as_str()), (1, "task_dead", "open"));
        assert_eq!(found[0].text, "airtable.pull was given up: no such table");
        assert!(store.retry_task(id, now).await.unwrap());
        settle(dead()).await;
        assert_eq!(alerts(&database).await[0].times, 2);
        assert!(store.retry_task(id, now).await.unwrap());
        settle(TaskEnd::Done).await;
        assert_eq!(alerts(&database).await[0].status, "resolved");
    }
}

on_both! {
    async fn a_dead_delivery_is_told(database: Database) {
        let clock = Clock::new();
        let person = database.person().await;
        let poison = match database.kind {
            Kind::Sqlite => "CREATE TRIGGER poison BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
            Kind::Postgres => "ALTER TABLE events ADD CONSTRAINT poisoned CHECK (kind = 'none')",
        };
        person.run(poison).await.unwrap();
        let answer = post(&database, &Rules::default(), &clock, Source::N8n, &sent("ada@example.com", "m1", 1)).await;
        assert_eq!(answer.outcome, Outcome::Dead);
        let found = alerts(&database).await;
        assert_eq!((found.len(), found[0].kind.as_str()), (1, "delivery_dead"), "{found:#?}");
        assert!(found[0].text.contains(&answer.delivery_id.to_string()) && found[0].text.contains("poisoned"), "{found:?}");
    }
}
