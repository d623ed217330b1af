//! One account: its leads are one an address, whatever campaigns they are in.

mod history;

use super::Answered;
use crate::sandbox::outreach::{Allowed, Usage};
use crate::sandbox::query::Query;
use chrono::{DateTime, Utc};
use history::Mail;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const NOT_FOUND: (u16, &str) = (404, "Resource not found");
const INVALID: (u16, &str) = (422, "Invalid parameters provided");
const PAGE_MAX: usize = 100;
const IMPORT_MAX: usize = 400;
/// Beyond 32 bits, as real ones are.
const FIRST_LEAD: u64 = 4_156_397_120;
const FIRST_MAP: u64 = 3_375_876_577;

/// What a campaign does for a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeadStatus {
    InProgress,
    Paused,
    Completed,
    /// Unsubscribed from this campaign.
    Stopped,
}

impl LeadStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "INPROGRESS",
            Self::Paused => "PAUSED",
            Self::Completed => "COMPLETED",
            Self::Stopped => "STOPPED",
        }
    }
}

#[derive(Debug)]
struct Lead {
    email: String,
    is_unsubscribed: bool,
    /// By campaign.
    places: BTreeMap<u64, Place>,
}

#[derive(Debug)]
struct Place {
    map_id: u64,
    status: LeadStatus,
    last_sent: Option<DateTime<Utc>>,
    has_replied: bool,
    resumed_at: Option<DateTime<Utc>>,
}

/// An account of Smartlead.
#[derive(Debug)]
pub struct Account {
    pub(super) usage: Usage,
    leads: BTreeMap<u64, Lead>,
    campaigns: BTreeSet<u64>,
    block_list: BTreeSet<String>,
    webhooks: BTreeMap<u64, Value>,
    /// In the order in which they were sent.
    mails: Vec<Mail>,
    next: u64,
}

/// As a person at Smartlead does and sees it.
impl Account {
    pub(super) fn new(allowed: Allowed) -> Self {
        Self {
            usage: Self::usage(allowed),
            leads: BTreeMap::new(),
            campaigns: BTreeSet::new(),
            block_list: BTreeSet::new(),
            webhooks: BTreeMap::new(),
            mails: Vec::new(),
            next: 0,
        }
    }

    /// Puts a lead into a campaign, in progress; gives its id. None where it is blocked or opted out.
    pub fn add_lead(&mut self, campaign: u64, email: &str) -> Option<u64> {
        let email = email.to_lowercase();
        self.campaigns.insert(campaign);
        if self.block_list.contains(&email) {
            return None;
        }
        let known = self.leads.iter().find(|(_, lead)| lead.email == email).map(|(id, _)| *id);
        self.next += 1;
        let (id, map_id) = (known.unwrap_or(FIRST_LEAD + self.next), FIRST_MAP + self.next);
        let lead =
            self.leads.entry(id).or_insert_with(|| Lead { email, is_unsubscribed: false, places: BTreeMap::new() });
        if lead.is_unsubscribed {
            return None;
        }
        let place =
            Place { map_id, status: LeadStatus::InProgress, last_sent: None, has_replied: false, resumed_at: None };
        lead.places.entry(campaign).or_insert(place);
        Some(id)
    }

    /// Deletes a lead for good; added again it has another id.
    pub fn delete_lead(&mut self, email: &str) {
        self.leads.retain(|_, lead| lead.email != email);
    }

    /// The last mail of the sequence went out then.
    pub fn complete(&mut self, campaign: u64, email: &str, last_sent: DateTime<Utc>) {
        for place in self.places_mut(campaign, email) {
            place.status = LeadStatus::Completed;
            place.last_sent = Some(last_sent);
        }
    }

    pub fn status(&self, campaign: u64, email: &str) -> Option<LeadStatus> {
        self.places().find(|(lead, id, _)| *id == campaign && lead.email == email).map(|(_, _, place)| place.status)
    }

    /// When it was last resumed; none where it never was.
    pub fn resumed_at(&self, campaign: u64, email: &str) -> Option<DateTime<Utc>> {
        self.places().find(|(lead, id, _)| *id == campaign && lead.email == email)?.2.resumed_at
    }

    pub fn is_unsubscribed(&self, email: &str) -> bool {
        self.leads.values().any(|lead| lead.email == email && lead.is_unsubscribed)
    }

    pub fn block_list(&self) -> &BTreeSet<String> {
        &self.block_list
    }

    /// How many leads stand so in their campaigns.
    pub fn count(&self, status: LeadStatus) -> usize {
        self.places().filter(|(_, _, place)| place.status == status).count()
    }

    pub fn unsubscribed_count(&self) -> usize {
        self.leads.values().filter(|lead| lead.is_unsubscribed).count()
    }

    /// Registers a webhook as it is answered later; gives its id.
    pub fn add_webhook(&mut self, url: &str, campaign: Option<u64>, event_types: &[&str]) -> u64 {
        self.next += 1;
        let on: BTreeMap<&str, bool> = event_types.iter().map(|name| (*name, true)).collect();
        self.campaigns.extend(campaign);
        let webhook = json!({ "id": self.next, "name": "hook", "webhook_url": url, "email_campaign_id": campaign,
            "client_id": null, "event_type_map": on, "event_types": event_types, "category_id_map": {} });
        self.webhooks.insert(self.next, webhook);
        self.next
    }

    /// Changes where a webhook posts.
    pub fn move_webhook(&mut self, id: u64, url: &str) {
        if let Some(webhook) = self.webhooks.get_mut(&id).and_then(Value::as_object_mut) {
            webhook.insert("webhook_url".to_owned(), json!(url));
        }
    }

    pub fn delete_webhook(&mut self, id: u64) {
        self.webhooks.remove(&id);
    }

    pub(super) fn state(&self) -> Value {
        let place = |(lead, campaign, place): (&Lead, u64, &Place)| {
            json!({ "email": lead.email, "campaign_id": campaign, "status": place.status.as_str(),
                "is_unsubscribed": lead.is_unsubscribed })
        };
        json!({ "leads": self.places().map(place).collect::<Vec<_>>(), "block_list": self.block_list,
            "requests": self.usage.received.len(), "requests_over": self.usage.over })
    }

    fn places(&self) -> impl Iterator<Item = (&Lead, u64, &Place)> {
        self.leads.values().flat_map(|lead| lead.places.iter().map(move |(campaign, place)| (lead, *campaign, place)))
    }

    fn places_mut(&mut self, campaign: u64, email: &str) -> impl Iterator<Item = &mut Place> {
        let leads = self.leads.values_mut().filter(move |lead| lead.email == email);
        leads.filter_map(move |lead| lead.places.get_mut(&campaign))
    }
}

/// How it answers.
impl Account {
    pub(super) fn lead_by_email(&self, email: &str) -> Value {
        let email = email.to_lowercase();
        let Some((id, lead)) = self.leads.iter().find(|(_, lead)| lead.email == email) else { return json!({}) };
        let places: Vec<Value> = lead
            .places
            .iter()
            .map(|(campaign, place)| {
                json!({ "campaign_lead_map_id": place.map_id.to_string(), "campaign_id": campaign,
                    "campaign_name": "Outreach", "client_id": null, "client_email": null, "lead_category_id": null })
            })
            .collect();
        // The id is a text here, a number elsewhere.
        json!({ "id": id.to_string(), "email": lead.email, "first_name": "", "is_unsubscribed": lead.is_unsubscribed,
            "unsubscribed_client_id_map": null, "lead_campaign_data": places })
    }

    pub(super) fn pause(&mut self, campaign: u64, lead: u64) -> Answered {
        let place = self.place(campaign, lead)?;
        if place.status == LeadStatus::InProgress {
            place.status = LeadStatus::Paused;
        }
        Ok(json!({ "ok": true, "data": "success" }))
    }

    pub(super) fn resume(&mut self, campaign: u64, lead: u64, body: &Value, now: DateTime<Utc>) -> Answered {
        let days = body.get("resume_lead_with_delay_days");
        if days.is_some_and(|days| days.as_u64().is_none()) {
            return Err(INVALID);
        }
        let place = self.place(campaign, lead)?;
        match place.status {
            LeadStatus::Completed => return Err((500, "Lead is at the last sequence and cannot be resumed")),
            LeadStatus::Paused => {
                place.status = LeadStatus::InProgress;
                place.resumed_at = Some(now);
            }
            LeadStatus::InProgress | LeadStatus::Stopped => {}
        }
        Ok(json!({ "ok": true, "data": "success" }))
    }

    pub(super) fn unsubscribe(&mut self, campaign: u64, lead: u64) -> Answered {
        self.place(campaign, lead)?.status = LeadStatus::Stopped;
        Ok(json!({ "success": true, "message": "Lead unsubscribed successfully" }))
    }

    pub(super) fn unsubscribe_everywhere(&mut self, lead: u64) -> Answered {
        let lead = self.leads.get_mut(&lead).ok_or(NOT_FOUND)?;
        lead.is_unsubscribed = true;
        Ok(json!({ "ok": true }))
    }

    pub(super) fn block(&mut self, body: &Value) -> Answered {
        let list = body.get("domain_block_list").and_then(Value::as_array).ok_or(INVALID)?;
        let values: Option<Vec<String>> = list.iter().map(|value| value.as_str().map(str::to_lowercase)).collect();
        let values = values.filter(|values| !values.is_empty()).ok_or(INVALID)?;
        let before = self.block_list.len();
        self.block_list.extend(values.iter().cloned());
        Ok(json!({ "ok": true, "uploadCount": values.len(), "totalDomainAdded": self.block_list.len() - before }))
    }

    pub(super) fn import(&mut self, campaign: u64, body: &Value) -> Answered {
        let list = body.get("lead_list").and_then(Value::as_array).ok_or((400, "lead_list is required"))?;
        if list.len() > IMPORT_MAX {
            return Err((400, "at most 400 leads a request"));
        }
        let emails: Option<Vec<&str>> = list.iter().map(|lead| lead.get("email")?.as_str()).collect();
        let emails = emails.ok_or((400, "email field is required for all leads in lead_list"))?;
        let added = emails.iter().filter(|email| self.add_lead(campaign, email).is_some()).count();
        Ok(json!({ "success": true, "added_count": added, "skipped_count": emails.len() - added }))
    }

    pub(super) fn list(&self, campaign: u64, query: &Query) -> Answered {
        if !self.campaigns.contains(&campaign) {
            return Err(NOT_FOUND);
        }
        let number = |name: &str, usual: usize| query.get(name).map_or(Some(usual), |text| text.parse().ok());
        let (offset, limit) = (number("offset", 0).ok_or(INVALID)?, number("limit", PAGE_MAX).ok_or(INVALID)?);
        if limit == 0 || limit > PAGE_MAX {
            return Err(INVALID);
        }
        let since: Option<DateTime<Utc>> =
            query.get("last_sent_time_gt").map(|text| text.parse().map_err(|_error| INVALID)).transpose()?;
        let status = query.get("status");
        let is_listed = |place: &Place| {
            status.is_none_or(|status| place.status.as_str() == status)
                && since.is_none_or(|since| place.last_sent.is_some_and(|sent| sent > since))
        };
        let all: Vec<Value> = self
            .leads
            .iter()
            .filter_map(|(id, lead)| Some((id, lead, lead.places.get(&campaign)?)))
            .filter(|(_, _, place)| is_listed(place))
            .map(|(id, lead, place)| {
                json!({ "id": id, "email": lead.email, "status": place.status.as_str(),
                    "last_sent_time": place.last_sent, "email_stats": { "is_replied": place.has_replied } })
            })
            .collect();
        let page: Vec<&Value> = all.iter().skip(offset).take(limit).collect();
        Ok(json!({ "total": all.len(), "leads": page, "offset": offset, "limit": limit }))
    }

    pub(super) fn webhooks_of(&self, campaign: u64) -> Answered {
        if !self.campaigns.contains(&campaign) {
            return Err(NOT_FOUND);
        }
        let of_campaign = |webhook: &&Value| webhook.get("email_campaign_id") == Some(&json!(campaign));
        Ok(self.webhooks.values().filter(of_campaign).cloned().collect())
    }

    pub(super) fn webhook(&self, id: u64) -> Answered {
        let webhook = self.webhooks.get(&id).ok_or(NOT_FOUND)?;
        Ok(json!({ "ok": true, "data": webhook }))
    }

    fn place(&mut self, campaign: u64, lead: u64) -> Result<&mut Place, (u16, &'static str)> {
        self.leads.get_mut(&lead).and_then(|lead| lead.places.get_mut(&campaign)).ok_or(NOT_FOUND)
    }
}
