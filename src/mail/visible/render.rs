//! HTML as lines of text, each marked as the person's own, quoted or signature by the elements it stands in.

use super::clean::{Clean, clean};
use super::html::{Element, Kind, Token, Tokens, kind_of};
use super::{Mark, TEXT_BYTES_MAX, entities, structure};
use structure::Part;

/// Elements that may be open at once; what is nested deeper no longer changes anything.
const OPEN_ELEMENTS_MAX: usize = 256;

/// A document as text.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) text: String,
    /// One for each line of the text.
    pub(super) marks: Vec<Mark>,
}

/// An element that is open.
struct Open<'a> {
    name: &'a str,
    kind: Kind,
    part: Part,
    /// A paragraph with an empty line above and below.
    has_gap: bool,
}

#[derive(Default)]
struct Renderer<'a> {
    text: String,
    marks: Vec<Mark>,
    /// Where the line that is being written begins.
    line_start: usize,
    line_mark: Mark,
    stack: Vec<Open<'a>>,
    /// Elements that were not put on the stack because it was full.
    overflow: usize,
    hidden: usize,
    quoted: usize,
    indented: usize,
    signature: usize,
    preformatted: usize,
    /// From here on all is quoted.
    rest_is_quoted: bool,
    /// A space is due before the next character of the line.
    space: bool,
    /// The line holds nothing but hard spaces so far: it is an empty line of its own.
    has_hard_space: bool,
    /// An empty line is due before the next line.
    gap: bool,
}

/// Renders a document.
pub(super) fn rendered(html: &str) -> Rendered {
    let mut renderer = Renderer::default();
    for token in Tokens::of(html) {
        match token {
            Token::Text(text) => renderer.text(text),
            Token::Open(element) => renderer.open(&element),
            Token::Close(name) => renderer.close(name),
        }
        if renderer.text.len() > TEXT_BYTES_MAX {
            break;
        }
    }
    renderer.end_line();
    Rendered { text: renderer.text, marks: renderer.marks }
}

impl<'a> Renderer<'a> {
    fn mark(&self) -> Mark {
        if self.rest_is_quoted || self.quoted > 0 {
            Mark::Quoted
        } else if self.indented > 0 {
            Mark::Indented
        } else if self.signature > 0 {
            Mark::Signature
        } else {
            Mark::Own
        }
    }

    fn line_is_empty(&self) -> bool {
        self.text.len() == self.line_start
    }

    fn push_line_end(&mut self, mark: Mark) {
        self.text.push('\n');
        self.marks.push(mark);
        self.line_start = self.text.len();
        self.space = false;
        self.has_hard_space = false;
    }

    /// Ends the line, if there is one.
    fn end_line(&mut self) {
        if !self.line_is_empty() {
            self.push_line_end(self.line_mark);
        } else if self.has_hard_space {
            self.push_line_end(self.mark());
        }
        self.space = false;
    }

    fn open(&mut self, element: &Element<'a>) {
        match element.kind {
            Kind::LineBreak if self.hidden > 0 => {}
            Kind::LineBreak if self.line_is_empty() => self.push_line_end(self.mark()),
            Kind::LineBreak => self.end_line(),
            Kind::Image => self.image(element),
            Kind::Rule => {
                self.end_line();
                self.gap = true;
                self.rest_is_quoted |= structure::part(element) == Part::RestQuoted && self.mark() == Mark::Own;
            }
            Kind::Void | Kind::Raw => {}
            Kind::Paragraph => self.open_with_content(element),
            Kind::Cell => {
                self.space |= !self.line_is_empty();
                self.open_with_content(element);
            }
            Kind::Quote | Kind::Preformatted | Kind::Item | Kind::Row | Kind::Block | Kind::Inline => {
                self.open_with_content(element);
            }
        }
    }

    fn open_with_content(&mut self, element: &Element<'a>) {
        // A paragraph or an item ends the one before it, which nobody closed.
        if matches!(element.kind, Kind::Paragraph | Kind::Item)
            && self.stack.last().is_some_and(|open| open.kind == element.kind)
        {
            self.pop();
        }
        if !matches!(element.kind, Kind::Inline | Kind::Cell) {
            self.end_line();
        }
        let has_gap = element.kind == Kind::Paragraph && !structure::is_tight(element);
        self.gap |= has_gap;
        if self.stack.len() >= OPEN_ELEMENTS_MAX {
            self.overflow += 1;
            return;
        }
        let part = structure::part(element);
        if !matches!(part, Part::None | Part::Hidden) {
            self.end_line();
        }
        match part {
            Part::None => {}
            Part::Hidden => self.hidden += 1,
            Part::Quoted | Part::AnswerableQuote { .. } => self.quoted += 1,
            Part::Indented => self.indented += 1,
            Part::Signature => self.signature += 1,
            Part::RestQuoted => self.rest_is_quoted |= self.mark() == Mark::Own,
        }
        self.preformatted += usize::from(element.kind == Kind::Preformatted);
        self.stack.push(Open { name: element.name, kind: element.kind, part, has_gap });
    }

    fn close(&mut self, name: &str) {
        let kind = kind_of(name);
        if self.overflow > 0 {
            self.overflow -= 1;
            return;
        }
        // An inline end tag closes nothing outside of its block.
        let reaches = |open: &Open<'_>| kind != Kind::Inline || open.kind == Kind::Inline;
        let found = self.stack.iter().rev().take_while(|open| reaches(open)).position(|open| is_same(open, kind, name));
        if let Some(above) = found {
            for _ in 0..=above {
                self.pop();
            }
        }
        if !matches!(kind, Kind::Inline | Kind::Cell | Kind::Image | Kind::Void | Kind::LineBreak | Kind::Raw) {
            self.end_line();
        }
        self.space |= kind == Kind::Cell && !self.line_is_empty();
    }

    fn pop(&mut self) {
        let Some(open) = self.stack.pop() else { return };
        if open.part != Part::None && open.part != Part::Hidden {
            self.end_line();
        }
        match open.part {
            Part::None | Part::RestQuoted => {}
            Part::Hidden => self.hidden -= 1,
            Part::Quoted => {
                self.quoted -= 1;
                self.answers_may_follow(open.kind);
            }
            Part::AnswerableQuote { is_answered } => self.quoted -= usize::from(!is_answered),
            Part::Indented => self.indented -= 1,
            Part::Signature => self.signature -= 1,
        }
        self.preformatted -= usize::from(open.kind == Kind::Preformatted);
        self.gap |= open.has_gap;
    }

    /// In Gmail's container the quote is a blockquote; what follows that is an answer between the quotes.
    fn answers_may_follow(&mut self, kind: Kind) {
        if let Some(Open { part: Part::AnswerableQuote { is_answered }, .. }) = self.stack.last_mut()
            && kind == Kind::Quote
            && !*is_answered
        {
            *is_answered = true;
            self.quoted -= 1;
        }
    }

    /// What is forwarded stands in Gmail's container too, but nobody answers in there.
    fn note_forward(&mut self, text: &str) {
        if self.quoted > 0
            && text.trim_start().starts_with("-----")
            && let Some(open) = self.stack.iter_mut().rev().find(|open| open.part != Part::None)
            && matches!(open.part, Part::AnswerableQuote { is_answered: false })
        {
            open.part = Part::Quoted;
        }
    }

    fn text(&mut self, text: &str) {
        if self.hidden > 0 {
            return;
        }
        self.note_forward(text);
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.bytes().position(is_special).unwrap_or(rest.len());
            let Some((plain, special)) = rest.split_at_checked(plain) else { return };
            if !plain.is_empty() {
                self.word(plain);
            }
            let mut chars = special.chars();
            let Some(first) = chars.next() else { return };
            rest = chars.as_str();
            if first == '&' {
                let (c, after) = entities::decode(rest).unwrap_or(('&', rest));
                rest = after;
                self.char(c);
            } else {
                self.char(first);
            }
        }
    }

    fn char(&mut self, c: char) {
        match clean(c) {
            Clean::Keep if c == ' ' => self.white(c),
            Clean::Keep => self.word(c.encode_utf8(&mut [0; 4])),
            Clean::Space | Clean::LineEnd => self.white(c),
            Clean::Drop => {}
        }
    }

    fn white(&mut self, c: char) {
        if self.preformatted > 0 && c == '\n' {
            if self.line_is_empty() { self.push_line_end(self.mark()) } else { self.end_line() }
        } else {
            self.has_hard_space |= c == '\u{a0}' && self.line_is_empty();
            self.space |= !self.line_is_empty();
        }
    }

    /// Writes text without spaces.
    fn word(&mut self, word: &str) {
        let mark = self.mark();
        if self.line_is_empty() {
            if std::mem::take(&mut self.gap) && self.text.len() > 1 && !self.text.ends_with("\n\n") {
                self.push_line_end(mark);
            }
            self.line_mark = mark;
        }
        if std::mem::take(&mut self.space) {
            self.text.push(' ');
        }
        self.has_hard_space = false;
        self.text.push_str(word);
    }

    /// Emoji come as images; other alternative texts are no words of the person's.
    fn image(&mut self, element: &Element<'_>) {
        let is_emoji = element.alt.len() <= 16 && element.alt.chars().all(|c| !c.is_ascii() && !c.is_alphanumeric());
        if is_emoji && !element.alt.is_empty() && self.hidden == 0 {
            self.word(element.alt);
        }
    }
}

fn is_same(open: &Open<'_>, kind: Kind, name: &str) -> bool {
    open.kind == kind && open.name.eq_ignore_ascii_case(name)
}

/// Whether a byte may be something else than part of a word.
const fn is_special(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'&' | 0x7f | 0xc2 | 0xe1..=0xe3 | 0xef)
}
