//! The ping of a webhook: a signed body to an address of this machine; it carries nothing but that there is something to fetch.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TIMEOUT: Duration = Duration::from_secs(25);
const ANSWER_BYTES_MAX: u64 = 65_536;

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
        tokio::time::timeout(TIMEOUT, self.exchange()).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }

    async fn exchange(&self) -> Result<(), String> {
        let rest = self.url.strip_prefix("http://").ok_or("only http is spoken here")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        if !matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
            return Err("only this machine is pinged".to_owned());
        }
        let address = if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        let request = format!(
            "POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             X-Airtable-Content-MAC: hmac-sha256={}\r\nconnection: close\r\n\r\n{}",
            self.body.len(),
            self.signature,
            self.body
        );
        let mut stream = TcpStream::connect(&address).await.map_err(|error| error.to_string())?;
        stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").ok_or("the answer is no HTTP")?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        // A chunked answer without content is its last chunk alone.
        let is_empty = body.is_empty() || body == "0\r\n\r\n";
        if matches!(status, "200" | "204") && is_empty {
            return Ok(());
        }
        Err(format!("answered {status}{}", if is_empty { "" } else { " with a body" }))
    }
}
