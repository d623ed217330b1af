//! One workspace: a lead is of one campaign, and an address may have several leads.

mod posts;

use super::Answered;
use crate::sandbox::outreach::{Allowed, Usage};
use crate::sandbox::query::Query;
use posts::Post;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const PAGE_MAX: usize = 100;
const PAGE: usize = 10;
const ACTIVE: i64 = 1;
const COMPLETED: i64 = 3;
const NOT_FOUND: (u16, &str) = (404, "Lead not found");

#[derive(Debug)]
struct Lead {
    email: String,
    campaign: String,
    status: i64,
    interest: Option<i64>,
}

/// A workspace of Instantly.
#[derive(Debug)]
pub struct Workspace {
    pub(super) usage: Usage,
    leads: BTreeMap<String, Lead>,
    block_list: BTreeSet<String>,
    webhooks: Vec<Value>,
    /// The oldest first.
    posts: Vec<Post>,
    removed: usize,
    made: u128,
}

/// As a person at Instantly does and sees it.
impl Workspace {
    pub(super) fn new(allowed: Allowed) -> Self {
        Self {
            usage: Self::usage(allowed),
            leads: BTreeMap::new(),
            block_list: BTreeSet::new(),
            webhooks: Vec::new(),
            posts: Vec::new(),
            removed: 0,
            made: 0,
        }
    }

    /// Puts a lead into a campaign, active; gives its id. None where it is blocked.
    pub fn add_lead(&mut self, campaign: &str, email: &str) -> Option<String> {
        let email = email.to_lowercase();
        if self.block_list.contains(&email) {
            return None;
        }
        let is_it = |lead: &Lead| lead.email == email && lead.campaign == campaign;
        if let Some((id, _)) = self.leads.iter().find(|(_, lead)| is_it(lead)) {
            return Some(id.clone());
        }
        let id = self.new_id();
        let lead = Lead { email, campaign: campaign.to_owned(), status: ACTIVE, interest: None };
        self.leads.insert(id.clone(), lead);
        Some(id)
    }

    /// Deletes a lead for good; added again it has another id.
    pub fn delete_lead(&mut self, campaign: &str, email: &str) {
        self.leads.retain(|_, lead| lead.email != email || lead.campaign != campaign);
    }

    /// The sequence is through.
    pub fn complete(&mut self, campaign: &str, email: &str) {
        self.set_status(campaign, email, COMPLETED);
    }

    /// As the API's `status` tells it.
    pub fn set_status(&mut self, campaign: &str, email: &str, status: i64) {
        for lead in self.leads.values_mut().filter(|lead| lead.email == email && lead.campaign == campaign) {
            lead.status = status;
        }
    }

    /// Somebody gives a lead another address: it keeps its id.
    pub fn readdress(&mut self, campaign: &str, email: &str, to: &str) {
        for lead in self.leads.values_mut().filter(|lead| lead.email == email && lead.campaign == campaign) {
            lead.email = to.to_lowercase();
        }
    }

    /// Status and interest of a lead; none where it is not in the campaign.
    pub fn lead(&self, campaign: &str, email: &str) -> Option<(i64, Option<i64>)> {
        let lead = self.leads.values().find(|lead| lead.email == email && lead.campaign == campaign)?;
        Some((lead.status, lead.interest))
    }

    pub fn block_list(&self) -> &BTreeSet<String> {
        &self.block_list
    }

    /// Leads that were taken out of their campaigns by the API.
    pub fn removed(&self) -> usize {
        self.removed
    }

    /// Registers a webhook; gives its id.
    pub fn add_webhook(
        &mut self,
        url: &str,
        campaign: Option<&str>,
        event_type: Option<&str>,
        is_disabled: bool,
    ) -> String {
        let id = self.new_id();
        let status = if is_disabled { -1 } else { 1 };
        self.webhooks.push(json!({ "id": id, "name": "hook", "target_hook_url": url, "campaign": campaign,
            "event_type": event_type, "status": status, "headers": {} }));
        id
    }

    pub fn remove_webhooks(&mut self) {
        self.webhooks.clear();
    }

    pub(super) fn state(&self) -> Value {
        let leads = self.leads.iter().map(|(id, lead)| item(id, lead)).collect::<Vec<_>>();
        json!({ "leads": leads, "removed": self.removed, "block_list": self.block_list,
            "requests": self.usage.received.len(), "requests_over": self.usage.over })
    }

    fn new_id(&mut self) -> String {
        self.made += 1;
        Uuid::from_u128((0x019d_b117_9cc0_7982 << 64) | self.made).to_string()
    }
}

/// How it answers.
impl Workspace {
    pub(super) fn create(&mut self, body: &Value) -> Answered {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let (Some(email), Some(campaign)) = (text("email"), text("campaign")) else {
            return Err((400, "body must have required property 'email'"));
        };
        let id = self.add_lead(campaign, email).ok_or((400, "The lead is on the block list"))?;
        self.get(&id)
    }

    pub(super) fn list(&self, body: &Value) -> Answered {
        let limit = match body.get("limit") {
            None => PAGE,
            Some(limit) => limit.as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(0),
        };
        if limit == 0 || limit > PAGE_MAX {
            return Err((400, "body/limit must be between 1 and 100"));
        }
        let campaign = body.get("campaign").and_then(Value::as_str);
        let contacts: Option<Vec<String>> = body
            .get("contacts")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_str).map(str::to_lowercase).collect());
        let after = body.get("starting_after").and_then(Value::as_str).unwrap_or_default();
        let is_listed = |(id, lead): &(&String, &Lead)| {
            id.as_str() > after
                && campaign.is_none_or(|campaign| lead.campaign == campaign)
                && contacts.as_ref().is_none_or(|contacts| contacts.contains(&lead.email))
        };
        Ok((200, page(self.leads.iter().filter(is_listed).map(|(id, lead)| item(id, lead)), limit)))
    }

    pub(super) fn get(&self, id: &str) -> Answered {
        self.leads.get(id).map(|lead| (200, item(id, lead))).ok_or(NOT_FOUND)
    }

    pub(super) fn delete(&mut self, id: &str) -> Answered {
        let lead = self.leads.remove(id).ok_or(NOT_FOUND)?;
        self.removed += 1;
        Ok((200, item(id, &lead)))
    }

    /// The real one answers first and does it then; here it is done at once.
    pub(super) fn set_interest(&mut self, body: &Value) -> Answered {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let email = text("lead_email").ok_or((400, "body must have required property 'lead_email'"))?.to_lowercase();
        let campaign = text("campaign_id").ok_or((400, "body must have required property 'campaign_id'"))?.to_owned();
        let value = match body.get("interest_value") {
            Some(Value::Null) => None,
            Some(Value::Number(value)) => value.as_i64(),
            Some(_) | None => return Err((400, "body must have required property 'interest_value'")),
        };
        for lead in self.leads.values_mut().filter(|lead| lead.email == email && lead.campaign == campaign) {
            lead.interest = value;
        }
        Ok((202, json!({ "message": "Lead interest status update background job submitted" })))
    }

    pub(super) fn blocked(&self, query: &Query) -> (u16, Value) {
        let term = query.get("search").unwrap_or_default().to_lowercase();
        let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE).min(PAGE_MAX);
        let found = self.block_list.iter().filter(|value| value.contains(&term)).map(|value| entry(value));
        (200, page(found, limit))
    }

    pub(super) fn block(&mut self, body: &Value) -> Answered {
        let value =
            body.get("bl_value").and_then(Value::as_str).ok_or((400, "body must have required property 'bl_value'"))?;
        if !self.block_list.insert(value.to_lowercase()) {
            return Err((400, "The entry exists already"));
        }
        Ok((200, entry(&value.to_lowercase())))
    }

    pub(super) fn webhooks(&self, query: &Query) -> (u16, Value) {
        let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE).min(PAGE_MAX);
        let after = query.get("starting_after").unwrap_or_default();
        let id_of = |webhook: &&Value| webhook.get("id").and_then(Value::as_str).unwrap_or_default() > after;
        (200, page(self.webhooks.iter().filter(id_of).cloned(), limit))
    }
}

/// A page of items in the order of their ids, and where the next one begins.
fn page(items: impl Iterator<Item = Value>, limit: usize) -> Value {
    let mut items: Vec<Value> = items.take(limit + 1).collect();
    let is_cut = items.len() > limit;
    items.truncate(limit);
    let next = items.last().and_then(|item| item.get("id")).filter(|_| is_cut).cloned();
    match next {
        Some(next) => json!({ "items": items, "next_starting_after": next }),
        None => json!({ "items": items }),
    }
}

fn item(id: &str, lead: &Lead) -> Value {
    let mut item = json!({ "id": id, "email": lead.email, "campaign": lead.campaign, "status": lead.status,
        "email_reply_count": 0 });
    if let (Some(interest), Some(fields)) = (lead.interest, item.as_object_mut()) {
        fields.insert("lt_interest_status".to_owned(), json!(interest));
    }
    item
}

fn entry(value: &str) -> Value {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, value.as_bytes());
    json!({ "id": id, "bl_value": value, "is_domain": !value.contains('@'), "timestamp_created": "2026-01-01T00:00:00.000Z" })
}
