//! A Google that stands still until its clock is moved, and a client of it.

use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::google::{Call, GoogleFault};
use sales_engine::services::google::{Credentials, Gmail, Http, HttpSettings, KeyCache};
use sales_engine::sources::settings::Secret;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const ANN: &str = "ann@sales.example";
pub(crate) const BEN: &str = "ben@sales.example";

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    clock: Arc<AtomicI64>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let start = "2026-11-20T12:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp_millis();
        let clock = Arc::new(AtomicI64::new(start));
        let sandbox =
            Sandbox::start("127.0.0.1:0".parse().unwrap(), "unused", now(&clock, TimeDelta::zero())).await.unwrap();
        sandbox.google(|google| {
            google.pushes_by_hand = true;
            google.add_mailbox(ANN);
        });
        Self { sandbox, clock }
    }

    pub(crate) fn forward(&self, seconds: i64) {
        self.forward_ms(seconds * 1_000);
    }

    pub(crate) fn forward_ms(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn time(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.clock.load(Ordering::SeqCst)).unwrap()
    }

    pub(crate) fn http(&self, settings: HttpSettings) -> Http {
        Http::new(settings, now(&self.clock, TimeDelta::zero())).unwrap()
    }

    /// A client whose clock is wrong by so much.
    pub(crate) fn http_off_by(&self, off: TimeDelta) -> Http {
        Http::new(HttpSettings::default(), now(&self.clock, off)).unwrap()
    }

    pub(crate) fn token_url(&self) -> String {
        format!("{}/token", self.sandbox.url())
    }

    pub(crate) fn refresh(&self, mailbox: &str) -> Credentials {
        let grant = self.sandbox.google(|google| google.add_mailbox(mailbox));
        Credentials::RefreshToken {
            client_id: grant.client_id,
            client_secret: Secret::new(grant.client_secret),
            refresh_token: Secret::new(grant.refresh_token),
        }
    }

    pub(crate) fn delegated(&self) -> Credentials {
        let account = self.sandbox.google(|google| google.service_account()).unwrap();
        Credentials::ServiceAccount {
            client_email: account.client_email,
            private_key_pem: Secret::new(account.private_key_pem),
            key_id: Some(account.key_id),
        }
    }

    pub(crate) fn open(&self, http: &Http, credentials: Credentials, mailbox: &str) -> Gmail {
        Gmail::new(http, &self.sandbox.url(), &self.token_url(), credentials, mailbox).unwrap()
    }

    /// Ann's mailbox by a refresh token.
    pub(crate) fn ann(&self) -> Gmail {
        self.open(&self.http(HttpSettings::default()), self.refresh(ANN), ANN)
    }

    /// The same, with short patience where nothing will come.
    pub(crate) fn ann_before(&self, fault: GoogleFault) -> Gmail {
        if !matches!(fault, GoogleFault::Hang | GoogleFault::Slow(_)) {
            return self.ann();
        }
        let settings = HttpSettings { timeout: Duration::from_millis(300), ..HttpSettings::default() };
        self.open(&self.http(settings), self.refresh(ANN), ANN)
    }

    pub(crate) fn keys(&self, settings: HttpSettings) -> KeyCache {
        KeyCache::new(&self.http(settings), &format!("{}/oauth2/v3/certs", self.sandbox.url()))
    }

    pub(crate) fn calls(&self, call: Call) -> u64 {
        self.sandbox.google(|google| google.calls(call))
    }

    pub(crate) fn fail(&self, call: Call, fault: GoogleFault) {
        self.sandbox.google(|google| google.fail_next(call, fault));
    }

    pub(crate) fn deliver(&self, raw: impl AsRef<[u8]>) -> String {
        self.sandbox.google(|google| google.deliver(ANN, raw.as_ref()))
    }

    /// A request as it stands, without the client: status, head and body.
    pub(crate) async fn raw(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, String, String) {
        let host = self.sandbox.url().replace("http://", "");
        let mut stream = TcpStream::connect(host.parse::<SocketAddr>().unwrap()).await.unwrap();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
    }

    /// An access token of Ann's.
    pub(crate) async fn access_token(&self) -> String {
        let grant = self.sandbox.google(|google| google.add_mailbox(ANN));
        let form = format!(
            "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
            grant.client_id, grant.client_secret, grant.refresh_token
        );
        let (status, _, body) = self.raw("POST", "/token", "", form.as_bytes()).await;
        assert_eq!(status, 200, "{body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        answer.get("access_token").and_then(Value::as_str).unwrap().to_owned()
    }

    /// What the API answers to Ann.
    pub(crate) async fn get(&self, token: &str, path: &str) -> (u16, Value) {
        let header = format!("authorization: Bearer {token}\r\n");
        let (status, _, body) = self.raw("GET", &format!("/gmail/v1/users/me/{path}"), &header, b"").await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }
}

fn now(clock: &Arc<AtomicI64>, off: TimeDelta) -> Now {
    let clock = Arc::clone(clock);
    Arc::new(move || DateTime::from_timestamp_millis(clock.load(Ordering::SeqCst)).unwrap() + off)
}

pub(crate) fn mail(id: &str, subject: &str, more: &str) -> String {
    format!(
        "From: Pat <pat@customer.example>\r\nTo: {ANN}\r\nSubject: {subject}\r\nMessage-Id: <{id}>\r\n{more}\
         Content-Type: text/plain; charset=utf-8\r\n\r\nHello from {id}.\r\n"
    )
}
