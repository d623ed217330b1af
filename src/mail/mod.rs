//! Understanding a mail: what it is before what it says. Pure: bytes and a few facts in, values out.
//!
//! The order of decision matters: a bounce of Exim's or Gmail's calls itself an automatic reply, an out-of-office notice quotes our
//! own footer that says "unsubscribe". So a mail is told apart first (our own copy, complaint, bounce, challenge, automatic reply,
//! bulk, person) and only then read.

pub mod automatic;
pub mod bounce;
pub mod complaint;
pub mod intent_words;
pub mod message;
pub mod opt_out;
pub mod return_date;
pub mod visible;

use crate::domain::ids::Email;
use crate::domain::intent::Intent;
use automatic::Automatic;
use bounce::Bounce;
use chrono::{DateTime, FixedOffset};
use complaint::Complaint;
use message::Mail;
use opt_out::OptOut;
use return_date::ReturnDate;
use visible::folded::Folded;

/// Who "we" are.
#[derive(Debug, Clone, Default)]
pub struct Us {
    /// Our mailboxes: mail from one of them is a copy of our own.
    pub mailboxes: Vec<Email>,
}

/// What a mail is. The first that holds, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// We wrote it.
    Own,
    /// A feedback report: the person pressed "spam".
    Complaint(Complaint),
    /// It could not be delivered, or not yet.
    Bounce(Bounce),
    /// A sender verification that waits for somebody to press a button.
    Challenge,
    Automatic(Automatic),
    /// A newsletter or a list, in answer to nothing.
    Bulk,
    Person,
}

/// What a mail is and says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understanding {
    pub kind: Kind,
    /// What decided the kind, in words for an operator: `Auto-Submitted: auto-replied`.
    pub because: String,
    /// What is new in it: without quotes and signature. Always part of the mail's own text.
    pub visible: String,
    /// The person wants no more mail.
    pub opt_out: Option<OptOut>,
    /// Of a person's words where they are clear; none where a person has to look.
    pub intent: Option<Intent>,
}

impl Understanding {
    /// One word for what it is: `own`, `complaint`, `bounce`, `challenge`, `out_of_office`, `left_company`, `receipt`, `automatic`,
    /// `bulk`, `opt_out` or `person`.
    pub const fn class(&self) -> &'static str {
        match &self.kind {
            Kind::Own => "own",
            Kind::Complaint(_) => "complaint",
            Kind::Bounce(_) => "bounce",
            Kind::Challenge => "challenge",
            Kind::Automatic(Automatic::OutOfOffice { .. }) => "out_of_office",
            Kind::Automatic(Automatic::LeftCompany) => "left_company",
            Kind::Automatic(Automatic::Receipt) => "receipt",
            Kind::Automatic(Automatic::Other) => "automatic",
            Kind::Bulk => "bulk",
            Kind::Person => {
                if self.opt_out.is_some() {
                    "opt_out"
                } else {
                    "person"
                }
            }
        }
    }

    /// The day on which an absent person is back.
    pub const fn return_date(&self) -> Option<ReturnDate> {
        match self.kind {
            Kind::Automatic(Automatic::OutOfOffice { return_date }) => return_date,
            Kind::Automatic(Automatic::LeftCompany | Automatic::Receipt | Automatic::Other)
            | Kind::Own
            | Kind::Complaint(_)
            | Kind::Bounce(_)
            | Kind::Challenge
            | Kind::Bulk
            | Kind::Person => None,
        }
    }
}

/// A mail as a platform hands it on: without headers.
#[derive(Debug, Clone, Copy)]
pub struct PlatformText<'a> {
    pub subject: Option<&'a str>,
    pub text: Option<&'a str>,
    pub html: Option<&'a str>,
    /// When it was written, for dates without a year.
    pub at: DateTime<FixedOffset>,
    /// The platform says that a machine wrote it.
    pub is_automatic: bool,
}

/// Builds the tables of words, which takes a tenth of a second: so that no first mail waits for them.
pub fn prepare() {
    let text = PlatformText {
        subject: Some("Re: Automatic reply"),
        text: Some("I am out of the office until Monday. Please remove me."),
        html: None,
        at: DateTime::UNIX_EPOCH.fixed_offset(),
        is_automatic: false,
    };
    drop(understand_text(&text));
    drop(bounce::permanence_of_text("550 5.1.1 user unknown"));
}

/// Understands a whole mail, as it came over the wire.
pub fn understand(raw: &[u8], us: &Us, received_at: DateTime<FixedOffset>) -> Understanding {
    let mail = message::parse(raw);
    understand_mail(&mail, us, received_at)
}

/// Understands a mail that is parsed already. `received_at` anchors dates where the mail has no Date of its own.
pub fn understand_mail(mail: &Mail, us: &Us, received_at: DateTime<FixedOffset>) -> Understanding {
    let visible = visible::of_mail(mail);
    let (kind, because) = kind(mail, us, &visible, mail.date.unwrap_or(received_at));
    with_words(mail, visible, kind, because)
}

/// Understands what a platform hands on of a mail: by its subject and its words alone.
pub fn understand_text(text: &PlatformText<'_>) -> Understanding {
    let mail = message::of_platform(text);
    let visible = visible::of_mail(&mail);
    let (kind, because) = if text.is_automatic {
        let (automatic, because) = automatic::certainly(&mail, &visible, text.at);
        (Kind::Automatic(automatic), because)
    } else {
        kind(&mail, &Us::default(), &visible, text.at)
    };
    with_words(&mail, visible, kind, because)
}

/// What a person says is read only where a person wrote it.
fn with_words(mail: &Mail, visible: String, kind: Kind, because: String) -> Understanding {
    let (opt_out, intent) = match &kind {
        Kind::Person => {
            let words = Folded::of(&visible);
            match opt_out::of_mail(mail, &visible, &words) {
                Some(opt_out) => (Some(opt_out), Some(Intent::Unsubscribe)),
                None => (None, intent_words::of(&words)),
            }
        }
        Kind::Own | Kind::Complaint(_) | Kind::Bounce(_) | Kind::Challenge | Kind::Automatic(_) | Kind::Bulk => {
            (None, None)
        }
    };
    Understanding { kind, because, visible, opt_out, intent }
}

fn kind(mail: &Mail, us: &Us, visible: &str, anchor: DateTime<FixedOffset>) -> (Kind, String) {
    if let Some(from) = mail.from.first().filter(|from| us.mailboxes.contains(&from.address)) {
        return (Kind::Own, format!("From is our mailbox {}", from.address));
    }
    if let Some((complaint, because)) = complaint::of_mail(mail) {
        return (Kind::Complaint(complaint), because);
    }
    if let Some(because) = other_report(mail) {
        return (Kind::Automatic(Automatic::Other), because);
    }
    if let Some((bounce, because)) = bounce::of_mail(mail) {
        return (Kind::Bounce(bounce), because);
    }
    if let Some(because) = automatic::is_challenge(mail, visible) {
        return (Kind::Challenge, because);
    }
    if let Some((automatic, because)) = automatic::of_mail(mail, visible, anchor) {
        return (Kind::Automatic(automatic), because);
    }
    if let Some(because) = automatic::is_bulk(mail) {
        return (Kind::Bulk, because);
    }
    (Kind::Person, "nothing says that a machine wrote it".to_owned())
}

/// A report of a machine to us as senders that is no complaint: about authentication (RFC 6591), a mail wrongly taken for spam
/// (RFC 6430), the day's DMARC results (RFC 7489 7.2.1.1 names their subject).
fn other_report(mail: &Mail) -> Option<String> {
    let is_feedback = mail.part("message/feedback-report").is_some();
    let subject = mail.subject.to_ascii_lowercase();
    let is_aggregate = subject.contains("report domain:") && subject.contains("submitter:");
    match (is_feedback, is_aggregate) {
        (true, _) => Some("a feedback report that is no complaint".to_owned()),
        (false, true) => Some("a DMARC report by its subject".to_owned()),
        (false, false) => None,
    }
}
