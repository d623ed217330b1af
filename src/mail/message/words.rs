//! Encoded words (RFC 2047). Neighbours of one character set are joined before they are decoded, because many programs cut
//! between the bytes of a character.

use super::charset::to_text;
use super::decode::{from_base64, hex_pair};

struct Pending<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
}

/// Decodes all encoded words of a line.
pub(super) fn decode(line: &str) -> String {
    let mut decoded = String::with_capacity(line.len());
    let mut pending: Option<Pending<'_>> = None;
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("=?") {
        let Some((word, next)) = word(after) else {
            flush(&mut decoded, pending.take());
            decoded.push_str(before);
            decoded.push_str("=?");
            rest = after;
            continue;
        };
        let is_neighbour = before.trim().is_empty();
        match &mut pending {
            Some(open)
                if is_neighbour && open.charset.eq_ignore_ascii_case(word.charset) && !is_shifted(word.charset) =>
            {
                open.bytes.extend_from_slice(&word.bytes);
            }
            Some(_) | None => {
                let was_word = pending.is_some();
                flush(&mut decoded, pending.take());
                if !(was_word && is_neighbour) {
                    decoded.push_str(before);
                }
                pending = Some(word);
            }
        }
        rest = next;
    }
    flush(&mut decoded, pending);
    decoded.push_str(rest);
    // What was encoded may hold what a header must not.
    if decoded.contains(char::is_control) {
        decoded = decoded.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    }
    decoded
}

/// ISO-2022-JP begins and ends each word in ASCII, and a decoder takes two escapes in a row for an attack.
fn is_shifted(charset: &str) -> bool {
    charset.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("iso-2022"))
}

fn flush(decoded: &mut String, pending: Option<Pending<'_>>) {
    if let Some(Pending { charset, bytes }) = pending {
        decoded.push_str(&to_text(&bytes, Some(charset)));
    }
}

/// The word behind `=?`, and what follows it. It never reaches over the beginning of another, so that many broken ones cost
/// no more than their bytes.
fn word(text: &str) -> Option<(Pending<'_>, &str)> {
    let (charset, rest) = text.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let charset = charset.split('*').next().unwrap_or(charset);
    if charset.is_empty() || charset.contains(char::is_whitespace) || charset.len() > 45 {
        return None;
    }
    let mut end = 0;
    let data = loop {
        let tail = rest.get(end..)?;
        let mark = end + tail.find('?')?;
        let follows = rest.get(mark + 1..)?;
        if follows.starts_with('=') {
            break rest.get(..mark)?;
        }
        if rest.get(..mark)?.ends_with('=') {
            return None;
        }
        end = mark + 1;
    };
    let next = rest.get(data.len() + 2..)?;
    let bytes = match encoding {
        "B" | "b" => from_base64(data.as_bytes()),
        "Q" | "q" => from_q(data.as_bytes()),
        _ => return None,
    };
    Some((Pending { charset, bytes }, next))
}

fn from_q(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'_', _) => bytes.push(b' '),
            (b'=', [high, low, after @ ..]) => match hex_pair(*high, *low) {
                Some(byte) => {
                    bytes.push(byte);
                    rest = after;
                }
                None => bytes.push(b'='),
            },
            (other, _) => bytes.push(*other),
        }
    }
    bytes
}
