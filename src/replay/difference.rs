//! What a replay changes, in the words of those who read it. Pure.

use crate::domain::contact::Contact;
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::domain::stage::Stage;
use crate::engine::rows::{ChatWrite, ContactRow, TaskKind};
use crate::intake::again::Done;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Contacts that are shown one by one; of the rest only the number is told.
const CONTACTS_SHOWN_MAX: usize = 1_000;

/// Fields of the fold that nobody but the fold reads; a change of these alone is told as `inner`.
const INNER: [&str; 8] = [
    "applied_until",
    "newest_received",
    "open_actions",
    "answered_threads",
    "open_meetings",
    "unclear",
    "last_campaign_mail_at",
    "newest_intent",
];

/// What would be, or is, other than before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// How many contacts change in stage, fields or conversation.
    pub contacts_changed: u64,
    /// The first thousand of them.
    pub contacts: Vec<ContactDifference>,
    pub events_added: u64,
    /// Told more fully, told otherwise, or with another effect under the present rules.
    pub events_changed: u64,
    /// Events that their delivery does not tell any more.
    pub events_withdrawn: u64,
    pub chat_rows_added: u64,
    pub chat_rows_changed: u64,
    pub chat_rows_withdrawn: u64,
    /// Contacts that become leads.
    pub promotions: u64,
    /// Work that is wanted, by kind.
    pub tasks: BTreeMap<TaskKind, u64>,
    pub alerts: u64,
    #[serde(skip)]
    by_contact: HashMap<ContactKey, Touched>,
    /// Beyond those that are shown.
    #[serde(skip)]
    further: BTreeSet<Uuid>,
    #[serde(skip)]
    task_keys: BTreeSet<String>,
    #[serde(skip)]
    alert_ids: BTreeSet<Uuid>,
}

/// What changes of one contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactDifference {
    pub client_id: ClientId,
    pub email: Email,
    pub contact_id: Uuid,
    pub is_new: bool,
    pub stage_before: Stage,
    pub stage_after: Stage,
    /// By name: before and after. `inner` stands for what only the fold itself reads.
    pub fields: BTreeMap<String, (Value, Value)>,
    pub chat_rows_added: Vec<ChatAdded>,
    pub chat_rows_changed: u64,
    pub chat_rows_withdrawn: u64,
}

/// A row that the conversation gets, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChatAdded {
    pub message_timestamp: DateTime<Utc>,
    pub platform: &'static str,
    pub message_type: &'static str,
    pub message_status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Touched {
    contact_id: Uuid,
    before: Option<Contact>,
    after: Option<Contact>,
    added: BTreeMap<String, ChatAdded>,
    changed: BTreeSet<String>,
    withdrawn: BTreeSet<String>,
}

impl Difference {
    /// Nothing is other than before.
    pub fn is_empty(&self) -> bool {
        let counts = [
            self.contacts_changed,
            self.events_added,
            self.events_changed,
            self.events_withdrawn,
            self.chat_rows_added,
            self.chat_rows_changed,
            self.chat_rows_withdrawn,
            self.promotions,
            self.alerts,
        ];
        counts.iter().all(|count| *count == 0) && self.tasks.is_empty()
    }

    pub(super) fn add(&mut self, done: &Done) {
        let writes = &done.writes;
        for row in &writes.contacts {
            self.contact(row, done.before.get(&row.key));
        }
        let new_events: BTreeSet<(Uuid, &str)> = writes
            .events
            .iter()
            .filter(|row| row.is_new)
            .map(|row| (row.contact_id, row.dedupe_key.as_str()))
            .collect();
        let known_events = writes.events.len() - new_events.len();
        self.events_added += count(new_events.len());
        self.events_changed += count(known_events);
        self.events_withdrawn += count(done.withdrawn.len());
        for write in &writes.chat_rows {
            let is_new = new_events.contains(&(write.contact_id, write.row.key.as_str()));
            self.chat_row(write, is_new, done.before.get(&write.key));
        }
        for marks in &writes.chat_marks {
            self.chat_rows_changed += 1;
            let touched = self.by_contact.values_mut().find(|touched| touched.contact_id == marks.contact_id);
            if let Some(touched) = touched {
                touched.changed.insert(marks.message_key.clone());
            }
        }
        for event in &done.withdrawn {
            if let Some(touched) = self.touched(&event.key, event.contact_id, done.before.get(&event.key)) {
                touched.withdrawn.insert(event.dedupe_key.clone());
            }
        }
        for task in &writes.tasks {
            if self.task_keys.insert(task.task_key.clone()) {
                *self.tasks.entry(task.kind).or_default() += 1;
            }
        }
        for log in writes.logs.iter().filter(|log| log.raises.is_some()) {
            if self.alert_ids.insert(log.log_id) {
                self.alerts += 1;
            }
        }
    }

    fn contact(&mut self, row: &ContactRow, before: Option<&Contact>) {
        if let Some(touched) = self.touched(&row.key, row.contact_id, before) {
            touched.after = Some(row.contact.clone());
        }
    }

    fn chat_row(&mut self, write: &ChatWrite, is_new: bool, before: Option<&Contact>) {
        if is_new {
            self.chat_rows_added += 1;
        } else {
            self.chat_rows_changed += 1;
        }
        let row = &write.row;
        let shown = ChatAdded {
            message_timestamp: row.at,
            platform: row.platform.as_str(),
            message_type: row.message_type.as_str(),
            message_status: row.message_status.as_str(),
        };
        let Some(touched) = self.touched(&write.key, write.contact_id, before) else { return };
        if is_new {
            touched.added.insert(row.key.clone(), shown);
        } else {
            touched.changed.insert(row.key.clone());
        }
    }

    /// None where so many are touched that it is only counted.
    fn touched(&mut self, key: &ContactKey, contact_id: Uuid, before: Option<&Contact>) -> Option<&mut Touched> {
        if self.by_contact.len() >= CONTACTS_SHOWN_MAX && !self.by_contact.contains_key(key) {
            self.further.insert(contact_id);
            return None;
        }
        Some(self.by_contact.entry(key.clone()).or_insert_with(|| Touched {
            contact_id,
            before: before.cloned(),
            after: None,
            added: BTreeMap::new(),
            changed: BTreeSet::new(),
            withdrawn: BTreeSet::new(),
        }))
    }

    /// Contacts that end as they began are none of the difference.
    pub(super) fn settle(&mut self) {
        let by_contact: BTreeMap<ContactKey, Touched> = std::mem::take(&mut self.by_contact).into_iter().collect();
        self.contacts = by_contact.into_iter().filter_map(|(key, touched)| shown(key, touched)).collect();
        self.contacts_changed = count(self.contacts.len()) + count(self.further.len());
        let promoted = |contact: &&ContactDifference| {
            contact.fields.get("has_engaged").is_some_and(|(_, after)| *after == Value::Bool(true))
        };
        self.promotions = count(self.contacts.iter().filter(promoted).count());
        self.chat_rows_withdrawn = self.contacts.iter().map(|contact| contact.chat_rows_withdrawn).sum();
        self.further.clear();
        self.task_keys.clear();
        self.alert_ids.clear();
    }
}

fn shown(key: ContactKey, touched: Touched) -> Option<ContactDifference> {
    let before = touched.before.clone().unwrap_or_default();
    let after = touched.after.unwrap_or_else(|| before.clone());
    let fields = fields(&before, &after);
    let chats = touched.added.len() + touched.changed.len() + touched.withdrawn.len();
    let is_new = touched.before.is_none();
    (is_new || chats > 0 || !fields.is_empty()).then(|| ContactDifference {
        client_id: key.client_id,
        email: key.email,
        contact_id: touched.contact_id,
        is_new,
        stage_before: before.stage,
        stage_after: after.stage,
        fields,
        chat_rows_added: touched.added.into_values().collect(),
        chat_rows_changed: count(touched.changed.len()),
        chat_rows_withdrawn: count(touched.withdrawn.len()),
    })
}

fn fields(before: &Contact, after: &Contact) -> BTreeMap<String, (Value, Value)> {
    let (mut before, after) = (flat(before), flat(after));
    let mut fields = BTreeMap::new();
    for (name, after) in after {
        let before = before.remove(&name).unwrap_or(Value::Null);
        if before != after {
            fields.insert(name, (before, after));
        }
    }
    fields.extend(before.into_iter().map(|(name, before)| (name, (before, Value::Null))));
    let inner = fields.len();
    fields.retain(|name, _| !INNER.contains(&name.as_str()));
    if fields.is_empty() && inner > 0 {
        fields.insert("inner".to_owned(), (Value::Null, Value::Null));
    }
    fields
}

/// The contact's fields by name, those of the profile beside the others.
fn flat(contact: &Contact) -> Map<String, Value> {
    let object = |value: Option<Value>| match value {
        Some(Value::Object(object)) => object,
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | None => Map::new(),
    };
    let mut flat = object(serde_json::to_value(contact).ok());
    let profile = object(flat.remove("profile"));
    flat.extend(profile);
    flat
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
