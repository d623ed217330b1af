//! The spans of the intake: a batch serves many deliveries, so it is a trace of its own with a link to each; what each one waits is
//! a part of its own trace, with a link to the batch.

use super::{KeyValue, Span, SpanBuilder, SpanKind, TRACER};
use opentelemetry::Context;

/// A delivery on its way through the intake.
#[derive(Debug, Default)]
pub struct Passage {
    request: Span,
    step: Span,
}

impl Passage {
    /// It waits until the batch before it is written.
    pub fn waits(request: &Span) -> Self {
        Self { step: request.part("wait"), request: request.clone() }
    }

    /// It is taken into a batch.
    pub fn taken(&mut self, batch: &Span) {
        let builder = SpanBuilder::from_name("apply").with_links(batch.link().into_iter().collect());
        let apply = Span::below(&self.request, builder);
        std::mem::replace(&mut self.step, apply).end();
    }

    /// For what follows from it, wherever and whenever that is done.
    pub fn traceparent(&self) -> Option<String> {
        self.request.traceparent()
    }

    /// What is said belongs to the delivery.
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        self.request.enter(work)
    }

    /// It was applied; otherwise the database did not take it.
    pub fn end(self, is_applied: bool) {
        if !is_applied {
            self.step.failed("unavailable");
        }
        self.step.end();
    }
}

/// One transaction for so many deliveries; none where no trace of theirs is kept.
pub fn batch<'a>(passages: impl Iterator<Item = &'a Passage>, deliveries: usize) -> Span {
    let Some(kept) = TRACER.get() else { return Span::NONE };
    let links: Vec<_> = passages.filter_map(|passage| passage.request.link()).collect();
    if links.is_empty() {
        return Span::NONE;
    }
    let builder =
        SpanBuilder::from_name("apply batch").with_kind(SpanKind::Internal).with_links(links).with_attributes([
            KeyValue::new("messaging.batch.message_count", i64::try_from(deliveries).unwrap_or(i64::MAX)),
            KeyValue::new("db.system.name", kept.database),
        ]);
    Span::open(builder, &Context::new())
}
