//! What a person really wrote: without the quoted thread and without the signature.
//!
//! A body becomes lines; lines are marked as quoted or as signature and dropped, and nothing else is done to them. So the visible
//! text is always part of the mail's own text. Greeting and closing words stay; the block below them (name, title, phone) goes, as
//! do "Sent from my …" and legal notices. Of answers between quoted lines the person's own lines stay and the quoted ones go: what
//! is looked for in the visible text (an opt-out, a price) must be the person's own words, never ours. Where a mail holds nothing
//! but quotes, nothing is visible; where it holds nothing but a signature, that stays.

mod clean;
mod entities;
pub(super) mod folded;
mod headers;
mod html;
mod quotes;
mod render;
mod signature;
mod signature_words;
mod structure;
mod words;

#[cfg(test)]
mod tests;

use super::message::Mail;
use clean::{capped, cleaned};

/// What is looked at of an HTML body.
const HTML_BYTES_MAX: usize = 256 * 1024;
/// What is looked at of a plain body, and of an HTML body once it is text.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// What a line of a body is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mark {
    #[default]
    Own,
    Quoted,
    /// In a blockquote that may be a quote or the person's own indentation.
    Indented,
    Signature,
}

/// A line of a body, without the white space at its end.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    mark: Mark,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the person wrote something in it, as far as is known.
    fn is_own_text(&self) -> bool {
        self.mark == Mark::Own && !self.is_blank()
    }
}

/// What was found in a body.
struct Found {
    text: String,
    has_quote: bool,
}

/// The visible text of a mail: of its plain body, unless that is empty, is HTML itself, or shows no quote where the HTML body does.
pub fn of_mail(mail: &Mail) -> String {
    let plain = mail.text.as_deref().filter(|text| !is_stand_in(text));
    let html = mail.html.as_deref().filter(|html| !html.trim_start().is_empty());
    let Some(plain) = plain else { return html.map(of_html).unwrap_or_default() };
    if looks_like_html(plain) {
        return of_html(plain);
    }
    let of_plain = find_in_text(plain);
    match html {
        Some(html) if !of_plain.has_quote || of_plain.text.is_empty() => {
            let of_html = find_in_html(html);
            let is_better = of_html.has_quote || of_plain.text.is_empty();
            if is_better && !of_html.text.is_empty() { of_html.text } else { of_plain.text }
        }
        Some(_) | None => of_plain.text,
    }
}

/// The visible text of an HTML body.
pub fn of_html(html: &str) -> String {
    find_in_html(html).text
}

/// The visible text of a plain body.
pub fn of_text(text: &str) -> String {
    find_in_text(text).text
}

/// The whole text of an HTML body, with quotes and signature.
pub fn plain_of_html(html: &str) -> String {
    let rendered = render::rendered(capped(html, HTML_BYTES_MAX));
    let lines: Vec<Line<'_>> = lines(&rendered.text).collect();
    joined(&lines)
}

fn find_in_html(html: &str) -> Found {
    let rendered = render::rendered(capped(html, HTML_BYTES_MAX));
    let marks = rendered.marks.iter().copied().chain(std::iter::repeat(Mark::Own));
    let mut lines: Vec<Line<'_>> = lines(&rendered.text).zip(marks).map(|(line, mark)| Line { mark, ..line }).collect();
    if !lines.iter().any(Line::is_own_text) {
        for line in lines.iter_mut().filter(|line| line.mark == Mark::Indented) {
            line.mark = Mark::Own;
        }
    }
    find(&mut lines)
}

fn find_in_text(text: &str) -> Found {
    let text = cleaned(capped(text, TEXT_BYTES_MAX));
    let mut lines: Vec<Line<'_>> = lines(&text).collect();
    find(&mut lines)
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.split('\n').map(|line| Line { text: line.trim_end(), mark: Mark::Own })
}

/// Marks the lines until nothing changes any more: what is found to be visible is all visible when it is read again.
fn find(lines: &mut Vec<Line<'_>>) -> Found {
    const PASSES_MAX: usize = 8;
    let mut has_quote = false;
    for _ in 0..PASSES_MAX {
        let before = lines.len();
        has_quote |= quotes::mark(lines);
        signature::mark(lines);
        lines.retain(|line| line.mark == Mark::Own);
        if lines.len() == before {
            break;
        }
    }
    Found { text: joined(lines), has_quote }
}

/// The lines as one text: no empty lines around it, never two in a row.
fn joined(lines: &[Line<'_>]) -> String {
    let mut text = String::with_capacity(lines.iter().map(|line| line.text.len() + 1).sum());
    let mut gap = false;
    for line in lines {
        if line.is_blank() {
            gap = !text.is_empty();
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        if std::mem::take(&mut gap) {
            text.push('\n');
        }
        let line = if text.is_empty() { line.text.trim_start() } else { line.text };
        text.push_str(line);
    }
    text
}

/// Whether a plain body is HTML that somebody put in the wrong place.
fn looks_like_html(text: &str) -> bool {
    let start = capped(text.trim_start(), 512).to_ascii_lowercase();
    let is_tag = |tag: &&str| {
        start
            .strip_prefix('<')
            .and_then(|rest| rest.strip_prefix(*tag))
            .is_some_and(|rest| rest.starts_with(['>', ' ', '\n', '\r', '\t', '/']))
    };
    start.starts_with("<!doctype html")
        || ["html", "head", "body", "div", "p", "table", "span", "meta", "br", "font", "style"].iter().any(is_tag)
}

/// Whether a plain body only says that the mail has to be read as HTML, or is empty.
fn is_stand_in(text: &str) -> bool {
    const TELLING: &[&str] = &["html", "view this e"];
    let text = text.trim();
    if text.is_empty() {
        return true;
    }
    if text.len() > 200 {
        return false;
    }
    let lower = text.to_lowercase();
    TELLING.iter().any(|word| lower.contains(word))
        && [
            "support html",
            "html viewer",
            "html-capable",
            "html capable",
            "html format",
            "html message",
            "html e-mail client",
        ]
        .iter()
        .any(|phrase| lower.contains(phrase))
}
