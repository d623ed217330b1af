//! Contacts: asked about in bulk, listed, and one with its past.

use super::answer::{Answer, Problem};
use super::query::{Cursor, LIMIT_MAX, Params};
use super::{Api, Caller};
use crate::domain::ids::{ContactKey, Email};
use crate::domain::stage::Stage;
use crate::persons::{self, ADDRESSES_MAX, CheckError};
use crate::store::api::{ContactFilter, TimelinePlace};
use crate::store::console::Place;
use crate::store::views::{ContactView, TimelineView};
use serde::{Deserialize, Serialize};
use serde_json::json;

const CONTACTS: &str = "contacts";
/// Of a contact's timeline, and of its reasons, which are a part of that.
const PAST: &str = "past";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    addresses: Vec<String>,
}

/// `POST /contacts/check`
pub(super) async fn check(api: &Api, caller: &Caller, mut params: Params, body: &[u8]) -> Result<Answer, Problem> {
    let client = params.text("client");
    params.finish()?;
    let client_id = api.one_client(caller, client.as_deref())?;
    let Question { addresses } = super::events::json(body)?;
    if addresses.is_empty() || addresses.len() > ADDRESSES_MAX {
        return Err(Problem::new(400, format!("`addresses` must hold 1 to {ADDRESSES_MAX} of them")));
    }
    let suppression = &api.config.rules.suppression;
    let today = api.config.rules.spans.zones.of(&client_id).day((api.now)());
    match persons::check(&api.store, suppression, &client_id, &addresses, today).await {
        Ok(contacts) => Answer::json(&json!({ "contacts": contacts })),
        Err(error @ CheckError::TooMany(_)) => Err(Problem::new(400, error.to_string())),
        Err(CheckError::Store(error)) => Err(error.into()),
    }
}

#[derive(Serialize)]
struct Contacts {
    contacts: Vec<ContactView>,
    next: Option<String>,
}

/// `GET /contacts`
pub(super) async fn list(api: &Api, caller: &Caller, mut params: Params) -> Result<Answer, Problem> {
    let client = params.text("client");
    let email = params.parsed("email", "an e-mail address", |text| Email::parse(text).ok())?;
    let stage = params.parsed("stage", "one of the stages, as in `Interested`", Stage::parse)?;
    let list = params.id("list_id")?;
    let after = params.cursor(CONTACTS)?.map(|cursor| cursor.id);
    let limit = params.limit(LIMIT_MAX)?;
    params.finish()?;
    let client = api.one_client(caller, client.as_deref())?;
    let (contacts, next) = if let Some(email) = email {
        let found = api.store.contact(&ContactKey { client_id: client, email }).await?;
        let is_asked_for = |contact: &ContactView| {
            stage.is_none_or(|stage| contact.stage == stage)
                && list.is_none_or(|list| contact.list_id == Some(list.to_string()))
                && after.is_none_or(|after| contact.contact_id > after)
        };
        (found.into_iter().filter(is_asked_for).collect(), None)
    } else {
        // One more than asked for tells whether there is a next page.
        let filter = ContactFilter { client, stage, list, after, limit: limit + 1 };
        page(api.store.contacts_page(&filter).await?, limit, |last| Cursor::of_id(last.contact_id).text(CONTACTS))
    };
    Answer::json(&Contacts { contacts, next })
}

/// A page of so many rows, and the cursor of the next one where there is one.
pub(super) fn page<T>(mut rows: Vec<T>, limit: u32, cursor: impl FnOnce(&T) -> String) -> (Vec<T>, Option<String>) {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| is_more).map(cursor);
    (rows, next)
}

/// `GET /contacts/{contact}`
pub(super) async fn get(api: &Api, caller: &Caller, params: Params, subject: &str) -> Result<Answer, Problem> {
    let (contact, params) = find(api, caller, params, subject).await?;
    params.finish()?;
    Answer::json(&contact)
}

/// `GET /contacts/{contact}/timeline`
pub(super) async fn timeline(api: &Api, caller: &Caller, params: Params, subject: &str) -> Result<Answer, Problem> {
    let (contact, params) = find(api, caller, params, subject).await?;
    let (timeline, next) = past(api, &contact, params).await?;
    Answer::json(&json!({
        "contact": contact,
        "events": timeline.events,
        "messages": timeline.messages,
        "decisions": timeline.logs,
        "next": next,
    }))
}

/// `GET /contacts/{contact}/why`
pub(super) async fn why(api: &Api, caller: &Caller, params: Params, subject: &str) -> Result<Answer, Problem> {
    let (contact, params) = find(api, caller, params, subject).await?;
    let (timeline, next) = past(api, &contact, params).await?;
    Answer::json(&json!({
        "contact_id": contact.contact_id,
        "stage": contact.stage,
        "events": timeline.events,
        "decisions": timeline.logs,
        "next": next,
    }))
}

/// A page of a contact's past, and the cursor of what is older.
async fn past(api: &Api, contact: &ContactView, mut params: Params) -> Result<(TimelineView, Option<String>), Problem> {
    let limit = params.limit(LIMIT_MAX)?;
    let before = params.places(PAST)?.map(|[events, messages, decisions]| TimelinePlace {
        events: place(events),
        messages: place(messages),
        decisions: place(decisions),
    });
    params.finish()?;
    let page = api.store.timeline_page(contact.contact_id, before.unwrap_or_default(), limit).await?;
    let next = page.next.map(|next| {
        let places = [next.events, next.messages, next.decisions];
        Cursor::text_of(PAST, &places.map(|place| Cursor { at: place.at, id: place.id }))
    });
    Ok((page.timeline, next))
}

fn place(cursor: Cursor) -> Place {
    Place { at: cursor.at, id: cursor.id }
}

/// The contact by its id or its address; what another client has is not there.
async fn find(api: &Api, caller: &Caller, mut params: Params, subject: &str) -> Result<(ContactView, Params), Problem> {
    let named = params.text("client");
    let found = match (super::id(subject), Email::parse(subject)) {
        (Some(contact_id), _) => {
            let client = api.client(caller, named.as_deref())?;
            let found = api.store.contact_by_id(contact_id).await?;
            found.filter(|contact| client.is_none_or(|client| contact.client_id == client.as_str()))
        }
        (None, Ok(email)) => {
            let client_id = api.one_client(caller, named.as_deref())?;
            api.store.contact(&ContactKey { client_id, email }).await?
        }
        (None, Err(_)) => None,
    };
    found.map(|contact| (contact, params)).ok_or_else(|| Problem::new(404, "there is no such contact"))
}
