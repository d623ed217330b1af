//! The tree of parts, walked once over the lines, and the bodies among its leaves.

use super::decode::text_of;
use super::field::{self, Head};
use super::{NESTING_MAX, PART_BYTES_MAX, PARTS_BYTES_MAX, PARTS_MAX, Part, html_text};

/// In how many lines the boundary of a multipart is looked for that does not tell it.
const GUESS_LINES_MAX: usize = 50;

/// A part that holds no others, and where it stood.
pub(super) struct Leaf {
    pub(super) part: Part,
    /// The outermost multipart/alternative around it.
    alternative: Option<usize>,
    is_body: bool,
}

struct Frame {
    boundary: String,
    alternative: Option<usize>,
    is_digest: bool,
    /// Its boundary was seen.
    is_found: bool,
    /// A part has begun in it.
    has_part: bool,
}

struct Walk<'a> {
    rest: &'a [u8],
    frames: Vec<Frame>,
    leaves: Vec<Leaf>,
    /// How many bytes may still be decoded.
    bytes_left: usize,
    alternatives: usize,
}

struct Boundary<'a> {
    /// What stands before it.
    content: &'a [u8],
    /// Which of the open multiparts it belongs to; none at the end of the mail.
    frame: Option<usize>,
    is_last: bool,
}

/// All leaves in order.
pub(super) fn leaves(head: &Head, body: &[u8]) -> Vec<Leaf> {
    let mut walk =
        Walk { rest: body, frames: Vec::new(), leaves: Vec::new(), bytes_left: PARTS_BYTES_MAX, alternatives: 0 };
    walk.part(head);
    while walk.leaves.len() < PARTS_MAX && walk.go_to_next_part() {
        let frames = &walk.frames;
        let (fields, rest) = field::block(walk.rest, |line| boundary_of(frames, line).is_some());
        let mut head = Head::of(&fields);
        let is_typed = fields.iter().any(field::RawField::is_content_type);
        let parent = walk.frames.last();
        if parent.is_some_and(|frame| frame.is_digest) && !is_typed {
            "message/rfc822".clone_into(&mut head.content_type);
        }
        walk.rest = rest;
        walk.part(&head);
    }
    walk.leaves
}

impl<'a> Walk<'a> {
    /// Takes the part whose body begins here: opens a multipart, or keeps a leaf and stands before the boundary behind it.
    fn part(&mut self, head: &Head) {
        let is_first = self.frames.last_mut().is_none_or(|frame| !std::mem::replace(&mut frame.has_part, true));
        let around = self.frames.last().and_then(|frame| frame.alternative);
        let told = head.boundary.clone().filter(|boundary| !boundary.is_empty());
        let boundary =
            told.or_else(|| head.is_multipart().then(|| guessed_boundary(&self.frames, self.rest)).flatten());
        match boundary {
            Some(boundary) if head.is_multipart() && self.frames.len() < NESTING_MAX => {
                let alternative = around.or_else(|| {
                    (head.content_type == "multipart/alternative").then(|| {
                        self.alternatives += 1;
                        self.alternatives
                    })
                });
                let is_digest = head.content_type == "multipart/digest";
                self.frames.push(Frame { boundary, alternative, is_digest, is_found: false, has_part: false });
            }
            Some(_) | None => {
                let content = self.peek_content();
                self.leaf(head, content, around, is_first);
            }
        }
    }

    fn leaf(&mut self, head: &Head, content: &[u8], alternative: Option<usize>, is_first: bool) {
        let is_multipart = head.is_multipart();
        let content_type = if is_multipart { "text/plain" } else { head.content_type.as_str() };
        let is_text = content_type.starts_with("text/") || content_type.starts_with("message/");
        let is_body =
            matches!(content_type, "text/plain" | "text/html") && !head.is_attachment && (is_first || !head.has_name);
        let bytes = if is_text { content.len().min(PART_BYTES_MAX).min(self.bytes_left) } else { 0 };
        self.bytes_left -= bytes;
        let text = text_of(head, content.get(..bytes).unwrap_or_default());
        let part = Part { content_type: content_type.to_owned(), text, is_attachment: head.is_attachment };
        self.leaves.push(Leaf { part, alternative, is_body });
    }

    /// What stands before the next boundary, without passing it.
    fn peek_content(&self) -> &'a [u8] {
        if self.frames.is_empty() { self.rest } else { next_boundary(&self.frames, self.rest).0.content }
    }

    /// Goes behind the next boundary that begins a part; not where there is none.
    fn go_to_next_part(&mut self) -> bool {
        while !self.frames.is_empty() {
            let (found, rest) = next_boundary(&self.frames, self.rest);
            let innermost = self.frames.len().saturating_sub(1);
            let is_lost = self.frames.last().is_some_and(|frame| !frame.is_found) && found.frame != Some(innermost);
            if is_lost && !found.content.trim_ascii().is_empty() {
                // A multipart without its boundary is a text, as it stands.
                self.leaf(&Head::default_text(), found.content, None, true);
            }
            self.rest = rest;
            let Some(index) = found.frame else {
                return false;
            };
            self.frames.truncate(index + 1);
            if let Some(frame) = self.frames.last_mut() {
                frame.is_found = true;
            }
            if !found.is_last {
                return true;
            }
        }
        false
    }
}

/// The next line that is a boundary of an open multipart, and what follows that line.
fn next_boundary<'a>(frames: &[Frame], from: &'a [u8]) -> (Boundary<'a>, &'a [u8]) {
    let mut at = 0_usize;
    loop {
        let (line, after) = field::split_line(from.get(at..).unwrap_or_default());
        if line.is_empty() {
            return (Boundary { content: from, frame: None, is_last: true }, &[]);
        }
        if let Some((frame, is_last)) = boundary_of(frames, line) {
            let content = from.get(..at).unwrap_or_default();
            let content = content.strip_suffix(b"\n").unwrap_or(content);
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            return (Boundary { content, frame: Some(frame), is_last }, after);
        }
        at += line.len();
    }
}

/// The boundary of a multipart that does not tell it, as where a Content-Type was broken into lines without a space before the
/// second: a line that looks like one, with a header of a part behind it.
fn guessed_boundary(frames: &[Frame], body: &[u8]) -> Option<String> {
    let mut rest = body;
    for _ in 0..GUESS_LINES_MAX {
        let (line, after) = field::split_line(rest);
        let marked = line.strip_prefix(b"--").map(<[u8]>::trim_ascii_end);
        let is_header = after.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
        if let Some(boundary) = marked
            && is_header
            && (1..=70).contains(&boundary.len())
            && boundary_of(frames, line).is_none()
        {
            return std::str::from_utf8(boundary).ok().map(str::to_owned);
        }
        if after.is_empty() {
            return None;
        }
        rest = after;
    }
    None
}

/// Which open multipart a line is a boundary of, the innermost first, and whether it closes it.
fn boundary_of(frames: &[Frame], line: &[u8]) -> Option<(usize, bool)> {
    let marked = line.strip_prefix(b"--")?.trim_ascii_end();
    frames.iter().enumerate().rev().find_map(|(index, frame)| {
        let tail = marked.strip_prefix(frame.boundary.as_bytes())?;
        match tail {
            [] => Some((index, false)),
            [b'-', b'-', ..] => Some((index, true)),
            _ => None,
        }
    })
}

/// What a reader is shown.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
}

/// The bodies of a mail: of each alternative its plain and its HTML form, and all that is shown one after the other joined.
/// What exists in HTML only, beside plain parts, is put among these as text, so that a plain footer is not taken for the whole.
pub(super) fn bodies(leaves: &[Leaf]) -> Bodies {
    let shown = || leaves.iter().filter(|leaf| leaf.is_body);
    let is_html = |leaf: &Leaf| leaf.part.content_type == "text/html";
    let has_plain = shown().any(|leaf| !is_html(leaf));
    let mut bodies = Bodies::default();
    for leaf in shown() {
        let text = leaf.part.text.as_str();
        if !is_html(leaf) {
            join(&mut bodies.text, text);
            continue;
        }
        join(&mut bodies.html, text);
        let has_plain_form =
            leaf.alternative.is_some_and(|id| shown().any(|other| other.alternative == Some(id) && !is_html(other)));
        if has_plain && !has_plain_form {
            join(&mut bodies.text, &html_text(text));
        }
    }
    bodies
}

fn join(body: &mut Option<String>, text: &str) {
    match body {
        Some(body) if body.trim().is_empty() => text.clone_into(body),
        Some(_) if text.trim().is_empty() => {}
        Some(body) => {
            if !body.ends_with('\n') {
                body.push('\n');
            }
            body.push_str(text);
        }
        None => *body = Some(text.to_owned()),
    }
}
