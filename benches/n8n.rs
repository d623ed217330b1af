//! Sales Engine against a workflow of n8n that does a part of the same job, on the same PostgreSQL in one run: `cargo bench --bench n8n`.
//!
//! The workflow is what people build today from stock nodes: it normalises the webhook, looks the contact up, decides by expressions,
//! moves the contact, writes chat history and log, and answers at the end. It does less than the engine: no proof, no dedupe, no order, no
//! transaction, no reading of mails. n8n runs in the version and with the settings of `tests/n8n/`, its executions kept as by default, and
//! without; the better one counts. It is taken from npm where it is not there yet.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::string_slice,
    clippy::too_many_lines,
    clippy::wildcard_enum_match_arm,
    dead_code,
    reason = "a measuring program: what is not there ends it, the clock is what it reads; it shares modules of which it needs a part"
)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/n8n/install.rs"]
mod install;
mod load;
#[path = "../tests/n8n/running.rs"]
mod running;

use common::Person;
use common::place::Place;
use common::postgres::Cluster;
use load::{APPLIED, Measured, drive, payload, quantile, request};
use running::{N8n, free_port};
use sales_engine::domain::event::Source;
use serde_json::{Value, json};
use std::sync::Arc;

const CONTACTS: usize = 10_000;
const EVENTS_OF_N8N: usize = 300;
const EVENTS: usize = 30_000;
const CREDENTIAL: &str = "benchPostgres";

/// The owner's tables as n8n's users have them: their indexes, and nothing of the engine's.
const TABLES: &str = "
CREATE TABLE contacts (
    contact_id UUID PRIMARY KEY DEFAULT gen_random_uuid(), client_id VARCHAR NOT NULL, email VARCHAR NOT NULL,
    lead_status VARCHAR DEFAULT 'triage', pipeline_status VARCHAR DEFAULT 'open', campaign_status VARCHAR, lead_email_status VARCHAR,
    current_campaign_id VARCHAR, last_touch_date TIMESTAMPTZ, reply_count INTEGER DEFAULT 0, emails_sent_count INTEGER DEFAULT 0,
    has_engaged BOOLEAN DEFAULT FALSE, created_at TIMESTAMPTZ DEFAULT NOW(), updated_at TIMESTAMPTZ DEFAULT NOW(),
    UNIQUE (client_id, email)
);
CREATE INDEX idx_contacts_status ON contacts(lead_status);
CREATE INDEX idx_contacts_pipeline ON contacts(pipeline_status);
CREATE TABLE chat_history (
    chat_id UUID PRIMARY KEY DEFAULT gen_random_uuid(), session_id VARCHAR NOT NULL, client_id VARCHAR, campaign_id VARCHAR,
    platform VARCHAR NOT NULL, contact_identifier VARCHAR, subject VARCHAR, message_content TEXT NOT NULL, message_type VARCHAR,
    external_message_id VARCHAR, message_timestamp TIMESTAMPTZ NOT NULL, created_at TIMESTAMPTZ DEFAULT NOW()
);
CREATE INDEX idx_chat_session ON chat_history(session_id);
CREATE TABLE automation_logs (
    log_id UUID PRIMARY KEY DEFAULT gen_random_uuid(), automation_type VARCHAR NOT NULL, trigger_type VARCHAR NOT NULL,
    client_id VARCHAR, action_taken VARCHAR NOT NULL, status VARCHAR NOT NULL, timestamp TIMESTAMPTZ DEFAULT NOW()
);";

fn assignments(values: &[(&str, &str)]) -> Value {
    let set: Vec<Value> = values
        .iter()
        .map(|(name, value)| json!({ "id": name, "name": name, "value": format!("={{{{ {value} }}}}"), "type": "string" }))
        .collect();
    json!({ "assignments": { "assignments": set }, "options": {} })
}

fn query(text: &str, values: &str) -> Value {
    json!({
        "operation": "executeQuery", "query": text,
        "options": { "queryReplacement": format!("={{{{ [{values}] }}}}") }
    })
}

/// Stock nodes in a row, each connected to the next.
fn workflow() -> Value {
    let event = "$('Event').item.json";
    let nodes = [
        ("Webhook", "webhook", 2.1, json!({ "httpMethod": "POST", "path": "outreach", "responseMode": "lastNode", "options": {} })),
        (
            "Event",
            "set",
            3.4,
            assignments(&[
                ("email", "$json.body.sl_lead_email ?? $json.body.lead_email ?? $json.body.email"),
                ("kind", "($json.body.event_type ?? $json.body.kind).toLowerCase()"),
                ("at", "$json.body.event_timestamp ?? $json.body.timestamp ?? $json.body.occurred_at"),
                ("campaign", "String($json.body.campaign_id ?? '')"),
                ("subject", "$json.body.subject ?? $json.body.reply_subject ?? $json.body.email_subject ?? ''"),
                (
                    "text",
                    "$json.body.reply_message?.text ?? $json.body.sent_message?.text ?? $json.body.reply_text ?? $json.body.email_html ?? \
                     $json.body.text ?? ''",
                ),
                ("message", "$json.body.reply_message?.message_id ?? $json.body.sent_message?.message_id ?? $json.body.email_id ?? ''"),
            ]),
        ),
        (
            "Contact",
            "postgres",
            2.6,
            query(
                "SELECT contact_id, lead_status, pipeline_status FROM contacts WHERE client_id = 'acme' AND email = $1",
                "$json.email",
            ),
        ),
        (
            "Stage",
            "set",
            3.4,
            assignments(&[
                ("contact", "$json.contact_id"),
                (
                    "lead_status",
                    &format!(
                        "{event}.kind.includes('repl') ? 'interested' : {event}.kind.includes('unsub') ? 'do_not_contact' : 'active'"
                    ),
                ),
                ("pipeline_status", &format!("{event}.kind.includes('repl') ? 'follow_up' : {event}.kind.includes('unsub') ? 'closed' : 'open'")),
                ("replies", &format!("{event}.kind.includes('repl') ? '1' : '0'")),
                ("sent", &format!("{event}.kind.includes('sent') ? '1' : '0'")),
            ]),
        ),
        (
            "Move",
            "postgres",
            2.6,
            query(
                "UPDATE contacts SET lead_status = $2, pipeline_status = $3, reply_count = reply_count + $4::INT,
                 emails_sent_count = emails_sent_count + $5::INT, last_touch_date = $6::TIMESTAMPTZ, updated_at = NOW()
                 WHERE contact_id = $1::UUID RETURNING contact_id",
                &format!("$json.contact, $json.lead_status, $json.pipeline_status, $json.replies, $json.sent, {event}.at"),
            ),
        ),
        (
            "History",
            "postgres",
            2.6,
            query(
                "INSERT INTO chat_history (session_id, client_id, campaign_id, platform, contact_identifier, subject, message_content,
                    message_type, external_message_id, message_timestamp)
                 VALUES ($1, 'acme', $2, 'smartlead', $1, $3, $4, $5, $6, $7::TIMESTAMPTZ) RETURNING chat_id",
                &format!("{event}.email, {event}.campaign, {event}.subject, {event}.text, {event}.kind, {event}.message, {event}.at"),
            ),
        ),
        (
            "Log",
            "postgres",
            2.6,
            query(
                "INSERT INTO automation_logs (automation_type, trigger_type, client_id, action_taken, status)
                 VALUES ('outreach', 'webhook', 'acme', $1, 'success') RETURNING log_id",
                &format!("{event}.kind"),
            ),
        ),
    ];
    let mut connections = serde_json::Map::new();
    for pair in nodes.windows(2) {
        connections
            .insert(pair[0].0.to_owned(), json!({ "main": [[{ "node": pair[1].0, "type": "main", "index": 0 }]] }));
    }
    let nodes: Vec<Value> = nodes
        .into_iter()
        .enumerate()
        .map(|(nth, (name, kind, version, parameters))| {
            let mut node = json!({
                "id": format!("bench-{name}"), "name": name, "type": format!("n8n-nodes-base.{kind}"), "typeVersion": version,
                "position": [200 * nth, 0], "parameters": parameters
            });
            match kind {
                "webhook" => node["webhookId"] = json!("bench-outreach"),
                "postgres" => node["credentials"] = json!({ "postgres": { "id": CREDENTIAL, "name": "PostgreSQL" } }),
                _ => {}
            }
            node
        })
        .collect();
    json!({
        "id": "benchOutreach", "name": "Outreach", "nodes": nodes, "connections": connections, "settings": {}, "active": false
    })
}

fn credentials(address: &str) -> Value {
    let (_, place) = address.rsplit_once('@').unwrap();
    let (host, name) = place.split_once('/').unwrap();
    let (host, port) = host.split_once(':').unwrap();
    json!([{
        "id": CREDENTIAL, "name": "PostgreSQL", "type": "postgres",
        "data": {
            "host": host, "port": port.parse::<u16>().unwrap(), "database": name, "user": "postgres", "password": "none-is-asked-for",
            "ssl": "disable", "maxConnections": 100
        }
    }])
}

fn post((_, body): &(Source, String)) -> Vec<u8> {
    format!(
        "POST /webhook/outreach HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn tell(who: &str, connections: usize, measured: &mut Measured) {
    println!(
        "  {who}, {connections} connections: {:.1} events/s; p50 {:.1} p99 {:.1} ms",
        measured.per_second,
        quantile(&mut measured.times_ms, 0.5),
        quantile(&mut measured.times_ms, 0.99)
    );
}

async fn of_n8n(keep: bool) -> f64 {
    let address = Cluster::shared().database().await;
    let person = Person::at(&address).await;
    person.run(TABLES).await.unwrap();
    let fill = format!(
        "INSERT INTO contacts (client_id, email) SELECT 'acme', 'p' || n || '@example.com' FROM generate_series(0, {CONTACTS} - 1) AS n;
         ANALYZE contacts; CHECKPOINT"
    );
    person.run(&fill).await.unwrap();
    let mut workflow = workflow();
    if !keep {
        workflow["settings"] = json!({ "saveDataSuccessExecution": "none", "saveDataErrorExecution": "none", "saveExecutionProgress": false });
    }
    let n8n = N8n::start(free_port(), &credentials(&address), &[workflow]).await;
    let mut best: f64 = 0.0;
    let mut posted = 0;
    for connections in [1, 8, 32] {
        let requests = (posted..posted + EVENTS_OF_N8N).map(|nth| post(&payload(nth, CONTACTS, 0))).collect();
        posted += EVENTS_OF_N8N;
        let mut measured = drive(&n8n.url, Arc::new(requests), connections, None, "log_id").await;
        let kept = if keep { "n8n, executions kept" } else { "n8n, nothing kept" };
        tell(kept, connections, &mut measured);
        best = best.max(measured.per_second);
    }
    let logged = person.texts("SELECT count(*)::TEXT AS x FROM automation_logs").await;
    assert_eq!(logged, [posted.to_string()], "what it answered is what it did");
    best
}

async fn of_the_engine() -> f64 {
    let place = Place::with(Cluster::shared().database().await, "");
    place.json(&["migrate", "--json"]);
    let person = Person::at(&place.address).await;
    let fill = format!(
        "SET sales_engine.writer = 'engine';
         INSERT INTO contacts (contact_id, client_id, email, fold) SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::UUID,
            'acme', 'p' || n || '@example.com', '{{\"stage\":\"New\"}}' FROM generate_series(0, {CONTACTS} - 1) AS n;
         ANALYZE contacts; CHECKPOINT"
    );
    person.run(&fill).await.unwrap();
    let served = place.serve();
    let mut best: f64 = 0.0;
    let mut posted = 0;
    for connections in [1, 64, 256] {
        let events = if connections == 1 { EVENTS / 10 } else { EVENTS };
        let requests = (posted..posted + events).map(|nth| request(&payload(nth, CONTACTS, 0))).collect();
        posted += events;
        let mut measured = drive(&served.url, Arc::new(requests), connections, None, APPLIED).await;
        tell("Sales Engine", connections, &mut measured);
        best = best.max(measured.per_second);
    }
    best
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let kept = of_n8n(true).await;
        let bare = of_n8n(false).await;
        let engine = of_the_engine().await;
        println!("  Sales Engine / the better of n8n: {:.0} times as many events a second", engine / kept.max(bare));
    });
}
