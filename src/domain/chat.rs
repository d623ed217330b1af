//! What an event writes into the conversation: its own row, and marks on earlier ones.

use super::contact::{
    ActionTaken, ChatPatch, ChatRow, Contact, Marks, MessageStatus, MessageType, OpenAction, PatchChange, Received,
};
use super::event::{AutoReply, Direction, Event, EventData, Meeting, Message};
use super::fold::Step;
use super::intent::{Intent, Reading, Sentiment, reading_of};
use super::meetings;
use super::zone::Zone;
use chrono::{DateTime, NaiveDate, Utc};

/// How many threads and open rows are remembered for a contact; older ones are forgotten first.
const REMEMBERED_MAX: usize = 64;

/// Records the event in the conversation and keeps the contact's knowledge of it.
pub(super) fn record(contact: &mut Contact, event: &Event, zone: Zone, step: &mut Step) {
    let data = &event.facts.data;
    step.row = row_of(contact, event, zone);
    match data {
        EventData::EmailSent { message, campaign, manual, .. } => {
            // Campaign mail is no answer to anybody.
            if *manual || campaign.is_none() {
                answer(contact, message.thread_id.as_deref(), step);
            }
        }
        EventData::MessageLogged { message, direction: Direction::Outbound } => {
            answer(contact, message.thread_id.as_deref(), step);
        }
        EventData::ReplyReceived { message, .. }
        | EventData::MessageLogged { message, direction: Direction::Inbound } => {
            let counted = is_persons_reply(data);
            let is_auto_reply = step.row.as_ref().is_some_and(|row| row.marks.is_auto_reply);
            let is_mail = matches!(data, EventData::ReplyReceived { .. });
            receive(
                contact,
                Received {
                    key: event.dedupe_key.clone(),
                    thread: message.thread_id.clone(),
                    answered: false,
                    is_mail,
                    counted,
                    is_auto_reply,
                },
            );
        }
        EventData::ReplyClassified { intent, sentiment, requires_action, .. } => {
            classify(contact, *intent, *sentiment, *requires_action, step);
        }
        any!(EventData: ContactAdded SequenceFinished SequencePaused SequenceResumed EmailBounced Unsubscribed
            EmailOpened LinkClicked MeetingBooked MeetingRescheduled MeetingCancelled MeetingCompleted MeetingNoShow
            MeetingNoShowWithdrawn DealWon DealDeclined FollowUpSet ChangedOutside WentSilent ReturnDue FollowUpDue
            Erased) => {}
    }
    if let Some(row) = step.row.as_ref().filter(|row| row.marks.requires_action) {
        let (key, thread) = (row.key.clone(), row.thread_id.clone());
        open(contact, key, thread);
    }
}

/// A reply that a person wrote, opt-outs in words included.
fn is_persons_reply(data: &EventData) -> bool {
    matches!(data, EventData::ReplyReceived { auto_reply: None, intent, .. }
        if reading_of(*intent) != Reading::OutOfOffice)
}

fn row_of(contact: &Contact, event: &Event, zone: Zone) -> Option<ChatRow> {
    let at = event.facts.occurred_at;
    let key = || event.dedupe_key.clone();
    match &event.facts.data {
        EventData::EmailSent { message, campaign, step, manual, .. } => {
            let kind = match (campaign, manual) {
                (Some(_), false) => MessageType::Campaign,
                (Some(_), true) | (None, true | false) => hand_written(contact, message, zone.day(at)),
            };
            let mut row = of_message(key(), at, message, kind, MessageStatus::Sent);
            row.campaign.clone_from(campaign);
            row.sequence_step = *step;
            Some(row)
        }
        EventData::ReplyReceived { message, campaign, intent, sentiment, auto_reply, .. } => {
            let mut row = of_message(key(), at, message, MessageType::Reply, MessageStatus::Received);
            row.campaign.clone_from(campaign);
            row.marks = reply_marks(*intent, *sentiment, *auto_reply);
            Some(row)
        }
        EventData::EmailBounced { message, campaign, step, permanent, .. } => {
            let mut row = of_message(key(), at, message, MessageType::Campaign, MessageStatus::Bounced);
            row.campaign.clone_from(campaign);
            row.sequence_step = *step;
            row.marks.requires_action = *permanent;
            Some(row)
        }
        EventData::MessageLogged { message, direction: Direction::Inbound } => {
            let mut row = of_message(key(), at, message, MessageType::Reply, MessageStatus::Received);
            row.marks.requires_action = true;
            Some(row)
        }
        EventData::MessageLogged { message, direction: Direction::Outbound } => {
            let kind = hand_written(contact, message, zone.day(at));
            Some(of_message(key(), at, message, kind, MessageStatus::Sent))
        }
        EventData::MeetingBooked { meeting } => {
            Some(of_meeting(contact, event, meeting, "Meeting booked", meeting.starts_at))
        }
        EventData::MeetingRescheduled { meeting } => {
            Some(of_meeting(contact, event, meeting, "Meeting moved", meeting.starts_at))
        }
        EventData::MeetingCancelled { meeting } => Some(of_known(contact, event, meeting, "Meeting cancelled")),
        EventData::MeetingCompleted { meeting } => Some(of_known(contact, event, meeting, "Meeting held")),
        EventData::MeetingNoShow { meeting } => Some(of_known(contact, event, meeting, "Meeting missed")),
        EventData::MeetingNoShowWithdrawn { meeting } => {
            Some(of_known(contact, event, meeting, "Meeting not missed after all"))
        }
        any!(EventData: ContactAdded SequenceFinished SequencePaused SequenceResumed ReplyClassified Unsubscribed
            EmailOpened LinkClicked DealWon DealDeclined FollowUpSet ChangedOutside WentSilent ReturnDue FollowUpDue
            Erased) => None,
    }
}

fn of_message(
    key: String,
    at: DateTime<Utc>,
    message: &Message,
    message_type: MessageType,
    message_status: MessageStatus,
) -> ChatRow {
    ChatRow {
        key,
        at,
        platform: message.platform,
        contact_identifier: message.contact_identifier.clone(),
        contact_name: message.contact_name.clone(),
        account_identifier: message.account_identifier.clone(),
        subject: message.subject.clone(),
        content: message.content.clone(),
        message_type,
        message_status,
        sequence_step: None,
        campaign: None,
        external_id: message.external_id.clone(),
        thread_id: message.thread_id.clone(),
        marks: Marks::default(),
    }
}

/// A meeting that was booked before; its time is the booking's where it tells none.
fn of_known(contact: &Contact, event: &Event, meeting: &Meeting, what: &str) -> ChatRow {
    of_meeting(contact, event, meeting, what, meetings::start_of(contact, meeting))
}

fn of_meeting(
    contact: &Contact,
    event: &Event,
    meeting: &Meeting,
    what: &str,
    starts_at: Option<DateTime<Utc>>,
) -> ChatRow {
    let mut content = what.to_owned();
    if let Some(at) = starts_at {
        content.push_str(&at.format(" for %Y-%m-%d %H:%M UTC").to_string());
    }
    if let Some(title) = &meeting.title {
        content.push_str(": ");
        content.push_str(title);
    }
    ChatRow {
        key: event.dedupe_key.clone(),
        at: event.facts.occurred_at,
        platform: meeting.platform,
        contact_identifier: meeting.contact_identifier.clone().or_else(|| Some(event.email.as_str().to_owned())),
        contact_name: meeting.contact_name.clone(),
        account_identifier: meeting.account_identifier.clone(),
        subject: meeting.title.clone(),
        content,
        message_type: MessageType::Meeting,
        message_status: MessageStatus::Received,
        sequence_step: None,
        // What brought the meeting about, as far as is known.
        campaign: contact.newest_campaign().cloned(),
        external_id: meeting.external_id.clone(),
        thread_id: None,
        marks: Marks::default(),
    }
}

/// The type of a message that a person of ours wrote: a follow-up where one was due, an answer in a thread they wrote in, else
/// a message of its own.
fn hand_written(contact: &Contact, message: &Message, today: NaiveDate) -> MessageType {
    let follow_up_was_due =
        contact.follow_up_reason.is_some() && contact.follow_up_date.is_some_and(|date| date <= today);
    let in_their_thread = match &message.thread_id {
        Some(thread) => contact.answered_threads.contains(thread),
        None => contact.newest_received.is_some(),
    };
    match (follow_up_was_due, in_their_thread) {
        (true, true | false) => MessageType::FollowUp,
        (false, true) => MessageType::Reply,
        (false, false) => MessageType::Manual,
    }
}

fn reply_marks(intent: Option<Intent>, sentiment: Option<Sentiment>, auto_reply: Option<AutoReply>) -> Marks {
    let reading = match auto_reply {
        Some(AutoReply::OutOfOffice) => Reading::OutOfOffice,
        Some(AutoReply::Other) | None => reading_of(intent),
    };
    let is_auto_reply = auto_reply.is_some() || reading == Reading::OutOfOffice;
    let intent = match auto_reply {
        Some(AutoReply::OutOfOffice) => Some(intent.unwrap_or(Intent::OutOfOffice)),
        Some(AutoReply::Other) | None => intent,
    };
    Marks {
        intent,
        sentiment: sentiment.or_else(|| intent.map(Intent::default_sentiment)),
        is_auto_reply,
        requires_action: !is_auto_reply && wants_action(reading),
        action_taken: (reading == Reading::Unsubscribe && !is_auto_reply).then_some(ActionTaken::Unsubscribed),
    }
}

const fn wants_action(reading: Reading) -> bool {
    match reading {
        Reading::Positive | Reading::Negative | Reading::Unclear => true,
        Reading::OutOfOffice | Reading::Unsubscribe => false,
    }
}

fn receive(contact: &mut Contact, received: Received) {
    if let Some(thread) = &received.thread
        && !contact.answered_threads.contains(thread)
    {
        contact.answered_threads.push(thread.clone());
        forget_oldest(&mut contact.answered_threads);
    }
    contact.newest_intent = None;
    contact.newest_received = Some(received);
}

/// Our own message answers the rows before it that wait in its thread; without a thread on either side, in the conversation.
fn answer(contact: &mut Contact, thread: Option<&str>, step: &mut Step) {
    let same = |other: &Option<String>| match (thread, other.as_deref()) {
        (Some(a), Some(b)) => a == b,
        (None, Some(_) | None) | (Some(_), None) => true,
    };
    contact.open_actions.retain(|action| {
        let answered = same(&action.thread);
        if answered {
            step.patches.push(ChatPatch { key: action.key.clone(), change: PatchChange::Answered });
        }
        !answered
    });
    if let Some(newest) = contact.newest_received.as_mut().filter(|newest| same(&newest.thread)) {
        newest.answered = true;
    }
}

/// A classification sets the marks of the newest received message. An unclear one changes nothing.
fn classify(
    contact: &mut Contact,
    intent: Intent,
    sentiment: Option<Sentiment>,
    asks_for_action: bool,
    step: &mut Step,
) {
    let reading = intent.reading();
    if reading == Reading::Unclear {
        return;
    }
    contact.newest_intent = Some(intent);
    let Some(newest) = contact.newest_received.as_mut() else { return };
    let by_machine = newest.is_auto_reply || reading == Reading::OutOfOffice;
    let requires_action = (wants_action(reading) || asks_for_action) && !newest.answered && !by_machine;
    // People's replies are counted and absences are not, whoever finds out later which of the two it was.
    if newest.counted && by_machine {
        contact.reply_count = contact.reply_count.saturating_sub(1);
        newest.counted = false;
    } else if newest.is_mail && !newest.counted && !by_machine {
        contact.reply_count = contact.reply_count.saturating_add(1);
        newest.counted = true;
    }
    let (key, thread) = (newest.key.clone(), newest.thread.clone());
    step.patches.push(ChatPatch {
        key: key.clone(),
        change: PatchChange::Classified {
            intent,
            sentiment: sentiment.unwrap_or_else(|| intent.default_sentiment()),
            is_auto_reply: by_machine,
            requires_action,
            action_taken: (reading == Reading::Unsubscribe).then_some(ActionTaken::Unsubscribed),
        },
    });
    contact.open_actions.retain(|action| action.key != key);
    if requires_action {
        open(contact, key, thread);
    }
}

fn open(contact: &mut Contact, key: String, thread: Option<String>) {
    contact.open_actions.push(OpenAction { key, thread });
    forget_oldest(&mut contact.open_actions);
}

fn forget_oldest<T>(list: &mut Vec<T>) {
    if list.len() > REMEMBERED_MAX {
        list.remove(0);
    }
}
