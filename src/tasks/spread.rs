//! `campaign.spread`: a change of a whole campaign becomes one event for each contact that is in it now.

use super::logs::{settle, span_of, traced};
use super::retry::end_of_store;
use super::{Turn, lease_until};
use crate::domain::event::{CampaignMove, Event, EventData, Facts, FinishedBy, Profile, Source};
use crate::domain::identity::platform_key;
use crate::domain::ids::{CampaignId, ClientId, Email};
use crate::domain::rules::Rules;
use crate::engine::decide::Incoming;
use crate::engine::rows::{ClaimedTask, TaskEnd, TaskKind, TriggerType};
use crate::intake::{ApplyError, Context, Now, apply_through_conflicts};
use crate::store::{Store, StoreError};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

/// Contacts changed in one transaction.
const PAGE_MAX: u32 = 500;

#[derive(Deserialize)]
struct Payload {
    campaign_id: CampaignId,
    change: CampaignMove,
    source: Source,
    occurred_at: DateTime<Utc>,
    dedupe_key: String,
}

/// One page, so that other work and the stop of the program wait for no whole campaign.
pub(super) async fn turn(store: &Store, rules: &Rules, now: &Now) -> Result<Turn, StoreError> {
    let started = now();
    if !store.has_due_task(&[TaskKind::CampaignSpread], started).await? {
        return Ok(Turn::Idle);
    }
    let lease = Uuid::new_v4();
    let claimed = store.claim_tasks(&[TaskKind::CampaignSpread], 1, started, lease_until(started), lease).await?;
    let Some(task) = claimed.into_iter().next() else { return Ok(Turn::Idle) };
    traced(span_of(std::slice::from_ref(&task)), work(store, rules, now, &task)).await?;
    Ok(Turn::Worked(1))
}

async fn work(store: &Store, rules: &Rules, now: &Now, task: &ClaimedTask) -> Result<(), StoreError> {
    let end = match serde_json::from_value::<Payload>(task.payload.clone()) {
        Ok(payload) => match spread(store, rules, now, task, &payload).await {
            Ok(true) => TaskEnd::Done,
            Ok(false) => TaskEnd::Again { due_at: now() },
            Err(ApplyError::Store(error)) => end_of_store(&error, task.attempts, now()),
            Err(ApplyError::Panicked) => TaskEnd::Dead { error: ApplyError::Panicked.to_string() },
        },
        Err(error) => TaskEnd::Dead { error: format!("the task's payload can't be read: {error}") },
    };
    settle(store, task, end, &[], now()).await
}

/// Whether it was the last page. A page that is done twice changes nothing: its events are known by their keys.
async fn spread(
    store: &Store,
    rules: &Rules,
    now: &Now,
    task: &ClaimedTask,
    payload: &Payload,
) -> Result<bool, ApplyError> {
    let client_id = &task.tenant;
    let cursor = format!("campaign.spread:{}", task.task_id);
    let after = store.cursor(&cursor).await?.and_then(|(after, _)| after.parse().ok());
    let page = store.contacts_in_campaign(client_id, &payload.campaign_id, after, PAGE_MAX).await?;
    let last = page.last().map(|(last, _)| last.to_string());
    if last.is_some() {
        let events = page.into_iter().map(|(_, email)| event(client_id, payload, email)).collect();
        let incoming = Incoming::of_events(Uuid::new_v4(), client_id.clone(), payload.source, now(), events);
        let context = Context { store, rules, now, trigger: TriggerType::Webhook };
        apply_through_conflicts(&[incoming], &context).await?;
    }
    store.set_cursor(&cursor, last.as_deref(), now()).await?;
    Ok(last.is_none())
}

fn event(client_id: &ClientId, payload: &Payload, email: Email) -> Event {
    let campaign = Some(payload.campaign_id.clone());
    let data = match payload.change {
        CampaignMove::Paused => EventData::SequencePaused { campaign },
        CampaignMove::Resumed => EventData::SequenceResumed { campaign },
        CampaignMove::Completed => EventData::SequenceFinished { campaign, finished_by: FinishedBy::CampaignCompleted },
    };
    Event {
        client_id: client_id.clone(),
        dedupe_key: platform_key(data.kind(), "spread", &[&payload.dedupe_key, email.as_str()]),
        email,
        source: payload.source,
        facts: Facts { occurred_at: payload.occurred_at, time_known: true, profile: Profile::default(), data },
        lineage: Vec::new(),
    }
}
