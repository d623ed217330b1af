//! The overview: the matrix with live counts, rates, latency, queues, budgets, alerts.

use super::{Choice, Frame, choices, doctor, page};
use crate::console::charts::{By, Chart, chart};
use crate::console::form::query;
use crate::console::shown::{When, age, moment, number, when, words};
use crate::console::{Acknowledgements, Fault, Page, Visit};
use crate::domain::alert::AlertStatus;
use crate::domain::ids::ClientId;
use crate::domain::stage::{CampaignStatus, LeadEmailStatus, Stage};
use crate::engine::rows::TaskStatus;
use crate::store::console::{Budget, Moves, Queue, Rate, RatePoint, Span, StageCounts, TASKS_COUNTED_MAX};
use crate::store::views::{AlertFilter, AlertView};
use askama::Template;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

const ALERTS_SHOWN_MAX: u32 = 6;

#[derive(Template)]
#[template(path = "console/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    now: When,
    clients: Vec<Choice>,
    spans: Vec<SpanLink>,
    span_value: &'static str,
    matrix: Vec<MatrixRow>,
    total: String,
    entered: String,
    charts: [Chart; 2],
    cross: Vec<CrossRow>,
    outcomes: Vec<String>,
    latency: Option<Latency>,
    queues: Vec<QueueRow>,
    budgets: Vec<BudgetRow>,
    alerts: Vec<AlertRow>,
    /// Where the doctor found faults.
    doctor: Option<doctor::Line>,
}

struct SpanLink {
    label: &'static str,
    target: String,
    is_here: bool,
}

struct MatrixRow {
    stage: String,
    meaning: &'static str,
    lead_status: &'static str,
    pipeline_status: &'static str,
    campaign_status: &'static str,
    lead_email_status: &'static str,
    count: String,
    /// Of all contacts, for the bar: 0 to 100.
    share: String,
    entered: Option<String>,
    left: Option<String>,
}

/// A source with its deliveries by outcome.
struct CrossRow {
    source: String,
    cells: Vec<String>,
    total: String,
}

struct Latency {
    answers: String,
    typical: String,
    slow: String,
    slowest: String,
}

pub(super) struct QueueRow {
    pub(super) kind: String,
    pub(super) kind_name: &'static str,
    pub(super) destination: String,
    pub(super) waiting: String,
    pub(super) running: String,
    pub(super) given_up: String,
    pub(super) has_given_up: bool,
    pub(super) oldest: Option<(When, String)>,
    pub(super) note: Option<&'static str>,
}

struct BudgetRow {
    name: String,
    calls: String,
    month: String,
    pause: Option<When>,
}

struct AlertRow {
    alert_id: String,
    what_to_do: String,
    times: i64,
    at: When,
    age: String,
    client: String,
    text: String,
    contact_id: Option<String>,
}

pub(in crate::console) async fn show(visit: &Visit<'_>) -> Result<Page, Fault> {
    let now = (visit.console.now)();
    let store = &visit.console.store;
    let client = visit.form.text("client").filter(|client| ClientId::parse(client).is_ok());
    let (span, span_value) = span_of(visit.form.text("span").as_deref());
    let open = AlertFilter { status: Some(AlertStatus::Open), limit: ALERTS_SHOWN_MAX, ..AlertFilter::default() };
    let (counts, moves, events, deliveries, queues, budgets, alerts) = tokio::try_join!(
        store.stage_counts(),
        store.moves(now),
        store.rates(Rate::Events, span, now),
        store.rates(Rate::Deliveries, span, now),
        store.task_queues(),
        store.budgets(),
        store.alerts(&open),
    )?;
    let (matrix, total, entered) = matrix(&counts, &moves, client.as_deref());
    let (outcomes, cross) = cross(&deliveries);
    let client_names = clients(&counts, visit);
    let span_link = |(label, value): (&'static str, &'static str)| SpanLink {
        label,
        target: format!("/console?{}", query(&[("client", client.as_deref()), ("span", Some(value))])),
        is_here: value == span_value,
    };
    Ok(page(
        200,
        &Overview {
            frame: Frame::new(visit, "overview", "Overview"),
            now: moment(now),
            clients: choices(client_names.iter().map(|name| (name.as_str(), name.clone())), client.as_deref()),
            spans: [("Hour", "hour"), ("Day", "day"), ("Week", "week")].map(span_link).into(),
            span_value,
            matrix,
            total: number(total),
            entered: number(entered),
            charts: [
                chart("events", "Events per minute by source", &events, By::Source, span, now),
                chart("deliveries", "Deliveries per minute by outcome", &deliveries, By::Outcome, span, now),
            ],
            cross,
            outcomes,
            latency: latency(visit.acknowledgements),
            queues: queue_rows(&queues, visit, now),
            budgets: budgets.into_iter().map(|budget| budget_row(budget, now)).collect(),
            alerts: alerts.into_iter().map(|alert| alert_row(alert, now)).collect(),
            doctor: doctor::line(visit),
        },
    ))
}

fn span_of(named: Option<&str>) -> (Span, &'static str) {
    match named {
        Some("day") => (Span::Day, "day"),
        Some("week") => (Span::Week, "week"),
        Some(_) | None => (Span::Hour, "hour"),
    }
}

fn clients(counts: &StageCounts, visit: &Visit<'_>) -> Vec<String> {
    let mut names: Vec<String> = visit.console.config.clients.keys().map(|id| id.as_str().to_owned()).collect();
    names.extend(counts.keys().filter(|name| !name.is_empty()).cloned());
    names.sort();
    names.dedup();
    names
}

/// The rows, all contacts, and how many changed their stage today.
fn matrix(counts: &StageCounts, moves: &[Moves], client: Option<&str>) -> (Vec<MatrixRow>, i64, i64) {
    let is_meant = |name: &str| client.is_none_or(|client| client == name);
    let mut by_stage: BTreeMap<Stage, i64> = BTreeMap::new();
    for (_, stages) in counts.iter().filter(|(name, _)| is_meant(name)) {
        for (stage, count) in stages {
            *by_stage.entry(*stage).or_default() += count;
        }
    }
    let total: i64 = by_stage.values().sum();
    let moves: Vec<&Moves> = moves.iter().filter(|moves| is_meant(&moves.client)).collect();
    let sum = |side: fn(&Moves) -> &str, stage: Stage| -> Option<String> {
        let count: i64 = moves.iter().filter(|moves| side(moves) == stage.as_str()).map(|moves| moves.count).sum();
        (count > 0).then(|| number(count))
    };
    let rows = Stage::ALL.iter().map(|&stage| {
        let columns = stage.columns();
        let count = by_stage.get(&stage).copied().unwrap_or(0);
        let per_mille = (count * 1_000).checked_div(total).unwrap_or(0);
        MatrixRow {
            stage: words(stage.as_str()),
            meaning: meaning(stage),
            lead_status: columns.lead_status.as_str(),
            pipeline_status: columns.pipeline_status.as_str(),
            campaign_status: columns.campaign_status.map_or("null", CampaignStatus::as_str),
            lead_email_status: columns.lead_email_status.map_or("null", LeadEmailStatus::as_str),
            count: number(count),
            share: format!("{}.{}", per_mille / 10, per_mille % 10),
            entered: sum(|moves| &moves.after, stage),
            left: sum(|moves| &moves.before, stage),
        }
    });
    (rows.collect(), total, moves.iter().map(|moves| moves.count).sum())
}

/// The owner's words for the row.
const fn meaning(stage: Stage) -> &'static str {
    match stage {
        Stage::New => "New lead, never contacted",
        Stage::InSequence => "In email sequence",
        Stage::SequencePaused => "Sequence paused by hand",
        Stage::NoReply => "All emails sent, no response",
        Stage::Bounced => "Email bounced",
        Stage::OutOfOffice => "OOO auto-reply",
        Stage::Interested => "Positive reply",
        Stage::MeetingBooked => "Meeting scheduled",
        Stage::NotInterested => "Said no",
        Stage::Ghosted => "Replied then silent",
        Stage::NoShow => "Missed meeting",
        Stage::DoNotContact => "Requested removal",
        Stage::Won => "Converted to client",
        Stage::Declined => "Final rejection",
    }
}

fn cross(points: &[RatePoint]) -> (Vec<String>, Vec<CrossRow>) {
    let mut outcomes: Vec<&str> = points.iter().map(|point| point.outcome.as_str()).collect();
    outcomes.sort_unstable();
    outcomes.dedup();
    let mut sources: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for point in points {
        *sources.entry(&point.source).or_default().entry(&point.outcome).or_default() += point.count;
    }
    let rows = sources.iter().map(|(source, counts)| CrossRow {
        source: (*source).to_owned(),
        cells: outcomes.iter().map(|outcome| number(counts.get(outcome).copied().unwrap_or(0))).collect(),
        total: number(counts.values().sum()),
    });
    (outcomes.iter().map(|outcome| words(outcome)).collect(), rows.collect())
}

fn latency(acknowledgements: &Acknowledgements) -> Option<Latency> {
    let answers: u64 = acknowledgements.buckets.iter().map(|(_, count)| count).sum();
    if answers == 0 {
        return None;
    }
    let within = |per_cent: u64| {
        let wanted = (answers * per_cent).div_ceil(100);
        let mut seen = 0;
        let bound = acknowledgements.buckets.iter().find(|(_, count)| {
            seen += count;
            seen >= wanted
        });
        bound.map_or_else(String::new, |(micros, _)| milliseconds(*micros))
    };
    Some(Latency {
        answers: number(i64::try_from(answers).unwrap_or(i64::MAX)),
        typical: within(50),
        slow: within(99),
        slowest: within(100),
    })
}

/// The upper bound of a bucket.
fn milliseconds(micros: u64) -> String {
    match micros {
        u64::MAX => "over 10 s".to_owned(),
        0..1_000 => format!("≤ 0.{} ms", micros / 100),
        1_000.. => format!("≤ {} ms", number(i64::try_from(micros / 1_000).unwrap_or(i64::MAX))),
    }
}

pub(super) fn queue_rows(queues: &[Queue], visit: &Visit<'_>, now: DateTime<Utc>) -> Vec<QueueRow> {
    let mut kinds: Vec<_> = queues.iter().map(|queue| queue.kind).collect();
    kinds.dedup();
    let rows = kinds.into_iter().map(|kind| {
        let of = |status| queues.iter().find(|queue| queue.kind == kind && queue.status == status);
        let count = |status| of(status).map_or_else(|| "0".to_owned(), |queue| counted(queue.count));
        let oldest = of(TaskStatus::Pending).and_then(|queue| queue.oldest_due_at.as_deref());
        let (destination, name) = kind.as_str().split_once('.').unwrap_or((kind.as_str(), ""));
        QueueRow {
            kind: words(name),
            kind_name: kind.as_str(),
            destination: words(destination),
            waiting: count(TaskStatus::Pending),
            running: count(TaskStatus::Running),
            given_up: count(TaskStatus::Dead),
            has_given_up: of(TaskStatus::Dead).is_some(),
            oldest: oldest.map(|at| (when(at), age(at, now))),
            note: visit.console.waits.get(&kind).copied(),
        }
    });
    rows.collect()
}

fn counted(count: i64) -> String {
    if count > i64::from(TASKS_COUNTED_MAX) {
        format!("over {}", number(i64::from(TASKS_COUNTED_MAX)))
    } else {
        number(count)
    }
}

fn budget_row(budget: Budget, now: DateTime<Utc>) -> BudgetRow {
    BudgetRow {
        name: budget.name,
        calls: number(budget.calls),
        month: budget.month,
        pause: budget.paused_until.filter(|until| *until > now).map(moment),
    }
}

fn alert_row(alert: AlertView, now: DateTime<Utc>) -> AlertRow {
    AlertRow {
        age: age(&alert.last_at, now),
        at: when(&alert.last_at),
        alert_id: alert.alert_id,
        client: if alert.client_id == ClientId::agency().as_str() { "all clients".to_owned() } else { alert.client_id },
        text: alert.text,
        what_to_do: alert.what_to_do,
        times: alert.times,
        contact_id: alert.contact_id,
    }
}

/// Somebody has seen an alert.
pub(in crate::console) async fn acknowledge(visit: &Visit<'_>, alert_id: &str) -> Result<Page, Fault> {
    let alert_id = super::id(alert_id, "There is no such alert.")?;
    // One that is acknowledged or over already is what was wanted.
    let _was_open = visit.console.store.acknowledge_alert(alert_id, (visit.console.now)()).await?;
    Ok(Page::see_other("/console"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_told_by_the_bounds_of_its_buckets() {
        let buckets = vec![(500, 90), (1_000, 8), (5_000, 1), (u64::MAX, 1)];
        let told = latency(&Acknowledgements { buckets }).unwrap();
        assert_eq!(
            (told.typical.as_str(), told.slow.as_str(), told.slowest.as_str()),
            ("≤ 0.5 ms", "≤ 5 ms", "over 10 s")
        );
        assert!(latency(&Acknowledgements::default()).is_none());
    }

    #[test]
    fn the_matrix_has_all_rows_and_adds_up() {
        let counts = StageCounts::from([
            ("a".to_owned(), BTreeMap::from([(Stage::New, 3), (Stage::Won, 1)])),
            ("b".to_owned(), BTreeMap::from([(Stage::New, 4)])),
        ]);
        let moves = [Moves { client: "a".to_owned(), before: "New".to_owned(), after: "Won".to_owned(), count: 1 }];
        let (rows, total, moved) = matrix(&counts, &moves, None);
        assert_eq!((rows.len(), total, moved), (14, 8, 1));
        assert_eq!((rows[0].count.as_str(), rows[0].share.as_str(), rows[0].left.as_deref()), ("7", "87.5", Some("1")));
        let (rows, total, moved) = matrix(&counts, &moves, Some("b"));
        assert_eq!((rows[0].count.as_str(), total, moved), ("4", 4, 0));
    }
}
