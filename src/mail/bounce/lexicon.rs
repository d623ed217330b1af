//! Many phrases looked for at once.

use aho_corasick::AhoCorasick;

/// How much of a folded text is kept, in bytes. What a report says of a failure stands at its beginning.
const FOLDED_BYTES_MAX: usize = 16 * 1024;

/// Up to how many bytes a phrase must stand as a word of its own.
const WORD_BYTES_MAX: usize = 5;

/// Phrases with what each stands for. They are written in lower case with single spaces, as [`fold`] makes texts, and `|`
/// between them.
pub(super) struct Lexicon<T> {
    automaton: Option<AhoCorasick>,
    meanings: Vec<T>,
    #[cfg(test)]
    phrases: Vec<&'static str>,
}

impl<T: Copy> Lexicon<T> {
    pub(super) fn new(table: &[(T, &'static str)]) -> Self {
        let phrases =
            || table.iter().flat_map(|(meaning, list)| list.split('|').map(|phrase| (*meaning, phrase.trim())));
        Self {
            automaton: AhoCorasick::new(phrases().map(|(_, phrase)| phrase)).ok(),
            meanings: phrases().map(|(meaning, _)| meaning).collect(),
            #[cfg(test)]
            phrases: phrases().map(|(_, phrase)| phrase).collect(),
        }
    }

    /// What the phrases of a folded text stand for, with the byte at which each begins; those inside others too, and short
    /// ones only where they are words: `spf`, not the end of another.
    pub(super) fn found<'a>(&'a self, folded: &'a str) -> impl Iterator<Item = (T, usize)> + 'a {
        let matches = self.automaton.iter().flat_map(move |automaton| automaton.find_overlapping_iter(folded));
        let whole =
            matches.filter(move |found| found.len() > WORD_BYTES_MAX || is_word(folded, found.start(), found.end()));
        whole.filter_map(|found| Some((*self.meanings.get(found.pattern().as_usize())?, found.start())))
    }

    /// Phrases that would never be found.
    #[cfg(test)]
    pub(super) fn faults(&self) -> Vec<&'static str> {
        let is_whole = self.automaton.as_ref().is_some_and(|automaton| automaton.patterns_len() == self.meanings.len());
        let faulty = self.phrases.iter().filter(|phrase| !is_whole || phrase.is_empty() || fold(phrase) != **phrase);
        faulty.copied().collect()
    }
}

fn is_word(text: &str, start: usize, end: usize) -> bool {
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let before = start.checked_sub(1).and_then(|at| text.as_bytes().get(at));
    !is_letter(before) && !is_letter(text.as_bytes().get(end))
}

/// Lower case, with single spaces in place of breaks, quote marks and other space, and straight apostrophes; its beginning.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len().min(FOLDED_BYTES_MAX) + 4);
    let mut is_space = true;
    let mut is_line_start = true;
    for c in text.chars() {
        if folded.len() >= FOLDED_BYTES_MAX {
            break;
        }
        if c == '\n' {
            is_line_start = true;
        }
        if c.is_whitespace() || c == '\u{200b}' || (is_line_start && c == '>') {
            if !is_space {
                folded.push(' ');
                is_space = true;
            }
            continue;
        }
        is_line_start = false;
        is_space = false;
        match c {
            'A'..='Z' => folded.push(c.to_ascii_lowercase()),
            '\u{2019}' | '\u{2018}' | '\u{b4}' => folded.push('\''),
            '\u{2010}' | '\u{2011}' => folded.push('-'),
            _ if c.is_ascii() => folded.push(c),
            _ => folded.extend(c.to_lowercase()),
        }
    }
    folded
}
