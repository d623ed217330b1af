//! Spans of days: `3 to 7 August`, `July 10-31`, `vom 3.8. bis 14.8.`, `KW 37/38`.

use super::super::lexer::Lexed;
use super::super::vocabulary::Part;
use super::date::{is_inside_number, ordinal, year};
use super::{Day, Expression, Span, single, weekday_before};
use chrono::{Datelike, NaiveDate};

/// The span that begins with this day, or the day alone. Of weekdays alone there is none: these are opening hours.
pub(super) fn from(text: &Lexed, single: Expression) -> Option<Expression> {
    let first_day = Some(single.day);
    if let Some((day, after)) = second_week(text, &single) {
        return Some(Expression { after, day, span: Some(Span { first_day, is_inclusive: true }), ..single });
    }
    let Some((next, is_inclusive)) = connector(text, single.after) else { return Some(single) };
    let span = Some(Span { first_day, is_inclusive });
    if let Some(end) = super::single(text, next) {
        let is_pair = !matches!((single.day, end.day), (Day::Weekday(_), Day::Weekday(_)));
        return is_pair.then_some(Expression { first: single.first, span, ..end });
    }
    Some(match end_in_month(text, next, single.day) {
        Some((day, after)) => Expression { after, day, weekday: None, span, ..single },
        None => single,
    })
}

/// `3. bis 7. August`, `3-7.8.`: the first day shares the month of the last.
pub(super) fn within_month(text: &Lexed, at: usize) -> Option<Expression> {
    let start = weekday_before(text, at).map_or(at, |(_, next)| next);
    let first = text.small_number(start).filter(|day| (1..=31).contains(day))?;
    if is_inside_number(text, start) {
        return None;
    }
    let after_first = ordinal(text, start + 1);
    let (next, is_inclusive) = connector(text, after_first)?;
    let end = single(text, next)?;
    let first_day = match end.day {
        Day::Full(date) => date.with_day(first).map(Day::Full),
        Day::OfYear { month, .. } => Some(Day::OfYear { month, day: first }),
        Day::Slashed { .. } => None,
        Day::OfMonth(_)
        | Day::Weekday(_)
        | Day::Week(_)
        | Day::In { .. }
        | Day::About { .. }
        | Day::InMonths(_)
        | Day::InWeeks(_)
        | Day::EndOfWeek(_)
        | Day::EndOfMonth(_) => {
            return None;
        }
    };
    Some(Expression { first: at, span: Some(Span { first_day, is_inclusive }), ..end })
}

/// `KW 37/38`, `KW 37-38`.
fn second_week(text: &Lexed, single: &Expression) -> Option<(Day, usize)> {
    let Day::Week(first) = single.day else { return None };
    let next = single.after + 1 + usize::from(text.word(single.after + 1) == Some("kw"));
    let joined = text.is_mark(single.after, &['/', '-', '+']) || text.is(single.after, Part::To);
    let last = text.small_number(next).filter(|last| joined && *last > first && *last <= 53)?;
    Some((Day::Week(last), next + 1))
}

/// The day that ends a span which began with a month: `10-31`, `10 through 31`.
fn end_in_month(text: &Lexed, at: usize, start: Day) -> Option<(Day, usize)> {
    let day = text.small_number(at).filter(|day| (1..=31).contains(day))?;
    let after = ordinal(text, at + 1);
    if text.is_mark(after, &[':']) || text.is(after, Part::Hour) {
        return None;
    }
    let month = match start {
        Day::OfYear { month, .. } => month,
        Day::Full(date) => return date.with_day(day).map(|date| (Day::Full(date), after)),
        Day::Slashed { .. }
        | Day::OfMonth(_)
        | Day::Weekday(_)
        | Day::Week(_)
        | Day::In { .. }
        | Day::About { .. }
        | Day::InMonths(_)
        | Day::InWeeks(_)
        | Day::EndOfWeek(_)
        | Day::EndOfMonth(_) => return None,
    };
    match year(text, after) {
        Some((year, after)) => NaiveDate::from_ymd_opt(year, month, day).map(|date| (Day::Full(date), after)),
        None => Some((Day::OfYear { month, day }, after)),
    }
}

/// What joins the two ends of a span, and whether the last day belongs to it.
fn connector(text: &Lexed, at: usize) -> Option<(usize, bool)> {
    // `3. Sept. bis`: the dot is of the short form.
    let is_dot = text.is_mark(at, &['.']) && !text.tokens.get(at + 1).is_some_and(|token| token.is_capital);
    let at = if text.is_mark(at, &[',']) || is_dot { at + 1 } else { at };
    let (next, is_inclusive) = if text.is_mark(at, &['-']) {
        (at + 1, false)
    } else if text.word(at) == Some("t") && text.word(at + 2) == Some("m") {
        // `t/m`
        (at + 3, true)
    } else if text.word(at) == Some("t") && text.word(at + 2) == Some("o") {
        // `t.o.m.`
        (at + 5, true)
    } else if text.is(at, Part::Through) {
        (at + 1, true)
    } else if text.word(at) == Some("up") && text.word(at + 1) == Some("to") {
        (at + 2, false)
    } else if text.is(at, Part::To) && (!text.is(at, Part::And) || is_joining(text, at)) {
        (at + 1, false)
    } else {
        return None;
    };
    let is_more = |at: &usize| text.is(*at, Part::ToThe) || text.is_mark(*at, &['.', '\'']);
    let more = (next..next + 4).take_while(is_more).count();
    let is_inclusive = is_inclusive || (next..next + more).any(|at| text.is(at, Part::Inclusive));
    Some((next + more, is_inclusive))
}

/// "Between 3 and 7 August" is a span, "3 August and 7 August" are two days; `de 3 a 17 de agosto` is a span too.
fn is_joining(text: &Lexed, at: usize) -> bool {
    let before = |part: Part| (at.saturating_sub(8)..at).any(|at| text.is(at, part));
    let is_preposition = matches!(text.word(at), Some("a" | "la"));
    before(Part::Between) || (is_preposition && before(Part::From))
}
