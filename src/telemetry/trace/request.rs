//! The span of a webhook's request: the root of its delivery's trace.

use super::{KeyValue, Link, Span, SpanBuilder, SpanKind, method_name, moment, w3c};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use std::time::SystemTime;

/// Who posts, for what a `traceparent` of theirs is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A system of the operator's own: its trace goes on here, and whether it is kept was decided there.
    Own,
    /// A platform: its trace leads to nothing that the operator can see. A new one begins, with a link.
    Foreign,
}

/// A request on its way through the listener. Its span begins with it, but is made only when it is known who posts: the
/// `traceparent` of somebody unproven is not looked at. On the heap, because a connection should not carry the room for it.
#[derive(Debug, Default)]
pub struct Request(Option<Box<Open>>);

#[derive(Debug)]
struct Open {
    begun: SystemTime,
    received: Option<SystemTime>,
    source: &'static str,
    method: &'static str,
    span: Span,
}

impl Request {
    pub fn begin(source: &'static str, method: &str) -> Self {
        if !super::is_on() {
            return Self(None);
        }
        let method = method_name(method);
        Self(Some(Box::new(Open { begun: moment(), received: None, source, method, span: Span::NONE })))
    }

    /// Its body is there.
    pub fn received(&mut self) {
        if let Some(open) = &mut self.0 {
            open.received = Some(moment());
        }
    }

    /// Who posts is proven.
    pub fn proven(&mut self, client: &str, origin: Origin, headers: &[(String, String)]) {
        let Some(open) = &mut self.0 else { return };
        open.span = match (w3c::of_headers(headers), origin) {
            (Some(remote), Origin::Own) => open.root(&Context::new().with_remote_span_context(remote), Vec::new()),
            (Some(remote), Origin::Foreign) => open.root(&Context::new(), vec![Link::new(remote, Vec::new(), 0)]),
            (None, Origin::Own | Origin::Foreign) => open.root(&Context::new(), Vec::new()),
        };
        open.span.set("sales_engine.client", client.to_owned());
    }

    /// It is proven and read: told as a part that began when the body was there.
    pub fn read(&self) {
        if let Some(Open { received: Some(received), span, .. }) = self.0.as_deref() {
            Span::below(span, SpanBuilder::from_name("prove and read").with_start_time(*received)).end();
        }
    }

    /// None until it is proven.
    pub fn span(&self) -> &Span {
        self.0.as_ref().map_or(&Span::NONE, |open| &open.span)
    }

    /// What became of it.
    pub fn delivered(&self, delivery_id: impl std::fmt::Display, outcome: &'static str) {
        let span = self.span();
        if span.is_kept() {
            span.set("sales_engine.delivery.id", delivery_id.to_string());
            span.set("sales_engine.delivery.outcome", outcome);
        }
    }

    pub fn end(self, status: u16) {
        let Some(mut open) = self.0 else { return };
        if open.span.0.is_none() {
            open.span = open.root(&Context::new(), Vec::new());
        }
        let span = open.span;
        span.set("http.response.status_code", i64::from(status));
        if status >= 500 {
            span.failed(status.to_string());
        }
        span.end();
    }
}

impl Open {
    fn root(&self, parent: &Context, links: Vec<Link>) -> Span {
        let route = format!("/hooks/{}", self.source);
        let builder = SpanBuilder::from_name(format!("{} {route}", self.method))
            .with_kind(SpanKind::Server)
            .with_start_time(self.begun)
            .with_links(links)
            .with_attributes([
                KeyValue::new("http.request.method", self.method),
                KeyValue::new("http.route", route),
                KeyValue::new("sales_engine.source", self.source),
            ]);
        Span::open(builder, parent)
    }
}
