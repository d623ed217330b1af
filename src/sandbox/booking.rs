//! What the stand-ins of the booking pages share: people, a host, and how a body is signed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub(super) const HOST: &str = "hanna@acme.example";
/// How long a meeting is.
pub(super) const MINUTES: i64 = 30;

/// Who books, or comes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub email: String,
}

impl Person {
    pub fn new(name: &str, email: &str) -> Self {
        Self { name: name.to_owned(), email: email.to_owned() }
    }
}

/// Why that can't be done at the booking page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub &'static str);

pub(super) fn hmac_hex(key: &str, parts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok();
    if let Some(mac) = &mut mac {
        for part in parts {
            mac.update(part.as_bytes());
        }
    }
    mac.map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default()
}
