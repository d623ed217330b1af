//! The API over real sockets.

use crate::common::Database;
use crate::world::{configured, event, fixture, fixtures, now, post};
use sales_engine::api::Search;
use sales_engine::config::Config;
use sales_engine::domain::rules::Rules;
use sales_engine::engine::rows::TriggerType;
use sales_engine::intake::{self, Intake};
use sales_engine::listener::{self, App};
use sales_engine::sources::settings::Secret;
use serde_json::Value;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

pub(crate) const ADMIN: &str = "admin-token-of-the-test";
pub(crate) const ACME: &str = "token-of-acme-one";
pub(crate) const BETA: &str = "token-of-beta-one";

pub(crate) const TOKENS: &str = r#"
[clients.gamma]
api_tokens = ["token-of-gamma-one"]
"#;

/// The test's configuration with the tokens of the API.
pub(crate) fn with_tokens() -> Config {
    let mut config = configured(TOKENS);
    // The clock stands still, so a spent rate would never come back.
    config.limits.api_requests_per_second_max = 1_000_000;
    config.admin_token = Some(Secret::new(ADMIN));
    for (client_id, client) in &mut config.clients {
        let token = match client_id.as_str() {
            "acme" => ACME,
            "beta" => BETA,
            _ => continue,
        };
        client.api_tokens.push(Secret::new(token));
    }
    config
}

pub(crate) struct Served {
    pub(crate) addr: std::net::SocketAddr,
    pub(crate) config: Arc<Config>,
    _intake: Intake,
    stop: CancellationToken,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// All fixtures of acme, some events of both clients, and the API over them.
pub(crate) async fn seeded(database: &Database) -> Served {
    let config = with_tokens();
    seed(database, &config).await;
    serve(database, config).await
}

pub(crate) async fn seed(database: &Database, config: &Config) {
    let mut payloads = fixtures();
    payloads.push(fixture("smartlead/58_lead_category_unknown"));
    for number in 0..7 {
        let body = format!(
            r#"{{"kind":"reply_received","email":"b{number}@example.com","id":"b{number}","occurred_at":"2026-11-01T09:00:00Z","text":"yes, let us talk"}}"#
        );
        payloads.push(event("beta", &body));
    }
    post(database, config, &payloads).await;
}

pub(crate) async fn serve(database: &Database, config: Config) -> Served {
    serve_with(database, config, None).await
}

/// The same with an index to search.
pub(crate) async fn serve_with(database: &Database, mut config: Config, search: Option<Search>) -> Served {
    // Where the doctor looks.
    config.database_url = Secret::new(&database.address);
    let config = Arc::new(config);
    let (handle, running) =
        intake::start(&database.store, &Rules::default(), &now(), TriggerType::Webhook, 64, 16, None);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let app = App::new(Arc::clone(&config), handle, database.store.clone(), now());
    let app = match search {
        Some(search) => {
            let api = app.api().with_search(search);
            app.with_api(api)
        }
        None => app,
    };
    let app = Arc::new(app);
    let stop = CancellationToken::new();
    tokio::spawn(listener::serve(listener, app, stop.clone()));
    Served { addr, config, _intake: running, stop }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn has(&self, header: &str) -> bool {
        self.head.to_ascii_lowercase().contains(&header.to_ascii_lowercase())
    }
}

impl Served {
    pub(crate) async fn get(&self, token: &str, path: &str) -> Reply {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], b"").await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> Reply {
        let headers = [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.send("POST", path, &headers, body.to_string().as_bytes()).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        let mut head = format!("{method} /api/v1{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).await.unwrap();
        // Whoever is refused early may be told before all of the body is taken.
        drop(stream.write_all(body).await);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Reply {
            status: head.get(9..12).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: serde_json::from_str(body).unwrap_or_default(),
        }
    }
}
