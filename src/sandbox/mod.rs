//! Stand-ins for outside services: stateful, strict, and failing as the real ones do. Used by `demo`, `sandbox` and the tests.

pub mod airtable;
mod fields;

use crate::intake::Now;
use airtable::{Base, Reply};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

const BODY_BYTES_MAX: usize = 1_048_576;

/// How the next request is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answer this status, write nothing.
    Status(u16),
    /// Cut the connection before anything is written.
    DropBefore,
    /// Write, then cut the connection: the caller can't know.
    DropAfter,
    /// Write, then answer something that is no JSON.
    Garbage,
}

/// A running sandbox; it ends when dropped.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    base: Arc<Mutex<Base>>,
    _stop: DropGuard,
}

impl Sandbox {
    /// Serves on an address of this machine. `token` is the only bearer token that is accepted.
    pub async fn start(listen: SocketAddr, token: &str, now: Now) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let base = Arc::new(Mutex::new(Base::new(token)));
        let stop = CancellationToken::new();
        tokio::spawn(accept(listener, Arc::clone(&base), now, stop.clone()));
        Ok(Self { addr, base, _stop: stop.drop_guard() })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Queues a fault for the next request.
    pub fn fail_next(&self, fault: Fault) {
        self.with(|base| base.faults.push_back(fault));
    }

    /// Looks at the base (or changes it, as a person would).
    pub fn with<T>(&self, look: impl FnOnce(&mut Base) -> T) -> T {
        look(&mut self.base.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn accept(listener: TcpListener, base: Arc<Mutex<Base>>, now: Now, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        if let Ok((stream, _)) = accepted {
            tokio::spawn(connection(stream, Arc::clone(&base), now.clone(), stop.clone()));
        }
    }
}

async fn connection(stream: TcpStream, base: Arc<Mutex<Base>>, now: Now, stop: CancellationToken) {
    let service = service_fn(move |request| answer(request, Arc::clone(&base), now.clone()));
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

async fn answer(
    request: Request<Incoming>,
    base: Arc<Mutex<Base>>,
    now: Now,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(io::Error::other)?.to_bytes();
    let token = parts
        .headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    let reply = base.lock().unwrap_or_else(PoisonError::into_inner).answer(
        &parts.method,
        parts.uri.path(),
        token,
        &body,
        now(),
    );
    match reply {
        // The real one may send it with a 503.
        Reply::Json(503, value) => Response::builder()
            .status(503)
            .header("retry-after", "90")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(value.to_string())))
            .map_err(io::Error::other),
        Reply::Json(status, value) => Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(value.to_string())))
            .map_err(io::Error::other),
        Reply::Garbage => Ok(Response::new(Full::new(Bytes::from_static(b"<html>")))),
        Reply::Cut => Err(io::Error::other("cut on purpose")),
    }
}
