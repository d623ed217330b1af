//! What others say of our requests: the library of Standard Webhooks for Python.

use super::common::{Database, Kind};
use super::python::{environment, succeeded};
use super::world::{OLD_SECRET, SECRET, World};
use serde_json::json;

const CHECK: &str = r#"
import json, sys, datetime
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
import standardwebhooks.webhooks as module

class Then(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(THEN, tz)

requests = json.load(open(sys.argv[1]))
assert requests, "nothing was received"
for request in requests:
    THEN = int(request["webhook-timestamp"])
    module.datetime = Then
    headers = {name: request[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    told = Webhook(sys.argv[2]).verify(request["body"], headers)
    assert told["id"] == request["webhook-id"] and told["type"], told
    for wrong in (dict(headers, **{"webhook-id": "msg_other"}), dict(headers, **{"webhook-signature": "v1,AAAA"})):
        try:
            Webhook(sys.argv[2]).verify(request["body"], wrong)
        except WebhookVerificationError:
            continue
        raise AssertionError("a changed request is proven")
    try:
        Webhook(sys.argv[3]).verify(request["body"], headers)
    except WebhookVerificationError:
        continue
    raise AssertionError("another secret proves it")
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_library_of_standard_webhooks_proves_our_requests() {
    let mut world = World::new(Database::new(Kind::Sqlite).await).await;
    for person in ["ada", "bob", "zoë"] {
        world
            .post(json!({ "kind": "reply_received", "email": format!("{person}@example.com"), "id": format!("r-{person}"),
                "occurred_at": "2026-11-01T09:00:00Z", "intent": "pricing_question", "text": "how much?", "first_name": "Zoë €" }))
            .await;
    }
    world.work().await;
    let requests: Vec<_> = world.sandbox.notify(|receivers| {
        let request = |one: &sales_engine::sandbox::notify::Received| {
            json!({ "webhook-id": one.id, "webhook-timestamp": one.timestamp, "webhook-signature": one.signature, "body": one.body })
        };
        receivers.received().iter().map(request).collect()
    });
    assert_eq!(requests.len(), 9);
    let folder = tempfile::tempdir().unwrap();
    let (check, told) = (folder.path().join("check.py"), folder.path().join("told.json"));
    std::fs::write(&check, CHECK).unwrap();
    std::fs::write(&told, serde_json::to_string(&requests).unwrap()).unwrap();
    let python = environment(folder.path(), &["standardwebhooks==1.1.0"]);
    succeeded(&python, &[check.to_str().unwrap(), told.to_str().unwrap(), SECRET, OLD_SECRET]);
}
