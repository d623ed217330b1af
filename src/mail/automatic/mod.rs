//! Automatic replies: by headers first, then by the subject, then by the words of many languages.
//!
//! A person who writes "I am on vacation next week, call me" is a person. So the words of a body count alone only where several of
//! the usual sentences of notices stand together, and what only people write ("can you", "let's talk", a question) counts against it.

mod challenge;
mod decide;
pub(in crate::mail) mod folded;
mod headers;
pub(in crate::mail) mod phrases;
mod subject;
mod text;
mod words;

#[cfg(test)]
mod tests;

use super::message::Mail;
use super::return_date::ReturnDate;
use chrono::{DateTime, FixedOffset};
use decide::Read;
pub(in crate::mail) use subject::own_part;

/// What a machine answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Automatic {
    OutOfOffice {
        return_date: Option<ReturnDate>,
    },
    /// The person no longer works there, or the address is no longer used.
    LeftCompany,
    /// A ticket receipt or another thank-you of a machine.
    Receipt,
    Other,
}

/// The automatic reply that a mail is, and what shows it. `visible` is its visible text.
///
/// A mail without headers is taken for a platform's text: then subject and text alone decide.
pub fn of_mail(mail: &Mail, visible: &str, anchor: DateTime<FixedOffset>) -> Option<(Automatic, String)> {
    let read = Read::new(mail, visible, anchor);
    let because = read.automatic()?;
    Some((read.kind(), because))
}

/// What kind of automatic reply it is where somebody else says that it is one.
pub fn certainly(mail: &Mail, visible: &str, anchor: DateTime<FixedOffset>) -> (Automatic, String) {
    let read = Read::new(mail, visible, anchor);
    let because = read.automatic().unwrap_or_else(|| "the platform says that a machine wrote it".to_owned());
    (read.kind(), because)
}

/// A sender verification (Boxbe, Bluebottle, …), and what shows it.
pub fn is_challenge(mail: &Mail, visible: &str) -> Option<String> {
    challenge::of_mail(mail, visible)
}

/// A newsletter or a list, in answer to nothing; and what shows it.
pub fn is_bulk(mail: &Mail) -> Option<String> {
    let signals = headers::read(mail);
    let is_answer = !mail.in_reply_to.is_empty() || !mail.references.is_empty();
    if !is_answer {
        return signals.list.or(signals.precedence).or(signals.generated);
    }
    // People answer through groups and gateways too, which add the same headers; but then the sender is a person.
    signals.list.filter(|_| decide::is_from_machine(mail))
}
