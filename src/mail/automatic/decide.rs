//! The decision, out of what headers, subject and text say.

use super::headers::{self, Signals};
use super::subject::{self, Reading};
use super::text::{self, Absence, Text};
use super::words::{Cue, Subject};
use super::{Automatic, Mail, challenge};
use crate::mail::return_date::{self, Confidence, ReturnDate};
use chrono::{DateTime, FixedOffset};

/// What the words of a body must weigh where nothing else speaks for a machine: in the text of a platform, in an answer, and in a
/// mail that answers nothing (a person tells colleagues of a leave in the words of a notice).
const SCORE_OF_PLATFORM_TEXT: i32 = 3;
const SCORE_OF_SHORT_ANSWER: i32 = 3;
const SCORE_OF_ANSWER: i32 = 4;
const SCORE_OF_FIRST_MAIL: i32 = 6;
/// However much else speaks for it, the text has to say something.
const SCORE_MIN: i32 = 2;

/// A mail with everything that is read of it, once.
pub(super) struct Read<'a> {
    mail: &'a Mail,
    visible: &'a str,
    signals: Signals,
    subject: Reading,
    text: Text,
    return_date: Option<ReturnDate>,
}

impl<'a> Read<'a> {
    pub(super) fn new(mail: &'a Mail, visible: &'a str, anchor: DateTime<FixedOffset>) -> Read<'a> {
        let signals = headers::read(mail);
        let subject = subject::read(&mail.subject);
        let text = text::read(visible);
        // Dates are looked for only where there is an absence or a return.
        let is_absence = text.absence != Absence::None
            || [Cue::Closed, Cue::Back, Cue::Later].into_iter().any(|cue| text.has(cue))
            || [&subject.sure, &subject.hint].into_iter().flatten().any(|(subject, _)| is_absence(*subject))
            || signals.sure.is_some();
        let return_date = if is_absence { return_date::of_mail(mail, visible, anchor) } else { None };
        Read { mail, visible, signals, subject, text, return_date }
    }

    /// What shows that a machine answered; none for a person.
    pub(super) fn automatic(&self) -> Option<String> {
        self.notification()
            .or_else(|| self.signals.sure.clone())
            .or_else(|| self.by_generated())
            .or_else(|| self.by_subject())
            .or_else(|| self.by_text())
            .or_else(|| self.by_challenge())
    }

    /// The kind of an automatic reply. Whoever has left says so even where the notice was made for a leave; an absence is told before
    /// a receipt that is only polite.
    pub(super) fn kind(&self) -> Automatic {
        if self.notification().is_some() {
            return Automatic::Other;
        }
        let text = &self.text;
        let subject = self.subject.sure.as_ref().or(self.subject.hint.as_ref()).map(|(subject, _)| *subject);
        let absence_is_first =
            |other: usize| text.absence == Absence::Own && text.absence_at.is_some_and(|at| at < other);
        if let Some(left) = text.first(Cue::Left).filter(|at| !absence_is_first(*at)) {
            // Whoever tells a new address first is still there, even where the old address goes.
            let is_moved = text.first(Cue::Moved).is_some_and(|at| at <= left);
            return if is_moved { Automatic::Other } else { Automatic::LeftCompany };
        }
        let receipt = text.first(Cue::Receipt);
        let is_absence = match text.absence {
            Absence::Own => true,
            Absence::Spoken => receipt.is_none(),
            Absence::None => text.has(Cue::Closed) && receipt.is_none(),
        };
        if is_absence || subject.is_some_and(is_absence_named) || self.signals.is_vacation {
            return self.out_of_office();
        }
        if receipt.is_some() {
            return Automatic::Receipt;
        }
        if text.has(Cue::Later) || self.return_date.is_some_and(|back| back.confidence > Confidence::Low) {
            return self.out_of_office();
        }
        match subject {
            Some(Subject::Left) => Automatic::LeftCompany,
            // The new address is told; the person is still there.
            Some(Subject::Moved) => Automatic::Other,
            Some(Subject::Receipt) => Automatic::Receipt,
            Some(Subject::AbsenceHint) => self.out_of_office(),
            Some(Subject::Automatic | Subject::Absence | Subject::Invitation | Subject::Read) | None => {
                if text.has(Cue::ReceiptHint) {
                    Automatic::Receipt
                } else if text.has(Cue::LeftHint) {
                    Automatic::LeftCompany
                } else {
                    Automatic::Other
                }
            }
        }
    }

    fn out_of_office(&self) -> Automatic {
        Automatic::OutOfOffice { return_date: self.return_date }
    }

    /// Answers to invitations, and read receipts (RFC 8098): machines write them on a person's command, and they tell no absence.
    fn notification(&self) -> Option<String> {
        let is_answer = |part: &super::super::message::Part| {
            part.content_type == "text/calendar" && text::has_word(&part.text, "method:reply")
        };
        if self.mail.parts.iter().any(is_answer) {
            return Some("the answer to an invitation (text/calendar, METHOD:REPLY)".to_owned());
        }
        if self.mail.report_type.as_deref() == Some("disposition-notification")
            || self.mail.part("message/disposition-notification").is_some()
        {
            return Some("a read receipt (disposition-notification)".to_owned());
        }
        match &self.subject.sure {
            Some((Subject::Invitation | Subject::Read, phrase))
                if self.text.has(Cue::Read) || (self.is_platform_text() && self.text.is_blank) =>
            {
                Some(format!("the subject begins with “{phrase}”"))
            }
            Some(_) | None => None,
        }
    }

    /// A machine wrote it: an answer only where something else says so. Notifications of all kinds carry the same header.
    fn by_generated(&self) -> Option<String> {
        let generated = self.signals.generated.as_ref()?;
        let needed = if self.is_answer() { SCORE_MIN } else { SCORE_OF_PLATFORM_TEXT };
        let says = self.subject.sure.is_some() || self.reaches(needed, needed);
        if says {
            return Some(format!("{generated}, and {}", self.words()));
        }
        // Ticket systems send what their agents write in the same way.
        let may_be_person =
            self.signals.is_ticket_system || self.signals.list.is_some() || self.text.person_score(2) > 2;
        if !self.is_answer() || may_be_person {
            return None;
        }
        Some(format!("{generated}, in answer to a mail"))
    }

    fn by_subject(&self) -> Option<String> {
        let (subject, phrase) = self.subject.sure.as_ref()?;
        let because = format!("the subject begins with “{phrase}”");
        let is_dated = self.return_date.is_some_and(|back| back.confidence > Confidence::Low);
        let says = self.reaches(1, 1) || is_dated;
        match subject {
            Subject::Automatic => Some(because),
            Subject::Absence if self.is_platform_text() => (says || self.text.person_score(2) < 3).then_some(because),
            Subject::AbsenceHint if self.is_platform_text() => (says || self.text.is_blank).then_some(because),
            Subject::Absence | Subject::AbsenceHint => {
                let is_backed = (self.is_answer() && (says || self.text.is_blank || *subject == Subject::Absence))
                    || !self.signals.weak.is_empty()
                    || self.reaches(SCORE_OF_PLATFORM_TEXT, SCORE_OF_PLATFORM_TEXT)
                    || is_dated;
                (is_backed && self.recipients() <= 1).then_some(because)
            }
            Subject::Left | Subject::Moved | Subject::Receipt | Subject::Invitation | Subject::Read => None,
        }
    }

    fn by_text(&self) -> Option<String> {
        let weak = &self.signals.weak;
        // A responder answers one person.
        let is_bulk = (self.signals.list.is_some() || self.signals.precedence.is_some()) && !self.is_answer();
        if (self.recipients() > 1 || is_bulk) && weak.is_empty() {
            return None;
        }
        let mut needed = match (self.is_platform_text(), self.is_answer()) {
            (true, _) => SCORE_OF_PLATFORM_TEXT,
            (false, true) if self.text.is_short => SCORE_OF_SHORT_ANSWER,
            (false, true) => SCORE_OF_ANSWER,
            (false, false) => SCORE_OF_FIRST_MAIL,
        };
        needed -= match self.subject.hint {
            Some((Subject::Automatic | Subject::Absence, _)) => 2,
            Some((Subject::AbsenceHint, _)) => 1,
            Some((Subject::Left | Subject::Moved | Subject::Receipt | Subject::Invitation | Subject::Read, _))
            | None => 0,
        };
        needed -= if weak.is_empty() { 0 } else { 2 };
        needed -= i32::from(self.subject.has_own_part);
        needed -= i32::from(is_from_machine(self.mail));
        let needed = needed.max(SCORE_MIN);
        // Receipts of forms and desks often refer to nothing, and no person writes like them.
        if self.reaches(needed, needed.min(SCORE_OF_ANSWER)) {
            let with = weak.first().map(|name| format!("{name}, and ")).unwrap_or_default();
            return Some(format!("{with}{}", self.words()));
        }
        let has = |name: &str| weak.contains(&name);
        let is_silent = has("Return-Path: <>") && has("X-Auto-Response-Suppress") && self.text.person_score(2) == 0;
        (is_silent && self.is_answer()).then(|| "Return-Path: <> and X-Auto-Response-Suppress".to_owned())
    }

    /// In a platform's text there is nowhere else to tell a challenge.
    fn by_challenge(&self) -> Option<String> {
        if self.is_platform_text() { challenge::of_mail(self.mail, self.visible) } else { None }
    }

    /// Whether the words weigh as much: as a notice, or as a receipt.
    fn reaches(&self, as_notice: i32, as_receipt: i32) -> bool {
        let names = |wanted: &[Subject]| {
            [&self.subject.sure, &self.subject.hint].into_iter().flatten().any(|(subject, _)| wanted.contains(subject))
        };
        self.text.absence_score(self.return_date.is_some()) >= as_notice
            || self.text.left_score(names(&[Subject::Left, Subject::Moved])) >= as_notice
            || self.text.receipt_score(names(&[Subject::Receipt])) >= as_receipt
    }

    /// The words that decided.
    fn words(&self) -> String {
        if let Some((_, phrase)) = &self.subject.sure {
            return format!("the subject begins with “{phrase}”");
        }
        let cues = [
            Cue::Declared,
            Cue::MyAbsence,
            Cue::Absent,
            Cue::Left,
            Cue::Moved,
            Cue::Closed,
            Cue::Receipt,
            Cue::Later,
            Cue::Notice,
            Cue::ReceiptHint,
            Cue::Back,
        ];
        format!("the text says {}", self.text.quoted(&cues))
    }

    fn is_platform_text(&self) -> bool {
        self.mail.headers.is_empty()
    }

    fn is_answer(&self) -> bool {
        !self.mail.in_reply_to.is_empty() || !self.mail.references.is_empty() || self.subject.is_reply
    }

    fn recipients(&self) -> usize {
        self.mail.to.len() + self.mail.cc.len()
    }
}

/// Whether headers or the sender's address show that a machine sent a mail.
pub(super) fn is_by_machine(mail: &Mail) -> bool {
    let signals = headers::read(mail);
    signals.sure.is_some() || signals.generated.is_some() || !signals.weak.is_empty() || is_from_machine(mail)
}

/// Whether the sender is nobody: `no-reply@`, `notifications@`.
pub(super) fn is_from_machine(mail: &Mail) -> bool {
    const NAMES: &[&str] = &[
        "noreply",
        "donotreply",
        "autoreply",
        "autoresponder",
        "notification",
        "antispam",
        "challenge",
        "nepasrepondre",
        "nichtantworten",
        "noresponder",
    ];
    mail.from.iter().any(|from| {
        let local = from.address.as_str().split('@').next().unwrap_or_default().replace(['-', '_', '.'], "");
        NAMES.iter().any(|name| local.starts_with(name))
    })
}

fn is_absence(subject: Subject) -> bool {
    match subject {
        Subject::Automatic | Subject::Absence | Subject::AbsenceHint => true,
        Subject::Left | Subject::Moved | Subject::Receipt | Subject::Invitation | Subject::Read => false,
    }
}

fn is_absence_named(subject: Subject) -> bool {
    subject == Subject::Absence
}
