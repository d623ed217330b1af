//! The ping of a webhook: a signed body to an address of this machine; it carries nothing but that there is something to fetch.

use crate::sandbox::post::{Posted, TIMEOUT, post};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

#[derive(Debug)]
pub(in crate::sandbox) struct Ping {
    pub(in crate::sandbox) webhook_id: String,
    url: String,
    body: String,
    signature: String,
}

impl Ping {
    pub(super) fn new(webhook_id: &str, url: &str, body: &Value, secret: &[u8]) -> Self {
        let body = body.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok();
        if let Some(mac) = &mut mac {
            mac.update(body.as_bytes());
        }
        let signature = mac.map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default();
        Self { webhook_id: webhook_id.to_owned(), url: url.to_owned(), body, signature }
    }

    /// Spoils the signature on purpose.
    pub(super) fn forge(&mut self, really: bool) {
        if really {
            self.signature = "0".repeat(64);
        }
    }

    /// Gives why it failed; only 200 or 204 without a body is a success.
    pub(in crate::sandbox) async fn send(&self) -> Result<(), String> {
        let headers = [("X-Airtable-Content-MAC".to_owned(), format!("hmac-sha256={}", self.signature))];
        let Posted { status, body } = post(&self.url, &headers, &self.body, TIMEOUT).await?;
        if matches!(status, 200 | 204) && body.is_empty() {
            return Ok(());
        }
        Err(format!("answered {status}{}", if body.is_empty() { "" } else { " with a body" }))
    }
}
