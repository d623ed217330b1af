//! What a fetched mail is as events of its contacts, and what a person should know of it.

use super::SOURCE;
use crate::domain::alert::AlertKind;
use crate::domain::event::{AutoReply, Event, EventData, Facts, Message, Platform, Profile};
use crate::domain::identity::{message_identity, message_key, platform_key};
use crate::domain::ids::{ClientId, Email};
use crate::domain::intent::Intent;
use crate::mail::automatic::Automatic;
use crate::mail::bounce::{Bounce, Permanence, Undelivered};
use crate::mail::complaint::Complaint;
use crate::mail::message::Mail;
use crate::mail::{Kind, Understanding, Us};
use crate::sources::json;
use crate::sources::reply::shown;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeSet;

/// A longer one is no Message-ID that anybody would repeat to us, and no key of an index.
const IDENTITY_BYTES_MAX: usize = 512;
const CONTENT_CHARS_MAX: usize = 65_536;
const LINE_CHARS_MAX: usize = 1_000;
const DIAGNOSTIC_CHARS_MAX: usize = 300;
/// Contacts of one mail of ours, or of one report, that get an event.
const CONTACTS_MAX: usize = 50;

/// A mail that was fetched, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Fetched<'a> {
    pub client_id: &'a ClientId,
    /// In whose mailbox it lies.
    pub mailbox: &'a Email,
    pub us: &'a Us,
    /// Gmail's ids, which are the mailbox's own.
    pub gmail_id: &'a str,
    pub thread_id: &'a str,
    /// It carries the label SENT: we wrote it, whatever it looks like.
    pub is_sent: bool,
    /// When Google accepted it (`internalDate`).
    pub at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub mail: &'a Mail,
    pub understanding: &'a Understanding,
}

/// Whom a mail concerns, as far as is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Concerned {
    /// Whose conversation it is in: by the mails that it refers to, else by its thread.
    pub by_thread: Option<Email>,
    /// The contacts among its addresses, in its order.
    pub by_address: Vec<Email>,
}

impl Concerned {
    pub fn is_nobody(&self) -> bool {
        self.by_thread.is_none() && self.by_address.is_empty()
    }

    /// The conversation counts before the address: a colleague's answer belongs to the lead it is about.
    fn contact(&self) -> Option<&Email> {
        self.by_thread.as_ref().or(self.by_address.first())
    }
}

/// What follows from a mail.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    pub events: Vec<Event>,
    pub notices: Vec<Notice>,
}

/// Something that a person must know.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Notice {
    pub kind: AlertKind,
    /// What it is about, where several notices are one alert. Without it each is its own.
    pub about: Option<String>,
    /// Without addresses of contacts: those stand where they can be erased.
    pub text: String,
    pub contact: Option<Email>,
    /// The same notice told twice is one.
    pub dedupe_key: String,
}

pub fn read(fetched: &Fetched<'_>, concerned: &Concerned) -> Finding {
    let mut finding = Finding::default();
    if fetched.is_sent || fetched.understanding.kind == Kind::Own {
        sent(fetched, concerned, &mut finding);
        return finding;
    }
    match &fetched.understanding.kind {
        // Asked above.
        Kind::Own => {}
        Kind::Complaint(complaint) => complained(fetched, complaint, concerned, &mut finding),
        Kind::Bounce(bounce) => bounced(fetched, bounce, concerned, &mut finding),
        Kind::Challenge => {
            automatic(fetched, concerned, AutoReply::Other, None, &mut finding);
            let text = "the contact's mail system asks whether a person wrote to it: follow the link in its mail";
            fetched.notice(AlertKind::MailNeedsAPerson, concerned.contact(), "challenge", text, &mut finding);
        }
        Kind::Automatic(Automatic::OutOfOffice { return_date }) => {
            let date = return_date.map(|found| found.date);
            automatic(fetched, concerned, AutoReply::OutOfOffice, date, &mut finding);
        }
        Kind::Automatic(Automatic::LeftCompany) => {
            automatic(fetched, concerned, AutoReply::Other, None, &mut finding);
            let text = "the contact is no longer to be reached at this address: find another address";
            fetched.notice(AlertKind::MailNeedsAPerson, concerned.contact(), "left", text, &mut finding);
        }
        Kind::Automatic(Automatic::Receipt | Automatic::Other) | Kind::Bulk => {
            automatic(fetched, concerned, AutoReply::Other, None, &mut finding);
        }
        Kind::Person => person(fetched, concerned, fetched.understanding.intent, &mut finding),
    }
    finding
}

impl Fetched<'_> {
    /// The identity that other sources tell it by; none where it has no usable Message-ID.
    fn identity(&self) -> Option<String> {
        identity_of(self.mail.message_id.as_deref()?)
    }

    fn key(&self, kind: &str) -> String {
        match self.identity() {
            Some(identity) => message_key(kind, &identity),
            None => platform_key(kind, SOURCE.as_str(), &[self.mailbox.as_str(), self.gmail_id]),
        }
    }

    /// The key of one of several events that a mail of this kind is.
    fn key_of(&self, kind: &str, contact: &Email) -> String {
        format!("{}:{contact}", self.key(kind))
    }

    fn event(&self, contact: &Email, dedupe_key: String, profile: Profile, data: EventData) -> Event {
        let (occurred_at, time_known) = json::occurred(Some(self.at), self.received_at);
        Event {
            client_id: self.client_id.clone(),
            email: contact.clone(),
            source: SOURCE,
            dedupe_key,
            facts: Facts { occurred_at, time_known, profile, data },
            lineage: Vec::new(),
        }
    }

    /// `theirs` is the address that was really used.
    fn message(&self, theirs: Option<&Email>, contact_name: Option<&str>) -> Message {
        let from = self.mail.from.first().map(|from| &from.address);
        let ours = from.filter(|from| self.us.mailboxes.contains(from)).unwrap_or(self.mailbox);
        let id = self.mail.message_id.as_deref().map(|id| id.trim().trim_start_matches('<').trim_end_matches('>'));
        Message {
            platform: Platform::Gmail,
            external_id: Some(line(id.filter(|id| !id.is_empty()).unwrap_or(self.gmail_id))),
            thread_id: Some(line(self.thread_id)),
            contact_identifier: theirs.map(|email| email.as_str().to_owned()),
            contact_name: contact_name.map(line).filter(|name| !name.is_empty()),
            account_identifier: Some(ours.as_str().to_owned()),
            subject: Some(line(&self.mail.subject)).filter(|subject| !subject.is_empty()),
            content: clean(shown(self.understanding, self.mail.text.as_deref()), CONTENT_CHARS_MAX),
        }
    }

    /// The message of somebody who wrote to us.
    fn received(&self) -> Message {
        let from = self.mail.from.first();
        self.message(from.map(|from| &from.address), from.and_then(|from| from.name.as_deref()))
    }

    /// Names fill empty fields, and only those of the contact itself.
    fn profile_of(&self, contact: &Email) -> Profile {
        let name = self.mail.from.first().filter(|from| from.address == *contact).and_then(|from| from.name.as_deref());
        // `Last, First` has its parts the other way round.
        let name = name.filter(|name| !name.contains(',')).map(line);
        let (first_name, last_name) = json::split_name(name.as_deref());
        Profile { first_name, last_name, ..Profile::default() }
    }

    fn notice(&self, kind: AlertKind, contact: Option<&Email>, what: &str, text: &str, finding: &mut Finding) {
        let dedupe_key = platform_key(what, SOURCE.as_str(), &[self.mailbox.as_str(), self.gmail_id]);
        finding.notices.push(Notice {
            kind,
            about: None,
            text: format!("{text} ({})", link(self.mailbox, self.gmail_id)),
            contact: contact.cloned(),
            dedupe_key,
        });
    }
}

/// A mail in Gmail's own window.
fn link(mailbox: &Email, gmail_id: &str) -> String {
    format!("https://mail.google.com/mail/?authuser={mailbox}#all/{}", line(gmail_id))
}

/// The identity of a message by its Message-ID, where it can be one.
pub fn identity_of(message_id: &str) -> Option<String> {
    message_identity(message_id).filter(|identity| identity.len() <= IDENTITY_BYTES_MAX)
}

/// Ours, written by hand; a platform's report of the same mail says where it was not.
fn sent(fetched: &Fetched<'_>, concerned: &Concerned, finding: &mut Finding) {
    let recipients = recipients(fetched.mail, fetched.us);
    let first = recipients.first();
    // The mail's own identity is that of one event. Whose it is must not depend on who is known today: the conversation's lead, else
    // the first to whom it goes.
    let lead = concerned.by_thread.as_ref().or_else(|| first.filter(|first| concerned.by_address.contains(first)));
    let others = concerned.by_address.iter().filter(|other| lead != Some(other)).take(CONTACTS_MAX);
    let data = |theirs: Option<&Email>| EventData::EmailSent {
        message: fetched.message(theirs, theirs.and_then(|theirs| name_of(fetched.mail, theirs))),
        campaign: None,
        step: None,
        last_in_sequence: false,
        manual: true,
    };
    if let Some(lead) = lead {
        let theirs = recipients.iter().find(|address| *address == lead).or(first);
        finding.events.push(fetched.event(lead, fetched.key("email_sent"), Profile::default(), data(theirs)));
    }
    for other in others {
        let key = fetched.key_of("email_sent", other);
        finding.events.push(fetched.event(other, key, Profile::default(), data(Some(other))));
    }
}

/// To whom a mail of ours goes, without ourselves.
pub fn recipients(mail: &Mail, us: &Us) -> Vec<Email> {
    let bcc = mail.header("bcc").unwrap_or_default().split(',');
    let bcc = bcc.filter_map(|text| Email::parse_mailbox(text).ok().map(|(email, _)| email));
    let mut seen = BTreeSet::new();
    let all = mail.to.iter().chain(&mail.cc).map(|mailbox| mailbox.address.clone()).chain(bcc);
    all.filter(|address| !us.mailboxes.contains(address) && seen.insert(address.clone())).collect()
}

fn name_of<'a>(mail: &'a Mail, address: &Email) -> Option<&'a str> {
    mail.to.iter().chain(&mail.cc).find(|mailbox| mailbox.address == *address)?.name.as_deref()
}

fn person(fetched: &Fetched<'_>, concerned: &Concerned, intent: Option<Intent>, finding: &mut Finding) {
    let Some(contact) = concerned.contact() else { return };
    let data = EventData::ReplyReceived {
        message: fetched.received(),
        campaign: None,
        intent,
        sentiment: None,
        auto_reply: None,
        return_date: None,
    };
    finding.events.push(fetched.event(contact, fetched.key("reply_received"), fetched.profile_of(contact), data));
}

fn automatic(
    fetched: &Fetched<'_>,
    concerned: &Concerned,
    auto_reply: AutoReply,
    return_date: Option<NaiveDate>,
    finding: &mut Finding,
) {
    let Some(contact) = concerned.contact() else { return };
    let data = EventData::ReplyReceived {
        message: fetched.received(),
        campaign: None,
        intent: None,
        sentiment: None,
        auto_reply: Some(auto_reply),
        return_date,
    };
    finding.events.push(fetched.event(contact, fetched.key("reply_received"), Profile::default(), data));
}

/// Who pressed "spam" wants no more mail.
fn complained(fetched: &Fetched<'_>, complaint: &Complaint, concerned: &Concerned, finding: &mut Finding) {
    // RFC 6430: a mail that was wrongly taken for spam.
    if complaint.feedback_type == "not-spam" {
        return;
    }
    let contacts: Vec<&Email> = match concerned.by_address.as_slice() {
        [] => concerned.by_thread.iter().collect(),
        several => several.iter().take(CONTACTS_MAX).collect(),
    };
    let told = line(&complaint.feedback_type);
    if contacts.is_empty() {
        let text = format!("somebody complained about our mail (`{told}`), and the report does not show who");
        fetched.notice(AlertKind::Complaint, None, "complaint_of_nobody", &text, finding);
    }
    for contact in contacts {
        let data = EventData::Unsubscribed { campaign: None };
        let key = fetched.key_of("unsubscribed", contact);
        finding.events.push(fetched.event(contact, key, Profile::default(), data));
        let text = format!("the contact complained about our mail (`{told}`) and is written to no more");
        fetched.notice(AlertKind::Complaint, Some(contact), "complaint", &text, finding);
    }
}

fn bounced(fetched: &Fetched<'_>, bounce: &Bounce, concerned: &Concerned, finding: &mut Finding) {
    let is_only_one = bounce.undelivered.len() == 1;
    for undelivered in bounce.undelivered.iter().take(CONTACTS_MAX) {
        let known = undelivered.recipient.as_ref().filter(|address| concerned.by_address.contains(address));
        let contact = match (known, is_only_one) {
            (Some(known), _) => known,
            // The report names nobody, or an address that the mail was passed on to.
            (None, true) => match &concerned.by_thread {
                Some(contact) => contact,
                None => continue,
            },
            (None, false) => continue,
        };
        let is_another = known.is_none() && undelivered.recipient.is_some();
        let data = EventData::EmailBounced {
            message: fetched.message(undelivered.recipient.as_ref().or(Some(contact)), None),
            campaign: None,
            step: None,
            // That another address does not exist says nothing of the contact's.
            permanent: undelivered.permanence == Permanence::Permanent && !is_another,
            status_code: undelivered.status.as_deref().map(line),
        };
        // Smartlead reports the same bounce by the same Message-ID.
        let key = if is_only_one { fetched.key("email_bounced") } else { fetched.key_of("email_bounced", contact) };
        finding.events.push(fetched.event(contact, key, Profile::default(), data));
        if is_another {
            let text =
                "mail to the contact was sent on to an address that could not be reached: look whether it arrived";
            fetched.notice(AlertKind::MailNeedsAPerson, Some(contact), "bounced_elsewhere", text, finding);
        }
        our_fault(fetched, undelivered, finding);
    }
}

/// A policy block is about our sending, and there may be many: told once a day, mailbox and status.
fn our_fault(fetched: &Fetched<'_>, undelivered: &Undelivered, finding: &mut Finding) {
    match undelivered.permanence {
        Permanence::Policy => {}
        Permanence::Permanent | Permanence::Transient => return,
    }
    let status = undelivered.status.as_deref().unwrap_or("no status");
    let said = clean(undelivered.diagnostic.as_deref().unwrap_or("nothing more"), DIAGNOSTIC_CHARS_MAX);
    let day = fetched.at.date_naive().to_string();
    finding.notices.push(Notice {
        kind: AlertKind::SendingRefused,
        about: Some(fetched.mailbox.to_string()),
        text: format!(
            "mail of {} is refused because of our sending, not because of the address ({}): {} ({})",
            fetched.mailbox,
            line(status),
            without_addresses(&said),
            link(fetched.mailbox, fetched.gmail_id)
        ),
        contact: None,
        dedupe_key: platform_key("policy", SOURCE.as_str(), &[fetched.mailbox.as_str(), status, &day]),
    });
}

fn without_addresses(text: &str) -> String {
    let words = text.split_whitespace().map(|word| if word.contains('@') { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// One line of bounded length.
fn line(text: &str) -> String {
    clean(text, LINE_CHARS_MAX).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// PostgreSQL keeps no NUL in a text.
fn clean(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests;
