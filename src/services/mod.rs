//! Clients of outside services. The only place where reqwest is named.

pub mod ai;
pub mod airtable;
pub mod embeddings;
pub mod fetch;
pub mod google;
pub mod health;
pub mod instantly;
pub mod notify;
pub mod pinecone;
pub mod platform;
pub mod post;
pub mod probe;
pub mod smartlead;
pub mod vector_error;
pub mod vectors;

use crate::telemetry::{self, Destination};

/// Sends a request and counts it, with how long the head of its answer took.
async fn sent(destination: Destination, request: reqwest::RequestBuilder) -> Result<reqwest::Response, reqwest::Error> {
    let begun = tokio::time::Instant::now();
    let result = request.send().await;
    let status = result.as_ref().ok().map(|response| response.status().as_u16());
    telemetry::asked(destination, status, begun.elapsed());
    result
}

/// What kept a request from being answered. Without the address, which may hold a token.
fn what_broke(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    }
}

fn percent_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
