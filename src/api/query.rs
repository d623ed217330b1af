//! What stands in a query: read strictly. A name that nobody knows, one that is said twice, a value that is none are all told.

use super::answer::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize as _;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Rows of a page where nothing is said.
const LIMIT_USUAL: u32 = 50;
/// Rows of a page.
pub(super) const LIMIT_MAX: u32 = 500;
/// Bytes of one value.
const VALUE_BYTES_MAX: usize = 1_000;

/// The parameters of a query that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    pub(super) fn parse(query: &str) -> Result<Self, Problem> {
        let mut params = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (form_decoded(name)?, form_decoded(value)?);
            if value.len() > VALUE_BYTES_MAX {
                return Err(Problem::new(400, format!("`{}` is too long", shown(&name))));
            }
            if params.insert(name.clone(), value).is_some() {
                return Err(Problem::new(400, format!("`{}` is there twice", shown(&name))));
            }
        }
        Ok(Self(params))
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// A value of the parameter's own kind.
    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        wanted: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match parse(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(Problem::new(400, format!("`{name}` must be {wanted}"))),
        }
    }

    pub(super) fn id(&mut self, name: &str) -> Result<Option<Uuid>, Problem> {
        self.parsed(name, "a UUID", super::id)
    }

    pub(super) fn time(&mut self, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        self.parsed(name, "a time like 2026-11-20T12:00:00Z", time)
    }

    pub(super) fn limit(&mut self, most: u32) -> Result<u32, Problem> {
        let limit = self.parsed("limit", &format!("a number from 1 to {most}"), |text| {
            text.parse().ok().filter(|limit| (1..=most).contains(limit))
        })?;
        Ok(limit.unwrap_or(LIMIT_USUAL))
    }

    /// Where the page before ended.
    pub(super) fn cursor(&mut self, of: &'static str) -> Result<Option<Cursor>, Problem> {
        let Some(text) = self.text("cursor") else { return Ok(None) };
        Cursor::parse(of, &text).map(Some).ok_or_else(no_such_place)
    }

    /// Where the page before ended in each of three lists.
    pub(super) fn places(&mut self, of: &'static str) -> Result<Option<[Cursor; 3]>, Problem> {
        let Some(text) = self.text("cursor") else { return Ok(None) };
        let places = Cursor::parse_all(of, &text).and_then(|places| places.try_into().ok());
        places.map(Some).ok_or_else(no_such_place)
    }

    /// All were taken.
    pub(super) fn finish(self) -> Result<(), Problem> {
        match self.0.into_keys().next() {
            Some(name) => Err(Problem::new(400, format!("`{}` is no parameter of this path", shown(&name)))),
            None => Ok(()),
        }
    }
}

/// A cursor that came from nowhere, or from another path.
pub(super) fn no_such_place() -> Problem {
    Problem::new(404, "`cursor` must be the `next` of an answer of this path")
}

/// A time as the API takes it: what lies before or after all times that both databases hold is as good as their first or last one.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    let first = DateTime::parse_from_rfc3339("0001-01-02T00:00:00Z").ok()?.to_utc();
    let last = DateTime::parse_from_rfc3339("9998-12-31T00:00:00Z").ok()?.to_utc();
    Some(time.clamp(first, last))
}

/// A whole number, however it is written: to JSON 10 and 10.0 are the same.
pub(super) fn whole<'de, D: serde::Deserializer<'de>>(value: D) -> Result<u64, D::Error> {
    let number = serde_json::Number::deserialize(value)?;
    let text = number.to_string();
    let digits = text.strip_suffix(".0").unwrap_or(&text);
    digits.parse().map_err(|_| serde::de::Error::custom(format!("{number} is no whole number")))
}

/// A place in an order. Opaque to callers, and good only where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) at: DateTime<Utc>,
    pub(super) id: Uuid,
}

impl Cursor {
    /// Of an order of ids alone.
    pub(super) fn of_id(id: Uuid) -> Self {
        Self { at: DateTime::UNIX_EPOCH, id }
    }

    pub(super) fn text(self, of: &'static str) -> String {
        Self::text_of(of, &[self])
    }

    /// Of several lists that are leafed through together.
    pub(super) fn text_of(of: &'static str, places: &[Self]) -> String {
        let mut text = of.to_owned();
        for place in places {
            let at = place.at.to_rfc3339_opts(SecondsFormat::Micros, true);
            text.push_str(&format!(" {at} {}", place.id));
        }
        URL_SAFE_NO_PAD.encode(text)
    }

    pub(super) fn parse(of: &'static str, text: &str) -> Option<Self> {
        let mut places = Self::parse_all(of, text)?.into_iter();
        places.next().filter(|_| places.next().is_none())
    }

    fn parse_all(of: &'static str, text: &str) -> Option<Vec<Self>> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.split(' ');
        (parts.next()? == of).then_some(())?;
        let mut places = Vec::new();
        while let Some(at) = parts.next() {
            places.push(Self { at: time(at)?, id: super::id(parts.next()?)? });
        }
        Some(places)
    }
}

/// A part of a path.
pub(super) fn percent_decoded(text: &str) -> Result<String, Problem> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let pair = rest.get(..2).and_then(|pair| hex::decode(pair).ok()).and_then(|decoded| decoded.first().copied());
        bytes.push(pair.ok_or_else(|| Problem::new(400, "a `%` is followed by no two hex digits"))?);
        rest = rest.get(2..).unwrap_or_default();
    }
    let text = String::from_utf8(bytes).map_err(|_| Problem::new(400, "the request's address is not UTF-8"))?;
    if text.contains('\0') {
        return Err(Problem::new(400, "the request's address contains the character NUL"));
    }
    Ok(text)
}

/// A name or value of a query, where a plus is a space.
fn form_decoded(text: &str) -> Result<String, Problem> {
    percent_decoded(&text.replace('+', " "))
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_where_it_came_from_only() {
        let cursor = Cursor { at: time("2026-11-20T12:00:00.123456Z").unwrap(), id: Uuid::from_u128(7) };
        let text = cursor.text("deliveries");
        assert_eq!(Cursor::parse("deliveries", &text), Some(cursor));
        assert_eq!(Cursor::parse("tasks", &text), None);
        for text in ["", "x", "ZGVsaXZlcmllcw", &format!("{text}x")] {
            assert_eq!(Cursor::parse("deliveries", text), None, "{text}");
        }
        let three = Cursor::text_of("past", &[cursor; 3]);
        assert_eq!(Cursor::parse("past", &three), None, "a place in three lists is none in one");
        let places = |text: &str| Params::parse(&format!("cursor={text}")).unwrap().places("past");
        assert_eq!(places(&three).unwrap(), Some([cursor; 3]));
        assert!(places(&Cursor::text_of("past", &[cursor; 2])).is_err());
        assert_eq!(Params::parse("").unwrap().places("past").unwrap(), None);
    }

    #[test]
    fn a_query_is_read_strictly() {
        let status = |query: &str| Params::parse(query).map(|_| ()).map_err(|problem| problem.status);
        assert_eq!(status("a=1&b=2"), Ok(()));
        for query in ["a=1&a=2", "a=%ff", "a=%2", "a=%00"] {
            assert_eq!(status(query), Err(400), "{query}");
        }
        let mut params = Params::parse("limit=501&email=a%2Bb%40example.com+").unwrap();
        assert_eq!(params.text("email").as_deref(), Some("a+b@example.com "));
        assert!(params.limit(LIMIT_MAX).is_err());
        assert!(Params::parse("colour=red").unwrap().finish().is_err());
    }
}
