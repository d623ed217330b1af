//! What the running program tells of itself: metrics as the standard wants them, the dashboard and the alert rules that read them, log
//! lines that can be followed; and what a shell and a reader learn of its commands.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is not there, or does not come, is a failed test"
)]

mod collector;
#[path = "../common/mod.rs"]
mod common;
#[path = "../python/mod.rs"]
mod python;
mod shell;
mod traces;

use common::place::Place;
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use sales_engine::services::post::Poster;
use serde_json::{Value, json};
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const TOKEN: &str = "pat-test-token";
const HOOK: &str = "/hooks/smartlead/acme?token=smartlead-token-of-acme";

#[expect(clippy::disallowed_methods, reason = "the program beside it lives in real time")]
fn clock() -> Now {
    Arc::new(chrono::Utc::now)
}

/// The program with an Airtable beside it, saying all that it can into a file, as JSON.
struct Running {
    place: Place,
    sandbox: Sandbox,
    child: Child,
    poster: Poster,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Running {
    async fn start() -> Self {
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, clock()).await.unwrap();
        Self::at(Place::new(&airtable(&sandbox)), sandbox).await
    }

    async fn at(place: Place, sandbox: Sandbox) -> Self {
        let (child, poster) = Self::served(&place).await;
        Self { place, sandbox, child, poster }
    }

    /// Begins anew where it has ended, with the same database and the configuration of now.
    async fn again(&mut self) {
        (self.child, self.poster) = Self::served(&self.place).await;
    }

    async fn served(place: &Place) -> (Child, Poster) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = place.command(&["serve"]);
        command.env("SALES_ENGINE_LISTEN", format!("127.0.0.1:{port}"));
        command.env("SALES_ENGINE_LOG", "debug,hyper=info,sqlx=info").env("SALES_ENGINE_LOG_FORMAT", "json");
        let said = File::create(place.folder().join("said.txt")).unwrap();
        let child = command.stdout(Stdio::null()).stderr(said).spawn().unwrap();
        let poster = Poster::new(&format!("http://127.0.0.1:{port}")).unwrap();
        let up = async {
            while poster.post("/hooks/n8n/beta", &[], String::new()).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), up).await.unwrap();
        (child, poster)
    }

    /// Posts what Smartlead would; gives the answer.
    async fn told(&self, who: &str, kind: &str, n: u32) -> Value {
        self.told_with(who, kind, n, &[]).await
    }

    async fn told_with(&self, who: &str, kind: &str, n: u32, headers: &[(String, String)]) -> Value {
        let body = json!({ "event_type": kind, "event_timestamp": format!("2026-11-18T{n:02}:00:00.000+00:00"), "campaign_id": 7,
            "sl_lead_email": who, "to_email": who, "stats_id": format!("6f0c2e0a-0b1b-4e5c-9c8b-5b9b6f5f00{n:02}"),
            "secret_key": "smartlead-key-of-acme", "sequence_number": 1,
            "reply_message": { "message_id": format!("<r{n}@example.com>"), "text": "How much is it?", "time": format!("2026-11-18T{n:02}:00:00.000+00:00") } });
        let (status, answer) = self.poster.post(HOOK, headers, body.to_string()).await.unwrap();
        assert_eq!(status, 200);
        serde_json::from_slice(&answer).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        let said = std::fs::read_to_string(self.place.folder().join("said.txt")).unwrap();
        let whole = said.rfind('\n').map_or("", |end| &said[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    }

    /// Bounded: what does not come is a failure, not a hang.
    async fn until(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                if let Some(line) = self.lines().into_iter().find(&is_it) {
                    return line;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let found = tokio::time::timeout(Duration::from_mins(1), found).await;
        found.unwrap_or_else(|_late| panic!("waited a minute for {what}: {:#?}", self.lines()))
    }
}

fn airtable(sandbox: &Sandbox) -> String {
    let url = sandbox.url();
    format!("[airtable]\ntoken = \"{TOKEN}\"\nbase_id = \"appTest\"\napi_url = \"{url}\"\npoll_seconds = 86400\n")
}

/// Of Debian's package, unpacked and not installed, where it is not there.
fn promtool(folder: &Path) -> PathBuf {
    if Command::new("promtool").arg("--version").output().is_ok() {
        return PathBuf::from("promtool");
    }
    let shell = "set -e; cd \"$1\"; apt-get download prometheus || { apt-get update; apt-get download prometheus; }; dpkg-deb -x prometheus_*.deb unpacked";
    python::succeeded("sh", &["-c", shell, "sh", folder.to_str().unwrap()]);
    folder.join("unpacked/usr/bin/promtool")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_as_the_standard_wants_and_dashboard_and_rules_read_what_is_there() {
    let running = Running::start().await;
    for n in 0..6 {
        running.told(&format!("ada{n}@example.com"), "EMAIL_SENT", n).await;
        running.told(&format!("ada{n}@example.com"), "EMAIL_REPLY", 10 + n).await;
    }
    // A path, a source and a token of somebody's own must not become labels.
    for path in ["/hooks/madeup-by-a-stranger/acme", "/hooks/smartlead/acme?token=stranger", "/elsewhere"] {
        running.poster.post(path, &[], "{}".to_owned()).await.unwrap();
    }
    let is_lead = |line: &Value| line["message"] == "a task is done" && line["kind"] == "airtable.sync_lead";
    running.until("a lead", is_lead).await;
    let folder = tempfile::tempdir().unwrap();
    let text = reached(&running, "/metrics").await;
    let file = folder.path().join("metrics.txt");
    std::fs::write(&file, &text).unwrap();
    let checked = tokio::task::spawn_blocking(move || {
        let python = python::environment(folder.path(), &["prometheus-client==0.21.1", "PyYAML==6.0.2"]);
        let root = env!("CARGO_MANIFEST_DIR");
        let script = format!("{root}/tests/observe/check.py");
        python::succeeded(&python, &[&script, file.to_str().unwrap(), root]);
        let promtool = promtool(folder.path());
        let rules = format!("{root}/deploy/prometheus/alerts.yml");
        python::succeeded(promtool.to_str().unwrap(), &["check", "rules", &rules]);
    });
    checked.await.unwrap();
    let asked = "sales_engine_outside_requests_total{destination=\"airtable\",outcome=\"2xx\"} ";
    let count = text.lines().find_map(|line| line.strip_prefix(asked)).unwrap_or_else(|| panic!("{text}"));
    assert!(count.parse::<u64>().unwrap() > 0, "{count}");
    assert!(text.contains("sales_engine_deliveries_total{source=\"smartlead\",outcome=\"applied\"} 12\n"), "{text}");
    assert!(text.contains("sales_engine_stage_changes_total{from=\"InSequence\",to=\"Interested\"} 6\n"), "{text}");
    assert!(text.contains("sales_engine_hook_requests_total{source=\"unknown\",status=\"404\"} 1\n"), "{text}");
    assert!(text.contains("sales_engine_contacts{stage=\"Interested\"} 6\n"), "{text}");
    assert!(!text.contains("stranger") && !text.contains("example.com") && text.ends_with("# EOF\n"), "{text}");
}

async fn reached(running: &Running, path: &str) -> String {
    let url = running.poster.base().to_owned() + path;
    let fetcher = sales_engine::services::fetch::Fetcher::new().unwrap();
    let file = running.place.folder().join("fetched");
    fetcher.fetch(&url, true, &file, 1_000_000).await.unwrap();
    std::fs::read_to_string(file).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_can_be_followed_through_the_log_to_the_end_of_its_tasks() {
    let running = Running::start().await;
    running.told("ada@example.com", "EMAIL_SENT", 9).await;
    // Airtable fails once, so that there is a try that does not succeed.
    running.sandbox.fail_next(sales_engine::sandbox::Fault::BadGateway);
    let delivery = running.told("ada@example.com", "EMAIL_REPLY", 10).await["delivery_id"].clone();
    assert!(delivery.is_string());
    let other = running.told("bob@example.com", "EMAIL_REPLY", 11).await["delivery_id"].clone();
    let is_about = |line: &Value, id: &Value| line["delivery_id"] == *id || line["span"]["delivery_id"] == *id;
    let applied = running.until("the delivery", |line| line["delivery_id"] == delivery).await;
    assert_eq!(
        (&applied["outcome"], &applied["source"], &applied["client"]),
        (&json!("applied"), &json!("smartlead"), &json!("acme"))
    );
    for id in [&delivery, &other] {
        let done = running
            .until("the lead", |line| {
                is_about(line, id) && line["message"] == "a task is done" && line["kind"] == "airtable.sync_lead"
            })
            .await;
        assert!(done["task_id"].is_string() && done["attempts"].is_number(), "{done}");
    }
    // Whatever is told of a task that a delivery wanted names it.
    let of_tasks: Vec<Value> =
        running.lines().into_iter().filter(|line| line["kind"] == "airtable.sync_lead").collect();
    assert!(of_tasks.iter().all(|line| is_about(line, &delivery) || is_about(line, &other)), "{of_tasks:#?}");
    for line in running.lines() {
        let text = line.to_string();
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{text}");
        for secret in [TOKEN, "smartlead-key-of-acme", "smartlead-token-of-acme", "@example.com", "How much"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
