//! Logging in and out, and what stands in the way.

use super::{Frame, page};
use crate::console::form::Form;
use crate::console::guard::{Denied, Entered, Guard, Session, is_same_origin};
use crate::console::{Page, Request};
use crate::sources::failures::Failure;
use askama::Template;
use chrono::{DateTime, Utc};

#[derive(Template)]
#[template(path = "console/login.html")]
struct Login {
    frame: Frame<'static>,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "console/outside.html")]
struct Outside {
    frame: Frame<'static>,
    text: &'static str,
    /// Keys of the configuration that the text is about.
    code: Option<&'static str>,
    has_login: bool,
}

pub(in crate::console) fn form(guard: &Guard, request: &Request<'_>, now: DateTime<Utc>) -> Page {
    if guard.session(request, now).is_some() {
        return Page::see_other("/console");
    }
    page(200, &Login { frame: Frame::outside("login", "Log in"), fault: None })
}

pub(in crate::console) fn enter(guard: &Guard, request: &Request<'_>, now: DateTime<Utc>) -> Page {
    if !is_same_origin(request) {
        return denied(Denied::Origin);
    }
    let token = Form::new(request.body).text("token").unwrap_or_default();
    let refused =
        |status, fault: String| page(status, &Login { frame: Frame::outside("login", "Log in"), fault: Some(fault) });
    match guard.enter(request, &token, now) {
        Entered::Yes { cookie } => Page::see_other("/console").with_header("set-cookie", cookie),
        Entered::WrongToken(failure) => {
            tell(failure);
            refused(403, "This is not the admin token of this service.".to_owned())
        }
        Entered::TooOften(failure) => {
            tell(failure);
            refused(429, "Too many wrong tokens within ten minutes; this is none of the right ones either.".to_owned())
                .with_header("retry-after", failure.seconds_left.to_string())
        }
    }
}

fn tell(failure: Failure) {
    if failure.is_told() {
        tracing::warn!(
            door = "console",
            within_ten_minutes = failure.count,
            "somebody tried to log in with a wrong token"
        );
    }
}

pub(in crate::console) fn leave(guard: &Guard, session: &Session, now: DateTime<Utc>) -> Page {
    Page::see_other("/console/login").with_header("set-cookie", guard.leave(session, now))
}

pub(in crate::console) fn off() -> Page {
    outside(
        403,
        "The console is off",
        "No admin token is configured, so nobody can log in. Set this key in the configuration file (or the variable \
         SALES_ENGINE_ADMIN_TOKEN) to a long random text and start the service again:",
        Some("admin_token = \"…\""),
        false,
    )
}

pub(in crate::console) fn ended() -> Page {
    outside(
        403,
        "The session has ended",
        "Nothing was changed. Log in again and repeat what you wanted to do.",
        None,
        true,
    )
}

pub(in crate::console) fn denied(denied: Denied) -> Page {
    let text = match denied {
        Denied::Origin => {
            "This request does not come from a page of this console, so nothing was done. (Behind a proxy: let it pass the Host \
             header on unchanged.)"
        }
        Denied::Token => {
            "This form belongs to another session, so nothing was done. Open the page again and repeat it."
        }
    };
    outside(403, "Nothing was done", text, None, true)
}

fn outside(status: u16, title: &str, text: &'static str, code: Option<&'static str>, has_login: bool) -> Page {
    page(status, &Outside { frame: Frame::outside("", title), text, code, has_login })
}
