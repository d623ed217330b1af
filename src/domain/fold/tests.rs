//! The field rules of SPEC 3, told as short histories.

use super::*;
use crate::domain::contact::{ActionTaken, MessageStatus, MessageType};
use crate::domain::event::{
    AutoReply, Facts, FinishedBy, FollowUpReason, Meeting, Message, OutsideChange, Platform, Profile, Source,
};
use crate::domain::ids::{ClientId, Email};
use crate::domain::intent::Intent;
use chrono::{NaiveDate, TimeZone};

/// A history in the making: each call is one event, an hour after the one before unless a day is set.
struct Story {
    events: Vec<Event>,
    at: DateTime<Utc>,
}

impl Story {
    fn new() -> Self {
        Self { events: Vec::new(), at: Utc.with_ymd_and_hms(2026, 10, 1, 9, 0, 0).unwrap() }
    }

    fn day(mut self, month: u32, day: u32) -> Self {
        self.at = Utc.with_ymd_and_hms(2026, month, day, 9, 0, 0).unwrap();
        self
    }

    fn event(mut self, data: EventData) -> Self {
        self.at += chrono::Duration::hours(1);
        self.events.push(Event {
            client_id: ClientId::parse("acme").unwrap(),
            email: Email::parse("ada@example.com").unwrap(),
            source: Source::Smartlead,
            dedupe_key: format!("{}:{:03}", data.kind(), self.events.len()),
            facts: Facts { occurred_at: self.at, time_known: true, profile: Profile::default(), data },
            lineage: Vec::new(),
        });
        self
    }

    fn mail(self, campaign: &str) -> Self {
        let campaign = Some(CampaignId::parse(campaign).unwrap());
        self.event(EventData::EmailSent {
            message: message(None),
            campaign,
            step: Some(1),
            last_in_sequence: false,
            manual: false,
        })
    }

    fn manual(self, thread: Option<&str>) -> Self {
        self.event(EventData::EmailSent {
            message: message(thread),
            campaign: None,
            step: None,
            last_in_sequence: false,
            manual: true,
        })
    }

    fn reply(self, intent: Option<Intent>) -> Self {
        self.reply_in(intent, None, Some("t1"))
    }

    fn reply_in(self, intent: Option<Intent>, auto_reply: Option<AutoReply>, thread: Option<&str>) -> Self {
        self.event(EventData::ReplyReceived {
            message: message(thread),
            campaign: None,
            intent,
            sentiment: None,
            auto_reply,
            return_date: None,
        })
    }

    fn classified(self, intent: Intent) -> Self {
        self.event(EventData::ReplyClassified {
            intent,
            sentiment: None,
            decided_by: "a category".into(),
            requires_action: false,
            return_date: None,
            about: None,
        })
    }

    fn booked(self, month: u32, day: u32) -> Self {
        let starts_at = Some(Utc.with_ymd_and_hms(2026, month, day, 14, 0, 0).unwrap());
        self.event(EventData::MeetingBooked { meeting: Meeting { starts_at, ..Meeting::on(Platform::CalCom) } })
    }

    fn fold(&self) -> Folded {
        fold(&Contact::default(), &self.events, &Spans::default())
    }
}

fn message(thread: Option<&str>) -> Message {
    Message {
        platform: Platform::Smartlead,
        external_id: None,
        thread_id: thread.map(str::to_owned),
        contact_identifier: Some("ada@example.com".into()),
        contact_name: None,
        account_identifier: Some("sales@acme.example".into()),
        subject: None,
        content: "text".into(),
    }
}

fn date(month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2026, month, day)
}

#[test]
fn follow_ups_as_the_spec_says() {
    use FollowUpReason as R;
    let finished = || EventData::SequenceFinished { campaign: None, finished_by: FinishedBy::PlatformEvent };
    let no_show = || EventData::MeetingNoShow { meeting: Meeting::on(Platform::Instantly) };
    let set = |d: Option<NaiveDate>| EventData::FollowUpSet { date: d.unwrap(), reason: R::LeadRequested };
    let rows = [
        (
            "no reply: three months on",
            Story::new().mail("1").event(finished()),
            (NaiveDate::from_ymd_opt(2027, 1, 1), Some(R::NotInterestedReEngagement)),
        ),
        (
            "not interested: three months on",
            Story::new().reply(Some(Intent::NotInterested)),
            (NaiveDate::from_ymd_opt(2027, 1, 1), Some(R::NotInterestedReEngagement)),
        ),
        (
            "out of office without a date: a week on",
            Story::new().mail("1").reply_in(None, Some(AutoReply::OutOfOffice), None),
            (date(10, 8), Some(R::OutOfOfficeReturn)),
        ),
        (
            "no show: the next day",
            Story::new().booked(10, 5).day(10, 5).event(no_show()),
            (date(10, 6), Some(R::MeetingNoShow)),
        ),
        ("meeting booked: its day, no reason", Story::new().booked(10, 5), (date(10, 5), None)),
        (
            "interested: cleared",
            Story::new().reply(Some(Intent::NotInterested)).reply(Some(Intent::PricingQuestion)),
            (None, None),
        ),
        (
            "set by hand",
            Story::new().reply(Some(Intent::ObjectionTiming)).event(set(date(12, 1))),
            (date(12, 1), Some(R::LeadRequested)),
        ),
        (
            "set to a past day: refused",
            Story::new().reply(Some(Intent::ObjectionTiming)).event(set(date(9, 1))),
            (None, None),
        ),
        (
            "absence moves the date of a conversation",
            Story::new().reply(Some(Intent::PricingQuestion)).reply_in(None, Some(AutoReply::OutOfOffice), None),
            (date(10, 8), Some(R::OutOfOfficeReturn)),
        ),
        (
            "ghosted: that day",
            Story::new()
                .reply(Some(Intent::PricingQuestion))
                .manual(Some("t1"))
                .day(10, 9)
                .event(EventData::WentSilent {}),
            (date(10, 9), Some(R::GhostedFollowUp)),
        ),
    ];
    for (what, story, expected) in rows {
        let contact = story.fold().contact;
        assert_eq!((contact.follow_up_date, contact.follow_up_reason), expected, "{what}");
    }
}

#[test]
fn a_contact_has_one_active_campaign_and_remembers_the_past_ones() {
    let story = Story::new().mail("1").mail("2");
    let folded = story.fold();
    let past = |contact: &Contact| contact.past_campaigns.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(folded.contact.current_campaign.as_ref().unwrap().as_str(), "2");
    assert_eq!(past(&folded.contact), ["1"]);
    assert_eq!(folded.steps[1].1.campaigns_touched[0].as_str(), "1", "the old platform is asked to stop");
    let folded = story.reply(Some(Intent::NotInterested)).mail("2").fold();
    assert_eq!(folded.contact.stage, Stage::NotInterested, "mail of a past campaign does not re-open");
    assert_eq!((folded.contact.current_campaign.clone(), past(&folded.contact)), (None, vec!["1".into(), "2".into()]));
    let folded = Story::new().mail("1").reply(Some(Intent::NotInterested)).mail("3").fold();
    assert_eq!(folded.contact.stage, Stage::InSequence, "mail of a new campaign re-opens");
}

#[test]
fn an_engaged_contact_is_not_moved_by_campaign_mail_and_the_new_campaign_alerts_once() {
    let folded = Story::new().reply(Some(Intent::PricingQuestion)).mail("9").mail("9").fold();
    assert_eq!(folded.contact.stage, Stage::Interested);
    let alerts: Vec<usize> = folded.steps.iter().map(|(_, step)| step.alerts.len()).collect();
    assert_eq!(alerts, [0, 1, 0]);
}

#[test]
fn writing_to_an_opted_out_contact_is_logged_and_alerts() {
    let folded = Story::new().event(EventData::Unsubscribed { campaign: None }).mail("1").reply(None).fold();
    assert_eq!((folded.contact.stage, folded.contact.has_engaged), (Stage::DoNotContact, false));
    assert_eq!(folded.rows.len(), 2, "its messages are still logged");
    assert_eq!(folded.steps[1].1.alerts.len(), 1);
    assert_eq!(folded.contact.current_campaign, None);
}

#[test]
fn a_deal_is_refused_after_an_opt_out_and_nothing_of_it_stays() {
    let story = Story::new().event(EventData::Unsubscribed { campaign: None });
    let folded = story.event(EventData::DealWon { client_record: Some("rec1".into()) }).fold();
    assert!(folded.steps[1].1.refused);
    assert!(!folded.contact.converted_to_client);
    let won = Story::new().reply(None).event(EventData::DealWon { client_record: Some("rec1".into()) }).fold().contact;
    assert_eq!(
        (won.stage, won.converted_to_client, won.converted_client_id.as_deref()),
        (Stage::Won, true, Some("rec1"))
    );
}

#[test]
fn counters_count_people_and_not_machines() {
    let folded = Story::new()
        .mail("1")
        .reply_in(None, Some(AutoReply::OutOfOffice), None)
        .reply_in(None, Some(AutoReply::Other), None)
        .reply(Some(Intent::Unsubscribe))
        .fold();
    assert_eq!((folded.contact.emails_sent_count, folded.contact.reply_count), (1, 1));
    assert!(!folded.contact.has_engaged, "an opt-out engages nobody");
    let marks: Vec<(bool, bool)> =
        folded.rows.iter().map(|row| (row.marks.is_auto_reply, row.marks.requires_action)).collect();
    assert_eq!(marks, [(false, false), (true, false), (true, false), (false, false)]);
    assert_eq!(folded.rows[3].marks.action_taken, Some(ActionTaken::Unsubscribed));
}

#[test]
fn an_unclear_reply_waits_for_a_person_and_a_classification_decides() {
    let story = Story::new().mail("1").reply(None);
    let unclear = story.fold();
    assert_eq!(unclear.contact.stage, Stage::Interested);
    assert!(unclear.contact.unclear.is_some() && unclear.rows[1].marks.requires_action);
    let negative = story.classified(Intent::NotInterestedTiming).fold();
    assert_eq!(negative.contact.stage, Stage::NotInterested);
    assert_eq!(negative.rows[1].marks.intent, Some(Intent::NotInterestedTiming));
    assert_eq!((negative.contact.reply_count, negative.rows.len()), (1, 2), "no row and no count of its own");
}

#[test]
fn an_absence_that_is_told_after_the_unclear_reply_is_an_absence() {
    let folded = Story::new().mail("1").reply(None).classified(Intent::OutOfOffice).fold();
    assert_eq!(folded.contact.stage, Stage::OutOfOffice);
    assert_eq!(folded.contact.current_campaign.as_ref().map(CampaignId::as_str), Some("1"));
    assert_eq!((folded.contact.reply_count, folded.contact.past_campaigns.len()), (0, 0));
    assert!(folded.rows[1].marks.is_auto_reply && !folded.rows[1].marks.requires_action);
    let clear = Story::new().mail("1").reply(Some(Intent::PricingQuestion)).classified(Intent::OutOfOffice).fold();
    assert_eq!(clear.contact.stage, Stage::Interested, "a reply that was understood stays what it was");
}

#[test]
fn our_answer_settles_the_rows_before_it_in_its_thread() {
    let folded = Story::new()
        .reply_in(None, None, Some("t1"))
        .reply_in(None, None, Some("t2"))
        .manual(Some("t1"))
        .classified(Intent::PricingQuestion)
        .fold();
    let marks: Vec<(bool, Option<ActionTaken>)> =
        folded.rows.iter().map(|row| (row.marks.requires_action, row.marks.action_taken)).collect();
    assert_eq!(marks[0], (false, Some(ActionTaken::Replied)));
    assert_eq!(marks[1], (true, None), "the other thread still waits");
    assert_eq!(folded.rows[2].message_type, MessageType::Reply);
}

#[test]
fn what_we_write_by_hand_has_the_type_it_deserves() {
    let manual = Story::new().manual(None).fold();
    assert_eq!(manual.rows[0].message_type, MessageType::Manual);
    assert_eq!(manual.contact.stage, Stage::New, "a manual mail implies no sequence");
    let due = Story::new().mail("1").reply_in(None, Some(AutoReply::OutOfOffice), None).day(10, 20).manual(None).fold();
    assert_eq!(due.rows[2].message_type, MessageType::FollowUp);
}

#[test]
fn the_last_mail_of_a_sequence_ends_it() {
    let folded = Story::new()
        .event(EventData::EmailSent {
            message: message(None),
            campaign: Some(CampaignId::parse("1").unwrap()),
            step: Some(3),
            last_in_sequence: true,
            manual: false,
        })
        .fold();
    assert_eq!(folded.contact.stage, Stage::NoReply);
    assert_eq!(folded.contact.past_campaigns.len(), 1);
    assert!(folded.steps[0].1.campaigns_touched.is_empty(), "a sequence that ran out needs no stopping");
}

#[test]
fn what_the_scheduler_found_is_checked_at_its_own_time() {
    let silent =
        Story::new().reply(Some(Intent::PricingQuestion)).manual(Some("t1")).day(10, 9).event(EventData::WentSilent {});
    assert_eq!(silent.fold().contact.stage, Stage::Ghosted);
    let mut late = silent;
    late.at = Utc.with_ymd_and_hms(2026, 10, 7, 9, 0, 0).unwrap();
    let refuted = late.reply(Some(Intent::PricingQuestion)).fold();
    assert_eq!(refuted.contact.stage, Stage::Interested, "a reply that arrives late undoes it");
    let soon =
        Story::new().reply(Some(Intent::PricingQuestion)).manual(Some("t1")).event(EventData::WentSilent {}).fold();
    assert_eq!(soon.contact.stage, Stage::Interested, "five days have not passed");
    let back = Story::new()
        .mail("1")
        .reply_in(None, Some(AutoReply::OutOfOffice), None)
        .day(10, 8)
        .event(EventData::ReturnDue {});
    assert_eq!(back.fold().contact.stage, Stage::InSequence);
    let early =
        Story::new().mail("1").reply_in(None, Some(AutoReply::OutOfOffice), None).event(EventData::ReturnDue {});
    assert_eq!(early.fold().contact.stage, Stage::OutOfOffice);
}

#[test]
fn bounces_and_meetings_write_their_rows() {
    let bounce = |permanent| EventData::EmailBounced {
        message: message(None),
        campaign: None,
        step: Some(2),
        permanent,
        status_code: None,
    };
    let folded = Story::new().mail("1").event(bounce(true)).fold();
    assert_eq!(folded.contact.stage, Stage::Bounced);
    assert_eq!(
        (folded.rows[1].message_type, folded.rows[1].message_status),
        (MessageType::Campaign, MessageStatus::Bounced)
    );
    assert!(folded.rows[1].marks.requires_action, "a new address has to be found");
    assert!(!Story::new().mail("1").event(bounce(false)).fold().rows[1].marks.requires_action);
    let engaged = Story::new().reply(Some(Intent::PricingQuestion)).event(bounce(true)).fold();
    assert_eq!((engaged.contact.stage, engaged.steps[1].1.alerts.len()), (Stage::Interested, 1));
    let meeting = Story::new().booked(10, 5).fold();
    assert_eq!(meeting.rows[0].content, "Meeting booked for 2026-10-05 14:00 UTC");
    assert_eq!(meeting.rows[0].message_type, MessageType::Meeting);
    assert!(meeting.contact.has_engaged);
}

#[test]
fn an_added_contact_keeps_what_is_known() {
    let added = |first: &str, list| {
        let mut event = Story::new()
            .event(EventData::ContactAdded { list_id: list, contact_source: None, enrichment_date: None })
            .events
            .remove(0);
        event.facts.profile.first_name = Some(first.to_owned());
        event.dedupe_key.push_str(first);
        event
    };
    let list = uuid::Uuid::from_u128(7);
    let folded = fold(&Contact::default(), &[added("Ada", None), added("Bea", Some(list))], &Spans::default());
    assert_eq!(folded.contact.profile.first_name.as_deref(), Some("Ada"));
    assert_eq!(folded.contact.list_id, Some(list));
    assert_eq!(folded.contact.stage, Stage::New);
}

#[test]
fn what_a_person_moves_in_airtable_follows_the_same_rules() {
    let told_by_airtable = |mut story: Story, data: EventData| {
        story = story.event(data);
        if let Some(event) = story.events.last_mut() {
            event.source = Source::Airtable;
        }
        story.fold()
    };
    let stage =
        |stage| EventData::ChangedOutside { changes: OutsideChange { stage: Some(stage), ..OutsideChange::default() } };
    let client = || EventData::ChangedOutside {
        changes: OutsideChange { converted_client_id: Some(Some("rec1".to_owned())), ..OutsideChange::default() },
    };
    let interested = || Story::new().mail("7").reply(Some(Intent::PricingQuestion));
    let won = || interested().event(EventData::DealWon { client_record: None });
    let out = || interested().event(EventData::Unsubscribed { campaign: None });
    let rows: [(&str, Folded, bool, Stage, Option<&str>); 6] = [
        ("ghosted by hand", told_by_airtable(interested(), stage(Stage::Ghosted)), false, Stage::Ghosted, None),
        ("out of do_not_contact", told_by_airtable(out(), stage(Stage::Interested)), true, Stage::DoNotContact, None),
        ("a client before the deal is won", told_by_airtable(interested(), client()), true, Stage::Interested, None),
        ("a client of a won deal", told_by_airtable(won(), client()), false, Stage::Won, Some("rec1")),
        (
            "a client that opted out since",
            told_by_airtable(won().event(EventData::Unsubscribed { campaign: None }), client()),
            false,
            Stage::DoNotContact,
            Some("rec1"),
        ),
        ("a client after an opt-out", told_by_airtable(out(), client()), true, Stage::DoNotContact, None),
    ];
    for (what, folded, refused, stage, client) in rows {
        let (_, last) = folded.steps.last().unwrap();
        assert_eq!((last.refused, folded.contact.stage), (refused, stage), "{what}: {}", last.rule);
        assert_eq!(folded.contact.converted_client_id.as_deref(), client, "{what}");
    }
}

#[test]
fn a_meeting_is_counted_for_the_campaign_that_brought_it() {
    let folded = Story::new().mail("7").reply(Some(Intent::InterestedReadyToTalk)).booked(11, 3).fold();
    let meeting = folded.rows.iter().find(|row| row.message_type == MessageType::Meeting).unwrap();
    assert_eq!(meeting.campaign.as_ref().map(CampaignId::as_str), Some("7"));
}

/// A booking with an id, on a day at 14:00.
fn meeting_of(id: &str, day: Option<(u32, u32)>) -> Meeting {
    let starts_at = day.map(|(month, day)| Utc.with_ymd_and_hms(2026, month, day, 14, 0, 0).unwrap());
    Meeting { starts_at, external_id: Some(id.to_owned()), ..Meeting::on(Platform::CalCom) }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn of_several_meetings_one_may_end_while_another_is_on() {
    let book = |id, day| EventData::MeetingBooked { meeting: meeting_of(id, Some(day)) };
    let cancel = |id| EventData::MeetingCancelled { meeting: meeting_of(id, None) };
    let miss = |id| EventData::MeetingNoShow { meeting: meeting_of(id, None) };
    let unmiss = |id| EventData::MeetingNoShowWithdrawn { meeting: meeting_of(id, None) };
    let hold = |id| EventData::MeetingCompleted { meeting: meeting_of(id, None) };
    let moved = |from: &str, to, day| EventData::MeetingRescheduled {
        meeting: Meeting { replaces: Some(from.to_owned()), ..meeting_of(to, Some(day)) },
    };
    let nameless = || Meeting::on(Platform::Instantly);
    // On the 2nd of October x is booked for the 20th and y for the 10th.
    let both = || Story::new().day(10, 2).event(book("x", (10, 20))).event(book("y", (10, 10)));
    let rows = [
        ("the older one is cancelled", both().event(cancel("x")), Stage::MeetingBooked, date(10, 10)),
        ("the newer one is cancelled", both().event(cancel("y")), Stage::MeetingBooked, date(10, 20)),
        ("both are cancelled", both().event(cancel("x")).event(cancel("y")), Stage::Interested, None),
        (
            "the same one is cancelled twice",
            both().event(cancel("x")).event(cancel("x")),
            Stage::MeetingBooked,
            date(10, 10),
        ),
        ("one that was never booked is cancelled", both().event(cancel("z")), Stage::MeetingBooked, date(10, 10)),
        (
            "nobody says which one is cancelled",
            both().event(EventData::MeetingCancelled { meeting: nameless() }),
            Stage::Interested,
            None,
        ),
        (
            "after that nothing is known to be on",
            both()
                .event(EventData::MeetingCancelled { meeting: nameless() })
                .event(book("z", (10, 30)))
                .event(cancel("z")),
            Stage::Interested,
            None,
        ),
        (
            "y is missed on its day, x is to come",
            both().day(10, 10).event(miss("y")),
            Stage::MeetingBooked,
            date(10, 20),
        ),
        ("y is held, x is to come", both().day(10, 10).event(hold("y")), Stage::MeetingBooked, date(10, 20)),
        ("x is cancelled when y has begun", both().day(10, 15).event(cancel("x")), Stage::Interested, None),
        (
            "a moved meeting is not on at its old time",
            Story::new().day(10, 2).event(book("x", (10, 20))).event(moved("x", "y", (10, 25))).event(cancel("y")),
            Stage::Interested,
            None,
        ),
        (
            "the cancellation of what was moved away",
            Story::new().day(10, 2).event(book("x", (10, 20))).event(moved("x", "y", (10, 25))).event(cancel("x")),
            Stage::MeetingBooked,
            date(10, 25),
        ),
        (
            "a date by hand stays",
            both()
                .event(EventData::FollowUpSet { date: date(10, 8).unwrap(), reason: FollowUpReason::LeadRequested })
                .event(cancel("y")),
            Stage::MeetingBooked,
            date(10, 8),
        ),
        (
            "missed",
            Story::new().day(10, 2).event(book("x", (10, 3))).day(10, 3).event(miss("x")),
            Stage::NoShow,
            date(10, 4),
        ),
        (
            "missed, and taken back",
            Story::new().day(10, 2).event(book("x", (10, 3))).day(10, 3).event(miss("x")).event(unmiss("x")),
            Stage::MeetingBooked,
            date(10, 3),
        ),
        (
            "missed by mistake before its time, and taken back",
            Story::new().day(10, 2).event(book("x", (10, 20))).event(miss("x")).event(unmiss("x")),
            Stage::MeetingBooked,
            date(10, 20),
        ),
        (
            "missed, taken back, missed",
            Story::new()
                .day(10, 2)
                .event(book("x", (10, 3)))
                .day(10, 3)
                .event(miss("x"))
                .event(unmiss("x"))
                .event(miss("x")),
            Stage::NoShow,
            date(10, 4),
        ),
        (
            "taken back of one, another was missed since",
            both().day(10, 10).event(miss("y")).day(10, 20).event(miss("x")).event(unmiss("y")),
            Stage::NoShow,
            date(10, 21),
        ),
        (
            "nobody says which mark is taken back",
            both().day(10, 20).event(miss("x")).event(EventData::MeetingNoShowWithdrawn { meeting: nameless() }),
            Stage::MeetingBooked,
            date(10, 20),
        ),
        (
            "taken back where none was missed",
            Story::new().reply(Some(Intent::PricingQuestion)).event(unmiss("x")),
            Stage::Interested,
            None,
        ),
    ];
    for (what, story, stage, follow_up_date) in rows {
        let folded = story.fold();
        assert_eq!((folded.contact.stage, folded.contact.follow_up_date), (stage, follow_up_date), "{what}");
    }
    let rows = both().day(10, 10).event(miss("y")).event(unmiss("y")).event(cancel("x")).fold().rows;
    let texts: Vec<&str> = rows.iter().skip(2).map(|row| row.content.as_str()).collect();
    let expected = [
        "Meeting missed for 2026-10-10 14:00 UTC",
        "Meeting not missed after all for 2026-10-10 14:00 UTC",
        "Meeting cancelled for 2026-10-20 14:00 UTC",
    ];
    assert_eq!(texts, expected, "each tells its own time, known from its booking");
}

#[test]
fn remembered_meetings_are_bounded_and_an_older_fold_is_read() {
    let mut story = Story::new();
    for number in 0..100 {
        story = story.event(EventData::MeetingBooked { meeting: meeting_of(&format!("m{number}"), Some((12, 1))) });
    }
    let contact = story.fold().contact;
    assert_eq!((contact.open_meetings.len(), contact.open_meetings[15].id.as_str()), (16, "m99"));
    let older: Contact =
        serde_json::from_str(r#"{"stage":"MeetingBooked","meeting_at":"2026-10-05T14:00:00Z"}"#).unwrap();
    let cancelled = Story::new().event(EventData::MeetingCancelled { meeting: meeting_of("x", None) });
    let folded = fold(&older, &cancelled.events, &Spans::default());
    assert_eq!(folded.contact.stage, Stage::Interested);
    assert_eq!(folded.rows[0].content, "Meeting cancelled for 2026-10-05 14:00 UTC");
}

#[test]
fn a_meeting_row_names_who_booked_and_with_whom() {
    let meeting = Meeting {
        contact_identifier: Some("private@example.net".to_owned()),
        contact_name: Some("Ada Berg".to_owned()),
        account_identifier: Some("host@acme.example".to_owned()),
        ..meeting_of("x", Some((10, 20)))
    };
    let row = Story::new().event(EventData::MeetingBooked { meeting }).fold().rows.remove(0);
    let parties = (row.contact_identifier.as_deref(), row.contact_name.as_deref(), row.account_identifier.as_deref());
    assert_eq!(parties, (Some("private@example.net"), Some("Ada Berg"), Some("host@acme.example")));
}

#[test]
fn days_are_those_of_the_client() {
    let zone = |name: &str| {
        let zones = [(ClientId::parse("acme").unwrap(), crate::domain::zone::Zone::parse(name).unwrap())];
        Spans { zones: crate::domain::zone::Zones::new(zones.into()), ..Spans::default() }
    };
    let at = |story: Story, text: &str| {
        let mut story = story;
        story.at = text.parse::<DateTime<Utc>>().unwrap() - chrono::Duration::hours(1);
        story
    };
    let declined = at(Story::new(), "2026-10-24T22:30:00Z").reply(Some(Intent::NotInterested)).events;
    let follow_up = |spans: &Spans| fold(&Contact::default(), &declined, spans).contact.follow_up_date;
    assert_eq!(follow_up(&zone("Europe/Berlin")), NaiveDate::from_ymd_opt(2027, 1, 25), "half past midnight there");
    assert_eq!(follow_up(&zone("Europe/London")), NaiveDate::from_ymd_opt(2027, 1, 24));
    let wish = EventData::FollowUpSet { date: date(10, 24).unwrap(), reason: FollowUpReason::LeadRequested };
    let wished = at(Story::new(), "2026-10-25T03:00:00Z").event(wish).events;
    let refused = |spans: &Spans| fold(&Contact::default(), &wished, spans).steps[0].1.refused;
    assert!(refused(&zone("UTC")), "yesterday");
    assert!(!refused(&zone("America/Los_Angeles")), "still today there");
    let meeting = Meeting { starts_at: "2026-10-31T23:30:00Z".parse().ok(), ..Meeting::on(Platform::CalCom) };
    let booked = Story::new().event(EventData::MeetingBooked { meeting }).events;
    let day = |spans: &Spans| fold(&Contact::default(), &booked, spans).contact.follow_up_date;
    assert_eq!((day(&zone("UTC")), day(&zone("Europe/Berlin"))), (date(10, 31), date(11, 1)));
}
