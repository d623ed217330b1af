//! Names of things that are parsed once at the rim and trusted afterwards.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Longest address accepted, in bytes (RFC 5321 4.5.3.1: 64 for the local part, 255 for the domain, and the `@`).
const EMAIL_BYTES_MAX: usize = 320;
/// Longest tenant name accepted, in bytes.
const CLIENT_ID_BYTES_MAX: usize = 64;
/// Longest foreign identifier accepted, in bytes.
const FOREIGN_ID_BYTES_MAX: usize = 512;

/// Why a name could not be read. The texts are shown to whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("`{0}` is no e-mail address; expected something like name@example.com")]
    Email(String),
    #[error("`{0}` is no client id; expected 1 to 64 letters, digits, `-`, `_` or `.`")]
    Client(String),
    #[error("an identifier must have 1 to 512 bytes and no control characters")]
    Foreign,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        // Shared: a batch names its contacts and clients in many places.
        pub struct $name(Arc<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }
    };
}

text_id!(
    /// The tenant: whose outreach this is.
    ClientId
);
text_id!(
    /// A lower-cased e-mail address; with the client it is the key of a contact.
    Email
);
text_id!(
    /// A campaign as its platform names it: digits at Smartlead, a UUID at Instantly.
    CampaignId
);

impl ClientId {
    /// In the place of a client where something is about all of them.
    pub fn agency() -> Self {
        Self("-".into())
    }

    pub fn parse(text: &str) -> Result<Self, IdError> {
        let fits = !text.is_empty()
            && text.len() <= CLIENT_ID_BYTES_MAX
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if fits { Ok(Self(text.into())) } else { Err(IdError::Client(shorten(text))) }
    }
}

impl Email {
    /// Reads a bare address; surrounding space is dropped and letters are lowered, because platforms keep the case of import.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let address = text.trim().to_lowercase();
        let sound = address.len() <= EMAIL_BYTES_MAX
            && !address.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'))
            && address
                .rsplit_once('@')
                .is_some_and(|(local, domain)| !local.is_empty() && !local.contains('@') && is_domain(domain));
        if sound { Ok(Self(address.into())) } else { Err(IdError::Email(shorten(text))) }
    }

    /// Reads `Name <address>` as well as a bare address, and gives the name where there is one.
    pub fn parse_mailbox(text: &str) -> Result<(Self, Option<String>), IdError> {
        match text.trim().strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, address)) => {
                let name = name.trim().trim_matches('"').trim();
                Ok((Self::parse(address)?, (!name.is_empty()).then(|| name.to_owned())))
            }
            None => Ok((Self::parse(text)?, None)),
        }
    }
}

impl CampaignId {
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        let fits = !text.is_empty() && text.len() <= FOREIGN_ID_BYTES_MAX && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.into())) } else { Err(IdError::Foreign) }
    }
}

/// The key of a contact: one person per client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactKey {
    pub client_id: ClientId,
    pub email: Email,
}

impl ContactKey {
    /// `{client_id}:{email}`, so that two clients who write to the same person never share an AI memory.
    pub fn session_id(&self) -> String {
        format!("{}:{}", self.client_id, self.email)
    }
}

fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !domain.contains("..")
        && domain.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.'))
}

/// What is echoed in an error stays short, whatever was sent.
fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_folded_and_checked() {
        let rows: &[(&str, &str, Option<&str>)] = &[
            ("plain", "ada@example.com", Some("ada@example.com")),
            ("case of import is folded", " Ada@Example.COM ", Some("ada@example.com")),
            ("plus part kept", "ada+x@example.com", Some("ada+x@example.com")),
            ("empty", "", None),
            ("no domain", "ada@", None),
            ("no dot in the domain", "ada@localhost", None),
            ("two at signs", "a@b@example.com", None),
            ("a space inside", "a da@example.com", None),
            ("a line break", "ada@example.com\nBcc: x@example.com", None),
            ("angle brackets", "<ada@example.com>", None),
        ];
        for (what, text, expected) in rows {
            assert_eq!(Email::parse(text).ok().as_ref().map(Email::as_str), *expected, "{what}");
        }
        let long = format!("{}@example.com", "a".repeat(400));
        assert!(Email::parse(&long).is_err(), "over the length limit");
    }

    #[test]
    fn a_mailbox_gives_name_and_address() {
        let (email, name) = Email::parse_mailbox("\"Ada B.\" <Ada@example.com>").unwrap();
        assert_eq!((email.as_str(), name.as_deref()), ("ada@example.com", Some("Ada B.")));
        let (email, name) = Email::parse_mailbox("ada@example.com").unwrap();
        assert_eq!((email.as_str(), name), ("ada@example.com", None));
    }
}
