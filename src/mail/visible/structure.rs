//! Which elements of mail programs hold a quote, a signature or nothing to be seen.

use super::html::{Element, Kind};

/// What an element makes of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    None,
    Hidden,
    Quoted,
    /// Gmail's container: once a blockquote in it is closed, answers may follow.
    AnswerableQuote {
        is_answered: bool,
    },
    /// A blockquote that nothing calls a quote of a mail.
    Indented,
    Signature,
    /// All that follows, in it and after it, is quoted.
    RestQuoted,
}

/// Ids and classes after which all is quoted: Outlook's in its many forms.
const REST_QUOTED: &[&str] = &[
    "divrplyfwdmsg",
    "appendonsend",
    "replysplit",
    "ms-outlook-mobile-reference-message",
    "mail-editor-reference-message-container",
    "ms-outlook-mobile-body-separator-line",
    "outlookmessageheader",
    "stopspelling",
    "_originalcontent",
    "origbody",
];

/// Ids and classes of elements that hold a quote.
const QUOTED: &[&str] = &[
    "moz-cite-prefix",
    "moz-forward-container",
    "moz-email-headers-table",
    "gmail_attr",
    "olk_src_body_section",
    "zmail_extra",
    "airmail_on",
    "clean_bq",
    "replyheader",
    "isforwardcontent",
    "isreplycontent",
    "includetail",
    "messagereplysection",
    "quote",
    "quoted-content",
    "__quoted_text__",
    "mail-app-auto-quote",
];

/// How the name of a class or an id ends that holds a quote: `yahoo_quoted`, `protonmail_quote`, `front-blockquote`.
const QUOTED_ENDS: &[&str] =
    &["_quote", "-quote", "_quoted", "-quoted", "blockquote", "quotecontainer", "_quote_container"];

pub(super) fn part(element: &Element<'_>) -> Part {
    if element.is_hidden || is_hidden(element.style) {
        return Part::Hidden;
    }
    if element.kind == Kind::Quote {
        return blockquote(element);
    }
    if element.class.is_empty() && element.id.is_empty() && element.label.is_empty() && element.data_marker.is_empty() {
        return Part::None;
    }
    let names = || element.class.split_ascii_whitespace().chain([element.id, element.label, element.data_marker]);
    if names().any(|name| name.eq_ignore_ascii_case("gmail_quote")) {
        return Part::AnswerableQuote { is_answered: false };
    }
    if names().any(|name| is_one_of(name, REST_QUOTED)) || element.data_marker.eq_ignore_ascii_case("__divider__") {
        return Part::RestQuoted;
    }
    if names().any(is_quoted) {
        return Part::Quoted;
    }
    if names().any(is_signature) { Part::Signature } else { Part::None }
}

/// Whether a paragraph follows the one before without a gap: the paragraphs of Word are lines.
pub(super) fn is_tight(element: &Element<'_>) -> bool {
    let is_of_word = element.class.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("mso"));
    is_of_word || declares(element.style, "margin", |value| value.starts_with('0'))
}

fn is_one_of(name: &str, known: &[&str]) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn ends_with(name: &str, end: &str) -> bool {
    name.len().checked_sub(end.len()).and_then(|at| name.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

fn is_quoted(name: &str) -> bool {
    !name.is_empty() && (is_one_of(name, QUOTED) || QUOTED_ENDS.iter().any(|end| ends_with(name, end)))
        // Yahoo numbers its ids.
        || name.starts_with("yahoo_quoted")
}

/// `gmail_signature`, `moz-signature`, `Signature`, `AppleMailSignature`, `protonmail_signature_block`.
fn is_signature(name: &str) -> bool {
    const WORD: &[u8] = b"signature";
    name.as_bytes().windows(WORD.len()).any(|part| part.eq_ignore_ascii_case(WORD)) && !name.starts_with("lineBreak")
}

fn blockquote(element: &Element<'_>) -> Part {
    let has_name =
        element.class.split_ascii_whitespace().chain([element.id]).any(|name| {
            is_quoted(name) || name.eq_ignore_ascii_case("gmail_quote") || name.eq_ignore_ascii_case("cite")
        });
    // The indent button of mail programs makes a blockquote without a border.
    if declares(element.style, "border", |value| value.starts_with("none"))
        && !element.type_.eq_ignore_ascii_case("cite")
    {
        return Part::None;
    }
    let has_border = declares(element.style, "border-left", |value| !value.starts_with("none"))
        || declares(element.style, "border-inline-start", |value| !value.starts_with("none"));
    if has_name || has_border || element.has_cite || element.type_.eq_ignore_ascii_case("cite") {
        Part::Quoted
    } else {
        Part::Indented
    }
}

fn is_hidden(style: &str) -> bool {
    !style.is_empty()
        && (declares(style, "display", |value| value.starts_with("none"))
            || declares(style, "visibility", |value| value.starts_with("hidden"))
            || declares(style, "mso-hide", |value| value.starts_with("all"))
            || declares(style, "max-height", |value| value.starts_with("0px") || value == "0"))
}

/// Whether a style has a property of this name with such a value.
fn declares(style: &str, property: &str, is: impl Fn(&str) -> bool) -> bool {
    style.split(';').any(|declaration| {
        declaration.split_once(':').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case(property) && is(&value.trim().to_ascii_lowercase())
        })
    })
}
