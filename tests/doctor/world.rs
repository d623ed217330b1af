//! A service that is set up well, with everything that it can have: the stand-ins of all services, and a few events in the database.

use crate::common::place::Place;
use crate::common::{Kind, Person};
use sales_engine::intake::Now;
use sales_engine::sandbox::pinecone::{API_KEY, DIMENSION};
use sales_engine::sandbox::{Sandbox, ai, embeddings};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;
use std::sync::Arc;

pub(crate) const TOKEN: &str = "pat-test-token";
pub(crate) const SMARTLEAD_KEY: &str = "key-of-acme-at-smartlead";
pub(crate) const INSTANTLY_KEY: &str = "key-of-acme-at-instantly";
pub(crate) const MAILBOX: &str = "ann@sales.example";
pub(crate) const NOTIFY_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SUPPRESSION_KEY: &str = "a-long-random-text-of-this-test";

#[expect(clippy::disallowed_methods, reason = "the program beside it lives in real time")]
pub(crate) fn clock() -> Now {
    Arc::new(chrono::Utc::now)
}

pub(crate) struct World {
    pub place: Place,
    pub sandbox: Sandbox,
    pub config: String,
    /// The id of Smartlead's user-level webhook, which the deliveries name.
    pub webhook_id: u64,
    pub args: Vec<&'static str>,
    missed: RefCell<Vec<String>>,
}

impl World {
    pub(crate) async fn new(kind: Kind) -> Self {
        let world = Self::at(Place::on(kind, "").await).await;
        world.write();
        world.fill().await;
        world
    }

    /// The stand-ins and the configuration, on a database as it is.
    pub(crate) async fn at(place: Place) -> Self {
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, clock()).await.unwrap();
        let hooks = "https://sales.example.com/hooks";
        let events = ["EMAIL_SENT", "EMAIL_REPLY", "EMAIL_BOUNCE", "LEAD_UNSUBSCRIBED", "LEAD_CATEGORY_UPDATED"];
        let webhook_id = sandbox.smartlead(|smartlead| {
            let account = smartlead.open(SMARTLEAD_KEY);
            account.add_lead(7, "ada@example.com");
            account.add_webhook(&format!("{hooks}/smartlead/acme?token=sl-7f3a9c1e5b2d8f46"), None, &events)
        });
        sandbox.instantly(|instantly| {
            instantly.open(INSTANTLY_KEY).add_webhook(
                &format!("{hooks}/instantly/acme"),
                None,
                Some("all_events"),
                false,
            )
        });
        let grant = sandbox.google(|google| google.add_mailbox(MAILBOX));
        sandbox.notify(|receivers| receivers.know(&[NOTIFY_SECRET]));
        sandbox.pinecone(|pinecone| pinecone.add_index("plain", DIMENSION));
        let url = sandbox.url();
        let (model, words_key, address) = (ai::MODEL, embeddings::API_KEY, &place.address);
        let (client_id, client_secret, refresh_token) = (grant.client_id, grant.client_secret, grant.refresh_token);
        let config = format!(
            r#"listen = "127.0.0.1:0"
database_url = "{address}"
default_client = "acme"
admin_token = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
[suppression]
key = "{SUPPRESSION_KEY}"
[airtable]
token = "{TOKEN}"
base_id = "appTest"
api_url = "{url}"
webhook_url = "http://127.0.0.1:1/hooks/airtable"
[ai]
url = "{url}/v1"
model = "{model}"
api_key = "{TOKEN}"
[pinecone]
api_key = "{API_KEY}"
index = "plain"
api_url = "{url}"
[embeddings]
url = "{url}/v1"
api_key = "{words_key}"
model = "words"
[google]
api_url = "{url}"
token_url = "{url}/token"
certs_url = "{url}/oauth2/v3/certs"
[notifications.hook]
url = "{url}/notify/hook"
secrets = ["{NOTIFY_SECRET}"]
allow_private = true
[clients.acme]
name = "Acme"
time_zone = "Europe/Berlin"
[clients.acme.smartlead]
url_tokens = ["sl-7f3a9c1e5b2d8f46"]
api_key = "{SMARTLEAD_KEY}"
api_url = "{url}/api/v1"
[clients.acme.instantly]
header = "x-webhook-token"
secrets = ["in-91b7c04fd3e8a265"]
api_key = "{INSTANTLY_KEY}"
api_url = "{url}/api/v2"
[clients.acme.n8n]
secrets = ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]
[clients.acme.calcom]
secrets = ["cc-5d0e9a71f2b8c346"]
[clients.acme.calendly]
secrets = ["cy-c3a85f17e90b2d64"]
[clients.acme.gmail]
mailboxes = ["{MAILBOX}"]
topic = "projects/sales/topics/gmail"
audience = "https://sales.example.com/hooks/gmail/acme"
service_account = "push@project.iam.gserviceaccount.example"
client_id = "{client_id}"
client_secret = "{client_secret}"
[clients.acme.gmail.refresh_tokens]
"{MAILBOX}" = "{refresh_token}"
"#
        );
        Self { place, sandbox, config, webhook_id, args: Vec::new(), missed: RefCell::default() }
    }

    /// Writes the configuration as it stands.
    pub(crate) fn write(&self) {
        let file = self.place.folder().join("sales-engine.toml");
        std::fs::write(&file, &self.config).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The schema, a conversation, a webhook at Airtable, a watch at Gmail.
    async fn fill(&self) {
        self.place.json(&["migrate", "--json"]);
        if let Some(path) = self.place.address.strip_prefix("sqlite://") {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        self.deliver(self.webhook_id);
        let store = self.place.store().await;
        let now = clock()();
        let until = (now + chrono::TimeDelta::days(6)).to_rfc3339();
        store.set_cursor(&format!("gmail.watch:acme:{MAILBOX}"), Some(&until), now).await.unwrap();
    }

    /// Makes the webhook at Airtable and puts its secret into the configuration.
    pub(crate) fn with_airtable_webhook(&mut self) {
        let made = self.place.json(&["airtable", "webhook", "--json"]);
        let secret = made["webhook_secret"].as_str().unwrap();
        self.config = self.config.replace("[ai]\n", &format!("webhook_secrets = [\"{secret}\"]\n[ai]\n"));
        self.write();
    }

    /// A mail of a campaign and the answer to it, from this webhook of Smartlead's.
    pub(crate) fn deliver(&self, webhook_id: u64) {
        let about = |kind: &str, at: &str, more: Value| {
            let mut body = json!({ "event_type": kind, "event_timestamp": at, "campaign_id": 7, "sl_lead_email": "ada@example.com",
                "to_email": "ada@example.com", "stats_id": "6f0c2e0a-0b1b-4e5c-9c8b-5b9b6f5f0001", "sequence_number": 1,
                "webhook_id": webhook_id, "webhook_url": "https://sales.example.com/hooks/smartlead/acme?token=sl-7f3a9c1e5b2d8f46" });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let sent = about("EMAIL_SENT", "2026-11-18T09:00:00.000+00:00", json!({}));
        let reply = json!({ "reply_message": { "message_id": "<r1@example.com>", "text": "How much is it?",
            "html": "<p>How much is it?</p>", "time": "2026-11-18T10:00:00.000+00:00" } });
        let reply = about("EMAIL_REPLY", "2026-11-18T10:00:00.000+00:00", reply);
        for (name, body) in [("sent.json", sent), ("reply.json", reply)] {
            std::fs::write(self.place.folder().join(name), body.to_string()).unwrap();
            let done = self.place.run(&["replay", name, "--as", "smartlead", "--client", "acme"]);
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    }

    pub(crate) async fn person(&self) -> Person {
        Person::at(&self.place.address).await
    }

    pub(crate) fn doctor(&self, args: &[&str]) -> Output {
        let mut command = self.place.command(&["doctor"]);
        command.args(args).env_remove("SALES_ENGINE_SCHEDULE_MODE");
        command.output().unwrap()
    }

    /// No fault, and no warning but that the views of a base are made by hand.
    pub(crate) fn is_well(&self) {
        let examined = self.examined();
        let warnings: Vec<String> = examined.codes("warning").into_iter().collect();
        assert_eq!(
            (examined.codes("fault").len(), warnings.as_slice()),
            (0, &["airtable.by_hand".to_owned()][..]),
            "{:#}",
            examined.report
        );
    }

    /// What the doctor says of the configuration as it stands.
    pub(crate) fn examined(&self) -> Examined {
        self.write();
        let output = self.doctor(&[&["--json"], self.args.as_slice()].concat());
        let said = String::from_utf8(output.stdout).unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}{complaint}"));
        let secrets =
            [TOKEN, SMARTLEAD_KEY, INSTANTLY_KEY, NOTIFY_SECRET, SUPPRESSION_KEY, "sl-7f3a9c1e5b2d8f46", API_KEY];
        for secret in secrets {
            assert!(!said.contains(secret) && !complaint.contains(secret), "a secret is told: {said}{complaint}");
        }
        Examined { report, code: output.status.code().unwrap() }
    }
}

pub(crate) struct Examined {
    pub report: Value,
    pub code: i32,
}

impl Examined {
    fn findings(&self) -> &Vec<Value> {
        self.report["findings"].as_array().unwrap()
    }

    /// The codes of this severity.
    pub(crate) fn codes(&self, severity: &str) -> BTreeSet<String> {
        let is_it = |finding: &&Value| finding["severity"] == severity;
        self.findings().iter().filter(is_it).map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn with(&self, code: &str) -> Option<&Value> {
        self.findings().iter().find(|finding| finding["code"] == code)
    }

    /// Whether this code is found, at this place, says what to do, and has no fault beside it; else what is wrong.
    fn lacks(&self, code: &str, at: &str) -> Option<String> {
        let Some(found) = self.with(code) else { return Some(format!("no {code}: {}", self.short())) };
        let severity = found["severity"].as_str().unwrap();
        let (expected, exit) = match severity {
            "fault" => (BTreeSet::from([code.to_owned()]), 1),
            _ => (BTreeSet::new(), 3),
        };
        let is_well = found["at"].as_str().unwrap().contains(at)
            && severity != "ok"
            && !found["to_do"].as_str().unwrap().is_empty()
            && self.codes("fault") == expected
            && self.code == exit;
        (!is_well).then(|| format!("{code} at {at}, exit {}: {}", self.code, self.short()))
    }

    fn short(&self) -> String {
        let is_odd = |finding: &&Value| finding["severity"] != "ok";
        self.findings()
            .iter()
            .filter(is_odd)
            .map(|finding| format!("\n      {} {} {}", finding["code"], finding["at"], finding["what"]))
            .collect()
    }
}

impl World {
    /// Notes where the planted fault is not found alone; all are told at the end.
    pub(crate) fn finds(&self, what: &str, code: &str, at: &str) {
        let lacking = self.examined().lacks(code, at);
        self.missed.borrow_mut().extend(lacking.map(|lacking| format!("\n  {what}: {lacking}")));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let missed = self.missed.borrow().concat();
        assert!(missed.is_empty() || std::thread::panicking(), "{missed}");
    }
}
