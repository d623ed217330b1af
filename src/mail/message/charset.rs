//! Bytes to text: what the label says where it can be true, and what the bytes say where it can't.

use super::contained;
use mail_parser::decoders::charsets::map::charset_decoder;
use std::borrow::Cow;

/// Labels of character sets with one byte each.
const SINGLE_BYTE: &[&str] =
    &["iso-8859", "iso8859", "windows-125", "cp125", "us-ascii", "ascii", "ansi_x3", "latin", "koi8", "ibm8"];
/// Labels of encodings that write other scripts in the bytes of ASCII.
const ASCII_DISGUISES: &[&str] = &["utf-7", "utf7", "unicode-1-1-utf-7", "utf-16", "utf16", "ucs-2", "hz-"];

/// Decodes any bytes. Labels lie: text that is valid UTF-8 beyond ASCII is UTF-8 whatever single-byte set it claims, and what
/// is claimed to be UTF-8 and is not is read as Windows-1252, as mail programs do.
pub(super) fn to_text<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    let label = label.unwrap_or_default().trim();
    let is_single_byte = starts_with_one(label, SINGLE_BYTE) || label.is_empty();
    // The escapes of ISO-2022-JP, often without a label.
    let is_shifted = bytes.contains(&0x1b) && bytes.windows(2).any(|pair| pair == b"\x1b$");
    let label = if is_shifted && is_single_byte { "iso-2022-jp" } else { label };
    let utf8 = std::str::from_utf8(bytes).ok();
    if let Some(text) = utf8
        && !is_shifted
        && (is_single_byte || (text.is_ascii() && !starts_with_one(label, ASCII_DISGUISES)))
    {
        return Cow::Borrowed(text);
    }
    match (charset_decoder(label.as_bytes()), utf8) {
        (Some(decode), _) => decoded(bytes, decode),
        (None, Some(text)) => Cow::Borrowed(text),
        (None, None) => match charset_decoder(b"windows-1252") {
            Some(decode) => decoded(bytes, decode),
            None => String::from_utf8_lossy(bytes),
        },
    }
}

fn decoded(bytes: &[u8], decode: fn(&[u8]) -> String) -> Cow<'_, str> {
    contained(|| decode(bytes)).map_or_else(|| String::from_utf8_lossy(bytes), Cow::Owned)
}

fn starts_with_one(label: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| label.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
}
