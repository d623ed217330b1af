//! One try of telling a target: a signed POST (Standard Webhooks), never into the network that this service stands in unless that is
//! allowed.

use super::fetch::{PublicOnly, is_public};
use super::{sent, what_broke};
use crate::sources::settings::Secret;
use crate::sources::signature::sign_standard;
use crate::telemetry::Destination;
use chrono::{DateTime, Utc};
use reqwest::Url;
use reqwest::header::HeaderMap;
use std::error::Error as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The whole of a try (Standard Webhooks: 15 to 30 seconds).
const TIMEOUT: Duration = Duration::from_secs(15);
/// What is read of an answer, so that its connection can be used again; nothing in it is used.
const ANSWER_BYTES_MAX: usize = 65_536;
const RETRY_AFTER_MS_MAX: u64 = 3_600_000;

/// What can't be a target, by the key that says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetFault {
    #[error("url can't be read: {0}")]
    Unreadable(String),
    #[error("url must begin with https:// (http:// takes allow_private = true)")]
    NotHttps,
    #[error("url must hold no name and password")]
    Credentials,
    #[error("url names an address of this machine or its networks: that takes allow_private = true")]
    Private,
    #[error("secrets must begin with whsec_, followed by base64")]
    Secret,
    #[error("the HTTPS client can't be made (are root certificates installed?): {0}")]
    Client(String),
}

/// Why a try did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// 410: the target wants no more.
    #[error("the target wants no more (410)")]
    Gone,
    /// 429, 502, 503, 504, or anything with a `Retry-After`: all of the target is to be left alone for a while.
    #[error("the target is overloaded (status {status})")]
    SlowDown { status: u16, retry_after_ms: Option<u64> },
    #[error("the target answers with status {status}")]
    Refused { status: u16 },
    #[error("url leads to an address of this machine or its networks: that takes allow_private = true")]
    NotAllowed,
    #[error("the target can't be reached: {0}")]
    Unreachable(&'static str),
}

/// A target's address with the secrets that sign.
#[derive(Debug, Clone)]
pub struct Notifier {
    client: reqwest::Client,
    url: Url,
    secrets: Vec<Secret>,
    allow_private: bool,
}

impl Notifier {
    pub fn new(url: &str, secrets: Vec<Secret>, allow_private: bool) -> Result<Self, TargetFault> {
        Self::with_timeout(url, secrets, allow_private, TIMEOUT)
    }

    pub fn with_timeout(
        url: &str,
        secrets: Vec<Secret>,
        allow_private: bool,
        timeout: Duration,
    ) -> Result<Self, TargetFault> {
        let url = allowed(url, allow_private)?;
        if secrets.iter().any(|secret| sign_standard(secret, "", 0, b"").is_none()) {
            return Err(TargetFault::Secret);
        }
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            // A redirect is a failure: whoever is told is who is named.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("sales-engine/", env!("CARGO_PKG_VERSION")));
        // A proxy would look the name up itself, so nobody could tell where it leads to.
        let client = if allow_private { client } else { client.no_proxy().dns_resolver(Arc::new(PublicOnly)) };
        let client = client.build().map_err(|error| TargetFault::Client(error.to_string()))?;
        Ok(Self { client, url, secrets, allow_private })
    }

    /// The address, to tell it from another one.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// One try. The id is the same on each, the time is this one's.
    pub async fn send(&self, id: &str, body: &str, at: DateTime<Utc>) -> Result<(), NotifyError> {
        let timestamp = at.timestamp();
        let signatures: Vec<String> =
            self.secrets.iter().filter_map(|secret| sign_standard(secret, id, timestamp, body.as_bytes())).collect();
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signatures.join(" "))
            .body(body.to_owned());
        let mut response = match sent(Destination::Notify, request).await {
            Ok(response) => response,
            Err(error) => return Err(self.unreachable(&error)),
        };
        let status = response.status().as_u16();
        let asked_ms = retry_after_ms(response.headers());
        let mut left = ANSWER_BYTES_MAX;
        // Told is told, whatever becomes of the rest of the answer.
        while let Ok(Some(piece)) = response.chunk().await {
            left = left.saturating_sub(piece.len());
            if left == 0 {
                break;
            }
        }
        match status {
            200..300 => Ok(()),
            410 => Err(NotifyError::Gone),
            429 | 502 | 503 | 504 => Err(NotifyError::SlowDown { status, retry_after_ms: asked_ms }),
            _ if asked_ms.is_some() => Err(NotifyError::SlowDown { status, retry_after_ms: asked_ms }),
            _ => Err(NotifyError::Refused { status }),
        }
    }

    /// Whether anything answers at the address. Nothing is told: a HEAD has no body, and starts no workflow that waits for a POST.
    pub async fn reach(&self) -> Result<(), NotifyError> {
        self.client.head(self.url.clone()).send().await.map(drop).map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &reqwest::Error) -> NotifyError {
        let mut cause = error.source();
        while let Some(inner) = cause {
            if !self.allow_private && inner.to_string() == super::fetch::NOT_PUBLIC {
                return NotifyError::NotAllowed;
            }
            cause = inner.source();
        }
        NotifyError::Unreachable(what_broke(error))
    }
}

/// Names are looked up by [`PublicOnly`] when a connection is made; an address in numbers, which nobody looks up, is looked at here.
fn allowed(text: &str, allow_private: bool) -> Result<Url, TargetFault> {
    let url = Url::parse(text).map_err(|error| TargetFault::Unreadable(error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetFault::Credentials);
    }
    match (url.scheme(), allow_private) {
        ("https", _) | ("http", true) => {}
        _ => return Err(TargetFault::NotHttps),
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    if !allow_private && !host.parse::<IpAddr>().map_or(host.contains('.'), is_public) {
        return Err(TargetFault::Private);
    }
    Ok(url)
}

/// Seconds, as everybody sends it; a date is taken as no wish.
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.saturating_mul(1_000).min(RETRY_AFTER_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_target_lies_inside_unless_that_is_allowed() {
        let private = [
            "https://127.0.0.1/x",
            "https://127.1/x",
            "https://2130706433/x",
            "https://0x7f000001/x",
            "https://0.0.0.0/x",
            "https://10.0.0.1/x",
            "https://172.31.255.255/x",
            "https://192.168.0.1/x",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/x",
            "https://100.127.255.255/x",
            "https://192.0.0.192/x",
            "https://198.18.0.1/x",
            "https://224.0.0.1/x",
            "https://255.255.255.255/x",
            "https://[::]/x",
            "https://[::1]/x",
            "https://[::ffff:127.0.0.1]/x",
            "https://[::ffff:a9fe:a9fe]/x",
            "https://[::127.0.0.1]/x",
            "https://[fc00::1]/x",
            "https://[fd00:ec2::254]/x",
            "https://[fe80::1]/x",
            "https://[ff02::1]/x",
            "https://[64:ff9b::7f00:1]/x",
            "https://[2002:7f00:1::]/x",
            "https://localhost/x",
        ];
        for url in private {
            assert_eq!(allowed(url, false), Err(TargetFault::Private), "{url}");
            assert!(allowed(url, true).is_ok(), "{url}");
        }
        for (url, expected) in [
            ("https://hooks.example.com/x", None),
            ("https://93.184.216.34/x", None),
            ("https://[2606:2800:220:1::1]/x", None),
            ("http://hooks.example.com/x", Some(TargetFault::NotHttps)),
            ("ftp://hooks.example.com/x", Some(TargetFault::NotHttps)),
            ("https://user:secret@hooks.example.com/x", Some(TargetFault::Credentials)),
        ] {
            assert_eq!(allowed(url, false).err(), expected, "{url}");
        }
        assert!(matches!(allowed("nonsense", true), Err(TargetFault::Unreadable(_))));
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_by_the_connection_itself() {
        let secrets = vec![Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
        let at = "2026-11-20T12:00:00Z".parse().unwrap();
        // Its host is a name with a dot, so only the look-up can tell.
        let inside = Notifier::new("https://localhost.localdomain:1/x", secrets.clone(), false).unwrap();
        let refused = inside.send("msg_1", "{}", at).await;
        assert!(matches!(refused, Err(NotifyError::NotAllowed | NotifyError::Unreachable(_))), "{refused:?}");
        let short = Notifier::new("https://hooks.example.com", vec![Secret::new("not-a-standard-secret")], false);
        assert_eq!(short.err(), Some(TargetFault::Secret));
    }
}
