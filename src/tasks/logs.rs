//! Log rows of the work with outside services.

use crate::domain::ids::ClientId;
use crate::engine::rows::{AutomationType, ClaimedTask, LogRow, LogStatus, TriggerType};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Something that a person must know.
pub(in crate::tasks) fn alert(tenant: &ClientId, text: &str, now: DateTime<Utc>) -> LogRow {
    LogRow { automation_type: AutomationType::TaskCreation, action_taken: format!("alert: {text}"), ..log(tenant, now) }
}

pub(in crate::tasks) fn failure(task: &ClaimedTask, error: &str, now: DateTime<Utc>) -> LogRow {
    LogRow {
        action_taken: format!("{} was given up", task.kind),
        status: LogStatus::Failed,
        error_message: Some(error.to_owned()),
        ..log(&task.tenant, now)
    }
}

pub(in crate::tasks) fn log(tenant: &ClientId, now: DateTime<Utc>) -> LogRow {
    LogRow {
        log_id: Uuid::new_v4(),
        automation_type: AutomationType::Other,
        trigger_type: TriggerType::ConditionMet,
        tenant: tenant.clone(),
        contact_id: None,
        lead_id: None,
        converted_client_id: None,
        campaign_id: None,
        action_taken: String::new(),
        action_details: None,
        status: LogStatus::Success,
        error_message: None,
        timestamp: now,
        processing_time_ms: None,
    }
}
