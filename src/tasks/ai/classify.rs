//! `ai.classify`: a reply whose meaning the rules could not tell is read by the model, if nobody has said meanwhile what it means.

use super::desk::{Asked, Desk, Purpose};
use super::gate::Stopped;
use super::{Done, soon};
use crate::domain::ai::reply::{self, Grounds, Reply, Verdict};
use crate::domain::event::Source;
use crate::engine::decide::Incoming;
use crate::engine::rows::{AutomationType, ClaimedTask, LogRow, LogStatus, TriggerType};
use crate::intake::{Context, apply_through_conflicts};
use crate::mail::{PlatformText, understand_text};
use crate::store::ai::ReplyToRead;
use crate::tasks::logs::log;
use uuid::Uuid;

const PURPOSE: Purpose = Purpose { automation_type: AutomationType::EmailReply, done: "AI read a reply" };

pub(super) async fn work(desk: &Desk, task: &ClaimedTask) -> Result<Done, Stopped> {
    let message_key = task.payload.get("message_key").and_then(serde_json::Value::as_str).unwrap_or_default();
    let Some(contact_id) = task.contact_id else { return Ok(Done::default()) };
    let reading_key = reply::reading_key(message_key);
    // Erased meanwhile, or decided: by a person, a platform, or by an answer that came before this process died.
    let Some(found) = desk.store.reply_to_read(contact_id, message_key, &reading_key).await? else {
        return Ok(Done::default());
    };
    let asked = Reply { subject: found.subject.as_deref(), text: &found.content, at: found.at };
    if found.is_decided || found.opted_out || asked.is_empty() {
        return Ok(Done::default());
    }
    let (answer, model) = match desk.ask(task, PURPOSE, &asked.question(), |answer| asked.read(answer)).await? {
        Asked::Answered { answer, model } => (answer, model),
        Asked::Nothing(why) => return Ok(left_to_a_person(desk, task, &why)),
    };
    let grounds =
        Grounds { has_opt_out_words: has_opt_out_words(&found), confidence_min: desk.settings.confidence_min };
    let verdict = reply::verdict(&answer, &grounds);
    let event = reply::event(&found.key, message_key, found.at, &answer, &verdict, &model);
    let incoming =
        Incoming::of_events(Uuid::new_v4(), found.key.client_id.clone(), Source::Ai, desk.now(), vec![event]);
    let context =
        Context { store: &desk.store, rules: &desk.rules, now: &desk.clock, trigger: TriggerType::ConditionMet };
    match apply_through_conflicts(&[incoming], &context).await {
        Ok(_) => {}
        Err(error) if error.is_unavailable() => {
            return Err(Stopped::Wait { until: soon(desk.now()), why: error.to_string() });
        }
        Err(error) => return Err(Stopped::Refused(error.to_string())),
    }
    Ok(match verdict {
        Verdict::Decided(_) => Done::default(),
        Verdict::Person(why) => left_to_a_person(desk, task, &why),
    })
}

/// By the words that a person sees, as the rules read them.
fn has_opt_out_words(reply: &ReplyToRead) -> bool {
    let text = PlatformText {
        subject: reply.subject.as_deref(),
        text: Some(&reply.content),
        html: None,
        at: reply.at.fixed_offset(),
        is_automatic: false,
    };
    understand_text(&text).opt_out.is_some()
}

fn left_to_a_person(desk: &Desk, task: &ClaimedTask, why: &str) -> Done {
    let row = LogRow {
        automation_type: AutomationType::TaskCreation,
        contact_id: task.contact_id,
        action_taken: "a reply stays with a person".to_owned(),
        action_details: Some(format!("AI was asked: {why}")),
        status: LogStatus::Success,
        ..log(&task.tenant, desk.now())
    };
    Done { logs: vec![row], again_at: None }
}
