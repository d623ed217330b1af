//! Header fields: where they begin and end, and what they say.

use super::charset::to_text;
use super::words;
use super::{
    ADDRESSES_MAX, CONTENT_TYPE_BYTES_MAX, HEADER_BYTES_MAX, HEADERS_MAX, MESSAGE_ID_BYTES_MAX, MESSAGE_IDS_MAX,
    Mailbox, contained,
};
use crate::domain::ids::Email;
use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone};
use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address, ContentType, HeaderValue};

/// A header as it came: its name, and the bytes of its value with all folds and the end of the line.
pub(super) struct RawField<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

impl RawField<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    pub(super) fn is_content_type(&self) -> bool {
        self.is("content-type")
    }

    /// Name in lower case and value, unfolded and decoded.
    pub(super) fn decoded(&self, charset: Option<&str>) -> (String, String) {
        let name = String::from_utf8_lossy(self.name).to_ascii_lowercase();
        let raw = self.value.get(..HEADER_BYTES_MAX).unwrap_or(self.value);
        let text = to_text(raw, charset);
        let line = unfolded(&text);
        (name, if line.contains("=?") { words::decode(&line) } else { line })
    }
}

/// One line, without the breaks of folding and other control characters.
fn unfolded(text: &str) -> String {
    let text = text.trim();
    if !text.bytes().any(|byte| !matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    let mut is_break = false;
    for c in text.chars() {
        if c == '\r' || c == '\n' {
            is_break = true;
        } else if is_break && (c == ' ' || c == '\t') {
            // The space after a break is part of the break.
        } else {
            if std::mem::take(&mut is_break) {
                line.push(' ');
            }
            if c == '\t' {
                line.push(' ');
            } else if !c.is_control() {
                line.push(c);
            }
        }
    }
    line
}

/// What the MIME headers of a part say.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// In lower case; empty where none is told.
    pub(super) content_type: String,
    pub(super) charset: Option<String>,
    pub(super) boundary: Option<String>,
    pub(super) report_type: Option<String>,
    pub(super) has_name: bool,
    pub(super) is_attachment: bool,
    pub(super) encoding: Encoding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Encoding {
    #[default]
    Identity,
    Base64,
    QuotedPrintable,
}

impl Head {
    pub(super) fn of(fields: &[RawField<'_>]) -> Self {
        let mut head = Self::default_text();
        if let Some(content_type) = content_type_of(fields, "content-type") {
            head.content_type = full_type(&content_type).unwrap_or(head.content_type);
            let attribute = |name: &str| {
                let value = content_type.attribute(name).map(|value| value.trim().trim_matches(['"', '\'']));
                value.filter(|value| !value.is_empty()).map(str::to_owned)
            };
            head.charset = attribute("charset");
            head.boundary = content_type.attribute("boundary").map(|value| value.trim_end().to_owned());
            head.report_type = attribute("report-type").map(|value| value.to_ascii_lowercase());
            head.has_name = attribute("name").is_some();
        }
        if let Some(disposition) = content_type_of(fields, "content-disposition") {
            head.is_attachment = disposition.c_type.trim().eq_ignore_ascii_case("attachment");
            head.has_name |= disposition.attribute("filename").is_some();
            // Some attach a returned mail as a file.
            let is_mail =
                disposition.attribute("filename").is_some_and(|name| name.to_ascii_lowercase().ends_with(".eml"));
            if is_mail && head.content_type == "application/octet-stream" {
                "message/rfc822".clone_into(&mut head.content_type);
            }
        }
        if let Some(field) = fields.iter().find(|field| field.is("content-transfer-encoding")) {
            let word = field.value.trim_ascii().split(|byte| matches!(byte, b' ' | b'\t' | b';' | b'(')).next();
            head.encoding = match word {
                Some(word) if word.eq_ignore_ascii_case(b"base64") => Encoding::Base64,
                Some(word) if word.eq_ignore_ascii_case(b"quoted-printable") => Encoding::QuotedPrintable,
                _ => Encoding::Identity,
            };
        }
        head
    }

    pub(super) fn default_text() -> Self {
        Self { content_type: "text/plain".to_owned(), ..Self::default() }
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.content_type.starts_with("multipart/")
    }
}

/// `text/plain`; nothing where there is no subtype, as in the `text` of old mail programs.
fn full_type(content_type: &ContentType<'_>) -> Option<String> {
    let word = |text: &str| {
        let end = text.find(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '"')).unwrap_or(text.len());
        text.get(..end).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase)
    };
    let main = word(content_type.c_type.trim())?;
    let sub = word(content_type.c_subtype.as_deref()?.trim())?;
    Some(format!("{main}/{sub}"))
}

/// The character set that the headers themselves are likely to be in where they are raw.
pub(super) fn charset_of(fields: &[RawField<'_>]) -> Option<String> {
    let is_plain = fields.iter().all(|field| field.value.is_ascii() && !field.value.contains(&0x1b));
    if is_plain {
        return None;
    }
    content_type_of(fields, "content-type")?.attribute("charset").map(str::to_owned)
}

fn content_type_of<'a>(fields: &[RawField<'a>], name: &str) -> Option<ContentType<'a>> {
    let field = fields.iter().find(|field| field.is(name))?;
    let raw = field.value.get(..CONTENT_TYPE_BYTES_MAX).unwrap_or(field.value);
    // The library drops a value without the end of its line.
    let ended;
    let value = if raw.ends_with(b"\n") {
        contained(|| MessageStream::new(raw).parse_content_type())?
    } else {
        ended = [raw, b"\n"].concat();
        contained(|| MessageStream::new(&ended).parse_content_type())?.into_owned()
    };
    match value {
        HeaderValue::ContentType(content_type) => Some(content_type),
        HeaderValue::Address(_)
        | HeaderValue::Text(_)
        | HeaderValue::TextList(_)
        | HeaderValue::DateTime(_)
        | HeaderValue::Received(_)
        | HeaderValue::Empty => None,
    }
}

/// The addresses of the first header of this name; those that are none are left out.
pub(super) fn mailboxes(fields: &[RawField<'_>], name: &str, charset: Option<&str>) -> Vec<Mailbox> {
    let Some(field) = fields.iter().find(|field| field.is(name)) else {
        return Vec::new();
    };
    let raw = field.value.get(..HEADER_BYTES_MAX).unwrap_or(field.value);
    let mut line = unfolded(&to_text(raw, charset));
    line.push('\n');
    let Some(HeaderValue::Address(list)) = contained(|| MessageStream::new(line.as_bytes()).parse_address()) else {
        return Vec::new();
    };
    let addresses: Vec<Addr<'_>> = match list {
        Address::List(addresses) => addresses,
        Address::Group(groups) => groups.into_iter().flat_map(|group| group.addresses).collect(),
    };
    addresses.iter().filter_map(mailbox).take(ADDRESSES_MAX).collect()
}

fn mailbox(addr: &Addr<'_>) -> Option<Mailbox> {
    let name = addr.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let address = |text: &str| {
        let bare = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(text);
        Email::parse(bare).ok()
    };
    match addr.address.as_deref().and_then(address) {
        Some(address) => Some(Mailbox { address, name: name.map(str::to_owned) }),
        // A bare address in quotes is read as a name.
        None => Some(Mailbox { address: address(name?)?, name: None }),
    }
}

/// The Message-IDs of a value, without brackets: those in brackets where there are any, else the words that look like one.
pub(super) fn message_ids(value: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('<') {
        let (inner, next) = after.split_once('>').unwrap_or((after, ""));
        // An id that was never closed before the next one began.
        let inner = inner.rsplit_once('<').map_or(inner, |(_, last)| last);
        push_id(&mut ids, inner);
        rest = next;
    }
    if ids.is_empty() {
        let words = value.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '"' | '<' | '>'));
        words.filter(|word| word.contains('@')).for_each(|word| push_id(&mut ids, word));
    }
    let surplus = ids.len().saturating_sub(MESSAGE_IDS_MAX);
    ids.drain(..surplus);
    ids
}

fn push_id(ids: &mut Vec<String>, text: &str) {
    let id: String = text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    if !id.is_empty() && id.len() <= MESSAGE_ID_BYTES_MAX && !ids.contains(&id) && ids.len() < 4 * MESSAGE_IDS_MAX {
        ids.push(id);
    }
}

/// The date of a Date header.
pub(super) fn date(value: &str) -> Option<DateTime<FixedOffset>> {
    let value = value.trim();
    if value.is_empty() {
        return None;
    }
    // Some write no zone; RFC 5322 3.3 has -0000 for a time that says nothing of it.
    if let Ok(date) =
        DateTime::parse_from_rfc2822(value).or_else(|_| DateTime::parse_from_rfc2822(&format!("{value} -0000")))
    {
        return Some(date);
    }
    let line = format!("{value}\n");
    let HeaderValue::DateTime(read) = contained(|| MessageStream::new(line.as_bytes()).parse_date())? else {
        return None;
    };
    let seconds = i32::from(read.tz_hour) * 3_600 + i32::from(read.tz_minute) * 60;
    let offset = FixedOffset::east_opt(if read.tz_before_gmt { -seconds } else { seconds })?;
    let day = NaiveDate::from_ymd_opt(i32::from(read.year), u32::from(read.month), u32::from(read.day))?;
    let time = day.and_hms_opt(u32::from(read.hour), u32::from(read.minute), u32::from(read.second).min(59))?;
    offset.from_local_datetime(&time).single()
}

/// Without what stands before the first header: empty lines, a byte order mark, the `From ` line of an mbox.
pub(super) fn without_envelope(raw: &[u8]) -> &[u8] {
    let mut rest = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    loop {
        let (line, next) = split_line(rest);
        let is_envelope = line.starts_with(b"From ") || line.starts_with(b">From ");
        if next.is_empty() || !(line.trim_ascii().is_empty() || is_envelope) {
            return rest;
        }
        rest = next;
    }
}

/// The first line with its end, and the rest.
pub(super) fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

/// The fields of a header block, and what follows the empty line after it. The block also ends before a line that `is_end`.
///
/// A line that is no field is passed over where fields follow it, and begins the body where none do: both are seen in real
/// mail, as unfolded headers and as a missing empty line.
pub(super) fn block<'a>(raw: &'a [u8], is_end: impl Fn(&[u8]) -> bool) -> (Vec<RawField<'a>>, &'a [u8]) {
    let mut fields: Vec<RawField<'a>> = Vec::new();
    let mut at = 0_usize;
    let mut open: Option<OpenField<'a>> = None;
    let mut after_fields = 0_usize;
    let mut is_lost = false;
    let body_at = loop {
        let rest = raw.get(at..).unwrap_or_default();
        let (line, _) = split_line(rest);
        if line.is_empty() || is_end(line) {
            break if is_lost { after_fields } else { at };
        }
        if matches!(line, b"\n" | b"\r\n" | b"\r") {
            break if is_lost { after_fields } else { at + line.len() };
        }
        let line_end = at + line.len();
        let is_fold = line.starts_with(b" ") || line.starts_with(b"\t");
        match name_length(line) {
            _ if is_fold && open.is_some() && !is_lost => after_fields = line_end,
            Some(length) if !is_fold => {
                close(&mut fields, &mut open, raw, after_fields);
                let name = line.get(..length).unwrap_or_default().trim_ascii();
                open = Some(OpenField { name, value_at: at + length + 1 });
                after_fields = line_end;
                is_lost = false;
            }
            Some(_) | None => {
                close(&mut fields, &mut open, raw, after_fields);
                is_lost = true;
            }
        }
        at = line_end;
    };
    close(&mut fields, &mut open, raw, after_fields);
    if fields.is_empty() && is_lost {
        return (fields, raw);
    }
    (fields, raw.get(body_at..).unwrap_or_default())
}

struct OpenField<'a> {
    name: &'a [u8],
    value_at: usize,
}

fn close<'a>(fields: &mut Vec<RawField<'a>>, open: &mut Option<OpenField<'a>>, raw: &'a [u8], end: usize) {
    if let Some(OpenField { name, value_at }) = open.take()
        && fields.len() < HEADERS_MAX
    {
        fields.push(RawField { name, value: raw.get(value_at..end).unwrap_or_default() });
    }
}

/// How many bytes stand before the colon of a field; nothing where the line is none.
fn name_length(line: &[u8]) -> Option<usize> {
    let colon = line.iter().take(100).position(|byte| *byte == b':')?;
    let name = line.get(..colon)?.trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(colon)
}
