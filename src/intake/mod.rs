//! Intake: one batch, one transaction, one answer. Start reading at `apply`.
//!
//! Batching is natural: while one transaction commits, arrivals gather and become the next batch. There is no timer, so a lone
//! webhook is answered at once and a flood is written hundreds at a time.

pub mod again;
mod batcher;

use crate::domain::event::{Event, Source};
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::domain::rules::Rules;
use crate::engine::decide::{DeliveryAnswer, Incoming, Rim, decide, needs_history, outside_changes};
use crate::engine::overlay::Overlay;
use crate::engine::rows::{Asked, Known, LogRow, TriggerType, Writes};
use crate::engine::{gate, lineage};
use crate::sources::Understood;
use crate::store::{Store, StoreError, Tx};
use crate::telemetry::trace::{Passage, Span};
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use uuid::Uuid;

pub use crate::engine::decide::DeliveryAnswer as Answer;
pub use batcher::{Intake, start};

/// Bodies that wait at once, in bytes: beyond it arrivals are refused, however few they are.
const QUEUE_BYTES_MAX: u32 = 67_108_864;

/// How often a batch is tried again where another instance was at the same rows.
const CONFLICTS_MAX: u32 = 10;

/// The clock, handed down from the rim.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A delivery that is proven and understood, on its way to be applied.
#[derive(Debug)]
pub struct Delivery {
    pub client_id: ClientId,
    pub source: Source,
    pub received_at: DateTime<Utc>,
    pub understood: Understood,
    /// Of the body as it was received.
    pub body_sha256: [u8; 32],
}

/// Why a delivery was not taken. The platform is asked to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the queue is full, try again shortly")]
    Full,
    #[error("the database can't take it now, try again shortly")]
    Unavailable,
}

pub(crate) struct Job {
    delivery: Delivery,
    answer: oneshot::Sender<Result<Answer, Refusal>>,
    /// Its share of the bytes that may wait; given back when the job is done.
    share: OwnedSemaphorePermit,
    passage: Passage,
}

/// The way in: one queue a shard, bounded. Batches are sharded by contact, so two writers never fight over one.
#[derive(Clone)]
pub struct IntakeHandle {
    shards: Arc<[mpsc::Sender<Job>]>,
    bytes: Arc<Semaphore>,
}

impl IntakeHandle {
    /// Answers once the delivery is durable, or refuses it.
    pub async fn submit(&self, delivery: Delivery) -> Result<Answer, Refusal> {
        self.submit_of(delivery, &Span::NONE).await
    }

    /// The same for a request whose trace is kept.
    pub async fn submit_of(&self, delivery: Delivery, request: &Span) -> Result<Answer, Refusal> {
        let (answer, answered) = oneshot::channel();
        let shard = self.shard_of(&delivery).ok_or(Refusal::Unavailable)?;
        let bytes = u32::try_from(delivery.understood.body_to_store.len()).unwrap_or(u32::MAX).min(QUEUE_BYTES_MAX);
        let share = Arc::clone(&self.bytes).try_acquire_many_owned(bytes).map_err(|_no_room| Refusal::Full)?;
        let passage = Passage::waits(request);
        match shard.try_send(Job { delivery, answer, share, passage }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Err(Refusal::Full),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(Refusal::Unavailable),
        }
        answered.await.unwrap_or(Err(Refusal::Unavailable))
    }

    /// No shard has room: what comes now would be refused after all the work of reading it.
    pub fn is_full(&self) -> bool {
        self.shards.iter().all(|shard| shard.capacity() == 0)
    }

    fn shard_of(&self, delivery: &Delivery) -> Option<&mpsc::Sender<Job>> {
        let mut hasher = DefaultHasher::new();
        match delivery.understood.events.first() {
            Some(event) => event.contact_key().hash(&mut hasher),
            None => delivery.body_sha256.hash(&mut hasher),
        }
        let shards = u64::try_from(self.shards.len()).ok()?;
        let index = hasher.finish().checked_rem(shards)?;
        self.shards.get(usize::try_from(index).ok()?)
    }
}

/// What a batch is applied with.
pub struct Context<'a> {
    pub store: &'a Store,
    pub rules: &'a Rules,
    pub now: &'a Now,
    pub trigger: TriggerType,
}

/// Why a batch was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the engine failed on this delivery; it is a fault of the program, please report it")]
    Panicked,
}

impl ApplyError {
    /// The database can't take anything now; otherwise something in the batch is at fault.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_unavailable(),
            Self::Panicked => false,
        }
    }

    pub(crate) fn is_conflict(&self) -> bool {
        match self {
            Self::Store(error) => error.is_conflict(),
            Self::Panicked => false,
        }
    }
}

/// What came of a batch.
pub(crate) struct Applied {
    pub(crate) answers: Vec<DeliveryAnswer>,
    /// It left tasks to be worked off.
    pub(crate) left_work: bool,
}

/// The heart: load what is known about these contacts → decide (pure) → write all that follows in one transaction → answer.
async fn apply(batch: &[Incoming], context: &Context<'_>, tell: Tell<'_>, lock: bool) -> Result<Applied, ApplyError> {
    let mut tx = if lock { context.store.begin().await? } else { context.store.attempt().await? };
    let (_, mut writes, applied) = decide_on(&mut tx, batch, &Overlay::default(), context, lock).await?;
    writes.logs.extend(tell(&applied.answers));
    tx.write_and_commit(&writes).await?;
    Ok(applied)
}

/// What is told of a batch in `automation_logs`, beside what each event leaves there itself.
type Tell<'a> = &'a (dyn Fn(&[DeliveryAnswer]) -> Option<LogRow> + Sync);

/// [`apply`], again where another instance was at the same rows: it wins, and what it wrote is loaded then.
pub(crate) async fn apply_through_conflicts(batch: &[Incoming], context: &Context<'_>) -> Result<Applied, ApplyError> {
    apply_telling(batch, context, &|_| None).await
}

/// The same, told in the same transaction: nobody can be cut off between what is done and that it is told.
pub(crate) async fn apply_telling(
    batch: &[Incoming],
    context: &Context<'_>,
    tell: Tell<'_>,
) -> Result<Applied, ApplyError> {
    let mut tries = 0;
    loop {
        // Contacts are hardly ever shared, so the first try takes no locks; whoever lost does.
        match apply(batch, context, tell, tries > 0).await {
            Err(error) if error.is_conflict() && tries < CONFLICTS_MAX => tries += 1,
            result => return result,
        }
    }
}

/// Takes what other writers changed of these contacts.
pub(crate) async fn apply_outside_changes(contacts: &[ContactKey], context: &Context<'_>) -> Result<(), ApplyError> {
    let mut tx = context.store.begin().await?;
    let mut known = tx.load(contacts, &[], true).await?;
    let batch = outside_changes(&known, (context.now)());
    let (writes, _) = decide_with(&mut tx, &batch, &mut known, &Overlay::default(), context).await?;
    Ok(tx.write_and_commit(&writes).await?)
}

/// What these deliveries would do, one after the other. Nothing is written and nothing held: what one would do is laid over what the
/// next one finds.
pub async fn rehearse(deliveries: Vec<Delivery>, context: &Context<'_>) -> Result<Vec<DeliveryAnswer>, ApplyError> {
    let mut new_id = new_id((context.now)());
    let mut overlay = Overlay::default();
    let mut answers = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let mut tx = context.store.look().await?;
        let batch = [incoming(delivery, new_id(), None)];
        let (known, writes, applied) = decide_on(&mut tx, &batch, &overlay, context, false).await?;
        overlay.take(&known, &writes, &[]);
        answers.extend(applied.answers);
    }
    Ok(answers)
}

async fn decide_on(
    tx: &mut Tx,
    batch: &[Incoming],
    overlay: &Overlay,
    context: &Context<'_>,
    lock: bool,
) -> Result<(Known, Writes, Applied), ApplyError> {
    let mut known = load(tx, batch, overlay, context, lock).await?;
    let mut batch = lineage::settle(batch, &known);
    let changed = outside_changes(&known, (context.now)());
    let asked = batch.len();
    if !changed.is_empty() {
        batch = Cow::Owned([&batch, changed.as_slice()].concat());
    }
    let (writes, mut applied) = decide_with(tx, &batch, &mut known, overlay, context).await?;
    applied.answers.truncate(asked);
    Ok((known, writes, applied))
}

async fn decide_with(
    tx: &mut Tx,
    batch: &[Incoming],
    known: &mut Known,
    overlay: &Overlay,
    context: &Context<'_>,
) -> Result<(Writes, Applied), ApplyError> {
    let started = (context.now)();
    load_again(tx, batch, known, overlay).await?;
    let (mut writes, answers) = catch_unwind(AssertUnwindSafe(|| {
        let mut new_id = new_id(started);
        let mut rim = Rim { now: started, trigger: context.trigger, rules: context.rules, new_id: &mut new_id };
        decide(batch, known, &mut rim)
    }))
    .map_err(|_panic| ApplyError::Panicked)?;
    let processing_time_ms = ((context.now)() - started).num_milliseconds();
    for log in &mut writes.logs {
        log.processing_time_ms = Some(processing_time_ms);
    }
    let left_work = !writes.tasks.is_empty();
    Ok((writes, Applied { answers, left_work }))
}

async fn load(
    tx: &mut Tx,
    batch: &[Incoming],
    overlay: &Overlay,
    context: &Context<'_>,
    lock: bool,
) -> Result<Known, StoreError> {
    let contacts: BTreeSet<ContactKey> =
        batch.iter().flat_map(|incoming| &incoming.events).map(Event::contact_key).collect();
    let events: BTreeSet<(ClientId, String)> = batch
        .iter()
        .flat_map(lineage::keys)
        .map(|(client_id, dedupe_key)| (client_id.clone(), dedupe_key.to_owned()))
        .collect();
    let asked = asked(batch, context.rules);
    if events.is_empty() && asked.is_empty() {
        return Ok(Known::default());
    }
    let contacts: Vec<ContactKey> = contacts.into_iter().collect();
    let events: Vec<_> = events.into_iter().collect();
    let mut known = tx.load_asking(&contacts, &events, &asked, lock).await?;
    overlay.lay_over(&mut known, &contacts, &events);
    overlay.lay_over_suppressed(&mut known, &asked);
    // An event that is known already belongs to the contact it was first told about, and so does what goes back to it.
    let owners: BTreeSet<ContactKey> = known
        .events
        .values()
        .map(|stored| stored.key.clone())
        .filter(|key| !known.contacts.contains_key(key))
        .collect();
    if !owners.is_empty() {
        let owners: Vec<ContactKey> = owners.into_iter().collect();
        let mut more = tx.load(&owners, &[], lock).await?;
        overlay.lay_over(&mut more, &owners, &[]);
        known.contacts.extend(more.contacts);
    }
    Ok(known)
}

/// Under what the batch's addresses may be suppressed.
fn asked(batch: &[Incoming], rules: &Rules) -> Asked {
    let mut asked = Asked::new();
    if rules.suppression.keys.is_empty() {
        return asked;
    }
    let emails: BTreeSet<Email> = batch.iter().flat_map(gate::asked).collect();
    for email in emails {
        for hash in rules.suppression.asked(&email) {
            asked.entry(hash).or_default().push(email.clone());
        }
    }
    asked
}

/// The histories of the contacts that must be folded again.
async fn load_again(tx: &mut Tx, batch: &[Incoming], known: &mut Known, overlay: &Overlay) -> Result<(), StoreError> {
    let again = needs_history(batch, known);
    if !again.is_empty() {
        known.histories = tx.load_histories(&again).await?;
        overlay.lay_over_histories(&mut known.histories, &again);
    }
    Ok(())
}

/// Ids that sort by time (UUID version 7), so that new rows stand together in the indexes.
fn new_id(now: DateTime<Utc>) -> impl FnMut() -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    let nanos = now.timestamp_subsec_nanos();
    move || Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
}

fn incoming(delivery: Delivery, delivery_id: Uuid, traceparent: Option<String>) -> Incoming {
    let Understood { events, orphans, campaign_changes, alerts, unrecognised, ignored, body_to_store, forwarded_as } =
        delivery.understood;
    Incoming {
        delivery_id,
        client_id: delivery.client_id,
        source: delivery.source,
        received_at: delivery.received_at,
        events,
        orphans,
        campaign_changes,
        alerts,
        unrecognised,
        ignored,
        body: body_to_store,
        body_sha256: delivery.body_sha256,
        is_webhook: true,
        forwarded_as,
        traceparent,
    }
}
