//! The program, the stand-in for a language model and n8n, each knowing where the others are.

use super::common::Person;
use super::common::place::{Place, Served};
use super::common::postgres::Cluster;
use super::running::{N8n, free_port};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::ai::MODEL;
use sales_engine::services::post::Poster;
use sales_engine::sources::settings::Secret;
use sales_engine::sources::signature::{sign_hex, sign_standard};
use serde_json::{Value, json};
use std::sync::Arc;

const SIGNING: &str = "5b0c4f1e9a7d43b28c6e0f7a1d2b3c4d";
const NOTIFYING: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
const TOKENS: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const API: &str = "api-token-of-the-agency";
const MODEL_KEY: &str = "model-key";
pub(crate) const CLAY: [(&str, &str); 1] = [("x-clay-token", "clay-token-of-the-agency")];
/// How many notifications n8n remembers here; 10,000 in the files.
pub(crate) const REMEMBERED: usize = 30;
pub(crate) const DRAFT: &str = "Guten Tag, das Einstiegspaket kostet [ASK: Preis].";

pub(crate) struct World {
    pub(crate) engine: Place,
    pub(crate) served: Served,
    pub(crate) sandbox: Sandbox,
    pub(crate) n8n: N8n,
}

/// As docs/n8n.md says: n8n holds the text, the engine the same in Standard Webhooks' form.
fn standard(secret: &str) -> Secret {
    Secret::new(format!("whsec_{}", STANDARD.encode(secret)))
}

impl World {
    pub(crate) async fn new() -> Self {
        let now: Now = Arc::new(chrono::Utc::now);
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), MODEL_KEY, now).await.unwrap();
        sandbox.ai(|ai| ai.script.extend(std::iter::repeat_n(DRAFT.to_owned(), 20)));
        let port = free_port();
        let database = Cluster::shared().database().await;
        let (signing, notifying) = (standard(SIGNING), standard(NOTIFYING));
        let target = |path: &str| {
            let secret = notifying.expose();
            format!(
                "url = \"http://127.0.0.1:{port}/webhook/sales-engine/{path}\"\nsecrets = [\"{secret}\"]\nallow_private = true\n"
            )
        };
        let config = format!(
            "[suppression]\nkey = \"a key of this test alone, long enough\"\n[clients.agency]\napi_tokens = [\"{API}\"]\n\
             [clients.agency.n8n]\nsecrets = [\"{}\"]\n\
             [clients.agency.notifications.n8n]\n{}[clients.agency.notifications.agent]\nkinds = [\"reply.needs_action\"]\n{}",
            signing.expose(),
            target("notifications"),
            target("reply-agent"),
        );
        let engine = Place::with(database.clone(), &config);
        let served = engine.serve();
        let owner = Person::at(&database).await;
        owner.run(include_str!("../../docs/n8n-memory-role.sql")).await.unwrap();
        let (credentials, workflows) = (credentials(&sandbox, &database), workflows(&served.url));
        let n8n = N8n::start(port, &credentials, &workflows).await;
        Self { engine, served, sandbox, n8n }
    }

    /// The token of an address that n8n forwards from.
    pub(crate) fn token(source: &str, client: &str) -> String {
        sign_hex(&Secret::new(TOKENS), format!("{source}/{client}").as_bytes())
    }

    pub(crate) fn signature(id: &str, at: i64, body: &str) -> String {
        sign_standard(&standard(NOTIFYING), id, at, body.as_bytes()).unwrap()
    }

    pub(crate) async fn forwarded(&self, source: &str, body: &str) -> (u16, Value) {
        let token = Self::token(source, "agency");
        self.post(&format!("/webhook/sales-engine/forward?source={source}&client=agency&token={token}"), &[], body)
            .await
    }

    pub(crate) async fn post(&self, target: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
        let json = ("content-type", "application/json");
        let headers: Vec<(String, String)> =
            headers.iter().chain([&json]).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (status, answer) =
            Poster::new(&self.n8n.url).unwrap().post(target, &headers, body.to_owned()).await.unwrap();
        let text = String::from_utf8_lossy(&answer).into_owned();
        (status, serde_json::from_slice(&answer).unwrap_or(Value::String(text)))
    }

    pub(crate) fn deliveries(&self) -> usize {
        self.engine.json(&["deliveries", "--client", "agency", "--limit", "500", "--json"]).as_array().unwrap().len()
    }
}

/// The example with what a person would type into it.
fn credentials(sandbox: &Sandbox, database: &str) -> Value {
    let (_, place) = database.rsplit_once('@').unwrap();
    let (host, name) = place.split_once('/').unwrap();
    let (host, port) = host.split_once(':').unwrap();
    let mut credentials: Value = serde_json::from_str(include_str!("../../n8n/credentials.example.json")).unwrap();
    for credential in credentials.as_array_mut().unwrap() {
        let typed = match credential["id"].as_str().unwrap() {
            "seSigning" => json!({ "hmacSecret": SIGNING }),
            "seVerifying" => json!({ "hmacSecret": NOTIFYING }),
            "seAddressTokens" => json!({ "hmacSecret": TOKENS }),
            "seApi" => json!({ "value": format!("Bearer {API}") }),
            "seClay" => json!({ "name": CLAY[0].0, "value": CLAY[0].1 }),
            "seChatMemory" => {
                json!({ "host": host, "port": port.parse::<u16>().unwrap(), "database": name, "user": "n8n_memory",
                "password": "change-me", "ssl": "disable" })
            }
            "seModel" => json!({ "apiKey": MODEL_KEY, "url": format!("{}/v1", sandbox.url()) }),
            other => panic!("nobody said what to type into {other}"),
        };
        for (name, value) in typed.as_object().unwrap() {
            assert!(credential["data"].get(name).is_some(), "the example has no {name}");
            credential["data"][name] = value.clone();
        }
    }
    credentials
}

/// The files with what a person would type into `Settings` and `Model`.
fn workflows(engine_url: &str) -> Vec<Value> {
    let mut workflows: Vec<Value> = super::files::workflows().into_values().collect();
    for node in workflows.iter_mut().flat_map(|workflow| workflow["nodes"].as_array_mut().unwrap()) {
        for assignment in node["parameters"]["assignments"]["assignments"].as_array_mut().into_iter().flatten() {
            match assignment["name"].as_str().unwrap() {
                "engine_url" => assignment["value"] = json!(engine_url),
                "client" => assignment["value"] = json!("agency"),
                _ => {}
            }
        }
        if node["name"] == "Not seen before" {
            node["parameters"]["options"]["historySize"] = json!(REMEMBERED);
        }
        if node["name"] == "Model" {
            node["parameters"]["model"]["value"] = json!(MODEL);
        }
    }
    workflows
}
