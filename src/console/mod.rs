//! The operator's console: pages made on the server, in the same binary. It works without JavaScript and better with a little.
//!
//! It knows no HTTP library: the listener hands it a [`Request`] and turns its [`Page`] into an answer.

mod assets;
mod charts;
mod form;
mod guard;
mod pages;
mod path;
mod shown;

use crate::checkup::Checkup;
use crate::config::Config;
use crate::engine::rows::TaskKind;
use crate::intake::{ApplyError, Now};
use crate::store::{Store, StoreError};
use form::Form;
use guard::Guard;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};

/// How long somebody is asked to wait before they come again, in seconds.
const RETRY_AFTER_SECONDS: &str = "5";

/// Largest form, in bytes.
pub const FORM_BYTES_MAX: usize = 65_536;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Else it is a GET.
    pub is_post: bool,
    pub path: &'a str,
    /// Without `?`.
    pub query: &'a str,
    /// Names in lower case.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
}

impl Request<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An answer, as plain values.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// How long webhooks waited for their acknowledgement, since this process began.
#[derive(Debug, Clone, Default)]
pub struct Acknowledgements {
    /// Upper bounds in microseconds, with the number of answers that took no longer (and longer than the bound before).
    pub buckets: Vec<(u64, u64)>,
}

/// The console, ready to answer.
pub struct Console {
    store: Store,
    config: Arc<Config>,
    now: Now,
    /// Told after what left work for the tasks.
    tasks_wake: Option<Arc<Notify>>,
    /// None where no `admin_token` is configured: then the console is off.
    guard: Option<Guard>,
    /// Why tasks of a kind are not worked on here.
    waits: BTreeMap<TaskKind, &'static str>,
    /// One replay at a time: each holds a page of bodies, and a rehearsal all that it changes, in memory.
    replaying: Semaphore,
    checkup: Arc<Checkup>,
}

/// Why there is no page.
enum Fault {
    NotFound(&'static str),
    /// What was asked for makes no sense; the text says what would.
    Wrong(String),
    Unavailable(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the console could not read the database");
        Self::Unavailable("The database does not answer now. Nothing was changed; try again shortly.".to_owned())
    }
}

impl From<ApplyError> for Fault {
    fn from(error: ApplyError) -> Self {
        tracing::error!(%error, "the console could not apply an event");
        Self::Unavailable("It could not be applied now. Nothing was changed; try again shortly.".to_owned())
    }
}

impl Console {
    /// `checkup` is this instance's, which the API has too.
    pub fn new(config: Arc<Config>, store: Store, now: Now, checkup: Arc<Checkup>) -> Self {
        let guard = config.admin_token.as_ref().map(Guard::new);
        Self {
            store,
            config,
            now,
            tasks_wake: None,
            guard,
            waits: BTreeMap::new(),
            replaying: Semaphore::new(1),
            checkup,
        }
    }

    #[must_use]
    pub fn with_tasks_wake(self, wake: Arc<Notify>) -> Self {
        Self { tasks_wake: Some(wake), ..self }
    }

    /// Tells why tasks of a kind wait, where they do.
    #[must_use]
    pub fn with_waits(self, waits: impl Fn(TaskKind) -> Option<&'static str>) -> Self {
        let waits = TaskKind::ALL.iter().filter_map(|kind| Some((*kind, waits(*kind)?))).collect();
        Self { waits, ..self }
    }

    pub async fn answer(&self, request: Request<'_>, acknowledgements: &Acknowledgements) -> Page {
        let path: Vec<&str> =
            request.path.trim_matches('/').split('/').skip(1).filter(|part| !part.is_empty()).collect();
        if let ["assets", name] = path.as_slice() {
            return assets::answer(name);
        }
        let Some(guard) = &self.guard else { return pages::login::off() };
        let now = (self.now)();
        match (path.as_slice(), request.is_post) {
            (["login"], false) => return pages::login::form(guard, &request, now),
            (["login"], true) => return pages::login::enter(guard, &request, now),
            _ => {}
        }
        let session = match guard.session(&request, now) {
            Some(session) => session,
            None if request.is_post => return pages::login::ended(),
            None => return Page::see_other("/console/login"),
        };
        let form = if request.is_post {
            let form = Form::new(request.body);
            match guard.admit(&request, &session, &form) {
                Ok(()) => form,
                Err(denied) => return pages::login::denied(denied),
            }
        } else {
            Form::new(request.query.as_bytes())
        };
        if let (["logout"], true) = (path.as_slice(), request.is_post) {
            return pages::login::leave(guard, &session, now);
        }
        let visit = Visit { console: self, csrf: guard.csrf(&session), form, acknowledgements };
        let page = match visit.page(&path, request.is_post).await {
            Ok(page) => page,
            Err(Fault::NotFound(what)) => pages::notice(&visit, 404, "Not found", what),
            Err(Fault::Wrong(what)) => pages::notice(&visit, 400, "That can’t be done", &what),
            Err(Fault::Unavailable(what)) => {
                pages::notice(&visit, 503, "Not now", &what).with_header("retry-after", RETRY_AFTER_SECONDS.to_owned())
            }
        };
        match guard.renewed(&request, &session, now) {
            Some(cookie) => page.with_header("set-cookie", cookie),
            None => page,
        }
    }
}

/// One request of somebody who is logged in.
struct Visit<'a> {
    console: &'a Console,
    csrf: String,
    /// The fields of the form, or of the query.
    form: Form,
    acknowledgements: &'a Acknowledgements,
}

impl Visit<'_> {
    async fn page(&self, path: &[&str], is_post: bool) -> Result<Page, Fault> {
        match (path, is_post) {
            ([], false) => Box::pin(pages::overview::show(self)).await,
            (["alerts", id, "acknowledge"], true) => Box::pin(pages::overview::acknowledge(self, id)).await,
            (["contacts"], false) => Ok(pages::contacts::form(self)),
            (["contacts"], true) => Box::pin(pages::contacts::search(self)).await,
            (["contacts", id], false) => Box::pin(pages::contact::show(self, id)).await,
            (["contacts", id, "event"], true) => Box::pin(pages::contact::event(self, id)).await,
            (["contacts", id, "follow-up"], true) => Box::pin(pages::contact::follow_up(self, id)).await,
            (["contacts", id, "erase"], true) => Box::pin(pages::contact::forget(self, id)).await,
            (["erase"], true) => Box::pin(pages::erase::by_address(self)).await,
            (["deliveries"], false) => Box::pin(pages::deliveries::list(self)).await,
            (["deliveries", "rehearse"], true) => Box::pin(pages::replay::run(self, true)).await,
            (["deliveries", "replay"], true) => Box::pin(pages::replay::run(self, false)).await,
            (["deliveries", id], false) => Box::pin(pages::deliveries::show(self, id)).await,
            (["tasks"], false) => Box::pin(pages::tasks::list(self)).await,
            (["tasks", id, "retry"], true) => Box::pin(pages::tasks::retry(self, id)).await,
            (["tasks", id, "drop"], true) => Box::pin(pages::tasks::drop(self, id)).await,
            (["campaigns"], false) => Box::pin(pages::campaigns::show(self)).await,
            (["settings"], false) => Ok(pages::settings::show(self)),
            (["doctor"], false) => Ok(pages::doctor::show(self)),
            (["doctor"], true) => Ok(Box::pin(pages::doctor::look(self)).await),
            _ => Err(Fault::NotFound("There is no such page.")),
        }
    }
}

/// What forbids everything that the pages don't need: no inline script or style, no frame, no other origin.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

impl Page {
    fn html(status: u16, html: String) -> Self {
        Self {
            status,
            content_type: "text/html; charset=utf-8",
            headers: vec![("cache-control", "no-store".to_owned())],
            body: html.into_bytes(),
        }
        .guarded()
    }

    fn see_other(location: &str) -> Self {
        Self {
            status: 303,
            content_type: "text/plain; charset=utf-8",
            headers: vec![("location", location.to_owned()), ("cache-control", "no-store".to_owned())],
            body: Vec::new(),
        }
        .guarded()
    }

    fn guarded(self) -> Self {
        self.with_header("content-security-policy", CONTENT_SECURITY_POLICY.to_owned())
            .with_header("x-content-type-options", "nosniff".to_owned())
            .with_header("x-frame-options", "DENY".to_owned())
            // Not `no-referrer`: it would take the origin from our own forms, which is checked.
            .with_header("referrer-policy", "same-origin".to_owned())
            .with_header("cross-origin-opener-policy", "same-origin".to_owned())
            .with_header("permissions-policy", "camera=(), geolocation=(), microphone=()".to_owned())
    }

    fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}
