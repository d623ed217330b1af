//! What a person decides of a contact, as an event like all others: it takes its place in the order of time, and has its reason in
//! the contact's history.

use crate::domain::event::{Event, EventData, Facts, FollowUpReason, Meeting, Platform, Profile, Source};
use crate::domain::identity::platform_key;
use crate::domain::ids::ContactKey;
use crate::domain::intent::Intent;
use crate::domain::stage::{Stage, options};
use crate::engine::decide::{EventAnswer, Incoming};
use crate::engine::rows::Outcome;
use crate::intake::{ApplyError, Context, apply_through_conflicts};
use crate::store::StoreError;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

options!(
    /// Where a person may move a contact.
    Move {
        Interested => "interested",
        NotInterested => "not_interested",
        OptedOut => "opted_out",
        MeetingBooked => "meeting_booked",
        MeetingCancelled => "meeting_cancelled",
        MeetingCompleted => "meeting_completed",
        NoShow => "no_show",
        SequencePaused => "sequence_paused",
        SequenceResumed => "sequence_resumed",
        Won => "won",
        Declined => "declined",
    }
);

/// What a person may give as the reason of a follow-up; the others are the rules' own.
pub const FOLLOW_UP_REASONS: [FollowUpReason; 2] = [FollowUpReason::LeadRequested, FollowUpReason::Custom];

/// What is wanted of a contact.
#[derive(Debug, Clone)]
pub enum Change {
    /// With the meeting's time where there is one.
    Move {
        to: Move,
        starts_at: Option<DateTime<Utc>>,
    },
    FollowUp {
        date: NaiveDate,
        reason: FollowUpReason,
    },
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("client {} has no contact with this address", .0.client_id)]
    NoContact(Box<ContactKey>),
    #[error("the contact opted out: do_not_contact is never left (rule 3)")]
    NeverLeft,
    #[error("{0} lies in the past; a follow-up is today or later (rule 6)")]
    Past(NaiveDate),
    #[error("refused: {0}")]
    Refused(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
}

/// Does it, or says why not. The answer tells the stage before and after, and the rule. `nonce` is the wish's own: the same wish told
/// twice (a form that is sent again) is one event.
pub async fn change(
    context: &Context<'_>,
    key: &ContactKey,
    change: &Change,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<EventAnswer, ChangeError> {
    let Some(contact) = context.store.contact(key).await? else {
        return Err(ChangeError::NoContact(Box::new(key.clone())));
    };
    if contact.stage == Stage::DoNotContact && !is_opt_out(change) {
        return Err(ChangeError::NeverLeft);
    }
    // Today is the client's day, which may be another one than that of UTC.
    if let Change::FollowUp { date, .. } = change
        && *date < context.rules.spans.zones.of(&key.client_id).day(now)
    {
        return Err(ChangeError::Past(*date));
    }
    let incoming = Incoming::of_events(
        Uuid::new_v4(),
        key.client_id.clone(),
        Source::Operator,
        now,
        vec![event(key, change, nonce, now)],
    );
    let applied = apply_through_conflicts(&[incoming], context).await?;
    let answer = applied.answers.into_iter().flat_map(|answer| answer.events).next();
    match answer {
        Some(answer) if matches!(answer.outcome, Outcome::Applied | Outcome::Duplicate) => Ok(answer),
        Some(answer) => Err(ChangeError::Refused(answer.reason)),
        None => Err(ChangeError::NoContact(Box::new(key.clone()))),
    }
}

fn is_opt_out(change: &Change) -> bool {
    match change {
        Change::Move { to, .. } => *to == Move::OptedOut,
        Change::FollowUp { .. } => false,
    }
}

fn event(key: &ContactKey, change: &Change, nonce: &str, now: DateTime<Utc>) -> Event {
    let data = match change {
        Change::Move { to, starts_at } => data(*to, *starts_at),
        Change::FollowUp { date, reason } => EventData::FollowUpSet { date: *date, reason: *reason },
    };
    Event {
        client_id: key.client_id.clone(),
        email: key.email.clone(),
        source: Source::Operator,
        dedupe_key: platform_key(data.kind(), "operator", &[nonce]),
        facts: Facts { occurred_at: now, time_known: true, profile: Profile::default(), data },
        lineage: Vec::new(),
    }
}

fn data(to: Move, starts_at: Option<DateTime<Utc>>) -> EventData {
    let meeting = || Meeting { starts_at, ..Meeting::on(Platform::PhoneCall) };
    let classified = |intent| EventData::ReplyClassified {
        intent,
        sentiment: None,
        decided_by: "operator".to_owned(),
        requires_action: false,
        return_date: None,
        about: None,
    };
    match to {
        Move::Interested => classified(Intent::InterestedReadyToTalk),
        Move::NotInterested => classified(Intent::NotInterested),
        Move::OptedOut => EventData::Unsubscribed { campaign: None },
        Move::MeetingBooked => EventData::MeetingBooked { meeting: meeting() },
        Move::MeetingCancelled => EventData::MeetingCancelled { meeting: meeting() },
        Move::MeetingCompleted => EventData::MeetingCompleted { meeting: meeting() },
        Move::NoShow => EventData::MeetingNoShow { meeting: meeting() },
        Move::SequencePaused => EventData::SequencePaused { campaign: None },
        Move::SequenceResumed => EventData::SequenceResumed { campaign: None },
        Move::Won => EventData::DealWon { client_record: None },
        Move::Declined => EventData::DealDeclined { reason: None },
    }
}
