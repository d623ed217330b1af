//! PostgreSQL as Supabase arranges it: public roles see nothing, a role that owns nothing serves, n8n reads and writes its memory, TLS.
#![expect(clippy::unwrap_used, reason = "what is not there is a failed test")]

mod common;

use common::place::Place;
use common::postgres::Cluster;
use common::{Database, Kind, Person};
use sales_engine::services::post::Poster;
use sales_engine::store::{Store, StoreError};
use sqlx::{AssertSqlSafe, Row as _};
use std::path::Path;
use std::process::Command;

async fn roles() {
    let make = |role: &str| {
        format!(
            "DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    };
    for role in ["anon", "authenticated"] {
        Cluster::shared().run(&make(role)).await;
    }
}

fn as_role(database: &Database, role: &str) -> String {
    database.address.replace("postgres://postgres@", &format!("postgres://{role}@"))
}

async fn connect(address: &str) -> Person {
    Person::Postgres(sqlx::postgres::PgPool::connect(address).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anon_and_authenticated_get_nothing() {
    roles().await;
    let database = Database::empty(Kind::Postgres).await;
    let person = database.person().await;
    // Supabase's older default: every new table of public is open to its public roles.
    person
        .run(
            "GRANT USAGE ON SCHEMA public TO anon, authenticated;
             ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated;
             ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS TO anon, authenticated;",
        )
        .await
        .unwrap();
    database.store.migrate(false).await.unwrap();
    person.run("INSERT INTO contacts (client_id, email) VALUES ('acme', 'a@example.com')").await.unwrap();
    let relations = person
        .texts(
            "SELECT n.nspname || '.' || c.relname AS x FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
             WHERE n.nspname IN ('public', 'n8n') AND c.relkind IN ('r', 'v', 'm', 'p') ORDER BY 1",
        )
        .await;
    assert_eq!(relations.len(), 22, "{relations:?}");
    let unprotected = "SELECT relname AS x FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND NOT relrowsecurity";
    assert_eq!(person.texts(unprotected).await, Vec::<String>::new());
    for role in ["anon", "authenticated"] {
        let visitor = connect(&as_role(&database, role)).await;
        for relation in &relations {
            for statement in [
                format!("SELECT * FROM {relation}"),
                format!("INSERT INTO {relation} DEFAULT VALUES"),
                format!("DELETE FROM {relation}"),
            ] {
                let error = visitor.run(&statement).await.unwrap_err();
                assert!(error.contains("permission denied"), "{role}: {statement}: {error}");
            }
        }
        let functions =
            "SELECT p.oid::regprocedure::TEXT AS x FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
            WHERE n.nspname IN ('public', 'n8n') AND has_function_privilege(p.oid, 'EXECUTE')";
        assert_eq!(visitor.texts(functions).await, Vec::<String>::new(), "{role}");
        // Even with a grant, row level security shows no row.
        person.run(&format!("GRANT SELECT ON contacts TO {role}")).await.unwrap();
        assert_eq!(visitor.texts("SELECT count(*) AS x FROM contacts").await, ["0"]);
        database.store.migrate(false).await.unwrap();
        assert!(visitor.run("SELECT * FROM contacts").await.is_err(), "taken back by the next migrate");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_owns_nothing_serves() {
    let database = Database::new(Kind::Postgres).await;
    let person = database.person().await;
    let role = include_str!("../docs/postgres-role.sql");
    person.run(role).await.unwrap();
    person.run(role).await.unwrap();
    let place = Place::with(as_role(&database, "sales_engine"), "");
    let served = place.serve();
    let poster = Poster::new(&served.url).unwrap();
    let headers = vec![("x-n8n-secret".to_owned(), "n8n-secret-of-beta".to_owned())];
    for text in ["one", "two"] {
        let body = format!(
            r#"{{"kind":"reply_received","email":"a@example.com","id":"{text}","occurred_at":"2025-03-01T09:00:00Z","text":"{text}"}}"#
        );
        let (status, answer) = poster.post("/hooks/n8n/beta", &headers, body).await.unwrap();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(person.texts("SELECT reply_count AS x FROM contacts").await, ["2"]);
    // What was given up is sent again, however many, by the same role.
    let dead = "INSERT INTO notifications (notification_id, client_id, target, kind, lane, body, status, due_at, created_at, updated_at)
        SELECT gen_random_uuid(), 'beta', 'gone', 'deal.won', 'l', '{}', 'dead', now(), now(), now() FROM generate_series(1, 60)";
    person.run(dead).await.unwrap();
    let told = place.json(&["notifications", "--retry-dead", "--target", "gone", "--limit", "500", "--json"]);
    assert_eq!(told.as_array().unwrap().iter().filter(|row| row["status"] == "pending").count(), 60, "{told}");
    let servant = connect(&place.address).await;
    assert!(servant.run("ALTER TABLE contacts ADD COLUMN x TEXT").await.is_err());
    assert!(servant.run("CREATE TABLE x (y TEXT)").await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn n8n_reads_and_writes_its_memory_as_it_is() {
    let database = Database::new(Kind::Postgres).await;
    let person = database.person().await;
    person.run(include_str!("../docs/n8n-memory-role.sql")).await.unwrap();
    person
        .run(
            "INSERT INTO chat_history (session_id, platform, message_content, message_type, message_status, message_timestamp) VALUES
             ('acme:a@example.com', 'smartlead', 'Hello Ada', 'campaign', 'sent', '2025-03-01T09:00:00Z'),
             ('acme:a@example.com', 'smartlead', 'Tell me more', 'reply', 'received', '2025-03-02T09:00:00Z'),
             ('other:a@example.com', 'smartlead', 'another tenant', 'reply', 'received', '2025-03-02T09:00:00Z')",
        )
        .await
        .unwrap();
    let n8n = connect(&as_role(&database, "n8n_memory")).await;
    let create = "CREATE TABLE IF NOT EXISTS n8n.chat_memory (id SERIAL PRIMARY KEY, session_id VARCHAR(255) NOT NULL,
        message JSONB NOT NULL)";
    n8n.run(create).await.unwrap();
    let read = "SELECT message ->> 'type' || ' ' || (message ->> 'content') AS x FROM n8n.chat_memory
        WHERE session_id = 'acme:a@example.com' ORDER BY id";
    let before = ["ai Hello Ada", "human Tell me more"];
    assert_eq!(n8n.texts(read).await, before);
    let Person::Postgres(pool) = &n8n else { panic!("PostgreSQL") };
    let raw = sqlx::query("SELECT message FROM n8n.chat_memory WHERE session_id = $1 ORDER BY id")
        .bind("acme:a@example.com")
        .fetch_all(pool)
        .await
        .unwrap();
    let message: serde_json::Value = raw[0].get(0);
    assert_eq!(message["tool_calls"], serde_json::json!([]), "what LangChain's ai message needs");
    let insert = async |kind: &str| {
        sqlx::query("INSERT INTO n8n.chat_memory (session_id, message) VALUES ($1, $2)")
            .bind("acme:a@example.com")
            .bind(serde_json::json!({"type": kind, "content": "an answer", "additional_kwargs": {}, "response_metadata": {}}))
            .execute(pool)
            .await
            .unwrap();
    };
    insert("human").await;
    insert("ai").await;
    assert_eq!(n8n.texts(read).await, before, "the webhooks bring both");
    n8n.run("DELETE FROM n8n.chat_memory WHERE session_id = 'acme:a@example.com'").await.unwrap();
    assert_eq!(n8n.texts(read).await, before, "the conversation is not n8n's to delete");
    person
        .run(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET sales_engine.chat_memory_keeps_ai = ''on''', current_database()); END $$",
        )
        .await
        .unwrap();
    let n8n = connect(&as_role(&database, "n8n_memory")).await;
    let answer = r#"INSERT INTO n8n.chat_memory (session_id, message) VALUES ('acme:a@example.com', '{"type":"ai","content":"kept"}')"#;
    n8n.run(answer).await.unwrap();
    assert_eq!(n8n.texts(read).await.last().unwrap(), "ai kept");
    assert!(n8n.run("SELECT * FROM chat_history").await.unwrap_err().contains("permission denied"));
}

fn run(folder: &Path, script: &str) {
    let output = Command::new("sh").args(["-euc", script]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tls_mode_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    // openssl comes with Debian's postgresql.
    run(
        folder.path(),
        r#"
        for ca in right wrong; do
            openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key -out $ca.crt -days 2 -subj "/CN=$ca authority"
        done
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
        echo subjectAltName=DNS:localhost >names
        openssl x509 -req -in server.csr -CA right.crt -CAkey right.key -CAcreateserial -out server.crt -days 2 -extfile names
        chmod 600 server.key
        chmod 755 .
        [ "$(id -u)" != 0 ] || chown postgres server.key
        "#,
    );
    let file = |name: &str| folder.path().join(name).display().to_string();
    let cluster = Cluster::start(&format!(
        "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'",
        file("server.crt"),
        file("server.key")
    ));
    let address = |host: &str, rest: &str| format!("postgres://postgres@{host}:{}/postgres{rest}", cluster.port);
    let person = sqlx::postgres::PgPool::connect(&address("127.0.0.1", "?sslmode=disable")).await.unwrap();
    for (mode, encrypted) in [
        ("?sslmode=disable".to_owned(), false),
        ("?sslmode=prefer".to_owned(), true),
        ("?sslmode=require".to_owned(), true),
        (format!("?sslmode=verify-ca&sslrootcert={}", file("right.crt")), true),
        (format!("?sslmode=verify-full&sslrootcert={}", file("right.crt")), true),
    ] {
        let store = Store::open(&address("localhost", &mode)).await.unwrap();
        let statement =
            "SELECT coalesce(bool_and(s.ssl), FALSE) FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid)
            WHERE a.application_name = 'sales-engine'";
        let is: bool = sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_one(&person).await.unwrap().get(0);
        assert_eq!(is, encrypted, "{mode}");
        drop(store);
        // Its connections are closed by dropping it; the next must not see them.
        let gone = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sales-engine'";
        while sqlx::query(gone).fetch_one(&person).await.unwrap().get::<i64, _>(0) > 0 {
            tokio::task::yield_now().await;
        }
    }
    for (description, address) in [
        ("another authority", address("localhost", &format!("?sslmode=verify-full&sslrootcert={}", file("wrong.crt")))),
        ("another name", address("127.0.0.1", &format!("?sslmode=verify-full&sslrootcert={}", file("right.crt")))),
        ("no authority at all", address("localhost", "?sslmode=verify-full")),
    ] {
        match Store::open(&address).await {
            Err(StoreError::Address(text)) => assert!(text.contains("TLS"), "{description}: {text}"),
            other => panic!("{description}: {other:?}"),
        }
    }
}
