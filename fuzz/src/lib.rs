//! The two pure rooms that read mails, taken in as they are: the whole program would take minutes to build with instrumentation.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "only a part of the rooms is called here")]

#[path = "../../src/domain/mod.rs"]
pub mod domain;
#[path = "../../src/mail/mod.rs"]
pub mod mail;

use chrono::{DateTime, FixedOffset};
use mail::Understanding;

/// When the mails of the fuzzer were received.
pub fn received_at() -> DateTime<FixedOffset> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default().fixed_offset()
}

/// What holds of any mail, besides that reading it neither panics nor takes long.
pub fn check(understanding: &Understanding, written_at: DateTime<FixedOffset>) {
    if let Some(known) = understanding.return_date() {
        let days = (known.date - written_at.date_naive()).num_days();
        assert!((0..=400).contains(&days), "a return date {days} days after the mail");
    }
    assert!(understanding.opt_out.is_none() || understanding.intent.is_some(), "an opt-out is an intent");
    assert!(!understanding.because.is_empty(), "a kind without a reason");
}
