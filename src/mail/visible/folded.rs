//! A text for finding phrases in it: lower case, without accents, words with one space between, sentences with their ends marked.

use aho_corasick::AhoCorasick;
use std::collections::HashMap;

/// From this length on a line was broken by its program and not by its writer.
const BROKEN_LINE_BYTES: usize = 50;

/// A sentence as folded text: a space before and after each word; ` , ` between clauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mail) struct Sentence<'a> {
    pub(in crate::mail) text: &'a str,
    pub(in crate::mail) is_question: bool,
}

impl<'a> Sentence<'a> {
    /// The clauses between commas, each with its spaces.
    pub(in crate::mail) fn clauses(self) -> impl Iterator<Item = &'a str> {
        self.text.split(',')
    }
}

/// A text, folded. Sentences end in ` . ` or ` ? `.
#[derive(Debug, Default)]
pub(in crate::mail) struct Folded(String);

impl Folded {
    pub(in crate::mail) fn of(text: &str) -> Self {
        let mut folded = Self(String::with_capacity(text.len() + 16));
        folded.0.push(' ');
        for line in text.split('\n') {
            folded.push_line(line);
            if line.len() < BROKEN_LINE_BYTES { folded.end('.') } else { folded.space() }
        }
        folded.end('.');
        folded
    }

    pub(in crate::mail) fn sentences(&self) -> impl Iterator<Item = Sentence<'_>> {
        self.0
            .split_inclusive(['.', '?'])
            .map(|text| Sentence { text: text.trim_end_matches(['.', '?']), is_question: text.ends_with('?') })
            .filter(|sentence| !sentence.text.trim().is_empty())
    }

    /// Takes small letters, of which most of a text is made, in runs.
    fn push_line(&mut self, line: &str) {
        let mut rest = line;
        let mut before = ' ';
        loop {
            let run = rest.bytes().take_while(u8::is_ascii_lowercase).count();
            let Some((letters, odd)) = rest.split_at_checked(run) else { return };
            self.0.push_str(letters);
            before = letters.chars().next_back().unwrap_or(before);
            let mut chars = odd.chars();
            let Some(c) = chars.next() else { return };
            rest = chars.as_str();
            self.push(before, c, rest.chars().next());
            before = c;
        }
    }

    fn space(&mut self) {
        if !self.0.ends_with(' ') {
            self.0.push(' ');
        }
    }

    /// Marks an end, unless one is marked already.
    fn end(&mut self, mark: char) {
        self.space();
        if !self.0.trim_end().ends_with(['.', '?']) {
            self.0.push(mark);
            self.0.push(' ');
        }
    }

    fn push(&mut self, before: char, c: char, next: Option<char>) {
        let is_followed = next.is_some_and(char::is_alphanumeric);
        match c {
            'a'..='z' | '0'..='9' => self.0.push(c),
            'A'..='Z' => self.0.push(c.to_ascii_lowercase()),
            // "don't" is one word; "m'envoyer" is two.
            '\'' | '’' | '‘' | '`' | '´' | 'ʼ' => {
                if !(before.eq_ignore_ascii_case(&'n') && matches!(next, Some('t' | 'T'))) {
                    self.space();
                }
            }
            // "e-mail" is one word; "opt-out" is two.
            '-' | '‐' | '‑' => {
                if !(before.eq_ignore_ascii_case(&'e') && is_followed && self.last_word_is("e")) {
                    self.space();
                }
            }
            '?' | '？' | '؟' => self.end('?'),
            '.' | ':' if is_followed => self.space(),
            '.' | '!' | ';' | '…' | '。' | '！' | '；' => self.end('.'),
            ',' | ':' | '，' | '、' | '：' | '(' | ')' | '–' | '—' => {
                self.space();
                self.0.push_str(", ");
            }
            '\u{300}'..='\u{36f}' => {}
            _ if c.is_ascii() => self.space(),
            _ => self.push_wide(c),
        }
    }

    fn last_word_is(&self, word: &str) -> bool {
        self.0.rsplit(' ').next() == Some(word)
    }

    fn push_wide(&mut self, c: char) {
        for c in c.to_lowercase() {
            match c {
                'à'..='å' | 'ā' | 'ă' | 'ą' => self.0.push('a'),
                'ç' | 'ć' | 'č' => self.0.push('c'),
                'è'..='ë' | 'ē' | 'ę' | 'ě' | 'ė' => self.0.push('e'),
                'ì'..='ï' | 'ı' | 'ī' => self.0.push('i'),
                'ñ' | 'ń' | 'ň' => self.0.push('n'),
                'ò'..='ö' | 'ø' | 'ő' | 'ō' => self.0.push('o'),
                'ù'..='ü' | 'ű' | 'ů' | 'ū' => self.0.push('u'),
                'ý' | 'ÿ' => self.0.push('y'),
                'ś' | 'š' | 'ş' | 'ș' => self.0.push('s'),
                'ź' | 'ż' | 'ž' => self.0.push('z'),
                'ł' | 'ľ' => self.0.push('l'),
                'ř' => self.0.push('r'),
                'ť' | 'ţ' | 'ț' => self.0.push('t'),
                'ď' | 'đ' | 'ð' => self.0.push('d'),
                'ğ' => self.0.push('g'),
                'ß' => self.0.push_str("ss"),
                'æ' => self.0.push_str("ae"),
                'œ' => self.0.push_str("oe"),
                'ё' => self.0.push('е'),
                '\u{300}'..='\u{36f}' => {}
                c if c.is_alphanumeric() => self.0.push(c),
                _ => self.space(),
            }
        }
    }
}

/// Where a phrase stands in a sentence, in bytes, without the spaces around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mail) struct Hit<T> {
    pub(in crate::mail) tag: T,
    pub(in crate::mail) start: usize,
    pub(in crate::mail) end: usize,
}

/// What of a word a phrase ends with.
#[derive(Debug, Clone, Copy)]
enum Form {
    Whole,
    Start,
    Inside,
}

/// Finds many phrases at once. A phrase is folded words; with `*` at its end the last word may go on, and with `~` at its start it
/// may stand inside of words, as scripts without spaces need.
#[derive(Debug)]
pub(in crate::mail) struct Finder<T> {
    /// None if the phrases could not be compiled, which the tests rule out.
    automaton: Option<AhoCorasick>,
    tags: Vec<(T, Form)>,
}

impl<T: Copy> Finder<T> {
    pub(in crate::mail) fn of(phrases: impl Iterator<Item = (T, &'static str)>) -> Self {
        let mut patterns = Vec::new();
        let mut tags = Vec::new();
        for (tag, phrase) in phrases {
            let (pattern, form) = match (phrase.strip_prefix('~'), phrase.strip_suffix('*')) {
                (Some(part), _) => (part.to_owned(), Form::Inside),
                (None, Some(start)) => (format!(" {start}"), Form::Start),
                (None, None) => (format!(" {phrase} "), Form::Whole),
            };
            patterns.push(pattern);
            tags.push((tag, form));
        }
        Self { automaton: AhoCorasick::new(patterns).ok(), tags }
    }

    /// All phrases of a sentence in the order of their ends; they may overlap.
    pub(in crate::mail) fn hits<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Hit<T>> + 'a {
        let found = self.automaton.iter().flat_map(move |automaton| automaton.find_overlapping_iter(text));
        found.filter_map(|found| {
            let (tag, form) = *self.tags.get(found.pattern().as_usize())?;
            let (start, end) = match form {
                Form::Whole => (found.start() + 1, found.end() - 1),
                Form::Inside => (found.start(), found.end()),
                Form::Start => {
                    let more = text.get(found.end()..).and_then(|rest| rest.find(' ')).unwrap_or(0);
                    (found.start() + 1, found.end() + more)
                }
            };
            Some(Hit { tag, start, end })
        })
    }

    #[cfg(test)]
    pub(in crate::mail) fn is_compiled(&self) -> bool {
        self.automaton.is_some()
    }
}

/// Words between two bytes of a sentence.
pub(in crate::mail) fn words_between(text: &str, from: usize, to: usize) -> usize {
    text.get(from..to).map_or(usize::MAX, |between| between.split_whitespace().filter(|word| *word != ",").count())
}

/// Entries of a table, to be looked for anywhere.
#[derive(Debug)]
pub(in crate::mail) struct Parts(Option<AhoCorasick>);

impl Parts {
    pub(in crate::mail) fn of(table: &'static str) -> Self {
        Self(AhoCorasick::new(listed(table)).ok())
    }

    /// Whether any entry stands in a text.
    pub(in crate::mail) fn are_in(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|automaton| automaton.is_match(text))
    }
}

/// Entries of a table, to be looked for at the start of a line.
#[derive(Debug)]
pub(in crate::mail) struct Starts(HashMap<char, Vec<&'static str>>);

impl Starts {
    pub(in crate::mail) fn of(table: &'static str) -> Self {
        let mut starts: HashMap<char, Vec<&'static str>> = HashMap::new();
        for (first, entry) in listed(table).filter_map(|entry| entry.chars().next().map(|first| (first, entry))) {
            starts.entry(first).or_default().push(entry);
        }
        Self(starts)
    }

    /// The entries that a line starts with, and what follows each.
    pub(in crate::mail) fn of_line<'a>(&'a self, line: &'a str) -> impl Iterator<Item = (&'static str, &'a str)> {
        let entries = line.chars().next().and_then(|first| self.0.get(&first)).map_or(&[][..], Vec::as_slice);
        entries.iter().filter_map(move |entry| line.strip_prefix(*entry).map(|after| (*entry, after)))
    }
}

/// The entries of a table: they are written with `|` between.
pub(in crate::mail) fn listed(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.split('|').filter(|entry| !entry.is_empty())
}
