//! The date that an expression means, counted from the day on which the notice was written.

use super::cues::Language;
use super::expression::{Day, Expression};
use super::govern::Meaning;
use chrono::{Datelike, Days, NaiveDate, Weekday};

/// Dates farther off are no return dates: 13 months.
pub(super) const DAYS_AHEAD_MAX: u64 = 396;
/// A day and month without a year that would be farther off was a few weeks ago: an old notice.
const DAYS_AHEAD_WITHOUT_YEAR_MAX: i64 = 300;

/// Which part of `3/8` is the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    DayFirst,
    MonthFirst,
}

/// A date, and how it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) date: NaiveDate,
    pub(super) precision: Precision,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precision {
    /// A guess, or the weekday told is another one.
    Vague,
    /// A weekday or a day alone, "tomorrow", a calendar week.
    Near,
    /// Day and month.
    Exact,
}

/// The order of slashed dates that the dates of a text show: one part over 12.
pub(super) fn order_of(dates: &[Expression]) -> Option<Order> {
    let mut orders = dates.iter().filter_map(|date| match date.day {
        Day::Slashed { first: 13.., .. } => Some(Order::DayFirst),
        Day::Slashed { second: 13.., .. } => Some(Order::MonthFirst),
        Day::Slashed { .. }
        | Day::Full(_)
        | Day::OfYear { .. }
        | Day::OfMonth(_)
        | Day::Weekday(_)
        | Day::Week(_)
        | Day::In { .. }
        | Day::About { .. }
        | Day::InMonths(_)
        | Day::InWeeks(_)
        | Day::EndOfWeek(_)
        | Day::EndOfMonth(_) => None,
    });
    let first = orders.next()?;
    orders.all(|order| order == first).then_some(first)
}

/// English alone says nothing: Britain and America write the same differently.
fn order_of_language(language: Language) -> Option<Order> {
    match language {
        Language::English => None,
        Language::Eastern | Language::Hungarian => Some(Order::MonthFirst),
        Language::German
        | Language::French
        | Language::Spanish
        | Language::Italian
        | Language::Dutch
        | Language::Portuguese
        | Language::Polish
        | Language::Nordic
        | Language::Finnish
        | Language::Slavic
        | Language::Turkish
        | Language::Romanian
        | Language::Greek
        | Language::Hebrew => Some(Order::DayFirst),
    }
}

/// The first day back that a date tells. None where it can't be told, is past, or too far off.
pub(super) fn first_day_back(
    date: &Expression,
    meaning: Meaning,
    language: Language,
    order: Option<Order>,
    today: NaiveDate,
) -> Option<Resolved> {
    let is_last_day_away = match meaning {
        Meaning::Back | Meaning::Until => false,
        Meaning::Through | Meaning::After | Meaning::Range { .. } | Meaning::Away => true,
    };
    // Whoever was away until yesterday is back today.
    let earliest = if is_last_day_away { today.pred_opt()? } else { today };
    let day = match (meaning, date.span) {
        // `Ab KW 38/39`.
        (Meaning::Back, Some(span)) => span.first_day?,
        _ => date.day,
    };
    let order = order_of_language(language).or(order);
    let ends = is_last_day_away || (meaning == Meaning::Until && matches!(day, Day::Week(_)));
    let resolved = resolve(day, date.weekday, order, earliest, today, ends)?;
    // The day after is told even where it is a Saturday: nobody knows who works then, and waiting longer is the caller's choice.
    let ends = ends || matches!(day, Day::EndOfMonth(_) | Day::EndOfWeek(_));
    // "For two weeks" tells how long, not which day is the last.
    let ends = ends && !matches!(day, Day::About { .. } | Day::InMonths(_));
    let back = if ends { resolved.date.succ_opt()? } else { resolved.date };
    let latest = today.checked_add_days(Days::new(DAYS_AHEAD_MAX))?;
    (today <= back && back <= latest).then_some(Resolved { date: back, ..resolved })
}

fn resolve(
    day: Day,
    weekday: Option<Weekday>,
    order: Option<Order>,
    earliest: NaiveDate,
    today: NaiveDate,
    ends: bool,
) -> Option<Resolved> {
    let exact = |date: NaiveDate| Resolved {
        date,
        precision: if weekday.is_none_or(|day| day == date.weekday()) { Precision::Exact } else { Precision::Vague },
    };
    let near = |date: NaiveDate| Resolved { date, precision: Precision::Near };
    let vague = |date: NaiveDate| Resolved { date, precision: Precision::Vague };
    match day {
        Day::Full(date) => Some(exact(date)),
        Day::OfYear { month, day } => next_of_year(month, day, earliest).map(exact),
        Day::Slashed { first, second, year } => slashed((first, second), year, weekday, order, earliest).map(exact),
        Day::OfMonth(day) => next_of_month(day, weekday, earliest).map(near),
        Day::Weekday(day) => next_weekday(day, if ends { earliest } else { today }).map(near),
        Day::Week(week) => week_of_year(week, today, ends).map(near),
        Day::In { days: 0 } => Some(vague(today)),
        Day::In { days } => today.checked_add_days(Days::new(days.into())).map(near),
        Day::About { days } => today.checked_add_days(Days::new(days.into())).map(vague),
        Day::InMonths(months) => today.checked_add_months(chrono::Months::new(months)).map(vague),
        Day::InWeeks(weeks) if !ends => monday(today)?.checked_add_days(Days::new(u64::from(weeks) * 7)).map(vague),
        Day::InWeeks(weeks) | Day::EndOfWeek(weeks) => {
            monday(today)?.checked_add_days(Days::new(u64::from(weeks) * 7 + 6)).map(vague)
        }
        Day::EndOfMonth(month) => end_of_month(month, earliest).map(vague),
    }
}

/// The next such day, rolling over the new year.
fn next_of_year(month: u32, day: u32, earliest: NaiveDate) -> Option<NaiveDate> {
    let of = |year: i32| NaiveDate::from_ymd_opt(year, month, day).filter(|date| *date >= earliest);
    let date = of(earliest.year()).or_else(|| of(earliest.year() + 1))?;
    ((date - earliest).num_days() <= DAYS_AHEAD_WITHOUT_YEAR_MAX).then_some(date)
}

fn slashed(
    (first, second): (u32, u32),
    year: Option<i32>,
    weekday: Option<Weekday>,
    order: Option<Order>,
    earliest: NaiveDate,
) -> Option<NaiveDate> {
    let of = |month: u32, day: u32| match year {
        Some(year) => NaiveDate::from_ymd_opt(year, month, day),
        None => next_of_year(month, day, earliest),
    };
    let as_told = |order: Order| match order {
        Order::DayFirst => of(second, first),
        Order::MonthFirst => of(first, second),
    };
    match (first, second) {
        (13.., _) => as_told(Order::DayFirst),
        (_, 13..) => as_told(Order::MonthFirst),
        (first, second) if first == second => as_told(Order::DayFirst),
        _ => match (order, weekday) {
            (Some(order), _) => as_told(order),
            // "Monday 9/8/2026": only one of both is a Monday.
            (None, Some(weekday)) => {
                let fits = |order: Order| as_told(order).filter(|date| date.weekday() == weekday);
                match (fits(Order::DayFirst), fits(Order::MonthFirst)) {
                    (Some(date), None) | (None, Some(date)) => Some(date),
                    (Some(_), Some(_)) | (None, None) => None,
                }
            }
            (None, None) => None,
        },
    }
}

/// The next such day of a month; with a weekday the next month in which both fit, as far as half a year ahead.
fn next_of_month(day: u32, weekday: Option<Weekday>, earliest: NaiveDate) -> Option<NaiveDate> {
    let months = if weekday.is_some() { 6 } else { 2 };
    (0..=months)
        .filter_map(|ahead| earliest.with_day(1)?.checked_add_months(chrono::Months::new(ahead))?.with_day(day))
        .find(|date| *date >= earliest && weekday.is_none_or(|weekday| weekday == date.weekday()))
}

/// The next such weekday after a day.
fn next_weekday(weekday: Weekday, after: NaiveDate) -> Option<NaiveDate> {
    (1..=7).filter_map(|days| after.checked_add_days(Days::new(days))).find(|date| date.weekday() == weekday)
}

fn monday(date: NaiveDate) -> Option<NaiveDate> {
    date.checked_sub_days(Days::new(date.weekday().num_days_from_monday().into()))
}

/// The Monday of an ISO week, or today where the week is under way; its Sunday where it ends an absence.
fn week_of_year(week: u32, today: NaiveDate, ends: bool) -> Option<NaiveDate> {
    let of = |year: i32| {
        let sunday = NaiveDate::from_isoywd_opt(year, week, Weekday::Sun).filter(|sunday| *sunday >= today)?;
        if ends { Some(sunday) } else { monday(sunday).map(|monday| monday.max(today)) }
    };
    let year = today.iso_week().year();
    let date = of(year).or_else(|| of(year + 1))?;
    ((date - today).num_days() <= DAYS_AHEAD_WITHOUT_YEAR_MAX).then_some(date)
}

fn end_of_month(month: u32, earliest: NaiveDate) -> Option<NaiveDate> {
    let last =
        |year: i32| NaiveDate::from_ymd_opt(year, month, 1)?.checked_add_months(chrono::Months::new(1))?.pred_opt();
    let of = |year: i32| last(year).filter(|date| *date >= earliest);
    let date = of(earliest.year()).or_else(|| of(earliest.year() + 1))?;
    ((date - earliest).num_days() <= DAYS_AHEAD_WITHOUT_YEAR_MAX).then_some(date)
}
