//! Alerts: what a log row makes an operator look at.

use super::rows::{AutomationType, LogRow, TriggerType};
use crate::domain::alert::AlertKind;
use crate::domain::ids::ClientId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The alert that a log row raises, in the same transaction. The same alert raised again counts how often and opens again where
/// it was resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    pub kind: AlertKind,
    /// What it is about: one alert a client, kind and key. Without addresses of contacts.
    pub key: String,
    /// What happened, for an operator, without addresses of contacts.
    pub text: String,
    /// The task whose next success resolves it.
    pub task_key: Option<String>,
    /// What made it be raised, where that is not the log row itself: the same occurrence told again raises nothing.
    pub occurrence: Option<Uuid>,
}

impl Raised {
    pub fn new(kind: AlertKind, key: impl Into<String>, text: impl Into<String>) -> Box<Self> {
        Box::new(Self { kind, key: key.into(), text: text.into(), task_key: None, occurrence: None })
    }
}

/// The id of an alert, out of what it is about.
pub fn alert_id(tenant: &ClientId, kind: AlertKind, key: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("alert:{tenant}:{kind}:{key}").as_bytes())
}

/// The log row of an alert. Its id tells the occurrence: one that is told twice is there once.
pub fn alert_log(tenant: &ClientId, log_id: Uuid, raised: Box<Raised>, now: DateTime<Utc>) -> LogRow {
    LogRow {
        automation_type: AutomationType::TaskCreation,
        action_taken: format!("alert: {}", raised.text),
        raises: Some(raised),
        ..LogRow::new(log_id, tenant.clone(), TriggerType::ConditionMet, now)
    }
}
