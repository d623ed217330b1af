//! Stand-ins for outside services: stateful, strict, and failing as the real ones do. Used by `demo`, `sandbox` and the tests.

pub mod ai;
pub mod airtable;
mod body;
pub mod booking;
pub mod calcom;
pub mod calendly;
pub mod embeddings;
mod fault;
mod files;
pub mod google;
pub mod instantly;
pub mod notify;
pub mod outreach;
pub mod pinecone;
mod post;
mod query;
pub mod smartlead;

pub use fault::Fault;
pub use files::Private;
pub use post::Posted;

use crate::intake::Now;
use ai::Ai;
use airtable::{Asked, Base, FaultHook, Ping};
use body::Body;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use embeddings::Embeddings;
use fault::Reply;
use files::Files;
use google::{Google, Pushed};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{DATE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use instantly::Instantly;
use notify::Receivers;
use pinecone::Pinecone;
use smartlead::Smartlead;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

const BODY_BYTES_MAX: usize = 4_194_304;
const PINGS_WAITING_MAX: usize = 1_000;
const PUSH_LOOK_MS: u64 = 50;

/// A running sandbox; it ends when dropped.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    world: World,
    _stop: DropGuard,
}

/// What the requests share.
#[derive(Debug, Clone)]
struct World {
    base: Arc<Mutex<Base>>,
    files: Arc<Mutex<Files>>,
    google: Arc<Mutex<Google>>,
    smartlead: Arc<Mutex<Smartlead>>,
    instantly: Arc<Mutex<Instantly>>,
    ai: Arc<Mutex<Ai>>,
    receivers: Arc<Mutex<Receivers>>,
    pinecone: Arc<Mutex<Pinecone>>,
    embeddings: Arc<Mutex<Embeddings>>,
    /// Wakes the one who posts Google's pushes.
    pushes: Arc<Notify>,
    /// What all answers say as their `Date`; the time of now where it is none.
    date: Arc<Mutex<Option<DateTime<Utc>>>>,
}

impl World {
    fn with_base<T>(&self, look: impl FnOnce(&mut Base) -> T) -> T {
        look(&mut self.base.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_google<T>(&self, look: impl FnOnce(&mut Google) -> T) -> T {
        look(&mut self.google.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_smartlead<T>(&self, look: impl FnOnce(&mut Smartlead) -> T) -> T {
        look(&mut self.smartlead.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_instantly<T>(&self, look: impl FnOnce(&mut Instantly) -> T) -> T {
        look(&mut self.instantly.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_ai<T>(&self, look: impl FnOnce(&mut Ai) -> T) -> T {
        look(&mut self.ai.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_files<T>(&self, look: impl FnOnce(&mut Files) -> T) -> T {
        look(&mut self.files.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_pinecone<T>(&self, look: impl FnOnce(&mut Pinecone) -> T) -> T {
        look(&mut self.pinecone.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_embeddings<T>(&self, look: impl FnOnce(&mut Embeddings) -> T) -> T {
        look(&mut self.embeddings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sandbox {
    /// Serves on an address of this machine, with the owner's base. `token` is the only bearer token that is accepted.
    pub async fn start(listen: SocketAddr, token: &str, now: Now) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let (sender, pings) = mpsc::channel(PINGS_WAITING_MAX);
        let base = Base::new(token, Arc::clone(&now), sender).map_err(io::Error::other)?;
        let ai = Ai::new(token, Arc::clone(&now));
        let url = format!("http://{addr}");
        let pinecone = Pinecone::new(&url, Arc::clone(&now));
        let google = Google::new(&url, Arc::clone(&now));
        let world = World {
            base: Arc::new(Mutex::new(base)),
            files: Arc::default(),
            google: Arc::new(Mutex::new(google)),
            smartlead: Arc::new(Mutex::new(Smartlead::new(Arc::clone(&now)))),
            instantly: Arc::new(Mutex::new(Instantly::new(now))),
            ai: Arc::new(Mutex::new(ai)),
            receivers: Arc::default(),
            pinecone: Arc::new(Mutex::new(pinecone)),
            embeddings: Arc::default(),
            pushes: Arc::default(),
            date: Arc::default(),
        };
        let stop = CancellationToken::new();
        tokio::spawn(accept(listener, world.clone(), stop.clone()));
        tokio::spawn(send_pings(pings, world.clone(), stop.clone()));
        tokio::spawn(send_pushes(world.clone(), stop.clone()));
        Ok(Self { addr, world, _stop: stop.drop_guard() })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Queues a fault for the next request.
    pub fn fail_next(&self, fault: Fault) {
        self.with(|base| base.faults.push_back(fault));
    }

    /// Asks for each request that passed limit and token, before the queued faults, whether it is to fail.
    pub fn fail_when(&self, hook: impl Fn(&Method, &str, &[u8]) -> Option<Fault> + Send + 'static) {
        let hook: FaultHook = Box::new(hook);
        self.with(|base| base.hook = Some(hook));
    }

    pub fn fail_no_more(&self) {
        self.with(|base| {
            base.hook = None;
            base.faults.clear();
        });
    }

    /// Looks at the base (or changes it, as a person would).
    pub fn with<T>(&self, look: impl FnOnce(&mut Base) -> T) -> T {
        self.world.with_base(look)
    }

    /// Looks at Google (or changes it, as people and their mail would). What is to be pushed is posted soon after.
    pub fn google<T>(&self, look: impl FnOnce(&mut Google) -> T) -> T {
        let looked = self.world.with_google(look);
        self.world.pushes.notify_one();
        looked
    }

    /// Looks at Smartlead (or changes it, as a person would). Its API is at `/api/v1`.
    pub fn smartlead<T>(&self, look: impl FnOnce(&mut Smartlead) -> T) -> T {
        self.world.with_smartlead(look)
    }

    /// Looks at Instantly (or changes it, as a person would). Its API is at `/api/v2`.
    pub fn instantly<T>(&self, look: impl FnOnce(&mut Instantly) -> T) -> T {
        self.world.with_instantly(look)
    }

    /// Looks at the language model, or makes it answer otherwise.
    pub fn ai<T>(&self, look: impl FnOnce(&mut Ai) -> T) -> T {
        self.world.with_ai(look)
    }

    /// Looks at the receivers of notifications (or makes them fail).
    pub fn notify<T>(&self, look: impl FnOnce(&mut Receivers) -> T) -> T {
        look(&mut self.world.receivers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at Pinecone (or changes it).
    pub fn pinecone<T>(&self, look: impl FnOnce(&mut Pinecone) -> T) -> T {
        self.world.with_pinecone(look)
    }

    /// Looks at the endpoint of embeddings.
    pub fn embeddings<T>(&self, look: impl FnOnce(&mut Embeddings) -> T) -> T {
        self.world.with_embeddings(look)
    }

    /// The clock of all services goes wrong: each answer says that it is of this time.
    pub fn answer_as_of(&self, date: DateTime<Utc>) {
        *self.world.date.lock().unwrap_or_else(PoisonError::into_inner) = Some(date);
    }

    /// Posts the pushes that are due, one after the other, and gives what became of each. With `Google::pushes_by_hand` nothing is posted
    /// but by this.
    pub async fn push_now(&self) -> Vec<Pushed> {
        push_due(&self.world).await
    }

    /// A sheet, at `/spreadsheets/d/{id}/export?format=csv&gid={gid}`.
    pub fn serve_sheet(&self, id: &str, gid: &str, csv: impl Into<Bytes>) {
        self.world.with_files(|files| files.put(files::sheet(id, gid), csv.into()));
    }

    /// A file of a drive, at `/uc?id={id}&export=download`.
    pub fn serve_drive_file(&self, id: &str, bytes: impl Into<Bytes>) {
        self.world.with_files(|files| files.put(files::drive(id), bytes.into()));
    }

    /// A file at `/files/{name}`.
    pub fn serve_file(&self, name: &str, bytes: impl Into<Bytes>) {
        self.world.with_files(|files| files.put(files::file(name), bytes.into()));
    }

    /// A CSV of so many rows at `/files/{name}`, made while it is read.
    pub fn serve_generated(&self, name: &str, rows: u64) {
        self.world.with_files(|files| files.put_rows(files::file(name), rows));
    }

    pub fn make_sheet_private(&self, id: &str, gid: &str, how: Private) {
        self.world.with_files(|files| files.put_private(files::sheet(id, gid), how));
    }

    pub fn make_drive_file_private(&self, id: &str, how: Private) {
        self.world.with_files(|files| files.put_private(files::drive(id), how));
    }
}

async fn accept(listener: TcpListener, world: World, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        if let Ok((stream, _)) = accepted {
            tokio::spawn(connection(stream, world.clone(), stop.clone()));
        }
    }
}

async fn connection(stream: TcpStream, world: World, stop: CancellationToken) {
    let service = service_fn(move |request| {
        let world = world.clone();
        async move {
            let date = *world.date.lock().unwrap_or_else(PoisonError::into_inner);
            let mut response = answer(request, world).await?;
            if let Some(date) = date {
                let text = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
                let value = HeaderValue::from_str(&text).map_err(io::Error::other)?;
                response.headers_mut().insert(DATE, value);
            }
            Ok::<_, io::Error>(response)
        }
    });
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = stop.cancelled() => {}
        result = serving => {
            if let Err(error) = result {
                tracing::debug!(%error, "sandbox connection ended");
            }
        }
    }
}

/// One after the other, in the order of the changes.
async fn send_pings(mut pings: mpsc::Receiver<Ping>, world: World, stop: CancellationToken) {
    loop {
        let ping = tokio::select! {
            () = stop.cancelled() => return,
            ping = pings.recv() => ping,
        };
        let Some(ping) = ping else { return };
        let sent = tokio::select! {
            () = stop.cancelled() => return,
            sent = ping.send() => sent,
        };
        world.with_base(|base| base.note_ping(&ping.webhook_id, sent.err().as_deref()));
    }
}

/// Pushes that are due, as they become due.
async fn send_pushes(world: World, stop: CancellationToken) {
    loop {
        let is_waiting = world.with_google(|google| google.is_push_waiting());
        let wake = async {
            // What waits for a later try waits by the clock of the sandbox, which tells nobody that it went on.
            let nap = tokio::time::sleep(Duration::from_millis(PUSH_LOOK_MS));
            tokio::select! {
                () = world.pushes.notified() => {}
                () = nap, if is_waiting => {}
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = wake => {}
        }
        if !world.with_google(|google| google.pushes_by_hand) {
            tokio::select! {
                () = stop.cancelled() => return,
                _pushed = push_due(&world) => {}
            }
        }
    }
}

async fn push_due(world: &World) -> Vec<Pushed> {
    let mut done = Vec::new();
    while let Some(push) = world.with_google(Google::next_push) {
        let answered = post::post(&push.url, &push.headers, &push.body, push.timeout).await;
        done.push(world.with_google(|google| google.note_push(push, answered.ok())));
    }
    done
}

async fn answer(request: Request<Incoming>, world: World) -> io::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    if parts.method == Method::GET
        && let Some(file) = world.with_files(|files| files.answer(path, query))
    {
        return file;
    }
    // Whoever only looks whether anybody is there asks nothing of any service, and none counts it.
    if parts.method == Method::HEAD {
        return written(Reply::NoContent).await;
    }
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(io::Error::other)?.to_bytes();
    if path.starts_with("/notify/") {
        let (reply, _open) = notify::answer(&world.receivers, path, &parts.headers, &body);
        return slowly(reply).await;
    }
    let token = parts
        .headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    let asked = Asked { method: &parts.method, path, query, token, body: &body };
    // Held until the answer is written, or nobody waits for it any more.
    let (reply, _in_flight) = if google::is_path(path) {
        let answered = world.with_google(|google| google.answer(&asked));
        world.pushes.notify_one();
        answered
    } else if smartlead::is_path(path) {
        (world.with_smartlead(|smartlead| smartlead.answer(&asked)), None)
    } else if instantly::is_path(path) {
        (world.with_instantly(|instantly| instantly.answer(&asked)), None)
    } else if ai::is_path(path) {
        (world.with_ai(|ai| ai.answer(&asked)), None)
    } else if pinecone::is_path(path) {
        (world.with_pinecone(|pinecone| pinecone.answer(&asked, &parts.headers)), None)
    } else if embeddings::is_path(path) {
        (world.with_embeddings(|embeddings| embeddings.answer(&asked)), None)
    } else {
        (world.with_base(|base| base.answer(&asked)), None)
    };
    slowly(reply).await
}

async fn slowly(reply: Reply) -> io::Result<Response<Body>> {
    if let Reply::Slow(ms, inner) = reply {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        return written(*inner).await;
    }
    written(reply).await
}

async fn written(reply: Reply) -> io::Result<Response<Body>> {
    let json = Response::builder().header("content-type", "application/json; charset=utf-8");
    let whole = |text: String| Body::Whole(Some(Bytes::from(text)));
    match reply {
        Reply::Json(status, value) => json.status(status).body(whole(value.to_string())),
        Reply::RetryAfter(status, seconds, value) => {
            json.status(status).header("retry-after", seconds).body(whole(value.to_string()))
        }
        Reply::Cached(seconds, age_seconds, value) => json
            .header("cache-control", format!("public, max-age={seconds}, must-revalidate, no-transform"))
            .header("age", age_seconds)
            .body(whole(value.to_string())),
        Reply::Moved(location) => Response::builder().status(302).header("location", location).body(Body::empty()),
        Reply::Created => Response::builder().status(201).body(Body::empty()),
        Reply::NoContent => Response::builder().status(204).body(Body::empty()),
        Reply::Page(status, page) => {
            Response::builder().status(status).header("content-type", "text/html").body(whole(page.to_owned()))
        }
        Reply::Half(value) => {
            let bytes = Bytes::from(value.to_string());
            let half = bytes.slice(..bytes.len() / 2);
            json.header("content-length", bytes.len()).body(Body::Half(Some(half)))
        }
        // Until the caller closes the connection, or the sandbox ends.
        Reply::Hang => std::future::pending().await,
        Reply::Cut => return Err(io::Error::other("cut on purpose")),
        Reply::Slow(..) => return Err(io::Error::other("a slow answer holds no other")),
    }
    .map_err(io::Error::other)
}
