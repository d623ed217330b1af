use super::*;
use crate::domain::ids::ClientId;
use crate::sources::settings::Secret;

const BODY: &[u8] = br#"{"triggerEvent":"PING","createdAt":"2026-11-20T12:00:00.000Z","payload":{}}"#;
/// Computed with Python's hmac and hashlib under `a-secret-of-calcom`.
const GOOD: &str = "3e631e933c2b17d9a895df9d9767640e1b827fe574bdbec39e1d209f9b267314";

/// Description, secrets, header, body, and what the refusal says.
type Row<'a> = (&'a str, &'a [&'a str], Option<&'a str>, &'a [u8], Result<(), &'a str>);

fn proven(secrets: &[&str], signature: Option<&str>, body: &[u8], insecure: bool) -> Result<(), Unproven> {
    let settings = CalcomSettings { secrets: secrets.iter().map(|secret| Secret::new(*secret)).collect(), insecure };
    let headers: Vec<(String, String)> =
        signature.iter().map(|value| ("X-Cal-Signature-256".to_owned(), (*value).to_owned())).collect();
    let client_id = ClientId::agency();
    let received_at = DateTime::UNIX_EPOCH;
    prove(&settings, &Request { client_id: &client_id, query: "", headers: &headers, body, received_at })
}

#[test]
fn a_body_is_proven_by_its_signature() {
    let secret: &[&str] = &["a-secret-of-calcom"];
    let changed = br#"{"triggerEvent":"PINK","createdAt":"2026-11-20T12:00:00.000Z","payload":{}}"#;
    let half = GOOD.replace("9f9b267314", "");
    let rows: &[Row<'_>] = &[
        ("as Cal.com signs", secret, Some(GOOD), BODY, Ok(())),
        ("the second of two secrets", &["another-secret", "a-secret-of-calcom"], Some(GOOD), BODY, Ok(())),
        ("another secret", &["another-secret"], Some(GOOD), BODY, Err("does not hold")),
        ("a changed body", secret, Some(GOOD), changed, Err("does not hold")),
        ("half a signature", secret, Some(&half), BODY, Err("does not hold")),
        ("no hex", secret, Some("not hex at all"), BODY, Err("does not hold")),
        ("an empty signature", secret, Some(""), BODY, Err("does not hold")),
        ("no header", secret, None, BODY, Err("is missing")),
        ("a webhook without a secret", secret, Some("no-secret-provided"), BODY, Err("enter one there")),
        ("that text as the secret", &["no-secret-provided"], Some("no-secret-provided"), BODY, Err("enter one there")),
        ("nothing is configured", &[], Some(GOOD), BODY, Err("set `secrets`")),
    ];
    for (what, secrets, signature, body, expected) in rows {
        let found = proven(secrets, *signature, body, false);
        match (found, expected) {
            (Ok(()), Ok(())) => {}
            (Err(Unproven(reason)), Err(part)) => assert!(reason.contains(part), "{what}: {reason}"),
            (found, _) => panic!("{what}: {found:?}"),
        }
    }
    assert!(proven(&[], None, BODY, true).is_ok(), "insecure takes anything");
}
