//! What a refusal means, for every way that Google has to refuse; and that none of them tells a secret.

use crate::world::{ANN, World, mail};
use sales_engine::sandbox::google::{Call, GoogleFault};
use sales_engine::services::google::{GoogleError, HttpSettings};

fn passing(detail: &str, retry_after_ms: Option<u64>) -> GoogleError {
    GoogleError::Unreachable { detail: detail.to_owned(), retry_after_ms }
}

fn denied(reason: &str) -> GoogleError {
    GoogleError::Denied { reason: reason.to_owned() }
}

fn limited(status: u16, is_of_user: bool, retry_after_seconds: Option<u64>) -> GoogleFault {
    GoogleFault::RateLimited { status, is_of_user, retry_after_seconds }
}

fn rows() -> Vec<(&'static str, GoogleFault, GoogleError)> {
    let wait = |retry_after_ms| GoogleError::RateLimited { retry_after_ms };
    let shape = GoogleError::Unexpected { status: 200, reason: "an answer of another shape".to_owned() };
    vec![
        ("403 of the project", limited(403, false, None), wait(None)),
        ("403 of the user", limited(403, true, None), wait(None)),
        ("403 with a wait", limited(403, true, Some(3)), wait(Some(3_000))),
        ("429 of the project", limited(429, false, None), wait(None)),
        ("429 with a wait", limited(429, true, Some(30)), wait(Some(30_000))),
        ("429 with a wait beyond reason", limited(429, true, Some(9_999_999)), wait(Some(3_600_000))),
        ("the day's calls are used up", GoogleFault::DailyLimit, denied("dailyLimitExceeded")),
        ("the same in the newer way", GoogleFault::DailyQuota, denied("rateLimitExceeded")),
        ("switched off for the domain", GoogleFault::DomainPolicy, denied("domainPolicy")),
        ("a scope is missing", GoogleFault::ScopeMissing, denied("insufficientPermissions")),
        ("no mailbox behind it", GoogleFault::MailDisabled, denied("failedPrecondition")),
        ("500", GoogleFault::Status(500), passing("status 500 backendError", None)),
        ("502", GoogleFault::Status(502), passing("status 502 backendError", None)),
        ("503 with a wait", GoogleFault::Unavailable(9), passing("status 503 backendError", Some(9_000))),
        ("504", GoogleFault::Status(504), passing("status 504 backendError", None)),
        ("408", GoogleFault::Status(408), passing("status 408 backendError", None)),
        ("a page", GoogleFault::Page(502), passing("status 502 ", None)),
        (
            "a status that is not foreseen",
            GoogleFault::Status(418),
            GoogleError::Unexpected { status: 418, reason: "backendError".to_owned() },
        ),
        ("a cut connection", GoogleFault::Drop, passing("the connection broke", None)),
        ("half an answer", GoogleFault::HalfBody, passing("the connection broke", None)),
        ("no JSON", GoogleFault::Garbage, passing("its answer is no JSON", None)),
        ("JSON of another shape", GoogleFault::OtherShape, shape),
        ("no answer", GoogleFault::Hang, passing("no answer in time", None)),
    ]
}

#[tokio::test]
async fn a_refusal_says_what_is_to_be_done_and_the_next_call_works() {
    let world = World::new().await;
    let id = world.deliver(mail("a@customer.example", "Hi", ""));
    for (what, fault, expected) in rows() {
        world.forward(60);
        let ann = world.ann_before(fault);
        let start = world.sandbox.google(|google| google.history_id(ANN));
        for call in [Call::Profile, Call::History, Call::List, Call::Metadata, Call::Raw, Call::Watch] {
            world.fail(call, fault);
            let error = match call {
                Call::Profile => ann.profile().await.err(),
                Call::History => ann.history(start, None, None).await.err(),
                Call::List => ann.list("in:inbox", None).await.err(),
                Call::Metadata => ann.head(&id).await.err(),
                Call::Raw => ann.raw(&id).await.err(),
                Call::Token | Call::Certs | Call::Minimal | Call::Watch | Call::Stop => {
                    ann.watch(sales_engine::sandbox::google::TOPIC, &[]).await.err()
                }
            };
            let is_about_the_topic = call == Call::Watch && fault == GoogleFault::MailDisabled;
            let expected = if is_about_the_topic { denied("the topic, status 400") } else { expected.clone() };
            assert_eq!(error, Some(expected), "{what}: {call:?}");
            if let Some(error) = error {
                let waits = matches!(error, GoogleError::RateLimited { .. } | GoogleError::Unreachable { .. });
                assert_eq!(error.is_transient(), waits, "{what}");
            }
        }
        world.fail(Call::Stop, fault);
        // An empty answer can't be cut, and nothing is read of it.
        let needs_no_body = matches!(fault, GoogleFault::Garbage | GoogleFault::OtherShape | GoogleFault::HalfBody);
        assert_eq!(ann.stop().await.err(), Some(expected).filter(|_| !needs_no_body), "{what}: stop");
        assert!(world.ann().profile().await.is_ok(), "{what}");
    }
}

#[tokio::test]
async fn a_slow_answer_within_the_time_is_an_answer() {
    let world = World::new().await;
    world.fail(Call::Profile, GoogleFault::Slow(20));
    assert!(world.ann().profile().await.is_ok());
    let slow = GoogleFault::Slow(5_000);
    world.fail(Call::Profile, slow);
    assert_eq!(world.ann_before(slow).profile().await, Err(passing("no answer in time", None)));
}

#[tokio::test]
async fn an_answer_beyond_the_cap_is_not_read() {
    let world = World::new().await;
    for number in 0..40 {
        world.deliver(mail(&format!("{number}@customer.example"), "Hi", ""));
    }
    let settings = HttpSettings { answer_bytes_max: 1_000, ..HttpSettings::default() };
    let ann = world.open(&world.http(settings), world.refresh(ANN), ANN);
    assert!(ann.profile().await.is_ok());
    let error = ann.list("", None).await.unwrap_err();
    assert_eq!(error, GoogleError::Unexpected { status: 200, reason: "the answer is too large".to_owned() });
}

#[tokio::test]
async fn no_error_shows_a_token_or_an_address() {
    let world = World::new().await;
    let mut shown = String::new();
    for (_, fault, _) in rows() {
        for call in [Call::Token, Call::Profile] {
            world.forward(60);
            let ann = world.ann_before(fault);
            world.fail(call, fault);
            let error = ann.profile().await.unwrap_err();
            shown += &format!("{error} {error:?}\n");
        }
    }
    let http = world.http(HttpSettings::default());
    let nowhere = sales_engine::services::google::Gmail::new(
        &http,
        "http://127.0.0.1:1/ann@sales.example",
        "http://127.0.0.1:1/ann@sales.example",
        world.refresh(ANN),
        ANN,
    );
    let error = nowhere.unwrap().profile().await.unwrap_err();
    assert_eq!(error, passing("no connection", None));
    shown += &format!("{error} {error:?}\n");
    world.fail(Call::Token, GoogleFault::Token(400, "ann@sales.example ya29.x is unknown"));
    let error = world.ann().profile().await.unwrap_err();
    assert_eq!(error, denied("unknown"), "what is no code is not repeated");
    shown += &format!("{error} {error:?}\n");
    for secret in [ANN, "sales.example", "ya29", "1//", "client-secret", "127.0.0.1", "http:"] {
        assert!(!shown.contains(secret), "{secret} in:\n{shown}");
    }
}
