//! `sign`: a request as a source would post it, with the proofs that the configuration asks for.

use super::Rim;
use super::out::Out;
use crate::config::{ClientConfig, Config};
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::sources::settings::Secret;
use crate::sources::signature::{sign_hex, sign_standard};
use crate::sources::{calcom, calendly};
use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The payload.
    file: PathBuf,
    /// Who posts it.
    #[arg(long = "as", value_name = "SOURCE", value_parser = super::parse_source)]
    source: Source,
    /// For which client; the default client unless given.
    #[arg(long, value_parser = super::parse_client)]
    client: Option<ClientId>,
    /// Where the service listens; the configured address unless given.
    #[arg(long, value_name = "URL")]
    to: Option<String>,
}

/// A request that proves its origin.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Signed {
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

pub(super) fn run(args: &Args, config: &Config, out: Out, rim: &Rim) -> anyhow::Result<ExitCode> {
    let body = std::fs::read_to_string(&args.file).with_context(|| format!("read {}", args.file.display()))?;
    let (id, client) = client(config, args.client.as_ref())?;
    let signed = sign(args.source, id, client, body, None, (rim.now)().timestamp())?;
    let base = args.to.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    out.print(&signed, |signed| curl(&base, signed))?;
    Ok(ExitCode::SUCCESS)
}

/// The client of that name, or the default one.
pub(super) fn client<'a>(
    config: &'a Config,
    named: Option<&ClientId>,
) -> anyhow::Result<(&'a ClientId, &'a ClientConfig)> {
    let id = named.or(config.default_client.as_ref()).context("which client? give --client or set default_client")?;
    config.clients.get_key_value(id).with_context(|| format!("the configuration has no client `{id}`"))
}

/// Signs a body for a source, with the first of its configured secrets. `forwarded_as` is the `as` of a payload that n8n forwards.
pub(super) fn sign(
    source: Source,
    id: &ClientId,
    client: &ClientConfig,
    mut body: String,
    forwarded_as: Option<&str>,
    now_seconds: i64,
) -> anyhow::Result<Signed> {
    anyhow::ensure!(
        source != Source::Gmail,
        "only Google can sign its pushes; the sandbox's Google signs with keys of its own"
    );
    let mut query = Vec::new();
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let not_configured = || format!("the source {source} is not configured for the client {id}");
    match source {
        Source::Smartlead => {
            let settings = client.sources.smartlead.as_ref().with_context(not_configured)?;
            query.extend(settings.url_tokens.first().map(token));
            if let Some(secret) = settings.secrets.first() {
                body = with_secret_key(&body, secret)?;
            }
        }
        Source::Instantly => {
            let settings = client.sources.instantly.as_ref().with_context(not_configured)?;
            query.extend(settings.url_tokens.first().map(token));
            if let (Some(name), Some(secret)) = (&settings.header, settings.secrets.first()) {
                headers.push((name.to_ascii_lowercase(), secret.expose().to_owned()));
            }
        }
        Source::N8n => {
            let settings = client.sources.n8n.as_ref().with_context(not_configured)?;
            query.extend(forwarded_as.map(|source| format!("as={source}")));
            if let Some(secret) = settings.secrets.first() {
                let message_id = format!("msg_{}", hex::encode(Sha256::digest(&body)));
                if let Some(signature) = sign_standard(secret, &message_id, now_seconds, body.as_bytes()) {
                    headers.extend([
                        ("webhook-id".to_owned(), message_id),
                        ("webhook-timestamp".to_owned(), now_seconds.to_string()),
                        ("webhook-signature".to_owned(), signature),
                    ]);
                } else {
                    let name = settings.signature_header.as_deref().unwrap_or("x-signature").to_ascii_lowercase();
                    headers.push((name, sign_hex(secret, body.as_bytes())));
                }
            }
        }
        Source::Calcom => {
            let settings = client.sources.calcom.as_ref().with_context(not_configured)?;
            let signature = |secret| (calcom::HEADER.to_owned(), sign_hex(secret, body.as_bytes()));
            headers.extend(settings.secrets.first().map(signature));
        }
        Source::Calendly => {
            let settings = client.sources.calendly.as_ref().with_context(not_configured)?;
            let signature =
                |secret| (calendly::HEADER.to_owned(), calendly::sign(secret, now_seconds, body.as_bytes()));
            headers.extend(settings.secrets.first().map(signature));
        }
        Source::Gmail | Source::Airtable | Source::Operator | Source::Scheduler | Source::Ai => {
            anyhow::bail!("this version does not take webhooks of {source}")
        }
    }
    let mut target = format!("/hooks/{source}/{id}");
    if !query.is_empty() {
        target = format!("{target}?{}", query.join("&"));
    }
    Ok(Signed { target, headers, body })
}

fn token(token: &Secret) -> String {
    let encoded: String = token
        .expose()
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("token={encoded}")
}

/// Smartlead's proof stands in the body. One that is no JSON object stays as it is: it is posted to be refused.
fn with_secret_key(body: &str, secret: &Secret) -> anyhow::Result<String> {
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(mut object)) => {
            object.insert("secret_key".to_owned(), Value::String(secret.expose().to_owned()));
            Ok(serde_json::to_string(&object)?)
        }
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {
            Ok(body.to_owned())
        }
    }
}

fn curl(base: &str, signed: &Signed) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut command =
        format!("curl -sS -X POST {}", quoted(&format!("{}{}", base.trim_end_matches('/'), signed.target)));
    for (name, value) in &signed.headers {
        command.push_str(" \\\n  -H ");
        command.push_str(&quoted(&format!("{name}: {value}")));
    }
    command.push_str(" \\\n  --data-binary ");
    command.push_str(&quoted(&signed.body));
    command
}
