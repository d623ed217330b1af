//! Which cue a date belongs to.

use super::cues::{CUES, CueHit, Language, Role};
use super::expression::{Day, Expression};
use super::lexer::{Kind, Lexed};

/// How many tokens around a date are looked at.
const WINDOW_TOKENS: usize = 16;

/// What a date is, and in which language that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Governed {
    pub(super) meaning: Meaning,
    pub(super) language: Language,
}

/// What a date says of the absence, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Back,
    Through,
    Until,
    After,
    /// The last day of a span of absence.
    Range {
        is_inclusive: bool,
    },
    /// The single day of an absence.
    Away,
}

/// A cue with the tokens it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cue {
    role: Role,
    language: Language,
    from: usize,
    to: usize,
}

/// The cues of a text in order.
pub(super) struct Cues(Vec<Cue>);

impl Cues {
    pub(super) fn of(text: &Lexed) -> Cues {
        let place = |hit: CueHit| {
            let (role, language) = hit.meaning;
            // A hit may end inside a token where the phrase is open at its end.
            let to = text.tokens.partition_point(|token| token.start < hit.end);
            Cue { role, language, from: text.token_at(hit.start), to }
        };
        let mut cues: Vec<Cue> =
            CUES.find(&text.folded).into_iter().filter(|hit| hit.meaning.0 != Role::Nothing).map(place).collect();
        cues.sort_by_key(|cue| cue.from);
        Cues(cues)
    }

    fn between(&self, from: usize, to: usize) -> impl Iterator<Item = &Cue> {
        let start = self.0.partition_point(|cue| cue.from < from);
        self.0.iter().skip(start).take_while(move |cue| cue.from < to).filter(move |cue| cue.to <= to)
    }

    /// What each date of a text means; those without a cue are left out.
    pub(super) fn govern(&self, text: &Lexed, dates: &[Expression]) -> Vec<(Expression, Governed)> {
        let governed = dates.iter().enumerate().filter_map(|(number, date)| {
            let previous = number.checked_sub(1).and_then(|number| dates.get(number));
            let next = dates.get(number + 1);
            Some((*date, self.governed(text, date, previous, next)?))
        });
        governed.collect()
    }

    fn governed(
        &self,
        text: &Lexed,
        date: &Expression,
        previous: Option<&Expression>,
        next: Option<&Expression>,
    ) -> Option<Governed> {
        let lower = previous.map_or(0, |previous| previous.after);
        let upper = next.map_or(text.tokens.len(), |next| next.first);
        let before = self.before(text, date, lower);
        let behind = |role: Role, words_max: usize| self.behind(text, date, upper, role, words_max);
        let governed = |meaning: Meaning, language: Language| Some(Governed { meaning, language });
        let inclusive = behind(Role::Inclusive, 2).or_else(|| behind(Role::ThroughBehind, 2));
        let is_span = !matches!(date.day, Day::Week(_)) && !matches!(before, Some(Cue { role: Role::Back, .. }));
        if let Some(span) = date.span.filter(|_| is_span) {
            let evidence = before.or_else(|| behind(Role::Away, 8)).or(inclusive)?;
            return governed(
                Meaning::Range { is_inclusive: span.is_inclusive || inclusive.is_some() },
                evidence.language,
            );
        }
        if let Some(cue) = before {
            let meaning = match cue.role {
                Role::Back => Some(Meaning::Back),
                Role::Through => Some(Meaning::Through),
                Role::Until => Some(if inclusive.is_some() { Meaning::Through } else { Meaning::Until }),
                Role::After => Some(Meaning::After),
                Role::Inclusive | Role::ThroughBehind | Role::UntilBehind | Role::From | Role::Away | Role::Nothing => {
                    None
                }
            };
            if let Some(meaning) = meaning {
                return governed(meaning, cue.language);
            }
        }
        if let Some(cue) = behind(Role::ThroughBehind, 2) {
            return governed(Meaning::Through, cue.language);
        }
        if let Some(cue) = behind(Role::UntilBehind, 2) {
            return governed(Meaning::Until, cue.language);
        }
        if let Some(cue) = behind(Role::Back, 8).filter(|cue| !self.belongs_to_next(text, date, next, cue)) {
            return governed(Meaning::Back, cue.language);
        }
        match before {
            Some(cue) if cue.role == Role::Away => governed(Meaning::Away, cue.language),
            Some(_) => None,
            None => behind(Role::Away, 5).and_then(|cue| governed(Meaning::Away, cue.language)),
        }
    }

    /// The cue before a date: the nearest of those that tell a return or an end, else the first day away, else an absence.
    fn before(&self, text: &Lexed, date: &Expression, lower: usize) -> Option<Cue> {
        let from = sentence_start(text, date.first, lower);
        let mut best: Option<(usize, usize, Cue)> = None;
        for cue in self.between(from, date.first) {
            let words = words_between(text, cue.to, date.first);
            let (rank, words_max) = match cue.role {
                Role::Back => (0, 9),
                Role::Through | Role::Until => (0, 3),
                Role::After => (1, 1),
                Role::From => (2, 3),
                Role::Away => (3, 6),
                Role::Inclusive | Role::ThroughBehind | Role::UntilBehind | Role::Nothing => continue,
            };
            // Nearest first; of two that end at one place the one that tells more.
            let order = (rank, words * 10 + strength(cue.role));
            if words <= words_max && best.is_none_or(|(known, near, _)| order < (known, near)) {
                best = Some((order.0, order.1, *cue));
            }
        }
        best.map(|(_, _, cue)| cue)
    }

    /// The first such cue behind a date, in its sentence.
    fn behind(&self, text: &Lexed, date: &Expression, upper: usize, role: Role, words_max: usize) -> Option<Cue> {
        let to = sentence_end(text, date.after, upper);
        self.between(date.after, to)
            .find(|cue| cue.role == role)
            .filter(|cue| words_between(text, date.after, cue.from) <= words_max)
            .copied()
    }

    /// Whether a return behind a date is told of the next one: "from 3 August on leave, back on 17 August".
    fn belongs_to_next(&self, text: &Lexed, date: &Expression, next: Option<&Expression>, cue: &Cue) -> bool {
        next.is_some_and(|next| self.before(text, next, date.after).is_some_and(|before| before == *cue))
    }
}

/// Of two cues at one place the lower counts.
fn strength(role: Role) -> usize {
    match role {
        Role::Back => 0,
        Role::Through => 1,
        Role::Until => 2,
        Role::After
        | Role::Inclusive
        | Role::ThroughBehind
        | Role::UntilBehind
        | Role::From
        | Role::Away
        | Role::Nothing => 3,
    }
}

fn words_between(text: &Lexed, from: usize, to: usize) -> usize {
    let is_word = |at: &usize| matches!(text.kind(*at), Some(Kind::Word | Kind::Number { .. }));
    (from..to).filter(is_word).count()
}

fn sentence_start(text: &Lexed, at: usize, lower: usize) -> usize {
    let lower = lower.max(at.saturating_sub(WINDOW_TOKENS));
    (lower..at).rev().find(|at| ends_sentence(text, *at)).map_or(lower, |stop| stop + 1)
}

fn sentence_end(text: &Lexed, at: usize, upper: usize) -> usize {
    let upper = upper.min(at + WINDOW_TOKENS);
    (at..upper).find(|at| ends_sentence(text, *at)).unwrap_or(upper)
}

/// Whether a sentence ends with this token. A dot ends none behind a number before a small letter (`am 17. wieder`), behind one letter
/// (`t.o.m.`) and behind short forms of days and months.
fn ends_sentence(text: &Lexed, at: usize) -> bool {
    match text.kind(at) {
        Some(Kind::Break | Kind::Mark('!' | '?' | ';')) => true,
        Some(Kind::Mark('.')) if text.is_spaced(at + 1) => {
            // `bis einschl. 4. September`
            if matches!(text.kind(at + 1), Some(Kind::Number { .. })) {
                return false;
            }
            let next_is_capital = text.tokens.get(at + 1).is_some_and(|token| token.is_capital);
            let Some(before) = at.checked_sub(1) else { return true };
            match text.kind(before) {
                Some(Kind::Word) => text.word(before).is_some_and(|word| {
                    let letters = word.chars().count();
                    letters > 1 && !(letters <= 4 && is_short_form(text, before))
                }),
                Some(Kind::Number { .. } | Kind::Mark(_) | Kind::Break) | None => next_is_capital,
            }
        }
        Some(Kind::Mark(_) | Kind::Word | Kind::Number { .. }) | None => false,
    }
}

fn is_short_form(text: &Lexed, at: usize) -> bool {
    let is_name = text.sense(at).is_some_and(|sense| sense.month.is_some() || sense.short_weekday.is_some());
    is_name
        || matches!(
            text.word(at),
            Some(
                "mo" | "di"
                    | "mi"
                    | "do"
                    | "fr"
                    | "sa"
                    | "so"
                    | "inkl"
                    | "incl"
                    | "bzw"
                    | "ca"
                    | "tom"
                    | "om"
                    | "fom"
                    | "kl"
                    | "dr"
            )
        )
}
