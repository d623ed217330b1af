//! The console's pages and the API's answers over a big PostgreSQL: how long the server takes for each, as a client on this machine
//! sees it. `cargo bench --bench console -- --contacts N --rounds N`. A page over 200 ms ends it with a failure.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stdout,
    clippy::too_many_lines,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a measuring program: what is not there ends it, the clock is what it reads"
)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/console/http.rs"]
mod http;

use common::place::Place;
use common::{Kind, Person};
use http::{Answer, send};
use std::time::{Duration, Instant};

const TOKEN: &str = "the-admin-token-of-this-bench";
/// What no page may take.
const LIMIT: Duration = Duration::from_millis(200);

/// By the contact's number: eight stages, the common ones more often.
const STAGES: &str = "(VALUES
    (0, 'triage', 'open', NULL, NULL), (1, 'active', 'open', 'active', NULL), (2, 'active', 'open', 'active', NULL),
    (3, 'active', 'open', 'completed', 'no_reply'), (4, 'active', 'open', 'completed', 'no_reply'),
    (5, 'active', 'open', 'completed', 'bounced'), (6, 'interested', 'follow_up', 'completed', 'replied'),
    (7, 'not_interested', 'closed', 'completed', 'replied'), (8, 'do_not_contact', 'closed', 'completed', 'unsubscribed'),
    (9, 'ghosted', 'follow_up', 'completed', 'replied')) AS s(nth, lead, pipeline, campaign, email)";

/// Written as the engine, whose checks bulk does not need; the counters count it all the same.
async fn fill(person: &Person, contacts: usize) {
    let of = |what: &str, select: &str| {
        format!(
            "SET sales_engine.writer = 'engine'; SET synchronous_commit = 'off'; INSERT INTO {what} SELECT {select}"
        )
    };
    let id = "('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::UUID";
    let at = |spread: usize| format!("now() - make_interval(secs => (i::BIGINT * 7919 % {spread})::INT)");
    let (half, fifth, month) = (contacts / 2, contacts / 5, 2_592_000);
    for statement in [
        of(
            "lead_lists (list_id, client_id, list_name)",
            &format!("{id}, 'c' || (i % 5), 'list ' || i FROM generate_series(1, 200) AS i"),
        ),
        of(
            "contacts (contact_id, client_id, email, first_name, company_name, list_id, lead_status, pipeline_status, campaign_status,
                lead_email_status, current_campaign_id, fold)",
            &format!(
                "{id}, 'c' || (i % 5), 'p' || i || '@d' || (i % 50000) || '.example', 'P' || i, 'Company ' || (i % 50000),
                 ('00000000-0000-7000-8000-' || lpad(to_hex(1 + i % 200), 12, '0'))::UUID, s.lead, s.pipeline, s.campaign, s.email,
                 CASE WHEN s.campaign = 'active' THEN 'campaign ' || (i % 300) END, jsonb_build_object('stage', 'New')
                 FROM generate_series(1, {contacts}) AS i JOIN {STAGES} ON s.nth = i % 10"
            ),
        ),
        of(
            "deliveries (delivery_id, client_id, source, received_at, outcome, reason, body, body_sha256, events_count)",
            &format!(
                "{id}, 'c' || (i % 5), CASE WHEN i % 100 = 0 THEN 'calcom' ELSE 'smartlead' END, {}, CASE WHEN i % 1000 = 0 THEN
                 'unrecognised' WHEN i % 20 = 0 THEN 'duplicate' ELSE 'applied' END, NULL, '{{}}', ''::BYTEA, 1
                 FROM generate_series(1, {half}) AS i",
                at(month)
            ),
        ),
        // A tenth of them belongs to one contact in a thousand, so that some have a long past.
        of(
            "events (event_id, client_id, contact_id, dedupe_key, kind, source, occurred_at, received_at, delivery_id, seen, stage_before,
                stage_after, refused, rule)",
            &format!(
                "{id}, 'c' || (i % 5), ('00000000-0000-7000-8000-' || lpad(to_hex(CASE WHEN i % 10 = 0 THEN 1 + i / 10 % 50 ELSE i END), 12,
                 '0'))::UUID, 'email_sent:' || i, 'email_sent', 'smartlead', {0}, {0}, {id}, '{{}}', 'New', 'InSequence', FALSE,
                 'mail of a campaign' FROM generate_series(1, {half}) AS i",
                at(month)
            ),
        ),
        of(
            "chat_history (chat_id, session_id, platform, message_content, message_type, message_status, message_timestamp, contact_id,
                message_key)",
            &format!(
                "{id}, 'c:' || i, 'smartlead', repeat('words of a mail ', 20), 'campaign', 'sent', {}, {id}, 'email_sent:' || i
                 FROM generate_series(1, {fifth}) AS i",
                at(month)
            ),
        ),
        of(
            "automation_logs (log_id, automation_type, trigger_type, action_taken, status, timestamp, tenant, contact_id)",
            &format!(
                "{id}, 'Status Update', 'Webhook', 'stage New → InSequence', 'Success', {}, 'c' || (i % 5), {id}
                 FROM generate_series(1, {fifth}) AS i",
                at(month)
            ),
        ),
        of(
            "tasks (task_id, kind, client_id, task_key, payload, priority, status, due_at, created_at, updated_at)",
            &format!(
                "{id}, CASE WHEN i % 2 = 0 THEN 'airtable.sync_lead' ELSE 'platform.sync_sequence' END, 'c' || (i % 5), 'k' || i, '{{}}', 5,
                 CASE WHEN i % 20 = 0 THEN 'dead' WHEN i % 10 = 0 THEN 'pending' ELSE 'done' END, {0}, {0}, {0}
                 FROM generate_series(1, {fifth}) AS i",
                at(month)
            ),
        ),
        of(
            "alerts (alert_id, client_id, kind, key, text, what_to_do, status, times, first_at, last_at)",
            &format!(
                "{id}, 'c' || (i % 5), 'task_dead', 'k' || i, 'a task was given up', 'look at it', CASE WHEN i % 10 = 0 THEN 'open' ELSE
                 'resolved' END, 1, {0}, {0} FROM generate_series(1, {1}) AS i",
                at(month),
                contacts / 100
            ),
        ),
        // A month of minutes, of the last hours; and what happened in three hundred campaigns.
        of(
            "counters (scope, period, client_id, name, count)",
            "'delivery', extract(epoch FROM now())::BIGINT / 60 * 60 - i * 60, '', 'smartlead/applied', 40 FROM generate_series(1, 180) AS i
             ON CONFLICT DO NOTHING",
        ),
        of(
            "counters (scope, period, client_id, name, count)",
            "'campaign', 0, 'c' || (i % 5), w.what || '/campaign ' || i, 1000 FROM generate_series(1, 300) AS i
             CROSS JOIN (VALUES ('sent'), ('replies'), ('bounced')) AS w(what) ON CONFLICT DO NOTHING",
        ),
        "VACUUM ANALYZE".to_owned(),
        "CHECKPOINT".to_owned(),
    ] {
        let begun = Instant::now();
        person.run(&statement).await.unwrap_or_else(|error| panic!("{error}\n{statement}"));
        let what = statement.split("INSERT INTO ").nth(1).map_or("vacuum", |rest| rest.split(' ').next().unwrap());
        println!("  filled {what} in {:.0} s", begun.elapsed().as_secs_f64());
    }
}

/// What is asked for.
struct Ask {
    name: &'static str,
    method: &'static str,
    target: String,
    body: String,
    is_api: bool,
}

fn page(name: &'static str, target: impl Into<String>) -> Ask {
    Ask { name, method: "GET", target: target.into(), body: String::new(), is_api: false }
}

fn api(name: &'static str, target: &str) -> Ask {
    Ask { name, method: "GET", target: format!("/api/v1{target}"), body: String::new(), is_api: true }
}

fn asks(csrf: &str) -> Vec<Ask> {
    let contact = "00000000-0000-7000-8000-000000000001";
    let addresses: Vec<String> =
        (0..10_000).map(|nth| format!("\"p{}@d{}.example\"", nth * 5, nth * 5 % 50_000)).collect();
    let post = |name, target: &str, body: String, is_api| Ask {
        name,
        method: "POST",
        target: target.to_owned(),
        body,
        is_api,
    };
    vec![
        page("overview, an hour", "/console"),
        page("overview, a day", "/console?span=day"),
        page("overview, a week, one client", "/console?span=week&client=c1"),
        post("search by how it begins", "/console/contacts", format!("csrf={csrf}&address=p77"), false),
        page("a contact with a long past", format!("/console/contacts/{contact}")),
        page("deliveries", "/console/deliveries"),
        page("deliveries of an outcome", "/console/deliveries?outcome=unrecognised"),
        page("deliveries, rare source of a client", "/console/deliveries?source=calcom&client=c1"),
        page("deliveries, a source that is not there", "/console/deliveries?source=gmail&outcome=dead"),
        page("a delivery", format!("/console/deliveries/{contact}")),
        page("tasks", "/console/tasks"),
        page("tasks that were given up", "/console/tasks?status=dead&kind=platform.sync_sequence"),
        page("campaigns", "/console/campaigns"),
        page("settings", "/console/settings"),
        api("API: matrix", "/matrix"),
        api("API: contacts of a stage", "/contacts?client=c1&stage=Interested&limit=500"),
        api("API: contacts of a list", "/contacts?client=c1&list_id=00000000-0000-7000-8000-000000000002&limit=500"),
        api("API: a contact's timeline", &format!("/contacts/{contact}/timeline?limit=500")),
        api("API: deliveries of a week", "/deliveries?client=c1&source=smartlead&limit=500"),
        api("API: tasks", "/tasks?status=dead&limit=500"),
        api("API: alerts", "/alerts?client=c1&limit=500"),
        post(
            "API: check of 10,000 addresses",
            "/api/v1/contacts/check?client=c0",
            format!("{{\"addresses\":[{}]}}", addresses.join(",")),
            true,
        ),
    ]
}

struct Visitor {
    addr: String,
    cookie: String,
    csrf: String,
}

impl Visitor {
    async fn enter(addr: &str) -> Self {
        let origin = format!("http://{addr}");
        let entered = send(addr, "POST", "/console/login", &[("origin", &origin)], &format!("token={TOKEN}")).await;
        assert_eq!(entered.status, 303, "{entered:?}");
        let cookie = entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let form = send(addr, "GET", "/console/contacts", &[("cookie", &cookie)], "").await.body;
        let csrf = form.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        Self { addr: addr.to_owned(), cookie, csrf }
    }

    async fn ask(&self, ask: &Ask) -> Answer {
        let (origin, bearer) = (format!("http://{}", self.addr), format!("Bearer {TOKEN}"));
        let headers = if ask.is_api {
            [("authorization", bearer.as_str()), ("content-type", "application/json")]
        } else {
            [("cookie", self.cookie.as_str()), ("origin", origin.as_str())]
        };
        send(&self.addr, ask.method, &ask.target, &headers, &ask.body).await
    }
}

async fn measure(contacts: usize, rounds: usize) -> bool {
    let clients: String = (0..5).map(|nth| format!("[clients.c{nth}]\n")).collect();
    let place = Place::on(Kind::Postgres, &clients).await;
    assert!(place.run(&["migrate"]).status.success());
    fill(&Person::at(&place.address).await, contacts).await;
    let mut command = place.command(&["serve"]);
    command.env("SALES_ENGINE_ADMIN_TOKEN", TOKEN).env("SALES_ENGINE_API_REQUESTS_PER_SECOND_MAX", "1000000");
    let served = Place::serve_by(command);
    let visitor = Visitor::enter(served.url.trim_start_matches("http://")).await;
    println!(
        "{contacts} contacts; {rounds} rounds; milliseconds\n{:<42}{:>8}{:>8}{:>8}",
        "", "first", "median", "worst"
    );
    let mut is_within = true;
    for ask in asks(&visitor.csrf) {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let begun = Instant::now();
            let answer = visitor.ask(&ask).await;
            times.push(begun.elapsed());
            assert_eq!(answer.status, 200, "{}: {}", ask.name, answer.body);
        }
        let first = times[0];
        times.sort();
        let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1_000.0);
        let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{:<42}{:>8}{:>8}{:>8}", ask.name, ms(first), ms(median), ms(worst));
        is_within &= ask.is_api || median <= LIMIT;
    }
    is_within
}

fn main() {
    let (mut contacts, mut rounds) = (1_000_000, 30);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value =
            || words.next().unwrap_or_else(|| panic!("{word} wants a value")).replace('_', "").parse().unwrap();
        match word.as_str() {
            "--contacts" => contacts = value(),
            "--rounds" => rounds = value(),
            // Cargo's own.
            "--bench" => {}
            other => panic!("`{other}`; expected --contacts N, --rounds N"),
        }
    }
    let is_within = tokio::runtime::Runtime::new().unwrap().block_on(measure(contacts, rounds));
    assert!(is_within, "a page took more than {} ms", LIMIT.as_millis());
}
