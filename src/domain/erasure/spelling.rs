//! How an address may be spelled in a text, and where it stands there for itself.

use base64::Engine as _;

/// Shorter ones hold no address.
const BASE64_CHARS_MIN: usize = 16;

/// How the sign between the two parts of an address is written in addresses of pages, in HTML, in JSON and in quoted-printable.
pub(super) const SIGNS: [&str; 7] = ["@", "%40", "&#64;", "&#x40;", "&commat;", "\\u0040", "=40"];

pub(super) fn both(one: &str, other: &str) -> Vec<String> {
    if one == other { vec![one.to_owned()] } else { vec![one.to_owned(), other.to_owned()] }
}

/// As JSON may write it: letters beyond ASCII by their numbers.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// Databases and this code lower ASCII letters alone; others may stand there in upper case.
pub(super) fn ascii_lower_of_upper(text: &str) -> String {
    text.to_uppercase().to_ascii_lowercase()
}

/// Whether it is an address of its own: `ada@example.com` is not in `bada@example.com` nor in `ada@example.com.au`.
pub(super) fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|before| before.chars().next_back());
    let is_local =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '!' | '#' | '$' | '&' | '\'' | '*');
    // What stands before may be the end of an escape: `%3cada%40…`, `\nada@…`.
    let is_after_escape = text.get(..start).is_some_and(ends_with_escape);
    let mut after = text.get(end..).unwrap_or_default().chars();
    let goes_on = match after.next() {
        Some(c) if c.is_alphanumeric() || c == '-' => true,
        Some('.') => after.next().is_some_and(char::is_alphanumeric),
        Some(_) | None => false,
    };
    !goes_on && (before.is_none_or(|c| !is_local(c)) || is_after_escape)
}

fn ends_with_escape(before: &str) -> bool {
    let last = |count: usize| before.char_indices().rev().nth(count - 1).and_then(|(at, _)| before.get(at..));
    let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    last(2).is_some_and(|text| matches!(text, "\\n" | "\\r" | "\\t"))
        || last(3).is_some_and(|text| text.strip_prefix(['%', '=']).is_some_and(is_hex))
        || last(6).is_some_and(|text| text.strip_prefix("\\u").is_some_and(is_hex))
}

/// The parts of a text that are base64 of a text: where they stand, and what they say.
pub(super) fn base64_parts(text: &str) -> impl Iterator<Item = (usize, usize, String)> + '_ {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    let mut start = 0;
    let mut pieces = Vec::new();
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if !is_base64(c) {
            if at - start >= BASE64_CHARS_MIN {
                pieces.push((start, at));
            }
            start = at + c.len_utf8();
        }
    }
    pieces.into_iter().filter_map(move |(start, end)| {
        let piece = text.get(start..end)?.replace('-', "+").replace('_', "/");
        // A piece that was cut out of a longer text may end anywhere.
        let whole = piece.len() - usize::from(piece.len() % 4 == 1);
        let bytes = STANDARD_NO_PAD_LAX.decode(piece.get(..whole)?).ok()?;
        let inner = String::from_utf8_lossy(&bytes).into_owned();
        inner.contains(['@', '%', '&', '\\', '=']).then_some((start, end, inner))
    })
}

const STANDARD_NO_PAD_LAX: base64::engine::GeneralPurpose = base64::engine::GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
