//! Where work goes outside, and whether it goes there now: by the pauses that all instances share, and by what any of them told of its
//! breaker.

use super::{Store, StoreError};
use crate::domain::stage::options;
use crate::telemetry::Destination;
use chrono::{DateTime, Utc};
use serde::Serialize;

options!(
    /// Why nothing goes to a destination now.
    Halt {
        Breaker => "breaker",
        Paused => "paused",
        Disabled => "disabled",
    }
);

/// A target of notifications as it is configured: its name, and the hash of its address.
pub type Target<'a> = (&'a str, String);

/// What the names of targets begin with, here and where their breakers are kept.
pub const NOTIFY: &str = "notify:";

/// A base, an account, a mailbox, an index, a model or a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DestinationView {
    /// `airtable:{base}`, `gmail:{mailbox}`, `notify:{target}`, and so on.
    pub name: String,
    /// None is called as work comes.
    pub halted: Option<Halt>,
    /// None where a person has to end it.
    pub until: Option<DateTime<Utc>>,
    /// Until when its breaker was open the last time, or is.
    pub breaker_open_until: Option<DateTime<Utc>>,
    /// Requests of the month in which it was last called; none of targets.
    pub calls: Option<Calls>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Calls {
    pub month: String,
    pub count: i64,
}

impl DestinationView {
    /// The service that it is of, as metrics name it.
    pub fn service(&self) -> Option<Destination> {
        Some(match self.name.split(':').next()? {
            "airtable" => Destination::Airtable,
            "smartlead" => Destination::Smartlead,
            "instantly" => Destination::Instantly,
            "gmail" => Destination::Google,
            "pinecone" => Destination::Pinecone,
            "ai" => Destination::Ai,
            "notify" => Destination::Notify,
            _ => return None,
        })
    }
}

impl Store {
    /// All that was ever called, and these targets. The budgets of an hour stand beside those of a second and say no more.
    pub async fn destinations(
        &self,
        targets: &[Target<'_>],
        now: DateTime<Utc>,
    ) -> Result<Vec<DestinationView>, StoreError> {
        let (budgets, breakers, states) = tokio::try_join!(self.budgets(), self.breakers(), self.target_states())?;
        let breaker = |name: &str| breakers.iter().find(|(of, _)| of == name).map(|(_, until)| *until);
        let mut found = Vec::new();
        for budget in budgets.into_iter().filter(|budget| !budget.name.ends_with(":hour")) {
            let calls = Calls { month: budget.month, count: budget.calls };
            let opened = breaker(&budget.name);
            found.push(destination(budget.name, opened, budget.paused_until, Some(calls), now));
        }
        for (target, url_sha256) in targets {
            let name = [NOTIFY, target].concat();
            let state = states.iter().find(|state| state.target == *target);
            let opened = breaker(&name);
            let mut row = destination(name, opened, state.and_then(|state| state.paused_until), None, now);
            // One with another address was not disabled.
            if state.and_then(|state| state.disabled_url_sha256.as_ref()) == Some(url_sha256) {
                (row.halted, row.until) = (Some(Halt::Disabled), None);
            }
            found.push(row);
        }
        Ok(found)
    }
}

fn destination(
    name: String,
    breaker_open_until: Option<DateTime<Utc>>,
    paused_until: Option<DateTime<Utc>>,
    calls: Option<Calls>,
    now: DateTime<Utc>,
) -> DestinationView {
    let open = breaker_open_until.filter(|until| *until > now);
    let paused = paused_until.filter(|until| *until > now);
    let halted = match (open, paused) {
        (Some(_), _) => Some(Halt::Breaker),
        (None, Some(_)) => Some(Halt::Paused),
        (None, None) => None,
    };
    DestinationView { name, halted, until: open.max(paused), breaker_open_until, calls }
}
