//! `platform.lead_status`: no webhook tells that a lead is through with its sequence. So the platform is asked, now and then and in
//! pages, for contacts that had no mail for a while.

use super::PlatformService;
use super::completed::{self, PAGES_MAX};
use super::desk::{Desk, Done, Told};
use super::gate::Stopped;
use crate::domain::event::{Event, EventData, Facts, FinishedBy, Profile, Source};
use crate::domain::identity::platform_key;
use crate::domain::ids::{CampaignId, ClientId, Email};
use crate::domain::outreach::Outreach;
use crate::engine::rows::ClaimedTask;
use crate::services::instantly::{self, Instantly, LeadState};
use crate::store::views::InSequence;
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Contacts whose last mail is younger are still waited for.
pub(super) const IDLE_DAYS: i64 = 2;
/// Contacts that are looked at in one round.
const CONTACTS_MAX: u32 = 500;
/// Campaigns that are asked for in one round; more wait for the next one.
const CAMPAIGNS_MAX: usize = 10;
/// When the next page of contacts is looked at, and when all begin again.
const NEXT_PAGE_MS: i64 = 300_000;
pub(super) const ROUND_MS: i64 = 3_600_000;

pub(super) async fn work(desk: &Desk, service: &PlatformService, task: &ClaimedTask) -> Result<Done, Stopped> {
    let client_id = &task.tenant;
    let cursor = format!("platform.lead_status:{client_id}:{}", desk.platform);
    let after: Option<Uuid> = desk.store.cursor(&cursor).await?.and_then(|(after, _)| after.parse().ok());
    let sent_before = desk.now() - TimeDelta::days(IDLE_DAYS);
    let page = desk.store.contacts_in_sequence(client_id, sent_before, after, CONTACTS_MAX).await?;
    let is_last = page.len() < usize::try_from(CONTACTS_MAX).unwrap_or(usize::MAX);
    let mut campaigns: BTreeMap<CampaignId, Vec<InSequence>> = BTreeMap::new();
    let mut seen_until = page.last().map(|contact| contact.contact_id);
    let mut was_cut = false;
    for contact in page.into_iter().filter(|contact| Outreach::of(&contact.campaign) == Some(desk.platform)) {
        if campaigns.len() == CAMPAIGNS_MAX && !campaigns.contains_key(&contact.campaign) {
            // The rest is for the next round, which begins where this one stops.
            was_cut = true;
            break;
        }
        seen_until = if was_cut { seen_until } else { Some(contact.contact_id) };
        campaigns.entry(contact.campaign.clone()).or_default().push(contact);
    }
    let mut refused = Vec::new();
    let mut pages_left = PAGES_MAX;
    let mut is_through = true;
    for (campaign, contacts) in &campaigns {
        desk.hold_on(task).await?;
        let done = match service {
            PlatformService::Smartlead(client) => {
                let oldest = contacts.iter().map(|contact| contact.last_contact_at).min().unwrap_or(sent_before);
                completed::read(desk, client, task, campaign, oldest, &mut pages_left).await
            }
            PlatformService::Instantly { client, .. } => {
                at_instantly(desk, client, client_id, campaign, contacts).await.map(|()| true)
            }
        };
        match done {
            Ok(is_read) => is_through &= is_read,
            // A campaign that the key may not see, or that the platform does not take, holds up no other.
            Err(stopped) if stopped.is_of_one_campaign() => refused.push(format!("{campaign}: {stopped}")),
            Err(stopped) => return Err(stopped),
        }
    }
    let now = desk.now();
    let goes_on = was_cut || !is_last || !is_through;
    // Where a list was not read to its end these contacts come again.
    let seen_until = if is_through { seen_until.filter(|_| goes_on) } else { after };
    let seen_until = seen_until.map(|id| id.to_string());
    desk.store.set_cursor(&cursor, seen_until.as_deref(), now).await?;
    let wait_ms = if goes_on { NEXT_PAGE_MS } else { ROUND_MS };
    let told = (!refused.is_empty()).then(|| Told {
        action: "asked how far leads are in their sequences".to_owned(),
        details: String::new(),
        failed: Some(refused.join("; ")),
    });
    Ok(Done { again_at: Some(now + TimeDelta::milliseconds(wait_ms)), told })
}

async fn at_instantly(
    desk: &Desk,
    client: &Instantly,
    client_id: &ClientId,
    campaign: &CampaignId,
    contacts: &[InSequence],
) -> Result<(), Stopped> {
    let mut completed = BTreeSet::new();
    for some in contacts.chunks(instantly::PAGE) {
        let emails: Vec<Email> = some.iter().map(|contact| contact.email.clone()).collect();
        desk.gate.enter().await?;
        let leads = desk.gate.leave(client.leads_of(campaign, &emails).await).await?.unwrap_or_default();
        let is_through = |lead: &instantly::InstantlyLead| lead.state == LeadState::Completed && lead.replies == 0;
        completed.extend(leads.into_iter().filter(is_through).filter_map(|lead| lead.email));
    }
    let through = contacts.iter().filter(|contact| completed.contains(&contact.email));
    desk.apply(client_id, through.map(|contact| finished(desk, client_id, contact)).collect()).await
}

pub(super) fn finished(desk: &Desk, client_id: &ClientId, contact: &InSequence) -> Event {
    let campaign = Some(contact.campaign.clone());
    let data = EventData::SequenceFinished { campaign, finished_by: FinishedBy::PlatformStatus };
    // The same lead may go through the campaign a second time; its last mail tells which time it was.
    let last_mail = contact.last_contact_at.to_rfc3339();
    let parts = [contact.campaign.as_str(), contact.email.as_str(), &last_mail];
    Event {
        client_id: client_id.clone(),
        email: contact.email.clone(),
        source: match desk.platform {
            Outreach::Smartlead => Source::Smartlead,
            Outreach::Instantly => Source::Instantly,
        },
        dedupe_key: platform_key(data.kind(), "status", &parts),
        facts: Facts { occurred_at: desk.now(), time_known: true, profile: Profile::default(), data },
        lineage: Vec::new(),
    }
}
