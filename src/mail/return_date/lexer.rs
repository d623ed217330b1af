//! A text in words, numbers and signs, and the same text folded, so that cues can be looked for.

use super::vocabulary::{Part, Sense, sense};
use crate::mail::automatic::folded::{Folding, fold, is_unspaced};

/// How much of a text is looked at.
pub(super) const TEXT_BYTES_MAX: usize = 2 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// A number of up to nine digits; longer ones have the value 0.
    Number {
        value: u32,
        digits: usize,
    },
    Mark(char),
    /// An empty line.
    Break,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// In bytes of the folded text; signs have no length.
    pub(super) start: usize,
    pub(super) end: usize,
    /// A space or the end of a line stands before it.
    pub(super) is_spaced: bool,
    pub(super) is_capital: bool,
    /// What the word can be in a date.
    pub(super) sense: Option<&'static Sense>,
}

#[derive(Debug, Default)]
pub(super) struct Lexed {
    /// Like ` back on 3 june `: numbers are words, signs are gone, letters without spaces stay together.
    pub(super) folded: String,
    pub(super) tokens: Vec<Token>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    None,
    Letters,
    Digits,
    /// Chinese, Japanese, Korean: a token each.
    Unspaced,
}

pub(super) fn lex(text: &str) -> Lexed {
    let mut lexed = Lexed { folded: String::from(" "), tokens: Vec::new() };
    let mut run = Run::None;
    let mut spaced = true;
    let mut newlines = 0;
    for (_, c) in text.char_indices().take_while(|(at, _)| *at < TEXT_BYTES_MAX) {
        if c.is_whitespace() {
            lexed.end_run(&mut run);
            newlines += usize::from(c == '\n');
            if newlines == 2 {
                lexed.mark(Kind::Break, true);
            }
            spaced = true;
            continue;
        }
        let class = match c {
            '0'..='9' | '０'..='９' => Run::Digits,
            _ if is_unspaced(c) => Run::Unspaced,
            _ => Run::Letters,
        };
        let begins = class != run || class == Run::Unspaced;
        let glue = class == Run::Unspaced && run == Run::Unspaced;
        if begins && !glue {
            lexed.end_run(&mut run);
        }
        let start = lexed.folded.len();
        match fold(c, &mut lexed.folded) {
            Folding::Nothing => continue,
            Folding::Gap => {
                lexed.end_run(&mut run);
                lexed.mark(Kind::Mark(sign(c)), spaced);
            }
            Folding::Word if begins => {
                let end = lexed.folded.len();
                let sense = lexed.folded.get(start..end).filter(|_| class == Run::Unspaced).and_then(sense);
                let is_capital = c.is_uppercase();
                lexed.tokens.push(Token { kind: Kind::Word, start, end, is_spaced: spaced, is_capital, sense });
                run = class;
            }
            Folding::Word => {
                let end = lexed.folded.len();
                if let Some(last) = lexed.tokens.last_mut() {
                    last.end = end;
                }
            }
        }
        newlines = 0;
        spaced = false;
    }
    lexed.end_run(&mut run);
    lexed
}

impl Lexed {
    pub(super) fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// The folded word at this place; none for numbers and signs.
    pub(super) fn word(&self, at: usize) -> Option<&str> {
        let token = self.tokens.get(at)?;
        if token.kind == Kind::Word { self.folded.get(token.start..token.end) } else { None }
    }

    pub(super) fn is_mark(&self, at: usize, marks: &[char]) -> bool {
        matches!(self.kind(at), Some(Kind::Mark(mark)) if marks.contains(&mark))
    }

    /// The word at this place is that in a date.
    pub(super) fn is(&self, at: usize, part: Part) -> bool {
        self.sense(at).is_some_and(|sense| sense.is(part))
    }

    pub(super) fn sense(&self, at: usize) -> Option<&'static Sense> {
        self.tokens.get(at)?.sense
    }

    pub(super) fn is_number(&self, at: usize) -> bool {
        matches!(self.kind(at), Some(Kind::Number { .. }))
    }

    /// A number of one or two digits.
    pub(super) fn small_number(&self, at: usize) -> Option<u32> {
        match self.kind(at) {
            Some(Kind::Number { value, digits: 1..=2 }) => Some(value),
            Some(Kind::Number { .. } | Kind::Word | Kind::Mark(_) | Kind::Break) | None => None,
        }
    }

    pub(super) fn is_spaced(&self, at: usize) -> bool {
        self.tokens.get(at).is_none_or(|token| token.is_spaced)
    }

    /// The token that begins at or after this byte of the folded text, signs apart.
    pub(super) fn token_at(&self, byte: usize) -> usize {
        self.tokens.partition_point(|token| token.start < byte || (token.start == token.end && token.start <= byte))
    }

    fn end_run(&mut self, run: &mut Run) {
        if *run == Run::None {
            return;
        }
        if let Some(last) = self.tokens.last_mut() {
            let text = self.folded.get(last.start..last.end).unwrap_or_default();
            match *run {
                Run::Digits => {
                    let digits = last.end - last.start;
                    let value = Some(text).filter(|_| digits <= 9).and_then(|text| text.parse().ok());
                    last.kind = Kind::Number { value: value.unwrap_or_default(), digits };
                }
                Run::Letters => last.sense = sense(text),
                Run::Unspaced | Run::None => {}
            }
        }
        self.folded.push(' ');
        *run = Run::None;
    }

    fn mark(&mut self, kind: Kind, is_spaced: bool) {
        let at = self.folded.len();
        self.tokens.push(Token { kind, start: at, end: at, is_spaced, is_capital: false, sense: None });
    }
}

/// Dashes, tildes and quotes of all kinds are one.
fn sign(c: char) -> char {
    match c {
        '‐' | '‑' | '‒' | '–' | '—' | '−' | '~' | '〜' | '～' | '－' => '-',
        '’' | '‘' | '´' | '`' | 'ʼ' => '\'',
        '，' | '、' => ',',
        '（' => '(',
        '）' => ')',
        '．' => '.',
        '／' => '/',
        '：' => ':',
        '。' | '！' => '!',
        '？' => '?',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_and_signs_come_apart() {
        let lexed = lex("Back on 3rd June, 8月17日まで — KW38\n\nBye");
        assert_eq!(lexed.folded, " back on 3 rd june 8 月 17 日まで kw 38 bye ");
        let kinds: Vec<Kind> = lexed.tokens.iter().map(|token| token.kind).collect();
        assert_eq!(kinds.get(2), Some(&Kind::Number { value: 3, digits: 1 }));
        assert!(kinds.contains(&Kind::Break) && kinds.contains(&Kind::Mark('-')), "{kinds:?}");
        assert_eq!(lexed.word(4), Some("june"));
        for (at, token) in lexed.tokens.iter().enumerate().filter(|(_, token)| token.end > token.start) {
            assert_eq!(lexed.token_at(token.start), at, "{token:?}");
        }
    }
}
