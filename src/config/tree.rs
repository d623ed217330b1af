//! The TOML document with its places, walked section by section; faults are gathered, not thrown.

use super::ConfigFaults;
use crate::sources::settings::Secret;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The environment, by name.
pub(super) type Env<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A secret shorter than this is guessed too easily.
const SECRET_CHARS_MIN: usize = 8;
/// The same for what lets anybody in from anywhere, as often as they try.
const TOKEN_CHARS_MIN: usize = 16;

pub(super) type Table<'a> = Spanned<DeTable<'a>>;

#[derive(Default)]
pub(super) struct Faults(RefCell<Vec<String>>);

impl Faults {
    pub(super) fn into_list(self) -> Vec<String> {
        self.0.into_inner()
    }
}

pub(super) fn parse<'a>(file: Option<(&str, &'a str)>) -> Result<Option<Table<'a>>, ConfigFaults> {
    let Some((name, text)) = file else { return Ok(None) };
    DeTable::parse(text).map(Some).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        ConfigFaults(vec![format!("{name}:{line}: {}", error.message())])
    })
}

/// The line of a key by its path, like `clients.acme.name`; of what stands nearest above it where it is not there itself.
pub(super) fn line_of_key(text: &str, path: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    place_of_key(root.get_ref(), path).map(|offset| line_of(text, offset))
}

/// A key may hold dots itself, so the path is compared and not split.
fn place_of_key(table: &DeTable<'_>, path: &str) -> Option<usize> {
    table.iter().find_map(|(key, value)| {
        let rest = path.strip_prefix(key.get_ref().as_ref())?;
        let here = key.span().start;
        match (rest.strip_prefix('.'), value.get_ref()) {
            (Some(rest), DeValue::Table(inner)) => Some(place_of_key(inner, rest).unwrap_or(here)),
            (Some(_), _) => None,
            (None, _) => rest.is_empty().then_some(here),
        }
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// One table of the document. Keys that nobody asked for are faults when it is finished.
pub(super) struct Section<'a> {
    path: String,
    table: Option<&'a DeTable<'a>>,
    file: Option<(&'a str, &'a str)>,
    env: &'a Env<'a>,
    faults: &'a Faults,
    asked: BTreeSet<String>,
}

impl<'a> Section<'a> {
    pub(super) fn root(
        table: Option<&'a Table<'a>>,
        file: Option<(&'a str, &'a str)>,
        env: &'a Env<'a>,
        faults: &'a Faults,
    ) -> Self {
        let table = table.map(Spanned::get_ref);
        Self { path: String::new(), table, file, env, faults, asked: BTreeSet::new() }
    }

    fn entry(&self, key: &str) -> Option<(usize, &'a Spanned<DeValue<'a>>)> {
        let (name, value) = self.table?.iter().find(|(name, _)| name.get_ref().as_ref() == key)?;
        Some((name.span().start, value))
    }

    /// Where it stands, like `clients.acme`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn place(&self, key: &str) -> String {
        match (self.file, self.entry(key)) {
            (Some((name, text)), Some((offset, _))) => {
                format!("{name}:{}: `{}`", line_of(text, offset), self.path_of(key))
            }
            (Some((name, _)), None) => format!("{name}: `{}`", self.path_of(key)),
            (None, _) => format!("`{}`", self.path_of(key)),
        }
    }

    /// Notes what is wrong with a key and what would be right.
    pub(super) fn fault(&self, key: &str, what: &str) {
        self.faults.0.borrow_mut().push(format!("{} {what}", self.place(key)));
    }

    fn value(&mut self, key: &str) -> Option<&'a DeValue<'a>> {
        self.asked.insert(key.to_owned());
        self.entry(key).map(|(_, value)| value.get_ref())
    }

    fn variable(&self, variables: &[&str]) -> Option<String> {
        variables.iter().find_map(|name| (self.env)(name))
    }

    pub(super) fn text(&mut self, key: &str, variables: &[&str]) -> Option<String> {
        let from_file = match self.value(key) {
            None => None,
            Some(DeValue::String(text)) => Some(text.as_ref().to_owned()),
            Some(_) => {
                self.fault(key, "must be a text in quotes");
                None
            }
        };
        self.variable(variables).or(from_file)
    }

    /// Reads a text further, or notes what it should have been.
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        text: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = parse(text);
        if value.is_none() {
            self.fault(key, &format!("must be {expected}"));
        }
        value
    }

    pub(super) fn number(&mut self, key: &str, variables: &[&str], range: RangeInclusive<u64>) -> Option<u64> {
        let from_file = match self.value(key) {
            None => None,
            Some(DeValue::Integer(number)) => Some(number.as_str().to_owned()),
            Some(_) => Some(String::new()),
        };
        let text = self.variable(variables).or(from_file)?;
        let number = text.replace('_', "").parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            self.fault(key, &format!("must be a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// A part of the whole, from 0 to 1.
    pub(super) fn ratio(&mut self, key: &str, variables: &[&str]) -> Option<f64> {
        let from_file = match self.value(key) {
            None => None,
            Some(DeValue::Float(number)) => Some(number.as_str().to_owned()),
            Some(DeValue::Integer(number)) => Some(number.as_str().to_owned()),
            Some(_) => Some(String::new()),
        };
        let text = self.variable(variables).or(from_file)?;
        let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        if ratio.is_none() {
            self.fault(key, "must be a number from 0.0 to 1.0");
        }
        ratio
    }

    /// A whole number that may be below zero.
    pub(super) fn integer(&mut self, key: &str) -> Option<i64> {
        let value = self.value(key)?;
        let number =
            if let DeValue::Integer(number) = value { number.as_str().replace('_', "").parse().ok() } else { None };
        if number.is_none() {
            self.fault(key, "must be a whole number");
        }
        number
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        match self.value(key) {
            None => false,
            Some(DeValue::Boolean(flag)) => *flag,
            Some(_) => {
                self.fault(key, "must be true or false");
                false
            }
        }
    }

    pub(super) fn secret(&mut self, key: &str, variables: &[&str]) -> Option<Secret> {
        let text = self.text(key, variables)?;
        self.checked_secret(key, text, SECRET_CHARS_MIN)
    }

    /// What is sent to us to be let in.
    pub(super) fn token(&mut self, key: &str, variables: &[&str]) -> Option<Secret> {
        let text = self.text(key, variables)?;
        self.checked_secret(key, text, TOKEN_CHARS_MIN)
    }

    fn checked_secret(&self, key: &str, text: String, chars_min: usize) -> Option<Secret> {
        if text.chars().count() < chars_min {
            self.fault(
                key,
                &format!(
                    "holds a secret of fewer than {chars_min} characters; `openssl rand -hex 32` makes a good one"
                ),
            );
            return None;
        }
        Some(Secret::new(text))
    }

    pub(super) fn secrets(&mut self, key: &str) -> Vec<Secret> {
        self.list_of_secrets(key, SECRET_CHARS_MIN)
    }

    pub(super) fn tokens(&mut self, key: &str) -> Vec<Secret> {
        self.list_of_secrets(key, TOKEN_CHARS_MIN)
    }

    fn list_of_secrets(&mut self, key: &str, chars_min: usize) -> Vec<Secret> {
        match self.value(key) {
            None => Vec::new(),
            Some(DeValue::Array(items)) => items
                .iter()
                .filter_map(|item| {
                    if let DeValue::String(text) = item.get_ref() {
                        self.checked_secret(key, text.as_ref().to_owned(), chars_min)
                    } else {
                        self.fault(key, "must be a list of texts, like [\"…\"]");
                        None
                    }
                })
                .collect(),
            Some(_) => {
                self.fault(key, "must be a list of texts, like [\"…\"]");
                Vec::new()
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &str) -> Vec<String> {
        let items = match self.value(key) {
            None => return Vec::new(),
            Some(DeValue::Array(items)) => items.iter().map(Spanned::get_ref).collect(),
            Some(other) => vec![other],
        };
        items
            .into_iter()
            .filter_map(|item| {
                if let DeValue::String(text) = item {
                    Some(text.as_ref().to_owned())
                } else {
                    self.fault(key, "must be a list of texts, like [\"…\"]");
                    None
                }
            })
            .collect()
    }

    pub(super) fn section(&mut self, key: &str) -> Option<Section<'a>> {
        if let DeValue::Table(table) = self.value(key)? {
            Some(self.below(key, Some(table)))
        } else {
            self.fault(key, &format!("must be a section [{}]", self.path_of(key)));
            None
        }
    }

    /// The section, or an empty one where the environment alone sets something of it.
    pub(super) fn section_or_env(&mut self, key: &str, variables: &[&str]) -> Option<Section<'a>> {
        let is_set = self.variable(variables).is_some();
        self.section(key).or_else(|| is_set.then(|| self.below(key, None)))
    }

    /// The section, or an empty one.
    pub(super) fn section_or_empty(&mut self, key: &str) -> Section<'a> {
        self.section(key).unwrap_or_else(|| self.below(key, None))
    }

    fn below(&self, key: &str, table: Option<&'a DeTable<'a>>) -> Section<'a> {
        Section {
            path: self.path_of(key),
            table,
            file: self.file,
            env: self.env,
            faults: self.faults,
            asked: BTreeSet::new(),
        }
    }

    /// The names of all keys; asking for them makes each of them known.
    pub(super) fn keys(&self) -> Vec<String> {
        self.table.map(|table| table.keys().map(|key| key.get_ref().as_ref().to_owned()).collect()).unwrap_or_default()
    }

    /// All keys with their values read by `parse`; one that it can't read is a fault.
    pub(super) fn map<T>(mut self, expected: &str, parse: impl Fn(&DeValue<'_>) -> Option<T>) -> BTreeMap<String, T> {
        let mut map = BTreeMap::new();
        for key in self.keys() {
            match self.value(&key).and_then(&parse) {
                Some(value) => {
                    map.insert(key, value);
                }
                None => self.fault(&key, &format!("must be {expected}")),
            }
        }
        map
    }

    /// Whatever was not asked for is unknown, and so a fault.
    pub(super) fn finish(self) {
        for key in self.keys().into_iter().filter(|key| !self.asked.contains(key)) {
            let near = self.asked.iter().find(|known| distance(known, &key) <= 2);
            if let Some(known) = near {
                self.fault(&key, &format!("is unknown; did you mean `{known}`?"));
            } else {
                let known: Vec<&str> = self.asked.iter().map(String::as_str).collect();
                self.fault(&key, &format!("is unknown; known here: {}", known.join(", ")));
            }
        }
    }
}

/// How many letters must change to make one word the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut last = i;
        let mut next = vec![i + 1];
        for (y, &above) in b.iter().zip(row.iter().skip(1)) {
            let changed = last + usize::from(x != *y);
            last = above;
            let left = next.last().copied().unwrap_or(0);
            next.push(changed.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
