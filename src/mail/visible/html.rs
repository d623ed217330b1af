//! HTML in tokens: as tolerant as mail needs it, and linear. What is no tag stays text.

/// What an element does to the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    LineBreak,
    Rule,
    Paragraph,
    Quote,
    Preformatted,
    Item,
    Row,
    Cell,
    /// Stands on lines of its own.
    Block,
    Image,
    /// No content, no trace: `meta`, `input`.
    Void,
    /// Its content is no text: `style`, `script`.
    Raw,
    Inline,
}

/// A start tag with the attributes that say something of quotes and signatures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    pub(super) class: &'a str,
    pub(super) id: &'a str,
    pub(super) style: &'a str,
    /// The attribute `type`.
    pub(super) type_: &'a str,
    /// The attribute `name`.
    pub(super) label: &'a str,
    pub(super) alt: &'a str,
    pub(super) data_marker: &'a str,
    pub(super) has_cite: bool,
    pub(super) is_hidden: bool,
}

#[derive(Debug)]
pub(super) enum Token<'a> {
    Text(&'a str),
    Open(Element<'a>),
    Close(&'a str),
}

pub(super) fn kind_of(name: &str) -> Kind {
    const KINDS: &[(Kind, &[&str])] = &[
        (Kind::Block, &["div", "table", "ul", "ol", "dl", "dt", "dd", "body", "html", "center", "section", "article"]),
        (Kind::Block, &["header", "footer", "main", "address", "h1", "h2", "h3", "h4", "h5", "h6", "form", "fieldset"]),
        (Kind::Block, &["aside", "figure", "caption", "nav", "details", "summary"]),
        (Kind::LineBreak, &["br"]),
        (Kind::Paragraph, &["p"]),
        (Kind::Row, &["tr"]),
        (Kind::Cell, &["td", "th"]),
        (Kind::Item, &["li"]),
        (Kind::Quote, &["blockquote"]),
        (Kind::Preformatted, &["pre"]),
        (Kind::Rule, &["hr"]),
        (Kind::Image, &["img"]),
        (Kind::Raw, &["style", "script", "title", "xml", "noscript", "textarea", "svg", "select"]),
        (Kind::Void, &["meta", "link", "base", "input", "area", "col", "wbr", "source", "param", "embed"]),
    ];
    let is = |names: &&[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    match name.len() {
        1 if name.eq_ignore_ascii_case("p") => Kind::Paragraph,
        1 => Kind::Inline,
        _ if name.eq_ignore_ascii_case("span") || name.eq_ignore_ascii_case("font") => Kind::Inline,
        _ => KINDS.iter().find(|(_, names)| is(names)).map_or(Kind::Inline, |(kind, _)| *kind),
    }
}

/// The tokens of a document.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// No `-->` stands in the rest: it is looked for once.
    no_comment_end: bool,
    /// No `>` closes a tag in the rest: all of it is text.
    no_tag_end: bool,
    /// Raw elements that are not closed in the rest.
    unclosed: Vec<&'a str>,
}

impl<'a> Tokens<'a> {
    pub(super) const fn of(html: &'a str) -> Self {
        Self { rest: html, no_comment_end: false, no_tag_end: false, unclosed: Vec::new() }
    }

    /// Cuts the rest after so many bytes and gives what came before.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// The tag at the start of the rest, or nothing where it is text or no token of its own.
    fn tag(&mut self) -> Option<Token<'a>> {
        let inner = self.rest.strip_prefix('<').unwrap_or_default();
        match inner.as_bytes().first() {
            Some(b'!' | b'?') => {
                self.skip_declaration(inner);
                None
            }
            Some(b'/') => {
                let end = inner.find('>').unwrap_or(inner.len());
                let name = inner.get(1..end).unwrap_or_default().split_ascii_whitespace().next().unwrap_or_default();
                self.take(end + 2);
                Some(Token::Close(name))
            }
            _ => self.open(inner),
        }
    }

    fn skip_declaration(&mut self, inner: &'a str) {
        if inner.starts_with("!--") && !self.no_comment_end {
            // `<!-->` is a whole comment.
            if let Some(end) = inner.get(1..).and_then(|body| body.find("-->")) {
                self.take(end + 1 + 1 + 3);
                return;
            }
            self.no_comment_end = true;
        }
        let end = inner.find('>').map_or(self.rest.len(), |at| at + 2);
        self.take(end);
    }

    fn open(&mut self, inner: &'a str) -> Option<Token<'a>> {
        let name_end = inner.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap_or(inner.len());
        let name = inner.get(..name_end).unwrap_or_default();
        let Some((element, bytes)) = attributes(name, inner) else {
            self.no_tag_end = true;
            return None;
        };
        self.take(bytes + 1);
        if element.kind == Kind::Raw {
            self.skip_raw(name);
            return None;
        }
        Some(Token::Open(element))
    }

    fn skip_raw(&mut self, name: &'a str) {
        if self.unclosed.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return;
        }
        let closes = |at: &usize| {
            let after = self.rest.as_bytes().get(at + 2..at + 2 + name.len());
            after.is_some_and(|after| after.eq_ignore_ascii_case(name.as_bytes()))
        };
        match self.rest.match_indices("</").map(|(at, _)| at).find(closes) {
            Some(at) => {
                self.take(at);
            }
            None => self.unclosed.push(name),
        }
    }

    /// Whether a tag, and not text, begins at `<`: `a < b`, `<3` and `<ann@example.com>` are text.
    fn is_tag(after: &str) -> bool {
        let name = after.strip_prefix('/').unwrap_or(after);
        match name.as_bytes().first() {
            Some(b'!' | b'?') => true,
            Some(first) if first.is_ascii_alphabetic() => {
                let name = name.split(|c: char| c.is_ascii_whitespace() || c == '>').next().unwrap_or_default();
                !name.contains('@') && !name.contains("://") && !name.starts_with("mailto:")
            }
            Some(_) | None => false,
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        while !self.rest.is_empty() {
            if self.no_tag_end {
                let all = self.rest.len();
                return Some(Token::Text(self.take(all)));
            }
            if let Some(after) = self.rest.strip_prefix('<')
                && Self::is_tag(capped_name(after))
            {
                if let Some(token) = self.tag() {
                    return Some(token);
                }
                continue;
            }
            let first = usize::from(self.rest.starts_with('<'));
            let next = self.rest.get(first..).and_then(|text| text.find('<'));
            return Some(Token::Text(self.take(next.map_or(self.rest.len(), |at| at + first))));
        }
        None
    }
}

/// As much of a tag as its name can need, so that many `<` cost no more than their number.
fn capped_name(after: &str) -> &str {
    super::clean::capped(after, 128)
}

/// The attributes of a start tag and how many bytes the tag has with its `>`; nothing where it has no end.
fn attributes<'a>(name: &'a str, inner: &'a str) -> Option<(Element<'a>, usize)> {
    let mut element = Element {
        name,
        kind: kind_of(name),
        class: "",
        id: "",
        style: "",
        type_: "",
        label: "",
        alt: "",
        data_marker: "",
        has_cite: false,
        is_hidden: false,
    };
    let mut rest = inner.get(name.len()..)?;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Some((element, inner.len() - after.len()));
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '=' | '/'))?;
        // A stray `=` is skipped as a name of one character.
        let (attribute, after) = rest.split_at_checked(end.max(usize::from(rest.starts_with('='))))?;
        let (value, after) = match after.trim_start().strip_prefix('=') {
            Some(after) => value(after.trim_start())?,
            None => ("", after),
        };
        rest = after;
        note(&mut element, attribute, value);
    }
}

/// The value at the start, without its quotes, and what follows it.
fn value(text: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        // A quote that is never closed is part of the value; there can be only one of each kind.
        if let Some(parts) = text.strip_prefix(quote).and_then(|text| text.split_once(quote)) {
            return Some(parts);
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>')?;
    text.split_at_checked(end)
}

fn note<'a>(element: &mut Element<'a>, attribute: &str, value: &'a str) {
    let is = |name: &str| attribute.eq_ignore_ascii_case(name);
    match attribute.len() {
        2 if is("id") => element.id = value,
        3 if is("alt") => element.alt = value,
        4 if is("type") => element.type_ = value,
        4 if is("name") => element.label = value,
        4 if is("cite") => element.has_cite = true,
        5 if is("class") => element.class = value,
        5 if is("style") => element.style = value,
        6 if is("hidden") => element.is_hidden = true,
        11 if is("data-marker") => element.data_marker = value,
        _ => {}
    }
}
