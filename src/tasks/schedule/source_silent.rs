//! `source_silent`: whoever used to tell of events and no longer does, and the end of such silences. A silent source speaks for its campaigns
//! and mailboxes; a campaign is missed only while contacts are in its sequence.

use super::Job;
use super::pages::count;
use super::sweep::{Halt, JobReport, Run};
use crate::domain::alert::{AlertKind, AlertStatus};
use crate::domain::ids::{CampaignId, ClientId};
use crate::domain::silence::{HOUR_SECONDS, Heard, Silence, Voice, WEEKS, silence, told};
use crate::engine::alerts::{Raised, alert_log};
use crate::engine::rows::LogRow;
use crate::store::silence::HeardLast;
use crate::store::views::AlertFilter;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use uuid::Uuid;

const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;
/// Sources, campaigns and mailboxes that are listened for.
const VOICES_MAX: u32 = 50_000;
/// What was heard in this hour or the one before is not silent.
const FRESH_SECONDS: i64 = 2 * HOUR_SECONDS;

pub(super) async fn work(run: &Run<'_>) -> Result<JobReport, Halt> {
    let mut report =
        JobReport::of(Job::SourceSilent, "sources, campaigns and mailboxes fell silent or are heard again");
    while !run.is_rehearsal() && !run.store().fold_counters(run.now()).await? {
        run.hold_on().await?;
    }
    // The weeks to compare with, and the week of the silence itself.
    let since = run.now().timestamp() - (WEEKS + 1) * 7 * DAY_SECONDS;
    let mut voices = Vec::new();
    for last in run.store().heard_last(since, VOICES_MAX).await? {
        let Ok(client_id) = ClientId::parse(&last.client) else { continue };
        if let Some(voice) = Voice::parse(&last.voice).filter(|_| run.clients.contains(&client_id)) {
            voices.push((client_id, voice, last));
        }
    }
    report.found = count(voices.len());
    report.done += resolve(run, &voices).await?;
    // Sources first: what is silent with its source is not told once more.
    voices.sort_by_key(|(_, voice, _)| voice.heard);
    let mut silent_sources = BTreeSet::new();
    for (client_id, voice, last) in &voices {
        if run.now().timestamp() - last.hour < FRESH_SECONDS {
            continue;
        }
        run.hold_on().await?;
        let hours = run.store().heard_hours(&last.client, &last.voice, since).await?;
        let Some(silence) = silence(voice.heard, &hours, run.now()) else { continue };
        let is_with_source = silent_sources.contains(&(client_id, voice.source));
        match voice.heard {
            Heard::Source => {
                silent_sources.insert((client_id, voice.source));
            }
            Heard::Campaign | Heard::Mailbox if is_with_source => continue,
            Heard::Campaign if !is_running(run, client_id, &voice.name).await? => continue,
            Heard::Campaign | Heard::Mailbox => {}
        }
        report.done += 1;
        if !run.is_rehearsal() {
            run.store().want(Vec::new(), vec![alert(client_id, voice, &silence, run.now())]).await?;
        }
    }
    Ok(report)
}

/// Some contact waits for the campaign's next mail.
async fn is_running(run: &Run<'_>, client_id: &ClientId, campaign: &str) -> Result<bool, Halt> {
    let Ok(campaign) = CampaignId::parse(campaign) else { return Ok(false) };
    Ok(!run.store().contacts_in_campaign(client_id, &campaign, None, 1).await?.is_empty())
}

/// One silence is told once, however often it is looked at.
fn alert(client_id: &ClientId, voice: &Voice, silence: &Silence, now: DateTime<Utc>) -> LogRow {
    let (key, text) = (voice.to_string(), told(voice, silence));
    let occurrence = format!("silence:{client_id}:{key}:{}", silence.since);
    let log_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, occurrence.as_bytes());
    alert_log(client_id, log_id, Raised::new(AlertKind::SourceSilent, key, text), now)
}

/// Silences that are over: something was heard since they were told.
async fn resolve(run: &Run<'_>, voices: &[(ClientId, Voice, HeardLast)]) -> Result<u64, Halt> {
    let mut resolved = 0;
    for status in [AlertStatus::Open, AlertStatus::Acknowledged] {
        let kind = Some(AlertKind::SourceSilent);
        let filter = AlertFilter { status: Some(status), kind, limit: u32::MAX, ..AlertFilter::default() };
        for alert in run.store().alerts(&filter).await? {
            let told_at: Option<DateTime<Utc>> = alert.last_at.parse().ok();
            let is_over = voices.iter().any(|(client_id, voice, last)| {
                client_id.as_str() == alert.client_id
                    && voice.to_string() == alert.key
                    && told_at.is_some_and(|told_at| last.hour + HOUR_SECONDS > told_at.timestamp())
            });
            let Ok(tenant) = ClientId::parse(&alert.client_id) else { continue };
            if is_over && !run.is_rehearsal() {
                let kind = AlertKind::SourceSilent;
                resolved += u64::from(run.store().resolve_alert(&tenant, kind, &alert.key, run.now()).await?);
            }
        }
    }
    Ok(resolved)
}
