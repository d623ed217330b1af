//! Characters as they come in mail: line ends, odd spaces, invisible marks.

/// What becomes of a character.
pub(super) enum Clean {
    Keep,
    Space,
    LineEnd,
    Drop,
}

/// Spaces of all kinds become one kind; what has no width or is a control character goes. The joiners stay: emoji and some
/// scripts are written with them.
pub(super) const fn clean(c: char) -> Clean {
    match c {
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Clean::LineEnd,
        '\t' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Clean::Space,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' => {
            Clean::Drop
        }
        '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffc}' => Clean::Drop,
        _ => Clean::Keep,
    }
}

/// Whether a byte may begin something else than a character to keep.
const fn is_odd(byte: u8) -> bool {
    // The first bytes of all characters above; a continuation byte is never one of them.
    byte < 0x20 && byte != b'\n' || byte == 0x7f || matches!(byte, 0xc2 | 0xe1..=0xe3 | 0xef)
}

/// The text with one kind of line end, one kind of space and nothing invisible.
pub(super) fn cleaned(text: &str) -> String {
    let mut clean_text = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_odd) {
        let Some((plain, odd)) = rest.split_at_checked(at) else { break };
        clean_text.push_str(plain);
        let mut chars = odd.chars();
        let Some(c) = chars.next() else { break };
        rest = chars.as_str();
        match clean(c) {
            Clean::Keep => clean_text.push(c),
            Clean::Space => clean_text.push(' '),
            Clean::LineEnd => {
                if c == '\r' {
                    rest = rest.strip_prefix('\n').unwrap_or(rest);
                }
                clean_text.push('\n');
            }
            Clean::Drop => {}
        }
    }
    clean_text.push_str(rest);
    clean_text
}

/// The text up to a number of bytes, cut between two characters.
pub(super) fn capped(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// In lower case, and the Turkish dotted I without the mark that Unicode leaves on it.
pub(super) fn lower(text: &str) -> String {
    let lower = text.to_lowercase();
    if lower.contains('\u{307}') { lower.replace('\u{307}', "") } else { lower }
}
