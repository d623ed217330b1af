//! The stand-in for Google: mailboxes behind the Gmail API, the token endpoint, the keys of push tokens, and Pub/Sub's pushes. By the
//! documented rules and limits, with the oddities that real answers have.

mod control;
mod fault;
mod hands;
mod headers;
mod history;
mod keys;
mod mailbox;
mod messages;
mod oauth;
mod pages;
mod pubsub;
mod quota;
mod random;
mod refusal;
mod search;
mod watch;

pub use fault::{Call, GoogleFault};
pub use pubsub::{PUSH_ACCOUNT, Pushed, Spelling, Subscription, TOPIC};
pub(super) use quota::InFlight;
pub use quota::UNITS_A_MINUTE_MAX;

use super::airtable::Asked;
use super::fault::Reply;
use super::query::{Query, decoded};
use crate::intake::Now;
use chrono::{DateTime, TimeDelta, Utc};
use mailbox::Mailbox;
use oauth::Accounts;
use pubsub::PubSub;
use refusal::Refusal;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// As the real one's answer usually says.
const KEYS_MAX_AGE_SECONDS: u64 = 19_800;
/// Requests of one mailbox that may be under way; Google tells no number.
const AT_ONCE_MAX: usize = 10;
const SEED: u64 = 0x0005_a1e5;

/// May make a request fail.
type Hook = Box<dyn FnMut(Call) -> Option<GoogleFault> + Send>;

/// Google in memory.
pub struct Google {
    /// Of the sandbox itself: what assertions are to be made out to.
    url: String,
    now: Now,
    mailboxes: BTreeMap<String, Mailbox>,
    accounts: Accounts,
    pubsub: PubSub,
    /// The number of the key that signs push tokens now.
    signing_key: usize,
    faults: VecDeque<(Call, GoogleFault)>,
    hook: Option<Hook>,
    calls: BTreeMap<Call, u64>,
    rate_refusals: u64,
    /// Pushes are posted only when `Sandbox::push_now` is called.
    pub pushes_by_hand: bool,
    /// Of those that are due the newest is posted first.
    pub pushes_newest_first: bool,
    /// The first, and then one in so many acknowledged pushes, comes a second time.
    pub pushes_repeat_every: Option<usize>,
    /// Pages are no larger than this, whatever is asked for.
    pub page_size_max: usize,
    pub at_once_max: usize,
    pub keys_max_age_seconds: u64,
    /// How old the answer with the keys says that it is.
    pub keys_age_seconds: u64,
}

/// What opens a mailbox by a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshGrant {
    pub client_id: String,
    pub client_secret: String,
    pub refresh_token: String,
}

/// What opens the mailboxes of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    pub client_email: String,
    pub private_key_pem: String,
    pub key_id: String,
}

impl ServiceAccount {
    /// As in the file that Google gives.
    fn to_json(&self, url: &str) -> Value {
        json!({ "type": "service_account", "project_id": "sandbox-project", "private_key_id": self.key_id,
            "private_key": self.private_key_pem, "client_email": self.client_email, "client_id": "108600000000000000001",
            "token_uri": format!("{url}/token") })
    }
}

/// True for the paths that are Google's.
pub(super) fn is_path(path: &str) -> bool {
    path == "/token" || ["/gmail/", "/oauth2/", "/sandbox/google"].iter().any(|begin| path.starts_with(begin))
}

/// How it answers.
impl Google {
    pub(super) fn new(url: &str, now: Now) -> Self {
        Self {
            url: url.to_owned(),
            now,
            mailboxes: BTreeMap::new(),
            accounts: Accounts::default(),
            pubsub: PubSub::default(),
            signing_key: keys::FIRST_OF_GOOGLE,
            faults: VecDeque::new(),
            hook: None,
            calls: BTreeMap::new(),
            rate_refusals: 0,
            pushes_by_hand: false,
            pushes_newest_first: false,
            pushes_repeat_every: None,
            page_size_max: usize::MAX,
            at_once_max: AT_ONCE_MAX,
            keys_max_age_seconds: KEYS_MAX_AGE_SECONDS,
            keys_age_seconds: 0,
        }
    }

    pub(super) fn answer(&mut self, asked: &Asked<'_>) -> (Reply, Option<InFlight>) {
        let now = (self.now)();
        let segments: Vec<String> = asked.path.trim_matches('/').split('/').map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (asked.method.as_str(), segments.as_slice()) {
            ("POST", ["token"]) => (self.free(Call::Token, |google| google.answer_token(asked.body, now)), None),
            ("GET", ["oauth2", "v3", "certs"]) => (self.free(Call::Certs, |google| google.certs()), None),
            (_, ["sandbox", "google", rest @ ..]) => (self.answer_control(asked, rest), None),
            (method, ["gmail", "v1", "users", user, rest @ ..]) => match call_of(method, rest, asked.query) {
                Ok(call) => self.answer_gmail(asked, call, user, rest, now),
                Err(refusal) => (refusal.to_reply(), None),
            },
            _ => (Refusal::not_found().to_reply(), None),
        }
    }

    /// What costs no units and needs no token.
    fn free(&mut self, call: Call, work: impl FnOnce(&mut Self) -> Reply) -> Reply {
        *self.calls.entry(call).or_default() += 1;
        let fault = self.fault(call);
        if let Some(reply) = fault.and_then(GoogleFault::instead) {
            return reply;
        }
        let reply = work(self);
        fault.map_or(reply.clone(), |fault| fault.after(reply))
    }

    fn answer_gmail(
        &mut self,
        asked: &Asked<'_>,
        call: Call,
        user: &str,
        rest: &[&str],
        now: DateTime<Utc>,
    ) -> (Reply, Option<InFlight>) {
        *self.calls.entry(call).or_default() += 1;
        let (address, in_flight) = match self.admit(asked.token, call, user, now) {
            Ok(admitted) => admitted,
            Err(reply) => return (reply, None),
        };
        let fault = self.fault(call);
        if let Some(reply) = fault.and_then(GoogleFault::instead) {
            return (reply, Some(in_flight));
        }
        let reply = match self.work(asked, call, &address, rest, now) {
            Ok(Value::Null) => Reply::NoContent,
            Ok(value) => Reply::Json(200, value),
            Err(refusal) => refusal.to_reply(),
        };
        (fault.map_or(reply.clone(), |fault| fault.after(reply)), Some(in_flight))
    }

    /// Token, scope, mailbox and quota, in this order.
    fn admit(&mut self, token: &str, call: Call, user: &str, now: DateTime<Utc>) -> Result<(String, InFlight), Reply> {
        let session = self.accounts.session(token, now).ok_or_else(|| Refusal::unauthenticated().to_reply())?;
        if !session.may_read() {
            return Err(Refusal::scope().to_reply());
        }
        let address = session.mailbox.clone().ok_or_else(|| Refusal::failed_precondition().to_reply())?;
        if user != "me" && user.to_lowercase() != address {
            return Err(Refusal::forbidden(format!("Delegation denied for {user}")).to_reply());
        }
        let at_once_max = self.at_once_max;
        let usage = &mut self.mailbox(&address).usage;
        let in_flight = usage.enter(at_once_max).ok_or_else(|| Refusal::too_many_at_once().to_reply())?;
        if !usage.pay(call, now) {
            self.rate_refusals += 1;
            // Google says it in more than one way.
            let refusal = match self.rate_refusals % 5 {
                1 => Refusal::rate_limited(403, false, None),
                2 => Refusal::rate_limited(429, true, Some(20)),
                3 => Refusal::rate_limited(403, true, None),
                4 => Refusal::rate_limited_until(429, now + TimeDelta::minutes(15)),
                _ => Refusal::rate_limited(429, false, None),
            };
            return Err(refusal.to_reply());
        }
        Ok((address, in_flight))
    }

    fn work(
        &mut self,
        asked: &Asked<'_>,
        call: Call,
        address: &str,
        rest: &[&str],
        now: DateTime<Utc>,
    ) -> Result<Value, Refusal> {
        let query = Query::parse(asked.query);
        let page_max = self.page_size_max;
        match call {
            Call::Token | Call::Certs => Err(Refusal::not_found()),
            Call::Profile => {
                let mailbox = self.mailbox(address);
                let threads: BTreeSet<&str> = mailbox.messages.values().map(|message| &*message.thread_id).collect();
                Ok(json!({ "emailAddress": mailbox.address, "messagesTotal": mailbox.messages.len(),
                    "threadsTotal": threads.len(), "historyId": mailbox.history_id.to_string() }))
            }
            Call::History => history::list(self.mailbox(address), &query, page_max),
            Call::List => messages::list(self.mailbox(address), &query, page_max, now),
            Call::Minimal | Call::Metadata | Call::Raw => {
                let id = rest.last().copied().unwrap_or_default();
                messages::get(self.mailbox(address), id, call, &query)
            }
            Call::Watch => self.watch(address, asked.body, now),
            Call::Stop => {
                self.mailbox(address).watch = None;
                Ok(Value::Null)
            }
        }
    }

    fn certs(&self) -> Reply {
        let earlier = self.signing_key.checked_sub(1).filter(|number| *number >= keys::FIRST_OF_GOOGLE);
        let numbers = [Some(self.signing_key), earlier].into_iter().flatten();
        let keys: Option<Vec<Value>> = numbers.map(|number| keys::key(number).map(|key| key.to_jwk())).collect();
        match keys {
            Some(keys) => Reply::Cached(self.keys_max_age_seconds, self.keys_age_seconds, json!({ "keys": keys })),
            None => Refusal::of_server(500, None).to_reply(),
        }
    }

    fn fault(&mut self, call: Call) -> Option<GoogleFault> {
        if let Some(fault) = self.hook.as_mut().and_then(|hook| hook(call)) {
            return Some(fault);
        }
        let at = self.faults.iter().position(|(wanted, _)| *wanted == call)?;
        self.faults.remove(at).map(|(_, fault)| fault)
    }

    fn mailbox(&mut self, address: &str) -> &mut Mailbox {
        let address = address.to_lowercase();
        let seed = SEED + self.mailboxes.len() as u64;
        self.mailboxes.entry(address.clone()).or_insert_with(|| Mailbox::new(&address, seed))
    }

    /// Changes a mailbox and tells those who watch it.
    fn change<T>(&mut self, address: &str, change: impl FnOnce(&mut Mailbox, DateTime<Utc>) -> T) -> T {
        let now = (self.now)();
        let mailbox = self.mailbox(address);
        let (address, since) = (mailbox.address.clone(), mailbox.history_id);
        let changed = change(mailbox, now);
        self.tell_of_changes(&address, since);
        changed
    }
}

impl fmt::Debug for Google {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Google")
            .field("mailboxes", &self.mailboxes.len())
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

/// Which call a request is.
fn call_of(method: &str, rest: &[&str], query: &str) -> Result<Call, Refusal> {
    match (method, rest) {
        ("GET", ["profile"]) => Ok(Call::Profile),
        ("GET", ["history"]) => Ok(Call::History),
        ("GET", ["messages"]) => Ok(Call::List),
        ("GET", ["messages", _]) => match Query::parse(query).get("format") {
            Some("minimal" | "MINIMAL") => Ok(Call::Minimal),
            Some("metadata" | "METADATA") => Ok(Call::Metadata),
            Some("raw" | "RAW") => Ok(Call::Raw),
            Some("full" | "FULL") | None => Err(Refusal::invalid("the sandbox takes no message apart: ask for raw")),
            Some(_) => Err(Refusal::invalid("Invalid value at 'format'")),
        },
        ("POST", ["watch"]) => Ok(Call::Watch),
        ("POST", ["stop"]) => Ok(Call::Stop),
        _ => Err(Refusal::not_found()),
    }
}
