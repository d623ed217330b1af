//! One mailbox at work: its client, its cursors, its events, and how a task ends.

use super::Mailbox;
use super::gate::{Gate, Stopped};
use crate::domain::alert::AlertKind;
use crate::domain::event::Source;
use crate::domain::rules::Rules;
use crate::engine::decide::Incoming;
use crate::engine::rows::{ClaimedTask, LogRow, TaskEnd, TaskKind, TriggerType};
use crate::intake::{ApplyError, Context, Now, apply_through_conflicts};
use crate::services::google::Gmail;
use crate::sources::gmail::Finding;
use crate::store::{Store, StoreError};
use crate::tasks::logs::{alert, alert_of_task, settle};
use crate::tasks::{Pause, gate};
use chrono::{DateTime, Utc};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What is remembered of a mailbox between two turns; all of it may be lost.
#[derive(Default)]
pub(super) struct Memory {
    /// The newest pushed history id that a list did not explain, and how often it was looked for again.
    pub(super) unexplained: Option<(u64, u32)>,
    /// Where the mailbox was when nothing new was listed, and when that was.
    pub(super) quiet: Option<(u64, DateTime<Utc>)>,
    /// When it was last read anew because its history was gone.
    pub(super) read_anew_at: Option<DateTime<Utc>>,
}

pub(super) struct Desk {
    pub(super) mailbox: Mailbox,
    pub(super) store: Store,
    pub(super) gate: Gate,
    rules: Rules,
    clock: Now,
    memory: Mutex<Memory>,
}

/// A claimed task, and whether to go on with it.
pub(super) struct Hold<'a> {
    pub(super) task: &'a ClaimedTask,
    pub(super) started: DateTime<Utc>,
    pub(super) stop: &'a CancellationToken,
}

/// What a task did, to be settled with it.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) again_at: DateTime<Utc>,
    pub(super) logs: Vec<LogRow>,
}

impl Desk {
    pub(super) fn new(store: &Store, rules: &Rules, clock: &Now, pause: &Pause, mailbox: Mailbox) -> Self {
        let name = format!("{}:{}", mailbox.client_id, mailbox.address);
        let gate = Gate::new(store.clone(), clock.clone(), pause.clone(), &name, mailbox.units_per_minute);
        let (store, rules, clock) = (store.clone(), rules.clone(), clock.clone());
        Self { mailbox, store, gate, rules, clock, memory: Mutex::default() }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    pub(super) fn gmail(&self) -> &Gmail {
        &self.mailbox.gmail
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of one of the mailbox's cursors.
    pub(super) fn cursor_name(&self, what: &str) -> String {
        format!("gmail.{what}:{}:{}", self.mailbox.client_id, self.mailbox.address)
    }

    /// Holds the task on; whoever lost it leaves the rest to its new holder.
    pub(super) async fn hold_on(&self, hold: &Hold<'_>) -> Result<(), Stopped> {
        Ok(gate::hold_on(&self.store, hold.task, self.now()).await?)
    }

    /// The contacts' ids, by the events' places in each finding.
    pub(super) async fn apply(&self, findings: &[&Finding]) -> Result<Vec<Vec<Option<Uuid>>>, ApplyError> {
        let batch: Vec<Incoming> = findings
            .iter()
            .map(|finding| {
                let client_id = self.mailbox.client_id.clone();
                Incoming::of_events(Uuid::new_v4(), client_id, Source::Gmail, self.now(), finding.events.clone())
            })
            .collect();
        let context =
            Context { store: &self.store, rules: &self.rules, now: &self.clock, trigger: TriggerType::Webhook };
        let applied = apply_through_conflicts(&batch, &context).await?;
        let ids = applied.answers.iter().map(|answer| answer.events.iter().map(|event| event.contact_id).collect());
        Ok(ids.collect())
    }

    /// Something that a person must know of this mailbox, there once however often it is said.
    pub(super) fn alert_once(&self, kind: AlertKind, parts: &[&str], text: &str) -> LogRow {
        let name = format!("{}:{}:{}", self.mailbox.client_id, self.mailbox.address, parts.join(":"));
        LogRow {
            log_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("gmail:{name}").as_bytes()),
            ..alert(&self.mailbox.client_id, kind, self.mailbox.address.as_str(), text, self.now())
        }
    }

    pub(super) async fn settle(&self, task: &ClaimedTask, done: Result<Done, Stopped>) -> Result<(), StoreError> {
        let now = self.now();
        let (end, logs) = match done {
            Ok(Done { again_at, logs }) => (TaskEnd::Again { due_at: again_at }, logs),
            Err(stopped) => {
                let told = self.failure(task, &stopped).await?;
                (stopped.end(task, now), told.into_iter().collect())
            }
        };
        settle(&self.store, task, end, &logs, now).await
    }

    /// Told once for each time that it went wrong: by when it last went well.
    async fn failure(&self, task: &ClaimedTask, stopped: &Stopped) -> Result<Option<LogRow>, StoreError> {
        tracing::warn!(task = %task.kind, client = %self.mailbox.client_id, error = %stopped, "work on a mailbox did not go on");
        if !stopped.is_to_be_told(task.attempts) {
            return Ok(None);
        }
        let what = if task.kind == TaskKind::GmailWatch { "watch" } else { "history" };
        let went_well_at = self.store.cursor(&self.cursor_name(what)).await?.map(|(_, at)| at.to_rfc3339());
        let since = went_well_at.as_deref().unwrap_or("never");
        let address = &self.mailbox.address;
        let text = format!("{} of {address} does not succeed: {stopped} (last time that it did: {since})", task.kind);
        let log_id = self.alert_once(stopped.alert(), &[task.kind.as_str(), since, stopped.name()], &text).log_id;
        Ok(Some(LogRow { log_id, ..alert_of_task(task, stopped.alert(), &text, self.now()) }))
    }
}
