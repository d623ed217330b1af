//! n8n: events in our own documented form (docs/n8n-events.md), or platform payloads that a workflow forwards.

mod own;

use super::json::Object;
use super::settings::{ClientSources, N8nSettings};
use super::signature::{header, is_hex_hmac, is_one_of, prove_standard, query_value};
use super::{Malformed, Request, Understood, Unproven, calcom, calendly, instantly, smartlead};
use crate::domain::event::Source;
use serde_json::Value;

/// The header for the hex HMAC where none is configured.
const SIGNATURE_HEADER: &str = "x-signature";
/// Items in one request.
const ITEMS_MAX: usize = 1_000;

/// Standard Webhooks, or the hex HMAC of the raw body that n8n's Crypto node makes, or a secret in a header.
pub(super) fn prove(settings: &N8nSettings, request: &Request<'_>) -> Result<(), Unproven> {
    if settings.insecure {
        return Ok(());
    }
    if settings.secrets.is_empty() {
        return Err(Unproven("no proof is configured: set `secrets` of n8n".to_owned()));
    }
    if header(request, "webhook-signature").is_some() {
        return prove_standard(request, &settings.secrets, request.received_at);
    }
    let signature_header = settings.signature_header.as_deref().unwrap_or(SIGNATURE_HEADER).to_ascii_lowercase();
    if let Some(signature) = header(request, &signature_header) {
        return if is_hex_hmac(signature, &settings.secrets, request.body) {
            Ok(())
        } else {
            Err(Unproven(format!("`{signature_header}` is not the HMAC-SHA256 of the body")))
        };
    }
    match settings.header.as_deref() {
        Some(name) => match header(request, &name.to_ascii_lowercase()) {
            Some(value) if is_one_of(value, &settings.secrets) => Ok(()),
            Some(_) => Err(Unproven(format!("the header `{name}` is not the configured one"))),
            None => Err(Unproven(format!("none of webhook-signature, {signature_header} and {name} is there"))),
        },
        None => Err(Unproven(format!("neither webhook-signature nor {signature_header} is there"))),
    }
}

/// The payloads in a body: an array's items, each without n8n's item wrapper (an object with `body` beside `headers` and
/// `webhookUrl` or `executionMode`), which is taken off at most twice. Inner headers are never a proof.
pub(super) fn unwrap(value: &Value) -> Result<Vec<&Value>, Malformed> {
    let items: Vec<&Value> = match value {
        Value::Array(items) if items.len() > ITEMS_MAX => {
            return Err(Malformed(format!("{} items in one request; at most {ITEMS_MAX}", items.len())));
        }
        Value::Array(items) if items.is_empty() => return Err(Malformed("the array is empty".to_owned())),
        Value::Array(items) => items.iter().collect(),
        Value::Object(_) => vec![value],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err(Malformed("expected a JSON object or an array of objects".to_owned()));
        }
    };
    Ok(items.into_iter().flat_map(|item| without_wrapper(item, 2)).collect())
}

fn without_wrapper(item: &Value, depth: u8) -> Vec<&Value> {
    let Value::Object(object) = item else { return vec![item] };
    let is_wrapper =
        object.contains_key("headers") && (object.contains_key("webhookUrl") || object.contains_key("executionMode"));
    match object.get("body").filter(|_| is_wrapper && depth > 0) {
        Some(Value::Array(items)) => items.iter().flat_map(|item| without_wrapper(item, depth - 1)).collect(),
        Some(body) => without_wrapper(body, depth - 1),
        None => vec![item],
    }
}

pub(super) fn read(
    sources: &ClientSources,
    request: &Request<'_>,
    value: &Value,
    understood: &mut Understood,
) -> Result<(), Malformed> {
    let forwarded = match query_value(request.query, "as") {
        None => None,
        Some(name) => match Source::parse(&name) {
            Some(source @ (Source::Smartlead | Source::Instantly | Source::Calcom | Source::Calendly)) => Some(source),
            Some(
                Source::Gmail | Source::Airtable | Source::N8n | Source::Operator | Source::Scheduler | Source::Ai,
            )
            | None => {
                return Err(Malformed("`as` must be smartlead, instantly, calcom or calendly".to_owned()));
            }
        },
    };
    understood.forwarded_as = forwarded;
    let items = unwrap(value)?;
    let count = items.len();
    for (index, item) in items.into_iter().enumerate() {
        let noted = understood.unrecognised.len();
        match forwarded {
            Some(Source::Smartlead) => {
                let settings = sources.smartlead.clone().unwrap_or_default();
                smartlead::read(&settings, request, item, understood);
            }
            Some(Source::Calcom) => calcom::read(request, item, understood),
            Some(Source::Calendly) => calendly::read(request, item, understood),
            Some(_) => {
                let settings = sources.instantly.clone().unwrap_or_default();
                instantly::read(&settings, request, item, understood);
            }
            None => match own::event(request, item) {
                Ok(event) => understood.events.push(event),
                Err(reason) => understood.unrecognised.push(reason),
            },
        }
        if count > 1 {
            for reason in understood.unrecognised.iter_mut().skip(noted) {
                *reason = format!("item {index}: {reason}");
            }
        }
    }
    Ok(())
}

/// The fields of an item, or why it has none.
fn fields(item: &Value) -> Result<Object<'_>, String> {
    match item {
        Value::Object(object) => Ok(Object(object)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err("an event must be a JSON object".to_owned())
        }
    }
}
