//! Finding a person's address in what is stored, however it is spelled there, and taking the person out of it.

mod spelling;
mod successor;

use super::ids::Email;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Map, Value, json};
use spelling::{SIGNS, ascii_lower_of_upper, base64_parts, both, escaped, is_whole};
use std::collections::BTreeSet;
pub use successor::{anonymous, anonymous_key};

/// What stands where something of an erased person stood.
pub const MARK: &str = "[erased]";

/// What stands for a whole body of which nothing could be kept.
pub const BODY: &str = r#"{"erased":true}"#;

/// Texts in texts in texts: this deep an address is looked for.
const DEPTH_MAX: u32 = 3;

/// Addresses that are read out of one body.
const ADDRESSES_MAX: usize = 50;

/// A person, as texts name one.
#[derive(Debug, Clone)]
pub struct Person {
    /// In lower case.
    spellings: Vec<String>,
}

/// What a database looks for: more than a mention, never less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patterns {
    /// Parts of a text in lower case.
    pub folded: Vec<String>,
    /// Parts of a text as it is: base64.
    pub exact: Vec<String>,
}

impl Person {
    pub fn of<'a>(emails: impl IntoIterator<Item = &'a Email>) -> Self {
        let mut spellings = Vec::new();
        for email in emails {
            let Some((local, domain)) = email.as_str().rsplit_once('@') else { continue };
            let locals = both(local, &local.replace('+', "%2b"));
            let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
            let (unicode, _) = idna::domain_to_unicode(domain);
            let mut domains = both(domain, &ascii);
            domains.extend(both(&unicode, domain).into_iter().take(1));
            for local in &locals {
                for domain in &domains {
                    spellings.extend(SIGNS.iter().map(|sign| format!("{local}{sign}{domain}")));
                }
            }
        }
        let escaped: Vec<String> = spellings.iter().filter(|text| !text.is_ascii()).map(|text| escaped(text)).collect();
        let upper: Vec<String> =
            spellings.iter().filter(|text| !text.is_ascii()).map(|text| ascii_lower_of_upper(text)).collect();
        spellings.extend(escaped);
        spellings.extend(upper);
        spellings.sort();
        spellings.dedup();
        Self { spellings }
    }

    /// What finds all texts that may mention the person.
    pub fn patterns(&self) -> Patterns {
        let mut exact = Vec::new();
        for plain in self.spellings.iter().filter(|text| text.contains('@')) {
            for shift in 0..3 {
                let shifted = [vec![0; shift], plain.as_bytes().to_vec()].concat();
                let text = STANDARD_NO_PAD.encode(&shifted);
                // The letters at both ends depend on what stands beside the address.
                let core: String = text.chars().skip(shift + usize::from(shift > 0)).collect();
                let kept = core.chars().count().saturating_sub(2);
                exact.push(core.chars().take(kept).collect());
            }
        }
        exact.sort();
        exact.dedup();
        Patterns { folded: self.spellings.clone(), exact }
    }

    pub fn is_mentioned(&self, text: &str) -> bool {
        self.is_mentioned_within(text, 0)
    }

    fn is_mentioned_within(&self, text: &str, depth: u32) -> bool {
        if self.find(&text.to_ascii_lowercase(), 0).is_some() {
            return true;
        }
        depth < DEPTH_MAX && base64_parts(text).any(|(_, _, inner)| self.is_mentioned_within(&inner, depth + 1))
    }

    /// The first mention from an offset on, in a text whose ASCII letters are lowered.
    fn find(&self, lowered: &str, from: usize) -> Option<(usize, usize)> {
        let rest = lowered.get(from..)?;
        let mut found: Option<(usize, usize)> = None;
        for spelling in &self.spellings {
            let whole = rest.match_indices(spelling.as_str()).find(|(at, _)| is_whole(rest, *at, at + spelling.len()));
            if let Some((at, _)) = whole {
                let candidate = (from + at, from + at + spelling.len());
                if found.is_none_or(|known| candidate < known) {
                    found = Some(candidate);
                }
            }
        }
        found
    }

    /// The text without the address.
    pub fn taken_out_of(&self, text: &str) -> String {
        let lowered = text.to_ascii_lowercase();
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while let Some((start, end)) = self.find(&lowered, at) {
            out.push_str(text.get(at..start).unwrap_or_default());
            out.push_str(MARK);
            at = end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        let parts: Vec<(usize, usize)> = base64_parts(&out)
            .filter(|(_, _, inner)| self.is_mentioned_within(inner, 1))
            .map(|(start, end, _)| (start, end))
            .collect();
        for (start, end) in parts.into_iter().rev() {
            out.replace_range(start..end, MARK);
        }
        out
    }

    /// The value without the person: a message or meeting of theirs loses its texts, everything else the address.
    pub fn taken_out_of_json(&self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
            Value::String(text) => Value::String(self.taken_out_of(text)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.taken_out_of_json(item)).collect()),
            Value::Object(fields) => Value::Object(self.taken_out_of_fields(fields)),
        }
    }

    fn taken_out_of_fields(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let is_theirs = fields
            .get("contact_identifier")
            .and_then(Value::as_str)
            .is_some_and(|identifier| self.is_mentioned(identifier));
        let cell = |(name, value): (&String, &Value)| {
            let value = match name.as_str() {
                "content" if is_theirs => json!(""),
                "contact_identifier" | "contact_name" | "subject" | "title" | "url" if is_theirs => Value::Null,
                _ => self.taken_out_of_json(value),
            };
            (self.taken_out_of(name), value)
        };
        fields.iter().map(cell).collect()
    }

    /// A body of which the person's part is taken out. Of a list the other entries stay; everything else is about one person.
    pub fn taken_out_of_body(&self, body: &str) -> String {
        let Ok(Value::Array(items)) = serde_json::from_str::<Value>(body) else { return BODY.to_owned() };
        let is_theirs: Vec<bool> = items.iter().map(|item| self.is_mentioned_in(item)).collect();
        if !is_theirs.contains(&true) || !is_theirs.contains(&false) {
            return BODY.to_owned();
        }
        // Something stays in its place, so that a later reading of the rest knows that it does not see all there was.
        let placeholder: Value = json!({ "erased": true });
        let items: Vec<&Value> = items
            .iter()
            .zip(&is_theirs)
            .map(|(item, is_theirs)| if *is_theirs { &placeholder } else { item })
            .collect();
        let kept = serde_json::to_string(&items).unwrap_or_else(|_| BODY.to_owned());
        if self.is_mentioned(&kept) { BODY.to_owned() } else { kept }
    }

    /// Whether any text in the value, names of fields included, mentions the person.
    pub fn is_mentioned_in(&self, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
            Value::String(text) => self.is_mentioned(text),
            Value::Array(items) => items.iter().any(|item| self.is_mentioned_in(item)),
            Value::Object(fields) => {
                fields.iter().any(|(name, value)| self.is_mentioned(name) || self.is_mentioned_in(value))
            }
        }
    }
}

/// The addresses that stand in a body nobody could read, as far as they are plain.
pub fn addresses_in(body: &str) -> Vec<Email> {
    let ends = |c: char| c.is_whitespace() || c.is_control() || "\"'<>(),;:[]{}\\|&?=".contains(c);
    let words = body.split(ends).filter(|word| word.contains(['@', '%']));
    let emails =
        words.filter_map(|word| Email::parse(&word.replace("%40", "@").replace("%2b", "+").replace("%2B", "+")).ok());
    let mut found = BTreeSet::new();
    for email in emails {
        found.insert(email);
        // One mailbox that stands there again and again hides nobody.
        if found.len() == ADDRESSES_MAX {
            break;
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person(address: &str) -> Person {
        Person::of([&Email::parse(address).unwrap()])
    }

    #[test]
    fn an_address_is_found_however_it_is_written() {
        let ada = person("ada+x@example.com");
        let found = [
            "ada+x@example.com",
            "to ADA+X@Example.COM, please",
            "https://example.net/u?e=ada%2Bx%40example.com&x=1",
            "mailto:ada+x&#64;example.com",
            "<ada+x@example.com>",
            r#"{"e":"ada+x\u0040example.com"}"#,
            r"line\nada+x@example.com\n",
            "=3Cada+x=40example.com=3E",
            "ends with ada+x@example.com.",
            "YWRhK3hAZXhhbXBsZS5jb20=",
            "eyJlbWFpbCI6ImFkYSt4QGV4YW1wbGUuY29tIn0",
        ];
        for text in found {
            assert!(ada.is_mentioned(text), "{text}");
            let without = ada.taken_out_of(text);
            assert!(!ada.is_mentioned(&without) && without.contains(MARK), "{text} became {without}");
        }
        let others = [
            "bada+x@example.com",
            "ada@example.com",
            "ada+x@example.com.au",
            "ada+x@example.community",
            "ada+x@mail.example.com",
            "no address at all",
        ];
        for text in others {
            assert!(!ada.is_mentioned(text), "{text}");
            assert_eq!(ada.taken_out_of(text), text);
        }
        let jose = person("josé@münchen.example");
        for text in ["JOSÉ@MÜNCHEN.example", "josé@xn--mnchen-3ya.example", r"jos\u00e9@m\u00fcnchen.example"] {
            assert!(jose.is_mentioned(text), "{text}");
        }
    }

    #[test]
    fn of_a_list_the_others_stay_and_of_all_else_nothing() {
        let ada = person("ada@example.com");
        let list = r#"[{"email":"Ada@example.com","text":"secret"},{"email":"bob@example.com","text":"kept"}]"#;
        assert_eq!(ada.taken_out_of_body(list), r#"[{"erased":true},{"email":"bob@example.com","text":"kept"}]"#);
        for body in [
            r#"{"lead_email":"ada@example.com","text":"secret"}"#,
            r#"[{"email":"ada@example.com"}]"#,
            r#"[{"lead":7,"text":"a secret of somebody named by a number"}]"#,
            "no JSON at all",
        ] {
            assert_eq!(ada.taken_out_of_body(body), BODY, "{body}");
        }
    }

    #[test]
    fn a_message_of_theirs_in_another_s_history_loses_its_texts() {
        let seen = json!({ "gmail": { "data": { "kind": "reply_received", "message": {
            "platform": "gmail", "contact_identifier": "ada@example.com", "contact_name": "Ada", "subject": "Re: hello",
            "content": "I answer for Bob", "account_identifier": "us@example.net"
        } } }, "n8n": { "profile": { "company_name": "ask ada@example.com" } } });
        let without = person("ada@example.com").taken_out_of_json(&seen);
        let message = &without["gmail"]["data"]["message"];
        assert_eq!(
            (message["content"].as_str(), &message["contact_name"], &message["subject"]),
            (Some(""), &Value::Null, &Value::Null)
        );
        assert_eq!(message["account_identifier"], "us@example.net");
        assert_eq!(without["n8n"]["profile"]["company_name"], "ask [erased]");
    }

    #[test]
    fn addresses_are_read_out_of_a_body() {
        let body = r#"{"who":"Ada <Ada@example.com>","link":"https://example.net/?e=bob%40example.com","x":"@"}"#;
        let found: Vec<String> = addresses_in(body).iter().map(|email| email.as_str().to_owned()).collect();
        assert_eq!(found, ["ada@example.com", "bob@example.com"]);
    }

    proptest! {
        #[test]
        fn nothing_is_left_of_an_address_wherever_it_stands(before in "[ a-z0-9,:\"<é\n]{0,12}", after in "[ ,:\">é\n]{0,12}") {
            let ada = person("ada@example.com");
            let text = format!("{before} Ada@Example.com {after}");
            prop_assert!(ada.is_mentioned(&text));
            prop_assert!(!ada.taken_out_of(&text).to_lowercase().contains("ada@example.com"));
        }

        #[test]
        fn base64_is_found_by_its_pattern_at_every_shift(before in "[ -~]{0,9}", after in "[ -~]{0,9}") {
            let ada = person("ada@example.com");
            let text = base64::engine::general_purpose::STANDARD.encode(format!("{before} ada@example.com {after}"));
            let patterns = ada.patterns();
            prop_assert!(patterns.exact.iter().any(|pattern| text.contains(pattern.as_str())), "{} {:?}", text, patterns.exact);
            prop_assert!(ada.is_mentioned(&text));
        }
    }
}
