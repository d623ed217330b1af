//! Posting payloads to a service of ours, for `replay --to` and `demo`.

use bytes::Bytes;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub struct Poster {
    client: reqwest::Client,
    base: String,
}

impl Poster {
    pub fn new(base: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned() })
    }

    /// Of the service that is posted to.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Posts a body to a path (with query); gives status and answer. URLs are kept out of errors, because they may hold tokens.
    pub async fn post(
        &self,
        target: &str,
        headers: &[(String, String)],
        body: String,
    ) -> Result<(u16, Bytes), reqwest::Error> {
        let mut request = self.client.post(format!("{}{target}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status().as_u16();
        Ok((status, response.bytes().await.map_err(reqwest::Error::without_url)?))
    }
}
