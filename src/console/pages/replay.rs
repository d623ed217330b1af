//! Reading kept deliveries again: first as a rehearsal that changes nothing, then for good. One, or all that match a filter.

use super::deliveries::Filter;
use super::{Frame, id, moment_of, page};
use crate::console::shown::{number, words};
use crate::console::{Fault, Page, Visit};
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::engine::rows::{Outcome, TriggerType};
use crate::replay::{ContactDifference, Cursor, Desk, Plan, Report, replay};
use crate::store::views::DeliverySelection;
use askama::Template;
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

/// Deliveries of one click; the page offers to go on behind them.
const DELIVERIES_MAX: u64 = 500;
const CONTACTS_SHOWN_MAX: usize = 100;

#[derive(Template)]
#[template(path = "console/replay.html")]
struct ReplayPage<'a> {
    frame: Frame<'a>,
    is_rehearsal: bool,
    figures: Vec<(&'static str, String)>,
    outcomes: Vec<(String, String)>,
    contacts: Vec<ContactRow>,
    further: usize,
    is_empty: bool,
    /// What is replayed, as fields of the form.
    fields: Vec<(&'static str, String)>,
    /// The same fields, to go on behind what was looked at.
    next: Option<Vec<(&'static str, String)>>,
}

struct ContactRow {
    contact_id: Option<String>,
    email: String,
    client: String,
    before: String,
    after: String,
    fields: String,
    messages: u64,
}

pub(in crate::console) async fn run(visit: &Visit<'_>, is_rehearsal: bool) -> Result<Page, Fault> {
    let console = visit.console;
    let selection = selection(visit)?;
    let place = |name: &str| visit.form.text(name).and_then(|text| cursor(&text));
    let plan = Plan {
        selection,
        after: place("after"),
        until: place("last"),
        deliveries_max: Some(DELIVERIES_MAX),
        dry_run: is_rehearsal,
    };
    let Ok(_turn) = console.replaying.try_acquire() else {
        return Err(Fault::Unavailable("Another replay is under way. Nothing was done; try again shortly.".to_owned()));
    };
    let desk = Desk {
        store: &console.store,
        config: &console.config,
        now: &console.now,
        trigger: TriggerType::Manual,
        tasks_wake: console.tasks_wake.as_deref(),
    };
    let report = Box::pin(replay(desk, &plan)).await?;
    Ok(shown(visit, &plan, &report))
}

/// One delivery, or what the filter says, up to the moment of the rehearsal: what comes after it was not rehearsed.
fn selection(visit: &Visit<'_>) -> Result<DeliverySelection, Fault> {
    if let Some(text) = visit.form.text("id") {
        let delivery_id = id(&text, "There is no such delivery.")?;
        return Ok(DeliverySelection { ids: vec![delivery_id], ..DeliverySelection::default() });
    }
    let filter = Filter::of(visit);
    Ok(DeliverySelection {
        ids: Vec::new(),
        outcome: filter.outcome,
        source: filter.source,
        client: filter.client,
        since: filter.from,
        until: Some(filter.until.unwrap_or((visit.console.now)())),
    })
}

fn cursor(text: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (at, id) = text.rsplit_once('_')?;
    Some((moment_of(at)?, Uuid::parse_str(id).ok()?))
}

/// `last` carries what a rehearsal ended with to what applies it: nothing is applied that it did not show.
fn fields(
    selection: &DeliverySelection,
    after: Option<(DateTime<Utc>, Uuid)>,
    last: Option<Cursor>,
) -> Vec<(&'static str, String)> {
    let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
    let fields = [
        ("id", selection.ids.first().map(ToString::to_string)),
        ("outcome", selection.outcome.map(|outcome: Outcome| outcome.to_string())),
        ("source", selection.source.map(|source: Source| source.to_string())),
        ("client", selection.client.as_ref().map(ClientId::to_string)),
        ("from", selection.since.map(time)),
        ("until", selection.until.map(time)),
        ("after", after.map(|(at, id)| format!("{}_{id}", time(at)))),
        ("last", last.map(|last| format!("{}_{}", time(last.received_at), last.delivery_id))),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn shown(visit: &Visit<'_>, plan: &Plan, report: &Report) -> Page {
    let difference = &report.difference;
    let count = |count: u64| number(i64::try_from(count).unwrap_or(i64::MAX));
    let figures = [
        ("Deliveries read", report.deliveries),
        ("Not readable", report.not_readable),
        ("Failed", report.failed),
        ("Contacts changed", difference.contacts_changed),
        ("Events added", difference.events_added),
        ("Events changed", difference.events_changed),
        ("Events withdrawn", difference.events_withdrawn),
        ("Messages added", difference.chat_rows_added),
        ("Messages changed", difference.chat_rows_changed),
        ("New leads", difference.promotions),
        ("Alerts", difference.alerts),
    ];
    let is_rehearsal = plan.dry_run;
    let title = if is_rehearsal { "Rehearsal of a replay" } else { "Replayed" };
    let next = report.next.map(|place| fields(&plan.selection, Some((place.received_at, place.delivery_id)), None));
    page(
        200,
        &ReplayPage {
            frame: Frame::new(visit, "deliveries", title),
            is_rehearsal,
            figures: figures.into_iter().map(|(name, figure)| (name, count(figure))).collect(),
            outcomes: report.outcomes.iter().map(|(name, figure)| (name.clone(), count(*figure))).collect(),
            contacts: difference
                .contacts
                .iter()
                .take(CONTACTS_SHOWN_MAX)
                .map(|row| contact_row(row, is_rehearsal))
                .collect(),
            further: difference.contacts.len().saturating_sub(CONTACTS_SHOWN_MAX),
            is_empty: report.is_empty(),
            fields: fields(&plan.selection, plan.after, report.last),
            next,
        },
    )
}

fn contact_row(contact: &ContactDifference, is_rehearsal: bool) -> ContactRow {
    let names: Vec<String> = contact.fields.keys().filter(|name| *name != "stage").map(|name| words(name)).collect();
    ContactRow {
        // One that a rehearsal would make is not there.
        contact_id: (!(contact.is_new && is_rehearsal)).then(|| contact.contact_id.to_string()),
        email: contact.email.to_string(),
        client: contact.client_id.to_string(),
        before: if contact.is_new { "not known".to_owned() } else { words(contact.stage_before.as_str()) },
        after: words(contact.stage_after.as_str()),
        fields: names.join(", "),
        messages: u64::try_from(contact.chat_rows_added.len()).unwrap_or(u64::MAX),
    }
}
