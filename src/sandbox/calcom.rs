//! Cal.com's sending side: bookings and the webhooks that come of them, each tried once, as Cal.com does.
//!
//! A move makes a new booking; marks of missed meetings carry no times; `MEETING_ENDED` is flat and comes whether or not anybody met.

use super::booking::{HOST, MINUTES, Person, Refused, hmac_hex};
use super::post::{Posted, TIMEOUT, post};
use crate::intake::Now;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A webhook as it goes over the wire; posted again, it is the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Webhook {
    /// One try, as Cal.com makes it; a failure is only logged there.
    pub async fn post(&self, url: &str) -> Result<Posted, String> {
        post(url, &self.headers, &self.body, TIMEOUT).await
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Pending,
    Accepted,
    Cancelled,
    Rejected,
}

impl Status {
    fn text(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Accepted => "ACCEPTED",
            Self::Cancelled => "CANCELLED",
            Self::Rejected => "REJECTED",
        }
    }
}

#[derive(Debug, Clone)]
struct Booking {
    number: u32,
    attendees: Vec<Person>,
    starts_at: DateTime<Utc>,
    status: Status,
    made_at: DateTime<Utc>,
    /// The booking before the move.
    from: Option<(String, DateTime<Utc>)>,
}

/// One account with one webhook.
pub struct Calcom {
    secret: Option<String>,
    now: Now,
    bookings: BTreeMap<String, Booking>,
    waiting: Vec<Webhook>,
}

impl Calcom {
    /// Without a secret, webhooks go out unsigned.
    pub fn new(secret: Option<&str>, now: Now) -> Self {
        Self { secret: secret.map(str::to_owned), now, bookings: BTreeMap::new(), waiting: Vec::new() }
    }

    /// What was not sent yet, in the order in which it happened.
    pub fn take(&mut self) -> Vec<Webhook> {
        std::mem::take(&mut self.waiting)
    }

    /// Sends everything that waits, in order; what fails is lost.
    pub async fn deliver(&mut self, url: &str) -> Vec<Result<Posted, String>> {
        let mut answers = Vec::new();
        for webhook in self.take() {
            answers.push(webhook.post(url).await);
        }
        answers
    }

    /// The first of these books, the others are guests. Gives the booking's uid.
    pub fn book(&mut self, attendees: &[Person], starts_at: DateTime<Utc>) -> String {
        let uid = self.make(attendees, starts_at, Status::Accepted, None);
        self.tell_booking("BOOKING_CREATED", &uid, &json!({}));
        uid
    }

    /// A booking that the host must confirm.
    pub fn request(&mut self, attendees: &[Person], starts_at: DateTime<Utc>) -> String {
        let uid = self.make(attendees, starts_at, Status::Pending, None);
        self.tell_booking("BOOKING_REQUESTED", &uid, &json!({}));
        uid
    }

    pub fn confirm(&mut self, uid: &str) -> Result<(), Refused> {
        self.set(uid, Status::Pending, Status::Accepted)?;
        self.tell_booking("BOOKING_CREATED", uid, &json!({}));
        Ok(())
    }

    pub fn reject(&mut self, uid: &str) -> Result<(), Refused> {
        self.set(uid, Status::Pending, Status::Rejected)?;
        self.tell_booking("BOOKING_REJECTED", uid, &json!({ "rejectionReason": "Fully booked" }));
        Ok(())
    }

    /// Told beside the booking itself.
    pub fn pay(&mut self, uid: &str) -> Result<(), Refused> {
        self.accepted(uid)?;
        self.tell_booking("BOOKING_PAID", uid, &json!({ "price": 5_000, "paymentId": 77 }));
        Ok(())
    }

    /// Moves a booking, under another address where somebody else does it; gives the new uid.
    pub fn reschedule(&mut self, uid: &str, by: Option<&Person>, starts_at: DateTime<Utc>) -> Result<String, Refused> {
        let old = self.accepted(uid)?.clone();
        self.set(uid, Status::Accepted, Status::Cancelled)?;
        let mut attendees = old.attendees.clone();
        if let (Some(first), Some(by)) = (attendees.first_mut(), by) {
            first.clone_from(by);
        }
        let from = Some((uid.to_owned(), old.starts_at));
        let new = self.make(&attendees, starts_at, Status::Accepted, from);
        self.tell_booking("BOOKING_RESCHEDULED", &new, &json!({}));
        Ok(new)
    }

    pub fn cancel(&mut self, uid: &str) -> Result<(), Refused> {
        self.set(uid, Status::Accepted, Status::Cancelled)?;
        self.tell_booking("BOOKING_CANCELLED", uid, &json!({ "cancellationReason": "No time" }));
        Ok(())
    }

    /// The host asks for another time: told as a cancellation with a mark. The booking can still be moved.
    pub fn ask_for_another_time(&mut self, uid: &str) -> Result<(), Refused> {
        self.accepted(uid)?;
        let fields = json!({ "status": "CANCELLED", "cancelledBy": HOST, "requestReschedule": true });
        self.tell_booking("BOOKING_CANCELLED", uid, &fields);
        Ok(())
    }

    /// Marks who did not come, or takes the mark back.
    pub fn mark(&mut self, uid: &str, marks: &[(&str, bool)]) -> Result<(), Refused> {
        let booking = self.accepted(uid)?;
        if marks.iter().any(|(email, _)| !booking.attendees.iter().any(|attendee| attendee.email == *email)) {
            return Err(Refused("nobody of that address is booked"));
        }
        let attendees: Vec<Value> =
            marks.iter().map(|(email, no_show)| json!({ "email": email, "noShow": no_show })).collect();
        let payload = json!({
            "message": "Marks were changed", "bookingUid": uid, "bookingId": booking.number, "attendees": attendees,
        });
        self.tell("BOOKING_NO_SHOW_UPDATED", &payload);
        Ok(())
    }

    /// Cal Video noticed that no guest joined.
    pub fn notice_that_nobody_came(&mut self, uid: &str) -> Result<(), Refused> {
        let booking = self.accepted(uid)?;
        let payload = json!({
            "title": title(booking), "bookingId": booking.number, "bookingUid": uid, "startTime": booking.starts_at,
            "endTime": booking.starts_at + Duration::minutes(MINUTES), "attendees": attendees(booking),
            "participants": [{ "user_id": "1", "user_name": "Hanna Host", "email": HOST, "duration": 600 }],
            "eventType": { "id": 1 }, "webhook": { "id": "w1", "time": 5, "timeUnit": "MINUTE" },
            "message": "No guest was in the room",
        });
        self.tell("AFTER_GUESTS_CAL_VIDEO_NO_SHOW", &payload);
        Ok(())
    }

    /// The planned end passes. The booking's row stands flat in the body, with the booking's own `createdAt`.
    pub fn end(&mut self, uid: &str) -> Result<(), Refused> {
        let booking = self.accepted(uid)?;
        let body = json!({
            "triggerEvent": "MEETING_ENDED", "id": booking.number, "uid": uid, "title": title(booking),
            "startTime": booking.starts_at, "endTime": booking.starts_at + Duration::minutes(MINUTES),
            "createdAt": booking.made_at, "status": "ACCEPTED", "attendees": attendees(booking),
            "responses": { "name": booking.attendees.first().map(|attendee| &attendee.name) },
        });
        self.queue(&body);
        Ok(())
    }

    /// The test button.
    pub fn ping(&mut self) {
        let payload =
            json!({ "type": "Test", "title": "A test", "attendees": [{ "email": "test.person@example.com" }] });
        self.tell("PING", &payload);
    }

    fn make(
        &mut self,
        attendees: &[Person],
        starts_at: DateTime<Utc>,
        status: Status,
        from: Option<(String, DateTime<Utc>)>,
    ) -> String {
        let number = u32::try_from(self.bookings.len()).unwrap_or(u32::MAX);
        let uid = format!("bk{number:08}");
        let booking = Booking { number, attendees: attendees.to_vec(), starts_at, status, made_at: (self.now)(), from };
        self.bookings.insert(uid.clone(), booking);
        uid
    }

    fn accepted(&self, uid: &str) -> Result<&Booking, Refused> {
        match self.bookings.get(uid) {
            Some(booking) if booking.status == Status::Accepted => Ok(booking),
            Some(_) => Err(Refused("the booking is not on")),
            None => Err(Refused("there is no such booking")),
        }
    }

    fn set(&mut self, uid: &str, from: Status, to: Status) -> Result<(), Refused> {
        let booking = self.bookings.get_mut(uid).ok_or(Refused("there is no such booking"))?;
        if booking.status != from {
            return Err(Refused("the booking is in another state"));
        }
        booking.status = to;
        Ok(())
    }

    fn tell_booking(&mut self, trigger: &str, uid: &str, more: &Value) {
        let Some(booking) = self.bookings.get(uid) else { return };
        let mut payload = json!({
            "type": "intro-call", "title": title(booking), "startTime": seconds(booking.starts_at),
            "endTime": seconds(booking.starts_at + Duration::minutes(MINUTES)),
            "organizer": { "id": 1, "name": "Hanna Host", "email": HOST, "timeZone": "Europe/Berlin", "utcOffset": 60 },
            "attendees": attendees(booking), "location": "integrations:daily", "uid": uid, "bookingId": booking.number,
            "eventTypeId": 1, "status": booking.status.text(), "responses": responses(booking), "userFieldsResponses": {},
            "eventTitle": "Intro call", "length": MINUTES, "price": 0, "seatsPerTimeSlot": null,
            "metadata": { "videoCallUrl": format!("https://video.example.com/{uid}") },
        });
        if let Some((old, starts_at)) = &booking.from {
            set_all(&mut payload, &json!({ "rescheduleUid": old, "rescheduleStartTime": seconds(*starts_at) }));
        }
        set_all(&mut payload, more);
        self.tell(trigger, &payload);
    }

    fn tell(&mut self, trigger: &str, payload: &Value) {
        let created_at = (self.now)().to_rfc3339_opts(SecondsFormat::Millis, true);
        self.queue(&json!({ "triggerEvent": trigger, "createdAt": created_at, "payload": payload }));
    }

    fn queue(&mut self, body: &Value) {
        let body = body.to_string();
        let signature =
            self.secret.as_deref().map_or_else(|| "no-secret-provided".to_owned(), |secret| hmac_hex(secret, &[&body]));
        let headers = vec![
            ("X-Cal-Signature-256".to_owned(), signature),
            ("X-Cal-Webhook-Version".to_owned(), "2021-10-20".to_owned()),
        ];
        self.waiting.push(Webhook { headers, body });
    }
}

fn set_all(payload: &mut Value, more: &Value) {
    if let (Value::Object(payload), Value::Object(more)) = (payload, more) {
        payload.extend(more.clone());
    }
}

fn seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn title(booking: &Booking) -> String {
    let name = booking.attendees.first().map_or("nobody", |attendee| attendee.name.as_str());
    format!("Intro call between Hanna Host and {name}")
}

fn attendees(booking: &Booking) -> Vec<Value> {
    let of = |attendee: &Person| {
        json!({ "email": attendee.email, "name": attendee.name, "firstName": "", "lastName": "",
            "timeZone": "Europe/Paris", "language": { "locale": "en" }, "utcOffset": 60 })
    };
    booking.attendees.iter().map(of).collect()
}

fn responses(booking: &Booking) -> Value {
    let Some(booker) = booking.attendees.first() else { return json!({}) };
    json!({
        "name": { "label": "your_name", "value": booker.name, "isHidden": false },
        "email": { "label": "email_address", "value": booker.email, "isHidden": false },
        "notes": { "label": "additional_notes", "isHidden": false },
    })
}
