//! What follows from a contact's change: log rows and tasks.

use super::ai;
use super::alerts::{Raised, alert_id, alert_log};
use super::decide::{Incoming, Rim};
use super::rows::{
    AutomationType, KnownContact, LogRow, LogStatus, SuppressionRow, TaskKind, TaskRow, TriggerType, Writes,
};
use crate::domain::alert::AlertKind;
use crate::domain::contact::Contact;
use crate::domain::erasure::Person;
use crate::domain::event::{CampaignChange, Event, EventData, Source};
use crate::domain::fold::Step;
use crate::domain::ids::{CampaignId, ClientId, ContactKey};
use crate::domain::lead_change;
use crate::domain::outreach;
use crate::domain::stage::Stage;
use crate::domain::suppression::{Reason, Refusal, Scope};
use serde_json::json;
use uuid::Uuid;

/// A reply that waits for a person goes to Airtable before bulk.
const PRIORITY_HOT: u8 = 0;
/// A person waits to see that a wish was refused, and why.
const PRIORITY_WRITE_BACK: u8 = 1;
/// The next mail of a sequence may go out at any minute.
const PRIORITY_STOP: u8 = 2;
const PRIORITY_USUAL: u8 = 5;
/// Of a reason that becomes an alert's text.
const REASON_CHARS_MAX: usize = 300;
/// Other clients are to stop now.
const PRIORITY_SPREAD: u8 = 1;
const PRIORITY_BULK: u8 = 8;

/// The contact before and after its part of the batch.
pub(super) struct Subject<'a> {
    pub(super) contact_id: Uuid,
    pub(super) key: &'a ContactKey,
    pub(super) airtable_lead_id: Option<&'a str>,
    pub(super) before: &'a Contact,
    pub(super) after: &'a Contact,
    /// Why nobody may write to this address for this client, whatever the stage.
    pub(super) suppressed: Option<Reason>,
}

pub(super) fn write(
    subject: &Subject<'_>,
    steps: &[(&Event, Step)],
    was_folded_again: bool,
    rim: &mut Rim<'_>,
    writes: &mut Writes,
) {
    suppress(subject, rim, writes);
    for (event, step) in steps {
        warn_of_mail(subject, event, step, rim, writes);
        log_step(subject, event, step, was_folded_again, rim, writes);
        for campaign in &step.campaigns_touched {
            want_sequence(subject, campaign, rim, writes);
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
        let details = if kinds.is_empty() {
            "folded again under the present rules, by a replay".to_owned()
        } else {
            format!("folded again, because {} came late or was told more fully", kinds.join(", "))
        };
        let mut row = stage_log(subject, subject.before.stage, subject.after.stage, rim);
        row.action_details = Some(details);
        writes.logs.push(row);
    }
    if was_folded_again {
        for campaign in outreach::changed(subject.before, subject.after) {
            want_sequence(subject, &campaign, rim, writes);
        }
    }
    want_blocks(subject, rim, writes);
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
    if rim.rules.wants.vectors && subject.after.has_engaged && steps.iter().any(|(event, _)| may_be_said(event)) {
        writes.tasks.push(task(subject, TaskKind::VectorsContact, PRIORITY_BULK, rim));
    }
    if needs_client_record(subject.after) && !needs_client_record(subject.before) {
        writes.tasks.push(task(subject, TaskKind::AirtableSyncClient, PRIORITY_USUAL, rim));
    }
    ai::want(subject, steps, rim, writes);
}

/// Whoever enters `do_not_contact` is on the list with the same commit. For the whole agency, the other clients' contacts of this
/// address are looked after by a task: they are not known here.
fn suppress(subject: &Subject<'_>, rim: &mut Rim<'_>, writes: &mut Writes) {
    if subject.after.stage != Stage::DoNotContact || subject.before.stage == Stage::DoNotContact {
        return;
    }
    let Some(hashed) = rim.rules.suppression.address(&subject.key.email) else { return };
    let scope = rim.rules.suppression.scope_of_opt_outs;
    let id = (rim.new_id)();
    let row = SuppressionRow::of(id, scope, &subject.key.client_id, hashed, Reason::OptOut, rim.now);
    writes.suppressions.push(row);
    match scope {
        Scope::Agency => writes.tasks.push(task(subject, TaskKind::SuppressionSpread, PRIORITY_SPREAD, rim)),
        Scope::Client | Scope::Campaign => {}
    }
}

/// Mail to somebody on the list of another client. (To one who opted out with this client the fold itself raises an alert.)
fn warn_of_mail(subject: &Subject<'_>, event: &Event, step: &Step, rim: &mut Rim<'_>, writes: &mut Writes) {
    let EventData::EmailSent { .. } = event.facts.data else { return };
    let Some(reason) = subject.suppressed.filter(|_| step.before != Stage::DoNotContact) else { return };
    let mut row = stage_log(subject, step.before, step.after, rim);
    row.automation_type = AutomationType::TaskCreation;
    row.trigger_type = TriggerType::ConditionMet;
    let text = format!("mail was sent to an address that is {}", Refusal(reason));
    row.action_taken = format!("alert: {text}");
    row.raises = Some(Raised::new(AlertKind::WroteToSuppressed, about(subject, event), text));
    row.action_details = Some(format!("{} of {}", event.facts.data.kind(), event.facts.occurred_at.to_rfc3339()));
    writes.logs.push(row);
}

/// A contact that was not added, without its address where it is nobody's contact.
pub(super) fn log_refusal(
    event: &Event,
    contact: Option<&KnownContact>,
    reason: &str,
    rim: &mut Rim<'_>,
    writes: &mut Writes,
) {
    writes.logs.push(LogRow {
        contact_id: contact.map(|known| known.contact_id),
        lead_id: contact.and_then(|known| known.airtable_lead_id.clone()),
        action_taken: format!("refused {}", event.facts.data.kind()),
        status: LogStatus::Failed,
        error_message: Some(reason.to_owned()),
        ..LogRow::new((rim.new_id)(), event.client_id.clone(), rim.trigger, rim.now)
    });
}

/// The platform is asked to do what the contact's stage demands of this campaign.
fn want_sequence(subject: &Subject<'_>, campaign: &CampaignId, rim: &mut Rim<'_>, writes: &mut Writes) {
    let (client, id) = (subject.key.client_id.clone(), subject.contact_id);
    writes.tasks.extend(TaskRow::of_campaign((rim.new_id)(), client, id, campaign, PRIORITY_STOP, rim.now));
}

/// Whoever opts out is told to every platform that the client works with.
fn want_blocks(subject: &Subject<'_>, rim: &mut Rim<'_>, writes: &mut Writes) {
    if subject.after.stage != Stage::DoNotContact || subject.before.stage == Stage::DoNotContact {
        return;
    }
    let (client, rules) = (&subject.key.client_id, rim.rules);
    for platform in rules.wants.blocks.get(client).into_iter().flatten() {
        let (id, now) = ((rim.new_id)(), rim.now);
        writes.tasks.push(TaskRow::block_contact(
            id,
            client.clone(),
            subject.contact_id,
            *platform,
            PRIORITY_STOP,
            now,
        ));
    }
}

/// The event may have changed something of the conversation, or of what goes with it into the index.
fn may_be_said(event: &Event) -> bool {
    !matches!(event.facts.data, EventData::EmailOpened { .. } | EventData::LinkClicked { .. })
}

/// Won, and no record of the client is linked yet (rule 5: only what is won is converted).
fn needs_client_record(contact: &Contact) -> bool {
    contact.stage == Stage::Won && contact.converted_to_client && contact.converted_client_id.is_none()
}

pub(super) fn task(subject: &Subject<'_>, kind: TaskKind, priority: u8, rim: &mut Rim<'_>) -> TaskRow {
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
    // Most events leave no row.
    let details =
        || Some(format!("{} of {}: {}", event.facts.data.kind(), event.facts.occurred_at.to_rfc3339(), step.rule));
    if step.refused {
        let mut row = stage_log(subject, step.before, step.after, rim);
        row.action_taken = format!("refused {}", event.facts.data.kind());
        row.action_details = details();
        row.status = LogStatus::Failed;
        row.error_message = Some(step.rule.clone());
        row.raises = refused(subject, event, &step.rule);
        writes.logs.push(row);
    } else if step.before != step.after && !was_folded_again {
        let mut row = stage_log(subject, step.before, step.after, rim);
        row.action_details = details();
        row.campaign_id = subject.after.current_campaign.as_ref().map(|campaign| campaign.as_str().to_owned());
        writes.logs.push(row);
    }
    for (kind, text) in &step.alerts {
        let mut row = stage_log(subject, step.before, step.after, rim);
        row.automation_type = AutomationType::TaskCreation;
        row.trigger_type = TriggerType::ConditionMet;
        row.action_taken = format!("alert: {text}");
        row.action_details = details();
        row.raises = Some(Raised::new(*kind, about(subject, event), *text));
        writes.logs.push(row);
    }
}

/// The contact, and the campaign where a mail of one is at fault: another campaign is another thing to do.
fn about(subject: &Subject<'_>, event: &Event) -> String {
    if let EventData::EmailSent { campaign: Some(campaign), .. } = &event.facts.data {
        format!("{}:{campaign}", subject.contact_id)
    } else {
        subject.contact_id.to_string()
    }
}

/// An import names many suppressed addresses, and its report says so.
fn refused(subject: &Subject<'_>, event: &Event, rule: &str) -> Option<Box<Raised>> {
    if matches!(event.facts.data, EventData::ContactAdded { .. }) {
        return None;
    }
    let kind = event.facts.data.kind();
    let text = format!("{kind} was refused: {rule}");
    Some(Raised::new(AlertKind::EventRefused, format!("{}:{kind}", subject.contact_id), text))
}

fn stage_log(subject: &Subject<'_>, from: Stage, to: Stage, rim: &mut Rim<'_>) -> LogRow {
    LogRow {
        automation_type: AutomationType::StatusUpdate,
        contact_id: Some(subject.contact_id),
        lead_id: subject.airtable_lead_id.map(str::to_owned),
        converted_client_id: subject.after.converted_client_id.clone(),
        action_taken: format!("stage {from} → {to}"),
        ..LogRow::new((rim.new_id)(), subject.key.client_id.clone(), rim.trigger, rim.now)
    }
}

/// The parts of a delivery that are about no single contact.
pub(super) fn write_changes_and_alerts(
    incoming: &Incoming,
    erased: Option<&Person>,
    rim: &mut Rim<'_>,
    writes: &mut Writes,
) {
    for change in &incoming.campaign_changes {
        writes.tasks.push(TaskRow {
            task_id: (rim.new_id)(),
            kind: TaskKind::CampaignSpread,
            tenant: change.client_id.clone(),
            task_key: spread_key(change),
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
        let about = alert.about.as_ref().unwrap_or(&alert.dedupe_key);
        let raised = Raised::new(alert.kind, format!("{}:{about}", alert.source), without(erased, &alert.text));
        // The same alert told twice is one row: its id comes out of its identity.
        let log_id = told_id(&alert.client_id, &alert.dedupe_key);
        writes.logs.push(LogRow {
            trigger_type: rim.trigger,
            campaign_id: alert.campaign.as_ref().map(|campaign| campaign.as_str().to_owned()),
            ..alert_log(&alert.client_id, log_id, raised, rim.now)
        });
    }
    if let Some(reason) = incoming.unrecognised.first().filter(|_| incoming.is_webhook) {
        writes.logs.push(unrecognised(incoming, &without(erased, reason), rim));
    }
}

/// A text without the person that was erased.
fn without(erased: Option<&Person>, text: &str) -> String {
    erased.map_or_else(|| text.to_owned(), |person| person.taken_out_of(text))
}

/// One alert a reason, however many deliveries there are: the rows of the deliveries tell each.
fn unrecognised(incoming: &Incoming, reason: &str, rim: &Rim<'_>) -> LogRow {
    let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
    let text = format!("a delivery of {} was not understood: {reason}", incoming.source);
    let mut raised = Raised::new(AlertKind::DeliveryUnrecognised, format!("{}:{reason}", incoming.source), text);
    raised.occurrence = Some(incoming.delivery_id);
    let log_id = alert_id(&incoming.client_id, raised.kind, &raised.key);
    LogRow { trigger_type: rim.trigger, ..alert_log(&incoming.client_id, log_id, raised, rim.now) }
}

/// The key of the task that spreads a change over the contacts of its campaign.
pub fn spread_key(change: &CampaignChange) -> String {
    format!("{}:{}:{}", TaskKind::CampaignSpread, change.client_id, change.dedupe_key)
}

/// The id of the log row of an alert that a delivery tells.
pub fn told_id(client_id: &ClientId, dedupe_key: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{client_id}:{dedupe_key}").as_bytes())
}
