//! `users.watch`: what is told of a mailbox, to which topic, and for how long.

use super::Google;
use super::mailbox::{Happened, Mailbox};
use super::refusal::Refusal;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const WATCH_DAYS: i64 = 7;
/// More than one within a second is dropped, for each mailbox.
const PUBLISH_SPACING_MS: i64 = 1_000;

/// What a mailbox is watched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Watch {
    topic: String,
    labels: Vec<String>,
    is_exclusive: bool,
    expires_at: DateTime<Utc>,
    published_at: Option<DateTime<Utc>>,
}

impl Watch {
    fn wants(&self, labels: &BTreeSet<String>) -> bool {
        self.labels.is_empty() || self.labels.iter().any(|label| labels.contains(label)) != self.is_exclusive
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "topic": self.topic, "labels": self.labels, "expires_at": self.expires_at })
    }
}

impl Google {
    pub(super) fn watch(&mut self, address: &str, body: &[u8], now: DateTime<Utc>) -> Result<Value, Refusal> {
        let body: Value =
            serde_json::from_slice(body).map_err(|_| Refusal::invalid("Invalid JSON payload received."))?;
        let topic = body.get("topicName").and_then(Value::as_str).unwrap_or_default();
        if !matches!(topic.split('/').collect::<Vec<_>>().as_slice(), ["projects", _, "topics", _]) {
            return Err(Refusal::invalid("Invalid topicName does not match projects/*/topics/*"));
        }
        if !self.pubsub.topics.contains(topic) {
            return Err(Refusal::not_found());
        }
        if self.pubsub.closed_topics.contains(topic) {
            let message = "Error sending test message to Cloud PubSub: User not authorized to perform this action.";
            return Err(Refusal::forbidden(message));
        }
        let labels = body.get("labelIds").and_then(Value::as_array).into_iter().flatten();
        let labels: Vec<String> = labels.filter_map(Value::as_str).map(str::to_owned).collect();
        let behaviour = body.get("labelFilterBehavior").or_else(|| body.get("labelFilterAction"));
        let is_exclusive = matches!(behaviour.and_then(Value::as_str), Some("exclude" | "EXCLUDE"));
        let expires_at = now + TimeDelta::days(WATCH_DAYS);
        let mailbox = self.mailbox(address);
        let history_id = mailbox.history_id;
        mailbox.watch =
            Some(Watch { topic: topic.to_owned(), labels, is_exclusive, expires_at, published_at: Some(now) });
        // One comes at once, whatever happens.
        self.pubsub.publish(topic, address, history_id, now);
        Ok(json!({ "historyId": history_id.to_string(), "expiration": expires_at.timestamp_millis().to_string() }))
    }

    /// Tells those who watch of what happened to a mailbox after a history id.
    pub(super) fn tell_of_changes(&mut self, address: &str, since: u64) {
        let now = (self.now)();
        let mailbox = self.mailbox(address);
        let history_id = mailbox.history_id;
        let Some(watch) = mailbox.watch.as_ref().filter(|watch| now < watch.expires_at) else { return };
        let is_wanted = changed_labels(mailbox, since).iter().any(|labels| watch.wants(labels));
        if !is_wanted {
            return;
        }
        let spacing = TimeDelta::milliseconds(PUBLISH_SPACING_MS);
        if watch.published_at.is_some_and(|at| now - at < spacing) {
            self.pubsub.dropped += 1;
            return;
        }
        let topic = watch.topic.clone();
        if let Some(watch) = &mut mailbox.watch {
            watch.published_at = Some(now);
        }
        self.pubsub.publish(&topic, address, history_id, now);
    }
}

/// The labels of each message that changed: those that it has and those that it lost.
fn changed_labels(mailbox: &Mailbox, since: u64) -> Vec<BTreeSet<String>> {
    let newer = mailbox.records.iter().rev().take_while(|record| record.id > since);
    let labels = newer.map(|record| {
        let message = mailbox.messages.get(&record.message_id);
        let mut labels = message.map(|message| message.label_ids.clone()).unwrap_or_default();
        if let Happened::LabelsRemoved(removed) = &record.happened {
            labels.extend(removed.iter().cloned());
        }
        labels
    });
    labels.collect()
}
