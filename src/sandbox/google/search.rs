//! What `q` finds: the operators of Gmail's search box that a mailbox is followed with, and words.

use super::headers::{first, message_ids};
use super::mailbox::Message;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

/// Dates are those of this zone, whatever the reader's is (Gmail API, "Searching for messages"); without its summer time here.
const PACIFIC_HOURS: i64 = 8;
const HIDDEN: [&str; 2] = ["SPAM", "TRASH"];

/// All terms must fit.
#[derive(Debug, Default)]
pub(super) struct Search {
    terms: Vec<(bool, Term)>,
    is_everywhere: bool,
}

#[derive(Debug)]
enum Term {
    After(DateTime<Utc>),
    Before(DateTime<Utc>),
    Label(String),
    Header(&'static str, String),
    MessageId(String),
    Word(String),
}

impl Search {
    /// `includes_hidden` is the parameter `includeSpamTrash`.
    pub(super) fn parse(text: &str, includes_hidden: bool, now: DateTime<Utc>) -> Self {
        let mut search = Self { terms: Vec::new(), is_everywhere: includes_hidden };
        for part in text.split_whitespace() {
            let (is_not, part) = part.strip_prefix('-').map_or((false, part), |rest| (true, rest));
            if !is_not && matches!(part, "in:anywhere" | "in:spam" | "in:trash" | "label:spam" | "label:trash") {
                search.is_everywhere = true;
            }
            if part != "in:anywhere" {
                search.terms.push((is_not, term(part, now)));
            }
        }
        search
    }

    pub(super) fn finds(&self, message: &Message) -> bool {
        let is_hidden = HIDDEN.iter().any(|label| message.label_ids.contains(*label));
        (self.is_everywhere || !is_hidden) && self.terms.iter().all(|(is_not, term)| term.fits(message) != *is_not)
    }
}

impl Term {
    fn fits(&self, message: &Message) -> bool {
        match self {
            Self::After(time) => message.internal_date >= *time,
            Self::Before(time) => message.internal_date < *time,
            Self::Label(label) => message.label_ids.contains(label),
            Self::Header(name, text) => {
                let values = message.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
                values.into_iter().any(|(_, value)| value.to_lowercase().contains(text))
            }
            Self::MessageId(id) => {
                let own = first(&message.headers, "Message-ID").map(message_ids).unwrap_or_default();
                own.iter().any(|own| own.trim_matches(['<', '>']) == id.trim_matches(['<', '>']))
            }
            Self::Word(word) => String::from_utf8_lossy(&message.raw).to_lowercase().contains(word),
        }
    }
}

fn term(part: &str, now: DateTime<Utc>) -> Term {
    let word = || Term::Word(part.trim_matches('"').to_lowercase());
    let Some((operator, value)) = part.split_once(':') else { return word() };
    let value = value.trim_matches('"');
    let found = match operator {
        "after" | "newer" => time(value).map(Term::After),
        "before" | "older" => time(value).map(Term::Before),
        "newer_than" => span(value).map(|span| Term::After(now - span)),
        "older_than" => span(value).map(|span| Term::Before(now - span)),
        "in" | "label" | "is" => Some(Term::Label(label(value))),
        "from" => Some(Term::Header("From", value.to_lowercase())),
        "to" => Some(Term::Header("To", value.to_lowercase())),
        "subject" => Some(Term::Header("Subject", value.to_lowercase())),
        "rfc822msgid" => Some(Term::MessageId(value.to_owned())),
        _ => None,
    };
    found.unwrap_or_else(word)
}

fn label(name: &str) -> String {
    match name {
        "drafts" => "DRAFT".to_owned(),
        // Labels of users keep their case.
        name if name.starts_with("Label_") => name.to_owned(),
        name => name.to_uppercase(),
    }
}

/// Seconds since 1970, or a date.
fn time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(seconds) = text.parse::<i64>() {
        return DateTime::from_timestamp(seconds, 0);
    }
    let date = NaiveDate::parse_from_str(&text.replace('-', "/"), "%Y/%m/%d").ok()?;
    Some(date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(PACIFIC_HOURS))
}

/// As in `7d`, `2m`, `1y`.
fn span(text: &str) -> Option<TimeDelta> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let days = match unit {
        "d" => 1,
        "m" => 30,
        "y" => 365,
        _ => return None,
    };
    number
        .parse::<i64>()
        .ok()
        .filter(|number| (0..=1_000).contains(number))
        .map(|number| TimeDelta::days(number * days))
}
