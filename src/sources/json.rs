//! Loose reading of platform payloads: numbers or strings for ids, empty text as nothing, times in all their forms.

use super::Malformed;
use crate::domain::ids::Email;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

/// A time further ahead than this is taken as the time of receipt.
const FUTURE_SECONDS_MAX: i64 = 300;

/// One JSON object of a payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Object<'a> {
    /// The first of these fields that has a usable text; a number is read as its digits.
    pub(super) fn text(self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.0.get(*name).and_then(text_of))
    }

    pub(super) fn object(self, name: &str) -> Option<Object<'a>> {
        match self.0.get(name) {
            Some(Value::Object(object)) => Some(Object(object)),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | None => None,
        }
    }

    pub(super) fn flag(self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => false,
        }
    }

    pub(super) fn number(self, names: &[&str]) -> Option<u32> {
        self.text(names).and_then(|text| text.parse().ok())
    }

    /// The first of these fields that holds an address.
    pub(super) fn email(self, names: &[&str]) -> Option<Email> {
        names
            .iter()
            .filter_map(|name| self.0.get(*name).and_then(text_of))
            .find_map(|text| Email::parse_mailbox(&text).ok().map(|(email, _)| email))
    }

    pub(super) fn value(self, name: &str) -> Option<&'a Value> {
        self.0.get(name)
    }
}

/// Empty text, null and absence are the same.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        }
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Reads a body as JSON and says where it is broken.
pub(super) fn parse(body: &[u8]) -> Result<Value, Malformed> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Malformed("the body is empty; expected a JSON object".to_owned()));
    }
    let mut value = serde_json::from_slice(body).map_err(|error| {
        Malformed(format!("the body is not JSON: line {}, column {}", error.line(), error.column()))
    })?;
    // JSON can hold the character NUL only as this escape; PostgreSQL keeps it in no text, SQLite ends a text at it.
    if body.windows(NUL_ESCAPE.len()).any(|part| part == NUL_ESCAPE) {
        replace_nul(&mut value);
    }
    Ok(value)
}

const NUL_ESCAPE: &[u8] = br"\u0000";

fn replace_nul(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(replace_nul),
        Value::Object(fields) => {
            fields.values_mut().for_each(replace_nul);
            if fields.keys().any(|name| name.contains('\0')) {
                let renamed = std::mem::take(fields);
                fields.extend(renamed.into_iter().map(|(name, value)| (name.replace('\0', "\u{fffd}"), value)));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A time in any of the forms seen: RFC 3339 with offset or Z and up to nine fraction digits, without offset (UTC), or epoch
/// seconds or milliseconds. None where it is unusable.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(to_micros(time.with_timezone(&Utc)));
    }
    if let Ok(naive) = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
        return Some(to_micros(naive.and_utc()));
    }
    let number: i64 = text.parse().ok()?;
    // Seconds of the year 5138 and milliseconds of 1973 meet here.
    if number.abs() < 100_000_000_000 {
        DateTime::from_timestamp(number, 0)
    } else {
        DateTime::from_timestamp_millis(number)
    }
}

/// Databases keep microseconds; what is finer would make two readings of one event differ.
fn to_micros(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}

/// The time that a payload tells, or that of receipt where it tells none, an unusable one or one that lies ahead.
pub(super) fn occurred(told: Option<DateTime<Utc>>, received_at: DateTime<Utc>) -> (DateTime<Utc>, bool) {
    match told {
        Some(time) if time <= received_at + TimeDelta::seconds(FUTURE_SECONDS_MAX) => (time, true),
        Some(_) | None => (to_micros(received_at), false),
    }
}

/// First and last name of a whole one; an address in its place is no name.
pub(super) fn split_name(name: Option<&str>) -> (Option<String>, Option<String>) {
    let Some(name) = name.filter(|name| !name.contains('@')) else { return (None, None) };
    match name.split_once(' ') {
        Some((first, last)) => (Some(first.to_owned()), Some(last.trim().to_owned())),
        None => (Some(name.to_owned()), None),
    }
}

/// Names of fields that hold secrets or our own address; dropped at any depth before a body is stored.
const SECRET_FIELDS: &[&str] = &[
    "secret_key",
    "secretkey",
    "webhook_url",
    "webhookurl",
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api_key",
    "apikey",
    "api-key",
    "token",
    "access_token",
    "password",
    "secret",
    "webhook-signature",
    "x-signature",
    "x-smartlead-signature",
    "x-webhook-token",
    "x-cal-signature-256",
    "calendly-webhook-signature",
    "subscriberurl",
];

/// Takes secrets out of a body before it is stored.
pub(super) fn strip_secrets(value: &mut Value) {
    match value {
        Value::Object(object) => {
            // n8n's item wrapper is known by our own address in it; without that it must still be known when it is read again.
            let is_wrapper = object.contains_key("headers") && object.contains_key("webhookUrl");
            object.retain(|name, _| !SECRET_FIELDS.iter().any(|secret| name.eq_ignore_ascii_case(secret)));
            if is_wrapper && !object.contains_key("executionMode") {
                object.insert("executionMode".to_owned(), Value::Null);
            }
            object.values_mut().for_each(strip_secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_secrets),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_all_their_forms() {
        let expected = time("2026-10-01T09:00:00Z");
        assert!(expected.is_some());
        for text in [
            "2026-10-01T09:00:00+00:00",
            "2026-10-01T09:00:00.0+00:00",
            "2026-10-01T09:00:00.000Z",
            "2026-10-01T11:00:00.000000+02:00",
            "2026-10-01T09:00:00",
            "1790845200",
            "1790845200000",
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "99999999999999999999"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_ahead_is_that_of_receipt() {
        let received = time("2026-10-01T09:00:00Z").unwrap();
        assert_eq!(occurred(time("2026-10-01T09:05:00Z"), received), (time("2026-10-01T09:05:00Z").unwrap(), true));
        assert_eq!(occurred(time("2026-10-01T09:05:01Z"), received), (received, false));
        assert_eq!(occurred(None, received), (received, false));
    }

    #[test]
    fn secrets_are_taken_out_at_any_depth() {
        let mut value = serde_json::json!({
            "secret_key": "s", "a": {"Authorization": "x", "b": [{"webhook_url": "u", "c": 1}]}, "query": {"token": "t"}
        });
        strip_secrets(&mut value);
        assert_eq!(value, serde_json::json!({"a": {"b": [{"c": 1}]}, "query": {}}));
    }
}
