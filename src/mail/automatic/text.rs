//! What the visible text says, weighed: a notice is known by several of its usual sentences together, never by one word.

use super::folded::{folded, is_unspaced};
use super::phrases::{Hit, Phrases};
use super::subject;
use super::words::{Cue, Subject, all};
use std::sync::LazyLock;

/// How much of the visible text is looked at. Notices say what they are at their beginning.
const TEXT_BYTES_MAX: usize = 3 * 1024;
/// Where a notice has said that the writer is away, in bytes of the folded text.
const OPENING_BYTES: usize = 300;
/// How far "I am" may stand before an absence, and after it.
const ME_BEFORE_BYTES: usize = 90;
const ME_AFTER_BYTES: usize = 40;
/// How long a line like `Automatic reply:` is at most.
const HEADING_BYTES_MAX: usize = 80;
const SHORT_WORDS_MAX: usize = 120;
const BRIEF_WORDS_MAX: usize = 30;
/// So many sentences of a receipt make one, whatever else is in the text.
const RECEIPTS_SURE: i32 = 2;
/// A question of so few words is no person's.
const QUESTION_WORDS_MIN: usize = 3;
/// An absence that opens the text needs no "I am".
const FIRST_BYTES: usize = 45;

static PHRASES: LazyLock<Phrases<Cue>> = LazyLock::new(|| Phrases::new(all()));

/// Whose absence a text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Absence {
    None,
    /// Of somebody, maybe of a third person.
    Spoken,
    /// The writer's own.
    Own,
}

/// What was found in a text.
pub(super) struct Text {
    hits: Vec<Hit<Cue>>,
    pub(super) absence: Absence,
    /// Where the absence is told first.
    pub(super) absence_at: Option<usize>,
    asks: bool,
    /// It begins with a line like `Automatic reply:`.
    is_headed: bool,
    words: usize,
    pub(super) is_blank: bool,
    /// No longer than most notices are.
    pub(super) is_short: bool,
}

pub(super) fn read(visible: &str) -> Text {
    let text = folded(visible, TEXT_BYTES_MAX);
    let hits = PHRASES.find(&text);
    let (absence, absence_at) = absence(&hits, &text);
    // One space before each word, and one at the end.
    let words = text.bytes().filter(|byte| *byte == b' ').count().saturating_sub(1);
    let first_line = visible.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let is_headed = first_line.len() <= HEADING_BYTES_MAX
        && matches!(subject::read(first_line).sure, Some((Subject::Automatic, _)));
    Text {
        hits,
        absence,
        absence_at,
        asks: asks(visible),
        is_headed,
        words,
        is_blank: words == 0,
        is_short: words <= SHORT_WORDS_MAX,
    }
}

impl Text {
    pub(super) fn has(&self, cue: Cue) -> bool {
        self.first(cue).is_some()
    }

    /// Where this is said first, in bytes of the folded text.
    pub(super) fn first(&self, cue: Cue) -> Option<usize> {
        self.hits.iter().find(|hit| hit.meaning == cue).map(|hit| hit.start)
    }

    /// How many different phrases say this, at places of their own.
    pub(super) fn count(&self, cue: Cue) -> i32 {
        let mut count = 0;
        let mut end = 0;
        for hit in self.hits.iter().filter(|hit| hit.meaning == cue) {
            if hit.start >= end {
                count += 1;
            }
            end = end.max(hit.end);
        }
        count
    }

    /// How much this reads like a notice of absence. `dated`: a return or an end is told.
    pub(super) fn absence_score(&self, dated: bool) -> i32 {
        let told = match self.absence {
            Absence::Own if self.absence_at.is_some_and(|at| at < OPENING_BYTES) => 2,
            Absence::Own | Absence::Spoken => 1,
            Absence::None if self.has(Cue::Closed) => 2,
            Absence::None if self.count(Cue::Notice) >= if self.has(Cue::Later) { 1 } else { 2 } => 0,
            Absence::None if self.is_headed => 0,
            Absence::None => return 0,
        };
        told + self.notice_score()
            + self.once(Cue::Later, 2)
            + self.once(Cue::Back, 1)
            + self.opening_thanks()
            + i32::from(dated)
            + self.declared()
            + self.brevity()
            - self.person_score(2)
    }

    /// How much this reads like the notice of somebody who has left or moved; `in_subject`: the subject says so too.
    pub(super) fn left_score(&self, in_subject: bool) -> i32 {
        let told = self.count(Cue::Left) + self.count(Cue::Moved);
        if told == 0 {
            return 0;
        }
        let subject = if in_subject { 2 } else { 0 };
        1 + told.min(2) + subject + self.notice_score() + self.opening_thanks() + self.declared() + self.brevity()
            - self.person_score(2)
    }

    pub(super) fn receipt_score(&self, in_subject: bool) -> i32 {
        let told = self.count(Cue::Receipt);
        if told == 0 && !in_subject && !self.is_declared() {
            return 0;
        }
        let subject = if in_subject { 2 } else { 0 };
        let told = if told == 0 { 0 } else { (told + 1).min(3) };
        told + subject + self.count(Cue::ReceiptHint).min(2) + self.opening_thanks() + self.declared()
            - self.person_score(1)
    }

    /// Words that only a person has a use for; a question weighs `question`.
    pub(super) fn person_score(&self, question: i32) -> i32 {
        // Below such an opening stands what is answered, in words of people: our own.
        if self.is_declared() || self.count(Cue::Receipt) >= RECEIPTS_SURE {
            return 0;
        }
        let told = match self.count(Cue::Person) {
            0 => 0,
            count => 1 + 2 * count.min(3),
        };
        told + if self.asks { question } else { 0 }
    }

    /// Up to two phrases that say what the text is, for an operator.
    pub(super) fn quoted(&self, cues: &[Cue]) -> String {
        let mut quoted: Vec<&str> = Vec::new();
        for cue in cues {
            let phrase = self.hits.iter().find(|hit| hit.meaning == *cue).map(|hit| PHRASES.phrase(hit.number));
            quoted.extend(phrase.filter(|phrase| !quoted.contains(phrase)));
        }
        quoted.iter().take(2).map(|phrase| format!("“{phrase}”")).collect::<Vec<_>>().join(" and ")
    }

    /// Whether the text opens with telling that a machine wrote it.
    fn is_declared(&self) -> bool {
        self.is_headed || self.first(Cue::Declared).is_some_and(|at| at < OPENING_BYTES)
    }

    fn declared(&self) -> i32 {
        if self.is_declared() { 4 } else { self.once(Cue::Declared, 2) }
    }

    /// Who says nothing but that he is away or has left is a notice.
    fn brevity(&self) -> i32 {
        let says = self.absence == Absence::Own || self.has(Cue::Left) || self.has(Cue::Closed);
        i32::from(says && self.words <= BRIEF_WORDS_MAX && !self.has(Cue::Person) && !self.asks)
    }

    fn notice_score(&self) -> i32 {
        match self.count(Cue::Notice) {
            0 => 0,
            1 => 2,
            _ => 3,
        }
    }

    fn opening_thanks(&self) -> i32 {
        i32::from(self.first(Cue::Thanks).is_some_and(|at| at < OPENING_BYTES))
    }

    fn once(&self, cue: Cue, score: i32) -> i32 {
        if self.has(cue) { score } else { 0 }
    }
}

fn absence(hits: &[Hit<Cue>], text: &str) -> (Absence, Option<usize>) {
    let mut told = (Absence::None, None);
    for (number, hit) in hits.iter().enumerate() {
        let absence = match hit.meaning {
            Cue::MyAbsence => Absence::Own,
            Cue::Absent if opens(hit, text) || is_mine(hits, number, hit) => Absence::Own,
            Cue::Absent => Absence::Spoken,
            Cue::Declared
            | Cue::Me
            | Cue::MeBehind
            | Cue::Closed
            | Cue::Notice
            | Cue::Later
            | Cue::Back
            | Cue::Thanks
            | Cue::Left
            | Cue::Moved
            | Cue::LeftHint
            | Cue::Receipt
            | Cue::ReceiptHint
            | Cue::Person
            | Cue::Read => continue,
        };
        if absence > told.0 {
            told = (absence, Some(hit.start));
        }
        if absence == Absence::Own {
            break;
        }
    }
    told
}

/// Whether an absence opens the text without "I am": `Out of the office until Monday`. "Nancy is out" tells of somebody else. Where
/// nobody says "I" (Japanese, Chinese, Korean) the beginning of the text is enough.
fn opens(absence: &Hit<Cue>, text: &str) -> bool {
    let (before, from) = text.split_at_checked(absence.start).unwrap_or((text, ""));
    if from.starts_with(is_unspaced) {
        return absence.start < OPENING_BYTES;
    }
    let last = before.trim_end().rsplit(' ').next();
    absence.start <= FIRST_BYTES && !matches!(last, Some("is" | "ist" | "est" | "esta" | "e" | "jest" | "ar" | "er"))
}

/// Whether "I am" stands near, in the order of the hits.
fn is_mine(hits: &[Hit<Cue>], number: usize, absence: &Hit<Cue>) -> bool {
    let (before, after) = hits.split_at_checked(number).unwrap_or((hits, &[]));
    let mut before = before.iter().rev().take_while(|hit| hit.start + ME_BEFORE_BYTES >= absence.start);
    let mut after = after.iter().take_while(|hit| hit.start <= absence.end + ME_AFTER_BYTES);
    before.any(|hit| matches!(hit.meaning, Cue::Me | Cue::MeBehind)) || after.any(|hit| hit.meaning == Cue::MeBehind)
}

/// Whether a value holds these lower-case ASCII words, in any case; only its beginning is looked at.
pub(super) fn has_word(value: &str, word: &str) -> bool {
    let start: String = value.chars().take(TEXT_BYTES_MAX).collect();
    start.to_ascii_lowercase().contains(word)
}

/// Whether the text asks a question: a question mark that ends a word, not one inside an address. Notices ask too, but shortly
/// ("Urgent?", "Locked out?").
fn asks(visible: &str) -> bool {
    if !visible.contains(['?', '？', '¿']) {
        return false;
    }
    let mut words = 0;
    let mut asked = false;
    let mut in_word = false;
    for (_, c) in visible.char_indices().take_while(|(at, _)| *at < TEXT_BYTES_MAX) {
        let is_end = c.is_whitespace() || matches!(c, '"' | '”' | ')' | '?' | '!');
        if asked && is_end && words > QUESTION_WORDS_MIN {
            return true;
        }
        match c {
            '？' | '¿' => return true,
            '.' | '!' | '\n' | ':' | '。' => words = 0,
            _ if asked && is_end => words = 0,
            _ if !c.is_whitespace() && !in_word => words += 1,
            _ => {}
        }
        in_word = !c.is_whitespace();
        asked = c == '?';
    }
    asked && words > QUESTION_WORDS_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_words_is_built() {
        let phrases = PHRASES.all().count();
        assert!((5_000..60_000).contains(&phrases), "{phrases}");
    }

    #[test]
    fn no_phrase_is_so_short_that_any_text_holds_it() {
        let mut faults = Vec::new();
        for (cue, phrase, is_behind_gap) in PHRASES.all().filter(|(cue, ..)| !matches!(cue, Cue::Me | Cue::MeBehind)) {
            // Behind a gap a short word would be found nearly everywhere; a Chinese sign is a word.
            let letters_min = if is_behind_gap { 3 } else { 2 };
            if phrase.chars().count() < letters_min && !phrase.starts_with(is_unspaced) {
                faults.push((cue, phrase));
            }
        }
        assert!(faults.is_empty(), "{faults:?}");
    }
}
