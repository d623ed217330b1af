//! Pub/Sub's pushes: what they look like, when they come, and that they come again.

use crate::world::{ANN, BEN, World, mail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sales_engine::sandbox::google::{Google, PUSH_ACCOUNT, Pushed, Spelling, Subscription, TOPIC};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Takes pushes; answers the next of these statuses, else 204. 0 is no answer.
#[derive(Clone)]
struct Receiver {
    url: String,
    statuses: Arc<Mutex<VecDeque<u16>>>,
    taken: Arc<Mutex<Vec<(String, String)>>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/gmail/acme", listener.local_addr().unwrap());
        let receiver = Self { url, statuses: Arc::default(), taken: Arc::default() };
        let this = receiver.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut text = String::new();
                let mut buffer = [0; 4_096];
                loop {
                    let read = stream.read(&mut buffer).await.unwrap();
                    text.push_str(std::str::from_utf8(buffer.get(..read).unwrap()).unwrap());
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                    if body.len() >= length.parse().unwrap() {
                        this.taken.lock().unwrap().push((head.to_owned(), body.to_owned()));
                        break;
                    }
                }
                let status = this.statuses.lock().unwrap().pop_front().unwrap_or(204);
                if status == 0 {
                    tokio::spawn(async move { stream.read(&mut [0; 1]).await });
                    continue;
                }
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        receiver
    }

    fn answer(&self, statuses: &[u16]) {
        self.statuses.lock().unwrap().extend(statuses);
    }

    fn taken(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(number).unwrap()).unwrap()).unwrap()
}

fn statuses(pushed: &[Pushed]) -> Vec<Option<u16>> {
    pushed.iter().map(|pushed| pushed.status).collect()
}

/// What it is, how the subscription is set, what stands in the request, and what does not.
type Form = (&'static str, fn(Subscription) -> Subscription, &'static [&'static str], &'static [&'static str]);
type Change<'a> = &'a dyn Fn(&mut Google);

/// Ann's inbox is watched and pushed to a receiver; the first push is over.
async fn watched(labels: &[&str], change: impl Fn(Subscription) -> Subscription) -> (World, Receiver) {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    world.sandbox.google(|google| google.subscribe(change(Subscription::new(&receiver.url))));
    let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
    world.ann().watch(TOPIC, &labels).await.unwrap();
    assert_eq!(world.sandbox.push_now().await.len(), 1, "one comes right after the watch");
    receiver.taken();
    world.forward(1);
    (world, receiver)
}

async fn usual() -> (World, Receiver) {
    watched(&["INBOX"], |subscription| subscription).await
}

#[tokio::test]
async fn a_push_is_wrapped_and_signed() {
    let (world, receiver) = usual().await;
    world.deliver(mail("a@customer.example", "Hi", ""));
    let pushed = world.sandbox.push_now().await;
    let now = world.sandbox.google(|google| google.history_id(ANN));
    assert_eq!((statuses(&pushed), pushed[0].history_id, pushed[0].attempt), (vec![Some(204)], now, 1));
    let taken = receiver.taken();
    let (head, body) = &taken[0];
    assert!(head.starts_with("POST /hooks/gmail/acme HTTP/1.1"));
    assert_eq!(header(head, "content-type"), Some("application/json"));
    assert!(body.ends_with('\n'));
    let body: Value = serde_json::from_str(body).unwrap();
    let message = &body["message"];
    let data = STANDARD.decode(message["data"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&data).unwrap(), json!({ "emailAddress": ANN, "historyId": now }));
    assert_eq!((&message["messageId"], &message["publishTime"]), (&message["message_id"], &message["publish_time"]));
    assert_eq!(message["messageId"], pushed[0].message_id);
    assert!(body["subscription"].as_str().unwrap().starts_with("projects/"));
    let token = header(head, "authorization").unwrap().strip_prefix("Bearer ").unwrap();
    let (kid, claims) = (part(token, 0), part(token, 1));
    assert_eq!((&kid["alg"], &kid["typ"]), (&json!("RS256"), &json!("JWT")));
    let seconds = world.time().timestamp();
    assert_eq!(claims["aud"], json!(receiver.url), "the endpoint itself, where no audience is set");
    assert_eq!((&claims["email"], &claims["email_verified"]), (&json!(PUSH_ACCOUNT), &json!(true)));
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("https://accounts.google.com"), &claims["azp"]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3_600);
    assert!(claims["iat"].as_i64().unwrap() <= seconds);
}

#[tokio::test]
async fn a_push_has_the_form_that_its_subscription_asks_for() {
    let rows: [Form; 6] = [
        (
            "camel case",
            |usual| Subscription { spelling: Spelling::Camel, ..usual },
            &["messageId", "publishTime"],
            &["message_id"],
        ),
        (
            "snake case",
            |usual| Subscription { spelling: Spelling::Snake, ..usual },
            &["message_id", "publish_time"],
            &["messageId"],
        ),
        (
            "bare",
            |usual| Subscription { is_wrapped: false, ..usual },
            &["emailAddress", "historyId"],
            &["message", "x-goog-pubsub"],
        ),
        (
            "bare, with headers",
            |usual| Subscription { is_wrapped: false, writes_metadata: true, ..usual },
            &[
                "emailAddress",
                "x-goog-pubsub-subscription-name: projects/",
                "x-goog-pubsub-message-id: 1",
                "x-goog-pubsub-publish-time: 2026-",
            ],
            &["\"message\""],
        ),
        (
            "ids as texts",
            |usual| Subscription { is_wrapped: false, history_id_is_text: true, ..usual },
            &["\"historyId\":\""],
            &[],
        ),
        ("without a token", |usual| Subscription { service_account: None, ..usual }, &["message"], &["Authorization"]),
    ];
    for (what, change, with, without) in rows {
        let (world, receiver) = watched(&[], change).await;
        world.deliver(mail("a@customer.example", "Hi", ""));
        world.sandbox.push_now().await;
        let taken = receiver.taken();
        let text = format!("{}\n{}", taken[0].0, taken[0].1);
        for part in with {
            assert!(text.contains(part), "{what}: {part} in {text}");
        }
        for part in without {
            assert!(!text.contains(part), "{what}: no {part} in {text}");
        }
    }
    let audience = Some("sales-engine".to_owned());
    let (world, receiver) = watched(&[], |usual| Subscription { audience: audience.clone(), ..usual }).await;
    world.deliver(mail("a@customer.example", "Hi", ""));
    world.sandbox.push_now().await;
    let taken = receiver.taken();
    let token = header(&taken[0].0, "authorization").unwrap().strip_prefix("Bearer ").unwrap();
    assert_eq!(part(token, 1)["aud"], "sales-engine");
}

#[tokio::test]
async fn the_same_token_goes_with_many_pushes_until_it_is_old_or_the_key_changes() {
    let (world, receiver) = usual().await;
    let mut tokens = Vec::new();
    for (forward_seconds, rotate) in [(1, false), (2_600, false), (600, false), (1, true)] {
        world.forward(forward_seconds);
        if rotate {
            world.sandbox.google(Google::rotate_keys);
        }
        world.deliver(mail("a@customer.example", "Hi", ""));
        world.sandbox.push_now().await;
        tokens.push(header(&receiver.taken()[0].0, "authorization").unwrap().to_owned());
    }
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2], "renewed before it ends");
    assert_ne!(tokens[2], tokens[3], "signed by the new key");
}

#[tokio::test]
async fn only_what_is_watched_is_pushed_and_once_a_second() {
    let (world, _receiver) = usual().await;
    let outgoing = mail("s@sales.example", "Hi", "").replace(ANN, "pat@customer.example");
    let kept = world.deliver(mail("kept@customer.example", "Hi", ""));
    world.sandbox.push_now().await;
    let rows: [(&str, i64, Change<'_>, usize); 9] = [
        ("a mail in the inbox", 1_000, &|google| drop(google.deliver(ANN, b"Subject: x\r\n\r\n")), 1),
        ("another within the second", 999, &|google| drop(google.deliver(ANN, b"Subject: x\r\n\r\n")), 0),
        ("a second after the last that was pushed", 1, &|google| drop(google.deliver(ANN, b"Subject: x\r\n\r\n")), 1),
        ("a mail that is sent", 1_000, &|google| drop(google.send(ANN, outgoing.as_bytes())), 0),
        ("a draft", 1_000, &|google| drop(google.save_draft(ANN, outgoing.as_bytes(), None)), 0),
        ("spam", 1_000, &|google| drop(google.deliver_labelled(ANN, b"\r\n", &["SPAM"])), 0),
        ("archived: out of the inbox", 1_000, &|google| assert!(google.relabel(ANN, &kept, &[], &["INBOX"])), 1),
        ("what happens outside the inbox", 1_000, &|google| assert!(google.relabel(ANN, &kept, &["STARRED"], &[])), 0),
        ("another mailbox", 1_000, &|google| drop(google.deliver(BEN, b"\r\n")), 0),
    ];
    for (what, forward_ms, change, expected) in rows {
        world.forward_ms(forward_ms);
        world.sandbox.google(|google| change(google));
        assert_eq!(world.sandbox.push_now().await.len(), expected, "{what}");
    }
    assert_eq!(world.sandbox.google(|google| google.pushes_dropped()), 1);
    world.forward(7 * 86_400);
    world.deliver(mail("late@customer.example", "Hi", ""));
    assert_eq!(world.sandbox.push_now().await.len(), 0, "the watch is over after seven days");
    world.ann().watch(TOPIC, &["INBOX".to_owned()]).await.unwrap();
    assert_eq!(world.sandbox.push_now().await.len(), 1);
    world.ann().stop().await.unwrap();
    world.forward(1);
    world.deliver(mail("later@customer.example", "Hi", ""));
    assert_eq!(world.sandbox.push_now().await.len(), 0, "and when it is stopped");
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again() {
    let deadline = Duration::from_millis(100);
    let (world, receiver) = watched(&[], |usual| Subscription { ack_deadline: deadline, ..usual }).await;
    world.deliver(mail("a@customer.example", "Hi", ""));
    let answers = [500, 401, 302, 0, 404, 204];
    receiver.answer(&answers);
    let mut pushed = Vec::new();
    for _ in answers {
        let now = world.sandbox.push_now().await;
        assert_eq!(now.len(), 1);
        assert_eq!(world.sandbox.push_now().await.len(), 0, "not at once");
        pushed.extend(now);
        world.forward(60);
    }
    assert_eq!(statuses(&pushed), [Some(500), Some(401), Some(302), None, Some(404), Some(204)]);
    assert!(pushed.iter().all(|one| one.message_id == pushed[0].message_id), "it stays the same message");
    assert_eq!(pushed.iter().map(|one| one.attempt).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert!(world.sandbox.push_now().await.is_empty(), "until it is acknowledged");
    for status in [102, 200, 201, 202, 204] {
        world.forward(60);
        world.deliver(mail("a@customer.example", "Hi", ""));
        receiver.answer(&[status]);
        assert!(world.sandbox.push_now().await[0].is_acknowledged, "{status}");
        world.forward(60);
        assert!(world.sandbox.push_now().await.is_empty(), "{status}");
    }
    world.deliver(mail("b@customer.example", "Hi", ""));
    receiver.answer(&[500, 500, 500]);
    world.sandbox.push_now().await;
    world.forward(7 * 86_400 - 1);
    assert_eq!(world.sandbox.push_now().await.len(), 1);
    world.forward(60);
    assert_eq!(world.sandbox.push_now().await.len(), 1, "the last try");
    world.forward(60);
    assert!(world.sandbox.push_now().await.is_empty(), "after seven days nobody tries any more");
}

#[tokio::test]
async fn pushes_may_come_twice_and_in_any_order() {
    let (world, receiver) = usual().await;
    world.sandbox.google(|google| {
        google.pushes_newest_first = true;
        google.pushes_repeat_every = Some(1);
    });
    for number in 0..3 {
        world.forward(1);
        world.deliver(mail(&format!("{number}@customer.example"), "Hi", ""));
    }
    let pushed = world.sandbox.push_now().await;
    assert_eq!(receiver.taken().len(), 6);
    let ids: Vec<u64> = pushed.iter().map(|pushed| pushed.history_id).collect();
    assert!(ids.is_sorted_by(|a, b| a >= b), "the newest first: {ids:?}");
    assert!(pushed.chunks(2).all(|pair| pair[0].message_id == pair[1].message_id), "each twice");
    assert_eq!(world.sandbox.google(|google| google.pushed().len()), 7);
}

#[tokio::test]
async fn left_alone_the_sandbox_pushes_by_itself() {
    let (world, receiver) = usual().await;
    receiver.answer(&[503]);
    world.sandbox.google(|google| google.pushes_by_hand = false);
    world.deliver(mail("a@customer.example", "Hi", ""));
    let tried = |count: usize| {
        let world = &world;
        async move {
            while world.sandbox.google(|google| google.pushed().len()) < count {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), tried(2)).await.unwrap();
    world.forward(1);
    tokio::time::timeout(Duration::from_secs(10), tried(3)).await.unwrap();
    let pushed = world.sandbox.google(|google| google.pushed().to_vec());
    assert_eq!(statuses(&pushed), [Some(204), Some(503), Some(204)]);
}
