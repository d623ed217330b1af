//! Deliveries: what was received and what became of it.

use super::{Choice, Frame, choices, id, moment_of, page};
use crate::console::form::query;
use crate::console::shown::{When, clip, to_the_second, words};
use crate::console::{Fault, Page, Visit};
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::engine::rows::Outcome;
use crate::store::console::{DeliveryQuery, Place};
use crate::store::views::{DeliveryView, EventView};
use askama::Template;
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

const ROWS_SHOWN: u32 = 50;
const BODY_CHARS_MAX: usize = 100_000;
const NO_DELIVERY: &str = "There is no such delivery. Old ones are forgotten after a while.";

/// What may become of a delivery; a single event may be refused, a delivery not.
const OUTCOMES: [Outcome; 5] =
    [Outcome::Applied, Outcome::Duplicate, Outcome::Ignored, Outcome::Unrecognised, Outcome::Dead];

#[derive(Template)]
#[template(path = "console/deliveries.html")]
struct Deliveries<'a> {
    frame: Frame<'a>,
    outcomes: Vec<Choice>,
    sources: Vec<Choice>,
    clients: Vec<Choice>,
    from: String,
    until: String,
    rows: Vec<Row>,
    /// The filter as fields, for a replay of all that match.
    replayed: Vec<(&'static str, String)>,
    older: Option<String>,
    is_later_page: bool,
}

struct Row {
    delivery_id: String,
    at: When,
    source: String,
    client: String,
    outcome: String,
    events: i64,
    reason: String,
}

#[derive(Template)]
#[template(path = "console/delivery.html")]
struct Delivery<'a> {
    frame: Frame<'a>,
    row: Row,
    reason: String,
    events: Vec<EventRow>,
    body: String,
    is_cut: bool,
}

struct EventRow {
    contact_id: String,
    email: String,
    kind: String,
    before: String,
    after: String,
    is_refused: bool,
    rule: String,
}

/// What the filter's fields say.
pub(super) struct Filter {
    pub(super) outcome: Option<Outcome>,
    pub(super) source: Option<Source>,
    pub(super) client: Option<ClientId>,
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) until: Option<DateTime<Utc>>,
}

impl Filter {
    pub(super) fn of(visit: &Visit<'_>) -> Self {
        let text = |name| visit.form.text(name);
        Self {
            outcome: text("outcome").and_then(|name| Outcome::parse(&name)),
            source: text("source").and_then(|name| Source::parse(&name)),
            client: text("client").and_then(|name| ClientId::parse(&name).ok()),
            from: text("from").and_then(|time| moment_of(&time)),
            until: text("until").and_then(|time| moment_of(&time)),
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
        let fields = [
            ("outcome", self.outcome.map(|outcome| outcome.to_string())),
            ("source", self.source.map(|source| source.to_string())),
            ("client", self.client.as_ref().map(ClientId::to_string)),
            ("from", self.from.map(time)),
            ("until", self.until.map(time)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    fn query(&self, before: Option<Place>) -> String {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
        let before = before.map(|place| format!("{}_{}", time(place.at), place.id));
        query(&[
            ("outcome", self.outcome.map(Outcome::as_str)),
            ("source", self.source.map(Source::as_str)),
            ("client", self.client.as_ref().map(ClientId::as_str)),
            ("from", self.from.map(time).as_deref()),
            ("until", self.until.map(time).as_deref()),
            ("before", before.as_deref()),
        ])
    }
}

pub(in crate::console) async fn list(visit: &Visit<'_>) -> Result<Page, Fault> {
    let filter = Filter::of(visit);
    let before = visit.form.text("before").and_then(|text| place(&text));
    let found = visit
        .console
        .store
        .delivery_page(&DeliveryQuery {
            outcome: filter.outcome,
            source: filter.source,
            client: filter.client.clone(),
            from: filter.from,
            until: filter.until,
            before,
            limit: ROWS_SHOWN,
        })
        .await?;
    let input =
        |time: Option<DateTime<Utc>>| time.map(|time| time.format("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default();
    let named = |name: &str| words(name);
    let clients = visit.console.config.clients.keys().map(|id| (id.as_str(), id.as_str().to_owned()));
    Ok(page(
        200,
        &Deliveries {
            frame: Frame::new(visit, "deliveries", "Deliveries"),
            outcomes: choices(
                OUTCOMES.iter().map(|outcome| (outcome.as_str(), named(outcome.as_str()))),
                filter.outcome.map(Outcome::as_str),
            ),
            sources: choices(
                Source::ALL.iter().map(|source| (source.as_str(), named(source.as_str()))),
                filter.source.map(Source::as_str),
            ),
            clients: choices(clients, filter.client.as_ref().map(ClientId::as_str)),
            from: input(filter.from),
            until: input(filter.until),
            rows: found.rows.into_iter().map(row).collect(),
            replayed: filter.fields(),
            older: found.next.map(|place| format!("/console/deliveries?{}", filter.query(Some(place)))),
            is_later_page: before.is_some(),
        },
    ))
}

pub(in crate::console) async fn show(visit: &Visit<'_>, delivery_id: &str) -> Result<Page, Fault> {
    let delivery_id = id(delivery_id, NO_DELIVERY)?;
    let store = &visit.console.store;
    let kept = store.delivery_body(delivery_id).await?.ok_or(Fault::NotFound(NO_DELIVERY))?;
    let received_at = moment_of(&kept.delivery.received_at).ok_or(Fault::NotFound(NO_DELIVERY))?;
    let events = store.events_of_delivery(delivery_id, received_at).await?;
    let pretty = serde_json::from_str::<serde_json::Value>(&kept.body)
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or(kept.body);
    let reason = kept.delivery.reason.clone().unwrap_or_default();
    Ok(page(
        200,
        &Delivery {
            frame: Frame::new(visit, "deliveries", "Delivery"),
            row: row(kept.delivery),
            reason,
            events: events.into_iter().map(event_row).collect(),
            is_cut: pretty.chars().count() > BODY_CHARS_MAX,
            body: clip(&pretty, BODY_CHARS_MAX),
        },
    ))
}

fn place(text: &str) -> Option<Place> {
    let (at, id) = text.rsplit_once('_')?;
    Some(Place { at: moment_of(at)?, id: Uuid::parse_str(id).ok()? })
}

fn row(delivery: DeliveryView) -> Row {
    Row {
        delivery_id: delivery.delivery_id,
        at: to_the_second(&delivery.received_at),
        source: delivery.source,
        client: delivery.client_id,
        outcome: delivery.outcome,
        events: delivery.events_count,
        reason: clip(&delivery.reason.unwrap_or_default(), 120),
    }
}

fn event_row(event: EventView) -> EventRow {
    EventRow {
        contact_id: event.contact_id,
        email: event.email,
        kind: words(&event.kind),
        before: words(&event.stage_before),
        after: words(&event.stage_after),
        is_refused: event.refused,
        rule: event.rule,
    }
}
