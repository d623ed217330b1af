//! Pub/Sub's push subscriptions: at least once, in no order, with a signed token.

use super::{Google, keys};
use crate::sandbox::post::Posted;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The topic that there is from the start.
pub const TOPIC: &str = "projects/sandbox-project/topics/gmail";
/// What pushes are signed for, unless a subscription says otherwise.
pub const PUSH_ACCOUNT: &str = "push@sandbox-project.iam.gserviceaccount.example";
const SUBSCRIPTION: &str = "projects/sandbox-project/subscriptions/gmail-push";
const ISSUER: &str = "https://accounts.google.com";
const ACCOUNT_NUMBER: &str = "113774264463038321964";
const RETENTION_DAYS: i64 = 7;
const BACKOFF_MS_MIN: i64 = 100;
const BACKOFF_MS_MAX: i64 = 60_000;
const TOKEN_LIFE_SECONDS: i64 = 3_600;
/// The same token goes with many pushes.
const TOKEN_USED_SECONDS: i64 = 2_700;
const WAITING_MAX: usize = 100_000;
const DONE_MAX: usize = 10_000;
/// Every other status is a refusal, and so is none.
const ACKNOWLEDGED: [u16; 5] = [102, 200, 201, 202, 204];

/// How ids and times of a message are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As the real one does.
    Both,
    Camel,
    Snake,
}

/// A push subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub name: String,
    pub topic: String,
    /// Where it posts: an address of this machine.
    pub endpoint: String,
    /// None is the endpoint itself.
    pub audience: Option<String>,
    /// None is no token.
    pub service_account: Option<String>,
    /// Else the body is the data alone.
    pub is_wrapped: bool,
    /// For a body that is not wrapped: ids and times in headers.
    pub writes_metadata: bool,
    /// How long an answer may take.
    pub ack_deadline: Duration,
    pub spelling: Spelling,
    /// Else it is a number.
    pub history_id_is_text: bool,
}

impl Subscription {
    /// With the usual settings: wrapped, signed for the endpoint.
    pub fn new(endpoint: &str) -> Self {
        Self {
            name: SUBSCRIPTION.to_owned(),
            topic: TOPIC.to_owned(),
            endpoint: endpoint.to_owned(),
            audience: None,
            service_account: Some(PUSH_ACCOUNT.to_owned()),
            is_wrapped: true,
            writes_metadata: false,
            ack_deadline: Duration::from_secs(10),
            spelling: Spelling::Both,
            history_id_is_text: false,
        }
    }
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    pub message_id: String,
    pub mailbox: String,
    pub history_id: u64,
    /// The first is 1.
    pub attempt: u32,
    /// None where nothing was answered in time.
    pub status: Option<u16>,
    pub is_acknowledged: bool,
}

/// Topics, subscriptions, and what waits to be posted.
#[derive(Debug)]
pub(super) struct PubSub {
    pub(super) topics: BTreeSet<String>,
    /// Topics that Gmail may not publish to.
    pub(super) closed_topics: BTreeSet<String>,
    pub(super) subscriptions: Vec<Subscription>,
    waiting: Vec<Waiting>,
    /// The token of a subscription, with the key that signed it and the time.
    tokens: BTreeMap<String, (String, String, DateTime<Utc>)>,
    published: u64,
    /// Notices that came too soon after another.
    pub(super) dropped: u64,
    pub(super) done: Vec<Pushed>,
}

#[derive(Debug, Clone)]
struct Waiting {
    subscription: String,
    message_id: String,
    mailbox: String,
    history_id: u64,
    published_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    attempt: u32,
    is_repeat: bool,
}

/// A push on its way.
#[derive(Debug)]
pub(in crate::sandbox) struct Outgoing {
    waiting: Waiting,
    pub(in crate::sandbox) url: String,
    pub(in crate::sandbox) headers: Vec<(String, String)>,
    pub(in crate::sandbox) body: String,
    pub(in crate::sandbox) timeout: Duration,
}

impl Default for PubSub {
    fn default() -> Self {
        Self {
            topics: BTreeSet::from([TOPIC.to_owned()]),
            closed_topics: BTreeSet::new(),
            subscriptions: Vec::new(),
            waiting: Vec::new(),
            tokens: BTreeMap::new(),
            published: 0,
            dropped: 0,
            done: Vec::new(),
        }
    }
}

impl PubSub {
    pub(super) fn publish(&mut self, topic: &str, mailbox: &str, history_id: u64, now: DateTime<Utc>) {
        self.published += 1;
        let message_id = format!("{}", 1_000_000_000_000_u64 + self.published);
        for subscription in self.subscriptions.iter().filter(|subscription| subscription.topic == topic) {
            if self.waiting.len() < WAITING_MAX {
                self.waiting.push(Waiting {
                    subscription: subscription.name.clone(),
                    message_id: message_id.clone(),
                    mailbox: mailbox.to_owned(),
                    history_id,
                    published_at: now,
                    due_at: now,
                    attempt: 1,
                    is_repeat: false,
                });
            }
        }
    }
}

impl Google {
    /// True where something waits to be posted, now or later.
    pub(in crate::sandbox) fn is_push_waiting(&self) -> bool {
        !self.pubsub.waiting.is_empty()
    }

    /// One that is due; it waits no longer.
    pub(in crate::sandbox) fn next_push(&mut self) -> Option<Outgoing> {
        let now = (self.now)();
        let is_due = |waiting: &Waiting| waiting.due_at <= now;
        let mut places = self.pubsub.waiting.iter();
        let at = if self.pushes_newest_first { places.rposition(is_due) } else { places.position(is_due) }?;
        let waiting = self.pubsub.waiting.remove(at);
        let mut subscriptions = self.pubsub.subscriptions.iter();
        let subscription = subscriptions.find(|known| known.name == waiting.subscription)?.clone();
        let id = if subscription.history_id_is_text {
            json!(waiting.history_id.to_string())
        } else {
            json!(waiting.history_id)
        };
        let data = json!({ "emailAddress": waiting.mailbox, "historyId": id }).to_string();
        let published = waiting.published_at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut headers = vec![
            ("Content-Type".to_owned(), "application/json".to_owned()),
            (
                "User-Agent".to_owned(),
                "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)".to_owned(),
            ),
            ("From".to_owned(), "noreply@google.com".to_owned()),
        ];
        if let Some(token) = self.push_token(&subscription, now) {
            headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
        let body = if subscription.is_wrapped {
            let message = message(subscription.spelling, &data, &waiting.message_id, &published);
            format!("{}\n", json!({ "message": message, "subscription": subscription.name }))
        } else {
            if subscription.writes_metadata {
                let named = |name: &str| format!("x-goog-pubsub-{name}");
                headers.push((named("subscription-name"), subscription.name.clone()));
                headers.push((named("message-id"), waiting.message_id.clone()));
                headers.push((named("publish-time"), published));
            }
            data
        };
        Some(Outgoing { waiting, url: subscription.endpoint, headers, body, timeout: subscription.ack_deadline })
    }

    /// What is not acknowledged comes again, and now and then also what is.
    pub(in crate::sandbox) fn note_push(&mut self, push: Outgoing, answered: Option<Posted>) -> Pushed {
        let now = (self.now)();
        let waiting = push.waiting;
        let status = answered.map(|answered| answered.status);
        let is_acknowledged = status.is_some_and(|status| ACKNOWLEDGED.contains(&status));
        let pushed = Pushed {
            message_id: waiting.message_id.clone(),
            mailbox: waiting.mailbox.clone(),
            history_id: waiting.history_id,
            attempt: waiting.attempt,
            status,
            is_acknowledged,
        };
        let acknowledged = self.pubsub.done.iter().filter(|done| done.is_acknowledged).count();
        let is_repeated = self.pushes_repeat_every.is_some_and(|every| acknowledged % every.max(1) == 0);
        if !is_acknowledged && now - waiting.published_at < TimeDelta::days(RETENTION_DAYS) {
            let wait_ms = (BACKOFF_MS_MIN << waiting.attempt.min(16)).min(BACKOFF_MS_MAX);
            let due_at = now + TimeDelta::milliseconds(wait_ms);
            self.pubsub.waiting.push(Waiting { due_at, attempt: waiting.attempt + 1, ..waiting });
        } else if is_acknowledged && is_repeated && !waiting.is_repeat {
            self.pubsub.waiting.push(Waiting { is_repeat: true, ..waiting });
        }
        if self.pubsub.done.len() < DONE_MAX {
            self.pubsub.done.push(pushed.clone());
        }
        pushed
    }

    /// What stands in the token of a push.
    pub fn push_claims(&self, audience: &str, service_account: &str) -> Value {
        let issued_at = (self.now)().timestamp();
        json!({ "aud": audience, "azp": ACCOUNT_NUMBER, "email": service_account, "email_verified": true,
            "exp": issued_at + TOKEN_LIFE_SECONDS, "iat": issued_at, "iss": ISSUER, "sub": ACCOUNT_NUMBER })
    }

    /// A token as Google signs it; none where no key could be made.
    pub fn sign(&self, claims: &Value) -> Option<String> {
        let key = keys::key(self.signing_key)?;
        key.sign(&key.kid, claims)
    }

    /// A token that names a key which Google does not have.
    pub fn sign_as_stranger(&self, claims: &Value) -> Option<String> {
        let key = keys::key(keys::STRANGER)?;
        key.sign(&key.kid, claims)
    }

    /// A token that names Google's key and is signed by another.
    pub fn sign_forged(&self, claims: &Value) -> Option<String> {
        keys::key(keys::STRANGER)?.sign(&keys::key(self.signing_key)?.kid, claims)
    }

    /// The same one for a while.
    fn push_token(&mut self, subscription: &Subscription, now: DateTime<Utc>) -> Option<String> {
        let account = subscription.service_account.as_ref()?;
        let kid = keys::key(self.signing_key)?.kid.clone();
        if let Some((token, signed_by, at)) = self.pubsub.tokens.get(&subscription.name)
            && *signed_by == kid
            && (now - *at).num_seconds() < TOKEN_USED_SECONDS
        {
            return Some(token.clone());
        }
        let audience = subscription.audience.as_ref().unwrap_or(&subscription.endpoint);
        let token = self.sign(&self.push_claims(audience, account))?;
        self.pubsub.tokens.insert(subscription.name.clone(), (token.clone(), kid, now));
        Some(token)
    }
}

fn message(spelling: Spelling, data: &str, id: &str, published: &str) -> Value {
    let data = STANDARD.encode(data);
    match spelling {
        Spelling::Both => json!({ "data": data, "messageId": id, "message_id": id, "publishTime": published,
            "publish_time": published }),
        Spelling::Camel => json!({ "data": data, "messageId": id, "publishTime": published }),
        Spelling::Snake => json!({ "data": data, "message_id": id, "publish_time": published }),
    }
}
