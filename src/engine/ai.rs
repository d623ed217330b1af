//! What a language model is asked about, where one is configured.

use super::decide::Rim;
use super::follow::{Subject, task};
use super::rows::{TaskKind, TaskRow, Writes};
use crate::domain::any;
use crate::domain::event::{Event, EventData};
use crate::domain::fold::Step;
use crate::domain::intent::{Reading, reading_of};
use crate::domain::stage::Stage;
use chrono::TimeDelta;
use serde_json::json;

/// A reply waits for its reading.
const PRIORITY_CLASSIFY: u8 = 1;
const PRIORITY_SUMMARISE: u8 = 6;
/// Replies that are older when they are told were dealt with long ago: a replay of years asks nobody about them.
const REPLY_DAYS_MAX: i64 = 30;

pub(super) fn want(subject: &Subject<'_>, steps: &[(&Event, Step)], rim: &mut Rim<'_>, writes: &mut Writes) {
    // Nothing of whoever opted out is shown to anybody any more.
    if subject.after.stage == Stage::DoNotContact {
        return;
    }
    let wants = rim.rules.wants.ai;
    if let Some(after_ms) = wants.classify_after_ms {
        for (event, _) in steps.iter().filter(|(event, step)| is_unclear(subject, event, step)) {
            if rim.now - event.facts.occurred_at > TimeDelta::days(REPLY_DAYS_MAX) {
                continue;
            }
            let kind = TaskKind::AiClassify;
            writes.tasks.push(TaskRow {
                task_key: format!("{}:{}", TaskRow::contact_key(kind, subject.contact_id), event.dedupe_key),
                payload: json!({ "message_key": event.dedupe_key }),
                due_at: rim.now + TimeDelta::milliseconds(after_ms),
                ..task(subject, kind, PRIORITY_CLASSIFY, rim)
            });
        }
    }
    let has_more_to_tell = !subject.before.has_engaged || steps.iter().any(|(event, _)| is_spoken(&event.facts.data));
    if let Some(after_ms) = wants.summarise_after_ms
        && subject.after.has_engaged
        && has_more_to_tell
    {
        let due_at = rim.now + TimeDelta::milliseconds(after_ms);
        writes.tasks.push(TaskRow { due_at, ..task(subject, TaskKind::AiSummarise, PRIORITY_SUMMARISE, rim) });
    }
}

/// A person's reply of which nobody has said yet what it means.
fn is_unclear(subject: &Subject<'_>, event: &Event, step: &Step) -> bool {
    let is_unclear = matches!(event.facts.data, EventData::ReplyReceived { auto_reply: None, intent, .. }
        if reading_of(intent) == Reading::Unclear);
    let newest = subject.after.newest_received.as_ref();
    let is_decided =
        newest.is_some_and(|newest| newest.key == event.dedupe_key) && subject.after.newest_intent.is_some();
    is_unclear && !is_decided && !step.refused
}

/// The conversation became longer.
fn is_spoken(data: &EventData) -> bool {
    match data {
        any!(EventData: EmailSent ReplyReceived MessageLogged MeetingBooked MeetingRescheduled MeetingCancelled
            MeetingCompleted MeetingNoShow MeetingNoShowWithdrawn) => true,
        any!(EventData: ContactAdded SequenceFinished SequencePaused SequenceResumed ReplyClassified EmailBounced
            Unsubscribed EmailOpened LinkClicked DealWon DealDeclined FollowUpSet WentSilent ReturnDue FollowUpDue
            ChangedOutside Erased) => false,
    }
}
