//! Google, as the configuration describes it: the mailboxes that are read, and the keys that prove pushes.

use super::Rim;
use crate::config::Config;
use crate::domain::ids::{ClientId, Email};
use crate::listener::GoogleKeys;
use crate::mail::Us;
use crate::services::google::{Credentials, Gmail, Http, HttpSettings, KeyCache};
use crate::sources::settings::{GmailCredentials, GmailSettings, Secret};
use crate::tasks::GmailMailbox;
use anyhow::Context as _;
use serde::Deserialize;
use std::sync::Arc;

/// What is needed of the JSON key that Google gives out for a service account.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
}

/// None where no client has Gmail.
pub(super) struct Google {
    pub(super) mailboxes: Vec<GmailMailbox>,
    pub(super) keys: Option<GoogleKeys>,
}

pub(super) fn google(config: &Config, rim: &Rim) -> anyhow::Result<Google> {
    let clients: Vec<(&ClientId, &GmailSettings)> =
        config.clients.iter().filter_map(|(id, client)| Some((id, client.sources.gmail.as_ref()?))).collect();
    if clients.is_empty() {
        return Ok(Google { mailboxes: Vec::new(), keys: None });
    }
    let http = Http::new(HttpSettings::default(), rim.now.clone())
        .context("make the HTTPS client (are root certificates installed?)")?;
    let mut mailboxes = Vec::new();
    for (client_id, settings) in clients {
        if let Some(credentials) = &settings.credentials {
            mailboxes.extend(opened(config, &http, client_id, settings, credentials)?);
        } else {
            tracing::info!(client = %client_id, "Gmail has no credentials: pushes wait as tasks");
        }
    }
    let cache = KeyCache::new(&http, &config.google.certs_url);
    let keys: GoogleKeys = Arc::new(move |key_id| {
        let cache = cache.clone();
        Box::pin(async move { cache.keys_for(&key_id).await.ok() })
    });
    Ok(Google { mailboxes, keys: Some(keys) })
}

fn opened(
    config: &Config,
    http: &Http,
    client_id: &ClientId,
    settings: &GmailSettings,
    credentials: &GmailCredentials,
) -> anyhow::Result<Vec<GmailMailbox>> {
    let us = Arc::new(Us { mailboxes: settings.mailboxes.clone() });
    let of_mailbox = credentials_of(client_id, credentials)?;
    let mut mailboxes = Vec::with_capacity(settings.mailboxes.len());
    for address in &settings.mailboxes {
        let Some(credentials) = of_mailbox(address) else { continue };
        let google = &config.google;
        let gmail = Gmail::new(http, &google.api_url, &google.token_url, credentials, address.as_str())
            .with_context(|| format!("open the mailbox {address} of the client {client_id}"))?;
        mailboxes.push(GmailMailbox {
            client_id: client_id.clone(),
            address: address.clone(),
            gmail,
            us: Arc::clone(&us),
            topic: settings.topic.clone(),
            poll_ms: settings.poll_ms,
            units_per_minute: settings.units_per_minute,
            full_sync_days: settings.full_sync_days,
        });
    }
    Ok(mailboxes)
}

type CredentialsOf = Box<dyn Fn(&Email) -> Option<Credentials>>;

fn credentials_of(client_id: &ClientId, credentials: &GmailCredentials) -> anyhow::Result<CredentialsOf> {
    Ok(match credentials.clone() {
        GmailCredentials::RefreshTokens { client_id, client_secret, by_mailbox } => Box::new(move |address| {
            Some(Credentials::RefreshToken {
                client_id: client_id.clone(),
                client_secret: client_secret.clone(),
                refresh_token: by_mailbox.get(address)?.clone(),
            })
        }),
        GmailCredentials::ServiceAccount { key_file } => {
            let key = key_of(&key_file).with_context(|| {
                format!("read `service_account_key_file` of [clients.{client_id}.gmail] ({key_file})")
            })?;
            Box::new(move |_| {
                Some(Credentials::ServiceAccount {
                    client_email: key.client_email.clone(),
                    private_key_pem: Secret::new(key.private_key.clone()),
                    key_id: key.private_key_id.clone(),
                })
            })
        }
    })
}

fn key_of(path: &str) -> anyhow::Result<KeyFile> {
    let text = std::fs::read_to_string(path)?;
    // The error of the JSON would show what stands there.
    serde_json::from_str(&text).ok().context(
        "it must be the JSON key of a service account, as Google gives it out, with client_email and private_key",
    )
}
