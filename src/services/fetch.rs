//! Fetching files that people name by a link: into a file, bounded, and never from inside the network that this service stands in.

use super::{sent, what_broke};
use crate::telemetry::Destination;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two pieces of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
const REDIRECTS_MAX: usize = 5;

/// Why a file was not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Coming again with the same does not help.
    #[error("{0}")]
    Refused(String),
    #[error("the file can't be fetched now: {0}")]
    Unavailable(String),
}

/// What was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub bytes: u64,
    pub content_type: String,
}

#[derive(Debug, Clone)]
pub struct Fetcher {
    /// For addresses that people name.
    guarded: reqwest::Client,
    /// For hosts that the configuration names.
    trusted: reqwest::Client,
}

impl Fetcher {
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = || reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT);
        let redirects = reqwest::redirect::Policy::custom(|attempt| {
            if attempt.previous().len() > REDIRECTS_MAX {
                attempt.error("too many redirects")
            } else if is_allowed(attempt.url()) {
                attempt.follow()
            } else {
                attempt.error("a redirect to an address that is not public")
            }
        });
        Ok(Self {
            guarded: client().redirect(redirects).dns_resolver(Arc::new(PublicOnly)).build()?,
            trusted: client().redirect(reqwest::redirect::Policy::limited(REDIRECTS_MAX)).build()?,
        })
    }

    /// Fetches a file of at most so many bytes. `is_trusted` for hosts that the configuration names.
    pub async fn fetch(&self, url: &str, is_trusted: bool, into: &Path, bytes_max: u64) -> Result<Fetched, FetchError> {
        let url =
            Url::parse(url).map_err(|error| FetchError::Refused(format!("the address can't be read: {error}")))?;
        if !is_trusted && !is_allowed(&url) {
            return Err(FetchError::Refused("the address must begin with https:// and be a public one".to_owned()));
        }
        let client = if is_trusted { &self.trusted } else { &self.guarded };
        let mut response = sent(Destination::Files, client.get(url)).await.map_err(|error| unavailable(&error))?;
        match response.status().as_u16() {
            200 => {}
            401 | 403 => {
                return Err(FetchError::Refused(
                    "it is not shared: everybody who has the link must be able to read it".to_owned(),
                ));
            }
            404 | 410 => return Err(FetchError::Refused("it is not there (404): is the link right?".to_owned())),
            status if status < 500 && status != 429 => {
                return Err(FetchError::Refused(format!("its host answers with status {status}")));
            }
            status => return Err(FetchError::Unavailable(format!("status {status}"))),
        }
        let content_type = response
            .headers()
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let kept = |error: io::Error| FetchError::Unavailable(format!("it can't be kept: {error}"));
        let mut file = tokio::fs::File::create(into).await.map_err(kept)?;
        let mut bytes = 0_u64;
        while let Some(piece) = response.chunk().await.map_err(|error| unavailable(&error))? {
            bytes = bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if bytes > bytes_max {
                return Err(FetchError::Refused(format!("it is larger than {bytes_max} bytes")));
            }
            file.write_all(&piece).await.map_err(kept)?;
        }
        file.flush().await.map_err(kept)?;
        Ok(Fetched { bytes, content_type })
    }
}

fn unavailable(error: &reqwest::Error) -> FetchError {
    if error.is_redirect() {
        return FetchError::Refused("it redirects too often, or to an address that is not public".to_owned());
    }
    FetchError::Unavailable(what_broke(error).to_owned())
}

/// A name is looked up by [`PublicOnly`]; an address in numbers is looked at here.
fn is_allowed(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    url.scheme() == "https" && host.parse::<IpAddr>().map_or(host.contains('.'), is_public)
}

/// What a look-up says that found nothing else.
pub(super) const NOT_PUBLIC: &str = "the name has no public address";

/// Looks names up and gives only public addresses, so that no name leads inside.
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(io::Error::other(NOT_PUBLIC).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Neither this machine nor its networks (IANA special-purpose address registries).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || a == 100 && (64..128).contains(&b)
                || a == 198 && (18..20).contains(&b)
                || a == 192 && b == 0 && c == 0)
        }
        IpAddr::V6(v6) => match v6.to_ipv4() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => {
                !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_multicast()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local()
                    // Documentation, and IPv4 addresses in the guise of NAT64.
                    || v6.segments().starts_with(&[0x2001, 0x0db8])
                    || v6.segments().starts_with(&[0x0064, 0xff9b])
                    // 6to4 and Teredo, which carry IPv4 addresses too.
                    || v6.segments().starts_with(&[0x2002])
                    || v6.segments().starts_with(&[0x2001, 0]))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_fetched_from() {
        for (address, expected) in [
            ("93.184.216.34", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("::ffff:127.0.0.1", false),
            ("64:ff9b::7f00:1", false),
            ("2606:2800:220:1:248:1893:25c8:1946", true),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
        for (url, expected) in [
            ("https://example.com/a.csv", true),
            ("http://example.com/a.csv", false),
            ("https://127.0.0.1/a.csv", false),
            ("https://[::1]/a.csv", false),
            ("https://2130706433/a.csv", false),
            ("https://localhost/a.csv", false),
            ("ftp://example.com/a.csv", false),
        ] {
            assert_eq!(is_allowed(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn an_address_inside_is_refused_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let fetcher = Fetcher::new().unwrap();
        let into = folder.path().join("x");
        for url in ["https://127.0.0.1:1/x", "http://example.com/x", "nonsense"] {
            let refused = fetcher.fetch(url, false, &into, 10).await;
            assert!(matches!(refused, Err(FetchError::Refused(_))), "{url}: {refused:?}");
        }
        let inside = fetcher.fetch("https://localhost.localdomain:1/x", false, &into, 10).await;
        assert!(inside.is_err(), "a name of this machine: {inside:?}");
        assert!(!into.exists());
    }
}
