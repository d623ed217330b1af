//! `gmail.mailbox`: what came since the mailbox was last read, from its stored place in the history on; where that is not known (any
//! more), by a bounded look at all of it.

use super::ASIDE_MAX;
use super::desk::{Desk, Done, Hold};
use super::gate::Stopped;
use super::take::{self, CHUNK, Reason};
use crate::domain::alert::AlertKind;
use crate::engine::rows::LogRow;
use crate::services::google::GoogleError;
use crate::services::google::gmail::{HistoryPage, MessageRef, UNITS_HISTORY, UNITS_LIST, UNITS_PROFILE};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The first read of a mailbox looks back so far.
const FIRST_MS: i64 = 86_400_000;
/// What was accepted so long before the last read may have been listed after it.
const MARGIN_MS: i64 = 86_400_000;
/// Pages of five hundred messages that a full read looks at.
const FULL_PAGES_MAX: u32 = 20;
/// After so long the others come first, if they wait.
const TURN_MS_MAX: i64 = 60_000;
/// A push may come before the history shows what it is about: when to look again.
const AGAIN_MS: [i64; 3] = [1_000, 4_000, 15_000];
/// Where a quiet mailbox was so long ago is behind everything that may still be late.
const QUIET_MS: i64 = 600_000;
/// A history that is gone again so soon is something else than an old one.
const ANEW_MS_MIN: i64 = 600_000;
const SEEN_MAX: usize = 10_000;
const CALLED_BACK_MAX: u32 = 200;

/// A full read under way: where the history is followed from when it is done, and how far it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FullRead {
    history_id: u64,
    /// Seconds since 1970: nothing that is older is looked at.
    after: i64,
    pages: u32,
    /// Messages of the page that are done.
    done: usize,
    page: Option<String>,
    because: Because,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Because {
    First,
    HistoryGone,
}

/// How far a part of the work came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    ToTheEnd,
    /// Its time is over, or the service stops.
    PartOfTheWay,
}

pub(super) async fn work(desk: &Desk, hold: &Hold<'_>) -> Result<Done, Stopped> {
    let now = desk.now();
    let (client_id, address) = (&desk.mailbox.client_id, &desk.mailbox.address);
    let mut logs = Vec::new();
    let at_once = |logs| Ok(Done { again_at: desk.now(), logs });
    let place = match place(desk).await? {
        Some(place) => place,
        None => match full_read(desk, hold, &mut logs).await? {
            Some(place) => place,
            None => return at_once(logs),
        },
    };
    let again_ms = match follow(desk, hold, place).await {
        Ok(Some(again_ms)) => again_ms,
        Ok(None) => return at_once(logs),
        Err(stopped @ Stopped::Google(GoogleError::HistoryGone)) => {
            let before = desk.memory().read_anew_at.replace(now);
            if before.is_some_and(|before| now - before < TimeDelta::milliseconds(ANEW_MS_MIN)) {
                return Err(stopped);
            }
            tracing::warn!(client = %client_id, "a mailbox's history is gone; it is read anew");
            full_read(desk, hold, &mut logs).await?;
            return at_once(logs);
        }
        Err(stopped) => return Err(stopped),
    };
    if called_back(desk, hold).await? == Came::PartOfTheWay {
        return at_once(logs);
    }
    desk.store.bound_aside(client_id, address, ASIDE_MAX).await?;
    let again_ms = again_ms.unwrap_or(desk.mailbox.poll_ms).min(desk.mailbox.poll_ms);
    Ok(Done { again_at: desk.now() + TimeDelta::milliseconds(again_ms), logs })
}

/// Where the history was read to, and when.
#[derive(Debug, Clone, Copy)]
struct Place {
    history_id: u64,
    read_at: DateTime<Utc>,
}

/// None where it was never read, or is being read anew.
async fn place(desk: &Desk) -> Result<Option<Place>, Stopped> {
    if desk.store.cursor(&desk.cursor_name("full")).await?.is_some() {
        return Ok(None);
    }
    let known = desk.store.cursor(&desk.cursor_name("history")).await?;
    Ok(known.and_then(|(id, read_at)| Some(Place { history_id: id.parse().ok()?, read_at })))
}

/// Reads the history from a place on, page by page; the place follows what is durable, and never what may still be late. When to look
/// again, where there is a reason to do so soon; nothing where more is there.
async fn follow(desk: &Desk, hold: &Hold<'_>, place: Place) -> Result<Option<Option<i64>>, Stopped> {
    let name = desk.cursor_name("history");
    let mut page_token: Option<String> = None;
    let mut last = place.history_id;
    let mut count = 0;
    // One message may be told as added on several pages; it is paid for once.
    let mut seen: HashSet<String> = HashSet::new();
    let mailbox_is_at = loop {
        desk.gate.enter(UNITS_HISTORY).await?;
        let listed = desk.gmail().history(place.history_id, page_token.as_deref(), None).await;
        let HistoryPage { added, records, next_page, history_id } = desk.gate.leave(listed).await?;
        count += added.len();
        let mut until = 0;
        for chunk in added.chunks(CHUNK) {
            if seen.len() > SEEN_MAX {
                seen.clear();
            }
            let unseen: Vec<MessageRef> =
                chunk.iter().filter(|message| seen.insert(message.id.clone())).cloned().collect();
            take::chunk(desk, hold, &unseen, Reason::Listed).await?;
            until += chunk.len();
            // Only a record that is done with all its messages is behind us.
            if let Some(done) = behind(&records, until, next_page.is_none()).filter(|done| *done > last) {
                last = done;
                desk.store.advance_cursor(&name, last, place.read_at).await?;
            }
            let is_more = until < added.len() || next_page.is_some();
            if is_more && (hold.stop.is_cancelled() || (last > place.history_id && is_over(desk, hold))) {
                return Ok(None);
            }
        }
        match next_page {
            Some(next) => page_token = Some(next),
            None => break history_id,
        }
    };
    let again_ms = settle_place(desk, hold, mailbox_is_at, last, count > 0).await?;
    Ok(Some(again_ms))
}

/// The id of the last record of which every message stands before `until`.
fn behind(records: &[u64], until: usize, is_last_page: bool) -> Option<u64> {
    let done = records.get(until.checked_sub(1)?)?;
    match records.get(until) {
        Some(next) if next > done => Some(*done),
        // It goes on in the next chunk.
        Some(_) => records.iter().take(until).rfind(|record| *record < done).copied(),
        None if is_last_page => Some(*done),
        // It may go on in the next page.
        None => records.iter().take(until).rfind(|record| *record < done).copied(),
    }
}

/// Says that everything up to now was listed. Where nothing new was, the place moves to where the mailbox was ten minutes ago: a record
/// may show later than the id it has, and what is older than a week is forgotten.
async fn settle_place(
    desk: &Desk,
    hold: &Hold<'_>,
    mailbox_is_at: u64,
    last: u64,
    was_something_new: bool,
) -> Result<Option<i64>, Stopped> {
    let now = desk.now();
    let (mut place, mut again_ms) = (last, None);
    {
        let mut memory = desk.memory();
        let pushed = hold.task.payload.get("history_id").and_then(serde_json::Value::as_u64);
        if was_something_new {
            (memory.quiet, memory.unexplained) = (None, None);
        } else {
            match memory.quiet {
                Some((id, at)) if now - at >= TimeDelta::milliseconds(QUIET_MS) => {
                    place = place.max(id);
                    memory.quiet = Some((mailbox_is_at, now));
                }
                Some(_) => {}
                None => memory.quiet = Some((mailbox_is_at, now)),
            }
            if let Some(pushed) = pushed.filter(|pushed| *pushed > place) {
                let looks = match memory.unexplained {
                    Some((known, looks)) if known == pushed => looks,
                    Some(_) | None => 0,
                };
                again_ms = usize::try_from(looks).ok().and_then(|looks| AGAIN_MS.get(looks)).copied();
                memory.unexplained = Some((pushed, looks.saturating_add(1)));
            }
        }
    }
    desk.store.advance_cursor(&desk.cursor_name("history"), place, hold.started).await?;
    Ok(again_ms)
}

fn is_over(desk: &Desk, hold: &Hold<'_>) -> bool {
    hold.stop.is_cancelled() || desk.now() - hold.started >= TimeDelta::milliseconds(TURN_MS_MAX)
}

/// Looks at all mail since the last read, or begins to: the mailbox's place first, so that what comes meanwhile is in the history from
/// there on. The place, when it is done.
async fn full_read(desk: &Desk, hold: &Hold<'_>, logs: &mut Vec<LogRow>) -> Result<Option<Place>, Stopped> {
    let name = desk.cursor_name("full");
    let under_way = desk.store.cursor(&name).await?.and_then(|(text, _)| serde_json::from_str(&text).ok());
    let mut full: FullRead = if let Some(full) = under_way {
        full
    } else {
        let full = begin(desk).await?;
        keep(desk, &name, &full).await?;
        full
    };
    loop {
        desk.gate.enter(UNITS_LIST).await?;
        let query = format!("after:{} -in:drafts -in:chats", full.after);
        let listed = desk.gmail().list(&query, full.page.as_deref()).await;
        let page = match desk.gate.leave(listed).await {
            // A page's name that is not known any more: from the newest on again, which changes nothing twice.
            Err(Stopped::Google(GoogleError::Unexpected { status: 400, .. })) if full.page.is_some() => {
                (full.page, full.pages, full.done) = (None, 0, 0);
                keep(desk, &name, &full).await?;
                continue;
            }
            result => result?,
        };
        let rest: Vec<MessageRef> = page.messages.into_iter().skip(full.done).collect();
        for chunk in rest.chunks(CHUNK) {
            take::chunk(desk, hold, chunk, Reason::Listed).await?;
            full.done += chunk.len();
            keep(desk, &name, &full).await?;
            if is_over(desk, hold) {
                return Ok(None);
            }
        }
        full.pages += 1;
        if full.pages >= FULL_PAGES_MAX && page.next_page.is_some() {
            let text = format!(
                "{} was read anew, and only its newest {} mails were looked at",
                desk.mailbox.address,
                FULL_PAGES_MAX * 500
            );
            logs.push(desk.alert_once(AlertKind::ItemNotTaken, &["full", &full.history_id.to_string()], &text));
        }
        full.page = page.next_page.filter(|_| full.pages < FULL_PAGES_MAX);
        full.done = 0;
        if full.page.is_none() {
            break;
        }
        keep(desk, &name, &full).await?;
    }
    finish(desk, hold, &full).await.map(Some)
}

async fn begin(desk: &Desk) -> Result<FullRead, Stopped> {
    let now = desk.now();
    desk.gate.enter(UNITS_PROFILE).await?;
    let profile = desk.gate.leave(desk.gmail().profile().await).await?;
    let (since, because) = match desk.store.cursor(&desk.cursor_name("history")).await? {
        None => (now - TimeDelta::milliseconds(FIRST_MS), Because::First),
        Some((_, read_at)) => {
            let earliest = now - TimeDelta::days(i64::from(desk.mailbox.full_sync_days));
            (earliest.max(read_at - TimeDelta::milliseconds(MARGIN_MS)), Because::HistoryGone)
        }
    };
    let (history_id, after) = (profile.history_id, since.timestamp());
    Ok(FullRead { history_id, after, pages: 0, done: 0, page: None, because })
}

async fn keep(desk: &Desk, name: &str, full: &FullRead) -> Result<(), Stopped> {
    let text = serde_json::to_string(full).unwrap_or_default();
    Ok(desk.store.set_cursor(name, Some(&text), desk.now()).await?)
}

async fn finish(desk: &Desk, hold: &Hold<'_>, full: &FullRead) -> Result<Place, Stopped> {
    let history = desk.cursor_name("history");
    let known = desk.store.cursor(&history).await?.and_then(|(id, _)| id.parse::<u64>().ok());
    // A mailbox that was deleted and made anew counts from the beginning: its old place lies ahead of it for ever.
    if full.because == Because::HistoryGone && known.is_some_and(|known| known > full.history_id) {
        desk.store.set_cursor(&history, None, desk.now()).await?;
    }
    desk.store.advance_cursor(&history, full.history_id, hold.started).await?;
    desk.store.set_cursor(&desk.cursor_name("full"), None, desk.now()).await?;
    Ok(Place { history_id: full.history_id, read_at: hold.started })
}

/// Mail that was set aside and could belong to what has come since.
async fn called_back(desk: &Desk, hold: &Hold<'_>) -> Result<Came, Stopped> {
    let (client_id, address) = (&desk.mailbox.client_id, &desk.mailbox.address);
    let ids = desk.store.called_back(client_id, address, CALLED_BACK_MAX).await?;
    let is_all = ids.len() < usize::try_from(CALLED_BACK_MAX).unwrap_or(usize::MAX);
    let refs: Vec<MessageRef> =
        ids.into_iter().map(|id| MessageRef { id, thread_id: String::new(), label_ids: Vec::new() }).collect();
    for (place, chunk) in refs.chunks(CHUNK).enumerate() {
        take::chunk(desk, hold, chunk, Reason::CalledBack).await?;
        if (place + 1) * CHUNK < refs.len() && is_over(desk, hold) {
            return Ok(Came::PartOfTheWay);
        }
    }
    Ok(if is_all { Came::ToTheEnd } else { Came::PartOfTheWay })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_behind_us_when_all_its_messages_are() {
        let rows = [
            ("nothing done", vec![5, 6], 0, true, None),
            ("the next has another record", vec![5, 6, 7], 2, true, Some(6)),
            ("the record goes on after it", vec![5, 6, 6], 2, true, Some(5)),
            ("the only record goes on", vec![6, 6], 1, true, None),
            ("all of the last page", vec![5, 6, 6], 3, true, Some(6)),
            ("all of a page that is not the last", vec![5, 6, 6], 3, false, Some(5)),
            ("a page of one record that may go on", vec![6], 1, false, None),
        ];
        for (what, records, until, is_last_page, expected) in rows {
            assert_eq!(behind(&records, until, is_last_page), expected, "{what}");
        }
    }
}
