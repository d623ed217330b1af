//! Every operation, who may ask for it, and what is told where it can't be.

use crate::common::{Database, Kind, Person};
use crate::on_both;
use crate::served::{ACME, ADMIN, BETA, Served, seeded, serve, with_tokens};
use crate::world::{configured, event, post};
use sales_engine::api::{OPENAPI, ROUTES};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A request (method, path, headers, body) and the status of its answer.
type Asked<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [u8], u16);

/// All pages of a list, as the field of each row that tells it from others.
async fn all(served: &Served, token: &str, path: &str, rows: &str, field: &str) -> Vec<String> {
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let reply = served.get(token, &format!("{path}{next}")).await;
        assert_eq!(reply.status, 200, "{path}{next}: {}", reply.body);
        found.extend(reply.body[rows].as_array().unwrap().iter().map(|row| row[field].as_str().unwrap().to_owned()));
        match reply.body["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return found,
        }
    }
}

#[test]
fn each_route_is_described_and_each_description_has_its_route() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (path.clone(), method.to_uppercase())))
        .collect();
    let routed: BTreeSet<(String, String)> =
        ROUTES.iter().map(|(method, path, _)| (format!("/api/v1{path}"), (*method).to_owned())).collect();
    assert_eq!(described, routed);
    let operations: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(operations.len(), routed.len(), "each has a name of its own");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for status in ["200", "400", "401", "404", "405", "408", "413", "429", "500", "503"] {
                assert!(operation["responses"][status].is_object(), "{method} {path} says nothing of {status}");
            }
        }
    }
}

on_both! {
    async fn contacts_are_found_listed_and_explained(database: Database) {
        let served = seeded(&database).await;
        let emails = all(&served, ADMIN, "/contacts?client=acme&limit=7", "contacts", "email").await;
        assert!(emails.len() > 60, "{}", emails.len());
        assert_eq!(emails.iter().collect::<BTreeSet<_>>().len(), emails.len(), "no one comes twice");
        assert_eq!(all(&served, ACME, "/contacts?limit=500", "contacts", "email").await, emails, "a client needs no name");
        let interested = served.get(ACME, "/contacts?stage=Interested").await.body;
        let stages: BTreeSet<&str> =
            interested["contacts"].as_array().unwrap().iter().map(|one| one["stage"].as_str().unwrap()).collect();
        assert_eq!(stages, BTreeSet::from(["Interested"]));
        for stage in ["New", "InSequence", "DoNotContact"] {
            assert_eq!(served.get(ACME, &format!("/contacts?stage={stage}&limit=1")).await.status, 200);
        }
        assert_eq!(served.get(ACME, &format!("/contacts?list_id={}", uuid::Uuid::nil())).await.body["contacts"], json!([]));
        let one = served.get(ACME, &format!("/contacts?email={}", emails[0].replace('+', "%2B"))).await.body;
        let id = one["contacts"][0]["contact_id"].as_str().unwrap();
        let by_id = served.get(ACME, &format!("/contacts/{id}")).await;
        let by_email = served.get(ACME, &format!("/contacts/{}", emails[0].replace('@', "%40"))).await;
        assert_eq!((by_id.status, &by_id.body), (200, &one["contacts"][0]));
        assert_eq!(by_email.body, by_id.body);
        assert!(by_id.has("cache-control: no-store"));
        let timeline = served.get(ACME, &format!("/contacts/{id}/timeline")).await.body;
        let why = served.get(ACME, &format!("/contacts/{id}/why")).await.body;
        assert!(!timeline["events"].as_array().unwrap().is_empty());
        assert_eq!((&why["events"], &why["stage"]), (&timeline["events"], &by_id.body["stage"]));
        assert!(!why["events"][0]["rule"].as_str().unwrap().is_empty());
    }
}

on_both! {
    async fn a_contacts_past_is_leafed_through_back_to_its_beginning(database: Database) {
        let served = seeded(&database).await;
        let mut many: Vec<Value> = (0..25).map(|nth| json!({
            "kind": "message_logged", "email": "long@example.com", "id": format!("m{nth}"), "platform": "slack", "direction": "inbound",
            // Some at the same time: those are in the order of their keys.
            "occurred_at": format!("2026-11-{:02}T09:00:00Z", 1 + nth / 3), "text": format!("message {nth}"),
        })).collect();
        many.push(json!({"kind": "reply_received", "email": "long@example.com", "id": "r", "occurred_at": "2026-11-20T09:00:00Z", "text": "yes", "intent": "pricing_question"}));
        assert_eq!(served.post(ACME, "/events", &json!(many)).await.status, 200);
        let whole = served.get(ACME, "/contacts/long%40example.com/timeline?limit=500").await.body;
        assert_eq!((whole["events"].as_array().unwrap().len(), &whole["next"]), (26, &Value::Null));
        for (path, lists) in [("timeline", ["events", "messages", "decisions"].as_slice()), ("why", &["events", "decisions"])] {
            let mut found: Vec<Vec<Value>> = vec![Vec::new(); lists.len()];
            let (mut cursor, mut pages) = (String::new(), 0);
            loop {
                let page = served.get(ACME, &format!("/contacts/long%40example.com/{path}?limit=4{cursor}")).await;
                assert_eq!(page.status, 200, "{}", page.body);
                for (list, found) in lists.iter().zip(&mut found) {
                    let rows = page.body[list].as_array().unwrap();
                    assert!(rows.len() <= 4);
                    // Each page is older than the one before.
                    found.splice(0..0, rows.iter().cloned());
                }
                pages += 1;
                let Some(next) = page.body["next"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(pages, 7);
            for (list, found) in lists.iter().zip(found) {
                assert_eq!(json!(found), whole[list], "{path}: {list}, each once and in order");
            }
        }
        let of_others = served.get(ACME, "/contacts?limit=1").await.body["next"].as_str().unwrap().to_owned();
        assert_eq!(served.get(ACME, &format!("/contacts/long%40example.com/why?cursor={of_others}")).await.status, 404);
    }
}

on_both! {
    async fn the_matrix_counts_each_client_s_contacts_and_todays_moves(database: Database) {
        let served = seeded(&database).await;
        let matrix = served.get(ADMIN, "/matrix").await;
        assert_eq!((matrix.status, matrix.body["day"].as_str()), (200, Some("2026-11-24")), "{}", matrix.body);
        let clients: Vec<&str> = matrix.body["clients"].as_array().unwrap().iter().map(|one| one["client_id"].as_str().unwrap()).collect();
        assert_eq!(clients, ["acme", "beta", "gamma"], "one without contacts has its zeros");
        let own = served.get(BETA, "/matrix").await.body;
        assert_eq!(own["clients"], json!([matrix.body["clients"][1]]), "its own alone");
        let beta = &own["clients"][0];
        let interested = beta["stages"].as_array().unwrap().iter().find(|cell| cell["stage"] == "Interested").unwrap();
        assert_eq!(interested, &json!({
            "stage": "Interested", "lead_status": "interested", "pipeline_status": "follow_up", "campaign_status": "completed",
            "lead_email_status": "replied", "contacts": 7, "entered_today": 7, "left_today": 0,
        }));
        assert_eq!((&beta["contacts"], beta["stages"].as_array().unwrap().len()), (&json!(7), 14));
        assert_eq!(beta["moves"], json!([{"before": "New", "after": "Interested", "contacts": 7}]));
        // The same as counting the rows.
        for (nth, client) in clients.iter().enumerate() {
            let counted = database.person().await.texts(&format!("SELECT count(*) AS x FROM contacts WHERE client_id = '{client}'")).await;
            assert_eq!(matrix.body["clients"][nth]["contacts"].to_string(), counted[0], "{client}");
        }
        let named = served.get(ADMIN, "/matrix?client=beta").await.body;
        assert_eq!(named["clients"], own["clients"]);
    }
}

on_both! {
    async fn events_come_in_and_deliveries_are_replayed(database: Database) {
        let served = seeded(&database).await;
        let reply = served.post(ACME, "/events", &json!({"kind": "contact_added", "email": "new@example.com", "id": "n"})).await;
        assert_eq!((reply.status, reply.body["outcome"].as_str()), (200, Some("applied")), "{}", reply.body);
        let id = reply.body["delivery_id"].as_str().unwrap().to_owned();
        let again = served.post(ACME, "/events", &json!({"kind": "contact_added", "email": "new@example.com", "id": "n"})).await;
        assert_eq!(again.body["outcome"], "duplicate");
        let kept = served.get(ACME, &format!("/deliveries/{id}")).await.body;
        assert_eq!((&kept["body"]["email"], &kept["source"]), (&json!("new@example.com"), &json!("n8n")));
        let many: Vec<Value> = (0..3).map(|n| json!({"kind": "contact_added", "email": format!("n{n}@example.com"), "id": format!("n{n}")})).collect();
        assert_eq!(served.post(ADMIN, "/events?client=beta", &json!(many)).await.body["events"].as_array().unwrap().len(), 3);
        let unrecognised = all(&served, ACME, "/deliveries?outcome=unrecognised&limit=3", "deliveries", "delivery_id").await;
        assert!(unrecognised.len() > 5, "{unrecognised:?}");
        let rehearsal = served.post(ACME, "/replay", &json!({"outcome": "unrecognised"})).await.body;
        assert_eq!((&rehearsal["dry_run"], &rehearsal["difference"]["contacts_changed"]), (&json!(true), &json!(0)));
        assert_eq!(rehearsal["deliveries"], json!(unrecognised.len()));
        let mut read = 0;
        let mut cursor = Value::Null;
        loop {
            let part = served.post(ADMIN, "/replay", &json!({"limit": 100, "cursor": cursor, "dry_run": false})).await;
            assert_eq!(part.status, 200, "{}", part.body);
            read += part.body["deliveries"].as_u64().unwrap();
            cursor = part.body["next"].clone();
            if cursor.is_null() { break; }
        }
        assert!(read > 190, "{read}");
    }
}

on_both! {
    async fn ten_thousand_addresses_are_checked_at_once(database: Database) {
        let served = seeded(&database).await;
        let mut addresses: Vec<String> = (0..9_997).map(|number| format!("nobody{number}@example.com")).collect();
        addresses.extend(["ian.lark@example.com", "no address", "B3@example.com"].map(str::to_owned));
        let reply = served.post(BETA, "/contacts/check", &json!({"addresses": addresses})).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let told = reply.body["contacts"].as_array().unwrap();
        assert_eq!(told.len(), 10_000);
        let of = |index: usize| (&told[index]["is_known"], &told[index]["may_be_contacted"]);
        assert_eq!(of(0), (&json!(false), &json!(true)), "{}", told[0]);
        assert_eq!(of(9_997), (&json!(false), &json!(true)), "acme's contacts are not beta's: {}", told[9_997]);
        assert_eq!(of(9_998), (&json!(false), &json!(false)), "{}", told[9_998]);
        assert_eq!(told[9_999]["stage"], json!("Interested"), "{}", told[9_999]);
        addresses.push("one@example.com".to_owned());
        assert_eq!(served.post(BETA, "/contacts/check", &json!({"addresses": addresses})).await.status, 400);
        assert_eq!(served.post(BETA, "/contacts/check", &json!({"addresses": []})).await.status, 400);
    }
}

on_both! {
    async fn alerts_are_told_to_whom_they_concern(database: Database) {
        let served = seeded(&database).await;
        let open = served.get(ACME, "/alerts?limit=500").await.body["alerts"].as_array().unwrap().clone();
        assert!(open.len() > 5 && open.iter().all(|alert| alert["client_id"] == "acme"), "{open:?}");
        let of_a_kind = served.get(ACME, "/alerts?kind=delivery_unrecognised").await.body;
        assert!(of_a_kind["alerts"].as_array().unwrap().iter().all(|alert| alert["kind"] == "delivery_unrecognised"));
        assert_eq!(served.get(ACME, "/alerts?status=resolved").await.body["alerts"], json!([]));
        let in_pages = all(&served, ACME, "/alerts?limit=2", "alerts", "alert_id").await;
        let at_once: Vec<&str> = open.iter().map(|alert| alert["alert_id"].as_str().unwrap()).collect();
        assert_eq!(in_pages, at_once, "page by page, each once and in the same order");
    }
}

on_both! {
    async fn tasks_are_listed_and_run_again(database: Database) {
        let served = seeded(&database).await;
        let pending = all(&served, ACME, "/tasks?status=pending&limit=4", "tasks", "task_id").await;
        assert!(pending.len() > 10);
        let of_all = all(&served, ADMIN, "/tasks?limit=500", "tasks", "task_id").await;
        assert!(of_all.len() > pending.len(), "those of beta too");
        let id = &pending[0];
        database.person().await.run(&format!("UPDATE tasks SET status = 'dead', last_error = 'x' WHERE task_id = '{id}'")).await.unwrap();
        assert_eq!(served.get(ACME, "/tasks?status=dead").await.body["tasks"][0]["task_id"], json!(id));
        assert_eq!(served.get(ADMIN, "/tasks?status=done").await.body["tasks"], json!([]));
        let reply = served.post(ACME, &format!("/tasks/{id}/retry"), &json!({})).await;
        assert_eq!((reply.status, reply.body["status"].as_str()), (200, Some("pending")), "{}", reply.body);
        database.person().await.run(&format!(
            "UPDATE tasks SET status = 'running', lease = task_id, lease_until = '2030-01-01T00:00:00.000000Z' WHERE task_id = '{id}'"
        )).await.unwrap();
        assert_eq!(served.post(ACME, &format!("/tasks/{id}/retry"), &json!({})).await.status, 409);
    }
}

on_both! {
    async fn a_client_sees_nothing_of_another(database: Database) {
        let served = seeded(&database).await;
        let first = async |path: &str, rows: &str, field: &str| {
            served.get(ACME, path).await.body[rows][0][field].as_str().unwrap().to_owned()
        };
        let contact = first("/contacts", "contacts", "contact_id").await;
        let email = first("/contacts", "contacts", "email").await;
        let delivery = first("/deliveries", "deliveries", "delivery_id").await;
        let task = first("/tasks", "tasks", "task_id").await;
        // Of each operation: how beta asks for what is acme's, and what it is told.
        let rows: Vec<(&str, String, Value, u16)> = vec![
            ("GET", format!("/contacts/{contact}"), Value::Null, 404),
            ("GET", format!("/contacts/{email}"), Value::Null, 404),
            ("GET", format!("/contacts/{email}?client=acme"), Value::Null, 404),
            ("GET", format!("/contacts/{contact}/timeline"), Value::Null, 404),
            ("GET", format!("/contacts/{contact}/why"), Value::Null, 404),
            ("GET", "/contacts?client=acme".to_owned(), Value::Null, 404),
            ("POST", "/contacts/check?client=acme".to_owned(), json!({"addresses": [email]}), 404),
            ("GET", format!("/contacts?email={email}"), Value::Null, 200),
            ("GET", "/deliveries?client=acme".to_owned(), Value::Null, 404),
            ("GET", format!("/deliveries/{delivery}"), Value::Null, 404),
            ("GET", "/tasks?client=acme".to_owned(), Value::Null, 404),
            ("POST", format!("/tasks/{task}/retry"), json!({}), 404),
            ("GET", "/alerts?client=acme".to_owned(), Value::Null, 404),
            ("GET", "/alerts".to_owned(), Value::Null, 200),
            ("GET", "/matrix?client=acme".to_owned(), Value::Null, 404),
            ("GET", "/matrix".to_owned(), Value::Null, 200),
            ("GET", "/doctor".to_owned(), Value::Null, 403),
            ("POST", "/doctor".to_owned(), json!({}), 403),
            ("GET", "/destinations".to_owned(), Value::Null, 403),
            ("POST", "/events?client=acme".to_owned(), json!({"kind": "unsubscribed", "email": email}), 404),
            ("POST", "/search?client=acme".to_owned(), json!({"query": email}), 404),
            ("POST", "/replay".to_owned(), json!({"client": "acme"}), 404),
            ("POST", "/replay".to_owned(), json!({"ids": [delivery], "dry_run": false}), 200),
        ];
        let reached: BTreeSet<&str> = rows.iter().map(|(_, path, ..)| path.trim_start_matches('/').split(['/', '?']).next().unwrap()).collect();
        let paths: BTreeSet<&str> = ROUTES.iter().map(|(_, path, _)| path.trim_start_matches('/').split('/').next().unwrap()).collect();
        assert_eq!(paths.difference(&reached).collect::<Vec<_>>(), [&"openapi.json"], "each is asked");
        for (method, path, body, status) in rows {
            let reply = if method == "GET" { served.get(BETA, &path).await } else { served.post(BETA, &path, &body).await };
            assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
            let text = reply.body.to_string();
            assert!(status == 404 || !text.contains(&email) && !text.contains(&contact), "{method} {path}: {text}");
            if path == "/replay" && status == 200 {
                assert_eq!(reply.body["deliveries"], 0);
            }
        }
        for (path, rows) in [("/contacts", "contacts"), ("/deliveries", "deliveries"), ("/tasks", "tasks")] {
            let reply = served.get(BETA, path).await.body;
            let owners: BTreeSet<&str> =
                reply[rows].as_array().unwrap().iter().map(|row| row["client_id"].as_str().unwrap()).collect();
            assert_eq!(owners, BTreeSet::from(["beta"]), "{path}");
        }
        let person = database.person().await;
        let outs = person.texts("SELECT stage_after AS x FROM events WHERE kind = 'unsubscribed' AND client_id = 'beta'").await;
        assert!(outs.is_empty(), "and does nothing there: {outs:?}");
    }
}

on_both! {
    async fn pages_are_stable_while_rows_are_added(database: Database) {
        let served = seeded(&database).await;
        let first = served.get(ADMIN, "/deliveries?limit=20").await.body;
        let before: Vec<Value> = served.get(ADMIN, "/deliveries?limit=40").await.body["deliveries"].as_array().unwrap().clone();
        let added = [event("acme", r#"{"kind":"contact_added","email":"late@example.com","id":"late"}"#)];
        post(&database, &served.config, &added).await;
        for number in 0..5 {
            let body = json!({"kind": "contact_added", "email": format!("late{number}@example.com"), "id": format!("late{number}")});
            assert_eq!(served.post(ACME, "/events", &body).await.status, 200);
        }
        let cursor = first["next"].as_str().unwrap();
        let second = served.get(ADMIN, &format!("/deliveries?limit=20&cursor={cursor}")).await.body;
        // What was received meanwhile at an earlier second than the last page's end would be part of it: here all is older.
        assert_eq!(second["deliveries"].as_array().unwrap()[..], before[20..40], "the next page is what it was");
    }
}

on_both! {
    async fn what_is_wrong_is_told_as_a_problem(database: Database) {
        let served = seeded(&database).await;
        let bearer = format!("Bearer {ADMIN}");
        let auth: &[(&str, &str)] = &[("authorization", &bearer)];
        let text: &[(&str, &str)] = &[("authorization", &bearer), ("content-type", "text/plain")];
        let (huge, deep) = (vec![b' '; 5_000_000], b"[".repeat(100_000));
        let rows: Vec<Asked<'_>> = vec![
            ("GET", "/contacts", &[], b"", 401),
            ("GET", "/contacts", &[("authorization", "Bearer wrong")], b"", 401),
            ("GET", "/contacts", &[("authorization", "Basic YTpi")], b"", 401),
            ("GET", "/nothing", auth, b"", 404),
            ("DELETE", "/contacts", &[], b"", 405),
            ("POST", "/events", text, b"{}", 415),
            ("POST", "/events", auth, &huge, 413),
            ("POST", "/events", auth, b"", 400),
            ("POST", "/events", auth, b"[1,", 400),
            ("POST", "/events", auth, b"\xff\xfe", 400),
            ("POST", "/events", auth, &deep, 400),
            ("POST", "/replay", auth, br#"{"surprise": 1}"#, 400),
            ("POST", "/replay", auth, br#"{"limit": 0}"#, 400),
            ("POST", "/replay", auth, br#"{"since": "yesterday"}"#, 400),
            ("POST", "/replay", auth, br#"{"cursor": "x"}"#, 404),
            ("GET", "/contacts?limit=0", auth, b"", 400),
            ("GET", "/contacts?limit=501", auth, b"", 400),
            ("GET", "/contacts?limit=1&limit=2", auth, b"", 400),
            ("GET", "/contacts?colour=red", auth, b"", 400),
            ("GET", "/contacts?stage=interested", auth, b"", 400),
            ("GET", "/contacts?list_id=1", auth, b"", 400),
            ("GET", "/contacts?email=nobody", auth, b"", 400),
            ("GET", "/contacts?email=%00a%40example.com", auth, b"", 400),
            ("GET", "/contacts?email=%ff", auth, b"", 400),
            ("GET", "/contacts?cursor=x", auth, b"", 404),
            ("GET", "/contacts?client=nobody", auth, b"", 404),
            ("GET", "/contacts?client=a'%20OR%201=1--", auth, b"", 404),
            ("GET", "/contacts/a'%20OR%201=1--%40example.com", auth, b"", 404),
            ("GET", "/contacts/nobody%40example.com", auth, b"", 404),
            ("GET", "/deliveries?since=yesterday", auth, b"", 400),
            ("GET", "/deliveries?outcome=lost", auth, b"", 400),
            ("GET", "/deliveries/1", auth, b"", 404),
            ("GET", "/tasks?status=lost", auth, b"", 400),
            ("POST", "/tasks/00000000-0000-0000-0000-000000000000/retry", auth, b"", 404),
        ];
        for (method, path, headers, body, status) in rows {
            let reply = served.send(method, path, headers, body).await;
            assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
            assert!(reply.has("content-type: application/problem+json"), "{method} {path}: {}", reply.head);
            assert_eq!(reply.body["status"], json!(status));
            assert!(!reply.body["detail"].as_str().unwrap().is_empty());
            assert!(!reply.body.to_string().contains(ADMIN), "no token is told back");
            match status {
                401 => assert!(reply.has("www-authenticate: Bearer")),
                405 => assert!(reply.has("allow: GET")),
                _ => {}
            }
        }
    }
}

on_both! {
    async fn the_description_is_public_and_the_rest_is_off_without_tokens(database: Database) {
        let served = serve(&database, with_tokens()).await;
        let document = served.send("GET", "/openapi.json", &[], b"").await;
        assert_eq!((document.status, document.body["openapi"].as_str()), (200, Some("3.1.0")));
        let tag = document.head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
        let again = served.send("GET", "/openapi.json", &[("if-none-match", tag)], b"").await;
        assert_eq!((again.status, again.body), (304, Value::Null));
        let off = serve(&database, configured("")).await;
        let reply = off.get(ADMIN, "/contacts").await;
        assert_eq!(reply.status, 404);
        assert!(reply.body["detail"].as_str().unwrap().contains("admin_token"));
    }
}

on_both! {
    async fn each_caller_has_a_rate_of_its_own(database: Database) {
        let mut config = with_tokens();
        config.limits.api_requests_per_second_max = 2;
        let served = serve(&database, config).await;
        let mut statuses = Vec::new();
        for token in [ACME, ACME, ACME, BETA] {
            statuses.push(served.get(token, "/contacts").await.status);
        }
        assert_eq!(statuses, [200, 200, 429, 200]);
        for _ in 0..5 {
            served.send("GET", "/openapi.json", &[], b"").await;
        }
        assert_eq!(served.get(ADMIN, "/contacts?client=acme").await.status, 200, "who asks for the description takes nothing from others");
        let reply = served.get(ACME, "/contacts").await;
        assert!(reply.has("retry-after: 5") && reply.has("application/problem+json"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replay_at_a_time_and_the_other_is_asked_to_come_again() {
    let database = Database::new(Kind::Postgres).await;
    let served = seeded(&database).await;
    let Person::Postgres(pool) = database.person().await else { panic!("PostgreSQL") };
    // The one that has its turn waits for the table meanwhile.
    let mut held = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    let wish = json!({"outcome": "unrecognised"});
    let ask = || Box::pin(served.post(ADMIN, "/replay", &wish));
    let (mut first, mut second) = (ask(), ask());
    let (refused, other) = tokio::select! {
        reply = &mut first => (reply, second),
        reply = &mut second => (reply, first),
    };
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.has("retry-after: 5") && refused.body["detail"].as_str().unwrap().contains("another replay"));
    held.rollback().await.unwrap();
    let done = other.await;
    assert_eq!(done.status, 200, "{}", done.body);
}
