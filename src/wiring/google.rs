//! The mailboxes that are read.

use super::WiringError;
use crate::config::Config;
use crate::domain::ids::{ClientId, Email};
use crate::mail::Us;
use crate::services::google::{Credentials, Gmail, Http};
use crate::sources::settings::{GmailCredentials, GmailSettings, Secret};
use crate::tasks::GmailMailbox;
use serde::Deserialize;
use std::sync::Arc;

/// What is needed of the JSON key that Google gives out for a service account.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
}

/// Those of all clients that have credentials.
pub fn mailboxes(config: &Config, http: &Http) -> Result<Vec<GmailMailbox>, WiringError> {
    let mut mailboxes = Vec::new();
    for (client_id, client) in &config.clients {
        let Some(settings) = &client.sources.gmail else { continue };
        if let Some(credentials) = &settings.credentials {
            mailboxes.extend(opened(config, http, client_id, settings, credentials)?);
        }
    }
    Ok(mailboxes)
}

fn opened(
    config: &Config,
    http: &Http,
    client_id: &ClientId,
    settings: &GmailSettings,
    credentials: &GmailCredentials,
) -> Result<Vec<GmailMailbox>, WiringError> {
    let us = Arc::new(Us { mailboxes: settings.mailboxes.clone() });
    let of_mailbox = credentials_of(client_id, credentials)?;
    let mut mailboxes = Vec::with_capacity(settings.mailboxes.len());
    for address in &settings.mailboxes {
        let Some(credentials) = of_mailbox(address) else { continue };
        let google = &config.google;
        let gmail =
            Gmail::new(http, &google.api_url, &google.token_url, credentials, address.as_str()).map_err(|error| {
                let (client, mailbox) = (client_id.to_string(), address.to_string());
                WiringError::Mailbox { client, mailbox, source: error.into() }
            })?;
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

fn credentials_of(client_id: &ClientId, credentials: &GmailCredentials) -> Result<CredentialsOf, WiringError> {
    Ok(match credentials.clone() {
        GmailCredentials::RefreshTokens { client_id, client_secret, by_mailbox } => Box::new(move |address| {
            Some(Credentials::RefreshToken {
                client_id: client_id.clone(),
                client_secret: client_secret.clone(),
                refresh_token: by_mailbox.get(address)?.clone(),
            })
        }),
        GmailCredentials::ServiceAccount { key_file } => {
            let key = key_of(client_id, key_file)?;
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

fn key_of(client_id: &ClientId, file: String) -> Result<KeyFile, WiringError> {
    let client = client_id.to_string();
    match std::fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).map_err(|_| WiringError::NoKey { client, file }),
        Err(source) => Err(WiringError::KeyFile { client, file, source }),
    }
}
