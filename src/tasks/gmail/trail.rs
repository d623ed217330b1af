//! What leads from a mail to its contact, and what becomes of a mail by what is known. Pure.

use crate::domain::identity::{aside_key, message_key};
use crate::domain::ids::{ClientId, Email};
use crate::mail::message::{self, Mail};
use crate::mail::{Kind, Understanding, Us};
use crate::sources::gmail::{Concerned, identity_of, recipients};
use crate::store::views::{Clues, News, Owner, Owners};
use sha2::{Digest as _, Sha256};

/// Mails that one refers to; the newest count most.
const REFERENCES_MAX: usize = 30;
const ADDRESSES_MAX: usize = 30;
/// Kinds of events that one of our mails, or one of theirs, is known as.
const KINDS: [&str; 2] = ["email_sent", "reply_received"];
/// Of a mail that is one of these itself, its own identity is known.
const OWN_KINDS: [&str; 4] = ["email_sent", "reply_received", "email_bounced", "unsubscribed"];
/// Labels of what is no mail that came or went (yet).
const SKIPPED: [&str; 4] = ["DRAFT", "SPAM", "TRASH", "CHAT"];
const SENT: &str = "SENT";
/// Of Google's domains those that are no organisation's own.
const EVERYBODYS_DOMAINS: [&str; 2] = ["gmail.com", "googlemail.com"];

/// What is to be done with a listed mail, before anything of it is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glance {
    Skip,
    /// Its headers may tell whether it concerns anybody.
    Head,
    /// It is in a known conversation.
    Raw,
}

/// What is to be done with a mail whose headers are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Skip,
    Raw,
    /// It concerns nobody who is known now.
    Aside,
}

/// Archived mail has no label at all, and counts.
pub(super) fn glance(labels: &[String], is_thread_known: bool) -> Glance {
    if is_skipped(labels) {
        Glance::Skip
    } else if is_thread_known {
        Glance::Raw
    } else {
        Glance::Head
    }
}

pub(super) fn is_skipped(labels: &[String]) -> bool {
    labels.iter().any(|label| SKIPPED.contains(&label.as_str()))
}

/// Mail to oneself is in the inbox too, and still ours.
pub(super) fn is_sent(labels: &[String]) -> bool {
    labels.iter().any(|label| label == SENT)
}

pub(super) fn verdict(labels: &[String], head: &Mail, us: &Us, concerned: &Concerned) -> Verdict {
    let is_ours = is_sent(labels) || is_from_us(head, us);
    if is_skipped(labels) {
        Verdict::Skip
    } else if !concerned.is_nobody() || (!is_ours && may_be_report(head)) {
        Verdict::Raw
    } else if is_ours && recipients(head, us).is_empty() {
        // Among ourselves.
        Verdict::Skip
    } else {
        Verdict::Aside
    }
}

/// A bounce or a complaint tells in its body whom it concerns.
fn may_be_report(head: &Mail) -> bool {
    let is_postman = head.from.iter().any(|from| {
        let local = from.address.as_str().split('@').next().unwrap_or_default();
        local.starts_with("mailer-daemon") || local.starts_with("postmaster") || local == "mail-daemon"
    });
    let has_null_path = head.header("return-path").is_some_and(|path| matches!(path.trim(), "<>" | ""));
    let is_report = head.content_type.starts_with("multipart/report") || head.report_type.is_some();
    is_postman || has_null_path || is_report || head.header("x-failed-recipients").is_some()
}

fn is_from_us(mail: &Mail, us: &Us) -> bool {
    mail.from.first().is_some_and(|from| us.mailboxes.contains(&from.address))
}

/// Somebody of our own domain whose mailbox is not read: what such a person writes in a lead's conversation is not the lead's.
fn is_from_inside(mail: &Mail, us: &Us) -> bool {
    let domain = |address: &Email| address.as_str().rsplit_once('@').map(|(_, domain)| domain.to_owned());
    let Some(from) = mail.from.first().and_then(|from| domain(&from.address)) else { return false };
    let is_everybodys = EVERYBODYS_DOMAINS.contains(&from.as_str());
    !is_everybodys && us.mailboxes.iter().any(|ours| domain(ours).as_ref() == Some(&from))
}

/// The headers of a message as a mail without a body.
pub(super) fn mail_of_head(headers: &[(String, String)]) -> Mail {
    let mut raw = String::new();
    for (name, value) in headers {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
            continue;
        }
        let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        raw.push_str(&format!("{name}: {value}\r\n"));
    }
    raw.push_str("\r\n");
    message::parse(raw.as_bytes())
}

/// The ways from a mail to whom it concerns, each as far as the mail tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Trail {
    /// The mail's own identity: another source may have told it already.
    own: Option<String>,
    /// Of the mails that it refers to, the surest first.
    referred: Vec<String>,
    /// Gmail's, of this mailbox.
    thread_id: Option<String>,
    /// Who wrote it, or to whom we wrote, or who was not reached.
    addresses: Vec<Email>,
    /// Mail of ours goes to whom it is addressed, whatever it refers to: one that is passed on to others is no answer.
    is_ours: bool,
    /// The writer counts only as a contact, if at all.
    is_from_inside: bool,
}

impl Trail {
    pub(super) fn of_mail(mail: &Mail, us: &Us, thread_id: &str, is_sent: bool) -> Self {
        let is_ours = is_sent || is_from_us(mail, us);
        let addresses = if is_ours {
            recipients(mail, us)
        } else {
            mail.from.iter().take(1).map(|from| from.address.clone()).collect()
        };
        let referred = mail.in_reply_to.iter().chain(mail.references.iter().rev());
        let is_from_inside = !is_ours && is_from_inside(mail, us);
        Self { is_ours, is_from_inside, ..Self::new(mail, referred, Some(thread_id), addresses) }
    }

    /// With what a report tells of the mail that it is about.
    pub(super) fn of_understood(
        mail: &Mail,
        understanding: &Understanding,
        us: &Us,
        thread_id: &str,
        is_sent: bool,
    ) -> Self {
        let referred = |first: &[String]| -> Vec<String> {
            first.iter().chain(&mail.in_reply_to).chain(mail.references.iter().rev()).cloned().collect()
        };
        match &understanding.kind {
            Kind::Bounce(bounce) if !is_sent => {
                let addresses = bounce.undelivered.iter().filter_map(|one| one.recipient.clone()).collect();
                Self::new(mail, referred(&bounce.original_message_ids).iter(), Some(thread_id), addresses)
            }
            // It has a thread of its own, or lies in one with other complaints.
            Kind::Complaint(complaint) if !is_sent => {
                Self::new(mail, complaint.original_message_ids.iter(), None, complaint.recipients.clone())
            }
            Kind::Own
            | Kind::Bounce(_)
            | Kind::Complaint(_)
            | Kind::Challenge
            | Kind::Automatic(_)
            | Kind::Bulk
            | Kind::Person => Self::of_mail(mail, us, thread_id, is_sent),
        }
    }

    fn new<'a>(
        mail: &Mail,
        referred: impl Iterator<Item = &'a String>,
        thread_id: Option<&str>,
        addresses: Vec<Email>,
    ) -> Self {
        let own = mail.message_id.as_deref().and_then(identity_of);
        let mut unique: Vec<String> = Vec::new();
        for identity in referred.filter_map(|id| identity_of(id)).take(2 * REFERENCES_MAX) {
            if unique.len() < REFERENCES_MAX && Some(&identity) != own.as_ref() && !unique.contains(&identity) {
                unique.push(identity);
            }
        }
        let thread_id = thread_id.filter(|id| !id.is_empty()).map(str::to_owned);
        let addresses = addresses.into_iter().take(ADDRESSES_MAX).collect();
        Self { own, referred: unique, thread_id, addresses, is_ours: false, is_from_inside: false }
    }

    pub(super) fn add_to(&self, clues: &mut Clues) {
        let own = self.own.iter().flat_map(|own| OWN_KINDS.map(|kind| message_key(kind, own)));
        clues.event_keys.extend(own);
        for identity in &self.referred {
            clues.event_keys.extend(KINDS.map(|kind| message_key(kind, identity)));
            clues.event_keys.extend(self.addresses.first().map(|address| sent_to(identity, address)));
        }
        clues.threads.extend(self.thread_id.clone());
        clues.addresses.extend(self.addresses.iter().cloned());
    }

    pub(super) fn concerned(&self, owners: &Owners) -> Concerned {
        if self.is_from_inside && !self.addresses.iter().any(|writer| owners.contacts.contains(writer)) {
            return Concerned::default();
        }
        let by_thread =
            self.told_already(owners).or_else(|| self.referred_to(owners)).or_else(|| self.in_thread(owners));
        let by_address = self.addresses.iter().filter(|address| owners.contacts.contains(address)).cloned().collect();
        Concerned { by_thread, by_address }
    }

    fn told_already(&self, owners: &Owners) -> Option<Email> {
        let own = self.own.as_ref()?;
        let known = OWN_KINDS.iter().find_map(|kind| owners.by_event_key.get(&message_key(kind, own)))?;
        Some(known.contact.clone())
    }

    fn referred_to(&self, owners: &Owners) -> Option<Email> {
        self.referred.iter().find_map(|identity| {
            // One mail of ours may have gone to several contacts: the one who answers is meant.
            let to_the_writer = self.addresses.first().map(|address| sent_to(identity, address));
            let keys = to_the_writer.into_iter().chain(KINDS.map(|kind| message_key(kind, identity)));
            let mut known = keys.filter_map(|key| owners.by_event_key.get(&key));
            known.find(|owner| self.may_be(owner)).map(|owner| owner.contact.clone())
        })
    }

    fn in_thread(&self, owners: &Owners) -> Option<Email> {
        let inside = owners.by_thread.get(self.thread_id.as_ref()?)?;
        let writer = inside.iter().find(|owner| self.addresses.first() == Some(&owner.contact));
        let owner = writer.or_else(|| inside.iter().find(|owner| self.may_be(owner)))?;
        Some(owner.contact.clone())
    }

    fn may_be(&self, owner: &Owner) -> bool {
        let goes_to = |address: &Email| self.addresses.contains(address);
        !self.is_ours || goes_to(&owner.contact) || owner.used.as_ref().is_some_and(goes_to)
    }

    /// What could tell later whom it concerns; nothing of it can be read back.
    pub(super) fn aside_keys(&self, client_id: &ClientId) -> Vec<String> {
        let by_address = self.addresses.iter().map(|address| aside_key(client_id, address));
        if self.is_from_inside {
            return by_address.collect();
        }
        let mut keys: Vec<String> =
            self.own.iter().chain(&self.referred).map(|identity| message_aside(identity)).collect();
        keys.extend(self.thread_id.as_deref().map(thread_aside));
        keys.extend(by_address);
        keys
    }
}

/// The keys under which something was set aside that this could tell of.
pub(super) fn aside_keys_of(news: &News) -> Vec<String> {
    let mut keys = vec![aside_key(&news.key.client_id, &news.key.email)];
    keys.extend(news.dedupe_key.split_once(":m:").map(|(_, identity)| message_aside(identity)));
    keys.extend(news.thread_id.as_deref().map(thread_aside));
    keys
}

/// The key of an event of one of several recipients.
fn sent_to(identity: &str, address: &Email) -> String {
    format!("{}:{address}", message_key("email_sent", identity))
}

/// Hashed like the addresses: an identity may hold one.
fn message_aside(identity: &str) -> String {
    format!("m:{}", hash(&[identity]))
}

fn thread_aside(thread_id: &str) -> String {
    format!("t:{thread_id}")
}

fn hash(parts: &[&str]) -> String {
    hex::encode(Sha256::digest(parts.join("\n")))
}

#[cfg(test)]
mod tests;
