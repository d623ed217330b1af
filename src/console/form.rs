//! Fields of a form or a query, percent-encoded the same way.

use crate::sources::signature::query_value;

pub(super) struct Form {
    text: String,
}

impl Form {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { text: String::from_utf8_lossy(bytes).into_owned() }
    }

    /// A field without surrounding space; an empty one is none.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        query_value(&self.text, name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }
}

/// The fields as a query, those that are set.
pub(super) fn query(fields: &[(&str, Option<&str>)]) -> String {
    let set = fields.iter().filter_map(|(name, value)| Some(format!("{name}={}", escaped((*value)?))));
    set.collect::<Vec<_>>().join("&")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_comes_back() {
        let text = "a&b=c +ü%<\"";
        let form = Form::new(query(&[("x", Some(text)), ("none", None)]).as_bytes());
        assert_eq!(form.text("x").as_deref(), Some(text));
        assert_eq!(form.text("none"), None);
    }
}
