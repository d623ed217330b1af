//! What people do with a sandbox that runs alone: open mailboxes, deliver mail, subscribe, look. Under `/sandbox/google`.

use super::oauth::{CLIENT_ID, CLIENT_SECRET, SCOPE_READONLY, refresh_token};
use super::{Asked, Google, Subscription};
use crate::sandbox::fault::Reply;
use crate::sandbox::query::Query;
use serde_json::{Value, json};

impl Google {
    pub(super) fn answer_control(&mut self, asked: &Asked<'_>, rest: &[&str]) -> Reply {
        match (asked.method.as_str(), rest) {
            ("GET", []) => Reply::Json(200, self.state()),
            ("GET", ["service_account"]) => match self.service_account() {
                Some(account) => Reply::Json(200, account.to_json(&self.url)),
                None => Reply::Json(500, json!({ "error": "no key could be made" })),
            },
            ("PUT", ["mailboxes", address]) => {
                let grant = self.add_mailbox(address);
                Reply::Json(
                    200,
                    json!({ "client_id": grant.client_id, "client_secret": grant.client_secret,
                    "refresh_token": grant.refresh_token, "token_uri": format!("{}/token", self.url), "type": "authorized_user",
                    "scopes": [SCOPE_READONLY] }),
                )
            }
            ("POST", ["mailboxes", address, "messages"]) => {
                let query = Query::parse(asked.query);
                let id = if query.get("sent") == Some("true") {
                    self.send(address, asked.body)
                } else {
                    self.deliver(address, asked.body)
                };
                Reply::Json(200, json!({ "id": id }))
            }
            ("PUT", ["subscription"]) => self.put_subscription(asked.body),
            _ => Reply::Json(404, json!({ "error": "the sandbox has no such door" })),
        }
    }

    fn put_subscription(&mut self, body: &[u8]) -> Reply {
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let flag = |name: &str| body.get(name).and_then(Value::as_bool);
        let Some(endpoint) = text("endpoint") else {
            return Reply::Json(400, json!({ "error": "endpoint is missing: where pushes are posted to" }));
        };
        let usual = Subscription::new(&endpoint);
        let subscription = Subscription {
            audience: text("audience"),
            service_account: text("service_account").or(usual.service_account.clone()),
            is_wrapped: flag("is_wrapped").unwrap_or(usual.is_wrapped),
            writes_metadata: flag("writes_metadata").unwrap_or(usual.writes_metadata),
            ..usual
        };
        let answer = json!({ "name": subscription.name, "topic": subscription.topic });
        self.subscribe(subscription);
        Reply::Json(200, answer)
    }

    fn state(&self) -> Value {
        let mailboxes = self.mailboxes.values().map(|mailbox| {
            json!({ "address": mailbox.address, "messages": mailbox.messages.len(), "historyId": mailbox.history_id,
                "watch": mailbox.watch.as_ref().map(super::watch::Watch::to_json), "units_used": mailbox.usage.units,
                "over_quota": mailbox.usage.over_quota, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
                "refresh_token": refresh_token(&mailbox.address) })
        });
        let acknowledged = self.pubsub.done.iter().filter(|pushed| pushed.is_acknowledged).count();
        json!({ "mailboxes": mailboxes.collect::<Vec<_>>(), "topics": self.pubsub.topics,
            "pushes": { "tried": self.pubsub.done.len(), "acknowledged": acknowledged, "dropped": self.pubsub.dropped } })
    }
}
