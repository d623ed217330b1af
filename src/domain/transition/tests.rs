//! Every stage × every trigger against a table written out by hand from SPEC 3.
//!
//! One row a trigger; the columns are the stages in the order of the matrix. `=` stays, `!` is refused, else the short name of
//! the stage to which it goes (its own name where the SPEC confirms it).

use super::*;

const COLUMNS: [(&str, Stage); 14] = [
    ("new", Stage::New),
    ("seq", Stage::InSequence),
    ("pau", Stage::SequencePaused),
    ("nor", Stage::NoReply),
    ("bou", Stage::Bounced),
    ("ooo", Stage::OutOfOffice),
    ("int", Stage::Interested),
    ("meb", Stage::MeetingBooked),
    ("not", Stage::NotInterested),
    ("gho", Stage::Ghosted),
    ("nos", Stage::NoShow),
    ("dnc", Stage::DoNotContact),
    ("won", Stage::Won),
    ("dec", Stage::Declined),
];

#[rustfmt::skip]
fn table() -> Vec<(&'static str, Trigger, &'static str)> {
    use Trigger as T;
    use Reading as R;
    vec![
    //                                                                          new seq pau nor bou ooo int meb not gho nos dnc won dec
    ("campaign mail, new campaign",     T::CampaignMail { is_new: true },      "seq seq seq seq seq seq =   =   seq seq seq =   =   seq"),
    ("campaign mail, known campaign",   T::CampaignMail { is_new: false },     "seq seq seq seq seq seq =   =   =   =   =   =   =   =  "),
    ("manual mail",                     T::ManualMail,                         "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("sequence finished",               T::SequenceFinished { holds: true },   "=   nor nor =   =   =   =   =   =   =   =   =   =   =  "),
    ("sequence finished, refuted",      T::SequenceFinished { holds: false },  "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("sequence paused",                 T::SequencePaused,                     "=   pau =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("sequence resumed",                T::SequenceResumed,                    "=   =   seq =   =   seq =   =   =   =   =   =   =   =  "),
    ("another campaign's sequence",     T::OtherSequence,                      "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("reply, positive",                 T::Reply(R::Positive),                 "int int int int int int int =   int int int =   =   int"),
    ("reply, unclear",                  T::Reply(R::Unclear),                  "int int int int int int =   =   =   int int =   =   =  "),
    ("reply, negative",                 T::Reply(R::Negative),                 "not not not not not not not not not not not =   =   not"),
    ("reply, out of office",            T::Reply(R::OutOfOffice),              "ooo ooo ooo ooo ooo ooo =   =   =   =   =   =   =   =  "),
    ("reply, opt-out",                  T::Reply(R::Unsubscribe),              "dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc"),
    ("automatic reply",                 T::AutomaticReply,                     "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("classification, positive",        T::Classification(R::Positive),        "int int int int int int int =   int int int =   =   int"),
    ("classification, unclear",         T::Classification(R::Unclear),         "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("classification, negative",        T::Classification(R::Negative),        "not not not not not not not not not not not =   =   not"),
    ("classification, out of office",   T::Classification(R::OutOfOffice),     "ooo ooo ooo ooo ooo ooo =   =   =   =   =   =   =   =  "),
    ("classification, opt-out",         T::Classification(R::Unsubscribe),     "dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc"),
    ("unsubscribed",                    T::Unsubscribed,                       "dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc"),
    ("bounce, permanent",               T::PermanentBounce,                    "bou bou bou bou bou bou =   =   =   =   =   =   =   =  "),
    ("bounce, transient",               T::TransientBounce,                    "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("opened",                          T::EmailOpened,                        "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("clicked",                         T::LinkClicked,                        "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("message logged",                  T::MessageLogged,                      "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("meeting booked",                  T::MeetingBooked,                      "meb meb meb meb meb meb meb meb meb meb meb =   =   meb"),
    ("meeting rescheduled",             T::MeetingRescheduled,                 "meb meb meb meb meb meb meb meb meb meb meb =   =   meb"),
    ("meeting cancelled",               T::MeetingCancelled { another_is_on: false }, "=   =   =   =   =   =   =   int =   =   =   =   =   =  "),
    ("meeting cancelled, another is on",T::MeetingCancelled { another_is_on: true },  "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("meeting completed",               T::MeetingCompleted { another_is_on: false }, "=   =   =   =   =   =   =   int =   =   =   =   =   =  "),
    ("meeting completed, another is on",T::MeetingCompleted { another_is_on: true },  "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("meeting no-show",                 T::MeetingNoShow { another_is_on: false },    "=   =   =   =   =   =   nos nos =   nos =   =   =   =  "),
    ("meeting no-show, another is on",  T::MeetingNoShow { another_is_on: true },     "=   =   =   =   =   =   nos =   =   nos =   =   =   =  "),
    ("no-show taken back",              T::MeetingNoShowWithdrawn { holds: true },    "=   =   =   =   =   =   =   =   =   =   meb =   =   =  "),
    ("no-show taken back, another since",T::MeetingNoShowWithdrawn { holds: false },  "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("deal won",                        T::DealWon,                            "won won won won won won won won won won won !   won won"),
    ("deal declined",                   T::DealDeclined,                       "dec dec dec dec dec dec dec dec dec dec dec =   =   dec"),
    ("follow-up set",                   T::FollowUpSet,                        "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("went silent",                     T::WentSilent { holds: true },         "=   =   =   =   =   =   gho =   =   =   =   =   =   =  "),
    ("went silent, refuted",            T::WentSilent { holds: false },        "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("return due, campaign left",       T::ReturnDue { holds: true, has_campaign: true },   "=   =   =   =   =   seq =   =   =   =   =   =   =   =  "),
    ("return due, no campaign left",    T::ReturnDue { holds: true, has_campaign: false },  "=   =   =   =   =   nor =   =   =   =   =   =   =   =  "),
    ("return due, date moved",          T::ReturnDue { holds: false, has_campaign: true },  "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("return due, moved, no campaign",  T::ReturnDue { holds: false, has_campaign: false }, "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("follow-up due",                   T::FollowUpDue { holds: true },        "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("follow-up due, date moved",       T::FollowUpDue { holds: false },       "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("contact added",                   T::ContactAdded,                       "=   =   =   =   =   =   =   =   =   =   =   !   =   =  "),
    ("another writer, Won",             T::ChangedOutside { to: Some(Stage::Won) },          "won won won won won won won won won won won !   won won"),
    ("another writer, New",             T::ChangedOutside { to: Some(Stage::New) },          "new new new new new new new new new new new !   new new"),
    ("another writer, opt-out",         T::ChangedOutside { to: Some(Stage::DoNotContact) }, "dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc dnc =   dnc dnc"),
    ("another writer, no stage",        T::ChangedOutside { to: None },                      "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ("erased",                          T::Erased,                             "=   =   =   =   =   =   =   =   =   =   =   =   =   =  "),
    ]
}

#[test]
fn every_stage_meets_every_trigger_as_the_spec_says() {
    for (what, trigger, row) in table() {
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(cells.len(), COLUMNS.len(), "{what}: a cell for every stage");
        for ((_, stage), cell) in COLUMNS.iter().zip(cells) {
            let expected = match cell {
                "=" => Ruling::Stays,
                "!" => Ruling::Refused,
                name => Ruling::Moves(COLUMNS.iter().find(|(short, _)| *short == name).unwrap().1),
            };
            let decision = decide(*stage, trigger);
            assert_eq!(decision.ruling, expected, "{what} at {stage}");
            assert!(!decision.rule.is_empty(), "{what} at {stage} has a reason");
        }
    }
}

#[test]
fn do_not_contact_is_never_left() {
    for (what, trigger, _) in table() {
        match decide(Stage::DoNotContact, trigger).ruling {
            Ruling::Moves(to) => assert_eq!(to, Stage::DoNotContact, "{what}"),
            Ruling::Stays | Ruling::Refused => {}
        }
    }
}
