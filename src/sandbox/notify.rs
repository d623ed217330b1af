//! A receiver of notifications, as n8n or any other program is one: it proves each request by itself (Standard Webhooks), remembers
//! what it took in which order, and fails on purpose.

use super::fault::{Fault, Reply};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::HeaderMap;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub path: String,
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    pub body: String,
    /// As the body says.
    pub kind: String,
    /// Whom it is about, else what.
    pub subject: String,
    /// The places of the secrets that it is proven by.
    pub proven_by: Vec<usize>,
    /// Its effect took place, whatever was answered.
    pub was_taken: bool,
}

type Hook = Box<dyn FnMut(&Received) -> Option<Fault> + Send>;

/// Everything below `/notify/`.
#[derive(Default)]
pub struct Receivers {
    secrets: Vec<Vec<u8>>,
    received: Vec<Received>,
    in_flight: HashMap<(String, String), usize>,
    overlaps: usize,
    hook: Option<Hook>,
}

impl std::fmt::Debug for Receivers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receivers").field("received", &self.received.len()).finish_non_exhaustive()
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Open {
    receivers: Arc<Mutex<Receivers>>,
    of: (String, String),
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut receivers = self.receivers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = receivers.in_flight.get_mut(&self.of) {
            *count = count.saturating_sub(1);
        }
    }
}

impl Receivers {
    /// The secrets (`whsec_` and base64) that requests are proven by.
    pub fn know(&mut self, secrets: &[&str]) {
        let key = |secret: &&str| STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).unwrap_or_default();
        self.secrets = secrets.iter().map(key).collect();
    }

    /// All requests in the order of their arrival.
    pub fn received(&self) -> &[Received] {
        &self.received
    }

    /// Those whose effect took place.
    pub fn taken(&self) -> impl Iterator<Item = &Received> {
        self.received.iter().filter(|received| received.was_taken)
    }

    /// How often a request about somebody came while another one about the same was being answered.
    pub fn overlaps(&self) -> usize {
        self.overlaps
    }

    pub fn forget(&mut self) {
        self.received.clear();
    }

    /// Asks for each request whether it is to fail.
    pub fn fail_when(&mut self, hook: impl FnMut(&Received) -> Option<Fault> + Send + 'static) {
        self.hook = Some(Box::new(hook));
    }

    pub fn fail_no_more(&mut self) {
        self.hook = None;
    }

    fn take(&mut self, path: &str, headers: &HeaderMap, body: &[u8]) -> (Reply, (String, String)) {
        let header =
            |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let told: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |pointer: &str| told.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let (id, timestamp, signature) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let subject = text("/data/contact/contact_id").or_else(|| text("/data/alert/contact_id"));
        let mut received = Received {
            path: path.to_owned(),
            proven_by: self.proven_by(&id, &timestamp, &signature, body),
            kind: text("/type").unwrap_or_default(),
            subject: subject.or_else(|| text("/data/alert/alert_id")).unwrap_or_else(|| id.clone()),
            id,
            timestamp,
            signature,
            body: String::from_utf8_lossy(body).into_owned(),
            was_taken: false,
        };
        let of = (received.path.clone(), received.subject.clone());
        let count = self.in_flight.entry(of.clone()).or_default();
        *count += 1;
        self.overlaps += usize::from(*count > 1);
        let fault = self.hook.as_mut().and_then(|hook| hook(&received));
        let reply = if received.proven_by.is_empty() {
            Reply::Json(401, json!({ "error": "the signature does not hold" }))
        } else {
            reply(fault, &mut received.was_taken)
        };
        self.received.push(received);
        (reply, of)
    }

    fn proven_by(&self, id: &str, timestamp: &str, signatures: &str, body: &[u8]) -> Vec<usize> {
        let holds = |key: &Vec<u8>| {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
            for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
                mac.update(part);
            }
            let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
            signatures.split(' ').any(|signature| signature == expected)
        };
        self.secrets.iter().enumerate().filter(|(_, key)| holds(key)).map(|(place, _)| place).collect()
    }
}

pub(super) fn answer(receivers: &Arc<Mutex<Receivers>>, path: &str, headers: &HeaderMap, body: &[u8]) -> (Reply, Open) {
    let (reply, of) = receivers.lock().unwrap_or_else(PoisonError::into_inner).take(path, headers, body);
    (reply, Open { receivers: Arc::clone(receivers), of })
}

fn reply(fault: Option<Fault>, was_taken: &mut bool) -> Reply {
    let Some(fault) = fault else {
        *was_taken = true;
        return Reply::NoContent;
    };
    if let Some(reply) = fault.instead() {
        return reply;
    }
    *was_taken = true;
    match fault {
        Fault::DropAfter => Reply::Cut,
        Fault::HangAfter => Reply::Hang,
        Fault::HalfBody => Reply::Half(json!({ "message": "Workflow was started" })),
        Fault::Slow(ms) => Reply::Slow(ms, Box::new(Reply::NoContent)),
        Fault::Garbage
        | Fault::Status(_)
        | Fault::DropBefore
        | Fault::HangBefore
        | Fault::Unauthorised
        | Fault::Denied
        | Fault::NotFoundBare
        | Fault::NotFoundTyped
        | Fault::NotFoundExplained
        | Fault::TooLarge
        | Fault::Rejected
        | Fault::ServerError
        | Fault::BadGateway
        | Fault::Unavailable(_)
        | Fault::RateLimited
        | Fault::QuotaReached
        | Fault::LostIterator => Reply::Page(200, "<html><body>no JSON at all</body></html>"),
    }
}
