//! Looks at Airtable, Pinecone and embeddings, the language model, and those who are told.

use super::Look;
use crate::doctor::airtable::{AirtableFacts, WebhookFacts};
use crate::doctor::outside::{Codes, Trouble, absent, trouble};
use crate::doctor::{Code, Finding, airtable};
use crate::services::ai::AiError;
use crate::services::airtable::{Airtable, AirtableError};
use crate::services::embeddings::Embeddings;
use crate::services::notify::{Notifier, NotifyError};
use crate::services::pinecone::Pinecone;
use crate::services::vector_error::VectorError;
use crate::wiring::{self, Pace};

/// A formula that no record keeps: reading is tried, nothing is read.
const NOTHING: &str = "FALSE()";

pub(super) async fn airtable(look: &Look<'_>, findings: &mut Vec<Finding>) {
    findings.extend(airtable_asked(look).await);
}

async fn airtable_asked(look: &Look<'_>) -> Vec<Finding> {
    let Some(config) = &look.config.airtable else {
        return vec![absent("airtable", "not configured: promotions wait as tasks")];
    };
    let codes = Codes { denied: Code::AirtableDenied, unknown: Code::AirtableUnknown };
    let pace = Pace::new(look.store.clone(), &config.base_id, look.now);
    // It counts as a request like any other.
    pace.wait().await;
    if let Err(why) = look.reach("airtable.api_url", &config.api_url).await {
        return vec![trouble(&why, codes, "airtable.api_url", "")];
    }
    let Ok(client) = Airtable::new(config.token.clone(), &config.base_id, &config.api_url) else { return Vec::new() };
    let mut facts = AirtableFacts::default();
    pace.wait().await;
    let schema = client.schema().await.map_err(|error| airtable_trouble(&error));
    let is_there = schema
        .as_ref()
        .is_ok_and(|tables| crate::domain::airtable_base::table_named(tables, &config.leads_table).is_some());
    if is_there {
        pace.wait().await;
        let read = client.page(&config.leads_table, Some(NOTHING), &[], None).await;
        facts.records = Some(read.map(drop).map_err(|error| airtable_trouble(&error)));
    }
    if schema.is_ok() && config.webhook_url.is_some() {
        pace.wait().await;
        let webhooks = client.webhooks().await.map_err(|error| airtable_trouble(&error));
        let facts_of = |webhook: crate::services::airtable::webhooks::Webhook| WebhookFacts {
            url: webhook.notification_url,
            is_on: webhook.are_notifications_enabled,
            expires_at: webhook.expiration_time,
        };
        facts.webhooks = Some(webhooks.map(|all| all.into_iter().map(facts_of).collect()));
    }
    facts.schema = Some(schema);
    airtable::findings(config, &facts, (look.now)())
}

fn airtable_trouble(error: &AirtableError) -> Trouble {
    let text = error.to_string();
    match error {
        AirtableError::Denied { .. } | AirtableError::QuotaReached { .. } | AirtableError::Rejected { .. } => {
            Trouble::Denied(text)
        }
        AirtableError::NotFound { .. } => Trouble::Unknown(text),
        AirtableError::RateLimited { .. } | AirtableError::Unavailable { .. } => Trouble::Busy(text),
    }
}

/// The index, and how many numbers the vectors for it have.
pub(super) async fn vectors(look: &Look<'_>, findings: &mut Vec<Finding>) {
    findings.extend(vectors_asked(look).await);
}

async fn vectors_asked(look: &Look<'_>) -> Vec<Finding> {
    let Some(config) = &look.config.pinecone else {
        return vec![absent("pinecone", "not configured: nothing is indexed")];
    };
    let codes = Codes { denied: Code::PineconeDenied, unknown: Code::PineconeDenied };
    let to_do = "check [pinecone] api_key and index, in the same project";
    if let Err(why) = look.reach("pinecone.api_url", &config.api_url).await {
        return vec![trouble(&why, codes, "pinecone.api_url", to_do)];
    }
    let Ok(client) = Pinecone::new(config.api_key.clone(), &config.api_url, &config.index) else { return Vec::new() };
    let index = match client.describe().await.map_err(|error| vector_trouble(&error)) {
        Ok(index) => index,
        Err(why) => return vec![trouble(&why, codes, "pinecone.index", to_do)],
    };
    if let Err(why) = look.reach("pinecone.index", &index.url).await {
        return vec![trouble(&why, codes, "pinecone.index", to_do)];
    }
    let well = Finding::well(Code::PineconeWell, "pinecone.index", format!("{} is there", config.index));
    let model = |what: &str, to_do: &str| vec![Finding::new(Code::PineconeModel, "pinecone.index", what, to_do)];
    match (&config.embeddings, &index.text_field) {
        (None, Some(_)) => vec![well],
        (None, None) => {
            model("the index has no model of its own that reads texts", "make one that has, or set [embeddings]")
        }
        (Some(_), Some(_)) => model(
            "the index has a model of its own, whose vectors are no others'",
            "take [embeddings] out, or name another index",
        ),
        (Some(own), None) => match made(own).await {
            Err(why) => {
                let codes = Codes { denied: Code::EmbeddingsDenied, unknown: Code::EmbeddingsDenied };
                vec![trouble(&why, codes, "embeddings.url", "check [embeddings] url, api_key and model")]
            }
            Ok(numbers) if index.dimension.is_some_and(|dimension| dimension != numbers) => {
                let wanted = index.dimension.unwrap_or_default();
                let what = format!("the endpoint gives {numbers} dimensions, and the index has {wanted}");
                let to_do = "set [embeddings] dimensions or model, or make another index";
                vec![Finding::new(Code::PineconeDimension, "embeddings.dimensions", what, to_do)]
            }
            Ok(_) => vec![well],
        },
    }
}

/// How many numbers the vector of a word has. It costs a token.
async fn made(own: &crate::config::EmbeddingsConfig) -> Result<usize, Trouble> {
    let client = Embeddings::new(&own.url, own.api_key.clone(), &own.model, own.dimensions)
        .map_err(|_no_roots| Trouble::Unreachable("no HTTPS client can be made".to_owned()))?;
    let made = client.embed(&["doctor"]).await.map_err(|error| vector_trouble(&error))?;
    Ok(made.first().map_or(0, Vec::len))
}

fn vector_trouble(error: &VectorError) -> Trouble {
    let text = error.to_string();
    match error {
        VectorError::Denied { .. } | VectorError::QuotaReached { .. } | VectorError::Rejected { .. } => {
            Trouble::Denied(text)
        }
        VectorError::RateLimited { .. } | VectorError::Unavailable { .. } => Trouble::Busy(text),
    }
}

pub(super) async fn ai(look: &Look<'_>, findings: &mut Vec<Finding>) {
    findings.extend(ai_asked(look).await);
}

async fn ai_asked(look: &Look<'_>) -> Vec<Finding> {
    let Some(config) = &look.config.ai else { return vec![absent("ai", "not configured: no language model is asked")] };
    let codes = Codes { denied: Code::AiDenied, unknown: Code::AiModel };
    if let Err(why) = look.reach("ai.url", &config.url).await {
        return vec![trouble(&why, codes, "ai.url", "")];
    }
    let Ok(Some(client)) = wiring::ai(look.config) else { return Vec::new() };
    match client.has_model().await {
        Ok(Some(false)) => {
            let what = format!("the endpoint has no model `{}`", config.model);
            vec![Finding::new(Code::AiModel, "ai.model", what, "name one that it lists (GET …/models)")]
        }
        Ok(Some(true)) => vec![Finding::well(Code::AiWell, "ai.model", format!("the endpoint has {}", config.model))],
        Ok(None) => vec![Finding::well(Code::AiWell, "ai.url", "it answers, and does not list its models")],
        Err(error) => {
            vec![trouble(&ai_trouble(&error), codes, "ai.api_key", "check [ai] api_key and the account's billing")]
        }
    }
}

fn ai_trouble(error: &AiError) -> Trouble {
    let text = error.to_string();
    match error {
        AiError::Denied { .. } | AiError::QuotaReached { .. } | AiError::Rejected { .. } => Trouble::Denied(text),
        AiError::NotFound { .. } => Trouble::Unknown(text),
        AiError::RateLimited { .. } | AiError::Unavailable { .. } => Trouble::Busy(text),
    }
}

/// Nothing is told: a target that answers anything to a HEAD is there.
pub(super) async fn notifications(look: &Look<'_>, findings: &mut Vec<Finding>) {
    for target in &look.config.notifications {
        let at = format!("{}.url", target.key);
        findings.push(match Notifier::new(&target.url, target.secrets.clone(), target.allow_private) {
            Err(fault) => target_fault(&fault, at),
            Ok(notifier) => match notifier.reach().await {
                Ok(()) => Finding::well(Code::NotificationWell, at, "it answers (nothing was told)"),
                Err(error @ NotifyError::NotAllowed) => target_fault(&error, at),
                Err(error) => {
                    let codes = Codes { denied: Code::NotificationTarget, unknown: Code::NotificationTarget };
                    trouble(&Trouble::Unreachable(error.to_string()), codes, &at, "")
                }
            },
        });
    }
}

fn target_fault(fault: &(impl std::fmt::Display + ?Sized), at: String) -> Finding {
    Finding::new(
        Code::NotificationTarget,
        at,
        fault.to_string(),
        "see docs/notifications.md; `serve` does not start with it",
    )
}
