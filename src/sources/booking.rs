//! What the webhooks of Cal.com and Calendly have in common: events known by their booking, and a person told by the answers to a form.

use super::json::{Object, time};
use crate::domain::event::{Profile, Source};
use crate::domain::identity::platform_key;
use chrono::{DateTime, Datelike as _, Utc};
use std::ops::RangeInclusive;

/// Attendees of one booking that are looked at.
pub(super) const ATTENDEES_MAX: usize = 1_000;
/// An id of a platform that is longer is none.
pub(super) const ID_CHARS_MAX: usize = 200;
/// An answer longer than this is a message and no name, number or address.
const ANSWER_CHARS_MAX: usize = 200;
/// A meeting outside these years is a fault of the payload.
const YEARS: RangeInclusive<i32> = 2000..=2200;

/// The key of an event out of its booking's ids.
pub(super) fn key(kind: &str, source: Source, ids: &[&str]) -> String {
    platform_key(kind, source.as_str(), ids)
}

/// The keys under which a booking is known: as it was moved here, or as it was made.
pub(super) fn lineage(source: Source, ids: &[&str]) -> Vec<String> {
    ["meeting_rescheduled", "meeting_booked"].iter().map(|kind| key(kind, source, ids)).collect()
}

/// Whether a text can be a platform's id.
pub(super) fn is_id(text: &str) -> bool {
    let has_sound_chars = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    !text.is_empty() && text.chars().count() <= ID_CHARS_MAX && has_sound_chars
}

/// When a meeting begins; none where it is unusable.
pub(super) fn start(object: Object<'_>, names: &[&str]) -> Option<DateTime<Utc>> {
    object.text(names).and_then(|text| time(&text)).filter(|time| YEARS.contains(&time.year()))
}

/// A link that a person can open.
pub(super) fn link(text: Option<String>) -> Option<String> {
    text.filter(|text| text.starts_with("https://") || text.starts_with("http://"))
}

/// Fills the field that a form's question asks for, where it is empty and the question is one of those known.
pub(super) fn take_answer(profile: &mut Profile, question: &str, answer: &str) {
    let answer = answer.trim();
    let is_short = answer.chars().count() <= ANSWER_CHARS_MAX && !answer.chars().any(char::is_control);
    if answer.is_empty() || !is_short {
        return;
    }
    let field = match asked_for(question).as_str() {
        "company" | "company name" | "companyname" | "organisation" | "organization" | "name organisation"
        | "name organization" | "business name" | "firma" | "firmenname" | "unternehmen" | "unternehmensname"
        | "entreprise" | "empresa" | "azienda" | "bedrijf" => &mut profile.company_name,
        "phone"
        | "number phone"
        | "phonenumber"
        | "mobile"
        | "mobile number"
        | "mobile phone"
        | "telephone"
        | "telefon"
        | "telefonnummer"
        | "attendeephonenumber"
        | "smsremindernumber" => &mut profile.phone,
        "job title" | "jobtitle" | "role" | "position" | "job role" | "company role" => &mut profile.job_title,
        "website" | "company website" | "companywebsite" | "homepage" | "webseite" => &mut profile.company_website,
        "linkedin" | "linkedin profile" | "linkedin url" | "linkedin profile url" => &mut profile.linkedin_url,
        "company size" | "companysize" | "size team" | "employees number" | "employees how many" => {
            &mut profile.company_size
        }
        "industry" | "company industry" | "branche" => &mut profile.company_industry,
        _ => return,
    };
    field.get_or_insert_with(|| answer.to_owned());
}

/// The words of a question that tell what it asks for, in the order of the alphabet: `company name` of `What's the name of your
/// company?` and of `company-name`.
fn asked_for(question: &str) -> String {
    const FILLERS: [&str; 14] =
        ["what", "s", "is", "the", "of", "your", "you", "do", "a", "please", "at", "have", "enter", "optional"];
    let lower: String = question.chars().take(ANSWER_CHARS_MAX).flat_map(char::to_lowercase).collect();
    let mut words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !FILLERS.contains(word))
        .collect();
    words.sort_unstable();
    words.dedup();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_fill_the_fields_that_their_questions_ask_for() {
        let rows: &[(&str, &str, Option<&str>)] = &[
            ("Company", "company_name", Some("x")),
            ("company-name", "company_name", Some("x")),
            ("companyName", "company_name", Some("x")),
            ("What's the name of your company?", "company_name", Some("x")),
            ("Organisation", "company_name", Some("x")),
            ("Unternehmen", "company_name", Some("x")),
            ("Phone Number", "phone", Some("x")),
            ("attendeePhoneNumber", "phone", Some("x")),
            ("Your role", "job_title", Some("x")),
            ("LinkedIn profile URL", "linkedin_url", Some("x")),
            ("How many employees do you have?", "company_size", Some("x")),
            ("Please tell us about your company", "company_name", None),
            ("What is this meeting about?", "company_name", None),
            ("title", "job_title", None),
            ("", "company_name", None),
        ];
        for (question, column, expected) in rows {
            let mut profile = Profile::default();
            take_answer(&mut profile, question, " x ");
            assert_eq!(profile.field_mut(column).unwrap().as_deref(), *expected, "{question}");
        }
    }

    #[test]
    fn an_answer_that_is_no_name_fills_nothing_and_the_first_one_stays() {
        let mut profile = Profile::default();
        for answer in ["", "   ", "two\nlines", &"x".repeat(201)] {
            take_answer(&mut profile, "Company", answer);
        }
        assert_eq!(profile, Profile::default());
        take_answer(&mut profile, "Company", "Example Ltd");
        take_answer(&mut profile, "Organisation", "Another Ltd");
        assert_eq!(profile.company_name.as_deref(), Some("Example Ltd"));
    }
}
