//! Transfer encodings, read as far as they hold.

use super::charset::to_text;
use super::contained;
use super::field::{Encoding, Head};
use mail_parser::decoders::base64::base64_decode;
use std::borrow::Cow;

/// Fewest bytes of base64 before the first foreign byte that make it base64 with something behind it, and not a text with the
/// wrong label.
const BASE64_BYTES_MIN: usize = 60;

/// The text of a part, with bare line feeds and without NULs.
pub(super) fn text_of(head: &Head, body: &[u8]) -> String {
    let bytes: Cow<'_, [u8]> = match head.encoding {
        Encoding::Identity => Cow::Borrowed(body),
        Encoding::Base64 => Cow::Owned(from_base64(body)),
        Encoding::QuotedPrintable => Cow::Owned(from_quoted_printable(body)),
    };
    let text = to_text(&bytes, head.charset.as_deref());
    if !text.contains(['\r', '\0']) {
        return text.into_owned();
    }
    let mut clean = String::with_capacity(text.len());
    let mut pieces = text.split('\r');
    push_clean(&mut clean, pieces.next().unwrap_or_default());
    for piece in pieces {
        if !piece.starts_with('\n') {
            clean.push('\n');
        }
        push_clean(&mut clean, piece);
    }
    clean
}

fn push_clean(clean: &mut String, piece: &str) {
    piece.split('\0').for_each(|run| clean.push_str(run));
}

/// Base64 up to the first byte that is none, as of a footer that a list has put behind it. What is no base64 at all is given
/// as it is.
pub(super) fn from_base64(body: &[u8]) -> Vec<u8> {
    let is_base64 =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b' ' | b'\t' | b'\r' | b'\n');
    let end = body.iter().position(|byte| !is_base64(byte)).unwrap_or(body.len());
    let is_text = end < body.len() && end < BASE64_BYTES_MIN;
    let encoded = body.get(..end).unwrap_or_default();
    match contained(|| base64_decode(encoded)).flatten() {
        Some(bytes) if !is_text => bytes,
        Some(_) | None => body.to_vec(),
    }
}

/// Quoted-printable, with what is no escape taken as it stands.
fn from_quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    loop {
        let plain = rest.iter().position(|byte| *byte == b'=').unwrap_or(rest.len());
        let (run, escape) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        bytes.extend_from_slice(run);
        match escape {
            [] => return bytes,
            [_, b'\r', b'\n', after @ ..] | [_, b'\n', after @ ..] => rest = after,
            [_, high, low, after @ ..] if hex_pair(*high, *low).is_some() => {
                bytes.extend(hex_pair(*high, *low));
                rest = after;
            }
            [equals, after @ ..] => {
                // Spaces that were put behind a soft break on the way. Not the whole line: it may be endless.
                let spaces = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
                match after.get(spaces..) {
                    Some([b'\n', next @ ..]) => rest = next,
                    Some([]) | None => return bytes,
                    Some(_) => {
                        bytes.push(*equals);
                        rest = after;
                    }
                }
            }
        }
    }
}

/// The byte of two hexadecimal digits.
pub(super) fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}
