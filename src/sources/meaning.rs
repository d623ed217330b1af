//! What a category or a label means as an event.

use super::settings::Meaning;
use crate::domain::event::{EventData, Meeting, Platform};
use crate::domain::intent::Intent;
use std::collections::BTreeMap;

/// What follows from a category or a label.
#[expect(clippy::large_enum_variant, reason = "made once and taken apart at once")]
pub(super) enum Effect {
    Event(EventData),
    /// About our mailbox, not about the contact.
    SenderProblem,
    Ignored,
}

/// The owner's own names come first; they are compared without case.
pub(super) fn configured(names: &BTreeMap<String, Meaning>, name: &str) -> Option<Meaning> {
    names.iter().find(|(known, _)| known.trim().eq_ignore_ascii_case(name.trim())).map(|(_, meaning)| *meaning)
}

pub(super) fn effect(meaning: Meaning, decided_by: &str, platform: Platform) -> Effect {
    let classified = |intent: Intent, requires_action: bool| {
        Effect::Event(EventData::ReplyClassified {
            intent,
            sentiment: None,
            decided_by: decided_by.to_owned(),
            requires_action,
            return_date: None,
            about: None,
        })
    };
    let meeting = || Meeting::on(platform);
    match meaning {
        Meaning::InterestedReadyToTalk => classified(Intent::InterestedReadyToTalk, false),
        Meaning::InterestedWantsInfo => classified(Intent::InterestedWantsInfo, false),
        Meaning::PricingQuestion => classified(Intent::PricingQuestion, false),
        Meaning::QuestionAboutProduct => classified(Intent::QuestionAboutProduct, false),
        Meaning::ObjectionPrice => classified(Intent::ObjectionPrice, false),
        Meaning::ObjectionTiming => classified(Intent::ObjectionTiming, false),
        Meaning::ObjectionHasSolution => classified(Intent::ObjectionHasSolution, false),
        Meaning::NotInterested => classified(Intent::NotInterested, false),
        Meaning::NotInterestedTiming => classified(Intent::NotInterestedTiming, false),
        // Nobody of interest wrote, yet a person has to find the right one.
        Meaning::WrongPerson => classified(Intent::NotInterested, true),
        Meaning::OutOfOffice => classified(Intent::OutOfOffice, false),
        Meaning::Unsubscribe => classified(Intent::Unsubscribe, false),
        Meaning::Other => classified(Intent::Other, false),
        Meaning::MeetingBooked => Effect::Event(EventData::MeetingBooked { meeting: meeting() }),
        Meaning::MeetingCancelled => Effect::Event(EventData::MeetingCancelled { meeting: meeting() }),
        Meaning::MeetingCompleted => Effect::Event(EventData::MeetingCompleted { meeting: meeting() }),
        Meaning::MeetingNoShow => Effect::Event(EventData::MeetingNoShow { meeting: meeting() }),
        Meaning::DealWon => Effect::Event(EventData::DealWon { client_record: None }),
        Meaning::DealDeclined => Effect::Event(EventData::DealDeclined { reason: None }),
        Meaning::SenderProblem => Effect::SenderProblem,
        Meaning::Ignore => Effect::Ignored,
    }
}
