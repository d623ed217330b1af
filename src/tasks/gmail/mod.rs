//! The work with Gmail: a mailbox that pushed, or that was silent for a while, is read from where it was read to; what is found goes
//! the way of every webhook.

mod desk;
mod gate;
mod mailbox;
mod take;
mod trail;
mod watch;

use super::logs::{settle, span_of, traced};
use super::{Pause, Turn, is_time, lease_until};
use crate::domain::any;
use crate::domain::ids::{ClientId, Email};
use crate::domain::rules::Rules;
use crate::engine::rows::{ClaimedTask, TaskEnd, TaskKind, TaskRow};
use crate::intake::Now;
use crate::mail::Us;
use crate::services::google::Gmail;
use crate::store::{Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use desk::{Desk, Hold};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A mailbox that is read.
#[derive(Clone)]
pub struct Mailbox {
    pub client_id: ClientId,
    pub address: Email,
    pub gmail: Gmail,
    /// All mailboxes of the client.
    pub us: Arc<Us>,
    /// Where it tells of changes; without one it is only polled.
    pub topic: Option<String>,
    pub poll_ms: i64,
    pub units_per_minute: u32,
    /// How far back it is read at most when its history is gone.
    pub full_sync_days: u32,
}

const KINDS: [TaskKind; 2] = [TaskKind::GmailMailbox, TaskKind::GmailWatch];
pub(super) const PRIORITY_MAILBOX: u8 = 2;
pub(super) const PRIORITY_WATCH: u8 = 3;
/// Mailboxes that are read side by side.
const AT_ONCE_MAX: usize = 4;
const IDLE_MS: u64 = 1_000;
/// How often what came meanwhile is compared with what was set aside.
const LOOK_MS: i64 = 30_000;
/// What was received before the last look may be committed after it.
const LOOK_BACK_MS: i64 = 120_000;
/// How often what was set aside is forgotten when its time is over, also of mailboxes that are not read any more.
const PRUNE_MS: i64 = 3_600_000;
const ASIDE_DAYS: i64 = 14;
/// Mails of one mailbox that are kept aside.
const ASIDE_MAX: u32 = 2_000;
const LOOK_PAGE: u32 = 1_000;
const LOOK_PAGES_MAX: u32 = 300;
/// A mailbox that this instance does not know may be another's.
const UNKNOWN_MS: i64 = 600_000;

/// One for the same clients: an instance that does not know one of them has not looked at its news.
fn news_cursor(clients: &[ClientId]) -> String {
    let names: Vec<&str> = clients.iter().map(ClientId::as_str).collect();
    format!("gmail.news:{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, names.join(":").as_bytes()))
}

pub(super) struct Lane {
    store: Store,
    now: Now,
    desks: BTreeMap<(ClientId, Email), Desk>,
    is_begun: AtomicBool,
    looked_at_ms: AtomicI64,
    pruned_at_ms: AtomicI64,
    /// The service is to stop: a mailbox is read on at the next start.
    stop: CancellationToken,
}

impl Lane {
    pub(super) fn new(
        store: &Store,
        rules: &Rules,
        now: &Now,
        pause: &Pause,
        mailboxes: Vec<Mailbox>,
        stop: CancellationToken,
    ) -> Self {
        let desk = |mailbox: Mailbox| {
            let name = (mailbox.client_id.clone(), mailbox.address.clone());
            (name, Desk::new(store, rules, now, pause, mailbox))
        };
        Self {
            store: store.clone(),
            now: now.clone(),
            desks: mailboxes.into_iter().map(desk).collect(),
            is_begun: AtomicBool::new(false),
            looked_at_ms: AtomicI64::new(i64::MIN),
            pruned_at_ms: AtomicI64::new(i64::MIN),
            stop,
        }
    }

    /// One task of one mailbox.
    pub(super) async fn turn(&self) -> Result<Turn, StoreError> {
        match self.claim().await? {
            Some(task) => {
                traced(span_of(std::slice::from_ref(&task)), self.work(&task)).await?;
                Ok(Turn::Worked(1))
            }
            None => Ok(Turn::Idle),
        }
    }

    /// Several mailboxes side by side, so that a slow one holds up no other, until told to stop.
    pub(super) async fn run(self: Arc<Self>) {
        let mut working: JoinSet<()> = JoinSet::new();
        while !self.stop.is_cancelled() {
            let claimed = if working.len() < AT_ONCE_MAX { self.claim().await } else { Ok(None) };
            match claimed {
                Ok(Some(task)) => {
                    let lane = Arc::clone(&self);
                    working.spawn(async move {
                        if let Err(error) = traced(span_of(std::slice::from_ref(&task)), lane.work(&task)).await {
                            tracing::error!(%error, "work on a mailbox could not be settled");
                        }
                    });
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "mailboxes could not be worked on"),
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                ended = working.join_next(), if !working.is_empty() => {
                    if let Some(Err(error)) = ended {
                        tracing::error!(%error, "work on a mailbox ended badly");
                    }
                }
                () = tokio::time::sleep(Duration::from_millis(IDLE_MS)) => {}
            }
        }
        while working.join_next().await.is_some() {}
    }

    async fn claim(&self) -> Result<Option<ClaimedTask>, StoreError> {
        if self.desks.is_empty() {
            return Ok(None);
        }
        if !self.is_begun.load(Ordering::SeqCst) {
            self.begin().await?;
            self.is_begun.store(true, Ordering::SeqCst);
        }
        let now = (self.now)();
        if is_time(&self.looked_at_ms, now, LOOK_MS) {
            self.look_around(now).await?;
        }
        if is_time(&self.pruned_at_ms, now, PRUNE_MS) {
            self.store.expire_aside(now - TimeDelta::days(ASIDE_DAYS)).await?;
        }
        // Looked for without a write: this lane looks every second.
        if !self.store.has_due_task(&KINDS, now).await? {
            return Ok(None);
        }
        Ok(self.store.claim_tasks(&KINDS, 1, now, lease_until(now), Uuid::new_v4()).await?.pop())
    }

    /// All mailboxes are looked at once; what could not be read by an earlier version is tried again by this one.
    async fn begin(&self) -> Result<(), StoreError> {
        let clients: BTreeSet<&ClientId> = self.desks.keys().map(|(client_id, _)| client_id).collect();
        let poisoned: Vec<(ClientId, String)> =
            clients.into_iter().map(|client_id| (client_id.clone(), take::POISONED.to_owned())).collect();
        self.store.call_back(&poisoned).await?;
        let mut tasks: Vec<TaskRow> = Vec::new();
        for desk in self.desks.values() {
            tasks.push(self.task(TaskKind::GmailMailbox, &desk.mailbox.client_id, &desk.mailbox.address));
            if desk.mailbox.topic.is_some() {
                tasks.push(self.task(TaskKind::GmailWatch, &desk.mailbox.client_id, &desk.mailbox.address));
            }
        }
        self.store.want(tasks, Vec::new()).await
    }

    fn task(&self, kind: TaskKind, client_id: &ClientId, mailbox: &Email) -> TaskRow {
        let priority = if kind == TaskKind::GmailWatch { PRIORITY_WATCH } else { PRIORITY_MAILBOX };
        TaskRow::of_mailbox(Uuid::new_v4(), kind, client_id.clone(), mailbox, priority, (self.now)())
    }

    /// Calls back what was set aside and what could belong to what came since the last look, by any instance.
    async fn look_around(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let until = now - TimeDelta::milliseconds(LOOK_BACK_MS);
        let clients: BTreeSet<ClientId> = self.desks.keys().map(|(client_id, _)| client_id.clone()).collect();
        let clients: Vec<ClientId> = clients.into_iter().collect();
        let name = news_cursor(&clients);
        let since = match self.store.cursor(&name).await? {
            Some((_, looked_at)) if now - looked_at < TimeDelta::milliseconds(LOOK_MS) => return Ok(()),
            Some((since, _)) => DateTime::parse_from_rfc3339(&since).map_or(until, |since| since.to_utc()),
            None => until,
        };
        let (mut from, mut after) = (since, None);
        let mut called: BTreeSet<(ClientId, Email)> = BTreeSet::new();
        let mut seen_until = until;
        for page in 0..LOOK_PAGES_MAX {
            let news = self.store.news(&clients, from, after, LOOK_PAGE).await?;
            let keys: BTreeSet<(ClientId, String)> = news
                .iter()
                .flat_map(|news| trail::aside_keys_of(news).into_iter().map(|key| (news.key.client_id.clone(), key)))
                .collect();
            let keys: Vec<(ClientId, String)> = keys.into_iter().collect();
            called.extend(self.store.call_back(&keys).await?);
            match news.last() {
                Some(last) if news.len() == usize::try_from(LOOK_PAGE).unwrap_or(usize::MAX) => {
                    (from, after) = (last.received_at, Some(last.event_id));
                    // The rest is for the next look.
                    if page + 1 == LOOK_PAGES_MAX {
                        seen_until = until.min(last.received_at);
                    }
                }
                Some(_) | None => break,
            }
        }
        let tasks = called.iter().map(|(client_id, mailbox)| self.task(TaskKind::GmailMailbox, client_id, mailbox));
        self.store.want(tasks.collect(), Vec::new()).await?;
        self.store.set_cursor(&name, Some(&seen_until.to_rfc3339()), now).await
    }

    async fn work(&self, task: &ClaimedTask) -> Result<(), StoreError> {
        let mailbox = task.payload.get("mailbox").and_then(serde_json::Value::as_str).unwrap_or_default();
        let desk = Email::parse(mailbox).ok().and_then(|mailbox| self.desks.get(&(task.tenant.clone(), mailbox)));
        let Some(desk) = desk else { return self.leave_alone(task).await };
        let hold = Hold { task, started: desk.now(), stop: &self.stop };
        let done = match task.kind {
            TaskKind::GmailWatch => watch::work(desk).await,
            any!(TaskKind: GmailMailbox AirtableSyncLead AirtableWriteBack AirtableSyncClient AirtablePull
                AirtableWebhook AirtablePushCampaigns AirtableImportList CampaignSpread AiClassify AiSummarise
                AiFindDocuments AiDocument VectorsDocument VectorsContact VectorsErase VectorsPull VectorsSweep
                PlatformSyncSequence SuppressionSpread ErasureRead ScheduleHourly ScheduleDaily PlatformBlock
                PlatformLeadStatus PlatformReconcile AirtableEraseLead) => mailbox::work(desk, &hold).await,
        };
        desk.settle(task, done).await
    }

    async fn leave_alone(&self, task: &ClaimedTask) -> Result<(), StoreError> {
        let now = (self.now)();
        let due_at = now + TimeDelta::milliseconds(UNKNOWN_MS);
        let error = "this mailbox is not configured here".to_owned();
        let end = TaskEnd::Retry { due_at, error, counts: false };
        settle(&self.store, task, end, &[], now).await
    }
}
