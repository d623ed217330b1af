//! Looks at Smartlead and Instantly: the key, and which webhooks are registered.

use super::Look;
use crate::doctor::outside::{Codes, Trouble, trouble};
use crate::doctor::platforms::{HookScope, InstantlyHook, SmartleadFacts, SmartleadHook, instantly, smartlead};
use crate::doctor::{Code, Finding};
use crate::domain::event::Source;
use crate::domain::ids::{CampaignId, ClientId, Email};
use crate::services::instantly::{self as instantly_api, Instantly};
use crate::services::platform::PlatformError;
use crate::services::smartlead::{self as smartlead_api, Smartlead, SmartleadWebhook, WebhookScope};
use crate::sources::settings::{InstantlySettings, SmartleadSettings};
use crate::store::console::DeliveryQuery;
use serde_json::Value;

const CODES: Codes = Codes { denied: Code::PlatformDenied, unknown: Code::PlatformDenied };
/// Nobody has it: the look-up only shows whether the key opens anything.
const NOBODY: &str = "nobody@doctor.invalid";
/// Campaigns of a client whose webhooks are looked at; each is a request.
const CAMPAIGNS_MAX: usize = 3;
const ACTIVITY_MAX: u32 = 1_000;

pub(super) async fn look(look: &Look<'_>, findings: &mut Vec<Finding>) {
    for (client_id, client) in &look.config.clients {
        if let Some(settings) = &client.sources.smartlead {
            findings.extend(at_smartlead(look, client_id, settings).await);
        }
        if let Some(settings) = &client.sources.instantly {
            findings.extend(at_instantly(look, client_id, settings).await);
        }
    }
}

async fn at_smartlead(look: &Look<'_>, client_id: &ClientId, settings: &SmartleadSettings) -> Vec<Finding> {
    let Some(key) = &settings.api_key else { return Vec::new() };
    let url = settings.api_url.as_deref().unwrap_or(smartlead_api::API_URL);
    let at = format!("clients.{client_id}.smartlead.api_url");
    if let Err(why) = look.reach(&at, url).await {
        return vec![trouble(&why, CODES, &at, "")];
    }
    let (Ok(client), Ok(nobody)) = (Smartlead::new(key.clone(), url), Email::parse(NOBODY)) else { return Vec::new() };
    let mut facts = SmartleadFacts::default();
    let opened = client.lead_by_email(&nobody).await.map(drop).map_err(|error| platform_trouble(&error));
    let is_open = opened.is_ok();
    facts.key = Some(opened);
    if is_open && let Err(why) = webhooks(look, client_id, &client, &mut facts).await {
        facts.key = Some(Err(why));
    }
    smartlead(client_id, look.config.default_client.as_ref() == Some(client_id), &facts)
}

async fn webhooks(
    look: &Look<'_>,
    client_id: &ClientId,
    client: &Smartlead,
    facts: &mut SmartleadFacts,
) -> Result<(), Trouble> {
    let wrong = |error: PlatformError| platform_trouble(&error);
    if let Some(id) = last_webhook(look, client_id).await {
        let found = client.webhook(&id).await.map_err(wrong)?;
        facts.last = Some((id, found.map(hook)));
    }
    for campaign in campaigns(look, client_id).await {
        let Ok(id) = CampaignId::parse(&campaign) else { continue };
        match client.webhooks_of_campaign(&id).await {
            Ok(hooks) => facts.of_campaigns.push((campaign, hooks.into_iter().map(hook).collect())),
            // Deleted meanwhile, or of another account.
            Err(PlatformError::NotFound | PlatformError::Forbidden) => {}
            Err(error) => return Err(wrong(error)),
        }
    }
    Ok(())
}

fn hook(webhook: SmartleadWebhook) -> SmartleadHook {
    let scope = match webhook.scope {
        WebhookScope::User => HookScope::User,
        WebhookScope::Client(_) => HookScope::Client,
        WebhookScope::Campaign(campaign) => HookScope::Campaign(campaign),
    };
    SmartleadHook { id: webhook.id, url: webhook.url, scope, event_types: webhook.event_types }
}

/// The webhook that the newest delivery says it came from.
async fn last_webhook(look: &Look<'_>, client_id: &ClientId) -> Option<String> {
    let store = look.store.as_ref()?;
    let query = DeliveryQuery {
        source: Some(Source::Smartlead),
        client: Some(client_id.clone()),
        limit: 1,
        ..DeliveryQuery::default()
    };
    let page = store.delivery_page(&query).await.ok()?;
    let id = page.rows.first()?.delivery_id.parse().ok()?;
    let body: Value = serde_json::from_str(&store.delivery_body(id).await.ok()??.body).ok()?;
    match body.get("webhook_id")? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => text.parse::<u64>().ok().map(|number| number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Those of the client that were heard of and are named as Smartlead does, by number.
async fn campaigns(look: &Look<'_>, client_id: &ClientId) -> Vec<String> {
    let Some(store) = &look.store else { return Vec::new() };
    let activity = store.campaign_activity(ACTIVITY_MAX).await.unwrap_or_default();
    let mut campaigns: Vec<String> = activity
        .into_iter()
        .filter(|line| line.client == client_id.as_str() && line.campaign.parse::<u64>().is_ok())
        .map(|line| line.campaign)
        .collect();
    campaigns.sort_unstable();
    campaigns.dedup();
    campaigns.truncate(CAMPAIGNS_MAX);
    campaigns
}

async fn at_instantly(look: &Look<'_>, client_id: &ClientId, settings: &InstantlySettings) -> Vec<Finding> {
    let Some(key) = &settings.api_key else { return Vec::new() };
    let url = settings.api_url.as_deref().unwrap_or(instantly_api::API_URL);
    let at = format!("clients.{client_id}.instantly.api_url");
    if let Err(why) = look.reach(&at, url).await {
        return vec![trouble(&why, CODES, &at, "")];
    }
    let Ok(client) = Instantly::new(key.clone(), url) else { return Vec::new() };
    let hooks = client.webhooks().await.map_err(|error| platform_trouble(&error));
    let hooks = hooks.map(|hooks| {
        let hook = |hook: instantly_api::InstantlyWebhook| InstantlyHook {
            id: hook.id,
            url: hook.url,
            campaign: hook.campaign,
            event_type: hook.event_type,
            is_disabled: hook.is_disabled,
        };
        hooks.into_iter().map(hook).collect()
    });
    instantly(client_id, look.config.default_client.as_ref() == Some(client_id), &hooks)
}

fn platform_trouble(error: &PlatformError) -> Trouble {
    let text = error.to_string();
    match error {
        PlatformError::Unauthorised { .. } | PlatformError::Forbidden | PlatformError::Permanent { .. } => {
            Trouble::Denied(text)
        }
        PlatformError::NotFound => Trouble::Unknown(text),
        PlatformError::RateLimited { .. } | PlatformError::Transient { .. } => Trouble::Busy(text),
    }
}
