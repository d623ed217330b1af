//! Asking a service of ours whether it is well, for `healthcheck`.

use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(4);

/// The status of the answer. It goes straight there: a proxy that the environment names is for the world outside.
pub async fn status(url: &str) -> Result<u16, reqwest::Error> {
    let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
    Ok(client.build()?.get(url).send().await?.status().as_u16())
}
