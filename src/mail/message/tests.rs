use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

fn lines(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn addresses(list: &[Mailbox]) -> Vec<&str> {
    list.iter().map(|mailbox| mailbox.address.as_str()).collect()
}

#[test]
fn headers_are_found_in_whatever_stands_around_them() {
    let rows: &[(&str, &[u8], &str, &str)] = &[
        ("CRLF", b"Subject: a\r\nFrom: x@y.example\r\n\r\nbody\r\n", "a", "body\n"),
        ("LF", b"Subject: a\n\nbody\n", "a", "body\n"),
        ("lone CR", b"Subject: a\r\rbody\r", "a", "body\n"),
        ("the From line of an mbox", b"From x@y.example Mon Jan  5 10:00:00 2026\nSubject: a\n\nbody\n", "a", "body\n"),
        ("empty lines before", b"\r\n\r\nSubject: a\r\n\r\nbody", "a", "body"),
        ("a byte order mark", b"\xef\xbb\xbfSubject: a\n\nbody", "a", "body"),
        ("no headers at all", b"Hello there,\nthis is text\n\nmore", "", "Hello there,\nthis is text\n\nmore"),
        ("headers only", b"Subject: a\nX-Y: z", "a", ""),
        ("folded, with a tab", b"Subject: a\r\n\tb\r\n c\r\n\r\nbody", "a b c", "body"),
        ("an unfolded rest of a header", b"Subject: a\nlost words\nX-Y: z\n\nbody", "a", "body"),
        (
            "no empty line before the body",
            b"Subject: a\nSome words follow\nand more\n\nend",
            "a",
            "Some words follow\nand more\n\nend",
        ),
        ("space before the colon", b"Subject : a\n\nbody", "a", "body"),
        ("NUL in header and body", b"Subject: a\0b\n\nbo\0dy", "ab", "body"),
        ("raw Latin-1 in a header", b"Subject: Gr\xfc\xdfe\n\nx", "Grüße", "x"),
        ("raw UTF-8 in a header", "Subject: Grüße\n\nx".as_bytes(), "Grüße", "x"),
        ("an encoded word", b"Subject: =?iso-8859-1?Q?Gr=FC=DFe_an?= alle\n\nx", "Grüße an alle", "x"),
        ("two encoded words close up", b"Subject: =?utf-8?B?R3I=?=\r\n =?utf-8?B?w7zDn2U=?=\n\nx", "Grüße", "x"),
        ("a character cut between two words", b"Subject: =?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?=\n\nx", "Grüße", "x"),
        (
            "two words with escapes of their own",
            b"Subject: =?iso-2022-jp?B?GyRCJDMbKEI=?=\r\n =?iso-2022-jp?B?GyRCJHMbKEI=?=\n\nx",
            "こん",
            "x",
        ),
        ("a broken word stays", b"Subject: =?utf-8?X?abc?= =?oops\n\nx", "=?utf-8?X?abc?= =?oops", "x"),
        (
            "a line break inside a word can't split headers",
            b"Subject: =?utf-8?Q?a=0D=0ABcc:_b?=\n\nx",
            "a  Bcc: b",
            "x",
        ),
        ("nothing", b"", "", ""),
    ];
    for (what, raw, subject, body) in rows {
        let mail = parse(raw);
        assert_eq!(mail.subject, *subject, "{what}");
        assert_eq!(mail.text.as_deref().unwrap_or_default(), *body, "{what}");
    }
}

#[test]
fn names_are_lower_case_and_repeated_headers_stay() {
    let mail = parse(b"Received: a\nX-FAILED-recipients: b@c.example\nReceived: d\n\n");
    let names: Vec<&str> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["received", "x-failed-recipients", "received"]);
    assert_eq!(mail.header("received"), Some("a"));
}

#[test]
fn addresses_that_are_none_are_left_out() {
    let rows: &[(&str, &str, &[&str])] = &[
        ("name and address", "Ada B. <Ada@Example.com>", &["ada@example.com"]),
        (
            "a comma in a quoted name",
            "\"B., Ada\" <ada@example.com>, bob@example.com",
            &["ada@example.com", "bob@example.com"],
        ),
        ("an encoded name with a comma", "=?utf-8?Q?B=2C_Ada?= <ada@example.com>", &["ada@example.com"]),
        ("a group", "team: ada@example.com, bob@example.com;", &["ada@example.com", "bob@example.com"]),
        ("an empty group", "undisclosed-recipients:;", &[]),
        ("no address", "MAILER-DAEMON (Mail Delivery System)", &[]),
        ("a comment", "ada@example.com (Ada)", &["ada@example.com"]),
        ("one broken among good ones", "nonsense, ada@example.com, <@>", &["ada@example.com"]),
        ("an address in quotes", "'ada@example.com'", &["ada@example.com"]),
        ("folded", "Ada\r\n\t<ada@example.com>", &["ada@example.com"]),
        ("empty", "", &[]),
    ];
    for (what, value, expected) in rows {
        let mail = parse(format!("From: {value}\r\nTo: {value}\r\n\r\nx").as_bytes());
        assert_eq!(addresses(&mail.from), *expected, "{what}");
        assert_eq!(mail.to, mail.from, "{what}");
    }
    let mail = parse("From: =?utf-8?Q?J=C3=BCrgen?= K. <j@example.com>\n\n".as_bytes());
    assert_eq!(mail.from.first().and_then(|from| from.name.as_deref()), Some("Jürgen K."));
}

#[test]
fn ids_are_read_as_real_mail_writes_them() {
    let rows: &[(&str, &str, &[&str])] = &[
        ("one", "<a@b.example>", &["a@b.example"]),
        ("several", "<a@b.example> <c@d.example>\r\n <e@f.example>", &["a@b.example", "c@d.example", "e@f.example"]),
        ("without space between", "<a@b.example><c@d.example>", &["a@b.example", "c@d.example"]),
        ("words around", "Your message of \"Mon, 5 Jan\" <a@b.example> (was: x@y)", &["a@b.example"]),
        ("no brackets", "a@b.example", &["a@b.example"]),
        ("no brackets, several", "a@b.example, c@d.example", &["a@b.example", "c@d.example"]),
        ("folded within an id", "<a@b.exa\r\n mple>", &["a@b.example"]),
        ("never closed", "<a@b.example <c@d.example>", &["c@d.example"]),
        ("no at sign, as some make them", "<000001db@>", &["000001db@"]),
        ("words alone", "your letter", &[]),
        ("twice the same", "<a@b.example> <a@b.example>", &["a@b.example"]),
    ];
    for (what, value, expected) in rows {
        let mail =
            parse(format!("In-Reply-To: {value}\r\nReferences: {value}\r\nMessage-ID: {value}\r\n\r\n").as_bytes());
        assert_eq!(mail.in_reply_to, *expected, "{what}");
        assert_eq!(mail.references, *expected, "{what}");
        assert_eq!(mail.message_id.as_deref(), expected.first().copied(), "{what}");
    }
    let long: String = (0..500).map(|n| format!("<{n}@x.example>\r\n ")).collect();
    let mail = parse(format!("References: {long}\r\n\r\n").as_bytes());
    assert_eq!(mail.references.len(), MESSAGE_IDS_MAX);
    assert_eq!(mail.references.last().map(String::as_str), Some("399@x.example"), "of those that are read the last");
}

#[test]
fn dates_are_read_with_their_offset() {
    let rows: &[(&str, &str, Option<&str>)] = &[
        ("usual", "Mon, 5 Jan 2026 10:00:00 +0100", Some("2026-01-05T10:00:00+01:00")),
        ("a named zone", "Mon, 05 Jan 2026 10:00:00 GMT", Some("2026-01-05T10:00:00+00:00")),
        ("a comment behind", "Mon, 5 Jan 2026 10:00:00 -0330 (NST)", Some("2026-01-05T10:00:00-03:30")),
        ("no seconds", "5 Jan 2026 10:00 +0000", Some("2026-01-05T10:00:00+00:00")),
        ("the wrong weekday", "Sun, 5 Jan 2026 10:00:00 +0100", Some("2026-01-05T10:00:00+01:00")),
        ("no zone", "Mon, 5 Jan 2026 10:00:00", Some("2026-01-05T10:00:00+00:00")),
        ("no date", "yesterday", None),
        ("impossible", "Mon, 45 Foo 2026 99:00:00 +9999", None),
        ("empty", "", None),
    ];
    for (what, value, expected) in rows {
        let mail = parse(format!("Date: {value}\r\n\r\n").as_bytes());
        assert_eq!(mail.date.map(|date| date.to_rfc3339()).as_deref(), *expected, "{what}");
    }
}

#[test]
fn bodies_are_decoded_as_far_as_they_hold() {
    let rows: &[(&str, &str, &[u8], &str)] = &[
        ("quoted-printable", "text/plain; charset=iso-8859-1|quoted-printable", b"Gr=FC=DFe =\r\nan", "Grüße an"),
        ("broken escapes stay", "text/plain|quoted-printable", b"100=zz a=b =", "100=zz a=b "),
        ("base64", "text/plain; charset=utf-8|base64", b"R3LDvMOfZQ==\r\n", "Grüße"),
        ("a text with the label base64", "text/plain|base64", b"Hello, this is text.", "Hello, this is text."),
        ("UTF-8 with the label Latin-1", "text/plain; charset=iso-8859-1|8bit", "Grüße".as_bytes(), "Grüße"),
        ("Latin-1 with the label UTF-8", "text/plain; charset=utf-8|8bit", b"Gr\xfc\xdfe", "Grüße"),
        ("Latin-1 without a label", "text/plain|8bit", b"Gr\xfc\xdfe", "Grüße"),
        ("an unknown label", "text/plain; charset=x-oops|8bit", b"Gr\xfc\xdfe", "Grüße"),
        ("Cyrillic", "text/plain; charset=koi8-r|8bit", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
        ("Japanese, without a label", "text/plain|7bit", b"\x1b$B$3$s\x1b(B", "こん"),
        ("Japanese", "text/plain; charset=\"shift_jis\"|8bit", b"\x82\xb1\x82\xf1", "こん"),
        ("ASCII that is UTF-7", "text/plain; charset=utf-7|7bit", b"Gr+APwA3w-e", "Grüße"),
        ("old: a type without a subtype", "text|7bit", b"x", "x"),
        ("quotes in the charset", "text/plain; charset='utf-8'|8bit", "ü".as_bytes(), "ü"),
    ];
    for (what, head, body, expected) in rows {
        let (content_type, encoding) = head.split_once('|').unwrap();
        let mut raw =
            format!("Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n").into_bytes();
        raw.extend_from_slice(body);
        assert_eq!(parse(&raw).text.as_deref(), Some(*expected), "{what}");
    }
    let mut footer = b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n".to_vec();
    footer.extend_from_slice("QUFB".repeat(19).as_bytes());
    footer.extend_from_slice(b"\n________\na footer that a list put here\n");
    assert_eq!(parse(&footer).text.unwrap(), "AAA".repeat(19), "base64 with a footer");
}

const ALTERNATIVE: &str = "Content-Type: multipart/alternative; boundary=\"b\"

--b
Content-Type: text/plain

plain
--b
Content-Type: text/html

<p>html</p>
--b--
";

#[test]
fn bodies_are_what_a_reader_is_shown() {
    let rows: &[(&str, &str, Option<&str>, Option<&str>)] = &[
        ("alternative", ALTERNATIVE, Some("plain"), Some("<p>html</p>")),
        (
            "text, picture, text",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: image/png; name=a.png\n\nxx\n--b\n\ntwo\n--b--",
            Some("one\ntwo"),
            None,
        ),
        (
            "an attached text is no body",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\ntwo\n--b--",
            Some("one"),
            None,
        ),
        (
            "nor is a named one that stands behind",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: text/plain; name=notes.txt\nContent-Disposition: inline\n\ntwo\n--b--",
            Some("one"),
            None,
        ),
        (
            "HTML with a plain footer",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>words</p>\n--b\n\nfooter\n--b--",
            Some("words\nfooter"),
            Some("<p>words</p>"),
        ),
        (
            "alternative in mixed, with a footer",
            "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nplain\n--b\nContent-Type: text/html\n\n<i>html</i>\n--b--\n\n--a\n\nfooter\n--a--",
            Some("plain\nfooter"),
            Some("<i>html</i>"),
        ),
        (
            "alternative of plain and related",
            "Content-Type: multipart/alternative; boundary=a\n\n--a\n\nplain\n--a\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<i>html</i>\n--b\nContent-Type: image/gif\n\nGIF\n--b--\n--a--",
            Some("plain"),
            Some("<i>html</i>"),
        ),
        ("HTML alone", "Content-Type: text/html\n\n<b>x</b>", None, Some("<b>x</b>")),
        (
            "a Content-Type broken into lines without a space",
            "Content-Type: multipart/mixed;\nboundary=\"b\"\n\n--b\nContent-Type: text/plain\n\nwords\n--b--",
            Some("words"),
            None,
        ),
        ("no boundary told", "Content-Type: multipart/mixed\n\nwords", Some("words"), None),
        ("the boundary is never there", "Content-Type: multipart/mixed; boundary=zz\n\nwords", Some("words"), None),
        (
            "never closed",
            "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\nwords\n",
            Some("words\n"),
            None,
        ),
        (
            "an inner one never closed",
            "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nplain\n--a\n\nmore\n--a--",
            Some("plain\nmore"),
            None,
        ),
        (
            "dashes in the text are no boundary",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--\nAda\n--bold--\n--b--",
            Some("--\nAda\n--bold--"),
            None,
        ),
        (
            "a mail in the mail is no body",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee\n--b\nContent-Type: message/rfc822\n\nSubject: in\n\nsecret\n--b--",
            Some("see"),
            None,
        ),
        ("no part at all", "Content-Type: multipart/mixed; boundary=b\n\n--b--\n", None, None),
    ];
    for (what, raw, text, html) in rows {
        let mail = parse(raw.as_bytes());
        assert_eq!((mail.text.as_deref(), mail.html.as_deref()), (*text, *html), "{what}");
        let crlf = parse(&lines(raw));
        assert_eq!((crlf.text.as_deref(), crlf.html.as_deref()), (*text, *html), "{what}, with CRLF");
    }
}

#[test]
fn reports_keep_their_parts() {
    let raw = "Content-Type: multipart/report; report-type=\"Delivery-Status\"; boundary=b

--b

It failed.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; a@b.example
--b
Content-Type: message/rfc822
Content-Transfer-Encoding: base64

U3ViamVjdDogeA0KTWVzc2FnZS1JRDogPDFAYi5leGFtcGxlPg0K
--b
Content-Type: text/rfc822-headers

Message-ID: <1@b.example>
--b--
";
    let mail = parse(&lines(raw));
    assert_eq!(
        (mail.content_type.as_str(), mail.report_type.as_deref()),
        ("multipart/report", Some("delivery-status"))
    );
    let types: Vec<&str> = mail.parts.iter().map(|part| part.content_type.as_str()).collect();
    assert_eq!(types, ["text/plain", "message/delivery-status", "message/rfc822", "text/rfc822-headers"]);
    assert!(mail.part("message/delivery-status").unwrap().text.contains("\n\nFinal-Recipient: rfc822; a@b.example"));
    let headers = headers_of(&mail.part("message/rfc822").unwrap().text);
    assert_eq!(
        headers,
        [("subject".to_owned(), "x".to_owned()), ("message-id".to_owned(), "<1@b.example>".to_owned())]
    );
    assert_eq!(mail.text.as_deref(), Some("It failed."));
}

#[test]
fn parts_of_a_digest_are_mails() {
    let mail = parse(b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nx\n--b\nContent-Type: text/plain\n\ny\n--b--");
    let types: Vec<&str> = mail.parts.iter().map(|part| part.content_type.as_str()).collect();
    assert_eq!(types, ["message/rfc822", "text/plain"]);
}

/// How long the heaviest of the following may take in a test build on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(20);

#[test]
fn bombs_cost_what_their_bytes_cost() {
    let nested = |count: usize, content_type: &str| {
        let mut raw = String::new();
        for n in 0..count {
            write!(raw, "Content-Type: {content_type}; boundary=b{n}\n\n--b{n}\n").unwrap();
        }
        raw
    };
    let missing = {
        let mut raw = "Content-Type: multipart/mixed; boundary=a\n\n".to_owned();
        (0..60_000).for_each(|_| raw.push_str("--a\nContent-Type: multipart/mixed; boundary=zz\n\n"));
        raw
    };
    let rows: Vec<(&str, String)> = vec![
        ("multiparts in multiparts", nested(50_000, "multipart/mixed")),
        ("mails in mails", "Content-Type: message/rfc822\n\n".repeat(50_000)),
        ("many multiparts without their boundary", missing),
        ("many parts", format!("Content-Type: multipart/mixed; boundary=a\n\n{}", "--a\n\nx\n".repeat(200_000))),
        ("many headers", "X-A: b\n".repeat(200_000)),
        ("one endless header", format!("Subject: {}\n\nbody", "a ".repeat(2_000_000))),
        ("an endless folded header", format!("References: {}\n\nbody", "<a@b>\n ".repeat(500_000))),
        ("endless addresses", format!("From: {}\n\nbody", "a@b.example, ".repeat(300_000))),
        ("endless attributes", format!("Content-Type: text/plain{}\n\nbody", "; a*1*=x''y".repeat(200_000))),
        ("endless encoded words", format!("Subject: {}\n\nbody", "=?utf-8?q?".repeat(200_000))),
        ("nested comments", format!("From: {}\n\nbody", "(".repeat(2_000_000))),
        ("a line without end", "x".repeat(4_000_000)),
        ("all escapes", format!("Content-Transfer-Encoding: quoted-printable\n\n{}", "=".repeat(4_000_000))),
        ("only dashes", format!("Content-Type: multipart/mixed; boundary=a\n\n{}", "--\n".repeat(1_000_000))),
        ("ids", format!("References: {}\n\n", "<".repeat(2_000_000))),
    ];
    for (what, raw) in rows {
        let started = Instant::now();
        let mail = parse(raw.as_bytes());
        assert!(started.elapsed() < TIME_MAX, "{what}: {:?}", started.elapsed());
        assert!(mail.headers.len() <= HEADERS_MAX, "{what}");
        assert!(mail.headers.iter().all(|(_, value)| value.len() <= 4 * HEADER_BYTES_MAX), "{what}");
        assert!(mail.parts.len() <= PARTS_MAX + NESTING_MAX, "{what}: {}", mail.parts.len());
        assert!(mail.from.len() <= ADDRESSES_MAX, "{what}");
        let kept: usize = mail.parts.iter().map(|part| part.text.len()).sum();
        assert!(kept <= 4 * PARTS_BYTES_MAX, "{what}: {kept}");
    }
}

fn any_mail() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\n\n".to_vec()),
        Just(b"Content-Type: multipart/mixed; boundary=a\n\n".to_vec()),
        Just(b"Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n".to_vec()),
        Just(b"Content-Type: message/delivery-status\n\n".to_vec()),
        Just(b"Content-Type: message/rfc822\n\n".to_vec()),
        Just(b"Content-Type: text/html; charset*0*=utf-8''%zz\n\n<a".to_vec()),
        Just(b"Content-Transfer-Encoding: base64\n\n".to_vec()),
        Just(b"Content-Transfer-Encoding: quoted-printable\n\n=".to_vec()),
        Just(b"\n--a\n".to_vec()),
        Just(b"\n--a--\n".to_vec()),
        Just(b"\n--b\n".to_vec()),
        Just(b"From: \"(<a@b.example>\\ =?utf-8?q?=?=".to_vec()),
        Just(b"Subject: =?x?b?".to_vec()),
        Just(b"Date: 99 9999".to_vec()),
        Just(b"References: <<>@<".to_vec()),
        Just("ü€漢\u{1f600}".as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_taken(raw in any_mail()) {
        let mail = parse(&raw);
        prop_assert!(mail.subject.len() <= 4 * raw.len());
        prop_assert!(mail.headers.iter().all(|(name, value)| !name.contains('\n') && !value.contains(['\n', '\r', '\0'])));
        prop_assert!(mail.parts.iter().all(|part| !part.text.contains(['\r', '\0'])));
        if mail.text.is_some() {
            prop_assert!(mail.parts.iter().any(|part| part.content_type == "text/plain"));
        }
    }

    #[test]
    fn the_ends_of_lines_make_no_difference(words in proptest::collection::vec("[a-z ]{1,20}", 1..10)) {
        let raw = format!("Subject: x\nFrom: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n{}\n--b--\n", words.join("\n"));
        prop_assert_eq!(parse(raw.as_bytes()), parse(&lines(&raw)));
    }
}
