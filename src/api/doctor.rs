//! The doctor of this instance: what it found last, and a look now. For the administrator alone, because it tells of all clients and of
//! the machine.

use super::answer::{Answer, Problem};
use super::query::Params;
use super::{Api, Caller, admin};
use crate::checkup::{Examined, NotNow};
use crate::doctor::Report;
use chrono::SecondsFormat;
use serde::Serialize;

/// As `doctor --json` tells it, with when it was.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    report: &'a Report,
    checked_at: String,
    outside: bool,
}

/// `GET /doctor`
pub(super) fn last(api: &Api, caller: &Caller, params: Params) -> Result<Answer, Problem> {
    params.finish()?;
    admin(caller)?;
    match api.checkup.last() {
        Some(examined) => shown(&examined),
        None if api.checkup.is_under_way() => Err(problem(NotNow::UnderWay)),
        None => Err(Problem::new(404, "nobody has looked since this instance began: POST /api/v1/doctor looks now")),
    }
}

/// `POST /doctor`
pub(super) async fn look(api: &Api, caller: &Caller, mut params: Params) -> Result<Answer, Problem> {
    let offline = params.parsed("offline", "true or false", |text| text.parse().ok())?;
    params.finish()?;
    admin(caller)?;
    let examined = api.checkup.look(!offline.unwrap_or(false)).await.map_err(problem)?;
    shown(&examined)
}

fn shown(examined: &Examined) -> Result<Answer, Problem> {
    let Examined { report, checked_at, outside } = examined;
    let checked_at = checked_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    Answer::json(&Shown { report, checked_at, outside: *outside })
}

fn problem(not_now: NotNow) -> Problem {
    match not_now {
        NotNow::UnderWay => Problem::new(503, not_now.to_string()),
        NotNow::TooSoon { seconds } => Problem::new(429, not_now.to_string()).retry_after_seconds(seconds),
    }
}
