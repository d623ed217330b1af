//! The lines that introduce a quote: "On … wrote:", blocks of From, Sent, To and Subject, "Original Message".

use super::clean::lower;
use super::folded::listed;
use super::words::{
    FIELDS, Field, IS_ORIGINAL, IS_STARTER, IS_WROTE, IS_WROTE_BEFORE_NAME, IS_WROTE_WEAK, WROTE_JOINED,
};

/// How surely a line introduces a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sureness {
    /// Only if what follows is marked as quoted.
    Likely,
    /// Whatever follows.
    Sure,
}

/// What may stand around a header line: rules, the stars of bold type, quote marks of broken lines.
const AROUND: &[char] = &['-', '–', '—', '_', '*', '=', ' ', '\t', '|', '<', '>', '#', '~'];

/// The longest introduction, over all its lines.
const INTRODUCTION_BYTES_MAX: usize = 500;

/// The longest name of a header line, with its stars.
const LABEL_BYTES_MAX: usize = 40;

/// From this length on a line may hold a quote with its introduction.
pub(super) const LONG_BYTES: usize = 60;

/// Whether a line can be the last of an introduction; cheap, for every line.
pub(super) fn may_end(line: &str) -> bool {
    if line.len() > INTRODUCTION_BYTES_MAX {
        return false;
    }
    match line.trim_end_matches(['-', '*', '_', ' ']).chars().next_back() {
        Some(':' | '：') => true,
        Some('>') => line.contains('@'),
        Some(last) if last.is_alphabetic() || last == ')' => ends_with_wrote(line),
        Some(_) | None => false,
    }
}

/// What the word for "wrote" in a line is, and where it stands.
#[derive(Debug, Clone, Copy)]
struct Wrote<'a> {
    word: &'a str,
    /// Nothing but punctuation follows.
    is_last: bool,
    after: &'a str,
}

fn is_wrote(word: &str) -> bool {
    IS_WROTE.contains(word) || IS_WROTE_WEAK.contains(word)
}

/// Whether a line ends with one of the words for "wrote", with or without a colon.
fn ends_with_wrote(line: &str) -> bool {
    let line = line.trim_end_matches(|c| AROUND.contains(&c)).trim_end_matches([':', '：', ' ']);
    let last = line.rsplit([' ', '>', ',']).next().unwrap_or_default();
    is_wrote(last) || listed(WROTE_JOINED).any(|word| line.ends_with(word))
}

/// The last word for "wrote".
fn wrote(text: &str) -> Option<Wrote<'_>> {
    let is_outside = |c: char| c.is_whitespace() || matches!(c, ':' | ',' | '"' | '>' | '<' | '.' | '：' | '-' | '*');
    let in_words = text.rsplit(is_outside).find(|word| is_wrote(word));
    let joined = || listed(WROTE_JOINED).find(|word| text.contains(word));
    let word = in_words.or_else(joined)?;
    let (_, after) = text.rsplit_once(word)?;
    let is_last = after.trim_matches(|c| is_outside(c) || c == ')').is_empty();
    Some(Wrote { word, is_last, after })
}

/// What a few lines, joined and in lower case, introduce.
pub(super) fn introduction(joined: &str) -> Option<Sureness> {
    if joined.len() > INTRODUCTION_BYTES_MAX {
        return None;
    }
    let is_dashed = joined.starts_with("--") && joined.ends_with("--");
    let text = joined.trim_matches(|c| AROUND.contains(&c) && c != '>');
    let has_colon = text.ends_with([':', '：']);
    let has_address = text.contains('@');
    let has_date = has_date(text);
    let begins = begins_like_one(text);
    let Some(wrote) = wrote(text) else {
        // "2026-10-05 10:00 GMT+02:00 Ann Smith <ann@example.com>:"
        return match (has_address && has_date && begins, has_colon, text.ends_with('>')) {
            (true, true, _) => Some(Sureness::Sure),
            (true, false, true) => Some(Sureness::Likely),
            _ => None,
        };
    };
    if !(has_colon || wrote.is_last && (has_date || has_address || is_dashed)) {
        return None;
    }
    let is_sure = if IS_WROTE_WEAK.contains(wrote.word) {
        wrote.is_last && has_date && has_address && begins
    } else if wrote.is_last {
        is_dashed || has_date && (has_address || begins) || has_address && has_colon
    } else {
        let is_name = wrote.after.len() <= 80 && IS_WROTE_BEFORE_NAME.contains(wrote.word);
        has_date && (has_address || begins && is_name)
    };
    if is_sure && !is_about_you(text) {
        Some(Sureness::Sure)
    } else if begins || has_date || has_address || text.len() < 80 {
        Some(Sureness::Likely)
    } else {
        None
    }
}

/// A person says "you wrote:" too, and then goes on.
fn is_about_you(text: &str) -> bool {
    const YOU: &[&str] = &["you wrote", "you said", "you sent", "sie geschrieben", "du geschrieben", "vous avez écrit"];
    YOU.iter().any(|you| text.contains(you))
}

/// Whether a line in lower case begins as such a line does: with "On", a day of the week or a date.
pub(super) fn begins_like_one(text: &str) -> bool {
    let text = text.trim_start_matches(|c| AROUND.contains(&c) || c == '"');
    if text.starts_with(|c: char| c.is_ascii_digit()) || text.starts_with('在') {
        return true;
    }
    let first = text.split([' ', ',']).next().unwrap_or_default();
    IS_STARTER.contains(first) || IS_STARTER.contains(first.trim_end_matches('.'))
}

/// Whether a year, a time of day or a day with its month in figures stands in it.
pub(super) fn has_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(start) = bytes.get(at..).and_then(|rest| rest.iter().position(u8::is_ascii_digit)).map(|n| n + at) {
        let digits =
            |from: usize| bytes.get(from..).map_or(0, |rest| rest.iter().take_while(|b| b.is_ascii_digit()).count());
        let length = digits(start);
        let end = start + length;
        let is_year = length == 4 && matches!(bytes.get(start..start + 2), Some(b"19" | b"20"));
        let is_time = length <= 2 && bytes.get(end) == Some(&b':') && digits(end + 1) == 2;
        let separator = bytes.get(end).copied().filter(|b| matches!(b, b'.' | b'/' | b'-'));
        let month = end + 1;
        let is_day = length <= 2
            && separator.is_some()
            && matches!(digits(month), 1 | 2)
            && bytes.get(month + digits(month)).copied() == separator;
        if is_year || is_time || is_day {
            return true;
        }
        at = end;
    }
    false
}

/// What a header line tells, and its value.
pub(super) fn field(line: &str) -> Option<(Field, &str)> {
    let line = line.trim_start_matches(['*', '_', ' ', '\t', '|', '-', '#']);
    let colon =
        line.char_indices().take_while(|(at, _)| *at < LABEL_BYTES_MAX).find(|(_, c)| matches!(c, ':' | '：'))?;
    let (name, value) = line.split_at_checked(colon.0)?;
    let name = name.trim_matches(['*', '_', ' ']);
    if name.is_empty() {
        return None;
    }
    let name = lower(name);
    let field = *FIELDS.get(name.as_str())?;
    Some((field, value.trim_start_matches([':', '：', '*', ' '])))
}

/// Whether the line says that an original or a forwarded message follows.
pub(super) fn is_original_message(line: &str) -> bool {
    let inner = line.trim_matches(|c| AROUND.contains(&c) || c == '[' || c == ']');
    let has_rule = line.trim_start_matches([' ', '*', '[']).starts_with(['-', '_', '=', '–', '—', '<', '#']);
    let has_colon = inner.ends_with([':', '：']);
    if inner.is_empty() || inner.len() > 60 || !(has_rule || has_colon) {
        return false;
    }
    let inner = lower(inner.trim_end_matches([':', '：', ' ', '-']));
    let inner = inner.trim_end_matches(" follows").trim();
    // "Forwarded by Ann Smith on …" of Notes goes on with a name; "original message processed by" of Tobit too.
    IS_ORIGINAL.contains(inner) || inner.starts_with("forwarded by ") || inner.starts_with("original message processed")
}

/// Whether the line is nothing but a rule of dashes, underscores, stars or equals signs.
pub(super) fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 2 && line.chars().all(|c| matches!(c, '-' | '_' | '*' | '=' | '–' | '—' | '~' | '#' | ' ' | '+'))
}

/// Where, inside of a line, a quote begins: mails whose lines were joined have the introduction in the midst of the text.
pub(super) fn within(line: &str) -> Option<usize> {
    const COLONS_MAX: usize = 64;
    line.match_indices(':').take(COLONS_MAX).find_map(|(colon, _)| {
        let before = line.get(..colon)?;
        wrote_within(before).or_else(|| block_within(line, colon))
    })
}

/// "… On Mon, 5 Oct 2026 at 10:00, Ann Smith <ann@example.com> wrote": where it begins.
fn wrote_within(before: &str) -> Option<usize> {
    const STARTS_MAX: usize = 8;
    if !before.ends_with('>') && !ends_with_wrote(before) {
        return None;
    }
    let window = before.len().saturating_sub(250);
    let window = (window..before.len()).find(|at| before.is_char_boundary(*at))?;
    let near = before.get(window..)?;
    let begins = |at: &usize| {
        near.get(*at..).is_some_and(|rest| rest.starts_with(char::is_uppercase) && begins_like_one(&first_word(rest)))
    };
    let words: Vec<usize> = near.match_indices(' ').map(|(at, _)| at + 1).collect();
    // The writer's address stands in it, unless it came before.
    let is_sure = |at: &usize| {
        let (before, from) = near.split_at_checked(*at).unwrap_or_default();
        is_sure_introduction(from) && has_date(from) && (from.contains('@') || !before.contains('@'))
    };
    // The last that makes a sure introduction: the words before it are the person's.
    let (index, at) =
        words.iter().enumerate().rev().filter(|(_, at)| begins(at)).take(STARTS_MAX).find(|(_, at)| is_sure(at))?;
    // "On Wed, 5 Oct": both words begin one.
    let before = index.checked_sub(1).and_then(|index| words.get(index)).filter(|at| begins(at));
    Some(before.unwrap_or(at) + window)
}

fn first_word(text: &str) -> String {
    text.split(' ').next().unwrap_or_default().to_lowercase()
}

fn is_sure_introduction(text: &str) -> bool {
    introduction(&format!("{}:", text.to_lowercase())) == Some(Sureness::Sure)
}

/// "… From: Ann Smith Sent: … To: … Subject: …" in one line: where it begins. `colon` is that of the first label.
fn block_within(line: &str, colon: usize) -> Option<usize> {
    let start = line.get(..colon)?.rfind(' ')? + 1;
    let (first, _) = field(line.get(start..)?)?;
    if first != Field::From {
        return None;
    }
    let after = super::clean::capped(line.get(colon + 1..)?, 600);
    let labels = after.match_indices(':').filter_map(|(at, _)| {
        let label = after.get(..at)?.rsplit(' ').next()?;
        field(after.get(at - label.len()..)?).map(|(field, _)| field)
    });
    let (mut has_date_or_to, mut has_subject) = (false, false);
    for label in labels {
        has_date_or_to |= matches!(label, Field::Sent | Field::Date | Field::To);
        has_subject |= label == Field::Subject;
    }
    (has_date_or_to && has_subject).then_some(start)
}
