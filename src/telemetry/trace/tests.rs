use super::sampler::Kept;
use super::{Span, w3c};
use opentelemetry::Context;
use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample as _};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn context(flags: TraceFlags) -> SpanContext {
    SpanContext::new(TraceId::from(7), SpanId::from(9), flags, true, TraceState::NONE)
}

#[test]
fn a_traceparent_is_read_as_the_standard_says() {
    let read = w3c::read(PARENT).unwrap();
    assert!(read.is_sampled() && read.is_remote());
    assert_eq!(w3c::written(&read), PARENT);
    let later = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like";
    assert_eq!(w3c::read(later).map(|context| context.trace_id()), Some(read.trace_id()), "a later version");
    assert_eq!(
        w3c::written(&w3c::read(&PARENT.replace("-01", "-03")).unwrap()),
        PARENT,
        "unknown flags are not passed on"
    );
    for bad in [
        "",
        "00",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
    ] {
        assert!(w3c::read(bad).is_none(), "{bad}");
    }
}

#[test]
fn headers_carry_one_traceparent_and_any_number_of_states() {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let states = [header("traceparent", PARENT), header("tracestate", "a=1"), header("tracestate", "b=2")];
    let found = w3c::of_headers(&states).unwrap();
    assert_eq!(found.trace_state().header(), "a=1,b=2");
    assert!(w3c::of_headers(&[header("traceparent", PARENT), header("traceparent", PARENT)]).is_none());
    assert!(w3c::of_headers(&[header("tracestate", "a=1")]).is_none());
    let nonsense = [header("traceparent", PARENT), header("tracestate", "no state")];
    assert_eq!(w3c::of_headers(&nonsense).unwrap().trace_state().header(), "");
}

#[test]
fn what_is_kept() {
    let (all, none) = (Kept::new(1.0), Kept::new(0.0));
    let linked = |flags| vec![Link::new(context(flags), Vec::new(), 0)];
    let is_kept = |sampler: &Kept, parent: Option<TraceFlags>, kind: SpanKind, links: &[Link]| {
        let parent = parent.map(|flags| Context::new().with_remote_span_context(context(flags)));
        let result = sampler.should_sample(parent.as_ref(), TraceId::from(7), "x", &kind, &[], links);
        result.decision == SamplingDecision::RecordAndSample
    };
    let (yes, no) = (TraceFlags::SAMPLED, TraceFlags::default());
    assert!(is_kept(&all, None, SpanKind::Server, &[]) && !is_kept(&none, None, SpanKind::Server, &[]));
    assert!(is_kept(&none, Some(yes), SpanKind::Server, &[]), "the parent's decision stands");
    assert!(!is_kept(&all, Some(no), SpanKind::Consumer, &[]), "the parent's decision stands");
    assert!(is_kept(&none, None, SpanKind::Consumer, &linked(yes)), "one of several deliveries is kept");
    assert!(!is_kept(&all, None, SpanKind::Consumer, &linked(no)), "none of them is");
    assert!(!is_kept(&none, None, SpanKind::Server, &linked(yes)), "a platform decides nothing here");
    assert!(is_kept(&all, None, SpanKind::Server, &linked(no)), "a platform decides nothing here");
}

#[test]
fn a_span_that_is_none_does_nothing() {
    let none = Span::NONE;
    none.set("a", 1);
    none.failed("x");
    none.settled("x", "done");
    assert!(!none.is_kept() && none.traceparent().is_none() && !none.part("x").is_kept());
    assert_eq!(none.enter(|| 3), 3);
    none.end();
}
