//! Google: Gmail of one mailbox, access tokens, and the keys of push tokens. One call at a time, its errors by what is to be done
//! about them; pace and repetition are the caller's.

pub mod gmail;
pub mod keys;
mod refusal;
pub mod tokens;
mod wire;

pub use gmail::Gmail;
pub use keys::KeyCache;
pub use tokens::{Credentials, UnreadableKey};

use super::{sent, what_broke};
use crate::telemetry::Destination;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::Duration;

/// Where Google is, unless a sandbox stands in.
pub const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// Longest time that an answer may ask to be left alone for, in milliseconds.
const RETRY_AFTER_MS_MAX: u64 = 3_600_000;

/// The clock, handed down from the rim.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How Google is spoken to.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    pub connect_timeout: Duration,
    /// For a whole call, its answer included.
    pub timeout: Duration,
    /// For the keys of push tokens: a push that waits for them must be answered within ten seconds.
    pub keys_timeout: Duration,
    /// Of every answer but a whole message.
    pub answer_bytes_max: usize,
    /// Of a whole message, decoded.
    pub raw_bytes_max: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            keys_timeout: Duration::from_secs(5),
            answer_bytes_max: 4_194_304,
            raw_bytes_max: 26_214_400,
        }
    }
}

/// The connections to Google, shared by all mailboxes.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    settings: HttpSettings,
    now: Clock,
}

/// Why a call did not do it. No text holds a token or an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GoogleError {
    /// The mailbox (or the whole project) is to be left alone for a while: for as long as is said, else by backoff with jitter.
    #[error("Google's rate limit was reached")]
    RateLimited { retry_after_ms: Option<u64> },
    /// The history from there on is not kept any more: the mailbox must be read anew.
    #[error("Gmail does not keep the history from there on any more")]
    HistoryGone,
    /// The mailbox is disconnected: only a person can cure it, and trying again makes it no better.
    #[error("Google refuses the credentials of the mailbox ({reason}): connect it again")]
    Revoked { reason: String },
    /// Not cured by waiting either: a missing right, a policy, a wrong setting.
    #[error("Google denies it ({reason}): check API, scopes, policies and configuration")]
    Denied { reason: String },
    /// The message is larger than what is read.
    #[error("the message is larger than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
    /// Passing: no connection, no answer in time, half an answer, 5xx.
    #[error("Google is not available: {detail}")]
    Unreachable { detail: String, retry_after_ms: Option<u64> },
    /// An answer that is not foreseen; the same call gives the same answer.
    #[error("Google answered unexpectedly ({status} {reason})")]
    Unexpected { status: u16, reason: String },
}

impl GoogleError {
    /// True where the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unreachable { .. } => true,
            Self::HistoryGone
            | Self::Revoked { .. }
            | Self::Denied { .. }
            | Self::TooLarge { .. }
            | Self::Unexpected { .. } => false,
        }
    }

    fn unreachable(detail: &str) -> Self {
        Self::Unreachable { detail: detail.to_owned(), retry_after_ms: None }
    }
}

impl Http {
    pub fn new(settings: HttpSettings, now: Clock) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, settings, now })
    }

    /// Sends and reads the answer, of at most so many bytes.
    async fn send(&self, request: reqwest::RequestBuilder, bytes_max: usize) -> Result<Answer, Unanswered> {
        let broken = |error: reqwest::Error| Unanswered::Broken(what_broke(&error));
        let mut response = sent(Destination::Google, request).await.map_err(broken)?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (retry_after, cache_control, age) = (header("retry-after"), header("cache-control"), header("age"));
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(broken)? {
            if body.len().saturating_add(piece.len()) > bytes_max {
                return Err(Unanswered::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        let at = (self.now)();
        let retry_after_ms = retry_after.and_then(|text| wait_ms(text.trim(), at));
        Ok(Answer { status, at, retry_after_ms, cache_control, age, body })
    }
}

/// A `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).
fn wait_ms(text: &str, now: DateTime<Utc>) -> Option<u64> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds.saturating_mul(1_000).min(RETRY_AFTER_MS_MAX));
    }
    DateTime::parse_from_rfc2822(text).ok().map(|until| ms_until(until.to_utc(), now))
}

fn ms_until(until: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    u64::try_from((until - now).num_milliseconds()).unwrap_or(0).min(RETRY_AFTER_MS_MAX)
}

/// A whole answer, whatever its status.
struct Answer {
    status: u16,
    at: DateTime<Utc>,
    retry_after_ms: Option<u64>,
    cache_control: Option<String>,
    age: Option<String>,
    body: Vec<u8>,
}

/// Why there is no whole answer.
enum Unanswered {
    Broken(&'static str),
    TooLarge,
}

impl From<Unanswered> for GoogleError {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Broken(detail) => Self::unreachable(detail),
            Unanswered::TooLarge => Self::Unexpected { status: 200, reason: "the answer is too large".to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_in_seconds_or_as_a_date() {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("0", Some(0)),
            ("30", Some(30_000)),
            ("18446744073709551615", Some(RETRY_AFTER_MS_MAX)),
            ("Fri, 20 Nov 2026 12:00:45 GMT", Some(45_000)),
            ("Fri, 20 Nov 2026 11:00:00 GMT", Some(0)),
            ("Sat, 20 Nov 2027 12:00:00 GMT", Some(RETRY_AFTER_MS_MAX)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(wait_ms(text, now), expected, "{text}");
        }
    }
}
