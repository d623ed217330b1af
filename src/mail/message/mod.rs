//! A mail in parts: headers, bodies, reports.
//!
//! The tree of parts is walked here, in one pass over the lines, so that nesting, missing boundaries and endless headers cost
//! what their bytes cost. The fields and encodings (addresses, dates, content types, base64, character sets) are the library's,
//! called on short pieces, and a panic in one of them loses that piece only.

mod charset;
mod decode;
mod field;
mod tree;
mod words;

#[cfg(test)]
mod tests;

use super::PlatformText;
use crate::domain::ids::Email;
use chrono::{DateTime, FixedOffset};
use field::Head;
use mail_parser::decoders::html::html_to_text;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How much of a mail is read, in bytes; Google takes 25 MB and calls it less than it is. What follows is not looked at.
pub const MAIL_BYTES_MAX: usize = 40 * 1024 * 1024;
/// How much of one part is decoded, in bytes as they came.
const PART_BYTES_MAX: usize = 1024 * 1024;
/// How much of all parts together is decoded, in bytes as they came.
const PARTS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How many leaves are kept.
const PARTS_MAX: usize = 200;
/// How deep multiparts nest before the rest is taken as one part.
const NESTING_MAX: usize = 16;
/// How many headers are kept.
const HEADERS_MAX: usize = 500;
/// How much of a header's value is kept, in bytes as they came.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// How much of a Content-Type is read, in bytes: the library's time grows with the square of it.
const CONTENT_TYPE_BYTES_MAX: usize = 2 * 1024;
/// How many addresses are kept of one header.
const ADDRESSES_MAX: usize = 200;
/// How many Message-IDs are kept of one header; of longer threads the last.
const MESSAGE_IDS_MAX: usize = 100;
/// Longest Message-ID that is kept, in bytes: a line of RFC 5322.
const MESSAGE_ID_BYTES_MAX: usize = 998;

/// One address of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub address: Email,
    pub name: Option<String>,
}

/// A leaf of the MIME tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// `text/plain`, `message/delivery-status`, in lower case; `text/plain` where none is told.
    pub content_type: String,
    /// Decoded, with bare line feeds; for `message/rfc822` its source text. Empty for what is no text.
    pub text: String,
    pub is_attachment: bool,
}

/// A mail, as far as it is needed to understand it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// Names in lower case, values unfolded and decoded, in the order of the mail.
    pub headers: Vec<(String, String)>,
    pub from: Vec<Mailbox>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub reply_to: Vec<Mailbox>,
    /// Decoded; empty where there is none.
    pub subject: String,
    pub date: Option<DateTime<FixedOffset>>,
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// Without angle brackets, in the order of the mail.
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    /// Of the whole: `multipart/report`.
    pub content_type: String,
    /// `delivery-status`, `feedback-report`.
    pub report_type: Option<String>,
    /// The plain body.
    pub text: Option<String>,
    /// The HTML body, as it came.
    pub html: Option<String>,
    /// All leaves in order, those of the bodies among them.
    pub parts: Vec<Part>,
}

impl Mail {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first part of this type.
    pub fn part(&self, content_type: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.content_type == content_type)
    }
}

/// Parses any bytes; what can't be read is left out.
pub fn parse(raw: &[u8]) -> Mail {
    let raw = raw.get(..MAIL_BYTES_MAX).unwrap_or(raw);
    // Old Macs ended lines with a bare CR; mail that has both keeps its line feeds.
    if !raw.contains(&b'\n') && raw.contains(&b'\r') {
        let lines: Vec<u8> = raw.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect();
        return parse_lines(&lines);
    }
    parse_lines(raw)
}

/// The parts that a platform hands on.
pub fn of_platform(text: &PlatformText<'_>) -> Mail {
    Mail {
        subject: text.subject.unwrap_or_default().to_owned(),
        date: Some(text.at),
        text: text.text.map(str::to_owned),
        html: text.html.map(str::to_owned),
        ..Mail::default()
    }
}

/// The headers of a returned mail, out of its source text or out of its headers alone.
pub fn headers_of(source: &str) -> Vec<(String, String)> {
    let (fields, _) = field::block(field::without_envelope(source.as_bytes()), |_| false);
    let charset = field::charset_of(&fields);
    fields.iter().map(|raw| raw.decoded(charset.as_deref())).collect()
}

/// The Message-IDs of a header's value, without brackets.
pub fn message_ids(value: &str) -> Vec<String> {
    field::message_ids(value)
}

/// The text of an HTML body, with the cells and blocks apart that the library runs together.
pub fn html_text(html: &str) -> String {
    const LINES: &[&str] = &["div", "tr", "table", "li", "ul", "h1", "h2", "h3", "h4", "blockquote", "hr", "pre"];
    const CELLS: &[&str] = &["td", "th"];
    let mut spaced = String::with_capacity(html.len() + html.len() / 8);
    let mut pieces = html.split('<');
    spaced.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let tag = piece.strip_prefix('/').unwrap_or(piece);
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let name = tag.get(..end).unwrap_or_default();
        let is_one_of = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
        if is_one_of(LINES) {
            spaced.push_str("<br>");
        } else if is_one_of(CELLS) {
            spaced.push(' ');
        }
        spaced.push('<');
        spaced.push_str(piece);
    }
    contained(|| html_to_text(&spaced)).unwrap_or_default()
}

fn parse_lines(raw: &[u8]) -> Mail {
    let (fields, body) = field::block(field::without_envelope(raw), |_| false);
    let charset = field::charset_of(&fields);
    let headers: Vec<(String, String)> = fields.iter().map(|raw| raw.decoded(charset.as_deref())).collect();
    let head = Head::of(&fields);
    let mailboxes = |name: &str| field::mailboxes(&fields, name, charset.as_deref());
    let value = |name: &str| headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    let leaves = tree::leaves(&head, body);
    let bodies = tree::bodies(&leaves);
    Mail {
        from: mailboxes("from"),
        to: mailboxes("to"),
        cc: mailboxes("cc"),
        reply_to: mailboxes("reply-to"),
        subject: value("subject").to_owned(),
        date: field::date(value("date")),
        message_id: field::message_ids(value("message-id")).into_iter().next(),
        in_reply_to: field::message_ids(value("in-reply-to")),
        references: field::message_ids(value("references")),
        content_type: head.content_type,
        report_type: head.report_type,
        text: bodies.text,
        html: bodies.html,
        parts: leaves.into_iter().map(|leaf| leaf.part).collect(),
        headers,
    }
}

/// What a call of the library gives; nothing where it panics.
fn contained<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}
