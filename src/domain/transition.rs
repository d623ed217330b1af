//! The transition table of SPEC 3: one exhaustive match per decision, no catch-all, so that a new stage or trigger breaks the
//! build at every place where thought is needed.

use super::intent::Reading;
use super::stage::Stage;

/// An event reduced to what decides a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    CampaignMail {
        /// Neither the contact's current campaign nor a past one.
        is_new: bool,
    },
    ManualMail,
    /// Sequence events about the current campaign; about another one they are [`Trigger::OtherSequence`].
    SequenceFinished {
        /// False only where the engine inferred the end and later mail refutes it.
        holds: bool,
    },
    SequencePaused,
    SequenceResumed,
    OtherSequence,
    Reply(Reading),
    /// An automatic reply that is no out-of-office.
    AutomaticReply,
    Classification(Reading),
    Unsubscribed,
    PermanentBounce,
    TransientBounce,
    EmailOpened,
    LinkClicked,
    MessageLogged,
    MeetingBooked,
    MeetingRescheduled,
    MeetingCancelled {
        /// Another meeting is booked and has not begun yet.
        another_is_on: bool,
    },
    MeetingCompleted {
        another_is_on: bool,
    },
    MeetingNoShow {
        another_is_on: bool,
    },
    MeetingNoShowWithdrawn {
        /// False where another meeting was missed since.
        holds: bool,
    },
    DealWon,
    DealDeclined,
    FollowUpSet,
    WentSilent {
        holds: bool,
    },
    ReturnDue {
        holds: bool,
        has_campaign: bool,
    },
    FollowUpDue {
        /// False where the date was moved, or its coming is known already.
        holds: bool,
    },
    ContactAdded,
    /// Another writer set the four columns to a stage, or changed other columns only.
    ChangedOutside {
        to: Option<Stage>,
    },
    Erased,
}

/// What the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// To this stage; it may be the one the contact is in, which is then confirmed.
    Moves(Stage),
    Stays,
    Refused,
}

/// The ruling with the rule it follows, in words for an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub ruling: Ruling,
    pub rule: &'static str,
}

const fn moves(to: Stage, rule: &'static str) -> Decision {
    Decision { ruling: Ruling::Moves(to), rule }
}

const fn stays(rule: &'static str) -> Decision {
    Decision { ruling: Ruling::Stays, rule }
}

const fn refused(rule: &'static str) -> Decision {
    Decision { ruling: Ruling::Refused, rule }
}

/// The table itself.
pub const fn decide(stage: Stage, trigger: Trigger) -> Decision {
    match trigger {
        Trigger::CampaignMail { is_new } => campaign_mail(stage, is_new),
        Trigger::ManualMail => stays("mail written by hand is part of the conversation and moves no stage"),
        Trigger::SequenceFinished { holds: true } => sequence_finished(stage),
        Trigger::SequenceFinished { holds: false } => {
            stays("the sequence was thought finished, but mail came after all")
        }
        Trigger::SequencePaused => sequence_paused(stage),
        Trigger::SequenceResumed => sequence_resumed(stage),
        Trigger::OtherSequence => stays("it concerns a campaign that is not the contact's current one"),
        Trigger::Reply(Reading::Positive) | Trigger::Classification(Reading::Positive) => positive(stage),
        Trigger::Reply(Reading::Negative) | Trigger::Classification(Reading::Negative) => negative(stage),
        Trigger::Reply(Reading::OutOfOffice) | Trigger::Classification(Reading::OutOfOffice) => out_of_office(stage),
        Trigger::Reply(Reading::Unsubscribe)
        | Trigger::Classification(Reading::Unsubscribe)
        | Trigger::Unsubscribed => moves(Stage::DoNotContact, "whoever opts out is never contacted again"),
        Trigger::Reply(Reading::Unclear) => unclear_reply(stage),
        Trigger::Classification(Reading::Unclear) => stays("a classification that is unclear changes nothing"),
        Trigger::AutomaticReply => stays("an automatic reply is no answer of the person"),
        Trigger::PermanentBounce => permanent_bounce(stage),
        Trigger::TransientBounce => stays("a transient bounce is only logged"),
        Trigger::EmailOpened => stays("an open moves no stage"),
        Trigger::LinkClicked => stays("a click moves no stage"),
        Trigger::MessageLogged => stays("a message on another channel moves no stage"),
        Trigger::MeetingBooked => meeting_booked(stage, "a booked meeting"),
        Trigger::MeetingRescheduled => meeting_booked(stage, "a rescheduled meeting counts as booked"),
        Trigger::MeetingCancelled { another_is_on } => {
            meeting_over(stage, another_is_on, "the meeting was cancelled, the interest stays")
        }
        Trigger::MeetingCompleted { another_is_on } => {
            meeting_over(stage, another_is_on, "the meeting took place, the interest stays")
        }
        Trigger::MeetingNoShow { another_is_on } => meeting_no_show(stage, another_is_on),
        Trigger::MeetingNoShowWithdrawn { holds } => meeting_no_show_withdrawn(stage, holds),
        Trigger::DealWon => deal_won(stage),
        Trigger::DealDeclined => deal_declined(stage),
        Trigger::FollowUpSet => stays("a follow-up date moves no stage"),
        Trigger::WentSilent { holds } => went_silent(stage, holds),
        Trigger::ReturnDue { holds, has_campaign } => return_due(stage, holds, has_campaign),
        Trigger::FollowUpDue { holds: true } => stays("a due follow-up moves no stage"),
        Trigger::FollowUpDue { holds: false } => stays("no follow-up was due then: its date was moved or taken away"),
        Trigger::ContactAdded => contact_added(stage),
        Trigger::ChangedOutside { to } => changed_outside(stage, to),
        Trigger::Erased => stays("erasure removes data, it moves no stage"),
    }
}

const NEVER_LEFT: Decision = stays("do_not_contact is never left (rule 3)");
const WON_STAYS: Decision = stays("a won contact stays won");
const STILL_BOOKED: Decision = stays("one meeting is over, but another one is still booked");

const fn campaign_mail(stage: Stage, is_new: bool) -> Decision {
    match stage {
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice) => {
            moves(Stage::InSequence, "campaign mail puts the contact in sequence")
        }
        Stage::NotInterested | Stage::Ghosted | Stage::NoShow | Stage::Declined => {
            if is_new {
                moves(Stage::InSequence, "mail of a campaign that is new to the contact re-opens it")
            } else {
                stays("mail of a campaign the contact already had does not re-open it")
            }
        }
        Stage::Interested | Stage::MeetingBooked | Stage::Won => {
            stays("campaign mail does not move an engaged contact")
        }
        Stage::DoNotContact => NEVER_LEFT,
    }
}

const fn sequence_finished(stage: Stage) -> Decision {
    match stage {
        Stage::InSequence | Stage::SequencePaused => moves(Stage::NoReply, "all mails sent, no answer"),
        Stage::DoNotContact => NEVER_LEFT,
        any!(Stage: New NoReply Bounced OutOfOffice Interested MeetingBooked NotInterested Ghosted NoShow Won Declined) => {
            stays("only a running or paused sequence can finish without a reply")
        }
    }
}

const fn sequence_paused(stage: Stage) -> Decision {
    match stage {
        Stage::InSequence => moves(Stage::SequencePaused, "the sequence was paused"),
        Stage::DoNotContact => NEVER_LEFT,
        any!(Stage: New SequencePaused NoReply Bounced OutOfOffice Interested MeetingBooked NotInterested Ghosted
            NoShow Won Declined) => stays("only a running sequence can be paused"),
    }
}

const fn sequence_resumed(stage: Stage) -> Decision {
    match stage {
        Stage::SequencePaused | Stage::OutOfOffice => moves(Stage::InSequence, "the sequence goes on"),
        Stage::DoNotContact => NEVER_LEFT,
        any!(Stage: New InSequence NoReply Bounced Interested MeetingBooked NotInterested Ghosted NoShow Won Declined) => {
            stays("only a paused sequence can be resumed")
        }
    }
}

const fn positive(stage: Stage) -> Decision {
    match stage {
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice Interested NotInterested Ghosted NoShow
            Declined) => moves(Stage::Interested, "a positive reply"),
        Stage::MeetingBooked => stays("a booked meeting says more than a positive reply"),
        Stage::Won => WON_STAYS,
        Stage::DoNotContact => NEVER_LEFT,
    }
}

const fn unclear_reply(stage: Stage) -> Decision {
    match stage {
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice Ghosted NoShow) => {
            moves(Stage::Interested, "a reply whose meaning is unclear: a person looks, a later classification decides")
        }
        Stage::Interested | Stage::MeetingBooked | Stage::NotInterested | Stage::Declined => {
            stays("a reply whose meaning is unclear: a person looks")
        }
        Stage::Won => WON_STAYS,
        Stage::DoNotContact => NEVER_LEFT,
    }
}

const fn negative(stage: Stage) -> Decision {
    match stage {
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice Interested MeetingBooked NotInterested
            Ghosted NoShow Declined) => moves(Stage::NotInterested, "a negative reply"),
        Stage::Won => WON_STAYS,
        Stage::DoNotContact => NEVER_LEFT,
    }
}

const fn out_of_office(stage: Stage) -> Decision {
    match stage {
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice) => {
            moves(Stage::OutOfOffice, "out of office until the return date")
        }
        Stage::Interested | Stage::Ghosted | Stage::NoShow => {
            stays("an absence moves no conversation, only its follow-up date")
        }
        Stage::MeetingBooked | Stage::NotInterested | Stage::Declined => stays("an absence moves no conversation"),
        Stage::Won => WON_STAYS,
        Stage::DoNotContact => NEVER_LEFT,
    }
}

const fn permanent_bounce(stage: Stage) -> Decision {
    match stage {
        any!(Stage: New InSequence SequencePaused NoReply OutOfOffice Bounced) => {
            moves(Stage::Bounced, "the address does not exist any more")
        }
        any!(Stage: Interested MeetingBooked NotInterested Ghosted NoShow Won Declined) => {
            stays("a bounce after a conversation is an alert, no stage")
        }
        Stage::DoNotContact => NEVER_LEFT,
    }
}

const fn meeting_booked(stage: Stage, rule: &'static str) -> Decision {
    match stage {
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice Interested MeetingBooked NotInterested
            Ghosted NoShow Declined) => moves(Stage::MeetingBooked, rule),
        Stage::Won => WON_STAYS,
        Stage::DoNotContact => NEVER_LEFT,
    }
}

const fn changed_outside(stage: Stage, to: Option<Stage>) -> Decision {
    match (stage, to) {
        (_, None) => {
            stays("another writer (in the database or in Airtable) changed the contact's facts, not its stage")
        }
        (Stage::DoNotContact, Some(Stage::DoNotContact)) => NEVER_LEFT,
        (Stage::DoNotContact, Some(_)) => refused("do_not_contact is never left, whoever writes (rule 3)"),
        (_, Some(to)) => moves(
            to,
            "another writer (in the database or in Airtable) set the contact's status; it is the new baseline",
        ),
    }
}

const fn meeting_over(stage: Stage, another_is_on: bool, rule: &'static str) -> Decision {
    match stage {
        Stage::MeetingBooked if another_is_on => STILL_BOOKED,
        Stage::MeetingBooked => moves(Stage::Interested, rule),
        Stage::DoNotContact => NEVER_LEFT,
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice Interested NotInterested Ghosted NoShow
            Won Declined) => stays("no meeting was booked"),
    }
}

const fn meeting_no_show(stage: Stage, another_is_on: bool) -> Decision {
    match stage {
        Stage::MeetingBooked if another_is_on => STILL_BOOKED,
        Stage::MeetingBooked | Stage::Interested | Stage::Ghosted => moves(Stage::NoShow, "the meeting was missed"),
        Stage::DoNotContact => NEVER_LEFT,
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice NotInterested NoShow Won Declined) => {
            stays("a missed meeting counts only where one could be expected")
        }
    }
}

const fn meeting_no_show_withdrawn(stage: Stage, holds: bool) -> Decision {
    match stage {
        Stage::NoShow => {
            if holds {
                moves(Stage::MeetingBooked, "the mark of the missed meeting was taken back: it counts as booked again")
            } else {
                stays("the mark of one missed meeting was taken back, but another one was missed since")
            }
        }
        Stage::DoNotContact => NEVER_LEFT,
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice Interested MeetingBooked NotInterested
            Ghosted Won Declined) => stays("only a contact that missed its meeting can be taken back from it"),
    }
}

const fn deal_won(stage: Stage) -> Decision {
    match stage {
        Stage::DoNotContact => refused("a contact that opted out (do_not_contact) can't become won (rule 3)"),
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice Interested MeetingBooked NotInterested
            Ghosted NoShow Won Declined) => moves(Stage::Won, "the deal was won"),
    }
}

const fn deal_declined(stage: Stage) -> Decision {
    match stage {
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice Interested MeetingBooked NotInterested
            Ghosted NoShow Declined) => moves(Stage::Declined, "the deal was declined"),
        Stage::Won => WON_STAYS,
        Stage::DoNotContact => NEVER_LEFT,
    }
}

const fn went_silent(stage: Stage, holds: bool) -> Decision {
    match stage {
        Stage::Interested => {
            if holds {
                moves(Stage::Ghosted, "no answer to our last message within the span of silence")
            } else {
                stays("the silence that was noticed is refuted by a message")
            }
        }
        Stage::DoNotContact => NEVER_LEFT,
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice MeetingBooked NotInterested Ghosted
            NoShow Won Declined) => stays("only an interested contact can fall silent"),
    }
}

const fn return_due(stage: Stage, holds: bool, has_campaign: bool) -> Decision {
    match stage {
        Stage::OutOfOffice => match (holds, has_campaign) {
            (true, true) => moves(Stage::InSequence, "back from absence, the sequence goes on"),
            (true, false) => moves(Stage::NoReply, "back from absence, no sequence left"),
            (false, true | false) => stays("the return date was moved"),
        },
        Stage::DoNotContact => NEVER_LEFT,
        any!(Stage: New InSequence SequencePaused NoReply Bounced Interested MeetingBooked NotInterested Ghosted
            NoShow Won Declined) => stays("only an absent contact returns"),
    }
}

const fn contact_added(stage: Stage) -> Decision {
    match stage {
        Stage::DoNotContact => refused("the contact opted out (do_not_contact) and is not added to a list again"),
        any!(Stage: New InSequence SequencePaused NoReply Bounced OutOfOffice Interested MeetingBooked NotInterested
            Ghosted NoShow Won Declined) => stays("adding a contact fills empty fields and moves no stage"),
    }
}

#[cfg(test)]
mod tests;
