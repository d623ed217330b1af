//! What goes over the wire to the stand-in for Pinecone and back keeps what Pinecone documents. `contract.json` holds it, in our own
//! words; `openapi.py` holds the same exchanges against the vendor's own description, where somebody has it:
//!
//!     PINECONE_OPENAPI_DIR=FOLDER cargo test --locked --test vectors contract
//!
//! with db_control_2026-04.oas.yaml and db_data_2026-04.oas.yaml (pinecone-io/pinecone-api) in the folder.

use crate::index::{Clock, PLAIN, SALES, WAYS, Way, sandbox};
use crate::python;
use sales_engine::domain::documents::Namespace;
use sales_engine::domain::documents::entry::Entry;
use sales_engine::domain::ids::ClientId;
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::pinecone::{API_KEY, Exchange};
use sales_engine::services::pinecone::Pinecone;
use sales_engine::services::post::Poster;
use sales_engine::services::vectors::{Query, VectorIndex, Written};
use sales_engine::sources::settings::Secret;
use serde_json::{Map, Value, json};

fn contract() -> Value {
    serde_json::from_str(include_str!("contract.json")).unwrap()
}

/// What is wrong with an exchange; nothing where it keeps the contract.
fn faults(contract: &Value, exchange: &Exchange) -> Vec<String> {
    let mut faults = Vec::new();
    let call = contract["calls"].as_array().unwrap().iter().find(|call| {
        let path = call["path"].as_str().unwrap();
        call["method"] == exchange.method.as_str() && is_path(path, &exchange.path)
    });
    let Some(call) = call else { return vec![format!("there is no {} {}", exchange.method, exchange.path)] };
    if exchange.version.as_deref() != contract["version"].as_str() {
        faults.push("X-Pinecone-Api-Version".to_owned());
    }
    if !exchange.has_key {
        faults.push("Api-Key".to_owned());
    }
    if let Some(expected) = call["content_type"].as_str()
        && exchange.content_type.as_deref() != Some(expected)
    {
        faults.push(format!("content type {:?}", exchange.content_type));
    }
    if let Some(bytes_max) = call["bytes_max"].as_u64()
        && exchange.body.len() as u64 > bytes_max
    {
        faults.push("too large".to_owned());
    }
    if let Some(body) = call.get("body") {
        check(contract, body, &serde_json::from_str(&exchange.body).unwrap_or(Value::Null), "body", &mut faults);
    }
    if let Some(lines) = call.get("lines") {
        let count = exchange.body.lines().count() as u64;
        if count < lines["min"].as_u64().unwrap() || count > lines["max"].as_u64().unwrap() {
            faults.push(format!("{count} lines"));
        }
        for line in exchange.body.lines() {
            check(contract, &lines["each"], &serde_json::from_str(line).unwrap_or(Value::Null), "line", &mut faults);
        }
    }
    faults
}

/// Of the answer; only one that is documented for its status.
fn faults_of_answer(contract: &Value, exchange: &Exchange) -> Vec<String> {
    let mut faults = Vec::new();
    let call = contract["calls"].as_array().unwrap().iter().find(|call| {
        call["method"] == exchange.method.as_str() && is_path(call["path"].as_str().unwrap(), &exchange.path)
    });
    let plane = if exchange.path.starts_with("/indexes") { "control" } else { "data" };
    let refusal = json!({ "use": format!("refusal of the {plane} plane") });
    let expected = match exchange.status {
        200..300 => call.map(|call| call["answers"][exchange.status.to_string()].clone()).unwrap_or_default(),
        _ => refusal,
    };
    if expected.is_null() {
        if !exchange.answer.is_null() {
            faults.push(format!("status {} with a body", exchange.status));
        }
    } else {
        check(contract, &expected, &exchange.answer, "answer", &mut faults);
    }
    faults
}

fn is_path(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(wanted, is)| *wanted == "*" || wanted == is)
}

fn size(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn check(contract: &Value, shape: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    if let Some(name) = shape["use"].as_str() {
        return check(contract, &contract["shapes"][name], value, place, faults);
    }
    let within = |size: f64| {
        shape["min"].as_f64().is_none_or(|min| size >= min) && shape["max"].as_f64().is_none_or(|max| size <= max)
    };
    let is_sound = match (shape["type"].as_str().unwrap(), value) {
        ("string", Value::String(text)) => within(size(text.len())),
        ("integer", Value::Number(number)) => !number.is_f64() && within(number.as_f64().unwrap()),
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) | ("object", Value::Object(_)) => true,
        ("array", Value::Array(items)) => within(size(items.len())),
        _ => false,
    };
    if !is_sound {
        faults.push(format!("{place} is no {}", shape["type"]));
        return;
    }
    for item in value.as_array().into_iter().flatten() {
        check(contract, &shape["items"], item, &format!("{place}[]"), faults);
    }
    let Some(object) = value.as_object() else { return };
    for name in shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            faults.push(format!("{place}.{name} is missing"));
        }
    }
    for (name, value) in object {
        if let Some(shape) = shape["properties"].get(name) {
            check(contract, shape, value, &format!("{place}.{name}"), faults);
        }
        if shape["only"].as_array().is_some_and(|only| !only.contains(&json!(name))) {
            faults.push(format!("{place}.{name} is unknown"));
        }
        if shape["is_metadata"] == true {
            let is_flat = value.is_string()
                || value.is_number()
                || value.is_boolean()
                || value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
            if !is_flat {
                faults.push(format!("{place}.{name} is no metadata"));
            }
        }
    }
    if shape["is_metadata"] == true && value.to_string().len() > 40_960 {
        faults.push(format!("{place} is larger than 40 KB"));
    }
}

fn entries(count: usize) -> Vec<Entry> {
    let entry = |n: usize| {
        let metadata = json!({ "title": "A title", "client_id": "acme", "tags": ["one", "two"], "chunk_index": n });
        Entry {
            id: format!("doc_{n}_0"),
            text: format!("words of number{n}"),
            metadata: metadata.as_object().unwrap().clone(),
        }
    };
    (0..count).map(entry).collect()
}

/// All calls of our client, both ways, and what it does wrong on purpose nowhere.
async fn all_calls(sandbox: &Sandbox) {
    for way in WAYS {
        let index = way.client(sandbox);
        let all = entries(130);
        let Written(first) = index.upsert_some(Namespace::Documents, &all).await.unwrap();
        if way == Way::OwnModel {
            assert_eq!(first, 96, "a batch of the hosted models");
            index.upsert_some(Namespace::Documents, &all[first..]).await.unwrap();
        }
        let acme = Some(ClientId::parse("acme").unwrap());
        for client in [None, acme] {
            let query = Query { text: "words of number7".to_owned(), namespaces: Vec::new(), client, limit: 5 };
            assert_eq!(index.search(&query).await.unwrap()[0].id, "doc_7_0");
        }
        let pinecone = Pinecone::new(Secret::new(API_KEY), &sandbox.url(), way.index()).unwrap();
        assert_eq!(pinecone.ids(Namespace::Documents, "doc_").await.unwrap().len(), 130, "over two pages");
        assert_eq!(pinecone.ids(Namespace::Documents, "doc_12_").await.unwrap(), ["doc_12_0"]);
        index.delete_some(Namespace::Documents, &["doc_1_0".to_owned(), "doc_none_0".to_owned()]).await.unwrap();
        assert!(index.delete_some(Namespace::ClientDocuments, &["doc_1_0".to_owned()]).await.is_ok());
    }
    let wrong = VectorIndex::new(Pinecone::new(Secret::new("pc-wrong-key"), &sandbox.url(), SALES).unwrap(), None);
    let nowhere = VectorIndex::new(Pinecone::new(Secret::new(API_KEY), &sandbox.url(), "nowhere").unwrap(), None);
    let query = Query { text: "x".to_owned(), namespaces: Vec::new(), client: None, limit: 1 };
    assert!(wrong.search(&query).await.is_err() && nowhere.search(&query).await.is_err());
}

#[tokio::test]
async fn our_client_and_the_stand_in_keep_the_contract() {
    let clock = Clock::new();
    let sandbox = sandbox(&clock).await;
    all_calls(&sandbox).await;
    let contract = contract();
    let exchanges: Vec<Exchange> = sandbox.pinecone(|pinecone| pinecone.log().cloned().collect());
    let mut seen: Vec<usize> = vec![0; contract["calls"].as_array().unwrap().len()];
    for exchange in &exchanges {
        let wrong = [faults(&contract, exchange), faults_of_answer(&contract, exchange)].concat();
        let is_planted = !exchange.has_key && exchange.status == 401 && wrong == ["Api-Key"];
        assert!(wrong.is_empty() || is_planted, "{} {} {}: {wrong:?}", exchange.method, exchange.path, exchange.status);
        for (nth, call) in contract["calls"].as_array().unwrap().iter().enumerate() {
            seen[nth] += usize::from(
                call["method"] == exchange.method.as_str() && is_path(call["path"].as_str().unwrap(), &exchange.path),
            );
        }
    }
    // Our client lists no indexes and fetches no vectors; foreign clients do.
    assert_eq!(seen.iter().filter(|count| **count == 0).count(), 2, "{seen:?}");
    openapi(&exchanges).await;
}

/// The vendor's own description, where somebody names the folder with it.
#[expect(clippy::disallowed_methods, reason = "a person asks for this by the environment")]
async fn openapi(exchanges: &[Exchange]) {
    let Ok(folder) = std::env::var("PINECONE_OPENAPI_DIR") else { return };
    let told: Vec<Value> = exchanges
        .iter()
        .map(|exchange| {
            json!({ "method": exchange.method, "path": exchange.path, "query": exchange.query, "has_key": exchange.has_key,
                "version": exchange.version, "content_type": exchange.content_type, "body": exchange.body, "status": exchange.status,
                "answer": exchange.answer })
        })
        .collect();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("exchanges.json");
    std::fs::write(&file, serde_json::to_vec(&told).unwrap()).unwrap();
    let checked = tokio::task::spawn_blocking(move || {
        let python = python::environment(place.path(), &["openapi-schema-validator==0.6.3", "PyYAML==6.0.2"]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/openapi.py");
        python::succeeded(&python, &[script, &folder, file.to_str().unwrap()]);
    });
    checked.await.unwrap();
}

/// The raw request: path, content type, body; and with or without the version.
async fn raw(sandbox: &Sandbox, path: &str, content_type: &str, body: String, has_version: bool) -> u16 {
    let mut headers =
        vec![("api-key".to_owned(), API_KEY.to_owned()), ("content-type".to_owned(), content_type.to_owned())];
    if has_version {
        headers.push(("x-pinecone-api-version".to_owned(), "2026-04".to_owned()));
    }
    Poster::new(&sandbox.url()).unwrap().post(path, &headers, body).await.unwrap().0
}

#[tokio::test]
async fn the_stand_in_refuses_what_the_contract_forbids() {
    let clock = Clock::new();
    let sandbox = sandbox(&clock).await;
    let contract = contract();
    let records = format!("/index/{SALES}/records/namespaces/documents/upsert");
    let search = format!("/index/{SALES}/records/namespaces/documents/search");
    let upsert = format!("/index/{PLAIN}/vectors/upsert");
    let query = format!("/index/{PLAIN}/query");
    let delete = format!("/index/{PLAIN}/vectors/delete");
    let (ndjson, json_type) = ("application/x-ndjson", "application/json");
    let values = vec![0.5_f32; 512];
    let line = |metadata: Value| {
        let mut record: Map<String, Value> =
            json!({ "_id": "doc_1_0", "chunk_text": "words" }).as_object().unwrap().clone();
        record.extend(metadata.as_object().unwrap().clone());
        Value::Object(record).to_string()
    };
    let vector = |id: &str, metadata: Value| json!({ "id": id, "values": values, "metadata": metadata });
    let vectors = |vectors: Vec<Value>| json!({ "vectors": vectors, "namespace": "documents" }).to_string();
    let tiny = |n: usize| json!({ "id": format!("v{n}"), "values": [1, 2] });
    for (what, path, content_type, body, status) in [
        ("another content type", &records, json_type, line(json!({})), 415),
        ("97 records", &records, ndjson, vec![line(json!({})); 97].join("\n"), 400),
        ("no id", &records, ndjson, json!({ "chunk_text": "x" }).to_string(), 400),
        ("null in a record", &records, ndjson, line(json!({ "linked_lead_id": null })), 400),
        ("a record in a record", &records, ndjson, line(json!({ "a": { "b": 1 } })), 400),
        ("no top_k", &search, json_type, json!({ "query": { "inputs": { "text": "x" } } }).to_string(), 400),
        ("null in metadata", &upsert, json_type, vectors(vec![vector("a", json!({ "x": null }))]), 400),
        ("a list of numbers", &upsert, json_type, vectors(vec![vector("a", json!({ "x": [1, 2] }))]), 400),
        (
            "metadata over 40 KB",
            &upsert,
            json_type,
            vectors(vec![vector("a", json!({ "x": "y".repeat(41_000) }))]),
            400,
        ),
        ("an id of 513", &upsert, json_type, vectors(vec![vector(&"i".repeat(513), json!({}))]), 400),
        ("1,001 vectors", &upsert, json_type, vectors((0..1_001).map(tiny).collect()), 400),
        ("no vectors", &upsert, json_type, vectors(Vec::new()), 400),
        (
            "more than 2 MB",
            &upsert,
            json_type,
            vectors((0..60).map(|n| vector(&format!("v{n}"), json!({ "x": "y".repeat(35_000) }))).collect()),
            400,
        ),
        ("topK 0", &query, json_type, json!({ "topK": 0, "vector": values }).to_string(), 400),
        (
            "1,001 ids",
            &delete,
            json_type,
            json!({ "ids": (0..1_001).map(|n| n.to_string()).collect::<Vec<_>>() }).to_string(),
            400,
        ),
    ] {
        assert_eq!(raw(&sandbox, path, content_type, body, true).await, status, "{what}");
        let exchange = sandbox.pinecone(|pinecone| pinecone.log().last().cloned().unwrap());
        assert!(!faults(&contract, &exchange).is_empty(), "the contract sees it too: {what}");
        assert_eq!(faults_of_answer(&contract, &exchange), Vec::<String>::new(), "{what}");
    }
    assert_eq!(
        raw(&sandbox, &upsert, json_type, vectors(vec![vector("a", json!({}))]), false).await,
        400,
        "no version"
    );
    assert!(
        sandbox.pinecone(|pinecone| {
            [SALES, PLAIN].iter().all(|index| pinecone.records(index, "documents").is_empty())
        }),
        "a refused request writes nothing"
    );
    assert_eq!(raw(&sandbox, &upsert, json_type, vectors(vec![vector("a", json!({ "x": "y" }))]), true).await, 200);
    for _ in 0..100 {
        raw(
            &sandbox,
            &query,
            json_type,
            json!({ "namespace": "documents", "topK": 1, "vector": values }).to_string(),
            true,
        )
        .await;
    }
    let over = raw(
        &sandbox,
        &query,
        json_type,
        json!({ "namespace": "documents", "topK": 1, "vector": values }).to_string(),
        true,
    )
    .await;
    assert_eq!(over, 429, "a hundred a second in one namespace");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pinecones_own_client_finds_what_it_expects() {
    let clock = Clock::new();
    let sandbox = sandbox(&clock).await;
    let url = sandbox.url();
    let driven = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let python = python::environment(folder.path(), &["pinecone==9.1.0"]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/client.py");
        python::succeeded(&python, &[script, &url, API_KEY]);
    });
    driven.await.unwrap();
    assert!(sandbox.pinecone(|pinecone| pinecone.requests) > 10);
}
