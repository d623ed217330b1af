//! Faults of the database, one at a time, on real ones.

use crate::common::place::Place;
use crate::common::postgres::Cluster;
use crate::common::{Kind, Person};
use crate::world::World;

pub(crate) async fn offline(address: String) -> World {
    let mut world = World::at(Place::with(address, "")).await;
    // Its webhook is made with a database that is well.
    world.config = world.config.replace("webhook_url = \"http://127.0.0.1:1/hooks/airtable\"\n", "");
    // Nobody watches a mailbox in a database that is empty.
    world.config = world.config.replace("topic = \"projects/sales/topics/gmail\"\n", "");
    world.args = vec!["--offline"];
    world.write();
    world
}

async fn migrated() -> World {
    let world = offline(Cluster::shared().database().await).await;
    world.place.json(&["migrate", "--json"]);
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_well_has_no_fault() {
    let mut world = World::new(Kind::Postgres).await;
    world.with_airtable_webhook();
    let examined = world.examined();
    // The tests' own role is a superuser.
    assert_eq!(examined.codes("fault").len(), 0, "{:#}", examined.report);
    // The views of a base are made by hand.
    let warnings: Vec<String> = examined.codes("warning").into_iter().collect();
    assert_eq!(warnings, ["airtable.by_hand", "database.superuser"], "{:#}", examined.report);
    assert_eq!(examined.code, 3);
    for code in [
        "database.well",
        "clock.well",
        "airtable.well",
        "smartlead.well",
        "instantly.well",
        "gmail.well",
        "pinecone.well",
        "ai.well",
        "notification.well",
        "tasks.well",
        "secret.well",
    ] {
        assert!(examined.with(code).is_some(), "{code}: {:#}", examined.report);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_planted_fault_of_a_table_is_found_alone_and_mended_by_migrate() {
    let world = migrated().await;
    let person = world.person().await;
    let planted = [
        ("no row security", "ALTER TABLE contacts DISABLE ROW LEVEL SECURITY", "database.no_row_security"),
        ("open to everybody", "GRANT SELECT ON deliveries TO PUBLIC", "database.exposed"),
    ];
    for (what, statement, code) in planted {
        person.run(statement).await.unwrap();
        world.finds(what, code, "table ");
        world.place.json(&["migrate", "--json"]);
        assert_eq!(world.examined().codes("fault").len(), 0, "{what}: mended");
    }
    person
        .run("ALTER TABLE contacts ADD CONSTRAINT made_up CHECK (emails_sent_count < 1000000) NOT VALID")
        .await
        .unwrap();
    world.finds("a rule that was not looked at", "database.rows_off", "contacts.made_up");
    person.run("ALTER TABLE contacts DROP CONSTRAINT made_up").await.unwrap();
    person.run("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$").await.unwrap();
    world.finds("a database that takes no writes", "database.read_only", "database_url");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_owns_nothing_is_looked_at_for_its_rights() {
    let world = migrated().await;
    let person = world.person().await;
    person.run(include_str!("../../docs/postgres-role.sql")).await.unwrap();
    let mut serving = offline(world.place.address.replace("postgres://postgres@", "postgres://sales_engine@")).await;
    let well = serving.examined();
    assert_eq!((well.codes("fault").len(), well.codes("warning").len(), well.code), (0, 0, 0), "{:#}", well.report);
    let planted = [
        (
            "a right is missing",
            "REVOKE DELETE ON tasks FROM sales_engine",
            "GRANT DELETE ON tasks TO sales_engine",
            "database.privileges",
        ),
        (
            "no policy",
            "DROP POLICY sales_engine_service ON events",
            "CREATE POLICY sales_engine_service ON events TO sales_engine USING (TRUE) WITH CHECK (TRUE)",
            "database.hides_rows",
        ),
    ];
    for (what, statement, back, code) in planted {
        person.run(statement).await.unwrap();
        serving.finds(what, code, "table ");
        person.run(back).await.unwrap();
    }
    let suppression = serving.config.find("[suppression]").unwrap();
    let key = suppression + serving.config[suppression..].find("[airtable]").unwrap();
    serving.config.replace_range(suppression..key, "");
    serving.finds("no key of suppression", "suppression.key_missing", "suppression.key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_and_servers_that_can_not_serve_are_told() {
    let cluster = Cluster::shared();
    let address = cluster.database().await;
    offline(address.clone()).await.finds("no schema yet", "database.schema_old", "database_url");
    for (what, address, code) in [
        ("a transaction pooler by its word", format!("{address}?pgbouncer=true"), "database.transaction_pooler"),
        (
            "a transaction pooler by its port",
            "postgres://u:p@db.example.com:6543/postgres".to_owned(),
            "database.transaction_pooler",
        ),
        ("nobody there", "postgres://u@127.0.0.1:1/sales".to_owned(), "database.unreachable"),
        ("no such database", cluster.address_of("postgres", "nowhere"), "database.unreachable"),
        ("a search path to nowhere", format!("{address}?options=-csearch_path%3Dnowhere"), "database.search_path"),
    ] {
        offline(address).await.finds(what, code, "database_url");
    }
    let world = migrated().await;
    let person = world.person().await;
    person
        .run("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'x', TRUE, '', 0)")
        .await
        .unwrap();
    world.finds("a schema of a newer version", "database.schema_newer", "database_url");

    cluster.run("CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0").await;
    let world = offline(cluster.address_of("postgres", "ascii")).await;
    world.place.json(&["migrate", "--json"]);
    world.finds("another encoding", "database.encoding", "database_url");
    cluster.run("DO $$ BEGIN CREATE ROLE few LOGIN SUPERUSER CONNECTION LIMIT 4; END $$").await;
    let world =
        offline(world.place.address.replace("postgres://postgres@", "postgres://few@").replace("ascii", "postgres"))
            .await;
    let few = world.examined();
    assert!(few.with("database.connections").is_some(), "{:#}", few.report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_whose_clock_is_off_is_told() {
    let address = Cluster::shared().database().await;
    let person = Person::at(&address).await;
    // Found before PostgreSQL's own, where the path names both.
    person
        .run(
            "CREATE SCHEMA skewed;
             CREATE FUNCTION skewed.clock_timestamp() RETURNS TIMESTAMPTZ LANGUAGE sql VOLATILE AS
                 $$ SELECT pg_catalog.clock_timestamp() + INTERVAL '2 minutes' $$",
        )
        .await
        .unwrap();
    let world = offline(format!("{address}?options=-csearch_path%3Dskewed%2Cpg_catalog")).await;
    world.place.json(&["migrate", "--json"]);
    world.finds("two minutes ahead", "clock.database", "database_url");
    person
        .run(
            "CREATE OR REPLACE FUNCTION skewed.clock_timestamp() RETURNS TIMESTAMPTZ LANGUAGE sql VOLATILE AS
                 $$ SELECT pg_catalog.clock_timestamp() - INTERVAL '10 seconds' $$",
        )
        .await
        .unwrap();
    world.finds("ten seconds behind", "clock.drift", "database_url");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_database_and_one_that_is_not_there() {
    let place = Place::new("");
    let path = place.address.strip_prefix("sqlite://").unwrap().to_owned();
    let mut world = World::at(place).await;
    world.config = world.config.replace("webhook_url = \"http://127.0.0.1:1/hooks/airtable\"\n", "");
    world.args = vec!["--offline"];
    world.finds("no file yet", "database.schema_old", "database_url");
    assert!(!std::path::Path::new(&path).exists(), "looking makes nothing");
    std::fs::write(&path, "not a database at all, but longer than a page header would be".repeat(50)).unwrap();
    world.finds("no database", "database.unreachable", "database_url");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_in_the_database_is_told() {
    let mut world = World::new(Kind::Sqlite).await;
    world.with_airtable_webhook();
    world.args = vec!["--offline"];
    let person = world.person().await;
    assert_eq!(world.examined().code, 0);
    person
        .run("UPDATE tasks SET due_at = '2020-01-01T00:00:00.000000Z' WHERE kind = 'airtable.sync_lead'")
        .await
        .unwrap();
    world.finds("nobody works", "tasks.late", "airtable.sync_lead");
    person.run("UPDATE tasks SET status = 'dead' WHERE kind = 'airtable.sync_lead'").await.unwrap();
    world.finds("given up", "tasks.dead", "airtable.sync_lead");
    person.run("DELETE FROM tasks").await.unwrap();
    person
        .run(
            "INSERT INTO alerts (alert_id, client_id, kind, key, text, what_to_do, status, times, first_at, last_at) VALUES
             ('0190a1b2-0000-7000-8000-000000000001', 'acme', 'delivery_dead', 'x', 'x', 'x', 'open', 1,
              '2026-11-20T00:00:00.000000Z', '2026-11-20T00:00:00.000000Z')",
        )
        .await
        .unwrap();
    world.finds("an alert", "alerts.open", "alerts");
    person.run("UPDATE alerts SET status = 'resolved'").await.unwrap();
    person.run("UPDATE cursors SET value = '2026-01-01T00:00:00Z' WHERE name LIKE 'gmail.watch:%'").await.unwrap();
    world.finds("a lapsed watch", "gmail.watch_lapsed", "clients.acme.gmail.topic");
    person.run("DELETE FROM cursors WHERE name LIKE 'gmail.watch:%'").await.unwrap();
    world.finds("never watched", "gmail.watch_missing", "clients.acme.gmail.topic");
    world.config = world.config.replace("topic = \"projects/sales/topics/gmail\"\n", "");
    assert_eq!(world.examined().code, 0);
    world.config = world.config.replace("base_id = \"appTest\"\n", "base_id = \"appTest\"\nmonthly_calls_max = 1\n");
    world.finds("the month's calls", "airtable.quota", "airtable.monthly_calls_max");
    world.config = world.config.replace("monthly_calls_max = 1\n", "");
    let store = world.place.store().await;
    let url = format!("{}/notify/hook", world.sandbox.url());
    let hash = hex_of(&url);
    store.disable_target("hook", &hash, crate::world::clock()()).await.unwrap();
    world.finds("a target that wants no more", "notification.disabled", "notifications.hook.url");
}

fn hex_of(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
