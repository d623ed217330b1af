//! The webhooks API: specifications, lives, payload lists. What a payload holds is in `payloads`, how it is told in `ping`.

use super::reading::time;
use super::refusal::Refusal;
use super::schema::Tables;
use super::writing::Change;
use super::{Base, Query, payloads, ping};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::VecDeque;

const WEBHOOKS_MAX: usize = 10;
const LIFE_DAYS: i64 = 7;
const PAYLOADS_A_PAGE_MAX: usize = 50;

/// Who changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    PublicApi,
    Client,
}

impl Origin {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PublicApi => "publicApi",
            Self::Client => "client",
        }
    }
}

/// A change of the schema, by table id (and field id, and the earlier name).
#[derive(Debug, Clone)]
pub(super) enum SchemaChange {
    TableCreated(String),
    FieldCreated(String, String),
    TableChanged(String, String),
    FieldChanged(String, String, String),
}

/// The key and the content of a payload for a specification; none where nothing of it is wanted.
type Content<'a> = &'a dyn Fn(&Tables, &Value) -> Option<(&'static str, Value)>;

#[derive(Debug)]
pub(super) struct Webhook {
    pub(super) id: String,
    base_id: String,
    notification_url: Option<String>,
    secret: Vec<u8>,
    pub(super) specification: Value,
    expires: DateTime<Utc>,
    are_notifications_enabled: bool,
    payloads: VecDeque<(DateTime<Utc>, Value)>,
    /// The cursor of the first payload that is kept.
    first_cursor: usize,
    last_success: Option<String>,
    last_result: Value,
}

impl Webhook {
    fn next_cursor(&self) -> usize {
        self.first_cursor + self.payloads.len()
    }

    fn to_json(&self) -> Value {
        json!({ "id": self.id, "notificationUrl": self.notification_url, "isHookEnabled": true,
            "areNotificationsEnabled": self.are_notifications_enabled, "cursorForNextPayload": self.next_cursor(),
            "lastSuccessfulNotificationTime": self.last_success, "lastNotificationResult": self.last_result,
            "expirationTime": time(self.expires), "specification": self.specification })
    }
}

impl Base {
    pub(super) fn create_webhook(&mut self, base_id: &str, body: &Value, now: DateTime<Utc>) -> Result<Value, Refusal> {
        let specification = body.get("specification").cloned().unwrap_or_default();
        payloads::check(&self.tables, &specification)?;
        let url = match body.get("notificationUrl") {
            None | Some(Value::Null) => None,
            Some(Value::String(url)) if url.starts_with("http://") || url.starts_with("https://") => Some(url.clone()),
            Some(_) => return Err(Refusal::invalid("notificationUrl is no address")),
        };
        if self.webhooks.iter().filter(|webhook| webhook.expires > now).count() >= WEBHOOKS_MAX {
            return Err(Refusal::unprocessable("TOO_MANY_WEBHOOKS_BY_BASE", "A base takes ten webhooks"));
        }
        self.webhooks_made += 1;
        let id = format!("ach{:014}", self.webhooks_made);
        let secret = uuid::Uuid::new_v4().into_bytes().to_vec();
        let expires = now + TimeDelta::days(LIFE_DAYS);
        let answer = json!({ "id": id, "macSecretBase64": STANDARD.encode(&secret), "expirationTime": time(expires) });
        self.webhooks.push(Webhook {
            id,
            base_id: base_id.to_owned(),
            notification_url: url,
            secret,
            specification,
            expires,
            are_notifications_enabled: true,
            payloads: VecDeque::new(),
            first_cursor: 1,
            last_success: None,
            last_result: Value::Null,
        });
        Ok(answer)
    }

    /// Airtable gives up on the pings of all webhooks, as after many that were not answered.
    pub fn give_up_pings(&mut self) {
        for webhook in &mut self.webhooks {
            webhook.are_notifications_enabled = false;
        }
    }

    pub(super) fn list_webhooks(&self, now: DateTime<Utc>) -> Value {
        let living = self.webhooks.iter().filter(|webhook| webhook.expires > now);
        json!({ "webhooks": living.map(Webhook::to_json).collect::<Vec<_>>() })
    }

    pub(super) fn delete_webhook(&mut self, id: &str) -> Result<Value, Refusal> {
        let count = self.webhooks.len();
        self.webhooks.retain(|webhook| webhook.id != id);
        if self.webhooks.len() == count { Err(Refusal::not_found()) } else { Ok(Value::Null) }
    }

    pub(super) fn refresh_webhook(&mut self, id: &str, now: DateTime<Utc>) -> Result<Value, Refusal> {
        let webhook = self.webhooks.iter_mut().find(|webhook| webhook.id == id && webhook.expires > now);
        let webhook = webhook.ok_or_else(Refusal::not_found)?;
        webhook.expires = now + TimeDelta::days(LIFE_DAYS);
        Ok(json!({ "expirationTime": time(webhook.expires) }))
    }

    pub(super) fn enable_notifications(&mut self, id: &str, body: &Value) -> Result<Value, Refusal> {
        let enable =
            body.get("enable").and_then(Value::as_bool).ok_or_else(|| Refusal::invalid("enable is missing"))?;
        let webhook = self.webhooks.iter_mut().find(|webhook| webhook.id == id).ok_or_else(Refusal::not_found)?;
        webhook.are_notifications_enabled = enable;
        Ok(Value::Null)
    }

    /// Listing lengthens the life of a webhook; of one that expired the past payloads are still there.
    pub(super) fn list_payloads(&mut self, id: &str, query: &Query, now: DateTime<Utc>) -> Result<Value, Refusal> {
        let webhook = self.webhooks.iter_mut().find(|webhook| webhook.id == id).ok_or_else(Refusal::not_found)?;
        let number = |name: &str| match query.get(name).map(str::parse::<usize>) {
            None => Ok(None),
            Some(Ok(number)) if number > 0 => Ok(Some(number)),
            Some(_) => Err(Refusal::invalid(format!("{name} must be a positive number"))),
        };
        let limit = number("limit")?.unwrap_or(PAYLOADS_A_PAGE_MAX);
        if limit > PAYLOADS_A_PAGE_MAX {
            return Err(Refusal::invalid("limit must be at most 50"));
        }
        let cursor = number("cursor")?.unwrap_or(1).max(webhook.first_cursor);
        if webhook.expires > now {
            webhook.expires = now + TimeDelta::days(LIFE_DAYS);
        }
        let waiting = webhook.payloads.iter().skip(cursor - webhook.first_cursor);
        let page: Vec<&Value> = waiting.take(limit).map(|(_, payload)| payload).collect();
        let next = (cursor + page.len()).min(webhook.next_cursor());
        let has_more = next < webhook.next_cursor();
        Ok(json!({ "payloads": page, "cursor": next, "mightHaveMore": has_more }))
    }

    /// What was expired for a week is gone, and so are payloads of more than a week.
    pub(super) fn forget_old_webhooks(&mut self, now: DateTime<Utc>) {
        let oldest = now - TimeDelta::days(LIFE_DAYS);
        self.webhooks.retain(|webhook| webhook.expires > oldest);
        for webhook in &mut self.webhooks {
            while webhook.payloads.front().is_some_and(|(at, _)| *at <= oldest) {
                webhook.payloads.pop_front();
                webhook.first_cursor += 1;
            }
        }
    }

    /// Every write is a transaction; the webhooks whose specification it fits get a payload.
    pub(super) fn note_records(&mut self, changes: &[Change], origin: Origin, now: DateTime<Utc>) {
        self.note(origin, now, &|tables, specification| {
            payloads::of_records(tables, specification, changes, origin).map(|tables| ("changedTablesById", tables))
        });
    }

    pub(super) fn note_schema(&mut self, change: &SchemaChange) {
        let now = (self.now)();
        self.note(Origin::PublicApi, now, &|tables, specification| {
            payloads::of_schema(tables, specification, change, Origin::PublicApi)
        });
    }

    fn note(&mut self, origin: Origin, now: DateTime<Utc>, content: Content<'_>) {
        self.transactions += 1;
        let mut to_ping = Vec::new();
        for webhook in self.webhooks.iter_mut().filter(|webhook| webhook.expires > now) {
            let Some((key, content)) = content(&self.tables, &webhook.specification) else { continue };
            let payload = json!({ "timestamp": time(now), "baseTransactionNumber": self.transactions, "payloadFormat": "v0",
                "actionMetadata": { "source": origin.name(), "sourceMetadata": { "user": payloads::user() } }, key: content });
            webhook.payloads.push_back((now, payload));
            to_ping.push(webhook.id.clone());
        }
        for id in to_ping {
            self.ping(&id);
        }
    }

    /// Tells that there is something to fetch; Airtable may also do so without a reason.
    pub fn ping(&mut self, webhook_id: &str) {
        let now = (self.now)();
        let Some(webhook) = self.webhooks.iter().find(|webhook| webhook.id == webhook_id) else { return };
        let Some(url) = webhook.notification_url.clone().filter(|_| webhook.are_notifications_enabled) else { return };
        let body =
            json!({ "base": { "id": webhook.base_id }, "webhook": { "id": webhook.id }, "timestamp": time(now) });
        let mut ping = ping::Ping::new(&webhook.id, &url, &body, &webhook.secret);
        if self.drops_pings {
            self.pings_dropped += 1;
        } else {
            ping.forge(self.forges_pings);
            // A full queue loses pings; the payloads stay, as with the real one.
            self.pings_dropped += u64::from(self.pings.try_send(ping).is_err());
        }
    }

    pub(in crate::sandbox) fn note_ping(&mut self, webhook_id: &str, failure: Option<&str>) {
        let now = time((self.now)());
        match failure {
            None => self.pings_succeeded += 1,
            Some(_) => self.pings_failed += 1,
        }
        let Some(webhook) = self.webhooks.iter_mut().find(|webhook| webhook.id == webhook_id) else { return };
        let mut result =
            json!({ "success": failure.is_none(), "completionTimestamp": now, "durationMs": 1.0, "retryNumber": 0 });
        if let (Some(why), Some(object)) = (failure, result.as_object_mut()) {
            object.insert("error".to_owned(), json!({ "message": why }));
            object.insert("willBeRetried".to_owned(), json!(false));
        } else {
            webhook.last_success = Some(now);
        }
        webhook.last_result = result;
    }
}
