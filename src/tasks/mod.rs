//! Tasks: durable follow-on work. A claim marks the row and commits; nothing is held across a network call; a lost lease lets
//! another process take over, which does no harm because every effect reads the present state when it runs.

mod ai;
mod airtable;
mod counts;
mod gate;
mod gmail;
mod logs;
mod notify;
mod outside;
mod platforms;
mod retry;
mod schedule;
mod shadow;
mod spread;
mod suppressed;
mod vectors;

use crate::domain::any;
use crate::domain::rules::Rules;
use crate::engine::rows::TaskKind;
use crate::intake::Now;
use crate::persons;
use crate::store::{Store, StoreError};
pub use ai::AiSettings;
pub use airtable::{AirtableSettings, REQUEST_SPACING_MS, Tenant, budget_of, watched};
use airtable::{Lane, lists};
use chrono::{DateTime, Duration, Utc};
pub use gmail::Mailbox as GmailMailbox;
pub use notify::Target as NotificationTarget;
pub use platforms::{Pace, PlatformAccount, PlatformService};
pub use schedule::{Example, Job, JobReport, Mailbox as ScheduledMailbox, ScheduleSettings, Sweep};
pub use shadow::{Shadow, began as shadow_began};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio_util::sync::CancellationToken;
pub use vectors::VectorSettings;

/// How long a claim holds; longer than any one try can take.
const LEASE_MS: i64 = 120_000;
/// How long an idle dispatcher waits at most before it looks again, in case a wake-up was lost.
const IDLE_MS_MAX: u64 = 1_000;

/// Waits until a time, handed down from the rim like the clock.
pub type Pause = Arc<dyn Fn(DateTime<Utc>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What one turn did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Worked on so many tasks; there may be more.
    Worked(usize),
    /// Nothing to do before this time: a limit, a lock-out or an open breaker.
    Wait(DateTime<Utc>),
    /// Nothing is due.
    Idle,
}

/// Works off the tasks whose destination is configured. The others wait, visibly.
pub struct Dispatcher {
    store: Store,
    rules: Rules,
    now: Now,
    pause: Pause,
    airtable: Option<Lane>,
    lists: Option<lists::Lane>,
    vectors: Option<vectors::Lane>,
    gmail: Arc<gmail::Lane>,
    /// On the heap, like all that would make whoever holds a dispatcher large.
    schedule: Option<Box<schedule::Lane>>,
    platforms: Vec<platforms::Lane>,
    ai: Option<Arc<ai::Lane>>,
    notify: Arc<notify::Lane>,
    /// The Gmail and notification lanes' own, which lives as long as they.
    stop: CancellationToken,
}

impl Dispatcher {
    pub fn new(store: Store, rules: Rules, now: Now, pause: Pause, airtable: Option<AirtableSettings>) -> Self {
        let lists = airtable
            .as_ref()
            .map(|settings| lists::Lane::new(store.clone(), rules.clone(), now.clone(), pause.clone(), settings));
        let airtable =
            airtable.map(|settings| Lane::new(store.clone(), rules.clone(), now.clone(), pause.clone(), &settings));
        let stop = CancellationToken::new();
        let gmail = Arc::new(gmail::Lane::new(&store, &rules, &now, &pause, Vec::new(), stop.clone()));
        let notify = Arc::new(notify::Lane::new(&store, &rules, &now, Vec::new(), stop.clone()));
        let (schedule, vectors, platforms, ai) = (None, None, Vec::new(), None);
        Self { store, rules, now, pause, airtable, lists, vectors, gmail, schedule, platforms, ai, notify, stop }
    }

    /// Works at these accounts of platforms too.
    #[must_use]
    pub fn with_platforms(self, accounts: Vec<PlatformAccount>) -> Self {
        let lane = |account| platforms::Lane::new(&self.store, &self.rules, &self.now, &self.pause, account);
        let platforms = accounts.into_iter().map(lane).collect();
        Self { platforms, ..self }
    }

    /// Asks a language model too; about documents where the base is there.
    #[must_use]
    pub fn with_ai(self, settings: AiSettings, airtable: Option<&AirtableSettings>) -> Self {
        let lane = ai::Lane::new(&self.store, &self.rules, &self.now, &self.pause, settings, airtable);
        Self { ai: Some(Arc::new(lane)), ..self }
    }

    /// Reads these mailboxes too.
    #[must_use]
    pub fn with_gmail(self, mailboxes: Vec<GmailMailbox>) -> Self {
        let lane = gmail::Lane::new(&self.store, &self.rules, &self.now, &self.pause, mailboxes, self.stop.clone());
        Self { gmail: Arc::new(lane), ..self }
    }

    /// Runs the schedule too.
    #[must_use]
    pub fn with_schedule(self, settings: ScheduleSettings) -> Self {
        let sweep = Sweep::new(self.store.clone(), self.rules.clone(), self.now.clone(), settings);
        Self { schedule: Some(Box::new(schedule::Lane::new(sweep))), ..self }
    }

    /// Tells these targets too.
    #[must_use]
    pub fn with_notifications(self, targets: Vec<NotificationTarget>) -> Self {
        let lane = notify::Lane::new(&self.store, &self.rules, &self.now, targets, self.stop.clone());
        Self { notify: Arc::new(lane), ..self }
    }

    /// Brings documents and conversations into the vector index too.
    #[must_use]
    pub fn with_vectors(self, settings: VectorSettings) -> Self {
        let (store, rules) = (self.store.clone(), self.rules.clone());
        let lane = vectors::Lane::new(store, rules, self.now.clone(), self.pause.clone(), settings);
        Self { vectors: Some(lane), ..self }
    }

    /// One step of each lane: claims what is due, does it, settles it.
    pub async fn turn(&mut self) -> Result<Turn, StoreError> {
        // Large, and not always under way: it shall not lie in the frame of whoever waits.
        let turn = Box::pin(turn(&self.store, &self.rules, &self.now, self.airtable.as_mut())).await?;
        if let Turn::Worked(_) = turn {
            return Ok(turn);
        }
        if persons::read_on(&self.store, &self.rules, &self.now).await? {
            return Ok(Turn::Worked(1));
        }
        if let Some(lane) = self.lists.as_mut()
            && let Turn::Worked(count) = lane.turn().await?
        {
            return Ok(Turn::Worked(count));
        }
        if let Some(lane) = self.schedule.as_mut()
            && let Turn::Worked(count) = lane.turn().await?
        {
            return Ok(Turn::Worked(count));
        }
        for lane in [self.gmail.turn().await?, self.notify.turn().await?] {
            if let Turn::Worked(count) = lane {
                return Ok(Turn::Worked(count));
            }
        }
        let mut soonest = turn;
        if let Some(lane) = self.vectors.as_mut() {
            soonest = sooner(soonest, lane.turn().await?);
            if let Turn::Worked(_) = soonest {
                return Ok(soonest);
            }
        }
        for lane in &mut self.platforms {
            soonest = sooner(soonest, lane.turn().await?);
            if let Turn::Worked(_) = soonest {
                return Ok(soonest);
            }
        }
        if let Some(lane) = &self.ai {
            soonest = sooner(soonest, lane.turn().await?);
        }
        Ok(soonest)
    }

    /// Runs until told to stop. `wake` is notified when new work may be there. Imports and mailboxes go on beside all else.
    pub async fn run(self, wake: Arc<Notify>, stop: CancellationToken) {
        let Self {
            store,
            rules,
            now,
            mut airtable,
            lists,
            gmail,
            schedule,
            vectors,
            platforms,
            ai,
            notify,
            stop: gmail_stop,
            pause: _,
        } = self;
        let quiet = Notify::new();
        let rest = async {
            while !stop.is_cancelled() {
                let woken = wake.notified();
                let turn = turn(&store, &rules, &now, airtable.as_mut()).await;
                rest_after(turn, &now, woken, &stop).await;
            }
        };
        // Large tables take long to read through, and nothing waits for it.
        let erasures = async {
            while !stop.is_cancelled() {
                let turn = tokio::select! {
                    // Whoever comes next goes on with it.
                    () = stop.cancelled() => return,
                    turn = persons::read_on(&store, &rules, &now) => turn,
                };
                let turn = turn.map(|has_read| if has_read { Turn::Worked(1) } else { Turn::Idle });
                rest_after(turn, &now, quiet.notified(), &stop).await;
            }
        };
        let imports = async {
            let Some(mut lane) = lists else { return };
            lane.stops_with(&stop);
            while !stop.is_cancelled() {
                let turn = lane.turn().await;
                rest_after(turn, &now, quiet.notified(), &stop).await;
            }
        };
        let passages = async {
            let Some(mut lane) = vectors else { return };
            while !stop.is_cancelled() {
                let turn = lane.turn().await;
                rest_after(turn, &now, quiet.notified(), &stop).await;
            }
        };
        let clockwork = async {
            let Some(mut lane) = schedule else { return };
            lane.stops_with(&stop);
            while !stop.is_cancelled() {
                let turn = lane.turn().await;
                rest_after(turn, &now, quiet.notified(), &stop).await;
            }
        };
        let mailboxes = async {
            let mut running = std::pin::pin!(async { tokio::join!(gmail.run(), notify.run()) });
            tokio::select! {
                () = stop.cancelled() => {}
                ((), ()) = &mut running => return,
            }
            // What is under way is finished, as far as the next stretch of it.
            gmail_stop.cancel();
            running.await;
        };
        let questions = async {
            if let Some(lane) = ai {
                lane.run(stop.clone()).await;
            }
        };
        let elsewhere = platforms::run(platforms, &now, &stop);
        let counts = counts::fold(&store, &now, &stop);
        tokio::join!(rest, erasures, imports, clockwork, passages, mailboxes, elsewhere, questions, counts);
    }
}

/// What two lanes came to.
fn sooner(one: Turn, other: Turn) -> Turn {
    match (one, other) {
        (Turn::Worked(count), _) | (_, Turn::Worked(count)) => Turn::Worked(count),
        (Turn::Wait(one), Turn::Wait(other)) => Turn::Wait(one.min(other)),
        (Turn::Wait(until), Turn::Idle) | (Turn::Idle, Turn::Wait(until)) => Turn::Wait(until),
        (Turn::Idle, Turn::Idle) => Turn::Idle,
    }
}

async fn turn(store: &Store, rules: &Rules, now: &Now, airtable: Option<&mut Lane>) -> Result<Turn, StoreError> {
    let mut soonest = sooner(outside::turn(store, rules, now).await?, suppressed::turn(store, rules, now).await?);
    soonest = sooner(soonest, spread::turn(store, rules, now).await?);
    // However much there is of the others, a lead waits for no more than one piece of it.
    match airtable {
        Some(lane) => Ok(sooner(soonest, lane.turn().await?)),
        None => Ok(soonest),
    }
}

/// Waits as long as a turn asks for, or until there may be work, or until told to stop.
async fn rest_after(turn: Result<Turn, StoreError>, now: &Now, woken: Notified<'_>, stop: &CancellationToken) {
    let wait_ms = match turn {
        Ok(Turn::Worked(_)) => return,
        Ok(Turn::Wait(until)) => u64::try_from((until - now()).num_milliseconds().max(1)).unwrap_or(IDLE_MS_MAX),
        Ok(Turn::Idle) => IDLE_MS_MAX,
        Err(error) => {
            tracing::error!(error = %error, "tasks could not be worked on");
            IDLE_MS_MAX
        }
    };
    let is_waiting = wait_ms < IDLE_MS_MAX;
    tokio::select! {
        () = stop.cancelled() => {}
        () = woken, if !is_waiting => {}
        () = tokio::time::sleep(std::time::Duration::from_millis(wait_ms.min(IDLE_MS_MAX))) => {}
    }
}

/// The outside services that can be worked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configured {
    pub airtable: bool,
    pub gmail: bool,
    pub schedule: bool,
    /// An account at Smartlead or Instantly.
    pub platforms: bool,
    pub ai: bool,
    pub vectors: bool,
}

/// Why a task of this kind is not worked on, in words for an operator; none where it is.
pub fn waits_for(kind: TaskKind, configured: Configured) -> Option<&'static str> {
    match kind {
        any!(TaskKind: AirtableSyncLead AirtableWriteBack AirtableSyncClient AirtablePull AirtableWebhook
            AirtablePushCampaigns AirtableImportList AirtableEraseLead) => {
            (!configured.airtable).then_some("waits: Airtable is not configured; set [airtable] token and base_id")
        }
        TaskKind::GmailMailbox | TaskKind::GmailWatch => {
            (!configured.gmail).then_some("waits: no mailbox can be opened; set the credentials of [clients.….gmail]")
        }
        TaskKind::ScheduleHourly | TaskKind::ScheduleDaily => (!configured.schedule)
            .then_some("waits: the schedule is off; set mode = \"on\" in [schedule], or run `sweep`"),
        TaskKind::AiClassify | TaskKind::AiSummarise | TaskKind::AiFindDocuments | TaskKind::AiDocument => {
            (!configured.ai).then_some("waits: no language model is configured; set [ai] url and model")
        }
        TaskKind::VectorsContact | TaskKind::VectorsErase | TaskKind::VectorsSweep => {
            (!configured.vectors).then_some("waits: Pinecone is not configured; set [pinecone] api_key and index")
        }
        TaskKind::VectorsDocument | TaskKind::VectorsPull => (!configured.vectors || !configured.airtable)
            .then_some("waits: documents need both Airtable and Pinecone; set [airtable] and [pinecone]"),
        TaskKind::CampaignSpread | TaskKind::SuppressionSpread | TaskKind::ErasureRead => None,
        TaskKind::PlatformSyncSequence
        | TaskKind::PlatformBlock
        | TaskKind::PlatformLeadStatus
        | TaskKind::PlatformReconcile => (!configured.platforms).then_some(
            "waits: no platform can be called; set api_key of [clients.….smartlead] or [clients.….instantly]",
        ),
    }
}

/// True once in so long.
fn is_time(last_ms: &AtomicI64, now: DateTime<Utc>, every_ms: i64) -> bool {
    let now_ms = now.timestamp_millis();
    let is_time = now_ms.saturating_sub(last_ms.load(Ordering::SeqCst)) >= every_ms;
    if is_time {
        last_ms.store(now_ms, Ordering::SeqCst);
    }
    is_time
}

fn lease_until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + Duration::milliseconds(LEASE_MS)
}
