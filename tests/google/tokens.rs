//! Access tokens: fetched once, renewed in time, and an end that is an end.

use crate::world::{ANN, BEN, World};
use chrono::TimeDelta;
use sales_engine::sandbox::google::{Call, Google, GoogleFault};
use sales_engine::services::google::{Credentials, Gmail, GoogleError, HttpSettings, UnreadableKey};
use sales_engine::sources::settings::Secret;

fn revoked(reason: &str) -> GoogleError {
    GoogleError::Revoked { reason: reason.to_owned() }
}

#[tokio::test]
async fn a_token_serves_until_shortly_before_its_end() {
    let world = World::new().await;
    let ann = world.ann();
    for (what, forward_seconds, expected) in [
        ("the first call fetches it", 0, 1),
        ("the next one has it", 0, 1),
        ("226 seconds before its end it still serves", 3_599 - 226, 1),
        ("225 seconds before, another is fetched", 1, 2),
        ("which serves as long", 3_599 - 226, 2),
        ("long after its end too", 7_200, 3),
    ] {
        world.forward(forward_seconds);
        assert_eq!(ann.profile().await.unwrap().email, ANN, "{what}");
        assert_eq!(world.calls(Call::Token), expected, "{what}");
    }
    ann.clone().profile().await.unwrap();
    assert_eq!(world.calls(Call::Token), 3, "clones share it");
}

#[tokio::test]
async fn many_calls_at_once_fetch_one_token_or_share_one_failure() {
    let world = World::new().await;
    world.sandbox.google(|google| google.at_once_max = 100);
    let ann = world.ann();
    let at_once = || async {
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let ann = ann.clone();
                tokio::spawn(async move { ann.profile().await })
            })
            .collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap());
        }
        answers
    };
    // Slow enough that all have come to the same door.
    world.sandbox.google(|google| {
        google.fail_when(|call| (call == Call::Token).then_some(GoogleFault::Slow(1_000)));
    });
    assert!(at_once().await.iter().all(Result::is_ok));
    assert_eq!(world.calls(Call::Token), 1, "one for all");
    world.sandbox.google(Google::end_access_tokens);
    assert!(at_once().await.iter().all(Result::is_ok));
    assert_eq!(world.calls(Call::Token), 2, "a token that all saw refused is renewed once");
    world.sandbox.google(|google| {
        google.end_access_tokens();
        google.revoke(ANN, None);
    });
    assert!(at_once().await.iter().all(|answer| *answer == Err(revoked("invalid_grant"))));
    assert_eq!(world.calls(Call::Token), 3, "nor does a refusal make every one ask again");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_for_a_call() {
    let world = World::new().await;
    let ann = world.ann();
    ann.profile().await.unwrap();
    world.sandbox.google(Google::end_access_tokens);
    ann.profile().await.unwrap();
    assert_eq!((world.calls(Call::Token), world.calls(Call::Profile)), (2, 3));
    world.sandbox.google(|google| {
        google.fail_when(|call| (call == Call::Profile).then_some(GoogleFault::Unauthorised));
    });
    assert_eq!(ann.profile().await, Err(revoked("authError")));
    assert_eq!((world.calls(Call::Token), world.calls(Call::Profile)), (3, 5), "and not again");
}

#[tokio::test]
async fn a_token_that_can_not_be_renewed_serves_to_its_end() {
    let world = World::new().await;
    let ann = world.ann();
    ann.profile().await.unwrap();
    world.sandbox.google(|google| {
        google.fail_when(|call| (call == Call::Token).then_some(GoogleFault::Status(503)));
    });
    for (what, forward_seconds, is_served, expected) in [
        ("due for another, which does not come", 3_599 - 225, true, 2),
        ("nor is it asked for at once", 0, true, 2),
        ("half a minute later", 30, true, 3),
        ("a second before its end", 225 - 31, true, 4),
        ("at its end", 1, false, 5),
    ] {
        world.forward(forward_seconds);
        assert_eq!(ann.profile().await.is_ok(), is_served, "{what}");
        assert_eq!(world.calls(Call::Token), expected, "{what}");
    }
    world.sandbox.google(Google::fail_no_more);
    ann.profile().await.unwrap();
    world.forward(3_599 - 225);
    world.sandbox.google(|google| google.revoke(ANN, None));
    assert_eq!(ann.profile().await, Err(revoked("invalid_grant")), "what is final is told at once");
}

#[tokio::test]
async fn a_revoked_consent_is_told_as_such_until_it_is_given_again() {
    let world = World::new().await;
    let ann = world.ann();
    ann.profile().await.unwrap();
    world.sandbox.google(|google| google.revoke(ANN, None));
    assert_eq!(ann.profile().await, Err(revoked("invalid_grant")));
    world.sandbox.google(|google| google.revoke(ANN, Some("invalid_rapt")));
    let error = ann.profile().await.unwrap_err();
    assert_eq!(error, revoked("invalid_grant, invalid_rapt"));
    assert!(!error.is_transient());
    world.sandbox.google(|google| google.restore(ANN));
    assert_eq!(ann.profile().await.unwrap().email, ANN);
}

#[tokio::test]
async fn the_token_endpoints_refusals_say_what_is_to_be_done() {
    let denied = |reason: &str| GoogleError::Denied { reason: reason.to_owned() };
    let passing = |detail: &str, retry_after_ms| GoogleError::Unreachable { detail: detail.to_owned(), retry_after_ms };
    let rows = [
        ("taken back", GoogleFault::Token(400, "invalid_grant"), revoked("invalid_grant")),
        ("not delegated", GoogleFault::Token(401, "unauthorized_client"), revoked("unauthorized_client")),
        ("a wrong client", GoogleFault::Token(401, "invalid_client"), denied("invalid_client")),
        ("a deleted client", GoogleFault::Token(401, "deleted_client"), denied("deleted_client")),
        ("a wrong scope", GoogleFault::Token(400, "invalid_scope"), denied("invalid_scope")),
        ("a policy", GoogleFault::Token(400, "admin_policy_enforced"), denied("admin_policy_enforced")),
        (
            "passing, though 400",
            GoogleFault::Token(400, "internal_failure"),
            passing("status 400 internal_failure", None),
        ),
        (
            "passing, though 403",
            GoogleFault::Token(403, "temporarily_unavailable"),
            passing("status 403 temporarily_unavailable", None),
        ),
        ("500 whatever it says", GoogleFault::Token(500, "invalid_grant"), passing("status 500 invalid_grant", None)),
        ("408", GoogleFault::Token(408, "timeout"), passing("status 408 timeout", None)),
        ("429", GoogleFault::Token(429, "slow_down"), GoogleError::RateLimited { retry_after_ms: None }),
        ("503 with a wait", GoogleFault::Unavailable(7), passing("status 503 ", Some(7_000))),
        ("502 as a page", GoogleFault::Page(502), passing("status 502 ", None)),
        ("no connection", GoogleFault::Drop, passing("the connection broke", None)),
        ("no JSON", GoogleFault::Garbage, passing("the answer with the token can't be read", None)),
        ("half an answer", GoogleFault::HalfBody, passing("the connection broke", None)),
        ("no token", GoogleFault::OtherShape, passing("the answer with the token can't be read", None)),
        ("no answer", GoogleFault::Hang, passing("no answer in time", None)),
    ];
    let world = World::new().await;
    for (what, fault, expected) in rows {
        let ann = world.ann_before(fault);
        world.fail(Call::Token, fault);
        assert_eq!(ann.profile().await, Err(expected), "{what}");
        let asked = world.calls(Call::Token);
        // Under load the impatient one may miss the next answer too.
        let is_served = ann.profile().await.is_ok() || fault == GoogleFault::Hang;
        assert!(is_served && world.calls(Call::Token) == asked + 1, "{what}, and the next call asks anew");
    }
}

#[tokio::test]
async fn a_service_account_acts_for_every_mailbox_of_its_domain() {
    let world = World::new().await;
    world.sandbox.google(|google| google.add_mailbox(BEN));
    let http = world.http(HttpSettings::default());
    for mailbox in [ANN, BEN] {
        let gmail = world.open(&http, world.delegated(), mailbox);
        assert_eq!(gmail.profile().await.unwrap().email, mailbox);
        assert_eq!(gmail.mailbox(), mailbox);
    }
    assert_eq!(world.calls(Call::Token), 2, "each mailbox has a token of its own");
    let ann = world.open(&http, world.delegated(), ANN);
    ann.profile().await.unwrap();
    world.forward(3_599 - 225);
    ann.profile().await.unwrap();
    assert_eq!(world.calls(Call::Token), 4, "renewed as the other kind is");
}

#[tokio::test]
async fn what_keeps_a_service_account_out_is_told() {
    let world = World::new().await;
    let http = world.http(HttpSettings::default());
    let with = |change: fn(&mut String, &mut Secret, &mut Option<String>)| {
        let Credentials::ServiceAccount { mut client_email, mut private_key_pem, mut key_id } = world.delegated()
        else {
            panic!("a service account");
        };
        change(&mut client_email, &mut private_key_pem, &mut key_id);
        Credentials::ServiceAccount { client_email, private_key_pem, key_id }
    };
    let usual = || world.delegated();
    let without_kid = with(|_, _, kid| *kid = None);
    assert!(world.open(&http, without_kid, ANN).profile().await.is_ok(), "the key's id is no must");

    let other_account = with(|email, _, _| *email = "other@sandbox-project.example".to_owned());
    let other_key = with(|_, _, kid| *kid = Some("another".to_owned()));
    let clock = "invalid_grant, the times in the assertion: is the clock of this machine right?";
    let slow = world.http_off_by(TimeDelta::hours(-2));
    let fast = world.http_off_by(TimeDelta::minutes(10));
    let a_little = world.http_off_by(TimeDelta::minutes(2));
    let rows = [
        ("a mailbox that is none", &http, usual(), "nobody@sales.example", Some("invalid_grant")),
        ("an account that is none", &http, other_account, ANN, Some("invalid_grant")),
        ("a key that is none", &http, other_key, ANN, Some("invalid_grant")),
        ("a clock that is two hours slow", &slow, usual(), ANN, Some(clock)),
        ("a clock that is ten minutes fast", &fast, usual(), ANN, Some(clock)),
        ("a clock that is two minutes fast", &a_little, usual(), ANN, None),
    ];
    for (what, http, credentials, mailbox, expected) in rows {
        let answer = world.open(http, credentials, mailbox).profile().await;
        assert_eq!(answer.err(), expected.map(revoked), "{what}");
    }
    world.sandbox.google(|google| google.delegate(&["https://www.googleapis.com/auth/gmail.metadata"]));
    let answer = world.open(&http, usual(), ANN).profile().await;
    assert_eq!(answer.err(), Some(revoked("unauthorized_client")), "another scope is delegated");

    for (what, pem) in [
        ("nothing", ""),
        ("no PEM", "MIIEvQIBADANBg"),
        ("no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        ("a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ] {
        let credentials = Credentials::ServiceAccount {
            client_email: "x@sandbox-project.example".to_owned(),
            private_key_pem: Secret::new(pem),
            key_id: None,
        };
        let opened = Gmail::new(&http, &world.sandbox.url(), &world.token_url(), credentials, ANN).err();
        assert_eq!(opened, Some(UnreadableKey), "{what}");
    }
}

#[tokio::test]
async fn credentials_do_not_show() {
    let world = World::new().await;
    for credentials in [world.refresh(ANN), world.delegated()] {
        let shown = format!("{credentials:?}");
        for secret in ["1//sandbox", "client-secret", "PRIVATE KEY"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
