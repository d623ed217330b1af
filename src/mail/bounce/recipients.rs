//! Whom a report in running text is about.

use crate::domain::ids::Email;
use crate::mail::message::Mail;

/// How many recipients are taken of one text.
const RECIPIENTS_MAX: usize = 50;
/// How many addresses are taken that only happen to stand in the text; more make it a text about something else.
const LOOSE_MAX: usize = 3;
/// How many lines are searched.
const LINES_MAX: usize = 2_000;
/// How much of what stands before an address is read, in characters.
const BEFORE_CHARS_MAX: usize = 120;
/// How many addresses are looked at.
const ADDRESSES_MAX: usize = 500;

/// How an address stands in its line, the surest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// Somewhere in a sentence.
    Loose,
    /// Behind a word that names a recipient.
    Named,
    /// It begins the line, as in a list.
    Alone,
    /// `(generated from ada@example.com)`: the address before it was forwarded.
    Origin,
}

/// A recipient, and what the text says about it: from its line to that of the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention<'a> {
    pub(super) email: Email,
    pub(super) about: &'a str,
}

struct Found {
    email: Email,
    at: usize,
    standing: Standing,
}

/// The recipients that a text names. `is_ours` tells addresses that are never meant, `own_domain` where we are.
pub(super) fn in_text<'a>(text: &'a str, own_domain: &str, is_ours: impl Fn(&Email) -> bool) -> Vec<Mention<'a>> {
    let mut all: Vec<Found> = Vec::new();
    let mut at = 0;
    let mut is_announced = false;
    for line in text.split_inclusive('\n').take(LINES_MAX) {
        if line.contains('@') && all.len() < ADDRESSES_MAX {
            for (email, standing) in in_line(line).into_iter().filter(|(email, _)| !is_ours(email)) {
                if standing == Standing::Origin {
                    // Whom we wrote to stands behind the address that it was forwarded to.
                    all.pop_if(|last| last.standing == Standing::Alone);
                }
                all.push(Found { email, at, standing });
            }
        }
        // "To: a list; did not reach the following recipients: ...": only those that follow are meant.
        if !is_announced && announces(line) {
            is_announced = true;
            if has_address(text.get(at + line.len()..).unwrap_or_default(), &is_ours) {
                all.clear();
            }
        }
        at += line.len();
    }
    // Addresses of our own domain are seldom whom we wrote to; where there are others, they are colleagues and Message-IDs.
    let (own, others): (Vec<Found>, Vec<Found>) =
        all.into_iter().partition(|found| is_of_domain(&found.email, own_domain));
    let own = own.into_iter().filter(|found| !is_like_message_id(&found.email));
    let all: Vec<Found> = if others.is_empty() { own.collect() } else { others };
    let Some(best) = all.iter().map(|found| found.standing).max() else {
        return Vec::new();
    };
    let best = best.min(Standing::Alone);
    let mut chosen: Vec<Found> = Vec::new();
    for found in all.into_iter().filter(|found| found.standing >= best) {
        if chosen.len() < RECIPIENTS_MAX && chosen.iter().all(|known| known.email != found.email) {
            chosen.push(found);
        }
    }
    if best == Standing::Loose && chosen.len() > LOOSE_MAX {
        return Vec::new();
    }
    let ends: Vec<usize> = chosen.iter().skip(1).map(|next| next.at).chain([text.len()]).collect();
    let mentions = chosen.into_iter().zip(ends).map(|(found, end)| {
        // Two on one line share what is said.
        let end = if end > found.at { end } else { text.len() };
        Mention { email: found.email, about: text.get(found.at..end).unwrap_or_default() }
    });
    mentions.collect()
}

/// An address of this domain or of a part of it.
fn is_of_domain(email: &Email, own: &str) -> bool {
    let domain = email.as_str().rsplit_once('@').map_or("", |(_, domain)| domain);
    !own.is_empty() && (domain == own || domain.strip_suffix(own).is_some_and(|rest| rest.ends_with('.')))
}

/// A long name with many digits, as Message-IDs have.
pub(super) fn is_like_message_id(email: &Email) -> bool {
    let local = email.as_str().rsplit_once('@').map_or("", |(local, _)| local);
    local.len() >= 16 && local.bytes().filter(u8::is_ascii_digit).count() >= 5
}

/// The line of a text that names a person by the local part alone, as `GroupWise` does.
pub(super) fn line_of_name<'a>(text: &'a str, email: &Email) -> Option<&'a str> {
    let local = email.as_str().rsplit_once('@')?.0;
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | ':' | '(' | ')' | ',' | ';');
    let names = |line: &str| line.split(is_end).any(|word| word.eq_ignore_ascii_case(local));
    text.lines().take(LINES_MAX).find(|line| names(line))
}

/// Words before a list of recipients.
fn announces(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "recipient(s)",
        "following recipient",
        "following address",
        "following user",
        "following destination",
        "following mailbox",
        "folgende empf",
        "folgenden empf",
        "destinataires suivants",
        "destinataire(s)",
        "destinatarios siguientes",
        "siguientes destinatarios",
        "siguiente destinatario",
        "destinatari seguenti",
        "seguenti destinatari",
        "volgende geadresseerde",
        "volgende ontvanger",
        "seguintes destinat",
    ];
    let folded = line.to_lowercase();
    WORDS.iter().any(|words| folded.contains(words))
}

fn has_address(text: &str, is_ours: impl Fn(&Email) -> bool) -> bool {
    let lines = text.lines().take(40).filter(|line| line.contains('@'));
    lines.flat_map(in_line).any(|(email, standing)| standing >= Standing::Named && !is_ours(&email))
}

/// The addresses of a line that may be recipients.
fn in_line(line: &str) -> Vec<(Email, Standing)> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut looked_at = 0;
    while let Some(at) = line.get(from..).and_then(|rest| rest.find('@')).map(|at| from + at) {
        let (Some(left), Some(right)) = (line.get(..at), line.get(at + 1..)) else {
            break;
        };
        from = at + 1;
        let start = left.rfind(|c: char| !is_local(c)).map_or(0, |end| end + left.get(end..).map_or(1, first_length));
        let length = right.find(|c: char| !(is_letter(c) || matches!(c, '-' | '.'))).unwrap_or(right.len());
        let local = left.get(start..).unwrap_or_default().trim_start_matches(['\'', '.', '=', '-', '*', '/', '|']);
        // X.400 writes `dda:SMTP=ada@example.com`.
        let x400 = local.get(..5).filter(|kind| kind.eq_ignore_ascii_case("smtp=")).and_then(|_| local.get(5..));
        let local = x400.unwrap_or(local);
        let domain = right.get(..length).unwrap_or_default().trim_end_matches(['.', '-']);
        let before = left.get(..left.len() - local.len()).unwrap_or_default();
        let after = right.get(domain.len()..).unwrap_or_default();
        if let Ok(email) = Email::parse(&format!("{local}@{domain}"))
            && let Some(standing) = if x400.is_some() { Some(Standing::Alone) } else { standing(before, after) }
        {
            found.push((email, standing));
        }
        looked_at += 1;
        if looked_at > RECIPIENTS_MAX {
            break;
        }
    }
    found
}

/// A letter or digit that may be part of an address. Scripts without spaces between words stand right beside it.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && c < '\u{2e80}'
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

fn is_local(c: char) -> bool {
    is_letter(c) || "!#$%&'*+-/=?^_`{|}~.".contains(c)
}

/// Words before an address that make it somebody else's: a sender's, a helper's, or no address at all.
const NOT: &str = "from sender contact mailto message-id reply-to return-path http cc help support administrator write von \
    expéditeur remitente mittente id helo ehlo envelope-from by identifiant identifier tunnus kennung identificador \
    identificativo identyfikator tunniste tunnus";
/// Words before an address that make it a recipient's.
const NAMES: &str = "to rcpt recipient recipients user users address addresses mailbox account for unknown addressee an empfänger \
    adresse destinataire destinatario destinatário à para aan ontvanger odbiorca do til till mottagare modtager mottaker \
    vastaanottaja получатель адрес адресу отримувач 收件人 宛先 받는사람 deliver delivering delivery mail email local person reach \
    party";

fn is_one_of(word: &str, list: &str) -> bool {
    !word.is_empty() && list.split(' ').any(|known| known == word)
}

fn last_chars(text: &str, chars_max: usize) -> &str {
    let start = text.char_indices().rev().take(chars_max).last().map_or(text.len(), |(at, _)| at);
    text.get(start..).unwrap_or_default()
}

/// How an address stands between these; nothing where it is that of a sender or of somebody who helps.
fn standing(before: &str, after: &str) -> Option<Standing> {
    let before = last_chars(before, BEFORE_CHARS_MAX);
    // `mailto:` repeats an address in brackets, as in `a@b <mailto:a@b>`.
    let opened = before.trim_end_matches(['<', '"', '\'', '(', '[', ' ', '\t', '\u{201c}', '\u{ab}', '\u{3000}']);
    let bare = before.trim_matches(|c: char| !c.is_alphabetic());
    let closing = after.trim_start_matches(['>', '"', '\'', ')', ']', '\u{201d}', '\u{bb}']);
    let words = || bare.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|word| !word.is_empty());
    let last = words().next_back().unwrap_or_default().to_lowercase();
    if before.trim_end_matches(['<', ' ', '"', ':']).ends_with("generated from")
        || before.trim_end_matches(['<', ' ', '"', ':']).ends_with("expanded from")
    {
        return Some(Standing::Origin);
    }
    let ends_with_colon = opened.trim_end().ends_with(':');
    if is_one_of(&last, NOT) {
        return None;
    }
    if bare.is_empty() {
        let closing = closing.trim_start_matches([' ', '\t']);
        let starts_list = closing.trim().is_empty()
            || closing.starts_with([':', '.', ',', ';', '(', '-', '<', '[', '=', '|', '\u{ff1a}']);
        return Some(if starts_list { Standing::Alone } else { Standing::Named });
    }
    if is_one_of(&last, NAMES) || ends_with_colon {
        return Some(Standing::Named);
    }
    let is_in_brackets = before.ends_with('<');
    if words().take(6).any(|word| is_one_of(&word.to_lowercase(), NAMES)) || is_in_brackets {
        return Some(Standing::Named);
    }
    Some(Standing::Loose)
}

/// Addresses that are the sender's or a server's own: ours, and those of whoever wrote the report.
pub(super) fn ours(mail: &Mail) -> Vec<Email> {
    const HEADERS: &[&str] =
        &["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "return-path", "sender"];
    let mut ours: Vec<Email> =
        [&mail.to, &mail.from, &mail.reply_to].into_iter().flatten().map(|mailbox| mailbox.address.clone()).collect();
    let values = HEADERS.iter().filter_map(|name| mail.header(name));
    ours.extend(values.filter_map(|value| Email::parse(value.trim_matches(['<', '>', ' '])).ok()));
    ours
}

/// An address of a mail server.
pub(super) fn is_daemon(email: &Email) -> bool {
    let local = email.as_str().split('@').next().unwrap_or_default();
    ["mailer-daemon", "postmaster", "mailerdaemon", "mail-daemon", "abuse", "hostmaster"].contains(&local)
        || local.starts_with("microsoftexchange")
        || local.starts_with("prvs=")
}

/// The recipient that the address told to which the report was sent: `bounce+ada=example.com@ours.example` (VERP).
pub(super) fn of_verp(mail: &Mail) -> Option<Email> {
    let local = mail.to.first()?.address.as_str().rsplit_once('@')?.0;
    let (tagged, domain) = local.rsplit_once('=')?;
    let (_, name) = tagged.split_once('+')?;
    // `bounces+1234567-ab12-ada=example.com`: an account and a check before the name.
    let mut pieces = name.splitn(3, '-');
    let is_number =
        pieces.next().is_some_and(|piece| !piece.is_empty() && piece.bytes().all(|byte| byte.is_ascii_digit()));
    let is_check =
        pieces.next().is_some_and(|piece| piece.len() == 4 && piece.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let name = pieces.next().filter(|_| is_number && is_check).unwrap_or(name);
    Email::parse(&format!("{name}@{domain}")).ok()
}

/// The addresses of X-Failed-Recipients.
pub(super) fn of_header(mail: &Mail) -> Vec<Email> {
    let values = mail.headers.iter().filter(|(name, _)| name == "x-failed-recipients").map(|(_, value)| value.as_str());
    let words = values.flat_map(|value| value.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>')));
    words.filter_map(|word| Email::parse(word).ok()).take(RECIPIENTS_MAX).collect()
}
