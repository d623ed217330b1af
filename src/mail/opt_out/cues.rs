//! The words of which opt-outs are made, folded, by language; with `*` a word may go on, with `~` it may stand inside of words.

/// What a word contributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    /// An opt-out as it stands.
    Phrase,
    /// "Unsubscribe" and its kin: an opt-out unless it is said of others or of a product.
    Unsubscribe,
    /// An opt-out where it is all that a clause says.
    Command,
    /// "Remove", with [`Cue::Me`] or [`Cue::List`].
    Remove,
    Me,
    List,
    /// "Take", with [`Cue::Me`] and [`Cue::Off`].
    Take,
    Off,
    /// "Stop", with [`Cue::Sending`].
    Stop,
    Sending,
    /// "Not", with [`Cue::Contact`] and one of [`Cue::Me`] and [`Cue::Again`]; or with [`Cue::Want`] and [`Cue::Receive`].
    Not,
    Contact,
    Again,
    Want,
    Receive,
    /// "No more", with [`Cue::Mails`].
    NoMore,
    /// "No", with [`Cue::Mails`] and a word that shows a wish.
    No,
    Mails,
    /// "Do not hesitate to contact me": takes the force of "not".
    Hesitate,
    /// "Do not contact me before May": it is about a time.
    Until,
    /// Of whom else one may say that they unsubscribe.
    Third,
    /// What else may be called after it: "unsubscribe rate".
    Feature,
    /// By mistake, and to be undone.
    Undo,
    /// A law, with [`Cue::Claim`].
    Law,
    Claim,
}

/// The cues of one language.
pub(super) struct Language {
    /// The object may stand before the verb, and far from it.
    pub(super) is_free_order: bool,
    /// Words with `|` between.
    pub(super) cues: &'static [(Cue, &'static str)],
}

pub(super) const LANGUAGES: &[Language] = &[
    super::english::ENGLISH,
    super::german::GERMAN,
    super::dutch::DUTCH,
    super::nordic::SWEDISH,
    super::nordic::DANISH,
    super::nordic::NORWEGIAN,
    super::french::FRENCH,
    super::spanish::SPANISH,
    super::italian::ITALIAN,
    super::portuguese::PORTUGUESE,
    super::further::POLISH,
    super::further::FURTHER,
];
