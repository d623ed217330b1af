//! Google, as the configuration describes it: the mailboxes that are read, and the keys that prove pushes.

use super::Rim;
use crate::config::Config;
use crate::listener::GoogleKeys;
use crate::services::google::{Http, HttpSettings, KeyCache};
use crate::tasks::GmailMailbox;
use crate::wiring;
use anyhow::Context as _;
use std::sync::Arc;

/// None where no client has Gmail.
pub(super) struct Google {
    pub(super) mailboxes: Vec<GmailMailbox>,
    pub(super) keys: Option<GoogleKeys>,
}

pub(super) fn google(config: &Config, rim: &Rim) -> anyhow::Result<Google> {
    let mut settings =
        config.clients.iter().filter_map(|(id, client)| Some((id, client.sources.gmail.as_ref()?))).peekable();
    if settings.peek().is_none() {
        return Ok(Google { mailboxes: Vec::new(), keys: None });
    }
    for (client, _) in settings.filter(|(_, settings)| settings.credentials.is_none()) {
        tracing::info!(%client, "Gmail has no credentials: pushes wait as tasks");
    }
    let http = Http::new(HttpSettings::default(), rim.now.clone())
        .context("make the HTTPS client (are root certificates installed?)")?;
    let mailboxes = wiring::mailboxes(config, &http)?;
    let cache = KeyCache::new(&http, &config.google.certs_url);
    let keys: GoogleKeys = Arc::new(move |key_id| {
        let cache = cache.clone();
        Box::pin(async move { cache.keys_for(&key_id).await.ok() })
    });
    Ok(Google { mailboxes, keys: Some(keys) })
}
