//! Follow-up dates: when a contact is to be looked at again, and why.

use super::contact::Contact;
use super::event::{EventData, FollowUpReason, Meeting};
use super::stage::Stage;
use super::zone::{Zone, Zones};
use chrono::{Days, Months, NaiveDate};

/// The spans of SPEC 3, configurable, and in whose days they are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spans {
    pub re_engagement_months: u32,
    pub out_of_office_days: u32,
    pub no_show_days: u32,
    /// How long an interested contact may leave our last message unanswered.
    pub silence_days: u32,
    /// How long no further mail must come before a sequence is taken as finished.
    pub sequence_silence_days: u32,
    pub zones: Zones,
}

impl Default for Spans {
    fn default() -> Self {
        Self {
            re_engagement_months: 3,
            out_of_office_days: 7,
            no_show_days: 1,
            silence_days: 5,
            sequence_silence_days: 14,
            zones: Zones::default(),
        }
    }
}

/// A day, and the zone whose day it is.
#[derive(Debug, Clone, Copy)]
pub struct Today {
    pub day: NaiveDate,
    pub zone: Zone,
}

/// Sets the follow-up that goes with arriving at (or being confirmed in) a stage on a day.
pub fn follow_move(contact: &mut Contact, from: Stage, data: &EventData, today: Today, spans: &Spans) {
    use FollowUpReason as R;
    let day = today.day;
    let (date, reason) = match contact.stage {
        Stage::NoReply | Stage::NotInterested => {
            (months_on(day, spans.re_engagement_months), Some(R::NotInterestedReEngagement))
        }
        Stage::OutOfOffice => (return_date(data, day, spans), Some(R::OutOfOfficeReturn)),
        Stage::NoShow => (days_on(day, spans.no_show_days), Some(R::MeetingNoShow)),
        Stage::Ghosted => (Some(day), Some(R::GhostedFollowUp)),
        Stage::MeetingBooked => (meeting_date(contact, today), None),
        Stage::Interested | Stage::Won | Stage::DoNotContact => (None, None),
        Stage::New | Stage::InSequence | Stage::SequencePaused | Stage::Bounced | Stage::Declined => {
            if from == contact.stage || is_by_hand(contact.follow_up_reason) {
                return;
            }
            (None, None)
        }
    };
    contact.follow_up_date = date;
    contact.follow_up_reason = reason;
}

/// The day of the booked meeting, never before today.
pub fn meeting_date(contact: &Contact, today: Today) -> Option<NaiveDate> {
    contact.meeting_at.map(|at| today.zone.day(at).max(today.day))
}

/// The return date of an absence: as told where that is not past, else the configured span on.
pub fn return_date(data: &EventData, day: NaiveDate, spans: &Spans) -> Option<NaiveDate> {
    let told = match data {
        EventData::ReplyReceived { return_date, .. } | EventData::ReplyClassified { return_date, .. } => *return_date,
        any!(EventData: ContactAdded EmailSent SequenceFinished SequencePaused SequenceResumed EmailBounced
            Unsubscribed EmailOpened LinkClicked MessageLogged MeetingBooked MeetingRescheduled MeetingCancelled
            MeetingCompleted MeetingNoShow MeetingNoShowWithdrawn DealWon DealDeclined FollowUpSet ChangedOutside
            WentSilent ReturnDue FollowUpDue Erased) => None,
    };
    told.filter(|date| *date >= day).or_else(|| days_on(day, spans.out_of_office_days))
}

/// The meeting that an event is about.
pub fn meeting_of(data: &EventData) -> Option<&Meeting> {
    match data {
        EventData::MeetingBooked { meeting }
        | EventData::MeetingRescheduled { meeting }
        | EventData::MeetingCancelled { meeting }
        | EventData::MeetingCompleted { meeting }
        | EventData::MeetingNoShow { meeting }
        | EventData::MeetingNoShowWithdrawn { meeting } => Some(meeting),
        any!(EventData: ContactAdded EmailSent SequenceFinished SequencePaused SequenceResumed ReplyReceived
            ReplyClassified EmailBounced Unsubscribed EmailOpened LinkClicked MessageLogged DealWon DealDeclined
            FollowUpSet ChangedOutside WentSilent ReturnDue FollowUpDue Erased) => None,
    }
}

/// A date that a person asked for outlives a move to a stage without a rule of its own.
const fn is_by_hand(reason: Option<FollowUpReason>) -> bool {
    match reason {
        Some(FollowUpReason::LeadRequested | FollowUpReason::Custom) => true,
        Some(
            FollowUpReason::GhostedFollowUp
            | FollowUpReason::OutOfOfficeReturn
            | FollowUpReason::NotInterestedReEngagement
            | FollowUpReason::MeetingNoShow,
        )
        | None => false,
    }
}

fn months_on(day: NaiveDate, months: u32) -> Option<NaiveDate> {
    day.checked_add_months(Months::new(months))
}

fn days_on(day: NaiveDate, days: u32) -> Option<NaiveDate> {
    day.checked_add_days(Days::new(u64::from(days)))
}
