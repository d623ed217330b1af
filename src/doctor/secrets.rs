//! Secrets: is one of them still the example's, easily guessed, or the same in two places?

use super::{Code, Finding};
use crate::config::{ClientConfig, Config};
use crate::sources::settings::Secret;
use std::collections::{BTreeMap, BTreeSet};

/// A text of so many random letters and digits is not guessed over the network, however long somebody tries.
const CHARS_MIN: usize = 16;
/// What opens everything should be more.
const ADMIN_CHARS_MIN: usize = 20;
const DISTINCT_MIN: usize = 6;
/// Parts of what stands in examples, in lower case and without anything but letters.
const PLACEHOLDERS: [&str; 8] =
    ["changeme", "longrandomtext", "yoursecret", "yourtoken", "replaceme", "placeholder", "examplesecret", "xxxxxxxx"];

const MAKE_ONE: &str = "make one with `openssl rand -hex 24`, put it here and at whoever sends it";

/// A secret with the key where it stands.
struct Held<'a> {
    at: String,
    secret: &'a str,
    origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Made up by whoever wrote the configuration.
    Chosen,
    /// The administrator's, chosen too.
    Admin,
    /// Given out by a service: what it is worth is the service's affair, and one may serve several clients.
    Given,
}

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let held = all(config);
    let mut findings: Vec<Finding> = held.iter().filter_map(judged).collect();
    findings.extend(shared(&held));
    if findings.is_empty() && !held.is_empty() {
        findings.push(Finding::well(Code::SecretsWell, "secrets", format!("{} secrets looked at", held.len())));
    }
    findings
}

fn judged(held: &Held<'_>) -> Option<Finding> {
    let text = held.secret;
    let letters: String = text.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    if text.contains('…') || text.contains("...") || PLACEHOLDERS.iter().any(|known| letters.contains(known)) {
        return Some(Finding::new(Code::SecretPlaceholder, &held.at, "it is still the text of an example", MAKE_ONE));
    }
    let (code, chars_min) = match held.origin {
        Origin::Given => return None,
        Origin::Chosen => (Code::SecretWeak, CHARS_MIN),
        Origin::Admin => (Code::AdminTokenWeak, ADMIN_CHARS_MIN),
    };
    let distinct: BTreeSet<char> = text.chars().collect();
    let what = if text.chars().count() < chars_min {
        format!("it has fewer than {chars_min} characters")
    } else if distinct.len() < DISTINCT_MIN {
        format!("it has fewer than {DISTINCT_MIN} different characters")
    } else {
        return None;
    };
    Some(Finding::new(code, &held.at, what, MAKE_ONE))
}

fn shared(held: &[Held<'_>]) -> Vec<Finding> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in held.iter().filter(|one| one.origin != Origin::Given) {
        places.entry(one.secret).or_default().push(&one.at);
    }
    let finding = |at: Vec<&str>| {
        let (first, others) = at.split_first()?;
        let others: Vec<&str> = others.iter().copied().filter(|other| other != first).collect();
        let what = format!("the same secret stands in {}: whoever knows it there may post here", others.join(", "));
        (!others.is_empty()).then(|| Finding::new(Code::SecretShared, *first, what, "give each place its own secret"))
    };
    places.into_values().filter_map(finding).collect()
}

fn all(config: &Config) -> Vec<Held<'_>> {
    let mut held: Vec<Held<'_>> = Vec::new();
    held.extend(password(config.database_url.expose()).map(|secret| Held {
        at: "database_url".to_owned(),
        secret,
        origin: Origin::Given,
    }));
    let shadow = config.shadow.iter().filter_map(|shadow| password(shadow.database_url.expose()));
    held.extend(shadow.map(|secret| Held { at: "shadow.database_url".to_owned(), secret, origin: Origin::Given }));
    held.extend(config.admin_token.iter().map(|secret| at("admin_token", secret, Origin::Admin)));
    if let Some(airtable) = &config.airtable {
        held.push(at("airtable.token", &airtable.token, Origin::Given));
        held.extend(
            airtable.webhook_secrets.iter().map(|secret| at("airtable.webhook_secrets", secret, Origin::Given)),
        );
    }
    if let Some(ai) = &config.ai {
        held.extend(ai.api_key.iter().map(|secret| at("ai.api_key", secret, Origin::Given)));
    }
    if let Some(pinecone) = &config.pinecone {
        held.push(at("pinecone.api_key", &pinecone.api_key, Origin::Given));
        let embeddings = pinecone.embeddings.iter().filter_map(|embeddings| embeddings.api_key.as_ref());
        held.extend(embeddings.map(|secret| at("embeddings.api_key", secret, Origin::Given)));
    }
    for (_, value) in config.telemetry.iter().flat_map(|telemetry| &telemetry.otlp_headers) {
        held.push(at("telemetry.otlp_headers", value, Origin::Given));
    }
    for target in &config.notifications {
        held.extend(target.secrets.iter().map(|secret| at(&format!("{}.secrets", target.key), secret, Origin::Chosen)));
    }
    for (id, client) in &config.clients {
        held.extend(of_client(&format!("clients.{id}"), client));
    }
    held
}

/// The password in the address of a database.
fn password(address: &str) -> Option<&str> {
    let authority = address.split_once("://")?.1.split(['/', '?']).next()?;
    let (_, password) = authority.rsplit_once('@')?.0.split_once(':')?;
    (!password.is_empty()).then_some(password)
}

fn at<'a>(at: &str, secret: &'a Secret, origin: Origin) -> Held<'a> {
    Held { at: at.to_owned(), secret: secret.expose(), origin }
}

fn of_client<'a>(path: &str, client: &'a ClientConfig) -> Vec<Held<'a>> {
    let mut held = Vec::new();
    let mut add = |key: &str, secrets: &'a [Secret], origin: Origin| {
        held.extend(secrets.iter().map(|secret| at(&format!("{path}.{key}"), secret, origin)));
    };
    let sources = &client.sources;
    add("api_tokens", &client.api_tokens, Origin::Chosen);
    if let Some(smartlead) = &sources.smartlead {
        add("smartlead.url_tokens", &smartlead.url_tokens, Origin::Chosen);
        // Smartlead's own, one for the whole account.
        add("smartlead.secrets", &smartlead.secrets, Origin::Given);
        add("smartlead.signature_secrets", &smartlead.signature_secrets, Origin::Given);
        add("smartlead.api_key", smartlead.api_key.as_slice(), Origin::Given);
    }
    if let Some(instantly) = &sources.instantly {
        add("instantly.url_tokens", &instantly.url_tokens, Origin::Chosen);
        add("instantly.secrets", &instantly.secrets, Origin::Chosen);
        add("instantly.api_key", instantly.api_key.as_slice(), Origin::Given);
    }
    if let Some(n8n) = &sources.n8n {
        add("n8n.secrets", &n8n.secrets, Origin::Chosen);
    }
    if let Some(calcom) = &sources.calcom {
        add("calcom.secrets", &calcom.secrets, Origin::Chosen);
    }
    if let Some(calendly) = &sources.calendly {
        add("calendly.secrets", &calendly.secrets, Origin::Given);
    }
    held
}
