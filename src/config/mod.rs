//! The configuration: one TOML file, every scalar also as an environment variable. All faults are told at once, each with its
//! place.

mod ai;
mod clients;
mod gmail;
mod notifications;
mod shadow;
mod suppression;
mod telemetry;
mod tree;
mod vectors;

use crate::domain::follow_up::Spans;
use crate::domain::ids::ClientId;
use crate::domain::rules::{Rules, Wants};
use crate::domain::zone::{Zone, Zones};
use crate::sources::settings::{ClientSources, Secret};
pub use ai::AiConfig;
pub use notifications::TargetConfig;
use sha2::{Digest as _, Sha256};
pub use shadow::ShadowConfig;
use std::collections::BTreeMap;
use std::net::SocketAddr;
pub use telemetry::TelemetryConfig;
use tree::{Env, Section};
pub use vectors::{EmbeddingsConfig, PineconeConfig};

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// May hold a password, so it is a secret.
    pub database_url: Secret,
    pub default_client: Option<ClientId>,
    /// Console and API.
    pub admin_token: Option<Secret>,
    pub limits: Limits,
    pub rules: Rules,
    pub schedule: ScheduleConfig,
    /// Absent: promotions wait as tasks.
    pub airtable: Option<AirtableConfig>,
    /// Absent: no language model is asked, and no task for one is written.
    pub ai: Option<AiConfig>,
    pub google: GoogleConfig,
    /// Absent: nothing is indexed.
    pub pinecone: Option<PineconeConfig>,
    pub clients: BTreeMap<ClientId, ClientConfig>,
    /// Who is told what, of all clients and of single ones.
    pub notifications: Vec<TargetConfig>,
    /// The engine only looks on beside another flow; all that calls anybody is absent then.
    pub shadow: Option<ShadowConfig>,
    /// Absent: no traces are made.
    pub telemetry: Option<TelemetryConfig>,
}

/// Every limit of the listener and the intake, with its unit.
#[derive(Debug, Clone)]
pub struct Limits {
    pub body_bytes_max: usize,
    pub connections_max: usize,
    pub queue_max: usize,
    pub batch_max: usize,
    pub head_ms_max: u64,
    pub body_ms_max: u64,
    pub shutdown_ms_max: u64,
    /// Per client; none is no limit.
    pub requests_per_second_max: Option<u32>,
    /// Per caller of the API: the administrator, or a client.
    pub api_requests_per_second_max: u32,
}

/// What comes round by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleConfig {
    /// `serve` runs it; otherwise only `sweep` does.
    pub is_on: bool,
    /// How long the bodies of deliveries are kept; none is for ever.
    pub bodies_days: Option<u32>,
    /// How long tasks that are done are kept; none is for ever.
    pub tasks_days: Option<u32>,
}

#[derive(Debug, Clone)]
pub struct AirtableConfig {
    pub token: Secret,
    pub base_id: String,
    pub api_url: String,
    pub leads_table: String,
    /// Calls of a month that the plan allows; nearing it is told.
    pub monthly_calls_max: Option<u64>,
    /// Where Airtable's webhook posts: this service's `/hooks/airtable` as it is seen from outside.
    pub webhook_url: Option<String>,
    /// The secrets that Airtable gave with its webhooks, base64; any one may match.
    pub webhook_secrets: Vec<Secret>,
    /// How often people's changes are fetched where no ping tells of them.
    pub poll_ms: u64,
    /// Where sheets and files of lead lists are fetched from; a sandbox or a proxy.
    pub sheets_url: String,
    pub drive_url: String,
}

/// Where Google is; a sandbox or a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleConfig {
    pub api_url: String,
    pub token_url: String,
    /// The keys that prove pushes, as a key set (RFC 7517).
    pub certs_url: String,
}

#[derive(Debug, Clone)]
pub struct ClientConfig {
    pub name: Option<String>,
    /// Whose days its dates are.
    pub time_zone: Zone,
    /// The record of this client in Airtable's Clients; else it is found by `name`.
    pub airtable_client: Option<String>,
    /// Tokens of the API that see this client alone.
    pub api_tokens: Vec<Secret>,
    pub sources: ClientSources,
}

/// All that is wrong with a configuration, one fault a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has {} fault(s):\n  {}", .0.len(), .0.join("\n  "))]
pub struct ConfigFaults(pub Vec<String>);

/// Reads the file's text (with the name to show in faults) and the environment, which wins.
pub fn load(file: Option<(&str, &str)>, env: &Env<'_>) -> Result<Config, ConfigFaults> {
    let root = tree::parse(file)?;
    let faults = tree::Faults::default();
    let mut top = Section::root(root.as_ref(), file, env, &faults);
    let listen_text = top.text("listen", &["SALES_ENGINE_LISTEN"]).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listen = top.parsed("listen", &listen_text, "an address like 127.0.0.1:8080", |text| text.parse().ok());
    let database_url = top
        .text("database_url", &["DATABASE_URL", "SALES_ENGINE_DATABASE_URL"])
        .unwrap_or_else(|| "sqlite://sales-engine.db".to_owned());
    if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| database_url.starts_with(scheme)) {
        top.fault("database_url", "must begin with sqlite:// or postgres://");
    }
    let default_client = top.text("default_client", &["SALES_ENGINE_DEFAULT_CLIENT"]).and_then(|text| {
        top.parsed("default_client", &text, "the name of a client", |text| ClientId::parse(text).ok())
    });
    let admin_token = top.token("admin_token", &["SALES_ENGINE_ADMIN_TOKEN"]);
    let limits = limits(&mut top);
    let suppression = suppression::suppression(&mut top);
    let spans = spans(&mut top);
    let pinecone = vectors::pinecone(&mut top);
    let schedule = schedule(&mut top);
    let airtable = airtable(&mut top);
    let (ai, ai_wants) = ai::ai(&mut top);
    let wants = Wants { ai: ai_wants, vectors: pinecone.is_some(), ..Wants::default() };
    let mut rules = Rules { spans, wants, suppression };
    let google = google(&mut top);
    let shadow = shadow::shadow(&mut top, &database_url);
    let telemetry = telemetry::telemetry(&mut top);
    let mut notifications = notifications::targets(&mut top, None);
    let clients = clients::clients(&mut top, &mut notifications);
    rules.wants.blocks = clients::blocks(&clients);
    rules.wants.notifications = notifications::subscriptions(&notifications);
    rules.spans.zones = Zones::new(clients.iter().map(|(id, client)| (id.clone(), client.time_zone)).collect());
    if let Some(client) = default_client.as_ref().filter(|client| !clients.contains_key(client)) {
        top.fault("default_client", &format!("`{client}` has no section [clients.{client}]"));
    }
    for fault in shared_tokens(admin_token.as_ref(), &clients) {
        top.fault("clients", &fault);
    }
    top.finish();
    match (listen, faults.into_list()) {
        (Some(listen), list) if list.is_empty() => {
            let config = Config {
                listen,
                database_url: Secret::new(database_url),
                default_client,
                admin_token,
                limits,
                rules,
                schedule,
                airtable,
                ai,
                google,
                pinecone,
                clients,
                notifications,
                shadow,
                telemetry,
            };
            Ok(if config.shadow.is_some() { config.calling_nobody() } else { config })
        }
        (_, list) => Err(ConfigFaults(list)),
    }
}

/// The line at which a key stands in the file's text, by its path, like `clients.acme.name`.
pub fn line_of_key(text: &str, path: &str) -> Option<usize> {
    tree::line_of_key(text, path)
}

/// A token tells who asks, so no two may have the same.
fn shared_tokens(admin: Option<&Secret>, clients: &BTreeMap<ClientId, ClientConfig>) -> Vec<String> {
    let mut owners: BTreeMap<&str, String> = BTreeMap::new();
    owners.extend(admin.map(|token| (token.expose(), "admin_token".to_owned())));
    let mut faults = Vec::new();
    for (id, client) in clients {
        for token in &client.api_tokens {
            let name = format!("clients.{id}.api_tokens");
            if let Some(other) = owners.insert(token.expose(), name.clone()).filter(|other| *other != name) {
                faults.push(format!("one of `{name}` is one of `{other}` too; give each its own"));
            }
        }
    }
    faults
}

impl Config {
    /// Each target of notifications, with the hash of its address, by which one that said that it wants no more is known.
    pub fn notification_targets(&self) -> Vec<(&str, String)> {
        let hash = |url: &str| hex::encode(Sha256::digest(url.as_bytes()));
        self.notifications.iter().map(|target| (target.name.as_str(), hash(&target.url))).collect()
    }

    /// The sources that accept anything, for the loud warning at every start.
    pub fn insecure_sources(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (id, client) in &self.clients {
            let sources = &client.sources;
            let flags = [
                ("smartlead", sources.smartlead.as_ref().is_some_and(|settings| settings.insecure)),
                ("instantly", sources.instantly.as_ref().is_some_and(|settings| settings.insecure)),
                ("n8n", sources.n8n.as_ref().is_some_and(|settings| settings.insecure)),
                ("calcom", sources.calcom.as_ref().is_some_and(|settings| settings.insecure)),
                ("calendly", sources.calendly.as_ref().is_some_and(|settings| settings.insecure)),
                ("gmail", sources.gmail.as_ref().is_some_and(|settings| settings.insecure)),
            ];
            found.extend(flags.iter().filter(|(_, insecure)| *insecure).map(|(name, _)| format!("{id}/{name}")));
        }
        found
    }
}

fn limits(top: &mut Section<'_>) -> Limits {
    let mut number = |key: &str, default: u64| {
        let variable = format!("SALES_ENGINE_{}", key.to_ascii_uppercase());
        top.number(key, &[&variable], 1..=1_000_000_000).unwrap_or(default)
    };
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Limits {
        body_bytes_max: size(number("body_bytes_max", 1_048_576)),
        connections_max: size(number("connections_max", 1_024)),
        queue_max: size(number("queue_max", 4_096)),
        batch_max: size(number("batch_max", 256)),
        head_ms_max: number("head_ms_max", 10_000),
        body_ms_max: number("body_ms_max", 15_000),
        shutdown_ms_max: number("shutdown_ms_max", 20_000),
        requests_per_second_max: match number("requests_per_second_max", 0) {
            0 => None,
            limit => Some(u32::try_from(limit).unwrap_or(u32::MAX)),
        },
        api_requests_per_second_max: u32::try_from(number("api_requests_per_second_max", 100)).unwrap_or(u32::MAX),
    }
}

fn spans(top: &mut Section<'_>) -> Spans {
    let usual = Spans::default();
    let mut section = top.section_or_empty("follow_up");
    let mut number = |key: &str, default: u32| {
        let variable = format!("SALES_ENGINE_FOLLOW_UP_{}", key.to_ascii_uppercase());
        section.number(key, &[&variable], 0..=1_000).and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
    };
    let spans = Spans {
        re_engagement_months: number("re_engagement_months", usual.re_engagement_months),
        out_of_office_days: number("out_of_office_days", usual.out_of_office_days),
        no_show_days: number("no_show_days", usual.no_show_days),
        silence_days: number("silence_days", usual.silence_days),
        sequence_silence_days: number("sequence_silence_days", usual.sequence_silence_days),
        zones: usual.zones,
    };
    section.finish();
    spans
}

fn schedule(top: &mut Section<'_>) -> ScheduleConfig {
    let mut section = top.section_or_empty("schedule");
    let is_on = match section.text("mode", &["SALES_ENGINE_SCHEDULE_MODE"]).as_deref() {
        None | Some("on") => true,
        Some("off") => false,
        Some(_) => {
            section.fault("mode", "must be \"on\" or \"off\"");
            true
        }
    };
    let mut days = |key: &str, default: u64| {
        let variable = format!("SALES_ENGINE_SCHEDULE_{}", key.to_ascii_uppercase());
        match section.number(key, &[&variable], 0..=36_500).unwrap_or(default) {
            0 => None,
            days => u32::try_from(days).ok(),
        }
    };
    let schedule = ScheduleConfig { is_on, bodies_days: days("bodies_days", 90), tasks_days: days("tasks_days", 30) };
    section.finish();
    schedule
}

fn airtable(top: &mut Section<'_>) -> Option<AirtableConfig> {
    let mut section = top.section_or_env("airtable", &["AIRTABLE_TOKEN", "AIRTABLE_BASE_ID"])?;
    let token = section.secret("token", &["AIRTABLE_TOKEN"]);
    let base_id = section.text("base_id", &["AIRTABLE_BASE_ID"]);
    let api_url =
        section.text("api_url", &["AIRTABLE_API_URL"]).unwrap_or_else(|| "https://api.airtable.com".to_owned());
    let leads_table = section.text("leads_table", &["AIRTABLE_LEADS_TABLE"]).unwrap_or_else(|| "Leads".to_owned());
    let monthly_calls_max = section.number("monthly_calls_max", &["AIRTABLE_MONTHLY_CALLS_MAX"], 1..=1_000_000_000);
    let webhook_url = section.text("webhook_url", &["AIRTABLE_WEBHOOK_URL"]);
    let webhook_secrets = section.secrets("webhook_secrets");
    let poll_seconds = section.number("poll_seconds", &["AIRTABLE_POLL_SECONDS"], 5..=86_400).unwrap_or(60);
    let mut url = |key: &str, usual: &str| {
        let url = section.text(key, &[]).unwrap_or_else(|| usual.to_owned());
        if !url.starts_with("http://") && !url.starts_with("https://") {
            section.fault(key, "must begin with https:// (or http:// for a sandbox)");
        }
        url.trim_end_matches('/').to_owned()
    };
    let sheets_url = url("sheets_url", "https://docs.google.com");
    let drive_url = url("drive_url", "https://drive.google.com");
    if webhook_url.as_ref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://127.0.0.1")) {
        section.fault("webhook_url", "must begin with https://, as in https://sales.example.com/hooks/airtable");
    }
    if !api_url.starts_with("http://") && !api_url.starts_with("https://") {
        section.fault("api_url", "must begin with https:// (or http:// for a sandbox)");
    }
    match &base_id {
        Some(id) if id.starts_with("app") && id.bytes().all(|b| b.is_ascii_alphanumeric()) => {}
        Some(_) => section.fault("base_id", "must begin with `app`, as in the base's address"),
        None => section.fault("base_id", "is missing; set it or AIRTABLE_BASE_ID"),
    }
    if token.is_none() {
        section.fault("token", "is missing; set it or AIRTABLE_TOKEN");
    }
    section.finish();
    Some(AirtableConfig {
        token: token?,
        base_id: base_id?,
        api_url,
        leads_table,
        monthly_calls_max,
        webhook_url,
        webhook_secrets,
        poll_ms: poll_seconds.saturating_mul(1_000),
        sheets_url,
        drive_url,
    })
}

fn google(top: &mut Section<'_>) -> GoogleConfig {
    let mut section = top.section_or_empty("google");
    let mut url = |key: &str, variable: &str, usual: &str| {
        let url = section.text(key, &[variable]).unwrap_or_else(|| usual.to_owned());
        if !url.starts_with("http://") && !url.starts_with("https://") {
            section.fault(key, "must begin with https:// (or http:// for a sandbox)");
        }
        url.trim_end_matches('/').to_owned()
    };
    let google = GoogleConfig {
        api_url: url("api_url", "GOOGLE_API_URL", "https://gmail.googleapis.com"),
        token_url: url("token_url", "GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token"),
        certs_url: url("certs_url", "GOOGLE_CERTS_URL", "https://www.googleapis.com/oauth2/v3/certs"),
    };
    section.finish();
    google
}

#[cfg(test)]
mod tests;
