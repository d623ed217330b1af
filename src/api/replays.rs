//! Replay: deliveries that are kept, read again. A rehearsal unless said otherwise.

use super::answer::{Answer, Problem};
use super::query::{Cursor, Params, no_such_place, time};
use super::{Api, Caller};
use crate::domain::event::Source;
use crate::engine::rows::{Outcome, TriggerType};
use crate::intake::ApplyError;
use crate::replay::{Desk, Plan, Report, replay};
use crate::store::views::DeliverySelection;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const REPLAY: &str = "replay";
/// Deliveries of one call; the next one goes on where it ended.
const DELIVERIES_MAX: u64 = 1_000;
const IDS_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wish {
    ids: Vec<Uuid>,
    outcome: Option<Outcome>,
    source: Option<Source>,
    client: Option<String>,
    since: Option<String>,
    until: Option<String>,
    dry_run: bool,
    #[serde(deserialize_with = "super::query::whole")]
    limit: u64,
    cursor: Option<String>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            ids: Vec::new(),
            outcome: None,
            source: None,
            client: None,
            since: None,
            until: None,
            dry_run: true,
            limit: DELIVERIES_MAX,
            cursor: None,
        }
    }
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    report: Report,
    next: Option<String>,
}

/// `POST /replay`
pub(super) async fn run(api: &Api, caller: &Caller, params: Params, body: &[u8]) -> Result<Answer, Problem> {
    params.finish()?;
    let wish: Wish = super::events::json(body)?;
    if !(1..=DELIVERIES_MAX).contains(&wish.limit) {
        return Err(Problem::new(400, format!("`limit` must be a number from 1 to {DELIVERIES_MAX}")));
    }
    if wish.ids.len() > IDS_MAX {
        return Err(Problem::new(400, format!("`ids` must hold {IDS_MAX} at most")));
    }
    let after = match &wish.cursor {
        Some(text) => Some(Cursor::parse(REPLAY, text).ok_or_else(no_such_place)?),
        None => None,
    };
    let selection = DeliverySelection {
        client: api.client(caller, wish.client.as_deref())?,
        ids: wish.ids,
        outcome: wish.outcome,
        source: wish.source,
        since: instant("since", wish.since.as_deref())?,
        until: instant("until", wish.until.as_deref())?,
    };
    let plan = Plan {
        selection,
        after: after.map(|cursor| (cursor.at, cursor.id)),
        until: None,
        deliveries_max: Some(wish.limit),
        dry_run: wish.dry_run,
    };
    let Ok(_turn) = api.replaying.try_acquire() else {
        return Err(Problem::new(503, "another replay is under way, try again shortly"));
    };
    let desk = Desk {
        store: &api.store,
        config: &api.config,
        now: &api.now,
        trigger: TriggerType::ApiCall,
        tasks_wake: api.tasks_wake.as_deref(),
    };
    let mut report = replay(desk, &plan).await.map_err(problem)?;
    let next = report.next.take();
    let next = next.map(|place| Cursor { at: place.received_at, id: place.delivery_id }.text(REPLAY));
    Answer::json(&Shown { report, next })
}

fn instant(name: &str, text: Option<&str>) -> Result<Option<DateTime<Utc>>, Problem> {
    match text {
        Some(text) => match time(text) {
            Some(time) => Ok(Some(time)),
            None => Err(Problem::new(400, format!("`{name}` must be a time like 2026-11-20T12:00:00Z"))),
        },
        None => Ok(None),
    }
}

fn problem(error: ApplyError) -> Problem {
    match error {
        ApplyError::Store(error) => error.into(),
        ApplyError::Panicked => Problem::new(500, ApplyError::Panicked.to_string()),
    }
}
