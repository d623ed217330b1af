//! What is written into the index: a piece of text under its id, with the owner's metadata.

use super::chunk::{Limits, chunks};
use super::{Namespace, slug};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Pinecone's limit of an id, in bytes.
pub const ID_BYTES_MAX: usize = 512;
/// Pinecone's limit of a record's metadata, in bytes (40 KB).
pub const METADATA_BYTES_MAX: usize = 40_960;
/// The tenant, beside the owner's keys: what belongs to one client is found by that client alone.
pub const TENANT: &str = "client_id";
/// The piece itself, where the index keeps no text of its own.
pub const TEXT: &str = "text";

const PREVIEW_CHARS: usize = 100;
const TITLE_CHARS_MAX: usize = 300;
const NAME_CHARS_MAX: usize = 100;
const TAGS_MAX: usize = 20;
const TAG_CHARS_MAX: usize = 60;
const LINKS_MAX: usize = 10;
const LINK_BYTES_MAX: usize = 128;

/// A document or a message, of whose text pieces are made.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    pub namespace: Namespace,
    /// `doc_123`, `call_123` or `email_{chat_id}`; a piece adds its number.
    pub id: String,
    /// As the metadata writes it: `sales_call`.
    pub context: String,
    pub title: String,
    pub lead_ids: Vec<String>,
    pub lead_names: Vec<String>,
    pub client_ids: Vec<String>,
    pub campaign_ids: Vec<String>,
    pub product_ids: Vec<String>,
    /// Whose it is; none where it is for all.
    pub tenants: BTreeSet<String>,
    pub source: Option<String>,
    pub at: DateTime<Utc>,
    pub tags: Vec<String>,
    pub text: String,
}

/// One piece, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub id: String,
    pub text: String,
    pub metadata: Map<String, Value>,
}

/// Tells what is written from all else that could be.
pub fn fingerprint(entries: &[Entry]) -> String {
    let mut hash = Sha256::new();
    for entry in entries {
        for part in [&entry.id, &entry.text, &Value::Object(entry.metadata.clone()).to_string()] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize())
}

/// The id of a piece.
pub fn chunk_id(passage_id: &str, number: usize) -> String {
    format!("{passage_id}_{number}")
}

/// The first part of a document's ids. `number` is the base's own; without one the record's id does as well.
pub fn document_id(id_type: &str, number: Option<u64>, record_id: &str) -> String {
    match number {
        Some(number) => format!("{id_type}_{number}"),
        None => format!("{id_type}_{}", printable(record_id)),
    }
}

/// The first part of a message's ids.
pub fn message_id(chat_id: &str) -> String {
    format!("email_{}", printable(chat_id))
}

/// Ids are kept to printable ASCII, and leave room for the number of the piece.
fn printable(id: &str) -> String {
    id.chars().filter(char::is_ascii_graphic).take(ID_BYTES_MAX / 2).collect()
}

impl Passage {
    /// The pieces, each with all that is known of the whole.
    pub fn entries(&self, limits: Limits) -> Vec<Entry> {
        let ranges = chunks(&self.text, limits);
        let total = ranges.len();
        let pieces = ranges.into_iter().filter_map(|range| self.text.get(range)).enumerate();
        pieces.map(|(number, piece)| self.entry(number, total, piece)).collect()
    }

    fn entry(&self, number: usize, total: usize, piece: &str) -> Entry {
        let id = chunk_id(&self.id, number);
        let tenants: Vec<String> = self.tenants.iter().cloned().collect();
        let tags: Vec<String> = self
            .tags
            .iter()
            .map(|tag| clip(&slug(tag), TAG_CHARS_MAX))
            .filter(|tag| !tag.is_empty())
            .take(TAGS_MAX)
            .collect();
        let names: Vec<String> = self.lead_names.iter().map(|name| clip(name, NAME_CHARS_MAX)).collect();
        let known = [
            ("id", Some(json!(id))),
            ("document_id", Some(json!(self.id))),
            ("context", Some(json!(self.context))),
            ("title", text(&clip(&self.title, TITLE_CHARS_MAX))),
            ("linked_lead_id", links(&self.lead_ids)),
            ("linked_lead_name", one_or_several(&names)),
            ("linked_client_id", links(&self.client_ids)),
            ("linked_campaign_id", links(&self.campaign_ids)),
            ("linked_product_id", links(&self.product_ids)),
            ("source", self.source.as_deref().and_then(|source| text(&slug(source)))),
            ("date", Some(json!(self.at.date_naive().to_string()))),
            ("timestamp", Some(json!(self.at.timestamp()))),
            ("tags", (!tags.is_empty()).then(|| json!(tags))),
            ("chunk_index", Some(json!(number))),
            ("total_chunks", Some(json!(total))),
            ("content_preview", Some(json!(clip(piece, PREVIEW_CHARS)))),
            (TENANT, one_or_several(&tenants)),
        ];
        // Null would be refused, with all of its request.
        let metadata = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        Entry { id, text: piece.to_owned(), metadata }
    }
}

fn links(ids: &[String]) -> Option<Value> {
    one_or_several(&ids.iter().filter(|id| id.len() <= LINK_BYTES_MAX).cloned().collect::<Vec<_>>())
}

/// A text where there is one, a list where there are several: filters match both alike.
fn one_or_several(ids: &[String]) -> Option<Value> {
    let ids: Vec<&String> = ids.iter().filter(|id| !id.trim().is_empty()).take(LINKS_MAX).collect();
    match ids.as_slice() {
        [] => None,
        [one] => Some(json!(one)),
        several => Some(json!(several)),
    }
}

fn text(value: &str) -> Option<Value> {
    (!value.trim().is_empty()).then(|| json!(value))
}

fn clip(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passage() -> Passage {
        Passage {
            namespace: Namespace::Documents,
            id: "doc_123".to_owned(),
            context: "sales_call".to_owned(),
            title: "Sales call with John Smith".to_owned(),
            lead_ids: vec!["lead_456".to_owned()],
            lead_names: vec!["John Smith".to_owned()],
            client_ids: Vec::new(),
            campaign_ids: vec!["campaign_789".to_owned()],
            product_ids: Vec::new(),
            tenants: BTreeSet::new(),
            source: Some("Zoom".to_owned()),
            at: "2024-01-05T12:00:00Z".parse().unwrap(),
            tags: vec!["interested".to_owned(), "Pricing Question".to_owned()],
            text: "First words. Then others.".to_owned(),
        }
    }

    #[test]
    fn the_owners_example() {
        let entries = passage().entries(Limits::of(20));
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1].text, "Then others.");
        let expected = json!({
            "id": "doc_123_1", "document_id": "doc_123", "context": "sales_call", "title": "Sales call with John Smith",
            "linked_lead_id": "lead_456", "linked_lead_name": "John Smith", "linked_campaign_id": "campaign_789",
            "source": "zoom", "date": "2024-01-05", "timestamp": 1_704_456_000, "tags": ["interested", "pricing_question"],
            "chunk_index": 1, "total_chunks": 2, "content_preview": "Then others.",
        });
        assert_eq!(Value::Object(entries[1].metadata.clone()), expected, "absent keys are left out, never null");
    }

    #[test]
    fn several_links_are_a_list_and_none_no_key() {
        let several = Passage {
            lead_ids: vec!["a".to_owned(), "b".to_owned()],
            tenants: ["acme".to_owned()].into(),
            tags: Vec::new(),
            source: None,
            ..passage()
        };
        let metadata = &several.entries(Limits::of(400))[0].metadata;
        assert_eq!(metadata["linked_lead_id"], json!(["a", "b"]));
        assert_eq!(metadata["client_id"], "acme");
        assert!(!metadata.contains_key("tags") && !metadata.contains_key("source"));
    }

    #[test]
    fn ids_are_printable_and_short() {
        assert_eq!(document_id("doc", Some(123), "rec1"), "doc_123");
        assert_eq!(document_id("call", None, "rec ä1"), "call_rec1");
        assert_eq!(message_id("0b5c"), "email_0b5c");
        let id = chunk_id(&message_id(&"x".repeat(4_000)), usize::MAX);
        assert!(id.len() <= ID_BYTES_MAX && id.bytes().all(|byte| byte.is_ascii_graphic()));
    }

    proptest! {
        #[test]
        fn metadata_stays_small_and_flat(
            title in any::<String>(), names in prop::collection::vec(".{0,400}", 0..40), tags in prop::collection::vec(any::<String>(), 0..60),
            text in ".{1,4000}",
        ) {
            let passage = Passage { title, lead_ids: names.clone(), lead_names: names, tags, text, ..passage() };
            for entry in passage.entries(Limits::of(Limits::CHARS_MAX)) {
                let mut metadata = entry.metadata.clone();
                metadata.insert(TEXT.to_owned(), json!(entry.text));
                prop_assert!(serde_json::to_vec(&metadata).unwrap().len() <= METADATA_BYTES_MAX);
                for value in metadata.values() {
                    let is_flat = value.is_string() || value.is_number()
                        || value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
                    prop_assert!(is_flat, "{value}");
                }
                prop_assert!(entry.metadata["content_preview"].as_str().unwrap().chars().count() <= 100);
            }
        }
    }
}
