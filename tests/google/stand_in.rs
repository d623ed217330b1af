//! The stand-in itself: what it takes, refuses and forgets, without the client.

use crate::world::{ANN, BEN, World, mail};
use chrono::TimeDelta;
use sales_engine::sandbox::google::{Call, GoogleFault};
use serde_json::{Value, json};

fn reason(answer: &Value) -> &str {
    answer.pointer("/error/errors/0/reason").and_then(Value::as_str).unwrap_or_default()
}

fn listed(answer: &Value) -> Vec<&str> {
    answer["messages"].as_array().into_iter().flatten().map(|message| message["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn requests_without_a_right_are_refused() {
    let world = World::new().await;
    let token = world.access_token().await;
    for (what, header, path, expected) in [
        ("no token", String::new(), "me/profile", (401, "authError")),
        ("another token", "authorization: Bearer ya29.x\r\n".to_owned(), "me/profile", (401, "authError")),
        ("its own", format!("authorization: Bearer {token}\r\n"), "me/profile", (200, "")),
        ("by its address", format!("authorization: Bearer {token}\r\n"), "Ann%40sales.example/profile", (200, "")),
        (
            "of somebody else",
            format!("authorization: Bearer {token}\r\n"),
            "ben%40sales.example/profile",
            (403, "forbidden"),
        ),
        ("an unknown method", format!("authorization: Bearer {token}\r\n"), "me/settings", (404, "notFound")),
    ] {
        let (status, _, body) = world.raw("GET", &format!("/gmail/v1/users/{path}"), &header, b"").await;
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, reason(&answer)), expected, "{what}");
    }
    world.forward(3_598);
    assert_eq!(world.get(&token, "profile").await.0, 200);
    world.forward(1);
    assert_eq!(world.get(&token, "profile").await.0, 401, "a token ends");
    let another = world.access_token().await;
    world.sandbox.google(|google| google.revoke(ANN, None));
    assert_eq!(world.get(&another, "profile").await.0, 401, "and with the consent");
}

#[tokio::test]
async fn tokens_are_given_for_what_is_right_and_nothing_else() {
    let world = World::new().await;
    let grant = world.sandbox.google(|google| google.add_mailbox(ANN));
    let good = format!(
        "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
        grant.client_id, grant.client_secret, grant.refresh_token
    );
    let jwt = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    for (what, form, expected) in [
        ("all right", good.clone(), (200, "")),
        ("no grant type", String::new(), (400, "invalid_request")),
        ("another grant type", "grant_type=password".to_owned(), (400, "unsupported_grant_type")),
        ("a wrong client", good.replace("client_id=", "client_id=x"), (401, "invalid_client")),
        ("a wrong secret", good.replace("client_secret=", "client_secret=x"), (401, "invalid_client")),
        ("a wrong token", good.replace("refresh_token=1", "refresh_token=2"), (400, "invalid_grant")),
        ("no JWT", format!("{jwt}x"), (400, "invalid_request")),
        ("a JWT without a signature", format!("{jwt}eyJhbGciOiJub25lIn0.e30."), (400, "invalid_request")),
        ("a JWT by a shared secret", format!("{jwt}eyJhbGciOiJIUzI1NiJ9.e30.AAAA"), (400, "invalid_grant")),
    ] {
        let (status, _, body) = world.raw("POST", "/token", "", form.as_bytes()).await;
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, answer["error"].as_str().unwrap_or_default()), expected, "{what}");
    }
    let (_, _, body) = world.raw("POST", "/token", "", good.as_bytes()).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((answer["expires_in"].as_u64(), answer["token_type"].as_str()), (Some(3_599), Some("Bearer")));
    assert_eq!(answer.get("refresh_token"), None, "it is not given again");
}

#[tokio::test]
async fn assertions_are_really_proven() {
    let world = World::new().await;
    let account = world.sandbox.google(|google| google.service_account()).unwrap();
    let own = jsonwebtoken::EncodingKey::from_rsa_pem(account.private_key_pem.as_bytes()).unwrap();
    let now = world.time().timestamp();
    let scope = "https://www.googleapis.com/auth/gmail.readonly";
    let claims = |change: &dyn Fn(&mut Value)| {
        let mut claims = json!({ "iss": account.client_email, "sub": ANN, "scope": scope, "aud": world.token_url(),
            "iat": now, "exp": now + 3_600 });
        change(&mut claims);
        claims
    };
    let stranger = world.sandbox.google(|google| google.sign_as_stranger(&claims(&|_| {})).unwrap());
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    let sign = |claims: &Value| jsonwebtoken::encode(&header, claims, &own).unwrap();
    let rows = [
        ("all right", sign(&claims(&|_| {})), (200, "")),
        (
            "as Google's clients make it out",
            sign(&claims(&|claims| claims["aud"] = json!("https://oauth2.googleapis.com/token"))),
            (200, ""),
        ),
        ("signed by another", stranger, (400, "invalid_grant")),
        ("an hour and a second", sign(&claims(&|claims| claims["exp"] = json!(now + 3_601))), (400, "invalid_grant")),
        (
            "over",
            sign(&claims(&|claims| (claims["iat"], claims["exp"]) = (json!(now - 7_200), json!(now - 3_600)))),
            (400, "invalid_grant"),
        ),
        (
            "not yet",
            sign(&claims(&|claims| (claims["iat"], claims["exp"]) = (json!(now + 400), json!(now + 800)))),
            (400, "invalid_grant"),
        ),
        (
            "another audience",
            sign(&claims(&|claims| claims["aud"] = json!("https://elsewhere.example"))),
            (400, "invalid_grant"),
        ),
        (
            "another issuer",
            sign(&claims(&|claims| claims["iss"] = json!("x@elsewhere.example"))),
            (400, "invalid_grant"),
        ),
        ("nobody's mailbox", sign(&claims(&|claims| claims["sub"] = json!("x@sales.example"))), (400, "invalid_grant")),
        ("no scope", sign(&claims(&|claims| claims["scope"] = json!(""))), (400, "invalid_scope")),
        (
            "more than is delegated",
            sign(&claims(&|claims| claims["scope"] = json!("https://mail.google.com/"))),
            (401, "unauthorized_client"),
        ),
    ];
    for (what, assertion, expected) in rows {
        let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        let (status, _, body) = world.raw("POST", "/token", "", form.as_bytes()).await;
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, answer["error"].as_str().unwrap_or_default()), expected, "{what}");
    }
    let nobody = sign(&claims(&|claims| drop(claims.as_object_mut().unwrap().remove("sub"))));
    let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={nobody}");
    let (_, _, body) = world.raw("POST", "/token", "", form.as_bytes()).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    let (status, refused) = world.get(answer["access_token"].as_str().unwrap(), "profile").await;
    assert_eq!(
        (status, reason(&refused)),
        (400, "failedPrecondition"),
        "an account that acts for nobody has no mailbox"
    );
}

#[tokio::test]
async fn history_parameters_are_checked_and_page_tokens_belong_to_their_listing() {
    let world = World::new().await;
    let token = world.access_token().await;
    let start = world.sandbox.google(|google| google.history_id(ANN));
    for number in 0..5 {
        world.deliver(mail(&format!("{number}@customer.example"), "Hi", ""));
    }
    for (what, path, expected) in [
        ("no start", "history".to_owned(), (400, "invalidArgument")),
        ("no number", "history?startHistoryId=now".to_owned(), (400, "invalidArgument")),
        ("before all that is kept", "history?startHistoryId=1".to_owned(), (404, "notFound")),
        ("in the future", format!("history?startHistoryId={}", u64::MAX), (404, "notFound")),
        ("an unknown type", format!("history?startHistoryId={start}&historyTypes=opened"), (400, "invalidArgument")),
        ("no page at all", format!("history?startHistoryId={start}&maxResults=0"), (400, "invalidArgument")),
        ("more than a page holds", format!("history?startHistoryId={start}&maxResults=9999"), (200, "")),
        ("a page of nowhere", format!("history?startHistoryId={start}&pageToken=7"), (400, "invalidArgument")),
    ] {
        let (status, answer) = world.get(&token, &path).await;
        assert_eq!((status, reason(&answer)), expected, "{what}");
    }
    let (_, first) = world.get(&token, &format!("history?startHistoryId={start}&maxResults=2")).await;
    assert_eq!(first["history"].as_array().unwrap().len(), 2);
    assert!(first["historyId"].is_string(), "numbers of 64 bits are texts");
    let next = first["nextPageToken"].as_str().unwrap();
    let (status, second) =
        world.get(&token, &format!("history?startHistoryId={start}&maxResults=3&pageToken={next}")).await;
    assert_eq!(status, 200, "{second}");
    let id = |record: &Value| record["id"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(id(&first["history"][1]) < id(&second["history"][0]));
    let elsewhere = format!("history?startHistoryId={start}&labelId=SENT&pageToken={next}");
    assert_eq!(world.get(&token, &elsewhere).await.0, 400, "a token of another listing");
}

#[tokio::test]
async fn history_has_the_oddities_of_the_real_one() {
    let world = World::new().await;
    let token = world.access_token().await;
    let start = world.sandbox.google(|google| google.history_id(ANN));
    let delivered: Vec<String> =
        (0..20).map(|number| world.deliver(mail(&format!("{number}@customer.example"), "Hi", ""))).collect();
    let path = format!("history?startHistoryId={start}&historyTypes=messageAdded&maxResults=500");
    let (_, answer) = world.get(&token, &path).await;
    let records = answer["history"].as_array().unwrap();
    let added: Vec<&str> =
        records.iter().map(|record| record["messagesAdded"][0]["message"]["id"].as_str().unwrap()).collect();
    assert!(added.len() > delivered.len(), "some are told twice: {}", added.len());
    assert!(delivered.iter().all(|id| added.contains(&&**id)));
    let ids: Vec<u64> = records.iter().map(|record| record["id"].as_str().unwrap().parse().unwrap()).collect();
    assert!(ids.is_sorted() && ids.windows(2).any(|pair| pair[1] - pair[0] > 1), "rising with gaps: {ids:?}");

    world.sandbox.google(|google| {
        google.relabel(ANN, &delivered[0], &["Label_1"], &["INBOX"]);
        google.delete(ANN, &delivered[1]);
        google.lag(ANN, 1);
    });
    let (_, answer) = world.get(&token, &path).await;
    let of = |answer: &Value, id: &str| {
        let mut records = answer["history"].as_array().unwrap().iter();
        records.find(|record| record["messagesAdded"][0]["message"]["id"] == *id).unwrap()["messagesAdded"][0].clone()
    };
    let labels = of(&answer, &delivered[0])["message"]["labelIds"].to_string();
    assert!(labels.contains("Label_1") && !labels.contains("INBOX"), "labels are those of now: {labels}");
    assert_eq!(of(&answer, &delivered[1])["message"].get("labelIds"), None, "what is gone has none");

    let seen = answer["historyId"].as_str().unwrap().to_owned();
    world.sandbox.google(|google| google.lag(ANN, 2));
    let late = world.deliver(mail("late@customer.example", "Hi", ""));
    for (what, expected) in [("at once", false), ("a moment later", false), ("then it is there", true)] {
        let (_, answer) = world.get(&token, &format!("history?startHistoryId={seen}")).await;
        assert_eq!(answer.to_string().contains(&late), expected, "{what}");
        assert_eq!(answer.get("history").is_some(), expected, "absent, not empty");
    }
}

#[tokio::test]
async fn the_search_box_knows_its_operators() {
    let world = World::new().await;
    let ids = world.sandbox.google(|google| {
        let sent = mail("sent@sales.example", "Offer", "").replace(ANN, "pat@customer.example");
        [
            google.deliver(ANN, mail("old@customer.example", "Question", "").as_bytes()),
            google.deliver_labelled(ANN, mail("spam@customer.example", "Win", "").as_bytes(), &["SPAM"]),
            google.send(ANN, sent.as_bytes()),
            google.save_draft(ANN, mail("draft@sales.example", "Draft", "").as_bytes(), None),
        ]
    });
    world.forward(10 * 86_400);
    let new = world.deliver(mail("new@customer.example", "Answer", ""));
    let [old, spam, sent, draft] = &ids;
    let token = world.access_token().await;
    let between = (world.time() - TimeDelta::days(1)).timestamp();
    let rows: &[(&str, &[&String])] = &[
        ("", &[&new, draft, sent, old]),
        ("in:anywhere", &[&new, draft, sent, spam, old]),
        ("in:inbox", &[&new, old]),
        ("in:spam", &[spam]),
        ("-in:inbox", &[draft, sent]),
        ("in:sent", &[sent]),
        ("in:drafts", &[draft]),
        ("newer_than:9d", &[&new]),
        ("newer_than:11d in:inbox", &[&new, old]),
        ("older_than:9d in:inbox", &[old]),
        ("after:2026/11/30", &[&new]),
        ("before:2026/11/30 in:inbox", &[old]),
        ("subject:question", &[old]),
        ("from:pat@customer.example in:inbox -subject:answer", &[old]),
        ("to:pat@customer.example", &[sent]),
        ("rfc822msgid:new@customer.example", &[&new]),
        ("hello answer", &[&new]),
    ];
    for (query, expected) in rows {
        let path = format!("messages?q={}", query.replace(' ', "%20").replace('/', "%2F"));
        let (status, answer) = world.get(&token, &path).await;
        assert_eq!(status, 200, "{query}");
        assert_eq!(listed(&answer), expected.iter().map(|id| id.as_str()).collect::<Vec<_>>(), "{query}");
    }
    let (_, answer) =
        world.get(&token, &format!("messages?q=after:{between}&labelIds=INBOX&includeSpamTrash=true")).await;
    assert_eq!(listed(&answer), [&*new]);
    let (_, nothing) = world.get(&token, "messages?q=in:trash").await;
    assert_eq!(nothing, json!({ "resultSizeEstimate": 0 }), "a list is absent, not empty");
}

#[tokio::test]
async fn formats_give_what_they_say() {
    let world = World::new().await;
    let token = world.access_token().await;
    let id = world.deliver(mail("a@customer.example", "Hi", "X-Mailer: none\r\n"));
    for (format, payload, raw) in [("minimal", false, false), ("metadata", true, false), ("raw", false, true)] {
        let (_, answer) = world.get(&token, &format!("messages/{id}?format={format}")).await;
        assert_eq!((answer.get("payload").is_some(), answer.get("raw").is_some()), (payload, raw), "{format}");
        assert_eq!((&answer["id"], &answer["threadId"]), (&json!(id), &json!(id)), "{format}");
        assert_eq!(answer["snippet"], "Hello from a@customer.example.");
        assert_eq!(answer["internalDate"], world.time().timestamp_millis().to_string());
    }
    let (_, all) = world.get(&token, &format!("messages/{id}?format=metadata")).await;
    assert_eq!(all["payload"]["headers"].as_array().unwrap().len(), 6);
    let path = format!("messages/{id}?format=metadata&metadataHeaders=x-MAILER&metadataHeaders=Bcc");
    let (_, some) = world.get(&token, &path).await;
    assert_eq!(some["payload"]["headers"], json!([{ "name": "X-Mailer", "value": "none" }]));
    for (path, expected) in [
        ("messages/zz?format=raw", (400, "invalidArgument")),
        ("messages/1900?format=raw", (404, "notFound")),
        ("messages/1900?format=json", (400, "invalidArgument")),
    ] {
        let (status, answer) = world.get(&token, path).await;
        assert_eq!((status, reason(&answer)), expected, "{path}");
    }
}

#[tokio::test]
async fn a_thread_needs_the_reference_and_the_subject() {
    let world = World::new().await;
    let token = world.access_token().await;
    let first = world.sandbox.google(|google| {
        google.send(ANN, mail("offer@sales.example", "Our offer", "").replace(ANN, "pat@customer.example").as_bytes())
    });
    let answering = "In-Reply-To: <offer@sales.example>\r\n";
    let folded = "References: <other@sales.example>\r\n <offer@sales.example>\r\n";
    for (what, subject, headers, joins) in [
        ("an answer", "Re: Our offer", answering, true),
        ("an answer in German, forwarded", "WG: AW: our OFFER", folded, true),
        ("the subject alone", "Re: Our offer", "", false),
        ("the reference alone", "Something else", answering, false),
        ("the reference to another mail", "Re: Our offer", "In-Reply-To: <x@sales.example>\r\n", false),
    ] {
        let id = world.deliver(mail("answer@customer.example", subject, headers));
        let (_, answer) = world.get(&token, &format!("messages/{id}?format=minimal")).await;
        assert_eq!(answer["threadId"] == *first, joins, "{what}");
        world.sandbox.google(|google| google.delete(ANN, &id));
    }
    let own = world.sandbox.google(|google| google.send(ANN, mail("self@sales.example", "Note", "").as_bytes()));
    let (_, answer) = world.get(&token, &format!("messages/{own}?format=minimal")).await;
    let labels = answer["labelIds"].to_string();
    assert!(labels.contains("SENT") && labels.contains("INBOX"), "to oneself it is sent and received: {labels}");
}

#[tokio::test]
async fn mailboxes_know_nothing_of_each_other() {
    let world = World::new().await;
    let token = world.access_token().await;
    let of_ben = world.sandbox.google(|google| google.deliver(BEN, mail("b@customer.example", "Hi", "").as_bytes()));
    assert_eq!(world.get(&token, &format!("messages/{of_ben}?format=raw")).await.0, 404);
    let (_, answer) = world.get(&token, "messages").await;
    assert_eq!(listed(&answer), Vec::<&str>::new());
    assert_eq!(world.sandbox.google(|google| google.units_used(BEN)), 0, "nor does one pay for the other");
}

#[tokio::test]
async fn only_so_many_requests_of_a_mailbox_at_once() {
    let world = World::new().await;
    let token = world.access_token().await;
    world.sandbox.google(|google| google.at_once_max = 2);
    for _ in 0..2 {
        world.fail(Call::Profile, GoogleFault::Hang);
    }
    let sandbox = &world;
    let hanging = async {
        tokio::join!(sandbox.get(&token, "profile"), sandbox.get(&token, "profile"));
    };
    let refused = async {
        while world.calls(Call::Profile) < 2 {
            tokio::task::yield_now().await;
        }
        world.get(&token, "profile").await
    };
    let (status, answer) = tokio::select! {
        () = hanging => panic!("these never end"),
        refused = refused => refused,
    };
    assert_eq!((status, reason(&answer)), (429, "rateLimitExceeded"));
    assert_eq!(world.sandbox.google(|google| google.over_concurrent(ANN)), 1);
    // The two that hung were given up: their places are free as soon as the sandbox has seen it.
    let mut status = 429;
    for _ in 0..10_000 {
        if status == 200 {
            break;
        }
        status = world.get(&token, "profile").await.0;
    }
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_sandbox_alone_has_doors_for_people() {
    let world = World::new().await;
    let (status, _, grant) = world.raw("PUT", "/sandbox/google/mailboxes/eve@sales.example", "", b"").await;
    let grant: Value = serde_json::from_str(&grant).unwrap();
    assert_eq!((status, grant["token_uri"].as_str()), (200, Some(&*world.token_url())));
    let raw = mail("eve@customer.example", "Hi", "");
    let path = "/sandbox/google/mailboxes/eve@sales.example/messages";
    let (status, _, delivered) = world.raw("POST", path, "", raw.as_bytes()).await;
    assert_eq!(status, 200, "{delivered}");
    let (status, ..) = world.raw("POST", &format!("{path}?sent=true"), "", raw.as_bytes()).await;
    assert_eq!(status, 200);
    let (_, _, state) = world.raw("GET", "/sandbox/google", "", b"").await;
    let state: Value = serde_json::from_str(&state).unwrap();
    let eve = state["mailboxes"].as_array().unwrap().iter().find(|one| one["address"] == "eve@sales.example").unwrap();
    assert_eq!((&eve["messages"], &eve["refresh_token"]), (&json!(2), &grant["refresh_token"]));
    let (_, _, account) = world.raw("GET", "/sandbox/google/service_account", "", b"").await;
    let account: Value = serde_json::from_str(&account).unwrap();
    assert!(account["private_key"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let (status, ..) = world.raw("PUT", "/sandbox/google/subscription", "", b"{}").await;
    assert_eq!(status, 400);
    let body = json!({ "endpoint": "http://127.0.0.1:9/hooks/gmail/acme" }).to_string();
    assert_eq!(world.raw("PUT", "/sandbox/google/subscription", "", body.as_bytes()).await.0, 200);
    assert_eq!(world.raw("GET", "/sandbox/google/else", "", b"").await.0, 404);
}
