//! The listener: accept, limits, routes, answers. The only place where hyper's server is named.

mod answer;
mod api;
mod console;
mod hooks;
mod metrics;
mod push;
mod rate;
mod slots;

use crate::api::{Api, Caller};
use crate::checkup::{Checkup, Subject};
use crate::config::Config;
use crate::console::Console;
use crate::domain::ids::ClientId;
use crate::intake::{IntakeHandle, Now};
use crate::store::Store;
use answer::Answered;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use metrics::Metrics;
pub use push::GoogleKeys;
use rate::Rates;
use slots::{Slot, Slots};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What the routes need.
pub struct App {
    config: Arc<Config>,
    intake: IntakeHandle,
    store: Store,
    now: Now,
    metrics: Metrics,
    rates: Rates<ClientId>,
    slots: Arc<Slots>,
    /// Bytes of bodies that are being received or understood: an unproven client must not fill the memory.
    receiving: Arc<Semaphore>,
    google_keys: Option<GoogleKeys>,
    api: Api,
    api_rates: Rates<Caller>,
    console: Console,
}

/// Together, however many connections there are. What is proven waits in the intake, which has a bound of its own.
const RECEIVING_BYTES_MAX: usize = 33_554_432;
/// A head, and what a connection reads ahead. It is kept for each connection; platforms and browsers send a tenth of it.
const HEAD_BYTES_MAX: usize = 16_384;

impl App {
    pub fn new(config: Arc<Config>, intake: IntakeHandle, store: Store, now: Now) -> Self {
        let subject = Subject { config: Arc::clone(&config), file: None, store: Some(store.clone()), now: now.clone() };
        Self::with_checkup(config, intake, store, now, Arc::new(Checkup::new(subject)))
    }

    /// With a doctor that knows more than the configuration, or is asked by others too.
    pub fn with_checkup(
        config: Arc<Config>,
        intake: IntakeHandle,
        store: Store,
        now: Now,
        checkup: Arc<Checkup>,
    ) -> Self {
        let (api_store, api_intake) = (store.clone(), intake.clone());
        let api = Api::new(Arc::clone(&config), api_store, api_intake, now.clone(), Arc::clone(&checkup));
        let console = Console::new(Arc::clone(&config), store.clone(), now.clone(), checkup);
        Self {
            config,
            intake,
            store,
            now,
            api,
            api_rates: Rates::default(),
            console,
            metrics: Metrics::default(),
            rates: Rates::default(),
            slots: Arc::default(),
            receiving: Arc::new(Semaphore::new(RECEIVING_BYTES_MAX)),
            google_keys: None,
        }
    }

    /// With an API that wakes the tasks.
    #[must_use]
    pub fn with_api(self, api: Api) -> Self {
        Self { api, ..self }
    }

    /// The API as it is without further parts.
    pub fn api(&self) -> Api {
        self.api.clone()
    }

    /// With a console that knows more than the database tells.
    #[must_use]
    pub fn with_console(self, console: Console) -> Self {
        Self { console, ..self }
    }

    /// Without them every push of Gmail is asked to come again.
    #[must_use]
    pub fn with_google_keys(self, keys: GoogleKeys) -> Self {
        Self { google_keys: Some(keys), ..self }
    }
}

/// Serves until `stop`, then takes no new connection and finishes what is in flight, within the configured time.
pub async fn serve(listener: TcpListener, app: Arc<App>, stop: CancellationToken) {
    let connections = Arc::new(Semaphore::new(app.config.limits.connections_max));
    let graceful = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: leave the others time to end.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Beyond the limit, connections wait in the kernel's queue, not in our memory.
        let permit = match Arc::clone(&connections).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_all_taken) => {
                app.slots.cut_slowest();
                tokio::select! {
                    () = stop.cancelled() => break,
                    permit = Arc::clone(&connections).acquire_owned() => match permit {
                        Ok(permit) => permit,
                        Err(_closed) => break,
                    },
                }
            }
        };
        let slot = Arc::new(app.slots.open());
        let cut = slot.cut();
        let connection = graceful.watch(connection(stream, Arc::clone(&app), slot));
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                },
                () = cut.cancelled() => tracing::debug!("a slow connection made room"),
            }
            drop(permit);
        });
    }
    drop(listener);
    let deadline = Duration::from_millis(app.config.limits.shutdown_ms_max);
    if tokio::time::timeout(deadline, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut");
    }
}

fn connection(
    stream: TcpStream,
    app: Arc<App>,
    slot: Arc<Slot>,
) -> impl GracefulConnection<Error = hyper::Error> + Send + 'static {
    // Small answers go out at once; failing to set it only costs speed.
    drop(stream.set_nodelay(true));
    let head = Duration::from_millis(app.config.limits.head_ms_max);
    let call = move |request: Request<Incoming>| {
        let (app, slot) = (Arc::clone(&app), Arc::clone(&slot));
        async move {
            let answered = route(&app, &slot, request).await;
            slot.awaits();
            Ok::<_, Infallible>(answered.into_response())
        }
    };
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        // It bounds the idle time between requests too.
        .header_read_timeout(head)
        .max_headers(100)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service_fn(call))
}

async fn route(app: &App, slot: &Slot, request: Request<Incoming>) -> Answered {
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let method = request.method().clone();
    match segments.as_slice() {
        ["hooks", source] => hooks::receive(app, slot, source, None, request).await,
        ["hooks", source, client] => hooks::receive(app, slot, source, Some(client), request).await,
        ["healthz"] => only_get(&method, || Answered::text(200, "ok\n")),
        ["readyz"] => match (method == Method::GET, Box::pin(app.store.ping()).await) {
            (false, _) => Answered::method_not_allowed("GET"),
            (true, Ok(())) => Answered::text(200, "ready\n"),
            (true, Err(error)) => {
                tracing::warn!(%error, "not ready");
                Answered::error(503, "the database does not answer").retry_after()
            }
        },
        // Apart, so that a webhook's connection does not carry room for answers of the API and for pages.
        ["api", ..] => Box::pin(api::answer(app, slot, request)).await,
        ["console", ..] => Box::pin(console::answer(app, slot, request)).await,
        ["metrics"] if method == Method::GET => {
            let targets = app.config.notification_targets();
            Answered::metrics(Box::pin(app.metrics.render(&app.store, &targets, (app.now)())).await)
        }
        ["metrics"] => Answered::method_not_allowed("GET"),
        _ => Answered::error(404, "no such path; webhooks go to POST /hooks/{source}/{client}"),
    }
}

fn only_get(method: &Method, answer: impl FnOnce() -> Answered) -> Answered {
    if *method == Method::GET { answer() } else { Answered::method_not_allowed("GET") }
}

#[cfg(test)]
mod tests;
