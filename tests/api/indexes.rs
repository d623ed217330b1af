//! No request of the API reads a table from end to end.

use crate::common::Database;
use crate::on_both;
use crate::plans::{fill, none_reads_a_table_whole, told};
use crate::served::{ADMIN, BETA, seeded};
use serde_json::json;

on_both! {
    async fn no_request_reads_a_growing_table_from_end_to_end(database: Database) {
        let database = told(database).await;
        let served = seeded(&database).await;
        fill(&database).await;
        let first = async |path: &str, rows: &str, field: &str| {
            served.get(ADMIN, path).await.body[rows][0][field].as_str().unwrap().to_owned()
        };
        let delivery = first("/deliveries", "deliveries", "delivery_id").await;
        let task = first("/tasks?client=beta", "tasks", "task_id").await;
        let list = uuid::Uuid::nil();
        none_reads_a_table_whole(&database, 25, async || {
            let wishes = [
                "/contacts?client=acme&limit=5".to_owned(), "/contacts?client=acme&stage=Interested".to_owned(),
                "/contacts?client=acme&stage=New".to_owned(), "/contacts?client=acme&stage=InSequence".to_owned(),
                format!("/contacts?client=acme&list_id={list}"), format!("/contacts?client=acme&list_id={list}&stage=Won"),
                "/contacts?client=beta&email=b1%40example.com".to_owned(), "/contacts/b1%40example.com?client=beta".to_owned(),
                "/contacts/b1%40example.com/timeline?client=beta&limit=1".to_owned(),
                "/contacts/b1%40example.com/why?client=beta".to_owned(), "/deliveries".to_owned(), "/deliveries?outcome=dead".to_owned(),
                "/deliveries?client=acme&source=n8n".to_owned(), "/deliveries?since=2026-11-20T12:00:00Z&until=2026-11-21T12:00:00Z".to_owned(),
                format!("/deliveries/{delivery}"), "/tasks".to_owned(), "/tasks?status=dead".to_owned(), "/tasks?status=done".to_owned(),
                "/tasks?client=acme&status=running".to_owned(), "/tasks?client=acme&status=done".to_owned(), "/alerts".to_owned(),
                "/alerts?client=acme".to_owned(), "/alerts?status=resolved&kind=task_dead&limit=3".to_owned(),
                "/matrix".to_owned(), "/matrix?client=acme".to_owned(), "/destinations".to_owned(),
            ];
            for wish in wishes {
                let mut cursor = String::new();
                // The second page too.
                for _ in 0..2 {
                    let reply = served.get(ADMIN, &format!("{wish}{cursor}")).await;
                    assert_eq!(reply.status, 200, "{wish}: {}", reply.body);
                    let Some(next) = reply.body["next"].as_str() else { break };
                    cursor = format!("{}cursor={next}", if wish.contains('?') { "&" } else { "?" });
                }
            }
            for (path, body) in [
                ("/contacts/check", json!({"addresses": ["b1@example.com", "nobody@example.com"]})),
                ("/replay", json!({"outcome": "unrecognised"})), ("/replay", json!({"source": "smartlead", "limit": 40})),
                ("/replay", json!({"ids": [delivery]})), ("/replay", json!({"since": "2026-11-20T12:00:00Z", "limit": 1})),
            ] {
                let token = if path == "/replay" { ADMIN } else { BETA };
                let reply = served.post(token, path, &body).await;
                assert_eq!(reply.status, 200, "{path}: {}", reply.body);
            }
            let reply = served.post(ADMIN, &format!("/tasks/{task}/retry"), &json!({})).await;
            assert_eq!(reply.status, 200, "{}", reply.body);
        }).await;
    }
}
