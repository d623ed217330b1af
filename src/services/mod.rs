//! Clients of outside services. The only place where reqwest is named.

pub mod ai;
pub mod airtable;
pub mod collector;
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

use crate::telemetry::{self, Destination, trace};

/// Sends a request and counts it, with how long the head of its answer took.
async fn sent(destination: Destination, request: reqwest::RequestBuilder) -> Result<reqwest::Response, reqwest::Error> {
    let begun = tokio::time::Instant::now();
    let result = if trace::current().is_kept() {
        // Large, and hardly ever under way: it shall not lie in the frame of whoever waits.
        Box::pin(sent_in_trace(destination, request)).await
    } else {
        request.send().await
    };
    let status = result.as_ref().ok().map(|response| response.status().as_u16());
    telemetry::asked(destination, status, begun.elapsed());
    result
}

/// The same as a part of the present work. Whoever is told of what happens here can go on with its trace; it is nobody else's affair.
async fn sent_in_trace(
    destination: Destination,
    request: reqwest::RequestBuilder,
) -> Result<reqwest::Response, reqwest::Error> {
    let (client, request) = request.build_split();
    let mut request = request?;
    let span = trace::outside(destination.as_str(), request.method().as_str());
    let traceparent = span.traceparent().filter(|_| destination == Destination::Notify);
    if let Some(value) = traceparent.and_then(|value| reqwest::header::HeaderValue::try_from(value).ok()) {
        request.headers_mut().insert("traceparent", value);
    }
    let result = client.execute(request).await;
    span.answered(result.as_ref().ok().map(|response| response.status().as_u16()));
    span.end();
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
