//! The HTTP API, version 1: what workflows (n8n, Clay, scripts) ask and tell. Plain values in, plain values out; the listener speaks HTTP.
//!
//! Every request goes the same way: route → token → rate → body → [`Api::answer`]. A client's own token sees that client alone, and of
//! anything else as little as of what is not there. `openapi.json` beside this file describes all of it; tests hold both together.

mod answer;
mod contacts;
mod deliveries;
mod destinations;
mod doctor;
mod events;
mod matrix;
mod operations;
mod query;
mod replays;
mod routes;
mod search;

pub use answer::{Answer, Problem};
pub use routes::{ROUTES, Route};
pub use search::Search;

use crate::checkup::Checkup;
use crate::config::Config;
use crate::domain::ids::ClientId;
use crate::intake::{IntakeHandle, Now};
use crate::sources::failures::Failures;
use crate::sources::settings::Secret;
use crate::sources::signature::is_one_of;
use crate::store::Store;
use query::Params;
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

/// Of one request: ten thousand addresses, or a thousand events.
pub const BODY_BYTES_MAX: usize = 4_194_304;

/// What the handlers work with.
#[derive(Clone)]
pub struct Api {
    config: Arc<Config>,
    store: Store,
    intake: IntakeHandle,
    now: Now,
    tasks_wake: Option<Arc<Notify>>,
    failures: Arc<Failures>,
    /// One replay at a time: each holds a page of bodies, and a rehearsal all that it changes, in memory.
    replaying: Arc<Semaphore>,
    /// None where Pinecone is not configured.
    search: Option<Search>,
    checkup: Arc<Checkup>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Anybody; only the description of the API is for them.
    Anybody,
    Admin,
    Client(ClientId),
}

/// The head of a request, before its body is read.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    pub method: &'a str,
    /// As it was sent, without the query.
    pub path: &'a str,
    /// The values of `Authorization` and `Content-Type`.
    pub authorization: Option<&'a str>,
    pub content_type: Option<&'a str>,
}

/// A request whose route is known and whose caller is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    pub route: Route,
    /// The parts of the path that are no fixed words.
    subject: Option<String>,
    pub caller: Caller,
}

impl Api {
    /// `checkup` is this instance's, which the console has too.
    pub fn new(config: Arc<Config>, store: Store, intake: IntakeHandle, now: Now, checkup: Arc<Checkup>) -> Self {
        let replaying = Arc::new(Semaphore::new(1));
        Self {
            config,
            store,
            intake,
            now,
            tasks_wake: None,
            failures: Arc::default(),
            replaying,
            search: None,
            checkup,
        }
    }

    /// Told after what left work for the tasks.
    #[must_use]
    pub fn with_tasks_wake(self, wake: Arc<Notify>) -> Self {
        Self { tasks_wake: Some(wake), ..self }
    }

    /// With an index that can be searched.
    #[must_use]
    pub fn with_search(self, search: Search) -> Self {
        Self { search: Some(search), ..self }
    }

    /// Whether the request may be read at all.
    pub fn admit(&self, head: &Head<'_>) -> Result<Admitted, Problem> {
        if !self.is_on() {
            return Err(Problem::new(404, "the API is off: configure admin_token, or api_tokens of a client"));
        }
        let (route, subject) = routes::find(head.method, head.path)?;
        let caller = if route.is_public() { Caller::Anybody } else { self.caller(head.authorization)? };
        if route.has_body() {
            check_content_type(head.content_type)?;
        }
        Ok(Admitted { route, subject, caller })
    }

    fn is_on(&self) -> bool {
        self.config.admin_token.is_some() || self.config.clients.values().any(|client| !client.api_tokens.is_empty())
    }

    /// Every token is looked at, whichever matches.
    fn caller(&self, authorization: Option<&str>) -> Result<Caller, Problem> {
        let missing = || Problem::new(401, "the header `Authorization: Bearer …` with a token of this API is missing");
        let (scheme, token) = authorization.and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(missing());
        }
        let token = token.trim();
        let admin: &[Secret] = self.config.admin_token.as_slice();
        let mut caller = is_one_of(token, admin).then_some(Caller::Admin);
        for (client_id, client) in &self.config.clients {
            if is_one_of(token, &client.api_tokens) {
                caller = caller.or_else(|| Some(Caller::Client(client_id.clone())));
            }
        }
        caller.ok_or_else(|| {
            let failure = self.failures.note((self.now)());
            if failure.is_told() {
                tracing::warn!(door = "api", within_ten_minutes = failure.count, "somebody came with a wrong token");
            }
            Problem::new(401, "the token is none of this API's")
        })
    }

    /// Answers a request whose body (empty where it has none) is here.
    pub async fn answer(&self, admitted: &Admitted, query: &str, body: &[u8]) -> Answer {
        match self.answered(admitted, query, body).await {
            Ok(answer) => answer,
            Err(problem) => Answer::problem(&problem),
        }
    }

    async fn answered(&self, admitted: &Admitted, query: &str, body: &[u8]) -> Result<Answer, Problem> {
        let params = Params::parse(query)?;
        let (caller, subject) = (&admitted.caller, admitted.subject.as_deref().unwrap_or_default());
        match admitted.route {
            Route::OpenApi => {
                params.finish()?;
                Ok(Answer::document(OPENAPI))
            }
            Route::CheckContacts => contacts::check(self, caller, params, body).await,
            Route::ListContacts => contacts::list(self, caller, params).await,
            Route::GetContact => contacts::get(self, caller, params, subject).await,
            Route::GetTimeline => contacts::timeline(self, caller, params, subject).await,
            Route::GetWhy => contacts::why(self, caller, params, subject).await,
            Route::PostEvents => events::post(self, caller, params, body).await,
            Route::ListDeliveries => deliveries::list(self, caller, params).await,
            Route::GetDelivery => deliveries::get(self, caller, params, subject).await,
            Route::Replay => replays::run(self, caller, params, body).await,
            Route::Search => search::run(self, caller, params, body).await,
            Route::ListTasks => operations::tasks(self, caller, params).await,
            Route::RetryTask => operations::retry(self, caller, params, subject).await,
            Route::ListAlerts => operations::alerts(self, caller, params).await,
            Route::GetMatrix => matrix::get(self, caller, params).await,
            Route::GetDoctor => doctor::last(self, caller, params),
            Route::PostDoctor => doctor::look(self, caller, params).await,
            Route::ListDestinations => destinations::list(self, caller, params).await,
        }
    }

    /// Whom the request is about: the caller's own client, or the one an administrator names. A client's caller that names another
    /// learns no more than of one that does not exist.
    fn client(&self, caller: &Caller, named: Option<&str>) -> Result<Option<ClientId>, Problem> {
        let named = match named {
            Some(name) => {
                let id = ClientId::parse(name).ok().filter(|id| self.config.clients.contains_key(id));
                Some(id.ok_or_else(unknown_client)?)
            }
            None => None,
        };
        match (caller, named) {
            (Caller::Client(own), Some(named)) if *own != named => Err(unknown_client()),
            (Caller::Client(own), Some(_) | None) => Ok(Some(own.clone())),
            (Caller::Admin, named) => Ok(named),
            (Caller::Anybody, _) => Err(Problem::new(401, "a token is missing")),
        }
    }

    /// The same where there must be one.
    fn one_client(&self, caller: &Caller, named: Option<&str>) -> Result<ClientId, Problem> {
        self.client(caller, named)?
            .or_else(|| self.config.default_client.clone())
            .ok_or_else(|| Problem::new(400, "`client` is missing: name one, or configure default_client"))
    }

    fn wake_tasks(&self) {
        if let Some(wake) = &self.tasks_wake {
            wake.notify_one();
        }
    }
}

/// The description of the API, as it is served.
pub const OPENAPI: &str = include_str!("openapi.json");

/// What is about all clients is told to nobody else.
fn admin(caller: &Caller) -> Result<(), Problem> {
    match caller {
        Caller::Admin => Ok(()),
        Caller::Client(_) => Err(Problem::new(403, "this is told to the administrator alone: it takes admin_token")),
        Caller::Anybody => Err(Problem::new(401, "a token is missing")),
    }
}

fn unknown_client() -> Problem {
    Problem::new(404, "there is no such client")
}

/// JSON, or nothing said.
fn check_content_type(value: Option<&str>) -> Result<(), Problem> {
    let Some(value) = value else { return Ok(()) };
    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type == "application/json" || media_type.ends_with("+json") {
        Ok(())
    } else {
        Err(Problem::new(415, "the content type must be application/json"))
    }
}

fn id(subject: &str) -> Option<Uuid> {
    Uuid::try_parse(subject).ok().filter(|_| subject.len() == 36)
}
