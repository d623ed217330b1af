//! A service with a console, over a real socket, and somebody who uses it.

use crate::common::{Database, Kind};
use crate::http::{Answer, send};
use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use sales_engine::checkup::{Checkup, ConfigFile, Subject};
use sales_engine::config;
use sales_engine::console::Console;
use sales_engine::engine::rows::{TaskKind, TriggerType};
use sales_engine::intake::{self, Intake, Now};
use sales_engine::listener::{App, serve};
use sales_engine::sources::settings::Secret;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const TOKEN: &str = "the-admin-token-of-these-tests";

const CONFIG: &str = r#"
default_client = "acme"
[clients.acme]
name = "Acme"
[clients.acme.smartlead]
insecure = true
secrets = ["a-secret-that-must-not-show"]
[clients.acme.instantly]
insecure = true
[clients.acme.n8n]
insecure = true
[clients.acme.calcom]
insecure = true
[clients.beta.n8n]
insecure = true
[clients.east]
time_zone = "Pacific/Kiritimati"
[clients.east.n8n]
insecure = true
"#;

pub struct World {
    pub database: Database,
    pub addr: String,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    intake: Intake,
}

pub fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 27, 12, 0, 30).unwrap()
}

impl World {
    pub async fn new(kind: Kind) -> Self {
        Self::with(Database::new(kind).await, &format!("admin_token = \"{TOKEN}\"")).await
    }

    pub async fn with(database: Database, extra: &str) -> Self {
        Self::configured(database, extra, "").await
    }

    /// With keys of the top, and with further sections.
    pub async fn configured(database: Database, extra: &str, sections: &str) -> Self {
        let text = format!("database_url = \"{}\"\n{extra}\n{CONFIG}\n{sections}", database.address);
        let config = Arc::new(config::load(Some(("test.toml", &text)), &|_| None).unwrap());
        // A millisecond a look, so that what is done later is later.
        let looks = AtomicI64::new(0);
        let clock: Now = Arc::new(move || now() + TimeDelta::milliseconds(looks.fetch_add(1, Ordering::Relaxed)));
        let store = database.store.clone();
        let (handle, intake) = intake::start(&store, &config.rules, &clock, TriggerType::Webhook, 100, 50, None);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let subject = Subject {
            config: Arc::clone(&config),
            file: Some(ConfigFile { name: "test.toml".to_owned(), text: Secret::new(text) }),
            store: Some(store.clone()),
            now: clock.clone(),
        };
        let checkup = Arc::new(Checkup::new(subject));
        let console = Console::new(Arc::clone(&config), store.clone(), clock.clone(), checkup)
            .with_waits(|kind| (kind == TaskKind::AirtableSyncLead).then_some("waits: Airtable is not configured"));
        let app = Arc::new(App::new(Arc::clone(&config), handle, store, clock).with_console(console));
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, app, stop.clone()));
        Self { database, addr, stop, serving, intake }
    }

    pub async fn finish(self) -> Database {
        self.stop.cancel();
        self.serving.await.unwrap();
        self.intake.finished().await;
        self.database
    }

    /// A webhook, as a source posts it.
    pub async fn hook(&self, target: &str, body: &str) -> Answer {
        let answer = send(&self.addr, "POST", target, &[("content-type", "application/json")], body).await;
        assert!(answer.status == 200 || answer.status == 400, "{target}: {answer:?}");
        answer
    }

    /// The fixtures of a source, and n8n's own kinds.
    pub async fn fixtures(&self, source: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(source);
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| !path.to_string_lossy().contains("forwarded")) {
            self.hook(&format!("/hooks/{source}/acme"), &std::fs::read_to_string(path).unwrap()).await;
        }
    }

    pub async fn login(&self) -> Person<'_> {
        let origin = format!("http://{}", self.addr);
        let body = format!("token={TOKEN}");
        let answer = send(&self.addr, "POST", "/console/login", &[("origin", &origin)], &body).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/console")), "{answer:?}");
        let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Person { world: self, cookie, origin }
    }
}

/// Somebody who is logged in.
pub struct Person<'a> {
    world: &'a World,
    pub cookie: String,
    pub origin: String,
}

impl Person<'_> {
    pub async fn get(&self, target: &str) -> Answer {
        send(&self.world.addr, "GET", target, &[("cookie", &self.cookie)], "").await
    }

    /// A page that is there.
    pub async fn page(&self, target: &str) -> String {
        let answer = self.get(target).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer.body
    }

    /// Sends a form with the session's token.
    pub async fn post(&self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = csrf(&self.page("/console/contacts").await);
        let mut body = format!("csrf={csrf}");
        for (name, value) in fields {
            body.push_str(&format!("&{name}={}", escaped(value)));
        }
        self.send(target, &[("origin", &self.origin)], &body).await
    }

    pub async fn send(&self, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers: Vec<(&str, &str)> = [("cookie", self.cookie.as_str())].iter().chain(headers).copied().collect();
        send(&self.world.addr, "POST", target, &headers, body).await
    }

    /// The contact's page, through the search.
    pub async fn find(&self, address: &str) -> String {
        let found = self.post("/console/contacts", &[("address", address)]).await;
        assert_eq!(found.status, 303, "{address}: {}", found.body);
        found.header("location").unwrap().to_owned()
    }
}

/// The token of the first form of a page.
pub fn csrf(page: &str) -> String {
    page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// The value of a field of a page's form.
pub fn field(page: &str, name: &str) -> String {
    page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
}

pub fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
