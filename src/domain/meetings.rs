//! The meetings of a contact that are booked: which of several is over, and whether another is still on.

use super::contact::{Contact, OpenMeeting};
use super::event::Meeting;
use chrono::{DateTime, Utc};

/// How many meetings are remembered for a contact; older ones are forgotten first.
const MEETINGS_MAX: usize = 16;

/// Booked or moved: it takes the place of what it replaces.
pub(super) fn book(contact: &mut Contact, meeting: &Meeting) {
    contact.open_meetings.retain(|open| !is_about(meeting, open));
    if let Some(id) = &meeting.external_id {
        remember(contact, OpenMeeting { id: id.clone(), starts_at: meeting.starts_at, missed: false });
    }
    contact.meeting_at = meeting.starts_at;
}

/// Cancelled or held. One without an id is whichever was booked, so nothing is known to be on after it.
pub(super) fn end(contact: &mut Contact, meeting: &Meeting, at: DateTime<Utc>) {
    if meeting.external_id.is_some() {
        contact.open_meetings.retain(|open| !is_about(meeting, open));
    } else {
        contact.open_meetings.clear();
    }
    contact.meeting_at = newest_on(contact, at);
}

/// Missed: it is remembered as such, in case that the mark is taken back.
pub(super) fn miss(contact: &mut Contact, meeting: &Meeting, at: DateTime<Utc>) {
    let starts_at = start_of(contact, meeting);
    end(contact, meeting, at);
    if let Some(id) = &meeting.external_id {
        remember(contact, OpenMeeting { id: id.clone(), starts_at, missed: true });
    }
}

/// The mark of a missed meeting was taken back: it is what it was before. Without an id it is the one that was missed last.
pub(super) fn unmiss(contact: &mut Contact, meeting: &Meeting) {
    let mut starts_at = start_of(contact, meeting);
    let is_it = |open: &OpenMeeting| if meeting.external_id.is_some() { is_about(meeting, open) } else { open.missed };
    if let Some(open) = contact.open_meetings.iter_mut().rev().find(|open| is_it(open)) {
        open.missed = false;
        starts_at = starts_at.or(open.starts_at);
    }
    contact.meeting_at = starts_at;
}

/// Another meeting than this one is booked and has not begun yet. Never where it has no id, because it could be that one.
pub(super) fn is_another_on(contact: &Contact, meeting: &Meeting, at: DateTime<Utc>) -> bool {
    meeting.external_id.is_some()
        && contact.open_meetings.iter().any(|open| !is_about(meeting, open) && is_on(open, at))
}

/// Another meeting is known to have been missed after this one.
pub(super) fn was_another_missed(contact: &Contact, meeting: &Meeting) -> bool {
    let newest = contact.open_meetings.iter().rev().find(|open| open.missed);
    meeting.external_id.is_some() && newest.is_some_and(|newest| !is_about(meeting, newest))
}

/// When it begins, as told or as known from its booking.
pub(super) fn start_of(contact: &Contact, meeting: &Meeting) -> Option<DateTime<Utc>> {
    let known = contact.open_meetings.iter().find(|open| is_about(meeting, open));
    let only_one =
        if contact.open_meetings.is_empty() || meeting.external_id.is_none() { contact.meeting_at } else { None };
    meeting.starts_at.or(known.and_then(|known| known.starts_at)).or(only_one)
}

fn is_about(meeting: &Meeting, open: &OpenMeeting) -> bool {
    [&meeting.external_id, &meeting.replaces].into_iter().any(|id| id.as_deref() == Some(open.id.as_str()))
}

fn is_on(open: &OpenMeeting, at: DateTime<Utc>) -> bool {
    !open.missed && open.starts_at.is_some_and(|starts_at| starts_at > at)
}

fn newest_on(contact: &Contact, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    contact.open_meetings.iter().rev().find(|open| is_on(open, at)).and_then(|open| open.starts_at)
}

fn remember(contact: &mut Contact, meeting: OpenMeeting) {
    contact.open_meetings.push(meeting);
    if contact.open_meetings.len() > MEETINGS_MAX {
        contact.open_meetings.remove(0);
    }
}
