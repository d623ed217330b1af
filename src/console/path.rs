//! The way of a contact through the stages, as a picture: a lane a stage, a dot a change, left to right in time.

use super::shown::{when, words};
use crate::domain::stage::Stage;
use crate::store::views::EventView;

/// The newest changes that are drawn.
const CHANGES_MAX: usize = 10;
const LEFT: usize = 104;
const RIGHT: usize = 18;
const LANE: usize = 30;
const TOP: usize = 8;
const FOOT: usize = 24;
const WIDTH: usize = 440;

#[derive(Debug)]
pub(super) struct Path {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) description: String,
    pub(super) lanes: Vec<Lane>,
    pub(super) line: String,
    pub(super) dots: Vec<Dot>,
    pub(super) days: Vec<Day>,
    pub(super) lane_begin: usize,
    pub(super) lane_end: usize,
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) y: usize,
    pub(super) text_y: usize,
    pub(super) name: String,
}

#[derive(Debug)]
pub(super) struct Dot {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) title: String,
    pub(super) is_last: bool,
}

#[derive(Debug)]
pub(super) struct Day {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) anchor: &'static str,
    pub(super) label: String,
}

/// `events` as the fold ordered them, oldest first.
pub(super) fn path(events: &[EventView], stage: Stage) -> Path {
    let changes: Vec<&EventView> =
        events.iter().filter(|event| event.stage_before != event.stage_after && !event.refused).collect();
    let changes = changes.get(changes.len().saturating_sub(CHANGES_MAX)..).unwrap_or_default();
    let mut stops: Vec<(Stage, String, String)> = Vec::new();
    if let Some(first) = changes.first().and_then(|event| Stage::parse(&event.stage_before)) {
        stops.push((first, "before".to_owned(), String::new()));
    }
    for event in changes {
        if let Some(after) = Stage::parse(&event.stage_after) {
            let at = when(&event.occurred_at).shown;
            let day = at.chars().skip(5).take(5).collect();
            stops.push((after, format!("{}: {} ({})", at, words(after.as_str()), words(&event.kind)), day));
        }
    }
    if stops.last().is_none_or(|(last, ..)| *last != stage) {
        stops.push((stage, words(stage.as_str()), String::new()));
    }
    let visited: Vec<Stage> =
        Stage::ALL.iter().copied().filter(|stage| stops.iter().any(|(at, ..)| at == stage)).collect();
    let middle = |stage: Stage| {
        let lane = visited.iter().position(|visited| *visited == stage).unwrap_or(0);
        TOP + lane * LANE + LANE / 2
    };
    let gaps = stops.len().saturating_sub(1).max(1);
    let place = |index: usize| LEFT + 12 + (WIDTH - LEFT - RIGHT - 12) * index / gaps;
    let foot = TOP + visited.len() * LANE + 15;
    let mut line = String::new();
    let mut dots = Vec::new();
    let mut days: Vec<Day> = Vec::new();
    for (index, (stage, title, day)) in stops.iter().enumerate() {
        let (x, y) = (place(index), middle(*stage));
        if index == 0 {
            line.push_str(&format!("M{x} {y}"));
        } else {
            line.push_str(&format!(" H{x} V{y}"));
        }
        dots.push(Dot { x, y, title: title.clone(), is_last: index + 1 == stops.len() });
        let is_news = !day.is_empty() && days.last().is_none_or(|last| last.label != *day);
        if is_news && days.last().is_none_or(|last| x >= last.x + 34) {
            let anchor = if index + 1 == stops.len() { "end" } else { "middle" };
            days.push(Day { x, y: foot, anchor, label: day.clone() });
        }
    }
    let names: Vec<String> = stops.iter().map(|(stage, ..)| words(stage.as_str())).collect();
    Path {
        width: WIDTH,
        height: foot + FOOT - 15,
        description: format!("Stages in order: {}.", names.join(", then ")),
        lanes: visited
            .iter()
            .map(|stage| Lane { y: middle(*stage), text_y: middle(*stage) + 4, name: words(stage.as_str()) })
            .collect(),
        line,
        dots,
        days,
        lane_begin: LEFT,
        lane_end: WIDTH - 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(before: Stage, after: Stage, refused: bool) -> EventView {
        let text = || "x".to_owned();
        EventView {
            event_id: text(),
            client_id: text(),
            contact_id: text(),
            email: text(),
            kind: "reply_received".to_owned(),
            source: text(),
            occurred_at: "2026-11-20T10:00:00Z".to_owned(),
            received_at: text(),
            delivery_id: None,
            dedupe_key: text(),
            stage_before: before.to_string(),
            stage_after: after.to_string(),
            refused,
            rule: text(),
        }
    }

    #[test]
    fn the_path_has_a_lane_for_each_stage_and_a_dot_for_each_stop() {
        let events = [
            event(Stage::New, Stage::InSequence, false),
            event(Stage::InSequence, Stage::InSequence, false),
            event(Stage::InSequence, Stage::Interested, false),
            event(Stage::Interested, Stage::Won, true),
        ];
        let drawn = path(&events, Stage::Interested);
        assert_eq!(
            drawn.lanes.iter().map(|lane| lane.name.as_str()).collect::<Vec<_>>(),
            ["New", "In sequence", "Interested"]
        );
        assert_eq!(drawn.dots.len(), 3, "what changed nothing or was refused is no stop");
        assert_eq!(drawn.description, "Stages in order: New, then In sequence, then Interested.");
        assert_eq!(drawn.days.len(), 1, "a day is named once");
    }

    #[test]
    fn a_contact_without_history_is_one_dot() {
        let drawn = path(&[], Stage::Won);
        assert_eq!((drawn.lanes.len(), drawn.dots.len()), (1, 1));
    }
}
