//! Delivery status reports (RFC 3464, and RFC 6533 for addresses beyond ASCII): blocks of fields, one for the mail and one for
//! each recipient. Written for what is really sent: empty lines inside a block, none between two, fields in any order.

use super::codes::Status;
use crate::domain::ids::Email;

/// How many recipients of one report are kept.
const RECIPIENTS_MAX: usize = 100;
/// How much of one field is kept, in bytes.
const FIELD_BYTES_MAX: usize = 4 * 1024;

/// What happened to a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Failed,
    Delayed,
    Delivered,
    Relayed,
    Expanded,
}

/// A recipient of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) original: Option<Email>,
    pub(super) last: Option<Email>,
    pub(super) action: Option<Action>,
    pub(super) status: Option<Status>,
    /// Without its type, on one line.
    diagnostic: Option<String>,
    /// What stands in brackets behind the status.
    comment: Option<String>,
    is_named: bool,
}

impl Block {
    /// Whom we wrote to: what the address was before somebody forwarded it, where the report tells both.
    pub(super) fn recipient(&self) -> Option<&Email> {
        self.original.as_ref().or(self.last.as_ref())
    }

    /// What the report says happened; without an Action the class of the status tells it.
    pub(super) fn action(&self) -> Option<Action> {
        self.action.or_else(|| match self.status?.class {
            2 => Some(Action::Delivered),
            4 => Some(Action::Delayed),
            _ => Some(Action::Failed),
        })
    }

    /// What is said of the failure, by the other side or else by whoever reports it.
    pub(super) fn words(&self) -> Option<&str> {
        self.diagnostic.as_deref().or(self.comment.as_deref())
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) blocks: Vec<Block>,
    /// The value of X-Original-Message-ID, which Google writes.
    pub(super) original_message_id: Option<String>,
}

/// Reads the text of a `message/delivery-status`.
pub(super) fn read(text: &str) -> Report {
    let mut report = Report::default();
    let mut block = Block::default();
    let mut field = String::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) && !field.is_empty() && !line.trim().is_empty() {
            if field.len() < FIELD_BYTES_MAX {
                field.push(' ');
                field.push_str(line.trim());
            }
            continue;
        }
        take(&mut report, &mut block, &field);
        field.clear();
        if line.trim().is_empty() {
            close(&mut report, &mut block);
        } else {
            field.push_str(line.trim_end());
        }
    }
    take(&mut report, &mut block, &field);
    close(&mut report, &mut block);
    report
}

fn take(report: &mut Report, block: &mut Block, field: &str) {
    let Some((name, value)) = field.split_once(':') else {
        return;
    };
    let (name, value) = (name.trim(), value.trim());
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("Original-Recipient") || is("X-Original-Recipient") {
        split_before_next(report, block, block.original.is_some());
        block.is_named = true;
        block.original = address(value);
    } else if is("Final-Recipient") {
        split_before_next(report, block, block.last.is_some());
        block.is_named = true;
        block.last = address(value);
    } else if is("Action") {
        block.action = block.action.or_else(|| action(value));
    } else if is("Status") {
        block.status = block.status.or_else(|| Status::first_in(value));
        let comment =
            value.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map(|(comment, _)| comment.trim());
        block.comment = block.comment.take().or_else(|| comment.filter(|text| !text.is_empty()).map(str::to_owned));
    } else if is("Diagnostic-Code") {
        if block.diagnostic.is_none() {
            block.diagnostic = diagnostic(value);
        }
    } else if is("X-Original-Message-ID") && report.original_message_id.is_none() {
        report.original_message_id = Some(value.to_owned());
    }
}

/// A second recipient without an empty line before it.
fn split_before_next(report: &mut Report, block: &mut Block, is_second: bool) {
    if is_second {
        close(report, block);
    }
}

fn close(report: &mut Report, block: &mut Block) {
    let done = std::mem::take(block);
    if done.is_empty() || report.blocks.len() >= RECIPIENTS_MAX {
        return;
    }
    match report.blocks.last_mut() {
        // What stands behind an empty line without a recipient of its own goes with the one before it, and a recipient behind
        // one goes with what stands before it.
        Some(last) if !done.is_named || !last.is_named => {
            last.is_named |= done.is_named;
            last.original = last.original.take().or(done.original);
            last.last = last.last.take().or(done.last);
            last.action = last.action.or(done.action);
            last.status = last.status.or(done.status);
            last.comment = last.comment.take().or(done.comment);
            last.diagnostic = last.diagnostic.take().or(done.diagnostic);
        }
        Some(_) | None => report.blocks.push(done),
    }
}

fn action(value: &str) -> Option<Action> {
    let word = value.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        "failed" | "failure" | "fail" => Some(Action::Failed),
        "delayed" | "delay" | "deferred" => Some(Action::Delayed),
        "delivered" | "delivery" | "success" => Some(Action::Delivered),
        "relayed" => Some(Action::Relayed),
        "expanded" => Some(Action::Expanded),
        _ => None,
    }
}

/// The address behind `rfc822;`, with or without brackets and comments.
fn address(value: &str) -> Option<Email> {
    let rest = value.split_once(';').map_or(value, |(_, rest)| rest).trim();
    let rest = rest.split_once('<').map_or(rest, |(_, inner)| inner.split('>').next().unwrap_or(inner));
    let word = rest.split_whitespace().find(|word| word.contains('@')).unwrap_or(rest);
    let word = word.trim_matches(['<', '>', '"', '\'', '(', ')', ',', ';']);
    // Some write the address as it went over the wire (RFC 3461, xtext).
    let decoded = word.replace("+2B", "+").replace("+3D", "=");
    Email::parse(&decoded).ok()
}

/// What the other side said, without the `smtp;` before it.
fn diagnostic(value: &str) -> Option<String> {
    let text = match value.split_once(';') {
        Some((kind, rest))
            if kind.len() <= 24 && kind.trim().chars().all(|c| c.is_ascii_alphanumeric() || c == '-') =>
        {
            rest
        }
        Some(_) | None => value,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A recipient as a report would write it.
    #[derive(Debug, Clone)]
    struct Written {
        local: String,
        action: Option<&'static str>,
        status: Option<(u8, u16, u16)>,
        diagnostic: Option<String>,
        is_original: bool,
        is_upper: bool,
        is_folded: bool,
    }

    fn written() -> impl Strategy<Value = Written> {
        let action =
            proptest::option::of(prop_oneof![Just("failed"), Just("delayed"), Just("delivered"), Just("relayed")]);
        let status = proptest::option::of((prop_oneof![Just(2_u8), Just(4), Just(5)], 0_u16..8, 0_u16..60));
        let diagnostic = proptest::option::of("[a-z]{1,8}( [a-z]{1,8}){0,5}");
        ("[a-z]{1,12}", action, status, diagnostic, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(local, action, status, diagnostic, is_original, is_upper, is_folded)| Written {
                local,
                action,
                status,
                diagnostic,
                is_original,
                is_upper,
                is_folded,
            },
        )
    }

    impl Written {
        fn rendered(&self) -> String {
            let name = |name: &str| if self.is_upper { name.to_uppercase() } else { name.to_owned() };
            let address = format!("{}@example.com", self.local);
            let mut text = String::new();
            if self.is_original {
                text += &format!("{}: rfc822;{address}\n", name("Original-Recipient"));
                text += &format!("{}: rfc822; x@forward.example\n", name("Final-Recipient"));
            } else {
                text += &format!("{}: RFC822; <{address}>\n", name("Final-Recipient"));
            }
            if let Some(action) = self.action {
                text += &format!("{}: {action}\n", name("Action"));
            }
            if let Some((class, subject, detail)) = self.status {
                text += &format!("{}: {class}.{subject}.{detail}\n", name("Status"));
            }
            if let Some(diagnostic) = &self.diagnostic {
                let words = if self.is_folded { diagnostic.replace(' ', "\n\t ") } else { diagnostic.clone() };
                text += &format!("{}: smtp; {words}\n", name("Diagnostic-Code"));
            }
            text
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(all in proptest::collection::vec(written(), 1..8), gap in "\n{1,3}") {
            let blocks: Vec<String> = all.iter().map(Written::rendered).collect();
            let text = format!("Reporting-MTA: dns; mx.example\nArrival-Date: today\n\n{}", blocks.join(&gap));
            let report = read(&text);
            prop_assert_eq!(report.blocks.len(), all.len());
            for (block, written) in report.blocks.iter().zip(&all) {
                let address = format!("{}@example.com", written.local);
                prop_assert_eq!(block.recipient().map(Email::as_str), Some(address.as_str()));
                prop_assert_eq!(block.action.map(|action| format!("{action:?}").to_lowercase()), written.action.map(str::to_owned));
                let status = written.status.map(|(class, subject, detail)| Status { class, subject, detail });
                prop_assert_eq!(block.status, status);
                prop_assert_eq!(block.words(), written.diagnostic.as_deref());
            }
        }

        #[test]
        fn any_text_is_taken(text in "(?s).{0,400}") {
            prop_assert!(read(&text).blocks.len() <= RECIPIENTS_MAX);
        }
    }
}
