//! One mailbox: its messages with their labels and threads, and the history of both.

use super::headers::{base_subject, first, headers, message_ids};
use super::quota::Usage;
use super::random::Random;
use super::watch::Watch;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// History is forgotten beyond so many records, as it is with age.
const RECORDS_MAX: usize = 50_000;
/// Ids leave out up to so many numbers.
const ID_GAP: u64 = 0x1_0000;
const HISTORY_GAP: u64 = 60;
/// One message in so many is told as added twice.
const ADDED_TWICE_ONE_IN: u64 = 4;
/// One message of the inbox in so many is marked as important a moment later.
const IMPORTANT_ONE_IN: u64 = 3;

#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) thread_id: String,
    pub(super) label_ids: BTreeSet<String>,
    pub(super) internal_date: DateTime<Utc>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) raw: Vec<u8>,
    /// Of its last change.
    pub(super) history_id: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happened {
    Added,
    Deleted,
    LabelsAdded(Vec<String>),
    LabelsRemoved(Vec<String>),
}

#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) id: u64,
    pub(super) message_id: String,
    pub(super) thread_id: String,
    pub(super) happened: Happened,
}

/// Listings that do not see the newest records yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lag {
    pub(super) seen_until: u64,
    pub(super) listings: u32,
}

#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) address: String,
    pub(super) messages: BTreeMap<String, Message>,
    pub(super) records: Vec<Record>,
    /// Where the mailbox is now.
    pub(super) history_id: u64,
    /// History from before this id is not kept.
    pub(super) oldest_history_id: u64,
    pub(super) lag: Option<Lag>,
    pub(super) watch: Option<Watch>,
    pub(super) usage: Usage,
    last_id: u64,
    random: Random,
}

impl Mailbox {
    pub(super) fn new(address: &str, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let history_id = 100_000 + random.below(900_000);
        Self {
            address: address.to_owned(),
            messages: BTreeMap::new(),
            records: Vec::new(),
            history_id,
            oldest_history_id: history_id,
            lag: None,
            watch: None,
            usage: Usage::default(),
            last_id: 0x1900_0000_0000_0000 + random.below(0xffff_ffff),
            random,
        }
    }

    /// A message as it comes in or goes out: into the thread that it answers, if its subject is the same.
    pub(super) fn add(&mut self, raw: &[u8], labels: &[&str], now: DateTime<Utc>) -> String {
        self.last_id += 1 + self.random.below(ID_GAP);
        let id = format!("{:016x}", self.last_id);
        let headers = headers(raw);
        let thread_id = self.thread_of(&headers).unwrap_or_else(|| id.clone());
        let label_ids: BTreeSet<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let is_in_inbox = label_ids.contains("INBOX");
        let message = Message { thread_id, label_ids, internal_date: now, headers, raw: raw.to_vec(), history_id: 0 };
        self.messages.insert(id.clone(), message);
        self.record(&id, Happened::Added);
        if self.random.below(ADDED_TWICE_ONE_IN) == 0 {
            self.record(&id, Happened::Added);
        }
        if is_in_inbox && self.random.below(IMPORTANT_ONE_IN) == 0 {
            self.relabel(&id, &["IMPORTANT"], &[]);
        }
        id
    }

    /// False where there is no such message.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        let Some(message) = self.messages.remove(id) else { return false };
        self.note(id, message.thread_id, Happened::Deleted);
        true
    }

    /// False where there is no such message.
    pub(super) fn relabel(&mut self, id: &str, add: &[&str], remove: &[&str]) -> bool {
        let Some(message) = self.messages.get_mut(id) else { return false };
        let owned = |label: &&str| (*label).to_owned();
        let added: Vec<String> =
            add.iter().map(owned).filter(|label| message.label_ids.insert(label.clone())).collect();
        let removed: Vec<String> = remove.iter().map(owned).filter(|label| message.label_ids.remove(label)).collect();
        if !added.is_empty() {
            self.record(id, Happened::LabelsAdded(added));
        }
        if !removed.is_empty() {
            self.record(id, Happened::LabelsRemoved(removed));
        }
        true
    }

    /// What is older than now is not kept any more.
    pub(super) fn forget_history(&mut self) {
        self.records.clear();
        self.oldest_history_id = self.history_id;
    }

    fn record(&mut self, id: &str, happened: Happened) {
        if let Some(thread_id) = self.messages.get(id).map(|message| message.thread_id.clone()) {
            self.note(id, thread_id, happened);
        }
    }

    fn note(&mut self, id: &str, thread_id: String, happened: Happened) {
        self.history_id += 1 + self.random.below(HISTORY_GAP);
        if let Some(message) = self.messages.get_mut(id) {
            message.history_id = self.history_id;
        }
        self.records.push(Record { id: self.history_id, message_id: id.to_owned(), thread_id, happened });
        if self.records.len() > RECORDS_MAX {
            let forgotten = self.records.drain(..RECORDS_MAX / 2).next_back();
            self.oldest_history_id = forgotten.map_or(self.oldest_history_id, |record| record.id);
        }
    }

    fn thread_of(&self, headers: &[(String, String)]) -> Option<String> {
        let named = ["References", "In-Reply-To"].into_iter().filter_map(|name| first(headers, name));
        let answered: BTreeSet<String> = named.flat_map(message_ids).collect();
        let subject = base_subject(first(headers, "Subject").unwrap_or_default());
        let is_answered = |message: &&Message| {
            let id = first(&message.headers, "Message-ID").unwrap_or_default();
            let theirs = base_subject(first(&message.headers, "Subject").unwrap_or_default());
            answered.contains(id.trim()) && theirs == subject
        };
        self.messages.values().find(is_answered).map(|message| message.thread_id.clone())
    }
}
