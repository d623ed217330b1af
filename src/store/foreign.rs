//! Rows that another writer made or changed (a person in an editor, an n8n node, an older system), as the engine reads them.

use super::StoreError;
use crate::domain::contact::{Contact, Engagement};
use crate::domain::event::{OutsideChange, Profile};
use crate::domain::ids::CampaignId;
use crate::domain::stage::{CampaignStatus, Columns, LeadEmailStatus, LeadStatus, PipelineStatus, Stage};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The stage that four columns hold; off the matrix, the nearest one.
pub(super) fn stage_of(
    lead: Option<&str>,
    pipeline: Option<&str>,
    campaign: Option<&str>,
    email: Option<&str>,
) -> Stage {
    exact(lead, pipeline, campaign, email).unwrap_or_else(|| Stage::nearest(lead, pipeline, campaign, email))
}

fn exact(lead: Option<&str>, pipeline: Option<&str>, campaign: Option<&str>, email: Option<&str>) -> Option<Stage> {
    let campaign_status = match campaign {
        Some(text) => Some(CampaignStatus::parse(text)?),
        None => None,
    };
    let lead_email_status = match email {
        Some(text) => Some(LeadEmailStatus::parse(text)?),
        None => None,
    };
    Stage::from_columns(Columns {
        lead_status: LeadStatus::parse(lead?)?,
        pipeline_status: PipelineStatus::parse(pipeline?)?,
        campaign_status,
        lead_email_status,
    })
}

/// A contact that the engine never folded, from its columns: the start of its fold. What can't be read is taken as absent.
pub(super) fn contact_of_columns(row: &Map<String, Value>) -> Contact {
    let mut profile = Profile::default();
    for column in PROFILE_COLUMNS {
        if let Some(field) = profile.field_mut(column) {
            *field = text(row, column).map(str::to_owned);
        }
    }
    let stage = row_stage(row);
    let past: Vec<String> = typed(row, "past_campaign_ids").unwrap_or_default();
    let current = text(row, "current_campaign_id").and_then(|id| CampaignId::parse(id).ok());
    let mut past_campaigns: Vec<CampaignId> = past.iter().filter_map(|id| CampaignId::parse(id).ok()).collect();
    let current_campaign = current.filter(|campaign| {
        if !stage.keeps_campaign() && !past_campaigns.contains(campaign) {
            past_campaigns.push(campaign.clone());
        }
        stage.keeps_campaign()
    });
    let last_contact_at = time(row, "last_contact_date");
    let last_reply_at = time(row, "last_reply_date");
    let reply_count = typed(row, "reply_count").unwrap_or_default();
    let has_engaged = flag(row, "has_engaged");
    Contact {
        stage,
        profile,
        contact_source: typed(row, "source"),
        list_id: typed(row, "list_id"),
        enrichment_date: time(row, "enrichment_date"),
        current_campaign,
        past_campaigns,
        last_contact_at,
        last_reply_at,
        last_touch_at: time(row, "last_touch_date").max(last_contact_at).max(last_reply_at),
        last_campaign_mail_at: last_contact_at,
        emails_sent_count: typed(row, "emails_sent_count").unwrap_or_default(),
        reply_count,
        follow_up_date: typed(row, "follow_up_date"),
        follow_up_reason: typed(row, "follow_up_reason"),
        has_engaged,
        engagement: has_engaged.then_some(Engagement::EmailReply),
        first_reply_at: time(row, "first_reply_date"),
        converted_to_client: flag(row, "converted_to_client"),
        converted_client_id: text(row, "converted_client_id").map(str::to_owned),
        ..Contact::default()
    }
}

/// The changes that the database's guard recorded: `[{"at": time, column: new value, …}, …]`.
pub(super) fn outside_changes(recorded: &str) -> Result<Vec<(DateTime<Utc>, OutsideChange)>, StoreError> {
    let rows: Vec<Map<String, Value>> = serde_json::from_str(recorded)
        .map_err(|error| StoreError::Rejected(format!("stored changes of another writer can't be read: {error}")))?;
    let mut changes: Vec<(DateTime<Utc>, OutsideChange)> = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some(at) = time(row, "at") else { continue };
        // A clock of milliseconds may tell two changes apart no more; their order does.
        let after = changes.last().map(|(before, _)| *before + TimeDelta::microseconds(1));
        changes.push((after.map_or(at, |after| at.max(after)), outside_change(row)));
    }
    Ok(changes)
}

fn outside_change(row: &Map<String, Value>) -> OutsideChange {
    let told = |column: &str| row.contains_key(column);
    OutsideChange {
        stage: told("lead_status").then(|| row_stage(row)),
        follow_up_date: told("follow_up_date").then(|| typed::<NaiveDate>(row, "follow_up_date")),
        follow_up_reason: told("follow_up_reason").then(|| typed(row, "follow_up_reason")),
        source: told("source").then(|| typed(row, "source")),
        list_id: told("list_id").then(|| typed(row, "list_id")),
        converted_client_id: told("converted_client_id").then(|| text(row, "converted_client_id").map(str::to_owned)),
        converted_to_client: told("converted_to_client").then(|| flag(row, "converted_to_client")),
        has_engaged: flag(row, "has_engaged"),
        profile: PROFILE_COLUMNS
            .iter()
            .filter(|column| told(column))
            .map(|column| ((*column).to_owned(), text(row, column).map(str::to_owned)))
            .collect(),
    }
}

const PROFILE_COLUMNS: [&str; 10] = [
    "first_name",
    "last_name",
    "phone",
    "company_name",
    "job_title",
    "linkedin_url",
    "company_linkedin_url",
    "company_website",
    "company_size",
    "company_industry",
];

fn row_stage(row: &Map<String, Value>) -> Stage {
    stage_of(
        text(row, "lead_status"),
        text(row, "pipeline_status"),
        text(row, "campaign_status"),
        text(row, "lead_email_status"),
    )
}

fn text<'a>(row: &'a Map<String, Value>, column: &str) -> Option<&'a str> {
    row.get(column).and_then(Value::as_str)
}

fn typed<T: DeserializeOwned>(row: &Map<String, Value>, column: &str) -> Option<T> {
    row.get(column).and_then(|value| T::deserialize(value).ok())
}

/// PostgreSQL says true, SQLite 1.
fn flag(row: &Map<String, Value>, column: &str) -> bool {
    row.get(column).is_some_and(|value| value.as_bool().unwrap_or_else(|| value.as_i64() == Some(1)))
}

fn time(row: &Map<String, Value>, column: &str) -> Option<DateTime<Utc>> {
    instant(text(row, column)?)
}

/// RFC 3339, or as a person types a time; a day is its first moment.
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.with_timezone(&Utc));
    }
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|form| chrono::NaiveDateTime::parse_from_str(text, form).ok());
    naive.or_else(|| text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)).map(|naive| naive.and_utc())
}
