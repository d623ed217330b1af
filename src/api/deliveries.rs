//! Deliveries: what was received, and what became of it.

use super::answer::{Answer, Problem};
use super::contacts::page;
use super::query::{Cursor, LIMIT_MAX, Params, time};
use super::{Api, Caller};
use crate::domain::event::Source;
use crate::engine::rows::Outcome;
use crate::store::views::{DeliveryFilter, DeliverySelection, DeliveryView};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

const DELIVERIES: &str = "deliveries";

#[derive(Serialize)]
struct Deliveries {
    deliveries: Vec<DeliveryView>,
    next: Option<String>,
}

/// `GET /deliveries`
pub(super) async fn list(api: &Api, caller: &Caller, mut params: Params) -> Result<Answer, Problem> {
    let client = params.text("client");
    let filter = DeliveryFilter {
        outcome: params.parsed("outcome", "an outcome, as in `unrecognised`", Outcome::parse)?,
        source: params.parsed("source", "a source, as in `smartlead`", Source::parse)?,
        since: params.time("since")?,
        until: params.time("until")?,
        after: params.cursor(DELIVERIES)?.map(|cursor| (cursor.at, cursor.id)),
        client: None,
        limit: params.limit(LIMIT_MAX)?,
    };
    params.finish()?;
    let limit = filter.limit;
    let filter = DeliveryFilter { client: api.client(caller, client.as_deref())?, limit: limit + 1, ..filter };
    let cursor = |last: &DeliveryView| {
        let place = time(&last.received_at).zip(Uuid::try_parse(&last.delivery_id).ok());
        place.map(|(at, id)| Cursor { at, id }.text(DELIVERIES)).unwrap_or_default()
    };
    let (deliveries, next) = page(api.store.deliveries(&filter).await?, limit, cursor);
    Answer::json(&Deliveries { deliveries, next })
}

/// A delivery with its body as JSON.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    delivery: crate::store::views::StoredDelivery,
    body: Value,
}

/// `GET /deliveries/{delivery_id}`
pub(super) async fn get(api: &Api, caller: &Caller, params: Params, subject: &str) -> Result<Answer, Problem> {
    params.finish()?;
    let missing = || Problem::new(404, "there is no such delivery");
    let id = super::id(subject).ok_or_else(missing)?;
    let selection =
        DeliverySelection { ids: vec![id], client: api.client(caller, None)?, ..DeliverySelection::default() };
    let mut delivery = api.store.stored_deliveries(&selection, None, 1).await?.pop().ok_or_else(missing)?;
    let body = serde_json::from_str(&std::mem::take(&mut delivery.body)).unwrap_or_default();
    Answer::json(&Shown { delivery, body })
}
