//! Real bytes over a real socket, against a real database.

use super::*;
use crate::config;
use crate::engine::rows::TriggerType;
use crate::intake::{self, Intake};
use crate::store::views::{DeliveryFilter, EventFilter};
use chrono::{TimeZone, Utc};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

const CONFIG: &str = r#"
default_client = "acme"
body_bytes_max = 2000
head_ms_max = 200
body_ms_max = 200
[clients.acme.n8n]
secrets = ["a-secret-of-acme"]
header = "x-n8n-secret"
[clients.beta.n8n]
secrets = ["a-secret-of-beta"]
header = "x-n8n-secret"
"#;

struct Server {
    addr: SocketAddr,
    address: String,
    store: Store,
    app: Arc<App>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    intake: Intake,
    _folder: tempfile::TempDir,
}

async fn spawn(extra: &str) -> Server {
    spawn_with(extra, CONFIG).await
}

async fn spawn_with(extra: &str, config: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite://{}", folder.path().join("test.db").display());
    let store = Store::open(&address).await.unwrap();
    store.migrate(false).await.unwrap();
    let text = format!("{extra}\n{config}");
    let config = Arc::new(config::load(Some(("test.toml", &text)), &|_| None).unwrap());
    let now: Now = Arc::new(|| Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap());
    let (handle, intake) = intake::start(&store, &config.rules, &now, TriggerType::Webhook, 100, 10, None);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let app = Arc::new(App::new(config, handle, store.clone(), now));
    let serving = tokio::spawn(serve(listener, Arc::clone(&app), stop.clone()));
    Server { addr, address, store, app, stop, serving, intake, _folder: folder }
}

impl Server {
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // A server that has answered may reset a connection whose body it did not read.
        drop(stream.read_to_end(&mut answer).await);
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn post(&self, path: &str, headers: &str, body: &str) -> (u16, serde_json::Value) {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        let answer = self.raw(request.as_bytes()).await;
        (
            status(&answer),
            answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default(),
        )
    }

    async fn stop(self) {
        self.stop.cancel();
        self.serving.await.unwrap();
        drop(self.app);
        self.intake.finished().await;
    }
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

const SECRET: &str = "x-n8n-secret: a-secret-of-acme\r\n";
const EVENT: &str =
    r#"{"kind":"reply_received","email":"ada@example.com","occurred_at":"2026-11-01T09:00:00Z","id":"r1","text":"hi"}"#;

/// Each connection holds one such future, whatever is asked of it: what only a page or an answer of the API needs does not belong there.
#[test]
fn a_connection_carries_room_for_a_webhook_alone() {
    fn room_bytes<A, B, C, F>(_answering: impl Fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }
    let bytes = room_bytes(route);
    assert!(bytes <= 3_000, "{bytes} bytes a connection");
}

#[tokio::test]
async fn every_answer_of_the_spec() {
    let server = spawn("").await;
    let large = format!(r#"{{"kind":"{}"}}"#, "x".repeat(3_000));
    let as_text = format!("{SECRET}content-type: text/plain\r\n");
    let as_json = format!("{SECRET}content-type: application/json; charset=utf-8\r\n");
    let rows = [
        ("applied", "/hooks/n8n/acme", as_json.as_str(), EVENT, 200, "applied"),
        ("again", "/hooks/n8n/acme", SECRET, EVENT, 200, "duplicate"),
        ("the default client", "/hooks/n8n", SECRET, EVENT, 200, "duplicate"),
        ("not JSON", "/hooks/n8n/acme", SECRET, "{oops", 400, ""),
        ("empty", "/hooks/n8n/acme", SECRET, "", 400, ""),
        ("no proof", "/hooks/n8n/acme", "", EVENT, 401, ""),
        ("another client's proof", "/hooks/n8n/beta", SECRET, EVENT, 401, ""),
        ("a source that is not configured", "/hooks/smartlead/acme", SECRET, EVENT, 401, ""),
        ("an unknown source", "/hooks/mailchimp/acme", SECRET, EVENT, 404, ""),
        ("an unknown client", "/hooks/n8n/nobody", SECRET, EVENT, 404, ""),
        ("an internal source", "/hooks/operator/acme", SECRET, EVENT, 404, ""),
        ("another content type", "/hooks/n8n/acme", as_text.as_str(), EVENT, 415, ""),
        ("too large", "/hooks/n8n/acme", SECRET, large.as_str(), 413, ""),
        ("an unknown kind", "/hooks/n8n/acme", SECRET, r#"{"kind":"x","email":"a@example.com"}"#, 200, "unrecognised"),
        ("a missing address", "/hooks/n8n/acme", SECRET, r#"{"kind":"unsubscribed"}"#, 200, "unrecognised"),
    ];
    for (what, path, headers, body, expected, outcome) in rows {
        let (status, answer) = server.post(path, headers, body).await;
        assert_eq!(status, expected, "{what}: {answer}");
        if outcome.is_empty() {
            assert!(answer["error"].as_str().is_some_and(|error| !error.is_empty()), "{what} says why: {answer}");
        } else {
            assert_eq!(answer["outcome"], outcome, "{what}");
        }
    }
    assert_eq!(server.store.events(&EventFilter { limit: 10, ..EventFilter::default() }).await.unwrap().len(), 1);
    let kept = server.store.deliveries(&DeliveryFilter { limit: 50, ..DeliveryFilter::default() }).await.unwrap();
    assert_eq!(kept.len(), 5, "of what was refused nothing is stored: {kept:?}");
    let metrics = server.raw(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(metrics.contains(r#"sales_engine_hook_requests_total{source="n8n",status="401"} 2"#), "{metrics}");
    server.stop().await;
}

#[tokio::test]
async fn an_answer_tells_what_happened_to_each_event() {
    let server = spawn("").await;
    let (_, answer) = server.post("/hooks/n8n/acme", SECRET, EVENT).await;
    let event = &answer["events"][0];
    assert_eq!((event["kind"].as_str(), event["email"].as_str()), (Some("reply_received"), Some("ada@example.com")));
    assert_eq!((event["stage_before"].as_str(), event["stage_after"].as_str()), (Some("New"), Some("Interested")));
    assert!(event["event_id"].is_string() && event["contact_id"].is_string() && answer["delivery_id"].is_string());
    server.stop().await;
}

#[tokio::test]
async fn methods_and_service_paths() {
    let server = spawn("").await;
    let rows = [
        ("GET /healthz", 200),
        ("GET /readyz", 200),
        ("GET /metrics", 200),
        ("POST /healthz", 405),
        ("GET /hooks/n8n/acme", 405),
        ("PUT /hooks/n8n/acme", 405),
        ("GET /nothing", 404),
        ("GET /hooks/n8n/acme/more", 404),
    ];
    for (line, expected) in rows {
        let answer = server.raw(format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await;
        assert_eq!(status(&answer), expected, "{line}");
    }
    server.stop().await;
}

#[tokio::test]
async fn hostile_connections_are_cut_and_keep_nobody_waiting() {
    let server = spawn("connections_max = 4").await;
    let head = "POST /hooks/n8n/acme HTTP/1.1\r\nhost: x\r\n";
    let chunked = format!("{head}{SECRET}connection: close\r\ntransfer-encoding: chunked\r\n\r\n");
    let large_chunk = format!("{chunked}BB8\r\n{}\r\n0\r\n\r\n", "x".repeat(3_000));
    assert_eq!(status(&server.raw(large_chunk.as_bytes()).await), 413, "chunks over the limit");
    let slow_body = format!("{head}{SECRET}content-length: 100\r\n\r\n{{");
    assert_eq!(status(&server.raw(slow_body.as_bytes()).await), 408, "a body that does not come");
    // These get no answer worth reading; the read ends because the server cuts them.
    server.raw(b"").await;
    server.raw(b"POST /hooks/n8n/acme HTTP/1.1\r\nho").await;
    let many_headers: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    assert_eq!(status(&server.raw(format!("{head}{many_headers}\r\n").as_bytes()).await), 431, "too many headers");
    let long_head = |bytes: usize| {
        format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: {}\r\n\r\n", "y".repeat(bytes))
    };
    assert_eq!(status(&server.raw(long_head(15_000).as_bytes()).await), 200, "a long head");
    assert_eq!(status(&server.raw(long_head(17_000).as_bytes()).await), 431, "too long a head");
    assert_eq!(status(&server.raw(b"\x16\x03\x01\x02\x00 what\r\n\r\n").await), 400, "no HTTP at all");
    let (after, _) = server.post("/hooks/n8n/acme", SECRET, EVENT).await;
    assert_eq!(after, 200, "the others are served");
    server.stop().await;
}

#[tokio::test]
async fn slow_clients_make_room_for_fast_ones() {
    // Nothing times out here: whoever is served is served because another made room.
    let server = spawn_with("connections_max = 4", &CONFIG.replace("ms_max = 200", "ms_max = 600000")).await;
    let head = "POST /hooks/n8n/acme HTTP/1.1\r\nhost: x\r\n";
    let rows = [
        ("a head that does not come", String::new()),
        ("half a head", head.to_owned()),
        ("a body that does not come", format!("{head}{SECRET}content-length: 100\r\n\r\n{{")),
        ("a connection that stays idle after its answer", "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".to_owned()),
    ];
    for (description, bytes) in rows {
        let mut slow = Vec::new();
        for _ in 0..20 {
            let mut stream = TcpStream::connect(server.addr).await.unwrap();
            stream.write_all(bytes.as_bytes()).await.unwrap();
            slow.push(stream);
        }
        for nth in 0..10 {
            assert_eq!(server.post("/hooks/n8n/acme", SECRET, EVENT).await.0, 200, "{description}, the {nth}th");
        }
    }
    server.stop.cancel();
}

#[tokio::test]
async fn bodies_together_are_bounded_in_bytes() {
    let server = spawn("").await;
    let taken = Arc::clone(&server.app.receiving).acquire_many_owned(33_554_432 - 10).await.unwrap();
    let request = format!(
        "POST /hooks/n8n/acme HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{SECRET}content-length: {}\r\n\r\n{EVENT}",
        EVENT.len()
    );
    let answer = server.raw(request.as_bytes()).await;
    assert_eq!(status(&answer), 503);
    assert!(answer.contains("retry-after: 5"), "{answer}");
    drop(taken);
    assert_eq!(server.post("/hooks/n8n/acme", SECRET, EVENT).await.0, 200, "it recovers at once");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_queue_the_excess_is_refused_and_the_rest_is_applied() {
    let server = spawn("").await;
    // Nothing can be written while this holds the database, so the queue of 100 fills up.
    let other = sqlx::sqlite::SqlitePool::connect(&server.address).await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
    for nth in 0..150 {
        let (addr, told) = (server.addr, told.clone());
        tokio::spawn(async move {
            let body = EVENT.replace("ada@", &format!("ada{nth}@")).replace("r1", &format!("r{nth}"));
            let request = format!(
                "POST /hooks/n8n/acme HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{SECRET}content-length: {}\r\n\r\n{body}",
                body.len()
            );
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            told.send(answer).unwrap();
        });
    }
    drop(told);
    let mut lock = Some(lock);
    let (mut refused, mut applied) = (0, 0);
    while let Some(answer) = answers.recv().await {
        match status(&answer) {
            503 => {
                assert!(answer.contains("retry-after: 5"), "{answer}");
                refused += 1;
            }
            200 => applied += 1,
            other => panic!("{other}: {answer}"),
        }
        // At most a batch of 10 and the queue are inside; all others are refused while the database is held.
        if refused >= 40
            && let Some(lock) = lock.take()
        {
            lock.rollback().await.unwrap();
        }
    }
    assert_eq!(refused + applied, 150);
    assert!(applied >= 100, "what was in the queue is applied: {applied}");
    let kept = server.store.events(&EventFilter { limit: 200, ..EventFilter::default() }).await.unwrap();
    assert_eq!(kept.len(), applied, "what was acknowledged is there, and nothing else");
    assert_eq!(server.post("/hooks/n8n/acme", SECRET, EVENT).await.0, 200, "it recovers at once");
    server.stop().await;
}

#[tokio::test]
async fn over_the_clients_rate_is_429_with_retry_after() {
    let server = spawn("requests_per_second_max = 1").await;
    assert_eq!(server.post("/hooks/n8n/acme", SECRET, EVENT).await.0, 200);
    let request = format!(
        "POST /hooks/n8n/acme HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{SECRET}content-length: 2\r\n\r\n{{}}"
    );
    let answer = server.raw(request.as_bytes()).await;
    assert_eq!(status(&answer), 429);
    assert!(answer.contains("retry-after: 5"), "{answer}");
    assert_eq!(
        server.post("/hooks/n8n/beta", "x-n8n-secret: a-secret-of-beta\r\n", EVENT).await.0,
        200,
        "its own bucket"
    );
    server.stop().await;
}

#[tokio::test]
async fn shutdown_finishes_what_is_in_flight() {
    let server = spawn("").await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let half = EVENT.len() / 2;
    let head = format!(
        "POST /hooks/n8n/acme HTTP/1.1\r\nhost: x\r\n{SECRET}expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        EVENT.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body, so it is at work on the request now.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    stream.write_all(&EVENT.as_bytes()[..half]).await.unwrap();
    server.stop.cancel();
    stream.write_all(&EVENT.as_bytes()[half..]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(status(&answer), 200, "{answer}");
    assert!(answer.contains("applied"));
    let applied = server.store.events(&EventFilter { limit: 10, ..EventFilter::default() }).await.unwrap();
    assert_eq!(applied.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_ping_of_airtable_is_proven_answered_empty_and_fetched_once() {
    use crate::engine::rows::TaskKind;
    use crate::store::views::TaskFilter;
    let airtable = "[airtable]\ntoken = \"pat-of-the-test\"\nbase_id = \"appTest\"\n\
                    webhook_secrets = [\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"]\n";
    let server = spawn_with("", &format!("{CONFIG}\n{airtable}")).await;
    let body = r#"{"base":{"id":"appTest"},"webhook":{"id":"achTest"},"timestamp":"2026-11-20T12:00:00.000Z"}"#;
    let other = body.replace("appTest", "appElse");
    let signed = |body: &str| {
        let secret = crate::sources::settings::Secret::new("0123456789abcdef0123456789abcdef");
        let digits = crate::sources::signature::sign_hex(&secret, body.as_bytes());
        format!("x-airtable-content-mac: hmac-sha256={digits}\r\ncontent-type: application/json\r\n")
    };
    let pulls = || server.store.tasks(&TaskFilter { kind: Some(TaskKind::AirtablePull), status: None, limit: 10 });
    let rows = [
        ("no proof", "/hooks/airtable", String::new(), body, 401, 0),
        ("another body's proof", "/hooks/airtable", signed(&other), body, 401, 0),
        ("not what Airtable sends", "/hooks/airtable", signed("{}"), "{}", 400, 0),
        ("an unknown client", "/hooks/airtable/nobody", signed(body), body, 404, 0),
        ("another base", "/hooks/airtable", signed(&other), other.as_str(), 200, 0),
        ("proven", "/hooks/airtable", signed(body), body, 200, 1),
        ("with a client", "/hooks/airtable/beta", signed(body), body, 200, 1),
    ];
    for (what, path, headers, body, expected, wanted) in rows {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        let answer = server.raw(request.as_bytes()).await;
        assert_eq!((status(&answer), pulls().await.unwrap().len()), (expected, wanted), "{what}: {answer}");
        if expected == 200 {
            assert!(answer.ends_with("\r\n\r\n"), "{what}: Airtable wants no body: {answer}");
        }
    }
    server.stop().await;
    let server = spawn("").await;
    let (status, _) = server.post("/hooks/airtable", &signed(body), body).await;
    assert_eq!(status, 404, "where Airtable is not configured");
    server.stop().await;
}
