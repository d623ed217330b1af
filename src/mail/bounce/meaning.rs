//! What stands behind a failed delivery. Words go before codes, because codes are chosen by configuration and words by somebody
//! who had a reason; clear words go before vague ones, and what can't be told is never held against the address.

use super::Permanence;
use super::codes::{self, Status};
use super::lexicon::fold;
use super::meaning_words::{REASONS, Reason, Weak};

/// What a text holds, with its codes.
#[derive(Debug, Clone, Copy, Default)]
struct Reasons {
    address_gone: bool,
    full: bool,
    too_large: bool,
    expired: bool,
    slowed: bool,
    system: bool,
    suspended: bool,
    unresolved: bool,
    rate: bool,
    sender: bool,
    relay: bool,
    sender_limit: bool,
    policy: bool,
    perhaps_user: bool,
    perhaps_policy: bool,
    perhaps_later: bool,
    perhaps_full: bool,
}

/// What somebody's words and codes mean; nothing where they tell nothing.
pub(super) fn of(text: &str, status: Option<Status>) -> Option<Permanence> {
    let folded = fold(text);
    let written = Status::first_in(&folded);
    let reply = codes::first_reply(&folded);
    // The code of the other server itself is better than the one that a program put over its report in general.
    let status = match (status, written) {
        (Some(told), Some(written)) if told.is_general() => Some(written),
        (Some(told), _) => Some(told),
        (None, written) => written,
    };
    let reasons = Reasons::of(&folded);
    reasons
        .clear(status, reply)
        .or_else(|| by_status(status))
        .or_else(|| reasons.vague(status, reply))
        .or_else(|| by_reply(reply))
}

impl Reasons {
    fn of(folded: &str) -> Self {
        let mut reasons = Self::default();
        for (reason, _) in REASONS.found(folded) {
            let known = match reason {
                Reason::UserUnknown | Reason::HostUnknown | Reason::Moved | Reason::Disabled => {
                    &mut reasons.address_gone
                }
                Reason::Suspended => &mut reasons.suspended,
                Reason::Full => &mut reasons.full,
                Reason::TooLarge => &mut reasons.too_large,
                Reason::Expired => &mut reasons.expired,
                Reason::Slowed => &mut reasons.slowed,
                Reason::System => &mut reasons.system,
                Reason::Rate => &mut reasons.rate,
                Reason::Unresolved => &mut reasons.unresolved,
                Reason::Policy => &mut reasons.policy,
                Reason::SenderRefused => &mut reasons.sender,
                Reason::RelayDenied => &mut reasons.relay,
                Reason::SenderLimit => &mut reasons.sender_limit,
                Reason::Unclear => continue,
                Reason::Perhaps(Weak::User) => &mut reasons.perhaps_user,
                Reason::Perhaps(Weak::Policy) => &mut reasons.perhaps_policy,
                Reason::Perhaps(Weak::Later) => &mut reasons.perhaps_later,
                Reason::Perhaps(Weak::Full) => &mut reasons.perhaps_full,
            };
            *known = true;
        }
        reasons
    }

    /// The rules over clear words, the first that holds.
    fn clear(self, status: Option<Status>, reply: Option<u16>) -> Option<Permanence> {
        let is_temporary = is_temporary(status, reply);
        let is_about_address =
            status.is_some_and(|status| status.class == 5 && status.subject == 1 && !matches!(status.detail, 7 | 8));
        let is_about_policy = status.is_some_and(|status| status.subject == 7);
        // A full mailbox exists, whatever its class says; and "mailbox unavailable" often stands beside it.
        if self.full {
            return Some(Permanence::Transient);
        }
        // "Sender address rejected: domain not found" is about us, though it speaks of an unknown domain.
        if self.sender {
            return Some(Permanence::Policy);
        }
        if self.unresolved && !is_about_address {
            return Some(Permanence::Transient);
        }
        // Both "user unknown" and words of policy: pages about policy list unknown users among the reasons, and servers that
        // check addresses mention their policy. The subject of the code tells which.
        if self.address_gone && (self.policy || self.relay) && !is_temporary {
            return Some(if is_about_address || !(is_about_policy || self.relay) {
                Permanence::Permanent
            } else {
                Permanence::Policy
            });
        }
        // What the other side itself calls passing may end: addresses that can't be verified just now, a domain without DNS.
        if self.address_gone {
            return Some(if is_temporary { Permanence::Transient } else { Permanence::Permanent });
        }
        if self.suspended {
            // 5.2.1 is "disabled": a server that gives it does not expect the mailbox back.
            let is_closed = status.is_some_and(|status| (status.class, status.subject, status.detail) == (5, 2, 1));
            return Some(if is_closed { Permanence::Permanent } else { Permanence::Transient });
        }
        // "Unusual rate of unsolicited mail": the rate is what is refused, and passes.
        if self.rate && is_temporary {
            return Some(Permanence::Transient);
        }
        if self.too_large {
            return Some(Permanence::Transient);
        }
        // "Temporarily deferred due to complaints": the cause counts, waiting alone will not help.
        if self.policy || self.relay || self.sender_limit {
            return Some(Permanence::Policy);
        }
        // Not over a code that says there is no such mailbox or domain: "5.4.4 DNS lookup failure".
        let is_code_of_address = matches!(by_status(status), Some(Permanence::Permanent));
        if (self.expired || self.rate || self.slowed || self.system) && !is_code_of_address {
            return Some(Permanence::Transient);
        }
        None
    }

    /// The rules over words that mean something only where neither clear words nor a code do.
    fn vague(self, status: Option<Status>, reply: Option<u16>) -> Option<Permanence> {
        let is_temporary = is_temporary(status, reply);
        if self.perhaps_full || (self.perhaps_later && !self.perhaps_user) {
            return Some(Permanence::Transient);
        }
        if self.perhaps_user {
            return Some(if is_temporary { Permanence::Transient } else { Permanence::Permanent });
        }
        self.perhaps_policy.then_some(if is_temporary { Permanence::Transient } else { Permanence::Policy })
    }
}

/// Whether the other side itself calls it passing. A general code does not count: Google writes 4.0.0 over domains that do not
/// exist.
fn is_temporary(status: Option<Status>, reply: Option<u16>) -> bool {
    match status.filter(|status| !status.is_general()) {
        Some(status) => status.class == 4,
        None => reply.is_some_and(|code| code < 500),
    }
}

/// What an enhanced code means by itself (RFC 3463, 5248, 7372, 7505, and what Exchange Online gives).
fn by_status(status: Option<Status>) -> Option<Permanence> {
    let status = status?;
    if status.is_general() {
        return None;
    }
    match (status.class, status.subject, status.detail) {
        (5, 1, 7 | 8) | (5, 6 | 7, _) => Some(Permanence::Policy),
        (5, 1, 0..=6 | 9 | 10) | (5, 2, 1) | (5, 4, 4 | 310) => Some(Permanence::Permanent),
        (5, 2, 2..=4) | (5, 3, 1..=5) | (5, 4, 1..=999) | (4, _, _) => Some(Permanence::Transient),
        _ => None,
    }
}

/// What a reply code means by itself (RFC 5321, 1846, 7504).
fn by_reply(reply: Option<u16>) -> Option<Permanence> {
    match reply? {
        521 | 551 | 556 => Some(Permanence::Permanent),
        552 | 400..=499 => Some(Permanence::Transient),
        571 | 530 | 535 | 538 => Some(Permanence::Policy),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Permanence::{Permanent, Policy, Transient};
    use super::*;

    const MEANINGS: &[(&str, &str, Option<Permanence>)] = &[
        // The address.
        (
            "user unknown",
            "550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in local table",
            Some(Permanent),
        ),
        ("user unknown, whatever the code", "550 5.7.1 No such user", Some(Permanent)),
        ("user unknown, without a code", "Sorry, no mailbox here by that name.", Some(Permanent)),
        (
            "Google's words",
            "550-5.1.1 The email account that you tried to reach does not exist. Please check for typos",
            Some(Permanent),
        ),
        (
            "Exchange Online does not know it",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            Some(Permanent),
        ),
        (
            "Exchange Online's edge does not know it",
            "550 5.4.1 Recipient address rejected: Access denied. [AM0.prod.example]",
            Some(Permanent),
        ),
        (
            "closed",
            "554 30 Sorry, your message to a@b.example cannot be delivered. This mailbox is disabled (554.30).",
            Some(Permanent),
        ),
        ("moved", "551 5.1.6 The recipient has moved", Some(Permanent)),
        (
            "the domain is gone",
            "550 5.4.310 DNS domain b.example does not exist [Message=InfoDomainNonexistent]",
            Some(Permanent),
        ),
        ("the domain takes no mail (RFC 7505)", "556 5.1.10 b.example has a null MX", Some(Permanent)),
        (
            "the domain is gone, with Google's code",
            "DNS Error: DNS type 'mx' lookup of b.example responded with code NXDOMAIN",
            Some(Permanent),
        ),
        ("Exim", "Unrouteable address", Some(Permanent)),
        ("a code alone", "5.1.1", Some(Permanent)),
        ("German", "550 Empfänger unbekannt", Some(Permanent)),
        ("French", "550 5.1.1 Adresse inconnue", Some(Permanent)),
        ("Polish", "550 Odbiorca nie istnieje", Some(Permanent)),
        ("Russian", "550 нет такого пользователя", Some(Permanent)),
        ("Chinese", "550 用户不存在", Some(Permanent)),
        (
            "unknown, though a page about policy is named",
            "550 5.1.1 Mailbox does not exist, see our policy",
            Some(Permanent),
        ),
        // For now.
        ("full, class 5", "554 5.2.2 mailbox full", Some(Transient)),
        (
            "full, with words of an unknown mailbox",
            "550 5.1.1 a@b.example mailbox unavailable, over quota",
            Some(Transient),
        ),
        ("full, with another address between", "550 Mailbox for a@b.example is full", Some(Transient)),
        ("too large", "552 5.3.4 Message size exceeds fixed limit", Some(Transient)),
        ("too large, called policy", "554 5.7.1 Message rejected: message too large", Some(Transient)),
        ("greylisted", "450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted", Some(Transient)),
        (
            "too fast for the mailbox",
            "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery",
            Some(Transient),
        ),
        (
            "too fast from us",
            "421 4.7.28 an unusual rate of unsolicited mail originating from your IP address",
            Some(Transient),
        ),
        ("expired", "550 4.4.7 QUEUE.Expired; message expired", Some(Transient)),
        ("nobody answers", "connect to mx.b.example[192.0.2.1]:25: Connection timed out", Some(Transient)),
        ("a loop", "554 5.4.14 Hop count exceeded - possible mail loop", Some(Transient)),
        (
            "the domain perhaps",
            "Host or domain name not found. Name service error for name=b.example type=MX: Host not found, try again",
            Some(Transient),
        ),
        (
            "not known just now",
            "450 4.1.1 <a@b.example>: Recipient address rejected: unverified address: user unknown",
            Some(Transient),
        ),
        ("suspended", "550 Mailbox currently suspended", Some(Transient)),
        ("out of order", "451 4.3.0 Temporary system problem", Some(Transient)),
        ("a reply alone", "452 sorry", Some(Transient)),
        // Our sending.
        (
            "authentication",
            "550-5.7.26 This mail has been blocked because the sender is unauthenticated.",
            Some(Policy),
        ),
        (
            "DMARC",
            "550 5.7.509 Access denied, sending domain ours.example does not pass DMARC verification",
            Some(Policy),
        ),
        ("a block list", "550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using a list", Some(Policy)),
        ("spam", "550 High probability of spam", Some(Policy)),
        (
            "complaints, for now",
            "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints",
            Some(Policy),
        ),
        ("our address", "550 5.1.8 <jo@ours.example>: Sender address rejected: Domain not found", Some(Policy)),
        (
            "our address can't be verified",
            "550 Verification failed for <jo@ours.example> 550 Sender verify failed",
            Some(Policy),
        ),
        ("relaying", "554 5.7.1 <a@b.example>: Relay access denied", Some(Policy)),
        ("an organisation's rule", "550 5.7.124 RESOLVER.RST.NotAuthorized; not authorized", Some(Policy)),
        ("a virus", "554 5.6.0 message contains a virus", Some(Policy)),
        ("without encryption", "530 5.7.0 Must issue a STARTTLS command first", Some(Policy)),
        ("no name for our address", "550 5.7.25 no PTR record", Some(Policy)),
        (
            "a policy that speaks of unknown users",
            "550 5.7.1 rejected by policy: too many user unknown from your network",
            Some(Policy),
        ),
        ("a policy code alone", "550 5.7.1", Some(Policy)),
        // Nothing to tell.
        ("no word and no code", "It did not work.", None),
        ("a general code", "5.0.0", None),
        ("what a platform calls it", "hard bounce", None),
        ("words inside others are none", "the tube was reduced by a trapper", None),
        ("nothing", "", None),
    ];

    #[test]
    fn words_and_codes_mean_what_they_mean_together() {
        for (what, text, expected) in MEANINGS {
            assert_eq!(of(text, None), *expected, "{what}");
        }
    }

    #[test]
    fn the_field_counts_where_the_words_say_nothing() {
        let status = |class, subject, detail| Some(Status { class, subject, detail });
        let rows = [
            ("an unknown mailbox", status(5, 1, 1), "no", Some(Permanent)),
            ("a full one", status(5, 2, 2), "no", Some(Transient)),
            ("a general code, and a better one in the words", status(5, 0, 0), "550 5.7.1", Some(Policy)),
            ("a code, and another in the words: the field", status(5, 1, 1), "550 5.7.1", Some(Permanent)),
            ("words before the field", status(5, 7, 1), "user unknown", Some(Permanent)),
            ("vague words after the field", status(5, 7, 1), "not found", Some(Policy)),
            ("vague words where the field is general", status(5, 0, 0), "not found", Some(Permanent)),
            ("temporary, and vague", status(4, 0, 0), "451 not found", Some(Transient)),
            ("nothing", status(5, 0, 0), "no", None),
        ];
        for (what, status, text, expected) in rows {
            assert_eq!(of(text, status), expected, "{what}");
        }
    }
}
