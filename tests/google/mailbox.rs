//! One mailbox through the client: history, listings, heads, whole messages, watches.

use crate::world::{ANN, World, mail};
use chrono::TimeDelta;
use sales_engine::sandbox::google::{Call, TOPIC};
use sales_engine::services::google::gmail::{
    MessageRef, UNITS_HEAD, UNITS_HISTORY, UNITS_LIST, UNITS_PER_MINUTE_MAX, UNITS_PROFILE, UNITS_RAW, UNITS_STOP,
    UNITS_WATCH,
};
use sales_engine::services::google::{Gmail, GoogleError, HttpSettings};
use std::collections::BTreeSet;

/// All pages of a history.
async fn all(gmail: &Gmail, start: u64, label: Option<&str>) -> (Vec<MessageRef>, u64, usize) {
    let (mut found, mut page, mut pages) = (Vec::new(), None, 0);
    loop {
        let answer = gmail.history(start, page.as_deref(), label).await.unwrap();
        let ids: BTreeSet<&str> = answer.added.iter().map(|message| message.id.as_str()).collect();
        assert_eq!(ids.len(), answer.added.len(), "no message twice on a page");
        assert_eq!(answer.records.len(), answer.added.len());
        assert!(
            answer.records.is_sorted() && answer.records.iter().all(|id| (start + 1..=answer.history_id).contains(id))
        );
        found.extend(answer.added);
        pages += 1;
        match answer.next_page {
            Some(next) => page = Some(next),
            None => return (found, answer.history_id, pages),
        }
    }
}

fn ids(messages: &[MessageRef]) -> Vec<&str> {
    messages.iter().map(|message| message.id.as_str()).collect()
}

#[tokio::test]
async fn history_tells_what_came_after_the_cursor_and_where_it_is_now() {
    let world = World::new().await;
    let ann = world.ann();
    let start = ann.profile().await.unwrap().history_id;
    assert_eq!(all(&ann, start, None).await, (vec![], start, 1), "nothing is new");
    let delivered: Vec<String> =
        (0..12).map(|number| world.deliver(mail(&format!("{number}@customer.example"), "Hi", ""))).collect();
    let (added, now, _) = all(&ann, start, None).await;
    assert_eq!(ids(&added), delivered, "each once, in its order");
    assert!(added.iter().all(|message| message.label_ids.contains(&"INBOX".to_owned())));
    assert_eq!(now, ann.profile().await.unwrap().history_id);
    assert_eq!(all(&ann, now, None).await, (vec![], now, 1), "from the new cursor there is nothing");

    let whole = ann.history(start, None, None).await.unwrap();
    let (half, ..) = all(&ann, whole.records[5], None).await;
    let rest: Vec<&str> = ids(&half).into_iter().filter(|id| *id != delivered[5]).collect();
    assert_eq!(rest, delivered[6..], "from the record of the sixth on there are the others, and it may be told again");

    world.sandbox.google(|google| google.page_size_max = 2);
    let (paged, end, pages) = all(&ann, start, None).await;
    let distinct: BTreeSet<&str> = ids(&paged).into_iter().collect();
    assert_eq!((distinct, end), (delivered.iter().map(String::as_str).collect(), now));
    assert!(pages >= 6, "{pages} pages of two records");

    world.sandbox.google(|google| google.expire_history(ANN));
    assert_eq!(ann.history(start, None, None).await, Err(GoogleError::HistoryGone));
    assert_eq!(ann.history(now + 1_000_000, None, None).await, Err(GoogleError::HistoryGone), "an id of nowhere");
    assert!(ann.history(now, None, None).await.is_ok());
    assert!(!GoogleError::HistoryGone.is_transient());
}

#[tokio::test]
async fn history_tells_of_mail_that_comes_to_the_inbox_later() {
    let world = World::new().await;
    let ann = world.ann();
    let google = |change: &dyn Fn(&mut sales_engine::sandbox::google::Google) -> bool| {
        assert!(world.sandbox.google(|google| change(google)));
    };
    let old = world.deliver(mail("old@customer.example", "Hi", ""));
    let spam = world.sandbox.google(|google| {
        google.deliver_labelled(ANN, mail("spam@customer.example", "Hi", "").as_bytes(), &["SPAM", "UNREAD"])
    });
    let start = ann.profile().await.unwrap().history_id;
    google(&|google| google.relabel(ANN, &old, &["STARRED", "Label_7"], &["UNREAD"]));
    let (added, now, _) = all(&ann, start, None).await;
    assert_eq!((ids(&added), now > start), (vec![], true), "what people do with mail they have is no news");
    let (added, ..) = all(&ann, start, Some("Label_7")).await;
    assert_eq!(ids(&added), [&*old], "but under the label that is followed it is");

    google(&|google| google.relabel(ANN, &spam, &["INBOX"], &["SPAM"]));
    let (added, ..) = all(&ann, start, None).await;
    assert_eq!(ids(&added), [&*spam]);
    assert_eq!(added[0].label_ids, ["INBOX", "UNREAD"], "with the labels of now");
    let (added, ..) = all(&ann, start, Some("SENT")).await;
    assert_eq!(ids(&added), Vec::<&str>::new(), "and not under another label");
}

#[tokio::test]
async fn drafts_and_deleted_mail_are_told_with_the_labels_of_now() {
    let world = World::new().await;
    let ann = world.ann();
    let start = ann.profile().await.unwrap().history_id;
    let (first, second, sent, gone) = world.sandbox.google(|google| {
        let first = google.save_draft(ANN, mail("d1@sales.example", "Draft", "").as_bytes(), None);
        let second = google.save_draft(ANN, mail("d2@sales.example", "Draft", "").as_bytes(), Some(&first));
        let sent =
            google.send(ANN, mail("s@sales.example", "Offer", "").replace(ANN, "pat@customer.example").as_bytes());
        let gone = google.deliver(ANN, mail("gone@customer.example", "Hi", "").as_bytes());
        assert!(google.delete(ANN, &gone));
        (first, second, sent, gone)
    });
    let (added, ..) = all(&ann, start, None).await;
    let labels: Vec<(&str, Vec<&str>)> =
        added.iter().map(|message| (&*message.id, message.label_ids.iter().map(String::as_str).collect())).collect();
    assert_eq!(labels, [(&*first, vec![]), (&*second, vec!["DRAFT"]), (&*sent, vec!["SENT"]), (&*gone, vec![])]);
    assert_eq!(ann.head(&gone).await.unwrap(), None);
    assert_eq!(ann.raw(&gone).await.unwrap(), None);
    assert_eq!(ann.raw(&first).await.unwrap(), None, "an earlier save of a draft");
    assert!(ann.raw(&second).await.unwrap().is_some());
}

#[tokio::test]
async fn a_head_has_the_headers_that_matter() {
    let world = World::new().await;
    let ann = world.ann();
    let more = "In-Reply-To: <q@sales.example>\r\nReferences: <p@sales.example>\r\n <q@sales.example>\r\n\
                X-Mailer: none\r\nAuto-Submitted: auto-replied\r\n";
    let raw = mail("a@customer.example", "Re: Offer", more);
    world.forward_ms(123);
    let id = world.deliver(&raw);
    let head = ann.head(&id).await.unwrap().unwrap();
    let header = |name: &str| {
        head.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    for (name, expected) in [
        ("from", Some("Pat <pat@customer.example>")),
        ("to", Some(ANN)),
        ("message-id", Some("<a@customer.example>")),
        ("in-reply-to", Some("<q@sales.example>")),
        ("references", Some("<p@sales.example> <q@sales.example>")),
        ("subject", Some("Re: Offer")),
        ("auto-submitted", Some("auto-replied")),
        ("content-type", Some("text/plain; charset=utf-8")),
        ("x-mailer", None),
    ] {
        assert_eq!(header(name), expected, "{name}");
    }
    assert!(head.headers.iter().any(|(name, _)| name == "Message-Id"), "names as they were written");
    assert_eq!((head.id.as_str(), head.thread_id.as_str()), (&*id, &*id));
    assert_eq!(head.internal_date, world.time());
    assert_eq!(head.size_estimate, raw.len() as u64);
    assert!(head.label_ids.contains(&"INBOX".to_owned()));
    assert_eq!(ann.head("ffffffffffffffff").await.unwrap(), None);
    let refused = ann.head("../profile").await;
    assert_eq!(refused, Err(GoogleError::Unexpected { status: 400, reason: "invalidArgument".to_owned() }));
}

#[tokio::test]
async fn a_whole_message_is_every_byte_of_it() {
    let world = World::new().await;
    let ann = world.ann();
    let every_byte: Vec<u8> = (0..=255).collect();
    for length in 0..40_usize {
        world.forward(1);
        let mut raw = mail(&format!("{length}@customer.example"), "Hi", "").into_bytes();
        raw.extend(every_byte.iter().cycle().take(length * 7));
        let id = world.deliver(&raw);
        let whole = ann.raw(&id).await.unwrap().unwrap();
        assert_eq!(whole.bytes, raw, "{length}");
        assert_eq!((whole.id, whole.internal_date), (id.clone(), world.time()));
        assert_eq!(whole.thread_id, id);
        assert!(whole.label_ids.contains(&"INBOX".to_owned()));
    }
}

#[tokio::test]
async fn a_message_beyond_the_cap_is_told_as_such() {
    let world = World::new().await;
    let settings = HttpSettings { raw_bytes_max: 300_000, ..HttpSettings::default() };
    let ann = world.open(&world.http(settings), world.refresh(ANN), ANN);
    for (bytes, fits) in [(300_000, true), (300_001, false), (500_000, false), (900_000, false)] {
        let mut raw = mail("large@customer.example", "Hi", "").into_bytes();
        raw.resize(bytes, b'x');
        let id = world.deliver(&raw);
        let whole = ann.raw(&id).await;
        let expected = Err(GoogleError::TooLarge { bytes_max: 300_000 });
        if fits {
            assert_eq!(whole.unwrap().unwrap().bytes.len(), bytes);
        } else {
            assert_eq!(whole, expected, "{bytes}");
        }
        assert!(ann.head(&id).await.unwrap().unwrap().size_estimate >= bytes as u64, "the head tells it before");
    }
}

#[tokio::test]
async fn a_listing_gives_every_page_the_newest_first() {
    let world = World::new().await;
    let ann = world.ann();
    let mut delivered = Vec::new();
    for number in 0..7 {
        world.forward(3_600);
        delivered.push(world.deliver(mail(&format!("{number}@customer.example"), "Hi", "")));
    }
    delivered.reverse();
    world.sandbox.google(|google| google.page_size_max = 3);
    let (mut found, mut page, mut pages) = (Vec::new(), None, 0);
    loop {
        let answer = ann.list("in:inbox", page.as_deref()).await.unwrap();
        found.extend(answer.messages);
        pages += 1;
        page = answer.next_page;
        if page.is_none() {
            break;
        }
    }
    assert_eq!((ids(&found), pages), (delivered.iter().map(String::as_str).collect(), 3));
    let after = (world.time() - TimeDelta::hours(2)).timestamp();
    let late = ann.list(&format!("in:inbox after:{after}"), None).await.unwrap();
    assert_eq!(ids(&late.messages), delivered.iter().take(3).map(String::as_str).collect::<Vec<_>>());
    let none = ann.list("in:trash", None).await.unwrap();
    assert_eq!((none.messages, none.next_page), (vec![], None));
}

#[tokio::test]
async fn a_watch_lasts_seven_days_and_can_be_stopped() {
    let world = World::new().await;
    let ann = world.ann();
    let watch = ann.watch(TOPIC, &["INBOX".to_owned()]).await.unwrap();
    assert_eq!(watch.history_id, ann.profile().await.unwrap().history_id);
    assert_eq!(watch.expires_at, world.time() + TimeDelta::days(7));
    world.forward(86_400);
    let again = ann.watch(TOPIC, &[]).await.unwrap();
    assert_eq!(again.expires_at, world.time() + TimeDelta::days(7), "asked for again it lasts longer");
    ann.stop().await.unwrap();
    assert!(!world.sandbox.google(|google| google.is_watched(ANN)));

    world.sandbox.google(|google| google.close_topic("projects/p/topics/closed"));
    for (topic, reason) in [
        ("projects/p/topics/none", "the topic, status 404"),
        ("gmail", "the topic, status 400"),
        ("projects/p/topics/closed", "forbidden"),
    ] {
        let refused = ann.watch(topic, &[]).await;
        assert_eq!(refused, Err(GoogleError::Denied { reason: reason.to_owned() }), "{topic}");
    }
}

#[tokio::test]
async fn calls_cost_what_the_budget_takes_them_for() {
    let world = World::new().await;
    let ann = world.ann();
    let id = world.deliver(mail("a@customer.example", "Hi", ""));
    let start = ann.profile().await.unwrap().history_id;
    let mut used = u64::from(UNITS_PROFILE);
    for (call, units) in [
        (Call::Profile, UNITS_PROFILE),
        (Call::History, UNITS_HISTORY),
        (Call::List, UNITS_LIST),
        (Call::Metadata, UNITS_HEAD),
        (Call::Raw, UNITS_RAW),
        (Call::Watch, UNITS_WATCH),
        (Call::Stop, UNITS_STOP),
    ] {
        match call {
            Call::Profile => drop(ann.profile().await.unwrap()),
            Call::History => drop(ann.history(start, None, None).await.unwrap()),
            Call::List => drop(ann.list("", None).await.unwrap()),
            Call::Metadata => drop(ann.head(&id).await.unwrap()),
            Call::Raw => drop(ann.raw(&id).await.unwrap()),
            Call::Watch => drop(ann.watch(TOPIC, &[]).await.unwrap()),
            Call::Token | Call::Certs | Call::Minimal | Call::Stop => ann.stop().await.unwrap(),
        }
        used += u64::from(units);
        assert_eq!(world.sandbox.google(|google| google.units_used(ANN)), used, "{call:?}");
    }
    assert_eq!(UNITS_PER_MINUTE_MAX, sales_engine::sandbox::google::UNITS_A_MINUTE_MAX);
}

#[tokio::test]
async fn three_hundred_messages_a_minute_and_no_more() {
    let world = World::new().await;
    let ann = world.ann();
    let id = world.deliver(mail("a@customer.example", "Hi", ""));
    for _ in 0..300 {
        ann.raw(&id).await.unwrap();
    }
    let mut waits = BTreeSet::new();
    for _ in 0..5 {
        match ann.raw(&id).await {
            Err(GoogleError::RateLimited { retry_after_ms }) => waits.insert(retry_after_ms),
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(waits, [None, Some(20_000), Some(900_000)].into(), "said in several ways, with a wait and without");
    let (over, used) = world.sandbox.google(|google| (google.over_quota(ANN), google.units_used(ANN)));
    assert_eq!((over, used), (5, 6_000), "what is refused costs nothing");
    world.forward_ms(59_999);
    assert!(ann.raw(&id).await.is_err());
    world.forward_ms(1);
    assert!(ann.raw(&id).await.is_ok(), "a minute later there is room again");
}
