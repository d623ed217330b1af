//! The public keys that Google signs tokens with (`/oauth2/v3/certs`, a JSON Web Key Set of RFC 7517), as a value.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Google has two or three at a time.
const KEYS_MAX: usize = 64;

/// RSA keys for RS256 by their `kid`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet(BTreeMap<String, PublicKey>);

/// Modulus and exponent, big-endian, base64url without padding: as the key set has them (RFC 7518, 6.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub n: String,
    pub e: String,
}

#[derive(Deserialize)]
struct WireSet {
    keys: Vec<WireKey>,
}

#[derive(Deserialize)]
struct WireKey {
    kid: Option<String>,
    kty: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl KeySet {
    /// Reads a key set; keys of another kind or use are left out. None where it is no key set, or one without a usable key.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let WireSet { keys } = serde_json::from_slice(body).ok()?;
        let set: BTreeMap<_, _> = keys.into_iter().take(KEYS_MAX).filter_map(usable).collect();
        (!set.is_empty()).then_some(Self(set))
    }

    pub fn get(&self, kid: &str) -> Option<&PublicKey> {
        self.0.get(kid)
    }

    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn usable(key: WireKey) -> Option<(String, PublicKey)> {
    let is_for = |value: &Option<String>, wanted: &str| value.as_deref().is_none_or(|value| value == wanted);
    let fits = key.kty.as_deref() == Some("RSA") && is_for(&key.alg, "RS256") && is_for(&key.usage, "sig");
    let (kid, n, e) = (key.kid?, key.n?, key.e?);
    (fits && !kid.is_empty() && !n.is_empty() && !e.is_empty()).then_some((kid, PublicKey { n, e }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_can_prove_a_token_are_kept() {
        let rows = [
            (
                "a key as Google writes it",
                r#"{"keys":[{"kid":"a","kty":"RSA","alg":"RS256","use":"sig","n":"AQ","e":"AQAB"}]}"#,
                Some("a"),
            ),
            ("without alg and use", r#"{"keys":[{"kid":"a","kty":"RSA","n":"AQ","e":"AQAB"}]}"#, Some("a")),
            (
                "beside one of another kind",
                r#"{"keys":[{"kid":"b","kty":"EC","crv":"P-256"},{"kid":"a","kty":"RSA","n":"AQ","e":"AQAB"}]}"#,
                Some("a"),
            ),
            ("a symmetric key", r#"{"keys":[{"kid":"a","kty":"oct","k":"AQ"}]}"#, None),
            ("another algorithm", r#"{"keys":[{"kid":"a","kty":"RSA","alg":"RS512","n":"AQ","e":"AQAB"}]}"#, None),
            ("for encryption", r#"{"keys":[{"kid":"a","kty":"RSA","use":"enc","n":"AQ","e":"AQAB"}]}"#, None),
            ("without a kid", r#"{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]}"#, None),
            ("without a modulus", r#"{"keys":[{"kid":"a","kty":"RSA","e":"AQAB"}]}"#, None),
            ("the form with certificates", r#"{"a":"-----BEGIN CERTIFICATE-----"}"#, None),
            ("no key", r#"{"keys":[]}"#, None),
            ("a page", "<html>", None),
        ];
        for (what, body, expected) in rows {
            let set = KeySet::parse(body.as_bytes());
            let kids: Option<Vec<String>> = set.as_ref().map(|set| set.kids().map(str::to_owned).collect());
            assert_eq!(kids, expected.map(|kid| vec![kid.to_owned()]), "{what}");
            if let Some(key) = set.as_ref().and_then(|set| set.get("a")) {
                assert_eq!((key.n.as_str(), key.e.as_str()), ("AQ", "AQAB"), "{what}");
            }
        }
    }
}
