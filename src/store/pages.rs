//! Pages of deliveries, the same in both databases: a statement is put together out of constant parts, so that each filter that is set
//! can be answered by an index; values are always bound.

use super::views::{DeliveryFilter, DeliverySelection};
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::engine::rows::Outcome;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The columns of a delivery without its body.
pub(super) const BRIEF: &str = "delivery_id, client_id, source, received_at, outcome, reason, events_count";
pub(super) const WHOLE: &str =
    "delivery_id, client_id, source, received_at, outcome, reason, events_count, body, read_as, earlier";

/// What a page is asked for, with every bound said.
pub(super) struct Page<'a> {
    pub(super) outcome: Option<&'static str>,
    pub(super) source: Option<&'static str>,
    pub(super) client: Option<&'a str>,
    pub(super) since: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    /// The last one of the page before.
    pub(super) after: (DateTime<Utc>, Uuid),
    pub(super) ids: &'a [Uuid],
    pub(super) limit: u32,
}

impl<'a> Page<'a> {
    pub(super) fn newest_first(filter: &'a DeliveryFilter, limit_max: u32) -> Self {
        Self {
            outcome: filter.outcome.map(Outcome::as_str),
            source: filter.source.map(Source::as_str),
            client: filter.client.as_ref().map(ClientId::as_str),
            since: filter.since.unwrap_or(year(1)),
            until: filter.until.unwrap_or(year(9_999)),
            after: filter.after.unwrap_or((year(9_999), Uuid::max())),
            ids: &[],
            limit: filter.limit.min(limit_max),
        }
    }

    pub(super) fn oldest_first(
        selection: &'a DeliverySelection,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: u32,
    ) -> Self {
        Self {
            outcome: selection.outcome.map(Outcome::as_str),
            source: selection.source.map(Source::as_str),
            client: selection.client.as_ref().map(ClientId::as_str),
            since: selection.since.unwrap_or(year(1)),
            until: selection.until.unwrap_or(year(9_999)),
            after: after.unwrap_or((year(1), Uuid::nil())),
            ids: &selection.ids,
            limit,
        }
    }

    /// One condition a filter: the equation where it is set, else one that holds and uses its place.
    pub(super) fn conditions(&self, equations: [(&'static str, &'static str); 3]) -> String {
        let set = [self.outcome.is_some(), self.source.is_some(), self.client.is_some()];
        let parts: Vec<&str> = equations
            .iter()
            .zip(set)
            .map(|((when_set, when_not), set)| if set { *when_set } else { *when_not })
            .collect();
        parts.join(" AND ")
    }
}

/// Years that both databases hold, before and after all deliveries.
fn year(year: i32) -> DateTime<Utc> {
    chrono::NaiveDate::from_ymd_opt(year, 1, 1)
        .map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc())
        .unwrap_or_default()
}
