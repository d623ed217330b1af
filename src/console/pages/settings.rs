//! The settings as the program sees them. Of a secret only is told whether it is there.

use super::{Frame, page};
use crate::config::{ClientConfig, Config, ShadowConfig, TargetConfig, TelemetryConfig};
use crate::console::{Page, Visit};
use crate::doctor::{Finding, Report, Severity, settings as doctor};
use crate::domain::ids::ClientId;
use crate::sources::settings::{GmailCredentials, Secret};
use askama::Template;

#[derive(Template)]
#[template(path = "console/settings.html")]
struct Settings<'a> {
    frame: Frame<'a>,
    /// What the doctor says of these settings, the worst first; what is well is left out.
    findings: Vec<Said>,
    sections: Vec<Section>,
}

struct Said {
    severity: &'static str,
    is_fault: bool,
    at: String,
    what: String,
    to_do: String,
}

struct Section {
    name: String,
    rows: Vec<Row>,
}

struct Row {
    key: &'static str,
    value: String,
    is_warning: bool,
}

pub(in crate::console) fn show(visit: &Visit<'_>) -> Page {
    let config = &visit.console.config;
    let mut sections = vec![
        top(config),
        limits(config),
        follow_up(config),
        schedule(config),
        suppression(config),
        airtable(config),
        ai(config),
        pinecone(config),
        google(config),
    ];
    sections.extend(config.telemetry.iter().map(telemetry));
    sections.extend(config.shadow.iter().map(shadow));
    sections.extend(config.notifications.iter().map(notifications));
    sections.extend(config.clients.iter().map(|(id, client)| of_client(id, client)));
    let report = Report::of(doctor::findings(config));
    let findings = report.findings.into_iter().filter(|finding| finding.severity != Severity::Ok).map(said).collect();
    page(200, &Settings { frame: Frame::new(visit, "settings", "Settings"), findings, sections })
}

fn said(finding: Finding) -> Said {
    Said {
        severity: finding.severity.as_str(),
        is_fault: finding.severity == Severity::Fault,
        at: finding.at,
        what: finding.what,
        to_do: finding.to_do,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "values and references alike are shown")]
fn row(key: &'static str, value: impl ToString) -> Row {
    Row { key, value: value.to_string(), is_warning: false }
}

fn secret(key: &'static str, secret: Option<&Secret>) -> Row {
    row(key, if secret.is_some() { "set (hidden)" } else { "not set" })
}

fn secrets(key: &'static str, secrets: &[Secret]) -> Row {
    match secrets.len() {
        0 => row(key, "not set"),
        1 => row(key, "set (hidden)"),
        count => row(key, format!("{count} set (hidden)")),
    }
}

fn maybe(key: &'static str, value: Option<impl ToString>) -> Row {
    row(key, value.map_or_else(|| "not set".to_owned(), |value| value.to_string()))
}

fn insecure(is_insecure: bool) -> Row {
    let value = if is_insecure { "true: posts are accepted without any proof" } else { "false" };
    Row { key: "insecure", value: value.to_owned(), is_warning: is_insecure }
}

fn top(config: &Config) -> Section {
    // The address may hold a password: only what kind of database it is.
    let database = config.database_url.expose().split(':').next().unwrap_or_default();
    Section {
        name: "Service".to_owned(),
        rows: vec![
            row("listen", config.listen),
            row("database_url", format!("{database}:… (hidden)")),
            maybe("default_client", config.default_client.as_ref()),
            secret("admin_token", config.admin_token.as_ref()),
        ],
    }
}

fn limits(config: &Config) -> Section {
    let limits = &config.limits;
    Section {
        name: "Limits".to_owned(),
        rows: vec![
            row("body_bytes_max", limits.body_bytes_max),
            row("connections_max", limits.connections_max),
            row("queue_max", limits.queue_max),
            row("batch_max", limits.batch_max),
            row("head_ms_max", limits.head_ms_max),
            row("body_ms_max", limits.body_ms_max),
            row("shutdown_ms_max", limits.shutdown_ms_max),
            maybe("requests_per_second_max", limits.requests_per_second_max),
            row("api_requests_per_second_max", limits.api_requests_per_second_max),
        ],
    }
}

fn follow_up(config: &Config) -> Section {
    let spans = &config.rules.spans;
    Section {
        name: "Follow-up".to_owned(),
        rows: vec![
            row("re_engagement_months", spans.re_engagement_months),
            row("out_of_office_days", spans.out_of_office_days),
            row("no_show_days", spans.no_show_days),
            row("silence_days", spans.silence_days),
            row("sequence_silence_days", spans.sequence_silence_days),
        ],
    }
}

fn schedule(config: &Config) -> Section {
    let schedule = &config.schedule;
    let days = |days: Option<u32>| days.map_or_else(|| "0: for ever".to_owned(), |days| days.to_string());
    Section {
        name: "Schedule".to_owned(),
        rows: vec![
            row("mode", if schedule.is_on { "on" } else { "off: only `sweep` runs it" }),
            row("bodies_days", days(schedule.bodies_days)),
            row("tasks_days", days(schedule.tasks_days)),
        ],
    }
}

fn suppression(config: &Config) -> Section {
    let suppression = &config.rules.suppression;
    let keys = match suppression.keys.len() {
        0 => row("key", "not set: nobody can be erased, and no opt-out is kept as a hash"),
        1 => row("key", "set (hidden)"),
        count => row("key", format!("set (hidden), with {} old ones", count - 1)),
    };
    Section {
        name: "Suppression".to_owned(),
        rows: vec![keys, row("scope_of_opt_outs", suppression.scope_of_opt_outs)],
    }
}

fn ai(config: &Config) -> Section {
    let delay = |delay: Option<i64>| match delay {
        Some(ms) => format!("true, after {} seconds", ms / 1_000),
        None => "false".to_owned(),
    };
    let wants = &config.rules.wants.ai;
    let rows = match &config.ai {
        None => vec![row("model", "not set: no language model is asked")],
        Some(ai) => vec![
            row("model", &ai.model),
            row("url", &ai.url),
            secret("api_key", ai.api_key.as_ref()),
            row("tokens_per_day_max", ai.tokens_per_day_max),
            row("requests_per_minute", ai.requests_per_minute),
            row("timeout_seconds", ai.timeout_ms / 1_000),
            row("answer_tokens_max", ai.answer_tokens_max),
            row("confidence_min", ai.confidence_min),
            row("classify", delay(wants.classify_after_ms)),
            row("summarise", delay(wants.summarise_after_ms)),
            row("documents", ai.documents),
        ],
    };
    Section { name: "AI".to_owned(), rows }
}

fn pinecone(config: &Config) -> Section {
    let mut rows = match &config.pinecone {
        None => vec![row("index", "not set: nothing is indexed")],
        Some(pinecone) => vec![
            row("index", &pinecone.index),
            secret("api_key", Some(&pinecone.api_key)),
            row("api_url", &pinecone.api_url),
            row("chunk_chars", pinecone.chunk_chars_max),
            row("poll_seconds", pinecone.poll_ms / 1_000),
        ],
    };
    match config.pinecone.as_ref().and_then(|pinecone| pinecone.embeddings.as_ref()) {
        None => rows.push(row("embeddings", "not set: the index has a model of its own")),
        Some(embeddings) => rows.extend([
            row("embeddings", ""),
            row("url", &embeddings.url),
            secret("api_key", embeddings.api_key.as_ref()),
            row("model", &embeddings.model),
            maybe("dimensions", embeddings.dimensions),
        ]),
    }
    Section { name: "Pinecone".to_owned(), rows }
}

fn telemetry(telemetry: &TelemetryConfig) -> Section {
    let names: Vec<String> = telemetry.otlp_headers.iter().map(|(name, _)| format!("{name} (hidden)")).collect();
    Section {
        name: "Telemetry".to_owned(),
        rows: vec![
            row("otlp_endpoint", &telemetry.otlp_endpoint),
            row("otlp_headers", if names.is_empty() { "not set".to_owned() } else { names.join(", ") }),
            row("service_name", &telemetry.service_name),
            row("trace_ratio", telemetry.trace_ratio),
        ],
    }
}

fn shadow(shadow: &ShadowConfig) -> Section {
    let database = shadow.database_url.expose().split(':').next().unwrap_or_default();
    Section {
        name: "Shadow".to_owned(),
        rows: vec![
            row("database_url", format!("{database}:… (hidden)")),
            maybe("schema", shadow.schema.as_ref()),
            row("skip_platforms", shadow.skip_platforms.join(", ")),
            row("examples_max", shadow.examples_max),
            row("left_alone", shadow.left_alone.join(", ")),
        ]
        .into_iter()
        .filter(|row| !row.value.is_empty())
        .collect(),
    }
}

fn notifications(target: &TargetConfig) -> Section {
    let kinds: Vec<&str> = target.kinds.iter().map(|kind| kind.as_str()).collect();
    Section {
        name: format!("Notifications {}", target.name),
        rows: vec![
            // What follows the host may be a secret: n8n's and others' addresses are.
            row("url", origin(&target.url)),
            secrets("secrets", &target.secrets),
            row("kinds", kinds.join(", ")),
            Row {
                key: "allow_private",
                value: if target.allow_private { "true: addresses inside are called" } else { "false" }.to_owned(),
                is_warning: target.allow_private,
            },
            row("at_once_max", target.at_once_max),
        ],
    }
}

/// Scheme and host of an address.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}/… (hidden)")
}

fn airtable(config: &Config) -> Section {
    let rows = match &config.airtable {
        None => vec![row("token", "not set: promotions wait as tasks")],
        Some(airtable) => vec![
            secret("token", Some(&airtable.token)),
            row("base_id", &airtable.base_id),
            row("api_url", &airtable.api_url),
            row("leads_table", &airtable.leads_table),
            maybe("monthly_calls_max", airtable.monthly_calls_max),
            maybe("webhook_url", airtable.webhook_url.as_ref()),
            secrets("webhook_secrets", &airtable.webhook_secrets),
            row("poll_seconds", airtable.poll_ms / 1_000),
            row("sheets_url", &airtable.sheets_url),
            row("drive_url", &airtable.drive_url),
        ],
    };
    Section { name: "Airtable".to_owned(), rows }
}

fn google(config: &Config) -> Section {
    let google = &config.google;
    Section {
        name: "Google".to_owned(),
        rows: vec![
            row("api_url", &google.api_url),
            row("token_url", &google.token_url),
            row("certs_url", &google.certs_url),
        ],
    }
}

fn of_client(id: &ClientId, client: &ClientConfig) -> Section {
    let mut rows = vec![
        maybe("name", client.name.as_ref()),
        row("time_zone", client.time_zone.name()),
        maybe("airtable_client", client.airtable_client.as_ref()),
        secrets("api_tokens", &client.api_tokens),
    ];
    let sources = &client.sources;
    let part = |name: &'static str, is_there: bool| row(name, if is_there { "" } else { "refused: not configured" });
    rows.push(part("smartlead", sources.smartlead.is_some()));
    if let Some(settings) = &sources.smartlead {
        rows.extend([
            secrets("secrets", &settings.secrets),
            secrets("url_tokens", &settings.url_tokens),
            secrets("signature_secrets", &settings.signature_secrets),
            secret("api_key", settings.api_key.as_ref()),
            row("categories", settings.categories.len()),
            row("sequence_steps", settings.sequence_steps.len()),
            insecure(settings.insecure),
        ]);
    }
    rows.push(part("instantly", sources.instantly.is_some()));
    if let Some(settings) = &sources.instantly {
        rows.extend([
            maybe("header", settings.header.as_ref()),
            secrets("secrets", &settings.secrets),
            secrets("url_tokens", &settings.url_tokens),
            secret("api_key", settings.api_key.as_ref()),
            row("labels", settings.labels.len()),
            row("sequence_steps", settings.sequence_steps.len()),
            insecure(settings.insecure),
        ]);
    }
    rows.push(part("n8n", sources.n8n.is_some()));
    if let Some(settings) = &sources.n8n {
        rows.extend([secrets("secrets", &settings.secrets), insecure(settings.insecure)]);
    }
    rows.push(part("calcom", sources.calcom.is_some()));
    if let Some(settings) = &sources.calcom {
        rows.extend([secrets("secrets", &settings.secrets), insecure(settings.insecure)]);
    }
    rows.push(part("calendly", sources.calendly.is_some()));
    if let Some(settings) = &sources.calendly {
        rows.extend([secrets("secrets", &settings.secrets), insecure(settings.insecure)]);
    }
    rows.push(part("gmail", sources.gmail.is_some()));
    if let Some(settings) = &sources.gmail {
        let credentials = match &settings.credentials {
            None => "not set: nothing is read",
            Some(GmailCredentials::RefreshTokens { .. }) => "refresh tokens (hidden)",
            Some(GmailCredentials::ServiceAccount { .. }) => "service account (hidden)",
        };
        let mailboxes: Vec<&str> = settings.mailboxes.iter().map(crate::domain::ids::Email::as_str).collect();
        rows.extend([
            row("mailboxes", mailboxes.join(", ")),
            maybe("topic", settings.topic.as_ref()),
            maybe("service_account", settings.service_account.as_ref()),
            row("credentials", credentials),
            insecure(settings.insecure),
        ]);
    }
    Section { name: format!("Client {id}"), rows }
}
