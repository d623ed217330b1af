//! Who is told what: `[notifications.NAME]` for all clients, `[clients.X.notifications.NAME]` for one.

use super::tree::Section;
use crate::domain::ids::ClientId;
use crate::domain::notification::{NotificationKind, Subscription, Subscriptions};
use crate::sources::settings::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Decoded bytes of a secret (Standard Webhooks).
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const AT_ONCE_USUAL: u64 = 16;

/// A target that is told.
#[derive(Debug, Clone)]
pub struct TargetConfig {
    /// `NAME`, or `CLIENT/NAME`.
    pub name: String,
    pub client: Option<ClientId>,
    pub url: String,
    /// Each of them signs.
    pub secrets: Vec<Secret>,
    pub kinds: Vec<NotificationKind>,
    pub allow_private: bool,
    /// Tries side by side; of one contact there is one at most.
    pub at_once_max: usize,
    /// Where it stands in the configuration.
    pub key: String,
}

pub(super) fn targets(within: &mut Section<'_>, client: Option<&ClientId>) -> Vec<TargetConfig> {
    let Some(mut all) = within.section("notifications") else { return Vec::new() };
    let mut targets = Vec::new();
    for name in all.keys() {
        if let Some(section) = all.section(&name) {
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
                all.fault(&name, "must be named with letters, digits, `-`, `_` or `.`");
            }
            targets.extend(target(section, &name, client));
        }
    }
    all.finish();
    targets
}

fn target(mut section: Section<'_>, name: &str, client: Option<&ClientId>) -> Option<TargetConfig> {
    let variable = |key: &str| {
        let path = client.map_or_else(|| name.to_owned(), |client| format!("{client}_{name}"));
        let path: String =
            path.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        format!("SALES_ENGINE_NOTIFICATIONS_{path}_{key}")
    };
    let allow_private = section.flag("allow_private");
    let url = section.text("url", &[&variable("URL")]);
    match &url {
        None => section.fault("url", &format!("is missing; set it or {}", variable("URL"))),
        Some(url) if url.starts_with("https://") || allow_private && url.starts_with("http://") => {}
        Some(_) => section.fault("url", "must begin with https:// (http:// takes allow_private = true)"),
    }
    let mut secrets = section.secrets("secrets");
    secrets.extend(section.secret("secret", &[&variable("SECRET")]));
    if secrets.is_empty() {
        section.fault("secrets", &format!("are missing: at least one whsec_…, here or in {}", variable("SECRET")));
    }
    if !secrets.iter().all(is_standard) {
        section.fault("secrets", "must begin with whsec_, followed by 24 to 64 random bytes as base64");
    }
    let kinds = kinds(&mut section);
    let at_once_max = section.number("at_once_max", &[&variable("AT_ONCE_MAX")], 1..=256).unwrap_or(AT_ONCE_USUAL);
    let key = section.path().to_owned();
    section.finish();
    Some(TargetConfig {
        name: client.map_or_else(|| name.to_owned(), |client| format!("{client}/{name}")),
        client: client.cloned(),
        url: url?,
        secrets,
        kinds,
        allow_private,
        at_once_max: usize::try_from(at_once_max).unwrap_or(1),
        key,
    })
}

fn is_standard(secret: &Secret) -> bool {
    let bytes = secret.expose().strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
    bytes.is_some_and(|bytes| SECRET_BYTES.contains(&bytes.len()))
}

/// All of them where none is named.
fn kinds(section: &mut Section<'_>) -> Vec<NotificationKind> {
    let names = section.texts("kinds");
    if names.is_empty() {
        return NotificationKind::ALL.to_vec();
    }
    let mut kinds = Vec::new();
    for name in names {
        if let Some(kind) = NotificationKind::parse(&name) {
            kinds.push(kind);
        } else {
            let all: Vec<&str> = NotificationKind::ALL.iter().map(|kind| kind.as_str()).collect();
            section.fault("kinds", &format!("must be among: {}", all.join(", ")));
        }
    }
    kinds
}

pub(super) fn subscriptions(targets: &[TargetConfig]) -> Subscriptions {
    let subscription = |target: &TargetConfig| Subscription {
        target: target.name.clone(),
        client: target.client.clone(),
        kinds: target.kinds.clone(),
    };
    Subscriptions::new(targets.iter().map(subscription).collect())
}
