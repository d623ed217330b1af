//! What a subject tells. A subject is our own as soon as it begins with a mark of reply, so only what stands before is the sender's.

use super::folded::{Folding, fold, is_filler};
use super::phrases::Phrases;
use super::words::{SUBJECTS, Subject};
use std::sync::LazyLock;

const SUBJECT_CHARS_MAX: usize = 300;
const WORDS_MAX: usize = 60;

static PHRASES: LazyLock<Phrases<Subject>> = LazyLock::new(|| {
    Phrases::new(SUBJECTS.iter().flat_map(|(subject, phrases)| phrases.iter().map(move |phrase| (*subject, *phrase))))
});

/// "Re:" in many languages. `rv` is a forward in Spanish and a reply elsewhere.
const REPLY: &[&str] = &[
    "re",
    "aw",
    "sv",
    "antw",
    "rv",
    "r",
    "odp",
    "vs",
    "ref",
    "res",
    "ynt",
    "va",
    "atb",
    "rif",
    "bls",
    "απ",
    "σχετ",
    "отв",
    "відп",
    "הב",
    "תשובה",
    "回复",
    "回覆",
    "答复",
    "答覆",
    "回信",
    "返信",
    "답장",
    "회신",
];
const FORWARD: &[&str] = &[
    "fw",
    "fwd",
    "wg",
    "tr",
    "i",
    "pd",
    "vb",
    "enc",
    "vl",
    "doorst",
    "пересл",
    "转发",
    "轉寄",
    "轉發",
    "転送",
    "전달",
];
/// Marks that mail gateways put before the subject of mail from outside.
const TAGS: &[&str] = &[
    "external",
    "ext",
    "extern",
    "externe",
    "externo",
    "esterno",
    "extern mail",
    "spam",
    "caution",
    "ekstern",
    "outside",
    "e",
    "warning",
];

/// What the sender's own part of a subject says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Enough by itself.
    pub(super) sure: Option<(Subject, String)>,
    /// Enough together with words of the body.
    pub(super) hint: Option<(Subject, String)>,
    /// It answers a mail, or looks so.
    pub(super) is_reply: bool,
    /// Something stands before "Re:", which mail programs of people don't do.
    pub(super) has_own_part: bool,
    pub(super) is_forward: bool,
}

struct Word {
    text: String,
    /// The first sign after it that is no space.
    mark: Option<char>,
}

pub(super) fn read(subject: &str) -> Reading {
    let words = words(subject);
    let mut rest = words.as_slice();
    let mut reading = Reading::default();
    loop {
        let skipped = match rest {
            [first, second, after @ ..] if is_numbered(first, second) => after,
            [first, after @ ..] if is_mark_of(first, REPLY) || is_mark_of(first, FORWARD) => after,
            // A tag only where more follows: the whole subject "External" is none.
            [first, after @ ..] if !after.is_empty() && is_tag(first) => {
                rest = after;
                continue;
            }
            [..] => break,
        };
        if let Some(first) = rest.first() {
            reading.is_forward |= FORWARD.contains(&first.text.as_str());
            reading.is_reply = true;
        }
        rest = skipped;
    }
    look_for_phrases(rest, &mut reading);
    reading
}

fn look_for_phrases(words: &[Word], reading: &mut Reading) {
    // The answered subject may follow: `Absence Re: our subject`.
    // In Korean the mark of an automatic reply is two words, the second that of a reply.
    let is_mark = |at: &usize| {
        let is_second =
            at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|before| before.text == "자동");
        words.get(*at).is_some_and(|word| is_mark_of(word, REPLY)) && !is_second
    };
    let own = (0..words.len()).find(is_mark).unwrap_or(words.len());
    let answers = own < words.len();
    let own = words.get(..own).unwrap_or_default();
    let mut text = String::from(" ");
    let mut ends = Vec::with_capacity(own.len());
    for word in own {
        text.push_str(&word.text);
        ends.push(text.len());
        text.push(' ');
    }
    for hit in PHRASES.find(&text) {
        let phrase = || (hit.meaning, PHRASES.phrase(hit.number).to_owned());
        let last = ends.iter().position(|end| *end >= hit.end);
        let mark = last.and_then(|at| own.get(at)).and_then(|word| word.mark);
        let is_last = last.is_some_and(|at| at + 1 == own.len());
        let is_first = hit.start <= 1;
        let stands_alone = mark.is_some_and(|mark| mark != '\'') || is_last;
        // GroupWise puts its mark behind our subject: `Re: our subject (Out of office)`.
        let is_bracketed = is_last
            && mark == Some(')')
            && matches!(hit.meaning, Subject::Automatic | Subject::Absence)
            && follows_bracket(own, &ends, hit.start, '(');
        let is_sure = is_bracketed
            || !reading.is_reply
                && match hit.meaning {
                    // What a sender puts before "Re:" is a responder's: `Jane Doe OOO Re: our subject`.
                    Subject::Automatic | Subject::Absence | Subject::AbsenceHint if answers => true,
                    // `Auto: …`, but not "Auto parts".
                    Subject::Automatic if hit.end - hit.start <= 4 => is_first && mark.is_some_and(is_colon),
                    // `Automatic reply from Jane Doe: …`, `[ticket #1] AutoReply: …`.
                    Subject::Automatic => {
                        (is_first && (stands_alone || names_a_sender(own, last)))
                            || (mark.is_some_and(is_colon) && follows_bracket(own, &ends, hit.start, ']'))
                    }
                    // `Jane Doe is out of the office`, `Out of office: …`, `Jane Doe (out of office)`.
                    Subject::Absence => {
                        (is_first && (stands_alone || names_a_day(own, last)))
                            || (is_last && follows_mark(own, &ends, hit.start))
                    }
                    // `Accepted: …`, `Frånvaro: our subject`.
                    Subject::Invitation | Subject::Read | Subject::AbsenceHint => {
                        is_first && mark.is_some_and(is_colon)
                    }
                    Subject::Left | Subject::Moved | Subject::Receipt => false,
                };
        if is_sure {
            reading.sure.get_or_insert_with(phrase);
        }
        // A hint inside a subject that we may have written ourselves is none.
        let is_hint = match hit.meaning {
            Subject::Automatic | Subject::Absence => is_first || answers || is_last,
            Subject::AbsenceHint | Subject::Invitation | Subject::Read => is_first,
            Subject::Left | Subject::Moved | Subject::Receipt => !reading.is_reply || is_first,
        };
        if is_hint {
            reading.hint.get_or_insert_with(phrase);
        }
    }
    reading.is_reply |= answers;
    reading.has_own_part = answers && !own.is_empty() && own.last().is_none_or(|word| word.mark != Some(']'));
}

/// `Out of office until 3 August`: what follows the phrase is a day, or the phrase itself ends in such a word.
fn names_a_day(words: &[Word], last: Option<usize>) -> bool {
    let Some(last) = last else { return false };
    let is_span = |word: &Word| {
        matches!(
            word.text.as_str(),
            "until"
                | "till"
                | "through"
                | "thru"
                | "from"
                | "bis"
                | "vom"
                | "von"
                | "ab"
                | "jusqu"
                | "du"
                | "jusqu'au"
                | "hasta"
                | "del"
                | "desde"
                | "dal"
                | "fino"
                | "tot"
                | "van"
                | "vanaf"
                | "ate"
                | "do"
                | "od"
                | "till "
                | "til"
                | "fra"
                | "fran"
                | "t"
                | "indtil"
        )
    };
    let next = words.get(last + 1);
    words.get(last).is_some_and(is_span)
        || next.is_some_and(|next| is_span(next) || next.text.starts_with(|c: char| c.is_ascii_digit()))
}

fn names_a_sender(words: &[Word], last: Option<usize>) -> bool {
    let is_from = |word: &Word| {
        matches!(
            word.text.as_str(),
            "from" | "to" | "von" | "auf" | "de" | "di" | "da" | "van" | "op" | "fra" | "fran" | "od"
        )
    };
    last.is_some_and(|last| words.get(last).is_some_and(is_from) || words.get(last + 1).is_some_and(is_from))
}

/// Whether this bracket stands before the phrase that begins at `start`.
fn follows_bracket(words: &[Word], ends: &[usize], start: usize, bracket: char) -> bool {
    let before = ends.iter().position(|end| *end + 1 == start).and_then(|at| words.get(at));
    before.is_some_and(|word| word.mark == Some(bracket))
}

/// Whether the phrase that begins at `start` follows a sign or a word like "is".
fn follows_mark(words: &[Word], ends: &[usize], start: usize) -> bool {
    let before = ends.iter().position(|end| *end + 1 == start);
    before.and_then(|at| words.get(at)).is_some_and(|word| word.mark.is_some_and(|mark| mark != '\''))
        || words.iter().any(|word| matches!(word.text.as_str(), "is" | "est" | "ist"))
}

fn is_colon(c: char) -> bool {
    matches!(c, ':' | '：')
}

fn is_mark_of(word: &Word, marks: &[&str]) -> bool {
    word.mark.is_some_and(is_colon) && marks.contains(&word.text.as_str())
}

/// `Re[2]:`, `AW (3):`.
fn is_numbered(first: &Word, second: &Word) -> bool {
    (REPLY.contains(&first.text.as_str()) || FORWARD.contains(&first.text.as_str()))
        && matches!(first.mark, Some('[' | '('))
        && second.text.len() <= 3
        && second.text.bytes().all(|b| b.is_ascii_digit())
}

fn is_tag(word: &Word) -> bool {
    TAGS.contains(&word.text.as_str())
        && matches!(word.mark, Some(']' | ')' | ':' | '*' | '}' | '-' | '|' | '：' | '!'))
}

fn words(subject: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut text = String::new();
    for c in subject.chars().take(SUBJECT_CHARS_MAX) {
        if fold(c, &mut text) != Folding::Gap {
            continue;
        }
        end_word(&mut words, &mut text);
        if let Some(last) = words.last_mut().filter(|last| last.mark.is_none() && !c.is_whitespace()) {
            last.mark = Some(if c == '\u{2019}' { '\'' } else { c });
        }
        if words.len() >= WORDS_MAX {
            break;
        }
    }
    end_word(&mut words, &mut text);
    words
}

fn end_word(words: &mut Vec<Word>, text: &mut String) {
    let text = std::mem::take(text);
    if !text.is_empty() && !is_filler(&text) {
        words.push(Word { text, mark: None });
    }
}

/// The part of a subject that is the sender's own: nothing behind "Re:" or the mark of an automatic reply, for that is our subject.
pub(in crate::mail) fn own_part(subject: &str) -> &str {
    let is_answer_mark = |before: &str| {
        let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
        REPLY.contains(&word.as_str()) || FORWARD.contains(&word.as_str())
    };
    if matches!(read(subject).sure, Some((Subject::Automatic, _))) {
        return "";
    }
    let mut parts = subject.char_indices().filter(|(_, c)| is_colon(*c)).filter_map(|(at, _)| subject.get(..at));
    parts.find(|before| is_answer_mark(before)).unwrap_or(subject)
}
