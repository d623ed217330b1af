//! The settings as the program sees them. Of a secret only is told whether it is there.

use super::{Frame, page};
use crate::config::{ClientConfig, Config};
use crate::console::{Page, Visit};
use crate::domain::ids::ClientId;
use crate::sources::settings::{GmailCredentials, Secret};
use askama::Template;

#[derive(Template)]
#[template(path = "console/settings.html")]
struct Settings<'a> {
    frame: Frame<'a>,
    sections: Vec<Section>,
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
    let mut sections = vec![top(config), limits(config), follow_up(config), airtable(config), google(config)];
    sections.extend(config.clients.iter().map(|(id, client)| of_client(id, client)));
    page(200, &Settings { frame: Frame::new(visit, "settings", "Settings"), sections })
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
    let mut rows = vec![maybe("name", client.name.as_ref()), maybe("airtable_client", client.airtable_client.as_ref())];
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
