//! Who may push: every claim of Google's token, its algorithm, its key, and Google's keys themselves.

use crate::common::Database;
use crate::on_both;
use crate::world::{ANN, LEAD, Letter, World};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sales_engine::sandbox::google::{Call, GoogleFault, PUSH_ACCOUNT, Spelling, Subscription};
use serde_json::{Value, json};

const AUDIENCE: &str = "https://sales.example.com/hooks/gmail/acme";

fn notice(mailbox: &str, history_id: u64) -> String {
    json!({ "emailAddress": mailbox, "historyId": history_id }).to_string()
}

impl World {
    async fn knock(&self, authorization: Option<String>, body: &str) -> u16 {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.extend(authorization.map(|value| ("authorization".to_owned(), value)));
        self.poster.post("/hooks/gmail/acme", &headers, body.to_owned()).await.unwrap().0
    }

    fn claims(&self) -> Value {
        self.google(|google| google.push_claims(AUDIENCE, PUSH_ACCOUNT))
    }

    fn signed(&self, claims: &Value) -> String {
        format!("Bearer {}", self.google(|google| google.sign(claims)).unwrap())
    }
}

/// The same token with another header or other claims; its signature is that of the first.
fn with_part(token: &str, place: usize, part: &Value) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[place] = URL_SAFE_NO_PAD.encode(part.to_string());
    parts.join(".")
}

on_both! {
    async fn every_claim_and_every_signature_counts(database: Database) {
        let world = World::new(database).await;
        let body = notice(ANN, 1);
        let before = world.everything().await;
        let claims = world.claims();
        let now = world.clock.read().timestamp();
        let with = |name: &str, value: Value| {
            let mut claims = claims.clone();
            claims[name] = value;
            claims
        };
        let without = |name: &str| {
            let mut claims = claims.clone();
            claims.as_object_mut().unwrap().remove(name);
            claims
        };
        let rows: Vec<(&str, Value)> = vec![
            ("another issuer", with("iss", json!("https://evil.example"))),
            ("no issuer", without("iss")),
            ("another audience", with("aud", json!("https://sales.example.com/hooks/gmail/beta"))),
            ("the audience with a slash more", with("aud", json!(format!("{AUDIENCE}/")))),
            ("several audiences", with("aud", json!([AUDIENCE]))),
            ("no audience", without("aud")),
            ("another account of Google's", with("email", json!("push@other-project.iam.gserviceaccount.example"))),
            ("no account", without("email")),
            ("an account that is not verified", with("email_verified", json!(false))),
            ("verified in a word", with("email_verified", json!("true"))),
            ("nobody says whether it is", without("email_verified")),
            ("expired", with("exp", json!(now - 301))),
            ("without an end", without("exp")),
            ("made in the future", with("iat", json!(now + 301))),
            ("without a beginning", without("iat")),
            ("not valid yet", with("nbf", json!(now + 301))),
        ];
        for (what, claims) in rows {
            assert_eq!(world.knock(Some(world.signed(&claims)), &body).await, 401, "{what}");
        }
        let token = world.google(|google| google.sign(&claims)).unwrap();
        let stranger = world.google(|google| google.sign_as_stranger(&claims)).unwrap();
        let forged = world.google(|google| google.sign_forged(&claims)).unwrap();
        let kid = serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()["kid"].clone();
        let rows: Vec<(&str, Option<String>)> = vec![
            ("no token", None),
            ("another scheme", Some(format!("Basic {token}"))),
            ("the token alone", Some(token.clone())),
            ("a key that Google does not have", Some(format!("Bearer {stranger}"))),
            ("Google's key is named and another signed", Some(format!("Bearer {forged}"))),
            ("no signature", Some(format!("Bearer {}.", token.rsplit_once('.').unwrap().0))),
            ("no algorithm", Some(format!("Bearer {}", with_part(&token, 0, &json!({ "alg": "none", "kid": kid, "typ": "JWT" }))))),
            ("a shared secret", Some(format!("Bearer {}", with_part(&token, 0, &json!({ "alg": "HS256", "kid": kid, "typ": "JWT" }))))),
            ("another claim under the same signature", Some(format!("Bearer {}", with_part(&token, 1, &with("exp", json!(now + 9_999)))))),
        ];
        for (what, authorization) in rows {
            assert_eq!(world.knock(authorization, &body).await, 401, "{what}");
        }
        assert_eq!(world.everything().await, before, "nothing of it is stored");
        for (what, claims) in [("as it is", claims.clone()), ("the other spelling", with("iss", json!("accounts.google.com")))] {
            assert_eq!(world.knock(Some(world.signed(&claims)), &body).await, 204, "{what}");
        }
        let unreadable = world.knock(Some(world.signed(&claims)), "{").await;
        assert_eq!(unreadable, 400, "a proven push that says nothing");
        let large = format!("{{\"emailAddress\":\"{}\"}}", "x".repeat(262_144));
        assert_eq!(world.knock(Some(world.signed(&claims)), &large).await, 413);
        world.end().await;
    }
}

on_both! {
    async fn a_new_key_is_fetched_once_and_the_last_good_ones_are_kept(database: Database) {
        let mut world = World::new(database).await;
        let body = notice(ANN, 1);
        assert_eq!(world.knock(Some(world.signed(&world.claims())), &body).await, 204);
        let fetched = world.google(|google| google.calls(Call::Certs));
        world.forward(31).await;
        world.google(sales_engine::sandbox::google::Google::rotate_keys);
        for _ in 0..3 {
            assert_eq!(world.knock(Some(world.signed(&world.claims())), &body).await, 204, "the new key");
        }
        assert_eq!(world.google(|google| google.calls(Call::Certs)), fetched + 1);
        world.forward(31).await;
        for _ in 0..3 {
            let stranger = world.google(|google| google.sign_as_stranger(&google.push_claims(AUDIENCE, PUSH_ACCOUNT))).unwrap();
            assert_eq!(world.knock(Some(format!("Bearer {stranger}")), &body).await, 401);
        }
        assert_eq!(world.google(|google| google.calls(Call::Certs)), fetched + 2, "however many unknown keys come");
        world.clock.forward_ms(86_400_000);
        world.google(|google| google.fail_when(|call| (call == Call::Certs).then_some(GoogleFault::Status(500))));
        assert_eq!(world.knock(Some(world.signed(&world.claims())), &body).await, 204, "the last good keys");
        world.end().await;
    }
}

on_both! {
    async fn while_there_are_no_keys_google_is_asked_to_come_again(database: Database) {
        let world = World::with(database, &crate::world::Setting::default()).await;
        world.google(|google| google.fail_when(|call| (call == Call::Certs).then_some(GoogleFault::Status(500))));
        let body = notice(ANN, 1);
        assert_eq!(world.knock(Some(world.signed(&world.claims())), &body).await, 503, "not 401: nobody knows");
        world.google(sales_engine::sandbox::google::Google::fail_no_more);
        world.clock.forward_ms(31_000);
        assert_eq!(world.knock(Some(world.signed(&world.claims())), &body).await, 204);
        world.end().await;
    }
}

on_both! {
    async fn a_push_that_cannot_be_kept_is_not_acknowledged(database: Database) {
        let world = World::new(database).await;
        let body = notice(ANN, 1);
        let rename = |from: &str, to: &str| format!("ALTER TABLE {from} RENAME TO {to}");
        world.person.run(&rename("tasks", "elsewhere")).await.unwrap();
        assert_eq!(world.knock(Some(world.signed(&world.claims())), &body).await, 503);
        world.person.run(&rename("elsewhere", "tasks")).await.unwrap();
        assert_eq!(world.knock(Some(world.signed(&world.claims())), &body).await, 204);
        world.end().await;
    }
}

on_both! {
    async fn a_mailbox_that_is_not_ours_is_acknowledged_and_told_once(database: Database) {
        let world = World::new(database).await;
        let tasks = world.count("tasks").await;
        for history_id in 1..4 {
            let body = notice("eve@acme.example", history_id);
            assert_eq!(world.knock(Some(world.signed(&world.claims())), &body).await, 204);
        }
        let alerts = world.alerts().await;
        assert!(alerts.len() == 1 && alerts[0].contains("eve@acme.example"), "{alerts:?}");
        assert_eq!(world.count("tasks").await, tasks);
        world.end().await;
    }
}

on_both! {
    async fn pushes_are_read_in_every_form(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let url = world.url();
        let usual = || Subscription { audience: Some(AUDIENCE.to_owned()), ..Subscription::new(&format!("{url}/hooks/gmail")) };
        let forms = [
            ("wrapped", usual()),
            ("in camel case, ids as texts", Subscription { spelling: Spelling::Camel, history_id_is_text: true, ..usual() }),
            ("in snake case", Subscription { spelling: Spelling::Snake, ..usual() }),
            ("not wrapped", Subscription { is_wrapped: false, ..usual() }),
            ("not wrapped, with headers", Subscription { is_wrapped: false, writes_metadata: true, ..usual() }),
        ];
        for (place, (what, subscription)) in forms.into_iter().enumerate() {
            world.google(|google| google.subscribe(subscription));
            world.deliver(&Letter { id: &format!("r{place}@customer.example"), ..Letter::default() }.raw());
            assert!(world.push().await > 0, "{what}");
            world.work().await;
            assert_eq!(world.contact(LEAD).await.unwrap().reply_count, i64::try_from(place).unwrap() + 1, "{what}");
            world.clock.forward_ms(2_000);
        }
        world.end().await;
    }
}
