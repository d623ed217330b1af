//! Airtable's formulas as far as they are used: literals, fields, comparisons, arithmetic, a dozen functions. What is not known is refused.

/// What a formula gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Blank,
    Text(String),
    Number(f64),
    Truth(bool),
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Outcome),
    Field(String),
    Call(Function, Vec<Node>),
    Operation(&'static str, Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    And,
    Or,
    Not,
    If,
    Lower,
    Trim,
    Find,
    Blank,
    True,
    False,
    RecordId,
}

/// A formula that was understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Formula(Node);

impl Formula {
    /// `is_known` tells whether a field of that name or id is there.
    pub(super) fn parse(text: &str, is_known: &dyn Fn(&str) -> bool) -> Result<Self, String> {
        let mut parser = Parser { rest: text, is_known };
        let node = parser.comparison(0)?;
        parser.skip();
        if parser.rest.is_empty() { Ok(Self(node)) } else { Err(format!("`{}` is not understood", parser.rest)) }
    }

    /// `field` gives a cell by the field's name or id.
    pub(super) fn evaluate(&self, record_id: &str, field: &dyn Fn(&str) -> Outcome) -> Outcome {
        evaluate(&self.0, record_id, field)
    }
}

impl Outcome {
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Blank => false,
            Self::Text(text) => !text.is_empty(),
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Truth(truth) => *truth,
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Blank => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => u8::from(*truth).to_string(),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Self::Blank => 0.0,
            Self::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
            Self::Number(number) => *number,
            Self::Truth(truth) => f64::from(u8::from(*truth)),
        }
    }
}

fn evaluate(node: &Node, record_id: &str, field: &dyn Fn(&str) -> Outcome) -> Outcome {
    let value = |node: &Node| evaluate(node, record_id, field);
    match node {
        Node::Literal(outcome) => outcome.clone(),
        Node::Field(name) => field(name),
        Node::Operation(operator, left, right) => operate(operator, &value(left), &value(right)),
        Node::Call(function, given) => {
            let nth = |n: usize| given.get(n).map_or(Outcome::Blank, value);
            match function {
                Function::And => Outcome::Truth(given.iter().all(|node| value(node).is_true())),
                Function::Or => Outcome::Truth(given.iter().any(|node| value(node).is_true())),
                Function::Not => Outcome::Truth(!nth(0).is_true()),
                Function::If => nth(if nth(0).is_true() { 1 } else { 2 }),
                Function::Lower => Outcome::Text(nth(0).text().to_lowercase()),
                Function::Trim => Outcome::Text(nth(0).text().trim().to_owned()),
                Function::Find => found(&nth(0).text(), &nth(1).text()),
                Function::Blank => Outcome::Blank,
                Function::True => Outcome::Truth(true),
                Function::False => Outcome::Truth(false),
                Function::RecordId => Outcome::Text(record_id.to_owned()),
            }
        }
    }
}

/// The place, counted from one in characters; zero where it is not there.
fn found(needle: &str, text: &str) -> Outcome {
    let place = text.split_once(needle).map_or(0, |(before, _)| before.chars().count() + 1);
    Outcome::Number(u32::try_from(place).map_or(0.0, f64::from))
}

fn operate(operator: &str, left: &Outcome, right: &Outcome) -> Outcome {
    match operator {
        "&" => Outcome::Text(left.text() + &right.text()),
        "+" => Outcome::Number(left.number() + right.number()),
        "-" => Outcome::Number(left.number() - right.number()),
        "*" => Outcome::Number(left.number() * right.number()),
        "/" => Outcome::Number(left.number() / right.number()),
        comparison => Outcome::Truth(compare(comparison, left, right)),
    }
}

/// A blank cell equals the empty text and zero; texts are compared as texts, all else as numbers.
fn compare(operator: &str, left: &Outcome, right: &Outcome) -> bool {
    let order = if matches!(left, Outcome::Text(_)) || matches!(right, Outcome::Text(_)) {
        Some(left.text().cmp(&right.text()))
    } else {
        left.number().partial_cmp(&right.number())
    };
    match operator {
        "=" => order.is_some_and(std::cmp::Ordering::is_eq),
        "!=" => !order.is_some_and(std::cmp::Ordering::is_eq),
        "<" => order.is_some_and(std::cmp::Ordering::is_lt),
        ">" => order.is_some_and(std::cmp::Ordering::is_gt),
        "<=" => order.is_some_and(std::cmp::Ordering::is_le),
        _ => order.is_some_and(std::cmp::Ordering::is_ge),
    }
}

/// From the loosest to the tightest; within a level the longer spelling comes first.
const OPERATORS: &[&[&str]] = &[&["!=", "<=", ">=", "=", "<", ">"], &["&"], &["+", "-"], &["*", "/"]];
const NESTING_MAX: usize = 100;

struct Parser<'a> {
    rest: &'a str,
    is_known: &'a dyn Fn(&str) -> bool,
}

impl Parser<'_> {
    fn comparison(&mut self, nesting: usize) -> Result<Node, String> {
        if nesting > NESTING_MAX {
            return Err("nested too deeply".to_owned());
        }
        self.level(OPERATORS, nesting)
    }

    fn level(&mut self, levels: &[&[&'static str]], nesting: usize) -> Result<Node, String> {
        let Some((operators, tighter)) = levels.split_first() else { return self.operand(nesting) };
        let mut left = self.level(tighter, nesting)?;
        loop {
            self.skip();
            let Some(operator) = operators.iter().find(|operator| self.rest.starts_with(**operator)) else {
                return Ok(left);
            };
            self.take(operator);
            left = Node::Operation(operator, Box::new(left), Box::new(self.level(tighter, nesting)?));
        }
    }

    fn operand(&mut self, nesting: usize) -> Result<Node, String> {
        self.skip();
        let first = self.rest.chars().next().ok_or("it ends too early")?;
        match first {
            '(' => {
                self.take("(");
                let inner = self.comparison(nesting + 1)?;
                self.expect(")")?;
                Ok(inner)
            }
            '"' | '\'' => self.until(first).map(|text| Node::Literal(Outcome::Text(text))),
            '{' => {
                let name = self.until('}')?;
                if (self.is_known)(&name) { Ok(Node::Field(name)) } else { Err(format!("Unknown field names: {name}")) }
            }
            '-' => {
                self.take("-");
                let zero = Box::new(Node::Literal(Outcome::Number(0.0)));
                Ok(Node::Operation("-", zero, Box::new(self.operand(nesting + 1)?)))
            }
            '0'..='9' | '.' => {
                let text = self.word(|c| c.is_ascii_digit() || c == '.');
                text.parse().map(|number| Node::Literal(Outcome::Number(number))).map_err(|_| format!("`{text}`"))
            }
            _ => self.call(nesting),
        }
    }

    fn call(&mut self, nesting: usize) -> Result<Node, String> {
        let name = self.word(|c| c.is_alphanumeric() || c == '_');
        self.skip();
        if !self.rest.starts_with('(') {
            // A field's name without blanks may stand without braces.
            let is_field = !name.is_empty() && (self.is_known)(&name);
            return if is_field { Ok(Node::Field(name)) } else { Err(format!("Unknown field names: {name}")) };
        }
        let (function, least, most) = match name.to_ascii_uppercase().as_str() {
            "AND" => (Function::And, 1, usize::MAX),
            "OR" => (Function::Or, 1, usize::MAX),
            "NOT" => (Function::Not, 1, 1),
            "IF" => (Function::If, 2, 3),
            "LOWER" => (Function::Lower, 1, 1),
            "TRIM" => (Function::Trim, 1, 1),
            "FIND" => (Function::Find, 2, 2),
            "BLANK" => (Function::Blank, 0, 0),
            "TRUE" => (Function::True, 0, 0),
            "FALSE" => (Function::False, 0, 0),
            "RECORD_ID" => (Function::RecordId, 0, 0),
            _ => return Err(format!("Unknown function: {name}")),
        };
        self.take("(");
        let mut given = Vec::new();
        loop {
            self.skip();
            if self.rest.starts_with(')') {
                break;
            }
            if !given.is_empty() {
                self.expect(",")?;
            }
            given.push(self.comparison(nesting + 1)?);
        }
        self.take(")");
        let fits = (least..=most).contains(&given.len());
        if fits { Ok(Node::Call(function, given)) } else { Err(format!("Invalid number of arguments of {name}")) }
    }

    /// From an opening mark to the closing one; a backslash takes the next character as it is, or as a line's end.
    fn until(&mut self, end: char) -> Result<String, String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if c == end {
                self.rest = self.rest.get(at + c.len_utf8()..).unwrap_or_default();
                return Ok(text);
            }
            text.push(match c {
                '\\' => match chars.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, 'r')) => '\r',
                    Some((_, 't')) => '\t',
                    Some((_, other)) => other,
                    None => break,
                },
                c => c,
            });
        }
        Err(format!("{end} is missing"))
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let rest = self.rest.trim_start_matches(&belongs);
        let (word, _) = self.rest.split_at(self.rest.len() - rest.len());
        let word = word.to_owned();
        self.rest = rest;
        word
    }

    fn expect(&mut self, mark: &str) -> Result<(), String> {
        self.skip();
        if self.rest.starts_with(mark) {
            self.take(mark);
            return Ok(());
        }
        Err(format!("`{mark}` is missing"))
    }

    fn take(&mut self, mark: &str) {
        self.rest = self.rest.strip_prefix(mark).unwrap_or(self.rest);
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }
}
