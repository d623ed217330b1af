//! Gmail of one mailbox (Gmail API v1): what is needed to follow it. Every method is one call.

use super::tokens::{Credentials, Tokens, UnreadableKey};
use super::{Answer, GoogleError, Http, Unanswered, refusal, wire};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// What one user may use of a project within a minute (Gmail API, "Usage limits", projects from May 2026 on).
pub const UNITS_PER_MINUTE_MAX: u32 = 6_000;
/// What each call costs, in quota units.
pub const UNITS_PROFILE: u32 = 1;
pub const UNITS_HISTORY: u32 = 2;
pub const UNITS_LIST: u32 = 5;
pub const UNITS_HEAD: u32 = 20;
pub const UNITS_RAW: u32 = 20;
pub const UNITS_WATCH: u32 = 100;
pub const UNITS_STOP: u32 = 50;

/// The most that Gmail gives on one page.
const PAGE_MAX: u32 = 500;
/// What makes a message worth reading whole.
const HEAD_NAMES: [&str; 12] = [
    "From",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "Auto-Submitted",
    "Return-Path",
    "X-Failed-Recipients",
    "Content-Type",
];
/// What stands around the raw message in its answer, in bytes.
const ENVELOPE_BYTES_MAX: usize = 65_536;
/// A message that comes into the inbox later was held back from it: filtered, archived or taken for spam.
const INBOX: &str = "INBOX";

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A mailbox; its clones share the token.
#[derive(Clone)]
pub struct Gmail {
    http: Http,
    api_url: String,
    mailbox: String,
    tokens: Arc<Tokens>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Where the mailbox is now.
    pub history_id: u64,
    /// The address of the account that the credentials open.
    pub email: String,
}

/// A message as a listing names it. In a history the labels are those of now; in a listing there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRef {
    pub id: String,
    /// Of this mailbox only: the same thread has another id in another mailbox.
    pub thread_id: String,
    pub label_ids: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// Each message once, in the order of its first record.
    pub added: Vec<MessageRef>,
    /// The id of the first record of each of them, rising: what was worked off up to there need not be listed again.
    pub records: Vec<u64>,
    pub next_page: Option<String>,
    /// Where the mailbox is now; to be stored only after the last page.
    pub history_id: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePage {
    pub messages: Vec<MessageRef>,
    pub next_page: Option<String>,
}

/// The headers of a message that tell whether it is worth reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub id: String,
    pub thread_id: String,
    pub label_ids: Vec<String>,
    /// When Google accepted it.
    pub internal_date: DateTime<Utc>,
    /// Names as the sender wrote them: compare without case.
    pub headers: Vec<(String, String)>,
    /// In bytes, of the whole message.
    pub size_estimate: u64,
}

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    pub id: String,
    pub thread_id: String,
    pub label_ids: Vec<String>,
    /// When Google accepted it.
    pub internal_date: DateTime<Utc>,
    /// As in RFC 5322.
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Where the mailbox is now.
    pub history_id: u64,
    /// At most seven days from now.
    pub expires_at: DateTime<Utc>,
}

impl Gmail {
    /// `mailbox` is the address; a service account acts for it.
    pub fn new(
        http: &Http,
        api_url: &str,
        token_url: &str,
        credentials: Credentials,
        mailbox: &str,
    ) -> Result<Self, UnreadableKey> {
        let tokens = Arc::new(Tokens::new(http, token_url, credentials, mailbox)?);
        let api_url = api_url.trim_end_matches('/').to_owned();
        Ok(Self { http: http.clone(), api_url, mailbox: mailbox.to_owned(), tokens })
    }

    pub fn mailbox(&self) -> &str {
        &self.mailbox
    }

    pub async fn profile(&self) -> Result<Profile, GoogleError> {
        let profile: wire::Profile = self.get("profile", &[]).await?;
        Ok(Profile { history_id: profile.history_id, email: profile.email_address })
    }

    /// What came after a history id: messages that are new, and those that came to the inbox (or under `label`) later.
    /// `label` leaves out messages without it.
    pub async fn history(
        &self,
        start: u64,
        page: Option<&str>,
        label: Option<&str>,
    ) -> Result<HistoryPage, GoogleError> {
        let mut query = vec![
            ("startHistoryId", start.to_string()),
            ("historyTypes", "messageAdded".to_owned()),
            ("historyTypes", "labelAdded".to_owned()),
            ("maxResults", PAGE_MAX.to_string()),
        ];
        query.extend(label.map(|label| ("labelId", label.to_owned())));
        query.extend(page.map(|page| ("pageToken", page.to_owned())));
        let answer = self.answer(Method::GET, "history", &query, None).await?;
        if answer.status == 404 {
            return Err(GoogleError::HistoryGone);
        }
        let history: wire::History = read(&answer)?;
        let (added, records) = added(history.records, label);
        Ok(HistoryPage { added, records, next_page: next(history.next_page_token), history_id: history.now })
    }

    /// Messages that a query finds, the newest first, as in Gmail's search box: `after:<epoch seconds>`, `newer_than:7d`, `in:inbox`.
    pub async fn list(&self, query: &str, page: Option<&str>) -> Result<MessagePage, GoogleError> {
        let mut parameters = vec![("q", query.to_owned()), ("maxResults", PAGE_MAX.to_string())];
        parameters.extend(page.map(|page| ("pageToken", page.to_owned())));
        let listing: wire::Listing = self.get("messages", &parameters).await?;
        let messages = listing.messages.into_iter().map(MessageRef::from).collect();
        Ok(MessagePage { messages, next_page: next(listing.next_page_token) })
    }

    /// None where the message is not there (any more).
    pub async fn head(&self, id: &str) -> Result<Option<Head>, GoogleError> {
        let mut query = vec![("format", "metadata".to_owned())];
        query.extend(HEAD_NAMES.map(|name| ("metadataHeaders", name.to_owned())));
        let Some(message) = self.message(id, &query, self.http.settings.answer_bytes_max).await? else {
            return Ok(None);
        };
        let lines = message.payload.map(|payload| payload.headers).unwrap_or_default();
        Ok(Some(Head {
            internal_date: time(message.internal_date)?,
            id: message.id,
            thread_id: message.thread_id,
            label_ids: message.label_ids,
            headers: lines.into_iter().map(|line| (line.name, line.value)).collect(),
            size_estimate: message.size_estimate,
        }))
    }

    /// None where the message is not there (any more).
    pub async fn raw(&self, id: &str) -> Result<Option<Raw>, GoogleError> {
        let bytes_max = self.http.settings.raw_bytes_max;
        // Base64 makes four bytes of three.
        let answer_bytes_max = (bytes_max / 3).saturating_mul(4).saturating_add(ENVELOPE_BYTES_MAX);
        let Some(message) = self.message(id, &[("format", "raw".to_owned())], answer_bytes_max).await? else {
            return Ok(None);
        };
        let text = message.raw.ok_or_else(|| unexpected("a message without its raw text"))?;
        let bytes =
            BASE64URL.decode(text).map_err(|_a_mail_is_no_log_text| unexpected("a raw text that is no base64url"))?;
        if bytes.len() > bytes_max {
            return Err(GoogleError::TooLarge { bytes_max });
        }
        Ok(Some(Raw {
            internal_date: time(message.internal_date)?,
            id: message.id,
            thread_id: message.thread_id,
            label_ids: message.label_ids,
            bytes,
        }))
    }

    /// Asks for pushes to a topic (`projects/…/topics/…`) about messages under one of these labels, about all where there is none.
    /// It replaces an earlier one.
    pub async fn watch(&self, topic: &str, labels: &[String]) -> Result<Watch, GoogleError> {
        let mut body = json!({ "topicName": topic });
        if let (false, Some(object)) = (labels.is_empty(), body.as_object_mut()) {
            object.insert("labelIds".to_owned(), json!(labels));
            object.insert("labelFilterBehavior".to_owned(), json!("include"));
        }
        let answer = self.answer(Method::POST, "watch", &[], Some(&body)).await?;
        // A topic that is not there or not the project's own.
        if let 400 | 404 = answer.status {
            return Err(GoogleError::Denied { reason: format!("the topic, status {}", answer.status) });
        }
        let watch: wire::Watch = read(&answer)?;
        Ok(Watch { history_id: watch.history_id, expires_at: time(watch.expiration)? })
    }

    /// Ends the pushes; some may still come for a few minutes.
    pub async fn stop(&self) -> Result<(), GoogleError> {
        let answer = self.answer(Method::POST, "stop", &[], None).await?;
        if (200..300).contains(&answer.status) { Ok(()) } else { Err(refusal::of_api(&answer)) }
    }

    async fn message(
        &self,
        id: &str,
        query: &[(&str, String)],
        bytes_max: usize,
    ) -> Result<Option<wire::Message>, GoogleError> {
        let id: String = id.bytes().map(crate::services::percent_encoded).collect();
        let path = format!("messages/{id}");
        match self.called(Method::GET, &path, query, None, bytes_max).await? {
            Called::Answered(answer) if answer.status == 404 => Ok(None),
            Called::Answered(answer) => read(&answer).map(Some),
            Called::TooLarge => Err(GoogleError::TooLarge { bytes_max: self.http.settings.raw_bytes_max }),
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<T, GoogleError> {
        read(&self.answer(Method::GET, path, query, None).await?)
    }

    async fn answer(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Answer, GoogleError> {
        match self.called(method, path, query, body, self.http.settings.answer_bytes_max).await? {
            Called::Answered(answer) => Ok(answer),
            Called::TooLarge => Err(Unanswered::TooLarge.into()),
        }
    }

    /// One call, once more with a new token where the API does not take the one at hand.
    async fn called(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
        bytes_max: usize,
    ) -> Result<Called, GoogleError> {
        let url = format!("{}/gmail/v1/users/me/{path}", self.api_url);
        let mut token = self.tokens.token(None).await?;
        let mut is_renewed = false;
        loop {
            let mut request = self.http.client.request(method.clone(), &url).bearer_auth(token.expose()).query(query);
            if let Some(body) = body {
                request = request.json(body);
            }
            match self.http.send(request, bytes_max).await {
                Ok(answer) if answer.status == 401 && !is_renewed => {
                    token = self.tokens.token(Some(&token)).await?;
                    is_renewed = true;
                }
                Ok(answer) if answer.status == 401 => return Err(refusal::of_api(&answer)),
                Ok(answer) => return Ok(Called::Answered(answer)),
                Err(Unanswered::TooLarge) => return Ok(Called::TooLarge),
                Err(broken @ Unanswered::Broken(_)) => return Err(broken.into()),
            }
        }
    }
}

enum Called {
    Answered(Answer),
    TooLarge,
}

impl From<wire::Reference> for MessageRef {
    fn from(reference: wire::Reference) -> Self {
        Self { id: reference.id, thread_id: reference.thread_id, label_ids: reference.label_ids }
    }
}

/// Each message once, with the labels that it was last told with, and the id of its first record.
fn added(records: Vec<wire::HistoryRecord>, label: Option<&str>) -> (Vec<MessageRef>, Vec<u64>) {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut found: Vec<MessageRef> = Vec::new();
    let mut ids: Vec<u64> = Vec::new();
    let counts = |change: &wire::Change| change.label_ids.iter().any(|id| id == INBOX || Some(id.as_str()) == label);
    for record in records {
        let relabelled = record.labels_added.into_iter().filter(counts);
        for change in record.messages_added.into_iter().chain(relabelled) {
            let message = MessageRef::from(change.message);
            match places.entry(message.id.clone()) {
                Entry::Vacant(place) => {
                    place.insert(found.len());
                    found.push(message);
                    ids.push(record.id);
                }
                Entry::Occupied(place) => {
                    if let Some(known) = found.get_mut(*place.get()) {
                        *known = message;
                    }
                }
            }
        }
    }
    (found, ids)
}

/// An empty page token is none.
fn next(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, GoogleError> {
    if !(200..300).contains(&answer.status) {
        return Err(refusal::of_api(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|error| {
        // Half an answer or a page in its place may be whole the next time; JSON of another shape stays so.
        if error.is_data() {
            unexpected("an answer of another shape")
        } else {
            GoogleError::unreachable("its answer is no JSON")
        }
    })
}

fn unexpected(reason: &str) -> GoogleError {
    GoogleError::Unexpected { status: 200, reason: reason.to_owned() }
}

fn time(epoch_ms: u64) -> Result<DateTime<Utc>, GoogleError> {
    let time = i64::try_from(epoch_ms).ok().and_then(DateTime::from_timestamp_millis);
    time.ok_or_else(|| unexpected("a time out of range"))
}
