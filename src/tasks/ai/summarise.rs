//! `ai.summarise`: the conversation of an engaged contact in short, in the contact and through it in the lead.

use super::Done;
use super::desk::{Asked, Desk, Purpose};
use super::gate::Stopped;
use crate::domain::ai::document::fingerprint;
use crate::domain::ai::summary::{self, Said, Who};
use crate::engine::rows::{AutomationType, ClaimedTask, LogRow, TaskKind, TaskRow};
use crate::store::ai::{Conversation, Spoken, SummaryWrite};
use crate::tasks::logs::log;
use uuid::Uuid;

const PURPOSE: Purpose = Purpose { automation_type: AutomationType::Other, done: "AI summed up a conversation" };
const MESSAGES_MAX: u32 = 40;
const PRIORITY_LEAD: u8 = 7;

pub(super) async fn work(desk: &Desk, task: &ClaimedTask) -> Result<Done, Stopped> {
    let Some(contact_id) = task.contact_id else { return Ok(Done::default()) };
    let Some(found) = desk.store.conversation(contact_id, MESSAGES_MAX).await? else { return Ok(Done::default()) };
    let messages: Vec<Said<'_>> = found.messages.iter().filter_map(said).collect();
    if !found.has_engaged || messages.is_empty() || is_a_persons(&found) {
        return Ok(Done::default());
    }
    let question = summary::question(&messages);
    let made_of = fingerprint(&question.data);
    if found.summary_of.as_ref() != Some(&made_of) {
        let answer = match desk.ask(task, PURPOSE, &question, |answer| summary::read(&question, answer)).await? {
            Asked::Answered { answer, .. } => answer,
            Asked::Nothing(why) => return Ok(kept(desk, task, &why)),
        };
        let now = desk.now();
        let write = SummaryWrite { contact_id, summary: answer, made_of, seen: found.summary.clone(), now };
        if !desk.store.write_summary(&write).await? {
            return Ok(kept(desk, task, "somebody else wrote it meanwhile"));
        }
    }
    // The lead shows it, if there is one; asked for also where this process died between the two.
    let (tenant, now) = (found.key.client_id.clone(), desk.now());
    let lead = TaskRow::of_contact(Uuid::new_v4(), TaskKind::AirtableSyncLead, tenant, contact_id, PRIORITY_LEAD, now);
    desk.store.want(vec![lead], Vec::new()).await?;
    Ok(Done::default())
}

/// Whatever the engine did not write itself is left as it is.
fn is_a_persons(found: &Conversation) -> bool {
    let is_empty = found.summary.as_deref().is_none_or(|summary| summary.trim().is_empty());
    // One that was emptied stays empty only until the conversation goes on.
    !is_empty && found.summary != found.summary_written
}

fn said(spoken: &Spoken) -> Option<Said<'_>> {
    let who = match (spoken.message_type.as_deref(), spoken.message_status.as_deref()) {
        (Some("meeting"), _) => Who::Meeting,
        (_, Some("received")) => Who::Them,
        (_, Some("sent")) => Who::Us,
        (_, Some(_) | None) => return None,
    };
    Some(Said { at: spoken.at, who, subject: spoken.subject.as_deref(), text: &spoken.content })
}

fn kept(desk: &Desk, task: &ClaimedTask, why: &str) -> Done {
    let row = LogRow {
        contact_id: task.contact_id,
        action_taken: "the summary stays as it is".to_owned(),
        action_details: Some(why.to_owned()),
        ..log(&task.tenant, desk.now())
    };
    Done { logs: vec![row], again_at: None }
}
