//! A service that reads two mailboxes of the stand-in, on a real database, with a clock that stands still until it is moved.

pub(crate) use crate::common::clock::Clock;
use crate::common::{Database, Person};
use chrono::TimeDelta;
use sales_engine::config;
use sales_engine::domain::ids::{ClientId, ContactKey, Email};
use sales_engine::domain::rules::Rules;
use sales_engine::engine::rows::TriggerType;
use sales_engine::intake::{self, Intake};
use sales_engine::listener::{self, App, GoogleKeys};
use sales_engine::mail::Us;
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::google::{Google, PUSH_ACCOUNT, Subscription, TOPIC};
use sales_engine::services::google::{Credentials, Gmail, Http, HttpSettings, KeyCache};
use sales_engine::services::post::Poster;
use sales_engine::sources::settings::Secret;
use sales_engine::store::Store;
use sales_engine::store::views::ContactView;
use sales_engine::tasks::{Dispatcher, GmailMailbox, Turn};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The mailboxes that are read, and a lead.
pub(crate) const ANN: &str = "ann@acme.example";
pub(crate) const BEN: &str = "ben@acme.example";
pub(crate) const LEAD: &str = "lee@customer.example";
/// The Message-ID of the mail that Smartlead sent to the lead.
pub(crate) const SENT: &str = "6f0c2e0a-0b1b-4e5c-9c8b-5b9b6f5f0001@acme.example";
const AUDIENCE: &str = "https://sales.example.com/hooks/gmail/acme";
const TURNS_MAX: usize = 500;

pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) sandbox: Sandbox,
    pub(crate) database: Database,
    pub(crate) person: Person,
    pub(crate) poster: Poster,
    url: String,
    pub(crate) dispatcher: Dispatcher,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    intake: Intake,
}

/// How a world differs from the usual one.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) topic: Option<&'static str>,
    pub(crate) units_per_minute: u32,
    pub(crate) is_delegated: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self { topic: Some(TOPIC), units_per_minute: 6_000, is_delegated: false }
    }
}

impl World {
    /// All mailboxes are read once and watched, and the clock stands a minute later.
    pub(crate) async fn new(database: Database) -> Self {
        let mut world = Self::with(database, &Setting::default()).await;
        world.work().await;
        world.forward(60).await;
        world
    }

    /// Nothing was done yet.
    pub(crate) async fn with(database: Database, setting: &Setting) -> Self {
        let clock = Clock::new();
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "unused", clock.now()).await.unwrap();
        let text = format!(
            "default_client = \"acme\"\n[clients.acme.gmail]\naudience = \"{AUDIENCE}\"\nservice_account = \"{PUSH_ACCOUNT}\"\n\
             mailboxes = [\"{ANN}\", \"{BEN}\"]\ntopic = \"{TOPIC}\"\n[clients.acme.smartlead]\nurl_tokens = [\"a-token-of-smartlead\"]\n\
             [clients.acme.n8n]\ninsecure = true\n[clients.beta.n8n]\ninsecure = true\n"
        );
        let config = Arc::new(config::load(Some(("test.toml", &text)), &|_| None).unwrap());
        let (handle, intake) =
            intake::start(&database.store, &config.rules, &clock.now(), TriggerType::Webhook, 100, 10, None);
        let http = Http::new(HttpSettings::default(), clock.now()).unwrap();
        let app = App::new(config, handle, database.store.clone(), clock.now()).with_google_keys(keys(&http, &sandbox));
        let stop = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(listener::serve(listener, Arc::new(app), stop.clone()));
        sandbox.google(|google| {
            google.pushes_by_hand = true;
            google.add_mailbox(ANN);
            google.add_mailbox(BEN);
            google.delegate(&["https://www.googleapis.com/auth/gmail.readonly"]);
            google.subscribe(Subscription {
                audience: Some(AUDIENCE.to_owned()),
                ..Subscription::new(&format!("{url}/hooks/gmail/acme"))
            });
        });
        let dispatcher = dispatcher(&database.store, &clock, &sandbox, setting);
        let (person, poster) = (database.person().await, Poster::new(&url).unwrap());
        Self { clock, sandbox, database, person, poster, url, dispatcher, stop, serving, intake }
    }

    /// Another instance of the service, on the same database.
    pub(crate) async fn another_instance(&self, setting: &Setting) -> Dispatcher {
        let store = Store::open(&self.database.address).await.unwrap();
        dispatcher(&store, &self.clock, &self.sandbox, setting)
    }

    pub(crate) fn restart(&mut self, setting: &Setting) {
        self.dispatcher = dispatcher(&self.database.store, &self.clock, &self.sandbox, setting);
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.serving.await.unwrap();
        self.intake.finished().await;
    }

    pub(crate) fn google<T>(&self, look: impl FnOnce(&mut Google) -> T) -> T {
        self.sandbox.google(look)
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Works until nothing is due now.
    pub(crate) async fn work(&mut self) {
        for _ in 0..TURNS_MAX {
            match self.dispatcher.turn().await.unwrap() {
                Turn::Worked(_) => {}
                Turn::Wait(_) | Turn::Idle => return,
            }
        }
        panic!("there is no end to the work");
    }

    /// Lets so much time go by, working second by second, or in larger steps where it is long.
    pub(crate) async fn forward(&mut self, seconds: i64) {
        let end = self.clock.read() + TimeDelta::seconds(seconds);
        let step_ms = 1_000 * (seconds / 300).max(1);
        while self.clock.read() < end {
            self.clock.forward_ms(step_ms);
            self.work().await;
        }
    }

    /// Pub/Sub posts what is due; all of it must be acknowledged.
    pub(crate) async fn push(&self) -> usize {
        let pushed = self.sandbox.push_now().await;
        assert!(pushed.iter().all(|push| push.status == Some(204)), "{pushed:?}");
        pushed.len()
    }

    /// What was pushed is worked on.
    pub(crate) async fn push_and_work(&mut self) {
        self.push().await;
        self.work().await;
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let (status, answer) = self.poster.post(path, &headers, body.to_string()).await.unwrap();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).unwrap()
    }

    /// Somebody puts the person on a list.
    pub(crate) async fn add_contact(&self, email: &str) {
        let body =
            json!({ "kind": "contact_added", "email": email, "id": email, "occurred_at": "2026-11-01T09:00:00Z" });
        self.post("/hooks/n8n/acme", &body).await;
    }

    /// Smartlead reports the mail that it sent to the lead.
    pub(crate) async fn report_sent(&self) {
        let at = "2026-11-18T09:00:00.000+00:00";
        let body = json!({
            "event_type": "EMAIL_SENT", "event_timestamp": at, "time_sent": at, "campaign_id": 1, "campaign_status": "ACTIVE",
            "sequence_number": 1, "stats_id": SENT.split('@').next(), "sl_lead_email": LEAD, "to_email": LEAD, "from_email": ANN,
            "subject": "A question", "message_id": format!("<{SENT}>"),
            "sent_message": { "message_id": format!("<{SENT}>"), "text": "May I ask a question?", "time": at },
        });
        self.post("/hooks/smartlead/acme?token=a-token-of-smartlead", &body).await;
    }

    /// Smartlead reports an answer of the lead.
    pub(crate) async fn report_reply(&self, message_id: &str, text: &str) {
        let at = self.clock.read().to_rfc3339();
        let body = json!({
            "event_type": "EMAIL_REPLY", "event_timestamp": at, "time_replied": at, "campaign_id": 1, "campaign_status": "ACTIVE",
            "sequence_number": 1, "stats_id": SENT.split('@').next(), "sl_lead_email": LEAD, "to_email": LEAD, "from_email": ANN,
            "subject": "Re: A question", "message_id": format!("<{message_id}>"),
            "reply_message": { "message_id": format!("<{message_id}>"), "text": text, "html": format!("<p>{text}</p>"), "time": at },
        });
        self.post("/hooks/smartlead/acme?token=a-token-of-smartlead", &body).await;
    }

    pub(crate) fn deliver(&self, raw: &str) -> String {
        self.google(|google| google.deliver(ANN, raw.as_bytes()))
    }

    pub(crate) async fn contact(&self, email: &str) -> Option<ContactView> {
        let client_id = ClientId::parse("acme").unwrap();
        let key = ContactKey { client_id, email: Email::parse(email).unwrap() };
        self.database.store.contact(&key).await.unwrap()
    }

    /// The conversation: who it is of, type, status and text of each row, in the order of time.
    pub(crate) async fn chat(&self) -> Vec<String> {
        self.person
            .texts(
                "SELECT c.email || ' ' || h.message_type || ' ' || h.message_status || ': ' || h.message_content AS x
                 FROM chat_history AS h JOIN contacts AS c ON c.contact_id = h.contact_id
                 ORDER BY h.message_timestamp, h.message_key",
            )
            .await
    }

    pub(crate) async fn alerts(&self) -> Vec<String> {
        let alerts = "SELECT action_taken AS x FROM automation_logs WHERE action_taken LIKE 'alert: %' ORDER BY timestamp, log_id";
        self.person.texts(alerts).await
    }

    pub(crate) async fn count(&self, table: &str) -> usize {
        self.person.texts(&format!("SELECT count(*) AS x FROM {table}")).await[0].parse().unwrap()
    }

    pub(crate) async fn cursor(&self, what: &str, mailbox: &str) -> Option<String> {
        let name = format!("gmail.{what}:acme:{mailbox}");
        self.database.store.cursor(&name).await.unwrap().map(|(value, _)| value)
    }

    /// Everything that is stored, as one text.
    pub(crate) async fn everything(&self) -> String {
        let mut all = String::new();
        for (table, columns) in [
            ("contacts", "email || fold || coalesce(first_name, '')"),
            ("chat_history", "message_content || coalesce(subject, '') || coalesce(contact_identifier, '')"),
            ("events", "seen || dedupe_key"),
            ("deliveries", "body"),
            ("automation_logs", "action_taken || coalesce(action_details, '') || coalesce(error_message, '')"),
            ("tasks", "payload || task_key || coalesce(last_error, '')"),
            ("cursors", "name || value"),
            ("gmail_aside", "message_id || key"),
        ] {
            let columns: Vec<String> = columns.split(" || ").map(|column| format!("CAST({column} AS TEXT)")).collect();
            let statement = format!("SELECT {} AS x FROM {table}", columns.join(" || ' ' || "));
            for text in self.person.texts(&statement).await {
                all.push_str(&text);
                all.push('\n');
            }
        }
        all
    }
}

fn keys(http: &Http, sandbox: &Sandbox) -> GoogleKeys {
    let cache = KeyCache::new(http, &format!("{}/oauth2/v3/certs", sandbox.url()));
    Arc::new(move |key_id| {
        let cache = cache.clone();
        Box::pin(async move { cache.keys_for(&key_id).await.ok() })
    })
}

fn dispatcher(store: &Store, clock: &Clock, sandbox: &Sandbox, setting: &Setting) -> Dispatcher {
    let http = Http::new(HttpSettings::default(), clock.now()).unwrap();
    let addresses = [ANN, BEN].map(|address| Email::parse(address).unwrap());
    let us = Arc::new(Us { mailboxes: addresses.to_vec() });
    let open = |address: Email| {
        let credentials = if setting.is_delegated { delegated(sandbox) } else { consented(sandbox, &address) };
        let url = sandbox.url();
        GmailMailbox {
            client_id: ClientId::parse("acme").unwrap(),
            gmail: Gmail::new(&http, &url, &format!("{url}/token"), credentials, address.as_str()).unwrap(),
            address,
            us: Arc::clone(&us),
            topic: setting.topic.map(str::to_owned),
            poll_ms: 300_000,
            units_per_minute: setting.units_per_minute,
            full_sync_days: 14,
        }
    };
    Dispatcher::new(store.clone(), Rules::default(), clock.now(), clock.pause(), None)
        .with_gmail(addresses.into_iter().map(open).collect())
}

fn consented(sandbox: &Sandbox, address: &Email) -> Credentials {
    let grant = sandbox.google(|google| google.add_mailbox(address.as_str()));
    Credentials::RefreshToken {
        client_id: grant.client_id,
        client_secret: Secret::new(grant.client_secret),
        refresh_token: Secret::new(grant.refresh_token),
    }
}

fn delegated(sandbox: &Sandbox) -> Credentials {
    let account = sandbox.google(|google| google.service_account()).unwrap();
    Credentials::ServiceAccount {
        client_email: account.client_email,
        private_key_pem: Secret::new(account.private_key_pem),
        key_id: Some(account.key_id),
    }
}

/// A mail in plain text.
pub(crate) struct Letter<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) id: &'a str,
    /// What it answers.
    pub(crate) answers: Option<&'a str>,
    pub(crate) subject: &'a str,
    pub(crate) text: &'a str,
    pub(crate) headers: &'a str,
}

impl Default for Letter<'_> {
    fn default() -> Self {
        Self {
            from: "Lee Ad <lee@customer.example>",
            to: ANN,
            id: "reply-1@customer.example",
            answers: Some(SENT),
            subject: "Re: A question",
            text: "Yes, tell me more.",
            headers: "",
        }
    }
}

impl Letter<'_> {
    pub(crate) fn raw(&self) -> String {
        let Self { from, to, id, answers, subject, text, headers } = self;
        let answers = answers.map(|id| format!("In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n")).unwrap_or_default();
        format!(
            "From: {from}\r\nTo: {to}\r\nMessage-ID: <{id}>\r\n{answers}Subject: {subject}\r\nDate: Fri, 20 Nov 2026 11:59:00 +0000\r\n\
             {headers}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        )
    }
}
