//! The words around a date that tell what it is: the first day back, the last day away, the first day away.

use super::cue_words::TABLES;
use crate::mail::automatic::phrases::{Hit, Phrases};
use std::sync::LazyLock;

/// What a date near these words is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// The first day back: before the date ("back on") or behind it ("ab dem 17. wieder").
    Back,
    /// "Until": taken as the day back, though some mean the last day away.
    Until,
    /// "Through": the last day away.
    Through,
    /// "After": the day after is the first back.
    After,
    /// Behind a date that an "until" governs: up to and including.
    Inclusive,
    /// Behind a date: up to and including (Japanese, Korean, Hungarian).
    ThroughBehind,
    /// Behind a date: until (Turkish, Finnish).
    UntilBehind,
    /// The first day away; or, with a return behind the date, the first day back.
    From,
    /// An absence, for a single day that follows.
    Away,
    /// Holds words of the others, and means none of them: "get back to you".
    Nothing,
}

/// Languages, as far as they differ in dates and as two of them tell the same day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Language {
    English,
    German,
    French,
    Spanish,
    Italian,
    Dutch,
    Portuguese,
    Polish,
    Nordic,
    Finnish,
    Slavic,
    Hungarian,
    Turkish,
    Romanian,
    Greek,
    Hebrew,
    Eastern,
}

pub(super) type Cue = (Role, Language);

pub(super) static CUES: LazyLock<Phrases<Cue>> = LazyLock::new(|| {
    let entries = TABLES.into_iter().flatten();
    Phrases::new(
        entries.flat_map(|(language, role, phrases)| phrases.iter().map(move |phrase| ((*role, *language), *phrase))),
    )
});

pub(super) type CueHit = Hit<Cue>;
