//! What any database promises, from one body of code for both: the schema against a list written by hand from the owner's document,
//! its rules, what the store writes and loads, tasks.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what is not there is a failed test")]

mod common;

use chrono::{DateTime, Duration, Utc};
use common::{Database, Kind};
use sales_engine::domain::contact::{ChatRow, Contact, Marks, MessageStatus, MessageType};
use sales_engine::domain::event::{EventData, Facts, Platform, Profile, Source};
use sales_engine::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use sales_engine::domain::intent::Intent;
use sales_engine::domain::stage::{CampaignStatus, Columns, LeadEmailStatus, LeadStatus, PipelineStatus, Stage};
use sales_engine::engine::rows::{
    ChatWrite, ClaimedTask, ContactRow, EventRow, LeadWritten, MarksWrite, Seen, TaskEnd, TaskKind, TaskRow,
    TaskSettled, Verdict, Writes,
};
use sales_engine::store::views::{Clues, News, Owner, Owners};
use sales_engine::store::{Store, StoreError};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The owner's document, field by field: `column type`.
const OWNERS_COLUMNS: &[(&str, &str)] = &[
    (
        "lead_lists",
        "list_id uuid, list_name varchar, client_id varchar, description text, source varchar, total_contacts int4, \
         contacts_in_campaigns int4, status varchar, metadata jsonb, created_at timestamptz, updated_at timestamptz, \
         created_by varchar",
    ),
    (
        "contacts",
        "contact_id uuid, client_id varchar, email varchar, first_name varchar, last_name varchar, phone varchar, \
         company_name varchar, job_title varchar, linkedin_url varchar, company_linkedin_url varchar, company_website varchar, \
         company_size varchar, company_industry varchar, source varchar, list_id uuid, enrichment_date timestamptz, \
         lead_status varchar, pipeline_status varchar, campaign_status varchar, lead_email_status varchar, \
         current_campaign_id varchar, past_campaign_ids jsonb, last_contact_date timestamptz, last_reply_date timestamptz, \
         last_touch_date timestamptz, reply_count int4, emails_sent_count int4, follow_up_date date, follow_up_reason varchar, \
         has_engaged bool, airtable_lead_id varchar, promoted_at timestamptz, converted_to_client bool, \
         converted_client_id varchar, ai_context_summary text, created_at timestamptz, updated_at timestamptz",
    ),
    (
        "chat_history",
        "chat_id uuid, session_id varchar, lead_id varchar, client_id varchar, campaign_id varchar, platform varchar, \
         contact_identifier varchar, contact_name varchar, account_identifier varchar, subject varchar, message_content text, \
         message_type varchar, message_status varchar, sequence_step int4, external_message_id varchar, thread_id varchar, \
         ai_sentiment varchar, ai_intent varchar, is_auto_reply bool, requires_action bool, action_taken varchar, \
         is_vectorized bool, vector_id varchar, message_timestamp timestamptz, created_at timestamptz",
    ),
    (
        "automation_logs",
        "log_id uuid, automation_type varchar, trigger_type varchar, lead_id varchar, client_id varchar, campaign_id varchar, \
         action_taken varchar, action_details text, status varchar, error_message text, timestamp timestamptz, \
         processing_time int4, ai_model_used varchar, tokens_used int4, created_at timestamptz",
    ),
];

/// The owner's CREATE INDEX statements.
const OWNERS_INDEXES: &str = "idx_contacts_client(client_id) idx_contacts_email(email) idx_contacts_status(lead_status) \
    idx_contacts_pipeline(pipeline_status) idx_contacts_campaign_status(campaign_status) \
    idx_contacts_email_status(lead_email_status) idx_contacts_follow_up(follow_up_date) \
    idx_contacts_last_reply(last_reply_date) idx_contacts_current_campaign(current_campaign_id) \
    idx_contacts_engaged(has_engaged) idx_contacts_source(source) idx_contacts_list_id(list_id) \
    idx_contacts_client_list(client_id,list_id) idx_lead_lists_client(client_id) idx_lead_lists_status(status) \
    idx_lead_lists_client_status(client_id,status) idx_chat_session(session_id) idx_chat_lead(lead_id) \
    idx_chat_client(client_id) idx_chat_campaign(campaign_id) idx_chat_timestamp(message_timestampDESC) \
    idx_chat_thread(thread_id) idx_chat_platform(platform) idx_chat_status(message_status) \
    idx_chat_lead_timestamp(lead_id,message_timestampDESC)";

on_both! {
    async fn every_table_column_and_index_of_the_owner_is_there(database: Database) {
        let person = database.person().await;
        for (table, columns) in OWNERS_COLUMNS {
            let (statement, with_type) = match database.kind {
                Kind::Sqlite => (format!("SELECT name AS x FROM pragma_table_info('{table}')"), false),
                Kind::Postgres => (
                    format!(
                        "SELECT column_name || ' ' || udt_name AS x FROM information_schema.columns
                         WHERE table_schema = 'public' AND table_name = '{table}'"
                    ),
                    true,
                ),
            };
            let found: BTreeSet<String> = person.texts(&statement).await.into_iter().collect();
            for column in columns.split(", ") {
                let wanted = if with_type { column } else { column.split_once(' ').unwrap().0 };
                assert!(found.contains(wanted), "{table}.{column}");
            }
        }
        let statement = match database.kind {
            Kind::Sqlite => "SELECT sql AS x FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
            Kind::Postgres => "SELECT indexdef AS x FROM pg_indexes WHERE schemaname = 'public'",
        };
        let found: Vec<String> = person
            .texts(statement)
            .await
            .iter()
            .map(|definition| definition.replace(" USING btree", "").replace("public.", "").replace(' ', ""))
            .collect();
        for index in OWNERS_INDEXES.split_whitespace() {
            let (name, columns) = index.split_once('(').unwrap();
            let is_it = |definition: &String| definition.contains(&format!("INDEX{name}ON")) && definition.ends_with(&format!("({columns}"));
            assert!(found.iter().any(is_it), "{index}: {found:?}");
        }
    }
}

on_both! {
    async fn the_matrix_is_kept_by_the_database(database: Database) {
        let person = database.person().await;
        let text = |value: Option<&str>| value.map_or("NULL".to_owned(), |value| format!("'{value}'"));
        let mut accepted = 0;
        let mut number = 0;
        for &lead_status in LeadStatus::ALL {
            for &pipeline_status in PipelineStatus::ALL {
                for campaign_status in [None].into_iter().chain(CampaignStatus::ALL.iter().copied().map(Some)) {
                    for lead_email_status in [None].into_iter().chain(LeadEmailStatus::ALL.iter().copied().map(Some)) {
                        number += 1;
                        let columns = Columns { lead_status, pipeline_status, campaign_status, lead_email_status };
                        let statement = format!(
                            "INSERT INTO contacts (contact_id, client_id, email, lead_status, pipeline_status, campaign_status,
                             lead_email_status) VALUES ('{}', 'acme', 'p{number}@example.com', '{lead_status}',
                             '{pipeline_status}', {}, {})",
                            id(number),
                            text(campaign_status.map(CampaignStatus::as_str)),
                            text(lead_email_status.map(LeadEmailStatus::as_str)),
                        );
                        let result = person.run(&statement).await;
                        assert_eq!(result.is_ok(), Stage::from_columns(columns).is_some(), "{columns:?} {result:?}");
                        accepted += i32::from(result.is_ok());
                    }
                }
            }
        }
        assert_eq!(accepted, 14);
    }
}

on_both! {
    async fn rules_and_options_are_kept_whoever_writes(database: Database) {
        let person = database.person().await;
        let (one, two, three) = (id(1), id(2), id(3));
        for statement in [
            format!("INSERT INTO contacts (contact_id, client_id, email) VALUES ('{one}', 'acme', 'a@example.com')"),
            format!(
                "INSERT INTO contacts (contact_id, client_id, email, lead_status, pipeline_status, campaign_status,
                 lead_email_status) VALUES ('{two}', 'acme', 'b@example.com', 'do_not_contact', 'closed', 'completed', 'unsubscribed')"
            ),
            format!("INSERT INTO contacts (contact_id, client_id, email, converted_to_client) VALUES ('{three}', 'acme', 'n@example.com', NULL)"),
        ] {
            person.run(&statement).await.unwrap();
        }
        let new = id(9);
        let insert = |columns: &str, values: &str| format!("INSERT INTO contacts (contact_id, client_id, {columns}) VALUES ('{new}', 'acme', {values})");
        let update = |set: &str| format!("UPDATE contacts SET {set} WHERE contact_id = '{one}'");
        let chat = |columns: &str, platform: &str, values: &str| format!(
            "INSERT INTO chat_history (chat_id, session_id, contact_id, message_key, message_content, message_timestamp, platform{columns})
             VALUES ('{new}', 's', '{one}', 'k', '', '2026-11-01T09:00:00.000000Z', '{platform}'{values})"
        );
        let refused = [
            ("rule 1: one address once a client", insert("email", "'a@example.com'")),
            ("rule 2: no address", insert("email", "''")),
            ("rule 2: null", insert("email", "NULL")),
            ("rule 3: leaving do_not_contact", format!(
                "UPDATE contacts SET lead_status = 'triage', pipeline_status = 'open', campaign_status = NULL,
                 lead_email_status = NULL WHERE contact_id = '{two}'")),
            ("rule 5: a client without a won deal", update("converted_to_client = TRUE")),
            ("rule 5, from null", format!("UPDATE contacts SET converted_to_client = TRUE WHERE contact_id = '{three}'")),
            ("rule 5, at once", insert("email, converted_to_client", "'c@example.com', TRUE")),
            ("rule 6: a follow-up in the past", update("follow_up_date = '2020-01-01'")),
            ("rule 6, at once", insert("email, follow_up_date", "'c@example.com', '2020-01-01'")),
            ("off the matrix", update("lead_status = 'won'")),
            ("an unknown source", update("source = 'facebook'")),
            ("an unknown follow-up reason", update("follow_up_reason = 'mood'")),
            ("past campaigns that are no list", update("past_campaign_ids = '{}'")),
            ("an unknown platform", chat("", "fax", "")),
            ("an unknown message type", chat(", message_type", "gmail", ", 'poem'")),
            ("an unknown message status", chat(", message_status", "gmail", ", 'lost'")),
            ("an unknown intent", chat(", ai_intent", "gmail", ", 'love'")),
            ("an unknown sentiment", chat(", ai_sentiment", "gmail", ", 'love'")),
            ("a chat row of nobody", chat("", "gmail", "").replace(&one.to_string(), &id(77).to_string())),
            ("an unknown list status", format!("INSERT INTO lead_lists (list_id, list_name, client_id, status) VALUES ('{new}', 'l', 'acme', 'lost')")),
            ("an unknown list source", format!("INSERT INTO lead_lists (list_id, list_name, client_id, source) VALUES ('{new}', 'l', 'acme', 'lost')")),
            ("an unknown automation type", format!(
                "INSERT INTO automation_logs (log_id, automation_type, trigger_type, action_taken, status, tenant)
                 VALUES ('{new}', 'Magic', 'Webhook', 'x', 'Success', 'acme')")),
        ];
        for (what, statement) in refused {
            assert!(person.run(&statement).await.is_err(), "{what}");
        }
        person.run(&update("follow_up_date = '2099-01-01', follow_up_reason = 'custom'")).await.unwrap();
        person.run(&chat("", "cal_com", "")).await.unwrap();
        let again = chat("", "cal_com", "").replacen(&new.to_string(), &id(10).to_string(), 1);
        assert!(person.run(&again).await.is_err(), "one message once a contact");
        let suppression = |n: u128| format!(
            "INSERT INTO suppressions (suppression_id, scope, kind, value_hmac, reason, created_at)
             VALUES ('{}', 'agency', 'address', 'h', 'operator', '2026-11-01T09:00:00Z')", id(n)
        );
        person.run(&suppression(1)).await.unwrap();
        assert!(person.run(&suppression(2)).await.is_err(), "one suppression once");
        let counts = database.store.counts().await.unwrap();
        assert_eq!((counts.contacts["acme"]["New"], counts.contacts["acme"]["DoNotContact"]), (2, 1), "{counts:?}");
        assert_eq!(counts.chat_rows["- -"], 1, "a row without type is counted too");
        let opted_out = ContactKey { client_id: client(), email: Email::parse("b@example.com").unwrap() };
        assert_eq!(database.store.contact(&opted_out).await.unwrap().unwrap().stage, Stage::DoNotContact, "a row that the engine never wrote is shown");
    }
}

#[tokio::test]
async fn migrations_apply_once_and_a_newer_schema_is_refused() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let database = Database::empty(kind).await;
        let store = &database.store;
        let would = store.migrate(true).await.unwrap();
        assert!(would.steps.iter().all(|step| step.applied_now) && !store.schema_is_current().await.unwrap());
        assert_eq!(store.migrate(false).await.unwrap(), would);
        let again = store.migrate(false).await.unwrap();
        assert!(again.steps.iter().all(|step| !step.applied_now) && again.plan.is_empty(), "nothing is applied twice");
        assert_eq!(again.findings, []);
        assert!(store.schema_is_current().await.unwrap());
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                     VALUES (999, 'x', TRUE, '', 0)";
        database.person().await.run(newer).await.unwrap();
        match store.migrate(false).await {
            Err(StoreError::Schema(text)) => assert!(text.contains("999") && text.contains("newer"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_instances_may_migrate_one_new_database_at_once() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for _ in 0..5 {
            let database = Database::empty(kind).await;
            let mut stores = Vec::new();
            for _ in 0..4 {
                stores.push(Store::open(&database.address).await.unwrap());
            }
            let [a, b, c, d] = &stores[..] else { panic!("four") };
            let (a, b, c, d) = tokio::join!(a.migrate(false), b.migrate(false), c.migrate(false), d.migrate(false));
            let did = [a, b, c, d].map(|report| report.unwrap().steps.iter().filter(|step| step.applied_now).count());
            assert_eq!(did.iter().filter(|steps| **steps > 0).count(), 1, "one of them did it: {did:?}");
        }
    }
}

#[tokio::test]
async fn addresses_that_cannot_serve_are_told_off() {
    let cluster = common::postgres::Cluster::shared();
    let port = cluster.port;
    let folder = tempfile::tempdir().unwrap();
    let no_database = folder.path().join("letter.txt");
    std::fs::write(&no_database, "Dear database, ".repeat(100)).unwrap();
    for (address, part) in [
        (format!("postgres://nobody@127.0.0.1:{port}/postgres"), "role `nobody`"),
        (format!("postgres://postgres@127.0.0.1:{port}/nothing"), "CREATE DATABASE"),
        ("postgres://postgres@127.0.0.1:1/x".to_owned(), "127.0.0.1:1"),
        (format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=require"), "sslmode=disable"),
        (format!("postgres://postgres@127.0.0.1:{port}/postgres?options=-c%20search_path%3Dnowhere"), "search_path"),
        ("mysql://x".to_owned(), "sqlite://"),
        ("nonsense".to_owned(), "sqlite://"),
        ("sqlite::memory:".to_owned(), "memory"),
        (format!("sqlite://{}", no_database.display()), "no SQLite database"),
    ] {
        match Store::open(&address).await {
            Err(StoreError::Address(text)) => assert!(text.contains(part), "{address}: {text}"),
            other => panic!("{address}: {other:?}"),
        }
    }
    assert!(Store::open("sqlite:///nowhere/at/all/t.db").await.unwrap_err().is_unavailable());
}

fn at(minute: i64) -> DateTime<Utc> {
    "2026-11-01T09:00:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::minutes(minute)
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn client() -> ClientId {
    ClientId::parse("acme").unwrap()
}

fn key(n: u128) -> ContactKey {
    ContactKey { client_id: client(), email: Email::parse(&format!("p{n}@example.com")).unwrap() }
}

async fn put(store: &Store, writes: &Writes) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.write(writes).await?;
    tx.commit().await
}

fn contact_row(n: u128, contact: Contact) -> ContactRow {
    ContactRow { contact_id: id(n), key: key(n), contact, baseline: None, now: at(0), is_new: true, version: None }
}

fn event_row(n: u128, contact: u128, dedupe: &str) -> EventRow {
    let facts =
        Facts { occurred_at: at(1), time_known: true, profile: Profile::default(), data: EventData::WentSilent {} };
    EventRow {
        event_id: id(n),
        contact_id: id(contact),
        key: key(contact),
        dedupe_key: dedupe.to_owned(),
        kind: "went_silent",
        source: Source::Scheduler,
        occurred_at: at(1),
        seen: Seen::from([(Source::Scheduler, facts)]),
        verdict: Verdict { stage_before: Stage::New, stage_after: Stage::New, refused: true, rule: "r".to_owned() },
        delivery_id: None,
        received_at: at(2),
        is_new: true,
        seen_before: None,
    }
}

fn chat(n: u128, contact: u128, content: &str) -> ChatWrite {
    ChatWrite {
        chat_id: id(n),
        contact_id: id(contact),
        key: key(contact),
        airtable_lead_id: None,
        converted_client_id: None,
        row: ChatRow {
            key: "k".to_owned(),
            at: at(1),
            platform: Platform::Gmail,
            contact_identifier: None,
            contact_name: None,
            account_identifier: None,
            subject: None,
            content: content.to_owned(),
            message_type: MessageType::Reply,
            message_status: MessageStatus::Received,
            sequence_step: Some(2),
            campaign: None,
            external_id: None,
            thread_id: None,
            marks: Marks { requires_action: true, ..Marks::default() },
        },
        now: at(0),
    }
}

fn task(n: u128, name: &str, priority: u8, due: i64) -> TaskRow {
    TaskRow {
        task_id: id(n),
        kind: TaskKind::AirtableSyncLead,
        tenant: client(),
        task_key: name.to_owned(),
        contact_id: None,
        payload: serde_json::json!({"n": n.to_string()}),
        priority,
        due_at: at(due),
        now: at(0),
    }
}

fn settled(task: &ClaimedTask, end: TaskEnd, minute: i64) -> TaskSettled {
    TaskSettled { task_id: task.task_id, lease: task.lease, wanted: task.wanted, end, now: at(minute) }
}

async fn want(store: &Store, tasks: Vec<TaskRow>) {
    put(store, &Writes { tasks, ..Writes::default() }).await.unwrap();
}

async fn claim(store: &Store, minute: i64, lease: u128) -> Vec<ClaimedTask> {
    store.claim_tasks(TaskKind::ALL, 10, at(minute), at(minute + 5), id(lease)).await.unwrap()
}

on_both! {
    async fn what_is_written_is_loaded(database: Database) {
        let store = &database.store;
        let contact = Contact {
            stage: Stage::InSequence,
            current_campaign: Some(CampaignId::parse("7").unwrap()),
            past_campaigns: vec![CampaignId::parse("6").unwrap()],
            last_contact_at: Some(at(1)),
            list_id: Some(id(99)),
            ..Contact::default()
        };
        let event = event_row(10, 1, "e1");
        let writes = Writes {
            contacts: vec![contact_row(1, contact.clone())],
            events: vec![event.clone()],
            chat_rows: vec![chat(20, 1, "hi")],
            ..Writes::default()
        };
        put(store, &writes).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let events = [(client(), "e1".to_owned()), (client(), "e2".to_owned())];
        let known = tx.load(&[key(1), key(2)], &events, true).await.unwrap();
        assert_eq!(known.contacts[&key(1)].contact, contact);
        assert_eq!(known.contacts.len(), 1);
        assert_eq!(known.events[&events[0]].seen, event.seen);
        let histories = tx.load_histories(&[key(1)]).await.unwrap();
        assert_eq!(histories[&key(1)].events.len(), 1);
        assert_eq!(histories[&key(1)].baseline, Contact::default());
        drop(tx);
        let mut marks = MarksWrite::new(id(1), "k".to_owned());
        marks.intent = Some(Intent::PricingQuestion);
        put(store, &Writes { chat_rows: vec![chat(21, 1, "edited")], ..Writes::default() }).await.unwrap();
        put(store, &Writes { chat_marks: vec![marks], ..Writes::default() }).await.unwrap();
        let messages = store.timeline(id(1), 10).await.unwrap().messages;
        assert_eq!(messages[0].chat_id, id(20).to_string(), "the id stays");
        assert_eq!(
            (messages[0].message_content.as_str(), messages[0].ai_intent.as_deref(), messages[0].requires_action),
            ("edited", Some("pricing_question"), true)
        );
        let view = store.contact(&key(1)).await.unwrap().unwrap();
        assert_eq!(view.list_id, None, "a list that does not exist is no reason to refuse a contact");
        assert_eq!(view.last_contact_date.as_deref(), Some("2026-11-01T09:01:00.000000Z"));
        database.person().await.run("UPDATE contacts SET has_engaged = NULL").await.unwrap();
        let engaged = Contact { has_engaged: true, ..contact };
        let mut tx = store.begin().await.unwrap();
        let version = Some(tx.load(&[key(1)], &[], false).await.unwrap().contacts[&key(1)].version);
        let again = ContactRow { is_new: false, version, ..contact_row(1, engaged) };
        tx.write(&Writes { contacts: vec![again.clone()], ..Writes::default() }).await.unwrap();
        tx.commit().await.unwrap();
        if database.kind == Kind::Postgres {
            let late = put(store, &Writes { contacts: vec![again], ..Writes::default() }).await;
            assert!(late.unwrap_err().is_conflict(), "somebody wrote it since it was loaded");
        }
        assert!(store.contact(&key(1)).await.unwrap().unwrap().has_engaged);
    }
}

on_both! {
    async fn tasks_are_coalesced_ordered_fenced_and_wanted_again(database: Database) {
        let store = &database.store;
        want(store, vec![task(1, "a", 5, 0), task(2, "b", 0, 0), task(3, "c", 0, 60)]).await;
        want(store, vec![task(4, "a", 3, 0)]).await;
        let claimed = claim(store, 1, 100).await;
        assert_eq!(claimed.iter().map(|t| t.task_key.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!((claimed[1].wanted, claimed[1].payload["n"].as_str()), (2, Some("4")));
        assert!(claim(store, 2, 101).await.is_empty(), "held");
        want(store, vec![task(5, "a", 5, 2)]).await;
        let again = claim(store, 7, 102).await;
        assert_eq!(again.len(), 2, "an expired lease is claimed");
        assert_eq!(again[0].attempts, 2);
        assert_eq!(store.settle_tasks(&[settled(&claimed[0], TaskEnd::Done, 8)], &[], &[]).await.unwrap(), 0, "fenced");
        let a = again.iter().find(|t| t.task_key == "a").unwrap();
        want(store, vec![task(6, "a", 5, 8)]).await;
        assert_eq!(store.settle_tasks(&[settled(a, TaskEnd::Done, 9)], &[], &[]).await.unwrap(), 1);
        let third = claim(store, 9, 103).await;
        assert_eq!((third.len(), third[0].task_key.as_str(), third[0].attempts), (1, "a", 1), "wanted meanwhile");
        let retry = TaskEnd::Retry { due_at: at(30), error: "busy".to_owned(), counts: false };
        store.settle_tasks(&[settled(&third[0], retry, 10)], &[], &[]).await.unwrap();
        let later = claim(store, 31, 105).await;
        let a = later.iter().find(|t| t.task_key == "a").unwrap();
        assert_eq!(a.attempts, 1, "the try that did not count is given back");
        let retry = TaskEnd::Retry { due_at: at(50), error: "busy".to_owned(), counts: true };
        store.settle_tasks(&[settled(a, retry, 32)], &[], &[]).await.unwrap();
        want(store, vec![task(7, "a", 5, 33)]).await;
        assert!(!claim(store, 34, 106).await.iter().any(|t| t.task_key == "a"), "a backoff is not cut short");
    }
}

on_both! {
    async fn a_contact_with_a_history_is_not_deleted_under_it(database: Database) {
        put(&database.store, &Writes { contacts: vec![contact_row(1, Contact::default())], ..Writes::default() })
            .await
            .unwrap();
        let event = Writes {
            contacts: vec![contact_row(2, Contact::default())],
            events: vec![event_row(10, 2, "e1")],
            ..Writes::default()
        };
        put(&database.store, &event).await.unwrap();
        let person = database.person().await;
        let delete = |n: u128| format!("DELETE FROM contacts WHERE contact_id = '{}'", id(n));
        assert_eq!(person.run(&delete(1)).await.unwrap(), 1, "nothing happened to it yet");
        assert!(person.run(&delete(2)).await.is_err());
    }
}

on_both! {
    async fn of_two_attempts_on_one_contact_the_second_is_a_conflict_as_a_whole(database: Database) {
        // SQLite has one writer at a time, so nothing can come in between there.
        if matches!(database.store, Store::Sqlite(_)) {
            return;
        }
        let store = &database.store;
        put(store, &Writes { contacts: vec![contact_row(1, Contact::default())], ..Writes::default() }).await.unwrap();
        let mut first = store.attempt().await.unwrap();
        let version = first.load(&[key(1)], &[], false).await.unwrap().contacts[&key(1)].version;
        let write = |n: u128, dedupe: &str| Writes {
            contacts: vec![ContactRow {
                is_new: false,
                version: Some(version),
                ..contact_row(1, Contact { reply_count: 1, ..Contact::default() })
            }],
            events: vec![event_row(n, 1, dedupe)],
            ..Writes::default()
        };
        store.attempt().await.unwrap().write_and_commit(&write(11, "of the other")).await.unwrap();
        let refused = first.write_and_commit(&write(12, "of the first")).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
        assert_eq!(store.timeline(id(1), 10).await.unwrap().events.len(), 1, "nothing of it was written");
    }
}

on_both! {
    async fn a_wish_during_the_last_try_is_not_lost_and_a_nearer_time_is_taken(database: Database) {
        let store = &database.store;
        want(store, vec![task(1, "a", 5, 0), task(3, "later", 5, 60)]).await;
        let claimed = claim(store, 1, 100).await;
        want(store, vec![task(2, "a", 5, 1)]).await;
        store.settle_tasks(&[settled(&claimed[0], TaskEnd::Dead { error: "x".to_owned() }, 2)], &[], &[]).await.unwrap();
        let again = claim(store, 3, 101).await;
        assert_eq!((again.len(), again[0].attempts), (1, 1));
        want(store, vec![task(4, "later", 5, 4)]).await;
        let sooner = claim(store, 5, 102).await;
        assert_eq!(sooner.iter().map(|t| t.task_key.as_str()).collect::<Vec<_>>(), ["later"]);
        store.settle_tasks(&[settled(&sooner[0], TaskEnd::Dead { error: "x".to_owned() }, 6)], &[], &[]).await.unwrap();
        assert!(claim(store, 60, 103).await.iter().all(|t| t.task_key != "later"), "dead ends stay dead");
        assert!(store.retry_task(sooner[0].task_id, at(61)).await.unwrap(), "until a person runs them again");
        assert!(claim(store, 61, 104).await.iter().any(|t| t.task_key == "later"));
    }
}

on_both! {
    async fn four_instances_never_hold_one_task_twice_and_take_over_from_the_dead(database: Database) {
        let tasks = (0..200).map(|n| task(n + 1, &format!("k{n}"), 5, 0)).collect();
        want(&database.store, tasks).await;
        let mut claimers = Vec::new();
        for instance in 0..4 {
            let store = Store::open(&database.address).await.unwrap();
            claimers.push(tokio::spawn(async move {
                let mut mine = Vec::new();
                for round in 0.. {
                    let lease = id(1_000 * (instance + 1) + round);
                    let claimed = store.claim_tasks(TaskKind::ALL, 7, at(1), at(3), lease).await.unwrap();
                    if claimed.is_empty() {
                        break;
                    }
                    // Every other batch is settled; what the others hold is left, as by an instance that died.
                    if round % 2 == 0 {
                        let done: Vec<TaskSettled> = claimed.iter().map(|task| settled(task, TaskEnd::Done, 2)).collect();
                        assert_eq!(store.settle_tasks(&done, &[], &[]).await.unwrap(), u64::try_from(done.len()).unwrap());
                    }
                    mine.push((round % 2 == 0, claimed));
                }
                mine
            }));
        }
        let (mut held, mut left) = (Vec::new(), BTreeSet::new());
        for claimer in claimers {
            for (is_settled, claimed) in claimer.await.unwrap() {
                held.extend(claimed.iter().map(|task| task.task_id));
                if !is_settled {
                    left.extend(claimed.iter().map(|task| task.task_id));
                }
            }
        }
        assert_eq!(held.len(), 200);
        assert_eq!(held.iter().collect::<BTreeSet<_>>().len(), 200, "none was held twice");
        assert!(!left.is_empty());
        let all = database.store.claim_tasks(TaskKind::ALL, 200, at(2), at(5), id(9)).await.unwrap();
        assert!(all.is_empty(), "held until the lease ends");
        let all = database.store.claim_tasks(TaskKind::ALL, 200, at(4), at(5), id(9)).await.unwrap();
        assert_eq!(all.iter().map(|task| task.task_id).collect::<BTreeSet<_>>(), left, "then taken over");
    }
}

#[tokio::test]
async fn a_locked_sqlite_file_is_unavailable_and_no_fault_of_the_schema() {
    let database = Database::empty(Kind::Sqlite).await;
    let common::Person::Sqlite(pool) = database.person().await else { panic!("SQLite") };
    let mut other = pool.acquire().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *other).await.unwrap();
    assert!(database.store.migrate(false).await.unwrap_err().is_unavailable());
    sqlx::query("ROLLBACK").execute(&mut *other).await.unwrap();
    database.store.migrate(false).await.unwrap();
    put(&database.store, &Writes { contacts: vec![contact_row(1, Contact::default())], ..Writes::default() })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_that_make_one_contact_conflict_and_the_second_finds_it() {
    let database = Database::new(Kind::Postgres).await;
    let mut first = database.store.begin().await.unwrap();
    first.write(&Writes { contacts: vec![contact_row(1, Contact::default())], ..Writes::default() }).await.unwrap();
    let store = database.store.clone();
    let clash = ContactRow { contact_id: id(2), ..contact_row(1, Contact::default()) };
    let second = tokio::spawn(async move { put(&store, &Writes { contacts: vec![clash], ..Writes::default() }).await });
    first.commit().await.unwrap();
    assert!(second.await.unwrap().unwrap_err().is_conflict());
}

on_both! {
    async fn places_of_a_budget_are_apart_whoever_takes_them(database: Database) {
        let now = at(0);
        let mut tasks = Vec::new();
        for _ in 0..4 {
            let store = Store::open(&database.address).await.unwrap();
            tasks.push(tokio::spawn(async move {
                let mut places = Vec::new();
                for _ in 0..10 {
                    places.push(store.take_slot("airtable:app1", now, 208).await.unwrap().at_ms);
                }
                places
            }));
        }
        let mut places = Vec::new();
        for task in tasks {
            places.extend(task.await.unwrap());
        }
        places.sort_unstable();
        let wanted: Vec<i64> = (0..40).map(|n| now.timestamp_millis() + n * 208).collect();
        assert_eq!(places, wanted, "four instances, one budget");
        let store = &database.store;
        assert_eq!(store.take_slot("airtable:app2", now, 208).await.unwrap().at_ms, now.timestamp_millis(), "a base each");
        store.pause_budget("airtable:app1", at(1)).await.unwrap();
        store.pause_budget("airtable:app1", at(0)).await.unwrap();
        assert_eq!(store.budget_paused_until("airtable:app1").await.unwrap(), Some(at(1)), "never cut short");
        let slot = store.take_slot("airtable:app1", now, 208).await.unwrap();
        assert_eq!((slot.at_ms, slot.calls_this_month), (at(1).timestamp_millis(), 41));
        store.delay_budget("airtable:app1", 500).await.unwrap();
        let slot = store.take_slot("airtable:app1", now, 208).await.unwrap();
        assert_eq!(slot.at_ms, at(1).timestamp_millis() + 208 + 500, "one was held up, all go later");
        let later = store.take_slot("airtable:app1", at(60 * 24 * 30), 208).await.unwrap();
        assert_eq!((later.at_ms, later.calls_this_month), (at(60 * 24 * 30).timestamp_millis(), 1), "another month");
        assert_eq!(store.budget_paused_until("nobody's").await.unwrap(), None);
    }
}

on_both! {
    async fn work_that_comes_round_keeps_its_time_unless_it_is_wanted_sooner(database: Database) {
        let store = &database.store;
        let round = |minute: i64| TaskRow::round(id(9_000 + u128::from(minute.unsigned_abs())), TaskKind::AirtablePull, 2, at(minute));
        store.want(vec![round(0)], Vec::new()).await.unwrap();
        let first = claim(store, 0, 200).await;
        assert!(store.extend_lease(first[0].task_id, first[0].lease, at(50)).await.unwrap());
        assert!(store.is_any_running(&["airtable.pull".to_owned()]).await.unwrap());
        assert!(claim(store, 20, 201).await.is_empty(), "held longer");
        let again = |minute: i64| TaskEnd::Again { due_at: at(minute) };
        store.settle_tasks(&[settled(&first[0], again(60), 21)], &[], &[]).await.unwrap();
        assert!(!store.has_due_task(TaskKind::ALL, at(59)).await.unwrap());
        assert!(!store.extend_lease(first[0].task_id, first[0].lease, at(50)).await.unwrap(), "no longer held");
        store.want(vec![round(30)], Vec::new()).await.unwrap();
        assert!(store.has_due_task(TaskKind::ALL, at(30)).await.unwrap(), "a ping does not wait for the round");
        let second = claim(store, 30, 202).await;
        store.want(vec![round(31)], Vec::new()).await.unwrap();
        store.settle_tasks(&[settled(&second[0], again(90), 32)], &[], &[]).await.unwrap();
        let third = claim(store, 32, 203).await;
        assert_eq!((third.len(), third[0].attempts), (1, 1), "wanted while it ran: at once, and no failure");
    }
}

on_both! {
    async fn cursors_are_found_by_the_beginning_of_their_names(database: Database) {
        let store = &database.store;
        for (name, value) in [("airtable.webhook:app1:ach1", "7"), ("airtable.webhook:app1:ach2", "1"), ("airtable.webhook_:x", "0")] {
            store.set_cursor(name, Some(value), at(0)).await.unwrap();
        }
        store.set_cursor("airtable.webhook:app1:ach1", Some("8"), at(1)).await.unwrap();
        store.set_cursor("airtable.webhook:app1:ach2", None, at(1)).await.unwrap();
        let found = store.cursors("airtable.webhook:").await.unwrap();
        assert_eq!(found, [("airtable.webhook:app1:ach1".to_owned(), "8".to_owned())]);
    }
}

on_both! {
    async fn what_was_written_to_a_lead_is_known_by_its_record(database: Database) {
        let store = &database.store;
        put(store, &Writes { contacts: vec![contact_row(1, Contact::default()), contact_row(2, Contact::default())], ..Writes::default() })
            .await
            .unwrap();
        let cells = |value: serde_json::Value| value.as_object().unwrap().clone();
        let lead = |cells| LeadWritten { contact_id: id(1), airtable_lead_id: "rec1".to_owned(), stage: Stage::Interested, cells, notifications: Vec::new(), now: at(1) };
        let first = cells(serde_json::json!({ "Lead Status": "New", "Lead Score": 5, "Client": ["rec9"], "First Name": "O'Brien \"x\"" }));
        let second = cells(serde_json::json!({ "Lead Status": "Interested", "Campaign": ["rec8"] }));
        store.settle_tasks(&[], &[lead(first)], &[]).await.unwrap();
        store.settle_tasks(&[], &[lead(second)], &[]).await.unwrap();
        let found = store.contacts_of_leads(&["rec1".to_owned(), "rec2".to_owned()]).await.unwrap();
        assert_eq!((found.len(), found[0].contact_id, found[0].lead_stage_written), (1, id(1), Some(Stage::Interested)));
        let wanted = serde_json::json!({ "Lead Status": "Interested", "Lead Score": 5, "Client": ["rec9"], "Campaign": ["rec8"],
            "First Name": "O'Brien \"x\"" });
        assert_eq!(found[0].lead_written, cells(wanted));
    }
}

on_both! {
    async fn figures_of_campaigns_count_what_people_would(database: Database) {
        let store = &database.store;
        let campaign = |name: &str| CampaignId::parse(name).unwrap();
        let in_campaign = |name: &str| Contact { current_campaign: Some(campaign(name)), stage: Stage::InSequence, ..Contact::default() };
        let mut rows = Vec::new();
        for (n, contact, campaign_id, platform, message_type, message_status, auto) in [
            (1, 1, "7", Platform::Smartlead, MessageType::Campaign, MessageStatus::Sent, false),
            (2, 1, "7", Platform::Gmail, MessageType::Reply, MessageStatus::Received, false),
            (3, 1, "7", Platform::Gmail, MessageType::Reply, MessageStatus::Received, true),
            (4, 1, "7", Platform::CalCom, MessageType::Meeting, MessageStatus::Received, false),
            (5, 1, "7", Platform::CalCom, MessageType::Meeting, MessageStatus::Received, false),
            (6, 2, "7", Platform::Smartlead, MessageType::Campaign, MessageStatus::Bounced, false),
            (7, 2, "7", Platform::Smartlead, MessageType::Campaign, MessageStatus::Sent, false),
            (8, 3, "8", Platform::Instantly, MessageType::Campaign, MessageStatus::Sent, false),
        ] {
            let mut row = chat(n, contact, "text");
            row.row.key = format!("k{n}");
            row.row.campaign = Some(campaign(campaign_id));
            row.row.platform = platform;
            row.row.message_type = message_type;
            row.row.message_status = message_status;
            row.row.marks.is_auto_reply = auto;
            rows.push(row);
        }
        let contacts = vec![contact_row(1, in_campaign("7")), contact_row(2, in_campaign("7")), contact_row(3, in_campaign("8"))];
        let events = vec![EventRow { received_at: at(1), ..event_row(1, 1, "a") }, EventRow { received_at: at(9), ..event_row(2, 3, "b") }];
        put(store, &Writes { contacts, chat_rows: rows, events, ..Writes::default() }).await.unwrap();
        assert_eq!(store.campaigns_changed_since(at(5)).await.unwrap(), [campaign("8")]);
        let mut counts = store.campaign_counts(&[campaign("7"), campaign("8"), campaign("9")]).await.unwrap();
        counts.sort_by(|a, b| a.campaign.cmp(&b.campaign));
        let figures: Vec<_> =
            counts.iter().map(|c| (c.campaign.as_str(), c.platform.as_deref(), c.emails_sent, c.replies, c.meetings_booked)).collect();
        assert_eq!(figures, [("7", Some("smartlead"), 2, 1, 1), ("8", Some("instantly"), 1, 0, 0)]);
        let lead = |n: u128, cells| LeadWritten {
            contact_id: id(n), airtable_lead_id: format!("rec{n}"), stage: Stage::InSequence, cells, notifications: Vec::new(), now: at(1) };
        let linked = serde_json::json!({ "Campaign": ["rec7"] }).as_object().unwrap().clone();
        store.settle_tasks(&[], &[lead(1, linked), lead(2, serde_json::Map::new())], &[]).await.unwrap();
        assert_eq!(store.leads_without_campaign(&[campaign("7"), campaign("8")], 10).await.unwrap(), [id(2)]);
    }
}

on_both! {
    async fn a_numbers_cursor_never_goes_back(database: Database) {
        let store = &database.store;
        assert_eq!(store.cursor("gmail.history:acme:a@example.com").await.unwrap(), None);
        let largest = u64::MAX;
        let rows: &[(&str, u64, i64, &str)] = &[
            ("the first", 9, 1, "9"),
            ("a longer number is greater than one that begins with more", 10, 2, "10"),
            ("back", 9, 3, "10"),
            ("the same", 10, 4, "10"),
            ("beyond signed numbers", largest, 5, "18446744073709551615"),
            ("back from there", largest - 1, 6, "18446744073709551615"),
        ];
        for (what, value, minute, expected) in rows {
            store.advance_cursor("gmail.history:acme:a@example.com", *value, at(*minute)).await.unwrap();
            let (now, when) = store.cursor("gmail.history:acme:a@example.com").await.unwrap().unwrap();
            assert_eq!((now.as_str(), when), (*expected, at(*minute)), "{what}");
        }
        store.advance_cursor("gmail.history:acme:a@example.com", 1, at(2)).await.unwrap();
        assert_eq!(store.cursor("gmail.history:acme:a@example.com").await.unwrap().unwrap().1, at(6), "nor does its time");
    }
}

/// A row of a conversation that Gmail told.
fn gmail_chat(n: u128, contact: u128, thread: &str, minute: i64) -> ChatWrite {
    let mut write = chat(n, contact, "hello");
    write.row.platform = Platform::Gmail;
    write.row.thread_id = Some(thread.to_owned());
    write.row.at = at(minute);
    write.row.key = format!("k{n}");
    write.row.contact_identifier = Some(format!("used{n}@example.com"));
    write
}

on_both! {
    async fn clues_lead_to_the_contacts_of_this_client_only(database: Database) {
        let store = &database.store;
        let beta = ClientId::parse("beta").unwrap();
        let strangers = ContactRow {
            contact_id: id(9),
            key: ContactKey { client_id: beta.clone(), email: key(1).email },
            ..contact_row(9, Contact::default())
        };
        let mut of_smartlead = gmail_chat(23, 1, "thread-b", 4);
        of_smartlead.row.platform = Platform::Smartlead;
        "email_sent:m:x@mail".clone_into(&mut of_smartlead.row.key);
        let writes = Writes {
            contacts: vec![contact_row(1, Contact::default()), contact_row(2, Contact::default()), strangers],
            events: vec![event_row(11, 1, "email_sent:m:x@mail"), event_row(12, 2, "reply_received:m:y@mail")],
            chat_rows: vec![gmail_chat(21, 2, "thread-a", 5), gmail_chat(22, 1, "thread-a", 3), of_smartlead],
            ..Writes::default()
        };
        put(store, &writes).await.unwrap();
        let clues = Clues {
            event_keys: ["email_sent:m:x@mail", "reply_received:m:y@mail", "email_sent:m:z@mail"].map(str::to_owned).to_vec(),
            threads: ["thread-a", "thread-b"].map(str::to_owned).to_vec(),
            addresses: vec![key(1).email, Email::parse("nobody@example.com").unwrap()],
        };
        let found = store.owners(&client(), &clues).await.unwrap();
        let owner = |n: u128, used: Option<&str>| Owner {
            contact: key(n).email,
            used: used.map(|used| Email::parse(used).unwrap()),
        };
        let expected = Owners {
            by_event_key: [
                ("email_sent:m:x@mail".to_owned(), owner(1, Some("used23@example.com"))),
                ("reply_received:m:y@mail".to_owned(), owner(2, None)),
            ]
            .into(),
            by_thread: [(
                "thread-a".to_owned(),
                vec![owner(1, Some("used22@example.com")), owner(2, Some("used21@example.com"))],
            )]
            .into(),
            contacts: [key(1).email].into(),
        };
        assert_eq!(found, expected);
        let of_beta = store.owners(&beta, &clues).await.unwrap();
        assert_eq!(of_beta, Owners { contacts: [key(1).email].into(), ..Owners::default() }, "another client knows its own");
        assert_eq!(store.owners(&client(), &Clues::default()).await.unwrap(), Owners::default());
    }
}

on_both! {
    async fn mail_that_was_set_aside_is_called_back_by_what_comes(database: Database) {
        let store = &database.store;
        let (ours, other) = (Email::parse("sales@acme.example").unwrap(), Email::parse("ada@acme.example").unwrap());
        let mail = |id: &str, keys: &[&str]| (id.to_owned(), keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
        store.set_aside(&client(), &ours, &[mail("m1", &["m:x", "a:1"]), mail("m2", &["m:x", "m:x"])], at(1)).await.unwrap();
        store.set_aside(&client(), &ours, &[mail("m3", &["a:3"])], at(2)).await.unwrap();
        store.set_aside(&client(), &other, &[mail("m1", &["a:1"])], at(3)).await.unwrap();
        let called = async |mailbox: &Email| store.called_back(&client(), mailbox, 10).await.unwrap();
        assert!(called(&ours).await.is_empty(), "nothing came yet");
        let beta = ClientId::parse("beta").unwrap();
        assert_eq!(store.call_back(&[(beta, "a:1".to_owned())]).await.unwrap(), [], "of another client");
        let found = store.call_back(&[(client(), "a:1".to_owned()), (client(), "t:9".to_owned())]).await.unwrap();
        assert_eq!(found, [(client(), other.clone()), (client(), ours.clone())]);
        assert_eq!((called(&ours).await, called(&other).await), (vec!["m1".to_owned()], vec!["m1".to_owned()]));
        assert_eq!(store.call_back(&[(client(), "a:1".to_owned())]).await.unwrap(), [], "called already");
        store.call_back(&[(client(), "m:x".to_owned())]).await.unwrap();
        assert_eq!(called(&ours).await, ["m1", "m2"]);
        store.take_from_aside(&client(), &ours, &["m2".to_owned()]).await.unwrap();
        store.set_aside(&client(), &ours, &[mail("m1", &["m:x", "poisoned"])], at(9)).await.unwrap();
        assert!(called(&ours).await.is_empty(), "one was taken, the other still concerns nobody");
        store.expire_aside(at(2)).await.unwrap();
        store.call_back(&[(client(), "m:x".to_owned()), (client(), "a:3".to_owned())]).await.unwrap();
        assert_eq!(called(&ours).await, ["m3"], "the first is too old, though it was seen again");
        for n in 0..5 {
            store.set_aside(&client(), &ours, &[mail(&format!("n{n}"), &["a:n", "m:n"])], at(10 + n)).await.unwrap();
        }
        store.bound_aside(&client(), &ours, 2).await.unwrap();
        store.call_back(&[(client(), "m:n".to_owned()), (client(), "a:3".to_owned())]).await.unwrap();
        assert_eq!(called(&ours).await, ["n3", "n4"], "the newest two");
        assert_eq!(called(&other).await, ["m1"], "another mailbox keeps its own");
    }
}

on_both! {
    async fn news_come_in_pages_in_the_order_of_receipt(database: Database) {
        let store = &database.store;
        let event = |n: u128, contact: u128, minute: i64| EventRow { received_at: at(minute), ..event_row(n, contact, &format!("k{n}")) };
        let writes = Writes {
            contacts: vec![contact_row(1, Contact::default()), contact_row(2, Contact::default())],
            events: vec![event(11, 1, 1), event(12, 2, 2), event(13, 1, 2), event(14, 2, 4)],
            chat_rows: vec![{
                let mut write = gmail_chat(21, 2, "thread-a", 2);
                "k12".clone_into(&mut write.row.key);
                write
            }],
            ..Writes::default()
        };
        put(store, &writes).await.unwrap();
        let clients = [client()];
        let first = store.news(&clients, at(2), None, 2).await.unwrap();
        let seen = |news: &[News]| news.iter().map(|news| (news.dedupe_key.clone(), news.key.email.to_string(), news.thread_id.clone())).collect::<Vec<_>>();
        assert_eq!(
            seen(&first),
            [
                ("k12".to_owned(), key(2).email.to_string(), Some("thread-a".to_owned())),
                ("k13".to_owned(), key(1).email.to_string(), None)
            ]
        );
        let last = first.last().unwrap();
        let rest = store.news(&clients, last.received_at, Some(last.event_id), 2).await.unwrap();
        assert_eq!(seen(&rest), [("k14".to_owned(), key(2).email.to_string(), None)]);
        assert_eq!(rest[0].received_at, at(4));
        assert!(store.news(&[ClientId::parse("beta").unwrap()], at(0), None, 10).await.unwrap().is_empty());
    }
}
