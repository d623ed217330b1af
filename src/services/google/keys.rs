//! The keys of Google's push tokens, kept as long as Google says and asked for again when a token names one that is not known.

use super::{GoogleError, Http};
use crate::sources::google_keys::KeySet;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the answer does not say how long it may be kept.
const LIFE_SECONDS_USUAL: i64 = 3_600;
const LIFE_SECONDS_MAX: i64 = 86_400;
/// Between two requests, whoever's token asks for one: a forged `kid` costs the forger, not Google.
const SPACING_SECONDS: i64 = 30;
const ANSWER_BYTES_MAX: usize = 262_144;

/// Fetched when they are first needed, by one request however many wait for it. Clones share the keys.
#[derive(Clone)]
pub struct KeyCache {
    inner: Arc<Inner>,
}

struct Inner {
    http: Http,
    url: String,
    kept: Mutex<Kept>,
    /// Held while a request is under way.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    /// The last good set.
    set: Option<Arc<KeySet>>,
    fetched_at: Option<DateTime<Utc>>,
    life: TimeDelta,
    asked_at: Option<DateTime<Utc>>,
    failure: Option<GoogleError>,
}

impl KeyCache {
    /// `url` gives a JSON Web Key Set, as `/oauth2/v3/certs` does.
    pub fn new(http: &Http, url: &str) -> Self {
        let (http, url) = (http.clone(), url.to_owned());
        Self { inner: Arc::new(Inner { http, url, kept: Mutex::default(), flight: tokio::sync::Mutex::default() }) }
    }

    /// The keys to prove a token with whose header names this `kid`. Where Google does not know it either, the set is without it. An
    /// error only where there never was a set.
    pub async fn keys_for(&self, kid: &str) -> Result<Arc<KeySet>, GoogleError> {
        let inner = &self.inner;
        if !inner.kept().is_due(kid, (inner.http.now)()) {
            return inner.kept().answer();
        }
        // Whoever waited here for somebody else's request finds that it is not due any more.
        let _flight = inner.flight.lock().await;
        let now = (inner.http.now)();
        if inner.kept().is_due(kid, now) {
            let fetched = inner.fetch().await;
            inner.kept().take(fetched, now);
        }
        inner.kept().answer()
    }
}

impl Kept {
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.fetched_at.is_some_and(|at| at <= now && now - at < self.life)
    }

    fn knows(&self, kid: &str) -> bool {
        self.set.as_ref().is_some_and(|set| set.get(kid).is_some())
    }

    /// True where Google is to be asked: never twice within the spacing.
    fn is_due(&self, kid: &str, now: DateTime<Utc>) -> bool {
        let may_ask = self.asked_at.is_none_or(|at| now < at || now - at >= TimeDelta::seconds(SPACING_SECONDS));
        may_ask && !(self.is_fresh(now) && self.knows(kid))
    }

    fn answer(&self) -> Result<Arc<KeySet>, GoogleError> {
        match (&self.set, &self.failure) {
            (Some(set), _) => Ok(Arc::clone(set)),
            (None, Some(failure)) => Err(failure.clone()),
            (None, None) => Err(GoogleError::unreachable("the keys were not fetched yet")),
        }
    }

    fn take(&mut self, fetched: Result<(KeySet, TimeDelta), GoogleError>, now: DateTime<Utc>) {
        self.asked_at = Some(now);
        match fetched {
            Ok((set, life)) => {
                (self.set, self.fetched_at, self.life, self.failure) = (Some(Arc::new(set)), Some(now), life, None);
            }
            Err(error) => {
                tracing::warn!(%error, "the keys of Google's push tokens were not fetched; the last ones are kept");
                self.failure = Some(error);
            }
        }
    }
}

impl Inner {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self) -> Result<(KeySet, TimeDelta), GoogleError> {
        let request = self.http.client.get(&self.url).timeout(self.http.settings.keys_timeout);
        let answer = self.http.send(request, ANSWER_BYTES_MAX).await?;
        if answer.status != 200 {
            return Err(super::refusal::of_api(&answer));
        }
        let set = KeySet::parse(&answer.body).ok_or_else(|| GoogleError::unreachable("no set of keys came"))?;
        Ok((set, life(answer.cache_control.as_deref(), answer.age.as_deref())))
    }
}

/// How long an answer may be kept (RFC 9111, 4.2.1 and 4.2.3).
fn life(cache_control: Option<&str>, age: Option<&str>) -> TimeDelta {
    let directives = || cache_control.unwrap_or_default().split(',').map(str::trim);
    let max_age = directives().find_map(|one| {
        let (name, value) = one.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse::<i64>().ok()).flatten()
    });
    let age = age.and_then(|age| age.trim().parse::<i64>().ok()).unwrap_or(0).max(0);
    let seconds = max_age.map_or(LIFE_SECONDS_USUAL, |max_age| max_age.saturating_sub(age));
    TimeDelta::seconds(seconds.clamp(0, LIFE_SECONDS_MAX))
}
