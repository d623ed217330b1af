//! The keys of push tokens: kept as long as Google says, fetched again when a token names another.

use crate::world::World;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sales_engine::sandbox::google::{Call, Google, GoogleFault, PUSH_ACCOUNT};
use sales_engine::services::google::{GoogleError, HttpSettings, KeyCache};
use sales_engine::sources::google_keys::KeySet;
use serde_json::Value;
use std::time::Duration;

/// True where the set proves the token.
fn proves(set: &KeySet, token: &str) -> bool {
    let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let Some(key) = set.get(&kid) else { return false };
    let key = DecodingKey::from_rsa_components(&key.n, &key.e).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok()
}

fn token(world: &World) -> (String, String) {
    let token = world.sandbox.google(|google| {
        let claims = google.push_claims("https://sales.example/hooks/gmail", PUSH_ACCOUNT);
        google.sign(&claims).unwrap()
    });
    (jsonwebtoken::decode_header(&token).unwrap().kid.unwrap(), token)
}

fn keys(world: &World) -> KeyCache {
    world.keys(HttpSettings::default())
}

#[tokio::test]
async fn keys_are_kept_for_their_age_and_prove_what_google_signed() {
    let world = World::new().await;
    let keys = keys(&world);
    let (kid, signed) = token(&world);
    for (what, forward_seconds, expected) in [
        ("fetched when they are first needed", 0, 1),
        ("kept", 0, 1),
        ("until their age is over", 19_799, 1),
        ("and fetched again then", 1, 2),
        ("and kept again", 19_799, 2),
    ] {
        world.forward(forward_seconds);
        assert!(proves(&keys.keys_for(&kid).await.unwrap(), &signed), "{what}");
        assert_eq!(world.calls(Call::Certs), expected, "{what}");
    }
    let (stranger, forged) = world.sandbox.google(|google| {
        let claims = google.push_claims("https://sales.example/hooks/gmail", PUSH_ACCOUNT);
        (google.sign_as_stranger(&claims).unwrap(), google.sign_forged(&claims).unwrap())
    });
    let set = keys.keys_for(&kid).await.unwrap();
    assert!(!proves(&set, &stranger), "a key that Google does not have");
    assert!(!proves(&set, &forged), "Google's key in name only");
}

#[tokio::test]
async fn an_answer_that_is_old_already_is_kept_for_less() {
    let world = World::new().await;
    for (what, max_age, age, seconds) in [
        ("no age", 1_000, 0, 1_000),
        ("an age", 1_000, 400, 600),
        ("longer than a day is a day", 1_000_000, 0, 86_400),
        ("over already: at most twice a minute", 100, 200, 30),
    ] {
        world.sandbox.google(|google| {
            (google.keys_max_age_seconds, google.keys_age_seconds) = (max_age, age);
        });
        let keys = keys(&world);
        let (kid, _) = token(&world);
        let before = world.calls(Call::Certs);
        keys.keys_for(&kid).await.unwrap();
        world.forward(seconds - 1);
        keys.keys_for(&kid).await.unwrap();
        assert_eq!(world.calls(Call::Certs) - before, 1, "{what}");
        world.forward(1);
        keys.keys_for(&kid).await.unwrap();
        assert_eq!(world.calls(Call::Certs) - before, 2, "{what}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_known_is_asked_for_and_not_too_often() {
    let world = World::new().await;
    let keys = keys(&world);
    let (old_kid, old_token) = token(&world);
    keys.keys_for(&old_kid).await.unwrap();
    world.sandbox.google(Google::rotate_keys);
    let (new_kid, new_token) = token(&world);
    assert_ne!(old_kid, new_kid);
    for (what, forward_seconds, kid, proven, expected) in [
        ("too soon after the first", 29, &*new_kid, false, 1),
        ("half a minute after it is asked for", 1, &*new_kid, true, 2),
        ("and known from then on", 0, &*new_kid, true, 2),
        ("a forged one is not asked for at once", 0, "forged", true, 2),
        ("but half a minute later, once", 30, "forged", true, 3),
        ("whatever it is called", 0, "forged-2", true, 3),
        ("and again not before half a minute", 29, "forged-3", true, 3),
    ] {
        world.forward(forward_seconds);
        let set = keys.keys_for(kid).await.unwrap();
        assert_eq!(proves(&set, &new_token), proven, "{what}");
        assert!(proves(&set, &old_token), "{what}: the earlier key is still in the set");
        assert_eq!(world.calls(Call::Certs), expected, "{what}");
    }
    world.sandbox.google(Google::rotate_keys);
    world.forward(30);
    let (newest, _) = token(&world);
    assert!(!proves(&keys.keys_for(&newest).await.unwrap(), &old_token), "gone at the second rotation");
}

#[tokio::test]
async fn the_last_good_keys_stay_while_none_come() {
    let world = World::new().await;
    let settings = HttpSettings { keys_timeout: Duration::from_secs(1), ..HttpSettings::default() };
    let keys = world.keys(settings);
    let (kid, signed) = token(&world);
    world.fail(Call::Certs, GoogleFault::Status(503));
    let expected = GoogleError::Unreachable { detail: "status 503 backendError".to_owned(), retry_after_ms: None };
    assert_eq!(keys.keys_for(&kid).await.err(), Some(expected.clone()), "none at all yet");
    assert_eq!(keys.keys_for(&kid).await.err(), Some(expected), "nor is it asked for again at once");
    assert_eq!(world.calls(Call::Certs), 1);
    world.forward(30);
    assert!(proves(&keys.keys_for(&kid).await.unwrap(), &signed));
    for fault in [
        GoogleFault::Status(500),
        GoogleFault::Page(200),
        GoogleFault::Garbage,
        GoogleFault::OtherShape,
        GoogleFault::HalfBody,
        GoogleFault::Drop,
        GoogleFault::Hang,
    ] {
        world.forward(20_000);
        world.fail(Call::Certs, fault);
        let before = world.calls(Call::Certs);
        assert!(proves(&keys.keys_for(&kid).await.unwrap(), &signed), "{fault:?}");
        assert!(proves(&keys.keys_for(&kid).await.unwrap(), &signed), "{fault:?}");
        assert_eq!(world.calls(Call::Certs), before + 1, "{fault:?}: asked once");
        world.forward(30);
        keys.keys_for(&kid).await.unwrap();
        assert_eq!(world.calls(Call::Certs), before + 2, "{fault:?}: and once more later");
    }
}

#[tokio::test]
async fn many_at_once_ask_once_and_who_has_a_key_does_not_wait() {
    let world = World::new().await;
    let keys = keys(&world);
    let (kid, _) = token(&world);
    world.fail(Call::Certs, GoogleFault::Slow(500));
    let at_once: Vec<_> = (0..20)
        .map(|_| {
            let (keys, kid) = (keys.clone(), kid.clone());
            tokio::spawn(async move { keys.keys_for(&kid).await.is_ok() })
        })
        .collect();
    for one in at_once {
        assert!(one.await.unwrap());
    }
    assert_eq!(world.calls(Call::Certs), 1);

    world.forward(30);
    world.fail(Call::Certs, GoogleFault::Hang);
    let forged = {
        let keys = keys.clone();
        tokio::spawn(async move { keys.keys_for("forged").await.is_ok() })
    };
    while world.calls(Call::Certs) < 2 {
        tokio::task::yield_now().await;
    }
    assert!(keys.keys_for(&kid).await.is_ok(), "answered while the other request hangs");
    assert!(!forged.is_finished());
    forged.abort();
}
