//! What follows from a contact's change: log rows and tasks.

use super::decide::{Incoming, Rim};
use super::rows::{AutomationType, LogRow, LogStatus, TaskKind, TaskRow, TriggerType, Writes};
use crate::domain::contact::Contact;
use crate::domain::event::{Event, EventData, Source};
use crate::domain::fold::Step;
use crate::domain::ids::{ClientId, ContactKey};
use crate::domain::lead_change;
use crate::domain::stage::Stage;
use serde_json::json;
use uuid::Uuid;

/// A reply that waits for a person goes to Airtable before bulk.
const PRIORITY_HOT: u8 = 0;
/// A person waits to see that a wish was refused, and why.
const PRIORITY_WRITE_BACK: u8 = 1;
const PRIORITY_USUAL: u8 = 5;

/// The contact before and after its part of the batch.
pub(super) struct Subject<'a> {
    pub(super) contact_id: Uuid,
    pub(super) key: &'a ContactKey,
    pub(super) airtable_lead_id: Option<&'a str>,
    pub(super) before: &'a Contact,
    pub(super) after: &'a Contact,
}

pub(super) fn write(
    subject: &Subject<'_>,
    steps: &[(&Event, Step)],
    was_folded_again: bool,
    rim: &mut Rim<'_>,
    writes: &mut Writes,
) {
    for (event, step) in steps {
        log_step(subject, event, step, was_folded_again, rim, writes);
        for campaign in &step.campaigns_touched {
            let kind = TaskKind::PlatformSyncSequence;
            writes.tasks.push(TaskRow {
                task_key: format!("{}:{campaign}", TaskRow::contact_key(kind, subject.contact_id)),
                payload: json!({ "campaign_id": campaign }),
                ..task(subject, kind, PRIORITY_USUAL, rim)
            });
        }
        // A card that was moved to where its contact can't be is moved back, with the reason.
        if event.source == Source::Airtable
            && (step.refused || !lead_change::is_granted(&event.facts.data, subject.after.stage))
        {
            // Granted at its own time, it was overtaken by what happened after it: that is the reason then.
            let is_overtaken = !step.refused && lead_change::is_granted(&event.facts.data, step.after);
            let note = if is_overtaken {
                format!("{}, but what came later made the contact {}", step.rule, subject.after.stage)
            } else {
                step.rule.clone()
            };
            let payload = json!({ "note": note });
            writes
                .tasks
                .push(TaskRow { payload, ..task(subject, TaskKind::AirtableWriteBack, PRIORITY_WRITE_BACK, rim) });
        }
    }
    if was_folded_again && subject.before.stage != subject.after.stage {
        let kinds: Vec<&str> = steps.iter().map(|(event, _)| event.facts.data.kind()).collect();
        let details = format!("folded again, because {} came late or was told more fully", kinds.join(", "));
        let mut row = stage_log(subject, subject.before.stage, subject.after.stage, rim);
        row.action_details = Some(details);
        writes.logs.push(row);
    }
    if subject.after.has_engaged && lead_facts(subject.before) != lead_facts(subject.after) {
        let is_hot = steps.iter().any(|(event, _)| {
            matches!(
                event.facts.data,
                EventData::ReplyReceived { .. } | EventData::MeetingBooked { .. } | EventData::ReplyClassified { .. }
            )
        });
        let priority = if is_hot { PRIORITY_HOT } else { PRIORITY_USUAL };
        writes.tasks.push(task(subject, TaskKind::AirtableSyncLead, priority, rim));
    }
    if needs_client_record(subject.after) && !needs_client_record(subject.before) {
        writes.tasks.push(task(subject, TaskKind::AirtableSyncClient, PRIORITY_USUAL, rim));
    }
}

/// Won, and no record of the client is linked yet (rule 5: only what is won is converted).
fn needs_client_record(contact: &Contact) -> bool {
    contact.stage == Stage::Won && contact.converted_to_client && contact.converted_client_id.is_none()
}

fn task(subject: &Subject<'_>, kind: TaskKind, priority: u8, rim: &mut Rim<'_>) -> TaskRow {
    TaskRow::of_contact((rim.new_id)(), kind, subject.key.client_id.clone(), subject.contact_id, priority, rim.now)
}

/// The part of a contact that [`crate::domain::lead::cells`] shows; a lead is written again only when this has changed.
fn lead_facts(contact: &Contact) -> impl PartialEq + use<'_> {
    (
        (contact.has_engaged, contact.stage, contact.unclear.is_some(), contact.had_meeting, contact.engagement),
        (contact.first_reply_at, contact.reply_count, contact.newest_intent),
        (contact.follow_up_date, contact.follow_up_reason, contact.converted_client_id.as_ref()),
        (&contact.profile, contact.newest_campaign()),
    )
}

fn log_step(
    subject: &Subject<'_>,
    event: &Event,
    step: &Step,
    was_folded_again: bool,
    rim: &mut Rim<'_>,
    writes: &mut Writes,
) {
    let details = format!("{} of {}: {}", event.facts.data.kind(), event.facts.occurred_at.to_rfc3339(), step.rule);
    if step.refused {
        let mut row = stage_log(subject, step.before, step.after, rim);
        row.action_taken = format!("refused {}", event.facts.data.kind());
        row.action_details = Some(details.clone());
        row.status = LogStatus::Failed;
        row.error_message = Some(step.rule.clone());
        writes.logs.push(row);
    } else if step.before != step.after && !was_folded_again {
        let mut row = stage_log(subject, step.before, step.after, rim);
        row.action_details = Some(details.clone());
        row.campaign_id = subject.after.current_campaign.as_ref().map(|campaign| campaign.as_str().to_owned());
        writes.logs.push(row);
    }
    for alert in &step.alerts {
        let mut row = stage_log(subject, step.before, step.after, rim);
        row.automation_type = AutomationType::TaskCreation;
        row.trigger_type = TriggerType::ConditionMet;
        row.action_taken = format!("alert: {alert}");
        row.action_details = Some(details.clone());
        writes.logs.push(row);
    }
}

fn stage_log(subject: &Subject<'_>, from: Stage, to: Stage, rim: &mut Rim<'_>) -> LogRow {
    LogRow {
        log_id: (rim.new_id)(),
        automation_type: AutomationType::StatusUpdate,
        trigger_type: rim.trigger,
        tenant: subject.key.client_id.clone(),
        contact_id: Some(subject.contact_id),
        lead_id: subject.airtable_lead_id.map(str::to_owned),
        converted_client_id: subject.after.converted_client_id.clone(),
        campaign_id: None,
        action_taken: format!("stage {from} → {to}"),
        action_details: None,
        status: LogStatus::Success,
        error_message: None,
        timestamp: rim.now,
        processing_time_ms: None,
    }
}

/// The parts of a delivery that are about no single contact.
pub(super) fn write_changes_and_alerts(incoming: &Incoming, rim: &mut Rim<'_>, writes: &mut Writes) {
    for change in &incoming.campaign_changes {
        writes.tasks.push(TaskRow {
            task_id: (rim.new_id)(),
            kind: TaskKind::CampaignSpread,
            tenant: change.client_id.clone(),
            task_key: format!("{}:{}:{}", TaskKind::CampaignSpread, change.client_id, change.dedupe_key),
            contact_id: None,
            payload: json!({
                "campaign_id": change.campaign,
                "change": change.change,
                "source": change.source,
                "occurred_at": change.occurred_at,
                "dedupe_key": change.dedupe_key,
            }),
            priority: PRIORITY_USUAL,
            due_at: rim.now,
            now: rim.now,
        });
    }
    for alert in &incoming.alerts {
        writes.logs.push(LogRow {
            // The same alert told twice is one row: its id comes out of its identity.
            log_id: alert_id(&alert.client_id, &alert.dedupe_key),
            automation_type: AutomationType::TaskCreation,
            trigger_type: rim.trigger,
            tenant: alert.client_id.clone(),
            contact_id: None,
            lead_id: None,
            converted_client_id: None,
            campaign_id: alert.campaign.as_ref().map(|campaign| campaign.as_str().to_owned()),
            action_taken: format!("alert: {}", alert.text),
            action_details: None,
            status: LogStatus::Success,
            error_message: None,
            timestamp: rim.now,
            processing_time_ms: None,
        });
    }
}

fn alert_id(client_id: &ClientId, dedupe_key: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{client_id}:{dedupe_key}").as_bytes())
}
