//! The collector of traces: OTLP over HTTP, its protobuf form. It is told of spans alone, and nobody waits for it.

use super::what_broke;
use crate::sources::settings::Secret;
use crate::telemetry::trace::Sent;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum CollectorFault {
    #[error("the address of the collector can't be read")]
    Url,
    #[error("a header for the collector can't be sent")]
    Header,
    #[error("the HTTPS client can't be made (are root certificates installed?)")]
    Client(#[source] reqwest::Error),
}

#[derive(Debug, Clone)]
pub struct Collector {
    client: reqwest::Client,
    url: Url,
}

impl Collector {
    /// `endpoint` is the collector's base, behind which `/v1/traces` is put.
    pub fn new(endpoint: &str, headers: &[(String, Secret)]) -> Result<Self, CollectorFault> {
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|_unread| CollectorFault::Url)?;
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(name.as_str()).map_err(|_odd| CollectorFault::Header)?;
            let mut value = HeaderValue::try_from(value.expose()).map_err(|_odd| CollectorFault::Header)?;
            value.set_sensitive(true);
            all.append(name, value);
        }
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("sales-engine/", env!("CARGO_PKG_VERSION")))
            .default_headers(all)
            .build()
            .map_err(CollectorFault::Client)?;
        Ok(Self { client, url })
    }

    /// One try. What its answer holds beside the status is not looked at: it may repeat what was sent.
    pub async fn send(&self, body: Vec<u8>) -> Sent {
        let request = self.client.post(self.url.clone()).header("content-type", "application/x-protobuf").body(body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Sent::Later { why: what_broke(&error).to_owned(), after: None },
        };
        let status = response.status().as_u16();
        let why = format!("status {status}");
        match status {
            200..300 => Sent::Taken,
            // As OTLP says: these alone are worth another try.
            429 | 502 | 503 | 504 => {
                let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
                let seconds = asked.and_then(|text| text.trim().parse().ok());
                Sent::Later { why, after: seconds.map(Duration::from_secs) }
            }
            _ => Sent::Refused { why },
        }
    }
}
