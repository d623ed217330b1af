//! A client's mailboxes at Gmail.

use super::tree::Section;
use crate::domain::ids::Email;
use crate::sources::settings::{GmailCredentials, GmailSettings, Secret};
use std::collections::BTreeMap;

pub(super) fn gmail(mut section: Section<'_>) -> GmailSettings {
    let mailboxes = mailboxes(&mut section);
    let credentials = credentials(&mut section, &mailboxes);
    let poll_seconds = section.number("poll_seconds", &[], 10..=86_400).unwrap_or(300);
    let settings = GmailSettings {
        audiences: section.texts("audience"),
        service_account: section.text("service_account", &[]),
        mailboxes,
        topic: topic(&mut section),
        credentials,
        poll_ms: i64::try_from(poll_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX),
        units_per_minute: number(&mut section, "units_per_minute", 100..=1_200_000, 6_000),
        full_sync_days: number(&mut section, "full_sync_days", 1..=365, 14),
        insecure: section.flag("insecure"),
    };
    match (settings.audiences.is_empty(), &settings.service_account) {
        (true, Some(_)) => section.fault("audience", "is missing: the `aud` of Google's tokens is compared with it"),
        (false, None) => {
            section.fault(
                "service_account",
                "is missing: a token without it proves only that some account of Google's sent it",
            );
        }
        (true, None) if settings.topic.is_some() && !settings.insecure => {
            section
                .fault("audience", "is missing: without it and `service_account` every push to the topic is refused");
        }
        (true, None) | (false, Some(_)) => {}
    }
    section.finish();
    settings
}

fn number(section: &mut Section<'_>, key: &str, range: std::ops::RangeInclusive<u64>, usual: u32) -> u32 {
    section.number(key, &[], range).and_then(|number| u32::try_from(number).ok()).unwrap_or(usual)
}

fn mailboxes(section: &mut Section<'_>) -> Vec<Email> {
    let mut mailboxes: Vec<Email> = Vec::new();
    for text in section.texts("mailboxes") {
        match Email::parse(&text) {
            Ok(mailbox) if mailboxes.contains(&mailbox) => {}
            Ok(mailbox) => mailboxes.push(mailbox),
            Err(error) => section.fault("mailboxes", &format!("must be addresses: {error}")),
        }
    }
    if mailboxes.is_empty() {
        section.fault("mailboxes", "must name at least one mailbox, like [\"sales@acme.example\"]");
    }
    mailboxes
}

fn topic(section: &mut Section<'_>) -> Option<String> {
    let topic = section.text("topic", &[])?;
    let parts: Vec<&str> = topic.split('/').collect();
    let is_topic =
        matches!(parts.as_slice(), ["projects", project, "topics", name] if !project.is_empty() && !name.is_empty());
    if !is_topic {
        section.fault("topic", "must look like projects/PROJECT/topics/NAME");
    }
    Some(topic)
}

fn credentials(section: &mut Section<'_>, mailboxes: &[Email]) -> Option<GmailCredentials> {
    let client_id = section.text("client_id", &[]);
    let client_secret = section.secret("client_secret", &[]);
    let tokens = refresh_tokens(section, mailboxes);
    let key_file = section.text("service_account_key_file", &[]);
    match (key_file, client_id, client_secret, tokens) {
        (None, None, None, None) => None,
        (Some(key_file), None, None, None) => Some(GmailCredentials::ServiceAccount { key_file }),
        (None, Some(client_id), Some(client_secret), Some(by_mailbox)) => {
            Some(GmailCredentials::RefreshTokens { client_id, client_secret, by_mailbox })
        }
        (Some(_), ..) => {
            section.fault("service_account_key_file", "stands beside OAuth's keys: set one of both ways");
            None
        }
        (None, client_id, client_secret, tokens) => {
            for (key, is_missing) in [
                ("client_id", client_id.is_none()),
                ("client_secret", client_secret.is_none()),
                ("refresh_tokens", tokens.is_none()),
            ] {
                if is_missing {
                    section.fault(key, "is missing: OAuth needs client_id, client_secret and refresh_tokens");
                }
            }
            None
        }
    }
}

fn refresh_tokens(section: &mut Section<'_>, mailboxes: &[Email]) -> Option<BTreeMap<Email, Secret>> {
    let mut tokens = section.section("refresh_tokens")?;
    let mut by_mailbox = BTreeMap::new();
    for key in tokens.keys() {
        let Some(token) = tokens.secret(&key, &[]) else { continue };
        match Email::parse(&key).ok().filter(|mailbox| mailboxes.contains(mailbox)) {
            Some(mailbox) => {
                by_mailbox.insert(mailbox, token);
            }
            None => tokens.fault(&key, "is none of `mailboxes`"),
        }
    }
    for mailbox in mailboxes.iter().filter(|mailbox| !by_mailbox.contains_key(mailbox)) {
        tokens.fault(mailbox.as_str(), "is missing: each of `mailboxes` needs a refresh token");
    }
    tokens.finish();
    Some(by_mailbox)
}
