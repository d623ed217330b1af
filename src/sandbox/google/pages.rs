//! Pages of a listing. A page token belongs to the listing that gave it, and to no other.

use super::refusal::Refusal;
use crate::sandbox::query::Query;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const SIZE_USUAL: usize = 100;
/// More is not given, whatever is asked for.
const SIZE_MAX: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) size: usize,
    /// The last of the earlier page.
    pub(super) after: Option<u64>,
}

impl Page {
    /// `size_max` makes pages smaller than asked for, as the real ones may be.
    pub(super) fn of(query: &Query, size_max: usize) -> Result<Self, Refusal> {
        let size = match query.get("maxResults").map(str::parse::<usize>) {
            None => SIZE_USUAL,
            Some(Ok(size)) if size > 0 => size.min(SIZE_MAX),
            Some(_) => return Err(Refusal::invalid("Invalid value at 'max_results'")),
        };
        let after = match query.get("pageToken") {
            None | Some("") => None,
            Some(token) => Some(place(token, query).ok_or_else(|| Refusal::invalid("Invalid pageToken"))?),
        };
        Ok(Self { size: size.min(size_max.max(1)), after })
    }
}

/// Lists are left out where they are empty.
pub(super) fn put(answer: &mut Value, name: &str, list: &[Value]) {
    if let (false, Some(object)) = (list.is_empty(), answer.as_object_mut()) {
        object.insert(name.to_owned(), json!(list));
    }
}

pub(super) fn put_next(answer: &mut Value, query: &Query, last: u64) {
    if let Some(object) = answer.as_object_mut() {
        object.insert("nextPageToken".to_owned(), json!(format!("{last:020}{}", mark(query))));
    }
}

fn place(token: &str, query: &Query) -> Option<u64> {
    let (number, marked) = token.split_at_checked(20)?;
    (marked == mark(query)).then(|| number.parse().ok()).flatten()
}

/// Of all that makes a listing what it is.
fn mark(query: &Query) -> String {
    let mut hash = Sha256::new();
    for (name, value) in query.pairs().filter(|(name, _)| *name != "pageToken" && *name != "maxResults") {
        hash.update(format!("{name}={value}\n"));
    }
    hex::encode(hash.finalize()).chars().take(12).collect()
}
