//! Finds signatures, legal notices and what mail programs add among the person's own lines.

use super::folded::listed;
use super::signature_words::{
    BANNER_START, CLOSING, DEVICE, DEVICE_ENDS, DEVICE_START, IS_CONTACT_LABEL, IS_NO_NAME, NOTICE_PART, NOTICE_START,
};
use super::{Line, Mark, clean, headers};
use std::ops::Range;

/// Lines at the end of a run of own lines among which a signature without a mark is looked for.
const TAIL_LINES_MAX: usize = 40;

/// Lines that a signature has at most below its closing words or its rule.
const SIGNATURE_LINES_MAX: usize = 16;

/// What of a line is looked at.
const LINE_BYTES_MAX: usize = 400;

/// Marks signatures. Where nothing of the person's would be left, all of it stays.
pub(super) fn mark(lines: &mut [Line<'_>]) {
    let mut at = 0;
    let mut is_first = true;
    while let Some(segment) = next_segment(lines, at) {
        at = segment.end;
        if std::mem::take(&mut is_first) {
            mark_banner(lines, segment.clone());
        }
        mark_segment(lines, segment);
    }
    if !lines.iter().any(Line::is_own_text) {
        for line in lines.iter_mut().filter(|line| line.mark == Mark::Signature) {
            line.mark = Mark::Own;
        }
    }
}

/// The next run of lines without quoted ones between them; each may end in a signature.
fn next_segment(lines: &[Line<'_>], from: usize) -> Option<Range<usize>> {
    let is_own = |line: &Line<'_>| matches!(line.mark, Mark::Own | Mark::Signature);
    let start = lines.iter().skip(from).position(Line::is_own_text)? + from;
    let length = lines.iter().skip(start).take_while(|line| is_own(line)).count();
    Some(start..start + length)
}

fn sign(lines: &mut [Line<'_>], range: Range<usize>) {
    for line in lines.iter_mut().take(range.end).skip(range.start).filter(|line| line.mark == Mark::Own) {
        line.mark = Mark::Signature;
    }
}

fn lower(line: &Line<'_>) -> String {
    clean::lower(clean::capped(line.text.trim(), LINE_BYTES_MAX))
}

/// A notice of the mail server above the text, up to the next empty line.
fn mark_banner(lines: &mut [Line<'_>], segment: Range<usize>) {
    let Some(first) = lines.get(segment.start) else { return };
    let first = lower(first);
    let first = first.trim_start_matches(['*', ' ', '_']);
    if BANNER_START.of_line(first).next().is_some() {
        let paragraph = lines.iter().skip(segment.start).take_while(|line| !line.is_blank()).count();
        sign(lines, segment.start..(segment.start + paragraph).min(segment.end));
    }
}

fn mark_segment(lines: &mut [Line<'_>], segment: Range<usize>) {
    let Range { start, end } = segment;
    let tail = tail(lines, start..end);
    let end = cut(lines, delimiter(lines, start..end), end);
    let end = cut(lines, notice(lines, &tail, start..end), end);
    for (at, _) in tail.iter().filter(|(at, line)| *at < end && is_device_line(line)) {
        sign(lines, *at..at + 1);
    }
    let end = cut(lines, ruled(lines, &tail, end), end);
    let end = match closing(lines, &tail, end) {
        Some(closing) => {
            mark_below(lines, closing + 1..end);
            end
        }
        None => cut(lines, contact_block(lines, start..end), end),
    };
    mark_last_rules(lines, start..end);
}

/// Marks all from a line to the end and says where the text ends now.
fn cut(lines: &mut [Line<'_>], at: Option<usize>, end: usize) -> usize {
    let Some(at) = at else { return end };
    sign(lines, at..end);
    at
}

/// The line `-- ` (RFC 3676, 4.3), of which the space is lost by now.
fn delimiter(lines: &[Line<'_>], segment: Range<usize>) -> Option<usize> {
    own(lines, segment).find(|(_, line)| line.text.trim_start() == "--").map(|(at, _)| at)
}

fn own<'l, 'a>(lines: &'l [Line<'a>], range: Range<usize>) -> impl DoubleEndedIterator<Item = (usize, &'l Line<'a>)> {
    let Range { start, end } = range;
    let range = lines.get(start..end).unwrap_or_default();
    range.iter().enumerate().map(move |(at, line)| (at + start, line)).filter(|(_, line)| line.is_own_text())
}

/// The last lines of a segment in lower case, the last first.
fn tail(lines: &[Line<'_>], segment: Range<usize>) -> Vec<(usize, String)> {
    own(lines, segment).rev().take(TAIL_LINES_MAX).map(|(at, line)| (at, lower(line))).collect()
}

/// Where a legal notice begins that goes on to the end: never the first line.
fn notice(lines: &[Line<'_>], tail: &[(usize, String)], segment: Range<usize>) -> Option<usize> {
    let Range { start, end } = segment;
    let mut found = None;
    for (at, text) in tail.iter().map(|(at, line)| (*at, line)).filter(|(at, _)| *at > start && *at < end) {
        let text = text.trim_start_matches(['*', '_', ' ', '[', '(', '|']);
        let begins = NOTICE_START.of_line(text).next().is_some();
        if begins && is_notice_below(lines, at) {
            found = Some(at);
        } else if NOTICE_PART.are_in(text) {
            let paragraph = start_of_paragraph(lines, at);
            found = (paragraph > start).then_some(paragraph).or(found);
        }
    }
    found
}

/// "This message" may begin a sentence of the person's: a notice is long, or says so in its first words.
fn is_notice_below(lines: &[Line<'_>], at: usize) -> bool {
    const NOTICE_BYTES_MIN: usize = 30;
    let paragraph = lines.iter().skip(at).take_while(|line| line.is_own_text());
    paragraph.map(|line| line.text.len()).sum::<usize>() >= NOTICE_BYTES_MIN
        || lines.get(at).is_some_and(|line| line.text.ends_with(':'))
}

fn start_of_paragraph(lines: &[Line<'_>], at: usize) -> usize {
    at - lines.iter().take(at).rev().take_while(|line| line.is_own_text()).count()
}

/// "Sent from my …": the device stands in the first words; "sent from my desk, which is easier than a phone" is a sentence.
fn is_device_line(line: &str) -> bool {
    const LINE_BYTES: usize = 160;
    const WORDS: usize = 7;
    if line.len() > LINE_BYTES || line.ends_with('?') {
        return false;
    }
    let line = line.trim_matches(['*', '_', ' ', '[', ']', '(', ')', '<']);
    let begins = DEVICE_START.of_line(line).next().is_some();
    let ends = || listed(DEVICE_ENDS).any(|end| line.ends_with(end));
    if !(begins || ends()) {
        return false;
    }
    line.split_whitespace().take(WORDS).any(|word| DEVICE.are_in(word))
}

/// A rule near the end with nothing but short lines and contacts below.
fn ruled(lines: &[Line<'_>], tail: &[(usize, String)], end: usize) -> Option<usize> {
    let rule = tail.iter().rfind(|(at, line)| *at < end && headers::is_rule(line))?.0;
    let below: Vec<&Line<'_>> = own(lines, rule + 1..end).map(|(_, line)| line).collect();
    let is_short = below.len() <= SIGNATURE_LINES_MAX && below.iter().all(|line| !is_prose(line.text));
    (is_short && below.iter().any(|line| is_contact(line.text))).then_some(rule)
}

/// The last closing words below which no more sentences stand.
fn closing(lines: &[Line<'_>], tail: &[(usize, String)], end: usize) -> Option<usize> {
    let candidates = tail.iter().filter(|(at, line)| *at < end && is_closing(line)).map(|(at, _)| *at);
    candidates.into_iter().find(|at| {
        let below: Vec<&str> = own(lines, at + 1..end).map(|(_, line)| line.text).collect();
        let prose = below.iter().filter(|line| is_prose(line) && !is_postscript(line)).count();
        // A slogan may be among the lines of a signature.
        let is_block = prose == 0 || below.len() >= 4 && prose == 1 && !below.iter().take(2).any(|line| is_prose(line));
        below.len() <= SIGNATURE_LINES_MAX + 4 && is_block && !below.iter().take(3).any(|line| speaks(line))
    })
}

fn is_closing(line: &str) -> bool {
    const WORDS_MORE_MAX: usize = 4;
    if line.len() > 80 || line.ends_with(['?', ':']) {
        return false;
    }
    let line = line.trim_matches(|c: char| !c.is_alphanumeric() && c != '(' && c != ')');
    CLOSING.of_line(line).any(|(closing, more)| {
        // One word alone begins many sentences: "Thanks for the offer".
        let words_max = if closing.contains(' ') { WORDS_MORE_MAX } else { 2 };
        let is_whole = !more.starts_with(char::is_alphanumeric);
        is_whole && !more.trim_start().starts_with("for ") && more.split_whitespace().count() <= words_max
    })
}

fn is_postscript(line: &str) -> bool {
    let start = clean::capped(line.trim_start(), 4).to_lowercase();
    start.starts_with("ps:") || start.starts_with("p.s.") || start.starts_with("ps ") || start.starts_with("pps")
}

/// Marks what stands below the closing words. A name alone belongs to them; so does a postscript to the text.
fn mark_below(lines: &mut [Line<'_>], below: Range<usize>) {
    let first = own(lines, below.clone()).next().map(|(at, line)| (at, line.text));
    let Some((first, name)) = first else { return };
    let is_alone = lines.get(first + 1).is_none_or(|next| !next.is_own_text()) || first + 1 >= below.end;
    // A first name is typed; a whole name above more lines is the head of the block.
    let is_last = own(lines, first + 1..below.end).next().is_none();
    let words_max = if is_last { 3 } else { 1 };
    let keeps_name = is_alone && !is_contact(name) && name.split_whitespace().count() <= words_max && !is_prose(name);
    let start = if keeps_name { first + 1 } else { first };
    let mut in_postscript = false;
    for line in lines.iter_mut().take(below.end).skip(start) {
        in_postscript = is_postscript(line.text) || in_postscript && !line.is_blank();
        if line.mark == Mark::Own && !in_postscript && !line.is_blank() {
            line.mark = Mark::Signature;
        }
    }
}

/// Where a block of name, title and contacts begins that no closing words announce.
fn contact_block(lines: &[Line<'_>], segment: Range<usize>) -> Option<usize> {
    let start = segment.start;
    let own_lines = || own(lines, segment.clone()).rev();
    let block: Vec<(usize, &str)> = own_lines()
        .take(SIGNATURE_LINES_MAX)
        .map(|(at, line)| (at, line.text))
        .take_while(|(at, text)| *at > start && !is_prose(text))
        .collect();
    let contacts = |from: usize| block.iter().filter(|(at, text)| *at >= from && is_contact(text)).count();
    // "Please contact:" stands above what the person says.
    let is_announced =
        |at: usize| own_lines().find(|(above, _)| *above < at).is_some_and(|(_, line)| line.text.ends_with(':'));
    let named = block.iter().rev().find(|(at, text)| is_name(text) && contacts(*at) > 0);
    if let Some((at, _)) = named {
        return (!is_announced(*at)).then_some(*at);
    }
    let paragraph = block.first().map(|(last, _)| start_of_paragraph(lines, *last))?;
    (paragraph > start && contacts(paragraph) >= 2 && !is_announced(paragraph)).then_some(paragraph)
}

fn mark_last_rules(lines: &mut [Line<'_>], segment: Range<usize>) {
    let last: Vec<usize> =
        own(lines, segment).rev().take_while(|(_, line)| headers::is_rule(line.text)).map(|(at, _)| at).collect();
    for at in last {
        sign(lines, at..at + 1);
    }
}

/// Whether a line is a sentence rather than a line of a signature.
fn is_prose(line: &str) -> bool {
    const SENTENCE_WORDS: usize = 6;
    const SENTENCE_CHARS_WITHOUT_SPACES: usize = 24;
    let line = clean::capped(line.trim(), LINE_BYTES_MAX);
    if line.ends_with(['?', '？']) {
        return true;
    }
    let words = line.split_whitespace();
    let (mut all, mut small) = (0, 0);
    for word in words {
        all += 1;
        small +=
            usize::from(word.starts_with(char::is_lowercase) && !word.contains(['@', '/']) && !word.starts_with("www"));
    }
    let is_joined_script = line.chars().filter(|c| *c > '\u{2e80}').count() > SENTENCE_CHARS_WITHOUT_SPACES;
    all >= SENTENCE_WORDS && small * 2 >= all
        || all >= SENTENCE_WORDS && line.ends_with(['.', '!']) && small >= 3
        || is_joined_script
}

/// Whether a line holds a telephone number, an address of mail or the web, or a label of one.
fn is_contact(line: &str) -> bool {
    if line.contains('@') && !line.contains(" @ ") || line.contains("www.") || line.contains("http") {
        return true;
    }
    let label = line.split([':', ' ', '|']).next().unwrap_or_default();
    let is_label = label.len() <= 12 && IS_CONTACT_LABEL.contains(label.to_lowercase().trim_matches(['*', '.']));
    let digits = line.bytes().filter(u8::is_ascii_digit).count();
    is_label && digits >= 5 || has_phone_number(line)
}

fn has_phone_number(line: &str) -> bool {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '(' | ')' | '+' | '-' | '/' | '.' | '–');
    line.split(|c| !is_part(c)).map(str::trim).any(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let begins = run.starts_with(['+', '0', '(']);
        (digits >= 9 || digits >= 7 && begins) && digits <= 16
    })
}

/// Whether a line holds a word of an answer: "Thanks" may stand above "Please remove me".
fn speaks(line: &str) -> bool {
    let is_outside = |c: char| !c.is_alphanumeric() && c != '\'';
    !is_contact(line) && line.to_lowercase().split(is_outside).any(|word| IS_NO_NAME.contains(word))
}

/// Two to five words that all begin with a capital, and none that no name holds.
fn is_name(line: &str) -> bool {
    const PARTICLES: &[&str] =
        &["von", "van", "de", "der", "den", "di", "da", "del", "la", "le", "el", "bin", "al", "dos", "af", "zu"];
    let line = line.trim().trim_matches(['*', '_', ',', ' ']);
    let mut count = 0;
    let all = line.split_whitespace().all(|word| {
        count += 1;
        let lower = word.to_lowercase();
        let is_word = word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '’' | ','));
        let begins = word.starts_with(char::is_uppercase) || PARTICLES.contains(&lower.as_str());
        is_word && begins && !IS_NO_NAME.contains(lower.trim_matches(['.', ',']))
    });
    all && (2..=5).contains(&count) && line.len() <= 60
}
