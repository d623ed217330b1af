//! Traces by OpenTelemetry: what became of a delivery, from its request to the last of its tasks, as a tree of spans. Off unless a
//! collector is configured; then all of this does no more than look at one flag.
//!
//! No span holds an address, a body, a secret or a URL: its names are of closed lists, its values are ids, numbers and such names.

mod batch;
mod export;
mod request;
mod sampler;
mod task;
mod w3c;

pub use batch::{Passage, batch};
pub use export::{Sender, Sent, Tracing};
use opentelemetry::trace::{Link, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::SdkTracer;
pub use request::{Origin, Request};
use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};
pub use task::{Cause, notification, task};
use tokio::task::futures::TaskLocalFuture;

/// One a process, as its metrics are.
static TRACER: OnceLock<Kept> = OnceLock::new();

tokio::task_local! {
    /// What goes on here belongs to this span.
    static CURRENT: Span;
}

struct Kept {
    tracer: SdkTracer,
    database: &'static str,
}

/// What there is to be set.
#[derive(Debug, Clone)]
pub struct Settings {
    pub service_name: String,
    /// Tells this process from others of the same name.
    pub instance_id: String,
    /// Of the traces that begin here, how many are kept: from 0 (none) to 1 (all).
    pub ratio: f64,
    /// As the conventions name it: `sqlite`, `postgresql`.
    pub database: &'static str,
}

/// From now on spans are made and sent; once a process.
pub fn start(settings: Settings, sender: Sender) -> Tracing {
    let database = settings.database;
    let (tracer, tracing) = export::start(settings, sender);
    // Whoever was first stays.
    drop(TRACER.set(Kept { tracer, database }));
    tracing
}

pub fn is_on() -> bool {
    TRACER.get().is_some()
}

/// How many spans the collector took, and how many were dropped: the queue was full, or it did not take them.
pub fn counts() -> (u64, u64) {
    export::counts()
}

/// A span under way. It is none where tracing is off, and one that is not recorded where its trace is not kept.
#[derive(Debug, Clone, Default)]
pub struct Span(Option<Context>);

impl Span {
    pub const NONE: Self = Self(None);

    /// Made of a parent that is kept; nothing of any other.
    fn below(parent: &Self, builder: SpanBuilder) -> Self {
        match &parent.0 {
            Some(context) if parent.is_kept() => Self::open(builder, context),
            Some(_) | None => Self::NONE,
        }
    }

    fn open(builder: SpanBuilder, parent: &Context) -> Self {
        let Some(kept) = TRACER.get() else { return Self::NONE };
        Self(Some(Context::new().with_span(kept.tracer.build_with_context(builder, parent))))
    }

    /// A part of what this one tells of.
    #[must_use]
    pub fn part(&self, name: &'static str) -> Self {
        Self::below(self, SpanBuilder::from_name(name))
    }

    /// Whether it is recorded and sent.
    pub fn is_kept(&self) -> bool {
        self.0.as_ref().is_some_and(|context| context.span().span_context().is_sampled())
    }

    fn context(&self) -> Option<SpanContext> {
        let context = self.0.as_ref()?.span().span_context().clone();
        context.is_valid().then_some(context)
    }

    fn link(&self) -> Option<Link> {
        self.is_kept().then(|| self.context()).flatten().map(|context| Link::new(context, Vec::new(), 0))
    }

    pub fn set(&self, key: &'static str, value: impl Into<Value>) {
        if let Some(context) = &self.0 {
            context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// It did not succeed. The word is of a closed list; a longer text could hold anything.
    pub fn failed(&self, error_type: impl Into<Cow<'static, str>>) {
        if let Some(context) = &self.0 {
            context.span().set_attribute(KeyValue::new("error.type", Value::from(error_type.into())));
            context.span().set_status(Status::error(""));
        }
    }

    fn told(&self, name: &'static str, attributes: Vec<KeyValue>) {
        if let Some(context) = &self.0 {
            context.span().add_event(name, attributes);
        }
    }

    /// As W3C Trace Context writes it.
    pub fn traceparent(&self) -> Option<String> {
        self.context().map(|context| w3c::written(&context))
    }

    fn trace_id(&self) -> Option<String> {
        self.is_kept().then(|| self.context()).flatten().map(|context| context.trace_id().to_string())
    }

    /// What the future does belongs to this span.
    pub fn around<F: Future>(&self, future: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self.clone(), future)
    }

    /// The same of what waits for nothing.
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        if self.0.is_some() { CURRENT.sync_scope(self.clone(), work) } else { work() }
    }

    pub fn end(self) {
        if let Some(context) = self.0 {
            context.span().end();
        }
    }
}

/// The span that what goes on here belongs to.
pub fn current() -> Span {
    if is_on() { CURRENT.try_with(Clone::clone).unwrap_or_default() } else { Span::NONE }
}

/// Where its spans will be found, for a line of the log.
pub fn current_trace_id() -> Option<String> {
    current().trace_id()
}

/// A request to an outside service, as a part of the present work. Neither its address nor its query is told.
pub fn outside(destination: &'static str, method: &str) -> Span {
    let method = method_name(method);
    let builder = SpanBuilder::from_name(format!("{method} {destination}"))
        .with_kind(SpanKind::Client)
        .with_attributes([KeyValue::new("http.request.method", method), KeyValue::new("peer.service", destination)]);
    Span::below(&current(), builder)
}

impl Span {
    /// How an outside request ended.
    pub fn answered(&self, status: Option<u16>) {
        match status {
            Some(status) => {
                self.set("http.response.status_code", i64::from(status));
                if status >= 400 {
                    self.failed(status.to_string());
                }
            }
            None => self.failed("unanswered"),
        }
    }
}

/// The conventions know these; a caller's own word is told as none.
fn method_name(method: &str) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

/// The database did something for the present work, which took so long until now.
pub(super) fn worked(operation: &'static str, took: Duration) {
    let parent = current();
    if !parent.is_kept() {
        return;
    }
    let database = TRACER.get().map_or("", |kept| kept.database);
    let begun = moment().checked_sub(took).unwrap_or_else(moment);
    let builder = SpanBuilder::from_name(operation)
        .with_kind(SpanKind::Client)
        .with_start_time(begun)
        .with_attributes([KeyValue::new("db.system.name", database), KeyValue::new("db.operation.name", operation)]);
    Span::below(&parent, builder).end();
}

fn moment() -> SystemTime {
    opentelemetry::time::now()
}

#[cfg(test)]
mod tests;
