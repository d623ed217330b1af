//! What a refusal means, from its status and its reason (Gmail API, "Resolve errors"; AIP-193; RFC 6749, 5.2).

use super::{Answer, GoogleError, ms_until};
use chrono::{DateTime, Utc};
use serde_json::Value;

const REASON_CHARS_MAX: usize = 60;
/// Too much at once or within a minute: cured by waiting.
const RATE_REASONS: [&str; 4] =
    ["rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"];
/// Of a day, or in short only cured by a person.
const DAILY_REASONS: [&str; 2] = ["dailyLimitExceeded", "dailyLimitExceededUnreg"];

/// A refused call of the API; 401 is the caller's, who may renew the token once.
pub(super) fn of_api(answer: &Answer) -> GoogleError {
    let said = Said::read(&answer.body);
    let reason = said.reason.clone();
    let retry_after_ms = answer.retry_after_ms.or_else(|| said.until.map(|until| ms_until(until, answer.at)));
    match answer.status {
        401 => GoogleError::Revoked { reason },
        403 | 429 if said.is_daily => GoogleError::Denied { reason },
        429 => GoogleError::RateLimited { retry_after_ms },
        403 if said.is_rate => GoogleError::RateLimited { retry_after_ms },
        403 => GoogleError::Denied { reason },
        // No mailbox behind the account, or Gmail switched off for it.
        400 if said.all.iter().any(|one| one == "failedPrecondition" || one == "FAILED_PRECONDITION") => {
            GoogleError::Denied { reason }
        }
        408 | 500..=599 => {
            GoogleError::Unreachable { detail: format!("status {} {reason}", answer.status), retry_after_ms }
        }
        status => GoogleError::Unexpected { status, reason },
    }
}

/// A refusal of the token endpoint.
pub(super) fn of_token(answer: &Answer) -> GoogleError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let error = code(text("error"));
    let retry_after_ms = answer.retry_after_ms;
    match (answer.status, error.as_str()) {
        (429, _) => GoogleError::RateLimited { retry_after_ms },
        (408 | 500..=599, _) | (_, "internal_failure" | "server_error" | "temporarily_unavailable") => {
            GoogleError::Unreachable { detail: format!("status {} {error}", answer.status), retry_after_ms }
        }
        (_, "invalid_grant" | "unauthorized_client") => {
            // The description may name the account, so only what is known of it is told.
            let why = match (text("error_subtype"), text("error_description")) {
                ("", description) if description.contains("iat and exp") => {
                    ", the times in the assertion: is the clock of this machine right?".to_owned()
                }
                ("", _) => String::new(),
                (subtype, _) => format!(", {}", code(subtype)),
            };
            GoogleError::Revoked { reason: format!("{error}{why}") }
        }
        (400..=499, error) if !error.is_empty() => GoogleError::Denied { reason: error.to_owned() },
        (status, _) => GoogleError::Unexpected { status, reason: error },
    }
}

/// What an error of the API says of itself.
struct Said {
    /// The older `errors[].reason`, the `status`, and the reasons in `details`.
    all: Vec<String>,
    /// The first of them.
    reason: String,
    is_rate: bool,
    is_daily: bool,
    /// Gmail tells in the message how long a user is to wait, as in `Retry after 2026-11-20T12:15:00.000Z`.
    until: Option<DateTime<Utc>>,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let list = |pointer: &str| body.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(code);
        let mut all: Vec<String> = list("/error/errors").filter_map(|error| text(error, "reason")).collect();
        all.extend(list("/error/details").filter_map(|detail| text(detail, "reason")));
        all.extend(body.pointer("/error/status").and_then(Value::as_str).map(code));
        // A quota tells its unit, as in `1/d/{project}`.
        let units = || list("/error/details").filter_map(|detail| detail.pointer("/metadata/quota_unit"));
        let is_a_day = units().filter_map(Value::as_str).any(|unit| unit.starts_with("1/d"));
        let is_daily = is_a_day || all.iter().any(|one| DAILY_REASONS.contains(&one.as_str()));
        let is_rate = all.iter().any(|one| RATE_REASONS.contains(&one.as_str()));
        let message = body.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
        let time = message.split_once("Retry after ").and_then(|(_, rest)| rest.split_whitespace().next());
        let until = time.and_then(|time| DateTime::parse_from_rfc3339(time).ok()).map(|time| time.to_utc());
        Self { reason: all.first().cloned().unwrap_or_default(), all, is_rate, is_daily, until }
    }
}

/// A reason as a word of a machine: whatever else stands there may be an address or a token.
fn code(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if text.chars().all(is_word) { text.chars().take(REASON_CHARS_MAX).collect() } else { "unknown".to_owned() }
}
