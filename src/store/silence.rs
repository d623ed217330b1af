//! What was heard of whom, hour by hour.

use super::cells::Cells;
use super::{Store, StoreError};
use std::collections::BTreeMap;

/// Who was heard, and when last (the start of that hour, in seconds since 1970).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardLast {
    pub client: String,
    /// As in [`crate::domain::silence::Voice`].
    pub voice: String,
    pub hour: i64,
}

impl HeardLast {
    pub(super) fn of(row: &impl Cells) -> Result<Self, StoreError> {
        Ok(Self { client: row.text("client_id")?, voice: row.text("name")?, hour: row.number("hour")? })
    }
}

/// The hours in which somebody was heard, and how often.
pub type Hours = BTreeMap<i64, i64>;

impl Store {
    /// Who was heard since a time; no more than so many.
    pub async fn heard_last(&self, since: i64, limit: u32) -> Result<Vec<HeardLast>, StoreError> {
        both!(self, heard_last(since, limit))
    }

    /// The hours of one voice since a time.
    pub async fn heard_hours(&self, client: &str, voice: &str, since: i64) -> Result<Hours, StoreError> {
        both!(self, heard_hours(client, voice, since))
    }
}
