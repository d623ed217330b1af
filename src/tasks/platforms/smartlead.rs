//! `platform.sync_sequence` at Smartlead: a lead is paused, resumed or unsubscribed in its campaign.

use super::desk::{Desk, Done};
use super::gate::Stopped;
use crate::domain::ids::CampaignId;
use crate::domain::outreach::{Wanted, Why};
use crate::engine::rows::LeadSubject;
use crate::services::smartlead::{Resumed, Smartlead};

/// What is asked of Smartlead, and why.
struct Call {
    what: What,
    details: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Pause,
    /// A pause that nobody ends. A lead that is taken out of its campaign would leave the campaign's figures, and its replies would not
    /// be told any more.
    Stop,
    Resume,
    Unsubscribe,
}

impl What {
    const fn done(self) -> &'static str {
        match self {
            Self::Pause => "sequence paused at Smartlead",
            Self::Stop => "sequence stopped at Smartlead",
            Self::Resume => "sequence resumed at Smartlead",
            Self::Unsubscribe => "unsubscribed from the campaign at Smartlead",
        }
    }
}

fn call_for(wanted: Wanted) -> Option<Call> {
    let (what, details) = match wanted {
        Wanted::Running => (What::Resume, "the contact is in sequence".to_owned()),
        Wanted::PausedUntil(Some(day)) => (What::Pause, format!("until {day}: resumed when it is due")),
        Wanted::PausedUntil(None) => (What::Pause, "paused by hand".to_owned()),
        Wanted::Stopped(Why::OptedOut) => (What::Unsubscribe, Why::OptedOut.to_string()),
        Wanted::Stopped(why) => (What::Stop, why.to_string()),
        Wanted::Nothing => return None,
    };
    Some(Call { what, details })
}

pub(super) async fn sync(
    desk: &Desk,
    client: &Smartlead,
    subject: &LeadSubject,
    campaign: &CampaignId,
) -> Result<Done, Stopped> {
    let Some(call) = call_for(desk.wanted(subject, campaign).await?) else { return Ok(Done::default()) };
    let mut known = desk.known_lead(subject, None).await?;
    loop {
        let was_remembered = known.is_some();
        let lead_id = match known.take() {
            Some(lead_id) => lead_id,
            None => match look_up(desk, client, subject).await? {
                Some(lead) if lead.campaigns.iter().any(|id| id == campaign.as_str()) => lead.id,
                Some(_) => {
                    return Ok(Done::told("nothing to do at Smartlead", "the lead is not in this campaign there"));
                }
                None => return Ok(Done::told("nothing to do at Smartlead", "no lead has this address there")),
            },
        };
        desk.gate.enter().await?;
        let result = match call.what {
            What::Pause | What::Stop => client.pause(campaign, &lead_id).await.map(|()| Resumed::Yes),
            What::Unsubscribe => client.unsubscribe(campaign, &lead_id).await.map(|()| Resumed::Yes),
            What::Resume => client.resume(campaign, &lead_id).await,
        };
        match desk.gate.leave(result).await? {
            Some(Resumed::Yes) => return Ok(Done::told(call.what.done(), call.details)),
            Some(Resumed::AtLastStep) => {
                return Ok(Done::told("nothing to resume at Smartlead", "the lead stands at its last step there"));
            }
            // What is remembered may be of a lead that was deleted and imported anew.
            None if was_remembered => desk.remember_lead(subject, None, None).await?,
            None => return Ok(Done::told("nothing to do at Smartlead", "the lead is not in this campaign there")),
        }
    }
}

/// Looks the lead up by its address and remembers its id.
pub(super) async fn look_up(
    desk: &Desk,
    client: &Smartlead,
    subject: &LeadSubject,
) -> Result<Option<crate::services::smartlead::SmartleadLead>, Stopped> {
    desk.gate.enter().await?;
    let found = desk.gate.leave(client.lead_by_email(&subject.key.email).await).await?.flatten();
    if let Some(lead) = &found {
        desk.remember_lead(subject, None, Some(&lead.id)).await?;
    }
    Ok(found)
}
