//! Enhanced status codes (RFC 3463) and SMTP reply codes (RFC 5321) in running text.

use std::fmt;

/// An enhanced status code: `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status {
    /// 2, 4 or 5.
    pub(super) class: u8,
    pub(super) subject: u16,
    pub(super) detail: u16,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl Status {
    /// The first code of a text. Addresses of hosts (`5.1.1.25`) and versions are none.
    pub(super) fn first_in(text: &str) -> Option<Self> {
        let mut from = 0;
        loop {
            let at = from + text.get(from..)?.find(['2', '4', '5'])?;
            let (before, tail) = text.split_at_checked(at)?;
            if !is_inside(before)
                && let Some(status) = Self::at_start(tail)
            {
                return Some(status);
            }
            from = at + 1;
        }
    }

    fn at_start(text: &str) -> Option<Self> {
        let mut numbers = [0_u16; 3];
        let mut rest = text;
        for (index, number) in numbers.iter_mut().enumerate() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let digits_max = if index == 0 { 1 } else { 3 };
            if digits == 0 || digits > digits_max {
                return None;
            }
            let (written, tail) = rest.split_at_checked(digits)?;
            *number = written.parse().ok()?;
            rest = if index < 2 { tail.strip_prefix('.')? } else { tail };
        }
        let [class, subject, detail] = numbers;
        let mut after = rest.chars();
        let ends = match after.next() {
            // A further number makes it the address of a host; a full stop may end a sentence.
            Some('.') => !after.next().is_some_and(|c| c.is_ascii_digit()),
            Some(c) => !c.is_alphanumeric(),
            None => true,
        };
        (ends && matches!(class, 2 | 4 | 5)).then_some(Self { class: u8::try_from(class).ok()?, subject, detail })
    }

    /// It names a class and nothing more: `5.0.0`, and `5.5.0` where a program had no better one.
    pub(super) fn is_general(self) -> bool {
        matches!(self.subject, 0 | 5) && self.detail == 0
    }
}

/// Whether what stands before makes a digit part of something longer. A reply that goes on over lines has `550-5.1.1`.
fn is_inside(before: &str) -> bool {
    let mut back = before.chars().rev();
    match back.next() {
        Some('-') => !back.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_alphanumeric() || matches!(c, '.' | '_' | '@' | '/'),
        None => false,
    }
}

/// The first SMTP reply code of a text that reports a failure: three digits that stand like a reply.
pub(super) fn first_reply(text: &str) -> Option<u16> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find(['4', '5'])?;
        let (before, tail) = text.split_at_checked(at)?;
        let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 3
            && !is_inside(before)
            && let Some((written, after)) = tail.split_at_checked(3)
        {
            let ends = after.is_empty()
                || after.starts_with([' ', '-', '#', '\t', ':', ';', ')', ']', '\'', '"', '.', ',', '_']);
            let code: u16 = written.parse().ok()?;
            // RFC 5321 4.2.1: the second digit is 0 to 5; 7 is seen in the wild.
            if ends && matches!(code / 10 % 10, 0..=5 | 7) {
                return Some(code);
            }
        }
        from = at + digits.max(1);
    }
}

/// A reply code with an enhanced code behind it, `550 5.1.1` or `550-5.1.1`: such text was written by a mail server, or quotes
/// one.
pub(super) fn has_reply_with_status(folded: &str) -> bool {
    let mut rest = folded;
    while let Some(at) = rest.find(['4', '5']) {
        let Some((_, tail)) = rest.split_at_checked(at) else {
            return false;
        };
        let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
        let Some((_, next)) = tail.split_at_checked(digits.max(1)) else {
            return false;
        };
        if digits == 3 {
            let after = next.trim_start_matches([' ', '-', '#', '(']);
            if after.len() < next.len() && after.starts_with(['4', '5']) && Status::at_start(after).is_some() {
                return true;
            }
        }
        rest = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_where_they_stand_like_codes() {
        let rows: &[(&str, &str, Option<&str>, Option<u16>)] = &[
            ("both", "550 5.1.1 User unknown", Some("5.1.1"), Some(550)),
            ("a reply of several lines", "550-5.7.26 not authenticated", Some("5.7.26"), Some(550)),
            ("in brackets", "said: 553 sorry (#5.7.1)", Some("5.7.1"), Some(553)),
            ("at the end of a sentence", "It failed with 5.2.2.", Some("5.2.2"), None),
            ("three digits in the detail", "5.4.310 DNS domain does not exist", Some("5.4.310"), None),
            ("the address of a host", "mx [5.1.1.25] is down", None, None),
            ("an address that ends like a code", "10.5.1.1 said nothing", None, None),
            ("a version", "Postfix-2.4.5 and x5.1.1", None, None),
            ("a word with digits", "id a550 and 550a", None, None),
            ("too many digits", "5500 and 55", None, None),
            ("a price", "we pay 499.00", None, None),
            ("no second digit of a reply", "about 599 of them", None, None),
            ("nothing", "", None, None),
        ];
        for (what, text, status, reply) in rows {
            assert_eq!(Status::first_in(text).map(|status| status.to_string()).as_deref(), *status, "{what}");
            assert_eq!(first_reply(text), *reply, "{what}");
        }
    }

    #[test]
    fn a_reply_with_a_code_was_written_by_a_server() {
        let rows: &[(&str, bool)] = &[
            ("host said: 550 5.1.1 no", true),
            ("550-5.7.1 no", true),
            ("553 #5.1.1 no", true),
            ("call 550 or 5.1.1", false),
            ("room 550, 5 chairs", false),
            ("", false),
        ];
        for (text, expected) in rows {
            assert_eq!(has_reply_with_status(text), *expected, "{text}");
        }
    }
}
