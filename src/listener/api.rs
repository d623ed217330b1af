//! `/api/v1/…`: head → rate → body → the API's answer. What goes wrong on the way there is told as the API tells it.

use super::App;
use super::answer::Answered;
use super::hooks::read_body_within;
use super::slots::Slot;
use crate::api::{Admitted, Answer, BODY_BYTES_MAX, Caller, Head, Problem};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, IF_NONE_MATCH};

/// Of a body where none is asked for.
const BODY_IGNORED_BYTES_MAX: usize = 4_096;

pub(super) async fn answer(app: &App, slot: &Slot, request: Request<Incoming>) -> Answered {
    Answered::api(answered(app, slot, request).await.unwrap_or_else(|problem| Answer::problem(&problem)))
}

async fn answered(app: &App, slot: &Slot, request: Request<Incoming>) -> Result<Answer, Problem> {
    let (parts, body) = request.into_parts();
    let head = Head {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        authorization: text(&parts.headers, AUTHORIZATION),
        content_type: text(&parts.headers, CONTENT_TYPE),
    };
    let admitted: Admitted = app.api.admit(&head)?;
    check_rate(app, &admitted.caller)?;
    // Some clients send an empty object with everything.
    let most = if admitted.route.has_body() { BODY_BYTES_MAX } else { BODY_IGNORED_BYTES_MAX };
    let (body, _share) =
        read_body_within(app, body, most).await.map_err(|refused| Problem::new(refused.status, why(refused.status)))?;
    slot.has_all();
    let answer = app.api.answer(&admitted, parts.uri.query().unwrap_or_default(), &body).await;
    Ok(answer.unless_known(text(&parts.headers, IF_NONE_MATCH)))
}

fn check_rate(app: &App, caller: &Caller) -> Result<(), Problem> {
    // Anybody has a bucket too, so that those who ask for the description take nothing from the administrator.
    if app.api_rates.allows(caller, Some(app.config.limits.api_requests_per_second_max), (app.now)()) {
        Ok(())
    } else {
        Err(Problem::new(429, "over the caller's rate (api_requests_per_second_max)"))
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn why(status: u16) -> &'static str {
    match status {
        408 => "the body took too long",
        413 => "the body is larger than this path takes",
        503 => "too much is being received at once, try again shortly",
        _ => "the body broke off",
    }
}
