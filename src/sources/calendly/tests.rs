use super::*;
use crate::domain::ids::ClientId;

const BODY: &[u8] = br#"{"event":"invitee.created","created_at":"2026-11-20T12:00:00.000000Z","payload":{}}"#;
/// 2026-11-20 12:00 UTC.
const AT: i64 = 1_795_176_000;
/// Of that second; computed with Python's hmac and hashlib under `a-signing-key-of-calendly`.
const GOOD: &str = "76c96bbeb6bd155a2e63c41d90625372bb36770e025bd4dda76034238cdbc168";

/// Description, keys, header, our time, and what the refusal says.
type Row<'a> = (&'a str, &'a [&'a str], String, i64, Result<(), &'a str>);

fn proven(secrets: &[&str], signature: Option<&str>, body: &[u8], now: i64, tolerance: u32) -> Result<(), Unproven> {
    let settings = CalendlySettings {
        secrets: secrets.iter().map(|secret| Secret::new(*secret)).collect(),
        tolerance_seconds: tolerance,
        insecure: false,
    };
    let headers: Vec<(String, String)> =
        signature.iter().map(|value| ("Calendly-Webhook-Signature".to_owned(), (*value).to_owned())).collect();
    let client_id = ClientId::agency();
    let received_at = DateTime::from_timestamp(now, 0).unwrap();
    prove(&settings, &Request { client_id: &client_id, query: "", headers: &headers, body, received_at })
}

#[test]
fn a_body_is_proven_by_its_signature_within_its_time() {
    let key: &[&str] = &["a-signing-key-of-calendly"];
    let other = "0".repeat(64);
    let good = format!("t={AT},v1={GOOD}");
    let half = GOOD.replace("38cdbc168", "8");
    let rows: Vec<Row<'_>> = vec![
        ("as Calendly signs", key, good.clone(), AT, Ok(())),
        ("the second of two keys", &["another-key", "a-signing-key-of-calendly"], good.clone(), AT, Ok(())),
        ("spaces after the comma", key, format!("t={AT}, v1={GOOD}"), AT, Ok(())),
        ("several signatures, the last holds", key, format!("t={AT},v1={other},v1={GOOD}"), AT, Ok(())),
        ("several signatures, the first holds", key, format!("t={AT},v1={GOOD},v1={other}"), AT, Ok(())),
        ("another version beside it", key, format!("t={AT},v0=zz,v1={GOOD}"), AT, Ok(())),
        ("the edge of the past", key, good.clone(), AT + 180, Ok(())),
        ("the edge of the future", key, good.clone(), AT - 180, Ok(())),
        ("too old", key, good.clone(), AT + 181, Err("more than 180 seconds off")),
        ("ahead of us", key, good.clone(), AT - 181, Err("more than 180 seconds off")),
        ("another second", key, format!("t={},v1={GOOD}", AT + 1), AT, Err("no `v1`")),
        ("another key", &["another-key"], good.clone(), AT, Err("no `v1`")),
        ("no signature of this version", key, format!("t={AT},v2={GOOD}"), AT, Err("no `v1`")),
        ("half a signature", key, format!("t={AT},v1={half}"), AT, Err("no `v1`")),
        ("no time", key, format!("v1={GOOD}"), AT, Err("has no `t`")),
        ("a time that is none", key, format!("t=now,v1={GOOD}"), AT, Err("no number of seconds")),
        ("the end of all time", key, format!("t={},v1={GOOD}", i64::MIN), AT, Err("seconds off")),
        ("empty", key, String::new(), AT, Err("has no `t`")),
        ("nothing is configured", &[], good.clone(), AT, Err("set `secrets`")),
    ];
    for (what, secrets, signature, now, expected) in rows {
        match (proven(secrets, Some(&signature), BODY, now, 180), expected) {
            (Ok(()), Ok(())) => {}
            (Err(Unproven(reason)), Err(part)) => assert!(reason.contains(part), "{what}: {reason}"),
            (found, _) => panic!("{what}: {found:?}"),
        }
    }
    assert!(proven(key, None, BODY, AT, 180).is_err(), "no header");
    assert!(proven(key, Some(&good), b"{}", AT, 180).is_err(), "a changed body");
    assert!(proven(key, Some(&good), BODY, AT + 3_600, 3_600).is_ok(), "a wider tolerance");
    assert_eq!(sign(&Secret::new("a-signing-key-of-calendly"), AT, BODY), good);
}

#[test]
fn ids_are_the_last_parts_of_uris() {
    let uri = |text: &str| id_of(Some(&Value::String(text.to_owned())));
    let rows: &[(&str, &str, Option<&str>)] = &[
        ("an invitee", "https://api.calendly.com/scheduled_events/AAAA/invitees/BBBB", Some("BBBB")),
        ("a slash at the end", "https://api.calendly.com/invitee_no_shows/CCCC/", Some("CCCC")),
        ("a query", "https://api.calendly.com/invitee_no_shows/CCCC?x=1", Some("CCCC")),
        ("an id alone", "CCCC", Some("CCCC")),
        ("nothing", "", None),
        ("slashes alone", "///", None),
        ("a space", "https://api.calendly.com/a b", None),
    ];
    for (what, text, expected) in rows {
        assert_eq!(uri(text).as_deref(), *expected, "{what}");
    }
    assert_eq!(id_of(Some(&serde_json::json!({ "uri": "https://api.calendly.com/x/DDDD" }))).as_deref(), Some("DDDD"));
    assert_eq!(id_of(Some(&Value::String("x".repeat(201)))), None);
    assert_eq!(id_of(None), None);
}
