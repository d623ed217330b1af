//! Proofs of origin that several sources share. All comparisons are in constant time; any one of several secrets may hold.

use super::settings::Secret;
use super::{Request, Unproven};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// How far a signed time may lie from ours, both ways (the Standard Webhooks libraries' tolerance).
pub const TOLERANCE_SECONDS: i64 = 300;
const STANDARD_SECRET_PREFIX: &str = "whsec_";

pub(super) type HmacSha256 = Hmac<Sha256>;

/// True where the value is one of the secrets. Every secret is looked at, whichever matches.
pub fn is_one_of(value: &str, secrets: &[Secret]) -> bool {
    secrets.iter().fold(false, |found, secret| found | bool::from(value.as_bytes().ct_eq(secret.expose().as_bytes())))
}

/// The value of a query parameter, percent-decoded.
pub fn query_value(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode(key) == name).then(|| percent_decode(value))
    })
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair: Vec<u8> = rest.clone().take(2).collect();
                match hex::decode(&pair).ok().and_then(|decoded| decoded.first().copied()) {
                    Some(decoded) => {
                        bytes.push(decoded);
                        rest.nth(1);
                    }
                    None => bytes.push(byte),
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The value of a header, by its lower-case name.
pub fn header<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// `?token=` must be one of the tokens.
pub fn prove_url_token(request: &Request<'_>, tokens: &[Secret]) -> Result<(), Unproven> {
    match query_value(request.query, "token") {
        Some(token) if is_one_of(&token, tokens) => Ok(()),
        Some(_) => Err(Unproven("the token in the URL is not the configured one".to_owned())),
        None => Err(Unproven("the URL lacks `?token=`".to_owned())),
    }
}

pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> Option<HmacSha256> {
    let mut mac = HmacSha256::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

/// Hex HMAC-SHA256 of a body, as n8n's Crypto node and many platforms make it.
pub fn sign_hex(secret: &Secret, body: &[u8]) -> String {
    mac(secret.expose().as_bytes(), &[body]).map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default()
}

/// True where the header value (hex, with or without `sha256=`) is the HMAC of the body under one of the secrets.
pub fn is_hex_hmac(value: &str, secrets: &[Secret], body: &[u8]) -> bool {
    let value = value.trim();
    let Ok(given) = hex::decode(value.strip_prefix("sha256=").unwrap_or(value)) else { return false };
    secrets.iter().fold(false, |found, secret| {
        found | mac(secret.expose().as_bytes(), &[body]).is_some_and(|mac| mac.verify_slice(&given).is_ok())
    })
}

fn standard_key(secret: &Secret) -> Option<Vec<u8>> {
    STANDARD.decode(secret.expose().strip_prefix(STANDARD_SECRET_PREFIX)?).ok()
}

/// The `webhook-signature` of Standard Webhooks for one secret (`whsec_` and base64); none where the secret has another form.
pub fn sign_standard(secret: &Secret, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let timestamp = timestamp.to_string();
    let mac = mac(&standard_key(secret)?, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body])?;
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// Checks the three Standard Webhooks headers (standard-webhooks specification) against the raw body.
pub fn prove_standard(request: &Request<'_>, secrets: &[Secret], now: DateTime<Utc>) -> Result<(), Unproven> {
    let missing = |name: &str| Unproven(format!("the header `{name}` is missing"));
    let id = header(request, "webhook-id").ok_or_else(|| missing("webhook-id"))?;
    let timestamp = header(request, "webhook-timestamp").ok_or_else(|| missing("webhook-timestamp"))?;
    let signatures = header(request, "webhook-signature").ok_or_else(|| missing("webhook-signature"))?;
    let seconds: i64 = timestamp
        .parse()
        .map_err(|_not_a_number| Unproven("`webhook-timestamp` is no number of seconds".to_owned()))?;
    if seconds.abs_diff(now.timestamp()) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(Unproven("`webhook-timestamp` is more than 5 minutes off; check the sender's clock".to_owned()));
    }
    let mut holds = false;
    for given in signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,")) {
        let Ok(given) = STANDARD.decode(given) else { continue };
        for key in secrets.iter().filter_map(standard_key) {
            let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", request.body];
            holds |= mac(&key, &parts).is_some_and(|mac| mac.verify_slice(&given).is_ok());
        }
    }
    if holds {
        Ok(())
    } else {
        Err(Unproven("no `v1` signature in `webhook-signature` holds under a configured `whsec_` secret".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ClientId;
    use proptest::prelude::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn prove(secrets: &[Secret], id: &str, at: &str, signature: &str, body: &[u8], now: i64) -> Result<(), Unproven> {
        let headers = [
            ("webhook-id".to_owned(), id.to_owned()),
            ("webhook-timestamp".to_owned(), at.to_owned()),
            ("webhook-signature".to_owned(), signature.to_owned()),
        ];
        let now = DateTime::from_timestamp(now, 0).unwrap();
        let client_id = ClientId::parse("acme").unwrap();
        let request = Request { client_id: &client_id, query: "", headers: &headers, body, received_at: now };
        prove_standard(&request, secrets, now)
    }

    /// The public vectors of the Standard Webhooks libraries and of GitHub's documentation.
    #[test]
    fn public_vectors_hold() {
        let (id, at, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let secret = Secret::new(SECRET);
        assert_eq!(sign_standard(&secret, id, at, body).as_deref(), Some(signature));
        let secrets = [Secret::new("whsec_AAAA"), secret];
        let rows = [
            ("as it is", signature.to_owned(), at, true),
            ("among others", format!("v1a,xyz v1,AAAA {signature}"), at, true),
            ("at the edge of the tolerance", signature.to_owned(), at + 300, true),
            ("too old", signature.to_owned(), at + 301, false),
            ("from the future", signature.to_owned(), at - 301, false),
            ("another version", signature.replace("v1,", "v2,"), at, false),
        ];
        for (what, signature, now, holds) in rows {
            assert_eq!(prove(&secrets, id, &at.to_string(), &signature, body, now).is_ok(), holds, "{what}");
        }
        let github = Secret::new("It's a Secret to Everybody");
        let hex = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(sign_hex(&github, b"Hello, World!"), hex);
        assert!(is_hex_hmac(&format!("sha256={hex}"), &[github], b"Hello, World!"));
    }

    proptest! {
        #[test]
        fn any_flipped_bit_fails(body in prop::collection::vec(any::<u8>(), 1..200), bit in any::<prop::sample::Index>()) {
            let secret = Secret::new("a-long-enough-secret");
            let good = sign_hex(&secret, &body);
            prop_assert!(is_hex_hmac(&good, std::slice::from_ref(&secret), &body));
            let mut other = body.clone();
            let bit = bit.index(body.len() * 8);
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!is_hex_hmac(&good, std::slice::from_ref(&secret), &other));
            let mut forged = hex::decode(&good).unwrap();
            forged[bit % 32] ^= 1;
            prop_assert!(!is_hex_hmac(&hex::encode(forged), &[secret], &body));
        }
    }

    #[test]
    fn query_values_are_decoded() {
        assert_eq!(query_value("a=1&token=x%2By%20z&b", "token").as_deref(), Some("x+y z"));
        assert_eq!(query_value("token=%zz%4", "token").as_deref(), Some("%zz%4"));
        assert_eq!(query_value("nothing", "token"), None);
    }
}
