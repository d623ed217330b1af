//! Where another flow that sees the same webhooks came to something else: one person at a time, from what both sides hold.

use super::stage::options;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

options!(
    /// What both sides can disagree on. "There" is the other flow, "here" is the engine.
    Disagreement {
        ContactMissingThere => "contact_missing_there",
        ContactMissingHere => "contact_missing_here",
        ContactDoubledThere => "contact_doubled_there",
        StageDiffers => "stage_differs",
        MessageMissingThere => "message_missing_there",
        MessageMissingHere => "message_missing_here",
        MessageDoubledThere => "message_doubled_there",
        MessageDoubledHere => "message_doubled_here",
        PromotionMissingThere => "promotion_missing_there",
        PromotionMissingHere => "promotion_missing_here",
        PromotionDoubledThere => "promotion_doubled_there",
    }
);

/// The same text is the same message when its two times lie no further apart: a flow may note the time of its own work.
const SAME_TEXT_HOURS: i64 = 24;
/// Two messages of one direction so close together are the same one, whatever else is told of them.
const SAME_TIME_MINUTES: i64 = 5;
/// Letters and digits of a message that are compared.
const TEXT_CHARS_MAX: usize = 200;

/// A contact as one side holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pub contact_id: String,
    /// `lead_status`, `pipeline_status`, `campaign_status`, `lead_email_status`.
    pub stage: [Option<String>; 4],
    pub has_engaged: bool,
    pub lead_id: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
}

options!(
    /// Which way a message went.
    Way {
        Received => "received",
        Sent => "sent",
        Bounced => "bounced",
    }
);

impl Way {
    /// By the owner's `message_status`; none where it tells nothing of the way.
    pub fn of_status(status: Option<&str>) -> Option<Self> {
        match status.map(str::trim) {
            Some("received") => Some(Self::Received),
            Some("sent" | "failed") => Some(Self::Sent),
            Some("bounced") => Some(Self::Bounced),
            Some(_) | None => None,
        }
    }
}

/// A message as one side holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub chat_id: String,
    pub way: Option<Way>,
    /// Without the brackets of a Message-ID, in lower case.
    id: Option<String>,
    /// Its letters and digits in lower case, cut.
    text: String,
    pub at: DateTime<Utc>,
    pub platform: String,
    pub lead_id: Option<String>,
}

impl Line {
    pub fn new(chat_id: String, way: Option<Way>, id: Option<&str>, text: &str, at: DateTime<Utc>) -> Self {
        let id = id.map(|id| id.trim().trim_matches(['<', '>']).to_lowercase()).filter(|id| !id.is_empty());
        let text =
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(TEXT_CHARS_MAX).collect();
        Self { chat_id, way, id, text, at, platform: String::new(), lead_id: None }
    }

    fn goes_with(&self, other: &Self) -> bool {
        match (self.way, other.way) {
            (Some(one), Some(other)) => one == other,
            (None, _) | (_, None) => true,
        }
    }

    fn has_id_of(&self, other: &Self) -> bool {
        self.id.is_some() && self.id == other.id
    }

    fn has_text_of(&self, other: &Self) -> bool {
        !self.text.is_empty() && self.text == other.text && self.apart(other) <= TimeDelta::hours(SAME_TEXT_HOURS)
    }

    fn is_near(&self, other: &Self) -> bool {
        self.apart(other) <= TimeDelta::minutes(SAME_TIME_MINUTES)
    }

    fn is_twin_of(&self, other: &Self) -> bool {
        self.goes_with(other) && (self.has_id_of(other) || self.has_text_of(other))
    }

    fn apart(&self, other: &Self) -> TimeDelta {
        (self.at - other.at).abs()
    }

    /// In words without what was written, and to whom.
    fn told(&self) -> String {
        let way = self.way.map_or("of unknown direction", Way::as_str);
        format!("chat row {}, {way}, {}", self.chat_id, self.at.format("%Y-%m-%d %H:%M:%S UTC"))
    }
}

/// What both sides hold of one person.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub here: Option<Row>,
    /// The oldest first.
    pub there: Vec<Row>,
    pub lines_here: Vec<Line>,
    pub lines_there: Vec<Line>,
}

/// What is compared: from when the shadow began, to a moment ago, because both sides take their time.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

impl Span {
    fn holds(&self, time: DateTime<Utc>) -> bool {
        self.since <= time && time < self.until
    }

    /// A row that was written a moment ago may be behind its conversation.
    fn is_settled(&self, row: &Row) -> bool {
        row.updated_at.is_none_or(|time| time < self.until)
    }
}

/// One thing on which both sides disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub disagreement: Disagreement,
    /// The engine's; the other flow's where the engine has none.
    pub contact_id: String,
    pub what: String,
}

/// All on which both sides disagree about one person.
pub fn compare(person: &Person, span: &Span) -> Vec<Finding> {
    let contact_id = || match (&person.here, person.there.first()) {
        (Some(row), _) | (None, Some(row)) => row.contact_id.clone(),
        (None, None) => String::new(),
    };
    let mut found = Vec::new();
    let mut find = |disagreement, what: String| {
        found.push(Finding { disagreement, contact_id: contact_id(), what });
    };
    contacts(person, span, &mut find);
    promotions(person, span, &mut find);
    messages(person, span, &mut find);
    found
}

fn contacts(person: &Person, span: &Span, find: &mut impl FnMut(Disagreement, String)) {
    let there = &person.there;
    if there.len() > 1 {
        let ids: Vec<&str> = there.iter().map(|row| row.contact_id.as_str()).collect();
        find(Disagreement::ContactDoubledThere, format!("there as {}", ids.join(" and ")));
    }
    match (&person.here, there.first()) {
        (Some(here), None) if is_due(here, span) => find(Disagreement::ContactMissingThere, String::new()),
        // What the other flow had before the shadow began was copied, so this one is younger.
        (None, Some(there)) if is_due(there, span) => find(Disagreement::ContactMissingHere, String::new()),
        (Some(here), Some(there)) => {
            let is_settled = span.is_settled(here) && span.is_settled(there);
            if is_settled && plain(&here.stage) != plain(&there.stage) {
                let what = format!("here {}, there {}", shown(&here.stage), shown(&there.stage));
                find(Disagreement::StageDiffers, what);
            }
        }
        (Some(_) | None, None) | (None, Some(_)) => {}
    }
}

fn is_due(row: &Row, span: &Span) -> bool {
    row.created_at.is_none_or(|time| time < span.until)
}

fn promotions(person: &Person, span: &Span, find: &mut impl FnMut(Disagreement, String)) {
    let of_rows = person.there.iter().filter_map(|row| row.lead_id.as_deref());
    let of_lines = person.lines_there.iter().filter_map(|line| line.lead_id.as_deref());
    let leads: BTreeSet<&str> = of_rows.chain(of_lines).filter(|lead| !lead.trim().is_empty()).collect();
    if leads.len() > 1 {
        let leads: Vec<&str> = leads.iter().copied().collect();
        find(Disagreement::PromotionDoubledThere, format!("leads {}", leads.join(" and ")));
    }
    let is_settled = person.there.iter().chain(&person.here).all(|row| span.is_settled(row));
    let is_promoted_here = person.here.as_ref().is_some_and(|row| row.has_engaged);
    match (is_promoted_here, leads.first()) {
        (true, None) if is_settled => find(Disagreement::PromotionMissingThere, String::new()),
        (false, Some(lead)) if is_settled => find(Disagreement::PromotionMissingHere, format!("lead {lead}")),
        (true | false, Some(_) | None) => {}
    }
}

fn messages(person: &Person, span: &Span, find: &mut impl FnMut(Disagreement, String)) {
    let mut pairs = Pairs {
        free_here: person.lines_here.iter().collect(),
        free_there: person.lines_there.iter().collect(),
        ..Pairs::default()
    };
    pairs.join(Line::has_id_of);
    pairs.join(Line::has_text_of);
    // A double must be known as one before it can stand for a message that is not there.
    let doubled_here = twins(&mut pairs.free_here, &pairs.paired_here);
    let doubled_there = twins(&mut pairs.free_there, &pairs.paired_there);
    pairs.join(Line::is_near);
    for (disagreement, lines) in [
        (Disagreement::MessageMissingThere, &pairs.free_here),
        (Disagreement::MessageMissingHere, &pairs.free_there),
        (Disagreement::MessageDoubledHere, &doubled_here),
        (Disagreement::MessageDoubledThere, &doubled_there),
    ] {
        for line in lines.iter().filter(|line| span.holds(line.at)) {
            find(disagreement, line.told());
        }
    }
}

#[derive(Default)]
struct Pairs<'a> {
    free_here: Vec<&'a Line>,
    free_there: Vec<&'a Line>,
    paired_here: Vec<&'a Line>,
    paired_there: Vec<&'a Line>,
}

impl Pairs<'_> {
    /// Joins each message here with the nearest one there that fits.
    fn join(&mut self, fits: impl Fn(&Line, &Line) -> bool) {
        for line in std::mem::take(&mut self.free_here) {
            let all = self.free_there.iter().enumerate();
            let fitting = all.filter(|(_, other)| line.goes_with(other) && fits(line, other));
            let nearest = fitting.min_by_key(|(_, other)| line.apart(other)).map(|(nth, _)| nth);
            if let Some(nth) = nearest {
                self.paired_there.push(self.free_there.remove(nth));
                self.paired_here.push(line);
            } else {
                self.free_here.push(line);
            }
        }
    }
}

/// Takes out what is a paired one once more.
fn twins<'a>(free: &mut Vec<&'a Line>, paired: &[&'a Line]) -> Vec<&'a Line> {
    let (twins, rest) = free.iter().copied().partition(|line| paired.iter().any(|known| line.is_twin_of(known)));
    *free = rest;
    twins
}

/// `null` in words, spaces and capitals mean what they mean to a person.
fn plain(stage: &[Option<String>; 4]) -> [Option<String>; 4] {
    stage
        .clone()
        .map(|column| column.map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty() && text != "null"))
}

fn shown(stage: &[Option<String>; 4]) -> String {
    plain(stage).map(|column| column.unwrap_or_else(|| "-".to_owned())).join("/")
}

/// What came of a comparison: all counted, the first few of each kind named.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Comparison {
    /// From when the shadow began; none before it has.
    pub since: Option<DateTime<Utc>>,
    pub contacts: u64,
    pub messages: u64,
    /// Contacts whose conversation is too long to be held against another.
    pub not_compared: u64,
    pub disagreements: BTreeMap<Disagreement, u64>,
    pub first: Vec<Finding>,
}

impl Comparison {
    pub fn add(&mut self, finding: Finding, examples_max: u64) {
        let count = self.disagreements.entry(finding.disagreement).or_insert(0);
        *count += 1;
        if *count <= examples_max {
            self.first.push(finding);
        }
    }

    pub fn total(&self) -> u64 {
        self.disagreements.values().sum()
    }
}

#[cfg(test)]
mod tests;
