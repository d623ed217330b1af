//! A flow beside the engine that loses replies, doubles leads and sets wrong stages: the report names exactly these.

use crate::common::{Database, Person};
use crate::on_both;
use crate::world::{Engine, acme, beside};
use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::domain::event::Source;
use sales_engine::domain::shadow::Disagreement;
use sales_engine::store::shadow::OtherFlow;
use sales_engine::tasks::{Dispatcher, Job, Pause, Shadow, Turn};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

const BEGAN: &str = "2026-10-20T08:00:00Z";
const CAMPAIGN: &str = "4028770";

/// The owner's two tables, as far as both databases write them alike.
pub(crate) const TABLES: &str = "
    CREATE TABLE contacts (
        contact_id UUID PRIMARY KEY, client_id VARCHAR NOT NULL, email VARCHAR NOT NULL, first_name VARCHAR, last_name VARCHAR,
        phone VARCHAR, company_name VARCHAR, job_title VARCHAR, linkedin_url VARCHAR, company_linkedin_url VARCHAR,
        company_website VARCHAR, company_size VARCHAR, company_industry VARCHAR, source VARCHAR, list_id UUID,
        enrichment_date TIMESTAMPTZ, lead_status VARCHAR, pipeline_status VARCHAR, campaign_status VARCHAR,
        lead_email_status VARCHAR, current_campaign_id VARCHAR, past_campaign_ids JSONB, last_contact_date TIMESTAMPTZ,
        last_reply_date TIMESTAMPTZ, last_touch_date TIMESTAMPTZ, reply_count INTEGER, emails_sent_count INTEGER,
        follow_up_date DATE, follow_up_reason VARCHAR, has_engaged BOOLEAN, airtable_lead_id VARCHAR, promoted_at TIMESTAMPTZ,
        converted_to_client BOOLEAN, converted_client_id VARCHAR, ai_context_summary TEXT, created_at TIMESTAMPTZ,
        updated_at TIMESTAMPTZ);
    CREATE TABLE chat_history (
        chat_id UUID PRIMARY KEY, session_id VARCHAR NOT NULL, lead_id VARCHAR, client_id VARCHAR, campaign_id VARCHAR,
        platform VARCHAR NOT NULL, contact_identifier VARCHAR, contact_name VARCHAR, account_identifier VARCHAR, subject VARCHAR,
        message_content TEXT NOT NULL, message_type VARCHAR, message_status VARCHAR, sequence_step INTEGER,
        external_message_id VARCHAR, thread_id VARCHAR, ai_sentiment VARCHAR, ai_intent VARCHAR, is_auto_reply BOOLEAN,
        requires_action BOOLEAN, action_taken VARCHAR, is_vectorized BOOLEAN, vector_id VARCHAR,
        message_timestamp TIMESTAMPTZ NOT NULL, created_at TIMESTAMPTZ);
    CREATE INDEX idx_chat_session ON chat_history(session_id);";

const NEW: &str = "'triage', 'open', NULL, NULL";
const IN_SEQUENCE: &str = "'active', 'open', 'active', NULL";
const INTERESTED: &str = "'interested', 'follow_up', 'completed', 'replied'";
const WON: &str = "'won', 'closed', 'completed', 'replied'";

/// The other flow, as far as it writes.
struct Flow {
    person: Person,
    rows: std::cell::Cell<u64>,
}

fn contact_id(nth: u64) -> String {
    format!("10000000-0000-4000-8000-{nth:012}")
}

impl Flow {
    async fn contact(&self, nth: u64, email: &str, stage: &str, lead: Option<&str>, created_at: &str) {
        let lead = lead.map_or("NULL".to_owned(), |lead| format!("'{lead}'"));
        let id = contact_id(nth);
        let statement = format!(
            "INSERT INTO contacts (contact_id, client_id, email, lead_status, pipeline_status, campaign_status, lead_email_status,
                 has_engaged, airtable_lead_id, past_campaign_ids, created_at, updated_at)
             VALUES ('{id}', 'acme', '{email}', {stage}, {lead} IS NOT NULL, {lead}, '[]', '{created_at}', '{created_at}')"
        );
        self.person.run(&statement).await.unwrap();
    }

    async fn set(&self, email: &str, columns: &str) {
        let statement = format!("UPDATE contacts SET {columns} WHERE email = '{email}'");
        assert_eq!(self.person.run(&statement).await.unwrap(), 1, "{email}");
    }

    async fn message(&self, email: &str, status: &str, id: &str, at: &str, lead: Option<&str>) {
        self.rows.set(self.rows.get() + 1);
        let chat_id = format!("20000000-0000-4000-8000-{:012}", self.rows.get());
        let lead = lead.map_or("NULL".to_owned(), |lead| format!("'{lead}'"));
        let statement = format!(
            "INSERT INTO chat_history (chat_id, session_id, platform, message_content, message_status, external_message_id,
                 message_timestamp, lead_id)
             VALUES ('{chat_id}', '{email}', 'smartlead', 'text of {id}', '{status}', '<{id}>', '{at}', {lead})"
        );
        self.person.run(&statement).await.unwrap();
    }

    async fn interested(&self, email: &str, lead: &str) {
        let columns = format!(
            "lead_status = 'interested', pipeline_status = 'follow_up', campaign_status = 'completed', \
             lead_email_status = 'replied', has_engaged = TRUE, airtable_lead_id = '{lead}'"
        );
        self.set(email, &columns).await;
    }

    /// All that stands in its tables.
    async fn all(&self) -> Vec<String> {
        let mut all = Vec::new();
        for statement in [
            "SELECT CAST(contact_id AS TEXT) || email || lead_status || coalesce(airtable_lead_id, '-') AS x FROM contacts",
            "SELECT CAST(chat_id AS TEXT) || session_id || message_content AS x FROM chat_history",
        ] {
            all.extend(self.person.texts(&format!("{statement} ORDER BY 1")).await);
        }
        all
    }
}

fn email(nth: u64) -> String {
    format!("p{nth}@example.com")
}

fn minute(nth: u64) -> String {
    let began: DateTime<Utc> = BEGAN.parse().unwrap();
    (began + TimeDelta::minutes(i64::try_from(nth).unwrap())).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Sixty contacts get a mail, the first thirty answer; both sides are told of all of it, and the other one makes its mistakes.
async fn a_day(engine: &Engine, flow: &Flow) {
    for nth in 0..60 {
        let (email, sent_at) = (email(nth), minute(nth));
        engine.clock.set(&sent_at);
        let sent = json!({ "kind": "email_sent", "email": email, "message_id": format!("s{nth}@mail.example"),
            "campaign_id": CAMPAIGN, "step": 1, "occurred_at": sent_at, "text": format!("text of s{nth}@mail.example") });
        assert_eq!(engine.post(Source::N8n, &sent).await, "applied");
        // It never heard of number 50.
        if nth != 50 {
            flow.contact(nth, &email, IN_SEQUENCE, None, &sent_at).await;
            flow.message(&email, "sent", &format!("s{nth}@mail.example"), &sent_at, None).await;
        }
    }
    for nth in 0..30 {
        let (email, at) = (email(nth), minute(100 + nth));
        engine.clock.set(&at);
        let id = format!("r{nth}@mail.example");
        let reply = json!({ "kind": "reply_received", "email": email, "message_id": id, "occurred_at": at,
            "intent": "interested_wants_info", "text": format!("text of {id}") });
        assert_eq!(engine.post(Source::N8n, &reply).await, "applied");
        match nth {
            // Replies that get lost.
            3 | 7 => {}
            // A retry that makes all of it twice.
            5 | 9 => {
                let leads = [format!("recA{nth}"), format!("recB{nth}")];
                for lead in &leads {
                    flow.message(&email, "received", &id, &at, Some(lead)).await;
                }
                flow.interested(&email, &leads[1]).await;
            }
            // A stage that is not set.
            11 => {
                flow.message(&email, "received", &id, &at, Some("rec11")).await;
                flow.set(&email, "airtable_lead_id = 'rec11', has_engaged = TRUE").await;
            }
            // Other words for the same.
            12 => {
                flow.message(&email, "received", &id, &at, Some("rec12")).await;
                flow.interested(&email, "rec12").await;
                flow.set(&email, "lead_status = ' Interested'").await;
            }
            _ => {
                let lead = format!("rec{nth}");
                flow.message(&email, "received", &id, &at, Some(&lead)).await;
                flow.interested(&email, &lead).await;
            }
        }
    }
    // A stage off the matrix, a lead of somebody who never answered, a message that nobody else saw.
    flow.set(&email(40), "lead_status = 'interested'").await;
    flow.set(&email(45), "airtable_lead_id = 'rec45'").await;
    flow.message(&email(46), "received", "nobody@mail.example", &minute(150), None).await;
    // One person twice in another spelling, and one that only it knows.
    flow.contact(1020, "P20@Example.com", INTERESTED, Some("rec20"), &minute(160)).await;
    flow.contact(1050, "only-there@example.com", NEW, None, &minute(161)).await;
    engine.clock.set("2026-10-20T20:00:00Z");
}

on_both! {
    async fn what_another_flow_does_wrong_is_named_and_nothing_else(database: Database) {
        let (mut engine, other, schema) = beside(&database, BEGAN).await;
        let flow = Flow { person: Person::at(&other).await, rows: std::cell::Cell::new(0) };
        flow.person.run(TABLES).await.unwrap();
        // What was before the shadow: nobody asks how it came about.
        for nth in 200..230 {
            let stage = if nth % 3 == 0 { WON } else if nth % 3 == 1 { INTERESTED } else { IN_SEQUENCE };
            let lead = format!("rec{nth}");
            let lead = (nth % 3 != 2).then_some(lead.as_str());
            flow.contact(nth, &email(nth), stage, lead, "2026-03-01T00:00:00Z").await;
            flow.message(&email(nth), "received", &format!("old{nth}@mail.example"), "2026-03-02T00:00:00Z", None).await;
        }
        flow.contact(299, "no address", NEW, None, "2026-03-01T00:00:00Z").await;

        let address = if schema.is_some() { database.address.clone() } else { other.clone() };
        let shadow = Shadow {
            other: OtherFlow::at(&address, schema).unwrap(),
            clients: vec![acme()],
            skip_platforms: Vec::new(),
            examples_max: 1_000,
        };
        engine.settings.shadow = Some(shadow.clone());
        let early = engine.sweep(Job::ShadowReport).await;
        assert!(early.comparison.unwrap().since.is_none(), "it has not begun");
        assert_eq!(shadow.begin(&engine.store, &engine.clock.now()).await.unwrap(), 30);
        assert_eq!(shadow.begin(&engine.store, &engine.clock.now()).await.unwrap(), 0, "once");
        assert_eq!(engine.contact(&email(201)).await.unwrap().contact_id.to_string(), contact_id(201), "under the same id");
        a_day(&engine, &flow).await;
        // One who had won before writes again: on both sides nothing changes but the conversation.
        let again = json!({ "kind": "reply_received", "email": email(201), "message_id": "again@mail.example",
            "occurred_at": minute(170), "text": "text of again@mail.example", "intent": "interested_wants_info" });
        engine.post(Source::N8n, &again).await;
        flow.message(&email(201), "received", "again@mail.example", &minute(170), None).await;

        let before = flow.all().await;
        let report = engine.sweep(Job::ShadowReport).await;
        assert_eq!(flow.all().await, before, "the other side is only read");
        let comparison = report.comparison.clone().unwrap();
        let mut found = BTreeSet::new();
        for finding in &comparison.first {
            assert!(found.insert((finding.disagreement, finding.contact_id.clone())), "{finding:?} twice");
            assert!(!finding.what.contains('@'), "{finding:?} names a person");
        }
        let mut expected = BTreeSet::new();
        {
            use Disagreement as D;
            let mut wrong: Vec<(D, u64)> = Vec::new();
            for lost in [3, 7] {
                wrong.extend([(D::MessageMissingThere, lost), (D::StageDiffers, lost), (D::PromotionMissingThere, lost)]);
            }
            for doubled in [5, 9] {
                wrong.extend([(D::MessageDoubledThere, doubled), (D::PromotionDoubledThere, doubled)]);
            }
            wrong.extend([(D::StageDiffers, 11), (D::StageDiffers, 40), (D::PromotionMissingHere, 45)]);
            wrong.extend([(D::MessageMissingHere, 46), (D::ContactDoubledThere, 20)]);
            wrong.extend([(D::ContactMissingThere, 50), (D::MessageMissingThere, 50)]);
            for (disagreement, nth) in wrong {
                expected.insert((disagreement, engine.contact(&email(nth)).await.unwrap().contact_id.to_string()));
            }
            expected.insert((D::ContactMissingHere, contact_id(1050)));
        }
        assert_eq!(found, expected);
        assert_eq!(report.done, u64::try_from(expected.len()).unwrap());
        assert_eq!((comparison.contacts, comparison.not_compared), (91, 1));

        // A few of each kind are named, all are counted; each day has its row, which names nobody.
        engine.settings.shadow = Some(Shadow { examples_max: 1, ..shadow });
        let pause: Pause = Arc::new(|_| Box::pin(async {}));
        let mut dispatcher = Dispatcher::new(engine.store.clone(), engine.rules.clone(), engine.clock.now(), pause, None)
            .with_schedule(engine.settings.clone());
        engine.clock.set("2026-10-21T00:00:00Z");
        while dispatcher.turn().await.unwrap() != Turn::Idle {}
        let rows = "SELECT action_details AS x FROM automation_logs WHERE trigger_type = 'Daily Cron' AND action_taken LIKE 'shadow_report: %'";
        let rows = engine.person.texts(rows).await;
        assert_eq!(rows.len(), 1);
        let details: serde_json::Value = serde_json::from_str(&rows[0]).unwrap();
        assert_eq!(details["disagreements"]["message_missing_there"], 3);
        assert_eq!(details["first"].as_array().unwrap().len(), comparison.disagreements.len());
        assert!(!rows[0].contains('@'), "{}", rows[0]);
    }
}
