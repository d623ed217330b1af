//! Shadow mode: each fault of the other flow's tables is found alone, on both databases; and nobody is blamed for being left alone.

use crate::common::place::Place;
use crate::common::postgres::Cluster;
use crate::common::{Kind, Person};
use crate::world::World;

/// The owner's two tables, as another flow made them.
const TABLES: &str = "
    CREATE TABLE contacts (
        contact_id UUID PRIMARY KEY, client_id VARCHAR NOT NULL, email VARCHAR NOT NULL, first_name VARCHAR, last_name VARCHAR,
        phone VARCHAR, company_name VARCHAR, job_title VARCHAR, linkedin_url VARCHAR, company_linkedin_url VARCHAR,
        company_website VARCHAR, company_size VARCHAR, company_industry VARCHAR, source VARCHAR, list_id UUID,
        enrichment_date TIMESTAMPTZ, lead_status VARCHAR, pipeline_status VARCHAR, campaign_status VARCHAR,
        lead_email_status VARCHAR, current_campaign_id VARCHAR, past_campaign_ids JSONB, last_contact_date TIMESTAMPTZ,
        last_reply_date TIMESTAMPTZ, last_touch_date TIMESTAMPTZ, reply_count INTEGER, emails_sent_count INTEGER,
        follow_up_date DATE, follow_up_reason VARCHAR, has_engaged BOOLEAN, airtable_lead_id VARCHAR,
        converted_to_client BOOLEAN, converted_client_id VARCHAR, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ);
    CREATE TABLE chat_history (
        chat_id UUID PRIMARY KEY, session_id VARCHAR NOT NULL, lead_id VARCHAR, client_id VARCHAR, campaign_id VARCHAR,
        platform VARCHAR NOT NULL, message_content TEXT NOT NULL, message_status VARCHAR, external_message_id VARCHAR,
        message_timestamp TIMESTAMPTZ NOT NULL, created_at TIMESTAMPTZ);
    INSERT INTO contacts (contact_id, client_id, email, created_at)
    VALUES ('10000000-0000-4000-8000-000000000001', 'acme', 'ada@example.com', '2026-11-20T00:00:00Z');";

/// What is done to the other flow and taken back, what is found, and where.
const PLANTED: &[(&str, &str, &str, &str, &str)] = &[
    (
        "no such table",
        "ALTER TABLE chat_history RENAME TO chats",
        "ALTER TABLE chats RENAME TO chat_history",
        "shadow.table_missing",
        "shadow table chat_history",
    ),
    (
        "another name of a column",
        "ALTER TABLE contacts RENAME COLUMN lead_status TO stage",
        "ALTER TABLE contacts RENAME COLUMN stage TO lead_status",
        "shadow.other_form",
        "shadow table contacts",
    ),
    (
        "another client",
        "UPDATE contacts SET client_id = 'Acme Inc'",
        "UPDATE contacts SET client_id = 'acme'",
        "shadow.client_unknown",
        "clients.acme",
    ),
];

/// A world with all that can be configured, beside another flow; the address is the other flow's.
async fn beside(kind: Kind) -> (World, String) {
    let mut world = World::at(Place::on(kind, "").await).await;
    let (section, other) = match kind {
        Kind::Sqlite => {
            let other = format!("sqlite://{}", world.place.folder().join("other.db").display());
            (format!("database_url = \"{other}\""), format!("{other}?mode=rwc"))
        }
        Kind::Postgres => {
            let address = &world.place.address;
            Person::at(address).await.run("CREATE SCHEMA n8n_flow").await.unwrap();
            ("schema = \"n8n_flow\"".to_owned(), format!("{address}?options=-csearch_path%3Dn8n_flow"))
        }
    };
    change(&other, TABLES).await;
    world.config = world.config.replace("[suppression]\n", &format!("[shadow]\n{section}\n[suppression]\n"));
    world.write();
    world.place.json(&["migrate", "--json"]);
    if let Some(path) = world.place.address.strip_prefix("sqlite://") {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    (world, other)
}

/// By a connection of its own: one that is open already may know the table as it was.
async fn change(other: &str, statement: &str) {
    Person::at(other).await.run(statement).await.unwrap();
}

async fn planted_faults_are_found(kind: Kind) -> (World, String) {
    let (world, other) = beside(kind).await;
    let well = world.examined();
    assert_eq!(well.codes("fault").len(), 0, "{:#}", well.report);
    let known = if kind == Kind::Postgres { vec!["database.superuser".to_owned()] } else { Vec::new() };
    assert_eq!(well.codes("warning").into_iter().collect::<Vec<_>>(), known, "nobody is blamed: {:#}", well.report);
    let left_alone = well.with("shadow.left_alone").unwrap()["what"].as_str().unwrap();
    for name in
        ["airtable", "ai", "pinecone", "notifications.hook", "clients.acme.gmail", "clients.acme.smartlead.api_key"]
    {
        assert!(left_alone.contains(name), "{name}: {left_alone}");
    }
    assert!(
        well.with("shadow.well").unwrap()["what"].as_str().unwrap().contains("`serve` begins"),
        "{:#}",
        well.report
    );
    let absent = well.with("service.absent").unwrap();
    assert_eq!(absent["at"], "telemetry", "of all others is told that they are left alone");
    assert!(well.with("clock.services").is_none(), "{:#}", well.report);
    for (what, statement, back, code, at) in PLANTED {
        change(&other, statement).await;
        world.finds(what, code, at);
        change(&other, back).await;
    }
    (world, other)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_of_another_flow_is_found_alone_on_sqlite() {
    let (mut world, other) = planted_faults_are_found(Kind::Sqlite).await;
    change(&other, "ALTER TABLE contacts DROP COLUMN company_size").await;
    world.finds("a column that only the statement needs", "shadow.other_form", "shadow table contacts");
    let well = world.config.clone();
    world.config = well.replace("other.db", "nowhere.db");
    world.finds("no such file", "shadow.unreadable", "shadow.database_url");
    let own = world.place.address.clone();
    world.config = well.replace(other.trim_end_matches("?mode=rwc"), &own);
    world.finds("its own tables", "shadow.same_place", "shadow");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_of_another_flow_is_found_alone_on_postgres() {
    let (mut world, other) = planted_faults_are_found(Kind::Postgres).await;
    let schema = "schema = \"n8n_flow\"";
    let well = world.config.clone();
    world.config = well.replace(schema, "schema = \"public\"");
    world.finds("its own tables", "shadow.same_place", "shadow");
    world.config = well.replace(schema, "schema = \"nowhere\"");
    world.finds("no such schema", "shadow.table_missing", "shadow table");
    world.config = well.replace(schema, "database_url = \"postgres://u:p-of-a-pooler@db.example.com:6543/n8n\"");
    world.finds("a transaction pooler", "database.transaction_pooler", "shadow.database_url");
    world.config = well.replace(schema, "database_url = \"postgres://u@127.0.0.1:1/n8n\"");
    world.finds("nobody there", "shadow.unreadable", "shadow.database_url");

    // A role that may do no more than it must.
    let cluster = Cluster::shared();
    cluster.run("DO $$ BEGIN CREATE ROLE looks_on LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$").await;
    let looking = world.place.address.replace("postgres://postgres@", "postgres://looks_on@");
    world.config = well.replace(schema, &format!("{schema}\ndatabase_url = \"{looking}\""));
    world.finds("no right on the schema", "shadow.table_missing", "shadow table");
    change(&other, "GRANT USAGE ON SCHEMA n8n_flow TO looks_on; GRANT SELECT ON contacts TO looks_on").await;
    world.finds("no right on a table", "shadow.forbidden", "shadow table chat_history");
    change(&other, "GRANT SELECT ON chat_history TO looks_on; ALTER TABLE contacts ENABLE ROW LEVEL SECURITY").await;
    world.finds("hidden rows", "shadow.hides_rows", "shadow table contacts");
    change(&other, "CREATE POLICY seen ON contacts FOR SELECT TO looks_on USING (TRUE)").await;
    let well = world.examined();
    assert!(well.with("shadow.well").is_some() && well.codes("fault").is_empty(), "{:#}", well.report);
}

/// Before anything is made there: making it would adopt the other flow's tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_in_the_other_flows_own_tables_is_told_before_they_are_adopted() {
    let place = Place::on(Kind::Postgres, "[shadow]\nschema = \"public\"\n").await;
    Person::at(&place.address).await.run(TABLES).await.unwrap();
    let output = place.command(&["doctor", "--offline", "--json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let codes: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"shadow.same_place"), "{report:#}");
    assert_eq!(output.status.code(), Some(1));
}
