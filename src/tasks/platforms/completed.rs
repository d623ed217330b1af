//! Who is through with a campaign's sequence at Smartlead: its list is read to the end, however long it is, a few pages a turn. It goes on
//! where an earlier turn, or another instance, stopped.

use super::desk::Desk;
use super::gate::Stopped;
use super::status::{IDLE_DAYS, ROUND_MS, finished};
use crate::domain::event::Event;
use crate::domain::ids::CampaignId;
use crate::engine::rows::ClaimedTask;
use crate::services::smartlead::Smartlead;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Pages of one turn, of all its campaigns.
pub(super) const PAGES_MAX: u32 = 20;

/// How far a campaign's list was read.
#[derive(Debug, Serialize, Deserialize)]
struct Reading {
    /// Whoever was mailed after this is on it.
    since: DateTime<Utc>,
    /// Where the next page begins; none where it was read to its end.
    offset: Option<u32>,
    begun_at: DateTime<Utc>,
}

/// True when the list was read to its end, now or a short while ago. `oldest` is the last mail of the contact that waits longest.
pub(super) async fn read(
    desk: &Desk,
    client: &Smartlead,
    task: &ClaimedTask,
    campaign: &CampaignId,
    oldest: DateTime<Utc>,
    pages_left: &mut u32,
) -> Result<bool, Stopped> {
    let name = format!("platform.completed:{}:{}:{campaign}", task.tenant, desk.platform);
    let kept = desk.store.cursor(&name).await?.and_then(|(text, _)| serde_json::from_str::<Reading>(&text).ok());
    let (now, since) = (desk.now(), oldest - TimeDelta::days(1));
    let mut reading = match kept.filter(|reading| reading.since <= since) {
        Some(reading) if reading.offset.is_some() => reading,
        Some(reading) if now - reading.begun_at < TimeDelta::milliseconds(ROUND_MS) => return Ok(true),
        Some(_) | None => Reading { since, offset: Some(0), begun_at: now },
    };
    while let Some(offset) = reading.offset {
        if *pages_left == 0 {
            return Ok(false);
        }
        *pages_left -= 1;
        desk.hold_on(task).await?;
        desk.gate.enter().await?;
        let listed = desk.gate.leave(client.completed(campaign, reading.since, offset).await).await?;
        // A campaign that the account does not know has none.
        reading.offset = match listed {
            Some(listed) => {
                let sent_before = desk.now() - TimeDelta::days(IDLE_DAYS);
                let emails = &listed.emails;
                let waiting = desk.store.in_sequence_of(&task.tenant, campaign, sent_before, emails).await?;
                let events: Vec<Event> = waiting.iter().map(|contact| finished(desk, &task.tenant, contact)).collect();
                desk.apply(&task.tenant, events).await?;
                listed.next
            }
            None => None,
        };
        let text = serde_json::to_string(&reading).unwrap_or_default();
        desk.store.set_cursor(&name, Some(&text), desk.now()).await?;
    }
    Ok(true)
}
