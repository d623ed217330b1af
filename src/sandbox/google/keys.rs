//! RSA keys, made when they are needed and never kept beyond the process. Making one costs tenths of a second, so that all sandboxes of
//! a process share them: the first key of one is the first key of all.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// In the manner of those who write base64 as text (RFC 7468).
const PEM_LINE_CHARS: usize = 64;

/// One key; its private half signs, its public half is given away.
pub(super) struct RsaKey {
    pub(super) kid: String,
    pub(super) private_pem: String,
    signing: EncodingKey,
    pub(super) proving: DecodingKey,
    n: String,
    e: String,
}

/// Whose key is which.
pub(super) const SERVICE_ACCOUNT: usize = 0;
pub(super) const STRANGER: usize = 1;
/// Google's own, from here on, one after the other.
pub(super) const FIRST_OF_GOOGLE: usize = 2;

/// The key of this number, none where this machine can't make one.
pub(super) fn key(number: usize) -> Option<Arc<RsaKey>> {
    static MADE: Mutex<BTreeMap<usize, Arc<RsaKey>>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = made.get(&number) {
        return Some(Arc::clone(key));
    }
    let key = Arc::new(RsaKey::make(number)?);
    made.insert(number, Arc::clone(&key));
    Some(key)
}

impl RsaKey {
    fn make(number: usize) -> Option<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let der: Pkcs8V1Der<'static> = pair.as_der().ok()?;
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = lines(&text);
        let private_pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
        let signing = EncodingKey::from_rsa_pem(private_pem.as_bytes()).ok()?;
        let AlgorithmParameters::RSA(public) = Jwk::from_encoding_key(&signing, Algorithm::RS256).ok()?.algorithm
        else {
            return None;
        };
        let proving = DecodingKey::from_rsa_components(&public.n, &public.e).ok()?;
        Some(Self { kid: format!("sandbox{number:033x}"), private_pem, signing, proving, n: public.n, e: public.e })
    }

    /// As in a key set.
    pub(super) fn to_jwk(&self) -> Value {
        json!({ "kid": self.kid, "kty": "RSA", "alg": "RS256", "use": "sig", "n": self.n, "e": self.e })
    }

    /// A token that names `kid` as its key.
    pub(super) fn sign(&self, kid: &str, claims: &Value) -> Option<String> {
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.signing).ok()
    }
}

fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((line, after)) = rest.split_at_checked(PEM_LINE_CHARS) {
        lines.push(line);
        rest = after;
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}
