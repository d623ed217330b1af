//! One event reported more than once: by the same source again, or by several sources.
//!
//! Reports of one source are joined, those of several are laid over one another in the precedence of [`Source`]. Both are
//! independent of the order of arrival: the join is commutative, associative and idempotent, the precedence is fixed.

use super::event::{EventData, Facts, Source};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Adds a report to what each source said so far. True where it told something new.
pub fn add_report(seen: &mut BTreeMap<Source, Facts>, source: Source, facts: &Facts) -> bool {
    match seen.get_mut(&source) {
        None => {
            seen.insert(source, facts.clone());
            true
        }
        Some(known) if known == facts => false,
        // Asked twice because the first answer was lost on its way: one of the two stands whole, never a mixture.
        Some(known) if source == Source::Ai => {
            let is_other = to_object(facts).map(Value::Object).map(|value| text(&value))
                > to_object(known).map(Value::Object).map(|value| text(&value));
            if is_other {
                *known = facts.clone();
            }
            is_other
        }
        Some(known) => {
            let joined = join(known, facts);
            let is_new = joined != *known;
            *known = joined;
            is_new
        }
    }
}

/// A report that is read again, with what is configured now. True where it tells something that was not known.
///
/// What a category or a label means is said by the configuration and by nothing else in the report, and the name itself is in the
/// event's key: so the meaning of the new reading takes the place of the old one, and the rest is joined as always.
pub fn read_again(seen: &mut BTreeMap<Source, Facts>, source: Source, facts: &Facts) -> bool {
    let is_news = add_report(seen, source, facts);
    match (seen.get_mut(&source).map(|known| &mut known.data), &facts.data, is_configured(source)) {
        (
            Some(EventData::ReplyClassified { intent, requires_action, .. }),
            EventData::ReplyClassified { intent: now_intent, requires_action: now_requires_action, .. },
            true,
        ) => {
            let is_other = (*intent, *requires_action) != (*now_intent, *now_requires_action);
            (*intent, *requires_action) = (*now_intent, *now_requires_action);
            is_news || is_other
        }
        (Some(_) | None, _, _) => is_news,
    }
}

/// The sources whose classifications are names that the configuration gives a meaning.
fn is_configured(source: Source) -> bool {
    match source {
        Source::Smartlead | Source::Instantly => true,
        Source::Calcom
        | Source::Calendly
        | Source::Gmail
        | Source::Airtable
        | Source::N8n
        | Source::Operator
        | Source::Scheduler
        | Source::Ai => false,
    }
}

/// The event as all sources together tell it; none where nobody told anything.
pub fn merged(seen: &BTreeMap<Source, Facts>) -> Option<Facts> {
    let mut by_precedence = seen.values();
    let first = by_precedence.next()?.clone();
    Some(by_precedence.fold(first, |high, low| overlay(&high, low)))
}

fn join(a: &Facts, b: &Facts) -> Facts {
    let joined = match (to_object(a), to_object(b)) {
        (Some(x), Some(y)) if x.get("kind") == y.get("kind") => from_object(join_objects(x, y)),
        // Two kinds under one key are no report of the same thing; one of them stays, whoever came first.
        (Some(x), Some(y)) => {
            return if text(&Value::Object(x)) >= text(&Value::Object(y)) { a.clone() } else { b.clone() };
        }
        (None, Some(_) | None) | (Some(_), None) => None,
    };
    let mut facts = joined.unwrap_or_else(|| a.clone());
    set_time(&mut facts, a, b, true);
    facts
}

fn overlay(high: &Facts, low: &Facts) -> Facts {
    let laid = match (to_object(high), to_object(low)) {
        (Some(x), Some(y)) if x.get("kind") == y.get("kind") => from_object(overlay_objects(x, y)),
        (Some(_) | None, Some(_) | None) => None,
    };
    let mut facts = laid.unwrap_or_else(|| high.clone());
    set_time(&mut facts, high, low, false);
    facts
}

/// A told time beats one of receipt; of two told ones the first counts, or the earlier where neither source has precedence.
fn set_time(facts: &mut Facts, high: &Facts, low: &Facts, are_equals: bool) {
    facts.time_known = high.time_known || low.time_known;
    facts.occurred_at = match (high.time_known, low.time_known) {
        (true, false) => high.occurred_at,
        (false, true) => low.occurred_at,
        (true, true) if !are_equals => high.occurred_at,
        (true, true) | (false, false) => high.occurred_at.min(low.occurred_at),
    };
}

fn to_object(facts: &Facts) -> Option<Map<String, Value>> {
    match serde_json::to_value(facts) {
        Ok(Value::Object(object)) => Some(object),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => None,
    }
}

fn from_object(object: Map<String, Value>) -> Option<Facts> {
    serde_json::from_value(Value::Object(object)).ok()
}

fn join_objects(mut a: Map<String, Value>, b: Map<String, Value>) -> Map<String, Value> {
    for (key, theirs) in b {
        let joined = match a.remove(&key) {
            None => theirs,
            Some(ours) => join_values(ours, theirs),
        };
        a.insert(key, joined);
    }
    a
}

fn join_values(a: Value, b: Value) -> Value {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => Value::Object(join_objects(x, y)),
        (Value::Bool(x), Value::Bool(y)) => Value::Bool(x || y),
        (x, y) if is_nothing(&x) => y,
        (x, y) if is_nothing(&y) => x,
        // The longer text tells more; equally long ones are settled by their bytes, so that the order does not matter.
        (x, y) => {
            let (ours, theirs) = (text(&x), text(&y));
            if (ours.len(), &ours) >= (theirs.len(), &theirs) { x } else { y }
        }
    }
}

fn overlay_objects(mut high: Map<String, Value>, low: Map<String, Value>) -> Map<String, Value> {
    for (key, theirs) in low {
        let laid = match high.remove(&key) {
            None => theirs,
            Some(Value::Object(ours)) => match theirs {
                Value::Object(theirs) => Value::Object(overlay_objects(ours, theirs)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    Value::Object(ours)
                }
            },
            Some(ours) => {
                if is_nothing(&ours) {
                    theirs
                } else {
                    ours
                }
            }
        };
        high.insert(key, laid);
    }
    high
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn text(value: &Value) -> String {
    value.to_string()
}
