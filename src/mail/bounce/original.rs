//! The mail that came back: its own part, or its headers in the text of the report.

use super::recipients::is_like_message_id;
use crate::domain::ids::Email;
use crate::mail::message::{self, Mail};

/// How many lines of a text are searched for the headers of the returned mail.
const LINES_MAX: usize = 2_000;
/// How much of a returned mail is read for its headers, in bytes.
const SOURCE_BYTES_MAX: usize = 64 * 1024;

/// How many Message-IDs of a text are taken.
const IDS_MAX: usize = 4;

/// What is known of the mail that came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Original {
    pub(super) message_ids: Vec<String>,
    pub(super) subject: Option<String>,
    /// Whom it was sent to.
    pub(super) to: Vec<Email>,
    /// Who sent it: we.
    pub(super) from: Vec<Email>,
}

/// Types under which the returned mail or its headers come.
const TYPES: &[&str] = &[
    "message/rfc822",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
    "text/rfc822-header",
    "message/partial",
    "text/rfc822",
];

/// The text of the part that holds the returned mail.
pub(super) fn part(mail: &Mail) -> Option<&str> {
    let is_returned = |content_type: &str| TYPES.contains(&content_type);
    mail.parts
        .iter()
        .find(|part| is_returned(&part.content_type) && !part.text.trim().is_empty())
        .map(|part| part.text.as_str())
}

/// The returned mail of a report with this text.
pub(super) fn of_mail(mail: &Mail, text: &str) -> Original {
    let in_part = part(mail).map(of_source).unwrap_or_default();
    if !in_part.message_ids.is_empty() {
        return in_part;
    }
    let in_text = start_in(text).and_then(|at| text.get(at..)).map(of_quoted).unwrap_or_default();
    // Some send the headers as a text part of its own.
    let other = mail.parts.iter().skip(1).filter(|part| part.content_type.starts_with("text/"));
    let in_other =
        other.map(|part| of_source(&part.text)).find(|found| !found.message_ids.is_empty()).unwrap_or_default();
    let loose = Original { message_ids: loose_ids(text), ..Original::default() };
    [in_text, in_other, loose].into_iter().fold(in_part, merged)
}

fn merged(one: Original, other: Original) -> Original {
    let pick = |one: Vec<Email>, other: Vec<Email>| if one.is_empty() { other } else { one };
    Original {
        message_ids: if one.message_ids.is_empty() { other.message_ids } else { one.message_ids },
        subject: one.subject.or(other.subject),
        to: pick(one.to, other.to),
        from: pick(one.from, other.from),
    }
}

fn of_source(source: &str) -> Original {
    let end = source.char_indices().map(|(at, _)| at).take_while(|at| *at <= SOURCE_BYTES_MAX).last().unwrap_or(0);
    let source = if source.len() <= SOURCE_BYTES_MAX { source } else { source.get(..end).unwrap_or_default() };
    let headers = message::headers_of(source);
    let values =
        |name: &'static str| headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str());
    let emails = |name| values(name).flat_map(emails_in).collect::<Vec<_>>();
    Original {
        message_ids: values("message-id").flat_map(message::message_ids).collect(),
        subject: values("subject").map(str::trim).find(|subject| !subject.is_empty()).map(str::to_owned),
        to: emails("to"),
        from: emails("from"),
    }
}

/// Headers that stand in the text of a report, perhaps indented or quoted.
fn of_quoted(text: &str) -> Original {
    let is_bare = text.lines().next().is_some_and(|line| !line.starts_with([' ', '\t', '>', '|']));
    if is_bare {
        return of_source(text);
    }
    let mark = text.lines().next().map_or("", |line| {
        let end = line.find(|c: char| !matches!(c, ' ' | '\t' | '>' | '|')).unwrap_or(0);
        line.get(..end).unwrap_or_default()
    });
    let lines = text.lines().take(LINES_MAX).map(|line| line.strip_prefix(mark).unwrap_or(line));
    of_source(&lines.collect::<Vec<_>>().join("\n"))
}

/// Headers that only a mail on its way has.
const TRANSPORT: &[&str] = &[
    "received",
    "return-path",
    "message-id",
    "mime-version",
    "dkim-signature",
    "domainkey-signature",
    "content-type",
    "x-mailer",
    "delivered-to",
    "authentication-results",
    "x-received",
    "arc-seal",
];
/// Those and what stands beside them.
const USUAL: &[&str] = &[
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "sender",
    "reply-to",
    "x-originating-ip",
    "content-transfer-encoding",
    "user-agent",
];

/// Where a returned mail begins in a text: behind a line that says so, or where a header of transport has another near it.
pub(super) fn start_in(text: &str) -> Option<usize> {
    // The last lines that were headers, one after the other, and where the first of them began.
    let mut run_at = None;
    let mut headers = 0;
    let mut has_transport = false;
    let mut at = 0;
    for line in text.split_inclusive('\n').take(LINES_MAX) {
        let bare = line.trim_start_matches(['>', '|', ' ', '\t']);
        let name = bare.split_once(':').map_or("", |(name, _)| name).trim_end();
        let is_transport = is_one_of(name, TRANSPORT);
        let is_header = is_transport || is_one_of(name, USUAL) || is_extension(name);
        let is_fold = run_at.is_some() && line.starts_with([' ', '\t', '>']) && !bare.trim().is_empty();
        if is_separator(bare) {
            return Some(at);
        }
        if is_header {
            run_at = run_at.or(Some(at));
            headers += 1;
            has_transport |= is_transport;
            if has_transport && headers >= 2 {
                return run_at;
            }
        } else if !is_fold {
            (run_at, headers, has_transport) = (None, 0, false);
        }
        at += line.len();
    }
    None
}

/// A line that stands before a returned mail.
fn is_separator(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "below this line is a copy of",
        "this is a copy of the message",
        "this is a copy of your message",
        "original message follows",
        "original message header",
        "message header follows",
        "message headers follow",
        "header of the original message",
        "headers of the original message",
        "header of the source mail",
        "original message as received",
        "unsent message follows",
        "unsent message below",
        "returned message follows",
        "text of message follows",
        "lines of your original message",
        "the message was:",
    ];
    let is_marked = line.starts_with(['-', '=', '*', '#', '_']) || line.trim_end().ends_with([':', '.', '-']);
    is_marked && line.len() < 200 && {
        let folded = line.to_ascii_lowercase();
        WORDS.iter().any(|words| folded.contains(words))
    }
}

fn is_one_of(name: &str, known: &[&str]) -> bool {
    (2..=25).contains(&name.len()) && known.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn is_extension(name: &str) -> bool {
    (4..=60).contains(&name.len())
        && name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-"))
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Message-IDs that a text names in a line of their own; where there are none, words that look like one.
fn loose_ids(text: &str) -> Vec<String> {
    let lines = text.lines().take(LINES_MAX).map(|line| line.trim_start_matches(['>', '|', ' ', '\t']));
    let values = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim();
        let is_id = ["message-id", "message id", "messageid", "msgid", "msg-id", "original message-id", "id"];
        is_id.iter().any(|known| name.eq_ignore_ascii_case(known)).then_some(value)
    });
    let named: Vec<String> = values.flat_map(message::message_ids).take(IDS_MAX).collect();
    if !named.is_empty() {
        return named;
    }
    let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')' | '"');
    let words = text.lines().take(LINES_MAX).flat_map(|line| line.split(is_end)).filter(|word| word.contains('@'));
    let ids = words.filter(|word| Email::parse(word).is_ok_and(|email| is_like_message_id(&email)));
    ids.take(IDS_MAX).map(str::to_owned).collect()
}

/// The addresses of a header's value, without more grammar than brackets and commas.
fn emails_in(value: &str) -> Vec<Email> {
    let words = value.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')' | '"'));
    words
        .filter(|word| word.contains('@'))
        .filter_map(|word| Email::parse(word.trim_matches('\'')).ok())
        .take(50)
        .collect()
}
