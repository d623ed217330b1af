//! Who may in: the admin token once, then a signed, short-lived cookie; each change with a token of its own and from our own origin.

use super::Request;
use super::form::Form;
use crate::sources::failures::{Failure, Failures};
use crate::sources::settings::Secret;
use crate::sources::signature::is_one_of;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

const COOKIE: &str = "sales_engine_console";
/// A session ends so long after it was last renewed, and this long after it began in any case.
const IDLE_SECONDS: i64 = 3_600;
const SESSION_SECONDS_MAX: i64 = 43_200;
/// Wrong tokens within ten minutes; of further ones is said that they are too many.
const FAILURES_MAX: usize = 10;
/// Sessions that were left and are remembered until they would have ended.
const LEFT_MAX: usize = 10_000;

pub(super) struct Guard {
    admin_token: Secret,
    /// Out of the admin token, so that another one ends all sessions and all instances know each other's.
    key: [u8; 32],
    left: Mutex<BTreeMap<String, i64>>,
    failures: Failures,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    id: String,
    began_at: i64,
    ends_at: i64,
}

/// Why a change is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// It comes from another site, or from a browser that does not say from where.
    Origin,
    /// Its form is not one of this session.
    Token,
}

/// What came of an attempt to log in.
pub(super) enum Entered {
    Yes { cookie: String },
    WrongToken(Failure),
    TooOften(Failure),
}

impl Guard {
    pub(super) fn new(admin_token: &Secret) -> Self {
        let key = Sha256::digest(format!("sales-engine console session\n{}", admin_token.expose())).into();
        Self { admin_token: admin_token.clone(), key, left: Mutex::default(), failures: Failures::default() }
    }

    /// The right token always gets in; the wrong ones of others must not keep anybody out.
    pub(super) fn enter(&self, request: &Request<'_>, token: &str, now: DateTime<Utc>) -> Entered {
        if !is_one_of(token, std::slice::from_ref(&self.admin_token)) {
            let failure = self.failures.note(now);
            return if failure.count > FAILURES_MAX {
                Entered::TooOften(failure)
            } else {
                Entered::WrongToken(failure)
            };
        }
        let now = now.timestamp();
        let session = Session { id: Uuid::new_v4().simple().to_string(), began_at: now, ends_at: now + IDLE_SECONDS };
        Entered::Yes { cookie: self.cookie(request, &session) }
    }

    /// Whose request it is: none without a sound, running session.
    pub(super) fn session(&self, request: &Request<'_>, now: DateTime<Utc>) -> Option<Session> {
        let cookies = request.header("cookie")?.split(';');
        let value = cookies.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE)?.1;
        let (told, mac) = value.rsplit_once('.')?;
        if !bool::from(mac.as_bytes().ct_eq(self.mac("session", told).as_bytes())) {
            return None;
        }
        let mut parts = told.split('.');
        let id = parts.next()?.to_owned();
        let (began_at, ends_at) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let is_left = self.left.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id);
        (now.timestamp() < ends_at && !is_left).then_some(Session { id, began_at, ends_at })
    }

    /// The cookie anew where half of its time is over.
    pub(super) fn renewed(&self, request: &Request<'_>, session: &Session, now: DateTime<Utc>) -> Option<String> {
        let now = now.timestamp();
        let ends_at = (now + IDLE_SECONDS).min(session.began_at + SESSION_SECONDS_MAX);
        let is_old = session.ends_at - now < IDLE_SECONDS / 2 && ends_at > session.ends_at;
        is_old.then(|| self.cookie(request, &Session { ends_at, ..session.clone() }))
    }

    /// Ends a session, also for whoever copied its cookie; gives the cookie that takes it out of the browser.
    pub(super) fn leave(&self, session: &Session, now: DateTime<Utc>) -> String {
        let now = now.timestamp();
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.retain(|_, ends_at| *ends_at > now);
        while left.len() >= LEFT_MAX {
            left.pop_first();
        }
        left.insert(session.id.clone(), session.began_at + SESSION_SECONDS_MAX);
        format!("{COOKIE}=; Path=/console; HttpOnly; SameSite=Strict; Max-Age=0")
    }

    /// What the forms of this session carry.
    pub(super) fn csrf(&self, session: &Session) -> String {
        self.mac("csrf", &session.id)
    }

    /// A change comes from our own pages, in this session.
    pub(super) fn admit(&self, request: &Request<'_>, session: &Session, form: &Form) -> Result<(), Denied> {
        if !is_same_origin(request) {
            return Err(Denied::Origin);
        }
        let token = form.text("csrf").unwrap_or_default();
        let is_ours = bool::from(token.as_bytes().ct_eq(self.csrf(session).as_bytes()));
        if is_ours { Ok(()) } else { Err(Denied::Token) }
    }

    fn cookie(&self, request: &Request<'_>, session: &Session) -> String {
        let told = format!("{}.{}.{}", session.id, session.began_at, session.ends_at);
        let mac = self.mac("session", &told);
        // On this machine itself there need be no TLS; anywhere else the cookie goes through TLS only.
        let secure = if is_loopback(request) { "" } else { "; Secure" };
        format!(
            "{COOKIE}={told}.{mac}; Path=/console; HttpOnly; SameSite=Strict; Max-Age={SESSION_SECONDS_MAX}{secure}"
        )
    }

    fn mac(&self, purpose: &str, text: &str) -> String {
        // A key of any length fits this HMAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return String::new() };
        mac.update(purpose.as_bytes());
        mac.update(b"\n");
        mac.update(text.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

/// The browser says that the form is one of ours. All of today's do on a POST; what says nothing is not taken.
pub(super) fn is_same_origin(request: &Request<'_>) -> bool {
    let host = request.header("host").unwrap_or_default();
    match request.header("origin").and_then(|origin| origin.split_once("://")) {
        Some((_, origin_host)) => !host.is_empty() && origin_host.eq_ignore_ascii_case(host),
        None => false,
    }
}

fn is_loopback(request: &Request<'_>) -> bool {
    let host = request.header("host").unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]") && request.header("x-forwarded-proto") != Some("https")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn request(headers: &[(String, String)]) -> Request<'_> {
        Request { is_post: true, path: "/console", query: "", headers, body: b"" }
    }

    fn header(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    fn entered(guard: &Guard, host: &str, now: DateTime<Utc>) -> String {
        match guard.enter(&request(&[header("host", host)]), "right", now) {
            Entered::Yes { cookie } => cookie,
            Entered::WrongToken(_) | Entered::TooOften(_) => panic!("not let in"),
        }
    }

    fn with_cookie(cookie: &str) -> Vec<(String, String)> {
        vec![header("host", "127.0.0.1:1"), header("cookie", cookie.split(';').next().unwrap())]
    }

    #[test]
    fn a_session_lasts_an_hour_is_renewed_and_ends_for_good() {
        let guard = Guard::new(&Secret::new("right"));
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let headers = with_cookie(&entered(&guard, "127.0.0.1:1", now));
        let at = |minutes: i64| now + TimeDelta::minutes(minutes);
        let session = guard.session(&request(&headers), at(59)).unwrap();
        assert_eq!(guard.session(&request(&headers), at(60)), None, "over");
        assert_eq!(guard.renewed(&request(&headers), &session, at(20)), None, "young");
        let renewed = with_cookie(&guard.renewed(&request(&headers), &session, at(40)).unwrap());
        assert_eq!(guard.session(&request(&renewed), at(90)).unwrap().id, session.id);
        assert_eq!(
            guard.renewed(
                &request(&headers),
                &Session { ends_at: session.began_at + SESSION_SECONDS_MAX, ..session.clone() },
                at(719)
            ),
            None,
            "twelve hours at most"
        );
        drop(guard.leave(&session, at(41)));
        assert_eq!(guard.session(&request(&renewed), at(42)), None, "left");
        let other = Guard::new(&Secret::new("another"));
        assert_eq!(other.session(&request(&headers), at(1)), None, "another admin token");
        let forged = with_cookie(&headers.last().unwrap().1.replace(&session.ends_at.to_string(), "99999999999"));
        assert_eq!(guard.session(&request(&forged), at(1)), None, "forged");
    }

    #[test]
    fn many_wrong_tokens_are_told_and_keep_nobody_out_who_has_the_right_one() {
        let guard = Guard::new(&Secret::new("right"));
        let now = DateTime::UNIX_EPOCH;
        let wrong = |now| guard.enter(&request(&[]), "wrong", now);
        for count in 1..=FAILURES_MAX {
            assert!(matches!(wrong(now), Entered::WrongToken(failure) if failure.count == count));
        }
        assert!(matches!(wrong(now), Entered::TooOften(Failure { seconds_left: 600, .. })));
        assert!(matches!(guard.enter(&request(&[]), "right", now), Entered::Yes { .. }));
        assert!(matches!(wrong(now + TimeDelta::seconds(600)), Entered::WrongToken(Failure { count: 1, .. })));
    }

    #[test]
    fn the_cookie_goes_through_tls_unless_it_stays_on_this_machine() {
        let guard = Guard::new(&Secret::new("right"));
        for (host, is_secure) in [
            ("127.0.0.1:8080", false),
            ("localhost", false),
            ("sales.example.com", true),
            ("127.0.0.1.example.com", true),
        ] {
            let cookie = entered(&guard, host, DateTime::UNIX_EPOCH);
            assert_eq!(cookie.ends_with("; Secure"), is_secure, "{host}");
            assert!(cookie.contains("; HttpOnly; SameSite=Strict;"), "{cookie}");
        }
    }

    #[test]
    fn a_change_comes_from_our_own_origin_with_the_sessions_token() {
        let guard = Guard::new(&Secret::new("right"));
        let session = Session { id: "a".to_owned(), began_at: 0, ends_at: 1 };
        let form = |token: &str| Form::new(format!("csrf={token}").as_bytes());
        let from = |origin: &str| [header("host", "sales.example.com"), header("origin", origin)];
        let token = guard.csrf(&session);
        let ours = from("https://sales.example.com");
        assert_eq!(guard.admit(&request(&ours), &session, &form(&token)), Ok(()));
        assert_eq!(guard.admit(&request(&ours), &session, &form("x")), Err(Denied::Token));
        let other = Session { id: "b".to_owned(), ..session.clone() };
        assert_eq!(guard.admit(&request(&ours), &other, &form(&token)), Err(Denied::Token), "of another session");
        for origin in ["https://evil.example", "null", "https://sales.example.com.evil.example"] {
            assert_eq!(guard.admit(&request(&from(origin)), &session, &form(&token)), Err(Denied::Origin), "{origin}");
        }
        let silent = [header("host", "sales.example.com")];
        assert_eq!(guard.admit(&request(&silent), &session, &form(&token)), Err(Denied::Origin));
    }
}
