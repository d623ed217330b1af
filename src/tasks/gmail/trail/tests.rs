use super::*;
use crate::domain::ids::ContactKey;
use crate::mail::bounce::{Bounce, Permanence, Undelivered};
use crate::mail::complaint::Complaint;
use chrono::DateTime;
use proptest::prelude::*;
use std::collections::HashMap;
use uuid::Uuid;

const LEAD: &str = "lead@customer.example";
const OTHER: &str = "other@customer.example";
const STRANGER: &str = "stranger@elsewhere.example";

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn us() -> Us {
    Us { mailboxes: vec![email("sales@acme.example")] }
}

fn labels(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

fn head(lines: &[(&str, &str)]) -> Mail {
    let lines: Vec<_> = lines.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    mail_of_head(&lines)
}

fn owner(contact: &str, used: Option<&str>) -> Owner {
    Owner { contact: email(contact), used: used.map(email) }
}

#[test]
fn labels_tell_what_is_not_paid_for() {
    let rows: &[(&str, &[&str], bool, Glance)] = &[
        ("the inbox", &["INBOX", "UNREAD"], false, Glance::Head),
        ("archived", &[], false, Glance::Head),
        ("sent", &["SENT"], false, Glance::Head),
        ("a category", &["CATEGORY_PROMOTIONS", "INBOX"], false, Glance::Head),
        ("in a known conversation", &["INBOX"], true, Glance::Raw),
        ("a draft", &["DRAFT"], false, Glance::Skip),
        ("a draft in a known conversation", &["DRAFT"], true, Glance::Skip),
        ("spam", &["SPAM", "UNREAD"], false, Glance::Skip),
        ("thrown away", &["TRASH", "SENT"], true, Glance::Skip),
        ("a chat", &["CHAT"], false, Glance::Skip),
    ];
    for (what, names, is_thread_known, expected) in rows {
        assert_eq!(glance(&labels(names), *is_thread_known), *expected, "{what}");
    }
}

type Row<'a> = (&'a str, &'a [&'a str], Vec<(&'a str, &'a str)>, &'a Concerned, Verdict);

#[test]
fn headers_tell_what_is_read_whole() {
    let from = |from: &'static str| ("From", from);
    let to_us = ("To", "sales@acme.example");
    let known = Concerned { by_thread: None, by_address: vec![email(LEAD)] };
    let nobody = Concerned::default();
    let rows: Vec<Row<'_>> = vec![
        ("of a contact", &["INBOX"], vec![from(LEAD), to_us], &known, Verdict::Raw),
        ("of a stranger", &["INBOX"], vec![from(STRANGER), to_us], &nobody, Verdict::Aside),
        ("of a contact, and a draft by now", &["DRAFT"], vec![from(LEAD), to_us], &known, Verdict::Skip),
        (
            "of the postman",
            &["INBOX"],
            vec![from("Mail Delivery Subsystem <mailer-daemon@googlemail.com>"), to_us],
            &nobody,
            Verdict::Raw,
        ),
        ("of the postmaster", &["INBOX"], vec![from("Postmaster@customer.example"), to_us], &nobody, Verdict::Raw),
        ("without a way back", &["INBOX"], vec![from(STRANGER), to_us, ("Return-Path", "<>")], &nobody, Verdict::Raw),
        (
            "a report by its type",
            &["INBOX"],
            vec![from(STRANGER), to_us, ("Content-Type", "multipart/report; report-type=feedback-report; boundary=x")],
            &nobody,
            Verdict::Raw,
        ),
        (
            "a report by Google's header",
            &["INBOX"],
            vec![from(STRANGER), ("X-Failed-Recipients", LEAD)],
            &nobody,
            Verdict::Raw,
        ),
        ("sent to a contact", &["SENT"], vec![from("sales@acme.example"), ("To", LEAD)], &known, Verdict::Raw),
        ("sent to a stranger", &["SENT"], vec![from("sales@acme.example"), ("To", STRANGER)], &nobody, Verdict::Aside),
        ("among ourselves", &["SENT", "INBOX"], vec![from("sales@acme.example"), to_us], &nobody, Verdict::Skip),
        (
            "sent by an alias, without a way back",
            &["SENT"],
            vec![from("hello@acme.example"), ("To", STRANGER), ("Return-Path", "<>")],
            &nobody,
            Verdict::Aside,
        ),
        ("of nobody at all", &["INBOX"], vec![], &nobody, Verdict::Aside),
    ];
    for (what, names, lines, concerned, expected) in rows {
        assert_eq!(verdict(&labels(names), &head(&lines), &us(), concerned), expected, "{what}");
    }
}

/// A mail of somebody, which answers `sent@us` in the thread `t1`.
fn answer_of(from: &str) -> Mail {
    head(&[
        ("From", from),
        ("To", "sales@acme.example"),
        ("Message-ID", "<own@customer.example>"),
        ("In-Reply-To", "<sent@us>"),
        ("References", "<first@us> <sent@us>"),
    ])
}

fn owners(events: &[(&str, Owner)], thread: &[Owner], contacts: &[&str]) -> Owners {
    Owners {
        by_event_key: events.iter().map(|(key, owner)| ((*key).to_owned(), owner.clone())).collect(),
        by_thread: if thread.is_empty() { HashMap::new() } else { [("t1".to_owned(), thread.to_vec())].into() },
        contacts: contacts.iter().map(|contact| email(contact)).collect(),
    }
}

#[test]
fn the_conversation_counts_before_the_address() {
    let sent = |contact| ("email_sent:m:sent@us", owner(contact, Some(contact)));
    let first = |contact| ("email_sent:m:first@us", owner(contact, Some(contact)));
    let rows: Vec<(&str, &str, Owners, Option<&str>, bool)> = vec![
        ("a lead answers our mail", LEAD, owners(&[sent(LEAD)], &[], &[LEAD]), Some(LEAD), true),
        ("a colleague answers it", STRANGER, owners(&[sent(LEAD)], &[], &[]), Some(LEAD), false),
        ("a colleague who is a contact too", OTHER, owners(&[sent(LEAD)], &[], &[OTHER]), Some(LEAD), true),
        ("the newest mail counts first", STRANGER, owners(&[first(OTHER), sent(LEAD)], &[], &[]), Some(LEAD), false),
        ("an earlier one where the newest is not known", STRANGER, owners(&[first(LEAD)], &[], &[]), Some(LEAD), false),
        (
            "another source told it already",
            STRANGER,
            owners(&[("reply_received:m:own@customer.example", owner(LEAD, None)), sent(OTHER)], &[], &[]),
            Some(LEAD),
            false,
        ),
        (
            "it answers a mail of theirs",
            STRANGER,
            owners(&[("reply_received:m:sent@us", owner(LEAD, None))], &[], &[]),
            Some(LEAD),
            false,
        ),
        (
            "the mail went to several: the one who answers",
            OTHER,
            owners(&[sent(LEAD), ("email_sent:m:sent@us:other@customer.example", owner(OTHER, None))], &[], &[OTHER]),
            Some(OTHER),
            true,
        ),
        ("only the thread is known", STRANGER, owners(&[], &[owner(LEAD, None)], &[]), Some(LEAD), false),
        (
            "of several in the thread the writer",
            OTHER,
            owners(&[], &[owner(LEAD, None), owner(OTHER, None)], &[OTHER]),
            Some(OTHER),
            true,
        ),
        ("only the address is known", LEAD, owners(&[], &[], &[LEAD]), None, true),
        ("nothing is known", STRANGER, owners(&[], &[], &[]), None, false),
    ];
    for (what, from, owners, by_thread, has_address) in rows {
        let trail = Trail::of_mail(&answer_of(from), &us(), "t1", false);
        let by_address = if has_address { vec![email(from)] } else { Vec::new() };
        assert_eq!(trail.concerned(&owners), Concerned { by_thread: by_thread.map(email), by_address }, "{what}");
    }
}

#[test]
fn what_we_pass_on_is_no_answer() {
    let mail = |to: &str| {
        head(&[
            ("From", "sales@acme.example"),
            ("To", to),
            ("Message-ID", "<ours@us>"),
            ("In-Reply-To", "<reply@customer.example>"),
        ])
    };
    let replied = |used: Option<&str>| ("reply_received:m:reply@customer.example", owner(LEAD, used));
    let rows: Vec<(&str, &str, Owners, Option<&str>)> = vec![
        ("to the lead", LEAD, owners(&[replied(Some(LEAD))], &[], &[LEAD]), Some(LEAD)),
        ("to the colleague who wrote", OTHER, owners(&[replied(Some(OTHER))], &[], &[]), Some(LEAD)),
        ("to somebody else", STRANGER, owners(&[replied(Some(LEAD))], &[owner(LEAD, Some(LEAD))], &[]), None),
        ("to the lead, known by the thread alone", LEAD, owners(&[], &[owner(LEAD, Some(OTHER))], &[LEAD]), Some(LEAD)),
        (
            "told by another source already, whoever it goes to",
            STRANGER,
            owners(&[("email_sent:m:ours@us", owner(LEAD, None))], &[], &[]),
            Some(LEAD),
        ),
    ];
    for (what, to, owners, by_thread) in rows {
        for is_sent in [true, false] {
            let trail = Trail::of_mail(&mail(to), &us(), "t1", is_sent);
            assert_eq!(trail.concerned(&owners).by_thread, by_thread.map(email), "{what}");
        }
    }
}

#[test]
fn what_our_own_people_write_is_no_reply() {
    let (boss, lead) = ("boss@acme.example", owner(LEAD, None));
    let known = [("email_sent:m:sent@us", lead.clone())];
    let in_thread = [lead];
    let rows: Vec<(&str, &str, Us, Owners, Option<&str>)> = vec![
        ("of our domain, in a lead's conversation", boss, us(), owners(&known, &in_thread, &[]), None),
        ("of our domain, and a contact", boss, us(), owners(&known, &[], &[boss]), Some(LEAD)),
        ("of another domain that ends alike", "boss@not-acme.example", us(), owners(&known, &[], &[]), Some(LEAD)),
        (
            "of everybody's domain, as our mailbox is",
            "cole@gmail.com",
            Us { mailboxes: vec![email("acme.sales@gmail.com")] },
            owners(&known, &[], &[]),
            Some(LEAD),
        ),
    ];
    for (what, from, us, owners, expected) in rows {
        let trail = Trail::of_mail(&answer_of(from), &us, "t1", false);
        assert_eq!(trail.concerned(&owners).by_thread, expected.map(email), "{what}");
    }
    let inside = Trail::of_mail(&answer_of(boss), &us(), "t1", false);
    assert_eq!(inside.aside_keys(&ClientId::parse("acme").unwrap()).len(), 1, "only becoming a contact changes it");
    let postmaster = head(&[("From", "postmaster@acme.example"), ("To", "sales@acme.example")]);
    let nobody = Concerned::default();
    assert_eq!(verdict(&labels(&["INBOX"]), &postmaster, &us(), &nobody), Verdict::Raw, "our own postman reports too");
}

fn understood(kind: Kind) -> Understanding {
    Understanding { kind, because: String::new(), visible: String::new(), opt_out: None, intent: None }
}

#[test]
fn a_report_leads_to_whom_it_is_about() {
    let report = head(&[
        ("From", "mailer-daemon@googlemail.com"),
        ("To", "sales@acme.example"),
        ("Message-ID", "<bounce@googlemail.com>"),
    ]);
    let undelivered =
        Undelivered { recipient: Some(email(LEAD)), permanence: Permanence::Permanent, status: None, diagnostic: None };
    let ids = vec!["<sent@us>".to_owned()];
    let bounce = Kind::Bounce(Bounce {
        undelivered: vec![undelivered],
        original_message_ids: ids.clone(),
        original_subject: None,
    });
    let complaint = Kind::Complaint(Complaint {
        feedback_type: "abuse".to_owned(),
        recipients: Vec::new(),
        original_message_ids: ids,
    });
    let by_id = owners(&[("email_sent:m:sent@us", owner(LEAD, None))], &[owner(OTHER, None)], &[LEAD]);
    let by_thread = owners(&[], &[owner(OTHER, None)], &[]);
    let of = |kind: &Kind| Trail::of_understood(&report, &understood(kind.clone()), &us(), "t1", false);
    let expected = Concerned { by_thread: Some(email(LEAD)), by_address: vec![email(LEAD)] };
    assert_eq!(of(&bounce).concerned(&by_id), expected, "a bounce by the mail that came back and its recipient");
    assert_eq!(of(&bounce).concerned(&by_thread).by_thread, Some(email(OTHER)), "a bounce by its thread");
    assert_eq!(of(&complaint).concerned(&by_id).by_thread, Some(email(LEAD)), "a complaint by the mail it is about");
    assert!(of(&complaint).concerned(&by_thread).is_nobody(), "a complaint lies in no conversation");
    let known = owners(&[("email_bounced:m:bounce@googlemail.com", owner(LEAD, None))], &[], &[]);
    assert_eq!(of(&bounce).concerned(&known).by_thread, Some(email(LEAD)), "another source told it already");
}

fn news(email_text: &str, dedupe_key: &str, thread_id: Option<&str>) -> News {
    News {
        received_at: DateTime::UNIX_EPOCH,
        event_id: Uuid::nil(),
        key: ContactKey { client_id: ClientId::parse("acme").unwrap(), email: email(email_text) },
        dedupe_key: dedupe_key.to_owned(),
        thread_id: thread_id.map(str::to_owned),
    }
}

#[test]
fn what_was_set_aside_is_found_by_what_comes() {
    let acme = ClientId::parse("acme").unwrap();
    let trail = Trail::of_mail(&answer_of(STRANGER), &us(), "t1", false);
    let keys = trail.aside_keys(&acme);
    assert!(
        keys.iter().all(|key| !key.contains(STRANGER) && !key.contains("@us")),
        "nothing can be read of it: {keys:?}"
    );
    let rows: &[(&str, News, bool)] = &[
        ("the report of our mail", news(LEAD, "email_sent:m:sent@us", None), true),
        ("of an earlier one", news(LEAD, "email_sent:m:first@us", None), true),
        ("the same reply by another source", news(LEAD, "reply_received:m:own@customer.example", None), true),
        ("the writer becomes a contact", news(STRANGER, "contact_added:import:1", None), true),
        ("the thread becomes known", news(LEAD, "reply_received:m:x@y", Some("t1")), true),
        ("something else", news(LEAD, "email_sent:m:x@y", Some("t2")), false),
    ];
    for (what, news, expected) in rows {
        assert_eq!(aside_keys_of(news).iter().any(|key| keys.contains(key)), *expected, "{what}");
    }
    let beta = trail.aside_keys(&ClientId::parse("beta").unwrap());
    let of_acme = aside_keys_of(&news(STRANGER, "contact_added:import:1", None));
    assert!(!of_acme.iter().any(|key| beta.contains(key)), "an address is another one for another client");
}

proptest! {
    #[test]
    fn any_headers_are_taken(lines in prop::collection::vec(("(?s).{0,12}", "(?s).{0,60}"), 0..12), ids in prop::collection::vec("[a-z@<>., ]{0,20}", 0..80)) {
        let mut lines = lines;
        lines.push(("References".to_owned(), ids.join(" ")));
        lines.push(("From".to_owned(), ids.join(",")));
        let mail = mail_of_head(&lines);
        let trail = Trail::of_mail(&mail, &us(), "t1", false);
        let mut clues = Clues::default();
        trail.add_to(&mut clues);
        prop_assert!(clues.event_keys.len() <= OWN_KINDS.len() + 3 * REFERENCES_MAX);
        prop_assert!(trail.aside_keys(&ClientId::parse("acme").unwrap()).len() <= 2 + REFERENCES_MAX + ADDRESSES_MAX);
        let concerned = trail.concerned(&Owners::default());
        prop_assert!(concerned.is_nobody());
        prop_assert_ne!(verdict(&labels(&["SPAM"]), &mail, &us(), &concerned), Verdict::Raw);
    }
}
