//! What stands near what in a sentence, and what turns it round.

use super::cues::Cue;
use crate::mail::visible::folded::{Hit, Sentence, words_between};

/// The cues of one language in one sentence, in their order.
pub(super) struct Cues<'a> {
    pub(super) sentence: Sentence<'a>,
    pub(super) hits: Vec<Hit<Cue>>,
    pub(super) is_free_order: bool,
}

impl Cues<'_> {
    pub(super) fn all(&self, cue: Cue) -> impl Iterator<Item = &Hit<Cue>> {
        self.hits.iter().filter(move |hit| hit.tag == cue)
    }

    pub(super) fn has(&self, cue: Cue) -> bool {
        self.all(cue).next().is_some()
    }

    /// Words between two cues, whichever comes first; none if they overlap.
    pub(super) fn distance(&self, a: &Hit<Cue>, b: &Hit<Cue>) -> usize {
        let (first, second) = if a.start <= b.start { (a, b) } else { (b, a) };
        if second.start < first.end { 0 } else { words_between(self.sentence.text, first.end, second.start) }
    }

    /// The first pair of such cues with at most so many words between; in order, unless the language is free in it.
    pub(super) fn pair(&self, a: Cue, b: Cue, words_max: usize) -> Option<(usize, usize)> {
        let near = |first: &Hit<Cue>, second: &Hit<Cue>| {
            let is_in_order = self.is_free_order || second.start >= first.end;
            is_in_order && self.distance(first, second) <= words_max
        };
        self.all(a)
            .filter(|first| !self.is_negated(first))
            .find_map(|first| self.all(b).find(|second| near(first, second)).map(|second| span(&[first, second])))
    }

    pub(super) fn words_max(&self, in_order: usize, free: usize) -> usize {
        if self.is_free_order { free } else { in_order }
    }

    /// "Please don't remove me": a negation shortly before, or in languages that put it there, after. "If you don't" is a threat.
    pub(super) fn is_negated(&self, hit: &Hit<Cue>) -> bool {
        const WORDS: usize = 2;
        // "Not interested, please remove me" negates something else.
        const BETWEEN: &[&str] = &[
            "please", "to", "want", "wish", "need", "be", "ever", "yet", "just", "actually", "bitte", "zu", "mich",
            "uns", "me", "nous", "sie", "nos", "mi", "ci", "je", "mij", "mig", "oss", "meg", "plz",
        ];
        self.all(Cue::Not).any(|not| {
            let between = || self.sentence.text.get(not.end..hit.start).unwrap_or_default();
            let before = not.end <= hit.start
                && words_between(self.sentence.text, not.end, hit.start) <= WORDS
                && between().split_whitespace().all(|word| BETWEEN.contains(&word));
            let after = self.is_free_order
                && not.start >= hit.end
                && words_between(self.sentence.text, hit.end, not.start) <= WORDS;
            (before || after) && !self.is_condition(not)
        })
    }

    pub(super) fn is_condition(&self, not: &Hit<Cue>) -> bool {
        let before = self.sentence.text.get(..not.start).unwrap_or_default();
        [
            "if you",
            "wenn sie mich",
            "falls sie",
            "si vous",
            "si no",
            "se non",
            "why",
            "warum",
            "still",
            "have",
            "has",
            "been",
            "was",
            "am",
        ]
        .iter()
        .any(|condition| before.trim_end().ends_with(condition))
    }

    pub(super) fn is_near(&self, hit: &Hit<Cue>, cue: Cue, words_max: usize) -> bool {
        self.all(cue).any(|other| self.distance(hit, other) <= words_max)
    }

    /// Three cues within so many words; "not" among them is no negation of them.
    pub(super) fn triple(&self, a: Cue, b: Cue, c: Cue, words_max: usize) -> Option<(usize, usize)> {
        self.all(a).find_map(|first| {
            self.all(b).find_map(|second| {
                let third = self.all(c).find(|third| {
                    let (start, end) = span(&[first, second, third]);
                    let is_in_order = self.is_free_order || first.end <= second.start.max(third.start);
                    let is_apart = third.start >= second.end || second.start >= third.end;
                    let is_negated = a != Cue::Not && self.is_negated(first);
                    is_in_order && is_apart && !is_negated && words_between(self.sentence.text, start, end) <= words_max
                })?;
                Some(span(&[first, second, third]))
            })
        })
    }

    /// "I don't want to unsubscribe", "I did not unsubscribe".
    pub(super) fn is_negated_far(&self, hit: &Hit<Cue>) -> bool {
        const WORDS: usize = 3;
        let wants = |not: &Hit<Cue>| {
            not.end <= hit.start
                && words_between(self.sentence.text, not.end, hit.start) <= WORDS
                && self.all(Cue::Want).any(|want| want.start >= not.end)
        };
        self.is_negated(hit) || self.all(Cue::Not).any(wants)
    }
}

/// From the first byte of these cues to the last.
pub(super) fn span(hits: &[&Hit<Cue>]) -> (usize, usize) {
    let start = hits.iter().map(|hit| hit.start).min().unwrap_or_default();
    let end = hits.iter().map(|hit| hit.end).max().unwrap_or_default();
    (start, end)
}
