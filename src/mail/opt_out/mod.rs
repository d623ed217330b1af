//! Opt-outs in words, in the visible part only.
//!
//! Whole phrases decide by themselves; the others are put together of cues that stand near each other in one sentence ("remove" and
//! "me", "not" and "contact" and "again"), in one language. What turns them round (a negation, a word of hesitation, a date until
//! which nobody is to write, users who unsubscribe) is looked for in the same sentence. A wrong opt-out loses a contact; a missed
//! one breaks a promise and often a law: where a sentence can only be read as "leave me", it counts.

mod cues;
mod dutch;
mod english;
mod french;
mod further;
mod german;
mod italian;
mod near;
mod nordic;
mod portuguese;
mod rules;
mod sentence;
mod spanish;

#[cfg(test)]
mod tests;

use super::message::Mail;
use super::visible::folded::{Finder, Folded, listed};
use cues::{Cue, LANGUAGES};
use std::sync::LazyLock;

/// What shows that a person wants no more mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    /// In words for an operator: which words, or the empty mail to the address of List-Unsubscribe.
    pub because: String,
}

/// A cue and the place of its language in [`LANGUAGES`].
type Tag = (Cue, usize);

static CUES: LazyLock<Finder<Tag>> = LazyLock::new(|| {
    Finder::of(LANGUAGES.iter().enumerate().flat_map(|(language, cues)| {
        let cues = cues.cues.iter();
        cues.flat_map(move |(cue, words)| listed(words).map(move |word| ((*cue, language), word)))
    }))
});

/// Subjects that mail programs write for the mailto form of List-Unsubscribe (RFC 2369), folded.
const SUBJECTS: &[&str] = &[
    "unsubscribe",
    "remove",
    "remove me",
    "opt out",
    "stop",
    "abmelden",
    "austragen",
    "desabonnement",
    "baja",
    "uitschrijven",
];

/// Words of a text that leaves the subject to speak: a name, what a phone adds.
const SHORT_WORDS: usize = 12;

/// The opt-out that a person's mail holds; `words` is its visible text, folded.
pub(in crate::mail) fn of_mail(mail: &Mail, visible: &str, words: &Folded) -> Option<OptOut> {
    of_list_unsubscribe(mail, visible).or_else(|| of_words(words)).or_else(|| of_subject(&mail.subject, visible))
}

/// What a person wrote into the subject: above our own after "Re:", and only with hardly a word below.
fn of_subject(subject: &str, visible: &str) -> Option<OptOut> {
    const ANSWERS: &[&str] =
        &["re:", "aw:", "sv:", "vs:", "antw:", "odp:", "res:", "ynt:", "fw:", "fwd:", "wg:", "tr:", "rif:", "ref:"];
    let lower = subject.to_lowercase();
    let end = ANSWERS
        .iter()
        .filter_map(|answer| lower.find(answer))
        .filter(|at| lower.is_char_boundary(*at))
        .min()
        .unwrap_or(lower.len());
    let own = lower.get(..end).unwrap_or_default();
    if is_short(visible) { of_words(&Folded::of(own)) } else { None }
}

/// The mail that a mail program sends for the person (RFC 2369, 3.2): to an address made for it, or with a subject or a text that says so.
fn of_list_unsubscribe(mail: &Mail, visible: &str) -> Option<OptOut> {
    let address = mail.to.iter().map(|to| to.address.as_str()).find(|address| {
        let local = address.split('@').next().unwrap_or_default();
        local
            .split(['+', '-', '.', '_'])
            .any(|part| part.eq_ignore_ascii_case("unsubscribe") || part.eq_ignore_ascii_case("optout"))
    });
    if let Some(address) = address {
        return Some(OptOut { because: format!("the mail went to {address}") });
    }
    // A short mail only: an answer to "Unsubscribe rates in your campaigns" is none.
    let subject = Folded::of(&mail.subject);
    let words = only_words(&subject);
    let says_so = words.split(' ').next().is_some_and(|first| first == "unsubscribe" || first == "optout")
        && words.split(' ').count() <= 3;
    (is_short(visible) && (SUBJECTS.contains(&words.as_str()) || says_so))
        .then(|| OptOut { because: format!("the subject is \"{}\"", mail.subject.trim()) })
}

/// Counts no further than it must: the usual mail is long.
fn is_short(visible: &str) -> bool {
    visible.split_whitespace().nth(SHORT_WORDS).is_none()
}

/// The words of a folded text, without the marks of its sentences.
fn only_words(folded: &Folded) -> String {
    let words: Vec<&str> =
        folded.sentences().flat_map(|sentence| sentence.text.split_whitespace()).filter(|word| *word != ",").collect();
    words.join(" ")
}

fn of_words(words: &Folded) -> Option<OptOut> {
    let found = words.sentences().find_map(|sentence| sentence::of(sentence, &CUES))?;
    Some(OptOut { because: format!("the words \"{}\"", found.trim()) })
}
