//! Finds what is quoted among the lines of a body.

use super::clean::lower;
use super::headers::{self, Sureness};
use super::words::Field;
use super::{Line, Mark};

/// Lines that an introduction may be broken over.
const INTRODUCTION_LINES_MAX: usize = 3;

/// Lines that a block of From, Sent, To and Subject may have.
const BLOCK_LINES_MAX: usize = 24;

/// What a line leads to.
enum Step {
    Next,
    /// The lines from the first to the second, which is not among them, are quoted.
    Quoted(usize, usize),
    /// All from this line on is quoted.
    Rest(usize),
    /// The line is the person's up to this byte; all after it is quoted.
    RestWithin(usize),
}

/// Marks what is quoted and says whether anything is.
pub(super) fn mark(lines: &mut [Line<'_>]) -> bool {
    let mut found = lines.iter().any(|line| matches!(line.mark, Mark::Quoted | Mark::Indented));
    let mut at = 0;
    while at < lines.len() {
        let step = step(lines, at);
        found |= !matches!(step, Step::Next);
        match step {
            Step::Next => at += 1,
            Step::Quoted(from, to) => {
                quote(lines, from, to);
                at = to.max(at + 1);
            }
            Step::Rest(from) => {
                quote_rest(lines, from);
                break;
            }
            Step::RestWithin(byte) => {
                if let Some(line) = lines.get_mut(at) {
                    line.text = line.text.get(..byte).unwrap_or_default().trim_end_matches([' ', '-', '_']);
                }
                at += 1;
                if !is_marked_next(lines, at) {
                    quote_rest(lines, at);
                    break;
                }
            }
        }
    }
    found
}

fn quote(lines: &mut [Line<'_>], from: usize, to: usize) {
    for line in lines.iter_mut().take(to).skip(from).filter(|line| line.mark == Mark::Own) {
        line.mark = Mark::Quoted;
    }
}

/// Quotes all from here on, and the rules above it.
fn quote_rest(lines: &mut [Line<'_>], from: usize) {
    let end = lines.len();
    let above = lines.iter().take(from).rev().take_while(|line| line.is_blank() || headers::is_rule(line.text)).count();
    quote(lines, from - above, end);
}

fn step(lines: &[Line<'_>], at: usize) -> Step {
    let Some(line) = lines.get(at).filter(|line| line.is_own_text()) else { return Step::Next };
    if is_marked(line.text) || is_broken_quote(lines, at) {
        let above = closes_an_address(lines, at).then(|| introduction(lines, at)).flatten();
        return Step::Quoted(above.map_or(at, |(start, _)| start), at + 1);
    }
    if headers::is_original_message(line.text) {
        return rest_or_marked(lines, at, at + 1);
    }
    if let Some(end) = block_end(lines, at) {
        return rest_or_marked(lines, at, end);
    }
    let may_end = headers::may_end(line.text);
    if (may_end || line.text.len() > headers::LONG_BYTES && line.text.bytes().any(|b| b.is_ascii_digit() || b == b'@'))
        && !headers::begins_like_one(&line.text.get(..20).unwrap_or(line.text).to_lowercase())
        && let Some(byte) = headers::within(line.text)
    {
        return Step::RestWithin(byte);
    }
    if may_end && let Some((start, sureness)) = introduction(lines, at) {
        match (sureness, is_marked_next(lines, at + 1)) {
            (_, true) => return Step::Quoted(start, at + 1),
            (Sureness::Sure, false) => return Step::Rest(start),
            (Sureness::Likely, false) => {}
        }
    }
    Step::Next
}

/// Where quote marks follow, answers may stand between them; where none do, all is quoted.
fn rest_or_marked(lines: &[Line<'_>], from: usize, to: usize) -> Step {
    if is_marked_next(lines, to) { Step::Quoted(from, to) } else { Step::Rest(from) }
}

fn is_marked(line: &str) -> bool {
    line.trim_start().starts_with('>') && !line.ends_with('<')
}

/// "On …, Ann <ann@example.com" and, on the next line, "> wrote:": that is no quote mark.
fn closes_an_address(lines: &[Line<'_>], at: usize) -> bool {
    let above = at.checked_sub(1).and_then(|above| lines.get(above)).filter(|above| above.is_own_text());
    let is_open = above.is_some_and(|above| above.text.rfind('<') > above.text.rfind('>'));
    is_open && lines.get(at).is_some_and(|line| headers::may_end(line.text))
}

/// Whether the next line that is not empty is quoted.
fn is_marked_next(lines: &[Line<'_>], from: usize) -> bool {
    lines
        .iter()
        .skip(from)
        .find(|line| !line.is_blank())
        .is_some_and(|line| matches!(line.mark, Mark::Quoted | Mark::Indented) || is_marked(line.text))
}

/// The end of a long quoted line that a program broke without marking it again.
fn is_broken_quote(lines: &[Line<'_>], at: usize) -> bool {
    const LONG_BYTES: usize = 65;
    const END_BYTES_MAX: usize = 40;
    let raw = |at: Option<usize>| at.and_then(|at| lines.get(at)).map_or("", |line| line.text);
    let (before, line, after) = (raw(at.checked_sub(1)), raw(Some(at)), raw(Some(at + 1)));
    is_marked(before)
        && before.len() >= LONG_BYTES
        && !before.ends_with(['.', '?', '!', ':'])
        && line.len() <= END_BYTES_MAX
        && line.starts_with(|c: char| !c.is_uppercase())
        && is_marked(after)
}

/// Where the introduction that ends in this line begins, and how sure it is.
fn introduction(lines: &[Line<'_>], at: usize) -> Option<(usize, Sureness)> {
    let mut joined = String::new();
    for start in (0..=at).rev().take(INTRODUCTION_LINES_MAX) {
        let Some(line) = lines.get(start).filter(|line| line.is_own_text()) else { break };
        joined = format!("{} {joined}", lower(line.text.trim()));
        let has_date = headers::has_date(&joined);
        // What begins with figures may be the second half of an address.
        let has_digit = line.text.bytes().any(|b| b.is_ascii_digit());
        let begins_with_digit = joined.starts_with(|c: char| c.is_ascii_digit());
        let has_place = has_date || has_digit && joined.contains('@') && !begins_with_digit;
        let begins =
            !is_marked(&joined) && headers::begins_like_one(&joined) && (start == at && !has_digit || has_place);
        let is_whole = begins || has_date && joined.contains('@') && !joined.starts_with('<');
        if is_whole && let Some(sureness) = headers::introduction(joined.trim_end()) {
            return Some((start, sureness));
        }
    }
    let alone = lower(lines.get(at)?.text.trim());
    headers::introduction(&alone).map(|sureness| (at, sureness))
}

/// What a block of header lines has shown so far.
#[derive(Default)]
struct Block {
    has_from: bool,
    has_sent: bool,
    has_date: bool,
    has_to: bool,
    has_subject: bool,
    has_address: bool,
}

impl Block {
    fn note(&mut self, field: Field) {
        match field {
            Field::From => self.has_from = true,
            Field::Sent => (self.has_sent, self.has_date) = (true, true),
            Field::Date => self.has_date = true,
            Field::To => self.has_to = true,
            Field::Subject => self.has_subject = true,
            Field::Other => {}
        }
    }

    /// A route is told with "From" and "To" and a date as well; a mail has addresses or a subject.
    const fn is_of_mail(&self) -> bool {
        (self.has_address || self.has_subject || self.has_sent && self.has_to)
            && (self.has_from && (self.has_date || self.has_to || self.has_subject) || self.has_date && self.has_to)
    }
}

/// The line after the block of header lines that begins here. Values may be broken over lines, and lines may stand apart,
/// however far: empty lines are not shown.
fn block_end(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let (first, value) = headers::field(lines.get(at)?.text)?;
    if first == Field::Other {
        return None;
    }
    let mut block = Block::default();
    let (mut end, mut between, mut is_after_blank) = (at, 0, false);
    for (index, line) in lines.iter().enumerate().skip(at).take(BLOCK_LINES_MAX) {
        if line.is_blank() {
            is_after_blank = true;
            continue;
        }
        if let Some((field, value)) = headers::field(line.text) {
            block.note(field);
            block.has_address |= value.contains('@');
            (end, between, is_after_blank) = (index + 1, 0, false);
            continue;
        }
        // A long list of recipients goes on over many lines.
        between += usize::from(!line.text.contains(['@', ';']));
        let is_value_of_last = index == end && !is_after_blank;
        if between > 2 || is_after_blank {
            break;
        }
        block.has_address |= is_value_of_last && line.text.contains('@');
        if is_value_of_last {
            end = index + 1;
        }
    }
    let is_alone_with_address = first == Field::From
        && value.contains('@')
        && at
            .checked_sub(1)
            .and_then(|above| lines.get(above))
            .is_some_and(|above| above.is_blank() || headers::is_rule(above.text));
    (block.is_of_mail() || is_alone_with_address).then_some(end)
}
