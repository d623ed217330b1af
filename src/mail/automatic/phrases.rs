//! Many phrases found in one pass over a folded text.

use super::folded::{folded, is_unspaced};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::HashSet;
use std::hash::Hash;

/// Matches looked at in one text; a text with more of them is no letter.
const HITS_MAX: usize = 2_000;
const PHRASE_BYTES_MAX: usize = 400;
/// How much may stand in the gap of a phrase: about eight words.
const GAP_BYTES_MAX: usize = 60;

/// Phrases, each with a meaning.
///
/// They are written as people write them: `(a|b|)` stands for either or nothing, `…` for a few words between, a `*` at an end for
/// "and anything joined to it". Umlauts and Nordic letters match their two-letter spelling as well.
pub(in crate::mail) struct Phrases<M> {
    /// None only if the table were too large for the library: then nothing is found. A test holds that it is there.
    automaton: Option<AhoCorasick>,
    /// What the automaton looks for, in its order.
    parts: Vec<Part<M>>,
    pairs: usize,
}

struct Part<M> {
    meaning: M,
    words: String,
    place: Place,
}

/// Whether a part is all of its phrase, or stands before or after the gap of this pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Whole,
    Before(usize),
    After(usize),
}

/// A phrase in a text; positions in bytes of the folded text, without the spaces around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mail) struct Hit<M> {
    pub(in crate::mail) meaning: M,
    pub(in crate::mail) start: usize,
    pub(in crate::mail) end: usize,
    /// Which phrase it is, for [`Phrases::phrase`].
    pub(in crate::mail) number: usize,
}

impl<M: Copy + Eq + Hash> Phrases<M> {
    pub(in crate::mail) fn new(table: impl IntoIterator<Item = (M, &'static str)>) -> Phrases<M> {
        let mut known = HashSet::new();
        let mut parts = Vec::new();
        let mut pairs = 0;
        let mut add = |meaning: M, side: &str, place: Place| {
            for words in alternatives(side).iter().flat_map(|one| spellings(one)) {
                if known.insert((meaning, words.clone(), place)) {
                    parts.push(Part { meaning, words, place });
                }
            }
        };
        for (meaning, written) in table {
            if let Some((before, after)) = written.split_once('…') {
                add(meaning, before, Place::Before(pairs));
                add(meaning, after, Place::After(pairs));
                pairs += 1;
            } else {
                add(meaning, written, Place::Whole);
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(parts.iter().map(|part| &part.words));
        Phrases { automaton: automaton.ok(), parts, pairs }
    }

    /// All phrases of a folded text in order, without those that are part of a longer one.
    pub(in crate::mail) fn find(&self, folded: &str) -> Vec<Hit<M>> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let mut opened: Vec<Option<(usize, usize)>> = vec![None; self.pairs];
        let mut hits = Vec::new();
        let mut over_gaps = Vec::new();
        for found in automaton.find_overlapping_iter(folded).take(HITS_MAX) {
            let number = found.pattern().as_usize();
            let Some(part) = self.parts.get(number) else { continue };
            let start = found.start() + usize::from(part.words.starts_with(' '));
            let end = found.end() - usize::from(part.words.ends_with(' '));
            match part.place {
                Place::Whole => hits.push(Hit { meaning: part.meaning, start, end, number }),
                Place::Before(pair) => {
                    if let Some(opened) = opened.get_mut(pair) {
                        *opened = Some((start, end));
                    }
                }
                Place::After(pair) => {
                    let before = opened.get(pair).copied().flatten();
                    if let Some((from, _)) = before.filter(|(_, to)| (*to..=to + GAP_BYTES_MAX).contains(&start)) {
                        over_gaps.push(Hit { meaning: part.meaning, start: from, end, number });
                    }
                }
            }
        }
        drop_contained(&mut hits);
        // What stands in the gap has a meaning of its own, so these hide nothing.
        hits.append(&mut over_gaps);
        hits.sort_by_key(|hit| hit.start);
        hits
    }

    /// The words of a phrase; of one with a gap those after it.
    pub(in crate::mail) fn phrase(&self, number: usize) -> &str {
        self.parts.get(number).map_or("", |part| part.words.trim())
    }

    /// All phrases with what they mean, and whether they stand behind a gap; none where the automaton could not be built.
    #[cfg(test)]
    pub(in crate::mail) fn all(&self) -> impl Iterator<Item = (M, &str, bool)> {
        let parts = if self.automaton.is_some() { self.parts.as_slice() } else { &[] };
        parts.iter().map(|part| (part.meaning, part.words.trim(), matches!(part.place, Place::After(_))))
    }
}

fn drop_contained<M>(hits: &mut Vec<Hit<M>>) {
    hits.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
    let mut longest: Option<(usize, usize)> = None;
    hits.retain(|hit| match longest {
        Some((start, end)) if hit.end <= end => (hit.start, hit.end) == (start, end),
        Some(_) | None => {
            longest = Some((hit.start, hit.end));
            true
        }
    });
}

/// `a (b|c|) d` as `a b d`, `a c d`, `a d`; brackets may stand in brackets.
fn alternatives(written: &str) -> Vec<String> {
    let Some((before, rest)) = written.split_once('(') else { return vec![written.to_owned()] };
    let (choices, after) = closed(rest);
    let after = alternatives(after);
    let choices: Vec<String> = choices.into_iter().flat_map(alternatives).collect();
    choices.iter().flat_map(|choice| after.iter().map(move |after| format!("{before}{choice}{after}"))).collect()
}

/// The choices of a bracket that is open, and what follows it.
fn closed(rest: &str) -> (Vec<&str>, &str) {
    let mut choices = Vec::new();
    let mut depth = 0_u32;
    let mut from = 0;
    for (at, c) in rest.char_indices() {
        match c {
            '(' => depth += 1,
            ')' | '|' if depth == 0 => {
                choices.push(rest.get(from..at).unwrap_or_default());
                from = at + 1;
                if c == ')' {
                    return (choices, rest.get(from..).unwrap_or_default());
                }
            }
            ')' => depth -= 1,
            _ => {}
        }
    }
    choices.push(rest.get(from..).unwrap_or_default());
    (choices, "")
}

/// The folded spellings of a phrase, with a space where a word must end.
fn spellings(phrase: &str) -> Vec<String> {
    let two_letters =
        phrase.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('ø', "oe").replace('å', "aa");
    let mut spellings = vec![spelling(phrase)];
    if two_letters != phrase {
        spellings.push(spelling(&two_letters));
    }
    spellings.retain(|spelling| !spelling.trim().is_empty());
    spellings
}

fn spelling(phrase: &str) -> String {
    let words = folded(phrase, PHRASE_BYTES_MAX);
    let words = words.trim();
    let is_open = |end: Option<char>, sign: bool| sign || end.is_some_and(is_unspaced);
    let before = if is_open(words.chars().next(), phrase.starts_with('*')) { "" } else { " " };
    let after = if is_open(words.chars().next_back(), phrase.ends_with('*')) { "" } else { " " };
    format!("{before}{words}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(table: &[(u8, &'static str)], text: &str) -> Vec<(u8, String)> {
        let phrases = Phrases::new(table.iter().copied());
        let folded = folded(text, 1000);
        phrases.find(&folded).iter().map(|hit| (hit.meaning, phrases.phrase(hit.number).to_owned())).collect()
    }

    #[test]
    fn phrases_are_found_however_they_are_written() {
        let rows: &[(&str, &'static str, &str, bool)] = &[
            ("as written", "out of office", "I am out of office.", true),
            ("hyphens and capitals", "out of office", "OUT-OF-OFFICE", true),
            ("over the end of a line", "out of office", "I am out\r\n of   office", true),
            ("not in a longer word", "out of office", "about of office", false),
            ("not before a longer word", "out of office", "out of officers", false),
            ("joined", "abwesend*", "Abwesenden", true),
            ("accents left out", "réponse automatique", "Reponse automatique", true),
            ("accents apart", "réponse", "re\u{301}ponse", true),
            ("umlaut in two letters", "büro", "BUERO", true),
            ("curly apostrophe", "i'm out", "I\u{2019}m out", true),
            ("zero-width space", "office", "of\u{200b}fice", true),
            ("either", "in (urlaub|ferien)", "bin in Ferien", true),
            ("neither", "in (urlaub|ferien)", "bin in Rente", false),
            ("brackets in brackets", "no (more (mail|post)|thanks)", "no more post", true),
            ("optional word left out", "not in (the |)office", "not in office", true),
            ("a filling adverb", "i am out", "I am currently out", true),
            ("no spaces in Japanese", "不在", "本日は不在です", true),
            ("full width", "ooo", "ＯＯＯ", true),
            ("Greek final sigma and tonos", "απουσίας", "ΑΠΟΥΣΙΑΣ", true),
            ("Turkish dotless i", "ofis dışında", "OFIS DISINDA", true),
        ];
        for (description, phrase, text, expected) in rows {
            assert_eq!(!found(&[(1, phrase)], text).is_empty(), *expected, "{description}");
        }
    }

    #[test]
    fn the_longer_phrase_hides_what_is_in_it() {
        let table = [(1, "out of office"), (2, "was out of office"), (3, "office")];
        assert_eq!(found(&table, "I was out of office"), vec![(2, "was out of office".to_owned())]);
        assert_eq!(found(&table, "was. Out of office"), vec![(2, "was out of office".to_owned())]);
        assert_eq!(
            found(&table, "out of office, office"),
            vec![(1, "out of office".to_owned()), (3, "office".to_owned())]
        );
    }

    #[test]
    fn a_gap_is_a_few_words_and_hides_nothing() {
        let table = [(1, "wir haben… (erhalten|bekommen)"), (2, "im urlaub")];
        assert_eq!(found(&table, "Wir haben Ihre Mail erhalten"), vec![(1, "erhalten".to_owned())]);
        assert_eq!(found(&table, "Wir haben erhalten"), vec![(1, "erhalten".to_owned())]);
        assert_eq!(found(&table, "Erhalten. Wir haben"), vec![]);
        let far = format!("wir haben {} erhalten", "wort ".repeat(20));
        assert_eq!(found(&table, &far), vec![]);
        assert_eq!(found(&table, "wir haben im Urlaub viel erhalten").len(), 2);
    }

    #[test]
    fn neighbours_share_their_space() {
        assert_eq!(found(&[(1, "a b"), (2, "c")], "a b c"), vec![(1, "a b".to_owned()), (2, "c".to_owned())]);
    }
}
