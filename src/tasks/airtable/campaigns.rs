//! Campaigns: which record is which campaign, and `airtable.push_campaigns`: their figures, once an hour.

use super::gate::Stopped;
use super::{Base, CAMPAIGNS, Done, agency, log};
use crate::domain::ids::CampaignId;
use crate::engine::rows::{AutomationType, LogRow, TaskKind, TaskRow, TriggerType};
use crate::services::airtable::AirtableError;
use crate::services::airtable::records::{Fields, RECORDS_MAX, Record};
use crate::store::views::CampaignCounts;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

const ROUND_MS: i64 = 3_600_000;
/// Events are looked at again for this long before the last push: one that was being written then may not have been seen.
const OVERLAP_MS: i64 = 300_000;
/// How old the list of records may be when a campaign is not in it.
const LINKS_AGE_MS_MAX: i64 = 600_000;
const PLATFORM: &str = "platform";
const PLATFORM_ID: &str = "platform_campaign_id";
/// Leads that get their campaign's link late, in one go.
const LATE_LINKS_MAX: u32 = 500;
const PRIORITY_BULK: u8 = 9;
/// Campaigns that are named where something is said of many.
const NAMED_MAX: usize = 10;

struct Campaign {
    record_id: String,
    /// `Smart Lead`, `Instantly` or `Other`, where it is filled.
    platform: Option<String>,
}

/// The campaigns' records by the platforms' ids, as they were last read.
#[derive(Default)]
pub(super) struct Links {
    records: HashMap<String, Vec<Campaign>>,
    read_at: Option<DateTime<Utc>>,
}

impl Links {
    /// The record of a campaign; none where Airtable has none (yet).
    pub(super) async fn record_of(&mut self, base: &Base, campaign: &CampaignId) -> Result<Option<String>, Stopped> {
        if !self.records.contains_key(campaign.as_str()) {
            self.refresh(base).await?;
        }
        Ok(self.find(campaign, None).map(str::to_owned))
    }

    fn find(&self, campaign: &CampaignId, platform: Option<&str>) -> Option<&str> {
        let is_it = |known: &&Campaign| match (known.platform.as_deref(), platform) {
            (Some("Smart Lead"), Some(platform)) => platform == "smartlead",
            (Some("Instantly"), Some(platform)) => platform == "instantly",
            (Some(_) | None, Some(_) | None) => true,
        };
        self.records.get(campaign.as_str())?.iter().find(is_it).map(|known| known.record_id.as_str())
    }

    /// Reads the list again where it is old. A base without the table has no campaigns, which holds up no lead.
    async fn refresh(&mut self, base: &Base) -> Result<(), Stopped> {
        let now = base.now();
        if self.read_at.is_some_and(|read_at| now - read_at < TimeDelta::milliseconds(LINKS_AGE_MS_MAX)) {
            return Ok(());
        }
        let records = match base.list_gently(CAMPAIGNS, None, &[PLATFORM, PLATFORM_ID]).await? {
            Ok(records) => records,
            Err(error @ AirtableError::Unavailable { .. }) => return Err(Stopped::Airtable(error)),
            Err(error) => {
                tracing::warn!(%error, "the table Campaigns can't be read: leads are not linked to campaigns");
                Vec::new()
            }
        };
        self.read_at = Some(now);
        self.records.clear();
        for Record { id: record_id, fields } in records {
            let text = |name: &str| fields.get(name).and_then(Value::as_str).map(|text| text.trim().to_owned());
            if let Some(campaign) = text(PLATFORM_ID).filter(|id| !id.is_empty()) {
                self.records.entry(campaign).or_default().push(Campaign { record_id, platform: text(PLATFORM) });
            }
        }
        Ok(())
    }
}

/// Writes the figures of the campaigns that had an event since the last time.
pub(super) async fn push(base: &Base, links: &mut Links) -> Result<Done, Stopped> {
    let started = base.now();
    let done = Done { again_at: Some(started + TimeDelta::milliseconds(ROUND_MS)), ..Done::default() };
    let cursor = "airtable.campaigns_pushed";
    let pushed_at =
        base.store.cursors(cursor).await?.into_iter().next().and_then(|(_, at)| at.parse::<DateTime<Utc>>().ok());
    let since = pushed_at.map_or(DateTime::UNIX_EPOCH, |at| at - TimeDelta::milliseconds(OVERLAP_MS));
    let changed = base.store.campaigns_changed_since(since).await?;
    if changed.is_empty() {
        return Ok(done);
    }
    links.refresh(base).await?;
    let counts = base.store.campaign_counts(&changed).await?;
    let mut updates = Vec::with_capacity(counts.len());
    let (mut missing, mut linked) = (Vec::new(), Vec::new());
    for counts in counts {
        match links.find(&counts.campaign, counts.platform.as_deref()) {
            Some(record_id) => {
                updates.push((record_id.to_owned(), figures(&counts, started)));
                linked.push(counts.campaign);
            }
            None => missing.push(format!("{} {}", counts.platform.as_deref().unwrap_or("?"), counts.campaign)),
        }
    }
    let mut refused = Vec::new();
    for chunk in updates.chunks(RECORDS_MAX) {
        write(base, chunk, &mut refused).await?;
    }
    want_late_links(base, &linked).await?;
    base.store.set_cursor(cursor, Some(&started.to_rfc3339()), started).await?;
    Ok(Done { logs: vec![row(base, updates.len() - refused.len(), &missing, &refused, started)], ..done })
}

fn figures(counts: &CampaignCounts, now: DateTime<Utc>) -> Fields {
    let cells = [
        ("emails_sent", json!(counts.emails_sent)),
        ("replies", json!(counts.replies)),
        ("meetings_booked", json!(counts.meetings_booked)),
        ("last_analytics_update", json!(now.to_rfc3339_opts(SecondsFormat::Millis, true))),
    ];
    cells.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect()
}

/// A refused request writes nothing, so each of its records goes alone then.
async fn write(base: &Base, updates: &[(String, Fields)], refused: &mut Vec<String>) -> Result<(), Stopped> {
    let airtable = base.gate.enter().await?;
    match base.gate.leave(airtable.update(CAMPAIGNS, updates).await).await {
        Err(Stopped::Airtable(AirtableError::Rejected { .. } | AirtableError::NotFound { .. })) => {}
        result => return result.map(drop),
    }
    for (record_id, cells) in updates {
        match base.update(CAMPAIGNS, record_id, cells.clone()).await {
            Err(Stopped::Airtable(error @ (AirtableError::Rejected { .. } | AirtableError::NotFound { .. }))) => {
                refused.push(format!("{record_id}: {error}"));
            }
            result => result?,
        }
    }
    Ok(())
}

async fn want_late_links(base: &Base, campaigns: &[CampaignId]) -> Result<(), Stopped> {
    let now = base.now();
    let contacts = base.store.leads_without_campaign(campaigns, LATE_LINKS_MAX).await?;
    let subjects = base.store.lead_subjects(&contacts).await?;
    let tasks = subjects.iter().map(|subject| {
        let (kind, tenant) = (TaskKind::AirtableSyncLead, subject.key.client_id.clone());
        TaskRow::of_contact(Uuid::new_v4(), kind, tenant, subject.contact_id, PRIORITY_BULK, now)
    });
    Ok(base.store.want(tasks.collect(), Vec::new()).await?)
}

fn row(base: &Base, pushed: usize, missing: &[String], refused: &[String], started: DateTime<Utc>) -> LogRow {
    let now = base.now();
    let mut details = Vec::new();
    let named = |names: &[String]| names.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    if !missing.is_empty() {
        details.push(format!(
            "{} campaigns have no record with their {PLATFORM_ID}, such as {}",
            missing.len(),
            named(missing)
        ));
    }
    if !refused.is_empty() {
        details.push(format!("{} records did not take their figures: {}", refused.len(), named(refused)));
    }
    LogRow {
        automation_type: AutomationType::AnalyticsUpdate,
        trigger_type: TriggerType::HourlyCron,
        action_taken: format!("figures of {pushed} campaigns written to Airtable"),
        action_details: (!details.is_empty()).then(|| details.join("; ")),
        processing_time_ms: Some((now - started).num_milliseconds()),
        ..log(&agency(), now)
    }
}
