//! Cal.com's webhooks (docs of Cal.com, "Webhooks"; payload version 2021-10-20).
//!
//! The signature holds no time, so nothing in it limits a replay: every event has a key out of its booking's ids instead. A move
//! gives the booking a new `uid`. Marks of missed meetings carry no times and no organizer, and `MEETING_ENDED` comes in three
//! shapes, none of which tells that anybody met.

mod people;

use super::booking::{self, ATTENDEES_MAX, lineage};
use super::json::{Object, time};
use super::settings::CalcomSettings;
use super::signature::{header, is_hex_hmac};
use super::{Request, Told, Understood, Unproven, alert, body_hash};
use crate::domain::alert::AlertKind;
use crate::domain::event::{Event, EventData, Meeting, Platform, Profile, Source};
use crate::domain::ids::Email;
use chrono::{DateTime, Utc};
use people::{Attendee, NoAttendee};
use serde_json::Value;

/// Lower-case hex HMAC-SHA256 of the raw body, with the webhook's secret as text for its key.
pub const HEADER: &str = "x-cal-signature-256";
/// What the header reads where the webhook has no secret.
const UNSIGNED: &str = "no-secret-provided";
const SOURCE: Source = Source::Calcom;

pub(super) fn prove(settings: &CalcomSettings, request: &Request<'_>) -> Result<(), Unproven> {
    if settings.insecure {
        return Ok(());
    }
    if settings.secrets.is_empty() {
        return Err(Unproven("no proof is configured: set `secrets` of calcom".to_owned()));
    }
    match header(request, HEADER) {
        None => Err(Unproven(format!("the header `{HEADER}` is missing"))),
        Some(UNSIGNED) => {
            Err(Unproven("Cal.com signed nothing, because its webhook has no secret: enter one there".to_owned()))
        }
        Some(signature) if is_hex_hmac(signature, &settings.secrets, request.body) => Ok(()),
        Some(_) => Err(Unproven(format!("`{HEADER}` does not hold under a configured secret"))),
    }
}

struct Webhook<'a> {
    request: &'a Request<'a>,
    item: &'a Value,
    body: Object<'a>,
    /// `payload`.
    booking: Object<'a>,
    trigger: String,
}

pub(super) fn read(request: &Request<'_>, item: &Value, understood: &mut Understood) {
    let Value::Object(object) = item else {
        understood.unrecognised.push("a payload of Cal.com must be a JSON object".to_owned());
        return;
    };
    let body = Object(object);
    let Some(trigger) = body.text(&["triggerEvent"]) else {
        let text = "`triggerEvent` is missing: bodies of a custom payload template, and those for Zapier, can't be read; take the \
                    template off the webhook at Cal.com";
        understood.unrecognised.push(text.to_owned());
        return;
    };
    if let Some(reason) = ignored(&trigger, body) {
        understood.ignored.push(format!("{trigger}: {reason}"));
        return;
    }
    let trigger: String = trigger.chars().filter(|c| !c.is_control()).take(60).collect();
    let make: fn(&Webhook<'_>, &mut Understood) = match trigger.as_str() {
        "BOOKING_CREATED" | "BOOKING_PAID" => booked,
        "BOOKING_RESCHEDULED" => moved,
        "BOOKING_CANCELLED" => cancelled,
        "BOOKING_REJECTED" => rejected,
        "BOOKING_NO_SHOW_UPDATED" => marked,
        "AFTER_GUESTS_CAL_VIDEO_NO_SHOW" => nobody_came,
        "AFTER_HOSTS_CAL_VIDEO_NO_SHOW" => host_stayed_away,
        _ => {
            understood.unrecognised.push(format!("unknown trigger of Cal.com `{trigger}`"));
            return;
        }
    };
    match body.object("payload") {
        Some(booking) => make(&Webhook { request, item, body, booking, trigger }, understood),
        None => {
            understood.unrecognised.push(format!("{trigger} without `payload`, as a custom payload template makes it"));
        }
    }
}

/// Why a trigger has no effect; none where it has one or is unknown.
fn ignored(trigger: &str, body: Object<'_>) -> Option<&'static str> {
    let is_move = body.object("payload").is_some_and(|payload| payload.text(&["rescheduleUid"]).is_some());
    Some(match trigger {
        "PING" => "a test post",
        "BOOKING_REQUESTED" if is_move => "another time is asked for and not confirmed yet",
        "BOOKING_REQUESTED" => "a meeting is asked for and not confirmed yet",
        "BOOKING_PAYMENT_INITIATED" => "it is not paid yet, and so not booked",
        "MEETING_STARTED" => "the planned beginning has come, which does not tell that anybody met",
        "MEETING_ENDED" => "the planned end has passed, which does not tell that anybody met",
        "RECORDING_READY" | "RECORDING_TRANSCRIPTION_GENERATED" => "a recording moves no contact",
        "INSTANT_MEETING" => "a call that waits for somebody to take it is no booking",
        "FORM_SUBMITTED" | "FORM_SUBMITTED_NO_EVENT" | "ROUTING_FORM_FALLBACK_HIT" => "a form is no booking",
        "OOO_CREATED" => "an absence of our own moves no contact",
        "DELEGATION_CREDENTIAL_ERROR" | "WRONG_ASSIGNMENT_REPORT" => {
            "it is about the account at Cal.com, not a contact"
        }
        _ => return None,
    })
}

impl Webhook<'_> {
    /// When Cal.com told it, never when the meeting is.
    fn time(&self) -> Option<DateTime<Utc>> {
        self.body.text(&["createdAt"]).and_then(|text| time(&text))
    }

    /// The booking's own id, or a note that it is missing.
    fn uid(&self, understood: &mut Understood) -> Option<String> {
        let uid = self.booking.text(&["uid", "bookingUid"]).filter(|uid| booking::is_id(uid));
        if uid.is_none() {
            understood.unrecognised.push(format!("{} without a usable `uid` of the booking", self.trigger));
        }
        uid
    }

    /// The booking that this one takes the place of.
    fn replaces(&self, uid: &str) -> Option<String> {
        self.booking.text(&["rescheduleUid"]).filter(|replaced| replaced != uid && booking::is_id(replaced))
    }

    fn meeting(&self, uid: &str, attendee: &Attendee) -> Meeting {
        let nested = |object: &str, name: &str| self.booking.object(object).and_then(|inner| inner.text(&[name]));
        let url = link_of(&[
            nested("metadata", "videoCallUrl"),
            nested("videoCallData", "url"),
            self.booking.text(&["location"]),
        ]);
        Meeting {
            starts_at: booking::start(self.booking, &["startTime"]),
            external_id: Some(uid.to_owned()),
            replaces: self.replaces(uid),
            title: self.booking.text(&["title", "eventTitle"]),
            url,
            contact_identifier: Some(attendee.email.as_str().to_owned()),
            contact_name: attendee.name.clone(),
            account_identifier: self
                .booking
                .object("organizer")
                .and_then(|host| host.email(&["email"]))
                .map(String::from),
            ..Meeting::on(Platform::CalCom)
        }
    }

    fn event(&self, email: Email, profile: Profile, key: String, lineage: Vec<String>, data: EventData) -> Event {
        let told = Told { request: self.request, source: SOURCE, email, time: self.time(), profile };
        Event { lineage, ..told.event(key, data) }
    }

    /// One event of the booking's contact; of each attendee where seats are sold, because there each books alone.
    fn each(&self, understood: &mut Understood, make: impl Fn(&str, &Attendee) -> (String, Vec<String>, EventData)) {
        let Some(uid) = self.uid(understood) else { return };
        match people::of(self.booking) {
            Ok(attendees) => {
                for attendee in attendees {
                    let (key, lineage, data) = make(&uid, &attendee);
                    understood.events.push(self.event(attendee.email, attendee.profile, key, lineage, data));
                }
            }
            Err(NoAttendee::OnlyHosts) => {
                understood.ignored.push(format!("{}: only our own people are booked", self.trigger));
            }
            Err(NoAttendee::Unusable(reason)) => understood.unrecognised.push(format!("{} {reason}", self.trigger)),
        }
    }
}

fn link_of(texts: &[Option<String>]) -> Option<String> {
    texts.iter().find_map(|text| booking::link(text.clone()))
}

/// A booking is made, or paid for, which is the same fact told again.
fn booked(webhook: &Webhook<'_>, understood: &mut Understood) {
    let is_paid = webhook.trigger == "BOOKING_PAID";
    webhook.each(understood, |uid, attendee| {
        let meeting = webhook.meeting(uid, attendee);
        let mut goes_back_to =
            meeting.replaces.as_ref().map(|uid| lineage(SOURCE, &attendee.ids(uid))).unwrap_or_default();
        if is_paid {
            goes_back_to.push(booking::key("meeting_rescheduled", SOURCE, &attendee.ids(uid)));
        }
        let data = EventData::MeetingBooked { meeting };
        (booking::key(data.kind(), SOURCE, &attendee.ids(uid)), goes_back_to, data)
    });
}

fn moved(webhook: &Webhook<'_>, understood: &mut Understood) {
    webhook.each(understood, |uid, attendee| {
        let meeting = webhook.meeting(uid, attendee);
        let goes_back_to = lineage(SOURCE, &attendee.ids(meeting.replaces.as_deref().unwrap_or(uid)));
        let mut ids = attendee.ids(uid);
        // A move that keeps the booking's id is told from the next one by its time.
        let starts_at = meeting.starts_at.map(|at| at.timestamp_micros().to_string()).unwrap_or_default();
        if meeting.replaces.is_none() {
            ids.push(&starts_at);
        }
        let data = EventData::MeetingRescheduled { meeting };
        (booking::key(data.kind(), SOURCE, &ids), goes_back_to, data)
    });
}

/// Where the host asks for another time, the meeting is not lost: the person is asked to choose one, and that comes as a move.
fn cancelled(webhook: &Webhook<'_>, understood: &mut Understood) {
    if webhook.booking.flag("requestReschedule") {
        let Some(uid) = webhook.uid(understood) else { return };
        let text = format!("Cal.com: the host asked for another time of the booking {uid}; see that one is chosen");
        let key = booking::key("reschedule_requested", SOURCE, &[&uid]);
        let kind = AlertKind::MeetingNeedsAPerson;
        understood.alerts.push(alert(webhook.request, SOURCE, kind, webhook.time(), None, key, text));
        understood
            .ignored
            .push("BOOKING_CANCELLED: the host asked for another time, which is no cancellation".to_owned());
        return;
    }
    over(webhook, understood);
}

fn rejected(webhook: &Webhook<'_>, understood: &mut Understood) {
    over(webhook, understood);
}

fn over(webhook: &Webhook<'_>, understood: &mut Understood) {
    webhook.each(understood, |uid, attendee| {
        let data = EventData::MeetingCancelled { meeting: webhook.meeting(uid, attendee) };
        let ids = attendee.ids(uid);
        (booking::key(data.kind(), SOURCE, &ids), lineage(SOURCE, &ids), data)
    });
}

/// Somebody ticked who did not come, or took a tick back: an attendee, an event.
fn marked(webhook: &Webhook<'_>, understood: &mut Understood) {
    let Some(uid) = webhook.uid(understood) else { return };
    let Some(Value::Array(attendees)) = webhook.booking.value("attendees") else {
        understood.unrecognised.push(format!("{} without `attendees`", webhook.trigger));
        return;
    };
    if attendees.is_empty() {
        understood.ignored.push(format!("{}: no attendee is marked", webhook.trigger));
    }
    if attendees.len() > ATTENDEES_MAX {
        let text = format!("{} of {} attendees; at most {ATTENDEES_MAX} are read", webhook.trigger, attendees.len());
        understood.unrecognised.push(text);
    }
    let mut unusable = 0;
    for attendee in attendees.iter().take(ATTENDEES_MAX) {
        let fields = if let Value::Object(fields) = attendee { Some(Object(fields)) } else { None };
        let email = fields.and_then(|fields| fields.email(&["email"])).filter(people::is_a_persons);
        match email.zip(fields.and_then(|fields| fields.value("noShow"))) {
            Some((email, Value::Bool(missed))) => understood.events.push(mark(webhook, &uid, email, *missed)),
            Some(_) | None => unusable += 1,
        }
    }
    if unusable > 0 {
        let text = format!("{}: {unusable} attendees without a usable `email` and `noShow`", webhook.trigger);
        understood.unrecognised.push(text);
    }
}

fn mark(webhook: &Webhook<'_>, uid: &str, email: Email, missed: bool) -> Event {
    let meeting = Meeting {
        external_id: Some(uid.to_owned()),
        contact_identifier: Some(email.as_str().to_owned()),
        ..Meeting::on(Platform::CalCom)
    };
    let data =
        if missed { EventData::MeetingNoShow { meeting } } else { EventData::MeetingNoShowWithdrawn { meeting } };
    // Ticked, unticked and ticked again are three facts.
    let key = match webhook.time() {
        Some(time) => booking::key(data.kind(), SOURCE, &[uid, email.as_str(), &time.timestamp_micros().to_string()]),
        None => body_hash(&format!("{}:{email}", data.kind()), SOURCE, webhook.item),
    };
    // Seats are booked under their holder's address too.
    let mut goes_back_to = lineage(SOURCE, &[uid]);
    goes_back_to.extend(lineage(SOURCE, &[uid, email.as_str()]));
    webhook.event(email, Profile::default(), key, goes_back_to, data)
}

/// Cal Video noticed that no guest joined.
fn nobody_came(webhook: &Webhook<'_>, understood: &mut Understood) {
    webhook.each(understood, |uid, attendee| {
        // It is about the booking, whichever of its attendees stands first here.
        let meeting = Meeting { contact_identifier: None, contact_name: None, ..webhook.meeting(uid, attendee) };
        let data = EventData::MeetingNoShow { meeting };
        let mut ids = attendee.ids(uid);
        let goes_back_to = lineage(SOURCE, &ids);
        ids.push("nobody");
        (booking::key(data.kind(), SOURCE, &ids), goes_back_to, data)
    });
}

fn host_stayed_away(webhook: &Webhook<'_>, understood: &mut Understood) {
    let Some(uid) = webhook.uid(understood) else { return };
    let starts_at = booking::start(webhook.booking, &["startTime"]);
    let when = starts_at.map(|at| at.format(" on %Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
    let text = format!("Cal.com: our own side did not come to the meeting {uid}{when}; write to the person");
    let key = booking::key("host_no_show", SOURCE, &[&uid]);
    let kind = AlertKind::MeetingNeedsAPerson;
    understood.alerts.push(alert(webhook.request, SOURCE, kind, webhook.time(), None, key, text));
}

#[cfg(test)]
mod tests;
