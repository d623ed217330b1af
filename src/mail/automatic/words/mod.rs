//! The words of automatic replies, a file a language. How a phrase is written: see [`super::phrases::Phrases`].

mod danish_norwegian;
mod dutch;
mod english;
mod french;
mod further;
mod german;
mod italian;
mod polish;
mod portuguese;
mod spanish;
mod subjects;
mod swedish;

pub(super) use subjects::{SUBJECTS, Subject};

/// What a phrase in a body says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Cue {
    /// The text says of itself that a machine sent it.
    Declared,
    /// "I am": makes an absence the writer's own.
    Me,
    /// The same turned round, as it stands behind an absence too: "bis Montag abwesend bin ich".
    MeBehind,
    /// An absence, of whoever is spoken of.
    Absent,
    /// An absence that is the writer's own without "I am".
    MyAbsence,
    /// The whole company is closed.
    Closed,
    /// Sentences of notices: whom to ask in urgent cases, little access to mail, nothing is forwarded.
    Notice,
    /// An answer follows on return.
    Later,
    /// A return is told.
    Back,
    /// The thanks with which notices and receipts open.
    Thanks,
    /// The person no longer works there, or the address is no longer used.
    Left,
    /// The person has a new address; the old one may still work.
    Moved,
    /// Nobody reads the address; a receipt may say it too.
    LeftHint,
    /// A ticket, a case, an application: received.
    Receipt,
    /// The same in words that people use too.
    ReceiptHint,
    /// Words of a person who answers; an automatic reply has no use for them.
    Person,
    /// The read receipt of a mail program.
    Read,
}

/// The phrases of one language.
pub(super) struct Words {
    declared: &'static [&'static str],
    me: &'static [&'static str],
    me_behind: &'static [&'static str],
    absent: &'static [&'static str],
    my_absence: &'static [&'static str],
    closed: &'static [&'static str],
    notice: &'static [&'static str],
    later: &'static [&'static str],
    back: &'static [&'static str],
    thanks: &'static [&'static str],
    left: &'static [&'static str],
    moved: &'static [&'static str],
    left_hint: &'static [&'static str],
    receipt: &'static [&'static str],
    receipt_hint: &'static [&'static str],
    person: &'static [&'static str],
    read: &'static [&'static str],
}

const NONE: Words = Words {
    declared: &[],
    me: &[],
    me_behind: &[],
    absent: &[],
    my_absence: &[],
    closed: &[],
    notice: &[],
    later: &[],
    back: &[],
    thanks: &[],
    left: &[],
    moved: &[],
    left_hint: &[],
    receipt: &[],
    receipt_hint: &[],
    person: &[],
    read: &[],
};

const LANGUAGES: &[&Words] = &[
    &english::WORDS,
    &german::WORDS,
    &french::WORDS,
    &spanish::WORDS,
    &italian::WORDS,
    &dutch::WORDS,
    &portuguese::WORDS,
    &polish::WORDS,
    &swedish::WORDS,
    &danish_norwegian::WORDS,
    &further::WORDS,
];

/// All phrases of all languages.
pub(super) fn all() -> impl Iterator<Item = (Cue, &'static str)> {
    LANGUAGES.iter().flat_map(|words| {
        [
            (Cue::Declared, words.declared),
            (Cue::Me, words.me),
            (Cue::MeBehind, words.me_behind),
            (Cue::Absent, words.absent),
            (Cue::MyAbsence, words.my_absence),
            (Cue::Closed, words.closed),
            (Cue::Notice, words.notice),
            (Cue::Later, words.later),
            (Cue::Back, words.back),
            (Cue::Thanks, words.thanks),
            (Cue::Left, words.left),
            (Cue::Moved, words.moved),
            (Cue::LeftHint, words.left_hint),
            (Cue::Receipt, words.receipt),
            (Cue::ReceiptHint, words.receipt_hint),
            (Cue::Person, words.person),
            (Cue::Read, words.read),
        ]
        .into_iter()
        .flat_map(|(cue, phrases)| phrases.iter().map(move |phrase| (cue, *phrase)))
    })
}
