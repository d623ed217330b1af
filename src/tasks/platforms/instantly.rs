//! `platform.sync_sequence` at Instantly, which has no call that pauses one lead: it is stopped by a label of the owner's, or taken out
//! of its campaign.

use super::desk::{Desk, Done};
use super::gate::Stopped;
use crate::domain::ids::CampaignId;
use crate::domain::outreach::Wanted;
use crate::engine::rows::LeadSubject;
use crate::services::instantly::{Instantly, InstantlyLead};

pub(super) async fn sync(
    desk: &Desk,
    client: &Instantly,
    stop_interest: Option<i64>,
    subject: &LeadSubject,
    campaign: &CampaignId,
) -> Result<Done, Stopped> {
    let wanted = desk.wanted(subject, campaign).await?;
    if wanted == Wanted::Nothing {
        return Ok(Done::default());
    }
    let Some(lead) = lead(desk, client, subject, campaign).await? else {
        return Ok(Done::told("nothing to do at Instantly", "the lead is not in this campaign there"));
    };
    if !lead.state.may_send() {
        let details = "the sequence is over there already (completed, bounced, unsubscribed or skipped)";
        return Ok(Done::told("nothing to do at Instantly", details));
    }
    match (wanted, stop_interest) {
        (Wanted::Nothing, _) => Ok(Done::default()),
        (Wanted::Stopped(why), Some(label)) => {
            set_label(desk, client, subject, campaign, &lead, label).await?;
            Ok(Done::told("sequence stopped at Instantly by label", why.to_string()))
        }
        (Wanted::Stopped(why), None) => {
            desk.gate.enter().await?;
            // One that is gone meanwhile is as it should be.
            desk.gate.leave(client.remove(&lead.id).await).await?;
            desk.remember_lead(subject, Some(campaign), None).await?;
            Ok(Done::told("taken out of the campaign at Instantly", why.to_string()))
        }
        (Wanted::PausedUntil(day), Some(label)) => {
            set_label(desk, client, subject, campaign, &lead, label).await?;
            let until = day.map_or_else(|| "paused by hand".to_owned(), |day| format!("until {day}"));
            Ok(Done::told("sequence paused at Instantly by label", until))
        }
        (Wanted::PausedUntil(_), None) => Ok(Done::failed(
            "sequence not paused at Instantly",
            "whoever is away may get the next mail of the sequence",
            "Instantly has no call that pauses one lead: set stop_interest_value to the value of a label of yours",
        )),
        (Wanted::Running, Some(label)) if lead.interest == Some(label) => {
            desk.gate.enter().await?;
            desk.gate.leave(client.set_interest(campaign, &subject.key.email, None).await).await?;
            Ok(Done::told("sequence resumed at Instantly", "the label was taken off"))
        }
        (Wanted::Running, _) => {
            Ok(Done::told("nothing to resume at Instantly", "the lead was not stopped by us there"))
        }
    }
}

async fn set_label(
    desk: &Desk,
    client: &Instantly,
    subject: &LeadSubject,
    campaign: &CampaignId,
    lead: &InstantlyLead,
    label: i64,
) -> Result<(), Stopped> {
    if lead.interest == Some(label) {
        return Ok(());
    }
    desk.gate.enter().await?;
    desk.gate.leave(client.set_interest(campaign, &subject.key.email, Some(label)).await).await?;
    Ok(())
}

/// The lead as it is there now: by its id where that is remembered and still good, else by its address.
async fn lead(
    desk: &Desk,
    client: &Instantly,
    subject: &LeadSubject,
    campaign: &CampaignId,
) -> Result<Option<InstantlyLead>, Stopped> {
    if let Some(id) = desk.known_lead(subject, Some(campaign)).await? {
        desk.gate.enter().await?;
        let found = desk.gate.leave(client.lead(&id).await).await?;
        // One that was moved to another campaign is another's, and so is one that has another address by now.
        let is_here = |lead: &InstantlyLead| {
            lead.campaign.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(campaign.as_str()))
                && lead.email.as_ref().is_none_or(|email| *email == subject.key.email)
        };
        if let Some(lead) = found.filter(is_here) {
            return Ok(Some(lead));
        }
        desk.remember_lead(subject, Some(campaign), None).await?;
    }
    desk.gate.enter().await?;
    let emails = std::slice::from_ref(&subject.key.email);
    let found = desk.gate.leave(client.leads_of(campaign, emails).await).await?.unwrap_or_default();
    let lead = found.into_iter().next();
    if let Some(lead) = &lead {
        desk.remember_lead(subject, Some(campaign), Some(&lead.id)).await?;
    }
    Ok(lead)
}
