use super::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// A mail with these headers and this text.
fn mail(headers: &str, text: &str) -> Mail {
    message::parse(format!("To: jo@ours.example\n{headers}\n\n{text}").as_bytes())
}

/// A report with these fields and this text of a person's.
fn report(fields: &str, text: &str) -> Mail {
    let parts = format!(
        "--b\n\n{text}\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{fields}\n--b\n\
         Content-Type: message/rfc822\n\nMessage-ID: <one@ours.example>\nFrom: jo@ours.example\nTo: ada@example.com\nSubject: Offer\n\nHi\n--b--\n"
    );
    let headers = "From: MAILER-DAEMON@mx.example\nSubject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; \
                   report-type=delivery-status; boundary=b";
    mail(headers, &parts)
}

fn recipients(bounce: &Bounce) -> Vec<&str> {
    bounce.undelivered.iter().filter_map(|one| one.recipient.as_ref()).map(Email::as_str).collect()
}

const FAILED: &str = "Final-Recipient: rfc822; ada@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n";

#[test]
fn a_report_tells_all_by_its_fields() {
    let (bounce, because) = of_mail(&report(FAILED, "It failed.")).unwrap();
    assert_eq!(because, "a delivery report with Action: failed");
    let ada = Undelivered {
        recipient: Email::parse("ada@example.com").ok(),
        permanence: Permanence::Permanent,
        status: Some("5.1.1".to_owned()),
        diagnostic: Some("550 5.1.1 User unknown".to_owned()),
    };
    assert_eq!(bounce.undelivered, [ada]);
    assert_eq!(bounce.original_message_ids, ["one@ours.example"]);
    assert_eq!(bounce.original_subject.as_deref(), Some("Offer"));
}

#[test]
fn what_a_report_says_happened_decides() {
    let rows: &[(&str, &str, Option<Permanence>)] = &[
        ("failed", "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1", Some(Permanence::Permanent)),
        (
            "delayed, whatever the code",
            "Final-Recipient: rfc822; a@b.example\nAction: delayed\nStatus: 5.1.1",
            Some(Permanence::Transient),
        ),
        ("delivered", "Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.1.5", None),
        ("relayed", "Final-Recipient: rfc822; a@b.example\nAction: relayed\nStatus: 2.1.9", None),
        ("expanded", "Final-Recipient: rfc822; a@b.example\nAction: expanded\nStatus: 2.1.5", None),
        ("no Action, class 5", "Final-Recipient: rfc822; a@b.example\nStatus: 5.1.1", Some(Permanence::Permanent)),
        ("no Action, class 4", "Final-Recipient: rfc822; a@b.example\nStatus: 4.1.1", Some(Permanence::Transient)),
        ("no Action, class 2", "Final-Recipient: rfc822; a@b.example\nStatus: 2.0.0", None),
        (
            "a word behind the Action",
            "Final-Recipient: rfc822; a@b.example\nAction: failed (bad address)\nStatus: 5.1.1",
            Some(Permanence::Permanent),
        ),
        (
            "an expired mail",
            "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 4.4.7",
            Some(Permanence::Transient),
        ),
        (
            "a general status, the words decide",
            "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 no such user",
            Some(Permanence::Permanent),
        ),
        (
            "class 5, yet full",
            "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 over quota",
            Some(Permanence::Transient),
        ),
        (
            "class 5, yet our reputation",
            "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 blocked using a block list",
            Some(Permanence::Policy),
        ),
        (
            "the reason in brackets behind the status",
            "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0 (over quota)",
            Some(Permanence::Transient),
        ),
        (
            "no reason anywhere",
            "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0",
            Some(Permanence::Transient),
        ),
    ];
    for (what, fields, expected) in rows {
        let found = of_mail(&report(fields, "Sorry."));
        assert_eq!(found.map(|(bounce, _)| bounce.undelivered.first().unwrap().permanence), *expected, "{what}");
    }
}

#[test]
fn the_address_we_wrote_to_is_told() {
    let rows: &[(&str, &str, &[&str])] = &[
        (
            "the original before the final",
            "Original-Recipient: rfc822; ada@example.com\nFinal-Recipient: rfc822; x@forward.example\nAction: failed",
            &["ada@example.com"],
        ),
        ("in brackets, without a type", "Final-Recipient: <ada@example.com>\nAction: failed", &["ada@example.com"]),
        ("no space behind the type", "Final-Recipient: RFC822;Ada@Example.com\nAction: failed", &["ada@example.com"]),
        ("beyond ASCII", "Final-Recipient: utf-8; jürgen@müller.example\nAction: failed", &["jürgen@müller.example"]),
        ("as on the wire", "Original-Recipient: rfc822;ada+2Bx@example.com\nAction: failed", &["ada+x@example.com"]),
        (
            "one that is no address falls back to the final",
            "Original-Recipient: unknown; ada\nFinal-Recipient: rfc822; ada@example.com\nAction: failed",
            &["ada@example.com"],
        ),
        (
            "several",
            "Final-Recipient: rfc822; a@x.example\nAction: failed\n\nFinal-Recipient: rfc822; b@x.example\nAction: failed",
            &["a@x.example", "b@x.example"],
        ),
        (
            "several without an empty line",
            "Final-Recipient: rfc822; a@x.example\nAction: failed\nFinal-Recipient: rfc822; b@x.example\nAction: failed",
            &["a@x.example", "b@x.example"],
        ),
        (
            "an empty line inside",
            "Final-Recipient: rfc822; a@x.example\n\nAction: failed\nStatus: 5.1.1",
            &["a@x.example"],
        ),
        (
            "only those that failed",
            "Final-Recipient: rfc822; a@x.example\nAction: delivered\n\nFinal-Recipient: rfc822; b@x.example\nAction: failed",
            &["b@x.example"],
        ),
        ("none told: of the returned mail", "Action: failed\nStatus: 5.1.1", &["ada@example.com"]),
    ];
    for (what, fields, expected) in rows {
        let (bounce, _) = of_mail(&report(fields, "Sorry.")).unwrap();
        assert_eq!(recipients(&bounce), *expected, "{what}");
    }
}

#[test]
fn reports_that_are_no_bounces() {
    let fields = |kind: &str, part: &str, body: &str| {
        mail(
            &format!(
                "From: MAILER-DAEMON@mx.example\nReturn-Path: <>\nSubject: Undelivered\nContent-Type: multipart/report; report-type={kind}; boundary=b"
            ),
            &format!("--b\n\nSorry, it could not be delivered.\n--b\nContent-Type: {part}\n\n{body}\n--b--"),
        )
    };
    let rows = [
        (
            "a notice of reading",
            fields(
                "disposition-notification",
                "message/disposition-notification",
                "Final-Recipient: rfc822; a@b.example\nDisposition: manual-action/MDN-sent-manually; displayed",
            ),
        ),
        (
            "deleted unread",
            fields(
                "disposition-notification",
                "message/disposition-notification",
                "Final-Recipient: rfc822; a@b.example\nDisposition: manual-action/MDN-sent-manually; deleted",
            ),
        ),
        ("a complaint", fields("feedback-report", "message/feedback-report", "Feedback-Type: abuse")),
        ("authentication", fields("feedback-report", "message/feedback-report", "Feedback-Type: auth-failure")),
        (
            "delivered",
            fields(
                "delivery-status",
                "message/delivery-status",
                "Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0",
            ),
        ),
    ];
    for (what, mail) in rows {
        assert_eq!(of_mail(&mail), None, "{what}");
    }
    let refused = mail(
        "From: Mail Delivery Subsystem <postmaster@b.example>\nSubject: Automatically rejected mail\nAuto-Submitted: auto-replied (rejected)\n\
         Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
        "--b\n\nYour message to <a@b.example> was automatically rejected:\nQuota exceeded\n--b\nContent-Type: message/disposition-notification\n\nDisposition: automatic-action/MDN-sent-automatically; deleted\n--b--",
    );
    let (bounce, _) = of_mail(&refused).unwrap();
    assert_eq!(
        (recipients(&bounce), bounce.undelivered.first().unwrap().permanence),
        (vec!["a@b.example"], Permanence::Transient),
        "a mailbox's filter refuses"
    );
}

const QMAIL: &str = "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up.\n\n<ada@example.com>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 no such user\nGiving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <jo@ours.example>\nMessage-ID: <one@ours.example>\nTo: ada@example.com\nSubject: Offer\n\nHi";

/// What each is, its headers, its text, whom it is about, and what it means.
const WITHOUT_FIELDS: &[(&str, &str, &str, &str, Permanence)] = &[
    (
        "qmail",
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: failure notice",
        QMAIL,
        "ada@example.com",
        Permanence::Permanent,
    ),
    (
        "Exim",
        "X-Failed-Recipients: ada@example.com\nAuto-Submitted: auto-replied\nFrom: Mail Delivery System <Mailer-Daemon@mx.example>\nSubject: Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\n  ada@example.com\n    host mx [192.0.2.1]: 550 mailbox full\n",
        "ada@example.com",
        Permanence::Transient,
    ),
    (
        "Exim, still trying",
        "Auto-Submitted: auto-replied\nFrom: Mail Delivery System <Mailer-Daemon@mx.example>\nSubject: Warning: message 1abc-000 delayed 24 hours",
        "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its recipients.\n\nThe address to which the message has not yet been delivered is:\n\n  ada@example.com\n    retry timeout\n\nNo action is required on your part. Delivery attempts will continue for some time.",
        "ada@example.com",
        Permanence::Transient,
    ),
    (
        "Exchange of old",
        "From: System Administrator <postmaster@example.com>\nSubject: Undeliverable: Offer",
        "Your message\n\n  To:      sales@list.example\n  Subject: Offer\n\ndid not reach the following recipient(s):\n\nada@example.com on Mon, 5 Jan 2026 10:00:00 +0100\n    The recipient name is not recognized\n",
        "ada@example.com",
        Permanence::Permanent,
    ),
    (
        "Notes",
        "From: Postmaster@example.com\nSubject: DELIVERY FAILURE: User Ada (ada@example.com) not listed in Domino Directory",
        "Your message\n\n  Subject: Offer\n\nwas not delivered to:\n\n  ada@example.com\n\nbecause:\n\n  User Ada (ada@example.com) not listed in Domino Directory\n",
        "ada@example.com",
        Permanence::Permanent,
    ),
    (
        "GroupWise, the name alone",
        "Return-Path: <>\nFrom: Mail-Delivery-System <Postmaster@example.com>\nSubject: Message status - undeliverable\nContent-Type: multipart/mixed; boundary=b",
        "--b\n\nThe message that you sent was undeliverable to the following:\n\tada (mailbox is full)\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <one@ours.example>\nFrom: jo@ours.example\nTo: ada@example.com, bob@example.com\n\nHi\n--b--",
        "ada@example.com",
        Permanence::Transient,
    ),
    (
        "Yahoo",
        "From: MAILER-DAEMON@yahoo.example\nSubject: Failure Notice",
        "Sorry, we were unable to deliver your message to the following address.\n\n<ada@example.com>:\n554: delivery error: dd This user doesn't have an account (ada@example.com) [0]\n",
        "ada@example.com",
        Permanence::Permanent,
    ),
    (
        "AOL, our list refused",
        "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>\nSubject: Mail Delivery Problem",
        "Your mail to the following recipients could not be delivered because they are not accepting mail with attachments:\n\n ada@example.com",
        "ada@example.com",
        Permanence::Policy,
    ),
    (
        "HTML only",
        "Return-Path: <>\nFrom: postmaster@example.com\nSubject: Unzustellbar: Angebot\nContent-Type: text/html",
        "<html><body><p>Fehler bei der Nachrichtenzustellung an:</p><table><tr><td>Adresse</td><td>ada@example.com</td></tr><tr><td>550 5.1.1 Empf&auml;nger unbekannt</td></tr></table></body></html>",
        "ada@example.com",
        Permanence::Permanent,
    ),
    (
        "Chinese, without spaces",
        "Return-Path: <>\nFrom: postmaster@mail.example\nSubject: =?utf-8?B?57O757uf6YCA5L+h?=\nContent-Type: text/plain; charset=utf-8",
        "您的邮件被退回，收件人ada@example.com不存在。",
        "ada@example.com",
        Permanence::Permanent,
    ),
    (
        "Japanese, as phones have it",
        "From: Postmaster@phone.example\nSubject: Mail System Error - Returned Mail\nContent-Type: text/plain; charset=iso-2022-jp",
        "\u{1b}$B<!$N08@h\u{1b}(B\n<ada@example.com>\nUser unknown",
        "ada@example.com",
        Permanence::Permanent,
    ),
    (
        "by words alone, from any sender",
        "From: ndr@example.com\nSubject: Mail delivery failed: returning message to sender\nContent-Type: multipart/mixed; boundary=b",
        "--b\n\nThis message was created automatically by mail delivery software.\nA message that you sent could not be delivered.\nOne of the recipients is not a valid user.\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <one@ours.example>\nFrom: jo@ours.example\nTo: ada@example.com\n\nHi\n--b--",
        "ada@example.com",
        Permanence::Permanent,
    ),
    (
        "the reason behind the recipient, not the words that introduce it",
        "Return-Path: <>\nFrom: Postmaster@phone.example\nSubject: Mail System Error - Returned Mail",
        "The address was not found, or the other server refused it.\n\n  Recipient: <ada@example.com>\n  >>> MAIL FROM:<jo@ours.example>\n  <<< 550 SC-004 too many unwanted messages have been sent from your address",
        "ada@example.com",
        Permanence::Policy,
    ),
    (
        "forwarded before it failed",
        "From: Mailer-Daemon@mx.example\nSubject: Mail delivery failed",
        "The following address(es) failed:\n\n  x@forward.example\n    (generated from ada@example.com)\n    Unrouteable address",
        "ada@example.com",
        Permanence::Permanent,
    ),
    (
        "told by the address it came to",
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: bounce+ada=example.com@ours.example\nSubject: failure notice",
        "The user does not exist.",
        "ada@example.com",
        Permanence::Permanent,
    ),
    (
        "in the subject only",
        "From: MAILER-DAEMON@mx.example\nSubject: Undeliverable to ada@example.com",
        "There is no such mailbox.",
        "ada@example.com",
        Permanence::Permanent,
    ),
    (
        "an address of ours in the text is not meant",
        "From: MAILER-DAEMON@mx.example\nSubject: failure notice",
        "<jo@ours.example>: your message to\n<ada@example.com>: 550 user unknown",
        "ada@example.com",
        Permanence::Permanent,
    ),
];

#[test]
fn bounces_without_fields_are_known() {
    for (what, headers, text, recipient, permanence) in WITHOUT_FIELDS {
        // The address we are written at, where a row has none of its own.
        let mail = if headers.contains("To: ") {
            message::parse(format!("{headers}\n\n{text}").as_bytes())
        } else {
            mail(headers, text)
        };
        let Some((bounce, _)) = of_mail(&mail) else { panic!("{what}: none") };
        assert_eq!(recipients(&bounce), [*recipient], "{what}");
        assert_eq!(bounce.undelivered.first().unwrap().permanence, *permanence, "{what}: {bounce:?}");
    }
}

#[test]
fn several_recipients_each_have_their_own_reason() {
    let text = "This is the mail system at host mx.example.\n\n<ada@example.com>: host mx said: 550 5.1.1 User unknown\n\n<bob@example.com>: host mx said: 552 5.2.2 Mailbox full\n";
    let (bounce, _) =
        of_mail(&mail("From: MAILER-DAEMON@mx.example\nSubject: Undelivered Mail Returned to Sender", text)).unwrap();
    let found: Vec<_> = bounce.undelivered.iter().map(|one| (one.permanence, one.status.as_deref())).collect();
    assert_eq!(recipients(&bounce), ["ada@example.com", "bob@example.com"]);
    assert_eq!(found, [(Permanence::Permanent, Some("5.1.1")), (Permanence::Transient, Some("5.2.2"))]);
}

#[test]
fn what_people_and_their_machines_write_is_no_bounce() {
    let rows: &[(&str, &str, &str)] = &[
        (
            "a person speaks of a bounce",
            "From: Ada <ada@example.com>\nReturn-Path: <ada@example.com>\nSubject: Re: Offer",
            "Hi, my last mail to you was not delivered, it said 550 5.1.1 user unknown. Did you get it?",
        ),
        (
            "a person answers a bounce",
            "From: Ada <ada@example.com>\nSubject: Re: Undelivered Mail Returned to Sender",
            "Strange, please try again.\n\n> This is the mail system at host mx.example.\n> <x@y.example>: host mx said: 550 5.1.1 User unknown",
        ),
        (
            "a person forwards one",
            "From: Ada <ada@example.com>\nSubject: Fwd: Undelivered Mail Returned to Sender",
            "See below.\n\n---------- Forwarded message ---------\nFrom: MAILER-DAEMON@mx.example\n\nThis is the mail system at host mx.example.\n<x@y.example>: host mx said: 550 5.1.1 User unknown",
        ),
        (
            "a person forwards one as a file",
            "From: Ada <ada@example.com>\nSubject: what is this\nContent-Type: multipart/mixed; boundary=b",
            "--b\n\nPlease look at it.\n--b\nContent-Type: message/rfc822\n\nFrom: MAILER-DAEMON@mx.example\nSubject: failure notice\n\nThis is the qmail-send program\n--b--",
        ),
        (
            "an absence notice with an empty path",
            "From: Ada <ada@example.com>\nReturn-Path: <>\nAuto-Submitted: auto-replied\nSubject: Automatic reply: Offer",
            "I am out of the office. Your message will not be forwarded and could not be delivered to anybody else.",
        ),
        (
            "gone, in the person's own words",
            "From: Ada <ada@example.com>\nReturn-Path: <>\nSubject: Automatic reply: Offer",
            "I no longer work here. This address is no longer in use.",
        ),
        (
            "a question back",
            "From: noreply@guestlist.example\nReturn-Path: <>\nAuto-Submitted: auto-replied\nSubject: Re: Offer (action required)",
            "Your message is in my waiting list. Click the link below to be added to my guest list.",
        ),
        (
            "a receipt",
            "From: support@example.com\nReturn-Path: <>\nAuto-Submitted: auto-replied\nSubject: [Ticket 550123] Offer",
            "We have received your message.",
        ),
        (
            "the administrator himself",
            "From: Postmaster <postmaster@example.com>\nReturn-Path: <postmaster@example.com>\nSubject: Re: Offer",
            "Hello Jo, our filter says 5.7.1 about your domain. Which server do you use?",
        ),
        (
            "a sale that ships goods",
            "From: Ada <ada@example.com>\nSubject: delivery of the pallets",
            "We are unable to deliver to Norway before May. Is that a problem?",
        ),
        (
            "it worked",
            "From: postmaster@example.com\nReturn-Path: <>\nSubject: Delivery Status Notification (Success)",
            "Your message was successfully delivered to ada@example.com.",
        ),
        (
            "read",
            "From: Ada <ada@example.com>\nReturn-Path: <>\nSubject: Read: Offer",
            "Your message was read on Monday.",
        ),
        ("nothing at all", "From: Ada <ada@example.com>\nSubject: Offer", "Yes, please."),
    ];
    for (what, headers, text) in rows {
        let found = of_mail(&mail(headers, text));
        assert_eq!(found, None, "{what}");
    }
}

#[test]
fn whose_mail_it_was_is_told_surest_first() {
    let answered = "From: MAILER-DAEMON@mx.example\nSubject: failure notice\nIn-Reply-To: <one@ours.example>\nReferences: <zero@ours.example> <one@ours.example>";
    let rows: &[(&str, &str, &str, &[&str])] = &[
        (
            "by In-Reply-To, then the thread",
            answered,
            "User unknown: ada@example.com",
            &["one@ours.example", "zero@ours.example"],
        ),
        (
            "by the headers in the text",
            "From: MAILER-DAEMON@mx.example\nSubject: failure notice",
            "<ada@example.com>: User unknown\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <jo@ours.example>\nMessage-ID: <one@ours.example>\n\nHi",
            &["one@ours.example"],
        ),
        (
            "quoted",
            "From: MAILER-DAEMON@mx.example\nSubject: failure notice",
            "<ada@example.com>: User unknown\n\n> Received: from a by b\n> Message-ID:\n>  <one@ours.example>\n> Subject: Offer\n",
            &["one@ours.example"],
        ),
        (
            "in a line of its own",
            "From: MAILER-DAEMON@mx.example\nSubject: failure notice",
            "User unknown: ada@example.com\nMessage-ID: <one@ours.example>\n",
            &["one@ours.example"],
        ),
        ("not told", "From: MAILER-DAEMON@mx.example\nSubject: failure notice", "User unknown: ada@example.com", &[]),
        (
            "the report's own is not meant",
            "From: MAILER-DAEMON@mx.example\nMessage-ID: <r@mx.example>\nIn-Reply-To: <r@mx.example>\nSubject: failure notice",
            "User unknown: ada@example.com",
            &[],
        ),
    ];
    for (what, headers, text, expected) in rows {
        let (bounce, _) = of_mail(&mail(headers, text)).unwrap();
        assert_eq!(bounce.original_message_ids, *expected, "{what}");
    }
}

#[test]
fn a_report_that_a_filter_has_wrapped_is_read() {
    let inner = "From: MAILER-DAEMON@mx.example\nTo: jo@ours.example\nSubject: failure\nContent-Type: multipart/report; boundary=i\n\n--i\n\nSorry\n--i\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; ada@example.com\nAction: failed\nStatus: 5.1.1\n--i--";
    let wrapped = mail(
        "From: Filter <postmaster@filter.example>\nSubject: Notice\nContent-Type: multipart/mixed; boundary=o",
        &format!("--o\n\nPassed on.\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--"),
    );
    let (bounce, _) = of_mail(&wrapped).unwrap();
    assert_eq!(recipients(&bounce), ["ada@example.com"]);
}

/// How long the heaviest text may take in a test build on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(20);

#[test]
fn long_texts_cost_what_their_bytes_cost() {
    let headers = "From: MAILER-DAEMON@mx.example\nSubject: failure notice";
    let rows = [
        ("addresses without end on a line", "a@b.example ".repeat(80_000)),
        ("addresses without end, a line each", "a@b.example\n".repeat(80_000)),
        ("only at signs", "@".repeat(1_000_000)),
        ("numbers", "5.1.5.1.".repeat(100_000)),
        ("replies", "550 ".repeat(200_000)),
        ("headers", "Received: x\n".repeat(80_000)),
        ("words of failure", "user unknown ".repeat(70_000)),
        ("one word", "x".repeat(1_000_000)),
    ];
    for (what, text) in rows {
        let started = Instant::now();
        let found = of_mail(&mail(headers, &text));
        assert!(started.elapsed() < TIME_MAX, "{what}: {:?}", started.elapsed());
        assert!(found.is_some_and(|(bounce, _)| bounce.undelivered.len() <= 100), "{what}");
    }
    let many: String =
        (0..5_000).map(|n| format!("Final-Recipient: rfc822; a{n}@b.example\nAction: failed\n\n")).collect();
    let (bounce, _) = of_mail(&report(&many, "Sorry.")).unwrap();
    assert_eq!(bounce.undelivered.len(), 100, "of endless recipients the first");
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n"),
        Just(" "),
        Just("550 5.1.1 "),
        Just("5.1."),
        Just("ada@example.com"),
        Just("<@>"),
        Just("=@b.example"),
        Just("user unknown"),
        Just("\n> Received: by x\n> To: a@b.c\n"),
        Just("Final-Recipient: rfc822;"),
        Just("\nAction: failed\n"),
        Just("--b\n"),
        Just("Content-Type: message/delivery-status\n\n"),
        Just("Content-Type: message/rfc822\n\n"),
        Just("X-Failed-Recipients: "),
        Just("Return-Path: <>\n"),
        Just("From: MAILER-DAEMON\n"),
        Just("Subject: Undeliverable\n"),
        Just("Content-Type: multipart/report; boundary=b\n\n"),
        Just("(generated from "),
        Just("ü\u{3000}退信\u{200b}"),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_mail_is_taken_and_what_is_told_is_bounded(raw in any_text()) {
        if let Some((bounce, because)) = of_mail(&message::parse(raw.as_bytes())) {
            prop_assert!(!bounce.undelivered.is_empty() && bounce.undelivered.len() <= 100);
            prop_assert!(bounce.original_message_ids.len() <= MESSAGE_IDS_MAX);
            let diagnostics = bounce.undelivered.iter().filter_map(|one| one.diagnostic.as_deref());
            prop_assert!(diagnostics.clone().all(|text| text.chars().count() <= DIAGNOSTIC_CHARS_MAX && !text.contains('\n')));
            prop_assert!(!because.is_empty());
        }
    }

    #[test]
    fn any_words_have_a_meaning_or_none(text in any_text()) {
        let _ = permanence_of_text(&text);
    }
}
