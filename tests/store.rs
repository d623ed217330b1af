//! The schema against a list written by hand from the owner's document, its constraints, and what intake promises of failures.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use sales_engine::domain::event::Source;
use sales_engine::domain::follow_up::Spans;
use sales_engine::domain::ids::ClientId;
use sales_engine::domain::stage::{CampaignStatus, Columns, LeadEmailStatus, LeadStatus, PipelineStatus, Stage};
use sales_engine::engine::rows::{Outcome, TriggerType};
use sales_engine::intake::{self, Delivery, Now, Refusal};
use sales_engine::sources::settings::ClientSources;
use sales_engine::sources::{Request, read};
use sales_engine::store::views::{DeliveryFilter, EventFilter};
use sales_engine::store::{Store, StoreError};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use std::collections::BTreeSet;
use std::str::FromStr as _;
use std::sync::Arc;

struct Database {
    folder: tempfile::TempDir,
    store: Store,
}

impl Database {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&address(&folder)).await.unwrap();
        store.migrate(false).await.unwrap();
        Self { folder, store }
    }

    /// Another writer: a person with a database tool.
    async fn person(&self) -> SqlitePool {
        SqlitePool::connect_with(SqliteConnectOptions::from_str(&address(&self.folder)).unwrap()).await.unwrap()
    }
}

fn address(folder: &tempfile::TempDir) -> String {
    format!("sqlite://{}", folder.path().join("t.db").display())
}

const OWNERS_COLUMNS: &[(&str, &str)] = &[
    (
        "lead_lists",
        "list_id list_name client_id description source total_contacts contacts_in_campaigns status metadata created_at \
         updated_at created_by",
    ),
    (
        "contacts",
        "contact_id client_id email first_name last_name phone company_name job_title linkedin_url company_linkedin_url \
         company_website company_size company_industry source list_id enrichment_date lead_status pipeline_status \
         campaign_status lead_email_status current_campaign_id past_campaign_ids last_contact_date last_reply_date \
         last_touch_date reply_count emails_sent_count follow_up_date follow_up_reason has_engaged airtable_lead_id \
         promoted_at converted_to_client converted_client_id ai_context_summary created_at updated_at",
    ),
    (
        "chat_history",
        "chat_id session_id lead_id client_id campaign_id platform contact_identifier contact_name account_identifier \
         subject message_content message_type message_status sequence_step external_message_id thread_id ai_sentiment \
         ai_intent is_auto_reply requires_action action_taken is_vectorized vector_id message_timestamp created_at",
    ),
    (
        "automation_logs",
        "log_id automation_type trigger_type lead_id client_id campaign_id action_taken action_details status \
         error_message timestamp processing_time ai_model_used tokens_used created_at",
    ),
];

const OWNERS_INDEXES: &str = "idx_contacts_client idx_contacts_email idx_contacts_status idx_contacts_pipeline \
    idx_contacts_campaign_status idx_contacts_email_status idx_contacts_follow_up idx_contacts_last_reply \
    idx_contacts_current_campaign idx_contacts_engaged idx_contacts_source idx_contacts_list_id idx_contacts_client_list \
    idx_lead_lists_client idx_lead_lists_status idx_lead_lists_client_status idx_chat_session idx_chat_lead idx_chat_client \
    idx_chat_campaign idx_chat_timestamp idx_chat_thread idx_chat_platform idx_chat_status idx_chat_lead_timestamp";

#[tokio::test]
async fn every_table_column_and_index_of_the_owner_is_there() {
    let database = Database::new().await;
    let pool = database.person().await;
    for (table, columns) in OWNERS_COLUMNS {
        let rows = sqlx::query("SELECT name FROM pragma_table_info(?1)").bind(table).fetch_all(&pool).await.unwrap();
        let found: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
        for column in columns.split_whitespace() {
            assert!(found.contains(column), "{table}.{column}");
        }
    }
    let rows = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'index'").fetch_all(&pool).await.unwrap();
    let found: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    for index in OWNERS_INDEXES.split_whitespace() {
        assert!(found.contains(index), "{index}");
    }
}

#[tokio::test]
async fn the_matrix_is_kept_by_the_database() {
    let database = Database::new().await;
    let pool = database.person().await;
    let mut accepted = 0;
    let mut number = 0;
    for &lead_status in LeadStatus::ALL {
        for &pipeline_status in PipelineStatus::ALL {
            for campaign_status in [None].into_iter().chain(CampaignStatus::ALL.iter().copied().map(Some)) {
                for lead_email_status in [None].into_iter().chain(LeadEmailStatus::ALL.iter().copied().map(Some)) {
                    number += 1;
                    let columns = Columns { lead_status, pipeline_status, campaign_status, lead_email_status };
                    let result = sqlx::query(
                        "INSERT INTO contacts (contact_id, client_id, email, lead_status, pipeline_status, campaign_status,
                         lead_email_status) VALUES (?1, 'acme', ?1 || '@example.com', ?2, ?3, ?4, ?5)",
                    )
                    .bind(number.to_string())
                    .bind(lead_status.as_str())
                    .bind(pipeline_status.as_str())
                    .bind(campaign_status.map(CampaignStatus::as_str))
                    .bind(lead_email_status.map(LeadEmailStatus::as_str))
                    .execute(&pool)
                    .await;
                    assert_eq!(result.is_ok(), Stage::from_columns(columns).is_some(), "{columns:?}");
                    accepted += i32::from(result.is_ok());
                }
            }
        }
    }
    assert_eq!(accepted, 14);
}

#[tokio::test]
async fn rules_and_options_are_kept_whoever_writes() {
    let database = Database::new().await;
    let pool = database.person().await;
    let contact = "INSERT INTO contacts (contact_id, client_id, email) VALUES ('1', 'acme', 'a@example.com')";
    sqlx::query(contact).execute(&pool).await.unwrap();
    sqlx::query(
        "INSERT INTO contacts (contact_id, client_id, email, lead_status, pipeline_status, campaign_status, lead_email_status)
         VALUES ('2', 'acme', 'b@example.com', 'do_not_contact', 'closed', 'completed', 'unsubscribed')",
    )
    .execute(&pool)
    .await
    .unwrap();
    let chat = "INSERT INTO chat_history (chat_id, session_id, contact_id, message_key, message_content, message_timestamp, platform";
    let refused = [
        ("rule 1: one address once a client", "INSERT INTO contacts (contact_id, client_id, email) VALUES ('3', 'acme', 'a@example.com')".to_owned()),
        ("an address in capitals", "INSERT INTO contacts (contact_id, client_id, email) VALUES ('3', 'acme', 'C@example.com')".to_owned()),
        ("rule 2: no address", "INSERT INTO contacts (contact_id, client_id, email) VALUES ('3', 'acme', '')".to_owned()),
        ("rule 3: leaving do_not_contact", "UPDATE contacts SET lead_status = 'triage', pipeline_status = 'open', campaign_status = NULL, lead_email_status = NULL WHERE contact_id = '2'".to_owned()),
        ("rule 5: a client without a won deal", "UPDATE contacts SET converted_to_client = 1 WHERE contact_id = '1'".to_owned()),
        ("an unknown source", "UPDATE contacts SET source = 'facebook' WHERE contact_id = '1'".to_owned()),
        ("an unknown follow-up reason", "UPDATE contacts SET follow_up_reason = 'mood' WHERE contact_id = '1'".to_owned()),
        ("past campaigns that are no list", "UPDATE contacts SET past_campaign_ids = '{}' WHERE contact_id = '1'".to_owned()),
        ("an unknown platform", format!("{chat}) VALUES ('1', 's', '1', 'k', '', '2026', 'fax')")),
        ("an unknown message type", format!("{chat}, message_type) VALUES ('1', 's', '1', 'k', '', '2026', 'gmail', 'poem')")),
        ("an unknown message status", format!("{chat}, message_status) VALUES ('1', 's', '1', 'k', '', '2026', 'gmail', 'lost')")),
        ("an unknown intent", format!("{chat}, ai_intent) VALUES ('1', 's', '1', 'k', '', '2026', 'gmail', 'love')")),
        ("a chat row of nobody", format!("{chat}) VALUES ('1', 's', 'nobody', 'k', '', '2026', 'gmail')")),
        ("an unknown list status", "INSERT INTO lead_lists (list_id, list_name, client_id, status) VALUES ('1', 'l', 'acme', 'lost')".to_owned()),
        ("an unknown automation type", "INSERT INTO automation_logs (log_id, automation_type, trigger_type, action_taken, status, tenant) VALUES ('1', 'Magic', 'Webhook', 'x', 'Success', 'acme')".to_owned()),
    ];
    for (what, statement) in refused {
        assert!(sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.is_err(), "{what}");
    }
    let message = format!("{chat}) VALUES ('1', 's', '1', 'k', '', '2026', 'cal_com')");
    sqlx::query(sqlx::AssertSqlSafe(message.clone())).execute(&pool).await.unwrap();
    let again = message.replace("VALUES ('1'", "VALUES ('2'");
    assert!(sqlx::query(sqlx::AssertSqlSafe(again)).execute(&pool).await.is_err(), "one message once a contact");
}

#[tokio::test]
async fn migrations_apply_once_and_a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&address(&folder)).await.unwrap();
    let would = store.migrate(true).await.unwrap();
    assert!(would.iter().all(|step| step.applied_now) && !store.schema_is_current().await.unwrap());
    assert_eq!(store.migrate(false).await.unwrap(), would);
    assert!(store.migrate(false).await.unwrap().iter().all(|step| !step.applied_now), "nothing is applied twice");
    let database = Database { folder, store };
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'x', 1, x'00', 0)")
        .execute(&database.person().await)
        .await
        .unwrap();
    match database.store.migrate(false).await {
        Err(StoreError::Schema(text)) => assert!(text.contains("999") && text.contains("newer"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn addresses_that_cannot_serve_are_told_off() {
    for (address, part) in [
        ("postgres://localhost/x", "PostgreSQL"),
        ("mysql://x", "sqlite://"),
        ("nonsense", "sqlite://"),
        ("sqlite::memory:", "memory"),
    ] {
        match Store::open(address).await {
            Err(StoreError::Address(text)) => assert!(text.contains(part), "{address}: {text}"),
            other => panic!("{address}: {other:?}"),
        }
    }
    assert!(Store::open("sqlite:///nowhere/at/all/t.db").await.unwrap_err().is_unavailable());
}

fn now() -> Now {
    Arc::new(|| "2026-11-20T12:00:00Z".parse().unwrap())
}

fn delivery(number: u32, text: &str) -> Delivery {
    let client_id = ClientId::parse("acme").unwrap();
    let body = format!(
        r#"{{"kind":"reply_received","email":"p{number}@example.com","id":"r{number}","occurred_at":"2026-11-01T09:00:00Z","text":"{text}"}}"#
    );
    let received_at = now()();
    let request = Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
    let understood = read(Source::N8n, &ClientSources::default(), &request).unwrap();
    Delivery { client_id: client_id.clone(), source: Source::N8n, received_at, understood, body_sha256: [0; 32] }
}

#[tokio::test]
async fn a_poisoned_delivery_ends_dead_and_harms_no_other() {
    let database = Database::new().await;
    let pool = database.person().await;
    sqlx::query(
        "CREATE TRIGGER poison BEFORE INSERT ON chat_history WHEN NEW.message_content = 'poison'
         BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
    )
    .execute(&pool)
    .await
    .unwrap();
    let (handle, running) =
        intake::start(&database.store, &Spans::default(), &now(), TriggerType::Webhook, 10, 10, None);
    // All three are queued before the writer runs, so they are one batch.
    let (one, two, three) = tokio::join!(
        handle.submit(delivery(1, "hello")),
        handle.submit(delivery(2, "poison")),
        handle.submit(delivery(3, "hello"))
    );
    let outcomes = [one, two, three].map(|answer| answer.unwrap().outcome);
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Dead, Outcome::Applied]);
    let dead = DeliveryFilter { outcome: Some(Outcome::Dead), limit: 10, ..DeliveryFilter::default() };
    let dead = database.store.deliveries(&dead).await.unwrap();
    assert!(dead[0].reason.as_ref().unwrap().contains("poisoned"), "{dead:?}");
    let events = database.store.events(&EventFilter { limit: 10, ..EventFilter::default() }).await.unwrap();
    assert_eq!(events.len(), 2, "nothing of it is half-written");
    sqlx::query("DROP TRIGGER poison").execute(&pool).await.unwrap();
    let answer = handle.submit(delivery(2, "poison")).await.unwrap();
    assert_eq!(answer.outcome, Outcome::Applied, "it can come again after the cure");
    drop(handle);
    running.finished().await;
}

#[tokio::test]
async fn a_full_queue_refuses_and_a_broken_schema_is_told() {
    let database = Database::new().await;
    let (handle, running) =
        intake::start(&database.store, &Spans::default(), &now(), TriggerType::Webhook, 1, 10, None);
    let (first, second) = tokio::join!(handle.submit(delivery(1, "a")), handle.submit(delivery(2, "b")));
    assert_eq!((first.unwrap().outcome, second), (Outcome::Applied, Err(Refusal::Full)));
    let pool = database.person().await;
    sqlx::query("DROP TABLE chat_history").execute(&pool).await.unwrap();
    let answer = handle.submit(delivery(3, "c")).await;
    assert_eq!(answer.unwrap().outcome, Outcome::Dead, "a broken schema is told, not hidden");
    drop(handle);
    running.finished().await;
}

#[tokio::test]
async fn bodies_that_wait_are_bounded_in_bytes_too() {
    let database = Database::new().await;
    let (handle, running) =
        intake::start(&database.store, &Spans::default(), &now(), TriggerType::Webhook, 100, 10, None);
    let large = |number, mebibytes: usize| {
        let mut delivery = delivery(number, "a");
        delivery.understood.body_to_store = " ".repeat(mebibytes << 20);
        handle.submit(delivery)
    };
    let (first, second) = tokio::join!(large(1, 60), large(2, 5));
    assert_eq!((first.unwrap().outcome, second), (Outcome::Applied, Err(Refusal::Full)));
    assert_eq!(large(2, 5).await.unwrap().outcome, Outcome::Applied, "there is room again");
    drop(handle);
    running.finished().await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing_and_the_writer_usable() {
    let database = Database::new().await;
    let spans = Spans::default();
    let clock = now();
    let context = intake::Context { store: &database.store, spans: &spans, now: &clock, trigger: TriggerType::Manual };
    let answers = intake::rehearse(vec![delivery(1, "a"), delivery(1, "a")], &context).await.unwrap();
    let outcomes: Vec<Outcome> = answers.iter().map(|answer| answer.outcome).collect();
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Duplicate], "the second sees the first");
    assert!(database.store.events(&EventFilter { limit: 10, ..EventFilter::default() }).await.unwrap().is_empty());
    let (handle, running) = intake::start(&database.store, &spans, &now(), TriggerType::Webhook, 10, 10, None);
    assert_eq!(handle.submit(delivery(1, "a")).await.unwrap().outcome, Outcome::Applied);
    drop(handle);
    running.finished().await;
}
