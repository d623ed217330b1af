//! Any bytes as a whole mail: MIME, delivery status, feedback reports, automatic replies, dates, quotes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sales_engine_fuzz::mail::{Us, message, understand_mail};
use sales_engine_fuzz::{check, received_at};

fuzz_target!(|raw: &[u8]| {
    let us = Us { mailboxes: Vec::new() };
    let mail = message::parse(raw);
    let understanding = understand_mail(&mail, &us, received_at());
    check(&understanding, mail.date.unwrap_or_else(received_at));
    assert_eq!(understanding, understand_mail(&mail, &us, received_at()), "read twice, understood alike");
});
