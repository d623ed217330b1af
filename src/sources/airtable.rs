//! Airtable's pings: a proof and a hint; what changed is fetched (Airtable Web API, "Webhooks overview").

use super::settings::Secret;
use super::signature::{header, mac};
use super::{Malformed, Request, Unproven};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use serde::Deserialize;

const HEADER: &str = "x-airtable-content-mac";

/// Which base and webhook have something to tell.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ping {
    pub base: Named,
    pub webhook: Named,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Named {
    pub id: String,
}

/// `X-Airtable-Content-MAC: hmac-sha256=` and the hex HMAC-SHA256 of the raw body under the base64-decoded secret; any one of several
/// secrets may hold.
pub fn prove(secrets: &[Secret], request: &Request<'_>) -> Result<(), Unproven> {
    if secrets.is_empty() {
        return Err(Unproven("no proof is configured: set `webhook_secrets` of [airtable]".to_owned()));
    }
    let given = header(request, HEADER).ok_or_else(|| Unproven(format!("the header `{HEADER}` is missing")))?;
    let given = given.strip_prefix("hmac-sha256=").and_then(|digits| hex::decode(digits).ok());
    let given = given.ok_or_else(|| Unproven(format!("`{HEADER}` must be hmac-sha256= and hex digits")))?;
    let holds = secrets.iter().fold(false, |found, secret| {
        let key = STANDARD.decode(secret.expose()).unwrap_or_default();
        found | (!key.is_empty() && mac(&key, &[request.body]).is_some_and(|mac| mac.verify_slice(&given).is_ok()))
    });
    if holds { Ok(()) } else { Err(Unproven(format!("`{HEADER}` does not hold under a configured secret"))) }
}

pub fn read(request: &Request<'_>) -> Result<Ping, Malformed> {
    serde_json::from_slice(request.body)
        .map_err(|error| Malformed(format!("no ping of Airtable's, which names base and webhook: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ClientId;

    type Row<'a> = (&'a str, &'a [Secret], Option<&'a str>, &'a [u8], bool);

    #[test]
    fn a_ping_is_proven_over_its_raw_bytes() {
        // The MAC was computed with Python's hmac and hashlib.
        let secret = Secret::new(STANDARD.encode("0123456789abcdef0123456789abcdef"));
        let body = br#"{"base":{"id":"appTest"},"webhook":{"id":"achTest"},"timestamp":"2026-11-20T12:00:00.000Z"}"#;
        let good = "hmac-sha256=fe5128e4b6ae0eb553c0022f3f8b02cbf85a98f8d094eb7d1638fc511e1b916f";
        let other = Secret::new(STANDARD.encode("another key, another key, another"));
        let upper = good.replace("hmac-sha256=", "").to_uppercase();
        let rows: &[Row<'_>] = &[
            ("as Airtable signs", std::slice::from_ref(&secret), Some(good), body, true),
            ("the second of two secrets", &[other.clone(), secret.clone()], Some(good), body, true),
            ("another secret", std::slice::from_ref(&other), Some(good), body, false),
            ("a changed body", std::slice::from_ref(&secret), Some(good), br#"{"base":{"id":"appTesu"}}"#, false),
            ("no header", std::slice::from_ref(&secret), None, body, false),
            ("without the name of the method", std::slice::from_ref(&secret), Some(&upper), body, false),
            ("no secret is configured", &[], Some(good), body, false),
            ("a secret that is no base64 is no empty key", &[Secret::new("%%%%%%%%")], Some(good), body, false),
        ];
        for (what, secrets, mac, body, expected) in rows {
            let headers: Vec<(String, String)> = mac.iter().map(|mac| (HEADER.to_owned(), (*mac).to_owned())).collect();
            let client_id = ClientId::agency();
            let received_at = chrono::DateTime::UNIX_EPOCH;
            let request = Request { client_id: &client_id, query: "", headers: &headers, body, received_at };
            assert_eq!(prove(secrets, &request).is_ok(), *expected, "{what}");
        }
    }
}
