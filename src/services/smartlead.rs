//! Smartlead's API. Its key stands in the query, so no address of a request is ever shown.

use super::percent_encoded;
use super::platform::{PlatformError, client, id_of, send};
use crate::domain::ids::{CampaignId, Email};
use crate::sources::settings::Secret;
use crate::telemetry::Destination;
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};

pub const API_URL: &str = "https://server.smartlead.ai/api/v1";
/// Leads of a page; more are not given.
pub const PAGE: u32 = 100;
/// No wait on top: the next mail is due by the time of the last one.
const RESUME_DELAY_DAYS: u32 = 0;

/// A client of one account.
#[derive(Debug, Clone)]
pub struct Smartlead {
    client: reqwest::Client,
    key: Secret,
    api_url: String,
}

/// A lead as the account knows it, with the campaigns that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmartleadLead {
    pub id: String,
    pub campaigns: Vec<String>,
    pub is_unsubscribed: bool,
}

/// Whether the sequence goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumed {
    Yes,
    /// Nothing is left to be sent.
    AtLastStep,
}

/// A page of the leads of a campaign that are through with its sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedPage {
    /// Those that did not answer.
    pub emails: Vec<Email>,
    /// Where the next page begins; none after the last.
    pub next: Option<u32>,
}

/// Which mails of a campaign are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mails {
    /// Those that were sent in a span of time.
    Sent { since: DateTime<Utc>, until: DateTime<Utc> },
    /// Those that were answered, whenever they were sent.
    Replied,
}

/// A mail of a campaign as its statistics tell of it: without the message itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailLine {
    pub lead: Email,
    /// The local part of the mail's Message-ID.
    pub stats_id: String,
    pub replied_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailPage {
    pub lines: Vec<MailLine>,
    /// Where the next page begins; none after the last.
    pub next: Option<u32>,
}

/// What was written to and by a lead in a campaign, the oldest first, in the API's own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageHistory {
    pub messages: Vec<Value>,
    /// Our mailbox.
    pub mailbox: Option<String>,
    /// The lead's address, where it is told.
    pub lead: Option<Email>,
}

impl MessageHistory {
    /// Whether it is this person's, as far as it is told.
    pub fn is_with(&self, email: &Email) -> bool {
        self.lead.as_ref().is_none_or(|lead| lead == email)
    }
}

/// A webhook as it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmartleadWebhook {
    pub id: String,
    pub url: String,
    pub scope: WebhookScope,
    pub event_types: Vec<String>,
}

/// What a webhook is for. One of a user hides those of a client or a campaign for the same events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookScope {
    User,
    Client(String),
    Campaign(String),
}

impl Smartlead {
    pub fn new(key: Secret, api_url: &str) -> Result<Self, reqwest::Error> {
        Ok(Self { client: client()?, key, api_url: api_url.trim_end_matches('/').to_owned() })
    }

    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// Looks a lead up by its address; none where the account has none.
    pub async fn lead_by_email(&self, email: &Email) -> Result<Option<SmartleadLead>, PlatformError> {
        // The slash at the end belongs to it.
        let found = self.call(Method::GET, &["leads", ""], &[("email", email.as_str().to_owned())], None).await?;
        if !found.is_object() {
            return Err(PlatformError::unreadable());
        }
        let Some(id) = id_of(found.get("id")) else { return Ok(None) };
        let campaigns = found.get("lead_campaign_data").and_then(Value::as_array).into_iter().flatten();
        Ok(Some(SmartleadLead {
            id,
            campaigns: campaigns.filter_map(|campaign| id_of(campaign.get("campaign_id"))).collect(),
            is_unsubscribed: found.get("is_unsubscribed").and_then(Value::as_bool).unwrap_or(false),
        }))
    }

    /// No mail of this campaign any more, until it is resumed.
    pub async fn pause(&self, campaign: &CampaignId, lead_id: &str) -> Result<(), PlatformError> {
        self.of_lead(campaign, lead_id, "pause", None).await
    }

    pub async fn resume(&self, campaign: &CampaignId, lead_id: &str) -> Result<Resumed, PlatformError> {
        let body = json!({ "resume_lead_with_delay_days": RESUME_DELAY_DAYS });
        match self.of_lead(campaign, lead_id, "resume", Some(&body)).await {
            Ok(()) => Ok(Resumed::Yes),
            // The only refusal of this status; all others are passing.
            Err(PlatformError::Permanent { status: 500, .. }) => Ok(Resumed::AtLastStep),
            Err(error) => Err(error),
        }
    }

    /// Unsubscribed from this campaign.
    pub async fn unsubscribe(&self, campaign: &CampaignId, lead_id: &str) -> Result<(), PlatformError> {
        self.of_lead(campaign, lead_id, "unsubscribe", None).await
    }

    /// Unsubscribed from all campaigns of the account; can't be taken back by the API.
    pub async fn unsubscribe_everywhere(&self, lead_id: &str) -> Result<(), PlatformError> {
        agreed(&self.call(Method::POST, &["leads", lead_id, "unsubscribe"], &[], None).await?)
    }

    /// On the account's block list, so that nobody imports it again.
    pub async fn block(&self, email: &Email) -> Result<(), PlatformError> {
        let body = json!({ "domain_block_list": [email] });
        agreed(&self.call(Method::POST, &["leads", "add-domain-block-list"], &[], Some(&body)).await?)
    }

    /// A page of the leads that are through with a campaign's sequence and were mailed since, from one of them on.
    pub async fn completed(
        &self,
        campaign: &CampaignId,
        sent_since: DateTime<Utc>,
        offset: u32,
    ) -> Result<CompletedPage, PlatformError> {
        let query = [
            ("status", "COMPLETED".to_owned()),
            ("last_sent_time_gt", sent_since.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)),
            ("offset", offset.to_string()),
            ("limit", PAGE.to_string()),
        ];
        let answer = self.call(Method::GET, &["campaigns", campaign.as_str(), "leads"], &query, None).await?;
        // Both shapes are documented: `leads`, and `data` with the lead one level down.
        let items = answer.get("leads").or_else(|| answer.get("data")).and_then(Value::as_array);
        let items = items.ok_or_else(PlatformError::unreadable)?;
        let emails = items.iter().filter_map(|item| {
            let status = item.get("status").and_then(Value::as_str);
            let replied = item.pointer("/email_stats/is_replied").and_then(Value::as_bool).unwrap_or(false);
            let email = item.pointer("/lead/email").or_else(|| item.get("email")).and_then(Value::as_str)?;
            (status == Some("COMPLETED") && !replied).then(|| Email::parse(email).ok())?
        });
        Ok(CompletedPage { emails: emails.collect(), next: next(&answer, "total", offset, items.len()) })
    }

    /// A page of what a campaign's statistics tell of its mails, from a line on.
    pub async fn mails(&self, campaign: &CampaignId, which: Mails, offset: u32) -> Result<MailPage, PlatformError> {
        let mut query = vec![("offset", offset.to_string()), ("limit", PAGE.to_string())];
        let time = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M:%S%.3fZ").to_string();
        match which {
            Mails::Sent { since, until } => {
                query.extend([("sent_time_start_date", time(since)), ("sent_time_end_date", time(until))]);
            }
            Mails::Replied => query.push(("email_status", "replied".to_owned())),
        }
        let answer = self.call(Method::GET, &["campaigns", campaign.as_str(), "statistics"], &query, None).await?;
        let items = answer.get("data").and_then(Value::as_array).ok_or_else(PlatformError::unreadable)?;
        let line = |item: &Value| {
            let text = |name: &str| item.get(name).and_then(Value::as_str);
            Some(MailLine {
                lead: Email::parse(text("lead_email")?).ok()?,
                stats_id: text("stats_id")?.to_owned(),
                replied_at: text("reply_time").and_then(|time| time.parse().ok()),
            })
        };
        let lines = items.iter().filter_map(line).collect();
        Ok(MailPage { lines, next: next(&answer, "total_stats", offset, items.len()) })
    }

    /// What was written to and by a lead in a campaign.
    pub async fn message_history(&self, campaign: &CampaignId, lead_id: &str) -> Result<MessageHistory, PlatformError> {
        let path = ["campaigns", campaign.as_str(), "leads", lead_id, "message-history"];
        let answer = self.call(Method::GET, &path, &[], None).await?;
        // Both names are documented.
        let items = answer.get("history").or_else(|| answer.get("messages")).and_then(Value::as_array);
        Ok(MessageHistory {
            messages: items.ok_or_else(PlatformError::unreadable)?.clone(),
            mailbox: answer.get("from").and_then(Value::as_str).map(str::to_owned),
            lead: answer.get("to").and_then(Value::as_str).and_then(|to| Email::parse(to).ok()),
        })
    }

    /// The webhooks that are registered for one campaign.
    pub async fn webhooks_of_campaign(&self, campaign: &CampaignId) -> Result<Vec<SmartleadWebhook>, PlatformError> {
        let answer = self.call(Method::GET, &["campaigns", campaign.as_str(), "webhooks"], &[], None).await?;
        let items = answer.as_array().or_else(|| answer.get("data").and_then(Value::as_array));
        let items = items.ok_or_else(PlatformError::unreadable)?;
        items.iter().map(|item| webhook(item).ok_or_else(PlatformError::unreadable)).collect()
    }

    /// One webhook by its id, as its deliveries name it; none where it is not there (any more).
    pub async fn webhook(&self, id: &str) -> Result<Option<SmartleadWebhook>, PlatformError> {
        match self.call(Method::GET, &["webhook", id], &[], None).await {
            Ok(answer) => {
                webhook(answer.get("data").unwrap_or(&answer)).map(Some).ok_or_else(PlatformError::unreadable)
            }
            Err(PlatformError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn of_lead(
        &self,
        campaign: &CampaignId,
        lead_id: &str,
        what: &str,
        body: Option<&Value>,
    ) -> Result<(), PlatformError> {
        let answer =
            self.call(Method::POST, &["campaigns", campaign.as_str(), "leads", lead_id, what], &[], body).await?;
        agreed(&answer)
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
        let mut request = self.client.request(method, url).query(&[("api_key", self.key.expose())]).query(query);
        if let Some(body) = body {
            request = request.json(body);
        }
        send(Destination::Smartlead, request, &self.key).await
    }
}

/// Where the page behind this one begins. A page may hold less than was asked for though more follows, which the total tells where there is
/// one; an empty one is the last.
fn next(answer: &Value, total: &str, offset: u32, items: usize) -> Option<u32> {
    let items = u32::try_from(items).ok().filter(|items| *items > 0)?;
    let next = offset.checked_add(items)?;
    let total = id_of(answer.get(total)).and_then(|total| total.parse::<u32>().ok());
    (items >= PAGE || total.is_some_and(|total| next < total)).then_some(next)
}

/// `ok` or `success`, by endpoint.
fn agreed(answer: &Value) -> Result<(), PlatformError> {
    let says_no = |field: &str| answer.get(field).and_then(Value::as_bool) == Some(false);
    if !answer.is_object() || says_no("ok") || says_no("success") {
        return Err(PlatformError::unreadable());
    }
    Ok(())
}

fn webhook(item: &Value) -> Option<SmartleadWebhook> {
    let scope = match (id_of(item.get("email_campaign_id")), id_of(item.get("client_id"))) {
        (Some(campaign), _) => WebhookScope::Campaign(campaign),
        (None, Some(client)) => WebhookScope::Client(client),
        (None, None) => WebhookScope::User,
    };
    let listed = item.get("event_types").and_then(Value::as_array).into_iter().flatten();
    let mut event_types: Vec<String> = listed.filter_map(Value::as_str).map(str::to_owned).collect();
    let mapped = item.get("event_type_map").and_then(Value::as_object).into_iter().flatten();
    event_types.extend(mapped.filter(|(_, is_on)| **is_on == json!(true)).map(|(name, _)| name.clone()));
    Some(SmartleadWebhook {
        id: id_of(item.get("id"))?,
        url: item.get("webhook_url").and_then(Value::as_str).unwrap_or_default().to_owned(),
        scope,
        event_types,
    })
}
