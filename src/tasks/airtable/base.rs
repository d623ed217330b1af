//! The base, for all that works with it: its records, its events, and how a task ends.

use super::gate::{Gate, Stopped};
use super::logs::{alert_of_task, denied, failure, once};
use super::{AirtableSettings, FAILED_ROUND_MS, LISTINGS_MAX, ROUNDS};
use crate::domain::alert::AlertKind;
use crate::domain::event::{Event, EventData, Facts, Profile, Source};
use crate::domain::ids::{ClientId, ContactKey};
use crate::domain::rules::Rules;
use crate::engine::decide::Incoming;
use crate::engine::rows::{ClaimedTask, LeadWritten, LogRow, TaskEnd, TaskKind, TaskRow, TriggerType};
use crate::intake::{Context, Now, apply_through_conflicts};
use crate::services::airtable::AirtableError;
use crate::services::airtable::records::{Fields, Page, Record};
use crate::store::{Store, StoreError};
use crate::tasks::gate::STORE_RETRY_MS;
use crate::tasks::logs::settled;
use crate::tasks::{Pause, lease_until};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The base, for all that works with it.
pub(in crate::tasks) struct Base {
    pub(in crate::tasks) store: Store,
    pub(in crate::tasks) rules: Rules,
    pub(in crate::tasks) clock: Now,
    pub(in crate::tasks) gate: Gate,
    /// The leads' table, by its configured name.
    pub(in crate::tasks) leads: String,
    pub(in crate::tasks) round_ms: i64,
    pub(in crate::tasks) webhook_url: Option<String>,
}

/// What a task did, to be settled with it.
#[derive(Default)]
pub(in crate::tasks) struct Done {
    /// When it comes round again; none where it is over.
    pub(in crate::tasks) again_at: Option<DateTime<Utc>>,
    pub(in crate::tasks) leads: Vec<LeadWritten>,
    pub(in crate::tasks) logs: Vec<LogRow>,
}

impl Base {
    pub(in crate::tasks) fn new(
        store: Store,
        rules: Rules,
        clock: Now,
        gate: Gate,
        settings: &AirtableSettings,
    ) -> Self {
        Self {
            store,
            rules,
            clock,
            gate,
            leads: settings.leads_table.clone(),
            round_ms: settings.poll_ms,
            webhook_url: settings.webhook_url.clone(),
        }
    }

    /// For another lane, with a way to the base of its own; the budget is the same.
    pub(in crate::tasks) fn of(
        store: &Store,
        rules: &Rules,
        now: &Now,
        pause: &Pause,
        settings: &AirtableSettings,
    ) -> Self {
        let gate = Gate::new(store.clone(), now.clone(), pause.clone(), settings.client.clone());
        Self::new(store.clone(), rules.clone(), now.clone(), gate, settings)
    }

    pub(in crate::tasks) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    pub(in crate::tasks) async fn claim(&self, kinds: &[TaskKind], limit: u32) -> Result<Vec<ClaimedTask>, StoreError> {
        let now = self.now();
        self.store.claim_tasks(kinds, limit, now, lease_until(now), Uuid::new_v4()).await
    }

    pub(in crate::tasks) async fn settle(
        &self,
        task: &ClaimedTask,
        done: Result<Done, Stopped>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let (end, leads, logs) = match done {
            Ok(Done { again_at: Some(due_at), leads, logs }) => (TaskEnd::Again { due_at }, leads, logs),
            Ok(Done { again_at: None, leads, logs }) => (TaskEnd::Done, leads, logs),
            Err(stopped) => {
                let (end, row) = self.failed(task, &stopped);
                (end, Vec::new(), row.into_iter().collect())
            }
        };
        self.store.settle_tasks(&[settled(task, end, now)], &leads, &logs).await?;
        Ok(())
    }

    /// What becomes of a task that did not succeed, and what is told where it is given up.
    fn failed(&self, task: &ClaimedTask, stopped: &Stopped) -> (TaskEnd, Option<LogRow>) {
        let now = self.now();
        match stopped.end(task, now) {
            // Work that comes round is never given up: it is told, once for each reason, and comes round all the same.
            TaskEnd::Dead { error } if ROUNDS.iter().any(|(kind, _)| *kind == task.kind) => {
                let row = LogRow { log_id: once(&[task.kind.as_str(), &error]), ..failure(task, &error, now) };
                let told = alert_of_task(task, AlertKind::ServiceFails, &format!("{} fails: {error}", task.kind), now);
                let row = LogRow { raises: told.raises, ..row };
                let due_at = now + TimeDelta::milliseconds(FAILED_ROUND_MS);
                (TaskEnd::Retry { due_at, error, counts: false }, Some(row))
            }
            TaskEnd::Dead { error } => {
                let row = LogRow { contact_id: task.contact_id, ..failure(task, &error, now) };
                (TaskEnd::Dead { error }, Some(row))
            }
            end @ (TaskEnd::Done | TaskEnd::Again { .. } | TaskEnd::Retry { .. }) => {
                (end, denied(self.gate.base_id(), task, stopped, now))
            }
        }
    }

    /// All records that a formula selects, with the named cells.
    pub(in crate::tasks) async fn list(
        &self,
        table: &str,
        formula: Option<&str>,
        fields: &[&str],
    ) -> Result<Vec<Record>, Stopped> {
        let listed = self.list_gently(table, formula, fields).await?;
        self.gate.leave(listed).await
    }

    /// The same of a table that not every base has, or lets be read.
    pub(in crate::tasks) async fn list_gently(
        &self,
        table: &str,
        formula: Option<&str>,
        fields: &[&str],
    ) -> Result<Result<Vec<Record>, AirtableError>, Stopped> {
        let mut records = Vec::new();
        let mut offset: Option<String> = None;
        let mut lost = 0;
        for _ in 0..Page::MAX {
            let airtable = self.gate.enter().await?;
            let page = airtable.page(table, formula, fields, offset.as_deref()).await;
            match self.gate.leave_gently(page).await? {
                Ok(page) => {
                    records.extend(page.records);
                    offset = page.offset;
                    if offset.is_none() {
                        break;
                    }
                }
                Err(error) if error.is_lost_iterator() && lost < LISTINGS_MAX => {
                    lost += 1;
                    records.clear();
                    offset = None;
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(records))
    }

    pub(in crate::tasks) async fn record(&self, table: &str, record_id: &str) -> Result<Option<Record>, Stopped> {
        let airtable = self.gate.enter().await?;
        self.gate.leave(airtable.record(table, record_id).await).await
    }

    pub(in crate::tasks) async fn update(&self, table: &str, record_id: &str, cells: Fields) -> Result<(), Stopped> {
        let airtable = self.gate.enter().await?;
        self.gate.leave(airtable.update(table, &[(record_id.to_owned(), cells)]).await).await?;
        Ok(())
    }

    pub(in crate::tasks) fn context(&self, trigger: TriggerType) -> Context<'_> {
        Context { store: &self.store, rules: &self.rules, now: &self.clock, trigger }
    }

    /// Feeds events through the engine, as if a webhook had brought them.
    pub(in crate::tasks) async fn apply(&self, events: Vec<Event>, trigger: TriggerType) -> Result<(), Stopped> {
        let mut by_client: BTreeMap<ClientId, Vec<Event>> = BTreeMap::new();
        for event in events {
            by_client.entry(event.client_id.clone()).or_default().push(event);
        }
        let batch: Vec<Incoming> = by_client
            .into_iter()
            .map(|(client_id, events)| {
                Incoming::of_events(Uuid::new_v4(), client_id, Source::Airtable, self.now(), events)
            })
            .collect();
        if batch.is_empty() {
            return Ok(());
        }
        match apply_through_conflicts(&batch, &self.context(trigger)).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_unavailable() => Err(Stopped::Wait {
                until: self.now() + TimeDelta::milliseconds(STORE_RETRY_MS),
                why: error.to_string(),
            }),
            Err(error) => Err(Stopped::Refused(error.to_string())),
        }
    }

    pub(in crate::tasks) async fn want_rounds(&self, rounds: &[(TaskKind, u8)]) -> Result<(), StoreError> {
        let now = self.now();
        let tasks =
            rounds.iter().map(|(kind, priority)| TaskRow::round(Uuid::new_v4(), *kind, *priority, now)).collect();
        self.store.want(tasks, Vec::new()).await
    }
}

/// An event that Airtable tells of.
pub(in crate::tasks) fn event(
    key: &ContactKey,
    dedupe_key: String,
    occurred_at: DateTime<Utc>,
    data: EventData,
) -> Event {
    Event {
        client_id: key.client_id.clone(),
        email: key.email.clone(),
        source: Source::Airtable,
        dedupe_key,
        facts: Facts { occurred_at, time_known: true, profile: Profile::default(), data },
        lineage: Vec::new(),
    }
}
