//! Outside services: reached or not, by which clock they live, and what their own answers mean.

use super::{Code, Finding};
use std::time::Duration;

/// Signatures and tokens bear this much.
const SKEW_MS_MAX: i64 = 30_000;
const DRIFT_MS_MAX: i64 = 5_000;

/// Why a service could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No answer at all; the text says where it broke off.
    Unreachable(String),
    /// An answer, but no TLS that holds.
    Tls(String),
    /// An answer that says no: the key, a right, the plan.
    Denied(String),
    /// An answer that says that what was named is not there.
    Unknown(String),
    /// An answer that says "later".
    Busy(String),
}

/// The codes of one service's refusals.
#[derive(Debug, Clone, Copy)]
pub struct Codes {
    pub denied: Code,
    pub unknown: Code,
}

/// What a service's trouble means, at this key. `to_do` for what it denies or does not know.
pub fn trouble(trouble: &Trouble, codes: Codes, at: &str, to_do: &str) -> Finding {
    match trouble {
        Trouble::Unreachable(what) => Finding::new(
            Code::ServiceUnreachable,
            at,
            format!("it can't be reached: {what}"),
            "check the address, and that this machine's firewall and name service let it out",
        ),
        Trouble::Tls(what) => Finding::new(
            Code::ServiceTls,
            at,
            format!("no TLS that holds: {what}"),
            "check the address; is a proxy in between, a certificate out of date, this machine's clock wrong?",
        ),
        Trouble::Denied(what) => Finding::new(codes.denied, at, what, to_do),
        Trouble::Unknown(what) => Finding::new(codes.unknown, at, what, to_do),
        Trouble::Busy(what) => Finding::new(
            Code::ServiceBusy,
            at,
            format!("it could not be looked at now: {what}"),
            "run the doctor again in a few minutes",
        ),
    }
}

/// The clocks of services before ours, each with the key of its address. One that is wrong by itself blames nobody: ours is at fault
/// where none of them agrees with it.
pub fn clocks(ahead_ms: &[(String, i64)]) -> Option<Finding> {
    let (at, nearest) = ahead_ms.iter().min_by_key(|(_, ms)| ms.abs())?;
    let side = if *nearest < 0 { "behind" } else { "ahead of" };
    let what = format!("the nearest clock of {} outside services is {} ms {side} ours", ahead_ms.len(), nearest.abs());
    let code = match nearest.abs() {
        ms if ms > SKEW_MS_MAX => Code::ClockServices,
        ms if ms > DRIFT_MS_MAX => Code::ClockDrift,
        _ => return Some(Finding::well(Code::ClockWell, at, what)),
    };
    Some(Finding::new(code, at, what, "set this machine's clock by NTP (chrony, systemd-timesyncd)"))
}

/// What was not looked at to its end.
pub fn unfinished(at: &str, most: Duration) -> Finding {
    let what = format!("it was not looked at to its end within {} seconds", most.as_secs());
    Finding::new(Code::ServiceUnfinished, at, what, "`sales-engine doctor` on the command line takes more time")
}

/// What could be looked at only by asking.
pub fn skipped(at: &str) -> Finding {
    Finding::well(Code::ServiceSkipped, at, "not asked (--offline)")
}

pub fn absent(at: &str, what: &str) -> Finding {
    Finding::well(Code::ServiceAbsent, at, what)
}
