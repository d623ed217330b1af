//! A POST to an address of this machine, as an outside service posts its webhooks: one try, no redirects.

use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const ANSWER_BYTES_MAX: u64 = 1_048_576;

/// How long the services without a documented limit wait.
pub(super) const TIMEOUT: Duration = Duration::from_secs(25);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub status: u16,
    pub body: String,
}

impl Posted {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Posts JSON; gives why nothing was answered.
pub(super) async fn post(
    url: &str,
    headers: &[(String, String)],
    body: &str,
    timeout: Duration,
) -> Result<Posted, String> {
    tokio::time::timeout(timeout, exchange(url, headers, body))
        .await
        .unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn exchange(url: &str, headers: &[(String, String)], body: &str) -> Result<Posted, String> {
    let rest = url.strip_prefix("http://").ok_or("only http is spoken here")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if !matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
        return Err("only this machine is posted to".to_owned());
    }
    let address = if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(&address).await.map_err(|error| error.to_string())?;
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("the answer is no HTTP")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("the answer has no status")?;
    // A chunked answer without content is its last chunk alone.
    let body = if body == "0\r\n\r\n" { "" } else { body };
    Ok(Posted { status, body: body.to_owned() })
}
