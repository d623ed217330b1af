//! The bearer token of a push: a JWT that Google signed for the subscription's service account (Pub/Sub, "Authentication for push
//! subscriptions"). Google may send one token with many pushes of an hour, so it is no nonce.

use crate::sources::google_keys::KeySet;
use crate::sources::settings::GmailSettings;
use crate::sources::signature::header;
use crate::sources::{Request, Unproven};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;

/// How far Google's clock may lie from ours, both ways.
const SKEW_SECONDS: i64 = 300;
/// Google's tokens have about a thousand.
const TOKEN_BYTES_MAX: usize = 8_192;
/// Both spellings are Google's (google-auth, `oauth2/id_token.py`).
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

#[derive(Debug, Clone, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    email: Option<String>,
    email_verified: Option<bool>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
}

/// The id of the key that the token says it is signed with, so that it can be fetched; nothing is proven by it. None where no proof
/// is asked for.
pub fn key_id(settings: &GmailSettings, request: &Request<'_>) -> Result<Option<String>, Unproven> {
    if settings.insecure {
        return Ok(None);
    }
    configured(settings)?;
    named_key(token(request)?).map(Some)
}

/// The signature alone proves only that some service account of Google's sent it, so every claim counts.
pub fn prove(settings: &GmailSettings, keys: &KeySet, request: &Request<'_>) -> Result<(), Unproven> {
    if settings.insecure {
        return Ok(());
    }
    let service_account = configured(settings)?;
    let claims = verify(token(request)?, keys)?;
    check(&claims, &settings.audiences, service_account, request.received_at.timestamp())
}

fn configured(settings: &GmailSettings) -> Result<&str, Unproven> {
    match (&settings.service_account, settings.audiences.as_slice()) {
        (Some(service_account), [_, ..]) => Ok(service_account),
        (Some(_) | None, _) => {
            Err(Unproven("no proof is configured: set `audience` and `service_account` of gmail".to_owned()))
        }
    }
}

fn token<'a>(request: &Request<'a>) -> Result<&'a str, Unproven> {
    let value = header(request, "authorization").ok_or_else(|| {
        Unproven("the header `Authorization` is missing: enable authentication on the subscription".to_owned())
    })?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && token.len() <= TOKEN_BYTES_MAX => {
            Ok(token.trim())
        }
        Some(_) | None => Err(Unproven("the header `Authorization` holds no bearer token of Google's".to_owned())),
    }
}

/// Only RS256 is taken, whatever the token says of itself.
fn named_key(token: &str) -> Result<String, Unproven> {
    match decode_header(token) {
        Ok(Header { alg: Algorithm::RS256, kid: Some(kid), .. }) => Ok(kid),
        Ok(_) | Err(_) => Err(Unproven("the token is no JWT that is signed with RS256 and names its key".to_owned())),
    }
}

/// The claims under a signature that holds.
fn verify(token: &str, keys: &KeySet) -> Result<Claims, Unproven> {
    let key = keys.get(&named_key(token)?);
    let key = key.ok_or_else(|| Unproven("the token was signed with a key that is none of Google's".to_owned()))?;
    let does_not_hold = || Unproven("the token's signature or its claims do not hold".to_owned());
    let key = DecodingKey::from_rsa_components(&key.n, &key.e).map_err(|_reason| does_not_hold())?;
    // Times and names are checked by [`check`], against the time of receipt and not the library's clock.
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    decode::<Claims>(token, &key, &validation).map(|data| data.claims).map_err(|_reason| does_not_hold())
}

fn check(claims: &Claims, audiences: &[String], service_account: &str, now: i64) -> Result<(), Unproven> {
    let refused = |what: &str| Err(Unproven(what.to_owned()));
    if !ISSUERS.contains(&claims.iss.as_str()) {
        return refused("the token's issuer is not Google");
    }
    if !audiences.contains(&claims.aud) {
        return refused("the token's audience is not the configured one: compare `audience` with the subscription's");
    }
    if !claims.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(service_account)) {
        return refused("the token is of another account than the configured `service_account`");
    }
    if claims.email_verified != Some(true) {
        return refused("Google did not verify the token's account");
    }
    if claims.exp.saturating_add(SKEW_SECONDS) <= now {
        return refused("the token has expired");
    }
    if claims.iat.max(claims.nbf.unwrap_or(claims.iat)).saturating_sub(SKEW_SECONDS) > now {
        return refused("the token is not valid yet; check this machine's clock");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ClientId;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use chrono::DateTime;

    const NOW: i64 = 1_795_500_000;

    fn claims() -> Claims {
        Claims {
            iss: "https://accounts.google.com".to_owned(),
            aud: "https://sales.example.com/hooks/gmail/acme".to_owned(),
            email: Some("push@project.iam.example".to_owned()),
            email_verified: Some(true),
            exp: NOW + 3_000,
            iat: NOW - 600,
            nbf: None,
        }
    }

    #[test]
    fn every_claim_counts() {
        type Change = fn(&mut Claims);
        let rows: &[(&str, Change, bool)] = &[
            ("as Google sends it", |_| {}, true),
            ("the other spelling of the issuer", |claims| claims.iss = "accounts.google.com".to_owned(), true),
            ("another issuer", |claims| claims.iss = "https://accounts.google.com.example".to_owned(), false),
            ("the second audience", |claims| claims.aud = "second".to_owned(), true),
            ("another audience", |claims| claims.aud = "https://sales.example.com/hooks/gmail".to_owned(), false),
            ("the audience in other letters", |claims| claims.aud = "SECOND".to_owned(), false),
            ("no audience", |claims| claims.aud = String::new(), false),
            ("another account", |claims| claims.email = Some("push@other.iam.example".to_owned()), false),
            ("no account", |claims| claims.email = None, false),
            ("an account that is not verified", |claims| claims.email_verified = Some(false), false),
            ("nobody says whether it is", |claims| claims.email_verified = None, false),
            ("expired within the tolerance", |claims| claims.exp = NOW - 299, true),
            ("expired", |claims| claims.exp = NOW - 300, false),
            ("made in the future within the tolerance", |claims| claims.iat = NOW + 300, true),
            ("made in the future", |claims| claims.iat = NOW + 301, false),
            ("not before a later time", |claims| claims.nbf = Some(NOW + 301), false),
            ("numbers at their ends", |claims| (claims.exp, claims.iat) = (i64::MAX, i64::MIN), true),
        ];
        let audiences = ["https://sales.example.com/hooks/gmail/acme".to_owned(), "second".to_owned()];
        for (what, change, expected) in rows {
            let mut claims = claims();
            change(&mut claims);
            let proven = check(&claims, &audiences, "Push@project.iam.example", NOW);
            assert_eq!(proven.is_ok(), *expected, "{what}: {proven:?}");
        }
    }

    #[test]
    fn what_is_no_signed_token_is_told_off() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let body = part(r#"{"iss":"accounts.google.com","aud":"a","exp":9999999999,"iat":0}"#);
        let token = |header: &str| format!("Bearer {}.{body}.{}", part(header), part("signature"));
        let large = format!("Bearer {}", "a".repeat(TOKEN_BYTES_MAX + 1));
        let rows: Vec<(&str, Option<String>, Option<&str>)> = vec![
            ("no header", None, None),
            ("another scheme", Some("Basic YTpi".to_owned()), None),
            ("no token", Some("Bearer".to_owned()), None),
            ("two words", Some("Bearer a.b.c d".to_owned()), None),
            ("too large", Some(large), None),
            ("no JWT", Some("Bearer abc".to_owned()), None),
            ("signed by nobody", Some(token(r#"{"alg":"none","kid":"k"}"#)), None),
            ("signed with a shared secret", Some(token(r#"{"alg":"HS256","kid":"k"}"#)), None),
            ("another algorithm", Some(token(r#"{"alg":"RS512","kid":"k"}"#)), None),
            ("no key is named", Some(token(r#"{"alg":"RS256"}"#)), None),
            ("an unknown key", Some(token(r#"{"alg":"RS256","kid":"other"}"#)), Some("other")),
            ("a signature that does not hold", Some(token(r#"{"alg":"RS256","kid":"k","typ":"JWT"}"#)), Some("k")),
        ];
        let settings = GmailSettings {
            audiences: vec!["a".to_owned()],
            service_account: Some("push@project.iam.example".to_owned()),
            ..GmailSettings::default()
        };
        let modulus = "AQAB".repeat(86);
        let keys = format!(r#"{{"keys":[{{"kid":"k","kty":"RSA","n":"{modulus}","e":"AQAB"}}]}}"#);
        let keys = KeySet::parse(keys.as_bytes()).unwrap();
        for (what, value, expected) in rows {
            let headers: Vec<_> = value.iter().map(|value| ("authorization".to_owned(), value.clone())).collect();
            let client_id = ClientId::agency();
            let received_at = DateTime::from_timestamp(NOW, 0).unwrap();
            let request = Request { client_id: &client_id, query: "", headers: &headers, body: b"{}", received_at };
            assert_eq!(key_id(&settings, &request).ok().flatten().as_deref(), expected, "{what}");
            assert!(prove(&settings, &keys, &request).is_err(), "{what}");
            let insecure = GmailSettings { insecure: true, ..settings.clone() };
            assert_eq!(key_id(&insecure, &request), Ok(None), "{what}");
            assert_eq!(prove(&insecure, &keys, &request), Ok(()), "{what}");
            let unset = GmailSettings { service_account: None, ..settings.clone() };
            assert!(key_id(&unset, &request).is_err() && prove(&unset, &keys, &request).is_err(), "{what}");
        }
    }
}
