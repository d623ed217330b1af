//! Where work goes outside, and whether it goes there now.

use super::answer::{Answer, Problem};
use super::query::Params;
use super::{Api, Caller, admin};
use crate::store::destinations::DestinationView;
use serde::Serialize;

#[derive(Serialize)]
struct Destinations {
    destinations: Vec<DestinationView>,
}

/// `GET /destinations`: accounts serve several clients, so only the administrator sees them.
pub(super) async fn list(api: &Api, caller: &Caller, params: Params) -> Result<Answer, Problem> {
    params.finish()?;
    admin(caller)?;
    let destinations = api.store.destinations(&api.config.notification_targets(), (api.now)()).await?;
    Answer::json(&Destinations { destinations })
}
