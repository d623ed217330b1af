//! Who of a booking's attendees is the contact: the first who is no host of ours. Where seats are sold, each of them.

use super::super::booking::{ATTENDEES_MAX, take_answer};
use super::super::json::{Object, split_name};
use crate::domain::event::Profile;
use crate::domain::ids::Email;
use serde_json::Value;
use std::collections::BTreeSet;

/// Whoever books with a phone number alone gets an address of this domain, which is nobody's.
const PHONE_ONLY_DOMAIN: &str = "@sms.cal.com";

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attendee {
    pub(super) email: Email,
    pub(super) name: Option<String>,
    pub(super) profile: Profile,
    is_seat: bool,
}

impl Attendee {
    /// What tells this attendee's booking from others: its id, and where seats are sold, whose seat it is.
    pub(super) fn ids<'a>(&'a self, uid: &'a str) -> Vec<&'a str> {
        if self.is_seat { vec![uid, self.email.as_str()] } else { vec![uid] }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoAttendee {
    /// All of them are hosts: somebody of ours tries the page.
    OnlyHosts,
    Unusable(String),
}

pub(super) fn of(payload: Object<'_>) -> Result<Vec<Attendee>, NoAttendee> {
    let Some(Value::Array(all)) = payload.value("attendees") else {
        return Err(NoAttendee::Unusable("without `attendees`".to_owned()));
    };
    if all.len() > ATTENDEES_MAX {
        return Err(NoAttendee::Unusable(format!("of {} attendees; at most {ATTENDEES_MAX} are read", all.len())));
    }
    let is_seat = payload.number(&["seatsPerTimeSlot"]).is_some_and(|seats| seats > 0);
    let hosts = hosts(payload);
    let (mut has_host, mut has_phone_only) = (false, false);
    let mut found = Vec::new();
    for fields in all.iter().filter_map(object) {
        let Some(email) = fields.email(&["email"]) else { continue };
        if hosts.contains(&email) {
            has_host = true;
        } else if is_a_persons(&email) {
            found.push(Attendee { name: fields.text(&["name"]), profile: profile(fields), email, is_seat });
        } else {
            has_phone_only = true;
        }
    }
    if !is_seat {
        found.truncate(1);
    }
    if let [only] = found.as_mut_slice() {
        take_responses(payload, only);
    }
    match (found.is_empty(), has_phone_only, has_host) {
        (false, _, _) => Ok(found),
        (true, true, _) => {
            Err(NoAttendee::Unusable("by a phone number alone, whose stand-in address is nobody's".to_owned()))
        }
        (true, false, true) => Err(NoAttendee::OnlyHosts),
        (true, false, false) => Err(NoAttendee::Unusable("without an attendee with a usable address".to_owned())),
    }
}

/// An address at which a person can be written to.
pub(super) fn is_a_persons(email: &Email) -> bool {
    !email.as_str().ends_with(PHONE_ONLY_DOMAIN)
}

/// Our own people: the organizer, the team's members who take part, those whom Cal Video knows by their account.
fn hosts(payload: Object<'_>) -> BTreeSet<Email> {
    let of_list = |object: Option<Object<'_>>, list: &str| -> Vec<Email> {
        let Some(Value::Array(items)) = object.and_then(|object| object.value(list)) else { return Vec::new() };
        items.iter().take(ATTENDEES_MAX).filter_map(object_email).collect()
    };
    let mut hosts: BTreeSet<Email> = [payload.object("organizer"), payload.object("user")]
        .into_iter()
        .flatten()
        .filter_map(|host| host.email(&["email"]))
        .collect();
    hosts.extend(payload.email(&["hostEmail", "userPrimaryEmail"]));
    hosts.extend(of_list(payload.object("team"), "members"));
    hosts.extend(of_list(Some(payload), "participants"));
    hosts
}

fn object(value: &Value) -> Option<Object<'_>> {
    if let Value::Object(fields) = value { Some(Object(fields)) } else { None }
}

fn object_email(value: &Value) -> Option<Email> {
    object(value)?.email(&["email"])
}

fn profile(attendee: Object<'_>) -> Profile {
    let (first, last) = split_name(attendee.text(&["name"]).as_deref());
    let told = attendee.text(&["firstName"]);
    Profile {
        last_name: attendee.text(&["lastName"]).or(if told.is_some() { None } else { last }),
        first_name: told.or(first),
        phone: attendee.text(&["phoneNumber"]),
        ..Profile::default()
    }
}

/// The booking form's answers are the booker's. Fields stand as `{label, value}`; a name's value may be an object itself.
fn take_responses(payload: Object<'_>, booker: &mut Attendee) {
    let responses = payload.object("responses");
    let email = responses.and_then(|fields| fields.object("email")).and_then(|field| field.email(&["value"]));
    let is_somebody_else = email.is_some_and(|email| email != booker.email);
    if is_somebody_else {
        return;
    }
    for fields in [responses, payload.object("userFieldsResponses")].into_iter().flatten() {
        for (name, field) in fields.0.iter().take(ATTENDEES_MAX) {
            let Some(field) = object(field) else { continue };
            let Some(answer) = field.text(&["value"]) else { continue };
            for question in [field.text(&["label"]), Some(name.clone())].into_iter().flatten() {
                take_answer(&mut booker.profile, &question, &answer);
            }
        }
    }
    // Where they are called, if they chose to be.
    let location = responses.and_then(|fields| fields.object("location"));
    let chosen = location.and_then(|location| location.object("value"));
    if let Some(number) = chosen.filter(|chosen| chosen.text(&["value"]).as_deref() == Some("phone")) {
        booker.profile.phone = booker.profile.phone.take().or(number.text(&["optionValue"]));
    }
}
