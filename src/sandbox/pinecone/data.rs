//! The calls of the data plane.

use super::super::query::Query;
use super::index::{Index, Record};
use super::refusal::Refusal;
use super::words::{cosine, embed};
use super::{filter, metadata};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

const RECORDS_MAX: usize = 96;
const VECTORS_MAX: usize = 1_000;
const UPSERT_BYTES_MAX: usize = 2_097_152;
const IDS_MAX: usize = 1_000;
const TOP_K_MAX: u64 = 10_000;
const PAGE_MAX: usize = 100;

pub(super) struct Call<'a> {
    pub(super) index: &'a mut Index,
    pub(super) now: DateTime<Utc>,
    /// What was written later is not seen by reads yet.
    pub(super) seen_until: DateTime<Utc>,
    pub(super) body: &'a [u8],
}

impl Call<'_> {
    pub(super) fn upsert_records(&mut self, namespace: &str, content_type: Option<&str>) -> Result<(), Refusal> {
        self.index.admit(namespace, self.now)?;
        if !content_type.unwrap_or_default().starts_with("application/x-ndjson") {
            return Err(Refusal::new(415, 3, "Unsupported media type: expected application/x-ndjson"));
        }
        let field = self.text_field()?;
        if self.body.len() > UPSERT_BYTES_MAX {
            return Err(Refusal::invalid("the request is larger than 2 MB"));
        }
        let text = std::str::from_utf8(self.body).map_err(|_| Refusal::invalid("the body is no UTF-8"))?;
        let mut records = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let mut record: Map<String, Value> =
                serde_json::from_str(line).map_err(|_| Refusal::invalid("a line is no JSON object"))?;
            let ids = (record.remove("_id"), record.remove("id"));
            let ((Some(Value::String(id)), None) | (None, Some(Value::String(id)))) = ids else {
                return Err(Refusal::invalid("a record needs one `_id` (or `id`), a text"));
            };
            metadata::check_id(&id)?;
            let Some(text) = record.get(&field).and_then(Value::as_str) else {
                return Err(Refusal::invalid(format!("record {id} has no text in the field {field}")));
            };
            let values = embed(text, self.index.dimension);
            metadata::check(&record)?;
            records.push((id, Record { values, metadata: record }));
        }
        if records.is_empty() || records.len() > RECORDS_MAX {
            return Err(Refusal::invalid(format!("a batch has 1 to {RECORDS_MAX} records, not {}", records.len())));
        }
        for (id, record) in records {
            self.index.put(namespace, id, record, self.now);
        }
        Ok(())
    }

    pub(super) fn search_records(&mut self, namespace: &str) -> Result<Value, Refusal> {
        self.index.admit(namespace, self.now)?;
        self.text_field()?;
        let body = self.json()?;
        let query = body.get("query").ok_or_else(|| Refusal::invalid("query is missing"))?;
        let text = query.pointer("/inputs/text").and_then(Value::as_str);
        let text = text.ok_or_else(|| Refusal::invalid("query.inputs.text is missing"))?;
        let vector = embed(text, self.index.dimension);
        let found = self.nearest(namespace, &vector, query.get("top_k"), query.get("filter"))?;
        let hits: Vec<Value> = found
            .into_iter()
            .map(|(id, score, record)| json!({ "_id": id, "_score": score, "fields": record.metadata }))
            .collect();
        Ok(json!({ "result": { "hits": hits }, "usage": { "read_units": 1, "embed_total_tokens": 5 } }))
    }

    pub(super) fn upsert_vectors(&mut self) -> Result<Value, Refusal> {
        if self.body.len() > UPSERT_BYTES_MAX {
            return Err(Refusal::invalid("the request is larger than 2 MB"));
        }
        let body = self.json()?;
        let namespace = text_of(&body, "namespace");
        self.index.admit(&namespace, self.now)?;
        let vectors =
            body.get("vectors").and_then(Value::as_array).ok_or_else(|| Refusal::invalid("vectors is missing"))?;
        if vectors.is_empty() || vectors.len() > VECTORS_MAX {
            return Err(Refusal::invalid(format!("1 to {VECTORS_MAX} vectors, not {}", vectors.len())));
        }
        let mut records = Vec::new();
        for vector in vectors {
            let id = text_of(vector, "id");
            metadata::check_id(&id)?;
            let values = values_of(vector.get("values"), self.index.dimension)?;
            let metadata = match vector.get("metadata") {
                Some(Value::Object(metadata)) => metadata.clone(),
                None => Map::new(),
                Some(_) => return Err(Refusal::invalid("metadata must be an object")),
            };
            metadata::check(&metadata)?;
            records.push((id, Record { values, metadata }));
        }
        let count = records.len();
        for (id, record) in records {
            self.index.put(&namespace, id, record, self.now);
        }
        Ok(json!({ "upsertedCount": count }))
    }

    pub(super) fn query(&mut self) -> Result<Value, Refusal> {
        let body = self.json()?;
        let namespace = text_of(&body, "namespace");
        self.index.admit(&namespace, self.now)?;
        let vector = values_of(body.get("vector"), self.index.dimension)?;
        let with_metadata = body.get("includeMetadata") == Some(&json!(true));
        let found = self.nearest(&namespace, &vector, body.get("topK"), body.get("filter"))?;
        let matches: Vec<Value> = found
            .into_iter()
            .map(|(id, score, record)| {
                let mut found = json!({ "id": id, "score": score, "values": [] });
                if let (true, Some(found)) = (with_metadata, found.as_object_mut()) {
                    found.insert("metadata".to_owned(), Value::Object(record.metadata));
                }
                found
            })
            .collect();
        Ok(json!({ "matches": matches, "namespace": namespace, "usage": { "readUnits": 6 } }))
    }

    pub(super) fn fetch(&mut self, query: &Query) -> Result<Value, Refusal> {
        let namespace = query.get("namespace").unwrap_or_default().to_owned();
        let ids: Vec<&str> = query.pairs().filter(|(name, _)| *name == "ids").map(|(_, id)| id).collect();
        if ids.is_empty() || ids.len() > IDS_MAX {
            return Err(Refusal::invalid(format!("1 to {IDS_MAX} ids")));
        }
        let records = self.index.look(&namespace, self.seen_until);
        let vectors: Map<String, Value> = ids
            .into_iter()
            .filter_map(|id| {
                let record = records?.get(id)?;
                Some((id.to_owned(), json!({ "id": id, "values": record.values, "metadata": record.metadata })))
            })
            .collect();
        Ok(json!({ "vectors": vectors, "namespace": namespace, "usage": { "readUnits": 1 } }))
    }

    pub(super) fn list(&mut self, query: &Query) -> Result<Value, Refusal> {
        let namespace = query.get("namespace").unwrap_or_default().to_owned();
        self.index.admit(&namespace, self.now)?;
        let limit = match query.get("limit").map(str::parse::<usize>) {
            None => PAGE_MAX,
            Some(Ok(limit)) if (1..=PAGE_MAX).contains(&limit) => limit,
            Some(_) => return Err(Refusal::invalid("limit must be 1 to 100")),
        };
        let prefix = query.get("prefix").unwrap_or_default();
        let after = query.get("paginationToken").unwrap_or_default();
        let records = self.index.look(&namespace, self.seen_until);
        let fitting = |id: &&String| id.starts_with(prefix) && id.as_str() > after;
        let mut ids: Vec<String> = records.into_iter().flat_map(|all| all.keys()).filter(fitting).cloned().collect();
        let has_more = ids.len() > limit;
        ids.truncate(limit);
        let next = ids.last().filter(|_| has_more).cloned();
        let vectors: Vec<Value> = ids.into_iter().map(|id| json!({ "id": id })).collect();
        let mut answer = json!({ "vectors": vectors, "namespace": namespace, "usage": { "readUnits": 1 } });
        if let (Some(next), Some(answer)) = (next, answer.as_object_mut()) {
            answer.insert("pagination".to_owned(), json!({ "next": next }));
        }
        Ok(answer)
    }

    pub(super) fn delete(&mut self) -> Result<Value, Refusal> {
        let body = self.json()?;
        let namespace = text_of(&body, "namespace");
        self.index.admit(&namespace, self.now)?;
        let ids = body.get("ids").and_then(Value::as_array);
        let delete_all = body.get("deleteAll") == Some(&json!(true));
        let by_filter = body.get("filter").filter(|filter| !filter.is_null());
        if usize::from(ids.is_some()) + usize::from(delete_all) + usize::from(by_filter.is_some()) != 1 {
            return Err(Refusal::invalid("one of ids, deleteAll and filter"));
        }
        if ids.is_some_and(|ids| ids.is_empty() || ids.len() > IDS_MAX) {
            return Err(Refusal::invalid(format!("1 to {IDS_MAX} ids")));
        }
        if !self.index.has(&namespace) {
            return Err(Refusal::no_namespace());
        }
        let gone: Vec<String> = match (ids, by_filter) {
            (Some(ids), _) => ids.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            (None, Some(wanted)) => {
                let mut gone = Vec::new();
                for (id, metadata) in self.index.records(&namespace) {
                    if filter::is_match(wanted, &metadata)? {
                        gone.push(id);
                    }
                }
                gone
            }
            (None, None) => self.index.ids(&namespace),
        };
        for id in gone {
            self.index.remove(&namespace, id, self.now);
        }
        Ok(json!({}))
    }

    pub(super) fn stats(&self) -> Value {
        self.index.stats()
    }

    fn nearest(
        &mut self,
        namespace: &str,
        vector: &[f32],
        top_k: Option<&Value>,
        wanted: Option<&Value>,
    ) -> Result<Vec<(String, f32, Record)>, Refusal> {
        let top_k = top_k.and_then(Value::as_u64).filter(|top_k| (1..=TOP_K_MAX).contains(top_k));
        let top_k = top_k.ok_or_else(|| Refusal::invalid("top_k must be 1 to 10000"))?;
        let empty = json!({});
        let wanted = wanted.unwrap_or(&empty);
        let mut found = Vec::new();
        for (id, record) in self.index.look(namespace, self.seen_until).into_iter().flatten() {
            if filter::is_match(wanted, &record.metadata)? {
                found.push((id.clone(), cosine(vector, &record.values), record.clone()));
            }
        }
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        found.truncate(usize::try_from(top_k).unwrap_or(usize::MAX));
        Ok(found)
    }

    fn text_field(&self) -> Result<String, Refusal> {
        let none = "Integrated inference is not configured for this index";
        self.index.text_field.clone().ok_or_else(|| Refusal::invalid(none))
    }

    fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(self.body).map_err(|_| Refusal::invalid("the body is no JSON"))
    }
}

fn text_of(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn values_of(value: Option<&Value>, dimension: usize) -> Result<Vec<f32>, Refusal> {
    let values: Option<Vec<f32>> = value.and_then(|value| serde_json::from_value(value.clone()).ok());
    let values = values.ok_or_else(|| Refusal::invalid("values must be a list of numbers"))?;
    if values.len() != dimension {
        return Err(Refusal::invalid(format!(
            "Vector dimension {} does not match the dimension of the index {dimension}",
            values.len()
        )));
    }
    Ok(values)
}
