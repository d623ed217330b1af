//! What is told to other systems: one row a target that wants to hear of it, made of the same things as what it tells of.

use super::decide::Rim;
use super::follow::Subject;
use super::rows::{ChatWrite, LeadSubject, MarksWrite, NotificationRow, Writes};
use crate::domain::alert::AlertKind;
use crate::domain::contact::{Contact, MessageStatus};
use crate::domain::event::{Event, EventData};
use crate::domain::fold::Step;
use crate::domain::ids::{ClientId, ContactKey};
use crate::domain::notification::NotificationKind;
use crate::domain::rules::Rules;
use crate::domain::stage::Stage;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// Of a reason that is passed on.
const REASON_CHARS_MAX: usize = 500;

/// What a contact's part of a batch tells.
pub(super) fn write(
    subject: &Subject<'_>,
    steps: &[(&Event, Step)],
    was_folded_again: bool,
    (rows, marks): (usize, usize),
    rim: &mut Rim<'_>,
    writes: &mut Writes,
) {
    // What nobody wants to hear is not put into words either.
    if rim.rules.wants.notifications.is_empty() {
        return;
    }
    let mut told = Vec::new();
    for (event, step) in steps {
        if !was_folded_again {
            stage(subject, step.before, step.after, Some(event), &step.rule, rim, &mut told);
        }
        if matches!(event.facts.data, EventData::FollowUpDue {}) && !step.refused {
            let follow_up = json!({ "date": subject.before.follow_up_date, "reason": subject.before.follow_up_reason });
            let data = json!({ "contact": contact(subject), "follow_up": follow_up, "reason": clip(&step.rule) });
            tell(subject, NotificationKind::FollowUpDue, &data, None, rim, &mut told);
        }
    }
    if was_folded_again {
        let kinds: Vec<&str> = steps.iter().map(|(event, _)| event.facts.data.kind()).collect();
        let reason = format!("folded again, because {} came late or was told more fully", kinds.join(", "));
        stage(subject, subject.before.stage, subject.after.stage, None, &reason, rim, &mut told);
    }
    for write in writes.chat_rows.get(rows..).unwrap_or_default() {
        if write.row.marks.requires_action && write.row.message_status == MessageStatus::Received {
            let message = message(write);
            let data = json!({ "contact": contact(subject), "message": message });
            tell(subject, NotificationKind::NeedsAction, &data, Some(&write.row.key), rim, &mut told);
        }
    }
    for mark in writes.chat_marks.get(marks..).unwrap_or_default() {
        if mark.requires_action == Some(true) {
            let data = json!({ "contact": contact(subject), "message": marked(mark) });
            tell(subject, NotificationKind::NeedsAction, &data, Some(&mark.message_key), rim, &mut told);
        }
    }
    writes.notifications.append(&mut told);
}

fn stage(
    subject: &Subject<'_>,
    before: Stage,
    after: Stage,
    event: Option<&Event>,
    reason: &str,
    rim: &mut Rim<'_>,
    told: &mut Vec<NotificationRow>,
) {
    if before == after {
        return;
    }
    let event = event.map(|event| {
        json!({ "kind": event.facts.data.kind(), "occurred_at": time(event.facts.occurred_at), "source": event.source })
    });
    let data = json!({
        "contact": contact(subject),
        "before": place(before),
        "after": place(after),
        "event": event,
        "reason": clip(reason),
    });
    tell(subject, NotificationKind::StageChanged, &data, None, rim, told);
    if after == Stage::Won {
        let data = json!({ "contact": contact(subject), "event": event, "reason": clip(reason) });
        tell(subject, NotificationKind::DealWon, &data, None, rim, told);
    }
}

/// `once` names what is told at most once.
fn tell(
    subject: &Subject<'_>,
    kind: NotificationKind,
    data: &Value,
    once: Option<&str>,
    rim: &mut Rim<'_>,
    told: &mut Vec<NotificationRow>,
) {
    let client_id = &subject.key.client_id;
    for target in rim.rules.wants.notifications.targets(client_id, kind) {
        let id = match once {
            Some(once) => id_of(target, kind, &[&subject.contact_id.to_string(), once]),
            None => (rim.new_id)(),
        };
        let row = row(id, target, kind, client_id, rim.now, data);
        told.push(row.about(subject.contact_id));
    }
}

/// The first write of a lead.
pub fn promoted(rules: &Rules, subject: &LeadSubject, lead_id: &str, now: DateTime<Utc>) -> Vec<NotificationRow> {
    let kind = NotificationKind::Promoted;
    let client_id = &subject.key.client_id;
    let data = json!({
        "contact": contact_facts(subject.contact_id, &subject.key, &subject.contact, Some(lead_id)),
        "lead": { "airtable_lead_id": lead_id },
        "reason": "engaged, and now an Airtable lead",
    });
    let row = |target: &str| {
        let id = id_of(target, kind, &[&subject.contact_id.to_string(), lead_id]);
        row(id, target, kind, client_id, now, &data).about(subject.contact_id)
    };
    rules.wants.notifications.targets(client_id, kind).map(row).collect()
}

/// An alert as those hear of it who want to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertTold {
    pub alert_id: Uuid,
    pub client_id: ClientId,
    pub kind: String,
    pub text: String,
    pub what_to_do: String,
    pub contact_id: Option<Uuid>,
    pub first_at: String,
    pub last_at: String,
    pub times: i64,
}

/// An alert that was opened. Each opening is told once.
pub fn alert(rules: &Rules, alert: &AlertTold, now: DateTime<Utc>) -> Vec<NotificationRow> {
    let kind = NotificationKind::AlertRaised;
    let data = json!({
        "alert": {
            "alert_id": alert.alert_id,
            "kind": alert.kind,
            "text": clip(&alert.text),
            "what_to_do": alert.what_to_do,
            "contact_id": alert.contact_id,
            "first_at": alert.first_at,
            "last_at": alert.last_at,
            "times": alert.times,
        },
    });
    // A target that takes nothing is not told so through itself.
    let is_about = |target: &str| {
        let kinds = [AlertKind::TargetDisabled, AlertKind::NotificationDead, AlertKind::ServiceFails];
        kinds.iter().any(|kind| kind.as_str() == alert.kind) && alert.text.contains(&format!("`{target}`"))
    };
    let row = |target: &str| {
        let id = id_of(target, kind, &[&alert.alert_id.to_string(), &alert.times.to_string()]);
        let row = row(id, target, kind, &alert.client_id, now, &data);
        match alert.contact_id {
            Some(contact_id) => row.about(contact_id),
            None => row,
        }
    };
    let targets = rules.wants.notifications.targets(&alert.client_id, kind);
    targets.filter(|target| !is_about(target)).map(row).collect()
}

fn row(
    notification_id: Uuid,
    target: &str,
    kind: NotificationKind,
    client_id: &ClientId,
    now: DateTime<Utc>,
    data: &Value,
) -> NotificationRow {
    let body = json!({
        "id": message_id(notification_id),
        "type": kind,
        "timestamp": time(now),
        "client_id": client_id,
        "data": data,
    });
    NotificationRow {
        notification_id,
        tenant: client_id.clone(),
        target: target.to_owned(),
        kind,
        contact_id: None,
        lane: format!("{target}:{notification_id}"),
        body: body.to_string(),
        now,
    }
}

impl NotificationRow {
    /// In the order of all that is told of the contact.
    fn about(self, contact_id: Uuid) -> Self {
        Self { contact_id: Some(contact_id), lane: format!("{}:{contact_id}", self.target), ..self }
    }
}

/// The `webhook-id`, the same on each try.
pub fn message_id(notification_id: Uuid) -> String {
    format!("msg_{}", notification_id.simple())
}

fn id_of(target: &str, kind: NotificationKind, parts: &[&str]) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("notification:{target}:{kind}:{}", parts.join(":")).as_bytes())
}

fn contact(subject: &Subject<'_>) -> Value {
    contact_facts(subject.contact_id, subject.key, subject.after, subject.airtable_lead_id)
}

/// What is needed to find the person everywhere and to address them; what they wrote stays in the database.
fn contact_facts(contact_id: Uuid, key: &ContactKey, contact: &Contact, lead_id: Option<&str>) -> Value {
    json!({
        "contact_id": contact_id,
        "email": key.email,
        "session_id": key.session_id(),
        "first_name": contact.profile.first_name,
        "last_name": contact.profile.last_name,
        "company_name": contact.profile.company_name,
        "stage": contact.stage,
        "current_campaign_id": contact.current_campaign,
        "follow_up_date": contact.follow_up_date,
        "follow_up_reason": contact.follow_up_reason,
        "airtable_lead_id": lead_id,
        "links": { "api": format!("/api/v1/contacts/{contact_id}"), "console": format!("/console/contacts/{contact_id}") },
    })
}

fn place(stage: Stage) -> Value {
    let columns = stage.columns();
    json!({
        "stage": stage,
        "lead_status": columns.lead_status,
        "pipeline_status": columns.pipeline_status,
        "campaign_status": columns.campaign_status,
        "lead_email_status": columns.lead_email_status,
    })
}

fn message(write: &ChatWrite) -> Value {
    let row = &write.row;
    json!({
        "message_key": row.key,
        "platform": row.platform,
        "external_message_id": row.external_id,
        "thread_id": row.thread_id,
        "account_identifier": row.account_identifier,
        "campaign_id": row.campaign,
        "received_at": time(row.at),
        "ai_intent": row.marks.intent,
        "ai_sentiment": row.marks.sentiment,
    })
}

fn marked(mark: &MarksWrite) -> Value {
    json!({ "message_key": mark.message_key, "ai_intent": mark.intent, "ai_sentiment": mark.sentiment })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn clip(text: &str) -> String {
    text.chars().take(REASON_CHARS_MAX).collect()
}
