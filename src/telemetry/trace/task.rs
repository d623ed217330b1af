//! The spans of tasks. One that a delivery wanted goes on in the delivery's trace, however much later; work for several at once is a
//! trace of its own with a link to each.

use super::{KeyValue, Link, Span, SpanBuilder, SpanKind, w3c};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;

/// A task or a notification, with what it says of where it came from.
#[derive(Debug, Clone)]
pub struct Cause<'a> {
    pub task_id: String,
    pub client: &'a str,
    /// The newest delivery that wanted it.
    pub delivery_id: Option<&'a str>,
    /// Of that delivery's request.
    pub traceparent: Option<&'a str>,
    pub attempts: u32,
}

impl Cause<'_> {
    fn attributes(&self) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new("sales_engine.task.id", self.task_id.clone()),
            KeyValue::new("sales_engine.client", self.client.to_owned()),
            KeyValue::new("sales_engine.task.attempts", i64::from(self.attempts)),
        ];
        attributes.extend(self.delivery_id.map(|id| KeyValue::new("sales_engine.delivery.id", id.to_owned())));
        attributes
    }
}

/// Work of this kind for these tasks.
pub fn task(kind: &'static str, causes: &[Cause<'_>]) -> Span {
    if !super::is_on() {
        return Span::NONE;
    }
    let mut attributes = operation("process", kind);
    let builder = SpanBuilder::from_name(kind).with_kind(SpanKind::Consumer);
    if let [cause] = causes {
        attributes.extend(cause.attributes());
        let parent = match cause.traceparent.and_then(w3c::read) {
            Some(remote) => Context::new().with_remote_span_context(remote),
            None => Context::new(),
        };
        return Span::open(builder.with_attributes(attributes), &parent);
    }
    attributes.push(KeyValue::new("messaging.batch.message_count", i64::try_from(causes.len()).unwrap_or(i64::MAX)));
    let link = |cause: &Cause<'_>| {
        let context = cause.traceparent.and_then(w3c::read)?;
        Some(Link::new(context, cause.attributes(), 0))
    };
    let links = causes.iter().filter_map(link).collect();
    Span::open(builder.with_attributes(attributes).with_links(links), &Context::new())
}

/// A try of telling another system of this kind of thing.
pub fn notification(kind: &'static str, cause: &Cause<'_>) -> Span {
    if !super::is_on() {
        return Span::NONE;
    }
    let attributes = operation("send", kind).into_iter().chain(cause.attributes());
    let builder = SpanBuilder::from_name("notification").with_kind(SpanKind::Producer).with_attributes(attributes);
    Span::open(builder, &Context::new())
}

fn operation(operation: &'static str, name: &'static str) -> Vec<KeyValue> {
    vec![
        KeyValue::new("messaging.system", "sales_engine"),
        KeyValue::new("messaging.operation.type", operation),
        KeyValue::new("messaging.operation.name", name),
    ]
}

impl Span {
    /// How a task of this work ended.
    pub fn settled(&self, task_id: impl std::fmt::Display, outcome: &'static str) {
        if self.is_kept() {
            self.set("sales_engine.task.outcome", outcome);
            let task_id = KeyValue::new("sales_engine.task.id", task_id.to_string());
            self.told("settled", vec![task_id, KeyValue::new("sales_engine.task.outcome", outcome)]);
            if matches!(outcome, "retry" | "dead") {
                self.failed(outcome);
            }
        }
    }
}
