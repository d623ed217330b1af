//! The configuration by itself: what is missing, open, or can't work as it stands.

use super::{Code, Finding, secrets};
use crate::config::{AirtableConfig, ClientConfig, Config};
use crate::domain::ids::ClientId;
use crate::sources::settings::ClientSources;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Smartlead posts whole threads; such bodies are seen.
const BODY_BYTES_USUAL: usize = 524_288;
const TRACES: &str = "telemetry.otlp_endpoint";

/// `sqlite://…` needs no key of suppression in the configuration: one lies beside the database.
pub fn findings(config: &Config) -> Vec<Finding> {
    let mut findings = secrets::findings(config);
    findings.extend(service(config));
    findings.extend(suppression(config));
    if config.clients.is_empty() {
        let what = "there is no client, so every webhook is answered with 404";
        findings.push(Finding::new(Code::ClientNone, "clients", what, "add a section [clients.NAME] with its sources"));
    }
    for (id, client) in &config.clients {
        findings.extend(of_client(config, id, client));
    }
    findings.extend(config.airtable.as_ref().and_then(airtable));
    findings.extend(plain_text(config));
    if !config.clients.is_empty() {
        let zones: Vec<String> =
            config.clients.iter().map(|(id, client)| format!("{id} {}", client.time_zone.name())).collect();
        let what = format!("dates are those of the zone: {}", zones.join(", "));
        findings.push(Finding::well(Code::TimeZones, "clients", what));
    }
    findings
}

fn service(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.admin_token.is_none() {
        let to_do = "set admin_token (or SALES_ENGINE_ADMIN_TOKEN) to a long random text";
        findings.push(Finding::new(Code::AdminTokenMissing, "admin_token", "console and HTTP API are shut", to_do));
    }
    if !config.listen.ip().is_loopback() {
        findings.push(Finding::new(
            Code::ListenPublic,
            "listen",
            format!("{} can be reached from other machines, and speaks no TLS", config.listen),
            "listen on 127.0.0.1 behind a proxy with TLS; in a container, publish the port to the proxy alone",
        ));
    }
    if config.limits.body_bytes_max < BODY_BYTES_USUAL {
        let what = format!(
            "{} bytes: Smartlead posts bodies of over 400,000, which are refused then",
            config.limits.body_bytes_max
        );
        findings.push(Finding::new(Code::LimitBody, "body_bytes_max", what, "leave it at 1048576"));
    }
    if !config.schedule.is_on {
        findings.push(Finding::new(
            Code::ScheduleOff,
            "schedule.mode",
            "nothing happens by the clock: no follow-ups, no returns, no renewals",
            "set it to \"on\" in one instance at least, or run `sales-engine sweep` by cron",
        ));
    }
    findings
}

fn suppression(config: &Config) -> Option<Finding> {
    let is_file = config.database_url.expose().starts_with("sqlite:");
    (!is_file && config.rules.suppression.keys.is_empty()).then(|| {
        Finding::new(
            Code::SuppressionKeyMissing,
            "suppression.key",
            "opt-outs are not kept on the list of suppressed addresses, and it is not asked",
            "set it (or SALES_ENGINE_SUPPRESSION_KEY) to a long random text, kept as carefully as the database",
        )
    })
}

fn of_client(config: &Config, id: &ClientId, client: &ClientConfig) -> Vec<Finding> {
    let path = format!("clients.{id}");
    let sources = proofs(&client.sources);
    let mut findings = Vec::new();
    if sources.is_empty() {
        let to_do = "add a section for each platform that posts, like [clients.NAME.smartlead]";
        findings.push(Finding::new(Code::SourceNone, &path, "nobody may post for this client", to_do));
    }
    for source in sources {
        let at = format!("{path}.{}", source.name);
        if source.insecure {
            let what = "whoever knows the address may post anything for this client";
            let to_do = "take `insecure` out and set a secret";
            findings.push(Finding::new(Code::SourceInsecure, format!("{at}.insecure"), what, to_do));
        } else if let Some(missing) = source.missing {
            findings.push(Finding::new(
                Code::SourceUnproven,
                at,
                "every post is refused with 401: no proof is set",
                missing,
            ));
        }
    }
    // A shadow calls nobody: its keys were taken out on purpose.
    if config.shadow.is_none() {
        findings.extend(keys(&path, &client.sources));
    }
    if config.airtable.is_some() && client.name.is_none() && client.airtable_client.is_none() {
        findings.push(Finding::new(
            Code::AirtableClientUnnamed,
            format!("{path}.name"),
            "lead lists and clients of the base can't be told to be this client's",
            "set `name` as in client_name of Airtable's Clients, or airtable_client to the record",
        ));
    }
    findings
}

struct Proof {
    name: &'static str,
    insecure: bool,
    /// What to set where nothing can be proven.
    missing: Option<&'static str>,
}

fn proofs(sources: &ClientSources) -> Vec<Proof> {
    let proof =
        |name, insecure, is_there: bool, missing| Proof { name, insecure, missing: (!is_there).then_some(missing) };
    let mut proofs = Vec::new();
    if let Some(smartlead) = &sources.smartlead {
        let is_there = !smartlead.secrets.is_empty() || !smartlead.url_tokens.is_empty();
        proofs.push(proof("smartlead", smartlead.insecure, is_there, "set `url_tokens` or `secrets`"));
    }
    if let Some(instantly) = &sources.instantly {
        let by_header = instantly.header.is_some() && !instantly.secrets.is_empty();
        let is_there = by_header || !instantly.url_tokens.is_empty();
        proofs.push(proof("instantly", instantly.insecure, is_there, "set `header` and `secrets`, or `url_tokens`"));
    }
    if let Some(n8n) = &sources.n8n {
        proofs.push(proof("n8n", n8n.insecure, !n8n.secrets.is_empty(), "set `secrets`"));
    }
    if let Some(calcom) = &sources.calcom {
        proofs.push(proof("calcom", calcom.insecure, !calcom.secrets.is_empty(), "set `secrets` as at Cal.com"));
    }
    if let Some(calendly) = &sources.calendly {
        let is_there = !calendly.secrets.is_empty();
        proofs.push(proof("calendly", calendly.insecure, is_there, "set `secrets` to the webhook's signing key"));
    }
    if let Some(gmail) = &sources.gmail {
        // Without a topic nothing is pushed, so nothing is to be proven.
        let is_there = gmail.topic.is_none() || gmail.service_account.is_some() && !gmail.audiences.is_empty();
        proofs.push(proof("gmail", gmail.insecure, is_there, "set `audience` and `service_account`"));
    }
    proofs
}

/// What is received and can't be acted on.
fn keys(path: &str, sources: &ClientSources) -> Vec<Finding> {
    let smartlead = sources.smartlead.as_ref().map(|settings| ("smartlead", settings.api_key.is_some()));
    let instantly = sources.instantly.as_ref().map(|settings| ("instantly", settings.api_key.is_some()));
    let mut findings: Vec<Finding> = [smartlead, instantly]
        .into_iter()
        .flatten()
        .filter(|(_, has_key)| !has_key)
        .map(|(name, _)| {
            let what = "sequences are not stopped when somebody replies or opts out: that waits as tasks";
            let to_do = "set `api_key`; see docs/platforms.md";
            Finding::new(Code::PlatformKeyMissing, format!("{path}.{name}.api_key"), what, to_do)
        })
        .collect();
    if sources.gmail.as_ref().is_some_and(|settings| settings.credentials.is_none()) {
        let to_do = "set service_account_key_file, or client_id, client_secret and refresh_tokens; see docs/gmail.md";
        let what = "no mailbox is read: pushes wait as tasks";
        findings.push(Finding::new(Code::GmailCredentials, format!("{path}.gmail"), what, to_do));
    }
    findings
}

fn airtable(airtable: &AirtableConfig) -> Option<Finding> {
    (airtable.webhook_url.is_some() && airtable.webhook_secrets.is_empty()).then(|| {
        Finding::new(
            Code::AirtableWebhookSecret,
            "airtable.webhook_secrets",
            "Airtable's pings are refused: no secret proves them",
            "run `sales-engine airtable webhook` and put the secret that it tells here",
        )
    })
}

/// Keys and personal data over a network in plain text.
fn plain_text(config: &Config) -> Vec<Finding> {
    let is_open =
        |(_, url): &(String, &str)| url.strip_prefix("http://").is_some_and(|rest| !is_this_machine(host_of(rest)));
    let finding = |(at, _): (String, &str)| {
        let what = "keys and addresses go over the network in plain text";
        Finding::new(Code::ServicePlainText, at, what, "let the address begin with https://")
    };
    // A collector in the own network is told nothing that is secret, unless it wants a token.
    let has_token = config.telemetry.as_ref().is_some_and(|telemetry| !telemetry.otlp_headers.is_empty());
    let is_meant = |(at, _): &(String, &str)| has_token || at != TRACES;
    urls(config).into_iter().filter(is_meant).filter(is_open).map(finding).collect()
}

/// Every address of an outside service, with its key.
pub fn urls(config: &Config) -> Vec<(String, &str)> {
    let mut urls: Vec<(String, &str)> = Vec::new();
    if let Some(airtable) = &config.airtable {
        urls.push(("airtable.api_url".to_owned(), &airtable.api_url));
    }
    if let Some(ai) = &config.ai {
        urls.push(("ai.url".to_owned(), &ai.url));
    }
    if let Some(pinecone) = &config.pinecone {
        urls.push(("pinecone.api_url".to_owned(), &pinecone.api_url));
        urls.extend(pinecone.embeddings.iter().map(|own| ("embeddings.url".to_owned(), own.url.as_str())));
    }
    if config.clients.values().any(|client| client.sources.gmail.is_some()) {
        urls.push(("google.api_url".to_owned(), &config.google.api_url));
        urls.push(("google.token_url".to_owned(), &config.google.token_url));
        urls.push(("google.certs_url".to_owned(), &config.google.certs_url));
    }
    for (id, client) in &config.clients {
        let smartlead = client.sources.smartlead.as_ref().and_then(|settings| settings.api_url.as_deref());
        let instantly = client.sources.instantly.as_ref().and_then(|settings| settings.api_url.as_deref());
        urls.extend(smartlead.map(|url| (format!("clients.{id}.smartlead.api_url"), url)));
        urls.extend(instantly.map(|url| (format!("clients.{id}.instantly.api_url"), url)));
    }
    urls.extend(config.telemetry.iter().map(|own| (TRACES.to_owned(), own.otlp_endpoint.as_str())));
    urls.extend(config.notifications.iter().map(|target| (format!("{}.url", target.key), target.url.as_str())));
    urls
}

fn host_of(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| IpAddr::V4(address).is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| IpAddr::V6(address).is_loopback())
}
