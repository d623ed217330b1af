//! The stand-in for Airtable over real sockets: what it takes, refuses, forgets and tells, row by row.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::intake::Now;
use sales_engine::sandbox::{Fault, Private, Sandbox};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const TOKEN: &str = "pat-test";

/// A sandbox whose clock goes a second on at each request, so that the limit is not met.
struct World {
    sandbox: Sandbox,
    clock: Arc<AtomicI64>,
}

impl World {
    async fn new() -> Self {
        let start = "2026-11-20T12:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp_millis();
        let clock = Arc::new(AtomicI64::new(start));
        let read = Arc::clone(&clock);
        let now: Now = Arc::new(move || DateTime::from_timestamp_millis(read.load(Ordering::SeqCst)).unwrap());
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, now).await.unwrap();
        Self { sandbox, clock }
    }

    fn forward(&self, time: TimeDelta) {
        self.clock.fetch_add(time.num_milliseconds(), Ordering::SeqCst);
    }

    async fn raw(&self, method: &str, path: &str, body: &str) -> String {
        let host = self.sandbox.url().replace("http://", "");
        let mut stream = TcpStream::connect(host.parse::<SocketAddr>().unwrap()).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A cut connection gives what came before the cut.
        let _cut = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    async fn at_once(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.raw(method, path, &body).await;
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.forward(TimeDelta::seconds(1));
        self.at_once(method, path, &body).await
    }

    async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }
}

fn kind(answer: &Value) -> &str {
    answer.pointer("/error/type").or_else(|| answer.get("error")).and_then(Value::as_str).unwrap_or_default()
}

fn fields(value: &Value) -> &Value {
    &value["fields"]
}

#[tokio::test]
async fn the_owners_base_has_six_tables_with_links_on_both_sides() {
    let world = World::new().await;
    let schema = world.ok("GET", "/v0/meta/bases/appTest/tables", Value::Null).await;
    let tables = schema["tables"].as_array().unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Leads", "Lead Lists", "Campaigns", "Documents", "Products", "Clients"]);
    let mut links = 0;
    for table in tables {
        for field in table["fields"].as_array().unwrap().iter().filter(|field| field["type"] == "multipleRecordLinks") {
            let linked = tables.iter().find(|other| other["id"] == field["options"]["linkedTableId"]).unwrap();
            let inverse = &field["options"]["inverseLinkFieldId"];
            let other = linked["fields"].as_array().unwrap().iter().find(|other| other["id"] == *inverse).unwrap();
            assert_eq!(other["options"]["inverseLinkFieldId"], field["id"], "{} {}", table["name"], field["name"]);
            links += 1;
        }
    }
    assert_eq!(links, 34, "6 named pairs, and 11 links whose other side Airtable makes");
    let rows = [
        ("Leads", "Lead ID", "autoNumber"),
        ("Leads", "Full Name", "formula"),
        ("Leads", "Modified Date", "lastModifiedTime"),
        ("Lead Lists", "Total Contacts", "number"),
        ("Campaigns", "campaign_id", "singleLineText"),
        ("Campaigns", "total_leads", "count"),
        ("Campaigns", "reply_rate", "formula"),
        ("Campaigns", "interested", "rollup"),
        ("Documents", "source_media", "multipleAttachments"),
        ("Clients", "Clients 5", ""),
        ("Documents", "Clients 5", "multipleRecordLinks"),
    ];
    for (table, field, expected) in rows {
        let table = tables.iter().find(|known| known["name"] == table).unwrap();
        let found = table["fields"].as_array().unwrap().iter().find(|known| known["name"] == field);
        assert_eq!(found.map_or("", |field| field["type"].as_str().unwrap()), expected, "{field}");
    }
}

#[tokio::test]
async fn cells_are_checked_by_type() {
    let world = World::new().await;
    let rows = [
        ("an unknown field", json!({ "Shoe Size": 43 }), "UNKNOWN_FIELD_NAME"),
        ("a computed field", json!({ "Full Name": "A" }), "INVALID_VALUE_FOR_COLUMN"),
        ("an unknown option", json!({ "Lead Status": "Hot" }), "INVALID_MULTIPLE_CHOICE_OPTIONS"),
        ("an empty option", json!({ "Lead Status": "" }), "INVALID_MULTIPLE_CHOICE_OPTIONS"),
        ("a number as a text", json!({ "Budget": "9" }), "INVALID_VALUE_FOR_COLUMN"),
        ("a time as a date", json!({ "Follow-up Date": "2026-01-01T00:00:00Z" }), "INVALID_VALUE_FOR_COLUMN"),
        ("no date", json!({ "Follow-up Date": "2026-02-30" }), "INVALID_VALUE_FOR_COLUMN"),
        ("a link to nothing", json!({ "Campaign": ["rec00000000009999"] }), "ROW_DOES_NOT_EXIST"),
        ("a link as a text", json!({ "Campaign": "rec00000000009999" }), "INVALID_VALUE_FOR_COLUMN"),
        ("a checkbox as a number", json!({ "Decision Maker?": 1 }), "INVALID_VALUE_FOR_COLUMN"),
        ("a mail address as a list", json!({ "Email": ["a"] }), "INVALID_VALUE_FOR_COLUMN"),
    ];
    for (what, cells, expected) in rows {
        let body = json!({ "records": [{ "fields": { "Email": "a@example.com" } }, { "fields": cells }] });
        let (status, answer) = world.ask("POST", "/v0/appTest/Leads", body).await;
        assert_eq!((status, kind(&answer)), (422, expected), "{what}");
    }
    assert!(world.sandbox.with(|base| base.leads().is_empty()), "all or nothing");
    let body = json!({ "fields": { "First Name": "Ann", "Last Name": "", "Budget": 9.5, "Decision Maker?": false,
        "Lead Status": "New" }, "typecast": false });
    let lead = world.ok("POST", "/v0/appTest/Leads", body).await;
    assert_eq!(fields(&lead)["Lead ID"], 1, "refused requests use no number up");
    assert_eq!((&fields(&lead)["Full Name"], fields(&lead).get("Decision Maker?")), (&json!("Ann"), None));
    let list = json!({ "fields": { "Last Sync": "2026-11-20T13:00:00+01:00" } });
    assert_eq!(
        fields(&world.ok("POST", "/v0/appTest/Lead%20Lists", list).await)["Last Sync"],
        "2026-11-20T12:00:00.000Z"
    );
    let typed =
        json!({ "fields": { "Timeline": "Soon", "Campaign": "Spring, Autumn", "Budget": "$7" }, "typecast": true });
    let lead = world.ok("POST", "/v0/appTest/Leads", typed).await;
    assert_eq!((&fields(&lead)["Timeline"], fields(&lead)["Campaign"].as_array().unwrap().len()), (&json!("Soon"), 2));
}

#[tokio::test]
async fn links_are_kept_in_step_and_computed_cells_follow() {
    let world = World::new().await;
    let campaign = world.ok("POST", "/v0/appTest/Campaigns", json!({ "fields": { "campaign_id": "c-1" } })).await;
    assert_eq!(fields(&campaign)["reply_rate"], json!({ "specialValue": "NaN" }));
    let campaign = campaign["id"].as_str().unwrap();
    let lead = json!({ "fields": { "Campaign": [campaign], "Lead Status": "Won", "Deal Value": 1200 } });
    let lead = world.ok("POST", "/v0/appTest/Leads", lead).await;
    let path = format!("/v0/appTest/Campaigns/{campaign}");
    let seen = world.ok("PATCH", &path, json!({ "fields": { "emails_sent": 4, "replies": 1 } })).await;
    let seen = fields(&seen);
    assert_eq!(seen["leads"], json!([lead["id"]]));
    let computed =
        ["total_leads", "closed_deals", "interested", "revenue_generated", "reply_rate"].map(|name| &seen[name]);
    assert_eq!(computed, [&json!(1), &json!(1), &json!(0), &json!(1200), &json!(0.25)]);
    let put = world.ok("PUT", &path, json!({ "fields": { "campaign_id": "c-1" } })).await;
    assert_eq!((fields(&put).get("leads"), &fields(&put)["total_leads"]), (None, &json!(0)), "PUT empties the others");
    let lead_path = format!("/v0/appTest/Leads/{}", lead["id"].as_str().unwrap());
    let lead = world.ok("GET", &lead_path, Value::Null).await;
    assert_eq!(fields(&lead).get("Campaign"), None, "the other side follows");
    assert!(fields(&lead)["Modified Date"].as_str() > lead["createdTime"].as_str());
    world.ok("DELETE", &lead_path, Value::Null).await;
    assert_eq!(world.ask("GET", &lead_path, Value::Null).await, (404, json!({ "error": "NOT_FOUND" })));
}

#[tokio::test]
async fn listing_selects_pages_and_forgets() {
    let world = World::new().await;
    world.sandbox.with(|base| {
        for n in 0..150 {
            let lead = json!({ "First Name": format!("P{n}"), "Email": format!("p{n}@example.com"), "Lead Score": n % 10,
                "Next Action": "it's \"so\"" });
            base.add("Leads", lead.as_object().unwrap()).unwrap();
        }
    });
    let rows = [
        ("{First Name} = 'P7'", 1),
        ("AND({Lead Score} > 7, NOT({Lead Score} = 9))", 15),
        ("OR(RECORD_ID() = 'rec00000000000001', {Email}='p1@example.com')", 2),
        ("{Next Action} = 'it\\'s \"so\"'", 150),
        ("{Phone} = BLANK()", 150),
        ("FIND('P14', {First Name}) = 1", 11),
        ("LOWER(TRIM(\" \" & {First Name})) = \"p3\"", 1),
        ("{Decision Maker?} = TRUE()", 0),
    ];
    for (formula, expected) in rows {
        let body = json!({ "filterByFormula": formula, "fields": ["Email"], "pageSize": 100 });
        let answer = world.ok("POST", "/v0/appTest/Leads/listRecords", body).await;
        let mut count = answer["records"].as_array().unwrap().len();
        assert_eq!(answer["records"][0]["fields"].as_object().map_or(1, serde_json::Map::len), 1);
        if let Some(offset) = answer.get("offset") {
            let next = json!({ "filterByFormula": formula, "offset": offset });
            count += world.ok("POST", "/v0/appTest/Leads/listRecords", next).await["records"].as_array().unwrap().len();
        }
        assert_eq!(count, expected, "{formula}");
    }
    for formula in ["{Nothing} = 1", "DATETIME_FORMAT({Email})", "{Email} = 'open", "AND(", "1 2"] {
        let body = json!({ "filterByFormula": formula });
        let (status, answer) = world.ask("POST", "/v0/appTest/Leads/listRecords", body).await;
        assert_eq!((status, kind(&answer)), (422, "INVALID_FILTER_BY_FORMULA"), "{formula}");
    }
    let first = world.ok("GET", "/v0/appTest/Leads?pageSize=40&maxRecords=60&fields%5B%5D=Email", Value::Null).await;
    let offset = first["offset"].as_str().unwrap().to_owned();
    let next = format!("/v0/appTest/Leads?pageSize=40&offset={offset}");
    assert_eq!(world.ok("GET", &next, Value::Null).await["records"].as_array().unwrap().len(), 20);
    world.sandbox.with(sales_engine::sandbox::airtable::Base::lose_iterators);
    let (status, answer) = world.ask("GET", &next, Value::Null).await;
    assert_eq!((status, kind(&answer)), (422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"));
}

#[tokio::test]
async fn upserts_merge_on_the_published_types_only() {
    let world = World::new().await;
    let body = |on: &str, status: &str| {
        json!({ "performUpsert": { "fieldsToMergeOn": [on] }, "records": [{ "fields": { "Email": "a@example.com",
            "Supabase Contact ID": "c-1", "Lead Status": status } }] })
    };
    let (status, _) = world.ask("PATCH", "/v0/appTest/Leads", body("Email", "New")).await;
    assert_eq!(status, 422, "an e-mail field is not on the list");
    let made = world.ok("PATCH", "/v0/appTest/Leads", body("Supabase Contact ID", "New")).await;
    let again = world.ok("PATCH", "/v0/appTest/Leads", body("Supabase Contact ID", "Won")).await;
    assert_eq!((&made["createdRecords"], &again["createdRecords"]), (&json!([made["records"][0]["id"]]), &json!([])));
    let twin = json!({ "Supabase Contact ID": "c-1" });
    world.sandbox.with(|base| base.add("Leads", twin.as_object().unwrap()).unwrap());
    assert_eq!(world.ask("PATCH", "/v0/appTest/Leads", body("Supabase Contact ID", "New")).await.0, 422, "two match");
}

#[tokio::test]
async fn tables_are_built_from_nothing_and_computed_fields_are_refused() {
    let world = World::new().await;
    world.sandbox.with(sales_engine::sandbox::airtable::Base::clear_schema);
    let tables = "/v0/meta/bases/appTest/tables";
    let text = json!({ "name": "Name", "type": "singleLineText" });
    let made = world.ok("POST", tables, json!({ "name": "People", "fields": [text] })).await;
    let people = made["id"].as_str().unwrap().to_owned();
    let link = json!({ "name": "Boss", "type": "multipleRecordLinks", "options": { "linkedTableId": people } });
    world.ok("POST", tables, json!({ "name": "Firms", "fields": [text, link] })).await;
    let fields_path = format!("{tables}/{people}/fields");
    let rows = [
        (
            "a formula",
            json!({ "name": "F", "type": "formula", "options": { "formula": "1" } }),
            "UNSUPPORTED_FIELD_TYPE_FOR_CREATE",
        ),
        ("an auto-number", json!({ "name": "F", "type": "autoNumber" }), "UNSUPPORTED_FIELD_TYPE_FOR_CREATE"),
        ("a taken name", text.clone(), "DUPLICATE_OR_EMPTY_FIELD_NAME"),
        (
            "a number without precision",
            json!({ "name": "F", "type": "number" }),
            "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE",
        ),
        (
            "a checkbox without icon",
            json!({ "name": "F", "type": "checkbox" }),
            "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE",
        ),
        (
            "a nameless option",
            json!({ "name": "F", "type": "singleSelect", "options": { "choices": [{}] } }),
            "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE",
        ),
        (
            "a link to nowhere",
            json!({ "name": "F", "type": "multipleRecordLinks", "options": { "linkedTableId": "tblX" } }),
            "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE",
        ),
    ];
    for (what, body, expected) in rows {
        let (status, answer) = world.ask("POST", &fields_path, body).await;
        assert_eq!((status, kind(&answer)), (422, expected), "{what}");
    }
    let (status, _) = world.ask("POST", tables, json!({ "name": "People", "fields": [text] })).await;
    assert_eq!(status, 422, "a taken name");
    let schema = world.ok("GET", tables, Value::Null).await;
    let names: Vec<&Value> =
        schema["tables"][0]["fields"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
    assert_eq!(names, ["Name", "Firms"], "the other side of the link");
    let field = schema["tables"][0]["fields"][0]["id"].as_str().unwrap();
    let renamed = world.ok("PATCH", &format!("{fields_path}/{field}"), json!({ "name": "Title" })).await;
    assert_eq!(renamed["name"], "Title");
    assert_eq!(world.ask("PATCH", &format!("{fields_path}/{field}"), json!({ "type": "email" })).await.0, 422);
}

#[tokio::test]
async fn webhooks_tell_what_their_specification_lets_through() {
    let world = World::new().await;
    let (leads, status) =
        world.sandbox.with(|base| (base.table_id("Leads").unwrap(), base.field_id("Leads", "Lead Status").unwrap()));
    let path = "/v0/bases/appTest/webhooks";
    assert_eq!(world.ask("POST", path, json!({ "specification": { "options": { "filters": {} } } })).await.0, 422);
    let specification = json!({ "options": { "filters": { "dataTypes": ["tableData"], "fromSources": ["client"],
        "recordChangeScope": leads, "watchDataInFieldIds": [status] }, "includes": { "includePreviousCellValues": true,
        "includeCellValuesInFieldIds": [world.sandbox.with(|base| base.field_id("Leads", "Email").unwrap())] } } });
    let made = world.ok("POST", path, json!({ "specification": specification })).await;
    let hook = format!("{path}/{}", made["id"].as_str().unwrap());
    let lead = json!({ "fields": { "Email": "a@example.com", "Lead Status": "New" } });
    let lead = world.ok("POST", "/v0/appTest/Leads", lead).await;
    let id = lead["id"].as_str().unwrap();
    world.sandbox.with(|base| {
        base.edit("Leads", id, "Next Action", json!("call")).unwrap();
        base.edit("Leads", id, "Lead Status", json!("Won")).unwrap();
        base.edit("Leads", id, "Lead Status", json!("Won")).unwrap();
        base.remove("Leads", id).unwrap();
    });
    let listed = world.ok("GET", &format!("{hook}/payloads?cursor=1"), Value::Null).await;
    assert_eq!((&listed["cursor"], &listed["mightHaveMore"]), (&json!(3), &json!(false)));
    let payload = &listed["payloads"][0];
    assert_eq!(
        (&payload["actionMetadata"]["source"], &payload["baseTransactionNumber"]),
        (&json!("client"), &json!(3))
    );
    let record = &payload["changedTablesById"][&leads]["changedRecordsById"][id];
    let name = |part: &str| &record[part]["cellValuesByFieldId"][&status]["name"];
    assert_eq!((name("current"), name("previous")), (&json!("Won"), &json!("New")));
    assert_eq!(record["unchanged"]["cellValuesByFieldId"].as_object().unwrap().len(), 1);
    assert_eq!(listed["payloads"][1]["changedTablesById"][&leads]["destroyedRecordIds"], json!([id]));
    world.forward(TimeDelta::days(6));
    world.ok("POST", &format!("{hook}/refresh"), Value::Null).await;
    world.forward(TimeDelta::days(8));
    assert_eq!(world.ask("POST", &format!("{hook}/refresh"), Value::Null).await.0, 404, "expired");
    let listed = world.ok("GET", &format!("{hook}/payloads"), Value::Null).await;
    assert_eq!(listed["payloads"], json!([]), "kept for a week");
    for n in 0..11 {
        let (status, _) = world.ask("POST", path, json!({ "specification": specification })).await;
        assert_eq!(status, if n < 10 { 200 } else { 422 }, "ten a base");
    }
}

#[tokio::test]
async fn pings_are_signed_and_counted() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let specification = json!({ "options": { "filters": { "dataTypes": ["tableData"] } } });
    let body = json!({ "notificationUrl": url, "specification": specification });
    world.ok("POST", "/v0/bases/appTest/webhooks", body).await;
    for (answer, expected) in [("HTTP/1.1 204 No Content\r\n\r\n", (1, 0)), ("HTTP/1.1 200 OK\r\n\r\nok", (1, 1))] {
        world.sandbox.with(|base| base.add("Leads", &serde_json::Map::default()).unwrap());
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4_096];
        let length = stream.read(&mut request).await.unwrap();
        let text = String::from_utf8_lossy(&request[..length]).into_owned();
        assert!(text.contains("X-Airtable-Content-MAC: hmac-sha256=") && text.contains("ach00000000000001"), "{text}");
        stream.write_all(answer.as_bytes()).await.unwrap();
        drop(stream);
        let counts = || world.sandbox.with(|base| (base.pings_succeeded, base.pings_failed));
        while counts() != expected {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn faults_fail_as_the_real_one_fails() {
    let rows = [
        (Fault::Unauthorised, 401, "AUTHENTICATION_REQUIRED", 0),
        (Fault::Denied, 403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", 0),
        (Fault::NotFoundBare, 404, "NOT_FOUND", 0),
        (Fault::NotFoundTyped, 404, "NOT_FOUND", 0),
        (Fault::NotFoundExplained, 404, "MODEL_ID_NOT_FOUND", 0),
        (Fault::TooLarge, 413, "REQUEST_TOO_LARGE", 0),
        (Fault::Rejected, 422, "INVALID_REQUEST_UNKNOWN", 0),
        (Fault::ServerError, 500, "", 0),
        (Fault::BadGateway, 502, "", 0),
        (Fault::Unavailable(7), 503, "RETRIABLE_ERROR", 0),
        (Fault::QuotaReached, 429, "", 0),
        (Fault::LostIterator, 422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE", 0),
        (Fault::DropBefore, 0, "", 0),
        (Fault::DropAfter, 0, "", 1),
        (Fault::Garbage, 200, "", 1),
        (Fault::HalfBody, 200, "", 1),
        (Fault::Slow(5), 200, "", 1),
        (Fault::RateLimited, 429, "RATE_LIMIT_REACHED", 0),
    ];
    for (fault, status, expected, written) in rows {
        let world = World::new().await;
        world.sandbox.fail_next(fault);
        let (got, answer) = world.ask("POST", "/v0/appTest/Leads", json!({ "fields": {} })).await;
        assert_eq!((got, kind(&answer)), (status, expected), "{fault:?}: {answer}");
        assert_eq!(world.sandbox.with(|base| base.leads().len()), written, "{fault:?}");
        let after = world.ask("GET", "/v0/appTest/Leads", Value::Null).await.0;
        assert_eq!(after, if fault == Fault::RateLimited { 429 } else { 200 }, "{fault:?}: locked for 30 seconds");
    }
    let world = World::new().await;
    world
        .sandbox
        .fail_when(|method, path, _| (method == "GET" && path.ends_with("/Lead Lists")).then_some(Fault::Denied));
    assert_eq!(world.ask("GET", "/v0/appTest/Lead%20Lists", Value::Null).await.0, 403);
    assert_eq!(world.ask("GET", "/v0/appTest/Leads", Value::Null).await.0, 200);
    let statuses = [200, 200, 200, 200, 200, 429];
    world.forward(TimeDelta::seconds(2));
    for expected in statuses {
        assert_eq!(world.at_once("GET", "/v0/appTest/Leads", &Value::Null).await.0, expected);
    }
    world.forward(TimeDelta::seconds(29));
    assert_eq!(world.at_once("GET", "/v0/appTest/Leads", &Value::Null).await.0, 429);
    assert_eq!(world.sandbox.with(|base| base.log().count()), 9);
}

#[tokio::test]
async fn files_are_served_beside_airtable() {
    let world = World::new().await;
    world.sandbox.serve_sheet("s1", "0", "a,b\n");
    world.sandbox.serve_drive_file("d1", "c,d\n");
    world.sandbox.serve_file("e.csv", "e,f\n");
    world.sandbox.make_sheet_private("s2", "0", Private::SignInPage);
    world.sandbox.make_drive_file_private("d2", Private::Redirect);
    world.sandbox.serve_generated("many.csv", 2_000);
    let rows = [
        ("a sheet", "/spreadsheets/d/s1/export?format=csv&gid=0", "200", "a,b"),
        ("a sheet that is not there", "/spreadsheets/d/s9/export?format=csv&gid=0", "404", "<html>"),
        ("a private sheet", "/spreadsheets/d/s2/export?format=csv&gid=0", "200", "Sign in"),
        ("a drive file", "/uc?id=d1&export=download", "200", "c,d"),
        ("a private drive file", "/uc?id=d2&export=download", "302", "/signin"),
        ("any file", "/files/e.csv", "200", "e,f"),
        ("a generated file", "/files/many.csv", "200", "p1999@example.com"),
    ];
    for (what, path, status, part) in rows {
        let answer = world.raw("GET", path, "").await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{what}");
        assert!(answer.contains(part), "{what}: {answer}");
    }
    assert_eq!(world.sandbox.with(|base| base.requests), 0, "no part of Airtable's budget");
}
