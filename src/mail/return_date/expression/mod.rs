//! Dates as people write them: `3. August`, `August 3rd`, `03.08.2026`, `Montag, den 3.8.`, `3 t/m 7 augustus`, `8月17日`, `KW 33`.

mod date;
mod relative;
mod span;

use super::lexer::Lexed;
use super::vocabulary::Part;
use chrono::{NaiveDate, Weekday};
use date::{bare_day, date, ordinal_day};

pub(super) use relative::RELATIVE;

/// A day, as far as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    Full(NaiveDate),
    OfYear {
        month: u32,
        day: u32,
    },
    /// `3/8` or `3/8/2026`: which of both is the month depends on who writes. A dot is never in doubt.
    Slashed {
        first: u32,
        second: u32,
        year: Option<i32>,
    },
    /// `the 15th`, `lunes 5`.
    OfMonth(u32),
    Weekday(Weekday),
    /// The ISO week: its Monday, or the Sunday where it ends an absence.
    Week(u32),
    /// `tomorrow`, `in 3 days`.
    In {
        days: u32,
    },
    /// `in two weeks`, `for 10 days`: so many days on, more or less.
    About {
        days: u32,
    },
    InMonths(u32),
    /// `next week`: the Monday of it, or its Sunday where it ends an absence.
    InWeeks(u32),
    /// The Sunday of the week that is so many ahead.
    EndOfWeek(u32),
    EndOfMonth(u32),
}

/// A day or a span of days in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expression {
    /// The tokens it covers.
    pub(super) first: usize,
    pub(super) after: usize,
    /// The day; of a span its last.
    pub(super) day: Day,
    pub(super) weekday: Option<Weekday>,
    pub(super) span: Option<Span>,
}

/// The other end of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first_day: Option<Day>,
    /// "through", "bis einschließlich": the last day belongs to it.
    pub(super) is_inclusive: bool,
}

/// All dates of a text in order.
pub(super) fn expressions(text: &Lexed) -> Vec<Expression> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.tokens.len() {
        match expression(text, at) {
            Some(expression) if expression.after > at => {
                at = expression.after;
                found.push(expression);
            }
            Some(_) | None => at += 1,
        }
    }
    found
}

fn expression(text: &Lexed, at: usize) -> Option<Expression> {
    if let Some(span) = span::within_month(text, at) {
        return Some(span);
    }
    span::from(text, single(text, at)?)
}

/// One day, with its weekday before or behind.
fn single(text: &Lexed, at: usize) -> Option<Expression> {
    let expression = |first: usize, day: Day, after: usize, weekday: Option<Weekday>| Expression {
        first,
        after,
        day,
        weekday,
        span: None,
    };
    if let Some((weekday, next)) = weekday_before(text, at)
        && let Some((day, after)) = date(text, next).or_else(|| bare_day(text, next))
    {
        return Some(expression(at, day, weekday_behind(text, after).1, Some(weekday)));
    }
    if let Some((day, after)) = date(text, at) {
        let (weekday, after) = weekday_behind(text, after);
        return Some(expression(at, day, after, weekday));
    }
    if let Some((day, after)) = relative::day(text, at).or_else(|| ordinal_day(text, at)) {
        return Some(expression(at, day, after, None));
    }
    let sense = text.sense(at)?;
    // `on Mon`: short names mean other things elsewhere.
    let is_sure = || {
        sense.is(Part::EnglishWeekday) && at.checked_sub(1).is_some_and(|before| text.is(before, Part::BeforeWeekday))
    };
    let weekday = sense.weekday.or_else(|| sense.short_weekday.filter(|_| is_sure()))?;
    Some(expression(at, Day::Weekday(weekday), at + 1, None))
}

/// A weekday and what stands between it and its date: `Monday, the`, `Montag, den`, `lunes día`.
fn weekday_before(text: &Lexed, at: usize) -> Option<(Weekday, usize)> {
    let sense = text.sense(at)?;
    let day = sense.weekday.or(sense.short_weekday)?;
    // `segunda-feira`
    let is_feira = text.is_mark(at + 1, &['-']) && text.word(at + 2) == Some("feira");
    let next = if is_feira { at + 3 } else { at + 1 };
    let is_between = |at: &usize| text.is_mark(*at, &['.', ',', '(', '-', '/']) || text.is(*at, Part::Article);
    let between = (next..next + 4).take_while(is_between).count();
    Some((day, next + between))
}

/// A weekday in brackets behind a date, and what follows it.
fn weekday_behind(text: &Lexed, at: usize) -> (Option<Weekday>, usize) {
    let day = || {
        let sense = text.sense(at + 1);
        let eastern = || text.word(at + 1).and_then(eastern_weekday);
        sense.and_then(|sense| sense.weekday.or(sense.short_weekday)).or_else(eastern)
    };
    let close = || (at + 2..at + 5).find(|close| text.is_mark(*close, &[')']));
    if text.is_mark(at, &['('])
        && let (Some(day), Some(close)) = (day(), close())
    {
        return (Some(day), close + 1);
    }
    (None, at)
}

fn eastern_weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "月" | "월" | "一" => Weekday::Mon,
        "火" | "화" | "二" => Weekday::Tue,
        "水" | "수" | "三" => Weekday::Wed,
        "木" | "목" | "四" => Weekday::Thu,
        "金" | "금" | "五" => Weekday::Fri,
        "土" | "토" | "六" => Weekday::Sat,
        "日" | "일" => Weekday::Sun,
        _ => return None,
    })
}
