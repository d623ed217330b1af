//! Calendly's webhooks (developer.calendly.com, "Webhooks"; API v2).
//!
//! A move is two deliveries in no promised order: the old invitee is canceled with `rescheduled`, the new one is created with
//! `old_invitee`; only the second tells something. Payloads of 2020 carry no `scheduled_event`, and marks of missed meetings come
//! as a whole invitee or as a small object that names one.

use super::booking::{self, lineage, take_answer};
use super::json::{Object, split_name, text_of, time};
use super::settings::{CalendlySettings, Secret};
use super::signature::{header, mac};
use super::{Request, Told, Understood, Unproven, body_hash};
use crate::domain::event::{Event, EventData, Facts, Meeting, Orphan, Platform, Profile, Source};
use crate::domain::ids::Email;
use chrono::{DateTime, Utc};
use hmac::Mac as _;
use serde_json::Value;

/// `t=` and the Unix second of the signature, then `v1=` and hex digits, once or more often.
pub const HEADER: &str = "calendly-webhook-signature";
/// Signatures in one header that are looked at.
const SIGNATURES_MAX: usize = 16;
/// Questions of one form that are looked at.
const QUESTIONS_MAX: usize = 200;
const SOURCE: Source = Source::Calendly;

pub(super) fn prove(settings: &CalendlySettings, request: &Request<'_>) -> Result<(), Unproven> {
    if settings.insecure {
        return Ok(());
    }
    if settings.secrets.is_empty() {
        return Err(Unproven(
            "no proof is configured: set `secrets` of calendly to the webhook's signing key".to_owned(),
        ));
    }
    let value = header(request, HEADER)
        .ok_or_else(|| Unproven(format!("the header `{HEADER}` is missing: make the webhook with a signing key")))?;
    let part = |name: &'static str| {
        value.split(',').filter_map(move |part| part.trim().strip_prefix(name)?.strip_prefix('=')).map(str::trim)
    };
    let timestamp = part("t").next().ok_or_else(|| Unproven(format!("`{HEADER}` has no `t`")))?;
    let seconds: i64 =
        timestamp.parse().map_err(|_not_a_number| Unproven(format!("`t` of `{HEADER}` is no number of seconds")))?;
    let tolerance_seconds = settings.tolerance_seconds;
    if seconds.abs_diff(request.received_at.timestamp()) > u64::from(tolerance_seconds) {
        return Err(Unproven(format!(
            "`t` of `{HEADER}` is more than {tolerance_seconds} seconds off; check this machine's clock"
        )));
    }
    let given: Vec<Vec<u8>> = part("v1").take(SIGNATURES_MAX).filter_map(|digits| hex::decode(digits).ok()).collect();
    let mut holds = false;
    for secret in &settings.secrets {
        for given in &given {
            holds |= mac(secret.expose().as_bytes(), &[timestamp.as_bytes(), b".", request.body])
                .is_some_and(|mac| mac.verify_slice(given).is_ok());
        }
    }
    if holds { Ok(()) } else { Err(Unproven(format!("no `v1` of `{HEADER}` holds under a configured secret"))) }
}

/// The header's value for a body, as Calendly makes it.
pub fn sign(secret: &Secret, timestamp: i64, body: &[u8]) -> String {
    let seconds = timestamp.to_string();
    let mac = mac(secret.expose().as_bytes(), &[seconds.as_bytes(), b".", body]);
    let digits = mac.map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default();
    format!("t={seconds},v1={digits}")
}

struct Webhook<'a> {
    request: &'a Request<'a>,
    item: &'a Value,
    body: Object<'a>,
    /// `payload`: the invitee, or the mark of one.
    record: Object<'a>,
    name: String,
}

pub(super) fn read(request: &Request<'_>, item: &Value, understood: &mut Understood) {
    let Value::Object(object) = item else {
        understood.unrecognised.push("a payload of Calendly must be a JSON object".to_owned());
        return;
    };
    let body = Object(object);
    let Some(name) = body.text(&["event"]) else {
        understood.unrecognised.push("`event` is missing".to_owned());
        return;
    };
    let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    let make: fn(&Webhook<'_>, &mut Understood) = match name.as_str() {
        "invitee.created" => created,
        "invitee.canceled" => canceled,
        "invitee_no_show.created" | "invitee_no_show.deleted" => marked,
        _ => {
            match ignored(&name) {
                Some(reason) => understood.ignored.push(format!("{name}: {reason}")),
                None => understood.unrecognised.push(format!("unknown event of Calendly `{name}`")),
            }
            return;
        }
    };
    match body.object("payload") {
        Some(record) => make(&Webhook { request, item, body, record, name }, understood),
        None => understood.unrecognised.push(format!("{name} without `payload`")),
    }
}

/// Why an event has no effect; none where it has one or is unknown.
fn ignored(name: &str) -> Option<&'static str> {
    let (subject, _) = name.split_once('.')?;
    Some(match subject {
        "routing_form_submission" => "a form is no booking",
        "event_type" => "it is about the booking page, not a contact",
        "meeting_recap" => "a summary moves no contact",
        "contact" => "the address book at Calendly moves no contact",
        _ => return None,
    })
}

impl Webhook<'_> {
    fn event(&self) -> Option<Object<'_>> {
        self.record.object("scheduled_event")
    }

    fn time_of(fields: Option<Object<'_>>, names: &[&str]) -> Option<DateTime<Utc>> {
        fields?.text(names).and_then(|text| time(&text))
    }

    /// When the webhook was told.
    fn told_at(&self) -> Option<DateTime<Utc>> {
        Self::time_of(Some(self.body), &["created_at"])
    }

    /// Our own people who take part.
    fn hosts(&self) -> Vec<Email> {
        let Some(Value::Array(members)) = self.event().and_then(|event| event.value("event_memberships")) else {
            return Vec::new();
        };
        let of_member = |member: &Value| {
            if let Value::Object(fields) = member { Object(fields).email(&["user_email"]) } else { None }
        };
        members.iter().take(booking::ATTENDEES_MAX).filter_map(of_member).collect()
    }

    /// The invitee's address; a note where it is missing or is one of ours.
    fn invitee(&self, understood: &mut Understood) -> Option<Email> {
        match self.record.email(&["email"]) {
            Some(email) if self.hosts().contains(&email) => {
                understood.ignored.push(format!("{}: only our own people are booked", self.name));
                None
            }
            None => {
                understood.unrecognised.push(format!("{} without a usable `email`", self.name));
                None
            }
            email => email,
        }
    }

    fn profile(&self) -> Profile {
        let text = |name: &str| self.record.text(&[name]);
        let (first, last) = split_name(text("name").as_deref());
        let mut profile = Profile {
            last_name: text("last_name").or(if text("first_name").is_some() { None } else { last }),
            first_name: text("first_name").or(first),
            phone: text("text_reminder_number"),
            ..Profile::default()
        };
        if let Some(Value::Array(questions)) = self.record.value("questions_and_answers") {
            for question in questions.iter().take(QUESTIONS_MAX) {
                let Value::Object(fields) = question else { continue };
                let text = |name| Object(fields).text(&[name]);
                if let Some((question, answer)) = text("question").zip(text("answer")) {
                    take_answer(&mut profile, &question, &answer);
                }
            }
        }
        // Where they are called, if they chose to be.
        let location = self.event().and_then(|event| event.object("location"));
        let called = location.filter(|location| location.text(&["type"]).as_deref() == Some("outbound_call"));
        profile.phone = profile.phone.or(called.and_then(|location| location.text(&["location"])));
        profile
    }

    fn meeting(&self, id: Option<String>) -> Meeting {
        let event = self.event();
        let join_url = event.and_then(|event| event.object("location")).and_then(|place| place.text(&["join_url"]));
        Meeting {
            starts_at: event.and_then(|event| booking::start(event, &["start_time"])),
            external_id: id,
            title: event.and_then(|event| event.text(&["name"])),
            url: booking::link(join_url).or(booking::link(self.record.text(&["reschedule_url"]))),
            contact_identifier: self.record.email(&["email"]).map(String::from),
            contact_name: self.record.text(&["name"]),
            account_identifier: self.hosts().into_iter().next().map(String::from),
            ..Meeting::on(Platform::Calendly)
        }
    }

    /// The key out of the invitee's or the mark's id; of the whole body where it has none.
    fn key(&self, kind: &str, ids: &[&str]) -> String {
        if ids.iter().any(|id| id.is_empty()) {
            body_hash(kind, SOURCE, self.item)
        } else {
            booking::key(kind, SOURCE, ids)
        }
    }

    fn told(&self, email: Email, time: Option<DateTime<Utc>>, profile: Profile) -> Told<'_> {
        Told { request: self.request, source: SOURCE, email, time, profile }
    }
}

/// The last part of a URI of Calendly's, which is the record's id. The URI may stand in an object of its own.
fn id_of(value: Option<&Value>) -> Option<String> {
    let uri = match value? {
        Value::Object(fields) => Object(fields).text(&["uri"])?,
        value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            text_of(value)?
        }
    };
    let path = uri.split(['?', '#']).next()?.trim_end_matches('/');
    let id = path.rsplit('/').next()?;
    booking::is_id(id).then(|| id.to_owned())
}

/// A booking, or the second half of a move.
fn created(webhook: &Webhook<'_>, understood: &mut Understood) {
    let Some(email) = webhook.invitee(understood) else { return };
    let id = id_of(webhook.record.value("uri"));
    let replaces = id_of(webhook.record.value("old_invitee"));
    let goes_back_to = replaces.as_ref().map(|old| lineage(SOURCE, &[old])).unwrap_or_default();
    let meeting = Meeting { replaces: replaces.clone(), ..webhook.meeting(id.clone()) };
    let data = match replaces {
        Some(_) => EventData::MeetingRescheduled { meeting },
        None => EventData::MeetingBooked { meeting },
    };
    let key = webhook.key(data.kind(), &[id.as_deref().unwrap_or_default()]);
    let time = Webhook::time_of(Some(webhook.record), &["created_at"]).or(webhook.told_at());
    let event = webhook.told(email, time, webhook.profile()).event(key, data);
    understood.events.push(Event { lineage: goes_back_to, ..event });
}

/// The first half of a move tells nothing: the meeting is not lost, and the other half names the new time.
fn canceled(webhook: &Webhook<'_>, understood: &mut Understood) {
    if webhook.record.flag("rescheduled") {
        understood
            .ignored
            .push("invitee.canceled: the meeting is moved, and the new invitee tells where to".to_owned());
        return;
    }
    let Some(email) = webhook.invitee(understood) else { return };
    let id = id_of(webhook.record.value("uri"));
    let goes_back_to = id.as_ref().map(|id| lineage(SOURCE, &[id])).unwrap_or_default();
    let cancellation = webhook
        .record
        .object("cancellation")
        .or_else(|| webhook.event().and_then(|event| event.object("cancellation")));
    // The invitee's own time is that of the booking.
    let time = Webhook::time_of(cancellation, &["created_at"])
        .or_else(|| Webhook::time_of(Some(webhook.record), &["canceled_at"]))
        .or(webhook.told_at())
        .or_else(|| Webhook::time_of(Some(webhook.record), &["updated_at"]));
    let data = EventData::MeetingCancelled { meeting: webhook.meeting(id.clone()) };
    let key = webhook.key(data.kind(), &[id.as_deref().unwrap_or_default()]);
    let event = webhook.told(email, time, webhook.profile()).event(key, data);
    understood.events.push(Event { lineage: goes_back_to, ..event });
}

/// Somebody ticked that the invitee did not come, or took the tick back; the invitee stands there whole or by its URI alone.
fn marked(webhook: &Webhook<'_>, understood: &mut Understood) {
    let fields = webhook.record;
    let named = fields.object("invitee");
    let is_whole = fields.value("email").is_some();
    let (mark, invitee) = if is_whole {
        (id_of(fields.value("no_show")), id_of(fields.value("uri")))
    } else {
        (id_of(fields.value("uri")), id_of(fields.value("invitee")))
    };
    let is_missed = webhook.name == "invitee_no_show.created";
    let meeting = webhook.meeting(invitee.clone());
    let data =
        if is_missed { EventData::MeetingNoShow { meeting } } else { EventData::MeetingNoShowWithdrawn { meeting } };
    // The record's time is that of the tick, whoever takes it back and when.
    let record = if is_whole { fields.object("no_show") } else { Some(fields) };
    let record_time = Webhook::time_of(record.filter(|_| is_missed), &["created_at"]);
    let time = record_time.or(webhook.told_at());
    let told_at = time.map(|time| time.timestamp_micros().to_string()).unwrap_or_default();
    let key = match (&mark, &invitee) {
        (Some(mark), _) => webhook.key(data.kind(), &[mark]),
        (None, Some(invitee)) => webhook.key(data.kind(), &[invitee, &told_at]),
        (None, None) => body_hash(data.kind(), SOURCE, webhook.item),
    };
    let goes_back_to = invitee.as_ref().map(|id| lineage(SOURCE, &[id])).unwrap_or_default();
    let email = if is_whole { fields.email(&["email"]) } else { named.and_then(|invitee| invitee.email(&["email"])) };
    if let Some(email) = email {
        let profile = if is_whole { webhook.profile() } else { Profile::default() };
        let event = webhook.told(email, time, profile).event(key, data);
        understood.events.push(Event { lineage: goes_back_to, ..event });
        return;
    }
    let (occurred_at, time_known) = super::json::occurred(time, webhook.request.received_at);
    understood.orphans.push(Orphan {
        client_id: webhook.request.client_id.clone(),
        source: SOURCE,
        dedupe_key: key,
        facts: Facts { occurred_at, time_known, profile: Profile::default(), data },
        lineage: goes_back_to,
        reason: format!(
            "{} names no address, and no booking of its invitee is known; replay it once the booking is here",
            webhook.name
        ),
    });
}

#[cfg(test)]
mod tests;
