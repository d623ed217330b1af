//! Whether whoever used to tell of events has fallen silent: a pure decision out of how many came in each hour.

use super::event::Source;
use super::stage::options;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

pub const HOUR_SECONDS: i64 = 3_600;
const WEEK_SECONDS: i64 = 7 * 24 * HOUR_SECONDS;
/// Weeks that the present one is held against.
pub const WEEKS: i64 = 4;
/// Fewer weeks tell nothing of what is usual.
const WEEKS_MIN: usize = 2;
/// So many posts must be missing, by what was there at the same time of the weeks before.
const MISSED_MIN: i64 = 5;

options!(
    /// What is listened for.
    Heard {
        Source => "source",
        Campaign => "campaign",
        Mailbox => "mailbox",
    }
);

impl Heard {
    /// No silence is told before it has lasted so long: a campaign comes to its end, mailboxes take turns.
    const fn patience_seconds(self) -> i64 {
        match self {
            Self::Source => 0,
            Self::Mailbox => 24 * HOUR_SECONDS,
            Self::Campaign => 72 * HOUR_SECONDS,
        }
    }
}

/// Whom to listen for: `source/smartlead`, `campaign/smartlead/4028770`, `mailbox/gmail/sales@acme.example` (a mailbox of ours).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Voice {
    pub heard: Heard,
    pub source: Source,
    /// Empty for the source itself.
    pub name: String,
}

impl Voice {
    pub fn of_source(source: Source) -> Self {
        Self { heard: Heard::Source, source, name: String::new() }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let (heard, source) = (Heard::parse(parts.next()?)?, Source::parse(parts.next()?)?);
        Some(Self { heard, source, name: parts.next().unwrap_or_default().to_owned() })
    }

    /// In words.
    fn told(&self) -> String {
        match self.heard {
            Heard::Source => self.source.to_string(),
            Heard::Campaign => format!("{} about the campaign {}", self.source, self.name),
            Heard::Mailbox => format!("{} about the mailbox {}", self.source, self.name),
        }
    }

    /// What it most likely is, for an operator.
    pub const fn likely_cause(&self) -> &'static str {
        match (self.source, self.heard) {
            (Source::Smartlead, Heard::Source) => {
                "Smartlead switches a webhook off after failed deliveries, and a webhook of the user level hides those of client and \
                 campaign level for the same events"
            }
            (Source::Smartlead, Heard::Campaign) => {
                "the campaign's own webhook is gone or hidden by one of the user level, or the campaign was paused at Smartlead or is through \
                 with its leads"
            }
            (Source::Instantly, Heard::Source | Heard::Campaign) => {
                "Instantly switches a webhook off after failed deliveries (status -1 there; it is resumed by hand), or the campaign was \
                 paused or is through with its leads"
            }
            (Source::Smartlead | Source::Instantly, Heard::Mailbox) => {
                "the mailbox lost its connection at the platform, or was taken out of its campaigns"
            }
            (Source::Gmail, Heard::Source | Heard::Campaign | Heard::Mailbox) => {
                "Gmail's watch has lapsed or the right to read the mailbox was taken back"
            }
            (Source::Calcom | Source::Calendly, Heard::Source | Heard::Campaign | Heard::Mailbox) => {
                "the webhook was deleted or switched off, or the account that made it lost its plan or rights"
            }
            (
                Source::N8n | Source::Airtable | Source::Operator | Source::Scheduler | Source::Ai,
                Heard::Source | Heard::Campaign | Heard::Mailbox,
            ) => "the workflow is switched off, fails before it posts, or posts to another address",
        }
    }
}

impl std::fmt::Display for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.heard, self.source)?;
        if self.name.is_empty() { Ok(()) } else { write!(f, "/{}", self.name) }
    }
}

/// A silence that is none of the usual ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// The end of the last hour in which something came, in seconds since 1970.
    pub since: i64,
    /// What came at least in the same time of the weeks before.
    pub missed: i64,
    pub weeks: usize,
}

/// By the posts of each hour (its start, in seconds since 1970) of the last weeks. The time since the last post is held against the same time
/// of the weeks before: nights, weekends and a campaign that posts on Tuesdays only are as silent there. One week of four may have been
/// a holiday. What was not there two weeks ago is not judged.
pub fn silence(heard: Heard, history: &BTreeMap<i64, i64>, now: DateTime<Utc>) -> Option<Silence> {
    let now = now.timestamp();
    let posts = || history.iter().filter(|(_, count)| **count > 0).map(|(hour, _)| *hour);
    let (first, last) = (posts().min()?, posts().max()?);
    let since = last + HOUR_SECONDS;
    if since >= now || now - since < heard.patience_seconds() {
        return None;
    }
    let weeks = (1..=WEEKS).map(|weeks| weeks * WEEK_SECONDS).filter(|back| since - back >= first);
    let mut counts: Vec<i64> =
        weeks.map(|back| history.range(since - back..now - back).map(|(_, n)| *n).sum()).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    if counts.len() < WEEKS_MIN {
        return None;
    }
    let judged = if counts.len() > WEEKS_MIN { counts.len() - 1 } else { counts.len() };
    counts.truncate(judged);
    let missed = counts.last().copied().unwrap_or_default();
    (missed >= MISSED_MIN).then_some(Silence { since, missed, weeks: judged })
}

/// The text of the alert.
pub fn told(voice: &Voice, silence: &Silence) -> String {
    let since = DateTime::from_timestamp(silence.since, 0).unwrap_or_default().format("%Y-%m-%d %H:%M UTC");
    let (who, cause) = (voice.told(), voice.likely_cause());
    let Silence { missed, weeks, .. } = silence;
    format!(
        "nothing came of {who} since {since}, where the same time of {weeks} weeks before brought {missed} or more; likely: {cause}"
    )
}

#[cfg(test)]
mod tests;
