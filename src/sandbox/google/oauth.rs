//! The token endpoint: refresh tokens (RFC 6749) and assertions of a service account for a mailbox of its domain (RFC 7523).

use super::{Google, keys};
use crate::sandbox::fault::Reply;
use crate::sandbox::query::Query;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;

pub(super) const CLIENT_ID: &str = "sandbox-client";
pub(super) const CLIENT_SECRET: &str = "sandbox-client-secret";
pub(super) const SERVICE_ACCOUNT: &str = "reader@sandbox-project.iam.gserviceaccount.example";
pub(super) const SCOPE_READONLY: &str = "https://www.googleapis.com/auth/gmail.readonly";
const SCOPES_OF_GMAIL: [&str; 3] =
    ["https://mail.google.com/", "https://www.googleapis.com/auth/gmail.modify", SCOPE_READONLY];
/// What Google's own clients make assertions out to, wherever they post them.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const LIFE_SECONDS: i64 = 3_599;
const ASSERTION_SECONDS_MAX: i64 = 3_600;
/// How far the clock of the one who signs may be off.
const SKEW_SECONDS: i64 = 300;

/// Who may have tokens, and which were given.
#[derive(Debug)]
pub(super) struct Accounts {
    /// The mailboxes whose owner took the consent back.
    pub(super) revoked: BTreeSet<String>,
    /// What the administrator of the domain lets the service account ask for; empty is no delegation.
    pub(super) delegated_scopes: Vec<String>,
    /// Why a revoked token was: told beside the error.
    pub(super) subtype: Option<&'static str>,
    sessions: Vec<Session>,
    given: u64,
}

/// An access token.
#[derive(Debug, Clone)]
pub(super) struct Session {
    token: String,
    /// None for a service account that acts for nobody.
    pub(super) mailbox: Option<String>,
    scopes: Vec<String>,
    ends_at: DateTime<Utc>,
}

/// An error by its code and its description.
struct Refused(u16, &'static str, &'static str);

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: Option<String>,
    scope: Option<String>,
    aud: String,
    iat: i64,
    exp: i64,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            revoked: BTreeSet::new(),
            delegated_scopes: vec![SCOPE_READONLY.to_owned()],
            subtype: None,
            sessions: Vec::new(),
            given: 0,
        }
    }
}

impl Session {
    /// True where the scopes are enough to read mail.
    pub(super) fn may_read(&self) -> bool {
        self.scopes.iter().any(|scope| SCOPES_OF_GMAIL.contains(&scope.as_str()))
    }
}

impl Accounts {
    pub(super) fn session(&self, token: &str, now: DateTime<Utc>) -> Option<&Session> {
        let session = self.sessions.iter().find(|session| session.token == token && now < session.ends_at)?;
        let is_revoked = session.mailbox.as_ref().is_some_and(|mailbox| self.revoked.contains(mailbox));
        (!is_revoked).then_some(session)
    }

    pub(super) fn end_all_sessions(&mut self) {
        self.sessions.clear();
    }

    fn give(&mut self, mailbox: Option<String>, scopes: Vec<String>, now: DateTime<Utc>) -> Reply {
        self.sessions.retain(|session| now < session.ends_at);
        self.given += 1;
        let token = format!("ya29.sandbox-{:06}-{}", self.given, uuid::Uuid::new_v4().simple());
        let answer = json!({ "access_token": token, "expires_in": LIFE_SECONDS, "scope": scopes.join(" "),
            "token_type": "Bearer" });
        let ends_at = now + TimeDelta::seconds(LIFE_SECONDS);
        self.sessions.push(Session { token, mailbox, scopes, ends_at });
        Reply::Json(200, answer)
    }
}

/// The refresh token of a mailbox.
pub(super) fn refresh_token(mailbox: &str) -> String {
    format!("1//sandbox-{}", hex::encode(mailbox))
}

impl Google {
    pub(super) fn answer_token(&mut self, body: &[u8], now: DateTime<Utc>) -> Reply {
        let form = Query::parse(&String::from_utf8_lossy(body));
        let given = match form.get("grant_type") {
            Some("refresh_token") => self.by_refresh_token(&form, now),
            Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => self.by_assertion(&form, now),
            Some(_) => Err(Refused(400, "unsupported_grant_type", "Invalid grant_type")),
            None => Err(Refused(400, "invalid_request", "Missing required parameter: grant_type")),
        };
        given.unwrap_or_else(|Refused(status, error, description)| {
            let mut body = json!({ "error": error, "error_description": description });
            if let (Some(subtype), "invalid_grant", Some(object)) = (self.accounts.subtype, error, body.as_object_mut())
            {
                object.insert("error_subtype".to_owned(), json!(subtype));
            }
            Reply::Json(status, body)
        })
    }

    fn by_refresh_token(&mut self, form: &Query, now: DateTime<Utc>) -> Result<Reply, Refused> {
        if (form.get("client_id"), form.get("client_secret")) != (Some(CLIENT_ID), Some(CLIENT_SECRET)) {
            return Err(Refused(401, "invalid_client", "The OAuth client was not found."));
        }
        let token = form.get("refresh_token").unwrap_or_default();
        let mailbox = self.mailboxes.keys().find(|address| refresh_token(address) == token).cloned();
        let mailbox = mailbox.ok_or(Refused(400, "invalid_grant", "Bad Request"))?;
        if self.accounts.revoked.contains(&mailbox) {
            return Err(Refused(400, "invalid_grant", "Token has been expired or revoked."));
        }
        Ok(self.accounts.give(Some(mailbox), vec![SCOPE_READONLY.to_owned()], now))
    }

    fn by_assertion(&mut self, form: &Query, now: DateTime<Utc>) -> Result<Reply, Refused> {
        let claims = proven(form.get("assertion").unwrap_or_default())?;
        if claims.iss != SERVICE_ACCOUNT {
            return Err(Refused(400, "invalid_grant", "Invalid grant: account not found"));
        }
        if claims.aud != AUDIENCE && claims.aud != format!("{}/token", self.url) {
            return Err(Refused(400, "invalid_grant", "Invalid JWT: Failed audience check."));
        }
        let (now_seconds, life) = (now.timestamp(), claims.exp.saturating_sub(claims.iat));
        let is_timely = claims.iat <= now_seconds + SKEW_SECONDS && claims.exp > now_seconds - SKEW_SECONDS;
        if !is_timely || !(1..=ASSERTION_SECONDS_MAX).contains(&life) {
            return Err(Refused(
                400,
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
                 Check your iat and exp values in the JWT claim.",
            ));
        }
        let scopes: Vec<String> = claims.scope.iter().flat_map(|scope| scope.split(' ')).map(str::to_owned).collect();
        if scopes.iter().all(String::is_empty) {
            return Err(Refused(400, "invalid_scope", "Empty or missing scope not allowed."));
        }
        let Some(subject) = claims.sub.filter(|subject| *subject != claims.iss) else {
            return Ok(self.accounts.give(None, scopes, now));
        };
        if scopes.iter().any(|scope| !self.accounts.delegated_scopes.contains(scope)) {
            return Err(Refused(
                401,
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any \
                 of the scopes requested.",
            ));
        }
        let subject = subject.to_lowercase();
        if !self.mailboxes.contains_key(&subject) {
            return Err(Refused(400, "invalid_grant", "Invalid email or User ID"));
        }
        Ok(self.accounts.give(Some(subject), scopes, now))
    }
}

/// The claims of an assertion that the service account's key has signed. Times are looked at by the sandbox's clock, not here.
fn proven(assertion: &str) -> Result<Claims, Refused> {
    let key = keys::key(keys::SERVICE_ACCOUNT).ok_or(Refused(500, "internal_failure", "no key could be made"))?;
    let header = jsonwebtoken::decode_header(assertion)
        .map_err(|_| Refused(400, "invalid_request", "The assertion is no JWT."))?;
    let is_its_key = header.kid.is_none_or(|kid| kid == key.kid);
    if header.alg != Algorithm::RS256 || !is_its_key {
        return Err(Refused(400, "invalid_grant", "Invalid JWT Signature."));
    }
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<Claims>(assertion, &key.proving, &validation)
        .map(|proven| proven.claims)
        .map_err(|_| Refused(400, "invalid_grant", "Invalid JWT Signature."))
}
