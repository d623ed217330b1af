//! Identity of events: the keys under which the same fact, however often and by whomever reported, is one.
//!
//! Keys are built from Message-IDs (RFC 5322 3.6.4) where there is one, else from the platform's own ids, else from a hash of
//! the facts that identify the event. Never from the time of delivery, never within a time window.

use super::ids::{ClientId, Email};
use sha2::{Digest, Sha256};

/// The identity of a message by its Message-ID: brackets and space are dropped; where the local part is a UUID it is the whole
/// identity, because Smartlead's `stats_id` is exactly that part and some of its reports carry nothing else.
/// None where nothing usable is in the text.
pub fn message_identity(message_id: &str) -> Option<String> {
    let id = message_id.trim().trim_start_matches('<').trim_end_matches('>').trim();
    if id.is_empty() || id.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let local = id.split_once('@').map_or(id, |(local, _)| local);
    match uuid::Uuid::try_parse(local) {
        Ok(uuid) if local.len() == 36 => Some(uuid.to_string()),
        Ok(_) | Err(_) => Some(id.to_owned()),
    }
}

/// `{kind}:m:{identity}`: the key of a message that carries a Message-ID (or Smartlead's stats id).
pub fn message_key(kind: &str, identity: &str) -> String {
    format!("{kind}:m:{identity}")
}

/// `{kind}:{scope}:{part}:{part}…`: the key out of a platform's own ids. Parts are folded to one spelling by the caller.
pub fn platform_key(kind: &str, scope: &str, parts: &[&str]) -> String {
    let mut key = format!("{kind}:{scope}");
    for part in parts {
        key.push(':');
        // A separator inside a part must not make two different lists of parts equal.
        key.push_str(&part.replace('\\', "\\\\").replace(':', "\\:"));
    }
    key
}

/// `{kind}:{scope}:h:{32 hex digits}`: the key out of the facts that identify an event without ids.
pub fn hash_key(kind: &str, scope: &str, facts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for fact in facts {
        hasher.update(u64::try_from(fact.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(fact.as_bytes());
    }
    let digest = hex::encode(hasher.finalize());
    let short: String = digest.chars().take(32).collect();
    format!("{kind}:{scope}:h:{short}")
}

/// The key under which a mail is set aside by an address: nothing of it can be read back.
pub fn aside_key(client_id: &ClientId, address: &Email) -> String {
    let digest = Sha256::digest([client_id.as_str(), address.as_str()].join("\n"));
    format!("a:{}", hex::encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_has_one_spelling() {
        let rows: &[(&str, &str, Option<&str>)] = &[
            ("brackets", "<a.B-1@mail.example.com>", Some("a.B-1@mail.example.com")),
            ("bare", "a.B-1@mail.example.com", Some("a.B-1@mail.example.com")),
            (
                "a UUID local part is the identity",
                "<6F0C2E0A-0B1B-4E5C-9C8B-5B9B6F5F0001@example.com>",
                Some("6f0c2e0a-0b1b-4e5c-9c8b-5b9b6f5f0001"),
            ),
            ("a stats id", "6f0c2e0a-0b1b-4e5c-9c8b-5b9b6f5f0001", Some("6f0c2e0a-0b1b-4e5c-9c8b-5b9b6f5f0001")),
            ("nothing", "<>", None),
            ("a header injection", "a@example.com\r\nX: y", None),
        ];
        for (what, text, expected) in rows {
            assert_eq!(message_identity(text).as_deref(), *expected, "{what}");
        }
    }

    #[test]
    fn parts_cannot_run_together() {
        assert_ne!(platform_key("k", "s", &["a:b", "c"]), platform_key("k", "s", &["a", "b:c"]));
        assert_ne!(hash_key("k", "s", &["ab", "c"]), hash_key("k", "s", &["a", "bc"]));
    }
}
