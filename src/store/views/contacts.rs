//! Contacts, their lists and campaigns.

use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::domain::stage::Stage;
use crate::domain::suppression::{Reason, WhyNot};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A contact as the owner's columns hold it, with its stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactView {
    pub contact_id: Uuid,
    pub client_id: String,
    pub email: String,
    pub stage: Stage,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<String>,
    pub company_name: Option<String>,
    pub job_title: Option<String>,
    pub linkedin_url: Option<String>,
    pub company_linkedin_url: Option<String>,
    pub company_website: Option<String>,
    pub company_size: Option<String>,
    pub company_industry: Option<String>,
    pub source: Option<String>,
    pub list_id: Option<String>,
    pub enrichment_date: Option<String>,
    pub lead_status: String,
    pub pipeline_status: String,
    pub campaign_status: Option<String>,
    pub lead_email_status: Option<String>,
    pub current_campaign_id: Option<String>,
    pub past_campaign_ids: Value,
    pub last_contact_date: Option<String>,
    pub last_reply_date: Option<String>,
    pub last_touch_date: Option<String>,
    pub reply_count: i64,
    pub emails_sent_count: i64,
    pub follow_up_date: Option<String>,
    pub follow_up_reason: Option<String>,
    pub has_engaged: bool,
    pub airtable_lead_id: Option<String>,
    pub promoted_at: Option<String>,
    pub converted_to_client: bool,
    pub converted_client_id: Option<String>,
    pub ai_context_summary: Option<String>,
    pub first_reply_date: Option<String>,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
}

/// A contact to which a campaign writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InSequence {
    pub contact_id: Uuid,
    pub email: Email,
    pub campaign: CampaignId,
    pub last_contact_at: DateTime<Utc>,
}

/// What is known of a campaign, counted over all its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignCounts {
    pub campaign: CampaignId,
    /// `smartlead` or `instantly`, where a message tells.
    pub platform: Option<String>,
    pub emails_sent: i64,
    /// Of people; automatic ones don't count.
    pub replies: i64,
    /// Contacts with a meeting.
    pub meetings_booked: i64,
}

/// A lead list to be there.
#[derive(Debug, Clone, PartialEq)]
pub struct ListWrite {
    /// The id it gets where it is not there yet.
    pub list_id: Uuid,
    pub client_id: ClientId,
    pub list_name: String,
    pub description: Option<String>,
    /// One of the owner's options.
    pub source: Option<&'static str>,
    pub metadata: Value,
    pub created_by: String,
    pub now: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ListTotals {
    pub total_contacts: i64,
    /// Those that are in a campaign now.
    pub contacts_in_campaigns: i64,
}

/// What is in the database, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CountsView {
    /// By client, then stage.
    pub contacts: BTreeMap<String, BTreeMap<String, i64>>,
    /// By outcome.
    pub deliveries: BTreeMap<String, i64>,
    /// By message type and status.
    pub chat_rows: BTreeMap<String, i64>,
    /// By kind and status.
    pub tasks: BTreeMap<String, i64>,
    pub events: i64,
}

/// What is known of an address before it is bought, enriched or written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactCheck {
    /// As it was asked for.
    pub email: String,
    pub is_known: bool,
    pub contact_id: Option<Uuid>,
    pub stage: Option<Stage>,
    /// By a campaign, today.
    pub may_be_contacted: bool,
    pub why_not: Option<WhyNot>,
    /// The closed reason where the address is suppressed; never by whom.
    pub suppressed: Option<Reason>,
    /// The same in words.
    pub reason: Option<String>,
    /// When it may be written to again, where only the time is against it.
    pub not_before: Option<NaiveDate>,
}

/// Where a contact stands, as far as a check needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub contact_id: Uuid,
    pub stage: Stage,
    pub follow_up_date: Option<NaiveDate>,
}

/// A contact that a suppression concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub contact_id: Uuid,
    pub key: ContactKey,
    pub stage: Stage,
    pub campaign: Option<CampaignId>,
    pub has_engaged: bool,
}
