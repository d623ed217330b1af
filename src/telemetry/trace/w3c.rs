//! W3C Trace Context: the headers `traceparent` and `tracestate`.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceFlags};
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// Beyond it a `tracestate` may be left out, says the standard.
const STATE_CHARS_MAX: usize = 512;

struct Carried {
    parent: String,
    state: Option<String>,
}

impl Extractor for Carried {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => Some(&self.parent),
            "tracestate" => self.state.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// None where there is no `traceparent`, more than one, or one that can't be read.
pub(super) fn of_headers(headers: &[(String, String)]) -> Option<SpanContext> {
    let named = |name: &'static str| {
        headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    let mut parents = named("traceparent");
    let (parent, None) = (parents.next()?, parents.next()) else { return None };
    let state: Vec<&str> = named("tracestate").collect();
    let state = Some(state.join(",")).filter(|state| !state.is_empty() && state.len() <= STATE_CHARS_MAX);
    extracted(&Carried { parent: parent.to_owned(), state })
}

pub(super) fn read(traceparent: &str) -> Option<SpanContext> {
    extracted(&Carried { parent: traceparent.to_owned(), state: None })
}

fn extracted(carried: &Carried) -> Option<SpanContext> {
    // The library reads shorter numbers too.
    let mut parts = carried.parent.trim().split('-').map(str::len);
    let lengths = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    if lengths != [2, 32, 16, 2] {
        return None;
    }
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), carried);
    let found = context.span().span_context().clone();
    found.is_valid().then_some(found)
}

pub(super) fn written(context: &SpanContext) -> String {
    let flags = context.trace_flags() & TraceFlags::SAMPLED;
    format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id())
}
