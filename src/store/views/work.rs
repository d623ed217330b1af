//! Tasks, budgets, alerts and notifications.

use crate::domain::alert::{AlertKind, AlertStatus};
use crate::domain::ids::ClientId;
use crate::engine::rows::{NotificationStatus, TaskKind, TaskStatus};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::HashSet;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskView {
    pub task_id: String,
    pub kind: String,
    pub client_id: String,
    pub task_key: String,
    pub contact_id: Option<String>,
    pub priority: i64,
    pub status: String,
    pub attempts: i64,
    pub due_at: String,
    pub last_error: Option<String>,
}

/// Something that an operator must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertView {
    pub alert_id: String,
    /// `-` where it is about all clients.
    pub client_id: String,
    pub kind: String,
    pub key: String,
    pub contact_id: Option<String>,
    pub task_key: Option<String>,
    pub text: String,
    pub what_to_do: String,
    pub status: String,
    pub times: i64,
    pub first_at: String,
    pub last_at: String,
    pub acknowledged_at: Option<String>,
    pub resolved_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertCount {
    pub kind: String,
    pub status: String,
    pub count: i64,
}

/// A row of the outbox, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationView {
    pub notification_id: String,
    pub client_id: String,
    pub target: String,
    pub kind: String,
    pub contact_id: Option<String>,
    pub status: String,
    pub attempts: i64,
    pub due_at: String,
    pub first_tried_at: Option<String>,
    pub last_error: Option<String>,
    pub created_at: String,
    pub updated_at: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationCount {
    pub target: String,
    pub status: String,
    pub count: i64,
    pub oldest_at: String,
}

/// When the next request may be sent, and how many were taken this month with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub at_ms: i64,
    pub calls_this_month: i64,
}

/// Work and alerts that are about no single contact, by their identities, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    pub task_keys: HashSet<String>,
    pub log_ids: HashSet<Uuid>,
}

#[derive(Debug, Clone, Default)]
pub struct AlertFilter {
    pub status: Option<AlertStatus>,
    pub client: Option<ClientId>,
    pub kind: Option<AlertKind>,
    pub contact_id: Option<Uuid>,
    /// The last one of the page before.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    pub limit: u32,
}

#[derive(Debug, Clone, Default)]
pub struct NotificationFilter {
    pub status: Option<NotificationStatus>,
    pub target: Option<String>,
    pub client: Option<ClientId>,
    pub limit: u32,
}

#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    pub status: Option<TaskStatus>,
    pub kind: Option<TaskKind>,
    pub limit: u32,
}
