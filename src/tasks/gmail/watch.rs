//! `gmail.watch`: the mailbox tells of changes, and goes on telling. A watch lives seven days; Google advises to renew it daily.

use super::desk::{Desk, Done};
use super::gate::Stopped;
use crate::domain::alert::AlertKind;
use crate::services::google::gmail::UNITS_WATCH;
use chrono::{DateTime, TimeDelta, Utc};

const ROUND_MS: i64 = 86_400_000;
/// What came and what went; the rest is found by looking.
const LABELS: [&str; 2] = ["INBOX", "SENT"];
/// Where nothing is to be watched.
const NEVER_MS: i64 = 30 * 86_400_000;

pub(super) async fn work(desk: &Desk) -> Result<Done, Stopped> {
    let Some(topic) = &desk.mailbox.topic else {
        return Ok(Done { again_at: desk.now() + TimeDelta::milliseconds(NEVER_MS), logs: Vec::new() });
    };
    let name = desk.cursor_name("watch");
    match renew(desk, topic).await {
        Ok(expires_at) => {
            desk.store.set_cursor(&name, Some(&expires_at.to_rfc3339()), desk.now()).await?;
            let round = desk.now() + TimeDelta::milliseconds(ROUND_MS);
            // One that ends sooner is renewed sooner.
            let again_at = round.min(expires_at - TimeDelta::hours(1)).max(desk.now() + TimeDelta::minutes(1));
            Ok(Done { again_at, logs: Vec::new() })
        }
        Err(stopped) => {
            tell_of_lapse(desk, &name).await?;
            Err(stopped)
        }
    }
}

async fn renew(desk: &Desk, topic: &str) -> Result<DateTime<Utc>, Stopped> {
    desk.gate.enter(UNITS_WATCH).await?;
    let watch = desk.gmail().watch(topic, &LABELS.map(str::to_owned)).await;
    Ok(desk.gate.leave(watch).await?.expires_at)
}

async fn tell_of_lapse(desk: &Desk, name: &str) -> Result<(), Stopped> {
    let Some((expired, _)) = desk.store.cursor(name).await? else { return Ok(()) };
    if DateTime::parse_from_rfc3339(&expired).is_ok_and(|expired| expired <= desk.now()) {
        let address = &desk.mailbox.address;
        let text = format!("Gmail's watch of {address} has lapsed: until it is renewed the mailbox is only polled");
        let row = desk.alert_once(AlertKind::WatchLapsed, &["lapsed", &expired], &text);
        desk.store.want(Vec::new(), vec![row]).await?;
    }
    Ok(())
}
