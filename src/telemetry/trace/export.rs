//! Spans on their way to the collector: a bounded queue, one request at a time. Whatever the collector does, nobody waits for it: a
//! span that finds no room is dropped and counted.

use super::Settings;
use super::sampler::Kept;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span, SpanData, SpanProcessor};
use prost::Message as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Spans that wait at once; a span has about a kilobyte.
const QUEUE_MAX: usize = 2_048;
/// Spans of one request.
const BATCH_MAX: usize = 512;
/// A batch of deliveries has so many links at most.
const LINKS_MAX: u32 = 1_024;
/// How long spans gather before they are sent.
const GATHER: Duration = Duration::from_secs(1);
/// Of one request, beside its first try.
const RETRIES_MAX: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long the end of the program waits for what is still here.
const FLUSH: Duration = Duration::from_secs(3);

static TAKEN: AtomicU64 = AtomicU64::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// What the collector said to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Taken,
    /// The same may be taken later.
    Later {
        why: String,
        after: Option<Duration>,
    },
    /// The same is never taken.
    Refused {
        why: String,
    },
}

/// Sends one request to the collector, in its own bounded time; handed down from the rim.
pub type Sender = Arc<dyn Fn(Vec<u8>) -> Pin<Box<dyn Future<Output = Sent> + Send>> + Send + Sync>;

/// Taken, dropped.
pub(super) fn counts() -> (u64, u64) {
    (TAKEN.load(Ordering::Relaxed), DROPPED.load(Ordering::Relaxed))
}

fn dropped(spans: usize) {
    DROPPED.fetch_add(u64::try_from(spans).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// Spans that are being sent; it is ended last, when no more are made.
pub struct Tracing {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Tracing {
    /// Sends what is still here, as far as that goes in a short time.
    pub async fn finish(self) {
        self.stop.cancel();
        if let Err(error) = self.running.await {
            tracing::error!(%error, "sending traces ended badly");
        }
    }
}

pub(super) fn start(settings: Settings, sender: Sender) -> (SdkTracer, Tracing) {
    let (queue, spans) = mpsc::channel(QUEUE_MAX);
    let resource = Resource::builder_empty()
        .with_service_name(settings.service_name)
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", settings.instance_id),
            KeyValue::new("telemetry.sdk.name", "opentelemetry"),
            KeyValue::new("telemetry.sdk.language", "rust"),
        ])
        .build();
    let told = ResourceAttributesWithSchema::from(&resource);
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(Kept::new(settings.ratio))
        .with_max_links_per_span(LINKS_MAX)
        .with_span_processor(Queue { queue })
        .build();
    let scope = InstrumentationScope::builder("sales-engine").with_version(env!("CARGO_PKG_VERSION")).build();
    let stop = CancellationToken::new();
    let outbox = Outbox { spans, told, sender, is_well: true };
    let running = tokio::spawn(outbox.run(stop.clone()));
    (provider.tracer_with_scope(scope), Tracing { stop, running })
}

/// Where ended spans wait.
#[derive(Debug)]
struct Queue {
    queue: mpsc::Sender<SpanData>,
}

impl SpanProcessor for Queue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.queue.try_send(span).is_err() {
            dropped(1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

struct Outbox {
    spans: mpsc::Receiver<SpanData>,
    told: ResourceAttributesWithSchema,
    sender: Sender,
    /// The collector took the last request: a failure is told once.
    is_well: bool,
}

/// A request for the collector, as bytes, with how many spans it has.
struct Parcel {
    bytes: Vec<u8>,
    spans: usize,
}

/// What is to be done about a request after an answer.
enum Next {
    /// Nothing: it was taken, or never will be.
    Done,
    Again {
        after: Option<Duration>,
    },
}

impl Outbox {
    async fn run(mut self, stop: CancellationToken) {
        let mut left = None;
        while !stop.is_cancelled() {
            let Some(parcel) = self.gather(&stop).await else { break };
            left = self.deliver(parcel, &stop).await;
        }
        self.spans.close();
        if tokio::time::timeout(FLUSH, self.flush(&mut left)).await.is_err() {
            dropped(left.map_or(0, |parcel| parcel.spans));
        }
        dropped(self.spans.len());
    }

    /// Waits for a span, then a little longer for others. None when there are no more, or it is told to stop before one came.
    async fn gather(&mut self, stop: &CancellationToken) -> Option<Parcel> {
        let mut gathered = Vec::new();
        tokio::select! {
            () = stop.cancelled() => return None,
            count = self.spans.recv_many(&mut gathered, BATCH_MAX) => if count == 0 {
                return None;
            },
        }
        let full = async {
            while gathered.len() < BATCH_MAX {
                let room = BATCH_MAX - gathered.len();
                if self.spans.recv_many(&mut gathered, room).await == 0 {
                    break;
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = full => {}
            () = tokio::time::sleep(GATHER) => {}
        }
        Some(self.packed(gathered))
    }

    fn packed(&self, spans: Vec<SpanData>) -> Parcel {
        let count = spans.len();
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.told);
        Parcel { bytes: ExportTraceServiceRequest { resource_spans }.encode_to_vec(), spans: count }
    }

    /// Gives it back where it is told to stop before it was taken or given up.
    async fn deliver(&mut self, parcel: Parcel, stop: &CancellationToken) -> Option<Parcel> {
        let mut pause = PAUSE;
        for _ in 0..=RETRIES_MAX {
            let sent = tokio::select! {
                () = stop.cancelled() => return Some(parcel),
                sent = (self.sender)(parcel.bytes.clone()) => sent,
            };
            let wait = match self.noted(&sent, parcel.spans) {
                Next::Done => return None,
                Next::Again { after } => after.unwrap_or(pause).min(PAUSE_MAX),
            };
            tokio::select! {
                () = stop.cancelled() => return Some(parcel),
                () = tokio::time::sleep(wait) => {}
            }
            pause = pause.saturating_mul(2);
        }
        dropped(parcel.spans);
        None
    }

    /// What an answer means.
    fn noted(&mut self, sent: &Sent, spans: usize) -> Next {
        let was_well = std::mem::replace(&mut self.is_well, *sent == Sent::Taken);
        match sent {
            Sent::Taken => {
                TAKEN.fetch_add(u64::try_from(spans).unwrap_or(u64::MAX), Ordering::Relaxed);
                if !was_well {
                    tracing::info!("the collector of traces takes spans again");
                }
                Next::Done
            }
            Sent::Later { why, after } => {
                if was_well {
                    tracing::warn!(why, "the collector of traces takes no spans now; what finds no room is dropped");
                }
                Next::Again { after: *after }
            }
            Sent::Refused { why } => {
                dropped(spans);
                if was_well {
                    tracing::warn!(why, "the collector of traces refuses spans; they are dropped");
                }
                Next::Done
            }
        }
    }

    /// All that is here, each request once.
    async fn flush(&mut self, left: &mut Option<Parcel>) {
        loop {
            let Some(parcel) = left.as_ref() else {
                let mut gathered = Vec::new();
                while gathered.len() < BATCH_MAX
                    && let Ok(span) = self.spans.try_recv()
                {
                    gathered.push(span);
                }
                if gathered.is_empty() {
                    return;
                }
                *left = Some(self.packed(gathered));
                continue;
            };
            let (bytes, spans) = (parcel.bytes.clone(), parcel.spans);
            let sent = (self.sender)(bytes).await;
            *left = None;
            match self.noted(&sent, spans) {
                Next::Done => {}
                Next::Again { after: _ } => {
                    dropped(spans);
                    return;
                }
            }
        }
    }
}
