//! Traces: the program as a process, a collector beside it, and what arrives there.

use super::collector::{Collector, Manner, Span, resource_of};
use super::common::place::Place;
use super::common::{Kind, Person};
use super::{Running, TOKEN, airtable, clock, python, reached};
use sales_engine::sandbox::Sandbox;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

const TEAM: &str = "token-of-the-team-at-the-vendor";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn telemetry(url: &str) -> String {
    format!("[telemetry]\notlp_endpoint = \"{url}\"\notlp_headers = \"x-vendor-team={TEAM}\"\n")
}

async fn sandbox() -> Sandbox {
    Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, clock()).await.unwrap()
}

/// The program with a collector, and with what else is configured.
async fn running(collector: &Collector, extra: &str) -> Running {
    Running::at(Place::new(&(telemetry(&collector.url) + extra)), sandbox().await).await
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// A request of the listener's for this delivery.
fn is_request(span: &Span, delivery: &Value) -> bool {
    span.kind == 2 && span.has("sales_engine.delivery.id") == delivery["delivery_id"].as_str().unwrap()
}

/// The part of this span that has this name.
fn part(spans: &[Span], of: &Span, name: &str) -> Option<Span> {
    spans.iter().find(|span| span.trace == of.trace && span.parent == of.id && span.name == name).cloned()
}

/// No span holds a person, a secret or an address of the network: neither as a value nor anywhere in the bytes.
fn tells_nothing(collector: &Collector) {
    for received in collector.received().into_iter().filter(|received| received.path == "/v1/traces") {
        let text = String::from_utf8_lossy(&received.body);
        for hidden in [
            "example.com",
            TOKEN,
            TEAM,
            "smartlead-key",
            "smartlead-token",
            "whsec_",
            "n8n-secret",
            "How much",
            "127.0.0.1",
            "http://",
            "token=",
            "appTest",
        ] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
    }
    // An id may have any bytes, so what is short is looked for in the texts alone.
    for span in collector.spans() {
        let texts: String = span.attributes.values().chain([&span.name]).map(|text| format!("{text} ")).collect();
        for hidden in ["@", "?", "://"] {
            assert!(!texts.contains(hidden), "{hidden}: {span:#?}");
        }
    }
}

/// Told to end as a supervisor does; gives its exit code.
async fn ended(running: &mut Running) -> Option<i32> {
    let id = running.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let ended = async {
        loop {
            if let Some(status) = running.child.try_wait().unwrap() {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), ended).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_one_trace_from_its_request_to_its_lead() {
    for (kind, database) in [(Kind::Sqlite, "sqlite"), (Kind::Postgres, "postgresql")] {
        let collector = one_trace(kind, database).await;
        tells_nothing(&collector);
        if kind == Kind::Sqlite {
            others_read_the_same(&collector).await;
        }
    }
}

async fn one_trace(kind: Kind, database: &str) -> Collector {
    let collector = Collector::start(Manner::Takes).await;
    let sandbox = sandbox().await;
    let target = format!(
        "[notifications.ops]\nurl = \"{}/told\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\nallow_private = true\n",
        collector.url
    );
    let extra = telemetry(&collector.url) + &airtable(&sandbox) + &target;
    let running = Running::at(Place::on(kind, &extra).await, sandbox).await;
    running.told("ada@example.com", "EMAIL_SENT", 9).await;
    let delivery = running.told("ada@example.com", "EMAIL_REPLY", 10).await;
    let request = collector.span("the request", |span| is_request(span, &delivery)).await;
    assert_eq!((request.name.as_str(), request.parent.as_str()), ("POST /hooks/smartlead", ""));
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.response.status_code", "200"),
        ("http.route", "/hooks/smartlead"),
        ("sales_engine.source", "smartlead"),
        ("sales_engine.client", "acme"),
        ("sales_engine.delivery.outcome", "applied"),
    ] {
        assert_eq!(request.has(key), value, "{request:#?}");
    }
    let parts = |spans: &[Span]| {
        let parts = ["prove and read", "wait", "apply"].map(|name| part(spans, &request, name));
        let [Some(read), Some(wait), Some(apply)] = parts else { return None };
        Some((read, wait, apply))
    };
    let (read, wait, apply) = collector.until("the parts of the request", parts).await;
    assert!(request.begun <= read.begun && read.ended <= wait.ended && wait.ended <= apply.ended, "{apply:#?}");

    // The batch is a trace of its own; each knows the other.
    let is_batch = |span: &Span| span.name == "apply batch" && span.links.contains(&request.own());
    let batch = collector.span("the batch", is_batch).await;
    assert_eq!(apply.links, [batch.own()]);
    assert!(batch.trace != request.trace && batch.parent.is_empty());
    assert_eq!((batch.has("messaging.batch.message_count"), batch.has("db.system.name")), ("1", database));
    for name in ["load", "write"] {
        let worked = collector.until("the database", |spans| part(spans, &batch, name)).await;
        assert_eq!((worked.kind, worked.has("db.system.name")), (3, database));
    }

    // The lead's task goes on in the delivery's trace, and so does what Airtable is asked.
    let is_lead = |span: &Span| span.name == "airtable.sync_lead" && span.trace == request.trace;
    let lead = collector.span("the lead's task", is_lead).await;
    assert_eq!((lead.parent.as_str(), lead.kind), (request.id.as_str(), 5));
    assert_eq!(lead.has("sales_engine.delivery.id"), delivery["delivery_id"]);
    assert_eq!(lead.has("sales_engine.task.outcome"), "done");
    let is_asked = |span: &Span| span.parent == lead.id && span.has("peer.service") == "airtable";
    let asked = collector.span("what Airtable was asked", is_asked).await;
    assert_eq!((asked.trace.as_str(), asked.kind), (request.trace.as_str(), 3));
    assert_eq!((asked.has("http.response.status_code"), asked.is_error), ("200", false));
    assert!(lead.begun <= asked.begun && asked.ended <= lead.ended);

    // Logs and traces meet.
    let is_applied = |line: &Value| line["delivery_id"] == delivery["delivery_id"] && line["trace_id"].is_string();
    let line = running.until("the delivery's line", is_applied).await;
    assert_eq!(line["trace_id"], request.trace.as_str(), "{line}");
    let is_done = |line: &Value| line["message"] == "a task is done" && line["trace_id"] == request.trace.as_str();
    running.until("the task's line", is_done).await;

    // Whoever is told can go on with the trace of the telling.
    let told = collector.span("a notification's request", |span| span.name == "POST notify").await;
    let carried = format!("00-{}-{}-01", told.trace, told.id);
    let is_told = |headers: &std::collections::BTreeMap<String, String>| headers.get("traceparent") == Some(&carried);
    assert!(collector.received().iter().any(|one| one.path == "/told" && is_told(&one.headers)), "{carried}");
    let telling = collector.span("the telling", |span| span.id == told.parent).await;
    assert_eq!(
        (telling.name.as_str(), telling.kind, telling.has("messaging.operation.type")),
        ("notification", 4, "send")
    );

    let first = collector.received().into_iter().find(|received| received.path == "/v1/traces").unwrap();
    assert_eq!(first.headers["x-vendor-team"], TEAM);
    assert_eq!(first.headers["content-type"], "application/x-protobuf");
    let resource = resource_of(&first.body);
    assert_eq!(resource["service.name"], "sales-engine");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    let doctor: Value = serde_json::from_slice(&running.place.run(&["doctor", "--json"]).stdout).unwrap();
    let codes: Vec<&Value> = doctor["findings"].as_array().unwrap().iter().map(|finding| &finding["code"]).collect();
    assert!(codes.contains(&&json!("telemetry.well")), "{doctor:#}");
    let said = std::fs::read_to_string(running.place.folder().join("said.txt")).unwrap();
    assert!(!said.contains(TEAM) && !doctor.to_string().contains(TEAM));
    drop(running);
    collector
}

/// OpenTelemetry's own Python classes find the same spans in the bytes.
async fn others_read_the_same(collector: &Collector) {
    let folder = tempfile::tempdir().unwrap();
    let traces = collector.received().into_iter().filter(|received| received.path == "/v1/traces");
    let mut ours: Vec<Value> = Vec::new();
    // A request of no spans is the doctor's.
    for (n, received) in traces.filter(|received| !received.body.is_empty()).enumerate() {
        std::fs::write(folder.path().join(format!("{n:04}.otlp")), &received.body).unwrap();
        for span in super::collector::spans_of(&received.body) {
            let mut links: Vec<String> = span.links.into_iter().map(|(_, id)| id).collect();
            links.sort();
            ours.push(json!([span.trace, span.id, span.parent, span.name, links]));
        }
    }
    ours.sort_by_key(Value::to_string);
    let read = tokio::task::spawn_blocking(move || {
        let python = python::environment(folder.path(), &["opentelemetry-proto==1.45.2"]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/observe/otlp.py");
        let found = folder.path().join("found.json");
        python::succeeded(&python, &[script, folder.path().to_str().unwrap(), found.to_str().unwrap()]);
        serde_json::from_slice::<Vec<Value>>(&std::fs::read(found).unwrap()).unwrap()
    });
    let mut read = read.await.unwrap();
    read.sort_by_key(Value::to_string);
    assert!(ours.len() > 10, "{}", ours.len());
    assert_eq!(read, ours);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_for_several_deliveries_links_to_each_of_them_even_in_another_process() {
    let collector = Collector::start(Manner::Takes).await;
    let sandbox = sandbox().await;
    let base = airtable(&sandbox);
    // Without Airtable the leads wait.
    let mut first = Running::at(Place::new(&telemetry(&collector.url)), sandbox).await;
    let mut deliveries = Vec::new();
    for n in 0..3 {
        deliveries.push(first.told(&format!("ada{n}@example.com"), "EMAIL_REPLY", 10 + n).await);
    }
    let mut requests = BTreeSet::new();
    for delivery in &deliveries {
        requests.insert(collector.span("a request", |span| is_request(span, delivery)).await.own());
    }
    assert_eq!(ended(&mut first).await, Some(0));
    let file = first.place.folder().join("sales-engine.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config + &base).unwrap();
    // Refused once, so that what went wrong is seen too.
    first.sandbox.fail_next(sales_engine::sandbox::Fault::BadGateway);
    first.again().await;
    let is_done = |span: &Span| span.name == "airtable.sync_lead" && span.has("sales_engine.task.outcome") == "done";
    let done = |spans: &[Span]| {
        let leads: Vec<Span> = spans.iter().filter(|span| is_done(span)).cloned().collect();
        (leads.iter().map(|lead| lead.links.len().max(1)).sum::<usize>() >= 3).then_some(leads)
    };
    let leads = collector.until("three leads", done).await;
    let of_alone =
        leads.iter().filter(|lead| lead.links.is_empty()).map(|lead| (lead.trace.clone(), lead.parent.clone()));
    let of_several = leads.iter().flat_map(|lead| lead.links.clone());
    assert_eq!(of_alone.chain(of_several).collect::<BTreeSet<_>>(), requests, "{leads:#?}");
    let tried = collector.span("the try that failed", |span| span.name == "airtable.sync_lead" && span.is_error).await;
    assert_eq!(tried.links.len(), 3, "{tried:#?}");
    assert_eq!((tried.parent.as_str(), tried.has("messaging.batch.message_count")), ("", "3"));
    assert_eq!(tried.has("error.type"), "retry");
    let is_asked = |span: &Span| span.parent == tried.id && span.has("http.response.status_code") == "502";
    let asked = collector.span("what Airtable was asked", is_asked).await;
    assert!(asked.is_error && asked.has("error.type") == "502", "{asked:#?}");
    tells_nothing(&collector);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_traceparent_is_followed_where_it_is_the_operators_own() {
    let collector = Collector::start(Manner::Takes).await;
    let running = running(&collector, "").await;
    let own = |flags: &str| {
        vec![
            header("x-n8n-secret", "n8n-secret-of-beta"),
            header("traceparent", &format!("00-{TRACE}-{PARENT}-{flags}")),
            header("tracestate", "vendor=1"),
        ]
    };
    let post = async |headers: &[(String, String)], email: &str| {
        let body = json!({ "kind": "email_sent", "email": email, "occurred_at": "2026-11-18T09:00:00Z" }).to_string();
        running.poster.post("/hooks/n8n/beta", headers, body).await.unwrap()
    };
    // One that its sender does not keep is not kept here, and one that can't be proven is not followed.
    let (status, unkept) = post(&own("00"), "ada1@example.com").await;
    assert_eq!(status, 200);
    let unkept: Value = serde_json::from_slice(&unkept).unwrap();
    let stranger = [header("x-n8n-secret", "of-a-stranger"), header("traceparent", &format!("00-{TRACE}-{PARENT}-01"))];
    assert_eq!(post(&stranger, "ada2@example.com").await.0, 401);
    let (_, kept) = post(&own("01"), "ada3@example.com").await;
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    let request = collector.span("n8n's request", |span| is_request(span, &kept)).await;
    assert_eq!((request.trace.as_str(), request.parent.as_str()), (TRACE, PARENT));
    let refused = collector.span("the stranger's", |span| span.has("http.response.status_code") == "401").await;
    assert!(refused.trace != TRACE && refused.parent.is_empty() && refused.links.is_empty(), "{refused:#?}");
    assert!(refused.has("sales_engine.client").is_empty(), "{refused:#?}");

    // A platform's own trace is linked to, and decides nothing.
    let foreign = [header("traceparent", &format!("00-{TRACE}-{PARENT}-00"))];
    let delivery = running.told_with("ada@example.com", "EMAIL_SENT", 9, &foreign).await;
    let request = collector.span("Smartlead's request", |span| is_request(span, &delivery)).await;
    assert!(request.trace != TRACE && request.parent.is_empty());
    assert_eq!(request.links, [(TRACE.to_owned(), PARENT.to_owned())]);
    // What came before is here by now: spans are sent in the order of their ends.
    assert!(!collector.spans().iter().any(|span| is_request(span, &unkept)));
    tells_nothing(&collector);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_collector_does_webhooks_are_taken() {
    for manner in [Some(Manner::Answers(503)), Some(Manner::Answers(400)), None] {
        let collector = Collector::start(manner.unwrap_or(Manner::Takes)).await;
        // Nobody listens at the port of a listener that is gone.
        let url = if manner.is_some() { collector.url.clone() } else { "http://127.0.0.1:1".to_owned() };
        let mut running = Running::at(Place::new(&telemetry(&url)), sandbox().await).await;
        for n in 0..20 {
            running.told(&format!("ada{n}@example.com"), "EMAIL_SENT", n).await;
        }
        let told = |line: &Value| line["message"].as_str().is_some_and(|text| text.contains("the collector of traces"));
        let warned = running.until("that the collector fails", told).await;
        assert_eq!(warned["level"], "WARN", "{manner:?}: {warned}");
        assert_eq!(ended(&mut running).await, Some(0), "{manner:?}");
        // Told once, not for each try.
        let count = running.lines().into_iter().filter(told).count();
        assert_eq!(count, 1, "{manner:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_finds_no_room_is_dropped_and_counted_and_goes_on_when_the_collector_is_back() {
    let collector = Collector::start(Manner::Hangs).await;
    let mut running = running(&collector, "").await;
    // Each leaves five spans; the queue has 2,048, a request 512.
    let posts = async |lane: u32| {
        for n in 0..90 {
            running.told(&format!("ada{lane}.{n}@example.com"), "EMAIL_SENT", n % 20).await;
        }
    };
    tokio::join!(posts(0), posts(1), posts(2), posts(3), posts(4), posts(5), posts(6), posts(7));
    let counted = |text: &str, outcome: &str| {
        let name = format!("sales_engine_trace_spans_total{{outcome=\"{outcome}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse::<u64>().unwrap()
    };
    let text = reached(&running, "/metrics").await;
    let dropped = counted(&text, "dropped");
    assert!(dropped >= 720 * 4 - 2_048 - 512, "{dropped}");
    assert_eq!(counted(&text, "taken"), 0);
    collector.is_now(Manner::Takes);
    let is_back = |line: &Value| line["message"] == "the collector of traces takes spans again";
    running.until("that it takes spans again", is_back).await;
    let delivery = running.told("bob@example.com", "EMAIL_SENT", 9).await;
    collector.span("a request afterwards", |span| is_request(span, &delivery)).await;
    // At the end of the program what is still here is sent.
    let last = running.told("eve@example.com", "EMAIL_SENT", 9).await;
    assert_eq!(ended(&mut running).await, Some(0));
    assert!(collector.spans().iter().any(|span| is_request(span, &last)));
    // A collector that hangs holds the end of the program up for no more than a moment.
    collector.is_now(Manner::Hangs);
    running.again().await;
    running.told("ada@example.com", "EMAIL_REPLY", 10).await;
    assert_eq!(ended(&mut running).await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_made_unless_it_is_asked_for() {
    let collector = Collector::start(Manner::Takes).await;
    for extra in [String::new(), telemetry(&collector.url) + "trace_ratio = 0.0\n"] {
        let is_off = extra.is_empty();
        let mut running = Running::at(Place::new(&extra), sandbox().await).await;
        running.told("ada@example.com", "EMAIL_SENT", 9).await;
        running.told("ada@example.com", "EMAIL_REPLY", 10).await;
        let text = reached(&running, "/metrics").await;
        for outcome in ["taken", "dropped"] {
            assert!(text.contains(&format!("sales_engine_trace_spans_total{{outcome=\"{outcome}\"}} 0\n")), "{text}");
        }
        assert_eq!(ended(&mut running).await, Some(0));
        assert!(running.lines().iter().all(|line| line["trace_id"].is_null()));
        let payloads = Person::at(&running.place.address).await.texts("SELECT payload AS x FROM tasks").await;
        let carried = payloads.iter().filter(|payload| payload.contains("traceparent")).count();
        assert!(payloads.iter().any(|payload| payload.contains("delivery_id")), "{payloads:?}");
        assert_eq!(carried > 0, !is_off, "{payloads:?}");
    }
    assert_eq!(collector.connections(), 0);
}
