//! `platform.reconcile`: what a platform says of its mails and webhooks is held against the events that came. What never arrived is read
//! as its webhook would have been and goes through the same door, so it is the same event if the webhook comes after all. In small
//! pieces, after everything else that the account is asked for.

mod smartlead;

use super::PlatformService;
use super::desk::{Desk, Done};
use super::gate::Stopped;
use crate::domain::event::Source;
use crate::domain::ids::{CampaignId, ClientId};
use crate::domain::outreach::Outreach;
use crate::domain::silence::{Heard, Voice, WEEKS};
use crate::engine::decide::{DeliveryAnswer, EventAnswer, Incoming};
use crate::engine::rows::{AutomationType, ClaimedTask, LogRow, Outcome, TriggerType};
use crate::services::instantly::Instantly;
use crate::services::platform::PlatformError;
use crate::sources::settings::ClientSources;
use crate::sources::{Request, Understood, read};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// Requests of one piece; whatever else waits for the account goes before the next one.
const REQUESTS_MAX: u32 = 20;
/// When a campaign, or a log of webhooks, is looked at again.
const ROUND_HOURS: i64 = 6;
/// How far back the first look goes.
const FIRST_DAYS: i64 = 7;
/// Webhooks come late, and are tried again.
const SETTLE_MINUTES: i64 = 15;
/// Platforms show replies up to two hours late.
const OVERLAP_HOURS: i64 = 3;
/// Payloads in one transaction, and events named in one row of the log.
const BATCH_MAX: usize = 50;
const VOICES_MAX: u32 = 50_000;

/// How far a look has come; it goes on there.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Place {
    /// None for the log of a whole workspace.
    campaign: Option<CampaignId>,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    /// All mails were looked at, now those that were answered are.
    replied: bool,
    /// Where the page begins, in lines.
    #[serde(default)]
    offset: u32,
    /// What was done last of the page, or the page's own mark.
    after: Option<String>,
}

/// One piece of work.
struct Round<'a> {
    desk: &'a Desk,
    task: &'a ClaimedTask,
    sources: &'a ClientSources,
    /// Requests that may still be made.
    left: u32,
}

pub(super) async fn work(
    desk: &Desk,
    service: &PlatformService,
    (clients, sources): (&[ClientId], &ClientSources),
    task: &ClaimedTask,
) -> Result<Done, Stopped> {
    let mut round = Round { desk, task, sources, left: REQUESTS_MAX };
    let is_through = match service {
        PlatformService::Smartlead(client) => smartlead::look(&mut round, client).await?,
        PlatformService::Instantly { client, .. } => {
            let is_alone = clients.len() == 1;
            posts(&mut round, client, is_alone).await?
        }
    };
    Ok(Done { again_at: (!is_through).then(|| desk.now()), told: None })
}

/// Instantly keeps a log of all posts of its webhooks, with what was posted.
async fn posts(round: &mut Round<'_>, client: &Instantly, is_alone: bool) -> Result<bool, Stopped> {
    let at = match round.place().await? {
        Some(at) => Some(at),
        None => round.begin(None).await?,
    };
    let Some(mut at) = at else { return Ok(true) };
    loop {
        round.save(&at).await?;
        if round.left == 0 {
            return Ok(false);
        }
        let page = round.request(client.webhook_posts(at.since, at.after.as_deref())).await?;
        let Some(page) = page else { break };
        let is_past = |time: DateTime<Utc>| time < at.since;
        // Newest first, so far as is known; in any other order all pages are read.
        let is_newest_first = page.posts.first().map(|post| post.at) >= page.posts.last().map(|post| post.at);
        let is_over = is_newest_first && page.posts.last().is_some_and(|post| is_past(post.at));
        let ours = page
            .posts
            .into_iter()
            .filter(|post| !is_past(post.at) && post.at < at.until && is_ours(&post.url, &round.task.tenant, is_alone));
        let ours: Vec<Value> = ours.map(|post| post.payload).collect();
        round.feed(&ours).await?;
        at.after = page.next;
        if is_over || at.after.is_none() {
            break;
        }
    }
    round.finish(&at).await?;
    Ok(true)
}

/// Whether a webhook posts to this service, for this client.
fn is_ours(url: &str, client_id: &ClientId, is_alone: bool) -> bool {
    let Some((_, rest)) = url.split_once("/hooks/instantly") else { return false };
    let path = rest.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
    path == client_id.as_str() || (path.is_empty() && is_alone)
}

impl Round<'_> {
    fn source(&self) -> Source {
        match self.desk.platform {
            Outreach::Smartlead => Source::Smartlead,
            Outreach::Instantly => Source::Instantly,
        }
    }

    fn name(&self, what: &str) -> String {
        format!("reconcile.{what}:{}:{}", self.task.tenant, self.desk.platform)
    }

    /// One request, when the account's limits allow it; none where what it is about is not there.
    async fn request<T>(&mut self, call: impl Future<Output = Result<T, PlatformError>>) -> Result<Option<T>, Stopped> {
        self.desk.hold_on(self.task).await?;
        self.desk.gate.enter().await?;
        self.left = self.left.saturating_sub(1);
        self.desk.gate.leave(call.await).await
    }

    /// Where an earlier piece stopped.
    async fn place(&self) -> Result<Option<Place>, Stopped> {
        let kept = self.desk.store.cursor(&self.name("at")).await?;
        Ok(kept.and_then(|(text, _)| serde_json::from_str(&text).ok()))
    }

    async fn save(&self, at: &Place) -> Result<(), Stopped> {
        let text = serde_json::to_string(at).unwrap_or_default();
        Ok(self.desk.store.set_cursor(&self.name("at"), Some(&text), self.desk.now()).await?)
    }

    /// Everything up to the end of the span is there.
    async fn finish(&self, at: &Place) -> Result<(), Stopped> {
        let now = self.desk.now();
        let name = self.until_of(at.campaign.as_ref());
        self.desk.store.set_cursor(&name, Some(&at.until.to_rfc3339()), now).await?;
        Ok(self.desk.store.set_cursor(&self.name("at"), None, now).await?)
    }

    fn until_of(&self, campaign: Option<&CampaignId>) -> String {
        format!("{}:{}", self.name("until"), campaign.map_or("", CampaignId::as_str))
    }

    /// The span that is to be looked at now; none where it was looked at a short while ago, or nothing was ever heard.
    async fn begin(&self, campaign: Option<CampaignId>) -> Result<Option<Place>, Stopped> {
        let now = self.desk.now();
        let until = now - TimeDelta::minutes(SETTLE_MINUTES);
        let known = self.desk.store.cursor(&self.until_of(campaign.as_ref())).await?;
        let known: Option<DateTime<Utc>> = known.and_then(|(time, _)| time.parse().ok());
        let since = match known {
            Some(known) if known > until - TimeDelta::hours(ROUND_HOURS) => return Ok(None),
            Some(known) => known - TimeDelta::hours(OVERLAP_HOURS),
            // What was before the first webhook is in nobody's counts but the platform's.
            None => match self.first_heard().await? {
                Some(first) => first.max(now - TimeDelta::days(FIRST_DAYS)),
                None => return Ok(None),
            },
        };
        Ok((since < until).then_some(Place { campaign, since, until, replied: false, offset: 0, after: None }))
    }

    async fn first_heard(&self) -> Result<Option<DateTime<Utc>>, Stopped> {
        let voice = Voice::of_source(self.source()).to_string();
        let hours = self.desk.store.heard_hours(self.task.tenant.as_str(), &voice, self.heard_since()).await?;
        Ok(hours.keys().next().and_then(|hour| DateTime::from_timestamp(*hour, 0)))
    }

    fn heard_since(&self) -> i64 {
        (self.desk.now() - TimeDelta::weeks(WEEKS + 1)).timestamp()
    }

    /// The campaigns of the client that were heard of, by their names.
    async fn campaigns(&self) -> Result<Vec<CampaignId>, Stopped> {
        let source = self.source();
        let heard = self.desk.store.heard_last(self.heard_since(), VOICES_MAX).await?;
        let of_client = heard.iter().filter(|last| last.client == self.task.tenant.as_str());
        let voices = of_client.filter_map(|last| Voice::parse(&last.voice));
        let campaigns = voices.filter(|voice| voice.heard == Heard::Campaign && voice.source == source);
        Ok(campaigns.filter_map(|voice| CampaignId::parse(&voice.name).ok()).collect())
    }

    /// Reads payloads as they would have been posted, and applies what is not known.
    async fn feed(&self, payloads: &[Value]) -> Result<(), Stopped> {
        let now = self.desk.now();
        for some in payloads.chunks(BATCH_MAX) {
            self.desk.hold_on(self.task).await?;
            let mut read: Vec<Understood> = some.iter().filter_map(|payload| self.read(payload, now)).collect();
            let events = read.iter().flat_map(|understood| &understood.events);
            let keys: Vec<String> = events.map(|event| event.dedupe_key.clone()).collect();
            let known = self.desk.store.known_events(&self.task.tenant, &keys).await?;
            for understood in &mut read {
                understood.events.retain(|event| !known.contains(&event.dedupe_key));
            }
            let batch: Vec<Incoming> = read
                .into_iter()
                .filter(|understood| !understood.events.is_empty())
                .map(|understood| self.incoming(understood, now))
                .collect();
            if batch.is_empty() {
                continue;
            }
            self.desk.apply_all(&batch, &|answers| self.told(answers, now)).await?;
        }
        Ok(())
    }

    fn read(&self, payload: &Value, now: DateTime<Utc>) -> Option<Understood> {
        let body = payload.to_string();
        let client_id = &self.task.tenant;
        let request = Request { client_id, query: "", headers: &[], body: body.as_bytes(), received_at: now };
        read(self.source(), self.sources, &request).ok()
    }

    fn incoming(&self, understood: Understood, now: DateTime<Utc>) -> Incoming {
        Incoming::of_events(Uuid::new_v4(), self.task.tenant.clone(), self.source(), now, understood.events)
    }

    /// Each event that never arrived, by its id and contact; none where all had come.
    fn told(&self, answers: &[DeliveryAnswer], now: DateTime<Utc>) -> Option<LogRow> {
        let is_news = |answer: &&EventAnswer| matches!(answer.outcome, Outcome::Applied | Outcome::Refused);
        let missed: Vec<&EventAnswer> = answers.iter().flat_map(|answer| &answer.events).filter(is_news).collect();
        if missed.is_empty() {
            return None;
        }
        let name = |event: &&EventAnswer| json!({ "kind": event.kind, "event_id": event.event_id, "contact_id": event.contact_id });
        let named: Vec<Value> = missed.iter().map(name).collect();
        Some(LogRow {
            automation_type: AutomationType::Other,
            action_taken: format!(
                "reconciled with {}: {} events never arrived",
                self.desk.platform.name(),
                missed.len()
            ),
            action_details: Some(Value::from(named).to_string()),
            ..LogRow::new(Uuid::new_v4(), self.task.tenant.clone(), TriggerType::HourlyCron, now)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_ours_by_its_path() {
        let acme = ClientId::parse("acme").unwrap();
        for (url, is_alone, expected) in [
            ("https://sales.example.com/hooks/instantly/acme?token=x", false, true),
            ("https://sales.example.com/hooks/instantly/acme/", false, true),
            ("https://sales.example.com/hooks/instantly/beta", true, false),
            ("https://sales.example.com/hooks/instantly?token=acme", true, true),
            ("https://sales.example.com/hooks/instantly", false, false),
            ("https://elsewhere.example/webhook", true, false),
        ] {
            assert_eq!(is_ours(url, &acme, is_alone), expected, "{url}");
        }
    }
}
