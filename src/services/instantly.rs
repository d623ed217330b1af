//! Instantly's API, version 2.

use super::percent_encoded;
use super::platform::{PlatformError, client, id_of, send};
use crate::domain::ids::{CampaignId, Email};
use crate::sources::settings::Secret;
use crate::telemetry::Destination;
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};

pub const API_URL: &str = "https://api.instantly.ai/api/v2";
/// Items of a page; more are not given.
pub const PAGE: usize = 100;
/// Pages of the registered webhooks that are followed.
const PAGES_MAX: usize = 10;

/// A client of one workspace.
#[derive(Debug, Clone)]
pub struct Instantly {
    client: reqwest::Client,
    key: Secret,
    api_url: String,
}

/// A lead of one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstantlyLead {
    pub id: String,
    pub email: Option<Email>,
    pub campaign: Option<String>,
    pub state: LeadState,
    /// The value of its interest; none for a plain lead.
    pub interest: Option<i64>,
    pub replies: i64,
}

/// What the sequence does for a lead (the API's `status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeadState {
    Active,
    Paused,
    Completed,
    Bounced,
    Unsubscribed,
    Skipped,
    /// A value that this version does not know.
    Unknown,
}

impl LeadState {
    /// Whether a mail may still go out.
    pub const fn may_send(self) -> bool {
        match self {
            Self::Active | Self::Paused | Self::Unknown => true,
            Self::Completed | Self::Bounced | Self::Unsubscribed | Self::Skipped => false,
        }
    }

    const fn of(status: Option<i64>) -> Self {
        match status {
            Some(1) => Self::Active,
            Some(2) => Self::Paused,
            Some(3) => Self::Completed,
            Some(-1) => Self::Bounced,
            Some(-2) => Self::Unsubscribed,
            Some(-3) => Self::Skipped,
            Some(_) | None => Self::Unknown,
        }
    }
}

/// A webhook as it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstantlyWebhook {
    pub id: String,
    pub url: String,
    /// None is for all campaigns.
    pub campaign: Option<String>,
    /// None is for a custom label.
    pub event_type: Option<String>,
    /// Instantly switched it off after failures.
    pub is_disabled: bool,
}

/// A post of a webhook, as the workspace's log keeps it, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookPost {
    pub at: DateTime<Utc>,
    pub url: String,
    pub payload: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostPage {
    pub posts: Vec<WebhookPost>,
    /// Where the next page begins; none after the last.
    pub next: Option<String>,
}

impl Instantly {
    pub fn new(key: Secret, api_url: &str) -> Result<Self, reqwest::Error> {
        Ok(Self { client: client()?, key, api_url: api_url.trim_end_matches('/').to_owned() })
    }

    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// The leads of a campaign that have these addresses; at most [`PAGE`] are asked for.
    pub async fn leads_of(&self, campaign: &CampaignId, emails: &[Email]) -> Result<Vec<InstantlyLead>, PlatformError> {
        let body = json!({ "campaign": campaign, "contacts": emails, "limit": PAGE });
        let answer = self.call(Method::POST, &["leads", "list"], &[], Some(&body)).await?;
        let leads = items(&answer)?.iter().filter_map(lead);
        // Whatever else came along is nobody's.
        let is_asked_for = |lead: &InstantlyLead| {
            lead.email.as_ref().is_some_and(|email| emails.contains(email))
                && lead.campaign.as_deref().is_none_or(|id| id.eq_ignore_ascii_case(campaign.as_str()))
        };
        Ok(leads.filter(is_asked_for).collect())
    }

    pub async fn lead(&self, id: &str) -> Result<InstantlyLead, PlatformError> {
        let answer = self.call(Method::GET, &["leads", id], &[], None).await?;
        lead(&answer).ok_or_else(PlatformError::unreadable)
    }

    /// Takes a lead out of its campaign. There is no way back but to import it again.
    pub async fn remove(&self, id: &str) -> Result<(), PlatformError> {
        self.call(Method::DELETE, &["leads", id], &[], None).await?;
        Ok(())
    }

    /// Sets the interest of a lead, or makes it a plain lead again. It is done some time after the answer.
    pub async fn set_interest(
        &self,
        campaign: &CampaignId,
        email: &Email,
        value: Option<i64>,
    ) -> Result<(), PlatformError> {
        let body = json!({ "lead_email": email, "campaign_id": campaign, "interest_value": value });
        self.call(Method::POST, &["leads", "update-interest-status"], &[], Some(&body)).await?;
        Ok(())
    }

    pub async fn is_blocked(&self, email: &Email) -> Result<bool, PlatformError> {
        let query = [("search", email.as_str().to_owned()), ("limit", PAGE.to_string())];
        let answer = self.call(Method::GET, &["block-lists-entries"], &query, None).await?;
        let is_it = |item: &Value| {
            item.get("bl_value").and_then(Value::as_str).is_some_and(|value| value.eq_ignore_ascii_case(email.as_str()))
        };
        Ok(items(&answer)?.iter().any(is_it))
    }

    /// On the workspace's block list: no campaign writes to it any more.
    pub async fn block(&self, email: &Email) -> Result<(), PlatformError> {
        let answer =
            self.call(Method::POST, &["block-lists-entries"], &[], Some(&json!({ "bl_value": email }))).await?;
        id_of(answer.get("id")).map(|_id| ()).ok_or_else(PlatformError::unreadable)
    }

    /// All webhooks of the workspace.
    pub async fn webhooks(&self) -> Result<Vec<InstantlyWebhook>, PlatformError> {
        let mut webhooks = Vec::new();
        let mut query = vec![("limit", PAGE.to_string())];
        for _ in 0..PAGES_MAX {
            let answer = self.call(Method::GET, &["webhooks"], &query, None).await?;
            for item in items(&answer)? {
                webhooks.push(webhook(item).ok_or_else(PlatformError::unreadable)?);
            }
            let Some(next) = id_of(answer.get("next_starting_after")) else { break };
            query = vec![("limit", PAGE.to_string()), ("starting_after", next)];
        }
        Ok(webhooks)
    }

    /// A page of the webhooks' log, from a day on.
    pub async fn webhook_posts(
        &self,
        since: DateTime<Utc>,
        starting_after: Option<&str>,
    ) -> Result<PostPage, PlatformError> {
        let mut query = vec![("limit", PAGE.to_string()), ("from", since.format("%Y-%m-%d").to_string())];
        query.extend(starting_after.map(|after| ("starting_after", after.to_owned())));
        let answer = self.call(Method::GET, &["webhook-events"], &query, None).await?;
        let post = |item: &Value| {
            // The payload stands there as an object, or as the text that was posted.
            let payload = item.get("payload")?;
            let payload = match payload.as_str() {
                Some(text) => serde_json::from_str(text).ok()?,
                None => payload.clone(),
            };
            Some(WebhookPost {
                at: item.get("timestamp_created")?.as_str()?.parse().ok()?,
                url: item.get("webhook_url").and_then(Value::as_str).unwrap_or_default().to_owned(),
                payload,
            })
        };
        let posts = items(&answer)?.iter().filter_map(post).collect();
        Ok(PostPage { posts, next: id_of(answer.get("next_starting_after")) })
    }

    async fn call(
        &self,
        method: Method,
        segments: &[&str],
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Value, PlatformError> {
        let path: Vec<String> =
            segments.iter().map(|segment| segment.bytes().map(percent_encoded).collect::<String>()).collect();
        let url = format!("{}/{}", self.api_url, path.join("/"));
        let mut request = self.client.request(method, url).bearer_auth(self.key.expose()).query(query);
        if let Some(body) = body {
            request = request.json(body);
        }
        send(Destination::Instantly, request, &self.key).await
    }
}

fn items(answer: &Value) -> Result<&Vec<Value>, PlatformError> {
    answer.get("items").and_then(Value::as_array).ok_or_else(PlatformError::unreadable)
}

fn lead(item: &Value) -> Option<InstantlyLead> {
    let number = |name: &str| item.get(name).and_then(Value::as_f64);
    #[expect(clippy::cast_possible_truncation, reason = "the API tells small whole numbers, now and then as 1.0")]
    let whole = |name: &str| number(name).map(|number| number as i64);
    Some(InstantlyLead {
        id: id_of(item.get("id"))?,
        email: item.get("email").and_then(Value::as_str).and_then(|email| Email::parse(email).ok()),
        campaign: id_of(item.get("campaign")),
        state: LeadState::of(whole("status")),
        interest: whole("lt_interest_status"),
        replies: whole("email_reply_count").unwrap_or(0),
    })
}

fn webhook(item: &Value) -> Option<InstantlyWebhook> {
    Some(InstantlyWebhook {
        id: id_of(item.get("id"))?,
        url: item.get("target_hook_url").and_then(Value::as_str).unwrap_or_default().to_owned(),
        campaign: id_of(item.get("campaign")),
        event_type: item.get("event_type").and_then(Value::as_str).map(str::to_owned),
        is_disabled: item.get("status").and_then(Value::as_i64) == Some(-1),
    })
}
