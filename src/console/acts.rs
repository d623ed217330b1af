//! What an operator may say of a contact: events like all others, which the fold judges by the same rules.

use crate::domain::event::{Event, EventData, Facts, FollowUpReason, Meeting, Platform, Profile, Source};
use crate::domain::identity::platform_key;
use crate::domain::ids::ContactKey;
use crate::domain::intent::Intent;
use crate::domain::stage::options;
use chrono::{DateTime, NaiveDate, Utc};

options!(
    /// Something that happened outside and that nobody else reports.
    Act {
        Interested => "interested",
        NotInterested => "not_interested",
        MeetingBooked => "meeting_booked",
        MeetingCompleted => "meeting_completed",
        MeetingCancelled => "meeting_cancelled",
        MeetingNoShow => "meeting_no_show",
        SequencePaused => "sequence_paused",
        SequenceResumed => "sequence_resumed",
        DealWon => "deal_won",
        DealDeclined => "deal_declined",
        Unsubscribed => "unsubscribed",
    }
);

impl Act {
    /// As the form offers it.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Interested => "They are interested",
            Self::NotInterested => "They are not interested",
            Self::MeetingBooked => "A meeting is booked",
            Self::MeetingCompleted => "The meeting took place",
            Self::MeetingCancelled => "The meeting is cancelled",
            Self::MeetingNoShow => "They missed the meeting",
            Self::SequencePaused => "The sequence is paused",
            Self::SequenceResumed => "The sequence goes on",
            Self::DealWon => "The deal is won",
            Self::DealDeclined => "The deal is declined",
            Self::Unsubscribed => "They asked not to be contacted (for good)",
        }
    }

    pub(super) fn data(self, meeting_at: Option<DateTime<Utc>>) -> EventData {
        let classified = |intent| EventData::ReplyClassified {
            intent,
            sentiment: None,
            decided_by: "operator".to_owned(),
            requires_action: false,
            return_date: None,
            about: None,
        };
        let meeting = || Meeting { starts_at: meeting_at, ..Meeting::on(Platform::N8nChat) };
        match self {
            Self::Interested => classified(Intent::InterestedReadyToTalk),
            Self::NotInterested => classified(Intent::NotInterested),
            Self::MeetingBooked => EventData::MeetingBooked { meeting: meeting() },
            Self::MeetingCompleted => EventData::MeetingCompleted { meeting: meeting() },
            Self::MeetingCancelled => EventData::MeetingCancelled { meeting: meeting() },
            Self::MeetingNoShow => EventData::MeetingNoShow { meeting: meeting() },
            Self::SequencePaused => EventData::SequencePaused { campaign: None },
            Self::SequenceResumed => EventData::SequenceResumed { campaign: None },
            Self::DealWon => EventData::DealWon { client_record: None },
            Self::DealDeclined => EventData::DealDeclined { reason: None },
            Self::Unsubscribed => EventData::Unsubscribed { campaign: None },
        }
    }
}

pub(super) fn follow_up(date: NaiveDate, reason: FollowUpReason) -> EventData {
    EventData::FollowUpSet { date, reason }
}

/// `nonce` is the form's own: the same form sent twice tells one event.
pub(super) fn event(key: &ContactKey, data: EventData, nonce: &str, now: DateTime<Utc>) -> Event {
    Event {
        client_id: key.client_id.clone(),
        email: key.email.clone(),
        source: Source::Operator,
        dedupe_key: platform_key(data.kind(), "console", &[key.email.as_str(), nonce]),
        facts: Facts { occurred_at: now, time_known: true, profile: Profile::default(), data },
        lineage: Vec::new(),
    }
}
