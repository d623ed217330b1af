//! Smartlead keeps no log of its webhooks. A campaign's statistics tell of each mail by its id; of leads with a mail that is not known, and
//! of those that answered, the message history is asked for.

use super::{Place, Round};
use crate::domain::identity::{message_identity, message_key};
use crate::domain::ids::{CampaignId, ContactKey, Email};
use crate::domain::outreach::Outreach;
use crate::services::smartlead::{MailPage, Mails, Smartlead};
use crate::sources::smartlead::history::{Conversation, webhooks};
use crate::tasks::platforms::gate::Stopped;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::BTreeSet;

/// A lead takes two: its id, and its conversation.
const REQUESTS_OF_LEAD: u32 = 2;

/// True when all campaigns are through.
pub(super) async fn look(round: &mut Round<'_>, client: &Smartlead) -> Result<bool, Stopped> {
    loop {
        let at = match round.place().await? {
            Some(at) => Some(at),
            None => next_campaign(round).await?,
        };
        let Some(mut at) = at else { return Ok(true) };
        let Some(campaign) = at.campaign.clone() else { return Ok(true) };
        if !page(round, client, &campaign, &mut at).await? {
            return Ok(false);
        }
    }
}

async fn next_campaign(round: &Round<'_>) -> Result<Option<Place>, Stopped> {
    for campaign in round.campaigns().await? {
        if let Some(at) = round.begin(Some(campaign)).await? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// One page of a campaign's mails; false where the rest of it is for the next piece.
async fn page(
    round: &mut Round<'_>,
    client: &Smartlead,
    campaign: &CampaignId,
    at: &mut Place,
) -> Result<bool, Stopped> {
    round.save(at).await?;
    if round.left <= REQUESTS_OF_LEAD {
        return Ok(false);
    }
    let which = if at.replied { Mails::Replied } else { Mails::Sent { since: at.since, until: at.until } };
    let Some(page) = round.request(client.mails(campaign, which, at.offset)).await? else {
        // The account has no such campaign (any more).
        round.finish(at).await?;
        return Ok(true);
    };
    let next = page.next;
    for lead in suspects(round, at, page).await? {
        if at.after.as_deref().is_some_and(|after| lead.as_str() <= after) {
            continue;
        }
        if round.left < REQUESTS_OF_LEAD {
            return Ok(false);
        }
        conversation(round, client, at, campaign, &lead).await?;
        at.after = Some(lead.as_str().to_owned());
        round.save(at).await?;
    }
    at.after = None;
    at.offset = next.unwrap_or(0);
    match (next, at.replied) {
        (Some(_), _) => round.save(at).await?,
        (None, false) => {
            at.replied = true;
            round.save(at).await?;
        }
        (None, true) => round.finish(at).await?,
    }
    Ok(true)
}

/// The leads of a page about whom something may not have arrived.
async fn suspects(round: &Round<'_>, at: &Place, page: MailPage) -> Result<BTreeSet<Email>, Stopped> {
    if at.replied {
        let is_in_span = |time: DateTime<Utc>| at.since <= time && time < at.until;
        let replied = page.lines.into_iter().filter(|line| line.replied_at.is_some_and(is_in_span));
        return Ok(replied.map(|line| line.lead).collect());
    }
    let key = |stats_id: &str| message_identity(stats_id).map(|identity| message_key("email_sent", &identity));
    let keys: Vec<String> = page.lines.iter().filter_map(|line| key(&line.stats_id)).collect();
    let known = round.desk.store.known_events(&round.task.tenant, &keys).await?;
    let is_missing = |stats_id: &str| key(stats_id).is_some_and(|key| !known.contains(&key));
    Ok(page.lines.into_iter().filter(|line| is_missing(&line.stats_id)).map(|line| line.lead).collect())
}

async fn conversation(
    round: &mut Round<'_>,
    client: &Smartlead,
    at: &Place,
    campaign: &CampaignId,
    lead: &Email,
) -> Result<(), Stopped> {
    let store = round.desk.store.clone();
    let key = ContactKey { client_id: round.task.tenant.clone(), email: lead.clone() };
    let contact_id = store.contact(&key).await?.map(|contact| contact.contact_id);
    let known = match contact_id {
        Some(contact_id) => store.platform_lead(contact_id, Outreach::Smartlead, None).await?,
        None => None,
    };
    let lead_id = if let Some(lead_id) = known {
        lead_id
    } else {
        let Some(found) = round.request(client.lead_by_email(lead)).await?.flatten() else { return Ok(()) };
        if let Some(contact_id) = contact_id {
            let now = round.desk.now();
            store.set_platform_lead(contact_id, Outreach::Smartlead, None, Some(&found.id), now).await?;
        }
        found.id
    };
    let history = round.request(client.message_history(campaign, &lead_id)).await?;
    let Some(history) = history.filter(|history| history.is_with(lead)) else {
        // The lead was deleted and has another id now, or this one is somebody else's.
        if let Some(contact_id) = contact_id {
            store.set_platform_lead(contact_id, Outreach::Smartlead, None, None, round.desk.now()).await?;
        }
        return Ok(());
    };
    let mailbox = history.mailbox.as_deref();
    let conversation = Conversation { campaign: campaign.as_str(), lead_email: lead.as_str(), mailbox };
    let mut payloads = webhooks(&conversation, &history.messages);
    // What is older was before anybody listened, what is younger may still come.
    payloads.retain(|payload| time_of(payload).is_some_and(|time| at.since <= time && time < at.until));
    round.feed(&payloads).await
}

fn time_of(payload: &Value) -> Option<DateTime<Utc>> {
    payload.get("event_timestamp")?.as_str()?.parse().ok()
}
