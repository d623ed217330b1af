//! The batcher: what arrived while the last batch committed becomes the next one.

use super::{
    Answer, ApplyError, Context, IntakeHandle, Job, Now, QUEUE_BYTES_MAX, Refusal, apply_through_conflicts, incoming,
    new_id,
};
use crate::domain::alert::AlertKind;
use crate::domain::rules::Rules;
use crate::engine::alerts::{Raised, alert_log};
use crate::engine::decide::Incoming;
use crate::engine::rows::{DeliveryRow, LogRow, Outcome, TriggerType, Writes};
use crate::store::{Store, StoreError};
use crate::telemetry;
use crate::telemetry::trace::{self, Passage, Span};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// The running writers. They end when every handle is dropped, after what is queued is applied.
pub struct Intake {
    writers: TaskTracker,
}

impl Intake {
    /// Waits until all queued deliveries are applied; every [`IntakeHandle`] must be dropped before.
    pub async fn finished(self) {
        self.writers.close();
        self.writers.wait().await;
    }
}

/// Starts one writer a shard. `tasks_wake` is notified when a batch has left work for the tasks.
pub fn start(
    store: &Store,
    rules: &Rules,
    now: &Now,
    trigger: TriggerType,
    queue_max: usize,
    batch_max: usize,
    tasks_wake: Option<&Arc<Notify>>,
) -> (IntakeHandle, Intake) {
    let writers = TaskTracker::new();
    let shards = (0..store.writers())
        .map(|_| {
            let (sender, receiver) = mpsc::channel(queue_max.max(1));
            let writer = Writer {
                store: store.clone(),
                rules: rules.clone(),
                now: now.clone(),
                trigger,
                batch_max: batch_max.max(1),
                tasks_wake: tasks_wake.cloned(),
            };
            writers.spawn(writer.run(receiver));
            sender
        })
        .collect();
    let bytes = Arc::new(Semaphore::new(usize::try_from(QUEUE_BYTES_MAX).unwrap_or(usize::MAX)));
    (IntakeHandle { shards, bytes }, Intake { writers })
}

struct Writer {
    store: Store,
    rules: Rules,
    now: Now,
    trigger: TriggerType,
    batch_max: usize,
    /// Told after each batch that left work.
    tasks_wake: Option<Arc<Notify>>,
}

/// Where the answer goes, and the share of the waiting bytes that is given back with it.
struct Reply {
    answer: oneshot::Sender<Result<Answer, Refusal>>,
    share: OwnedSemaphorePermit,
    passage: Passage,
}

impl Writer {
    async fn run(self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.recv().await {
            let mut batch = vec![first];
            while batch.len() < self.batch_max
                && let Ok(job) = jobs.try_recv()
            {
                batch.push(job);
            }
            self.process(batch).await;
        }
    }

    async fn process(&self, jobs: Vec<Job>) {
        telemetry::batched(jobs.len());
        let span = trace::batch(jobs.iter().map(|job| &job.passage), jobs.len());
        let mut new_id = new_id((self.now)());
        let taken = |Job { delivery, answer, share, mut passage }| {
            passage.taken(&span);
            let traceparent = passage.traceparent();
            (incoming(delivery, new_id(), traceparent), Reply { answer, share, passage })
        };
        let (batch, replies): (Vec<Incoming>, Vec<Reply>) = jobs.into_iter().map(taken).unzip();
        match span.around(self.apply(&batch)).await {
            Ok(answers) => {
                for ((answer, delivery), reply) in answers.into_iter().zip(&batch).zip(replies) {
                    note(delivery, &answer, &reply.passage);
                    give(reply, Ok(answer));
                }
            }
            Err(error) if error.is_unavailable() => {
                span.failed("unavailable");
                tracing::error!(deliveries = batch.len(), error = %error, "the database did not take a batch");
                for reply in replies {
                    give(reply, Err(Refusal::Unavailable));
                }
            }
            // Something in the batch is poisoned: each alone, so that it harms no other.
            Err(_) => {
                span.failed("poisoned");
                for (delivery, reply) in batch.into_iter().zip(replies) {
                    let answer = self.apply_alone(delivery, &reply.passage, &span).await;
                    give(reply, answer);
                }
            }
        }
        span.end();
    }

    async fn apply(&self, batch: &[Incoming]) -> Result<Vec<Answer>, ApplyError> {
        let context = Context { store: &self.store, rules: &self.rules, now: &self.now, trigger: self.trigger };
        let applied = apply_through_conflicts(batch, &context).await?;
        if let Some(wake) = self.tasks_wake.as_ref().filter(|_| applied.left_work) {
            wake.notify_one();
        }
        Ok(applied.answers)
    }

    async fn apply_alone(&self, delivery: Incoming, passage: &Passage, span: &Span) -> Result<Answer, Refusal> {
        let batch = [delivery];
        let fault = match span.around(self.apply(&batch)).await {
            Ok(answers) => {
                let answer = answers.into_iter().next().ok_or(Refusal::Unavailable)?;
                let [delivery] = &batch;
                note(delivery, &answer, passage);
                return Ok(answer);
            }
            Err(error) => error,
        };
        let [delivery] = batch;
        passage.enter(
            || tracing::error!(delivery_id = %delivery.delivery_id, error = %fault, "a delivery could not be applied"),
        );
        if fault.is_unavailable() {
            return Err(Refusal::Unavailable);
        }
        let answer = Answer {
            delivery_id: delivery.delivery_id,
            outcome: Outcome::Dead,
            reason: Some(fault.to_string()),
            events: Vec::new(),
        };
        note(&delivery, &answer, passage);
        match self.keep_dead(delivery, &answer).await {
            Ok(()) => Ok(answer),
            Err(error) => {
                tracing::error!(delivery_id = %answer.delivery_id, error = %error, "a dead delivery could not be kept");
                Err(Refusal::Unavailable)
            }
        }
    }

    async fn keep_dead(&self, delivery: Incoming, answer: &Answer) -> Result<(), StoreError> {
        let row = DeliveryRow {
            delivery_id: delivery.delivery_id,
            client_id: delivery.client_id,
            source: delivery.source,
            received_at: delivery.received_at,
            outcome: answer.outcome,
            reason: answer.reason.clone(),
            body: delivery.body,
            body_sha256: delivery.body_sha256,
            events_count: 0,
            forwarded_as: delivery.forwarded_as,
        };
        let mut tx = self.store.begin().await?;
        let log = dead_log(&row, self.trigger, (self.now)());
        tx.write(&Writes { deliveries: vec![row], logs: vec![log], ..Writes::default() }).await?;
        tx.commit().await
    }
}

fn dead_log(row: &DeliveryRow, trigger_type: TriggerType, now: DateTime<Utc>) -> LogRow {
    let reason = row.reason.as_deref().unwrap_or_default();
    let text = format!("the delivery {} of {} could not be applied: {reason}", row.delivery_id, row.source);
    let raised = Raised::new(AlertKind::DeliveryDead, row.delivery_id.to_string(), text);
    LogRow { trigger_type, ..alert_log(&row.client_id, Uuid::new_v5(&row.delivery_id, b"dead"), raised, now) }
}

/// What became of a delivery, for the metrics and for whoever follows one through the log.
fn note(delivery: &Incoming, answer: &Answer, passage: &Passage) {
    telemetry::delivered(delivery.source.as_str(), answer.outcome.as_str());
    for event in &answer.events {
        if let (Some(before), Some(after)) = (event.stage_before, event.stage_after)
            && before != after
            && event.outcome == Outcome::Applied
        {
            telemetry::moved(before.as_str(), after.as_str());
        }
    }
    passage.enter(|| {
        tracing::debug!(
            delivery_id = %answer.delivery_id,
            client = %delivery.client_id,
            source = %delivery.source,
            outcome = %answer.outcome,
            events = answer.events.len(),
            "a delivery was applied"
        );
    });
}

/// Whoever posted may have gone away; what was applied stays applied.
fn give(Reply { answer: reply, share, passage }: Reply, answer: Result<Answer, Refusal>) {
    drop(share);
    passage.end(answer.is_ok());
    drop(reply.send(answer));
}
