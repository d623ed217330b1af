//! What the API asks of the database beside what operators read: pages of contacts and of tasks, each along an index.

use super::views::{ContactView, TaskView};
use super::{Store, StoreError};
use crate::domain::ids::ClientId;
use crate::domain::stage::Stage;
use crate::engine::rows::TaskStatus;
use uuid::Uuid;

/// Contacts of one client in the order of their ids.
#[derive(Debug, Clone)]
pub struct ContactFilter {
    pub client: ClientId,
    pub stage: Option<Stage>,
    pub list: Option<Uuid>,
    /// The last one of the page before.
    pub after: Option<Uuid>,
    pub limit: u32,
}

/// Tasks of one status, in the order of their ids.
#[derive(Debug, Clone)]
pub struct TaskPage {
    pub client: Option<ClientId>,
    pub status: TaskStatus,
    /// The last one of the page before.
    pub after: Option<Uuid>,
    pub limit: u32,
}

impl Store {
    pub async fn contacts_page(&self, filter: &ContactFilter) -> Result<Vec<ContactView>, StoreError> {
        match self {
            Self::Sqlite(store) => store.contacts_page(filter).await,
            Self::Postgres(store) => store.contacts_page(filter).await,
        }
    }

    pub async fn tasks_page(&self, page: &TaskPage) -> Result<Vec<TaskView>, StoreError> {
        match self {
            Self::Sqlite(store) => store.tasks_page(page).await,
            Self::Postgres(store) => store.tasks_page(page).await,
        }
    }
}

/// The condition of a stage on its four columns, out of constant parts; an index answers it, which it would not for `IS NOT DISTINCT`.
pub(super) fn stage_condition(stage: Option<Stage>) -> &'static str {
    let Some(columns) = stage.map(Stage::columns) else { return "" };
    match (columns.campaign_status.is_some(), columns.lead_email_status.is_some()) {
        (true, true) => STAGE_OF_FOUR,
        (true, false) => STAGE_OF_THREE,
        (false, true | false) => STAGE_OF_TWO,
    }
}

const STAGE_OF_FOUR: &str =
    " AND lead_status = $4 AND pipeline_status = $5 AND campaign_status = $6 AND lead_email_status = $7";
const STAGE_OF_THREE: &str =
    " AND lead_status = $4 AND pipeline_status = $5 AND campaign_status = $6 AND lead_email_status IS NULL";
const STAGE_OF_TWO: &str =
    " AND lead_status = $4 AND pipeline_status = $5 AND campaign_status IS NULL AND lead_email_status IS NULL";

/// The texts of a stage's columns, for those places.
pub(super) fn stage_texts(stage: Option<Stage>) -> [Option<&'static str>; 4] {
    let Some(columns) = stage.map(Stage::columns) else { return [None; 4] };
    [
        Some(columns.lead_status.as_str()),
        Some(columns.pipeline_status.as_str()),
        columns.campaign_status.map(crate::domain::stage::CampaignStatus::as_str),
        columns.lead_email_status.map(crate::domain::stage::LeadEmailStatus::as_str),
    ]
}

/// What goes before the order of a page of tasks; done ones are in no index of their own, and most tasks are done.
pub(super) fn task_conditions(page: &TaskPage) -> &'static str {
    match (page.status, page.client.is_some()) {
        (TaskStatus::Done, false) => "status = 'done' AND status = $1 AND $2 = ''",
        (TaskStatus::Done, true) => "status = 'done' AND status = $1 AND client_id = $2",
        (TaskStatus::Pending | TaskStatus::Running | TaskStatus::Dead, false) => {
            "status <> 'done' AND status = $1 AND $2 = ''"
        }
        (TaskStatus::Pending | TaskStatus::Running | TaskStatus::Dead, true) => {
            "status <> 'done' AND status = $1 AND client_id = $2"
        }
    }
}
