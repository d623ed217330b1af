//! Any text as a platform hands it on: its subject, a line break, then plain text or (after `<`) HTML.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sales_engine_fuzz::mail::{PlatformText, understand_text};
use sales_engine_fuzz::{check, received_at};

fuzz_target!(|text: &str| {
    let (subject, body) = text.split_once('\n').unwrap_or(("", text));
    let is_html = body.starts_with('<');
    let platform = PlatformText {
        subject: Some(subject),
        text: (!is_html).then_some(body),
        html: is_html.then_some(body),
        at: received_at(),
        is_automatic: subject.len() % 2 == 1,
    };
    check(&understand_text(&platform), received_at());
});
