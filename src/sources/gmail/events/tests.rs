use super::*;
use crate::mail::message::Mailbox;
use crate::mail::return_date::{Confidence, ReturnDate};
use proptest::prelude::*;

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn mailbox(text: &str) -> Mailbox {
    let (address, name) = Email::parse_mailbox(text).unwrap();
    Mailbox { address, name }
}

/// A mail from one address to another.
fn mail(from: &str, to: &[&str]) -> Mail {
    Mail {
        from: vec![mailbox(from)],
        to: to.iter().map(|to| mailbox(to)).collect(),
        subject: "Re: a question".to_owned(),
        message_id: Some("r1@customer.example".to_owned()),
        ..Mail::default()
    }
}

fn understanding(kind: Kind) -> Understanding {
    Understanding {
        kind,
        because: String::new(),
        visible: "Yes, tell me more.".to_owned(),
        opt_out: None,
        intent: None,
    }
}

fn us() -> Us {
    Us { mailboxes: vec![email("sales@acme.example"), email("ada@acme.example")] }
}

fn undelivered(recipient: Option<&str>, permanence: Permanence) -> Undelivered {
    Undelivered {
        recipient: recipient.map(email),
        permanence,
        status: Some("5.1.1".to_owned()),
        diagnostic: Some("550 no such user lead@customer.example".to_owned()),
    }
}

fn bounce(undelivered: Vec<Undelivered>) -> Kind {
    Kind::Bounce(Bounce { undelivered, original_message_ids: Vec::new(), original_subject: None })
}

fn find(mail: &Mail, understanding: &Understanding, is_sent: bool, concerned: &Concerned) -> Finding {
    let (client_id, ours, us) = (ClientId::parse("acme").unwrap(), email("sales@acme.example"), us());
    let at = "2026-11-20T12:00:00Z".parse().unwrap();
    let fetched = Fetched {
        client_id: &client_id,
        mailbox: &ours,
        us: &us,
        gmail_id: "18c2",
        thread_id: "18c0",
        is_sent,
        at,
        received_at: at,
        mail,
        understanding,
    };
    read(&fetched, concerned)
}

fn lead() -> Concerned {
    Concerned { by_thread: Some(email("lead@customer.example")), by_address: Vec::new() }
}

/// Kind, contact, key and what is special about it.
fn shown(finding: &Finding) -> Vec<String> {
    let event = |event: &Event| {
        let data = &event.facts.data;
        let what = if let EventData::EmailSent { message, manual, .. } = data {
            format!("to {} manual {manual}", message.contact_identifier.as_deref().unwrap_or("-"))
        } else if let EventData::ReplyReceived { message, intent, auto_reply, return_date, .. } = data {
            let from = message.contact_identifier.as_deref().unwrap_or("-");
            format!("from {from} intent {intent:?} auto {auto_reply:?} back {return_date:?}")
        } else if let EventData::EmailBounced { permanent, status_code, .. } = data {
            format!("permanent {permanent} status {}", status_code.as_deref().unwrap_or("-"))
        } else {
            "-".to_owned()
        };
        format!("{} of {}: {what}", event.dedupe_key, event.email)
    };
    finding.events.iter().map(event).collect()
}

#[test]
fn each_kind_of_mail_is_its_event() {
    let person = |intent| Understanding { intent, ..understanding(Kind::Person) };
    let absent = |date| understanding(Kind::Automatic(Automatic::OutOfOffice { return_date: date }));
    let back = ReturnDate { date: NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(), confidence: Confidence::High };
    let rows: Vec<(&str, Understanding, &str, usize)> = vec![
        (
            "a person",
            person(None),
            "reply_received:m:r1@customer.example of lead@customer.example: from lead@customer.example intent None auto None back None",
            0,
        ),
        (
            "a person who wants no more mail",
            person(Some(Intent::Unsubscribe)),
            "reply_received:m:r1@customer.example of lead@customer.example: from lead@customer.example intent Some(Unsubscribe) auto None \
             back None",
            0,
        ),
        (
            "somebody who is away until a day",
            absent(Some(back)),
            "reply_received:m:r1@customer.example of lead@customer.example: from lead@customer.example intent None auto \
             Some(OutOfOffice) back Some(2026-12-01)",
            0,
        ),
        (
            "somebody who is away",
            absent(None),
            "reply_received:m:r1@customer.example of lead@customer.example: from lead@customer.example intent None auto \
             Some(OutOfOffice) back None",
            0,
        ),
        (
            "somebody who has left",
            understanding(Kind::Automatic(Automatic::LeftCompany)),
            "reply_received:m:r1@customer.example of lead@customer.example: from lead@customer.example intent None auto Some(Other) \
             back None",
            1,
        ),
        (
            "a ticket's receipt",
            understanding(Kind::Automatic(Automatic::Receipt)),
            "reply_received:m:r1@customer.example of lead@customer.example: from lead@customer.example intent None auto Some(Other) \
             back None",
            0,
        ),
        (
            "a newsletter",
            understanding(Kind::Bulk),
            "reply_received:m:r1@customer.example of lead@customer.example: from lead@customer.example intent None auto Some(Other) \
             back None",
            0,
        ),
        (
            "a question whether we are a person",
            understanding(Kind::Challenge),
            "reply_received:m:r1@customer.example of lead@customer.example: from lead@customer.example intent None auto Some(Other) \
             back None",
            1,
        ),
    ];
    let mail = mail("Lee Ad <lead@customer.example>", &["sales@acme.example"]);
    for (what, understanding, expected, notices) in rows {
        let finding = find(&mail, &understanding, false, &lead());
        assert_eq!((shown(&finding), finding.notices.len()), (vec![expected.to_owned()], notices), "{what}");
        let nobody = find(&mail, &understanding, false, &Concerned::default());
        assert_eq!(shown(&nobody), Vec::<String>::new(), "{what}, of nobody");
    }
}

#[test]
fn a_reply_carries_what_the_conversation_shows() {
    let mail = mail("Lee Ad <lead@customer.example>", &["sales@acme.example"]);
    let finding = find(&mail, &understanding(Kind::Person), false, &lead());
    let Facts { profile, data, occurred_at, .. } = &finding.events[0].facts;
    assert_eq!((profile.first_name.as_deref(), profile.last_name.as_deref()), (Some("Lee"), Some("Ad")));
    assert_eq!(occurred_at.to_rfc3339(), "2026-11-20T12:00:00+00:00");
    let EventData::ReplyReceived { message, .. } = data else { panic!("{data:?}") };
    let expected = Message {
        platform: Platform::Gmail,
        external_id: Some("r1@customer.example".to_owned()),
        thread_id: Some("18c0".to_owned()),
        contact_identifier: Some("lead@customer.example".to_owned()),
        contact_name: Some("Lee Ad".to_owned()),
        account_identifier: Some("sales@acme.example".to_owned()),
        subject: Some("Re: a question".to_owned()),
        content: "Yes, tell me more.".to_owned(),
    };
    assert_eq!(*message, expected);
}

#[test]
fn a_colleagues_answer_is_the_leads_and_names_the_colleague() {
    let mail = mail("Cole Ague <cole@customer.example>", &["sales@acme.example"]);
    let finding = find(&mail, &understanding(Kind::Person), false, &lead());
    assert!(shown(&finding)[0].contains("of lead@customer.example: from cole@customer.example"), "{finding:?}");
    assert_eq!(finding.events[0].facts.profile, Profile::default(), "a colleague's name is not the lead's");
}

#[test]
fn mail_of_ours_is_written_by_hand_and_goes_to_whom_it_goes() {
    let (a, b) = ("a@customer.example", "b@customer.example");
    let known = |by_thread: Option<&str>, by_address: &[&str]| Concerned {
        by_thread: by_thread.map(email),
        by_address: by_address.iter().map(|address| email(address)).collect(),
    };
    let bare = |contact: &str, to: &str| format!("email_sent:m:r1@customer.example of {contact}: to {to} manual true");
    let other =
        |contact: &str| format!("email_sent:m:r1@customer.example:{contact} of {contact}: to {contact} manual true");
    let rows: Vec<(&str, Vec<&str>, Concerned, Vec<String>)> = vec![
        ("to a contact", vec![a], known(None, &[a]), vec![bare(a, a)]),
        ("to two contacts", vec![a, b], known(None, &[a, b]), vec![bare(a, a), other(b)]),
        ("to two, the second a contact: the mail's own key is not his", vec![a, b], known(None, &[b]), vec![other(b)]),
        ("to a colleague in a lead's conversation", vec![b], known(Some(a), &[]), vec![bare(a, b)]),
        ("to lead and colleague", vec![b, a], known(Some(a), &[a]), vec![bare(a, a)]),
        ("to ourselves beside", vec!["ada@acme.example", a], known(None, &[a]), vec![bare(a, a)]),
        ("to nobody who is known", vec![a], known(None, &[]), vec![]),
    ];
    for (what, to, concerned, expected) in rows {
        let mail = mail("sales@acme.example", &to);
        assert_eq!(shown(&find(&mail, &understanding(Kind::Own), false, &concerned)), expected, "{what}");
        let from_alias = Mail { from: vec![mailbox("hello@acme.example")], ..mail };
        let looks_like_a_person = Understanding { intent: Some(Intent::Unsubscribe), ..understanding(Kind::Person) };
        assert_eq!(shown(&find(&from_alias, &looks_like_a_person, true, &concerned)), expected, "{what}, by its label");
    }
}

#[test]
fn a_bounce_is_each_contacts_own() {
    let (a, b, other) = ("a@customer.example", "b@customer.example", "old@elsewhere.example");
    let addresses = |addresses: &[&str]| Concerned {
        by_thread: Some(email(a)),
        by_address: addresses.iter().map(|address| email(address)).collect(),
    };
    let key = "email_bounced:m:r1@customer.example";
    let rows: Vec<(&str, Kind, Concerned, Vec<String>, usize)> = vec![
        (
            "the address is dead",
            bounce(vec![undelivered(Some(a), Permanence::Permanent)]),
            addresses(&[a]),
            vec![format!("{key} of {a}: permanent true status 5.1.1")],
            0,
        ),
        (
            "it may work later",
            bounce(vec![undelivered(Some(a), Permanence::Transient)]),
            addresses(&[a]),
            vec![format!("{key} of {a}: permanent false status 5.1.1")],
            0,
        ),
        (
            "our sending is at fault",
            bounce(vec![undelivered(Some(a), Permanence::Policy)]),
            addresses(&[a]),
            vec![format!("{key} of {a}: permanent false status 5.1.1")],
            1,
        ),
        (
            "the report names nobody",
            bounce(vec![undelivered(None, Permanence::Permanent)]),
            addresses(&[]),
            vec![format!("{key} of {a}: permanent true status 5.1.1")],
            0,
        ),
        (
            "where it was passed on to does not exist",
            bounce(vec![undelivered(Some(other), Permanence::Permanent)]),
            addresses(&[]),
            vec![format!("{key} of {a}: permanent false status 5.1.1")],
            1,
        ),
        (
            "two of three are contacts",
            bounce(vec![
                undelivered(Some(a), Permanence::Permanent),
                undelivered(Some(other), Permanence::Permanent),
                undelivered(Some(b), Permanence::Transient),
            ]),
            addresses(&[a, b]),
            vec![
                format!("{key}:{a} of {a}: permanent true status 5.1.1"),
                format!("{key}:{b} of {b}: permanent false status 5.1.1"),
            ],
            0,
        ),
        (
            "nobody is known",
            bounce(vec![undelivered(Some(other), Permanence::Permanent)]),
            Concerned::default(),
            vec![],
            0,
        ),
    ];
    let mail = mail("mailer-daemon@googlemail.com", &["sales@acme.example"]);
    for (what, kind, concerned, expected, notices) in rows {
        let finding = find(&mail, &understanding(kind), false, &concerned);
        assert_eq!((shown(&finding), finding.notices.len()), (expected, notices), "{what}: {finding:?}");
        let told = finding.notices.iter().all(|notice| !notice.text.contains("customer.example"));
        assert!(told, "{what}: notices name no address of a contact: {finding:?}");
    }
}

#[test]
fn a_complaint_is_an_opt_out() {
    let complaint = |kind: &str| {
        let recipients = vec![email("a@customer.example")];
        Kind::Complaint(Complaint { feedback_type: kind.to_owned(), recipients, original_message_ids: Vec::new() })
    };
    let mail = mail("fbl@provider.example", &["sales@acme.example"]);
    let by_address =
        Concerned { by_thread: Some(email("b@customer.example")), by_address: vec![email("a@customer.example")] };
    let rows: Vec<(&str, &str, Concerned, Vec<&str>, usize)> = vec![
        ("by its recipient", "abuse", by_address.clone(), vec!["a@customer.example"], 1),
        ("by the mail it is about", "abuse", lead(), vec!["lead@customer.example"], 1),
        ("about nobody who is known", "abuse", Concerned::default(), vec![], 1),
        ("that it was no spam", "not-spam", by_address, vec![], 0),
    ];
    for (what, kind, concerned, expected, notices) in rows {
        let finding = find(&mail, &understanding(complaint(kind)), false, &concerned);
        let of: Vec<&str> = finding.events.iter().map(|event| event.email.as_str()).collect();
        assert_eq!((of, finding.notices.len()), (expected, notices), "{what}");
        assert!(finding.events.iter().all(|event| event.facts.data.kind() == "unsubscribed"), "{what}");
    }
}

#[test]
fn without_a_message_id_gmails_own_is_the_identity() {
    let long = "x".repeat(IDENTITY_BYTES_MAX + 1);
    for id in [None, Some(""), Some("two words"), Some(long.as_str())] {
        let mail = Mail { message_id: id.map(str::to_owned), ..mail("lead@customer.example", &["sales@acme.example"]) };
        let finding = find(&mail, &understanding(Kind::Person), false, &lead());
        assert_eq!(finding.events[0].dedupe_key, "reply_received:gmail:sales@acme.example:18c2", "{id:?}");
    }
}

proptest! {
    /// PostgreSQL keeps no NUL, and everything has a limit.
    #[test]
    fn whatever_a_mail_says_can_be_stored(subject in "(?s).{0,40}", visible in "(?s).{0,40}", name in "(?s).{0,20}", times in 1..4_000_usize) {
        let mut mail = mail("lead@customer.example", &["sales@acme.example"]);
        mail.subject = format!("{subject}\0").repeat(times);
        mail.from[0].name = Some(format!("{name}\0"));
        let understanding = Understanding { visible: format!("{visible}\0").repeat(times), ..understanding(Kind::Person) };
        let finding = find(&mail, &understanding, false, &lead());
        let EventData::ReplyReceived { message, .. } = &finding.events[0].facts.data else { panic!() };
        let texts = [message.content.as_str(), message.subject.as_deref().unwrap_or(""), message.contact_name.as_deref().unwrap_or("")];
        prop_assert!(texts.iter().all(|text| !text.contains('\0')));
        prop_assert!(message.content.chars().count() <= CONTENT_CHARS_MAX);
        prop_assert!(texts[1].chars().count() <= LINE_CHARS_MAX);
    }
}
