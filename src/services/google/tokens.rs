//! Access tokens: from a refresh token, or for a mailbox of a domain from a service account's assertion (RFC 7523).

use super::{Answer, GoogleError, Http, TOKEN_URL, refusal};
use crate::services::percent_encoded;
use crate::sources::settings::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// What is asked for: reading is enough.
pub const SCOPE: &str = "https://www.googleapis.com/auth/gmail.readonly";
/// A token is renewed so long before its end.
const EARLY_SECONDS: i64 = 225;
/// Where a token could not be renewed and still serves: when to try again.
const RENEW_AGAIN_SECONDS: i64 = 30;
/// The longest that Google takes.
const ASSERTION_SECONDS: i64 = 3_600;
/// Where an answer does not say, or says more.
const LIFE_SECONDS_USUAL: i64 = 3_600;
const LIFE_SECONDS_MAX: i64 = 86_400;
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ANSWER_BYTES_MAX: usize = 65_536;

/// What a mailbox is opened with.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// What the owner of the mailbox once agreed to.
    RefreshToken { client_id: String, client_secret: Secret, refresh_token: Secret },
    /// Domain-wide delegation: a service account that may act for every mailbox of a domain.
    ServiceAccount { client_email: String, private_key_pem: Secret, key_id: Option<String> },
}

/// The private key of a service account can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service account's private key can't be read: it must be an RSA key in PEM, as in the account's JSON file")]
pub struct UnreadableKey;

/// The token of one mailbox, renewed when it is due, by one request however many wait for it.
pub(super) struct Tokens {
    http: Http,
    token_url: String,
    grant: Grant,
    /// Renewals that ended; who waited for one learns by it that it was done.
    renewals: AtomicU64,
    held: Mutex<Held>,
}

enum Grant {
    Refresh { client_id: String, client_secret: Secret, refresh_token: Secret },
    Assertion { issuer: String, subject: String, key: EncodingKey, key_id: Option<String> },
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// Of the last renewal, for those who waited for it.
    failure: Option<GoogleError>,
}

#[derive(Clone)]
struct Token {
    value: Secret,
    renew_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

impl Token {
    /// None where it is over.
    fn use_longer(&mut self, now: DateTime<Utc>) -> Option<Secret> {
        self.renew_at = self.ends_at.min(now + TimeDelta::seconds(RENEW_AGAIN_SECONDS));
        (now < self.ends_at).then(|| self.value.clone())
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct WireToken {
    access_token: String,
    expires_in: Option<i64>,
}

impl Tokens {
    pub(super) fn new(
        http: &Http,
        token_url: &str,
        credentials: Credentials,
        mailbox: &str,
    ) -> Result<Self, UnreadableKey> {
        let grant = match credentials {
            Credentials::RefreshToken { client_id, client_secret, refresh_token } => {
                Grant::Refresh { client_id, client_secret, refresh_token }
            }
            Credentials::ServiceAccount { client_email, private_key_pem, key_id } => {
                let key = EncodingKey::from_rsa_pem(private_key_pem.expose().as_bytes());
                let key = key.map_err(|_it_may_hold_the_key| UnreadableKey)?;
                Grant::Assertion { issuer: client_email, subject: mailbox.to_owned(), key, key_id }
            }
        };
        let (http, token_url) = (http.clone(), token_url.to_owned());
        Ok(Self { http, token_url, grant, renewals: AtomicU64::new(0), held: Mutex::default() })
    }

    /// A token that is good for a while. `refused` is one that the API did not take, though it looked good.
    pub(super) async fn token(&self, refused: Option<&Secret>) -> Result<Secret, GoogleError> {
        let seen = self.renewals.load(Ordering::Acquire);
        let mut held = self.held.lock().await;
        if let Some(token) = held.token.as_ref().filter(|token| self.is_good(token) && Some(&token.value) != refused) {
            return Ok(token.value.clone());
        }
        // Somebody else tried while this one waited.
        if let Some(failure) = held.failure.as_ref().filter(|_| self.renewals.load(Ordering::Acquire) != seen) {
            return Err(failure.clone());
        }
        let renewed = self.renew().await;
        self.renewals.fetch_add(1, Ordering::Release);
        match renewed {
            Ok(token) => {
                *held = Held { token: Some(token.clone()), failure: None };
                Ok(token.value)
            }
            Err(error) => {
                held.failure = Some(error.clone());
                held.token.take_if(|token| !error.is_transient() || Some(&token.value) == refused);
                // What is passing does not matter while the token at hand still serves.
                held.token.as_mut().and_then(|token| token.use_longer((self.http.now)())).ok_or(error)
            }
        }
    }

    fn is_good(&self, token: &Token) -> bool {
        (self.http.now)() < token.renew_at
    }

    async fn renew(&self) -> Result<Token, GoogleError> {
        let asked_at = (self.http.now)();
        let form = self.form(asked_at)?;
        let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request = self
            .http
            .client
            .post(&self.token_url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(pairs.join("&"));
        let answer = self.http.send(request, ANSWER_BYTES_MAX).await?;
        if answer.status != 200 {
            return Err(refusal::of_token(&answer));
        }
        read(&answer, asked_at)
    }

    fn form(&self, now: DateTime<Utc>) -> Result<Vec<(&'static str, String)>, GoogleError> {
        match &self.grant {
            Grant::Refresh { client_id, client_secret, refresh_token } => Ok(vec![
                ("grant_type", "refresh_token".to_owned()),
                ("client_id", client_id.clone()),
                ("client_secret", client_secret.expose().to_owned()),
                ("refresh_token", refresh_token.expose().to_owned()),
            ]),
            Grant::Assertion { issuer, subject, key, key_id } => {
                let iat = now.timestamp();
                let exp = iat.saturating_add(ASSERTION_SECONDS);
                // Made out to Google's own endpoint even where a proxy or a sandbox stands before it, as Google's clients do.
                let claims = Claims { iss: issuer, sub: subject, scope: SCOPE, aud: TOKEN_URL, iat, exp };
                let header = Header { kid: key_id.clone(), ..Header::new(Algorithm::RS256) };
                let assertion = jsonwebtoken::encode(&header, &claims, key).map_err(|_it_may_hold_the_key| {
                    GoogleError::Denied { reason: "the key does not sign".to_owned() }
                })?;
                Ok(vec![("grant_type", JWT_BEARER.to_owned()), ("assertion", assertion)])
            }
        }
    }
}

fn read(answer: &Answer, asked_at: DateTime<Utc>) -> Result<Token, GoogleError> {
    let wire: WireToken = serde_json::from_slice(&answer.body)
        .map_err(|_it_may_hold_a_token| GoogleError::unreachable("the answer with the token can't be read"))?;
    let is_usable = !wire.access_token.is_empty() && wire.access_token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_usable {
        return Err(GoogleError::unreachable("the answer holds no usable token"));
    }
    let life = wire.expires_in.unwrap_or(LIFE_SECONDS_USUAL).clamp(0, LIFE_SECONDS_MAX);
    // One that lives shorter than usual is used for half of its life, so that not every call renews it.
    let renew_at = asked_at + TimeDelta::seconds((life - EARLY_SECONDS).max(life / 2));
    Ok(Token { value: Secret::new(wire.access_token), renew_at, ends_at: asked_at + TimeDelta::seconds(life) })
}

fn encoded(value: &str) -> String {
    value.bytes().map(percent_encoded).collect()
}
