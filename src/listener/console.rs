//! The console's requests and pages, between hyper and plain values.

use super::App;
use super::answer::Answered;
use super::hooks::{headers, read_body};
use super::slots::Slot;
use crate::console::{FORM_BYTES_MAX, Request as ConsoleRequest};
use hyper::body::Incoming;
use hyper::{Method, Request};

pub(super) async fn answer(app: &App, slot: &Slot, request: Request<Incoming>) -> Answered {
    let is_post = *request.method() == Method::POST;
    if !is_post && *request.method() != Method::GET && *request.method() != Method::HEAD {
        return Answered::method_not_allowed("GET, POST");
    }
    let (parts, body) = request.into_parts();
    let (body, share) = match read_body(app, body, FORM_BYTES_MAX).await {
        Ok(read) => read,
        Err(answered) => return answered,
    };
    slot.has_all();
    let headers = headers(&parts.headers);
    let request = ConsoleRequest {
        is_post,
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &headers,
        body: &body,
    };
    let page = app.console.answer(request, &app.metrics.acknowledgements()).await;
    drop(share);
    Answered::page(page)
}
