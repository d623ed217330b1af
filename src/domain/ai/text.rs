//! Texts of strangers on their way to a model, and texts of a model on their way to people.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// What is cut is said to be cut.
const CUT: &str = " […]";

/// At most so many characters, without those that nobody sees: control characters, and the invisible ones in which instructions can
/// be hidden from people (zero width, direction, tags, variation selectors).
pub(super) fn cleaned(text: &str, chars_max: usize) -> String {
    let mut seen = text.chars().filter(|c| !is_hidden(*c));
    let mut cleaned: String = seen.by_ref().take(chars_max).collect();
    if seen.next().is_some() {
        cleaned.push_str(CUT);
    }
    cleaned
}

fn is_hidden(c: char) -> bool {
    let is_control = c.is_control() && c != '\n' && c != '\t';
    is_control
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// The data of a question between two lines that carry a mark of its own bytes, which nothing within can know. What could be taken
/// for the marks of roles by a server that looks for them in texts too is written as JSON lets one write any character.
pub(super) fn fenced(data: &Value) -> String {
    let text = data
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace("[INST", "\\u005bINST")
        .replace("[/INST", "\\u005b/INST");
    let digest = hex::encode(Sha256::digest(text.as_bytes()));
    let mark: String = digest.chars().take(16).collect();
    format!("DATA {mark}\n{text}\nEND {mark}")
}

/// Tells one text from another, for what is not to be paid for twice.
pub fn fingerprint(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The words of a text in one spelling: for looking whether one is part of another.
pub(super) fn folded(text: &str) -> String {
    let straight: String = text
        .chars()
        .filter(|c| !is_hidden(*c))
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{b4}' | '`' => '\'',
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => '"',
            other => other,
        })
        .collect();
    straight.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text names a link or an address that the data does not: an answer that leads people elsewhere was not made of it.
pub(super) fn leads_elsewhere(text: &str, data: &str) -> bool {
    let data = data.to_lowercase();
    let words =
        text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '"' | '\'' | '[' | ']' | ','));
    words
        .map(|word| word.trim_end_matches(['.', ';', ':', '!', '?']).to_lowercase())
        .filter(|word| word.contains("://") || word.starts_with("www.") || word.contains('@'))
        .any(|word| !data.contains(&word))
}
