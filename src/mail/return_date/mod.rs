//! The day on which somebody is back, out of the words of an absence notice.
//!
//! A date counts only by the words around it: "back on" tells the day itself, "until" is taken for it too (people differ, so with
//! less confidence), "through" and the end of a span tell the last day away. The nearest date after such words counts.

mod cue_words;
mod cues;
mod expression;
mod govern;
mod lexer;
mod resolve;
mod vocabulary;

#[cfg(test)]
mod tests;

use super::message::Mail;
use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, Timelike, Weekday};
use cues::Language;
use expression::Day;
use govern::Meaning;
use resolve::Precision;

/// How long an absence may be whose end is told by a weekday: nobody says "back on Monday" of a day months ahead.
const WEEKDAY_DAYS_MAX: i64 = 45;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    Low,
    Medium,
    High,
}

impl Confidence {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The first day on which the person is there again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnDate {
    pub date: NaiveDate,
    pub confidence: Confidence,
}

/// The return date that a notice tells; `anchor` is when the notice was written.
///
/// Never before the day of `anchor`, never more than 13 months after.
pub fn of_mail(mail: &Mail, visible: &str, anchor: DateTime<FixedOffset>) -> Option<ReturnDate> {
    let today = anchor.date_naive();
    apple_criteria(mail, anchor)
        .or_else(|| of_text(visible, today))
        // `Out of office until 3 August`; behind "Re:" a subject is our own.
        .or_else(|| of_text(super::automatic::own_part(&mail.subject), today))
}

/// `X-Apple-Criteria` of iCloud's responder: `startDate=…; endDate=…` in ISO form.
fn apple_criteria(mail: &Mail, anchor: DateTime<FixedOffset>) -> Option<ReturnDate> {
    let criteria: String = mail.header("x-apple-criteria")?.chars().take(1_000).collect();
    let lower = criteria.to_ascii_lowercase();
    let end = criteria.get(lower.find("enddate")? + "enddate".len()..)?;
    let end = end.trim_start_matches(|c: char| !c.is_ascii_digit());
    let word: String =
        end.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '+' | '.')).collect();
    let at = DateTime::parse_from_rfc3339(&word).map(|at| at.with_timezone(anchor.offset()).naive_local()).ok();
    let at = at.or_else(|| {
        word.get(..19).and_then(|word| chrono::NaiveDateTime::parse_from_str(word, "%Y-%m-%dT%H:%M:%S").ok())
    });
    let date = match at {
        // An end in the evening is the end of that day.
        Some(at) if at.hour() >= 12 => at.date().succ_opt()?,
        Some(at) => at.date(),
        None => NaiveDate::parse_from_str(word.get(..10)?, "%Y-%m-%d").ok()?,
    };
    let today = anchor.date_naive();
    let latest = today.checked_add_days(Days::new(resolve::DAYS_AHEAD_MAX))?;
    (today <= date && date <= latest).then_some(ReturnDate { date, confidence: Confidence::High })
}

/// A return date that the text tells in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Candidate {
    date: NaiveDate,
    confidence: Confidence,
    rank: Rank,
    language: Language,
    precision: Precision,
    /// Told by its weekday alone.
    weekday: Option<Weekday>,
}

/// What counts more where a text tells several dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Away,
    After,
    Range,
    End,
    Back,
}

fn of_text(text: &str, today: NaiveDate) -> Option<ReturnDate> {
    let text = lexer::lex(text);
    let dates = expression::expressions(&text);
    if dates.is_empty() {
        return None;
    }
    let order = resolve::order_of(&dates);
    let governed = govern::Cues::of(&text).govern(&text, &dates);
    let candidates: Vec<Candidate> = governed
        .into_iter()
        .filter_map(|(date, governed)| {
            let resolved = resolve::first_day_back(&date, governed.meaning, governed.language, order, today)?;
            let weekday = match date.day {
                Day::Weekday(weekday) => Some(weekday),
                Day::Full(_)
                | Day::OfYear { .. }
                | Day::Slashed { .. }
                | Day::OfMonth(_)
                | Day::Week(_)
                | Day::In { .. }
                | Day::About { .. }
                | Day::InMonths(_)
                | Day::InWeeks(_)
                | Day::EndOfWeek(_)
                | Day::EndOfMonth(_) => None,
            };
            let (rank, sureness) = rank(governed.meaning);
            let confidence = match resolved.precision {
                Precision::Vague => Confidence::Low,
                Precision::Near => sureness.min(Confidence::Medium),
                Precision::Exact => sureness,
            };
            Some(Candidate {
                date: resolved.date,
                confidence,
                rank,
                language: governed.language,
                precision: resolved.precision,
                weekday,
            })
        })
        .collect();
    choose(&candidates)
}

fn rank(meaning: Meaning) -> (Rank, Confidence) {
    match meaning {
        Meaning::Back => (Rank::Back, Confidence::High),
        Meaning::Through => (Rank::End, Confidence::High),
        Meaning::Until => (Rank::End, Confidence::Medium),
        Meaning::After => (Rank::After, Confidence::Medium),
        Meaning::Range { is_inclusive } => {
            (Rank::Range, if is_inclusive { Confidence::High } else { Confidence::Medium })
        }
        Meaning::Away => (Rank::Away, Confidence::Low),
    }
}

fn choose(candidates: &[Candidate]) -> Option<ReturnDate> {
    let rank = candidates.iter().map(|candidate| candidate.rank).max()?;
    let best = || candidates.iter().filter(move |candidate| candidate.rank == rank);
    let precision = best().map(|candidate| candidate.precision).max()?;
    let exact = |candidate: &&Candidate| candidate.precision == Precision::Exact;
    // "Away from 3 to 14 August, back on Monday": the Monday after.
    let is_end = |candidate: &&Candidate| matches!(candidate.rank, Rank::Range | Rank::End) && exact(candidate);
    if precision < Precision::Exact
        && let Some((weekday, next)) = best().find_map(|candidate| candidate.weekday.map(|day| (day, candidate.date)))
        && let Some(end) = candidates.iter().filter(is_end).map(|candidate| candidate.date).max()
        && (end - next).num_days() <= WEEKDAY_DAYS_MAX
    {
        let date =
            (0..7).filter_map(|days| end.checked_add_days(Days::new(days))).find(|date| date.weekday() == weekday)?;
        return Some(ReturnDate { date, confidence: Confidence::Medium });
    }
    let told: Vec<&Candidate> = best().filter(|candidate| candidate.precision == precision).collect();
    let first = told.first()?;
    let differs = |candidate: &&&Candidate| candidate.date != first.date;
    let Some(other) = told.iter().find(differs) else {
        // The same day told in two languages, or in two ways.
        let agrees = |other: &Candidate| {
            other.date == first.date && (other.language != first.language || other.rank != rank) && exact(&other)
        };
        let confidence = told.iter().map(|candidate| candidate.confidence).max()?;
        let is_agreed = precision == Precision::Exact && candidates.iter().any(agrees) && confidence > Confidence::Low;
        return Some(ReturnDate {
            date: first.date,
            confidence: if is_agreed { Confidence::High } else { confidence },
        });
    };
    // "Until the 17th" in one language and "through the 17th" in the other: the second says which is meant.
    let apart = (other.date - first.date).num_days().abs();
    if apart == 1 && rank == Rank::End && told.iter().all(|one| one.date == first.date || one.date == other.date) {
        return Some(ReturnDate { date: first.date.max(other.date), confidence: Confidence::Medium });
    }
    // Of several absences the next one counts.
    let date = if rank == Rank::Range { told.iter().map(|one| one.date).min()? } else { first.date };
    Some(ReturnDate { date, confidence: Confidence::Low })
}
