//! Databases that were there before this version: the owner's own tables with data, and those of an earlier Sales Engine.
#![expect(clippy::unwrap_used, reason = "what is not there is a failed test")]

mod common;

use common::place::Place;
use common::{Database, Kind};
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::stage::Stage;
use sales_engine::services::post::Poster;
use sales_engine::store::StoreError;

/// The owner's document as SQL: its CREATE TABLE statement for `lead_lists`, the same manner for the tables it gives field by field.
const OWNERS_TABLES: &str = "
CREATE TABLE lead_lists (
    list_id UUID PRIMARY KEY DEFAULT gen_random_uuid(), list_name VARCHAR NOT NULL, client_id VARCHAR NOT NULL, description TEXT,
    source VARCHAR, total_contacts INTEGER DEFAULT 0, contacts_in_campaigns INTEGER DEFAULT 0, status VARCHAR DEFAULT 'active',
    metadata JSONB DEFAULT '{}', created_at TIMESTAMPTZ DEFAULT NOW(), updated_at TIMESTAMPTZ DEFAULT NOW(), created_by VARCHAR,
    UNIQUE(client_id, list_name)
);
CREATE INDEX idx_lead_lists_client ON lead_lists(client_id);
CREATE TABLE contacts (
    contact_id UUID PRIMARY KEY DEFAULT gen_random_uuid(), client_id VARCHAR NOT NULL, email VARCHAR NOT NULL,
    first_name VARCHAR, last_name VARCHAR, phone VARCHAR, company_name VARCHAR, job_title VARCHAR, linkedin_url VARCHAR,
    company_linkedin_url VARCHAR, company_website VARCHAR, company_size VARCHAR, company_industry VARCHAR, source VARCHAR,
    list_id UUID REFERENCES lead_lists(list_id), enrichment_date TIMESTAMPTZ, lead_status VARCHAR DEFAULT 'triage',
    pipeline_status VARCHAR DEFAULT 'open', campaign_status VARCHAR, lead_email_status VARCHAR, current_campaign_id VARCHAR,
    past_campaign_ids JSONB DEFAULT '[]', last_contact_date TIMESTAMPTZ, last_reply_date TIMESTAMPTZ, last_touch_date TIMESTAMPTZ,
    reply_count INTEGER DEFAULT 0, emails_sent_count INTEGER DEFAULT 0, follow_up_date DATE, follow_up_reason VARCHAR,
    has_engaged BOOLEAN DEFAULT FALSE, airtable_lead_id VARCHAR, promoted_at TIMESTAMPTZ, converted_to_client BOOLEAN DEFAULT FALSE,
    converted_client_id VARCHAR, ai_context_summary TEXT, created_at TIMESTAMPTZ DEFAULT NOW(), updated_at TIMESTAMPTZ DEFAULT NOW()
);
CREATE INDEX idx_contacts_client ON contacts(client_id);
CREATE TABLE chat_history (
    chat_id UUID PRIMARY KEY DEFAULT gen_random_uuid(), session_id VARCHAR NOT NULL, lead_id VARCHAR, client_id VARCHAR,
    campaign_id VARCHAR, platform VARCHAR NOT NULL, contact_identifier VARCHAR, contact_name VARCHAR, account_identifier VARCHAR,
    subject VARCHAR, message_content TEXT NOT NULL, message_type VARCHAR, message_status VARCHAR, sequence_step INTEGER,
    external_message_id VARCHAR, thread_id VARCHAR, ai_sentiment VARCHAR, ai_intent VARCHAR, is_auto_reply BOOLEAN DEFAULT FALSE,
    requires_action BOOLEAN DEFAULT FALSE, action_taken VARCHAR, is_vectorized BOOLEAN DEFAULT FALSE, vector_id VARCHAR,
    message_timestamp TIMESTAMPTZ NOT NULL, created_at TIMESTAMPTZ DEFAULT NOW()
);
CREATE TABLE automation_logs (
    log_id UUID PRIMARY KEY DEFAULT gen_random_uuid(), automation_type VARCHAR NOT NULL, trigger_type VARCHAR NOT NULL,
    lead_id VARCHAR, client_id VARCHAR, campaign_id VARCHAR, action_taken VARCHAR NOT NULL, action_details TEXT,
    status VARCHAR NOT NULL, error_message TEXT, timestamp TIMESTAMPTZ DEFAULT NOW(), processing_time INTEGER,
    ai_model_used VARCHAR, tokens_used INTEGER, created_at TIMESTAMPTZ DEFAULT NOW()
);";

const ROWS: &str = "
INSERT INTO lead_lists (list_id, list_name, client_id) VALUES ('00000000-0000-0000-0000-0000000000aa', 'Spring', 'beta');
INSERT INTO contacts (contact_id, client_id, email, first_name, list_id, lead_status, pipeline_status, campaign_status,
    lead_email_status, current_campaign_id, emails_sent_count, reply_count, created_at) VALUES
    ('00000000-0000-0000-0000-000000000001', 'beta', 'ada@example.com', 'Ada', '00000000-0000-0000-0000-0000000000aa',
        'active', 'open', 'active', NULL, '42', 3, 0, '2025-01-01'),
    ('00000000-0000-0000-0000-000000000002', 'beta', 'Odd.Case@Example.com', 'Bo', NULL,
        'Interested', 'follow_up', 'completed', 'replied', NULL, 5, 2, '2025-01-01'),
    ('00000000-0000-0000-0000-000000000003', 'beta', 'out@example.com', NULL, NULL,
        'do_not_contact', 'open', NULL, NULL, NULL, 1, 1, '2025-01-01'),
    ('00000000-0000-0000-0000-000000000004', 'beta', 'twice@example.com', 'Old', NULL,
        'triage', 'open', NULL, NULL, NULL, 0, 0, '2025-01-01'),
    ('00000000-0000-0000-0000-000000000005', 'beta', 'twice@example.com', 'New', NULL,
        'triage', 'open', NULL, NULL, NULL, 0, 0, '2025-02-01'),
    ('00000000-0000-0000-0000-000000000006', 'beta', 'Case@example.com', 'Upper', NULL,
        'triage', 'open', NULL, NULL, NULL, 0, 0, '2025-01-01'),
    ('00000000-0000-0000-0000-000000000007', 'beta', 'case@example.com', 'Lower', NULL,
        'triage', 'open', NULL, NULL, NULL, 0, 0, '2025-02-01');
INSERT INTO chat_history (session_id, platform, message_content, message_type, message_status, message_timestamp) VALUES
    ('ada@example.com', 'smartlead', 'hello', 'campaign', 'sent', '2025-01-02'), ('x', 'email', 'odd', NULL, NULL, '2025-01-03');
INSERT INTO automation_logs (automation_type, trigger_type, action_taken, status) VALUES ('Other', 'Other', 'x', 'Success');";

/// Every owner's column of every row, as one text.
const ALL_ROWS: &str = "SELECT (SELECT string_agg(t::TEXT, '|' ORDER BY t::TEXT) FROM (SELECT contact_id, client_id, email, first_name,
        list_id, lead_status, pipeline_status, campaign_status, lead_email_status, current_campaign_id, past_campaign_ids,
        reply_count, emails_sent_count, has_engaged, created_at, updated_at FROM contacts) AS t)
    || (SELECT string_agg(t::TEXT, '|' ORDER BY t::TEXT) FROM (SELECT chat_id, session_id, platform, message_content, message_type,
        message_status, message_timestamp, created_at FROM chat_history) AS t)
    || (SELECT string_agg(t::TEXT, '|' ORDER BY t::TEXT) FROM (SELECT * FROM lead_lists) AS t)
    || (SELECT string_agg(t::TEXT, '|' ORDER BY t::TEXT) FROM (SELECT log_id, action_taken, created_at FROM automation_logs) AS t) AS x";

async fn owners() -> Database {
    let database = Database::empty(Kind::Postgres).await;
    let person = database.person().await;
    person.run(OWNERS_TABLES).await.unwrap();
    person.run(ROWS).await.unwrap();
    database
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owners_own_tables_are_adopted_without_changing_a_row() {
    let database = owners().await;
    let person = database.person().await;
    let before = person.texts(ALL_ROWS).await;
    let place = Place::with(database.address.clone(), "");

    let shown = place.run(&["migrate", "--dry-run"]);
    let text = String::from_utf8(shown.stdout).unwrap();
    for part in [
        "would be applied",
        "adopt table contacts with its rows",
        "add column contacts.fold jsonb",
        "add constraint contacts_state_matrix to contacts",
        "create index idx_contacts_email on contacts",
        "create table deliveries",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let tables = "SELECT count(*) AS x FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(person.texts(tables).await, ["4"], "a dry run leaves nothing");

    let report = place.json(&["migrate", "--json"]);
    let finding = |rule: &str| {
        let findings = report["findings"].as_array().unwrap();
        findings
            .iter()
            .find(|finding| finding["rule"] == rule)
            .unwrap_or_else(|| panic!("{rule} is not in {report}"))
            .clone()
    };
    assert_eq!(finding("contacts_state_matrix")["rows"], 2);
    assert_eq!(finding("contacts_lead_status_option")["examples"][0], "00000000-0000-0000-0000-000000000002");
    assert_eq!(finding("contacts_email_is_folded")["rows"], 2);
    assert_eq!(finding("chat_history_platform_option")["rows"], 1);
    let double = finding("contacts_email_once_per_client");
    assert!(double["examples"][0].as_str().unwrap().starts_with("00000000-0000-0000-0000-000000000004 = "), "{double}");
    assert_eq!(person.texts(ALL_ROWS).await, before, "no row was changed");
    assert!(person.run("UPDATE contacts SET lead_status = 'ghosted' WHERE email = 'ada@example.com'").await.is_err());

    // The service runs on it: the odd, the double and the usual.
    let served = place.serve();
    let poster = Poster::new(&served.url).unwrap();
    let headers = vec![("x-n8n-secret".to_owned(), "n8n-secret-of-beta".to_owned())];
    for (email, text) in [("ada", "hi"), ("odd.case", "hi"), ("out", "hi"), ("twice", "hi"), ("case", "hi")] {
        let body = format!(
            r#"{{"kind":"reply_received","email":"{email}@example.com","id":"{email}","occurred_at":"2025-03-01T09:00:00Z","text":"{text}"}}"#
        );
        let (status, answer) = poster.post("/hooks/n8n/beta", &headers, body).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(status == 200 && answer.contains(r#""outcome":"applied""#), "{email}: {answer}");
    }
    let contact = async |email: &str| {
        let key = ContactKey { client_id: ClientId::parse("beta").unwrap(), email: Email::parse(email).unwrap() };
        database.store.contact(&key).await.unwrap().unwrap()
    };
    let ada = contact("ada@example.com").await;
    assert_eq!((ada.stage, ada.emails_sent_count, ada.reply_count), (Stage::Interested, 3, 1));
    assert_eq!(ada.past_campaign_ids, serde_json::json!(["42"]), "the campaign it was in is a past one");
    assert_eq!(ada.list_id.as_deref(), Some("00000000-0000-0000-0000-0000000000aa"));
    let odd = contact("odd.case@example.com").await;
    assert_eq!(
        (odd.stage, odd.reply_count, odd.contact_id.as_u128()),
        (Stage::Interested, 3, 2),
        "found whatever its case"
    );
    let out = contact("out@example.com").await;
    assert_eq!(
        (out.stage, out.pipeline_status.as_str()),
        (Stage::DoNotContact, "closed"),
        "an opt-out stays one, mended"
    );
    let twice = contact("twice@example.com").await;
    assert_eq!((twice.first_name.as_deref(), twice.reply_count), (Some("Old"), 1), "the oldest of two");
    let case = contact("case@example.com").await;
    assert_eq!(
        (case.first_name.as_deref(), case.reply_count),
        (Some("Lower"), 1),
        "of two spellings the one in lower case"
    );
    assert_eq!(person.texts("SELECT count(*) AS x FROM contacts").await, ["7"], "nobody was made anew");

    // Once they are mended, the rules hold for all.
    for mend in [
        "DELETE FROM contacts WHERE first_name IN ('New', 'Upper')",
        "UPDATE chat_history SET platform = 'gmail' WHERE platform = 'email'",
    ] {
        person.run(mend).await.unwrap();
    }
    // For this transaction only: the connection goes back to a pool, and whoever gets it next is a person again.
    let fold = "BEGIN; SET LOCAL sales_engine.writer = 'engine'; UPDATE contacts SET email = lower(email); COMMIT";
    person.run(fold).await.unwrap();
    let report = place.json(&["migrate", "--json"]);
    assert_eq!(report["findings"], serde_json::json!([]), "{report}");
    let twice = "INSERT INTO contacts (client_id, email) VALUES ('beta', 'Twice@example.com')";
    assert!(person.run(twice).await.unwrap_err().contains("contacts_email_once_per_client"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_can_not_be_adopted_are_told_and_left_alone() {
    let database = Database::empty(Kind::Postgres).await;
    let person = database.person().await;
    person
        .run("CREATE TABLE contacts (contact_id BIGINT PRIMARY KEY, email TEXT, past_campaign_ids TEXT[])")
        .await
        .unwrap();
    match database.store.migrate(false).await {
        Err(StoreError::Schema(text)) => {
            for part in [
                "contacts.contact_id is bigint, needed is uuid",
                "contacts.past_campaign_ids is text[]",
                "schema of its own",
            ] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
        other => panic!("{other:?}"),
    }
    let database = Database::empty(Kind::Postgres).await;
    let person = database.person().await;
    person.run("CREATE TABLE tasks (id BIGINT PRIMARY KEY, title TEXT)").await.unwrap();
    match database.store.migrate(false).await {
        Err(StoreError::Schema(text)) => {
            assert!(text.contains("tasks") && text.contains("schema of its own"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    let tables = "SELECT string_agg(table_name, ' ') AS x FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(person.texts(tables).await, ["tasks"], "nothing half-made stays");

    // And in a schema of its own it works beside that.
    person.run("CREATE SCHEMA sales").await.unwrap();
    let address = format!("{}?options=-c%20search_path%3Dsales", database.address);
    let store = sales_engine::store::Store::open(&address).await.unwrap();
    store.migrate(false).await.unwrap();
    assert_eq!(person.texts("SELECT count(*) AS x FROM sales.contacts").await, ["0"]);
    assert!(store.schema_is_current().await.unwrap());
}

/// The first migration, as an earlier version applied it, and a contact as it wrote it.
async fn earlier(kind: Kind) -> Database {
    let database = Database::empty(kind).await;
    let person = database.person().await;
    let (tables, checksum) = match kind {
        Kind::Sqlite => (include_str!("../migrations/sqlite/0001_tables.sql"), "x'"),
        Kind::Postgres => (include_str!("../migrations/postgres/0001_tables.sql"), "'\\x"),
    };
    let history = match kind {
        Kind::Sqlite => {
            "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
            installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL,
            execution_time BIGINT NOT NULL)"
        }
        Kind::Postgres => {
            "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
            installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL,
            execution_time BIGINT NOT NULL)"
        }
    };
    person.run(history).await.unwrap();
    person.run(tables).await.unwrap();
    let sum = {
        use sha2::Digest as _;
        hex::encode(sha2::Sha384::digest(tables.as_bytes()))
    };
    let applied = format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (1, 'tables', TRUE, {checksum}{sum}', 0)"
    );
    person.run(&applied).await.unwrap();
    let contact = "INSERT INTO contacts (contact_id, client_id, email, lead_status, pipeline_status, campaign_status, emails_sent_count,
            current_campaign_id, fold)
        VALUES ('00000000-0000-0000-0000-000000000001', 'beta', 'p1@example.com', 'active', 'open', 'active', 1, '7',
            '{\"stage\":\"InSequence\",\"emails_sent_count\":1,\"current_campaign\":\"7\",
              \"applied_until\":[\"2025-02-01T09:00:00Z\",1,\"email_sent:m:a@example.com\"]}')";
    person.run(contact).await.unwrap();
    database
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_an_earlier_version_opens_and_upgrades() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let database = earlier(kind).await;
        assert!(!database.store.schema_is_current().await.unwrap());
        let place = Place::with(database.address.clone(), "");
        let served = place.serve();
        let poster = Poster::new(&served.url).unwrap();
        let body = r#"{"kind":"reply_received","email":"p1@example.com","id":"r","occurred_at":"2025-03-01T09:00:00Z","text":"hi"}"#;
        let headers = vec![("x-n8n-secret".to_owned(), "n8n-secret-of-beta".to_owned())];
        let (status, _) = poster.post("/hooks/n8n/beta", &headers, body.to_owned()).await.unwrap();
        assert_eq!(status, 200);
        let shown = place.json(&["contact", "show", "p1@example.com", "--client", "beta", "--json"]);
        assert_eq!(
            (&shown["contact"]["stage"], &shown["contact"]["emails_sent_count"]),
            (&"Interested".into(), &1.into())
        );
        assert!(database.store.schema_is_current().await.unwrap());
        drop(served);
    }
}
