//! Bounces: whose mail could not be delivered, for good or for now, and whose fault it is.
//!
//! Delivery status reports (RFC 3464) are read by their fields. About half of what mail servers send is none: those are known by
//! sender, subject and words together, and read by their lines.

mod codes;
mod lexicon;
mod meaning;
mod meaning_words;
mod original;
mod recipients;
mod report;
mod sign_words;
mod signs;

#[cfg(test)]
mod tests;

use super::message::{self, Mail};
use crate::domain::ids::Email;
use codes::Status;
use original::Original;
use recipients::Mention;
use report::{Action, Block, Report};
use std::borrow::Cow;

/// Longest diagnostic that is kept, in characters.
const DIAGNOSTIC_CHARS_MAX: usize = 500;
/// How many Message-IDs are kept.
const MESSAGE_IDS_MAX: usize = 20;
/// How many recipients of the returned mail are taken where the report names none.
const GUESSES_MAX: usize = 10;
/// How much of a text is read, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// What stands behind a failed delivery, by meaning and not by the class of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permanence {
    /// The address does not exist (any more).
    Permanent,
    /// It may work later: mailbox full, greylisting, expired, too large.
    Transient,
    /// Our sending is at fault: reputation, authentication, policy. Says nothing of the address.
    Policy,
}

/// One address that was not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The address we wrote to, where the report tells it.
    pub recipient: Option<Email>,
    pub permanence: Permanence,
    /// RFC 3463, like `5.1.1`.
    pub status: Option<String>,
    /// What the other side said, shortened.
    pub diagnostic: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// At least one.
    pub undelivered: Vec<Undelivered>,
    /// Message-IDs of the mail it is about, without brackets, the surest first.
    pub original_message_ids: Vec<String>,
    pub original_subject: Option<String>,
}

/// The bounce that a mail is, and what shows it.
pub fn of_mail(mail: &Mail) -> Option<(Bounce, String)> {
    if is_other_report(mail) || !signs::is_possible(mail) {
        return None;
    }
    match wrapped_report(mail) {
        Some(inner) => read(&inner),
        None => read(mail),
    }
}

fn read(mail: &Mail) -> Option<(Bounce, String)> {
    let text = text_of(mail);
    let report = status_part(mail).map(report::read).unwrap_or_default();
    let original = original::of_mail(mail, &text);
    let case = Case { mail, text: &text, original: &original, ours: recipients::ours(mail) };
    let folded = lexicon::fold(case.zone());
    let signs = || signs::of_mail(mail, case.zone(), &folded);
    let has_actions = report.blocks.iter().any(|block| block.action().is_some());
    let is_sure = mail.content_type == "multipart/report" || signs::is_of_server(mail);
    if has_actions && (is_sure || signs().is_some()) {
        let failed: Vec<&Block> = report.blocks.iter().filter(|block| is_failure(block)).collect();
        let action = failed.first()?.action()?;
        if signs::is_challenge(mail, &folded) {
            return None;
        }
        let undelivered = failed.iter().map(|block| case.of_block(block, failed.len())).collect();
        let because = format!("a delivery report with Action: {}", format!("{action:?}").to_lowercase());
        return Some((case.bounce(undelivered, &report), because));
    }
    let because = signs()?;
    Some((case.bounce(case.of_text(), &report), because))
}

/// The report in a mail that a filter on the way has wrapped into another.
fn wrapped_report(mail: &Mail) -> Option<Mail> {
    if status_part(mail).is_some() || !signs::is_of_server(mail) {
        return None;
    }
    let source = mail.parts.iter().find(|part| part.content_type == "message/rfc822")?.text.as_str();
    let is_report = source.contains("delivery-status") && source.contains("Final-Recipient");
    let inner = message::parse(is_report.then_some(source)?.as_bytes());
    (inner.content_type == "multipart/report" && status_part(&inner).is_some()).then_some(inner)
}

/// What the words of a platform's bounce mean, and the enhanced code among them.
pub fn permanence_of_text(text: &str) -> Option<(Permanence, Option<String>)> {
    let permanence = meaning::of(text, None)?;
    Some((permanence, Status::first_in(text).map(|status| status.to_string())))
}

/// A report about something else: that a mail was read, or that somebody complained.
fn is_other_report(mail: &Mail) -> bool {
    let is_other_type = matches!(
        mail.report_type.as_deref(),
        Some("disposition-notification" | "feedback-report" | "tlsrpt" | "dmarc" | "abuse-report")
    );
    let is_other_part = |name: &str| {
        matches!(
            name,
            "message/disposition-notification" | "message/global-disposition-notification" | "message/feedback-report"
        )
    };
    if mail.header("auto-submitted").is_some_and(|value| value.contains("(rejected)")) {
        // The Sieve filter of a mailbox refuses a mail in the form of a notice of reading.
        return false;
    }
    is_other_type || mail.parts.iter().any(|part| is_other_part(&part.content_type))
}

fn status_part(mail: &Mail) -> Option<&str> {
    let is_status = |name: &str| {
        matches!(name, "message/delivery-status" | "message/global-delivery-status" | "text/delivery-status")
    };
    // Some label it as a text.
    let is_like_one = |text: &str| text.contains("\nFinal-Recipient:") && text.contains("\nAction:");
    let typed = mail.parts.iter().find(|part| is_status(&part.content_type));
    let plain = || mail.parts.iter().find(|part| part.content_type == "text/plain" && is_like_one(&part.text));
    typed.or_else(plain).map(|part| part.text.as_str())
}

fn is_failure(block: &Block) -> bool {
    match block.action() {
        Some(Action::Failed | Action::Delayed) => true,
        Some(Action::Delivered | Action::Relayed | Action::Expanded) | None => false,
    }
}

/// What a person would read of it.
fn text_of(mail: &Mail) -> Cow<'_, str> {
    let plain = mail.text.as_deref().filter(|text| !text.trim().is_empty());
    let cut = |text: &str| text.char_indices().map(|(at, _)| at).find(|at| *at >= TEXT_BYTES_MAX).unwrap_or(text.len());
    match (plain, mail.html.as_deref()) {
        (Some(text), _) => Cow::Borrowed(text.get(..cut(text)).unwrap_or(text)),
        (None, Some(html)) => Cow::Owned(message::html_text(html.get(..cut(html)).unwrap_or(html))),
        (None, None) => Cow::Borrowed(""),
    }
}

/// All that is known of one report.
struct Case<'a> {
    mail: &'a Mail,
    text: &'a str,
    original: &'a Original,
    ours: Vec<Email>,
}

impl<'a> Case<'a> {
    /// The text before the returned mail.
    fn zone(&self) -> &'a str {
        let zone = original::start_in(self.text).and_then(|at| self.text.get(..at)).unwrap_or(self.text);
        if zone.trim().is_empty() { self.text } else { zone }
    }

    fn of_block(&self, block: &Block, blocks: usize) -> Undelivered {
        let recipient = block.recipient().cloned().or_else(|| if blocks == 1 { self.only_recipient() } else { None });
        let diagnostic = block.words();
        let permanence = if block.action() == Some(Action::Delayed) {
            // More tries follow, whatever the last one was told.
            Permanence::Transient
        } else {
            let told = meaning::of(diagnostic.unwrap_or_default(), block.status);
            told.or_else(|| meaning::of(self.zone(), block.status)).unwrap_or(Permanence::Transient)
        };
        let written = diagnostic.and_then(Status::first_in);
        let status = match (block.status, written) {
            (Some(told), Some(written)) if told.is_general() => Some(written),
            (told, written) => told.or(written),
        };
        Undelivered {
            recipient,
            permanence,
            status: status.map(|status| status.to_string()),
            diagnostic: diagnostic.map(|text| shortened(text, DIAGNOSTIC_CHARS_MAX)),
        }
    }

    fn of_text(&self) -> Vec<Undelivered> {
        let zone = self.zone();
        let named = recipients::of_header(self.mail);
        let mentions = self.mentions(zone);
        if !named.is_empty() {
            let about = |email: &Email| {
                mentions.iter().find(|mention| mention.email == *email).map_or(zone, |mention| mention.about)
            };
            return named.iter().map(|email| self.of_words(Some(email.clone()), about(email))).collect();
        }
        match mentions.as_slice() {
            [] => {
                let guessed = self.guessed();
                if guessed.is_empty() {
                    return vec![self.of_words(None, zone)];
                }
                let about = |email: &Email| recipients::line_of_name(zone, email).unwrap_or(zone);
                guessed.iter().map(|email| self.of_words(Some(email.clone()), about(email))).collect()
            }
            several => {
                several.iter().map(|mention| self.of_words(Some(mention.email.clone()), mention.about)).collect()
            }
        }
    }

    fn of_words(&self, recipient: Option<Email>, about: &str) -> Undelivered {
        let zone = self.zone();
        let status = Status::first_in(about).or_else(|| Status::first_in(zone)).filter(|status| status.class != 2);
        let permanence = if signs::is_delay(self.mail, zone) {
            Permanence::Transient
        } else {
            meaning::of(about, status).or_else(|| meaning::of(zone, status)).unwrap_or(Permanence::Transient)
        };
        let diagnostic = if about.trim().is_empty() { zone } else { about };
        Undelivered {
            recipient,
            permanence,
            status: status.map(|status| status.to_string()),
            diagnostic: (!diagnostic.trim().is_empty()).then(|| shortened(diagnostic, DIAGNOSTIC_CHARS_MAX)),
        }
    }

    /// Where the fields don't tell whom: a header, the text, and what else there is, if it is one address.
    fn only_recipient(&self) -> Option<Email> {
        let named = recipients::of_header(self.mail);
        let mentions = || self.mentions(self.zone()).into_iter().map(|mention| mention.email);
        let found = if named.is_empty() { mentions().collect() } else { named };
        let found = if found.is_empty() { self.guessed() } else { found };
        match found.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    /// The last resort: the address that the report was sent to, or whom the returned mail was for.
    fn guessed(&self) -> Vec<Email> {
        if let Some(email) = recipients::of_verp(self.mail) {
            return vec![email];
        }
        if let [only] = self.mentions(&self.mail.subject).as_slice() {
            return vec![only.email.clone()];
        }
        let to = || self.original.to.iter().filter(|email| !self.is_ours(email)).take(GUESSES_MAX).cloned();
        // Of several those whose name the text tells: "jdoyle (user not found)".
        let named: Vec<Email> = to().filter(|email| recipients::line_of_name(self.zone(), email).is_some()).collect();
        if named.is_empty() { to().collect() } else { named }
    }

    fn mentions<'t>(&self, text: &'t str) -> Vec<Mention<'t>> {
        let own =
            self.mail.to.first().and_then(|to| to.address.as_str().rsplit_once('@')).map_or("", |(_, domain)| domain);
        recipients::in_text(text, own, |email| self.is_ours(email))
    }

    fn is_ours(&self, email: &Email) -> bool {
        recipients::is_daemon(email) || self.original.from.contains(email) || self.ours.contains(email)
    }

    fn bounce(&self, undelivered: Vec<Undelivered>, report: &Report) -> Bounce {
        let mut ids: Vec<String> = Vec::new();
        let told = report.original_message_id.as_deref().map(message::message_ids).unwrap_or_default();
        // Of References the last is what it answers to; the others are earlier mails of the thread.
        let references = self.mail.references.iter().rev();
        for id in told.iter().chain(&self.mail.in_reply_to).chain(&self.original.message_ids).chain(references) {
            if !ids.contains(id) && self.mail.message_id.as_ref() != Some(id) && ids.len() < MESSAGE_IDS_MAX {
                ids.push(id.clone());
            }
        }
        Bounce { undelivered, original_message_ids: ids, original_subject: self.original.subject.clone() }
    }
}

/// One line, not longer than so many characters.
fn shortened(text: &str, chars_max: usize) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * chars_max {
            break;
        }
    }
    match line.char_indices().nth(chars_max) {
        Some((end, _)) => line.get(..end).unwrap_or_default().to_owned(),
        None => line,
    }
}
