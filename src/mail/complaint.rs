//! Complaints: feedback reports (RFC 5965) of persons who pressed "spam".

use super::message::{self, Mail};
use crate::domain::ids::Email;

/// How many recipients are taken of one report.
const RECIPIENTS_MAX: usize = 50;
/// How many fields of a report are read.
const FIELDS_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// `abuse`, `fraud`, `opt-out`, in lower case.
    pub feedback_type: String,
    /// Who complains, where the report tells it; often it is blanked.
    pub recipients: Vec<Email>,
    /// Message-IDs of the mail it is about, without brackets.
    pub original_message_ids: Vec<String>,
}

/// The complaint that a mail is, and what shows it. A report about authentication is none.
pub fn of_mail(mail: &Mail) -> Option<(Complaint, String)> {
    // Some send the fields as plain text.
    let is_typed = mail.report_type.as_deref() == Some("feedback-report");
    let plain =
        || mail.parts.iter().find(|part| part.content_type == "text/plain" && part.text.contains("Feedback-Type:"));
    let report = mail.part("message/feedback-report").or_else(|| is_typed.then(plain).flatten());
    match report {
        Some(report) => of_report(mail, &report.text),
        None => of_microsoft(mail),
    }
}

/// A report with fields (RFC 5965).
fn of_report(mail: &Mail, report: &str) -> Option<(Complaint, String)> {
    let fields = message::headers_of(report);
    let fields = || fields.iter().take(FIELDS_MAX);
    let values = |name: &'static str| fields().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str());
    let told = values("feedback-type").next().map(|value| value.trim().to_ascii_lowercase());
    // Version 0.1 of the format had no type for what is now `abuse`.
    let feedback_type = told.filter(|told| !told.is_empty()).unwrap_or_else(|| "abuse".to_owned());
    if !is_complaint(&feedback_type) {
        return None;
    }
    let returned = returned(mail);
    let header = |name: &str| {
        returned.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    let senders = emails(values("original-mail-from").chain(header("from")));
    let told = emails(values("original-rcpt-to").chain(values("removal-recipient")));
    let recipients = if told.is_empty() { emails(blanked_less(&header)) } else { told };
    let complaint = Complaint {
        recipients: recipients.into_iter().filter(|email| !senders.contains(email)).collect(),
        original_message_ids: original_ids(mail, &header("message-id")),
        feedback_type,
    };
    let because = format!("a feedback report with Feedback-Type: {}", complaint.feedback_type);
    Some((complaint, because))
}

/// All types but those that say the contrary (RFC 6430) or speak of authentication (RFC 6591): one that is not known is to be
/// taken as `other` (RFC 5965 3.5).
fn is_complaint(feedback_type: &str) -> bool {
    !matches!(feedback_type, "not-spam" | "auth-failure" | "dmarc" | "dkim" | "tls" | "delivery" | "opt-in")
}

/// What Microsoft's Junk Mail Reporting Program sends: the mail itself as an attachment, with a header that names the person.
fn of_microsoft(mail: &Mail) -> Option<(Complaint, String)> {
    let part = mail.parts.iter().find(|part| part.content_type == "message/rfc822")?;
    part.text.contains("X-HmXmrOriginalRecipient").then_some(())?;
    let headers = message::headers_of(&part.text);
    let header = |name: &str| {
        headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    let recipients = emails(header("x-hmxmroriginalrecipient"));
    if recipients.is_empty() {
        return None;
    }
    let ids = original_ids(mail, &header("message-id"));
    let complaint = Complaint { feedback_type: "abuse".to_owned(), recipients, original_message_ids: ids };
    Some((complaint, "a junk mail report of Microsoft's with X-HmXmrOriginalRecipient".to_owned()))
}

/// The headers of the mail that is complained about.
fn returned(mail: &Mail) -> Vec<(String, String)> {
    let types =
        ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers"];
    let part = types.iter().find_map(|name| mail.part(name));
    part.map(|part| message::headers_of(&part.text)).unwrap_or_default()
}

/// Headers of the mail itself that may name who complains where the report does not.
fn blanked_less<'a>(header: &impl Fn(&str) -> Vec<&'a str>) -> Vec<&'a str> {
    let names = ["x-hmxmroriginalrecipient", "x-apparently-to", "x-original-to", "delivered-to", "to"];
    names.iter().map(|name| header(name)).find(|values| !emails(values.iter().copied()).is_empty()).unwrap_or_default()
}

fn original_ids(mail: &Mail, returned: &[&str]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for id in returned.iter().flat_map(|value| message::message_ids(value)).chain(mail.in_reply_to.iter().cloned()) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// The addresses of some values, each once. What is blanked (RFC 6590) has lost its domain or its name and is none.
fn emails<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Email> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')' | '"' | '\'');
    let words = values.into_iter().flat_map(|value| value.split(is_end)).filter(|word| word.contains('@'));
    let mut found: Vec<Email> = Vec::new();
    for email in words.filter_map(|word| Email::parse(word).ok()).filter(|email| !is_blanked(email)) {
        if !found.contains(&email) && found.len() < RECIPIENTS_MAX {
            found.push(email);
        }
    }
    found
}

/// A name that stands for any: `redacted@`, `x@`, a run of one character.
fn is_blanked(email: &Email) -> bool {
    let local = email.as_str().split('@').next().unwrap_or_default();
    let first = local.chars().next();
    let is_run = local.len() > 2
        && local.chars().all(|c| Some(c) == first)
        && first.is_some_and(|c| !c.is_alphanumeric() || c == 'x');
    is_run || matches!(local, "redacted" | "[redacted]" | "undisclosed" | "hidden" | "removed" | "x")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn report(fields: &str, original: &str) -> Mail {
        let raw = format!(
            "From: feedback@mx.example\nTo: fbl@ours.example\nSubject: FW: Offer\nContent-Type: multipart/report; \
             report-type=feedback-report; boundary=b\n\n--b\n\nThis is an abuse report.\n--b\nContent-Type: message/feedback-report\n\n\
             {fields}\n--b\nContent-Type: message/rfc822\n\n{original}\n--b--"
        );
        message::parse(raw.as_bytes())
    }

    const ORIGINAL: &str =
        "Message-ID: <one@ours.example>\nFrom: jo@ours.example\nTo: undisclosed-recipients:;\nSubject: Offer\n\nHi";

    #[test]
    fn the_type_tells_a_complaint() {
        let rows: &[(&str, &str, Option<&str>)] = &[
            ("spam", "Feedback-Type: abuse\nVersion: 1", Some("abuse")),
            ("in capitals", "FEEDBACK-TYPE: Abuse", Some("abuse")),
            ("fraud", "Feedback-Type: fraud", Some("fraud")),
            ("a virus", "Feedback-Type: virus", Some("virus")),
            ("no more mail", "Feedback-Type: opt-out", Some("opt-out")),
            ("no more mail of a list", "Feedback-Type: opt-out-list", Some("opt-out-list")),
            ("wrongly sorted", "Feedback-Type: miscategorized", Some("miscategorized")),
            ("one that is not known", "Feedback-Type: annoyed", Some("annoyed")),
            ("the first version had no type", "User-Agent: x\nVersion: 0.1", Some("abuse")),
            ("the contrary (RFC 6430)", "Feedback-Type: not-spam", None),
            ("authentication (RFC 6591)", "Feedback-Type: auth-failure\nAuth-Failure: dmarc", None),
        ];
        for (what, fields, expected) in rows {
            let found = of_mail(&report(fields, ORIGINAL));
            assert_eq!(found.as_ref().map(|(complaint, _)| complaint.feedback_type.as_str()), *expected, "{what}");
            if let Some((complaint, _)) = found {
                assert_eq!(complaint.original_message_ids, ["one@ours.example"], "{what}");
            }
        }
    }

    #[test]
    fn who_complains_is_told_where_it_is_not_blanked() {
        let with = |to: &str| ORIGINAL.replace("undisclosed-recipients:;", to);
        let rows: &[(&str, &str, String, &[&str])] = &[
            (
                "in the report",
                "Feedback-Type: abuse\nOriginal-Rcpt-To: <ada@example.com>",
                with("x@y.example"),
                &["ada@example.com"],
            ),
            (
                "two",
                "Feedback-Type: abuse\nOriginal-Rcpt-To: ada@example.com\nOriginal-Rcpt-To: bob@example.com",
                with("x"),
                &["ada@example.com", "bob@example.com"],
            ),
            ("of the mail itself", "Feedback-Type: abuse", with("Ada <ada@example.com>"), &["ada@example.com"]),
            (
                "blanked (RFC 6590)",
                "Feedback-Type: abuse\nOriginal-Rcpt-To: redacted@example.com",
                with("undisclosed"),
                &[],
            ),
            (
                "blanked with signs",
                "Feedback-Type: abuse\nOriginal-Rcpt-To: xxxxxxx@example.com",
                with("undisclosed"),
                &[],
            ),
            ("never we", "Feedback-Type: abuse\nOriginal-Mail-From: <jo@ours.example>", with("jo@ours.example"), &[]),
        ];
        for (what, fields, original, expected) in rows {
            let (complaint, _) = of_mail(&report(fields, original)).unwrap();
            let found: Vec<&str> = complaint.recipients.iter().map(Email::as_str).collect();
            assert_eq!(found, *expected, "{what}");
        }
    }

    #[test]
    fn complaints_come_in_other_forms_too() {
        let microsoft = "From: staff@hotmail.example\nSubject: complaint about message from 192.0.2.1\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: ada@example.com\nMessage-ID: <one@ours.example>\nFrom: jo@ours.example\n\nHi\n--b--";
        let (complaint, because) = of_mail(&message::parse(microsoft.as_bytes())).unwrap();
        assert_eq!(complaint.recipients, [Email::parse("ada@example.com").unwrap()], "Microsoft's");
        assert_eq!(
            (complaint.original_message_ids, because.contains("Microsoft")),
            (vec!["one@ours.example".to_owned()], true)
        );

        let plain = "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nHello\n--b\nContent-Type: text/plain\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: ada@example.com\n--b--";
        let (complaint, _) = of_mail(&message::parse(plain.as_bytes())).unwrap();
        assert_eq!(complaint.recipients, [Email::parse("ada@example.com").unwrap()], "fields as plain text");
    }

    #[test]
    fn what_is_no_complaint() {
        let rows: &[(&str, &str)] = &[
            ("a person's mail", "From: ada@example.com\nSubject: abuse\n\nThis is abuse! Feedback-Type: abuse"),
            ("a forwarded mail", "From: ada@example.com\nContent-Type: message/rfc822\n\nMessage-ID: <x@y>\n\nHi"),
            (
                "a delivery report",
                "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b--",
            ),
            (
                "aggregate data",
                "Subject: Report domain: ours.example\nContent-Type: application/gzip; name=r.xml.gz\n\nx",
            ),
        ];
        for (what, raw) in rows {
            assert_eq!(of_mail(&message::parse(raw.as_bytes())), None, "{what}");
        }
    }

    proptest! {
        #[test]
        fn any_report_is_taken(fields in "(?s).{0,300}", original in "(?s).{0,300}") {
            if let Some((complaint, because)) = of_mail(&report(&fields, &original)) {
                prop_assert!(complaint.recipients.len() <= RECIPIENTS_MAX && !because.is_empty());
            }
        }
    }
}
