//! What is understood of a reply, as the facts of its event: one way for all sources that bring mail.

use crate::domain::event::AutoReply;
use crate::domain::intent::Intent;
use crate::mail::automatic::Automatic;
use crate::mail::{Kind, PlatformText, Understanding, understand_text};
use chrono::{DateTime, NaiveDate, Utc};

/// What a person must know of a bounce that says nothing of the address.
pub(super) const POLICY_BOUNCE: &str = "a mail was refused because of our sending (reputation, authentication or policy), not because of the \
                                        address: look at the mailbox's domain and its blocklists";

/// The part of a `reply_received` that its words decide.
pub(super) struct ReplyFacts {
    pub(super) content: String,
    pub(super) intent: Option<Intent>,
    pub(super) auto_reply: Option<AutoReply>,
    pub(super) return_date: Option<NaiveDate>,
    /// What a person must know beside the reply itself.
    pub(super) alert: Option<&'static str>,
}

/// A reply as a platform hands it on. `at` is when it was written, for dates without a year.
pub(super) fn of_platform(
    subject: Option<&str>,
    text: Option<&str>,
    html: Option<&str>,
    at: DateTime<Utc>,
    is_automatic: bool,
) -> ReplyFacts {
    let at = at.fixed_offset();
    let understanding = understand_text(&PlatformText { subject, text, html, at, is_automatic });
    of_understanding(&understanding, text)
}

/// What a person is shown of a mail: what is new in it; the whole text where nothing of it was found to be new, so that no mail is
/// shown empty that is not.
pub(super) fn shown<'a>(understanding: &'a Understanding, whole: Option<&'a str>) -> &'a str {
    if understanding.visible.trim().is_empty() { whole.unwrap_or_default().trim() } else { &understanding.visible }
}

fn of_understanding(understanding: &Understanding, whole: Option<&str>) -> ReplyFacts {
    let content = shown(understanding, whole).to_owned();
    let by_machine = |auto_reply: AutoReply, alert: Option<&'static str>| (Some(auto_reply), None, alert);
    let (auto_reply, return_date, alert) = match &understanding.kind {
        Kind::Automatic(Automatic::OutOfOffice { return_date }) => {
            (Some(AutoReply::OutOfOffice), return_date.map(|known| known.date), None)
        }
        Kind::Automatic(Automatic::LeftCompany) => by_machine(
            AutoReply::Other,
            Some("an automatic reply says that the person no longer works there: find the right address"),
        ),
        Kind::Challenge => by_machine(
            AutoReply::Other,
            Some("the other side asks to confirm the sender before it delivers our mail: open the mail and confirm"),
        ),
        // A platform that takes a mail server's report for a reply: whether the address is dead it will tell as a bounce.
        Kind::Bounce(_) => by_machine(
            AutoReply::Other,
            Some("a reply is a mail server's report that our mail did not arrive: look at it there"),
        ),
        Kind::Automatic(Automatic::Receipt | Automatic::Other) | Kind::Complaint(_) | Kind::Bulk => {
            by_machine(AutoReply::Other, None)
        }
        Kind::Own | Kind::Person => (None, None, None),
    };
    ReplyFacts { content, intent: understanding.intent, auto_reply, return_date, alert }
}
