//! Calendly's sending side: invitees, and the webhooks of one subscription with its signature, its retries and their end.
//!
//! A move is two webhooks, the old invitee's cancellation and the new one's creation. What is not answered with a 2xx is sent again
//! with a new time in its signature, ever more slowly for a day; if it fails then, the subscription is switched off for good.

use super::booking::{HOST, MINUTES, Person, Refused, hmac_hex};
use super::post::{Posted, TIMEOUT, post};
use crate::intake::Now;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

const API: &str = "https://api.calendly.com";
const RETRY_SECONDS_MIN: i64 = 60;
const RETRY_SECONDS_MAX: i64 = 3_600;
const RETRY_HOURS_MAX: i64 = 24;

/// How the mark of a missed meeting is told; sources differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoShowShape {
    /// The whole invitee, with the mark in it.
    Whole,
    /// The mark alone, which names the invitee by its URI.
    Small,
}

/// `state` of the subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Active,
    Disabled,
}

/// A body that waits to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub body: String,
    pub due_at: DateTime<Utc>,
    failures: u32,
}

#[derive(Debug, Clone)]
struct Invitee {
    event: String,
    id: String,
    person: Person,
    starts_at: DateTime<Utc>,
    made_at: DateTime<Utc>,
    canceled_at: Option<DateTime<Utc>>,
    old: Option<String>,
    new: Option<String>,
    no_show: Option<(String, DateTime<Utc>)>,
}

/// One organization with one webhook subscription.
pub struct Calendly {
    signing_key: String,
    now: Now,
    invitees: Vec<Invitee>,
    marks: u32,
    waiting: Vec<Waiting>,
    state: State,
    retry_started_at: Option<DateTime<Utc>>,
}

impl Calendly {
    pub fn new(signing_key: &str, now: Now) -> Self {
        Self {
            signing_key: signing_key.to_owned(),
            now,
            invitees: Vec::new(),
            marks: 0,
            waiting: Vec::new(),
            state: State::Active,
            retry_started_at: None,
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn retry_started_at(&self) -> Option<DateTime<Utc>> {
        self.retry_started_at
    }

    /// When the next delivery is due; none where nothing waits.
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        self.waiting.iter().map(|waiting| waiting.due_at).min()
    }

    /// What was not delivered yet, in the order in which it happened.
    pub fn take(&mut self) -> Vec<Waiting> {
        std::mem::take(&mut self.waiting)
    }

    /// One try with the time of now in its signature, whatever came of others.
    pub async fn post(&self, url: &str, body: &str) -> Result<Posted, String> {
        self.post_at(url, body, (self.now)()).await
    }

    /// The same with another time in its signature.
    pub async fn post_at(&self, url: &str, body: &str, signed_at: DateTime<Utc>) -> Result<Posted, String> {
        let header = ("Calendly-Webhook-Signature".to_owned(), self.signature(body, signed_at));
        post(url, &[header], body, TIMEOUT).await
    }

    /// Tries everything that is due; gives the status of each try, 0 where nothing was answered.
    pub async fn deliver_due(&mut self, url: &str) -> Vec<u16> {
        let now = (self.now)();
        let (due, later): (Vec<Waiting>, Vec<Waiting>) = self.take().into_iter().partition(|one| one.due_at <= now);
        self.waiting = later;
        let mut statuses = Vec::new();
        for one in due {
            if self.state == State::Disabled {
                break;
            }
            let answer = self.post(url, &one.body).await;
            statuses.push(answer.as_ref().map_or(0, |posted| posted.status));
            if answer.is_ok_and(|posted| posted.is_success()) {
                if !self.waiting.iter().any(|waiting| waiting.failures > 0) {
                    self.retry_started_at = None;
                }
            } else {
                self.failed(one, now);
            }
        }
        statuses
    }

    fn failed(&mut self, one: Waiting, now: DateTime<Utc>) {
        let started_at = *self.retry_started_at.get_or_insert(now);
        if now - started_at >= Duration::hours(RETRY_HOURS_MAX) {
            self.state = State::Disabled;
            self.waiting.clear();
            return;
        }
        let factor = 1_i64.checked_shl(one.failures.min(16)).unwrap_or(i64::MAX);
        let pause = RETRY_SECONDS_MIN.saturating_mul(factor).min(RETRY_SECONDS_MAX);
        let due_at = now + Duration::seconds(pause);
        self.waiting.push(Waiting { due_at, failures: one.failures + 1, ..one });
    }

    /// Gives the invitee's id.
    pub fn book(&mut self, person: &Person, starts_at: DateTime<Utc>) -> String {
        let id = self.make(person, starts_at, None);
        self.tell_invitee("invitee.created", &id);
        id
    }

    /// Moves a booking, under another address where somebody else does it; gives the new invitee's id.
    pub fn reschedule(&mut self, id: &str, by: Option<&Person>, starts_at: DateTime<Utc>) -> Result<String, Refused> {
        let person = by.unwrap_or(&self.active(id)?.person).clone();
        let new = self.make(&person, starts_at, Some(id.to_owned()));
        let now = (self.now)();
        if let Some(old) = self.invitees.iter_mut().find(|invitee| invitee.id == id) {
            old.canceled_at = Some(now);
            old.new = Some(new.clone());
        }
        self.tell_invitee("invitee.canceled", id);
        self.tell_invitee("invitee.created", &new);
        Ok(new)
    }

    pub fn cancel(&mut self, id: &str) -> Result<(), Refused> {
        self.active(id)?;
        let now = (self.now)();
        if let Some(invitee) = self.invitees.iter_mut().find(|invitee| invitee.id == id) {
            invitee.canceled_at = Some(now);
        }
        self.tell_invitee("invitee.canceled", id);
        Ok(())
    }

    /// Marks that the invitee did not come.
    pub fn mark(&mut self, id: &str, shape: NoShowShape) -> Result<(), Refused> {
        if self.active(id)?.no_show.is_some() {
            return Err(Refused("the invitee is marked already"));
        }
        self.marks += 1;
        let mark = (format!("{API}/invitee_no_shows/NS{:012}", self.marks), (self.now)());
        self.set_mark(id, Some(mark.clone()));
        self.tell_mark("invitee_no_show.created", id, &mark, shape);
        Ok(())
    }

    /// Takes the mark back.
    pub fn unmark(&mut self, id: &str, shape: NoShowShape) -> Result<(), Refused> {
        let mark = self.active(id)?.no_show.clone().ok_or(Refused("the invitee is not marked"))?;
        self.set_mark(id, None);
        self.tell_mark("invitee_no_show.deleted", id, &mark, shape);
        Ok(())
    }

    fn make(&mut self, person: &Person, starts_at: DateTime<Utc>, old: Option<String>) -> String {
        let number = self.invitees.len();
        let id = format!("INV{number:012}");
        self.invitees.push(Invitee {
            event: format!("EV{number:012}"),
            id: id.clone(),
            person: person.clone(),
            starts_at,
            made_at: (self.now)(),
            canceled_at: None,
            old,
            new: None,
            no_show: None,
        });
        id
    }

    fn find(&self, id: &str) -> Option<&Invitee> {
        self.invitees.iter().find(|invitee| invitee.id == id)
    }

    fn active(&self, id: &str) -> Result<&Invitee, Refused> {
        match self.find(id) {
            Some(invitee) if invitee.canceled_at.is_none() => Ok(invitee),
            Some(_) => Err(Refused("the invitee is canceled")),
            None => Err(Refused("there is no such invitee")),
        }
    }

    fn set_mark(&mut self, id: &str, mark: Option<(String, DateTime<Utc>)>) {
        if let Some(invitee) = self.invitees.iter_mut().find(|invitee| invitee.id == id) {
            invitee.no_show = mark;
        }
    }

    fn tell_invitee(&mut self, event: &str, id: &str) {
        if let Some(payload) = self.find(id).map(|invitee| self.payload(invitee)) {
            self.tell(event, &payload);
        }
    }

    fn tell_mark(&mut self, event: &str, id: &str, (mark, made_at): &(String, DateTime<Utc>), shape: NoShowShape) {
        let Some(invitee) = self.find(id) else { return };
        let payload = match shape {
            NoShowShape::Whole => {
                let mut payload = self.payload(invitee);
                if let Value::Object(fields) = &mut payload {
                    fields.insert("no_show".to_owned(), json!({ "uri": mark, "created_at": micros(*made_at) }));
                }
                payload
            }
            NoShowShape::Small => {
                json!({ "uri": mark, "invitee": uri(invitee), "created_at": micros(*made_at) })
            }
        };
        self.tell(event, &payload);
    }

    fn payload(&self, invitee: &Invitee) -> Value {
        let uri_of = |id: &Option<String>| id.as_deref().and_then(|id| self.find(id)).map(uri);
        let status = if invitee.canceled_at.is_some() { "canceled" } else { "active" };
        let cancellation = invitee.canceled_at.map(|at| {
            json!({ "canceled_by": invitee.person.name, "reason": null, "canceler_type": "invitee", "created_at": micros(at) })
        });
        json!({
            "uri": uri(invitee), "email": invitee.person.email, "name": invitee.person.name, "first_name": null,
            "last_name": null, "status": status, "timezone": "Europe/Paris",
            "event": format!("{API}/scheduled_events/{}", invitee.event), "text_reminder_number": null,
            "rescheduled": invitee.new.is_some(), "old_invitee": uri_of(&invitee.old), "new_invitee": uri_of(&invitee.new),
            "cancel_url": "https://calendly.example/cancellations/x",
            "reschedule_url": "https://calendly.example/reschedulings/x",
            "questions_and_answers": [], "no_show": null, "cancellation": cancellation,
            "created_at": micros(invitee.made_at), "updated_at": micros(invitee.canceled_at.unwrap_or(invitee.made_at)),
            "scheduled_event": {
                "uri": format!("{API}/scheduled_events/{}", invitee.event), "name": "Intro call", "status": status,
                "start_time": micros(invitee.starts_at),
                "end_time": micros(invitee.starts_at + Duration::minutes(MINUTES)),
                "location": { "type": "google_conference", "join_url": "https://meet.example.com/room" },
                "event_memberships": [{ "user": format!("{API}/users/U1"), "user_email": HOST }],
                "event_guests": [], "created_at": micros(invitee.made_at),
            },
        })
    }

    fn tell(&mut self, event: &str, payload: &Value) {
        if self.state == State::Disabled {
            return;
        }
        let now = (self.now)();
        let body = json!({
            "event": event, "created_at": micros(now), "created_by": format!("{API}/users/U1"), "payload": payload,
        });
        self.waiting.push(Waiting { body: body.to_string(), due_at: now, failures: 0 });
    }

    fn signature(&self, body: &str, signed_at: DateTime<Utc>) -> String {
        let seconds = signed_at.timestamp().to_string();
        let digits = hmac_hex(&self.signing_key, &[&seconds, ".", body]);
        format!("t={seconds},v1={digits}")
    }
}

fn uri(invitee: &Invitee) -> String {
    format!("{API}/scheduled_events/{}/invitees/{}", invitee.event, invitee.id)
}

fn micros(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
