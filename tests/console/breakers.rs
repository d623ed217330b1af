//! A service that fails is left alone, and operators see it: in the console, over the API and in the metrics, for each of those that are
//! called; and they see that it is called again.

use crate::common::Database;
use crate::common::kill::Clock;
use crate::http::send;
use crate::on_both;
use crate::world::TOKEN;
use sales_engine::config::{self, Config};
use sales_engine::domain::ai::{AnswerFormat, TokensKey};
use sales_engine::domain::documents::chunk::Limits;
use sales_engine::domain::event::Source;
use sales_engine::domain::ids::{ClientId, Email};
use sales_engine::domain::rules::{AiWants, Rules};
use sales_engine::engine::rows::TriggerType;
use sales_engine::intake::{self, Delivery};
use sales_engine::listener::{App, serve};
use sales_engine::mail::Us;
use sales_engine::sandbox::ai::{AiFault, MODEL};
use sales_engine::sandbox::google::GoogleFault;
use sales_engine::sandbox::outreach::OutreachFault;
use sales_engine::sandbox::pinecone::{DIMENSION, VectorFault};
use sales_engine::sandbox::{Fault, Sandbox, embeddings, pinecone};
use sales_engine::services::ai::{Ai, AiEndpoint};
use sales_engine::services::airtable::Airtable;
use sales_engine::services::embeddings::Embeddings;
use sales_engine::services::fetch::Fetcher;
use sales_engine::services::google::{Credentials, Gmail, Http, HttpSettings};
use sales_engine::services::instantly::Instantly;
use sales_engine::services::notify::Notifier;
use sales_engine::services::pinecone::Pinecone;
use sales_engine::services::smartlead::Smartlead;
use sales_engine::services::vectors::VectorIndex;
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::{Request, read};
use sales_engine::store::destinations::DestinationView;
use sales_engine::tasks::{
    AiSettings, AirtableSettings, Dispatcher, GmailMailbox, NotificationTarget, Pace, PlatformAccount, PlatformService,
    Turn, VectorSettings,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Of Airtable and the model.
const KEY: &str = "sk-sandbox-0123456789";
const HOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OF_ACME: &str = "the-token-of-acme-for-the-api";
const MAILBOX: &str = "ann@acme.example";
const AT_SMARTLEAD: &str = "7";
const AT_INSTANTLY: &str = "019db117-9cc0-7982-98a3-9214ab22ab34";
/// More than a breaker lets fail in a row.
const CONTACTS: usize = 7;
const TURNS_MAX: usize = 600;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outside {
    Airtable,
    Gmail,
    Smartlead,
    Instantly,
    Pinecone,
    /// Called on the index's budget: without vectors nothing can be written there.
    Embeddings,
    Ai,
    Notifications,
}

/// How its name begins, what metrics call it, and what tells that its work was done: a number above zero.
fn row(outside: Outside) -> (&'static str, &'static str, &'static str) {
    match outside {
        Outside::Airtable => {
            ("airtable:appTest", "airtable", "SELECT count(*) AS x FROM contacts WHERE airtable_lead_id IS NOT NULL")
        }
        Outside::Gmail => {
            ("gmail:", "google", "SELECT count(*) AS x FROM tasks WHERE kind = 'gmail.mailbox' AND last_error IS NULL")
        }
        Outside::Smartlead => (
            "smartlead:",
            "smartlead",
            "SELECT count(*) AS x FROM tasks WHERE kind = 'platform.sync_sequence' AND status = 'done'",
        ),
        Outside::Instantly => (
            "instantly:",
            "instantly",
            "SELECT count(*) AS x FROM tasks WHERE kind = 'platform.sync_sequence' AND status = 'done'",
        ),
        Outside::Pinecone => {
            ("pinecone:sales", "pinecone", "SELECT count(*) AS x FROM chat_history WHERE is_vectorized")
        }
        Outside::Embeddings => {
            ("pinecone:plain", "pinecone", "SELECT count(*) AS x FROM chat_history WHERE is_vectorized")
        }
        Outside::Ai => ("ai:", "ai", "SELECT count(*) AS x FROM chat_history WHERE ai_intent = 'pricing_question'"),
        Outside::Notifications => {
            ("notify:hook", "notify", "SELECT count(*) AS x FROM notifications WHERE status = 'delivered'")
        }
    }
}

struct World {
    outside: Outside,
    database: Database,
    clock: Clock,
    sandbox: Sandbox,
    rules: Rules,
    addr: String,
    stop: CancellationToken,
}

impl World {
    async fn new(database: Database, outside: Outside) -> Self {
        let clock = Clock::new();
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), KEY, clock.now()).await.unwrap();
        sandbox.pinecone(|pinecone| {
            pinecone.add_index_with_model("sales", "chunk_text");
            pinecone.add_index("plain", DIMENSION);
        });
        sandbox.notify(|receivers| receivers.know(&[HOOK_SECRET]));
        for n in 0..CONTACTS {
            sandbox.smartlead(|smartlead| smartlead.open(KEY).add_lead(7, &email(n)).unwrap());
            sandbox.instantly(|instantly| instantly.open(KEY).add_lead(AT_INSTANTLY, &email(n)).unwrap());
        }
        let config = Arc::new(configured(outside, &sandbox.url()));
        let mut rules = config.rules.clone();
        rules.wants.vectors = matches!(outside, Outside::Pinecone | Outside::Embeddings);
        if outside == Outside::Ai {
            rules.wants.ai = AiWants { classify_after_ms: Some(1_000), summarise_after_ms: None };
        }
        let (store, stop) = (database.store.clone(), CancellationToken::new());
        let (handle, _intake) = intake::start(&store, &config.rules, &clock.now(), TriggerType::Webhook, 100, 50, None);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let app = Arc::new(App::new(config, handle, store, clock.now()));
        tokio::spawn(serve(listener, app, stop.clone()));
        Self { outside, database, clock, sandbox, rules, addr, stop }
    }

    /// Works at this one alone.
    fn dispatcher(&self) -> Dispatcher {
        let (url, clock) = (self.sandbox.url(), &self.clock);
        let airtable = (self.outside == Outside::Airtable).then(|| {
            let client = Airtable::new(Secret::new(KEY), "appTest", &url).unwrap();
            AirtableSettings::new(client, Fetcher::new().unwrap())
        });
        let store = self.database.store.clone();
        let dispatcher = Dispatcher::new(store, self.rules.clone(), clock.now(), clock.pause(), airtable);
        let account = |service: PlatformService, pace: Pace| PlatformAccount {
            service,
            clients: vec![acme()],
            sources: BTreeMap::new(),
            pace,
            comes_round: false,
        };
        match self.outside {
            Outside::Airtable => dispatcher,
            Outside::Gmail => dispatcher.with_gmail(vec![self.mailbox()]),
            Outside::Smartlead => {
                let client = Smartlead::new(Secret::new(KEY), &format!("{url}/api/v1")).unwrap();
                dispatcher.with_platforms(vec![account(PlatformService::Smartlead(client), Pace::SMARTLEAD)])
            }
            Outside::Instantly => {
                let client = Instantly::new(Secret::new(KEY), &format!("{url}/api/v2")).unwrap();
                let service = PlatformService::Instantly { client, stop_interest: None };
                dispatcher.with_platforms(vec![account(service, Pace::INSTANTLY)])
            }
            Outside::Pinecone => dispatcher.with_vectors(vectors(&url, "sales", None)),
            Outside::Embeddings => {
                let key = Some(Secret::new(embeddings::API_KEY));
                let endpoint = Embeddings::new(&format!("{url}/v1"), key, "words", None).unwrap();
                dispatcher.with_vectors(vectors(&url, "plain", Some(endpoint)))
            }
            Outside::Ai => dispatcher.with_ai(model(&url), None),
            Outside::Notifications => {
                let secrets = vec![Secret::new(HOOK_SECRET)];
                let timeout = Duration::from_secs(20);
                let notifier = Notifier::with_timeout(&format!("{url}/notify/hook"), secrets, true, timeout).unwrap();
                let (name, key) = ("hook".to_owned(), "notifications.hook".to_owned());
                let target = NotificationTarget { name, client: None, notifier, at_once_max: 16, key };
                dispatcher.with_notifications(vec![target])
            }
        }
    }

    fn mailbox(&self) -> GmailMailbox {
        let url = self.sandbox.url();
        let address = Email::parse(MAILBOX).unwrap();
        let grant = self.sandbox.google(|google| google.add_mailbox(MAILBOX));
        let credentials = Credentials::RefreshToken {
            client_id: grant.client_id,
            client_secret: Secret::new(grant.client_secret),
            refresh_token: Secret::new(grant.refresh_token),
        };
        let http = Http::new(HttpSettings::default(), self.clock.now()).unwrap();
        GmailMailbox {
            client_id: acme(),
            gmail: Gmail::new(&http, &url, &format!("{url}/token"), credentials, MAILBOX).unwrap(),
            us: Arc::new(Us { mailboxes: vec![address.clone()] }),
            address,
            topic: None,
            poll_ms: 300_000,
            units_per_minute: 6_000,
            full_sync_days: 14,
        }
    }

    /// The key is taken no more.
    fn denies(&self) {
        match self.outside {
            Outside::Airtable => self.sandbox.fail_when(|_, _, _| Some(Fault::Unauthorised)),
            Outside::Smartlead => self.sandbox.smartlead(|smartlead| {
                smartlead.fail_when(Box::new(|_, _, _| Some(OutreachFault::Unauthorised)));
            }),
            Outside::Instantly => self.sandbox.instantly(|instantly| {
                instantly.fail_when(Box::new(|_, _, _| Some(OutreachFault::Unauthorised)));
            }),
            Outside::Pinecone => self.sandbox.pinecone(|pinecone| {
                pinecone.fail_when(|_, _, _| Some(VectorFault::Status(401)));
            }),
            Outside::Ai => self.sandbox.ai(|ai| ai.fail_when(|_| Some(AiFault::Unauthorised))),
            Outside::Gmail | Outside::Embeddings | Outside::Notifications => panic!("it is not halted by that"),
        }
    }

    fn fails(&self) {
        match self.outside {
            Outside::Airtable => self.sandbox.fail_when(|_, _, _| Some(Fault::ServerError)),
            Outside::Gmail => self.sandbox.google(|google| google.fail_when(|_| Some(GoogleFault::Status(503)))),
            Outside::Smartlead => self.sandbox.smartlead(|smartlead| {
                smartlead.fail_when(Box::new(|_, _, _| Some(OutreachFault::Status(503))));
            }),
            Outside::Instantly => self.sandbox.instantly(|instantly| {
                instantly.fail_when(Box::new(|_, _, _| Some(OutreachFault::DropBefore)));
            }),
            Outside::Pinecone => self.sandbox.pinecone(|pinecone| {
                pinecone.fail_when(|_, _, _| Some(VectorFault::Status(503)));
            }),
            Outside::Embeddings => self.sandbox.embeddings(|embeddings| {
                embeddings.fail_when(|_| Some(VectorFault::Status(503)));
            }),
            Outside::Ai => self.sandbox.ai(|ai| ai.fail_when(|_| Some(AiFault::Status(503)))),
            Outside::Notifications => self.sandbox.notify(|receivers| {
                receivers.fail_when(|_| Some(Fault::ServerError));
            }),
        }
    }

    fn recovers(&self) {
        self.sandbox.fail_no_more();
        self.sandbox.google(sales_engine::sandbox::google::Google::fail_no_more);
        self.sandbox.smartlead(sales_engine::sandbox::smartlead::Smartlead::fail_no_more);
        self.sandbox.instantly(sales_engine::sandbox::instantly::Instantly::fail_no_more);
        self.sandbox.pinecone(pinecone::Pinecone::fail_no_more);
        self.sandbox.embeddings(embeddings::Embeddings::fail_no_more);
        self.sandbox.ai(sales_engine::sandbox::ai::Ai::fail_no_more);
        self.sandbox.notify(sales_engine::sandbox::notify::Receivers::fail_no_more);
    }

    /// People are mailed and answer, which is work for all of them.
    async fn is_told(&self) {
        let campaign = if self.outside == Outside::Instantly { AT_INSTANTLY } else { AT_SMARTLEAD };
        let now = self.clock.now();
        let (handle, running) =
            intake::start(&self.database.store, &self.rules, &now, TriggerType::Webhook, 10, 10, None);
        for n in 0..CONTACTS {
            let mut reply = json!({ "kind": "reply_received", "email": email(n), "id": format!("r{n}"), "campaign_id": campaign,
                "occurred_at": "2026-11-20T08:30:00Z", "text": "Hello, what is the price of it?" });
            // What is clear needs no model.
            if self.outside != Outside::Ai {
                reply["intent"] = json!("pricing_question");
            }
            let sent = json!({ "kind": "email_sent", "email": email(n), "id": format!("s{n}"), "campaign_id": campaign, "step": 1,
                "occurred_at": "2026-11-20T08:00:00Z", "text": "Dear you" });
            let (client_id, body, received_at) = (acme(), json!([sent, reply]).to_string(), now());
            let request =
                Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at };
            let understood = read(Source::N8n, &ClientSources::default(), &request).unwrap();
            let source = Source::N8n;
            handle.submit(Delivery { client_id, source, received_at, understood, body_sha256: [0; 32] }).await.unwrap();
        }
        drop(handle);
        running.finished().await;
    }

    /// Works, and lets the time go on, until it is so.
    async fn work_until(&self, dispatcher: &mut Dispatcher, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        for _ in 0..TURNS_MAX {
            let turn = Box::pin(dispatcher.turn()).await.unwrap();
            if is_so().await {
                return;
            }
            match turn {
                Turn::Worked(_) => {}
                Turn::Wait(until) => self.clock.to(until),
                Turn::Idle => self.clock.forward_ms(1_000),
            }
        }
        panic!("{:?}: never {what}: {:?}", self.outside, self.seen().await);
    }

    /// As the store tells it; none where it was never called.
    async fn seen(&self) -> Option<DestinationView> {
        let config = configured(self.outside, &self.sandbox.url());
        let all = self.database.store.destinations(&config.notification_targets(), self.clock.read()).await.unwrap();
        all.into_iter().find(|view| view.name.starts_with(row(self.outside).0))
    }

    async fn done(&self) -> bool {
        self.database.person().await.texts(row(self.outside).2).await != ["0"]
    }

    async fn get(&self, target: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let answer = send(&self.addr, "GET", target, headers, "").await;
        (answer.status, answer.body)
    }

    /// The row of the console's page.
    async fn console(&self) -> String {
        let origin = format!("http://{}", self.addr);
        let login = send(&self.addr, "POST", "/console/login", &[("origin", &origin)], &format!("token={TOKEN}")).await;
        let cookie = login.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let (status, page) = self.get("/console/tasks", &[("cookie", &cookie)]).await;
        assert_eq!(status, 200);
        let name = row(self.outside).0.replace("notify:", "notifications ");
        let found = page.split("<tr>").find(|part| part.contains(&format!("<th scope=\"row\">{name}"))).unwrap();
        found.split("</tr>").next().unwrap().to_owned()
    }

    async fn api(&self) -> Value {
        let (status, body) = self.get("/api/v1/destinations", &[("authorization", &format!("Bearer {TOKEN}"))]).await;
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let is_it = |view: &&Value| view["name"].as_str().unwrap().starts_with(row(self.outside).0);
        body["destinations"].as_array().unwrap().iter().find(is_it).unwrap().clone()
    }

    /// How many of the service are halted for this reason, as the metrics tell.
    async fn metric(&self, reason: &str) -> String {
        let (status, text) = self.get("/metrics", &[]).await;
        assert_eq!(status, 200);
        let service = row(self.outside).1;
        let begin = format!("sales_engine_destinations_halted{{destination=\"{service}\",reason=\"{reason}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&begin)).unwrap_or_default().to_owned()
    }
}

fn email(n: usize) -> String {
    format!("p{n}@example.com")
}

fn acme() -> ClientId {
    ClientId::parse("acme").unwrap()
}

fn configured(outside: Outside, url: &str) -> Config {
    let hook = format!(
        "[notifications.hook]\nurl = \"{url}/notify/hook\"\nallow_private = true\nsecrets = [\"{HOOK_SECRET}\"]\n"
    );
    let text = format!(
        "admin_token = \"{TOKEN}\"\ndefault_client = \"acme\"\n[clients.acme]\napi_tokens = [\"{OF_ACME}\"]\n[clients.acme.n8n]\ninsecure = true\n{}",
        if outside == Outside::Notifications { hook.as_str() } else { "" }
    );
    config::load(Some(("test.toml", &text)), &|_| None).unwrap()
}

fn vectors(url: &str, index: &str, embeddings: Option<Embeddings>) -> VectorSettings {
    let client = Pinecone::new(Secret::new(pinecone::API_KEY), url, index).unwrap();
    let index = VectorIndex::new(client, embeddings);
    VectorSettings { index, chunk_limits: Limits::of(200), poll_ms: 300_000, airtable: None }
}

fn model(url: &str) -> AiSettings {
    let endpoint = AiEndpoint {
        url: format!("{url}/v1"),
        api_key: Some(Secret::new(KEY)),
        model: MODEL.to_owned(),
        timeout: Duration::from_secs(20),
        tokens_key: TokensKey::MaxCompletionTokens,
        format: AnswerFormat::JsonSchema,
        answer_tokens_max: 512,
    };
    AiSettings {
        client: Ai::new(endpoint).unwrap(),
        tokens_per_day_max: 1_000_000,
        requests_per_minute: 6_000,
        confidence_min: 70,
        documents: false,
    }
}

async fn is_seen(database: Database, outside: Outside) {
    let world = World::new(database, outside).await;
    let mut dispatcher = world.dispatcher();
    world.fails();
    world.is_told().await;
    let is_halted = async || world.seen().await.is_some_and(|view| view.halted.is_some());
    world.work_until(&mut dispatcher, "left alone", is_halted).await;

    let open = world.seen().await.unwrap();
    assert!(!world.done().await, "{outside:?}: nothing could be done");
    let (console, api) = (world.console().await, world.api().await);
    assert!(console.contains("Breaker open: five tries in a row failed"), "{outside:?}: {console}");
    assert_eq!((&api["name"], &api["halted"]), (&json!(open.name), &json!("breaker")), "{outside:?}: {api}");
    assert_eq!(api["until"], json!(open.until), "{outside:?}: {api}");
    assert_eq!((world.metric("breaker").await, world.metric("paused").await), ("1".into(), "0".into()), "{outside:?}");
    let of_client = world.get("/api/v1/destinations", &[("authorization", &format!("Bearer {OF_ACME}"))]).await;
    assert_eq!(of_client.0, 403, "accounts serve several clients: {}", of_client.1);

    world.recovers();
    let is_well = async || world.done().await && world.seen().await.is_some_and(|view| view.halted.is_none());
    world.work_until(&mut dispatcher, "called again", is_well).await;
    let (console, api) = (world.console().await, world.api().await);
    assert!(console.contains("Called as work comes"), "{outside:?}: {console}");
    assert_eq!((&api["halted"], &api["until"]), (&Value::Null, &Value::Null), "{outside:?}: {api}");
    assert_eq!(api["breaker_open_until"], json!(open.until), "{outside:?}: it is told when it was left alone: {api}");
    assert_eq!(world.metric("breaker").await, "0", "{outside:?}");
    world.stop.cancel();
}

const ALL: [Outside; 8] = [
    Outside::Airtable,
    Outside::Gmail,
    Outside::Smartlead,
    Outside::Instantly,
    Outside::Pinecone,
    Outside::Embeddings,
    Outside::Ai,
    Outside::Notifications,
];

on_both! {
    async fn whoever_fails_is_left_alone_and_called_again_and_that_is_seen_everywhere(database: Database) {
        for outside in ALL {
            Box::pin(is_seen(Database::new(database.kind).await, outside)).await;
        }
    }
}

on_both! {
    async fn whoever_lets_nobody_in_is_left_alone_too(database: Database) {
        // Of Airtable and the index it is the instance's own, like a breaker; others are paused for all instances.
        for (outside, reason) in [
            (Outside::Airtable, "breaker"),
            (Outside::Pinecone, "breaker"),
            (Outside::Smartlead, "paused"),
            (Outside::Instantly, "paused"),
            (Outside::Ai, "paused"),
        ] {
            let world = World::new(Database::new(database.kind).await, outside).await;
            let mut dispatcher = world.dispatcher();
            world.denies();
            world.is_told().await;
            let is_halted = async || world.seen().await.is_some_and(|view| view.halted.is_some());
            world.work_until(&mut dispatcher, "left alone", is_halted).await;
            assert_eq!((world.api().await["halted"].clone(), world.metric(reason).await), (json!(reason), "1".into()), "{outside:?}");
            let console = world.console().await;
            assert!(!console.contains("Called as work comes") && !console.contains(KEY), "{outside:?}: {console}");
            world.recovers();
            let is_well = async || world.done().await && world.seen().await.is_some_and(|view| view.halted.is_none());
            world.work_until(&mut dispatcher, "called again", is_well).await;
            assert_eq!(world.metric(reason).await, "0", "{outside:?}");
            world.stop.cancel();
        }
    }
}
