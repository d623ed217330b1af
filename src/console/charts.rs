//! Stacked bars over time, as plain geometry: the template draws it as SVG, and the same figures stand in a table beside it.

use super::shown::{number, words};
use crate::store::console::{RatePoint, Span};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// The drawing's own units. Small, so that letters stay readable on a phone.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 34.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;
/// Spans of time that the table names one by one, the newest first.
const ROWS_MAX: usize = 24;

#[derive(Debug)]
pub(super) struct Chart {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// What it shows, in words.
    pub(super) description: String,
    pub(super) bars: Vec<Bar>,
    pub(super) lines: Vec<Line>,
    pub(super) marks: Vec<Mark>,
    pub(super) series: Vec<Series>,
    pub(super) rows: Vec<Row>,
    pub(super) is_empty: bool,
    pub(super) baseline: String,
    pub(super) left: String,
    pub(super) right: String,
}

#[derive(Debug)]
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
    pub(super) class: String,
}

/// A line across, with its number.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) y: String,
    pub(super) text_y: String,
    pub(super) label: String,
}

/// A moment under the bars.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) x: String,
    pub(super) anchor: &'static str,
    pub(super) label: String,
}

#[derive(Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) class: String,
    pub(super) total: String,
    pub(super) peak: String,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) from: String,
    pub(super) cells: Vec<String>,
}

/// By which part of a point the bars are stacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Source,
    Outcome,
}

impl By {
    fn name(self, point: &RatePoint) -> &str {
        match self {
            Self::Source => &point.source,
            Self::Outcome => &point.outcome,
        }
    }
}

pub(super) fn chart(
    id: &'static str,
    title: &'static str,
    points: &[RatePoint],
    by: By,
    span: Span,
    now: DateTime<Utc>,
) -> Chart {
    let step = span.step_seconds();
    let end = now.timestamp() - now.timestamp().rem_euclid(step) + step;
    let begin = end - span.seconds();
    let mut names: BTreeMap<&str, i64> = BTreeMap::new();
    let mut steps: BTreeMap<i64, BTreeMap<&str, i64>> = BTreeMap::new();
    for point in points.iter().filter(|point| (begin..end).contains(&point.from_seconds)) {
        let name = by.name(point);
        *names.entry(name).or_default() += point.count;
        *steps.entry(point.from_seconds).or_default().entry(name).or_default() += point.count;
    }
    let per_minute = |count: i64| to_float(count) * 60.0 / to_float(step);
    let tallest = steps.values().map(|counts| counts.values().sum::<i64>()).max().unwrap_or(0);
    let top = nice(per_minute(tallest));
    let floor = HEIGHT - BOTTOM;
    let slot = (WIDTH - LEFT) / to_float(span.seconds() / step);
    let mut bars = Vec::new();
    for (from, counts) in &steps {
        let x = LEFT + to_float((from - begin) / step) * slot;
        let mut base = floor;
        for name in names.keys() {
            let Some(count) = counts.get(name) else { continue };
            let height = per_minute(*count) / top * (floor - TOP);
            base -= height;
            bars.push(Bar {
                x: shown(x + slot * 0.08),
                y: shown(base),
                width: shown(slot * 0.84),
                height: shown(height),
                class: format!("c-{name}"),
            });
        }
    }
    let lines = [0.5, 1.0].map(|part| {
        let y = floor - part * (floor - TOP);
        Line { y: shown(y), text_y: shown(y + 3.5), label: tick(top * part) }
    });
    let series = names.iter().map(|(name, total)| {
        let peak = steps.values().filter_map(|counts| counts.get(name)).max().copied().unwrap_or(0);
        Series { name: words(name), class: format!("c-{name}"), total: number(*total), peak: tick(per_minute(peak)) }
    });
    let total: i64 = names.values().sum();
    let description = format!(
        "{title}, {}: {} in all, at most {} a minute.",
        match span {
            Span::Hour => "the last hour minute by minute",
            Span::Day => "the last day in steps of ten minutes",
            Span::Week => "the last week hour by hour",
        },
        number(total),
        tick(per_minute(tallest)),
    );
    let row = |(from, counts): (&i64, &BTreeMap<&str, i64>)| Row {
        from: label(*from, Span::Week),
        cells: names.keys().map(|name| number(counts.get(name).copied().unwrap_or(0))).collect(),
    };
    Chart {
        id,
        title,
        description,
        bars,
        lines: lines.into(),
        marks: marks(begin, span),
        series: series.collect(),
        rows: steps.iter().rev().take(ROWS_MAX).map(row).collect(),
        is_empty: total == 0,
        baseline: shown(floor),
        left: shown(LEFT),
        right: shown(WIDTH),
    }
}

fn marks(begin: i64, span: Span) -> Vec<Mark> {
    let parts: i64 = 4;
    (0..=parts)
        .map(|part| Mark {
            x: shown(LEFT + (WIDTH - LEFT) * to_float(part) / to_float(parts)),
            anchor: match part {
                0 => "start",
                4 => "end",
                _ => "middle",
            },
            label: label(begin + span.seconds() * part / parts, span),
        })
        .collect()
}

fn label(seconds: i64, span: Span) -> String {
    let format = match span {
        Span::Hour | Span::Day => "%H:%M",
        Span::Week => "%d %b %H:%M",
    };
    DateTime::from_timestamp(seconds, 0).map(|time| time.format(format).to_string()).unwrap_or_default()
}

/// The next of 1, 2, 5, 10, 20 … that is no less.
fn nice(value: f64) -> f64 {
    let mut top = 0.1;
    for factor in [2.0, 2.5, 2.0].into_iter().cycle().take(40) {
        if top >= value {
            break;
        }
        top *= factor;
    }
    top
}

/// At most one digit behind the point.
fn tick(value: f64) -> String {
    let tenths = (value * 10.0).round();
    if tenths % 10.0 == 0.0 || value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

fn shown(length: f64) -> String {
    format!("{length:.2}")
}

/// Counts and seconds are far below what a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "drawn, not counted")]
fn to_float(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(from_seconds: i64, source: &str, count: i64) -> RatePoint {
        RatePoint { from_seconds, source: source.to_owned(), outcome: "applied".to_owned(), count }
    }

    #[test]
    fn bars_stand_on_each_other_and_the_table_has_the_same_figures() {
        let now = DateTime::from_timestamp(7_200, 0).unwrap();
        let points = [point(7_200, "gmail", 3), point(7_200, "n8n", 1), point(3_000, "gmail", 9)];
        let chart = chart("x", "Events", &points, By::Source, Span::Hour, now);
        assert_eq!(chart.bars.len(), 2, "what is older than the span is left out");
        let bar = |index: usize| (&chart.bars[index].y, &chart.bars[index].height, chart.bars[index].class.as_str());
        assert_eq!(bar(0), (&"72.40".to_owned(), &"93.60".to_owned(), "c-gmail"));
        assert_eq!(bar(1), (&"41.20".to_owned(), &"31.20".to_owned(), "c-n8n"));
        assert_eq!(chart.lines.iter().map(|line| line.label.as_str()).collect::<Vec<_>>(), ["2.5", "5"]);
        assert_eq!(chart.rows[0].cells, ["3", "1"]);
        assert!(chart.description.contains("4 in all, at most 4 a minute"), "{}", chart.description);
    }

    #[test]
    fn the_top_is_a_round_number() {
        for (value, top) in
            [(0.0, "0.1"), (0.3, "0.5"), (1.0, "1"), (3.0, "5"), (7.0, "10"), (130.0, "200"), (4_000.0, "5000")]
        {
            assert_eq!(tick(nice(value)), top, "{value}");
        }
    }
}
