//! What is measured on the way of one webhook: proof, normalisation of each source, the fold, a batch's decision.

use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::config;
use sales_engine::domain::contact::Contact;
use sales_engine::domain::event::{Event, Source};
use sales_engine::domain::fold;
use sales_engine::domain::follow_up::Spans;
use sales_engine::domain::ids::{ClientId, Email};
use sales_engine::domain::rules::Rules;
use sales_engine::engine::decide::{Incoming, Rim, decide};
use sales_engine::engine::rows::{Known, KnownContact, TriggerType};
use sales_engine::mail::{Us, understand};
use sales_engine::sources::settings::{ClientSources, Secret};
use sales_engine::sources::signature::sign_standard;
use sales_engine::sources::{Request, prove, read};
use std::hint::black_box;
use uuid::Uuid;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const CONFIG: &str = r#"
[clients.acme.smartlead]
url_tokens = ["smartlead-token-of-acme"]
[clients.acme.instantly]
secrets = ["instantly-secret-of-acme"]
header = "x-webhook-token"
[clients.acme.n8n]
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
"#;

/// A name and what is done once.
pub(crate) type Case = (&'static str, Box<dyn FnMut()>);

fn now() -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn client() -> ClientId {
    ClientId::parse("acme").unwrap()
}

fn sources() -> ClientSources {
    let config = config::load(Some(("bench.toml", CONFIG)), &|_| None).unwrap();
    config.clients.get(&client()).unwrap().sources.clone()
}

fn smartlead_sent(nth: usize) -> String {
    let mail = "Hello, may I ask a question about how you do it today? ".repeat(4);
    format!(
        r#"{{"event_type":"EMAIL_SENT","event_timestamp":"2026-11-{:02}T09:00:00.000+00:00","campaign_id":3623750,
        "campaign_name":"Autumn outreach","campaign_status":"ACTIVE","sequence_number":1,"stats_id":"{nth:08x}-0b1b",
        "sl_lead_email":"p{nth}@example.com","from_email":"sales@acme.example","to_email":"p{nth}@example.com","to_name":"Ada Berg",
        "subject":"A question","sent_message":{{"message_id":"<{nth}@acme.example>","text":"{mail}","html":"<p>{mail}</p>"}},
        "secret_key":"smartlead-key-of-acme","webhook_id":512345}}"#,
        1 + nth % 15
    )
}

fn text_of_bytes(bytes: usize) -> String {
    "Thank you, this is interesting. Tell me more about it. ".repeat(bytes.div_ceil(55))
}

fn smartlead_reply() -> String {
    format!(
        r#"{{"event_type":"EMAIL_REPLY","event_timestamp":"2026-11-16T09:00:00.000+00:00","campaign_id":3623750,"stats_id":"a-1",
        "sl_lead_email":"p1@example.com","to_email":"p1@example.com","to_name":"Ada Berg","subject":"Re: A question",
        "reply_message":{{"message_id":"<r1@example.com>","text":"{}"}}}}"#,
        text_of_bytes(10_000)
    )
}

fn instantly_html_reply() -> String {
    format!(
        r#"{{"timestamp":"2026-11-16T09:00:00.000Z","event_type":"reply_received","campaign_id":"7c9e6679","campaign_name":"x",
        "lead_email":"p1@example.com","email":"p1@example.com","email_account":"sales@acme.example","email_id":"0192f3a0-1",
        "reply_subject":"Re","reply_html":"<div><p>{}</p></div>"}}"#,
        text_of_bytes(10_000).replace(". ", ".</p><p>")
    )
}

fn n8n_sent(text_bytes: usize) -> String {
    format!(
        r#"{{"kind":"email_sent","email":"p1@example.com","id":"1","message_id":"<1@acme.example>","occurred_at":"2026-11-16T09:00:00Z",
        "campaign_id":"77","subject":"A question","text":"{}"}}"#,
        text_of_bytes(text_bytes)
    )
}

fn proof(source: Source, query: &'static str, header: Option<(&str, &str)>, body: String) -> Box<dyn FnMut()> {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    match header {
        Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
        None if source == Source::N8n => {
            let at = now().timestamp();
            headers.push(("webhook-id".to_owned(), "msg_1".to_owned()));
            headers.push(("webhook-timestamp".to_owned(), at.to_string()));
            let signature = sign_standard(&Secret::new(SECRET), "msg_1", at, body.as_bytes()).unwrap();
            headers.push(("webhook-signature".to_owned(), signature));
        }
        None => {}
    }
    let (client_id, sources) = (client(), sources());
    Box::new(move || {
        let request =
            Request { client_id: &client_id, query, headers: &headers, body: body.as_bytes(), received_at: now() };
        prove(source, black_box(&sources), black_box(&request)).unwrap();
    })
}

fn reading(source: Source, body: String) -> Box<dyn FnMut()> {
    let (client_id, sources) = (client(), sources());
    Box::new(move || {
        let request =
            Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at: now() };
        let understood = read(source, &sources, black_box(&request)).unwrap();
        assert_eq!(understood.events.len(), 1);
        black_box(understood);
    })
}

fn events(bodies: &[String]) -> Vec<Event> {
    let (client_id, sources) = (client(), sources());
    bodies
        .iter()
        .flat_map(|body| {
            let request =
                Request { client_id: &client_id, query: "", headers: &[], body: body.as_bytes(), received_at: now() };
            read(Source::Smartlead, &sources, &request).unwrap().events
        })
        .collect()
}

fn folding() -> Box<dyn FnMut()> {
    let mut history = events(&(0..20).map(smartlead_sent).collect::<Vec<_>>());
    for (nth, event) in history.iter_mut().enumerate() {
        event.facts.occurred_at = now() - TimeDelta::hours(nth as i64);
    }
    let (baseline, spans) = (Contact::default(), Spans::default());
    Box::new(move || {
        let folded = fold::fold(&baseline, black_box(&history), &spans);
        assert_eq!(folded.contact.emails_sent_count, 20);
        black_box(folded);
    })
}

fn deciding() -> Box<dyn FnMut()> {
    let mut known = Known::default();
    let batch: Vec<Incoming> = events(&(0..64).map(smartlead_sent).collect::<Vec<_>>())
        .into_iter()
        .map(|event| {
            let contact = KnownContact {
                contact_id: Uuid::from_u128(7),
                contact: Contact::default(),
                airtable_lead_id: None,
                is_adopted: false,
                outside: Vec::new(),
                version: 1,
            };
            known.contacts.insert(event.contact_key(), contact);
            Incoming {
                delivery_id: Uuid::from_u128(8),
                client_id: client(),
                source: Source::Smartlead,
                received_at: now(),
                events: vec![event],
                orphans: Vec::new(),
                campaign_changes: Vec::new(),
                alerts: Vec::new(),
                unrecognised: Vec::new(),
                ignored: Vec::new(),
                body: "{}".to_owned(),
                body_sha256: [0; 32],
                is_webhook: true,
                forwarded_as: None,
                traceparent: None,
            }
        })
        .collect();
    let rules = Rules::default();
    Box::new(move || {
        let mut new_id = || Uuid::from_u128(9);
        let mut rim = Rim { now: now(), trigger: TriggerType::Webhook, rules: &rules, new_id: &mut new_id };
        let (writes, _) = decide(black_box(&batch), &known, &mut rim);
        assert_eq!(writes.events.len(), 64);
        black_box(writes);
    })
}

/// A reply of 10 kB as a mail client sends it: plain and HTML, our mail quoted below, a signature.
fn reply_mail() -> String {
    let words = "Thank you, this is interesting. Could you tell me more about how it works with our own systems?\r\n";
    let quoted = "We help teams like yours to answer sooner. If you'd rather not hear from me, just reply unsubscribe.";
    let plain_quote = format!("> {quoted}\r\n").repeat(24);
    let html_quote = format!("<div dir=3D\"ltr\"><p style=3D\"margin:0\">{quoted}</p></div>=\r\n").repeat(24);
    format!(
        "Received: from mx.example.com (mx.example.com [192.0.2.7]) by mx.acme.example; Mon, 16 Nov 2026 09:00:01 +0000\r\n\
         From: =?utf-8?q?Ada_Berg?= <ada.berg@example.com>\r\nTo: Jo Field <jo@acme.example>\r\nSubject: Re: A question\r\n\
         Date: Mon, 16 Nov 2026 09:00:00 +0000\r\nMessage-ID: <r1@mail.example.com>\r\nIn-Reply-To: <s1@acme.example>\r\n\
         References: <s1@acme.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello Jo,\r\n\r\n{}\r\nBest regards\r\nAda Berg\r\n\
         -- \r\nAda Berg | Head of Operations\r\n+49 30 000000\r\n\r\n\
         On Mon, 16 Nov 2026 at 08:00, Jo Field <jo@acme.example> wrote:\r\n{plain_quote}\r\n\
         --b1\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         <div>Hello Jo,<br>{}</div><div class=3D\"gmail_quote\"><blockquote>{html_quote}</blockquote></div>\r\n--b1--\r\n",
        words.repeat(12),
        words.repeat(12)
    )
}

/// A delivery status of 10 kB as Postfix sends it, our mail returned within.
fn bounce_mail() -> String {
    let returned =
        "We help teams like yours to answer sooner. Would Tuesday or Wednesday suit you for a call?\r\n".repeat(90);
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.com (Mail Delivery System)\r\nTo: jo@acme.example\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nDate: Mon, 16 Nov 2026 09:00:00 +0000\r\nAuto-Submitted: auto-replied\r\n\
         Message-ID: <b1@mx.example.com>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain\r\n\r\nThis is the mail system at host mx.example.com.\r\n\r\n\
         <bob@example.com>: host mail.example.com[192.0.2.9] said: 550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown\r\n\r\n\
         --b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n\
         Final-Recipient: rfc822; bob@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown\r\n\r\n\
         --b1\r\nContent-Type: message/rfc822\r\n\r\nFrom: jo@acme.example\r\nTo: bob@example.com\r\nSubject: A question\r\n\
         Message-ID: <s1@acme.example>\r\n\r\n{returned}\r\n--b1--\r\n"
    )
}

fn understanding(raw: String, class: &'static str) -> Box<dyn FnMut()> {
    assert!((8_000..12_000).contains(&raw.len()), "{class}: {} bytes", raw.len());
    let us = Us { mailboxes: vec![Email::parse("jo@acme.example").unwrap()] };
    let received_at = now().fixed_offset();
    Box::new(move || {
        let understood = understand(black_box(raw.as_bytes()), &us, received_at);
        assert_eq!(understood.class(), class, "{}", understood.because);
        black_box(understood);
    })
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("understand a reply of 10 kB with our mail quoted", understanding(reply_mail(), "person")),
        ("understand a bounce of 10 kB with our mail returned", understanding(bounce_mail(), "bounce")),
        (
            "prove a Smartlead webhook by its URL token",
            proof(Source::Smartlead, "token=smartlead-token-of-acme", None, smartlead_sent(1)),
        ),
        (
            "prove an Instantly webhook by its header",
            proof(Source::Instantly, "", Some(("x-webhook-token", "instantly-secret-of-acme")), instantly_html_reply()),
        ),
        ("prove a Standard Webhook of 1 kB by its HMAC", proof(Source::N8n, "", None, n8n_sent(1_000))),
        ("prove a Standard Webhook of 20 kB by its HMAC", proof(Source::N8n, "", None, n8n_sent(20_000))),
        ("read a mail sent by Smartlead", reading(Source::Smartlead, smartlead_sent(1))),
        ("read a reply of 10 kB from Smartlead", reading(Source::Smartlead, smartlead_reply())),
        ("read a reply of 10 kB of HTML from Instantly", reading(Source::Instantly, instantly_html_reply())),
        ("read a mail sent, told by n8n", reading(Source::N8n, n8n_sent(200))),
        ("fold a history of 20 events", folding()),
        ("decide a batch of 64 events", deciding()),
    ]
}
