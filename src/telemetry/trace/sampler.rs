//! Which traces are kept.

use opentelemetry::trace::{Link, SpanContext, SpanKind, TraceContextExt as _, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

/// Whoever has a parent follows it; work for several deliveries is kept where one of them is; of what begins here, a part.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    ratio: Sampler,
}

impl Kept {
    pub(super) fn new(ratio: f64) -> Self {
        Self { ratio: Sampler::TraceIdRatioBased(ratio) }
    }
}

impl ShouldSample for Kept {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let above = parent.map(|parent| parent.span().span_context().clone()).filter(SpanContext::is_valid);
        if let Some(above) = above {
            return decided(above.is_sampled(), above.trace_state().clone());
        }
        // A platform's trace, to which a request is linked, decides nothing here.
        if links.is_empty() || *kind == SpanKind::Server {
            return self.ratio.should_sample(parent, trace_id, name, kind, attributes, links);
        }
        decided(links.iter().any(|link| link.span_context.is_sampled()), TraceState::NONE)
    }
}

fn decided(is_kept: bool, trace_state: TraceState) -> SamplingResult {
    let decision = if is_kept { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
    SamplingResult { decision, attributes: Vec::new(), trace_state }
}
