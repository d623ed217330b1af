//! Is a service there at all? One request that says nothing and asks for nothing; any answer will do, and its clock is looked at.

use super::what_broke;
use chrono::{DateTime, Utc};
use std::error::Error as _;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub status: u16,
    /// The answer's `Date`.
    pub date: Option<DateTime<Utc>>,
}

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    #[error("{0}")]
    Unreachable(&'static str),
    /// Somebody is there, and TLS does not hold.
    #[error("{0}")]
    Tls(String),
}

#[derive(Debug, Clone)]
pub struct Probe {
    client: reqwest::Client,
}

impl Probe {
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client })
    }

    /// Asks for the head of an address, without a key.
    pub async fn reach(&self, url: &str) -> Result<Reached, ProbeError> {
        let response = self.client.head(url).send().await.map_err(|error| broken(&error))?;
        let date = response.headers().get("date").and_then(|value| value.to_str().ok());
        let date = date.and_then(|text| DateTime::parse_from_rfc2822(text).ok()).map(|date| date.to_utc());
        Ok(Reached { status: response.status().as_u16(), date })
    }
}

/// TLS's own words hold a host's name at most, never a path.
fn broken(error: &reqwest::Error) -> ProbeError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        let is_tls = ["certificate", "received corrupt message", "received fatal alert", "TLS", "tls handshake"];
        if is_tls.iter().any(|word| text.contains(word)) {
            return ProbeError::Tls(text);
        }
        cause = inner.source();
    }
    ProbeError::Unreachable(what_broke(error))
}
