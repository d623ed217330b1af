//! What falls due by itself: a silence, a return, a follow-up, the end of a sequence. Pure.
//!
//! Which event a contact gives rise to, and at which time, follows from the contact and never from when somebody looks: two who look
//! find the same event, and one who looks ten days late finds the one that was due ten days ago. The fold checks the event's condition
//! at the event's own time, so a message that was told late undoes what it refutes.

use super::contact::{Contact, Position};
use super::event::{Event, EventData, Facts, FinishedBy, Profile, Source};
use super::follow_up::Spans;
use super::identity::platform_key;
use super::ids::ContactKey;
use super::stage::{Stage, options};
use super::zone::Zone;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

options!(
    /// What can fall due, by the names of its jobs.
    Due {
        WentSilent => "went_silent",
        ReturnDue => "return_due",
        FollowUpDue => "follow_up_due",
        SequenceFinished => "sequence_finished",
    }
);

/// The event that has fallen due for a contact by `now`; none where there is none (yet).
pub fn event(
    due: Due,
    key: &ContactKey,
    contact_id: Uuid,
    contact: &Contact,
    spans: &Spans,
    now: DateTime<Utc>,
) -> Option<Event> {
    let zone = spans.zones.of(&key.client_id);
    let id = contact_id.to_string();
    let (occurred_at, data, facts) = match due {
        Due::WentSilent => {
            let since = silent_since(contact)?;
            (over(since, spans.silence_days)?, EventData::WentSilent {}, vec![instant(Some(since))])
        }
        Due::ReturnDue => {
            let date = contact.follow_up_date.filter(|_| contact.stage == Stage::OutOfOffice)?;
            let absence = instant(contact.stage_since);
            (on(contact, zone, date), EventData::ReturnDue {}, vec![date.to_string(), begin(zone, date), absence])
        }
        Due::FollowUpDue => {
            let date = follow_up(contact)?;
            (on(contact, zone, date), EventData::FollowUpDue {}, vec![date.to_string(), begin(zone, date)])
        }
        Due::SequenceFinished => {
            let since = unsent_since(contact)?;
            let campaign = contact.current_campaign.clone();
            let name = campaign.as_ref().map_or("-", |campaign| campaign.as_str()).to_owned();
            let data = EventData::SequenceFinished { campaign, finished_by: FinishedBy::NoFurtherMail };
            (over(since, spans.sequence_silence_days)?, data, vec![name, instant(Some(since))])
        }
    };
    if occurred_at > now {
        return None;
    }
    let parts: Vec<&str> = std::iter::once(id.as_str()).chain(facts.iter().map(String::as_str)).collect();
    Some(Event {
        client_id: key.client_id.clone(),
        email: key.email.clone(),
        source: Source::Scheduler,
        dedupe_key: platform_key(data.kind(), "scheduler", &parts),
        facts: Facts { occurred_at, time_known: true, profile: Profile::default(), data },
        lineage: Vec::new(),
    })
}

/// The follow-up date of which it is still to be told that it has come. An absent contact is waited for, and the day of a meeting is no
/// follow-up.
pub fn follow_up(contact: &Contact) -> Option<NaiveDate> {
    let is_the_meetings = contact.stage == Stage::MeetingBooked && contact.follow_up_reason.is_none();
    contact
        .follow_up_date
        .filter(|date| contact.follow_up_told != Some(*date) && contact.stage != Stage::OutOfOffice && !is_the_meetings)
}

/// Since when an interested contact owes us an answer: our last message, a meeting after it, or when it became interested.
fn silent_since(contact: &Contact) -> Option<DateTime<Utc>> {
    let is_ours = contact.last_reply_at.is_some() && contact.last_contact_at > contact.last_reply_at;
    let last = contact.last_contact_at.filter(|_| contact.stage == Stage::Interested && is_ours)?;
    Some(last.max(contact.last_touch_at.unwrap_or(last)).max(contact.stage_since.unwrap_or(last)))
}

/// Since when a running sequence sends nothing: the last mail, or when it was begun or resumed. A paused one is waited for.
fn unsent_since(contact: &Contact) -> Option<DateTime<Utc>> {
    let last = contact.last_campaign_mail_at.filter(|_| contact.stage == Stage::InSequence)?;
    Some(last.max(contact.last_contact_at.unwrap_or(last)).max(contact.stage_since.unwrap_or(last)))
}

/// The first instant at which more than so many days have gone by.
fn over(since: DateTime<Utc>, days: u32) -> Option<DateTime<Utc>> {
    since.checked_add_days(Days::new(u64::from(days)))?.checked_add_signed(TimeDelta::microseconds(1))
}

/// When a day begins in the client's zone; where the date was set later than that, right after all that is known.
fn on(contact: &Contact, zone: Zone, date: NaiveDate) -> DateTime<Utc> {
    let begin = zone.begin(date);
    match &contact.applied_until {
        Some(Position(until, ..)) if *until >= begin => *until + TimeDelta::microseconds(1),
        Some(_) | None => begin,
    }
}

/// Of a client whose zone is set anew a day begins at another time: what was told by the old zone may not hold by the new one, and
/// is then told again instead of never.
fn begin(zone: Zone, date: NaiveDate) -> String {
    instant(Some(zone.begin(date)))
}

fn instant(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.timestamp_micros().to_string())
}

#[cfg(test)]
mod tests;
