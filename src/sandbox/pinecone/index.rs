//! One index: its namespaces, what reads see of them already, and its limit of requests.

use super::REQUESTS_PER_SECOND_MAX;
use super::refusal::Refusal;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) values: Vec<f32>,
    pub(super) metadata: Map<String, Value>,
}

/// A change, in the order of its time; none of a record takes it out.
#[derive(Debug, Clone)]
struct Change {
    at: DateTime<Utc>,
    namespace: String,
    id: String,
    record: Option<Record>,
}

type Namespaces = BTreeMap<String, BTreeMap<String, Record>>;

#[derive(Debug)]
pub(super) struct Index {
    pub(super) dimension: usize,
    /// The field that its model reads.
    pub(super) text_field: Option<String>,
    pub(super) writes: u64,
    /// What reads see.
    seen: Namespaces,
    /// What they do not see yet.
    unseen: VecDeque<Change>,
    recent: BTreeMap<String, VecDeque<DateTime<Utc>>>,
}

impl Index {
    pub(super) fn new(dimension: usize, text_field: Option<String>) -> Self {
        Self {
            dimension,
            text_field,
            writes: 0,
            seen: Namespaces::new(),
            unseen: VecDeque::new(),
            recent: BTreeMap::new(),
        }
    }

    pub(super) fn description(&self, name: &str, url: &str) -> Value {
        let mut description = json!({
            "name": name, "dimension": self.dimension, "metric": "cosine", "vector_type": "dense",
            "host": format!("{url}/index/{name}"), "deletion_protection": "disabled",
            "spec": { "serverless": { "cloud": "aws", "region": "us-east-1",
                "read_capacity": { "mode": "OnDemand", "status": { "state": "Ready" } } } },
            "status": { "ready": true, "state": "Ready" },
        });
        if let (Some(field), Some(description)) = (&self.text_field, description.as_object_mut()) {
            let embed = json!({ "model": "multilingual-e5-large", "metric": "cosine", "dimension": self.dimension,
                "vector_type": "dense", "field_map": { "text": field } });
            description.insert("embed".to_owned(), embed);
        }
        description
    }

    /// Over the limit of its namespace.
    pub(super) fn admit(&mut self, namespace: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        let recent = self.recent.entry(namespace.to_owned()).or_default();
        while recent.front().is_some_and(|then| now - *then >= TimeDelta::seconds(1)) {
            recent.pop_front();
        }
        recent.push_back(now);
        if recent.len() > REQUESTS_PER_SECOND_MAX {
            return Err(Refusal::new(429, 8, "Too many requests"));
        }
        Ok(())
    }

    pub(super) fn put(&mut self, namespace: &str, id: String, record: Record, at: DateTime<Utc>) {
        self.writes += 1;
        self.unseen.push_back(Change { at, namespace: namespace.to_owned(), id, record: Some(record) });
    }

    pub(super) fn remove(&mut self, namespace: &str, id: String, at: DateTime<Utc>) {
        self.unseen.push_back(Change { at, namespace: namespace.to_owned(), id, record: None });
    }

    /// What a read sees now; none where there is no such namespace.
    pub(super) fn look(&mut self, namespace: &str, seen_until: DateTime<Utc>) -> Option<&BTreeMap<String, Record>> {
        while let Some(change) = self.unseen.pop_front_if(|change| change.at <= seen_until) {
            apply(&mut self.seen, change);
        }
        self.seen.get(namespace)
    }

    /// Whether anything was ever written there.
    pub(super) fn has(&self, namespace: &str) -> bool {
        self.seen.contains_key(namespace) || self.unseen.iter().any(|change| change.namespace == namespace)
    }

    fn all(&self) -> Namespaces {
        let mut all = self.seen.clone();
        for change in &self.unseen {
            apply(&mut all, change.clone());
        }
        all
    }

    pub(super) fn records(&self, namespace: &str) -> BTreeMap<String, Map<String, Value>> {
        let records = self.all().remove(namespace).unwrap_or_default();
        records.into_iter().map(|(id, record)| (id, record.metadata)).collect()
    }

    pub(super) fn ids(&self, namespace: &str) -> Vec<String> {
        self.all().remove(namespace).unwrap_or_default().into_keys().collect()
    }

    pub(super) fn state(&self) -> Value {
        let counts: BTreeMap<String, usize> =
            self.all().into_iter().map(|(namespace, records)| (namespace, records.len())).collect();
        json!({ "records": counts, "writes": self.writes })
    }

    pub(super) fn stats(&self) -> Value {
        let counts: BTreeMap<String, usize> =
            self.all().into_iter().map(|(namespace, records)| (namespace, records.len())).collect();
        let total: usize = counts.values().sum();
        let namespaces: BTreeMap<&String, Value> =
            counts.iter().map(|(namespace, count)| (namespace, json!({ "vectorCount": count }))).collect();
        json!({ "namespaces": namespaces, "dimension": self.dimension, "indexFullness": 0, "totalVectorCount": total,
            "metric": "cosine", "vectorType": "dense" })
    }
}

fn apply(namespaces: &mut Namespaces, change: Change) {
    let namespace = namespaces.entry(change.namespace).or_default();
    match change.record {
        Some(record) => {
            namespace.insert(change.id, record);
        }
        None => {
            namespace.remove(&change.id);
        }
    }
}
