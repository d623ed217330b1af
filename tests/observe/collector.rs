//! A stand-in for a collector of traces: OTLP over HTTP, as far as spans need it. It keeps each request whole.

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use prost::Message as _;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    Takes,
    Answers(u16),
    Hangs,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub name: String,
    /// By the numbers of OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub kind: i32,
    pub attributes: BTreeMap<String, String>,
    /// Trace and span.
    pub links: Vec<(String, String)>,
    pub is_error: bool,
    pub begun: u64,
    pub ended: u64,
}

impl Span {
    pub(crate) fn has(&self, key: &str) -> &str {
        self.attributes.get(key).map_or("", String::as_str)
    }

    pub(crate) fn own(&self) -> (String, String) {
        (self.trace.clone(), self.id.clone())
    }
}

pub(crate) struct Collector {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<Mutex<usize>>,
    manner: Arc<Mutex<Manner>>,
}

impl Collector {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            received: Arc::default(),
            connections: Arc::default(),
            manner: Arc::new(Mutex::new(manner)),
        };
        let (received, connections) = (Arc::clone(&collector.received), Arc::clone(&collector.connections));
        let manner = Arc::clone(&collector.manner);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                let (received, manner) = (Arc::clone(&received), Arc::clone(&manner));
                let answer = service_fn(move |request| answered(Arc::clone(&received), Arc::clone(&manner), request));
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
        collector
    }

    pub(crate) fn is_now(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// All spans that it took, and those of requests that it did not.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let traces = self.received().into_iter().filter(|received| received.path == "/v1/traces");
        traces.flat_map(|received| spans_of(&received.body)).collect()
    }

    /// Bounded: what does not come is a failure, not a hang.
    pub(crate) async fn until<T>(&self, what: &str, is_it: impl Fn(&[Span]) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = is_it(&self.spans()) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let found = tokio::time::timeout(Duration::from_mins(1), found).await;
        found.unwrap_or_else(|_late| panic!("waited a minute for {what}: {:#?}", self.spans()))
    }

    /// The first span like this.
    pub(crate) async fn span(&self, what: &str, is_it: impl Fn(&Span) -> bool) -> Span {
        self.until(what, |spans| spans.iter().find(|span| is_it(span)).cloned()).await
    }
}

async fn answered(
    received: Arc<Mutex<Vec<Received>>>,
    manner: Arc<Mutex<Manner>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let (path, headers) = (parts.uri.path().to_owned(), headers.collect());
    received.lock().unwrap().push(Received { path, headers, body });
    let now = *manner.lock().unwrap();
    let status = match now {
        Manner::Takes => 200,
        Manner::Answers(status) => status,
        Manner::Hangs => std::future::pending().await,
    };
    Ok(Response::builder().status(status).body(Full::default()).unwrap())
}

pub(crate) fn spans_of(body: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    scopes
        .flat_map(|scope| scope.spans)
        .map(|span| Span {
            trace: hex::encode(span.trace_id),
            id: hex::encode(span.span_id),
            parent: hex::encode(span.parent_span_id),
            name: span.name,
            kind: span.kind,
            attributes: attributes(span.attributes),
            links: span.links.into_iter().map(|link| (hex::encode(link.trace_id), hex::encode(link.span_id))).collect(),
            is_error: span.status.is_some_and(|status| status.code == 2),
            begun: span.start_time_unix_nano,
            ended: span.end_time_unix_nano,
        })
        .collect()
}

/// Of the program itself.
pub(crate) fn resource_of(body: &[u8]) -> BTreeMap<String, String> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    attributes(request.resource_spans.into_iter().next().unwrap().resource.unwrap().attributes)
}

fn attributes(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let told = |value: Option<AnyValue>| match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes.into_iter().map(|pair| (pair.key, told(pair.value))).collect()
}
