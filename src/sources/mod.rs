//! Sources: who posts webhooks. Each proves where a request came from and turns its body into events.
//!
//! Pure: bytes and settings in, values out. What is read is what is needed.

pub mod airtable;
mod booking;
pub mod calcom;
pub mod calendly;
pub mod failures;
pub mod gmail;
pub mod google_keys;
mod instantly;
mod json;
mod meaning;
mod n8n;
mod reply;
pub mod settings;
pub mod signature;
pub mod smartlead;

use crate::domain::alert::AlertKind;
use crate::domain::event::{Alert, CampaignChange, Event, EventData, Facts, Orphan, Profile, Source};
use crate::domain::ids::{CampaignId, ClientId, Email};
use chrono::{DateTime, Utc};
use serde_json::Value;
use settings::ClientSources;

/// One HTTP request as a source sees it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub client_id: &'a ClientId,
    /// The raw query string, without `?`; empty where there is none.
    pub query: &'a str,
    /// Header names in lower case, with their values as text.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
    pub received_at: DateTime<Utc>,
}

/// What a body says.
#[derive(Debug, Default, serde::Serialize)]
pub struct Understood {
    pub events: Vec<Event>,
    /// Events that carry no address of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub orphans: Vec<Orphan>,
    pub campaign_changes: Vec<CampaignChange>,
    pub alerts: Vec<Alert>,
    /// Why parts of it (or all) could not be understood: an unknown event type, a missing address. Kept, shown, replayable.
    pub unrecognised: Vec<String>,
    /// Why parts of it are understood and deliberately without effect: a test post, an enrichment notice.
    pub ignored: Vec<String>,
    /// The body as it may be stored: secrets and our own webhook address taken out.
    pub body_to_store: String,
    /// Whose payload it is, where n8n only forwarded it (`?as=`).
    #[serde(skip)]
    pub forwarded_as: Option<Source>,
}

/// The request does not prove where it comes from. The text names the missing proof, never the expected value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unproven(pub String);

/// The body can't be read at all: not JSON, or no usable field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// Proves that the request comes from where it says, over its raw bytes.
pub fn prove(source: Source, sources: &ClientSources, request: &Request<'_>) -> Result<(), Unproven> {
    let proven = match source {
        Source::Smartlead => sources.smartlead.as_ref().map(|settings| smartlead::prove(settings, request)),
        Source::Instantly => sources.instantly.as_ref().map(|settings| instantly::prove(settings, request)),
        Source::Calcom => sources.calcom.as_ref().map(|settings| calcom::prove(settings, request)),
        Source::Calendly => sources.calendly.as_ref().map(|settings| calendly::prove(settings, request)),
        Source::N8n => sources.n8n.as_ref().map(|settings| n8n::prove(settings, request)),
        Source::Gmail | Source::Airtable | Source::Operator | Source::Scheduler | Source::Ai => None,
    };
    proven.unwrap_or_else(|| {
        Err(Unproven(format!("the source {source} is not configured for the client {}", request.client_id)))
    })
}

/// Reads a proven body.
pub fn read(source: Source, sources: &ClientSources, request: &Request<'_>) -> Result<Understood, Malformed> {
    let mut value = json::parse(request.body)?;
    let mut understood = Understood::default();
    match source {
        Source::Smartlead => {
            let settings = sources.smartlead.clone().unwrap_or_default();
            for item in n8n::unwrap(&value)? {
                smartlead::read(&settings, request, item, &mut understood);
            }
        }
        Source::Instantly => {
            let settings = sources.instantly.clone().unwrap_or_default();
            for item in n8n::unwrap(&value)? {
                instantly::read(&settings, request, item, &mut understood);
            }
        }
        Source::Calcom => {
            for item in n8n::unwrap(&value)? {
                calcom::read(request, item, &mut understood);
            }
        }
        Source::Calendly => {
            for item in n8n::unwrap(&value)? {
                calendly::read(request, item, &mut understood);
            }
        }
        Source::N8n => n8n::read(sources, request, &value, &mut understood)?,
        Source::Gmail | Source::Airtable | Source::Operator | Source::Scheduler | Source::Ai => {
            return Err(Malformed(format!("this version does not read webhooks of {source}")));
        }
    }
    json::strip_secrets(&mut value);
    understood.body_to_store = value.to_string();
    Ok(understood)
}

/// Reads a body that was stored: proven when it came, without its secrets, and by the time at which it was received.
pub fn read_stored(
    source: Source,
    forwarded_as: Option<Source>,
    sources: &ClientSources,
    client_id: &ClientId,
    body: &str,
    received_at: DateTime<Utc>,
) -> Result<Understood, Malformed> {
    let query = forwarded_as.map(|source| format!("as={source}")).unwrap_or_default();
    let request = Request { client_id, query: &query, headers: &[], body: body.as_bytes(), received_at };
    read(source, sources, &request)
}

/// Where an event of this request stands: whose, who told it, when.
struct Told<'a> {
    request: &'a Request<'a>,
    source: Source,
    email: Email,
    time: Option<DateTime<Utc>>,
    profile: Profile,
}

impl Told<'_> {
    fn event(self, dedupe_key: String, data: EventData) -> Event {
        let (occurred_at, time_known) = json::occurred(self.time, self.request.received_at);
        Event {
            client_id: self.request.client_id.clone(),
            email: self.email,
            source: self.source,
            dedupe_key,
            facts: Facts { occurred_at, time_known, profile: self.profile, data },
            lineage: Vec::new(),
        }
    }
}

fn alert(
    request: &Request<'_>,
    source: Source,
    kind: AlertKind,
    time: Option<DateTime<Utc>>,
    campaign: Option<CampaignId>,
    dedupe_key: String,
    text: String,
) -> Alert {
    let (occurred_at, _) = json::occurred(time, request.received_at);
    Alert { client_id: request.client_id.clone(), source, kind, about: None, text, campaign, occurred_at, dedupe_key }
}

/// A hash of a payload without the fields that change from post to post, for events that carry nothing else to tell them apart.
fn body_hash(kind: &str, source: Source, item: &Value) -> String {
    let mut value = item.clone();
    json::strip_secrets(&mut value);
    if let Value::Object(object) = &mut value {
        for volatile in ["metadata", "webhook_id", "webhook_name", "app_url", "ui_master_inbox_link"] {
            object.remove(volatile);
        }
    }
    let canonical = canonical(&value);
    crate::domain::identity::hash_key(kind, source.as_str(), &[&canonical])
}

/// A text of the value that does not depend on the order of its fields.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let mut fields: Vec<(&String, &Value)> = object.iter().collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            let fields: Vec<String> =
                fields.into_iter().map(|(name, value)| format!("{name:?}:{}", canonical(value))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// A body without its secrets, for keeping what could not be read; empty where even that fails.
pub fn redacted(body: &[u8]) -> String {
    let mut value = json::parse(body).unwrap_or(Value::Null);
    json::strip_secrets(&mut value);
    value.to_string()
}
