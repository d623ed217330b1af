//! Cutting a text into pieces that are found again by their meaning: at headings, else between paragraphs, lines, sentences, words.
//!
//! From the left to the right, and each cut depends only on what stands before the limit: text that is added at the end leaves the
//! earlier pieces as they are.

use std::ops::Range;

/// How large the pieces are, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub chars_max: usize,
    /// What is repeated at most of the piece before, where the cut is in the middle of a passage.
    pub overlap_chars_max: usize,
}

impl Limits {
    pub const CHARS_MIN: usize = 200;
    /// A piece and all that goes with it stay under 40 KB.
    pub const CHARS_MAX: usize = 3_000;

    /// With an overlap of an eighth.
    pub const fn of(chars_max: usize) -> Self {
        Self { chars_max, overlap_chars_max: chars_max / 8 }
    }
}

/// Where a text may be cut, the better the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cut {
    Anywhere,
    Word,
    Sentence,
    Line,
    Paragraph,
    Heading,
}

/// The pieces as places in the text, in bytes; none of a text without words.
pub fn chunks(text: &str, limits: Limits) -> Vec<Range<usize>> {
    let end_of_text = text.trim_end().len();
    let mut chunks: Vec<Range<usize>> = Vec::new();
    let mut start = skip_space(text, 0);
    while start < end_of_text {
        let rest = text.get(start..end_of_text).unwrap_or_default();
        let Some((window, _)) = rest.char_indices().nth(limits.chars_max) else {
            chunks.push(start..end_of_text);
            break;
        };
        let window = rest.get(..window).unwrap_or(rest);
        let (length, cut) = best_cut(window, rest, limits.chars_max);
        let end = start + length;
        let kept = start + text.get(start..end).unwrap_or_default().trim_end().len();
        let is_news = chunks.last().is_none_or(|before| before.end < kept);
        if is_news {
            chunks.push(start..kept);
        }
        start = match cut {
            Cut::Anywhere | Cut::Word | Cut::Sentence | Cut::Line if is_news => {
                begin_of_overlap(text, start, kept, limits.overlap_chars_max)
            }
            // A new passage stands for itself; and a gap that is as wide as a piece has nothing to repeat.
            Cut::Anywhere | Cut::Word | Cut::Sentence | Cut::Line | Cut::Paragraph | Cut::Heading => {
                skip_space(text, end)
            }
        };
    }
    chunks
}

fn skip_space(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + (rest.len() - rest.trim_start().len())
}

/// The last of the best cuts in the second half of the window: its place, and what it is.
fn best_cut(window: &str, rest: &str, chars_max: usize) -> (usize, Cut) {
    let half = window.char_indices().nth(chars_max / 2).map_or(0, |(at, _)| at);
    let mut best = (window.len(), Cut::Anywhere);
    for (at, _) in window.char_indices().filter(|(at, _)| *at > half).chain([(window.len(), ' ')]) {
        let cut = cut_before(rest, at);
        if cut >= best.1 {
            best = (at, cut);
        }
    }
    best
}

/// What a cut before this place would be.
fn cut_before(text: &str, at: usize) -> Cut {
    let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
    let Some(last) = before.chars().next_back() else { return Cut::Anywhere };
    let is_inside_space = after.starts_with(char::is_whitespace);
    if last == '\n' && !is_inside_space {
        return if is_heading(after) {
            Cut::Heading
        } else if has_empty_line_at_end(before) {
            Cut::Paragraph
        } else {
            Cut::Line
        };
    }
    if last.is_whitespace() && !is_inside_space {
        let words = before.trim_end();
        let ends_sentence = words.trim_end_matches(['"', '\'', ')', '”', '’', '»']).ends_with(['.', '!', '?', '…']);
        return if ends_sentence { Cut::Sentence } else { Cut::Word };
    }
    // Scripts that write no spaces.
    if matches!(last, '。' | '！' | '？') { Cut::Sentence } else { Cut::Anywhere }
}

fn has_empty_line_at_end(before: &str) -> bool {
    let mut lines = before.rsplit('\n');
    // After the last line break stands nothing; before it, the line that is looked at.
    lines.next();
    lines.next().is_some_and(|line| line.trim().is_empty())
}

/// A heading of Markdown, as transcripts and notes have them.
fn is_heading(after: &str) -> bool {
    let words = after.trim_start_matches('#');
    (1..=6).contains(&(after.len() - words.len())) && words.starts_with(' ')
}

/// Where the next piece begins: at the first sentence, else the first word, of the last few characters of this one.
fn begin_of_overlap(text: &str, start: usize, end: usize, overlap_chars_max: usize) -> usize {
    let piece = text.get(start..end).unwrap_or_default();
    let Some(first) = piece.char_indices().rev().take(overlap_chars_max).last().map(|(at, _)| at).filter(|at| *at > 0)
    else {
        return skip_space(text, end);
    };
    let places = || piece.char_indices().map(|(at, _)| at).filter(|at| *at >= first);
    let at_least = |wanted: Cut| places().find(|at| cut_before(piece, *at) >= wanted);
    match at_least(Cut::Sentence).or_else(|| at_least(Cut::Word)) {
        Some(at) => skip_space(text, start + at),
        None => skip_space(text, end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str, limits: Limits) -> Vec<&str> {
        chunks(text, limits).into_iter().map(|range| text.get(range).unwrap()).collect()
    }

    const SMALL: Limits = Limits { chars_max: 40, overlap_chars_max: 15 };

    #[test]
    fn cut_by_structure() {
        for (what, text, expected) in [
            ("nothing", " \n ", vec![]),
            ("one piece", "  Hello there. \n", vec!["Hello there."]),
            (
                "at a heading",
                "Some words before it stand here.\n# Heading\nAnd the words after it.",
                vec!["Some words before it stand here.", "# Heading\nAnd the words after it."],
            ),
            (
                "between paragraphs",
                "The first paragraph is this.\n\nThe second one. It is here.",
                vec!["The first paragraph is this.", "The second one. It is here."],
            ),
            (
                "after a sentence, which is repeated where it is short",
                "This is a long sentence. A short one. And then a further one follows.",
                vec![
                    "This is a long sentence. A short one.",
                    "A short one. And then a further one",
                    "a further one follows.",
                ],
            ),
            (
                "a word longer than all",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                vec!["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaa"],
            ),
        ] {
            assert_eq!(texts(text, SMALL), expected, "{what}");
        }
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-z]{1,12}",
            "[a-zäöü€漢字🙂]{1,60}",
            Just(" ".to_owned()),
            Just(". ".to_owned()),
            Just("\n".to_owned()),
            Just("\n\n".to_owned()),
            Just("\r\n \r\n".to_owned()),
            Just("\n## ".to_owned()),
            Just("。".to_owned()),
        ];
        prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn pieces_cover_the_text_within_the_limits(text in text(), chars_max in 20..200_usize) {
            let limits = Limits::of(chars_max);
            let ranges = chunks(&text, limits);
            let mut covered = 0;
            let mut last_start = None;
            for range in &ranges {
                let piece = text.get(range.clone()).expect("no character is split");
                prop_assert!(!piece.trim().is_empty());
                prop_assert!(piece.chars().count() <= chars_max);
                prop_assert!(last_start < Some(range.start), "it goes on");
                last_start = Some(range.start);
                if range.start > covered {
                    prop_assert!(text.get(covered..range.start).unwrap().trim().is_empty(), "only space is left out");
                } else {
                    prop_assert!(text.get(range.start..covered).unwrap().chars().count() <= limits.overlap_chars_max);
                }
                prop_assert!(range.end > covered);
                covered = range.end;
            }
            prop_assert!(text.get(covered..).unwrap().trim().is_empty());
            prop_assert_eq!(ranges, chunks(&text, limits));
        }

        #[test]
        fn what_is_added_at_the_end_changes_only_the_last_pieces(text in text(), more in text(), chars_max in 20..200_usize) {
            let limits = Limits::of(chars_max);
            let before = chunks(&text, limits);
            let after = chunks(&format!("{text}{more}"), limits);
            let firm = before.len().saturating_sub(2);
            prop_assert_eq!(&before[..firm], &after[..firm]);
        }
    }
}
