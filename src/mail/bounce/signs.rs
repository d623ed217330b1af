//! Whether a mail without a delivery status report is one about a failed delivery.
//!
//! No single sign will do: an absence notice comes with an empty Return-Path too, a person quotes a bounce or forwards one, an
//! administrator's own mail comes from postmaster. So the sender, the subject and the text must go together.

use super::lexicon::fold;
use super::sign_words::{BODIES, BodySign, DAEMONS, SUBJECTS, SubjectSign};
use super::{codes, original};
use crate::mail::message::Mail;

/// How far from its beginning a text must speak like a server, in bytes, where nothing else says that a server wrote it.
const BEGINNING_BYTES: usize = 300;

/// What speaks for and against.
#[derive(Debug, Default)]
struct Signs {
    /// The sender's address or name is that of a mail server.
    daemon: bool,
    /// `Return-Path: <>`.
    null_path: bool,
    /// `Re:`, `Fwd:`: somebody answers or forwards.
    prefixed: bool,
    /// The text begins with a quotation.
    quoted: bool,
    returned_part: bool,
    /// It calls itself a report by its type.
    named: bool,
    /// The words of failure stand behind other words in the subject: "Re: your offer: not delivered".
    subject_failure_behind: bool,
    subject_failure: bool,
    subject_delay: bool,
    subject_success: bool,
    subject_answer: bool,
    server: bool,
    server_at_beginning: bool,
    failure: bool,
    smtp: bool,
    returned: bool,
    other: bool,
    /// A header calls it machine-made.
    machine: bool,
}

/// What shows that a mail reports a failed delivery. `zone` is its text before the returned mail, `folded` the same, folded.
pub(super) fn of_mail(mail: &Mail, zone: &str, folded: &str) -> Option<String> {
    if let Some(failed) = mail.header("x-failed-recipients").filter(|failed| !failed.trim().is_empty()) {
        return Some(format!("X-Failed-Recipients: {}", super::shortened(failed, 100)));
    }
    if mail.header("x-ms-exchange-message-is-ndr").is_some() {
        return Some("X-MS-Exchange-Message-Is-Ndr".to_owned());
    }
    let signs = Signs::of(mail, zone, folded);
    signs.proof().map(|proof| format!("{proof}; subject \u{201c}{}\u{201d}", super::shortened(&mail.subject, 100)))
}

/// Whether a mail can be such a report at all: cheap, so that the texts of persons are not searched.
pub(super) fn is_possible(mail: &Mail) -> bool {
    mail.header("x-failed-recipients").is_some()
        || mail.header("x-ms-exchange-message-is-ndr").is_some()
        || is_daemon(mail)
        || has_null_path(mail)
        || is_machine(mail)
        || mail.report_type.is_some()
        || SUBJECTS.found(&fold(&mail.subject)).any(|(sign, _)| is_report_subject(sign))
        || original::part(mail).is_some()
}

fn is_report_subject(sign: SubjectSign) -> bool {
    match sign {
        SubjectSign::Failure | SubjectSign::Delay => true,
        SubjectSign::Success | SubjectSign::Answer => false,
    }
}

impl Signs {
    fn of(mail: &Mail, zone: &str, folded: &str) -> Self {
        let mut signs = Self {
            quoted: zone.lines().filter(|line| !line.trim().is_empty()).take(3).any(|line| line.starts_with('>')),
            daemon: is_daemon(mail),
            null_path: has_null_path(mail),
            prefixed: is_prefixed(&mail.subject),
            machine: is_machine(mail),
            named: is_named_report(mail),
            returned: original::part(mail).is_some(),
            returned_part: original::part(mail).is_some(),
            smtp: codes::has_reply_with_status(folded) || zone.lines().any(is_reply_line),
            ..Self::default()
        };
        let behind_prefix = mail.subject.find(':').map_or(0, |at| at + 4);
        for (sign, at) in SUBJECTS.found(&fold(&mail.subject)) {
            match sign {
                SubjectSign::Failure => {
                    signs.subject_failure_behind =
                        at > behind_prefix && (signs.subject_failure_behind || !signs.subject_failure);
                    signs.subject_failure = true;
                }
                SubjectSign::Delay => signs.subject_delay = true,
                SubjectSign::Success => signs.subject_success = true,
                SubjectSign::Answer => signs.subject_answer = true,
            }
        }
        for (sign, at) in BODIES.found(folded) {
            match sign {
                BodySign::Server => {
                    signs.server = true;
                    signs.server_at_beginning |= at < BEGINNING_BYTES;
                }
                BodySign::Failure => signs.failure = true,
                BodySign::Smtp => signs.smtp = true,
                BodySign::Returned => signs.returned = true,
                BodySign::Other => signs.other = true,
            }
        }
        signs
    }

    /// The rules, the first that holds. Each says what it takes and why less will not do.
    fn proof(&self) -> Option<&'static str> {
        let subject = self.subject_failure || self.subject_delay;
        let from_server = self.daemon || self.null_path;
        // A report of success or of a reading; "delivery status notification (success)" holds words of failure too.
        if self.subject_success && !(self.smtp && self.failure) {
            return None;
        }
        // Boxbe and its like: they quote nothing that a server said.
        if self.other && !self.smtp && !(self.daemon && self.subject_failure) {
            return None;
        }
        // An absence notice may say that mail "will not be delivered"; only a server's own words outweigh its subject.
        if self.subject_answer && !subject && !(self.smtp && self.server) {
            return None;
        }
        // Somebody answers a bounce or forwards it; some servers put their "not delivered" behind the subject that they return.
        let is_plain_report = self.subject_failure_behind && self.server_at_beginning && self.failure;
        let is_machine = self.null_path || self.named || is_plain_report || (self.daemon && self.smtp && self.failure);
        if (self.prefixed && !is_machine) || (self.quoted && !self.null_path && !self.named) {
            return None;
        }
        if from_server && subject {
            return Some("a mail server's report by sender and subject");
        }
        if self.daemon && (self.server || self.smtp || self.failure) {
            return Some("a mail server's report by sender and words");
        }
        if self.null_path && self.server && (self.smtp || self.returned || self.failure) {
            return Some("an empty Return-Path and the words of a mail server");
        }
        if self.null_path && self.smtp && (self.returned || self.failure) {
            return Some("an empty Return-Path and the answer of a mail server");
        }
        if subject && (self.server || self.smtp) && (self.returned || self.machine || (self.server && self.smtp)) {
            return Some("a mail server's report by subject and words");
        }
        if subject && self.failure && (self.returned_part || self.server_at_beginning) {
            return Some("a report by subject and words");
        }
        if self.server_at_beginning && (self.returned || self.smtp) && (self.failure || self.machine) {
            return Some("the words of a mail server");
        }
        None
    }
}

/// A question back to the sender in the form of a report, as Boxbe sends it.
pub(super) fn is_challenge(mail: &Mail, folded: &str) -> bool {
    !is_daemon(mail) && BODIES.found(folded).any(|(sign, _)| sign == BodySign::Other)
}

/// Whether a mail server sent it, as far as its sender tells.
pub(super) fn is_of_server(mail: &Mail) -> bool {
    is_daemon(mail) || has_null_path(mail)
}

fn is_named_report(mail: &Mail) -> bool {
    mail.content_type == "multipart/report"
        || mail.parts.iter().any(|part| part.content_type.ends_with("delivery-status"))
}

/// A line that begins with a reply: `550 - no such user here`.
fn is_reply_line(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '>', '<', '#']);
    line.split_at_checked(4).is_some_and(|(start, rest)| {
        start.ends_with([' ', '-']) && codes::first_reply(start).is_some() && rest.trim().contains(' ')
    })
}

/// What speaks for a mail server as the sender: its name, or none at all.
fn is_daemon(mail: &Mail) -> bool {
    if mail.header("from").is_some_and(|from| matches!(from.trim(), "" | "<>")) {
        return true;
    }
    ["from", "sender"]
        .iter()
        .filter_map(|name| mail.header(name))
        .any(|value| DAEMONS.found(&fold(value)).next().is_some())
}

fn has_null_path(mail: &Mail) -> bool {
    mail.header("return-path").is_some_and(|path| {
        let path = path.trim();
        path == "<>" || path.is_empty() || path.to_ascii_lowercase().contains("mailer-daemon")
    })
}

fn is_machine(mail: &Mail) -> bool {
    let is_automatic = mail.header("auto-submitted").is_some_and(|value| {
        let word = value.trim().to_ascii_lowercase();
        !word.is_empty() && !word.starts_with("no")
    });
    is_automatic || mail.content_type == "multipart/report"
}

/// An answer to something, or something passed on, by its prefix.
fn is_prefixed(subject: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "re",
        "fwd",
        "fw",
        "aw",
        "wg",
        "tr",
        "rv",
        "res",
        "enc",
        "sv",
        "vs",
        "vb",
        "antw",
        "antwort",
        "odp",
        "pd",
        "rif",
        "ref",
        "ynt",
        "ilt",
        "vá",
        "továbbítás",
        "rép",
        "i",
        "r",
        "回复",
        "转发",
        "回覆",
        "轉寄",
        "答复",
        "отв",
        "на",
    ];
    let Some((prefix, _)) = subject.split_once([':', '\u{ff1a}']) else {
        return false;
    };
    let prefix = prefix.split('[').next().unwrap_or(prefix).trim().to_lowercase();
    PREFIXES.contains(&prefix.as_str())
}

/// Whether the text only says that delivery is delayed.
pub(super) fn is_delay(mail: &Mail, zone: &str) -> bool {
    const DELAYS: &[&str] = &[
        "this is a warning message only",
        "you do not need to resend",
        "has not yet been delivered",
        "will keep trying",
        "still being retried",
        "delivery attempts will continue",
        "will continue to be attempted",
        "has been delayed",
        "delivery to the following recipients has been delayed",
        "action: delayed",
    ];
    let mut subjects = SUBJECTS.found(&fold(&mail.subject)).map(|(sign, _)| sign).collect::<Vec<_>>().into_iter();
    if subjects.any(|sign| sign == SubjectSign::Delay) {
        return true;
    }
    let folded = fold(zone);
    DELAYS.iter().any(|words| folded.contains(words))
}
