//! Dates with a month, and days alone.

use super::super::lexer::{Kind, Lexed};
use super::super::vocabulary::Part;
use super::Day;
use chrono::NaiveDate;

/// A date with a month.
pub(super) fn date(text: &Lexed, at: usize) -> Option<(Day, usize)> {
    if let Some(month) = text.sense(at).and_then(|sense| sense.month) {
        return month_first(text, at, month);
    }
    if is_inside_number(text, at) {
        return None;
    }
    match text.kind(at)? {
        Kind::Number { value, digits: 4 } => year_first(text, at, i32::try_from(value).ok()?),
        Kind::Number { value, digits: 1..=2 } => {
            eastern(text, at, None).or_else(|| numeric(text, at, value)).or_else(|| day_first(text, at, value))
        }
        Kind::Number { .. } | Kind::Word | Kind::Mark(_) | Kind::Break => None,
    }
}

/// Whether a number goes on before this place: `192.168.3.8`, `+49 30 3/8`, `12:30`.
pub(super) fn is_inside_number(text: &Lexed, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    if text.is_spaced(at) {
        return false;
    }
    let is_number = |at: Option<usize>| at.is_some_and(|at| text.is_number(at));
    text.is_mark(before, &['+', ':', '#', '$', '€', '£', '@', '_'])
        || (text.is_mark(before, &['.', '/']) && is_number(before.checked_sub(1)) && !text.is_spaced(before))
}

/// `2026-08-03`, `2026/8/3`, `2026年8月3日`, `2026. augusztus 3.`
fn year_first(text: &Lexed, at: usize, year: i32) -> Option<(Day, usize)> {
    if !(1990..2100).contains(&year) {
        return None;
    }
    if matches!(text.word(at + 1), Some("年" | "년")) {
        return eastern(text, at + 2, Some(year));
    }
    let is_dot = text.is_mark(at + 1, &['.']);
    if is_dot || text.is_spaced(at + 1) {
        let next = at + 1 + usize::from(is_dot);
        if let Some(month) = text.sense(next).and_then(|sense| sense.month) {
            let day = text.small_number(next + 1)?;
            return Some((Day::Full(NaiveDate::from_ymd_opt(year, month, day)?), ordinal(text, next + 2)));
        }
    }
    let Some(Kind::Mark(sign @ ('-' | '/' | '.'))) = text.kind(at + 1) else { return None };
    let (month, day) = (text.small_number(at + 2)?, text.small_number(at + 4)?);
    let date = NaiveDate::from_ymd_opt(year, month, day).filter(|_| text.is_mark(at + 3, &[sign]))?;
    let is_longer = text.is_mark(at + 5, &[sign]) && !text.is_spaced(at + 6) && text.small_number(at + 6).is_some();
    (!is_longer).then_some((Day::Full(date), at + 5))
}

/// `8月17日`, `8월 17일`.
fn eastern(text: &Lexed, at: usize, year: Option<i32>) -> Option<(Day, usize)> {
    let (month, day) = (text.small_number(at)?, text.small_number(at + 2)?);
    let is_date =
        matches!(text.word(at + 1), Some("月" | "월")) && matches!(text.word(at + 3), Some("日" | "号" | "號" | "일"));
    let checked = NaiveDate::from_ymd_opt(year.unwrap_or(2024), month, day).filter(|_| is_date)?;
    Some((if year.is_some() { Day::Full(checked) } else { Day::OfYear { month, day } }, at + 4))
}

/// `3.8.`, `03.08.2026`, `3/8/26`.
fn numeric(text: &Lexed, at: usize, first: u32) -> Option<(Day, usize)> {
    let Some(Kind::Mark(sign @ ('-' | '/' | '.'))) = text.kind(at + 1) else { return None };
    let second = text.small_number(at + 2)?;
    // `3. 8. 2026` has spaces, a sentence that ends in a number too.
    let has_space = text.is_spaced(at + 1) || (text.is_spaced(at + 2) && sign != '.');
    if has_space || first == 0 || second == 0 || first > 31 || second > 31 || (first > 12 && second > 12) {
        return None;
    }
    if text.is_mark(at + 3, &[sign])
        && let Some((year, after)) = numeric_year(text, at + 4, sign)
    {
        return Some((numeric_day(first, second, Some(year), sign)?, after));
    }
    let after = at + 3;
    let is_longer = text.is_mark(after, &[sign, ':']) && !text.is_spaced(after + 1) && text.is_number(after + 1);
    let is_time =
        text.is(after, Part::Hour) || text.is_mark(after, &['%', '€', '$', '£']) || is_behind_no_date(text, at);
    if is_longer || is_time || sign == '-' || (first, second) == (24, 7) || (sign == '.' && second > 12) {
        return None;
    }
    let after = after + usize::from(sign == '.' && text.is_mark(after, &['.']));
    // Two numbers with a dot are a date where both dots are there, or both have two digits: else it may be a decimal.
    let two_digits = |at: usize| matches!(text.kind(at), Some(Kind::Number { digits: 2, .. }));
    let is_sure = sign != '.' || after == at + 4 || (two_digits(at) && two_digits(at + 2));
    Some((numeric_day(first, second, None, sign).filter(|_| is_sure)?, after))
}

fn numeric_year(text: &Lexed, at: usize, sign: char) -> Option<(i32, usize)> {
    let year = match text.kind(at)? {
        Kind::Number { value, digits: 4 } => i32::try_from(value).ok()?,
        Kind::Number { value, digits: 2 } if sign != '-' && !text.is_spaced(at) => 2000 + i32::try_from(value).ok()?,
        Kind::Number { .. } | Kind::Word | Kind::Mark(_) | Kind::Break => return None,
    };
    let is_longer = text.is_mark(at + 1, &[sign, ':']) && !text.is_spaced(at + 2) && text.is_number(at + 2);
    ((1990..2100).contains(&year) && !is_longer).then_some((year, at + 1))
}

fn numeric_day(first: u32, second: u32, year: Option<i32>, sign: char) -> Option<Day> {
    if sign == '.' && second <= 12 {
        return day_of(second, first, year);
    }
    Some(Day::Slashed { first, second, year })
}

fn day_of(month: u32, day: u32, year: Option<i32>) -> Option<Day> {
    let checked = NaiveDate::from_ymd_opt(year.unwrap_or(2024), month, day)?;
    Some(if year.is_some() { Day::Full(checked) } else { Day::OfYear { month, day } })
}

/// `3 August`, `3rd of August 2026`, `1er août`, `3 de agosto de 2026`.
fn day_first(text: &Lexed, at: usize, day: u32) -> Option<(Day, usize)> {
    let mut next = ordinal(text, at + 1);
    for _ in 0..2 {
        if text.is(next, Part::OfMonth) || text.is_mark(next, &['\'', '-', '/']) {
            next += 1;
        }
    }
    let month = text.sense(next).and_then(|sense| sense.month)?;
    NaiveDate::from_ymd_opt(2024, month, day)?;
    // `Aug.`
    let after = next
        + 1
        + usize::from(
            text.is_mark(next + 1, &['.'])
                && text.word(next).is_some_and(|word| word.chars().count() <= 5)
                && year(text, next + 2).is_some(),
        );
    with_year(text, after, month, day)
}

/// `August 3`, `Aug. 3rd, 2026`, `augusztus 3-án`.
fn month_first(text: &Lexed, at: usize, month: u32) -> Option<(Day, usize)> {
    let mut next = at + 1;
    while next < at + 3 && (text.is_mark(next, &['.', '-', '/']) || text.word(next) == Some("the")) {
        next += 1;
    }
    let day = text.small_number(next)?;
    NaiveDate::from_ymd_opt(2024, month, day)?;
    let after = ordinal(text, next + 1);
    let is_time = text.is_mark(next + 1, &[':']) || text.is(next + 1, Part::Hour);
    // A dot and a further number without a space: `august 17.30`.
    let is_longer =
        text.is_mark(next + 1, &['.']) && !text.is_spaced(next + 2) && text.small_number(next + 2).is_some();
    if is_time || is_longer { None } else { with_year(text, after, month, day) }
}

fn with_year(text: &Lexed, after: usize, month: u32, day: u32) -> Option<(Day, usize)> {
    match year(text, after) {
        Some((year, after)) => Some((Day::Full(NaiveDate::from_ymd_opt(year, month, day)?), after)),
        None => Some((Day::OfYear { month, day }, after)),
    }
}

pub(super) fn year(text: &Lexed, at: usize) -> Option<(i32, usize)> {
    let mut next = at;
    if text.is_mark(next, &[',', '.', '-', '/']) {
        next += 1;
    }
    if text.is(next, Part::OfYear) {
        next += 1;
    }
    if text.is_mark(next, &['\''])
        && let Some(Kind::Number { value, digits: 2 }) = text.kind(next + 1)
    {
        return i32::try_from(value).ok().map(|year| (2000 + year, next + 2));
    }
    match text.kind(next)? {
        Kind::Number { value, digits: 4 } if (1990..2100).contains(&value) && !text.is_mark(next + 1, &[':']) => {
            Some((i32::try_from(value).ok()?, next + 1))
        }
        Kind::Number { .. } | Kind::Word | Kind::Mark(_) | Kind::Break => None,
    }
}

/// Behind a number what makes it an ordinal: `rd`, `er`, `.`, `-го`.
pub(super) fn ordinal(text: &Lexed, at: usize) -> usize {
    if !text.is_spaced(at) && text.is(at, Part::Ordinal) {
        return at + 1;
    }
    if text.is_mark(at, &['-']) && !text.is_spaced(at) && text.is(at + 1, Part::Ordinal) && !text.is_spaced(at + 1) {
        return at + 2;
    }
    if text.is_mark(at, &['.', '°']) && !text.is_spaced(at) {
        return at + 1;
    }
    at
}

/// `Monday the 5th`, `lunes 5`: a day without a month, behind a weekday.
pub(super) fn bare_day(text: &Lexed, at: usize) -> Option<(Day, usize)> {
    let day = text.small_number(at).filter(|day| (1..=31).contains(day))?;
    let after = ordinal(text, at + 1);
    let goes_on = text.is_mark(after, &[':', '/', '-', '%', '+']) || text.is(after, Part::Hour);
    let is_decimal = text.is_mark(at + 1, &['.', ',']) && !text.is_spaced(at + 2) && text.is_number(at + 2);
    (!goes_on && !is_decimal).then_some((Day::OfMonth(day), after))
}

/// `the 15th`, `am 15.`: without a weekday it has to look like an ordinal.
pub(super) fn ordinal_day(text: &Lexed, at: usize) -> Option<(Day, usize)> {
    let before = at.checked_sub(1)?;
    let (day, after) = bare_day(text, at)?;
    let is_english = text.is(after.checked_sub(1)?, Part::EnglishOrdinal);
    let is_german = text.is(before, Part::GermanArticle) && text.is_mark(at + 1, &['.']);
    let is_romance = text.is(before, Part::DayArticle) && !text.is_number(after);
    ((is_english || is_german || is_romance) && !is_inside_number(text, at)).then_some((day, after))
}

/// `kl. 17.30`, `at 9.30`, `Tel. 3.8`.
fn is_behind_no_date(text: &Lexed, at: usize) -> bool {
    let before = at
        .checked_sub(1)
        .and_then(|before| if text.is_mark(before, &['.']) { before.checked_sub(1) } else { Some(before) });
    before.is_some_and(|before| text.is(before, Part::NoDate))
}
